//! Checksums of metadata: made right after patching, and told wrong ones from right ones that hide a change.

use std::ops::Range;

use crate::About;
use crate::patch::Patched;

/// How a checksum is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of VHD: the complement of the sum of the bytes.
    Vhd,
    /// CRC-32C, its own field as zeros.
    Crc32c,
    /// CRC-32, its own field as zeros.
    Crc32,
    Adler,
    /// The sum of the bytes, its own field as blanks, in octal.
    Tar,
}

/// A structure with a checksum.
#[derive(Debug, Clone)]
pub struct Sum {
    file: usize,
    covers: Range<usize>,
    field: usize,
    kind: Kind,
}

/// Bytes that one checksum covers, at most.
const COVERS: usize = 4 << 20;

impl Sum {
    fn new(file: usize, at: usize, len: usize, field: usize, kind: Kind) -> Self {
        Self { file, covers: at..at.saturating_add(len.min(COVERS)), field, kind }
    }

    fn width(&self) -> usize {
        if self.kind == Kind::Tar { 8 } else { 4 }
    }

    fn right(&self, file: &Patched) -> Vec<u8> {
        let mut bytes = file.get(self.covers.start, self.covers.len());
        let own = self.field.wrapping_sub(self.covers.start);
        let blank = if self.kind == Kind::Tar { b' ' } else { 0 };
        if let Some(field) = bytes.get_mut(own..own.saturating_add(self.width())) {
            field.fill(blank);
        }
        let sum = || bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
        match self.kind {
            Kind::Vhd => (!sum()).to_be_bytes().to_vec(),
            Kind::Crc32c => crc32c::crc32c(&bytes).to_le_bytes().to_vec(),
            Kind::Crc32 => crc32fast::hash(&bytes).to_le_bytes().to_vec(),
            Kind::Adler => adler(&bytes).to_le_bytes().to_vec(),
            Kind::Tar => format!("{:06o}\0 ", sum()).into_bytes(),
        }
    }

    fn holds(&self, file: &Patched) -> bool {
        file.get(self.field, self.width()) == self.right(file)
    }
}

fn adler(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65521;
        b = (b + a) % 65521;
    }
    b << 16 | a
}

fn le(file: &Patched, at: usize, width: usize) -> usize {
    file.get(at, width).iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte))
}

/// The structures that have a checksum, those first that others have the checksum of.
pub fn layout(about: About, files: &[Patched]) -> Vec<Sum> {
    let mut sums = Vec::new();
    for (number, file) in files.iter().enumerate() {
        match about {
            About::Vhd => vhd(number, file, &mut sums),
            About::Vhdx => vhdx(number, file, &mut sums),
            About::Ewf => ewf(number, file, &mut sums),
            About::Partition => gpt(number, file, &mut sums),
            About::Archive => tar(number, file, &mut sums),
            About::Vmdk | About::Qcow2 | About::Vdi | About::Ntfs | About::Shadow => {}
        }
    }
    sums
}

/// Makes all checksums right.
pub fn mend(about: About, files: &mut [Patched]) {
    for sum in layout(about, files) {
        let right = sum.right(&files[sum.file]);
        files[sum.file].put(sum.field, right);
    }
}

/// Whether the checksums tell of every change: what `sums` cover is all that was changed, and the checksums are wrong there.
pub fn tell(sums: &[Sum], files: &[Patched]) -> bool {
    let wrong: Vec<&Sum> = sums.iter().filter(|sum| !sum.holds(&files[sum.file])).collect();
    files.iter().enumerate().all(|(number, file)| {
        file.changed().iter().all(|range| {
            wrong.iter().any(|sum| {
                let field = sum.field..sum.field + sum.width();
                let within = |of: &Range<usize>| of.start <= range.start && range.end <= of.end;
                sum.file == number && (within(&sum.covers) || within(&field))
            })
        })
    })
}

fn vhd(number: usize, file: &Patched, sums: &mut Vec<Sum>) {
    for at in [Some(0), file.size().checked_sub(512)].into_iter().flatten() {
        let footer = file.get(at, 512);
        if footer.starts_with(b"conectix") {
            let header = u64::from_be_bytes(footer[16..24].try_into().expect("eight bytes"));
            let header = usize::try_from(header).unwrap_or(usize::MAX);
            if header < file.size() {
                sums.push(Sum::new(number, header, 1024, header + 36, Kind::Vhd));
            }
            sums.push(Sum::new(number, at, 512, at + 64, Kind::Vhd));
        }
    }
}

fn vhdx(number: usize, file: &Patched, sums: &mut Vec<Sum>) {
    let mut logs = Vec::new();
    for at in [64 << 10, 128 << 10] {
        logs.push((le(file, at + 72, 8), le(file, at + 68, 4)));
        sums.push(Sum::new(number, at, 4096, at + 4, Kind::Crc32c));
    }
    for at in [192 << 10, 256 << 10] {
        sums.push(Sum::new(number, at, 64 << 10, at + 4, Kind::Crc32c));
    }
    logs.dedup();
    for (log, len) in logs {
        let end = log.saturating_add(len.min(COVERS)).min(file.size());
        for at in (log..end).step_by(4096).filter(|&at| file.get(at, 4) == b"loge") {
            sums.push(Sum::new(number, at, le(file, at + 8, 4).min(end - at), at + 4, Kind::Crc32c));
        }
    }
}

fn ewf(number: usize, file: &Patched, sums: &mut Vec<Sum>) {
    let mut at = 13;
    for _ in 0..64 {
        let section = file.get(at, 76);
        let body = at.saturating_add(76);
        sums.push(Sum::new(number, at, 72, at + 72, Kind::Adler));
        if section.starts_with(b"table") {
            let count = le(file, body, 4);
            sums.push(Sum::new(number, body, 20, body + 20, Kind::Adler));
            let entries = count.saturating_mul(4).min(COVERS);
            sums.push(Sum::new(number, body + 24, entries, body + 24 + entries, Kind::Adler));
        } else if section.starts_with(b"volume") || section.starts_with(b"data") || section.starts_with(b"disk") {
            sums.push(Sum::new(number, body, 1048, body + 1048, Kind::Adler));
        } else if section.starts_with(b"hash") {
            sums.push(Sum::new(number, body, 32, body + 32, Kind::Adler));
        } else if section.starts_with(b"digest") {
            sums.push(Sum::new(number, body, 76, body + 76, Kind::Adler));
        }
        let next = le(file, at + 16, 8);
        if next <= at || next >= file.size() {
            break;
        }
        at = next;
    }
}

fn gpt(number: usize, file: &Patched, sums: &mut Vec<Sum>) {
    for size in [512, 4096] {
        let last = file.size().checked_sub(size).unwrap_or_default();
        for at in [size, last - last % size] {
            if file.get(at, 8) != b"EFI PART" {
                continue;
            }
            let entries = le(file, at + 72, 8).saturating_mul(size);
            let len = le(file, at + 80, 4).saturating_mul(le(file, at + 84, 4));
            if entries < file.size() {
                sums.push(Sum::new(number, entries, len, at + 88, Kind::Crc32));
            }
            sums.push(Sum::new(number, at, le(file, at + 12, 4).min(size), at + 16, Kind::Crc32));
        }
    }
}

fn tar(number: usize, file: &Patched, sums: &mut Vec<Sum>) {
    for at in (0..file.size()).step_by(512).filter(|&at| file.get(at + 257, 5) == b"ustar") {
        sums.push(Sum::new(number, at, 512, at + 148, Kind::Tar));
    }
}
