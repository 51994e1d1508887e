//! Kinds that could hold a Windows machine. Where no source stands beside a mark, it is that of the program that writes the
//! format.

use super::{Row, checks};
use crate::image::{Filesystem, SESPARSE};

const UNPACK: &str = "unpack it, and name what comes out";
const CONVERT: &str = "convert it with qemu-img (convert -O raw), and name the image that comes out";
const MOUNT: &str = "mount it, and name the folder";
const RESTORE: &str = "restore the disk with the program that wrote it, and name the disk image";
const EXPORT: &str = "export the files from it with the program that wrote it, and name their folder";
const AGAIN: &str = "copy or make it again: it does not hold what its name says";

/// In the order in which they are asked. What one ending could mean in several rows, the first one means.
pub(super) const ROWS: &[Row] = &[
    // Optical discs and volumes.
    Row::machine("iso-9660", "ISO 9660 image", MOUNT).volumes(&[Filesystem::Iso9660]).endings(&[".iso"]),
    Row::machine("udf", "UDF image", MOUNT).volumes(&[Filesystem::Udf]).endings(&[".udf"]),
    Row::machine("bitlocker", "BitLocker volume", "decrypt it with its key, and name the volume that comes out")
        .volumes(&[Filesystem::BitLocker { to_go: false }, Filesystem::BitLocker { to_go: true }]),
    Row::machine("luks", "LUKS volume", "decrypt it with its key, and name the disk that comes out")
        .volumes(&[Filesystem::Luks])
        .endings(&[".luks"]),
    Row::machine("refs", "ReFS volume", MOUNT).volumes(&[Filesystem::Refs]),
    Row::machine("lvm", "LVM2 physical volume", "activate its volumes, copy them out, and name the copies")
        .volumes(&[Filesystem::Lvm]),
    Row::machine("ldm", "database of dynamic disks", "name the whole disks that it belongs to")
        .volumes(&[Filesystem::Ldm]),
    Row::machine("vmfs", "VMFS volume", "copy the virtual machines' disks out of it, and name them")
        .volumes(&[Filesystem::Vmfs]),
    Row::machine("ext", "ext2, ext3 or ext4 volume", MOUNT).volumes(&[
        Filesystem::Ext2,
        Filesystem::Ext3,
        Filesystem::Ext4,
    ]),
    Row::machine("xfs", "XFS volume", MOUNT).volumes(&[Filesystem::Xfs]),
    Row::machine("btrfs", "Btrfs volume", MOUNT).volumes(&[Filesystem::Btrfs]),
    Row::machine("apfs", "APFS container", MOUNT).volumes(&[Filesystem::Apfs]),
    Row::machine("hfs-plus", "HFS+ volume", MOUNT).volumes(&[Filesystem::HfsPlus]),
    Row::machine("squashfs", "SquashFS image", MOUNT).volumes(&[Filesystem::SquashFs]).endings(&[".sfs", ".squashfs"]),
    Row::machine(
        "veracrypt",
        "VeraCrypt or TrueCrypt volume",
        "decrypt it with its key, and name the volume that comes out",
    )
    .endings(&[".hc"])
    .weak_endings(&[".tc"]),
    // Backups of virtual machines.
    // pve-qemu, "vma_spec.txt": the mark, and version 1.
    Row::machine("vma", "Proxmox backup (VMA)", "unpack it (vma extract), and name the disk images that come out")
        .marks(&[&[(0, b"VMA\0\0\0\0\x01")]])
        .endings(&[".vma"]),
    // proxmox-backup, `pbs-datastore/src/file_formats.rs`.
    Row::machine(
        "proxmox-backup-server",
        "index of a Proxmox Backup Server",
        "restore the disk with proxmox-backup-client, and name the disk image",
    )
    .marks(&[&[(0, &[47, 127, 65, 237, 145, 253, 15, 205])], &[(0, &[28, 145, 78, 165, 25, 186, 179, 205])]])
    .endings(&[".fidx", ".didx", ".pxar"]),
    Row::machine("veeam", "Veeam backup (VBK, VIB, VRB)", "restore the disks from it with Veeam, and name them")
        .check(checks::veeam)
        .endings(&[".vbk", ".vib", ".vrb"]),
    Row::machine("xva", "XenServer export (XVA)", "import it, export its disks as VHD, and name them")
        .marks(&[&[(0, b"ova.xml\0"), (257, b"ustar")]])
        .endings(&[".xva"]),
    // Disk images.
    // QEMU, "Parallels Expandable Image File Format".
    Row::machine("parallels", "Parallels disk image (HDD)", CONVERT)
        .marks(&[&[(0, b"WithoutFreeSpace")], &[(0, b"WithouFreSpacExt")]])
        .endings(&[".hdd", ".hds"]),
    Row::machine(
        "vmdk-sesparse",
        "VMDK, space-efficient sparse",
        "copy the disk with vmkfstools -i on the host that it is from, and name the copy",
    )
    .marks(&[&[(0, &SESPARSE)]]),
    Row::machine("qed", "QED disk image", CONVERT).marks(&[&[(0, b"QED\0")]]).check(checks::qed).endings(&[".qed"]),
    Row::machine("bochs", "Bochs disk image", CONVERT).marks(&[&[(0, b"Bochs Virtual HD Image")]]),
    Row::machine("uml-cow", "User-mode Linux COW image", CONVERT).marks(&[
        &[(0, b"OOOM\0\0\0\x01")],
        &[(0, b"OOOM\0\0\0\x02")],
        &[(0, b"OOOM\0\0\0\x03")],
    ]),
    Row::machine("cloop", "compressed loop image (cloop)", CONVERT).marks(&[&[(0, b"#!/bin/sh\n#V2.0 Format\n")]]),
    Row::machine("dmg", "Apple disk image (DMG)", CONVERT).check(checks::dmg).endings(&[".dmg"]),
    Row::machine("sparseimage", "Apple sparse disk image", CONVERT)
        .marks(&[&[(0, b"sprs\0\0\0\x03")]])
        .endings(&[".sparseimage"]),
    Row::machine(
        "dmg-encrypted",
        "encrypted Apple disk image",
        "decrypt it with its key, and name the disk that comes out",
    )
    .marks(&[&[(0, b"encrcdsa\0\0\0\x02")]]),
    // AFFLIB, `lib/afflib.h`: AFF_HEADER.
    Row::machine("aff", "AFF image", "convert it to a raw image (affconvert -r), and name what comes out")
        .marks(&[&[(0, b"AFF10\r\n\0")]])
        .endings(&[".aff"]),
    Row::machine(
        "aff4",
        "AFF4 image",
        "export a raw image from it with the program that wrote it, and name that image",
    )
    .check(checks::aff4)
    .endings(&[".aff4"]),
    Row::machine(
        "ex01",
        "EnCase image, version 2 (Ex01)",
        "convert it to E01 or to a raw image, and name what comes out",
    )
    .marks(&[&[(0, b"EVF2\x0d\x0a\x81\x00")]])
    .endings(&[".ex01"]),
    Row::machine("l01", "EnCase logical evidence file (L01, Lx01)", EXPORT)
        .marks(&[&[(0, b"LVF\x09\x0d\x0a\xff\x00")], &[(0, b"LEF2\x0d\x0a\x81\x00")]])
        .endings(&[".l01", ".lx01"]),
    Row::machine("ad1", "AD1 logical image", EXPORT)
        .marks(&[&[(0, b"ADSEGMENTEDFILE\0")], &[(0, b"ADCRYPT\0")]])
        .endings(&[".ad1"]),
    Row::machine(
        "wim",
        "WIM image (WIM, ESD, SWM)",
        "apply it to a folder (DISM, wimlib-imagex apply), and name the folder",
    )
    .marks(&[&[(0, b"MSWIM\0\0\0")], &[(0, b"WLPWM\0\0\0")]])
    .endings(&[".wim", ".esd", ".swm"]),
    // Microsoft, "Windows FFU image format": the security header is 32 bytes long, and says so first.
    Row::machine("ffu", "full flash update image (FFU)", "apply it to a disk (DISM), and name the disk")
        .marks(&[&[(0, b"\x20\0\0\0SignedImage ")]])
        .endings(&[".ffu"]),
    // Volumes and disks, cloned.
    Row::machine(
        "partclone",
        "partclone image",
        "restore it to a raw image (partclone.restore -C), and name that image",
    )
    .marks(&[&[(0, b"partclone-image")]])
    .endings(&["-ptcl-img"]),
    Row::machine("ntfsclone", "ntfsclone image", "restore it to a raw image (ntfsclone -r -O), and name that image")
        .marks(&[&[(0, b"\0ntfsclone-image")]])
        .endings(&[".ntfs-img"]),
    Row::machine("fsarchiver", "fsarchiver archive", RESTORE)
        .marks(&[&[(0, b"FsA0")]])
        .check(checks::fsarchiver)
        .endings(&[".fsa"]),
    // OpenZFS, `include/sys/zfs_ioctl.h`: DMU_BACKUP_MAGIC in the first record, whose type is 0.
    Row::machine("zfs-send", "ZFS send stream", "receive it, and name the disk or the folder that comes out")
        .marks(&[&[(0, &[0; 4]), (8, b"\xac\xcb\xba\xf5\x02\0\0\0")]]),
    Row::machine("btrfs-send", "Btrfs send stream", "receive it, and name the folder that comes out")
        .marks(&[&[(0, b"btrfs-stream\0")]]),
    Row::machine("rbd-diff", "difference between Ceph disk images", "import it to its base, and name the disk")
        .marks(&[&[(0, b"rbd diff v1\n")], &[(0, b"rbd diff v2\n")]]),
    Row::machine("mtf", "backup in Microsoft Tape Format (BKF)", RESTORE)
        .marks(&[&[(0, b"TAPE")]])
        .check(checks::mtf_of_files)
        .endings(&[".bkf"]),
    Row::machine("ghost", "Ghost image", RESTORE)
        .marks(&[&[(0, b"\xfe\xef\x01")], &[(0, b"\xfe\xef\x02")]])
        .check(|seen| seen.byte(3).is_some_and(|compression| compression <= 10))
        .endings(&[".gho", ".ghs"]),
    Row::machine("acronis", "Acronis backup (TIB)", RESTORE)
        .marks(&[&[(0, b"\xb4\x6e\x68\x44")]])
        .endings(&[".tib", ".tibx"]),
    Row::machine("macrium", "Macrium Reflect image", RESTORE).endings(&[".mrimg", ".mrimgx", ".mrbak"]),
    Row::machine("disk-backup", "backup of a disk", RESTORE)
        .endings(&[".v2i", ".iv2i", ".sv2i", ".spf", ".pbd", ".adi", ".afi", ".pbf", ".pvhd", ".omg", ".vhdz", ".nrg"])
        .weak_endings(&[".spi", ".sna"]),
    // Archives and compressed data.
    Row::machine("7z", "7z archive", UNPACK).marks(&[&[(0, b"7z\xbc\xaf\x27\x1c")]]).endings(&[".7z", ".7z.001"]),
    Row::machine("rar", "RAR archive", UNPACK)
        .marks(&[&[(0, b"Rar!\x1a\x07\0")], &[(0, b"Rar!\x1a\x07\x01\0")]])
        .endings(&[".rar"]),
    Row::machine("cab", "cabinet file", UNPACK).marks(&[&[(0, b"MSCF\0\0\0\0")]]),
    Row::machine("xz", "data compressed by xz", UNPACK).marks(&[&[(0, b"\xfd7zXZ\0")]]).endings(&[".xz", ".txz"]),
    Row::machine("bzip2", "data compressed by bzip2", UNPACK)
        .marks(&[&[(0, b"BZh"), (4, b"\x31\x41\x59\x26\x53\x59")], &[(0, b"BZh"), (4, b"\x17\x72\x45\x38\x50\x90")]])
        .check(|seen| seen.byte(3).is_some_and(|level| (b'1'..=b'9').contains(&level)))
        .endings(&[".bz2", ".tbz", ".tbz2"]),
    Row::machine("lz4", "data compressed by lz4", UNPACK)
        .marks(&[&[(0, b"\x04\x22\x4d\x18")], &[(0, b"\x02\x21\x4c\x18")]])
        .endings(&[".lz4"]),
    Row::machine("lzop", "data compressed by lzop", UNPACK)
        .marks(&[&[(0, b"\x89LZO\0\x0d\x0a\x1a\x0a")]])
        .endings(&[".lzo"]),
    Row::machine("lzip", "data compressed by lzip", UNPACK)
        .marks(&[&[(0, b"LZIP\0")], &[(0, b"LZIP\x01")]])
        .endings(&[".lz", ".tlz"]),
    Row::machine("compress", "data compressed by compress", UNPACK)
        .marks(&[&[(0, b"\x1f\x9d")]])
        .check(checks::compress),
    Row::machine("cpio", "cpio archive", UNPACK)
        .marks(&[&[(0, b"070701")], &[(0, b"070702")], &[(0, b"070707")]])
        .check(checks::cpio)
        .endings(&[".cpio"]),
    Row::machine("xar", "xar archive", UNPACK).marks(&[&[(0, b"xar!\0\x1c\0\x01")]]).endings(&[".xar"]),
    Row::machine("zpaq", "zpaq archive", UNPACK)
        .marks(&[&[(0, b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3")], &[(0, b"zPQ\x01\x01")], &[(0, b"zPQ\x02\x01")]])
        .endings(&[".zpaq"]),
    Row::machine("lha", "LHA archive", UNPACK)
        .marks(&[&[(2, b"-lh"), (6, b"-")], &[(2, b"-lz"), (6, b"-")]])
        .check(|seen| seen.byte(5).is_some_and(|method| method.is_ascii_alphanumeric()))
        .endings(&[".lzh", ".lha"]),
    // What is read, where it is what it is called.
    Row::machine("vhd", "VHD disk image", AGAIN).endings(&[".vhd", ".avhd"]),
    Row::machine("vhdx", "VHDX disk image", AGAIN).endings(&[".vhdx", ".avhdx"]),
    Row::machine("vmdk", "VMDK disk image", AGAIN).endings(&[".vmdk"]),
    Row::machine("qcow2", "QCOW2 disk image", AGAIN).endings(&[".qcow2", ".qcow"]),
    Row::machine("vdi", "VDI disk image", AGAIN).endings(&[".vdi"]),
    Row::machine("ewf", "EWF image (E01)", AGAIN).endings(&[".e01", ".s01"]),
    Row::machine(
        "raw",
        "raw disk image",
        "see whether it is encrypted, cut off or empty: nothing in it says that it is a disk or a volume",
    )
    .endings(&[".img"])
    .weak_endings(&[".raw", ".dd", ".001"]),
    Row::machine("ova", "OVA archive", AGAIN).endings(&[".ova"]),
    Row::machine("zip", "zip archive", AGAIN).endings(&[".zip"]),
    Row::machine("tar", "tar archive", AGAIN).endings(&[".tar"]),
    Row::machine("gzip", "gzip archive", AGAIN).endings(&[".gz", ".tgz"]),
    Row::machine("zstd", "zstd archive", AGAIN).endings(&[".zst", ".tzst"]),
    Row::machine("hive", "registry hive", AGAIN).endings(&[".hive", ".hiv"]),
    Row::machine("reg-file", ".reg file", AGAIN).endings(&[".reg"]),
];
