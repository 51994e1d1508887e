//! Code units to lines. A line ends with CR LF, LF or CR; the last one needs no end.

use super::encoding::{Fill, Units};
use crate::error::{At, Error};
use crate::number::wide;

const CR: u16 = 0x0d;
const LF: u16 = 0x0a;

/// The physical lines of a text, lent one at a time.
pub(super) struct Lines<'a> {
    units: Units<'a>,
    buffer: Vec<u16>,
    /// Where the next line starts in the buffer.
    start: usize,
    /// Units before the buffer.
    passed: u64,
    number: u64,
    ended: bool,
    limit: usize,
    utf8_line: Option<u64>,
    /// Whether every line so far ended with CR LF.
    regular: bool,
}

impl<'a> Lines<'a> {
    /// The lines of `units`, of at most `limit` units each.
    pub(super) fn new(units: Units<'a>, limit: usize) -> Self {
        Self {
            units,
            buffer: Vec::new(),
            start: 0,
            passed: 0,
            number: 0,
            ended: false,
            limit,
            utf8_line: None,
            regular: true,
        }
    }

    /// The number of the line lent last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The first line that was taken for UTF-8 though nothing says so.
    pub(super) fn utf8_line(&self) -> Option<u64> {
        self.utf8_line
    }

    /// Whether every line so far, the last one too, ended with CR LF.
    pub(super) fn regular(&self) -> bool {
        self.regular
    }

    /// Whether UTF-16 text ended in half a unit.
    pub(super) fn odd(&self) -> bool {
        self.units.odd()
    }

    /// The next line without its end; `None` after the last one.
    ///
    /// # Errors
    /// When the source cannot be read, or the line is longer than the limit.
    pub(super) fn next(&mut self) -> Result<Option<&[u16]>, Error> {
        let mut scanned = self.start;
        let (end, next) = loop {
            let found = find_eol(self.buffer.get(scanned..).unwrap_or_default()).map(|i| scanned.saturating_add(i));
            let after = found.map(|i| i.saturating_add(1));
            match (found, after.and_then(|i| self.buffer.get(i))) {
                // A CR at the end of the buffer may be half of a CR LF.
                (Some(i), None) if !self.ended && self.buffer.get(i) == Some(&CR) => scanned = i,
                (Some(i), Some(&LF)) if self.buffer.get(i) == Some(&CR) => break (i, i.saturating_add(2)),
                (Some(i), _) => break (i, i.saturating_add(1)),
                (None, _) if self.ended && self.start >= self.buffer.len() => return Ok(None),
                (None, _) if self.ended => break (self.buffer.len(), self.buffer.len()),
                (None, _) => scanned = self.buffer.len(),
            }
            scanned = scanned.saturating_sub(self.start);
            self.refill()?;
        };
        self.number += 1;
        if self.utf8_line.is_none() {
            let here = self.passed.saturating_add(u64::try_from(self.start).unwrap_or(0));
            self.utf8_line = self.units.utf8_from().filter(|&from| from <= here).map(|_| self.number);
        }
        let line = self.start..end;
        self.regular &= next.saturating_sub(end) == 2;
        self.start = next;
        if line.len() > self.limit {
            return Err(self.too_long());
        }
        Ok(self.buffer.get(line))
    }

    /// Moves the unfinished line to the front of the buffer and reads on.
    fn refill(&mut self) -> Result<(), Error> {
        self.buffer.drain(..self.start);
        self.passed = self.passed.saturating_add(u64::try_from(self.start).unwrap_or(0));
        self.start = 0;
        if self.buffer.len() > self.limit {
            self.number += 1;
            return Err(self.too_long());
        }
        match self.units.fill(&mut self.buffer, self.limit)? {
            Fill::More => {}
            Fill::End => self.ended = true,
            Fill::TooLong => {
                self.number += 1;
                return Err(self.too_long());
            }
        }
        Ok(())
    }

    fn too_long(&self) -> Error {
        let limit = wide(self.limit);
        Error::Limit { at: At::Line(self.number), what: "the length of a line in UTF-16 units", limit }
    }
}

/// The first CR or LF. Looks at eight units at a time, without a branch inside, so that the compiler can use vectors.
fn find_eol(units: &[u16]) -> Option<usize> {
    let (blocks, rest) = units.as_chunks::<8>();
    let hit = blocks.iter().position(|block| block.iter().fold(false, |hit, &u| hit | (u == CR) | (u == LF)));
    let from = hit.unwrap_or(blocks.len()).saturating_mul(8);
    let tail = if hit.is_some() { units.get(from..)? } else { rest };
    tail.iter().position(|&u| u == CR || u == LF).map(|i| i.saturating_add(from))
}

#[cfg(test)]
mod tests {
    use super::super::encoding::Charset;
    use super::*;
    use crate::read_at::ReadAt;

    fn split(text: &[u8], limit: usize) -> Result<Vec<String>, Error> {
        let source = text.to_vec();
        let (charset, skip) = Charset::of(&source, None);
        let mut lines = Lines::new(Units::new(&source as &dyn ReadAt, charset, skip), limit);
        let mut out = Vec::new();
        while let Some(line) = lines.next()? {
            out.push(String::from_utf16_lossy(line));
        }
        assert_eq!(lines.number(), u64::try_from(out.len()).unwrap());
        Ok(out)
    }

    #[test]
    fn every_kind_of_end_counts_once() {
        assert_eq!(split(b"a\r\nb\nc\rd\n\re", 99).unwrap(), ["a", "b", "c", "d", "", "e"]);
        assert_eq!(split(b"a\n", 99).unwrap(), ["a"]);
        assert_eq!(split(b"", 99).unwrap(), [""; 0]);
    }

    #[test]
    fn a_cr_lf_across_two_chunks_is_one_end() {
        let mut text = b"\xff\xfe".to_vec();
        text.extend([b'x', 0].repeat((1 << 15) - 1));
        text.extend(b"\r\0\n\0y\0");
        assert_eq!(split(&text, 1 << 20).unwrap().len(), 2);
        let mut text = vec![b'x'; (1 << 16) - 1];
        text.extend(b"\r\ny");
        assert_eq!(split(&text, 1 << 20).unwrap().len(), 2);
    }

    #[test]
    fn a_line_over_the_limit_is_an_error_with_its_number() {
        let mut text = b"a\n".to_vec();
        text.extend(vec![b'x'; 1 << 20]);
        let at = At::Line(2);
        for bom in [&b""[..], b"\xef\xbb\xbf"] {
            let error = split(&[bom, &text].concat(), 1000).unwrap_err();
            assert!(matches!(error, Error::Limit { at: a, limit: 1000, .. } if a == at), "{error}");
        }
    }
}
