//! `--control-set`, and inputs that are one machine.

use std::fs;

use crate::common::{Run, run, scratch};
use crate::snapshot::{assert_text, shown};

const THREE: &str = "fixtures/hosts/three-control-sets";

/// What a run says of the hosts, a line each: the control set and the outcomes.
fn brief(run: &Run) -> String {
    let report = run.json();
    let hosts = report["hosts"].as_array().unwrap().iter().map(|host| {
        let outcomes: Vec<&str> =
            host["findings"].as_array().unwrap().iter().map(|finding| finding["outcome"].as_str().unwrap()).collect();
        format!(
            "  {} {} {} {}\n  notes {}\n",
            host["name"],
            host["verdict"],
            host["control_set"],
            outcomes.join(" "),
            host["notes"]
        )
    });
    hosts.collect()
}

#[test]
fn each_way_to_name_a_control_set() {
    let mut all = String::new();
    for set in ["current", "default", "last-known-good", "1", "2", "3", "all", "4"] {
        let run = run(&["audit", "--format", "json", "--control-set", set, THREE]);
        all.push_str(&format!("--control-set {set} → {}\n{}", run.status, brief(&run)));
    }
    assert_text("control_sets", &all);
}

#[test]
fn a_control_set_that_is_not_there_is_unknown_not_absent() {
    let args = ["audit", "--control-set", "4", THREE];
    let run = run(&args);
    assert_eq!(run.status, 3);
    assert_text("control_set_missing", &shown(&args, &run));
}

#[test]
fn a_reg_file_is_judged_by_the_control_set_that_is_named() {
    for (set, status) in [("1", 0), ("2", 1), ("all", 1), ("default", 3), ("9", 3)] {
        let run = run(&["audit", "-q", "--control-set", set, "fixtures/reg/two-control-sets.reg"]);
        assert_eq!(run.status, status, "--control-set {set}");
    }
}

#[test]
fn join_takes_hives_of_two_folders_as_one_machine() {
    let args = ["audit", "--join", "fixtures/hosts/system-only/SYSTEM", "fixtures/hosts/compliant/SOFTWARE"];
    let run = run(&args);
    assert_eq!(run.status, 0);
    assert_text("join", &shown(&args, &run));
}

#[test]
fn without_join_hives_of_two_folders_are_two_machines() {
    let args = ["audit", "--format", "json", "fixtures/hosts/system-only/SYSTEM", "fixtures/hosts/compliant/SOFTWARE"];
    let run = run(&args);
    assert_eq!(run.status, 3);
    assert_eq!(run.json()["summary"]["hosts"], 2);
    assert_eq!(run.json()["summary"]["unknown"], 2);
}

#[test]
fn joined_inputs_that_contradict_each_other_are_unknown() {
    let args = ["audit", "--join", "fixtures/reg/disabled.reg", "fixtures/reg/compliant-utf16le.reg"];
    let run = run(&args);
    assert_eq!(run.status, 3);
    assert_text("join_contradiction", &shown(&args, &run));
}

#[test]
fn a_reg_file_joins_the_hive_that_lacks_its_keys() {
    let args = ["audit", "--join", "fixtures/hosts/system-only", "fixtures/reg/compliant-utf16le.reg"];
    assert_eq!(run(&args).status, 0);
}

#[test]
fn a_fix_names_the_set_that_was_judged() {
    let fixes = |set: &str, policy: &str| -> Vec<String> {
        let run = run(&[
            "audit",
            "--format",
            "json",
            "--policy",
            policy,
            "--control-set",
            set,
            "fixtures/hosts/three-control-sets",
        ]);
        let findings = run.json()["hosts"][0]["findings"].as_array().unwrap().clone();
        let fixes = findings.iter().filter_map(|f| f["fix"].as_str()).filter(|fix| fix.contains("SCHANNEL"));
        fixes.map(str::to_owned).collect()
    };
    for policy in ["entra-connect-tls12", "tls12-only"] {
        let next = fixes("default", policy);
        assert!(!next.is_empty());
        assert!(next.iter().all(|fix| fix.contains("ControlSet003") && !fix.contains("Current")), "{policy}: {next:?}");
        let running = fixes("2", policy);
        assert!(running.iter().all(|fix| fix.contains("CurrentControlSet")), "{policy}: {running:?}");
    }
}

/// Of the three sets, ControlSet002 is in use.
#[test]
fn select_is_read_after_an_import() {
    let (_keep, folder) = scratch();
    let mut all = String::new();
    let select = r"[HKEY_LOCAL_MACHINE\SYSTEM\Select]";
    let new = r"[HKEY_LOCAL_MACHINE\SYSTEM\ControlSet007\Control]";
    let gone = r"[-HKEY_LOCAL_MACHINE\SYSTEM\ControlSet003]";
    for (name, lines) in [
        ("default-1", format!("{select}\n\"Default\"=dword:1")),
        ("default-2", format!("{select}\n\"Default\"=dword:2")),
        ("default-9", format!("{select}\n\"Default\"=dword:9")),
        ("default-gone", format!("{select}\n\"Default\"=-")),
        ("current-1", format!("{select}\n\"Current\"=dword:1")),
        ("good-3", format!("{select}\n\"LastKnownGood\"=dword:3")),
        ("no-select", select.replace('[', "[-")),
        ("one-more", format!("{new}\n{gone}\n{select}\n\"Default\"=dword:7")),
        ("refused", "x".to_owned()),
    ] {
        let file = folder.join(format!("{name}.reg"));
        let header = if name == "refused" { "REGEDIT" } else { "REGEDIT4\n" };
        fs::write(&file, format!("{header}{lines}\n")).unwrap();
        let file = if name == "refused" { "Cargo.toml" } else { file.to_str().unwrap() };
        for set in ["current", "default", "last-known-good", "all"] {
            let run = run(&["audit", "--format", "json", "--control-set", set, THREE, "--overlay", file]);
            all.push_str(&format!("{name}, --control-set {set} → {}\n{}", run.status, brief(&run)));
        }
    }
    assert_text("control_sets_after_an_import", &all.replace(folder.to_str().unwrap(), "[folder]"));
}
