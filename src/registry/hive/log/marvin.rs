//! Marvin32, the hash that guards log entries.
//!
//! Niels Ferguson, "Systems and methods for generating keyed hashes" (US patent 20130262421); the seed is that of
//! msuhanov/regf, section "Log entries", note 3.

use std::io;

use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

/// 82 EF 4D 88 7A 4E 55 C5, one number with its high digits first: the low word and the high word.
const SEED: (u32, u32) = (0x7a4e_55c5, 0x82ef_4d88);

/// Bytes hashed between two reads.
const CHUNK: usize = 64 << 10;

/// Marvin32 being computed.
struct Marvin {
    lo: u32,
    hi: u32,
}

impl Marvin {
    fn new() -> Self {
        Self { lo: SEED.0, hi: SEED.1 }
    }

    fn mix(&mut self, word: u32) {
        self.lo = self.lo.wrapping_add(word);
        self.hi ^= self.lo;
        self.lo = self.lo.rotate_left(20).wrapping_add(self.hi);
        self.hi = self.hi.rotate_left(9) ^ self.lo;
        self.lo = self.lo.rotate_left(27).wrapping_add(self.hi);
        self.hi = self.hi.rotate_left(19);
    }

    /// Takes whole words, and gives back what is left.
    fn words<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let words = bytes.chunks_exact(4);
        let rest = words.remainder();
        words.filter_map(|word| <[u8; 4]>::try_from(word).ok()).for_each(|word| self.mix(u32::from_le_bytes(word)));
        rest
    }

    /// Takes the last bytes, fewer than four, with the bit that marks the end behind them.
    fn finish(mut self, rest: &[u8]) -> u64 {
        let last = rest.iter().rev().fold(0x80u32, |word, &byte| (word << 8) | u32::from(byte));
        self.mix(last);
        self.mix(0);
        (u64::from(self.hi) << 32) | u64::from(self.lo)
    }
}

/// The hash of these bytes.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut marvin = Marvin::new();
    let rest = marvin.words(bytes);
    marvin.finish(rest)
}

/// The hash of `len` bytes of a source from `offset`, read piece by piece; nothing where the source ends before.
pub(super) fn hash_at(source: &dyn ReadAt, offset: u64, len: u64) -> io::Result<Option<u64>> {
    let mut marvin = Marvin::new();
    let mut buf = vec![0u8; narrow(len).min(CHUNK)];
    let (mut at, mut left) = (offset, len);
    loop {
        let n = narrow(left).min(CHUNK);
        let piece = buf.get_mut(..n).unwrap_or_default();
        if source.read_at(at, piece)? < n {
            return Ok(None);
        }
        let read = wide(n);
        (at, left) = (at.saturating_add(read), left.saturating_sub(read));
        // CHUNK is whole words: only the last piece leaves a rest.
        let rest = marvin.words(piece);
        if left == 0 {
            return Ok(Some(marvin.finish(rest)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with yarp (msuhanov/yarp), whose implementation verifies real logs. Entries are whole words, and so are these.
    #[test]
    fn the_hash_is_the_one_that_another_implementation_computes() {
        let thirty_two: Vec<u8> = (0..32).collect();
        let long: Vec<u8> = (0..=255).chain(0..=255).collect();
        let cases: [(&[u8], u64); 5] = [
            (b"", 0xb39e_fca4_0396_6e08),
            (b"abcd", 0x2009_4fb1_1a6c_d086),
            (b"regf", 0x419e_f36b_5445_e5ac),
            (&thirty_two, 0xc64f_eee4_25c2_e24c),
            (&long, 0x4303_fa04_5afd_4b75),
        ];
        for (bytes, want) in cases {
            assert_eq!(hash(bytes), want, "{bytes:02x?}");
            assert_eq!(hash_at(&bytes.to_vec(), 0, bytes.len() as u64).unwrap(), Some(want));
        }
    }

    #[test]
    fn pieces_hash_as_the_whole() {
        let bytes: Vec<u8> = (0..200_003u32).map(|n| (n % 241) as u8).collect();
        let part = &bytes[7..];
        assert_eq!(hash_at(&bytes, 7, part.len() as u64).unwrap(), Some(hash(part)));
        assert_eq!(hash_at(&bytes, 8, part.len() as u64).unwrap(), None);
    }
}
