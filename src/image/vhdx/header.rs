//! The header section: which of the two headers counts, where the log lies, and where the regions lie.
//!
//! Layout: [MS-VHDX] "Virtual Hard Disk v2 (VHDX) File Format", sections 2.2.2 "Headers" and 2.2.3 "Region Table".

use std::cmp::Ordering;

use super::{MIB, checksum};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::mapped::{Guid, overlaps, structure};
use crate::read_at::ReadAt;

const HEADERS: [u64; 2] = [64 << 10, 128 << 10];
/// Where the region tables stand. What is before is never written through the log.
pub(super) const REGION_TABLES: [u64; 2] = [192 << 10, 256 << 10];
const BAT: Guid = Guid(0x2dc2_7766_f623_4200_9d64_115e_9bfd_4a08);
const METADATA: Guid = Guid(0x8b7c_a206_4790_4b9a_b8fe_575f_050f_886e);

/// A part of the file: offset and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) at: u64,
    pub(super) len: u64,
}

impl Part {
    pub(super) fn end(self) -> u64 {
        self.at.saturating_add(self.len)
    }
}

/// The current header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Changes with each change to the disk, so that it tells whether a parent is still the one that its child was made from.
    pub(super) data_write: Guid,
    pub(super) log_guid: Guid,
    pub(super) log: Part,
}

impl Header {
    /// Reads the header with the higher sequence number of those that are sound; says whether one is not.
    pub(super) fn current(file: &dyn ReadAt) -> Result<(Self, bool), Error> {
        let [at_first, at_second] = HEADERS;
        let (first, second) = match HEADERS.map(|at| sound(file, at)) {
            [Ok(first), Ok(second)] => (first, second),
            [Ok(bytes), Err(_)] => return Ok((Self::parse(&bytes, at_first)?, true)),
            [Err(_), Ok(bytes)] => return Ok((Self::parse(&bytes, at_second)?, true)),
            [Err(error), Err(_)] => return Err(error),
        };
        let number = |bytes: &[u8], at| Fields::new(bytes, at).u64(8, "sequence number");
        let header = match number(&first, at_first)?.cmp(&number(&second, at_second)?) {
            Ordering::Less => Self::parse(&second, at_second)?,
            Ordering::Equal if first != second => {
                let (expected, found) = ("one that is newer than the other", "two that differ, with one number");
                return Err(Error::damaged(At::Offset(at_first), "headers", expected, found));
            }
            _ => Self::parse(&first, at_first)?,
        };
        Ok((header, false))
    }

    fn parse(bytes: &[u8], at: u64) -> Result<Self, Error> {
        let f = Fields::new(bytes, at);
        let version = f.u16(66, "version")?;
        if version != 1 {
            let what = format!("VHDX with a header of version {version}; 1 is read");
            return Err(Error::unsupported(At::Offset(at.saturating_add(66)), what));
        }
        let log_guid = Guid::from_stored(f.bytes(48, 16, "log GUID")?);
        let log_version = f.u16(64, "log version")?;
        if log_version != 0 && !log_guid.is_nil() {
            let what = format!("VHDX with a log of version {log_version}; 0 is read");
            return Err(Error::unsupported(At::Offset(at.saturating_add(64)), what));
        }
        let log = Part { at: f.u64(72, "log offset")?, len: f.u32(68, "log length")?.into() };
        let placed = log.len == 0 || log.at >= MIB;
        let whole = log.at.is_multiple_of(MIB) && log.len.is_multiple_of(MIB);
        if !whole || !placed || log.at.checked_add(log.len).is_none() {
            let found = format!("{} bytes at {:#x}", log.len, log.at);
            return Err(Error::damaged(At::Offset(at.saturating_add(68)), "log", "whole MiB past the header", found));
        }
        Ok(Self { data_write: Guid::from_stored(f.bytes(32, 16, "data write GUID")?), log_guid, log })
    }
}

/// The bytes of a header whose signature and checksum hold.
fn sound(file: &dyn ReadAt, at: u64) -> Result<Vec<u8>, Error> {
    let bytes = structure(file, at, 4096, "VHDX header")?;
    checksum(&bytes, at, *b"head", "VHDX header")?;
    Ok(bytes)
}

/// Where the regions lie that a reader needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Regions {
    pub(super) bat: Part,
    pub(super) metadata: Part,
}

impl Regions {
    /// Reads the region table; says whether only its copy is sound.
    pub(super) fn read(file: &dyn ReadAt, log: Part) -> Result<(Self, bool), Error> {
        let [at, copy_at] = REGION_TABLES;
        let table = |at| region_table(file, at).and_then(|bytes| Self::parse(&bytes, at, file.len(), log));
        match (table(at), table(copy_at)) {
            (Ok(regions), Ok(copy)) if regions != copy => {
                let expected = "the same as in its copy at 0x40000";
                Err(Error::damaged(At::Offset(at), "region table", expected, "other regions"))
            }
            (Ok(regions), _) => Ok((regions, false)),
            // What a sound table asks for and is not known is no reason to look into the other one.
            (Err(error @ Error::Unsupported { .. }), _) => Err(error),
            (Err(_), Ok(copy)) => Ok((copy, true)),
            (Err(_), Err(error @ Error::Unsupported { .. })) | (Err(error), Err(_)) => Err(error),
        }
    }

    fn parse(bytes: &[u8], at: u64, file_len: u64, log: Part) -> Result<Self, Error> {
        let f = Fields::new(bytes, at);
        let count = f.u32(8, "number of regions")?;
        if count > 2047 {
            let at = At::Offset(at.saturating_add(8));
            return Err(Error::damaged(at, "number of regions", "2047 at most", count.to_string()));
        }
        let (mut bat, mut metadata) = (None, None);
        for position in (16usize..).step_by(32).take(usize::try_from(count).unwrap_or_default()) {
            let guid = Guid::from_stored(f.bytes(position, 16, "region")?);
            let entry_at = At::Offset(at.saturating_add(u64::try_from(position).unwrap_or_default()));
            let slot = match guid {
                BAT => &mut bat,
                METADATA => &mut metadata,
                _ if f.u32(position.saturating_add(28), "required")? & 1 == 0 => continue,
                _ => return Err(Error::unsupported(entry_at, format!("VHDX with the unknown required region {guid}"))),
            };
            let part = Part {
                at: f.u64(position.saturating_add(16), "region offset")?,
                len: f.u32(position.saturating_add(24), "region length")?.into(),
            };
            let whole = part.at.is_multiple_of(MIB) && part.len.is_multiple_of(MIB) && part.at >= MIB && part.len > 0;
            if !whole || part.at.checked_add(part.len).is_none_or(|end| end > file_len) {
                let found = format!("{} bytes at {:#x}", part.len, part.at);
                return Err(Error::damaged(entry_at, "region", "whole MiB past the header, in the file", found));
            }
            if slot.replace(part).is_some() {
                return Err(Error::damaged(entry_at, "region", "each but once", format!("{guid} again")));
            }
        }
        let missing = |what| Error::damaged(At::Offset(at), what, "one in the region table", "none");
        let regions =
            Self { bat: bat.ok_or_else(|| missing("BAT"))?, metadata: metadata.ok_or_else(|| missing("metadata"))? };
        let log = (log.at, log.end());
        let (bat, metadata) = (regions.bat, regions.metadata);
        if overlaps(bat.at, bat.len, &[log, (metadata.at, metadata.end())])
            || overlaps(metadata.at, metadata.len, &[log])
        {
            return Err(Error::damaged(At::Offset(at), "regions", "apart from each other and the log", "an overlap"));
        }
        Ok(regions)
    }
}

/// The bytes of a region table whose signature and checksum hold.
fn region_table(file: &dyn ReadAt, at: u64) -> Result<Vec<u8>, Error> {
    let bytes = structure(file, at, 64 << 10, "region table")?;
    checksum(&bytes, at, *b"regi", "region table")?;
    Ok(bytes)
}
