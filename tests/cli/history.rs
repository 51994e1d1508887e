//! Histories of machines, from what fixtures hold of the past.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::Value as Json;

use crate::common::{root, run, scratch};
use crate::snapshot::assert_run;

/// Copies a host of the fixtures, with its logs, into a folder.
fn host(name: &str, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(root().join("fixtures/hosts").join(name)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn history(inputs: &[&str]) -> (i32, Json) {
    let run = run(&[&["history", "--format", "json"], inputs].concat());
    (run.status, run.document())
}

/// The sources of each line of a machine.
fn sources(machine: &Json) -> Vec<Vec<String>> {
    let of = |line: &Json| {
        let moments = line["moments"].as_array().unwrap().iter();
        moments.map(|moment| moment["source"].as_str().unwrap().to_owned()).collect()
    };
    machine["lines"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn shadow_copies_logs_and_control_sets_are_told() {
    assert_run("history_shadow_copies", &["history", "fixtures/images/vss.raw.gz"]);
    assert_run("history_logs", &["history", "fixtures/hosts/dirty-with-logs"]);
    assert_run("history_control_sets", &["history", "fixtures/hosts/three-control-sets"]);
    assert_run("history_windows_old", &["history", "fixtures/images/two-windows.raw.gz"]);
    assert_run("history_csv", &["history", "--format", "csv", "fixtures/hosts/three-control-sets"]);
    assert_run("history_json", &["history", "--format", "json", "fixtures/hosts/dirty-with-logs"]);
    assert_run(
        "history_policies",
        &["history", "--policy", "tls12-only", "--policy", "entra-connect-tls12", "fixtures/hosts/dirty-with-logs"],
    );
}

#[test]
fn the_status_is_that_of_the_machine_as_it_is() {
    for input in
        ["fixtures/images/vss.raw.gz", "fixtures/hosts/disabled", "fixtures/hosts/damaged-target", "Cargo.toml"]
    {
        assert_eq!(history(&[input]).0, run(&["audit", "-q", input]).status, "{input}");
    }
    let run = run(&["history", "fixtures/hosts/compliant", "--host", "NOBODY"]);
    assert_eq!(run.status, 2);
}

#[test]
fn folders_of_one_machine_are_one_history_and_the_newest_decides() {
    let (_keep, folder) = scratch();
    // `iis-crypto` was configured last.
    for name in ["compliant", "disabled"] {
        host(name, &folder.join(name));
    }
    let (status, document) = history(&[folder.to_str().unwrap()]);
    let machines = document["machines"].as_array().unwrap();
    assert_eq!((status, machines.len()), (1, 2), "two names are two machines");
    host("disabled", &folder.join("compliant/Windows/System32/config/RegBack"));
    host("compliant", &folder.join("compliant/Windows/System32/config"));
    let copy = folder.join("compliant/Windows/System32/config/RegBack/SYSTEM");
    fs::write(copy.with_file_name("SOFTWARE"), b"").unwrap();
    let (status, document) = history(&[folder.join("compliant/Windows").to_str().unwrap()]);
    let machines = document["machines"].as_array().unwrap();
    assert_eq!((status, machines.len()), (0, 1));
    assert_eq!(sources(&machines[0]), [["regback"], ["now"]]);
    // SOFTWARE of RegBack is empty, which is said.
    let lost = document["not_read"].as_array().unwrap();
    assert!(lost.iter().any(|lost| lost["path"].as_str().unwrap().ends_with("SOFTWARE")), "{lost:?}");
    let changes = machines[0]["lines"][1]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 4, "what the copy does not say is no change: {changes:?}");
}

#[test]
fn the_past_that_cannot_be_read_is_said_and_leaves_nothing_open() {
    let (_keep, folder) = scratch();
    let config = folder.join("Windows/System32/config");
    host("compliant", &config);
    host("compliant", &config.join("RegBack"));
    let copy = config.join("RegBack/SYSTEM");
    let mut bytes = fs::read(&copy).unwrap();
    bytes[..512].fill(b'r');
    bytes[..4].copy_from_slice(b"regf");
    fs::write(&copy, &bytes).unwrap();
    let (status, document) = history(&[folder.to_str().unwrap()]);
    assert_eq!(status, 0);
    let lost = document["not_read"].as_array().unwrap();
    assert!(lost[0]["path"].as_str().unwrap().ends_with("SYSTEM"), "{lost:?}");
}

#[test]
fn a_shadow_copy_without_windows_is_said() {
    let (_keep, folder) = scratch();
    let mut disk = Vec::new();
    let packed = fs::File::open(root().join("fixtures/images/vss.raw.gz")).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut disk).unwrap();
    // Where the table of files of the oldest copy lies.
    disk[0x28000..0x2c000].fill(0);
    let image = folder.join("vss.raw");
    fs::write(&image, disk).unwrap();
    let (status, document) = history(&[image.to_str().unwrap()]);
    let lost = document["not_read"].as_array().unwrap();
    let is_it = |lost: &Json| lost["path"].as_str().unwrap().contains("shadow copy 1 of ");
    assert!(status == 0 && lost.iter().any(is_it), "{status} {lost:?}");
}

#[test]
fn one_machine_of_several_is_asked_for() {
    let (status, document) = history(&["fixtures/hosts", "--host", "*/hosts/disabled"]);
    assert_eq!((status, document["machines"].as_array().unwrap().len()), (1, 1));
    let (status, document) = history(&["fixtures/hosts", "--host", "AADC-OFF", "--host", "NOBODY"]);
    assert_eq!((status, document["machines"].as_array().unwrap().len()), (2, 1));
}

#[test]
fn the_page_is_complete_in_itself_and_has_every_line() {
    let page = run(&["history", "--format", "html", "fixtures/images/vss.raw.gz"]).out();
    assert!(page.starts_with("<!doctype html>") && page.contains("Content-Security-Policy"));
    for outside in ["http://", "https://", "src=", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let (_, document) = history(&["fixtures/images/vss.raw.gz"]);
    let lines = document["machines"][0]["lines"].as_array().unwrap().len();
    assert_eq!(page.matches("<h3>").count(), lines);
}

#[test]
fn names_of_machines_do_nothing_to_a_terminal_or_a_page() {
    let (_keep, folder) = scratch();
    let file = folder.join("<i>\u{1b}[31m.reg");
    fs::copy(root().join("fixtures/reg/disabled.reg"), &file).unwrap();
    for format in ["text", "csv", "html", "json"] {
        let said = run(&["history", "--format", format, folder.to_str().unwrap()]).out();
        assert!(!said.contains('\u{1b}'), "{format}");
        assert!(format != "html" || !said.contains("<i>"), "{said}");
    }
}

#[test]
fn an_effect_is_told_of_whole_machines_alone() {
    let (_, document) = history(&["--policy", "tls12-only", "fixtures/hosts/dirty-with-logs"]);
    let lines = document["machines"][0]["lines"].as_array().unwrap();
    // One hive without the other does not say what Windows can do.
    for line in lines.iter().filter(|line| line["verdict"].is_null()) {
        let states = line["values"].as_array().unwrap().iter().filter(|value| value["is"] == "state");
        assert_eq!(states.count(), 0);
    }
    let changes = lines.iter().flat_map(|line| line["changes"].as_array().unwrap());
    assert_eq!(changes.filter(|change| change["of"]["effective"].is_string()).count(), 0);
}
