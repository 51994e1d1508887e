//! VDI, the format of VirtualBox: a header, a map of blocks, and the blocks.
//!
//! Layout: VirtualBox, `src/VBox/Storage/VDICore.h`, structures `VDIPREHEADER` and `VDIHEADER1PLUS`. All is little-endian.

use std::io;
use std::sync::Arc;

use super::mapped::{Guid, Map, Mapped, Place, exact, structure, tables};
use super::{Disk, Opener};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::read_at::{Cached, ReadAt};

const SIGNATURE: u32 = 0xbeda_107f;
const SIGNATURE_AT: u64 = 64;
/// Bytes up to the end of `VDIHEADER1`; what newer headers add is a geometry.
const HEAD: usize = 456;
/// The only flag: new blocks are filled with zeros.
const ZERO_EXPAND: u32 = 1;
/// Map entries of blocks that are not in the file: never written, and all zeros.
const FREE: u32 = u32::MAX;
const ZERO: u32 = u32::MAX - 1;

pub(super) fn open(file: &Arc<dyn ReadAt>, _: &dyn Opener, limits: &Limits) -> Result<Option<Disk>, Error> {
    let mut found = [0u8; 4];
    let read =
        file.read_at(SIGNATURE_AT, &mut found).map_err(|e| Error::io(At::Offset(SIGNATURE_AT), "signature", &e))?;
    if read < found.len() || found != SIGNATURE.to_le_bytes() {
        return Ok(None);
    }
    let header = Header::read(&**file)?;
    let map = Vdi {
        blocks: tables(file, limits.table_blocks),
        table: u64::from(header.table),
        data: u64::from(header.data),
        block: u64::from(header.block),
        extra: u64::from(header.extra),
        count: header.count,
    };
    let disk = Mapped { map, file: Arc::clone(file), parent: None, len: header.size };
    let kind = if header.fixed { "static" } else { "dynamic" };
    Ok(Some(Disk { bytes: Arc::new(disk), format: format!("VDI, {kind}"), sector: Some(512), notes: Vec::new() }))
}

struct Header {
    fixed: bool,
    table: u32,
    data: u32,
    size: u64,
    block: u32,
    extra: u32,
    count: u32,
}

impl Header {
    fn read(file: &dyn ReadAt) -> Result<Self, Error> {
        let bytes = structure(file, 0, HEAD, "VDI header")?;
        let f = Fields::new(&bytes, 0);
        let version = f.u32(68, "version")?;
        if version != 0x0001_0001 {
            let what = format!("VDI version {}.{}; 1.1 is read", version >> 16, version & 0xffff);
            return Err(Error::unsupported(At::Offset(68), what));
        }
        let size = f.u32(72, "header size")?;
        if size < 384 {
            return Err(Error::damaged(At::Offset(72), "header size", "384 or more", size.to_string()));
        }
        let fixed = Self::kind(&f)?;
        let flags = f.u32(80, "image flags")?;
        if flags & !ZERO_EXPAND != 0 {
            return Err(Error::unsupported(At::Offset(80), format!("VDI with unknown image flags {flags:#x}")));
        }
        let sector = f.u32(360, "sector size")?;
        if sector != 512 {
            return Err(Error::unsupported(
                At::Offset(360),
                format!("VDI with sectors of {sector} bytes; 512 is read"),
            ));
        }
        let header = Self {
            fixed,
            table: f.u32(340, "offset of the block map")?,
            data: f.u32(344, "offset of the data")?,
            size: f.u64(368, "disk size")?,
            block: f.u32(376, "block size")?,
            extra: f.u32(380, "extra bytes of a block")?,
            count: f.u32(384, "number of blocks")?,
        };
        header.check(&f)?;
        Ok(header)
    }

    /// Whether all blocks are allocated; images that need another one are refused.
    fn kind(f: &Fields<'_>) -> Result<bool, Error> {
        let kind = f.u32(76, "image type")?;
        let parent = Guid::from_stored(f.bytes(424, 16, "parent UUID")?);
        match kind {
            1 | 2 if parent.is_nil() => Ok(kind == 2),
            1 | 2 | 4 => {
                let what = format!(
                    "differencing VDI: its parent has the UUID {parent}, and nothing in the file says where that is; \
                     clone the snapshot to a full disk first (VBoxManage clonemedium)"
                );
                Err(Error::unsupported(At::Offset(76), what))
            }
            3 => Err(Error::unsupported(At::Offset(76), "VDI of the type undo; dynamic and static ones are read")),
            other => {
                let what = format!("VDI of the unknown type {other}; dynamic and static ones are read");
                Err(Error::unsupported(At::Offset(76), what))
            }
        }
    }

    fn check(&self, f: &Fields<'_>) -> Result<(), Error> {
        let damaged = |at, what, expected: &str, found: u64| {
            Err(Error::damaged(At::Offset(at), what, expected, found.to_string()))
        };
        // VirtualBox makes blocks of 512 KiB to 8 MiB, and opens any power of two.
        if !self.block.is_power_of_two() || self.block < 512 {
            return damaged(376, "block size", "a power of two, 512 or more", self.block.into());
        }
        if self.extra != 0 && !self.extra.is_power_of_two() {
            return damaged(380, "extra bytes of a block", "zero or a power of two", self.extra.into());
        }
        let room = u64::from(self.block).saturating_mul(u64::from(self.count));
        if self.size == 0 || self.size > room {
            return damaged(368, "disk size", &format!("1 to {room}, for so many blocks"), self.size);
        }
        let allocated = f.u32(388, "allocated blocks")?;
        if allocated > self.count {
            return damaged(388, "allocated blocks", &format!("{} at most", self.count), allocated.into());
        }
        let end = u64::from(self.table).saturating_add(u64::from(self.count).saturating_mul(4));
        if usize::try_from(self.table).unwrap_or_default() < HEAD {
            return damaged(340, "offset of the block map", "one past the header", self.table.into());
        }
        if u64::from(self.data) < end {
            return damaged(344, "offset of the data", &format!("{end} or more, past the block map"), self.data.into());
        }
        Ok(())
    }
}

struct Vdi {
    blocks: Cached<Arc<dyn ReadAt>>,
    table: u64,
    data: u64,
    block: u64,
    /// Bytes before the data of each block.
    extra: u64,
    count: u32,
}

impl Map for Vdi {
    fn place(&self, at: u64) -> io::Result<(Place, u64)> {
        let (number, within) = (at / self.block, at % self.block);
        let entry_at = self.table.saturating_add(number.saturating_mul(4));
        let mut entry = [0u8; 4];
        exact(&self.blocks, entry_at, &mut entry, "block map entry")?;
        let run = self.block.saturating_sub(within);
        match u32::from_le_bytes(entry) {
            FREE | ZERO => Ok((Place::Zeros, run)),
            index if index < self.count => {
                // Below 2^32 × 2^33: this cannot overflow.
                let start = u64::from(index).saturating_mul(self.block.saturating_add(self.extra));
                let from = self.data.saturating_add(start).saturating_add(self.extra).saturating_add(within);
                Ok((Place::File(from), run))
            }
            index => {
                let expected = format!("a block below {}", self.count);
                Err(Error::damaged(At::Offset(entry_at), "block map entry", expected, index.to_string()).into())
            }
        }
    }
}

#[cfg(test)]
mod tests;
