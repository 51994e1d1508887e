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

mod string;

use std::io::{self, Write};

use serde::Serialize;

use super::super::json::fragment;
use super::{Export, Key, Losses, State, Value};
use crate::error::{At, Error};
use crate::windows::value::{ValueType, hex_pair};

/// The version of these lines, which is not that of reports.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Bytes collected before they are written.
const BUFFER: usize = 1 << 16;

#[derive(Serialize)]
struct DamageV1<'a> {
    schema_version: u32,
    input: &'a str,
    key: String,
    damage: String,
}

/// Where in the line the writer is.
#[derive(PartialEq, Eq)]
enum Inside {
    Nothing,
    Values { first: bool },
    Subkeys { first: bool },
}

/// Keys and values are as many as a hive has, so that their lines are put together here, and not by a serializer.
pub(super) struct Lines<'w> {
    out: &'w mut dyn Write,
    artifact: &'w str,
    /// What each key's line starts with.
    head: Vec<u8>,
    /// What is not written yet.
    line: Vec<u8>,
    /// The text of a value.
    units: Vec<u16>,
    inside: Inside,
    /// Damages of the key whose line is not complete yet.
    waiting: Vec<DamageV1<'w>>,
}

impl<'w> Lines<'w> {
    pub(super) fn new(out: &'w mut dyn Write, artifact: &'w str) -> Self {
        let mut head = format!("{{\"schema_version\":{SCHEMA_VERSION},\"input\":").into_bytes();
        string::append(&artifact.encode_utf16().collect::<Vec<u16>>(), &mut head);
        head.extend(b",\"key\":");
        let (line, units, inside, waiting) = (Vec::new(), Vec::new(), Inside::Nothing, Vec::new());
        Self { out, artifact, head, line, units, inside, waiting }
    }

    /// Completes the key's line.
    fn close(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.inside, Inside::Nothing) {
            Inside::Nothing => return Ok(()),
            Inside::Values { .. } => self.line.extend(b"],\"subkeys\":[]}\n"),
            Inside::Subkeys { .. } => self.line.extend(b"]}\n"),
        }
        for damage in std::mem::take(&mut self.waiting) {
            self.damaged(&damage)?;
        }
        Ok(())
    }

    fn damaged(&mut self, damage: &DamageV1<'_>) -> io::Result<()> {
        fragment(damage, &mut self.line)?;
        self.line.push(b'\n');
        Ok(())
    }

    /// Writes what was collected, once that is enough.
    fn flush(&mut self, enough: usize) -> io::Result<()> {
        if self.line.len() >= enough {
            self.out.write_all(&self.line)?;
            self.line.clear();
        }
        Ok(())
    }

    fn comma(&mut self, first: bool) {
        if !first {
            self.line.push(b',');
        }
    }

    /// Appends a name, and its bytes under `raw` where the text is not all of it.
    fn name(&mut self, name: &[u16], raw: &str) {
        if string::append(name, &mut self.line) {
            return;
        }
        self.line.extend(raw.as_bytes());
        self.hex(&name.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>());
        self.line.push(b'"');
    }

    fn hex(&mut self, bytes: &[u8]) {
        let start = self.line.len();
        self.line.resize(start.saturating_add(bytes.len().saturating_mul(2)), 0);
        let digits = self.line.get_mut(start..).unwrap_or_default().as_chunks_mut::<2>().0;
        digits.iter_mut().zip(bytes).for_each(|(pair, &byte)| *pair = hex_pair(byte));
    }

    fn at(&mut self, at: At) -> io::Result<()> {
        match at {
            At::Offset(offset) => write!(self.line, ",\"offset\":{offset}"),
            At::Line(line) => write!(self.line, ",\"line\":{line}"),
            At::Whole => Ok(()),
        }
    }

    /// Appends what the data says, as far as its type has a meaning: the same as in the report.
    fn data(&mut self, kind: ValueType, data: &[u8]) -> io::Result<()> {
        match kind {
            ValueType::DWORD => match data.try_into() {
                Ok(bytes) => write!(self.line, "{}", u32::from_le_bytes(bytes)),
                Err(_) => self.line.write_all(b"null"),
            },
            ValueType::QWORD => match data.try_into() {
                Ok(bytes) => write!(self.line, "{}", u64::from_le_bytes(bytes)),
                Err(_) => self.line.write_all(b"null"),
            },
            ValueType::SZ | ValueType::EXPAND_SZ | ValueType::LINK => {
                self.read_units(data);
                string::append(self.units.split(|&unit| unit == 0).next().unwrap_or_default(), &mut self.line);
                Ok(())
            }
            ValueType::MULTI_SZ => {
                self.read_units(data);
                self.line.push(b'[');
                let texts = self.units.split(|&unit| unit == 0).take_while(|text| !text.is_empty());
                for (number, text) in texts.enumerate() {
                    if number > 0 {
                        self.line.push(b',');
                    }
                    string::append(text, &mut self.line);
                }
                self.line.push(b']');
                Ok(())
            }
            _ => self.line.write_all(b"null"),
        }
    }

    fn read_units(&mut self, data: &[u8]) {
        self.units.clear();
        self.units.extend(data.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)));
    }
}

impl Export for Lines<'_> {
    fn key(&mut self, key: &Key<'_>) -> io::Result<()> {
        self.close()?;
        self.flush(BUFFER)?;
        self.line.extend(&self.head);
        self.name(key.path, ",\"key_raw\":\"");
        match key.last_write {
            Some(time) => write!(self.line, ",\"last_write\":\"{time}\"")?,
            None => self.line.extend(b",\"last_write\":null"),
        }
        self.at(key.at)?;
        self.line.extend(match key.state {
            State::Present => &b",\"state\":\"present\",\"values\":["[..],
            State::Link => b",\"state\":\"link\",\"values\":[",
            State::Handle(_) => b",\"state\":\"handle\",\"values\":[",
            State::Deleted => b",\"state\":\"deleted\",\"values\":[",
        });
        self.inside = Inside::Values { first: true };
        Ok(())
    }

    fn value(&mut self, value: &Value<'_>) -> io::Result<()> {
        self.flush(BUFFER)?;
        self.comma(self.inside == Inside::Values { first: true });
        self.inside = Inside::Values { first: false };
        self.line.extend(b"{\"name\":");
        self.name(value.name, ",\"name_raw\":\"");
        write!(self.line, ",\"type\":\"{}\",\"data\":", value.kind)?;
        self.data(value.kind, value.data)?;
        self.line.extend(b",\"raw\":\"");
        self.hex(value.data);
        self.line.push(b'"');
        if value.deleted {
            self.line.extend(b",\"deleted\":true");
        }
        self.at(value.at)?;
        self.line.push(b'}');
        Ok(())
    }

    fn subkey(&mut self, name: &[u16]) -> io::Result<()> {
        self.flush(BUFFER)?;
        match self.inside {
            Inside::Subkeys { first } => self.comma(first),
            _ => self.line.extend(b"],\"subkeys\":["),
        }
        self.inside = Inside::Subkeys { first: false };
        string::append(name, &mut self.line);
        Ok(())
    }

    fn damage(&mut self, path: &[u16], error: &Error) -> io::Result<()> {
        let (key, damage) = (String::from_utf16_lossy(path), error.to_string());
        let damage = DamageV1 { schema_version: SCHEMA_VERSION, input: self.artifact, key, damage };
        if self.inside == Inside::Nothing {
            self.damaged(&damage)?;
            return self.flush(BUFFER);
        }
        self.waiting.push(damage);
        Ok(())
    }

    fn end(&mut self) -> io::Result<Losses> {
        self.close()?;
        self.flush(0)?;
        self.out.flush()?;
        Ok(Losses::default())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "written out to be read")]
mod tests {
    use serde_json::{Map, Value as Json, json};

    use super::super::super::json::value as value_v2;
    use super::*;
    use crate::windows::value::Value as Stored;

    /// What a serializer makes of the line of a key with this one value.
    fn reference(path: &[u16], value: &Value<'_>) -> String {
        let raw = |units: &[u16]| {
            let bytes = || units.iter().flat_map(|unit| unit.to_le_bytes()).map(|byte| format!("{byte:02x}")).collect();
            String::from_utf16(units).is_err().then(bytes).map(|raw: String| json!(raw))
        };
        let mut entry = Map::new();
        entry.insert("name".into(), json!(String::from_utf16_lossy(value.name)));
        entry.extend(raw(value.name).map(|raw| ("name_raw".to_owned(), raw)));
        let stored = value_v2(&Stored { kind: value.kind, data: value.data.to_vec() });
        let Json::Object(stored) = serde_json::to_value(&stored).unwrap() else { return String::new() };
        entry.extend(stored);
        entry.extend(value.deleted.then(|| ("deleted".to_owned(), json!(true))));
        entry.extend(at(value.at));
        let mut key = Map::new();
        key.insert("schema_version".into(), json!(1));
        key.insert("input".into(), json!("in\u{202e}put"));
        key.insert("key".into(), json!(String::from_utf16_lossy(path)));
        key.extend(raw(path).map(|raw| ("key_raw".to_owned(), raw)));
        key.insert("last_write".into(), Json::Null);
        key.extend(at(At::Line(7)));
        key.insert("state".into(), json!("present"));
        key.insert("values".into(), json!([entry]));
        key.insert("subkeys".into(), json!([]));
        let mut line = Vec::new();
        fragment(&key, &mut line).unwrap();
        String::from_utf8(line).unwrap() + "\n"
    }

    fn at(at: At) -> Option<(String, Json)> {
        match at {
            At::Offset(offset) => Some(("offset".to_owned(), json!(offset))),
            At::Line(line) => Some(("line".to_owned(), json!(line))),
            At::Whole => None,
        }
    }

    fn line(path: &[u16], value: &Value<'_>) -> String {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out, "in\u{202e}put");
        lines.key(&Key { path, last_write: None, at: At::Line(7), state: State::Present }).unwrap();
        lines.value(value).unwrap();
        lines.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_those_of_a_serializer_whatever_names_and_data_hold() {
        let mut seed = 0x2545_f491u32;
        let mut random = |below: u32| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed % below
        };
        for round in 0..4000u32 {
            let mut text = |most: u32| -> Vec<u16> {
                (0..random(most))
                    .map(|_| match random(12) {
                        0 => [0x22, 0x5c, 0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x7f, 0x85, 0x202e, 0x2028, 0]
                            [random(12) as usize],
                        1 => u16::try_from(random(0x1_0000)).unwrap(),
                        2 => 0xd800 + u16::try_from(random(0x800)).unwrap(),
                        3 => u16::try_from(random(0x20)).unwrap(),
                        _ => 0x20 + u16::try_from(random(0x60)).unwrap(),
                    })
                    .collect()
            };
            let (path, name) = (text(60), text(30));
            let mut data: Vec<u8> = text(50).into_iter().flat_map(u16::to_le_bytes).collect();
            match random(4) {
                0 => data.truncate(4),
                1 => data.truncate(8),
                2 => data.push(0x41),
                _ => {}
            }
            let kind = ValueType(random(14));
            let at = [At::Whole, At::Line(3), At::Offset(4096)][random(3) as usize];
            let value = Value { name: &name, kind, data: &data, at, deleted: round % 5 == 0 };
            assert_eq!(line(&path, &value), reference(&path, &value));
        }
    }
}
