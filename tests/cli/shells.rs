//! What shells and `man` get of the program: they take it without a word of complaint, and nothing is left out of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clap::ValueEnum;

use crate::common::{run, scratch};

/// What a program of the machine says; where it is not installed, that is said instead.
fn tool(name: &str, args: &[&str]) -> Option<Output> {
    let mut command = Command::new(name);
    // Pages have a line of 80 columns, and characters beyond ASCII.
    command.args(args).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80").env("MANROFFSEQ", "");
    let output = command.output().ok();
    if output.is_none() {
        eprintln!("{name} is not installed: what it says of ours is not looked at");
    }
    output
}

fn quiet(name: &str, args: &[&str]) {
    if let Some(output) = tool(name, args) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{name} {args:?}: {said}");
    }
}

#[test]
fn shells_read_their_completions() {
    let (_keep, folder) = scratch();
    for shell in clap_complete::Shell::value_variants() {
        let shell = shell.to_string();
        let done = run(&["completions", &shell]);
        assert_eq!(done.status, 0, "{shell}: {}", done.err());
        for command in tlshive::cli::command().get_subcommands() {
            assert!(done.out().contains(command.get_name()), "{shell} lacks {}", command.get_name());
        }
        let file = folder.join(&shell);
        fs::write(&file, done.out()).unwrap();
        let file = file.to_str().unwrap();
        let parse = format!("$null = [ScriptBlock]::Create((Get-Content -Raw '{file}'))");
        match shell.as_str() {
            "bash" | "fish" | "zsh" => quiet(&shell, &["-n", file]),
            "powershell" => quiet("pwsh", &["-NoProfile", "-NonInteractive", "-Command", &parse]),
            "elvish" => quiet("elvish", &["-compileonly", file]),
            new => panic!("{new} is new: how is it to read its completions without running them?"),
        }
    }
    assert_eq!(run(&["completions", "cmd"]).status, 2);
}

/// What stands on a command line → some of what Bash offers.
#[test]
fn bash_offers_what_there_is() {
    let script = run(&["completions", "bash"]).out();
    let ask = "COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)); _tlshive tlshive \"${@: -1}\" \"${@: -2:1}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    for (words, offered) in [
        (&["a"][..], &["audit"][..]),
        (&["policy", ""], &["list", "show", "check"]),
        (&["audit", "--for"], &["--format"]),
        (&["audit", "--format", ""], &["json", "jsonl", "html"]),
        (&["generate", "f"], &["fix"]),
        (&["completions", ""], &["bash", "fish"]),
    ] {
        let text = format!("{script}\n{ask}");
        let args = [&["--norc", "-c", &text, "bash", "tlshive"], words].concat();
        let Some(output) = tool("bash", &args) else { return };
        let said = String::from_utf8(output.stdout).unwrap();
        let lines: BTreeSet<&str> = said.lines().collect();
        for word in offered {
            assert!(lines.contains(word), "{words:?}: {said} {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn man_reads_a_page_for_each_command() {
    let (_keep, folder) = scratch();
    let pages = folder.join("man1");
    let man = ["man", pages.to_str().unwrap()];
    assert_eq!(run(&man).status, 0);
    let mut command = tlshive::cli::command().disable_help_subcommand(true);
    command.build();
    let mut names = BTreeSet::new();
    holds_all(&command, &pages, &mut names);
    let written = fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(written.collect::<BTreeSet<String>>(), names);
    assert_eq!(run(&["man"]).out(), fs::read_to_string(pages.join("tlshive.1")).unwrap());

    fs::write(pages.join("tlshive-tables.1"), "own").unwrap();
    let again = run(&man);
    assert_eq!(again.status, 2);
    assert!(again.err().contains("File exists (--force overwrites it)"), "{}", again.err());
    assert_eq!(fs::read_to_string(pages.join("tlshive-tables.1")).unwrap(), "own");
    assert_eq!(run(&[man.as_slice(), &["--force"]].concat()).status, 0);
    assert!(fs::read_to_string(pages.join("tlshive-tables.1")).unwrap().starts_with(".ie"));
}

/// The page of a command is there, and has each option with its help; and so have those of the commands below it.
fn holds_all(command: &clap::Command, folder: &Path, names: &mut BTreeSet<String>) {
    let name = format!("{}.1", command.get_display_name().unwrap_or(command.get_name()));
    let file = folder.join(&name);
    let text = fs::read_to_string(&file).unwrap().replace("\\-", "-").replace("\\\\", "\\").replace("\\*(Aq", "'");
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        if let Some(long) = arg.get_long() {
            assert!(text.contains(&format!("--{long}")), "{name} lacks --{long}");
        }
        // `-h` and `--help` have other words for this one.
        if arg.get_id() == "help" {
            continue;
        }
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        assert!(text.contains(help.lines().next().unwrap_or_default()), "{name} lacks the help of {}", arg.get_id());
    }
    assert!(!text.contains("SH EXTRA"), "{name} has a section without a name");
    assert_eq!(text.contains("\n.SH \"EXIT STATUS\"\n"), text.contains("\n  0  "), "{name}");
    quiet("man", &["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", file.to_str().unwrap()]);
    names.insert(name);
    command.get_subcommands().for_each(|below| holds_all(below, folder, names));
}
