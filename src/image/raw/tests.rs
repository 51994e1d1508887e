use std::collections::BTreeMap;

use super::*;
use crate::image::Opened;

/// Files by name; those without bytes may not be opened.
struct Files(&'static str, BTreeMap<String, Option<Vec<u8>>>);

impl Files {
    fn new(own: &'static str, files: &[(&str, Option<&[u8]>)]) -> Self {
        Self(own, files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.map(<[u8]>::to_vec))).collect())
    }

    fn disk(&self) -> Result<Disk, Error> {
        let own: Arc<dyn ReadAt> = Arc::new(self.1[self.0].clone().unwrap());
        open(&own, self, &Limits::default())
    }
}

impl Opener for Files {
    fn open(&self, names: &[&str]) -> Result<Opened, Error> {
        self.open_if_there(names[0])?.ok_or_else(|| Error::unsupported(At::Whole, "not there"))
    }

    fn open_if_there(&self, name: &str) -> Result<Option<Opened>, Error> {
        match self.1.get(name) {
            None => Ok(None),
            Some(None) => Err(Error::unsupported(At::Whole, "refused")),
            Some(Some(bytes)) => Ok(Some(Opened {
                bytes: Arc::new(bytes.clone()),
                name: Arc::from(name),
                opener: Arc::new(Files::new("", &[])),
            })),
        }
    }

    fn file_name(&self) -> &str {
        self.0
    }
}

fn all(disk: &Disk) -> Vec<u8> {
    let mut bytes = vec![0u8; disk.bytes.len() as usize];
    disk.bytes.read_exact_at(0, &mut bytes).unwrap();
    bytes
}

fn refused(files: &Files) -> String {
    files.disk().err().unwrap().to_string()
}

#[test]
fn a_file_without_a_number_is_the_disk() {
    for name in ["disk.dd", "001", ".001", "disk.1", "disk.0001", "disk.00a", "disk", "disk.2024"] {
        let disk = Files::new(name, &[(name, Some(b"abc")), ("disk.002", Some(b"def"))]).disk().unwrap();
        assert_eq!((all(&disk), disk.format.as_str()), (b"abc".to_vec(), "raw"), "{name}");
    }
}

#[test]
fn pieces_are_joined_from_0_or_1() {
    let files = [("d.e.001", Some(&b"abc"[..])), ("d.e.002", Some(b"def")), ("d.e.003", Some(b"g"))];
    let disk = Files::new("d.e.001", &files).disk().unwrap();
    assert_eq!((all(&disk), disk.format.as_str(), disk.notes.len()), (b"abcdefg".to_vec(), "split raw, 3 files", 0));
    let files = [("d.000", Some(&b"abc"[..])), ("d.001", Some(b"de"))];
    let disk = Files::new("d.000", &files).disk().unwrap();
    assert_eq!((all(&disk), disk.format.as_str()), (b"abcde".to_vec(), "split raw, 2 files"));
    let disk = Files::new("d.001", &[("d.001", Some(b"abc"))]).disk().unwrap();
    assert_eq!((all(&disk), disk.format.as_str()), (b"abc".to_vec(), "raw"));
}

#[test]
fn numbers_go_on_with_four_digits() {
    let names: Vec<String> = (1..=1002).map(|n| format!("d.{n:03}")).collect();
    let files: Vec<(&str, Option<&[u8]>)> = names.iter().map(|name| (name.as_str(), Some(&b"x"[..]))).collect();
    let disk = Files::new("d.001", &files).disk().unwrap();
    assert_eq!((disk.bytes.len(), disk.format.as_str()), (1002, "split raw, 1002 files"));
    let files = Files::new("d.001", &files);
    let own: Arc<dyn ReadAt> = Arc::new(b"x".to_vec());
    let limits = Limits { image_pieces: 1001, ..Limits::default() };
    assert!(matches!(open(&own, &files, &limits), Err(Error::Limit { limit: 1001, .. })));
}

#[test]
fn a_later_piece_alone_is_refused() {
    let files = [("d.000", Some(&b"abc"[..])), ("d.001", Some(b"def"))];
    assert!(refused(&Files::new("d.001", &files)).contains("name the first one (d.000 or d.001)"));
    assert!(refused(&Files::new("d.002", &[("d.002", Some(b"abc"))])).contains("d.002 is a later piece"));
}

#[test]
fn a_gap_is_refused() {
    let files = [("d.001", Some(&b"abc"[..])), ("d.002", Some(b"def")), ("d.004", Some(b"ghi"))];
    assert_eq!(
        refused(&Files::new("d.001", &files)),
        "split image at the file: expected d.003, found d.004, but not that one"
    );
}

#[test]
fn a_piece_that_may_not_be_opened_is_no_end() {
    let files = [("d.001", Some(&b"abc"[..])), ("d.002", None)];
    assert!(refused(&Files::new("d.001", &files)).contains("refused"));
}

#[test]
fn pieces_of_odd_sizes_are_noted() {
    let note = |sizes: &[usize]| {
        let names: Vec<String> = (1..=sizes.len()).map(|n| format!("d.{n:03}")).collect();
        let bytes: Vec<Vec<u8>> = sizes.iter().map(|&n| vec![1u8; n]).collect();
        let files: Vec<(&str, Option<&[u8]>)> =
            names.iter().zip(&bytes).map(|(name, bytes)| (name.as_str(), Some(bytes.as_slice()))).collect();
        Files::new("d.001", &files).disk().unwrap().notes
    };
    assert!(note(&[4, 4, 4]).is_empty() && note(&[4, 4, 1]).is_empty() && note(&[4, 4]).is_empty());
    assert!(note(&[4, 3, 4])[0].starts_with("d.002 has 3 bytes, d.001 4"));
    assert!(note(&[4, 4, 5])[0].starts_with("d.003 has 5 bytes"));
    assert!(note(&[4, 0, 4])[0].starts_with("d.002 has 0 bytes"));
    assert!(note(&[4, 5])[0].starts_with("d.002 has 5 bytes"));
}
