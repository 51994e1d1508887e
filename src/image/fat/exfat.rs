//! Folders of exFAT: sets of entries of 32 bytes, each with a checksum.

use std::time::{Duration, SystemTime};

use super::chain::Run;
use super::entries::{Listed, proof};
use super::{ENTRY, Fat, FileRef};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::{narrow, wide};

const WHAT: &str = "entry of an exFAT folder";
/// Types of entries: a label; a file, where its data is, and its name. Without the highest bit an entry is not in use.
const LABEL: u8 = 0x83;
const FILE: u8 = 0x85;
const STREAM: u8 = 0xc0;
const NAME: u8 = 0xc1;
/// Entries of a file: itself, its data, and a name of 255 characters, 15 in each.
const MOST: u64 = 19;

/// Reads all entries of a folder.
pub(super) fn read(fat: &Fat, runs: &[Run]) -> Result<Vec<Listed>, Error> {
    let mut found = Vec::new();
    let mut first = [0u8; 32];
    let mut offset = 0u64;
    while let Some(at) = fat.in_runs(runs, offset, &mut first)? {
        let f = Fields::new(&first, at);
        let (kind, behind) = (f.u8(0, WHAT)?, u64::from(f.u8(1, WHAT)?));
        offset = offset.saturating_add(ENTRY);
        match kind {
            0 => break,
            LABEL => found.push(label(&f, at)?),
            FILE => {
                let mut set = first.to_vec();
                for _ in 0..behind.min(MOST) {
                    let mut next = [0u8; 32];
                    if fat.in_runs(runs, offset, &mut next)?.is_none() {
                        return Err(Error::damaged(
                            At::Offset(at),
                            WHAT,
                            "all entries of a file",
                            "the end of the folder",
                        ));
                    }
                    set.extend(next);
                    offset = offset.saturating_add(ENTRY);
                }
                found.push(file(&set, behind, at)?);
            }
            _ => {}
        }
        if wide(found.len()) > fat.limits.ntfs_names {
            return Err(Error::Limit { at: At::Offset(at), what: "names in one folder", limit: fat.limits.ntfs_names });
        }
    }
    Ok(found)
}

/// Reads the entries of one file again.
pub(super) fn at(fat: &Fat, file: FileRef) -> Result<Listed, Error> {
    let mut set = vec![0u8; 32];
    fat.table(file.number, &mut set, WHAT)?;
    let behind = u64::from(Fields::new(&set, file.number).u8(1, WHAT)?);
    let more = usize::try_from(behind.min(MOST).saturating_mul(ENTRY)).unwrap_or_default();
    set.resize(more.saturating_add(32), 0);
    let (left, cluster) = fat.geometry.rest(file.number);
    let here = set.len().min(narrow(left));
    let (first, behind_it) = set.split_at_mut(here);
    fat.table(file.number, first, WHAT)?;
    if !behind_it.is_empty() {
        // The folder goes on in the next cluster of its chain or, if it has none, in the one behind.
        let next = fat.next(cluster)?.unwrap_or(cluster.saturating_add(1));
        let run = fat.geometry.run(next, 1, At::Offset(file.number))?;
        fat.table(run.start, behind_it, WHAT)?;
    }
    self::file(&set, behind, file.number)
}

fn label(f: &Fields<'_>, at: u64) -> Result<Listed, Error> {
    let len = usize::from(f.u8(1, WHAT)?).min(11);
    let name = text(f.bytes(2, len.saturating_mul(2), WHAT)?);
    let file = FileRef { number: at, name: 0 };
    let (short, folder, first, size, valid, unbroken) = (String::new(), false, 0, 0, 0, false);
    Ok(Listed { name, short, file, folder, label: true, first, size, valid, unbroken, modified: None })
}

fn text(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16_lossy(&units)
}

/// A file from all its entries.
fn file(set: &[u8], behind: u64, at: u64) -> Result<Listed, Error> {
    let f = Fields::new(set, at);
    let damaged = |expected: &str, found: String| Error::damaged(At::Offset(at), WHAT, expected, found);
    if f.u8(0, WHAT)? != FILE || !(2..MOST).contains(&behind) || f.u8(32, WHAT)? != STREAM {
        return Err(damaged("a file, its data and its name", format!("{behind} entries behind it")));
    }
    let summed = set.iter().enumerate().filter(|(place, _)| !matches!(place, 2 | 3));
    let sum = summed.fold(0u16, |sum, (_, byte)| sum.rotate_right(1).wrapping_add(u16::from(*byte)));
    let stored = f.u16(2, WHAT)?;
    if sum != stored {
        return Err(damaged(&format!("checksum {stored:#06x}"), format!("{sum:#06x}")));
    }
    let (attributes, flags, len) = (f.u16(4, WHAT)?, f.u8(33, WHAT)?, usize::from(f.u8(35, WHAT)?));
    let mut name = Vec::new();
    for part in set.chunks(32).skip(2).filter(|part| part.first() == Some(&NAME)) {
        name.extend_from_slice(part.get(2..).unwrap_or_default());
    }
    let Some(name) = name.get(..len.saturating_mul(2)).filter(|name| !name.is_empty()) else {
        return Err(damaged(&format!("a name of {len} characters"), format!("{} bytes", name.len())));
    };
    let (valid, size) = (f.u64(40, WHAT)?, f.u64(56, WHAT)?);
    if valid > size {
        return Err(damaged("no more data written than there is", format!("{valid} of {size}")));
    }
    Ok(Listed {
        name: text(name),
        short: String::new(),
        file: FileRef { number: at, name: proof(name) },
        folder: attributes & 0x10 != 0,
        label: false,
        first: f.u32(52, WHAT)?,
        size,
        valid,
        unbroken: flags & 2 != 0,
        modified: time(f.u32(12, WHAT)?, f.u8(21, WHAT)?, f.u8(23, WHAT)?),
    })
}

/// A time, if it says in which time zone: days and seconds as FAT has them, hundredths, and quarters of an hour from UTC.
fn time(stamp: u32, hundredths: u8, zone: u8) -> Option<SystemTime> {
    let field = |shift: u32, bits: u32| i64::from(stamp >> shift & ((1 << bits) - 1));
    let (year, month, day) = (field(25, 7).saturating_add(1980), field(21, 4), field(16, 5));
    let (hour, minute, second) = (field(11, 5), field(5, 6), field(0, 5).saturating_mul(2));
    if zone & 0x80 == 0 || !(1..=12).contains(&month) || day == 0 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from 1970-01-01, with years that start in March, so that the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let quarters = i64::from(zone & 0x7f);
    let quarters = if quarters > 63 { quarters - 128 } else { quarters };
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - quarters * 900;
    let more = Duration::from_millis(u64::from(hundredths.min(199)) * 10);
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))?.checked_add(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_where_the_zone_is() {
        // 2024-05-15 08:14:02, an hour before UTC, and 1.5 s.
        let stamp = 44 << 25 | 5 << 21 | 15 << 16 | 8 << 11 | 14 << 5 | 1;
        let seconds = |zone| time(stamp, 150, zone).map(|time| time.duration_since(SystemTime::UNIX_EPOCH).unwrap());
        assert_eq!(seconds(0x80), Some(Duration::from_millis(1_715_760_842_000 + 1500)));
        assert_eq!(seconds(0x84), Some(Duration::from_millis(1_715_757_242_000 + 1500)));
        assert_eq!(seconds(0xfc), Some(Duration::from_millis(1_715_764_442_000 + 1500)));
        assert_eq!(seconds(0), None);
        assert_eq!(time(0, 0, 0x80), None);
    }
}
