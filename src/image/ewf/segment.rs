//! The header of a segment file, and how segments are called.

use crate::error::Error;
use crate::fields::Fields;

/// Bytes of the header: signature, a byte that is 1, the number of the segment, two zeros.
pub(super) const HEADER: usize = 13;
pub(super) const HEADER_LEN: u64 = 13;

/// What a file is, by its signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A segment of a disk image.
    Disk,
    /// A relative that is not read.
    Other(&'static str),
}

impl Kind {
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        Some(match head.get(..8)? {
            b"EVF\x09\x0d\x0a\xff\0" => Kind::Disk,
            b"LVF\x09\x0d\x0a\xff\0" | b"LEF2\x0d\x0a\x81\0" => {
                Kind::Other("a logical evidence file (L01, Lx01): it holds files and no disk, and is not read")
            }
            b"EVF2\x0d\x0a\x81\0" => {
                Kind::Other("an Expert Witness image of version 2 (Ex01), which is not read: export it as E01 or raw")
            }
            b"DVF\x09\x0d\x0a\xff\0" => Kind::Other("an Expert Witness delta file, which is not read"),
            _ => return None,
        })
    }
}

/// The number in a segment's header.
pub(super) fn number(head: &[u8]) -> Result<u16, Error> {
    Fields::new(head, 0).u16(9, "segment number")
}

/// The names of an image's segments, by that of the first: `E01` to `E99`, then `EAA` to `EZZ`, `FAA` and so on to `ZZZ`; in
/// small letters if the first one is.
pub(super) struct Names<'a> {
    stem: &'a str,
    /// The first letter of the extension. None where the file is not called like a segment.
    letter: Option<u8>,
}

impl<'a> Names<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
        let letter = match extension.as_bytes() {
            [letter, second, third]
                if letter.is_ascii_alphabetic() && second.is_ascii_alphanumeric() && third.is_ascii_alphanumeric() =>
            {
                Some(*letter)
            }
            _ => None,
        };
        // Later segments are called after the first letter of the first one, from which it may have gone on.
        let letter = letter.map(|letter| match letter {
            b'S' | b's' | b'E' | b'e' => letter,
            b'F'..=b'Z' => b'E',
            b'f'..=b'z' => b'e',
            other => other,
        });
        Self { stem, letter }
    }

    /// The name of a segment, counted from 1.
    pub(super) fn name(&self, number: u32) -> Option<String> {
        let letter = self.letter?;
        let stem = self.stem;
        let Some(index) = number.checked_sub(100) else {
            return Some(format!("{stem}.{}{number:02}", char::from(letter)));
        };
        let a = if letter.is_ascii_uppercase() { b'A' } else { b'a' };
        let digit = |n: u32| u8::try_from(n).ok().filter(|n| *n < 26).and_then(|n| a.checked_add(n));
        let first = letter.checked_sub(a).and_then(|n| digit(u32::from(n).saturating_add(index / 676)))?;
        let (second, third) = (digit(index / 26 % 26)?, digit(index % 26)?);
        Some(format!("{stem}.{}{}{}", char::from(first), char::from(second), char::from(third)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_on_as_programs_write_them() {
        let names = Names::new("a.b.E01");
        let all =
            [(1, "a.b.E01"), (2, "a.b.E02"), (99, "a.b.E99"), (100, "a.b.EAA"), (125, "a.b.EAZ"), (126, "a.b.EBA")];
        for (number, name) in all {
            assert_eq!(names.name(number).unwrap(), name);
        }
        assert_eq!(names.name(99 + 676).unwrap(), "a.b.EZZ");
        assert_eq!(names.name(100 + 676).unwrap(), "a.b.FAA");
        assert_eq!(names.name(99 + 22 * 676).unwrap(), "a.b.ZZZ");
        assert_eq!(names.name(100 + 22 * 676), None);
        assert_eq!(Names::new("a.e01").name(100).unwrap(), "a.eaa");
        assert_eq!(Names::new("a.s01").name(101).unwrap(), "a.sab");
        assert_eq!(Names::new("a.s01").name(99 + 8 * 676).unwrap(), "a.zzz");
        // What a later segment says of the first.
        assert_eq!(Names::new("a.FAB").name(1).unwrap(), "a.E01");
    }

    #[test]
    fn a_file_that_is_not_called_like_a_segment_has_no_followers() {
        for name in ["image", "image.raw.", "image.bin1", "image.01", "image.é1", ""] {
            assert_eq!(Names::new(name).name(2), None, "{name}");
        }
    }
}
