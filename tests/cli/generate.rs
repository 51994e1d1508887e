//! `tlshive generate`, and what the audit says of the files that it writes.

use std::fs;

use crate::common::{Run, run, scratch};
use crate::snapshot::{assert_text, versionless};

/// The text of a generated file, after its encoding was checked: version 5 is UTF-16LE with a byte order mark, the others are
/// ASCII. Lines end with CR LF where Windows reads the file, and with LF in YAML and XML.
fn text(bytes: &[u8], format: &str) -> String {
    let text = if format == "reg" {
        assert_eq!(bytes[..2], [0xff, 0xfe]);
        assert_eq!(bytes.len() % 2, 0);
        let units: Vec<u16> = bytes[2..].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        String::from_utf16(&units).unwrap()
    } else if format == "pol" {
        assert!(bytes.starts_with(b"PReg\x01\0\0\0"));
        return records(bytes);
    } else {
        assert!(bytes.is_ascii());
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let lf = matches!(format, "ansible" | "gpp" | "gpp-collection");
    assert_eq!(text.matches("\r\n").count(), if lf { 0 } else { text.matches('\n').count() });
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    text.replace("\r\n", "\n")
}

/// A Registry.pol with a line for each record; what is no ASCII text in UTF-16LE is spelled out.
fn records(bytes: &[u8]) -> String {
    let units = bytes[8..].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let shown = units.fold(String::new(), |mut shown, unit| {
        match u8::try_from(unit) {
            Ok(c @ b' '..=b'~') => shown.push(char::from(c)),
            _ => shown.push_str(&format!("<{unit:x}>")),
        }
        shown
    });
    shown.replace("][", "]\n[") + "\n"
}

fn assert_generated(name: &str, args: &[&str], format: &str) -> Run {
    let run = run(args);
    assert_eq!(run.status, 0);
    let file = versionless(&text(&run.stdout, format));
    let said =
        format!("$ tlshive {}\nstatus: {}\n--- stdout\n{file}--- stderr\n{}", args.join(" "), run.status, run.err());
    assert_text(name, &said);
    run
}

#[test]
fn enable_sets_what_the_policy_asks_for() {
    assert_generated("generate_enable", &["generate", "enable"], "reg");
    assert_generated("generate_enable_reg4", &["generate", "enable", "--format", "reg4"], "reg4");
}

#[test]
fn disable_sets_the_contrary_and_warns() {
    let run = assert_generated("generate_disable", &["generate", "disable"], "reg");
    assert!(run.err().contains("NOT RECOMMENDED"));
    assert_generated("generate_disable_reg4", &["generate", "disable", "--format", "reg4"], "reg4");
}

#[test]
fn every_format_has_its_form() {
    for format in ["pol", "lgpo", "gpp", "gpp-collection", "ps1", "cmd", "ansible", "dsc"] {
        for plan in ["enable", "disable"] {
            let name = format!("generate_{plan}_{}", format.replace('-', "_"));
            assert_generated(&name, &["generate", plan, "--format", format], format);
        }
    }
}

#[test]
fn intune_has_two_files_in_a_folder() {
    let (_keep, folder) = scratch();
    for plan in ["enable", "disable"] {
        let path = folder.join(plan);
        let made = run(&["generate", plan, "--format", "intune", "-o", path.to_str().unwrap()]);
        assert_eq!((made.status, made.out()), (0, String::new()), "{}", made.err());
        let mut names: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["detect.ps1", "remediate.ps1"]);
        for name in ["detect", "remediate"] {
            let bytes = fs::read(path.join(format!("{name}.ps1"))).unwrap();
            assert_text(&format!("generate_{plan}_intune_{name}"), &versionless(&text(&bytes, "intune")));
        }
    }
    let path = folder.join("enable");
    let again = run(&["generate", "enable", "--format", "intune", "-o", path.to_str().unwrap()]);
    assert!(again.status == 2 && again.err().contains("--force"), "{}", again.err());
    let nowhere = run(&["generate", "enable", "--format", "intune"]);
    assert_eq!((nowhere.status, nowhere.out()), (2, String::new()));
    assert!(nowhere.err().contains("-o names the folder"), "{}", nowhere.err());
}

#[test]
fn values_and_control_set_narrow_it_down() {
    let values = "tls12-client-enabled,dotnet-strong-crypto";
    let args = ["generate", "enable", "--values", values, "--control-set", "2"];
    assert_generated("generate_two_values", &args, "reg");
}

#[test]
fn a_file_is_never_overwritten_unless_forced() {
    let (_keep, folder) = scratch();
    let file = folder.join("enable.reg");
    let path = file.to_str().unwrap();
    assert_eq!(run(&["generate", "enable", "-o", path]).status, 0);
    let enable = fs::read(&file).unwrap();
    assert_eq!(enable, run(&["generate", "enable"]).stdout);

    let refused = run(&["generate", "disable", "-o", path]);
    assert_eq!((refused.status, refused.out()), (2, String::new()));
    assert!(refused.err().contains("--force"), "{}", refused.err());
    assert_eq!(fs::read(&file).unwrap(), enable);

    assert_eq!(run(&["generate", "disable", "--force", "-o", path]).status, 0);
    assert_eq!(fs::read(&file).unwrap(), run(&["generate", "disable"]).stdout);
}

#[test]
fn the_audit_agrees_with_what_was_generated() {
    let (_keep, folder) = scratch();
    for format in ["reg", "reg4"] {
        for set in ["current", "2", "12"] {
            for (plan, status, outcome) in [("enable", 0, "pass"), ("disable", 1, "fail")] {
                let file = folder.join(format!("{plan}-{set}.{format}"));
                let path = file.to_str().unwrap();
                let made = run(&["generate", plan, "--format", format, "--control-set", set, "-o", path]);
                assert_eq!(made.status, 0);
                let audit = run(&["audit", "--format", "json", path]);
                assert_eq!(audit.status, status, "{plan} {format} {set}");
                assert_eq!(audit.err(), "");
                let report = audit.json();
                assert_eq!(report["diagnostics"].as_array().map(Vec::len), Some(0));
                let findings = report["hosts"][0]["findings"].as_array().unwrap();
                let findings: Vec<_> = findings.iter().filter(|finding| !finding["key"].is_null()).collect();
                assert_eq!(findings.len(), 8);
                assert!(findings.iter().all(|finding| finding["outcome"] == outcome), "{plan} {format} {set}");
            }
        }
    }
}
