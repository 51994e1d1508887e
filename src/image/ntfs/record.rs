//! MFT records and the attributes in them.
//!
//! Layout: libyal, "New Technologies File System (NTFS)", sections "Master File Table (MFT)" and "The MFT attribute";
//! Microsoft, "Master File Table" (FILE_RECORD_SEGMENT_HEADER, ATTRIBUTE_RECORD_HEADER, MULTI_SECTOR_HEADER).

use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::{narrow, wide};

pub(super) const STANDARD_INFORMATION: u32 = 0x10;
pub(super) const ATTRIBUTE_LIST: u32 = 0x20;
pub(super) const FILE_NAME: u32 = 0x30;
pub(super) const VOLUME_NAME: u32 = 0x60;
pub(super) const VOLUME_INFORMATION: u32 = 0x70;
pub(super) const DATA: u32 = 0x80;
pub(super) const INDEX_ROOT: u32 = 0x90;
pub(super) const INDEX_ALLOCATION: u32 = 0xa0;
pub(super) const BITMAP: u32 = 0xb0;
pub(super) const REPARSE_POINT: u32 = 0xc0;
pub(super) const LOGGED_UTILITY_STREAM: u32 = 0x100;
const END: u32 = 0xffff_ffff;

/// Attribute flags: the method of compression, 1 being LZNT1.
pub(super) const COMPRESSION: u16 = 0x00ff;
/// Attribute flag: encrypted by EFS.
pub(super) const ENCRYPTED: u16 = 0x4000;
/// Attribute flag: has holes.
pub(super) const SPARSE: u16 = 0x8000;

/// Bytes that one entry of an update sequence guards, on disks of any sector size.
const STRIDE: usize = 512;
const WHAT: &str = "MFT record";

/// The record that a file reference names.
pub(super) fn number(reference: u64) -> u64 {
    reference & 0xffff_ffff_ffff
}

/// The sequence number that a file reference names.
pub(super) fn sequence(reference: u64) -> u64 {
    reference >> 48
}

/// Puts back the bytes that were taken out of the end of each 512 when the structure was written, if all were written.
pub(super) fn fix_up(bytes: &mut [u8], at: u64, what: &'static str) -> Result<(), Error> {
    let damaged = |offset, expected: String, found: String| {
        Error::damaged(At::Offset(at.saturating_add(wide(offset))), what, expected, found)
    };
    let f = Fields::new(bytes, at);
    let (offset, count) = (usize::from(f.u16(4, what)?), usize::from(f.u16(6, what)?));
    let blocks = bytes.len() / STRIDE;
    if count != blocks.saturating_add(1) {
        return Err(damaged(6, format!("an update sequence of {blocks} and 1"), count.to_string()));
    }
    let end = offset.saturating_add(count.saturating_mul(2));
    if offset < 0x1e || !offset.is_multiple_of(2) || end > STRIDE.saturating_sub(2) {
        return Err(damaged(4, "an update sequence behind the header".into(), format!("offset {offset}")));
    }
    let sequence = f.bytes(offset, count.saturating_mul(2), what)?.to_vec();
    let mut words = sequence.chunks_exact(2);
    let Some(mark) = words.next() else { return Ok(()) };
    for (block, (chunk, word)) in bytes.chunks_exact_mut(STRIDE).zip(words).enumerate() {
        let Some(last) = chunk.last_chunk_mut::<2>() else { continue };
        if *last != mark {
            let offset = block.saturating_add(1).saturating_mul(STRIDE).saturating_sub(2);
            let expected = format!("update sequence number {mark:02x?} (the structure was written in part)");
            return Err(damaged(offset, expected, format!("{last:02x?}")));
        }
        last.copy_from_slice(word);
    }
    Ok(())
}

/// A record that was found sound.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// Its number and sequence number, as a file reference.
    pub(super) reference: u64,
    /// The base record that this one goes on; zero for a base record.
    pub(super) base: u64,
    pub(super) in_use: bool,
    pub(super) folder: bool,
    /// Where it stands in the volume.
    pub(super) at: u64,
    bytes: Vec<u8>,
    first: usize,
    used: usize,
}

impl Record {
    /// Checks a record and all its attributes.
    pub(super) fn parse(mut bytes: Vec<u8>, record: u64, at: u64) -> Result<Self, Error> {
        let damaged = |offset, what, expected: String, found: String| {
            Error::damaged(At::Offset(at.saturating_add(offset)), what, expected, found)
        };
        let signature = bytes.first_chunk::<4>().copied().unwrap_or_default();
        match &signature {
            b"FILE" => {}
            b"BAAD" => {
                let found = "\"BAAD\": Windows found it damaged";
                return Err(damaged(0, WHAT, "\"FILE\"".into(), found.into()));
            }
            other => return Err(damaged(0, WHAT, "\"FILE\"".into(), format!("\"{}\"", other.escape_ascii()))),
        }
        fix_up(&mut bytes, at, WHAT)?;
        let f = Fields::new(&bytes, at);
        let (first, flags) = (usize::from(f.u16(0x14, WHAT)?), f.u16(0x16, WHAT)?);
        let (used, allocated) = (f.u32(0x18, WHAT)?, f.u32(0x1c, WHAT)?);
        if u64::from(allocated) != wide(bytes.len()) || used > allocated {
            let expected = format!("at most {0} bytes used of {0}", bytes.len());
            return Err(damaged(0x18, WHAT, expected, format!("{used} of {allocated}")));
        }
        // Since NTFS 3.1 a record holds its own number, before the update sequence. mkntfs writes 0 into those that it keeps
        // free for extensions of the volume's own files (16 to 23).
        let own = f.u32(0x2c, WHAT)?;
        let free = own == 0 && flags & 1 == 0;
        if f.u16(4, WHAT)? >= 0x30 && u64::from(own) != record & 0xffff_ffff && !free {
            return Err(damaged(0x2c, "number of an MFT record", record.to_string(), own.to_string()));
        }
        let reference = record & 0xffff_ffff_ffff | u64::from(f.u16(0x10, WHAT)?) << 48;
        let base = f.u64(0x20, WHAT)?;
        let (in_use, folder) = (flags & 1 != 0, flags & 2 != 0);
        let used = narrow(u64::from(used));
        let parsed = Self { reference, base, in_use, folder, at, bytes, first, used };
        parsed.attributes().try_for_each(|attribute| attribute.map(|_| ()))?;
        Ok(parsed)
    }

    /// Its number.
    pub(super) fn number(&self) -> u64 {
        number(self.reference)
    }

    /// Its attributes. After one that is no good there are no more.
    pub(super) fn attributes(&self) -> Attributes<'_> {
        Attributes { record: self, at: Some(self.first) }
    }
}

/// The attributes of a record.
pub(super) struct Attributes<'a> {
    record: &'a Record,
    at: Option<usize>,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at.take()?;
        let next = attribute(self.record, at).transpose()?;
        Some(next.map(|(attribute, len)| {
            self.at = Some(at.saturating_add(len));
            attribute
        }))
    }
}

/// An attribute, or the part of one that stands in a record.
pub(super) struct Attribute<'a> {
    /// Where it stands in the volume.
    pub(super) at: u64,
    pub(super) kind: u32,
    /// UTF-16.
    name: &'a [u8],
    pub(super) flags: u16,
    /// Whether a value in the record stands where it must and fills the attribute.
    pub(super) exact: bool,
    pub(super) form: Form<'a>,
}

/// Where the value of an attribute stands.
pub(super) enum Form<'a> {
    /// In the record.
    Resident(&'a [u8]),
    /// In clusters.
    Runs(Part<'a>),
}

/// The clusters of an attribute from one virtual cluster number to another.
pub(super) struct Part<'a> {
    pub(super) lowest: u64,
    pub(super) highest: u64,
    /// The power of 2 that a unit of compression has in clusters.
    pub(super) unit: u8,
    /// Bytes in whole clusters; this and the next two count in the first part alone.
    pub(super) allocated: u64,
    pub(super) size: u64,
    pub(super) initialized: u64,
    /// The runs, as mapping pairs.
    pub(super) pairs: &'a [u8],
}

impl Attribute<'_> {
    /// Whether it is of this type and name.
    pub(super) fn is(&self, kind: u32, name: &[u16]) -> bool {
        self.kind == kind && same(self.name, name)
    }

    /// The first virtual cluster number that it maps.
    pub(super) fn lowest(&self) -> u64 {
        match &self.form {
            Form::Resident(_) => 0,
            Form::Runs(part) => part.lowest,
        }
    }
}

/// Whether bytes are this text in UTF-16.
pub(super) fn same(bytes: &[u8], units: &[u16]) -> bool {
    bytes.len() == units.len().saturating_mul(2)
        && bytes.chunks_exact(2).zip(units).all(|(two, unit)| two == unit.to_le_bytes())
}

/// The attribute at an offset of a record, and its length; none where the attributes end.
fn attribute(record: &Record, start: usize) -> Result<Option<(Attribute<'_>, usize)>, Error> {
    const WHAT: &str = "attribute";
    let at = record.at.saturating_add(wide(start));
    let rest = record.bytes.get(..record.used).and_then(|used| used.get(start..)).unwrap_or_default();
    let f = Fields::new(rest, at);
    let damaged = |offset, what, expected: &str, found: String| {
        Error::damaged(At::Offset(at.saturating_add(offset)), what, expected, found)
    };
    if start < 0x2a || !start.is_multiple_of(8) {
        return Err(damaged(0, WHAT, "a start at a multiple of 8 behind the header", start.to_string()));
    }
    let kind = f.u32(0, WHAT)?;
    if kind == END {
        return Ok(None);
    }
    let len = narrow(u64::from(f.u32(4, WHAT)?));
    if len < 0x18 || !len.is_multiple_of(8) || len > rest.len() {
        return Err(damaged(4, WHAT, "a length within the record", len.to_string()));
    }
    let bytes = rest.get(..len).unwrap_or_default();
    let f = Fields::new(bytes, at);
    let name = usize::from(f.u8(9, WHAT)?).saturating_mul(2);
    let name = f.bytes(if name == 0 { 0 } else { usize::from(f.u16(0xa, WHAT)?) }, name, "name of an attribute")?;
    let mut exact = true;
    let form = match f.u8(8, WHAT)? {
        0 => {
            let (value, at) = (narrow(u64::from(f.u32(0x10, WHAT)?)), usize::from(f.u16(0x14, WHAT)?));
            let end = at.saturating_add(value).checked_next_multiple_of(8);
            exact = at >= name.len().saturating_add(0x18) && at.is_multiple_of(8) && end == Some(len);
            Form::Resident(f.bytes(at, value, "value of an attribute")?)
        }
        1 => {
            let pairs = usize::from(f.u16(0x20, "runs")?);
            if pairs < 0x40 {
                return Err(damaged(0x20, "runs", "an offset behind the header", pairs.to_string()));
            }
            Form::Runs(Part {
                lowest: f.u64(0x10, "first cluster number")?,
                highest: f.u64(0x18, "last cluster number")?,
                unit: f.u8(0x22, "unit of compression")?,
                allocated: f.u64(0x28, "allocated size")?,
                size: f.u64(0x30, "size")?,
                initialized: f.u64(0x38, "initialized size")?,
                pairs: f.bytes(pairs, len.saturating_sub(pairs), "runs")?,
            })
        }
        other => return Err(damaged(8, WHAT, "resident (0) or not (1)", other.to_string())),
    };
    Ok(Some((Attribute { at, kind, name, flags: f.u16(0xc, WHAT)?, exact, form }, len)))
}
