//! What was kept of a file, to be looked at.

use super::kept::{Key, Slot};
use super::reader::keys::prefix;
use super::roots;
use super::{Interest, RegFile};
use crate::error::{At, Error};
use crate::windows::control_set::is_control_set;
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::Value;

/// A key as the import of the file would leave it.
#[derive(Debug, Clone)]
pub struct ListedKey<'a> {
    /// The hive that it is in as the file calls it; empty for the running system.
    pub mount: &'a str,
    /// Its normalised path, as the file first spells it.
    pub path: &'a [Name],
    /// The line that opens or deletes it, or the first that opens a key below it.
    pub line: u64,
    /// Whether it is a symbolic link, which Wine's files say.
    pub link: bool,
    /// Whether the file deletes it and does not open it again.
    pub deleted: bool,
    /// Its values, by line.
    pub values: Vec<ListedValue<'a>>,
}

/// A value as the import of the file would leave it.
#[derive(Debug, Clone)]
pub struct ListedValue<'a> {
    /// Its name, as last spelled.
    pub name: &'a Name,
    /// The line that sets it.
    pub line: u64,
    /// Type and data, or why they were not kept.
    pub value: Result<&'a Value, Error>,
}

/// The path that look-ups and interests know a key by, from one as a `.reg` file may spell it: a hive that is mounted
/// elsewhere, or without a root, comes to its own place. `None` where regedit knows no such root.
pub fn normalised(path: &str) -> Option<KeyPath> {
    let units: Vec<u16> = path.encode_utf16().collect();
    let located = roots::locate(&units).ok()?;
    let head = prefix(located.start).iter().map(|&name| Name::from(name));
    Some(KeyPath(head.chain(roots::names(located.rest).map(Name::from_units)).collect()))
}

impl Interest {
    /// Wants everything at and below `path`, which may be above the hives, or empty for the whole file.
    pub fn everything(&mut self, path: &KeyPath) {
        self.tree(path);
        for hive in ["HKEY_LOCAL_MACHINE", r"HKEY_LOCAL_MACHINE\SYSTEM", r"HKEY_LOCAL_MACHINE\SOFTWARE"] {
            let hive = KeyPath::parse(hive);
            if hive.below(path).is_some() {
                self.tree(&hive);
            }
        }
    }
}

impl RegFile {
    /// Whether the file is known to have all that is in and below a key that it speaks of.
    pub fn has_all(&self, path: &[Name]) -> bool {
        let folded: Vec<Name> = path.iter().map(Name::folded).collect();
        self.stopped().is_none() && self.kept.covers(&folded)
    }

    /// Why the file is no export of the lowest key that it lists at or above this one.
    pub fn doubt(&self, path: &KeyPath) -> Option<String> {
        let folded = path.folded();
        let line = self.kept.listed_above(folded.names())?;
        self.stopped().is_none().then(|| self.extent().doubt(line)).flatten()
    }

    /// The kept keys at and below `path`, parents first. `CurrentControlSet` in it stands for itself; with `any_set`, for
    /// every control set that the file speaks of.
    pub fn kept_below(&self, path: &KeyPath, any_set: bool) -> Vec<ListedKey<'_>> {
        let wanted = path.folded();
        let same = |(level, (own, name)): (usize, (&Name, &Name))| {
            own == name || (any_set && level == 2 && is_control_set(name.units()) && is_control_set(own.units()))
        };
        let below = |own: &[Name]| own.len() >= wanted.0.len() && own.iter().zip(wanted.names()).enumerate().all(same);
        let keys: Vec<_> = self.kept.keys().filter(|(_, own, _)| below(own)).collect();
        // The keys below one come right after it: where the file opens those alone, they tell how it is spelled.
        let spelling = |at: usize, own: &[Name]| {
            let spelled = keys.get(at..)?.iter().find_map(|(_, _, key)| key.spelling.as_deref())?;
            spelled.get(..own.len()).filter(|part| part.iter().zip(own).all(|(name, own)| own.matches(name.units())))
        };
        let all = keys.iter().enumerate();
        all.filter_map(|(at, (mount, own, key))| listed(mount, spelling(at, own).unwrap_or(own), key)).collect()
    }
}

fn listed<'a>(mount: &'a str, path: &'a [Name], key: &'a Key) -> Option<ListedKey<'a>> {
    let mut values: Vec<ListedValue<'a>> = (key.values.values())
        .filter_map(|(name, slot)| match slot {
            Slot::Value(value, line) => Some(ListedValue { name, line: *line, value: Ok(value) }),
            Slot::TooLarge(line, limit) => {
                let (at, what) = (At::Line(*line), "the bytes of a value");
                Some(ListedValue { name, line: *line, value: Err(Error::Limit { at, what, limit: *limit }) })
            }
            Slot::Deleted => None,
        })
        .collect();
    values.sort_by_key(|value| value.line);
    let there = key.listed.or(key.implied);
    Some(ListedKey { mount, path, line: there.or(key.deleted)?, link: key.link, deleted: there.is_none(), values })
}
