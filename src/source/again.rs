//! What can be opened again: a folder of a thousand images must not need a thousand open files at once.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::error::Error;

/// The few things that were opened last, kept open: what is asked for next is mostly one of them.
#[derive(Default)]
pub(crate) struct Recent(Mutex<VecDeque<Arc<dyn Any + Send + Sync>>>);

/// Two of an image and its archive, for each of a few hosts.
const KEPT: usize = 8;

impl Recent {
    fn keep(&self, thing: Arc<dyn Any + Send + Sync>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(thing);
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }
}

type Open<T> = Box<dyn Fn() -> Result<Arc<T>, Error> + Send + Sync>;

/// Something that is opened when it is asked for, closed when nobody uses it, and then opened again.
pub(crate) struct Again<T> {
    open: Open<T>,
    there: Mutex<Weak<T>>,
    recent: Arc<Recent>,
}

impl<T: Send + Sync + 'static> Again<T> {
    pub(super) fn new(recent: &Arc<Recent>, open: impl Fn() -> Result<Arc<T>, Error> + Send + Sync + 'static) -> Self {
        Self { open: Box::new(open), there: Mutex::new(Weak::new()), recent: Arc::clone(recent) }
    }

    /// The same, and here it is already.
    pub(super) fn with(self, thing: &Arc<T>) -> Self {
        *self.there.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(thing);
        self.recent.keep(Arc::clone(thing) as Arc<dyn Any + Send + Sync>);
        self
    }

    pub(super) fn get(&self) -> Result<Arc<T>, Error> {
        let mut there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thing) = there.upgrade() {
            return Ok(thing);
        }
        let thing = (self.open)()?;
        *there = Arc::downgrade(&thing);
        self.recent.keep(Arc::clone(&thing) as Arc<dyn Any + Send + Sync>);
        Ok(thing)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn it_is_opened_again_once_it_is_no_longer_kept() {
        let recent = Arc::new(Recent::default());
        let count = Arc::new(AtomicUsize::new(0));
        let many: Vec<Again<usize>> = (0..KEPT + 1)
            .map(|_| {
                let count = Arc::clone(&count);
                Again::new(&recent, move || Ok(Arc::new(count.fetch_add(1, Ordering::Relaxed))))
            })
            .collect();
        assert_eq!((*many[0].get().unwrap(), *many[0].get().unwrap()), (0, 0));
        let held = many[1].get().unwrap();
        for one in &many[2..] {
            one.get().unwrap();
        }
        assert_eq!(*many[0].get().unwrap(), KEPT + 1, "the oldest was let go");
        assert_eq!((*many[1].get().unwrap(), *held), (1, 1), "what is in use is the same thing");
    }

    #[test]
    fn a_failure_is_not_kept() {
        let recent = Arc::new(Recent::default());
        let again: Again<usize> = Again::new(&recent, || Err(Error::Stale { what: String::new() }));
        assert!(again.get().is_err() && again.get().is_err());
    }
}
