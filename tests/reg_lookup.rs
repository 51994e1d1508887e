//! What a `.reg` file says of a key, and what it cannot say.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests state what must hold")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::sync::Arc;

use common::random::{XorShift, rounds};
use tlshive::error::{At, Error};
use tlshive::limits::Limits;
use tlshive::read_at::ReadAt;
use tlshive::registry::Lookup;
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::windows::path::{KeyPath, Name};

const TLS: &str = r"Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2";
const NET: &str = r"Microsoft\.NETFramework\v4.0.30319";

fn interest() -> Interest {
    let mut interest = Interest::new();
    interest.key(&KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{TLS}\Client")));
    interest.key(&KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{NET}")));
    interest.key(&KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\{NET}")));
    interest.tree(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Test"));
    interest
}

fn read_with(text: &str, limits: &Limits) -> RegFile {
    RegFile::read(&text.as_bytes().to_vec(), &Arc::from("t.reg"), &interest(), limits, None)
}

fn read(lines: &str) -> RegFile {
    read_with(&format!("Windows Registry Editor Version 5.00\n{lines}\n"), &Limits::default())
}

/// The answer in few words: the number, or which kind of nothing.
fn ask(file: &RegFile, key: &str, value: &str) -> String {
    match file.lookup(&KeyPath::parse(key), &Name::from(value)) {
        Lookup::Found(found) => {
            assert_eq!(found.key.last_write, None);
            format!("{} at {}", found.value.as_dword().unwrap(), found.place)
        }
        Lookup::KeyAbsent => "no key".into(),
        Lookup::ValueAbsent(key) => format!("no value at {}", key.place),
        Lookup::NotCovered => "not covered".into(),
        Lookup::Unreadable(error, _) => error.to_string(),
    }
}

fn client(file: &RegFile, set: &str) -> String {
    ask(file, &format!(r"HKEY_LOCAL_MACHINE\SYSTEM\{set}\{TLS}\Client"), "Enabled")
}

/// What a look-up answers where every listed key is known as a whole, and where nothing is but what is listed.
#[test]
fn silence_is_absence_in_an_export_alone() {
    let key = format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{TLS}");
    let not = "not covered";
    for (lines, export, script) in [
        (String::new(), not, not),
        (format!("[{key}\\Server]"), not, not),
        (format!("[{key}]"), "no key", not),
        (r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet]".into(), "no key", not),
        (format!("[{key}\\Client]"), "no value at t.reg:2", not),
        (format!("[{key}\\Client]\n\"enabled\"=dword:1"), "1 at t.reg:3", "1 at t.reg:3"),
        (
            format!("[{key}\\Client]\n\"Enabled\"=dword:1\n[{key}\\client]\n\"ENABLED\"=dword:0"),
            "0 at t.reg:5",
            "0 at t.reg:5",
        ),
        (format!("[{key}\\Client]\n\"Enabled\"=dword:1\n\"Enabled\"=-"), "no value at t.reg:2", "no value at t.reg:2"),
        (format!("[{key}\\Client]\n\"Enabled\"=-\n\"ENABLED\"=dword:1"), "1 at t.reg:4", "1 at t.reg:4"),
        (format!("[{key}\\Client]\n\"Enabled\"=dword:x"), "no value at t.reg:2", not),
        (format!("[{key}\\Client]\n\"Enabled\"=dword:1\n[-{key}]"), "no key", "no key"),
        (format!("[-{key}]\n[{key}\\Client]\n\"Enabled\"=dword:1"), "1 at t.reg:4", "1 at t.reg:4"),
        (format!("[-{key}]\n[{key}\\Client]\n\"x\"=dword:1"), "no value at t.reg:3", "no value at t.reg:3"),
        (format!("[-{key}\\Client]"), "no key", "no key"),
        (format!("[-{key}\\Client]\n[{key}]"), "no key", "no key"),
        (r"[-HKEY_LOCAL_MACHINE\SYSTEM]".into(), "no key", "no key"),
        (format!("[-{key}\\Client\\x]"), not, not),
        // A key below creates it, but may not be the first to do so.
        (format!("[{key}\\Client\\x]\n\"Enabled\"=dword:1"), not, not),
        (format!("[{key}]\n[{key}\\Client\\x]"), "no value at t.reg:3", not),
        (format!("[-{key}\\Client]\n[{key}\\Client\\x]"), "no value at t.reg:3", "no value at t.reg:3"),
        (format!("[{key}\\Client\\x]\n[-{key}\\Client]"), "no key", "no key"),
    ] {
        assert_eq!(client(&read(&lines), "CurrentControlSet"), script, "{lines}");
        assert_eq!(client(&read(&lines).taken_as(RegIs::Script), "CurrentControlSet"), script, "{lines}");
        assert_eq!(client(&read(&lines).taken_as(RegIs::Export), "CurrentControlSet"), export, "{lines}");
    }
}

/// A line for a key, or for one below it, says that the key is there, whatever is in it.
#[test]
fn a_listed_key_exists() {
    let key = format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{TLS}\Client");
    let there = |lines: &str| match read(lines).key(&KeyPath::parse(&key)) {
        Lookup::ValueAbsent(info) => info.place.to_string(),
        other => format!("{other:?}"),
    };
    assert_eq!(there(&format!("[{key}]")), "t.reg:2");
    assert_eq!(there(&format!("[{key}\\x]")), "t.reg:2");
    assert_eq!(there(&format!("[{key}]\n@=dword:1")), "t.reg:2");
    assert_eq!(there(&format!("[{key}]\n@=-")), "t.reg:2");
    assert_eq!(there(&format!("[{key}]\n[-{key}]")), "KeyAbsent");
    assert_eq!(there(""), "NotCovered");
}

#[test]
fn control_sets_are_kept_apart_and_listed_once() {
    let line =
        |set: &str, n: u8| format!("[HKEY_LOCAL_MACHINE\\SYSTEM\\{set}\\{TLS}\\Client]\n\"Enabled\"=dword:{n}\n");
    let file = read(&[line("ControlSet002", 2), line("currentcontrolset", 0), line("CONTROLSET002", 3)].concat());
    let sets: Vec<String> = file.control_sets().iter().map(ToString::to_string).collect();
    assert_eq!(sets, ["ControlSet002", "currentcontrolset"]);
    assert_eq!(client(&file, "ControlSet002"), "3 at t.reg:7");
    assert_eq!(client(&file, "CurrentControlSet"), "0 at t.reg:5");
    assert_eq!(client(&file, "ControlSet001"), "not covered");
}

#[test]
fn mounted_and_rootless_hives_are_the_same_hives() {
    for mount in [r"HKEY_LOCAL_MACHINE\OFFLINE", r"HKEY_USERS\off", ""] {
        let file = read(&format!(
            "[{mount}\\ControlSet001\\{TLS}\\Client]\n\"Enabled\"=dword:1\n[{mount}\\Select]\n\"Current\"=dword:1\n\
             [{mount}\\Wow6432Node\\{NET}]\n\"SchUseStrongCrypto\"=dword:1"
        ));
        assert_eq!(client(&file, "ControlSet001"), "1 at t.reg:3", "{mount}");
        assert_eq!(ask(&file, r"HKEY_LOCAL_MACHINE\SYSTEM\Select", "Current"), "1 at t.reg:5", "{mount}");
        let key = format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\{NET}");
        assert_eq!(ask(&file, &key, "SchUseStrongCrypto"), "1 at t.reg:7", "{mount}");
        assert_eq!(file.format().rootless, mount.is_empty());
    }
    let user = read(&format!("[HKEY_USERS\\S-1-5-18\\Microsoft]\n[HKEY_USERS\\S-1-5-18\\{NET}]\n\"x\"=dword:1"));
    assert_eq!(ask(&user, &format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{NET}"), "x"), "not covered");
}

#[test]
fn two_hives_that_speak_of_one_key_are_never_merged() {
    let set = |hive: &str| format!("[HKEY_LOCAL_MACHINE\\{hive}\\ControlSet001\\{TLS}\\Client]\n\"Enabled\"=dword:1\n");
    let file = read(&(set("SYSTEM") + &set("OFFLINE")));
    let answer = client(&file, "ControlSet001");
    assert!(answer.ends_with(r"in more than one hive: HKEY_LOCAL_MACHINE, HKEY_LOCAL_MACHINE\OFFLINE"), "{answer}");
    let file = read(&(set("A") + &set("b") + "[-HKEY_LOCAL_MACHINE\\A]"));
    assert!(client(&file, "ControlSet001").contains("more than one hive"));
    let file = read(&(set("A") + &set("a")));
    assert_eq!(client(&file, "ControlSet001"), "1 at t.reg:5");
}

#[test]
fn a_doubled_backslash_in_a_path_separates_once() {
    let file = read(&format!("[HKEY_LOCAL_MACHINE\\SOFTWARE\\{}]\n\"x\"=dword:1", NET.replace(r"\.", r"\\.")));
    assert_eq!(ask(&file, &format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{NET}"), "x"), "1 at t.reg:3");
}

#[test]
fn a_tree_of_interest_keeps_everything_below_it() {
    let file = read("[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Test\\a\\b]\n\"x\"=dword:7\n");
    assert_eq!(ask(&file, r"HKEY_LOCAL_MACHINE\SOFTWARE\POLICIES\TEST\A\B", "X"), "7 at t.reg:3");
    assert_eq!(ask(&file, r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Test\a", "x"), "not covered");
    assert_eq!(ask(&file, r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies", "x"), "not covered");
}

#[test]
fn wine_files_are_the_whole_machine() {
    let text = format!(
        "WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\Machine\n\n#arch=win64\n\n\
         [System\\\\CurrentControlSet\\\\{}\\\\Client] 1700000000\n#time=1dd7a8c254774b6\n\"\\x45nabled\"=dword:00000001\n\
         \"s\"=str(2):\"a\\x20ac\\n\\0\"\n\n[Software\\\\Policies\\\\Test\\\\l] 1\n#link\n\
         \"SymbolicLinkValue\"=hex(6):5c,00,\\\n  52,00\n",
        TLS.replace('\\', r"\\")
    );
    let file = read_with(&text, &Limits::default());
    assert_eq!(client(&file, "CurrentControlSet"), "1 at t.reg:8");
    assert_eq!(client(&file, "ControlSet001"), "no key");
    assert_eq!(ask(&file, &format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{NET}"), "x"), "no key");
    assert!(ask(&file, r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Test\l\x", "x").contains("symbolic link"));
    let key = KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{TLS}\Client"));
    let Lookup::Found(found) = file.lookup(&key, &Name::from("s")) else { panic!() };
    assert_eq!((found.value.kind.0, found.value.hex().as_str()), (2, "6100ac200a0000000000"));
    let as_of = |base: &str| read_with(&text.replace(r"REGISTRY\\Machine", base), &Limits::default());
    assert_eq!(client(&as_of(r"REGISTRY\\User\\S-1-5-21"), "CurrentControlSet"), "not covered");
    // As Wine wrote it before version 8.
    assert_eq!(client(&as_of(r"\\Machine"), "CurrentControlSet"), "1 at t.reg:8");
    assert_eq!(client(&as_of(r"\\Machine"), "ControlSet001"), "no key");
    assert_eq!(client(&as_of(r"\\User\\.Default"), "CurrentControlSet"), "not covered");
    // A key that was saved alone, and a file that does not say whose keys it has.
    let saved = text.replace(r"REGISTRY\\Machine", r"\\Machine\\System").replace(r"[System\\", "[");
    let saved = read_with(&saved, &Limits::default());
    assert_eq!(client(&saved, "CurrentControlSet"), "1 at t.reg:8");
    assert_eq!(client(&saved, "ControlSet001"), "no key");
    assert_eq!(ask(&saved, &format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{NET}"), "x"), "not covered");
    let untold = read_with(&text.replace(";; All", ";; Some"), &Limits::default());
    assert_eq!(client(&untold, "CurrentControlSet"), "1 at t.reg:8");
    assert_eq!(client(&untold, "ControlSet001"), "not covered");
}

/// A source that fails past an offset.
struct Broken(Vec<u8>, u64);

impl ReadAt for Broken {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        if offset >= self.1 { Err(std::io::Error::other("bad sector")) } else { self.0.read_at(offset, buf) }
    }

    fn len(&self) -> u64 {
        ReadAt::len(&self.0)
    }
}

#[test]
fn nothing_is_certain_once_reading_stopped() {
    let head = format!(
        "Windows Registry Editor Version 5.00\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\{TLS}\\Client]\n\
         \"Enabled\"=dword:1\n"
    );
    let policy = |n: usize| format!("[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Test\\{n}]\n");
    let many: String = (0..200).map(policy).collect();
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    for (file, code) in [
        (
            read_with(&format!("{head};{}\n", "x".repeat(5000)), &limits(|l| l.line_units = 1000)),
            "the length of a line",
        ),
        (read_with(&(head.clone() + &many), &limits(|l| l.reg_keys = 100)), "the keys that are kept"),
        (read_with(&(head.clone() + &many), &limits(|l| l.reg_bytes = 9000)), "the bytes that are kept"),
    ] {
        assert!(client(&file, "CurrentControlSet").contains(code), "{code}");
        assert!(ask(&file, &format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{NET}"), "x").contains(code), "{code}");
        assert_eq!(ask(&file, r"HKEY_LOCAL_MACHINE\SOFTWARE\Elsewhere", "x"), "not covered");
        assert_eq!(file.diagnostics().kept().last().map(|d| d.code.as_str()), Some("reg-stopped"));
    }
    let first = RegFile::read(&Broken(vec![0; 9], 0), &Arc::from("t.reg"), &interest(), &Limits::default(), None);
    assert_eq!(first.diagnostics().kept().iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["reg-stopped"]);
    assert!(client(&first, "CurrentControlSet").contains("bad sector"));
    let mut text = head.into_bytes();
    text.resize(300_000, b'\n');
    let file = RegFile::read(&Broken(text, 100_000), &Arc::from("t.reg"), &interest(), &Limits::default(), None);
    assert!(matches!(file.stopped(), Some(Error::Io { at: At::Offset(o), .. }) if *o > 0));
    assert!(client(&file, "CurrentControlSet").contains("bad sector"));
}

#[test]
fn a_value_over_the_limit_is_unreadable_alone() {
    let limits = Limits { value_bytes: 8, ..Limits::default() };
    let text = format!(
        "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\{TLS}\\Client]\n\"big\"=hex:{}\n\"Enabled\"=dword:1\n",
        "00,".repeat(9)
    );
    let file = read_with(&text, &limits);
    let key = format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{TLS}\Client");
    assert!(ask(&file, &key, "big").contains("limit of 8"));
    assert_eq!(client(&file, "CurrentControlSet"), "1 at t.reg:4");
}

#[test]
fn hostile_files_are_read_to_their_end() {
    let key = format!(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\{TLS}\Client");
    let below = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Test";
    let deep = r"\a".repeat(400);
    for text in [
        "Windows Registry Editor Version 5.00\n".repeat(50_000),
        format!("REGEDIT4\n\"a\"=\"{}\n", "\\".repeat(1_000_000)),
        format!("REGEDIT4\n[{key}{}]\n", "\\".repeat(1_000_000)),
        format!("REGEDIT4\n[{key}{}]\n", "]".repeat(1_000_000)),
        format!("REGEDIT4\n{}", format!("[{key}]\n[-{key}]\n").repeat(10_000)),
        format!("REGEDIT4\n{}", (0..20_000).map(|n| format!("[-{below}\\{n}]\n")).collect::<String>()),
        format!("REGEDIT4\n{}", (0..20_000).map(|n| format!("[{below}\\{n}]\n")).collect::<String>()),
        format!("REGEDIT4\n{}", (0..2_000).map(|n| format!("[{below}\\{n}{deep}]\n")).collect::<String>()),
        format!(
            "REGEDIT4\n{}",
            (0..20_000).map(|n| format!("[HKEY_LOCAL_MACHINE\\M{n}\\Select]\n")).collect::<String>()
        ),
        format!(
            "REGEDIT4\n{}",
            (0..20_000).map(|n| format!("[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet{n}]\n")).collect::<String>()
        ),
        format!("REGEDIT4\n[{key}]\n{}", (0..20_000).map(|n| format!("\"{n}\"=dword:1\n")).collect::<String>()),
        format!("REGEDIT4\n[{key}]\n\"a\"=hex:00,\\\n{}", "00,\\\n".repeat(300_000)),
        "x\n".repeat(500_000),
    ] {
        // With quadratic time this would take minutes, and the runner's limit on a test would end it.
        let file = read_with(&text, &Limits::default());
        assert_ne!(client(&file, "CurrentControlSet"), "");
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let valid = format!(
        "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\{TLS}\\Client]\r\n\"Enabled\"=dword:00000001\r\n\
         \"m\"=hex(7):41,00,\\\r\n  42,00,00 ;c\r\n@=\"\\\"x\\\\\"\r\n\"d\"=-\r\n[-HKEY_LOCAL_MACHINE\\OFF]\r\n"
    );
    let wide: Vec<u8> = format!("\u{feff}{valid}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wine = valid.replace("REGEDIT4", "WINE REGISTRY Version 2").replace(r"HKEY_LOCAL_MACHINE\", "").into_bytes();
    let mut random = XorShift(0x9e37_79b9_7f4a_7c15);
    let bytes = b"\\\",;#[]@=-\r\n\0\xff\xfe\xe2 hex(1):dword41";
    for seed in [valid.as_bytes(), &wide, &wine] {
        for _ in 0..rounds(3000) {
            let mut text = seed.to_vec();
            for _ in 0..=random.below(6) {
                let at = random.below(text.len());
                match random.below(4) {
                    0 => text[at] = bytes[random.below(bytes.len())],
                    1 => text.insert(at, bytes[random.below(bytes.len())]),
                    2 => text.truncate(at + 1),
                    _ => drop(text.remove(at).min(if text.is_empty() {
                        text.push(0);
                        0
                    } else {
                        1
                    })),
                }
            }
            let file = RegFile::read(&text, &Arc::from("r"), &interest(), &Limits::default(), None);
            client(&file, "ControlSet001");
            tlshive::registry::reg_file::sniff(&text);
        }
    }
    for _ in 0..rounds(3000) {
        let text: Vec<u8> = (0..random.below(200)).map(|_| bytes[random.below(bytes.len())]).collect();
        RegFile::read(&[b"REGEDIT4\n", &text[..]].concat(), &Arc::from("r"), &interest(), &Limits::default(), None);
        tlshive::registry::reg_file::sniff(&text);
    }
}

#[test]
fn keys_of_one_hive_from_two_mounts_are_no_one_machine() {
    let wow = format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node\{NET}");
    let both = [("A", "A"), ("A", "B"), ("SOFTWARE", "B")].map(|(one, two)| {
        let [one, two] = [one, two].map(|mount| format!(r"HKEY_LOCAL_MACHINE\{mount}"));
        let value = "\"SchUseStrongCrypto\"=dword:1";
        ask(
            &read(&format!("[{one}\\{NET}]\n{value}\n[{two}\\WOW6432Node\\{NET}]\n{value}")),
            &wow,
            "SchUseStrongCrypto",
        )
    });
    assert_eq!(both[0], "1 at t.reg:5");
    assert!(both[1].contains(r"HKEY_LOCAL_MACHINE\A, HKEY_LOCAL_MACHINE\B"), "{}", both[1]);
    assert!(both[2].contains("more than one hive"), "{}", both[2]);
    // Two hives of one machine have two mounts as a rule.
    let two_hives =
        read(&format!("[HKEY_LOCAL_MACHINE\\S\\ControlSet001\\{TLS}\\Client]\n[HKEY_LOCAL_MACHINE\\T\\{NET}]"));
    assert_eq!(client(&two_hives.taken_as(RegIs::Export), "ControlSet001"), "no value at t.reg:2");
}
