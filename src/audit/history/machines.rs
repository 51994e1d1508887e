//! Which moments are of one machine, and in which order they stand.
//!
//! Machines are told apart as where two runs are compared: by name and MachineGuid. What is known besides is where a copy of an
//! earlier day lies: a shadow copy is of the Windows in the same folder of its volume, whatever it was called then. Machines of one
//! MachineGuid and several names are not put together, for clones look like that: a failure of one would hide behind another.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fold::{Line, fold, is_switched};
use super::{History, InUse, Moment, Part, Source, Time};
use crate::audit::Verdict;
use crate::host::{PastKind, PastPlace, Recovered};

/// A machine as one source has it.
#[derive(Debug, Clone)]
pub struct Met {
    /// What it is called in reports.
    pub shown: String,
    /// The computer's name, where its registry says it.
    pub name: Option<String>,
    /// What Windows' setup made for it.
    pub guid: Option<String>,
    /// Where it lies, if it is a copy of an earlier day.
    pub past: Option<PastPlace>,
    /// The first file of it.
    pub place: Arc<str>,
    /// What it was: parts of the source first, all of it last.
    pub moments: Vec<Moment>,
    /// What there is to say of these.
    pub notes: Vec<String>,
    /// What stands in free cells of its hives.
    pub recovered: Vec<Recovered>,
}

/// A history, and the number of the one of the machines met that is its last moment.
pub type Told = (History, usize);

/// Puts together what is of one machine, in the order in which the machines were met.
pub fn histories(met: &[Met]) -> Vec<Told> {
    let mut machines: Vec<Machine> = Vec::new();
    let (past, now): (Vec<usize>, Vec<usize>) = (0..met.len()).partition(|&n| is_past(met, n));
    put_together(met, &now, &mut machines);
    let mut alone = Vec::new();
    for n in past {
        match whose(met, n, &machines) {
            Some(machine) => machines.get_mut(machine).into_iter().for_each(|machine| machine.all.push(n)),
            None => alone.push(n),
        }
    }
    let mut without = Vec::new();
    put_together(met, &alone, &mut without);
    machines.extend(without);
    machines.sort_by_key(|machine| machine.all.iter().min().copied());
    let namesakes = doubts(met, &machines);
    machines.into_iter().zip(namesakes).filter_map(|(machine, doubts)| told(met, machine, doubts)).collect()
}

/// The numbers of what is of one machine, and what there is to say of that.
#[derive(Debug, Default)]
struct Machine {
    all: Vec<usize>,
    notes: Vec<String>,
}

fn is_past(met: &[Met], n: usize) -> bool {
    met.get(n).is_some_and(|met| met.past.is_some())
}

/// Name and MachineGuid, for comparing.
type Key = (Option<String>, Option<String>);

fn key(met: &Met) -> Key {
    (met.name.as_ref().map(|name| name.to_lowercase()), met.guid.as_ref().map(|guid| guid.to_lowercase()))
}

/// Puts together those with the same name and MachineGuid; where one of the two is missing, those that only one other fits.
fn put_together(met: &[Met], numbers: &[usize], machines: &mut Vec<Machine>) {
    let mut by_key: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for &n in numbers {
        let Some(met) = met.get(n) else { continue };
        match key(met) {
            // Nothing says which machine it is.
            (None, None) => machines.push(Machine { all: vec![n], notes: Vec::new() }),
            key => by_key.entry(key).or_default().push(n),
        }
    }
    let whole = |key: &Key| key.0.is_some() && key.1.is_some();
    let (mut sure, rest): (BTreeMap<_, _>, BTreeMap<_, _>) = by_key.into_iter().partition(|(key, _)| whole(key));
    let mut sure: Vec<(Key, Machine)> =
        std::mem::take(&mut sure).into_iter().map(|(key, all)| (key, Machine { all, notes: Vec::new() })).collect();
    let known = sure.len();
    for (key, all) in rest {
        let fits = |other: &Key| match &key {
            (Some(_), None) => other.0 == key.0,
            _ => other.1 == key.1,
        };
        let by = if key.0.is_some() { "name" } else { "MachineGuid" };
        let said = format!("a part of it is known by its {by} alone");
        let fitting: Vec<usize> =
            sure.iter().take(known).enumerate().filter(|(_, (other, _))| fits(other)).map(|(i, _)| i).collect();
        match fitting.as_slice() {
            [only] => {
                let Some((_, machine)) = sure.get_mut(*only) else { continue };
                machine.all.extend(all);
                machine.notes.push(said);
            }
            _ => {
                let notes = if all.len() > 1 { vec![said] } else { Vec::new() };
                sure.push((key, Machine { all, notes }));
            }
        }
    }
    machines.extend(sure.into_iter().map(|(_, machine)| machine));
}

/// The folder of a file, by its name.
fn folder(place: &str) -> &str {
    place.rfind(['/', '\\']).and_then(|at| place.get(..=at)).unwrap_or_default()
}

/// Whether hives of this name are those of the machine that a copy lies with. Windows keeps old ones of itself in the volume, or the
/// folder, that it is in: anything else in that folder may be of another machine.
fn lies_with(past: &PastPlace, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(past.home.as_str()).filter(|_| !past.home.is_empty()) else { return false };
    let folders: Vec<String> = folder(rest).split(['/', '\\']).map(str::to_lowercase).collect();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    match past.kind {
        PastKind::Repair => matches!(folders.as_slice(), ["system32", "config", ""]),
        PastKind::WindowsOld | PastKind::RestorePoint => matches!(folders.as_slice(), [_, "system32", "config", ""]),
        _ => true,
    }
}

/// Which machine a copy of an earlier day is of.
fn whose(met: &[Met], n: usize, machines: &[Machine]) -> Option<usize> {
    let copy = met.get(n)?;
    let past = copy.past.as_ref()?;
    let (name, guid) = key(copy);
    let exact = matches!(past.kind, PastKind::Shadow(_) | PastKind::RegBack | PastKind::Journal | PastKind::Beside);
    let now =
        |machine: &Machine| machine.all.iter().filter_map(|&n| met.get(n)).find(|met| met.past.is_none()).cloned();
    let here = |machine: &Machine| {
        let of = |met: &Met| match exact {
            true => folder(&met.place) == past.home,
            false => lies_with(past, &met.place),
        };
        machine.all.iter().filter_map(|&n| met.get(n)).any(|met| met.past.is_none() && of(met))
    };
    let is = |machine: &Machine, by_name: bool, by_guid: bool| {
        let Some(now) = now(machine) else { return false };
        let (other_name, other_guid) = key(&now);
        let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
        (!by_name || same(&name, &other_name)) && (!by_guid || same(&guid, &other_guid))
    };
    let only = |of: &dyn Fn(&Machine) -> bool| {
        let mut found = machines.iter().enumerate().filter(|(_, machine)| of(machine)).map(|(i, _)| i);
        found.next().filter(|_| found.next().is_none())
    };
    let another = |machine: &Machine| {
        let Some((other_name, other_guid)) = now(machine).map(|now| key(&now)) else { return true };
        let differs = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
        // Where nothing else is known, another name is another machine.
        let same_guid = guid.is_some() && guid == other_guid;
        match name.is_some() && other_name.is_some() {
            true => differs(&name, &other_name) && !same_guid,
            false => differs(&guid, &other_guid),
        }
    };
    let by_place = only(&here).filter(|&i| exact || machines.get(i).is_some_and(|machine| !another(machine)));
    by_place
        .or_else(|| only(&|machine| here(machine) && is(machine, true, true)))
        .or_else(|| only(&|machine| here(machine) && is(machine, false, true)))
        .or_else(|| only(&|machine| here(machine) && is(machine, true, false)))
        .or_else(|| only(&|machine| is(machine, true, true)))
        .or_else(|| only(&|machine| is(machine, true, false) && !another(machine)).filter(|_| guid.is_none()))
}

/// What there is to say of machines that look like others, and are not put together.
fn doubts(met: &[Met], machines: &[Machine]) -> Vec<Vec<String>> {
    let keys: Vec<Key> = machines.iter().map(|machine| last(met, machine).map(key).unwrap_or_default()).collect();
    let shown = |machine: &Machine| last(met, machine).map(|met| met.shown.clone()).unwrap_or_default();
    let doubts = |i: usize, own: &Key| {
        let mut notes = Vec::new();
        for (_, (other, machine)) in keys.iter().zip(machines).enumerate().filter(|(j, _)| *j != i) {
            if own.0.is_some() && own.0 == other.0 {
                notes.push("another machine of this name has another MachineGuid, or says none: installed anew, or not the same; not put together".to_owned());
            } else if own.1.is_some() && own.1 == other.1 {
                let other = shown(machine);
                notes.push(format!(
                    "{other} has the same MachineGuid: a clone, or called otherwise now; not put together"
                ));
            }
        }
        notes.dedup();
        notes
    };
    keys.iter().enumerate().map(|(i, own)| doubts(i, own)).collect()
}

/// The one that is the machine as it is, or the newest there is.
fn last<'m>(met: &'m [Met], machine: &Machine) -> Option<&'m Met> {
    newest(met, machine).and_then(|n| met.get(n))
}

fn newest(met: &[Met], machine: &Machine) -> Option<usize> {
    // Of several of one time none may hide what another one fails. Anybody's clock can be wrong when a key is written: the time of
    // the hives comes first.
    let order = |&&n: &&usize| (!is_past(met, n), base(met, n), time(met, n), badness(met, n), n);
    machine.all.iter().max_by_key(order).copied()
}

/// How bad the verdict is.
fn badness(met: &[Met], n: usize) -> u8 {
    let whole = met.get(n).and_then(|met| met.moments.last()).and_then(|moment| moment.snapshot.whole.as_ref());
    match whole.map(|whole| whole.verdict) {
        Some(Verdict::NotCompliant) => 2,
        Some(Verdict::Unknown) | None => 1,
        Some(Verdict::Compliant) => 0,
    }
}

fn time(met: &[Met], n: usize) -> Option<crate::windows::FileTime> {
    met.get(n)?.moments.last()?.snapshot.time
}

fn base(met: &[Met], n: usize) -> Option<crate::windows::FileTime> {
    met.get(n)?.moments.last()?.snapshot.base
}

/// Where the state of a machine was read, in words.
fn from(met: &Met) -> String {
    match &met.past {
        Some(PastPlace { kind: PastKind::Shadow(as_of), .. }) => as_of.to_string(),
        _ => met.place.to_string(),
    }
}

fn told(met: &[Met], machine: Machine, doubts: Vec<String>) -> Option<Told> {
    let last = newest(met, &machine)?;
    let now = met.get(last)?;
    let is_now = now.past.is_none();
    let Machine { mut all, mut notes } = machine;
    notes.extend(doubts);
    notes.extend(all.iter().filter_map(|&n| met.get(n)).flat_map(|met| met.notes.iter().cloned()));
    all.sort_by_key(|&n| (n == last, time(met, n), n));
    let undated = |&&n: &&usize| n != last && time(met, n).is_none();
    if all.iter().any(|n| undated(&n)) {
        notes.push(
            "of some moments no time is known: they stand first, in the order in which they were found".to_owned(),
        );
    }
    // A shadow copy may well be younger than the last write of a hive.
    let made = |n: usize| {
        met.get(n).and_then(|met| met.moments.last()).is_some_and(|moment| {
            let kind = met.get(n).and_then(|met| met.past.as_ref()).map(|past| past.kind);
            let source = kind.map_or(Source::Now, Source::Past);
            matches!(Moment { source, ..moment.clone() }.time(), Time::Made(_))
        })
    };
    let is_newer = |n: usize| time(met, n).zip(time(met, last)).is_some_and(|(time, now)| time > now);
    if all.iter().any(|&n| is_newer(n) && !made(n)) {
        notes.push("a copy of an earlier day is newer than what is taken for the machine as it is".to_owned());
    }
    let twin = |&&n: &&usize| n != last && !is_past(met, n) && time(met, n) == time(met, last);
    if is_now && all.iter().any(|n| twin(&n)) {
        notes.push(
            "several that look like the newest state of it have the same time: the worst of them is taken for it"
                .to_owned(),
        );
    }
    let mut called: Vec<String> = Vec::new();
    for met in all.iter().filter_map(|&n| met.get(n)).filter(|met| met.name.is_some() && now.name.is_some()) {
        if key(met).0 != key(now).0 {
            called.push(format!("it is called {} in {}", met.name.as_deref().unwrap_or_default(), from(met)));
        }
    }
    for met in all.iter().filter_map(|&n| met.get(n)) {
        if met.guid.is_some() && now.guid.is_some() && key(met).1 != key(now).1 {
            called.push(format!(
                "another MachineGuid stands in {}: Windows may have been installed anew since, or it is another machine's",
                from(met)
            ));
        }
    }
    notes.extend(called);
    let moments = all.iter().filter_map(|&n| Some((n, met.get(n)?))).flat_map(|(n, met)| {
        let source = match &met.past {
            Some(past) => Source::Past(past.kind),
            None if n == last => Source::Now,
            None => Source::Older,
        };
        met.moments.iter().map(move |moment| Moment { source: source.clone(), ..moment.clone() })
    });
    let lines = fold(moments.collect());
    notes.extend(switches(&lines));
    let recovered = recovered(all.iter().rev().filter_map(|&n| met.get(n)));
    Some((History { name: now.shown.clone(), guid: now.guid.clone(), is_now, notes, lines, recovered }, last))
}

/// Where another control set came into use: values of it may be older than that.
fn switches(lines: &[Line]) -> Vec<String> {
    let mut notes = Vec::new();
    let moments = lines.iter().filter(|line| !line.aside).flat_map(|line| &line.moments);
    let own = moments.filter(|moment| !matches!(moment.part, Some(Part::ControlSet { .. })));
    let mut was: Option<&InUse> = None;
    for is in own.filter_map(|moment| moment.snapshot.in_use.as_ref()) {
        if let Some(was) = was.filter(|was| is_switched(Some(was), Some(is))) {
            let written = is.written.as_ref();
            let written = written.map(|written| format!(" (Select last written {})", written.time.rfc3339(0)));
            notes.push(format!(
                "{} was in use before, then {}{}: times of its keys do not say when it came into use",
                was.name,
                is.name,
                written.unwrap_or_default()
            ));
        }
        was = Some(is);
    }
    notes
}

/// What was recovered, the newest source first. What stands in the same place of several copies of a hive is told once.
fn recovered<'m>(newest_first: impl Iterator<Item = &'m Met>) -> Vec<Recovered> {
    let mut all: Vec<Recovered> = Vec::new();
    for one in newest_first.flat_map(|met| &met.recovered) {
        let same = |other: &Recovered| Recovered { artifact: Arc::clone(&one.artifact), ..other.clone() } == *one;
        if !all.iter().any(same) {
            all.push(one.clone());
        }
    }
    all
}
