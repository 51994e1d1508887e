//! Pages and cells: how the bytes of a hive are fetched.

use std::cell::{Cell as Counter, RefCell};
use std::io;
use std::sync::Arc;

use super::base_block::{BaseBlock, LEN};
use super::bin::{Bin, Bins, START, ends, holds};
use super::node::decode_name;
use super::subkeys::Lists;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;
use crate::windows::path::Name;

const PAGE: usize = 4096;
const PAGE_U64: u64 = 4096;

/// Offset that stands for "none".
pub(super) const NONE: u32 = 0xffff_ffff;

struct Page {
    number: u64,
    len: usize,
    bytes: Box<[u8; PAGE]>,
    bin: Bin,
}

/// The pages that are kept. They are few, so that they are looked through where the hint is wrong.
struct Kept {
    pages: Vec<Page>,
    most: usize,
    /// Where the last page was whose number ends in these bits.
    hints: [usize; HINTS],
    /// The one that goes when another needs its place.
    oldest: usize,
}

const HINTS: usize = 64;

/// A byte source read by whole 4 KiB pages, a bounded number of which is kept.
///
/// An audit touches under 25 pages of a hive of any size, most of them several times. One positional read a page costs
/// less than mapping the file, and far less when it is cold, since nothing is read ahead.
pub(super) struct Pages {
    source: Box<dyn ReadAt>,
    kept: RefCell<Kept>,
    bins: RefCell<Bins>,
    reads: Counter<u64>,
}

impl Pages {
    pub(super) fn new(source: Box<dyn ReadAt>, limits: &Limits) -> Self {
        let kept = Kept { pages: Vec::new(), most: limits.cached_pages.max(1), hints: [0; HINTS], oldest: 0 };
        Self { source, kept: RefCell::new(kept), bins: RefCell::default(), reads: Counter::new(0) }
    }

    /// What the pages are read from.
    pub(super) fn source(&self) -> &dyn ReadAt {
        self.source.as_ref()
    }

    pub(super) fn source_len(&self) -> u64 {
        self.source.len()
    }

    /// Reads past the cache.
    pub(super) fn read_source(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.source.read_at(offset, buf)
    }

    /// The file that the byte at `offset` really stands in, and where, when that is not the hive.
    pub(super) fn origin(&self, offset: u64) -> Option<(Arc<str>, u64)> {
        self.source.origin(offset)
    }

    /// How many pages were read from the source so far.
    pub(super) fn reads(&self) -> u64 {
        self.reads.get()
    }

    /// Fills `buf` from `offset`, which counts from the start of the file.
    pub(super) fn read(&self, offset: u64, buf: &mut [u8], what: &'static str) -> Result<(), Error> {
        let mut kept = self.kept.borrow_mut();
        let mut at = offset;
        let mut rest = buf;
        while !rest.is_empty() {
            let page = self.page(&mut kept, at / PAGE_U64, what)?;
            let within = usize::try_from(at % PAGE_U64).unwrap_or(PAGE);
            let have = page.bytes.get(within..page.len).unwrap_or_default();
            let n = have.len().min(rest.len());
            let missing = rest.len();
            let (true, Some(from), Some((to, tail))) = (n > 0, have.get(..n), rest.split_at_mut_checked(n)) else {
                let expected = format!("{missing} more bytes");
                return Err(Error::damaged(At::Offset(at), what, expected, "the end of the file"));
            };
            to.copy_from_slice(from);
            rest = tail;
            at = at.saturating_add(wide(n));
        }
        Ok(())
    }

    /// Fails when the bytes from `start` to `end` cannot be a cell of their bin.
    fn within_bin(&self, start: u64, end: u64, what: &'static str) -> Result<(), Error> {
        let bin = self.page(&mut self.kept.borrow_mut(), start / PAGE_U64, what)?.bin;
        if !matches!(bin, Bin::None) {
            return holds(bin, start, end, what);
        }
        let page = start.saturating_sub(start % PAGE_U64);
        match self.bins.borrow_mut().end(page, |at| self.starts(at)) {
            Some(until) => ends(start, end, until, what),
            None => Ok(()),
        }
    }

    /// How the page at `offset` starts.
    fn starts(&self, offset: u64) -> Result<[u8; START], Error> {
        self.reads.set(self.reads.get().saturating_add(1));
        let mut start = [0; START];
        self.source.read_exact_at(offset, &mut start).map_err(|e| Error::io(At::Offset(offset), "hive bin", &e))?;
        Ok(start)
    }

    /// The bins without a header that were met on the way to cells.
    pub(super) fn remarks(&self) -> Vec<Error> {
        self.bins.borrow().remarks().to_vec()
    }

    fn page<'k>(&self, kept: &'k mut Kept, number: u64, what: &'static str) -> Result<&'k Page, Error> {
        let at = At::Offset(number.saturating_mul(PAGE_U64));
        let hint = usize::try_from(number).unwrap_or_default() % HINTS;
        let mut there = kept.hints.get(hint).copied().unwrap_or_default();
        if kept.pages.get(there).is_none_or(|page| page.number != number) {
            there = match kept.pages.iter().position(|page| page.number == number) {
                Some(there) => there,
                None => self.fetch(kept, number, at, what)?,
            };
            if let Some(hint) = kept.hints.get_mut(hint) {
                *hint = there;
            }
        }
        kept.pages.get(there).ok_or(Error::Limit { at, what: "cached pages", limit: 0 })
    }

    /// Reads a page, and says where it is kept. One that cannot be read is not.
    fn fetch(&self, kept: &mut Kept, number: u64, at: At, what: &'static str) -> Result<usize, Error> {
        let is_full = kept.pages.len() >= kept.most;
        let mut bytes = match kept.pages.get(kept.oldest).filter(|_| is_full) {
            Some(_) => kept.pages.swap_remove(kept.oldest).bytes,
            None => Box::new([0u8; PAGE]),
        };
        let start = number.saturating_mul(PAGE_U64);
        let read = self.source.read_at(start, bytes.as_mut_slice());
        let len = read.map_err(|e| Error::io(at, what, &e))?.min(PAGE);
        self.reads.set(self.reads.get().saturating_add(1));
        let bin = Bin::of(bytes.get(..len).unwrap_or_default(), start);
        kept.pages.push(Page { number, len, bytes, bin });
        let there = kept.pages.len().saturating_sub(1);
        if is_full {
            // The one at the end has taken the place of the one that went; it goes when all others have.
            kept.pages.swap(kept.oldest, there);
            let there = kept.oldest;
            kept.oldest = kept.oldest.checked_add(1).filter(|next| *next < kept.most).unwrap_or_default();
            return Ok(there);
        }
        Ok(there)
    }
}

/// An allocated cell: where its data starts in the file, and how many bytes it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// Offset of the data (after the size field) from the start of the file.
    pub(super) data: u64,
    /// Bytes of data.
    pub(super) len: u32,
}

impl Cell {
    /// The cell at `offset` whose size field this is, if it is allocated, holds `need` bytes and ends within the bins.
    pub(super) fn sized(
        bins_size: u32,
        offset: u32,
        field: [u8; 4],
        need: u32,
        what: &'static str,
    ) -> Result<Self, Error> {
        let at = At::Offset(file_offset(offset));
        let size = i32::from_le_bytes(field);
        let (allocated, bytes) = (size < 0, size.unsigned_abs());
        if !allocated {
            let found = format!("a free cell (size {size})");
            return Err(Error::damaged(at, what, "an allocated cell", found));
        }
        if bytes > bins_size.saturating_sub(offset) {
            let expected = format!("a cell that ends by {:#x}", file_offset(bins_size));
            return Err(Error::damaged(at, what, expected, format!("{bytes} bytes")));
        }
        let len = bytes.saturating_sub(4);
        if len < need {
            return Err(Error::damaged(at, what, format!("a cell of {need} bytes or more"), len.to_string()));
        }
        Ok(Self { data: file_offset(offset).saturating_add(4), len })
    }

    /// Where `len` bytes of the cell's data start, from `from` on.
    pub(super) fn part(self, from: u32, len: u32, what: &'static str) -> Result<u64, Error> {
        let at = self.data.saturating_add(u64::from(from));
        if from.checked_add(len).is_some_and(|end| end <= self.len) {
            return Ok(at);
        }
        let expected = format!("at most {} bytes", self.len.saturating_sub(from));
        Err(Error::damaged(At::Offset(at), what, expected, len.to_string()))
    }
}

/// Fails unless a cell can start at `offset`.
pub(super) fn in_bins(bins_size: u32, offset: u32, what: &'static str) -> Result<(), Error> {
    if offset.is_multiple_of(8) && offset < bins_size {
        return Ok(());
    }
    let expected = format!("a cell offset below {bins_size:#x} that divides by 8");
    Err(Error::damaged(At::Offset(file_offset(offset)), what, expected, format!("{offset:#x}")))
}

/// Converts a cell offset, which counts from the end of the base block, to a file offset.
pub(super) fn file_offset(cell: u32) -> u64 {
    LEN.saturating_add(u64::from(cell))
}

/// Pages seen as cells.
pub(super) struct Cells {
    pub(super) pages: Pages,
    bins_size: u32,
    /// The lists of subkeys that were read.
    pub(super) lists: RefCell<Lists>,
}

impl Cells {
    pub(super) fn new(pages: Pages, base: &BaseBlock) -> Self {
        Self { pages, bins_size: base.bins_size, lists: RefCell::default() }
    }

    /// Finds the allocated cell at `offset` (from the end of the base block), which must hold at least `need` bytes.
    pub(super) fn cell(&self, offset: u32, need: u32, what: &'static str) -> Result<Cell, Error> {
        in_bins(self.bins_size, offset, what)?;
        let mut field = [0u8; 4];
        self.pages.read(file_offset(offset), &mut field, what)?;
        let cell = Cell::sized(self.bins_size, offset, field, need, what)?;
        self.pages.within_bin(file_offset(offset), cell.data.saturating_add(u64::from(cell.len)), what)?;
        Ok(cell)
    }

    /// Reads `len` bytes of the cell's data, from `from`.
    pub(super) fn data(&self, cell: Cell, from: u32, len: u32, what: &'static str) -> Result<Vec<u8>, Error> {
        let at = self.there(cell, from, len, what)?;
        let mut bytes = vec![0u8; narrow(len)];
        self.pages.read(at, &mut bytes, what)?;
        Ok(bytes)
    }

    /// Where `len` bytes of the cell's data start, from `from` on, if the file has them.
    fn there(&self, cell: Cell, from: u32, len: u32, what: &'static str) -> Result<u64, Error> {
        let at = cell.part(from, len, what)?;
        // Ask before allocating: a cut-short file must not cost the memory of what it claims to hold.
        let available = self.pages.source_len().saturating_sub(at);
        if u64::from(len) > available {
            let expected = format!("{len} bytes");
            return Err(Error::damaged(
                At::Offset(at),
                what,
                expected,
                format!("the end of the file after {available}"),
            ));
        }
        Ok(at)
    }

    /// Reads a name of `len` bytes in the cell's data, from `from`.
    pub(super) fn name(
        &self,
        cell: Cell,
        from: u32,
        len: u16,
        compressed: bool,
        what: &'static str,
    ) -> Result<Name, Error> {
        let mut short = [0u8; 64];
        match short.get_mut(..usize::from(len)) {
            Some(bytes) => {
                self.pages.read(self.there(cell, from, u32::from(len), what)?, bytes, what)?;
                Ok(decode_name(bytes, compressed))
            }
            None => Ok(decode_name(&self.data(cell, from, u32::from(len), what)?, compressed)),
        }
    }

    /// Reads a structure of `N` bytes at the start of the cell's data.
    pub(super) fn head<const N: usize>(&self, cell: Cell, what: &'static str) -> Result<[u8; N], Error> {
        let mut bytes = [0u8; N];
        self.pages.read(cell.data, &mut bytes, what)?;
        Ok(bytes)
    }

    /// Reads a list of `count` 32-bit cell offsets at the start of the cell at `offset`.
    pub(super) fn offsets(&self, offset: u32, count: u32, what: &'static str) -> Result<Vec<u32>, Error> {
        let len = count.saturating_mul(4);
        let cell = self.cell(offset, len, what)?;
        let bytes = self.data(cell, 0, len, what)?;
        let f = Fields::new(&bytes, cell.data);
        (0..bytes.len()).step_by(4).map(|at| f.u32(at, what)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(bytes: Vec<u8>, cached_pages: usize) -> Pages {
        Pages::new(Box::new(bytes), &Limits { cached_pages, ..Limits::default() })
    }

    #[test]
    fn reads_cross_pages_and_are_cached() {
        let bytes: Vec<u8> = (0..10_000u32).map(|n| (n % 251) as u8).collect();
        let p = pages(bytes.clone(), 2);
        let mut buf = vec![0; 6000];
        p.read(3000, &mut buf, "test").unwrap();
        assert_eq!(buf, bytes[3000..9000]);
        assert_eq!(p.reads(), 3);
        p.read(8200, &mut buf[..10], "test").unwrap();
        assert_eq!(p.reads(), 3);
        p.read(0, &mut buf[..10], "test").unwrap();
        assert_eq!(p.reads(), 4);
    }

    #[test]
    fn of_too_many_pages_the_oldest_goes() {
        let bytes: Vec<u8> = (0..200 * PAGE_U64).map(|n| (n / PAGE_U64) as u8).collect();
        let p = pages(bytes, 3);
        let mut asked = |number: u8| {
            let (mut byte, before) = ([0; 1], p.reads());
            p.read(u64::from(number) * PAGE_U64 + 9, &mut byte, "test").unwrap();
            assert_eq!(byte[0], number);
            p.reads() != before
        };
        // 64 pages apart, so that they share a hint.
        assert!([0, 64, 128].map(&mut asked).iter().all(|read| *read));
        assert!(![0, 64, 128, 0].map(&mut asked).iter().any(|read| *read));
        assert_eq!([192, 64, 128, 192].map(&mut asked), [true, false, false, false]);
        assert_eq!([0, 128, 192, 64].map(&mut asked), [true, false, false, true]);
    }

    #[test]
    fn a_cell_is_held_against_its_bin() {
        let mut bytes = vec![0u8; 12288];
        bytes[4096..4100].copy_from_slice(b"hbin");
        bytes[4104..4108].copy_from_slice(&4096u32.to_le_bytes());
        let check = |bytes: &[u8], start, end| pages(bytes.to_vec(), 4).within_bin(start, end, "key node");
        assert!(check(&bytes, 4128, 4200).is_ok());
        assert!(check(&bytes, 8000, 8192).is_ok());
        assert!(check(&bytes, 8000, 8200).is_err());
        assert!(check(&bytes, 4112, 4200).is_err());
        bytes[4104..4108].copy_from_slice(&8192u32.to_le_bytes());
        assert!(check(&bytes, 8200, 12288).is_ok());
        assert!(check(&bytes, 8200, 12289).is_err(), "in the second page of the bin");
        bytes[4101] = 0x10;
        let error = check(&bytes, 4128, 4200).unwrap_err().to_string();
        assert!(error.starts_with("hive bin at 0x1000: expected offset 0x0"), "{error}");
    }

    #[test]
    fn the_end_of_the_file_is_an_error_with_a_place() {
        let p = pages(vec![0; 5000], 4);
        let error = p.read(4990, &mut [0; 20], "key node").unwrap_err();
        assert_eq!(error.to_string(), "key node at 0x1388: expected 10 more bytes, found the end of the file");
        assert!(p.read(u64::MAX - 3, &mut [0; 20], "key node").is_err());
    }
}
