//! File systems told by the boot sector.

use std::io;

use super::Filesystem;
use crate::error::Error;
use crate::fields::Fields;
use crate::image::ntfs;
use crate::read_at::ReadAt;

/// Bytes of a boot sector that count, whatever the size of a sector.
pub(super) const LEN: usize = 512;

/// 4967d63b-2e29-4ad8-8399-f6a339e3d001: a BitLocker volume of Windows 7 or later (libbde, "BitLocker Drive Encryption
/// (BDE) format", section "Volume header").
const BITLOCKER: [u8; 16] = *b"\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01";
/// 92a84d3b-dd80-4d0e-9e4e-b1e3284eaed8: one that encrypts used space only.
const BITLOCKER_USED_SPACE: [u8; 16] = *b"\x3b\x4d\xa8\x92\x80\xdd\x0e\x4d\x9e\x4e\xb1\xe3\x28\x4e\xae\xd8";

/// Tells what a volume holds that starts with this sector.
pub(super) fn recognise(sector: &[u8]) -> Option<Filesystem> {
    let is = |at: usize, magic: &[u8]| sector.get(at..).is_some_and(|rest| rest.starts_with(magic));
    // Vista writes no GUID, so that the signature alone must do; nothing else is known to use it.
    if is(3, b"-FVE-FS-") {
        return Some(Filesystem::BitLocker { to_go: false });
    }
    // The GUID of the form for removable drives stands at 0x1a8, behind the fields of FAT32 (libbde, "BitLocker To Go").
    if is(3, b"MSWIN4.1") && (is(0x1a8, &BITLOCKER) || is(0x1a8, &BITLOCKER_USED_SPACE)) {
        return Some(Filesystem::BitLocker { to_go: true });
    }
    if is(3, b"NTFS    ") {
        return ntfs_sectors(sector).ok().flatten().filter(|_| is_marked(sector)).map(|_| Filesystem::Ntfs);
    }
    // libfsrefs, "Resilient File System (ReFS)", section "Volume header": no name but the signature, then `FSRS`.
    if is(3, b"ReFS\0\0\0\0") && is(16, b"FSRS") {
        return Some(Filesystem::Refs);
    }
    // Microsoft, "exFAT file system specification", section 3.1: zeros where FAT has its fields.
    if is(3, b"EXFAT   ") && sector.get(11..64).is_some_and(|zeros| zeros.iter().all(|&byte| byte == 0)) {
        return Some(Filesystem::ExFat);
    }
    if is(0, b"XFSB") {
        return Some(Filesystem::Xfs); // "XFS Filesystem Structure", section "Superblocks"
    }
    // LUKS1 and LUKS2 on-disk format specifications: both start alike.
    if is(0, b"LUKS\xba\xbe") {
        return Some(Filesystem::Luks);
    }
    if is(0, b"hsqs") {
        return Some(Filesystem::SquashFs);
    }
    // "Apple File System Reference", `nx_superblock_t`: a header of 32 bytes, then the magic.
    if is(32, b"NXSB") {
        return Some(Filesystem::Apfs);
    }
    fat(sector).ok().flatten()
}

/// Whether a boot sector ends like one.
fn is_marked(sector: &[u8]) -> bool {
    sector.get(510..512) == Some(b"\x55\xaa")
}

/// Whether the NTFS boot sector at `offset` is that of a volume: it ends like one, or `$MFT` is where it says. DiscUtils leaves
/// the end of the boot sector zero when it formats a volume, and Windows mounts that all the same.
pub(super) fn is_ntfs(volume: &dyn ReadAt, offset: u64, sector: &[u8]) -> bool {
    sector.get(3..11) == Some(b"NTFS    ")
        && ntfs_sectors(sector).is_ok_and(|sizes| sizes.is_some())
        && (is_marked(sector) || ntfs::has_mft(volume, offset))
}

/// Bytes of a sector and the number of sectors of an NTFS volume, if the fields of its boot sector fit each other.
/// libfsntfs, "Windows NT File System (NTFS)", section "The volume header".
fn ntfs_sectors(sector: &[u8]) -> Result<Option<(u64, u64)>, Error> {
    const WHAT: &str = "NTFS boot sector";
    let f = Fields::new(sector, 0);
    let bytes = u64::from(f.u16(11, WHAT)?);
    // 0x80 and less count sectors; more are a negative power of two.
    let per_cluster = match f.u8(13, WHAT)? {
        n if n.is_power_of_two() => u64::from(n),
        n @ 0xf4..=0xff => 1u64 << u32::from(n.wrapping_neg()),
        _ => return Ok(None),
    };
    let (reserved, fats, roots, small) = (f.u16(14, WHAT)?, f.u8(16, WHAT)?, f.u16(17, WHAT)?, f.u16(19, WHAT)?);
    let (sectors, mft, mirror) = (f.u64(40, WHAT)?, f.u64(48, WHAT)?, f.u64(56, WHAT)?);
    let clusters = sectors / per_cluster;
    let fits = bytes.is_power_of_two()
        && (256..=4096).contains(&bytes)
        && (reserved, fats, roots, small) == (0, 0, 0, 0)
        && sectors.checked_mul(bytes).is_some()
        && (1..clusters).contains(&mft)
        // The copy of the MFT's start can lie in the last cluster of a tiny volume, but not past it.
        && (1..=clusters).contains(&mirror);
    Ok(fits.then_some((bytes, sectors)))
}

/// Whether the volume's last sector is the copy of an NTFS boot sector, of a volume that ends just there.
pub(super) fn has_ntfs_copy(volume: &dyn ReadAt) -> io::Result<bool> {
    for size in [512u64, 4096, 1024, 2048] {
        let Some(at) = (volume.len() / size).checked_sub(1).and_then(|last| last.checked_mul(size)) else { continue };
        let mut sector = [0u8; LEN];
        if volume.fill_at(at, &mut sector)?.len() == LEN
            && let Ok(Some((bytes, sectors))) = ntfs_sectors(&sector)
            && bytes == size
            && sectors.checked_mul(bytes) == Some(at)
            && is_ntfs(volume, at, &sector)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which FAT a boot sector is of, by the number of clusters. Microsoft, "FAT: General Overview of On-Disk Format" (fatgen103),
/// sections "Boot Sector and BPB" and "FAT Type Determination".
fn fat(sector: &[u8]) -> Result<Option<Filesystem>, Error> {
    const WHAT: &str = "FAT boot sector";
    let f = Fields::new(sector, 0);
    let bytes = u64::from(f.u16(11, WHAT)?);
    let (per_cluster, reserved, fats) = (f.u8(13, WHAT)?, f.u16(14, WHAT)?, f.u8(16, WHAT)?);
    let (roots, media) = (u64::from(f.u16(17, WHAT)?), f.u8(21, WHAT)?);
    let or_long = |short: u16, long: u32| if short == 0 { u64::from(long) } else { u64::from(short) };
    let sectors = or_long(f.u16(19, WHAT)?, f.u32(32, WHAT)?);
    let per_fat = or_long(f.u16(22, WHAT)?, f.u32(36, WHAT)?);
    let fits = is_marked(sector)
        && matches!(f.u8(0, WHAT)?, 0xeb | 0xe9)
        && matches!(bytes, 512 | 1024 | 2048 | 4096)
        && per_cluster.is_power_of_two()
        && reserved > 0
        && matches!(fats, 1 | 2)
        && matches!(media, 0xf0 | 0xf8..)
        && per_fat > 0;
    if !fits {
        return Ok(None);
    }
    let root = roots.saturating_mul(32).div_ceil(bytes);
    let before = u64::from(reserved).saturating_add(u64::from(fats).saturating_mul(per_fat)).saturating_add(root);
    let Some(clusters) = sectors.checked_sub(before).map(|data| data / u64::from(per_cluster)) else { return Ok(None) };
    Ok(Some(match clusters {
        _ if roots == 0 => Filesystem::Fat32,
        0..4085 => Filesystem::Fat12,
        _ => Filesystem::Fat16,
    }))
}
