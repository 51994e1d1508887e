//! Transaction logs: which of the files beside a hive, and of those given by hand, belong to it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes::Bytes;
use super::{Artifact, Kind, LogFile, NO_LOGS, Search, name};
use crate::error::Error;
use crate::files::{self, Is};
use crate::limits::Limits;
use crate::read_at::ReadAt;
use crate::registry::hive::{Hive, Recovery, Refused, log_fits, replay_to};

/// The endings, in the order in which the logs are to be tried. `.LOG` alone is that of hives with a single log; beside the
/// other two it is a leftover of the installation (msuhanov/regf, "Multiple transaction log files").
const ENDINGS: [&str; 3] = [".log1", ".log2", ".log"];

impl Artifact {
    /// Opens the hive with its logs laid over it.
    ///
    /// # Errors
    /// When the file cannot be opened or is no hive that can be used.
    pub fn open_hive(&self, limits: &Limits) -> Result<(Hive, Recovery), Error> {
        self.open_hive_to(None, limits)
    }

    /// The same with at most so many entries of its logs.
    ///
    /// # Errors
    /// As [`Artifact::open_hive`].
    pub fn open_hive_to(&self, most: Option<NonZeroU64>, limits: &Limits) -> Result<(Hive, Recovery), Error> {
        let file = self.open()?;
        let mut refused = Vec::new();
        let mut logs: Vec<(_, Box<dyn ReadAt>)> = Vec::new();
        for log in &self.logs {
            let refuse = |why: String| Refused { log: log.name.clone(), why };
            if let Some(why) = &log.ignored {
                refused.push(refuse(why.clone()));
                continue;
            }
            match log.open() {
                Ok(file) => logs.push((log.name.clone(), file)),
                Err(error) => refused.push(refuse(error.to_string())),
            }
        }
        let (source, mut recovery) = replay_to(file, logs, most, limits);
        recovery.refuse(refused);
        Ok((Hive::open(source, self.name.clone(), limits)?, recovery))
    }
}

/// What came of attaching logs to hives.
pub(super) struct Attached {
    /// Every log that has its hive.
    pub(super) paths: HashSet<PathBuf>,
    /// Logs given by hand that have none: where, and why, and whether that is because they could not be read.
    pub(super) alone: Vec<(PathBuf, String, bool)>,
}

/// Gives each hive its logs: those that lie beside it and are called like it, in whatever case, those that no other hive of
/// the folder can own, and those given by hand. `inside` are the logs in images and archives, by their folders.
pub(super) fn attach(
    artifacts: &mut [Artifact],
    inside: BTreeMap<PathBuf, Vec<InsideLog>>,
    search: &Search<'_>,
    limits: &Limits,
) -> Attached {
    let logs_of = |(folder, logs): (PathBuf, Vec<InsideLog>)| (folder, Beside::inside(logs));
    let mut folders: BTreeMap<PathBuf, Beside> = inside.into_iter().map(logs_of).collect();
    let off = || (!search.apply_logs).then(|| NO_LOGS.to_owned());
    let names: HashSet<PathBuf> = artifacts.iter().map(|artifact| artifact.path.clone()).collect();
    let mut out = Attached { paths: HashSet::new(), alone: Vec::new() };
    let mut hives: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    for (number, artifact) in artifacts.iter_mut().enumerate().filter(|(_, artifact)| is_hive(artifact)) {
        let folder = artifact.path.parent().unwrap_or(Path::new("")).to_path_buf();
        hives.entry(folder.clone()).or_default().push(number);
        let beside = folders.entry(folder).or_insert_with_key(|folder| match artifact.container() {
            None => beside_in(folder),
            Some(_) => Beside::inside(Vec::new()),
        });
        let Some(own) = artifact.path.file_name().and_then(OsStr::to_str) else { continue };
        let own = own.to_owned();
        for log in beside.called(&own) {
            // Where names differ in case alone, the log is that of the hive that is called exactly like it.
            let other = || names.contains(&artifact.path.with_file_name(&log.stem));
            if log.stem == own || !other() {
                out.paths.insert(log.add_to(artifact, off()));
            }
        }
        if let Some(why) = &beside.unlisted {
            let path = artifact.path.parent().unwrap_or(Path::new("")).to_path_buf();
            let (name, bytes) = (name(&path), Bytes::Local);
            artifact.logs.push(LogFile { name, path, ignored: Some(why.clone()), bytes });
        }
    }
    for (folder, hives) in &hives {
        let Some(beside) = folders.get(folder) else { continue };
        for (number, log) in orphans(artifacts, folder, hives, beside, &out.paths, &names) {
            let Some(artifact) = artifacts.get_mut(number) else { continue };
            out.paths.insert(log.add_to(artifact, off()));
        }
    }
    for path in search.logs {
        match by_hand(artifacts, path, limits) {
            Ok(i) => {
                out.paths.insert(path.clone());
                if let Some(artifact) = artifacts.get_mut(i).filter(|a| a.logs.iter().all(|log| log.path != *path)) {
                    let (name, path, bytes) = (name(path), path.clone(), Bytes::Local);
                    artifact.logs.push(LogFile { name, path, ignored: off(), bytes });
                }
            }
            Err((why, unreadable)) => out.alone.push((path.clone(), why, unreadable)),
        }
    }
    out
}

/// Logs that lie beside hives without being called like one, and the only hive that can own each.
fn orphans<'a>(
    artifacts: &[Artifact],
    folder: &Path,
    hives: &[usize],
    beside: &'a Beside,
    attached: &HashSet<PathBuf>,
    names: &HashSet<PathBuf>,
) -> Vec<(usize, &'a BesideLog)> {
    let mut stems: BTreeMap<String, Vec<&BesideLog>> = BTreeMap::new();
    for log in beside.in_order().filter(|log| !attached.contains(&folder.join(&log.file))) {
        // What is called like the log owns it, though it cannot use it.
        if !names.contains(&folder.join(&log.stem)) {
            stems.entry(log.stem.to_lowercase()).or_default().push(log);
        }
    }
    if stems.is_empty() {
        return Vec::new();
    }
    let mut without_ending: HashMap<String, Vec<usize>> = HashMap::new();
    let mut called: Vec<(usize, String, String)> = Vec::new();
    for (number, artifact) in hives.iter().filter_map(|number| Some((*number, artifacts.get(*number)?))) {
        if !artifact.logs.is_empty() {
            continue;
        }
        let name = artifact.path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if ENDINGS.iter().any(|ending| stem(&name, ending).is_some()) {
            continue; // a log whose base block is torn looks like a damaged hive
        }
        if let Some((stem, _)) = name.rsplit_once('.') {
            without_ending.entry(stem.to_owned()).or_default().push(number);
        }
        let noted = match &artifact.kind {
            Kind::Hive(base) => base.file_name.rsplit('\\').next().unwrap_or_default().to_lowercase(),
            _ => String::new(),
        };
        called.push((number, name, noted));
    }
    let few = stems.len() <= ORPHANS;
    let mut owned = Vec::new();
    for (stem, logs) in stems {
        let owner = match without_ending.get(&stem).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            Some(_) => None,
            None if few => {
                let fits = |(_, name, noted): &&(usize, String, String)| {
                    name.contains(&stem) || (name.len() >= 4 && stem.contains(name.as_str())) || *noted == stem
                };
                let mut owners = called.iter().filter(fits);
                owners.next().filter(|_| owners.next().is_none()).map(|(number, ..)| *number)
            }
            None => None,
        };
        if let Some(owner) = owner {
            owned.extend(logs.into_iter().map(|log| (owner, log)));
        }
    }
    owned
}

/// Names of logs in one folder that are looked at for a hive that is called otherwise; more are those of many machines.
const ORPHANS: usize = 16;

pub(super) fn is_hive(artifact: &Artifact) -> bool {
    matches!(artifact.kind, Kind::Hive(_) | Kind::BrokenHive(_))
}

/// A file in an image or archive that is a log by its name or its content.
pub(super) struct InsideLog {
    /// Its name, without the folder.
    pub(super) file: String,
    /// How it is called in reports.
    pub(super) name: Arc<str>,
    pub(super) bytes: Bytes,
}

/// What lies in a folder that could be a log.
#[derive(Default)]
struct Beside {
    /// Files whose names end like one, by the ending and the name before it in lower case; each list in order. An empty file
    /// is a log that is not in use.
    logs: BTreeMap<(usize, String), Vec<BesideLog>>,
    /// Why there may be more.
    unlisted: Option<String>,
}

struct BesideLog {
    file: String,
    /// The name without its ending.
    stem: String,
    /// How it is called in reports, if not by its path.
    name: Option<Arc<str>>,
    /// Why it is not to be applied.
    why: Option<String>,
    bytes: Bytes,
}

impl Beside {
    fn inside(logs: Vec<InsideLog>) -> Self {
        let used = |log: &InsideLog| log.bytes.meta(Path::new("")).0 != Some(0);
        let mut beside = Self::default();
        for InsideLog { file, name, bytes } in logs.into_iter().filter(used) {
            beside.add(file, Some(name), None, bytes);
        }
        beside.sorted()
    }

    /// Adds a file, if it is called like a log.
    fn add(&mut self, file: String, name: Option<Arc<str>>, why: Option<String>, bytes: Bytes) {
        let found =
            ENDINGS.iter().enumerate().find_map(|(number, ending)| Some((number, stem(&file, ending)?.to_owned())));
        if let Some((ending, stem)) = found {
            let key = (ending, stem.to_lowercase());
            self.logs.entry(key).or_default().push(BesideLog { file, stem, name, why, bytes });
        }
    }

    fn sorted(mut self) -> Self {
        self.logs.values_mut().for_each(|logs| logs.sort_by(|a, b| a.file.cmp(&b.file)));
        self
    }

    /// The logs that are called like `hive`, but for case, in the order in which they are to be tried.
    fn called(&self, hive: &str) -> impl Iterator<Item = &BesideLog> {
        let hive = hive.to_lowercase();
        (0..ENDINGS.len()).filter_map(move |ending| self.logs.get(&(ending, hive.clone()))).flatten()
    }

    /// All of them, in the order in which those of one hive are to be tried.
    fn in_order(&self) -> impl Iterator<Item = &BesideLog> {
        self.logs.values().flatten()
    }
}

impl BesideLog {
    /// Gives the log to a hive in the same folder; its path.
    fn add_to(&self, artifact: &mut Artifact, off: Option<String>) -> PathBuf {
        let path = artifact.path.with_file_name(&self.file);
        let (bytes, ignored) = (self.bytes.clone(), off.or_else(|| self.why.clone()));
        let name = self.name.clone().unwrap_or_else(|| name(&path));
        artifact.logs.push(LogFile { name, path: path.clone(), ignored, bytes });
        path
    }
}

fn beside_in(folder: &Path) -> Beside {
    let unlisted =
        |error: std::io::Error| Some(format!("the folder cannot be listed, and logs in it are not known: {error}"));
    let entries = match files::list(folder) {
        Ok(entries) => entries,
        Err(error) => return Beside { unlisted: unlisted(error), ..Beside::default() },
    };
    let mut beside = Beside::default();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                beside.unlisted = unlisted(error);
                continue;
            }
        };
        let Ok(name) = entry.name.into_string() else { continue };
        if !ENDINGS.iter().any(|ending| stem(&name, ending).is_some()) {
            continue;
        }
        match entry.what {
            Is::File(0) | Is::Other => {}
            Is::File(_) => beside.add(name, None, None, Bytes::Local),
            // As in the walk: it may lead out of the evidence.
            Is::Link => {
                let why = "a symbolic link, which is not followed: give the log with --log".to_owned();
                beside.add(name, None, Some(why), Bytes::Local);
            }
            Is::Untold(why) => beside.add(name, None, Some(why), Bytes::Local),
        }
    }
    beside.sorted()
}

/// The name without the ending, if it has that one.
fn stem<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let (stem, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
    (!stem.is_empty() && end.eq_ignore_ascii_case(ending)).then_some(stem)
}

/// Which hive a log given by hand is for: the only one, or else the one whose base block it fits.
fn by_hand(artifacts: &[Artifact], path: &Path, limits: &Limits) -> Result<usize, (String, bool)> {
    let hives: Vec<(usize, &Artifact)> = artifacts.iter().enumerate().filter(|(_, a)| is_hive(a)).collect();
    match hives.as_slice() {
        [] => return Err(("a transaction log, but no hive was given that it could belong to".to_owned(), false)),
        [(only, _)] => return Ok(*only),
        _ => {}
    }
    let mut fitting: Vec<(usize, bool)> = Vec::new();
    for (i, artifact) in &hives {
        let log = files::open(path).map_err(|error| (error.to_string(), true))?;
        let Ok(hive) = artifact.open() else { continue };
        if log_fits(&*hive, Box::new(log), limits).is_ok() {
            fitting.push((*i, matches!(artifact.kind, Kind::Hive(_))));
        }
    }
    // A base block that is damaged cannot contradict a log, so that one that agrees with it goes first.
    let (sound, damaged): (Vec<_>, Vec<_>) = fitting.iter().partition(|(_, sound)| *sound);
    let best = if sound.is_empty() { damaged } else { sound };
    match best.as_slice() {
        [(i, _)] => Ok(*i),
        [] => Err((format!("it fits none of the {} hives that were given", hives.len()), false)),
        _ => Err((format!("it fits {} of the hives that were given: give it with its hive alone", best.len()), false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_told_by_its_ending_in_any_case() {
        assert_eq!(stem("SYSTEM.LOG1", ".log1"), Some("SYSTEM"));
        assert_eq!(stem("ntuser.dat.Log", ".log"), Some("ntuser.dat"));
        assert_eq!(stem("SYSTEM.LOG1", ".log"), None);
        assert_eq!(stem(".LOG", ".log"), None);
        assert_eq!(stem("ü", ".log"), None);
    }
}
