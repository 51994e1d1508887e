//! Units: what one worker looks at, in the order of the walk.
//!
//! A unit is the files of one folder, for what makes up a machine or an image lies in one folder: hives and their logs, `.reg`
//! files, images and their parts. Two things lie apart and are brought together here: files of Group Policy, which go with the
//! hives of their machine, and the uploads of a Velociraptor collection, which has a folder for each way to read files.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use super::above::Above;
use super::given::{Given, plain};
use super::installation::is_policy_name;
use super::mounted::{Mounted, is_of_windows, mounted, windows_of};
use super::past::is_past;
use super::policy_place::is_uploads;
use super::{Search, is_in_config, name};
use crate::files::{self, Refused};
use crate::limits::Limits;

/// Files of several folders that may be one unit, so that disks of one group are found wherever they were copied to.
const FEW: usize = 64;

/// Files of one folder that follow one another in a list and are one unit. A folder that is named has no such bound.
pub(super) const MANY: usize = 4096;

/// The folder of a file, however it is spelt.
fn folder(file: &Path) -> PathBuf {
    plain(file.parent().unwrap_or(Path::new("")))
}

/// How the folder is called in reports.
fn shown(folder: &Path) -> Arc<str> {
    if folder.as_os_str().is_empty() { ".".into() } else { name(folder) }
}

/// The files of each folder one after the other, where the first of them stands; files and folders keep their order else.
fn by_folder(inputs: Vec<&PathBuf>) -> Vec<PathBuf> {
    let mut groups: Vec<Vec<PathBuf>> = Vec::new();
    let mut numbers: HashMap<PathBuf, usize> = HashMap::new();
    for input in inputs {
        let parent = if files::is_folder(input) { None } else { Some(folder(input)) };
        let real = parent.map(|parent| match parent.as_os_str().is_empty() {
            true => Path::new(".").canonicalize().unwrap_or(parent),
            false => files::real(&parent).unwrap_or(parent),
        });
        let number = real.map_or(groups.len(), |real| *numbers.entry(real).or_insert(groups.len()));
        match groups.get_mut(number) {
            Some(group) => group.push(input.clone()),
            None => groups.push(vec![input.clone()]),
        }
    }
    groups.into_iter().flatten().collect()
}

/// What one worker looks at.
pub(crate) struct Unit {
    /// Its place in the order.
    pub(crate) number: u64,
    /// The folder that it is: that of its first file, where it has files of several.
    pub(crate) folder: PathBuf,
    pub(super) files: Vec<UnitFile>,
    pub(super) troubles: Vec<Trouble>,
    pub(crate) above: Arc<Above>,
    /// Whether its images may be parts of any image before it.
    pub(crate) last: bool,
    /// The folder that the user named, when all of it was given.
    pub(crate) closes: Option<PathBuf>,
}

impl Unit {
    /// Its files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Takes its files, for who asks which parts its images use.
    pub(crate) fn into_files(self) -> Vec<UnitFile> {
        self.files
    }
}

/// A file of this machine.
pub(crate) struct UnitFile {
    pub(super) path: PathBuf,
    pub(super) named: bool,
    /// Whether the folder that it lies in is of an earlier day.
    pub(super) in_past: bool,
    /// Whether copies of an earlier day are read here.
    pub(super) past_too: bool,
}

/// What there is to say of a folder.
pub(super) enum Trouble {
    /// It cannot be listed.
    Unreadable(Arc<str>, String),
    /// It is only looked at in part, or might hold more.
    Policies(Arc<str>, String),
    /// It is the root of a Windows volume.
    Volume(Arc<str>),
    /// It holds copies of an earlier day, which are counted.
    Past(PathBuf),
    /// It was named, and is not there.
    Missing(PathBuf),
    /// It is a symbolic link, or a pipe or a device, and not looked at.
    Passed(PathBuf, bool),
    /// A list has named files of it before, or it itself.
    Split(Arc<str>),
    /// A file of Group Policy that lies on a machine is named apart from it.
    Apart(Arc<str>),
    /// It has so many copies of an earlier day below it, which are left out.
    #[cfg(feature = "remote")]
    LeftOut(Arc<str>, u64),
    /// So many objects below it are not looked into.
    #[cfg(feature = "remote")]
    ByName(Arc<str>, u64),
}

/// Cuts what the user named into units.
pub(crate) struct Walker<'a> {
    pub(super) search: Search<'a>,
    limits: &'a Limits,
    /// Takes each unit; whether to go on.
    give: &'a mut dyn FnMut(Unit) -> bool,
    number: u64,
    /// Files that are named and lie in a folder that is named too.
    pub(super) inside: HashSet<PathBuf>,
    /// What was named before, by a list.
    given: Option<Given>,
}

/// Nobody wants more units.
pub(crate) struct Stopped;

impl<'a> Walker<'a> {
    pub(crate) fn new(search: &Search<'a>, limits: &'a Limits, give: &'a mut dyn FnMut(Unit) -> bool) -> Self {
        Self { search: *search, limits, give, number: 0, inside: HashSet::new(), given: None }
    }

    /// Everything that is named, which is known from the start: a file that is named twice, or lies in a folder that is named
    /// as well, is met once.
    pub(crate) fn all(&mut self, inputs: &[PathBuf]) -> Result<(), Stopped> {
        let real: Vec<PathBuf> =
            inputs.iter().map(|input| files::real(input).unwrap_or_else(|_| input.clone())).collect();
        let folders: Vec<&PathBuf> = real.iter().filter(|path| files::is_folder(path)).collect();
        // A file goes by its own name rather than by that of a link to it.
        let mut names: HashMap<&PathBuf, &PathBuf> = HashMap::new();
        for (input, real) in inputs.iter().zip(&real) {
            let name = names.entry(real).or_insert(input);
            if name.is_symlink() && !input.is_symlink() {
                *name = input;
            }
        }
        let mut seen: HashSet<&PathBuf> = HashSet::new();
        let mut wanted: Vec<&PathBuf> = Vec::new();
        let mut later: Vec<(&PathBuf, &PathBuf)> = Vec::new();
        for (input, real) in inputs.iter().zip(&real).filter(|(_, real)| seen.insert(real)) {
            let input = names.get(real).copied().unwrap_or(input);
            // A folder in another one is walked with that.
            let within = folders.iter().any(|folder| *folder != real && real.starts_with(folder));
            match within {
                false => wanted.push(input),
                true if !files::is_folder(real) && (files::is_remote(real) || real.is_file()) => {
                    self.inside.insert(real.clone());
                    later.push((input, real));
                }
                // Unless it is passed over there: the past, and what lies on a Windows volume.
                true => later.push((input, real)),
            }
        }
        let wanted = by_folder(wanted);
        let walked = self.together(wanted.into_iter(), true, usize::MAX)?;
        for (input, real) in later {
            let met = match files::is_folder(real) {
                true if files::is_remote(real) => self.search.include_backups || !is_past(real),
                true => walked.contains(real),
                false => !self.inside.contains(real),
            };
            if !met {
                self.each(std::iter::once(input.clone()))?;
            }
        }
        Ok(())
    }

    /// What a list names, as it comes.
    pub(crate) fn listed(&mut self, inputs: impl Iterator<Item = PathBuf>) -> Result<(), Stopped> {
        self.given = Some(Given::default());
        self.each(inputs).map(|_| ())
    }

    /// What is named, one after the other; files of one folder that follow one another are one unit. The folders that were
    /// walked, of those in which others may lie.
    fn each(&mut self, inputs: impl Iterator<Item = PathBuf>) -> Result<HashSet<PathBuf>, Stopped> {
        self.together(inputs, false, MANY)
    }

    /// The same: a few files are one unit `across` folders too, and of one folder at most so many.
    fn together(
        &mut self,
        inputs: impl Iterator<Item = PathBuf>,
        across: bool,
        most: usize,
    ) -> Result<HashSet<PathBuf>, Stopped> {
        let mut walked = HashSet::new();
        let mut together: Vec<PathBuf> = Vec::new();
        for input in inputs {
            // `./a` and `a` lie in one folder.
            let input = input
                .strip_prefix("./")
                .ok()
                .filter(|rest| !rest.as_os_str().is_empty())
                .map_or(input.clone(), Path::to_path_buf);
            let last = together.last();
            if last == Some(&input) {
                continue; // the same again
            }
            let one_folder = last.is_none_or(|last| folder(last) == folder(&input));
            let goes_on = if one_folder { together.len() < most } else { across && together.len() < FEW };
            let is_file = files::refused(&input).is_some() || !files::is_folder(&input);
            if !is_file || !goes_on {
                self.files(std::mem::take(&mut together))?;
            }
            if is_file {
                together.push(input);
            } else {
                walked.extend(self.root(&input)?);
            }
        }
        self.files(together)?;
        Ok(walked)
    }

    /// Files that are named.
    fn files(&mut self, files: Vec<PathBuf>) -> Result<(), Stopped> {
        let first = files.first().map(|file| folder(file)).unwrap_or_default();
        let mut unit = self.unit(&first, &Above::new(None));
        if let (Some(given), false) = (&mut self.given, files.is_empty()) {
            // Those of a list are of one folder.
            unit.troubles.extend(given.files_of(&first).then(|| Trouble::Split(shown(&first))));
        }
        for path in files {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            if self.given.is_some() && is_policy_name(&file_name) && is_of_windows(&path, Path::new("")) {
                unit.troubles.push(Trouble::Apart(name(&path)));
            }
            if let Some(Refused { shown, why }) = files::refused(&path) {
                unit.troubles.push(Trouble::Unreadable(shown.into(), why.to_owned()));
                continue;
            }
            // Whether an object is there shows when it is opened.
            let there = files::is_remote(&path).then_some(Ok(()));
            match there.unwrap_or_else(|| path.symlink_metadata().map(|_| ())) {
                Ok(()) => {
                    let in_past = files::real(&path).is_ok_and(|path| is_past(&path));
                    unit.files.push(UnitFile { path, named: true, in_past, past_too: true });
                }
                Err(_) => unit.troubles.push(Trouble::Missing(path)),
            }
        }
        self.give(unit)
    }

    pub(super) fn unit(&self, folder: &Path, above: &Arc<Above>) -> Unit {
        let (folder, above) = (folder.to_path_buf(), Arc::clone(above));
        Unit { number: 0, folder, files: Vec::new(), troubles: Vec::new(), above, last: false, closes: None }
    }

    pub(super) fn give(&mut self, mut unit: Unit) -> Result<(), Stopped> {
        if unit.files.is_empty() && unit.troubles.is_empty() && unit.closes.is_none() {
            unit.above.announce(HashSet::new());
            return Ok(());
        }
        unit.number = self.number;
        self.number += 1;
        if (self.give)(unit) { Ok(()) } else { Err(Stopped) }
    }

    /// A folder that is named, with everything below it; the folders that were walked.
    fn root(&mut self, root: &Path) -> Result<HashSet<PathBuf>, Stopped> {
        #[cfg(feature = "remote")]
        if files::is_remote(root) {
            return self.prefix(root).map(|()| HashSet::new());
        }
        let real = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let mut walked = HashSet::new();
        let mut last = Vec::new();
        self.below(root, &real, &mut last, &mut walked)?;
        for folder in last {
            let below = folder.strip_prefix(root).unwrap_or(&folder);
            let real = real.join(below);
            self.below(&folder, &real, &mut Vec::new(), &mut walked)?;
        }
        let mut close = self.unit(root, &Above::new(None));
        close.closes = Some(root.to_path_buf());
        let again = self.given.as_mut().is_some_and(|given| given.walked(root));
        close.troubles.extend(again.then(|| Trouble::Split(name(root))));
        self.give(close)?;
        Ok(walked)
    }

    /// Walks a folder. Folders that are allowed to be named by images are put off to `last`, unless this is one.
    fn below(
        &mut self,
        root: &Path,
        real: &Path,
        last: &mut Vec<PathBuf>,
        walked: &mut HashSet<PathBuf>,
    ) -> Result<(), Stopped> {
        let in_past = is_past(real);
        let past_too = in_past || self.search.include_backups;
        let is_last = self.search.allow.iter().any(|folder| folder == real);
        // The files of a folder first, so that they follow one another.
        let order = |a: &DirEntry, b: &DirEntry| {
            (a.file_type().is_dir(), a.file_name()).cmp(&(b.file_type().is_dir(), b.file_name()))
        };
        let mut walk = WalkDir::new(root).max_depth(self.limits.folder_depth).sort_by(order).into_iter();
        // The folders that lead to where the walk is, each with its depth.
        let mut path: Vec<Arc<Above>> = Vec::new();
        let mut unit = self.unit(root, &Above::new(None));
        unit.last = is_last;
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_path_buf();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    unit.troubles.push(Trouble::Unreadable(name(&path), reason));
                    continue;
                }
            };
            if entry.file_type().is_file() {
                self.found(&mut unit, &entry, real, root, in_past, past_too);
                continue;
            }
            if !entry.file_type().is_dir() {
                // In a mounted image it leads out of the evidence; a pipe would wait.
                unit.troubles.push(Trouble::Passed(entry.path().to_path_buf(), entry.path_is_symlink()));
                continue;
            }
            // What was found so far is of a folder that is left or gone down from.
            self.give(unit)?;
            path.truncate(entry.depth());
            let here = Above::new(path.last().cloned());
            unit = self.unit(entry.path(), &here);
            unit.last = is_last;
            path.push(here);
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let own = real.join(below);
            if entry.depth() > 0 && self.search.allow.contains(&own) && !is_last {
                last.push(entry.path().to_path_buf());
                walk.skip_current_dir();
                continue;
            }
            if !past_too && is_past(&own) {
                unit.troubles.push(Trouble::Past(entry.path().to_path_buf()));
                walk.skip_current_dir();
                continue;
            }
            if let Some(volume) = mounted(entry.path(), past_too) {
                self.volume(&mut unit, entry.path(), &volume, past_too);
                walk.skip_current_dir();
                continue;
            }
            walked.insert(own);
            if is_uploads(entry.path()) {
                self.tree(&mut unit, entry.path(), |_| true, in_past, past_too);
                walk.skip_current_dir();
            } else if is_in_config(entry.path()) {
                for folder in windows_of(entry.path(), root) {
                    self.tree(
                        &mut unit,
                        &folder,
                        |entry| is_policy(entry) && !is_beside_hives(entry),
                        in_past,
                        past_too,
                    );
                }
            }
            if entry.depth() == self.limits.folder_depth {
                unit.troubles.push(too_deep(&entry));
            }
        }
        self.give(unit)
    }

    fn found(&mut self, unit: &mut Unit, entry: &DirEntry, real: &Path, root: &Path, in_past: bool, past_too: bool) {
        // It goes with the hives of its machine.
        if is_policy(entry) && !is_beside_hives(entry) && is_of_windows(entry.path(), root) {
            return;
        }
        let path = entry.path().to_path_buf();
        let named = !self.inside.is_empty() && {
            let below = path.strip_prefix(root).unwrap_or(&path);
            self.inside.remove(&real.join(below))
        };
        unit.files.push(UnitFile { path, named, in_past, past_too });
    }

    /// Adds what lies anywhere below a folder.
    fn tree(&self, unit: &mut Unit, folder: &Path, wanted: impl Fn(&DirEntry) -> bool, in_past: bool, past_too: bool) {
        let mut walk = WalkDir::new(folder).max_depth(self.limits.folder_depth).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() && !past_too && is_past(entry.path()) => {
                    if wanted(&entry) {
                        unit.troubles.push(Trouble::Past(entry.path().to_path_buf()));
                    }
                    walk.skip_current_dir();
                }
                Ok(entry) if entry.file_type().is_dir() && entry.depth() == self.limits.folder_depth => {
                    unit.troubles.push(too_deep(&entry));
                }
                Ok(entry) if entry.file_type().is_file() && wanted(&entry) => {
                    unit.files.push(UnitFile { path: entry.path().to_path_buf(), named: false, in_past, past_too });
                }
                Ok(_) => {}
                Err(error) => unit.troubles.push(Trouble::Unreadable(name(folder), error.to_string())),
            }
        }
    }

    /// The installations of a Windows volume, and nothing else of it.
    fn volume(&self, unit: &mut Unit, root: &Path, volume: &Mounted, past_too: bool) {
        unit.troubles.push(Trouble::Volume(name(root)));
        let mut add = |path: &Path| {
            unit.files.push(UnitFile { path: path.to_path_buf(), named: false, in_past: false, past_too });
        };
        let mut troubles = Vec::new();
        for folder in &volume.folders {
            for entry in WalkDir::new(folder).max_depth(1).sort_by_file_name() {
                match entry {
                    Ok(entry) if entry.file_type().is_file() => add(entry.path()),
                    Ok(_) => {}
                    Err(error) => troubles.push(Trouble::Unreadable(name(folder), error.to_string())),
                }
            }
        }
        for folder in &volume.policies {
            for entry in WalkDir::new(folder).max_depth(self.limits.folder_depth).sort_by_file_name() {
                match entry {
                    Ok(entry) if is_policy(&entry) => add(entry.path()),
                    Ok(_) => {}
                    Err(error) => troubles.push(Trouble::Policies(name(folder), error.to_string())),
                }
            }
        }
        unit.troubles.extend(troubles);
        unit.troubles.extend(volume.backups.iter().map(|copies| Trouble::Past(copies.clone())));
    }
}

fn is_policy(entry: &DirEntry) -> bool {
    entry.file_type().is_file() && is_policy_name(&entry.file_name().to_string_lossy())
}

/// Whether it lies in the folder of the hives themselves, and so is met there.
fn is_beside_hives(entry: &DirEntry) -> bool {
    entry.path().parent().is_some_and(is_in_config)
}

fn too_deep(entry: &DirEntry) -> Trouble {
    let message = format!("more than {} levels of folders: not walked further", entry.depth());
    Trouble::Unreadable(name(entry.path()), message)
}
