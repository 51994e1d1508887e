//! `Registry.pol` and `Registry.xml` as inputs, and laid over a machine.

use std::fs;

use serde_json::Value as Json;

use crate::common::{run, scratch};

/// What became of the rules about values.
fn outcomes(report: &Json) -> Vec<String> {
    let findings = report["hosts"][0]["findings"].as_array().unwrap();
    findings
        .iter()
        .filter(|finding| !finding["key"].is_null())
        .map(|finding| finding["outcome"].as_str().unwrap().to_owned())
        .collect()
}

fn audited(args: &[&str]) -> (i32, Json) {
    let run = run(&[&["audit", "--format", "json"], args].concat());
    (run.status, run.json())
}

#[test]
fn what_is_generated_is_read_back_as_the_same_state() {
    let (_keep, folder) = scratch();
    let base = folder.to_str().unwrap();
    let written = |format: &str| {
        let file = format!("{base}/{format}.dat");
        assert_eq!(run(&["generate", "enable", "--format", format, "-o", &file]).status, 0);
        file
    };
    let (reg_status, reg) = audited(&[&written("reg")]);
    assert_eq!(outcomes(&reg).iter().filter(|outcome| *outcome == "pass").count(), 8);
    for (format, form) in [
        ("pol", "Registry.pol"),
        ("gpp", "Group Policy Preferences XML"),
        ("gpp-collection", "Group Policy Preferences XML"),
    ] {
        let file = written(format);
        let (status, report) = audited(&[&file]);
        assert_eq!(status, reg_status, "{format}");
        assert_eq!(outcomes(&report), outcomes(&reg), "{format}");
        let input = &report["hosts"][0]["inputs"][0];
        assert_eq!((input["kind"].as_str(), input["form"].as_str()), (Some("reg"), Some(form)));
        assert_eq!(audited(&["fixtures/hosts/nothing-set"]).0, 1);
        for view in ["64", "32"] {
            let over = ["fixtures/hosts/nothing-set", "--overlay", &file, "--overlay-view", view];
            let (status, report) = audited(&over);
            assert_eq!(status, 0, "{format} {view}");
            let findings = report["hosts"][0]["findings"].as_array().unwrap();
            assert_eq!(findings.iter().filter(|finding| finding["overlay"] == true).count(), 8, "{format} {view}");
        }
        let undo = ["generate", "undo", "--for", "fixtures/hosts/nothing-set", "--of", &file];
        let undone = run(&undo);
        let wide: Vec<u8> = "Protocols".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(undone.status, 0, "{format}");
        assert!(undone.stdout.windows(wide.len()).any(|part| part == wide), "{format}");
        let walked = run(&["audit", "--format", "json", base]).json();
        let hosts = walked["hosts"].as_array().unwrap();
        assert!(hosts.iter().any(|host| host["inputs"][0]["form"] == form), "{format}");
    }
}

#[test]
fn what_depends_on_the_client_is_unknown() {
    let (_keep, folder) = scratch();
    let file = format!("{}/Registry.xml", folder.display());
    assert_eq!(run(&["generate", "enable", "--format", "gpp", "-o", &file]).status, 0);
    let text = fs::read_to_string(&file).unwrap();
    let targeted = text.replacen("</Registry>", "<Filters><FilterComputer name=\"X\"/></Filters></Registry>", 1);
    assert_ne!(text, targeted);
    fs::write(&file, targeted).unwrap();
    for args in [&[file.as_str()][..], &["fixtures/hosts/nothing-set", "--overlay", &file]] {
        let (status, report) = audited(args);
        assert_eq!(status, 3, "{args:?}");
        let outcomes = outcomes(&report);
        assert!(outcomes.iter().any(|outcome| outcome == "unknown"), "{outcomes:?}");
        assert!(outcomes.iter().all(|outcome| outcome != "fail"), "{outcomes:?}");
    }
    // An item that cannot be told may be about any key.
    fs::write(&file, text.replacen("type=\"REG_DWORD\"", "type=\"REG_WHAT\"", 1)).unwrap();
    let (status, report) = audited(&["fixtures/hosts/nothing-set", "--overlay", &file]);
    assert_eq!(status, 3);
    assert!(outcomes(&report).iter().all(|outcome| outcome == "unknown"), "{:?}", outcomes(&report));
}

#[test]
fn a_file_that_is_cut_short_tells_nothing() {
    let (_keep, folder) = scratch();
    let file = format!("{}/Registry.pol", folder.display());
    assert_eq!(run(&["generate", "enable", "--format", "pol", "-o", &file]).status, 0);
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
    for args in [&[file.as_str()][..], &["fixtures/hosts/nothing-set", "--overlay", &file]] {
        let (status, report) = audited(args);
        assert_eq!(status, 3, "{args:?}");
        assert!(outcomes(&report).iter().all(|outcome| outcome != "pass" && outcome != "fail"), "{args:?}");
        let remarks = report["diagnostics"].as_array().unwrap();
        assert!(remarks.iter().any(|remark| remark["code"] == "policy-file-stopped"), "{args:?}");
    }
    let (_, report) = audited(&[&file]);
    assert_eq!(report["hosts"][0]["inputs"][0]["kind"], "unreadable");
    let undo = run(&["generate", "undo", "--for", "fixtures/hosts/nothing-set", "--of", &file]);
    assert_eq!(undo.status, 2);
}

/// A folder may be called "user" without being Group Policy's.
#[test]
fn whose_a_file_is_follows_from_its_layout_and_its_keys() {
    let (_keep, folder) = scratch();
    let all = folder.join("all.pol");
    assert_eq!(run(&["generate", "disable", "--format", "pol", "-o", all.to_str().unwrap()]).status, 0);
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let record = |key: &str, name: &str, data: &str| {
        let size = u32::try_from(data.len() * 2).unwrap();
        let (start, mark) = (wide(&format!("[{key}\0;{name}\0;")), wide(";"));
        [&start[..], &1u32.to_le_bytes(), &mark, &size.to_le_bytes(), &mark, &wide(data), &wide("]")].concat()
    };
    let file = |records: &[Vec<u8>]| [b"PReg\x01\0\0\0".to_vec(), records.concat()].concat();
    let policies = r"SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";
    let bytes = fs::read(&all).unwrap();
    let desktop = [bytes.clone(), record(r"Control Panel\Desktop", "x", "1\0")].concat();
    let deleted = file(&[record(r"SOFTWARE", "**DeleteKeys", "Microsoft\0")]);
    for (at, beside, bytes, option, want) in [
        ("Registry.pol", "", &bytes, "auto", 1),
        ("home/user/Registry.pol", "", &bytes, "auto", 1),
        ("home2/User/Registry.pol", "GPT.INI", &bytes, "auto", 0),
        ("home3/User/Registry.pol", "Machine/x", &bytes, "auto", 0),
        ("GroupPolicy/User/Registry.pol", "", &bytes, "auto", 0),
        ("GroupPolicy/Machine/Registry.pol", "", &bytes, "auto", 1),
        ("home2/User/Registry.pol", "GPT.INI", &bytes, "machine", 1),
        ("home/user/Registry.pol", "", &bytes, "user", 0),
        ("home/user/Registry.pol", "", &desktop, "auto", 3),
        ("Registry.pol", "", &desktop, "auto", 3),
        ("Registry.pol", "", &deleted, "auto", 1),
        ("home/user/Registry.pol", "", &deleted, "auto", 3),
        ("home/user/Registry.pol", "", &file(&[record(policies, "x", "1\0")]), "auto", 0),
    ] {
        let path = folder.join(at);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if !beside.is_empty() {
            let beside = path.parent().unwrap().parent().unwrap().join(beside);
            fs::create_dir_all(beside.parent().unwrap()).unwrap();
            fs::write(beside, "").unwrap();
        }
        fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        let args = ["audit", "fixtures/hosts/compliant", "--overlay", path, "--registry-pol", option];
        let run = run(&args);
        assert_eq!(run.status, want, "{at} {option}: {}{}", run.out(), run.err());
        if want != 1 && option == "auto" {
            assert!(run.err().contains("--registry-pol"), "{at}: {}", run.err());
        }
    }
}

#[test]
fn damage_is_laid_to_the_file_that_has_it() {
    let (_keep, folder) = scratch();
    let file = format!("{}/cut.pol", folder.display());
    assert_eq!(run(&["generate", "enable", "--format", "pol", "-o", &file]).status, 0);
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..300]).unwrap();
    for args in [
        &[file.as_str()][..],
        &["--join", "fixtures/hosts/compliant/SYSTEM", &file],
        &["fixtures/hosts/compliant", "--overlay", &file, "--control-set", "default"],
    ] {
        let run = run(&[&["audit"], args].concat());
        assert_eq!(run.status, 3, "{args:?}");
        assert!(!run.out().contains("Select") && run.out().contains("key of a record at 0x12c"), "{}", run.out());
    }
}
