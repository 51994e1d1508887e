//! Lines to kept keys: the state that goes from line to line, and a diagnostic for each thing that is lost.

pub(super) mod keys;

use std::sync::Arc;

use super::encoding::{Charset, decode};
use super::extent::Watch;
use super::header::{Header, bullet, is_repeated};
use super::hex::{self, Bytes, End, digit};
use super::interest::Interest;
use super::journal::Journal;
use super::kept::{Folded, Full, Kept, Slot};
use super::lex::{self, Data, Dialect, Line, Quoted, SEMICOLON, skip_blanks};
use super::refusal::Refusal;
use super::wine::Base;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::error::At;
use crate::limits::Limits;
use crate::number::wide;
use crate::place::Place;
use crate::windows::path::Name;
use crate::windows::value::{Value, ValueType};

/// Where values go.
#[derive(Debug)]
enum Scope {
    /// Nowhere: no key is open, or one that regedit could not open.
    Nowhere,
    /// A key that nobody asks about.
    Unwanted,
    /// A kept key.
    Kept { origin: usize, path: Folded },
}

/// A value whose hex data may go on.
#[derive(Debug)]
struct Pending {
    line: u64,
    name: Name,
    kind: ValueType,
}

/// The state between lines.
pub(super) struct Reader<'a> {
    pub(super) kept: Kept,
    /// Every change in order, where that is asked for.
    pub(super) journal: Option<Journal>,
    pub(super) diagnostics: Diagnostics,
    /// A key without a root was met.
    pub(super) rootless: bool,
    /// A key of a mounted hive was met in an import.
    mounted: bool,

    /// What the file speaks of; nothing is watched where regedit does not write such files.
    pub(super) watch: Option<Watch>,
    pub(super) base: Option<Base>,
    header: Header,
    artifact: &'a Arc<str>,
    interest: &'a Interest,
    limits: &'a Limits,
    dialect: Dialect,
    /// Hex data of string types is in this code page, not UTF-16LE.
    bytes_in: Option<&'static encoding_rs::Encoding>,
    scope: Scope,
    pending: Option<Pending>,
    bytes: Bytes,
    after_comma: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        artifact: &'a Arc<str>,
        interest: &'a Interest,
        limits: &'a Limits,
        header: Header,
        charset: Charset,
    ) -> Self {
        // An 8-bit file under the version 5.00 header: Wine goes by the byte order mark and reads ANSI, no test on
        // Windows is known, and hivexregedit, which writes such files, means UTF-16LE. So does this.
        let ansi = header == Header::Regedit4 && !charset.is_utf16();
        Self {
            kept: Kept::new(limits),
            journal: None,
            diagnostics: Diagnostics::new(limits.diagnostics),
            rootless: false,
            mounted: false,
            watch: matches!(header, Header::Version5 | Header::Regedit4).then(|| {
                // UTF-16LE is told by its byte order mark alone.
                Watch::new(limits.reg_names, header == Header::Version5 && charset == Charset::Utf16Le)
            }),
            base: None,
            header,
            artifact,
            interest,
            limits,
            dialect: match header {
                Header::Wine => Dialect::Wine,
                Header::Windows31 => Dialect::Windows31,
                _ => Dialect::Regedit,
            },
            bytes_in: ansi.then(|| charset.code_page()),
            scope: Scope::Nowhere,
            pending: None,
            bytes: Bytes::default(),
            after_comma: false,
        }
    }

    /// Adds a diagnostic about a line.
    pub(super) fn tell(&mut self, line: u64, code: Code, say: impl FnOnce() -> String) {
        self.tell_as(code.severity(), line, code, say);
    }

    /// A diagnostic that matters more or less than most of its code.
    fn tell_as(&mut self, severity: Severity, line: u64, code: Code, say: impl FnOnce() -> String) {
        let place = || Place::new(self.artifact, At::Line(line));
        self.diagnostics.push_with(|| Diagnostic::new(code, say(), place()).with_severity(severity));
    }

    fn lose(&mut self, line: u64, code: Code, say: impl FnOnce() -> String) {
        if let Some(watch) = &mut self.watch {
            watch.skipped(line);
        }
        self.tell(line, code, say);
    }

    /// Takes the next line, without its end.
    pub(super) fn line(&mut self, units: &[u16], number: u64) -> Result<(), Full> {
        if self.pending.is_some() {
            return self.continuation(units, number);
        }
        let after_comma = std::mem::take(&mut self.after_comma);
        match lex::line(units, self.dialect) {
            Ok(Line::Empty) if self.dialect == Dialect::Wine => self.wine_comment(units, number),
            Ok(Line::Empty) => {
                if let Some(watch) = &mut self.watch {
                    watch.empty(units, number);
                }
                Ok(())
            }
            Ok(Line::Key { delete, path, lost }) => {
                if !lost.is_empty() {
                    self.lose(number, Code::RegTextAfterKey, || {
                        format!(
                            "what follows a key on its line is skipped; values need lines of their own: {}",
                            excerpt(lost)
                        )
                    });
                }
                self.key(path, delete, units.len(), number)
            }
            Ok(Line::Value { name, data }) => {
                if let Some(watch) = self.watch.as_mut().filter(|watch| watch.wants_values()) {
                    watch.value(units, &name, &data, self.dialect, number);
                }
                self.value(name, data, number)
            }
            Ok(Line::Class { path, text }) => self.class(path, text, number),
            Ok(Line::Junk(text)) if is_repeated(text, self.header) => {
                // Exports put behind one another; regedit passes over the second header.
                if let Some(watch) = &mut self.watch {
                    watch.header(number);
                }
                Ok(())
            }
            Ok(Line::Junk(text)) => {
                self.junk(text, after_comma, number);
                Ok(())
            }
            Err(refusal) => {
                self.refused(refusal, units, number);
                Ok(())
            }
        }
    }

    /// Ends the text: a value that waits for another line is complete (regedit takes `,\` at the end of the file).
    pub(super) fn end(&mut self) -> Result<(), Full> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        if let Some(watch) = &mut self.watch {
            watch.skipped(pending.line);
        }
        self.commit(pending)
    }

    fn refused(&mut self, refusal: Refusal, units: &[u16], number: u64) {
        self.lose(number, refusal.code(), || format!("{refusal}: {}", excerpt(units)));
    }

    fn junk(&mut self, text: &[u16], after_comma: bool, number: u64) {
        if bullet(text).is_some_and(|item| matches!(item.first(), Some(0x5b | 0x22 | 0x40))) {
            self.lose(number, Code::RegListLine, || {
                let text = excerpt(text);
                format!("a list item, as in the documentation, is no line of a .reg file; regedit skips it: {text}")
            });
        } else if after_comma && text.first().is_some_and(|&u| digit(u) != 0xff) {
            self.lose(number, Code::RegLineAfterComma, || {
                let text = excerpt(text);
                format!("the line before ends in a comma without a backslash, so this one is skipped: {text}")
            });
        } else {
            self.lose(number, Code::RegJunkLine, || format!("not a key, a value or a comment: {}", excerpt(text)));
        }
    }

    fn value(&mut self, name: Quoted<'_>, data: Data<'_>, number: u64) -> Result<(), Full> {
        if let Data::Hex { kind, data } = data {
            return self.hex(name, ValueType(kind), data, number);
        }
        let (origin, path) = match &self.scope {
            Scope::Unwanted => return Ok(()),
            Scope::Nowhere => {
                self.homeless(number);
                return Ok(());
            }
            Scope::Kept { origin, path } => (*origin, path),
        };
        let slot = match data {
            Data::Dword(n) => Some(Slot::Value(Value::dword(n), number)),
            Data::Text { kind, text } => Some(self.string(ValueType(kind), &text.text(self.dialect), number)),
            Data::Delete | Data::Hex { .. } => None,
        };
        let name = Name::from_units(&name.text(self.dialect));
        if let Some(journal) = &mut self.journal {
            journal.value(&name, slot.as_ref(), number)?;
        }
        self.kept.set(origin, path, &name, slot)
    }

    /// A line of Windows 3.1: it opens a key and sets its default value.
    fn class(&mut self, path: &[u16], text: &[u16], number: u64) -> Result<(), Full> {
        self.key(path, false, path.len(), number)?;
        let Scope::Kept { origin, path } = &self.scope else { return Ok(()) };
        let slot = self.string(ValueType::SZ, text, number);
        if let Some(journal) = &mut self.journal {
            journal.value(&Name::default(), Some(&slot), number)?;
        }
        self.kept.set(*origin, path, &Name::default(), Some(slot))
    }

    /// What to keep of a string that the file gives as text.
    fn string(&self, kind: ValueType, text: &[u16], number: u64) -> Slot {
        let data = text.iter().copied().chain([0]).flat_map(u16::to_le_bytes).collect();
        slot(Value { kind, data }, 0, self.limits.value_bytes, number)
    }

    fn homeless(&mut self, number: u64) {
        self.lose(number, Code::RegValueWithoutKey, || {
            "no key is open here (none yet, a deleted one, or one that regedit cannot open): the value is skipped"
                .to_owned()
        });
    }

    fn hex(&mut self, name: Quoted<'_>, kind: ValueType, data: &[u16], number: u64) -> Result<(), Full> {
        let kept = matches!(self.scope, Scope::Kept { .. });
        self.bytes.data.clear();
        self.bytes.count = 0;
        self.bytes.limit = if kept { self.limits.value_bytes } else { 0 };
        let name = if kept { Name::from_units(&name.text(self.dialect)) } else { Name::default() };
        let end = hex::line(data, &mut self.bytes);
        self.watch_data(data, 0, end, number);
        self.hex_line(Pending { line: number, name, kind }, end, data, number)
    }

    /// A line of hex data, before which the value had so many bytes.
    fn watch_data(&mut self, units: &[u16], before: usize, end: Result<End, Refusal>, number: u64) {
        if let (Some(watch), Ok(end)) = (&mut self.watch, end) {
            watch.data(units, self.bytes.count.saturating_sub(before), end, number);
        }
    }

    fn hex_line(
        &mut self,
        pending: Pending,
        end: Result<End, Refusal>,
        units: &[u16],
        number: u64,
    ) -> Result<(), Full> {
        match end {
            Ok(End::Continued) => {
                self.pending = Some(pending);
                Ok(())
            }
            Ok(End::Done { comma }) => {
                self.after_comma = comma;
                self.commit(pending)
            }
            Err(refusal) => {
                self.refused(refusal, units, number);
                if number != pending.line {
                    let line = pending.line;
                    self.lose(line, Code::RegValueBroken, || {
                        format!("line {number}, which goes on with this value, is refused, so the value is lost")
                    });
                }
                Ok(())
            }
        }
    }

    /// A line after `,\`. Blank lines and those that start with ; count for nothing.
    fn continuation(&mut self, units: &[u16], number: u64) -> Result<(), Full> {
        let data = skip_blanks(units);
        let Some(&first) = data.first().filter(|&&first| first != SEMICOLON) else {
            if let Some(watch) = &mut self.watch {
                watch.skipped(number);
            }
            return Ok(());
        };
        let Some(pending) = self.pending.take() else { return Ok(()) };
        if digit(first) == 0xff {
            self.lose(pending.line, Code::RegValueBroken, || {
                format!("the value is to go on, but line {number} is no hex data, so the value is lost")
            });
            self.lose(number, Code::RegLineSwallowed, || {
                let (line, text) = (pending.line, excerpt(data));
                format!("the value of line {line} was to go on here, so this line is lost with it: {text}")
            });
            return Ok(());
        }
        let before = self.bytes.count;
        let end = hex::line(data, &mut self.bytes);
        self.watch_data(units, before, end, number);
        self.hex_line(pending, end, data, number)
    }

    fn commit(&mut self, pending: Pending) -> Result<(), Full> {
        let Pending { line, name, kind } = pending;
        if kind == ValueType::DWORD && self.bytes.count != 4 {
            let count = self.bytes.count;
            self.tell(line, Code::RegDwordSize, || {
                format!("a REG_DWORD of {count} bytes is stored as it is, but it is no number to what reads it")
            });
        }
        match &self.scope {
            Scope::Unwanted => Ok(()),
            Scope::Nowhere => {
                self.homeless(line);
                Ok(())
            }
            Scope::Kept { origin, path } => {
                let data = stored(kind, &self.bytes.data, self.bytes_in);
                let slot = slot(Value { kind, data }, self.bytes.count, self.limits.value_bytes, line);
                if let Some(journal) = &mut self.journal {
                    journal.value(&name, Some(&slot), line)?;
                }
                self.kept.set(*origin, path, &name, Some(slot))
            }
        }
    }
}

/// The bytes that are stored for hex data: strings in UTF-16LE and with a terminator, which is added when it is missing.
/// No data at all stays none.
fn stored(kind: ValueType, bytes: &[u8], code_page: Option<&'static encoding_rs::Encoding>) -> Vec<u8> {
    let mut data = bytes.to_vec();
    let string = matches!(kind, ValueType::SZ | ValueType::EXPAND_SZ | ValueType::MULTI_SZ);
    if !string || bytes.is_empty() {
        return data;
    }
    if let Some(encoding) = code_page {
        let mut units = Vec::new();
        decode(encoding, bytes, &mut units);
        data = units.iter().copied().flat_map(u16::to_le_bytes).collect();
    }
    if data.as_chunks::<2>().0.last() != Some(&[0, 0]) {
        data.extend([0, 0]);
    }
    data
}

/// What to keep of a value of which the file gives `count` bytes.
fn slot(value: Value, count: usize, limit: usize, line: u64) -> Slot {
    if value.data.len().max(count) > limit {
        return Slot::TooLarge(line, wide(limit));
    }
    Slot::Value(value, line)
}

/// The start of a line, for a message.
fn excerpt(units: &[u16]) -> String {
    const LONG: usize = 100;
    let dots = if units.len() > LONG { "…" } else { "" };
    String::from_utf16_lossy(skip_blanks(units.get(..LONG).unwrap_or(units))) + dots
}
