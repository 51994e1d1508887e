//! Plans held against the audit: on random machines a fix makes every rule about a value pass and weakens nothing, its undo
//! leads back exactly, and a machine that meets the policy needs none.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs;

use common::random::{XorShift, rounds};
use common::scratch;
use tlshive::audit::{Outcome, Verdict, audit, effective, weakened};
use tlshive::error::At;
use tlshive::host::{Host, Options, group, open};
use tlshive::limits::Limits;
use tlshive::place::Place;
use tlshive::plan::{self, Judged, Plan};
use tlshive::policy::{Policy, Rule};
use tlshive::registry::Lookup;
use tlshive::registry::change::{Change, Changes};
use tlshive::registry::path::Name;
use tlshive::registry::reg_file::RegIs;
use tlshive::source::{Search, discover};

const ROUNDS: u64 = 60;

/// A whole machine on which each value of the policy is something, or nothing.
fn state(random: &mut XorShift, policy: &Policy) -> String {
    let build = random.of(&["7601", "9600", "17763", "20348", "26100"]);
    let mut text = format!(
        "Windows Registry Editor Version 5.00\n[HKEY_LOCAL_MACHINE\\SYSTEM]\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet]\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE]\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n\"CurrentBuild\"=\"{build}\"\n\
         \"InstallationType\"=\"Server\"\n\
         [HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment]\n\
         \"PROCESSOR_ARCHITECTURE\"=\"AMD64\"\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node]\n"
    );
    for setting in policy.settings() {
        let data =
            ["", "dword:0", "dword:1", "dword:2", "dword:ffffffff", "\"1\"", "hex(4):01", "hex(b):1,0,0,0,0,0,0,0"];
        match random.of(&data) {
            "" if random.once_in(2) => {}
            "" => text.push_str(&format!("[{}]\n", setting.key)),
            data => text.push_str(&format!("[{}]\n\"{}\"={data}\n", setting.key, setting.value)),
        }
    }
    text
}

fn host(text: &str, policy: &Policy) -> Host {
    let (_keep, folder) = scratch();
    let file = folder.join("state.reg");
    fs::write(&file, text).unwrap();
    let limits = Limits::default();
    let (mut keys, trees) = effective::interest();
    for key in policy.keys() {
        keys.extend((2..=key.names().len()).map(|n| tlshive::registry::path::KeyPath(key.names()[..n].to_vec())));
    }
    let options = Options { interest: &keys, trees: &trees, reg_is: RegIs::Export, ..Options::new(&limits) };
    let found = discover(&[file], &Search::default(), &limits);
    let (groups, ..) = group(&found.artifacts, false, &limits);
    let (mut hosts, _) = open(&groups[0], &options);
    assert_eq!(hosts.len(), 1);
    hosts.remove(0)
}

fn after(host: &Host, imports: &[&[Change]]) -> Host {
    let place = Place::new(&"plan.reg".into(), At::Whole);
    let import = |changes: &&[Change]| Changes {
        changes: changes.iter().map(|change| (change.clone(), place.clone())).collect(),
        first: (!changes.is_empty()).then(|| place.clone()),
        ..Changes::default()
    };
    host.after(&imports.iter().map(import).collect::<Vec<_>>(), &Limits::default())
}

fn fix(policy: &Policy, host: &Host) -> plan::Fix {
    let report = audit(policy, host);
    let judged = |rule: &Rule| match report.findings.iter().find(|finding| finding.rule.id == rule.id).unwrap() {
        finding if finding.outcome == Outcome::Fail => Judged::Fails,
        finding if finding.outcome == Outcome::Unknown => Judged::Unknown(finding.why.clone()),
        _ => Judged::Well,
    };
    plan::fix(policy, &[], &judged, None).unwrap()
}

fn same(one: &Host, other: &Host, changes: &[Change], what: &str) {
    for change in changes {
        let there = |host: &Host, names: usize| {
            let key = tlshive::registry::path::KeyPath(change.key().names()[..names].to_vec());
            matches!(host.registry.key(&key), Lookup::ValueAbsent(_))
        };
        for names in 2..=change.key().names().len() {
            assert_eq!(there(one, names), there(other, names), "{}\n{what}", change.key());
        }
        let (Change::Set { key, name, .. } | Change::DeleteValue { key, name }) = change else { continue };
        let value = |host: &Host| match host.registry.get(key, name) {
            Lookup::Found(found) => Some(found.value),
            Lookup::KeyAbsent | Lookup::ValueAbsent(_) => None,
            other => panic!("{other:?}\n{what}"),
        };
        assert_eq!(value(one), value(other), "{key} {name}\n{what}");
    }
}

#[test]
fn a_fix_makes_the_machine_compliant_and_an_undo_leads_back() {
    let policy = Policy::default_policy().unwrap();
    let (mut fixed, mut fine) = (0, 0);
    for round in 0..rounds(ROUNDS) {
        let mut random = XorShift(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        let text = state(&mut random, &policy);
        let before = host(&text, &policy);
        let fix = fix(&policy, &before);
        let changes = &fix.changeset.changes;
        let now = after(&before, &[changes]);
        let (old, new) = (audit(&policy, &before), audit(&policy, &now));
        assert_eq!(new.verdict, Verdict::Compliant, "{text}\n{changes:#?}");
        assert_eq!(weakened(&old.effective, &new.effective), Vec::<String>::new(), "{text}\n{changes:#?}");
        let passing = |id: &str| old.findings.iter().any(|f| f.rule.id == id && f.outcome == Outcome::Pass);
        let settings = policy.rules.iter().filter(|rule| passing(&rule.id)).filter_map(Rule::setting);
        for setting in settings {
            let set = |change: &Change| {
                matches!(change, Change::Set { key, name, .. }
                if *key == setting.key && *name == setting.value)
            };
            assert!(!changes.iter().any(set), "{} passes and is set\n{text}", setting.value);
        }
        let again = self::fix(&policy, &now);
        assert!(again.compliant && again.changeset.changes.is_empty(), "{text}");

        for plan in ["fix", "enable", "disable", "only", "defaults"] {
            let changes = match plan {
                "fix" => changes.clone(),
                "enable" => Plan::Enable.changeset(&policy, &[], None).unwrap().changes,
                "disable" => Plan::Disable.changeset(&policy, &[], None).unwrap().changes,
                "only" => plan::only(&policy, &[], None, None, None).unwrap().changes,
                _ => plan::defaults(&policy, &[], None).unwrap().changes,
            };
            let undo = plan::undo(&policy, "it for", &changes, &before.registry, None, 1000).unwrap();
            let back = after(&before, &[&changes, &undo.changes]);
            same(
                &before,
                &back,
                &[changes.as_slice(), &undo.changes].concat(),
                &format!("{plan}\n{text}\n{:#?}", undo.changes),
            );
        }
        fixed += changes.len();
        fine += usize::from(fix.compliant);
    }
    assert!(fixed > 100, "{fixed} values, {fine} machines that need none");
}

#[test]
fn what_is_unknown_is_neither_fixed_nor_undone() {
    let policy = Policy::default_policy().unwrap();
    let text = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n";
    let host = host(text, &policy);
    let fix = fix(&policy, &host);
    assert!(!fix.compliant);
    assert_eq!(fix.changeset.left_out.len(), 6, "{:?}", fix.changeset.left_out);
    assert!(fix.changeset.remarks.iter().any(|line| line.starts_with("Not fixed: rule tls12-client-enabled")));
    let changes = Plan::Enable.changeset(&policy, &[], None).unwrap().changes;
    let error = plan::undo(&policy, "it for", &changes, &host.registry, None, 1000).unwrap_err();
    assert!(error.contains(r"TLS 1.2\Server: no input says"), "{error}");
}

#[test]
fn rules_about_states_are_named_and_not_written() {
    let policy = Policy::builtin_text("tls12-only").map(Policy::parse).unwrap().unwrap();
    let judged = |_: &Rule| Judged::Fails;
    let mut fix = plan::fix(&policy, &[], &judged, None).unwrap();
    assert_eq!((fix.changeset.changes.len(), fix.states.len()), (0, policy.rules.len()));
    let rule = fix.states[0].clone();
    fix.not_fixed(&rule, "it is off");
    assert!(fix.changeset.remarks.last().unwrap().contains("reg add"), "{:?}", fix.changeset.remarks);
}

#[test]
fn tls13_is_written_where_it_is_known_to_be_there() {
    let policy = Policy::builtin_text("tls12-only").map(Policy::parse).unwrap().unwrap();
    let keys = |tls13, wow64| {
        let changeset = plan::only(&policy, &[], tls13, wow64, Some(2)).unwrap();
        assert!(changeset.changes.iter().all(|change| !change.key().to_string().contains("CurrentControlSet")));
        let has = |text: &str| changeset.changes.iter().any(|change| change.key().to_string().contains(text));
        (has("TLS 1.3"), has("WOW6432Node"), changeset.remarks.iter().any(|line| line.contains("TLS 1.3 is not among")))
    };
    assert_eq!(keys(None, None), (false, true, true));
    assert_eq!(keys(Some(false), Some(true)), (false, true, true));
    assert_eq!(keys(Some(true), Some(false)), (true, false, false));
    let changes = plan::only(&policy, &[], Some(true), None, None).unwrap().changes;
    let one = |protocol: &str, name: &str| {
        let key = format!(
            r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\{protocol}\Server"
        );
        let set = |change: &Change| match change {
            Change::Set { key: k, name: n, value } if k.to_string() == key && *n == Name::from(name) => {
                value.as_dword()
            }
            _ => None,
        };
        changes.iter().find_map(set)
    };
    for old in ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1"] {
        assert_eq!((one(old, "Enabled"), one(old, "DisabledByDefault")), (Some(0), Some(1)), "{old}");
    }
    for new in ["TLS 1.2", "TLS 1.3"] {
        assert_eq!((one(new, "Enabled"), one(new, "DisabledByDefault")), (Some(1), Some(0)), "{new}");
    }
}

#[test]
fn names_cannot_end_the_remark_that_they_stand_in() {
    let lines = plan::state("evil\r\n[-HKEY_LOCAL_MACHINE\\SYSTEM]", Some("ControlSet001"), &[]);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].is_ascii() && !lines[0].contains(['\r', '\n']), "{lines:?}");
    assert!(plan::weakens(&["Größe\n".to_owned()])[0].is_ascii());
}
