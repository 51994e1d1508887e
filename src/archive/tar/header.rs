//! One header of a tar: 512 bytes.

use super::text;
use crate::error::{At, Error};
use crate::fields::Fields;

/// Bytes of a header, and what data is padded to.
pub(in super::super) const BLOCK: u64 = 512;
const WHAT: &str = "tar header";

/// What a header says.
pub(super) struct Header {
    pub(super) name: String,
    pub(super) kind: u8,
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) link: String,
    /// Bytes 386..495: GNU's list of the parts of a sparse file, whether it goes on, and the size of the file.
    pub(super) sparse: Vec<u8>,
}

impl Header {
    pub(super) fn parse(block: &[u8; 512], at: u64) -> Result<Self, Error> {
        let f = Fields::new(block, at);
        let bad = |field: &'static str, found: &[u8]| {
            Error::damaged(At::Offset(at), field, "an octal number", format!("\"{}\"", found.escape_ascii()))
        };
        let (sum, field) = (checksums(block), f.bytes(148, 8, WHAT)?);
        let want = number(field).ok_or_else(|| bad("tar header checksum", field))?;
        if want != sum.0 && want != sum.1 {
            return Err(Error::damaged(At::Offset(at), "tar header checksum", want.to_string(), sum.0.to_string()));
        }
        let field = f.bytes(124, 12, WHAT)?;
        let size = number(field).ok_or_else(|| bad("size in a tar header", field))?;
        // Times before 1970 are written in base 256, if at all; a time that cannot be told is none.
        let modified =
            number(f.bytes(136, 12, WHAT)?).and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or_default();
        let mut name = text(f.bytes(0, 100, WHAT)?);
        let prefix = text(f.bytes(345, 155, WHAT)?);
        // GNU tar ends its magic otherwise, and has no prefix.
        if f.bytes(257, 6, WHAT)? == b"ustar\0" && !prefix.is_empty() {
            name = format!("{prefix}/{name}");
        }
        let link = text(f.bytes(157, 100, WHAT)?);
        let sparse = f.bytes(386, 109, WHAT)?.to_vec();
        Ok(Self { name, kind: f.u8(156, WHAT)?, size, modified, link, sparse })
    }
}

/// The sum of the bytes with blanks for the sum itself; old tars took them as signed.
fn checksums(block: &[u8; 512]) -> (u64, u64) {
    let (mut unsigned, mut signed) = (0u64, 0i64);
    for (i, byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&i) { b' ' } else { *byte };
        unsigned = unsigned.saturating_add(u64::from(byte));
        signed = signed.saturating_add(i64::from(i8::from_ne_bytes([byte])));
    }
    (unsigned, u64::try_from(signed).unwrap_or(unsigned))
}

/// A number in octal, or in base 256 with the top bit set.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        let mut value = u64::from(field.first()? & 0x7f);
        for byte in field.get(1..)? {
            value = value.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return Some(value);
    }
    let blank = |b: &u8| *b == b' ' || *b == 0;
    let digits = field.iter().skip_while(|b| blank(b)).take_while(|b| !blank(b));
    digits.copied().try_fold(0u64, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 8)?;
        value.checked_mul(8)?.checked_add(u64::from(digit))
    })
}

/// Whether a file that starts like this is a tar: by its magic; old ones have none, and are told by the checksum.
pub(in super::super) fn is_start(start: &[u8]) -> bool {
    let Some(block) = start.first_chunk::<512>() else { return false };
    if start.get(257..262) == Some(b"ustar") {
        return true;
    }
    let known = matches!(start.get(156), Some(0 | b'0'..=b'7'));
    known && start.first().is_some_and(|b| *b != 0) && Header::parse(block, 0).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_base_256() {
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(b"     17 \0\0\0\0"), Some(15));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Some(1 << 33));
        assert_eq!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(number(b"0000008\0"), None);
        assert_eq!(number(b"-1"), None);
        assert_eq!(number(b""), None);
    }

    #[test]
    fn a_block_of_zeros_is_no_start() {
        assert!(!is_start(&[0; 512]));
        assert!(!is_start(&[b'a'; 512]));
        assert!(!is_start(b"ustar"));
    }
}
