//! Key nodes and subkey lists.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), sections "Key node", "Index
//! leaf", "Fast leaf", "Hash leaf" and "Index root".

use std::cmp::Ordering;

use super::cell::{Cell, Cells, NONE, file_offset};
use super::fields::Fields;
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::registry::FileTime;
use crate::registry::path::Name;
use crate::registry::upcase::upcase;

const FLAG_LINK: u16 = 0x0010;
const FLAG_COMPRESSED_NAME: u16 = 0x0020;
const FLAG_PREDEFINED_HANDLE: u16 = 0x0040;
/// Set in every predefined handle (`HKEY_LOCAL_MACHINE` is 0x80000002), never in a count.
const PREDEFINED_HANDLE: u32 = 0x8000_0000;

/// A key node.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// Offset of the key's cell, from the end of the base block.
    pub(super) offset: u32,
    pub(super) last_write: FileTime,
    pub(super) name: Vec<u16>,
    flags: u16,
    layer_semantics: u16,
    parent: u32,
    subkeys: u32,
    subkey_list: u32,
    values: u32,
    value_list: u32,
}

impl Key {
    /// Reads the key node in the cell at `offset`.
    pub(super) fn read(cells: &Cells, offset: u32) -> Result<Self, Error> {
        const WHAT: &str = "key node";
        let cell = cells.cell(offset, 76, WHAT)?;
        let head: [u8; 76] = cells.head(cell, WHAT)?;
        let f = Fields::new(&head, cell.data);
        f.signature(b"nk", WHAT)?;
        let flags = f.u16(2, "key flags")?;
        let name_len = f.u16(72, "key name length")?;
        let name = cells.data(cell, 76, u32::from(name_len), "key name")?;
        Ok(Self {
            offset,
            last_write: FileTime(f.u64(4, "key last written")?),
            name: decode_name(&name, flags & FLAG_COMPRESSED_NAME != 0),
            flags,
            // The two lowest bits of the layered key bit fields, the second byte of what used to be a spare field.
            layer_semantics: (f.u16(12, "layered key bit fields")? >> 8) & 0b11,
            parent: f.u32(16, "parent")?,
            subkeys: f.u32(20, "number of subkeys")?,
            subkey_list: f.u32(28, "subkey list offset")?,
            values: f.u32(36, "number of values")?,
            value_list: f.u32(40, "value list offset")?,
        })
    }

    /// Whether the key stands for its own absence, if the hive is a differencing one; in others the bits mean nothing.
    pub(super) fn is_tombstone(&self) -> bool {
        self.layer_semantics == 1
    }

    /// Whether the key is a symbolic link to another one.
    pub(super) fn is_link(&self) -> bool {
        self.flags & FLAG_LINK != 0
    }

    /// How many values the key has and where their list is. A predefined handle keeps its handle in the count's place and
    /// has no values; a count that is no handle says that the flag is damaged, and the values are there.
    pub(super) fn values(&self) -> Result<(u32, u32), Error> {
        if self.flags & FLAG_PREDEFINED_HANDLE != 0 && self.values & PREDEFINED_HANDLE != 0 {
            return Ok((0, NONE));
        }
        self.none_when_empty(self.values, self.value_list, "value list")?;
        Ok((self.values, self.value_list))
    }

    /// A count of zero beside a list, or the other way round, is damage: reading it as "nothing here" could hide a value.
    fn none_when_empty(&self, count: u32, list: u32, what: &'static str) -> Result<(), Error> {
        if (count == 0) == (list == NONE) {
            return Ok(());
        }
        let expected = if count == 0 { "no list beside a count of 0" } else { "a list" };
        Err(Error::damaged(
            At::Offset(file_offset(self.offset)),
            what,
            expected,
            format!("{list:#x} beside a count of {count}"),
        ))
    }

    /// Finds the subkey called `name`.
    ///
    /// The list's own hashes and hints say which key nodes are worth reading; the sort order is not trusted to find one.
    /// "Absent" is answered only when nothing on the way was damaged: the lists are as long as their key says, every
    /// candidate could be read and belongs to its hash, and a binary search by name misses as well.
    pub(super) fn child(&self, cells: &Cells, name: &Name, limits: &Limits) -> Result<Option<Key>, Error> {
        let (entries, mut doubt) = self.subkeys(cells, limits)?;
        let hash = hash(name.units());
        let mut found: Option<Key> = None;
        for entry in entries.iter().filter(|entry| entry.tag.allows(name.units(), hash)) {
            match Key::read(cells, entry.key) {
                Ok(key) if key.parent != self.offset => {
                    doubt.get_or_insert(self.foreign(&key));
                }
                Ok(key) if !name.matches(&key.name) => {
                    if let Some(error) = entry.mismatch(&key) {
                        doubt.get_or_insert(error);
                    }
                }
                Ok(key) => match &found {
                    None => found = Some(key),
                    Some(first) if first.offset == key.offset => {}
                    Some(first) => {
                        let at = At::Offset(file_offset(key.offset));
                        let expected = format!("one subkey called {name}, at {:#x}", file_offset(first.offset));
                        return Err(Error::damaged(at, "subkey list", expected, "another"));
                    }
                },
                Err(error) => {
                    doubt.get_or_insert(error);
                }
            }
        }
        match (found, doubt) {
            (Some(key), _) => Ok(Some(key)),
            (None, Some(error)) => Err(error),
            (None, None) => self.absent_by_order(cells, name, &entries),
        }
    }

    /// The names of all subkeys, in the order of the lists.
    pub(super) fn child_names(&self, cells: &Cells, limits: &Limits) -> Result<Vec<Name>, Error> {
        match self.subkeys(cells, limits)? {
            (_, Some(error)) => Err(error),
            (entries, None) => {
                entries.iter().map(|entry| Key::read(cells, entry.key).map(|key| Name::from_units(&key.name))).collect()
            }
        }
    }

    /// All entries of the subkey lists, and the first damage met among them.
    fn subkeys(&self, cells: &Cells, limits: &Limits) -> Result<(Vec<Entry>, Option<Error>), Error> {
        const WHAT: &str = "subkey list";
        if let Err(error) = self.none_when_empty(self.subkeys, self.subkey_list, WHAT) {
            return Ok((Vec::new(), Some(error)));
        }
        if self.subkeys == 0 {
            return Ok((Vec::new(), None));
        }
        let at = At::Offset(file_offset(self.subkey_list));
        let mut list = Lists { cells, limits, entries: Vec::new(), doubt: None };
        if let Err(error) = list.read(self.subkey_list, true) {
            return Ok((list.entries, Some(error)));
        }
        let count = u64::try_from(list.entries.len()).unwrap_or(u64::MAX);
        if count != u64::from(self.subkeys) {
            let error = Error::damaged(at, WHAT, format!("{} entries", self.subkeys), count.to_string());
            list.doubt.get_or_insert(error);
        }
        Ok((list.entries, list.doubt))
    }

    /// Looks for `name` by the order that lists are sorted in, where its tag did not show it. A hit means that the tag is
    /// wrong: Windows would not find the key either, so it is neither present nor absent but damaged. So is a list whose keys
    /// belong to another parent: it says nothing of this one's.
    fn absent_by_order(&self, cells: &Cells, name: &Name, entries: &[Entry]) -> Result<Option<Key>, Error> {
        let mut part = entries;
        while let Some(entry) = part.get(part.len() / 2) {
            if matches!(entry.tag, Tag::None) {
                break; // every key of an index leaf was read by name already
            }
            let key = Key::read(cells, entry.key)?;
            if key.parent != self.offset {
                return Err(self.foreign(&key));
            }
            if let Some(error) = entry.mismatch(&key) {
                return Err(error);
            }
            let order = key.name.iter().map(|&u| upcase(u)).cmp(name.units().iter().map(|&u| upcase(u)));
            let (before, after) = part.split_at(part.len() / 2);
            part = match order {
                Ordering::Greater => before,
                Ordering::Less => after.get(1..).unwrap_or_default(),
                Ordering::Equal => {
                    let at = At::Offset(file_offset(key.offset));
                    return Err(Error::damaged(at, "subkey list", format!("the hash of {name}"), "another hash"));
                }
            };
        }
        Ok(None)
    }

    /// The damage it is when a key that is listed here belongs to another parent.
    fn foreign(&self, key: &Key) -> Error {
        let at = At::Offset(file_offset(key.offset));
        let (expected, found) = (format!("{:#x}", self.offset), format!("{:#x}", key.parent));
        Error::damaged(at, "parent of a listed key", expected, found)
    }
}

/// What a subkey list says of a subkey beside where it is.
#[derive(Debug, Clone, Copy)]
enum Tag {
    /// Nothing (index leaf).
    None,
    /// The first four characters, zero-filled; a zero at the start means that they are not all 8-bit (fast leaf).
    Hint([u8; 4]),
    /// [`hash`] of the name (hash leaf).
    Hash(u32),
}

impl Tag {
    /// Whether a key of this name, whose hash this is, can have this tag.
    fn allows(self, name: &[u16], hash: u32) -> bool {
        match self {
            Tag::None => true,
            Tag::Hash(tag) => tag == hash,
            Tag::Hint(hint) if hint.first() == Some(&0) => true,
            Tag::Hint(hint) => hint.iter().enumerate().all(|(i, &byte)| match name.get(i) {
                None => byte == 0,
                Some(&unit) if unit > 0xff => true,
                Some(&unit) => upcase(u16::from(byte)) == upcase(unit),
            }),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Offset of the key's cell.
    key: u32,
    tag: Tag,
}

impl Entry {
    /// The damage it is when the key that is listed here has another name than its tag says.
    fn mismatch(&self, key: &Key) -> Option<Error> {
        let own = hash(&key.name);
        if self.tag.allows(&key.name, own) {
            return None;
        }
        let at = At::Offset(file_offset(key.offset));
        let expected = match self.tag {
            Tag::Hash(tag) => format!("a name with hash {tag:#010x}"),
            Tag::Hint(hint) => format!("a name that starts with {:?}", hint.escape_ascii().to_string()),
            Tag::None => return None,
        };
        Some(Error::damaged(at, "key name", expected, format!("{:?}", String::from_utf16_lossy(&key.name))))
    }
}

struct Lists<'a> {
    cells: &'a Cells,
    limits: &'a Limits,
    entries: Vec<Entry>,
    doubt: Option<Error>,
}

impl Lists<'_> {
    /// Reads the list at `offset`. An index root may stand at the top alone, so nesting is bounded by the format.
    fn read(&mut self, offset: u32, top: bool) -> Result<(), Error> {
        const WHAT: &str = "subkey list";
        let cell: Cell = self.cells.cell(offset, 4, WHAT)?;
        let head: [u8; 4] = self.cells.head(cell, WHAT)?;
        let f = Fields::new(&head, cell.data);
        let count = u32::from(f.u16(2, "number of list entries")?);
        let width: u32 = match &head {
            [b'l', b'f' | b'h', ..] => 8,
            [b'l', b'i', ..] => 4,
            [b'r', b'i', ..] if top => 4,
            [a, b, ..] => {
                let expected = if top { "li, lf, lh or ri" } else { "li, lf or lh" };
                let found = [*a, *b].escape_ascii().to_string();
                return Err(Error::damaged(At::Offset(cell.data), WHAT, expected, format!("{found:?}")));
            }
        };
        let bytes = self.cells.data(cell, 4, count.saturating_mul(width), WHAT)?;
        let f = Fields::new(&bytes, cell.data.saturating_add(4));
        if head.first() == Some(&b'r') {
            for at in (0..bytes.len()).step_by(4) {
                if let Err(error) = self.read(f.u32(at, WHAT)?, false) {
                    if matches!(error, Error::Limit { .. }) {
                        return Err(error);
                    }
                    self.doubt.get_or_insert(error);
                }
            }
            return Ok(());
        }
        let total = u64::try_from(self.entries.len()).unwrap_or(u64::MAX).saturating_add(u64::from(count));
        if total > self.limits.list_entries {
            let limit = self.limits.list_entries;
            return Err(Error::Limit { at: At::Offset(cell.data), what: "subkeys of one key", limit });
        }
        for at in (0..bytes.len()).step_by(if width == 8 { 8 } else { 4 }) {
            let tag = match &head {
                [_, b'h', ..] => Tag::Hash(f.u32(at.saturating_add(4), "name hash")?),
                [_, b'f', ..] => Tag::Hint(f.u32(at.saturating_add(4), "name hint")?.to_le_bytes()),
                _ => Tag::None,
            };
            self.entries.push(Entry { key: f.u32(at, WHAT)?, tag });
        }
        Ok(())
    }
}

/// The hash of a key's name in a hash leaf.
fn hash(name: &[u16]) -> u32 {
    name.iter().fold(0u32, |sum, &unit| sum.wrapping_mul(37).wrapping_add(u32::from(upcase(unit))))
}

/// Turns a stored name into UTF-16 code units: a compressed one has one byte a character (the first 256 of Unicode).
pub(super) fn decode_name(bytes: &[u8], compressed: bool) -> Vec<u16> {
    if compressed {
        return bytes.iter().map(|&b| u16::from(b)).collect();
    }
    bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(u16::from_le_bytes).collect()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "written out to be read")]
mod tests {
    use super::*;

    fn units(s: &str) -> Vec<u16> {
        s.encode_utf16().collect()
    }

    #[test]
    fn the_hash_ignores_case() {
        assert_eq!(hash(&units("Control")), hash(&units("CONTROL")));
        assert_eq!(hash(&units("ab")), 0x41 * 37 + 0x42);
    }

    #[test]
    fn hints_select_by_the_first_four_characters() {
        let allows = |hint: [u8; 4], name: &str| Tag::Hint(hint).allows(&units(name), 0);
        assert!(allows(*b"TLS ", "tls 1.2"));
        assert!(!allows(*b"TLS1", "TLS 1.2"));
        assert!(allows(*b"ab\0\0", "AB"));
        assert!(!allows(*b"ab\0\0", "abc"));
        assert!(!allows(*b"abc\0", "ab"));
        assert!(allows([0; 4], "anything"));
    }

    #[test]
    fn names_of_both_forms_decode() {
        assert_eq!(decode_name(b"\xe9t", true), units("ét"));
        assert_eq!(decode_name(b"\x16\x04x", false), vec![0x416]);
    }
}
