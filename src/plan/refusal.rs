//! Why a format cannot hold a changeset.

use std::borrow::Cow;
use std::fmt;

use crate::windows::path::{KeyPath, Name};

/// A change that a format cannot hold exactly. Nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What cannot be held.
    pub about: About,
    /// Why not.
    pub why: Cow<'static, str>,
}

/// What a refusal is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum About {
    /// A key.
    Key(KeyPath),
    /// A value, or the name of a key.
    Name(Name),
    /// A text that stands in the file.
    Text(String),
    /// The file as a whole.
    File,
}

impl Refusal {
    /// A key that the format cannot hold, or a change of one.
    pub(super) fn key(key: &KeyPath, why: impl Into<Cow<'static, str>>) -> Self {
        Self { about: About::Key(key.clone()), why: why.into() }
    }

    /// A value, or a name, that the format cannot hold.
    pub(super) fn name(name: &Name, why: impl Into<Cow<'static, str>>) -> Self {
        Self { about: About::Name(name.clone()), why: why.into() }
    }

    /// A text that the format cannot hold.
    pub(super) fn text(text: &str, why: impl Into<Cow<'static, str>>) -> Self {
        Self { about: About::Text(text.to_owned()), why: why.into() }
    }

    /// A file that cannot be made.
    pub(super) fn file(why: impl Into<Cow<'static, str>>) -> Self {
        Self { about: About::File, why: why.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.about {
            About::Key(key) => write!(f, "{key}: {}", self.why),
            About::Name(name) => write!(f, "\"{name}\": {}", self.why),
            About::Text(text) => write!(f, "\"{text}\": {}", self.why),
            About::File => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for Refusal {}
