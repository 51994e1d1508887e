//! Fields of policy and waiver files that are checked as they are read, so that an error has the line and column of
//! the text that it is about.

use serde::Deserialize;

use super::conditions::Version;
use super::waiver::{Date, day};
use crate::windows::path::KeyPath;
use crate::windows::roots;
use crate::windows::value::ValueType;

/// Text that is not blank.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Text(pub(super) String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        if text.is_empty() { Err("this must not be empty") } else { Ok(Self(text.to_owned())) }
    }
}

/// The name of a policy or rule: safe on a command line and in every output format.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Id(pub(super) String);

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        if id.starts_with(|c: char| c.is_ascii_alphanumeric()) && id.chars().all(fits) {
            Ok(Self(id))
        } else {
            Err(format!("\"{id}\" is no id: expected lower-case letters, digits, '-' and '.'"))
        }
    }
}

/// A day.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Day(pub(super) Date);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        day(&text).map(Self)
    }
}

/// A key below `HKEY_LOCAL_MACHINE`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Key(pub(super) KeyPath);

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let key = KeyPath::parse(&text);
        match key.below(&KeyPath::parse(roots::MACHINE)) {
            Some([_, ..]) => Ok(Self(key)),
            _ => Err(format!("a key must start with HKEY_LOCAL_MACHINE\\, not \"{text}\"")),
        }
    }
}

/// The type of a value that a rule asks for: numbers alone, which is all that Windows reads of these settings.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Dword;

impl TryFrom<String> for Dword {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse::<ValueType>()? {
            ValueType::DWORD => Ok(Self),
            other => Err(format!("type {other} is not supported: rules ask for REG_DWORD values")),
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ProductVersion(pub(super) Version);

impl TryFrom<String> for ProductVersion {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self)
    }
}
