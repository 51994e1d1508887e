//! What a worker does: it surveys a unit, and judges the machines of it.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::elsewhere::{Announces, Elsewhere};
use super::look::{Around, Look};
use super::order::Came;
use super::settle::{self, records};
use super::split::Alone;
use super::{Counts, Inspection, Made};
use crate::audit::Used;
use crate::diagnostic::Diagnostic;
use crate::glob::matches;
use crate::host::{Group, Kept, Options, group, open_keeping};
use crate::limits::Limits;
use crate::number::wide;
use crate::place::INTO;
use crate::progress::{Progress, UnderWay};
use crate::source::{Discovery, Entry, Fate, Holder, Unit, UnitFile, Walk, discover};

/// What a worker is to do.
pub(super) enum Job<'a> {
    Unit(Unit),
    /// Machines of a folder, and what there is to say of that.
    Hosts(Vec<Group>, Arc<[Diagnostic]>),
    Holder(Arc<Holders<'a>>, Holder, bool),
}

/// The images and archives of a unit.
pub(super) struct Holders<'a> {
    left: Mutex<Left<'a>>,
    /// The images, without links.
    images: HashSet<PathBuf>,
    /// Those of other shards.
    others: Vec<(Holder, bool)>,
    /// What there is to say of them already.
    remarks: Vec<Diagnostic>,
}

/// What is left to do of them.
pub(super) struct Left<'a> {
    count: usize,
    /// What was found in those whose volumes lie on several disks.
    dynamic: Vec<(PathBuf, Walk<'a>)>,
}

/// How many machines of one folder are one part of its unit.
const GROUPS: usize = 16;

/// What the workers share.
pub(super) struct Inspector<'a, 'r, R> {
    pub(super) inspection: &'a Inspection<'a>,
    pub(super) options: Options<'r>,
    /// What is kept of `.reg` files.
    pub(super) kept: &'r Kept<'r>,
    pub(super) look: &'r R,
    pub(super) limits: Arc<Limits>,
    pub(super) elsewhere: Elsewhere,
    pub(super) progress: &'r Progress,
}

impl<'a, R> Inspector<'a, '_, R> {
    pub(super) fn work<T>(&self, job: Job<'a>) -> Came<Job<'a>, Made<T>>
    where
        R: Look<T>,
    {
        let came = match job {
            Job::Unit(unit) => {
                let folder = unit.folder.clone();
                let mut known = false;
                let came = catch_unwind(AssertUnwindSafe(|| self.unit(unit, &mut known)))
                    .unwrap_or_else(|_| Came::Whole(self.broke(Some(&folder))));
                if !known {
                    self.progress.surveyed(0);
                }
                came
            }
            Job::Hosts(groups, beside) => Came::Part(self.made(&groups, Discovery::default(), Some(&beside)), None),
            Job::Holder(holders, holder, part) => self.holder(&holders, &holder, part),
        };
        let unread = |made: &Made<T>| self.progress.not_read(made.counts.unreadable);
        match &came {
            Came::Whole(made) | Came::First(made, _) => unread(made),
            Came::Part(made, last) => std::iter::once(made).chain(last).for_each(unread),
        }
        came
    }

    /// Looks at the files of a unit, and judges the machines that they are; what is in images and archives, and more machines
    /// than a few, is left for others.
    fn unit<T>(&self, unit: Unit, known: &mut bool) -> Came<Job<'a>, Made<T>>
    where
        R: Look<T>,
    {
        let announces = Announces { above: Arc::clone(&unit.above), number: unit.number, elsewhere: &self.elsewhere };
        let is_own = |path: &Path| self.inspection.shard.is_none_or(|shard| shard.has(path));
        let own_folder = is_own(&unit.folder);
        // Images in folders that are allowed may be anybody's parts: who uses them must be known.
        if self.inspection.search.allow.is_empty() && !own_folder && !unit.paths().any(is_own) {
            let mut made = self.nothing();
            made.closes.clone_from(&unit.closes);
            unit.above.clone().announce_files(unit.into_files());
            return Came::Whole(made);
        }
        let mut walk = self.walk();
        walk.survey(&unit);
        walk.attach_logs();
        let holders = std::mem::take(&mut walk.containers);
        let parts = walk.parts_among(&holders);
        self.elsewhere.add(&parts.used);
        let used = parts.used.clone();
        unit.above.announce(parts.used);
        self.elsewhere.announce(unit.number);
        let used_by = |files: &[UnitFile]| self.walk().used_by(files);
        let is_used = |holder: &Holder| {
            unit.above.uses(holder, &used_by) || unit.last && self.elsewhere.uses(unit.number, holder)
        };
        let is_part: Vec<bool> =
            holders.iter().zip(parts.is_part).map(|(holder, part)| part || !holder.named && is_used(holder)).collect();
        let found = group(&walk.out.artifacts, false, self.inspection.options.limits);
        walk.out.diagnostics.extend(found.diagnostics);
        walk.out.ledger.extend(found.others);
        walk.out.artifacts.clear();
        drop(announces);
        let mut groups = found.groups;
        let mut remarks = Vec::new();
        if let Some(alone) = Alone::new(&groups, &holders, unit.paths()) {
            remarks.extend(alone.used_within(&used));
            remarks.extend(alone.beside(&|| self.walk(), self.inspection.options.limits));
        }
        // What is said of an image stands with what else is said of it.
        let (remarks, said): (Vec<_>, Vec<_>) =
            remarks.into_iter().partition(|remark| holders.iter().any(|image| image.name() == remark.place.artifact));
        walk.out.diagnostics.extend(said);
        let mut holders: Vec<(Holder, bool)> = holders.into_iter().zip(is_part).collect();
        if let Some(done) = self.inspection.done {
            groups.retain(|group| !group.artifacts().all(|artifact| done.contains(&*artifact.name)));
            holders.retain(|(holder, _)| !done.contains(&*holder.path().to_string_lossy()));
            walk.out.ledger.retain(|entry| !done.contains(&*entry.name));
            walk.out.diagnostics.retain(|remark| !done.contains(&*remark.place.artifact));
        }
        let mut others = Vec::new();
        if self.inspection.shard.is_some() {
            if !own_folder {
                groups.clear();
                walk.out = Discovery::default();
            }
            (holders, others) = holders.into_iter().partition(|(holder, _)| is_own(holder.path()));
        }
        let own = groups.iter().filter(|group| own(group).is_some()).count();
        self.progress.surveyed(wide(own) + wide(holders.len()));
        *known = true;
        let rest = groups.split_off(groups.len().min(GROUPS));
        let images = std::mem::take(&mut walk.images);
        let beside: Arc<[Diagnostic]> =
            if rest.is_empty() { [].into() } else { walk.out.diagnostics.as_slice().into() };
        let told = (!rest.is_empty()).then_some(&*beside);
        let mut made = self.made(&groups, walk.out, told);
        if rest.is_empty() && holders.is_empty() {
            made.closes = unit.closes;
            return Came::Whole(made);
        }
        let mut jobs = Vec::new();
        let mut rest = rest.into_iter().peekable();
        while rest.peek().is_some() {
            jobs.push(Job::Hosts(rest.by_ref().take(GROUPS).collect(), Arc::clone(&beside)));
        }
        let left = Left { count: holders.len(), dynamic: Vec::new() };
        let shared = Arc::new(Holders { left: Mutex::new(left), images, others, remarks });
        jobs.extend(holders.into_iter().map(|(holder, part)| Job::Holder(Arc::clone(&shared), holder, part)));
        Came::First(made, jobs)
    }

    /// Looks into an image or an archive. The one who comes last looks into the volumes that lie on several disks of the unit.
    fn holder<T>(&self, holders: &Holders<'a>, holder: &Holder, part: bool) -> Came<Job<'a>, Made<T>>
    where
        R: Look<T>,
    {
        let under_way = self.progress.begin(&file_name(holder.path()));
        let looked = catch_unwind(AssertUnwindSafe(|| {
            let mut walk = self.walk();
            walk.meter = Some(under_way.meter());
            walk.look_into_holder(holder, part);
            walk.attach_logs();
            let (name, remarks) = (holder.name(), holders.remarks.iter());
            walk.out.diagnostics.extend(remarks.filter(|remark| remark.place.artifact == name).cloned());
            walk
        }));
        // Others must not wait while the machines in this one are judged.
        let (made, dynamic) = match looked {
            Ok(walk) if walk.dynamic.is_empty() => (self.found(walk), None),
            Ok(walk) => (self.nothing(), Some((holder.path().to_path_buf(), walk))),
            Err(_) => (self.broke(Some(holder.path())), None),
        };
        let mut left = holders.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.dynamic.extend(dynamic);
        left.count -= 1;
        let mut dynamic = match left.count {
            0 => std::mem::take(&mut left.dynamic),
            _ => Vec::new(),
        };
        drop(left);
        if dynamic.is_empty() {
            return Came::Part(made, None);
        }
        dynamic.extend(self.dynamic_among(&holders.others));
        dynamic.sort_by(|(a, _), (b, _)| a.cmp(b));
        // Disks of one group are of the shard that has the first of the unit.
        let first = dynamic.first().map(|(path, _)| path);
        if self.inspection.shard.zip(first).is_some_and(|(shard, first)| !shard.has(first)) {
            return Came::Part(made, None);
        }
        let mut walk = self.walk();
        walk.images.clone_from(&holders.images);
        for (_, one) in dynamic {
            walk.absorb(one.out, one.dynamic);
        }
        walk.dynamic_volumes();
        walk.attach_logs();
        Came::Part(made, Some(self.found(walk)))
    }

    /// The dynamic disks among images, looked into.
    fn dynamic_among(&self, holders: &[(Holder, bool)]) -> Vec<(PathBuf, Walk<'a>)> {
        let looked = holders.iter().filter_map(|(holder, part)| {
            let mut walk = self.walk();
            catch_unwind(AssertUnwindSafe(|| walk.look_into_holder(holder, *part))).ok()?;
            (!walk.dynamic.is_empty()).then(|| (holder.path().to_path_buf(), walk))
        });
        looked.collect()
    }

    /// Everything at once, as one unit.
    pub(super) fn whole<T>(&self, inputs: &[PathBuf]) -> Made<T>
    where
        R: Look<T>,
    {
        let inspection = self.inspection;
        // All that is given is one thing until it is known what it holds.
        self.progress.surveyed(1);
        let first = inputs.first().map(|path| self.progress.begin(&file_name(path)));
        let mut found = discover(inputs, &inspection.search, inspection.options.limits);
        drop(first);
        let grouped = group(&found.artifacts, inspection.join, inspection.options.limits);
        found.diagnostics.extend(grouped.diagnostics);
        found.ledger.extend(grouped.others);
        self.progress.surveyed(wide(grouped.groups.iter().filter(|group| own(group).is_some()).count()));
        self.progress.walked();
        self.made(&grouped.groups, found, None)
    }

    fn walk(&self) -> Walk<'a> {
        Walk::new(&self.inspection.search, Arc::clone(&self.limits))
    }

    fn found<T>(&self, mut walk: Walk<'a>) -> Made<T>
    where
        R: Look<T>,
    {
        let grouped = group(&walk.out.artifacts, false, self.inspection.options.limits);
        walk.out.diagnostics.extend(grouped.diagnostics);
        walk.out.ledger.extend(grouped.others);
        self.made(&grouped.groups, walk.out, None)
    }

    pub(super) fn nothing<T>(&self) -> Made<T> {
        let used = Used::default();
        Made { records: Vec::new(), counts: Counts::default(), used, closes: None }
    }

    /// Looks at machines; what was found besides is put on record with them. `beside` is what there is to say of what they lie in,
    /// where that is on record elsewhere.
    fn made<T>(&self, groups: &[Group], found: Discovery, beside: Option<&[Diagnostic]>) -> Made<T>
    where
        R: Look<T>,
    {
        let mut made = self.nothing();
        let mut judged = Vec::new();
        let mut said = Vec::new();
        let alone = beside.is_none() && groups.len() == 1;
        let around = Around { diagnostics: beside.unwrap_or(&found.diagnostics), alone };
        for group in groups {
            let _under_way: Option<UnderWay<'_>> = own(group).map(|name| self.progress.begin(&name));
            let looked = catch_unwind(AssertUnwindSafe(|| {
                let (hosts, mut remarks) = open_keeping(group, &self.options, self.kept);
                let inputs = hosts.first().map(|host| host.inputs.clone()).unwrap_or_default();
                let looked = self.look.machine(group, &hosts, &mut remarks, around);
                (inputs, looked, remarks)
            }));
            let Ok((inputs, looked, remarks)) = looked else {
                let path = group.artifacts().next().map(|artifact| Path::new(&*artifact.name));
                self.failed_over(path, &mut made);
                continue;
            };
            said.extend(remarks);
            made.used.add(&looked.used);
            made.counts.add(&looked.counts);
            judged.push((group, looked.records.len(), inputs));
            made.records.extend(looked.records);
        }
        let mut diagnostics = found.diagnostics;
        diagnostics.extend(said);
        made.counts.files += found.files;
        made.counts.other_files += found.other_files;
        let mut records = records(&judged, found.ledger, found.images, diagnostics);
        // A file's record comes after those of what lies in it: whoever reads it in a run that was cut short has them all.
        records.sort_by_key(|record| !record.entry.name.contains(INTO));
        for mut record in records {
            self.weigh(&mut record.entry);
            made.counts.input(&record);
            made.records.push(self.look.input(record));
        }
        made
    }

    /// Whether it makes the run incomplete, by what the user asks for and accepts.
    fn weigh(&self, entry: &mut Entry) {
        let other = entry.named && entry.fate == Fate::NotAboutWindows;
        entry.counts |= self.inspection.require_complete && (entry.is_unjudged() || other);
        if !entry.counts || entry.is_missing() {
            return;
        }
        let accepted = self.inspection.accepted.iter().find(|(pattern, _)| matches(pattern, &entry.name));
        if let Some((_, reason)) = accepted {
            entry.counts = false;
            if let Some(why) = &mut entry.reason {
                why.why.push_str(&format!(" (accepted: {reason})"));
            }
        }
    }

    /// What there is to say where the program failed: at a file, or somewhere.
    fn broke<T>(&self, path: Option<&Path>) -> Made<T>
    where
        R: Look<T>,
    {
        let mut made = self.nothing();
        self.failed_over(path, &mut made);
        made
    }

    fn failed_over<T>(&self, path: Option<&Path>, made: &mut Made<T>)
    where
        R: Look<T>,
    {
        let record = settle::broke(path);
        made.counts.input(&record);
        made.records.push(self.look.input(record));
    }
}

/// What a machine is called while it is looked at: the folder that its hives lie in, or the `.reg` file that it is; nothing for
/// one in an image or an archive, which is counted as such.
fn own(group: &Group) -> Option<String> {
    let first = group.artifacts().find(|artifact| artifact.container().is_none())?;
    let path = Path::new(first.name.split(INTO).next().unwrap_or_default());
    let folder = path.parent().filter(|folder| !group.hives.is_empty() && folder.file_name().is_some());
    Some(file_name(folder.unwrap_or(path)))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
