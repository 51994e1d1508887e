//! Master boot records. Layout: UEFI Specification 2.10, section 5.2.1 "Legacy Master Boot Record (MBR)"; logical partitions:
//! Brouwer, "Partition types", section "Extended partitions".

use std::sync::Arc;

use super::{Partition, RECORD, Scheme, Table, purpose, read as fill};
use crate::error::Error;
use crate::fields::Fields;
use crate::image::filesystem::{Filesystem, recognise};
use crate::limits::Limits;
use crate::number::wide;
use crate::read_at::{ReadAt, Window};

const WHAT: &str = "partition record";

/// An entry that is in use.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// From 1.
    number: u32,
    kind: u8,
    /// In sectors.
    start: u64,
    /// In sectors.
    count: u64,
}

impl Entry {
    fn is_extended(&self) -> bool {
        matches!(self.kind, 0x05 | 0x0f | 0x85)
    }

    fn is_protective(&self) -> bool {
        self.kind == 0xee
    }
}

/// The entries of an MBR, or of the record in front of a logical partition.
#[derive(Debug)]
pub(super) struct Record {
    entries: Vec<Entry>,
}

impl Record {
    /// Nothing when these bytes are no record.
    pub(super) fn parse(sector: &[u8]) -> Option<Self> {
        Self::fields(sector).ok().flatten()
    }

    fn fields(sector: &[u8]) -> Result<Option<Self>, Error> {
        let f = Fields::new(sector, 0);
        let mut entries = Vec::new();
        let mut sound = f.bytes(510, 2, WHAT)? == b"\x55\xaa";
        for (number, at) in (1u32..).zip([446usize, 462, 478, 494]) {
            let f = Fields::new(f.bytes(at, 16, WHAT)?, 0);
            let (status, kind, start, count) = (f.u8(0, WHAT)?, f.u8(4, WHAT)?, f.u32(8, WHAT)?, f.u32(12, WHAT)?);
            sound &= matches!(status, 0 | 0x80);
            if kind != 0 && count != 0 {
                sound &= start != 0;
                entries.push(Entry { number, kind, start: u64::from(start), count: u64::from(count) });
            }
        }
        Ok(sound.then_some(Self { entries }))
    }

    /// Whether it says that there is a GPT.
    pub(super) fn is_protective(&self) -> bool {
        self.entries.iter().any(Entry::is_protective)
    }

    /// How many entries are in use that do not stand for the GPT.
    pub(super) fn others(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.is_protective()).count()
    }
}

/// Reads the partitions of a record, with those sectors with which something known is where they are; and whether there is.
pub(super) fn read(
    disk: &Arc<dyn ReadAt>,
    record: &Record,
    sizes: [u64; 2],
    told: Option<u32>,
    limits: &Limits,
) -> Result<(Table, bool), Error> {
    let mut usual = None;
    for size in sizes {
        let mut table = with(disk, record, size, limits)?;
        let holds = table.partitions.iter().any(|partition| {
            let volume = Window::new(Arc::clone(disk), partition.start, partition.len);
            recognise(&volume).is_ok_and(Filesystem::is_known)
        });
        if holds {
            if size != told.map_or(512, u64::from) {
                table
                    .notes
                    .push(format!("the partition table counts in sectors of {size} bytes, as what is there shows"));
            }
            return Ok((table, true));
        }
        usual.get_or_insert(table);
    }
    let empty = Table::empty(Scheme::Mbr);
    Ok((usual.unwrap_or(empty), false))
}

/// Reads the partitions of a record as if sectors had `size` bytes.
fn with(disk: &Arc<dyn ReadAt>, record: &Record, size: u64, limits: &Limits) -> Result<Table, Error> {
    let mut table = Table::empty(Scheme::Mbr);
    for entry in record.entries.iter().filter(|entry| !entry.is_extended()) {
        table.partitions.push(partition(entry.number, entry, 0, size));
    }
    let mut next = 5u32;
    for entry in record.entries.iter().filter(|entry| entry.is_extended()) {
        next = logical(disk, entry, size, next, &mut table, limits)?;
    }
    table.remark(disk.len());
    Ok(table)
}

fn partition(number: u32, entry: &Entry, base: u64, size: u64) -> Partition {
    let start = base.saturating_add(entry.start).saturating_mul(size);
    let len = entry.count.saturating_mul(size);
    Partition { number, start, len, name: None, purpose: purpose::of_mbr(entry.kind) }
}

/// Follows the chain of records in an extended partition, and gives the number of the next logical one. Each record has the
/// logical partition behind it, counted from itself, and the next record, counted from the start of the extended partition.
/// A chain that breaks is told of: the partitions before the break are there all the same.
fn logical(
    disk: &Arc<dyn ReadAt>,
    extended: &Entry,
    size: u64,
    mut number: u32,
    table: &mut Table,
    limits: &Limits,
) -> Result<u32, Error> {
    let mut seen: Vec<u64> = Vec::new();
    let mut at = extended.start;
    let broken = loop {
        if seen.contains(&at) {
            break "runs in a circle";
        }
        if seen.len() >= limits.logical_partitions {
            break "is longer than any in use";
        }
        seen.push(at);
        let offset = at.saturating_mul(size);
        if offset.saturating_add(wide(RECORD)) > disk.len() {
            break "leads past the end of the disk";
        }
        let mut sector = [0u8; RECORD];
        fill(disk, offset, &mut sector, WHAT)?;
        let Some(record) = Record::parse(&sector) else {
            // An extended partition in which none was made yet need not have a record.
            if at == extended.start && sector.iter().all(|&byte| byte == 0) {
                return Ok(number);
            }
            break "leads to a sector that is no record";
        };
        for entry in record.entries.iter().filter(|entry| !entry.is_extended()) {
            table.partitions.push(partition(number, entry, at, size));
            number += 1;
        }
        let Some(link) = record.entries.iter().find(|entry| entry.is_extended()) else { return Ok(number) };
        at = extended.start.saturating_add(link.start);
    };
    let (own, byte) = (extended.number, at.saturating_mul(size));
    table.incomplete = Some(format!(
        "the chain of logical partitions in partition {own} {broken} (at byte {byte}): there may be more than are listed"
    ));
    Ok(number)
}
