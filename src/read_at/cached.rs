//! Blocks of a source kept in memory: tables of disk images are asked for a few entries at a time.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{ReadAt, fill};
use crate::number::{narrow, wide};

struct Block {
    number: u64,
    len: usize,
    bytes: Box<[u8]>,
}

/// A source read by whole blocks, a bounded number of which is kept.
pub struct Cached<S> {
    source: S,
    block: usize,
    /// Direct-mapped: block `n` can only be in slot `n % slots.len()`.
    slots: Mutex<Vec<Option<Block>>>,
}

impl<S: ReadAt> Cached<S> {
    /// Reads `source` by blocks of `block` bytes, at most `slots` of which are in memory.
    pub fn new(source: S, block: usize, slots: usize) -> Self {
        let mut empty = Vec::new();
        empty.resize_with(slots.max(1), || None);
        Self { source, block: block.max(1), slots: Mutex::new(empty) }
    }

    fn read_some(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let size = wide(self.block);
        let (number, within) = (offset / size, narrow(offset % size));
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let count = u64::try_from(slots.len()).unwrap_or(1);
        let index = usize::try_from(number % count.max(1)).unwrap_or_default();
        let Some(slot) = slots.get_mut(index) else { return Ok(0) };
        if slot.as_ref().is_none_or(|held| held.number != number) {
            let mut bytes = slot.take().map_or_else(|| vec![0u8; self.block].into_boxed_slice(), |held| held.bytes);
            let start = number.saturating_mul(size);
            let len = self.source.fill_at(start, &mut bytes)?.len();
            *slot = Some(Block { number, len, bytes });
        }
        let held = slot.as_ref().and_then(|held| held.bytes.get(within..held.len)).unwrap_or_default();
        let n = held.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), held.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }
}

impl<S: ReadAt> ReadAt for Cached<S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        fill(offset, buf, |at, rest| self.read_some(at, rest))
    }

    fn len(&self) -> u64 {
        self.source.len()
    }

    fn origin(&self, offset: u64) -> Option<(Arc<str>, u64)> {
        self.source.origin(offset)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counted(Vec<u8>, AtomicUsize);

    impl ReadAt for Counted {
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.read_at(offset, buf)
        }

        fn len(&self) -> u64 {
            ReadAt::len(&self.0)
        }
    }

    #[test]
    fn reads_across_blocks_are_right_and_blocks_are_kept() {
        let bytes: Vec<u8> = (0..=255).collect();
        let cached = Cached::new(Counted(bytes.clone(), AtomicUsize::new(0)), 16, 4);
        for (offset, len) in [(0, 256), (5, 3), (14, 20), (250, 10), (255, 1), (256, 1), (1000, 4)] {
            let (mut got, mut want) = (vec![0u8; len], vec![0u8; len]);
            let n = cached.read_at(offset, &mut got).unwrap();
            assert_eq!(n, bytes.read_at(offset, &mut want).unwrap());
            assert_eq!(got, want);
        }
        let before = cached.source.1.load(Ordering::Relaxed);
        let mut one = [0u8; 1];
        for offset in 240..256 {
            cached.read_exact_at(offset, &mut one).unwrap();
        }
        assert!(cached.source.1.load(Ordering::Relaxed) <= before + 1);
        assert!(cached.read_exact_at(256, &mut one).is_err());
    }
}
