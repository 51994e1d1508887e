//! `Registry.pol` of a Group Policy Object: what a client would do to its registry.
//!
//! The layout is \[MS-GPREG\] 2.2.1, what a client does with the records 3.2.5.1.2; `Registry Policy File Format`
//! (Windows SDK) adds the record that creates a key alone. Where the two disagree, or neither speaks, the change is
//! in doubt.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::place::Place;
use crate::read_at::ReadAt;
use crate::registry::change::{Change, Script, whole};
use crate::windows::path::{KeyPath, Name};
use crate::windows::roots::is;
use crate::windows::value::{Value, ValueType};

/// What the file starts with: the signature and version 1.
pub const SIGNATURE: &[u8; 8] = b"PReg\x01\0\0\0";

/// The types that \[MS-GPREG\] 2.2.1 lists.
const TYPES: [u32; 7] = [1, 2, 3, 4, 5, 7, 11];

/// Reads a file whose keys lie below `root`: `HKEY_LOCAL_MACHINE` in the folder `Machine`, `HKEY_CURRENT_USER` in
/// `User`.
///
/// # Errors
/// When the file cannot be read, is no `Registry.pol`, is damaged anywhere, or passes a limit.
pub fn read(source: &dyn ReadAt, artifact: &Arc<str>, root: &KeyPath, limits: &Limits) -> Result<Script, Error> {
    let bytes = whole(source, limits)?;
    if !bytes.starts_with(SIGNATURE) {
        let found: Vec<u8> = bytes.iter().copied().take(SIGNATURE.len()).collect();
        let expected = "\"PReg\" and version 1";
        return Err(Error::damaged(At::Offset(0), "Registry.pol", expected, format!("\"{}\"", found.escape_ascii())));
    }
    let mut reader = Reader { bytes: &bytes, at: SIGNATURE.len() };
    let mut script = Script::new(limits);
    while reader.at < bytes.len() {
        let record = reader.record()?;
        Taker { record: &record, artifact, root, limits, script: &mut script }.take()?;
    }
    Ok(script)
}

struct Record<'a> {
    at: At,
    key: Vec<u16>,
    name: Vec<u16>,
    kind: u32,
    data: &'a [u8],
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn here(&self) -> u64 {
        wide(self.at)
    }

    fn take(&mut self, len: usize, what: &'static str) -> Result<Fields<'a>, Error> {
        let base = self.here();
        let bytes = Fields::new(self.bytes, 0).bytes(self.at, len, what)?;
        self.at = self.at.saturating_add(len);
        Ok(Fields::new(bytes, base))
    }

    fn unit(&mut self, what: &'static str) -> Result<u16, Error> {
        self.take(2, what)?.u16(0, what)
    }

    fn mark(&mut self, mark: u8, what: &'static str) -> Result<(), Error> {
        let at = At::Offset(self.here());
        let found = self.unit(what)?;
        if found == u16::from(mark) {
            return Ok(());
        }
        Err(Error::damaged(at, what, format!("\"{}\"", char::from(mark)), format!("0x{found:04x}")))
    }

    fn string(&mut self, what: &'static str) -> Result<Vec<u16>, Error> {
        let mut units = Vec::new();
        loop {
            match self.unit(what)? {
                0 => return Ok(units),
                unit => units.push(unit),
            }
        }
    }

    fn record(&mut self) -> Result<Record<'a>, Error> {
        let at = At::Offset(self.here());
        self.mark(b'[', "start of a record")?;
        let key = self.string("key of a record")?;
        self.mark(b';', "end of a record's key")?;
        let name = self.string("value name of a record")?;
        self.mark(b';', "end of a record's value name")?;
        let kind = self.take(4, "type of a record")?.u32(0, "type of a record")?;
        self.mark(b';', "end of a record's type")?;
        let size = self.take(4, "size of a record")?.u32(0, "size of a record")?;
        self.mark(b';', "end of a record's size")?;
        let size = narrow(size);
        let data = self.take(size, "data of a record")?.bytes(0, size, "data of a record")?;
        self.mark(b']', "end of a record")?;
        Ok(Record { at, key, name, kind, data })
    }
}

/// Takes one record for what it says.
struct Taker<'a> {
    record: &'a Record<'a>,
    artifact: &'a Arc<str>,
    root: &'a KeyPath,
    limits: &'a Limits,
    script: &'a mut Script,
}

impl Taker<'_> {
    fn tell(&mut self, code: Code, message: &str) {
        let place = Place::new(self.artifact, self.record.at);
        self.script.diagnostics.push_with(|| Diagnostic::new(code, message, place));
    }

    fn push(&mut self, change: Change, doubt: Option<String>) -> Result<(), Error> {
        if let Some(doubt) = &doubt {
            self.tell(Code::PolDoubt, doubt);
        }
        self.script.push(change, self.record.at, doubt, self.limits)
    }

    fn take(mut self) -> Result<(), Error> {
        let names = || self.record.key.split(|&unit| unit == 0x5c).filter(|name| !name.is_empty());
        if names().count() > self.limits.depth {
            let limit = wide(self.limits.depth);
            return Err(Error::Limit { at: self.record.at, what: "the names of a key", limit });
        }
        let key = KeyPath(self.root.names().iter().cloned().chain(names().map(Name::from_units)).collect());
        if key.names().len() == self.root.names().len() {
            self.tell(Code::PolNoKey, "a record without a key does nothing");
            return Ok(());
        }
        let name = self.record.name.as_slice();
        if let Some(rest) = after(name, "**del.") {
            let doubt = self.string_doubt();
            return self.push(Change::DeleteValue { key, name: Name::from_units(rest) }, doubt);
        }
        if is(name, "**delvals.") || is(name, "**delvals") {
            let doubt = self.string_doubt();
            return self.push(Change::DeleteValues(key), doubt);
        }
        if is(name, "**deletevalues") {
            return self.list(|name| Change::DeleteValue { key: key.clone(), name: Name::from_units(name) });
        }
        if is(name, "**deletekeys") {
            let below = |name: &[u16]| {
                let names = name.split(|&unit| unit == 0x5c).filter(|name| !name.is_empty()).map(Name::from_units);
                Change::DeleteKey(KeyPath(key.names().iter().cloned().chain(names).collect()))
            };
            return self.list(below);
        }
        if is(name, "**securekey") {
            self.tell(Code::PolSecureKey, "who may access the key is changed, which is not looked at");
            return Ok(());
        }
        if after(name, "**comment:").is_some() {
            return Ok(());
        }
        if let Some(rest) = after(name, "**soft.") {
            let doubt = "**soft. sets the value only where there is none".to_owned();
            return self.set(key, rest, Some(doubt));
        }
        if after(name, "**").is_some() {
            let doubt =
                format!("\"{}\" looks like an instruction, and none is known by that name", Name::from_units(name));
            return self.set(key, name, Some(doubt));
        }
        let (kind, size) = (self.record.kind, self.record.data.len());
        let doubt = match (name.is_empty(), kind, size) {
            (true, _, 0) => return self.push(Change::CreateKey(key), None),
            (true, ..) => Some("a record without a value name has data; a value would be the default value".to_owned()),
            (false, _, 0) => Some("a record without data may create the key alone".to_owned()),
            (false, kind, _) if !TYPES.contains(&kind) => {
                Some(format!("{} is no type for a Registry.pol", ValueType(kind)))
            }
            _ => None,
        };
        self.set(key, name, doubt)
    }

    fn set(&mut self, key: KeyPath, name: &[u16], doubt: Option<String>) -> Result<(), Error> {
        let value = Value { kind: ValueType(self.record.kind), data: self.record.data.to_vec() };
        self.push(Change::Set { key, name: Name::from_units(name), value }, doubt)
    }

    /// Instructions must be `REG_SZ`, and nothing says what is done with others.
    fn string_doubt(&self) -> Option<String> {
        let kind = ValueType(self.record.kind);
        (kind != ValueType::SZ).then(|| format!("an instruction of type {kind}, where REG_SZ is asked for"))
    }

    /// Changes for each name of the list that the data is: separated by semicolons, up to the first NUL.
    fn list(mut self, change: impl Fn(&[u16]) -> Change) -> Result<(), Error> {
        let (pairs, odd) = self.record.data.as_chunks::<2>();
        let units = pairs.iter().map(|&pair| u16::from_le_bytes(pair)).take_while(|&unit| unit != 0);
        let units: Vec<u16> = units.collect();
        let mut doubt = self.string_doubt();
        if !odd.is_empty() {
            doubt = Some("a list that ends within a character".to_owned());
        }
        for name in units.split(|&unit| unit == u16::from(b';')).filter(|name| !name.is_empty()) {
            let change = change(name);
            let path = matches!(change, Change::DeleteKey(_)) && name.contains(&0x5c);
            let blank = name.first() == Some(&0x20) || name.last() == Some(&0x20);
            let own = if path {
                Some("a list of keys right below another names one further down".to_owned())
            } else if blank {
                Some("a list has a blank beside a semicolon, which may or may not be part of a name".to_owned())
            } else {
                None
            };
            self.push(change, doubt.clone().or(own))?;
        }
        Ok(())
    }
}

/// What follows `start`, which is compared without case.
fn after<'a>(name: &'a [u16], start: &str) -> Option<&'a [u16]> {
    let (head, rest) = name.split_at_checked(start.len())?;
    let same = head
        .iter()
        .zip(start.bytes())
        .all(|(&unit, byte)| u8::try_from(unit).is_ok_and(|u| u.eq_ignore_ascii_case(&byte)));
    same.then_some(rest)
}

#[cfg(test)]
mod tests;
