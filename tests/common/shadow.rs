//! The bytes of shadow copies, summed up.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tlshive::error::{At, Error};
use tlshive::image::{Opened, Opener, ShadowCopies, disk, partitions};
use tlshive::limits::Limits;
use tlshive::read_at::{LocalFile, ReadAt, Window};

/// A copy, and the SHA-256 of its blocks that are not all zeros, each behind its place (64 bits, little-endian).
#[allow(dead_code, reason = "each program uses a part of it")]
pub(crate) struct Copy {
    pub(crate) number: usize,
    pub(crate) created: u64,
    pub(crate) sha256: String,
}

/// No image here has another file.
struct Alone;

impl Opener for Alone {
    fn open(&self, _: &[&str]) -> Result<Opened, Error> {
        Err(Error::Unsupported { at: At::Whole, what: "another file".to_owned() })
    }

    fn file_name(&self) -> &str {
        "image"
    }
}

/// The copies of the first volume of an image.
pub(crate) fn copies(path: &Path) -> Vec<Copy> {
    let limits = Limits::default();
    let file: Arc<dyn ReadAt> = Arc::new(LocalFile::open(path).unwrap());
    let disk = disk(&file, &Alone, &limits).unwrap();
    let table = partitions(&disk.bytes, disk.sector, &limits).unwrap().unwrap();
    let partition = &table.partitions[0];
    let volume: Arc<dyn ReadAt> = Arc::new(Window::new(Arc::clone(&disk.bytes), partition.start, partition.len));
    let copies = ShadowCopies::open(&volume, &limits).unwrap().unwrap();
    let sum = |number| sum(&*copies.volume(number).unwrap());
    let all = copies.copies().iter();
    all.map(|copy| Copy { number: copy.number, created: copy.created, sha256: sum(copy.number) }).collect()
}

fn sum(volume: &dyn ReadAt) -> String {
    let mut hash = Sha256::new();
    let (mut block, zeros) = (vec![0u8; 0x4000], vec![0u8; 0x4000]);
    let mut at = 0;
    while at < volume.len() {
        let read = volume.fill_at(at, &mut block).unwrap();
        if *read != zeros[..read.len()] {
            hash.update(at.to_le_bytes());
            hash.update(read);
        }
        at += 0x4000;
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
