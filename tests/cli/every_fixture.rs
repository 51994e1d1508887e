//! One table over all fixtures: a change to any answer shows as one changed line.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::common::{fixtures, root, run};
use crate::snapshot::assert_text;

/// No audit of a small hive pair has a reason to read more 4 KiB pages.
const PAGES: u64 = 25;

#[test]
fn every_fixture_has_the_answer_that_it_had() {
    let mut table = String::from(
        "name → status; then a line a host: verdict, control set, outcomes in the order of the policy's rules\n\
         (P pass, F fail, u unknown, - not applicable), and below it notes, values that are not as asked, diagnostics\n\n",
    );
    for fixture in fixtures() {
        let run = run(&["audit", "--format", "json", &fixture]);
        table.push_str(&format!("{} → {}\n", fixture.trim_start_matches("fixtures/"), run.status));
        let report = run.json();
        for host in report["hosts"].as_array().unwrap() {
            table.push_str(&line(host));
            assert!(host["pages_read"].as_u64().unwrap() <= PAGES, "{fixture}: {}", host["pages_read"]);
        }
        for (code, count) in codes(&report) {
            table.push_str(&format!("    diagnostic {code} × {count}\n"));
        }
    }
    assert_text("every_fixture", &table);
}

#[test]
fn every_fixture_ends_with_the_status_that_its_readme_says() {
    let readme = std::fs::read_to_string(root().join("fixtures/README.md")).unwrap();
    for fixture in fixtures() {
        let name = fixture.rsplit('/').next().unwrap();
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("fixtures/README.md does not tell of {name}"));
        let told = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap().trim();
        let status = run(&["audit", "-q", &fixture]).status.to_string();
        assert!(told.starts_with(&status), "{name}: {status}, but the README says {told:?}");
    }
}

fn line(host: &Json) -> String {
    let text = |name: &str| host[name].as_str().unwrap_or("no control set").to_owned();
    let findings = host["findings"].as_array().unwrap();
    let outcomes: String = findings.iter().map(|f| letter(f["outcome"].as_str().unwrap())).collect();
    let mut lines = format!("    {} {} {} {outcomes}\n", text("name"), text("verdict"), text("control_set"));
    for note in host["notes"].as_array().unwrap() {
        lines.push_str(&format!("        note: {}\n", note.as_str().unwrap()));
    }
    for finding in findings {
        if finding["found"]["raw"] == finding["expected"]["raw"] && finding["outcome"] == "pass" {
            continue;
        }
        let (rule, why) = (finding["rule"].as_str().unwrap(), finding["why"].as_str().unwrap());
        lines.push_str(&format!("        {rule}: {why}\n"));
    }
    lines
}

fn letter(outcome: &str) -> char {
    match outcome {
        "pass" => 'P',
        "fail" => 'F',
        "unknown" => 'u',
        "not_applicable" => '-',
        other => panic!("{other}"),
    }
}

fn codes(report: &Json) -> BTreeMap<String, usize> {
    let mut codes = BTreeMap::new();
    for diagnostic in report["diagnostics"].as_array().unwrap() {
        *codes.entry(diagnostic["code"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    codes
}
