//! VHDX, the format of Hyper-V: blocks found through a table (BAT), with a log of the changes to its own structures.
//!
//! Layout: [MS-VHDX] "Virtual Hard Disk v2 (VHDX) File Format". All is little-endian.
//!
//! The log is replayed over the file before anything else is read, as section 2.3.3 demands even of those that only read.

mod header;
mod log;
mod metadata;

use std::io;
use std::sync::Arc;

use super::mapped::{Bits, Guid, Map, Mapped, Place, exact, overlaps, run, tables};
use super::{Disk, Opener};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::read_at::{Cached, ReadAt};
use header::{Header, Part, Regions};
use metadata::{Locator, Metadata};

const MIB: u64 = 1 << 20;
/// Sectors of the disk that one sector bitmap block of 1 MiB tells of.
const CHUNK_SECTORS: u64 = 1 << 23;

pub(super) fn open(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Disk>, Error> {
    Ok(load(file, opener, limits)?.map(|found| found.disk))
}

/// A disk, and what makes it the right parent or not.
struct Loaded {
    disk: Disk,
    data_write: Guid,
    sector: u32,
}

fn load(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Loaded>, Error> {
    let mut signature = [0u8; 8];
    let read = file.read_at(0, &mut signature).map_err(|e| Error::io(At::Offset(0), "signature", &e))?;
    if read < signature.len() || &signature != b"vhdxfile" {
        return Ok(None);
    }
    let mut notes = Vec::new();
    let (header, one) = Header::current(&**file)?;
    if one {
        notes.push("one of the two headers is damaged; the other one was used".to_owned());
    }
    let file = log::replayed(file, &header, limits, &mut notes)?;
    let (regions, copy) = Regions::read(&*file, header.log)?;
    if copy {
        notes.push("the region table is damaged; its copy was used".to_owned());
    }
    let metadata = Metadata::read(&*file, regions.metadata)?;
    let map = Vhdx::new(&file, &header, regions, &metadata, limits)?;
    let parent = match &metadata.parent {
        Some(locator) => Some(parent(locator, metadata.sector, regions.metadata, opener, limits, &mut notes)?),
        None => None,
    };
    let kind = match (&parent, metadata.fixed) {
        (Some(_), _) => "differencing",
        (None, true) => "fixed",
        (None, false) => "dynamic",
    };
    let bytes = Arc::new(Mapped { map, file, parent, len: metadata.size });
    let disk = Disk { bytes, format: format!("VHDX, {kind}"), sector: Some(metadata.sector), notes };
    Ok(Some(Loaded { disk, data_write: header.data_write, sector: metadata.sector }))
}

/// Opens the parent, which must be the one that the child was made from.
fn parent(
    locator: &Locator,
    sector: u32,
    region: Part,
    opener: &dyn Opener,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<Arc<dyn ReadAt>, Error> {
    let opened = opener.open(&locator.names())?;
    let (at, name) = (At::Offset(region.at), &opened.name);
    let Some(parent) = load(&opened.bytes, &*opened.opener, limits)? else {
        return Err(Error::damaged(at, "parent", "a VHDX file", format!("{name}, which is none")));
    };
    if !locator.linkage.contains(&parent.data_write) {
        let expected: Vec<String> = locator.linkage.iter().map(ToString::to_string).collect();
        let expected = format!("one with the data write GUID {}", expected.join(" or "));
        let found = format!("{name} with {}: another disk, or changed since the child was made", parent.data_write);
        return Err(Error::damaged(at, "parent", expected, found));
    }
    if parent.sector != sector {
        let found = format!("{name} with sectors of {}", parent.sector);
        return Err(Error::damaged(at, "parent", format!("one with sectors of {sector} bytes"), found));
    }
    notes.push(format!("parent: {name} ({})", parent.disk.format));
    notes.extend(parent.disk.notes.into_iter().map(|note| format!("{name}: {note}")));
    Ok(parent.disk.bytes)
}

/// Fails unless a structure has its signature and, in the four bytes behind it, its CRC-32C (section 2).
fn checksum(bytes: &[u8], at: u64, signature: [u8; 4], what: &'static str) -> Result<(), Error> {
    let f = Fields::new(bytes, at);
    let found = f.bytes(0, 4, what)?;
    if found != signature {
        let expected = format!("signature \"{}\"", signature.escape_ascii());
        return Err(Error::damaged(At::Offset(at), what, expected, format!("\"{}\"", found.escape_ascii())));
    }
    let (stored, computed) = (f.u32(4, what)?, crc(bytes));
    if stored != computed {
        let (expected, found) = (format!("CRC-32C {computed:#010x}"), format!("{stored:#010x}"));
        return Err(Error::damaged(At::Offset(at), what, expected, found));
    }
    Ok(())
}

/// The CRC-32C of a structure, with the field that it stands in taken as zero.
fn crc(bytes: &[u8]) -> u32 {
    let (head, tail) = bytes.split_at_checked(4).unwrap_or((bytes, &[]));
    let tail = tail.get(4..).unwrap_or_default();
    crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(head), &[0; 4]), tail)
}

struct Vhdx {
    bat: Cached<Arc<dyn ReadAt>>,
    bitmaps: Cached<Arc<dyn ReadAt>>,
    bat_at: u64,
    block: u64,
    sector: u64,
    /// Payload blocks for each sector bitmap block.
    ratio: u64,
    differencing: bool,
    /// Where no block can lie: the header section, the log, the regions.
    taken: [(u64, u64); 4],
}

impl Vhdx {
    /// Section 2.5 "BAT".
    fn new(
        file: &Arc<dyn ReadAt>,
        header: &Header,
        regions: Regions,
        metadata: &Metadata,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let (block, sector) = (u64::from(metadata.block), u64::from(metadata.sector));
        // 16 to 32,768, by the bounds of both sizes.
        let ratio = (CHUNK_SECTORS.saturating_mul(sector) / block).max(1);
        let blocks = metadata.size.div_ceil(block);
        let differencing = metadata.parent.is_some();
        let entries = if differencing {
            blocks.div_ceil(ratio).saturating_mul(ratio.saturating_add(1))
        } else {
            blocks.saturating_add(blocks.saturating_sub(1) / ratio)
        };
        let (bat, tables_end) = (regions.bat, entries.saturating_mul(8));
        if tables_end > bat.len {
            let expected = format!("{tables_end} bytes, for a disk of {} bytes", metadata.size);
            return Err(Error::damaged(At::Offset(bat.at), "BAT", expected, bat.len.to_string()));
        }
        let taken = [header.log, regions.bat, regions.metadata].map(|part| (part.at, part.end()));
        let [log, bat_part, metadata_part] = taken;
        Ok(Self {
            bat: tables(file, limits.table_blocks),
            bitmaps: tables(file, limits.table_blocks),
            bat_at: bat.at,
            block,
            sector,
            ratio,
            differencing,
            taken: [(0, MIB), log, bat_part, metadata_part],
        })
    }

    /// A BAT entry: its state, and where the block lies that it is of (section 2.5.1).
    fn entry(&self, index: u64) -> io::Result<(u64, u64, At)> {
        let at = self.bat_at.saturating_add(index.saturating_mul(8));
        let mut entry = [0u8; 8];
        exact(&self.bat, at, &mut entry, "BAT entry")?;
        let entry = u64::from_le_bytes(entry);
        if entry & 0xf_fff8 != 0 {
            let found = format!("{entry:#x}");
            return Err(Error::damaged(At::Offset(at), "BAT entry", "reserved bits of zero", found).into());
        }
        // The rest is the offset in MiB: without the bits below, that is the offset in bytes.
        Ok((entry & 7, entry & !(MIB - 1), At::Offset(at)))
    }

    /// Fails if a block cannot lie there.
    fn free(&self, at: u64, len: u64, entry_at: At) -> io::Result<()> {
        if at.checked_add(len).is_none() || overlaps(at, len, &self.taken) {
            let expected = "a block apart from the header, the log, and the regions";
            return Err(Error::damaged(entry_at, "BAT entry", expected, format!("a block at {at:#x}")).into());
        }
        Ok(())
    }
}

impl Map for Vhdx {
    fn place(&self, at: u64) -> io::Result<(Place, u64)> {
        let (number, within) = (at / self.block, at % self.block);
        let rest = self.block.saturating_sub(within);
        let (chunk, position) = (number / self.ratio, number % self.ratio);
        // Each chunk's entries are followed by that of its sector bitmap block.
        let first = chunk.saturating_mul(self.ratio.saturating_add(1));
        let (state, start, entry_at) = self.entry(first.saturating_add(position))?;
        match (state, self.differencing) {
            // Not present.
            (0, true) => Ok((Place::Parent, rest)),
            // Not present, undefined, zero, unmapped: where the data may be anything, zeros are among what may be returned.
            (0..=3, _) => Ok((Place::Zeros, rest)),
            // Fully present.
            (6, _) => {
                self.free(start, self.block, entry_at)?;
                Ok((Place::File(start.saturating_add(within)), rest))
            }
            // Partially present.
            (7, true) => {
                self.free(start, self.block, entry_at)?;
                let (state, bitmap, entry_at) = self.entry(first.saturating_add(self.ratio))?;
                if state != 6 {
                    let expected = "a sector bitmap for a block that is partly in the parent";
                    return Err(Error::damaged(entry_at, "BAT entry", expected, format!("state {state}")).into());
                }
                self.free(bitmap, MIB, entry_at)?;
                let sectors = self.block / self.sector;
                let begin = position.saturating_mul(sectors);
                let bit = begin.saturating_add(within / self.sector);
                let (here, count) = run(&self.bitmaps, bitmap, bit, begin.saturating_add(sectors), Bits::Low)?;
                let place = if here { Place::File(start.saturating_add(within)) } else { Place::Parent };
                Ok((place, count.saturating_mul(self.sector).saturating_sub(within % self.sector)))
            }
            (7, false) => {
                let found = "one that is partly in a parent";
                Err(Error::damaged(entry_at, "BAT entry", "no such block in a disk without parent", found).into())
            }
            (state, _) => Err(Error::damaged(entry_at, "BAT entry", "a known state", state.to_string()).into()),
        }
    }
}

#[cfg(test)]
mod build;
#[cfg(test)]
mod tests;
