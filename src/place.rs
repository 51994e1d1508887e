//! `Place`: where a fact was read, printed the same everywhere.

use std::fmt;
use std::sync::Arc;

use crate::error::At;

/// Between the steps of a name that leads into an image or an archive. No other name has it.
pub const INTO: &str = " › ";

/// Where something was read: the artifact, and the byte offset or line in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user named it or as it was found below what the user named.
    pub artifact: Arc<str>,
    /// Where in it.
    pub at: At,
}

impl Place {
    /// A place in `artifact`.
    pub fn new(artifact: &Arc<str>, at: At) -> Self {
        Self { artifact: Arc::clone(artifact), at }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            At::Whole => f.write_str(&self.artifact),
            At::Offset(o) => write!(f, "{} @ 0x{o:x}", self.artifact),
            At::Line(n) => write!(f, "{}:{n}", self.artifact),
        }
    }
}
