//! A Windows volume that is a folder of this machine: what of it is read.

use std::path::{Path, PathBuf};

use super::past::is_past;
use super::policy_place::is_beside_windows;

/// A Windows volume that is mounted at, or was copied whole to, a folder of this machine.
#[derive(Default)]
pub(super) struct Mounted {
    /// Its `System32\config` folders, and those of copies.
    pub(super) folders: Vec<PathBuf>,
    /// Folders with files of Group Policy.
    pub(super) policies: Vec<PathBuf>,
    /// Folders with copies that were not asked for.
    pub(super) backups: Vec<PathBuf>,
}

/// Tells whether `folder` is the root of a Windows volume: there is not only `System32\config` somewhere below it, as in any
/// triage collection, but the kernel too.
pub(super) fn mounted(folder: &Path, include_backups: bool) -> Option<Mounted> {
    let windows = below(folder, &["Windows"])?;
    below(&windows, &["System32", "ntoskrnl.exe"])?;
    below(&windows, &["System32", "config"])?;
    let mut mounted = Mounted::default();
    std::fs::read_dir(folder).ok()?; // what cannot be listed is walked, which says so
    for root in folders(folder) {
        let old = root.file_name().is_some_and(|name| is_past(Path::new(name)));
        let windows = if old { below(&root, &["Windows"]) } else { Some(root.clone()) };
        let Some((windows, config)) =
            windows.and_then(|windows| below(&windows, &["System32", "config"]).map(|config| (windows, config)))
        else {
            continue;
        };
        mounted.add(config.clone(), old && !include_backups);
        let copies = ["RegBack", "Journal"].iter().filter_map(|name| below(&config, &[name]));
        let older = ["repair", "ERDNT"].iter().filter_map(|name| below(&windows, &[name]));
        for copies in copies.chain(older).flat_map(|copies| with_folders(copies, include_backups)) {
            mounted.add(copies, !include_backups);
        }
        mounted.policies.extend(below(&windows, &["System32", "GroupPolicy"]).filter(|_| !old));
    }
    mounted.policies.extend(below(folder, &["ProgramData", "Microsoft", "Group Policy", "History"]));
    let restore = below(folder, &["System Volume Information"]).map(|folder| folders(&folder)).unwrap_or_default();
    for restore in restore.into_iter().filter(|restore| is_past(restore)) {
        match include_backups {
            true => mounted.folders.extend(folders(&restore).iter().filter_map(|point| below(point, &["snapshot"]))),
            false => mounted.backups.push(restore),
        }
    }
    Some(mounted)
}

/// Where else the files of Group Policy lie that go with the hives in `config`, as far as that is at or below `root`: the
/// folder of Windows, and with the first one of a volume those beside it.
pub(super) fn windows_of(config: &Path, root: &Path) -> Vec<PathBuf> {
    let Some(windows) = config.parent().and_then(Path::parent).filter(|windows| windows.starts_with(root)) else {
        // Of a part of it that is named, what lies there.
        return if config.starts_with(root) { vec![root.to_path_buf()] } else { Vec::new() };
    };
    let mut found = vec![windows.to_path_buf()];
    if let Some(volume) = windows.parent().filter(|volume| volume.starts_with(root))
        && windows_in(volume).as_deref() == Some(windows)
    {
        found.extend(folders(volume).into_iter().filter(|folder| folder.file_name().is_some_and(is_beside_windows)));
    }
    found
}

/// Whether a file of Group Policy is one of those that [`windows_of`] tells of.
pub(super) fn is_of_windows(path: &Path, root: &Path) -> bool {
    for folder in path.ancestors().skip(1) {
        let config = below(folder, &["System32", "config"]).filter(|config| config.starts_with(root));
        if !is_past(folder) && config.is_some() {
            return true;
        }
        if !folder.starts_with(root) {
            continue;
        }
        let beside = folder.file_name().is_some_and(is_beside_windows);
        let volume = folder.parent().filter(|volume| beside && volume.starts_with(root));
        if volume.and_then(windows_in).is_some() {
            return true;
        }
    }
    false
}

/// The first folder of Windows in a volume.
fn windows_in(volume: &Path) -> Option<PathBuf> {
    folders(volume).into_iter().find(|windows| !is_past(windows) && below(windows, &["System32", "config"]).is_some())
}

/// The folders in a folder, by name; links are none.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<PathBuf> =
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

/// The folder, and where `deeper` says so those in it.
fn with_folders(folder: PathBuf, deeper: bool) -> Vec<PathBuf> {
    let more = if deeper { folders(&folder) } else { Vec::new() };
    std::iter::once(folder).chain(more).collect()
}

impl Mounted {
    fn add(&mut self, folder: PathBuf, left_out: bool) {
        if left_out {
            self.backups.push(folder);
        } else {
            self.folders.push(folder);
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
