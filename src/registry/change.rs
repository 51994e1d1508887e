//! Changes to a registry: what a file does when it is imported, and what a plan writes.

use std::fmt;

use crate::diagnostic::Diagnostics;
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::place::Place;
use crate::read_at::ReadAt;
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::Value;

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

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::CreateKey(key) => write!(f, "create {key}"),
            Change::Set { key, name, value } => match value.as_dword() {
                Some(number) => write!(f, "set {key}\\{name} to {number}"),
                None => write!(f, "set {key}\\{name} to {} {}", value.kind, value.hex()),
            },
            Change::DeleteValue { key, name } => write!(f, "delete {key}\\{name}"),
            Change::DeleteValues(key) => write!(f, "delete all values of {key}"),
            Change::DeleteKey(key) => write!(f, "delete {key} with all below it"),
        }
    }
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

/// A change that a file makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The change.
    pub change: Change,
    /// Where the file says it.
    pub at: At,
    /// Why it cannot be told from the file whether the change is made, or what exactly.
    pub doubt: Option<String>,
}

/// The changes that a file makes, in order. What they cost in memory is bounded.
#[derive(Debug, Default)]
pub struct Script {
    /// The changes.
    pub said: Vec<Said>,
    /// What else there is to say; an error among it where the file speaks of keys that cannot be told.
    pub diagnostics: Diagnostics,
    /// Why it is not known which keys the file speaks of besides, and where that shows.
    pub unknown: Option<(Error, At)>,
    bytes: usize,
}

impl Script {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { said: Vec::new(), diagnostics: Diagnostics::new(limits.diagnostics), unknown: None, bytes: 0 }
    }

    /// Adds a change. Lists in a file name its key once and cost it for each entry, so what is kept is counted.
    pub(super) fn push(&mut self, change: Change, at: At, doubt: Option<String>, limits: &Limits) -> Result<(), Error> {
        let of = |name: &Name| name.units().len().saturating_mul(2).saturating_add(64);
        let key: usize = change.key().names().iter().map(of).sum();
        let rest = match &change {
            Change::Set { name, value, .. } => of(name).saturating_add(value.data.len()),
            Change::DeleteValue { name, .. } => of(name),
            _ => 0,
        };
        let doubted = doubt.as_ref().map_or(0, String::len);
        self.bytes = self.bytes.saturating_add(key).saturating_add(rest).saturating_add(doubted).saturating_add(128);
        if self.bytes > limits.reg_bytes {
            let limit = wide(limits.reg_bytes);
            return Err(Error::Limit { at, what: "the bytes of all changes", limit });
        }
        self.said.push(Said { change, at, doubt });
        Ok(())
    }
}

/// Reads a whole file that holds changes.
pub(super) fn whole(source: &dyn ReadAt, limits: &Limits) -> Result<Vec<u8>, Error> {
    let at = At::Whole;
    if source.len() > limits.policy_bytes {
        return Err(Error::Limit { at, what: "the bytes of the file", limit: limits.policy_bytes });
    }
    let mut bytes = vec![0; narrow(source.len())];
    source.read_exact_at(0, &mut bytes).map_err(|error| Error::io(at, "the file", &error))?;
    Ok(bytes)
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
    /// Whether Windows itself makes the changes, with a 64-bit program where it has any, and not who imports the file.
    pub native: bool,
}
