//! Nothing passes in silence: what becomes of each file, in the report and in the exit status.

use std::fs;

use serde_json::Value as Json;

use crate::common::{Run, root, run, scratch};

/// The line of the ledger on a file whose path ends so.
fn entry(run: &Run, end: &str) -> Json {
    let document = run.document();
    let mut found =
        document["inputs"].as_array().unwrap().iter().filter(|i| i["path"].as_str().unwrap().ends_with(end));
    let entry = found.next().unwrap_or_else(|| panic!("nothing is said of {end}"));
    entry.clone()
}

#[test]
fn what_could_hold_a_machine_makes_the_run_incomplete_and_is_named() {
    let (_keep, folder) = scratch();
    let cases = folder.join("cases");
    fs::create_dir_all(cases.join("dc1")).unwrap();
    for hive in ["SYSTEM", "SOFTWARE"] {
        fs::copy(root().join("fixtures/hosts/compliant").join(hive), cases.join("dc1").join(hive)).unwrap();
    }
    fs::write(cases.join("notes.txt"), "to do\n").unwrap();
    let path = cases.display().to_string();
    let args = ["audit", "--format", "json", path.as_str()];
    assert_eq!(
        (run(&args).status, entry(&run(&args), "notes.txt")["outcome"].clone()),
        (0, "not_about_windows".into())
    );
    // An empty image promises a machine.
    fs::write(cases.join("dc2.vhd"), "").unwrap();
    let incomplete = run(&args);
    let told = entry(&incomplete, "dc2.vhd");
    assert_eq!((incomplete.status, &told["incomplete"], &told["outcome"]), (3, &true.into(), &"not_recognised".into()));
    let report = folder.join("report.txt");
    assert_eq!(run(&["audit", "-q", "-o", report.to_str().unwrap(), &path]).status, 3);
    let text = fs::read_to_string(report).unwrap();
    assert!(text.contains("\nNot judged (1):\n") && text.contains("dc2.vhd"), "{text}");
    // What may go unjudged is said, and why.
    let allowed = run(&[&args[..], &["--allow", "*/dc2.vhd=its copy is broken"]].concat());
    let told = entry(&allowed, "dc2.vhd");
    assert_eq!((allowed.status, &told["incomplete"]), (0, &false.into()));
    assert!(told["why"].as_str().unwrap().ends_with("(accepted: its copy is broken)"), "{told}");
    assert_eq!(run(&["audit", "--allow", "*.vhd", &path]).status, 2);
    // What cannot be told is no machine's, unless that is asked for.
    fs::write(cases.join("dc2.vhd"), "no image\u{1}\u{2}").unwrap();
    fs::rename(cases.join("dc2.vhd"), cases.join("blob")).unwrap();
    assert_eq!(run(&args).status, 0);
    assert_eq!(run(&[&args[..], &["--require-complete"]].concat()).status, 3);
}

#[test]
fn parts_and_the_past_are_accounted_for() {
    let whole = run(&["audit", "--format", "json", "fixtures/images"]);
    for (end, outcome) in [
        ("images/split.001", "judged"),
        ("images/split.002", "part"),
        ("images/backing-base.qcow2", "part"),
        ("images/backing-over.qcow2", "judged"),
        ("images/README.md", "not_about_windows"),
    ] {
        if root().join("fixtures").join(end).exists() {
            assert_eq!(entry(&whole, end)["outcome"], outcome, "{end}");
        }
    }
    let hosts = run(&["audit", "--format", "json", "fixtures/hosts/dirty-with-logs"]);
    assert_eq!(entry(&hosts, "SYSTEM.LOG1")["outcome"], "part");
    assert_eq!(entry(&hosts, "/SYSTEM")["outcome"], "judged");
    let document = hosts.document();
    let folder = document["inputs"].as_array().unwrap().last().unwrap();
    assert_eq!((&folder["kind"], &folder["hosts"], &folder["named"]), (&"folder".into(), &1.into(), &true.into()));
}
