//! Runs cut into parts for many machines: shards, and lists that are cut anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value as Json;

use crate::common::{program, root, run, scratch};

fn records(bytes: &[u8]) -> Vec<Json> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect()
}

/// What runs said together: each record of a machine or an input, sorted; how many machines each folder that was named has; and
/// the sums of their ends.
#[derive(Debug, PartialEq, Default)]
struct Said {
    records: Vec<String>,
    folders: BTreeMap<String, u64>,
    sums: BTreeMap<String, u64>,
}

fn said(runs: &[Vec<u8>]) -> Said {
    let mut said = Said::default();
    for record in runs.iter().flat_map(|run| records(run)) {
        match record["record"].as_str().unwrap() {
            "input" if record["kind"] == "folder" && record["named"] == true => {
                let name = record["path"].as_str().unwrap().to_owned();
                *said.folders.entry(name).or_default() += record["hosts"].as_u64().unwrap();
            }
            "host" | "input" => said.records.push(record.to_string()),
            "end" => {
                for (name, count) in record["summary"].as_object().unwrap() {
                    *said.sums.entry(name.clone()).or_default() += count.as_u64().unwrap();
                }
            }
            _ => {}
        }
    }
    said.records.sort();
    said
}

fn assert_same(parts: &Said, whole: &Said, what: &str) {
    for record in &parts.records {
        assert!(whole.records.contains(record), "{what}: only a part says {record}");
    }
    for record in &whole.records {
        assert!(parts.records.contains(record), "{what}: no part says {record}");
    }
    assert_eq!(parts.records.len(), whole.records.len(), "{what}: said twice");
    assert_eq!((&parts.folders, &parts.sums), (&whole.folders, &whole.sums), "{what}");
}

fn shards(count: u64, inputs: &[&str]) -> Vec<Vec<u8>> {
    let one = |index| {
        let shard = format!("{index}/{count}");
        run(&[&["audit", "--format", "jsonl", "--shard", &shard], inputs].concat()).stdout
    };
    (0..count).map(one).collect()
}

fn whole(inputs: &[&str]) -> Vec<u8> {
    run(&[&["audit", "--format", "jsonl"], inputs].concat()).stdout
}

fn copy(from: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(root().join("fixtures").join(from), to).unwrap();
}

/// Machines of every kind: pairs, pairs of one folder, exports, images with parents here and further down, disks of one group,
/// archives, files of Group Policy apart from their hives, copies of an earlier day.
fn tree(folder: &Path) {
    for host in ["compliant", "disabled", "wrong-type", "dirty-with-logs", "system-only"] {
        for file in fs::read_dir(root().join("fixtures/hosts").join(host)).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            copy(&format!("hosts/{host}/{name}"), &folder.join(host).join(&name));
            copy(&format!("hosts/{host}/{name}"), &folder.join("flat").join(format!("{host}_{name}")));
        }
    }
    copy("reg/disabled.reg", &folder.join("exports/a.reg"));
    copy("reg/disabled.reg", &folder.join("exports/b.reg"));
    for image in [
        "backing-base.qcow2",
        "backing-over.qcow2",
        "base.vhd",
        "over.vhd",
        "luks.qcow2",
        "triage.tar",
        "split.001",
        "split.002",
        "split.003",
    ] {
        copy(&format!("images/{image}"), &folder.join("images").join(image));
    }
    // A parent that lies below its child.
    copy("images/backing-over.qcow2", &folder.join("above/backing-over.qcow2"));
    copy("images/backing-base.qcow2", &folder.join("above/below/backing-base.qcow2"));
    for half in ["ldm-mirrored-1.raw", "ldm-mirrored-2.raw", "ldm-spanned-1.raw", "ldm-spanned-2.raw"] {
        copy(&format!("images/{half}"), &folder.join("disks").join(half));
    }
    for hive in ["SYSTEM", "SOFTWARE"] {
        copy(&format!("hosts/compliant/{hive}"), &folder.join("c/Windows/System32/config").join(hive));
        copy(&format!("hosts/disabled/{hive}"), &folder.join("c/Windows/System32/config/RegBack").join(hive));
    }
    fs::create_dir_all(folder.join("c/Windows/System32/GroupPolicy/Machine")).unwrap();
    fs::write(folder.join("c/Windows/System32/GroupPolicy/Machine/Registry.pol"), b"PReg\x01\0\0\0").unwrap();
    fs::write(folder.join("notes.txt"), "nothing").unwrap();
    fs::write(folder.join("compliant/empty.vhd"), "").unwrap();
}

#[test]
fn shards_together_say_what_the_whole_says() {
    let (_keep, folder) = scratch();
    tree(&folder);
    let name = folder.display().to_string();
    let image = |name: &str| folder.join("images").join(name).display().to_string();
    let list = folder.parent().unwrap().join(format!("{}.list", folder.file_name().unwrap().to_str().unwrap()));
    let mut lines: Vec<String> =
        ["compliant", "disabled/SYSTEM", "disabled/SOFTWARE", "images/luks.qcow2", "exports", "gone"]
            .iter()
            .map(|line| format!("{name}/{line}\n"))
            .collect();
    lines.sort();
    fs::write(&list, lines.concat()).unwrap();
    let list_name = list.display().to_string();
    let (base, over, luks) = (image("backing-base.qcow2"), image("backing-over.qcow2"), image("luks.qcow2"));
    let (gone, disabled) = (format!("{name}/gone"), format!("{name}/disabled/SYSTEM"));
    let allowed = format!("{name}/above/below");
    let inputs: [&[&str]; 6] = [
        &[&name],
        &[&base, &over, &luks, &gone, &disabled, "fixtures/reg/disabled.reg"],
        &["--files-from", &list_name],
        &["--allow-dir", &allowed, &name],
        &["--include-backups", "--control-set", "all", &name],
        &["fixtures/reg", "fixtures/hostile"],
    ];
    for (number, inputs) in inputs.iter().enumerate() {
        let all = said(&[whole(inputs)]);
        assert!(!all.records.is_empty(), "{inputs:?}");
        // The first is the one that has everything.
        for count in if number == 0 { &[1, 2, 4, 7][..] } else { &[3] } {
            let parts = shards(*count, inputs);
            assert_same(&said(&parts), &all, &format!("{count} shards of {inputs:?}"));
            if number == 0 && *count == 4 {
                let with_hosts =
                    parts.iter().filter(|part| records(part).iter().any(|record| record["record"] == "host"));
                assert!(with_hosts.count() > 1, "all machines are of one shard");
            }
        }
    }
    fs::remove_file(list).unwrap();
}

#[test]
fn a_pair_is_in_one_shard_and_one_that_is_killed_goes_on() {
    let (_keep, folder) = scratch();
    for n in 0..120 {
        let host = if n % 3 == 0 { "disabled" } else { "compliant" };
        for hive in ["SYSTEM", "SOFTWARE"] {
            copy(&format!("hosts/{host}/{hive}"), &folder.join(format!("cases/h{n:03}/{hive}")));
        }
    }
    let cases = folder.join("cases").display().to_string();
    let mut names = Vec::new();
    let mut save = |name: String, bytes: &[u8]| {
        fs::write(folder.join(&name), bytes).unwrap();
        names.push(folder.join(&name).display().to_string());
    };
    for (index, part) in shards(4, &[&cases]).iter().enumerate() {
        for host in records(part).iter().filter(|record| record["record"] == "host") {
            assert_eq!(host["inputs"].as_array().unwrap().len(), 2, "{}", host["unit"]);
        }
        if index != 2 {
            save(format!("{index}.jsonl"), part);
        }
    }
    let args = ["audit", "-j", "1", "--format", "jsonl", "--shard", "2/4", &cases];
    let mut child = program(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).split(b'\n');
    let first: Vec<Vec<u8>> = lines.by_ref().take(12).map(|line| [line.unwrap(), vec![b'\n']].concat()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    save("2a.jsonl".to_owned(), &first.concat());
    let cut = folder.join("2a.jsonl").display().to_string();
    // Another shard does not go on with it.
    let other = run(&["audit", "--format", "jsonl", "--shard", "1/4", "--resume", &cut, &cases]);
    assert!(other.status == 2 && other.err().contains("another --shard"), "{}", other.err());
    let rest = run(&["audit", "--format", "jsonl", "--shard", "2/4", "--resume", &cut, &cases]);
    save("2b.jsonl".to_owned(), &rest.stdout);
    let together = |names: &[String]| {
        let mut args = vec!["report", "--format", "json"];
        args.extend(names.iter().map(String::as_str));
        run(&args)
    };
    let merged = together(&names);
    assert_eq!((merged.status, merged.err()), (1, String::new()));
    let (merged, all) = (merged.document(), run(&["audit", "--format", "json", &cases]).document());
    let sorted = |document: &Json, part: &str| {
        // How many machines a folder has is not known of a run that was killed.
        let is_root = |record: &&Json| record["kind"] == "folder";
        let records = document[part].as_array().unwrap().iter().filter(|record| !is_root(record));
        let mut records: Vec<String> = records.map(Json::to_string).collect();
        records.sort();
        records
    };
    for part in ["hosts", "inputs"] {
        assert!(sorted(&merged, part) == sorted(&all, part), "{part} differ");
    }
    assert_eq!(merged["end"]["summary"], all["end"]["summary"]);
    assert_eq!(merged["end"]["complete"], true);
    names.remove(1);
    let less = together(&names);
    assert!(less.status == 1 && less.err().contains("1 of 4 shards are missing: 1/4"), "{}", less.err());
    assert_eq!(less.document()["end"]["complete"], false);
}

#[test]
fn what_is_no_shard_is_refused() {
    for wrong in ["4/4", "1", "a/b", "0/0"] {
        let refused = run(&["audit", "--shard", wrong, "fixtures/hosts/compliant"]);
        assert!(refused.status == 2 && refused.err().contains("such as 0/4"), "{}", refused.err());
    }
    let joined = run(&["audit", "--shard", "0/1", "--join", "fixtures/hosts/compliant"]);
    assert_eq!(joined.status, 2);
}

#[test]
fn without_exit_codes_verdicts_give_zero_and_failures_do_not() {
    for input in
        ["fixtures/hosts/disabled", "fixtures/hosts/system-only", "fixtures/images/luks.qcow2", "no-such", "src"]
    {
        assert_ne!(run(&["audit", "-q", input]).status, 0, "{input}");
        let run = run(&["audit", "--format", "jsonl", "--no-exit-codes", input]);
        assert_eq!(run.status, 0, "{input}");
        assert_ne!(records(&run.stdout).last().unwrap()["status"], 0, "{input}: the end says what it was");
    }
    for args in [
        &["audit", "--no-exit-codes", "--no-such-option"][..],
        &["audit", "--no-exit-codes", "--policy", "no-such", "fixtures/hosts/compliant"],
        &["audit", "--no-exit-codes", "-o", "/no/such/folder", "fixtures/hosts/compliant"],
        &["audit", "--no-exit-codes", "--files-from", "no-such-list"],
    ] {
        assert_eq!(run(args).status, 2, "{args:?}");
    }
    if cfg!(target_os = "linux") {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = program(&["audit", "--no-exit-codes", "--format", "jsonl", "fixtures/hosts"]);
        assert_eq!(command.stdout(full).stderr(Stdio::null()).status().unwrap().code(), Some(2));
    }
}

#[test]
fn a_small_stream_has_what_is_asked_for_and_counts_everything() {
    let all = whole(&["fixtures/hosts", "fixtures/images"]);
    let end = |bytes: &[u8]| records(bytes).last().unwrap()["summary"].clone();
    let verdicts = |bytes: &[u8]| -> Vec<String> {
        let records = records(bytes);
        let hosts = records.iter().filter(|record| record["record"] == "host");
        hosts.map(|host| host["verdict"].as_str().unwrap().to_owned()).collect()
    };
    let only = |what: &str| whole(&["--only", what, "fixtures/hosts", "fixtures/images"]);
    let (failing, unknown, both) = (only("failing"), only("not-judged"), only("failing,not-judged"));
    for part in [&failing, &unknown, &both] {
        assert_eq!(end(part), end(&all));
    }
    let count = |name: &str| usize::try_from(end(&all)[name].as_u64().unwrap()).unwrap();
    assert_eq!(verdicts(&failing), vec!["not_compliant"; count("not_compliant")]);
    assert_eq!(verdicts(&unknown), vec!["unknown"; count("unknown")]);
    assert_eq!(verdicts(&both).len(), count("not_compliant") + count("unknown"));
    assert!(records(&failing).iter().all(|record| record["record"] != "input"));
    assert!(records(&unknown).iter().any(|record| record["path"] == "fixtures/images/luks.qcow2"));
    // It is put together by its end, does not tell what is done, and is no run to compare with.
    let (_keep, folder) = scratch();
    let saved = folder.join("failing.jsonl");
    fs::write(&saved, &failing).unwrap();
    let saved = saved.display().to_string();
    let merged = run(&["report", "--format", "json", &saved]);
    assert_eq!((merged.status, &merged.document()["end"]["summary"]), (1, &end(&all)));
    let resumed = run(&["audit", "--format", "jsonl", "--resume", &saved, "fixtures/hosts"]);
    assert!(resumed.status == 2 && resumed.err().contains("--only"), "{}", resumed.err());
    let compared = run(&["diff", &saved, "fixtures/hosts"]);
    assert!(compared.out().contains("no other machines than these: failing"), "{}", compared.out());
    assert_eq!(run(&["audit", "--only", "failing", "fixtures/hosts"]).status, 2, "text is about all machines");
}

/// The machines of runs, and what was said to be split.
fn machines(runs: &[Vec<u8>]) -> (Vec<String>, usize) {
    let (mut units, mut splits) = (Vec::new(), 0);
    for record in runs.iter().flat_map(|run| records(run)) {
        match record["record"].as_str().unwrap() {
            "host" => units.push(format!("{} {} {}", record["unit"], record["verdict"], record["inputs"])),
            "input" => {
                let remarks = record["diagnostics"].as_array().unwrap();
                splits += remarks.iter().filter(|remark| remark["code"] == "split-unit").count();
            }
            _ => {}
        }
    }
    units.sort();
    (units, splits)
}

#[test]
fn a_list_that_is_cut_anywhere_gives_the_same_machines_or_says_so() {
    let (_keep, folder) = scratch();
    for host in ["compliant", "disabled", "wrong-type"] {
        for hive in ["SYSTEM", "SOFTWARE"] {
            copy(&format!("hosts/{host}/{hive}"), &folder.join("cases").join(host).join(hive));
        }
    }
    for image in ["backing-base.qcow2", "backing-over.qcow2"] {
        copy(&format!("images/{image}"), &folder.join("cases/vm").join(image));
    }
    let cases = folder.join("cases").display().to_string();
    let of_folder = machines(&[whole(&[&cases])]);
    assert_eq!((of_folder.0.len(), of_folder.1), (4, 0));
    let all: Vec<String> = walkdir::WalkDir::new(&cases)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().display().to_string())
        .collect();
    let list = folder.join("list").display().to_string();
    let of_list = |files: &[String]| {
        fs::write(&list, files.iter().map(|file| format!("{file}\n")).collect::<String>()).unwrap();
        whole(&["--files-from", &list])
    };
    let of_arguments = |files: &[String]| whole(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let hives: Vec<String> = all.iter().filter(|file| !file.ends_with("qcow2")).cloned().collect();
    for judged in [&of_list as &dyn Fn(&[String]) -> Vec<u8>, &of_arguments] {
        for size in 1..=all.len() {
            let runs: Vec<Vec<u8>> = all.chunks(size).map(judged).collect();
            let (units, splits) = machines(&runs);
            assert!(splits > 0 || units == of_folder.0, "{size} files at a time: {units:#?}");
        }
        let in_order = machines(&[judged(&hives)]);
        assert_eq!((in_order.0.len(), in_order.1), (3, 0), "nothing is said where nothing is wrong");
    }
    // Files of one folder that do not follow one another: known from the start they are one machine, in a list they are not.
    let mut torn: Vec<String> = hives.clone();
    torn.sort_by_key(|file| file.rsplit('/').next().unwrap().to_owned());
    assert_eq!(machines(&[of_arguments(&torn)]), in_pairs(&of_folder.0));
    let (units, splits) = machines(&[of_list(&torn)]);
    assert!(units.len() == 6 && splits >= 3, "{splits} of {}", units.len());
    // A folder, and files of it.
    let (units, splits) = machines(&[of_list(&[format!("{cases}/disabled"), hives[0].clone(), hives[2].clone()])]);
    assert!(splits >= 1, "{units:#?}");
}

/// Machines of hives alone, without a remark.
fn in_pairs(of_folder: &[String]) -> (Vec<String>, usize) {
    (of_folder.iter().filter(|unit| !unit.contains("qcow2")).cloned().collect(), 0)
}
