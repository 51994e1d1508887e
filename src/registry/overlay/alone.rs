//! Changes by themselves: what a file says where nothing lies below it.

use std::collections::BTreeMap;

use super::tree::Node;
use crate::error::Error;
use crate::place::Place;
use crate::registry::change::Changes;
use crate::registry::hive::Listed;
use crate::registry::{Listing, Lookup};
use crate::windows::path::{KeyPath, Name};

/// What is left of the changes of one file, in its own terms: sets are found, deletions are absent, and of all else it says
/// nothing, the other values of a key that it writes to included.
#[derive(Debug)]
pub(in crate::registry) struct Alone {
    root: Node,
    /// Upcased paths of keys of which, with all below them, nothing is known.
    doubts: BTreeMap<Vec<Name>, (Error, Place)>,
    stopped: Option<(Error, Place)>,
}

impl Alone {
    pub(in crate::registry) fn new(file: &Changes) -> Self {
        let mut root = Node::default();
        for (change, place) in &file.changes {
            root.change(change, place);
        }
        let mut doubts = BTreeMap::new();
        for (key, error, place) in &file.doubts {
            doubts.entry(key.folded().0).or_insert_with(|| (error.clone(), place.clone()));
        }
        Self { root, doubts, stopped: file.stopped.clone() }
    }

    /// Why nothing can be said of a key.
    fn doubt(&self, key: &KeyPath) -> Option<&(Error, Place)> {
        let folded = key.folded().0;
        let above = || (0..=folded.len()).find_map(|names| self.doubts.get(folded.get(..names)?));
        self.stopped.as_ref().or_else(above)
    }

    /// The doubt about something below a key.
    fn doubt_below(&self, key: &KeyPath) -> Option<&(Error, Place)> {
        let folded = key.folded().0;
        let (first, doubt) = self.doubts.range(folded.clone()..).next()?;
        first.starts_with(&folded).then_some(doubt)
    }

    pub(in crate::registry) fn get(&self, key: &KeyPath, value: &Name) -> Lookup {
        match self.doubt(key) {
            Some((error, place)) => Lookup::Unreadable(error.clone(), place.clone()),
            None => self.root.find(key).value(value, Lookup::NotCovered),
        }
    }

    pub(in crate::registry) fn key(&self, key: &KeyPath) -> Lookup {
        if let Some((error, place)) = self.doubt(key) {
            return Lookup::Unreadable(error.clone(), place.clone());
        }
        match (self.root.find(key).key(Lookup::NotCovered), self.doubt_below(key)) {
            (Lookup::KeyAbsent | Lookup::NotCovered, Some((error, place))) => {
                Lookup::Unreadable(error.clone(), place.clone())
            }
            (answer, _) => answer,
        }
    }

    pub(in crate::registry) fn list(&self, key: &KeyPath, what: Listed) -> Listing {
        let below = || self.doubt_below(key).filter(|_| what == Listed::Keys);
        match self.doubt(key).or_else(below) {
            Some((error, place)) => Listing::Unreadable(error.clone(), place.clone()),
            None => match what {
                Listed::Keys => self.root.find(key).children(Listing::NotCovered),
                Listed::Values => self.root.find(key).value_names(Listing::NotCovered),
            },
        }
    }
}
