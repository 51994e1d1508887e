//! The new format (Windows 8.1 and later): log entries, each guarded by two hashes.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), section "New format".

use std::sync::Arc;

use super::header::{LEN, Log};
use super::marvin::{hash, hash_at};
use super::{Applied, Budget};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::read_at::Patched;
use crate::registry::hive::base_block;

const HEAD: usize = 40;
const HEAD_U64: u64 = 40;
const SECTOR: u64 = 512;
/// Bytes of one page reference: offset and size.
const REFERENCE: u64 = 8;

/// The header of an entry that was found sound, with where it stands.
struct Entry {
    at: u64,
    size: u64,
    flags: u32,
    bins_size: u32,
    pages: u32,
}

/// Why the entries of a log end.
enum Stop {
    /// No entry with the expected number stands there: the natural end, before what earlier rounds left in the file.
    End,
    /// An entry with the expected number stands there and is not whole.
    Torn(Error),
    /// The log cannot be read, or a budget ran out: what was logged last is not known.
    Fatal(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            Error::Io { .. } | Error::Limit { .. } => Stop::Fatal(error),
            _ => Stop::Torn(error),
        }
    }
}

/// Lays all entries of a log over the hive, up to the first that does not follow or is not whole.
///
/// # Errors
/// When reading fails or a budget runs out, and then what was laid over so far is of no use.
pub(super) fn apply(log: &Log, patched: &mut Patched, budget: &mut Budget<'_>) -> Result<Applied, Error> {
    let mut applied = Applied::of(log);
    let layer = patched.add_layer(Some(Arc::clone(&log.name)), Arc::clone(&log.source));
    let mut at = u64::try_from(LEN).unwrap_or(SECTOR);
    let mut sequence = log.sequence();
    while !budget.is_done() {
        let entry = match entry(log, at, sequence).and_then(|entry| {
            let pages = pages(log, &entry, budget)?;
            Ok((entry, pages))
        }) {
            Ok((entry, pages)) => {
                let mut from = at.saturating_add(HEAD_U64).saturating_add(u64::from(entry.pages) * REFERENCE);
                for (offset, len) in pages {
                    patched.cover(base_block::LEN.saturating_add(u64::from(offset)), u64::from(len), layer, from);
                    from = from.saturating_add(u64::from(len));
                }
                entry
            }
            Err(Stop::End) => return Ok(applied),
            Err(Stop::Torn(error)) => {
                applied.stopped = Some(error);
                return Ok(applied);
            }
            Err(Stop::Fatal(error)) => return Err(error),
        };
        applied.entries = applied.entries.saturating_add(1);
        applied.last = sequence;
        applied.bins_size = entry.bins_size;
        applied.flags = Some(entry.flags);
        at = entry.at.saturating_add(entry.size);
        sequence = sequence.wrapping_add(1);
    }
    Ok(applied)
}

/// Reads the header of the entry at `at` and checks its hashes.
fn entry(log: &Log, at: u64, sequence: u32) -> Result<Entry, Stop> {
    const WHAT: &str = "log entry";
    let mut head = [0u8; HEAD];
    let read = log.source.read_at(at, &mut head).map_err(|e| Error::io(At::Offset(at), WHAT, &e))?;
    let f = Fields::new(&head, at);
    if read < HEAD || f.bytes(0, 4, WHAT)? != b"HvLE" || f.u32(12, "sequence number")? != sequence {
        return Err(Stop::End);
    }
    let damaged = |offset: u64, what, expected: String, found: String| {
        Stop::Torn(Error::damaged(At::Offset(at.saturating_add(offset)), what, expected, found))
    };
    let hash_2 = f.u64(32, "Hash-2")?;
    let computed = hash(f.bytes(0, 32, WHAT)?);
    if hash_2 != computed {
        return Err(damaged(32, "Hash-2 of a log entry", format!("{computed:#018x}"), format!("{hash_2:#018x}")));
    }
    let size = u64::from(f.u32(4, "log entry size")?);
    let room = log.source.len().saturating_sub(at);
    if size < SECTOR || size % SECTOR != 0 || size > room {
        let expected = format!("a positive multiple of 512, at most {room}");
        return Err(damaged(4, "log entry size", expected, size.to_string()));
    }
    let bins_size = f.u32(16, "hive bins size")?;
    if bins_size == 0 || bins_size % 4096 != 0 {
        return Err(damaged(16, "hive bins size", "a positive multiple of 4096".to_owned(), bins_size.to_string()));
    }
    let hash_1 = f.u64(24, "Hash-1")?;
    let computed = hash_at(&*log.source, at.saturating_add(HEAD_U64), size.saturating_sub(HEAD_U64))
        .map_err(|e| Error::io(At::Offset(at), WHAT, &e))?;
    if computed != Some(hash_1) {
        let expected = computed.map_or_else(|| "the whole entry".to_owned(), |hash| format!("{hash:#018x}"));
        return Err(damaged(24, "Hash-1 of a log entry", expected, format!("{hash_1:#018x}")));
    }
    Ok(Entry { at, size, flags: f.u32(8, "flags")?, bins_size, pages: f.u32(20, "dirty pages count")? })
}

/// The entry's pages: offset from the end of the hive's base block, and size. All are checked before one is applied.
fn pages(log: &Log, entry: &Entry, budget: &mut Budget<'_>) -> Result<Vec<(u32, u32)>, Stop> {
    const WHAT: &str = "dirty page references";
    let at = entry.at.saturating_add(HEAD_U64);
    budget.entry(entry.at)?;
    budget.pages(u64::from(entry.pages), entry.at)?;
    let table = u64::from(entry.pages).saturating_mul(REFERENCE);
    let room = entry.size.saturating_sub(HEAD_U64);
    if entry.pages == 0 || table > room {
        let expected = format!("1 or more, in {room} bytes");
        return Err(Error::damaged(At::Offset(at), WHAT, expected, entry.pages.to_string()).into());
    }
    let mut bytes = vec![0u8; usize::try_from(table).unwrap_or_default()];
    let read = log.source.read_at(at, &mut bytes).map_err(|e| Error::io(At::Offset(at), WHAT, &e))?;
    let f = Fields::new(bytes.get(..read).unwrap_or_default(), at);
    let mut left = room.saturating_sub(table);
    let mut pages = Vec::new();
    for position in (0..bytes.len()).step_by(8) {
        let (offset, len) = (f.u32(position, WHAT)?, f.u32(position.saturating_add(4), WHAT)?);
        let inside = offset.checked_add(len).is_some_and(|end| end <= entry.bins_size);
        match left.checked_sub(u64::from(len)) {
            Some(rest) if inside && len > 0 => left = rest,
            _ => {
                let expected = format!("pages inside hive bins of {} bytes and inside the entry", entry.bins_size);
                let found = format!("{len} bytes at {offset:#x}");
                return Err(Error::damaged(At::Offset(at), WHAT, expected, found).into());
            }
        }
        pages.push((offset, len));
    }
    Ok(pages)
}
