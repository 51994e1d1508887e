//! Folders: by their index, and by all records where that is damaged.

use super::builder::*;
use crate::error::Error;

const ALLOCATION: u32 = 0xa0;
const BLOCK: usize = 60;

/// Files `a`, `b`, … of records 20, 21, …, whose folder has a tree: two blocks, with `e` between them in the root.
fn tree() -> Maker {
    let mut maker = Maker::new();
    let key = |n: u64| name(ROOT, &letter(n), 3, false);
    for n in 0..9 {
        let content = resident(0x80, "", letter(n).as_bytes());
        maker.add(20 + n, 1, vec![resident(0x30, "", &key(n)), content]);
    }
    let entries = |from: u64, to: u64| (from..to).flat_map(|n| entry(reference(20 + n), Some(&key(n)), None)).collect();
    let leaf = |from, to| [entries(from, to), entry(0, None, None)].concat::<u8>();
    maker.fill(BLOCK, &index_block(0, &leaf(0, 4)));
    maker.fill(BLOCK + 1, &index_block(1, &leaf(5, 9)));
    let top = [entry(reference(24), Some(&key(4)), Some(0)), entry(0, None, Some(1))].concat();
    maker.add(
        5,
        3,
        vec![
            resident(0x30, "", &name(ROOT, ".", 3, true)),
            index_root(&top),
            Part::only(&[(2, Some(60))], 2 * CLUSTER).attribute(ALLOCATION, "$I30"),
            resident(0xb0, "$I30", &[3, 0, 0, 0, 0, 0, 0, 0]),
        ],
    );
    maker
}

fn letter(n: u64) -> String {
    char::from(b'a' + u8::try_from(n).unwrap()).to_string()
}

#[test]
fn names_in_all_blocks_of_a_tree_are_found() {
    let fs = tree().open();
    assert_eq!(list(&fs).unwrap().concat(), "abcdefghi");
    for n in 0..9 {
        assert_eq!(read(&fs, &letter(n).to_uppercase()).unwrap(), letter(n).as_bytes());
    }
    for absent in ["", "z", "aa", "A.", "5"] {
        assert!(find(&fs, absent).unwrap().is_none(), "{absent}");
    }
    assert_eq!(fs.notes(), Vec::<String>::new());
}

/// Where a byte string first stands.
fn position(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    from + bytes[from..].windows(what.len()).position(|window| window == what).unwrap()
}

#[test]
fn a_damaged_index_gives_way_to_a_search_of_all_records() {
    let whole = tree().bytes();
    let (first, second, root) = (BLOCK * CLUSTER, (BLOCK + 1) * CLUSTER, at(5));
    let bitmap = position(&whole, root, &[3, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
    let key = position(&whole, first, &[1, 3, b'b', 0]) + 2;
    let damages: [(&str, usize, &[u8]); 12] = [
        ("a torn block", first + 1022, &[1]),
        ("no block at all", second, &[0; 512]),
        ("a block of another number", second + 0x10, &[0]),
        ("a block of another folder", position(&whole, second, &ROOT.to_le_bytes()), &[6]),
        ("a name out of order", key, b"z"),
        ("a name that is not the file's", key, b"c"),
        (
            "a reference to another file",
            position(&whole, first, &reference(21).to_le_bytes()),
            &[20, 0, 0, 0, 0, 0, 20],
        ),
        ("a reference past the MFT", position(&whole, first, &reference(21).to_le_bytes()), &[0, 0, 1]),
        ("a block that is not in use", bitmap, &[1]),
        ("a block that is in use and not in the tree", bitmap, &[7]),
        ("a node that does not end", first + 0x1c, &[0xf8, 0x0f]),
        ("the same block twice", position(&whole, root, &entry(0, None, Some(1))) + 0x10, &[0]),
    ];
    for (what, offset, value) in damages {
        let mut bytes = whole.clone();
        put(&mut bytes, offset, value);
        let fs = open(bytes).unwrap();
        assert!(find(&fs, "z").unwrap().is_none(), "{what}");
        (0..9).for_each(|n| assert_eq!(read(&fs, &letter(n)).unwrap(), letter(n).as_bytes(), "{what}"));
        match list(&fs) {
            Ok(list) => assert_eq!(list.concat(), "abcdefghi", "{what}"),
            // Index and record differ on the name: which of the two is damaged nobody knows.
            Err(error) => assert!(matches!(error, Error::Ambiguous { .. }) && what == "a name that is not the file's"),
        }
        assert_eq!(fs.notes().len(), 1, "{what}: {:?}", fs.notes());
        assert!(fs.notes()[0].starts_with("the index of the folder in MFT record 5"), "{:?}", fs.notes());
    }
}

#[test]
fn free_records_that_carry_no_number_are_no_damage() {
    let search = |flags: u16, own: u8| {
        let mut maker = tree();
        maker.add(18, flags, vec![]);
        let mut bytes = maker.bytes();
        bytes[at(18) + 0x2c] = own;
        bytes[BLOCK * CLUSTER] = b'X';
        find(&open(bytes).unwrap(), "z").map(|found| found.is_none())
    };
    assert_eq!(search(0, 0), Ok(true));
    assert_eq!(search(0, 18), Ok(true));
    assert!(search(0, 17).is_err());
    assert!(search(1, 0).is_err());
}

#[test]
fn with_index_and_a_record_damaged_nothing_is_said_to_be_absent() {
    let mut bytes = tree().bytes();
    bytes[BLOCK * CLUSTER] = b'X';
    bytes[at(22) + 510] ^= 1;
    let fs = open(bytes).unwrap();
    assert_eq!(read(&fs, "a").unwrap(), b"a");
    assert!(matches!(find(&fs, "c"), Err(Error::Damaged { .. })));
    assert!(matches!(find(&fs, "z"), Err(Error::Damaged { .. })));
    assert!(list(&fs).is_err());
    // A record alone does no harm to the list, only to its file.
    let mut bytes = tree().bytes();
    bytes[at(22) + 510] ^= 1;
    let fs = open(bytes).unwrap();
    assert_eq!(list(&fs).unwrap().concat(), "abcdefghi");
    assert!(fs.file(fs.list(fs.root()).unwrap()[2].file).is_err());
    assert!(read(&fs, "c").is_err());
}

#[test]
fn a_reference_that_became_stale_is_told() {
    let fs = tree().open();
    let entry = find(&fs, "a").unwrap().unwrap();
    let mut bytes = tree().bytes();
    for (offset, value) in [(0x10, 99), (0x16, 0)] {
        let old = bytes[at(20) + offset];
        bytes[at(20) + offset] = value;
        let fs = open(bytes.clone()).unwrap();
        assert!(matches!(fs.file(entry.file), Err(Error::Stale { .. })));
        bytes[at(20) + offset] = old;
    }
    // The record has another name by now.
    let key = position(&bytes, at(20), &[1, 3, b'a', 0]) + 2;
    bytes[key] = b'q';
    assert!(matches!(open(bytes).unwrap().file(entry.file), Err(Error::Stale { what }) if what.contains("the name")));
    assert!(matches!(fs.list(entry.file), Err(Error::Unsupported { .. })));
    assert!(matches!(fs.find(entry.file, "a"), Err(Error::Unsupported { .. })));
    assert!(matches!(fs.file(fs.root()), Err(Error::Unsupported { .. })));
}

/// A root folder of these names, namespaces and records.
fn named(names: &[(&str, u8, u64)]) -> Maker {
    let mut maker = Maker::new();
    for (called, namespace, record) in names {
        let key = name(ROOT, called, *namespace, false);
        maker.root.extend(entry(reference(*record), Some(&key), None));
        if !maker.records.contains_key(record) {
            maker.add(*record, 1, vec![]);
        }
        maker.records.get_mut(record).unwrap().attributes.push(resident(0x30, "", &key));
    }
    maker
}

#[test]
fn short_names_are_found_but_not_listed() {
    let fs = named(&[("LONGNA~1.TXT", 2, 30), ("Longname here.txt", 1, 30)]).open();
    assert_eq!(list(&fs).unwrap(), ["Longname here.txt"]);
    let (long, short) = (find(&fs, "longname HERE.txt").unwrap().unwrap(), find(&fs, "longna~1.txt").unwrap().unwrap());
    assert_eq!((long.file, long.name.as_str(), short.name), (short.file, "Longname here.txt", long.name.clone()));
    // A short name alone is a long one whose namespace was damaged.
    let mut bytes = named(&[("x", 3, 30)]).bytes();
    let key = position(&bytes, at(5), &[1, 3, b'x']) + 1;
    bytes[key] = 2;
    assert!(matches!(list(&open(bytes).unwrap()), Err(Error::Ambiguous { .. })));
    assert!(matches!(list(&named(&[("x", 2, 30)]).open()), Err(Error::Damaged { .. })));
}

#[test]
fn names_that_differ_in_case_alone_are_told_apart_or_refused() {
    let fs = named(&[("File", 0, 30), ("file", 0, 31), ("other", 0, 32)]).open();
    let number = |name| find(&fs, name).map(|entry| entry.map(|entry| entry.name));
    assert_eq!((number("File").unwrap().as_deref(), number("file").unwrap().as_deref()), (Some("File"), Some("file")));
    assert!(matches!(number("FILE"), Err(Error::Ambiguous { .. })));
    assert_eq!(number("OTHER").unwrap().as_deref(), Some("other"));
}

#[test]
fn names_are_compared_by_the_upper_case_of_the_volume() {
    let table: Vec<u8> = (0..=u16::MAX)
        .map(|unit| match unit {
            0x61..=0x7a | 0xe0..=0xf6 => unit - 0x20,
            0x416 => 0x20, // as no other table has it
            _ => unit,
        })
        .flat_map(u16::to_le_bytes)
        .collect();
    let make = |size: usize| {
        let mut maker = named(&[("Ж", 0, 31), ("ÄRGER", 0, 30)]);
        maker.fill(70, &table);
        maker.add(10, 1, vec![Part::only(&[(32, Some(70))], size).attribute(0x80, "")]);
        maker.open()
    };
    let fs = make(0x20000);
    assert_eq!(find(&fs, "ärger").unwrap().unwrap().name, "ÄRGER");
    assert_eq!((find(&fs, " ").unwrap().unwrap().name, fs.notes()), ("Ж".into(), vec![]));
    // Without it names are compared by Unicode, and their order is not relied on.
    let fs = make(1000);
    assert_eq!(find(&fs, "ärger").unwrap().unwrap().name, "ÄRGER");
    assert_eq!(find(&fs, "ж").unwrap().unwrap().name, "Ж");
    assert!(find(&fs, "ß").unwrap().is_none());
    assert_eq!(list(&fs).unwrap(), ["ÄRGER", "Ж"]);
    assert!(fs.notes()[0].starts_with("$UpCase cannot be read"), "{:?}", fs.notes());
}

#[test]
fn folders_in_folders_are_followed() {
    let mut maker = Maker::new();
    let sub = reference(30);
    let (folder, inner) = (name(ROOT, "Sub", 3, true), name(sub, "in", 3, false));
    maker.root = entry(sub, Some(&folder), None);
    let index = [entry(reference(31), Some(&inner), None), entry(0, None, None)].concat();
    maker.add(30, 3, vec![resident(0x30, "", &folder), index_root(&index)]);
    maker.add(31, 1, vec![resident(0x30, "", &inner), resident(0x80, "", b"deep")]);
    let fs = maker.open();
    let entry = find(&fs, "sub").unwrap().unwrap();
    assert!(entry.folder);
    let inside = fs.find(entry.file, "IN").unwrap().unwrap();
    assert_eq!((inside.folder, fs.list(entry.file).unwrap().len()), (false, 1));
    assert!(fs.file(inside.file).is_ok());
}
