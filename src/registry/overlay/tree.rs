//! The changes of imports as a tree of keys: what is left of them after the last one, key by key.

use std::collections::{BTreeMap, BTreeSet};

use crate::place::Place;
use crate::registry::change::Change;
use crate::registry::{Found, KeyInfo, Listing, Lookup};
use crate::windows::path::{KeyPath, Name};
use crate::windows::value;

/// One key, as far as it is changed.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// As the change that first named it spells it.
    name: Name,
    /// By upcased name.
    children: BTreeMap<Name, Node>,
    /// Where what was here before, with all below it, was deleted.
    pub(super) deleted: Option<Place>,
    /// Where it was created, since, if it was not there.
    created: Option<Place>,
    /// Where all values that were here before were deleted.
    pub(super) cleared: Option<Place>,
    /// By upcased name.
    pub(super) values: BTreeMap<Name, Value>,
}

/// A value that is set, or deleted.
#[derive(Debug)]
pub(super) struct Value {
    name: Name,
    pub(super) data: Option<value::Value>,
    pub(super) place: Place,
}

/// What the tree has of a key.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Say<'a> {
    pub(super) node: Option<&'a Node>,
    /// Where the key, or one above it, was deleted.
    pub(super) deleted: Option<&'a Place>,
}

impl Node {
    fn reach(&mut self, key: &KeyPath, created: Option<&Place>) -> &mut Node {
        let mut node = self;
        for name in key.names() {
            node = node.children.entry(name.folded()).or_insert_with(|| Node { name: name.clone(), ..Node::default() });
            if node.created.is_none() {
                node.created = created.cloned();
            }
        }
        node
    }

    pub(super) fn change(&mut self, change: &Change, place: &Place) {
        let value = |name: &Name, data| Value { name: name.clone(), data, place: place.clone() };
        match change {
            Change::CreateKey(key) => {
                self.reach(key, Some(place));
            }
            Change::Set { key, name, value: data } => {
                let set = value(name, Some(data.clone()));
                self.reach(key, Some(place)).values.insert(name.folded(), set);
            }
            Change::DeleteValue { key, name } => {
                self.reach(key, None).values.insert(name.folded(), value(name, None));
            }
            Change::DeleteValues(key) => {
                let node = self.reach(key, None);
                node.values.clear();
                node.cleared = Some(place.clone());
            }
            Change::DeleteKey(key) => {
                let node = self.reach(key, None);
                let name = std::mem::take(&mut node.name);
                *node = Node { name, deleted: Some(place.clone()), ..Node::default() };
            }
        }
    }

    pub(super) fn find(&self, key: &KeyPath) -> Say<'_> {
        let mut say = Say { node: Some(self), deleted: self.deleted.as_ref() };
        for name in key.names() {
            say.node = say.node.and_then(|node| node.children.get(&name.folded()));
            say.deleted = say.node.and_then(|node| node.deleted.as_ref()).or(say.deleted);
        }
        say
    }

    /// Whether the key made of so many names of the path, or one above it, was deleted.
    pub(super) fn deletes_above(&self, key: &KeyPath, names: usize) -> bool {
        let head = key.names().get(..names).unwrap_or_default();
        self.find(&KeyPath(head.to_vec())).deleted.is_some()
    }
}

impl<'a> Say<'a> {
    fn created(&self) -> Option<&'a Place> {
        self.node.and_then(|node| node.created.as_ref())
    }

    /// The key as the import leaves it: when it was written is not known where the import writes to it.
    fn info(&self, before: KeyInfo) -> KeyInfo {
        let written = self.node.is_some_and(|node| !node.values.is_empty() || node.cleared.is_some());
        KeyInfo { last_write: before.last_write.filter(|_| !written), ..before }
    }

    /// A value, by what the base says of it.
    pub(super) fn value(self, name: &Name, before: Lookup) -> Lookup {
        let new = |place: &Place| KeyInfo { last_write: None, place: place.clone() };
        let there = match &before {
            Lookup::Found(found) if self.deleted.is_none() => Some(self.info(found.key.clone())),
            Lookup::ValueAbsent(info) if self.deleted.is_none() => Some(self.info(info.clone())),
            _ => self.created().map(new),
        };
        let own = self.node.and_then(|node| node.values.get(&name.folded()));
        let cleared = self.node.and_then(|node| node.cleared.as_ref()).or(self.deleted);
        match (own, cleared, there) {
            (Some(Value { data: Some(data), place, .. }), _, there) => {
                let key = there.unwrap_or_else(|| new(place));
                Lookup::Found(Found { value: data.clone(), place: place.clone(), key })
            }
            (Some(_), ..) | (None, Some(_), _) if there_is_none(&before, self.deleted) && self.created().is_none() => {
                Lookup::KeyAbsent
            }
            (Some(Value { place, .. }), _, there) | (None, Some(place), there) => {
                Lookup::ValueAbsent(there.unwrap_or_else(|| new(place)))
            }
            (None, None, Some(info)) => match before {
                Lookup::Found(found) => Lookup::Found(Found { key: info, ..found }),
                Lookup::NotCovered => Lookup::NotCovered,
                _ => Lookup::ValueAbsent(info),
            },
            (None, None, None) => before,
        }
    }

    /// The key itself, by what the base says of it.
    pub(super) fn key(self, before: Lookup) -> Lookup {
        let new = |place: &Place| Lookup::ValueAbsent(KeyInfo { last_write: None, place: place.clone() });
        match (before, self.deleted, self.created()) {
            (Lookup::ValueAbsent(info), None, _) => Lookup::ValueAbsent(self.info(info)),
            (_, _, Some(place)) => new(place),
            (_, Some(_), None) => Lookup::KeyAbsent,
            (before, None, None) => before,
        }
    }

    pub(super) fn children(self, before: Listing) -> Listing {
        let nodes = || self.node.into_iter().flat_map(|node| node.children.values());
        let own = |name: &Name| self.node.and_then(|node| node.children.get(&name.folded()));
        let gone = |name: &Name| own(name).is_some_and(|node| node.deleted.is_some() && node.created.is_none());
        let created = nodes().filter(|node| node.created.is_some()).map(|node| &node.name);
        self.listing(before, self.deleted.is_some(), gone, created)
    }

    pub(super) fn value_names(self, before: Listing) -> Listing {
        let values = || self.node.into_iter().flat_map(|node| node.values.values());
        let own = |name: &Name| self.node.and_then(|node| node.values.get(&name.folded()));
        let gone = |name: &Name| own(name).is_some_and(|value| value.data.is_none());
        let set = values().filter(|value| value.data.is_some()).map(|value| &value.name);
        let fresh = self.deleted.is_some() || self.node.is_some_and(|node| node.cleared.is_some());
        self.listing(before, fresh, gone, set)
    }

    /// Names that were there but those that are gone, and those that are new. `fresh`: nothing is left of what was there.
    fn listing<'n>(
        self,
        before: Listing,
        fresh: bool,
        gone: impl Fn(&Name) -> bool,
        new: impl Iterator<Item = &'n Name>,
    ) -> Listing {
        let absent = match &before {
            Listing::KeyAbsent => true,
            Listing::NotCovered | Listing::Found { .. } => self.deleted.is_some(),
            Listing::Unreadable(..) => return before,
        };
        if absent && self.created().is_none() {
            return Listing::KeyAbsent;
        }
        let (mut names, whole) = match before {
            Listing::Found { names, whole } if !fresh => (names, whole),
            Listing::NotCovered if !fresh => (Vec::new(), false),
            _ => (Vec::new(), true),
        };
        let covered = whole || !names.is_empty();
        names.retain(|name| !gone(name));
        let mut known: BTreeSet<Name> = names.iter().map(Name::folded).collect();
        names.extend(new.filter(|name| known.insert(name.folded())).cloned());
        if !covered && names.is_empty() && self.created().is_none() {
            return Listing::NotCovered;
        }
        Listing::Found { names, whole }
    }
}

/// Whether the key is known not to be there, but for what the import creates.
fn there_is_none(before: &Lookup, deleted: Option<&Place>) -> bool {
    deleted.is_some() || *before == Lookup::KeyAbsent
}
