//! The door: what the user named goes in, and a stream of records comes out, in the order of the inputs, each as soon as it is
//! known. Machines are judged on several threads, each on one; none is held longer than its record.

mod counts;
mod elsewhere;
mod inspector;
mod order;
mod record;
mod settle;

use std::collections::HashSet;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::{Used, effective};
use crate::host::Options;
use crate::policy::Policy;
use crate::policy::waiver::{Date, Waivers};
pub use crate::source::{Entry, Fate, Reason};
use crate::source::{Search, Unit, Walker};
use crate::windows::path::KeyPath;

pub use counts::{Counts, End, FailOn};
use elsewhere::Elsewhere;
use inspector::{Inspector, Job};
use order::in_order;
pub use record::{About, Fix, Fixer, HostRecord, InputRecord, Record};

/// What is asked of a run.
pub struct Inspection<'a> {
    /// The rules; of several policies as one, each machine is read once and has a verdict under each.
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
