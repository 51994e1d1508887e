//! Runs over many machines: on several threads, from lists, cut short and put together again.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value as Json;

use crate::common::{Run, finish, fixtures, program, root, run, scratch};

/// The records of a stream.
fn records(run: &Run) -> Vec<Json> {
    run.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_kind<'a>(records: &'a [Json], kind: &'a str) -> impl Iterator<Item = &'a Json> {
    records.iter().filter(move |record| record["record"] == kind)
}

/// Copies a host of the fixtures into a folder.
fn host(name: &str, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for hive in ["SYSTEM", "SOFTWARE"] {
        fs::copy(root().join("fixtures/hosts").join(name).join(hive), to.join(hive)).unwrap();
    }
}

#[test]
fn the_report_is_the_same_for_any_number_of_threads() {
    for format in ["text", "jsonl"] {
        let said = |jobs: &str| {
            let mut args = vec!["audit", "-v", "-j", jobs, "--format", format];
            args.extend(["fixtures/hosts", "fixtures/reg", "fixtures/images"]);
            let run = run(&args);
            (run.status, run.out(), run.err())
        };
        let one = said("1");
        assert_eq!(one.0, 1);
        for jobs in ["2", "8"] {
            assert!(said(jobs) == one, "{format} with {jobs} threads differs");
        }
    }
}

#[test]
fn files_are_named_in_the_order_of_the_walk_each_once() {
    let run = run(&["audit", "--format", "jsonl", "fixtures"]);
    let records = records(&run);
    let paths: Vec<&str> = of_kind(&records, "input").map(|input| input["path"].as_str().unwrap()).collect();
    let distinct: BTreeSet<&str> = paths.iter().copied().collect();
    assert_eq!(distinct.len(), paths.len());
    // Every file of the fixtures is there.
    for file in walkdir::WalkDir::new(root().join("fixtures")).into_iter().map(Result::unwrap) {
        let path = file.path().strip_prefix(root()).unwrap().display().to_string();
        assert!(!file.file_type().is_file() || distinct.contains(path.as_str()), "nothing is said of {path}");
    }
}

#[test]
fn what_a_list_names_is_judged_as_it_comes() {
    let mut command = program(&["audit", "--format", "jsonl", "--files-from", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut list, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut lines = BufReader::new(out).lines().map(|line| serde_json::from_str::<Json>(&line.unwrap()).unwrap());
    assert_eq!(lines.next().unwrap()["record"], "run");
    for name in ["compliant", "disabled"] {
        writeln!(list, "fixtures/hosts/{name}").unwrap();
        // Before the list goes on, or ends.
        assert_eq!(lines.next().unwrap()["unit"], format!("fixtures/hosts/{name}"));
        assert!(lines.by_ref().take(3).all(|record| record["record"] == "input"));
    }
    drop(list);
    assert_eq!(lines.next().unwrap()["status"], 1);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn lists_are_of_lines_or_of_what_ends_in_nul_and_name_the_same_machines() {
    let (_keep, folder) = scratch();
    let (odd, list) = (folder.join("a\nb"), folder.join("list"));
    host("compliant", &odd);
    let all = |args: &[&str], text: &[u8]| {
        fs::write(&list, text).unwrap();
        let run = run(&[&["audit", "--format", "jsonl", "--files-from", list.to_str().unwrap()], args].concat());
        let records = records(&run);
        let hosts: Vec<Json> = of_kind(&records, "host").map(|host| host["unit"].clone()).collect();
        (run.status, hosts)
    };
    let odd = odd.to_str().unwrap();
    assert_eq!(all(&["-0"], format!("{odd}\0fixtures/hosts/disabled\0").as_bytes()).1.len(), 2);
    assert_eq!(all(&[], b"fixtures/hosts/disabled\r\n\nfixtures/hosts/compliant").1.len(), 2);
    // Files of one folder that follow one another are one machine.
    let files = b"fixtures/hosts/compliant/SYSTEM\nfixtures/hosts/compliant/SOFTWARE\n";
    assert_eq!(all(&[], files), (0, vec!["fixtures/hosts/compliant".into()]));
    assert_eq!(all(&[], b"").0, 4);
    assert_eq!(all(&[], b"no-such-file\n").0, 2);
    assert_eq!(run(&["audit", "--files-from", "no-such-list"]).status, 2);
}

#[test]
fn a_run_that_is_killed_leaves_whole_lines_and_goes_on() {
    let (_keep, folder) = scratch();
    for n in 0..60 {
        let name = if n % 3 == 0 { "disabled" } else { "compliant" };
        host(name, &folder.join(format!("cases/h{n:02}")));
    }
    let cases = folder.join("cases").display().to_string();
    let whole = run(&["audit", "--format", "jsonl", &cases]);
    let mut child = program(&["audit", "-j", "2", "--format", "jsonl", &cases]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut first: Vec<String> = lines.by_ref().take(40).map(Result::unwrap).collect();
    child.kill().unwrap();
    first.extend(lines.map_while(Result::ok));
    child.wait().unwrap();
    let part = folder.join("part.jsonl");
    // The last line may have been cut: that is what a killed run leaves.
    let cut = first.last().unwrap().len() / 2;
    let text: String = first.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&part, format!("{text}{}", first.last().unwrap().get(..cut).unwrap())).unwrap();
    let part = part.display().to_string();
    let alone = run(&["report", &part]);
    assert!(alone.status == 1 && alone.err().contains("cut short"), "{}", alone.err());
    let rest = run(&["audit", "--format", "jsonl", "--resume", &part, &cases]);
    assert!(of_kind(&records(&rest), "host").count() < 60);
    let more = folder.join("rest.jsonl");
    fs::write(&more, &rest.stdout).unwrap();
    let put_together = run(&["report", "--format", "json", &part, more.to_str().unwrap()]);
    let document = put_together.document();
    let names = |document: &Json| -> BTreeSet<(String, String)> {
        let hosts = document["hosts"].as_array().unwrap().iter();
        hosts.map(|host| (host["unit"].to_string(), host["verdict"].to_string())).collect()
    };
    let all = run(&["audit", "--format", "json", &cases]).document();
    assert_eq!(names(&document), names(&all));
    assert_eq!((put_together.status, &document["end"]["complete"]), (1, &true.into()), "{}", put_together.err());
    for count in ["hosts", "compliant", "not_compliant", "unreadable"] {
        assert_eq!(document["end"]["summary"][count], all["end"]["summary"][count], "{count}");
    }
    assert_eq!(whole.status, 1);
}

/// What a run that is cut after any of its lines is done with is on record in it: with the rest, nothing is missing.
#[test]
fn a_run_over_images_goes_on_from_any_line() {
    let (_keep, folder) = scratch();
    let cases = folder.join("cases");
    fs::create_dir_all(&cases).unwrap();
    for name in ["encrypted-in-part.zip", "shadow-copies.zip", "compliant.qcow2"] {
        fs::copy(root().join("fixtures/images").join(name), cases.join(name)).unwrap();
    }
    for name in ["lvm.raw", "bitlocker.raw"] {
        let packed = fs::File::open(root().join(format!("fixtures/images/{name}.gz"))).unwrap();
        let mut out = fs::File::create(cases.join(name)).unwrap();
        std::io::copy(&mut flate2::read::MultiGzDecoder::new(packed), &mut out).unwrap();
    }
    let cases = cases.display().to_string();
    let file = |name: &str| folder.join(name).display().to_string();
    let (part, more) = (file("part.jsonl"), file("more.jsonl"));
    let whole = run(&["audit", "--format", "jsonl", &cases]);
    let text = whole.out();
    let lines: Vec<&str> = text.lines().collect();
    let what = |text: &str| -> BTreeSet<String> {
        let records = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        let records = records.filter(|record| matches!(record["record"].as_str(), Some("host" | "input")));
        // A folder counts the machines of each part.
        let folder = |record: &Json| record["kind"] == "folder";
        records
            .filter(|record| !folder(record))
            .map(|record| format!("{} {}", record["path"], record["name"]))
            .collect()
    };
    let all = what(&text);
    assert!(all.len() > 10, "{all:?}");
    for cut in 1..lines.len() {
        fs::write(&part, lines[..cut].join("\n") + "\n").unwrap();
        let rest = run(&["audit", "--format", "jsonl", "--resume", &part, &cases]);
        fs::write(&more, &rest.stdout).unwrap();
        let both: BTreeSet<String> = what(&lines[..cut].join("\n")).union(&what(&rest.out())).cloned().collect();
        assert_eq!(both, all, "cut after line {cut}");
        assert_eq!(rest.status, whole.status, "cut after line {cut}: {}", rest.err());
        let report = run(&["report", "-o", &file("out"), "--force", &part, &more]);
        assert_eq!(report.status, whole.status, "cut after line {cut}: {}", report.err());
    }
}

/// What is done was decided by all of these: with others it cannot be left out.
#[test]
fn a_run_goes_on_with_what_it_was_begun_with_alone() {
    let (_keep, folder) = scratch();
    let file = |name: &str| folder.join(name).display().to_string();
    let (saved, waivers) = (file("run.jsonl"), file("w.toml"));
    let write = |reason: &str| {
        fs::write(&waivers, format!("[[waiver]]\nrule = \"tls12-server-enabled\"\nreason = \"{reason}\"\n")).unwrap();
    };
    let begin = ["--waivers", &waivers, "--date", "2026-01-01", "fixtures/hosts/disabled"];
    write("one");
    run(&[&["audit", "--format", "jsonl", "-o", &saved], &begin[..]].concat());
    let again = |more: &[&str]| run(&[&["audit", "--resume", &saved], more].concat());
    // There is nothing left to do, and the status is that of both.
    assert_eq!(again(&begin).status, 1, "{}", again(&begin).err());
    assert!(again(&begin).err().contains("goes on with"), "{}", again(&begin).err());
    let day = begin.map(|arg| arg.replace("2026-01-01", "2026-01-02"));
    let day: Vec<&str> = day.iter().map(String::as_str).collect();
    let complete = [&begin[..], &["--require-complete"]].concat();
    for (args, what) in [(day, "those of another day"), (complete, "other options")] {
        let run = again(&args);
        assert!(run.status == 2 && run.err().contains(what), "{}", run.err());
    }
    write("two");
    let run = again(&begin);
    assert!(run.status == 2 && run.err().contains("other waivers"), "{}", run.err());
}

#[test]
fn a_hive_is_no_saved_run_that_was_cut() {
    let run = run(&["report", "fixtures/hosts/compliant/SYSTEM"]);
    assert!(run.status == 3 && run.err().contains("SYSTEM:1:"), "{}", run.err());
}

#[test]
fn saved_runs_are_put_together_and_what_is_wrong_with_them_is_said() {
    let (_keep, folder) = scratch();
    let saved = |name: &str, input: &str| {
        let path = folder.join(name);
        fs::write(&path, run(&["audit", "--format", "jsonl", input]).stdout).unwrap();
        path.display().to_string()
    };
    let (good, bad) = (saved("a.jsonl", "fixtures/hosts/compliant"), saved("b.jsonl", "fixtures/hosts/disabled"));
    // A run that goes on with one that is not given is not all.
    let rest =
        run(&["audit", "--format", "jsonl", "--resume", &bad, "fixtures/hosts/disabled", "fixtures/hosts/compliant"]);
    assert_eq!(rest.status, 1, "{}", rest.err());
    let goes_on = folder.join("rest.jsonl").display().to_string();
    fs::write(&goes_on, rest.stdout).unwrap();
    let alone = run(&["report", &goes_on]);
    assert!(alone.status == 3 && alone.err().contains("which is not given"), "{}", alone.err());
    assert_eq!(run(&["report", &bad, &goes_on]).status, 1);
    let compared = run(&["diff", &goes_on, &good]);
    assert!(compared.status == 3 && compared.out().contains("goes on with"), "{}", compared.out());
    // Nor are machines as they are and as they would be one run.
    let what_if = run(&[
        "audit",
        "--format",
        "jsonl",
        "fixtures/hosts/wrong-type",
        "--overlay",
        "fixtures/reg/compliant-utf8.reg",
    ]);
    let other = folder.join("what-if.jsonl").display().to_string();
    fs::write(&other, what_if.stdout).unwrap();
    let mixed = run(&["report", &good, &other]);
    assert!(mixed.status == 3 && mixed.err().contains("other files of --overlay"), "{}", mixed.err());
    let text = run(&["report", &good]);
    assert_eq!((text.status, text.err()), (0, String::new()));
    assert!(text.out().starts_with("The machine meets entra-connect-tls12"), "{}", text.out());
    let text = run(&["report", &good, &bad]);
    assert!(text.status == 1 && text.out().contains("A AADC-OFF"), "{}", text.out());
    let twice = run(&["report", &good, &good]);
    assert!(twice.status == 0 && twice.err().contains("was judged before"), "{}", twice.err());
    assert!(twice.out().contains("The machine meets"), "{}", twice.out());
    let missing = run(&["report", &good, "no-such.jsonl"]);
    assert!(missing.status == 2 && missing.err().contains("no-such.jsonl"), "{}", missing.err());
    let damaged = folder.join("c.jsonl");
    fs::write(&damaged, format!("{}\nnonsense\n", fs::read_to_string(&good).unwrap().lines().next().unwrap())).unwrap();
    let run = run(&["report", damaged.to_str().unwrap()]);
    assert!(run.status == 3 && run.err().contains("c.jsonl:2:"), "{}", run.err());
}

#[test]
fn every_fixture_of_its_own_is_the_one_in_the_whole() {
    let whole = run(&["audit", "--format", "json", "fixtures/hosts", "fixtures/reg"]).document();
    let hosts = whole["hosts"].as_array().unwrap();
    for fixture in fixtures() {
        let alone = finish(program(&["audit", "--format", "json", &fixture])).document();
        for host in alone["hosts"].as_array().unwrap() {
            assert!(hosts.contains(host), "{fixture}");
        }
    }
}
