//! Folders: every file below what the user named.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::again::Recent;
use super::bytes::{Bytes, start};
use super::disk::ImageSeen;
use super::dynamic::Member;
use super::installation::{Mounted, is_policy_name, mounted};
use super::logs::{InsideLog, attach};
use super::past::{copy_of, is_past};
use super::policy_place::expected;
use super::sniff::{BOOT_COPY, Content, LEN, SMALLEST_DISK, sniff, sniff_at};
use super::{Artifact, Kind, Search, is_in_config, name, no_hive};
use crate::archive::Archive;
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::At;
use crate::image::ends_like_disk;
use crate::limits::Limits;
use crate::place::Place;
use crate::read_at::{LocalFile, ReadAt};
use crate::windows::keys::is_hive_file;

/// Everything found below the inputs, and what was met on the way.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Hives and `.reg` files, in the order of the inputs and by name below each; those in images and archives come last.
    pub artifacts: Vec<Artifact>,
    /// Disk images that were looked into.
    pub images: Vec<ImageSeen>,
    /// Disk images and archives that were met, and the files that they name: evidence, whatever was found in them.
    pub containers: Vec<PathBuf>,
    /// Copies from earlier days that were left out.
    pub left_out: Vec<LeftOut>,
    /// What could not be read, and what was named but is nothing that can be audited.
    pub diagnostics: Vec<Diagnostic>,
    /// How many regular files were looked at, hives of installations in images and members of archives included.
    pub files: u64,
    /// How many of those are nothing that an audit is about.
    pub other_files: u64,
    /// How many files, folders or volumes could not be read, or broke off.
    pub unreadable: u64,
}

/// Copies from an earlier day, which are no machine of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What they lie in, as reports call it.
    pub name: Arc<str>,
    /// How many hives and `.reg` files there are.
    pub files: u64,
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
    };
    for input in inputs {
        if input.is_dir() {
            walk.folder(input);
        } else {
            walk.file(input, true, true);
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
}

impl Walk<'_> {
    fn folder(&mut self, root: &Path) {
        let canonical = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let in_past = is_past(&canonical);
        let mut walk = WalkDir::new(root).max_depth(self.limits.folder_depth).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => self.file(entry.path(), false, in_past),
                Ok(entry) if entry.file_type().is_dir() => {
                    let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
                    let wanted = in_past || self.search.include_backups;
                    if !wanted && is_past(&canonical.join(below)) {
                        self.aside(entry.path());
                        walk.skip_current_dir();
                    } else if let Some(volume) = mounted(entry.path(), wanted) {
                        self.mounted(entry.path(), &volume, in_past);
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
    fn mounted(&mut self, root: &Path, volume: &Mounted, past_too: bool) {
        let message = "the folder of a Windows volume: its installations alone are read; \
                       name a folder below it to have all of that read";
        self.remark(&name(root), Severity::Note, "windows-volume", message.to_owned());
        for folder in &volume.folders {
            for entry in WalkDir::new(folder).max_depth(1).sort_by_file_name() {
                match entry {
                    Ok(entry) if entry.file_type().is_file() => self.file(entry.path(), false, past_too),
                    Ok(_) => {}
                    Err(error) => self.unreadable(&name(folder), error.to_string()),
                }
            }
        }
        for folder in &volume.policies {
            for entry in WalkDir::new(folder).max_depth(self.limits.folder_depth).sort_by_file_name() {
                match entry {
                    Ok(entry)
                        if entry.file_type().is_file() && is_policy_name(&entry.file_name().to_string_lossy()) =>
                    {
                        self.file(entry.path(), false, past_too);
                    }
                    Ok(_) => {}
                    Err(error) => self.remark(&name(folder), Severity::Warning, "policy-folder", error.to_string()),
                }
            }
        }
        for copies in &volume.backups {
            self.aside(copies);
        }
    }

    /// Counts what lies in a folder of copies from an earlier day.
    fn aside(&mut self, folder: &Path) {
        let mut files = 0u64;
        let walk = WalkDir::new(folder).max_depth(self.limits.folder_depth);
        let regular = walk.into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
        for entry in regular {
            let mut buf = [0u8; LEN];
            let read = LocalFile::open(entry.path()).and_then(|file| start(&file, &mut buf).map(sniff));
            let counts = read.map_or(true, |content| matches!(content, Content::Registry(_) | Content::Image));
            files = files.saturating_add(u64::from(counts));
        }
        if files > 0 {
            self.left_out(&name(folder), files);
        }
    }

    /// A file, which the user named, or which lies below a folder; copies from an earlier day are read where `past_too` says
    /// so, or the user.
    fn file(&mut self, path: &Path, named: bool, past_too: bool) {
        let canonical = path.canonicalize();
        if let Ok(canonical) = &canonical
            && !self.seen.insert(canonical.clone())
        {
            return;
        }
        let backup = is_past(path) || canonical.is_ok_and(|path| is_past(&path)) || is_copy_beside(path);
        let called = name(path);
        let mut buf = [0u8; LEN];
        let read = LocalFile::open(path).and_then(|file| {
            let start = start(&file, &mut buf)?;
            Ok((sniff_at(start, path), file))
        });
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut artifact = |kind| {
            let (path, name, logs, bytes) = (path.to_path_buf(), Arc::clone(&called), Vec::new(), Bytes::Local);
            self.out.artifacts.push(Artifact { path, name, kind, logs, backup, named, bytes });
        };
        let (content, file) = match (read, expected(path)) {
            (Ok(read), _) => read,
            (Err(_), Some(form)) if !named => return artifact(Kind::PolicyFile(form)),
            (Err(error), _) => return self.unreadable(&called, error.to_string()),
        };
        self.out.files = self.out.files.saturating_add(1);
        let picked = named && (self.search.offset.is_some() || self.search.volume.is_some());
        let holder = |kind| Holder { path: path.to_path_buf(), named, kind };
        match content {
            Content::Registry(_) if backup && !past_too && !self.search.include_backups => self.left_out(&called, 1),
            Content::Registry(kind) => artifact(kind),
            Content::Empty | Content::Other if is_hive_file(&file_name) && !backup => {
                let error = no_hive(&file_name, matches!(content, Content::Empty));
                let certain = is_in_config(path.parent().unwrap_or(Path::new("")));
                artifact(if certain { Kind::BrokenHive(error) } else { Kind::NoHive(error) });
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
        if self.out.artifacts.is_empty() && !self.out.left_out.is_empty() {
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

    /// Copies from an earlier day that were not asked for.
    pub(super) fn left_out(&mut self, name: &Arc<str>, files: u64) {
        let message = format!("copies from an earlier day (files: {files}): read with --include-backups alone");
        self.remark(name, Severity::Note, BACKUP, message);
        self.out.left_out.push(LeftOut { name: Arc::clone(name), files });
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

/// Whether the file is called as a copy of a hive, and that hive lies beside it.
fn is_copy_beside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    copy_of(&name).is_some_and(|hive| {
        let spelled = [hive.to_owned(), hive.to_ascii_uppercase(), hive.to_ascii_lowercase()];
        spelled.iter().any(|hive| path.with_file_name(hive).symlink_metadata().is_ok_and(|meta| meta.is_file()))
    })
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
