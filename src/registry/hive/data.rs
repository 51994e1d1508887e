//! Value lists, value keys and their data.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), sections "Key values list", "Key
//! value" and "Big data".

use super::cell::{Cells, file_offset};
use super::fields::Fields;
use super::key::{Key, decode_name};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::registry::path::Name;
use crate::registry::value::{Value, ValueType};

/// Set in the data size when the data stands in the offset field itself.
const INLINE: u32 = 0x8000_0000;
/// Data larger than this is kept in segments, in hives of version 1.4 and later.
const SEGMENT: u32 = 16344;

const FLAG_COMPRESSED_NAME: u16 = 0x0001;
const FLAG_TOMBSTONE: u16 = 0x0002;

/// A value key: a value's name and where its data is.
struct ValueKey {
    offset: u32,
    name: Vec<u16>,
    size: u32,
    data: u32,
    kind: ValueType,
    tombstone: bool,
}

impl ValueKey {
    fn read(cells: &Cells, offset: u32) -> Result<Self, Error> {
        const WHAT: &str = "value";
        let cell = cells.cell(offset, 20, WHAT)?;
        let head: [u8; 20] = cells.head(cell, WHAT)?;
        let f = Fields::new(&head, cell.data);
        f.signature(b"vk", WHAT)?;
        let name_len = f.u16(2, "value name length")?;
        let flags = f.u16(16, "value flags")?;
        let name = cells.data(cell, 20, u32::from(name_len), "value name")?;
        Ok(Self {
            offset,
            name: decode_name(&name, flags & FLAG_COMPRESSED_NAME != 0),
            tombstone: flags & FLAG_TOMBSTONE != 0,
            size: f.u32(4, "data size")?,
            data: f.u32(8, "data offset")?,
            kind: ValueType(f.u32(12, "data type")?),
        })
    }

    fn value(&self, cells: &Cells, minor: u32, limits: &Limits) -> Result<Value, Error> {
        const WHAT: &str = "value data";
        let at = At::Offset(file_offset(self.offset));
        let size = self.size & !INLINE;
        let data = if self.size & INLINE != 0 {
            let bytes = self.data.to_le_bytes();
            let inline = usize::try_from(size).ok().and_then(|n| bytes.get(..n));
            let found = || Error::damaged(at, WHAT, "at most 4 bytes beside an inline flag", size.to_string());
            inline.ok_or_else(found)?.to_vec()
        } else if size == 0 {
            Vec::new()
        } else if usize::try_from(size).is_ok_and(|n| n > limits.value_bytes) {
            let limit = u64::try_from(limits.value_bytes).unwrap_or(u64::MAX);
            return Err(Error::Limit { at, what: "bytes of value data", limit });
        } else if size > SEGMENT && minor > 3 {
            big_data(cells, self.data, size)?
        } else {
            let cell = cells.cell(self.data, size, WHAT)?;
            cells.data(cell, 0, size, WHAT)?
        };
        Ok(Value { kind: self.kind, data })
    }
}

/// Data in segments: a `db` cell names a list of cells, each but the last holding [`SEGMENT`] bytes.
fn big_data(cells: &Cells, offset: u32, size: u32) -> Result<Vec<u8>, Error> {
    const WHAT: &str = "big data";
    let cell = cells.cell(offset, 8, WHAT)?;
    let head: [u8; 8] = cells.head(cell, WHAT)?;
    let f = Fields::new(&head, cell.data);
    f.signature(b"db", WHAT)?;
    let (count, wanted) = (u32::from(f.u16(2, "number of segments")?), size.div_ceil(SEGMENT));
    if count != wanted {
        let (expected, found) = (format!("{wanted} segments for {size} bytes"), count.to_string());
        return Err(Error::damaged(At::Offset(cell.data), WHAT, expected, found));
    }
    let mut data = Vec::new();
    let mut left = size;
    for segment in cells.offsets(f.u32(4, "segment list offset")?, count, "segment list")? {
        let len = left.min(SEGMENT);
        let cell = cells.cell(segment, len, "data segment")?;
        data.extend(cells.data(cell, 0, len, "data segment")?);
        left = left.saturating_sub(len);
    }
    Ok(data)
}

/// What became of the search for a value.
pub(super) enum Search {
    /// Type and data, and the offset of the value's record in the file.
    Found(Value, u64),
    /// A differencing hive says that there is no such value in the hive that it is laid over either.
    Deleted,
    /// Every record was read, and none has the name.
    Absent,
}

/// The names of all values of a key. One record that cannot be read makes the list unreadable.
pub(super) fn names(cells: &Cells, key: &Key, limits: &Limits) -> Result<Vec<Name>, Error> {
    let (count, list) = key.values()?;
    if count == 0 {
        return Ok(Vec::new());
    }
    if u64::from(count) > limits.values {
        let at = At::Offset(file_offset(list));
        return Err(Error::Limit { at, what: "values of one key", limit: limits.values });
    }
    let mut names = Vec::new();
    for offset in cells.offsets(list, count, "value list")? {
        let record = ValueKey::read(cells, offset)?;
        if !record.tombstone {
            names.push(Name::from_units(&record.name));
        }
    }
    Ok(names)
}

/// Finds the value called `name` (the default value has the empty name).
///
/// As with subkeys, "absent" means that every record of the list was read.
pub(super) fn find(cells: &Cells, minor: u32, key: &Key, name: &Name, limits: &Limits) -> Result<Search, Error> {
    let (count, list) = key.values()?;
    if count == 0 {
        return Ok(Search::Absent);
    }
    let at = At::Offset(file_offset(list));
    if u64::from(count) > limits.values {
        return Err(Error::Limit { at, what: "values of one key", limit: limits.values });
    }
    let mut found: Option<ValueKey> = None;
    let mut doubt = None;
    for offset in cells.offsets(list, count, "value list")? {
        match ValueKey::read(cells, offset) {
            Ok(record) if !name.matches(&record.name) => {}
            Ok(record) => match &found {
                None => found = Some(record),
                Some(first) if first.offset == record.offset => {}
                Some(first) => {
                    let at = At::Offset(file_offset(record.offset));
                    let expected = format!("one value called {name}, at {:#x}", file_offset(first.offset));
                    return Err(Error::damaged(at, "value list", expected, "another"));
                }
            },
            Err(error) => {
                doubt.get_or_insert(error);
            }
        }
    }
    match (found, doubt) {
        (Some(record), _) if record.tombstone => Ok(Search::Deleted),
        (Some(record), _) => Ok(Search::Found(record.value(cells, minor, limits)?, file_offset(record.offset))),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(Search::Absent),
    }
}
