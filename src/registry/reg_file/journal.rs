//! What the import of a file changes, line by line: [`Kept`] has the state that is left, and not what was deleted on the way.

use std::sync::Arc;

use super::kept::{Full, Slot};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::place::Place;
use crate::registry::change::{Change, Changes};
use crate::windows::path::{KeyPath, Name};

/// The changes so far, and the budget.
#[derive(Debug)]
pub(super) struct Journal {
    artifact: Arc<str>,
    /// Each with its line.
    changes: Vec<(Change, u64)>,
    doubts: Vec<(KeyPath, Error, Place)>,
    /// The key that values go to.
    open: KeyPath,
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
    pub(super) fn open(&mut self, path: Vec<Name>, line: u64) -> Result<(), Full> {
        self.open = KeyPath(path);
        // Keys side by side below one that is asked for all say the same.
        if let Some((Change::CreateKey(key), _)) = self.changes.last()
            && *key == self.open
        {
            return Ok(());
        }
        self.pay(&self.open.clone(), 0)?;
        self.changes.push((Change::CreateKey(self.open.clone()), line));
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
        self.changes.push((change, line));
        Ok(())
    }

    /// A key is deleted with all below it.
    pub(super) fn delete(&mut self, path: Vec<Name>, line: u64) -> Result<(), Full> {
        let path = KeyPath(path);
        self.pay(&path, 0)?;
        self.changes.push((Change::DeleteKey(path), line));
        Ok(())
    }

    /// All of it.
    pub(super) fn changes(self) -> Changes {
        let place = |line| Place::new(&self.artifact, At::Line(line));
        let changes = self.changes.into_iter().map(|(change, line)| (change, place(line))).collect();
        Changes { changes, doubts: self.doubts, ..Changes::default() }
    }
}
