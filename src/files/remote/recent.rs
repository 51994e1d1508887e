//! What was used lately, by path.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Some values by path, which are forgotten in the order in which they came.
pub(super) struct Recent<T> {
    values: HashMap<PathBuf, Arc<T>>,
    order: VecDeque<PathBuf>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Recent<T> {
    pub(super) fn get(&self, path: &Path) -> Option<Arc<T>> {
        self.values.get(path).map(Arc::clone)
    }

    pub(super) fn put(&mut self, path: &Path, value: Arc<T>) {
        if self.values.insert(path.to_path_buf(), value).is_none() {
            self.order.push_back(path.to_path_buf());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn forget_oldest(&mut self) {
        if let Some(oldest) = self.order.pop_front() {
            self.values.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut recent = Recent::default();
        for (path, value) in [("a", 1), ("b", 2), ("a", 3)] {
            recent.put(Path::new(path), Arc::new(value));
        }
        assert_eq!((recent.len(), recent.get(Path::new("a")).as_deref()), (2, Some(&3)));
        recent.forget_oldest();
        assert_eq!(
            (recent.len(), recent.get(Path::new("a")), recent.get(Path::new("b")).as_deref()),
            (1, None, Some(&2))
        );
    }
}
