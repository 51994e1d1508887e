//! Errors that say where, what was expected and what was found.

use std::fmt;
use std::io;

/// Where in an artifact something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum At {
    /// Bytes from the start of the file.
    Offset(u64),
    /// Line of a text file, counted from 1.
    Line(u64),
    /// The whole artifact.
    Whole,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Offset(o) => write!(f, "0x{o:x}"),
            At::Line(n) => write!(f, "line {n}"),
            At::Whole => f.write_str("the file"),
        }
    }
}

/// Why something could not be read. The artifact it happened in is named by whoever holds the error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The operating system refused or failed a read.
    Io {
        /// Where it was to be read.
        at: At,
        /// What was to be read.
        what: &'static str,
        /// The system's reason.
        reason: String,
    },
    /// The bytes are not what the format says they must be.
    Damaged {
        /// Where the bytes stand.
        at: At,
        /// The structure or field.
        what: &'static str,
        /// What the format asks for.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The format is known, but this form of it is not read.
    Unsupported {
        /// Where that shows.
        at: At,
        /// What it is, and what is supported instead.
        what: String,
    },
    /// A budget of [`crate::limits::Limits`] ran out.
    Limit {
        /// Where it ran out.
        at: At,
        /// What was being counted.
        what: &'static str,
        /// The budget.
        limit: u64,
    },
    /// What could be read is known to be out of date.
    Stale {
        /// What is missing.
        what: String,
    },
    /// The inputs leave it open what the value is.
    Ambiguous {
        /// What speaks against what.
        what: String,
    },
}

impl Error {
    /// Where it showed, as far as it says so.
    pub fn at(&self) -> At {
        match self {
            Error::Io { at, .. }
            | Error::Damaged { at, .. }
            | Error::Unsupported { at, .. }
            | Error::Limit { at, .. } => *at,
            Error::Stale { .. } | Error::Ambiguous { .. } => At::Whole,
        }
    }

    /// What to do about it, where the error does not say so itself.
    pub fn next(&self) -> Option<&'static str> {
        match self {
            Error::Damaged { .. } => {
                Some("copy it again from its source and compare the sizes; if it stays so, look at the backup job")
            }
            Error::Io { .. } => Some("make it readable, or copy it again from a sound disk"),
            Error::Unsupported { .. } | Error::Limit { .. } | Error::Stale { .. } | Error::Ambiguous { .. } => None,
        }
    }

    /// Bytes that break the format.
    pub fn damaged(at: At, what: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Error::Damaged { at, what, expected: expected.into(), found: found.into() }
    }

    /// A form of a format that is not read.
    pub fn unsupported(at: At, what: impl Into<String>) -> Self {
        Error::Unsupported { at, what: what.into() }
    }

    /// A failed read.
    pub fn io(at: At, what: &'static str, error: &io::Error) -> Self {
        Error::Io { at, what, reason: error.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io { at, what, reason } => write!(f, "{what} at {at}: {reason}"),
            Error::Damaged { at, what, expected, found } => {
                write!(f, "{what} at {at}: expected {expected}, found {found}")
            }
            Error::Unsupported { at: At::Whole, what } => f.write_str(what),
            Error::Unsupported { at, what } => write!(f, "at {at}: {what}"),
            Error::Limit { at, what, limit } => write!(f, "{what} at {at}: more than the limit of {limit}"),
            Error::Ambiguous { what } | Error::Stale { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

/// For a [`ReadAt`](crate::read_at::ReadAt) that finds while reading that its own structures are no good.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}
