//! Hive bins: what their headers say of the cells in them.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), section "Hive bin".

use std::collections::BTreeMap;

use super::base_block::LEN;
use super::cell::file_offset;
use crate::error::{At, Error};
use crate::fields::Fields;

/// Bytes that every bin is a multiple of.
pub(super) const PAGE: u64 = 4096;
/// Bytes of a bin's header, where no cell can start.
const HEADER: u64 = 32;
/// Bytes of the header that say where the bin is.
pub(super) const START: usize = 12;
/// Bytes before a cell's page that are looked through for the header of its bin. A bin is made for one cell as a rule, and
/// Windows keeps no cell above 1 MiB.
const BACK: u64 = 2 << 20;
/// Bins without a header that are remarked on. From then on, none is looked for.
const REMARKS: usize = 16;

/// The header of a hive bin, where a page starts with one. Most bins are a page long, so that most cells can be held against
/// the header of their own bin without another read.
#[derive(Clone, Copy)]
pub(super) enum Bin {
    None,
    /// The bin ends here, counted from the start of the file.
    Until(u64),
    /// The header says that it stands at this offset, or is of this size, which it cannot.
    Wrong {
        offset: u32,
        size: u32,
    },
}

impl Bin {
    /// What the page that starts so, at `start` in the file, says of its bin.
    pub(super) fn of(bytes: &[u8], start: u64) -> Self {
        let f = Fields::new(bytes, start);
        let (Ok(b"hbin"), Ok(offset), Ok(size)) = (f.bytes(0, 4, "hive bin"), f.u32(4, "offset"), f.u32(8, "size"))
        else {
            return Bin::None;
        };
        if file_offset(offset) != start || size == 0 || !size.is_multiple_of(4096) {
            return Bin::Wrong { offset, size };
        }
        Bin::Until(start.saturating_add(u64::from(size)))
    }
}

/// Fails when the bytes from `start` to `end` cannot be a cell of the bin whose header starts their page.
pub(super) fn holds(bin: Bin, start: u64, end: u64, what: &'static str) -> Result<(), Error> {
    match bin {
        Bin::None => Ok(()),
        Bin::Until(until) if start % PAGE < HEADER => Err(outside(start, end, until, what)),
        Bin::Until(until) => ends(start, end, until, what),
        Bin::Wrong { offset, size } => Err(wrong(start.saturating_sub(start % PAGE), offset, size)),
    }
}

/// Fails when the cell from `start` to `end` goes on behind its bin, which ends at `until`.
pub(super) fn ends(start: u64, end: u64, until: u64, what: &'static str) -> Result<(), Error> {
    if end <= until { Ok(()) } else { Err(outside(start, end, until, what)) }
}

fn outside(start: u64, end: u64, until: u64, what: &'static str) -> Error {
    let expected = format!("a cell within its hive bin, which ends at {until:#x}");
    Error::damaged(At::Offset(start), what, expected, format!("one that ends at {end:#x}"))
}

fn wrong(page: u64, offset: u32, size: u32) -> Error {
    let expected = format!("offset {:#x} and a size that divides by 4096", page.saturating_sub(LEN));
    Error::damaged(At::Offset(page), "hive bin", expected, format!("offset {offset:#x} and size {size}"))
}

/// Bins whose header is not in the page of the cell that was looked at, and those that have none.
#[derive(Default)]
pub(super) struct Bins {
    /// Where each one ends, by where it starts.
    long: BTreeMap<u64, u64>,
    /// Stretches without a header: the last page that was looked at, by the first.
    without: BTreeMap<u64, u64>,
    remarks: Vec<Error>,
}

impl Bins {
    /// Where the bin ends that a page belongs to which does not start with a header. None where no header says it, which is
    /// remarked on. `read` gives how another page starts.
    pub(super) fn end(&mut self, page: u64, read: impl Fn(u64) -> Result<[u8; START], Error>) -> Option<u64> {
        let below = |map: &BTreeMap<u64, u64>| map.range(..=page).next_back().map(|(&first, &last)| (first, last));
        if let Some((_, end)) = below(&self.long).filter(|(_, end)| *end > page) {
            return Some(end);
        }
        let known = below(&self.without);
        if self.remarks.len() >= REMARKS || known.is_some_and(|(_, last)| last >= page) {
            return None;
        }
        let mut first = page;
        let missing = loop {
            let before = first.saturating_sub(PAGE);
            if first <= LEN {
                break read(first).map_or_else(|error| error, |start| missing(&start, first));
            }
            if let Some((first, _)) = known.filter(|(_, last)| *last == before) {
                self.without.insert(first, page);
                return None;
            }
            if page.saturating_sub(first) >= BACK {
                let expected = format!("the header of its bin in the {BACK} bytes before it");
                break Error::damaged(At::Offset(page), "hive bin", expected, "none");
            }
            match read(before).map(|start| Bin::of(&start, before)) {
                Ok(Bin::Until(end)) if end > page => {
                    self.long.insert(before, end);
                    return Some(end);
                }
                // The next one is to start where this one ends.
                Ok(Bin::Until(end)) => {
                    first = end;
                    break read(first).map_or_else(|error| error, |start| missing(&start, first));
                }
                Ok(Bin::None | Bin::Wrong { .. }) => first = before,
                Err(error) => break error,
            }
        };
        self.remarks.push(missing);
        self.without.insert(first, page);
        None
    }

    /// The bins without a header that were met.
    pub(super) fn remarks(&self) -> &[Error] {
        &self.remarks
    }
}

/// The damage it is when a page starts so, where a bin is to start.
fn missing(start: &[u8; START], page: u64) -> Error {
    match Bin::of(start, page) {
        Bin::Wrong { offset, size } => wrong(page, offset, size),
        Bin::None | Bin::Until(_) => {
            let found = start.get(..4).unwrap_or_default().escape_ascii().to_string();
            Error::damaged(At::Offset(page), "hive bin", "\"hbin\"", format!("\"{found}\""))
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "offsets of test data")]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How each page starts: `.` without a header, a number for one of so many pages, `x` for one that is wrong.
    fn run(pages: &str, asked: &[u64]) -> (Vec<Option<u64>>, Vec<String>, usize) {
        let reads = Cell::new(0);
        let read = |at: u64| {
            reads.set(reads.get() + 1);
            let number = at / PAGE - 1;
            let mut start = [0; START];
            let header = pages.chars().nth(number as usize).unwrap();
            if header != '.' {
                start[..4].copy_from_slice(b"hbin");
                let offset = if header == 'x' { 7 } else { (number * PAGE) as u32 };
                start[4..8].copy_from_slice(&offset.to_le_bytes());
                start[8..].copy_from_slice(&(header.to_digit(10).unwrap_or(1) * 4096).to_le_bytes());
            }
            Ok(start)
        };
        let mut bins = Bins::default();
        let ends = asked.iter().map(|page| bins.end((page + 1) * PAGE, read).map(|end| end / PAGE - 1)).collect();
        let remarks = bins.remarks().iter().map(ToString::to_string).collect();
        (ends, remarks, reads.get())
    }

    #[test]
    fn a_page_within_a_bin_finds_its_header_once() {
        assert_eq!(run("13..1", &[2, 3, 2]), (vec![Some(4), Some(4), Some(4)], Vec::new(), 1));
    }

    #[test]
    fn a_bin_without_a_header_is_remarked_on_once_and_where_it_is_to_start() {
        let gone = |page: u64| {
            format!("hive bin at {:#x}: expected \"hbin\", found \"\\x00\\x00\\x00\\x00\"", (page + 1) * PAGE)
        };
        assert_eq!(run(".1", &[0, 0]), (vec![None, None], vec![gone(0)], 1));
        assert_eq!(run("2....1", &[4, 3, 5]).1, [gone(2)]);
        assert_eq!(run("2....1", &[3, 4]), (vec![None, None], vec![gone(2)], 4));
        let (_, remarks, _) = run("1x.", &[2]);
        assert_eq!(
            remarks,
            [
                "hive bin at 0x2000: expected offset 0x1000 and a size that divides by 4096, found offset 0x7 and size 4096"
            ]
        );
    }

    #[test]
    fn the_search_is_bounded() {
        let pages = ".".repeat(2000);
        let (ends, remarks, reads) = run(&pages, &[1999, 1000, 1001, 1400]);
        assert_eq!(ends, [None; 4]);
        assert!(remarks[0].contains("bytes before it"), "{remarks:?}");
        assert!(remarks.len() == 2 && reads < 1500, "{} {reads}", remarks.len());
        let asked: Vec<u64> = (0..64).map(|n| n * 20 + 5).collect();
        let stretches = "1...................".repeat(64);
        assert_eq!(run(&stretches, &asked).1.len(), REMARKS);
    }
}
