//! The door: what the user named goes in, and a stream of records comes out, in the order of the inputs, each as soon as it is
//! known. Machines are judged on several threads, each on one; none is held longer than its record.

mod order;
mod settle;

use std::collections::{BTreeSet, HashSet};
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::audit::effective::tables::Table;
use crate::audit::{Finding, HostReport, Outcome, Used, Verdict, audit, cross_check, effective};
use crate::diagnostic::{Code, Diagnostic};
use crate::digest::sha256_hex;
use crate::glob::matches;
use crate::host::{Group, Host, InputKind, Options, group, open};
use crate::limits::Limits;
use crate::place::INTO;
use crate::policy::Policy;
use crate::policy::waiver::{Date, Waivers};
use crate::source::{Discovery, Holder, ImageSeen, Search, Unit, Walk, Walker, discover};
pub use crate::source::{Entry, Fate, Reason};

use crate::windows::path::KeyPath;
use order::{Came, in_order};
use settle::records;

/// What would put a machine right, as a file for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The text of the `.reg` file, without its remarks; none where no value can be written.
    pub reg: Option<String>,
    /// What the file does not do, and what to mind, a sentence each.
    pub remarks: Vec<String>,
}

/// Makes the file for a machine; none where it has nothing to say.
pub type Fixer<'a> = dyn Fn(&Host) -> Option<Fix> + Sync + 'a;

/// What is asked of a run.
pub struct Inspection<'a> {
    /// The rules.
    pub policy: &'a Policy,
    /// Failures that are accepted, and the day on which that is asked.
    pub waivers: Option<(&'a Waivers, Date)>,
    /// What is looked for, and how.
    pub search: Search<'a>,
    /// How hosts are opened; the keys of interest are those of the policy.
    pub options: &'a Options<'a>,
    /// Whether all inputs are one machine.
    pub join: bool,
    /// Whether a second reader is asked about the values that decided.
    pub cross_check: bool,
    /// Makes the fix for each machine that is not compliant, where that is wanted.
    pub fixer: Option<&'a Fixer<'a>>,
    /// Whether anything that was not judged makes the run incomplete, even what nobody takes for a machine's.
    pub require_complete: bool,
    /// What may go unjudged: patterns of names, each with the reason.
    pub accepted: &'a [(String, String)],
    /// Files that an earlier run is done with, as it called them.
    pub done: Option<&'a HashSet<String>>,
    /// How many machines are looked at at a time. What comes out is the same for any number.
    pub jobs: NonZeroUsize,
}

impl<'a> Inspection<'a> {
    /// What is done unless something else is asked for: on one thread, no waivers, no second reader.
    pub fn new(policy: &'a Policy, options: &'a Options<'a>) -> Self {
        Self {
            policy,
            waivers: None,
            search: Search::default(),
            options,
            join: false,
            cross_check: false,
            fixer: None,
            require_complete: false,
            accepted: &[],
            done: None,
            jobs: NonZeroUsize::MIN,
        }
    }
}

/// What the user named.
pub enum Inputs<'a> {
    /// All of it, known from the start: a file that is named twice is one input.
    Named(&'a [PathBuf]),
    /// As it comes: a list that may be endless, each line an input of its own. Files of one folder that follow one another
    /// belong together.
    Listed(Box<dyn Iterator<Item = PathBuf> + Send + 'a>),
}

/// One thing that a run says.
#[derive(Debug)]
#[non_exhaustive]
pub enum Record {
    /// A machine, as one control set of it.
    Host(Box<HostRecord>),
    /// What became of something that was named or found.
    Input(Box<InputRecord>),
}

/// A machine, as one control set of it.
#[derive(Debug)]
pub struct HostRecord {
    /// The same for the same files of the same machine, whatever lies beside them: a hash of the first file's name, the control
    /// set, the machine's GUID, and of when each hive was last written.
    pub id: String,
    /// The folder, the image or the archive that it lies in, or the `.reg` file that it is.
    pub unit: Arc<str>,
    /// What the audit says.
    pub report: HostReport,
    /// What would put it right, where that was wanted.
    pub fix: Option<Fix>,
}

impl HostRecord {
    fn new(group: &Group, report: HostReport, fix: Option<Fix>) -> Self {
        let first = group.artifacts().next();
        let name = first.map(|artifact| Arc::clone(&artifact.name)).unwrap_or_default();
        let set = report.control_set.as_deref().unwrap_or_default();
        let mut of = format!("{name}\0{set}\0{}\0", report.machine.guid.as_deref().unwrap_or(&report.name));
        for input in &report.inputs {
            let written = match &input.kind {
                InputKind::Hive { base, .. } => base.last_written.0,
                _ => 0,
            };
            let size = input.size.unwrap_or_default();
            of.push_str(&format!("{size} {written}\0"));
        }
        let mut id = sha256_hex(of.as_bytes());
        id.truncate(16);
        let file = name.split(INTO).next().unwrap_or_default();
        let folder = || Path::new(file).parent().map(|folder| folder.to_string_lossy().into_owned());
        let local_hive = first.is_some_and(|artifact| artifact.container().is_none()) && !group.hives.is_empty();
        let unit = match local_hive.then(folder).flatten() {
            Some(folder) if folder.is_empty() => ".".into(),
            Some(folder) => folder.into(),
            None => file.into(),
        };
        Self { id, unit, report, fix }
    }
}

/// What a run is about, known before it starts.
#[derive(Debug, Clone)]
pub struct About {
    /// The arguments that the program was started with.
    pub arguments: Vec<String>,
    /// The folder in which it was started.
    pub folder: String,
    /// When it was started: RFC 3339, in UTC.
    pub started: String,
    /// Saved runs that it goes on with.
    pub resumes: Vec<String>,
    /// The options that decide verdicts, but for the policy.
    pub options: Vec<String>,
    /// The policy.
    pub policy: Policy,
    /// Failures that are accepted, and the day on which that is asked.
    pub waivers: Option<(Waivers, Date)>,
    /// The tables that verdicts rest on.
    pub tables: Vec<Table>,
    /// What there is to say of files that all machines share: those whose import is judged.
    pub diagnostics: Vec<Diagnostic>,
}

/// What became of something that was named or found, and what there is to say of it.
#[derive(Debug)]
pub struct InputRecord {
    /// What became of it.
    pub entry: Entry,
    /// The disk images that it is, or that are in it.
    pub images: Vec<ImageSeen>,
    /// What the readers have to say.
    pub diagnostics: Vec<Diagnostic>,
}

/// Counts of what was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Machines, one for each control set that was judged.
    pub hosts: u64,
    /// Of these, compliant ones.
    pub compliant: u64,
    /// Of these, those that fail a rule.
    pub not_compliant: u64,
    /// Of these, those that cannot be told.
    pub unknown: u64,
    /// Failures that are waived.
    pub waived: u64,
    /// Failures of advisory rules.
    pub advisory: u64,
    /// Regular files.
    pub files: u64,
    /// Files that are nothing that an audit is about.
    pub other_files: u64,
    /// Hives that are neither SYSTEM nor SOFTWARE.
    pub other_hives: u64,
    /// Files, folders and volumes that could hold a machine and could not be read, or not to their end.
    pub unreadable: u64,
    /// Copies from earlier days that were left out.
    pub left_out: u64,
    /// Values that the second reader reads differently.
    pub disagreements: u64,
    /// What was named and is not there.
    pub missing: u64,
}

impl Counts {
    fn host(&mut self, host: &HostReport) {
        self.hosts += 1;
        match host.verdict {
            Verdict::Compliant => self.compliant += 1,
            Verdict::NotCompliant => self.not_compliant += 1,
            Verdict::Unknown => self.unknown += 1,
        }
        let count = |is: fn(&&Finding) -> bool| host.findings.iter().filter(is).count() as u64;
        self.waived += count(|finding| finding.waived.is_some());
        self.advisory += count(|f| !f.rule.required && f.outcome == Outcome::Fail && f.waived.is_none());
    }

    fn input(&mut self, input: &InputRecord) {
        let entry = &input.entry;
        self.unreadable += u64::from(entry.counts);
        self.missing += u64::from(entry.is_missing());
        self.other_hives += u64::from(entry.is_because(Code::OtherHive));
        self.left_out += if entry.fate == Fate::Past { entry.files } else { 0 };
        self.disagreements += input.diagnostics.iter().filter(|d| d.code == Code::CrossCheckDisagrees).count() as u64;
    }

    fn add(&mut self, other: &Counts) {
        let Counts { hosts, compliant, not_compliant, unknown, waived, files, other_files, .. } = other;
        let Counts { other_hives, unreadable, left_out, disagreements, missing, advisory, .. } = other;
        self.hosts += hosts;
        self.compliant += compliant;
        self.not_compliant += not_compliant;
        self.unknown += unknown;
        self.waived += waived;
        self.advisory += advisory;
        self.files += files;
        self.other_files += other_files;
        self.other_hives += other_hives;
        self.unreadable += unreadable;
        self.left_out += left_out;
        self.disagreements += disagreements;
        self.missing += missing;
    }

    /// The exit status that these give: a failure beats incompleteness, and what was named and is not there beats both.
    pub fn status(&self) -> u8 {
        self.status_for(FailOn::Required)
    }

    /// The same, where other failures count.
    pub fn status_for(&self, fail_on: FailOn) -> u8 {
        let fails = match fail_on {
            FailOn::Required => self.not_compliant > 0,
            FailOn::Advisory => self.not_compliant > 0 || self.advisory > 0,
            FailOn::Never => false,
        };
        match self.hosts {
            _ if self.missing > 0 => 2,
            _ if fails => 1,
            _ if self.unknown > 0 || self.unreadable > 0 || self.disagreements > 0 => 3,
            0 => 4,
            _ => 0,
        }
    }
}

/// Which failures the exit status tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailOn {
    /// Those of required rules.
    Required,
    /// Those of advisory rules, too.
    Advisory,
    /// None: it still tells what could not be judged.
    Never,
}

/// What there is to say when everything was looked at.
#[derive(Debug, Default)]
pub struct End {
    /// What was looked at.
    pub counts: Counts,
    /// What concerns no single input: waivers that did nothing.
    pub diagnostics: Vec<Diagnostic>,
}

/// What one worker made of a unit, or a part of it.
struct Made<T> {
    records: Vec<T>,
    counts: Counts,
    used: Used,
    closes: Option<PathBuf>,
}

/// What a worker is to do.
enum Job<'a> {
    Unit(Unit),
    Hosts(Vec<Group>),
    Holder(Arc<Holders<'a>>, Holder, bool),
}

/// The images and archives of a unit.
struct Holders<'a> {
    left: Mutex<Left<'a>>,
    /// The images, without links.
    images: HashSet<PathBuf>,
}

/// What is left to do of them.
struct Left<'a> {
    count: usize,
    /// What was found in those whose volumes lie on several disks.
    dynamic: Vec<(PathBuf, Walk<'a>)>,
}

/// How many machines of one folder are one part of its unit.
const GROUPS: usize = 16;

/// Looks at what was named. `render` makes something of each record, on the thread that looked at the machine; `take` gets
/// what it made, in the order of the inputs.
///
/// # Errors
/// What `take` gives.
pub fn run<'a, T: Send, E>(
    inputs: Inputs<'a>,
    inspection: &'a Inspection<'a>,
    render: impl Fn(Record) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<End, E> {
    let limits = Arc::new(inspection.options.limits.clone());
    let (interest, trees) = interest(inspection.policy);
    let options = Options { interest: &interest, trees: &trees, ..inspection.options.clone() };
    let inspector =
        Inspector { inspection, options, render: &render, limits, elsewhere: Elsewhere::new(&inspection.search) };
    let mut total = Totals { counts: Counts::default(), used: Used::default(), before: 0 };
    let mut take = |made: Made<T>| total.take(made, &render, &mut take);
    let whole = inspection.join || !inspection.search.logs.is_empty();
    if let (true, Inputs::Named(inputs)) = (whole, &inputs) {
        let made = inspector.whole(inputs);
        let hosts = made.counts.hosts;
        take(made)?;
        for path in inputs.iter().filter(|path| path.is_dir()) {
            let mut made = inspector.nothing();
            made.records.push(render(Record::Input(Box::new(folder(path, hosts)))));
            take(made)?;
        }
    } else {
        let limits = inspection.options.limits;
        let walk = |give: &mut dyn FnMut(Job<'a>) -> bool| {
            let mut give = |unit: Unit| give(Job::Unit(unit));
            let mut walker = Walker::new(&inspection.search, limits, &mut give);
            // Whoever stopped it knows.
            let _ = match inputs {
                Inputs::Named(inputs) => walker.all(inputs),
                Inputs::Listed(inputs) => walker.each(inputs).map(|_| ()),
            };
        };
        in_order(inspection.jobs.get(), walk, |job| inspector.work(job), take)?;
    }
    let mut diagnostics = Vec::new();
    if let Some((waivers, today)) = inspection.waivers {
        diagnostics.extend(total.used.idle(waivers, today));
    }
    Ok(End { counts: total.counts, diagnostics })
}

/// The keys that an audit asks for, and those that it asks for with all below them.
pub fn interest(policy: &Policy) -> (Vec<KeyPath>, Vec<KeyPath>) {
    let (mut keys, trees) = effective::interest();
    keys.extend(policy.keys());
    (keys, trees)
}

/// The same, with every record at once: for a few inputs.
pub fn records_of(inputs: &[PathBuf], inspection: &Inspection<'_>) -> (Vec<Record>, End) {
    let mut records = Vec::new();
    let end = run(
        Inputs::Named(inputs),
        inspection,
        |record| record,
        |record| {
            records.push(record);
            Ok::<(), Infallible>(())
        },
    );
    match end {
        Ok(end) => (records, end),
        Err(never) => match never {},
    }
}

/// Sums over a run.
struct Totals {
    counts: Counts,
    used: Used,
    /// Machines before the folder that is looked at now.
    before: u64,
}

impl Totals {
    fn take<T, E>(
        &mut self,
        made: Made<T>,
        render: &impl Fn(Record) -> T,
        take: &mut impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        self.counts.add(&made.counts);
        self.used.add(&made.used);
        made.records.into_iter().try_for_each(&mut *take)?;
        let Some(root) = made.closes else { return Ok(()) };
        let hosts = self.counts.hosts - self.before;
        self.before = self.counts.hosts;
        take(render(Record::Input(Box::new(folder(&root, hosts)))))
    }
}

/// The record of a folder that was named.
fn folder(path: &Path, hosts: u64) -> InputRecord {
    let name: Arc<str> = path.to_string_lossy().into();
    let fate = if hosts > 0 { Fate::Judged } else { Fate::NotAboutWindows };
    let entry =
        Entry { path: Some(path.to_path_buf()), named: true, hosts, files: 0, ..Entry::new(&name, "folder", fate) };
    InputRecord { entry, images: Vec::new(), diagnostics: Vec::new() }
}

/// What the workers share.
struct Inspector<'a, 'r, R> {
    inspection: &'a Inspection<'a>,
    options: Options<'r>,
    render: &'r R,
    limits: Arc<Limits>,
    elsewhere: Elsewhere,
}

impl<'a, R> Inspector<'a, '_, R> {
    fn work<T>(&self, job: Job<'a>) -> Came<Job<'a>, Made<T>>
    where
        R: Fn(Record) -> T,
    {
        match job {
            Job::Unit(unit) => {
                let path = unit.path();
                catch_unwind(AssertUnwindSafe(|| self.unit(unit)))
                    .unwrap_or_else(|_| Came::Whole(self.broke(path.as_deref())))
            }
            Job::Hosts(groups) => Came::Part(self.made(&groups, Discovery::default()), None),
            Job::Holder(holders, holder, part) => self.holder(&holders, &holder, part),
        }
    }

    /// Looks at the files of a unit, and judges the machines that they are; what is in images and archives, and more machines
    /// than a few, is left for others.
    fn unit<T>(&self, unit: Unit) -> Came<Job<'a>, Made<T>>
    where
        R: Fn(Record) -> T,
    {
        let known = Announces { above: Arc::clone(&unit.above), number: unit.number, elsewhere: &self.elsewhere };
        let mut walk = self.walk();
        walk.survey(&unit);
        walk.attach_logs();
        let holders = std::mem::take(&mut walk.containers);
        let parts = walk.parts_among(&holders);
        self.elsewhere.add(&parts.used);
        unit.above.announce(parts.used);
        self.elsewhere.announce(unit.number);
        let is_used =
            |holder: &Holder| unit.above.uses(holder) || unit.last && self.elsewhere.uses(unit.number, holder);
        let is_part: Vec<bool> =
            holders.iter().zip(parts.is_part).map(|(holder, part)| part || !holder.named && is_used(holder)).collect();
        let found = group(&walk.out.artifacts, false, self.inspection.options.limits);
        walk.out.diagnostics.extend(found.diagnostics);
        walk.out.ledger.extend(found.others);
        walk.out.artifacts.clear();
        drop(known);
        let mut groups = found.groups;
        let mut holders: Vec<(Holder, bool)> = holders.into_iter().zip(is_part).collect();
        if let Some(done) = self.inspection.done {
            groups.retain(|group| !group.artifacts().all(|artifact| done.contains(&*artifact.name)));
            holders.retain(|(holder, _)| !done.contains(&*holder.path().to_string_lossy()));
            walk.out.ledger.retain(|entry| !done.contains(&*entry.name));
            walk.out.diagnostics.retain(|remark| !done.contains(&*remark.place.artifact));
        }
        let rest = groups.split_off(groups.len().min(GROUPS));
        let images = std::mem::take(&mut walk.images);
        let mut made = self.made(&groups, walk.out);
        if rest.is_empty() && holders.is_empty() {
            made.closes = unit.closes;
            return Came::Whole(made);
        }
        let mut jobs = Vec::new();
        let mut rest = rest.into_iter().peekable();
        while rest.peek().is_some() {
            jobs.push(Job::Hosts(rest.by_ref().take(GROUPS).collect()));
        }
        let left = Left { count: holders.len(), dynamic: Vec::new() };
        let shared = Arc::new(Holders { left: Mutex::new(left), images });
        jobs.extend(holders.into_iter().map(|(holder, part)| Job::Holder(Arc::clone(&shared), holder, part)));
        Came::First(made, jobs)
    }

    /// Looks into an image or an archive. The one who comes last looks into the volumes that lie on several disks of the unit.
    fn holder<T>(&self, holders: &Holders<'a>, holder: &Holder, part: bool) -> Came<Job<'a>, Made<T>>
    where
        R: Fn(Record) -> T,
    {
        let looked = catch_unwind(AssertUnwindSafe(|| {
            let mut walk = self.walk();
            walk.look_into_holder(holder, part);
            walk.attach_logs();
            walk
        }));
        let mut left = holders.left.lock().unwrap_or_else(PoisonError::into_inner);
        let made = match looked {
            Ok(walk) if walk.dynamic.is_empty() => self.found(walk),
            Ok(walk) => {
                left.dynamic.push((holder.path().to_path_buf(), walk));
                self.nothing()
            }
            Err(_) => self.broke(Some(holder.path())),
        };
        left.count -= 1;
        let mut dynamic = match left.count {
            0 => std::mem::take(&mut left.dynamic),
            _ => Vec::new(),
        };
        drop(left);
        if dynamic.is_empty() {
            return Came::Part(made, None);
        }
        dynamic.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut walk = self.walk();
        walk.images.clone_from(&holders.images);
        for (_, one) in dynamic {
            walk.absorb(one.out, one.dynamic);
        }
        walk.dynamic_volumes();
        walk.attach_logs();
        Came::Part(made, Some(self.found(walk)))
    }

    /// Everything at once, as one unit.
    fn whole<T>(&self, inputs: &[PathBuf]) -> Made<T>
    where
        R: Fn(Record) -> T,
    {
        let inspection = self.inspection;
        let mut found = discover(inputs, &inspection.search, inspection.options.limits);
        let grouped = group(&found.artifacts, inspection.join, inspection.options.limits);
        found.diagnostics.extend(grouped.diagnostics);
        found.ledger.extend(grouped.others);
        self.made(&grouped.groups, found)
    }

    fn walk(&self) -> Walk<'a> {
        Walk::new(&self.inspection.search, Arc::clone(&self.limits))
    }

    fn found<T>(&self, mut walk: Walk<'a>) -> Made<T>
    where
        R: Fn(Record) -> T,
    {
        let grouped = group(&walk.out.artifacts, false, self.inspection.options.limits);
        walk.out.diagnostics.extend(grouped.diagnostics);
        walk.out.ledger.extend(grouped.others);
        self.made(&grouped.groups, walk.out)
    }

    fn nothing<T>(&self) -> Made<T> {
        let used = Used::default();
        Made { records: Vec::new(), counts: Counts::default(), used, closes: None }
    }

    /// Judges machines; what was found besides is put on record with them.
    fn made<T>(&self, groups: &[Group], found: Discovery) -> Made<T>
    where
        R: Fn(Record) -> T,
    {
        let mut made = self.nothing();
        let mut judged = Vec::new();
        let mut diagnostics = found.diagnostics;
        for group in groups {
            let looked = catch_unwind(AssertUnwindSafe(|| {
                let (hosts, mut remarks) = open(group, &self.options);
                let inputs = hosts.first().map(|host| host.inputs.clone()).unwrap_or_default();
                let mut used = Used::default();
                let mut reports = Vec::new();
                for host in &hosts {
                    let (report, more) = self.judge(host, &mut used);
                    remarks.extend(more);
                    let fixer = self.inspection.fixer.filter(|_| report.verdict == Verdict::NotCompliant);
                    let fix = fixer.and_then(|fixer| fixer(host));
                    reports.push((report, fix));
                }
                (inputs, reports, remarks, used)
            }));
            let Ok((inputs, reports, remarks, used)) = looked else {
                let path = group.artifacts().next().map(|artifact| Path::new(&*artifact.name));
                self.failed_over(path, &mut made);
                continue;
            };
            diagnostics.extend(remarks);
            made.used.add(&used);
            judged.push((group, reports.len(), inputs));
            for (report, fix) in reports {
                made.counts.host(&report);
                let record = HostRecord::new(group, report, fix);
                made.records.push((self.render)(Record::Host(Box::new(record))));
            }
        }
        made.counts.files += found.files;
        made.counts.other_files += found.other_files;
        for mut record in records(&judged, found.ledger, found.images, diagnostics) {
            self.weigh(&mut record.entry);
            made.counts.input(&record);
            made.records.push((self.render)(Record::Input(Box::new(record))));
        }
        made
    }

    /// Whether it makes the run incomplete, by what the user asks for and accepts.
    fn weigh(&self, entry: &mut Entry) {
        entry.counts |= self.inspection.require_complete && entry.is_unjudged();
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

    fn judge(&self, host: &Host, used: &mut Used) -> (HostReport, Vec<Diagnostic>) {
        let mut report = audit(self.inspection.policy, host);
        let remarks = match self.inspection.cross_check {
            true => cross_check(&mut report, host),
            false => Vec::new(),
        };
        if let Some((waivers, today)) = self.inspection.waivers {
            used.waive(waivers, &mut report, today);
        }
        (report, remarks)
    }

    /// What there is to say where the program failed: at a file, or somewhere.
    fn broke<T>(&self, path: Option<&Path>) -> Made<T>
    where
        R: Fn(Record) -> T,
    {
        let mut made = self.nothing();
        self.failed_over(path, &mut made);
        made
    }

    fn failed_over<T>(&self, path: Option<&Path>, made: &mut Made<T>)
    where
        R: Fn(Record) -> T,
    {
        let record = settle::broke(path);
        made.counts.input(&record);
        made.records.push((self.render)(Record::Input(Box::new(record))));
    }
}

/// Files in folders that images may name (`--allow-dir`) and that images elsewhere use.
struct Elsewhere {
    folders: Vec<PathBuf>,
    known: Mutex<Known>,
    changed: Condvar,
}

#[derive(Default)]
struct Known {
    parts: HashSet<PathBuf>,
    /// Of this unit and all before it, everything is known.
    before: u64,
    /// Units after that which are known too.
    more: BTreeSet<u64>,
}

impl Elsewhere {
    fn new(search: &Search<'_>) -> Self {
        let folders = search.allow.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        Self { folders, known: Mutex::new(Known::default()), changed: Condvar::new() }
    }

    fn add(&self, parts: &HashSet<PathBuf>) {
        let allowed = |part: &&PathBuf| self.folders.iter().any(|folder| part.starts_with(folder));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.parts.extend(parts.iter().filter(allowed).cloned());
    }

    /// The parts that this unit uses are known.
    fn announce(&self, unit: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if unit >= known.before {
            known.more.insert(unit);
        }
        let mut before = known.before;
        while known.more.remove(&before) {
            before += 1;
        }
        known.before = before;
        drop(known);
        self.changed.notify_all();
    }

    /// Whether an image of a unit before this one uses the file. Waits until that is known.
    fn uses(&self, unit: u64, holder: &Holder) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        while known.before < unit {
            known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner);
        }
        holder.path().canonicalize().is_ok_and(|path| known.parts.contains(&path))
    }
}

/// Lets those go on that wait for what a unit uses, whatever becomes of it.
struct Announces<'a> {
    above: Arc<crate::source::Above>,
    number: u64,
    elsewhere: &'a Elsewhere,
}

impl Drop for Announces<'_> {
    fn drop(&mut self) {
        self.above.announce(HashSet::new());
        self.elsewhere.announce(self.number);
    }
}
