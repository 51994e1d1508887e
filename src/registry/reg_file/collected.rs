//! Files of the collector (`plan/collector`): `.reg` files whose comments say what was read whole, what is not there and what
//! could not be read, so that what is missing is known to be missing.
//!
//! ```text
//! ;tlshive: collector 1                       the version of the form
//! ;tlshive: host "DC01"
//! ;tlshive: time 2026-11-28T18:30:00Z         of collection, UTC
//! ;tlshive: started 2026-11-20T02:11:09Z      when Windows last started, or "unknown"
//! ;tlshive: view 64                           the view of the registry
//! ;tlshive: tree [KEY]                        all that is in and below it is listed
//! ;tlshive: values [KEY]                      all its values are listed; nothing is said of what is below it
//! ;tlshive: only "A","B" [KEY]                of its values, those of these names
//! ;tlshive: entries "A" [KEY]                 all keys right below it, and of each of them the values of these names
//! ;tlshive: absent [KEY]                      it is not there
//! ;tlshive: unreadable "why" [KEY]            nothing is known of what is in and below it
//! ;tlshive: unreadable-value "A","why" [KEY]  this value is there, and could not be read
//! ;tlshive: end lines 9 keys 1 values 2 sum 3
//! ```
//!
//! The end has the number of lines before it, of lines that open a key, of lines that begin a value, and a sum over all that stands
//! from the first of these lines up to it: each UTF-16 unit in turn, and a line feed for each line end, is added to 31 times the sum
//! so far, modulo 2^31 - 1. So the sum does not depend on how the file is encoded. It is no seal: it tells of accidents.
//!
//! A file that is cut, joined with another or edited is of no use: a value may stand below a key that it is not of, or be cut
//! short. So nothing in it counts, unless the user says that it is a script.

use std::collections::BTreeMap;
use std::fmt;

use super::lex::{self, Dialect};
use super::refusal::Refusal;
use crate::error::{At, Error};
use crate::windows::path::{KeyPath, Name};
use crate::windows::time::is_rfc3339;

/// What every such comment begins with.
const MARK: &str = ";tlshive: ";
/// The only version of the form so far.
const VERSION: &str = "1";
/// The last start of Windows, where it is not known.
const UNKNOWN: &str = "unknown";
/// Statements of one file. A collector asks for a hundred keys.
const STATEMENTS: usize = 1 << 12;
/// Units of one. Paths of keys that are read have two hundred.
const STATEMENT_UNITS: usize = 1 << 12;
/// Keys that could not be read, and are named.
const NAMED: usize = 3;
const MODULUS: u64 = (1 << 31) - 1;

/// What a whole file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collected {
    /// What the machine calls itself.
    pub host: String,
    /// When it was collected, as the machine's clock had it.
    pub time: String,
    /// When Windows last started; none where the machine could not tell.
    pub started: Option<String>,
    /// The view of the registry: 64 or 32 bits.
    pub view: String,
    /// By upcased path.
    said: BTreeMap<Vec<Name>, Vec<Said>>,
    /// What could not be read, for people.
    unreadable: Vec<String>,
    absent: usize,
}

/// What the file says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Tree,
    Values,
    Only(Vec<Name>),
    Entries(Vec<Name>),
    Absent,
    Unreadable { why: String, line: u64 },
    UnreadableValue { name: Name, why: String, line: u64 },
}

/// Why a file that a collector wrote is not taken as one. Numbers are lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// It does not begin with the collector's first line.
    NoHead(u64),
    /// It begins twice: files were joined.
    SecondHead(u64),
    /// Its form is newer than this program.
    Version(u64),
    /// A line of the collector's that is not understood, or is out of place.
    Line(u64),
    /// More is said than is kept.
    TooMany(u64),
    /// Something stands behind its end.
    BehindEnd(u64),
    /// It has no end.
    NoEnd(u64),
    /// The numbers in its end are not those of what stands above.
    Counts(u64),
}

impl Flaw {
    /// As an error of the file.
    pub(super) fn error(self) -> Error {
        let (line, expected, found) = match self {
            Self::NoHead(line) => (line, "a collector's first line", "one from further down"),
            Self::SecondHead(line) => (line, "one file", "the beginning of another"),
            Self::Version(line) => (line, "version 1 of the form", "another"),
            Self::Line(line) => (line, "a line as a collector writes it", "another"),
            Self::TooMany(line) => (line, "as many lines of a collector as are kept", "more"),
            Self::BehindEnd(line) => (line, "nothing behind the end", "another line"),
            Self::NoEnd(line) => (line, "the line with the counts behind it", "the end of the file"),
            Self::Counts(line) => (line, "the counts of what stands above", "others"),
        };
        Error::damaged(At::Line(line), "the collected file", expected, found)
    }
}

/// The answer of a file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// It could not be read there.
    Unreadable { why: &'a str, line: u64 },
    /// What the file does not list is not there.
    Covered,
    /// The file does not say.
    Open,
}

/// What is known of a file so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    state: State,
    found: Collected,
    lines: u64,
    keys: u64,
    values: u64,
    sum: u64,
    statements: usize,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    /// No line of a collector so far.
    #[default]
    Before,
    /// In its head or below.
    Within,
    /// Behind its end.
    Ended,
    Flawed(Flaw),
}

impl Watch {
    /// Takes the next line, without its end.
    pub(super) fn line(&mut self, units: &[u16], number: u64) {
        let marked = lex::after(units, MARK);
        match self.state {
            State::Flawed(_) => {}
            State::Ended if units.is_empty() => {}
            State::Ended if marked.is_some_and(|rest| word(rest).0 == "collector") => {
                self.state = State::Flawed(Flaw::SecondHead(number));
            }
            State::Ended => self.state = State::Flawed(Flaw::BehindEnd(number)),
            State::Before => {
                if let Some(rest) = marked {
                    self.begin(rest, number);
                    self.count(units);
                }
                self.lines = number;
            }
            State::Within => {
                if let Some(flaw) = marked.and_then(|rest| self.statement(rest, number).err()) {
                    self.state = State::Flawed(flaw);
                }
                self.count(units);
                self.lines = number;
            }
        }
    }

    fn begin(&mut self, rest: &[u16], number: u64) {
        self.state = match word(rest) {
            (word, version) if word == "collector" => match String::from_utf16_lossy(version).as_str() {
                VERSION => State::Within,
                _ => State::Flawed(Flaw::Version(number)),
            },
            _ => State::Flawed(Flaw::NoHead(number)),
        };
    }

    fn count(&mut self, units: &[u16]) {
        let step = |sum: u64, &unit: &u16| (sum * 31 + u64::from(unit)) % MODULUS;
        self.sum = units.iter().chain(&[0x0a]).fold(self.sum, step);
        match units.first() {
            Some(0x5b) => self.keys += 1,
            Some(0x22 | 0x40) => self.values += 1,
            _ => {}
        }
    }

    fn statement(&mut self, rest: &[u16], line: u64) -> Result<(), Flaw> {
        let flaw = Flaw::Line(line);
        if rest.len() > STATEMENT_UNITS {
            return Err(flaw);
        }
        let (verb, rest) = word(rest);
        let text = || String::from_utf16_lossy(rest);
        let new = |field: &mut String, text: String| {
            if !field.is_empty() || text.is_empty() {
                return Err(flaw);
            }
            *field = text;
            Ok(())
        };
        match verb.as_str() {
            "collector" => return Err(Flaw::SecondHead(line)),
            "host" => {
                let names = names(rest).filter(|(names, rest)| names.len() == 1 && rest.is_empty()).ok_or(flaw)?;
                return new(&mut self.found.host, names.0.first().map(ToString::to_string).unwrap_or_default());
            }
            "time" => {
                let time = Some(text()).filter(|time| is_rfc3339(time)).ok_or(flaw)?;
                return new(&mut self.found.time, time);
            }
            "started" => {
                let known = |text: &String| text == UNKNOWN || is_rfc3339(text);
                let time = Some(text()).filter(known).ok_or(flaw)?;
                return new(self.found.started.get_or_insert_default(), time);
            }
            "view" if ["64", "32"].contains(&text().as_str()) => return new(&mut self.found.view, text()),
            "end" => return self.end(&text(), line),
            _ => {}
        }
        let (names, rest) = names(rest).ok_or(flaw)?;
        let path = bracketed(rest).ok_or(flaw)?;
        let mut names = names.into_iter();
        let said = match verb.as_str() {
            "tree" if names.len() == 0 => Said::Tree,
            "values" if names.len() == 0 => Said::Values,
            "only" if names.len() > 0 => Said::Only(names.map(|name| name.folded()).collect()),
            "entries" if names.len() > 0 => Said::Entries(names.map(|name| name.folded()).collect()),
            "absent" if names.len() == 0 => {
                self.found.absent += 1;
                Said::Absent
            }
            "unreadable" if names.len() == 1 => {
                let why = names.next().unwrap_or_default().to_string();
                self.found.unreadable.push(format!("{path} ({why})"));
                Said::Unreadable { why, line }
            }
            "unreadable-value" if names.len() == 2 => {
                let name = names.next().unwrap_or_default();
                let why = names.next().unwrap_or_default().to_string();
                self.found.unreadable.push(format!("{name} of {path} ({why})"));
                Said::UnreadableValue { name: name.folded(), why, line }
            }
            _ => return Err(flaw),
        };
        self.statements += 1;
        if self.statements > STATEMENTS {
            return Err(Flaw::TooMany(line));
        }
        self.found.said.entry(path.folded().0).or_default().push(said);
        Ok(())
    }

    /// The last line: what it counts must be there.
    fn end(&mut self, text: &str, line: u64) -> Result<(), Flaw> {
        let Self { lines, keys, values, sum, .. } = self;
        if text != format!("lines {lines} keys {keys} values {values} sum {sum}") {
            return Err(Flaw::Counts(line));
        }
        let found = &mut self.found;
        if [&found.host, &found.time, &found.view].iter().any(|field| field.is_empty()) || found.started.is_none() {
            return Err(Flaw::Line(line));
        }
        found.started = found.started.take().filter(|started| started != UNKNOWN);
        self.state = State::Ended;
        Ok(())
    }

    /// What the file says, now that its last line is read; nothing where no collector wrote it.
    pub(super) fn close(self) -> Option<Result<Collected, Flaw>> {
        match self.state {
            State::Before => None,
            State::Within => Some(Err(Flaw::NoEnd(self.lines))),
            State::Ended => Some(Ok(self.found)),
            State::Flawed(flaw) => Some(Err(flaw)),
        }
    }
}

/// The first word, and what follows the blank behind it.
fn word(units: &[u16]) -> (String, &[u16]) {
    let length = units.iter().position(|&unit| unit == 0x20).unwrap_or(units.len());
    let (word, rest) = units.split_at_checked(length).unwrap_or_default();
    (String::from_utf16_lossy(word), rest.split_first().map(|(_, rest)| rest).unwrap_or_default())
}

/// Names in quotes, escaped as in value lines, with commas between; then what follows.
fn names(units: &[u16]) -> Option<(Vec<Name>, &[u16])> {
    let mut found = Vec::new();
    let mut rest = units;
    while let Some(text) = lex::after(rest, "\"") {
        let (quoted, behind) = lex::quoted(text, Dialect::Regedit, Refusal::NameUnclosed).ok()?;
        found.push(Name::from_units(&quoted.text(Dialect::Regedit)));
        rest = match lex::after(behind, ",") {
            Some(next) if next.first() == Some(&0x22) => next,
            Some(_) => return None,
            None => return Some((found, lex::after(behind, " ").unwrap_or(behind))),
        };
    }
    Some((found, rest))
}

/// The path of a key in brackets.
fn bracketed(units: &[u16]) -> Option<KeyPath> {
    let path = lex::after(units, "[")?.strip_suffix(&[0x5d])?;
    let names = super::roots::names(path).map(Name::from_units).collect();
    Some(KeyPath(names)).filter(|path| !path.names().is_empty())
}

impl Collected {
    fn said(&self, path: &[Name]) -> &[Said] {
        self.said.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is said of each key above an upcased path, and of itself.
    fn said_to(&self, path: &[Name]) -> impl Iterator<Item = (usize, &Said)> {
        (0..=path.len()).flat_map(|n| self.said(path.get(..n).unwrap_or_default()).iter().map(move |said| (n, said)))
    }

    /// What it says of an upcased key, or of a value of it, that it does not list. `there` says whether the key is listed.
    pub(super) fn answer(&self, path: &[Name], value: Option<&Name>, there: bool) -> Answer<'_> {
        let mut covered = false;
        for (depth, said) in self.said_to(path) {
            let (at, parent) = (depth == path.len(), depth.checked_add(1) == Some(path.len()));
            covered |= match said {
                Said::Unreadable { why, line } => return Answer::Unreadable { why, line: *line },
                Said::UnreadableValue { name, why, line } if at && value == Some(name) => {
                    return Answer::Unreadable { why, line: *line };
                }
                Said::UnreadableValue { .. } => false,
                Said::Absent => true,
                Said::Tree => !at || there,
                Said::Values => at && there,
                Said::Only(names) => at && there && value.is_some_and(|value| names.contains(value)),
                Said::Entries(names) => parent && (!there || value.is_some_and(|value| names.contains(value))),
            };
        }
        if covered { Answer::Covered } else { Answer::Open }
    }

    /// Whether all keys right below an upcased path are listed.
    pub(super) fn has_keys(&self, path: &[Name]) -> bool {
        self.said_to(path).any(|(depth, said)| match said {
            Said::Tree => true,
            Said::Entries(_) => depth == path.len(),
            _ => false,
        })
    }

    /// Whether all values of an upcased key are listed, but for those that are there and could not be read.
    pub(super) fn has_values(&self, path: &[Name]) -> bool {
        self.said_to(path).any(|(depth, said)| match said {
            Said::Tree => true,
            Said::Values => depth == path.len(),
            _ => false,
        })
    }

    /// The values of an upcased key that are there and could not be read, upcased.
    pub(super) fn unreadable_values(&self, path: &[Name]) -> impl Iterator<Item = &Name> {
        self.said(path).iter().filter_map(|said| match said {
            Said::UnreadableValue { name, .. } => Some(name),
            _ => None,
        })
    }
}

impl fmt::Display for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, time, started, view, said, unreadable, absent } = self;
        let started = started.as_deref().unwrap_or("at an unknown time");
        write!(f, "collected on {host} {time}, {view}-bit view; Windows started {started}; ")?;
        write!(f, "{} keys read, {absent} not there", said.len().saturating_sub(*absent))?;
        for (i, what) in unreadable.iter().take(NAMED).enumerate() {
            write!(f, "{} {what}", if i == 0 { "; not readable:" } else { "," })?;
        }
        match unreadable.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests;
