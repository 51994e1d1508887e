//! `tlshive diff` and `audit --baseline`: two quarters of one estate.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]
#![cfg(unix)]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;
#[path = "cli/snapshot.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod snapshot;

use std::fs;
use std::path::Path;

use common::{Run, run, scratch};
use snapshot::assert_text;

/// What a machine's registry says.
#[derive(Clone, Copy)]
struct Machine<'a> {
    name: &'a str,
    guid: &'a str,
    enabled: &'a str,
    dotnet: u32,
    build: u32,
}

const FINE: Machine<'_> = Machine { name: "", guid: "", enabled: "dword:1", dotnet: 1, build: 17763 };

impl Machine<'_> {
    fn write(&self, file: &Path) {
        let Machine { name, guid, enabled, dotnet, build } = self;
        let (control, software) =
            (r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control", r"HKEY_LOCAL_MACHINE\SOFTWARE");
        let mut text = format!(
            "Windows Registry Editor Version 5.00\n[{control}\\ComputerName\\ComputerName]\n\"ComputerName\"=\"{name}\"\n\
             [{control}\\Session Manager\\Environment]\n\"PROCESSOR_ARCHITECTURE\"=\"AMD64\"\n\
             [{software}\\Microsoft\\Windows NT\\CurrentVersion]\n\"CurrentBuild\"=\"{build}\"\n\
             [{software}\\Microsoft\\Cryptography]\n"
        );
        if !guid.is_empty() {
            text.push_str(&format!("\"MachineGuid\"=\"{guid}\"\n"));
        }
        for side in ["Client", "Server"] {
            let key = format!("{control}\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\{side}");
            text.push_str(&format!("[{key}]\n\"Enabled\"={enabled}\n\"DisabledByDefault\"=dword:0\n"));
        }
        for node in ["", r"WOW6432Node\"] {
            let key = format!("{software}\\{node}Microsoft\\.NETFramework\\v4.0.30319");
            text.push_str(&format!(
                "[{key}]\n\"SystemDefaultTlsVersions\"=dword:1\n\"SchUseStrongCrypto\"=dword:{dotnet}\n"
            ));
        }
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

fn copy(host: &str, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for hive in ["SYSTEM", "SOFTWARE"] {
        fs::copy(format!("fixtures/hosts/{host}/{hive}"), folder.join(hive)).unwrap();
    }
}

/// Audits a folder into a run beside it.
fn audited(folder: &Path, more: &[&str]) -> String {
    let run_file = folder.with_extension("jsonl");
    let (folder, file) = (folder.to_str().unwrap(), run_file.to_str().unwrap());
    let done = run(&[&["audit", folder, "--format", "jsonl", "-q", "--force", "-o", file], more].concat());
    assert!([0, 1, 3].contains(&done.status), "{}", done.err());
    file.to_owned()
}

fn shown(done: &Run, base: &Path) -> String {
    let text = format!("status: {}\n{}{}", done.status, done.out(), done.err());
    text.replace(base.to_str().unwrap(), "DIR").replace(env!("CARGO_PKG_VERSION"), "[version]")
}

/// Two quarters: one machine is fixed, one renamed, one gone, one unreadable, one worse, and so on.
fn quarters(base: &Path) -> (String, String) {
    let (q1, q2) = (base.join("q1"), base.join("q2"));
    let fails = Machine { dotnet: 0, ..FINE };
    for (folder, file, machine) in [
        (&q1, "fixed", Machine { name: "FIXED", guid: "g-fixed", ..fails }),
        (&q2, "fixed", Machine { name: "FIXED", guid: "g-fixed", ..FINE }),
        (&q1, "renamed", Machine { name: "OLDNAME", guid: "g-renamed", ..FINE }),
        (&q2, "renamed", Machine { name: "NEWNAME", guid: "g-renamed", ..FINE }),
        (&q1, "gone", Machine { name: "GONE", guid: "g-gone", ..FINE }),
        (&q1, "worse", Machine { name: "WORSE", guid: "g-worse", ..FINE }),
        (&q2, "worse", Machine { name: "WORSE", guid: "g-worse", enabled: "dword:0", ..FINE }),
        (&q2, "new", Machine { name: "NEW", guid: "g-new", ..fails }),
        (&q1, "left", Machine { name: "LEFT", guid: "g-left", ..fails }),
        (&q2, "left", Machine { name: "LEFT", guid: "g-left", ..fails }),
        (&q1, "values", Machine { name: "VALUES", guid: "g-values", ..FINE }),
        (&q2, "values", Machine { name: "VALUES", guid: "g-values", enabled: "dword:ffffffff", ..FINE }),
        (&q1, "upgraded", Machine { name: "UPGRADED", guid: "g-up", ..FINE }),
        (&q2, "upgraded", Machine { name: "UPGRADED", guid: "g-up", build: 20348, ..FINE }),
        (&q1, "again", Machine { name: "AGAIN", guid: "g-1", ..FINE }),
        (&q2, "again", Machine { name: "AGAIN", guid: "g-2", ..FINE }),
        (&q1, "silent", Machine { name: "SILENT", guid: "g-silent", ..FINE }),
        (&q2, "silent", Machine { name: "SILENT", ..FINE }),
        (&q1, "same", Machine { name: "SAME", guid: "g-same", ..FINE }),
        (&q2, "same", Machine { name: "SAME", guid: "g-same", ..FINE }),
        (&q1, "clone-1", Machine { name: "CLONE", guid: "g-clone", ..FINE }),
        (&q1, "clone-2", Machine { name: "CLONE", guid: "g-clone", ..FINE }),
        (&q2, "clone-3", Machine { name: "CLONE", guid: "g-clone", ..fails }),
    ] {
        machine.write(&folder.join(format!("{file}.reg")));
    }
    copy("compliant", &q1.join("unreadable"));
    copy("compliant", &q2.join("unreadable"));
    fs::write(q2.join("unreadable/SYSTEM"), "").unwrap();
    fs::write(q2.join("unreadable/SOFTWARE"), "").unwrap();
    (audited(&q1, &[]), audited(&q2, &[]))
}

#[test]
fn two_quarters() {
    let (_keep, base) = scratch();
    let (old, new) = quarters(&base);
    let mut said = String::new();
    for format in ["text", "csv"] {
        let done = run(&["diff", &old, &new, "--format", format]);
        assert_eq!(done.status, 1, "{}", done.err());
        said.push_str(&format!("$ diff --format {format}\n{}\n", shown(&done, &base)));
    }
    assert_text("diff_two_quarters", &said.replace('\r', ""));
    let json = run(&["diff", &old, &new, "--format", "json"]).document();
    let class = |name: &str| {
        let is = |side: &str, machine: &serde_json::Value| machine[side]["name"] == name;
        let mut all = json["machines"].as_array().unwrap().iter().filter(|m| is("old", m) || is("new", m));
        let class = all.next().map(|machine| machine["class"].as_str().unwrap().to_owned());
        assert!(all.next().is_none(), "{name}");
        class
    };
    for (name, wanted) in [
        ("FIXED", "fixed"),
        ("NEWNAME", "fine"),
        ("GONE", "gone"),
        ("WORSE", "worse"),
        ("NEW", "new"),
        ("LEFT", "left"),
        ("VALUES", "fine"),
        ("UPGRADED", "fine"),
        ("SILENT", "fine"),
        ("SAME", "fine"),
        ("AADC-2019", "no_longer_judged"),
    ] {
        assert_eq!(class(name).as_deref(), Some(wanted), "{name}");
    }
    // Neither is merged with anything.
    assert_eq!(class("CLONE"), None);
    assert_eq!(json["doubts"].as_array().unwrap().len(), 2, "{json:#}");
    assert_eq!(
        (json["summary"]["other_systems"].as_u64(), json["summary"]["other_values"].as_u64()),
        (Some(1), Some(1))
    );
}

/// The same machine with its transaction logs and without them: its keys have times.
#[test]
fn a_changed_value_has_the_time_when_its_key_was_written() {
    let (_keep, base) = scratch();
    copy("dirty-with-logs", &base.join("q"));
    let old = audited(&base.join("q"), &["--no-logs"]);
    let kept = base.join("old.jsonl");
    fs::rename(&old, &kept).unwrap();
    for log in ["SYSTEM.LOG1", "SYSTEM.LOG2"] {
        fs::copy(format!("fixtures/hosts/dirty-with-logs/{log}"), base.join("q").join(log)).unwrap();
    }
    let new = audited(&base.join("q"), &[]);
    let done = run(&["diff", kept.to_str().unwrap(), &new]);
    assert_text("diff_times", &shown(&done, &base));
    assert!(done.out().contains(", key written 20"), "{}", done.out());
}

#[test]
fn the_same_run_twice_is_the_same_and_inputs_are_audited() {
    let (_keep, base) = scratch();
    let (old, new) = quarters(&base);
    for (before, after) in [(old.clone(), old.clone()), (base.join("q1").display().to_string(), old.clone())] {
        let done = run(&["diff", &before, &after, "--format", "json"]);
        let json = done.document();
        assert!(
            json["machines"].as_array().unwrap().iter().all(|m| m["rules"].as_array().unwrap().is_empty()),
            "{json:#}"
        );
        assert_eq!(done.status, 0, "{}\n{json:#}", done.err());
    }
    let saved = run(&["diff", &old, &new]);
    let audited = run(&["diff", base.join("q1").to_str().unwrap(), base.join("q2").to_str().unwrap()]);
    let rest = |run: &Run| {
        run.out()
            .lines()
            .filter(|line| !line.starts_with("  old ") && !line.starts_with("  new "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(rest(&saved), rest(&audited));
}

#[test]
fn a_waiver_is_no_fix_and_its_end_makes_a_machine_worse() {
    let (_keep, base) = scratch();
    let fails = Machine { dotnet: 0, name: "WAIVED", guid: "g", ..FINE };
    fails.write(&base.join("q1/a.reg"));
    fails.write(&base.join("q2/a.reg"));
    let waivers = base.join("waivers.toml");
    let waiver =
        |rule: &str| format!("[[waiver]]\nrule = \"{rule}\"\nreason = \"until the move\"\nexpires = \"2027-03-31\"\n");
    fs::write(&waivers, waiver("dotnet-strong-crypto") + &waiver("dotnet-wow64-strong-crypto")).unwrap();
    let old = audited(&base.join("q1"), &[]);
    let new = audited(&base.join("q2"), &["--waivers", waivers.to_str().unwrap(), "--date", "2026-06-01"]);
    let mut said = String::new();
    for (before, after, status) in [(&old, &new, 0), (&new, &old, 1)] {
        let done = run(&["diff", before, after]);
        assert_eq!(done.status, status, "{}{}", done.out(), done.err());
        said.push_str(&format!("{}\n", shown(&done, &base)));
    }
    assert_text("diff_waivers", &said);
}

#[test]
fn other_policies_are_said_and_not_compared_unless_that_is_asked_for() {
    let (_keep, base) = scratch();
    Machine { name: "A", guid: "g", ..FINE }.write(&base.join("q1/a.reg"));
    Machine { name: "A", guid: "g", ..FINE }.write(&base.join("q2/a.reg"));
    let old = audited(&base.join("q1"), &[]);
    let new = audited(&base.join("q2"), &["--policy", "tls12-only"]);
    let mut said = String::new();
    for more in [&[][..], &["--across-policies"]] {
        let done = run(&[&["diff", &old, &new], more].concat());
        said.push_str(&format!("$ diff {}\n{}\n", more.join(" "), shown(&done, &base)));
    }
    assert_text("diff_policies", &said);
    let audit = run(&["audit", base.join("q2").to_str().unwrap(), "--policy", "tls12-only", "--baseline", &old]);
    assert_eq!((audit.status, audit.out().as_str()), (2, ""), "{}", audit.err());
}

#[test]
fn what_is_no_whole_run_is_said() {
    let (_keep, base) = scratch();
    let (old, new) = quarters(&base);
    let text = fs::read_to_string(&new).unwrap();
    let cut = base.join("cut.jsonl");
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&cut, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    let cut = cut.to_str().unwrap();
    let done = run(&["diff", cut, cut]);
    assert!(done.status == 1 && done.out().contains("the new run is not whole: it was cut short"), "{}", done.out());
    let done = run(&["diff", cut, &new]);
    assert!(done.status == 3 && done.out().contains("the old run is not whole"), "{} {}", done.status, done.out());
    let other = base.join("other.json");
    fs::write(&other, "{\"a\": 1}\n").unwrap();
    for (old, new) in [(&old, other.to_str().unwrap()), (&old, "nothing-here"), (&old, "README.md")] {
        let done = run(&["diff", old, new]);
        assert_eq!((done.status, done.out().as_str()), (2, ""), "{}", done.err());
    }
}

#[test]
fn a_baseline_fails_on_what_is_new_alone() {
    let (_keep, base) = scratch();
    let (old, _) = quarters(&base);
    let folder = |name: &str| base.join(name).display().to_string();
    let mut said = String::new();
    for (input, status) in [("q1", 0), ("q2", 1)] {
        let done = run(&["audit", &folder(input), "--baseline", &old]);
        assert_eq!(done.status, status, "{}", done.err());
        assert!(done.out().contains("do not meet"), "{}", done.out());
        said.push_str(&format!("$ audit {input} --baseline q1.jsonl\n{}\n", done.err()));
    }
    assert_text("diff_baseline", &said.replace(base.to_str().unwrap(), "DIR"));
    // With nothing to hold against it, the same folder fails.
    assert_eq!(run(&["audit", "-q", &folder("q1")]).status, 1);
    let only = Machine { name: "LEFT", guid: "g-left", ..FINE };
    only.write(&base.join("q3/left.reg"));
    fs::write(base.join("q3/dc1.vhd"), "").unwrap();
    let unread = run(&["audit", "-q", &folder("q3"), "--baseline", &old]);
    assert_eq!(unread.status, 3, "{}", unread.err());
}

/// Clones have one MachineGuid, which then tells nobody apart: what is gone is gone, and what is new is new.
/// A baseline speaks of the machines as they were, all of them, and of what could not be read where it lay.
#[test]
fn a_baseline_of_something_else_is_told() {
    let (_keep, base) = scratch();
    let folder = |name: &str| base.join(name).display().to_string();
    copy("compliant", &base.join("a/one"));
    copy("disabled", &base.join("a/two"));
    let saved = |name: &str, args: &[&str]| {
        fs::write(base.join(name), run(&[&["audit", "--format", "jsonl"], args].concat()).stdout).unwrap();
        folder(name)
    };
    let with = |old: &str, args: &[&str]| run(&[&["audit", "-q", "--baseline", old], args].concat());
    let said = |old: &str, args: &[&str]| run(&[&["audit", "--baseline", old], args].concat()).err();
    let plain = saved("plain.jsonl", &[&folder("a")]);
    assert_eq!(with(&plain, &[&folder("a")]).status, 0);
    // As they would be, or another control set.
    let what_if = saved("if.jsonl", &[&folder("a"), "--overlay", "fixtures/reg/disabled.reg"]);
    assert_eq!(with(&what_if, &[&folder("a")]).status, 3);
    assert!(said(&what_if, &[&folder("a")]).contains("the baseline was run otherwise"));
    let other = saved("set.jsonl", &[&folder("a"), "--control-set", "last-known-good"]);
    assert_eq!(with(&other, &[&folder("a")]).status, 3);
    // One is gone; one is asked for.
    fs::remove_dir_all(base.join("a/two")).unwrap();
    assert_eq!(with(&plain, &[&folder("a")]).status, 3);
    assert!(said(&plain, &[&folder("a")]).contains("in the baseline, and not in this run"));
    assert_eq!(with(&plain, &[&folder("a"), "--host", "AADC-2019"]).status, 0);
    // Not read in one folder is not what was not read in another.
    copy("compliant", &base.join("b/three"));
    fs::write(base.join("a/x.vhd"), "").unwrap();
    let before = saved("x.jsonl", &[&folder("a"), &folder("b")]);
    assert_eq!(with(&before, &[&folder("a"), &folder("b")]).status, 0);
    fs::rename(base.join("a/x.vhd"), base.join("b/x.vhd")).unwrap();
    let now = with(&before, &[&folder("a"), &folder("b")]);
    assert_eq!(now.status, 3, "{}", said(&before, &[&folder("a"), &folder("b")]));
    let later = saved("y.jsonl", &[&folder("a"), &folder("b")]);
    assert_eq!(run(&["diff", &before, &later]).status, 1);
}

/// Of several policies, one that a run lacks says nothing of what became of a machine.
#[test]
fn a_policy_that_was_left_out_fixes_nothing() {
    let (_keep, base) = scratch();
    let saved = |name: &str, policies: &[&str]| {
        let policies: Vec<&str> = policies.iter().flat_map(|policy| ["--policy", policy]).collect();
        let args = [&["audit", "--format", "jsonl", "fixtures/hosts/compliant"], &policies[..]].concat();
        fs::write(base.join(name), run(&args).stdout).unwrap();
        base.join(name).display().to_string()
    };
    let both = saved("both.jsonl", &["entra-connect-tls12", "tls12-only"]);
    let one = saved("one.jsonl", &["entra-connect-tls12"]);
    let done = run(&["diff", "--across-policies", &both, &one]);
    assert!(done.out().contains("0 fixed") && done.out().contains("alone has the policy tls12-only"), "{}", done.out());
}

#[test]
fn a_guid_that_several_machines_have_tells_nothing() {
    let (_keep, base) = scratch();
    let fails = Machine { guid: "g", dotnet: 0, ..FINE };
    let fine = Machine { guid: "g", ..FINE };
    for (file, machine) in [
        ("q1/1", Machine { name: "PC1", ..fails }),
        ("q1/2", Machine { name: "PC2", ..fine }),
        ("q2/2", Machine { name: "PC2", ..fine }),
        ("q2/3", Machine { name: "PC3", ..fails }),
    ] {
        machine.write(&base.join(format!("{file}.reg")));
    }
    let (old, new) = (audited(&base.join("q1"), &[]), audited(&base.join("q2"), &[]));
    let done = run(&["diff", &old, &new, "--format", "json"]);
    let summary = &done.document()["summary"];
    let count = |class: &str| summary[class].as_u64().unwrap();
    assert_eq!((done.status, count("gone"), count("new"), count("new_failing")), (1, 1, 1, 1), "{summary}");
    let folder = base.join("q2").display().to_string();
    let baseline = run(&["audit", &folder, "--baseline", &old]);
    assert!(baseline.status == 1 && baseline.err().contains("PC3"), "{}", baseline.err());
}

/// Which of several alike is which is not known, and yet more of them fail than before.
#[test]
fn what_is_worse_whichever_is_which_is_worse() {
    let (_keep, base) = scratch();
    let machine = |dotnet| Machine { name: "PC", guid: "g", dotnet, ..FINE };
    for (file, dotnet) in [("q1/1", 1), ("q1/2", 1), ("q2/3", 0), ("q2/4", 0), ("q3/5", 1), ("q3/6", 1)] {
        machine(dotnet).write(&base.join(format!("{file}.reg")));
    }
    let [q1, q2, q3] = ["q1", "q2", "q3"].map(|folder| audited(&base.join(folder), &[]));
    for (old, new, status) in [(&q1, &q2, 1), (&q2, &q1, 3), (&q1, &q3, 3)] {
        let done = run(&["diff", old, new]);
        assert_eq!(done.status, status, "{}", done.out());
        assert_eq!(done.out().contains("2 more fail"), status == 1, "{}", done.out());
    }
    assert_eq!(run(&["audit", "-q", base.join("q2").to_str().unwrap(), "--baseline", &q1]).status, 1);
}

/// Findings that vanished under the same policy, and verdicts that are none.
#[test]
fn what_is_not_there_any_more_is_not_fine() {
    let (_keep, base) = scratch();
    Machine { name: "PC", guid: "g", ..FINE }.write(&base.join("q1/a.reg"));
    let old = audited(&base.join("q1"), &[]);
    let text = fs::read_to_string(&old).unwrap();
    let changed = base.join("changed.jsonl");
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let lines = text.lines().map(|line| {
            let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
            change(&mut record);
            format!("{record}\n")
        });
        fs::write(&changed, lines.collect::<String>()).unwrap();
        run(&["diff", &old, changed.to_str().unwrap()])
    };
    let done = with(&|record| {
        if record["record"] == "host" {
            record["findings"] = serde_json::json!([]);
        }
    });
    assert!(done.status == 1 && done.out().contains("no longer judged"), "{}", done.out());
    let done = with(&|record| {
        if record["record"] == "host" {
            record["verdict"] = "well".into();
        }
    });
    assert!(done.status == 1 && done.out().contains("not whole"), "{}", done.out());
}

/// Of what is new, `--fail-on` says which rules count; what failed in the baseline too never does.
#[test]
fn fail_on_says_which_new_failures_count() {
    let (_keep, base) = scratch();
    let text = run(&["policy", "show", "entra-connect-tls12"]).out();
    let advisory = ["dotnet-strong-crypto", "dotnet-wow64-strong-crypto"].iter().fold(text, |text, rule| {
        let id = format!("id = \"{rule}\"\n");
        assert!(text.contains(&id), "{rule}");
        text.replace(&id, &format!("{id}required = false\n"))
    });
    let policy = base.join("policy.toml");
    fs::write(&policy, advisory).unwrap();
    let policy = policy.to_str().unwrap();
    let machine = Machine { name: "A", guid: "g-a", ..FINE };
    let folder = |name: &str, machines: &[Machine<'_>]| {
        let folder = base.join(name);
        machines.iter().for_each(|machine| machine.write(&folder.join(format!("{}.reg", machine.name))));
        folder
    };
    let other = Machine { name: "B", guid: "g-b", ..FINE };
    let fine = folder("fine", &[machine]);
    let off = folder("off", &[Machine { enabled: "dword:0", ..machine }]);
    let advice = folder("advice", &[Machine { dotnet: 0, ..machine }]);
    let more = folder("more", &[machine, Machine { dotnet: 0, ..other }]);
    let lost = folder("lost", &[machine]);
    fs::write(lost.join("dc1.vhd"), "").unwrap();
    // From which folder to which: the status for required, advisory, never.
    for (old, new, statuses) in [
        (&fine, &fine, [0, 0, 0]),
        (&fine, &off, [1, 1, 0]),
        (&off, &off, [0, 0, 0]),
        (&fine, &advice, [0, 1, 0]),
        (&advice, &advice, [0, 0, 0]),
        (&fine, &more, [0, 1, 0]),
        (&fine, &lost, [3, 3, 3]),
    ] {
        let old = audited(old, &["--policy", policy]);
        for (fail_on, status) in ["required", "advisory", "never"].iter().zip(statuses) {
            let new = new.to_str().unwrap();
            let done = run(&["audit", new, "--policy", policy, "--baseline", &old, "--fail-on", fail_on]);
            assert_eq!(done.status, status, "{new} against {old}, {fail_on}: {}", done.err());
            let said = done.err().contains("fails advisory rules");
            assert_eq!(
                said,
                *fail_on == "advisory" && (new.ends_with("advice") || new.ends_with("more")) && status == 1
            );
        }
    }
}

/// The page tells what the text tells, needs no script, and nothing of a name acts in it.
#[test]
fn a_comparison_is_a_page_without_script() {
    let (_keep, base) = scratch();
    let (old, new) = quarters(&base);
    let hostile = Machine { name: "<b>X</b>", guid: "g-hostile", dotnet: 0, ..FINE };
    hostile.write(&base.join("q3/hostile.reg"));
    let page = run(&["diff", &old, &new, "--format", "html"]);
    let text = run(&["diff", &old, &new]);
    assert_eq!(page.status, text.status);
    let (page, text) = (page.out(), text.out());
    let answer = text.lines().next().unwrap();
    assert!(page.contains(&format!("<h1>{answer}</h1>")), "{answer}");
    for heading in text.lines().filter(|line| line.ends_with(')') && !line.starts_with(' ')) {
        let (heading, count) = heading.rsplit_once(" (").unwrap();
        let count = count.trim_end_matches(')');
        assert!(page.contains(&format!("{heading} <span>{count}</span>")), "{heading} {count}");
    }
    assert!(page.contains("default-src 'none'") && !page.contains("<script") && !page.contains("http:"), "{page}");
    let other = run(&["diff", &old, base.join("q3").to_str().unwrap(), "--format", "html"]).out();
    assert!(other.contains("&lt;b&gt;X&lt;/b&gt;") && !other.contains("<b>X"), "{other}");
}
