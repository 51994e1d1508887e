use super::build::*;
use super::*;
use crate::image::mapped::testing::{Folder, open as open_with, part, put, refused};

const BLOCK: u64 = 1 << 20;

fn disk(bytes: &[u8]) -> Disk {
    open_with(open, bytes, &Folder::default()).unwrap()
}

/// The first byte of each block.
fn letters(disk: &Disk) -> String {
    (0..disk.bytes.len()).step_by(1 << 20).map(|at| char::from(part(disk, at, 1).unwrap()[0])).collect()
}

#[test]
fn blocks_are_found_through_the_bat() {
    let bytes = dynamic();
    let disk = disk(&bytes);
    assert_eq!((disk.format.as_str(), disk.sector, disk.notes.len()), ("VHDX, dynamic", Some(512), 0));
    assert_eq!((disk.bytes.len(), letters(&disk).as_str()), (3 << 20, "b\0a"));
    assert_eq!(part(&disk, BLOCK - 2, 4).unwrap(), b"bb\0\0");
    assert_eq!(part(&disk, 2 * BLOCK - 2, 4).unwrap(), b"\0\0aa");
    assert_eq!(disk.bytes.read_at(3 * BLOCK - 2, &mut [0; 8]).unwrap(), 2);
    assert_eq!(disk.bytes.read_at(3 * BLOCK, &mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_fixed_disk_with_sectors_of_4096_bytes_and_all_states_is_read() {
    let mut bytes = image(&items(6 << 20, 4096, 1), 1);
    for (index, state) in [(0, 6), (1, 1), (2, 2), (3, 3), (4, 0)] {
        bat(&mut bytes, index, state, 4);
    }
    bat(&mut bytes, 5, 6, 4);
    let disk = disk(&bytes);
    assert_eq!((disk.format.as_str(), disk.sector, letters(&disk).as_str()), ("VHDX, fixed", Some(4096), "a\0\0\0\0a"));
}

#[test]
fn entries_of_sector_bitmaps_are_stepped_over() {
    // With sectors of 512 bytes and blocks of 1 MiB a chunk has 4,096 blocks.
    let mut bytes = image(&items(4098 << 20, 512, 0), 2);
    bat(&mut bytes, 4095, 6, 4);
    bat(&mut bytes, 4096, 3, 0x7777);
    bat(&mut bytes, 4097, 6, 5);
    let disk = disk(&bytes);
    let letter = |block: u64| part(&disk, block * BLOCK, 1).unwrap()[0];
    assert_eq!([letter(4094), letter(4095), letter(4096), letter(4097)], [0, b'a', b'b', 0]);
}

#[test]
fn the_newer_of_the_sound_headers_counts() {
    let mut bytes = dynamic();
    let version = |bytes: &[u8]| refused(open, bytes);
    header(&mut bytes, 64 << 10, 7, &[(66, &[2])]);
    assert!(version(&bytes).contains("version 2"));
    header(&mut bytes, 64 << 10, 4, &[(66, &[2])]);
    assert_eq!(letters(&disk(&bytes)), "b\0a");
    // One that is damaged, however new.
    header(&mut bytes, 64 << 10, 9, &[(66, &[2])]);
    bytes[(64 << 10) + 4000] = 1;
    let other = disk(&bytes);
    assert_eq!((letters(&other).as_str(), other.notes.len()), ("b\0a", 1));
    header(&mut bytes, 64 << 10, 6, &[]);
    assert_eq!(letters(&disk(&bytes)), "b\0a");
    header(&mut bytes, 64 << 10, 6, &[(32, &[1])]);
    assert!(version(&bytes).contains("two that differ"));
    bytes[64 << 10] = 0;
    bytes[128 << 10] = 0;
    assert!(version(&bytes).contains("signature \"head\""));
    header(&mut bytes, 128 << 10, 6, &[(68, &[1])]);
    assert!(version(&bytes).contains("whole MiB"));
    header(&mut bytes, 128 << 10, 6, &[(64, &[1])]);
    assert_eq!(letters(&disk(&bytes)), "b\0a");
    header(&mut bytes, 128 << 10, 6, &[(48, &LOG_GUID), (64, &[1])]);
    assert!(version(&bytes).contains("log of version 1"));
    assert!(version(&bytes[..100_000]).contains("VHDX header"));
    for other in [vec![], b"vhdxfil".to_vec(), vec![0; 70_000]] {
        let file: Arc<dyn ReadAt> = Arc::new(other);
        assert!(open(&file, &Folder::default(), &Limits::default()).unwrap().is_none());
    }
}

#[test]
fn the_region_table_has_a_copy_and_must_be_understood() {
    let (first, second) = (192 << 10, 256 << 10);
    let mut bytes = dynamic();
    bytes[first + 9000] = 1;
    let copy = disk(&bytes);
    assert_eq!((letters(&copy).as_str(), copy.notes.len()), ("b\0a", 1));
    bytes[second + 9000] = 1;
    assert!(refused(open, &bytes).contains("CRC-32C"));
    let [bat, metadata] = REGIONS;
    let unknown = "11111111-2222-3333-4444-555555555555";
    let both = |table: &[Region]| {
        let mut bytes = dynamic();
        regions(&mut bytes, first, table);
        regions(&mut bytes, second, table);
        bytes
    };
    assert_eq!(letters(&disk(&both(&[bat, (unknown, 0, 7, 0), metadata]))), "b\0a");
    for (table, why) in [
        (vec![bat, metadata, (unknown, 0, 7, 1)], unknown),
        (vec![bat], "metadata"),
        (vec![metadata], "BAT"),
        (vec![bat, metadata, bat], "again"),
        (vec![(bat.0, 1, 1 << 20, 1), metadata], "whole MiB"),
        (vec![(bat.0, 0, 1 << 20, 1), metadata], "whole MiB"),
        (vec![(bat.0, 5 << 20, 2 << 20, 1), metadata], "in the file"),
        (vec![(bat.0, u64::MAX << 20, 1 << 20, 1), metadata], "in the file"),
        (vec![(bat.0, 2 << 20, 1 << 20, 1), metadata], "overlap"),
        (vec![(bat.0, 1 << 20, 1 << 20, 1), metadata], "overlap"),
    ] {
        let error = refused(open, &both(&table));
        assert!(error.contains(why), "{error}");
    }
    let mut many = dynamic();
    for at in [first, second] {
        put(&mut many, at + 8, &2048u32.to_le_bytes());
        seal(&mut many, at, 64 << 10);
    }
    assert!(refused(open, &many).contains("2047"));
    let mut differ = dynamic();
    regions(&mut differ, second, &[(bat.0, 4 << 20, 1 << 20, 1), metadata]);
    assert!(refused(open, &differ).contains("same as in its copy"));
}

#[test]
fn metadata_that_is_not_understood_or_not_sound_is_refused() {
    let good = items(3 << 20, 512, 0);
    let unknown = "11111111-2222-3333-4444-555555555555";
    let with = |item: Item| good.iter().cloned().chain([item]).collect::<Vec<_>>();
    let other = |at: usize, content: &[u8]| {
        let mut items = good.clone();
        items[at].2 = content.to_vec();
        items
    };
    let refusal = |items: &[Item]| refused(open, &image(items, 1));
    assert_eq!(letters(&disk(&image(&with((unknown, 0, vec![1])), 1))), "\0\0\0");
    // A user's item may have the GUID of one of the system.
    assert_eq!(letters(&disk(&image(&with((good[1].0, 1, vec![1; 8])), 1))), "\0\0\0");
    for (items, why) in [
        (with((unknown, 4, vec![1])), unknown),
        (with(good[1].clone()), "again"),
        (good[1..].to_vec(), "file parameters"),
        (other(0, &[0, 0, 0x10, 0]), "file parameters"),
        (other(0, &[0, 0, 0x08, 0, 0, 0, 0, 0]), "block size"),
        (other(0, &[0, 0, 0x18, 0, 0, 0, 0, 0]), "block size"),
        (other(0, &[0, 0, 0, 0x20, 0, 0, 0, 0]), "block size"),
        (other(0, &[0, 0, 0x10, 0, 4, 0, 0, 0]), "parameters 0x4"),
        (other(1, &[0; 8]), "virtual disk size"),
        (other(1, &513u64.to_le_bytes()), "virtual disk size"),
        (other(1, &(65u64 << 40).to_le_bytes()), "virtual disk size"),
        (other(1, &(64u64 << 40).to_le_bytes()), "BAT"),
        (other(3, &1024u32.to_le_bytes()), "logical sector"),
        (other(4, &0u32.to_le_bytes()), "physical sector"),
    ] {
        let error = refusal(&items);
        assert!(error.contains(why), "{why}: {error}");
    }
    let mut bytes = dynamic();
    put(&mut bytes, METADATA + 48, &[0xff; 4]);
    assert!(refused(open, &bytes).contains("in the region"));
    put(&mut bytes, METADATA + 10, &[0xff, 0xff]);
    assert!(refused(open, &bytes).contains("2047"));
    put(&mut bytes, METADATA, b"meta");
    put(&mut bytes, METADATA + 4, b"DATA");
    assert!(refused(open, &bytes).contains("metaDATA"));
}

#[test]
fn blocks_that_cannot_be_there_fail_when_they_are_read() {
    for (state, mib, why) in [
        (6, 0, "apart from"),
        (6, 1, "apart from"),
        (6, 2, "apart from"),
        (6, 3, "apart from"),
        (6, 6, "cut short"),
        (6, (1 << 44) - 1, "apart from"),
        (4, 4, "a known state"),
        (5, 4, "a known state"),
        (7, 4, "without parent"),
    ] {
        let mut bytes = dynamic();
        bat(&mut bytes, 1, state, mib);
        let disk = disk(&bytes);
        let error = part(&disk, BLOCK, 1).unwrap_err().to_string();
        assert!(error.contains(why), "{state} {mib}: {error}");
        assert_eq!(part(&disk, 2 * BLOCK, 1).unwrap(), b"a");
    }
    let mut bytes = dynamic();
    bytes[BAT + 9] = 1;
    assert!(part(&disk(&bytes), BLOCK, 1).unwrap_err().to_string().contains("reserved bits"));
}

const LINKAGE: &str = "{44444444-4444-4444-4444-444444444444}";

/// A child of four blocks: one of its own, one that is partly its own, zeros, and one of the parent.
fn child(sector: u32, pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut items = items(4 << 20, sector, 3);
    items.push(locator(pairs));
    let mut bytes = image(&items, 3);
    bat(&mut bytes, 0, 6, 4);
    bat(&mut bytes, 1, 7, 5);
    bat(&mut bytes, 2, 3, 0);
    let ratio = usize::try_from(CHUNK_SECTORS * u64::from(sector) / BLOCK).unwrap();
    bat(&mut bytes, ratio, 6, 6);
    // The second block's bits stand behind those of the first.
    put(&mut bytes, 6 << 20, &vec![0; 1 << 20]);
    let first = (1 << 20) / usize::try_from(sector).unwrap() / 8;
    put(&mut bytes, (6 << 20) + first, &[0b0000_0101]);
    bytes
}

#[test]
fn a_differencing_disk_reads_its_parent_where_it_has_nothing() {
    for sector in [512, 4096] {
        let base = {
            let mut bytes = image(&items(4 << 20, sector, 0), 1);
            (0..4).for_each(|index| bat(&mut bytes, index, 6, 4));
            put(&mut bytes, BLOCKS, &[b'p'; 1 << 20]);
            bytes
        };
        let pairs = [("parent_linkage", LINKAGE), ("relative_path", "..\\vm\\base.vhdx")];
        let over = open_with(open, &child(sector, &pairs), &Folder::of(&[("base.vhdx", &base)])).unwrap();
        assert_eq!((over.format.as_str(), over.sector), ("VHDX, differencing", Some(sector)));
        assert_eq!(over.notes, ["parent: base.vhdx (VHDX, dynamic)"]);
        assert_eq!(letters(&over), "ab\0p");
        let len = usize::try_from(sector).unwrap();
        let want = [vec![b'b'; len], vec![b'p'; len], vec![b'b'; len], vec![b'p'; len]].concat();
        assert_eq!(part(&over, BLOCK, 4 * len).unwrap(), want);
        assert_eq!(part(&over, BLOCK + u64::from(sector) - 1, 2).unwrap(), b"bp");
        // A parent that is smaller ends in zeros.
        let mut small = image(&items(BLOCK + u64::from(sector) * 2, sector, 0), 1);
        (0..2).for_each(|index| bat(&mut small, index, 6, 4));
        let over = open_with(open, &child(sector, &pairs), &Folder::of(&[("base.vhdx", &small)])).unwrap();
        let want = [vec![b'b'; len], vec![b'a'; len], vec![b'b'; len], vec![0; len]].concat();
        assert_eq!(part(&over, BLOCK, 4 * len).unwrap(), want);
    }
    let mut without = child(512, &[("parent_linkage", LINKAGE), ("relative_path", "base.vhdx")]);
    bat(&mut without, 4096, 0, 0);
    let over = open_with(open, &without, &Folder::of(&[("base.vhdx", &dynamic())])).unwrap();
    assert!(part(&over, BLOCK, 1).unwrap_err().to_string().contains("sector bitmap"));
}

#[test]
fn a_parent_must_be_named_and_be_the_right_one() {
    let base = dynamic();
    let folder = Folder::of(&[("base.vhdx", &base), ("text", b"no image")]);
    let opened = |pairs: &[(&str, &str)]| open_with(open, &child(512, pairs), &folder);
    let error = |pairs: &[(&str, &str)]| opened(pairs).err().unwrap().to_string();
    let other = "{44444444-4444-4444-4444-444444444445}";
    let path = ("absolute_win32_path", "\\\\?\\d:\\vm\\base.vhdx");
    // The second linkage counts as well, and paths are tried in their order.
    assert!(opened(&[("parent_linkage", other), ("parent_linkage2", LINKAGE), path]).is_ok());
    assert!(opened(&[path, ("relative_path", "gone"), ("parent_linkage", LINKAGE), ("more", "x")]).is_ok());
    for (pairs, why) in [
        (vec![("parent_linkage", other), path], "changed since"),
        (vec![("parent_linkage", LINKAGE)], "a path"),
        (vec![path], "the parent's GUID"),
        (vec![("parent_linkage", "{4}"), path], "a GUID"),
        (vec![("parent_linkage", LINKAGE), path, path], "again"),
        (vec![("parent_linkage", LINKAGE), ("relative_path", "gone")], "gone"),
        (vec![("parent_linkage", LINKAGE), ("volume_path", "text")], "which is none"),
    ] {
        let error = error(&pairs);
        assert!(error.contains(why), "{why}: {error}");
    }
    let pairs = [("parent_linkage", LINKAGE), path];
    let of_4096 = open_with(open, &child(4096, &pairs), &folder).err().unwrap().to_string();
    assert!(of_4096.contains("sectors of 4096"), "{of_4096}");
    // One that is its own parent ends where the opener ends it.
    let own = child(512, &[("parent_linkage", LINKAGE), ("relative_path", "own")]);
    assert!(open_with(open, &own, &Folder::of(&[("own", &own)])).is_err());
    let none = image(&items(4 << 20, 512, 2), 0);
    assert!(refused(open, &none).contains("as the disk has a parent"));
    let mut iscsi = items(4 << 20, 512, 2);
    let (guid, flags, mut content) = locator(&pairs);
    content[0] = 0;
    iscsi.push((guid, flags, content.clone()));
    assert!(refused(open, &image(&iscsi, 0)).contains("unknown type"));
    let (_, _, mut content) = locator(&pairs);
    content[20] = 0xff;
    content[23] = 0xff;
    iscsi.pop();
    iscsi.push((guid, flags, content));
    assert!(refused(open, &image(&iscsi, 0)).contains("parent locator"));
}
