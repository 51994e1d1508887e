//! Folders as they are found: loops, pipes, things that cannot be read, copies, many files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a panic is how a test fails"
)]
#![cfg(unix)]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use common::{Run, root, run, scratch};
use serde_json::Value as Json;

/// Copies a file of a fixture host.
fn copy(host: &str, hive: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(root().join("fixtures/hosts").join(host).join(hive), to).unwrap();
}

fn pair(host: &str, folder: &Path) {
    copy(host, "SYSTEM", &folder.join("SYSTEM"));
    copy(host, "SOFTWARE", &folder.join("SOFTWARE"));
}

fn audit(inputs: &[&Path]) -> Run {
    let args = ["audit", "--format", "json"].map(Path::new);
    run(&[&args, inputs].concat())
}

/// Status, and for each host how many inputs it has and its verdict.
fn brief(run: &Run) -> (i32, Vec<(usize, String)>) {
    let report = run.json();
    let hosts = report["hosts"].as_array().unwrap().iter();
    let of = |host: &Json| (host["inputs"].as_array().unwrap().len(), host["verdict"].as_str().unwrap().to_owned());
    (run.status, hosts.map(of).collect())
}

fn hosts(list: &[(usize, &str)]) -> Vec<(usize, String)> {
    list.iter().map(|(inputs, verdict)| (*inputs, (*verdict).to_owned())).collect()
}

#[test]
fn links_below_a_folder_are_not_followed() {
    let (_keep, folder) = scratch();
    let (inside, outside) = (folder.join("inside"), folder.join("outside"));
    pair("compliant", &inside.join("config"));
    pair("disabled", &outside);
    symlink(&inside, inside.join("config/loop")).unwrap();
    symlink("..", inside.join("config/up")).unwrap();
    symlink("itself", inside.join("itself")).unwrap();
    symlink("nowhere", inside.join("dangling")).unwrap();
    symlink(&outside, inside.join("another-machine")).unwrap();
    symlink(outside.join("SYSTEM"), inside.join("SYSTEM")).unwrap();
    let run = audit(&[&inside]);
    assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])));
    assert_eq!(run.json()["summary"]["files"], 2);
}

#[test]
fn a_link_that_is_named_is_followed() {
    let (_keep, folder) = scratch();
    pair("disabled", &folder.join("real"));
    symlink("real", folder.join("link")).unwrap();
    assert_eq!(brief(&audit(&[&folder.join("link")])), (1, hosts(&[(2, "not_compliant")])));
}

#[test]
fn pipes_and_sockets_do_not_hang_the_walk() {
    let (_keep, folder) = scratch();
    pair("compliant", &folder.join("config"));
    let _socket = UnixListener::bind(folder.join("socket")).unwrap();
    let pipe = folder.join("SYSTEM");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo");
        return;
    }
    assert_eq!(brief(&audit(&[&folder])), (0, hosts(&[(2, "compliant")])));
    // Named by the user they are refused, still without waiting.
    for named in ["SYSTEM", "socket"] {
        let run = audit(&[&folder.join(named)]);
        assert_eq!(brief(&run), (3, hosts(&[])), "{named}");
        assert_eq!(run.json()["diagnostics"][0]["code"], "unreadable-input");
    }
    assert_eq!(brief(&audit(&[Path::new("/dev/zero")])).0, 3);
}

#[test]
fn what_cannot_be_opened_makes_the_run_incomplete() {
    let (_keep, folder) = scratch();
    pair("compliant", &folder.join("config"));
    pair("disabled", &folder.join("closed"));
    copy("compliant", "SYSTEM", &folder.join("one/SYSTEM"));
    let closed = [folder.join("closed"), folder.join("one/SYSTEM")];
    for path in &closed {
        fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
    }
    if fs::File::open(&closed[1]).is_ok() {
        eprintln!("skipped: this user may read everything");
    } else {
        let run = audit(&[&folder]);
        assert_eq!(brief(&run), (3, hosts(&[(2, "compliant")])));
        assert_eq!(run.json()["summary"]["unreadable"], 2);
    }
    fs::set_permissions(&closed[0], Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn copies_that_windows_keeps_aside_are_left_out_unless_asked_for_and_then_marked() {
    let (_keep, folder) = scratch();
    pair("compliant", &folder);
    pair("disabled", &folder.join("regback"));
    pair("disabled", &folder.join("Windows.old/WINDOWS/System32/config"));
    let hosts_of = |report: &Json| -> Vec<(Json, Json)> {
        let hosts = report["hosts"].as_array().unwrap().iter();
        hosts.map(|host| (host["name"].clone(), host["backup"].clone())).collect()
    };
    let own = ("AADC-2019".into(), false.into());
    let copy = || ("AADC-OFF".into(), true.into());
    let report = audit(&[&folder]).json();
    assert_eq!(hosts_of(&report), std::slice::from_ref(&own));
    let left_out = report["diagnostics"].as_array().unwrap().iter().filter(|d| d["code"] == "backup-left-out");
    assert_eq!(left_out.count(), 2);
    let report = audit(&[Path::new("--include-backups"), &folder]).json();
    assert_eq!(hosts_of(&report), [own, copy(), copy()]);
    let text = run(&[Path::new("audit"), Path::new("--include-backups"), &folder]).out();
    assert!(text.contains("AADC-OFF: not compliant (backup copy)"), "{text}");
    // Named, it is what is asked for.
    let report = audit(&[&folder.join("regback")]).json();
    assert_eq!(hosts_of(&report), [copy()]);
    // Where there is nothing else, that they are there is said aloud.
    fs::remove_file(folder.join("SYSTEM")).unwrap();
    fs::remove_file(folder.join("SOFTWARE")).unwrap();
    let run = audit(&[&folder]);
    assert_eq!(run.status, 4);
    assert!(run.err().contains("--include-backups"), "{}", run.err());
}

#[test]
fn of_a_mounted_windows_volume_the_installations_alone_are_read() {
    let (_keep, folder) = scratch();
    let volume = folder.join("mnt");
    pair("compliant", &volume.join("WINDOWS/system32/Config"));
    pair("disabled", &volume.join("WINDOWS/system32/Config/RegBack"));
    pair("disabled", &volume.join("Windows.old/Windows/System32/config"));
    pair("unicode-names", &volume.join("Users/admin/Desktop/hives"));
    let backups = Path::new("--include-backups");
    let compliant = (2, "compliant");
    let told = brief(&audit(&[&folder]));
    assert_eq!(told, (0, hosts(&[compliant, compliant])), "a triage collection is walked in full");
    fs::write(volume.join("WINDOWS/system32/ntoskrnl.exe"), "MZ").unwrap();
    assert_eq!(brief(&audit(&[&folder])), (0, hosts(&[compliant])));
    assert_eq!(brief(&audit(&[&volume])), (0, hosts(&[compliant])));
    let off = (2, "not_compliant");
    assert_eq!(brief(&audit(&[backups, &folder])), (1, hosts(&[compliant, off, off])));
}

#[test]
fn hives_of_several_machines_in_one_folder_pair_by_name() {
    let (_keep, folder) = scratch();
    for (host, name) in [("compliant", "HOST1"), ("disabled", "HOST2")] {
        for hive in ["SYSTEM", "SOFTWARE"] {
            copy(host, hive, &folder.join(format!("{name}_{hive}")));
        }
    }
    let run = audit(&[&folder]);
    assert_eq!(brief(&run), (1, hosts(&[(2, "compliant"), (2, "not_compliant")])));
    for host in run.json()["hosts"].as_array().unwrap() {
        let names: Vec<&str> =
            host["inputs"].as_array().unwrap().iter().map(|input| input["name"].as_str().unwrap()).collect();
        let own = if host["verdict"] == "compliant" { "HOST1_" } else { "HOST2_" };
        assert!(names.iter().all(|name| name.contains(own)), "{names:?}");
    }
}

/// The only SYSTEM and the only SOFTWARE of a folder are one machine, unless their names are those of two, or what they hold.
#[test]
fn the_only_two_of_a_folder_are_one_machine_unless_something_speaks_against_it() {
    let two = |system: (&str, &str), software: (&str, &str), args: &[&str]| {
        let (_keep, folder) = scratch();
        copy(system.0, "SYSTEM", &folder.join(system.1));
        copy(software.0, "SOFTWARE", &folder.join(software.1));
        let folder = folder.to_str().unwrap().to_owned();
        run(&[&["audit", "--format", "json"], args, &[&folder]].concat())
    };
    for (system, software) in [
        ("SYSTEM.recovered", "SOFTWARE"),
        ("SYSTEM", "DC1_SOFTWARE"),
        ("SYSTEM_20240514.bak", "SOFTWARE_20240515.old"),
        ("dc1-system.hiv", "DC1_software.copy"),
        ("a.hiv", "b.hiv"),
    ] {
        let run = two(("compliant", system), ("compliant", software), &[]);
        assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])), "{system} {software}");
        let note = run.json()["hosts"][0]["notes"][0].as_str().unwrap().to_owned();
        assert!(note.contains("because they lie in one folder"), "{note}");
    }
    for (system, software) in
        [("HOST1_SYSTEM", "HOST2_SOFTWARE"), ("SYSTEM_dc1", "SOFTWARE_dc2"), ("1_SYSTEM", "2_SOFTWARE")]
    {
        // Half a machine each: what is there is judged, the other half is unknown.
        let run = two(("compliant", system), ("disabled", software), &[]);
        let (status, found) = brief(&run);
        assert_eq!((status, found.len()), (1, 2), "{found:?}");
        assert!(found.iter().all(|(inputs, verdict)| *inputs == 1 && verdict != "compliant"), "{found:?}");
        assert!(run.err().contains("not taken as one machine"), "{}", run.err());
        let run = two(("compliant", system), ("disabled", software), &["--join"]);
        assert_eq!((brief(&run).1.len(), run.err().contains("not taken")), (1, false));
    }
    // 32-bit and 64-bit Windows, client and server.
    let run = two(("x86", "SYSTEM.recovered"), ("compliant", "SOFTWARE"), &[]);
    assert_eq!(brief(&run).1.len(), 2);
    assert!(run.err().contains("SYSTEM is of Windows for x86"), "{}", run.err());
    let run = two(("compliant", "SYSTEM.recovered"), ("windows-11", "SOFTWARE"), &[]);
    assert!(run.err().contains("SYSTEM is of a server, SOFTWARE of a client"), "{}", run.err());
}

#[test]
fn more_than_two_hives_whose_names_do_not_match_are_not_paired() {
    let (_keep, folder) = scratch();
    for name in ["a.hiv", "b.hiv"] {
        copy("compliant", "SYSTEM", &folder.join(name));
    }
    copy("compliant", "SOFTWARE", &folder.join("c.hiv"));
    let three = hosts(&[(1, "unknown"), (1, "unknown"), (1, "unknown")]);
    assert_eq!(brief(&audit(&[&folder])), (3, three));
}

/// A file that was given and is no hive makes its machine unknown, and is named.
#[test]
fn an_empty_hive_is_named_and_its_machine_is_unknown() {
    for (content, said) in [
        (&b""[..], "SYSTEM was given, but is an empty file"),
        (&[7; 5000], "SYSTEM was given, but is no registry hive"),
    ] {
        let (_keep, folder) = scratch();
        copy("compliant", "SOFTWARE", &folder.join("SOFTWARE"));
        fs::write(folder.join("SYSTEM"), content).unwrap();
        for inputs in [&[folder.clone()][..], &[folder.join("SYSTEM"), folder.join("SOFTWARE")]] {
            let run = audit(&inputs.iter().map(std::path::PathBuf::as_path).collect::<Vec<_>>());
            assert_eq!(brief(&run), (3, hosts(&[(2, "unknown")])));
            assert!(run.err().contains(said), "{}", run.err());
        }
        // Where the machine has that hive under another name, this is no part of it; nor is a copy from an earlier day.
        copy("compliant", "SYSTEM", &folder.join("1f3a"));
        fs::create_dir(folder.join("RegBack")).unwrap();
        fs::write(folder.join("RegBack/SYSTEM"), content).unwrap();
        let run = audit(&[&folder]);
        assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])));
        assert!(run.json()["left_out"].as_array().unwrap().iter().all(|copies| copies["files"] == 0));
    }
    let (_keep, folder) = scratch();
    fs::write(folder.join("system"), "a word").unwrap();
    assert_eq!(brief(&audit(&[&folder])), (4, hosts(&[])), "many a file is called so");
    fs::write(folder.join("SOFTWARE"), "").unwrap();
    assert_eq!(brief(&audit(&[&folder])), (3, hosts(&[(1, "unknown")])));
}

#[test]
fn the_past_of_a_machine_is_left_out_wherever_it_lies() {
    let (_keep, folder) = scratch();
    let own = folder.join("C/WINDOWS/system32/config");
    pair("compliant", &own);
    copy("disabled", "SYSTEM", &own.join("SYSTEM.sav"));
    copy("disabled", "SOFTWARE", &own.join("SOFTWARE.sav"));
    for past in [
        "C/WINDOWS/repair",
        "C/WINDOWS/repair/backup",
        "C/Windows.old/Windows/System32/config",
        "%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy2/Windows/System32/config",
    ] {
        pair("disabled", &folder.join(past));
    }
    let point = folder.join("C/System Volume Information/_restore{1}/RP3/snapshot");
    for hive in ["SYSTEM", "SOFTWARE"] {
        copy("disabled", hive, &point.join(format!("_REGISTRY_MACHINE_{hive}")));
    }
    let run = audit(&[&folder]);
    assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])));
    let left_out =
        run.json()["left_out"].as_array().unwrap().iter().map(|place| place["files"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(left_out, 12);
    let run = common::run(&[Path::new("audit"), &folder]);
    assert!(run.out().contains("left out: 12 copies from earlier days"), "{}", run.out());
    let all = audit(&[Path::new("--include-backups"), &folder]).json();
    let past = all["hosts"].as_array().unwrap().iter().filter(|host| host["backup"] == true);
    assert_eq!((past.count(), all["hosts"].as_array().unwrap().len()), (6, 7));
    // Named, they are what is asked for, and marked.
    for named in [point.clone(), own.join("SYSTEM.sav")] {
        let report = audit(&[&named]).json();
        assert_eq!((report["hosts"].as_array().unwrap().len(), &report["hosts"][0]["backup"]), (1, &true.into()));
    }
}

#[test]
fn policies_below_a_folder_belong_to_the_machine_that_they_lie_on() {
    let (_keep, folder) = scratch();
    pair("compliant", &folder.join("C/Windows/System32/config"));
    let pol = folder.join("off.pol");
    assert_eq!(
        run(&[
            Path::new("generate"),
            Path::new("disable"),
            Path::new("--format"),
            Path::new("pol"),
            Path::new("-o"),
            &pol
        ])
        .status,
        0
    );
    let machine = folder.join("C/Windows/System32/GroupPolicy/Machine/Registry.pol");
    let history =
        folder.join("C/ProgramData/Microsoft/Group Policy/History/{1}/Machine/Preferences/Registry/Registry.xml");
    let domain = folder.join("C/Windows/SYSVOL/domain/Policies/{2}/Machine/Registry.pol");
    for path in [&machine, &history, &domain] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(&pol, path).unwrap();
    }
    fs::remove_file(&pol).unwrap();
    let told = |run: &Run| -> Vec<(String, usize)> {
        let report = run.json();
        let policies = report["hosts"][0]["group_policy"].as_array().unwrap().iter();
        policies.map(|p| (p["what"].as_str().unwrap().to_owned(), p["would"].as_array().unwrap().len())).collect()
    };
    let run = audit(&[&folder]);
    assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])));
    assert_eq!(told(&run), [("domain".to_owned(), 0), ("local".to_owned(), 8), ("history".to_owned(), 8)]);
    let text = common::run(&[Path::new("audit"), &folder]).out();
    assert!(text.contains("note: local policy would set Enabled=0 below"), "{text}");
    assert!(text.contains("its SYSVOL has 1 polic"), "{text}");
    // A plan is for one machine.
    let plan = common::run(&[Path::new("generate"), Path::new("fix"), Path::new("--for"), &folder]);
    assert_eq!(plan.status, 0, "{}", plan.err());
    // One that cannot be read is said, and touches no verdict.
    for content in [&b"PReg\x01\0\0\0["[..], b"noise", b""] {
        fs::write(&machine, content).unwrap();
        let run = audit(&[&folder]);
        assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])));
        let report = run.json();
        let local = report["hosts"][0]["group_policy"]
            .as_array()
            .unwrap()
            .iter()
            .find(|p| p["what"] == "local")
            .unwrap()
            .clone();
        assert!(local["unread"].is_string(), "{local}");
        let text = common::run(&[Path::new("audit"), &folder]).out();
        assert!(text.contains("note: local policy cannot be read"), "{text}");
    }
    // Named, or where no machine is, it is judged by itself.
    assert_eq!(brief(&audit(&[&history])), (1, hosts(&[(1, "not_compliant")])));
    fs::remove_dir_all(folder.join("C/Windows/System32/config")).unwrap();
    fs::remove_file(&machine).unwrap();
    assert_eq!(brief(&audit(&[&folder])).1.len(), 2);
}

#[test]
fn hives_are_told_by_content_whatever_their_names_say() {
    let (_keep, folder) = scratch();
    copy("compliant", "SYSTEM", &folder.join("1f3a"));
    copy("compliant", "SOFTWARE", &folder.join("77b2"));
    fs::write(folder.join("SYSTEM"), "not a hive").unwrap();
    assert_eq!(brief(&audit(&[&folder])), (0, hosts(&[(2, "compliant")])));
}

#[test]
fn a_file_that_is_named_twice_counts_once() {
    let (_keep, folder) = scratch();
    pair("compliant", &folder);
    let (system, dotted) = (folder.join("SYSTEM"), folder.join("./SYSTEM"));
    symlink(&system, folder.join("link")).unwrap();
    let run = audit(&[&system, &folder, &dotted, &folder.join("link"), &folder]);
    assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])));
    assert_eq!(run.json()["summary"]["files"], 2);
}

#[test]
fn deep_folders_are_walked_and_bottomless_ones_are_reported() {
    let (_keep, folder) = scratch();
    pair("compliant", &folder.join("d/".repeat(200)));
    assert_eq!(brief(&audit(&[&folder])), (0, hosts(&[(2, "compliant")])));
    pair("disabled", &folder.join("d/".repeat(300)));
    let run = audit(&[&folder]);
    assert_eq!(brief(&run), (3, hosts(&[(2, "compliant")])));
    assert_eq!(run.json()["summary"]["unreadable"], 1);
}

#[test]
fn an_empty_folder_has_nothing_to_audit() {
    let (_keep, folder) = scratch();
    assert_eq!(brief(&audit(&[&folder])), (4, hosts(&[])));
    fs::create_dir(folder.join("below")).unwrap();
    fs::write(folder.join("below/empty"), "").unwrap();
    assert_eq!(brief(&audit(&[&folder])), (4, hosts(&[])));
}

#[test]
fn thousands_of_other_files_are_counted_and_nothing_more() {
    let (_keep, folder) = scratch();
    for n in 0..2000 {
        let start: &[u8] = [&b"MZ\x90\0"[..], b"{}", b"\x89PNG", b"\xff\xfeh\0i\0", b"reg"][n % 5];
        fs::write(folder.join(format!("{n:04}")), start).unwrap();
    }
    pair("compliant", &folder.join("config"));
    let run = audit(&[&folder]);
    assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])));
    let report = run.json();
    assert_eq!((&report["summary"]["files"], &report["summary"]["other_files"]), (&2002.into(), &2000.into()));
    assert_eq!(report["diagnostics"], Json::Array(Vec::new()));
}

#[test]
fn logs_that_are_links_are_told_of_and_not_followed() {
    let (_keep, folder) = scratch();
    let real = root().join("fixtures/hosts/dirty-with-logs");
    for name in ["SYSTEM", "SOFTWARE"] {
        fs::copy(real.join(name), folder.join(name)).unwrap();
    }
    symlink(real.join("SYSTEM.LOG1"), folder.join("SYSTEM.LOG1")).unwrap();
    let run = audit(&[&folder]);
    assert_eq!(run.status, 1);
    let recovery = run.json()["hosts"][0]["inputs"][0]["recovery"].clone();
    assert_eq!(recovery["state"], "dirty");
    assert!(recovery["why"][0].as_str().unwrap().contains("symbolic link"), "{recovery}");
    let by_hand = real.join("SYSTEM.LOG1");
    let args = ["audit", "--log", by_hand.to_str().unwrap(), folder.to_str().unwrap(), "--format", "json"];
    assert_eq!(common::run(&args).json()["hosts"][0]["inputs"][0]["recovery"]["state"], "replayed");
}

#[test]
fn hives_that_only_their_folder_joins_are_joined_with_a_note() {
    let (_keep, folder) = scratch();
    let real = root().join("fixtures/hosts/compliant");
    fs::copy(real.join("SYSTEM"), folder.join("a.hiv")).unwrap();
    fs::copy(real.join("SOFTWARE"), folder.join("b.hiv")).unwrap();
    let run = audit(&[&folder]);
    assert_eq!(brief(&run), (0, hosts(&[(2, "compliant")])));
    assert!(run.json()["hosts"][0]["notes"][0].as_str().unwrap().contains("their names do not say so"));
}
