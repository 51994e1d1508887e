//! GUID partition tables. Layout: UEFI Specification 2.10, section 5.3 "GUID Partition Table (GPT) Disk Layout".

use std::sync::Arc;

use super::{Partition, Scheme, Table, numbers, purpose, read as fill};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::narrow;
use crate::read_at::ReadAt;

const HEADER: &str = "GPT header";
const ENTRIES: &str = "GPT entries";
/// Bytes of a header that have a meaning.
const HEADER_LEN: u32 = 92;

/// A header whose checksum holds.
struct Header {
    alternate: u64,
    first_usable: u64,
    last_usable: u64,
    entries: u64,
    count: u32,
    entry: u32,
    entries_crc: u32,
}

/// One of the two copies, header and entries.
struct Copy {
    header: Header,
    entries: Vec<u8>,
    /// Bytes of a sector.
    size: u64,
}

/// Reads the GPT of a disk, from its copy where the first one is damaged. Nothing when there is neither.
///
/// # Errors
/// When both are damaged: what is wrong with the first one.
pub(super) fn read(disk: &Arc<dyn ReadAt>, sizes: [u64; 2], limits: &Limits) -> Result<Option<Table>, Error> {
    let mut damage = None;
    for size in sizes {
        match copy(disk, 1, size, limits) {
            Ok(Some(primary)) => {
                let mut table = table(&primary, disk.len());
                table.notes.extend(backup_fault(disk, primary.header.alternate, size));
                return Ok(Some(table));
            }
            Ok(None) => {}
            Err(error) => {
                damage.get_or_insert(error);
            }
        }
    }
    for size in sizes {
        // Where the damaged header says that the copy is, in case the image has something behind the disk.
        let told = told(disk, size).ok();
        for lba in [(disk.len() / size).checked_sub(1), told].into_iter().flatten().filter(|&lba| lba > 1) {
            let Ok(Some(backup)) = copy(disk, lba, size, limits) else { continue };
            let mut table = table(&backup, disk.len());
            table.notes.push(match &damage {
                Some(error) => format!("the copy of the GPT is read, for the GPT is damaged: {error}"),
                None => "the copy of the GPT at the end of the disk is read, for there is none at its start".to_owned(),
            });
            return Ok(Some(table));
        }
    }
    damage.map_or(Ok(None), Err)
}

/// The sector of the copy by a header that need not be sound.
fn told(disk: &Arc<dyn ReadAt>, size: u64) -> Result<u64, Error> {
    let mut sector = [0u8; 64];
    fill(disk, size, &mut sector, HEADER)?;
    let f = Fields::new(&sector, size);
    match f.bytes(0, 8, HEADER)? {
        b"EFI PART" => f.u64(32, HEADER),
        other => Err(Error::damaged(At::Offset(size), HEADER, "EFI PART", other.escape_ascii().to_string())),
    }
}

/// What is wrong with the copy of a sound GPT.
fn backup_fault(disk: &Arc<dyn ReadAt>, lba: u64, size: u64) -> Option<String> {
    if lba.saturating_add(1).saturating_mul(size) > disk.len() {
        let (needs, len) = (lba.saturating_add(1).saturating_mul(size), disk.len());
        return Some(format!(
            "the disk ends at byte {len}, before the copy of the GPT at its end (byte {needs}): the image is truncated"
        ));
    }
    match header(disk, lba, size) {
        Ok(Some(_)) => None,
        Ok(None) => Some(format!("the copy of the GPT is missing (at byte {})", lba.saturating_mul(size))),
        Err(error) => Some(format!("the copy of the GPT is damaged: {error}")),
    }
}

/// Reads the copy whose header is in sector `lba`. Nothing when there is no header.
fn copy(disk: &Arc<dyn ReadAt>, lba: u64, size: u64, limits: &Limits) -> Result<Option<Copy>, Error> {
    let Some(header) = header(disk, lba, size)? else { return Ok(None) };
    let at = At::Offset(header.entries.saturating_mul(size));
    let len = u64::from(header.count).saturating_mul(u64::from(header.entry));
    if len > limits.gpt_bytes {
        return Err(Error::Limit { at, what: "bytes of GPT entries", limit: limits.gpt_bytes });
    }
    let mut entries = vec![0u8; usize::try_from(len).unwrap_or_default()];
    fill(disk, header.entries.saturating_mul(size), &mut entries, ENTRIES)?;
    let found = crc32fast::hash(&entries);
    if found != header.entries_crc {
        let expected = format!("checksum {:#010x}", header.entries_crc);
        return Err(Error::damaged(at, ENTRIES, expected, format!("{found:#010x}")));
    }
    Ok(Some(Copy { header, entries, size }))
}

/// Reads the header in sector `lba`. Nothing when there is none.
fn header(disk: &Arc<dyn ReadAt>, lba: u64, size: u64) -> Result<Option<Header>, Error> {
    let base = lba.saturating_mul(size);
    if base.saturating_add(size) > disk.len() {
        return Ok(None);
    }
    let mut sector = vec![0u8; usize::try_from(size).unwrap_or_default()];
    fill(disk, base, &mut sector, HEADER)?;
    let f = Fields::new(&sector, base);
    if f.bytes(0, 8, HEADER)? != b"EFI PART" {
        return Ok(None);
    }
    let at = |offset: u64| At::Offset(base.saturating_add(offset));
    let revision = f.u32(8, HEADER)?;
    if revision != 0x0001_0000 {
        return Err(Error::damaged(at(8), "GPT revision", "1.0 (0x00010000)", format!("{revision:#010x}")));
    }
    let len = f.u32(12, HEADER)?;
    if len < HEADER_LEN || u64::from(len) > size {
        return Err(Error::damaged(at(12), "GPT header size", format!("{HEADER_LEN} to {size}"), len.to_string()));
    }
    let stored = f.u32(16, HEADER)?;
    // The checksum is taken with zeros in its own place.
    let mut crc = crc32fast::Hasher::new();
    crc.update(f.bytes(0, 16, HEADER)?);
    crc.update(&[0; 4]);
    crc.update(f.bytes(20, usize::try_from(len).unwrap_or_default().saturating_sub(20), HEADER)?);
    let found = crc.finalize();
    if found != stored {
        return Err(Error::damaged(at(16), HEADER, format!("checksum {stored:#010x}"), format!("{found:#010x}")));
    }
    let own = f.u64(24, HEADER)?;
    if own != lba {
        return Err(Error::damaged(at(24), "GPT header's own sector", lba.to_string(), own.to_string()));
    }
    let entry = f.u32(84, HEADER)?;
    if entry < 128 || !entry.is_power_of_two() {
        return Err(Error::damaged(at(84), "size of a GPT entry", "128, 256, 512, …", entry.to_string()));
    }
    let (first_usable, last_usable, entries) = (f.u64(40, HEADER)?, f.u64(48, HEADER)?, f.u64(72, HEADER)?);
    // An empty range is one below: a disk that has room for the table alone.
    if first_usable > last_usable.saturating_add(1) || entries < 2 {
        let found = format!("{first_usable} to {last_usable}, entries in sector {entries}");
        return Err(Error::damaged(at(40), HEADER, "a range of usable sectors and entries outside the header", found));
    }
    Ok(Some(Header {
        alternate: f.u64(32, HEADER)?,
        first_usable,
        last_usable,
        entries,
        count: f.u32(80, HEADER)?,
        entry,
        entries_crc: f.u32(88, HEADER)?,
    }))
}

/// The partitions of a sound copy.
fn table(copy: &Copy, disk: u64) -> Table {
    let mut table = Table::empty(Scheme::Gpt);
    let (mut backwards, mut outside) = (Vec::new(), Vec::new());
    let step = narrow(copy.header.entry).max(1);
    for (number, entry) in (1u32..).zip(copy.entries.chunks(step)) {
        let Ok(Some((first, last, mut partition))) = partition(number, entry) else { continue };
        if last < first {
            backwards.push(number);
            continue;
        }
        if first < copy.header.first_usable || last > copy.header.last_usable {
            outside.push(number);
        }
        partition.start = first.saturating_mul(copy.size);
        partition.len = last.saturating_sub(first).saturating_add(1).saturating_mul(copy.size);
        table.partitions.push(partition);
    }
    if !backwards.is_empty() {
        table.notes.push(format!("left out, for ending before the start: {}", numbers(&backwards)));
    }
    if !outside.is_empty() {
        table.notes.push(format!("outside the range that the GPT keeps for partitions: {}", numbers(&outside)));
    }
    table.remark(disk);
    table
}

/// The partition of an entry that is in use, and its first and last sector.
fn partition(number: u32, entry: &[u8]) -> Result<Option<(u64, u64, Partition)>, Error> {
    let f = Fields::new(entry, 0);
    let kind: [u8; 16] = f.bytes(0, 16, ENTRIES)?.try_into().unwrap_or_default();
    if kind == [0; 16] {
        return Ok(None);
    }
    let (first, last) = (f.u64(32, ENTRIES)?, f.u64(40, ENTRIES)?);
    let units = f.bytes(56, 72, ENTRIES)?.chunks_exact(2).map(|unit| Fields::new(unit, 0).u16(0, ENTRIES));
    let units: Vec<u16> = units.map_while(Result::ok).take_while(|&unit| unit != 0).collect();
    let name = Some(String::from_utf16_lossy(&units)).filter(|name| !name.is_empty());
    Ok(Some((first, last, Partition { number, start: 0, len: 0, name, purpose: purpose::of_gpt(kind) })))
}
