//! Folders of FAT: entries of 32 bytes, with long names in entries before them.

use std::time::SystemTime;

use super::chain::Run;
use super::{ENTRY, Fat, FileRef};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::tree::Entry;
use crate::number::wide;

const WHAT: &str = "entry of a folder";
/// Attributes: a folder, a label; all four lowest ones mark a part of a long name.
const FOLDER: u8 = 0x10;
const LABEL: u8 = 0x08;
const LONG: u8 = 0x0f;
/// Entries that one long name may have: 255 characters, 13 in each.
const LONGEST: u8 = 20;

/// What a folder says of a file.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) name: String,
    /// The name of 8 and 3 characters, where there is one beside a long name.
    pub(super) short: String,
    pub(super) file: FileRef,
    pub(super) folder: bool,
    /// Whether this is the label of the volume.
    pub(super) label: bool,
    pub(super) first: u32,
    pub(super) size: u64,
    pub(super) valid: u64,
    /// Whether its clusters lie one behind the other and have no chain.
    pub(super) unbroken: bool,
    pub(super) modified: Option<SystemTime>,
}

impl Listed {
    /// Whether it has this name, which is given in upper case.
    pub(super) fn is_called(&self, upper: &str) -> bool {
        self.name.to_uppercase() == upper || (!self.short.is_empty() && self.short.to_uppercase() == upper)
    }

    pub(super) fn entry(&self) -> Entry {
        Entry { name: self.name.clone(), file: self.file, folder: self.folder }
    }
}

/// A number that hardly any other name has, and never zero. FNV-1a.
pub(super) fn proof(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)) | 1
}

/// A long name, as far as its parts were met: the last part stands first.
#[derive(Default)]
struct Long {
    units: Vec<u16>,
    next: u8,
    sum: u8,
}

impl Long {
    /// Takes a part; one that does not go on the others starts anew.
    fn take(&mut self, bytes: &[u8], f: &Fields<'_>) -> Result<(), Error> {
        let (order, sum) = (f.u8(0, WHAT)?, f.u8(13, WHAT)?);
        let number = order & 0x3f;
        if order & 0x40 != 0 && (1..=LONGEST).contains(&number) {
            *self = Self { units: Vec::new(), next: number, sum };
        }
        if number == 0 || number != self.next || sum != self.sum {
            *self = Self::default();
            return Ok(());
        }
        let places = [1..11usize, 14..26, 28..32];
        let own = places.into_iter().flat_map(|place| bytes.get(place).unwrap_or_default().as_chunks::<2>().0);
        let mut units: Vec<u16> = own.map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0).collect();
        units.append(&mut self.units);
        self.units = units;
        self.next = number.saturating_sub(1);
        Ok(())
    }

    /// The name, if it is whole and that of the entry with this short name.
    fn name(&mut self, short: &[u8]) -> Option<String> {
        let long = std::mem::take(self);
        let sum = short.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        (long.next == 0 && !long.units.is_empty() && long.sum == sum).then(|| String::from_utf16_lossy(&long.units))
    }
}

/// Reads all entries of a folder.
pub(super) fn read(fat: &Fat, runs: &[Run]) -> Result<Vec<Listed>, Error> {
    let mut found = Vec::new();
    let mut long = Long::default();
    let mut bytes = [0u8; 32];
    let mut offset = 0u64;
    while let Some(at) = fat.in_runs(runs, offset, &mut bytes)? {
        offset = offset.saturating_add(ENTRY);
        let f = Fields::new(&bytes, at);
        let (first, attributes) = (f.u8(0, WHAT)?, f.u8(11, WHAT)?);
        match first {
            0 => break,
            0xe5 => long = Long::default(),
            _ if attributes & 0x3f == LONG => long.take(&bytes, &f)?,
            _ => {
                let name = long.name(f.bytes(0, 11, WHAT)?);
                let entry = parse(fat, &bytes, at, name)?;
                found.extend(entry.filter(|entry| !matches!(entry.name.as_str(), "." | "..")));
            }
        }
        if wide(found.len()) > fat.limits.ntfs_names {
            return Err(Error::Limit { at: At::Offset(at), what: "names in one folder", limit: fat.limits.ntfs_names });
        }
    }
    Ok(found)
}

/// Reads the entry of one file. Its long name is not read: it is the short one that must be the same.
pub(super) fn at(fat: &Fat, file: FileRef) -> Result<Listed, Error> {
    let mut bytes = [0u8; 32];
    fat.table(file.number, &mut bytes, WHAT)?;
    let gone = || Error::Stale { what: format!("there is no entry at 0x{:x} any more", file.number) };
    parse(fat, &bytes, file.number, None)?.ok_or_else(gone)
}

fn parse(fat: &Fat, bytes: &[u8], at: u64, long: Option<String>) -> Result<Option<Listed>, Error> {
    let f = Fields::new(bytes, at);
    let (raw, attributes, case) = (f.bytes(0, 11, WHAT)?, f.u8(11, WHAT)?, f.u8(12, WHAT)?);
    if matches!(raw.first(), Some(0 | 0xe5)) {
        return Ok(None);
    }
    // No name has these, and noise does.
    let mut characters = raw.iter().enumerate();
    if attributes & 0xc0 != 0 || characters.any(|(place, byte)| *byte < 0x20 && (place, *byte) != (0, 5)) {
        let found = format!("\"{}\", attributes {attributes:#04x}", raw.escape_ascii());
        return Err(Error::damaged(At::Offset(at), WHAT, "a name and its attributes", found));
    }
    let part = |place: std::ops::Range<usize>, lower: bool| {
        let bytes = raw.get(place).unwrap_or_default();
        let text: String = bytes.iter().map(|byte| char::from(if *byte == 5 { 0xe5 } else { *byte })).collect();
        let text = text.trim_end_matches(' ').to_owned();
        if lower { text.to_ascii_lowercase() } else { text }
    };
    let (stem, end) = (part(0..8, case & 8 != 0), part(8..11, case & 16 != 0));
    let label = attributes & LABEL != 0;
    let short = match (label, end.as_str()) {
        (true, _) => format!("{}{}", part(0..8, false), part(8..11, false)),
        (false, "") => stem,
        (false, end) => format!("{stem}.{end}"),
    };
    let folder = attributes & FOLDER != 0;
    let high = if fat.geometry.width == super::boot::Width::Fat32 { u32::from(f.u16(20, WHAT)?) } else { 0 };
    let first = high << 16 | u32::from(f.u16(26, WHAT)?);
    let size = u64::from(f.u32(28, WHAT)?);
    let file = FileRef { number: at, name: proof(raw) };
    let name = long.unwrap_or_else(|| short.clone());
    // In which time zone its times are, nothing tells.
    let (valid, unbroken, modified) = (size, false, None);
    Ok(Some(Listed { name, short, file, folder, label, first, size, valid, unbroken, modified }))
}
