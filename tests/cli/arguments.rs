//! The command line itself: statuses, usage errors, help, files to write to.

use std::fs;

use crate::common::{finish, program, root, run, scratch};
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
    assert_eq!(of(&[good, "no-such-file"]), 2);
    assert_eq!(of(&[bad, "no-such-file"]), 2);
    assert_eq!(of(&[good, "Cargo.toml"]), 0);
}

#[test]
fn a_file_that_is_missing_is_as_a_wrong_command_line() {
    assert_eq!(assert_run("missing_file", &["audit", "no-such-file"]).status, 2);
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

/// Whoever gives something wrong is told what to do next.
#[test]
fn errors_say_what_to_do_next() {
    let host = "fixtures/hosts/compliant";
    let hive = "fixtures/hosts/compliant/SYSTEM";
    for (args, status, said) in [
        (&["audit", "nothing-here"][..], 2, "check the spelling"),
        (&["audit", "*.nothing"], 2, "the shell left the wildcard as it is"),
        (&["audit", r"C:\Windows\System32\config\SYSTEM"], 2, "a path of Windows"),
        (&["audit", "-"], 2, "standard input holds no machine"),
        (&["audit", "“SYSTEM”"], 2, "type plain ones"),
        (&["audit", r"HKLM\SYSTEM"], 2, "a key, and no file"),
        (&["audit", "src"], 4, "an audit takes the hives SYSTEM and SOFTWARE"),
        (&["audit", host, "--codepage", "1252"], 2, "did you mean windows-1252?"),
        (&["audit", host, "-o", "nothing/here"], 2, "its folder is not there: make that first"),
        (&["audit", host, "--compare", "--format", "json"], 2, "--compare shows in text, Markdown and HTML"),
        (&["generate", "fix", "--for", "nothing-here"], 2, "tlshive audit of the same inputs says what they are"),
        (&["report", "nothing-here"], 2, "check the spelling"),
        (&["diff", "nothing-here", host], 2, "check the spelling"),
        (&["diff", host, "*.jsonl"], 2, "the shell left the wildcard as it is"),
        (&["diff", "-", host], 2, "standard input: no saved run"),
        (&["audit", host, "--baseline", "nothing-here"], 2, "check the spelling"),
        (&["audit", host, "--resume", "nothing-here"], 2, "check the spelling"),
        (&["audit", host, "--waivers", "nothing-here"], 2, "check the spelling"),
        (&["audit", host, "--policy", "nothing.toml"], 2, "check the spelling"),
        (&["audit", host, "--overlay", "nothing-here"], 2, "check the spelling"),
        (&["audit", "--files-from", "nothing-here"], 2, "check the spelling"),
        (
            &["show", hive, r"HKLM:\SYSTEM\Slect"],
            1,
            "the root of the hive has no key \"Slect\" (did you mean \"Select\"?)",
        ),
        (&["show", hive, r"ControlSet001\Nothing\Lsa"], 1, "ControlSet001 has no key \"Nothing\""),
    ] {
        let done = run(args);
        assert_eq!(done.status, status, "{args:?}: {}", done.err());
        assert!(done.err().contains(said), "{args:?}: {}", done.err());
    }
    for key in [r"HKLM:\SYSTEM\Select", r"Computer\HKEY_LOCAL_MACHINE\SYSTEM\Select", "HKLM/SYSTEM/Select"] {
        assert_eq!(run(&["show", hive, key]).out(), run(&["show", hive, "Select"]).out(), "{key}");
    }
}

/// On a terminal of 80 columns it takes less than 30 lines, and names what most people need.
#[test]
fn the_short_help_is_short() {
    for command in ["audit", "generate", "report", "diff", "show"] {
        let mut short = program(&[command, "-h"]);
        short.env("COLUMNS", "80");
        let help = finish(short).out();
        let lines: Vec<&str> = help.lines().collect();
        assert!(lines.len() < 30, "{command}: {} lines", lines.len());
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{help}");
        let headings = lines.iter().filter(|line| !line.starts_with(' ') && line.ends_with(':')).count();
        let examples = lines.iter().filter(|line| line.starts_with(&format!("  tlshive {command} "))).count();
        assert!(headings >= 4 && examples >= 2, "{help}");
    }
    assert_run("help_audit_short", &["audit", "-h"]);
}

/// The first thing that a reader sees is what the program prints.
#[test]
fn the_readme_begins_with_what_is_printed() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = readme.split("```console\n$ tlshive audit fixtures/hosts/wrong-type\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    assert_eq!(run(&["audit", "fixtures/hosts/wrong-type"]).out(), shown);
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
    for (input, status) in [("fixtures/hosts/dirty", 0), ("fixtures/reg/no-header.reg", 3), ("no-such-file", 2)] {
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

/// No command waits for somebody to write to a pipe, or replaces what is no file.
#[cfg(unix)]
#[test]
fn pipes_and_devices_are_an_error_at_once() {
    let (_keep, folder) = scratch();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    assert!(std::process::Command::new("mkfifo").arg(path("pipe.toml")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(path("socket.toml")).unwrap();
    std::os::unix::fs::symlink(path("pipe.toml"), path("link.toml")).unwrap();
    fs::create_dir(path("folder.toml")).unwrap();
    let host = "fixtures/hosts/compliant";
    for name in ["pipe.toml", "socket.toml", "link.toml", "folder.toml"] {
        let special = path(name);
        let special = special.as_str();
        let all: [&[&str]; 9] = [
            &["audit", host, "--policy", special],
            &["audit", host, "--waivers", special],
            &["audit", host, "--overlay", special],
            &["audit", host, "--force", "-o", special],
            &["generate", "enable", "--policy", special],
            &["generate", "undo", "--for", host, "--of", special],
            &["generate", "enable", "--force", "-o", special],
            &["show", "fixtures/hosts/compliant/SYSTEM", "--force", "-o", special],
            &["policy", "check", special],
        ];
        for args in all {
            let run = run(args);
            assert_eq!((run.status, run.out()), (2, String::new()), "{args:?}: {}", run.err());
            assert!(run.err().contains(name), "{args:?}: {}", run.err());
        }
    }
    let stdout = run(&["generate", "enable", "--force", "-o", "/dev/stdout"]);
    assert!(
        stdout.status == 2 && stdout.err().contains("without -o, output goes to standard output"),
        "{}",
        stdout.err()
    );
}

/// Whatever a command reads survives it, under any of its names.
#[cfg(unix)]
#[test]
fn what_is_read_is_never_overwritten() {
    let (_keep, folder) = scratch();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let policy = run(&["policy", "show", "entra-connect-tls12"]).stdout;
    let waivers = "[[waiver]]\nrule='dotnet-strong-crypto'\nreason='r'\n".as_bytes().to_vec();
    let reg = run(&["generate", "enable"]).stdout;
    let log = b"no log".to_vec();
    let host = "fixtures/hosts/compliant";
    for (name, bytes) in [("p.toml", &policy), ("w.toml", &waivers), ("i.reg", &reg), ("l.log", &log)] {
        fs::write(path(name), bytes).unwrap();
        fs::hard_link(path(name), path(&format!("hard-{name}"))).unwrap();
        std::os::unix::fs::symlink(path(name), path(&format!("soft-{name}"))).unwrap();
        let file = path(name);
        let file = file.as_str();
        let readers: &[&[&str]] = match name {
            "p.toml" => &[&["audit", host, "--policy", file], &["generate", "enable", "--policy", file]],
            "w.toml" => &[&["audit", host, "--waivers", file]],
            "l.log" => &[
                &["audit", host, "--log", file],
                &["generate", "fix", "--for", host, "--log", file],
                &["show", "fixtures/hosts/compliant/SYSTEM", "--log", file],
            ],
            _ => &[
                &["audit", file],
                &["audit", host, "--overlay", file],
                &["generate", "undo", "--for", host, "--of", file],
                &["generate", "undo", "--for", file, "--of", "enable"],
                &["show", file],
            ],
        };
        for args in readers {
            for over in [name.to_owned(), format!("hard-{name}"), format!("soft-{name}")] {
                let over = path(&over);
                let run = run(&[args, &["--force", "-o", &over][..]].concat());
                assert!(run.status == 2 && run.err().contains("not overwritten"), "{args:?} {over}: {}", run.err());
                assert_eq!(&fs::read(file).unwrap(), bytes, "{args:?} {over}");
                assert!(fs::symlink_metadata(path(&format!("soft-{name}"))).unwrap().is_symlink());
            }
        }
    }
}

/// A file is written under another name first: whatever fails on the way, the old one is there, and no part of a new one.
#[cfg(unix)]
#[test]
fn a_file_is_there_as_a_whole_or_not_at_all() {
    use std::os::unix::fs::PermissionsExt;
    let (_keep, folder) = scratch();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let names = || -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
    fs::write(path("plain"), "").unwrap();
    assert_eq!(run(&["generate", "enable", "-o", &path("new")]).status, 0);
    assert_eq!(mode("new"), mode("plain"));
    // One that is replaced keeps its mode, and a link to it stays a link.
    fs::set_permissions(path("plain"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(path("plain"), path("soft")).unwrap();
    assert_eq!(run(&["generate", "enable", "--force", "-o", &path("soft")]).status, 0);
    assert!(mode("plain") == 0o640 && fs::symlink_metadata(path("soft")).unwrap().is_symlink());
    assert_eq!(fs::read(path("plain")).unwrap(), fs::read(path("new")).unwrap());
    // What the format refuses leaves nothing, and what was there.
    fs::write(path("x.reg"), "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n\"100%\"=dword:1\n").unwrap();
    let of = path("x.reg");
    let args =
        ["generate", "undo", "--for", "fixtures/hosts/compliant", "--of", &of, "--format", "gpp", "--force", "-o"];
    let refused = run(&[&args[..], &[&path("plain")]].concat());
    assert_eq!(refused.status, 2, "{}", refused.err());
    // Of two files one cannot be written: the other is not there either, nor is their folder where it is new.
    fs::create_dir_all(path("two/remediate.ps1")).unwrap();
    for (out, more) in [("two", "--force"), ("two", "--policy=entra-connect-tls12"), ("new/deep", "--force")] {
        let refused = run(&["generate", "enable", "--format", "intune", "-o", &path(out), more]);
        assert_eq!(refused.status, 2, "{out}");
    }
    assert_eq!(fs::read_dir(path("two")).unwrap().count(), 1);
    assert_eq!(names(), ["new", "plain", "soft", "two", "x.reg"]);
    // A name that leads nowhere, and one of a folder.
    std::os::unix::fs::symlink(path("nowhere"), path("dangling")).unwrap();
    for (out, said) in
        [("dangling", "leads nowhere"), ("two", "a folder"), ("fresh/", "a folder"), ("no/file", "its folder")]
    {
        let refused = run(&["generate", "enable", "--force", "-o", &path(out)]);
        assert!(refused.status == 2 && refused.err().contains(said), "{out}: {}", refused.err());
    }
    assert_eq!(names(), ["dangling", "new", "plain", "soft", "two", "x.reg"]);
}

/// A disk that is full is called by the name of the file that has no room on it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    for args in [&["generate", "enable"][..], &["audit", "fixtures/hosts/compliant"]] {
        let mut command = program(args);
        command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let out = command.stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(out.status.code() == Some(2) && said.contains("standard output: No space left"), "{said}");
    }
}

/// What is named and not there is told of, also where it is no input.
#[test]
fn folders_and_times_that_are_none_are_refused() {
    let refused = run(&["audit", "--allow-dir", "no-such-folder", "fixtures/hosts/compliant"]);
    assert!(refused.status == 2 && refused.err().contains("No such file"), "{}", refused.err());
    let file = run(&["audit", "--allow-dir", "Cargo.toml", "fixtures/hosts/compliant"]);
    assert!(file.status == 2 && file.err().contains("not a folder"), "{}", file.err());
    let mut command = program(&["audit", "fixtures/hosts/compliant"]);
    command.env("SOURCE_DATE_EPOCH", "yesterday");
    let time = finish(command);
    assert!(time.status == 2 && time.err().contains("seconds since 1970"), "{}", time.err());
}
