//! The past of machines handed to who tells their history: each machine as it is, with the control sets and the states of its logs,
//! and each copy of an earlier day that lies with it.
//!
//! An audit knows nothing of it. The walk is asked for the copies that an audit leaves out, and another look is had at what it finds.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::look::{Around, Look, Looked};
use super::{Counts, End, InputRecord, Inputs, Inspection, interest, looked_at};
use crate::audit::Used;
use crate::audit::history::{Met, Moment, Part, Snapshot, Source, Watched, snapshot, values};
use crate::diagnostic::Diagnostic;
use crate::host::{
    Group, HiveKind, Host, InputKind, Options, PastKind, Pick, Recovered, Recovery, Wanted, open, recovered,
    select_words,
};
use crate::source::{Artifact, Search, is_past_name};
use crate::windows::path::{KeyPath, Name};

/// Something that was met.
#[non_exhaustive]
pub enum Recalled {
    /// A machine, as it is or as a copy of an earlier day has it.
    Machine(Box<Met>),
    /// A copy of an earlier day that cannot be read: what it is called, and why.
    Lost(Arc<str>, String),
    /// What became of an input.
    Input(Box<InputRecord>),
}

/// Opens each machine, and each copy of an earlier day, and says what it was, with what was `deleted` if that is asked for; `take`
/// gets that in the order of the inputs. The counts of the end have no machines: which of them counts is known once their
/// histories are.
///
/// # Errors
/// What `take` gives.
pub fn recall<'a, E>(
    inputs: Inputs<'a>,
    inspection: &'a Inspection<'a>,
    watched: &[Watched],
    deleted: bool,
    take: impl FnMut(Recalled) -> Result<(), E>,
) -> Result<End, E> {
    let (keys, trees) = interest(inspection.policy);
    let options = Options { interest: &keys, trees: &trees, ..inspection.options.clone() };
    looked_at(
        inputs,
        inspection,
        &Recalls { inspection, options, watched, wanted: deleted.then(|| values(watched)) },
        take,
    )
}

/// What is asked of the walk for a history: the past too.
pub fn past_too(search: Search<'_>) -> Search<'_> {
    Search { include_backups: true, ..search }
}

struct Recalls<'a, 'r> {
    inspection: &'a Inspection<'a>,
    options: Options<'r>,
    watched: &'r [Watched],
    /// What is looked for in free cells, where that is asked for.
    wanted: Option<Vec<(KeyPath, Name)>>,
}

impl Look<Recalled> for Recalls<'_, '_> {
    fn machine(&self, group: &Group, hosts: &[Host], _: &mut Vec<Diagnostic>, _: Around<'_>) -> Looked<Recalled> {
        let records = hosts.iter().flat_map(|host| self.of_host(group, host, hosts.len() == 1)).collect();
        Looked { records, counts: Counts::default(), used: Used::default() }
    }

    fn input(&self, record: InputRecord) -> Recalled {
        Recalled::Input(Box::new(record))
    }
}

impl Recalls<'_, '_> {
    fn of_host(&self, group: &Group, host: &Host, alone: bool) -> Vec<Recalled> {
        let Some(first) = group.artifacts().next() else { return Vec::new() };
        let past = first.past();
        let mut all = Vec::new();
        if past.is_some() {
            let unread = host.inputs.iter().filter_map(|input| match &input.kind {
                InputKind::Unreadable(error) => Some(Recalled::Lost(Arc::clone(&input.name), error.to_string())),
                _ => None,
            });
            all.extend(unread);
            if all.len() == group.artifacts().count() {
                return all;
            }
        }
        let mut notes = unapplied(host);
        let mut moments = Vec::new();
        if alone && !group.hives.is_empty() {
            moments.extend(self.control_sets(group, host, &first.name, &mut notes));
            moments.extend(self.logs(group, host, &mut notes));
        }
        // Of a copy with one hive alone nothing is known as a whole.
        let whole = past.is_none() || group.hives.len() != 1;
        let mut snapshot = self.snapshot(host, whole);
        if let Some(PastKind::Dated(made)) = past.as_ref().map(|past| past.kind) {
            snapshot.made(made);
        }
        moments.push(moment(None, &first.name, snapshot));
        notes.extend(doubtful_times(host, moments.last().map(|moment| &moment.snapshot)));
        let machine = &host.machine;
        let met = Met {
            shown: machine.name.clone().unwrap_or_else(|| host.name.clone()),
            name: machine.name.clone(),
            guid: machine.guid.clone(),
            past,
            place: Arc::clone(&first.name),
            moments,
            recovered: self.recovered(group, alone, &mut notes),
            notes,
        };
        all.push(Recalled::Machine(Box::new(met)));
        all
    }

    /// What was deleted in the hives.
    fn recovered(&self, group: &Group, alone: bool, notes: &mut Vec<String>) -> Vec<Recovered> {
        let Some(wanted) = self.wanted.as_ref().filter(|_| alone) else { return Vec::new() };
        let mut all = Vec::new();
        for (hive, artifact) in &group.hives {
            // That the hive cannot be opened is told elsewhere.
            let Ok(found) = recovered(*hive, artifact, wanted, self.options.limits) else { continue };
            all.extend(found.found);
            notes.extend(found.notes);
        }
        all
    }

    fn snapshot(&self, host: &Host, whole: bool) -> Snapshot {
        snapshot(self.inspection.policy, self.watched, host, whole)
    }

    /// The control sets that are not in use.
    fn control_sets(&self, group: &Group, host: &Host, place: &Arc<str>, notes: &mut Vec<String>) -> Vec<Moment> {
        let Some(in_use) = &host.control_set else { return Vec::new() };
        let options = Options { control_set: Wanted::All, pick: Pick::default(), ..self.options.clone() };
        let (sets, _) = open(group, &options);
        let words = select_words(&host.registry);
        let most = options.limits.history_sets;
        let mut moments = Vec::new();
        for set in sets {
            let Some(name) = set.control_set.as_ref().map(|set| set.name.clone()) else { continue };
            if name.eq_ignore_ascii_case(&in_use.name) {
                continue;
            }
            if moments.len() == most {
                notes.push(format!("{place}: of the control sets that are not in use, {most} were looked at"));
                break;
            }
            let called = words.iter().filter(|(_, set)| set.eq_ignore_ascii_case(&name)).map(|(word, _)| *word);
            let part = Part::ControlSet { words: called.collect(), name };
            moments.push(moment(Some(part), place, self.snapshot(&set, true)));
        }
        moments
    }

    /// Each hive whose logs were applied: as it lies, and after each of their entries but the last.
    fn logs(&self, group: &Group, host: &Host, notes: &mut Vec<String>) -> Vec<Moment> {
        let mut moments = Vec::new();
        for (hive, artifact) in &group.hives {
            let recovery = host.inputs.iter().find_map(|input| match &input.kind {
                InputKind::Hive { hive: of, recovery, .. } if of == hive => Some(recovery),
                _ => None,
            });
            let Some(Recovery::Replayed { entries, first, base_block_from_log, .. }) = recovery else { continue };
            let bare = Artifact { logs: Vec::new(), ..artifact.clone() };
            // Without a base block nothing can be read of what lies there.
            if !base_block_from_log && let Some(snapshot) = self.part(*hive, bare, None) {
                moments.push(moment(Some(Part::WithoutLogs(*hive)), &artifact.name, snapshot));
            }
            let size: u64 = artifact.logs.iter().filter_map(|log| log.meta().0).fold(0, u64::saturating_add);
            let limits = self.options.limits;
            let most = limits.history_entries.min(limits.history_log_bytes / size.max(1));
            let from = entries.saturating_sub(most).max(1);
            if from > 1 {
                notes.push(format!(
                    "{}: of the states of its logs, those after the last {most} of {entries} entries were looked at",
                    artifact.name
                ));
            }
            for entries in (from..*entries).filter_map(NonZeroU64::new) {
                let Some(snapshot) = self.part(*hive, artifact.clone(), Some(entries)) else { continue };
                let entries = entries.get();
                let sequence = first.wrapping_add(u32::try_from(entries.saturating_sub(1)).unwrap_or(u32::MAX));
                let part = Part::AfterEntries { hive: *hive, entries, sequence };
                moments.push(moment(Some(part), &artifact.name, snapshot));
            }
        }
        moments
    }

    /// A hive by itself, with so many entries of its logs.
    fn part(&self, hive: HiveKind, artifact: Artifact, log_entries: Option<NonZeroU64>) -> Option<Snapshot> {
        let group = Group { backup: artifact.backup, hives: vec![(hive, artifact)], ..Group::default() };
        let options = Options { log_entries, pick: Pick::default(), ..self.options.clone() };
        let (hosts, _) = open(&group, &options);
        // Without all of its logs it is the hive as it was before the copy was made.
        let host = hosts.into_iter().next().map(|host| Host { as_of: None, ..host });
        host.map(|host| self.snapshot(&host, false))
    }
}

/// Hives of one source whose times are farther apart than this many seconds may not be of one day: 30 days.
const APART: u64 = 30 * 86_400;

/// What is odd about the times of hives and keys.
fn doubtful_times(host: &Host, snapshot: Option<&Snapshot>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(written) = snapshot.and_then(|snapshot| snapshot.implausible.as_ref()) {
        let (key, time) = (&written.key, written.time.rfc3339(0));
        let place = host.inputs.first().map(|input| &*input.name).unwrap_or_default();
        notes.push(format!(
            "{place}: {key} was last written {time}, by its own time, which is later than its hive: such times are left out"
        ));
    }
    let hives = host.inputs.iter().filter_map(|input| match &input.kind {
        InputKind::Hive { hive: HiveKind::System | HiveKind::Software, base, .. } => {
            Some((base.last_written.known()?, &input.name))
        }
        _ => None,
    });
    let mut hives: Vec<_> = hives.collect();
    hives.sort();
    if let (Some((first, older)), Some((last, newer))) = (hives.first(), hives.last())
        && first.later(APART) < *last
    {
        notes.push(format!(
            "{older} was last written {}, and {newer} {}: they may not be of one day",
            first.rfc3339(0),
            last.rfc3339(0)
        ));
    }
    notes
}

/// What hives lack of their newest data, and which logs were not applied.
fn unapplied(host: &Host) -> Vec<String> {
    let mut notes = Vec::new();
    for input in &host.inputs {
        let InputKind::Hive { recovery, .. } = &input.kind else { continue };
        if matches!(recovery, Recovery::Dirty { .. }) {
            notes.push(format!("{} is {recovery}: its newest changes are missing", input.name));
        }
        let refused = recovery.refused().iter();
        notes.extend(refused.map(|log| {
            format!("{}, a log of {}, was not applied or not to its end: {}", log.log, input.name, log.why)
        }));
    }
    notes
}

/// A moment whose place among the others is not known yet.
fn moment(part: Option<Part>, place: &Arc<str>, snapshot: Snapshot) -> Moment {
    Moment { source: Source::Now, part, place: Arc::clone(place), snapshot }
}

/// Whether an input is of the past, by its name: then it leaves nothing open of what a machine is now.
pub fn is_of_past(record: &InputRecord) -> bool {
    is_past_name(&record.entry.name) || record.entry.kind == "shadow copy"
}
