//! Partition tables: MBR with logical partitions, GPT.

mod gpt;
mod mbr;
mod purpose;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::filesystem::{Filesystem, recognise, recognise_boot};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;
use crate::read_at::ReadAt;

/// The kind of a partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Master boot record.
    Mbr,
    /// GUID partition table.
    Gpt,
    /// None: the disk is one volume.
    Bare,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, as Windows and Linux count: from 1; logical ones of an MBR from 5; 0 for a bare volume.
    pub number: u32,
    /// Bytes from the start of the disk.
    pub start: u64,
    /// Bytes.
    pub len: u64,
    /// Its name in the table, where there is one that is not empty.
    pub name: Option<String>,
    /// What the table says that it is for, where that is known and no file system: `LDM data`, `Microsoft reserved`.
    pub purpose: Option<&'static str>,
}

/// A partition table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its kind.
    pub scheme: Scheme,
    /// In the order of their numbers.
    pub partitions: Vec<Partition>,
    /// What the reader of a report should know.
    pub notes: Vec<String>,
    /// Why there may be more partitions than these.
    pub incomplete: Option<String>,
}

/// Bytes of a record of partitions, whatever the size of a sector.
const RECORD: usize = 512;

/// How many partitions a note names.
const NAMED: usize = 8;

/// Reads the partition table of a disk whose logical sectors have `sector` bytes, where that is known. A disk without one
/// may be a single volume. Nothing comes back when it is neither, as far as can be told.
///
/// What lies in the first sector decides as Windows would: a protective MBR points to a GPT, any other partition in it means
/// that a GPT beside it is a remnant. A boot sector of a file system ends like an MBR, and formatting a partitioned disk (or
/// partitioning a formatted one) can leave both readable; then what the partitions hold decides.
///
/// # Errors
/// When a table is there but damaged, copy included, or not read for want of support.
pub fn partitions(disk: &Arc<dyn ReadAt>, sector: Option<u32>, limits: &Limits) -> Result<Option<Table>, Error> {
    let sizes = if sector == Some(4096) { [4096, 512] } else { [512, 4096] };
    let mut first = [0u8; RECORD];
    if disk.len() < wide(RECORD) {
        return Ok(None);
    }
    read(disk, 0, &mut first, "first sector")?;
    let record = mbr::Record::parse(&first);
    if let Some(record) = record.as_ref().filter(|record| record.is_protective()) {
        let Some(mut table) = gpt::read(disk, sizes, limits)? else {
            let (expected, found) =
                ("a GUID partition table, as the MBR says", "none, and no copy at the end of the disk");
            return Err(Error::damaged(At::Offset(512), "GPT", expected, found));
        };
        match record.others() {
            0 => {}
            n => table
                .notes
                .push(format!("the MBR lists {n} partitions of its own (hybrid MBR): the GPT is what counts")),
        }
        return Ok(Some(table));
    }
    let bare_boot = recognise_boot(&first).is_some();
    if let Some(record) = record.as_ref().filter(|record| record.others() > 0) {
        let (mut table, holds) = mbr::read(disk, record, sizes, sector, limits)?;
        let bare = !holds && (bare_boot || recognise(&**disk).is_ok_and(Filesystem::is_known));
        if bare {
            let note =
                "the first sector can be read as a partition table too, but nothing that is known is where it points";
            return Ok(Some(Table::bare(disk.len(), vec![note.to_owned()])));
        }
        if bare_boot {
            table
                .notes
                .push("the first sector can be read as that of a volume too: the partitions are what counts".into());
        }
        if matches!(gpt::read(disk, sizes, limits), Ok(Some(_))) {
            table.notes.push("there is a GPT too, which the MBR does not announce: the MBR is what counts".into());
        }
        return Ok(Some(table));
    }
    if bare_boot {
        return Ok(Some(Table::bare(disk.len(), Vec::new())));
    }
    let gpt = gpt::read(disk, sizes, limits);
    if let Ok(Some(mut table)) = gpt {
        table.notes.push("the first sector does not announce the GPT (no protective MBR)".to_owned());
        return Ok(Some(table));
    }
    let found = recognise(&**disk).map_err(|e| Error::io(At::Offset(0), "start of the disk", &e))?;
    if found.is_known() {
        return Ok(Some(Table::bare(disk.len(), Vec::new())));
    }
    gpt?;
    if first.get(3..).is_some_and(|name| name.starts_with(b"NTFS    ")) {
        let found = "sizes that no volume has, or neither 55 aa at its end nor $MFT where it says";
        return Err(Error::damaged(At::Offset(0), "NTFS boot sector", "that of a volume", found));
    }
    Ok(record.map(|_| Table::empty(Scheme::Mbr)))
}

impl Table {
    fn bare(len: u64, notes: Vec<String>) -> Self {
        Self { notes, ..Self::only(0, len) }
    }

    fn empty(scheme: Scheme) -> Self {
        Self { scheme, partitions: Vec::new(), notes: Vec::new(), incomplete: None }
    }

    /// Of a volume that starts at byte `start` of a disk, whatever the disk says.
    pub fn only(start: u64, len: u64) -> Self {
        let volume = Partition { number: 0, start, len, name: None, purpose: None };
        Self { partitions: vec![volume], ..Self::empty(Scheme::Bare) }
    }

    /// Notes partitions that the disk is too short for, and those that overlap.
    fn remark(&mut self, disk: u64) {
        let past = self.partitions.iter().filter(|p| p.start.saturating_add(p.len) > disk).map(|p| p.number);
        let past: Vec<u32> = past.collect();
        if !past.is_empty() {
            let which = numbers(&past);
            self.notes.push(format!("the disk ends at byte {disk}, before the end of {which}: the image is truncated"));
        }
        let mut order: Vec<&Partition> = self.partitions.iter().filter(|p| p.len > 0).collect();
        order.sort_by_key(|p| (p.start, p.number));
        let mut over: Vec<u32> = Vec::new();
        let mut furthest: Option<&Partition> = None;
        for partition in order {
            if let Some(before) = furthest.filter(|before| before.start.saturating_add(before.len) > partition.start) {
                over.extend([before.number, partition.number]);
            }
            let end = |p: &Partition| p.start.saturating_add(p.len);
            furthest = furthest.filter(|before| end(before) >= end(partition)).or(Some(partition));
        }
        over.sort_unstable();
        over.dedup();
        if !over.is_empty() {
            self.notes.push(format!("{} overlap", numbers(&over)));
        }
    }
}

/// `partition 3`, `partitions 1, 2 and 7 more`.
fn numbers(all: &[u32]) -> String {
    let named: Vec<String> = all.iter().take(NAMED).map(u32::to_string).collect();
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("partition{} {}{more}", if all.len() == 1 { "" } else { "s" }, named.join(", "))
}

fn read(disk: &dyn ReadAt, at: u64, buf: &mut [u8], what: &'static str) -> Result<(), Error> {
    disk.read_exact_at(at, buf).map_err(|e| Error::io(At::Offset(at), what, &e))
}
