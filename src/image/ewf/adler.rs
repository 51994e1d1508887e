//! Adler-32 (RFC 1950, section 8.2), piece by piece.

/// The largest prime below 2^16.
const MODULUS: u32 = 65521;
/// Bytes whose sums stay below 2^32 before they are reduced.
const REDUCE: usize = 5552;

pub(super) struct Adler {
    a: u32,
    b: u32,
}

impl Adler {
    pub(super) fn new() -> Self {
        Self { a: 1, b: 0 }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(REDUCE) {
            for &byte in piece {
                self.a = self.a.wrapping_add(u32::from(byte));
                self.b = self.b.wrapping_add(self.a);
            }
            self.a %= MODULUS;
            self.b %= MODULUS;
        }
    }

    pub(super) fn finish(&self) -> u32 {
        (self.b << 16) | self.a
    }

    pub(super) fn of(bytes: &[u8]) -> u32 {
        let mut adler = Self::new();
        adler.update(bytes);
        adler.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_checksums() {
        assert_eq!(Adler::of(b""), 1);
        assert_eq!(Adler::of(b"Wikipedia"), 0x11e6_0398);
        // Of `zlib.adler32`.
        assert_eq!(Adler::of(&[0xff; 100_000]), 0x149a_302c);
        let mut pieces = Adler::new();
        [0xffu8; 100_000].chunks(777).for_each(|piece| pieces.update(piece));
        assert_eq!(pieces.finish(), 0x149a_302c);
    }
}
