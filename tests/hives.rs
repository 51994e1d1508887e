//! Hives whose headers are not as Windows writes them, and what is recovered of what was deleted.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs;

use common::{root, run, scratch};
use serde_json::Value as Json;

/// Puts a checksum that holds in the base block: XOR of the words before it.
fn seal(hive: &mut [u8]) {
    let words = hive[..508].chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let sum = words.fold(0, |sum, word| sum ^ word);
    hive[508..512].copy_from_slice(&sum.to_le_bytes());
}

/// An audit of a host whose SYSTEM is another: the exit status, and the report.
fn audited(host: &str, edit: impl FnOnce(&mut Vec<u8>)) -> (i32, Json) {
    let (_keep, folder) = scratch();
    for entry in fs::read_dir(root().join("fixtures/hosts").join(host)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let mut system = fs::read(folder.join("SYSTEM")).unwrap();
    edit(&mut system);
    seal(&mut system);
    fs::write(folder.join("SYSTEM"), system).unwrap();
    let run = run(&["audit", "--format", "json", folder.to_str().unwrap()]);
    (run.status, run.json())
}

fn notes(report: &Json) -> Vec<&str> {
    report["hosts"][0]["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect()
}

/// What an audit of a fixture finds for a rule, in hex; none where it finds no value.
fn found(report: &Json, rule: &str) -> Option<String> {
    let mut findings = report["hosts"][0]["findings"].as_array().unwrap().iter();
    let finding = findings.find(|finding| finding["rule"] == rule).unwrap();
    finding["found"]["raw"].as_str().map(str::to_owned)
}

#[test]
fn values_that_other_readers_misread_are_what_windows_reads() {
    let audit = |host: &str| run(&["audit", "--format", "json", &format!("fixtures/hosts/{host}")]).json();
    let report = audit("data-cells");
    for (name, raw) in [("enabled", "00000000"), ("disabled-by-default", "01000000")] {
        for side in ["client", "server"] {
            assert_eq!(found(&report, &format!("tls12-{side}-{name}")).unwrap(), raw, "{side} {name}");
        }
    }
    let report = audit("type-above-16-bits");
    assert_eq!(found(&report, "tls12-client-enabled").unwrap(), "01000000");
    assert!(report.to_string().contains("its type is 0x20004, not REG_DWORD"));
    let report = audit("utf-16-flag");
    assert_eq!(found(&report, "tls12-client-enabled"), None);
    assert_eq!(found(&report, "tls12-server-enabled"), None);
    assert_eq!(found(&report, "tls12-server-disabled-by-default").unwrap(), "00000000");
}

#[test]
fn a_log_makes_the_hive_grow_and_ends_where_its_numbers_do() {
    for (host, entries) in [("dirty-growing", 1), ("dirty-left-over-entries", 2)] {
        let host = format!("fixtures/hosts/{host}");
        let report = run(&["audit", "--format", "json", &host]).json();
        assert_eq!(
            report["hosts"][0]["inputs"][0]["recovery"]["entries"], entries,
            "{host}: {}",
            report["hosts"][0]["inputs"]
        );
        assert_eq!(found(&report, "tls12-server-enabled").unwrap(), "01000000", "{host}");
        assert_eq!(run(&["audit", "-q", "--no-logs", &host]).status, 1, "{host}");
    }
}

#[test]
fn a_file_format_that_windows_does_not_load_leaves_the_rules_open() {
    for host in ["compliant", "dirty-with-logs"] {
        let (status, report) = audited(host, |system| system[32] = 2);
        assert_eq!(status, 3, "{host}");
        let findings = report["hosts"][0]["findings"].as_array().unwrap();
        let open: Vec<&Json> = findings.iter().filter(|finding| finding["outcome"] == "unknown").collect();
        assert_eq!(open.len(), 4, "{host}");
        let why = open[0]["why"].as_str().unwrap();
        assert!(why.contains("file format at 0x20: expected 1 (direct memory load), found 2"), "{host}: {why}");
    }
}

#[test]
fn another_clustering_factor_is_said_and_changes_nothing() {
    let (status, report) = audited("compliant", |system| system[44] = 8);
    assert_eq!(status, 0);
    let [note] = notes(&report)[..] else { panic!("{report}") };
    assert!(note.contains("clustering factor at 0x2c: expected 1, found 8"), "{note}");
}

#[test]
fn a_bin_without_its_header_is_said_where_it_is_on_the_way_to_a_value() {
    for at in [0x1000, 0x2000] {
        let (status, report) = audited("compliant", |system| system[at..at + 4].fill(0));
        let said = format!("hive bin at {at:#x}: expected \"hbin\"");
        assert_eq!(status, 0);
        assert!(notes(&report).iter().any(|note| note.contains(&said)), "{at:#x}: {:?}", notes(&report));
    }
    assert!(notes(&audited("compliant", |_| ()).1).is_empty());
}
