//! How far a run is: workers write it down, and another thread may look. Nothing of it is part of a result.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the reading of a file is.
#[derive(Debug, Default)]
pub struct Meter {
    position: AtomicU64,
    length: AtomicU64,
}

impl Meter {
    /// A file of so many bytes is read from now on.
    pub(crate) fn begin(&self, length: u64) {
        self.position.store(0, Ordering::Relaxed);
        self.length.store(length, Ordering::Relaxed);
    }

    pub(crate) fn reached(&self, position: u64) {
        self.position.store(position, Ordering::Relaxed);
    }

    /// How many bytes are read, and of how many; none where no file is read from its start to its end.
    pub fn bytes(&self) -> Option<(u64, u64)> {
        let length = self.length.load(Ordering::Relaxed);
        (length > 0).then(|| (self.position.load(Ordering::Relaxed).min(length), length))
    }
}

/// How far a run is. The things that it counts are machines, and images and archives as a whole.
#[derive(Debug, Default)]
pub struct Progress(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    found: u64,
    done: u64,
    not_read: u64,
    /// Folders and other units that may hold more, and whether there will be no more of them.
    open: u64,
    walked: bool,
    under_way: Vec<Arc<Thing>>,
    last: String,
}

#[derive(Debug)]
struct Thing {
    name: String,
    number: u64,
    meter: Arc<Meter>,
}

/// What is known at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Seen {
    /// Things that are done.
    pub done: u64,
    /// How many there are in all, once that is known.
    pub total: Option<u64>,
    /// What could hold a machine and could not be read.
    pub not_read: u64,
    /// What has been under way for longest, else what was last; empty before the first.
    pub name: String,
    /// Its number among all things; none where nothing is under way.
    pub number: Option<u64>,
    /// Of that, the bytes that are read, and of how many, where it is read from its start to its end.
    pub bytes: Option<(u64, u64)>,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a unit, of which it is not known yet what is in it.
    pub(crate) fn unit(&self) {
        self.lock().open += 1;
    }

    /// What is in a unit is known: so many things.
    pub(crate) fn surveyed(&self, things: u64) {
        let mut state = self.lock();
        state.found += things;
        state.open = state.open.saturating_sub(1);
    }

    /// No more units will come.
    pub(crate) fn walked(&self) {
        self.lock().walked = true;
    }

    /// So many things could not be read.
    pub(crate) fn not_read(&self, count: u64) {
        self.lock().not_read += count;
    }

    /// A thing is begun; it is done when what this gives is dropped.
    pub(crate) fn begin(&self, name: &str) -> UnderWay<'_> {
        let mut state = self.lock();
        let number = state.done + state.under_way.len() as u64;
        let thing = Arc::new(Thing { name: name.to_owned(), number, meter: Arc::default() });
        state.under_way.push(Arc::clone(&thing));
        name.clone_into(&mut state.last);
        UnderWay { progress: self, thing }
    }

    /// How far it is.
    pub fn seen(&self) -> Seen {
        let state = self.lock();
        let first = state.under_way.first();
        Seen {
            done: state.done,
            total: (state.walked && state.open == 0).then_some(state.found),
            not_read: state.not_read,
            name: first.map_or_else(|| state.last.clone(), |thing| thing.name.clone()),
            number: first.map(|thing| thing.number),
            bytes: first.and_then(|thing| thing.meter.bytes()),
        }
    }
}

/// A thing that is under way.
#[derive(Debug)]
pub(crate) struct UnderWay<'a> {
    progress: &'a Progress,
    thing: Arc<Thing>,
}

impl UnderWay<'_> {
    /// For the file that it is read from.
    pub(crate) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.thing.meter)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut state = self.progress.lock();
        state.done += 1;
        state.under_way.retain(|thing| !Arc::ptr_eq(thing, &self.thing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_known_when_the_walk_is_over_and_every_unit_was_looked_at() {
        let progress = Progress::default();
        progress.unit();
        progress.unit();
        progress.surveyed(2);
        progress.walked();
        assert_eq!(progress.seen().total, None);
        progress.surveyed(3);
        assert_eq!(progress.seen().total, Some(5));
    }

    #[test]
    fn what_has_been_under_way_for_longest_is_named() {
        let progress = Progress::default();
        let first = progress.begin("a.vhdx");
        let second = progress.begin("b.vhdx");
        let seen = progress.seen();
        assert_eq!((seen.done, seen.name.as_str(), seen.bytes), (0, "a.vhdx", None));
        drop(first);
        second.meter().begin(100);
        second.meter().reached(40);
        let seen = progress.seen();
        assert_eq!((seen.done, seen.name.as_str(), seen.bytes), (1, "b.vhdx", Some((40, 100))));
        drop(second);
        let seen = progress.seen();
        assert_eq!((seen.done, seen.name.as_str(), seen.number), (2, "b.vhdx", None));
    }
}
