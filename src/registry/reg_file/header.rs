//! The first line, and what a file is by it.

use crate::windows::roots;
use std::fmt;

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::encoding::{Charset, decode};
use super::lex::{after, is_blank, skip_blanks};
use super::wine;

const VERSION_4: &str = "REGEDIT4";
const VERSION_5: &str = "Windows Registry Editor Version 5.00";
const VERSION_3: &str = "REGEDIT";

/// What the first line says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// `Windows Registry Editor Version 5.00`: Windows 2000 and later.
    Version5,
    /// `REGEDIT4`: Windows 95 and NT 4.
    Regedit4,
    /// `REGEDIT` alone: Windows 3.1. Its lines set the default values of classes only.
    Windows31,
    /// `REGEDIT` and anything else: regedit reports success and imports nothing.
    Ignored,
    /// Wine's own registry file.
    Wine,
    /// No header of a registry script: regedit refuses the file.
    None,
}

impl Header {
    /// Whether lines below this header are read.
    pub fn imports(self) -> bool {
        matches!(self, Self::Version5 | Self::Regedit4 | Self::Windows31 | Self::Wine)
    }

    /// What a first line says. Blanks before a header count for nothing, anything after it counts (Wine,
    /// `parse_file_header`, and the test functions named in the parent module).
    pub(super) fn of(line: &[u16]) -> Self {
        let line = skip_blanks(line);
        let is = |header: &str| after(line, header).is_some_and(<[u16]>::is_empty);
        if is(VERSION_5) {
            Self::Version5
        } else if is(VERSION_4) {
            Self::Regedit4
        } else if is(VERSION_3) {
            Self::Windows31
        } else if after(line, VERSION_3).is_some() {
            Self::Ignored
        } else if is(wine::HEADER) {
            Self::Wine
        } else {
            Self::None
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version5 => "version 5.00",
            Self::Regedit4 => "REGEDIT4",
            Self::Windows31 => "REGEDIT (Windows 3.1)",
            Self::Ignored => "unknown REGEDIT version",
            Self::Wine => "Wine registry",
            Self::None => "no registry script",
        })
    }
}

/// What a file is by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// It has a header, which [`Header::imports`] or does not.
    RegFile(Header),
    /// Somebody meant it to be a registry script, but regedit would refuse it.
    LooksLikeReg {
        /// Why it is none, in one sentence.
        reason: &'static str,
    },
}

const LIST: &str = "this looks like the list in the documentation, not a .reg file: bullets and no header; \
                    regedit would import nothing. Use `tlshive generate enable`";
const NO_HEADER: &str = "there are key lines but no header on the first line; regedit would import nothing";
const UNMARKED: &str = "the text is UTF-16 without a byte order mark; regedit would import nothing";
const LATE: &str = "the header is not on the first line; regedit would import nothing";
const INEXACT: &str = "the header must be exactly REGEDIT4 or Windows Registry Editor Version 5.00, in that case and \
                       without anything after it; regedit would import nothing";

/// Says by the first few KiB of a file what it is, if it is anything of ours.
pub fn sniff(head: &[u8]) -> Option<Sniffed> {
    let (charset, skip) = Charset::of(head, None);
    let head = head.get(usize::try_from(skip).ok()?..)?;
    let unmarked = match head {
        _ if skip != 0 => None,
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some(UTF_16LE),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some(UTF_16BE),
        _ => None,
    };
    let mut units = Vec::new();
    match (unmarked, charset) {
        (Some(encoding), _) => decode(encoding, head, &mut units),
        (None, Charset::Utf16Le) => decode(UTF_16LE, head, &mut units),
        (None, Charset::Utf16Be) => decode(UTF_16BE, head, &mut units),
        // Nothing looked for here is outside ASCII.
        _ => units.extend(head.iter().map(|&b| u16::from(b))),
    }
    let looks = |reason| Some(Sniffed::LooksLikeReg { reason });
    let mut lines = units.split(|&u| u == 0x0a || u == 0x0d);
    let first = lines.next().unwrap_or_default();
    let header = Header::of(first);
    match (header, unmarked) {
        (Header::None, _) => {}
        (_, Some(_)) => return looks(UNMARKED),
        (header, None) => return Some(Sniffed::RegFile(header)),
    }
    if is_nearly_a_header(first) {
        return looks(INEXACT);
    }
    let mut blank = first.iter().all(|&u| is_blank(u));
    for line in lines {
        if blank && (Header::of(line) != Header::None || is_nearly_a_header(line)) {
            return looks(LATE);
        }
        blank = blank && line.iter().all(|&u| is_blank(u));
        if let Some(reason) = key_line(line) {
            return looks(reason);
        }
    }
    key_line(first).and_then(looks)
}

/// Whether this is the file's own header once more, or with the byte order mark that it had in a file of its own.
pub(super) fn is_repeated(line: &[u16], header: Header) -> bool {
    let line = line.strip_prefix(&[0xfeff]).unwrap_or(line);
    matches!(header, Header::Version5 | Header::Regedit4) && Header::of(line) == header
}

fn is_nearly_a_header(line: &[u16]) -> bool {
    let lower = |text: &[u16]| String::from_utf16_lossy(text).to_ascii_lowercase();
    let line = lower(skip_blanks(line).get(..VERSION_5.len()).unwrap_or(skip_blanks(line)));
    line.starts_with("regedit4") || line.starts_with("windows registry editor version")
}

/// What a line that opens a key would be without a header.
fn key_line(line: &[u16]) -> Option<&'static str> {
    let opens = |units: &[u16]| {
        let units = after(units, "[-").or_else(|| after(units, "["))?;
        roots::is(units.get(..5)?, "HKEY_").then_some(())
    };
    let line = skip_blanks(line);
    match bullet(line) {
        Some(item) => opens(item).map(|()| LIST),
        None => opens(line).map(|()| NO_HEADER),
    }
}

/// The text of a list item: what follows a bullet and blanks.
pub(super) fn bullet(line: &[u16]) -> Option<&[u16]> {
    let (&mark, rest) = line.split_first()?;
    // - * + and the bullet, in Unicode and in windows-1252, or as the three bytes that it is in UTF-8.
    let rest = match mark {
        0x2d | 0x2a | 0x2b | 0x2022 | 0x95 | 0xb7 => rest,
        0xe2 => rest.get(2..)?,
        _ => return None,
    };
    let item = skip_blanks(rest);
    (item.len() < rest.len()).then_some(item)
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// What the first line says.
    pub header: Header,
    /// How the text is encoded.
    pub charset: Charset,
    /// Keys have no root, as hivexregedit writes them.
    pub rootless: bool,
}

impl Format {
    /// Why regedit would import nothing of the file, or may not. [`Header::Ignored`] is no refusal: regedit reports success.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        Some(match (self.charset, self.header) {
            (Charset::Utf16Be, _) => "UTF-16BE: regedit would refuse it",
            (_, Header::None) => "no registry script: regedit would refuse it",
            (_, Header::Wine) => "a registry file of Wine: regedit would refuse it",
            // Reports of both are published.
            (Charset::Utf8, _) => "UTF-8 with a byte order mark: some versions of regedit refuse it",
            (_, Header::Version5 | Header::Regedit4 | Header::Windows31 | Header::Ignored) => return None,
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rootless = if self.rootless { " of hivexregedit" } else { "" };
        write!(f, "{}{rootless}, {}", self.header, self.charset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_exact() {
        for (line, header) in [
            ("REGEDIT4", Header::Regedit4),
            (" \t REGEDIT4", Header::Regedit4),
            ("Windows Registry Editor Version 5.00", Header::Version5),
            ("REGEDIT", Header::Windows31),
            ("REGEDIT4 ", Header::Ignored),
            ("REGEDIT 4", Header::Ignored),
            ("REGEDIT5", Header::Ignored),
            ("regedit4", Header::None),
            ("Windows Registry Editor version 5.00", Header::None),
            ("Windows Registry Editor Version 5.00 ", Header::None),
            ("WINE REGISTRY Version 2", Header::Wine),
            ("", Header::None),
        ] {
            assert_eq!(Header::of(&line.encode_utf16().collect::<Vec<_>>()), header, "{line:?}");
        }
    }

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let key = r"[HKEY_LOCAL_MACHINE\SOFTWARE]";
        let looks = |reason| Some(Sniffed::LooksLikeReg { reason });
        for (head, sniffed) in [
            (b"REGEDIT4\n".to_vec(), Some(Sniffed::RegFile(Header::Regedit4))),
            ([&b"\xff\xfe"[..], &wide("REGEDIT4\r\n")].concat(), Some(Sniffed::RegFile(Header::Regedit4))),
            (b"\xef\xbb\xbfWindows Registry Editor Version 5.00".to_vec(), Some(Sniffed::RegFile(Header::Version5))),
            (b"WINE REGISTRY Version 2\n".to_vec(), Some(Sniffed::RegFile(Header::Wine))),
            (wide("REGEDIT4\r\n"), looks(UNMARKED)),
            (b"\r\nREGEDIT4\r\n".to_vec(), looks(LATE)),
            (b"Regedit4\n".to_vec(), looks(INEXACT)),
            (b"Windows Registry Editor Version 4.00\n".to_vec(), looks(INEXACT)),
            (format!("{key}\n").into_bytes(), looks(NO_HEADER)),
            (format!("### Enable\n- {key}\n").into_bytes(), looks(LIST)),
            (format!("\u{2022} {key}\n").into_bytes(), looks(LIST)),
            (b"[Strings]\nregedit\n".to_vec(), None),
            (b"".to_vec(), None),
            (b"\xff\xfe".to_vec(), None),
        ] {
            assert_eq!(sniff(&head), sniffed, "{}", String::from_utf8_lossy(&head));
        }
    }
}
