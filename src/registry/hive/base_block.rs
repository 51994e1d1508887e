//! The base block: the first 4096 bytes of a hive.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), section "Base block".

use crate::error::{At, Error};
use crate::fields::Fields;
use crate::windows::FileTime;

/// Bytes of the base block; cell offsets count from its end.
pub(crate) const LEN: u64 = 4096;

/// The signature every hive, and every transaction log, starts with.
pub(crate) const SIGNATURE: &[u8; 4] = b"regf";

const FILE_TYPE_AT: At = At::Offset(28);

/// The only file format that Windows loads: cells lie in the file as they lie in memory.
const DIRECT_MEMORY_LOAD: u32 = 1;
/// The clustering factor of a disk with sectors of 512 bytes.
const CLUSTERING: u32 = 1;

/// What the base block says of its hive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseBlock {
    /// Counted up when a write to the file begins.
    pub primary_sequence: u32,
    /// Set to the primary number when that write is complete.
    pub secondary_sequence: u32,
    /// When the hive was last written.
    pub last_written: FileTime,
    /// When Windows last reorganised the hive (Windows 8 and later), if it did. The two lowest bits are flags.
    pub reorganized: Option<FileTime>,
    /// Minor format version; the major one is 1.
    pub minor: u32,
    /// Offset of the root key's cell, from the end of the base block.
    pub root: u32,
    /// Bytes of hive bins after the base block.
    pub bins_size: u32,
    /// Bytes of a sector of the disk that the hive was written for, divided by 512.
    pub clustering: u32,
    /// The tail of the path that the hive was loaded from (at most 32 UTF-16 units), as Windows noted it.
    pub file_name: String,
}

impl BaseBlock {
    /// Reads a base block from the first bytes of a file.
    ///
    /// # Errors
    /// When it is too short or damaged, is that of a transaction log, or of a version that is not read. A wrong checksum
    /// is damage: Windows refuses such a hive unless a log holds a better base block.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Self::sound(bytes)?;
        let file_type = Fields::new(bytes, 0).u32(28, "file type")?;
        if file_type != 0 {
            let what = format!("a transaction log (file type {file_type}), not a hive");
            return Err(Error::Unsupported { at: FILE_TYPE_AT, what });
        }
        Self::fields(bytes)
    }

    /// Fails unless the signature and the checksum hold: without them Windows takes the copy in a transaction log instead.
    pub(super) fn sound(bytes: &[u8]) -> Result<(), Error> {
        let f = Fields::new(bytes, 0);
        let found = f.bytes(0, 4, "hive signature")?;
        if found != SIGNATURE {
            let found = found.escape_ascii().to_string();
            return Err(Error::damaged(At::Offset(0), "hive signature", "\"regf\"", format!("\"{found}\"")));
        }
        let (stored, computed) = (f.u32(508, "base block checksum")?, checksum(f.bytes(0, 508, "base block")?));
        if stored != computed {
            let (stored, computed) = (format!("0x{stored:08x}"), format!("0x{computed:08x}"));
            return Err(Error::damaged(At::Offset(508), "base block checksum", computed, stored));
        }
        Ok(())
    }

    /// The fields that a hive and the copy in its logs have in common, checked each.
    pub(super) fn fields(bytes: &[u8]) -> Result<Self, Error> {
        let f = Fields::new(bytes, 0);
        let (major, minor) = (f.u32(20, "major version")?, f.u32(24, "minor version")?);
        if major != 1 || !(3..=6).contains(&minor) {
            let what = format!("regf version {major}.{minor}: versions 1.3 to 1.6 (Windows NT 4 and later) are read");
            return Err(Error::Unsupported { at: At::Offset(20), what });
        }
        let format = f.u32(32, "file format")?;
        if format != DIRECT_MEMORY_LOAD {
            let expected = format!("{DIRECT_MEMORY_LOAD} (direct memory load)");
            return Err(Error::damaged(At::Offset(32), "file format", expected, format.to_string()));
        }
        let root = f.u32(36, "root cell offset")?;
        let bins_size = f.u32(40, "hive bins size")?;
        if bins_size == 0 || bins_size % 4096 != 0 {
            let found = bins_size.to_string();
            return Err(Error::damaged(At::Offset(40), "hive bins size", "a positive multiple of 4096", found));
        }
        if root >= bins_size {
            let (expected, found) = (format!("less than the hive bins size {bins_size}"), root.to_string());
            return Err(Error::damaged(At::Offset(36), "root cell offset", expected, found));
        }
        let units: Vec<u16> = (f.bytes(48, 64, "file name")?.chunks_exact(2))
            .map(|pair| Fields::new(pair, 48).u16(0, "file name"))
            .collect::<Result<_, _>>()?;
        let file_name = units.split(|&u| u == 0).next().map(String::from_utf16_lossy).unwrap_or_default();
        Ok(Self {
            primary_sequence: f.u32(4, "primary sequence number")?,
            secondary_sequence: f.u32(8, "secondary sequence number")?,
            last_written: FileTime(f.u64(12, "last written")?),
            reorganized: Some(FileTime(f.u64(168, "last reorganized")? & !0b11)).filter(|time| time.0 != 0),
            minor,
            root,
            bins_size,
            clustering: f.u32(44, "clustering factor")?,
            file_name,
        })
    }

    /// That the hive was written for a disk of other sectors: nothing in it lies elsewhere for that, and it is rare.
    pub(super) fn remark(&self) -> Option<Error> {
        let odd = (self.clustering != CLUSTERING).then(|| self.clustering.to_string())?;
        Some(Error::damaged(At::Offset(44), "clustering factor", CLUSTERING.to_string(), odd))
    }

    /// Whether a write was begun and not finished in this file: its newest data is then in the transaction logs.
    pub fn is_dirty(&self) -> bool {
        self.primary_sequence != self.secondary_sequence
    }

    /// Whether this is the lower layer of a containerized registry: what is not in it may stand in the hive that it is
    /// laid over.
    pub fn is_differencing(&self) -> bool {
        self.minor == 6
    }
}

/// Whether these are the first bytes of a transaction log: the base block's file type says so, and either its checksum holds
/// or the first log entry follows it. A hive whose file type alone is damaged must not pass for a log.
pub(crate) fn is_log(start: &[u8]) -> bool {
    let entry = start.get(512..516).is_some_and(|sig| matches!(sig, b"DIRT" | b"HvLE"));
    let unsupported = |e: &Error| matches!(e, Error::Unsupported { at, .. } if *at == FILE_TYPE_AT);
    let log_type = Fields::new(start, 0).u32(28, "file type").is_ok_and(|kind| kind != 0);
    start.starts_with(SIGNATURE) && log_type && (entry || BaseBlock::parse(start).is_err_and(|e| unsupported(&e)))
}

/// XOR of the first 127 32-bit words; 0 and 0xFFFFFFFF are replaced by their neighbours.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks_exact(4).filter_map(|w| <[u8; 4]>::try_from(w).ok()).map(u32::from_le_bytes);
    match words.fold(0, |sum, word| sum ^ word) {
        0 => 1,
        0xffff_ffff => 0xffff_fffe,
        sum => sum,
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "offsets of test data")]
mod tests {
    use super::*;

    fn block(edit: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut b = vec![0u8; 4096];
        b[..4].copy_from_slice(b"regf");
        for (offset, n) in [(4, 7u32), (8, 7), (20, 1), (24, 5), (32, 1), (36, 32), (40, 4096), (44, 1)] {
            b[offset..offset + 4].copy_from_slice(&n.to_le_bytes());
        }
        edit(&mut b);
        let sum = checksum(&b[..508]);
        b[508..512].copy_from_slice(&sum.to_le_bytes());
        b
    }

    #[test]
    fn a_sound_block_is_read() {
        let b = BaseBlock::parse(&block(|b| b[48..52].copy_from_slice(b"S\0Y\0"))).unwrap();
        assert_eq!((b.root, b.bins_size, b.minor, b.is_dirty()), (32, 4096, 5, false));
        assert_eq!(b.file_name, "SY");
    }

    #[test]
    fn sequence_numbers_that_differ_make_it_dirty() {
        assert!(BaseBlock::parse(&block(|b| b[4] = 8)).unwrap().is_dirty());
    }

    #[test]
    fn each_broken_field_is_named() {
        type Edit = fn(&mut [u8]);
        let cases: [(Edit, &str); 8] = [
            (|b| b[0] = b'x', "hive signature"),
            (|b| b[24] = 2, "regf version 1.2"),
            (|b| b[28] = 6, "transaction log"),
            (|b| b[32] = 0, "file format at 0x20: expected 1 (direct memory load), found 0"),
            (|b| b[35] = 1, "file format"),
            (|b| b[37] = 0x10, "root cell offset"),
            (|b| b[40] = 1, "hive bins size"),
            (|b| b[41] = 0, "hive bins size"),
        ];
        for (edit, named) in cases {
            let error = BaseBlock::parse(&block(edit)).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn another_clustering_factor_is_worth_a_remark_alone() {
        assert_eq!(BaseBlock::parse(&block(|_| ())).unwrap().remark(), None);
        let odd = BaseBlock::parse(&block(|b| b[44] = 8)).unwrap().remark().unwrap().to_string();
        assert_eq!(odd, "clustering factor at 0x2c: expected 1, found 8");
    }

    #[test]
    fn a_log_is_not_told_by_a_damaged_file_type_alone() {
        assert!(is_log(&block(|b| b[28] = 6)));
        let mut damaged = block(|_| ());
        damaged[28] = 6;
        assert!(!is_log(&damaged));
        damaged[512..516].copy_from_slice(b"HvLE");
        assert!(is_log(&damaged));
        assert!(!is_log(&block(|_| ())));
        assert!(!is_log(b"regf"));
    }

    #[test]
    fn a_wrong_checksum_and_a_short_block_are_damage() {
        let mut b = block(|_| ());
        b[100] ^= 1;
        assert!(BaseBlock::parse(&b).unwrap_err().to_string().starts_with("base block checksum at 0x1fc"));
        assert!(BaseBlock::parse(&b[..300]).is_err());
        assert!(BaseBlock::parse(&[]).is_err());
    }
}
