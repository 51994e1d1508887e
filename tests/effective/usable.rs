//! Protocols and the cipher suites that they need: TLS 1.3 has its own, and takes no others (RFC 8446, B.4).

use tlshive::audit::States;
use tlshive::audit::effective::Answer::{self, No, Yes};
use tlshive::audit::effective::Availability::{self, NotSupported, Off, On, SoftOff, Unknown};
use tlshive::audit::effective::{Effective, OverallState, ProtocolState};
use tlshive::windows::subject::{Side, Subject};

use crate::machine::{PROTOCOLS, ids, just, machine, told};

const POLICY: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002";
const SCHANNEL: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
const GCM: &str = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
const AES: &str = "TLS_AES_256_GCM_SHA384";
const CHACHA: &str = "TLS_CHACHA20_POLY1305_SHA256";

fn list(names: &str) -> String {
    format!("[{POLICY}]\n\"Functions\"=\"{names}\"\n")
}

fn off(switch: &str) -> String {
    format!("[{SCHANNEL}\\{switch}]\n\"Enabled\"=dword:0\n")
}

fn of<'a>(effective: &'a Effective, name: &str) -> &'a ProtocolState {
    effective.protocols.iter().find(|p| p.protocol == name).unwrap()
}

/// Client and server alike.
fn state(effective: &Effective, name: &str) -> Availability {
    let found = of(effective, name);
    assert_eq!(found.client.state, found.server.state, "{name}");
    found.client.state
}

fn winhttp(effective: &Effective) -> Answer {
    effective.winhttp.views.first().unwrap().tls12
}

#[test]
fn a_protocol_without_a_suite_of_its_own_is_not_on() {
    let aes_off = off(r"Ciphers\AES 128/128") + &off(r"Ciphers\AES 256/256");
    let wrong_type = format!("[{POLICY}]\n\"Functions\"=dword:1\n");
    for (build, lines, tls12, tls13, of_winhttp) in [
        (20348, String::new(), On, On, Yes),
        (20348, list(GCM), On, Off, Yes),
        (20348, list(AES), Off, On, No),
        (22000, list(CHACHA), Off, On, No),
        (26100, list(&format!("{GCM},{AES}")), On, On, Yes),
        (20348, list("TLS_RSA_WITH_NULL_SHA256"), Off, Off, No),
        // A suite that may not be read is neither there nor missing.
        (20348, list(&format!("{GCM}, {AES}")), On, Unknown, Yes),
        (20348, list(&format!("{AES}, {GCM}")), Unknown, On, Answer::Unknown),
        (20348, wrong_type, Unknown, Unknown, Answer::Unknown),
        // What these switches do to TLS 1.3 is not documented.
        (20348, off(r"Ciphers\AES 128/128"), On, On, Yes),
        (20348, aes_off.clone() + &list(AES), Off, Unknown, No),
        (20348, off(r"KeyExchangeAlgorithms\ECDH"), On, Unknown, Yes),
        (20348, off(r"Hashes\SHA384") + &list(AES), Off, Unknown, No),
        (20348, off(r"Hashes\SHA384") + &list(CHACHA), Off, On, No),
        // A Windows that does not have it does not get it from a list.
        (17763, list(AES), Off, NotSupported, No),
        (17763, String::new(), On, NotSupported, Yes),
        // Builds whose suites are not in the table: as they ship they have some for what they have on.
        (20349, String::new(), On, Unknown, Answer::Unknown),
        (20349, off(r"Ciphers\RC4 128/128"), On, Unknown, Answer::Unknown),
        (20349, aes_off, Unknown, Unknown, Answer::Unknown),
        (20349, list(AES), Off, Unknown, No),
        (20349, list(&format!("TLS_A_LATER_ONE,{GCM}")), On, Unknown, Answer::Unknown),
        (16299, String::new(), On, NotSupported, Yes),
    ] {
        let found = machine(build, &lines);
        let case = format!("{build}: {lines}");
        assert_eq!((state(&found, "TLS 1.2"), state(&found, "TLS 1.3")), (tls12, tls13), "{case}");
        assert_eq!(winhttp(&found), of_winhttp, "{case}");
        let (word, why) = told(&found, "schannel/TLS 1.3/client");
        assert_eq!((word, why.as_str()), (tls13.word(), of(&found, "TLS 1.3").client.why.as_str()), "{case}");
        assert_eq!(ids(&found).contains(&"no-tls13-suite"), tls13 == Off, "{case}");
        // Who has no TLS 1.2 has none in the line above all either.
        let line = found.overall.state;
        assert!(tls12 != Off || line == OverallState::Off, "{case}: {}", found.overall.why);
        assert!(tls12 != Unknown || line != OverallState::On, "{case}: {}", found.overall.why);
    }
    let why = of(&machine(20348, &list(GCM)), "TLS 1.3").client.why.clone();
    let advice = |lines: &str| machine(20348, lines).advice(Subject::Schannel("TLS 1.3", Side::Server));
    assert!(advice(&list(GCM)).unwrap().contains("suites of TLS 1.3"));
    let own = format!("[{PROTOCOLS}\\TLS 1.3\\Server]\n\"Enabled\"=dword:0\n");
    assert_eq!((advice(&own), advice("")), (None, None), "the values turn it off, and would turn it on");
    assert_eq!(why, "OS default of build 20348; no cipher suite of TLS 1.3 is left (list of the policy, 1 suites)");
}

#[test]
fn what_is_off_anyway_is_off_for_its_own_reason() {
    let tls13 =
        |values: &str| format!("[{PROTOCOLS}\\TLS 1.3\\Client]\n{values}\n[{PROTOCOLS}\\TLS 1.3\\Server]\n{values}\n");
    let found = machine(20348, &(tls13("\"Enabled\"=dword:0") + &list(GCM)));
    assert_eq!((state(&found, "TLS 1.3"), of(&found, "TLS 1.3").client.why.as_str()), (Off, "Enabled=0"));
    assert!(!ids(&found).contains(&"no-tls13-suite"));
    let soft = tls13("\"DisabledByDefault\"=dword:1");
    assert_eq!(state(&machine(20348, &soft), "TLS 1.3"), SoftOff);
    assert_eq!(state(&machine(20348, &(soft + &list(GCM))), "TLS 1.3"), Off);
    // The values turn it on, and whether this Windows has it is not known.
    let on = tls13("\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:0") + &list(AES);
    assert_eq!(state(&just(&on), "TLS 1.3"), Unknown);
    assert_eq!(state(&machine(27842, &on), "TLS 1.3"), On);
    assert_eq!(state(&machine(16300, &on), "TLS 1.3"), Unknown);
}

/// Entra ID asks for TLS 1.2: which of the two is the last one follows from the suites as well.
#[test]
fn tls13_alone_is_noticed_however_it_came_about() {
    let off = format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=dword:0\n");
    for (lines, alone) in
        [(off.clone(), true), (list(AES), true), (off + &list(GCM), false), (list(GCM), false), (String::new(), false)]
    {
        assert_eq!(ids(&machine(20348, &lines)).contains(&"tls13-only"), alone, "{lines}");
    }
}

#[test]
fn a_count_that_is_not_known_is_not_given() {
    for (build, lines, left, in_doubt) in [
        (20348, list(GCM), 1, Some(0)),
        (20348, list(&format!("{GCM}, TLS_RSA_WITH_AES_128_CBC_SHA")), 1, Some(1)),
        (20348, list(GCM) + &off(r"Ciphers\AES 256/256"), 0, Some(1)),
        (20349, list(&format!("TLS_A_LATER_ONE,{GCM}")), 1, None),
        (20349, String::new(), 0, None),
    ] {
        let ciphers = machine(build, &lines).ciphers;
        assert_eq!((ciphers.tls12.len(), ciphers.in_doubt), (left, in_doubt), "{build}: {lines}");
    }
    assert_eq!((machine(20349, "").ciphers.listed, just("").ciphers.listed), (None, None));
}
