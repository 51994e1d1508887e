//! What is written, read back.

use super::*;

#[test]
fn a_registry_pol_reads_back_as_the_same_changes() {
    let changes: Vec<Change> = HOSTILE
        .iter()
        .map(|name| set(name, Value::sz(name)))
        .chain([
            set("d", Value::dword(0xffff_ffff)),
            set("b", Value { kind: ValueType::DWORD_BIG_ENDIAN, data: vec![1, 2, 3] }),
            Change::Set {
                key: KeyPath(vec![Name::from("HKEY_LOCAL_MACHINE"), Name::from("a;b]"), Name::from_units(&[0xd800])]),
                name: Name::from_units(&[0xdc00, 0x5b]),
                value: Value { kind: ValueType::MULTI_SZ, data: vec![0x5d, 0, 0x5b] },
            },
            Change::DeleteValue { key: key("K"), name: Name::from("**x".get(2..).unwrap()) },
            Change::DeleteValues(key("K")),
            Change::CreateKey(key("AES 128/128")),
            Change::DeleteKey(key("AES 128/128")),
        ])
        .collect();
    assert_eq!(surely(&read_pol(&bytes(Format::Pol, &changes).unwrap())), changes);
}

#[test]
fn preferences_read_back_as_the_same_changes() {
    let held: Vec<&str> =
        HOSTILE.into_iter().filter(|name| !name.contains(['%', '\n']) && name.trim() == *name).collect();
    assert!(held.len() > 18);
    let multi =
        Value { kind: ValueType::MULTI_SZ, data: [Value::sz("a<b").data, Value::sz("]]>").data, vec![0, 0]].concat() };
    let changes: Vec<Change> = held
        .iter()
        .map(|name| set(name, Value::sz(name)))
        .chain([
            set("", Value::sz("the default value")),
            set("m", multi),
            set("d", Value::dword(0xffff_ffff)),
            set("q", Value { kind: ValueType::QWORD, data: vec![1, 2, 3, 4, 5, 6, 7, 0x88] }),
            set("b", Value { kind: ValueType::BINARY, data: vec![0, 0xff] }),
            Change::DeleteValue { key: key("K"), name: Name::from("x") },
            Change::DeleteValue { key: key("K"), name: Name::default() },
            Change::CreateKey(key("AES 128/128")),
            Change::DeleteKey(KeyPath::parse(r"HKEY_USERS\S-1-5-18")),
        ])
        .collect();
    for format in [Format::Gpp, Format::GppCollection] {
        let file = text(format, &changes).unwrap();
        assert!(!file.contains("--\u{20}-->") && file.contains("<!-- Why - - not - -> ]]>"), "{file}");
        assert_eq!(surely(&read_gpp(file.as_bytes())), changes);
        // ids are the same every time, and no two are
        assert_eq!(file, text(format, &changes).unwrap());
        let mut ids: Vec<&str> = file.split("uid=\"").skip(1).map(|rest| &rest[..38]).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), changes.len());
    }
}

#[test]
fn a_reg_file_reads_back_as_the_same_values() {
    use crate::registry::reg_file::{Interest, RegFile};
    let values = || {
        let names = HOSTILE.iter().map(|name| (Name::from(*name), Value::sz(name)));
        let odd =
            [(1, &b""[..]), (1, b"a\0\0\0\0\0"), (2, b"%\0\0\0"), (7, b"a\0\0\0\0\0"), (3, b"\x01\xff"), (4, b"\x01")];
        let odd = odd.into_iter().chain([
            (0, &b""[..]),
            (11, b"\x01\0\0\0\0\0\0\x80"),
            (0xffff_0001, b"x"),
            (1, b"\0\xd8\0\0"),
        ]);
        let odd = odd.enumerate().map(|(i, (kind, data))| {
            (Name::from(format!("v{i}").as_str()), Value { kind: ValueType(kind), data: data.to_vec() })
        });
        names.chain(odd).chain([(Name::from_units(&[0xd800]), Value::dword(7)), (Name::default(), Value::dword(8))])
    };
    for format in [Format::Reg, Format::Reg4] {
        let mut kept = Vec::new();
        for (name, value) in values() {
            let change = Change::Set { key: key("K"), name: name.clone(), value: value.clone() };
            if bytes(format, std::slice::from_ref(&change)).is_ok() {
                kept.push((name, value, change));
            }
        }
        assert!(kept.len() > if format == Format::Reg { 34 } else { 24 }, "{}", kept.len());
        let changes: Vec<Change> = kept.iter().map(|(_, _, change)| change.clone()).collect();
        let file = bytes(format, &changes).unwrap();
        let mut interest = Interest::new();
        interest.everything(&KeyPath::default());
        let read = RegFile::read(&file, &Arc::from("x"), &interest, &Limits::default(), None);
        let notes = read.diagnostics().kept();
        assert!(notes.iter().all(|note| note.code == "reg-dword-size"), "{notes:?}");
        let keys = read.kept_below(&key("K"), false);
        let found: Vec<(Name, Value)> =
            keys[0].values.iter().map(|value| (value.name.clone(), value.value.clone().unwrap().clone())).collect();
        let wanted: Vec<(Name, Value)> = kept.into_iter().map(|(name, value, _)| (name, value)).collect();
        assert_eq!(found, wanted);
    }
}

#[test]
fn another_reader_of_reg_files_agrees() {
    let changes = [
        set("a\"b\\c", Value::sz("x\\\"y")),
        set("d", Value::dword(0xdead_beef)),
        set("e", Value { kind: ValueType::EXPAND_SZ, data: Value::sz("%windir%").data }),
        Change::DeleteValue { key: key("K"), name: Name::from("gone") },
    ];
    let text = one_text(Format::Reg, &changes);
    let read = regashii::Registry::deserialize(&text).unwrap();
    let values = read.keys().values().next().unwrap().values().clone();
    let get = |name: &str| values.get(&regashii::ValueName::named(name)).cloned().unwrap();
    assert_eq!(get("a\"b\\c"), regashii::Value::Sz("x\\\"y".into()));
    assert_eq!(get("d"), regashii::Value::Dword(0xdead_beef));
    assert_eq!(get("e"), regashii::Value::ExpandSz("%windir%".into()));
    assert_eq!(get("gone"), regashii::Value::Delete);
    assert_eq!(values.len(), 4);
}

/// Whatever is written reads back as it was, and what is refused is refused for a reason that has words.
#[test]
fn random_changes_read_back_or_are_refused() {
    const UNITS: [u16; 20] = [
        0x20, 0x22, 0x25, 0x26, 0x27, 0x2a, 0x2d, 0x3b, 0x3c, 0x3e, 0x41, 0x5b, 0x5c, 0x5d, 0x61, 0xe9, 0x2019, 0xd83d,
        0xde00, 0x0a,
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % n
    };
    let mut written = [0; 2];
    for _ in 0..4000 {
        let mut units = |most: usize| -> Vec<u16> { (0..next(most + 1)).map(|_| UNITS[next(UNITS.len())]).collect() };
        let (below, name, text) = (units(4), units(4), units(6));
        let plain = Name::from("SOFTWARE");
        let key = KeyPath(vec![Name::from("HKEY_LOCAL_MACHINE"), plain, Name::from_units(&below)]);
        let name = Name::from_units(&name);
        let end: &[u16] = [&[0][..], &[0, 0], &[]][next(3)];
        let data: Vec<u8> = [&text, end].concat().into_iter().flat_map(u16::to_le_bytes).collect();
        let kind = ValueType([0, 1, 2, 3, 4, 5, 7, 11][next(8)]);
        let data = if matches!(kind, ValueType::DWORD | ValueType::QWORD) { vec![7; next(10)] } else { data };
        let change = match next(8) {
            0 => Change::CreateKey(key),
            1 => Change::DeleteKey(key),
            2 => Change::DeleteValues(key),
            3 => Change::DeleteValue { key, name },
            _ => Change::Set { key, name, value: Value { kind, data } },
        };
        let changes = std::slice::from_ref(&change);
        for (i, format) in [Format::Pol, Format::Gpp].into_iter().enumerate() {
            match bytes(format, changes) {
                Ok(file) => {
                    written[i] += 1;
                    let script = if format == Format::Pol { read_pol(&file) } else { read_gpp(&file) };
                    assert_eq!(surely(&script), changes, "{format:?}");
                }
                Err(why) => assert!(why.why.len() > 10, "{why}"),
            }
        }
        for format in Format::ALL {
            let _ = bytes(format, changes);
        }
    }
    assert!(written.iter().all(|&n| n > 500), "{written:?}");
}
