//! XPRESS with Huffman codes. Format: \[MS-XCA\], section 2.2 "LZ77+Huffman Decompression Algorithm Details".

use super::bits::{Bits, Code, Fault, repeat};

/// Bytes of the lengths of the code's words, half a byte each.
const TABLE: usize = 256;
/// Symbols from here on stand for copies.
const COPY: u16 = 256;

/// Unpacks a chunk that has `size` bytes.
pub(super) fn unpack(packed: &[u8], size: usize) -> Result<Vec<u8>, Fault> {
    let (table, data) = packed.split_at_checked(TABLE).ok_or("no table of a code")?;
    let lengths: Vec<u8> = table.iter().flat_map(|byte| [byte & 15, byte >> 4]).collect();
    let code = Code::new(&lengths)?;
    let mut bits = Bits::new(data);
    let mut out = Vec::with_capacity(size);
    while out.len() < size {
        let symbol = code.read(&mut bits)?;
        let Some(copy) = symbol.checked_sub(COPY) else {
            out.push(u8::try_from(symbol).unwrap_or_default());
            continue;
        };
        // Bytes that tell the length stand behind the word that the distance ends in.
        let far = u32::from(copy >> 4);
        let distance = (1usize << far) | usize::try_from(bits.take(far)?).unwrap_or_default();
        let length = match usize::from(copy & 15) {
            15 => long(&mut bits)?,
            short => short,
        };
        repeat(&mut out, distance, length.saturating_add(3), size)?;
    }
    Ok(out)
}

/// A length of 15 or more: in a byte, in two, or in four.
fn long(bits: &mut Bits<'_>) -> Result<usize, Fault> {
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0usize, |number, byte| number << 8 | usize::from(*byte));
    let length = match number(bits.bytes(1)?) {
        255 => match number(bits.bytes(2)?) {
            0 => number(bits.bytes(4)?),
            length => length,
        },
        more => return Ok(more.saturating_add(15)),
    };
    if length < 15 { Err("a long copy that is short") } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk whose code has a word of 2 bits for each of these four symbols, in rising order.
    fn chunk(symbols: [u16; 4], words: &[u16], between: &[u8]) -> Vec<u8> {
        let mut table = vec![0u8; TABLE];
        for symbol in symbols {
            table[usize::from(symbol) / 2] |= 2 << (symbol % 2 * 4);
        }
        words.iter().for_each(|word| table.extend(word.to_le_bytes()));
        table.extend(between);
        table
    }

    #[test]
    fn literals_and_copies_are_unpacked() {
        // a: 00, b: 01, a copy of 3 by 1: 10, a long one by 2 or 3: 11.
        let symbols = [0x61, 0x62, 256, 256 + 0x1f];
        let packed = chunk(symbols, &[0b0001_1011_0000_0000, 0], &[2]);
        // a, b, three more b, then 15 + 2 + 3 by 2.
        assert_eq!(unpack(&packed, 25).unwrap(), b"abbbbbbbbbbbbbbbbbbbbbbbb"[..25].to_vec());
        let far = |bytes: &[u8]| unpack(&chunk(symbols, &[0b0001_1100_0000_0000, 0], bytes), 2 + 3 + 300);
        assert_eq!(far(&[255, 0x2c, 1]).unwrap().len(), 305);
        assert_eq!(far(&[255, 0, 0, 0x2c, 1, 0, 0]).unwrap().len(), 305);
        for bad in [&[255, 14, 0][..], &[255, 0], &[], &[255, 0, 0, 255, 255, 255, 255], &[255, 0x2d, 1]] {
            assert!(far(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let symbols = [0x61, 0x62, 256, 257];
        assert!(unpack(&[0; 255], 1).is_err());
        assert!(unpack(&[0; 256], 1).is_err());
        assert!(unpack(&chunk(symbols, &[], &[]), 1).is_err());
        assert!(unpack(&chunk(symbols, &[0x8000, 0], &[]), 9).is_err(), "a copy of nothing");
        assert!(unpack(&chunk(symbols, &[0x1000], &[]), 9).is_err(), "eight symbols of nine");
        assert_eq!(unpack(&chunk(symbols, &[0x1000], &[]), 8).unwrap(), b"abaaaaaa");
        let mut codes = chunk(symbols, &[0; 4], &[]);
        codes[0] = 1;
        assert!(unpack(&codes, 1).is_err());
    }
}
