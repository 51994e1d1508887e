mod hostile;

use std::collections::HashMap;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;
use crate::image::Opened;

/// Files by their names; what they name in turn is looked for here too.
#[derive(Clone, Default)]
struct Folder {
    files: HashMap<String, Vec<u8>>,
    depth: usize,
}

impl Folder {
    fn with(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(name.to_owned(), bytes.into());
        self
    }

    fn disk(&self, bytes: impl Into<Vec<u8>>) -> Result<Disk, Error> {
        let file: Arc<dyn ReadAt> = Arc::new(bytes.into());
        open(&file, self, &Limits::default()).map(Option::unwrap)
    }

    fn refusal(&self, bytes: impl Into<Vec<u8>>) -> String {
        self.disk(bytes).map(|disk| disk.format).unwrap_err().to_string()
    }
}

impl Opener for Folder {
    fn open(&self, names: &[&str]) -> Result<Opened, Error> {
        if self.depth > 4 {
            return Err(Error::Limit { at: At::Whole, what: "parents", limit: 4 });
        }
        let found = names.iter().find_map(|&name| Some((name, self.files.get(name)?.clone())));
        let (name, bytes) = found.ok_or_else(|| Error::unsupported(At::Whole, format!("{names:?} is not there")))?;
        let opener = Arc::new(Self { depth: self.depth + 1, ..self.clone() });
        Ok(Opened { bytes: Arc::new(bytes), name: Arc::from(name), opener })
    }

    fn file_name(&self) -> &str {
        "disk.vmdk"
    }
}

fn text(lines: &str) -> String {
    format!("# Disk DescriptorFile\nversion=1\nCID=0000abcd\nparentCID=ffffffff\n{lines}\nddb.adapterType = \"ide\"\n")
}

fn child(lines: &str) -> String {
    text(lines).replace("CID=ffffffff", "CID=12345678").replace("abcd", "1")
}

/// Bytes of a grain in the extents below: 8 sectors.
const GRAIN: usize = 4096;

/// A sparse extent of 16 grains: header, descriptor (sectors 1 to 4), grain directory (sector 5), one grain table (sectors 6 to
/// 9), and from sector 16 on the grains, each filled with its number.
fn extent(descriptor: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = [vec![0; 2 * GRAIN], (2..8u8).flat_map(|n| vec![n; GRAIN]).collect()].concat();
    put(&mut bytes, 0, b"KDMV\x01\0\0\0\x03");
    put(&mut bytes, 12, &128u64.to_le_bytes());
    put(&mut bytes, 20, &8u64.to_le_bytes());
    if !descriptor.is_empty() {
        assert!(descriptor.len() <= 2048);
        put(&mut bytes, 28, &1u64.to_le_bytes());
        put(&mut bytes, 36, &4u64.to_le_bytes());
        put(&mut bytes, 512, descriptor.as_bytes());
    }
    put(&mut bytes, 44, &512u32.to_le_bytes());
    put(&mut bytes, 56, &5u64.to_le_bytes());
    put(&mut bytes, 73, b"\n \r\n");
    put(&mut bytes, 5 * 512, &6u32.to_le_bytes());
    bytes
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    bytes[at..at + what.len()].copy_from_slice(what);
}

/// Sets the entry of a grain.
fn gte(bytes: &mut [u8], grain: usize, sector: u32) {
    put(bytes, 6 * 512 + 4 * grain, &sector.to_le_bytes());
}

fn sparse() -> Vec<u8> {
    let mut bytes = extent(&text("createType=\"monolithicSparse\"\nRW 128 SPARSE \"renamed since.vmdk\""));
    gte(&mut bytes, 0, 16);
    gte(&mut bytes, 1, 24);
    gte(&mut bytes, 15, 40);
    bytes
}

fn sparse_content() -> Vec<u8> {
    runs(&[(GRAIN, 2), (GRAIN, 3), (13 * GRAIN, 0), (GRAIN, 5)])
}

fn runs(list: &[(usize, u8)]) -> Vec<u8> {
    list.iter().flat_map(|&(len, byte)| vec![byte; len]).collect()
}

fn read(disk: &Disk) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0xee; usize::try_from(disk.bytes.len()).unwrap() + 10];
    let n = disk.bytes.read_at(0, &mut bytes)?;
    bytes.truncate(n);
    for (at, len) in [(1usize, 700usize), (4095, 2), (4000, 9000), (n.saturating_sub(5), 9), (n, 3)] {
        let mut part = vec![0; len];
        let got = disk.bytes.read_at(at as u64, &mut part)?;
        assert_eq!(part[..got], bytes[at.min(n)..(at + len).min(n)]);
    }
    Ok(bytes)
}

#[test]
fn other_files_are_none() {
    for bytes in [&b""[..], b"KDM", b"# Disk", b"# A comment\nversion=1\n", b"version=1\n# Disk DescriptorFile"] {
        let file: Arc<dyn ReadAt> = Arc::new(bytes.to_vec());
        assert!(open(&file, &Folder::default(), &Limits::default()).unwrap().is_none());
    }
    assert!(is_descriptor(b"\xef\xbb\xbf\r\n# vm\r\n# disk descriptorFILE\r\nversion=1"));
}

#[test]
fn a_sparse_extent_with_its_descriptor_is_a_disk() {
    let disk = Folder::default().disk(sparse()).unwrap();
    assert_eq!(read(&disk).unwrap(), sparse_content());
    assert_eq!((disk.format.as_str(), disk.notes.len()), ("VMDK, monolithicSparse", 0));
    let mut unclean = sparse();
    unclean[72] = 1;
    assert!(Folder::default().disk(unclean).unwrap().notes[0].contains("not closed cleanly"));
    // A disk that ends within its last grain.
    let shorter = text("RW 125 SPARSE \"x\"");
    let mut bytes = sparse();
    put(&mut bytes, 512, &[shorter.as_bytes(), &[0; 99]].concat());
    assert_eq!(read(&Folder::default().disk(bytes).unwrap()).unwrap(), sparse_content()[..125 * 512]);
}

#[test]
fn zeroed_grains_are_zeros_where_the_header_knows_them() {
    let mut bytes = sparse();
    gte(&mut bytes, 1, 1);
    assert!(read(&Folder::default().disk(bytes.clone()).unwrap()).is_err());
    bytes[8] |= 4;
    let mut want = sparse_content();
    want[GRAIN..2 * GRAIN].fill(0);
    assert_eq!(read(&Folder::default().disk(bytes).unwrap()).unwrap(), want);
}

#[test]
fn a_disk_of_many_extents_is_one_after_the_other() {
    let mut part = extent("");
    gte(&mut part, 3, 16);
    let folder = Folder::default().with("a b-s001.vmdk", part).with("flat", runs(&[(512, 8), (1024, 9), (100, 1)]));
    let text = text(
        "createType=\"custom\"\nRW 128 SPARSE \"a b-s001.vmdk\"\n rdonly 2 flat \"flat\" 1\nRW 3 ZERO\nRW 1 VMFS \"flat\"",
    );
    let disk = folder.disk(text).unwrap();
    let want = runs(&[(3 * GRAIN, 0), (GRAIN, 2), (12 * GRAIN, 0), (1024, 9), (1536, 0), (512, 8)]);
    assert_eq!(read(&disk).unwrap(), want);
    assert_eq!(disk.format, "VMDK, custom, 3 files");
}

#[test]
fn bytes_that_a_file_lacks_are_errors() {
    let folder = Folder::default().with("flat", vec![7; 1000]);
    let disk = folder.disk(text("RW 2 FLAT \"flat\" 0\nRW 1 ZERO")).unwrap();
    assert!(disk.notes[0].contains("cut off"));
    let mut bytes = [0; 512];
    assert_eq!(disk.bytes.read_at(0, &mut bytes).unwrap(), 512);
    assert_eq!(disk.bytes.read_at(1024, &mut bytes).unwrap(), 512);
    let error = disk.bytes.read_at(512, &mut bytes).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("flat ends at 0x3e8")), (io::ErrorKind::UnexpectedEof, true));
    let mut cut = sparse();
    cut.truncate(5 * GRAIN + 10);
    assert!(read(&Folder::default().disk(cut).unwrap()).is_err());
}

#[test]
fn what_is_not_to_be_accessed_is_not() {
    let disk = Folder::default().disk(text("RW 1 ZERO\nNOACCESS 1 FLAT \"flat\"\nRW 1 ZERO")).unwrap();
    let mut bytes = [0; 512];
    assert!(disk.bytes.read_at(0, &mut bytes).is_ok() && disk.bytes.read_at(1024, &mut bytes).is_ok());
    assert!(disk.bytes.read_at(512, &mut bytes).unwrap_err().to_string().contains("NOACCESS"));
}

fn marked(sector: u64, bytes: &[u8]) -> Vec<u8> {
    let mut to = ZlibEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    let packed = to.finish().unwrap();
    [&sector.to_le_bytes()[..], &u32::try_from(packed.len()).unwrap().to_le_bytes(), &packed].concat()
}

/// A stream-optimized disk with grains 0 and 15, and its directory found by the footer.
fn stream() -> Vec<u8> {
    let mut bytes = extent(&text("createType=\"streamOptimized\"\nRDONLY 128 SPARSE \"x\""));
    put(&mut bytes, 8, &0x0003_0001u32.to_le_bytes());
    bytes[77] = 1;
    gte(&mut bytes, 0, 16);
    gte(&mut bytes, 15, 24);
    put(&mut bytes, 2 * GRAIN, &marked(0, &[7; GRAIN]));
    put(&mut bytes, 3 * GRAIN, &marked(120, &[8; GRAIN]));
    let header = bytes[..512].to_vec();
    put(&mut bytes, 56, &u64::MAX.to_le_bytes());
    let mut marker = vec![0; 512];
    bytes.extend({
        marker[12] = 3;
        &marker
    });
    bytes.extend(header);
    bytes.extend(vec![0; 512]);
    bytes
}

#[test]
fn streams_are_read_by_their_footer_and_their_markers() {
    let disk = Folder::default().disk(stream()).unwrap();
    assert_eq!(read(&disk).unwrap(), runs(&[(GRAIN, 7), (14 * GRAIN, 0), (GRAIN, 8)]));
    assert_eq!(disk.format, "VMDK, streamOptimized");
    let end = stream().len();
    // No footer, none of a footer's kind, another header, one that points on.
    for (at, byte) in
        [(end - 1536 + 12, 1), (end - 500, 1), (end - 1024, 0), (end - 1024 + 12, 1), (end - 1024 + 20, 16)]
    {
        let mut bytes = stream();
        bytes[at] = byte;
        assert!(Folder::default().disk(bytes).is_err(), "{at}");
    }
    let mut on = stream();
    put(&mut on, end - 1024 + 56, &u64::MAX.to_le_bytes());
    assert!(Folder::default().disk(on).is_err());
    let mut cut = stream();
    cut.truncate(end - 512);
    assert!(Folder::default().disk(cut).is_err());
}

#[test]
fn damaged_grains_of_a_stream_are_errors() {
    let check = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = stream();
        change(&mut bytes);
        let disk = Folder::default().disk(bytes).unwrap();
        let mut grain = [0; GRAIN];
        (disk.bytes.read_at(0, &mut grain).is_ok(), disk.bytes.read_at(15 * GRAIN as u64, &mut grain).is_ok())
    };
    assert_eq!(check(&|_| {}), (true, true));
    // The grain of another place: also when that was decompressed before.
    assert_eq!(check(&|b| gte(b, 15, 16)), (true, false));
    assert_eq!(check(&|b| gte(b, 0, 24)), (false, true));
    // Sizes of nothing and of more than there can be, bad data, a bad check sum, a grain too short and too long.
    assert_eq!(check(&|b| put(b, 2 * GRAIN + 8, &[0; 4])), (false, true));
    assert_eq!(check(&|b| put(b, 2 * GRAIN + 8, &[0xff; 4])), (false, true));
    assert_eq!(check(&|b| put(b, 2 * GRAIN + 12, &[0xff; 9])), (false, true));
    let size = marked(0, &[7; GRAIN]).len();
    assert_eq!(check(&|b| b[2 * GRAIN + size - 1] ^= 1), (false, true));
    assert_eq!(check(&|b| put(b, 2 * GRAIN, &marked(0, &[7; GRAIN - 1]))), (false, true));
    assert_eq!(check(&|b| put(b, 2 * GRAIN, &marked(0, &[7; GRAIN + 1]))), (false, true));
}

#[test]
fn a_child_lies_over_the_parent_with_the_right_cid() {
    let parent = sparse();
    let lines = "createType=\"monolithicSparse\"\nparentFileNameHint=\"C:\\vm\\base.vmdk\"\nRW 128 SPARSE \"x\"";
    let mut bytes = extent(&child(lines).replace("12345678", "ABCD"));
    gte(&mut bytes, 1, 32);
    let folder = Folder::default().with("C:\\vm\\base.vmdk", parent.clone());
    let disk = folder.disk(bytes.clone()).unwrap();
    let mut want = sparse_content();
    want[GRAIN..2 * GRAIN].fill(4);
    assert_eq!(read(&disk).unwrap(), want);
    assert_eq!(disk.format, "VMDK, monolithicSparse, with a parent");
    // A parent that was changed, that is none, that is not there, of another size; a loop.
    let error = folder.refusal(extent(&child(lines)));
    assert!(error.contains("expected 12345678") && error.contains("found 0000abcd"), "{error}");
    assert!(folder.clone().with("C:\\vm\\base.vmdk", "raw").refusal(bytes.clone()).contains("another file"));
    assert!(Folder::default().disk(bytes.clone()).is_err());
    assert!(folder.clone().with("C:\\vm\\base.vmdk", text("RW 127 ZERO")).refusal(bytes.clone()).contains("bytes"));
    assert!(folder.with("C:\\vm\\base.vmdk", bytes.clone()).disk(bytes).is_err());
    // A parent without its name, and a name without its CID.
    assert!(Folder::default().refusal(child("RW 1 ZERO")).contains("does not name it"));
    assert!(Folder::default().refusal(text("parentFileNameHint=\"x\"\nRW 1 ZERO")).contains("parentCID"));
}

#[test]
fn extents_of_esx_are_read() {
    let mut part = vec![0u8; 8 * GRAIN];
    put(&mut part, 0, b"COWD\x01\0\0\0\x03");
    for (at, value) in [(12, 128u32), (16, 1), (20, 4), (24, 1)] {
        put(&mut part, at, &value.to_le_bytes());
    }
    // The directory in sector 4, the table of 4096 entries from sector 8 on, grains of one sector from 48 on.
    put(&mut part, 4 * 512, &8u32.to_le_bytes());
    put(&mut part, 8 * 512 + 4 * 127, &48u32.to_le_bytes());
    put(&mut part, 48 * 512, &[6; 512]);
    let base = text("createType=\"vmfs\"\nRW 128 VMFS \"base-flat.vmdk\"");
    let folder = Folder::default().with("base-flat.vmdk", vec![3; 65_536]).with("base.vmdk", base);
    let lines = "createType=\"vmfsSparse\"\nparentFileNameHint=\"base.vmdk\"\nRW 128 VMFSSPARSE \"d\"";
    let lines = child(lines).replace("12345678", "abcd");
    let disk = folder.clone().with("d", part.clone()).disk(lines.clone()).unwrap();
    assert_eq!(read(&disk).unwrap(), runs(&[(127 * 512, 3), (512, 6)]));
    // Too small a directory, another version, alone.
    let mut small = part.clone();
    small[24] = 0;
    assert!(folder.clone().with("d", small).disk(lines.clone()).is_err());
    let mut other = part.clone();
    other[4] = 2;
    assert!(folder.with("d", other).refusal(lines).contains("version 2"));
    assert!(Folder::default().refusal(part).contains("a part of a VMDK"));
}
