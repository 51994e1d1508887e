//! What the formats ask of a changeset: roots, names as text, and data that a typed form holds exactly or not at all.

use std::collections::BTreeSet;

use super::Changeset;
use super::refusal::Refusal;
use super::remarks::harmless;
use crate::registry::change::Change;
use crate::windows::path::{KeyPath, Name};
use crate::windows::roots::{MACHINE, Root};
use crate::windows::value::{Value, ValueType};

/// The root that a key starts at, and the names below it. A name with a backslash or a NUL inside, or an empty one,
/// is a key that no path can name.
pub(super) fn split(key: &KeyPath) -> Result<(Root, &[Name]), Refusal> {
    let (first, rest) = key.names().split_first().ok_or_else(|| Refusal::key(key, "a key without a path"))?;
    let root = Root::with_long_name(first.units())
        .ok_or_else(|| Refusal::key(key, format!("no key that is written starts at \"{first}\"")))?;
    let bad = |name: &&Name| name.units().is_empty() || name.units().iter().any(|&u| u == 0 || u == 0x5c);
    match rest.iter().find(bad) {
        Some(name) => Err(Refusal::key(key, format!("no path can name the key \"{name}\""))),
        None => Ok((root, rest)),
    }
}

/// As [`split`], for a change of a key itself: a root can be neither created nor deleted.
pub(super) fn below_root(key: &KeyPath) -> Result<(Root, &[Name]), Refusal> {
    let (root, rest) = split(key)?;
    if rest.is_empty() { Err(Refusal::key(key, "a root is neither created nor deleted")) } else { Ok((root, rest)) }
}

/// The path below the machine's root, for formats that have no other.
pub(super) fn machine<'a>(key: &'a KeyPath, format: &str) -> Result<&'a [Name], Refusal> {
    let (root, rest) = below_root(key)?;
    if root.long == MACHINE {
        Ok(rest)
    } else {
        Err(Refusal::key(key, format!("{format} holds keys of HKEY_LOCAL_MACHINE alone")))
    }
}

/// Names joined to a path, if they are text.
pub(super) fn path(names: &[Name]) -> Result<String, Refusal> {
    let names: Result<Vec<String>, Refusal> = names.iter().map(text).collect();
    Ok(names?.join("\\"))
}

/// A name as text: without unpaired surrogates, which no text file holds, and without NUL.
pub(super) fn text(name: &Name) -> Result<String, Refusal> {
    let text = String::from_utf16(name.units());
    text.ok().filter(|text| !text.contains('\0')).ok_or_else(|| Refusal::name(name, "that name is not text"))
}

/// Data as the typed forms have it, in UTF-16 units where it is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data<'a> {
    /// `REG_SZ`, without its terminator.
    Sz(Vec<u16>),
    /// `REG_EXPAND_SZ`, without its terminator.
    Expand(Vec<u16>),
    /// `REG_MULTI_SZ`: strings that are not empty.
    Multi(Vec<Vec<u16>>),
    /// `REG_DWORD`
    Dword(u32),
    /// `REG_QWORD`
    Qword(u64),
    /// `REG_BINARY`
    Binary(&'a [u8]),
    /// `REG_NONE`
    None(&'a [u8]),
}

/// The data in its typed form, if a writer of that form gives these very bytes.
pub(super) fn data<'a>(name: &Name, value: &'a Value) -> Result<Data<'a>, Refusal> {
    let odd =
        |why: &str| Refusal::name(name, format!("{} data {why}, which only reg, reg4 and pol can hold", value.kind));
    let string = || one_string(&value.data).ok_or_else(|| odd("that is not text with one NUL behind it"));
    match value.kind {
        ValueType::SZ => Ok(Data::Sz(string()?)),
        ValueType::EXPAND_SZ => Ok(Data::Expand(string()?)),
        ValueType::MULTI_SZ => {
            let strings =
                strings(&value.data).ok_or_else(|| odd("that is not a list of strings with a NUL behind it"))?;
            Ok(Data::Multi(strings))
        }
        ValueType::DWORD => {
            let bytes =
                <[u8; 4]>::try_from(value.data.as_slice()).map_err(|_| odd("of another length than 4 bytes"))?;
            Ok(Data::Dword(u32::from_le_bytes(bytes)))
        }
        ValueType::QWORD => {
            let bytes =
                <[u8; 8]>::try_from(value.data.as_slice()).map_err(|_| odd("of another length than 8 bytes"))?;
            Ok(Data::Qword(u64::from_le_bytes(bytes)))
        }
        ValueType::BINARY => Ok(Data::Binary(&value.data)),
        ValueType::NONE => Ok(Data::None(&value.data)),
        kind => Err(Refusal::name(name, format!("{kind} is a type that only reg, reg4 and some of pol can set"))),
    }
}

/// UTF-16 units as text.
pub(super) fn string(name: &Name, units: &[u16]) -> Result<String, Refusal> {
    String::from_utf16(units)
        .map_err(|_| Refusal::name(name, "its data has half a character, which this format cannot hold"))
}

fn units(data: &[u8]) -> Option<Vec<u16>> {
    let (pairs, odd) = data.as_chunks::<2>();
    odd.is_empty().then(|| pairs.iter().map(|&pair| u16::from_le_bytes(pair)).collect())
}

fn one_string(data: &[u8]) -> Option<Vec<u16>> {
    let mut units = units(data)?;
    (units.pop() == Some(0) && !units.contains(&0)).then_some(units)
}

fn strings(data: &[u8]) -> Option<Vec<Vec<u16>>> {
    let mut units = units(data)?;
    if units.pop() != Some(0) {
        return None;
    }
    if units.is_empty() {
        return Some(Vec::new());
    }
    if units.pop() != Some(0) {
        return None;
    }
    let strings: Vec<Vec<u16>> = units.split(|&unit| unit == 0).map(<[u16]>::to_vec).collect();
    strings.iter().all(|string| !string.is_empty()).then_some(strings)
}

/// The remarks, a line each, without anything that could end a comment or a line. Where only ASCII is read safely,
/// other characters are spelled out.
pub(super) fn remarks(changeset: &Changeset, more: &[&str], ascii: bool) -> Vec<String> {
    let lines = changeset.remarks.iter().map(String::as_str).chain(more.iter().copied());
    lines.map(|line| harmless(line, ascii)).collect()
}

/// Refuses changes of which one undoes or repeats another: formats that state a result, not steps, cannot hold both.
pub(super) fn states(changes: &[Change], format: &str) -> Result<(), Refusal> {
    let mut earlier = Earlier::default();
    for change in changes {
        if earlier.meets(change) {
            let why = format!("{format} states results, not steps, and this is changed twice");
            return Err(Refusal::key(change.key(), why));
        }
        earlier.add(change);
    }
    Ok(())
}

/// Upcased keys and values that changes were about.
#[derive(Default)]
struct Earlier {
    keys: BTreeSet<Vec<Name>>,
    deleted: BTreeSet<Vec<Name>>,
    cleared: BTreeSet<Vec<Name>>,
    with_values: BTreeSet<Vec<Name>>,
    values: BTreeSet<(Vec<Name>, Name)>,
}

impl Earlier {
    /// Whether a change undoes or repeats an earlier one.
    fn meets(&self, change: &Change) -> bool {
        let key = change.key().folded().0;
        let head = |n: usize| key.get(..n).is_some_and(|head| self.deleted.contains(head));
        if (0..=key.len()).any(head) {
            return true;
        }
        match change {
            Change::DeleteKey(_) => self.keys.range(key.clone()..).next().is_some_and(|other| other.starts_with(&key)),
            Change::CreateKey(_) => false,
            Change::DeleteValues(_) => self.cleared.contains(&key) || self.with_values.contains(&key),
            Change::Set { name, .. } | Change::DeleteValue { name, .. } => {
                self.cleared.contains(&key) || self.values.contains(&(key, name.folded()))
            }
        }
    }

    fn add(&mut self, change: &Change) {
        let key = change.key().folded().0;
        match change {
            Change::DeleteKey(_) => {
                self.deleted.insert(key.clone());
            }
            Change::DeleteValues(_) => {
                self.cleared.insert(key.clone());
            }
            Change::CreateKey(_) => {}
            Change::Set { name, .. } | Change::DeleteValue { name, .. } => {
                self.with_values.insert(key.clone());
                self.values.insert((key.clone(), name.folded()));
            }
        }
        self.keys.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: u32, data: &[u8]) -> Value {
        Value { kind: ValueType(kind), data: data.to_vec() }
    }

    #[test]
    fn typed_data_is_exact_or_refused() {
        let name = Name::from("v");
        for (kind, bytes) in [
            (1, &b"a\0"[..]),
            (1, b""),
            (1, b"a\0\0\0\0\0"),
            (1, b"a\0\0"),
            (2, b"a\0"),
            (7, b"a\0\0\0"),
            (7, b"\0\0\0\0"),
            (7, b"a\0\0\0\0\0b\0\0\0\0\0"),
            (7, b""),
            (4, b"\x01"),
            (11, b"\x01\0\0\0"),
            (5, b"\0\0\0\x01"),
            (6, b"a\0"),
            (99, b""),
        ] {
            assert!(data(&name, &value(kind, bytes)).is_err(), "{kind} {bytes:?}");
        }
        assert_eq!(data(&name, &value(1, b"a\0\0\0")), Ok(Data::Sz(vec![0x61])));
        assert_eq!(data(&name, &value(1, b"\0\xd8\0\0")), Ok(Data::Sz(vec![0xd800])));
        assert_eq!(data(&name, &value(7, b"a\0\0\0b\0\0\0\0\0")), Ok(Data::Multi(vec![vec![0x61], vec![0x62]])));
        assert_eq!(data(&name, &value(7, b"\0\0")), Ok(Data::Multi(Vec::new())));
        assert_eq!(data(&name, &value(11, &[1, 0, 0, 0, 0, 0, 0, 0x80])), Ok(Data::Qword(0x8000_0000_0000_0001)));
    }

    #[test]
    fn keys_start_at_a_root_and_have_names_that_a_path_can_hold() {
        assert!(split(&KeyPath::parse(r"HKLM\a")).is_err());
        assert!(split(&KeyPath::default()).is_err());
        assert!(below_root(&KeyPath::parse("HKEY_LOCAL_MACHINE")).is_err());
        for bad in ["", "a\\b", "a\0"] {
            let key = KeyPath(vec![Name::from("HKEY_LOCAL_MACHINE"), Name::from(bad)]);
            assert!(split(&key).is_err(), "{bad:?}");
        }
        assert!(machine(&KeyPath::parse(r"HKEY_USERS\a"), "x").is_err());
        assert_eq!(
            path(machine(&KeyPath::parse(r"hkey_local_machine\a\AES 128/128"), "x").unwrap()).unwrap(),
            r"a\AES 128/128"
        );
    }

    #[test]
    fn what_ends_a_line_is_no_part_of_a_remark() {
        let changeset =
            Changeset { remarks: vec!["a\r\nreg delete\u{2028}é".into()], changes: Vec::new(), left_out: Vec::new() };
        assert_eq!(remarks(&changeset, &["b"], false), [r"a\u{d}\u{a}reg delete\u{2028}é", "b"]);
        assert_eq!(remarks(&changeset, &[], true), [r"a\u{d}\u{a}reg delete\u{2028}\u{e9}"]);
        let long = Changeset { remarks: vec!["ö".repeat(100_000)], ..changeset };
        assert!(remarks(&long, &[], true)[0].len() < 1100);
    }

    #[test]
    fn contradictions_are_found() {
        let key = |path: &str| KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\{path}"));
        let set =
            |path: &str, name: &str| Change::Set { key: key(path), name: Name::from(name), value: Value::dword(1) };
        let delete = |path: &str| Change::DeleteKey(key(path));
        for (a, b, bad) in [
            (set("K", "a"), set("k", "A"), true),
            (set("K", "a"), set("K", "b"), false),
            (delete("K"), set(r"K\L", "a"), true),
            (set(r"K\L", "a"), delete("K"), true),
            (delete("K"), delete(r"K\L"), true),
            (delete(r"K\L"), set("K", "a"), false),
            (Change::DeleteValues(key("K")), set("K", "a"), true),
            (Change::CreateKey(key("K")), set("K", "a"), false),
        ] {
            assert_eq!(states(&[a.clone(), b.clone()], "x").is_err(), bad, "{a:?} {b:?}");
        }
    }
}
