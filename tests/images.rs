//! Disk images and archives, whole: what is found in each file of `fixtures/images`, and where.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use common::{Run, door, root, run, scratch};
use serde_json::Value as Json;
use tlshive::host::Options;
use tlshive::limits::Limits;
use tlshive::policy::Policy;
use tlshive::run::Inspection;

const CONFIG: &str = r"Windows\System32\config\SYSTEM";
const TRIAGE: &str = "C/Windows/System32/config/SYSTEM";
const BARE: &str = r#"volume (NTFS "System")"#;
const DYNAMIC: &str = r#"Volume1 (NTFS "System")"#;

/// Computer, whether it is compliant, and the steps from the image to its SYSTEM hive.
type Machine<'a> = (&'a str, bool, &'a [&'a str]);

/// Every file in `fixtures/images`: its status when it is named, and the machines in it.
const IMAGES: [(&str, i32, &[Machine<'static>]); 51] = [
    ("acquired.E01", 0, &[("DESK-X86", true, &[BARE, CONFIG])]),
    ("acquired.E02", 3, &[]),
    ("backing-base.qcow2", 1, &[("AADC-OFF", false, &[BARE, CONFIG])]),
    ("backing-over.qcow2", 0, &[("AADC-2019", true, &[BARE, CONFIG])]),
    ("base.vhd", 0, &[("AADC-2019", true, &[BARE, CONFIG])]),
    ("bitlocker.raw.gz", 3, &[]),
    ("compliant.qcow2", 0, &[("AADC-2019", true, &[r#"GPT 3 (NTFS "System")"#, CONFIG])]),
    ("damaged-index.raw.gz", 0, &[("AADC-2019", true, &["damaged-index.raw", BARE, CONFIG])]),
    ("dirty.vhdx.gz", 0, &[("AADC-2019", true, &["dirty.vhdx", BARE, CONFIG])]),
    ("dynamic.vdi.gz", 1, &[("AADC-2022", false, &["dynamic.vdi", BARE, CONFIG])]),
    ("dynamic.vhd.gz", 0, &[("AADC-IIS", true, &["dynamic.vhd", BARE, CONFIG])]),
    ("empty.7z", 3, &[]),
    ("encrypted-in-part.zip", 3, &[("DESK-X86", true, &[TRIAGE])]),
    ("encrypted.zip", 3, &[]),
    ("exfat-unbroken.raw.gz", 0, &[("DESK-X86", true, &["exfat-unbroken.raw", r#"volume (exFAT "STICK")"#, "SYSTEM"])]),
    ("exfat.raw.gz", 0, &[("AADC-2019", true, &["exfat.raw", r#"MBR 1 (exFAT "STICK")"#, CONFIG])]),
    ("ext4.raw.gz", 4, &[]),
    ("fat-collection.raw", 0, &[("AADC-LOGS", true, &[r#"volume (FAT12 "STICK")"#, "triage of the lab.zip", TRIAGE])]),
    ("fat12.raw.gz", 0, &[("AADC-2019", true, &["fat12.raw", r#"volume (FAT12 "STICK")"#, CONFIG])]),
    (
        "fat16.raw.gz",
        0,
        &[("DESK-11", true, &["fat16.raw", r#"volume (FAT16 "STICK")"#, r"Windows of the lab\System32\config\SYSTEM"])],
    ),
    ("fat32.raw.gz", 1, &[("AADC-OFF", false, &["fat32.raw", r#"volume (FAT32 "STICK")"#, "SYSTEM"])]),
    ("fragmented.raw.gz", 0, &[("AADC-2019", true, &["fragmented.raw", BARE, CONFIG])]),
    ("gpt-4kn.raw.gz", 0, &[("AADC-2019", true, &["gpt-4kn.raw", r#"GPT 2 (NTFS "System")"#, CONFIG])]),
    (
        "kape.vhd.gz",
        0,
        &[
            ("AADC-2019", true, &["kape.vhd", BARE, r"C\Windows\System32\config\SYSTEM"]),
            ("AADC-IIS", true, &["kape.vhd", BARE, r"D\Windows\System32\config\SYSTEM"]),
        ],
    ),
    ("ldm-mirrored-1.raw", 1, &[("AADC-OFF", false, &[DYNAMIC, CONFIG])]),
    ("ldm-mirrored-2.raw", 1, &[("AADC-OFF", false, &[DYNAMIC, CONFIG])]),
    ("ldm-spanned-1.raw", 0, &[("AADC-2019", true, &[DYNAMIC, CONFIG])]),
    ("ldm-spanned-2.raw", 0, &[("AADC-2019", true, &[DYNAMIC, CONFIG])]),
    ("luks.qcow2", 3, &[]),
    ("lvm.raw.gz", 3, &[]),
    ("lznt1.raw.gz", 0, &[("AADC-2019", true, &["lznt1.raw", BARE, CONFIG])]),
    ("mbr-logical.raw.gz", 0, &[("AADC-2019", true, &["mbr-logical.raw", r#"MBR 6 (NTFS "System")"#, CONFIG])]),
    ("over.vhd", 1, &[("AADC-OFF", false, &[BARE, CONFIG])]),
    ("refs.raw.gz", 3, &[]),
    ("shadow-copies.zip", 0, &[("AADC-2019", true, &["uploads/ntfs/C/Windows/System32/config/SYSTEM"])]),
    ("split.001", 0, &[("AADC-2019", true, &[BARE, CONFIG])]),
    ("split.002", 4, &[]),
    ("split.003", 4, &[]),
    ("static.vdi.gz", 0, &[("AADC-2019", true, &["static.vdi", BARE, CONFIG])]),
    ("stream.vmdk", 0, &[("DESK-11", true, &[BARE, CONFIG])]),
    ("triage.tar", 0, &[("AADC-RI", true, &[TRIAGE])]),
    ("triage.tar.gz", 0, &[("AADC-LOGS", true, &[TRIAGE])]),
    ("triage.tar.zst", 0, &[("AADC-LOGS", true, &[TRIAGE])]),
    ("triage.zip", 0, &[("AADC-LOGS", true, &[TRIAGE])]),
    (
        "two-windows.raw.gz",
        1,
        &[
            ("AADC-2022", false, &["two-windows.raw", BARE, r"WINNT\system32\config\SYSTEM"]),
            ("AADC-2019", true, &["two-windows.raw", BARE, CONFIG]),
        ],
    ),
    ("unmarked.raw.gz", 0, &[("AADC-2019", true, &["unmarked.raw", r#"MBR 1 (NTFS "System")"#, CONFIG])]),
    (
        "velociraptor.zip",
        0,
        &[
            ("DESK-X86", true, &["uploads/auto/C/Windows/System32/config/SYSTEM"]),
            ("AADC-LOGS", true, &["uploads/ntfs/C/Windows/System32/config/SYSTEM"]),
        ],
    ),
    ("vm.ova", 0, &[("DESK-11", true, &["disk.vmdk", BARE, CONFIG])]),
    ("vmdk.zip", 1, &[("AADC-OFF", false, &["vm/disk.vmdk", BARE, CONFIG])]),
    ("vss.raw.gz", 0, &[("AADC-2019", true, &["vss.raw", BARE, CONFIG])]),
    (
        "wof.raw.gz",
        0,
        &[
            ("DESK-11", true, &["wof.raw", BARE, r"WINNT\System32\config\SYSTEM"]),
            ("AADC-ÜNÏ", true, &["wof.raw", BARE, CONFIG]),
        ],
    ),
];

/// Parts of others in the same folder, that are images themselves.
const PARTS: [&str; 3] = ["acquired.E02", "backing-base.qcow2", "base.vhd"];

/// Dynamic disks whose volume is looked into with another one of the same folder.
const SECOND: [&str; 2] = ["ldm-mirrored-2.raw", "ldm-spanned-2.raw"];

fn audit<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Run {
    let args = args.iter().map(AsRef::as_ref);
    run(&["audit", "--format", "json"].map(std::ffi::OsStr::new).into_iter().chain(args).collect::<Vec<_>>())
}

/// Computer, whether it is compliant, and the place of its SYSTEM hive, of each machine that could be judged.
fn machines(report: &Json) -> Vec<(String, bool, String)> {
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let judged = report["hosts"].as_array().unwrap().iter().filter(|host| host["verdict"] != "unknown");
    judged
        .map(|host| {
            let mut inputs = host["inputs"].as_array().unwrap().iter().map(|input| text(&input["name"]));
            let system = inputs.find(|name| name.to_uppercase().ends_with("SYSTEM")).unwrap();
            (text(&host["name"]), host["verdict"] == "compliant", system)
        })
        .collect()
}

fn expected(path: &str, machines: &[Machine<'_>]) -> Vec<(String, bool, String)> {
    let place = |steps: &[&str]| format!("{path} › {}", steps.join(" › "));
    machines.iter().map(|(name, compliant, steps)| ((*name).to_owned(), *compliant, place(steps))).collect()
}

fn image(name: &str) -> String {
    format!("fixtures/images/{name}")
}

/// The messages of this severity.
fn said(report: &Json, severity: &str) -> Vec<String> {
    let all = report["diagnostics"].as_array().unwrap().iter().filter(|d| d["severity"] == severity);
    all.map(|d| d["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_image_has_the_machines_that_were_put_into_it() {
    for (name, status, inside) in IMAGES {
        let path = image(name);
        let run = audit(&[&path]);
        let report = run.json();
        assert_eq!((run.status, machines(&report)), (status, expected(&path, inside)), "{name}: {report:#}");
        let errors = said(&report, "error");
        assert_eq!(errors.is_empty(), status != 3, "{name}: {errors:?}");
        // Nothing is passed over without a word.
        let silent = report["diagnostics"].as_array().unwrap().is_empty();
        assert!(!silent || !inside.is_empty(), "{name}");
    }
}

#[test]
fn the_readme_tells_of_every_image_and_its_status() {
    let readme = fs::read_to_string(root().join("fixtures/README.md")).unwrap();
    let mut names: Vec<String> = fs::read_dir(root().join("fixtures/images"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, IMAGES.map(|(name, _, _)| name));
    for (name, status, _) in IMAGES {
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("fixtures/README.md does not tell of {name}"));
        let told = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap().trim();
        assert_eq!(told, status.to_string(), "{name}");
    }
}

#[test]
fn a_folder_of_images_has_all_their_machines_and_parts_are_read_with_their_images_alone() {
    let run = audit(&["fixtures/images"]);
    let report = run.json();
    let mut found = machines(&report);
    let whole = IMAGES.iter().filter(|(name, _, _)| !PARTS.contains(name) && !SECOND.contains(name));
    let mut wanted: Vec<_> = whole.flat_map(|(name, _, inside)| expected(&image(name), inside)).collect();
    found.sort();
    wanted.sort();
    assert_eq!((run.status, found), (1, wanted));
    let parts = report["diagnostics"].as_array().unwrap().iter().filter(|d| d["code"] == "image-part");
    let mut parts: Vec<&str> = parts.map(|d| d["place"]["artifact"].as_str().unwrap()).collect();
    parts.sort_unstable();
    let extents = ["disk-s001.vmdk", "disk-s002.vmdk"].map(|extent| format!("{} › vm/{extent}", image("vmdk.zip")));
    assert_eq!(parts, PARTS.map(image).into_iter().chain(extents).collect::<Vec<_>>());
}

#[test]
fn volumes_of_several_disks_are_put_together_from_what_is_given_beside_or_allowed() {
    let (_keep, folder) = scratch();
    let [first, second] = ["one/first.raw", "two/second.raw"].map(|name| folder.join(name));
    copy("ldm-spanned-1.raw", &first);
    copy("ldm-spanned-2.raw", &second);
    // Half of it is an error that names the disk that is not there.
    for (half, missing) in [(&first, "Disk2"), (&second, "Disk1")] {
        let run = audit(&[half]);
        let errors = said(&run.json(), "error");
        assert_eq!((run.status, machines(&run.json()).len()), (3, 0));
        assert!(errors[0].contains(missing) && errors[0].contains("not there"), "{errors:?}");
    }
    for (inputs, host) in [
        (vec![first.as_path(), &second], "given"),
        (vec![Path::new("--allow-dir"), &folder.join("two"), &first], "allowed"),
    ] {
        let run = audit(&inputs);
        assert_eq!((run.status, machines(&run.json()).len()), (0, 1), "{host}: {:#}", run.json());
    }
    // Images of other folders are not looked for: a walk has many.
    let run = audit(&[&folder]);
    assert_eq!((run.status, machines(&run.json()).len(), said(&run.json(), "error").len()), (3, 0, 2));
    // Both are evidence.
    let run = audit(&[Path::new("--allow-dir"), &folder.join("two"), &first, Path::new("--digest-images")]);
    let report = run.json();
    let inputs = report["hosts"][0]["inputs"].as_array().unwrap();
    assert!(["first.raw", "second.raw"].iter().all(|name| {
        inputs.iter().any(|input| input["name"].as_str().unwrap().ends_with(name) && input["sha256"].is_string())
    }));
    // Two images of one disk: which of them goes with the other cannot be told.
    copy("ldm-spanned-2.raw", &folder.join("one/second.raw"));
    copy("ldm-spanned-2.raw", &folder.join("one/third.raw"));
    let run = audit(&[&first]);
    let errors = said(&run.json(), "error");
    assert_eq!((run.status, machines(&run.json()).len()), (3, 0));
    assert!(errors[0].contains("several images are of its disk Disk2"), "{errors:?}");
}

#[test]
fn one_half_of_a_mirror_is_enough_and_two_must_be_alike() {
    let (_keep, folder) = scratch();
    let [first, second] = ["first.raw", "second.raw"].map(|name| folder.join(name));
    copy("ldm-mirrored-2.raw", &second);
    let run = audit(&[&second]);
    let warnings = said(&run.json(), "warning");
    assert_eq!((run.status, machines(&run.json()).len()), (1, 1));
    assert!(warnings.iter().any(|warning| warning.contains("the other one is on Disk3")), "{warnings:?}");
    let mut bytes = fs::read(root().join(image("ldm-mirrored-1.raw"))).unwrap();
    fs::write(&first, &bytes).unwrap();
    let run = audit(&[&folder]);
    assert_eq!((run.status, machines(&run.json()).len(), said(&run.json(), "error")), (1, 1, vec![]));
    // Behind the boot sector, in the part of the volume.
    let mft = bytes.windows(4).position(|window| window == b"FILE").unwrap();
    bytes[mft + 8] ^= 1;
    fs::write(&first, &bytes).unwrap();
    let run = audit(&[&folder]);
    assert_eq!((run.status, machines(&run.json()).len()), (3, 0));
    assert!(said(&run.json(), "error")[0].contains("differ"), "{:?}", said(&run.json(), "error"));
}

#[test]
fn a_collection_on_a_stick_whose_image_is_in_an_archive_is_not_passed_over() {
    let (_keep, folder) = scratch();
    let stick = fs::read(root().join(image("fat-collection.raw"))).unwrap();
    let archive = folder.join("stick.zip");
    fs::write(&archive, zip(&[("stick.raw", &stick)])).unwrap();
    let run = audit(&[&archive]);
    assert_eq!((run.status, machines(&run.json()).len()), (3, 0));
    assert!(said(&run.json(), "error")[0].contains("an archive inside an image"));
}

#[test]
fn extents_in_an_archive_are_read_with_their_descriptor_alone() {
    let report = audit(&[image("vmdk.zip")]).json();
    assert_eq!((machines(&report).len(), said(&report, "error")), (1, Vec::new()), "{report:#}");
}

#[test]
fn what_had_to_be_mended_is_told() {
    let report = audit(&[image("damaged-index.raw.gz")]).json().to_string();
    assert!(report.contains("all MFT records were searched"), "{report}");
    let report = audit(&[image("dirty.vhdx.gz")]).json().to_string();
    assert!(report.contains("the log was replayed (1 entry)"), "{report}");
}

#[test]
fn indexes_are_used_where_they_are_sound() {
    for (name, _, _) in IMAGES.iter().filter(|(_, _, inside)| !inside.is_empty()) {
        let report = audit(&[image(name)]).json().to_string();
        assert_eq!(report.contains("not to be trusted"), *name == "damaged-index.raw.gz", "{name}");
    }
}

#[test]
fn refusals_say_what_it_is() {
    for (name, what) in [
        ("bitlocker.raw.gz", "BitLocker"),
        ("luks.qcow2", "LUKS"),
        ("lvm.raw.gz", "LVM2"),
        ("refs.raw.gz", "ReFS"),
        ("encrypted.zip", "encrypted"),
        ("empty.7z", "7z"),
        ("acquired.E02", "acquired.E01"),
    ] {
        let errors = said(&audit(&[image(name)]).json(), "error");
        assert!(errors.iter().any(|message| message.contains(what)), "{name}: {errors:?}");
    }
    // Where Windows was found, it is a warning.
    let warnings = said(&audit(&[image("compliant.qcow2")]).json(), "warning");
    assert!(matches!(warnings.as_slice(), [one] if one.contains("BitLocker")), "{warnings:?}");
}

#[test]
fn one_volume_can_be_picked() {
    let disk = image("compliant.qcow2");
    let run = audit(&["--volume", "3", &disk]);
    let place = [r#"GPT 3 (NTFS "System")"#, CONFIG];
    assert_eq!((run.status, machines(&run.json())), (0, expected(&disk, &[("AADC-2019", true, &place)])));
    assert_eq!(said(&run.json(), "warning"), Vec::<String>::new(), "the other volumes are none of its business");
    assert_eq!(audit(&["--volume", "1", &disk]).status, 4);
    assert_eq!(audit(&["--volume", "4", &disk]).status, 3);
    let run = audit(&["--volume", "9", &disk]);
    assert_eq!(run.status, 3);
    assert!(said(&run.json(), "error")[0].contains("no partition 9"));
    let path = image("mbr-logical.raw.gz");
    let run = audit(&["--volume", "6", &path]);
    assert_eq!((run.status, machines(&run.json()).len()), (0, 1));
}

#[test]
fn a_volume_can_be_picked_by_where_it_starts() {
    let disk = image("compliant.qcow2");
    for offset in ["393216", "0x60000", "768s"] {
        let run = audit(&["--offset", offset, &disk]);
        let place = [r#"offset 0x60000 (NTFS "System")"#, CONFIG];
        assert_eq!(
            (run.status, machines(&run.json())),
            (0, expected(&disk, &[("AADC-2019", true, &place)])),
            "{offset}"
        );
    }
    assert_eq!(audit(&["--offset", "0x60200", &disk]).status, 3, "nothing that is known is there");
    assert_eq!(audit(&["--offset", "1099511627776", &disk]).status, 3, "behind the end");
    assert_eq!(audit(&["--offset", "1", "--volume", "1", &disk]).status, 2);
}

#[test]
fn copies_in_an_image_are_judged_on_demand_alone() {
    let disk = image("two-windows.raw.gz");
    let report = audit(&[&disk]).json();
    let left_out = report["diagnostics"].as_array().unwrap().iter().filter(|d| d["code"] == "backup-left-out");
    assert_eq!(left_out.count(), 2);
    let run = audit(&["--include-backups", &disk]);
    let mut found = machines(&run.json());
    found.sort();
    let regback = r"Windows\System32\config\RegBack\SYSTEM";
    let old = r"Windows.old\Windows\System32\config\SYSTEM";
    let raw = "two-windows.raw";
    let wanted: [Machine<'_>; 4] = [
        ("AADC-2019", true, &[raw, BARE, CONFIG]),
        ("AADC-2022", false, &[raw, BARE, r"WINNT\system32\config\SYSTEM"]),
        ("AADC-OFF", false, &[raw, BARE, old]),
        ("AADC-OFF", false, &[raw, BARE, regback]),
    ];
    assert_eq!((run.status, found), (1, expected(&disk, &wanted)));
    let backups = run.json()["hosts"].as_array().unwrap().iter().filter(|host| host["backup"] == true).count();
    assert_eq!(backups, 2);
}

/// The past of a machine is no machine of its own, wherever it lies; it is counted, and marked where it is asked for.
#[test]
fn the_past_is_left_out_and_said() {
    let kape = format!("{} › kape.vhd › {BARE} › C", image("kape.vhd.gz"));
    let shadow = format!("{} › uploads/ntfs/HarddiskVolumeShadowCopy", image("shadow-copies.zip"));
    for (name, machines, wanted) in [
        (
            "kape.vhd.gz",
            6,
            vec![
                (format!(r"{kape}\System Volume Information\_restore{{5EED}}"), 4),
                (format!(r"{kape}\Windows\System32\config\RegBack"), 2),
                (format!(r"{kape}\Windows\repair"), 2),
            ],
        ),
        ("shadow-copies.zip", 3, vec![(format!("{shadow}1"), 2), (format!("{shadow}2"), 2)]),
    ] {
        let report = audit(&[image(name)]).json();
        let places = report["left_out"].as_array().unwrap().iter();
        let mut places: Vec<(String, u64)> =
            places.map(|p| (p["path"].as_str().unwrap().to_owned(), p["files"].as_u64().unwrap())).collect();
        places.sort();
        assert_eq!(places, wanted, "{name}");
        let text = run(&["audit", &image(name)]).out();
        assert!(text.contains("\nleft out: ") && text.contains("--include-backups"), "{text}");
        let all = audit(&["--include-backups", &image(name)]).json();
        let hosts = all["hosts"].as_array().unwrap();
        let past = hosts.iter().filter(|host| host["backup"] == true).count();
        assert_eq!((hosts.len(), past), (machines, machines - report["hosts"].as_array().unwrap().len()), "{name}");
        assert_eq!(all["left_out"], Json::Array(Vec::new()), "{name}");
    }
}

/// The copies of `vss.raw.gz`: name, whether it is compliant (or that cannot be told), the day.
const COPIES: [(&str, &str, &str); 3] = [
    ("AADC-OFF", "unknown", "2024-03-01T00:00:00Z"),
    ("AADC-LOGS", "compliant", "2025-01-10T00:00:00Z"),
    ("AADC-SZ", "not_compliant", "2025-06-01T00:00:00Z"),
];

/// Name, verdict and number of the copy of each machine that was read from one.
fn past(report: &Json) -> Vec<(String, String, u64)> {
    let hosts = report["hosts"].as_array().unwrap().iter().filter(|host| !host["shadow_copy"].is_null());
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    hosts
        .map(|host| {
            assert_eq!((&host["backup"], &host["fix"]), (&Json::Bool(true), &Json::Null));
            (text(&host["name"]), text(&host["verdict"]), host["shadow_copy"]["number"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn shadow_copies_are_listed_always_and_judged_where_they_are_asked_for() {
    let disk = image("vss.raw.gz");
    let report = audit(&[&disk]).json();
    let input = report["inputs"].as_array().unwrap().iter().find(|input| !input["images"][0].is_null()).unwrap();
    let listed = input["images"][0]["volumes"][0]["shadow_copies"].as_array().unwrap();
    for ((copy, (.., day)), number) in listed.iter().zip(COPIES).zip(1u64..) {
        assert_eq!((copy["number"].as_u64(), copy["sequence"].as_u64()), (Some(number), Some(number)));
        assert!(copy["created"].as_str().unwrap().starts_with(day.trim_end_matches('Z')), "{copy}");
        assert_eq!(
            (&copy["read"], &copy["not_read"], &copy["kind"]),
            (&false.into(), &Json::Null, &"ApplicationRollback".into())
        );
        assert!(copy["set"].is_string() && copy["id"].is_string() && copy["store"].is_string());
    }
    let said = report["diagnostics"].as_array().unwrap().iter().find(|d| d["code"] == "shadow-copies").unwrap();
    assert!(
        said["message"].as_str().unwrap().starts_with("3 shadow copies, the newest first: shadow copy 3 of 2025-06-01")
    );
    assert!(run(&["audit", &disk]).out().contains("shadow copies: 3 of 2025-06-01T00:00:00Z, 2 of"));
    assert_eq!((report["summary"]["hosts"].as_u64(), past(&report)), (Some(1), Vec::new()));

    let wanted = |numbers: &[usize]| -> Vec<(String, String, u64)> {
        let copy = |number: &usize| {
            let (name, verdict, day) = COPIES[number - 1];
            (format!("{name} (shadow copy {number} of {day})"), verdict.to_owned(), u64::try_from(*number).unwrap())
        };
        numbers.iter().map(copy).collect()
    };
    for (which, status, numbers) in
        [("all", 1, &[1, 2, 3][..]), ("latest", 1, &[3]), ("2", 0, &[2]), ("1", 3, &[1]), ("2025-01-10", 0, &[2])]
    {
        let found = audit(&["--shadow-copies", which, &disk]);
        assert_eq!((found.status, past(&found.json())), (status, wanted(numbers)), "{which}");
        // The machine as it is stays what it is, and is none of the copies.
        let (before, after) = (&report["hosts"][0], &found.json()["hosts"][0]);
        assert_eq!((&before["id"], &before["verdict"]), (&after["id"], &after["verdict"]));
        let hosts =
            found.json()["hosts"].as_array().unwrap().iter().map(|host| host["id"].to_string()).collect::<Vec<_>>();
        assert!(!hosts[1..].contains(&hosts[0]));
    }
    let all = audit(&["--shadow-copies", "all", &disk]).json();
    let doubt = all["hosts"].as_array().unwrap().iter().find(|host| host["shadow_copy"]["number"] == 1).unwrap();
    let doubts = doubt["findings"].as_array().unwrap();
    assert!(doubts.iter().all(|finding| finding["outcome"] != "pass" && finding["outcome"] != "fail"), "{doubts:#?}");
    assert!(doubts.iter().any(|f| f["why"].as_str().unwrap().contains("it is not the hive of that day")));
    let logs = all["hosts"].as_array().unwrap().iter().find(|host| host["shadow_copy"]["number"] == 2).unwrap();
    let of_copy =
        |input: &Json| input["kind"] == "container" || input["name"].as_str().unwrap().contains("shadow copy 2");
    let inputs = logs["inputs"].as_array().unwrap();
    assert!(inputs.iter().all(of_copy) && inputs.iter().any(|input| input["kind"] == "log"), "{inputs:#?}");
}

#[test]
fn a_shadow_copy_that_is_asked_for_and_not_there_makes_the_run_incomplete() {
    for which in ["4", "2025-01-11"] {
        let run = audit(&["--shadow-copies", which, &image("vss.raw.gz")]);
        let text = run.json().to_string();
        assert!(
            run.status == 3 && text.contains("shadow-copy-not-read") && text.contains("there are 3"),
            "{which}: {text}"
        );
    }
    // Where none were ever made, nobody misses the latest.
    // Nothing that could have a copy was named: that is said, too.
    let none = audit(&["--shadow-copies", "all", "fixtures/hosts/compliant"]);
    assert!(none.err().contains("there is no disk image among the inputs"), "{}", none.err());
    let run = audit(&["--shadow-copies", "latest", &image("compliant.qcow2")]);
    assert!(run.status == 0 && run.json().to_string().contains("there are none"));
    assert_eq!(audit(&["--shadow-copies", "1", &image("compliant.qcow2")]).status, 3);
    let joined = common::run(&["audit", "--join", "--shadow-copies", "all", &image("vss.raw.gz")]);
    assert_eq!(joined.status, 2, "the past and the present are not one machine");
    for wrong in ["0", "-1", "newest", "2025-13-01"] {
        assert_eq!(common::run(&["audit", "--shadow-copies", wrong, "x"]).status, 2, "{wrong}");
    }
}

#[test]
fn a_key_is_shown_as_it_was_in_a_shadow_copy() {
    let disk = image("vss.raw.gz");
    let name = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName".replace(r"\\", r"\");
    let shown = |more: &[&str]| {
        let mut args = vec!["show", disk.as_str(), name.as_str(), "ComputerName"];
        args.extend(more);
        run(&args)
    };
    assert!(shown(&[]).out().contains("AADC-2019"));
    for (number, (name, ..)) in (1..).zip(COPIES) {
        let text = shown(&["--shadow-copy", &format!("{number}")]).out();
        assert!(text.contains(name), "{text}");
    }
    assert_eq!(shown(&["--shadow-copy", "4"]).status, 3);
}

/// A file of Group Policy on a machine is a fact about it, never a second machine.
#[test]
fn policies_on_a_machine_are_told_and_touch_no_verdict() {
    for (name, whats) in [("kape.vhd.gz", &["local", "users"][..]), ("shadow-copies.zip", &["local"])] {
        let report = audit(&[image(name)]).json();
        let host = &report["hosts"][0];
        let policies = host["group_policy"].as_array().unwrap();
        let mut found: Vec<&str> = policies.iter().map(|policy| policy["what"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!((host["verdict"].as_str().unwrap(), found), ("compliant", whats.to_vec()), "{name}");
        let local = policies.iter().find(|policy| policy["what"] == "local").unwrap();
        let would = &local["would"][0];
        assert_eq!(
            (&would["change"], &would["value"], &would["data"]["data"]),
            (&"set".into(), &"Enabled".into(), &0.into())
        );
        assert!(would["key"].as_str().unwrap().ends_with(r"TLS 1.2\Client"));
        let text = run(&["audit", &image(name)]).out();
        assert!(text.contains("note: local policy would set Enabled=0"), "{text}");
    }
}

fn copy(name: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(root().join(image(name)), to).unwrap();
}

#[test]
fn a_parent_in_another_folder_is_found_where_that_is_allowed() {
    for (child, parent, status) in [("over.vhd", "base.vhd", 1), ("backing-over.qcow2", "backing-base.qcow2", 0)] {
        let (_keep, folder) = scratch();
        let (image, parents) = (folder.join("vm").join(child), folder.join("parents"));
        copy(child, &image);
        copy(parent, &parents.join(parent));
        let run = audit(&[&image]);
        assert_eq!((run.status, machines(&run.json()).len()), (3, 0), "{child}");
        let errors = said(&run.json(), "error");
        assert!(errors[0].contains(parent) && errors[0].contains("--allow-dir"), "{errors:?}");
        let run = audit(&[Path::new("--allow-dir"), &parents, &image]);
        assert_eq!((run.status, machines(&run.json()).len()), (status, 1), "{child}");
        // Another folder does not help.
        assert_eq!(audit(&[Path::new("--allow-dir"), &folder.join("vm"), &image]).status, 3, "{child}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_folder_is_not_followed() {
    let (_keep, folder) = scratch();
    let (image, parents) = (folder.join("vm/over.vhd"), folder.join("parents"));
    copy("over.vhd", &image);
    copy("base.vhd", &parents.join("base.vhd"));
    std::os::unix::fs::symlink("../parents/base.vhd", folder.join("vm/base.vhd")).unwrap();
    let run = audit(&[&image]);
    assert_eq!((run.status, machines(&run.json()).len()), (3, 0));
    let errors = said(&run.json(), "error");
    assert!(errors[0].contains("outside the image's folder"), "{errors:?}");
    assert_eq!(audit(&[Path::new("--allow-dir"), &parents, &image]).status, 1);
}

#[test]
fn a_parent_that_is_not_the_one_is_refused() {
    let (_keep, folder) = scratch();
    copy("over.vhd", &folder.join("over.vhd"));
    let mut other = fs::read(root().join(image("base.vhd"))).unwrap();
    // Another identifier, in the footer and its copy, with their checksums.
    let len = other.len();
    for at in [0, len - 512] {
        other[at + 68 + 15] ^= 1;
        let sum: u32 = (0..512).filter(|i| !(64..68).contains(i)).map(|i| u32::from(other[at + i])).sum();
        other[at + 64..at + 68].copy_from_slice(&(!sum).to_be_bytes());
    }
    fs::write(folder.join("base.vhd"), other).unwrap();
    let run = audit(&[&folder.join("over.vhd")]);
    assert_eq!((run.status, machines(&run.json()).len()), (3, 0));
}

#[test]
fn images_that_build_on_themselves_are_told() {
    for name in ["qcow2-backs-itself.qcow2", "qcow2-loop-a.qcow2", "vmdk-names-itself.vmdk"] {
        let run = audit(&[format!("fixtures/hostile/{name}")]);
        let errors = said(&run.json(), "error");
        assert_eq!(run.status, 3);
        assert!(errors[0].contains("builds on the image again"), "{name}: {errors:?}");
    }
}

#[test]
fn what_cannot_be_read_of_a_hostile_image_is_no_empty_one() {
    // Their hive, SYSTEM alone, can be read in full, as far as that can be known.
    let readable = ["ntfs-index-loop.raw.gz", "zip-bomb.zip", "zip-names.zip", "zip-overlap.zip"];
    let names = fs::read_dir(root().join("fixtures/hostile")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let kinds = [".qcow2", ".vmdk", ".vdi", ".vhd", ".E01", ".zip", ".tar", ".gz"];
    for name in names.filter(|name| kinds.iter().any(|kind| name.ends_with(kind))) {
        let run = audit(&[format!("fixtures/hostile/{name}")]);
        // What is wrong with shadow copies touches the machine as it is only where they are asked for.
        let status = if readable.contains(&name.as_str()) || name.starts_with("vss-") { 1 } else { 3 };
        assert_eq!(run.status, status, "{name}: {}", run.err());
    }
}

#[test]
fn damaged_shadow_copies_are_told_and_not_read() {
    for (name, whys) in [
        ("catalog-loop", ["a loop", "newer copies may be missing", "newer copies may be missing"].as_slice()),
        ("far-away", &["at 0x7fffffffffffffff", "at 0x7fffffffffffffff"]),
        ("list-of-itself", &["block list", "block list"]),
        ("bitmap-of-itself", &[]),
    ] {
        let image = format!("fixtures/hostile/vss-{name}.raw.gz");
        let report = audit(&["--shadow-copies", "all", image.as_str()]).json();
        let said = said(&report, "error");
        assert!(
            said.len() == whys.len() && said.iter().zip(whys).all(|(said, why)| said.contains(why)),
            "{name}: {said:?}"
        );
        let listed = audit(&[image.as_str()]).json();
        assert_eq!(self::said(&listed, "error"), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_file_that_an_image_may_not_name_is_not_read() {
    for name in ["folder-above", "absolute-path", "device"] {
        let run = audit(&[format!("fixtures/hostile/vmdk-names-{name}.vmdk")]);
        assert_eq!(run.status, 3);
        assert!(!String::from_utf8_lossy(&run.stdout).contains("root:"), "{name}");
    }
}

#[test]
fn a_piece_that_is_missing_is_no_hole() {
    let (_keep, folder) = scratch();
    for name in ["split.001", "split.003"] {
        copy(name, &folder.join(name));
    }
    let run = audit(&[&folder.join("split.001")]);
    assert_eq!((run.status, machines(&run.json()).len()), (3, 0));
    let (_keep, folder) = scratch();
    copy("acquired.E01", &folder.join("acquired.E01"));
    let run = audit(&[&folder.join("acquired.E01")]);
    assert_eq!((run.status, machines(&run.json()).len()), (3, 0));
}

#[test]
fn an_image_that_is_cut_short_is_not_judged_as_if_it_were_whole() {
    for (name, status) in
        [("base.vhd", 3), ("compliant.qcow2", 3), ("stream.vmdk", 3), ("acquired.E02", 3), ("triage.zip", 3)]
    {
        let (_keep, folder) = scratch();
        let bytes = fs::read(root().join(image(name))).unwrap();
        // E01 is needed to make sense of E02.
        copy("acquired.E01", &folder.join("acquired.E01"));
        let cut = folder.join(name);
        fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
        let named = if name == "acquired.E02" { folder.join("acquired.E01") } else { cut };
        let run = audit(&[&named]);
        assert_eq!((run.status, machines(&run.json()).len()), (status, 0), "{name}: {:#}", run.json());
    }
}

/// A zip of stored members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut data, mut directory) = (Vec::new(), Vec::new());
    let two = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
    let four = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    for (name, bytes) in members {
        let (at, mut crc) = (data.len(), !0u32);
        for byte in *bytes {
            crc ^= u32::from(*byte);
            (0..8).for_each(|_| crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()));
        }
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
            &(!crc).to_le_bytes(),
            &four(bytes.len()),
            &four(bytes.len()),
            &two(name.len()),
            &[0, 0],
        ]
        .concat();
        data.extend([b"PK\x03\x04", &common[..], name.as_bytes(), bytes].concat());
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &four(at), name.as_bytes()].concat());
    }
    let (count, size, start) = (two(members.len()), four(directory.len()), four(data.len()));
    [&data[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &size, &start, &[0, 0]].concat()
}

fn hive(host: &str, name: &str) -> Vec<u8> {
    fs::read(root().join(format!("fixtures/hosts/{host}/{name}"))).unwrap()
}

#[test]
fn copies_in_an_archive_are_judged_on_demand_alone() {
    let (_keep, folder) = scratch();
    let (system, software) = (hive("compliant", "SYSTEM"), hive("compliant", "SOFTWARE"));
    let (old_system, old_software) = (hive("disabled", "SYSTEM"), hive("disabled", "SOFTWARE"));
    let archive = folder.join("kape.zip");
    let members = [
        ("C/Windows/System32/config/SYSTEM", &system[..]),
        ("C/Windows/System32/config/SOFTWARE", &software),
        ("C/Windows/System32/config/RegBack/SYSTEM", &old_system),
        ("C/Windows/System32/config/RegBack/SOFTWARE", &old_software),
        ("C/Windows.old/Windows/System32/config/SYSTEM", &old_system),
    ];
    fs::write(&archive, zip(&members)).unwrap();
    let report = audit(&[&archive]).json();
    let left_out = report["diagnostics"].as_array().unwrap().iter().filter(|d| d["code"] == "backup-left-out");
    assert_eq!((machines(&report).len(), left_out.count()), (1, 2), "{report:#}");
    assert_eq!(audit(&[&archive]).status, 0);
    let run = audit(&[Path::new("--include-backups"), &archive]);
    let backups = run.json()["hosts"].as_array().unwrap().iter().filter(|host| host["backup"] == true).count();
    assert_eq!((run.status, backups), (1, 2));
    // Where there is nothing else, that is said.
    fs::write(&archive, zip(&members[2..])).unwrap();
    let run = audit(&[&archive]);
    assert!(run.status == 4 && run.err().contains("copies from earlier days: 3"), "{}", run.err());
}

#[test]
fn hives_of_different_places_are_never_one_machine() {
    let (_keep, folder) = scratch();
    let volume = folder.join("volume.raw");
    let run = audit(&[Path::new("fixtures/images/compliant.qcow2")]);
    assert_eq!(run.status, 0);
    let (system, software) = (hive("compliant", "SYSTEM"), hive("compliant", "SOFTWARE"));
    // A member that looks as if it lay in the volume of an image beside it, and one like the second of two of a name.
    let disk = fs::read(root().join(image("backing-base.qcow2"))).unwrap();
    fs::write(
        &volume,
        zip(&[
            ("disk.qcow2", &disk),
            ("disk.qcow2/volume/Windows/System32/config/x_SOFTWARE", &software),
            ("a/SYSTEM", b"regf"),
            ("a/SYSTEM", &system),
            ("again 1/a/SOFTWARE", &software),
        ]),
    )
    .unwrap();
    let report = audit(&[&volume]).json();
    assert_eq!(machines(&report).len(), 1, "{report:#}");
    assert!(report["hosts"].as_array().unwrap().iter().all(|host| host["verdict"] != "compliant"));
}

#[test]
fn what_follows_the_end_of_a_tar_is_an_error() {
    let (_keep, folder) = scratch();
    let tar = fs::read(root().join(image("triage.tar"))).unwrap();
    for zeros in [0usize, 1 << 20] {
        let two = folder.join("two.tar");
        fs::write(&two, [&tar[..], &vec![0; zeros], &tar].concat()).unwrap();
        let run = audit(&[&two]);
        assert_eq!((run.status, machines(&run.json()).len()), (3, 1));
    }
    fs::write(folder.join("padded.tar"), [&tar[..], &vec![0; 1 << 20]].concat()).unwrap();
    assert_eq!(audit(&[folder.join("padded.tar")]).status, 0);
}

#[test]
fn images_that_build_on_one_another_do_not_hide_each_other() {
    let (_keep, folder) = scratch();
    let names = ["qcow2-loop-a.qcow2", "qcow2-loop-b.qcow2"];
    let images = names.map(|name| fs::read(root().join("fixtures/hostile").join(name)).unwrap());
    for (name, bytes) in names.iter().zip(&images) {
        fs::write(folder.join(name), bytes).unwrap();
    }
    assert_eq!(audit(&[&folder]).status, 3);
    let archive = folder.join("loop.zip");
    fs::write(&archive, zip(&[(names[0], &images[0]), (names[1], &images[1])])).unwrap();
    assert_eq!(audit(&[&archive]).status, 3);
}

#[test]
fn a_torn_log_in_an_archive_is_told() {
    let (_keep, folder) = scratch();
    let (system, mut log) = (hive("dirty-with-logs", "SYSTEM"), hive("dirty-with-logs", "SYSTEM.LOG1"));
    log[..512].fill(0);
    let archive = folder.join("torn.zip");
    fs::write(&archive, zip(&[("SYSTEM", &system), ("SYSTEM.LOG1", &log)])).unwrap();
    let warnings = said(&audit(&[&archive]).json(), "warning");
    assert!(warnings.iter().any(|warning| warning.contains("not applied")), "{warnings:?}");
}

#[test]
fn a_hive_of_other_bytes_in_an_archive_is_a_machine_of_which_nothing_can_be_told() {
    let (_keep, folder) = scratch();
    let archive = folder.join("wiped.zip");
    fs::write(&archive, zip(&[("C/Windows/System32/config/SYSTEM", &[7; 9000])])).unwrap();
    assert_eq!(audit(&[&archive]).status, 3);
}

#[test]
fn images_and_archives_are_never_overwritten() {
    let (_keep, folder) = scratch();
    // Neither has a machine in it; the second is not even an input.
    for name in ["luks.qcow2", "ext4.raw.gz", "acquired.E01", "acquired.E02", "over.vhd"] {
        copy(name, &folder.join(name));
        let before = fs::read(folder.join(name)).unwrap();
        for input in [folder.as_path(), Path::new("fixtures/hosts/compliant")] {
            let run = audit(&[Path::new("--force"), Path::new("-o"), &folder.join(name), input]);
            assert_eq!((run.status, fs::read(folder.join(name)).unwrap() == before), (2, true), "{name}");
        }
    }
    // A piece in the middle of an image shows by its image alone what it is.
    for name in ["split.001", "split.002", "split.003"] {
        copy(name, &folder.join("split").join(name));
    }
    let piece = folder.join("split/split.002");
    let run = audit(&[Path::new("--force"), Path::new("-o"), &piece, &folder.join("split")]);
    assert_eq!(run.status, 2);
}

#[test]
fn a_copy_of_a_boot_sector_in_a_triage_collection_is_no_disk() {
    let (_keep, folder) = scratch();
    let mut boot = vec![0u8; 8192];
    boot[..11].copy_from_slice(b"\xeb\x52\x90NTFS    ");
    boot[510..512].copy_from_slice(&[0x55, 0xaa]);
    let (system, software) = (hive("compliant", "SYSTEM"), hive("compliant", "SOFTWARE"));
    let archive = folder.join("kape.zip");
    let members = [("C/$Boot", &boot[..]), ("C/config/SYSTEM", &system), ("C/config/SOFTWARE", &software)];
    fs::write(&archive, zip(&members)).unwrap();
    assert_eq!(audit(&[&archive]).status, 0);
    for (name, bytes) in members {
        let path = folder.join("out").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(audit(&[folder.join("out")]).status, 0);
    assert_eq!(audit(&[folder.join("out/C/$Boot")]).status, 3, "named, it is looked into");
}

#[test]
fn a_disk_with_a_wiped_start_is_found_below_a_folder_and_in_an_archive() {
    let (_keep, folder) = scratch();
    let raw = |name: &str| {
        let mut bytes = Vec::new();
        let file = fs::File::open(root().join(image(name))).unwrap();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(file), &mut bytes).unwrap();
        bytes
    };
    // The protective MBR of a GPT; the boot sector of a volume, or its last two bytes.
    for (number, (name, wiped)) in
        [("gpt-4kn.raw.gz", 0..4096), ("fragmented.raw.gz", 0..512), ("fragmented.raw.gz", 510..512)]
            .into_iter()
            .enumerate()
    {
        let mut bytes = raw(name);
        bytes[wiped].fill(0);
        let below = folder.join(number.to_string());
        fs::create_dir(&below).unwrap();
        fs::write(below.join("disk.raw"), &bytes).unwrap();
        let run = audit(&[&below]);
        assert_eq!((run.status, machines(&run.json()).len()), (0, 1), "{name}");
        let archive = folder.join(format!("{number}.zip"));
        fs::write(&archive, zip(&[("disk.raw", &bytes)])).unwrap();
        let run = audit(&[&archive]);
        assert_eq!((run.status, machines(&run.json()).len()), (0, 1), "{name}");
    }
    // An encrypted disk below a folder, too.
    let luks = folder.join("luks");
    fs::create_dir(&luks).unwrap();
    fs::write(luks.join("disk.raw"), [&b"LUKS\xba\xbe\0\x02"[..], &[1; 1 << 17]].concat()).unwrap();
    assert_eq!(audit(&[&luks]).status, 3);
}

/// Each machine waits for the other one: neither would come if the images were judged one after the other.
#[test]
fn machines_in_images_of_one_folder_are_looked_at_side_by_side() {
    let (_keep, folder) = scratch();
    for name in ["a.qcow2", "b.qcow2"] {
        fs::copy(root().join("fixtures/images/compliant.qcow2"), folder.join(name)).unwrap();
    }
    let (limits, policy) = (Limits::default(), Policy::default_policy().unwrap());
    let options = Options::new(&limits);
    let inspection = Inspection { jobs: NonZeroUsize::new(2).unwrap(), ..Inspection::new(&policy, &options) };
    let (arrived, more) = (Mutex::new(0), Condvar::new());
    let met = door::each_machine(&[folder], &inspection, |_| {
        let mut arrived = arrived.lock().unwrap();
        *arrived += 1;
        more.notify_all();
        let wait = more.wait_timeout_while(arrived, Duration::from_secs(30), |arrived| *arrived < 2);
        !wait.unwrap().1.timed_out()
    });
    assert_eq!(met, [true, true]);
}
