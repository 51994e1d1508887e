//! Folders that a list has named, whole or by their files: one that comes back may be of a machine that was judged before.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path, PathBuf};

/// Folders that are remembered, at least; twice as many at most. Each takes some 10 bytes, and a list may be endless.
const KEPT: usize = 1 << 20;

/// The folder, however it is spelt.
pub(super) fn plain(folder: &Path) -> PathBuf {
    folder.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}

/// What a list has named.
pub(super) struct Given {
    recent: HashSet<u64>,
    older: HashSet<u64>,
    kept: usize,
}

impl Default for Given {
    fn default() -> Self {
        Self { recent: HashSet::new(), older: HashSet::new(), kept: KEPT }
    }
}

impl Given {
    /// Files of a folder were named; whether it was named before, or lies in one that was.
    pub(super) fn files_of(&mut self, folder: &Path) -> bool {
        let folder = plain(folder);
        let before = self.has((false, &folder)) || self.within_walked(&folder);
        self.add((false, &folder));
        before
    }

    /// A folder was named, with all below it; whether that was so before, or files of it were named.
    pub(super) fn walked(&mut self, folder: &Path) -> bool {
        let folder = plain(folder);
        let before = self.has((false, &folder)) || self.within_walked(&folder);
        self.add((true, &folder));
        before
    }

    fn within_walked(&self, folder: &Path) -> bool {
        folder.ancestors().any(|above| self.has((true, above)))
    }

    fn has(&self, what: (bool, &Path)) -> bool {
        let hash = hash(what);
        self.recent.contains(&hash) || self.older.contains(&hash)
    }

    fn add(&mut self, what: (bool, &Path)) {
        if self.recent.len() >= self.kept {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(hash(what));
    }
}

fn hash(what: (bool, &Path)) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_comes_back_is_told() {
        let mut given = Given::default();
        let mut files = |folder: &str| given.files_of(Path::new(folder));
        assert!(!files("a/b") && !files("a") && !files(""));
        assert!(files("./a/b/") && files("a/./b"));
        assert!(!given.walked(Path::new("hosts")));
        assert!(given.files_of(Path::new("hosts/h1/config")) && given.walked(Path::new("hosts/")));
        assert!(given.walked(Path::new("a/b")), "its files were named");
        assert!(!given.files_of(Path::new("hosts2")));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut given = Given { kept: 100, ..Given::default() };
        for number in 0..=200 {
            given.files_of(Path::new(&format!("h{number}")));
        }
        assert!(given.recent.len() + given.older.len() <= 200);
        assert!(given.files_of(Path::new("h101")) && !given.files_of(Path::new("h0")));
    }
}
