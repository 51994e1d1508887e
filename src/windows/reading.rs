//! Parts of the registry that are read. Whoever reads some names them here, so that all who bring them (a `.reg` file that is
//! held in memory, a collector that runs on the machine) know what is read, and bring no more.

use super::path::{KeyPath, Name};

/// A key, and what of it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The full path. `CurrentControlSet` stands for the set in use.
    pub key: KeyPath,
    /// What of it.
    pub part: Part,
}

/// What is read of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Whether it is there.
    Existence,
    /// The same, where a key below it that a `.reg` file lists is as good a sign.
    Traces,
    /// These values of it.
    Values(Vec<Name>),
    /// All of its values.
    AllValues,
    /// Its values, and all below it.
    Tree,
    /// The names of the keys right below it, and of each of these keys these values; but nothing of it where none of some other
    /// keys is there.
    Entries {
        /// The values.
        values: Vec<Name>,
        /// The other keys.
        where_any: Vec<KeyPath>,
    },
    /// The same of those keys right below it whose name has one of these texts in it, in any case. The others are not read, and
    /// that such a key is not there says nothing.
    EntriesWith {
        /// The texts.
        texts: Vec<String>,
        /// The values.
        values: Vec<Name>,
    },
}

impl Reading {
    /// What of a key is read.
    pub fn new(key: KeyPath, part: Part) -> Self {
        Self { key, part }
    }

    /// These values of it.
    pub fn values(key: KeyPath, names: &[&str]) -> Self {
        Self::new(key, Part::Values(names.iter().map(|&name| Name::from(name)).collect()))
    }

    /// Whether keys below it are read as well.
    pub fn is_deep(&self) -> bool {
        matches!(self.part, Part::Traces | Part::Tree | Part::Entries { .. } | Part::EntriesWith { .. })
    }
}
