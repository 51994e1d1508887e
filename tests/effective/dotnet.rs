//! .NET Framework: the truth table.

use tlshive::audit::effective::Answer::{self, No, Unknown, Yes};
use tlshive::audit::effective::Offer::{self, Os, Ssl3Tls10, Tls10To12};
use tlshive::audit::effective::{Effective, OverallState, Target, View};

use crate::machine::{NET, PROTOCOLS, WOW_NET, dword, ids, just, machine, machine_x86, unreadable};

const TARGETS: [Target; 3] = [Target::UpTo452, Target::From46, Target::From47];

fn offers(effective: &Effective, view: View) -> Vec<Offer> {
    let of = |target| effective.dotnet.programs.iter().find(|p| p.view == view && p.target == target);
    TARGETS.into_iter().filter_map(of).map(|program| program.offer).collect()
}

fn reaches(effective: &Effective, view: View) -> Vec<Answer> {
    effective.dotnet.programs.iter().filter(|p| p.view == view).map(|p| p.reaches_tls12).collect()
}

fn v4(system: Option<u32>, strong: Option<u32>) -> String {
    dword("SystemDefaultTlsVersions", system) + &dword("SchUseStrongCrypto", strong)
}

/// `SystemDefaultTlsVersions`, `SchUseStrongCrypto`, then what programs for 4.5.2 or older, 4.6 to 4.6.2, and 4.7 or newer
/// offer.
const TABLE: [(Option<u32>, Option<u32>, [Offer; 3]); 14] = [
    (None, None, [Ssl3Tls10, Tls10To12, Os]),
    (None, Some(0), [Ssl3Tls10, Ssl3Tls10, Os]),
    (None, Some(1), [Tls10To12, Tls10To12, Os]),
    (Some(0), None, [Ssl3Tls10, Tls10To12, Tls10To12]),
    (Some(0), Some(0), [Ssl3Tls10, Ssl3Tls10, Ssl3Tls10]),
    (Some(0), Some(1), [Tls10To12, Tls10To12, Tls10To12]),
    (Some(1), None, [Os, Os, Os]),
    (Some(1), Some(0), [Os, Os, Os]),
    (Some(1), Some(1), [Os, Os, Os]),
    // Other numbers: off to older programs, on to newer ones.
    (Some(2), None, [Ssl3Tls10, Tls10To12, Os]),
    (Some(0xffff_ffff), Some(0), [Ssl3Tls10, Ssl3Tls10, Os]),
    (Some(0), Some(2), [Ssl3Tls10, Tls10To12, Tls10To12]),
    (None, Some(2), [Ssl3Tls10, Tls10To12, Os]),
    (Some(2), Some(2), [Ssl3Tls10, Tls10To12, Os]),
];

#[test]
fn every_row_in_both_views() {
    for (system, strong, want) in TABLE {
        let untouched = vec![Ssl3Tls10, Tls10To12, Os];
        let case = format!("SystemDefaultTlsVersions {system:?}, SchUseStrongCrypto {strong:?}");
        let native = machine(17763, &format!("[{NET}\\v4.0.30319]\n{}", v4(system, strong)));
        assert_eq!(offers(&native, View::Bits64), want, "{case}");
        assert_eq!(offers(&native, View::Bits32), untouched, "{case}");
        let wow = machine(17763, &format!("[{WOW_NET}\\v4.0.30319]\n{}", v4(system, strong)));
        assert_eq!(offers(&wow, View::Bits32), want, "{case}");
        assert_eq!(offers(&wow, View::Bits64), untouched, "{case}");
        let x86 = machine_x86(17763, &format!("[{NET}\\v4.0.30319]\n{}", v4(system, strong)));
        assert_eq!(offers(&x86, View::Bits32), want, "{case}");
        assert_eq!(offers(&x86, View::Bits64), [], "{case}");
    }
}

/// The switches of a view, `SystemDefaultTlsVersions`, `SchUseStrongCrypto`, and what programs for 4.5.2 or older, 4.6 to 4.6.2,
/// and 4.7 or newer offer.
#[test]
fn switches_of_the_machine_turn_defaults_around() {
    const PREFIX: &str = "Switch.System.Net.DontEnable";
    let (system_off, strong_off) = ("SystemDefaultTlsVersions\"=\"true\"", "SchUseStrongCrypto\"=\"true\"");
    let (system_on, strong_on) = ("SystemDefaultTlsVersions\"=\" False\"", "SchUseStrongCrypto\"=\"FALSE\"");
    let default = [Ssl3Tls10, Tls10To12, Os];
    for (switches, system, strong, want) in [
        (vec![system_off, strong_off], None, None, [Ssl3Tls10; 3]),
        (vec![system_off], None, None, [Ssl3Tls10, Tls10To12, Tls10To12]),
        (vec![strong_off], None, None, [Ssl3Tls10, Ssl3Tls10, Os]),
        // The values still count.
        (vec![system_off, strong_off], Some(1), None, [Os; 3]),
        (vec![system_off, strong_off], None, Some(1), [Tls10To12; 3]),
        (vec![system_off, strong_off], Some(2), Some(2), [Ssl3Tls10; 3]),
        (vec![system_on, strong_on], None, None, [Os; 3]),
        (vec![strong_on], None, None, [Tls10To12, Tls10To12, Os]),
        (vec![system_on, strong_on], Some(0), Some(0), [Ssl3Tls10; 3]),
        // Neither true nor false, and no text.
        (vec!["SystemDefaultTlsVersions\"=\"1\"", "SchUseStrongCrypto\"=\"\""], None, None, default),
        (vec!["SystemDefaultTlsVersions\"=dword:1"], None, None, default),
    ] {
        let lines: String = switches.iter().map(|line| format!("\"{PREFIX}{line}\n")).collect();
        for (home, set, other) in [(NET, View::Bits64, View::Bits32), (WOW_NET, View::Bits32, View::Bits64)] {
            let found =
                machine(17763, &format!("[{home}\\AppContext]\n{lines}[{home}\\v4.0.30319]\n{}", v4(system, strong)));
            let case = format!("{switches:?} {system:?} {strong:?}");
            assert_eq!(offers(&found, set), want, "{case}");
            assert_eq!(offers(&found, other), default, "{case}");
            assert!(ids(&found).iter().any(|id| id.starts_with("dotnet-app-context")), "{case}");
        }
    }
    assert!(
        !ids(&machine(17763, &format!("[{NET}\\AppContext]\n\"Switch.Other\"=\"true\"\n")))
            .contains(&"dotnet-app-context")
    );
}

#[test]
fn other_types_are_ignored_and_doubt_counts_only_where_it_matters() {
    let native = |values: &str| machine(17763, &format!("[{NET}\\v4.0.30319]\n{values}\n"));
    let wrong = native("\"SystemDefaultTlsVersions\"=\"1\"\n\"SchUseStrongCrypto\"=dword:1");
    assert_eq!(offers(&wrong, View::Bits64), [Tls10To12, Tls10To12, Os]);
    assert!(ids(&wrong).contains(&"dotnet-wrong-type"));
    let short = native("\"SystemDefaultTlsVersions\"=hex(4):01");
    assert_eq!(offers(&short, View::Bits64), [Offer::Unknown, Offer::Unknown, Offer::Unknown]);
    let certain = native("\"SystemDefaultTlsVersions\"=dword:1\n\"SchUseStrongCrypto\"=hex(4):01");
    assert_eq!(offers(&certain, View::Bits64), [Os, Os, Os]);
    let uncovered = just("");
    assert!(uncovered.dotnet.programs.iter().all(|p| p.offer == Offer::Unknown));
}

#[test]
fn what_schannel_allows_decides_whether_the_offer_helps() {
    let schannel = |values: &str| format!("[{PROTOCOLS}\\TLS 1.2\\Client]\n{values}\n");
    let strong_only = format!("[{NET}\\v4.0.30319]\n{}", v4(Some(0), Some(1)));
    let system = format!("[{NET}\\v4.0.30319]\n{}", v4(Some(1), Some(1)));
    for (values, by_name, by_system) in [
        ("\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:0", Yes, Yes),
        // A protocol that is asked for by name is given though it is off by default.
        ("\"Enabled\"=dword:1\n\"DisabledByDefault\"=dword:1", Yes, No),
        ("\"Enabled\"=dword:0", No, No),
        ("\"Enabled\"=\"1\"", Unknown, Unknown),
    ] {
        let asks = machine(17763, &(schannel(values) + &strong_only));
        assert_eq!(reaches(&asks, View::Bits64), [by_name; 3], "{values}");
        let follows = machine(17763, &(schannel(values) + &system));
        assert_eq!(reaches(&follows, View::Bits64), [by_system; 3], "{values}");
    }
    let broken = format!("[{NET}\\v4.0.30319]\n{}", v4(Some(0), Some(0)));
    assert_eq!(reaches(&machine(17763, &broken), View::Bits64), [No; 3]);
}

#[test]
fn the_installed_release_says_which_programs_there_can_be() {
    const NDP: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full";
    for (release, version, targets) in [
        (378_389, "4.5", 1),
        (378_675, "4.5.1", 1),
        (379_893, "4.5.2", 1),
        (393_295, "4.6", 2),
        (394_254, "4.6.1", 2),
        (394_802, "4.6.2", 2),
        (460_798, "4.7", 3),
        (461_308, "4.7.1", 3),
        (461_814, "4.7.2", 3),
        (528_449, "4.8", 3),
        (533_509, "4.8.1", 3),
    ] {
        let effective = machine(17763, &format!("[{NDP}]\n{}", dword("Release", Some(release))));
        assert_eq!(effective.dotnet.version, Some(version), "{release}");
        assert_eq!(offers(&effective, View::Bits64).len(), targets, "{release}");
    }
}

#[test]
fn strong_crypto_does_not_rescue_older_runtimes() {
    let clr2 = |values: &str| {
        let effective = machine(17763, &format!("[{NET}\\v2.0.50727]\n{values}"));
        effective.dotnet.clr2.iter().find(|(view, ..)| *view == View::Bits64).unwrap().1
    };
    for (system, strong, want) in
        [(None, None, No), (None, Some(1), No), (Some(1), None, Yes), (Some(1), Some(1), Yes), (Some(2), None, No)]
    {
        assert_eq!(clr2(&v4(system, strong)), want, "{system:?}, {strong:?}");
    }
}

#[test]
fn programs_with_settings_of_their_own_are_named() {
    let key = format!(r"{NET}\v4.0.30319\System.Net.ServicePointManager");
    let effective = machine(
        17763,
        &format!(
            "[{key}.SystemDefaultTlsVersions]\n\"C:\\\\Program Files\\\\Microsoft Azure AD Sync\\\\Bin\\\\miiserver.exe\"=dword:0\n\
             [{key}.SecurityProtocol]\n\"D:\\\\app\\\\other.exe\"=\"Tls11\"\n"
        ),
    );
    let found: Vec<_> =
        effective.dotnet.overrides.iter().map(|o| (o.setting, o.data.as_str(), o.entra_connect)).collect();
    assert_eq!(found, [("SystemDefaultTlsVersions", "0", true), ("SecurityProtocol", "Tls11", false)]);
    assert!(ids(&effective).contains(&"dotnet-override-entra-connect"));
    assert!(ids(&effective).contains(&"dotnet-override"));
}

#[test]
fn settings_of_programs_that_cannot_be_read_are_told_once_a_view_and_setting() {
    let found = unreadable();
    let told = found.lints.iter().filter(|lint| lint.id == "dotnet-overrides-unreadable");
    let mut told: Vec<&str> = told.map(|lint| lint.why.as_str()).collect();
    assert!(told.iter().all(|why| why.contains("bad sector")), "{told:?}");
    assert!(told.iter().all(|why| why.contains("native .NET") || why.contains("32-bit .NET")), "{told:?}");
    assert_eq!(told.len(), 4, "{told:?}");
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 4, "{told:?}");
}

#[test]
fn the_line_names_the_part_that_is_not_on() {
    let both = |values: String| format!("[{NET}\\v4.0.30319]\n{values}[{WOW_NET}\\v4.0.30319]\n{values}");
    let on = machine(20348, &both(v4(Some(1), Some(1))));
    assert_eq!(on.overall.state, OverallState::On);
    assert_eq!(on.overall.why, "client, server (OS default of build 20348), .NET");
    let partly = machine(20348, "");
    assert_eq!(partly.overall.state, OverallState::Partly);
    assert!(partly.overall.why.ends_with("; not: .NET programs for 4.5.2 or older (SSL 3.0 and TLS 1.0 only)"));
    let off = machine(
        17763,
        &format!(
            "[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=dword:0\n[{PROTOCOLS}\\TLS 1.2\\Server]\n\"Enabled\"=dword:0\n"
        ),
    );
    assert_eq!(off.overall.state, OverallState::Off);
    assert_eq!(just("").overall.state, OverallState::Unknown);
    // Suites of a protocol that nobody may use do not matter.
    let all_off = format!(
        "[{PROTOCOLS}\\TLS 1.2\\Client]\n\"Enabled\"=dword:0\n[{PROTOCOLS}\\TLS 1.2\\Server]\n\"Enabled\"=dword:0\n"
    );
    assert_eq!(just(&all_off).overall.state, OverallState::Off);
}
