//! Disks that grow: the header, the table of blocks, and the bitmap before each block.
//!
//! Layout: Microsoft, "Virtual Hard Disk Image Format Specification", sections "Dynamic Disk Header Format", "Block
//! Allocation Table and Data Blocks" and "Implementing a Differencing Hard Disk".

use std::io;
use std::sync::Arc;

use super::checksum;
use super::footer::Footer;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::mapped::{Bits, Guid, Map, Place, exact, overlaps, run, structure, tables, utf16};
use crate::limits::Limits;
use crate::read_at::{Cached, ReadAt};

const LEN: usize = 1024;
const SECTOR: u64 = 512;
/// A table entry of a block that is not in the file.
const UNALLOCATED: u32 = u32::MAX;
/// Locators of the parent that Windows writes today: the path from the folder of the child, and the absolute one.
const RELATIVE: &[u8; 4] = b"W2ru";
const ABSOLUTE: &[u8; 4] = b"W2ku";
/// Bytes of a path: Windows has none of more than 32,767 units.
const PATH: u32 = 65_536;

/// The header of a dynamic or differencing disk.
pub(super) struct Header {
    at: u64,
    table: u64,
    entries: u32,
    block: u64,
    pub(super) parent_id: Guid,
    /// Seconds from 2000 on.
    pub(super) parent_modified: u32,
    parent_name: String,
    /// Platform code, length, offset.
    locators: Vec<([u8; 4], u32, u64)>,
}

impl Header {
    pub(super) fn read(file: &dyn ReadAt, footer: &Footer) -> Result<Self, Error> {
        const WHAT: &str = "VHD header";
        let at = footer.data_offset;
        let bytes = structure(file, at, LEN, WHAT)?;
        let f = Fields::new(&bytes, at);
        let cookie = f.bytes(0, 8, WHAT)?;
        if cookie != b"cxsparse" {
            let found = format!("\"{}\"", cookie.escape_ascii());
            return Err(Error::damaged(At::Offset(at), WHAT, "signature \"cxsparse\"", found));
        }
        let (stored, computed) = (f.be32(36, WHAT)?, checksum(&bytes, 36));
        if stored != computed {
            let (expected, found) = (format!("checksum {computed:#010x}"), format!("{stored:#010x}"));
            return Err(Error::damaged(At::Offset(at), WHAT, expected, found));
        }
        let version = f.be32(24, WHAT)?;
        if version >> 16 != 1 {
            let what = format!("VHD with a header of version {}.{}; 1.x is read", version >> 16, version & 0xffff);
            return Err(Error::unsupported(At::Offset(at), what));
        }
        let mut locators = Vec::new();
        for position in (576..768usize).step_by(24) {
            let code = f.bytes(position, 4, WHAT)?.first_chunk::<4>().copied().unwrap_or_default();
            let len = f.be32(position.saturating_add(8), WHAT)?;
            locators.push((code, len, f.be64(position.saturating_add(16), WHAT)?));
        }
        let header = Self {
            at,
            table: f.be64(16, WHAT)?,
            entries: f.be32(28, WHAT)?,
            block: f.be32(32, WHAT)?.into(),
            parent_id: Guid::from_spelt(f.bytes(40, 16, WHAT)?),
            parent_modified: f.be32(56, WHAT)?,
            parent_name: utf16(f.bytes(64, 512, WHAT)?, u16::from_be_bytes),
            locators,
        };
        if !header.block.is_power_of_two() || header.block < SECTOR {
            let at = At::Offset(at.saturating_add(32));
            return Err(Error::damaged(at, "block size", "a power of two, 512 or more", header.block.to_string()));
        }
        let room = header.block.saturating_mul(header.entries.into());
        if footer.size > room {
            let (at, found) = (At::Offset(at.saturating_add(28)), format!("entries for {room}"));
            return Err(Error::damaged(at, "block table", format!("entries for {} bytes", footer.size), found));
        }
        Ok(header)
    }

    /// What the parent may be called: the path from the folder of the child, the absolute one, and the bare name.
    pub(super) fn parent_names(&self, file: &dyn ReadAt) -> Result<Vec<String>, Error> {
        const WHAT: &str = "parent locator";
        let mut names = Vec::new();
        for kind in [RELATIVE, ABSOLUTE] {
            for &(_, len, at) in self.locators.iter().filter(|(code, ..)| code == kind) {
                if len > PATH {
                    let found = len.to_string();
                    return Err(Error::damaged(At::Offset(at), WHAT, format!("a path of {PATH} bytes at most"), found));
                }
                let bytes = structure(file, at, usize::try_from(len).unwrap_or_default(), WHAT)?;
                names.push(utf16(&bytes, u16::from_le_bytes));
            }
        }
        names.push(self.parent_name.clone());
        names.retain(|name| !name.is_empty());
        Ok(names)
    }

    pub(super) fn map(&self, file: &Arc<dyn ReadAt>, footer: &Footer, differencing: bool, limits: &Limits) -> Sparse {
        let bitmap = (self.block / SECTOR).div_ceil(8).next_multiple_of(SECTOR);
        let table = (self.table, self.table.saturating_add(u64::from(self.entries).saturating_mul(4)));
        let header = (footer.data_offset, self.at.saturating_add(1024));
        Sparse {
            table: tables(file, limits.table_blocks),
            bitmaps: tables(file, limits.table_blocks),
            at: self.table,
            block: self.block,
            bitmap,
            differencing,
            taken: [(0, SECTOR), header, table],
        }
    }
}

/// The tables of a disk that grows.
pub(super) struct Sparse {
    table: Cached<Arc<dyn ReadAt>>,
    bitmaps: Cached<Arc<dyn ReadAt>>,
    at: u64,
    block: u64,
    /// Bytes of the bitmap before each block.
    bitmap: u64,
    differencing: bool,
    /// Where no block can lie: the copy of the footer, the header, the table. A table of zeros is noticed by that.
    taken: [(u64, u64); 3],
}

impl Map for Sparse {
    fn place(&self, at: u64) -> io::Result<(Place, u64)> {
        let (number, within) = (at / self.block, at % self.block);
        let rest = self.block.saturating_sub(within);
        let elsewhere = if self.differencing { Place::Parent } else { Place::Zeros };
        let entry_at = self.at.saturating_add(number.saturating_mul(4));
        let mut entry = [0u8; 4];
        exact(&self.table, entry_at, &mut entry, "block table entry")?;
        let entry = u32::from_be_bytes(entry);
        if entry == UNALLOCATED {
            return Ok((elsewhere, rest));
        }
        let start = u64::from(entry).saturating_mul(SECTOR);
        if overlaps(start, self.bitmap.saturating_add(self.block), &self.taken) {
            let expected = "a block apart from the header and the table";
            let found = format!("a block at {start:#x}");
            return Err(Error::damaged(At::Offset(entry_at), "block table entry", expected, found).into());
        }
        // A sector whose bit is not set was never written here: it is the parent's, or zeros.
        let (here, count) = run(&self.bitmaps, start, within / SECTOR, self.block / SECTOR, Bits::High)?;
        let place = match here {
            true => Place::File(start.saturating_add(self.bitmap).saturating_add(within)),
            false => elsewhere,
        };
        Ok((place, count.saturating_mul(SECTOR).saturating_sub(within % SECTOR)))
    }
}
