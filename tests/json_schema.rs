//! `src/output/json-v2.schema.json` describes what the program prints.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]
#![cfg(unix)]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use common::{fixtures, root, run, scratch};
use jsonschema::Validator;
use serde_json::{Value as Json, json};

fn schema() -> Json {
    let path = root().join("src/output/json-v2.schema.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn of_documents() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn of_lines() -> Validator {
    jsonschema::draft202012::new(&json!({ "$defs": schema()["$defs"], "$ref": "#/$defs/line" })).unwrap()
}

fn errors(validator: &Validator, document: &Json) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn assert_valid(validator: &Validator, document: &Json, what: &str) {
    let errors = errors(validator, document);
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

#[test]
fn the_schema_is_one_itself() {
    jsonschema::draft202012::meta::validate(&schema()).unwrap();
}

#[test]
fn every_document_of_every_fixture_is_valid() {
    let validator = of_documents();
    for fixture in fixtures() {
        for set in ["current", "default", "all", "7"] {
            let run = run(&["audit", "--format", "json", "--control-set", set, &fixture]);
            assert_valid(&validator, &run.document(), &fixture);
        }
    }
    for fixture in ["fixtures/hosts/compliant", "fixtures/hosts/damaged-target"] {
        let policies = ["--policy", "tls12-only", "--policy", "exchange"];
        let run = run(&[&["audit", "--format", "json", fixture], &policies[..]].concat());
        assert_valid(&validator, &run.document(), fixture);
    }
    for overlay in ["fixtures/reg/disabled.reg", "Cargo.toml"] {
        let run = run(&["audit", "--format", "json", "fixtures/hosts/compliant", "--overlay", overlay]);
        assert_valid(&validator, &run.document(), overlay);
    }
    let (_keep, folder) = scratch();
    for format in ["pol", "gpp"] {
        let file = folder.join(format).display().to_string();
        assert_eq!(run(&["generate", "enable", "--format", format, "-o", &file]).status, 0);
        for args in [&[file.as_str()][..], &["fixtures/hosts/compliant", "--overlay", &file]] {
            let run = run(&[&["audit", "--format", "json"], args].concat());
            assert_valid(&validator, &run.document(), &file);
        }
    }
    let all = run(&["audit", "--format", "json", "fixtures", "no-such-file"]);
    assert_valid(&validator, &all.document(), "all fixtures at once");
    assert_valid(&validator, &run(&["audit", "--format", "json", "src"]).json(), "nothing to audit");
}

#[test]
fn every_line_of_every_fixture_is_valid() {
    let validator = of_lines();
    let mut lines = 0;
    for fixture in fixtures() {
        let run = run(&["audit", "--format", "jsonl", &fixture]);
        for line in run.out().lines() {
            assert_valid(&validator, &serde_json::from_str(line).unwrap(), &fixture);
            lines += 1;
        }
    }
    assert!(lines >= fixtures().len() - 2, "only {lines} lines");
}

#[test]
fn a_line_is_the_host_of_the_document() {
    let document = run(&["audit", "--format", "json", "fixtures/hosts/iis-crypto"]).document();
    let stream = run(&["audit", "--format", "jsonl", "fixtures/hosts/iis-crypto"]).out();
    let lines: Vec<Json> = stream.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["record"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[1], kinds[kinds.len() - 1]), ("run", "host", "end"));
    for (line, part) in [(1, &document["hosts"][0]), (2, &document["inputs"][0]), (lines.len() - 1, &document["end"])] {
        for (name, member) in part.as_object().unwrap() {
            assert_eq!(lines[line][name], *member, "{name}");
        }
    }
}

#[test]
fn broken_documents_are_refused() {
    let sound = run(&["audit", "--format", "json", "fixtures/hosts/compliant"]).document();
    let validator = of_documents();
    assert_valid(&validator, &sound, "the document itself");
    let broken: [(&str, Json); 14] = [
        ("/schema_version", json!(1)),
        ("/run/tool/name", json!("another")),
        ("/hosts", json!({})),
        ("/hosts/0/verdict", json!("fine")),
        ("/hosts/0/control_set", json!(1)),
        ("/hosts/0/windows/architecture", json!("mips")),
        ("/hosts/0/windows/build", json!("17763")),
        ("/hosts/0/inputs/0/kind", json!("reg")),
        ("/hosts/0/inputs/0/last_written", json!("yesterday")),
        ("/hosts/0/findings/0/outcome", json!("not-applicable")),
        ("/hosts/0/findings/0/found/raw", json!("0x01")),
        ("/hosts/0/findings/0/expected/type", json!("DWORD")),
        ("/hosts/0/findings/0/place/line", json!(3)),
        ("/end/summary/files", json!(-1)),
    ];
    for (pointer, wrong) in broken {
        let mut document = sound.clone();
        // One member here does not exist: a place has an offset or a line, never both.
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = wrong;
        assert!(!errors(&validator, &document).is_empty(), "{pointer}");
    }
}

#[test]
fn every_member_is_required_unless_it_is_a_places_offset_or_line() {
    let sound = run(&["audit", "--format", "json", "fixtures/hosts/disabled", "no-such-file"]).document();
    let validator = of_documents();
    let mut tried = 0;
    for pointer in members(&sound, "") {
        let mut document = sound.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        let optional = matches!(name, "offset" | "line" | "file" | "within");
        assert_eq!(errors(&validator, &document).is_empty(), optional, "without {pointer}");
        tried += 1;
    }
    assert!(tried > 50);
    let mut more = sound.clone();
    more["hosts"][0]["windows"]["a member of a later version"] = json!([]);
    assert_valid(&validator, &more, "with a member of a later version");
}

/// Pointers to every member of every object; of a list, the first entry stands for all.
fn members(document: &Json, at: &str) -> Vec<String> {
    let below: Vec<(String, &Json)> = match document {
        Json::Object(members) => members.iter().map(|(name, member)| (format!("{at}/{name}"), member)).collect(),
        Json::Array(entries) => entries.iter().take(1).map(|entry| (format!("{at}/0"), entry)).collect(),
        _ => Vec::new(),
    };
    let own = if document.is_object() { below.iter().map(|(at, _)| at.clone()).collect() } else { Vec::new() };
    let deeper = below.iter().flat_map(|(at, member)| members(member, at));
    own.into_iter().chain(deeper).collect()
}
