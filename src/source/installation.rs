//! Where Windows keeps its hives: `System32\config` below any folder in the root of a volume, whatever that is called. A
//! collector's volume has a folder for each drive there, with what was the root of that drive.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::past::{is_past, plain};
use crate::error::{At, Error};
use crate::image::{Entry, FileRef, Tree};
use crate::limits::Limits;
use crate::number::wide;
use crate::read_at::ReadAt;
use crate::windows::keys::is_hive_file;

/// Files of Windows that are never hives, in the root of its volume, and may be of the size of the memory.
const NOT_LOOKED_INTO: [&str; 4] = ["pagefile.sys", "hiberfil.sys", "swapfile.sys", "DumpStack.log.tmp"];

/// What a volume has.
#[derive(Default)]
pub(super) struct Found {
    /// Folders from which Windows was or is started: `Windows`, `Windows.old\Windows`.
    pub(super) installations: Vec<String>,
    /// Hives and logs of installations and their files of Group Policy, by their names, and every file in the root of the
    /// volume.
    pub(super) files: Vec<FoundFile>,
    /// Folders with copies from an earlier day that were not asked for, and how many hives each has.
    pub(super) left_out: Vec<(String, u64)>,
    /// What could not be told.
    pub(super) problems: Vec<(String, Error)>,
    /// What could not be told of copies and of Group Policy, which touches no verdict.
    pub(super) notes: Vec<(String, Error)>,
}

/// A file that could be one to audit.
pub(super) struct FoundFile {
    /// Its path, with backslashes.
    pub(super) path: String,
    pub(super) file: FileRef,
    /// The folder that it is in.
    pub(super) folder: FileRef,
    /// What it is by its name and its place.
    pub(super) what: What,
    /// The folder of copies from an earlier day that it is in.
    past: Option<String>,
}

impl FoundFile {
    /// Whether it is a copy from an earlier day.
    pub(super) fn is_past(&self) -> bool {
        self.past.is_some()
    }
}

/// What a file is by its name and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A hive or a log: Windows has one under this name.
    Hive,
    /// A file of Group Policy.
    Policy,
    /// Anything.
    Any,
}

/// What Windows calls its hives and their logs.
const EXPECTED: [&str; 8] = [
    "SYSTEM",
    "SYSTEM.LOG",
    "SYSTEM.LOG1",
    "SYSTEM.LOG2",
    "SOFTWARE",
    "SOFTWARE.LOG",
    "SOFTWARE.LOG1",
    "SOFTWARE.LOG2",
];

/// Levels below a folder of Group Policy on which its files are looked for.
const POLICY_DEPTH: usize = 10;

struct Finder<'a> {
    volume: &'a Arc<Tree>,
    include_backups: bool,
    limits: &'a Limits,
    found: Found,
}

/// A folder: its path, where it is, and the folder of copies from an earlier day that it is or is in.
#[derive(Clone)]
struct Folder {
    path: String,
    file: FileRef,
    past: Option<String>,
}

impl Folder {
    fn below(&self, entry: &Entry) -> Self {
        let path = join(&self.path, &entry.name);
        let past = self.past.clone().or_else(|| is_past(Path::new(&entry.name)).then(|| path.clone()));
        Self { path, file: entry.file, past }
    }

    /// The same, as copies from an earlier day.
    fn into_past(mut self) -> Self {
        self.past.get_or_insert_with(|| self.path.clone());
        self
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}\\{name}") }
}

/// Looks for installations in the root of a volume, and lists the files there.
pub(super) fn find(volume: &Arc<Tree>, include_backups: bool, limits: &Limits) -> Found {
    let mut finder = Finder { volume, include_backups, limits, found: Found::default() };
    let root = Folder { path: String::new(), file: volume.root(), past: None };
    match volume.list(volume.root()) {
        // What is asked for by name may be there all the same.
        Err(error) => {
            finder.found.problems.push(("\\".to_owned(), error));
            if let Some(windows) = finder.folder(&root, "Windows") {
                finder.folder_of_root(&windows, true);
            }
        }
        Ok(entries) => {
            let (folders, files): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.folder);
            for folder in &folders {
                finder.folder_of_root(&root.below(folder), true);
            }
            // A volume of collections, with a folder for each machine.
            if finder.found.installations.is_empty() {
                for folder in folders.iter().take(limits.root_files) {
                    finder.drives(&root.below(folder));
                }
            }
            let skipped = |name: &str| {
                name.starts_with('$') || NOT_LOOKED_INTO.iter().any(|known| name.eq_ignore_ascii_case(known))
            };
            let mut files = files.into_iter().filter(|file| !skipped(&file.name));
            let found = files.by_ref().take(limits.root_files);
            let found = found.map(|file| FoundFile {
                past: is_past(Path::new(&file.name)).then(|| file.name.clone()),
                path: file.name,
                file: file.file,
                folder: root.file,
                what: What::Any,
            });
            finder.found.files.extend(found);
            if files.next().is_some() {
                let limit = wide(limits.root_files);
                let error = Error::Limit { at: At::Whole, what: "files in the root that are looked into", limit };
                finder.found.problems.push(("\\".to_owned(), error));
            }
        }
    }
    finder.finish()
}

impl Finder<'_> {
    /// Leaves out what was not asked for.
    fn finish(mut self) -> Found {
        if self.found.installations.is_empty() {
            // Of no machine that is here.
            self.found.files.retain(|file| file.what != What::Policy);
        }
        if !self.include_backups {
            let (past, files) = std::mem::take(&mut self.found.files).into_iter().partition(FoundFile::is_past);
            self.found.files = files;
            let past: Vec<FoundFile> = past;
            let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
            for file in
                past.iter().filter(|file| file.path.rsplit('\\').next().is_some_and(|name| is_hive_file(plain(name))))
            {
                // Since Windows 10 1803 those of RegBack are empty.
                let empty = self.volume.file(file.file).is_ok_and(|file| file.is_empty());
                let Some(top) = file.past.as_ref().filter(|_| !empty) else { continue };
                left_out.entry(top.clone()).and_modify(|hives| *hives = hives.saturating_add(1)).or_insert(1);
            }
            self.found.left_out = left_out.into_iter().collect();
        }
        self.found
    }

    /// A folder of the root of a volume; `drives` says that it may be what was the root of another one.
    fn folder_of_root(&mut self, folder: &Folder, drives: bool) {
        let name = folder.path.rsplit('\\').next().unwrap_or_default().to_owned();
        if name.eq_ignore_ascii_case("System Volume Information") {
            return self.restore_points(folder);
        }
        if name.eq_ignore_ascii_case("ProgramData") {
            let history = ["Microsoft", "Group Policy", "History"];
            if let Some(history) = self.path(folder, &history) {
                self.policies(&history);
            }
            return;
        }
        if self.system_root(folder) {
            return;
        }
        if drives && (is_drive(&name) || is_past(Path::new(&name))) {
            for below in self.folders(folder) {
                self.folder_of_root(&below, false);
            }
        } else if drives || folder.past.is_some() {
            for windows in ["Windows", "WINNT"] {
                if let Some(windows) = self.folder(folder, windows) {
                    self.system_root(&windows);
                }
            }
        }
    }

    /// Folders for drives in a folder that is none itself.
    fn drives(&mut self, folder: &Folder) {
        for drive in self.folders(folder) {
            if is_drive(drive.path.rsplit('\\').next().unwrap_or_default()) {
                self.folder_of_root(&drive, true);
            }
        }
    }

    /// A folder that Windows could have been installed to; whether it was.
    fn system_root(&mut self, folder: &Folder) -> bool {
        let Some(system32) = self.folder(folder, "System32") else { return false };
        let Some(config) = self.folder(&system32, "config") else { return false };
        if self.hives(&config) && (self.include_backups || folder.past.is_none()) {
            self.found.installations.push(folder.path.clone());
        }
        for copies in ["RegBack", "Journal"] {
            if let Some(copies) = self.folder(&config, copies) {
                self.hives(&copies.into_past());
            }
        }
        // Windows XP and older, and a tool that was much used there.
        for copies in ["repair", "ERDNT"] {
            if let Some(copies) = self.folder(folder, copies) {
                let copies = copies.into_past();
                self.hives(&copies);
                for below in self.folders(&copies) {
                    self.hives(&below);
                }
            }
        }
        if let Some(policy) = self.folder(&system32, "GroupPolicy") {
            self.policies(&policy);
        }
        true
    }

    /// The restore points of Windows XP.
    fn restore_points(&mut self, folder: &Folder) {
        for restore in self.folders(folder).into_iter().filter(|restore| restore.past.is_some()) {
            for point in self.folders(&restore) {
                if let Some(snapshot) = self.folder(&point, "snapshot") {
                    self.hives(&snapshot);
                }
            }
        }
    }

    /// Adds the hives and logs of a folder; whether there was a hive.
    fn hives(&mut self, folder: &Folder) -> bool {
        let entries = self.volume.list(folder.file).unwrap_or_else(|error| {
            self.problem(folder, folder.path.clone(), error);
            let names = EXPECTED.iter().map(|name| self.volume.find(folder.file, name));
            names.filter_map(|found| found.ok().flatten()).collect()
        });
        let mut any = false;
        for entry in entries.into_iter().filter(|entry| !entry.folder && is_expected(plain(&entry.name))) {
            any |= is_hive_file(plain(&entry.name));
            self.file(folder, &entry, What::Hive);
        }
        any
    }

    /// Adds the files of Group Policy below a folder.
    fn policies(&mut self, folder: &Folder) {
        let mut next = vec![(folder.clone(), 0usize)];
        let mut budget = self.limits.root_files;
        while let Some((folder, depth)) = next.pop() {
            let Some(left) = budget.checked_sub(1) else { return };
            budget = left;
            let entries = match self.volume.list(folder.file) {
                Ok(entries) => entries,
                Err(error) => {
                    self.found.notes.push((folder.path, error));
                    continue;
                }
            };
            for entry in entries {
                if entry.folder && depth < POLICY_DEPTH {
                    next.push((folder.below(&entry), depth.saturating_add(1)));
                } else if !entry.folder && is_policy_name(&entry.name) {
                    self.file(&folder, &entry, What::Policy);
                }
            }
        }
    }

    fn file(&mut self, folder: &Folder, entry: &Entry, what: What) {
        let path = join(&folder.path, &entry.name);
        self.found.files.push(FoundFile {
            path,
            file: entry.file,
            folder: folder.file,
            what,
            past: folder.past.clone(),
        });
    }

    /// The folders in a folder.
    fn folders(&mut self, folder: &Folder) -> Vec<Folder> {
        match self.volume.list(folder.file) {
            Ok(entries) => {
                let folders = entries.iter().filter(|entry| entry.folder).take(self.limits.root_files);
                folders.map(|entry| folder.below(entry)).collect()
            }
            Err(error) => {
                self.problem(folder, folder.path.clone(), error);
                Vec::new()
            }
        }
    }

    /// The folder called `name` in `folder`.
    fn folder(&mut self, folder: &Folder, name: &str) -> Option<Folder> {
        match self.volume.find(folder.file, name) {
            Ok(entry) => entry.filter(|entry| entry.folder).map(|entry| folder.below(&entry)),
            Err(error) => {
                self.problem(folder, join(&folder.path, name), error);
                None
            }
        }
    }

    /// The folder that these names lead to.
    fn path(&mut self, folder: &Folder, names: &[&str]) -> Option<Folder> {
        names.iter().try_fold(folder.clone(), |folder, name| self.folder(&folder, name))
    }

    fn problem(&mut self, folder: &Folder, path: String, error: Error) {
        let list = if folder.past.is_some() { &mut self.found.notes } else { &mut self.found.problems };
        list.push((path, error));
    }
}

/// Whether a folder is called like a drive.
fn is_drive(name: &str) -> bool {
    name.len() == 1 && name.chars().all(|letter| letter.is_ascii_alphabetic())
}

/// Likewise, or one of its logs.
pub(super) fn is_expected(name: &str) -> bool {
    EXPECTED.iter().any(|expected| name.eq_ignore_ascii_case(expected))
}

/// Whether Windows calls a file of Group Policy with registry values like this.
pub(super) fn is_policy_name(name: &str) -> bool {
    ["Registry.pol", "Registry.xml"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hives_and_logs_are_told_by_name() {
        for name in ["SYSTEM", "software", "SYSTEM.LOG", "Software.log1", "SYSTEM.LOG2"] {
            assert!(is_expected(name), "{name}");
        }
        for name in ["SYSTEM.SAV", "SYSTEM.LOG3", "SAM", "SYSTEM{guid}.TM.blf", "SYSTEMS", ".LOG"] {
            assert!(!is_expected(name), "{name}");
        }
    }
}
