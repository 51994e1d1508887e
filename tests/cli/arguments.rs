//! The command line itself: statuses, usage errors, help, files to write to.

use std::fs;

use crate::common::{program, run, scratch};
use crate::snapshot::{assert_run, assert_text};

#[test]
fn a_failure_beats_what_could_not_be_judged() {
    let of = |inputs: &[&str]| run(&[&["audit", "-q"], inputs].concat()).status;
    let (good, bad, unknown) = ("fixtures/hosts/compliant", "fixtures/hosts/disabled", "fixtures/hosts/system-only");
    assert_eq!(of(&[good]), 0);
    assert_eq!(of(&[good, unknown]), 3);
    assert_eq!(of(&[unknown, good]), 3);
    assert_eq!(of(&[good, unknown, bad]), 1);
    assert_eq!(of(&[bad, unknown, good]), 1);
    assert_eq!(of(&[good, "no-such-file"]), 3);
    assert_eq!(of(&[bad, "no-such-file"]), 1);
    assert_eq!(of(&[good, "Cargo.toml"]), 0);
}

#[test]
fn a_file_that_is_missing_could_not_be_judged() {
    assert_eq!(assert_run("missing_file", &["audit", "no-such-file"]).status, 3);
}

#[test]
fn a_folder_without_hives_has_nothing_to_audit() {
    assert_eq!(assert_run("nothing_to_audit", &["audit", "fixtures/recipe"]).status, 4);
    assert_eq!(assert_run("not_a_registry_file", &["audit", "Cargo.toml"]).status, 4);
}

#[test]
fn a_wrong_command_line_is_2() {
    let wrong: [&[&str]; 9] = [
        &["audit"],
        &["audit", "--format", "xml", "fixtures"],
        &["audit", "--control-set", "zero", "fixtures"],
        &["audit", "--control-set", "0", "fixtures"],
        &["audit", "--codepage", "utf-16le", "fixtures"],
        &["audit", "-q", "-v", "fixtures"],
        &["generate"],
        &["generate", "enable", "--values", "no-such-rule"],
        &["generate", "enable", "--control-set", "all"],
    ];
    let mut all = String::new();
    for args in wrong {
        let run = run(args);
        assert_eq!((run.status, run.out()), (2, String::new()), "{args:?}");
        all.push_str(&format!("$ tlshive {}\n{}\n", args.join(" "), run.err()));
    }
    assert_text("usage_errors", &all);
}

#[test]
fn help_and_version_say_what_there_is() {
    assert_run("help", &["--help"]);
    assert_run("help_audit", &["audit", "--help"]);
    assert_run("help_generate", &["generate", "--help"]);
    assert_run("version", &["--version"]);
}

#[test]
fn quiet_says_nothing_on_either_stream() {
    for (input, status) in [("fixtures/hosts/dirty", 0), ("fixtures/reg/no-header.reg", 3), ("no-such-file", 3)] {
        let run = run(&["audit", "-q", input]);
        assert_eq!((run.status, run.out(), run.err()), (status, String::new(), String::new()), "{input}");
    }
}

#[test]
fn a_report_goes_to_a_file_and_never_over_one_unless_forced() {
    let (_keep, folder) = scratch();
    let file = folder.join("report.txt");
    let path = file.to_str().unwrap();
    let on_stdout = run(&["audit", "fixtures/hosts/disabled"]);

    let first = run(&["audit", "-o", path, "fixtures/hosts/disabled"]);
    assert_eq!((first.status, first.out()), (1, String::new()));
    assert_eq!(fs::read(&file).unwrap(), on_stdout.stdout);

    let again = run(&["audit", "-o", path, "fixtures/hosts/compliant"]);
    assert_eq!((again.status, again.out()), (2, String::new()));
    assert!(again.err().contains("--force"), "{}", again.err());
    assert_eq!(fs::read(&file).unwrap(), on_stdout.stdout);

    let forced = run(&["audit", "-q", "--force", "-o", path, "fixtures/hosts/compliant"]);
    assert_eq!((forced.status, forced.out()), (0, String::new()));
    assert_eq!(fs::read(&file).unwrap(), run(&["audit", "fixtures/hosts/compliant"]).stdout);

    let nowhere = folder.join("no-such-folder/report.txt");
    assert_eq!(run(&["audit", "-o", nowhere.to_str().unwrap(), "fixtures/hosts/compliant"]).status, 2);
}

#[test]
fn colours_come_when_asked_for_and_never_into_a_pipe_or_a_file() {
    let coloured = |args: &[&str], no_color: Option<&str>| {
        let mut command = program(&[&["audit", "fixtures/hosts/dirty"], args].concat());
        if let Some(value) = no_color {
            command.env("NO_COLOR", value);
        }
        crate::common::finish(command).stdout.contains(&0x1b)
    };
    assert!(!coloured(&[], None));
    assert!(!coloured(&["--color", "auto"], Some("")));
    assert!(!coloured(&["--color", "never"], None));
    assert!(coloured(&["--color", "always"], None));
    // What is asked for on the command line beats the environment.
    assert!(coloured(&["--color", "always"], Some("1")));
    assert!(!coloured(&["--color", "always", "--format", "json"], None));
    assert!(!coloured(&["--color", "always", "--format", "script"], None));
}
