//! Which machine of one run is which of the other: by name, MachineGuid and control set. Where these do not settle it, it is said.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::side::Below;
use super::{Machine, Side};
use crate::saved::record::Verdict;

/// What tells machines apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The computer's name, or what the input is called.
    pub name: String,
    /// What Windows' setup made for this installation. Clones have the same.
    pub guid: Option<String>,
    /// The control set that was judged.
    pub control_set: Option<String>,
    /// Whether it is a copy from an earlier day.
    pub backup: bool,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(set) = &self.control_set {
            write!(f, ", {set}")?;
        }
        if self.backup { f.write_str(", a backup copy") } else { Ok(()) }
    }
}

/// Why it is not certain which machine is which.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// Several machines of a run have the same name, MachineGuid and control set: none of them is compared.
    Double {
        /// Which.
        identity: Identity,
        /// Where they lie in the old run.
        old: Vec<String>,
        /// Where they lie in the new run.
        new: Vec<String>,
        /// How many more of them fail, whichever is which.
        more_fail: usize,
        /// How many fewer of them are judged, whichever is which.
        fewer_judged: usize,
    },
    /// The name is the same and the MachineGuid is not: installed anew, or another machine. They are not compared.
    OtherGuid {
        /// The name.
        name: String,
        /// The control set.
        control_set: Option<String>,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Double { identity, old, new, more_fail, fewer_judged } => {
                let (o, n) = (old.len(), new.len());
                write!(
                    f,
                    "{identity}: {o} of this name and MachineGuid in the old run, {n} in the new: not compared one by one"
                )?;
                match (*more_fail, *fewer_judged) {
                    (0, 0) => {}
                    (fail, 0) => write!(f, "; whichever is which, {fail} more fail")?,
                    (0, fewer) => write!(f, "; whichever is which, {fewer} fewer are judged")?,
                    (fail, fewer) => write!(f, "; whichever is which, {fail} more fail and {fewer} fewer are judged")?,
                }
                write!(f, " ({})", [old.as_slice(), new.as_slice()].concat().join(", "))
            }
            Doubt::OtherGuid { name, .. } => {
                write!(
                    f,
                    "{name}: the same name with another MachineGuid: installed anew, or another machine; not compared"
                )
            }
        }
    }
}

impl Doubt {
    /// Whether something got worse or less was judged, however it is settled.
    pub fn is_worse(&self) -> bool {
        self.more_fail() > 0 || matches!(self, Doubt::Double { fewer_judged, .. } if *fewer_judged > 0)
    }

    /// How many more machines fail, however it is settled.
    pub fn more_fail(&self) -> usize {
        match self {
            Doubt::Double { more_fail, .. } => *more_fail,
            Doubt::OtherGuid { .. } => 0,
        }
    }
}

/// Which machines are the same, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// Old, new, and what is to be said of that they are the same.
    pub(super) pairs: Vec<(usize, usize, Option<String>)>,
    pub(super) gone: Vec<usize>,
    pub(super) new: Vec<usize>,
    pub(super) doubts: Vec<Doubt>,
}

impl Matched {
    /// What is to be said of a machine of which one of the same name is in the other run.
    pub(super) fn namesake(&self, machine: &Machine) -> Option<String> {
        let is = |doubt: &Doubt| {
            matches!(doubt, Doubt::OtherGuid { name, control_set }
                if name.to_lowercase() == machine.identity.name.to_lowercase() && *control_set == machine.identity.control_set)
        };
        let said = "a machine of this name with another MachineGuid is in the other run";
        self.doubts.iter().any(is).then(|| said.to_owned())
    }
}

type Key = (String, Option<String>, Option<String>, bool);

/// Finds the machines that are the same: first by all that tells them apart, then by what is left of it, where only one machine
/// of each run fits.
pub(super) fn matched(old_side: &Side, new_side: &Side) -> Matched {
    let (old, new) = (old_side.machines.as_slice(), new_side.machines.as_slice());
    let mut out = Matched::default();
    let mut left_old: BTreeSet<usize> = (0..old.len()).collect();
    let mut left_new: BTreeSet<usize> = (0..new.len()).collect();
    let whole = |machine: &Machine| Some(key(machine, true, true, true));
    double(old_side, new_side, &mut left_old, &mut left_new, &mut out);
    pair(old, new, &mut left_old, &mut left_new, whole, &mut out, |_, _| None);
    // Another control set is in use now.
    let without_set = |machine: &Machine| Some(key(machine, true, true, false));
    pair(old, new, &mut left_old, &mut left_new, without_set, &mut out, |old, new| {
        let set = |machine: &Machine| machine.identity.control_set.clone().unwrap_or_else(|| "none".to_owned());
        Some(format!("control set {}, before {}", set(new), set(old)))
    });
    // A MachineGuid that several machines of a run have is that of clones, and tells nothing.
    let shared = [old, new].map(shared_guids).concat();
    let shared: BTreeSet<Key> = shared.into_iter().collect();
    let without_name = |machine: &Machine| {
        let key = key(machine, false, true, true);
        (machine.identity.guid.is_some() && !shared.contains(&key)).then_some(key)
    };
    pair(old, new, &mut left_old, &mut left_new, without_name, &mut out, |old, new| {
        Some(format!("{} before: the same MachineGuid under another name", old.identity.name))
            .filter(|_| !new.identity.name.is_empty())
    });
    // One of the two does not say its MachineGuid.
    let by_name = |machine: &Machine| Some(key(machine, true, false, true));
    let known = |machine: &Machine| machine.identity.guid.is_some();
    let mut named: BTreeMap<Key, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for &n in &left_old {
        old.get(n).and_then(by_name).into_iter().for_each(|key| named.entry(key).or_default().0.push(n));
    }
    for &n in &left_new {
        new.get(n).and_then(by_name).into_iter().for_each(|key| named.entry(key).or_default().1.push(n));
    }
    for (key, (olds, news)) in named {
        let ([o, ..], [n, ..]) = (olds.as_slice(), news.as_slice()) else { continue };
        let one_each = olds.len() == 1 && news.len() == 1;
        match (old.get(*o), new.get(*n)) {
            (Some(a), Some(b)) if one_each && !(known(a) && known(b)) => {
                left_old.remove(o);
                left_new.remove(n);
                let said = "only one of the runs says its MachineGuid: the same by its name alone";
                out.pairs.push((*o, *n, Some(said.to_owned())));
            }
            (Some(a), _) => {
                let (name, control_set) = (a.identity.name.clone(), key.2);
                out.doubts.push(Doubt::OtherGuid { name, control_set });
            }
            _ => {}
        }
    }
    out.gone.extend(left_old);
    out.new.extend(left_new);
    out.pairs.sort_by_key(|(_, new, _)| *new);
    out
}

fn key(machine: &Machine, name: bool, guid: bool, set: bool) -> Key {
    let Identity { name: called, guid: made, control_set, backup } = &machine.identity;
    let name = if name { called.to_lowercase() } else { String::new() };
    (name, made.clone().filter(|_| guid).map(|guid| guid.to_lowercase()), control_set.clone().filter(|_| set), *backup)
}

/// The MachineGuids, with control sets, that several machines of a run have.
fn shared_guids(machines: &[Machine]) -> Vec<Key> {
    let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
    for machine in machines {
        *counts.entry(key(machine, false, true, true)).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(key, _)| key).collect()
}

/// Takes out machines that are there several times, but for those that lie in places of the same name.
fn double(
    old_side: &Side,
    new_side: &Side,
    left_old: &mut BTreeSet<usize>,
    left_new: &mut BTreeSet<usize>,
    out: &mut Matched,
) {
    let (old, new) = (old_side.machines.as_slice(), new_side.machines.as_slice());
    let mut groups: BTreeMap<Key, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (n, machine) in old.iter().enumerate() {
        groups.entry(key(machine, true, true, true)).or_default().0.push(n);
    }
    for (n, machine) in new.iter().enumerate() {
        groups.entry(key(machine, true, true, true)).or_default().1.push(n);
    }
    let count = |machines: &[Machine], of: &[usize], is: fn(&Machine) -> bool| {
        of.iter().filter_map(|&n| machines.get(n)).filter(|machine| is(machine)).count()
    };
    let fails = |machine: &Machine| machine.verdict == Verdict::NotCompliant;
    let judged = |machine: &Machine| machine.verdict != Verdict::Unknown;
    for (mut olds, mut news) in
        groups.into_values().filter(|(old, new)| old.len().min(new.len()) > 0 && old.len().max(new.len()) > 1)
    {
        let there = by_place(new_side, &news);
        let (mut same_old, mut same_new) = (BTreeSet::new(), BTreeSet::new());
        for (place, here) in by_place(old_side, &olds) {
            if let (&[o], Some(&[n])) = (here.as_slice(), there.get(&place).map(Vec::as_slice)) {
                out.pairs.push((o, n, Some("one of several alike, by its place".to_owned())));
                same_old.insert(o);
                same_new.insert(n);
            }
        }
        olds.retain(|o| !same_old.contains(o));
        news.retain(|n| !same_new.contains(n));
        left_old.retain(|o| !same_old.contains(o));
        left_new.retain(|n| !same_new.contains(n));
        if olds.len() < 2 && news.len() < 2 {
            continue;
        }
        for n in &olds {
            left_old.remove(n);
        }
        for n in &news {
            left_new.remove(n);
        }
        let first = olds.first().and_then(|&n| old.get(n)).or_else(|| news.first().and_then(|&n| new.get(n)));
        let Some(first) = first else { continue };
        out.doubts.push(Doubt::Double {
            identity: first.identity.clone(),
            old: olds.iter().filter_map(|&n| unit(old_side, n)).map(|unit| unit.path.to_owned()).collect(),
            new: news.iter().filter_map(|&n| unit(new_side, n)).map(|unit| unit.path.to_owned()).collect(),
            more_fail: count(new, &news, fails).saturating_sub(count(old, &olds, fails)),
            fewer_judged: count(old, &olds, judged).saturating_sub(count(new, &news, judged)),
        });
    }
}

/// Pairs up machines of which exactly one in each run has the same key.
fn pair(
    old: &[Machine],
    new: &[Machine],
    left_old: &mut BTreeSet<usize>,
    left_new: &mut BTreeSet<usize>,
    key: impl Fn(&Machine) -> Option<Key>,
    out: &mut Matched,
    said: impl Fn(&Machine, &Machine) -> Option<String>,
) {
    let by_key = |machines: &[Machine], left: &BTreeSet<usize>| {
        let mut by: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for &n in left {
            machines.get(n).and_then(&key).into_iter().for_each(|key| by.entry(key).or_default().push(n));
        }
        by
    };
    let news = by_key(new, left_new);
    for (key, olds) in by_key(old, left_old) {
        let (&[o], Some(&[n])) = (olds.as_slice(), news.get(&key).map(Vec::as_slice)) else { continue };
        let (Some(a), Some(b)) = (old.get(o), new.get(n)) else { continue };
        out.pairs.push((o, n, said(a, b)));
        left_old.remove(&o);
        left_new.remove(&n);
    }
}

/// Where a machine lies.
fn unit(side: &Side, n: usize) -> Option<Below<'_>> {
    side.machines.get(n).map(|machine| side.below(&machine.unit))
}

fn by_place<'s>(side: &'s Side, all: &[usize]) -> BTreeMap<Option<Below<'s>>, Vec<usize>> {
    let mut by: BTreeMap<Option<Below<'_>>, Vec<usize>> = BTreeMap::new();
    all.iter().for_each(|&n| by.entry(unit(side, n)).or_default().push(n));
    by
}
