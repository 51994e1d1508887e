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
mod marvin;
mod new;
mod old;

use std::fmt;
use std::sync::Arc;

use super::base_block::{self, BaseBlock, checksum};
use super::fields::Fields;
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::{Overlay, ReadAt};
use crate::registry::FileTime;
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
    entries: u64,
    pages: u64,
}

impl Budget<'_> {
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
    old.sort_by(|one, other| other.base.last_written.cmp(&one.base.last_written));
    let mut overlay = Overlay::new(primary);
    let mut done = lay_new(&new, &hive, &mut overlay, limits, &mut refused);
    if done.is_none() {
        // Pages of a log that turned out to be of no use are not to show through.
        overlay = Overlay::new(overlay.into_base());
        done = lay_old(&old, &mut overlay, limits, &mut refused);
    }
    let Some(done) = done else { return (overlay.into_base(), Recovery::Dirty { refused }) };
    lay_base_block(&done, &hive, &mut overlay);
    let recovery = Recovery::Replayed {
        entries: done.applied.entries,
        first: done.applied.first,
        last: done.applied.last,
        logs: done.logs,
        base_block_from_log: hive.base.is_none(),
        refused,
    };
    (Box::new(overlay), recovery)
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
        return Err(Error::damaged(At::Offset(base_block::LEN), WHAT, "\"hbin\" in the hive", format!("{found:?}")));
    }
    f.u64(20, WHAT).map(FileTime)
}

/// Logs that were laid over a hive.
struct Done<'a> {
    /// All of them as one.
    applied: Applied,
    logs: Vec<Arc<str>>,
    /// The last one: its base block is the newest.
    newest: &'a Log,
}

/// Lays logs of the new format over the hive; they stand in the order of their first entries.
fn lay_new<'a>(
    logs: &'a [Log],
    hive: &Primary,
    overlay: &mut Overlay,
    limits: &Limits,
    refused: &mut Vec<Refused>,
) -> Option<Done<'a>> {
    let mut budget = Budget { limits, entries: 0, pages: 0 };
    let mut done: Option<Done<'a>> = None;
    let mut refuse = |log: &Log, why: String| refused.push(Refused { log: Arc::clone(&log.name), why });
    let mut logs = logs;
    if hive.base.is_none()
        && let Some((latest, earlier)) = logs.split_last()
    {
        for log in earlier {
            refuse(log, format!("the hive's base block is damaged, and {} is later", latest.name));
        }
        logs = std::slice::from_ref(latest);
    }
    for (i, log) in logs.iter().enumerate() {
        let next = done.as_ref().map(|done| done.applied.last.wrapping_add(1));
        match next {
            Some(next) if next != log.sequence() => {
                refuse(log, format!("it starts at sequence number {}, and {next} would be next", log.sequence()));
                continue;
            }
            // Without the first entry, those of a later log would leave out changes that they build on.
            None if i > 0 => {
                refuse(log, "the log before it has no entry that can be used".to_owned());
                continue;
            }
            _ => {}
        }
        let applied = match new::apply(log, overlay, &mut budget) {
            Ok(applied) => applied,
            Err(error) => {
                refuse(log, error.to_string());
                return None;
            }
        };
        if let Some(error) = &applied.stopped {
            refuse(log, format!("not applied from sequence number {} on: {error}", applied.next()));
        }
        if applied.entries == 0 {
            if applied.stopped.is_none() {
                refuse(log, format!("it has no entry with sequence number {}", log.sequence()));
            }
            continue;
        }
        match &mut done {
            None => done = Some(Done { applied, logs: vec![Arc::clone(&log.name)], newest: log }),
            Some(done) => {
                let (entries, first) = (done.applied.entries, done.applied.first);
                done.applied = Applied { entries: entries.saturating_add(applied.entries), first, ..applied };
                done.logs.push(Arc::clone(&log.name));
                done.newest = log;
            }
        }
    }
    done
}

/// Lays the first log of the old format that is whole over the hive; they stand latest first.
fn lay_old<'a>(
    logs: &'a [Log],
    overlay: &mut Overlay,
    limits: &Limits,
    refused: &mut Vec<Refused>,
) -> Option<Done<'a>> {
    let mut done: Option<Done<'a>> = None;
    for log in logs {
        let why = match &done {
            Some(done) => format!("{} was written no earlier and holds all that it does", done.newest.name),
            None => match old::apply(log, overlay, &mut Budget { limits, entries: 0, pages: 0 }) {
                Ok(applied) => {
                    done = Some(Done { applied, logs: vec![Arc::clone(&log.name)], newest: log });
                    continue;
                }
                Err(error) => error.to_string(),
            },
        };
        refused.push(Refused { log: Arc::clone(&log.name), why });
    }
    done
}

/// Lays the base block of the recovered hive over that of the hive: the log's copy, made a hive's again.
fn lay_base_block(done: &Done<'_>, hive: &Primary, overlay: &mut Overlay) {
    const KTM_LOCKED: u32 = 1;
    let mut block = done.newest.block;
    let mut put = |offset: usize, word: u32| {
        if let Some(field) = block.get_mut(offset..).and_then(|rest| rest.first_chunk_mut::<4>()) {
            *field = word.to_le_bytes();
        }
    };
    put(4, done.applied.last);
    put(8, done.applied.last);
    put(28, 0);
    put(40, done.applied.bins_size);
    if let Some(entry) = done.applied.flags {
        let own = Fields::new(&done.newest.block, 0).u32(144, "flags").unwrap_or_default();
        put(144, (own & !KTM_LOCKED) | (entry & KTM_LOCKED));
    }
    let sum = checksum(block.get(..508).unwrap_or_default());
    if let Some(field) = block.last_chunk_mut::<4>() {
        *field = sum.to_le_bytes();
    }
    // What follows the first sector is not logged; behind a damaged one, nothing is known of it.
    let mut bytes = block.to_vec();
    if hive.base.is_none() {
        bytes.resize(usize::try_from(base_block::LEN).unwrap_or(LEN), 0);
    }
    let len = ReadAt::len(&bytes);
    let layer = overlay.add_layer(Arc::new(bytes));
    overlay.cover(0, len, layer, 0);
}
