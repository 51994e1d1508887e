//! Makes NTFS volumes of 1 KiB records and 4 KiB clusters.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::image::ntfs::{Entry, Ntfs, NtfsFile};
use crate::limits::Limits;
use crate::read_at::ReadAt;

pub(super) const CLUSTER: usize = 4096;
pub(super) const RECORD: usize = 1024;
const CLUSTERS: usize = 160;
pub(super) const MFT: usize = 4;
pub(super) const MIRROR: usize = 2;
/// Clusters of `$MFT`, and where they lie when it is in two parts.
const MFT_CLUSTERS: usize = 12;
const SECOND_PART: usize = 140;
pub(super) const ROOT: u64 = 5 | 5 << 48;
pub(super) const TIME: u64 = 132_419_068_466_905_270;
/// Offset of the boot sector's copy.
pub(super) const LEN: usize = CLUSTERS * CLUSTER;

pub(super) fn units(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub(super) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// The reference of a file: its record, with the number as sequence number too.
pub(super) fn reference(record: u64) -> u64 {
    record | record.max(1) << 48
}

/// Puts an update sequence into a structure.
pub(super) fn seal(bytes: &mut [u8], at: usize) {
    let count = bytes.len() / 512 + 1;
    put(bytes, 4, &u16::try_from(at).unwrap().to_le_bytes());
    put(bytes, 6, &u16::try_from(count).unwrap().to_le_bytes());
    put(bytes, at, &[7, 0]);
    for block in 1..count {
        let end = block * 512 - 2;
        bytes.copy_within(end..end + 2, at + block * 2);
        put(bytes, end, &[7, 0]);
    }
}

fn header(kind: u32, name: &str, flags: u16, resident: bool) -> Vec<u8> {
    let mut a = vec![0; if resident { 0x18 } else { 0x40 }];
    let at = u16::try_from(a.len()).unwrap();
    put(&mut a, 0, &kind.to_le_bytes());
    put(&mut a, 8, &[u8::from(!resident), u8::try_from(name.encode_utf16().count()).unwrap()]);
    put(&mut a, 10, &at.to_le_bytes());
    put(&mut a, 12, &flags.to_le_bytes());
    a.extend(units(name));
    a.resize(a.len().next_multiple_of(8), 0);
    a
}

fn close(mut a: Vec<u8>) -> Vec<u8> {
    a.resize(a.len().next_multiple_of(8), 0);
    let len = u32::try_from(a.len()).unwrap();
    put(&mut a, 4, &len.to_le_bytes());
    a
}

pub(super) fn resident(kind: u32, name: &str, value: &[u8]) -> Vec<u8> {
    let mut a = header(kind, name, 0, true);
    let at = u16::try_from(a.len()).unwrap();
    put(&mut a, 0x10, &u32::try_from(value.len()).unwrap().to_le_bytes());
    put(&mut a, 0x14, &at.to_le_bytes());
    a.extend(value);
    close(a)
}

/// A part of an attribute in clusters.
#[derive(Clone, Default)]
pub(super) struct Part {
    pub(super) lowest: u64,
    /// Clusters and where they lie, none being a hole.
    pub(super) runs: Vec<(u8, Option<u8>)>,
    pub(super) size: u64,
    pub(super) initialized: u64,
    /// Clusters of all parts.
    pub(super) allocated: u64,
    pub(super) flags: u16,
    pub(super) unit: u8,
}

impl Part {
    /// The only part, of this many bytes.
    pub(super) fn only(runs: &[(u8, Option<u8>)], size: usize) -> Self {
        let size = u64::try_from(size).unwrap();
        let allocated = runs.iter().map(|(count, _)| u64::from(*count)).sum();
        Self { runs: runs.to_vec(), size, initialized: size, allocated, ..Self::default() }
    }

    pub(super) fn attribute(&self, kind: u32, name: &str) -> Vec<u8> {
        let mut a = header(kind, name, self.flags, false);
        let at = u16::try_from(a.len()).unwrap();
        let count: u64 = self.runs.iter().map(|(count, _)| u64::from(*count)).sum();
        let highest = (self.lowest + count).wrapping_sub(1);
        let allocated = self.allocated * u64::try_from(CLUSTER).unwrap();
        let fields = [self.lowest, highest, u64::from(at) | u64::from(self.unit) << 16, allocated];
        for (field, value) in fields.into_iter().chain([self.size, self.initialized]).enumerate() {
            put(&mut a, 0x10 + field * 8, &value.to_le_bytes());
        }
        let mut last = 0i16;
        for (count, lcn) in &self.runs {
            match lcn.map(i16::from) {
                None => a.extend([0x01, *count]),
                Some(lcn) => {
                    a.extend([0x21, *count]);
                    a.extend((lcn - last).to_le_bytes());
                    last = lcn;
                }
            }
        }
        a.push(0);
        close(a)
    }
}

/// A `$FILE_NAME`.
pub(super) fn name(parent: u64, name: &str, namespace: u8, folder: bool) -> Vec<u8> {
    let mut n = vec![0; 0x42];
    put(&mut n, 0, &parent.to_le_bytes());
    put(&mut n, 0x38, &(u32::from(folder) << 28).to_le_bytes());
    put(&mut n, 0x40, &[u8::try_from(name.encode_utf16().count()).unwrap(), namespace]);
    n.extend(units(name));
    n
}

/// An entry of an index node: of a name, or the last one.
pub(super) fn entry(file: u64, key: Option<&[u8]>, child: Option<u64>) -> Vec<u8> {
    let mut e = vec![0; 0x10];
    put(&mut e, 0, &file.to_le_bytes());
    put(&mut e, 10, &u16::try_from(key.map_or(0, <[u8]>::len)).unwrap().to_le_bytes());
    put(&mut e, 12, &[u8::from(child.is_some()) | u8::from(key.is_none()) << 1]);
    e.extend(key.unwrap_or_default());
    e.resize(e.len().next_multiple_of(8), 0);
    e.extend(child.into_iter().flat_map(u64::to_le_bytes));
    let len = u16::try_from(e.len()).unwrap();
    put(&mut e, 8, &len.to_le_bytes());
    e
}

fn node(head: &mut Vec<u8>, at: usize, entries: &[u8], first: usize, room: usize) {
    let used = u32::try_from(first + entries.len()).unwrap();
    head.resize(at + first, 0);
    put(head, at, &u32::try_from(first).unwrap().to_le_bytes());
    put(head, at + 4, &used.to_le_bytes());
    put(head, at + 8, &used.max(u32::try_from(room).unwrap()).to_le_bytes());
    head.extend(entries);
}

/// `$INDEX_ROOT`.
pub(super) fn index_root(entries: &[u8]) -> Vec<u8> {
    let mut r = vec![0; 0x20];
    put(&mut r, 0, &0x30u32.to_le_bytes());
    put(&mut r, 4, &[1]);
    put(&mut r, 8, &4096u32.to_le_bytes());
    node(&mut r, 0x10, entries, 0x10, 0);
    resident(0x90, "$I30", &r)
}

/// A block of an index.
pub(super) fn index_block(number: u64, entries: &[u8]) -> Vec<u8> {
    let mut b = vec![0; 0x18];
    put(&mut b, 0, b"INDX");
    put(&mut b, 0x10, &number.to_le_bytes());
    node(&mut b, 0x18, entries, 0x28, 4096 - 0x18);
    b.resize(4096, 0);
    seal(&mut b, 0x28);
    b
}

/// `$ATTRIBUTE_LIST` of (type, lowest cluster number, reference of the record).
pub(super) fn attribute_list(entries: &[(u32, u64, u64)]) -> Vec<u8> {
    let mut list = Vec::new();
    for (instance, (kind, lowest, record)) in (0u16..).zip(entries) {
        let mut e = vec![0; 0x20];
        put(&mut e, 0, &kind.to_le_bytes());
        put(&mut e, 4, &[0x20, 0, 0, 0x1a]);
        put(&mut e, 8, &lowest.to_le_bytes());
        put(&mut e, 0x10, &record.to_le_bytes());
        put(&mut e, 0x18, &instance.to_le_bytes());
        list.extend(e);
    }
    resident(0x20, "", &list)
}

pub(super) struct Record {
    pub(super) flags: u16,
    pub(super) base: u64,
    pub(super) attributes: Vec<Vec<u8>>,
}

/// A volume to be.
pub(super) struct Maker {
    pub(super) records: BTreeMap<u64, Record>,
    /// Contents of clusters.
    pub(super) clusters: Vec<(usize, Vec<u8>)>,
    /// Entries of the root folder's index.
    pub(super) root: Vec<u8>,
    /// Whether `$MFT` is in two parts, the second one told by an extension record.
    pub(super) split: bool,
}

impl Maker {
    pub(super) fn new() -> Self {
        let mut maker = Self { records: BTreeMap::new(), clusters: vec![], root: vec![], split: false };
        let information = [0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0];
        maker.add(2, 1, vec![resident(0x80, "", &[0xff; 64])]);
        maker.add(3, 1, vec![resident(0x60, "", &units("Läbel")), resident(0x70, "", &information)]);
        maker
    }

    /// Adds a record with these attributes, and `$STANDARD_INFORMATION`.
    pub(super) fn add(&mut self, number: u64, flags: u16, attributes: Vec<Vec<u8>>) -> &mut Record {
        let mut information = [0; 0x30];
        put(&mut information, 8, &TIME.to_le_bytes());
        let attributes = std::iter::once(resident(0x10, "", &information)).chain(attributes).collect();
        self.records.insert(number, Record { flags, base: 0, attributes });
        self.records.get_mut(&number).unwrap()
    }

    /// Adds a file of the root folder.
    pub(super) fn file(&mut self, number: u64, called: &str, mut attributes: Vec<Vec<u8>>) -> &mut Record {
        let key = name(ROOT, called, 3, false);
        self.root.extend(entry(reference(number), Some(&key), None));
        attributes.insert(0, resident(0x30, "", &key));
        self.add(number, 1, attributes)
    }

    /// Adds a record that goes on another.
    pub(super) fn extension(&mut self, number: u64, base: u64, attributes: Vec<Vec<u8>>) {
        self.add(number, 1, attributes).base = reference(base);
    }

    /// Fills clusters.
    pub(super) fn fill(&mut self, lcn: usize, bytes: &[u8]) {
        self.clusters.push((lcn, bytes.to_vec()));
    }

    pub(super) fn bytes(mut self) -> Vec<u8> {
        let first = MFT_CLUSTERS / 2;
        let total = MFT_CLUSTERS * CLUSTER;
        let halves = [first, MFT_CLUSTERS - first].map(|n| u8::try_from(n).unwrap());
        let places = [MFT, if self.split { SECOND_PART } else { MFT + first }];
        let places = places.map(|lcn| Some(u8::try_from(lcn).unwrap()));
        let mut data = Part::only(&[(halves[0], places[0]), (halves[1], places[1])], total);
        let mut attributes = vec![];
        if self.split {
            let second = Part { lowest: u64::from(halves[0]), runs: vec![data.runs.pop().unwrap()], ..Part::default() };
            self.extension(15, 0, vec![second.attribute(0x80, "")]);
            let parts = [(0x80, 0, reference(0)), (0x80, second.lowest, reference(15))];
            attributes.push(attribute_list(&parts));
        }
        attributes.push(data.attribute(0x80, ""));
        self.add(0, 1, attributes);
        if !self.records.contains_key(&5) {
            let root = [self.root.clone(), entry(0, None, None)].concat();
            let dot = resident(0x30, "", &name(ROOT, ".", 3, true));
            self.add(5, 3, vec![dot, index_root(&root)]);
        }
        let mut bytes = vec![0; LEN + 512];
        put(&mut bytes, 0, &boot());
        put(&mut bytes, LEN, &boot());
        for (number, record) in &self.records {
            let at = usize::try_from(*number).unwrap() * RECORD;
            let made = record_bytes(*number, record);
            let cluster = at / CLUSTER;
            let lcn = if cluster < first { MFT + cluster } else { places[1].map_or(0, usize::from) + cluster - first };
            put(&mut bytes, lcn * CLUSTER + at % CLUSTER, &made);
            if *number < 4 {
                put(&mut bytes, MIRROR * CLUSTER + at, &made);
            }
        }
        self.clusters.iter().for_each(|(lcn, content)| put(&mut bytes, lcn * CLUSTER, content));
        bytes
    }

    pub(super) fn open(self) -> Arc<Ntfs> {
        open(self.bytes()).unwrap()
    }
}

pub(super) fn boot() -> Vec<u8> {
    let mut b = vec![0; 512];
    put(&mut b, 3, b"NTFS    ");
    put(&mut b, 0x0b, &[0, 2, 8]);
    let words = [CLUSTERS * 8, MFT, MIRROR].map(|word| u64::try_from(word).unwrap().to_le_bytes());
    words.iter().enumerate().for_each(|(n, word)| put(&mut b, 0x28 + n * 8, word));
    put(&mut b, 0x40, &[0xf6, 0, 0, 0, 1, 0, 0, 0, 0x78, 0x56, 0x34, 0x12]);
    put(&mut b, 510, &[0x55, 0xaa]);
    b
}

fn record_bytes(number: u64, record: &Record) -> Vec<u8> {
    let mut r = vec![0; 0x38];
    put(&mut r, 0, b"FILE");
    put(&mut r, 0x10, &(reference(number) >> 48).to_le_bytes()[..2]);
    put(&mut r, 0x14, &[0x38]);
    put(&mut r, 0x16, &record.flags.to_le_bytes());
    put(&mut r, 0x20, &record.base.to_le_bytes());
    put(&mut r, 0x2c, &u32::try_from(number).unwrap().to_le_bytes());
    record.attributes.iter().for_each(|attribute| r.extend(attribute));
    r.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    let used = u32::try_from(r.len()).unwrap();
    put(&mut r, 0x18, &used.to_le_bytes());
    put(&mut r, 0x1c, &1024u32.to_le_bytes());
    r.resize(RECORD, 0);
    seal(&mut r, 0x30);
    r
}

/// Where a record of a volume in one part stands.
pub(super) fn at(number: usize) -> usize {
    MFT * CLUSTER + number * RECORD
}

pub(super) fn open(bytes: Vec<u8>) -> Result<Arc<Ntfs>, Error> {
    Ntfs::open(Arc::new(bytes), &Limits::default())
}

pub(super) fn find(fs: &Ntfs, name: &str) -> Result<Option<Entry>, Error> {
    fs.find(fs.root(), name)
}

pub(super) fn file(fs: &Arc<Ntfs>, name: &str) -> Result<NtfsFile, Error> {
    fs.file(find(fs, name)?.unwrap().file)
}

pub(super) fn read(fs: &Arc<Ntfs>, name: &str) -> std::io::Result<Vec<u8>> {
    let file = file(fs, name)?;
    let mut bytes = vec![0xee; usize::try_from(file.len()).unwrap() + 1];
    let n = file.read_at(0, &mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}

pub(super) fn list(fs: &Ntfs) -> Result<Vec<String>, Error> {
    fs.list(fs.root()).map(|entries| entries.into_iter().map(|entry| entry.name).collect())
}
