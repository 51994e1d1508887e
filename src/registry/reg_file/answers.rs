//! A `.reg` file as a source of the registry.

use std::sync::Arc;

use super::{Header, RegFile};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::place::Place;
use crate::registry::hive::{Answer, Listed};
use crate::registry::source::Source;
use crate::registry::{Listing, Lookup};
use crate::windows::path::{KeyPath, Name};

impl Source for RegFile {
    fn artifact(&self) -> &Arc<str> {
        self.artifact()
    }

    fn look(&self, path: &KeyPath, value: Option<&Name>, _stale: bool) -> Answer {
        Answer::Lookup(match value {
            Some(value) => self.lookup(path, value),
            None => self.key(path),
        })
    }

    fn list(&self, path: &KeyPath, what: Listed, _stale: bool) -> Result<Listing, KeyPath> {
        Ok(self.list(path, what))
    }

    fn spoken_of(&self) -> &[Name] {
        self.control_sets()
    }

    /// A link in a `.reg` file has no target that could be followed.
    fn link(&self, path: &KeyPath) -> Option<Result<KeyPath, (Error, Place)>> {
        match self.key(path) {
            Lookup::Unreadable(error @ Error::Unsupported { .. }, place) => Some(Err((error, place))),
            _ => None,
        }
    }

    fn doubt(&self, path: &KeyPath) -> Option<String> {
        self.doubt(path)
    }

    fn stopped(&self) -> Option<&Error> {
        self.stopped()
    }

    fn is_wine(&self) -> bool {
        self.format().header == Header::Wine
    }

    fn diagnostics(&self) -> Vec<Diagnostic> {
        self.diagnostics().all(self.artifact())
    }
}
