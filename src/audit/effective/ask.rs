//! Look-ups as the rules of this stage need them: a number, or why there is none.

use super::Availability;
use super::Fact;
use crate::error::At;
use crate::place::Place;
use crate::registry::{KeyInfo, Lookup, Registry};
use crate::windows::path::{KeyPath, Name};
use crate::windows::roots;
use crate::windows::value::{Value, ValueType};

/// What is known of one number in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::audit) enum Setting {
    /// Known not to be there.
    Absent,
    /// A `REG_DWORD` of four bytes.
    Number(u32, Place),
    /// Something else of that name.
    Odd(Value, Place),
    /// It cannot be read, or no input covers it: why, and where.
    Unknown(String, Option<Place>),
}

/// Two numbers of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::audit) struct Pair {
    pub(in crate::audit) first: Setting,
    pub(in crate::audit) second: Setting,
    /// The key, where it exists.
    pub(in crate::audit) key: Option<KeyInfo>,
}

impl Setting {
    pub(super) fn place(&self) -> Option<&Place> {
        match self {
            Setting::Absent => None,
            Setting::Number(_, place) | Setting::Odd(_, place) => Some(place),
            Setting::Unknown(_, place) => place.as_ref(),
        }
    }

    pub(super) fn number(&self) -> Option<u32> {
        match self {
            Setting::Number(n, _) => Some(*n),
            _ => None,
        }
    }

    pub(super) fn is_set(&self) -> bool {
        matches!(self, Setting::Number(..) | Setting::Odd(..))
    }
}

/// Why a key has no time.
pub(super) fn no_time(key: &KeyInfo) -> String {
    let hive = matches!(key.place.at, At::Offset(_));
    if hive { "the hive has noted no time for it" } else { "a .reg file has no times" }.to_owned()
}

impl Pair {
    pub(super) fn absent() -> Self {
        Self { first: Setting::Absent, second: Setting::Absent, key: None }
    }

    pub(super) fn places(&self) -> Vec<Place> {
        [&self.first, &self.second].into_iter().filter_map(Setting::place).cloned().collect()
    }
}

/// Asks for a number.
pub(super) fn number(registry: &Registry, key: &KeyPath, name: &str) -> (Setting, Option<KeyInfo>) {
    match registry.get(key, &Name::from(name)) {
        Lookup::Found(found) => match found.value.as_dword() {
            Some(n) => (Setting::Number(n, found.place), Some(found.key)),
            None => (Setting::Odd(found.value, found.place), Some(found.key)),
        },
        Lookup::KeyAbsent => (Setting::Absent, None),
        Lookup::ValueAbsent(info) => (Setting::Absent, Some(info)),
        other => {
            let (why, place) = no_answer(other, key);
            (Setting::Unknown(why, place), None)
        }
    }
}

/// Asks for two numbers of one key.
pub(super) fn pair(registry: &Registry, key: &KeyPath, first: &str, second: &str) -> Pair {
    let (one, info) = number(registry, key, first);
    if one == Setting::Absent && info.is_none() {
        return Pair::absent();
    }
    let (two, also) = number(registry, key, second);
    Pair { first: one, second: two, key: info.or(also) }
}

/// Why a look-up has no answer.
pub(in crate::audit) fn no_answer(lookup: Lookup, key: &KeyPath) -> (String, Option<Place>) {
    match lookup {
        Lookup::Unreadable(error, place) => (format!("it cannot be read: {error}"), Some(place)),
        _ => (not_covered(key), None),
    }
}

/// Why a key that no input covers says nothing.
pub(super) fn not_covered(key: &KeyPath) -> String {
    match key.names().get(1) {
        Some(hive) => format!("no input says what {hive} has there"),
        None => "no input says it".to_owned(),
    }
}

/// A number as people write it.
pub(super) fn shown(n: u32) -> String {
    if n < 10 { n.to_string() } else { format!("0x{n:X}") }
}

/// A value by its name, in words.
pub(super) fn said(name: &str, setting: &Setting) -> String {
    match setting {
        Setting::Absent => format!("{name} not set"),
        Setting::Number(n, _) => format!("{name}={}", shown(*n)),
        Setting::Odd(value, _) => format!("{name} {}", odd(value)),
        Setting::Unknown(why, _) => format!("{name}: {why}"),
    }
}

/// What is wrong with a value that is no number.
pub(super) fn odd(value: &Value) -> String {
    match (value.kind, value.data.len()) {
        (ValueType::DWORD, 1) => "has type REG_DWORD but 1 byte".to_owned(),
        (ValueType::DWORD, n) => format!("has type REG_DWORD but {n} bytes"),
        (kind, _) => format!("has type {kind:#}"),
    }
}

/// A path below `HKEY_LOCAL_MACHINE`.
pub(in crate::audit) fn path(below: &str) -> KeyPath {
    KeyPath::joined(&[roots::MACHINE, below])
}

/// The key of this name below another.
pub(super) fn child(key: &KeyPath, name: &Name) -> KeyPath {
    KeyPath(key.names().iter().chain([name]).cloned().collect())
}

impl Fact {
    pub(super) fn new(state: Availability, why: String, places: Vec<Place>) -> Self {
        Self { state, why, places }
    }
}
