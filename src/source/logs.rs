//! Transaction logs: which of the files beside a hive, and of those given by hand, belong to it.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Artifact, Kind, LogFile, Logs, NO_LOGS, name};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::{LocalFile, ReadAt};
use crate::registry::hive::{Hive, Recovery, Refused, log_fits, replay};

/// The endings, in the order in which the logs are to be tried. `.LOG` alone is that of hives with a single log; beside the
/// other two it is a leftover of the installation (msuhanov/regf, "Multiple transaction log files").
const ENDINGS: [&str; 3] = [".log1", ".log2", ".log"];

impl Artifact {
    /// Opens the hive with its logs laid over it.
    ///
    /// # Errors
    /// When the file cannot be opened or is no hive that can be used.
    pub fn open_hive(&self, limits: &Limits) -> Result<(Hive, Recovery), Error> {
        let file = LocalFile::open(&self.path).map_err(|e| Error::io(At::Whole, "file", &e))?;
        let mut refused = Vec::new();
        let mut logs: Vec<(_, Box<dyn ReadAt>)> = Vec::new();
        for log in &self.logs {
            let refuse = |why: String| Refused { log: log.name.clone(), why };
            if let Some(why) = &log.ignored {
                refused.push(refuse(why.clone()));
                continue;
            }
            match LocalFile::open(&log.path) {
                Ok(file) => logs.push((log.name.clone(), Box::new(file))),
                Err(error) => refused.push(refuse(error.to_string())),
            }
        }
        let (source, mut recovery) = replay(Box::new(file), logs, limits);
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

/// Gives each hive its logs: those that lie beside it and are called like it, in whatever case, and those given by hand.
pub(super) fn attach(artifacts: &mut [Artifact], logs: &Logs<'_>, limits: &Limits) -> Attached {
    let mut folders: BTreeMap<PathBuf, Beside> = BTreeMap::new();
    let off = || (!logs.apply).then(|| NO_LOGS.to_owned());
    let names: HashSet<PathBuf> = artifacts.iter().map(|artifact| artifact.path.clone()).collect();
    let mut out = Attached { paths: HashSet::new(), alone: Vec::new() };
    for artifact in artifacts.iter_mut().filter(|artifact| is_hive(artifact)) {
        let folder = artifact.path.parent().unwrap_or(Path::new("")).to_path_buf();
        let beside = folders.entry(folder).or_insert_with_key(|folder| beside_in(folder));
        let Some(own) = artifact.path.file_name().and_then(OsStr::to_str) else { continue };
        for ending in ENDINGS {
            for (file, why) in &beside.names {
                let Some(stem) = stem(file, ending) else { continue };
                // Where names differ in case alone, the log is that of the hive that is called exactly like it.
                let other = || names.contains(&artifact.path.with_file_name(stem));
                if stem == own || (stem.to_lowercase() == own.to_lowercase() && !other()) {
                    let path = artifact.path.with_file_name(file);
                    out.paths.insert(path.clone());
                    artifact.logs.push(LogFile { name: name(&path), path, ignored: off().or_else(|| why.clone()) });
                }
            }
        }
        if let Some(why) = &beside.unlisted {
            let path = artifact.path.parent().unwrap_or(Path::new("")).to_path_buf();
            artifact.logs.push(LogFile { name: name(&path), path, ignored: Some(why.clone()) });
        }
    }
    for path in logs.by_hand {
        match by_hand(artifacts, path, limits) {
            Ok(i) => {
                out.paths.insert(path.clone());
                if let Some(artifact) = artifacts.get_mut(i).filter(|a| a.logs.iter().all(|log| log.path != *path)) {
                    artifact.logs.push(LogFile { name: name(path), path: path.clone(), ignored: off() });
                }
            }
            Err((why, unreadable)) => out.alone.push((path.clone(), why, unreadable)),
        }
    }
    out
}

pub(super) fn is_hive(artifact: &Artifact) -> bool {
    matches!(artifact.kind, Kind::Hive(_) | Kind::BrokenHive(_))
}

/// What lies in a folder that could be a log.
struct Beside {
    /// Names that end like one, in order, and why a file is not to be applied. An empty file is a log that is not in use.
    names: Vec<(String, Option<String>)>,
    /// Why there may be more.
    unlisted: Option<String>,
}

fn beside_in(folder: &Path) -> Beside {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let unlisted =
        |error: std::io::Error| Some(format!("the folder cannot be listed, and logs in it are not known: {error}"));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return Beside { names: Vec::new(), unlisted: unlisted(error) },
    };
    let mut beside = Beside { names: Vec::new(), unlisted: None };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                beside.unlisted = unlisted(error);
                continue;
            }
        };
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !ENDINGS.iter().any(|ending| stem(&name, ending).is_some()) {
            continue;
        }
        match entry.metadata() {
            Ok(meta) if meta.is_file() && meta.len() == 0 => {}
            Ok(meta) if meta.is_file() => beside.names.push((name, None)),
            // As in the walk: it may lead out of the evidence.
            Ok(meta) if meta.is_symlink() => {
                beside
                    .names
                    .push((name, Some("a symbolic link, which is not followed: give the log with --log".to_owned())));
            }
            Ok(_) => {}
            Err(error) => beside.names.push((name, Some(error.to_string()))),
        }
    }
    beside.names.sort();
    beside
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
    let open = |path: &Path| LocalFile::open(path).map(|file| Box::new(file) as Box<dyn ReadAt>);
    let mut fitting: Vec<(usize, bool)> = Vec::new();
    for (i, artifact) in &hives {
        let log = open(path).map_err(|error| (error.to_string(), true))?;
        let Ok(hive) = open(&artifact.path) else { continue };
        if log_fits(&*hive, log, limits).is_ok() {
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
