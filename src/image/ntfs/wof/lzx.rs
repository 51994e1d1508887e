//! LZX, as WIM files and the overlay filter have it: chunks of 32 KiB that stand alone.
//!
//! Format: \[MS-PATCH\], section 2 (LZX DELTA), whose blocks, trees and copies are the same; what is different in WIM: Microsoft,
//! "Windows Imaging File Format (WIM)", and the documentation of wimlib (the size of a block, calls that are always
//! translated, by a size of 12,000,000 bytes).

use super::bits::{Bits, Code, Fault, repeat};
use crate::number::narrow;

/// Bytes of a chunk, and of a block that does not say its size.
pub(super) const CHUNK: usize = 32 << 10;
/// Symbols of single bytes, and all of the main tree: 8 lengths for each of 30 ranges of distances.
const BYTES: usize = 256;
const MAIN: usize = BYTES + 30 * 8;
/// Symbols of the tree of lengths.
const LENGTHS: usize = 249;
/// What a translated call counts as the size of the file.
const FILE: i32 = 12_000_000;

/// The lengths of code words, which blocks change, and the last three distances.
struct State {
    main: Vec<u8>,
    lengths: Vec<u8>,
    last: [usize; 3],
}

/// Unpacks a chunk that has `size` bytes.
pub(super) fn unpack(packed: &[u8], size: usize) -> Result<Vec<u8>, Fault> {
    let mut bits = Bits::new(packed);
    let mut out = Vec::with_capacity(size);
    let mut state = State { main: vec![0; MAIN], lengths: vec![0; LENGTHS], last: [1; 3] };
    while out.len() < size {
        let kind = bits.take(3)?;
        let block = match bits.take(1)? {
            1 => CHUNK,
            _ => usize::try_from(bits.take(16)?).unwrap_or_default(),
        };
        let end = out.len().saturating_add(block);
        if block == 0 || end > size {
            return Err("a block of a size that cannot be");
        }
        match kind {
            1 => state.block(&mut bits, &mut out, end, false)?,
            2 => state.block(&mut bits, &mut out, end, true)?,
            3 => state.stored(&mut bits, &mut out, block)?,
            _ => return Err("a block of an unknown kind"),
        }
    }
    restore_calls(&mut out);
    Ok(out)
}

impl State {
    /// A block of bytes as they are.
    fn stored(&mut self, bits: &mut Bits<'_>, out: &mut Vec<u8>, block: usize) -> Result<(), Fault> {
        bits.align()?;
        for last in &mut self.last {
            let bytes = bits.bytes(4)?.first_chunk::<4>().copied().unwrap_or_default();
            *last = narrow(u32::from_le_bytes(bytes));
        }
        out.extend_from_slice(bits.bytes(block)?);
        // Words go on at an even place; the last block needs none.
        if !block.is_multiple_of(2) {
            let _ = bits.bytes(1);
        }
        Ok(())
    }

    /// A block of bytes and copies. If it is aligned, the lowest three bits of distances have a code of their own.
    fn block(&mut self, bits: &mut Bits<'_>, out: &mut Vec<u8>, end: usize, aligned: bool) -> Result<(), Fault> {
        let aligned = aligned.then(|| code(bits, 8, 3)).transpose()?;
        let (bytes, copies) = self.main.split_at_mut_checked(BYTES).ok_or("no main tree")?;
        change(bits, bytes)?;
        change(bits, copies)?;
        change(bits, &mut self.lengths)?;
        let (main, lengths) = (Code::new(&self.main)?, Code::new(&self.lengths)?);
        while out.len() < end {
            let symbol = usize::from(main.read(bits)?);
            let Some(copy) = symbol.checked_sub(BYTES) else {
                out.push(u8::try_from(symbol).unwrap_or_default());
                continue;
            };
            let length = match copy % 8 {
                7 => usize::from(lengths.read(bits)?).saturating_add(7),
                length => length,
            };
            let distance = self.distance(bits, copy / 8, aligned.as_ref())?;
            repeat(out, distance, length.saturating_add(2), end)?;
        }
        Ok(())
    }

    /// The distance of a copy, by the range that it is in. The first three are the last ones, of which the one that is used
    /// changes places with the newest.
    fn distance(&mut self, bits: &mut Bits<'_>, range: usize, aligned: Option<&Code>) -> Result<usize, Fault> {
        if range < 3 {
            self.last.swap(0, range);
            return Ok(self.last.first().copied().unwrap_or_default());
        }
        // Two ranges for each power of two.
        let extra = u32::try_from(range / 2).unwrap_or_default().saturating_sub(1);
        let base = if range < 4 { 3 } else { (2 | (range & 1)) << extra };
        let more = match aligned {
            Some(code) if extra >= 3 => bits.take(extra.saturating_sub(3))? << 3 | u32::from(code.read(bits)?),
            _ => bits.take(extra)?,
        };
        let distance = base.saturating_add(usize::try_from(more).unwrap_or_default()).saturating_sub(2);
        self.last = match self.last {
            [first, second, _] => [distance, first, second],
        };
        Ok(distance)
    }
}

/// A code of `count` words whose lengths are numbers of `width` bits.
fn code(bits: &mut Bits<'_>, count: usize, width: u32) -> Result<Code, Fault> {
    let lengths: Result<Vec<u8>, Fault> =
        (0..count).map(|_| bits.take(width).map(|length| u8::try_from(length).unwrap_or_default())).collect();
    Code::new(&lengths?)
}

/// Changes the lengths of code words by what a block says: how each differs from what it was, in a code of its own.
fn change(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Result<(), Fault> {
    let code = code(bits, 20, 4)?;
    let less = |old: u8, by: u16| (i32::from(old) - i32::from(by)).rem_euclid(17).to_le_bytes().first().copied();
    let mut at = 0usize;
    while let Some(rest) = lengths.get_mut(at..).filter(|rest| !rest.is_empty()) {
        let (count, length) = match code.read(bits)? {
            17 => (bits.take(4)?.saturating_add(4), Some(0)),
            18 => (bits.take(5)?.saturating_add(20), Some(0)),
            19 => {
                let count = bits.take(1)?.saturating_add(4);
                let by = code.read(bits)?;
                if by > 16 {
                    return Err("a run of lengths within one");
                }
                (count, less(rest.first().copied().unwrap_or_default(), by))
            }
            by => (1, less(rest.first().copied().unwrap_or_default(), by)),
        };
        let count = narrow(count);
        let run = rest.get_mut(..count).ok_or("more lengths than symbols")?;
        run.fill(length.unwrap_or_default());
        at = at.saturating_add(count);
    }
    Ok(())
}

/// Puts back where calls of x86 code (E8) lead to, which were made absolute so that they repeat. The last ten bytes never are.
fn restore_calls(out: &mut [u8]) {
    let end = out.len().saturating_sub(10);
    let mut at = 0usize;
    while at < end {
        let Some([0xe8, target @ ..]) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<5>()) else {
            at += 1;
            continue;
        };
        let (absolute, place) = (i32::from_le_bytes(*target), i32::try_from(at).unwrap_or(i32::MAX));
        if (0..FILE).contains(&absolute) {
            *target = absolute.wrapping_sub(place).to_le_bytes();
        } else if absolute < 0 && absolute >= place.wrapping_neg() {
            *target = absolute.wrapping_add(FILE).to_le_bytes();
        }
        at = at.saturating_add(5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk of one block of bytes as they are, which need the size to be this.
    fn stored(kind: u16, size: u16, data: &[u8]) -> Vec<u8> {
        let head = u32::from(kind) << 29 | u32::from(size) << 12;
        let words = [head >> 16, head & 0xffff].map(|word| u16::try_from(word).unwrap().to_le_bytes());
        [&words.concat()[..], &[1, 0, 0, 0].repeat(3), data].concat()
    }

    #[test]
    fn stored_blocks_are_as_they_are() {
        assert_eq!(unpack(&stored(3, 5, b"hello"), 5).unwrap(), b"hello");
        // Behind an odd one is a byte of nothing.
        let two = [stored(3, 5, b"hello\0"), stored(3, 2, b"!!")].concat();
        assert_eq!(unpack(&two, 7).unwrap(), b"hello!!");
        for (what, packed, size) in [
            ("nothing", vec![], 1),
            ("no data", stored(3, 5, b"hell"), 5),
            ("too much", stored(3, 6, b"hello!"), 5),
            ("too little", stored(3, 5, b"hello"), 6),
            ("a block of nothing", stored(3, 0, b"hello"), 5),
            ("kind 0", stored(0, 5, b"hello"), 5),
            ("kind 7", stored(7, 5, b"hello"), 5),
            ("trees of nothing", stored(1, 5, &[0; 64]), 5),
            ("an aligned code of nothing", stored(2, 5, &[0xff; 64]), 5),
        ] {
            assert!(unpack(&packed, size).is_err(), "{what}");
        }
    }

    #[test]
    fn calls_are_put_back() {
        let call = |target: i32| [&[0xe8][..], &target.to_le_bytes()].concat();
        let mut out = [call(100), call(-3), call(FILE), call(7), vec![0; 7], call(1)].concat();
        restore_calls(&mut out);
        // The third is none, and the last one is too near to the end.
        assert_eq!(out, [call(100), call(FILE - 3), call(FILE), call(7 - 15), vec![0; 7], call(1)].concat());
        let mut short = call(9);
        restore_calls(&mut short);
        assert_eq!(short, call(9));
    }

    #[test]
    fn noise_is_an_error_or_as_long_as_it_must_be() {
        let mut x = 0x2545_f491u32;
        for _ in 0..2000 {
            let packed: Vec<u8> = (0..200)
                .map(|_| {
                    x ^= x << 13;
                    x ^= x >> 17;
                    x ^= x << 5;
                    x.to_le_bytes()[0] & x.to_le_bytes()[1]
                })
                .collect();
            assert!(unpack(&packed, 4000).map_or(true, |out| out.len() == 4000));
        }
    }
}
