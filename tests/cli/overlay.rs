//! `tlshive audit --overlay`: what would be after an import.

use std::fs;

use crate::common::{run, scratch};
use crate::snapshot::{assert_run, assert_text, shown};

/// A run in which a folder of the test's own is called `[folder]`.
fn assert_shown(name: &str, args: &[&str], folder: &str) -> i32 {
    let run = run(args);
    assert_text(name, &shown(args, &run).replace(folder, "[folder]"));
    run.status
}

const NET: &str = r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\.NETFramework\v4.0.30319]";

#[test]
fn a_fix_that_is_imported_makes_the_machine_compliant() {
    let (_keep, folder) = scratch();
    let base = folder.to_str().unwrap();
    for host in ["nothing-set", "disabled", "wrong-type"] {
        let (input, file) = (format!("fixtures/hosts/{host}"), format!("{base}/{host}.reg"));
        assert_eq!(run(&["generate", "fix", "--for", &input, "-o", &file]).status, 0);
        let after = run(&["audit", "--format", "json", &input, "--overlay", &file]);
        assert_eq!(after.status, 0, "{host}: {}", after.out());
        let report = after.json();
        let of = |finding: &serde_json::Value| finding["overlay"] == true;
        let findings = report["hosts"][0]["findings"].as_array().unwrap();
        let count = if host == "wrong-type" { 1 } else { 8 };
        assert_eq!(findings.iter().filter(|finding| of(finding)).count(), count, "{host}");
        let kinds: Vec<&str> =
            report["hosts"][0]["inputs"].as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["hive", "hive", "overlay"]);
    }
    let fix = format!("{base}/disabled.reg");
    assert_eq!(assert_shown("overlay_fixed", &["audit", "fixtures/hosts/disabled", "--overlay", &fix], base), 0);
}

/// The trap: the file names the 64-bit view, and the 32-bit program that imports it changes the other one.
#[test]
fn a_32_bit_import_leaves_64_bit_programs_as_they_were() {
    let (_keep, folder) = scratch();
    let base = folder.to_str().unwrap();
    let file = format!("{base}/fix.reg");
    fs::write(&file, format!("REGEDIT4\n{NET}\n\"SchUseStrongCrypto\"=dword:1\n")).unwrap();
    let args = |view| ["audit", "fixtures/hosts/wrong-type", "--overlay", &file, "--overlay-view", view];
    assert_eq!(run(&args("64")).status, 0);
    assert_eq!(assert_shown("overlay_32", &args("32"), base), 1);
    let x86 = ["audit", "-q", "fixtures/hosts/x86", "--overlay", &file, "--overlay-view", "32"];
    assert_eq!(run(&x86).status, 0);
}

#[test]
fn deletions_and_later_files_decide_too() {
    let (_keep, folder) = scratch();
    let base = folder.to_str().unwrap();
    let (one, two) = (format!("{base}/one.reg"), format!("{base}/two.reg"));
    let protocols = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";
    fs::write(&one, format!("REGEDIT4\n{NET}\n\"SchUseStrongCrypto\"=dword:0\n[-{protocols}]\n")).unwrap();
    fs::write(&two, format!("REGEDIT4\n{NET}\n\"SchUseStrongCrypto\"=dword:1\n\"SystemDefaultTlsVersions\"=-\n"))
        .unwrap();
    let args = ["audit", "fixtures/hosts/compliant", "--overlay", &one, "--overlay", &two, "-v"];
    assert_eq!(assert_shown("overlay_two_files", &args, base), 1);
}

#[test]
fn what_disable_does_is_seen_before_it_is_done() {
    let (_keep, folder) = scratch();
    let base = folder.to_str().unwrap();
    let file = format!("{base}/disable.reg");
    assert_eq!(run(&["generate", "disable", "-o", &file]).status, 0);
    let args = ["audit", "--format", "json", "fixtures/hosts/compliant", "--overlay", &file];
    let report = run(&args).json();
    let effective = &report["hosts"][0]["effective"];
    assert_eq!(effective["tls12"]["state"], "off", "{effective:#}");
    let text = effective["dotnet"].to_string();
    assert!(text.contains("\"offers\":\"ssl3_and_tls1.0\""), "{text}");
    assert_eq!(effective["restart"]["pending"], "yes");
}

#[test]
fn an_overlay_that_cannot_be_read_leaves_all_unknown() {
    let run = assert_run("overlay_refused", &["audit", "fixtures/hosts/compliant", "--overlay", "Cargo.toml"]);
    assert_eq!(run.status, 3);
    let missing = crate::common::run(&["audit", "fixtures/hosts/compliant", "--overlay", "no-such-file"]);
    assert_eq!((missing.status, missing.out()), (2, String::new()));
    assert!(missing.err().contains("no-such-file"));
}

#[test]
fn a_large_file_is_looked_at_for_what_is_asked() {
    let (_keep, folder) = scratch();
    let file = folder.join("large.reg");
    let more: String =
        (0..50_000).map(|n| format!("[HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes\\K{n}]\n\"v\"=\"x\"\n")).collect();
    fs::write(&file, format!("REGEDIT4\n{more}{NET}\n\"SchUseStrongCrypto\"=dword:1\n")).unwrap();
    for view in ["64", "32"] {
        let args = ["audit", "fixtures/hosts/wrong-type", "--overlay", file.to_str().unwrap(), "--overlay-view", view];
        let run = run(&args);
        assert_eq!(run.status, i32::from(view == "32"), "{}", run.out());
        assert!(run.err().contains("a large file"), "{}", run.err());
    }
}

#[test]
fn the_second_reader_is_not_asked_about_what_is_not_there_yet() {
    let overlay = "fixtures/reg/disabled.reg";
    let args = ["audit", "--format", "json", "--cross-check", "fixtures/hosts/compliant", "--overlay", overlay];
    let run = run(&args);
    let report = run.json();
    assert_eq!(report["summary"]["disagreements"], 0);
    for finding in report["hosts"][0]["findings"].as_array().unwrap().iter().filter(|finding| !finding["key"].is_null())
    {
        assert_eq!(finding["cross_check"].is_null(), finding["overlay"] == true, "{finding:#}");
    }
}

#[test]
fn facts_are_read_after_an_import() {
    let (_keep, folder) = scratch();
    let file = folder.join("facts.reg");
    let key = |path: &str| format!(r"[HKEY_LOCAL_MACHINE\{path}]");
    let lines = [
        key(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"),
        "\"CurrentBuild\"=\"20348\"\n\"ProductName\"=\"Windows Server 2022 Standard\"\n\"DisplayVersion\"=\"21H2\""
            .to_owned(),
        key(r"SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName"),
        "\"ComputerName\"=\"RENAMED\"".to_owned(),
    ];
    fs::write(&file, format!("REGEDIT4\n{}\n", lines.join("\n"))).unwrap();
    let args = ["audit", "fixtures/hosts/compliant", "--overlay", file.to_str().unwrap()];
    assert_eq!(assert_shown("overlay_facts", &args, folder.to_str().unwrap()), 0);
    // No import makes another architecture: neither of what imports nor of what is judged.
    let environment = key(r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment");
    let narrow =
        format!("REGEDIT4\n{environment}\n\"PROCESSOR_ARCHITECTURE\"=\"x86\"\n{NET}\n\"SchUseStrongCrypto\"=dword:0\n");
    fs::write(&file, narrow).unwrap();
    let args = ["audit", "--format", "json", args[1], args[2], args[3], "--overlay-view", "32"];
    let report = run(&args).json();
    let host = &report["hosts"][0];
    assert_eq!(host["windows"]["architecture"], "unknown");
    assert!(host["notes"].to_string().contains("no import can do"), "{}", host["notes"]);
    let of = |finding: &&serde_json::Value| finding["key"].as_str().is_some_and(|key| key.contains("NETFramework"));
    let outcomes: Vec<_> =
        host["findings"].as_array().unwrap().iter().filter(of).map(|finding| finding["outcome"].clone()).collect();
    assert_eq!(outcomes, ["pass", "fail", "pass", "pass"]);
}

#[test]
fn an_import_names_the_keys_that_it_means() {
    let (_keep, folder) = scratch();
    let base = folder.to_str().unwrap();
    let file = format!("{base}/fix.reg");
    for (fixture, status) in [
        ("compliant-offline-loaded", 1),
        ("compliant-offline-users", 1),
        ("system-only-hivexregedit-bare", 1),
        ("compliant-utf16be", 3),
        ("compliant-utf8-bom", 3),
        ("compliant-wine-system", 3),
        ("documentation-list", 3),
        ("no-header", 3),
        ("compliant-hivexregedit", 0),
        ("compliant-utf16le", 0),
        ("compliant-utf8", 0),
        ("compliant-regedit4", 0),
    ] {
        fs::copy(crate::common::root().join(format!("fixtures/reg/{fixture}.reg")), &file).unwrap();
        let run = run(&["audit", "fixtures/hosts/disabled", "--overlay", &file]);
        assert_eq!(run.status, status, "{fixture}");
        assert_eq!(run.err().contains("an import"), status == 1, "{fixture}: {}", run.err());
        let undo = ["generate", "undo", "--for", "fixtures/hosts/disabled", "--of", &file];
        let undo = crate::common::run(&undo);
        // Of keys without a root there is nothing to undo.
        let skipped = fixture == "system-only-hivexregedit-bare";
        assert_eq!(undo.status, if status == 0 || skipped { 0 } else { 2 }, "{fixture}: {}", undo.err());
    }
}
