//! File systems told by what stands behind the boot sector.

use std::io;

use super::Filesystem;
use crate::error::Error;
use crate::fields::Fields;
use crate::read_at::ReadAt;

/// Bytes looked at: the last superblock, that of Btrfs, starts at 64 KiB.
pub(super) const HEAD: usize = 68 << 10;

/// Tells what a volume holds that starts with these bytes.
pub(super) fn recognise(head: &[u8]) -> Option<Filesystem> {
    let is = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    // LVM2 `lib/format_text/layout.h`: the label is in one of the first four sectors.
    if [0, 512, 1024, 1536].iter().any(|&at| is(at, b"LABELONE") && is(at.saturating_add(24), b"LVM2 001")) {
        return Some(Filesystem::Lvm);
    }
    // Linux `block/partitions/ldm.h`: the copies of the table of contents are in sectors 1 and 2 of the database.
    if is(512, b"TOCBLOCK") || is(1024, b"TOCBLOCK") {
        return Some(Filesystem::Ldm);
    }
    if let Ok(Some(found)) = ext(head) {
        return Some(found);
    }
    // Apple, "HFS Plus Volume Format" (TN1150), section "Volume Header": signature and version.
    if is(1024, b"H+\0\x04") || is(1024, b"HX\0\x05") {
        return Some(Filesystem::HfsPlus);
    }
    // Linux `include/linux/swap.h`: at the end of the first page, of whatever size.
    if [4096usize, 8192, 16384, 32768, 65536].iter().any(|page| is(page.saturating_sub(10), b"SWAPSPACE2")) {
        return Some(Filesystem::Swap);
    }
    // Btrfs wiki, "On-disk Format", section "Superblock".
    if is(0x10040, b"_BHRfS_M") {
        return Some(Filesystem::Btrfs);
    }
    optical(head)
}

/// ECMA-119, section 8.1, and ECMA-167, part 2, section 9: volume descriptors of 2048 bytes each from 32 KiB on.
fn optical(head: &[u8]) -> Option<Filesystem> {
    let descriptors = head.get(0x8000..)?.chunks(2048).map(|sector| sector.get(1..6).unwrap_or_default());
    let mut iso = false;
    for descriptor in descriptors {
        match descriptor {
            b"CD001" => iso = true,
            // A disc of both kinds has all its files in UDF: that of Windows Setup, for one.
            b"NSR02" | b"NSR03" => return Some(Filesystem::Udf),
            b"BEA01" => {}
            _ => break,
        }
    }
    iso.then_some(Filesystem::Iso9660)
}

/// Linux `Documentation/filesystems/ext4/super.rst`.
fn ext(head: &[u8]) -> Result<Option<Filesystem>, Error> {
    const WHAT: &str = "ext superblock";
    const JOURNAL: u32 = 0x4;
    /// Extents, 64-bit blocks, flexible block groups, checksums as seed, inline data: what ext3 has not.
    const EXT4: u32 = 0x40 | 0x80 | 0x200 | 0x2000 | 0x8000;
    let f = Fields::new(head.get(1024..).unwrap_or_default(), 1024);
    if f.u16(0x38, WHAT)? != 0xef53 || f.u32(0x18, WHAT)? > 6 || f.u32(0, WHAT)? == 0 || f.u32(4, WHAT)? == 0 {
        return Ok(None);
    }
    Ok(Some(match (f.u32(0x5c, WHAT)?, f.u32(0x60, WHAT)?) {
        (_, incompatible) if incompatible & EXT4 != 0 => Filesystem::Ext4,
        (compatible, _) if compatible & JOURNAL != 0 => Filesystem::Ext3,
        _ => Filesystem::Ext2,
    }))
}

/// Whether this is VMFS: its volume header is at 1 MiB (vmfs-tools, `vmfs_lvm.h`).
pub(super) fn is_vmfs(volume: &dyn ReadAt) -> io::Result<bool> {
    let mut magic = [0u8; 4];
    Ok(volume.fill_at(1 << 20, &mut magic)? == 0xc001_d00d_u32.to_le_bytes())
}
