//! What XPRESS and LZX have in common: words of 16 bits, read from the highest bit on, and canonical Huffman codes.

/// Why packed data is no good.
pub(super) type Fault = &'static str;

const ENDS: Fault = "data that ends too early";

/// Packed data, of which single bits are read, and whole bytes that stand between the words.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// The next byte that is in no word read so far.
    at: usize,
    /// Bits that were read and not yet used, from the highest one on.
    buffer: u32,
    held: u32,
    /// How many of those, the last ones, stand for words behind the end.
    past: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, buffer: 0, held: 0, past: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    /// The next 16 bits; behind the end are zeros, which may be looked at and not used.
    pub(super) fn peek(&mut self) -> u32 {
        if self.held < 16 {
            let word = match self.rest().first_chunk::<2>() {
                Some(word) => {
                    self.at = self.at.saturating_add(2);
                    u32::from(u16::from_le_bytes(*word))
                }
                None => {
                    self.past = self.past.saturating_add(16);
                    0
                }
            };
            self.buffer |= word << 16u32.saturating_sub(self.held);
            self.held = self.held.saturating_add(16);
        }
        self.buffer >> 16
    }

    /// Passes over up to 16 bits that were looked at.
    fn skip(&mut self, count: u32) -> Result<(), Fault> {
        self.buffer <<= count.min(16);
        self.held = self.held.saturating_sub(count);
        if self.held < self.past { Err(ENDS) } else { Ok(()) }
    }

    /// The next bits, 16 at most, as a number.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, Fault> {
        let bits = self.peek() >> 16u32.saturating_sub(count);
        self.skip(count)?;
        Ok(bits)
    }

    /// Bytes behind the words read so far.
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let found = self.rest().get(..count).ok_or(ENDS)?;
        self.at = self.at.saturating_add(count);
        Ok(found)
    }

    /// Passes over the rest of a word, or over a whole one, so that bytes can follow.
    pub(super) fn align(&mut self) -> Result<(), Fault> {
        self.take(match self.held % 16 {
            0 => 16,
            part => part,
        })?;
        if self.past > 0 {
            return Err(ENDS);
        }
        // A word that was read ahead is none.
        self.at = self.at.saturating_sub(if self.held == 0 { 0 } else { 2 });
        (self.buffer, self.held) = (0, 0);
        Ok(())
    }
}

/// The longest code word.
const LONGEST: usize = 16;

/// A canonical Huffman code: words of one length are in the order of their symbols, behind those that are shorter.
pub(super) struct Code {
    /// For each length, shortest first: the first number of 16 bits that is behind its words, and how much is to be taken
    /// from one that starts with a word of it to get the place of its symbol.
    lengths: Vec<(u32, u32, u32)>,
    /// Symbols in the order of their words.
    symbols: Vec<u16>,
}

impl Code {
    /// The code whose words have these lengths, by their symbols; zero for symbols that have none.
    ///
    /// # Errors
    /// When such words are too many or too few. Only a code without any is let be: it must not be used then.
    pub(super) fn new(lengths: &[u8]) -> Result<Self, Fault> {
        let mut code = Self { lengths: Vec::new(), symbols: Vec::new() };
        let mut first = 0u32;
        for (length, bits) in (1u8..).zip(1u32..).take(LONGEST) {
            let place = u32::try_from(code.symbols.len()).unwrap_or(u32::MAX);
            let own = (0u16..).zip(lengths).filter(|(_, own)| **own == length).map(|(symbol, _)| symbol);
            code.symbols.extend(own);
            let count = u32::try_from(code.symbols.len()).unwrap_or(u32::MAX).saturating_sub(place);
            let end = first.saturating_add(count << 16u32.saturating_sub(bits));
            code.lengths.push((end, first, place));
            first = end;
        }
        if first != 1 << 16 && !code.symbols.is_empty() {
            return Err("a code of too many or too few words");
        }
        Ok(code)
    }

    /// Reads a symbol.
    pub(super) fn read(&self, bits: &mut Bits<'_>) -> Result<u16, Fault> {
        let next = bits.peek();
        for (length, (end, first, place)) in (1u32..).zip(&self.lengths) {
            if next < *end {
                let among = next.saturating_sub(*first) >> 16u32.saturating_sub(length);
                bits.skip(length)?;
                let place = usize::try_from(place.saturating_add(among)).unwrap_or(usize::MAX);
                return self.symbols.get(place).copied().ok_or("a code without words");
            }
        }
        Err("a code without words")
    }
}

/// Repeats `length` bytes from `distance` back, up to `most` in all. They may overlap what they make.
pub(super) fn repeat(out: &mut Vec<u8>, distance: usize, length: usize, most: usize) -> Result<(), Fault> {
    let start = out.len().checked_sub(distance).filter(|_| distance > 0).ok_or("a copy from before the start")?;
    if length > most.saturating_sub(out.len()) {
        return Err("a copy past the end");
    }
    let mut left = length;
    while left > 0 {
        // As much at a time as there is already.
        let there = out.len().saturating_sub(start).min(left);
        out.extend_from_within(start..start.saturating_add(there));
        left = left.saturating_sub(there);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_from_the_top_of_each_word_and_bytes_from_behind_the_words() {
        let mut bits = Bits::new(&[0x34, 0x12, 0xcd, 0xab, 7, 9]);
        assert_eq!((bits.take(4), bits.take(8), bits.take(0)), (Ok(1), Ok(0x23), Ok(0)));
        // 4 bits are left, so that the second word was read.
        assert_eq!((bits.take(8), bits.bytes(1)), (Ok(0x4a), Ok(&[7u8][..])));
        assert_eq!((bits.take(12), bits.take(1)), (Ok(0xbcd), Err(ENDS)));
        assert_eq!(Bits::new(&[1]).take(1), Err(ENDS));
        assert_eq!(Bits::new(&[1]).take(0), Ok(0));
        assert!(Bits::new(&[1]).bytes(2).is_err());
    }

    #[test]
    fn what_follows_an_aligned_word_starts_behind_one_more() {
        let data = [0x34, 0x12, 0xcd, 0xab, 7, 9];
        let after = |count| {
            let mut bits = Bits::new(&data);
            bits.take(count).unwrap();
            bits.align().and_then(|()| bits.bytes(2)).map(<[u8]>::to_vec)
        };
        assert_eq!((after(3), after(15), after(16)), (Ok(vec![0xcd, 0xab]), Ok(vec![0xcd, 0xab]), Ok(vec![7, 9])));
        let mut bits = Bits::new(&data);
        bits.take(13).unwrap();
        bits.peek();
        assert_eq!((bits.align(), bits.bytes(2)), (Ok(()), Ok(&[0xcdu8, 0xab][..])));
        assert_eq!(Bits::new(&[]).align(), Err(ENDS));
    }

    #[test]
    fn codes_are_canonical_and_whole() {
        // 0: 10, 1: 0, 2: 110, 3: 111.
        let code = Code::new(&[2, 1, 3, 3]).unwrap();
        let mut bits = Bits::new(&[0x80, 0b1001_1011]);
        let read: Vec<_> = (0..4).map(|_| code.read(&mut bits)).collect();
        assert_eq!(read, [Ok(0), Ok(1), Ok(2), Ok(3)]);
        for bad in [&[1u8, 1, 1][..], &[2, 2, 2], &[1], &[16, 1]] {
            assert!(Code::new(bad).is_err(), "{bad:?}");
        }
        assert!(Code::new(&[0, 0]).unwrap().read(&mut Bits::new(&[0; 4])).is_err());
        let deep: Vec<u8> = (1..=16).chain([16]).collect();
        assert_eq!(Code::new(&deep).unwrap().read(&mut Bits::new(&[0xff, 0xff])), Ok(16));
    }

    #[test]
    fn copies_may_overlap_and_stay_within() {
        let mut out = b"ab".to_vec();
        repeat(&mut out, 2, 5, 9).unwrap();
        assert_eq!(out, b"abababa");
        repeat(&mut out, 1, 2, 9).unwrap();
        assert_eq!(out, b"abababaaa");
        for (distance, length) in [(0, 1), (10, 1), (1, 1)] {
            assert!(repeat(&mut out, distance, length, 9).is_err());
        }
    }
}
