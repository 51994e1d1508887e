//! What regedit imports of a `.reg` file, as Wine's tests assert it on Windows.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests state what must hold"
)]

use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use tlshive::limits::Limits;
use tlshive::registry::Lookup;
use tlshive::registry::reg_file::{Interest, RegFile};
use tlshive::windows::path::{KeyPath, Name};

const BASE: &str = r"HKEY_CURRENT_USER\Software\RegConf";

/// The only root below which a file of Windows 3.1 can set anything.
const CLASS: &str = r"HKEY_CLASSES_ROOT\RegConf\open";

fn read(bytes: &[u8]) -> RegFile {
    let mut interest = Interest::new();
    interest.tree(&KeyPath::parse(BASE));
    interest.tree(&KeyPath::parse(CLASS));
    RegFile::read(&bytes.to_vec(), &Arc::from("case.reg"), &interest, &Limits::default(), None)
}

fn encode(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "ansi" => text.bytes().collect(),
        "utf16le-bom" => [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
        other => panic!("no encoding {other}"),
    }
}

fn key_exists(file: &RegFile, key: &str) -> bool {
    match file.key(&KeyPath::parse(&format!(r"{BASE}\{key}"))) {
        Lookup::Found(_) | Lookup::ValueAbsent(_) => true,
        Lookup::KeyAbsent | Lookup::NotCovered => false,
        Lookup::Unreadable(error, _) => panic!("{error}"),
    }
}

fn value(file: &RegFile, name: &str) -> Option<(u64, String)> {
    value_of(file, BASE, name)
}

fn value_of(file: &RegFile, key: &str, name: &str) -> Option<(u64, String)> {
    match file.lookup(&KeyPath::parse(key), &Name::from(name)) {
        Lookup::Found(found) => Some((found.value.kind.0.into(), found.value.hex())),
        Lookup::ValueAbsent(_) | Lookup::KeyAbsent | Lookup::NotCovered => None,
        Lookup::Unreadable(error, _) => panic!("{error}"),
    }
}

fn sz_hex(text: &str) -> String {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).map(|b| format!("{b:02x}")).collect()
}

#[test]
fn the_shared_conformance_cases_hold() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases/reg-import-cases.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    let cases: Json = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for case in cases["cases"].as_array().unwrap() {
        let list = |name: &str| case[name].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned());
        let field = |name: &str| case[name].as_str().unwrap();
        // What `pre_text` imports is there before `text` is; below one header that is the same.
        let whole = match field("pre_text") {
            "" => field("text").to_owned(),
            pre => format!("{pre}{}", field("text").split_once('\n').unwrap().1),
        };
        let file = read(&encode(&whole, field("encoding")));
        let mut check = |what: String, ok: bool| {
            if !ok {
                wrong.push(format!("{}: {what}", field("id")));
            }
        };
        for (name, expected) in case["values"].as_object().unwrap() {
            let hex = match expected.get("sz") {
                Some(text) => sz_hex(text.as_str().unwrap()),
                None => expected["hex"].as_str().unwrap().to_owned(),
            };
            let found = value(&file, name);
            check(format!("{name:?} is {found:?}"), found == Some((expected["type"].as_u64().unwrap(), hex)));
        }
        for name in list("absent") {
            let found = value(&file, &name);
            check(format!("{name:?} is {found:?}"), found.is_none());
        }
        list("keys_exist").for_each(|key| check(format!("no key {key:?}"), key_exists(&file, &key)));
        list("keys_absent").for_each(|key| check(format!("key {key:?}"), !key_exists(&file, &key)));
        let imported = file.format().header.imports();
        check(format!("imported: {imported}"), Some(imported) == case["file_imported"].as_bool());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines below `REGEDIT4` and the base key; what value `v` then is (type, bytes), if it is there; the diagnostics'
/// codes and lines.
type Case = (&'static str, Option<(u64, &'static str)>, &'static [(&'static str, u64)]);

#[rustfmt::skip]
const VALUES: &[Case] = &[
    // Names and strings.
    (r#""v"="x""#, Some((1, "78000000")), &[]),
    (r#""V"="x""#, Some((1, "78000000")), &[]),
    ("  \"v\" \t =\t \"x\"\t ;c", Some((1, "78000000")), &[]),
    ("\"v\"=\"x\"\t  \t", Some((1, "78000000")), &[]),
    (r#""v"="""#, Some((1, "0000")), &[]),
    (r#""v"="\\0""#, Some((1, "5c0030000000")), &[]),
    (r#""v"="\n\r\"\\\q""#, Some((1, "0a000d0022005c0071000000")), &[]),
    (r#""v"="x\"#, None, &[("reg-string-unclosed", 3)]),
    (r#""v"="x"y"#, None, &[("reg-text-after-data", 3)]),
    (r#""v"="x""y""#, None, &[("reg-text-after-data", 3)]),
    (r#""v"="x"#, None, &[("reg-string-unclosed", 3)]),
    (r#""v"="x\0y""#, None, &[("reg-string-nul", 3)]),
    (r#""v\0"="x""#, None, &[("reg-string-nul", 3)]),
    (r#""v="x""#, None, &[("reg-value-no-equals", 3)]),
    (r#""v=x""#, None, &[("reg-value-no-equals", 3)]),
    (r#""v"#, None, &[("reg-name-unclosed", 3)]),
    (r#"v"="x""#, None, &[("reg-junk-line", 3)]),
    (r#"v=x"#, None, &[("reg-junk-line", 3)]),
    (r#""v"=\"x\""#, None, &[("reg-value-unknown-data", 3)]),
    (r#""v"="#, None, &[("reg-value-unknown-data", 3)]),
    (r#""v"=x"#, None, &[("reg-value-unknown-data", 3)]),
    ("\"v\"=\"one\ntwo\"", None, &[("reg-string-unclosed", 3), ("reg-junk-line", 4)]),
    ("\"v\"=\"1\"\n\"v\"=\"2\"", Some((1, "32000000")), &[]),
    // Comments.
    ("#c\n;c\n  ;c\n\t#c\n\"v\"=\"1\";c", Some((1, "31000000")), &[]),
    (";c\\\n\"v\"=\"1\"", Some((1, "31000000")), &[]),
    ("\"v\"=\"1\"#c", None, &[("reg-hash-after-data", 3)]),
    ("\"v\"=\"1\"  #c", None, &[("reg-hash-after-data", 3)]),
    ("\"v\"=;\"1\"", None, &[("reg-value-unknown-data", 3)]),
    ("\"v\"=\";1 #2\"", Some((1, "3b003100200023003200 0000")), &[]),
    // Numbers.
    ("\"v\"=dword:0000001", Some((4, "01000000")), &[]),
    ("\"v\"=dword:\t 8", Some((4, "08000000")), &[]),
    ("\"v\"=dword:fFfFfFfF", Some((4, "ffffffff")), &[]),
    ("\"v\"=dword:1 ;c", Some((4, "01000000")), &[]),
    ("\"v\"=dword:1;2", Some((4, "01000000")), &[]),
    ("\"v\"=dword:1#2", None, &[("reg-hash-after-data", 3)]),
    ("\"v\"=dword:", None, &[("reg-value-bad-dword", 3)]),
    ("\"v\"=dword:000000001", None, &[("reg-value-bad-dword", 3)]),
    ("\"v\"=dword:0x1", None, &[("reg-value-bad-dword", 3)]),
    ("\"v\"=dword:-1", None, &[("reg-value-bad-dword", 3)]),
    ("\"v\"=dword:1 2", None, &[("reg-value-bad-dword", 3)]),
    ("\"v\"=dword:12\\\n34", None, &[("reg-value-bad-dword", 3), ("reg-junk-line", 4)]),
    ("\"v\"=DWORD:00000001", None, &[("reg-value-wrong-case", 3)]),
    ("\"v\"=Hex:01", None, &[("reg-value-wrong-case", 3)]),
    ("\"v\"=dword :1", None, &[("reg-value-unknown-data", 3)]),
    ("\"v\"=qword:1", None, &[("reg-value-unknown-data", 3)]),
    // Types.
    ("\"v\"=hex:", Some((3, "")), &[]),
    ("\"v\"=hex:1,a,aB", Some((3, "010aab")), &[]),
    ("\"v\"=hex(0):01", Some((0, "01")), &[]),
    ("\"v\"=hex(1):", Some((1, "")), &[]),
    ("\"v\"=hex(b):01,00,00,00,00,00,00,00", Some((11, "0100000000000000")), &[]),
    ("\"v\"=hex(4):01,00,00,00", Some((4, "01000000")), &[]),
    ("\"v\"=hex(4):01", Some((4, "01")), &[("reg-dword-size", 3)]),
    ("\"v\"=hex(4):", Some((4, "")), &[("reg-dword-size", 3)]),
    ("\"v\"=hex(4):08,07,06,05,04,03,02,01", Some((4, "0807060504030201")), &[("reg-dword-size", 3)]),
    ("\"v\"=hex(b):", Some((11, "")), &[]),
    ("\"v\"=hex(100):01", Some((256, "01")), &[]),
    ("\"v\"=hex(ffffffff):01", Some((4_294_967_295, "01")), &[]),
    ("\"v\"=hex(100000000):01", None, &[("reg-value-bad-hex-type", 3)]),
    ("\"v\"=hex(0x2):01", None, &[("reg-value-bad-hex-type", 3)]),
    ("\"v\"=hex(x2):01", None, &[("reg-value-bad-hex-type", 3)]),
    ("\"v\"=hex(2:01", None, &[("reg-value-bad-hex-type", 3)]),
    ("\"v\"=hex(2)01", None, &[("reg-value-bad-hex-type", 3)]),
    // Terminators, and bytes in the code page.
    ("\"v\"=hex(2):25,41,25", Some((2, "2500410025000000")), &[]),
    ("\"v\"=hex(2):25,41,25,00,", Some((2, "2500410025000000")), &[]),
    ("\"v\"=hex(7):41", Some((7, "41000000")), &[]),
    ("\"v\"=hex(7):41,00,00", Some((7, "410000000000")), &[]),
    ("\"v\"=hex(1):80", Some((1, "ac200000")), &[]),
    // Hex data.
    ("\"v\"=hex:11,22,", Some((3, "1122")), &[]),
    ("\"v\"=hex:11,22,\n  33,44", Some((3, "1122")), &[("reg-line-after-comma", 4)]),
    ("\"w\"=hex:11,22,\n\"v\"=\"1\"", Some((1, "31000000")), &[]),
    ("\"v\"=hex:11,;c\n  33,44", Some((3, "11")), &[("reg-line-after-comma", 4)]),
    ("\"v\"=hex:11,100", None, &[("reg-hex-bad-byte", 3)]),
    ("\"v\"=hex:11,,22", None, &[("reg-hex-bad-byte", 3)]),
    ("\"v\"=hex:,", None, &[("reg-hex-bad-byte", 3)]),
    ("\"v\"=hex:11,/", None, &[("reg-hex-bad-byte", 3)]),
    ("\"v\"=hex:11 #c", None, &[("reg-hash-after-data", 3)]),
    ("\"v\"=hex:11\t;c", Some((3, "11")), &[]),
    // Continued lines.
    ("\"v\"=hex:11,\\\n  22", Some((3, "1122")), &[]),
    ("\"v\"=hex:11,  \\\t ;c\n\t22,\\\n33", Some((3, "112233")), &[]),
    ("\"v\"=hex:\\\n22", Some((3, "22")), &[]),
    ("\"v\"=hex:\\ 22", None, &[("reg-hex-text-after-backslash", 3)]),
    ("\"v\"=hex:11,\\\n\n \t\n;c\n  ;c\n22", Some((3, "1122")), &[]),
    ("\"v\"=hex:11,\\\n22,\n33", Some((3, "1122")), &[("reg-line-after-comma", 5)]),
    ("\"v\"=hex:11,\\", Some((3, "11")), &[]),
    ("\"v\"=hex:11,\\\n", Some((3, "11")), &[]),
    ("\"v\"=hex:11\\", None, &[("reg-hex-no-comma", 3)]),
    ("\"w\"=hex:11\\\n\"v\"=\"1\"", Some((1, "31000000")), &[("reg-hex-no-comma", 3)]),
    ("\"w\"=hex:11,\\\n\"v\"=\"1\"", None, &[("reg-value-broken", 3), ("reg-line-swallowed", 4)]),
    ("\"w\"=hex:11,\\\n;c\n\"v\"=\"1\"", None, &[("reg-value-broken", 3), ("reg-line-swallowed", 5)]),
    ("\"w\"=hex:11,\\\n#c\n\"v\"=\"1\"", Some((1, "31000000")), &[("reg-value-broken", 3), ("reg-line-swallowed", 4)]),
    ("\"v\"=hex:11,\\\n,22", None, &[("reg-value-broken", 3), ("reg-line-swallowed", 4)]),
    ("\"v\"=hex:11,\\\n\\\n22", None, &[("reg-value-broken", 3), ("reg-line-swallowed", 4), ("reg-junk-line", 5)]),
    ("\"v\"=hex:11,\\\n22\\\n33", None, &[("reg-hex-no-comma", 4), ("reg-value-broken", 3), ("reg-junk-line", 5)]),
    ("\"v\"=hex:11,\\\\\n22", None, &[("reg-hex-text-after-backslash", 3), ("reg-junk-line", 4)]),
    ("\"v\"=hex:11,\\#c\n22", None, &[("reg-hex-text-after-backslash", 3), ("reg-junk-line", 4)]),
    // Deleted values.
    ("\"v\"=\"1\"\n\"V\"=  -\t ;c", None, &[]),
    ("\"v\"=\"1\"\n\"v\"=-\"x\"", Some((1, "31000000")), &[("reg-value-bad-deletion", 4)]),
    ("\"v\"=\"1\"\n\"v\"=- #c", Some((1, "31000000")), &[("reg-hash-after-data", 4)]),
    // Keys between.
    ("[HKLM\\SOFTWARE]\n\"v\"=\"1\"", None, &[("reg-key-abbreviated-root", 3), ("reg-value-without-key", 4)]),
    ("[HKEY_CURRENT_USERS\\x]\n\"v\"=hex:11,\\\n22", None, &[("reg-key-unknown-root", 3), ("reg-value-without-key", 4)]),
    ("[]\n\"v\"=-", None, &[("reg-key-unknown-root", 3), ("reg-value-without-key", 4)]),
    ("[-HKEY_CURRENT_USER\\x]\n\"v\"=\"1\"", None, &[("reg-value-without-key", 4)]),
    ("[-HKEY_CURRENT_USER]\n\"v\"=\"1\"", None, &[("reg-key-not-deletable", 3), ("reg-value-without-key", 4)]),
    ("[ HKEY_CURRENT_USER\\x]\n\"v\"=\"1\"", Some((1, "31000000")), &[("reg-key-blank-after-bracket", 3)]),
    ("[HKEY_CURRENT_USER\\x\n\"v\"=\"1\"", Some((1, "31000000")), &[("reg-key-unclosed", 3)]),
    ("[HKEY_CURRENT_USER\\x]\n\"v\"=\"1\"", None, &[]),
    ("[HKEY_CURRENT_USER\\Software\\RegConf] \"v\"=\"1\"", None, &[("reg-text-after-key", 3)]),
    ("[HKEY_CURRENT_USER\\Software\\RegConf]\t;c\n\"v\"=\"1\"", Some((1, "31000000")), &[]),
    ("- \"v\"=dword:1", None, &[("reg-list-line", 3)]),
    ("  \u{b7} [HKEY_CURRENT_USER\\x]", None, &[("reg-list-line", 3), ("reg-utf8-unmarked", 3)]),
];

#[test]
fn values_are_stored_or_lost_line_by_line() {
    let mut wrong = Vec::new();
    for (lines, expected, codes) in VALUES {
        let expected = expected.map(|(kind, hex)| (kind, hex.replace(' ', "")));
        let codes: Vec<_> = codes.iter().map(|(code, line)| (*code, format!("line {line}"))).collect();
        // In UTF-16 the bytes of strings are other bytes, and nothing is guessed.
        let wide = lines.is_ascii() && !["hex(1):8", "hex(2):2", "hex(7):4"].iter().any(|bytes| lines.contains(bytes));
        let texts = ["\n", "\r\n", "\r"].map(|eol| format!("REGEDIT4\n[{BASE}]\n{lines}").replace('\n', eol));
        let version5 = format!("Windows Registry Editor Version 5.00\r\n[{BASE}]\r\n{lines}");
        let mut files: Vec<Vec<u8>> = texts.iter().map(|text| encode(text, "ansi")).collect();
        files.extend(wide.then(|| encode(&version5, "utf16le-bom")));
        for bytes in files {
            let file = read(&bytes);
            let found = value(&file, "v");
            let said: Vec<_> =
                file.diagnostics().kept().iter().map(|d| (d.code.as_str(), d.place.at.to_string())).collect();
            if (&found, &said) != (&expected, &codes) {
                wrong.push(format!("{}: {lines:?}: {found:?} {said:?}, not {expected:?} {codes:?}", file.format()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn keys_are_created_and_deleted_in_order() {
    for (lines, there, gone) in [
        (format!("[{BASE}\\a\\]\n[{BASE}\\b\\\\\\]"), &["a", "b"][..], &[][..]),
        (format!("[{BASE}\\c ]\n[{BASE}\\d\t]"), &["c ", "d\t"], &["c", "d"]),
        (format!("[{BASE}\\a]b] ;[x"), &["a]b"], &["a"]),
        (format!("\t[{BASE}\\a\\b]"), &["a", r"a\b"], &["b"]),
        (format!("[{BASE}\\a\\b]\n[-{}\\A]\n[{BASE}\\a]", BASE.to_lowercase()), &["a"], &[r"a\b"]),
        (format!("[{BASE}\\a]\n[ -{BASE}\\a]\n[- {BASE}\\a]\n[-\t{BASE}\\a]"), &["a"], &[]),
        (format!("[{BASE}\\ab]\n[-{BASE}\\a]"), &["ab"], &["a"]),
        (format!("{BASE}\\a]\n[{BASE}\\b\n[{BASE}\\\nc]"), &[], &["a", "b", "c"]),
    ] {
        let text = format!("REGEDIT4\n[{BASE}]\n{lines}\n");
        let file = read(text.as_bytes());
        there.iter().for_each(|key| assert!(key_exists(&file, key), "{key:?} is not there: {text}"));
        gone.iter().for_each(|key| assert!(!key_exists(&file, key), "{key:?} is there: {text}"));
    }
}

#[test]
fn every_encoding_of_version_5_gives_the_same_values() {
    let text = format!(
        "Windows Registry Editor Version 5.00\r\n\r\n[{BASE}]\r\n\"\u{e9}\u{20ac}\"=\"\u{e4}\"\r\n\
                        \"m\"=hex(7):41,00\r\n"
    );
    let wide: Vec<u16> = [0xfeff].into_iter().chain(text.encode_utf16()).collect();
    let (ansi, _, lost) = encoding_rs::WINDOWS_1252.encode(&text);
    assert!(!lost);
    for (bytes, format, code) in [
        (wide.iter().flat_map(|u| u.to_le_bytes()).collect(), "version 5.00, UTF-16LE", None),
        (wide.iter().flat_map(|u| u.to_be_bytes()).collect(), "version 5.00, UTF-16BE", Some("reg-utf16be")),
        (format!("\u{feff}{text}").into_bytes(), "version 5.00, UTF-8 with a byte order mark", Some("reg-utf8-bom")),
        (text.clone().into_bytes(), "version 5.00, windows-1252 (assumed)", Some("reg-utf8-unmarked")),
        (ansi.to_vec(), "version 5.00, windows-1252 (assumed)", None),
    ] {
        let file: RegFile = read(&bytes);
        assert_eq!(file.format().to_string(), format);
        assert_eq!(value(&file, "\u{e9}\u{20ac}"), Some((1, "e4000000".into())), "{format}");
        assert_eq!(value(&file, "m"), Some((7, "41000000".into())), "{format}");
        assert_eq!(file.diagnostics().kept().first().map(|d| d.code.as_str()), code, "{format}");
    }
}

#[test]
fn strings_given_as_utf16_bytes_get_a_terminator_when_they_have_none() {
    for (hex, stored) in [
        ("4c,00", "4c000000"),
        ("4c,00,", "4c000000"),
        ("4c,00,00,00", "4c000000"),
        ("4c,00,00,00,00,00,", "4c0000000000"),
        ("00,00,4c,00, \\\n  4d,00", "00004c004d000000"),
        ("00,00,00,00", "00000000"),
        ("", ""),
    ] {
        for kind in [1, 2, 7] {
            let text = format!("Windows Registry Editor Version 5.00\n[{BASE}]\n\"v\"=hex({kind}):{hex}\n");
            assert_eq!(value(&read(&encode(&text, "utf16le-bom")), "v"), Some((kind, stored.into())), "{text}");
        }
    }
}

#[test]
fn lines_of_windows_31_set_default_values() {
    let mut wrong = Vec::new();
    for (line, stored) in [
        (format!("{CLASS} = Read me"), Some("Read me")),
        (format!("{CLASS} =Read me"), Some("Read me")),
        (format!("{CLASS} =  Read me "), Some(" Read me ")),
        (format!("{CLASS}   Read me"), Some("Read me")),
        (CLASS.to_owned(), Some("")),
        (format!("{CLASS}\t "), Some("")),
        (format!("{CLASS} = 1\n{CLASS}\n{CLASS} = \\\"2;"), Some("\\\"2;")),
        (format!("{} = 1", CLASS.replace("RegConf", "REGCONF")), Some("1")),
        (format!(" {CLASS} = 1\n\t{CLASS} = 1\n;{CLASS} = 1\n#{CLASS} = 1"), None),
        (format!("{} = 1", CLASS.replace("HKEY", "hkey")), None),
        (format!("[{CLASS}]\n@=\"1\""), None),
        (format!("{BASE} = 1"), None),
    ] {
        for text in ["\n", "\r\n", "\r"].map(|eol| format!("REGEDIT\n{line}").replace('\n', eol)) {
            for encoding in ["ansi", "utf16le-bom"] {
                let file = read(&encode(&text, encoding));
                let found = value_of(&file, CLASS, "");
                if found != stored.map(|text| (1, sz_hex(text))) || value(&file, "").is_some() {
                    wrong.push(format!("{encoding}: {text:?}: {found:?}, not {stored:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unpaired_surrogates_survive() {
    let mut units: Vec<u16> = format!("\u{feff}REGEDIT4\n[{BASE}]\n\"v\"=\"").encode_utf16().collect();
    units.extend([0xd800, 0x22, 0x0a]);
    let file = read(&units.iter().flat_map(|u| u.to_le_bytes()).collect::<Vec<_>>());
    assert_eq!(value(&file, "v"), Some((1, "00d80000".into())));
}

#[test]
fn nothing_is_imported_without_the_exact_header() {
    for (header, code) in [
        ("REGEDIT", Some("reg-windows-31")),
        ("REGEDIT5", Some("reg-header-ignored")),
        ("REGEDIT4 ", Some("reg-header-ignored")),
        ("regedit4", Some("reg-no-header")),
        ("\nREGEDIT4", Some("reg-no-header")),
        ("Windows Registry Editor Version 5.00 ", Some("reg-no-header")),
        ("", Some("reg-no-header")),
        (" \tREGEDIT4", None),
    ] {
        let file = read(format!("{header}\n[{BASE}]\n\"v\"=\"1\"\n").as_bytes());
        assert_eq!(value(&file, "v").is_some(), code.is_none(), "{header:?}");
        assert_eq!(file.diagnostics().kept().first().map(|d| d.code.as_str()), code, "{header:?}");
    }
}
