//! What the import of a file changes, line by line: [`Kept`] has the state that is left, and not what was deleted on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kept::{Full, Kept, Slot};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::place::Place;
use crate::registry::change::{Change, Changes};
use crate::registry::path::{KeyPath, Name};

/// The changes so far, and the budget.
#[derive(Debug)]
pub(super) struct Journal {
    artifact: Arc<str>,
    /// By the origin of the key: two mounts of what may be the same hive never mix.
    changes: Vec<(usize, Change, u64)>,
    doubts: Vec<(KeyPath, Error, Place)>,
    /// The key that values go to.
    open: KeyPath,
    origin: usize,
    bytes: usize,
    max_bytes: usize,
}

impl Journal {
    pub(super) fn new(artifact: &Arc<str>, limits: &Limits) -> Self {
        Self {
            artifact: Arc::clone(artifact),
            changes: Vec::new(),
            doubts: Vec::new(),
            open: KeyPath::default(),
            origin: 0,
            bytes: 0,
            max_bytes: limits.reg_bytes,
        }
    }

    /// Counts what an entry takes: its path, and so many bytes more. 64 stand for what the allocator adds to each name.
    fn pay(&mut self, path: &KeyPath, bytes: usize) -> Result<(), Full> {
        let name = |name: &Name| name.units().len().saturating_mul(2).saturating_add(64);
        let path: usize = path.names().iter().map(name).sum();
        self.bytes = self.bytes.saturating_add(path).saturating_add(bytes).saturating_add(128);
        if self.bytes > self.max_bytes {
            Err(Full("the bytes of the changes that are kept", self.max_bytes))
        } else {
            Ok(())
        }
    }

    /// A key is opened, and so created.
    pub(super) fn open(&mut self, origin: usize, path: Vec<Name>, line: u64) -> Result<(), Full> {
        self.open = KeyPath(path);
        self.origin = origin;
        // Keys side by side below one that is asked for all say the same.
        if let Some((last, Change::CreateKey(key), _)) = self.changes.last()
            && *last == origin
            && *key == self.open
        {
            return Ok(());
        }
        self.pay(&self.open.clone(), 0)?;
        self.changes.push((origin, Change::CreateKey(self.open.clone()), line));
        Ok(())
    }

    /// A value of the open key is set, or deleted.
    pub(super) fn value(&mut self, name: &Name, slot: Option<&Slot>, line: u64) -> Result<(), Full> {
        let key = self.open.clone();
        let data = if let Some(Slot::Value(value, _)) = slot { value.data.len() } else { 0 };
        self.pay(&key, data.saturating_add(name.units().len().saturating_mul(2)))?;
        let name = name.clone();
        let change = match slot {
            None | Some(Slot::Deleted) => Change::DeleteValue { key, name },
            Some(Slot::Value(value, _)) => Change::Set { key, name, value: value.clone() },
            Some(Slot::TooLarge(_, limit)) => {
                let error = Error::Limit { at: At::Line(line), what: "the bytes of a value", limit: *limit };
                self.doubts.push((key, error, Place::new(&self.artifact, At::Line(line))));
                return Ok(());
            }
        };
        self.changes.push((self.origin, change, line));
        Ok(())
    }

    /// A key is deleted with all below it.
    pub(super) fn delete(&mut self, origin: usize, path: Vec<Name>, line: u64) -> Result<(), Full> {
        let path = KeyPath(path);
        self.pay(&path, 0)?;
        self.changes.push((origin, Change::DeleteKey(path), line));
        Ok(())
    }

    /// All of it. A hive that the file has under two names may be two: what becomes of it is then in doubt, as in a look-up.
    pub(super) fn changes(self, kept: &Kept) -> Changes {
        let mut origins: BTreeMap<KeyPath, usize> = BTreeMap::new();
        let mut doubts = self.doubts;
        for (origin, change, line) in &self.changes {
            let hive = KeyPath(change.key().folded().0.into_iter().take(2).collect());
            let first = *origins.entry(hive.clone()).or_insert(*origin);
            if first != *origin && !doubts.iter().any(|(key, ..)| *key == hive) {
                let called = |origin| match kept.origin_name(origin) {
                    "" => "HKEY_LOCAL_MACHINE".to_owned(),
                    name => name.to_owned(),
                };
                let what =
                    format!("the file changes {hive} in more than one hive: {}, {}", called(first), called(*origin));
                doubts.push((hive, Error::Ambiguous { what }, Place::new(&self.artifact, At::Line(*line))));
            }
        }
        let place = |line| Place::new(&self.artifact, At::Line(line));
        let changes = self.changes.into_iter().map(|(_, change, line)| (change, place(line))).collect();
        Changes { changes, doubts, ..Changes::default() }
    }
}
