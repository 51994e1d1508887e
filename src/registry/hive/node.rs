//! Key nodes and the heads of subkey lists: what their fixed fields say.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), sections "Key node", "Index
//! leaf", "Fast leaf", "Hash leaf" and "Index root".

use super::cell::{Cell, NONE, file_offset};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::windows::FileTime;
use crate::windows::path::Name;

const FLAG_LINK: u16 = 0x0010;
const FLAG_COMPRESSED_NAME: u16 = 0x0020;
const FLAG_PREDEFINED_HANDLE: u16 = 0x0040;
/// Set in every predefined handle (`HKEY_LOCAL_MACHINE` is 0x80000002), never in a count.
const PREDEFINED_HANDLE: u32 = 0x8000_0000;

/// Bytes of a key node before its name.
pub(super) const NODE_LEN: u32 = 76;
/// The same as a length in memory.
pub(super) const NODE_BYTES: usize = 76;

/// The fixed fields of a key node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Offset of the key's cell, from the end of the base block.
    pub(super) offset: u32,
    pub(super) last_write: FileTime,
    pub(super) parent: u32,
    /// How many subkeys there are to be.
    pub(super) subkeys: u32,
    pub(super) subkey_list: u32,
    /// Bytes of the name, which follows the fixed fields.
    pub(super) name_len: u16,
    flags: u16,
    layer_semantics: u16,
    values: u32,
    value_list: u32,
}

impl Node {
    /// Understands the first [`NODE_BYTES`] of `cell`, which is at `offset`. Their number is in the type so that the compiler
    /// need not check each field: a walk does this for every key.
    pub(super) fn parse(head: &[u8; NODE_BYTES], offset: u32, cell: Cell) -> Result<Self, Error> {
        let f = Fields::new(head, cell.data);
        f.signature(b"nk", "key node")?;
        Ok(Self {
            offset,
            last_write: FileTime(f.u64(4, "key last written")?),
            flags: f.u16(2, "key flags")?,
            // The two lowest bits of the layered key bit fields, the second byte of what used to be a spare field.
            layer_semantics: (f.u16(12, "layered key bit fields")? >> 8) & 0b11,
            parent: f.u32(16, "parent")?,
            subkeys: f.u32(20, "number of subkeys")?,
            subkey_list: f.u32(28, "subkey list offset")?,
            values: f.u32(36, "number of values")?,
            value_list: f.u32(40, "value list offset")?,
            name_len: f.u16(72, "key name length")?,
        })
    }

    /// Whether the name has one byte a character.
    pub(super) fn has_compressed_name(&self) -> bool {
        self.flags & FLAG_COMPRESSED_NAME != 0
    }

    /// Whether the key stands for its own absence, if the hive is a differencing one; in others the bits mean nothing.
    pub(super) fn is_tombstone(&self) -> bool {
        self.layer_semantics == 1
    }

    /// Whether the key is a symbolic link to another one.
    pub(super) fn is_link(&self) -> bool {
        self.flags & FLAG_LINK != 0
    }

    /// The handle that the key stands for, by its flag (`KEY_PREDEF_HANDLE`): Windows opens another key in its place, such as
    /// the performance data for `Perflib\009`, or none. It is kept where other keys count their values.
    pub(super) fn handle(&self) -> Option<u32> {
        (self.flags & FLAG_PREDEFINED_HANDLE != 0).then_some(self.values)
    }

    /// The damage it is when that number is no handle: the flag is wrong, or the number.
    pub(super) fn no_handle(&self) -> Option<Error> {
        let handle = self.handle().filter(|handle| handle & PREDEFINED_HANDLE == 0)?;
        let at = At::Offset(file_offset(self.offset));
        Some(Error::damaged(at, "key flags", "a handle beside the flag of a predefined one", format!("{handle:#x}")))
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

    /// How many subkeys the key has and where their list is.
    pub(super) fn subkeys(&self) -> Result<(u32, u32), Error> {
        self.none_when_empty(self.subkeys, self.subkey_list, "subkey list")?;
        Ok((self.subkeys, self.subkey_list))
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
}

/// The forms of subkey lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListForm {
    /// `li`: offsets alone.
    Index,
    /// `lf`: offsets and the starts of names.
    Fast,
    /// `lh`: offsets and hashes of names.
    Hash,
    /// `ri`: offsets of other lists.
    Root,
}

impl ListForm {
    /// Bytes of one entry.
    pub(super) fn width(self) -> u32 {
        match self {
            ListForm::Fast | ListForm::Hash => 8,
            ListForm::Index | ListForm::Root => 4,
        }
    }
}

/// Form and number of entries of the list whose cell data starts at `at`. An index root may stand at the top alone.
pub(super) fn list_head(head: &[u8], at: u64, top: bool) -> Result<(ListForm, u32), Error> {
    const WHAT: &str = "subkey list";
    let f = Fields::new(head, at);
    let form = match f.bytes(0, 2, WHAT)? {
        b"li" => ListForm::Index,
        b"lf" => ListForm::Fast,
        b"lh" => ListForm::Hash,
        b"ri" if top => ListForm::Root,
        other => {
            let expected = if top { "li, lf, lh or ri" } else { "li, lf or lh" };
            let found = other.escape_ascii().to_string();
            return Err(Error::damaged(At::Offset(at), WHAT, expected, format!("\"{found}\"")));
        }
    };
    Ok((form, u32::from(f.u16(2, "number of list entries")?)))
}

/// Turns a stored name into one: a compressed one has one byte a character (the first 256 of Unicode).
pub(super) fn decode_name(bytes: &[u8], compressed: bool) -> Name {
    if compressed {
        return Name::collected(bytes.len(), bytes.iter().map(|&b| u16::from(b)));
    }
    let pairs = bytes.as_chunks::<2>().0;
    Name::collected(pairs.len(), pairs.iter().map(|&pair| u16::from_le_bytes(pair)))
}

/// The same as code units, into a buffer that is there already.
pub(super) fn append_name(bytes: &[u8], compressed: bool, units: &mut Vec<u16>) {
    if compressed {
        units.extend(bytes.iter().map(|&b| u16::from(b)));
    } else {
        units.extend(bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_forms_decode() {
        assert_eq!(decode_name(b"\xe9t", true), Name::from("ét"));
        assert_eq!(decode_name(b"\x16\x04x", false), Name::from("Ж"));
    }
}
