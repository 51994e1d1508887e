//! Which `.reg` files are exports, so that what they do not list is absent: each point of the rule by itself, each trap, and
//! random trees, as regedit writes them and then spoiled in one place.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::sync::Arc;

use common::random::{XorShift, rounds};
use tlshive::limits::Limits;
use tlshive::registry::Lookup;
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::windows::path::{KeyPath, Name};

const V5: &str = "Windows Registry Editor Version 5.00";
const CONTROL: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control";
const SCHANNEL: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
const NET: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\.NETFramework";

fn read(bytes: &[u8]) -> RegFile {
    let mut interest = Interest::new();
    interest.everything(&KeyPath::default());
    RegFile::read(&bytes.to_vec(), &Arc::from("t.reg"), &interest, &Limits::default(), None)
}

/// As regedit encodes it.
fn wide(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").replace('\n', "\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Keys and their values, in regedit's layout.
fn body(keys: &[(String, &[&str])]) -> String {
    let key = |(key, values): &(String, &[&str])| {
        let values: String = values.iter().map(|value| format!("{value}\n")).collect();
        format!("[{key}]\n{values}\n")
    };
    keys.iter().map(key).collect()
}

fn whole(keys: &[(String, &[&str])]) -> String {
    format!("{V5}\n\n{}", body(keys))
}

fn said(bytes: &[u8]) -> String {
    read(bytes).extent().to_string()
}

/// SCHANNEL as every Windows has it, with nothing set below Protocols.
fn schannel() -> Vec<(String, &'static [&'static str])> {
    let below = |name: &str| (format!(r"{SCHANNEL}\{name}"), &[][..]);
    vec![
        (SCHANNEL.to_owned(), &["\"EventLogging\"=dword:00000001"][..]),
        below("Ciphers"),
        below("Hashes"),
        below("KeyExchangeAlgorithms"),
        below("Protocols"),
    ]
}

fn ask(file: &RegFile, key: &str, value: &str) -> String {
    match file.lookup(&KeyPath::parse(key), &Name::from(value)) {
        Lookup::Found(found) => found.value.hex(),
        Lookup::KeyAbsent => "no key".into(),
        Lookup::ValueAbsent(_) => "no value".into(),
        Lookup::NotCovered => "not covered".into(),
        Lookup::Unreadable(error, _) => error.to_string(),
    }
}

#[test]
fn what_every_windows_has_proves_an_export_in_any_encoding() {
    let text = whole(&schannel());
    let told = format!("an export of {SCHANNEL} (it lists 5 things that every Windows has there)");
    let version_4 = text.replace(V5, "REGEDIT4");
    for bytes in
        [wide(&text), text.clone().into_bytes(), format!("\u{feff}{text}").into_bytes(), version_4.into_bytes()]
    {
        assert_eq!(said(&bytes), told);
    }
    let file = read(text.as_bytes());
    assert_eq!(ask(&file, &format!(r"{SCHANNEL}\Protocols\TLS 1.2\Client"), "Enabled"), "no key");
    assert_eq!(ask(&file, &format!(r"{SCHANNEL}\Ciphers"), "x"), "no value");
    assert_eq!(ask(&file, SCHANNEL, "x"), "no value");
    assert_eq!(ask(&file, &format!(r"{CONTROL}\Lsa"), "x"), "not covered");
    assert_eq!(ask(&file.taken_as(RegIs::Script), SCHANNEL, "x"), "not covered");
}

#[test]
fn one_thing_missing_or_odd_makes_a_script_of_it() {
    let keys = schannel();
    let without = |name: &str| {
        let kept: Vec<_> = keys.iter().filter(|(key, _)| !key.ends_with(name)).cloned().collect();
        whole(&kept)
    };
    let text = whole(&keys);
    let client = format!("[{SCHANNEL}\\Protocols\\TLS 1.2\\Client]\n\"Enabled\"=dword:00000001\n\n");
    let missing = |what: &str| format!("the key in line 3 is listed without {what}, which every Windows has there");
    for (text, why) in [
        (without("Ciphers"), missing("Ciphers")),
        (without("Protocols"), missing("Protocols")),
        (text.replace("\"EventLogging\"=dword:00000001\n", ""), missing("EventLogging")),
        (text.replace("\n\n[", "\n\n; from the reference machine\n["), "line 3 is a comment".into()),
        (text.replacen("\n[", "\n# x\n[", 1), "line 3 is a comment".into()),
        (format!("{text}[-{SCHANNEL}\\Ciphers]\n"), "line 14 deletes something".into()),
        (text.replace("dword:00000001\n", "dword:00000001\n\"x\"=-\n"), "line 5 deletes something".into()),
        (
            text.replace("dword:00000001\n", "dword:00000001\nx\n"),
            "line 5 is one that an import would skip, whole or in part".into(),
        ),
        (
            text.replace("dword:00000001\n", "dword:00000001\n\"x\"=DWORD:1\n"),
            "line 5 is one that an import would skip, whole or in part".into(),
        ),
        (
            text.replace("SCHANNEL]\n", "SCHANNEL] x\n"),
            "line 3 is one that an import would skip, whole or in part".into(),
        ),
        (
            text.replace("dword:00000001\n", "dword:00000001\n\"x\"=hex:00,\\\n"),
            "line 6 is one that an import would skip, whole or in part".into(),
        ),
        (format!("{text}\"x\"=hex:00,\\\n"), "line 14 is one that an import would skip, whole or in part".into()),
        (format!("{text}{client}"), "the key in line 14 does not stand behind the one above it".into()),
        (
            format!("{text}[{NET}]\n\"SchUseStrongCrypto\"=dword:00000001\n"),
            "the key in line 14 is not below the first one".into(),
        ),
        (format!("{text}[{SCHANNEL}X]\n"), "the key in line 14 is not below the first one".into()),
        (format!("{text}[{SCHANNEL}\\CIPHERS]\n"), "something in or below the key in line 3 is listed twice".into()),
        (format!("{text}[{SCHANNEL}\\protocols]\n"), "something in or below the key in line 14 is listed twice".into()),
        (format!("{text}[{SCHANNEL}]\n"), "something in or below the key in line 14 is listed twice".into()),
        (
            text.replace("dword:00000001\n", "dword:00000001\n\"EVENTLOGGING\"=dword:00000001\n"),
            "something in or below the key in line 3 is listed twice".into(),
        ),
    ] {
        for bytes in [wide(&text), text.clone().into_bytes()] {
            assert_eq!(said(&bytes), format!("a script ({why})"), "{text}");
        }
        let file = read(text.as_bytes());
        assert_eq!(ask(&file, &format!(r"{SCHANNEL}\Protocols\TLS 1.2\Server"), "Enabled"), "not covered", "{text}");
        let file = file.taken_as(RegIs::Export);
        assert_eq!(ask(&file, &format!(r"{SCHANNEL}\Hashes\SHA"), "Enabled"), "no key", "{text}");
    }
}

/// Traps: what a script that sets one thing has in common with an export.
#[test]
fn little_of_what_every_windows_has_proves_nothing() {
    let local = format!(r"{CONTROL}\Cryptography\Configuration\Local");
    let functions: &[&str] = &["\"Functions\"=hex(7):54,00,00,00,00,00"];
    let chain = |from: &str| {
        let all = [format!(r"{CONTROL}\Cryptography\Configuration"), local.clone()];
        let rest = [format!(r"{local}\SSL"), format!(r"{local}\SSL\00010002")];
        let keys: Vec<String> = all.into_iter().chain(rest).filter(|key| key.starts_with(from)).collect();
        let last = keys.len() - 1;
        keys.into_iter().enumerate().map(|(i, key)| (key, if i == last { functions } else { &[] })).collect::<Vec<_>>()
    };
    for keys in [
        vec![(format!(r"{local}\SSL\00010002"), functions)],
        // Each parent listed by a tool that lists parents.
        chain(&format!(r"{local}\SSL")),
        chain(&local),
        chain(CONTROL),
        vec![(format!(r"{NET}\v4.0.30319"), &["\"SchUseStrongCrypto\"=dword:00000001"])],
        vec![(format!(r"{SCHANNEL}\Protocols"), &[])],
        vec![(r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion".into(), &["\"ProductName\"=\"x\""])],
    ] {
        let file = read(whole(&keys).as_bytes());
        assert_eq!(file.extent().is_export(), Some(false), "{}", file.extent());
    }
    // In regedit's own bytes, more than one key, or an empty one, is an export where nothing is always there.
    let exact = |keys: &[(String, &[&str])]| said(&wide(&whole(keys)));
    let by_bytes = |key: &str| format!("an export of {key} (it is written as regedit writes exports)");
    let protocols = format!(r"{SCHANNEL}\Protocols");
    let on: &[&str] = &["\"Enabled\"=dword:00000001"];
    let client = (format!(r"{protocols}\TLS 1.2\Client"), on);
    let above = [(protocols.clone(), &[][..]), (format!(r"{protocols}\TLS 1.2"), &[][..])];
    assert_eq!(exact(&above[..1]), by_bytes(&protocols));
    assert_eq!(exact(&[&above[..], std::slice::from_ref(&client)].concat()), by_bytes(&protocols));
    assert_eq!(exact(&chain(CONTROL)), by_bytes(&format!(r"{CONTROL}\Cryptography\Configuration")));
    assert_eq!(exact(&[client]), "a script (one key with some values: a script looks the same)");
    assert_eq!(
        exact(&[(CONTROL.into(), &["\"WaitToKillServiceTimeout\"=\"2000\""])]),
        "a script (the key in line 3 is listed without Class, which every Windows has there)"
    );
}

/// The forms of each line, byte for byte.
#[test]
fn regedits_own_bytes_are_exact() {
    let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\X";
    let long = format!("\"long\"=hex:{}\\\n  {}\\\n  02,03", "01,".repeat(22), "0f,".repeat(25));
    let good = [
        r#"@="default""#,
        r#""C:\\a\"b"="\\\"q""#,
        r#""d"=dword:0000a001"#,
        r#""b"=hex:"#,
        r#""b2"=hex:00,0f"#,
        r#""n"=hex(0):"#,
        r#""e"=hex(2):25,00,00,00"#,
        r#""q"=hex(b):01,00,00,00,00,00,00,00"#,
        r#""x"=hex(ffff0001):01"#,
        r#""odd"=hex(4):01,02"#,
        &long,
    ];
    let text = format!("{V5}\n\n[{key}]\n{}\n\n[{key}\\a]\n\n[{key}\\B]\n@=\"\"\n\n", good.join("\n"));
    assert!(said(&wide(&text)).starts_with("an export"), "{}", said(&wide(&text)));
    for (from, to) in [
        ("5.00\n\n", "5.00\n"),
        ("5.00\n\n", "5.00\n\n\n"),
        ("\n\n[", "\n["),
        ("\"\"\n\n", "\"\"\n"),
        ("\"\"\n\n", "\"\"\n\n\n"),
        ("@=\"default\"", "@= \"default\""),
        ("@=\"default\"", " @=\"default\""),
        ("@=\"default\"", "@=\"default\" "),
        ("@=\"default\"", "\"\"=\"default\""),
        ("@=\"default\"", "@=\"d\\efault\""),
        ("@=\"default\"", "@=\"default\";"),
        ("dword:0000a001", "dword:0000A001"),
        ("dword:0000a001", "dword:a001"),
        ("dword:0000a001", "dword: 0000a001"),
        ("hex:00,0f", "hex:00,0F"),
        ("hex:00,0f", "hex:0,00f"),
        ("hex:00,0f", "hex:00,f"),
        ("hex:00,0f", "hex:00, f"),
        ("hex:00,0f", "hex:00,0f,"),
        ("hex:00,0f", "hex(3):00,0f"),
        ("hex:00,0f", "hex:00,\\\n  0f"),
        ("hex(2)", "hex(02)"),
        ("hex(b)", "hex(B)"),
        ("  02,03", "02,03"),
        ("  02,03", "   02,03"),
        ("01,01,\\", "01,\\"),
        ("01,01,\\", "01,01,01,\\"),
        ("0f,0f,\\", "0f,\\"),
        ("0f,0f,\\", "0f,0f,\\ "),
        ("[HKEY_LOCAL_MACHINE", "[HKEY_local_MACHINE"),
        ("\\X]", "\\X\\]"),
        ("\\X\\a]", "\\X\\\\a]"),
        ("\\X]", "\\X] "),
        (" [", "["),
    ] {
        if !text.contains(from) {
            continue;
        }
        let odd = text.replacen(from, to, 1);
        // The line that is longer than it should be is no less a part of one tree.
        let said = said(&wide(&odd));
        let line = said.contains("is not as regedit writes it");
        assert!(line || said.contains("is one that an import would skip, whole or in part"), "{from} → {to}: {said}");
    }
    let lf = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let half = [wide(&text), vec![0]].concat();
    let be = format!("\u{feff}{text}").replace('\n', "\r\n").encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [lf, half, be, text.into_bytes()] {
        assert!(said(&bytes).contains("line 1 is not as regedit writes it"), "{}", said(&bytes));
    }
}

/// Siblings ascend by upcased name, the stable keys first, then the volatile ones.
#[test]
fn keys_side_by_side_ascend_twice_at_most() {
    let told = |names: &[&str]| {
        let top = (r"HKEY_LOCAL_MACHINE\SOFTWARE\X".to_owned(), &[][..]);
        let keys = names.iter().map(|name| (format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\X\{name}"), &[][..]));
        read(&wide(&whole(&[top].into_iter().chain(keys).collect::<Vec<_>>()))).extent().is_export().unwrap()
    };
    assert!(told(&["a", "B", "c", "C2", "ä"]));
    assert!(told(&["WindowMetrics", "MuiCached"]));
    assert!(told(&["b", "c", "d", "a", "z"]));
    assert!(!told(&["c", "b", "a"]), "not regedit's order");
    assert!(!told(&["b", "c", "a", "B"]), "twice");
    assert!(!told(&["b", "B"]), "twice");
    assert!(!told(&["ä", "Ä"]), "twice");
}

#[test]
fn exports_behind_one_another_are_taken_one_by_one() {
    let lsa: Vec<(String, &[&str])> = vec![
        (format!(r"{CONTROL}\Lsa"), &["\"Security Packages\"=hex(7):22,00,22,00,00,00,00,00"]),
        (format!(r"{CONTROL}\Lsa\Kerberos"), &[]),
        (format!(r"{CONTROL}\Lsa\MSV1_0"), &[]),
    ];
    let (one, two) = (whole(&schannel()), whole(&lsa));
    let client = format!(r"{SCHANNEL}\Protocols\TLS 1.2\Client");
    let of_lsa = |file: &RegFile| ask(file, &format!(r"{CONTROL}\Lsa\FipsAlgorithmPolicy"), "Enabled");
    let both = [
        wide(&format!("{one}{two}")),
        // As `copy /b` leaves it: a mark before the second header as well.
        [wide(&one), wide(&two)].concat(),
        format!("{one}\u{feff}{two}").into_bytes(),
        format!("\u{feff}{one}\u{feff}{two}").into_bytes(),
    ];
    for bytes in both {
        let file = read(&bytes);
        assert_eq!(file.extent().is_export(), Some(true), "{}", file.extent());
        assert_eq!((ask(&file, &client, "x"), of_lsa(&file)), ("no key".into(), "no key".into()));
        let lost = file.diagnostics().kept().iter().filter(|d| d.code == "reg-junk-line").count();
        assert_eq!(lost, 0, "the second header is no line that is lost");
    }
    // A script behind an export: each by itself, unless it changes what the export lists.
    let fix = |key: &str| format!("{V5}\n\n; a fix\n[{key}]\n\"SchUseStrongCrypto\"=dword:00000001\n");
    let file = read(format!("{one}{}", fix(NET)).as_bytes());
    assert_eq!(file.extent().is_export(), None, "{}", file.extent());
    assert_eq!(ask(&file, &client, "x"), "no key");
    assert_eq!(ask(&file, &format!(r"{NET}\v2.0.50727"), "x"), "not covered");
    for key in [SCHANNEL, &client, CONTROL, &SCHANNEL.to_lowercase()] {
        for text in [format!("{one}{}", fix(key)), format!("{}{one}", fix(key))] {
            let file = read(text.as_bytes());
            assert_eq!(file.extent().is_export(), Some(false), "{}", file.extent());
            assert_eq!(ask(&file, &format!(r"{SCHANNEL}\Protocols\SSL 2.0"), "x"), "not covered");
        }
    }
    // More keys than are remembered of a script are taken to be anywhere.
    let many: String = (0..100).map(|n| format!("[HKEY_LOCAL_MACHINE\\SOFTWARE\\X{n}]\n")).collect();
    let file = read(format!("{V5}\n; c\n{many}{one}").as_bytes());
    assert_eq!(file.extent().is_export(), Some(false), "{}", file.extent());
    let file = read(format!("{one}{}", format!("{V5}\n\n[HKEY_CURRENT_USER\\x]\n").repeat(100)).as_bytes());
    assert_eq!(file.extent().is_export(), Some(false), "{}", file.extent());
    // Another header is not the second of its kind.
    let file = read(format!("{one}REGEDIT4\n\n{}", body(&lsa)).as_bytes());
    assert_eq!(file.extent().is_export(), Some(false));
}

/// A value behind a second header goes to the key before that.
#[test]
fn a_value_of_the_tree_before_refutes_that_too() {
    let file = read(format!("{}{V5}\n\n\"x\"=dword:00000001\n", whole(&schannel())).as_bytes());
    assert_eq!(file.extent().is_export(), Some(false), "{}", file.extent());
    assert_eq!(ask(&file, &format!(r"{SCHANNEL}\Protocols"), "x"), "01000000");
}

/// Where 32-bit programs see their own keys under the plain names, an export by one proves nothing of those of 64-bit ones.
#[test]
fn the_view_of_a_32_bit_program_is_no_export_of_the_plain_keys() {
    let net = |key: &str, folder: &str| {
        let root = format!("\"InstallRoot\"=\"C:\\\\Windows\\\\Microsoft.NET\\\\{folder}\\\\\"");
        wide(&format!("{V5}\n\n[{key}]\n{root}\n\n[{key}\\v4.0.30319]\n\n[{key}\\v4.0.30319\\SKUs]\n\n"))
    };
    let wow = NET.replace("SOFTWARE", r"SOFTWARE\WOW6432Node");
    for (key, folder, export) in
        [(NET, "Framework64", true), (NET, "Framework", false), (&wow, "Framework", true), (&wow, "Framework64", true)]
    {
        let file = read(&net(key, folder));
        assert_eq!(file.extent().is_export(), Some(export), "{key} {folder}: {}", file.extent());
        assert_eq!(file.diagnostics().kept().iter().any(|d| d.code == "reg-32-bit-view"), !export, "{key} {folder}");
    }
}

/// Neither a hundred trees nor paths without end cost memory.
#[test]
fn what_is_remembered_of_a_hostile_file_is_bounded() {
    let long = r"\a".repeat(200_000);
    let keys: String = (0..40).map(|n| format!("[HKEY_LOCAL_MACHINE\\X{n}{long}]\n")).collect();
    let file = read(format!("{V5}\n{keys}{}", whole(&schannel())).as_bytes());
    assert_eq!(file.extent().is_export(), Some(false), "{}", file.extent());
}

/// regedit's export of everything has one header, and root after root.
#[test]
fn a_bare_root_starts_a_tree() {
    let users = "[HKEY_CURRENT_USER]\n\n[HKEY_CURRENT_USER\\Software]\n\n";
    let machine = "[HKEY_LOCAL_MACHINE]\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n\n";
    let file = read(&wide(&format!("{V5}\n\n{users}{machine}[HKEY_USERS]\n\n")));
    let told: Vec<bool> = file.extent().trees().iter().map(|tree| tree.export.is_ok()).collect();
    assert_eq!(told, [true, false, true], "{}", file.extent());
    assert_eq!(ask(&file, r"HKEY_CURRENT_USER\Software\x", "x"), "no key");
    assert_eq!(ask(&file, r"HKEY_LOCAL_MACHINE\SOFTWARE\x", "x"), "not covered");
    // What an installer's recording lists: roots and parents, and little of what is in them.
    let capture =
        format!("{V5}\n\n{machine}[HKEY_LOCAL_MACHINE\\SOFTWARE\\ExampleVendor]\n\"Installed\"=dword:00000001\n\n");
    assert_eq!(read(&wide(&capture)).extent().is_export(), Some(false));
}

/// Hives under a name of their own, or none, are judged as what they are.
#[test]
fn mounted_hives_are_held_against_the_same_table() {
    let at = |mount: &str| whole(&schannel()).replace(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet", mount);
    for mount in [r"HKEY_LOCAL_MACHINE\OFF\ControlSet001", r"\ControlSet001", r"HKEY_USERS\x\ControlSet001"] {
        let file = read(at(mount).as_bytes());
        assert_eq!(file.extent().is_export(), Some(true), "{}", file.extent());
        let key = r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2";
        assert_eq!(ask(&file, key, "x"), "no key", "{mount}");
        let cut = at(mount).replace(r"\Hashes]", r"\Other]");
        assert_eq!(read(cut.as_bytes()).extent().is_export(), Some(false), "{mount}");
    }
    // The root of the hive itself, which does not say what it is.
    let text = format!("{V5}\n\n[\\]\n\n[\\ControlSet001]\n\n[\\ControlSet001\\Control]\n\n[\\Select]\n\n");
    assert!(said(text.as_bytes()).contains("line 7 is listed without Class"), "{}", said(text.as_bytes()));
}

/// More names than are remembered end in doubt, not in memory.
#[test]
fn too_many_names_side_by_side_are_no_export() {
    let mut keys = schannel();
    keys.extend((0..40).map(|n| (format!(r"{SCHANNEL}\Protocols\{n:02}"), &[][..])));
    let text = whole(&keys).into_bytes();
    let with = |reg_names| {
        let limits = Limits { reg_names, ..Limits::default() };
        RegFile::read(&text, &Arc::from("t.reg"), &Interest::new(), &limits, None).extent().to_string()
    };
    assert!(with(60).starts_with("an export"), "{}", with(60));
    assert!(with(30).contains("more keys or values in one place than are compared"), "{}", with(30));
}

/// A random tree as regedit writes it: keys in order, with random values.
struct Tree {
    random: XorShift,
    text: String,
    keys: usize,
    values: usize,
}

impl Tree {
    fn key(&mut self, path: &str, depth: usize) {
        self.keys += 1;
        self.text += &format!("[{path}]\n");
        for n in 0..self.random.below(3) {
            self.values += 1;
            let bytes: Vec<u8> = (0..self.random.below(120)).map(|_| self.random.next().to_le_bytes()[0]).collect();
            let head = match n {
                0 => "@=".to_owned(),
                _ => format!("\"v{n}{}\"=", "x".repeat(self.random.below(90))),
            };
            let line = match self.random.below(3) {
                0 => format!("{head}dword:{:08x}", self.random.next() & 0xffff_ffff),
                1 => format!("{head}\"C:\\\\t {n}\""),
                _ => wrapped(&format!("{head}hex:"), &bytes),
            };
            self.text += &format!("{line}\n");
        }
        self.text.push('\n');
        let mut names = ["Alpha", "beta", "B2", "größe", "TLS 1.2", "z", "{0}", "_"];
        names.sort_by_key(|name| name.encode_utf16().map(upper).collect::<Vec<u16>>());
        for name in names {
            if depth < 3 && self.random.once_in(3) {
                self.key(&format!("{path}\\{name}"), depth + 1);
            }
        }
    }
}

/// Enough of an upcase for the names above.
fn upper(unit: u16) -> u16 {
    match unit {
        0x61..=0x7a => unit - 0x20,
        0xf6 => 0xd6,
        other => other,
    }
}

/// Hex data with lines broken as in Wine's `programs/regedit/regproc.c`: behind the byte that passes column 76.
fn wrapped(head: &str, bytes: &[u8]) -> String {
    let mut text = head.to_owned();
    let mut column = head.encode_utf16().count();
    for (i, byte) in bytes.iter().enumerate() {
        text += &format!("{byte:02x}");
        column += 2;
        if i + 1 < bytes.len() {
            text.push(',');
            column += 1;
            if column > 76 {
                text += "\\\n  ";
                column = 2;
            }
        }
    }
    text
}

#[test]
fn random_trees_are_exports_until_something_is_odd() {
    let root = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\X";
    let mut exports = 0;
    for round in 0..rounds(400) {
        let mut random = XorShift((round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        let mut tree = Tree { random, text: format!("{V5}\n\n"), keys: 0, values: 0 };
        tree.key(root, 0);
        let Tree { mut random, text, keys, values } = tree;
        let told = said(&wide(&text));
        let wanted = keys > 1 || values == 0;
        assert_eq!(told.starts_with("an export"), wanted, "round {round}: {told}\n{text}");
        exports += usize::from(wanted);
        assert!(!said(text.as_bytes()).starts_with("an export"), "round {round}: nothing proves it in UTF-8");
        // One line, at random, is changed.
        let lines: Vec<&str> = text.lines().collect();
        let at = 2 + random.below(lines.len() - 2);
        let line = lines[at];
        let odd = match random.below(6) {
            0 => format!("; {line}"),
            1 => format!("{line} "),
            2 => format!("{line}\n; x"),
            3 if line.starts_with('[') => line.replace('[', "[-"),
            3 => format!("{line}\n[{root}]"),
            4 if line.starts_with('[') => format!("{line}\n\n{line}"),
            4 => format!("{line}\n\n"),
            _ => format!("{line}\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Y]\n"),
        };
        let all = [&lines[..at], &[odd.as_str()], &lines[at + 1..]].concat().join("\n") + "\n";
        let told = said(&wide(&all));
        assert!(told.starts_with("a script"), "round {round}: {told}\n{all}");
    }
    assert!(exports > 100, "hardly any had more than one key");
}

/// Sparse files against a model of "listed": an export only where all that every Windows has there is listed.
#[test]
fn sparse_trees_are_exports_where_nothing_is_missing() {
    /// A key of the table, and the keys and values that must be in it.
    const ROWS: [(&str, &[&str], &[&str]); 4] = [
        ("SecurityProviders", &["SaslProfiles", "SCHANNEL", "WDigest"], &["SecurityProviders"]),
        (
            r"SecurityProviders\SCHANNEL",
            &["Ciphers", "Hashes", "KeyExchangeAlgorithms", "Protocols"],
            &["EventLogging"],
        ),
        ("Lsa", &["Kerberos", "MSV1_0"], &["Security Packages"]),
        (r"Session Manager\Environment", &[], &["ComSpec", "OS", "Path", "PROCESSOR_ARCHITECTURE", "windir"]),
    ];
    let (mut right, mut scripts) = (0, 0);
    for round in 0..rounds(600) {
        let mut random = XorShift((round + 1).wrapping_mul(0xd129_0d3a_9c5b_1f77));
        random.next();
        let top = random.below(ROWS.len());
        let drop = 1 + random.below(12);
        let mut keys: Vec<(String, Vec<String>)> = Vec::new();
        let (mut complete, mut known) = (true, 0);
        for (at, (path, below, values)) in ROWS.iter().enumerate() {
            let inside = at == top || (top == 0 && at == 1 && keys.iter().any(|(key, _)| key.ends_with("SCHANNEL")));
            if !inside {
                continue;
            }
            let own: Vec<&str> = values.iter().filter(|_| !random.once_in(drop)).copied().collect();
            let lines: Vec<String> = own.iter().map(|name| format!("\"{name}\"=\"x\"")).collect();
            let found: Vec<&str> = below.iter().filter(|_| !random.once_in(drop)).copied().collect();
            complete &= own.len() == values.len() && found.len() == below.len();
            known += own.len() + found.len();
            match keys.iter_mut().find(|(key, _)| key == path) {
                Some((_, there)) => *there = lines,
                None => keys.push(((*path).to_owned(), lines)),
            }
            keys.extend(found.iter().map(|name| (format!(r"{path}\{name}"), Vec::new())));
        }
        keys.sort_by_key(|(key, _)| key.to_ascii_uppercase().replace('\\', "\u{0}"));
        let listed: String = (keys.iter())
            .map(|(key, values)| {
                let values: String = values.iter().map(|value| format!("{value}\n")).collect();
                format!("[{CONTROL}\\{key}]\n{values}\n")
            })
            .collect();
        let text = format!("{V5}\n\n{listed}");
        let proven = read(text.as_bytes()).extent().is_export().unwrap();
        let exact = read(&wide(&text)).extent().is_export().unwrap();
        let single = keys.len() == 1 && !keys[0].1.is_empty();
        assert_eq!(proven, complete && known >= 3, "round {round}:\n{text}");
        assert_eq!(exact, complete && (known >= 3 || !single), "round {round}:\n{text}");
        right += usize::from(proven);
        scripts += usize::from(!proven);
    }
    assert!(right > 20 && scripts > 20, "{right} exports, {scripts} scripts");
}
