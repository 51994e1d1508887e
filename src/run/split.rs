//! Machines that were named in part: what lies beside it and was not named would have been judged with it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::error::At;
use crate::files::is_remote;
use crate::host::{Group, group, paired_by_name};
use crate::limits::Limits;
use crate::place::Place;
use crate::source::{Artifact, Holder, Walk};

/// Files of a folder that are looked at for what goes with those that were named. A pair that its names tell is among them in
/// a folder of any size.
const BESIDE: usize = 64;

/// What was named alone, and goes with others.
pub(super) struct Alone {
    /// Hives of machines of one hive.
    hives: Vec<Artifact>,
    /// Images.
    images: Vec<(Arc<str>, PathBuf)>,
    /// The files that were named.
    named: HashSet<PathBuf>,
}

impl Alone {
    /// What of a unit was named, and might go with what was not. `named` are the files of the unit.
    pub(super) fn new<'p>(groups: &[Group], holders: &[Holder], named: impl Iterator<Item = &'p Path>) -> Option<Self> {
        let lone = groups.iter().filter_map(|group| match group.hives.as_slice() {
            [(_, hive)] if hive.named && hive.container().is_none() && !is_remote(&hive.path) => Some(hive.clone()),
            _ => None,
        });
        let hives: Vec<Artifact> = lone.collect();
        let images = holders.iter().filter(|holder| holder.named && holder.is_image() && !is_remote(holder.path()));
        let images: Vec<(Arc<str>, PathBuf)> = images.map(|image| (image.name(), image.path().to_path_buf())).collect();
        let none = hives.is_empty() && images.is_empty();
        (!none).then(|| Self { hives, images, named: named.map(Path::to_path_buf).collect() })
    }

    /// Says so of images that another image of the unit uses, those in `used`.
    pub(super) fn used_within(&self, used: &HashSet<PathBuf>) -> Vec<Diagnostic> {
        let is_used = |path: &Path| path.canonicalize().is_ok_and(|real| used.contains(&real));
        let used = self.images.iter().filter(|(_, path)| is_used(path));
        used.map(|(name, _)| remark(name, "another image that was named builds on it: both are judged".to_owned()))
            .collect()
    }

    /// Looks at the files beside, which `walk` makes something to look with for, and says what was torn apart.
    pub(super) fn beside<'a>(&self, walk: &dyn Fn() -> Walk<'a>, limits: &Limits) -> Vec<Diagnostic> {
        let mut folders: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
        let hives = self.hives.iter().map(|hive| hive.path.as_path());
        for path in hives.chain(self.images.iter().map(|(_, path)| path.as_path())) {
            folders.entry(path.parent().unwrap_or(Path::new(""))).or_default().insert(path);
        }
        let mut remarks = Vec::new();
        for (folder, own) in folders {
            let others = self.others(folder, &own);
            if others.is_empty() {
                continue;
            }
            let mut walk = walk();
            walk.found_beside(&others);
            let own_hives = self.hives.iter().filter(|hive| own.contains(hive.path.as_path()));
            let all: Vec<Artifact> = own_hives.cloned().chain(walk.out.artifacts.iter().cloned()).collect();
            for group in group(&all, false, limits).groups {
                let named = group.hives.iter().find(|(_, hive)| hive.named);
                let other = group.hives.iter().find(|(_, hive)| !hive.named);
                if let (Some((_, named)), Some((_, other))) = (named, other) {
                    let file = other.path.file_name().unwrap_or_default().to_string_lossy();
                    let what = format!("{file} lies beside it and was not named: the machine is judged without it");
                    remarks.push(remark(&named.name, what));
                }
            }
            let images = std::mem::take(&mut walk.containers);
            let used = walk.parts_among(&images).used;
            for (name, path) in self.images.iter().filter(|(_, path)| own.contains(path.as_path())) {
                if path.canonicalize().is_ok_and(|real| used.contains(&real)) {
                    let what = "an image beside it, which was not named, builds on it: it is judged by itself";
                    remarks.push(remark(name, what.to_owned()));
                }
            }
        }
        remarks
    }

    /// Files of a folder that were not named; those first that go by their names with one that was.
    fn others(&self, folder: &Path, own: &BTreeSet<&Path>) -> Vec<PathBuf> {
        let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let entries = std::fs::read_dir(listed).into_iter().flatten().filter_map(Result::ok);
        let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let paths = files.map(|entry| folder.join(entry.file_name())).filter(|path| !self.named.contains(path));
        let mut others: Vec<(bool, PathBuf)> =
            paths.map(|path| (!own.iter().any(|own| paired_by_name(own, &path)), path)).collect();
        others.sort();
        others.truncate(BESIDE);
        others.into_iter().map(|(_, path)| path).collect()
    }
}

fn remark(name: &Arc<str>, what: String) -> Diagnostic {
    Diagnostic::new(Code::SplitUnit, what, Place::new(name, At::Whole))
}
