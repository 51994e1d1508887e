//! One physical line: what it is, and what regedit would not take of it.

use super::hex;
use super::refusal::Refusal;
use super::windows31;

pub(super) const BACKSLASH: u16 = 0x5c;
pub(super) const COMMA: u16 = 0x2c;
pub(super) const SEMICOLON: u16 = 0x3b;
pub(super) const HASH: u16 = 0x23;
const QUOTE: u16 = 0x22;
const OPEN: u16 = 0x5b;
const CLOSE: u16 = 0x5d;
const AT: u16 = 0x40;
const EQUALS: u16 = 0x3d;
const MINUS: u16 = 0x2d;

/// Who wrote the file, as far as its lines differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// What regedit reads.
    Regedit,
    /// Windows 3.1: lines of another form altogether.
    Windows31,
    /// Wine's own registry files (Wine, `server/registry.c`): escapes in keys, more escapes in strings, `str(n):`.
    Wine,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Nothing but blanks, or a comment.
    Empty,
    /// A key to open, or with its whole tree to delete. The path is as written; what follows it is lost.
    Key { delete: bool, path: &'a [u16], lost: &'a [u16] },
    /// A value of the current key.
    Value { name: Quoted<'a>, data: Data<'a> },
    /// A line of Windows 3.1: a key, and the text that is its default value.
    Class { path: &'a [u16], text: &'a [u16] },
    /// Something else; the line from its first character that is no blank.
    Junk(&'a [u16]),
}

/// What stands between two quotes, escapes and all. The default value's name is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Quoted<'a> {
    raw: &'a [u16],
    escaped: bool,
}

/// The right-hand side of a value line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data<'a> {
    /// `-`
    Delete,
    /// `"…"`, or Wine's `str(kind):"…"`
    Text { kind: u32, text: Quoted<'a> },
    /// `dword:`
    Dword(u32),
    /// `hex:` or `hex(kind):`, and the data on this line.
    Hex { kind: u32, data: &'a [u16] },
}

pub(super) fn is_blank(unit: u16) -> bool {
    unit == 0x20 || unit == 0x09
}

pub(super) fn skip_blanks(units: &[u16]) -> &[u16] {
    let blanks = units.iter().take_while(|&&u| is_blank(u)).count();
    units.get(blanks..).unwrap_or_default()
}

/// What follows the ASCII text `prefix`, if `units` start with it.
pub(super) fn after<'a>(units: &'a [u16], prefix: &str) -> Option<&'a [u16]> {
    let (head, rest) = units.split_at_checked(prefix.len())?;
    head.iter().zip(prefix.bytes()).all(|(&u, b)| u == u16::from(b)).then_some(rest)
}

/// Takes one line apart.
pub(super) fn line(units: &[u16], dialect: Dialect) -> Result<Line<'_>, Refusal> {
    if let (Dialect::Windows31, Some(class)) = (dialect, windows31::line(units)) {
        return Ok(class);
    }
    let units = skip_blanks(units);
    let Some((&first, rest)) = units.split_first() else { return Ok(Line::Empty) };
    match first {
        SEMICOLON | HASH => Ok(Line::Empty),
        _ if dialect == Dialect::Windows31 => Ok(Line::Junk(units)),
        OPEN => key(rest, dialect),
        AT => value(Quoted::default(), rest, dialect),
        QUOTE => {
            let (name, rest) = quoted(rest, dialect, Refusal::NameUnclosed)?;
            value(name, rest, dialect)
        }
        _ => Ok(Line::Junk(units)),
    }
}

fn key(rest: &[u16], dialect: Dialect) -> Result<Line<'_>, Refusal> {
    if dialect == Dialect::Wine {
        // Wine escapes brackets inside names; what follows the first other one is a time.
        let end = closing(rest, CLOSE).ok_or(Refusal::KeyUnclosed)?;
        return Ok(Line::Key { delete: false, path: rest.get(..end).unwrap_or_default(), lost: &[] });
    }
    if rest.first().is_some_and(|&u| is_blank(u)) {
        return Err(Refusal::KeyBlank);
    }
    let end = rest.iter().rposition(|&u| u == CLOSE).ok_or(Refusal::KeyUnclosed)?;
    let path = rest.get(..end).unwrap_or_default();
    let lost = skip_blanks(rest.get(end.saturating_add(1)..).unwrap_or_default());
    let lost = if lost.first() == Some(&SEMICOLON) { &[] } else { lost };
    Ok(match path.split_first() {
        Some((&MINUS, path)) => Line::Key { delete: true, path, lost },
        _ => Line::Key { delete: false, path, lost },
    })
}

/// The first `mark` in `units` that no backslash escapes.
fn closing(units: &[u16], mark: u16) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let rest = units.get(at..)?;
        at = at.saturating_add(rest.iter().position(|&u| u == mark || u == BACKSLASH)?);
        if units.get(at) == Some(&mark) {
            return Some(at);
        }
        at = at.saturating_add(2);
    }
}

/// The text up to the next quote that no backslash escapes, and what follows it.
pub(super) fn quoted(rest: &[u16], dialect: Dialect, unclosed: Refusal) -> Result<(Quoted<'_>, &[u16]), Refusal> {
    let end = closing(rest, QUOTE);
    // regedit stops at the first \0 that it meets, so that is the reason even when the quote is missing too.
    let raw = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let escaped = raw.contains(&BACKSLASH);
    if escaped && dialect == Dialect::Regedit && has_nul(raw) {
        return Err(Refusal::Nul);
    }
    let end = end.ok_or(unclosed)?;
    Ok((Quoted { raw, escaped }, rest.get(end.saturating_add(1)..).unwrap_or_default()))
}

/// Whether `\0` stands in the text.
fn has_nul(raw: &[u16]) -> bool {
    let mut units = raw.iter();
    while let Some(&unit) = units.next() {
        if unit == BACKSLASH && units.next() == Some(&0x30) {
            return true;
        }
    }
    false
}

fn value<'a>(name: Quoted<'a>, rest: &'a [u16], dialect: Dialect) -> Result<Line<'a>, Refusal> {
    let rest = match skip_blanks(rest).split_first() {
        Some((&EQUALS, rest)) => skip_blanks(rest),
        _ => return Err(Refusal::NoEquals),
    };
    let length = rest.iter().rposition(|&u| !is_blank(u)).map_or(0, |i| i.saturating_add(1));
    let data = data(rest.get(..length).unwrap_or_default(), dialect)?;
    Ok(Line::Value { name, data })
}

fn data(rest: &[u16], dialect: Dialect) -> Result<Data<'_>, Refusal> {
    if let Some(rest) = after(rest, "\"") {
        return text(1, rest, dialect);
    }
    if let Some(rest) = after(rest, "dword:") {
        let (value, rest) = hex::number(skip_blanks(rest)).ok_or(Refusal::BadDword)?;
        nothing_after(rest, Refusal::BadDword)?;
        return Ok(Data::Dword(value));
    }
    if let Some(data) = after(rest, "hex:") {
        return Ok(Data::Hex { kind: 3, data });
    }
    if let Some(rest) = after(rest, "hex(") {
        let (kind, rest) = hex::number(rest).ok_or(Refusal::BadHexType)?;
        return Ok(Data::Hex { kind, data: after(rest, "):").ok_or(Refusal::BadHexType)? });
    }
    if let Some(rest) = after(rest, "-") {
        nothing_after(rest, Refusal::BadDeletion)?;
        return Ok(Data::Delete);
    }
    if let (Dialect::Wine, Some(rest)) = (dialect, after(rest, "str(")) {
        let (kind, rest) = hex::number(rest).ok_or(Refusal::BadHexType)?;
        return text(kind, after(rest, "):\"").ok_or(Refusal::BadHexType)?, dialect);
    }
    let lower: Vec<u16> = rest.iter().take(6).map(|&u| if (0x41..=0x5a).contains(&u) { u | 0x20 } else { u }).collect();
    let known = ["dword:", "hex:", "hex("].iter().any(|prefix| after(&lower, prefix).is_some());
    Err(if known { Refusal::WrongCase } else { Refusal::UnknownData })
}

fn text(kind: u32, rest: &[u16], dialect: Dialect) -> Result<Data<'_>, Refusal> {
    let (text, rest) = quoted(rest, dialect, Refusal::TextUnclosed)?;
    nothing_after(rest, Refusal::TextAfterData)?;
    Ok(Data::Text { kind, text })
}

fn nothing_after(rest: &[u16], otherwise: Refusal) -> Result<(), Refusal> {
    match skip_blanks(rest).first() {
        None | Some(&SEMICOLON) => Ok(()),
        Some(&HASH) => Err(Refusal::HashAfterData),
        Some(_) => Err(otherwise),
    }
}

impl<'a> Quoted<'a> {
    /// The text as it stands.
    pub(super) fn raw(&self) -> &'a [u16] {
        self.raw
    }

    /// Whether it has escapes.
    pub(super) fn escaped(&self) -> bool {
        self.escaped
    }

    /// The text with its escapes resolved.
    pub(super) fn text(&self, dialect: Dialect) -> Vec<u16> {
        match dialect {
            _ if !self.escaped => self.raw.to_vec(),
            Dialect::Regedit | Dialect::Windows31 => unescape(self.raw),
            Dialect::Wine => super::wine::unescape(self.raw),
        }
    }
}

/// `\n` and `\r` are line ends; any other escaped character stands for itself.
fn unescape(raw: &[u16]) -> Vec<u16> {
    let mut out = Vec::with_capacity(raw.len());
    let mut units = raw.iter();
    while let Some(&unit) = units.next() {
        out.push(match (unit, unit == BACKSLASH) {
            (plain, false) => plain,
            (_, true) => match units.next() {
                Some(0x6e) => 0x0a,
                Some(0x72) => 0x0d,
                Some(&other) => other,
                None => break,
            },
        });
    }
    out
}
