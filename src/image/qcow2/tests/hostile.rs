//! What is refused, and what is an error.

use super::*;

#[test]
fn features_that_are_not_known_are_refused_by_name() {
    let mut image = Image::new(3, 9, 512);
    let mut names = vec![0u8; 96];
    names[..8].copy_from_slice(b"\x01\x21compat");
    names[48..56].copy_from_slice(b"\x00\x21new\x1b\"x");
    image.be64(72, 1 << 33).extensions(&[(0x6803_f857, &names)]);
    assert!(image.refusal().contains("feature bit 33 (\"new\\x1b\\\"x\")"), "{}", image.refusal());
    assert!(Image::new(3, 9, 512).be64(72, 1 << 63).refusal().contains("feature bit 63 is not known"));
    assert!(Image::new(3, 9, 512).be64(72, 2).refusal().contains("corrupt"));
    assert!(Image::new(3, 9, 512).be32(32, 1).refusal().contains("encrypted (AES)"));
    assert!(Image::new(2, 9, 512).be32(32, 2).refusal().contains("encrypted (LUKS)"));
    assert!(Image::new(3, 9, 512).be32(32, 7).refusal().contains("unknown method 7"));
    assert!(Image::new(1, 9, 512).refusal().contains("version 1"));
    assert!(Image::new(4, 9, 512).refusal().contains("version 4"));
    assert!(Image::new(3, 9, 512).be64(72, 8).put(104, &[2]).refusal().contains("compression type 2"));
    assert!(Image::new(3, 9, 512).be64(72, 8).refusal().contains("compression type"));
    assert!(Image::new(3, 9, 512).put(104, &[1]).refusal().contains("compression type"));
    // Those that others may ignore are ignored.
    assert!(Image::new(3, 9, 512).be64(80, 1).be64(88, 1).open(&Folder::default()).is_ok());
    let dirty = Image::new(3, 9, 512).be64(72, 1).be32(60, 1).open(&Folder::default()).unwrap();
    assert!(dirty.notes[0].contains("not closed cleanly") && dirty.notes[1].contains("1 internal snapshot:"));
}

#[test]
fn hostile_headers_are_refused() {
    for bits in [0, 8, 22, 63, u32::MAX] {
        assert!(Image::new(3, 9, 512).be32(20, bits).refusal().contains("cluster bits"));
    }
    // The disk needs more L1 entries than there are, or than the file has; the table is at no cluster or past the end.
    assert!(Image::new(3, 9, u64::MAX).refusal().contains("entries of the L1 table"));
    assert!(Image::new(3, 9, 1 << 40).be32(36, u32::MAX).refusal().contains("L1 table offset"));
    for offset in [0, 513, 11 * 512, u64::MAX - 511] {
        assert!(Image::new(3, 9, 512).be64(40, offset).refusal().contains("L1 table offset"));
    }
    for len in [0, 103, 108, 1024, u32::MAX] {
        assert!(Image::new(3, 9, 512).be32(100, len).refusal().contains("header length"));
    }
    // Extensions that are too long, or there twice.
    assert!(Image::new(3, 9, 512).be32(112, 5).be32(116, u32::MAX).refusal().contains("header extension"));
    let twice = Image::new(3, 9, 512).extensions(&[(0xe279_2aca, b"raw"), (0xe279_2aca, b"raw")]).refusal();
    assert!(twice.contains("a second one"), "{twice}");
    // Names that are too long, past the first cluster, or no text.
    for (at, len) in [(400, 1024), (400, 0), (510, 3), (u64::MAX, 3)] {
        assert!(Image::new(3, 9, 512).backing("x").be64(8, at).be32(16, len).refusal().contains("backing file name"));
    }
    assert!(Image::new(3, 9, 512).backing("x\0y").refusal().contains("zero byte"));
    assert!(Image::new(3, 9, 512).backing("x").put(400, &[0xff]).refusal().contains("UTF-8"));
    let mut short = Image::new(3, 9, 512);
    for len in [4, 8, 71, 103] {
        short.bytes.truncate(len);
        assert!(!short.refusal().is_empty());
        short = Image::new(3, 9, 512);
    }
    // An empty disk needs no tables.
    assert!(Image::new(3, 9, 0).be32(36, 0).be64(40, 0).read().unwrap().is_empty());
}

#[test]
fn hostile_tables_are_errors_not_zeros() {
    // The L2 table: reserved bits, at no cluster, past the end.
    for entry in [1u64, 1 << 56, 1024 + 1, 1 << 40, 0x00ff_ffff_ffff_fe00, 4096 * 2 + 512] {
        let mut image = Image::new(3, 12, 4096);
        assert!(image.be64(4096, entry).read().is_err(), "{entry:x}");
    }
    for entry in [2u64, 1 << 56, 4096 + 512, L2_FLAG, 11 * 4096, 1 << 50] {
        let mut image = Image::new(3, 12, 4096);
        assert!(image.l2(0, entry).read().is_err(), "{entry:x}");
    }
    // A cluster that the file has no longer, and an L2 table that it has in part.
    let mut image = Image::new(3, 12, 4096);
    let host = image.host(10);
    image.l2(0, host).bytes.truncate(10 * 4096 + 100);
    let error = image.read().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains("the file ends within the cluster at 0xa000"), "{error}");
    let mut image = Image::new(3, 12, 300 * 4096);
    image.bytes.truncate(2 * 4096 + 1024);
    let disk = image.open(&Folder::default()).unwrap();
    let mut bytes = [0u8; 512];
    assert_eq!(disk.bytes.read_at(0, &mut bytes).unwrap(), 512);
    assert!(disk.bytes.read_at(200 * 4096, &mut bytes).is_err());
    // What comes before the damage can be read.
    let mut image = Image::new(3, 12, 3 * 4096);
    let host = image.host(4);
    image.l2(0, host).l2(1, 2);
    let disk = image.open(&Folder::default()).unwrap();
    assert_eq!(disk.bytes.read_at(4000, &mut bytes[..96]).unwrap(), 96);
    assert!(disk.bytes.read_at(4000, &mut bytes[..97]).is_err());
    assert_eq!(disk.bytes.read_at(2 * 4096, &mut bytes).unwrap(), 512);
}
