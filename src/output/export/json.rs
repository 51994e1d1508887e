//! JSON lines, `schema_version` 1.
//!
//! An object for each key:
//!
//! ```json
//! {"schema_version":1,"input":"SYSTEM","key":"HKEY_LOCAL_MACHINE\\SYSTEM\\Select","last_write":"2020-08-14T19:27:26.6905270Z",
//!  "offset":4768,"state":"present","values":[{"name":"Current","type":"REG_DWORD","data":1,"raw":"01000000","offset":4928}],
//!  "subkeys":[]}
//! ```
//!
//! `offset` counts bytes of the file; of a `.reg` file there is `line` instead, and `last_write` is null, as it is where the hive has noted no time. `state` is `present`,
//! `link`, `handle` (a predefined one, in whose place Windows opens another key) or `deleted`. `data` is a number, a text or texts where the type means that, else null; `raw` is all bytes. `subkeys`
//! names the keys right below where those are not objects of their own. `key_raw` and `name_raw` hold the UTF-16LE bytes of
//! names that are no valid UTF-16. An object for each damage follows the key that it was met in or below:
//!
//! ```json
//! {"schema_version":1,"input":"SYSTEM","key":"HKEY_LOCAL_MACHINE\\SYSTEM","damage":"key node at 0x1020: …"}
//! ```

use std::io::{self, Write};

use serde::Serialize;

use super::super::json::{ValueV2, fragment, value as value_v2};
use super::{Export, Key, Losses, State, Value};
use crate::error::{At, Error};
use crate::windows::value::Value as Stored;

/// The version of these lines, which is not that of reports.
pub(super) const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct KeyV1<'a> {
    schema_version: u32,
    input: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_raw: Option<String>,
    last_write: Option<String>,
    #[serde(flatten)]
    at: AtV1,
    state: &'static str,
}

#[derive(Serialize)]
pub(super) struct AtV1 {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

#[derive(Serialize)]
struct EntryV1<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_raw: Option<String>,
    #[serde(flatten)]
    value: ValueV2,
    #[serde(skip_serializing_if = "is_false")]
    deleted: bool,
    #[serde(flatten)]
    at: AtV1,
}

#[derive(Serialize)]
struct DamageV1<'a> {
    schema_version: u32,
    input: &'a str,
    key: String,
    damage: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(b: &bool) -> bool {
    !b
}

/// Where in the line the writer is.
#[derive(PartialEq, Eq)]
enum Inside {
    Nothing,
    Values { first: bool },
    Subkeys { first: bool },
}

pub(super) struct Lines<'w> {
    out: &'w mut dyn Write,
    artifact: &'w str,
    inside: Inside,
    /// Damages of the key whose line is not complete yet.
    waiting: Vec<DamageV1<'w>>,
}

impl<'w> Lines<'w> {
    pub(super) fn new(out: &'w mut dyn Write, artifact: &'w str) -> Self {
        Self { out, artifact, inside: Inside::Nothing, waiting: Vec::new() }
    }

    /// Completes the key's line.
    fn close(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.inside, Inside::Nothing) {
            Inside::Nothing => return Ok(()),
            Inside::Values { .. } => self.out.write_all(b"],\"subkeys\":[]}\n")?,
            Inside::Subkeys { .. } => self.out.write_all(b"]}\n")?,
        }
        for damage in std::mem::take(&mut self.waiting) {
            self.line(&damage)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        fragment(line, self.out)?;
        self.out.write_all(b"\n")
    }

    fn comma(&mut self, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { self.out.write_all(b",") }
    }
}

impl Export for Lines<'_> {
    fn key(&mut self, key: &Key<'_>) -> io::Result<()> {
        self.close()?;
        let (name, raw) = text(key.path);
        let mut head = Vec::new();
        let state = match key.state {
            State::Present => "present",
            State::Link => "link",
            State::Handle(_) => "handle",
            State::Deleted => "deleted",
        };
        let key = KeyV1 {
            schema_version: SCHEMA_VERSION,
            input: self.artifact,
            key: &name,
            key_raw: raw,
            last_write: key.last_write.map(|time| time.to_string()),
            at: at(key.at),
            state,
        };
        fragment(&key, &mut head)?;
        head.pop(); // the closing brace: the arrays belong to the same object
        self.out.write_all(&head)?;
        self.out.write_all(b",\"values\":[")?;
        self.inside = Inside::Values { first: true };
        Ok(())
    }

    fn value(&mut self, value: &Value<'_>) -> io::Result<()> {
        self.comma(self.inside == Inside::Values { first: true })?;
        self.inside = Inside::Values { first: false };
        let (name, name_raw) = text(value.name);
        let stored = value_v2(&Stored { kind: value.kind, data: value.data.to_vec() });
        fragment(&EntryV1 { name: &name, name_raw, value: stored, deleted: value.deleted, at: at(value.at) }, self.out)
    }

    fn subkey(&mut self, name: &[u16]) -> io::Result<()> {
        match self.inside {
            Inside::Subkeys { first } => self.comma(first)?,
            _ => self.out.write_all(b"],\"subkeys\":[")?,
        }
        self.inside = Inside::Subkeys { first: false };
        fragment(&text(name).0, self.out)
    }

    fn damage(&mut self, path: &[u16], error: &Error) -> io::Result<()> {
        let (key, damage) = (String::from_utf16_lossy(path), error.to_string());
        let damage = DamageV1 { schema_version: SCHEMA_VERSION, input: self.artifact, key, damage };
        if self.inside == Inside::Nothing {
            return self.line(&damage);
        }
        self.waiting.push(damage);
        Ok(())
    }

    fn end(&mut self) -> io::Result<Losses> {
        self.close()?;
        self.out.flush()?;
        Ok(Losses::default())
    }
}

pub(super) fn at(at: At) -> AtV1 {
    match at {
        At::Offset(offset) => AtV1 { offset: Some(offset), line: None },
        At::Line(line) => AtV1 { offset: None, line: Some(line) },
        At::Whole => AtV1 { offset: None, line: None },
    }
}

/// The text, and the bytes as hex where the text is not all of it.
pub(super) fn text(units: &[u16]) -> (String, Option<String>) {
    match String::from_utf16(units) {
        Ok(text) => (text, None),
        Err(_) => {
            let raw = units.iter().flat_map(|unit| unit.to_le_bytes()).map(|byte| format!("{byte:02x}")).collect();
            (String::from_utf16_lossy(units), Some(raw))
        }
    }
}
