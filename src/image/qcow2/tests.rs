mod hostile;

use std::collections::HashMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;
use crate::image::Opened;

/// Files by their names; what they name in turn is looked for here too.
#[derive(Clone, Default)]
struct Folder {
    files: HashMap<String, Vec<u8>>,
    depth: usize,
}

impl Folder {
    fn with(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.files.insert(name.to_owned(), bytes);
        self
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
        "disk.qcow2"
    }
}

/// An image with the header in cluster 0, the L1 table in cluster 1, an L2 table in cluster 2, and 8 clusters for data, each
/// of which is filled with its number.
struct Image {
    bytes: Vec<u8>,
    cluster: usize,
}

const L2_FLAG: u64 = 1 << 63;
const PACKED: u64 = 1 << 62;

impl Image {
    fn new(version: u32, bits: u32, size: u64) -> Self {
        let cluster = 1usize << bits;
        let bytes = (0..11u8).flat_map(|n| vec![if n < 3 { 0 } else { n }; cluster]).collect();
        let mut image = Self { bytes, cluster };
        image.put(0, b"QFI\xfb");
        image.be32(4, version).be32(20, bits).be64(24, size).be32(36, 1).be64(40, cluster as u64);
        if version == 3 {
            image.be32(96, 4).be32(100, 112);
        }
        let l2 = (2 * cluster as u64) | L2_FLAG;
        image.be64(cluster, l2);
        image
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn be32(&mut self, at: usize, value: u32) -> &mut Self {
        self.put(at, &value.to_be_bytes())
    }

    fn be64(&mut self, at: usize, value: u64) -> &mut Self {
        self.put(at, &value.to_be_bytes())
    }

    /// Sets entry `index` of the L2 table.
    fn l2(&mut self, index: usize, value: u64) -> &mut Self {
        self.be64(2 * self.cluster + 8 * index, value)
    }

    /// An entry for data cluster `number`.
    fn host(&self, number: usize) -> u64 {
        (number * self.cluster) as u64 | L2_FLAG
    }

    fn extended(bits: u32, size: u64) -> Self {
        let mut image = Self::new(3, bits, size);
        image.be64(72, 1 << 4);
        image
    }

    /// Adds header extensions after the header.
    fn extensions(&mut self, list: &[(u32, &[u8])]) -> &mut Self {
        let mut at = if self.bytes[7] == 2 { 72 } else { 112 };
        for (kind, data) in list {
            self.be32(at, *kind).be32(at + 4, u32::try_from(data.len()).unwrap()).put(at + 8, data);
            at += 8 + data.len().next_multiple_of(8);
        }
        self
    }

    fn backing(&mut self, name: &str) -> &mut Self {
        let len = u32::try_from(name.len()).unwrap();
        self.be64(8, 400).be32(16, len).put(400, name.as_bytes())
    }

    fn open(&self, folder: &Folder) -> Result<Disk, Error> {
        let file: Arc<dyn ReadAt> = Arc::new(self.bytes.clone());
        open(&file, folder, &Limits::default()).map(Option::unwrap)
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        read(&self.open(&Folder::default()).unwrap())
    }

    fn refusal(&self) -> String {
        self.open(&Folder::default()).map(|disk| disk.format).unwrap_err().to_string()
    }
}

fn read(disk: &Disk) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0xee; usize::try_from(disk.bytes.len()).unwrap() + 10];
    let n = disk.bytes.read_at(0, &mut bytes)?;
    bytes.truncate(n);
    // Reads of any size and place agree.
    for (at, len) in [(1usize, 700usize), (511, 2), (n.saturating_sub(5), 9), (n, 3)] {
        let mut part = vec![0; len];
        let got = disk.bytes.read_at(at as u64, &mut part)?;
        assert_eq!(part[..got], bytes[at.min(n)..(at + len).min(n)]);
    }
    Ok(bytes)
}

/// What is expected of a disk: runs of one byte.
fn runs(list: &[(usize, u8)]) -> Vec<u8> {
    list.iter().flat_map(|&(len, byte)| vec![byte; len]).collect()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut to = DeflateEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

#[test]
fn other_files_are_none() {
    for bytes in [&b""[..], b"QFI", b"QFJ\xfb\0\0\0\x03", b"KDMV"] {
        let file: Arc<dyn ReadAt> = Arc::new(bytes.to_vec());
        assert!(open(&file, &Folder::default(), &Limits::default()).unwrap().is_none());
    }
}

#[test]
fn clusters_stand_where_the_tables_say() {
    for (version, bits) in [(2, 9), (3, 9), (3, 12), (2, 16)] {
        let cluster = 1usize << bits;
        // The disk ends within its last cluster.
        let mut image = Image::new(version, bits, (5 * cluster - 200) as u64);
        let (first, next, third) = (image.host(5), image.host(6), image.host(4));
        image.l2(0, first).l2(1, next).l2(3, third & !L2_FLAG).l2(4, next);
        let want = runs(&[(cluster, 5), (cluster, 6), (cluster, 0), (cluster, 4), (cluster - 200, 6)]);
        assert_eq!(image.read().unwrap(), want);
        let disk = image.open(&Folder::default()).unwrap();
        assert_eq!((disk.format, disk.notes.len()), (format!("QCOW2 v{version}"), 0));
    }
}

#[test]
fn zero_clusters_hide_what_is_below_and_what_they_keep() {
    let mut image = Image::new(3, 9, 4 * 512);
    let kept = image.host(5) | 1;
    image.l2(0, 1).l2(1, kept).l2(3, kept & !1).backing("below").extensions(&[(0xe279_2aca, b"raw")]);
    let folder = Folder::default().with("below", vec![7; 2048]);
    let disk = image.open(&folder).unwrap();
    assert_eq!(read(&disk).unwrap(), runs(&[(1024, 0), (512, 7), (512, 5)]));
    // Version 2 does not know them.
    let mut old = Image::new(2, 9, 512);
    assert!(old.l2(0, 1).read().is_err());
}

#[test]
fn compressed_clusters_are_decompressed() {
    let content: Vec<u8> = (0..4096u32).map(|n| (n / 100) as u8).collect();
    for zstd in [false, true] {
        let mut image = Image::new(3, 12, 3 * 4096);
        let packed =
            if zstd { compress_to_vec(content.as_slice(), CompressionLevel::Fastest) } else { deflated(&content) };
        if zstd {
            image.be64(72, 8).put(104, &[1]);
        }
        // At an odd place, two clusters that share a sector; the last sectors lie past the end of the file.
        let start = image.bytes.len() as u64 + 3;
        let count = (start + packed.len() as u64 - 1) / 512 - start / 512;
        image.bytes.extend([0; 3]);
        image.bytes.extend(&packed);
        let entry = PACKED | start | count << 58;
        image.l2(0, entry).l2(2, entry);
        let want = [content.clone(), vec![0; 4096], content.clone()].concat();
        assert_eq!(image.read().unwrap(), want);
        assert_eq!(image.open(&Folder::default()).unwrap().format, if zstd { "QCOW2 v3, zstd" } else { "QCOW2 v3" });
        // Cut off, and with too few sectors.
        let mut cut = Image { bytes: image.bytes.clone(), cluster: 4096 };
        cut.bytes.truncate(cut.bytes.len() - 4);
        assert!(cut.read().is_err());
        image.put(start as usize, b"\xff\xff\xff\xff\xff");
        assert!(image.read().is_err());
    }
}

#[test]
fn a_compressed_cluster_is_one_cluster_exactly() {
    for len in [4095usize, 4097, 8192, 0] {
        let mut image = Image::new(3, 12, 4096);
        let packed = deflated(&vec![1; len]);
        image.put(3 * 4096, &packed).l2(0, PACKED | (3 * 4096) | 1 << 58);
        assert!(image.read().is_err(), "{len}");
    }
    let mut image = Image::new(3, 12, 4096);
    // Past the end of the file, at nothing, and with bits beyond 55.
    for entry in [PACKED | 1 << 40, PACKED, PACKED | (3 * 4096) | 1 << 56] {
        assert!(image.l2(0, entry).read().is_err());
    }
}

#[test]
fn subclusters_have_their_own_state() {
    let cluster = 1usize << 14;
    let part = cluster / 32;
    let mut image = Image::extended(14, 3 * cluster as u64);
    let host = image.host(5);
    // Allocated, zero and absent ones; a cluster without a place that has zeros; one that is all there.
    let bitmap = 0b0000_0101 | 0b0001_1000 << 32;
    image.l2(0, host).l2(1, bitmap).l2(2, 0).l2(3, 1 << 32).l2(4, host).l2(5, 0xffff_ffff);
    image.backing("below").extensions(&[(0xe279_2aca, b"raw")]);
    let folder = Folder::default().with("below", vec![7; 3 * cluster]);
    let disk = image.open(&folder).unwrap();
    let want = runs(&[
        (part, 5),
        (part, 7),
        (part, 5),
        (2 * part, 0),
        (27 * part, 7),
        (part, 0),
        (31 * part, 7),
        (cluster, 5),
    ]);
    assert_eq!(read(&disk).unwrap(), want);
    assert_eq!(disk.format, "QCOW2 v3, extended L2, backing file");
    // Both allocated and zero; allocated in a cluster that has no place; the zero bit of other images.
    for (entry, bitmap) in [(host, 1 | 1 << 32), (0, 1), (host | 1, 1)] {
        let mut image = Image::extended(14, cluster as u64);
        assert!(image.l2(0, entry).l2(1, bitmap).read().is_err());
    }
    // Compressed clusters have none.
    let packed = deflated(&vec![9; cluster]);
    let mut image = Image::extended(14, cluster as u64);
    image.put(3 * cluster, &packed).l2(0, PACKED | (3 * cluster as u64));
    assert_eq!(image.read().unwrap(), vec![9; cluster]);
    assert!(image.l2(1, 1).read().is_err());
    assert!(Image::extended(13, 512).refusal().contains("at least 14"));
}

#[test]
fn a_shorter_backing_file_reads_as_zeros_past_its_end() {
    let mut image = Image::new(3, 9, 4 * 512);
    let host = image.host(3);
    image.l2(3, host).backing("file:below").extensions(&[(0xe279_2aca, b"raw")]);
    for (len, want) in [(700, runs(&[(700, 7), (836, 0), (512, 3)])), (0, runs(&[(1536, 0), (512, 3)]))] {
        let disk = image.open(&Folder::default().with("below", vec![7; len])).unwrap();
        assert_eq!(read(&disk).unwrap(), want);
        assert!(disk.notes[0].contains("\"below\"") && disk.notes[0].contains("right one"), "{:?}", disk.notes);
    }
}

#[test]
fn the_format_of_the_backing_file_is_kept_to() {
    let mut below = Image::new(2, 9, 1024);
    let host = below.host(4);
    below.l2(0, host).be32(60, 2);
    let folder = Folder::default().with("below", below.bytes.clone()).with("text", vec![7; 1024]);
    let open = |name: &str, format: Option<&[u8]>| {
        let mut image = Image::new(3, 9, 1024);
        image.backing(name);
        if let Some(format) = format {
            image.extensions(&[(0x1234_5678, b"skipped"), (0xe279_2aca, format)]);
        }
        image.open(&folder)
    };
    // A container that is said to be raw is raw.
    assert_eq!(read(&open("below", Some(b"raw")).unwrap()).unwrap(), below.bytes[..1024]);
    let stated = open("below", Some(b"qcow2")).unwrap();
    assert_eq!(read(&stated).unwrap(), runs(&[(512, 4), (512, 0)]));
    assert_eq!(stated.notes.len(), 2);
    assert!(stated.notes[1].contains("2 internal snapshots"), "{:?}", stated.notes);
    let told = open("below", None).unwrap();
    assert_eq!(read(&told).unwrap(), runs(&[(512, 4), (512, 0)]));
    assert!(told.notes[1].contains("not stated"), "{:?}", told.notes);
    for (name, format) in [("below", &b"vmdk"[..]), ("below", b"qed"), ("below", b"\xff"), ("absent", b"raw")] {
        assert!(open(name, Some(format)).is_err());
    }
}

#[test]
fn only_plain_names_are_opened() {
    let folder = Folder::default().with("C:\\vm\\below", vec![1; 512]).with("a/b:c", vec![2; 512]);
    for (name, byte) in [("C:\\vm\\below", 1), ("a/b:c", 2), ("file:a/b:c", 2)] {
        let mut image = Image::new(3, 9, 512);
        let disk = image.backing(name).extensions(&[(0xe279_2aca, b"raw")]).open(&folder).unwrap();
        assert_eq!(read(&disk).unwrap(), vec![byte; 512]);
    }
    for name in ["json:{}", "nbd://host/x", "nbd:unix:/s", "https://host/x", "file:", ":x"] {
        let mut image = Image::new(3, 9, 512);
        let error = image.backing(name).open(&folder).err().unwrap().to_string();
        assert!(error.contains("not the name of a file"), "{error}");
    }
    // An image below itself is for the opener to end.
    let mut image = Image::new(3, 9, 512);
    image.backing("self");
    let folder = Folder::default().with("self", image.bytes.clone());
    assert!(image.open(&folder).is_err());
}

#[test]
fn a_data_file_has_the_clusters_where_the_disk_has_them() {
    let data = runs(&[(512, 1), (512, 2), (512, 3)]);
    let folder = Folder::default().with("data", data);
    let make = || {
        let mut image = Image::new(3, 9, 3 * 512);
        image.be64(72, 4).extensions(&[(0x4441_5441, b"data")]);
        image.l2(0, L2_FLAG).l2(2, 1024 | L2_FLAG);
        image
    };
    let disk = make().open(&folder).unwrap();
    assert_eq!(read(&disk).unwrap(), runs(&[(512, 1), (512, 0), (512, 3)]));
    assert_eq!(disk.format, "QCOW2 v3, data file");
    assert!(disk.notes[0].contains("\"data\""));
    // Another place, a compressed cluster, a file that ends early.
    assert!(read(&make().l2(1, 1024 | L2_FLAG).open(&folder).unwrap()).is_err());
    assert!(read(&make().l2(1, PACKED | 1024).open(&folder).unwrap()).is_err());
    let short = Folder::default().with("data", vec![1; 1030]);
    assert!(read(&make().open(&short).unwrap()).is_err());
    // A data file that is the disk, with a file below; a data file without a name.
    assert!(make().be64(88, 2).open(&folder).is_ok());
    assert!(make().be64(88, 2).backing("data").open(&folder).is_err());
    let nameless = Image::new(3, 9, 512).be64(72, 4).refusal();
    assert!(nameless.contains("whose name it does not give"), "{nameless}");
}
