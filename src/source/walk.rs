//! Folders: every file below what the user named.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::logs::attach;
use super::sniff::{Content, LEN, sniff};
use super::{Artifact, Kind, Logs, name};
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
/// followed (in a mounted image they lead out of the evidence), and pipes and devices are not opened. Each hive gets its
/// transaction logs; one whose base block is damaged counts as readable when a log holds a better one.
pub fn discover(inputs: &[PathBuf], logs: &Logs<'_>, limits: &Limits) -> Discovery {
    let mut walk = Walk { out: Discovery::default(), seen: HashSet::new(), logs: Vec::new() };
    for input in inputs {
        if input.is_dir() {
            walk.folder(input, limits);
        } else {
            walk.file(input, true);
        }
    }
    walk.attach_logs(logs, limits);
    walk.out
}

struct Walk {
    out: Discovery,
    /// Canonical paths, so that a file that is named twice is one input.
    seen: HashSet<PathBuf>,
    /// Transaction logs, and whether they were named.
    logs: Vec<(PathBuf, bool)>,
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
                let (path, name, logs) = (path.to_path_buf(), name(path), Vec::new());
                self.out.artifacts.push(Artifact { path, name, kind, logs });
            }
            Content::NearlyReg(why) => self.unreadable(path, why.to_owned()),
            Content::Log => self.logs.push((path.to_path_buf(), named)),
            Content::Empty if named => {
                let message = nothing("an empty file");
                self.remark(path, Severity::Warning, "empty-file", message);
            }
            Content::Empty => {}
            Content::Other => {
                self.out.other_files = self.out.other_files.saturating_add(1);
                if named {
                    let message = nothing("neither a registry hive nor a .reg file");
                    self.remark(path, Severity::Warning, "not-a-registry-file", message);
                }
            }
        }
    }

    fn attach_logs(&mut self, logs: &Logs<'_>, limits: &Limits) {
        let attached = attach(&mut self.out.artifacts, logs, limits);
        // A log whose own base block is torn looks like a damaged hive; its name, beside a hive, shows what it is.
        let is_log = |a: &Artifact| matches!(a.kind, Kind::BrokenHive(_)) && attached.paths.contains(&a.path);
        self.out.artifacts.retain(|artifact| !is_log(artifact));
        for (path, named) in std::mem::take(&mut self.logs) {
            if !attached.paths.contains(&path) {
                let severity = if named { Severity::Warning } else { Severity::Note };
                let message = "a transaction log without its hive: nothing to audit".to_owned();
                self.remark(&path, severity, "log-alone", message);
            }
        }
        for (path, why, unreadable) in attached.alone {
            if unreadable {
                self.unreadable(&path, why);
            } else {
                self.remark(&path, Severity::Warning, "log-alone", why);
            }
        }
        let mut unusable = Vec::new();
        for artifact in &mut self.out.artifacts {
            if let Kind::BrokenHive(error) = &artifact.kind {
                match artifact.open_hive(limits) {
                    Ok((hive, _)) => artifact.kind = Kind::Hive(hive.base().clone()),
                    Err(_) => unusable.push((artifact.path.clone(), format!("a hive that cannot be used: {error}"))),
                }
            }
        }
        unusable.into_iter().for_each(|(path, message)| self.unreadable(&path, message));
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
