//! The boot sector, `$MFT`, and what a volume says of itself.

use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use super::builder::*;
use crate::error::Error;
use crate::image::ntfs::boot;
use crate::image::{Filesystem, recognise};
use crate::read_at::ReadAt;

fn simple() -> Maker {
    let mut maker = Maker::new();
    maker.file(40, "hello.txt", vec![resident(0x80, "", b"hello")]);
    maker
}

#[test]
fn a_small_file_is_found_and_read() {
    let fs = simple().open();
    assert_eq!((fs.label().as_deref(), fs.serial(), fs.notes()), (Some("Läbel"), 0x1234_5678, vec![]));
    assert_eq!(list(&fs).unwrap(), ["hello.txt"]);
    let entry = find(&fs, "HELLO.TXT").unwrap().unwrap();
    assert_eq!((entry.name.as_str(), entry.folder), ("hello.txt", false));
    assert_eq!(entry.file, fs.list(fs.root()).unwrap()[0].file);
    assert_eq!(read(&fs, "Hello.txt").unwrap(), b"hello");
    assert!(find(&fs, "hello").unwrap().is_none());
    let file = file(&fs, "hello.txt").unwrap();
    assert_eq!(file.modified(), SystemTime::UNIX_EPOCH.checked_add(Duration::new(1_597_433_246, 690_527_000)));
    let mut buf = [0; 3];
    assert_eq!((file.len(), file.read_at(3, &mut buf).unwrap(), file.read_at(5, &mut buf).unwrap()), (5, 2, 0));
}

#[test]
fn an_mft_in_two_parts_is_put_together_by_its_attribute_list() {
    let mut maker = simple();
    maker.split = true;
    let bytes = maker.bytes();
    assert_eq!(read(&open(bytes.clone()).unwrap(), "hello.txt").unwrap(), b"hello");
    // The record that tells the second part may not stand in it, be another's, or be missing.
    for (offset, value) in [(0x10, 9u8), (0x16, 0), (0x20, 1), (0x2c, 14)] {
        let mut bad = bytes.clone();
        bad[at(15) + offset] = value;
        assert!(open(bad).is_err(), "{offset:x}");
    }
}

#[test]
fn copies_stand_in_for_the_boot_sector_and_the_first_records() {
    let whole = simple().bytes();
    let mut bad = whole.clone();
    bad[0x30] = 99;
    let fs = open(bad).unwrap();
    assert_eq!(read(&fs, "hello.txt").unwrap(), b"hello");
    assert!(fs.notes()[0].starts_with("the boot sector is damaged ("), "{:?}", fs.notes());
    for record in [0, 3] {
        let mut bad = whole.clone();
        bad[at(record) + 510] ^= 1;
        let fs = open(bad).unwrap();
        assert_eq!((read(&fs, "hello.txt").unwrap(), fs.label().as_deref()), (b"hello".to_vec(), Some("Läbel")));
        assert!(fs.notes()[0].starts_with(&format!("record {record} of $MFT is damaged (")), "{:?}", fs.notes());
    }
    let mut bad = whole;
    (bad[at(0)], bad[MIRROR * CLUSTER]) = (b'X', b'X');
    assert!(open(bad).is_err());
}

#[test]
fn a_boot_sector_without_its_mark_is_good_where_the_mft_is_found_by_it() {
    let whole = simple().bytes();
    let unmarked = |from: &[u8], places: &[usize]| {
        let mut bytes = from.to_vec();
        places.iter().for_each(|at| put(&mut bytes, at + 510, &[0, 0]));
        bytes
    };
    let told = |bytes: &[u8]| recognise(&bytes.to_vec()).unwrap() == Filesystem::Ntfs;
    for places in [&[0][..], &[0, LEN]] {
        let bytes = unmarked(&whole, places);
        let fs = open(bytes.clone()).unwrap();
        assert_eq!(read(&fs, "hello.txt").unwrap(), b"hello");
        assert_eq!(fs.notes().len(), 1);
        assert!(fs.notes()[0].starts_with("the boot sector does not end with 55 aa"), "{:?}", fs.notes());
        assert!(told(&bytes));
    }
    // The copy at the end, with a first sector of nothing.
    let mut bytes = unmarked(&whole, &[LEN]);
    bytes[..512].fill(0);
    assert!(told(&bytes) && open(bytes.clone()).unwrap().notes().len() == 2);
    // A record 0 that is no good gives way to its copy; without either it is no volume.
    bytes[at(0)] = b'X';
    assert!(told(&bytes) && open(bytes.clone()).is_ok());
    bytes[MIRROR * CLUSTER + 0x16] = 0;
    assert!(!told(&bytes) && open(bytes).is_err());
}

#[test]
fn bitlocker_is_refused_even_where_the_copy_of_the_boot_sector_looks_sound() {
    let mut bytes = simple().bytes();
    put(&mut bytes, 3, b"-FVE-FS-");
    assert!(matches!(open(bytes), Err(Error::Unsupported { what, .. }) if what.contains("BitLocker")));
}

#[test]
fn measures_of_a_volume_are_checked() {
    let geometry = |changes: &[(usize, &[u8])]| {
        let mut sector = boot();
        changes.iter().for_each(|(at, value)| put(&mut sector, *at, value));
        boot::at(&sector, 0)
    };
    let plain = geometry(&[]).unwrap();
    assert_eq!((plain.cluster, plain.clusters, plain.record, plain.mft, plain.mirror), (4096, 160, 1024, 4, 2));
    // 4096 sectors of 512 bytes: 2 MiB. Records by clusters, too.
    let large = geometry(&[(0x0d, &[0xf4]), (0x28, &[0, 0, 1])]).unwrap();
    assert_eq!((large.cluster, large.clusters), (2 << 20, 16));
    assert_eq!(geometry(&[(0x40, &[1])]).unwrap().record, 4096);
    assert_eq!(geometry(&[(0x0b, &[0, 1, 2]), (0x40, &[2])]).unwrap().record, 1024);
    let bad: [(usize, &[u8]); 13] = [
        (0x0b, &[0, 0]),
        (0x0b, &[0, 3]),
        (0x0b, &[0, 0x20]),
        (0x0d, &[0]),
        (0x0d, &[3]),
        (0x0d, &[0xf3]),
        (0x28, &[0; 8]),
        (0x28, &[0xff; 8]),
        (0x30, &[0]),
        (0x38, &[200]),
        (0x40, &[0]),
        (0x40, &[0xf8]),
        (0x40, &[0x80]),
    ];
    for (at, value) in bad {
        assert!(geometry(&[(at, value)]).is_err(), "{at:x} {value:x?}");
    }
}

#[test]
fn a_volume_that_was_not_left_in_order_is_told() {
    let with = |version: [u8; 2], flags: u8, log: &[u8]| {
        let mut maker = simple();
        let information = [0, 0, 0, 0, 0, 0, 0, 0, version[0], version[1], flags, 0];
        maker.add(3, 1, vec![resident(0x70, "", &information)]);
        let part = Part::only(&[(2, Some(60))], 8192);
        maker.fill(60, log);
        maker.add(2, 1, vec![part.attribute(0x80, "")]);
        open(maker.bytes())
    };
    // A log of two restart pages, each with a number, a first client and flags.
    let log = |pages: [(u64, u16, u8); 2]| {
        pages.map(|(lsn, client, flags)| {
            let mut page = vec![0; 4096];
            put(&mut page, 0, b"RSTR");
            put(&mut page, 0x10, &4096u32.to_le_bytes());
            put(&mut page, 0x18, &[0x40]);
            put(&mut page, 0x40, &lsn.to_le_bytes());
            put(&mut page, 0x4c, &client.to_le_bytes());
            put(&mut page, 0x4e, &[flags]);
            seal(&mut page, 0x1e);
            page
        })
    };
    let (left, open_, marked) =
        (log([(1, 0, 0), (2, 0xffff, 0)]), log([(3, 0, 0), (2, 0xffff, 0)]), log([(3, 0, 2); 2]));
    for (log, unclean) in [(&left, false), (&open_, true), (&marked, false)] {
        let notes = with([3, 1], 0, &log.concat()).unwrap().notes();
        assert_eq!(notes.iter().any(|note| note.contains("not unmounted cleanly")), unclean, "{notes:?}");
    }
    // A torn page gives way to the other; without either nothing is known.
    let mut torn = open_.concat();
    torn[510] ^= 1;
    assert_eq!(with([3, 1], 0, &torn).unwrap().notes(), Vec::<String>::new());
    torn[4096] = b'X';
    assert!(with([3, 1], 0, &torn).unwrap().notes()[0].starts_with("$LogFile cannot be read"));
    let left = left.concat();
    assert!(with([3, 1], 1, &left).unwrap().notes()[0].contains("marked dirty"));
    assert!(with([3, 2], 0, &left).unwrap().notes()[0].contains("NTFS version 3.2"));
    assert!(matches!(with([4, 0], 0, &left), Err(Error::Unsupported { .. })));
}

#[test]
fn a_volume_that_is_cut_off_is_an_error_and_no_zeros() {
    let mut maker = Maker::new();
    maker.file(40, "far", vec![Part::only(&[(1, Some(60)), (2, Some(150))], 9000).attribute(0x80, "")]);
    let mut bytes = maker.bytes();
    bytes.truncate(151 * CLUSTER);
    let fs = open(bytes).unwrap();
    let file = file(&fs, "far").unwrap();
    let mut buf = vec![0; 8192];
    assert_eq!(file.read_at(0, &mut buf).unwrap(), 8192);
    let error = file.read_at(8192, &mut buf).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(error.to_string().starts_with("the image is cut off: it ends at 0x97000"), "{error}");
}
