//! WinHTTP, cipher suites, product and restart.

use tlshive::audit::effective::Answer::{No, Unknown, Yes};
use tlshive::audit::effective::{Ciphers, Installed, ListSource, Needs, OverallState};
use tlshive::audit::restart::Pending;

use tlshive::audit::effective::View;
use tlshive::windows::subject::Subject;

use crate::machine::{NET, PROTOCOLS, WOW_NET, dword, ids, just, machine, machine_x86, told};

const WINHTTP: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp";
const POLICY: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002";
const SCHANNEL: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
const LOCAL: &str =
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002";
const UNINSTALL: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";
const SERVICE: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\ADSync";

#[test]
fn winhttp_by_value_and_by_release() {
    for (build, value, want) in [
        (7601, None, No),
        (9200, None, No),
        (9600, None, Yes),
        (14393, None, Yes),
        (17763, None, Yes),
        // Not named by the page, but both neighbours have TLS 1.2.
        (20348, None, Yes),
        (26100, None, Yes),
        (27842, None, Unknown),
        (17763, Some(0x800), Yes),
        (17763, Some(0xaa0), Yes),
        (17763, Some(0xa00), Yes),
        (17763, Some(0x2800), Yes),
        (17763, Some(0xa0), No),
        (17763, Some(0), No),
        // Read only with an update.
        (7601, Some(0xa00), Unknown),
        (7601, Some(0xa0), No),
    ] {
        let effective = machine(build, &format!("[{WINHTTP}]\n{}", dword("DefaultSecureProtocols", value)));
        let native = effective.winhttp.views.first().unwrap();
        assert_eq!(native.tls12, want, "{build} {value:?}: {}", native.why);
        assert_eq!(effective.winhttp.views.len(), 2);
    }
}

/// What Schannel does with TLS 1.2 for clients, `DefaultSecureProtocols`, and whether WinHTTP callers reach TLS 1.2.
#[test]
fn winhttp_gets_what_schannel_gives() {
    const ON: &str = "\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:0";
    const SOFT_OFF: &str = "\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:1";
    const OFF: &str = "\"Enabled\"=dword:0";
    const ODD: &str = "\"Enabled\"=\"1\"";
    for (build, client, value, want) in [
        (17763, ON, None, Yes),
        (17763, ON, Some(0x800), Yes),
        (17763, ON, Some(0xa0), No),
        (17763, SOFT_OFF, None, No),
        // By name it would be given; whether this names it is not documented.
        (17763, SOFT_OFF, Some(0x800), Unknown),
        (17763, SOFT_OFF, Some(0xa0), No),
        (17763, OFF, None, No),
        (17763, OFF, Some(0x800), No),
        (17763, OFF, Some(0xa0), No),
        (17763, ODD, None, Unknown),
        (17763, ODD, Some(0x800), Unknown),
        (17763, ODD, Some(0xa0), No),
        // The default of WinHTTP is not known there.
        (27842, ON, None, Unknown),
        (27842, OFF, None, No),
        (27842, SOFT_OFF, None, Unknown),
        // The value is read only with an update.
        (7601, ON, Some(0xa00), Unknown),
        (7601, SOFT_OFF, Some(0xa00), Unknown),
        (7601, OFF, Some(0xa00), No),
        // Schannel does not have it at all.
        (6001, ON, Some(0x800), No),
    ] {
        let lines = format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n{client}\n[{WINHTTP}]\n");
        let effective = machine(build, &(lines + &dword("DefaultSecureProtocols", value)));
        let native = effective.winhttp.views.first().unwrap();
        assert_eq!(native.tls12, want, "{build} {client:?} {value:?}: {}", native.why);
    }
}

/// Without the processor's name, what a file says of WOW6432Node tells whether Windows is 64-bit.
#[test]
fn views_are_told_by_the_architecture_or_by_wow6432node() {
    let values = "\"SystemDefaultTlsVersions\"=dword:1\n\"SchUseStrongCrypto\"=dword:1\n";
    let doubt = "no input says whether Windows is 64-bit; the SYSTEM hive does";
    for (lines, views) in [
        (format!("[{NET}\\v4.0.30319]\n{values}[{WOW_NET}\\v4.0.30319]\n{values}"), vec![View::Bits64, View::Bits32]),
        (format!("[{NET}\\v4.0.30319]\n{values}"), vec![View::Native, View::Bits32]),
        ("[HKEY_LOCAL_MACHINE\\SOFTWARE]\n".to_owned(), vec![View::Native]),
    ] {
        let found = just(&lines);
        assert_eq!(found.winhttp.views.iter().map(|v| v.view).collect::<Vec<_>>(), views, "{lines}");
        let mut of_net: Vec<View> = found.dotnet.programs.iter().map(|p| p.view).collect();
        of_net.dedup();
        assert_eq!(of_net, views, "{lines}");
        for subject in ["dotnet/v4/64-bit", "dotnet/v2/64-bit", "winhttp/64-bit"] {
            let (state, why) = told(&found, subject);
            assert_eq!((state, why == doubt), ("unknown", !views.contains(&View::Bits64)), "{subject}: {why}");
        }
    }
    let x86 = machine_x86(17763, "");
    assert_eq!(told(&x86, "winhttp/64-bit").1, "this Windows has no 64-bit programs");
}

fn ciphers(build: u32, lines: &str) -> (Ciphers, Vec<&'static str>) {
    let effective = machine(build, lines);
    let ids = ids(&effective);
    (effective.ciphers, ids)
}

#[test]
fn the_list_is_the_policys_else_the_local_one_else_the_default() {
    let multi = |names: &[&str]| {
        let units: Vec<String> = names
            .iter()
            .flat_map(|name| name.bytes().chain([0]))
            .chain([0])
            .map(|byte| format!("{byte:02x},00"))
            .collect();
        format!("[{LOCAL}]\n\"Functions\"=hex(7):{}\n", units.join(","))
    };
    let policy = format!("[{POLICY}]\n\"Functions\"=\"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\"\n");
    let local = multi(&["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]);
    for (build, listed) in [(14393, 32), (17763, 23), (20348, 25), (26100, 22), (9600, 40), (7601, 40)] {
        let (found, _) = ciphers(build, "");
        assert_eq!((found.source, found.listed), (ListSource::OsDefault, Some(listed)), "{build}");
        assert_eq!((found.tls12_left, found.strong_left, found.entra_left), (Yes, Yes, Yes), "{build}");
    }
    assert_eq!(ciphers(20349, "").0.tls12_left, Unknown, "no table for this build");
    let (found, ids) = ciphers(17763, &local);
    assert_eq!((found.source, found.listed), (ListSource::Local, Some(2)));
    assert_eq!((found.tls12_left, found.entra_left), (Yes, No));
    assert!(ids.contains(&"no-entra-suite"));
    let (found, _) = ciphers(17763, &(policy + &local));
    assert_eq!((found.source, found.listed, found.entra_left), (ListSource::Policy, Some(1), Yes));
}

#[test]
fn foot_guns_of_the_policys_list() {
    let with = |build: u32, list: &str| ciphers(build, &format!("[{POLICY}]\n\"Functions\"=\"{list}\"\n"));
    let gcm = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
    let (found, ids) = with(17763, &format!("TLS_RSA_WITH_NULL_SHA256, {gcm}"));
    assert_eq!(
        (found.tls12_left, found.strong_left, found.entra_left),
        (Unknown, Unknown, Unknown),
        "the blank may hide it, and the other does not encrypt"
    );
    assert!(ids.contains(&"cipher-list-blank"));
    let long = vec!["TLS_RSA_WITH_NULL_SHA256"; 41].join(",");
    let (found, ids) = with(17763, &format!("{long},{gcm}"));
    assert!(ids.contains(&"cipher-list-too-long"));
    assert_eq!(found.entra_left, Unknown, "it stands past the limit");
    let (found, ids) = with(17763, &format!("TLS_NO_SUCH_SUITE,{gcm}"));
    assert!(ids.contains(&"cipher-list-unknown-suite"));
    assert_eq!(found.entra_left, Yes);
    let (found, ids) = with(17763, "TLS_AES_256_GCM_SHA384");
    assert_eq!(found.tls12_left, No, "a suite of TLS 1.3, which this Windows does not have");
    assert!(ids.contains(&"no-tls12-suite"));
    let off = machine(20348, &format!("[{POLICY}]\n\"Functions\"=\"TLS_AES_256_GCM_SHA384\"\n"));
    assert_eq!(off.overall.state, OverallState::Off, "{}", off.overall.why);
    // Before Windows 10 the curve is part of the name.
    assert_eq!(with(9600, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384").0.tls12_left, No);
    assert_eq!(with(9600, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P384").0.entra_left, Yes);
    assert_eq!(with(17763, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P384").0.entra_left, Yes);
    let (found, ids) = ciphers(17763, &format!("[{POLICY}]\n\"Functions\"=dword:1\n"));
    assert_eq!((found.source, found.tls12_left), (ListSource::Unknown, Unknown));
    assert!(ids.contains(&"cipher-list-wrong-type"));
    let (found, ids) = with(17763, "");
    assert_eq!(found.tls12_left, Unknown, "nobody says what an empty list does");
    assert!(ids.contains(&"cipher-list-empty"));
    assert_eq!(just("").ciphers.tls12_left, Unknown);
}

/// Lists, whether a suite is left, to whom strong cryptography matters, and for Entra ID; what .NET programs for 4.7 or
/// newer reach, with and without strong cryptography.
#[test]
fn suites_that_are_left_decide_for_whom_tls12_is_on() {
    let net = |strong: u32| {
        let values = format!("\"SystemDefaultTlsVersions\"=dword:1\n\"SchUseStrongCrypto\"=dword:{strong}\n");
        format!("[{NET}\\v4.0.30319]\n{values}[{WOW_NET}\\v4.0.30319]\n{values}")
    };
    for (list, left, strong_net, plain_net) in [
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", (Yes, Yes, Yes), Yes, Yes),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", (Yes, Yes, No), Yes, Yes),
        // RC4 is nothing that strong cryptography takes.
        ("TLS_RSA_WITH_RC4_128_SHA", (Yes, No, No), No, Yes),
        ("TLS_RSA_WITH_NULL_SHA256", (No, No, No), No, No),
        ("TLS_RSA_WITH_NULL_SHA256,TLS_RSA_WITH_RC4_128_SHA", (Yes, No, No), No, Yes),
    ] {
        let policy = format!("[{POLICY}]\n\"Functions\"=\"{list}\"\n");
        for (strong, want) in [(1, strong_net), (0, plain_net)] {
            let found = machine(20348, &(policy.clone() + &net(strong)));
            let ciphers = &found.ciphers;
            assert_eq!((ciphers.tls12_left, ciphers.strong_left, ciphers.entra_left), left, "{list}");
            assert!(found.dotnet.programs.iter().all(|p| p.reaches_tls12 == want), "{list}, {strong}");
            assert_eq!(ids(&found).contains(&"no-strong-suite"), left.0 == Yes && left.1 == No, "{list}");
            let named = found.overall.why.ends_with("; no cipher suite that Entra ID accepts is left");
            assert_eq!(named, left.0 == Yes && left.2 == No, "{list}: {}", found.overall.why);
        }
    }
    let rc4 = format!("[{POLICY}]\n\"Functions\"=\"TLS_RSA_WITH_RC4_128_SHA\"\n");
    let found = machine(20348, &(rc4 + &net(1))).overall;
    let why = "client, server (OS default of build 20348); \
               not: .NET (strong cryptography leaves it no cipher suite of TLS 1.2); \
               no cipher suite that Entra ID accepts is left";
    assert_eq!((found.state, found.why.as_str()), (OverallState::Partly, why));
}

#[test]
fn algorithms_that_are_off_take_their_suites_along() {
    let policy = |list: &str| format!("[{POLICY}]\n\"Functions\"=\"{list}\"\n");
    let off = |key: &str| format!("[{SCHANNEL}\\{key}]\n\"Enabled\"=dword:0\n");
    for (list, switches, want) in [
        ("TLS_RSA_WITH_RC4_128_SHA", vec!["Ciphers\\RC4 128/128"], No),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", vec!["Ciphers\\Triple DES 168"], No),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", vec!["Hashes\\SHA"], No),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", vec!["KeyExchangeAlgorithms\\PKCS"], No),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", vec!["Ciphers\\RC4 128/128", "Hashes\\MD5"], Yes),
        // Common knowledge alone says so: neither left nor gone.
        ("TLS_RSA_WITH_AES_128_CBC_SHA", vec!["Ciphers\\AES 128/128"], Unknown),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", vec!["KeyExchangeAlgorithms\\ECDH"], Unknown),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", vec!["KeyExchangeAlgorithms\\PKCS"], Unknown),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", vec!["Hashes\\SHA256"], No),
    ] {
        let lines = policy(list) + &switches.iter().map(|key| off(key)).collect::<String>();
        assert_eq!(ciphers(17763, &lines).0.tls12_left, want, "{list} without {switches:?}");
    }
    let on = format!("[{SCHANNEL}\\Hashes\\SHA]\n\"Enabled\"=dword:ffffffff\n");
    assert_eq!(ciphers(17763, &(policy("TLS_RSA_WITH_AES_128_CBC_SHA") + &on)).0.tls12_left, Yes);
}

fn entry(name: &str, version: &str) -> String {
    format!("[{UNINSTALL}\\{name}]\n\"DisplayName\"=\"{name}\"\n\"DisplayVersion\"=\"{version}\"\n")
}

#[test]
fn the_product_needs_its_service_and_its_entry() {
    let service = format!("[{SERVICE}]\n\"Start\"=dword:2\n");
    let entra = entry("Microsoft Entra Connect Sync", "2.5.79.0");
    let azure = entry("Microsoft Azure AD Connect", "2.4.129.0");
    let agent = entry("Azure AD Connect Provisioning Agent", "1.1.1");
    let product_key = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Azure AD Connect]\n".to_owned();
    for (lines, installed, version, needs) in [
        (String::new(), Installed::No, None, Needs::Unknown),
        (service.clone() + &entra, Installed::Yes, Some("2.5.79.0"), Needs::NoValues),
        (service.clone() + &azure, Installed::Yes, Some("2.4.129.0"), Needs::Values),
        // Whatever its entry is called, the service runs the engine.
        (service.clone(), Installed::Yes, None, Needs::Unknown),
        (product_key + &entra, Installed::Remnant, None, Needs::Unknown),
        (service.clone() + &agent, Installed::Yes, None, Needs::Unknown),
        // A stale entry beside the right one.
        (service.clone() + &azure + &entra, Installed::Yes, None, Needs::Unknown),
    ] {
        let product = machine(17763, &lines).product;
        assert_eq!(
            (product.installed, product.version.as_deref(), product.needs),
            (installed, version, needs),
            "{lines}"
        );
    }
    assert!(ids(&machine(9600, &(service.clone() + &entra))).contains(&"entra-connect-windows"));
    assert!(!ids(&machine(14393, &(service.clone() + &entra))).contains(&"entra-connect-windows"));
    let product = machine(17763, &(service + &agent)).product;
    assert_eq!(product.others.len(), 1);
    assert_eq!(just("").product.installed, Installed::Unknown);
}

#[test]
fn what_a_version_asks_for() {
    for (version, needs, outdated) in [
        ("1.6.16.0", Needs::Unknown, true),
        ("2.0.3.0", Needs::Unknown, true),
        ("2.3.6.0", Needs::Unknown, true),
        ("2.3.20.0", Needs::Values, true),
        ("2.4.18.0", Needs::Values, true),
        ("2.4.129.0", Needs::Values, true),
        ("2.4.131.0", Needs::NoValues, true),
        ("2.5.78.0", Needs::NoValues, true),
        ("2.5.79.0", Needs::NoValues, false),
        ("2.6.1.0", Needs::NoValues, false),
        // What is left out is 0.
        ("2.5.79", Needs::NoValues, false),
        ("2.4", Needs::Values, true),
    ] {
        let lines = format!("[{SERVICE}]\n") + &entry("Microsoft Entra Connect Sync", version);
        let effective = machine(17763, &lines);
        assert_eq!(effective.product.needs, needs, "{version}");
        assert_eq!(ids(&effective).contains(&"entra-connect-outdated"), outdated, "{version}");
    }
}

#[test]
fn a_reg_file_has_no_times() {
    let set = machine(17763, &format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=dword:0\n"));
    assert_eq!(set.restart.pending, Pending::Unknown);
    let as_default = format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=dword:1\n");
    assert_eq!(machine(17763, &as_default).restart.pending, Pending::No, "it changes nothing");
}

#[test]
fn every_subject_that_a_policy_may_name_is_answered() {
    let found = just("");
    let mut subjects: Vec<String> = Vec::new();
    for protocol in tlshive::windows::subject::PROTOCOLS {
        subjects.extend(["client", "server"].map(|side| format!("schannel/{protocol}/{side}")));
    }
    for bits in ["64-bit", "32-bit"] {
        subjects.extend(["dotnet/v2", "dotnet/v4", "dotnet/v4.6", "winhttp"].map(|what| format!("{what}/{bits}")));
    }
    for protocol in tlshive::windows::subject::PROTOCOLS {
        subjects.extend(["sides", "values"].map(|what| format!("schannel/{protocol}/{what}")));
    }
    for bits in ["64-bit", "32-bit"] {
        subjects.extend(["v2", "v4"].map(|runtime| format!("dotnet-protocols/{runtime}/{bits}")));
    }
    subjects.extend(tlshive::windows::subject::DOTNET_VERSIONS.map(|version| format!("dotnet-release/{version}")));
    subjects.extend(
        ["tls-1.2", "entra-id", "azure-devops", "mozilla-intermediate"].map(|which| format!("cipher-suites/{which}")),
    );
    subjects.extend(["Diffie-Hellman", "ECDH", "PKCS"].map(|which| format!("key-exchange/{which}")));
    subjects.extend(
        ["Diffie-Hellman/client", "Diffie-Hellman/server", "PKCS/client"].map(|of| format!("key-size/{of}/2048")),
    );
    subjects.extend(["version", "support", "dotnet", "programs"].map(|of| format!("entra-connect/{of}")));
    subjects
        .extend(["entra-agents/versions", "protocols/client", "protocols/server", "curves/nist"].map(str::to_owned));
    subjects.push("curves/mozilla-intermediate".to_owned());
    for subject in subjects {
        let known = Subject::parse(&subject).unwrap();
        let machine = machine(20348, "");
        for found in [&found, &machine] {
            let (state, _) = told(found, &subject);
            assert!(
                state == "unknown" || known.states().iter().any(|known| known.word() == state),
                "{subject}: {state}"
            );
        }
    }
    for none in
        ["schannel/PCT 1.0/client", "schannel/TLS 1.2/both", "dotnet/v3/64-bit", "winhttp", "winhttp/16-bit", ""]
    {
        assert!(Subject::parse(none).is_none(), "{none}");
    }
}
