//! Text, and what kind of it.

use super::{Known, Row, Seen};
use crate::number::wide;

static XML: Row = Row::quiet("xml", "XML");
static HTML: Row = Row::quiet("html", "HTML");
static JSON: Row = Row::quiet("json", "JSON");
static SCRIPT: Row = Row::quiet("script", "script");
static RTF: Row = Row::quiet("rtf", "RTF document");
static PEM: Row = Row::quiet("pem", "certificate or key (PEM)");
static TEXT: Row = Row::quiet("text", "text");

/// All of these.
pub(super) static ROWS: [&Row; 7] = [&XML, &HTML, &JSON, &SCRIPT, &RTF, &PEM, &TEXT];

/// How many bytes from the middle of a file, and from its end, must be text as well.
const LATER: usize = 512;

/// What kind of text this is, if it is text as far as is looked: its start, and for a longer file its middle and its end, so
/// that a disk does not pass for text whose first sectors hold some.
pub(super) fn tell(seen: &Seen<'_>) -> Option<&'static Known> {
    let coding = Coding::of(seen.start)?;
    let text = coding.read(seen.start).filter(|text| !text.trim().is_empty())?;
    let len = seen.file.len();
    let (start, later) = (wide(seen.start.len()), wide(LATER));
    let goes_on = |at: u64| {
        let mut part = [0u8; LATER];
        // On the border of a unit of UTF-16.
        let read = seen.file.fill_at(at & !1, &mut part);
        read.is_ok_and(|part| coding.read(part).is_some())
    };
    let whole = len <= start || (goes_on(len / 2) && goes_on(len.saturating_sub(later)));
    whole.then(|| &kind(&text).known)
}

fn kind(text: &str) -> &'static Row {
    let text = text.trim_start_matches('\u{feff}');
    let trimmed = text.trim_start();
    let begins = |word: &str| trimmed.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let mut marks = trimmed.chars().filter(|c| !c.is_whitespace());
    match (marks.next(), marks.next()) {
        _ if begins("<?xml ") => &XML,
        _ if begins("<!doctype html") || begins("<html") => &HTML,
        _ if text.starts_with("#!") => &SCRIPT,
        _ if text.starts_with("{\\rtf1") => &RTF,
        _ if trimmed.starts_with("-----BEGIN ") => &PEM,
        (Some('{'), Some('"' | '}')) | (Some('['), Some('{' | '"' | '[' | ']')) => &JSON,
        _ => &TEXT,
    }
}

/// How text is coded.
#[derive(Clone, Copy)]
enum Coding {
    Utf16Le,
    Utf16Be,
    /// UTF-8, or a code page that has ASCII in it.
    Bytes,
}

impl Coding {
    /// By the mark of the order of bytes, or by the zeros that Latin letters have in UTF-16.
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [] => None,
            [0xff, 0xfe, ..] => Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => Some(Self::Utf16Be),
            [a, 0, b, 0, ..] if *a > 0 && *b > 0 => Some(Self::Utf16Le),
            [0, a, 0, b, ..] if *a > 0 && *b > 0 => Some(Self::Utf16Be),
            _ => Some(Self::Bytes),
        }
    }

    /// These bytes as text, if they are some. What is cut at the start and at the end is left out.
    fn read(self, bytes: &[u8]) -> Option<String> {
        let units = |order: fn([u8; 2]) -> u16| {
            let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|unit| unit.try_into().ok()).map(order).collect();
            utf16(&units)
        };
        match self {
            Self::Utf16Le => units(u16::from_le_bytes),
            Self::Utf16Be => units(u16::from_be_bytes),
            Self::Bytes => utf8(bytes).or_else(|| code_page(bytes)),
        }
    }
}

fn utf16(units: &[u16]) -> Option<String> {
    let first_cut = units.first().is_some_and(|unit| (0xdc00..0xe000).contains(unit));
    let last_cut = units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit));
    let units = units.get(usize::from(first_cut)..)?;
    let units = units.get(..units.len().saturating_sub(usize::from(last_cut)))?;
    let text = String::from_utf16(units).ok()?;
    // Noise is letters of every script; text in a language keeps to a few, and to Latin marks between them.
    let common = text.chars().filter(char::is_ascii).count();
    (text.chars().all(is_text) && common.saturating_mul(10) >= text.chars().count()).then_some(text)
}

fn utf8(bytes: &[u8]) -> Option<String> {
    let cut = bytes.iter().take(3).take_while(|byte| *byte & 0xc0 == 0x80).count();
    let bytes = bytes.get(cut..)?;
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // Only what the end cuts off.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    text.chars().all(is_text).then(|| text.to_owned())
}

/// Mostly ASCII, and letters of a code page: no control characters.
fn code_page(bytes: &[u8]) -> Option<String> {
    let ascii = bytes.iter().filter(|byte| byte.is_ascii()).count();
    let clean = bytes.iter().all(|byte| !byte.is_ascii() || is_text(char::from(*byte)));
    (clean && ascii.saturating_mul(10) >= bytes.len().saturating_mul(9))
        .then(|| bytes.iter().map(|byte| char::from(*byte)).collect())
}

fn is_text(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}') || !c.is_control()
}
