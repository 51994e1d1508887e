//! What-if: a registry as it would be after files were imported, answered by laying their changes over what the sources say.
//!
//! An import happens on the running machine, so `CurrentControlSet` in it is the set in use, and a number is that set; a
//! change that goes through a symbolic link goes to where the link leads. Where either cannot be told, what the change touches
//! is unreadable, and so is what the sources themselves cannot read: a hive that is damaged may not even load. One thing is
//! not looked for: links below a key that is deleted. They are taken to go with it, and where they lead to is taken to stay.

mod alone;
mod tree;
mod view;

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::change::{Change, Changes};
use super::hive::Listed;
use super::{Listing, Lookup, Registry, Source};
use crate::error::{At, Error};
use crate::number::wide;
use crate::place::Place;
use crate::windows::control_set::{ALIAS, alias, is_alias, is_control_set};
use crate::windows::keys::{software, system};
use crate::windows::path::{KeyPath, Name};
pub(super) use alone::Alone;
use tree::{Node, Value};
use view::Redirected;
pub use view::{View, native_twin};

/// On what an import falls.
#[derive(Debug, Clone)]
pub struct Import {
    /// Which program imports.
    pub view: View,
    /// Whether the machine has a 32-bit view of the registry, where that is known.
    pub wow64: Option<bool>,
    /// The names of the control set in use, where they are known: its own, and `CurrentControlSet`.
    pub current: Vec<Name>,
    /// How many keys may be changed, or asked for.
    pub keys: usize,
}

/// What an overlay says of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlaid {
    /// It sets it, here.
    Set(Place),
    /// It deletes it, or the key that holds it, here.
    Deleted(Place),
}

/// Where a link leads, and how many names of the path it is away from the top.
type Link = Option<Result<(KeyPath, usize), (Error, Place)>>;

/// Who follows links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// A change, on the running machine.
    Import,
    /// Something of which it is not known whether it is a change, and when.
    Doubt,
    /// A question, after all changes.
    Rule,
}

/// A path by the links that it goes through.
struct Trail {
    /// Where it leads.
    end: KeyPath,
    /// The paths on the way, the first one included.
    passed: Vec<KeyPath>,
    /// Whether the first path's last key is a link.
    at_link: bool,
}

/// The changes of all imports, in the terms of one control set that is judged.
pub(super) struct Overlay {
    root: Node,
    /// Upcased paths of keys of which, with all below them, nothing is known.
    doubts: BTreeMap<Vec<Name>, (Error, Place)>,
    stopped: Option<(Error, Place)>,
    /// The first change, if there is one, and the first that somebody asks about.
    first: Option<Place>,
    first_asked: Option<Place>,
    /// The names of the set that is judged, and of the one in use.
    judged: Vec<Name>,
    current: Vec<Name>,
    links: RefCell<BTreeMap<KeyPath, Link>>,
    max_keys: usize,
}

fn has(names: &[Name], name: &Name) -> bool {
    names.iter().any(|known| known.matches(name.units()))
}

impl Overlay {
    /// Lays the changes of `files` over `base`, in order.
    pub(super) fn new(base: &Registry, files: &[Changes], import: &Import) -> Self {
        let mut overlay = Self {
            root: Node::default(),
            doubts: BTreeMap::new(),
            stopped: None,
            first: None,
            first_asked: None,
            judged: base.control_set.clone().unwrap_or_default(),
            current: import.current.clone(),
            links: RefCell::default(),
            max_keys: import.keys,
        };
        let native = Import { view: View::Bits64, ..import.clone() };
        for file in files {
            let import = if file.native { &native } else { import };
            if overlay.stopped.is_none() {
                overlay.stopped.clone_from(&file.stopped);
            }
            if overlay.first_asked.is_none() {
                overlay.first_asked.clone_from(&file.first);
            }
            for (change, place) in &file.changes {
                overlay.first.get_or_insert_with(|| place.clone());
                overlay.import(base, change, place, import);
                if overlay.stopped.is_some() {
                    break;
                }
            }
            for (key, error, place) in &file.doubts {
                overlay.first.get_or_insert_with(|| place.clone());
                for path in Redirected::of(key, import).paths(key) {
                    let path = overlay.in_judged_set(&path).unwrap_or_else(|_| token(&path));
                    overlay.doubt(base, &path, error, place);
                    overlay.doubt_shared(base, &path, import, place);
                }
            }
        }
        overlay
    }

    fn import(&mut self, base: &Registry, change: &Change, place: &Place, import: &Import) {
        let key = change.key();
        let path = match Redirected::of(key, import) {
            Redirected::No => key.clone(),
            Redirected::To(path) => path,
            Redirected::Unknown(path) => {
                let what = format!(
                    "whether an import with a 32-bit program changes {key} or {path} depends on the architecture"
                );
                for path in [key, &path] {
                    self.doubt(base, path, &Error::Ambiguous { what: what.clone() }, place);
                }
                return;
            }
        };
        let path = match self.in_judged_set(&path) {
            Ok(path) => path,
            Err(error) => return self.doubt(base, &token(&path), &error, place),
        };
        self.doubt_shared(base, &path, import, place);
        match self.trail(base, &path, Asker::Import) {
            Ok(Trail { at_link: true, .. }) if matches!(change, Change::DeleteKey(_)) => {
                let what =
                    format!("whether an import deletes the symbolic link {path} or the key it leads to is not known");
                self.doubt(base, &path, &Error::unsupported(place.at, what), place);
            }
            Ok(trail) => self.root.change(&change.at(trail.end), place),
            // Where it goes to is not known, so that it may be anything.
            Err(why) => self.stopped = Some(why),
        }
    }

    /// Notes a doubt about a key, and about every key that links on the way to it lead to.
    fn doubt(&mut self, base: &Registry, path: &KeyPath, error: &Error, place: &Place) {
        match self.trail(base, path, Asker::Doubt) {
            Ok(trail) => {
                for path in trail.passed.iter().chain([&trail.end]) {
                    self.doubts.entry(path.folded().0).or_insert_with(|| (error.clone(), place.clone()));
                }
            }
            Err(why) => self.stopped = self.stopped.take().or(Some(why)),
        }
    }

    /// Notes a doubt about the same key of the other view, where that may be the key itself: Windows shares some, by links that
    /// a hive shows and nothing else does.
    fn doubt_shared(&mut self, base: &Registry, path: &KeyPath, import: &Import, place: &Place) {
        let Some(twin) = view::shared_twin(path).filter(|_| import.wow64 != Some(false)) else { return };
        if !base.sources().any(|source| source.is_hive(&software())) {
            let what = format!("whether {path} and {twin} are one key cannot be told from the inputs");
            self.doubt(base, &twin, &Error::Ambiguous { what }, place);
        }
    }

    /// A path of an import with the set that is judged called [`ALIAS`], and any other by its own name.
    fn in_judged_set(&self, path: &KeyPath) -> Result<KeyPath, Error> {
        let alias = alias();
        let Some((set, below)) = path.below(&system()).and_then(<[Name]>::split_first) else { return Ok(path.clone()) };
        if !is_control_set(set.units()) || has(&self.judged, set) {
            return Ok(if is_control_set(set.units()) { token(path) } else { path.clone() });
        }
        let in_use = self.judged.iter().any(|name| has(&self.current, name));
        let real = |names: &[Name]| names.iter().find(|name| !alias.matches(name.units())).cloned();
        let named = |set: &Name| KeyPath(system().0.iter().chain([set]).chain(below).cloned().collect());
        if alias.matches(set.units()) || has(&self.current, set) {
            if in_use {
                return Ok(token(path));
            }
            if let Some(other) = real(&self.current) {
                return Ok(named(&other));
            }
        } else if real(&self.judged).is_some() || in_use && real(&self.current).is_some() {
            return Ok(path.clone());
        }
        let judged = self.judged.first().map_or_else(|| ALIAS.to_owned(), ToString::to_string);
        Err(Error::Ambiguous {
            what: format!("whether {set} and {judged} are one control set cannot be told from the inputs"),
        })
    }

    /// The same of a path that is asked for, in which [`ALIAS`] stands for the set that is judged.
    fn as_asked(&self, path: &KeyPath) -> Result<KeyPath, Error> {
        let set = path.below(&system()).and_then(<[Name]>::first);
        match set.is_some_and(|set| is_alias(set.units())) {
            true => Ok(token(path)),
            false => self.in_judged_set(path),
        }
    }

    /// Where a path leads by the links of the base, as far as they are still there.
    fn trail(&self, base: &Registry, path: &KeyPath, asker: Asker) -> Result<Trail, (Error, Place)> {
        let mut trail = Trail { end: path.clone(), passed: Vec::new(), at_link: false };
        for round in 0..=base.links {
            let Some(link) = self.link(base, &trail.end) else { break };
            let (target, names) = link?;
            // A doubt may be about the time before.
            if asker != Asker::Doubt && self.root.deletes_above(&trail.end, names) {
                break;
            }
            trail.at_link |= round == 0 && names == trail.end.names().len();
            let place =
                || Place::new(&base.sources().next().map(Source::artifact).cloned().unwrap_or_default(), At::Whole);
            // `CurrentControlSet` in a link is the set in use while the import is made, and afterwards the one that is judged.
            let next = match asker {
                Asker::Rule => self.as_asked(&target),
                Asker::Import | Asker::Doubt => self.in_judged_set(&target),
            };
            let next = next.map_err(|error| (error, place()))?;
            trail.passed.push(std::mem::replace(&mut trail.end, next));
        }
        // Where it leads in a circle, nothing that is asked for can be there.
        Ok(trail)
    }

    /// The topmost link on a path.
    fn link(&self, base: &Registry, path: &KeyPath) -> Link {
        let folded = path.folded();
        if let Some(known) = self.links.borrow().get(&folded) {
            return known.clone();
        }
        if self.links.borrow().len() >= self.max_keys {
            let limit = wide(self.max_keys);
            let error = Error::Limit { at: At::Whole, what: "keys that an import changes", limit };
            return Some(Err((error, self.first.clone().unwrap_or_else(|| Place::new(&"".into(), At::Whole)))));
        }
        let link = base.link(path).map(|target| {
            let target = target?;
            let above = |names: &usize| path.names().get(..*names).map(|names| KeyPath(names.to_vec()));
            let is_link = |names: &usize| above(names).is_some_and(|path| base.link(&path).is_some());
            Ok((target, (1..path.names().len()).find(is_link).unwrap_or(path.names().len())))
        });
        self.links.borrow_mut().insert(folded, link.clone());
        link
    }

    /// The path by which the tree knows what is asked for, or why nothing can be said of it.
    fn asked(&self, base: &Registry, key: &KeyPath) -> Result<KeyPath, (Error, Place)> {
        if let Some(stopped) = &self.stopped {
            return Err(stopped.clone());
        }
        if self.first.is_none() {
            return Ok(key.clone());
        }
        let place = || self.first.clone().unwrap_or_else(|| Place::new(&"".into(), At::Whole));
        let path = self.as_asked(key).map_err(|error| (error, place()))?;
        let trail = self.trail(base, &path, Asker::Rule)?;
        let doubt = trail.passed.iter().chain([&trail.end]).find_map(|path| self.doubt_above(path));
        doubt.map_or(Ok(trail.end.clone()), |doubt| Err(doubt.clone()))
    }

    /// The doubt about a path, or something above it.
    fn doubt_above(&self, path: &KeyPath) -> Option<&(Error, Place)> {
        let folded = path.folded().0;
        (0..=folded.len()).find_map(|names| self.doubts.get(folded.get(..names)?))
    }

    /// The doubt about something below a path.
    fn doubt_below(&self, path: &KeyPath) -> Option<&(Error, Place)> {
        let folded = path.folded().0;
        let (first, doubt) = self.doubts.range(folded.clone()..).next()?;
        first.starts_with(&folded).then_some(doubt)
    }

    pub(super) fn get(&self, base: &Registry, key: &KeyPath, value: &Name) -> Lookup {
        match (self.asked(base, key), base.get(key, value)) {
            (_, unreadable @ Lookup::Unreadable(..)) => unreadable,
            (Err((error, place)), _) => Lookup::Unreadable(error, place),
            (Ok(path), answer) => self.root.find(&path).value(value, answer),
        }
    }

    pub(super) fn key(&self, base: &Registry, key: &KeyPath) -> Lookup {
        let path = match (self.asked(base, key), base.key(key)) {
            (_, unreadable @ Lookup::Unreadable(..)) => return unreadable,
            (Err((error, place)), _) => return Lookup::Unreadable(error, place),
            (Ok(path), answer) => (self.root.find(&path).key(answer), path),
        };
        match (path.0, self.doubt_below(&path.1)) {
            (Lookup::KeyAbsent | Lookup::NotCovered, Some((error, place))) => {
                Lookup::Unreadable(error.clone(), place.clone())
            }
            (answer, _) => answer,
        }
    }

    pub(super) fn list(&self, base: &Registry, key: &KeyPath, what: Listed) -> Listing {
        let answer = base.list(key, what, base.links);
        match (self.asked(base, key), answer) {
            (_, unreadable @ Listing::Unreadable(..)) => unreadable,
            (Err((error, place)), _) => Listing::Unreadable(error, place),
            (Ok(path), answer) => match (what, self.doubt_below(&path)) {
                (Listed::Keys, Some((error, place))) => Listing::Unreadable(error.clone(), place.clone()),
                (Listed::Keys, None) => self.root.find(&path).children(answer),
                (Listed::Values, _) => self.root.find(&path).value_names(answer),
            },
        }
    }

    /// What the imports themselves say of a value.
    pub(super) fn says(&self, base: &Registry, key: &KeyPath, value: &Name) -> Option<Overlaid> {
        let path = self.asked(base, key).ok()?;
        let found = self.root.find(&path);
        match found.node.and_then(|node| node.values.get(&value.folded())) {
            Some(Value { data: Some(_), place, .. }) => Some(Overlaid::Set(place.clone())),
            Some(Value { data: None, place, .. }) => Some(Overlaid::Deleted(place.clone())),
            None => {
                let cleared = found.node.and_then(|node| node.cleared.as_ref());
                cleared.or(found.deleted).cloned().map(Overlaid::Deleted)
            }
        }
    }

    /// Where the first change stands that somebody asks about, or why that is not known.
    pub(super) fn first(&self) -> Option<Result<&Place, &Error>> {
        match &self.stopped {
            Some((error, _)) => Some(Err(error)),
            None => self.first_asked.as_ref().map(Ok),
        }
    }
}

impl Registry {
    /// Whether a key, or one above it, is a symbolic link.
    pub fn through_link(&self, key: &KeyPath) -> bool {
        self.link(key).is_some()
    }

    /// The target of the topmost symbolic link on a path, without following that in turn. Links in `.reg` files have none.
    fn link(&self, path: &KeyPath) -> Option<Result<KeyPath, (Error, Place)>> {
        for source in self.sources().filter(|source| source.may_cover(path)) {
            let paths = self.resolve(path, source).unwrap_or_default();
            if let Some(link) = paths.iter().find_map(|path| source.link(path)) {
                return Some(link);
            }
        }
        None
    }
}

/// The path with its control set called [`ALIAS`].
fn token(path: &KeyPath) -> KeyPath {
    match path.below(&system()).and_then(<[Name]>::split_first) {
        Some((set, below)) if is_control_set(set.units()) => {
            KeyPath(system().0.iter().chain([&alias()]).chain(below).cloned().collect())
        }
        _ => path.clone(),
    }
}
