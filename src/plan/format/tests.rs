mod round_trip;

use std::sync::Arc;

use super::*;
use crate::limits::Limits;
use crate::plan::{Plan, Request};
use crate::policy::Policy;
use crate::registry::change::{Change, Script};
use crate::registry::group_policy::{gpp as gpp_file, pol as pol_file};
use crate::registry::reg_file::{Interest, RegFile};
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::{Value, ValueType};

/// Names that mean something to one format or another.
const HOSTILE: [&str; 24] = [
    "a\"b",
    "a'b",
    "a\u{2019}b",
    "\u{2018}\u{201a}\u{201b}",
    "\u{201c}x\u{201d}",
    "%PATH%",
    "$(x)",
    "`x`",
    "a;b",
    "a\nb",
    "]",
    "[x]",
    "*",
    "AES 128/128",
    "--",
    "]]>",
    "\u{1f600}",
    "{{ x }}",
    "a\\b",
    "!x!",
    "^&|<>",
    "-- -->",
    " x ",
    "Größe",
];

fn key(path: &str) -> KeyPath {
    KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{path}"))
}

fn set(name: &str, value: Value) -> Change {
    Change::Set { key: key("K"), name: Name::from(name), value }
}

fn changeset(changes: Vec<Change>) -> Changeset {
    Changeset {
        remarks: vec!["Why -- not --> ]]> %x% & \u{1f600}\r\nreg delete".into()],
        changes,
        left_out: Vec::new(),
    }
}

fn bytes(format: Format, changes: &[Change]) -> Result<Vec<u8>, Refusal> {
    files(format, &changeset(changes.to_vec()), None).map(|mut files| files.remove(0).bytes)
}

/// The text of a file, with LF line ends; CR LF throughout, or nowhere, is what each format has.
fn text(format: Format, changes: &[Change]) -> Result<String, Refusal> {
    let bytes = bytes(format, changes)?;
    let text = match bytes.strip_prefix(&[0xff, 0xfe]) {
        Some(wide) => {
            let units: Vec<u16> = wide.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
            String::from_utf16_lossy(&units)
        }
        None => String::from_utf8(bytes).unwrap(),
    };
    let crlf = !matches!(format, Format::Gpp | Format::GppCollection | Format::Ansible | Format::Dsc3);
    assert_eq!(
        text.matches('\n').count(),
        text.matches("\r\n").count().max(if crlf { 0 } else { text.matches('\n').count() })
    );
    assert_eq!(text.contains('\r'), crlf);
    Ok(text.replace("\r\n", "\n"))
}

fn one(format: Format, change: Change) -> Result<String, Refusal> {
    text(format, &[change])
}

fn read_pol(bytes: &[u8]) -> Script {
    let bytes: Vec<u8> = bytes.to_vec();
    pol_file::read(&bytes, &Arc::from("x"), &KeyPath::parse("HKEY_LOCAL_MACHINE"), &Limits::default()).unwrap()
}

fn read_gpp(bytes: &[u8]) -> Script {
    let bytes: Vec<u8> = bytes.to_vec();
    gpp_file::read(&bytes, &Arc::from("x"), &Limits::default()).unwrap()
}

fn surely(script: &Script) -> Vec<Change> {
    assert!(script.diagnostics.kept().is_empty(), "{:?}", script.diagnostics.kept());
    assert!(script.said.iter().all(|said| said.doubt.is_none()));
    script.said.iter().map(|said| said.change.clone()).collect()
}

fn one_text(format: Format, changes: &[Change]) -> String {
    text(format, changes).unwrap()
}

#[test]
fn every_format_writes_what_policies_ask_for() {
    let policy = Policy::default_policy().unwrap();
    for plan in [Plan::Enable, Plan::Disable] {
        let request = Request { policy: &policy, values: &[], control_set: None };
        let changeset = plan.anywhere(&request).unwrap().changeset;
        for format in Format::ALL {
            let files = files(format, &changeset, None).unwrap();
            let number = match format {
                Format::Intune => 2,
                Format::GpoBackup { .. } => 5,
                _ => 1,
            };
            assert_eq!(files.len(), number);
            assert_eq!(files.iter().all(|file| file.name.is_some()), format.is_folder());
        }
        for format in [Format::Gpp, Format::GppCollection] {
            let bytes = files(format, &changeset, None).unwrap().remove(0).bytes;
            assert_eq!(surely(&read_gpp(&bytes)), changeset.changes);
        }
        let bytes = files(Format::Pol, &changeset, None).unwrap().remove(0).bytes;
        assert_eq!(surely(&read_pol(&bytes)), changeset.changes);
    }
}

/// What `Import-GPO` goes by: the folder is the backup's id, the same object everywhere, and what is listed is there.
#[test]
fn a_backup_of_a_group_policy_object_fits_together() {
    let policy = Policy::default_policy().unwrap();
    let request = Request { policy: &policy, values: &[], control_set: None };
    let mut changeset = Plan::Enable.anywhere(&request).unwrap().changeset;
    changeset.remarks.insert(0, "evil ]]><x>".to_owned());
    let time = FileTime::of_unix_seconds(1_577_836_800);
    let mut ids = std::collections::BTreeSet::new();
    for (settings, alone, path) in [
        (Settings::Policy, Format::Pol, "Machine/registry.pol"),
        (Settings::Preferences, Format::Gpp, "Machine/Preferences/Registry/Registry.xml"),
    ] {
        let format = Format::GpoBackup { settings, time };
        let made = files(format, &changeset, None).unwrap();
        assert_eq!(made, files(format, &changeset, None).unwrap());
        let name = |file: &File| file.name.clone().unwrap();
        let id = name(&made[0]).split('/').next().unwrap().to_owned();
        let find = |path: &str| &made.iter().find(|file| name(file) == path).unwrap().bytes;
        let text = |path: &str| String::from_utf8(find(path).clone()).unwrap();
        let values = find(&format!("{id}/DomainSysvol/GPO/{path}"));
        assert_eq!(values, &files(alone, &changeset, None).unwrap()[0].bytes);
        let (backup, info, manifest) =
            (text(&format!("{id}/Backup.xml")), text(&format!("{id}/bkupInfo.xml")), text("manifest.xml"));
        let data = |text: &str, element: &str| {
            let from = text.split_once(&format!("<{element}><![CDATA[")).unwrap().1;
            from.split_once("]]></").unwrap().0.to_owned()
        };
        for text in [&info, &manifest] {
            assert_eq!(data(text, "ID"), id);
            assert_eq!(data(text, "GPOGuid"), data(&backup, "ID"));
            assert_eq!(data(text, "GPODisplayName"), data(&backup, "DisplayName"));
            assert_eq!(data(text, "BackupTime"), "2020-01-01T00:00:00");
        }
        assert_ne!(data(&backup, "ID"), id);
        assert!(data(&backup, "DisplayName").starts_with("tlshive: evil ]] ><x>"), "{backup}");
        let listed: Vec<String> = backup
            .split("<FSObjectFile ")
            .skip(1)
            .filter_map(|entry| {
                entry.split_once("bkp:Location=\"")?.1.split_once('"').map(|(at, _)| at.replace('\\', "/"))
            })
            .collect();
        let there: Vec<String> =
            made.iter().filter_map(|f| Some(name(f).strip_prefix(&format!("{id}/"))?.to_owned())).collect();
        for path in &listed {
            assert!(there.contains(path), "{path}");
        }
        assert_eq!(listed.len(), there.iter().filter(|path| path.starts_with("DomainSysvol/")).count());
        let comment = find(&format!("{id}/DomainSysvol/GPO/GPO.cmt"));
        let units: Vec<u16> = comment.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let comment = String::from_utf16(&units).unwrap();
        assert!(comment.starts_with("evil") && comment.contains(&format!("-BackupId '{id}'")), "{comment}");
        ids.extend([id, data(&backup, "ID"), data(&info, "GPODomainGuid")]);
    }
    assert_eq!(ids.len(), 6);
    // Another content is another backup.
    changeset.changes.pop();
    let other = files(Format::GpoBackup { settings: Settings::Policy, time }, &changeset, None).unwrap();
    assert!(!ids.contains(other[0].name.as_ref().unwrap().split('/').next().unwrap()));
}

#[test]
fn reg_files_keep_the_order_and_say_what_is_deleted() {
    let changes = [
        set("A", Value::dword(1)),
        Change::DeleteValue { key: key("K"), name: Name::from("B") },
        Change::DeleteKey(key("K")),
        set("", Value::sz("x")),
        Change::CreateKey(key("a]b")),
    ];
    let root = r"HKEY_LOCAL_MACHINE\SOFTWARE";
    let want = format!(
        "\n[{root}\\K]\n\"A\"=dword:00000001\n\"B\"=-\n\n[-{root}\\K]\n\n[{root}\\K]\n@=\"x\"\n\n[{root}\\a]b]\n\n"
    );
    assert!(one_text(Format::Reg, &changes).ends_with(&want), "{}", one_text(Format::Reg, &changes));
    let line_end = KeyPath(vec![Name::from("HKEY_LOCAL_MACHINE"), Name::from("a\nb")]);
    for refused in [
        Change::DeleteValues(key("K")),
        Change::CreateKey(line_end),
        Change::DeleteKey(KeyPath::parse("HKEY_LOCAL_MACHINE")),
        set("a\0b", Value::dword(1)),
        set("a", Value { kind: ValueType::SZ, data: vec![0x41, 0] }),
    ] {
        assert!(one(Format::Reg, refused.clone()).is_err(), "{refused:?}");
    }
    let narrow =
        one(Format::Reg4, set("e", Value { kind: ValueType::EXPAND_SZ, data: Value::sz("%a%").data })).unwrap();
    assert!(narrow.starts_with("REGEDIT4\n\n; Why") && narrow.contains("\"e\"=hex(2):25,61,25,00\n"), "{narrow}");
    assert!(one(Format::Reg4, set("ö", Value::dword(1))).is_err());
}

#[test]
fn what_a_registry_pol_cannot_say_is_refused() {
    for refused in [
        set("", Value::dword(1)),
        set("**del.x", Value::dword(1)),
        set("a\0b", Value::dword(1)),
        set(&"x".repeat(260), Value::dword(1)),
        set("x", Value { kind: ValueType::NONE, data: vec![1] }),
        set("x", Value { kind: ValueType::BINARY, data: Vec::new() }),
        set("x", Value { kind: ValueType::BINARY, data: vec![0; 65536] }),
        Change::DeleteKey(KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE")),
        Change::DeleteKey(key("a;b")),
        Change::CreateKey(KeyPath::parse(r"HKEY_USERS\x")),
    ] {
        assert!(one_bytes(&refused).is_err(), "{refused:?}");
    }
}

fn one_bytes(change: &Change) -> Result<Vec<u8>, Refusal> {
    bytes(Format::Pol, std::slice::from_ref(change))
}

#[test]
fn lgpo_text_has_blocks_of_four_lines() {
    let multi =
        Value { kind: ValueType::MULTI_SZ, data: [Value::sz("a").data, Value::sz("b").data, vec![0, 0]].concat() };
    let changes = [
        set("d", Value::dword(0xffff_ffff)),
        set("s", Value::sz(r"C:\x")),
        set("m", multi),
        Change::DeleteValue { key: key("K"), name: Name::from("gone") },
        Change::DeleteValues(key("K")),
        Change::CreateKey(key("K")),
    ];
    let head = "Computer\nSOFTWARE\\K\n";
    let blocks = [
        "d\nDWORD:4294967295",
        "s\nSZ:C:\\x",
        "m\nMULTISZ:a\\0b",
        "gone\nDELETE",
        "*\nDELETEALLVALUES",
        "*\nCREATEKEY",
    ];
    let want: String = blocks.iter().map(|block| format!("\n{head}{block}\n")).collect();
    let text = one_text(Format::Lgpo, &changes);
    assert!(text.ends_with(&want) && text.starts_with("; Why"), "{text}");
    for name in ["", "*", " a", ";a", "a\nb", "ö", "\u{1f600}"] {
        assert!(one(Format::Lgpo, set(name, Value::dword(1))).is_err(), "{name:?}");
    }
    assert!(one(Format::Lgpo, Change::DeleteKey(key("K"))).is_err());
    assert!(one(Format::Lgpo, set("x", Value::sz("a "))).is_err());
}

#[test]
fn a_batch_file_quotes_what_it_can_and_refuses_the_rest() {
    let line = |name: &str, value: Value| {
        let text = one(Format::Cmd, set(name, value))?;
        Ok::<String, Refusal>(text.lines().find(|line| line.contains(" add ")).unwrap().to_owned())
    };
    assert_eq!(
        line("a'b", Value::dword(1)).unwrap(),
        "\"%SystemRoot%\\System32\\reg.exe\" add \"HKLM\\SOFTWARE\\K\" /v \"a'b\" /t REG_DWORD /d 1 /f /reg:64 >nul"
    );
    for (name, shown) in [("%PATH%", "%%PATH%%"), ("^&|<>!x!", "^&|<>!x!"), ("C:\\", "C:\\\\"), ("$(x)", "$(x)")] {
        let found = line(name, Value::sz(name)).unwrap();
        assert!(found.contains(&format!("/v \"{shown}\" /t REG_SZ /d \"{shown}\" /f")), "{found}");
    }
    assert!(line("", Value::dword(0xffff_ffff)).unwrap().contains("/ve /t REG_DWORD /d 0xffffffff /f"));
    for name in ["a\"b", "a\nb", "ö", "a\u{2019}b", "\u{7f}", "a\0b"] {
        assert!(line(name, Value::dword(1)).is_err(), "{name:?}");
    }
    let empty = |kind: ValueType, data: &[u8]| line("v", Value { kind, data: data.to_vec() }).unwrap();
    assert!(empty(ValueType::MULTI_SZ, &[0, 0]).contains("/t REG_MULTI_SZ /d \"\" /f"));
    assert!(empty(ValueType::BINARY, &[]).contains("/t REG_BINARY /d \"\" /f"));
    for value in [
        Value { kind: ValueType::NONE, data: vec![1] },
        Value { kind: ValueType::MULTI_SZ, data: [Value::sz("a\\0b").data, vec![0, 0]].concat() },
        Value::sz(&"x".repeat(9000)),
    ] {
        assert!(line("v", value.clone()).is_err(), "{:?}", value.kind);
    }
    let text = one_text(Format::Cmd, &[Change::DeleteValue { key: key("K"), name: Name::from("%x%") }]);
    assert!(
        text.contains(
            "reg.exe\" query \"HKLM\\SOFTWARE\\K\" /v \"%%x%%\" /reg:64 >nul 2>nul\nif errorlevel 1 goto n1\n"
        )
    );
    assert!(text.lines().nth(1).unwrap().starts_with("rem Why"), "{text}");
    assert!(text.lines().filter(|line| line.starts_with("rem")).all(|line| !line.contains(['%', '&', '>', '"'])));
}

#[test]
fn powershell_literals_cannot_be_left() {
    for format in [Format::Ps1, Format::Intune, Format::Dsc] {
        for name in HOSTILE {
            let text = one(format, set(name, Value::sz(name))).unwrap();
            assert!(text.is_ascii() && text.lines().all(|line| line.chars().all(|c| c == ' ' || !c.is_control())));
        }
        let find = |name: &str, literal: &str| {
            let text = one(format, set(name, Value::dword(1))).unwrap();
            assert!(text.contains(literal), "{name:?}: {literal} is not in {text}");
        };
        find("a'b", "'a''b'");
        find("a\u{2019}b", "('a' + [char]0x2019 + 'b')");
        find("\u{1f600}", "('' + [char]0xd83d + [char]0xde00)");
        find("$(x)", "'$(x)'");
        find("a\nb", "('a' + [char]0x000a + 'b')");
        assert!(one(format, set("a\0", Value::dword(1))).is_err());
        let half = Change::Set { key: key("AES 128/128"), name: Name::from_units(&[0xd800]), value: Value::dword(1) };
        assert!(one(format, half).unwrap().contains("('' + [char]0xd800)"));
    }
    let text = one(Format::Ps1, set("d", Value::dword(0xffff_ffff))).unwrap();
    assert!(text.contains("\nAdd-WantedValue 'HKEY_LOCAL_MACHINE\\SOFTWARE\\K' 'd' DWord ([int]'-1')\n"), "{text}");
    let text = one(Format::Dsc, set("d", Value::dword(0xffff_ffff))).unwrap();
    assert!(text.contains("ValueData = 'ffffffff'\n            Hex = $true"), "{text}");
}

#[test]
fn scripts_of_one_plan_share_a_record() {
    let record = |format: Format, n: u32| {
        let files = files(format, &changeset(vec![set("d", Value::dword(n))]), None).unwrap();
        let text = String::from_utf8(files.last().unwrap().bytes.clone()).unwrap();
        let line = text.lines().find(|line| line.starts_with("$script:record = ")).unwrap().to_owned();
        assert!(line.starts_with(r"$script:record = 'HKEY_LOCAL_MACHINE\SOFTWARE\tlshive\Undo\"), "{line}");
        line
    };
    assert_eq!(record(Format::Ps1, 1), record(Format::Intune, 1));
    assert_ne!(record(Format::Ps1, 1), record(Format::Ps1, 2));
}

#[test]
fn a_remark_is_no_keyword_of_the_help() {
    let changeset = Changeset { remarks: vec![".NOTES x".into()], changes: Vec::new(), left_out: Vec::new() };
    let bytes = files(Format::Ps1, &changeset, None).unwrap().remove(0).bytes;
    let text = String::from_utf8(bytes).unwrap();
    let (help, rest) = text.split_once("\r\n\r\n# .NOTES").unwrap();
    assert!(help.contains("# .SYNOPSIS") && !rest.contains(".SYNOPSIS"), "{text}");
}

#[test]
fn formats_that_state_results_refuse_contradictions() {
    let twice = [set("a", Value::dword(1)), set("A", Value::dword(2))];
    for format in Format::ALL {
        assert_eq!(text_or_bytes(format, &twice).is_err(), matches!(format, Format::Dsc | Format::Dsc3), "{format:?}");
    }
}

fn text_or_bytes(format: Format, changes: &[Change]) -> Result<Vec<u8>, Refusal> {
    bytes(format, changes)
}

#[test]
fn a_batch_file_leaves_a_default_value_that_is_there() {
    let text = one_text(Format::Cmd, &[Change::CreateKey(key("K"))]);
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.contains("query \"HKLM\\SOFTWARE\\K\"")).collect();
    assert_eq!(lines[1], "if not errorlevel 1 goto n1", "{text}");
    assert!(lines[2].contains("add \"HKLM\\SOFTWARE\\K\" /ve /f") && lines[4].contains("delete"), "{text}");
    assert_eq!(lines[6], ":n1", "{text}");
}

/// A machine that has one value, by a `.reg` file that lists it.
fn machine(name: &str, data: &str) -> Registry {
    let text =
        format!("Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\K]\n\"{name}\"={data}\n");
    let mut interest = Interest::new();
    interest.tree(&key("K"));
    let file = RegFile::read(&text.into_bytes(), &Arc::from("x.reg"), &interest, &Limits::default(), None);
    Registry::new(vec![Box::new(file)], 8)
}

#[test]
fn what_a_tool_would_pass_over_on_this_machine_is_refused() {
    let write = |format, change: Change, data: &str| {
        files(format, &changeset(vec![change]), Some(&machine("v", data))).map(drop)
    };
    let one = || set("v", Value::dword(1));
    let gone = || Change::DeleteValue { key: key("K"), name: Name::from("v") };
    for (format, change, data, fine) in [
        (Format::Ansible, one(), "hex(4):01,00", false),
        (Format::Ansible, one(), "\"1\"", true),
        (Format::Ansible, gone(), "hex(6):01", false),
        (Format::Ansible, gone(), "hex(5):00,00,00,01", true),
        (Format::Dsc, one(), "hex(0):01", false),
        (Format::Dsc, gone(), "hex(5):00,00,00,01", false),
        (Format::Dsc, gone(), "hex(6):01", false),
        (Format::Dsc, one(), "\"1\"", true),
        (Format::Dsc, one(), "hex(4):01,00", false),
        (Format::Ps1, gone(), "hex(6):01", true),
        (Format::Ps1, one(), "hex(4):01,00", false),
        (Format::Intune, one(), "hex(4):01,00", false),
        (Format::Reg, one(), "hex(4):01,00", true),
    ] {
        let written = write(format, change.clone(), data);
        assert_eq!(written.is_ok(), fine, "{format:?} {change:?} {data}: {written:?}");
    }
}

#[test]
fn dsc_deletes_by_drive_and_never_by_pattern() {
    let delete = |name: &str| Change::DeleteValue { key: key("K"), name: Name::from(name) };
    let text = one(Format::Dsc, delete("a b")).unwrap();
    assert!(text.contains("xRegistry 'Change1'") && text.contains("Key = 'HKLM:\\SOFTWARE\\K'"), "{text}");
    for name in ["a*", "a?", "[ab]", "a`b"] {
        assert!(one(Format::Dsc, delete(name)).is_err(), "{name}");
        assert!(one(Format::Dsc, Change::DeleteKey(key(name))).is_err(), "{name}");
        assert!(one(Format::Dsc, set(name, Value::dword(1))).is_ok(), "{name}");
    }
    assert!(one(Format::Dsc, set("v", Value::sz("a\r\nb"))).is_err());
}

#[test]
fn a_dsc_document_has_literal_text_alone() {
    let text = one_text(
        Format::Dsc3,
        &[
            set("Enabled", Value::dword(0xffff_ffff)),
            Change::DeleteKey(key("L")),
            Change::DeleteValue { key: key("K"), name: Name::from("it's \"q\"") },
            set("m", Value { kind: ValueType::MULTI_SZ, data: [Value::sz("a").data, vec![0, 0]].concat() }),
            set("b", Value { kind: ValueType::BINARY, data: vec![1, 255] }),
        ],
    );
    insta::assert_snapshot!(text);
    for bad in [
        set("[x]", Value::dword(1)),
        set("x", Value::sz("[concat('a')]")),
        set("", Value::sz("default")),
        set("n", Value { kind: ValueType::NONE, data: vec![] }),
        set("v", Value { kind: ValueType::SZ, data: vec![0, 0xd8, 0, 0] }),
        Change::DeleteValues(key("K")),
    ] {
        assert!(one(Format::Dsc3, bad.clone()).is_err(), "{bad:?}");
    }
}

#[test]
fn ansible_text_is_no_template_and_no_other_type() {
    let find = |name: &str, value: Value, want: &str| {
        let text = one(Format::Ansible, set(name, value)).unwrap();
        assert!(text.is_ascii() && text.contains(want), "{name:?}: {want} is not in {text}");
    };
    find("{{ x }}", Value::dword(1), "    name: !unsafe \"{{ x }}\"\n");
    find("a\"b\\c", Value::dword(1), "    name: \"a\\\"b\\\\c\"\n");
    find("a\nb", Value::sz("no"), "    name: \"a\\x0ab\"\n    data: \"no\"\n    type: string\n");
    find("\u{1f600}\u{2028}", Value::dword(0xffff_ffff), "    name: \"\\U0001f600\\u2028\"\n    data: 4294967295\n");
    find("q", Value { kind: ValueType::QWORD, data: vec![0xff; 8] }, "    data: \"18446744073709551615\"\n");
    find("b", Value { kind: ValueType::BINARY, data: vec![1, 0xab] }, "    data: \"hex:01,ab\"\n    type: binary\n");
    find("e", Value { kind: ValueType::MULTI_SZ, data: vec![0, 0] }, "    name: \"e\"\n    type: multistring\n");
    find("AES 128/128", Value::dword(1), "    path: \"HKLM:\\\\SOFTWARE\\\\K\"\n");
    assert!(one(Format::Ansible, set("", Value::dword(1))).is_err());
    assert!(one(Format::Ansible, Change::DeleteValues(key("K"))).is_err());
    let text = one_text(
        Format::Ansible,
        &[Change::DeleteKey(key("K")), Change::DeleteValue { key: key("K"), name: Name::default() }],
    );
    assert!(
        text.contains("state: absent\n    delete_key: true\n")
            && text.ends_with("state: absent\n    delete_key: false\n"),
        "{text}"
    );
}

/// What a format costs is not more for each of many changes: looked at in pairs, these would take minutes.
#[test]
fn many_changes_are_written_as_fast_as_few() {
    let name = |n: usize| Name::from(format!("v{n}").as_str());
    let values =
        (0..4000).map(|n| Change::Set { key: key(&format!("K{}", n % 2)), name: name(n), value: Value::dword(1) });
    let keys = (0..2000).map(|n| Change::CreateKey(key(&format!("L\\{n}"))));
    let begun = std::time::Instant::now();
    for format in Format::ALL {
        bytes(format, &values.clone().chain(keys.clone()).collect::<Vec<_>>()).unwrap_or_default();
        bytes(format, &values.clone().collect::<Vec<_>>()).unwrap();
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(60));
}
