//! Exit status.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::stderr;
use crate::plan::{PlanError, Refusal};
use crate::policy::PolicyError;
use crate::source::instead;

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The reader of our output went away: no error, where there is no verdict to give.
    BrokenPipe,
    /// Anything else, in words.
    Message(String),
    /// The same in several lines.
    Lines(Vec<String>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::BrokenPipe => f.write_str("nobody reads the output"),
            Failure::Message(message) => f.write_str(message),
            Failure::Lines(lines) => f.write_str(&lines.join("; ")),
        }
    }
}

impl Failure {
    /// A file that was named cannot be opened or read.
    pub(super) fn of_file(path: &Path, error: &io::Error) -> Self {
        let name = path.display().to_string();
        let next = match error.kind() {
            io::ErrorKind::NotFound => format!("; {}", instead(&name)),
            _ => String::new(),
        };
        Failure::Message(format!("{name}: {error}{next}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::BrokenPipe
        } else {
            Failure::Message(error.to_string())
        }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::Message(message)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Failure::Message(error.to_string())
    }
}

impl From<PolicyError> for Failure {
    fn from(error: PolicyError) -> Self {
        Failure::Message(error.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Message(refusal.to_string())
    }
}

pub(super) fn code(result: Result<u8, Failure>) -> ExitCode {
    let lines = match result {
        Ok(status) => return ExitCode::from(status),
        Err(Failure::BrokenPipe) => return ExitCode::SUCCESS,
        Err(Failure::Message(message)) => vec![message],
        Err(Failure::Lines(lines)) => lines,
    };
    for (i, text) in lines.iter().enumerate() {
        if i == 0 { stderr::line(text) } else { stderr::further(text) }
    }
    ExitCode::from(2)
}
