//! Sparse extents: files that have only those grains of the disk that were written. VMware, "Virtual Disk Format 5.0",
//! sections "Hosted Sparse Extents", "ESXi Host Sparse Extents", "Stream-Optimized Compressed".

use super::SECTOR;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::wide;
use crate::read_at::ReadAt;

pub(super) const MAGIC: &[u8; 4] = b"KDMV";
pub(super) const COWD: &[u8; 4] = b"COWD";

const NEWLINES_VALID: u32 = 1;
/// There is a second grain directory; the first is as good.
const REDUNDANT: u32 = 1 << 1;
const ZEROED: u32 = 1 << 2;
const COMPRESSED: u32 = 1 << 16;
const MARKERS: u32 = 1 << 17;

/// The grain directory's place is in the footer.
const AT_END: u64 = u64::MAX;

/// Where a grain table says that a grain is zeros.
const ZERO_GRAIN: u32 = 1;

/// The header of a sparse extent, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sparse {
    /// Sectors of the disk that the extent covers.
    pub(super) capacity: u64,
    /// Sectors of a grain.
    pub(super) grain: u64,
    /// Sectors at which the embedded descriptor starts, and how many there are.
    pub(super) descriptor: (u64, u64),
    /// Where the grain directory starts, in bytes.
    directory: u64,
    /// Entries of a grain table.
    entries: u64,
    zeroed: bool,
    pub(super) compressed: bool,
    pub(super) unclean: bool,
}

/// Where a grain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// At this offset of the file.
    At(u64),
    /// It is zeros.
    Zero,
    /// In the parent, or zeros where there is none.
    Absent,
}

fn header_bytes<const N: usize>(file: &dyn ReadAt, at: u64) -> Result<[u8; N], Error> {
    const WHAT: &str = "sparse extent header";
    let mut bytes = [0u8; N];
    file.read_exact_at(at, &mut bytes).map_err(|e| Error::io(At::Offset(at), WHAT, &e))?;
    Ok(bytes)
}

impl Sparse {
    /// Reads the header of a hosted sparse extent.
    pub(super) fn hosted(file: &dyn ReadAt, limits: &Limits) -> Result<Self, Error> {
        let (header, directory) = Self::parse(&header_bytes(file, 0)?, 0, limits)?;
        if directory != AT_END {
            return header.with_directory(directory, file.len());
        }
        if !header.compressed {
            let found = "at the end of an extent that is not compressed";
            return Err(Error::damaged(At::Offset(56), "grain directory", "a sector", found));
        }
        let (footer, directory) = Self::footer(file, limits)?;
        // The footer is the header once more, but for the place of the directory.
        if (Sparse { descriptor: header.descriptor, ..footer.clone() }) != header || directory == AT_END {
            let at = At::Offset(file.len().saturating_sub(2 * SECTOR));
            return Err(Error::damaged(at, "footer", "the header, with the grain directory's place", "another"));
        }
        header.with_directory(directory, file.len())
    }

    /// The copy of the header that stands second to last in a stream, between the marker of a footer and that of the end.
    fn footer(file: &dyn ReadAt, limits: &Limits) -> Result<(Self, u64), Error> {
        let tail = 3 * SECTOR;
        let start = file.len().saturating_sub(tail);
        let bytes: [u8; 3 * 512] = header_bytes(file, start)?;
        let f = Fields::new(&bytes, start);
        for (at, kind, expected) in [(0, 3, "the marker of a footer"), (2 * 512, 0, "the marker of the stream's end")] {
            let (size, found) = (f.u32(at + 8, "marker size")?, f.u32(at + 12, "marker type")?);
            if size != 0 || found != kind {
                let at = start.saturating_add(u64::try_from(at).unwrap_or_default());
                let found = format!("type {found} with {size} bytes (the file may be cut off)");
                return Err(Error::damaged(At::Offset(at), "end of the stream", expected, found));
            }
        }
        if f.bytes(512, 4, "footer")? != MAGIC {
            return Err(Error::damaged(At::Offset(start.saturating_add(SECTOR)), "footer", "\"KDMV\"", "another"));
        }
        let header = f.bytes(512, 512, "footer")?.first_chunk().copied().unwrap_or([0; 512]);
        Self::parse(&header, start.saturating_add(SECTOR), limits)
    }

    /// The fields of a hosted header at `base`, and the sector of the grain directory.
    fn parse(bytes: &[u8; 512], base: u64, limits: &Limits) -> Result<(Self, u64), Error> {
        let f = Fields::new(bytes, base);
        let at = |offset: u64| At::Offset(base.saturating_add(offset));
        let (version, flags) = (f.u32(4, "version")?, f.u32(8, "flags")?);
        if !(1..=3).contains(&version) {
            return Err(Error::unsupported(at(4), format!("a sparse extent of version {version}; 1 to 3 are read")));
        }
        let unknown = flags & !(NEWLINES_VALID | REDUNDANT | ZEROED | COMPRESSED | MARKERS);
        if unknown != 0 {
            return Err(Error::unsupported(at(8), format!("flags 0x{unknown:x} of a sparse extent are not known")));
        }
        if flags & NEWLINES_VALID != 0 && f.bytes(73, 4, "line ends")? != b"\n \r\n" {
            let found = "others: the file was changed by a transfer as text";
            return Err(Error::damaged(at(73), "line ends", "\"\\n \\r\\n\"", found));
        }
        let algorithm = f.u16(77, "compression")?;
        let compressed = match (algorithm, flags & COMPRESSED != 0, flags & MARKERS != 0) {
            (0, false, false) => false,
            (1, true, true) => true,
            (0 | 1, ..) => {
                let what = format!("compression {algorithm} with flags 0x{flags:x}: a form that is not known");
                return Err(Error::unsupported(at(77), what));
            }
            _ => return Err(Error::unsupported(at(77), format!("compression {algorithm}; deflate (1) is read"))),
        };
        let header = Self {
            capacity: f.u64(12, "capacity")?,
            grain: f.u64(20, "grain size")?,
            descriptor: (f.u64(28, "descriptor offset")?, f.u64(36, "descriptor size")?),
            directory: 0,
            entries: u64::from(f.u32(44, "grain table entries")?),
            zeroed: flags & ZEROED != 0,
            compressed,
            unclean: f.u8(72, "unclean shutdown")? != 0,
        };
        if header.entries != 512 {
            return Err(Error::unsupported(
                at(44),
                format!("grain tables of {} entries; 512 are read", header.entries),
            ));
        }
        header.check(limits, base.saturating_add(20))?;
        Ok((header, f.u64(56, "grain directory offset")?))
    }

    /// Reads the header of a sparse extent of ESX, which is plainer.
    pub(super) fn cowd(file: &dyn ReadAt, limits: &Limits) -> Result<Self, Error> {
        let bytes: [u8; 512] = header_bytes(file, 0)?;
        let f = Fields::new(&bytes, 0);
        let version = f.u32(4, "version")?;
        if version != 1 {
            let what = format!("a sparse extent of ESX of version {version}; 1 is read");
            return Err(Error::unsupported(At::Offset(4), what));
        }
        let header = Self {
            capacity: u64::from(f.u32(12, "capacity")?),
            grain: u64::from(f.u32(16, "grain size")?),
            descriptor: (0, 0),
            directory: 0,
            entries: 4096,
            zeroed: false,
            compressed: false,
            unclean: false,
        };
        header.check(limits, 16)?;
        let (directory, tables) = (u64::from(f.u32(20, "grain directory offset")?), u64::from(f.u32(24, "tables")?));
        if tables < header.tables() {
            let expected = format!("at least {}", header.tables());
            return Err(Error::damaged(At::Offset(24), "entries of the grain directory", expected, tables.to_string()));
        }
        header.with_directory(directory, file.len())
    }

    fn check(&self, limits: &Limits, at: u64) -> Result<(), Error> {
        let at = At::Offset(at);
        if !self.grain.is_power_of_two() || self.grain > 1 << 21 {
            let expected = "a power of two, 2097152 at most";
            return Err(Error::damaged(at, "sectors of a grain", expected, self.grain.to_string()));
        }
        let limit = wide(limits.unpacked_block);
        if self.compressed && self.grain_bytes() > limit {
            return Err(Error::Limit { at, what: "bytes of a compressed grain", limit });
        }
        if self.capacity > u64::MAX / SECTOR {
            let (expected, found) = ("less than 2^64 bytes", format!("{} sectors", self.capacity));
            return Err(Error::damaged(at, "capacity", expected, found));
        }
        Ok(())
    }

    /// Bytes of a grain.
    pub(super) fn grain_bytes(&self) -> u64 {
        self.grain.saturating_mul(SECTOR)
    }

    /// How many grain tables there are.
    fn tables(&self) -> u64 {
        self.capacity.div_ceil(self.grain.saturating_mul(self.entries).max(1))
    }

    fn with_directory(mut self, sector: u64, len: u64) -> Result<Self, Error> {
        self.directory = sector.saturating_mul(SECTOR);
        let end = self.directory.saturating_add(self.tables().saturating_mul(4));
        if self.tables() > 0 && (sector == 0 || end > len) {
            let expected = format!("{} entries before the end of the file at 0x{len:x}", self.tables());
            return Err(Error::damaged(At::Offset(56), "grain directory", expected, format!("sector {sector}")));
        }
        Ok(self)
    }

    /// Where the grain with this number is. `tables` has the file from its offset `base` on; `len` is that of the file.
    pub(super) fn find(&self, tables: &dyn ReadAt, base: u64, len: u64, number: u64) -> Result<Grain, Error> {
        let entry = |at: u64, what: &'static str| -> Result<u32, Error> {
            let mut bytes = [0u8; 4];
            let read = tables.read_exact_at(base.saturating_add(at), &mut bytes);
            read.map_err(|e| Error::io(At::Offset(at), what, &e))?;
            Fields::new(&bytes, at).u32(0, what)
        };
        let beyond = |at: u64, what: &'static str, found: u32| {
            let expected = format!("a sector of the file, which has {}", len / SECTOR);
            Error::damaged(At::Offset(at), what, expected, found.to_string())
        };
        let at = self.directory.saturating_add((number / self.entries.max(1)).saturating_mul(4));
        let table = entry(at, "grain directory entry")?;
        if table == 0 {
            return Ok(Grain::Absent);
        }
        let start = u64::from(table).saturating_mul(SECTOR);
        if start.saturating_add(self.entries.saturating_mul(4)) > len {
            return Err(beyond(at, "grain directory entry", table));
        }
        let at = start.saturating_add((number % self.entries.max(1)).saturating_mul(4));
        let grain = entry(at, "grain table entry")?;
        let place = u64::from(grain).saturating_mul(SECTOR);
        match grain {
            0 => Ok(Grain::Absent),
            ZERO_GRAIN if self.zeroed => Ok(Grain::Zero),
            _ if place >= len => Err(beyond(at, "grain table entry", grain)),
            ZERO_GRAIN => Err(Error::damaged(At::Offset(at), "grain table entry", "no zeroed grains", "one")),
            _ => Ok(Grain::At(place)),
        }
    }
}
