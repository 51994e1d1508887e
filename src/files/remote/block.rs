//! Blocks of an object in memory: those that were used last.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::number::wide;

static IN_MEMORY: AtomicU64 = AtomicU64::new(0);

/// Bytes of all blocks.
pub(super) fn in_memory() -> u64 {
    IN_MEMORY.load(Ordering::Relaxed)
}

/// Some blocks of one object.
pub(super) struct Blocks {
    /// By their numbers; what was used last comes last.
    kept: Vec<(u64, Vec<u8>)>,
    most: usize,
}

impl Blocks {
    pub(super) fn new(most: usize) -> Self {
        Self { kept: Vec::new(), most }
    }

    /// Copies from a block, if it is there; how many bytes.
    pub(super) fn copy(&mut self, number: u64, within: usize, buf: &mut [u8]) -> Option<usize> {
        let place = self.kept.iter().position(|(there, _)| *there == number)?;
        let block = self.kept.remove(place);
        let from = block.1.get(within..).unwrap_or_default();
        let n = from.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), from.get(..n)) {
            to.copy_from_slice(from);
        }
        self.kept.push(block);
        Some(n)
    }

    /// Keeps a block, in the place of the one that was used the longest ago.
    pub(super) fn put(&mut self, number: u64, mut bytes: Vec<u8>) {
        if self.kept.len() >= self.most {
            let (_, old) = self.kept.remove(0);
            IN_MEMORY.fetch_sub(wide(old.len()), Ordering::Relaxed);
        }
        bytes.shrink_to_fit();
        IN_MEMORY.fetch_add(wide(bytes.len()), Ordering::Relaxed);
        self.kept.push((number, bytes));
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        let bytes = self.kept.iter().map(|(_, block)| wide(block.len())).sum();
        IN_MEMORY.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_that_was_used_the_longest_ago_goes_first() {
        let mut blocks = Blocks::new(2);
        let mut buf = [0u8; 4];
        blocks.put(0, vec![0; 3]);
        blocks.put(1, vec![1; 3]);
        assert_eq!(blocks.copy(0, 1, &mut buf), Some(2));
        blocks.put(2, vec![2; 3]);
        assert_eq!((blocks.copy(1, 0, &mut buf), blocks.copy(0, 9, &mut buf)), (None, Some(0)));
        assert_eq!(blocks.copy(2, 0, &mut buf), Some(3));
        assert_eq!(buf, [2, 2, 2, 0]);
    }
}
