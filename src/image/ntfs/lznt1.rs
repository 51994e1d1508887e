//! LZNT1, the compression of NTFS.
//!
//! Layout: [MS-XCA] section 2.5, "LZNT1 Algorithm Details".

/// Bytes that a chunk unpacks to; only the last one may be shorter.
const CHUNK: usize = 4096;

/// Unpacks a compression unit, to at most `most` bytes.
///
/// # Errors
/// What is wrong with it.
pub(super) fn unpack(mut packed: &[u8], most: usize) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::new();
    while let Some((head, rest)) = packed.split_first_chunk::<2>() {
        let head = u16::from_le_bytes(*head);
        if head == 0 || out.len() >= most {
            break;
        }
        if head >> 12 & 7 != 3 {
            return Err("a chunk without the signature");
        }
        if !out.len().is_multiple_of(CHUNK) {
            return Err("a chunk behind one that is not full");
        }
        let len = usize::from(head & 0xfff).saturating_add(1);
        let (Some(body), Some(behind)) = (rest.get(..len), rest.get(len..)) else {
            return Err("a chunk that does not end");
        };
        if head & 0x8000 == 0 {
            out.extend_from_slice(body);
        } else {
            chunk(body, &mut out)?;
        }
        packed = behind;
    }
    out.truncate(most);
    Ok(out)
}

/// Unpacks one compressed chunk.
fn chunk(mut packed: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
    let start = out.len();
    while let Some((&flags, rest)) = packed.split_first() {
        packed = rest;
        for bit in 0..8u8 {
            if packed.is_empty() {
                return Ok(());
            }
            let done = out.len().saturating_sub(start);
            if flags >> bit & 1 == 0 {
                let Some((&byte, rest)) = packed.split_first() else { return Ok(()) };
                packed = rest;
                if done >= CHUNK {
                    return Err("a chunk that is too long");
                }
                out.push(byte);
                continue;
            }
            let Some((word, rest)) = packed.split_first_chunk::<2>() else { return Err("a copy that is cut off") };
            packed = rest;
            let word = u16::from_le_bytes(*word);
            // As few bits for the distance as reach the start of the chunk, and at least 4.
            let reach = u16::try_from(done.saturating_sub(1)).unwrap_or(u16::MAX);
            let bits = (16 - reach.leading_zeros()).clamp(4, 12);
            let distance = usize::from(word >> (16 - bits)).saturating_add(1);
            let len = usize::from(word & (0xffff >> bits)).saturating_add(3);
            if distance > done {
                return Err("a copy from before its chunk");
            }
            if done.saturating_add(len) > CHUNK {
                return Err("a chunk that is too long");
            }
            let from = out.len().saturating_sub(distance);
            for at in from..from.saturating_add(len) {
                let Some(&byte) = out.get(at) else { return Err("a copy from before its chunk") };
                out.push(byte);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_unpacks() {
        // [MS-XCA] section 3.3.
        let packed = [
            0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xa2, 0x47, 0x01, 0xa0, 0x45,
            0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xc0, 0x45, 0x20, 0x05, 0x24, 0x13, 0x88, 0x05, 0xb4,
            0x02, 0x4a, 0x44, 0xef, 0x03, 0x58, 0x02, 0x8c, 0x09, 0x16, 0x01, 0x48, 0x45, 0x00, 0xbe, 0x00, 0x9e, 0x00,
            0x04, 0x01, 0x18, 0x90, 0x00,
        ];
        let text = "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# D E F# G F# \
                    E D \
                    E A F# F# G A A G F# E D D E F# E D D\0";
        assert_eq!(unpack(&packed, 4096).unwrap(), text.as_bytes());
        assert_eq!(unpack(&packed, 5).unwrap(), b"F# F#");
    }

    #[test]
    fn plain_chunks_long_copies_and_the_end_are_read() {
        let mut packed = vec![0xff, 0x3f];
        packed.extend([7u8; 4096]);
        // One byte, copied 4095 times: two words, as the second can hold.
        packed.extend([0x03, 0xb0, 0x02, b'x', 0xfc, 0x0f]);
        packed.extend([0, 0, 9, 9]);
        let out = unpack(&packed, 8192).unwrap();
        assert_eq!((out.len(), out[4095], out[4096], out[8191]), (8192, 7, b'x', b'x'));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let hostile: [&[u8]; 7] = [
            &[0x03, 0x80, 0, 1, 2, 3],                   // no signature
            &[0x09, 0xb0, 0, 1, 2],                      // cut off
            &[0x02, 0xb0, 0x01, 0, 0],                   // copy before the chunk
            &[0x03, 0xb0, 0x02, b'x', 0xfc, 0x1f],       // distance 2 of 1
            &[0x02, 0xb0, 0x02, b'x', 0],                // half a copy
            &[0x03, 0xb0, 0x02, b'x', 0xfd, 0x0f],       // 4097 bytes
            &[0x01, 0xb0, 0, b'x', 0x01, 0xb0, 0, b'y'], // a short chunk in the middle
        ];
        for packed in hostile {
            assert!(unpack(packed, 65536).is_err(), "{packed:02x?}");
        }
    }
}
