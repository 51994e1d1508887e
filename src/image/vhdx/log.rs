//! The log: changes to structures that may not have reached their place, replayed over the file without writing to it.
//!
//! Rules: [MS-VHDX] "Virtual Hard Disk v2 (VHDX) File Format", section 2.3 "Log". As they demand, a log that should have
//! entries and has none that can be replayed is an error, and so is a file that is smaller than it was when it was logged.

mod entry;

use std::sync::Arc;

use super::header::{Header, REGION_TABLES};
use crate::error::{At, Error};
use crate::image::mapped::overlaps;
use crate::limits::Limits;
use crate::read_at::{Patched, ReadAt};
use entry::{Change, Entry, Ring, SECTOR};

/// The file as it is with its log replayed: the file itself if the log is empty.
pub(super) fn replayed(
    file: &Arc<dyn ReadAt>,
    header: &Header,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<Arc<dyn ReadAt>, Error> {
    let log = header.log;
    if header.log_guid.is_nil() {
        return Ok(Arc::clone(file));
    }
    let at = At::Offset(log.at);
    if log.len > limits.vhdx_log_bytes {
        return Err(Error::Limit { at, what: "bytes of the log", limit: limits.vhdx_log_bytes });
    }
    if log.end() > file.len() {
        let found = format!("a file that ends at {:#x}", file.len());
        return Err(Error::damaged(at, "log", format!("{} bytes", log.len), found));
    }
    let mut ring = Ring::new(&**file, log, header.log_guid, limits);
    let Some(sequence) = newest(&mut ring)? else {
        let found = "none: changes that were logged are lost";
        return Err(Error::damaged(at, "log", "a valid sequence of entries, as the header names a log", found));
    };
    if file.len() < sequence.head.flushed {
        let found = format!("{}: the file is cut short", file.len());
        return Err(Error::damaged(At::Whole, "file size", format!("{} or more", sequence.head.flushed), found));
    }
    let patched = lay(file, header, &ring, &sequence, limits)?;
    let count = sequence.entries.len();
    let word = if count == 1 { "entry" } else { "entries" };
    notes.push(format!("the log was replayed ({count} {word})"));
    Ok(Arc::new(patched))
}

/// The entries to replay: where in the log each stands, from the oldest that may not be in its place to the newest.
struct Sequence {
    entries: Vec<u64>,
    head: Entry,
}

/// Finds the valid sequence whose last entry is the newest: section 2.3.3 "Log Replay", steps 1 to 7.
///
/// The steps try each part of a run of entries that is no valid sequence. All these parts end with the same entry, and its
/// tail is in none of them when it is not in the whole, so that the run is passed over at once.
fn newest(ring: &mut Ring<'_>) -> Result<Option<Sequence>, Error> {
    let mut newest: Option<Sequence> = None;
    let mut tail = 0u64;
    while tail < ring.len() {
        let mut entries = Vec::new();
        let mut last: Option<Entry> = None;
        let mut end = tail;
        while let Some(entry) = ring.entry(end % ring.len())? {
            let follows = last.as_ref().is_none_or(|last| last.sequence.checked_add(1) == Some(entry.sequence));
            if !follows || end.saturating_sub(tail).saturating_add(entry.len) > ring.len() {
                break;
            }
            entries.push(end % ring.len());
            end = end.saturating_add(entry.len);
            last = Some(entry);
        }
        if let Some(head) = last
            && let Some(oldest) = entries.iter().position(|&at| at == head.tail)
            && newest.as_ref().is_none_or(|newest| newest.head.sequence < head.sequence)
        {
            // What is before the tail is in its place already, and what it wrote may have been put to other use since.
            newest = Some(Sequence { entries: entries.split_off(oldest), head });
        }
        // A run that wraps around ends the search, as all behind it is part of it.
        tail = end.max(tail.saturating_add(SECTOR));
    }
    Ok(newest)
}

/// Lays what the entries change over the file. Nothing is copied but the twelve bytes of a sector that stand elsewhere.
fn lay(
    file: &Arc<dyn ReadAt>,
    header: &Header,
    ring: &Ring<'_>,
    sequence: &Sequence,
    limits: &Limits,
) -> Result<Patched, Error> {
    let [tables, _] = REGION_TABLES;
    // The file is made as large as the newest entry says and as changes reach, with zeros.
    let mut end = file.len().max(sequence.head.last);
    let fixed = [(0, tables), (header.log.at, header.log.end())];
    let (mut changes, mut patches) = (Vec::new(), Vec::new());
    for &position in &sequence.entries {
        ring.changes(position, |at, change| {
            if u64::try_from(changes.len()).is_ok_and(|count| count >= limits.vhdx_log_descriptors) {
                let limit = limits.vhdx_log_descriptors;
                return Err(Error::Limit { at, what: "descriptors of the log", limit });
            }
            let (to, len) = match change {
                Change::Zero { to, len } => (to, len),
                Change::Data { to, .. } => (to, SECTOR),
            };
            let stop = to.checked_add(len).filter(|_| !overlaps(to, len, &fixed));
            let Some(stop) = stop else {
                let found = format!("{len} bytes at {to:#x}");
                return Err(Error::damaged(at, "log descriptor", "a change apart from the headers and the log", found));
            };
            end = end.max(stop);
            if let Change::Data { leading, trailing, .. } = change {
                patches.extend(leading);
                patches.extend(trailing);
            }
            changes.push(change);
            Ok(())
        })?;
    }
    let mut patched = Patched::new(Box::new(Arc::clone(file)));
    let zeros = patched.add_layer(None, Arc::new(Zeros));
    let log = patched.add_layer(None, Arc::clone(file));
    let patches = patched.add_layer(None, Arc::new(patches));
    patched.cover(file.len(), end.saturating_sub(file.len()), zeros, 0);
    let mut patch = 0u64;
    for change in changes {
        match change {
            Change::Zero { to, len } => patched.cover(to, len, zeros, 0),
            Change::Data { to, from, .. } => {
                patched.cover(to, 8, patches, patch);
                patched.cover(to.saturating_add(8), 4084, log, from);
                patched.cover(to.saturating_add(4092), 4, patches, patch.saturating_add(8));
                patch = patch.saturating_add(12);
            }
        }
    }
    Ok(patched)
}

/// Zeros without end.
struct Zeros;

impl ReadAt for Zeros {
    fn read_at(&self, _: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        buf.fill(0);
        Ok(buf.len())
    }

    fn len(&self) -> u64 {
        u64::MAX
    }
}

#[cfg(test)]
mod tests;
