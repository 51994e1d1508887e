//! Oddities, each with the machine that shows it and one that does not.

use crate::machine::{NET, PROTOCOLS, WOW_NET, ids, machine};

#[test]
fn each_lint_fires_on_its_oddity() {
    for (id, lines) in [
        ("schannel-unread-key", format!("[{PROTOCOLS}\\TLS1.2\\Client]\n\"Enabled\"=dword:1")),
        ("schannel-unread-key", format!("[{PROTOCOLS}\\DTLS 1.1\\Client]\n\"Enabled\"=dword:1")),
        ("schannel-unread-key", format!("[{PROTOCOLS}\\TLS 1.2\\Clients]\n\"Enabled\"=dword:1")),
        ("schannel-values-above-sides", format!("[{PROTOCOLS}\\TLS 1.2]\n\"Enabled\"=dword:1")),
        ("tls13-on-unsupported-os", format!("[{PROTOCOLS}\\TLS 1.3\\Client]\n\"Enabled\"=dword:1")),
        ("schannel-not-supported", format!("[{PROTOCOLS}\\SSL 2.0\\Server]\n\"Enabled\"=dword:1")),
        ("schannel-sides-differ", format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=dword:0")),
        (
            "schannel-contradiction",
            format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=dword:0\n\"DisabledByDefault\"=dword:0"),
        ),
        ("schannel-non-canonical", format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=dword:ffffffff")),
        ("schannel-wrong-type", format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=\"1\"")),
        ("dotnet-odd-value", format!("[{NET}\\v4.0.30319]\n\"SchUseStrongCrypto\"=dword:2")),
        ("dotnet-wrong-type", format!("[{NET}\\v2.0.50727]\n\"SchUseStrongCrypto\"=\"1\"")),
        (
            "dotnet-downgraded",
            format!("[{WOW_NET}\\v4.0.30319]\n\"SchUseStrongCrypto\"=dword:0\n\"SystemDefaultTlsVersions\"=dword:0"),
        ),
        ("dotnet-views-differ", format!("[{NET}\\v4.0.30319]\n\"SchUseStrongCrypto\"=dword:1")),
    ] {
        assert!(ids(&machine(17763, &lines)).contains(&id), "{id}: {lines}");
    }
}

#[test]
fn a_machine_as_installed_or_as_documented_has_none() {
    for build in [7601, 9600, 14393, 17763, 20348, 26100] {
        let values = "\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:0\n";
        let net = "\"SystemDefaultTlsVersions\"=dword:1\n\"SchUseStrongCrypto\"=dword:1\n";
        let factory = format!("[{PROTOCOLS}\\SSL 2.0\\Client]\n\"DisabledByDefault\"=dword:1\n");
        let pinned = format!(
            "[{PROTOCOLS}\\TLS 1.2\\Client]\n{values}[{PROTOCOLS}\\TLS 1.2\\Server]\n{values}\
             [{NET}\\v4.0.30319]\n{net}[{WOW_NET}\\v4.0.30319]\n{net}"
        );
        for lines in [&factory, &pinned] {
            let found = ids(&machine(build, lines));
            // What the release itself is, rather than how it is set.
            let of_release = ["winhttp-no-tls12", "windows-unsupported"];
            let found: Vec<_> = found.into_iter().filter(|id| !of_release.contains(id)).collect();
            assert_eq!(found, [""; 0], "build {build}: {lines}");
        }
    }
}

/// By the day of the table, 2026-11-22.
#[test]
fn windows_without_support_and_editions_that_the_product_does_not_take() {
    for (build, unsupported) in
        [(6003, true), (7601, true), (9200, true), (9600, true), (14393, false), (17763, false), (26100, false)]
    {
        assert_eq!(ids(&machine(build, "")).contains(&"windows-unsupported"), unsupported, "{build}");
    }
    let product = "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\ADSync]\n\
                   [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\x]\n\
                   \"DisplayName\"=\"Microsoft Entra Connect Sync\"\n";
    let version = r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion]";
    for (number, kind, noted) in [
        ("2.5.79.0", "Server", false),
        ("2.5.79.0", "Server Core", true),
        ("2.5.79.0", "Client", true),
        ("1.6.16.0", "Client", false),
    ] {
        let lines = format!("{product}\"DisplayVersion\"=\"{number}\"\n{version}\n\"InstallationType\"=\"{kind}\"\n");
        let found = machine(17763, &lines);
        assert_eq!(ids(&found).contains(&"entra-connect-edition"), noted, "{number} on {kind}");
    }
    let client = machine(9600, &format!("{version}\n\"InstallationType\"=\"Client\"\n"));
    assert!(!ids(&client).contains(&"windows-unsupported"), "the dates are those of servers");
}

#[test]
fn a_flood_of_keys_is_not_a_flood_of_lints() {
    let lines: String = (0..500).map(|n| format!("[{PROTOCOLS}\\TLS {n}.7]\n")).collect();
    assert_eq!(ids(&machine(17763, &lines)), ["schannel-unread-key"; 32]);
}
