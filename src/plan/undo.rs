//! The way back from a change: what it will have changed, as it is now.

use std::collections::BTreeSet;

use super::Changeset;
use super::remarks::head;
use crate::policy::Policy;
use crate::registry::change::Change;
use crate::registry::path::{KeyPath, Name};
use crate::registry::{Listing, Lookup, Registry};

/// What puts a key back as it is.
struct Tree {
    key: KeyPath,
    restore: Vec<Change>,
}

struct Undo<'a> {
    state: &'a Registry,
    trees: Vec<Tree>,
    values: Vec<Change>,
    seen: BTreeSet<(KeyPath, Name)>,
    /// Keys that may still be copied.
    left: usize,
}

/// Undoes `changes` (`of` says what they are, before the name of a policy) once they are made to `state`: old values with
/// their types and data, and neither values nor keys that were not there. At most `keys` keys are put back.
///
/// # Errors
/// Where it cannot be told what the state is, naming the key or value: there is no guess.
pub fn undo(
    policy: &Policy,
    of: &str,
    changes: &[Change],
    state: &Registry,
    control_set: Option<u32>,
    keys: usize,
) -> Result<Changeset, String> {
    let mut undo = Undo { state, trees: Vec::new(), values: Vec::new(), seen: BTreeSet::new(), left: keys };
    for change in changes {
        undo.one(change)?;
    }
    let mut remarks = head(&format!("Undoes {of}"), policy, control_set);
    remarks.push(
        "Puts back the values and keys that were there before the import, and deletes those that were not.".to_owned(),
    );
    remarks.push("Times, owners and permissions of keys are not put back.".to_owned());
    Ok(Changeset { remarks, changes: undo.changes(), left_out: Vec::new() })
}

impl Undo<'_> {
    /// What is not known, with the way on where a `.reg` file's silence is the reason.
    fn open(&self, key: &KeyPath, what: &str) -> String {
        match self.state.script(key) {
            Some(why) => {
                format!("{what}: the .reg file is no export ({why}); if it is one, say so with --reg-is export")
            }
            None => what.to_owned(),
        }
    }

    fn one(&mut self, change: &Change) -> Result<(), String> {
        let key = change.key();
        match change {
            Change::DeleteKey(_) => {
                if self.exists(key)? && !self.covered(key) {
                    let restore = self.copy(key)?;
                    self.trees.push(Tree { key: key.clone(), restore });
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

    fn exists(&self, key: &KeyPath) -> Result<bool, String> {
        match self.state.key(key) {
            Lookup::Found(_) | Lookup::ValueAbsent(_) => Ok(true),
            Lookup::KeyAbsent => Ok(false),
            Lookup::NotCovered => {
                Err(self.open(key, &format!("{key}: no input says whether it is there, so it cannot be put back")))
            }
            Lookup::Unreadable(error, place) => Err(unreadable(&key.to_string(), &error, &place)),
        }
    }

    /// Whether the key will have been created, and notes the topmost one that will.
    fn created(&mut self, key: &KeyPath) -> Result<bool, String> {
        if self.exists(key)? {
            return Ok(false);
        }
        let mut top = key.clone();
        loop {
            let above = KeyPath(top.names().split_last().map(|(_, above)| above.to_vec()).unwrap_or_default());
            if above.names().len() < 2 {
                return Err(format!("{key}: the hive that it would be in is not there"));
            }
            if self.exists(&above)? {
                break;
            }
            top = above;
        }
        if !self.covered(&top) {
            self.trees.push(Tree { key: top, restore: Vec::new() });
        }
        Ok(true)
    }

    /// Whether a tree that is put back as a whole has this key.
    fn covered(&self, key: &KeyPath) -> bool {
        self.trees.iter().any(|tree| key.below(&tree.key).is_some())
    }

    fn value(&mut self, key: &KeyPath, name: &Name) -> Result<(), String> {
        if self.covered(key) || !self.seen.insert((key.folded(), name.folded())) {
            return Ok(());
        }
        let (key, name) = (key.clone(), name.clone());
        match self.state.get(&key, &name) {
            Lookup::Found(found) => self.values.push(Change::Set { key, name, value: found.value }),
            Lookup::ValueAbsent(_) => self.values.push(Change::DeleteValue { key, name }),
            Lookup::KeyAbsent => {}
            Lookup::NotCovered => {
                return Err(
                    self.open(&key, &format!("{key}\\{name}: no input says what it is, so it cannot be put back"))
                );
            }
            Lookup::Unreadable(error, place) => return Err(unreadable(&format!("{key}\\{name}"), &error, &place)),
        }
        Ok(())
    }

    fn names(&self, key: &KeyPath, listing: Listing) -> Result<Vec<Name>, String> {
        match listing {
            Listing::Found { names, whole: true } => Ok(names),
            Listing::KeyAbsent => Ok(Vec::new()),
            Listing::Found { .. } | Listing::NotCovered => {
                Err(self
                    .open(key, &format!("{key}: the inputs do not say all that it holds, so it cannot be put back")))
            }
            Listing::Unreadable(error, place) => Err(unreadable(&key.to_string(), &error, &place)),
        }
    }

    /// What creates a key with all that is in it.
    fn copy(&mut self, key: &KeyPath) -> Result<Vec<Change>, String> {
        let mut restore = Vec::new();
        let mut open = vec![key.clone()];
        while let Some(key) = open.pop() {
            if self.state.through_link(&key) {
                return Err(format!("{key}: a symbolic link, which no import puts back"));
            }
            let Some(left) = self.left.checked_sub(1) else {
                return Err(format!("{key}: more keys are deleted than can be put back"));
            };
            self.left = left;
            restore.push(Change::CreateKey(key.clone()));
            for name in self.names(&key, self.state.value_names(&key))? {
                match self.state.get(&key, &name) {
                    Lookup::Found(found) => restore.push(Change::Set { key: key.clone(), name, value: found.value }),
                    Lookup::Unreadable(error, place) => {
                        return Err(unreadable(&format!("{key}\\{name}"), &error, &place));
                    }
                    _ => return Err(format!("{key}\\{name}: it is listed, but not there")),
                }
            }
            let children = self.names(&key, self.state.children(&key))?;
            let below = |name: &Name| KeyPath(key.names().iter().chain([name]).cloned().collect());
            open.extend(children.iter().rev().map(below));
        }
        Ok(restore)
    }

    fn changes(self) -> Vec<Change> {
        let tops: Vec<KeyPath> = self.trees.iter().map(|tree| tree.key.clone()).collect();
        let is_below = |key: &KeyPath| tops.iter().any(|top| key.folded() != top.folded() && key.below(top).is_some());
        let in_tree = |key: &KeyPath| tops.iter().any(|top| key.below(top).is_some());
        let mut changes = Vec::new();
        for tree in self.trees.into_iter().filter(|tree| !is_below(&tree.key)) {
            changes.push(Change::DeleteKey(tree.key));
            changes.extend(tree.restore);
        }
        changes.extend(self.values.into_iter().filter(|value| !in_tree(value.key())));
        changes
    }
}

fn unreadable(what: &str, error: &dyn std::fmt::Display, place: &dyn std::fmt::Display) -> String {
    format!("{what}: it cannot be read, so it cannot be put back: {error} ({place})")
}
