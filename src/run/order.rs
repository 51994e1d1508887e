//! Workers, and the order of what they make: tasks are taken in the order of the walk, and handed on in it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How many units are under way, and how many results wait for their turn, before others wait for them. Results of one
/// machine take some 20 KiB.
const WINDOW: usize = 256;

/// Where a result stands: the number of its unit, and which part of that it is.
pub(super) type Key = (u64, u32);

/// What to do, and where its result stands.
pub(super) struct Task<J> {
    pub(super) key: Key,
    pub(super) job: J,
}

/// What came of a task.
pub(super) enum Came<J, M> {
    /// All of a unit.
    Whole(M),
    /// The first part of a unit, and what is still to be done: one task for each further part.
    First(M, Vec<J>),
    /// A part of a unit; sometimes the last part too, which has no task of its own.
    Part(M, Option<M>),
}

struct State<J, M> {
    tasks: VecDeque<Task<J>>,
    /// Units that were given.
    units: u64,
    /// Whether no more will be given.
    closed: bool,
    /// Whether nobody wants more.
    stopped: bool,
    results: BTreeMap<Key, M>,
    /// How many parts units have that are under way.
    parts: HashMap<u64, u32>,
    next: Key,
}

/// What workers, the walker and the one who takes the results share.
struct Shared<J, M> {
    state: Mutex<State<J, M>>,
    changed: Condvar,
}

impl<J, M> Shared<J, M> {
    fn lock(&self) -> MutexGuard<'_, State<J, M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State<J, M>>) -> MutexGuard<'s, State<J, M>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// How long a walk may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// A few units: it is done before anything else, and no thread is started where there is but one thing to do at a time. Threads
    /// cost more than a machine: each has a heap of its own, which grows page by page.
    Short,
    /// Any number: it goes on while what it gave is worked on.
    Open,
}

/// Runs the tasks that `walk` gives on `workers` threads and hands what comes of them to `take`, in the order in which the
/// tasks were given. `work` does a task; a panic in it is one of the run.
pub(super) fn in_order<J: Send, M: Send, E>(
    workers: usize,
    length: Length,
    walk: impl FnOnce(&mut dyn FnMut(J) -> bool) + Send,
    work: impl Fn(J) -> Came<J, M> + Sync,
    mut take: impl FnMut(M) -> Result<(), E>,
) -> Result<(), E> {
    if cfg!(target_family = "wasm") {
        return one_by_one(walk, work, take);
    }
    let shared = Shared {
        state: Mutex::new(State {
            tasks: VecDeque::new(),
            units: 0,
            closed: false,
            stopped: false,
            results: BTreeMap::new(),
            parts: HashMap::new(),
            next: (0, 0),
        }),
        changed: Condvar::new(),
    };
    let shared = &shared;
    let mut walk = Some(walk);
    if let Some(walk) = walk.take_if(|_| length == Length::Short) {
        walk(&mut |job| give(shared, job));
        shared.lock().closed = true;
        while let Some(task) = only_task(shared) {
            finish(shared, task.key, work(task.job));
        }
        if shared.lock().tasks.is_empty() {
            return hand_on(shared, &mut take);
        }
    }
    thread::scope(|scope| {
        if let Some(walk) = walk {
            scope.spawn(move || {
                // A walk that panics ends, as far as it came, and the panic is that of the run.
                let walked = catch_unwind(AssertUnwindSafe(|| walk(&mut |job| give(shared, job))));
                shared.lock().closed = true;
                shared.changed.notify_all();
                if let Err(panic) = walked {
                    shared.stop();
                    resume_unwind(panic);
                }
            });
        }
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(task) = next_task(shared) {
                    let key = task.key;
                    match catch_unwind(AssertUnwindSafe(|| work(task.job))) {
                        Ok(came) => finish(shared, key, came),
                        // Nobody is to wait for what will not come.
                        Err(panic) => {
                            shared.stop();
                            resume_unwind(panic);
                        }
                    }
                }
            });
        }
        let taken = hand_on(shared, &mut take);
        shared.stop();
        taken
    })
}

/// The same where there are no threads: a task is done as soon as it is given, and the walk goes on after that.
fn one_by_one<J, M, E>(
    walk: impl FnOnce(&mut dyn FnMut(J) -> bool),
    work: impl Fn(J) -> Came<J, M>,
    mut take: impl FnMut(M) -> Result<(), E>,
) -> Result<(), E> {
    let mut taken = Ok(());
    walk(&mut |job| {
        taken = done_at_once(job, &work, &mut take);
        taken.is_ok()
    });
    taken
}

/// Does a task and its parts, and hands on what comes of them.
fn done_at_once<J, M, E>(
    job: J,
    work: &impl Fn(J) -> Came<J, M>,
    take: &mut impl FnMut(M) -> Result<(), E>,
) -> Result<(), E> {
    let mut jobs = VecDeque::from([job]);
    let mut last_part = None;
    while let Some(job) = jobs.pop_front() {
        match work(job) {
            Came::Whole(made) => take(made)?,
            Came::First(made, parts) => {
                take(made)?;
                jobs.extend(parts);
            }
            Came::Part(made, last) => {
                take(made)?;
                last_part = last.or(last_part);
            }
        }
    }
    last_part.map_or(Ok(()), take)
}

/// Gives a unit; whether more are wanted.
fn give<J, M>(shared: &Shared<J, M>, job: J) -> bool {
    let mut state = shared.lock();
    while !state.stopped && state.units - state.next.0 >= WINDOW as u64 {
        state = shared.wait(state);
    }
    let key = (state.units, 0);
    state.units += 1;
    state.tasks.push_back(Task { key, job });
    let go_on = !state.stopped;
    drop(state);
    shared.changed.notify_all();
    go_on
}

/// The task that is to be done, if it is the only one.
fn only_task<J, M>(shared: &Shared<J, M>) -> Option<Task<J>> {
    let mut state = shared.lock();
    if state.tasks.len() == 1 { state.tasks.pop_front() } else { None }
}

/// The next task; waits for it, and for results to be taken where many wait already.
fn next_task<J, M>(shared: &Shared<J, M>) -> Option<Task<J>> {
    let mut state = shared.lock();
    loop {
        let done = state.closed && state.tasks.is_empty() && state.next.0 >= state.units;
        if state.stopped || done {
            return None;
        }
        let room = state.results.len() < WINDOW;
        // What everything waits for goes on in any case.
        let (unit, part) = state.next;
        let awaited = |key: Key| key.0 == unit && u64::from(key.1.saturating_sub(part)) < WINDOW as u64;
        let wanted = state.tasks.front().is_some_and(|task| room || awaited(task.key));
        if wanted {
            return state.tasks.pop_front();
        }
        state = shared.wait(state);
    }
}

fn finish<J, M>(shared: &Shared<J, M>, key: Key, came: Came<J, M>) {
    let mut state = shared.lock();
    match came {
        Came::Whole(made) => {
            state.parts.insert(key.0, 1);
            state.results.insert(key, made);
        }
        Came::First(made, jobs) => {
            let mut part = key.1;
            let mut tasks = Vec::new();
            for job in jobs {
                part += 1;
                tasks.push(Task { key: (key.0, part), job });
            }
            state.parts.insert(key.0, part + 1);
            state.results.insert(key, made);
            // Before the units that were given later.
            tasks.into_iter().rev().for_each(|task| state.tasks.push_front(task));
        }
        Came::Part(made, last) => {
            state.results.insert(key, made);
            if let (Some(last), Some(parts)) = (last, state.parts.get_mut(&key.0)) {
                let number = *parts;
                *parts += 1;
                state.results.insert((key.0, number), last);
            }
        }
    }
    drop(state);
    shared.changed.notify_all();
}

/// Takes the results in their order until the last one.
fn hand_on<J, M, E>(shared: &Shared<J, M>, take: &mut impl FnMut(M) -> Result<(), E>) -> Result<(), E> {
    let mut state = shared.lock();
    loop {
        let next = state.next;
        if let Some(made) = state.results.remove(&next) {
            drop(state);
            take(made)?;
            state = shared.lock();
            state.next = match state.parts.get(&next.0) {
                Some(parts) if next.1 + 1 >= *parts => {
                    state.parts.remove(&next.0);
                    (next.0 + 1, 0)
                }
                _ => (next.0, next.1 + 1),
            };
            shared.changed.notify_all();
        } else if state.stopped || state.closed && next.0 >= state.units {
            return Ok(());
        } else {
            state = shared.wait(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// A unit of so many parts, or one of its parts.
    enum Job {
        Unit(u64, u32),
        Part(u64, u32),
    }

    /// Runs units of 0, 1, 2, … parts; what came out, and how many results waited at most.
    fn run(workers: usize, length: Length, units: u64, stop_at: usize) -> Vec<(u64, u32)> {
        let made = AtomicUsize::new(0);
        let mut taken = Vec::new();
        let ended = in_order(
            workers,
            length,
            |give| {
                for unit in 0..units {
                    if !give(Job::Unit(unit, u32::try_from(unit % 5).unwrap())) {
                        return;
                    }
                }
            },
            |job| {
                let number = made.fetch_add(1, Ordering::Relaxed);
                // Some take longer than those behind them.
                if number.is_multiple_of(7) {
                    thread::sleep(Duration::from_millis(1));
                }
                match job {
                    Job::Unit(unit, 0) => Came::Whole((unit, 0)),
                    Job::Unit(unit, parts) => {
                        Came::First((unit, 0), (1..=parts).map(|part| Job::Part(unit, part)).collect())
                    }
                    Job::Part(unit, part) => Came::Part((unit, part), None),
                }
            },
            |result| {
                taken.push(result);
                if taken.len() == stop_at { Err(()) } else { Ok(()) }
            },
        );
        assert_eq!(ended.is_err(), taken.len() == stop_at);
        taken
    }

    #[test]
    fn results_come_in_the_order_of_their_units_for_any_number_of_workers() {
        let wanted: Vec<(u64, u32)> =
            (0..1000).flat_map(|unit| (0..=u32::try_from(unit % 5).unwrap()).map(move |part| (unit, part))).collect();
        for workers in [1, 2, 8] {
            assert_eq!(run(workers, Length::Open, 1000, usize::MAX), wanted, "{workers} workers");
            let few = wanted.iter().filter(|(unit, _)| *unit < 10).copied().collect::<Vec<_>>();
            assert_eq!(run(workers, Length::Short, 10, usize::MAX), few, "{workers} workers");
        }
        assert!(run(2, Length::Open, 0, usize::MAX).is_empty() && run(2, Length::Short, 0, usize::MAX).is_empty());
    }

    #[test]
    fn one_thing_after_the_other_needs_no_thread() {
        let here = thread::current().id();
        let mut parts = 0;
        let ended: Result<(), ()> = in_order(
            8,
            Length::Short,
            |give| {
                assert_eq!(thread::current().id(), here);
                give(Job::Unit(0, 1));
            },
            |job| {
                assert_eq!(thread::current().id(), here);
                match job {
                    Job::Unit(unit, part) => Came::First((), vec![Job::Part(unit, part)]),
                    Job::Part(..) => Came::Part((), None),
                }
            },
            |()| {
                parts += 1;
                Ok(())
            },
        );
        assert_eq!((ended, parts), (Ok(()), 2));
    }

    #[test]
    fn without_threads_the_same_comes_out() {
        let mut taken = Vec::new();
        let work = |job| match job {
            Job::Unit(unit, 0) => Came::Whole((unit, 0)),
            Job::Unit(unit, parts) => Came::First((unit, 0), (1..=parts).map(|part| Job::Part(unit, part)).collect()),
            Job::Part(unit, part) => Came::Part((unit, part), (part == 2).then_some((unit, 4))),
        };
        let walk = |give: &mut dyn FnMut(Job) -> bool| {
            let given = [(0, 0), (1, 3), (2, 0), (3, 0), (4, 0)].map(|(unit, parts)| give(Job::Unit(unit, parts)));
            assert_eq!(given, [true, true, true, false, false]);
        };
        let ended = one_by_one(walk, work, |result| {
            taken.push(result);
            if result.0 < 3 { Ok(()) } else { Err(()) }
        });
        assert!(ended.is_err());
        assert_eq!(taken.get(..7), Some(&[(0, 0), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (2, 0)][..]));
    }

    #[test]
    fn who_takes_no_more_ends_the_run() {
        assert_eq!(run(4, Length::Open, 100_000, 3).len(), 3);
        assert_eq!(run(4, Length::Short, 10, 3).len(), 3);
    }

    #[test]
    fn the_last_part_of_a_unit_may_come_with_another() {
        let left = AtomicUsize::new(3);
        let mut taken = Vec::new();
        let ended: Result<(), ()> = in_order(
            4,
            Length::Open,
            |give| {
                give(Job::Unit(0, 3));
                give(Job::Unit(1, 0));
            },
            |job| match job {
                Job::Unit(unit, 0) => Came::Whole((unit, 0)),
                Job::Unit(unit, parts) => {
                    Came::First((unit, 0), (1..=parts).map(|part| Job::Part(unit, part)).collect())
                }
                Job::Part(unit, part) => {
                    // The first part is done last.
                    thread::sleep(Duration::from_millis(u64::from(4 - part) * 5));
                    let last = left.fetch_sub(1, Ordering::SeqCst) == 1;
                    Came::Part((unit, part), last.then_some((unit, 4)))
                }
            },
            |result| {
                taken.push(result);
                Ok(())
            },
        );
        assert!(ended.is_ok());
        assert_eq!(taken, [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0)]);
    }

    #[test]
    fn a_panic_ends_the_run_and_is_its_own() {
        let ran = catch_unwind(|| {
            in_order(
                2,
                Length::Open,
                |give| while give(Job::Unit(0, 0)) {},
                |_| -> Came<Job, u8> { panic!("on purpose") },
                |_| Ok::<(), ()>(()),
            )
        });
        assert!(ran.is_err());
    }
}
