//! The door: what the user named goes in, and a stream of records comes out, in the order of the inputs, each as soon as it is
//! known. Machines are judged on several threads, each on one; none is held longer than its record.

mod counts;
mod elsewhere;
mod inspector;
mod look;
mod order;
mod recall;
mod record;
mod settle;
mod shard;
mod split;

use std::collections::HashSet;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::{Used, readings};
use crate::files;
use crate::host::{Kept, Options};
use crate::policy::Policy;
use crate::policy::waiver::{Date, Waivers};
use crate::progress::Progress;
pub use crate::source::{Entry, Fate, Reason};
use crate::source::{Search, Unit, Walker};
use crate::windows::path::KeyPath;
use crate::windows::reading::Reading;

pub use counts::{Counts, End, FailOn};
use elsewhere::Elsewhere;
use inspector::{Inspector, Job};
pub use look::Met;
use look::{Audits, Look, Opens};
use order::{Length, in_order};
pub use recall::{Recalled, is_of_past, past_too, recall};
pub use record::{About, Fix, Fixer, HostRecord, InputRecord, Record};
pub use shard::{NoShard, Shard};

/// What is asked of a run.
pub struct Inspection<'a> {
    /// The rules; of several policies as one, each machine is read once and has a verdict under each.
    pub policy: &'a Policy,
    /// Failures that are accepted, and the day on which that is asked.
    pub waivers: Option<(&'a Waivers, Date)>,
    /// What is looked for, and how.
    pub search: Search<'a>,
    /// How hosts are opened; the keys of interest are those of the policy, and those that it names.
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
    /// Which part of it is done; all of it without one.
    pub shard: Option<Shard>,
    /// How many machines are read at a time. What comes out is the same for any number.
    pub jobs: NonZeroUsize,
    /// Is told how far the run is.
    pub progress: Option<&'a Progress>,
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
            shard: None,
            jobs: NonZeroUsize::MIN,
            progress: None,
        }
    }
}

/// Files and folders that are looked through before a thread is started.
const FEW: usize = 64;

/// What the user named.
pub enum Inputs<'a> {
    /// All of it, known from the start: a file that is named twice is one input.
    Named(&'a [PathBuf]),
    /// As it comes: a list that may be endless, each line an input of its own. Files of one folder that follow one another
    /// belong together.
    Listed(Box<dyn Iterator<Item = PathBuf> + Send + 'a>),
}

/// What one worker made of a unit, or a part of it.
struct Made<T> {
    records: Vec<T>,
    counts: Counts,
    used: Used,
    closes: Option<PathBuf>,
}

/// Looks at what was named. `render` makes something of each record, on the thread that looked at the machine; `take` gets
/// what it made, in the order of the inputs.
///
/// # Errors
/// What `take` gives.
pub fn run<'a, T: Send, E>(
    inputs: Inputs<'a>,
    inspection: &'a Inspection<'a>,
    render: impl Fn(Record) -> T + Sync,
    take: impl FnMut(T) -> Result<(), E>,
) -> Result<End, E> {
    looked_at(inputs, inspection, &Audits { inspection, render }, take)
}

/// Opens each machine, and judges none: `look` makes something of it, on the thread that opened it; `take` gets what it made, in
/// the order of the inputs. Of a machine, the keys of interest of the options are looked at besides those of the policy.
///
/// # Errors
/// What `take` gives.
pub fn open_each<'a, T: Send, E>(
    inputs: Inputs<'a>,
    inspection: &'a Inspection<'a>,
    look: impl Fn(Met<'_>) -> T + Sync,
    take: impl FnMut(T) -> Result<(), E>,
) -> Result<End, E> {
    looked_at(inputs, inspection, &Opens { look, gives: PhantomData }, take)
}

fn looked_at<'a, T: Send, E>(
    inputs: Inputs<'a>,
    inspection: &'a Inspection<'a>,
    look: &impl Look<T>,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<End, E> {
    let limits = Arc::new(inspection.options.limits.clone());
    let kept = Kept::new(|| {
        let (mut keys, mut trees) = interest(inspection.policy);
        keys.extend_from_slice(inspection.options.interest);
        trees.extend_from_slice(inspection.options.trees);
        (keys, trees)
    });
    let options = inspection.options.clone();
    let nobody = Progress::default();
    let progress = inspection.progress.unwrap_or(&nobody);
    let elsewhere = Elsewhere::new(&inspection.search);
    let inspector = Inspector { inspection, options, kept: &kept, look, limits, elsewhere, progress };
    let mut total = Totals { counts: Counts::default(), used: Used::default(), before: 0 };
    let mut take = |made: Made<T>| total.take(made, look, &mut take);
    let whole = inspection.join || !inspection.search.logs.is_empty();
    if let (true, Inputs::Named(inputs)) = (whole, &inputs) {
        let made = inspector.whole(inputs);
        let hosts = made.counts.hosts;
        take(made)?;
        for path in inputs.iter().filter(|path| files::is_folder(path)) {
            let mut made = inspector.nothing();
            made.records.push(look.input(folder(path, hosts)));
            take(made)?;
        }
    } else {
        let limits = inspection.options.limits;
        let length = match &inputs {
            Inputs::Named(inputs) if files::are_few(inputs, FEW) => Length::Short,
            _ => Length::Open,
        };
        let walk = |give: &mut dyn FnMut(Job<'a>) -> bool| {
            let mut give = |unit: Unit| {
                progress.unit();
                give(Job::Unit(unit))
            };
            let mut walker = Walker::new(&inspection.search, limits, &mut give);
            // Whoever stopped it knows.
            let _ = match inputs {
                Inputs::Named(inputs) => walker.all(inputs),
                Inputs::Listed(inputs) => walker.listed(inputs),
            };
            progress.walked();
        };
        in_order(inspection.jobs.get(), length, walk, |job| inspector.work(job), take)?;
    }
    let mut diagnostics = Vec::new();
    // What waives nothing in one part may in another.
    if let (Some((waivers, today)), None) = (inspection.waivers, inspection.shard) {
        diagnostics.extend(total.used.idle(waivers, today));
    }
    Ok(End { counts: total.counts, diagnostics })
}

/// The keys that an audit asks for, and those that it asks for with all below them.
pub fn interest(policy: &Policy) -> (Vec<KeyPath>, Vec<KeyPath>) {
    let (deep, flat): (Vec<Reading>, Vec<Reading>) = readings(policy).into_iter().partition(Reading::is_deep);
    let keys = |readings: Vec<Reading>| readings.into_iter().map(|reading| reading.key).collect();
    (keys(flat), keys(deep))
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
        look: &impl Look<T>,
        take: &mut impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        self.counts.add(&made.counts);
        self.used.add(&made.used);
        made.records.into_iter().try_for_each(&mut *take)?;
        let Some(root) = made.closes else { return Ok(()) };
        let hosts = self.counts.hosts - self.before;
        self.before = self.counts.hosts;
        take(look.input(folder(&root, hosts)))
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
