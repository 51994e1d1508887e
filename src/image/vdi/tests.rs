use super::*;
use crate::image::mapped::testing::{Folder, all, open as open_with, part, put, refused};

/// A disk of 2,500 bytes in blocks of 1,024: in the file, all zeros, in the file.
fn image() -> Vec<u8> {
    let mut bytes = vec![0u8; 1024];
    put(&mut bytes, 0, b"<<< Oracle VM VirtualBox Disk Image >>>\n");
    for (at, value) in [
        (64, SIGNATURE),
        (68, 0x0001_0001),
        (72, 400),
        (76, 1),
        (340, 512),
        (344, 1024),
        (360, 512),
        (368, 2500),
        (376, 1024),
        (384, 3),
        (388, 2),
        (512, 1),
        (516, ZERO),
        (520, 0),
    ] {
        put(&mut bytes, at, &u32::to_le_bytes(value));
    }
    put(&mut bytes, 1024, &[b'c'; 1024]);
    put(&mut bytes, 2048, &[b'a'; 1024]);
    bytes
}

fn with(changes: &[(usize, u32)]) -> Vec<u8> {
    let mut bytes = image();
    for &(at, value) in changes {
        put(&mut bytes, at, &value.to_le_bytes());
    }
    bytes
}

fn disk(bytes: &[u8]) -> Disk {
    open_with(open, bytes, &Folder::default()).unwrap()
}

#[test]
fn blocks_are_found_through_the_map() {
    let disk = disk(&image());
    assert_eq!((disk.format.as_str(), disk.sector, disk.bytes.len()), ("VDI, dynamic", Some(512), 2500));
    let want = [[b'a'; 1024].as_slice(), &[0; 1024], &[b'c'; 452]].concat();
    assert_eq!(all(&disk).unwrap(), want);
    assert_eq!(part(&disk, 1020, 8).unwrap(), b"aaaa\0\0\0\0");
    let mut buf = [0u8; 8];
    assert_eq!((disk.bytes.read_at(2498, &mut buf).unwrap(), disk.bytes.read_at(2500, &mut buf).unwrap()), (2, 0));
}

#[test]
fn static_images_free_blocks_and_extra_bytes_of_blocks_are_read() {
    let fixed = disk(&with(&[(76, 2), (516, FREE), (80, ZERO_EXPAND)]));
    assert_eq!(fixed.format, "VDI, static");
    assert_eq!(part(&fixed, 1024, 4).unwrap(), [0; 4]);
    // 512 bytes before each block: block 0 starts at 1536, block 1 at 3072.
    let mut bytes = with(&[(380, 512)]);
    put(&mut bytes, 3072, &[b'x'; 1024]);
    assert_eq!(part(&disk(&bytes), 0, 1024).unwrap(), [b'x'; 1024]);
}

#[test]
fn a_differencing_image_is_refused_with_the_uuid_of_its_parent() {
    let mut bytes = with(&[(76, 4)]);
    put(&mut bytes, 424, &[0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 1, 2, 3, 4, 5, 6]);
    let error = refused(open, &bytes);
    assert!(error.contains("00112233-4455-6677-8899-010203040506"), "{error}");
    // A base image that names a parent is none, whatever its type says.
    put(&mut bytes, 76, &[1]);
    assert!(refused(open, &bytes).contains("00112233"));
}

#[test]
fn what_is_not_known_is_refused() {
    for (at, value, why) in [
        (68, 2, "version 0.2"),
        (68, 0x0002_0000, "version 2.0"),
        (72, 383, "header size"),
        (76, 3, "undo"),
        (76, 9, "unknown type 9"),
        (80, 2, "flags 0x2"),
        (360, 4096, "sectors of 4096"),
        (376, 0, "block size"),
        (376, 1000, "block size"),
        (376, 256, "block size"),
        (380, 3, "extra bytes"),
        (368, 0, "disk size"),
        (368, 3073, "disk size"),
        (372, 1, "disk size"),
        (384, 2, "disk size"),
        (388, 4, "allocated"),
        (340, 400, "block map"),
        (344, 520, "offset of the data"),
    ] {
        let error = refused(open, &with(&[(at, value)]));
        assert!(error.contains(why), "{at} {value}: {error}");
    }
    let cut = image()[..300].to_vec();
    assert!(refused(open, &cut).contains("VDI header"));
    for other in [vec![], vec![0; 66], vec![0; 1000]] {
        let file: Arc<dyn ReadAt> = Arc::new(other);
        assert!(open(&file, &Folder::default(), &Limits::default()).unwrap().is_none());
    }
}

#[test]
fn blocks_that_cannot_be_there_fail_when_they_are_read_and_not_before() {
    let beyond = disk(&with(&[(516, 3)]));
    assert_eq!(part(&beyond, 0, 1024).unwrap(), [b'a'; 1024]);
    assert!(part(&beyond, 1024, 1).unwrap_err().to_string().contains("a block below 3"));
    let mut cut = image();
    cut.truncate(2100);
    let cut = disk(&cut);
    assert_eq!(part(&cut, 0, 52).unwrap(), [b'a'; 52]);
    let error = part(&cut, 0, 53).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains("cut short"), "{error}");
    // The map itself.
    let mut huge = with(&[(384, u32::MAX), (344, u32::MAX), (340, u32::MAX)]);
    assert!(refused(open, &huge).contains("offset of the data"));
    huge = with(&[(340, 1020), (344, 1032)]);
    huge.truncate(1022);
    assert!(all(&disk(&huge)).is_err());
}
