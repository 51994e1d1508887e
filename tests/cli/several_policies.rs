//! Several policies in one run: a verdict under each, the worst of which decides, in every format.

use std::fs;

use serde_json::Value as Json;

use crate::common::{run, scratch};
use crate::snapshot::{assert_run, assert_text, shown};

const BOTH: [&str; 4] = ["--policy", "entra-connect-tls12", "--policy", "tls12-only"];

const FIVE: [&str; 5] = [
    "fixtures/hosts/compliant",
    "fixtures/hosts/nothing-set",
    "fixtures/hosts/disabled",
    "fixtures/hosts/windows-11",
    "fixtures/hosts/system-only",
];

fn audit<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["audit"], more, &BOTH[..]].concat()
}

/// A policy of one rule about one value, in a file.
fn policy(folder: &std::path::Path, id: &str, key: &str, number: u32) -> String {
    let file = folder.join(format!("{id}.toml")).display().to_string();
    let text = format!(
        "id = '{id}'\nversion = '1'\ndate = '2026-11-28'\ntitle = '{id}'\nsource = 's'\n\n[[rule]]\nid = 'same'\n\
         title = 'It is {number}'\nwhy = 'w'\nsource = 's'\nkey = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\{key}'\n\
         value = 'V'\ntype = 'REG_DWORD'\nenable = {number}\n"
    );
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn one_machine_has_a_verdict_under_each() {
    assert_run("several_policies_one_machine", &audit(&["fixtures/hosts/compliant"]));
}

#[test]
fn many_machines_are_counted_under_each() {
    assert_run("several_policies_overview", &audit(&FIVE));
}

#[test]
fn tables_and_tickets_tell_them_apart() {
    for (format, name) in [("csv", "csv"), ("markdown", "markdown"), ("junit", "junit")] {
        let args = audit(&["--format", format, "fixtures/hosts/compliant"]);
        assert_text(&format!("several_policies_{name}"), &shown(&args, &run(&args)));
    }
    let rows = run(&audit(&["--format", "csv-findings", "fixtures/hosts/compliant"])).out();
    let count = |policy: &str| rows.lines().filter(|row| row.contains(&format!(",\"{policy}\","))).count();
    assert_eq!((count("entra-connect-tls12"), count("tls12-only")), (9, 12));
}

#[test]
fn the_page_names_the_policy_of_what_it_shows() {
    let page = run(&audit(&[&["--format", "html"], &FIVE[..]].concat())).out();
    for wanted in [
        "<li>entra-connect-tls12: 2 meet it, 2 do not, 1 cannot be told",
        "<small>tls12-only: does not meet</small>",
        "<small>policy tls12-only</small>",
        "<small>entra-connect-tls12: <code>tls12-client-enabled</code></small>",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn sarif_has_the_rules_of_each() {
    let log: Json =
        serde_json::from_str(&run(&audit(&["--format", "sarif", "fixtures/hosts/nothing-set"])).out()).unwrap();
    let (rules, results) = (&log["runs"][0]["tool"]["driver"]["rules"], &log["runs"][0]["results"]);
    assert_eq!(rules.as_array().unwrap().len(), 9 + 12 + 1);
    for result in results.as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!((&rule["id"], &rule["properties"]["policy"]), (&result["ruleId"], &result["properties"]["policy"]));
    }
}

#[test]
fn the_worst_verdict_decides_and_the_machine_is_read_once() {
    for (fixture, verdicts, status) in [
        ("compliant", ["compliant", "not_compliant"], 1),
        ("nothing-set", ["not_compliant", "not_compliant"], 1),
        ("system-only", ["unknown", "unknown"], 3),
    ] {
        let path = format!("fixtures/hosts/{fixture}");
        let both = run(&audit(&["--format", "json", &path]));
        let host = &both.document()["hosts"][0];
        assert_eq!(both.document()["hosts"].as_array().unwrap().len(), 1);
        assert_eq!([&host["verdicts"][0]["verdict"], &host["verdicts"][1]["verdict"]], verdicts, "{fixture}");
        assert_eq!((both.status, &host["verdict"]), (status, &host["verdicts"][1]["verdict"]), "{fixture}");
        // Under each alone it is the same, and the order is of no matter.
        for (number, id) in ["entra-connect-tls12", "tls12-only"].into_iter().enumerate() {
            let alone = run(&["audit", "--format", "json", "--policy", id, &path]).document();
            assert_eq!(alone["hosts"][0]["verdict"], verdicts[number], "{fixture} {id}");
        }
        let other = run(&["audit", "-q", "--policy", "tls12-only", "--policy", "entra-connect-tls12", &path]);
        assert_eq!(other.status, status, "{fixture}");
    }
    let unknown = ["audit", "-q", "--policy", "entra-connect-tls12", "--policy", "disa-stig-dotnet4"];
    assert_eq!(run(&[&unknown[..], &["fixtures/hosts/system-only"]].concat()).status, 3);
}

#[test]
fn a_policy_is_named_once() {
    let twice = run(&["audit", "--policy", "tls12-only", "--policy", "tls12-only", "fixtures/hosts/compliant"]);
    assert_eq!(twice.status, 2);
    assert!(twice.err().contains("two policies have the id \"tls12-only\""), "{}", twice.err());
}

#[test]
fn a_saved_run_is_reported_compared_and_gone_on_with() {
    let (_keep, folder) = scratch();
    let saved = folder.join("run.jsonl").display().to_string();
    assert_eq!(run(&audit(&[&["--format", "jsonl", "-o", &saved], &FIVE[..]].concat())).status, 1);
    // Of a saved run, there is nothing to print in full.
    assert_eq!(run(&["report", &saved]).out(), run(&audit(&FIVE)).out().replace("--details, or ", ""));
    let same = run(&[&["diff", &saved, "fixtures/hosts/compliant"], &BOTH[..]].concat());
    assert!(same.out().starts_with("0 fixed, 0 worse, 1 left"), "{}", same.out());
    let one = run(&["diff", &saved, "fixtures/hosts/compliant"]);
    assert!(one.status == 2 && one.err().contains("different policies"), "{}", one.err());
    let known = run(&audit(&["-q", "--baseline", &saved, "fixtures/hosts/disabled"]));
    assert_eq!((known.status, known.err()), (0, String::new()));
    assert_eq!(run(&audit(&["-q", "--resume", &saved, "fixtures/hosts/disabled"])).status, 1);
    let other = run(&["audit", "-q", "--resume", &saved, "fixtures/hosts/disabled"]);
    assert!(other.status == 2 && other.err().contains("another policy"), "{}", other.err());
}

#[test]
fn a_comparison_names_the_policy_of_a_rule() {
    let (_keep, folder) = scratch();
    let machine = folder.join("machine.reg");
    let values = |v: u32, w: u32| {
        let key = r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet";
        fs::write(&machine, format!("REGEDIT4\n\n{key}\\A]\n\"V\"=dword:{v:08x}\n\n{key}\\B]\n\"V\"=dword:{w:08x}\n"))
            .unwrap();
    };
    let (a, b) = (policy(&folder, "a", "A", 1), policy(&folder, "b", "B", 1));
    let (machine, saved) = (machine.display().to_string(), folder.join("run.jsonl").display().to_string());
    let both = ["--policy", &a, "--policy", &b];
    values(1, 0);
    assert_eq!(run(&[&["audit", "--format", "jsonl", "-o", &saved, &machine], &both[..]].concat()).status, 1);
    values(0, 1);
    let diff = run(&[&["diff", &saved, &machine], &both[..]].concat());
    let told = |line: &str| diff.out().lines().any(|told| told.trim_start().starts_with(line));
    assert_eq!(diff.status, 1);
    assert!(
        told("worse             a/same  pass → fail: 1 → 0") && told("fixed             b/same  fail → pass: 0 → 1"),
        "{}",
        diff.out()
    );
    let rows = run(&[&["diff", "--format", "csv", &saved, &machine], &both[..]].concat()).out();
    assert!(rows.contains(r#","a","same","worse","#) && rows.contains(r#","b","same","fixed","#), "{rows}");
}

#[test]
fn a_waiver_of_a_rule_that_several_policies_have_names_one() {
    let (_keep, folder) = scratch();
    let (a, b) = (policy(&folder, "a", "A", 1), policy(&folder, "b", "B", 1));
    let waivers = folder.join("waivers.toml").display().to_string();
    let one = |rule: &str, policy: &str| format!("[[waiver]]\nrule = '{rule}'\nreason = 'r'\n{policy}\n");
    for (text, status, said) in [
        (one("same", ""), 2, "several policies have the rule \"same\": say policy = \"…\", one of a, b"),
        (one("same", "policy = 'a'"), 1, ""),
        (one("same", "policy = 'a'") + &one("same", "policy = 'b'"), 0, ""),
        (one("same", "policy = 'c'"), 2, "is in no policy of this run that is called c"),
        (one("sane", ""), 2, "none of the policies a, b has the rule \"sane\""),
    ] {
        fs::write(&waivers, &text).unwrap();
        let args = ["audit", "--policy", &a, "--policy", &b, "--waivers", &waivers, "fixtures/hosts/compliant"];
        let done = run(&args);
        assert!(done.status == status && done.err().contains(said), "{text}: {}", done.err());
    }
}

#[test]
fn one_file_fixes_what_all_of_them_ask_for() {
    let (_keep, folder) = scratch();
    let fix = folder.join("fix.reg").display().to_string();
    for fixture in ["fixtures/hosts/nothing-set", "fixtures/hosts/disabled"] {
        let made = run(&[&["generate", "fix", "--force", "--for", fixture, "-o", &fix], &BOTH[..]].concat());
        assert_eq!(made.status, 0, "{}", made.err());
        assert_eq!(run(&audit(&["-q", fixture])).status, 1);
        assert_eq!(run(&audit(&["-q", fixture, "--overlay", &fix])).status, 0, "{fixture}");
    }
}

#[test]
fn policies_that_contradict_each_other_get_no_fix() {
    let (_keep, folder) = scratch();
    let (one, two, three) =
        (policy(&folder, "one", "K", 1), policy(&folder, "two", "K", 2), policy(&folder, "three", "L", 3));
    let for_both =
        |a: &str, b: &str, machine: &str| run(&["generate", "fix", "--policy", a, "--policy", b, "--for", machine]);
    let fine = for_both(&one, &three, "fixtures/hosts/compliant");
    assert_eq!(fine.status, 0, "{}", fine.err());
    let clash = for_both(&one, &two, "fixtures/hosts/compliant");
    assert_eq!((clash.status, clash.out()), (2, String::new()));
    let told =
        "rule same of policy two asks for other data than rule same of policy one: no file can meet both policies";
    assert!(clash.err().contains(told), "{}", clash.err());
    // One passes already: what the other asks for would break it.
    let machine = folder.join("machine.reg").display().to_string();
    fs::write(&machine, "REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\K]\n\"V\"=dword:00000001\n")
        .unwrap();
    for (a, b) in [(&one, &two), (&two, &one)] {
        let harm = for_both(a, b, &machine);
        assert_eq!((harm.status, harm.out()), (2, String::new()));
        assert!(harm.err().contains("rule same of policy one passes now, and would fail"), "{}", harm.err());
    }
    // A report says so in place of a fix.
    let args = ["audit", "--format", "json", "--policy", &one, "--policy", &two, "fixtures/hosts/compliant"];
    let fix = &run(&args).document()["hosts"][0]["fix"];
    assert!(fix["reg"].is_null() && fix["remarks"][0].as_str().unwrap().contains("no file can meet both"), "{fix}");
}
