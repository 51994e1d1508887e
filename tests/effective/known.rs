//! What reading the sources again showed to be wrong, row by row: what it is about, the machine, and what holds.

use tlshive::audit::effective::Offer;
use tlshive::audit::restart::Pending;

use crate::machine::{NET, PROTOCOLS, WOW_NET, dword, ids, machine, told};

const SCHANNEL: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
const SERVICES: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services";
const UNINSTALL: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";
const VERSION: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const RELEASE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full";
const SUITES: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002";
const PACKAGES: &str =
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages";
const WINHTTP: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp";
const ENGINE: &str = r"C:\\Program Files\\Microsoft Azure AD Sync\\Bin\\miiserver.exe";

/// A setting for single programs.
fn own(home: &str, setting: &str, program: &str, data: &str) -> String {
    format!("[{home}\\v4.0.30319\\System.Net.ServicePointManager.{setting}]\n\"{program}\"={data}\n")
}

fn pinned(data: &str) -> String {
    own(NET, "SecurityProtocol", ENGINE, data)
}

/// A service and its uninstall entry.
fn installed(service: &str, name: &str, version: &str) -> String {
    format!(
        "[{SERVICES}\\{service}]\n\"Start\"=dword:2\n\
         [{UNINSTALL}\\{{1}}]\n\"DisplayName\"=\"{name}\"\n\"DisplayVersion\"=\"{version}\"\n"
    )
}

fn connect(version: &str) -> String {
    installed("ADSync", "Microsoft Entra Connect Sync", version)
}

fn values(key: &str, lines: &[(&str, u32)]) -> String {
    lines.iter().fold(format!("[{key}]\n"), |text, (name, n)| text + &dword(name, Some(*n)))
}

/// What it is about, build, lines, subject, state.
#[test]
fn rows_by_their_states() {
    let net = |lines: &[(&str, u32)]| values(&format!("{NET}\\v4.0.30319"), lines);
    let off = net(&[("SystemDefaultTlsVersions", 0), ("SchUseStrongCrypto", 0)]);
    let exchange =
        |name: &str, value: &str, bits| values(&format!("{SCHANNEL}\\KeyExchangeAlgorithms\\{name}"), &[(value, bits)]);
    let soft_off = values(&format!("{PROTOCOLS}\\TLS 1.2\\Client"), &[("Enabled", 1), ("DisabledByDefault", 1)]);
    let pta = |version| {
        installed("AzureADConnectAuthenticationAgent", "Microsoft Azure AD Connect Authentication Agent", version)
    };
    let release = |n| values(RELEASE, &[("Release", n)]);
    let package = |name: &str, state| values(&format!("{PACKAGES}\\{name}"), &[("CurrentState", state)]);
    let kb3140245 = "Package_for_KB3140245~31bf3856ad364e35~amd64~~6.1.1.0";
    let part_of_kb3140245 = "Package_1_for_KB3140245~31bf3856ad364e35~amd64~~6.1.1.0";
    let kb4019276 = "Package_2_for_KB4019276~31bf3856ad364e35~amd64~~6.0.1.0";
    let client_on = values(&format!("{PROTOCOLS}\\TLS 1.2\\Client"), &[("Enabled", 1), ("DisabledByDefault", 0)]);
    let winhttp = client_on.clone() + &values(WINHTTP, &[("DefaultSecureProtocols", 0xa80)]);
    for (row, build, lines, subject, state) in [
        // The engine is pinned by its path: names as .NET has them, or a number.
        ("per program", 20348, pinned("\"Tls\""), "entra-connect/programs", "off"),
        ("per program", 20348, pinned("\"Ssl3, Tls, Tls11\""), "entra-connect/programs", "off"),
        ("per program", 20348, pinned("\"192\""), "entra-connect/programs", "off"),
        ("per program", 20348, pinned("\"65536\""), "entra-connect/programs", "off"),
        ("per program", 20348, pinned("\"Tls12\""), "entra-connect/programs", "on"),
        ("per program", 20348, pinned("\" Tls12,Tls11 \""), "entra-connect/programs", "on"),
        ("per program", 20348, pinned("\"3072\""), "entra-connect/programs", "on"),
        ("per program", 20348, pinned("\"SystemDefault\""), "entra-connect/programs", "on"),
        ("per program", 20348, pinned("\"Tls13\""), "entra-connect/programs", "unknown"),
        ("per program", 20348, pinned("\"Tls13\"") + &release(461_814), "entra-connect/programs", "on"),
        // Not a name, not a text: .NET ignores it.
        ("per program", 20348, pinned("\"tls\""), "entra-connect/programs", "on"),
        ("per program", 20348, pinned("dword:000000c0"), "entra-connect/programs", "on"),
        // Where neither value is on, nobody asks for it; the programs have SSL 3.0 and TLS 1.0 then.
        ("per program", 20348, pinned("\"Tls12\"") + &off, "entra-connect/programs", "off"),
        ("per program", 20348, own(NET, "SystemDefaultTlsVersions", ENGINE, "dword:0"), "entra-connect/programs", "on"),
        (
            "per program",
            20348,
            own(NET, "SystemDefaultTlsVersions", ENGINE, "dword:0") + &net(&[("SchUseStrongCrypto", 0)]),
            "entra-connect/programs",
            "off",
        ),
        // Another program, and the other view, which 64-bit programs do not read.
        (
            "per program",
            20348,
            own(NET, "SecurityProtocol", "C:\\\\other.exe", "\"Tls\""),
            "entra-connect/programs",
            "on",
        ),
        ("per program", 20348, own(WOW_NET, "SecurityProtocol", ENGINE, "\"Tls\""), "entra-connect/programs", "on"),
        ("per program", 20348, pinned("\"Tls12\"") + &soft_off, "entra-connect/programs", "on"),
        (
            "service alone",
            20348,
            values(&format!("{SERVICES}\\ADSync"), &[("Start", 2)]),
            "entra-connect/version",
            "unknown",
        ),
        ("soft-off", 20348, soft_off.clone(), "dotnet/v4.6/64-bit", "partly"),
        ("soft-off", 20348, String::new(), "dotnet/v4.6/64-bit", "on"),
        ("soft-off", 20348, String::new(), "dotnet/v4/64-bit", "partly"),
        ("versions and dates", 20348, connect("1.6.16.0"), "entra-connect/version", "stopped"),
        ("versions and dates", 20348, connect("2.3.8.0"), "entra-connect/version", "stopped"),
        ("versions and dates", 20348, connect("2.5.76.0"), "entra-connect/version", "stopped"),
        ("versions and dates", 20348, connect("2.5.79.0"), "entra-connect/version", "in-service"),
        ("versions and dates", 20348, connect("2.6.79.0"), "entra-connect/version", "recalled"),
        ("versions and dates", 20348, connect("2.6.92.0"), "entra-connect/version", "in-service"),
        ("versions and dates", 20348, connect("2.7.0.0"), "entra-connect/version", "in-service"),
        ("versions and dates", 20348, connect("2.5.76.0"), "entra-connect/support", "ended"),
        ("versions and dates", 20348, connect("2.5.79.0"), "entra-connect/support", "ended"),
        ("versions and dates", 20348, connect("2.6.84.0"), "entra-connect/support", "supported"),
        ("versions and dates", 20348, connect("2.6.92.0"), "entra-connect/support", "supported"),
        ("versions and dates", 20348, connect("2.7.0.0"), "entra-connect/support", "unknown"),
        ("versions and dates", 20348, connect("2.5.190.0") + &release(394_806), "entra-connect/dotnet", "older"),
        ("versions and dates", 20348, connect("2.5.190.0") + &release(461_814), "entra-connect/dotnet", "at-least"),
        ("versions and dates", 20348, connect("2.3.2.0") + &release(461_310), "entra-connect/dotnet", "at-least"),
        ("key size", 20348, exchange("PKCS", "ClientMinKeyBitLength", 4096), "cipher-suites/entra-id", "unknown"),
        ("key size", 20348, exchange("PKCS", "ClientMaxKeyBitLength", 1024), "cipher-suites/entra-id", "unknown"),
        ("key size", 20348, exchange("PKCS", "ClientMinKeyBitLength", 2048), "cipher-suites/entra-id", "on"),
        ("key size", 20348, exchange("Diffie-Hellman", "ClientMinKeyBitLength", 4096), "cipher-suites/entra-id", "on"),
        // Nobody reads it there.
        ("key size", 9600, exchange("PKCS", "ClientMinKeyBitLength", 4096), "cipher-suites/entra-id", "on"),
        (
            "TLS 1.3 suites alone",
            20348,
            format!("[{SUITES}]\n\"Functions\"=\"TLS_AES_256_GCM_SHA384\"\n"),
            "cipher-suites/entra-id",
            "off",
        ),
        ("build 6003", 6003, String::new(), "dotnet/v4/64-bit", "unknown"),
        ("build 6003", 7601, String::new(), "dotnet/v4/64-bit", "partly"),
        // What holds only with an update: its package proves it, and no package proves nothing.
        ("update proves it", 6003, client_on.clone(), "schannel/TLS 1.2/client", "unknown"),
        ("update proves it", 6003, client_on.clone() + &package(kb4019276, 112), "schannel/TLS 1.2/client", "on"),
        ("update proves it", 6003, client_on.clone() + &package(kb4019276, 64), "schannel/TLS 1.2/client", "unknown"),
        ("update proves it", 6003, client_on.clone() + &package(kb3140245, 112), "schannel/TLS 1.2/client", "unknown"),
        ("update proves it", 7601, winhttp.clone(), "winhttp/64-bit", "unknown"),
        ("update proves it", 7601, winhttp.clone() + &package(kb3140245, 112), "winhttp/64-bit", "on"),
        ("update proves it", 7601, winhttp.clone() + &package(kb3140245, 32), "winhttp/64-bit", "unknown"),
        (
            "update proves it",
            7601,
            winhttp.clone() + &package(kb3140245, 64) + &package(part_of_kb3140245, 112),
            "winhttp/64-bit",
            "unknown",
        ),
        ("update proves it", 7601, winhttp.clone() + &package(part_of_kb3140245, 112), "winhttp/64-bit", "on"),
        ("update proves it", 9200, winhttp.clone() + &package(kb3140245, 112), "winhttp/64-bit", "unknown"),
        ("update proves it", 9200, winhttp + &package(&kb3140245.replace("6.1.", "6.2."), 112), "winhttp/64-bit", "on"),
        // Releases whose suites were not in the table.
        ("suites by build", 10240, String::new(), "cipher-suites/entra-id", "on"),
        ("suites by build", 10586, String::new(), "cipher-suites/entra-id", "on"),
        ("suites by build", 15063, String::new(), "cipher-suites/entra-id", "on"),
        ("suites by build", 16299, String::new(), "cipher-suites/entra-id", "on"),
        ("suites by build", 17134, String::new(), "cipher-suites/entra-id", "on"),
        ("suites by build", 28000, String::new(), "cipher-suites/entra-id", "on"),
        // No page has its suites.
        ("suites by build", 20349, String::new(), "cipher-suites/entra-id", "unknown"),
        ("agents", 20348, pta("1.5.389.0"), "entra-agents/versions", "older"),
        ("agents", 20348, pta("1.5.643.0"), "entra-agents/versions", "at-least"),
        ("agents", 20348, values(&format!("{SERVICES}\\WAPCSvc"), &[("Start", 2)]), "entra-agents/versions", "unknown"),
        (
            "agents",
            20348,
            installed("AADConnectProvisioningAgent", "Microsoft Entra Provisioning Agent", "1.1.1"),
            "entra-agents/versions",
            "at-least",
        ),
        ("agents", 20348, String::new(), "entra-agents/versions", "at-least"),
    ] {
        let (is, why) = told(&machine(build, &lines), subject);
        assert_eq!(is, state, "{row}, build {build}: {subject} of {lines}: {why}");
    }
}

/// Row, lines, lint, whether it is there.
#[test]
fn rows_by_their_lints() {
    let schannel = |name, n| values(SCHANNEL, &[(name, n)]);
    let v2 = format!("[{NET}\\v2.0.50727\\System.Net.ServicePointManager.SecurityProtocol]\n\"C:\\\\a.exe\"=\"Tls\"\n");
    for (row, lines, lint, there) in [
        ("per program", pinned("\"Tls\""), "dotnet-override-entra-connect", true),
        ("service alone", values(&format!("{SERVICES}\\ADSync"), &[("Start", 2)]), "entra-connect-remnant", false),
        ("versions and dates", connect("2.3.8.0"), "entra-connect-outdated", true),
        ("versions and dates", connect("2.5.79.0"), "entra-connect-outdated", false),
        ("versions and dates", connect("2.5.79.0"), "entra-connect-unsupported", true),
        ("versions and dates", connect("2.6.84.0"), "entra-connect-unsupported", false),
        (
            "versions and dates",
            connect("2.5.190.0") + &values(RELEASE, &[("Release", 394_806)]),
            "entra-connect-old-dotnet",
            true,
        ),
        (
            "key size",
            values(&format!("{SCHANNEL}\\KeyExchangeAlgorithms\\PKCS"), &[("ClientMinKeyBitLength", 4096)]),
            "key-size-refused",
            true,
        ),
        (
            "agents",
            installed("WAPCSvc", "Microsoft AAD Application Proxy Connector", "1.5.612.0"),
            "entra-agent-outdated",
            true,
        ),
        (
            "agents",
            installed("WAPCSvc", "Microsoft AAD Application Proxy Connector", "1.5.612.0")
                + &format!("[{UNINSTALL}\\{{2}}]\n\"DisplayName\"=\"Microsoft AAD Application Proxy Connector\"\n"),
            "entra-agent-outdated",
            false,
        ),
        ("read and told", schannel("AllowInsecureRenegoClients", 1), "schannel-insecure-renegotiation", true),
        ("read and told", schannel("AllowInsecureRenegoServers", 1), "schannel-insecure-renegotiation", true),
        ("read and told", schannel("AllowInsecureRenegoServers", 0), "schannel-insecure-renegotiation", false),
        ("read and told", v2, "dotnet-override", true),
    ] {
        assert_eq!(ids(&machine(20348, &lines)).contains(&lint), there, "{row}: {lint} of {lines}");
    }
    let server_2025 = machine(26100, &connect("2.6.92.0"));
    assert!(ids(&server_2025).contains(&"entra-connect-windows"));
}

/// D8: the update revision decides what WinHTTP has by default.
#[test]
fn winhttp_by_update_revision() {
    let revision = |n: u32| format!("[{VERSION}]\n\"UBR\"=dword:{n:x}\n");
    for (build, lines, old) in [
        (17763, revision(6532), false),
        (17763, revision(3469), false),
        (17763, revision(3406), true),
        (19044, revision(2075), false),
        (19044, revision(1000), true),
        (19045, String::new(), false),
        (14393, revision(9000), true),
    ] {
        let found = machine(build, &lines);
        let why = &found.winhttp.views.first().unwrap().why;
        assert_eq!(why.contains("TLS 1.1"), old, "{build} {lines}: {why}");
        assert!(why.contains("TLS 1.2"), "{why}");
    }
    // Without a revision it is one or the other.
    let unsaid = machine(17763, "");
    assert!(unsaid.winhttp.views.first().unwrap().why.contains(" or TLS 1.2"));
}

/// D9: .NET Framework 4.8 names TLS 1.3 too.
#[test]
fn offers_by_installed_release() {
    let strong = values(&format!("{NET}\\v4.0.30319"), &[("SystemDefaultTlsVersions", 0), ("SchUseStrongCrypto", 1)]);
    for (n, want) in [(528_040, Offer::Tls10To13), (461_814, Offer::Tls10To12)] {
        let found = machine(20348, &(strong.clone() + &values(RELEASE, &[("Release", n)])));
        assert_eq!(found.dotnet.programs.first().unwrap().offer, want, "{n}");
    }
}

/// D12: WinHTTP's value waits for a restart like the others; a `.reg` file has no times.
#[test]
fn winhttp_waits_for_a_restart() {
    let set = machine(17763, &values(WINHTTP, &[("DefaultSecureProtocols", 0x800)]));
    assert_eq!(set.restart.pending, Pending::Unknown);
    assert_eq!(machine(17763, "").restart.pending, Pending::No);
}
