//! Running the program as a user does, from the root of the checkout, so that paths in its output are the same everywhere.

pub(crate) mod door;
pub(crate) mod random;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tlshive::output::reports::ReportFormat;

/// No run may take longer: a program that waits for a pipe or runs in circles must fail its test, not hang it.
const LIMIT: Duration = Duration::from_secs(60);

/// What one run did.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Run {
    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.stderr.clone()).unwrap()
    }

    pub(crate) fn document(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap()
    }

    /// The document, with what it says of its inputs put together: `diagnostics`, `images`, what was `left_out`; and the
    /// `summary` of its end.
    pub(crate) fn json(&self) -> serde_json::Value {
        let mut document = self.document();
        if document.get("end").is_none() {
            return document;
        }
        let inputs = document["inputs"].as_array().unwrap().clone();
        let all = |name: &str| -> Vec<serde_json::Value> {
            inputs.iter().flat_map(|input| input[name].as_array().unwrap().clone()).collect()
        };
        let mut diagnostics = document["run"]["diagnostics"].as_array().unwrap().clone();
        diagnostics.extend(all("diagnostics"));
        diagnostics.extend(document["end"]["diagnostics"].as_array().unwrap().clone());
        document["diagnostics"] = diagnostics.into();
        document["images"] = all("images").into();
        document["left_out"] = inputs.iter().filter(|input| input["outcome"] == "past").cloned().collect();
        document["summary"] = document["end"]["summary"].clone();
        document
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program with an environment that says nothing about colours or widths.
pub(crate) fn program<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlshive"));
    command.args(args).current_dir(root()).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    // What reports say of when they were made is the same each time.
    command.env("SOURCE_DATE_EPOCH", "1577836800");
    command
}

pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Run {
    finish(program(args))
}

pub(crate) fn finish(mut command: Command) -> Run {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (out, err) = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("still running after {LIMIT:?}: {command:?}");
        }
        thread::sleep(Duration::from_millis(1));
    };
    let status = status.code().unwrap_or_else(|| panic!("ended by a signal: {command:?}"));
    Run { status, stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Every host folder and `.reg` file among the fixtures, by name.
pub(crate) fn fixtures() -> Vec<String> {
    let mut all = Vec::new();
    for folder in ["fixtures/hosts", "fixtures/reg"] {
        let names = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        let mut paths: Vec<String> = names.map(|name| format!("{folder}/{}", name.to_str().unwrap())).collect();
        paths.sort();
        assert!(!paths.is_empty());
        all.extend(paths);
    }
    all
}

/// The formats of an audit: those of the stream, and the reports about all machines.
pub(crate) fn formats() -> Vec<&'static str> {
    ["text", "json", "jsonl", "script"].into_iter().chain(ReportFormat::FILES.map(ReportFormat::name)).collect()
}

/// A folder of a test's own, gone when the test ends.
pub(crate) fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}
