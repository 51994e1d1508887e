//! Plans held against the audit: on random machines a fix makes every rule about a value pass and weakens nothing, its undo
//! leads back exactly, and a machine that meets the policy needs none.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs;

use common::door;
use common::random::{XorShift, rounds};
use common::scratch;
use tlshive::audit::{Outcome, Verdict, audit, weakened};
use tlshive::error::At;
use tlshive::host::{Host, Options};
use tlshive::limits::Limits;
use tlshive::place::Place;
use tlshive::plan::format::{Format, files};
use tlshive::plan::{self, GpoSettings, Machine, Made, Plan, Request};
use tlshive::policy::{Policy, Rule};
use tlshive::registry::Lookup;
use tlshive::registry::change::{Change, Changes};
use tlshive::registry::reg_file::RegIs;
use tlshive::run::Inspection;
use tlshive::windows::path::{KeyPath, Name};
use tlshive::windows::value::Value;

const ROUNDS: u64 = 30;

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

/// What is made of the machine that a `.reg` file is.
fn on<T: Send>(text: &str, policy: &Policy, look: impl Fn(&Host) -> T + Sync) -> T {
    let (_keep, folder) = scratch();
    let file = folder.join("state.reg");
    fs::write(&file, text).unwrap();
    let limits = Limits::default();
    let mut keys = Vec::new();
    for key in policy.keys() {
        keys.extend((2..=key.names().len()).map(|n| tlshive::windows::path::KeyPath(key.names()[..n].to_vec())));
    }
    let options = Options { interest: &keys, reg_is: RegIs::Export, ..Options::new(&limits) };
    let mut made = door::each_machine(&[file], &Inspection::new(policy, &options), look);
    assert_eq!(made.len(), 1);
    made.remove(0)
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

fn all(policy: &Policy) -> Request<'_> {
    Request { policy, values: &[], control_set: None }
}

fn made(plan: Plan, policy: &Policy, host: &Host) -> Made {
    plan.machine(&all(policy), &Machine { host, remarks: &[], judged: None, limits: &Limits::default() }).unwrap()
}

fn same(one: &Host, other: &Host, changes: &[Change], what: &str) {
    for change in changes {
        let there = |host: &Host, names: usize| {
            let key = tlshive::windows::path::KeyPath(change.key().names()[..names].to_vec());
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
        let changes = on(&text, &policy, |before| {
            let fix = made(Plan::Fix, &policy, before);
            let changes = &fix.changeset.changes;
            let now = after(before, &[changes]);
            let (old, new) = (audit(&policy, before), audit(&policy, &now));
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
            assert_eq!(fix.changeset.left_out, Vec::<String>::new(), "{text}");
            let line = |change: &Change| match change {
                Change::Set { key, name, value } => {
                    format!("[{key}]\n\"{name}\"=dword:{:x}\n", value.as_dword().unwrap())
                }
                other => panic!("{other:?}"),
            };
            let done: String = changes.iter().map(line).collect();
            let again = on(&format!("{text}{done}"), &policy, |host| made(Plan::Fix, &policy, host));
            assert!(
                again.changeset.changes.is_empty() && again.said[0].text.starts_with("nothing to fix: "),
                "{text}\n{again:#?}"
            );

            for plan in [Plan::Fix, Plan::Enable, Plan::Disable, Plan::Only, Plan::Defaults] {
                let changes = made(plan, &policy, before).changeset.changes;
                let machine = Machine { host: before, remarks: &[], judged: None, limits: &Limits::default() };
                let undo = all(&policy).undo("it for", &changes, &machine).unwrap().changeset.changes;
                let back = after(before, &[&changes, &undo]);
                let what = format!("{plan:?}\n{text}\n{undo:#?}");
                same(before, &back, &[changes.as_slice(), &undo].concat(), &what);
            }
            changes.len()
        });
        fixed += changes;
        fine += usize::from(changes == 0);
    }
    assert!(fixed > 100, "{fixed} values, {fine} machines that need none");
}

/// What of these keys and values is there.
fn there(host: &Host, keys: &[KeyPath], names: &[Name]) -> Vec<(bool, Vec<Option<Value>>)> {
    let value = |key: &KeyPath, name: &Name| match host.registry.get(key, name) {
        Lookup::Found(found) => Some(found.value),
        _ => None,
    };
    let one = |key: &KeyPath| {
        let is = matches!(host.registry.key(key), Lookup::ValueAbsent(_));
        (is, names.iter().map(|name| value(key, name)).collect())
    };
    keys.iter().map(one).collect()
}

/// Also of keys that are deleted and made anew; and once it has led back, an undo changes nothing, one change at a time.
#[test]
fn an_undo_of_any_changes_leads_back_and_rests_there() {
    let policy = Policy::default_policy().unwrap();
    let root = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";
    let keys = ["A", r"A\B", r"A\B\C", r"A\D", "E"].map(|key| KeyPath::parse(&format!(r"{root}\{key}")));
    let names = ["", "x", "y"].map(Name::from);
    let mut deleted = 0;
    for round in 0..rounds(200) {
        let mut random = XorShift(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        let mut text = format!("Windows Registry Editor Version 5.00\n[HKEY_LOCAL_MACHINE\\SYSTEM]\n[{root}]\n");
        for key in &keys {
            if random.once_in(3) {
                continue;
            }
            text.push_str(&format!("[{key}]\n"));
            text.push_str(random.of(&["", "@=dword:1\n", "\"x\"=dword:2\n", "@=dword:1\n\"x\"=dword:2\n"]));
        }
        let change = |random: &mut XorShift| {
            let (key, name) = (keys[random.below(keys.len())].clone(), names[random.below(names.len())].clone());
            match random.below(6) {
                0 => Change::CreateKey(key),
                1 | 2 => Change::Set { key, name, value: Value::dword(u32::try_from(random.below(3)).unwrap()) },
                3 => Change::DeleteValue { key, name },
                4 => Change::DeleteValues(key),
                _ => Change::DeleteKey(key),
            }
        };
        let changes: Vec<Change> = (0..random.below(6)).map(|_| change(&mut random)).collect();
        let undone = on(&text, &policy, |before| {
            let undo = plan::undo(&changes, &before.registry, 1000).unwrap();
            let wanted = there(before, &keys, &names);
            let what = format!("{text}\n{changes:#?}\n{undo:#?}");
            assert_eq!(there(&after(before, &[&changes, &undo]), &keys, &names), wanted, "{what}");
            for change in &undo {
                let alone = std::slice::from_ref(change);
                assert_eq!(
                    there(&after(before, &[alone]), &keys, &names),
                    wanted,
                    "{change:?} changes something\n{what}"
                );
            }
            !undo.is_empty()
        });
        deleted += usize::from(changes.iter().any(|change| matches!(change, Change::DeleteKey(_))) && undone);
    }
    assert!(deleted > 20, "{deleted}");
}

#[test]
fn what_is_unknown_is_neither_fixed_nor_undone() {
    let policy = Policy::default_policy().unwrap();
    let text = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n";
    on(text, &policy, |host| {
        let fix = made(Plan::Fix, &policy, host);
        assert_eq!(fix.changeset.left_out.len(), 6, "{:?}", fix.changeset.left_out);
        for said in [&fix.changeset.remarks, &fix.said.iter().map(|said| said.text.clone()).collect()] {
            let named = |line: &&String| line.starts_with("Not fixed: rule tls12-client-enabled cannot be judged: ");
            assert_eq!(said.iter().filter(named).count(), 1, "{said:?}");
        }
        let changes = Plan::Enable.anywhere(&all(&policy)).unwrap().changeset.changes;
        let error = plan::undo(&changes, &host.registry, 1000).unwrap_err();
        assert!(error.to_string().contains(r"TLS 1.2\Server: no input says"), "{error}");
    });
}

/// A rule about an effective state that cannot be told before, and passes by the values of another rule: it is fixed, too.
#[test]
fn what_the_import_settles_is_not_named_as_left() {
    const SERVER: &str =
        r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.0\Server";
    let rule = |id: &str, asks: &str| format!("[[rule]]\nid='{id}'\ntitle='t'\nwhy='w'\nsource='s'\n{asks}\n");
    let rules = [
        rule("value", &format!("key='{SERVER}'\nvalue='Enabled'\ntype='REG_DWORD'\nenable=0")),
        rule("state", "effective='schannel/TLS 1.0/server'\nexpect=['off']\nfix='f'"),
    ];
    let text = format!("id='p'\nversion='1.0.0'\ndate='2026-11-28'\ntitle='t'\nsource='s'\n{}", rules.concat());
    let policy = Policy::parse(&text).unwrap();
    on(&format!("REGEDIT4\n[{SERVER}]\n\"Enabled\"=\"1\"\n"), &policy, |host| {
        let before: Vec<Outcome> = audit(&policy, host).findings.iter().map(|finding| finding.outcome).collect();
        assert_eq!(before, [Outcome::Fail, Outcome::Unknown]);
        let fix = made(Plan::Fix, &policy, host);
        assert_eq!(fix.changeset.changes.len(), 1, "{:?}", fix.changeset.changes);
        assert!(fix.changeset.left_out.is_empty(), "{:?}", fix.changeset.remarks);
    });
}

/// A policy that wants what weakens: three values, of which the second turns SSL 3.0 on; one is asked for by two rules.
fn weakening() -> Policy {
    let rule = |id: &str, key: &str, value: &str, enable: u32| {
        format!(
            "[[rule]]\nid='{id}'\ntitle='t'\nwhy='w'\nsource='s'\nkey='{key}'\nvalue='{value}'\ntype='REG_DWORD'\nenable={enable}\n"
        )
    };
    let side = |protocol: &str| {
        format!(
            r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\{protocol}\Client"
        )
    };
    let head = "id='w'\nversion='1'\ndate='2026-01-01'\ntitle='t'\nsource='s'\n";
    let rules = [
        rule("tls12-on", &side("TLS 1.2"), "Enabled", 1),
        rule("ssl30-on", &side("SSL 3.0"), "Enabled", 1),
        rule("ssl30-on-again", &side("ssl 3.0"), "ENABLED", 1),
        rule("tls12-by-default", &side("TLS 1.2"), "DisabledByDefault", 0),
    ];
    Policy::parse(&format!("{head}{}", rules.concat())).unwrap()
}

#[test]
fn a_fix_leaves_out_what_would_weaken_and_names_it() {
    let policy = weakening();
    on(&state(&mut XorShift(7), &Policy::default_policy().unwrap()), &policy, |before| {
        let fix = made(Plan::Fix, &policy, before);
        let names: Vec<String> = fix.changeset.changes.iter().map(|change| change.key().to_string()).collect();
        assert!(names.iter().all(|name| name.contains("TLS 1.2")), "{names:?}");
        assert_eq!(fix.changeset.left_out, ["ssl30-on", "ssl30-on-again"]);
        for said in [fix.changeset.remarks, fix.said.into_iter().map(|said| said.text).collect()] {
            let named = |line: &&String| {
                line.starts_with("Left out: ")
                    && line.contains(
                        r"SSL 3.0\Client\Enabled (rule ssl30-on, ssl30-on-again): it would weaken: SSL 3.0 (client) is ",
                    )
            };
            assert_eq!(said.iter().filter(named).count(), 1, "{said:#?}");
        }
        let after = audit(&policy, &after(before, &[&fix.changeset.changes]));
        assert_eq!(weakened(&audit(&policy, before).effective, &after.effective), Vec::<String>::new());
    });
}

/// What is left to fix is named, nothing gets worse, and a second fix has nothing more to write.
#[test]
fn rules_about_states_are_fixed_by_the_values_that_make_them_pass() {
    for id in ["tls12-only", "nist-sp-800-52r2", "bsi-tr-02102-2", "exchange", "mozilla-intermediate"] {
        let policy = Policy::builtin_text(id).map(Policy::parse).unwrap().unwrap();
        let (mut passing, mut left) = (0, 0);
        for round in 1..=rounds(4) {
            let mut random = XorShift(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            let text = state(&mut random, &Policy::default_policy().unwrap());
            let (fixed, named) = on(&text, &policy, |before| {
                let (mut passing, mut left) = (0, 0);
                let fix = made(Plan::Fix, &policy, before);
                let now = after(before, &[&fix.changeset.changes]);
                let (old, new) = (audit(&policy, before), audit(&policy, &now));
                assert_eq!(weakened(&old.effective, &new.effective), Vec::<String>::new(), "{id}\n{text}\n{fix:#?}");
                for (old, new) in old.findings.iter().zip(&new.findings).filter(|(old, _)| old.outcome == Outcome::Fail)
                {
                    let named = fix.changeset.left_out.contains(&old.rule.id);
                    assert_eq!(new.outcome != Outcome::Pass, named, "{id} {}\n{text}\n{fix:#?}", old.rule.id);
                    (passing, left) = (passing + usize::from(!named), left + usize::from(named));
                }
                let fixed = made(Plan::Fix, &policy, &now);
                assert_eq!(fixed.changeset.changes, [], "{id}\n{text}\n{fix:#?}");
                (passing, left)
            });
            (passing, left) = (passing + fixed, left + named);
        }
        assert!(passing > 8, "{id}: {passing} rules fixed, {left} left");
    }
}

#[test]
fn a_rule_that_no_value_can_fix_is_left_out_and_named() {
    let policy = Policy::builtin_text("nist-sp-800-52r2").map(Policy::parse).unwrap().unwrap();
    let text = state(&mut XorShift(5), &Policy::default_policy().unwrap());
    let line = text.lines().find(|line| line.starts_with("\"CurrentBuild\"")).unwrap();
    let text = text.replace(line, "\"CurrentBuild\"=\"17763\"");
    let asked = ["tls13-server-effective".to_owned()];
    let request = Request { values: &asked, ..all(&policy) };
    let fix = |host: &Host| {
        let machine = Machine { host, remarks: &[], judged: None, limits: &Limits::default() };
        Plan::Fix.machine(&request, &machine).unwrap()
    };
    let made = on(&text, &policy, fix);
    assert!(made.is_nothing(), "{made:#?}");
    assert_eq!(made.changeset.left_out, asked);
    let remarks = &made.changeset.remarks;
    let named = remarks.iter().any(|line| line.starts_with("Not fixed: rule tls13-server-effective: "));
    // Its values are no safe configuration there, so nobody is told to set them by hand.
    assert!(named && !remarks.iter().any(|line| line.contains("reg add")), "{remarks:?}");
}

#[test]
fn tls13_is_written_where_it_is_known_to_be_there() {
    let policy = Policy::builtin_text("tls12-only").map(Policy::parse).unwrap().unwrap();
    let plan = |build: &str, processor: &str| {
        let text = state(&mut XorShift(5), &Policy::default_policy().unwrap());
        let line = text.lines().find(|line| line.starts_with("\"CurrentBuild\"")).unwrap();
        let text = text.replace(line, &format!("\"CurrentBuild\"=\"{build}\"")).replace("AMD64", processor);
        on(&text, &policy, |host| made(Plan::Only, &policy, host))
    };
    let has = |made: &Made, text: &str| made.changeset.changes.iter().any(|c| c.key().to_string().contains(text));
    let said = |made: &Made, text: &str| made.changeset.remarks.iter().any(|line| line.contains(text));
    let anywhere = Plan::Only.anywhere(&Request { control_set: Some(2), ..all(&policy) }).unwrap();
    assert!(!has(&anywhere, "CurrentControlSet") && has(&anywhere, "ControlSet002"));
    let keys = |made: &Made| (has(made, "TLS 1.3"), has(made, "WOW6432Node"), said(made, "TLS 1.3 is not among"));
    assert_eq!(keys(&anywhere), (false, true, true));
    assert_eq!(keys(&plan("17763", "AMD64")), (false, true, true));
    assert_eq!(keys(&plan("20348", "x86")), (true, false, false));
    let changes = plan("26100", "AMD64").changeset.changes;
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

/// What a machine, its files and its policy are called must not end the comment that it stands in, in any format.
#[test]
fn names_cannot_end_the_remark_that_they_stand_in() {
    const EVIL: &str = "evil\r\n[-HKEY_LOCAL_MACHINE\\SYSTEM]\u{2028}--> Größe\u{202e}";
    let policy = Policy { title: EVIL.to_owned(), ..Policy::default_policy().unwrap() };
    let made = on(&state(&mut XorShift(3), &policy), &policy, |host| {
        let mut host = host.clone();
        host.name = EVIL.to_owned();
        host.notes.push(EVIL.to_owned());
        let machine = Machine { host: &host, remarks: &[EVIL.to_owned()], judged: None, limits: &Limits::default() };
        Plan::Fix.machine(&all(&policy), &machine).unwrap()
    });
    for format in Format::ALL {
        for file in files(format, &made.changeset, None).unwrap() {
            let text = match file.bytes.strip_prefix(&[0xff, 0xfe]) {
                Some(wide) => {
                    String::from_utf16(&wide.chunks(2).map(|u| u16::from_le_bytes([u[0], u[1]])).collect::<Vec<_>>())
                        .unwrap()
                }
                None => String::from_utf8_lossy(&file.bytes).into_owned(),
            };
            assert!(!text.contains(['\u{2028}', '\u{202e}']), "{format:?}: {text}");
            assert!(
                text.lines().all(|line| !line.trim_start().starts_with("[-") && !line.starts_with("-->")),
                "{text}"
            );
            let told = text.matches("evil").count();
            let wanted = match (format, file.name.as_deref()) {
                (Format::Pol, _) => 0,
                // The object's name is what the plan does and the policy's id; a text in UTF-16 without a mark has the remarks.
                (Format::GpoBackup { settings: GpoSettings::Preferences, .. }, Some(name))
                    if name.ends_with("Registry.xml") =>
                {
                    4
                }
                (Format::GpoBackup { .. }, _) => 0,
                // Besides, the record that it writes has the first remark.
                (Format::Ps1, _) | (Format::Intune, Some("remediate.ps1")) => 5,
                _ => 4,
            };
            assert_eq!(told, wanted, "{format:?}: {text}");
        }
    }
}
