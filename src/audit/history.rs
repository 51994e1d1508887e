//! The history of a machine: what it was at moments of the past, in order of time, and what changed between them.
//!
//! What a moment does not say (a file that has SOFTWARE alone, a hive before an entry of its log) is no change: it is held against
//! the last moment that said it. Of when a change was made, two things are known: the value was still the old one at the moment
//! before, and nothing was written in its key after the key's last write.

mod fold;
mod machines;

use std::fmt;
use std::sync::Arc;

use super::effective::Overall;
use super::{Outcome, Verdict, audit, deciding};
use crate::host::{HiveKind, Host, InputKind, PastKind, Recovered, Recovery};
use crate::policy::{Check, Policy};
use crate::registry::{Lookup, Registry};
use crate::windows::FileTime;
use crate::windows::path::{KeyPath, Name};
use crate::windows::state::State;
use crate::windows::value::Value;

pub use fold::{Change, Effect, Line, When};
pub use machines::{Met, Told, histories};

/// What is followed through time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Watched {
    /// A value that a rule is about.
    Value(KeyPath, Name),
    /// A value that decides an effective state that a rule is about.
    Decides(KeyPath, Name),
    /// An effective state that a rule asks for, by its subject.
    State(String),
}

/// What a policy has to be followed through time, each once: the values of its rules, and the effective states with the values
/// that decide them.
pub fn watched(policy: &Policy) -> Vec<Watched> {
    let mut all: Vec<Watched> = Vec::new();
    let mut add = |watched: Watched| {
        if !all.contains(&watched) {
            all.push(watched);
        }
    };
    for rule in &policy.rules {
        match &rule.check {
            Check::Value(setting) => add(Watched::Value(setting.key.clone(), setting.value.clone())),
            Check::State(effect) => {
                add(Watched::State(effect.subject.to_string()));
                deciding(rule).into_iter().for_each(|(key, value)| add(Watched::Decides(key, value)));
            }
        }
    }
    // What a rule is about need not be told as what decides another one.
    let values: Vec<Watched> = all.iter().filter(|watched| matches!(watched, Watched::Value(..))).cloned().collect();
    all.retain(|watched| match watched {
        Watched::Decides(key, value) => !values.contains(&Watched::Value(key.clone(), value.clone())),
        _ => true,
    });
    all
}

/// The values among it, by key and name.
pub fn values(watched: &[Watched]) -> Vec<(KeyPath, Name)> {
    let value = |watched: &Watched| match watched {
        Watched::Value(key, value) | Watched::Decides(key, value) => Some((key.clone(), value.clone())),
        Watched::State(_) => None,
    };
    watched.iter().filter_map(value).collect()
}

/// What a moment says of something that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seen {
    /// The value.
    Value(Value),
    /// The value is not set; whether its key exists.
    NotSet {
        /// Whether the key exists.
        key: bool,
    },
    /// The effective state.
    State(State),
    /// The source of the moment does not speak of it.
    Silent,
    /// It cannot be told, and why.
    Unknown(String),
}

impl Seen {
    /// Whether it says anything.
    pub fn is_told(&self) -> bool {
        !matches!(self, Seen::Silent | Seen::Unknown(_))
    }

    /// Whether both say the same. A value that is not set is not set, whether its key is there or not.
    fn is_same(&self, other: &Seen) -> bool {
        self == other || matches!((self, other), (Seen::NotSet { .. }, Seen::NotSet { .. }))
    }
}

/// When a key was last written, and which one: of a key that does not exist, the nearest one above it that does. A key is written
/// when a value in it changes, and when a key right below it is made or deleted; so nothing of that came later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTime {
    /// The key, with `CurrentControlSet` for the control set.
    pub key: KeyPath,
    /// When it was last written.
    pub time: FileTime,
}

/// One thing that is watched, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the moment says of it.
    pub seen: Seen,
    /// The last write of its key.
    pub written: Option<KeyTime>,
    /// A time at which the hive that says so was as it is here.
    pub known_at: Option<FileTime>,
}

/// What the whole machine was, where the source has all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The verdict: of several policies, the worst.
    pub verdict: Verdict,
    /// The verdict under each policy.
    pub verdicts: Vec<(Arc<str>, Verdict)>,
    /// What Windows did in effect.
    pub overall: Overall,
}

/// A machine at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// One for each thing that is watched, in that order.
    pub rows: Vec<Row>,
    /// All of it.
    pub whole: Option<Whole>,
    /// The time before which this cannot have been: of a shadow copy when it was made, else when its hives were last written.
    pub time: Option<FileTime>,
    /// When the base block of a hive of it was last written: of several, the newest.
    pub base: Option<FileTime>,
    /// The newest time of a key that cannot be: later than its hive was written. It counts for nothing.
    pub implausible: Option<KeyTime>,
    /// The control set in use, where the source says which.
    pub in_use: Option<InUse>,
    /// Whether all that was written to its hives is there: none is dirty, and no log of one was refused.
    pub is_complete: bool,
}

/// The control set in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// Its name.
    pub name: String,
    /// When `Select`, which says so, was last written.
    pub written: Option<KeyTime>,
}

/// Looks at a machine as one source has it. `whole` says whether the source has all that there was at one time.
pub fn snapshot(policy: &Policy, watched: &[Watched], host: &Host, whole: bool) -> Snapshot {
    let report = audit(policy, host);
    let row = |watched: &Watched| match watched {
        Watched::Value(key, value) | Watched::Decides(key, value) => row(host, key, value),
        Watched::State(subject) => {
            let of = |f: &&super::Finding| f.state.is_some() && f.rule.name() == *subject;
            let found = report.findings.iter().find(of);
            let seen = match found {
                // An effect of one hive without the other would be made up.
                _ if !whole => Seen::Silent,
                Some(finding) if finding.outcome == Outcome::Unknown => Seen::Unknown(finding.why.clone()),
                Some(finding) => finding.state.map_or(Seen::Silent, Seen::State),
                None => Seen::Silent,
            };
            Row { seen, written: None, known_at: None }
        }
    };
    let mut rows: Vec<Row> = watched.iter().map(row).collect();
    let implausible = leave_out_implausible(&mut rows, host);
    let hives = [HiveKind::System, HiveKind::Software].into_iter().filter_map(|kind| hive_time(host, kind));
    let keys = rows.iter().filter_map(|row| row.written.as_ref().map(|written| written.time));
    let time = match host.as_of {
        Some(as_of) => Some(as_of.created),
        // Windows does not bring the hive's own time up to date with each log.
        None => hives.chain(keys).max(),
    };
    let base = [HiveKind::System, HiveKind::Software].into_iter().filter_map(|kind| hive_time(host, kind)).max();
    let overall = report.effective.overall;
    let whole = whole.then_some(Whole { verdict: report.verdict, verdicts: report.verdicts, overall });
    let is_whole = |input: &crate::host::Input| match &input.kind {
        InputKind::Hive { recovery, missing_bytes, .. } => {
            *missing_bytes == 0 && !matches!(recovery, Recovery::Dirty { .. }) && recovery.refused().is_empty()
        }
        InputKind::Unreadable(_) => false,
        _ => true,
    };
    let is_complete = host.inputs.iter().all(is_whole);
    Snapshot { rows, whole, time, base, implausible, in_use: in_use(host), is_complete }
}

impl Snapshot {
    /// Takes it for what was at a time at which a copy was made, by its name. Where something in it is newer, it is no copy of then:
    /// nothing is known of it.
    pub fn made(&mut self, made: FileTime) {
        let is_newer = self.time.is_some_and(|time| time > made);
        self.time = Some(made);
        for row in self.rows.iter_mut().filter(|row| row.seen != Seen::Silent) {
            match is_newer {
                true => {
                    let why = format!("it is not the hive of that day, {}: it was written later", made.rfc3339(0));
                    *row = Row { seen: Seen::Unknown(why), written: None, known_at: None };
                }
                false => row.known_at = Some(made),
            }
        }
        if is_newer {
            self.whole = None;
            self.in_use = None;
        }
    }
}

/// A day: clocks are put right, and Windows does not write a hive's own time at once.
const A_DAY: u64 = 86_400;

/// Leaves out times of keys that are later than their hive was written, and says the newest. With logs a hive's own time is old.
fn leave_out_implausible(rows: &mut [Row], host: &Host) -> Option<KeyTime> {
    let mut newest: Option<KeyTime> = None;
    for row in rows {
        let Some(written) = row.written.take() else { continue };
        let kind = hive_of(&written.key);
        let with_logs = |input: &crate::host::Input| match &input.kind {
            InputKind::Hive { hive, recovery, .. } => {
                Some(*hive) == kind && matches!(recovery, Recovery::Replayed { .. })
            }
            _ => false,
        };
        let base = kind.and_then(|kind| hive_time(host, kind));
        if base.is_none_or(|base| written.time <= base.later(A_DAY)) || host.inputs.iter().any(with_logs) {
            row.written = Some(written);
            continue;
        }
        row.known_at = host.as_of.map(|as_of| as_of.created).or(base);
        if newest.as_ref().is_none_or(|newest| newest.time < written.time) {
            newest = Some(written);
        }
    }
    newest
}

/// Which hive has a key.
fn hive_of(key: &KeyPath) -> Option<HiveKind> {
    [HiveKind::System, HiveKind::Software].into_iter().find(|kind| key.below(&kind.root()).is_some())
}

fn in_use(host: &Host) -> Option<InUse> {
    let set = host.control_set.as_ref()?;
    let key = KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\Select");
    let written = match host.registry.key(&key) {
        Lookup::ValueAbsent(info) => info.last_write.and_then(FileTime::known).map(|time| KeyTime { key, time }),
        _ => None,
    };
    Some(InUse { name: set.name.clone(), written })
}

/// A time at which a hive was as it is.
fn hive_time(host: &Host, kind: HiveKind) -> Option<FileTime> {
    host.inputs.iter().find_map(|input| match &input.kind {
        InputKind::Hive { hive, base, .. } if *hive == kind => base.last_written.known(),
        _ => None,
    })
}

fn row(host: &Host, key: &KeyPath, value: &Name) -> Row {
    let registry = &host.registry;
    let (seen, own) = match registry.get(key, value) {
        Lookup::Found(found) => (Seen::Value(found.value), Some(found.key)),
        Lookup::ValueAbsent(info) => (Seen::NotSet { key: true }, Some(info)),
        Lookup::KeyAbsent => (Seen::NotSet { key: false }, None),
        Lookup::NotCovered => (Seen::Silent, None),
        Lookup::Unreadable(error, place) => (Seen::Unknown(format!("{place}: {error}")), None),
    };
    let written = match (&seen, own) {
        (_, Some(info)) => info.last_write.and_then(FileTime::known).map(|time| KeyTime { key: key.clone(), time }),
        (Seen::NotSet { .. }, None) => above(registry, key),
        _ => None,
    };
    let kind = hive_of(key);
    let at_least = || kind.and_then(|kind| hive_time(host, kind)).max(written.as_ref().map(|written| written.time));
    let known_at = host.as_of.map_or_else(at_least, |as_of| Some(as_of.created));
    Row { seen, written, known_at }
}

/// The last write of the nearest key above one that does not exist.
fn above(registry: &Registry, key: &KeyPath) -> Option<KeyTime> {
    let mut names = key.0.clone();
    while names.len() > 2 {
        names.pop();
        let key = KeyPath(names.clone());
        match registry.key(&key) {
            Lookup::KeyAbsent => {}
            Lookup::ValueAbsent(info) => {
                let time = info.last_write.and_then(FileTime::known)?;
                return Some(KeyTime { key, time });
            }
            _ => return None,
        }
    }
    None
}

/// Where the state of a moment was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The machine as it is, or as the newest image of it is.
    Now,
    /// The same machine in an older image, or an older folder of hives.
    Older,
    /// A copy of an earlier day that Windows, or somebody, kept.
    Past(PastKind),
}

/// Which part of a source, where it is not all of it as Windows would load it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// A control set that is not in use, and what `Select` calls it.
    ControlSet {
        /// Its name.
        name: String,
        /// The words of `Select`: `LastKnownGood`, `Default`, `Failed`.
        words: Vec<&'static str>,
    },
    /// The hive as it lies, without its logs.
    WithoutLogs(HiveKind),
    /// The hive after this many of all entries of its logs.
    AfterEntries {
        /// Which hive.
        hive: HiveKind,
        /// How many entries were applied.
        entries: u64,
        /// The sequence number of the last of them.
        sequence: u32,
    },
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::ControlSet { name, words } if words.is_empty() => write!(f, "{name}, which is not in use"),
            Part::ControlSet { name, words } => write!(f, "{name} ({})", words.join(", ")),
            Part::WithoutLogs(hive) => write!(f, "{hive} without its logs"),
            Part::AfterEntries { hive, entries, sequence } => {
                write!(f, "{hive} after entry {entries} of its logs (sequence {sequence})")
            }
        }
    }
}

/// A moment, and what the machine was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Where it was read.
    pub source: Source,
    /// Which part of it.
    pub part: Option<Part>,
    /// The first file of it.
    pub place: Arc<str>,
    /// What the machine was.
    pub snapshot: Snapshot,
}

impl Moment {
    /// When that was, as far as it is known.
    pub fn time(&self) -> Time {
        let time = self.snapshot.time;
        match (&self.source, &self.part, time) {
            // An entry of a log has no time, and a control set has none, either.
            (_, Some(Part::ControlSet { .. } | Part::AfterEntries { .. }), _) | (_, _, None) => Time::NotKnown,
            (_, Some(Part::WithoutLogs(_)), Some(time)) => Time::Written(time),
            (Source::Past(PastKind::Shadow(as_of)), ..) => Time::Made(as_of.created),
            (Source::Past(PastKind::Dated(made)), ..) => Time::Made(*made),
            (_, _, Some(time)) => Time::Written(time),
        }
    }
}

/// What is known of when a moment was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Time {
    /// Then: a copy was made.
    Made(FileTime),
    /// Not before this: the hives, or keys in them, were last written then.
    Written(FileTime),
    /// Nothing but its place in the order.
    NotKnown,
}

impl Time {
    /// The time, where there is one.
    pub fn known(self) -> Option<FileTime> {
        match self {
            Time::Made(time) | Time::Written(time) => Some(time),
            Time::NotKnown => None,
        }
    }
}

/// A machine and its moments.
#[derive(Debug, Clone)]
pub struct History {
    /// What it is called now.
    pub name: String,
    /// What Windows' setup made for it.
    pub guid: Option<String>,
    /// Whether the last moment is the machine as it is; else nothing but copies of earlier days was given.
    pub is_now: bool,
    /// What there is to say of that these moments are of one machine, and of their order.
    pub notes: Vec<String>,
    /// The moments in order of time, equal ones together.
    pub lines: Vec<Line>,
    /// What stands in free cells of its hives, and may be of any day.
    pub recovered: Vec<Recovered>,
}

impl History {
    /// The last moment: the machine as it is, where that was given.
    pub fn last(&self) -> Option<&Moment> {
        self.lines.last().and_then(|line| line.moments.last())
    }

    /// How many moments there are.
    pub fn moments(&self) -> usize {
        self.lines.iter().map(|line| line.moments.len()).sum()
    }

    /// The newest last write of all keys that are followed, and of `Select`, in the machine as it is: nothing of them changed after
    /// that. There is none where anything of this is not told there, and where times of keys contradict what was seen. `watched` is
    /// what was followed.
    pub fn quiet_since(&self, watched: &[Watched]) -> Option<&KeyTime> {
        let contradicted = |change: &Change| matches!(change.when, When::Contradicted(_));
        if !self.is_now || self.lines.iter().flat_map(|line| &line.changes).any(contradicted) {
            return None;
        }
        let last = self.last()?;
        let snapshot = &last.snapshot;
        if !snapshot.is_complete || last.part.is_some() || snapshot.rows.len() != watched.len() {
            return None;
        }
        let rows = watched.iter().zip(&snapshot.rows).filter(|(watched, _)| !matches!(watched, Watched::State(_)));
        let times = rows.map(|(_, row)| row.written.as_ref().filter(|_| row.seen.is_told()));
        let mut times: Vec<&KeyTime> = times.collect::<Option<_>>()?;
        let of_system = |(key, _): &(KeyPath, Name)| key.below(&HiveKind::System.root()).is_some();
        if values(watched).iter().any(of_system) {
            times.push(snapshot.in_use.as_ref()?.written.as_ref()?);
        }
        times.into_iter().max_by_key(|written| written.time)
    }

    /// Whether what has this number is set at any moment, or cannot be told.
    pub fn is_set(&self, number: usize) -> bool {
        let mut seen = self.lines.iter().filter_map(|line| line.rows.get(number));
        seen.any(|row| !matches!(row.seen, Seen::NotSet { .. } | Seen::Silent))
    }
}

#[cfg(test)]
mod tests;
