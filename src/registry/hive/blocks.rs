//! Blocks: how the bytes of a hive are fetched for a walk, which passes all of them.
//!
//! A look-up wants few bytes and reads single pages; a walk wants every byte once and in nearly the order in which they lie.
//! So it reads 64 KiB at a time, and lends the bytes where they lie instead of copying them.

use super::cell::{Cell, file_offset, in_bins};
use crate::error::{At, Error};
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

const BLOCK: usize = 1 << 16;
const BLOCK_U64: u64 = 1 << 16;

struct Block {
    number: u64,
    len: usize,
    bytes: Box<[u8]>,
}

/// A byte source read by whole blocks, a bounded number of which is kept.
pub(super) struct Blocks<'a> {
    source: &'a dyn ReadAt,
    bins_size: u32,
    /// Direct-mapped, as the pages of look-ups are.
    slots: Vec<Option<Block>>,
    /// What reaches over the end of a block.
    joined: Vec<u8>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(source: &'a dyn ReadAt, bins_size: u32, count: usize) -> Self {
        let needed = narrow(source.len().div_ceil(BLOCK_U64));
        let mut slots = Vec::new();
        // A power of two, so that finding a slot takes no division: it is done for every structure of the hive.
        slots.resize_with(count.min(needed).clamp(1, 1 << 16).next_power_of_two(), || None);
        Self { source, bins_size, slots, joined: Vec::new() }
    }

    /// Lends `len` bytes from `offset`, which counts from the start of the file.
    #[inline]
    pub(super) fn bytes(&mut self, offset: u64, len: usize, what: &'static str) -> Result<&[u8], Error> {
        let within = usize::try_from(offset % BLOCK_U64).unwrap_or(BLOCK);
        let end = within.saturating_add(len);
        if end > BLOCK {
            return self.join(offset, len, what);
        }
        let block = self.block(offset / BLOCK_U64, what)?;
        block.get(within..end).ok_or_else(|| ended(offset, len, block.len().saturating_sub(within), what))
    }

    #[inline]
    fn block(&mut self, number: u64, what: &'static str) -> Result<&[u8], Error> {
        let mask = self.slots.len().saturating_sub(1);
        let slot = usize::try_from(number).ok().and_then(|n| self.slots.get_mut(n & mask));
        let none = || Error::Limit { at: At::Whole, what: "blocks in memory", limit: 0 };
        let slot = slot.ok_or_else(none)?;
        if slot.as_ref().is_none_or(|block| block.number != number) {
            load(self.source, slot, number, what)?;
        }
        let block = slot.as_ref().ok_or_else(none)?;
        Ok(block.bytes.get(..block.len).unwrap_or_default())
    }

    #[cold]
    fn join(&mut self, offset: u64, len: usize, what: &'static str) -> Result<&[u8], Error> {
        // Ask before allocating: a cut-short file must not cost the memory of what it claims to hold.
        let available = narrow(self.source.len().saturating_sub(offset));
        if len > available {
            return Err(ended(offset, len, available, what));
        }
        let mut joined = std::mem::take(&mut self.joined);
        joined.clear();
        while joined.len() < len {
            let at = offset.saturating_add(wide(joined.len()));
            let within = usize::try_from(at % BLOCK_U64).unwrap_or(BLOCK);
            let rest = self.block(at / BLOCK_U64, what)?.get(within..).unwrap_or_default();
            let part = rest.get(..len.saturating_sub(joined.len())).unwrap_or(rest);
            if part.is_empty() {
                return Err(ended(at, len.saturating_sub(joined.len()), 0, what));
            }
            joined.extend_from_slice(part);
        }
        self.joined = joined;
        Ok(&self.joined)
    }

    /// Finds the allocated cell at `offset` (from the end of the base block) and lends its data: at least `need` bytes, and
    /// as many more as lie in the same block.
    #[inline]
    pub(super) fn cell(&mut self, offset: u32, need: u32, what: &'static str) -> Result<(Cell, &[u8]), Error> {
        in_bins(self.bins_size, offset, what)?;
        let (at, bins_size) = (file_offset(offset), self.bins_size);
        let within = usize::try_from(at % BLOCK_U64).unwrap_or(BLOCK);
        let len = narrow(need);
        if within.saturating_add(4).saturating_add(len) > BLOCK {
            let field = self.bytes(at, 4, what)?.first_chunk().copied().unwrap_or_default();
            let cell = Cell::sized(bins_size, offset, field, need, what)?;
            return Ok((cell, self.bytes(cell.data, len, what)?));
        }
        let rest = self.block(at / BLOCK_U64, what)?.get(within..).unwrap_or_default();
        let Some((&field, data)) = rest.split_first_chunk() else { return Err(ended(at, 4, rest.len(), what)) };
        let cell = Cell::sized(bins_size, offset, field, need, what)?;
        if data.len() < len {
            return Err(ended(cell.data, len, data.len(), what));
        }
        let whole = narrow(cell.len);
        Ok((cell, data.get(..whole).unwrap_or(data)))
    }

    /// Lends the name of `len` bytes that stands in a cell's data from `from` on.
    #[inline]
    pub(super) fn name(&mut self, cell: Cell, from: u32, len: u16, what: &'static str) -> Result<&[u8], Error> {
        let at = cell.part(from, u32::from(len), what)?;
        self.bytes(at, usize::from(len), what)
    }
}

#[cold]
fn load(source: &dyn ReadAt, slot: &mut Option<Block>, number: u64, what: &'static str) -> Result<(), Error> {
    let at = number.saturating_mul(BLOCK_U64);
    let mut bytes = slot.take().map_or_else(|| vec![0; BLOCK].into_boxed_slice(), |block| block.bytes);
    let len = source.read_at(at, &mut bytes).map_err(|e| Error::io(At::Offset(at), what, &e))?.min(BLOCK);
    *slot = Some(Block { number, len, bytes });
    Ok(())
}

#[cold]
fn ended(offset: u64, len: usize, available: usize, what: &'static str) -> Error {
    let found = format!("the end of the file after {available}");
    Error::damaged(At::Offset(offset), what, format!("{len} bytes"), found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_same_within_across_and_after_blocks() {
        let bytes: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        for slots in [1, 2, 9] {
            let mut blocks = Blocks::new(&bytes, 0, slots);
            for (offset, len) in [(0, 10), (65_530, 6), (65_530, 7), (10, 200_000), (299_990, 10), (3, 0)] {
                let from = usize::try_from(offset).unwrap();
                assert_eq!(blocks.bytes(offset, len, "test").unwrap(), &bytes[from..from + len], "{offset} {len}");
            }
        }
    }

    #[test]
    fn the_end_of_the_file_is_an_error_with_a_place() {
        let bytes = vec![0u8; 70_000];
        let mut blocks = Blocks::new(&bytes, 0, 4);
        for (offset, len) in [(69_995, 6), (60_000, 20_000), (131_000, 200), (u64::MAX - 3, 20)] {
            let error = blocks.bytes(offset, len, "key node").unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("key node at {offset:#x}: expected {len} bytes, found the end")),
                "{error}"
            );
        }
    }
}
