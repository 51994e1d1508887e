//! What rules ask: a path and a name in, a [`Lookup`] out, whatever the bytes behind it are.

pub mod change;
pub mod cross_check;

pub mod hive;
pub mod overlay;

pub mod group_policy;
pub mod reg_file;
pub mod reg_text;
pub mod source;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::error::{At, Error};
use crate::number::wide;
use crate::place::Place;
use crate::windows::FileTime;
use crate::windows::control_set;
use crate::windows::keys::below_system;
use crate::windows::path::{KeyPath, Name};
use crate::windows::roots;
use crate::windows::value::Value;
use change::Changes;
use cross_check::Agreement;
use hive::{Answer, Listed};
use overlay::{Import, Overlaid, Overlay};
use source::{Second, Source};

/// What is known of a key that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// When the key, or any value in it, was last written. `.reg` files do not know.
    pub last_write: Option<FileTime>,
    /// Where the key stands.
    pub place: Place,
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Type and data.
    pub value: Value,
    /// Where the value stands.
    pub place: Place,
    /// The key that holds it.
    pub key: KeyInfo,
}

/// The answer to "what is this value": absent, unreadable and not covered are three different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The value exists.
    Found(Found),
    /// The key does not exist: everything on the way was read, and it is not there.
    KeyAbsent,
    /// The key exists and was read whole, and holds no value of this name.
    ValueAbsent(KeyInfo),
    /// The input does not speak of this key.
    NotCovered,
    /// Something on the way could not be read, so nothing can be said.
    Unreadable(Error, Place),
}

/// The answer to "what does this key hold".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// The key exists, or something below it does.
    Found {
        /// Names of subkeys or values.
        names: Vec<Name>,
        /// Whether these are all. A `.reg` file may speak of some keys alone.
        whole: bool,
    },
    /// The key does not exist, so it holds nothing.
    KeyAbsent,
    /// The input does not speak of this key.
    NotCovered,
    /// Something could not be read, so nothing can be said of what is not there.
    Unreadable(Error, Place),
}

/// A machine's registry as far as the inputs show it: hives hang at paths, and `CurrentControlSet` is resolved here alone.
#[derive(Clone)]
pub struct Registry {
    sources: Rc<[Box<dyn Source>]>,
    /// The names that `CurrentControlSet` stands for, or why that cannot be told.
    control_set: Result<Vec<Name>, Error>,
    links: usize,
    /// Whether hives that are out of date answer at all.
    stale: bool,
    /// What is laid over the sources.
    overlay: Option<Rc<Overlay>>,
}

impl Registry {
    /// A registry made of these sources. Until a control set is selected, `CurrentControlSet` stands for itself.
    pub fn new(sources: Vec<Box<dyn Source>>, links: usize) -> Self {
        Self { sources: sources.into(), control_set: Ok(vec![control_set::alias()]), links, stale: true, overlay: None }
    }

    /// The same registry with `CurrentControlSet` standing for these names. It is more than one where several inputs are
    /// one machine and call the set differently.
    #[must_use]
    pub fn with_control_set(&self, names: Result<Vec<Name>, Error>) -> Self {
        Self { control_set: names, ..self.clone() }
    }

    /// The same registry, in which a hive that is out of date cannot be read.
    #[must_use]
    pub fn without_stale(&self) -> Self {
        Self { stale: false, ..self.clone() }
    }

    /// The same registry as it would be after these files were imported, in order. The control set must have been selected.
    #[must_use]
    pub fn with_overlay(&self, files: &[Changes], import: &Import) -> Self {
        let base = self.without_overlay();
        let overlay = Overlay::new(&base, files, import);
        Self { overlay: Some(Rc::new(overlay)), ..base }
    }

    /// The same registry without what is laid over it.
    #[must_use]
    pub fn without_overlay(&self) -> Self {
        Self { overlay: None, ..self.clone() }
    }

    /// The same registry, in which a hive that is out of date answers.
    #[must_use]
    pub fn with_stale(&self) -> Self {
        Self { stale: true, ..self.clone() }
    }

    /// Whether anything is laid over the sources.
    pub fn is_overlaid(&self) -> bool {
        self.overlay.is_some()
    }

    /// What is laid over the sources says of a value, if it says anything.
    pub fn overlaid(&self, key: &KeyPath, value: &Name) -> Option<Overlaid> {
        self.overlay.as_ref()?.says(&self.without_overlay(), key, value)
    }

    /// Where the first change stands that is laid over the sources and asked about, or why that is not known.
    pub fn first_change(&self) -> Option<Result<&Place, &Error>> {
        self.overlay.as_ref()?.first()
    }

    /// Why a `.reg` file that lists this key, or one above it, is no export of that: if it were, the key would be covered.
    pub fn script(&self, key: &KeyPath) -> Option<String> {
        let doubt = |source: &dyn Source| {
            self.resolve(key, source).unwrap_or_default().iter().find_map(|path| source.doubt(path))
        };
        self.sources().find_map(doubt)
    }

    /// The sources, in the order in which they were given.
    pub fn sources(&self) -> impl Iterator<Item = &dyn Source> {
        self.sources.iter().map(AsRef::as_ref)
    }

    /// The key `CurrentControlSet` that a SYSTEM hive has of its own: where it stands, or, if it is a symbolic link, where it
    /// leads. Windows never reads it: at its start it makes a link of that name to the set that `Select\Current` names.
    pub fn own_control_set(&self) -> Option<(Place, Option<KeyPath>)> {
        self.sources().find_map(Source::own_control_set)
    }

    /// Looks up a value by its full path, which starts at `HKEY_LOCAL_MACHINE`.
    pub fn get(&self, key: &KeyPath, value: &Name) -> Lookup {
        match &self.overlay {
            Some(overlay) => overlay.get(&self.without_overlay(), key, value),
            None => self.look(key, Some(value), self.links),
        }
    }

    /// Looks up a key: [`Lookup::ValueAbsent`] says that it exists.
    pub fn key(&self, key: &KeyPath) -> Lookup {
        match &self.overlay {
            Some(overlay) => overlay.key(&self.without_overlay(), key),
            None => self.look(key, None, self.links),
        }
    }

    /// The names of the keys right below a key.
    pub fn children(&self, key: &KeyPath) -> Listing {
        self.listed(key, Listed::Keys)
    }

    /// The names of a key's values.
    pub fn value_names(&self, key: &KeyPath) -> Listing {
        self.listed(key, Listed::Values)
    }

    fn listed(&self, key: &KeyPath, what: Listed) -> Listing {
        match &self.overlay {
            Some(overlay) => overlay.list(&self.without_overlay(), key, what),
            None => self.list(key, what, self.links),
        }
    }

    fn list(&self, key: &KeyPath, what: Listed, links: usize) -> Listing {
        let mut answer = Listing::NotCovered;
        for source in self.sources().filter(|source| source.may_cover(key)) {
            let paths = match self.resolve(key, source) {
                Ok(paths) => paths,
                Err(error) => return Listing::Unreadable(error, Place::new(source.artifact(), At::Whole)),
            };
            for path in &*paths {
                let other = match (source.list(path, what, self.stale), links.checked_sub(1)) {
                    (Ok(listing), _) => listing,
                    (Err(target), Some(left)) => self.list(&target, what, left),
                    (Err(_), None) => {
                        let limit = wide(self.links);
                        let error = Error::Limit { at: At::Whole, what: "symbolic links", limit };
                        Listing::Unreadable(error, Place::new(source.artifact(), At::Whole))
                    }
                };
                answer = join(answer, other);
            }
        }
        answer
    }

    fn look(&self, key: &KeyPath, value: Option<&Name>, links: usize) -> Lookup {
        let mut answer = Lookup::NotCovered;
        for source in self.sources().filter(|source| source.may_cover(key)) {
            let paths = match self.resolve(key, source) {
                Ok(paths) => paths,
                Err(error) => return Lookup::Unreadable(error, Place::new(source.artifact(), At::Whole)),
            };
            for path in &*paths {
                let other = match source.look(path, value, self.stale) {
                    Answer::Lookup(lookup) => lookup,
                    Answer::Link(target) => self.follow(&target, value, links, source),
                };
                answer = agree(answer, other, key);
            }
        }
        answer
    }

    /// Reads a value again through the second reader, where a hive answers for it, and not what is laid over it.
    pub fn cross_check(&self, key: &KeyPath, value: &Name) -> Option<Agreement> {
        if self.overlaid(key, value).is_some() {
            return None;
        }
        self.second(key, value, self.links)
    }

    fn second(&self, key: &KeyPath, value: &Name, links: usize) -> Option<Agreement> {
        let mut agreement = None;
        for source in self.sources() {
            for path in &*self.resolve(key, source).unwrap_or_default() {
                let next = match source.second(path, value) {
                    Some(Second::Link(target)) => self.second(&target, value, links.checked_sub(1)?)?,
                    Some(Second::Agreement(agreement)) => agreement,
                    None => continue,
                };
                if agreement.is_none() || matches!(next, Agreement::Disagree { .. }) {
                    agreement = Some(next);
                }
            }
        }
        agreement
    }

    fn follow(&self, target: &KeyPath, value: Option<&Name>, links: usize, source: &dyn Source) -> Lookup {
        let place = Place::new(source.artifact(), At::Whole);
        let Some(left) = links.checked_sub(1) else {
            let limit = wide(self.links);
            return Lookup::Unreadable(Error::Limit { at: At::Whole, what: "symbolic links", limit }, place);
        };
        match self.look(target, value, left) {
            Lookup::NotCovered => {
                let what = format!("a symbolic link leads to {target}, which no input covers");
                Lookup::Unreadable(Error::Unsupported { at: At::Whole, what }, place)
            }
            found => found,
        }
    }

    /// The paths that `key` has in `source`, with `CurrentControlSet` resolved.
    fn resolve<'k>(&self, key: &'k KeyPath, source: &dyn Source) -> Result<Cow<'k, [KeyPath]>, Error> {
        let below = match below_system(key).and_then(<[Name]>::split_first) {
            Some((set, below)) if control_set::is_alias(set.units()) => below,
            _ => return Ok(Cow::Borrowed(std::slice::from_ref(key))),
        };
        let names = self.control_set.as_ref().map_err(Clone::clone)?;
        let sets = source.spoken_of();
        let speaks = |name: &Name| sets.iter().any(|set| set.matches(name.units()));
        let spoken_of: Vec<&Name> = names.iter().filter(|name| speaks(name)).collect();
        let names = if spoken_of.is_empty() { names.first().into_iter().collect() } else { spoken_of };
        let above = [roots::MACHINE, "SYSTEM"].map(Name::from);
        let path = |set: &Name| KeyPath(above.iter().chain([set]).chain(below).cloned().collect());
        Ok(names.into_iter().map(path).collect())
    }
}

/// Joins what two sources list of one key.
fn join(one: Listing, other: Listing) -> Listing {
    match (one, other) {
        (Listing::NotCovered, x) | (x, Listing::NotCovered) => x,
        (Listing::Unreadable(e, p), _) | (_, Listing::Unreadable(e, p)) => Listing::Unreadable(e, p),
        (Listing::KeyAbsent, x) | (x, Listing::KeyAbsent) => x,
        (Listing::Found { mut names, whole }, Listing::Found { names: more, whole: also }) => {
            let mut known: BTreeSet<Name> = names.iter().map(Name::folded).collect();
            names.extend(more.into_iter().filter(|name| known.insert(name.folded())));
            Listing::Found { names, whole: whole || also }
        }
    }
}

/// Joins what two sources say of one value. Where they contradict each other, nothing is known.
fn agree(one: Lookup, other: Lookup, key: &KeyPath) -> Lookup {
    match (one, other) {
        (Lookup::NotCovered, x) | (x, Lookup::NotCovered) => x,
        (Lookup::Unreadable(e, p), _) | (_, Lookup::Unreadable(e, p)) => Lookup::Unreadable(e, p),
        (Lookup::Found(a), Lookup::Found(b)) if a.value == b.value => Lookup::Found(a),
        (Lookup::ValueAbsent(a), Lookup::ValueAbsent(_) | Lookup::KeyAbsent) => Lookup::ValueAbsent(a),
        (Lookup::KeyAbsent, Lookup::ValueAbsent(b)) => Lookup::ValueAbsent(b),
        (Lookup::KeyAbsent, Lookup::KeyAbsent) => Lookup::KeyAbsent,
        (Lookup::Found(a), b) | (b, Lookup::Found(a)) => {
            let what = match b {
                Lookup::Found(b) => format!("two inputs give {key} different values: {} and {}", a.place, b.place),
                _ => format!("one input has a value in {key} ({}), another says that it has none", a.place),
            };
            Lookup::Unreadable(Error::Ambiguous { what }, a.place)
        }
    }
}
