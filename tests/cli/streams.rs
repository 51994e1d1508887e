//! What happens when nobody reads, or nothing can be written.

use std::fs::OpenOptions;
use std::io::Read;
use std::process::Stdio;

use crate::common::{formats, program, root, run, scratch};

/// A run whose reader goes away after `read` bytes: the status and what was said on standard error.
fn until_the_reader_leaves(args: &[&str], read: usize) -> (i32, String) {
    let mut child = program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut vec![0; read]).unwrap();
    drop(out);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code().unwrap(), said)
}

#[test]
fn a_reader_that_leaves_is_no_error_and_changes_no_verdict() {
    for format in formats() {
        for read in [0, 10] {
            let args = ["audit", "--format", format, "fixtures/hosts"];
            let (status, said) = until_the_reader_leaves(&args, read);
            assert_eq!(status, 1, "{format} after {read} bytes: {said}");
            assert!(!said.contains("roken pipe") && !said.contains("panic"), "{said}");
        }
    }
    // A report beside it is whole all the same, as is one of a saved run.
    let (_keep, folder) = scratch();
    let file = |name: &str| folder.join(name).display().to_string();
    let (saved, page, later) = (file("run.jsonl"), file("page.html"), file("later.html"));
    run(&["audit", "--format", "jsonl", "-o", &saved, "fixtures/hosts"]);
    for (args, page) in [
        (["audit", "--format", "csv", "fixtures/hosts", "--report"], page),
        (["report", "--format", "csv", &saved, "--report"], later),
    ] {
        let report = format!("html={page}");
        let (status, said) = until_the_reader_leaves(&[&args[..], &[&report]].concat(), 0);
        assert_eq!((status, said.contains("roken pipe")), (1, false), "{args:?}: {said}");
        assert!(std::fs::read_to_string(&page).unwrap().trim_end().ends_with("</html>"), "{args:?}");
    }
    let (status, said) = until_the_reader_leaves(&["generate", "enable"], 0);
    assert_eq!((status, said.as_str()), (0, ""));
}

#[test]
fn a_report_that_cannot_be_written_is_2() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("skipped: no /dev/full");
        return;
    };
    let (_keep, folder) = scratch();
    let saved = folder.join("run.jsonl").display().to_string();
    run(&["audit", "--format", "jsonl", "-o", &saved, "fixtures/hosts/compliant"]);
    let mut all = vec![vec!["generate", "enable"], vec!["report", &saved], vec!["diff", &saved, &saved]];
    all.extend(formats().into_iter().map(|format| vec!["audit", "fixtures/hosts/compliant", "--format", format]));
    for args in all {
        let output = program(&args).stdout(full.try_clone().unwrap()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("standard output: No space left"), "{args:?}: {said}");
    }
}

#[test]
fn evidence_is_not_overwritten_even_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str, to: &str| std::fs::copy(root().join(from), folder.path().join(to)).unwrap();
    copy("fixtures/hosts/compliant/SYSTEM", "SYSTEM");
    copy("fixtures/reg/compliant-utf8.reg", "tls.reg");
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (hive, reg, other_name) = (path("SYSTEM"), path("tls.reg"), path("same.reg"));
    std::fs::hard_link(&reg, &other_name).unwrap();
    for args in [
        ["audit", &reg, "--force", "-o", &other_name],
        ["show", &reg, "--force", "-o", &other_name],
        ["audit", &hive, "--force", "-o", &hive],
        ["audit", &reg, "--force", "-o", &reg],
        ["show", &hive, "--force", "-o", &hive],
        ["generate", "enable", "--force", "-o", &hive],
    ] {
        let run = run(&args);
        assert_eq!(run.status, 2, "{args:?}");
        assert!(run.err().contains("not overwritten"), "{}", run.err());
    }
    let same = |name: &str, from: &str| std::fs::read(path(name)).unwrap() == std::fs::read(root().join(from)).unwrap();
    assert!(same("SYSTEM", "fixtures/hosts/compliant/SYSTEM"));
    assert!(same("tls.reg", "fixtures/reg/compliant-utf8.reg"));
}

#[test]
fn the_files_that_judge_are_not_overwritten_either() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let policy = std::fs::read_to_string(root().join("src/policy/builtin/entra-connect-tls12.toml")).unwrap();
    let waivers = "[[waiver]]\nrule = \"tls12-server-enabled\"\nreason = \"accepted\"\n";
    for (option, path, text) in
        [("--policy", file("p.toml", &policy), policy.as_str()), ("--waivers", file("w.toml", waivers), waivers)]
    {
        let run = run(&["audit", "fixtures/hosts/disabled", option, &path, "-o", &path, "--force"]);
        assert_eq!(run.status, 2, "{option}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{option}");
    }
}

#[test]
fn names_in_messages_cannot_act_on_a_terminal() {
    let hostile = "\u{1b}[31mx";
    for args in [["audit", "fixtures/hosts/disabled", "--waivers", hostile].as_slice(), &["policy", "check", hostile]] {
        let run = run(args);
        assert_eq!(run.status, 2, "{args:?}");
        assert!(!run.err().contains('\u{1b}'), "{:?}", run.err());
    }
}
