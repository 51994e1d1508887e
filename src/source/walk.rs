//! Folders: every file below what the user named.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::sniff::{Content, LEN, sniff};
use super::{Artifact, Kind};
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::At;
use crate::limits::Limits;
use crate::place::Place;
use crate::read_at::{LocalFile, ReadAt};

/// Everything found below the inputs, and what was met on the way.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Hives and `.reg` files, in the order of the inputs and by name below each.
    pub artifacts: Vec<Artifact>,
    /// What could not be read, and what was named but is nothing that can be audited.
    pub diagnostics: Vec<Diagnostic>,
    /// How many regular files were looked at.
    pub files: u64,
    /// How many of those are neither hives, logs nor `.reg` files.
    pub other_files: u64,
    /// How many files or folders could not be read, or broke off.
    pub unreadable: u64,
}

/// Looks at every input: a file is told by its content, a folder is walked. Symbolic links below a folder are not
/// followed (in a mounted image they lead out of the evidence), and pipes and devices are not opened.
pub fn discover(inputs: &[PathBuf], limits: &Limits) -> Discovery {
    let mut walk = Walk { out: Discovery::default(), seen: HashSet::new() };
    for input in inputs {
        if input.is_dir() {
            walk.folder(input, limits);
        } else {
            walk.file(input, true);
        }
    }
    walk.out
}

struct Walk {
    out: Discovery,
    /// Canonical paths, so that a file that is named twice is one input.
    seen: HashSet<PathBuf>,
}

impl Walk {
    fn folder(&mut self, root: &Path, limits: &Limits) {
        for entry in WalkDir::new(root).max_depth(limits.folder_depth).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => self.file(entry.path(), false),
                Ok(entry) if entry.file_type().is_dir() && entry.depth() == limits.folder_depth => {
                    let message = format!("more than {} levels of folders: not walked further", limits.folder_depth);
                    self.unreadable(entry.path(), message);
                }
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_path_buf();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    self.unreadable(&path, reason);
                }
            }
        }
    }

    fn file(&mut self, path: &Path, named: bool) {
        if let Ok(canonical) = path.canonicalize()
            && !self.seen.insert(canonical)
        {
            return;
        }
        let mut start = [0u8; LEN];
        let read = LocalFile::open(path).and_then(|file| file.read_at(0, &mut start));
        let start = match read {
            Ok(n) => start.get(..n).unwrap_or_default(),
            Err(error) => return self.unreadable(path, error.to_string()),
        };
        self.out.files = self.out.files.saturating_add(1);
        let nothing = |what: &str| format!("{what}: nothing to audit");
        match sniff(start) {
            Content::Registry(kind) => {
                if let Kind::BrokenHive(error) = &kind {
                    self.unreadable(path, format!("a hive that cannot be used: {error}"));
                }
                self.out.artifacts.push(Artifact { path: path.to_path_buf(), name: name(path), kind });
            }
            Content::NearlyReg(why) => self.unreadable(path, why.to_owned()),
            Content::Log if named => {
                self.remark(path, Severity::Warning, "log-alone", nothing("a transaction log, not a hive"));
            }
            Content::Empty if named => {
                let message = nothing("an empty file");
                self.remark(path, Severity::Warning, "empty-file", message);
            }
            Content::Log | Content::Empty => {}
            Content::Other => {
                self.out.other_files = self.out.other_files.saturating_add(1);
                if named {
                    let message = nothing("neither a registry hive nor a .reg file");
                    self.remark(path, Severity::Warning, "not-a-registry-file", message);
                }
            }
        }
    }

    fn unreadable(&mut self, path: &Path, message: String) {
        self.out.unreadable = self.out.unreadable.saturating_add(1);
        self.remark(path, Severity::Error, "unreadable-input", message);
    }

    fn remark(&mut self, path: &Path, severity: Severity, code: &'static str, message: String) {
        let place = Place { artifact: name(path), at: At::Whole };
        self.out.diagnostics.push(Diagnostic { severity, code, message, place });
    }
}

fn name(path: &Path) -> Arc<str> {
    path.to_string_lossy().into()
}
