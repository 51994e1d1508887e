use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::adler::Adler;
use super::*;
use crate::image::Opened;

const CHUNK: usize = 1024;

struct Files(&'static str, BTreeMap<String, Vec<u8>>);

impl Opener for Files {
    fn open(&self, names: &[&str]) -> Result<Opened, Error> {
        let bytes = self.1.get(names[0]).ok_or_else(|| Error::unsupported(At::Whole, "not there"))?;
        let opener = Arc::new(Files("", BTreeMap::new()));
        Ok(Opened { bytes: Arc::new(bytes.clone()), name: Arc::from(names[0]), opener })
    }

    fn file_name(&self) -> &str {
        self.0
    }
}

/// Opens the image that starts with the first of these files.
fn image(files: &[(&'static str, &[u8])], limits: &Limits) -> Result<Option<Disk>, Error> {
    let all = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    let first: Arc<dyn ReadAt> = Arc::new(files[0].1.to_vec());
    open(&first, &Files(files[0].0, all), limits)
}

fn one(bytes: &[u8]) -> Result<Disk, Error> {
    image(&[("a.E01", bytes)], &Limits::default()).map(Option::unwrap)
}

fn all(disk: &Disk) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0u8; disk.bytes.len() as usize];
    disk.bytes.read_exact_at(0, &mut bytes)?;
    Ok(bytes)
}

/// Why an image is refused, on opening or on reading.
fn refused(bytes: &[u8]) -> String {
    match one(bytes) {
        Err(error) => error.to_string(),
        Ok(disk) => all(&disk).unwrap_err().to_string(),
    }
}

/// A segment file in the making.
struct Segment(Vec<u8>);

impl Segment {
    fn new(number: u16) -> Self {
        let mut bytes = b"EVF\x09\x0d\x0a\xff\0\x01".to_vec();
        bytes.extend(number.to_le_bytes());
        bytes.extend([0, 0]);
        Self(bytes)
    }

    fn section(mut self, kind: &str, body: &[u8]) -> Self {
        let at = self.0.len() as u64;
        let size = if matches!(kind, "done" | "next") { 0 } else { 76 + body.len() as u64 };
        let mut head = kind.as_bytes().to_vec();
        head.resize(16, 0);
        head.extend((at + size).to_le_bytes());
        head.extend(size.to_le_bytes());
        head.resize(72, 0);
        self.0.extend(summed(head));
        self.0.extend(body);
        self
    }

    /// The geometry: this many sectors of 512 bytes.
    fn volume(self, kind: &str, sectors: u64) -> Self {
        self.section(kind, &volume(2, 512, sectors))
    }

    /// Data, table and the table's copy.
    fn data(self, chunks: &[Vec<u8>], base: u64) -> Self {
        let start = self.0.len() as u64 + 76;
        let body = chunks.concat();
        let table = table(chunks, start, base);
        self.section("sectors", &body).section("table", &table).section("table2", &table)
    }

    /// As SMART has it: the data behind the entries.
    fn smart(self, chunks: &[Vec<u8>]) -> Self {
        let entries = (self.0.len() + 76 + 24) as u64;
        let mut body = table(chunks, entries + 4 * chunks.len() as u64, 0);
        body.truncate(body.len() - 4);
        body.extend(chunks.concat());
        self.section("table", &body)
    }

    fn end(self, kind: &str) -> Vec<u8> {
        self.section(kind, &[]).0
    }
}

fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = Adler::of(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

fn volume(per_chunk: u32, sector: u32, sectors: u64) -> Vec<u8> {
    let mut body = vec![0u8; 1048];
    body[0] = 1;
    body[8..12].copy_from_slice(&per_chunk.to_le_bytes());
    body[12..16].copy_from_slice(&sector.to_le_bytes());
    body[16..24].copy_from_slice(&sectors.to_le_bytes());
    body[64..80].copy_from_slice(&[7; 16]);
    summed(body)
}

fn table(chunks: &[Vec<u8>], start: u64, base: u64) -> Vec<u8> {
    let mut head = (chunks.len() as u32).to_le_bytes().to_vec();
    head.extend([0; 4]);
    head.extend(base.to_le_bytes());
    head.extend([0; 4]);
    let mut entries = Vec::new();
    let mut at = start - base;
    for chunk in chunks {
        let compressed = if chunk.starts_with(b"\x78") { 1u32 << 31 } else { 0 };
        entries.extend((at as u32 | compressed).to_le_bytes());
        at += chunk.len() as u64;
    }
    [summed(head), summed(entries)].concat()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What a disk has in chunk `n`, of `len` bytes.
fn content(n: u8, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i / 3) as u8 ^ n.wrapping_mul(37)).collect()
}

fn disk() -> Vec<u8> {
    [content(1, CHUNK), content(2, CHUNK), content(3, 512)].concat()
}

/// Two and a half chunks, the second one not compressed.
fn chunks() -> Vec<Vec<u8>> {
    vec![zlib(&content(1, CHUNK)), summed(content(2, CHUNK)), zlib(&content(3, 512))]
}

fn hash() -> Vec<u8> {
    summed([&[0xab; 16][..], &[0; 16]].concat())
}

fn sound() -> Vec<u8> {
    let segment = Segment::new(1).section("header", b"any").volume("volume", 5);
    segment.data(&chunks(), 0).volume("data", 5).section("hash", &hash()).end("done")
}

fn smart() -> Vec<u8> {
    let volume = volume(2, 512, 5);
    let volume = summed([&volume[..64], &[0; 26]].concat());
    Segment::new(1).section("volume", &volume).smart(&chunks()).end("done")
}

#[test]
fn chunks_are_read_compressed_and_plain() {
    let opened = one(&sound()).unwrap();
    assert_eq!(all(&opened).unwrap(), disk());
    assert_eq!((opened.format.as_str(), opened.sector), ("Expert Witness (E01)", Some(512)));
    assert_eq!(opened.notes, ["the image records MD5 abababababababababababababababab of the disk; not verified"]);
    for (offset, len) in [(0, 1), (1020, 10), (1024, 1024), (2000, 400), (2550, 100), (2560, 1), (9999, 1)] {
        let (mut got, mut want) = (vec![0u8; len], vec![0u8; len]);
        let n = opened.bytes.read_at(offset, &mut got).unwrap();
        assert_eq!(n, disk().read_at(offset, &mut want).unwrap());
        assert_eq!(got, want);
    }
    let base = Segment::new(1).volume("disk", 5).data(&chunks(), 1000).end("done");
    assert_eq!(all(&one(&base).unwrap()).unwrap(), disk());
    // The last chunk may be filled up.
    for last in [summed(content(3, 512)), summed(content(3, CHUNK)), zlib(&content(3, CHUNK))] {
        let chunks = [&chunks()[..2], &[last]].concat();
        let filled = Segment::new(1).volume("volume", 5).data(&chunks, 0).end("done");
        assert_eq!(all(&one(&filled).unwrap()).unwrap(), disk());
    }
}

#[test]
fn smart_has_its_data_in_the_table() {
    let opened = image(&[("a.s01", &smart())], &Limits::default()).unwrap().unwrap();
    assert_eq!((all(&opened).unwrap(), opened.format.as_str()), (disk(), "Expert Witness (SMART)"));
}

#[test]
fn segments_follow_by_name_and_number() {
    let first = Segment::new(1).volume("volume", 5).data(&chunks()[..1], 0).end("next");
    let second = Segment::new(2).volume("data", 5).data(&chunks()[1..], 0).end("done");
    let limits = Limits::default();
    let opened = image(&[("x.e01", &first), ("x.e02", &second)], &limits).unwrap().unwrap();
    assert_eq!((all(&opened).unwrap(), opened.format.as_str()), (disk(), "Expert Witness (E01), 2 files"));
    let error = |files: &[(&'static str, &[u8])]| image(files, &limits).err().unwrap().to_string();
    let missing = error(&[("x.E01", &first)]);
    assert!(missing.contains("segment 2 to follow") && missing.contains("x.E02 cannot be opened: not there"));
    assert!(error(&[("image", &first), ("x.E02", &second)]).contains("must end in .E01"));
    assert!(
        error(&[("x.E01", &first), ("x.E02", &first)]).contains("another file in x.E02 (by its header, segment 1)")
    );
    assert!(error(&[("x.E01", &first), ("x.E02", b"short")]).contains("a sound segment x.E02"));
    assert_eq!(
        error(&[("x.E02", &second)]),
        "at 0x9: this is segment 2 of an Expert Witness image: name the first one (x.E01) instead"
    );
    // Of another image: other geometry, other identifier.
    let other = Segment::new(2).volume("data", 6).data(&chunks()[1..], 0).end("done");
    assert!(error(&[("x.E01", &first), ("x.E02", &other)]).contains("those of another image"));
    // An error while reading names its segment.
    let mut broken = second.clone();
    broken[13 + 76 + 1052 + 76 + 5] ^= 1;
    let opened = image(&[("x.E01", &first), ("x.E02", &broken)], &limits).unwrap().unwrap();
    assert!(opened.bytes.read_at(0, &mut [0; 9]).is_ok());
    assert!(all(&opened).unwrap_err().to_string().contains("a sound segment x.E02"));
    let few = Limits { image_pieces: 1, ..Limits::default() };
    assert!(matches!(image(&[("x.E01", &first), ("x.E02", &second)], &few), Err(Error::Limit { .. })));
}

#[test]
fn no_changed_bit_and_no_cut_gives_other_data() {
    for whole in [sound(), smart()] {
        let (mut refused, mut same) = (0, 0);
        for at in (0..whole.len()).map(|byte| byte * 8 + byte % 8) {
            let mut bytes = whole.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            let opened = match image(&[("a.E01", &bytes)], &Limits::default()) {
                Ok(Some(opened)) => opened,
                _ => {
                    refused += 1;
                    continue;
                }
            };
            match all(&opened) {
                Ok(read) => {
                    assert!(read == disk(), "bit {at}");
                    same += 1;
                }
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 0 && same > 0);
        for len in 0..whole.len() {
            assert!(!matches!(image(&[("a.E01", &whole[..len])], &Limits::default()), Ok(Some(_))), "cut at {len}");
        }
    }
}

#[test]
fn the_copy_of_a_table_makes_up_for_it() {
    let whole = sound();
    let find = |kind: &[u8]| whole.windows(kind.len()).position(|found| found == kind).unwrap();
    for field in [76, 76 + 8, 76 + 24, 76 + 24 + 12] {
        let mut bytes = whole.clone();
        bytes[find(b"table\0") + field] ^= 1;
        assert_eq!(all(&one(&bytes).unwrap()).unwrap(), disk(), "field {field}");
        bytes[find(b"table2\0") + field] ^= 1;
        assert!(refused(&bytes).contains("expected checksum"), "field {field}");
    }
}

#[test]
fn streams_must_have_the_length_of_a_chunk_and_an_end() {
    let with = |first: Vec<u8>| {
        let chunks = [&[first], &chunks()[1..]].concat();
        refused(&Segment::new(1).volume("volume", 5).data(&chunks, 0).end("done"))
    };
    assert!(with(zlib(&content(1, CHUNK - 1))).contains("expected 1024 bytes when decompressed, found 1023"));
    assert!(with(zlib(&content(1, CHUNK + 1))).contains("more than the 1024 of a chunk"));
    assert!(with(zlib(&vec![0; 1 << 20])).contains("one of more than 1024 bytes"));
    let stream = zlib(&content(1, CHUNK));
    for cut in 1..stream.len() - 1 {
        assert!(with(stream[..cut].to_vec()).contains("a zlib stream"), "cut {cut}");
    }
    let mut wrong = stream.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert!(with(wrong).contains("a zlib stream"));
    assert!(with(summed(content(1, CHUNK - 1))).contains("and a checksum"));
    // Empty blocks without end, as many as there is room for.
    let empty = [&b"\x78\x9c"[..], &b"\0\0\0\xff\xff".repeat(100_000)].concat();
    assert!(with(empty).contains("no end"));
}

#[test]
fn relatives_are_refused_by_name() {
    let head = |magic: &[u8]| [magic, &[0; 64]].concat();
    let error = |bytes: &[u8]| image(&[("a.E01", bytes)], &Limits::default()).err().unwrap().to_string();
    assert!(error(&head(b"EVF2\x0d\x0a\x81\0")).contains("Ex01"));
    assert!(error(&head(b"LEF2\x0d\x0a\x81\0")).contains("logical evidence file"));
    assert!(error(&head(b"LVF\x09\x0d\x0a\xff\0")).contains("logical evidence file"));
    assert!(error(&head(b"DVF\x09\x0d\x0a\xff\0")).contains("delta"));
    for kind in [0x0e, 0x10] {
        let mut body = volume(2, 512, 5);
        body[0] = kind;
        body.truncate(1048);
        assert!(refused(&Segment::new(1).section("volume", &summed(body)).end("done")).contains("not") || kind == 0x0e);
    }
    assert!(refused(&Segment::new(1).section("ltree", b"").end("done")).contains("holds files and no disk"));
    assert!(image(&[("a.E01", b"EVF")], &Limits::default()).unwrap().is_none());
    assert!(image(&[("a.E01", &[0; 100])], &Limits::default()).unwrap().is_none());
}

#[test]
fn an_image_must_have_its_geometry_and_all_its_chunks() {
    assert!(refused(&Segment::new(1).end("done")).contains("a section with the geometry of the disk, found none"));
    assert!(refused(&Segment::new(1).volume("data", 5).end("done")).contains("the geometry of the disk first"));
    for sectors in [3, 7, 1 << 40] {
        let other = Segment::new(1).volume("volume", sectors).data(&chunks(), 0).end("done");
        assert!(refused(&other).contains("chunks of data, found 3 in its tables"));
    }
    for (per_chunk, sector, sectors) in [(0, 512, 5), (2, 0, 5), (2, 513, 5), (2, 512, 0), (2, 512, u64::MAX)] {
        let bytes = Segment::new(1).section("volume", &volume(per_chunk, sector, sectors)).end("done");
        assert!(refused(&bytes).starts_with("geometry of the image"), "{per_chunk} {sector} {sectors}");
    }
    let huge = Segment::new(1).section("volume", &volume(1 << 20, 4096, 5)).end("done");
    assert!(refused(&huge).contains("bytes of a chunk at"));
}

#[test]
fn chains_and_tables_are_bounded() {
    let loops = Segment::new(1).volume("volume", 5);
    // Leads back to itself: only the last section may.
    let mut head = b"header".to_vec();
    head.resize(16, 0);
    head.extend((loops.0.len() as u64).to_le_bytes());
    head.resize(72, 0);
    let circle = [loops.0, summed(head)].concat();
    assert!(refused(&circle).contains("next section"));
    let mut many = Segment::new(1);
    for _ in 0..20 {
        many = many.section("header", b"");
    }
    let many = many.end("done");
    let limits = Limits { ewf_sections: 10, ..Limits::default() };
    assert!(matches!(image(&[("a.E01", &many)], &limits), Err(Error::Limit { limit: 10, .. })));
    let limits = Limits { ewf_table_chunks: 2, ..Limits::default() };
    assert!(matches!(image(&[("a.E01", &sound())], &limits), Err(Error::Limit { limit: 2, .. })));
    let limits = Limits { ewf_tables: 0, ..Limits::default() };
    assert!(matches!(image(&[("a.E01", &sound())], &limits), Err(Error::Limit { .. })));
    // More entries than the section has room for.
    let mut head = u32::to_le_bytes(1000).to_vec();
    head.resize(20, 0);
    let short = Segment::new(1).volume("volume", 5).section("table", &summed(head)).end("done");
    assert!(refused(&short).contains("too short"));
}

#[test]
fn offsets_must_rise_within_the_data() {
    let swapped: Vec<Vec<u8>> = chunks().into_iter().rev().collect();
    let start = Segment::new(1).volume("volume", 5).0.len() as u64 + 76;
    for (at, table) in [(start, table(&chunks(), start + 9, 0)), (start, table(&swapped, start + 2, 0))] {
        let bytes = Segment::new(1).volume("volume", 5).section("sectors", &chunks().concat()).section("table", &table);
        assert!(!refused(&bytes.end("done")).is_empty(), "{at}");
    }
    let mut falling = table(&chunks(), start, 0);
    let (first, second) = (falling[24..28].to_vec(), falling[28..32].to_vec());
    falling[24..28].copy_from_slice(&second);
    falling[28..32].copy_from_slice(&first);
    let sum = Adler::of(&falling[24..36]).to_le_bytes();
    falling[36..].copy_from_slice(&sum);
    let bytes = Segment::new(1).volume("volume", 5).section("sectors", &chunks().concat()).section("table", &falling);
    assert!(refused(&bytes.end("done")).contains("expected a chunk between bytes"));
}

#[test]
fn what_the_image_says_of_itself_is_noted() {
    let mut errors = u32::to_le_bytes(3).to_vec();
    errors.resize(516, 0);
    let digest = summed([&[1; 16][..], &[2; 20], &[0; 40]].concat());
    let start = Segment::new(1).section("whatever", b"").volume("volume", 5).data(&chunks(), 0);
    let bytes =
        start.section("error2", &summed(errors)).section("digest", &digest).section("hash", &[9; 36]).end("done");
    let notes = one(&bytes).unwrap().notes;
    assert_eq!(notes.len(), 4);
    assert_eq!(notes[0], "an unknown section \"whatever\" was passed over");
    assert_eq!(notes[1], "the image records 3 ranges of sectors that could not be read when it was made");
    assert_eq!(notes[2], "the hash of the disk that the image records is damaged");
    assert!(notes[3].contains(&format!("MD5 {} and SHA-1 {} of", "01".repeat(16), "02".repeat(20))));
}
