//! VHDX files made from bytes, for the tests.

use super::*;
use crate::image::mapped::testing::put;

pub(super) const LOG: usize = 1 << 20;
pub(super) const METADATA: usize = 2 << 20;
pub(super) const BAT: usize = 3 << 20;
/// The first payload block; all are of 1 MiB.
pub(super) const BLOCKS: usize = 4 << 20;
pub(super) const LOG_GUID: [u8; 16] = [0x77; 16];
pub(super) const DATA_WRITE: [u8; 16] = [0x44; 16];

pub(super) fn stored(guid: &str) -> [u8; 16] {
    let bytes = Guid::parse(guid).unwrap().0.to_be_bytes();
    Guid::from_stored(&bytes).0.to_be_bytes()
}

/// An item of the metadata: GUID, flags, content.
pub(super) type Item = (&'static str, u32, Vec<u8>);

pub(super) fn items(size: u64, sector: u32, parameters: u32) -> Vec<Item> {
    vec![
        ("caa16737-fa36-4d43-b3b6-33f0aa44e76b", 4, [(1u32 << 20).to_le_bytes(), parameters.to_le_bytes()].concat()),
        ("2fa54224-cd1b-4876-b211-5dbed83bf4b8", 6, size.to_le_bytes().to_vec()),
        ("beca12ab-b2e6-4523-93ef-c309e000c746", 6, vec![9; 16]),
        ("8141bf1d-a96f-4709-ba47-f233a8faab5f", 6, sector.to_le_bytes().to_vec()),
        ("cda348c7-445d-4471-9cc9-e9885251c556", 6, 4096u32.to_le_bytes().to_vec()),
    ]
}

pub(super) fn locator(pairs: &[(&str, &str)]) -> Item {
    let mut bytes = stored("b04aefb7-d19e-4a81-b789-25b8e9445913").to_vec();
    bytes.extend([0, 0]);
    bytes.extend(u16::try_from(pairs.len()).unwrap().to_le_bytes());
    let mut texts = Vec::new();
    let start = 20 + 12 * pairs.len();
    for (key, value) in pairs {
        let [key, value] = [key, value].map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
        bytes.extend(u32::try_from(start + texts.len()).unwrap().to_le_bytes());
        bytes.extend(u32::try_from(start + texts.len() + key.len()).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(key.len()).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        texts.extend(key);
        texts.extend(value);
    }
    bytes.extend(texts);
    ("a8d35f2d-b30b-454d-abf7-d3d84834ab0c", 4, bytes)
}

pub(super) fn seal(bytes: &mut [u8], at: usize, len: usize) {
    let sum = crc(&bytes[at..at + len]);
    bytes[at + 4..at + 8].copy_from_slice(&sum.to_le_bytes());
}

pub(super) fn header(bytes: &mut Vec<u8>, at: usize, sequence: u64, changes: &[(usize, &[u8])]) {
    put(bytes, at, &[0; 4096]);
    put(bytes, at, b"head");
    put(bytes, at + 8, &sequence.to_le_bytes());
    put(bytes, at + 32, &DATA_WRITE);
    put(bytes, at + 66, &[1, 0]);
    put(bytes, at + 68, &(1u32 << 20).to_le_bytes());
    put(bytes, at + 72, &u64::try_from(LOG).unwrap().to_le_bytes());
    for (offset, what) in changes {
        put(bytes, at + offset, what);
    }
    seal(bytes, at, 4096);
}

/// A region: GUID, offset, length, whether it is required.
pub(super) type Region = (&'static str, u64, u32, u32);

pub(super) const REGIONS: [Region; 2] = [
    ("2dc27766-f623-4200-9d64-115e9bfd4a08", 3 << 20, 1 << 20, 1),
    ("8b7ca206-4790-4b9a-b8fe-575f050f886e", 2 << 20, 1 << 20, 1),
];

pub(super) fn regions(bytes: &mut Vec<u8>, at: usize, regions: &[Region]) {
    put(bytes, at, &[0; 64 << 10]);
    put(bytes, at, b"regi");
    put(bytes, at + 8, &u32::try_from(regions.len()).unwrap().to_le_bytes());
    for (position, (guid, offset, len, required)) in regions.iter().enumerate() {
        let entry = at + 16 + 32 * position;
        put(bytes, entry, &stored(guid));
        put(bytes, entry + 16, &offset.to_le_bytes());
        put(bytes, entry + 24, &len.to_le_bytes());
        put(bytes, entry + 28, &required.to_le_bytes());
    }
    seal(bytes, at, 64 << 10);
}

pub(super) fn metadata(bytes: &mut Vec<u8>, items: &[Item]) {
    put(bytes, METADATA, &[0; 64 << 10]);
    put(bytes, METADATA, b"metadata");
    put(bytes, METADATA + 10, &u16::try_from(items.len()).unwrap().to_le_bytes());
    let mut offset = 64usize << 10;
    for (position, (guid, flags, content)) in items.iter().enumerate() {
        let entry = METADATA + 32 + 32 * position;
        put(bytes, entry, &stored(guid));
        put(bytes, entry + 16, &u32::try_from(offset).unwrap().to_le_bytes());
        put(bytes, entry + 20, &u32::try_from(content.len()).unwrap().to_le_bytes());
        put(bytes, entry + 24, &flags.to_le_bytes());
        put(bytes, METADATA + offset, content);
        offset += content.len();
    }
}

/// An entry of the BAT: which one, its state, and where in the file its block is, in MiB.
pub(super) fn bat(bytes: &mut Vec<u8>, index: usize, state: u64, mib: u64) {
    put(bytes, BAT + 8 * index, &(mib << 20 | state).to_le_bytes());
}

/// A file with these items and `blocks` payload blocks, each filled with a letter, from `a` on.
pub(super) fn image(items: &[Item], blocks: u8) -> Vec<u8> {
    let mut bytes = vec![0u8; BLOCKS];
    put(&mut bytes, 0, b"vhdxfile");
    header(&mut bytes, 64 << 10, 5, &[]);
    header(&mut bytes, 128 << 10, 6, &[]);
    regions(&mut bytes, 192 << 10, &REGIONS);
    regions(&mut bytes, 256 << 10, &REGIONS);
    metadata(&mut bytes, items);
    for number in 0..blocks {
        bytes.extend(vec![b'a' + number; 1 << 20]);
    }
    bytes
}

/// A dynamic disk of three blocks: `b`, zeros, `a`.
pub(super) fn dynamic() -> Vec<u8> {
    let mut bytes = image(&items(3 << 20, 512, 0), 2);
    bat(&mut bytes, 0, 6, 5);
    bat(&mut bytes, 2, 6, 4);
    bytes
}
