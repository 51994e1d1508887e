//! A hive at its place in the registry.

use std::cell::OnceCell;
use std::sync::Arc;

use super::{Answer, Hive, Listed};
use crate::error::{At, Error};
use crate::place::Place;
use crate::registry::cross_check::{Agreement, cross_check};
use crate::registry::source::{Second, Source};
use crate::registry::{Listing, Lookup};
use crate::windows::control_set::is_alias;
use crate::windows::keys::system;
use crate::windows::path::{KeyPath, Name};

/// A hive, and the key that its root is.
pub struct Mounted {
    root: KeyPath,
    hive: Hive,
    /// How it is known to be out of date, if it is: good enough for facts, but not for rules.
    stale: Option<Error>,
    /// Its bytes, read whole the first time that the second reader asks for them.
    whole: OnceCell<Result<Vec<u8>, Error>>,
}

impl Mounted {
    /// A hive at this key.
    pub fn new(root: KeyPath, hive: Hive) -> Self {
        Self { root, hive, stale: None, whole: OnceCell::new() }
    }

    /// The same hive, which is out of date in this way.
    #[must_use]
    pub fn out_of_date(mut self, why: Error) -> Self {
        self.stale = Some(why);
        self
    }

    /// Why it does not answer, where what is out of date is not asked.
    fn closed(&self, stale: bool) -> Option<(Error, Place)> {
        let why = self.stale.as_ref().filter(|_| !stale)?;
        Some((why.clone(), Place::new(self.hive.artifact(), At::Whole)))
    }
}

impl Source for Mounted {
    fn artifact(&self) -> &Arc<str> {
        self.hive.artifact()
    }

    fn look(&self, path: &KeyPath, value: Option<&Name>, stale: bool) -> Answer {
        match (path.below(&self.root), self.closed(stale)) {
            (None, _) => Answer::Lookup(Lookup::NotCovered),
            (Some(_), Some((error, place))) => Answer::Lookup(Lookup::Unreadable(error, place)),
            (Some(below), None) => self.hive.lookup(below, value),
        }
    }

    fn list(&self, path: &KeyPath, what: Listed, stale: bool) -> Result<Listing, KeyPath> {
        match (path.below(&self.root), self.closed(stale)) {
            (None, _) => Ok(Listing::NotCovered),
            (Some(_), Some((error, place))) => Ok(Listing::Unreadable(error, place)),
            (Some(below), None) => self.hive.list(below, what),
        }
    }

    fn may_cover(&self, key: &KeyPath) -> bool {
        key.below(&self.root).is_some()
    }

    fn is_hive(&self, root: &KeyPath) -> bool {
        self.root == *root
    }

    fn control_sets(&self) -> (Vec<Name>, Option<Error>) {
        if self.root != system() {
            return (Vec::new(), None);
        }
        match self.hive.children(&[]) {
            // Windows never reads a key of a hive that is called as the set in use.
            Ok(names) => (names.into_iter().filter(|name| !is_alias(name.units())).collect(), None),
            Err(error) => (Vec::new(), Some(error)),
        }
    }

    fn own_control_set(&self) -> Option<(Place, Option<KeyPath>)> {
        if self.root == system() { self.hive.own_control_set() } else { None }
    }

    fn second(&self, path: &KeyPath, value: &Name) -> Option<Second> {
        if self.stale.is_some() {
            return None;
        }
        let below = path.below(&self.root)?;
        Some(match self.hive.lookup(below, Some(value)) {
            Answer::Link(target) => Second::Link(target),
            Answer::Lookup(ours) => Second::Agreement(match self.whole.get_or_init(|| self.hive.bytes()) {
                Ok(bytes) => cross_check(bytes, below, value, &ours),
                Err(error) => Agreement::CouldNotRead { why: error.to_string() },
            }),
        })
    }

    fn remarks(&self) -> Vec<Error> {
        self.hive.remarks()
    }

    fn pages_read(&self) -> u64 {
        self.hive.pages_read()
    }
}
