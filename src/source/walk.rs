//! Folders: every file below what the user named.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::again::Recent;
use super::archive::Archive;
use super::bytes::{Bytes, start};
use super::disk::ImageSeen;
use super::dynamic::Member;
use super::installation::{Mounted, mounted};
use super::logs::{InsideLog, attach};
use super::sniff::{BOOT_COPY, Content, LEN, SMALLEST_DISK, sniff};
use super::{Artifact, Kind, Search, is_backup, name};
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::At;
use crate::image::ends_like_disk;
use crate::limits::Limits;
use crate::place::Place;
use crate::read_at::{LocalFile, ReadAt};

/// Everything found below the inputs, and what was met on the way.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Hives and `.reg` files, in the order of the inputs and by name below each; those in images and archives come last.
    pub artifacts: Vec<Artifact>,
    /// Disk images that were looked into.
    pub images: Vec<ImageSeen>,
    /// Disk images and archives that were met, and the files that they name: evidence, whatever was found in them.
    pub containers: Vec<PathBuf>,
    /// What could not be read, and what was named but is nothing that can be audited.
    pub diagnostics: Vec<Diagnostic>,
    /// How many regular files were looked at, hives of installations in images and members of archives included.
    pub files: u64,
    /// How many of those are nothing that an audit is about.
    pub other_files: u64,
    /// How many files, folders or volumes could not be read, or broke off.
    pub unreadable: u64,
}

/// Looks at every input: a file is told by its content, a folder is walked; disk images and archives are looked into. Symbolic
/// links below a folder are not followed (in a mounted image they lead out of the evidence), and pipes and devices are not
/// opened. Each hive gets its transaction logs; one whose base block is damaged counts as readable when a log holds a better
/// one.
pub fn discover(inputs: &[PathBuf], search: &Search<'_>, limits: &Limits) -> Discovery {
    let mut walk = Walk {
        out: Discovery::default(),
        search: *search,
        limits: Arc::new(limits.clone()),
        recent: Arc::new(Recent::default()),
        inside_logs: BTreeMap::new(),
        seen: HashSet::new(),
        logs: Vec::new(),
        containers: Vec::new(),
        dynamic: Vec::new(),
        backups: 0,
    };
    for input in inputs {
        if input.is_dir() {
            walk.folder(input);
        } else {
            walk.file(input, true);
        }
    }
    walk.containers();
    walk.attach_logs();
    walk.out
}

/// A file that holds others.
pub(super) struct Holder {
    pub(super) path: PathBuf,
    pub(super) named: bool,
    pub(super) kind: HolderKind,
}

pub(super) enum HolderKind {
    Image,
    Archive(Archive),
}

pub(super) struct Walk<'a> {
    pub(super) out: Discovery,
    pub(super) search: Search<'a>,
    pub(super) limits: Arc<Limits>,
    pub(super) recent: Arc<Recent>,
    /// Logs in images and archives, by their folders.
    pub(super) inside_logs: BTreeMap<PathBuf, Vec<InsideLog>>,
    /// Canonical paths, so that a file that is named twice is one input.
    pub(super) seen: HashSet<PathBuf>,
    /// Transaction logs, and whether they were named.
    logs: Vec<(PathBuf, bool)>,
    /// Disk images and archives: looked into once all are known, since some are parts of others.
    containers: Vec<Holder>,
    /// Dynamic disks, whose volumes may need several of them.
    pub(super) dynamic: Vec<Member>,
    /// How many copies that Windows keeps aside were left out.
    backups: u64,
}

impl Walk<'_> {
    fn folder(&mut self, root: &Path) {
        let in_backup = root.canonicalize().is_ok_and(|root| is_backup(&root));
        let mut walk = WalkDir::new(root).max_depth(self.limits.folder_depth).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => self.file(entry.path(), false),
                Ok(entry) if entry.file_type().is_dir() => {
                    let left_out = !in_backup && !self.search.include_backups && entry.depth() > 0;
                    if left_out && is_backup(Path::new(entry.file_name())) {
                        self.backup(&name(entry.path()));
                        walk.skip_current_dir();
                    } else if let Some(volume) = mounted(entry.path(), self.search.include_backups) {
                        self.mounted(entry.path(), &volume);
                        walk.skip_current_dir();
                    } else if entry.depth() == self.limits.folder_depth {
                        let message = format!("more than {} levels of folders: not walked further", entry.depth());
                        self.unreadable(&name(entry.path()), message);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_path_buf();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    self.unreadable(&name(&path), reason);
                }
            }
        }
    }

    /// The installations of a Windows volume, and nothing else of it.
    fn mounted(&mut self, root: &Path, volume: &Mounted) {
        let message = "the folder of a Windows volume: its installations alone are read; \
                       name a folder below it to have all of that read";
        self.remark(&name(root), Severity::Note, "windows-volume", message.to_owned());
        for config in &volume.configs {
            let walk = WalkDir::new(config).max_depth(1).sort_by_file_name();
            for entry in walk {
                match entry {
                    Ok(entry) if entry.file_type().is_file() => self.file(entry.path(), false),
                    Ok(_) => {}
                    Err(error) => self.unreadable(&name(config), error.to_string()),
                }
            }
        }
        for copies in &volume.backups {
            self.backup(&name(copies));
        }
    }

    fn file(&mut self, path: &Path, named: bool) {
        if let Ok(canonical) = path.canonicalize()
            && !self.seen.insert(canonical)
        {
            return;
        }
        let called = name(path);
        let mut buf = [0u8; LEN];
        let read = LocalFile::open(path).and_then(|file| Ok((start(&file, &mut buf).map(sniff)?, file)));
        let (content, file) = match read {
            Ok(read) => read,
            Err(error) => return self.unreadable(&called, error.to_string()),
        };
        self.out.files = self.out.files.saturating_add(1);
        let picked = named && (self.search.offset.is_some() || self.search.volume.is_some());
        let holder = |kind| Holder { path: path.to_path_buf(), named, kind };
        match content {
            Content::Registry(kind) => {
                let (path, logs, bytes) = (path.to_path_buf(), Vec::new(), Bytes::Local);
                self.out.artifacts.push(Artifact { path, name: called, kind, logs, bytes });
            }
            Content::NearlyReg(why) => self.unreadable(&called, why.to_owned()),
            Content::Log => self.logs.push((path.to_path_buf(), named)),
            Content::Archive(kind) => self.containers.push(holder(HolderKind::Archive(kind))),
            Content::Image => self.containers.push(holder(HolderKind::Image)),
            Content::Empty if named => self.empty(&called),
            Content::Empty => {}
            Content::Disk if named => self.containers.push(holder(HolderKind::Image)),
            Content::Disk | Content::Other if picked => self.containers.push(holder(HolderKind::Image)),
            Content::Disk if file.len() > BOOT_COPY => self.containers.push(holder(HolderKind::Image)),
            // Of these, the end alone shows what they are.
            Content::Other if file.len() >= SMALLEST_DISK && (named || ends_like_disk(&file)) => {
                self.containers.push(holder(HolderKind::Image));
            }
            Content::Disk | Content::Other => self.other(&called, named),
        }
    }

    /// Looks into images and archives, but for those that are only a part of another one.
    fn containers(&mut self) {
        let containers = std::mem::take(&mut self.containers);
        let is_part = self.parts_among(&containers);
        for (holder, part) in containers.into_iter().zip(is_part) {
            self.out.containers.push(holder.path.clone());
            match holder.kind {
                HolderKind::Image if part => {
                    let message = "a part of another disk image: read with that one; name it to have it read by itself";
                    self.remark(&name(&holder.path), Severity::Note, "image-part", message.to_owned());
                }
                HolderKind::Image => self.local_image(&holder),
                HolderKind::Archive(kind) => self.local_archive(&holder, kind),
            }
        }
        self.dynamic_volumes();
        if self.out.artifacts.is_empty() && self.backups > 0 {
            let backups = self.out.diagnostics.iter_mut().filter(|remark| remark.code == BACKUP);
            backups.for_each(|remark| remark.severity = Severity::Warning);
        }
    }

    /// Which of these are only a part of another image among them.
    fn parts_among(&self, containers: &[Holder]) -> Vec<bool> {
        let mut numbers: HashMap<PathBuf, usize> = HashMap::new();
        for (number, holder) in containers.iter().enumerate() {
            numbers.extend(holder.path.canonicalize().ok().map(|path| (path, number)));
        }
        let mut uses: Vec<Vec<usize>> = Vec::new();
        for holder in containers {
            let others = match holder.kind {
                // One alone can only be a part of itself; it is opened once.
                HolderKind::Image if containers.len() > 1 => self.parts_of(&holder.path),
                HolderKind::Image | HolderKind::Archive(_) => Vec::new(),
            };
            let known = others.iter().filter_map(|path| numbers.get(&path.canonicalize().ok()?).copied());
            uses.push(known.collect());
        }
        let named: Vec<bool> = containers.iter().map(|holder| holder.named).collect();
        parts(&uses, &named)
    }

    fn attach_logs(&mut self) {
        let inside = std::mem::take(&mut self.inside_logs);
        let limits = Arc::clone(&self.limits);
        let attached = attach(&mut self.out.artifacts, inside, &self.search, &limits);
        // A log whose own base block is torn looks like a damaged hive; its name, beside a hive, shows what it is.
        let is_log = |a: &Artifact| matches!(a.kind, Kind::BrokenHive(_)) && attached.paths.contains(&a.path);
        self.out.artifacts.retain(|artifact| !is_log(artifact));
        for (path, named) in std::mem::take(&mut self.logs) {
            if !attached.paths.contains(&path) {
                let severity = if named { Severity::Warning } else { Severity::Note };
                let message = "a transaction log without its hive: nothing to audit".to_owned();
                self.remark(&name(&path), severity, "log-alone", message);
            }
        }
        for (path, why, unreadable) in attached.alone {
            if unreadable {
                self.unreadable(&name(&path), why);
            } else {
                self.remark(&name(&path), Severity::Warning, "log-alone", why);
            }
        }
        let mut unusable = Vec::new();
        for artifact in &mut self.out.artifacts {
            if let Kind::BrokenHive(error) = &artifact.kind {
                match artifact.open_hive(&limits) {
                    Ok((hive, _)) => artifact.kind = Kind::Hive(hive.base().clone()),
                    Err(_) => unusable.push((artifact.name.clone(), format!("a hive that cannot be used: {error}"))),
                }
            }
        }
        unusable.into_iter().for_each(|(name, message)| self.unreadable(&name, message));
    }

    pub(super) fn empty(&mut self, name: &Arc<str>) {
        self.remark(name, Severity::Warning, "empty-file", "an empty file: nothing to audit".to_owned());
    }

    /// A file that an audit is not about.
    pub(super) fn other(&mut self, name: &Arc<str>, named: bool) {
        self.out.other_files = self.out.other_files.saturating_add(1);
        if named {
            let message =
                "neither a registry hive, a .reg or policy file, a disk image nor an archive: nothing to audit";
            self.remark(name, Severity::Warning, "not-a-registry-file", message.to_owned());
        }
    }

    /// A copy that Windows keeps aside, and that was not asked for.
    pub(super) fn backup(&mut self, name: &Arc<str>) {
        self.backups = self.backups.saturating_add(1);
        let message = "a copy that Windows keeps aside: read with --include-backups alone".to_owned();
        self.remark(name, Severity::Note, BACKUP, message);
    }

    pub(super) fn unreadable(&mut self, name: &Arc<str>, message: String) {
        self.out.unreadable = self.out.unreadable.saturating_add(1);
        self.remark(name, Severity::Error, "unreadable-input", message);
    }

    pub(super) fn remark(&mut self, name: &Arc<str>, severity: Severity, code: &'static str, message: String) {
        let place = Place { artifact: Arc::clone(name), at: At::Whole };
        self.out.diagnostics.push(Diagnostic { severity, code, message, place });
    }
}

/// Which files are only parts of others, where each uses those in `uses`. Files that use one another are not all parts: one
/// of them is looked at, so that the report says what is wrong. Nor are those that are to be looked at in any case (`named`).
pub(super) fn parts(uses: &[Vec<usize>], named: &[bool]) -> Vec<bool> {
    let used: HashSet<usize> = uses.iter().flatten().copied().collect();
    let is_named = |number: usize| named.get(number).copied().unwrap_or_default();
    let (whole, mostly_parts): (Vec<usize>, Vec<usize>) =
        (0..uses.len()).partition(|number| is_named(*number) || !used.contains(number));
    let mut is_part = vec![false; uses.len()];
    let mut reached: HashSet<usize> = HashSet::new();
    for number in whole.into_iter().chain(mostly_parts) {
        if !reached.insert(number) {
            continue;
        }
        let mut next = vec![number];
        while let Some(number) = next.pop() {
            for part in uses.get(number).into_iter().flatten().filter(|part| !is_named(**part)) {
                if reached.insert(*part) {
                    is_part.get_mut(*part).into_iter().for_each(|is_part| *is_part = true);
                    next.push(*part);
                }
            }
        }
    }
    is_part
}

/// Code of the remark on a copy that was left out.
const BACKUP: &str = "backup-left-out";

#[cfg(test)]
mod tests {
    #[test]
    fn parts_are_those_of_an_image_that_is_looked_at() {
        let parts = |uses: &[&[usize]], named: &[usize]| {
            let uses: Vec<Vec<usize>> = uses.iter().map(|uses| uses.to_vec()).collect();
            let named: Vec<bool> = (0..uses.len()).map(|number| named.contains(&number)).collect();
            let is_part = super::parts(&uses, &named);
            (0..uses.len()).filter(|number| is_part[*number]).collect::<Vec<_>>()
        };
        assert_eq!(parts(&[&[1, 2], &[2], &[], &[]], &[]), [1, 2]);
        assert_eq!(parts(&[&[1, 2], &[2], &[], &[]], &[1]), [2]);
        // Those that build on one another: one is looked at.
        assert_eq!(parts(&[&[1], &[0]], &[]), [1]);
        assert!(parts(&[&[0]], &[]).is_empty());
        assert_eq!(parts(&[&[1], &[2], &[0], &[2]], &[]), [0, 1, 2]);
    }
}
