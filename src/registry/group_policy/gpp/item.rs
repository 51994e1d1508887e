//! One item of registry preferences, and the changes that it makes.

use super::text::{Named, get, is_set};
use crate::error::At;
use crate::limits::Limits;
use crate::registry::change::Change;
use crate::windows::path::{KeyPath, Name};
use crate::windows::roots::ROOTS;
use crate::windows::value::{Value, ValueType};

/// A change, and why it is in doubt.
type Doubted = (Change, Option<String>);

/// What `<Properties>` say.
pub(super) struct Item {
    pub(super) at: At,
    attributes: Named,
    /// The strings of `<Values>`, if there is one.
    pub(super) strings: Option<Vec<String>>,
    doubt: Option<String>,
}

impl Item {
    pub(super) fn new(attributes: &Named, at: At) -> Self {
        Self { at, attributes: attributes.clone(), strings: None, doubt: None }
    }

    pub(super) fn doubt(&mut self, doubt: String) {
        self.doubt.get_or_insert(doubt);
    }

    fn get(&self, name: &str) -> &str {
        get(&self.attributes, name).unwrap_or_default()
    }

    /// The changes that the item makes, or why they cannot be told.
    pub(super) fn changes(&self, limits: &Limits) -> Result<Vec<Doubted>, String> {
        let key = self.key(limits)?;
        let name = self.plain("name")?;
        let default = is_set(&self.attributes, "default");
        if default && !name.is_empty() {
            return Err(format!("it is about the default value and about \"{name}\""));
        }
        let doubt = self.doubt.clone();
        let action = get(&self.attributes, "action").unwrap_or("U");
        if name.is_empty() && !default {
            let odd = !self.get("value").is_empty() || self.strings.is_some();
            let doubt = doubt.or_else(|| odd.then(|| "data without a value's name".to_owned()));
            return Ok(match action {
                "C" | "U" => vec![(Change::CreateKey(key), doubt)],
                "D" => vec![(Change::DeleteKey(key), doubt)],
                "R" => vec![(Change::DeleteKey(key.clone()), doubt.clone()), (Change::CreateKey(key), doubt)],
                other => return Err(format!("\"{other}\" is no action")),
            });
        }
        let name = Name::from(name);
        let delete = Change::DeleteValue { key: key.clone(), name: name.clone() };
        if action == "D" {
            return Ok(vec![(delete, doubt)]);
        }
        let (value, odd) = self.value()?;
        let set = Change::Set { key, name, value };
        let doubt = doubt.or(odd);
        Ok(match action {
            "U" => vec![(set, doubt)],
            "R" => vec![(delete, doubt.clone()), (set, doubt)],
            "C" => vec![(
                set,
                doubt.or_else(|| Some("the action Create sets the value only where there is none".to_owned())),
            )],
            other => return Err(format!("\"{other}\" is no action")),
        })
    }

    /// An attribute in which no variable stands.
    fn plain(&self, attribute: &str) -> Result<&str, String> {
        let text = self.get(attribute);
        if text.contains('%') { Err(format!("its {attribute} has a variable in it: \"{text}\"")) } else { Ok(text) }
    }

    fn key(&self, limits: &Limits) -> Result<KeyPath, String> {
        let hive = self.get("hive");
        let root = ROOTS.into_iter().find(|root| root.long.eq_ignore_ascii_case(hive));
        let root = root.ok_or_else(|| format!("\"{hive}\" is no hive"))?;
        let below = KeyPath::parse(self.plain("key")?);
        if below.names().is_empty() {
            return Err("it names no key".to_owned());
        }
        if below.names().len() > limits.depth {
            return Err(format!("its key has more than {} names", limits.depth));
        }
        Ok(KeyPath(std::iter::once(Name::from(root.long)).chain(below.0).collect()))
    }

    /// Type and data, and why they are in doubt.
    fn value(&self) -> Result<(Value, Option<String>), String> {
        let kind: ValueType = self.get("type").parse()?;
        let text = self.get("value");
        if self.strings.is_some() && kind != ValueType::MULTI_SZ {
            return Err(format!("it has a list of strings, and the type {kind}"));
        }
        let variable =
            |text: &str| text.contains('%').then(|| "its data has a variable of preferences in it".to_owned());
        let (data, doubt) = match kind {
            ValueType::SZ | ValueType::EXPAND_SZ => (wide([text]), variable(text)),
            ValueType::MULTI_SZ => match &self.strings {
                Some(strings) => {
                    let doubt = strings.iter().find_map(|string| variable(string));
                    let empty = strings.iter().any(String::is_empty);
                    let empty = empty.then(|| "an empty string in a list would end it".to_owned());
                    (wide(strings.iter().map(String::as_str).chain([""])), doubt.or(empty))
                }
                None => return Err("a REG_MULTI_SZ without a list of strings".to_owned()),
            },
            ValueType::DWORD => number(text, 8)?,
            ValueType::QWORD => number(text, 16)?,
            ValueType::BINARY => (hex(text)?, None),
            kind => return Err(format!("{kind} is a type whose data is not read")),
        };
        Ok((Value { kind, data }, doubt))
    }
}

fn wide<'a>(strings: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let units = strings.into_iter().flat_map(|string| string.encode_utf16().chain([0]));
    units.flat_map(u16::to_le_bytes).collect()
}

/// A number, which the editor writes with all of its hexadecimal digits, whether it shows it in decimal or not.
fn number(text: &str, digits: usize) -> Result<(Vec<u8>, Option<String>), String> {
    let wrong = || format!("\"{text}\" is no number of {digits} hexadecimal digits");
    if text.is_empty() || text.len() > digits || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let number = u64::from_str_radix(text, 16).map_err(|_| wrong())?;
    let bytes = number.to_le_bytes().into_iter().take(digits.checked_div(2).unwrap_or_default()).collect();
    let short = text.len() != digits && number > 9;
    Ok((bytes, short.then(|| format!("\"{text}\" has not all of its digits, so it may be meant as a decimal number"))))
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("\"{text}\" is not hexadecimal bytes");
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(wrong());
    }
    let byte = |pair: &[u8; 2]| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.iter().map(byte).collect::<Option<Vec<u8>>>().ok_or_else(wrong)
}
