//! Keys and values for people: a block a key, its values in columns.

use std::io::{self, Write};

use super::super::escape::escape;
use super::{Export, Key, Losses, State, Value};
use crate::error::{At, Error};
use crate::windows::value::{ValueType, hex_pair};

/// Bytes of binary data shown unless all are asked for.
pub(super) const SHOWN: usize = 64;
/// Bytes of a line of a hex dump.
const PER_LINE: usize = 16;
/// Columns that a name may take before the ones behind it lose their alignment.
const NAME_COLUMNS: usize = 40;
/// Bytes of rows kept for alignment before they are printed as they are.
const KEPT: usize = 1 << 20;

struct Row {
    name: String,
    kind: String,
    at: String,
    /// The data's first line.
    data: String,
    /// Its further lines.
    more: Vec<String>,
}

pub(super) struct Text<'w> {
    out: &'w mut dyn Write,
    verbose: bool,
    rows: Vec<Row>,
    kept: usize,
    started: bool,
}

impl<'w> Text<'w> {
    pub(super) fn new(out: &'w mut dyn Write, verbose: bool) -> Self {
        Self { out, verbose, rows: Vec::new(), kept: 0, started: false }
    }

    /// Prints the rows of the key, in columns.
    fn rows(&mut self) -> io::Result<()> {
        let width = |of: fn(&Row) -> &str| self.rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (name, kind, at) = (width(|r| &r.name).min(NAME_COLUMNS), width(|r| &r.kind), width(|r| &r.at));
        for row in self.rows.drain(..) {
            let line = format!("    {:name$}  {:kind$}  {:at$}  {}", row.name, row.kind, row.at, row.data);
            writeln!(self.out, "{}", line.trim_end())?;
            for line in row.more {
                writeln!(self.out, "        {line}")?;
            }
        }
        self.kept = 0;
        Ok(())
    }
}

impl Export for Text<'_> {
    fn key(&mut self, key: &Key<'_>) -> io::Result<()> {
        self.rows()?;
        if std::mem::replace(&mut self.started, true) {
            writeln!(self.out)?;
        }
        writeln!(self.out, "{}", escape(&String::from_utf16_lossy(key.path)))?;
        match (key.last_write, key.at) {
            (Some(time), _) => write!(self.out, "    last written {time}, ")?,
            (None, At::Offset(_)) => write!(self.out, "    last written not known, ")?,
            (None, _) => write!(self.out, "    ")?, // a .reg file has no times
        }
        let state = match key.state {
            State::Present => String::new(),
            State::Link => ", a symbolic link".to_owned(),
            State::Handle(handle) => {
                format!(", a predefined handle ({handle:#010x}): Windows opens another key in its place")
            }
            State::Deleted => ", deleted".to_owned(),
        };
        writeln!(self.out, "at {}{state}", key.at)
    }

    fn value(&mut self, value: &Value<'_>) -> io::Result<()> {
        let name = match value.name {
            [] => "(default)".to_owned(),
            name => escape(&String::from_utf16_lossy(name)).into_owned(),
        };
        let (kind, at) = (value.kind.to_string(), value.at.to_string());
        let (data, more) = if value.deleted {
            ("(deleted)".to_owned(), Vec::new())
        } else {
            readable(value.kind, value.data, if self.verbose { usize::MAX } else { SHOWN })
        };
        let size = name.len().saturating_add(data.len()).saturating_add(more.iter().map(String::len).sum());
        self.kept = self.kept.saturating_add(size);
        self.rows.push(Row { name, kind, at, data, more });
        if self.kept > KEPT { self.rows() } else { Ok(()) }
    }

    fn subkey(&mut self, name: &[u16]) -> io::Result<()> {
        self.rows()?;
        writeln!(self.out, "    \\{}", escape(&String::from_utf16_lossy(name)))
    }

    fn damage(&mut self, path: &[u16], error: &Error) -> io::Result<()> {
        self.rows()?;
        let path = String::from_utf16_lossy(path);
        writeln!(self.out, "    damaged: {}: {}", escape(&path), escape(&error.to_string()))
    }

    fn end(&mut self) -> io::Result<Losses> {
        self.rows()?;
        self.out.flush()?;
        Ok(Losses::default())
    }
}

/// The data as its type means it: a first line, and further ones.
pub(super) fn readable(kind: ValueType, data: &[u8], shown: usize) -> (String, Vec<String>) {
    match kind {
        ValueType::DWORD | ValueType::DWORD_BIG_ENDIAN => match <[u8; 4]>::try_from(data) {
            Ok(bytes) => {
                let little = kind == ValueType::DWORD;
                let n = if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
                (format!("{n:#010x} ({n})"), Vec::new())
            }
            Err(_) => dump("not 4 bytes but ", data, shown),
        },
        ValueType::QWORD => match <[u8; 8]>::try_from(data).map(u64::from_le_bytes) {
            Ok(n) => (format!("{n:#018x} ({n})"), Vec::new()),
            Err(_) => dump("not 8 bytes but ", data, shown),
        },
        ValueType::SZ | ValueType::EXPAND_SZ => string(data, true),
        // The target of a link has no terminator.
        ValueType::LINK => string(data, false),
        ValueType::MULTI_SZ => strings(data),
        _ => dump("", data, shown),
    }
}

fn units(data: &[u8]) -> Vec<u16> {
    data.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect()
}

fn quote(units: &[u16]) -> String {
    format!("\"{}\"", escape(&String::from_utf16_lossy(units)))
}

/// A string with everything in it: what stands after a first NUL shows as well.
fn string(data: &[u8], terminated: bool) -> (String, Vec<String>) {
    let units = units(data);
    let (text, end) = match units.split_last() {
        Some((0, text)) => (text, ""),
        None if data.is_empty() => (&[][..], " (no data)"),
        _ if terminated => (units.as_slice(), " (no terminator)"),
        _ => (units.as_slice(), ""),
    };
    (format!("{}{end}{}", quote(text), odd(data)), Vec::new())
}

/// A line a string; a terminator that is missing, or empty strings, are said.
fn strings(data: &[u8]) -> (String, Vec<String>) {
    let units = units(data);
    let (body, end) = match units.as_slice() {
        [body @ .., 0, 0] => (body, ""),
        [0] => (&[][..], ""),
        [] => (&[][..], " (no data)"),
        [body @ .., 0] => (body, " (no terminator)"),
        body => (body, " (no terminator)"),
    };
    let texts: Vec<String> = if body.is_empty() { Vec::new() } else { body.split(|&u| u == 0).map(quote).collect() };
    (format!("{} strings{end}{}", texts.len(), odd(data)), texts)
}

fn odd(data: &[u8]) -> String {
    match data.as_chunks::<2>().1 {
        [byte] => format!(" (and half a character: {byte:02x})"),
        _ => String::new(),
    }
}

/// A hex dump of the first bytes, with the number of all.
fn dump(before: &str, data: &[u8], shown: usize) -> (String, Vec<String>) {
    let part = data.get(..shown).unwrap_or(data);
    let mut lines: Vec<String> = (part.chunks(PER_LINE).enumerate())
        .map(|(n, bytes)| {
            let pairs = bytes.iter().flat_map(|&byte| hex_pair(byte).map(char::from).into_iter().chain([' ']));
            let hex = pairs.collect::<String>();
            let ascii = bytes.iter().map(|&b| if (0x20..0x7f).contains(&b) { char::from(b) } else { '.' });
            format!("{:06x}  {hex:48} {}", n.saturating_mul(PER_LINE), ascii.collect::<String>())
        })
        .collect();
    let rest = data.len().saturating_sub(part.len());
    if rest > 0 {
        lines.push(format!("… {rest} more bytes (-v shows them)"));
    }
    (format!("{before}{} bytes", data.len()), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_show_all_that_they_hold() {
        let show = |kind: u32, data: &[u8]| readable(ValueType(kind), data, SHOWN);
        assert_eq!(show(1, b"A\0B\0\0\0").0, "\"AB\"");
        assert_eq!(show(1, b"A\0").0, "\"A\" (no terminator)");
        assert_eq!(show(1, b"").0, "\"\" (no data)");
        assert_eq!(show(1, b"A\0\0\0\x1b\0\0\0").0, "\"A\\u{0}\\u{1b}\"");
        assert_eq!(show(1, b"A\0\0\0x").0, "\"A\" (and half a character: 78)");
        assert_eq!(show(6, b"A\0").0, "\"A\"");
        assert_eq!(show(7, b"A\0\0\0B\0\0\0\0\0"), ("2 strings".into(), vec!["\"A\"".into(), "\"B\"".into()]));
        assert_eq!(show(7, b"A\0\0\0"), ("1 strings (no terminator)".into(), vec!["\"A\"".into()]));
        assert_eq!(show(7, b"\0\0"), ("0 strings".into(), vec![]));
    }

    #[test]
    fn numbers_show_both_ways_and_wrong_lengths_as_bytes() {
        assert_eq!(readable(ValueType::DWORD, &[10, 0, 0, 0], 64).0, "0x0000000a (10)");
        assert_eq!(readable(ValueType::DWORD_BIG_ENDIAN, &[0, 0, 0, 10], 64).0, "0x0000000a (10)");
        assert_eq!(readable(ValueType::QWORD, &[1, 0, 0, 0, 0, 0, 0, 0], 64).0, "0x0000000000000001 (1)");
        let (first, more) = readable(ValueType::DWORD, b"abc", 2);
        assert_eq!(first, "not 4 bytes but 3 bytes");
        assert_eq!(more, [format!("000000  61 62 {} ab", " ".repeat(42)), "… 1 more bytes (-v shows them)".into()]);
    }
}
