//! Which bytes of a hive are free, by the size fields of its cells.

use super::super::bin::{Bin, START};
use super::super::blocks::Blocks;
use super::super::cell::file_offset;
use crate::error::{At, Error};
use crate::number::narrow;

/// Bytes that cells start at a multiple of.
const UNIT: u32 = 8;
/// Bytes of one word of a set.
const SPAN: u32 = 512;
/// Bytes of a bin's header, and of a page.
const HEADER: u32 = 32;
const PAGE: u32 = 4096;

/// A set of cell offsets, or of the bytes of cells: a bit for each eight bytes of a hive.
pub(super) struct Units {
    words: Vec<u64>,
}

impl Units {
    /// None of so many bytes.
    pub(super) fn new(bytes: u32) -> Self {
        Self { words: vec![0; usize::try_from(bytes / SPAN).unwrap_or_default().saturating_add(1)] }
    }

    fn place(offset: u32) -> (usize, u64) {
        let unit = offset / UNIT;
        (narrow(unit / u64::BITS), 1u64.checked_shl(unit % u64::BITS).unwrap_or_default())
    }

    pub(super) fn set(&mut self, offset: u32) {
        let (word, bit) = Self::place(offset);
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit;
        }
    }

    pub(super) fn has(&self, offset: u32) -> bool {
        let (word, bit) = Self::place(offset);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Whether all of so many bytes are in it.
    pub(super) fn has_all(&self, offset: u32, len: u32) -> bool {
        let Some(end) = offset.checked_add(len) else { return false };
        (offset..end).step_by(usize::try_from(UNIT).unwrap_or(1)).all(|at| self.has(at))
    }

    /// The first one from `offset` on.
    pub(super) fn next(&self, offset: u32) -> Option<u32> {
        let mut at = offset;
        loop {
            let (word, bit) = Self::place(at);
            let word = *self.words.get(word)?;
            // What stands before it in the word is not asked for.
            let rest = word & !bit.wrapping_sub(1);
            let start = at.saturating_sub(at % SPAN);
            if rest != 0 {
                return start.checked_add(rest.trailing_zeros().saturating_mul(UNIT));
            }
            at = start.checked_add(SPAN)?;
        }
    }
}

/// The free cells among the first `len` bytes of the bins. What no size field tells is not free; `damage` is told of it.
pub(super) fn map<E>(
    blocks: &mut Blocks<'_>,
    len: u32,
    mut damage: impl FnMut(&Error) -> Result<(), E>,
) -> Result<Units, E> {
    let mut free = Units::new(len);
    let mut at = 0u32;
    while at < len {
        let next = match bin(blocks, at) {
            Ok(end) => {
                if let Err(error) = cells(blocks, at, end.min(len), &mut free) {
                    damage(&error)?;
                }
                end
            }
            Err(error) => {
                damage(&error)?;
                at.saturating_add(PAGE)
            }
        };
        at = next;
    }
    Ok(free)
}

/// Where the bin at `at` ends.
fn bin(blocks: &mut Blocks<'_>, at: u32) -> Result<u32, Error> {
    let start = file_offset(at);
    let bytes = blocks.bytes(start, START, "hive bin")?;
    match Bin::of(bytes, start) {
        Bin::Until(end) => Ok(u32::try_from(end.saturating_sub(file_offset(0))).unwrap_or(u32::MAX)),
        Bin::None | Bin::Wrong { .. } => {
            let found = bytes.get(..4).unwrap_or_default().escape_ascii().to_string();
            let expected = "\"hbin\" and where it stands: what is deleted in this page is not known";
            Err(Error::damaged(At::Offset(start), "hive bin", expected, format!("\"{found}\"")))
        }
    }
}

/// Adds the free cells of the bin from `start` to `end`.
fn cells(blocks: &mut Blocks<'_>, start: u32, end: u32, free: &mut Units) -> Result<(), Error> {
    let mut at = start.saturating_add(HEADER);
    while at < end {
        let field = blocks.bytes(file_offset(at), 4, "cell")?.first_chunk().copied().unwrap_or_default();
        let size = i32::from_le_bytes(field);
        let next = at.saturating_add(size.unsigned_abs());
        if size == 0 || !size.unsigned_abs().is_multiple_of(UNIT) || next > end {
            let expected = format!("a size that divides by 8, in a bin that ends at {:#x}", file_offset(end));
            return Err(Error::damaged(At::Offset(file_offset(at)), "cell", expected, size.to_string()));
        }
        if size > 0 {
            (at..next).step_by(usize::try_from(UNIT).unwrap_or(1)).for_each(|at| free.set(at));
        }
        at = next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_one_after_the_other() {
        let mut units = Units::new(8192);
        let all = [0, 8, 504, 512, 4096, 8184];
        all.iter().for_each(|&at| units.set(at));
        let mut found = Vec::new();
        let mut at = units.next(0);
        while let Some(unit) = at {
            found.push(unit);
            at = units.next(unit.saturating_add(8));
        }
        assert_eq!(found, all);
        assert!(units.has_all(504, 16) && units.has_all(0, 12) && !units.has_all(0, 17));
        assert!(!units.has(16) && !units.has(u32::MAX) && !units.has_all(u32::MAX, 8));
        assert_eq!(units.next(u32::MAX), None);
    }
}
