use super::*;

/// Zeros with these bytes in them.
fn volume(len: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0u8; len];
    for (at, part) in parts {
        bytes[*at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

fn told(parts: &[(usize, &[u8])]) -> Filesystem {
    recognise(&volume(0x1_1000, parts)).unwrap()
}

const END: (usize, &[u8]) = (510, b"\x55\xaa");

/// The boot sector of an NTFS volume of `sectors` sectors of `size` bytes.
fn ntfs(size: u16, sectors: u64) -> Vec<u8> {
    let fields = [
        (3, &b"NTFS    "[..]),
        (11, &size.to_le_bytes()),
        (13, &[8]),
        (40, &sectors.to_le_bytes()),
        (48, &4u64.to_le_bytes()),
        (56, &2u64.to_le_bytes()),
        END,
    ];
    volume(512, &fields)
}

fn fat(per_cluster: u8, reserved: u16, roots: u16, small: u16, large: u32, per_fat: u16) -> Vec<u8> {
    let fields = [
        (0, &b"\xeb\x3c\x90mkfs.fat\x00\x02"[..]),
        (13, &[per_cluster]),
        (14, &reserved.to_le_bytes()),
        (16, &[2]),
        (17, &roots.to_le_bytes()),
        (19, &small.to_le_bytes()),
        (21, &[0xf8]),
        (22, &per_fat.to_le_bytes()),
        (32, &large.to_le_bytes()),
        (36, &100u32.to_le_bytes()),
        END,
    ];
    volume(512, &fields)
}

#[test]
fn ntfs_needs_fields_that_fit() {
    assert_eq!(told(&[(0, &ntfs(512, 1000))]), Filesystem::Ntfs);
    assert_eq!(told(&[(0, &ntfs(4096, 1000))]), Filesystem::Ntfs);
    for (at, bad) in [
        (11, &[1u8, 2][..]),
        (11, &[0, 0x20]),
        (13, &[0]),
        (13, &[3]),
        (14, &[1]),
        (16, &[2]),
        (17, &[1]),
        (19, &[1]),
        (40, &[0; 8]),
        (40, &[0xff; 8]),
        (48, &[0; 8]),
        (48, &[0xff; 8]),
        (56, &[0xff; 8]),
        (510, &[0]),
    ] {
        assert_eq!(told(&[(0, &ntfs(512, 1000)), (at, bad)]), Filesystem::Unknown, "{at} {bad:?}");
    }
    // Clusters of 2 MiB: a negative power of two.
    let large = [(0, &ntfs(512, 1 << 24)[..]), (13, &[0xf4])];
    assert_eq!(told(&large), Filesystem::Ntfs);
}

#[test]
fn ntfs_is_told_by_its_copy_at_the_end_and_no_other() {
    let with = |len: usize, at: usize, sector: &[u8], start: &[u8]| {
        recognise(&volume(len, &[(at, sector), (0, start)])).unwrap()
    };
    let copy = ntfs(512, 255);
    assert_eq!(with(256 * 512, 255 * 512, &copy, &[]), Filesystem::Ntfs);
    assert_eq!(with(256 * 512, 255 * 512, &copy, b"garbage"), Filesystem::Ntfs);
    assert_eq!(with(64 * 4096, 63 * 4096, &ntfs(4096, 63), &[]), Filesystem::Ntfs);
    // Of a volume that starts elsewhere, as the last partition of a disk does.
    assert_eq!(with(356 * 512, 355 * 512, &copy, &[1]), Filesystem::Unknown);
    assert_eq!(with(257 * 512, 255 * 512, &copy, &[]), Filesystem::Empty);
    // A remnant below another file system.
    assert_eq!(with(256 * 512, 255 * 512, &copy, b"XFSB"), Filesystem::Xfs);
}

#[test]
fn bitlocker_in_both_forms() {
    let guid = b"\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01";
    assert_eq!(told(&[(3, b"-FVE-FS-"), (160, guid), END]), Filesystem::BitLocker { to_go: false });
    assert_eq!(told(&[(3, b"-FVE-FS-")]), Filesystem::BitLocker { to_go: false });
    let fat32 = fat(8, 32, 0, 0, 1_000_000, 0);
    assert_eq!(told(&[(0, &fat32), (3, b"MSWIN4.1"), (0x1a8, guid)]), Filesystem::BitLocker { to_go: true });
    assert_eq!(told(&[(0, &fat32), (3, b"MSWIN4.1")]), Filesystem::Fat32);
}

#[test]
fn fat_by_its_number_of_clusters() {
    assert_eq!(told(&[(0, &fat(1, 1, 224, 2880, 0, 9))]), Filesystem::Fat12);
    assert_eq!(told(&[(0, &fat(4, 4, 512, 0, 81920, 80))]), Filesystem::Fat16);
    assert_eq!(told(&[(0, &fat(1, 32, 0, 0, 163_840, 0))]), Filesystem::Fat32);
    for (at, bad) in [(0, &[0u8][..]), (11, &[0, 0]), (13, &[0]), (14, &[0, 0]), (16, &[0]), (21, &[1]), (510, &[0])] {
        assert_eq!(told(&[(0, &fat(1, 1, 224, 2880, 0, 9)), (at, bad)]), Filesystem::Unknown, "{at}");
    }
    assert_eq!(told(&[(0, &fat(1, 1, 224, 10, 0, 9))]), Filesystem::Unknown);
}

#[test]
fn the_others_by_their_signatures() {
    let ext = |compatible: u8, incompatible: u8| {
        told(&[(1024, &[1; 8]), (1080, b"\x53\xef"), (1024 + 0x5c, &[compatible]), (1024 + 0x60, &[incompatible])])
    };
    assert_eq!((ext(0, 2), ext(4, 2), ext(4, 0x42)), (Filesystem::Ext2, Filesystem::Ext3, Filesystem::Ext4));
    assert_eq!(told(&[(1080, b"\x53\xef")]), Filesystem::Unknown);
    for (parts, kind) in [
        (&[(3, &b"ReFS\0\0\0\0"[..]), (16, b"FSRS")][..], Filesystem::Refs),
        (&[(3, b"EXFAT   "), END], Filesystem::ExFat),
        (&[(3, b"EXFAT   "), (12, b"\x02")], Filesystem::Unknown),
        (&[(0, b"XFSB")], Filesystem::Xfs),
        (&[(0, b"LUKS\xba\xbe\0\x02")], Filesystem::Luks),
        (&[(0, b"hsqs")], Filesystem::SquashFs),
        (&[(32, b"NXSB")], Filesystem::Apfs),
        (&[(512, b"LABELONE"), (536, b"LVM2 001")], Filesystem::Lvm),
        (&[(1024, b"TOCBLOCK")], Filesystem::Ldm),
        (&[(1024, b"H+\0\x04")], Filesystem::HfsPlus),
        (&[(1024, b"HX\0\x05")], Filesystem::HfsPlus),
        (&[(4086, b"SWAPSPACE2")], Filesystem::Swap),
        (&[(65526, b"SWAPSPACE2")], Filesystem::Swap),
        (&[(0x10040, b"_BHRfS_M")], Filesystem::Btrfs),
        (&[(0x8001, b"CD001"), (0x8801, b"CD001")], Filesystem::Iso9660),
        (&[(0x8001, b"CD001"), (0x8801, b"BEA01"), (0x9001, b"NSR02")], Filesystem::Udf),
        (&[(0x8001, b"BEA01"), (0x8801, b"NSR03")], Filesystem::Udf),
        (&[(0x8801, b"CD001")], Filesystem::Unknown),
        (&[(700, b"x")], Filesystem::Unknown),
    ] {
        assert_eq!(told(parts), kind, "{parts:?}");
    }
    assert_eq!(recognise(&volume((1 << 20) + 4, &[(1 << 20, b"\x0d\xd0\x01\xc0")])).unwrap(), Filesystem::Vmfs);
}

#[test]
fn a_volume_may_be_short() {
    for len in [0, 1, 511, 512, 1025, 1100, 0x8001, 0x10041] {
        assert_eq!(recognise(&vec![0u8; len]).unwrap(), Filesystem::Empty);
        let unknown = recognise(&vec![0xffu8; len]).unwrap();
        assert_eq!(unknown, if len == 0 { Filesystem::Empty } else { Filesystem::Unknown });
    }
}

#[test]
fn what_is_not_seen_can_hold_windows() {
    let hidden = [Filesystem::BitLocker { to_go: true }, Filesystem::Refs, Filesystem::Lvm, Filesystem::Unknown];
    assert!(hidden.iter().all(|kind| kind.can_hold_windows()));
    let seen = [Filesystem::Ntfs, Filesystem::Fat32, Filesystem::Ext4, Filesystem::Empty, Filesystem::Udf];
    assert!(!seen.iter().any(|kind| kind.can_hold_windows()));
    assert_eq!(Filesystem::BitLocker { to_go: false }.to_string(), "BitLocker");
    assert_eq!(Filesystem::Lvm.to_string(), "LVM2 physical volume");
}
