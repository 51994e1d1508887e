//! Images that are only parts of others: a parent, an extent, a segment.

use std::collections::{HashMap, HashSet};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::holder::open_disk;
use super::ledger::{Entry, Fate};
use super::opener::Parts;
use super::units::UnitFile;
use super::walk::{AHEAD, Holder, HolderKind, Walk};
use crate::files;
use crate::limits::Limits;

/// Which images are only parts of others, and every file that any of them uses.
pub(crate) struct PartsAmong {
    pub(crate) is_part: Vec<bool>,
    pub(crate) used: HashSet<PathBuf>,
}

impl Walk<'_> {
    /// Which files the images among these use.
    pub(crate) fn used_by(mut self, files: &[UnitFile]) -> HashSet<PathBuf> {
        for file in files {
            self.file(file);
        }
        let holders = std::mem::take(&mut self.containers);
        self.parts_among(&holders).used
    }

    /// Which of these are only a part of another image among them.
    pub(crate) fn parts_among(&mut self, containers: &[Holder]) -> PartsAmong {
        let mut numbers: HashMap<PathBuf, usize> = HashMap::new();
        for (number, holder) in containers.iter().enumerate() {
            numbers.extend(files::real(&holder.path).ok().map(|path| (path, number)));
        }
        let mut used = HashSet::new();
        let mut uses: Vec<Vec<usize>> = Vec::new();
        for others in self.parts_of_each(containers) {
            let others: Vec<PathBuf> = others.iter().filter_map(|path| files::real(path).ok()).collect();
            uses.push(others.iter().filter_map(|path| numbers.get(path).copied()).collect());
            used.extend(others);
        }
        self.are_parts(&used);
        let named: Vec<bool> = containers.iter().map(|holder| holder.named).collect();
        self.images.extend(numbers.into_keys());
        PartsAmong { is_part: parts(&uses, &named), used }
    }

    /// The other files that each of these consists of. Objects are asked several at a time: each answer is a request away.
    fn parts_of_each(&self, holders: &[Holder]) -> Vec<Vec<PathBuf>> {
        let (allow, limits) = (self.search.allow, &*self.limits);
        let parts = |holder: &Holder| match holder.kind {
            HolderKind::Image => parts_of(&holder.path, allow, limits),
            HolderKind::Archive(_) => Vec::new(),
        };
        let parts = &parts;
        let mut each = Vec::with_capacity(holders.len());
        for some in holders.chunks(AHEAD) {
            if !some.iter().any(|holder| files::is_remote(&holder.path)) {
                each.extend(some.iter().map(parts));
                continue;
            }
            thread::scope(|scope| {
                let asked: Vec<_> = some.iter().map(|holder| scope.spawn(move || parts(holder))).collect();
                for answer in asked {
                    each.push(answer.join().unwrap_or_else(|panic| resume_unwind(panic)));
                }
            });
        }
        each
    }

    /// Files that an image uses are parts of it, though nothing in them says so.
    fn are_parts(&mut self, used: &HashSet<PathBuf>) {
        if used.is_empty() {
            return;
        }
        for entry in self.out.ledger.iter_mut().filter(|entry| entry.is_unjudged()) {
            let real = entry.path.as_ref().and_then(|path| files::real(path).ok());
            if real.is_some_and(|real| used.contains(&real)) {
                let whole = Entry::new(&entry.name, "part of a disk image", Fate::Part);
                *entry = Entry { path: entry.path.take(), size: entry.size, named: entry.named, ..whole };
            }
        }
    }
}

/// The other files that the image at `path` consists of.
fn parts_of(path: &Path, allow: &[PathBuf], limits: &Limits) -> Vec<PathBuf> {
    let parts = Arc::new(Parts::default());
    let opened = open_disk(path, allow, &parts, limits);
    drop(opened); // one that cannot be opened may have parts too
    parts.all().into_iter().skip(1).map(|(_, path)| path).collect()
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
