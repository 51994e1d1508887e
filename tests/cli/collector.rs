//! The collector, and the files that it leaves.

use crate::common::{run, scratch};
use crate::snapshot::assert_run;

const FILE: &str = "fixtures/reg/collected.reg";

/// A policy of the user's own, with a key of its own.
const OWN: &str = r#"
id = "own"
version = "1.0.0"
date = "2026-01-01"
title = "Own"
source = "S"

[[rule]]
id = "own-key"
title = "Own"
why = "Why."
source = "S"
key = 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Own'
value = "It's \u00fc"
type = "REG_DWORD"
enable = 1
disable = 0
"#;

#[test]
fn a_collected_file_is_judged_and_says_when_it_was_collected() {
    assert_run("collected", &["audit", "-v", FILE]);
    assert_run("collected_cut", &["audit", "fixtures/reg/collected-cut.reg"]);
    let report = run(&["audit", "--format", "json", FILE]).json();
    let host = &report["hosts"][0];
    let extent = &host["inputs"][0]["extent"];
    assert_eq!(extent["is"], "collected");
    assert_eq!(extent["collected"]["time"], "2024-05-16T06:00:00Z");
    assert_eq!(extent["collected"]["started"], "2024-05-15T08:20:11Z");
    // Settings differ from what Windows does anyway, and no key has a time.
    assert_eq!(host["effective"]["restart"]["pending"], "unknown");
}

#[test]
fn what_was_not_collected_is_unknown_and_names_the_way_on() {
    let (_folder, at) = scratch();
    let own = at.join("own.toml");
    std::fs::write(&own, OWN).unwrap();
    let report = run(&["audit", "--format", "json", "--policy", own.to_str().unwrap(), FILE]).json();
    let finding = &report["hosts"][0]["findings"][0];
    assert_eq!((&finding["outcome"], &finding["why"]), (&"unknown".into(), &"the collector did not read it".into()));
    assert!(finding["fix"].as_str().unwrap().contains("generate collector --policy own"), "{finding}");
}

#[test]
fn what_the_user_says_of_a_collected_file() {
    let status = |is, file| run(&["audit", "-q", "--reg-is", is, file]).status;
    assert_eq!((status("export", FILE), status("script", FILE)), (0, 0));
    let cut = "fixtures/reg/collected-cut.reg";
    assert_eq!((status("export", cut), status("script", cut)), (3, 3));
    let outcomes = |is| {
        let report = run(&["audit", "--format", "json", "--reg-is", is, cut]).json();
        let findings = report["hosts"][0]["findings"].as_array().unwrap().clone();
        findings.iter().filter(|finding| finding["outcome"] == "pass").count()
    };
    assert_eq!(outcomes("export"), 0);
    assert!(outcomes("script") > 0);
}

#[test]
fn a_collector_reads_what_the_policy_asks_for_and_is_one_script() {
    let (_folder, at) = scratch();
    let own = at.join("own.toml");
    std::fs::write(&own, OWN).unwrap();
    let made = run(&["generate", "collector", "--policy", own.to_str().unwrap(), "--policy", "exchange"]);
    assert_eq!(made.status, 0, "{}", made.err());
    let text = made.out();
    assert!(text.is_ascii() && text.lines().all(|line| !line.contains('\n')));
    let call = r"Read-Part 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Own' Only @(('It''s ' + [char]0x00fc))";
    assert_eq!(text.matches(call).count(), 1, "{text}");
    let calls: Vec<&str> = text.lines().filter(|line| line.starts_with("Read-Part ")).collect();
    let mut once = calls.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), calls.len());
    // Whatever policy is asked for, those that are built in are.
    let calls = |args: &[&str]| {
        let made = run(&[&["generate", "collector"][..], args].concat()).out();
        made.lines().filter(|line| line.starts_with("Read-Part ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(calls(&[]), calls(&["--policy", "disa-stig-iis10", "--policy", "exchange"]));
    // The same in a file, and not over another one.
    let file = at.join("collect.ps1");
    let args = ["generate", "collector", "--policy", "exchange", "-o", file.to_str().unwrap()];
    assert_eq!((run(&args).status, run(&args).status), (0, 2));
    assert!(std::fs::read(&file).unwrap().starts_with(b"#Requires -Version 3.0\r\n"));
}

#[test]
fn options_that_are_not_for_a_collector_are_refused() {
    for more in [
        &["--for", "fixtures/hosts/compliant"][..],
        &["--values", "tls12-client-enabled"],
        &["--control-set", "2"],
        &["--root", r"HKLM\BROKENSYSTEM"],
        &["--format", "reg"],
    ] {
        let run = run(&[&["generate", "collector"][..], more].concat());
        assert_eq!(run.status, 2, "{more:?}");
        assert!(run.err().contains(&format!("{} is not for a collector", more[0])), "{}", run.err());
    }
}
