//! Files with a few bytes changed, without copying them.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use tlshive::read_at::ReadAt;

/// Patches of one input, at most.
const PATCHES: usize = 16;
/// Bytes of the description of a patch.
const RECORD: usize = 8;

/// A file and what was changed in it.
pub struct Patched {
    base: Arc<Vec<u8>>,
    len: usize,
    edits: Vec<(usize, Vec<u8>)>,
}

impl Patched {
    pub fn new(base: &Arc<Vec<u8>>) -> Self {
        Self { base: Arc::clone(base), len: base.as_slice().len(), edits: Vec::new() }
    }

    fn base(&self) -> &[u8] {
        &self.base
    }

    /// What stands at `at`, zeros behind the end.
    pub fn get(&self, at: usize, len: usize) -> Vec<u8> {
        let mut bytes = vec![0u8; len];
        let _ = self.read_at(u64::try_from(at).unwrap_or(u64::MAX), &mut bytes);
        bytes
    }

    pub fn put(&mut self, at: usize, bytes: Vec<u8>) {
        self.edits.push((at, bytes));
    }

    pub fn size(&self) -> usize {
        self.len
    }

    /// Where it differs from what it was.
    pub fn changed(&self) -> Vec<Range<usize>> {
        let differs = |(at, bytes): &(usize, Vec<u8>)| {
            let end = at.saturating_add(bytes.len()).min(self.len);
            let now = self.get(*at, end.saturating_sub(*at));
            (self.base().get(*at..end) != Some(&now[..])).then_some(*at..end)
        };
        let mut all: Vec<_> = self.edits.iter().filter_map(differs).collect();
        if self.len != self.base().len() {
            all.push(self.len.min(self.base().len())..self.len.max(self.base().len()));
        }
        all
    }
}

impl ReadAt for Patched {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let Some(start) = usize::try_from(offset).ok().filter(|start| *start < self.len) else { return Ok(0) };
        let n = buf.len().min(self.len - start);
        let there = self.base().len().saturating_sub(start).min(n);
        buf[..there].copy_from_slice(self.base().get(start..start + there).unwrap_or_default());
        buf[there..n].fill(0);
        for (at, bytes) in &self.edits {
            let (from, to) = (start.max(*at), (start + n).min(at.saturating_add(bytes.len())));
            if from < to {
                buf[from - start..to - start].copy_from_slice(&bytes[from - at..to - at]);
            }
        }
        Ok(n)
    }

    fn len(&self) -> u64 {
        self.len as u64
    }
}

/// A place in the metadata: which file, and where.
pub type Region = (usize, Range<usize>);

/// The `number`th byte of the metadata.
fn place(metadata: &[Region], number: usize) -> (usize, usize) {
    let all: usize = metadata.iter().map(|(_, range)| range.len()).sum();
    let mut number = number % all.max(1);
    for (file, range) in metadata {
        if number < range.len() {
            return (*file, range.start + number);
        }
        number -= range.len();
    }
    (0, 0)
}

/// Applies patches of eight bytes each: where (three), how (one), and a number for it (four).
pub fn apply(files: &mut [Patched], metadata: &[Region], patches: &[u8]) {
    for record in patches.as_chunks::<RECORD>().0.iter().take(PATCHES) {
        let &[a, b, c, how, w, x, y, z] = record;
        let number = u32::from_le_bytes([w, x, y, z]);
        let width = 1usize << (how & 3);
        let (file, mut at) = place(metadata, u32::from_le_bytes([a, b, c, 0]) as usize);
        if how & 4 != 0 {
            at -= at % width;
        }
        let big = how & 8 != 0;
        let Some(len) = files.get(file).map(Patched::size) else { return };
        let max = u64::MAX >> (64 - 8 * width);
        let old = files[file].get(at, width);
        let old = if big { number_of(old.iter()) } else { number_of(old.iter().rev()) };
        let value = match how >> 4 {
            0 | 1 => u64::from(number),
            2 => u64::from(number) << 32 | u64::from(number),
            3 => [0, 1, max, max - 1, max >> 1, (max >> 1) + 1, 2, 3][(number & 7) as usize],
            4 => 1u64 << (number & 63),
            5 => (1u64 << (number & 63)).wrapping_sub(1),
            6 => old.wrapping_add(number.cast_signed() as u64),
            7 => old.wrapping_add((w.cast_signed() as i64).cast_unsigned()),
            8 => old ^ (1 << (number & 63)),
            // Near the length of the file, in bytes and in units.
            9 => (len as u64 >> (x & 31)).wrapping_add((w.cast_signed() as i64).cast_unsigned()),
            // Its own place, in bytes and in units: structures that refer to themselves.
            10 => (at as u64 >> (x & 31)).wrapping_add((w.cast_signed() as i64).cast_unsigned()),
            // Another field, another structure.
            how @ 11..=14 => {
                let (from_file, from) = place(metadata, number as usize);
                let count = [width, 16, 64, 512][usize::from(how - 11)];
                let bytes = files[from_file].get(from, count);
                files[file].put(at, bytes);
                continue;
            }
            _ => {
                files[file].len = match w & 3 {
                    0 => at,
                    1 => len.saturating_sub(number as usize >> 16),
                    2 => len.saturating_add(number as usize >> 16),
                    _ => len - len % 512,
                };
                continue;
            }
        };
        let bytes = value.to_be_bytes()[8 - width..].to_vec();
        files[file].put(at, if big { bytes } else { bytes.into_iter().rev().collect() });
    }
}

fn number_of<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    bytes.fold(0, |number, &byte| number << 8 | u64::from(byte))
}
