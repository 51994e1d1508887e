use super::*;
use crate::diagnostic::Severity;
use crate::registry::change::{Change, Said};
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::{Value, ValueType};

fn try_read(text: &str) -> Result<Script, Error> {
    read(&text.as_bytes().to_vec(), &Arc::from("Registry.xml"), &Limits::default())
}

fn codes(script: &Script) -> Vec<&'static str> {
    script.diagnostics.kept().iter().map(|diagnostic| diagnostic.code.as_str()).collect()
}

fn settings(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<RegistrySettings clsid=\"{{A}}\">{inner}</RegistrySettings>\r\n"
    )
}

fn item(outer: &str, properties: &str, inner: &str) -> String {
    let fixed = r#"hive="HKEY_LOCAL_MACHINE" key="SOFTWARE\K""#;
    format!("<Registry clsid=\"{{B}}\" {outer}><Properties {fixed} {properties}>{inner}</Properties></Registry>")
}

const DWORD: &str = r#"name="Enabled" type="REG_DWORD" value="00000001""#;

fn key() -> KeyPath {
    KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE\K")
}

fn set(name: &str, value: Value) -> Change {
    Change::Set { key: key(), name: Name::from(name), value }
}

fn said(text: &str) -> Vec<Said> {
    try_read(&settings(text)).unwrap().said
}

#[test]
fn actions_are_what_the_document_says() {
    let enabled = set("Enabled", Value::dword(1));
    let gone = Change::DeleteValue { key: key(), name: Name::from("Enabled") };
    for (action, want, doubt) in [
        ("", vec![enabled.clone()], false),
        ("action=\"U\"", vec![enabled.clone()], false),
        ("action=\"R\"", vec![gone.clone(), enabled.clone()], false),
        ("action=\"C\"", vec![enabled.clone()], true),
        ("action=\"D\"", vec![gone], false),
    ] {
        let said = said(&item("", &format!("{action} {DWORD}"), ""));
        assert_eq!(said.iter().map(|said| said.change.clone()).collect::<Vec<_>>(), want, "{action}");
        assert!(said.iter().all(|said| said.doubt.is_some() == doubt), "{action}");
        assert_eq!(said[0].at, At::Line(2));
    }
    let bare = r#"name="" type="REG_SZ" value="""#;
    for (action, want) in [
        ("U", vec![Change::CreateKey(key())]),
        ("C", vec![Change::CreateKey(key())]),
        ("D", vec![Change::DeleteKey(key())]),
        ("R", vec![Change::DeleteKey(key()), Change::CreateKey(key())]),
    ] {
        let said = said(&item("", &format!("action=\"{action}\" {bare}"), ""));
        assert_eq!(said.into_iter().map(|said| said.change).collect::<Vec<_>>(), want, "{action}");
    }
    let default = said(&item("", r#"default="1" name="" type="REG_SZ" value="x""#, ""));
    assert_eq!(default[0].change, set("", Value::sz("x")));
}

#[test]
fn types_are_read_as_the_editor_writes_them() {
    let of = |kind: u32, data: &[u8]| set("v", Value { kind: ValueType(kind), data: data.to_vec() });
    for (kind, value, inner, want) in [
        ("REG_SZ", "a&lt;b", "", of(1, b"a\0<\0b\0\0\0")),
        ("REG_EXPAND_SZ", "x", "", of(2, b"x\0\0\0")),
        ("REG_BINARY", "00FF", "", of(3, &[0, 0xff])),
        ("REG_QWORD", "8000000000000001", "", of(11, &[1, 0, 0, 0, 0, 0, 0, 0x80])),
        (
            "REG_MULTI_SZ",
            "a b",
            "<Values><Value>a</Value><Value>&#98;&amp;<![CDATA[<]]></Value></Values>",
            of(7, b"a\0\0\0b\0&\0<\0\0\0\0\0"),
        ),
        ("REG_MULTI_SZ", "", "<Values/>", of(7, b"\0\0")),
    ] {
        let said = said(&item("", &format!("name=\"v\" type=\"{kind}\" value=\"{value}\""), inner));
        assert_eq!((said.len(), &said[0].change, &said[0].doubt), (1, &want, &None), "{kind}");
    }
}

#[test]
fn what_depends_on_the_client_is_in_doubt() {
    let filters = "<Filters><FilterOs version=\"x\"><Deep/></FilterOs></Filters>";
    let plain = item("", DWORD, "");
    let targeted = plain.replace("</Registry>", &format!("{filters}</Registry>"));
    for text in [
        targeted.clone(),
        format!("<Collection name=\"c\">{plain}{filters}</Collection>"),
        format!("<Collection name=\"c\">{filters}<Collection>{plain}</Collection></Collection>"),
    ] {
        let script = try_read(&settings(&text)).unwrap();
        assert!(script.said.len() == 1 && script.said[0].doubt.is_some(), "{text}");
        assert_eq!(codes(&script), ["gpp-targeting"]);
    }
    // The one beside it is not.
    let both = said(&format!("{targeted}{plain}"));
    assert_eq!(both.iter().map(|said| said.doubt.is_some()).collect::<Vec<_>>(), [true, false]);
    for properties in [
        r#"name="v" type="REG_SZ" value="%WinDir%""#,
        r#"name="v" type="REG_DWORD" value="10""#,
        r#"name="" type="REG_SZ" value="x""#,
    ] {
        assert!(said(&item("", properties, ""))[0].doubt.is_some(), "{properties}");
    }
    assert!(said(&item("", DWORD, "<SubProp id=\"x\"/>"))[0].doubt.is_some());
    assert!(said(&item("userContext=\"1\"", DWORD, ""))[0].doubt.is_some());
    assert!(said(&item("userContext=\"0\"", DWORD, ""))[0].doubt.is_none());
}

#[test]
fn what_is_disabled_is_skipped_and_said() {
    let plain = item("", DWORD, "");
    for text in [
        item("disabled=\"1\"", DWORD, ""),
        format!("<Collection disabled=\"1\"><Collection>{plain}</Collection></Collection>"),
    ] {
        let script = try_read(&settings(&text)).unwrap();
        assert_eq!((script.said.len(), codes(&script)), (0, vec!["gpp-disabled"]), "{text}");
    }
    let whole = settings(&plain).replace("clsid=\"{A}\"", "clsid=\"{A}\" disabled=\"1\"");
    assert_eq!(try_read(&whole).unwrap().said, []);
    assert_eq!(said(&item("disabled=\"0\"", DWORD, "")).len(), 1);
}

#[test]
fn items_that_cannot_be_told_are_errors_of_their_own() {
    for properties in [
        r#"name="%x%" type="REG_SZ" value="x""#,
        r#"name="v" type="REG_SZ" value="x" default="1""#,
        r#"name="v" type="REG_FOO" value="x""#,
        r#"name="v" type="REG_NONE" value="x""#,
        r#"name="v" type="REG_DWORD" value="0x1""#,
        r#"name="v" type="REG_DWORD" value="""#,
        r#"name="v" type="REG_DWORD" value="000000001""#,
        r#"name="v" type="REG_BINARY" value="0""#,
        r#"name="v" type="REG_BINARY" value="+1""#,
        r#"name="v" type="REG_MULTI_SZ" value="x""#,
        r#"name="v" action="X" type="REG_SZ" value="x""#,
    ] {
        let script = try_read(&settings(&(item("", properties, "") + &item("", DWORD, "")))).unwrap();
        assert_eq!((script.said.len(), codes(&script)), (1, vec!["gpp-item"]), "{properties}");
        assert_eq!(script.diagnostics.kept()[0].severity, Severity::Error);
    }
    let other = |hive: &str, key: &str| {
        let text = format!("<Registry><Properties hive=\"{hive}\" key=\"{key}\" {DWORD}/></Registry>");
        try_read(&settings(&text)).unwrap()
    };
    assert_eq!(codes(&other("HKLM", "K")), ["gpp-item"]);
    assert_eq!(codes(&other("HKEY_LOCAL_MACHINE", "")), ["gpp-item"]);
    assert_eq!(codes(&other("HKEY_LOCAL_MACHINE", "%x%\\y")), ["gpp-item"]);
    assert_eq!(other("HKEY_USERS", ".DEFAULT").said.len(), 1);
    let strange = try_read(&settings("<Drive/>")).unwrap();
    assert_eq!(codes(&strange), ["gpp-unknown-element"]);
}

#[test]
fn what_is_no_such_document_is_refused() {
    let good = settings(&item("", DWORD, ""));
    assert!(try_read(&format!("\u{feff}{good}")).is_ok());
    for bad in [
        String::new(),
        "x".to_owned(),
        "<Drives/>".to_owned(),
        "<RegistrySettings>".to_owned(),
        "<RegistrySettings></Collection>".to_owned(),
        "<RegistrySettings/><RegistrySettings/>".to_owned(),
        "<RegistrySettings/>x".to_owned(),
        "<RegistrySettings a=\"1\" a=\"2\"/>".to_owned(),
        "<RegistrySettings a=\"&x;\"/>".to_owned(),
        "<RegistrySettings>&x;</RegistrySettings>".to_owned(),
        good.replace("utf-8", "utf-16"),
        good.replace("<RegistrySettings ", "<!DOCTYPE x [<!ENTITY a \"b\">]><RegistrySettings "),
        format!("{}{}", "<Collection>".repeat(65), "</Collection>".repeat(65)),
    ] {
        assert!(try_read(&bad).is_err(), "{bad}");
    }
    let read_bytes = |bytes: &[u8]| read(&bytes.to_vec(), &Arc::from("x"), &Limits::default());
    assert!(matches!(read_bytes(b"\xff\xfe<\0"), Err(Error::Unsupported { .. })));
    assert!(matches!(read_bytes(b"<RegistrySettings a='\xff'/>"), Err(Error::Damaged { .. })));
    for end in 0..good.trim_end().len() {
        assert!(read_bytes(&good.as_bytes()[..end]).is_err(), "{end}");
    }
}

#[test]
fn many_attributes_cost_no_time() {
    let many: String = (0..300_000).map(|i| format!(" a{i}=''")).collect();
    let begun = std::time::Instant::now();
    assert!(matches!(try_read(&format!("<RegistrySettings{many}/>")), Err(Error::Limit { .. })));
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn no_bytes_make_it_panic() {
    let good = settings(&item("", DWORD, "<Values><Value>a&amp;b</Value></Values>"));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..10_000 {
        let mut bad = good.clone().into_bytes();
        for _ in 0..3 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = usize::try_from(state).unwrap() % bad.len();
            bad[at] = b"<>&\"'=/;#x0 %\0\xff["[usize::try_from(state >> 40).unwrap() % 16];
        }
        let _ = read(&bad, &Arc::from("x"), &Limits::default());
    }
}
