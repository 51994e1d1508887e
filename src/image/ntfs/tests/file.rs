//! The data of files, in all its forms.

use super::builder::*;
use crate::error::Error;
use crate::read_at::ReadAt;

fn pattern(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|n| u8::try_from((n * 7 + n / 256 + seed) % 251).unwrap()).collect()
}

/// A volume with one file, of these attributes and in these clusters.
fn one(attributes: Vec<Vec<u8>>, clusters: &[(usize, &[u8])]) -> Maker {
    let mut maker = Maker::new();
    maker.file(40, "f", attributes);
    clusters.iter().for_each(|(lcn, bytes)| maker.fill(*lcn, bytes));
    maker
}

#[test]
fn fragments_holes_and_what_was_never_written_are_read() {
    let (a, b) = (pattern(8192, 1), pattern(8192, 2));
    let mut part = Part::only(&[(2, Some(80)), (3, None), (2, Some(60))], 28000);
    part.initialized = 27000;
    part.flags = 0x8000;
    let fs = one(vec![part.attribute(0x80, "")], &[(80, &a), (60, &b)]).open();
    let mut want = [a, vec![0; 3 * CLUSTER], b].concat();
    want[27000..].fill(0);
    want.truncate(28000);
    assert_eq!(read(&fs, "f").unwrap(), want);
    let file = file(&fs, "f").unwrap();
    for (offset, len) in [(0, 1), (8191, 2), (8000, 20000), (20479, 100), (26990, 20), (27999, 9), (28000, 1)] {
        let mut got = vec![0xee; len];
        let n = file.read_at(u64::try_from(offset).unwrap(), &mut got).unwrap();
        assert_eq!(got[..n], want[offset.min(want.len())..(offset + len).min(want.len())], "{offset}");
    }
    // Holes are for sparse files.
    part.flags = 0;
    assert!(read(&one(vec![part.attribute(0x80, "")], &[]).open(), "f").is_err());
}

#[test]
fn sizes_must_fit_each_other_and_the_runs() {
    let whole = Part::only(&[(2, Some(60))], 5000);
    for change in [(8193, 0, 2), (5000, 5001, 2), (5000, 0, 3), (5000, 0, 1)] {
        let mut part = whole.clone();
        (part.size, part.initialized, part.allocated) = change;
        assert!(read(&one(vec![part.attribute(0x80, "")], &[]).open(), "f").is_err(), "{change:?}");
    }
    let empty = Part::only(&[], 0);
    assert_eq!(read(&one(vec![empty.attribute(0x80, "")], &[]).open(), "f").unwrap(), b"");
    // Clusters that the volume does not have.
    let past = Part::only(&[(20, Some(145))], 5000);
    assert!(read(&one(vec![past.attribute(0x80, "")], &[]).open(), "f").is_err());
}

/// Three parts in the base record and two extensions, which the list does not have in order.
fn in_parts(change: impl Fn(&mut Vec<(u32, u64, u64)>, &mut [Part; 3], &mut u64)) -> Maker {
    let mut first = Part::only(&[(1, Some(60))], 4 * CLUSTER);
    first.allocated = 4;
    let second = Part { lowest: 1, runs: vec![(2, Some(70))], ..Part::default() };
    let third = Part { lowest: 3, runs: vec![(1, Some(65))], ..Part::default() };
    let mut list = vec![(0x80, 3, reference(42)), (0x80, 0, reference(40)), (0x80, 1, reference(41))];
    let (mut parts, mut base) = ([first, second, third], 40);
    change(&mut list, &mut parts, &mut base);
    let attributes = parts.map(|part| part.attribute(0x80, ""));
    let mut maker = one(vec![attribute_list(&list), attributes[0].clone()], &[]);
    maker.extension(41, base, vec![attributes[1].clone()]);
    maker.extension(42, 40, vec![attributes[2].clone()]);
    for (lcn, seed) in [(60, 1), (70, 2), (71, 3), (65, 4)] {
        maker.fill(lcn, &pattern(CLUSTER, seed));
    }
    maker
}

#[test]
fn parts_in_several_records_are_joined_by_their_cluster_numbers() {
    let want: Vec<u8> = (1..=4).flat_map(|seed| pattern(CLUSTER, seed)).collect();
    assert_eq!(read(&in_parts(|_, _, _| ()).open(), "f").unwrap(), want);
    type Change = fn(&mut Vec<(u32, u64, u64)>, &mut [Part; 3], &mut u64);
    let changes: [(&str, Change); 8] = [
        ("a part is missing", |list, _, _| list.truncate(2)),
        ("the last part is missing", |list, _, _| list.retain(|part| part.1 != 3)),
        ("the first part is missing", |list, _, _| list.retain(|part| part.1 != 0)),
        ("a part is there twice", |list, _, _| list.push(list[2])),
        ("a gap", |_, parts, _| parts[1].runs = vec![(1, Some(70))]),
        ("an overlap", |_, parts, _| parts[1].runs = vec![(3, Some(70))]),
        ("another record's part", |_, _, base| *base = 39),
        ("an old record", |list, _, _| list[2].2 ^= 1 << 60),
    ];
    for (what, change) in changes {
        let fs = in_parts(change).open();
        assert!(read(&fs, "f").is_err(), "{what}");
    }
}

/// A chunk that is all one byte.
fn packed(byte: u8) -> Vec<u8> {
    vec![0x03, 0xb0, 0x02, byte, 0xfc, 0x0f]
}

#[test]
fn compression_units_are_zero_plain_or_packed_by_their_runs() {
    let plain = pattern(4 * CLUSTER, 3);
    // Units of 4 clusters: packed, plain, zero, packed and short.
    let first: Vec<u8> = (1..=4).flat_map(packed).collect();
    let last: Vec<u8> = [packed(9), vec![0x01, 0xb0, 0, b'x', 0, 0]].concat();
    let runs = [(1, Some(60)), (3, None), (4, Some(70)), (4, None), (1, Some(61)), (3, None)];
    let mut part = Part::only(&runs, 12 * CLUSTER + 4097);
    (part.flags, part.unit) = (1, 2);
    let make = |part: &Part, first: &[u8]| {
        one(vec![part.attribute(0x80, "")], &[(60, first), (61, &last), (70, &plain)]).open()
    };
    let fs = make(&part, &first);
    let mut want: Vec<u8> = (1..=4).flat_map(|byte| vec![byte; CLUSTER]).chain(plain.clone()).collect();
    want.resize(12 * CLUSTER, 0);
    want.extend([vec![9; CLUSTER], vec![b'x']].concat());
    assert_eq!(read(&fs, "f").unwrap(), want);
    let file = file(&fs, "f").unwrap();
    for (offset, len) in [(16000, 1000), (4095, 2), (53247, 2), (32000, 20000), (53249, 1)] {
        let mut got = vec![0xee; len];
        let n = file.read_at(u64::try_from(offset).unwrap(), &mut got).unwrap();
        assert_eq!(got[..n], want[offset.min(want.len())..(offset + len).min(want.len())], "{offset}");
    }
    // Bad data and too little of it are errors, for this unit alone.
    for bad in [&first[..18], &[0xff; 40][..], &[]] {
        let fs = make(&part, &[bad, &[0, 0]].concat());
        let file = super::builder::file(&fs, "f").unwrap();
        let mut buf = [0; 16];
        assert!(file.read_at(0, &mut buf).is_err(), "{bad:x?}");
        assert!(file.read_at(16384, &mut buf).is_ok());
    }
    // A hole first, part of a unit, a unit that is too large, an unknown method.
    let refused: [fn(&mut Part); 4] = [
        |part| part.runs.swap(0, 1),
        |part| (part.allocated, part.runs[5].0) = (15, 2),
        |part| part.unit = 5,
        |part| part.flags = 2,
    ];
    for change in refused {
        let mut bad = part.clone();
        change(&mut bad);
        assert!(read(&make(&bad, &first), "f").is_err());
    }
}

/// The reparse point of a file of this provider and method.
fn point(provider: u32, method: u32) -> Vec<u8> {
    let fields = [0x8000_0017, 16, 1, provider, 1, method];
    resident(0xc0, "", &fields.map(u32::to_le_bytes).concat())
}

/// XPRESS of nothing but `x`: a word of one bit for it and one for a copy of the longest.
fn all_x() -> Vec<u8> {
    let mut table = vec![0u8; 256];
    (table[usize::from(b'x') / 2], table[128 + 7]) = (1, 1 << 4);
    // `x`, a copy of 3 + 4092 by a length in two bytes behind the second word.
    [table, vec![0, 0x40, 0, 0, 0xff, 0xfc, 0x0f]].concat()
}

/// A file of two chunks of `x` and one of two bytes, and the table of where the first two end.
fn overlaid(change: impl Fn(&mut Vec<Vec<u8>>, &mut Vec<u8>)) -> std::io::Result<Vec<u8>> {
    let size = 2 * 4096 + 2;
    let chunk = u32::try_from(all_x().len()).unwrap();
    let mut packed = [&chunk.to_le_bytes()[..], &(2 * chunk).to_le_bytes(), &all_x(), &all_x(), b"ab"].concat();
    let mut hole = Part::only(&[(3, None)], size);
    hole.flags = 0x8000;
    let stream = Part::only(&[(1, Some(60))], packed.len()).attribute(0x80, "WofCompressedData");
    let mut attributes = vec![hole.attribute(0x80, ""), stream, point(2, 0)];
    change(&mut attributes, &mut packed);
    read(&one(attributes, &[(60, &packed)]).open(), "f")
}

#[test]
fn files_compressed_by_wof_are_unpacked() {
    let want = [vec![b'x'; 8192], b"ab".to_vec()].concat();
    assert_eq!(overlaid(|_, _| ()).unwrap(), want);
    type Change = fn(&mut Vec<Vec<u8>>, &mut Vec<u8>);
    let changes: [(&str, Change); 15] = [
        ("no reparse point", |attributes, _| drop(attributes.remove(2))),
        ("no stream", |attributes, _| drop(attributes.remove(1))),
        ("in a WIM file", |attributes, _| attributes[2] = point(1, 0)),
        ("an unknown provider", |attributes, _| attributes[2] = point(3, 0)),
        ("an unknown method", |attributes, _| attributes[2] = point(2, 4)),
        ("another method", |attributes, _| attributes[2] = point(2, 1)),
        ("larger chunks", |attributes, _| attributes[2] = point(2, 2)),
        ("a short reparse point", |attributes, _| attributes[2] = resident(0xc0, "", &[0x17, 0, 0, 0x80, 0, 0, 0, 0])),
        ("a stream with a hole", |attributes, packed| {
            let mut part = Part::only(&[(1, None)], packed.len());
            part.flags = 0x8000;
            attributes[1] = part.attribute(0x80, "WofCompressedData");
        }),
        ("a stream that was not written", |attributes, packed| {
            let mut part = Part::only(&[(1, Some(60))], packed.len());
            part.initialized -= 1;
            attributes[1] = part.attribute(0x80, "WofCompressedData");
        }),
        ("a stream of the table alone", |attributes, _| {
            attributes[1] = Part::only(&[(1, Some(60))], 8).attribute(0x80, "WofCompressedData");
        }),
        ("a chunk that ends before it starts", |_, packed| packed[4] = 0),
        ("a chunk past the end", |_, packed| packed[7] = 1),
        ("a chunk of nothing", |_, packed| packed.copy_within(0..4, 4)),
        ("a damaged chunk", |_, packed| packed[8] = 0xff),
    ];
    for (what, change) in changes {
        assert!(overlaid(change).is_err(), "{what}");
    }
}

#[test]
fn what_is_encrypted_or_elsewhere_is_refused_by_name() {
    let data = || resident(0x80, "", b"x");
    let reparse = |tag: u32| vec![data(), resident(0xc0, "", &[tag.to_le_bytes(), [0; 4]].concat())];
    let mut encrypted = Part::only(&[(1, Some(60))], 9);
    encrypted.flags = 0x4000;
    let cases = [
        (vec![encrypted.attribute(0x80, "")], "EFS"),
        (vec![data(), resident(0x100, "$EFS", b"")], "EFS"),
        (reparse(0x8000_0013), "tag 0x80000013: its data is deduplicated"),
        (reparse(0xa000_000c), "tag 0xa000000c: it is a symbolic link"),
        (reparse(0xa000_0003), "tag 0xa0000003: it is a mount point"),
        (reparse(0x9000_001a), "tag 0x9000001a"),
    ];
    for (attributes, why) in cases {
        let fs = one(attributes, &[]).open();
        let error = file(&fs, "f").err().unwrap();
        assert!(matches!(&error, Error::Unsupported { what, .. } if what.contains(why)), "{error}");
    }
    // Data under a name is not the file's own.
    let fs = one(vec![resident(0x80, "stream", b"x")], &[]).open();
    assert!(matches!(file(&fs, "f"), Err(Error::Damaged { .. })));
}
