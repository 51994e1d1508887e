//! What an import over hives and `.reg` files comes to where it is not just keys and values: links, control sets, views,
//! damage, and what the inputs do not speak of.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::Path;
use std::sync::Arc;

use tlshive::error::{At, Error};
use tlshive::limits::Limits;
use tlshive::place::Place;
use tlshive::read_at::LocalFile;
use tlshive::registry::change::Changes;
use tlshive::registry::hive::{Hive, Mounted};
use tlshive::registry::overlay::{Import, Overlaid, View};
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::registry::{Listing, Lookup, Registry};
use tlshive::windows::keys::system;
use tlshive::windows::path::{KeyPath, Name};

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
    Registry::new(vec![Box::new(Mounted::new(system(), hive))], 16).with_control_set(Ok(sets(&["ControlSet001"])))
}

fn reg(lines: &str) -> Registry {
    let text = format!("REGEDIT4\n{lines}\n").into_bytes();
    let file = RegFile::read(&text, &Arc::from("state.reg"), &everything(), &Limits::default(), None);
    Registry::new(vec![Box::new(file.taken_as(RegIs::Export))], 16)
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
fn an_import_writes_where_its_file_says() {
    let base = reg("[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft]\n\"x\"=dword:1\n[HKEY_LOCAL_MACHINE\\SYSTEM]");
    let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft";
    for (lines, code) in [
        ("[HKEY_LOCAL_MACHINE\\OFF\\Microsoft]\n\"x\"=dword:2", "reg-import-mounted"),
        ("[-HKEY_LOCAL_MACHINE\\OFF\\Microsoft]", "reg-import-mounted"),
        ("[-HKEY_LOCAL_MACHINE\\OFF]", "reg-import-mounted"),
        ("[HKEY_USERS\\off\\Microsoft]\n\"x\"=dword:2", "reg-import-mounted"),
        ("[-HKEY_USERS\\off]", "reg-import-mounted"),
        ("[\\Microsoft]\n\"x\"=dword:2", "reg-key-without-root"),
        ("[-\\Microsoft]", "reg-key-without-root"),
        ("[HKLM\\SOFTWARE\\Microsoft]\n\"x\"=dword:2", "reg-key-abbreviated-root"),
    ] {
        let text = format!("REGEDIT4\n{lines}\n{lines}\n").into_bytes();
        let (file, changes) =
            RegFile::read_changes(&text, &Arc::from("fix.reg"), &everything(), &Limits::default(), None);
        let count = file.diagnostics().kept().iter().filter(|remark| remark.code == code).count();
        assert_eq!(count, if code == "reg-import-mounted" { 1 } else { 2 }, "{lines}");
        let after = base.with_overlay(&[changes], &import(&[]));
        assert_eq!(told(&after, key, "x"), "1 at state.reg:3", "{lines}");
        assert_eq!(told(&after, r"HKEY_LOCAL_MACHINE\SYSTEM\Setup", "x"), "no key", "{lines}");
    }
    // The same lines are read as what they were exported from.
    let text = b"REGEDIT4\n[HKEY_LOCAL_MACHINE\\OFF\\Microsoft]\n\"x\"=dword:2\n".to_vec();
    let read = RegFile::read(&text, &Arc::from("export.reg"), &everything(), &Limits::default(), None);
    assert!(matches!(read.lookup(&KeyPath::parse(key), &Name::from("x")), Lookup::Found(_)));
}

#[test]
fn what_regedit_refuses_leaves_nothing_known() {
    let base = reg("[HKEY_LOCAL_MACHINE\\SOFTWARE\\A]\n\"x\"=dword:1");
    let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\A";
    let lines = |header: &str| format!("{header}\r\n\r\n[{key}]\r\n\"x\"=dword:2\r\n");
    let wide = |mark: &[u8], text: &str, of: fn(u16) -> [u8; 2]| {
        [mark, &text.encode_utf16().flat_map(of).collect::<Vec<u8>>()].concat()
    };
    let five = lines("Windows Registry Editor Version 5.00");
    for (bytes, want) in [
        (lines("REGEDIT4").into_bytes(), "2"),
        (five.clone().into_bytes(), "2"),
        (wide(b"\xff\xfe", &five, u16::to_le_bytes), "2"),
        (wide(b"\xff\xfe", &lines("REGEDIT4"), u16::to_le_bytes), "2"),
        // Success, and nothing is imported.
        (lines("REGEDIT5").into_bytes(), "1"),
        (lines("REGEDIT4 ").into_bytes(), "1"),
        (lines("REGEDIT").into_bytes(), "1"),
        // Refused, or perhaps.
        (wide(b"\xfe\xff", &five, u16::to_be_bytes), "refuse"),
        (wide(b"\xfe\xff", &lines("REGEDIT5"), u16::to_be_bytes), "refuse"),
        (wide(b"", &five, u16::to_le_bytes), "refuse"),
        (wide(b"", &five, u16::to_be_bytes), "refuse"),
        (wide(b"\xff\xfe\xff\xfe", &five, u16::to_le_bytes), "refuse"),
        ([b"\xef\xbb\xbf", five.as_bytes()].concat(), "refuse"),
        (lines("regedit4").into_bytes(), "refuse"),
        (lines("Windows Registry Editor Version 4.00").into_bytes(), "refuse"),
        (lines("Windows Registry Editor Version 5.00 ").into_bytes(), "refuse"),
        (lines("").into_bytes(), "refuse"),
        (lines("\r\nREGEDIT4").into_bytes(), "refuse"),
        (lines("; REGEDIT4").into_bytes(), "refuse"),
        (lines("WINE REGISTRY Version 2").into_bytes(), "refuse"),
        (b"regf".to_vec(), "refuse"),
        (Vec::new(), "refuse"),
    ] {
        let changes = RegFile::read_changes(&bytes, &Arc::from("fix.reg"), &everything(), &Limits::default(), None).1;
        let said = told(&base.with_overlay(&[changes], &import(&[])), key, "x");
        assert!(said.contains(want), "{}: {said}", bytes.escape_ascii());
    }
}

/// A doubt about a key, and where it is said.
fn doubting(key: &str) -> Changes {
    let place = Place::new(&"doubt.xml".into(), At::Line(1));
    let error = Error::unsupported(At::Line(1), "in doubt");
    Changes {
        doubts: vec![(KeyPath::parse(key), error, place.clone())],
        first: Some(place),
        native: true,
        ..Changes::default()
    }
}

#[test]
fn a_doubt_holds_on_every_path_to_its_key() {
    let linked = hive("symlink");
    let through = format!(r"{CONTROL}\{CLIENT}");
    let target = r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\Alt\SCHANNEL\Protocols\TLS 1.2\Client";
    let alias = target.replace("ControlSet001", "CurrentControlSet");
    let asked = [through.as_str(), target, &alias];
    let doubted = |key: &str, asked: &str| {
        let after = linked.with_overlay(&[doubting(key)], &import(&FIRST));
        told(&after, asked, "Enabled").contains("in doubt")
    };
    for key in [
        &through,
        target,
        &alias,
        &format!(r"{CONTROL}\SecurityProviders\SCHANNEL"),
        &format!(r"{CONTROL}\SecurityProviders\SCHANNEL\Protocols"),
        &format!(r"{CONTROL}\Alt"),
        &format!(r"{CONTROL}\Alt\SCHANNEL"),
        r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001",
        "HKEY_LOCAL_MACHINE",
    ] {
        for path in asked {
            assert!(doubted(key, path), "{key} → {path}");
        }
    }
    // What may have been deleted above the link is not above what it leads to.
    let link = format!(r"{CONTROL}\SecurityProviders");
    assert_eq!(asked.map(|path| doubted(&link, path)), [true, false, false]);
    let beside = format!(r"{CONTROL}\SecurityProviders\SCHANNEL\Protocols\TLS 1.1");
    assert_eq!(asked.map(|path| doubted(&beside, path)), [false; 3]);
    assert_eq!(asked.map(|path| doubted(r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002", path)), [false; 3]);
    // The link may be deleted after what is in doubt was done, or before.
    let mut both = changes(&format!("[-{link}]"));
    both.doubts = doubting(&through).doubts;
    let after = linked.with_overlay(&[both], &import(&FIRST));
    assert!(told(&after, target, "Enabled").contains("in doubt"));
}

#[test]
fn a_link_by_way_of_the_current_set_leads_to_the_set_in_use_while_an_import_is_made() {
    // Of the machine that runs on ControlSet001, ControlSet002 is judged: there, the same link is another key's.
    let linked = hive("symlink").with_control_set(Ok(sets(&["ControlSet002"])));
    let line = format!("[{CONTROL}\\{CLIENT}]\n\"Enabled\"=dword:7");
    let after = after(&linked, &line, &FIRST);
    let target = r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\Alt\SCHANNEL\Protocols\TLS 1.2\Client";
    assert_eq!(told(&after, target, "Enabled"), "7 at fix.reg:3");
}

#[test]
fn keys_that_both_views_may_share_are_in_doubt_where_no_hive_shows_the_link() {
    let base = reg("[HKEY_LOCAL_MACHINE\\SOFTWARE]\n[HKEY_LOCAL_MACHINE\\SYSTEM]");
    let (native, wow) =
        (r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\X", r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\Policies\X");
    for (one, other) in [(native, wow), (wow, native)] {
        let set = after(&base, &format!("[{one}]\n\"x\"=dword:1"), &[]);
        assert_eq!(told(&set, one, "x"), "1 at fix.reg:3");
        assert!(told(&set, other, "x").contains("one key"), "{other}");
        let doubt = base.with_overlay(&[doubting(one)], &import(&[]));
        assert!(told(&doubt, one, "x").contains("in doubt"));
        assert!(told(&doubt, other, "x").contains("one key"), "{other}");
        let narrow = Import { wow64: Some(false), ..import(&[]) };
        let set = base.with_overlay(&[changes(&format!("[{one}]\n\"x\"=dword:1"))], &narrow);
        assert_eq!(told(&set, other, "x"), "no key");
    }
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
