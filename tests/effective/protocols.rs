//! Schannel's protocols: every combination of the two values, and every default.

use tlshive::audit::effective::Availability::{self, NotSupported, Off, On, SoftOff, Unknown};
use tlshive::audit::effective::{Effective, OverallState};

use crate::machine::{PROTOCOLS, dword, just, machine, unreadable};

fn state(effective: &Effective, protocol: &str) -> (Availability, Availability) {
    let found = effective.protocols.iter().find(|p| p.protocol == protocol).unwrap();
    (found.client.state, found.server.state)
}

fn why(effective: &Effective, protocol: &str) -> String {
    effective.protocols.iter().find(|p| p.protocol == protocol).unwrap().client.why.clone()
}

fn tls12(values: &str) -> String {
    format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n{values}\n[{PROTOCOLS}\\TLS 1.2\\Server]\n{values}\n")
}

/// `Enabled`, `DisabledByDefault`, the state from Windows 8 on, the state before.
const COMBINATIONS: [(Option<u32>, Option<u32>, Availability, Availability); 16] = [
    (None, None, On, SoftOff),
    (Some(1), Some(0), On, On),
    (Some(0xffff_ffff), Some(0), On, On),
    (Some(2), Some(0), On, On),
    (Some(1), None, On, SoftOff),
    (Some(0xffff_ffff), None, On, SoftOff),
    (None, Some(0), On, On),
    (Some(1), Some(1), SoftOff, SoftOff),
    (None, Some(1), SoftOff, SoftOff),
    (Some(0), Some(0), Off, Off),
    (Some(0), Some(1), Off, Off),
    (Some(0), None, Off, Off),
    // Any number but 0 means the same as 1.
    (Some(1), Some(2), SoftOff, SoftOff),
    (None, Some(0xffff_ffff), SoftOff, SoftOff),
    (Some(0xffff_ffff), Some(0xffff_ffff), SoftOff, SoftOff),
    (Some(0), Some(0xffff_ffff), Off, Off),
];

#[test]
fn every_combination_of_the_two_values() {
    for (enabled, soft_off, modern, old) in COMBINATIONS {
        let lines = tls12(&(dword("Enabled", enabled) + &dword("DisabledByDefault", soft_off)));
        let case = format!("Enabled {enabled:?}, DisabledByDefault {soft_off:?}");
        for build in [9200, 9600, 14393, 17763, 20348, 26100, 26200] {
            assert_eq!(state(&machine(build, &lines), "TLS 1.2"), (modern, modern), "{case} on {build}");
        }
        for build in [7600, 7601] {
            assert_eq!(state(&machine(build, &lines), "TLS 1.2"), (old, old), "{case} on {build}");
        }
        // On Server 2008 SP2 an update decides whether TLS 1.2 is there at all.
        let vista = if old == On { Unknown } else { old };
        assert_eq!(state(&machine(6003, &lines), "TLS 1.2"), (vista, vista), "{case} on 6003");
        assert_eq!(state(&machine(6001, &lines), "TLS 1.2"), (NotSupported, NotSupported), "{case} on 6001");
    }
}

#[test]
fn a_value_of_another_type_is_neither_on_nor_off() {
    for (values, want) in [
        ("\"Enabled\"=\"1\"\n\"DisabledByDefault\"=dword:0", Unknown),
        ("\"Enabled\"=dword:1\n\"DisabledByDefault\"=\"0\"", Unknown),
        ("\"Enabled\"=hex(b):01,00,00,00,00,00,00,00\n\"DisabledByDefault\"=dword:0", Unknown),
        ("\"Enabled\"=hex(4):01\n\"DisabledByDefault\"=dword:0", Unknown),
        ("\"Enabled\"=hex:01,00,00,00", Unknown),
        ("\"DisabledByDefault\"=\"1\"", Unknown),
        ("\"Enabled\"=\"0\"", Unknown),
        // Enabled=0 alone decides.
        ("\"Enabled\"=dword:0\n\"DisabledByDefault\"=\"0\"", Off),
    ] {
        let effective = machine(17763, &tls12(values));
        assert_eq!(state(&effective, "TLS 1.2"), (want, want), "{values}");
        assert!(effective.lints.iter().any(|lint| lint.id == "schannel-wrong-type"), "{values}");
    }
    let why = why(&machine(17763, &tls12("\"Enabled\"=\"1\"")), "TLS 1.2");
    assert_eq!(why, "Enabled has type REG_SZ; what Windows makes of that is not known");
}

/// A build, and client and server of SSL 2.0, SSL 3.0, TLS 1.0, 1.1, 1.2, 1.3, DTLS 1.0 and 1.2 when nothing is set.
type Row = (u32, [(Availability, Availability); 8]);

const NO: (Availability, Availability) = (NotSupported, NotSupported);
const ON: (Availability, Availability) = (On, On);
const OFF: (Availability, Availability) = (Off, Off);
const SOFT: (Availability, Availability) = (SoftOff, SoftOff);
const OPEN: (Availability, Availability) = (Unknown, Unknown);

const DEFAULTS: &[Row] = &[
    (6000, [(Off, On), ON, ON, NO, NO, NO, NO, NO]),
    (6001, [(Off, On), ON, ON, NO, NO, NO, NO, NO]),
    (6002, [(Off, On), ON, ON, SOFT, SOFT, NO, NO, NO]),
    (6003, [(Off, On), ON, ON, SOFT, SOFT, NO, NO, NO]),
    (7600, [(Off, On), ON, ON, SOFT, SOFT, NO, ON, NO]),
    (7601, [(Off, On), ON, ON, SOFT, SOFT, NO, ON, NO]),
    (9200, [OFF, ON, ON, ON, ON, NO, ON, NO]),
    (9600, [OFF, ON, ON, ON, ON, NO, ON, NO]),
    (10240, [OFF, ON, ON, ON, ON, NO, ON, NO]),
    (10586, [OFF, ON, ON, ON, ON, NO, ON, NO]),
    (14393, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (15063, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (16299, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (17134, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (17763, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (18362, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (18363, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (19041, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (19042, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (19043, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (19044, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (19045, [NO, OFF, ON, ON, ON, NO, ON, ON]),
    (17784, [NO, OPEN, OPEN, OPEN, ON, NO, OPEN, OPEN]),
    (20348, [NO, OFF, ON, ON, ON, ON, ON, ON]),
    (20349, [NO, OPEN, OPEN, OPEN, ON, OPEN, OPEN, OPEN]),
    (22000, [NO, OFF, ON, ON, ON, ON, ON, ON]),
    (22621, [NO, OFF, ON, ON, ON, ON, ON, ON]),
    (22631, [NO, OFF, ON, ON, ON, ON, ON, ON]),
    (25398, [NO, OFF, ON, ON, ON, ON, ON, ON]),
    (26100, [NO, OFF, ON, ON, ON, ON, ON, ON]),
    (26200, [NO, OFF, OPEN, OPEN, ON, ON, ON, ON]),
    (26300, [NO, OFF, OPEN, OPEN, ON, ON, ON, ON]),
    (28000, [NO, OFF, OPEN, OPEN, ON, ON, ON, ON]),
    // A build that nobody has described.
    (27842, [OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN]),
];

#[test]
fn every_default() {
    const NAMES: [&str; 8] = ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "DTLS 1.0", "DTLS 1.2"];
    for (build, wanted) in DEFAULTS {
        let effective = machine(*build, "");
        for (name, want) in NAMES.into_iter().zip(wanted) {
            assert_eq!(state(&effective, name), *want, "{name} on build {build}");
        }
    }
    let table: toml::Table = include_str!("../../src/audit/effective/data/os_defaults.toml").parse().unwrap();
    let releases = table["release"].as_array().unwrap().iter();
    let builds =
        releases.flat_map(|release| release["builds"].as_array().unwrap()).map(|build| build.as_integer().unwrap());
    for build in builds {
        assert!(DEFAULTS.iter().any(|(row, _)| i64::from(*row) == build), "build {build} has no row here");
    }
    assert_eq!(why(&machine(17763, ""), "TLS 1.2"), "OS default of build 17763");
}

#[test]
fn values_do_not_bring_a_protocol_that_windows_does_not_have() {
    let lines = format!("[{PROTOCOLS}\\TLS 1.3\\Client]\n\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:0\n");
    assert_eq!(state(&machine(17763, &lines), "TLS 1.3"), NO);
    assert_eq!(state(&machine(20348, &lines), "TLS 1.3"), ON);
}

#[test]
fn a_protocol_that_is_off_for_an_undocumented_reason_needs_both_values() {
    let ssl3 = |values: &str| state(&machine(17763, &format!("[{PROTOCOLS}\\SSL 3.0\\Client]\n{values}")), "SSL 3.0").0;
    for (values, want) in [
        ("\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:0", On),
        ("\"Enabled\"=dword:1", Unknown),
        ("\"DisabledByDefault\"=dword:0", Unknown),
        ("\"DisabledByDefault\"=dword:1", Off),
        ("\"Enabled\"=dword:0", Off),
    ] {
        assert_eq!(ssl3(values), want, "{values}");
    }
    for (build, protocol, values, want) in [
        (
            17763,
            "SSL 3.0",
            "\"Enabled\"=dword:1",
            "Enabled=1; build 17763 has it off by default, by which value is not documented: it is on or soft-off",
        ),
        (
            17763,
            "SSL 3.0",
            "\"DisabledByDefault\"=dword:0",
            "DisabledByDefault=0; build 17763 has it off by default, by which value is not documented: it is on or off",
        ),
        (7601, "SSL 2.0", "\"DisabledByDefault\"=dword:1", "DisabledByDefault=1; off is the OS default of build 7601"),
        (7601, "SSL 2.0", "\"Enabled\"=dword:0", "Enabled=0"),
    ] {
        let lines = format!("[{PROTOCOLS}\\{protocol}\\Client]\n{values}");
        assert_eq!(why(&machine(build, &lines), protocol), want, "{build} {protocol} {values}");
    }
}

#[test]
fn what_is_not_covered_or_not_readable_is_never_a_default() {
    assert_eq!(state(&just(""), "TLS 1.2"), OPEN);
    assert_eq!(state(&unreadable(), "TLS 1.2"), OPEN);
    assert_eq!(unreadable().overall.state, OverallState::Unknown);
    assert!(why(&unreadable(), "TLS 1.2").contains("bad sector"), "{}", why(&unreadable(), "TLS 1.2"));
    // Explicit values need no build; half of them do. What turns it on says nothing of its cipher suites.
    let on = tls12("\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:0");
    assert_eq!(state(&machine(27842, &on), "TLS 1.2"), ON);
    assert_eq!(state(&just(&on), "TLS 1.2"), OPEN);
    assert_eq!(state(&just(&tls12("\"Enabled\"=dword:0")), "TLS 1.2"), OFF);
    assert_eq!(state(&just(&tls12("\"Enabled\"=dword:1")), "TLS 1.2"), OPEN);
    // A deleted key is a known absence, of an unknown build.
    assert_eq!(state(&just(&format!("[-{PROTOCOLS}\\TLS 1.2]")), "TLS 1.2"), OPEN);
}
