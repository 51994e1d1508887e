//! The way back from a change: what it will have changed, as it is now.

use std::collections::BTreeSet;
use std::fmt;

use super::remarks::head;
use super::{PlanError, Request};
use crate::error::Error;
use crate::place::Place;
use crate::registry::change::Change;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::path::{KeyPath, Name};

/// Keys, each with all below it.
#[derive(Default)]
struct Trees {
    /// The topmost keys, each with what puts it back as it is; nothing where it is to go.
    tops: Vec<(KeyPath, Vec<Change>)>,
    /// The same keys, upcased.
    folded: BTreeSet<Vec<Name>>,
}

impl Trees {
    fn add(&mut self, key: KeyPath, restore: Vec<Change>) {
        self.folded.insert(key.folded().0);
        self.tops.push((key, restore));
    }

    /// Whether one of them has this key.
    fn have(&self, key: &KeyPath) -> bool {
        self.within(&key.folded().0)
    }

    fn within(&self, key: &[Name]) -> bool {
        (0..=key.len()).any(|n| key.get(..n).is_some_and(|head| self.folded.contains(head)))
    }

    /// Those that are not within another one.
    fn outermost(&self) -> impl Iterator<Item = &(KeyPath, Vec<Change>)> {
        self.tops.iter().filter(|(key, _)| {
            let key = key.folded().0;
            !key.split_last().is_some_and(|(_, above)| self.within(above))
        })
    }
}

struct Undo<'a> {
    state: &'a Registry,
    /// Keys that will have been deleted, and are put back without being deleted before: where they are there as they are to
    /// be, nothing is changed.
    deleted: Trees,
    /// Keys that will have been created, and go.
    created: Trees,
    values: Vec<Change>,
    seen: BTreeSet<(KeyPath, Name)>,
    /// Keys that may still be copied.
    left: usize,
}

/// What puts back, once `changes` are made to `state`, all that they change: old values with their types and data, and
/// neither values nor keys that were not there. At most `keys` keys are put back.
///
/// # Errors
/// Where it cannot be told what the state is, naming the key or value: there is no guess.
pub fn undo(changes: &[Change], state: &Registry, keys: usize) -> Result<Vec<Change>, PlanError> {
    let (deleted, created) = (Trees::default(), Trees::default());
    let mut undo = Undo { state, deleted, created, values: Vec::new(), seen: BTreeSet::new(), left: keys };
    for change in changes {
        undo.one(change)?;
    }
    Ok(undo.changes())
}

/// What a file says that undoes something: `of` says what, before the name of a policy.
pub(super) fn remarks(request: &Request<'_>, of: &str) -> Vec<String> {
    let mut remarks = head(&format!("Undoes {of}"), request);
    remarks.push(
        "Puts back the values and keys that were there before the import, and deletes those that it adds.".to_owned(),
    );
    remarks.push("Times, owners and permissions of keys are not put back.".to_owned());
    remarks
}

impl Undo<'_> {
    /// What is not known, with the way on where a `.reg` file's silence is the reason.
    fn open(&self, key: &KeyPath, what: impl fmt::Display, why: &str) -> PlanError {
        let why = match self.state.script(key) {
            Some(script) => {
                format!("{why}: the .reg file is no export ({script}); if it is one, say so with --reg-is export")
            }
            None => why.to_owned(),
        };
        PlanError::NotPutBack { what: what.to_string(), why }
    }

    fn one(&mut self, change: &Change) -> Result<(), PlanError> {
        let key = change.key();
        match change {
            Change::DeleteKey(_) => {
                if self.exists(key)? && !self.deleted.have(key) {
                    let restore = self.copy(key)?;
                    self.deleted.add(key.clone(), restore);
                }
            }
            Change::CreateKey(_) => {
                self.created(key)?;
            }
            // A .reg file that deletes a value opens its key, which creates it.
            Change::Set { name, .. } | Change::DeleteValue { name, .. } => {
                if !self.created(key)? {
                    self.value(key, name)?;
                }
            }
            Change::DeleteValues(_) => {
                for name in self.names(key, self.state.value_names(key))? {
                    self.value(key, &name)?;
                }
            }
        }
        Ok(())
    }

    fn exists(&self, key: &KeyPath) -> Result<bool, PlanError> {
        match self.state.key(key) {
            Lookup::Found(_) | Lookup::ValueAbsent(_) => Ok(true),
            Lookup::KeyAbsent => Ok(false),
            Lookup::NotCovered => {
                Err(self.open(key, key, "no input says whether it is there, so it cannot be put back"))
            }
            Lookup::Unreadable(error, place) => Err(unreadable(key, error, place)),
        }
    }

    /// Whether the key will have been created, and notes the topmost one that will.
    fn created(&mut self, key: &KeyPath) -> Result<bool, PlanError> {
        if self.exists(key)? {
            return Ok(false);
        }
        let mut top = key.clone();
        loop {
            let above = KeyPath(top.names().split_last().map(|(_, above)| above.to_vec()).unwrap_or_default());
            if above.names().len() < 2 {
                return Err(not(key, "the hive that it would be in is not there"));
            }
            if self.exists(&above)? {
                break;
            }
            top = above;
        }
        if !self.created.have(&top) {
            self.created.add(top, Vec::new());
        }
        Ok(true)
    }

    fn value(&mut self, key: &KeyPath, name: &Name) -> Result<(), PlanError> {
        if !self.seen.insert((key.folded(), name.folded())) {
            return Ok(());
        }
        let (key, name) = (key.clone(), name.clone());
        match self.state.get(&key, &name) {
            Lookup::Found(found) => self.values.push(Change::Set { key, name, value: found.value }),
            Lookup::ValueAbsent(_) => self.values.push(Change::DeleteValue { key, name }),
            Lookup::KeyAbsent => {}
            Lookup::NotCovered => {
                return Err(self.open(
                    &key,
                    of_value(&key, &name),
                    "no input says what it is, so it cannot be put back",
                ));
            }
            Lookup::Unreadable(error, place) => return Err(unreadable(&of_value(&key, &name), error, place)),
        }
        Ok(())
    }

    fn names(&self, key: &KeyPath, listing: Listing) -> Result<Vec<Name>, PlanError> {
        match listing {
            Listing::Found { names, whole: true } => Ok(names),
            Listing::KeyAbsent => Ok(Vec::new()),
            Listing::Found { .. } | Listing::NotCovered => {
                Err(self.open(key, key, "the inputs do not say all that it holds, so it cannot be put back"))
            }
            Listing::Unreadable(error, place) => Err(unreadable(key, error, place)),
        }
    }

    /// What creates a key with all that is in it.
    fn copy(&mut self, key: &KeyPath) -> Result<Vec<Change>, PlanError> {
        let mut restore = Vec::new();
        let mut open = vec![key.clone()];
        while let Some(key) = open.pop() {
            if self.state.through_link(&key) {
                return Err(not(&key, "a symbolic link, which no import puts back"));
            }
            let Some(left) = self.left.checked_sub(1) else {
                return Err(not(&key, "more keys are deleted than can be put back"));
            };
            self.left = left;
            restore.push(Change::CreateKey(key.clone()));
            for name in self.names(&key, self.state.value_names(&key))? {
                match self.state.get(&key, &name) {
                    Lookup::Found(found) => restore.push(Change::Set { key: key.clone(), name, value: found.value }),
                    Lookup::Unreadable(error, place) => {
                        return Err(unreadable(&of_value(&key, &name), error, place));
                    }
                    _ => return Err(not(&of_value(&key, &name), "it is listed, but not there")),
                }
            }
            let children = self.names(&key, self.state.children(&key))?;
            let below = |name: &Name| KeyPath(key.names().iter().chain([name]).cloned().collect());
            open.extend(children.iter().rev().map(below));
        }
        Ok(restore)
    }

    fn changes(self) -> Vec<Change> {
        let Self { deleted, created, values, .. } = self;
        let mut changes: Vec<Change> = created.outermost().map(|(key, _)| Change::DeleteKey(key.clone())).collect();
        changes.extend(deleted.outermost().flat_map(|(_, restore)| restore.iter().cloned()));
        // A key that is put back has its own values set already.
        let once = |change: &Change| matches!(change, Change::DeleteValue { .. }) || !deleted.have(change.key());
        changes.extend(values.into_iter().filter(once));
        changes
    }
}

fn unreadable(what: &dyn fmt::Display, error: Error, place: Place) -> PlanError {
    PlanError::Unreadable { what: what.to_string(), error: Box::new(error), place }
}

fn of_value(key: &KeyPath, name: &Name) -> String {
    format!("{key}\\{name}")
}

fn not(what: &dyn fmt::Display, why: &'static str) -> PlanError {
    PlanError::NotPutBack { what: what.to_string(), why: why.to_owned() }
}
