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

/// What puts a key back as it is.
struct Tree {
    key: KeyPath,
    restore: Vec<Change>,
}

struct Undo<'a> {
    state: &'a Registry,
    trees: Vec<Tree>,
    /// Their keys, upcased.
    tops: BTreeSet<Vec<Name>>,
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
    let (trees, tops, values, seen) = (Vec::new(), BTreeSet::new(), Vec::new(), BTreeSet::new());
    let mut undo = Undo { state, trees, tops, values, seen, left: keys };
    for change in changes {
        undo.one(change)?;
    }
    Ok(undo.changes())
}

/// What a file says that undoes something: `of` says what, before the name of a policy.
pub(super) fn remarks(request: &Request<'_>, of: &str) -> Vec<String> {
    let mut remarks = head(&format!("Undoes {of}"), request);
    remarks.push(
        "Puts back the values and keys that were there before the import, and deletes those that were not.".to_owned(),
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
                if self.exists(key)? && !self.covered(key) {
                    let restore = self.copy(key)?;
                    self.put_back(key.clone(), restore);
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
        if !self.covered(&top) {
            self.put_back(top, Vec::new());
        }
        Ok(true)
    }

    /// Whether a tree that is put back as a whole has this key.
    fn covered(&self, key: &KeyPath) -> bool {
        let key = key.folded().0;
        (0..=key.len()).any(|n| key.get(..n).is_some_and(|head| self.tops.contains(head)))
    }

    fn put_back(&mut self, key: KeyPath, restore: Vec<Change>) {
        self.tops.insert(key.folded().0);
        self.trees.push(Tree { key, restore });
    }

    fn value(&mut self, key: &KeyPath, name: &Name) -> Result<(), PlanError> {
        if self.covered(key) || !self.seen.insert((key.folded(), name.folded())) {
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
        let Self { trees, tops, values, .. } = self;
        let above = |key: &KeyPath, most: usize| {
            let key = key.folded().0;
            (0..=most.min(key.len())).any(|n| key.get(..n).is_some_and(|head| tops.contains(head)))
        };
        let mut changes = Vec::new();
        for tree in trees {
            let own = tree.key.names().len();
            if own.checked_sub(1).is_some_and(|most| above(&tree.key, most)) {
                continue;
            }
            changes.push(Change::DeleteKey(tree.key));
            changes.extend(tree.restore);
        }
        changes.extend(values.into_iter().filter(|value| !above(value.key(), usize::MAX)));
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
