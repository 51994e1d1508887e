//! What is refused, and what is an error.

use super::*;

#[test]
fn parts_of_a_disk_alone_are_refused() {
    let mut empty = sparse();
    put(&mut empty, 512, &[0; 2048]);
    for bytes in [extent(""), empty, SESPARSE.to_vec(), b"COWD".to_vec()] {
        assert!(Folder::default().refusal(bytes).contains("its descriptor in another file"));
    }
}

#[test]
fn forms_that_are_not_read_are_refused() {
    let folder = Folder::default().with("x", vec![0; 4096]);
    for (lines, why) in [
        ("RW 1 SESPARSE \"x\"", "SESPARSE"),
        ("RW 1 VMFSRDM \"x\"", "device"),
        ("RW 1 VMFSRAW \"x\"", "device"),
        ("RW 1 FLAT \"\\\\.\\PhysicalDrive0\" 0", "device"),
        ("RW 1 VMFS \"vsan://1234\"", "device"),
        ("createType=\"fullDevice\"\nRW 1 FLAT \"x\" 0", "device"),
        ("createType=\"VMFSpassthroughRawDeviceMap\"\nRW 1 VMFS \"x\"", "device"),
        ("RW 1 NEW \"x\"", "type \"NEW\""),
        ("encryption.keySafe = \"vmware:key/list\"\nRW 1 ZERO", "encrypted"),
        ("Encryption.data=x\nRW 1 ZERO", "encrypted"),
        ("encoding=\"klingon\"\nRW 1 FLAT \"\u{fc}\"", "klingon"),
        ("RW 1 SPARSE \"x\"", "a sparse extent"),
        ("RW 1 FLAT \"absent\"", "not there"),
    ] {
        let error = folder.refusal(text(lines));
        assert!(error.contains(why), "{lines}: {error}");
    }
    assert!(folder.refusal(text("RW 1 ZERO").replace("version=1", "version=9")).contains("version \"9\""));
    assert!(folder.refusal(text("RW 1 ZERO") + &"#".repeat(1 << 20)).contains("limit"));
}

#[test]
fn descriptors_that_do_not_parse_are_errors() {
    for lines in [
        "",
        "RW 1 FLAT",
        "RW 1 FLAT x",
        "RW 1 FLAT \"x",
        "RW 1 FLAT \"\"",
        "RW -1 ZERO",
        "RW ZERO",
        "RW 1",
        "RW 1 SPARSE \"x\" 7",
        "RW 1 FLAT \"x\" y",
        "WR 1 ZERO",
        "CID=1\nRW 1 ZERO",
        "parentCID=12345678\nRW 1 ZERO",
        "RW 36028797018963968 ZERO",
        "RW 20000000000000000 ZERO\nRW 20000000000000000 ZERO",
    ] {
        assert!(Folder::default().with("x", "").disk(text(lines)).is_err(), "{lines}");
    }
    for cid in ["CID=", "CID=+1", "CID=123456789", "CID=xyz"] {
        assert!(Folder::default().disk(text("RW 1 ZERO").replace("CID=0000abcd", cid)).is_err(), "{cid}");
    }
    assert!(Folder::default().disk(text(&"RW 1 ZERO\n".repeat(4097))).is_err());
    assert!(Folder::default().disk(text(&"RW 1 ZERO\n".repeat(4096))).is_ok());
}

#[test]
fn names_are_decoded_as_the_descriptor_says() {
    let lines = "RW 1 FLAT \"d\u{fc}.vmdk\"";
    let folder = Folder::default().with("d\u{fc}.vmdk", vec![5; 512]);
    let one_byte = |text: String| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<_>>();
    let named = |encoding: &str| text(&format!("encoding=\"{encoding}\"\n{lines}"));
    for bytes in [text(lines).into_bytes(), named("UTF-8").into_bytes(), one_byte(named("windows-1252"))] {
        assert_eq!(read(&folder.disk(bytes).unwrap()).unwrap(), [5; 512]);
    }
    assert!(folder.refusal(one_byte(text(lines))).contains("UTF-8"));
}

#[test]
fn hostile_headers_are_refused() {
    let with = |at: usize, what: &[u8]| {
        let mut bytes = sparse();
        put(&mut bytes, at, what);
        Folder::default().refusal(bytes)
    };
    assert!(with(4, &[4]).contains("version 4"));
    assert!(with(8, &[0x0b]).contains("flags 0x8"));
    assert!(with(73, b"\n \n\0").contains("transfer as text"));
    assert!(with(77, &[1]).contains("compression 1"));
    assert!(with(77, &[2]).contains("compression 2"));
    assert!(with(10, &[1]).contains("compression 0"));
    for grain in [0u64, 3, 1 << 22, u64::MAX] {
        assert!(with(20, &grain.to_le_bytes()).contains("sectors of a grain"));
    }
    assert!(with(12, &u64::MAX.to_le_bytes()).contains("capacity"));
    assert!(with(12, &(1u64 << 50).to_le_bytes()).contains("grain directory"));
    assert!(with(12, &136u64.to_le_bytes()).contains("capacity of an extent"));
    assert!(with(44, &[0, 0]).contains("grain tables of 0"));
    for sector in [0u64, 64, 1 << 60, u64::MAX] {
        assert!(with(56, &sector.to_le_bytes()).contains("grain directory"));
    }
    assert!(with(28, &u64::MAX.to_le_bytes()).contains("descriptor"));
    assert!(with(36, &u64::MAX.to_le_bytes()).contains("limit"));
    assert!(with(512, b"text").contains("# Disk DescriptorFile"));
    let two = text("RW 64 SPARSE \"x\"\nRW 64 SPARSE \"y\"");
    assert!(with(512, &[two.as_bytes(), &[0; 99]].concat()).contains("lists 2 extents"));
    let mut large = stream();
    let end = large.len() - 1024;
    for at in [20, end + 20] {
        put(&mut large, at, &8192u64.to_le_bytes());
    }
    assert!(Folder::default().refusal(large).contains("compressed grain"));
    for len in [4, 79, 511] {
        assert!(Folder::default().disk(&sparse()[..len]).is_err());
    }
}

#[test]
fn hostile_tables_are_errors_not_zeros() {
    for (at, value) in [(5 * 512, 64u32), (5 * 512, u32::MAX), (6 * 512, 64), (6 * 512, u32::MAX), (6 * 512, 1)] {
        let mut bytes = sparse();
        put(&mut bytes, at, &value.to_le_bytes());
        assert!(read(&Folder::default().disk(bytes).unwrap()).is_err(), "{at} {value}");
    }
    // What comes before the damage can be read.
    let mut bytes = sparse();
    gte(&mut bytes, 1, u32::MAX);
    let disk = Folder::default().disk(bytes).unwrap();
    let mut grain = [0; GRAIN + 1];
    assert_eq!(disk.bytes.read_at(0, &mut grain[..GRAIN]).unwrap(), GRAIN);
    assert!(disk.bytes.read_at(0, &mut grain).is_err());
}
