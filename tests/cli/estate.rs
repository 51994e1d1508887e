//! Several machines at once: one of them picked, and files for all of them.

use std::fs::{self, File};
use std::path::Path;

use crate::common::{run, scratch};
use crate::snapshot::{assert_text, versionless};

/// A folder of these fixtures.
fn estate(folder: &Path, hosts: &[&str]) {
    for host in hosts {
        let there = folder.join(host);
        fs::create_dir_all(&there).unwrap();
        for hive in ["SYSTEM", "SOFTWARE"] {
            fs::copy(format!("fixtures/hosts/{host}/{hive}"), there.join(hive)).unwrap();
        }
    }
}

/// The same as one archive.
fn archive(file: &Path, hosts: &[&str]) {
    let mut tar = tar::Builder::new(File::create(file).unwrap());
    for host in hosts {
        for hive in ["SYSTEM", "SOFTWARE"] {
            tar.append_path_with_name(format!("fixtures/hosts/{host}/{hive}"), format!("{host}/{hive}")).unwrap();
        }
    }
    tar.finish().unwrap();
}

fn rows(index: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(index).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn machines_that_need_the_same_share_a_file_and_a_table_has_them_all() {
    let (_keep, folder) = scratch();
    let hosts = ["compliant", "disabled", "nothing-set", "wrong-type", "damaged-target"];
    estate(&folder.join("in"), &hosts);
    fs::write(folder.join("in/dc1.vhd"), "").unwrap();
    let (input, out) = (folder.join("in"), folder.join("out"));
    let args = ["generate", "fix", "--for", input.to_str().unwrap(), "--format", "reg4", "-o", out.to_str().unwrap()];
    let done = run(&args);
    assert_eq!(done.status, 3, "{}", done.err());
    let base = folder.to_str().unwrap();
    let mut said = format!("{}\n", done.err().replace(base, "DIR"));
    let mut names: Vec<String> =
        fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in &names {
        let text = fs::read_to_string(out.join(name)).unwrap();
        said.push_str(&format!("=== {name}\n{}\n", versionless(&text.replace(base, "DIR")).replace('\r', "")));
    }
    assert_text("estate_fix", &said);
    // Each file does what it is for.
    let table = rows(&out.join("index.csv"));
    assert_eq!(table.len(), 1 + hosts.len() + 1);
    for host in hosts {
        let row = table.iter().find(|row| row[2].contains(&format!("/{host}/SYSTEM"))).unwrap();
        assert_eq!(row[3].is_empty(), row[4] == "0", "{row:?}");
        if !row[3].is_empty() {
            let file = out.join(&row[3]);
            let after = run(&["audit", "-q", &format!("fixtures/hosts/{host}"), "--overlay", file.to_str().unwrap()]);
            assert_eq!(after.status, 0, "{row:?}");
        }
    }
    let again = run(&args);
    assert!(again.status == 2 && again.err().contains("File exists (--force overwrites it)"), "{}", again.err());
    assert_eq!(run(&[&args[..], &["--force"]].concat()).status, 3);
}

#[test]
fn the_files_are_there_all_or_none() {
    let (_keep, folder) = scratch();
    let out = folder.join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("index.csv"), "mine").unwrap();
    let done = run(&["generate", "fix", "--for", "fixtures/hosts", "-o", out.to_str().unwrap()]);
    assert_eq!(done.status, 2, "{}", done.err());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(out.join("index.csv")).unwrap(), "mine");
    // A folder that was not there goes again where nothing comes of it.
    let new = folder.join("new/below");
    let nowhere = run(&["generate", "enable", "--format", "batch", "-o", new.to_str().unwrap()]);
    assert!(nowhere.status == 2 && !folder.join("new").exists(), "{}", nowhere.err());
}

#[test]
fn formats_of_several_files_get_a_folder_for_each_set_of_changes() {
    let (_keep, folder) = scratch();
    let (input, out) = (folder.join("in"), folder.join("out"));
    estate(&input, &["disabled", "nothing-set", "wrong-type"]);
    let (input, out) = (input.to_str().unwrap(), out.to_str().unwrap());
    let done = run(&["generate", "fix", "--for", input, "--format", "intune", "-o", out]);
    assert_eq!(done.status, 0, "{}", done.err());
    for file in ["fix-AADC-OFF-and-1-more/detect.ps1", "fix-AADC-SZ/remediate.ps1", "index.csv"] {
        assert!(Path::new(out).join(file).is_file(), "{file}");
    }
}

#[test]
fn several_machines_need_a_folder_or_a_choice() {
    let (_keep, folder) = scratch();
    let input = folder.join("in");
    estate(&input, &["disabled", "compliant"]);
    let out = folder.join("fix.reg");
    let mut said = String::new();
    for more in [&[][..], &["-o", out.to_str().unwrap()], &["--host", "NOBODY"]] {
        let done = run(&[&["generate", "fix", "--for", input.to_str().unwrap()], more].concat());
        assert_eq!(done.status, 2, "{}", done.err());
        said.push_str(&done.err().replace(folder.to_str().unwrap(), "DIR"));
    }
    assert!(!out.exists());
    assert_text("estate_refused", &said);
    // A folder is one, even for one machine.
    let made = folder.join("made/");
    let one = run(&["generate", "fix", "--for", "fixtures/hosts/disabled", "-o", &format!("{}/", made.display())]);
    assert!(one.status == 0 && made.join("fix-AADC-OFF.reg").is_file(), "{}", one.err());
}

#[test]
fn one_machine_of_an_archive_can_be_picked() {
    let (_keep, folder) = scratch();
    let file = folder.join("two.tar");
    archive(&file, &["compliant", "disabled"]);
    let (file, base) = (file.to_str().unwrap(), folder.to_str().unwrap());
    let audited = run(&["audit", file, "--host", "aadc-off"]);
    assert_eq!(audited.status, 1, "{}", audited.err());
    assert!(audited.out().starts_with("AADC-OFF: not compliant") && !audited.out().contains("AADC-2019"));
    let json = run(&["audit", file, "--host", &format!("{file} › compliant"), "--format", "json"]).document();
    assert_eq!(json["hosts"].as_array().unwrap().len(), 1);
    assert_eq!(json["hosts"][0]["name"], "AADC-2019");
    let outcome = |path: &str| {
        let inputs = json["inputs"].as_array().unwrap();
        inputs.iter().find(|input| input["path"].as_str().unwrap().ends_with(path)).unwrap()["outcome"].clone()
    };
    assert_eq!((outcome("compliant/SYSTEM"), outcome("disabled/SYSTEM")), ("judged".into(), "not_asked_for".into()));
    let fix = run(&["generate", "fix", "--for", file, "--host", "AADC-OFF", "--format", "reg4"]);
    assert!(fix.status == 0 && fix.out().contains("state of AADC-OFF"), "{}", fix.err());
    let mut said = String::new();
    for args in [
        &["show", file, r"HKLM\SYSTEM\Select", "Current"][..],
        &["show", file, r"HKLM\SYSTEM\Select", "Current", "--host", "AADC-OFF"],
        &["show", file, r"HKLM\SYSTEM\Select", "Current", "--host", "NOBODY"],
        &["audit", file, "--format", "script", "--host", "NOBODY", "--host", "*-OFF"],
    ] {
        let shown = run(args);
        let text = format!("$ {}\nstatus: {}\n{}{}", args.join(" "), shown.status, shown.out(), shown.err());
        said.push_str(&text.replace(base, "DIR"));
    }
    assert_text("estate_pick", &said);
}

#[test]
fn a_hive_that_is_loaded_under_another_name_gets_its_own_file() {
    let fix = ["generate", "fix", "--for", "fixtures/hosts/three-control-sets", "--policy", "tls12-only"];
    let reg4 = [&fix[..], &["--format", "reg4"]].concat();
    let both = [r"--root", r"HKLM\BROKENSYSTEM", "--root", r"SOFTWARE=HKLM\BROKEN2"];
    let mut said = String::new();
    for args in [
        [&reg4[..], &both].concat(),
        [&reg4[..], &both[..2]].concat(),
        [&reg4[..], &[r"--root", r"HKLM\OTHER"]].concat(),
        [&fix[..], &["--format", "pol"], &both].concat(),
        [&["generate", "enable", "--format", "reg4"], &both[..]].concat(),
        [&["generate", "enable", "--format", "cmd", "--control-set", "1"], &both[..]].concat(),
    ] {
        let done = run(&args);
        let text = format!("$ {}\nstatus: {}\n{}{}\n", args.join(" "), done.status, done.out(), done.err());
        said.push_str(&versionless(&text).replace('\r', ""));
    }
    assert_text("estate_root", &said);
    assert!(!said.contains(r"[HKEY_LOCAL_MACHINE\SYSTEM\"), "{said}");
}

/// Machines are looked at several at a time, and the files are those of their order.
#[test]
fn the_files_are_the_same_for_any_number_of_threads() {
    let (_keep, folder) = scratch();
    let hosts = ["disabled", "nothing-set", "wrong-type", "compliant", "damaged-target", "dirty"];
    for site in ["a", "b"] {
        estate(&folder.join("in").join(site), &hosts);
        archive(&folder.join("in").join(site).join("more.tar"), &hosts);
    }
    let input = folder.join("in");
    let written = |plan: &str, jobs: &str| -> Vec<(String, Vec<u8>)> {
        let out = folder.join(format!("{plan}-{jobs}"));
        let (input, to) = (input.to_str().unwrap(), out.to_str().unwrap());
        let done = run(&["generate", plan, "--for", input, "--format", "ps1", "-j", jobs, "-o", to]);
        assert!([0, 3].contains(&done.status), "{}", done.err());
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(&out)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&file).unwrap()))
            .collect();
        files.sort();
        files
    };
    for plan in ["fix", "undo", "only"] {
        let one = written(plan, "1");
        assert!(one.len() > 2, "{plan}");
        assert!(one == written(plan, "4"), "{plan}");
    }
    assert_eq!(rows(&folder.join("fix-1/index.csv")).len(), 1 + 2 * 2 * hosts.len());
}

#[test]
fn a_comparison_names_who_differs_from_the_others_of_its_kind() {
    let (_keep, folder) = scratch();
    estate(&folder, &["compliant", "disabled", "wrong-type", "dirty"]);
    let input = folder.to_str().unwrap();
    let text = run(&["audit", input, "--compare"]).out();
    assert_eq!(text.replacen(&part(&text), "", 1), run(&["audit", input]).out(), "it adds a part, and nothing else");
    let saved = folder.join("run.jsonl");
    run(&["audit", "-q", input, "--format", "jsonl", "-o", saved.to_str().unwrap()]);
    let later = run(&["report", saved.to_str().unwrap(), "--compare"]).out();
    assert_eq!(part(&later), part(&text));
    let markdown = run(&["report", saved.to_str().unwrap(), "--compare", "--format", "markdown"]).out();
    let (_, markdown) = markdown.split_once("## What differs").unwrap();
    let (markdown, _) = markdown.split_once("\n## ").unwrap();
    assert_text("estate_compare", &format!("{}\n## What differs{markdown}", part(&text)));
    let html = run(&["report", saved.to_str().unwrap(), "--compare", "--format", "html"]).out();
    assert!(html.contains("<td>3 of 4 have: 1<td><p>0: <bdi>AADC-OFF</bdi></p>"), "{html}");
    let few = run(&["audit", "fixtures/hosts/compliant", "fixtures/hosts/disabled", "--compare"]).out();
    assert!(few.contains("Not compared, fewer than 3 of a kind"), "{few}");
}

/// The part of a text that compares machines.
fn part(text: &str) -> String {
    let heading = "\nWhat differs from the others of its kind\n";
    let (_, rest) = text.split_once(heading).unwrap();
    let (lines, _) = rest.split_once("\n\n").unwrap();
    format!("{heading}{lines}\n")
}

/// Each machine that is asked for has to be there, and each hive is loaded in one place.
#[test]
fn what_is_asked_for_and_is_not_there_writes_nothing() {
    let (_keep, folder) = scratch();
    let out = folder.join("out").display().to_string();
    let all =
        ["generate", "fix", "--for", "fixtures/hosts/wrong-type", "--host", "AADC-SZ", "--host", "NOPE", "-o", &out];
    let missing = run(&all);
    assert!(missing.status == 2 && missing.err().contains("no machine is called NOPE"), "{}", missing.err());
    assert!(!folder.join("out").exists());
    let twice = run(&["generate", "enable", "--root", r"HKLM\OLDSYSTEM", "--root", r"HKLM\MYSYSTEM"]);
    assert!(twice.status == 2 && twice.err().contains("each hive once"), "{}", twice.err());
}
