//! Whether lines are those that regedit writes: an empty line behind the header and behind every key, keys and values in
//! their only form, hex data wrapped where regedit wraps it. Order is checked where keys are compared (`watch.rs`), encoding
//! and line ends where the file is at its end.

use super::super::hex::End;
use super::super::lex::{BACKSLASH, Data, Quoted, is_blank};
use crate::registry::reg_text::{PER_LINE, on_first_line};

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The empty line behind the header.
    Blank,
    /// A key, or the end.
    Key,
    /// A value, or the empty line behind the last one.
    Value,
    /// A value whose hex data begins in this column.
    Data(usize),
    /// More of a value.
    More,
}

/// The lines so far.
#[derive(Debug)]
pub(super) struct Exact {
    next: Next,
    /// The first line that is not regedit's.
    broken: Option<u64>,
}

impl Exact {
    /// Where the encoding is not regedit's, nothing that comes is.
    pub(super) fn behind_header(encoded: bool) -> Self {
        Self { next: Next::Blank, broken: (!encoded).then_some(1) }
    }

    pub(super) fn behind_empty_line(encoded: bool) -> Self {
        Self { next: Next::Key, ..Self::behind_header(encoded) }
    }

    /// Whether the next lines are worth a look.
    pub(super) fn holds(&self) -> bool {
        self.broken.is_none()
    }

    /// The first line that is not regedit's.
    pub(super) fn broken(&self) -> Option<u64> {
        self.broken
    }

    /// No more lines come; this would be the next.
    pub(super) fn end(&mut self, line: u64) {
        self.check(self.next == Next::Key, Next::Key, line);
    }

    pub(super) fn breaks(&mut self, line: u64) {
        self.broken.get_or_insert(line);
    }

    fn check(&mut self, holds: bool, next: Next, line: u64) {
        self.next = next;
        if !holds {
            self.breaks(line);
        }
    }

    pub(super) fn blank(&mut self, units: &[u16], line: u64) {
        let expected = matches!(self.next, Next::Blank | Next::Value);
        self.check(expected && units.is_empty(), Next::Key, line);
    }

    /// A key: its path, on a line of so many units.
    pub(super) fn key(&mut self, path: &[u16], units: usize, line: u64) {
        let names = path.split(|&unit| unit == BACKSLASH).all(|name| !name.is_empty());
        let root = path.iter().take_while(|&&unit| unit != BACKSLASH);
        let upper = root.fold(true, |upper, unit| upper & !(0x61..=0x7a).contains(unit));
        let plain = units == path.len().saturating_add(2);
        self.check(self.next == Next::Key && plain && names && upper, Next::Value, line);
    }

    pub(super) fn value(&mut self, units: &[u16], name: &Quoted<'_>, data: &Data<'_>, line: u64) {
        let expected = self.next == Next::Value;
        let name_units = if units.first() == Some(&0x40) { 1 } else { name.raw().len().saturating_add(2) };
        let named = (name_units == 1) == name.raw().is_empty() && escapes(name);
        // Up to the equals sign and with it.
        let head = name_units.saturating_add(1);
        let equals = units.get(name_units) == Some(&0x3d);
        let rest = units.get(head..).unwrap_or_default();
        let lower = |units: &[u16]| units.iter().fold(true, |lower, unit| lower & !(0x41..=0x5a).contains(unit));
        let (form, next) = match data {
            Data::Text { kind: 1, text } => {
                (rest.len() == text.raw().len().saturating_add(2) && escapes(text), Next::Value)
            }
            Data::Dword(_) => (rest.len() == 14 && lower(rest), Next::Value),
            Data::Hex { kind, data } => {
                let digits = 8u32.saturating_sub(kind.leading_zeros() / 4).max(1);
                let mark = if *kind == 3 { 4 } else { usize::try_from(digits).unwrap_or(0).saturating_add(6) };
                let column = head.saturating_add(mark);
                let form = rest.get(..mark).unwrap_or_default();
                let plain = column.saturating_add(data.len()) == units.len() && lower(form);
                (plain, Next::Data(column))
            }
            Data::Text { .. } | Data::Delete => (false, Next::Value),
        };
        self.check(expected && named && equals && form, next, line);
    }

    /// A line of hex data, of the value's own line what stands behind the colon: how many bytes it has, and how it ends.
    pub(super) fn data(&mut self, units: &[u16], bytes: usize, end: End, line: u64) {
        let (column, data) = match self.next {
            Next::Data(column) => (column, units),
            Next::More => (2, units.get(2..).unwrap_or_default()),
            Next::Blank | Next::Key | Next::Value => return self.breaks(line),
        };
        let indented = self.next != Next::More || units.get(..2) == Some(&[0x20, 0x20]);
        let most = match self.next {
            Next::More => PER_LINE,
            _ => on_first_line(column),
        };
        let digits = |data: &[u16]| {
            let digit = |unit: &u16| (0x30..=0x39).contains(unit) | (0x61..=0x66).contains(unit) | (*unit == 0x2c);
            data.iter().fold(true, |all, unit| all & digit(unit))
        };
        let triples = bytes.saturating_mul(3);
        let (form, next) = match (end, data.split_last()) {
            (End::Continued, Some((&BACKSLASH, data))) => {
                (bytes == most && data.len() == triples && digits(data), Next::More)
            }
            (End::Continued, _) => (false, Next::More),
            (End::Done { comma }, _) => {
                let empty = bytes == 0 && self.next == Next::More;
                let long = data.len() == triples.saturating_sub(1);
                (!comma && !empty && bytes <= most && long && digits(data), Next::Value)
            }
        };
        self.check(indented && form, next, line);
    }
}

/// Whether a text has the escapes alone that regedit writes. Of line ends in names it writes none that it could read.
fn escapes(text: &Quoted<'_>) -> bool {
    if !text.escaped() {
        return true;
    }
    let mut units = text.raw().iter();
    while let Some(&unit) = units.next() {
        if unit == BACKSLASH && !matches!(units.next(), Some(0x22 | 0x5c | 0x6e | 0x72)) {
            return false;
        }
    }
    true
}

/// Whether a line has nothing on it, or blanks alone.
pub(super) fn is_empty(units: &[u16]) -> bool {
    units.iter().all(|&unit| is_blank(unit))
}
