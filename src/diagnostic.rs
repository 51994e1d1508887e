//! `Diagnostic`: what a reader has to say that is not an answer: a line that regedit would skip, a base block that is
//! odd, a file that could not be opened.

mod code;

use std::sync::Arc;

use crate::error::At;
use crate::place::Place;

pub use code::Code;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; changes no answer.
    Note,
    /// Something was skipped or lost; an answer may differ from what the author of the file meant.
    Warning,
    /// An input, or a part of one, could not be read.
    Error,
}

impl Severity {
    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One remark about one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// What kind of remark it is.
    pub code: Code,
    /// One sentence for people.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl Diagnostic {
    /// A remark that matters as much as its code says.
    pub fn new(code: Code, message: impl Into<String>, place: Place) -> Self {
        Self { severity: code.severity(), code, message: message.into(), place }
    }

    /// The same, where the case at hand matters more or less than most of its code.
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// A bounded list of diagnostics: past `limit` they are only counted.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    limit: usize,
    dropped: u64,
}

impl Diagnostics {
    /// An empty list that keeps at most `limit` entries.
    pub fn new(limit: usize) -> Self {
        Self { kept: Vec::new(), limit, dropped: 0 }
    }

    /// Adds one, or counts it when the list is full.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.push_with(|| diagnostic);
    }

    /// Adds the one that `make` gives, or counts it without making it when the list is full.
    pub fn push_with(&mut self, make: impl FnOnce() -> Diagnostic) {
        if self.kept.len() < self.limit {
            self.kept.push(make());
        } else {
            self.dropped += 1;
        }
    }

    /// Those kept, in the order in which they were found.
    pub fn kept(&self) -> &[Diagnostic] {
        &self.kept
    }

    /// How many more there were than were kept.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Those kept, and one that says how many of `artifact` were not.
    pub fn all(&self, artifact: &Arc<str>) -> Vec<Diagnostic> {
        let mut all = self.kept.clone();
        if self.dropped > 0 {
            let message = format!("{} more diagnostics of this file were counted but not kept", self.dropped);
            let place = Place::new(artifact, At::Whole);
            all.push(Diagnostic::new(Code::MoreDiagnostics, message, place));
        }
        all
    }
}
