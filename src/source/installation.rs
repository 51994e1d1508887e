//! Where Windows keeps its hives: `System32\config` below any folder in the root of a volume, whatever that is called.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::is_backup;
use crate::error::{At, Error};
use crate::image::{Entry, FileRef, Tree};
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// Files of Windows that are never hives, in the root of its volume, and may be of the size of the memory.
const NOT_LOOKED_INTO: [&str; 4] = ["pagefile.sys", "hiberfil.sys", "swapfile.sys", "DumpStack.log.tmp"];

/// What a volume has.
#[derive(Default)]
pub(super) struct Found {
    /// Folders from which Windows was or is started: `Windows`, `Windows.old\Windows`.
    pub(super) installations: Vec<String>,
    /// Hives and logs of installations, by their names, and every file in the root of the volume.
    pub(super) files: Vec<FoundFile>,
    /// Folders with copies that were not asked for.
    pub(super) backups: Vec<String>,
    /// What could not be told.
    pub(super) problems: Vec<(String, Error)>,
}

/// A file that could be one to audit.
pub(super) struct FoundFile {
    /// Its path, with backslashes.
    pub(super) path: String,
    pub(super) file: FileRef,
    /// The folder that it is in.
    pub(super) folder: FileRef,
    /// Whether Windows has a hive or a log under this name.
    pub(super) expected: bool,
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

struct Finder<'a> {
    volume: &'a Arc<Tree>,
    include_backups: bool,
    found: Found,
}

/// Looks for installations in the root of a volume, and lists the files there.
pub(super) fn find(volume: &Arc<Tree>, include_backups: bool, limits: &Limits) -> Found {
    let mut finder = Finder { volume, include_backups, found: Found::default() };
    match volume.list(volume.root()) {
        // What is asked for by name may be there all the same.
        Err(error) => {
            finder.found.problems.push(("\\".to_owned(), error));
            if let Some(windows) = finder.folder("", volume.root(), "Windows") {
                finder.folder_of_root(&windows);
            }
        }
        Ok(entries) => {
            let (folders, files): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.folder);
            for folder in &folders {
                finder.folder_of_root(folder);
            }
            let skipped = |name: &str| {
                name.starts_with('$') || NOT_LOOKED_INTO.iter().any(|known| name.eq_ignore_ascii_case(known))
            };
            let mut files = files.into_iter().filter(|file| !skipped(&file.name));
            let folder = volume.root();
            let found = files.by_ref().take(limits.root_files);
            let found = found.map(|file| FoundFile { path: file.name, file: file.file, folder, expected: false });
            finder.found.files.extend(found);
            if files.next().is_some() {
                let limit = u64::try_from(limits.root_files).unwrap_or(u64::MAX);
                let error = Error::Limit { at: At::Whole, what: "files in the root that are looked into", limit };
                finder.found.problems.push(("\\".to_owned(), error));
            }
        }
    }
    finder.found
}

impl Finder<'_> {
    fn folder_of_root(&mut self, folder: &Entry) {
        if !is_backup(Path::new(&folder.name)) {
            return self.system_root(&folder.name, folder.file);
        }
        // What Windows was before it was upgraded, with a root of its own.
        let Some(windows) = self.folder(&folder.name, folder.file, "Windows") else { return };
        let path = format!("{}\\{}", folder.name, windows.name);
        if self.include_backups {
            self.system_root(&path, windows.file);
        } else {
            self.found.backups.push(path);
        }
    }

    /// A folder that Windows could have been installed to.
    fn system_root(&mut self, path: &str, folder: FileRef) {
        let Some(system32) = self.folder(path, folder, "System32") else { return };
        let path32 = format!("{path}\\{}", system32.name);
        let Some(config) = self.folder(&path32, system32.file, "config") else { return };
        let config_path = format!("{path32}\\{}", config.name);
        if self.hives(&config_path, config.file) {
            self.found.installations.push(path.to_owned());
        }
        if let Some(backup) = self.folder(&config_path, config.file, "RegBack") {
            let path = format!("{config_path}\\{}", backup.name);
            match self.has_hives(backup.file) {
                false => {}
                true if self.include_backups => {
                    self.hives(&path, backup.file);
                }
                true => self.found.backups.push(path),
            }
        }
    }

    /// Adds the hives and logs of a folder; whether there was a hive.
    fn hives(&mut self, path: &str, folder: FileRef) -> bool {
        let entries = self.volume.list(folder).unwrap_or_else(|error| {
            self.found.problems.push((path.to_owned(), error));
            let names = EXPECTED.iter().map(|name| self.volume.find(folder, name));
            names.filter_map(|found| found.ok().flatten()).collect()
        });
        let mut any = false;
        for entry in entries.into_iter().filter(|entry| !entry.folder && is_expected(&entry.name)) {
            any |= is_hive(&entry.name);
            let path = format!("{path}\\{}", entry.name);
            self.found.files.push(FoundFile { path, file: entry.file, folder, expected: true });
        }
        any
    }

    /// Whether a folder of copies has any: since Windows 10 1803 they are empty files.
    fn has_hives(&self, folder: FileRef) -> bool {
        ["SYSTEM", "SOFTWARE"].iter().any(|name| match self.volume.find(folder, name) {
            Ok(Some(entry)) => self.volume.file(entry.file).map_or(true, |file| !file.is_empty()),
            Ok(None) => false,
            Err(_) => true,
        })
    }

    /// The folder called `name` in `folder`.
    fn folder(&mut self, path: &str, folder: FileRef, name: &str) -> Option<Entry> {
        match self.volume.find(folder, name) {
            Ok(entry) => entry.filter(|entry| entry.folder),
            Err(error) => {
                self.found.problems.push((format!("{path}\\{name}"), error));
                None
            }
        }
    }
}

/// Whether Windows calls a hive that rules ask about like this.
pub(super) fn is_hive(name: &str) -> bool {
    ["SYSTEM", "SOFTWARE"].iter().any(|hive| name.eq_ignore_ascii_case(hive))
}

/// Likewise, or one of its logs.
pub(super) fn is_expected(name: &str) -> bool {
    EXPECTED.iter().any(|expected| name.eq_ignore_ascii_case(expected))
}

/// A Windows volume that is mounted at, or was copied whole to, a folder of this machine.
pub(super) struct Mounted {
    /// Its `System32\config` folders, and those of copies.
    pub(super) configs: Vec<PathBuf>,
    /// Folders with copies that were not asked for.
    pub(super) backups: Vec<PathBuf>,
}

/// Tells whether `folder` is the root of a Windows volume: there is not only `System32\config` somewhere below it, as in any
/// triage collection, but the kernel too.
pub(super) fn mounted(folder: &Path, include_backups: bool) -> Option<Mounted> {
    let windows = below(folder, &["Windows"])?;
    below(&windows, &["System32", "ntoskrnl.exe"])?;
    below(&windows, &["System32", "config"])?;
    let mut mounted = Mounted { configs: Vec::new(), backups: Vec::new() };
    let mut roots: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|e| e.path()).collect();
    roots.sort();
    for root in roots.iter().filter(|root| root.symlink_metadata().is_ok_and(|meta| meta.is_dir())) {
        let old = root.file_name().is_some_and(|name| is_backup(Path::new(name)));
        let config = below(root, if old { &["Windows", "System32", "config"] } else { &["System32", "config"] });
        let Some(config) = config else { continue };
        mounted.add(config.clone(), old && !include_backups);
        if let Some(copies) = below(&config, &["RegBack"]) {
            mounted.add(copies, !include_backups);
        }
    }
    Some(mounted)
}

impl Mounted {
    fn add(&mut self, folder: PathBuf, left_out: bool) {
        if left_out {
            self.backups.push(folder);
        } else {
            self.configs.push(folder);
        }
    }
}

/// What lies below `folder` under these names, in whatever case; symbolic links are not followed.
fn below(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    names.iter().try_fold(folder.to_path_buf(), |folder, name| {
        let exact = folder.join(name);
        let there = |path: &Path| path.symlink_metadata().is_ok_and(|meta| !meta.is_symlink());
        if there(&exact) {
            return Some(exact);
        }
        let same = |path: &PathBuf| path.file_name().is_some_and(|found| found.eq_ignore_ascii_case(name));
        std::fs::read_dir(&folder)
            .ok()?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(same)
            .filter(|p| there(p))
    })
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
