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
use tlshive::registry::path::{KeyPath, Name};
use tlshive::registry::reg_file::{Interest, RegFile};

const BASE: &str = r"HKEY_CURRENT_USER\Software\RegConf";

fn read(bytes: &[u8]) -> RegFile {
    let mut interest = Interest::new();
    interest.tree(&KeyPath::parse(BASE));
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
    match file.lookup(&KeyPath::parse(&format!(r"{BASE}\{key}")), &Name::default()) {
        Lookup::Found(_) | Lookup::ValueAbsent(_) => true,
        Lookup::KeyAbsent | Lookup::NotCovered => false,
        Lookup::Unreadable(error, _) => panic!("{error}"),
    }
}

fn value(file: &RegFile, name: &str) -> Option<(u64, String)> {
    match file.lookup(&KeyPath::parse(BASE), &Name::from(name)) {
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
