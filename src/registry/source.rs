//! What answers for a part of the registry. A new kind of input is a type that does this, and a line where inputs are told
//! apart and opened.

use std::sync::Arc;

use super::cross_check::Agreement;
use super::hive::{Answer, Listed};
use super::{Listing, Lookup};
use crate::diagnostic::Diagnostic;
use crate::error::{At, Error};
use crate::place::Place;
use crate::windows::path::{KeyPath, Name};

/// Something that answers for a part of the registry, by full paths.
///
/// The methods with a body are about what some kinds have and others have not.
pub trait Source {
    /// How the input is called in reports.
    fn artifact(&self) -> &Arc<str>;

    /// What it says of a value, or, without one, of a key: [`Lookup::ValueAbsent`] that it exists. With `stale`, what is known
    /// to be out of date answers as well.
    fn look(&self, path: &KeyPath, value: Option<&Name>, stale: bool) -> Answer;

    /// What it lists of a key; the target where a symbolic link leads elsewhere. `stale` is as in [`Source::look`].
    ///
    /// # Errors
    /// None: the target of a link is no failure.
    fn list(&self, path: &KeyPath, what: Listed, stale: bool) -> Result<Listing, KeyPath>;

    /// Whether `key` can be in here, whatever `CurrentControlSet` stands for: doubt about the set must not reach the answer
    /// of a source that it does not concern.
    fn may_cover(&self, _key: &KeyPath) -> bool {
        true
    }

    /// Whether this is the hive whose root is `root`, readable or not.
    fn is_hive(&self, _root: &KeyPath) -> bool {
        false
    }

    /// The control sets that a file speaks of by name, as it first spells them.
    fn spoken_of(&self) -> &[Name] {
        &[]
    }

    /// The keys that may be control sets, and what kept the list from being whole.
    fn control_sets(&self) -> (Vec<Name>, Option<Error>) {
        (self.spoken_of().to_vec(), None)
    }

    /// The key `CurrentControlSet` that a SYSTEM hive has of its own: where it stands, or where it leads as a link.
    fn own_control_set(&self) -> Option<(Place, Option<KeyPath>)> {
        None
    }

    /// The topmost symbolic link on a path.
    fn link(&self, path: &KeyPath) -> Option<Result<KeyPath, (Error, Place)>> {
        match self.look(path, None, true) {
            Answer::Link(target) => Some(Ok(target)),
            Answer::Lookup(_) => None,
        }
    }

    /// What a second reader makes of a value, where there is one.
    fn second(&self, _path: &KeyPath, _value: &Name) -> Option<Second> {
        None
    }

    /// Why a file that lists this key, or one above it, is no export of that: if it were, the key would be covered.
    fn doubt(&self, _path: &KeyPath) -> Option<String> {
        None
    }

    /// Why reading stopped before the end, if it did.
    fn stopped(&self) -> Option<&Error> {
        None
    }

    /// Whether the form of the input shows that its machine is Wine.
    fn is_wine(&self) -> bool {
        false
    }

    /// Everything there is to say about the input besides.
    fn diagnostics(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// What is odd and takes nothing from what was answered so far.
    fn remarks(&self) -> Vec<Error> {
        Vec::new()
    }

    /// How many 4 KiB pages were read so far.
    fn pages_read(&self) -> u64 {
        0
    }
}

/// What a second reader comes to.
#[derive(Debug)]
pub enum Second {
    /// Look there instead.
    Link(KeyPath),
    /// How it stands to the first one.
    Agreement(Agreement),
}

/// A part of the registry that an input holds but that cannot be read.
pub struct Unreadable {
    /// The key whose part it is.
    pub root: KeyPath,
    /// Why not.
    pub error: Error,
    /// Where.
    pub place: Place,
}

impl Unreadable {
    /// A file that cannot be read, of which it is only known which part of the registry it holds.
    pub fn whole(root: KeyPath, error: Error, artifact: &Arc<str>) -> Self {
        Self { root, error, place: Place::new(artifact, At::Whole) }
    }
}

impl Source for Unreadable {
    fn artifact(&self) -> &Arc<str> {
        &self.place.artifact
    }

    fn look(&self, path: &KeyPath, _value: Option<&Name>, _stale: bool) -> Answer {
        Answer::Lookup(match path.below(&self.root) {
            Some(_) => Lookup::Unreadable(self.error.clone(), self.place.clone()),
            None => Lookup::NotCovered,
        })
    }

    fn list(&self, path: &KeyPath, _what: Listed, _stale: bool) -> Result<Listing, KeyPath> {
        Ok(match path.below(&self.root) {
            Some(_) => Listing::Unreadable(self.error.clone(), self.place.clone()),
            None => Listing::NotCovered,
        })
    }

    fn may_cover(&self, key: &KeyPath) -> bool {
        key.below(&self.root).is_some()
    }

    fn is_hive(&self, root: &KeyPath) -> bool {
        self.root == *root
    }
}
