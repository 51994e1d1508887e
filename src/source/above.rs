//! Folders above one another: images that lie higher up may use files that lie further down.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::units::UnitFile;
use super::walk::Holder;
use crate::files;

/// The folder of a unit, with those above it: images that lie higher up may use files that lie here.
pub(crate) struct Above {
    folder: Option<Arc<Above>>,
    parts: Mutex<Parts>,
    known: Condvar,
}

/// Which files the images of a folder use.
enum Parts {
    /// Somebody finds out.
    Awaited,
    /// These.
    Known(HashSet<PathBuf>),
    /// Nobody has asked so far; the files of the folder tell.
    In(Vec<UnitFile>),
}

impl Above {
    pub(super) fn new(folder: Option<Arc<Above>>) -> Arc<Self> {
        Arc::new(Self { folder, parts: Mutex::new(Parts::Awaited), known: Condvar::new() })
    }

    /// Says which files the images of this folder use; those that wait for it go on.
    pub(crate) fn announce(&self, parts: HashSet<PathBuf>) {
        self.becomes(Parts::Known(parts));
    }

    /// The same, where nobody has looked at the files of this folder: they are looked at if it is asked.
    pub(crate) fn announce_files(&self, files: Vec<UnitFile>) {
        self.becomes(Parts::In(files));
    }

    fn becomes(&self, parts: Parts) {
        let mut known = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*known, Parts::Awaited) {
            *known = parts;
        }
        self.known.notify_all();
    }

    /// Whether an image in a folder above uses this file. Waits until that is known of each; `used_by` tells which parts the
    /// images among such files use.
    pub(crate) fn uses(&self, holder: &Holder, used_by: &dyn Fn(&[UnitFile]) -> HashSet<PathBuf>) -> bool {
        let Ok(path) = files::real(holder.path()) else { return false };
        let mut next = self.folder.as_deref();
        while let Some(above) = next {
            let mut parts = above.parts.lock().unwrap_or_else(PoisonError::into_inner);
            while matches!(*parts, Parts::Awaited) {
                parts = above.known.wait(parts).unwrap_or_else(PoisonError::into_inner);
            }
            if let Parts::In(files) = &*parts {
                *parts = Parts::Known(used_by(files));
            }
            if matches!(&*parts, Parts::Known(parts) if parts.contains(&path)) {
                return true;
            }
            next = above.folder.as_deref();
        }
        false
    }
}
