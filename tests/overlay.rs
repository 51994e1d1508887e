//! What an import over hives and `.reg` files comes to where it is not just keys and values: links, control sets, views,
//! damage, and what the inputs do not speak of.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::Path;
use std::sync::Arc;

use tlshive::limits::Limits;
use tlshive::read_at::LocalFile;
use tlshive::registry::change::Changes;
use tlshive::registry::hive::Hive;
use tlshive::registry::overlay::{Import, Overlaid, View};
use tlshive::registry::path::{KeyPath, Name};
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::registry::{Listing, Lookup, Registry, Source, system};

const CONTROL: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control";
const CLIENT: &str = r"SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";

fn everything() -> Interest {
    let mut interest = Interest::new();
    interest.everything(&KeyPath::default());
    interest
}

fn hive(name: &str) -> Registry {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(name).join("SYSTEM");
    let file = LocalFile::open(&path).unwrap();
    let hive = Hive::open(Box::new(file), Arc::from(name), &Limits::default()).unwrap();
    Registry::new(vec![Source::Hive(system(), hive)], 16).with_control_set(Ok(sets(&["ControlSet001"])))
}

fn reg(lines: &str) -> Registry {
    let text = format!("REGEDIT4\n{lines}\n").into_bytes();
    let file = RegFile::read(&text, &Arc::from("state.reg"), &everything(), &Limits::default(), None);
    Registry::new(vec![Source::RegFile(file.taken_as(RegIs::Export))], 16)
}

fn changes(lines: &str) -> Changes {
    let text = format!("REGEDIT4\n{lines}\n").into_bytes();
    RegFile::read_changes(&text, &Arc::from("fix.reg"), &everything(), &Limits::default(), None).1
}

fn sets(names: &[&str]) -> Vec<Name> {
    names.iter().map(|name| Name::from(*name)).collect()
}

fn import(current: &[&str]) -> Import {
    Import { view: View::Bits64, wow64: Some(true), current: sets(current), keys: 1 << 13 }
}

const FIRST: [&str; 2] = ["ControlSet001", "CurrentControlSet"];

fn after(base: &Registry, lines: &str, current: &[&str]) -> Registry {
    base.with_overlay(&[changes(lines)], &import(current))
}

/// The number, or which kind of nothing.
fn told(registry: &Registry, key: &str, value: &str) -> String {
    match registry.get(&KeyPath::parse(key), &Name::from(value)) {
        Lookup::Found(found) => format!("{} at {}", found.value.as_dword().unwrap(), found.place),
        Lookup::KeyAbsent => "no key".to_owned(),
        Lookup::ValueAbsent(_) => "no value".to_owned(),
        Lookup::NotCovered => "not covered".to_owned(),
        Lookup::Unreadable(error, place) => format!("{error} ({place})"),
    }
}

fn client(registry: &Registry) -> String {
    let told = told(registry, &format!(r"{CONTROL}\{CLIENT}"), "Enabled");
    told.split(" at symlink").next().unwrap().to_owned()
}

#[test]
fn a_change_goes_where_a_link_leads() {
    let linked = hive("symlink");
    let set = |path: &str| format!("[{path}]\n\"Enabled\"=dword:7");
    let through = format!(r"{CONTROL}\{CLIENT}");
    let target = r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\Alt\SCHANNEL\Protocols\TLS 1.2\Client";
    let alias = target.replace("ControlSet001", "CurrentControlSet");
    for path in [&through, target, &alias] {
        let after = after(&linked, &set(path), &FIRST);
        for asked in [&through, target, &alias] {
            assert_eq!(told(&after, asked, "enabled"), "7 at fix.reg:3", "{path} → {asked}");
        }
    }
    // Who deletes the key above the link deletes the link, and what is set then is a key of its own.
    let lines = format!("[-{CONTROL}\\SecurityProviders]\n{}", set(&through));
    let after_all = after(&linked, &lines, &FIRST);
    assert_eq!(told(&after_all, &through, "Enabled"), "7 at fix.reg:4");
    assert_eq!(told(&after_all, &through, "DisabledByDefault"), "no value");
    assert!(told(&after_all, target, "Enabled").starts_with("1 at symlink"));
}

#[test]
fn what_becomes_of_a_deleted_link_is_not_guessed() {
    let after = after(&hive("symlink"), &format!("[-{CONTROL}\\SecurityProviders\\SCHANNEL]"), &FIRST);
    let said = client(&after);
    assert!(said.contains("symbolic link") && said.contains("not known"), "{said}");
    let listed = after.children(&KeyPath::parse(&format!(r"{CONTROL}\SecurityProviders")));
    assert!(matches!(listed, Listing::Unreadable(..)), "{listed:?}");
    assert!(told(&after, r"HKEY_LOCAL_MACHINE\SYSTEM\Select", "Current").starts_with("1 at"));
}

#[test]
fn links_that_lead_in_circles_stay_unreadable() {
    let looped = hive("symlink-loop");
    let before = client(&looped);
    let set = format!("[{CONTROL}\\{CLIENT}]\n\"Enabled\"=dword:1");
    assert_eq!(client(&after(&looped, &set, &FIRST)), before);
    assert!(before.contains("symbolic links"), "{before}");
}

#[test]
fn damage_stays_damage() {
    let damaged = hive("damaged-target");
    let before = client(&damaged);
    assert!(before.contains("expected"), "{before}");
    for lines in [
        format!("[{CONTROL}\\{CLIENT}]\n\"Enabled\"=dword:1"),
        format!("[-{CONTROL}\\SecurityProviders]"),
        format!("[-{CONTROL}\\SecurityProviders]\n[{CONTROL}\\{CLIENT}]\n\"Enabled\"=dword:1"),
    ] {
        assert_eq!(client(&after(&damaged, &lines, &FIRST)), before);
    }
}

#[test]
fn what_no_input_speaks_of_is_known_where_the_import_says_it() {
    let base = reg("[HKEY_LOCAL_MACHINE\\SOFTWARE\\A]\n\"x\"=dword:1");
    let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\B\C";
    assert_eq!(told(&base, key, "x"), "not covered");
    let set = after(&base, &format!("[{key}]\n\"x\"=dword:2\n\"y\"=-"), &[]);
    assert_eq!(told(&set, key, "x"), "2 at fix.reg:3");
    assert_eq!(told(&set, key, "y"), "no value");
    assert_eq!(told(&set, key, "z"), "not covered");
    assert!(matches!(set.key(&KeyPath::parse(key)), Lookup::ValueAbsent(_)));
    assert!(matches!(set.children(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE\B")),
        Listing::Found { names, whole: false } if names == [Name::from("C")]));
    let deleted = after(&base, "[-HKEY_LOCAL_MACHINE\\SOFTWARE\\B]", &[]);
    assert_eq!(told(&deleted, key, "x"), "no key");
    assert_eq!(told(&deleted, r"HKEY_LOCAL_MACHINE\SOFTWARE\A", "x"), "1 at state.reg:3");
    let x = Name::from("X");
    assert!(matches!(deleted.overlaid(&KeyPath::parse(key), &x), Some(Overlaid::Deleted(_))));
    assert!(matches!(set.overlaid(&KeyPath::parse(key), &x), Some(Overlaid::Set(_))));
    assert_eq!(set.overlaid(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE\A"), &x), None);
}

#[test]
fn an_import_is_made_to_the_set_in_use() {
    let asked = format!(r"{CONTROL}\K");
    let line = |set: &str| format!("[HKEY_LOCAL_MACHINE\\SYSTEM\\{set}\\Control\\K]\n\"x\"=dword:9");
    let both = "[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001]\n[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet002]";
    let state = reg(both);
    let cases: [(&[&str], &[&str], &str, &str); 12] = [
        // judged, in use, changed, what becomes of it
        (&FIRST, &FIRST, "CurrentControlSet", "9"),
        (&FIRST, &FIRST, "controlset001", "9"),
        (&FIRST, &FIRST, "ControlSet002", "no key"),
        (&["ControlSet002"], &FIRST, "CurrentControlSet", "no key"),
        (&["ControlSet002"], &FIRST, "ControlSet001", "no key"),
        (&["ControlSet002"], &FIRST, "ControlSet002", "9"),
        (&["ControlSet002"], &[], "CurrentControlSet", "doubt"),
        (&["ControlSet002"], &[], "ControlSet001", "no key"),
        (&["ControlSet002"], &["CurrentControlSet"], "CurrentControlSet", "doubt"),
        (&["CurrentControlSet"], &["CurrentControlSet"], "CurrentControlSet", "9"),
        (&["CurrentControlSet"], &["CurrentControlSet"], "ControlSet001", "doubt"),
        (&["CurrentControlSet"], &FIRST, "ControlSet001", "9"),
    ];
    for (judged, current, changed, want) in cases {
        let base = state.with_control_set(Ok(sets(judged)));
        let said = told(&after(&base, &line(changed), current), &asked, "x");
        let said = if said.contains("one control set") { "doubt" } else { said.split(" at").next().unwrap() };
        let want = if want == "no key" && judged[0] == "CurrentControlSet" { "not covered" } else { want };
        assert_eq!(said, want, "judged {judged:?}, in use {current:?}, changed {changed}");
    }
}

#[test]
fn a_32_bit_import_goes_to_the_other_view() {
    let base = reg("[HKEY_LOCAL_MACHINE\\SOFTWARE]\n[HKEY_LOCAL_MACHINE\\SYSTEM]");
    let line = |key: &str| format!("[HKEY_LOCAL_MACHINE\\{key}]\n\"x\"=dword:1");
    let (native, wow) = (r"SOFTWARE\Microsoft\.NETFramework", r"SOFTWARE\Wow6432Node\Microsoft\.NETFramework");
    let (policy, system) = (r"SOFTWARE\Policies\Microsoft", r"SYSTEM\Setup");
    for (wow64, changed, asked, want) in [
        (Some(true), native, native, "no key"),
        (Some(true), native, wow, "1"),
        (Some(true), wow, wow, "1"),
        (Some(true), wow, native, "no key"),
        (Some(true), policy, policy, "1"),
        (Some(true), system, system, "1"),
        (Some(false), native, native, "1"),
        (Some(false), native, wow, "no key"),
        (None, native, native, "architecture"),
        (None, native, wow, "architecture"),
        (None, policy, policy, "1"),
        (None, system, system, "1"),
        (None, wow, wow, "1"),
    ] {
        let import = Import { view: View::Bits32, wow64, ..import(&[]) };
        let after = base.with_overlay(&[changes(&line(changed))], &import);
        let said = told(&after, &format!(r"HKEY_LOCAL_MACHINE\{asked}"), "x");
        assert!(said.contains(want), "{wow64:?} {changed} → {asked}: {said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_leaves_nothing_known() {
    let base = reg("[HKEY_LOCAL_MACHINE\\SOFTWARE\\A]\n\"x\"=dword:1");
    let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\A";
    for text in ["nothing of the kind\n[-x]", "WINE REGISTRY Version 2\n"] {
        let bytes = text.to_owned().into_bytes();
        let changes = RegFile::read_changes(&bytes, &Arc::from("fix.reg"), &everything(), &Limits::default(), None).1;
        let after = base.with_overlay(&[changes], &import(&[]));
        assert!(told(&after, key, "x").contains("regedit would refuse it"), "{text}");
        assert!(matches!(after.children(&KeyPath::parse(key)), Listing::Unreadable(..)));
    }
    let few = Limits { reg_bytes: 1000, ..Limits::default() };
    let lines: String = (0..100).map(|n| format!("[HKEY_LOCAL_MACHINE\\SOFTWARE\\B\\{n}]\n")).collect();
    let bytes = format!("REGEDIT4\n{lines}").into_bytes();
    let changes = RegFile::read_changes(&bytes, &Arc::from("fix.reg"), &everything(), &few, None).1;
    assert!(told(&base.with_overlay(&[changes], &import(&[])), key, "x").contains("limit"));
    // As many keys as are looked up for links.
    let import = Import { keys: 10, ..import(&[]) };
    assert!(told(&base.with_overlay(&[self::changes(&lines)], &import), key, "x").contains("limit of 10"));
}

#[test]
fn a_hive_that_a_file_has_under_two_names_is_in_doubt() {
    let base = reg("[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft]\n\"x\"=dword:1\n[HKEY_LOCAL_MACHINE\\SYSTEM]");
    let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft";
    let one = "[HKEY_LOCAL_MACHINE\\OFF\\Microsoft]\n\"x\"=dword:2";
    assert_eq!(told(&after(&base, one, &[]), key, "x"), "2 at fix.reg:3");
    let two = format!("{one}\n[{key}]\n\"y\"=dword:2");
    let after = after(&base, &two, &[]);
    assert!(told(&after, key, "x").contains("more than one hive"));
    assert_eq!(told(&after, r"HKEY_LOCAL_MACHINE\SYSTEM\Setup", "x"), "no key");
}

#[test]
fn a_value_too_large_to_keep_leaves_its_key_in_doubt() {
    let few = Limits { value_bytes: 3, ..Limits::default() };
    let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\A";
    let bytes = format!("REGEDIT4\n[{key}]\n\"x\"=hex:1,2,3,4\n").into_bytes();
    let changes = RegFile::read_changes(&bytes, &Arc::from("fix.reg"), &everything(), &few, None).1;
    let after = reg("[HKEY_LOCAL_MACHINE\\SOFTWARE]").with_overlay(&[changes], &import(&[]));
    assert!(told(&after, key, "x").contains("the bytes of a value"));
}
