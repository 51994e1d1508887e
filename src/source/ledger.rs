//! The ledger: what became of each file that was named or found, so that nothing passes without a word.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use super::known::Known;
use crate::diagnostic::Code;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// It was read, and a machine was judged by it.
    Judged,
    /// It was read, or known, as a part of another file: a transaction log, an extent, a segment, a parent.
    Part,
    /// It is of a machine that was not asked for.
    NotAskedFor,
    /// It is of an earlier day of a machine, and was left out.
    Past,
    /// It is nothing that an audit is about.
    NotAboutWindows,
    /// What it is cannot be told.
    NotRecognised,
    /// It was not read, or not to its end.
    NotRead,
}

impl Fate {
    /// The word that outputs use.
    pub fn word(self) -> &'static str {
        match self {
            Fate::Judged => "judged",
            Fate::Part => "part",
            Fate::NotAskedFor => "not_asked_for",
            Fate::Past => "past",
            Fate::NotAboutWindows => "not_about_windows",
            Fate::NotRecognised => "not_recognised",
            Fate::NotRead => "not_read",
        }
    }
}

/// One line of the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    /// How it is called in reports.
    pub name: Arc<str>,
    /// Where it is, if it is a file or a folder of this machine.
    pub path: Option<PathBuf>,
    /// What it is, for people.
    pub kind: Cow<'static, str>,
    /// Bytes of the file.
    pub size: Option<u64>,
    /// What became of it.
    pub fate: Fate,
    /// Why, where that does not go without saying.
    pub reason: Option<Reason>,
    /// Whether a machine may have gone unjudged for it: the run is incomplete then.
    pub counts: bool,
    /// Whether the user named it.
    pub named: bool,
    /// How many machines were judged by it, or are in it.
    pub hosts: u64,
    /// How many files it stands for.
    pub files: u64,
}

/// Why a file was not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which reason, as `explain` knows it.
    pub cause: Cause,
    /// In words.
    pub why: String,
    /// What to do about it.
    pub next: Option<&'static str>,
}

/// What kind of reason it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Something that can happen to any file.
    Code(Code),
    /// What the file is.
    Kind(&'static Known),
}

impl Cause {
    /// Its id, for scripts and for `explain`.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Code(code) => code.as_str(),
            Cause::Kind(known) => known.code,
        }
    }
}

impl From<Code> for Cause {
    fn from(code: Code) -> Self {
        Cause::Code(code)
    }
}

impl From<&'static Known> for Cause {
    fn from(known: &'static Known) -> Self {
        Cause::Kind(known)
    }
}

impl Entry {
    /// A file that became this.
    pub fn new(name: &Arc<str>, kind: impl Into<Cow<'static, str>>, fate: Fate) -> Self {
        Self {
            name: Arc::clone(name),
            path: None,
            kind: kind.into(),
            size: None,
            fate,
            reason: None,
            counts: false,
            named: false,
            hosts: 0,
            files: 1,
        }
    }

    /// The same, where a machine may have gone unjudged.
    pub fn that_counts(mut self) -> Self {
        self.counts = true;
        self
    }

    /// The same, with the reason.
    pub fn because(mut self, cause: impl Into<Cause>, why: impl Into<String>, next: Option<&'static str>) -> Self {
        self.reason = Some(Reason { cause: cause.into(), why: why.into(), next });
        self
    }

    /// Whether this is the reason.
    pub fn is_because(&self, code: Code) -> bool {
        self.reason.as_ref().is_some_and(|reason| reason.cause == Cause::Code(code))
    }

    /// Whether it was named, and is not there.
    pub fn is_missing(&self) -> bool {
        self.is_because(Code::NoSuchFile) || self.is_because(Code::NoSuchMachine)
    }

    /// Whether the report has to name it: nothing was judged by it, and a machine might have been.
    pub fn is_unjudged(&self) -> bool {
        self.counts || matches!(self.fate, Fate::NotRead | Fate::NotRecognised)
    }
}
