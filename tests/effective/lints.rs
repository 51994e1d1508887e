//! Oddities, each with the machine that shows it and one that does not.

use crate::machine::{NET, PROTOCOLS, WOW_NET, ids, just, machine};

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

const SYSTEM: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control";
const SOFTWARE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE";

/// What people publish and nothing reads: the lint, what it names, and the lines.
#[test]
fn each_look_alike_is_named_with_what_is_meant() {
    let (one, zero) = ("dword:00000001", "dword:00000000");
    let client = format!(r"{PROTOCOLS}\TLS 1.2\Client");
    let v4 = format!(r"{NET}\v4.0.30319");
    let schannel = format!(r"{SYSTEM}\SecurityProviders\SCHANNEL");
    let value = |key: &str, name: &str, data: &str| format!("[{key}]\n{name}={data}\n");
    let enabled = |key: &str| value(key, "\"Enabled\"", one);
    let strong = |key: &str| value(key, "\"SchUseStrongCrypto\"", one);
    for (id, named, lines) in [
        ("schannel-unread-value", "\"DisableByDefault\"", value(&client, "\"DisableByDefault\"", zero)),
        ("schannel-unread-value", "\"DisabledByDefualt\"", value(&client, "\"DisabledByDefualt\"", zero)),
        ("schannel-unread-value", "\"Enable\"", value(&client, "\"Enable\"", one)),
        ("schannel-unread-value", "\"Disabled\"", value(&client, "\"Disabled\"", zero)),
        ("schannel-unread-value", "default value", value(&client, "@", one)),
        ("schannel-unread-value", "default value", value(&client, "@", "\"1\"")),
        ("schannel-unread-key", "Enabled is a key", value(&format!(r"{client}\Enabled"), "@", one)),
        ("schannel-unread-key", r"TLS 1.2\Client", enabled(&format!(r"{PROTOCOLS}\TLS 1.2Client"))),
        ("schannel-unread-key", "\"TLS 1.2\"", enabled(&format!(r"{PROTOCOLS}\TLSv1.2\Client"))),
        ("schannel-unread-key", "\"Client\"", enabled(&format!(r"{PROTOCOLS}\TLS 1.2\Clients"))),
        ("schannel-unread-key", "\"Server\"", enabled(&format!(r"{PROTOCOLS}\TLS 1.2\Servers"))),
        ("schannel-unread-key", r"SCHANNEL\Protocols", enabled(&format!(r"{schannel}\Protocol\TLS 1.2\Client"))),
        ("schannel-unread-key", "below Protocols", enabled(&format!(r"{schannel}\TLS 1.2\Client"))),
        (
            "schannel-unread-key",
            r"SecurityProviders\SCHANNEL",
            enabled(&format!(r"{SYSTEM}\SCHANNEL\Protocols\TLS 1.2\Client")),
        ),
        ("schannel-unread-key", "\"AES 128/128\"", enabled(&format!(r"{schannel}\Ciphers\AES 128\128"))),
        ("schannel-unread-key", "\"AES 256/256\"", enabled(&format!(r"{schannel}\Ciphers\AES256/256"))),
        ("schannel-unread-key", "\"SHA256\"", enabled(&format!(r"{schannel}\Hashes\SHA 256"))),
        (
            "dotnet-unread-key",
            r"SOFTWARE\Microsoft\.NETFramework",
            strong(&format!(r"{SOFTWARE}\Microsoft.NETFramework\v4.0.30319")),
        ),
        (
            "dotnet-unread-key",
            r"WOW6432Node\Microsoft\.NETFramework",
            strong(&format!(r"{SOFTWARE}\Wow6432Node\Microsoft.NetFramework\v4.0.30319")),
        ),
        (
            "dotnet-unread-key",
            r"WOW6432Node\Microsoft\.NETFramework",
            strong(&format!(r"{SOFTWARE}\Wow6432Node\.NETFramework\v4.0.30319")),
        ),
        ("dotnet-unread-key", "\"v4.0.30319\"", strong(&format!(r"{NET}\v4.0.30319.0"))),
        ("dotnet-unread-key", "\"v4.0.30319\"", strong(&format!(r"{WOW_NET}\v4.0.303019"))),
        ("dotnet-values-above-runtimes", "subkeys v4.0.30319", strong(NET)),
        ("dotnet-unread-value", "\"SystemDefaultTlsVersions\"", value(&v4, "\"SystemDefaultTlsVersion\"", one)),
        ("dotnet-unread-value", "\"SystemDefaultTlsVersions\"", value(&v4, "\"SystemTlsVersions\"", one)),
        ("dotnet-unread-value", "\"SchUseStrongCrypto\"", value(&v4, "\"SchUseStrongCryto\"", one)),
    ] {
        // In a whole registry, and where a file says nothing else.
        for found in [machine(17763, &lines), just(&lines)] {
            let lint = found.lints.iter().find(|lint| lint.id == id && lint.why.contains(named));
            let lint = lint.unwrap_or_else(|| panic!("{id} {named}: {lines}{:?}", found.lints));
            assert!(lint.place.is_some(), "{id}: {lines}");
        }
    }
}

/// What only looks like a look-alike.
#[test]
fn names_that_are_read_or_meant_for_something_else_are_left_alone() {
    let client = format!(r"{PROTOCOLS}\TLS 1.2\Client");
    for lines in [
        // A template of Group Policy sets both.
        format!("[{client}]\n@=dword:1\n\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:0\n"),
        format!("[{client}]\n@=\"\"\n\"enabled\"=dword:1\n\"DISABLEDBYDEFAULT\"=dword:0\n"),
        format!("[{client}]\n@=\"a note\"\n"),
        format!("[{NET}]\n\"InstallRoot\"=\"x\"\n[{NET}\\v3.0]\n[{NET}\\v1.1.4322]\n[{NET}\\AssemblyFolders]\n"),
        format!("[{NET}\\v2.0.50727]\n\"SchSendAuxRecord\"=dword:1\n\"AspNetEnforceViewStateMac\"=dword:1\n"),
        format!(
            "[{SYSTEM}\\SecurityProviders\\SCHANNEL]\n\"EventLogging\"=dword:1\n\"AllowInsecureRenegoClients\"=dword:0\n"
        ),
        format!("[{SYSTEM}\\SecurityProviders\\SCHANNEL\\Ciphers\\RC2 56/128]\n\"Enabled\"=dword:0\n"),
        format!("[{SYSTEM}\\SecurityProviders\\SCHANNEL\\Hashes\\SHA512]\n\"Enabled\"=dword:ffffffff\n"),
        format!("[{SYSTEM}\\SecurityProviders\\SCHANNEL\\CipherSuites]\n"),
        format!("[{SOFTWARE}\\Microsoft\\NET Framework Setup\\NDP\\v4\\Full]\n\"Release\"=dword:80eb1\n"),
    ] {
        let found: Vec<_> = ids(&machine(17763, &lines)).into_iter().filter(|id| id.contains("unread")).collect();
        assert_eq!(found, [""; 0], "{lines}");
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
    assert!(ids(&client).contains(&"windows-unsupported"), "clients have days of their own");
    let of_edition = |name: &str| {
        let lines = format!("{version}\n\"InstallationType\"=\"Client\"\n\"ProductName\"=\"{name}\"\n");
        ids(&machine(17763, &lines)).contains(&"windows-unsupported")
    };
    assert!(of_edition("Windows 10 Pro") && !of_edition("Windows 10 Enterprise LTSC 2019"));
}

#[test]
fn a_flood_of_keys_is_not_a_flood_of_lints() {
    let lines: String = (0..500).map(|n| format!("[{PROTOCOLS}\\TLS {n}.7]\n")).collect();
    assert_eq!(ids(&machine(17763, &lines)), ["schannel-unread-key"; 32]);
}
