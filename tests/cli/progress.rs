//! The line that says how far a run is: at a terminal alone, and never in a report.

use std::path::Path;
use std::process::{Command, Output};

use crate::common::root;

/// Two machines, the second of which comes after two seconds, so that the run takes longer than anybody waits.
const SLOW: &str = "(echo fixtures/hosts/compliant; sleep 2; echo fixtures/hosts/wrong-type) | ";

fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(root());
    shell.env("TLSHIVE", env!("CARGO_BIN_EXE_tlshive")).env("TERM", "xterm").env_remove("NO_COLOR");
    shell
}

/// Runs a command at a pseudo terminal, with its standard output in a file or there too: what the terminal got.
fn at_a_terminal(command: &str) -> Option<String> {
    let mut script = Command::new("script");
    script.args(["-qec", command, "/dev/null"]).current_dir(root());
    script.env("TLSHIVE", env!("CARGO_BIN_EXE_tlshive")).env("TERM", "xterm").env_remove("NO_COLOR");
    match script.output() {
        Ok(Output { stdout, .. }) => Some(String::from_utf8_lossy(&stdout).into_owned()),
        Err(_) => {
            eprintln!("skipped: no program script (util-linux), which makes a pseudo terminal");
            None
        }
    }
}

fn audit(options: &str, to: Option<&Path>) -> String {
    let to = to.map(|path| format!(" >{}", path.display())).unwrap_or_default();
    format!("{SLOW}\"$TLSHIVE\" audit --files-from - --format jsonl {options}{to}")
}

/// The lines of the records, without what is the same in no two runs.
fn records(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.contains(r#""record":"host""#)).collect()
}

#[test]
fn a_terminal_is_told_how_far_the_run_is_and_the_report_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (seen, piped) = (folder.path().join("seen"), folder.path().join("piped"));
    let Some(terminal) = at_a_terminal(&audit("", Some(&seen))) else { return };
    // The total is not known while the list goes on.
    assert!(terminal.starts_with("1 compliant"), "{terminal:?}");
    assert!(terminal.contains("\u{1b}[2K"), "it is wiped away: {terminal:?}");
    assert!(!terminal.contains("schema_version"), "{terminal:?}");
    let said = shell(&audit("", Some(&piped))).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stderr), "", "nothing is said in a pipe");
    let (seen, piped) = (std::fs::read_to_string(seen).unwrap(), std::fs::read_to_string(piped).unwrap());
    assert_eq!(records(&seen).len(), 2);
    assert_eq!(records(&seen), records(&piped));
}

#[test]
fn it_never_stands_in_a_line_of_the_report() {
    let Some(terminal) = at_a_terminal(&audit("", None)) else { return };
    assert!(terminal.contains("1 compliant"), "{terminal:?}");
    // Each record stands in a line of its own, from its first character to its last.
    let lines: Vec<&str> = terminal.split("\r\n").filter(|line| line.contains(r#""record":"#)).collect();
    assert!(lines.len() > 4, "{terminal:?}");
    for line in lines {
        let record = line.rsplit("\u{1b}[2K").next().unwrap();
        assert!(record.starts_with('{') && record.ends_with('}'), "{line:?}");
    }
}

#[test]
fn it_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for options in ["--no-progress", "--quiet"] {
        let Some(terminal) = at_a_terminal(&audit(options, Some(&folder.path().join("out")))) else { return };
        assert_eq!(terminal, "", "{options}");
    }
    let Some(terminal) = at_a_terminal(&format!("export TERM=dumb; {}", audit("", Some(&folder.path().join("out")))))
    else {
        return;
    };
    assert_eq!(terminal, "", "a terminal that can wipe nothing away");
}
