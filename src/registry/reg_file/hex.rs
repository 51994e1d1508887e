//! Hex data: bytes between commas, over as many lines as it takes.

use super::lex::{BACKSLASH, COMMA, HASH, SEMICOLON, skip_blanks};
use super::refusal::Refusal;

/// The value of each hexadecimal digit below 0x80, 0xff for the rest.
const DIGITS: [u8; 128] = digits();

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler: an index out of range would not compile")]
const fn digits() -> [u8; 128] {
    let mut table = [0xff; 128];
    let (mut n, upper, lower) = (0u8, b"0123456789ABCDEF", b"0123456789abcdef");
    while n < 16 {
        table[upper[n as usize] as usize] = n;
        table[lower[n as usize] as usize] = n;
        n += 1;
    }
    table
}

/// The value of a hexadecimal digit, 0xff for any other unit.
#[inline]
pub(super) fn digit(unit: u16) -> u8 {
    DIGITS.get(usize::from(unit)).copied().unwrap_or(0xff)
}

/// The number that one to eight hexadecimal digits at the start of `units` make, and what follows them.
pub(super) fn number(units: &[u16]) -> Option<(u32, &[u16])> {
    let count = units.iter().take_while(|&&u| digit(u) != 0xff).take(9).count();
    let (digits, rest) = units.split_at_checked(count)?;
    let value = digits.iter().fold(0u32, |n, &u| (n << 4) | u32::from(digit(u)));
    (1..=8).contains(&count).then_some((value, rest))
}

/// Where decoded bytes go.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    /// The bytes, when they are wanted.
    pub(super) data: Vec<u8>,
    /// How many there were.
    pub(super) count: usize,
    /// How many may be stored; 0 when they are not wanted.
    pub(super) limit: usize,
}

impl Bytes {
    #[inline]
    fn push(&mut self, byte: u8) {
        if self.count < self.limit {
            self.data.push(byte);
        }
        self.count += 1;
    }
}

/// How a line of hex data ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The value is complete; whether its last byte is followed by a comma.
    Done { comma: bool },
    /// `,\`: the next line goes on.
    Continued,
}

/// Reads one line of hex data (reference: `bytes` and `continue` of the grammar in the parent module).
pub(super) fn line(units: &[u16], out: &mut Bytes) -> Result<End, Refusal> {
    let (triples, _) = units.as_chunks::<3>();
    let mut plain = 0usize;
    // Nearly all of a file is `xx,xx,xx,`: that much without asking more than it takes.
    for &[high, low, comma] in triples {
        let (high, low) = (digit(high), digit(low));
        if (high | low) == 0xff || comma != COMMA {
            break;
        }
        out.push((high << 4) | low);
        plain = plain.saturating_add(3);
    }
    let mut comma = plain > 0;
    let mut rest = units.get(plain..).unwrap_or_default();
    loop {
        rest = skip_blanks(rest);
        let Some((&first, after)) = rest.split_first() else { return Ok(End::Done { comma }) };
        match first {
            SEMICOLON => return Ok(End::Done { comma }),
            BACKSLASH => {
                return match skip_blanks(after).first() {
                    None | Some(&SEMICOLON) => Ok(End::Continued),
                    Some(_) => Err(Refusal::AfterBackslash),
                };
            }
            HASH => return Err(Refusal::HashAfterData),
            _ => {}
        }
        let count = rest.iter().take_while(|&&u| digit(u) != 0xff).take(3).count();
        let (digits, after) = rest.split_at_checked(count).unwrap_or_default();
        if !(1..=2).contains(&count) {
            return Err(Refusal::BadByte);
        }
        out.push(digits.iter().fold(0, |n, &u| (n << 4) | digit(u)));
        rest = match after.split_first() {
            Some((&COMMA, next)) => next,
            _ => return end_after_byte(after),
        };
        comma = true;
    }
}

/// What may follow a byte that no comma follows.
fn end_after_byte(rest: &[u16]) -> Result<End, Refusal> {
    match skip_blanks(rest).first() {
        None | Some(&SEMICOLON) => Ok(End::Done { comma: false }),
        Some(&BACKSLASH) => Err(Refusal::NoComma),
        Some(&HASH) => Err(Refusal::HashAfterData),
        Some(_) => Err(Refusal::BadByte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Result<End, Refusal>, Vec<u8>) {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut bytes = Bytes { limit: 99, ..Bytes::default() };
        let end = line(&units, &mut bytes);
        assert_eq!(bytes.count, bytes.data.len());
        (end, bytes.data)
    }

    #[test]
    fn complete_lines() {
        let done = |comma| Ok(End::Done { comma });
        for (text, end, data) in [
            ("", done(false), &[][..]),
            ("1", done(false), &[1]),
            ("11,22", done(false), &[0x11, 0x22]),
            ("11,22,", done(true), &[0x11, 0x22]),
            ("11,2,aB \t; c", done(false), &[0x11, 2, 0xab]),
            ("11,;c", done(true), &[0x11]),
            (";c", done(false), &[]),
            ("11, 22", done(false), &[0x11, 0x22]),
            ("11,\\", Ok(End::Continued), &[0x11]),
            ("11, \t\\  ;c", Ok(End::Continued), &[0x11]),
            ("\\", Ok(End::Continued), &[]),
        ] {
            assert_eq!(read(text), (end, data.to_vec()), "{text}");
        }
    }

    #[test]
    fn refused_lines() {
        for (text, refusal) in [
            ("11,100,22", Refusal::BadByte),
            ("011", Refusal::BadByte),
            ("11,,22", Refusal::BadByte),
            (",\\", Refusal::BadByte),
            ("11,xx", Refusal::BadByte),
            ("11,/", Refusal::BadByte),
            ("11 22", Refusal::BadByte),
            ("11,\u{ff11}", Refusal::BadByte),
            ("11\\", Refusal::NoComma),
            ("11  \\  ;c", Refusal::NoComma),
            ("11,\\22", Refusal::AfterBackslash),
            ("11,\\\\", Refusal::AfterBackslash),
            ("11,\\#c", Refusal::AfterBackslash),
            ("11,#c", Refusal::HashAfterData),
            ("11  #c", Refusal::HashAfterData),
        ] {
            assert_eq!(read(text).0, Err(refusal), "{text}");
        }
    }

    #[test]
    fn numbers_have_one_to_eight_digits() {
        let number_of = |text: &str| number(&text.encode_utf16().collect::<Vec<_>>()).map(|(n, rest)| (n, rest.len()));
        assert_eq!(number_of("0000001"), Some((1, 0)));
        assert_eq!(number_of("fFfFfFfF)"), Some((0xffff_ffff, 1)));
        assert_eq!(number_of("000000001"), None);
        assert_eq!(number_of("x"), None);
    }
}
