//! What rules ask: a path and a name in, a [`Lookup`] out, whatever the bytes behind it are.

pub mod path;
pub mod reg_file;
pub mod value;

pub(crate) mod upcase;

use crate::error::Error;
use crate::place::Place;
use value::Value;

/// 100 ns since 1601-01-01 UTC, as Windows stores times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub u64);

/// What is known of a key that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// When the key, or any value in it, was last written. `.reg` files do not know.
    pub last_write: Option<FileTime>,
    /// Where the key stands.
    pub place: Place,
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Type and data.
    pub value: Value,
    /// Where the value stands.
    pub place: Place,
    /// The key that holds it.
    pub key: KeyInfo,
}

/// The answer to "what is this value": absent, unreadable and not covered are three different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The value exists.
    Found(Found),
    /// The key does not exist: everything on the way was read, and it is not there.
    KeyAbsent,
    /// The key exists and was read whole, and holds no value of this name.
    ValueAbsent(KeyInfo),
    /// The input does not speak of this key.
    NotCovered,
    /// Something on the way could not be read, so nothing can be said.
    Unreadable(Error, Place),
}
