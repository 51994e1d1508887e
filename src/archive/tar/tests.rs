use super::super::tests::{all, all_within, data, listed, tar_of};
use super::super::{Archive, sniff};
use crate::error::Error;
use crate::limits::Limits;

/// A header of ustar with the right checksum.
fn header(name: &str, kind: u8, size: u64, magic: &[u8]) -> [u8; 512] {
    let mut block = [0u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"14524773400\0");
    block[156] = kind;
    block[257..257 + magic.len()].copy_from_slice(magic);
    summed(block)
}

fn summed(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A member: its header and its padded data.
fn entry(name: &str, kind: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, kind, data.len() as u64, b"ustar\0").to_vec();
    bytes.extend(data);
    bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    bytes
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (key, value) in records {
        let mut len = key.len() + value.len() + 3;
        len += format!("{len}").len();
        len = key.len() + value.len() + 3 + format!("{len}").len();
        body += &format!("{len} {key}={value}\n");
    }
    entry("pax", b'x', body.as_bytes())
}

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), vec![0u8; 1024]].concat()
}

fn one(parts: &[Vec<u8>]) -> (String, Result<Vec<u8>, String>) {
    let contents = all(&archive(parts)).unwrap();
    assert_eq!((contents.members.len(), contents.damaged.as_ref()), (1, None));
    listed(&contents).remove(0)
}

#[test]
fn dialects_are_read() {
    let v7 = header("dir/a", 0, 3, b"");
    let bytes = archive(&[v7.to_vec(), [b"abc".to_vec(), vec![0; 509]].concat()]);
    assert_eq!(sniff(&bytes), Some(Archive::Tar));
    assert_eq!(listed(&all(&bytes).unwrap()), [("dir/a".to_owned(), Ok(b"abc".to_vec()))]);
    let mut prefixed = header("name", b'0', 0, b"ustar\0");
    prefixed[345..351].copy_from_slice(b"prefix");
    assert_eq!(one(&[summed(prefixed).to_vec()]).0, "prefix/name");
    let long = "d/".repeat(100) + "SYSTEM";
    assert_eq!(
        one(&[entry("x", b'L', long.as_bytes()), entry("short", b'0', b"1")]),
        (long.clone(), Ok(b"1".to_vec()))
    );
    assert_eq!(one(&[pax(&[("path", &long)]), entry("short", b'0', b"1")]).0, long);
    let size = one(&[
        pax(&[("size", "2"), ("mtime", "1.5")]),
        header("a", b'0', 0, b"ustar\0").to_vec(),
        [b"xy".to_vec(), vec![0; 510]].concat(),
    ]);
    assert_eq!(size, ("a".to_owned(), Ok(b"xy".to_vec())));
}

#[test]
fn what_is_no_file_is_passed_over() {
    let kinds = [b'2', b'3', b'4', b'5', b'6'];
    let mut parts: Vec<Vec<u8>> = kinds.iter().map(|kind| entry("n", *kind, b"")).collect();
    parts.push(entry("folder/", 0, b""));
    parts.push(entry("file", b'7', b"1"));
    let contents = all(&archive(&parts)).unwrap();
    assert_eq!((contents.files, listed(&contents)), (1, vec![("file".to_owned(), Ok(b"1".to_vec()))]));
}

#[test]
fn a_hard_link_is_the_file_that_it_names() {
    let mut link = header("b", b'1', 3, b"ustar\0");
    link[157] = b'a';
    let contents = all(&archive(&[entry("a", b'0', b"abc"), summed(link).to_vec()])).unwrap();
    let want = [("a".to_owned(), Ok(b"abc".to_vec())), ("b".to_owned(), Ok(b"abc".to_vec()))];
    assert_eq!((contents.damaged.as_ref(), listed(&contents)), (None, want.to_vec()));
}

#[test]
fn sparse_files_of_every_format_are_whole() {
    let want: Vec<u8> = [vec![0u8; 512], vec![b'a'; 512], vec![0; 1024], vec![b'b'; 100], vec![0; 100]].concat();
    let stored = [vec![b'a'; 512], vec![b'b'; 100]].concat();
    let mut old = header("s", b'S', stored.len() as u64, b"ustar  \0");
    for (i, number) in [512u64, 512, 2048, 100].iter().enumerate() {
        old[386 + i * 12..398 + i * 12].copy_from_slice(format!("{number:011o}\0").as_bytes());
    }
    old[483..495].copy_from_slice(format!("{:011o}\0", want.len()).as_bytes());
    let mut data = stored.clone();
    data.resize(1024, 0);
    assert_eq!(one(&[summed(old).to_vec(), data.clone()]), ("s".to_owned(), Ok(want.clone())));
    // The second part in a block of its own.
    let mut more = old;
    more[410..434].fill(0);
    more[482] = 1;
    let mut block = vec![0u8; 512];
    block[..12].copy_from_slice(format!("{:011o}\0", 2048).as_bytes());
    block[12..24].copy_from_slice(format!("{:011o}\0", 100).as_bytes());
    assert_eq!(one(&[summed(more).to_vec(), block, data]), ("s".to_owned(), Ok(want.clone())));
    let map = [("GNU.sparse.size", "2248"), ("GNU.sparse.map", "512,512,2048,100"), ("GNU.sparse.name", "s")];
    assert_eq!(one(&[pax(&map), entry("x", b'0', &stored)]), ("s".to_owned(), Ok(want.clone())));
    let zero = [
        ("GNU.sparse.size", "2248"),
        ("GNU.sparse.offset", "512"),
        ("GNU.sparse.numbytes", "512"),
        ("GNU.sparse.offset", "2048"),
        ("GNU.sparse.numbytes", "100"),
    ];
    assert_eq!(one(&[pax(&zero), entry("s", b'0', &stored)]), ("s".to_owned(), Ok(want.clone())));
    let version = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "s"),
        ("GNU.sparse.realsize", "2248"),
    ];
    let mut data = b"2\n512\n512\n2048\n100\n".to_vec();
    data.resize(512, 0);
    data.extend(&stored);
    assert_eq!(one(&[pax(&version), entry("x", b'0', &data)]), ("s".to_owned(), Ok(want)));
}

#[test]
fn sparse_maps_that_lie_are_errors() {
    for map in ["512,511,2048,100", "512,512,600,100", "512,512,2048", "18446744073709551615,612"] {
        let map = [("GNU.sparse.size", "2248"), ("GNU.sparse.map", map), ("GNU.sparse.name", "s")];
        assert!(one(&[pax(&map), entry("x", b'0', &[1; 612])]).1.is_err());
    }
    for data in ["", "99999999999999\n", "1\n1\n", "x\n", "99999999999999999999999\n"] {
        let version = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "2248")];
        assert!(one(&[pax(&version), entry("x", b'0', data.as_bytes())]).1.is_err(), "{data:?}");
    }
    let unknown = [("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "1")];
    assert!(one(&[pax(&unknown), entry("x", b'0', b"1")]).1.unwrap_err().contains("version 2.0"));
}

#[test]
fn an_archive_without_its_end_says_so() {
    let whole = entry("a", b'0', b"abc");
    for cut in [whole.clone(), whole[..1000].to_vec(), whole[..600].to_vec(), [whole.clone(), vec![0; 100]].concat()] {
        let contents = all(&cut).unwrap();
        assert!(contents.damaged.is_some());
        assert_eq!(contents.members.len(), 1);
    }
    let contents = all(&archive(&[whole.clone(), pax(&[("path", "b")])])).unwrap();
    assert!(contents.damaged.is_some());
    // Damage between files.
    let contents = all(&archive(&[whole.clone(), vec![1; 512], whole.clone()])).unwrap();
    assert_eq!((contents.members.len(), contents.damaged.is_some()), (1, true));
    let contents = all(&[archive(std::slice::from_ref(&whole)), whole].concat()).unwrap();
    // A second tar behind the end of the first.
    assert_eq!((contents.members.len(), contents.damaged.is_some()), (1, true));
}

#[test]
fn a_hive_that_is_a_hard_link_to_nothing_is_told() {
    let named = |name: &str| {
        let mut header = header(name, b'1', 0, b"ustar\0");
        header[157..164].copy_from_slice(b"missing");
        all(&archive(&[summed(header).to_vec()])).unwrap().members
    };
    assert!(matches!(named("config/SYSTEM").as_slice(), [one] if one.bytes.is_err()));
    assert!(named("config/notes").is_empty());
}

#[test]
fn hostile_sizes_are_errors() {
    for size in [u64::from(u32::MAX), (1 << 33) - 1] {
        let contents = all(&archive(&[header("x", b'L', size, b"ustar\0").to_vec()])).unwrap();
        assert!(matches!(contents.damaged, Some(Error::Limit { .. })));
        let contents = all(&archive(&[header("x", b'x', size, b"ustar\0").to_vec()])).unwrap();
        assert!(matches!(contents.damaged, Some(Error::Limit { .. })));
        let contents = all(&archive(&[header("x", b'0', size, b"ustar\0").to_vec()])).unwrap();
        assert!(contents.members[0].bytes.is_err() && contents.damaged.is_some());
    }
    let huge = pax(&[("size", "18446744073709551615")]);
    assert!(all(&archive(&[huge, entry("a", b'0', b"1")])).unwrap().damaged.is_some());
    let global = entry("g", b'g', b"10 path=a\n");
    assert!(matches!(all(&archive(&[global])).unwrap().damaged, Some(Error::Unsupported { .. })));
    let limits = Limits { archive_path_bytes: 100, ..Limits::default() };
    let long = archive(&[entry("x", b'L', &[b'a'; 101]), entry("a", b'0', b"1")]);
    assert!(matches!(all_within(&long, &limits).unwrap().damaged, Some(Error::Limit { .. })));
}

#[test]
fn volumes_are_refused_and_hostile_names_made_harmless() {
    assert!(one(&[entry("a", b'M', b"1")]).1.unwrap_err().contains("another volume"));
    let contents = all(&archive(&[entry("../../etc/x\x1b[1m", b'0', b"1"), entry("/abs", b'0', b"2")])).unwrap();
    assert_eq!(contents.members[0].path, "etc/x\u{1b}[1m");
    assert_eq!((contents.members[1].path.as_str(), contents.notes.len()), ("abs", 2));
}

#[test]
fn the_crate_agrees() {
    let bytes = tar_of(&[("a/b", &data(1000)), ("c", b""), (&"long/".repeat(60), b"x")]);
    assert_eq!(all(&bytes).unwrap().files, 2);
}
