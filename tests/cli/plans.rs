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
    assert!(text.contains(&format!("\n[-{protocols}]\n")), "{text}");
    assert!(text.contains(&format!("[{protocols}\\TLS 1.2\\Client]\n\"Enabled\"=dword:00000000\n")), "{text}");
    assert!(!text.contains("New"), "{text}");
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
