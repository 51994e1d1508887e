//! Blocks of an object in memory: those that were used last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::number::wide;

static IN_MEMORY: AtomicU64 = AtomicU64::new(0);

/// Buffers of blocks that nobody needs any more. Asking for new ones all the time, on many threads, leaves holes in memory that add up
/// to as much again.
static SPARE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// How many of them are kept.
const SPARES: usize = 32;

/// An empty buffer for so many bytes.
pub(super) fn buffer(bytes: usize) -> Vec<u8> {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = spare.iter().position(|buffer| buffer.capacity() >= bytes && buffer.capacity() / 2 <= bytes);
    let fitting = fits.map(|place| spare.swap_remove(place));
    drop(spare);
    fitting.unwrap_or_else(|| Vec::with_capacity(bytes))
}

/// Takes back the buffer of a block.
fn take_back(mut buffer: Vec<u8>) {
    IN_MEMORY.fetch_sub(wide(buffer.len()), Ordering::Relaxed);
    buffer.clear();
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if spare.len() < SPARES {
        spare.push(buffer);
    }
}

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
    pub(super) fn put(&mut self, number: u64, bytes: Vec<u8>) {
        if self.kept.len() >= self.most {
            take_back(self.kept.remove(0).1);
        }
        IN_MEMORY.fetch_add(wide(bytes.len()), Ordering::Relaxed);
        self.kept.push((number, bytes));
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.kept.drain(..).for_each(|(_, block)| take_back(block));
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
