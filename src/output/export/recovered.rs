//! Deleted keys and values: apart from those that are there, and marked as what they are in each line or object.
//!
//! As JSON, an object for each owner:
//!
//! ```json
//! {"schema_version":1,"input":"SYSTEM","recovered":"key","key":"HKEY_LOCAL_MACHINE\\SYSTEM\\Select",
//!  "last_write":"2020-08-14T19:27:26.6905270Z","offset":4768,"had_values":2,
//!  "values":[{"name":"Current","type":"REG_DWORD","data":1,"raw":"01000000","offset":4928},
//!            {"name":"Note","type":"REG_SZ","lost":"its data cell is in use again","offset":4960}]}
//! ```
//!
//! `recovered` is `values` (the key is there, and its list still names them), `key` (it was deleted, and its values with it),
//! `unplaced_key` (likewise, and no key is known above its path) or `unlisted_values` (no key lists them). Damage is an object
//! of its own, with `damage`.

use std::io::{self, Write};

use serde::Serialize;

use super::super::escape::escape;
use super::super::json::{ValueV2, fragment, value as value_v2};
use super::json::SCHEMA_VERSION;
use super::text::{SHOWN, readable};
use crate::error::{At, Error};
use crate::windows::FileTime;
use crate::windows::value::{Value as Stored, ValueType};

#[derive(Serialize)]
struct AtV1 {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

fn at(at: At) -> AtV1 {
    match at {
        At::Offset(offset) => AtV1 { offset: Some(offset), line: None },
        At::Line(line) => AtV1 { offset: None, line: Some(line) },
        At::Whole => AtV1 { offset: None, line: None },
    }
}

/// The text, and the bytes as hex where the text is not all of it.
fn text(units: &[u16]) -> (String, Option<String>) {
    match String::from_utf16(units) {
        Ok(text) => (text, None),
        Err(_) => {
            let raw = units.iter().flat_map(|unit| unit.to_le_bytes()).map(|byte| format!("{byte:02x}")).collect();
            (String::from_utf16_lossy(units), Some(raw))
        }
    }
}

/// Whose the deleted values are that follow.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'a> {
    /// A key that is there, at this path.
    Key(&'a [u16]),
    /// A deleted key.
    Deleted(DeletedKey<'a>),
    /// A deleted key whose path has no known start.
    Unplaced(DeletedKey<'a>),
    /// Nobody knows.
    Nobody,
}

/// A deleted key.
#[derive(Debug, Clone, Copy)]
pub struct DeletedKey<'a> {
    /// Its path, in UTF-16 units.
    pub path: &'a [u16],
    /// When it, or a value in it, was last written, where that is known.
    pub last_write: Option<FileTime>,
    /// Where it stands in the input.
    pub at: At,
    /// How many values it had.
    pub values: u32,
    /// How many of them follow.
    pub recovered: u32,
}

/// A deleted value.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    /// Its name in UTF-16 units; empty for the default value.
    pub name: &'a [u16],
    /// The stored type.
    pub kind: ValueType,
    /// The stored bytes, or why they are gone.
    pub data: Result<&'a [u8], &'static str>,
    /// Where it stands in the input.
    pub at: At,
}

/// Something that prints what was deleted: each owner, then its values.
pub trait Recovered {
    /// Prints an owner.
    ///
    /// # Errors
    /// When the writer fails.
    fn owner(&mut self, owner: &Owner<'_>) -> io::Result<()>;

    /// Prints a value of the last owner.
    ///
    /// # Errors
    /// When the writer fails.
    fn value(&mut self, value: &Value<'_>) -> io::Result<()>;

    /// Prints what cannot be read.
    ///
    /// # Errors
    /// When the writer fails.
    fn damage(&mut self, error: &Error) -> io::Result<()>;

    /// Ends the output.
    ///
    /// # Errors
    /// When the writer fails.
    fn end(&mut self) -> io::Result<()>;
}

/// A writer for people.
pub struct Text<'w> {
    out: &'w mut dyn Write,
    verbose: bool,
    started: bool,
}

impl<'w> Text<'w> {
    /// A new one; `verbose` is with all bytes of binary data.
    pub fn new(out: &'w mut dyn Write, verbose: bool) -> Self {
        Self { out, verbose, started: false }
    }

    fn start(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.started, true) {
            return writeln!(self.out);
        }
        let what = "Deleted, and no part of the registry: what still stands in free cells, of whatever day.";
        writeln!(self.out, "{what}\n")
    }

    fn deleted(&mut self, key: &DeletedKey<'_>, state: &str) -> io::Result<()> {
        let DeletedKey { last_write, at, values, recovered, .. } = key;
        let written = last_write.map_or_else(|| "not known".to_owned(), |time| time.to_string());
        let values = match (values, recovered) {
            (0, _) => "no values".to_owned(),
            (values, recovered) => format!("{recovered} of {values} values recovered"),
        };
        writeln!(self.out, "    {state}, last written {written}, at {at}: {values}")
    }
}

impl Recovered for Text<'_> {
    fn owner(&mut self, owner: &Owner<'_>) -> io::Result<()> {
        self.start()?;
        let path = |path: &[u16]| escape(&String::from_utf16_lossy(path)).into_owned();
        match owner {
            Owner::Key(key) => {
                writeln!(self.out, "{}", path(key))?;
                writeln!(self.out, "    the key is there; values that its list still names were deleted:")
            }
            Owner::Deleted(key) => {
                writeln!(self.out, "{}", path(key.path))?;
                self.deleted(key, "a deleted key")
            }
            Owner::Unplaced(key) => {
                writeln!(self.out, "…\\{}", path(key.path))?;
                self.deleted(key, "a deleted key, below a key that is not known")
            }
            Owner::Nobody => writeln!(self.out, "Values that no key lists"),
        }
    }

    fn value(&mut self, value: &Value<'_>) -> io::Result<()> {
        let name = match value.name {
            [] => "(default)".to_owned(),
            name => escape(&String::from_utf16_lossy(name)).into_owned(),
        };
        let (data, more) = match value.data {
            Ok(data) => readable(value.kind, data, if self.verbose { usize::MAX } else { SHOWN }),
            Err(why) => (format!("({why})"), Vec::new()),
        };
        writeln!(self.out, "    deleted: {name}  {}  {}  {data}", value.kind, value.at)?;
        more.iter().try_for_each(|line| writeln!(self.out, "        {line}"))
    }

    fn damage(&mut self, error: &Error) -> io::Result<()> {
        self.start()?;
        writeln!(self.out, "damaged: {}", escape(&error.to_string()))
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[derive(Serialize)]
struct OwnerV1<'a> {
    schema_version: u32,
    input: &'a str,
    recovered: &'static str,
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_raw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_write: Option<String>,
    #[serde(flatten)]
    at: AtV1,
    #[serde(skip_serializing_if = "Option::is_none")]
    had_values: Option<u32>,
}

#[derive(Serialize)]
struct EntryV1<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_raw: Option<String>,
    #[serde(flatten)]
    value: DataV1,
    #[serde(flatten)]
    at: AtV1,
}

#[derive(Serialize)]
#[serde(untagged)]
enum DataV1 {
    Stored(ValueV2),
    Lost {
        #[serde(rename = "type")]
        kind: String,
        lost: &'static str,
    },
}

#[derive(Serialize)]
struct DamageV1<'a> {
    schema_version: u32,
    input: &'a str,
    damage: String,
}

/// A writer of JSON lines, `schema_version` 1.
pub struct Lines<'w> {
    out: &'w mut dyn Write,
    artifact: &'w str,
    /// The last line is not complete; whether a value is in it.
    open: Option<bool>,
    /// Damage met in it.
    waiting: Vec<String>,
}

impl<'w> Lines<'w> {
    /// A new one; `artifact` is how the input is called.
    pub fn new(out: &'w mut dyn Write, artifact: &'w str) -> Self {
        Self { out, artifact, open: None, waiting: Vec::new() }
    }

    fn close(&mut self) -> io::Result<()> {
        if self.open.take().is_some() {
            self.out.write_all(b"]}\n")?;
        }
        for damage in std::mem::take(&mut self.waiting) {
            fragment(&DamageV1 { schema_version: SCHEMA_VERSION, input: self.artifact, damage }, self.out)?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

impl Recovered for Lines<'_> {
    fn owner(&mut self, owner: &Owner<'_>) -> io::Result<()> {
        self.close()?;
        let (recovered, path, key) = match owner {
            Owner::Key(path) => ("values", Some(*path), None),
            Owner::Deleted(key) => ("key", Some(key.path), Some(key)),
            Owner::Unplaced(key) => ("unplaced_key", Some(key.path), Some(key)),
            Owner::Nobody => ("unlisted_values", None, None),
        };
        let (path, key_raw) = path.map(text).unzip();
        let line = OwnerV1 {
            schema_version: SCHEMA_VERSION,
            input: self.artifact,
            recovered,
            key: path,
            key_raw: key_raw.flatten(),
            last_write: key.and_then(|key| key.last_write).map(|time| time.to_string()),
            at: at(key.map_or(At::Whole, |key| key.at)),
            had_values: key.map(|key| key.values),
        };
        let mut head = Vec::new();
        fragment(&line, &mut head)?;
        head.pop(); // the closing brace: the values belong to the same object
        self.out.write_all(&head)?;
        self.out.write_all(b",\"values\":[")?;
        self.open = Some(false);
        Ok(())
    }

    fn value(&mut self, value: &Value<'_>) -> io::Result<()> {
        if self.open.replace(true) == Some(true) {
            self.out.write_all(b",")?;
        }
        let (name, name_raw) = text(value.name);
        let stored = match value.data {
            Ok(data) => DataV1::Stored(value_v2(&Stored { kind: value.kind, data: data.to_vec() })),
            Err(lost) => DataV1::Lost { kind: value.kind.to_string(), lost },
        };
        fragment(&EntryV1 { name: &name, name_raw, value: stored, at: at(value.at) }, self.out)
    }

    fn damage(&mut self, error: &Error) -> io::Result<()> {
        self.waiting.push(error.to_string());
        if self.open.is_none() { self.close() } else { Ok(()) }
    }

    fn end(&mut self) -> io::Result<()> {
        self.close()?;
        self.out.flush()
    }
}
