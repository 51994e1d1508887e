//! What no volume has.

use std::sync::Arc;

use super::builder::*;
use crate::error::Error;
use crate::image::ntfs::Ntfs;
use crate::limits::Limits;
use crate::read_at::ReadAt;

#[test]
fn budgets_are_kept() {
    let make = |change: fn(&mut Limits)| {
        let mut maker = Maker::new();
        let runs: Vec<_> = (0..8u8).map(|n| (1, Some(60 + n * 2))).collect();
        maker.file(40, "a", vec![Part::only(&runs, 8 * CLUSTER).attribute(0x80, "")]);
        maker.file(41, "b", vec![attribute_list(&[(0x80, 0, reference(41))]), resident(0x80, "", b"x")]);
        let mut limits = Limits::default();
        change(&mut limits);
        Ntfs::open(Arc::new(maker.bytes()), &limits).unwrap()
    };
    let fs = make(|limits| limits.ntfs_runs = 7);
    assert!(matches!(file(&fs, "a"), Err(Error::Limit { limit: 7, .. })));
    assert!(file(&make(|limits| limits.ntfs_runs = 8), "a").is_ok());
    let fs = make(|limits| limits.ntfs_attribute_list = 31);
    assert!(file(&fs, "b").is_err());
    assert_eq!(read(&make(|limits| limits.ntfs_attribute_list = 32), "b").unwrap(), b"x");
    assert!(list(&make(|limits| limits.ntfs_names = 1)).is_err());
    assert!(list(&make(|limits| limits.ntfs_names = 2)).is_ok());
}

#[test]
fn an_mft_without_end_is_not_searched() {
    let opened = |records: u64| {
        let mut maker = Maker::new();
        maker.file(40, "a", vec![resident(0x80, "", b"x")]);
        let mut bytes = maker.bytes();
        // A file of no folder, so that the index of the root contradicts the records.
        let name = position(&bytes, at(40), &[1, 3, b'a', 0]);
        bytes[name + 2] = b'b';
        let limits = Limits { ntfs_records: records, ..Limits::default() };
        Ntfs::open(Arc::new(bytes), &limits).unwrap()
    };
    let searched = |fs: &Ntfs| fs.notes().iter().any(|note| note.contains("all MFT records were searched"));
    let fs = opened(100);
    assert!(matches!(find(&fs, "b"), Ok(Some(_))) && searched(&fs));
    let fs = opened(47);
    assert!(matches!(find(&fs, "b"), Err(Error::Limit { limit: 47, .. })));
    assert!(matches!(list(&fs), Err(Error::Limit { limit: 47, .. })) && !searched(&fs));
    // What was not spent is still there.
    assert!(fs.file(fs.root()).is_err_and(|error| !matches!(error, Error::Limit { .. })));
    let fs = opened(2);
    assert!(
        (0..3).filter_map(|_| fs.file(fs.root()).err()).next_back().is_some_and(|e| matches!(e, Error::Limit { .. }))
    );
}

#[test]
fn records_of_no_sense_are_refused() {
    let mut maker = Maker::new();
    maker.file(40, "f", vec![resident(0x80, "", b"x")]);
    let whole = maker.bytes();
    let start = at(40);
    // Behind the header, $STANDARD_INFORMATION and $FILE_NAME.
    let data = position(&whole, start, &[0x80, 0, 0, 0]) - start;
    let bad: [(&str, usize, &[u8]); 16] = [
        ("a record that Windows gave up", 0, b"BAAD"),
        ("no update sequence", 6, &[1, 0]),
        ("an update sequence past the sector", 4, &[0xfe, 1]),
        ("a torn sector", 1022, &[1]),
        ("another record's number", 0x2c, &[41]),
        ("more used than there is", 0x18, &[0, 8]),
        ("another size", 0x1c, &[0, 8]),
        ("attributes in the header", 0x14, &[8]),
        ("attributes past the end", 0x14, &[0, 3]),
        ("an attribute without length", 0x3c, &[0]),
        ("an attribute that does not end", 0x3c, &[0xf8, 3]),
        ("an attribute of a third form", 0x40, &[2]),
        ("a value past its attribute", 0x48, &[0xff]),
        ("data that starts late", data + 0x14, &[0x19]),
        ("data that starts in the header", data + 0x14, &[0x10]),
        ("data that is too short for its attribute", data + 0x10, &[0]),
    ];
    for (what, offset, value) in bad {
        let mut bytes = whole.clone();
        put(&mut bytes, start + offset, value);
        let fs = open(bytes).unwrap();
        assert!(read(&fs, "f").is_err(), "{what}");
    }
}

/// Every byte of the structures, changed in three ways: what is read is right or an error, and nothing else happens.
#[test]
fn no_single_byte_leads_to_another_files_data() {
    let mut maker = Maker::new();
    let content = [vec![1; CLUSTER], vec![2; 900]].concat();
    maker.fill(60, &content);
    maker.file(40, "one", vec![Part::only(&[(2, Some(60))], content.len()).attribute(0x80, "")]);
    maker.file(41, "two", vec![resident(0x80, "", b"two")]);
    let whole = maker.bytes();
    let mut bytes = whole.clone();
    let names = position(&whole, at(40), &[0x80, 0, 0, 0])..at(41);
    for place in (0..512).chain(at(5)..at(5) + 512).chain(at(40)..at(40) + 512) {
        // Runs and sizes are the file's own word; nothing else has them.
        if names.contains(&place) {
            continue;
        }
        for flip in [1, 0x80, 0xff] {
            bytes[place] ^= flip;
            if let Ok(fs) = open(bytes.clone()) {
                let listed = list(&fs);
                assert!(listed.is_err() || listed == Ok(vec!["one".into(), "two".into()]), "{place:x} {listed:?}");
                assert!(!matches!(find(&fs, "two"), Ok(None)), "{place:x}");
                if let Ok(Some(entry)) = find(&fs, "one")
                    && let Ok(file) = fs.file(entry.file)
                {
                    let mut buf = vec![0; 6000];
                    assert!(file.read_at(0, &mut buf).is_err() || buf[..content.len()] == content, "{place:x}");
                }
            }
            bytes[place] = whole[place];
        }
    }
}

fn position(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    from + bytes[from..].windows(what.len()).position(|window| window == what).unwrap()
}
