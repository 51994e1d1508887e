//! The boot sector: where everything else lies.
//!
//! Layout: libyal, "New Technologies File System (NTFS)", section "The volume header"; Linux-NTFS, "$Boot".

use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

/// Bytes of it that say anything, whatever the sector size.
const LEN: usize = 512;
/// Windows formats clusters of up to 2 MiB.
const CLUSTER: u64 = 2 << 20;

/// The measures of a volume.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    /// Bytes of a cluster.
    pub(super) cluster: u64,
    /// How many clusters there are.
    pub(super) clusters: u64,
    /// Bytes of an MFT record.
    pub(super) record: usize,
    /// First cluster of `$MFT`.
    pub(super) mft: u64,
    /// First cluster of `$MFTMirr`.
    pub(super) mirror: u64,
    /// Bytes of the volume; the copy of the boot sector stands behind them.
    pub(super) len: u64,
    /// Serial number.
    pub(super) serial: u64,
    /// Whether the boot sector ends with 55 aa.
    pub(super) marked: bool,
}

/// Reads the boot sector at `offset`. DiscUtils writes none with 55 aa at its end, and Windows does not ask for it: one
/// without is good where `$MFT` is found by it.
///
/// # Errors
/// When it cannot be read, is none of NTFS, or says what cannot be.
pub(super) fn at(volume: &dyn ReadAt, offset: u64) -> Result<Geometry, Error> {
    const WHAT: &str = "NTFS boot sector";
    let mut sector = [0u8; LEN];
    volume.read_exact_at(offset, &mut sector).map_err(|e| Error::io(At::Offset(offset), WHAT, &e))?;
    let f = Fields::new(&sector, offset);
    let damaged = |field: usize, what, expected: &str, found: String| {
        Error::damaged(At::Offset(offset.saturating_add(wide(field))), what, expected, found)
    };
    let name = f.bytes(3, 8, WHAT)?;
    if name == b"-FVE-FS-" {
        return Err(Error::unsupported(At::Offset(offset), "the volume is encrypted by BitLocker"));
    }
    if name != b"NTFS    " {
        return Err(damaged(3, WHAT, "\"NTFS\"", format!("\"{}\"", name.escape_ascii())));
    }
    let marked = f.bytes(510, 2, WHAT)? == [0x55, 0xaa];
    let sector = u64::from(f.u16(0x0b, "bytes per sector")?);
    if !sector.is_power_of_two() || !(256..=4096).contains(&sector) {
        return Err(damaged(0x0b, "bytes per sector", "a power of 2 from 256 to 4096", sector.to_string()));
    }
    let per_cluster = f.u8(0x0d, "sectors per cluster")?;
    let sectors = match per_cluster {
        1..=128 if per_cluster.is_power_of_two() => u64::from(per_cluster),
        0xf4..=0xff => 1 << 0u8.wrapping_sub(per_cluster),
        _ => 0,
    };
    let cluster = sector.saturating_mul(sectors);
    if cluster == 0 || cluster > CLUSTER {
        let expected = "a power of 2, with clusters of at most 2 MiB";
        return Err(damaged(0x0d, "sectors per cluster", expected, format!("0x{per_cluster:02x}")));
    }
    let total = f.u64(0x28, "sectors")?;
    let len = total.checked_mul(sector).filter(|len| *len >= cluster && i64::try_from(*len).is_ok());
    let len = len.ok_or_else(|| damaged(0x28, "sectors", "a volume of one cluster to 8 EiB", total.to_string()))?;
    let clusters = len / cluster;
    let lcn = |field, what| {
        let lcn = f.u64(field, what)?;
        let in_volume = lcn > 0 && lcn < clusters;
        if in_volume { Ok(lcn) } else { Err(damaged(field, what, "a cluster of the volume", lcn.to_string())) }
    };
    let size = f.u8(0x40, "clusters per MFT record")?;
    // Positive: clusters; negative: the power of 2 that it has in bytes.
    let record = match size {
        0 => 0,
        1..=127 => cluster.saturating_mul(u64::from(size)),
        _ => 1u64.checked_shl(u32::from(0u8.wrapping_sub(size))).unwrap_or(0),
    };
    if !record.is_power_of_two() || !(512..=4096).contains(&record) {
        let expected = "records of 512 to 4096 bytes";
        return Err(damaged(0x40, "clusters per MFT record", expected, format!("0x{size:02x} ({record} bytes)")));
    }
    Ok(Geometry {
        cluster,
        clusters,
        record: narrow(record),
        mft: lcn(0x30, "first cluster of $MFT")?,
        mirror: lcn(0x38, "first cluster of $MFTMirr")?,
        len,
        serial: f.u64(0x48, "volume serial number")?,
        marked,
    })
}

/// Reads the copy of the boot sector: the last sector of the partition, which is the first behind the volume.
pub(super) fn copy(volume: &dyn ReadAt) -> Option<(u64, Geometry)> {
    [512u64, 4096, 1024, 2048, 256].into_iter().find_map(|sector| {
        let offset = volume.len().checked_sub(sector).filter(|offset| *offset > 0)?;
        let geometry = at(volume, offset).ok()?;
        (geometry.len == offset).then_some((offset, geometry))
    })
}
