//! Moments in their order made into lines: equal ones together, with what changed from one line to the next.

use super::{InUse, KeyTime, Moment, Part, Row, Seen, Time, Whole};
use crate::audit::Verdict;
use crate::audit::effective::Overall;
use crate::host::HiveKind;
use crate::windows::FileTime;
use crate::windows::path::KeyPath;

/// Moments that follow one another and say the same.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// The moments, in order.
    pub moments: Vec<Moment>,
    /// One for each thing that is watched: what is known of it here, from this line or from the last one that said it
    /// ([`Line::says`] tells which).
    pub rows: Vec<Row>,
    /// The control set in use, by the newest moment that says which.
    pub in_use: Option<InUse>,
    /// The numbers of what no line above has said.
    pub first_said: Vec<usize>,
    /// What the whole machine was, where a moment of it says so.
    pub whole: Option<Whole>,
    /// What is not as it was in the lines above.
    pub changes: Vec<Change>,
    /// What Windows did in effect, and the verdict, where that is not as it was above.
    pub effect: Option<Effect>,
    /// Whether it stands beside the course of time: a control set that is not in use, of which no time is known. It is held against
    /// the set in use of the same hive, and nothing is held against it.
    pub aside: bool,
}

/// Something that is watched and is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The number of what is watched.
    pub row: usize,
    /// What it was.
    pub before: Seen,
    /// What it is.
    pub after: Seen,
    /// When that was done.
    pub when: When,
}

/// What is known of when something was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// Between these: it was still the old value at the first, and nothing was written in its key after the second.
    Between(Option<FileTime>, KeyTime),
    /// After this, and before the moment that says so.
    After(FileTime),
    /// The times contradict each other: this is when the key was last written, by the moment that has the new value, and the old
    /// value was still there later than that.
    Contradicted(KeyTime),
    /// Nothing.
    NotKnown,
}

/// What Windows did in effect, and the verdict, before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What Windows did.
    pub before: Overall,
    /// The verdict.
    pub verdict: Verdict,
}

/// Puts moments, which stand in their order, into lines.
pub(super) fn fold(moments: Vec<Moment>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut sets: Vec<Moment> = Vec::new();
    for moment in moments {
        match moment.part {
            Some(Part::ControlSet { .. }) => sets.push(moment),
            Some(_) => take(moment, &mut lines),
            None => {
                let (alike, other): (Vec<Moment>, Vec<Moment>) = std::mem::take(&mut sets)
                    .into_iter()
                    .partition(|set| is_alike(&moment.snapshot.rows, &set.snapshot.rows));
                let aside = other.into_iter().map(|set| aside(set, &moment));
                let aside: Vec<Line> = aside.collect();
                take(moment, &mut lines);
                let Some(mut last) = lines.pop() else { continue };
                let before = last.moments.len().saturating_sub(1);
                last.moments.splice(before..before, alike);
                lines.extend(aside);
                lines.push(last);
            }
        }
    }
    lines
}

/// Whether a control set says what the one in use says: one that cannot be read does not.
fn is_alike(in_use: &[Row], set: &[Row]) -> bool {
    let is_lost = |(in_use, set): (&Row, &Row)| in_use.seen.is_told() && matches!(set.seen, Seen::Unknown(_));
    rows(in_use, set).is_empty() && !in_use.iter().zip(set).any(is_lost)
}

/// A control set that is not as the one in use.
fn aside(set: Moment, in_use: &Moment) -> Line {
    let changes = rows(&in_use.snapshot.rows, &set.snapshot.rows);
    let whole = set.snapshot.whole.clone();
    let (rows, first_said) = (set.snapshot.rows.clone(), Vec::new());
    Line { rows, in_use: None, first_said, whole, moments: vec![set], changes, effect: None, aside: true }
}

/// Puts a moment into the last line, or behind it.
fn take(moment: Moment, lines: &mut Vec<Line>) {
    let before = lines.iter().rev().filter(|line| !line.aside).find_map(|line| line.whole.as_ref());
    let effect = before.zip(moment.snapshot.whole.as_ref()).and_then(|(was, is)| effect(was, is));
    let Some(last) = lines.iter_mut().rfind(|line| !line.aside) else {
        lines.push(Line::first(moment));
        return;
    };
    let changes = changes(last, &moment);
    // What cannot be told is not the same as anything.
    let same_doubt = last.moments.last().is_some_and(is_in_doubt) == is_in_doubt(&moment);
    if changes.is_empty() && effect.is_none() && same_doubt {
        last.add(moment);
        return;
    }
    let rows = last.rows.clone();
    let in_use = last.in_use.clone();
    let mut next = Line { rows, in_use, changes, effect, ..Line::default() };
    next.add(moment);
    lines.push(next);
}

/// The numbers of what is not the same in both, where both say it, as changes without a time.
fn rows(was: &[Row], is: &[Row]) -> Vec<Change> {
    let differs = |(was, is): &(&Row, &Row)| was.seen.is_told() && is.seen.is_told() && !is.seen.is_same(&was.seen);
    let numbered = was.iter().zip(is).enumerate().filter(|(_, pair)| differs(pair));
    let change = |(row, (was, is)): (usize, (&Row, &Row))| {
        let (before, after) = (was.seen.clone(), is.seen.clone());
        Change { row, before, after, when: When::NotKnown }
    };
    numbered.map(change).collect()
}

impl Line {
    fn first(moment: Moment) -> Self {
        let silent = Row { seen: Seen::Silent, written: None, known_at: None };
        let mut line = Self { rows: vec![silent; moment.snapshot.rows.len()], ..Self::default() };
        line.add(moment);
        line
    }

    /// Takes in a moment: what it says is the newest that is known.
    fn add(&mut self, moment: Moment) {
        for (number, (known, row)) in self.rows.iter_mut().zip(&moment.snapshot.rows).enumerate() {
            if row.seen.is_told() && !known.seen.is_told() {
                self.first_said.push(number);
            }
            if row.seen.is_told() || !known.seen.is_told() {
                known.clone_from(row);
            }
        }
        if let Some(whole) = &moment.snapshot.whole {
            self.whole = Some(whole.clone());
        }
        if let Some(in_use) = &moment.snapshot.in_use {
            self.in_use = Some(in_use.clone());
        }
        self.moments.push(moment);
    }

    /// What is known of what has this number; that it cannot be told, where each moment that speaks of it says that.
    pub fn row(&self, number: usize) -> Option<&Row> {
        let mut own = self.moments.iter().filter_map(|moment| moment.snapshot.rows.get(number));
        let unknown = own.clone().find(|row| matches!(row.seen, Seen::Unknown(_)));
        match unknown {
            Some(row) if !own.any(|row| row.seen.is_told()) => Some(row),
            _ => self.rows.get(number),
        }
    }

    /// Whether a moment of it says something of what has this number, or that it cannot be told.
    pub fn says(&self, number: usize) -> bool {
        let mut seen = self.moments.iter().filter_map(|moment| moment.snapshot.rows.get(number));
        seen.any(|row| row.seen != Seen::Silent)
    }

    /// The first moment with a time that is known.
    pub fn first_time(&self) -> Time {
        let mut times = self.moments.iter().map(Moment::time);
        times.find(|time| time.known().is_some()).unwrap_or(Time::NotKnown)
    }

    /// Keys that were written between moments of it: their values may have been others for a while.
    pub fn written_between(&self) -> Vec<&KeyPath> {
        let mut keys: Vec<&KeyPath> = Vec::new();
        let count = self.moments.iter().map(|moment| moment.snapshot.rows.len()).max().unwrap_or_default();
        for number in 0..count {
            let rows = self.moments.iter().filter(|moment| !matches!(moment.part, Some(Part::ControlSet { .. })));
            let rows = rows.filter_map(|moment| moment.snapshot.rows.get(number)).filter(|row| row.seen.is_told());
            let mut known_at = None;
            for row in rows {
                if let (Some(known_at), Some(written)) = (known_at, &row.written)
                    && written.time > known_at
                    && !keys.contains(&&written.key)
                {
                    keys.push(&written.key);
                }
                known_at = row.known_at.or(known_at);
            }
        }
        keys
    }

    /// The last one, where that is another.
    pub fn until(&self) -> Option<Time> {
        let mut times = self.moments.iter().rev().map(Moment::time);
        times.find(|time| time.known().is_some()).filter(|last| *last != self.first_time())
    }
}

fn is_in_doubt(moment: &Moment) -> bool {
    moment.snapshot.rows.iter().any(|row| matches!(row.seen, Seen::Unknown(_)))
}

fn changes(last: &Line, moment: &Moment) -> Vec<Change> {
    let mut changes = Vec::new();
    let is_switched = is_switched(last.in_use.as_ref(), moment.snapshot.in_use.as_ref());
    for (number, (was, is)) in last.rows.iter().zip(&moment.snapshot.rows).enumerate() {
        let newly_in_doubt = || {
            let known = last.changes.iter().find(|change| change.row == number);
            was.seen.is_told() && !known.is_some_and(|change| matches!(change.after, Seen::Unknown(_)))
        };
        let differs = match &is.seen {
            Seen::Silent => false,
            Seen::Unknown(_) => newly_in_doubt(),
            told => was.seen.is_told() && !told.is_same(&was.seen),
        };
        if differs {
            let when = match is_switched && [was, is].into_iter().any(is_of_set) {
                true => switched(was, is),
                false => when(was, is),
            };
            changes.push(Change { row: number, before: was.seen.clone(), after: is.seen.clone(), when });
        }
    }
    changes
}

/// Whether another control set is in use.
pub(super) fn is_switched(was: Option<&InUse>, is: Option<&InUse>) -> bool {
    was.zip(is).is_some_and(|(was, is)| !was.name.eq_ignore_ascii_case(&is.name))
}

/// Whether it stands in a control set, or may do so.
fn is_of_set(row: &Row) -> bool {
    row.written.as_ref().is_none_or(|written| written.key.below(&HiveKind::System.root()).is_some())
}

/// When what another control set says came into use: times of its keys say nothing of that.
fn switched(was: &Row, is: &Row) -> When {
    match was.known_at.max(was.written.as_ref().map(|written| written.time)) {
        Some(still) if is.seen.is_told() => When::After(still),
        _ => When::NotKnown,
    }
}

/// When something that was so became as it is.
fn when(was: &Row, is: &Row) -> When {
    if !is.seen.is_told() {
        return When::NotKnown;
    }
    let still = was.known_at.max(was.written.as_ref().map(|written| written.time));
    match (still, &is.written) {
        (Some(still), Some(written)) if written.time <= still => When::Contradicted(written.clone()),
        (still, Some(written)) => When::Between(still, written.clone()),
        (Some(still), None) => When::After(still),
        (None, None) => When::NotKnown,
    }
}

fn effect(was: &Whole, is: &Whole) -> Option<Effect> {
    let same = was.overall == is.overall && was.verdict == is.verdict;
    (!same).then(|| Effect { before: was.overall.clone(), verdict: was.verdict })
}
