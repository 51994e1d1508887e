//! Changes to a registry: what a file does when it is imported, and what a plan writes.

use super::path::{KeyPath, Name};
use super::value::Value;
use crate::error::Error;
use crate::place::Place;

/// One change. A list of them is carried out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Creates a key, and those above it, where they are not there.
    CreateKey(KeyPath),
    /// Sets a value, creating its key.
    Set {
        /// Full path of the key, from `HKEY_LOCAL_MACHINE`.
        key: KeyPath,
        /// Name of the value.
        name: Name,
        /// Type and data.
        value: Value,
    },
    /// Deletes a value; does nothing where it is not there.
    DeleteValue {
        /// Full path of the key.
        key: KeyPath,
        /// Name of the value.
        name: Name,
    },
    /// Deletes all values of a key, and leaves the key.
    DeleteValues(KeyPath),
    /// Deletes a key with everything below it.
    DeleteKey(KeyPath),
}

impl Change {
    /// The same change of another key.
    #[must_use]
    pub fn at(&self, key: KeyPath) -> Self {
        match self.clone() {
            Change::CreateKey(_) => Change::CreateKey(key),
            Change::Set { name, value, .. } => Change::Set { key, name, value },
            Change::DeleteValue { name, .. } => Change::DeleteValue { key, name },
            Change::DeleteValues(_) => Change::DeleteValues(key),
            Change::DeleteKey(_) => Change::DeleteKey(key),
        }
    }

    /// The key that is changed.
    pub fn key(&self) -> &KeyPath {
        match self {
            Change::CreateKey(key) | Change::DeleteValues(key) | Change::DeleteKey(key) => key,
            Change::Set { key, .. } | Change::DeleteValue { key, .. } => key,
        }
    }
}

/// What a file does to a registry.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What it changes, in order, and where it says so.
    pub changes: Vec<(Change, Place)>,
    /// Keys of which, with all below them, it cannot be told what the file makes: why, and where.
    pub doubts: Vec<(KeyPath, Error, Place)>,
    /// Why it is not known what the file does as a whole, and where that shows.
    pub stopped: Option<(Error, Place)>,
    /// Where the first change stands that somebody asks about.
    pub first: Option<Place>,
}
