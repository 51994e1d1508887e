//! What is kept of a file: the wanted keys as they stand after every line so far, in order.

use std::collections::{BTreeMap, BTreeSet};

use super::extent::{By, Extent};
use crate::limits::Limits;
use crate::windows::path::Name;
use crate::windows::value::Value;

/// A key path, upcased: equal for two paths exactly when they are the same key.
pub(super) type Folded = Vec<Name>;

/// A budget that ran out: what was counted, and the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full(pub(super) &'static str, pub(super) usize);

/// The kept keys of one hive as one file names it. Two mounts of what may be the same hive never mix.
#[derive(Debug, Default)]
struct Origin {
    /// How the file calls it; empty for the running system.
    name: String,
    keys: BTreeMap<Folded, Key>,
}

#[derive(Debug, Default)]
pub(super) struct Key {
    /// Its path as the file first spells it, where it opens or deletes the key.
    pub(super) spelling: Option<Vec<Name>>,
    /// The line that opened it.
    pub(super) listed: Option<u64>,
    /// The line that opened a key below it, which creates it.
    pub(super) implied: Option<u64>,
    /// The line that deleted its tree.
    pub(super) deleted: Option<u64>,
    pub(super) link: bool,
    /// By upcased name: the name as last spelled, and the value. One that was deleted is known not to be there.
    pub(super) values: BTreeMap<Name, (Name, Slot)>,
}

/// One value of a kept key.
#[derive(Debug)]
pub(super) enum Slot {
    /// As the last line that set it has it.
    Value(Value, u64),
    /// It holds more bytes than [`Limits::value_bytes`]: the line, and the limit.
    TooLarge(u64, u64),
    /// The last line that names it deletes it.
    Deleted,
}

/// What one origin says of a value. Numbers are lines.
#[derive(Debug)]
pub(super) enum Said<'a> {
    Value {
        slot: &'a Slot,
        key: u64,
    },
    ValueAbsent {
        key: u64,
    },
    /// The key is there, and the file does not say whether it has the value.
    Open {
        key: u64,
    },
    KeyAbsent,
    Link {
        key: u64,
    },
}

/// Everything kept, and the budgets.
#[derive(Debug)]
pub(super) struct Kept {
    origins: Vec<Origin>,
    by_name: BTreeMap<Name, usize>,
    sets: Vec<Name>,
    folded_sets: BTreeSet<Name>,
    /// Which of the listed keys are known with all that is in and below them. Nothing is, until the last line was read.
    pub(super) extent: Extent,
    entries: usize,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

impl Kept {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            origins: vec![Origin::default()],
            by_name: BTreeMap::from([(Name::default(), 0)]),
            sets: Vec::new(),
            folded_sets: BTreeSet::new(),
            extent: Extent { trees: Vec::new(), by: By::File },
            entries: 0,
            bytes: 0,
            max_entries: limits.reg_keys,
            max_bytes: limits.reg_bytes,
        }
    }

    /// Counts one more entry that takes about so many bytes. Deletions give nothing back: the budget is for all work.
    fn pay(&mut self, entries: usize, bytes: usize) -> Result<(), Full> {
        self.entries = self.entries.saturating_add(entries);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.entries > self.max_entries {
            return Err(Full("the keys that are kept", self.max_entries));
        }
        if self.bytes > self.max_bytes {
            return Err(Full("the bytes that are kept", self.max_bytes));
        }
        Ok(())
    }

    /// The origin that the file calls `name`.
    pub(super) fn origin(&mut self, name: &str) -> Result<usize, Full> {
        let folded = Name::from(name).folded();
        if let Some(&found) = self.by_name.get(&folded) {
            return Ok(found);
        }
        self.pay(1, name.len())?;
        let new = self.origins.len();
        self.origins.push(Origin { name: name.to_owned(), ..Origin::default() });
        self.by_name.insert(folded, new);
        Ok(new)
    }

    /// Remembers that the file speaks of this control set.
    pub(super) fn control_set(&mut self, name: &[u16]) -> Result<(), Full> {
        if self.sets.last().is_some_and(|last| last.units() == name) {
            return Ok(());
        }
        let name = Name::from_units(name);
        if self.folded_sets.insert(name.folded()) {
            self.pay(1, 0)?;
            self.sets.push(name);
        }
        Ok(())
    }

    pub(super) fn control_sets(&self) -> &[Name] {
        &self.sets
    }

    /// Opens a key, which creates it and those of its parents (numbers of names in `above`, from the top down) that
    /// are wanted.
    pub(super) fn open(&mut self, origin: usize, path: &Folded, above: &[usize], line: u64) -> Result<(), Full> {
        self.create(origin, path, |key| key.listed = key.listed.or(Some(line)))?;
        self.imply(origin, path, above, line)
    }

    /// Notes how the file spells a key that it has opened or deleted.
    pub(super) fn spell(
        &mut self,
        origin: usize,
        path: &Folded,
        spelled: impl FnOnce() -> Vec<Name>,
    ) -> Result<(), Full> {
        let key = self.origins.get_mut(origin).and_then(|o| o.keys.get_mut(path));
        let Some(spelling) = key.map(|key| &mut key.spelling).filter(|spelling| spelling.is_none()) else {
            return Ok(());
        };
        *spelling = Some(spelled());
        self.pay(0, path.iter().map(|name| name.units().len().saturating_mul(2).saturating_add(32)).sum())
    }

    /// Every kept key, with its upcased path, by origin.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, &Folded, &Key)> {
        self.origins.iter().flat_map(|o| o.keys.iter().map(|(path, key)| (o.name.as_str(), path, key)))
    }

    /// Creates the wanted parents of a key.
    pub(super) fn imply(&mut self, origin: usize, path: &[Name], above: &[usize], line: u64) -> Result<(), Full> {
        for &names in above.iter().rev() {
            let Some(parent) = path.get(..names) else { continue };
            // A key that exists has parents that exist: nothing above it can be new.
            let mut new = false;
            self.create(origin, parent, |key| {
                new = key.listed.is_none() && key.implied.is_none();
                key.implied = key.implied.or(Some(line));
            })?;
            if !new {
                break;
            }
        }
        Ok(())
    }

    fn create(&mut self, origin: usize, path: &[Name], change: impl FnOnce(&mut Key)) -> Result<(), Full> {
        let Some(keys) = self.origins.get_mut(origin).map(|o| &mut o.keys) else { return Ok(()) };
        if let Some(key) = keys.get_mut(path) {
            change(key);
            return Ok(());
        }
        let mut key = Key::default();
        change(&mut key);
        keys.insert(path.to_vec(), key);
        // 64 bytes stand for what the map and the allocator add to each name.
        self.pay(1, path.iter().map(|name| name.units().len().saturating_mul(2).saturating_add(64)).sum())
    }

    /// Deletes a key with everything below it.
    pub(super) fn delete(&mut self, origin: usize, path: &Folded, line: u64) -> Result<(), Full> {
        if let Some(keys) = self.origins.get_mut(origin).map(|o| &mut o.keys) {
            let tree = keys.range(path.clone()..).map(|(key, _)| key).take_while(|key| key.starts_with(path));
            let tree: Vec<Folded> = tree.cloned().collect();
            for key in tree {
                keys.remove(&key);
            }
        }
        self.create(origin, path, |key| key.deleted = Some(line))
    }

    /// Notes that a key is a symbolic link.
    pub(super) fn link(&mut self, origin: usize, path: &Folded) -> Result<(), Full> {
        self.create(origin, path, |key| key.link = true)
    }

    /// Sets or deletes a value of an open key.
    pub(super) fn set(&mut self, origin: usize, path: &Folded, name: &Name, slot: Option<Slot>) -> Result<(), Full> {
        let size = match &slot {
            Some(Slot::Value(value, _)) => value.data.len(),
            Some(Slot::TooLarge(..) | Slot::Deleted) | None => 0,
        };
        // The name is kept twice: upcased, and as it is.
        self.pay(0, name.units().len().saturating_mul(4).saturating_add(size).saturating_add(64))?;
        let keys = self.origins.get_mut(origin).map(|o| &mut o.keys);
        let Some(values) = keys.and_then(|keys| keys.get_mut(path)).map(|key| &mut key.values) else { return Ok(()) };
        values.insert(name.folded(), (name.clone(), slot.unwrap_or(Slot::Deleted)));
        Ok(())
    }

    /// The names of the keys right below an upcased path, as the file first spells them, and whether it speaks of all of them.
    pub(super) fn children(&self, path: &[Name]) -> (Vec<Name>, bool) {
        let mut names: BTreeMap<&Name, &Name> = BTreeMap::new();
        for origin in &self.origins {
            let tree = origin.keys.range(path.to_vec()..).take_while(|(key, _)| key.starts_with(path));
            for (key, about) in tree.filter(|(_, key)| key.listed.is_some() || key.implied.is_some()) {
                let Some(name) = key.get(path.len()) else { continue };
                let spelled = about.spelling.as_ref().and_then(|names| names.get(path.len()));
                let known = names.entry(name).or_insert(name);
                // A key that is only implied is spelled in those below it.
                if *known == name {
                    *known = spelled.unwrap_or(name);
                }
            }
        }
        (names.into_values().cloned().collect(), self.covers(path))
    }

    /// The names of a key's values, as the file last spells them, and whether it speaks of all of them.
    pub(super) fn value_names(&self, path: &[Name]) -> (Vec<Name>, bool) {
        let keys = self.origins.iter().filter_map(|origin| origin.keys.get(path));
        let there = keys.flat_map(|key| &key.values).filter(|(_, (_, slot))| !matches!(slot, Slot::Deleted));
        let names: BTreeMap<&Name, &Name> = there.map(|(name, (spelled, _))| (name, spelled)).collect();
        (names.into_values().cloned().collect(), self.covers(path))
    }

    /// Whether the file speaks of all that is in and below the key.
    pub(super) fn covers(&self, path: &[Name]) -> bool {
        let told = |key: &Key| key.is_whole(&self.extent);
        let above = |origin: &Origin| (0..=path.len()).filter_map(|n| origin.keys.get(path.get(..n)?)).any(told);
        self.origins.iter().any(above)
    }

    /// The line of the lowest key at or above a path that has one.
    pub(super) fn listed_above(&self, path: &[Name]) -> Option<u64> {
        let listed = |n: usize| self.origins.iter().find_map(|origin| origin.keys.get(path.get(..n)?)?.listed);
        (0..=path.len()).rev().find_map(listed)
    }

    /// The origins that have keys of the hive that an upcased path lies in.
    pub(super) fn origins_of(&self, path: &[Name]) -> BTreeSet<&str> {
        let hive = path.get(..2).unwrap_or(path);
        let speaks = |origin: &&Origin| {
            origin.keys.range(hive.to_vec()..).next().is_some_and(|(first, _)| first.starts_with(hive))
        };
        self.origins.iter().filter(speaks).map(|origin| origin.name.as_str()).collect()
    }

    /// What each origin that speaks of a key says of a value in it. Both are upcased.
    pub(super) fn say(&self, path: &[Name], value: &Name) -> Vec<(&str, Said<'_>)> {
        let said = self
            .origins
            .iter()
            .filter_map(|origin| Some((origin.name.as_str(), origin.say(path, value, &self.extent)?)));
        said.collect()
    }
}

impl Key {
    /// Whether all is known that is in and below it: it is a part of an export, or what was there before was deleted.
    fn is_whole(&self, extent: &Extent) -> bool {
        self.deleted.is_some() || self.listed.is_some_and(|line| extent.covers(line))
    }
}

impl Origin {
    fn say(&self, path: &[Name], value: &Name, extent: &Extent) -> Option<Said<'_>> {
        let parents = (0..path.len()).filter_map(|n| self.keys.get(path.get(..n)?));
        let mut covered = false;
        for parent in parents {
            if let (true, Some(key)) = (parent.link, parent.listed) {
                return Some(Said::Link { key });
            }
            covered |= parent.is_whole(extent);
        }
        let Some(own) = self.keys.get(path) else { return covered.then_some(Said::KeyAbsent) };
        covered |= own.is_whole(extent);
        // A line for a key below creates it as well.
        match (own.listed.or(own.implied), own.values.get(value)) {
            (Some(key), _) if own.link => Some(Said::Link { key }),
            (Some(key), Some((_, Slot::Deleted))) => Some(Said::ValueAbsent { key }),
            (Some(key), Some((_, slot))) => Some(Said::Value { slot, key }),
            (Some(key), None) if covered => Some(Said::ValueAbsent { key }),
            (Some(key), None) => Some(Said::Open { key }),
            (None, _) if covered => Some(Said::KeyAbsent),
            (None, _) => None,
        }
    }
}
