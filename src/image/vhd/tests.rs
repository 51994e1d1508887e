use std::io;

use super::*;
use crate::image::mapped::testing::{Folder, all, open as open_with, part, put, refused};

const ID: [u8; 16] = [0x11; 16];

fn seal(bytes: &mut [u8], field: usize) {
    let sum = checksum(bytes, field);
    bytes[field..field + 4].copy_from_slice(&sum.to_be_bytes());
}

fn footer(kind: u32, size: u64, changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0u8; 512];
    put(&mut bytes, 0, b"conectix");
    put(&mut bytes, 8, &2u32.to_be_bytes());
    put(&mut bytes, 12, &0x0001_0000u32.to_be_bytes());
    put(&mut bytes, 16, &if kind == 2 { u64::MAX } else { 512 }.to_be_bytes());
    put(&mut bytes, 24, &1000u32.to_be_bytes());
    put(&mut bytes, 48, &size.to_be_bytes());
    put(&mut bytes, 60, &kind.to_be_bytes());
    put(&mut bytes, 68, &ID);
    for (at, what) in changes {
        put(&mut bytes, *at, what);
    }
    seal(&mut bytes, 64);
    bytes
}

fn header(changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0u8; 1024];
    put(&mut bytes, 0, b"cxsparse");
    put(&mut bytes, 8, &u64::MAX.to_be_bytes());
    put(&mut bytes, 16, &1536u64.to_be_bytes());
    put(&mut bytes, 24, &0x0001_0000u32.to_be_bytes());
    put(&mut bytes, 28, &3u32.to_be_bytes());
    put(&mut bytes, 32, &4096u32.to_be_bytes());
    for (at, what) in changes {
        put(&mut bytes, *at, what);
    }
    seal(&mut bytes, 36);
    bytes
}

/// Three blocks of eight sectors: the second and the third are in the file, in the wrong order, and of the third every
/// other sector.
fn image(kind: u32, size: u64, in_footer: &[(usize, &[u8])], in_header: &[(usize, &[u8])]) -> Vec<u8> {
    let foot = footer(kind, size, in_footer);
    let mut bytes = [foot.clone(), header(in_header)].concat();
    bytes.resize(2048, 0xff);
    put(&mut bytes, 1536, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 13, 0, 0, 0, 4]);
    let block = |bitmap: u8, fill: u8| [vec![bitmap], vec![0; 511], vec![fill; 4096]].concat();
    put(&mut bytes, 2048, &block(0b1010_1010, b'c'));
    put(&mut bytes, 13 * 512, &block(0xff, b'b'));
    bytes.extend(foot);
    bytes
}

fn disk(bytes: &[u8]) -> Disk {
    open_with(open, bytes, &Folder::default()).unwrap()
}

fn third(of: u8, elsewhere: u8) -> Vec<u8> {
    [vec![of; 512], vec![elsewhere; 512]].concat().repeat(4)
}

#[test]
fn a_fixed_disk_is_all_that_is_before_the_footer() {
    let data: Vec<u8> = (0..2000u32).flat_map(u32::to_le_bytes).collect();
    let exact = disk(&[data.clone(), footer(2, 8000, &[])].concat());
    assert_eq!((exact.format.as_str(), exact.sector, exact.notes.len()), ("VHD, fixed", Some(512), 0));
    assert_eq!(all(&exact).unwrap(), data);
    // One byte less of footer, as before 2004.
    let old = footer(2, 8000, &[])[..511].to_vec();
    assert_eq!(all(&disk(&[data.clone(), old].concat())).unwrap(), data);
    let more = disk(&[data.clone(), footer(2, 7000, &[])].concat());
    assert_eq!(all(&more).unwrap(), data);
    assert!(more.notes[0].contains("1000 bytes more"), "{:?}", more.notes);
    let less = [data, footer(2, 8001, &[])].concat();
    assert!(refused(open, &less).contains("8001 bytes before the footer"));
}

#[test]
fn sectors_of_a_dynamic_disk_that_were_never_written_are_zeros() {
    let disk = disk(&image(3, 3 * 4096 - 100, &[], &[]));
    assert_eq!((disk.format.as_str(), disk.notes.len()), ("VHD, dynamic", 0));
    let mut want = [vec![0; 4096], vec![b'b'; 4096], third(b'c', 0)].concat();
    want.truncate(3 * 4096 - 100);
    assert_eq!(all(&disk).unwrap(), want);
    assert_eq!(part(&disk, 8192 + 510, 4).unwrap(), b"cc\0\0");
    assert_eq!(part(&disk, 8192 + 1022, 4).unwrap(), b"\0\0cc");
}

#[test]
fn the_copy_of_the_footer_stands_in_for_it() {
    let whole = image(3, 3 * 4096, &[], &[]);
    let want = all(&disk(&whole)).unwrap();
    let cut = disk(&whole[..whole.len() - 512]);
    assert_eq!(all(&cut).unwrap(), want);
    assert!(cut.notes[0].contains("missing"), "{:?}", cut.notes);
    let mut wrong = whole.clone();
    *wrong.last_mut().unwrap() = 1;
    let wrong = disk(&wrong);
    assert_eq!(all(&wrong).unwrap(), want);
    assert!(wrong.notes[0].contains("damaged"), "{:?}", wrong.notes);
    let mut differs = whole.clone();
    put(&mut differs, 0, &footer(3, 4096, &[]));
    let differs = disk(&differs);
    assert_eq!(all(&differs).unwrap(), want);
    assert!(differs.notes[0].contains("differs"), "{:?}", differs.notes);
    // Where both are damaged, and where a fixed disk has one at the start alone.
    let mut both = whole;
    both[100] = 1;
    *both.last_mut().unwrap() = 1;
    assert!(refused(open, &both).contains("checksum"));
    assert!(refused(open, &[footer(2, 512, &[]), vec![0; 512]].concat()).contains("at the start alone"));
}

#[test]
fn a_saved_machine_is_noted() {
    let saved = disk(&image(3, 4096, &[(84, &[1])], &[]));
    assert!(saved.notes[0].contains("saved"), "{:?}", saved.notes);
}

#[test]
fn what_is_not_known_or_not_sound_is_refused() {
    for (at, what, why) in [
        (8, [0, 0, 0, 4], "features 0x4"),
        (12, [0, 2, 0, 0], "version 2.0"),
        (60, [0, 0, 0, 5], "type 5"),
        (60, [0, 0, 0, 0], "type 0"),
        (52, [0, 0, 0, 0], "disk size"),
        (52, [0, 0, 0x40, 0], "16384 bytes"),
        (20, [0, 0, 4, 0], "cxsparse"),
        (20, [0xff, 0, 0, 0], "VHD header"),
        (16, [0xff; 4], "VHD header"),
    ] {
        let error = refused(open, &image(3, 4096, &[(at, &what)], &[]));
        assert!(error.contains(why), "{at} {what:?}: {error}");
    }
    for (at, what, why) in [
        (24, [0, 0, 0, 1], "version 0.1"),
        (28, [0, 0, 0, 0], "entries for 0"),
        (32, [0, 0, 0, 0], "block size"),
        (32, [0, 0, 1, 0], "block size"),
        (32, [0, 0, 3, 0], "block size"),
    ] {
        let error = refused(open, &image(3, 4096, &[], &[(at, &what)]));
        assert!(error.contains(why), "{at} {what:?}: {error}");
    }
    let mut bytes = image(3, 4096, &[], &[]);
    bytes[512 + 700] = 1;
    assert!(refused(open, &bytes).contains("checksum"));
    let mut fixed = [vec![0; 512], footer(2, 512, &[])].concat();
    fixed[600] = 1;
    assert!(refused(open, &fixed).contains("checksum"));
    for other in [vec![], vec![0; 511], vec![0; 2000]] {
        let file: Arc<dyn ReadAt> = Arc::new(other);
        assert!(open(&file, &Folder::default(), &Limits::default()).unwrap().is_none());
    }
}

#[test]
fn blocks_that_cannot_be_there_fail_when_they_are_read() {
    for (entry, why) in [(0u32, "apart from"), (1, "apart from"), (3, "apart from"), (40, "cut short")] {
        let mut bytes = image(3, 3 * 4096, &[], &[]);
        put(&mut bytes, 1536, &entry.to_be_bytes());
        let disk = disk(&bytes);
        let error = part(&disk, 0, 1).unwrap_err().to_string();
        assert!(error.contains(why), "{entry}: {error}");
        assert_eq!(part(&disk, 4096, 4096).unwrap(), [b'b'; 4096]);
    }
    // Not even the footer is data, and neither is what is not there.
    let mut bytes = image(3, 3 * 4096, &[], &[]);
    put(&mut bytes, 1540, &16u32.to_be_bytes());
    assert_eq!(part(&disk(&bytes), 4096 + 3072, 512).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    let table = 1u64 << 40;
    let far = disk(&image(3, 4096, &[], &[(16, &table.to_be_bytes())]));
    assert_eq!(all(&far).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

/// A child of the image with the id [`ID`], with its names.
fn child(size: u64, id: [u8; 16], modified: u32, locator: Option<&str>, name: &str) -> Vec<u8> {
    let path = utf16(locator.unwrap_or_default(), u16::to_le_bytes);
    let entry =
        [b"W2ru".as_slice(), &[0, 0, 2, 0], &u32::try_from(path.len()).unwrap().to_be_bytes(), &[0; 4]].concat();
    let entry = [entry, 1600u64.to_be_bytes().to_vec()].concat();
    let changes: &[(usize, &[u8])] = &[
        (40, &id),
        (56, &modified.to_be_bytes()),
        (64, &utf16(name, u16::to_be_bytes)),
        (600, if locator.is_some() { &entry } else { &[] }),
    ];
    let mut bytes = image(4, size, &[(68, &[0x22; 16])], changes);
    put(&mut bytes, 1600, &path);
    bytes
}

#[test]
fn a_differencing_disk_reads_its_parent_where_it_has_nothing() {
    // The parent is shorter than the child: a fixed disk of one block and a half.
    let base = [vec![b'p'; 6144], footer(2, 6144, &[])].concat();
    let folder = Folder::of(&[("base.vhd", &base)]);
    let over = open_with(open, &child(3 * 4096, ID, 0, Some(".\\base.vhd"), "other.vhd"), &folder).unwrap();
    assert_eq!(
        (over.format.as_str(), over.notes.as_slice()),
        ("VHD, differencing", ["parent: base.vhd (VHD, fixed)".to_owned()].as_slice())
    );
    assert_eq!(all(&over).unwrap(), [vec![b'p'; 4096], vec![b'b'; 4096], third(b'c', 0)].concat());
    // By the bare name, over a parent that is larger.
    let base = [vec![b'q'; 20480], footer(2, 20480, &[])].concat();
    let folder = Folder::of(&[("base.vhd", &base)]);
    let over = open_with(open, &child(3 * 4096, ID, 2000, None, "base.vhd"), &folder).unwrap();
    assert_eq!(all(&over).unwrap(), [vec![b'q'; 4096], vec![b'b'; 4096], third(b'c', b'q')].concat());
    assert!(over.notes[1].contains("2000-01-01T00:33:20Z"), "{:?}", over.notes);
    let over = open_with(open, &child(3 * 4096, ID, 999, None, "base.vhd"), &folder).unwrap();
    assert!(over.notes[1].contains("may have been changed"), "{:?}", over.notes);
}

#[test]
fn a_parent_that_is_not_the_right_one_is_refused() {
    let base = [vec![b'p'; 4096], footer(2, 4096, &[(68, &[0x33; 16])])].concat();
    let folder = Folder::of(&[("base.vhd", &base), ("text.vhd", b"no image")]);
    let error = |bytes: &[u8]| open_with(open, bytes, &folder).err().unwrap().to_string();
    let wrong = error(&child(4096, ID, 0, None, "base.vhd"));
    assert!(wrong.contains("11111111-") && wrong.contains("33333333-"), "{wrong}");
    assert!(error(&child(4096, ID, 0, None, "text.vhd")).contains("which is none"));
    assert!(error(&child(4096, ID, 0, None, "gone.vhd")).contains("gone.vhd"));
    assert!(error(&child(4096, ID, 0, None, "")).contains("a name in the header"));
    // One that is its own parent ends where the opener ends it.
    let own = child(4096, [0x22; 16], 0, None, "own.vhd");
    assert!(open_with(open, &own, &Folder::of(&[("own.vhd", &own)])).is_err());
    // A path of 2 GiB.
    let mut long = child(4096, ID, 0, Some("base.vhd"), "base.vhd");
    put(&mut long, 512 + 608, &[0x7f, 0xff, 0xff, 0xff]);
    let head: &mut [u8] = &mut long[512..1536];
    seal(head, 36);
    assert!(error(&long).contains("65536 bytes at most"));
}
