//! What comes out of an archive: members that were asked for, within budgets, whatever kind it is.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Contents, Member, START, path, velociraptor};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

/// Notes kept; more would say the same.
const NOTES: usize = 64;

/// The data of a member, or why it cannot be read.
type Bytes = Result<Arc<dyn ReadAt>, Error>;

/// Collects the members of one archive.
pub(super) struct Gather<'a> {
    pub(super) limits: &'a Limits,
    wanted: &'a mut dyn FnMut(&str, &[u8]) -> bool,
    members: Vec<Member>,
    files: u64,
    notes: Vec<String>,
    more_notes: u64,
    /// Bytes of the paths of `members`.
    path_bytes: usize,
    /// Members whose start could not be read, among `members` and past those.
    broken: usize,
    unreadable: u64,
    /// Indexes of sparse uploads, by the path of what they belong to.
    indexes: Vec<(String, Bytes)>,
}

/// What to do with a member.
pub(super) enum Verdict {
    Keep,
    Skip,
}

impl<'a> Gather<'a> {
    pub(super) fn new(limits: &'a Limits, wanted: &'a mut dyn FnMut(&str, &[u8]) -> bool) -> Self {
        let (members, notes, indexes) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            limits,
            wanted,
            members,
            files: 0,
            notes,
            more_notes: 0,
            path_bytes: 0,
            broken: 0,
            unreadable: 0,
            indexes,
        }
    }

    /// Counts a regular file, and gives its path in a form that is fit for reports.
    pub(super) fn file(&mut self, raw: &str, coded: bool) -> Result<String, Error> {
        self.files += 1;
        let limit = self.limits.archive_members;
        if self.files > limit {
            return Err(Error::Limit { at: At::Whole, what: "files in an archive", limit });
        }
        let (path, odd) = path::clean(raw, coded || path::is_upload(raw));
        if odd {
            self.note(|| {
                format!("the path \"{raw}\" is absolute, leads out of the archive or cannot be: taken as \"{path}\"")
            });
        }
        Ok(path)
    }

    pub(super) fn note(&mut self, note: impl FnOnce() -> String) {
        if self.notes.len() < NOTES {
            let note = note();
            self.notes.push(note.chars().take(1024).collect());
        } else {
            self.more_notes += 1;
        }
    }

    /// Whether the member that is called `path` and starts as `start` was asked for. Indexes of sparse uploads are.
    pub(super) fn wants(&mut self, path: &str, start: &[u8]) -> Verdict {
        if (self.wanted)(path, start) || velociraptor::index_of(path).is_some() { Verdict::Keep } else { Verdict::Skip }
    }

    /// As [`Self::wants`], for a member of `len` bytes from `at` on.
    pub(super) fn looks_at(&mut self, path: &str, bytes: &dyn ReadAt, at: u64, len: u64) -> io::Result<Verdict> {
        let mut start = [0u8; START];
        let len = narrow(len).min(START);
        let start = bytes.fill_at(at, start.get_mut(..len).unwrap_or_default())?;
        Ok(self.wants(path, start))
    }

    /// Keeps a member.
    pub(super) fn keep(&mut self, member: Member) -> Result<(), Error> {
        if let Some(of) = velociraptor::index_of(&member.path) {
            if wide(self.indexes.len()) >= self.limits.archive_kept {
                return Err(self.full());
            }
            self.path_bytes = self.path_bytes.saturating_add(of.len());
            self.indexes.push((of.to_owned(), member.bytes));
            return Ok(());
        }
        self.path_bytes = self.path_bytes.saturating_add(member.path.len());
        if wide(self.members.len()) >= self.limits.archive_kept || self.path_bytes > self.limits.archive_path_bytes {
            return Err(self.full());
        }
        self.members.push(member);
        Ok(())
    }

    fn full(&self) -> Error {
        Error::Limit { at: At::Whole, what: "files of an archive that matter", limit: self.limits.archive_kept }
    }

    /// Keeps a member whose start cannot be read, so that what it is remains unknown: as a file in a folder that cannot be
    /// opened, it is reported. Of an archive where all are like that, the first ones are enough.
    pub(super) fn unreadable(&mut self, path: String, modified: Option<SystemTime>, error: Error) -> Result<(), Error> {
        if self.broken >= self.limits.diagnostics {
            self.unreadable += 1;
            return Ok(());
        }
        self.broken += 1;
        self.keep(Member { path, modified, bytes: Err(error) })
    }

    /// How many members are kept, for those that are to be looked at again.
    pub(super) fn kept(&mut self) -> &mut [Member] {
        &mut self.members
    }

    pub(super) fn finish(mut self, damaged: Option<Error>) -> Contents {
        let mut indexes: HashMap<String, Bytes> = std::mem::take(&mut self.indexes).into_iter().collect();
        let mut used = HashSet::new();
        for member in self.members.iter_mut().filter(|member| !indexes.is_empty() && member.bytes.is_ok()) {
            let Some(index) = indexes.get(&member.path) else { continue };
            used.insert(member.path.clone());
            if let Ok(bytes) = &member.bytes {
                let index = index.as_ref().map_err(Clone::clone);
                member.bytes = index.and_then(|index| velociraptor::mapped(&member.path, bytes, &**index, self.limits));
            }
        }
        // Whose index one is that cannot be read is not certain: its name may be what is damaged.
        indexes.retain(|path, index| index.is_err() && !used.contains(path));
        let mut lost: Vec<_> = indexes.into_iter().collect();
        lost.sort_by(|(a, _), (b, _)| a.cmp(b));
        let lost = lost.into_iter().map(|(path, bytes)| Member { path: format!("{path}.idx"), modified: None, bytes });
        self.members.extend(lost);
        let (mut seen, mut twice) = (HashSet::new(), HashSet::new());
        for member in &self.members {
            if !seen.insert(member.path.as_str()) {
                twice.insert(member.path.clone());
            }
        }
        let mut twice: Vec<String> = twice.into_iter().collect();
        twice.sort();
        for path in twice {
            self.note(|| format!("more than one file is called \"{path}\": all of them are read"));
        }
        if self.more_notes > 0 {
            self.notes.push(format!("{} more remarks were counted but not kept", self.more_notes));
        }
        let unreadable = (self.unreadable > 0).then(|| {
            let what = format!("{} more files in it cannot be read either", self.unreadable);
            Error::unsupported(At::Whole, what)
        });
        let damaged = damaged.or(unreadable);
        Contents { members: self.members, files: self.files, notes: self.notes, damaged }
    }
}
