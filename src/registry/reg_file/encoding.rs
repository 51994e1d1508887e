//! Bytes to UTF-16 code units, a chunk at a time.
//!
//! regedit knows two encodings: UTF-16LE when the file starts with `FF FE`, else the system's ANSI code page (Wine,
//! `programs/regedit/regproc.c`, `import_registry_file`). The others are read because files in them exist.

use std::fmt;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::{At, Error};
use crate::number::wide;
use crate::read_at::ReadAt;

/// Bytes asked of the source at a time. Fits a first-level cache and makes a read worth its call.
const CHUNK: usize = 1 << 16;

/// How the text of a `.reg` file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-16, little-endian: what regedit writes.
    Utf16Le,
    /// UTF-16, big-endian: regedit does not recognise it.
    Utf16Be,
    /// UTF-8 that says so with a byte order mark.
    Utf8,
    /// An 8-bit code page.
    CodePage {
        /// The code page.
        encoding: &'static Encoding,
        /// Nobody named it: it is the Western European default, and lines that are valid UTF-8 are read as that.
        assumed: bool,
    },
}

impl Charset {
    /// The encoding of a file that starts with `head`, and the length of its byte order mark in bytes. `code_page` is
    /// what the caller says that files without a mark are in.
    pub(super) fn of(head: &[u8], code_page: Option<&'static Encoding>) -> (Self, u64) {
        match head {
            [0xff, 0xfe, ..] => (Self::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Self::Utf16Be, 2),
            [0xef, 0xbb, 0xbf, ..] => (Self::Utf8, 3),
            _ => match code_page {
                Some(encoding) if encoding == UTF_16LE => (Self::Utf16Le, 0),
                Some(encoding) if encoding == UTF_16BE => (Self::Utf16Be, 0),
                Some(encoding) => (Self::CodePage { encoding, assumed: false }, 0),
                None => (Self::CodePage { encoding: WINDOWS_1252, assumed: true }, 0),
            },
        }
    }

    /// Whether hex data of string types is UTF-16LE whatever the header says.
    pub(super) fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// The code page in which a REGEDIT4 file gives the bytes of its strings.
    pub(super) fn code_page(self) -> &'static Encoding {
        match self {
            Self::CodePage { encoding, .. } => encoding,
            Self::Utf16Le | Self::Utf16Be | Self::Utf8 => WINDOWS_1252,
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf16Le => f.write_str("UTF-16LE"),
            Self::Utf16Be => f.write_str("UTF-16BE"),
            Self::Utf8 => f.write_str("UTF-8 with a byte order mark"),
            Self::CodePage { encoding, assumed: false } => f.write_str(encoding.name()),
            Self::CodePage { encoding, assumed: true } => write!(f, "{} (assumed)", encoding.name()),
        }
    }
}

/// What [`Units::fill`] came to.
pub(super) enum Fill {
    /// There may be more.
    More,
    /// That was all.
    End,
    /// One line is longer than the limit.
    TooLong,
}

/// The code units of a source, in order.
pub(super) struct Units<'a> {
    source: &'a dyn ReadAt,
    charset: Charset,
    offset: u64,
    chunk: Vec<u8>,
    emitted: u64,
    utf8_from: Option<u64>,
    odd: bool,
}

impl<'a> Units<'a> {
    /// The units of `source` from `offset` (bytes) on.
    pub(super) fn new(source: &'a dyn ReadAt, charset: Charset, offset: u64) -> Self {
        Self { source, charset, offset, chunk: vec![0; CHUNK], emitted: 0, utf8_from: None, odd: false }
    }

    /// Where the first line starts that was read as UTF-8 though nothing says so, in units from the start of the text.
    pub(super) fn utf8_from(&self) -> Option<u64> {
        self.utf8_from
    }

    /// Whether UTF-16 text ended in half a unit.
    pub(super) fn odd(&self) -> bool {
        self.odd
    }

    /// Appends more units to `out`. 8-bit text comes in whole lines, of at most `limit` bytes.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(super) fn fill(&mut self, out: &mut Vec<u16>, limit: usize) -> Result<Fill, Error> {
        let before = out.len();
        let fill = match self.charset {
            Charset::Utf16Le => self.fill_wide(out, u16::from_le_bytes),
            Charset::Utf16Be => self.fill_wide(out, u16::from_be_bytes),
            Charset::Utf8 => self.fill_lines(out, limit, UTF_8, false),
            Charset::CodePage { encoding, assumed } => self.fill_lines(out, limit, encoding, assumed),
        }?;
        self.emitted = self.emitted.saturating_add(u64::try_from(out.len().saturating_sub(before)).unwrap_or(0));
        Ok(fill)
    }

    fn read(&mut self) -> Result<usize, Error> {
        let read = self.source.read_at(self.offset, &mut self.chunk);
        read.map_err(|e| Error::io(At::Offset(self.offset), "the text of the file", &e))
    }

    fn advance(&mut self, bytes: usize) {
        self.offset = self.offset.saturating_add(wide(bytes));
    }

    fn fill_wide(&mut self, out: &mut Vec<u16>, unit: fn([u8; 2]) -> u16) -> Result<Fill, Error> {
        let n = self.read()?;
        let (pairs, rest) = self.chunk.get(..n).unwrap_or_default().as_chunks::<2>();
        if pairs.is_empty() {
            self.odd = !rest.is_empty();
            return Ok(Fill::End);
        }
        out.extend(pairs.iter().map(|&pair| unit(pair)));
        // Half a unit at the end of a chunk is read again with the next one.
        self.advance(n.saturating_sub(rest.len()));
        Ok(Fill::More)
    }

    fn fill_lines(
        &mut self,
        out: &mut Vec<u16>,
        limit: usize,
        encoding: &'static Encoding,
        assumed: bool,
    ) -> Result<Fill, Error> {
        let n = self.read()?;
        let whole = n < self.chunk.len();
        let read = self.chunk.get(..n).unwrap_or_default();
        // Cutting between lines keeps multi-byte characters whole: no code page that Windows takes as its ANSI one has
        // CR or LF as a trail byte. What follows the cut is read again.
        let last_eol = read.iter().rposition(|&b| b == b'\n' || b == b'\r').map(|i| i.saturating_add(1));
        let cut = match last_eol {
            _ if whole => n,
            Some(cut) => cut,
            None if n >= limit => return Ok(Fill::TooLong),
            None => {
                self.chunk.resize(n.saturating_mul(2), 0);
                return Ok(Fill::More);
            }
        };
        let text = read.get(..cut).unwrap_or_default();
        if text.is_ascii() {
            out.extend(text.iter().map(|&b| u16::from(b)));
        } else {
            let start = out.len();
            for line in text.split_inclusive(|&b| b == b'\n' || b == b'\r') {
                match std::str::from_utf8(line) {
                    _ if line.is_ascii() => out.extend(line.iter().map(|&b| u16::from(b))),
                    Ok(utf8) if assumed => {
                        let here = u64::try_from(out.len().saturating_sub(start)).unwrap_or(0);
                        self.utf8_from.get_or_insert(self.emitted.saturating_add(here));
                        out.extend(utf8.encode_utf16());
                    }
                    _ => decode(encoding, line, out),
                }
            }
        }
        self.chunk.truncate(CHUNK);
        self.advance(cut);
        Ok(if whole { Fill::End } else { Fill::More })
    }
}

/// Appends `bytes` decoded from `encoding`; what is malformed becomes U+FFFD.
pub(super) fn decode(encoding: &'static Encoding, bytes: &[u8], out: &mut Vec<u16>) {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let start = out.len();
    let Some(room) = decoder.max_utf16_buffer_length(bytes.len()) else { return };
    out.resize(start.saturating_add(room), 0);
    let (_, _, written, _) = decoder.decode_to_utf16(bytes, out.get_mut(start..).unwrap_or_default(), true);
    out.truncate(start.saturating_add(written));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], code_page: Option<&'static Encoding>) -> (String, Option<u64>) {
        let (charset, skip) = Charset::of(bytes, code_page);
        let source = bytes.to_vec();
        let mut units = Units::new(&source, charset, skip);
        let mut out = Vec::new();
        while let Fill::More = units.fill(&mut out, 1 << 20).unwrap() {}
        (String::from_utf16_lossy(&out), units.utf8_from())
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        for bytes in [&b"\xff\xfea\0\xe9\0"[..], b"\xfe\xff\0a\0\xe9", b"\xef\xbb\xbfa\xc3\xa9", b"a\xe9"] {
            assert_eq!(all(bytes, None).0, "a\u{e9}");
        }
        assert_eq!(all(b"a\xe9", Some(encoding_rs::WINDOWS_1251)).0, "a\u{439}");
    }

    #[test]
    fn utf8_is_guessed_line_by_line_and_only_without_a_code_page() {
        assert_eq!(all(b"ab\n\xc3\xa9\n\xe9\n", None), ("ab\n\u{e9}\n\u{e9}\n".into(), Some(3)));
        assert_eq!(all(b"\xc3\xa9", Some(WINDOWS_1252)), ("\u{c3}\u{a9}".into(), None));
    }

    #[test]
    fn lines_longer_than_a_chunk_stay_whole() {
        let mut long = vec![b'x'; CHUNK * 3 + 5];
        long.extend(b"\r\n\xc3\xa9");
        let (text, from) = all(&long, None);
        assert_eq!((text.chars().count(), from), (CHUNK * 3 + 8, Some(u64::try_from(CHUNK * 3 + 7).unwrap())));
    }

    #[test]
    fn half_a_unit_at_the_end_is_noticed() {
        let source = b"\xff\xfea\0b".to_vec();
        let mut units = Units::new(&source, Charset::Utf16Le, 2);
        let mut out = Vec::new();
        while let Fill::More = units.fill(&mut out, 100).unwrap() {}
        assert!(units.odd());
        assert_eq!(out, [0x61]);
    }
}
