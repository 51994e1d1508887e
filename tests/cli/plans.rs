//! `tlshive generate fix`, `undo`, `only` and `defaults`.

use std::fs;

use crate::common::{run, scratch};
use crate::snapshot::{assert_text, versionless};

const HOSTS: [&str; 6] = ["nothing-set", "disabled", "compliant", "wrong-type", "x86", "windows-11"];

fn text(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks(2).skip(1).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).unwrap().replace("\r\n", "\n")
}

fn assert_plan(name: &str, args: &[&str]) {
    let run = run(args);
    let file = if run.stdout.is_empty() { String::new() } else { versionless(&text(&run.stdout)) };
    let said =
        format!("$ tlshive {}\nstatus: {}\n--- stdout\n{file}--- stderr\n{}", args.join(" "), run.status, run.err());
    assert_text(name, &said);
    assert_eq!(run.status, 0, "{}", run.err());
}

#[test]
fn every_plan_for_every_kind_of_machine() {
    for host in HOSTS {
        for plan in ["fix", "undo", "only", "defaults"] {
            let input = format!("fixtures/hosts/{host}");
            assert_plan(&format!("plan_{plan}_{host}"), &["generate", plan, "--for", &input]);
        }
    }
}

#[test]
fn plans_for_no_machine() {
    assert_plan("plan_only", &["generate", "only"]);
    assert_plan("plan_defaults", &["generate", "defaults"]);
}

#[test]
fn an_undo_of_each_plan_leads_back_to_the_same_report() {
    let (_keep, folder) = scratch();
    let base = folder.to_str().unwrap();
    for host in HOSTS {
        let input = format!("fixtures/hosts/{host}");
        let findings = |overlays: &[&str]| {
            let mut args = vec!["audit", "--format", "json", &input];
            overlays.iter().for_each(|file| args.extend(["--overlay", file]));
            let report = run(&args).json();
            let findings = report["hosts"][0]["findings"].as_array().unwrap().clone();
            let states = report["hosts"][0]["effective"]["protocols"].to_string();
            let of =
                |f: &serde_json::Value| (f["outcome"].clone(), f["found"]["raw"].clone(), f["found"]["type"].clone());
            let states: Vec<&str> = states.split("\"state\":").skip(1).map(|s| s.split(',').next().unwrap()).collect();
            (findings.iter().map(of).collect::<Vec<_>>(), states.join(" "))
        };
        let before = findings(&[]);
        for plan in ["enable", "disable", "only", "defaults", "fix"] {
            let (done, undone) = (format!("{base}/{host}-{plan}.reg"), format!("{base}/{host}-{plan}-undo.reg"));
            assert_eq!(run(&["generate", plan, "--for", &input, "-o", &done]).status, 0);
            assert_eq!(run(&["generate", "undo", "--for", &input, "--of", plan, "-o", &undone]).status, 0);
            assert_eq!(findings(&[&done, &undone]), before, "{host} {plan}");
            // The file itself can be undone as well.
            let file = run(&["generate", "undo", "--for", &input, "--of", &done, "--force", "-o", &undone]);
            assert_eq!(file.status, 0, "{}", file.err());
            assert_eq!(findings(&[&done, &undone]), before, "{host} {plan}");
        }
    }
}

#[test]
fn deleted_keys_come_back_with_all_that_was_in_them() {
    let (_keep, folder) = scratch();
    let file = folder.join("delete.reg");
    let protocols = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";
    fs::write(&file, format!("REGEDIT4\n[-{protocols}]\n[{protocols}\\New]\n\"x\"=dword:1\n")).unwrap();
    let run = run(&["generate", "undo", "--for", "fixtures/hosts/disabled", "--of", file.to_str().unwrap()]);
    assert_eq!(run.status, 0, "{}", run.err());
    let text = text(&run.stdout);
    // Not deleted first: where it is there as it is to be, nothing is changed.
    assert!(!text.contains(&format!("[-{protocols}]")), "{text}");
    assert!(text.contains(&format!("[{protocols}\\TLS 1.2\\Client]\n\"Enabled\"=dword:00000000\n")), "{text}");
    assert!(text.contains(&format!("\n[-{protocols}\\New]\n")), "{text}");
}

#[test]
fn what_cannot_be_told_is_an_error_that_names_it() {
    let failing: [&[&str]; 7] = [
        &["generate", "fix"],
        &["generate", "undo"],
        &["generate", "fix", "--for", "fixtures/hosts"],
        &["generate", "fix", "--for", "fixtures/recipe"],
        &["generate", "undo", "--for", "fixtures/hosts/damaged-target", "--of", "enable"],
        &["generate", "undo", "--for", "fixtures/hosts/system-only", "--of", "enable"],
        &["generate", "undo", "--for", "fixtures/hosts/compliant", "--of", "no-such-file.reg"],
    ];
    let mut all = String::new();
    for args in failing {
        let run = run(args);
        assert_eq!((run.status, run.stdout.len()), (2, 0), "{args:?}");
        all.push_str(&format!("$ tlshive {}\n{}\n", args.join(" "), run.err()));
    }
    assert_text("plan_errors", &all);
}

#[test]
fn every_policy_about_states_has_a_fix_or_the_status_says_that_it_has_none() {
    for policy in ["tls12-only", "nist-sp-800-52r2", "bsi-tr-02102-2", "mozilla-intermediate"] {
        let fix = ["generate", "fix", "--policy", policy, "--for", "fixtures/hosts/disabled", "--format", "reg4"];
        let fixed = run(&fix);
        assert_eq!(fixed.status, 0, "{}", fixed.err());
        assert_text(&format!("plan_fix_{policy}"), &versionless(&fixed.out()));
        assert!(fixed.out().contains("Turns ") && fixed.out().contains("=dword:00000000"), "{}", fixed.out());
        let nothing = run(&[&fix[..], &["--values", "tls12-server-effective"]].concat());
        assert_eq!(nothing.status, 0, "{}", nothing.err());
    }
    let policy = ["--policy", "nist-sp-800-52r2", "--values", "tls13-server-effective"];
    let none = run(&[&["generate", "fix", "--for", "fixtures/hosts/disabled"], &policy[..]].concat());
    assert_eq!(none.status, 3, "{}", none.err());
    assert!(none.err().contains("no value can be written for what fails"), "{}", none.err());
}

/// What an audit remarks of a machine stands in the file that is made for it, and on standard error, where the format has no
/// room for it.
#[test]
fn a_file_says_what_its_plan_rests_on() {
    let backups = ["--include-backups"];
    for (host, more, note) in [
        ("dirty", &[][..], "SYSTEM is dirty (sequence numbers "),
        ("dirty-with-logs", &["--no-logs"], "SYSTEM is dirty (sequence numbers "),
        ("cut-short", &[], "SYSTEM is cut short: "),
        ("three-control-sets", &[], "the next start uses ControlSet003 (Select\\Default), which this does not reach"),
        ("three-control-sets", &["--control-set", "2"], "the next start uses ControlSet003 "),
        ("compliant", &backups, ""),
    ] {
        let input = format!("fixtures/hosts/{host}");
        for plan in ["fix", "enable", "only", "defaults", "undo"] {
            let args = [&["generate", plan, "--for", &input, "--format", "reg4"], more].concat();
            let run = run(&args);
            // Where a hive ends too early, what is there cannot be told, so that nothing undoes it.
            if host == "cut-short" && plan == "undo" {
                continue;
            }
            // And nothing can be fixed.
            let status = if host == "cut-short" && plan == "fix" { 3 } else { 0 };
            assert_eq!(run.status, status, "{args:?}: {}", run.err());
            if note.is_empty() {
                assert!(!run.out().contains("; Note: ") && !run.err().contains("warning: SYSTEM"), "{}", run.out());
                continue;
            }
            assert_eq!(run.out().matches(&format!("; Note: {note}")).count(), 1, "{args:?}: {}", run.out());
            assert_eq!(run.err().matches(&format!("warning: {note}")).count(), 1, "{args:?}: {}", run.err());
        }
    }
    // In the set that the next start uses, nothing is to be said of it.
    let there = run(&["generate", "fix", "--for", "fixtures/hosts/three-control-sets", "--control-set", "3"]);
    assert!(there.status == 0 && !there.err().contains("next start"), "{}", there.err());
}

#[test]
fn a_copy_that_windows_keeps_aside_is_called_one() {
    let (_keep, folder) = scratch();
    let aside = folder.join("RegBack");
    fs::create_dir(&aside).unwrap();
    for hive in ["SYSTEM", "SOFTWARE"] {
        fs::copy(format!("fixtures/hosts/disabled/{hive}"), aside.join(hive)).unwrap();
    }
    let run = run(&["generate", "fix", "--for", aside.to_str().unwrap(), "--include-backups", "--format", "reg4"]);
    assert_eq!(run.status, 0, "{}", run.err());
    for (said, mark) in [(run.out(), "; Note: "), (run.err(), "warning: ")] {
        assert!(said.contains(&format!("{mark}the hives are a copy that Windows keeps aside")), "{said}");
    }
}

#[test]
fn require_clean_writes_nothing_of_a_dirty_hive() {
    let (_keep, folder) = scratch();
    let out = folder.join("x");
    let of = |args: &[&str]| {
        let head = ["generate", "fix", "--require-clean", "-o", out.to_str().unwrap(), "--for"];
        run(&[&head, args].concat())
    };
    for args in [&["fixtures/hosts/dirty"][..], &["fixtures/hosts/dirty-with-logs", "--no-logs"]] {
        let refused = of(args);
        assert_eq!((refused.status, out.exists()), (2, false));
        let said = "SYSTEM: the SYSTEM hive is dirty, and its transaction logs were not applied (--require-clean)";
        assert!(refused.err().contains(said), "{}", refused.err());
    }
    assert_eq!((of(&["fixtures/hosts/dirty-with-logs"]).status, out.exists()), (0, true));
}

#[test]
fn a_fix_names_what_it_leaves_out_and_why() {
    let (_keep, folder) = scratch();
    let policy = folder.join("w.toml");
    let rule = |id: &str, protocol: &str| {
        format!(
            "[[rule]]\nid='{id}'\ntitle='t'\nwhy='w'\nsource='s'\nvalue='Enabled'\ntype='REG_DWORD'\nenable=1\n\
             key='HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\{protocol}\\Client'\n"
        )
    };
    let head = "id='w'\nversion='1'\ndate='2026-01-01'\ntitle='t'\nsource='s'\n";
    let state = "[[rule]]\nid='tls13-on'\ntitle='t'\nwhy='w'\nsource='s'\neffective='schannel/TLS 1.3/client'\nexpect=['on']\nfix='a newer Windows'\n";
    fs::write(&policy, format!("{head}{}{}{state}", rule("ssl30-on", "SSL 3.0"), rule("tls12-on", "TLS 1.2"))).unwrap();
    let args = ["generate", "fix", "--for", "fixtures/hosts/disabled", "--policy", policy.to_str().unwrap()];
    let made = run(&[&args[..], &["--format", "cmd"]].concat());
    assert_eq!(made.status, 0, "{}", made.err());
    let left_out = r"SSL 3.0\Client\Enabled (rule ssl30-on): it would weaken: SSL 3.0 (client) is ";
    let not_fixed = "Not fixed: rule tls13-on: ";
    for said in [made.out(), made.err()] {
        assert!(said.contains(left_out) && said.contains(not_fixed), "{said}");
    }
    let written: Vec<String> =
        made.out().lines().filter(|line| line.contains("reg.exe\" add ")).map(str::to_owned).collect();
    assert!(written.len() == 1 && written[0].contains("TLS 1.2"), "{written:?}");
    // A format without room for remarks says it all the same.
    let pol = run(&[&args[..], &["--format", "pol"]].concat());
    assert!(pol.status == 0 && pol.err().contains(left_out) && pol.err().contains(not_fixed), "{}", pol.err());
}

#[test]
fn nothing_is_written_into_a_view_that_windows_does_not_have() {
    for plan in ["enable", "disable", "only", "defaults", "fix"] {
        let made =
            |host: &str| run(&["generate", plan, "--for", &format!("fixtures/hosts/{host}"), "--format", "cmd"]).out();
        let commands =
            |text: String| text.lines().filter(|line| !line.starts_with("rem ")).map(str::to_owned).collect::<String>();
        assert!(!commands(made("x86")).contains("WOW6432Node"), "{plan}");
        assert!(commands(made("disabled")).contains("WOW6432Node"), "{plan}");
    }
}

#[test]
fn what_is_undone_is_a_plan_or_a_file() {
    let (_keep, folder) = scratch();
    let undo = |of: &str, more: &[&str]| {
        let head = ["generate", "undo", "--format", "reg4", "--for", "fixtures/hosts/disabled", "--of", of];
        run(&[&head, more].concat())
    };
    for (of, said) in [
        ("enabel", "did you mean \"enable\"?"),
        ("Fix", "did you mean \"fix\"?"),
        ("undo", "expected one of enable, disable, only, defaults, fix, or a file"),
        ("no-such-thing", "no plan and no file is called that"),
        ("no-such.reg", "No such file"),
        ("./fix", "No such file"),
        ("fixtures/hosts", "a folder"),
    ] {
        let run = undo(of, &[]);
        assert!(run.status == 2 && run.err().contains(said) && run.out().is_empty(), "{of}: {}", run.err());
    }
    // A file that is called like a plan is meant where its path says so.
    let file = folder.join("fix");
    fs::write(&file, "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\New]\n").unwrap();
    let made = undo(file.to_str().unwrap(), &[]);
    assert!(made.status == 0 && made.out().contains("\n[-HKEY_LOCAL_MACHINE\\SOFTWARE\\New]"), "{}", made.err());
    assert!(undo("fix", &[]).out().contains("Undoes the plan \"fix\""));
}

#[test]
fn keys_in_several_spellings_are_one_key() {
    let (_keep, folder) = scratch();
    let file = folder.join("two.reg");
    let key = |name: &str| {
        format!("[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\{name}\\v4.0.30319]\n\"SchUseStrongCrypto\"=dword:1\n")
    };
    let text = format!("REGEDIT4\n{}{}{}", key(".NETFramework"), key(".NetFramework"), key(".NETFRAMEWORK"));
    fs::write(
        &file,
        text.replace(
            "\"SchUseStrongCrypto\"=dword:1\n[",
            "\"SchUseStrongCrypto\"=dword:1\n\"schuseSTRONGcrypto\"=dword:2\n[",
        ),
    )
    .unwrap();
    for format in ["reg", "reg4", "cmd"] {
        let args = ["generate", "undo", "--for", "fixtures/hosts/disabled", "--format", format, "--of"];
        let run = run(&[&args[..], &[file.to_str().unwrap()]].concat());
        assert_eq!(run.status, 0, "{format}: {}", run.err());
    }
}

/// A file of many values takes no longer for each of them: once, 4,000 took minutes.
#[test]
fn many_values_and_keys_are_undone() {
    let (_keep, folder) = scratch();
    let file = folder.join("many.reg");
    let protocols = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";
    let values: String = (0..3000).map(|n| format!("\"v{n}\"=dword:1\n")).collect();
    let keys: String =
        (0..500).map(|n| format!("[{protocols}\\n{n}]\n\"v\"=dword:1\n[-{protocols}\\d{n}]\n")).collect();
    fs::write(&file, format!("REGEDIT4\n[{protocols}\\TLS 1.2\\Client]\n{values}{keys}")).unwrap();
    let args = ["generate", "undo", "--for", "fixtures/hosts/compliant", "--of", file.to_str().unwrap()];
    let run = run(&args);
    assert_eq!(run.status, 0, "{}", run.err());
    assert_eq!(text(&run.stdout).matches("\n\"v").count(), 3000);
}
