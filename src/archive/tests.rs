//! What all kinds have in common, and makers of archives for the tests of each.

use std::io::Write;

use super::*;

/// An archive in memory.
pub(super) fn source(bytes: &[u8]) -> Arc<dyn ReadAt> {
    Arc::new(bytes.to_vec())
}

/// Bytes that compress, but are not all the same.
pub(super) fn data(len: usize) -> Vec<u8> {
    let mut state = 0x1234_5678u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 & 15
    };
    (0..len).map(|i| if i % 3 == 0 { next() } else { (i >> 12) as u8 }).collect()
}

pub(super) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn gzipped(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd_compressed(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Opens an archive of a kind that its first bytes show, and asks for everything.
pub(super) fn all(bytes: &[u8]) -> Result<Contents, Error> {
    all_within(bytes, &Limits::default())
}

pub(super) fn all_within(bytes: &[u8], limits: &Limits) -> Result<Contents, Error> {
    let kind = sniff(&bytes[..bytes.len().min(4104)]).expect("an archive");
    open(&source(bytes), "x.img.gz", kind, limits, &mut |_, _| true)
}

pub(super) fn bytes_of(member: &Member) -> io::Result<Vec<u8>> {
    let source = member.bytes.as_ref().map_err(|e| io::Error::other(e.to_string()))?;
    let mut bytes = vec![0u8; source.len() as usize];
    source.read_exact_at(0, &mut bytes)?;
    Ok(bytes)
}

/// Path and data of all members; the text of the error where there is one.
pub(super) fn listed(contents: &Contents) -> Vec<(String, Result<Vec<u8>, String>)> {
    let read = |member: &Member| bytes_of(member).map_err(|e| e.to_string());
    contents.members.iter().map(|member| (member.path.clone(), read(member))).collect()
}

pub(super) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        builder.append_data(&mut header, path, *data).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn a_tar_is_the_same_however_it_is_compressed() {
    let (system, software) = (data(300_000), data(70_000));
    let tar = tar_of(&[("C/SYSTEM", &system), ("C/empty", b""), ("C/SOFTWARE", &software), ("C/note.txt", b"text")]);
    for archive in [tar.clone(), gzipped(&tar), zstd_compressed(&tar)] {
        let kind = sniff(&archive[..archive.len().min(4104)]).unwrap();
        let mut seen = Vec::new();
        let mut wanted = |path: &str, start: &[u8]| {
            seen.push((path.to_owned(), start.len()));
            path != "C/note.txt"
        };
        let contents = open(&source(&archive), "triage", kind, &Limits::default(), &mut wanted).unwrap();
        assert_eq!((contents.files, &contents.damaged), (4, &None));
        assert_eq!(seen.iter().map(|(_, len)| *len).collect::<Vec<_>>(), [4104, 0, 4104, 4]);
        let want = [("C/SYSTEM", &system), ("C/empty", &Vec::new()), ("C/SOFTWARE", &software)];
        assert_eq!(listed(&contents), want.map(|(path, data)| (path.to_owned(), Ok(data.clone()))));
        let modified = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        assert_eq!(contents.members[0].modified, Some(modified));
        // Here and there, and backwards.
        let bytes = contents.members[0].bytes.as_ref().unwrap();
        for offset in [299_990, 0, 150_000, 4096, 262_144, 299_999, 300_000] {
            let mut page = [0u8; 64];
            let page = bytes.fill_at(offset, &mut page).unwrap();
            let offset = offset as usize;
            assert_eq!(*page, system[offset..(offset + 64).min(system.len())]);
        }
    }
}

#[test]
fn a_single_file_is_one_member() {
    let image = data(400_000);
    for archive in [gzipped(&image), zstd_compressed(&image)] {
        let contents = all(&archive).unwrap();
        assert_eq!(listed(&contents), [("x.img".to_owned(), Ok(image.clone()))]);
        assert_eq!(contents.damaged, None);
    }
}

#[test]
fn a_tar_that_is_cut_off_gives_what_is_before_the_cut_and_says_so() {
    let (first, second) = (data(100_000), data(200_000));
    let tar = tar_of(&[("first", &first), ("second", &second)]);
    let cut = &tar[..200_000];
    let gz = gzipped(&tar);
    for archive in [cut.to_vec(), gz[..gz.len() * 3 / 4].to_vec()] {
        let contents = all(&archive).unwrap();
        let listed = listed(&contents);
        assert_eq!(listed[0], ("first".to_owned(), Ok(first.clone())));
        assert!(listed[1].1.is_err());
        assert!(contents.damaged.is_some());
    }
    let zst = zstd_compressed(&tar);
    let contents = all(&zst[..zst.len() * 3 / 4]).unwrap();
    assert!(contents.damaged.is_some() || contents.members.iter().all(|member| member.bytes.is_err()));
    assert!(listed(&contents).iter().all(|(path, data)| path == "first" || data.is_err()));
}

#[test]
fn a_wrong_checksum_spoils_every_file_that_it_covers() {
    let tar = tar_of(&[("a", &data(5000)), ("b", &data(90_000))]);
    let mut gz = gzipped(&tar);
    let at = gz.len() - 8;
    gz[at] ^= 1;
    let mut zst = zstd_compressed(&tar);
    let at = zst.len() - 1;
    zst[at] ^= 1;
    for archive in [gz, zst] {
        let contents = all(&archive).unwrap();
        let why = contents.damaged.as_ref().unwrap().to_string();
        assert!(why.contains("of the decompressed data"), "{why}");
        assert_eq!(contents.members.len(), 2);
        assert!(contents.members.iter().all(|member| member.bytes.is_err()));
    }
}

#[test]
fn what_decodes_to_too_much_is_a_limit() {
    let limits = Limits { archive_stream: 1 << 20, ..Limits::default() };
    let bomb = vec![0u8; 2 << 20];
    for archive in [gzipped(&bomb), zstd_compressed(&bomb)] {
        let contents = all_within(&archive, &limits).unwrap();
        assert!(matches!(contents.members[0].bytes, Err(Error::Limit { .. })));
    }
    let limits = Limits { archive_memory: 1 << 20, ..Limits::default() };
    let contents = all_within(&zstd_compressed(&bomb), &limits).unwrap();
    assert!(contents.members[0].bytes.as_ref().map(|_| ()).unwrap_err().to_string().contains("decompress it first"));
}

#[test]
fn budgets_of_members_hold() {
    let tar = tar_of(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
    let limits = Limits { archive_members: 2, ..Limits::default() };
    let contents = all_within(&tar, &limits).unwrap();
    assert_eq!(contents.members.len(), 2);
    assert!(matches!(contents.damaged, Some(Error::Limit { .. })));
    let limits = Limits { archive_kept: 1, ..Limits::default() };
    let contents = all_within(&tar, &limits).unwrap();
    assert_eq!(contents.members.len(), 1);
    assert!(matches!(contents.damaged, Some(Error::Limit { .. })));
}

#[test]
fn two_files_of_one_name_are_both_given_with_a_note() {
    let contents = all(&tar_of(&[("a", b"1"), ("a", b"2")])).unwrap();
    assert_eq!(listed(&contents), [("a".to_owned(), Ok(b"1".to_vec())), ("a".to_owned(), Ok(b"2".to_vec()))]);
    assert_eq!(contents.notes, ["more than one file is called \"a\": all of them are read"]);
}

#[test]
fn a_sparse_upload_is_mapped_by_the_index_beside_it() {
    let index = br#"{"ranges":[{"file_length":2,"length":2},{"file_offset":2,"original_offset":2,"length":3}]}"#;
    let path = "uploads/ntfs/%5C%5C.%5CC%3A/SYSTEM";
    let contents = all(&tar_of(&[(path, b"ab"), (&format!("{path}.idx"), index)])).unwrap();
    assert_eq!(listed(&contents), [("uploads/ntfs/C/SYSTEM".to_owned(), Ok(b"ab\0\0\0".to_vec()))]);
    let contents = all(&tar_of(&[(path, b"abc"), (&format!("{path}.idx"), index)])).unwrap();
    assert!(contents.members[0].bytes.is_err());
}
