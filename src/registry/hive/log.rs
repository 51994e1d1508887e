//! Transaction logs: what Windows had logged and not yet written to a hive, laid over the hive without writing to it.
//!
//! A hive copied from a running machine is as a rule *dirty*: its newest data stands in the logs beside it, and Windows
//! would take it from there when it loads the hive next. Rules: Maxim Suhanov, "Windows registry file format
//! specification" (msuhanov/regf), sections "Transaction log files", "Dirty state of a hive", "Multiple transaction log files".
//!
//! | | base block of the hive is sound | its signature or checksum is wrong |
//! |---|---|---|
//! | new format | the log that starts first, then each that goes on where the last one ended | the log that starts last, alone |
//! | old format | the log written last, the first of equals | likewise |
//!
//! Logs of the new format go before those of the old one.

mod header;
mod lay;
mod marvin;
mod new;
mod old;

use std::cmp::Reverse;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use super::base_block::{self, BaseBlock};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::read_at::{Patched, ReadAt};
use crate::windows::FileTime;
use header::{Format, LEN, Log, belongs};

/// What became of a hive's transaction logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// The hive is whole as it lies: logs are not needed, and Windows would not look at them either.
    Clean,
    /// Logs were laid over the hive.
    Replayed {
        /// How many log entries (of the old format, which knows no entries, one a log).
        entries: u64,
        /// Sequence number of the first entry.
        first: u32,
        /// Sequence number of the last entry.
        last: u32,
        /// The logs, in the order in which they were applied.
        logs: Vec<Arc<str>>,
        /// Whether the hive's own base block could not be used, so that the log's copy took its place.
        base_block_from_log: bool,
        /// Logs, or ends of logs, that were not applied.
        refused: Vec<Refused>,
    },
    /// The hive's newest data is missing: it is dirty, and no log could be applied.
    Dirty {
        /// The logs, if there are any.
        refused: Vec<Refused>,
    },
}

/// A log, or the end of one, that was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// How the log is called.
    pub log: Arc<str>,
    /// Why it was not applied.
    pub why: String,
}

impl Recovery {
    /// Adds logs that did not get as far as being tried. A clean hive has no use for any.
    pub fn refuse(&mut self, more: Vec<Refused>) {
        match self {
            Recovery::Clean => {}
            Recovery::Replayed { refused, .. } | Recovery::Dirty { refused } => refused.extend(more),
        }
    }

    /// The logs that were not applied, and why.
    pub fn refused(&self) -> &[Refused] {
        match self {
            Recovery::Clean => &[],
            Recovery::Replayed { refused, .. } | Recovery::Dirty { refused } => refused,
        }
    }
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recovery::Clean => f.write_str("clean"),
            Recovery::Replayed { entries, first, last, .. } => {
                let word = if *entries == 1 { "entry" } else { "entries" };
                write!(f, "replayed ({entries} {word}, sequence {first}–{last})")
            }
            Recovery::Dirty { .. } => f.write_str("dirty, no usable log"),
        }
    }
}

/// What a log changed.
struct Applied {
    entries: u64,
    first: u32,
    last: u32,
    bins_size: u32,
    /// The flags of the last entry; logs of the old format have none but those of their base block.
    flags: Option<u32>,
    /// Damage that the log ends with.
    stopped: Option<Error>,
}

impl Applied {
    /// Nothing yet: the numbers of the log's base block.
    fn of(log: &Log) -> Self {
        let (first, bins_size) = (log.sequence(), log.base.bins_size);
        Self { entries: 0, first, last: first, bins_size, flags: None, stopped: None }
    }

    /// The number of the first entry that was not applied.
    fn next(&self) -> u32 {
        if self.entries == 0 { self.first } else { self.last.wrapping_add(1) }
    }
}

/// What may still be spent on the logs of one hive.
struct Budget<'a> {
    limits: &'a Limits,
    /// Entries that are applied at most, where not all are wanted.
    most: Option<NonZeroU64>,
    entries: u64,
    pages: u64,
}

impl<'a> Budget<'a> {
    fn new(limits: &'a Limits, most: Option<NonZeroU64>) -> Self {
        Self { limits, most, entries: 0, pages: 0 }
    }

    /// Whether all entries are applied that are wanted.
    fn is_done(&self) -> bool {
        self.most.is_some_and(|most| self.entries >= most.get())
    }

    fn entry(&mut self, at: u64) -> Result<(), Error> {
        let limit = self.limits.log_entries;
        self.entries = self.entries.saturating_add(1);
        if self.entries > limit {
            return Err(Error::Limit { at: At::Offset(at), what: "log entries", limit });
        }
        Ok(())
    }

    fn pages(&mut self, count: u64, at: u64) -> Result<(), Error> {
        let limit = self.limits.log_pages;
        self.pages = self.pages.saturating_add(count);
        if self.pages > limit {
            return Err(Error::Limit { at: At::Offset(at), what: "dirty pages", limit });
        }
        Ok(())
    }
}

/// The hive's own base block, before any log.
struct Primary {
    block: [u8; LEN],
    /// None where signature or checksum do not hold.
    base: Option<BaseBlock>,
}

/// Lays the logs over a dirty hive. `logs` stand in the order `LOG1`, `LOG2`, `LOG`; empty ones are passed over.
///
/// What comes back reads like the hive that Windows would have after recovery: pages come from the logs where they stand
/// there, by positional reads; the base block has equal sequence numbers and the log's times. Where nothing was applied it
/// is the hive as it lies. Errors of the hive itself are left to [`super::Hive::open`].
pub fn replay(
    primary: Box<dyn ReadAt>,
    logs: Vec<(Arc<str>, Box<dyn ReadAt>)>,
    limits: &Limits,
) -> (Box<dyn ReadAt>, Recovery) {
    replay_to(primary, logs, None, limits)
}

/// The same with at most so many entries of the logs: the hive as it was before the others were logged.
pub fn replay_to(
    primary: Box<dyn ReadAt>,
    logs: Vec<(Arc<str>, Box<dyn ReadAt>)>,
    most: Option<NonZeroU64>,
    limits: &Limits,
) -> (Box<dyn ReadAt>, Recovery) {
    let mut block = [0u8; LEN];
    match primary.read_at(0, &mut block) {
        Ok(n) if n == LEN => {}
        _ => return (primary, Recovery::Dirty { refused: Vec::new() }),
    }
    let base = match BaseBlock::sound(&block).map(|()| BaseBlock::fields(&block)) {
        Ok(Ok(base)) if base.is_dirty() => Some(base),
        Ok(_) => return (primary, Recovery::Clean),
        Err(_) => None,
    };
    let hive = Primary { block, base };
    let mut refused = Vec::new();
    let mut usable = Vec::new();
    for (name, source) in logs.into_iter().filter(|(_, source)| !source.is_empty()) {
        match Log::open(&name, source, limits).and_then(|log| fits(&hive, &*primary, &log).map(|()| log)) {
            Ok(log) => usable.push(log),
            Err(error) => refused.push(Refused { log: name, why: error.to_string() }),
        }
    }
    let (mut new, mut old): (Vec<Log>, Vec<Log>) = usable.into_iter().partition(|log| log.format == Format::New);
    // Numbers wrap around: what counts is how far each is from one that none can come before.
    let anchor = match (&hive.base, new.first()) {
        (Some(base), _) => base.secondary_sequence,
        (None, Some(log)) => log.sequence().wrapping_add(u32::MAX / 2),
        (None, None) => 0,
    };
    new.sort_by_key(|log| log.sequence().wrapping_sub(anchor));
    old.sort_by_key(|log| Reverse(log.base.last_written));
    let mut patched = Patched::new(primary);
    let mut done = lay::new_logs(&new, &hive, &mut patched, Budget::new(limits, most), &mut refused);
    if done.is_none() {
        // Pages of a log that turned out to be of no use are not to show through.
        patched = Patched::new(patched.into_base());
        done = lay::old_logs(&old, &mut patched, limits, &mut refused);
    }
    let Some(done) = done else { return (patched.into_base(), Recovery::Dirty { refused }) };
    lay::block(&done, &hive, &mut patched);
    let recovery = Recovery::Replayed {
        entries: done.applied.entries,
        first: done.applied.first,
        last: done.applied.last,
        logs: done.logs,
        base_block_from_log: hive.base.is_none(),
        refused,
    };
    (Box::new(patched), recovery)
}

/// Whether a log can be that of a dirty hive, for logs that do not lie beside theirs.
///
/// # Errors
/// Why it cannot.
pub fn log_fits(primary: &dyn ReadAt, log: Box<dyn ReadAt>, limits: &Limits) -> Result<(), Error> {
    let mut block = [0u8; LEN];
    let n = primary.read_at(0, &mut block).map_err(|e| Error::io(At::Offset(0), "base block", &e))?;
    if n < LEN {
        return Err(Error::damaged(At::Offset(0), "base block", "512 bytes", n.to_string()));
    }
    let base = match BaseBlock::sound(&block) {
        Ok(()) => Some(BaseBlock::fields(&block)?),
        Err(_) => None,
    };
    if base.as_ref().is_some_and(|base| !base.is_dirty()) {
        return Err(Error::damaged(At::Offset(4), "sequence numbers", "those of a dirty hive", "a clean one"));
    }
    let log = Log::open(&Arc::from(""), log, limits)?;
    fits(&Primary { block, base }, primary, &log)
}

/// Whether a log may be applied to this hive at all.
fn fits(hive: &Primary, primary: &dyn ReadAt, log: &Log) -> Result<(), Error> {
    // Windows 8.1 and later never update the time, so that it tells logs of the old format apart and those alone.
    let written = match &hive.base {
        Some(base) => {
            belongs((base, &hive.block), (&log.base, &log.block))?;
            base.last_written
        }
        None if log.format == Format::Old => first_bin_time(primary)?,
        None => return Ok(()),
    };
    if log.format == Format::Old && log.base.last_written < written {
        let expected = format!("{written} or later (this log is older than the hive)");
        return Err(Error::damaged(At::Offset(12), "last written", expected, log.base.last_written.to_string()));
    }
    Ok(())
}

/// When the hive was written, by its first bin: the copy that counts when the base block is damaged.
fn first_bin_time(primary: &dyn ReadAt) -> Result<FileTime, Error> {
    const WHAT: &str = "first hive bin";
    let mut head = [0u8; 32];
    let n =
        primary.read_at(base_block::LEN, &mut head).map_err(|e| Error::io(At::Offset(base_block::LEN), WHAT, &e))?;
    let f = Fields::new(head.get(..n).unwrap_or_default(), base_block::LEN);
    let found = f.bytes(0, 4, WHAT)?;
    if found != b"hbin" {
        let found = found.escape_ascii().to_string();
        return Err(Error::damaged(At::Offset(base_block::LEN), WHAT, "\"hbin\" in the hive", format!("\"{found}\"")));
    }
    f.u64(20, WHAT).map(FileTime)
}

#[cfg(test)]
mod tests;
