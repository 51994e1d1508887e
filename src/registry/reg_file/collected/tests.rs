use std::sync::Arc;

use super::super::{Interest, RegFile, RegIs};
use super::*;
use crate::diagnostic::Code;
use crate::limits::Limits;
use crate::registry::hive::Listed;
use crate::registry::{Listing, Lookup};

const HEAD: &str = ";tlshive: collector 1\n;tlshive: host \"DC01\"\n;tlshive: time 2026-11-28T18:30:00Z\n\
                    ;tlshive: started unknown\n;tlshive: view 64\n\n";
const TOP: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Top";

/// A file with these lines in it, and the end that belongs to it.
fn whole(lines: &str) -> String {
    let text = format!("{HEAD}{lines}");
    let sum = text.encode_utf16().fold(0, |sum: u64, unit| (sum * 31 + u64::from(unit)) % 0x7fff_ffff);
    let count =
        |starts: &[&str]| text.lines().filter(|line| starts.iter().any(|start| line.starts_with(start))).count();
    let (lines, keys, values) = (text.lines().count() + 2, count(&["["]), count(&["\"", "@"]));
    format!(
        "Windows Registry Editor Version 5.00\n\n{text};tlshive: end lines {lines} keys {keys} values {values} sum {sum}\n"
    )
}

fn read(text: &str) -> RegFile {
    let mut interest = Interest::new();
    interest.tree(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE"));
    RegFile::read(&text.as_bytes().to_vec(), &Arc::from("DC01.reg"), &interest, &Limits::default(), None)
}

fn flaw(text: &str) -> Option<Flaw> {
    match &read(text).extent().by {
        super::super::extent::By::Collector(collected) => collected.clone().err(),
        _ => None,
    }
}

/// What a look-up comes to, in one word.
fn told(file: &RegFile, key: &str, value: &str) -> &'static str {
    match file.lookup(&KeyPath::parse(&format!("{TOP}{key}")), &Name::from(value)) {
        Lookup::Found(_) => "found",
        Lookup::KeyAbsent => "no key",
        Lookup::ValueAbsent(_) => "no value",
        Lookup::NotCovered => "not covered",
        Lookup::Unreadable(..) => "unreadable",
    }
}

#[test]
fn what_is_said_of_a_key_decides_what_its_silence_says() {
    let file = read(&whole(&format!(
        "\
;tlshive: tree [{TOP}\\Tree]
[{TOP}\\Tree]
\"A\"=dword:00000001
[{TOP}\\Tree\\Below]
[{TOP}\\Tree\\Locked]
;tlshive: unreadable \"Access is denied.\" [{TOP}\\Tree\\Locked]
;tlshive: values [{TOP}\\Values]
;tlshive: unreadable-value \"Odd\",\"its type\" [{TOP}\\Values]
[{TOP}\\Values]
@=\"x\"
;tlshive: only \"A\",\"B\" [{TOP}\\Only]
[{TOP}\\Only]
\"a\"=\"1\"
;tlshive: entries \"N\" [{TOP}\\Entries]
[{TOP}\\Entries]
[{TOP}\\Entries\\one]
\"N\"=\"1\"
[{TOP}\\Entries\\two]
;tlshive: absent [{TOP}\\Gone]
[{TOP}\\There]
"
    )));
    for (key, value, wanted) in [
        (r"\Tree", "a", "found"),
        (r"\Tree", "B", "no value"),
        (r"\TREE\below", "A", "no value"),
        (r"\Tree\Other\x", "A", "no key"),
        (r"\Tree\Locked", "A", "unreadable"),
        (r"\Tree\Locked\x", "A", "unreadable"),
        (r"\Values", "", "found"),
        (r"\Values", "A", "no value"),
        (r"\Values", "odd", "unreadable"),
        (r"\Values\x", "A", "not covered"),
        (r"\Only", "A", "found"),
        (r"\Only", "b", "no value"),
        (r"\Only", "C", "not covered"),
        (r"\Entries\one", "n", "found"),
        (r"\Entries\two", "N", "no value"),
        (r"\Entries\two", "M", "not covered"),
        (r"\Entries\three", "N", "no key"),
        (r"\Entries\three", "M", "no key"),
        (r"\Entries", "N", "not covered"),
        (r"\Gone", "A", "no key"),
        (r"\Gone\x\y", "A", "no key"),
        (r"\There", "A", "not covered"),
        (r"\Other", "A", "not covered"),
    ] {
        assert_eq!(told(&file, key, value), wanted, "{key} {value}");
    }
    let key = |name: &str| KeyPath::parse(&format!(r"{TOP}\{name}"));
    let listed = |name: &str, what| match file.list(&key(name), what) {
        Listing::Found { names, whole } => format!("{names:?} {whole}"),
        other => format!("{other:?}"),
    };
    assert_eq!(listed("Tree", Listed::Keys), r#"["Below", "Locked"] true"#);
    assert_eq!(listed("Entries", Listed::Keys), r#"["one", "two"] true"#);
    assert_eq!(listed("Values", Listed::Keys), "[] false");
    assert_eq!(listed("Values", Listed::Values), r#"["", "ODD"] true"#);
    assert_eq!(listed("Only", Listed::Values), r#"["a"] false"#);
    assert_eq!(listed("Gone", Listed::Keys), "KeyAbsent");
    assert_eq!(listed("Other", Listed::Keys), "NotCovered");
    assert!(matches!(file.list(&key("Tree\\Locked"), Listed::Values), Listing::Unreadable(..)));
    assert_eq!(file.key(&key("There")), file.key(&key("there")));
    assert!(matches!(file.key(&key("There")), Lookup::ValueAbsent(_)));
    let extent = file.extent().to_string();
    assert!(extent.contains("on DC01 2026-11-28T18:30:00Z") && extent.contains("Access is denied"), "{extent}");
}

#[test]
fn what_the_user_says_makes_nothing_absent_that_was_not_read() {
    let text = whole(&format!(";tlshive: only \"A\" [{TOP}]\n[{TOP}]\n\"B\"=\"1\"\n"));
    let of = |is| {
        let file = read(&text).taken_as(is);
        ["A", "B", "C"].map(|name| told(&file, "", name))
    };
    assert_eq!(of(RegIs::Auto), ["no value", "found", "not covered"]);
    assert_eq!(of(RegIs::Export), ["no value", "found", "not covered"]);
    assert_eq!(of(RegIs::Script), ["not covered", "found", "not covered"]);
}

#[test]
fn each_flaw_has_its_name() {
    let good = whole(&format!(";tlshive: tree [{TOP}]\n[{TOP}]\n\"A\"=dword:00000001\n"));
    assert_eq!(flaw(&good), None);
    assert!(read(&good).extent().collected().is_some());
    let without = |text: &str| good.replacen(text, "", 1);
    for (text, wanted) in [
        (without(";tlshive: collector 1\n"), Flaw::NoHead(3)),
        (good.replace("collector 1", "collector 2"), Flaw::Version(3)),
        (format!("{good}\n{good}"), Flaw::BehindEnd(14)),
        (format!("{good}[{TOP}\\x]\n"), Flaw::BehindEnd(13)),
        (format!("{good};tlshive: collector 1\n"), Flaw::SecondHead(13)),
        (good.replace("host \"DC01\"", "host DC01"), Flaw::Line(4)),
        (good.replace("2026-11-28T", "yesterday"), Flaw::Line(5)),
        (good.replace("tree [", "forest ["), Flaw::Line(9)),
        (good.replace("tree [", "tree \"A\" ["), Flaw::Line(9)),
        (without("\"A\"=dword:00000001\n"), Flaw::Counts(11)),
        (good.replace("dword:00000001", "dword:00000000"), Flaw::Counts(12)),
        (without(";tlshive: view 64\n"), Flaw::Counts(11)),
        (whole(&";tlshive: values [HKEY_LOCAL_MACHINE\\x]\n".repeat(STATEMENTS + 1)), Flaw::TooMany(9 + 4096)),
        (whole(&format!(";tlshive: absent [{TOP}\\{}]\n", "x".repeat(STATEMENT_UNITS))), Flaw::Line(9)),
        (good.split(";tlshive: end").next().unwrap().to_owned(), Flaw::NoEnd(11)),
    ] {
        assert_eq!(flaw(&text), Some(wanted));
        let file = read(&text);
        assert_eq!(told(&file, "", "A"), "unreadable");
        assert!(file.diagnostics().all(file.artifact()).iter().any(|d| d.code == Code::RegCollectedBroken), "{text}");
    }
    // Encoding and line ends are nothing that is counted.
    let wide: Vec<u8> =
        "\u{feff}".encode_utf16().chain(good.replace('\n', "\r\n").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut interest = Interest::new();
    interest.tree(&KeyPath::parse(TOP));
    let file = RegFile::read(&wide, &Arc::from("x"), &interest, &Limits::default(), None);
    assert!(file.extent().collected().is_some(), "{}", file.extent());
}

#[test]
fn no_part_of_a_file_says_more_than_the_whole() {
    let keys: String =
        (0..4).map(|n| format!("[{TOP}\\{n}]\n\"A\"=hex(7):41,00,\\\n  42,00\n\"B\"=dword:{n:08x}\n\n")).collect();
    let good = whole(&format!(";tlshive: tree [{TOP}]\n[{TOP}]\n{keys};tlshive: absent [{TOP}x]\n"));
    let lines: Vec<&str> = good.lines().collect();
    let cut = (0..good.len()).map(|at| good.get(..at).unwrap().to_owned());
    let lacking = (0..lines.len()).flat_map(|from| (1..4).map(move |n| (from, n))).map(|(from, n)| {
        let rest = lines.iter().enumerate().filter(|(at, _)| *at < from || *at >= from + n);
        rest.map(|(_, line)| format!("{line}\n")).collect::<String>()
    });
    let whole = read(&good);
    for text in cut.chain(lacking) {
        let file = read(&text);
        for (key, value) in [(r"\0", "A"), (r"\1", "B"), (r"\3", "B"), (r"\9", "B"), ("x", "B")] {
            let (answer, wanted) = (told(&file, key, value), told(&whole, key, value));
            let weaker = ["not covered", "unreadable"].contains(&answer);
            // Blank lines behind the end are none of its own.
            assert!(weaker || answer == wanted, "{key} {value}: {answer}, not {wanted}, of {text}");
        }
    }
}

#[test]
fn other_files_are_none_of_a_collector() {
    for text in ["", "; tlshive wrote this\n", ";tlshive\n", "; ;tlshive: collector 1\n"] {
        assert_eq!(flaw(&format!("REGEDIT4\n{text}[{TOP}]\n\"A\"=dword:1\n")), None, "{text}");
    }
}
