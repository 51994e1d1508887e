//! One entry of the log: whether it is whole, and what it changes.
//!
//! Layout: [MS-VHDX] "Virtual Hard Disk v2 (VHDX) File Format", section 2.3.1 "Log Entry".

use std::collections::BTreeMap;

use super::super::header::Part;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::mapped::{Guid, exact};
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// Bytes of the sectors that a log is made of.
pub(super) const SECTOR: u64 = 4096;
const SECTOR_LEN: usize = 4096;
const HEAD: u64 = 64;
const DESCRIPTOR: u64 = 32;
/// The checksum of an entry: it is computed with zeros in its place.
const CHECKSUM: std::ops::Range<usize> = 4..8;

/// The header of an entry that is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) len: u64,
    /// Where in the log the oldest entry stands that may not be in its place.
    pub(super) tail: u64,
    pub(super) sequence: u64,
    descriptors: u64,
    /// How large the file was at least.
    pub(super) flushed: u64,
    /// How large the file must be for all that is in it.
    pub(super) last: u64,
}

impl Entry {
    /// Sectors with the header and the descriptors.
    fn descriptor_sectors(&self) -> u64 {
        HEAD.saturating_add(self.descriptors.saturating_mul(DESCRIPTOR)).div_ceil(SECTOR)
    }
}

/// What one descriptor changes in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Zeros from `to` on.
    Zero { to: u64, len: u64 },
    /// A sector at `to`: eight bytes, 4,084 that stand in the file at `from`, and four bytes.
    Data { to: u64, from: u64, leading: [u8; 8], trailing: [u8; 4] },
}

/// The log: sectors in a ring.
pub(super) struct Ring<'a> {
    file: &'a dyn ReadAt,
    log: Part,
    guid: Guid,
    /// What each position turned out to be, so that none is hashed twice.
    seen: BTreeMap<u64, Option<Entry>>,
    /// Bytes that may still be hashed.
    left: u64,
    limit: u64,
}

impl<'a> Ring<'a> {
    pub(super) fn new(file: &'a dyn ReadAt, log: Part, guid: Guid, limits: &Limits) -> Self {
        let limit = log.len.saturating_mul(limits.vhdx_log_passes);
        Self { file, log, guid, seen: BTreeMap::new(), left: limit, limit }
    }

    pub(super) fn len(&self) -> u64 {
        self.log.len
    }

    /// Where in the file the sector at `position` of the ring stands.
    fn place(&self, position: u64) -> u64 {
        self.log.at.saturating_add(position % self.log.len.max(1))
    }

    fn sector(&self, position: u64) -> Result<[u8; SECTOR_LEN], Error> {
        let at = self.place(position);
        let mut bytes = [0u8; SECTOR_LEN];
        exact(self.file, at, &mut bytes, "log").map_err(|e| Error::io(At::Offset(at), "log", &e))?;
        Ok(bytes)
    }

    /// The entry at `position`, if a whole one of this log stands there.
    ///
    /// # Errors
    /// When the log cannot be read, when too much was hashed, and when an entry has the right checksum and yet breaks the
    /// format: that was not torn but written so, and to pass over it would be to show an older state as the last one.
    pub(super) fn entry(&mut self, position: u64) -> Result<Option<Entry>, Error> {
        if let Some(known) = self.seen.get(&position) {
            return Ok(*known);
        }
        let entry = self.judge(position)?;
        self.seen.insert(position, entry);
        Ok(entry)
    }

    fn judge(&mut self, position: u64) -> Result<Option<Entry>, Error> {
        const WHAT: &str = "log entry";
        let mut first = self.sector(position)?;
        let at = self.place(position);
        let f = Fields::new(&first, at);
        let len = u64::from(f.u32(8, WHAT)?);
        let ours = f.bytes(0, 4, WHAT)? == b"loge" && Guid::from_stored(f.bytes(32, 16, WHAT)?) == self.guid;
        if !ours || len == 0 || len % SECTOR != 0 || len > self.log.len {
            return Ok(None);
        }
        let entry = Entry {
            len,
            tail: f.u32(12, WHAT)?.into(),
            sequence: f.u64(16, WHAT)?,
            descriptors: f.u32(24, WHAT)?.into(),
            flushed: f.u64(48, WHAT)?,
            last: f.u64(56, WHAT)?,
        };
        let (stored, reserved) = (f.u32(4, WHAT)?, f.u32(28, WHAT)?);
        self.left = self.left.checked_sub(len).ok_or(Error::Limit {
            at: At::Offset(at),
            what: "bytes hashed in the log",
            limit: self.limit,
        })?;
        first.get_mut(CHECKSUM).unwrap_or_default().fill(0);
        let mut crc = crc32c::crc32c(&first);
        for sector in (position.saturating_add(SECTOR)..position.saturating_add(len)).step_by(SECTOR_LEN) {
            crc = crc32c::crc32c_append(crc, &self.sector(sector)?);
        }
        if crc != stored {
            return Ok(None);
        }
        let aligned = entry.tail.is_multiple_of(SECTOR) && entry.tail < self.log.len;
        let fits = entry.descriptor_sectors().saturating_mul(SECTOR) <= len;
        if entry.sequence == 0 || reserved != 0 || !aligned || !fits {
            let found = format!("number {}, tail {:#x}", entry.sequence, entry.tail);
            let expected = "a number, a tail in the log, and room for its descriptors";
            return Err(Error::damaged(At::Offset(at), WHAT, expected, found));
        }
        self.descriptors(position, &entry, |_, _| Ok(()))?;
        Ok(Some(entry))
    }

    /// Gives what the entry at `position`, which [`Self::entry`] gave, changes, with where its descriptor stands.
    pub(super) fn changes(
        &self,
        position: u64,
        each: impl FnMut(At, Change) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.seen.get(&position) {
            Some(Some(entry)) => self.descriptors(position, entry, each),
            _ => Ok(()),
        }
    }

    fn descriptors(
        &self,
        position: u64,
        entry: &Entry,
        mut each: impl FnMut(At, Change) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // Data sectors follow the descriptors, in their order.
        let mut data = position.saturating_add(entry.descriptor_sectors().saturating_mul(SECTOR));
        let end = position.saturating_add(entry.len);
        let mut left = entry.descriptors;
        for sector in (position..data).step_by(SECTOR_LEN) {
            let bytes = self.sector(sector)?;
            let at = self.place(sector);
            let skip = if sector == position { HEAD } else { 0 };
            for offset in (skip..SECTOR).step_by(32) {
                if left == 0 {
                    return Ok(());
                }
                left = left.saturating_sub(1);
                let offset_at = at.saturating_add(offset);
                let start = usize::try_from(offset).unwrap_or(SECTOR_LEN);
                let descriptor = Fields::new(bytes.get(start..).unwrap_or_default(), offset_at);
                let change = match self.change(&descriptor, entry.sequence, data, end)? {
                    Some(change) => change,
                    None => {
                        let expected = "one of this entry, for whole sectors, with its data";
                        let found = format!("\"{}\"", descriptor.bytes(0, 4, "log descriptor")?.escape_ascii());
                        return Err(Error::damaged(At::Offset(offset_at), "log descriptor", expected, found));
                    }
                };
                if matches!(change, Change::Data { .. }) {
                    data = data.saturating_add(SECTOR);
                }
                each(At::Offset(offset_at), change)?;
            }
        }
        Ok(())
    }

    /// What a descriptor changes, if it and its data sector are sound.
    fn change(&self, f: &Fields<'_>, sequence: u64, data: u64, end: u64) -> Result<Option<Change>, Error> {
        const WHAT: &str = "log descriptor";
        let (to, numbered) = (f.u64(16, WHAT)?, f.u64(24, WHAT)? == sequence);
        if !numbered || to % SECTOR != 0 {
            return Ok(None);
        }
        match f.bytes(0, 4, WHAT)? {
            b"zero" => {
                let len = f.u64(8, WHAT)?;
                Ok((f.u32(4, WHAT)? == 0 && len % SECTOR == 0).then_some(Change::Zero { to, len }))
            }
            b"desc" if data < end => {
                let bytes = self.sector(data)?;
                let sector = Fields::new(&bytes, self.place(data));
                let number = u64::from(sector.u32(4, WHAT)?) << 32 | u64::from(sector.u32(4092, WHAT)?);
                let sound = sector.bytes(0, 4, WHAT)? == b"data" && number == sequence;
                Ok(sound.then_some(Change::Data {
                    to,
                    from: self.place(data).saturating_add(8),
                    leading: f.u64(8, WHAT)?.to_le_bytes(),
                    trailing: f.u32(4, WHAT)?.to_le_bytes(),
                }))
            }
            _ => Ok(None),
        }
    }
}
