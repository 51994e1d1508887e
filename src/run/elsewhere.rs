//! Files in folders of `--allow-dir`, which images anywhere may use.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::files;
use crate::source::{Above, Holder, Search};

/// Files in folders that images may name (`--allow-dir`) and that images elsewhere use.
pub(super) struct Elsewhere {
    folders: Vec<PathBuf>,
    known: Mutex<Known>,
    changed: Condvar,
}

#[derive(Default)]
struct Known {
    parts: HashSet<PathBuf>,
    /// Of this unit and all before it, everything is known.
    before: u64,
    /// Units after that which are known too.
    more: BTreeSet<u64>,
}

impl Elsewhere {
    pub(super) fn new(search: &Search<'_>) -> Self {
        Self { folders: search.allow.to_vec(), known: Mutex::new(Known::default()), changed: Condvar::new() }
    }

    pub(super) fn add(&self, parts: &HashSet<PathBuf>) {
        let allowed = |part: &&PathBuf| self.folders.iter().any(|folder| part.starts_with(folder));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.parts.extend(parts.iter().filter(allowed).cloned());
    }

    /// The parts that this unit uses are known.
    pub(super) fn announce(&self, unit: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if unit >= known.before {
            known.more.insert(unit);
        }
        let mut before = known.before;
        while known.more.remove(&before) {
            before += 1;
        }
        known.before = before;
        drop(known);
        self.changed.notify_all();
    }

    /// Whether an image of a unit before this one uses the file. Waits until that is known.
    pub(super) fn uses(&self, unit: u64, holder: &Holder) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        while known.before < unit {
            known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner);
        }
        files::real(holder.path()).is_ok_and(|path| known.parts.contains(&path))
    }
}

/// Lets those go on that wait for what a unit uses, whatever becomes of it.
pub(super) struct Announces<'a> {
    pub(super) above: Arc<Above>,
    pub(super) number: u64,
    pub(super) elsewhere: &'a Elsewhere,
}

impl Drop for Announces<'_> {
    fn drop(&mut self) {
        self.above.announce(HashSet::new());
        self.elsewhere.announce(self.number);
    }
}
