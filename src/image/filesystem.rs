//! What a volume holds, by its first bytes.

mod boot;
mod superblock;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

use crate::read_at::ReadAt;

/// What a volume holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filesystem {
    /// NTFS.
    Ntfs,
    /// BitLocker drive encryption.
    BitLocker {
        /// Whether in the form for removable drives, which looks like FAT at first sight.
        to_go: bool,
    },
    /// ReFS.
    Refs,
    /// FAT with entries of 12 bits.
    Fat12,
    /// FAT with entries of 16 bits.
    Fat16,
    /// FAT with entries of 32 bits.
    Fat32,
    /// exFAT.
    ExFat,
    /// The second extended file system.
    Ext2,
    /// The third: with a journal.
    Ext3,
    /// The fourth: with extents.
    Ext4,
    /// XFS.
    Xfs,
    /// Btrfs.
    Btrfs,
    /// A container of APFS volumes.
    Apfs,
    /// HFS+ or HFSX.
    HfsPlus,
    /// A physical volume of Linux' logical volume manager.
    Lvm,
    /// Linux' disk encryption.
    Luks,
    /// The database of Windows dynamic disks.
    Ldm,
    /// VMware's file system.
    Vmfs,
    /// Linux swap space.
    Swap,
    /// The file system of CD-ROMs.
    Iso9660,
    /// The file system of DVDs.
    Udf,
    /// SquashFS.
    SquashFs,
    /// Zeros, as far as was looked.
    Empty,
    /// Nothing that is known.
    Unknown,
}

impl Filesystem {
    /// Whether a Windows installation may be inside that is not seen: encrypted, in a file system or volume manager that is
    /// not read, or in something unknown. Windows Vista and later install on NTFS alone (and boot from ReFS in newer builds).
    pub fn can_hold_windows(self) -> bool {
        use Filesystem as F;
        match self {
            F::BitLocker { .. } | F::Refs | F::Lvm | F::Luks | F::Ldm | F::Vmfs | F::Unknown => true,
            // What is inside NTFS is seen.
            F::Ntfs
            | F::Fat12
            | F::Fat16
            | F::Fat32
            | F::ExFat
            | F::Ext2
            | F::Ext3
            | F::Ext4
            | F::Xfs
            | F::Btrfs
            | F::Apfs
            | F::HfsPlus
            | F::Swap
            | F::Iso9660
            | F::Udf
            | F::SquashFs
            | F::Empty => false,
        }
    }

    /// Why it is not read, for people.
    pub fn why_not(self) -> &'static str {
        match self {
            Filesystem::BitLocker { .. } => "encrypted: decrypt it with its key, and give the volume that comes out",
            Filesystem::Luks => "encrypted: decrypt it, and give the disk that comes out",
            Filesystem::Lvm | Filesystem::Ldm => "volumes that a volume manager puts together are not read",
            Filesystem::Vmfs => "the disks of virtual machines in it are not read: copy them out",
            Filesystem::Unknown => "no file system that is known",
            _ => "this file system is not read",
        }
    }

    /// Whether it was told what the volume is.
    pub(super) fn is_known(self) -> bool {
        !matches!(self, Filesystem::Empty | Filesystem::Unknown)
    }
}

impl fmt::Display for Filesystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Filesystem::Ntfs => "NTFS",
            Filesystem::BitLocker { to_go: false } => "BitLocker",
            Filesystem::BitLocker { to_go: true } => "BitLocker To Go",
            Filesystem::Refs => "ReFS",
            Filesystem::Fat12 => "FAT12",
            Filesystem::Fat16 => "FAT16",
            Filesystem::Fat32 => "FAT32",
            Filesystem::ExFat => "exFAT",
            Filesystem::Ext2 => "ext2",
            Filesystem::Ext3 => "ext3",
            Filesystem::Ext4 => "ext4",
            Filesystem::Xfs => "XFS",
            Filesystem::Btrfs => "Btrfs",
            Filesystem::Apfs => "APFS",
            Filesystem::HfsPlus => "HFS+",
            Filesystem::Lvm => "LVM2 physical volume",
            Filesystem::Luks => "LUKS",
            Filesystem::Ldm => "LDM database",
            Filesystem::Vmfs => "VMFS",
            Filesystem::Swap => "Linux swap",
            Filesystem::Iso9660 => "ISO 9660",
            Filesystem::Udf => "UDF",
            Filesystem::SquashFs => "SquashFS",
            Filesystem::Empty => "empty",
            Filesystem::Unknown => "unknown",
        })
    }
}

/// Tells what a volume holds. NTFS whose boot sector does not end like one is told by its `$MFT`, and one whose boot sector is
/// damaged by the copy at the volume's end.
///
/// # Errors
/// When its first sectors cannot be read.
pub fn recognise(volume: &dyn ReadAt) -> io::Result<Filesystem> {
    let mut sector = [0u8; boot::LEN];
    if let Some(found) = boot::recognise(volume.fill_at(0, &mut sector)?) {
        return Ok(found);
    }
    if boot::is_ntfs(volume, 0, &sector) {
        return Ok(Filesystem::Ntfs);
    }
    let mut head = vec![0u8; superblock::HEAD];
    if let Some(found) = superblock::recognise(volume.fill_at(0, &mut head)?) {
        return Ok(found);
    }
    if superblock::is_vmfs(volume)? {
        return Ok(Filesystem::Vmfs);
    }
    if boot::has_ntfs_copy(volume)? {
        return Ok(Filesystem::Ntfs);
    }
    Ok(if head.iter().all(|&byte| byte == 0) { Filesystem::Empty } else { Filesystem::Unknown })
}

/// As [`recognise`], by the boot sector alone.
pub(super) fn recognise_boot(sector: &[u8]) -> Option<Filesystem> {
    boot::recognise(sector)
}
