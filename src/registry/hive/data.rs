//! Value lists, value keys and their data.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), sections "Key values list", "Key
//! value" and "Big data".

use super::cell::{Cell, Cells, file_offset};
use super::node::Node;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::wide;
use crate::windows::path::Name;
use crate::windows::value::{Value, ValueType};

/// Set in the data size when the data stands in the offset field itself.
const INLINE: u32 = 0x8000_0000;
/// Data larger than this is kept in segments, in hives of version 1.4 and later.
pub(super) const SEGMENT: u32 = 16344;

const FLAG_COMPRESSED_NAME: u16 = 0x0001;
const FLAG_TOMBSTONE: u16 = 0x0002;
/// The minor version of differencing hives, in which alone a tombstone means anything.
const DIFFERENCING: u32 = 6;

/// Bytes of a value key before its name.
pub(super) const RECORD_LEN: u32 = 20;
/// The same as a length in memory.
pub(super) const RECORD_BYTES: usize = 20;

/// The fixed fields of a value key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Offset of the value key's cell, from the end of the base block.
    pub(super) offset: u32,
    /// Bytes of the name, which follows the fixed fields.
    pub(super) name_len: u16,
    pub(super) kind: ValueType,
    size: u32,
    data: u32,
    flags: u16,
}

/// Where a value's data is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stored {
    /// In the record: the bytes, and how many of them.
    Inline([u8; 4], usize),
    /// Nowhere: there is none.
    Empty,
    /// So many bytes in the cell at this offset.
    Cell(u32, u32),
    /// So many bytes in the segments of the `db` cell at this offset.
    Segments(u32, u32),
}

impl Record {
    /// Understands the first [`RECORD_BYTES`] of `cell`, which is at `offset`.
    pub(super) fn parse(head: &[u8; RECORD_BYTES], offset: u32, cell: Cell) -> Result<Self, Error> {
        let f = Fields::new(head, cell.data);
        f.signature(b"vk", "value")?;
        Ok(Self {
            offset,
            name_len: f.u16(2, "value name length")?,
            size: f.u32(4, "data size")?,
            data: f.u32(8, "data offset")?,
            kind: ValueType(f.u32(12, "data type")?),
            flags: f.u16(16, "value flags")?,
        })
    }

    /// Whether the name has one byte a character.
    pub(super) fn has_compressed_name(&self) -> bool {
        self.flags & FLAG_COMPRESSED_NAME != 0
    }

    /// Whether a differencing hive says with this that there is no such value.
    pub(super) fn is_tombstone(&self) -> bool {
        self.flags & FLAG_TOMBSTONE != 0
    }

    /// Where the data is, if it has at most `limit` bytes.
    pub(super) fn stored(&self, minor: u32, limit: usize) -> Result<Stored, Error> {
        let at = At::Offset(file_offset(self.offset));
        let size = self.size & !INLINE;
        if self.size & INLINE != 0 {
            return match usize::try_from(size) {
                Ok(len @ 0..=4) => Ok(Stored::Inline(self.data.to_le_bytes(), len)),
                _ => {
                    let expected = "at most 4 bytes beside an inline flag";
                    Err(Error::damaged(at, "value data", expected, size.to_string()))
                }
            };
        }
        if size == 0 {
            return Ok(Stored::Empty);
        }
        if usize::try_from(size).is_ok_and(|n| n > limit) {
            let limit = wide(limit);
            return Err(Error::Limit { at, what: "bytes of value data", limit });
        }
        let segments = size > SEGMENT && minor > 3;
        Ok(if segments { Stored::Segments(self.data, size) } else { Stored::Cell(self.data, size) })
    }
}

/// A value key with its name.
struct ValueKey {
    record: Record,
    name: Name,
}

impl ValueKey {
    fn read(cells: &Cells, offset: u32) -> Result<Self, Error> {
        let (record, cell) = Self::record(cells, offset)?;
        Self::named(cells, record, cell)
    }

    /// Reads the value in the cell at `offset` if it is called `name`. One whose name has another length costs no look at it.
    fn called(cells: &Cells, offset: u32, name: &Name) -> Result<Option<Self>, Error> {
        let (record, cell) = Self::record(cells, offset)?;
        let bytes = usize::from(record.name_len);
        let len = if record.has_compressed_name() { bytes } else { bytes / 2 };
        if len != name.units().len() {
            cell.part(RECORD_LEN, u32::from(record.name_len), "value name")?;
            return Ok(None);
        }
        Ok(Some(Self::named(cells, record, cell)?).filter(|value| name.matches(value.name.units())))
    }

    fn record(cells: &Cells, offset: u32) -> Result<(Record, Cell), Error> {
        let cell = cells.cell(offset, RECORD_LEN, "value")?;
        let head: [u8; RECORD_BYTES] = cells.head(cell, "value")?;
        Ok((Record::parse(&head, offset, cell)?, cell))
    }

    fn named(cells: &Cells, record: Record, cell: Cell) -> Result<Self, Error> {
        let name = cells.name(cell, RECORD_LEN, record.name_len, record.has_compressed_name(), "value name")?;
        Ok(Self { name, record })
    }

    fn value(&self, cells: &Cells, minor: u32, limits: &Limits) -> Result<Value, Error> {
        let data = match self.record.stored(minor, limits.value_bytes)? {
            Stored::Inline(bytes, len) => bytes.get(..len).unwrap_or_default().to_vec(),
            Stored::Empty => Vec::new(),
            Stored::Segments(offset, size) => big_data(cells, offset, size)?,
            Stored::Cell(offset, size) => {
                let cell = cells.cell(offset, size, "value data")?;
                cells.data(cell, 0, size, "value data")?
            }
        };
        Ok(Value { kind: self.record.kind, data })
    }
}

/// Data in segments: a `db` cell names a list of cells, each but the last holding [`SEGMENT`] bytes.
pub(super) fn big_data(cells: &Cells, offset: u32, size: u32) -> Result<Vec<u8>, Error> {
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
pub(super) fn names(cells: &Cells, minor: u32, key: &Node, limits: &Limits) -> Result<Vec<Name>, Error> {
    let (count, list) = key.values()?;
    if count == 0 {
        return Ok(Vec::new());
    }
    if u64::from(count) > limits.values {
        let at = At::Offset(file_offset(list));
        return Err(Error::Limit { at, what: "values of one key", limit: limits.values });
    }
    let (offsets, twice) = distinct(cells.offsets(list, count, "value list")?, list);
    if let Some(error) = twice {
        return Err(error);
    }
    let mut names = Vec::new();
    let mut bytes = 0u64;
    for offset in offsets {
        let record = ValueKey::read(cells, offset)?;
        bytes = bytes.saturating_add(wide(record.name.units().len()).saturating_mul(2));
        if bytes > limits.list_bytes {
            let at = At::Offset(file_offset(list));
            return Err(Error::Limit { at, what: "bytes of values' names", limit: limits.list_bytes });
        }
        if !(record.record.is_tombstone() && minor >= DIFFERENCING) {
            names.push(record.name);
        }
    }
    Ok(names)
}

/// The offsets of a value list without repetitions, in the list's order, and the damage that a repetition is: one of the
/// two entries was another value's, which may be any.
fn distinct(mut offsets: Vec<u32>, list: u32) -> (Vec<u32>, Option<Error>) {
    let mut seen = std::collections::BTreeSet::new();
    let mut twice = None;
    offsets.retain(|&offset| {
        let new = seen.insert(offset);
        twice = twice.or((!new).then_some(offset));
        new
    });
    let error = twice.map(|offset| {
        let found = format!("the one at {:#x} twice", file_offset(offset));
        Error::damaged(At::Offset(file_offset(list)), "value list", "each value once", found)
    });
    (offsets, error)
}

/// Finds the value called `name` (the default value has the empty name).
///
/// As with subkeys, "absent" means that every record of the list was read.
pub(super) fn find(cells: &Cells, minor: u32, key: &Node, name: &Name, limits: &Limits) -> Result<Search, Error> {
    let (count, list) = key.values()?;
    if count == 0 {
        return Ok(Search::Absent);
    }
    let at = At::Offset(file_offset(list));
    if u64::from(count) > limits.values {
        return Err(Error::Limit { at, what: "values of one key", limit: limits.values });
    }
    let mut found: Option<ValueKey> = None;
    let (offsets, mut doubt) = distinct(cells.offsets(list, count, "value list")?, list);
    for offset in offsets {
        match ValueKey::called(cells, offset, name) {
            Ok(None) => {}
            Ok(Some(record)) => match &found {
                None => found = Some(record),
                Some(first) => {
                    let at = At::Offset(file_offset(record.record.offset));
                    let expected = format!("one value called {name}, at {:#x}", file_offset(first.record.offset));
                    return Err(Error::damaged(at, "value list", expected, "another"));
                }
            },
            Err(error) => {
                doubt.get_or_insert(error);
            }
        }
    }
    match (found, doubt) {
        (Some(record), _) if record.record.is_tombstone() && minor >= DIFFERENCING => Ok(Search::Deleted),
        (Some(record), _) => Ok(Search::Found(record.value(cells, minor, limits)?, file_offset(record.record.offset))),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(Search::Absent),
    }
}
