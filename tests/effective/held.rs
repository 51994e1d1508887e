//! What is held against something else: sides, values, releases, curves, key exchanges, and programs without a protocol.
//! Among it, what HealthChecker, Azure DevOps' script and the document of Entra Connect get wrong: the table "Where other
//! checks disagree" in `src/policy/README.md` has the same rows.

use tlshive::audit::effective::Answer::{No, Unknown, Yes};
use tlshive::audit::weakened;

use crate::machine::{NET, PROTOCOLS, WOW_NET, dword, ids, just, machine, machine_x86, told, unreadable};

const SCHANNEL: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
const RELEASE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full";
const POLICY: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002";
const LOCAL: &str =
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002";

/// A side of a protocol: `Enabled` and `DisabledByDefault`, each a number or a text as a `.reg` file has it.
fn side(protocol: &str, side: &str, enabled: &str, disabled: &str) -> String {
    let line = |name: &str, data: &str| if data.is_empty() { String::new() } else { format!("\"{name}\"={data}\n") };
    format!("[{PROTOCOLS}\\{protocol}\\{side}]\n{}{}", line("Enabled", enabled), line("DisabledByDefault", disabled))
}

fn both(protocol: &str, enabled: &str, disabled: &str) -> String {
    side(protocol, "Client", enabled, disabled) + &side(protocol, "Server", enabled, disabled)
}

fn net(runtime: &str, system: &str, strong: &str) -> String {
    let line = |name: &str, data: &str| if data.is_empty() { String::new() } else { format!("\"{name}\"={data}\n") };
    let values = line("SystemDefaultTlsVersions", system) + &line("SchUseStrongCrypto", strong);
    format!("[{NET}\\{runtime}]\n{values}[{WOW_NET}\\{runtime}]\n{values}")
}

/// A list of texts as a `.reg` file has it.
fn list(names: &[&str]) -> String {
    let units = names.iter().flat_map(|name| name.encode_utf16().chain([0])).chain([0]);
    let bytes: Vec<String> = units.flat_map(u16::to_le_bytes).map(|byte| format!("{byte:02x}")).collect();
    format!("hex(7):{}", bytes.join(","))
}

const ON: &str = "dword:1";
const OFF: &str = "dword:0";

/// Where the peers disagree with each other or with what Windows does: row of the table, build, values, subject, state.
#[test]
fn what_other_checks_get_wrong() {
    let tls12 = |enabled, disabled| both("TLS 1.2", enabled, disabled);
    let dhe = list(&["TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"]);
    for (row, build, lines, subject, state) in [
        // Not set, or half of it, on what has TLS 1.2 by default: the document finds nothing, HealthChecker is red.
        (1, 17763, String::new(), "schannel/TLS 1.2/client", "on"),
        (2, 17763, tls12("", OFF), "schannel/TLS 1.2/client", "on"),
        // The document reads 4294967295 and 2 as other numbers than 1.
        (3, 17763, tls12("dword:ffffffff", OFF), "schannel/TLS 1.2/client", "on"),
        (3, 17763, tls12("dword:2", OFF), "schannel/TLS 1.2/values", "enabled"),
        // Texts: each peer reads them in a way of its own, and none says that it is no number.
        (4, 17763, tls12(ON, "\"0\""), "schannel/TLS 1.2/client", "unknown"),
        (5, 17763, tls12("\"0\"", OFF), "schannel/TLS 1.2/client", "unknown"),
        (6, 17763, tls12("\"1\"", OFF), "schannel/TLS 1.2/client", "unknown"),
        (6, 17763, tls12("\"1\"", OFF), "schannel/TLS 1.2/values", "odd"),
        // HealthChecker has no defaults: green on Server 2008 R2, where TLS 1.2 is for programs that name it.
        (7, 7601, String::new(), "schannel/TLS 1.2/client", "soft-off"),
        (7, 7601, tls12(ON, ""), "schannel/TLS 1.2/client", "soft-off"),
        (7, 7601, side("TLS 1.2", "Client", ON, OFF), "schannel/TLS 1.2/sides", "different"),
        // Azure DevOps' script takes Server 2012 for a Windows without TLS 1.2 by default.
        (8, 9200, String::new(), "schannel/TLS 1.2/client", "on"),
        (8, 9200, tls12(ON, ""), "schannel/TLS 1.2/client", "on"),
        // 0 and 0 on the client: HealthChecker looks at the server alone and is green.
        (10, 17763, side("TLS 1.2", "Client", OFF, OFF), "schannel/TLS 1.2/client", "off"),
        (10, 17763, side("TLS 1.2", "Client", OFF, OFF), "schannel/TLS 1.2/sides", "different"),
        (
            10,
            17763,
            side("TLS 1.2", "Client", OFF, OFF) + &side("TLS 1.2", "Server", OFF, ""),
            "schannel/TLS 1.2/values",
            "incomplete",
        ),
        // A 2 is on to new programs and off to old ones: the script calls that enforced.
        (11, 17763, net("v4.0.30319", "dword:2", "dword:2"), "dotnet/v4/64-bit", "partly"),
        // Either value does it; the others ask for both.
        (12, 17763, net("v4.0.30319", "", ON), "dotnet/v4/64-bit", "on"),
        (12, 17763, net("v4.0.30319", ON, ""), "dotnet/v4/32-bit", "on"),
        // .NET ignores a text: to all three peers it is a 1.
        (13, 17763, net("v4.0.30319", "\"1\"", "\"1\""), "dotnet/v4/64-bit", "partly"),
        (14, 17763, net("v2.0.50727", ON, ""), "dotnet/v2/64-bit", "on"),
        (14, 17763, net("v2.0.50727", "", ON), "dotnet/v2/64-bit", "off"),
        // TLS 1.3 is on by default where Windows has it, and never where it has not.
        (15, 20348, String::new(), "schannel/TLS 1.3/client", "on"),
        (17, 17763, both("TLS 1.3", ON, OFF), "schannel/TLS 1.3/client", "not-supported"),
        (17, 17763, both("TLS 1.3", ON, OFF), "schannel/TLS 1.3/values", "enabled"),
        (18, 17763, both("TLS 1.3", "", OFF), "schannel/TLS 1.3/values", "incomplete"),
        // Where no curve is left, suites without one are: the script says the first and not the second.
        (
            20,
            17763,
            format!("[{POLICY}]\n\"EccCurves\"={}\n", list(&["brainpoolP256r1"])),
            "cipher-suites/azure-devops",
            "on",
        ),
        (20, 17763, format!("[{POLICY}]\n\"EccCurves\"={}\n", list(&["brainpoolP256r1"])), "curves/nist", "off"),
        (20, 17763, format!("[{LOCAL}]\n\"Functions\"={dhe}\n[{POLICY}]\n"), "cipher-suites/azure-devops", "on"),
    ] {
        let found = machine(build, &lines);
        let (is, why) = told(&found, subject);
        assert_eq!(is, state, "row {row}, build {build}: {subject} of {lines}: {why}");
    }
    // 32-bit Windows has no WOW6432Node: to the document it never passes.
    let x86 = machine_x86(17763, &format!("[{NET}\\v4.0.30319]\n{}", dword("SystemDefaultTlsVersions", Some(1))));
    assert_eq!(told(&x86, "dotnet/v4/32-bit").0, "on");
    assert_eq!(told(&x86, "dotnet-protocols/v4/32-bit").0, "left");
}

#[test]
fn values_by_the_book() {
    for (client, server, form) in [
        ((ON, OFF), (ON, OFF), "enabled"),
        (("dword:ffffffff", OFF), (ON, OFF), "enabled"),
        ((OFF, ON), (OFF, ON), "disabled"),
        ((OFF, OFF), (OFF, OFF), "half-disabled"),
        ((ON, ON), (ON, ON), "half-disabled"),
        ((OFF, OFF), (OFF, ON), "different"),
        ((ON, OFF), (OFF, ON), "different"),
        ((ON, OFF), ("", ""), "incomplete"),
        ((ON, ""), (ON, ""), "incomplete"),
        ((ON, "\"0\""), (ON, OFF), "odd"),
        (("hex(4):01", OFF), (ON, OFF), "odd"),
    ] {
        let lines = side("TLS 1.1", "Client", client.0, client.1) + &side("TLS 1.1", "Server", server.0, server.1);
        assert_eq!(told(&machine(17763, &lines), "schannel/TLS 1.1/values").0, form, "{client:?} {server:?}");
    }
    assert_eq!(told(&machine(17763, ""), "schannel/TLS 1.1/values").0, "not-set");
    // Half of the four is spoken of.
    let half = just(&side("TLS 1.1", "Client", ON, OFF));
    for subject in ["schannel/TLS 1.1/values", "schannel/TLS 1.1/sides", "dotnet-release/4.7", "curves/nist"] {
        assert_eq!(told(&half, subject).0, "unknown", "{subject}");
        assert_eq!(told(&unreadable(), subject).0, "unknown", "{subject}");
    }
}

/// Old protocols off, what .NET is told, the release; and what is left to programs of .NET 4 and of 2.0 to 3.5.
#[test]
fn programs_that_know_only_what_is_off_cannot_connect() {
    let old_off = || both("SSL 3.0", OFF, ON) + &both("TLS 1.0", OFF, ON);
    let all_off =
        || ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"].map(|p| both(p, OFF, ON)).concat();
    let only_13 = || ["SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2"].map(|p| both(p, OFF, ON)).concat();
    let release = |n: u32| format!("[{RELEASE}]\n{}", dword("Release", Some(n)));
    let strong = || net("v4.0.30319", OFF, ON);
    for (build, lines, v4, v2) in [
        (17763, String::new(), "left", "left"),
        (17763, old_off(), "partly", "none"),
        (17763, old_off() + &net("v4.0.30319", OFF, OFF), "none", "none"),
        (17763, old_off() + &net("v4.0.30319", ON, ON) + &net("v2.0.50727", ON, ""), "left", "left"),
        // .NET ignores a text, as if nothing were set.
        (17763, old_off() + &net("v4.0.30319", "\"1\"", "\"1\""), "partly", "none"),
        // SSL 3.0 or TLS 1.0 by name is enough to them.
        (17763, both("SSL 3.0", OFF, ON) + &both("TLS 1.0", ON, ON), "left", "left"),
        (17763, both("SSL 3.0", OFF, ON) + &both("TLS 1.0", "\"1\"", OFF), "unknown", "unknown"),
        (17763, all_off() + &net("v4.0.30319", ON, ON), "none", "none"),
        // .NET Framework 4.8 asks for TLS 1.3 by name too.
        (20348, only_13() + &strong() + &release(528_049), "left", "none"),
        (20348, only_13() + &strong() + &release(461_814), "none", "none"),
        (20348, only_13() + &strong(), "unknown", "none"),
    ] {
        let found = machine(build, &lines);
        for (subject, want) in [("dotnet-protocols/v4", v4), ("dotnet-protocols/v2", v2)] {
            for bits in ["64-bit", "32-bit"] {
                let (state, why) = told(&found, &format!("{subject}/{bits}"));
                assert_eq!(state, want, "{subject}/{bits} of {lines}: {why}");
            }
        }
        let cut_off = ids(&found).contains(&"dotnet-no-protocol-left");
        assert_eq!(cut_off, matches!(v4, "partly" | "none"), "{lines}");
    }
    let found = machine(17763, &all_off());
    assert!(ids(&found).contains(&"schannel-no-protocol-left"));
    for (machine, state) in [(&found, "none"), (&machine(17763, &old_off()), "left"), (&just(""), "unknown")] {
        for side in ["client", "server"] {
            assert_eq!(told(machine, &format!("protocols/{side}")).0, state, "{side}");
        }
    }
}

/// What a change makes worse says that programs fall back only where there is something to fall back to.
#[test]
fn nobody_falls_back_to_what_is_off() {
    let old_off = both("SSL 3.0", OFF, ON) + &both("TLS 1.0", OFF, ON);
    let (good, bad) = (net("v4.0.30319", ON, ON), net("v4.0.30319", OFF, OFF));
    let said = |before: &str, after: &str| weakened(&machine(17763, before), &machine(17763, after)).join("\n");
    let with_old = said(&good, &bad);
    assert!(
        with_old.contains("fall back to SSL 3.0 and TLS 1.0") && !with_old.contains("cannot connect"),
        "{with_old}"
    );
    let without = said(&(good.clone() + &old_off), &(bad + &old_off));
    assert!(without.contains("cannot connect: SSL 3.0 and TLS 1.0 only, and both are off"), "{without}");
    assert!(!without.contains("fall back"), "{without}");
    // Old protocols that are turned off take the last one from old programs.
    let turned_off = said("", &old_off);
    assert!(turned_off.contains("64-bit .NET programs for 4.5.2 or older cannot connect"), "{turned_off}");
    assert!(turned_off.contains("64-bit .NET programs for 2.0 to 3.5 cannot connect"), "{turned_off}");
    assert_eq!(said(&(good.clone() + &old_off), &(good + &old_off)), "");
}

#[test]
fn a_release_is_at_least_a_version() {
    let of = |lines: &str| machine(17763, &format!("[{RELEASE}]\n{lines}"));
    for (lines, version, state) in [
        ("\"Release\"=dword:60632", "4.7", "older"),
        ("\"Release\"=dword:707fe", "4.7", "at-least"),
        ("\"Release\"=dword:707fe", "4.7.1", "older"),
        ("\"Release\"=dword:80ff4", "4.8", "at-least"),
        ("\"Release\"=dword:ffffffff", "4.8.1", "at-least"),
        ("\"Release\"=dword:0", "4.5", "older"),
        ("\"Release\"=\"528040\"", "4.5", "unknown"),
        ("", "4.5", "older"),
    ] {
        let (is, why) = told(&of(lines), &format!("dotnet-release/{version}"));
        assert_eq!(is, state, "{lines} {version}: {why}");
    }
}

#[test]
fn curves_are_those_of_the_policy_or_the_machines_own() {
    let nist = list(&["curve25519", "NistP384"]);
    let other = list(&["brainpoolP256r1"]);
    let policy = |data: &str| format!("[{POLICY}]\n\"EccCurves\"={data}\n");
    let local = |data: &str| format!("[{LOCAL}]\n\"EccCurves\"={data}\n");
    for (build, lines, want) in [
        (17763, String::new(), Yes),
        (17763, policy(&nist), Yes),
        (17763, policy(&other), No),
        (17763, local(&other), No),
        (17763, local(&other) + &policy(&nist), Yes),
        (17763, local(&nist) + &policy(&other), No),
        (17763, policy(&list(&[])), Unknown),
        (17763, policy("\"NistP256\""), Unknown),
        (17763, policy(&list(&["NistP256,NistP384"])), Unknown),
        (17763, policy(&list(&["nistp256"])), Unknown),
        // Before Windows 10 nobody reads it.
        (9600, policy(&other), Yes),
    ] {
        let found = machine(build, &lines);
        assert_eq!(found.curves.nist, want, "build {build}: {lines}: {}", found.curves.why);
        // Suites for Entra ID all need a curve; that it takes no other is known of no source of its own.
        let entra = if want == Yes { Yes } else { Unknown };
        assert_eq!(found.ciphers.entra_left, entra, "build {build}: {lines}");
    }
    let ecdhe = format!("[{LOCAL}]\n\"Functions\"={}\n", list(&["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]));
    for (lines, want) in [(String::new(), Yes), (policy(&other), No), (policy("\"NistP256\""), Unknown)] {
        let found = machine(17763, &(ecdhe.clone() + &lines));
        assert_eq!(found.ciphers.azure_devops.0, want, "{lines}: {}", found.ciphers.azure_devops.1);
    }
    // P-521 is in the name of the suite there.
    let p521 = format!("[{POLICY}]\n\"Functions\"=\"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P521\"\n");
    assert_eq!(machine(9600, &p521).ciphers.azure_devops.0, No);
    assert_eq!(machine(9600, &p521.replace("P521", "P384")).ciphers.azure_devops.0, Yes);
    // What the build does not have is not left: ECDHE with RSA and GCM came with Windows 10.
    let gcm = format!("[{POLICY}]\n\"Functions\"=\"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\"\n");
    assert_eq!(machine(9600, &gcm).ciphers.azure_devops.0, No);
    assert_eq!(machine(14393, &gcm).ciphers.azure_devops.0, Yes);
}

/// 0 and 0xFFFFFFFF are documented below Ciphers, Hashes and KeyExchangeAlgorithms, and nothing else.
#[test]
fn one_is_not_known_to_be_on_for_algorithms() {
    let enabled = |key: &str, data: &str| format!("[{SCHANNEL}\\{key}]\n\"Enabled\"={data}\n");
    for (data, want, odd) in [
        ("dword:0", "off", false),
        ("dword:ffffffff", "on", false),
        ("dword:1", "unknown", true),
        ("dword:2", "unknown", true),
        ("\"1\"", "unknown", false),
    ] {
        for name in ["ECDH", "Diffie-Hellman", "PKCS"] {
            let found = machine(17763, &enabled(&format!("KeyExchangeAlgorithms\\{name}"), data));
            assert_eq!(told(&found, &format!("key-exchange/{name}")).0, want, "{name} {data}");
            assert_eq!(ids(&found).contains(&"cipher-switch-undocumented"), odd, "{name} {data}");
        }
    }
    assert_eq!(told(&machine(17763, ""), "key-exchange/ECDH").0, "on");
    let suite = format!("[{POLICY}]\n\"Functions\"=\"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\"\n");
    for key in ["Ciphers\\AES 256/256", "Hashes\\SHA384", "KeyExchangeAlgorithms\\ECDH"] {
        for (data, want) in [("dword:1", Unknown), ("dword:ffffffff", Yes)] {
            let found = machine(17763, &(suite.clone() + &enabled(key, data)));
            assert_eq!(found.ciphers.entra_left, want, "{key} {data}: {}", found.ciphers.why);
        }
    }
    // Where suites without that algorithm are left, the doubt changes nothing.
    assert_eq!(machine(17763, &enabled("Ciphers\\AES 128/128", "dword:1")).ciphers.entra_left, Yes);
}

#[test]
fn smallest_keys_are_set_or_documented() {
    let set = |name: &str, value: &str, data: &str| {
        format!("[{SCHANNEL}\\KeyExchangeAlgorithms\\{name}]\n\"{value}\"={data}\n")
    };
    let (client, server) = ("ClientMinKeyBitLength", "ServerMinKeyBitLength");
    for (build, lines, subject, state) in [
        (17763, String::new(), "Diffie-Hellman/server/2048", "at-least"),
        (17763, String::new(), "Diffie-Hellman/client/2048", "smaller"),
        (17763, String::new(), "Diffie-Hellman/client/1024", "at-least"),
        (17763, set("Diffie-Hellman", client, "dword:800"), "Diffie-Hellman/client/2048", "at-least"),
        (17763, set("Diffie-Hellman", server, "dword:400"), "Diffie-Hellman/server/2048", "smaller"),
        (17763, set("Diffie-Hellman", server, "\"2048\""), "Diffie-Hellman/server/2048", "unknown"),
        (17763, set("Diffie-Hellman", server, "dword:0"), "Diffie-Hellman/server/2048", "unknown"),
        (17763, String::new(), "PKCS/client/1024", "at-least"),
        // No default that is documented.
        (9600, String::new(), "PKCS/client/1024", "unknown"),
        (17763, set("PKCS", client, "dword:800"), "PKCS/client/2048", "at-least"),
        (9600, String::new(), "Diffie-Hellman/server/2048", "unknown"),
        // Nobody says that it reads the value.
        (9600, set("Diffie-Hellman", server, "dword:800"), "Diffie-Hellman/server/2048", "unknown"),
    ] {
        let (is, why) = told(&machine(build, &lines), &format!("key-size/{subject}"));
        assert_eq!(is, state, "build {build}, {subject}, {lines}: {why}");
    }
}

/// Build, lists, and what is left beside Mozilla's intermediate configuration: suites, then curves.
#[test]
fn suites_and_curves_beside_a_set() {
    const GCM: &str = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
    let policy = |suites: &str| format!("[{POLICY}]\n\"Functions\"=\"{suites}\"\n");
    let off = |group: &str, name: &str| format!("[{SCHANNEL}\\{group}\\{name}]\n\"Enabled\"=dword:0\n");
    let with = |other: &str| policy(&format!("{GCM},{other}"));
    for (build, lines, state) in [
        (20348, policy(GCM), "only"),
        (20348, with("TLS_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"), "only"),
        (20348, format!("[{LOCAL}]\n\"Functions\"={}\n", list(&[GCM])), "only"),
        // What Windows ships with has suites without forward secrecy.
        (20348, String::new(), "others"),
        (9600, String::new(), "others"),
        (20348, with("TLS_RSA_WITH_AES_256_GCM_SHA384"), "others"),
        (20348, with("TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"), "others"),
        (20348, with("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"), "others"),
        // Turned off: surely, or as is said.
        (20348, with("TLS_RSA_WITH_AES_256_GCM_SHA384") + &off("KeyExchangeAlgorithms", "PKCS"), "only"),
        (20348, with("TLS_RSA_WITH_3DES_EDE_CBC_SHA") + &off("Ciphers", "Triple DES 168"), "only"),
        (
            20348,
            with("TLS_DHE_RSA_WITH_AES_256_GCM_SHA384") + &off("KeyExchangeAlgorithms", "Diffie-Hellman"),
            "unknown",
        ),
        (20348, with("TLS_RSA_WITH_NULL_SHA256"), "unknown"),
        (20348, with("TLS_RSA_WITH_NULL_SHA256") + &off("Ciphers", "NULL"), "only"),
        // Not in the table, or not known whether Windows reads it.
        (20348, with("TLS_PSK_WITH_AES_256_GCM_SHA384"), "unknown"),
        (20348, with("TLS_MADE_UP"), "only"),
        (20348, with(" TLS_RSA_WITH_AES_256_GCM_SHA384"), "unknown"),
        (20348, policy(""), "unknown"),
        (30000, with("TLS_RSA_WITH_AES_256_GCM_SHA384"), "unknown"),
        (30000, policy(GCM), "only"),
        (30000, String::new(), "unknown"),
        // Before Windows 10 a suite names its curve.
        (9600, policy("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256_P256"), "only"),
        (9600, policy("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256_P521"), "others"),
        (17763, policy("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256_P521"), "only"),
    ] {
        let (is, why) = told(&machine(build, &lines), "cipher-suites/mozilla-intermediate");
        assert_eq!(is, state, "build {build}: {lines}: {why}");
    }
    let curves = |names: &[&str]| format!("[{POLICY}]\n\"EccCurves\"={}\n", list(names));
    for (build, lines, state) in [
        (20348, String::new(), "only"),
        (10586, String::new(), "only"),
        (26100, curves(&["x25519_mlkem768", "curve25519", "nistP256", "secP384r1"]), "only"),
        (20348, curves(&["NistP256", "nistP521"]), "others"),
        (20348, curves(&["brainpoolP256r1"]), "others"),
        (20348, curves(&["NistP256,NistP521"]), "unknown"),
        (26100, curves(&["NistP256", "secp384r1_mlkem1024"]), "unknown"),
        (20348, curves(&[]), "unknown"),
        (20348, format!("[{POLICY}]\n\"EccCurves\"=\"NistP256\"\n"), "unknown"),
        // Before Windows 10 nobody reads it.
        (9600, curves(&["nistP521"]), "only"),
    ] {
        let (is, why) = told(&machine(build, &lines), "curves/mozilla-intermediate");
        assert_eq!(is, state, "build {build}: {lines}: {why}");
    }
    for subject in ["cipher-suites/mozilla-intermediate", "curves/mozilla-intermediate"] {
        assert_eq!(told(&just("[HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor]\n"), subject).0, "unknown", "{subject}");
        assert_eq!(told(&unreadable(), subject).0, "unknown", "{subject}");
    }
}
