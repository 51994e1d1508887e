use std::time::{Duration, UNIX_EPOCH};

use super::super::tests::{all, all_within, bytes_of, data, deflated, listed, zstd_compressed};
use super::super::{Archive, Contents, sniff};
use crate::error::Error;
use crate::limits::Limits;

/// A file to be zipped, and what is to be odd about it.
#[derive(Clone, Default)]
struct File {
    name: Vec<u8>,
    data: Vec<u8>,
    method: u16,
    flags: u16,
    unix: u32,
    extra: Vec<u8>,
    /// Sizes and offset only in the extra fields.
    zip64: bool,
    /// In front of the data all sizes are ones, in the header and in its extra field.
    ones: bool,
    local_name: Option<Vec<u8>>,
    local_method: Option<u16>,
    local_size: Option<u32>,
    crc: Option<u32>,
    size: Option<u32>,
    /// Where the entry says that the header is.
    header: Option<u32>,
}

fn file(name: &str, method: u16, data: &[u8]) -> File {
    File { name: name.into(), data: data.into(), method, ..File::default() }
}

fn le(numbers: &[(u64, usize)]) -> Vec<u8> {
    numbers.iter().flat_map(|(number, len)| number.to_le_bytes()[..*len].to_vec()).collect()
}

fn zip(files: &[File]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for f in files {
        let packed = match f.method {
            8 => deflated(&f.data),
            93 => zstd_compressed(&f.data),
            _ => f.data.clone(),
        };
        let (at, crc) = (out.len() as u64, f.crc.unwrap_or_else(|| crc32fast::hash(&f.data)));
        let size = f.size.map_or(f.data.len() as u64, u64::from);
        let (old_size, old_packed) = if f.zip64 { (0xffff_ffff, 0xffff_ffff) } else { (size, packed.len() as u64) };
        let streamed = f.flags & 8 != 0;
        let known = |number: u64| if streamed { 0 } else { number };
        let mut extra = f.extra.clone();
        if f.zip64 {
            extra.extend(le(&[(1, 2), (16, 2), (size, 8), (packed.len() as u64, 8)]));
        }
        if f.ones {
            extra.extend(le(&[(1, 2), (16, 2), (u64::MAX, 8), (u64::MAX, 8)]));
        }
        let (local_packed, local_size) =
            if f.ones { (0xffff_ffff, 0xffff_ffff) } else { (known(old_packed), known(old_size)) };
        let name = f.local_name.as_ref().unwrap_or(&f.name);
        let method = f.local_method.unwrap_or(f.method);
        out.extend(b"PK\x03\x04");
        out.extend(le(&[(45, 2), (f.flags.into(), 2), (method.into(), 2), (0x6000, 2), (0x5821, 2)]));
        let local_size = f.local_size.map_or(local_size, u64::from);
        out.extend(le(&[(known(crc.into()), 4), (local_packed, 4), (local_size, 4)]));
        out.extend(le(&[(name.len() as u64, 2), (extra.len() as u64, 2)]));
        out.extend(name);
        out.extend(&extra);
        out.extend(&packed);
        if streamed {
            out.extend(b"PK\x07\x08");
            out.extend(le(&[(crc.into(), 4), (packed.len() as u64, 4), (size, 4)]));
        }
        let header = f.header.map_or(at, u64::from);
        let mut extra = f.extra.clone();
        if f.zip64 {
            extra.extend(le(&[(1, 2), (24, 2), (size, 8), (packed.len() as u64, 8), (header, 8)]));
        }
        directory.extend(b"PK\x01\x02");
        directory.extend(le(&[
            (0x0300 + 45, 2),
            (45, 2),
            (f.flags.into(), 2),
            (f.method.into(), 2),
            (0x6000, 2),
            (0x5821, 2),
        ]));
        directory.extend(le(&[
            (crc.into(), 4),
            (old_packed, 4),
            (old_size, 4),
            (f.name.len() as u64, 2),
            (extra.len() as u64, 2),
        ]));
        let header = if f.zip64 { 0xffff_ffff } else { header };
        directory.extend(le(&[(0, 2), (0, 2), (0, 2), (u64::from(f.unix) << 16, 4), (header, 4)]));
        directory.extend(&f.name);
        directory.extend(&extra);
    }
    let (count, size, start) = (files.len() as u64, directory.len() as u64, out.len() as u64);
    out.extend(directory);
    out.extend(end(count, size, start, 0));
    out
}

fn end(count: u64, size: u64, start: u64, comment: u64) -> Vec<u8> {
    let mut out = b"PK\x05\x06".to_vec();
    out.extend(le(&[(0, 2), (0, 2), (count, 2), (count, 2), (size, 4), (start, 4), (comment, 2)]));
    out
}

fn refused(files: &[File]) -> String {
    let contents = all(&zip(files)).unwrap();
    contents.members.last().unwrap().bytes.as_ref().map(|_| ()).unwrap_err().to_string()
}

fn names(contents: &Contents) -> Vec<&str> {
    contents.members.iter().map(|member| member.path.as_str()).collect()
}

#[test]
fn members_are_read_by_every_method() {
    let (one, two) = (data(500_000), data(80_000));
    let files = [
        file("C/SYSTEM", 8, &one),
        file("C/plain", 0, &two),
        file("C/zstd", 93, &two),
        file("C/e", 0, b""),
        file("C/", 0, b""),
    ];
    let contents = all(&zip(&files)).unwrap();
    assert_eq!((contents.files, &contents.damaged, contents.notes.len()), (4, &None, 0));
    let want = files[..4].iter().map(|f| (String::from_utf8(f.name.clone()).unwrap(), Ok(f.data.clone())));
    assert_eq!(listed(&contents), want.collect::<Vec<_>>());
    // 2024-01-01 12:00.
    assert_eq!(contents.members[0].modified, Some(UNIX_EPOCH + Duration::from_secs(1_704_110_400)));
    let streamed = File { flags: 8, ..file("a", 8, &one) };
    let long = File { zip64: true, ..file("b", 8, &two) };
    let contents = all(&zip(&[streamed, long])).unwrap();
    assert_eq!(listed(&contents), [("a".to_owned(), Ok(one)), ("b".to_owned(), Ok(two))]);
}

#[test]
fn an_empty_zip_and_one_with_a_comment_are_read() {
    let empty = end(0, 0, 0, 0);
    assert_eq!(sniff(&empty), Some(Archive::Zip));
    assert_eq!(all(&empty).unwrap().files, 0);
    let mut bytes = zip(&[file("a", 0, b"1")]);
    let at = bytes.len() - 2;
    bytes[at] = 5;
    bytes.extend(b"PK\x05\x06!");
    assert_eq!(names(&all(&bytes).unwrap()), ["a"]);
    bytes.extend(b"more");
    let contents = all(&bytes).unwrap();
    assert_eq!((names(&contents), contents.notes.len()), (vec!["a"], 1));
}

#[test]
fn two_ends_that_both_could_be_are_ambiguous() {
    let mut bytes = zip(&[file("a", 0, b"1")]);
    let comment = bytes.len() - 2;
    let empty = end(0, 0, 0, 0);
    bytes[comment] = empty.len() as u8;
    bytes.extend(empty);
    assert!(matches!(all(&bytes).map(|_| ()), Err(Error::Ambiguous { .. })));
}

#[test]
fn sizes_of_ones_are_those_of_the_directory_where_they_were_not_known() {
    let streamed = File { ones: true, flags: 8, ..file("a", 8, &data(9000)) };
    let contents = all(&zip(std::slice::from_ref(&streamed))).unwrap();
    assert_eq!(bytes_of(&contents.members[0]).unwrap(), data(9000));
    // Where they were known, they are a lie.
    assert!(refused(&[File { flags: 0, ..streamed }]).contains("as in the directory"));
}

#[test]
fn the_end_of_zip64_is_read() {
    let bytes = zip(&[file("a", 0, b"1")]);
    let at = bytes.len() - 22;
    let directory = bytes[..at].windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    let make = |count: u64, disks: u64| {
        let mut out = bytes[..at].to_vec();
        out.extend(b"PK\x06\x06");
        out.extend(le(&[(44, 8), (45, 2), (45, 2), (0, 4), (0, 4), (count, 8), (count, 8)]));
        out.extend(le(&[((at - directory) as u64, 8), (directory as u64, 8)]));
        out.extend(b"PK\x06\x07");
        out.extend(le(&[(0, 4), (at as u64, 8), (disks, 4)]));
        out.extend(b"PK\x05\x06");
        out.extend(le(&[(0, 4), (0xffff, 2), (0xffff, 2), (0xffff_ffff, 4), (0xffff_ffff, 4), (0, 2)]));
        out
    };
    assert_eq!(names(&all(&make(1, 1)).unwrap()), ["a"]);
    assert!(all(&make(1, 2)).map(|_| ()).unwrap_err().to_string().contains("several files"));
    for count in [2, 1 << 32, u64::MAX] {
        assert!(matches!(all(&make(count, 1)).map(|_| ()), Err(Error::Damaged { .. })), "{count}");
    }
    let mut differs = make(1, 1);
    let at = differs.len() - 14;
    differs[at..at + 4].copy_from_slice(&[2, 0, 2, 0]);
    assert!(matches!(all(&differs).map(|_| ()), Err(Error::Ambiguous { .. })));
}

#[test]
fn spanned_and_cut_archives_are_refused() {
    let whole = zip(&[file("a", 0, b"1")]);
    for cut in [&whole[..whole.len() - 1], &whole[..40]] {
        assert!(matches!(all(cut).map(|_| ()), Err(Error::Damaged { .. })));
    }
    let mut spanned = whole.clone();
    let at = spanned.len() - 18;
    spanned[at] = 1;
    assert!(all(&spanned).map(|_| ()).unwrap_err().to_string().contains("several files"));
    // The directory breaks off: what came before is there.
    let mut broken = zip(&[file("a", 0, b"1"), file("b", 0, b"2")]);
    let second = broken.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    broken[second] = 0;
    let contents = all(&broken).unwrap();
    assert_eq!((names(&contents), contents.damaged.is_some()), (vec!["a"], true));
}

#[test]
fn methods_and_encryption_that_are_not_read_are_named() {
    assert!(refused(&[file("a", 9, b"1")]).contains("Deflate64"));
    assert!(refused(&[file("a", 14, b"1")]).contains("LZMA"));
    assert!(refused(&[file("a", 77, b"1")]).contains("method 77"));
    assert!(refused(&[File { flags: 1, ..file("a", 8, b"1") }]).contains("ZipCrypto"));
    assert!(refused(&[File { flags: 1, ..file("a", 99, b"1") }]).contains("AES"));
    assert!(refused(&[File { flags: 0x41, ..file("a", 8, b"1") }]).contains("strong"));
    assert!(refused(&[File { flags: 0x2001, ..file("a", 8, b"1") }]).contains("its name too"));
}

#[test]
fn headers_that_disagree_are_errors_of_the_file() {
    assert!(refused(&[File { local_name: Some(b"b".to_vec()), ..file("a", 8, b"1") }]).contains("the name \"a\""));
    assert!(refused(&[File { local_method: Some(0), ..file("a", 8, b"1") }]).contains("method 8"));
    assert!(refused(&[File { local_size: Some(2), ..file("a", 8, b"1") }]).contains("as in the directory"));
    assert!(refused(&[File { header: Some(5), ..file("a", 8, b"1") }]).contains("a local header"));
    assert!(refused(&[File { header: Some(u32::MAX - 1), ..file("a", 8, b"1") }]).contains("a local header"));
}

#[test]
fn sizes_and_checksums_that_lie_are_errors_of_the_file() {
    for method in [0, 8, 93] {
        assert!(refused(&[File { crc: Some(7), ..file("a", method, &data(9000)) }]).contains("CRC-32"));
        assert!(refused(&[File { size: Some(8999), ..file("a", method, &data(9000)) }]).contains("expected"));
        assert!(refused(&[File { size: Some(9001), ..file("a", method, &data(9000)) }]).contains("expected"));
    }
}

#[test]
fn files_that_share_their_data_are_given_once() {
    let first = file("a", 8, &data(10_000));
    let again = File { header: Some(0), local_name: Some(b"a".to_vec()), ..first.clone() };
    let contents = all(&zip(&[first.clone(), again])).unwrap();
    assert!(bytes_of(&contents.members[0]).is_ok());
    assert!(bytes_of(&contents.members[1]).unwrap_err().to_string().contains("shared with another"));
    // As in a bomb: the data of the first is the header and the data of the second.
    let inner = zip(&[file("b", 0, b"inner")]);
    let outer = file("a", 0, &inner[..inner.len() - 22 - 47]);
    let second = File { header: Some(31), ..file("b", 0, b"inner") };
    let contents = all(&zip(&[outer, second])).unwrap();
    assert!(bytes_of(&contents.members[0]).is_ok());
    assert!(bytes_of(&contents.members[1]).unwrap_err().to_string().contains("shared with another"));
}

#[test]
fn bombs_run_into_limits() {
    let zeros = vec![0u8; 3 << 20];
    let limits = Limits { archive_decoded: 4 << 20, ..Limits::default() };
    let contents = all_within(&zip(&[file("a", 8, &zeros), file("b", 8, &zeros)]), &limits).unwrap();
    assert!(contents.members[0].bytes.is_ok());
    assert!(matches!(contents.members[1].bytes, Err(Error::Limit { .. })));
    let limits = Limits { archive_stream: 1 << 20, ..Limits::default() };
    let contents = all_within(&zip(&[file("a", 8, &zeros)]), &limits).unwrap();
    assert!(matches!(contents.members[0].bytes, Err(Error::Limit { .. })));
}

#[test]
fn a_file_too_large_to_verify_has_a_note_and_is_still_checked_at_its_end() {
    let limits = Limits { archive_checked: 1000, ..Limits::default() };
    let bad = File { crc: Some(7), ..file("a", 8, &data(300_000)) };
    let contents = all_within(&zip(&[bad]), &limits).unwrap();
    assert!(contents.notes[0].contains("not verified"));
    let bytes = contents.members[0].bytes.as_ref().unwrap();
    assert!(bytes.read_at(0, &mut [0; 10]).is_ok());
    assert!(bytes.read_at(299_999, &mut [0; 1]).is_err());
}

#[test]
fn names_are_decoded() {
    let utf8 = File { flags: 1 << 11, ..file("Jürgen", 0, b"1") };
    let old = File { name: b"J\x81rgen".to_vec(), ..file("", 0, b"2") };
    let bad = File { name: b"a\xff".to_vec(), flags: 1 << 11, ..file("", 0, b"3") };
    let raw = b"J?rgen".to_vec();
    let mut extra = le(&[(0x7075, 2), (5 + 7, 2), (1, 1), (crc32fast::hash(&raw).into(), 4)]);
    extra.extend("Jürgen".as_bytes());
    let field = File { name: raw, extra, ..file("", 0, b"4") };
    let contents = all(&zip(&[utf8, old, bad, field])).unwrap();
    assert_eq!(names(&contents), ["Jürgen", "Jürgen", "a\u{fffd}", "Jürgen"]);
    assert_eq!(contents.notes.len(), 2);
}

#[test]
fn hostile_names_are_made_harmless() {
    let names_in = ["..\\..\\x", "/abs", "C:\\Windows\\y", "nul\0.txt", "\x1b[1m", ""];
    let contents = all(&zip(&names_in.map(|name| file(name, 0, name.as_bytes())))).unwrap();
    assert_eq!(names(&contents), ["x", "abs", "C/Windows/y", "nul\u{fffd}.txt", "\u{1b}[1m", "unnamed"]);
    assert_eq!(contents.notes.len(), 4);
    let long = "a/".repeat(32_000) + "b";
    let contents = all(&zip(&[file(&long, 0, b"1")])).unwrap();
    assert_eq!(names(&contents), [long]);
}

#[test]
fn names_of_velociraptor_are_decoded_wherever_they_are() {
    let hive = data(5000);
    let files = [
        file("clients/C.1/collections/F.1/uploads/ntfs/%5C%5C.%5CC%3A/SYSTEM", 8, &hive),
        file("client_info.json", 8, b"{}"),
    ];
    let contents = all(&zip(&files)).unwrap();
    assert_eq!(names(&contents)[0], "clients/C.1/collections/F.1/uploads/ntfs/C/SYSTEM");
    assert_eq!(
        names(&all(&zip(&files[..1])).unwrap())[0],
        "clients/C.1/collections/F.1/uploads/ntfs/%5C%5C.%5CC%3A/SYSTEM"
    );
}

#[test]
fn an_index_that_cannot_be_read_is_reported_even_if_it_fits_no_file() {
    let path = "uploads/ntfs/C%3A/SYSTEM";
    let index = File { crc: Some(7), ..file("uploads/ntfs/C%3A/SYSTEN.idx", 8, b"{}") };
    let contents = all(&zip(&[file(path, 8, b"1"), index])).unwrap();
    assert_eq!(names(&contents), ["uploads/ntfs/C/SYSTEM", "uploads/ntfs/C/SYSTEN.idx"]);
    assert!(contents.members[1].bytes.is_err());
}

#[test]
fn links_are_passed_over_and_what_has_the_data_of_a_file_is_not() {
    let link = File { unix: 0o120_777, ..file("link", 0, b"target") };
    let device = File { unix: 0o060_644, ..file("device", 0, b"") };
    let plain = File { unix: 0o100_644, ..file("plain", 0, b"1") };
    // As `zip` writes what it reads from a pipe.
    let pipe = File { unix: 0o010_600, flags: 8, ..file("-", 8, b"3") };
    let no_link = File { unix: 0o120_777, ..file("hidden", 0, &[7; 5000]) };
    let contents = all(&zip(&[link, device, plain, file("folder/", 0, b"2"), pipe, no_link])).unwrap();
    assert_eq!((contents.files, names(&contents)), (4, vec!["plain", "folder", "-", "hidden"]));
}

#[test]
fn what_cannot_be_read_at_all_is_reported_up_to_a_number() {
    let files: Vec<File> = (0..20).map(|i| File { flags: 1, ..file(&format!("f{i}"), 8, b"1") }).collect();
    let limits = Limits { diagnostics: 5, ..Limits::default() };
    let contents = all_within(&zip(&files), &limits).unwrap();
    assert_eq!((contents.files, contents.members.len()), (20, 5));
    assert!(contents.damaged.unwrap().to_string().contains("15 more files"));
}
