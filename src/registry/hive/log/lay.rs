//! Which logs are applied, in which order, and the base block that comes of it.

use std::sync::Arc;

use super::header::{LEN, Log};
use super::{Applied, Budget, Primary, Refused, new, old};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::read_at::{Patched, ReadAt};
use crate::registry::hive::base_block::{self, checksum};

/// Logs that were laid over a hive.
pub(super) struct Done<'a> {
    /// All of them as one.
    pub(super) applied: Applied,
    pub(super) logs: Vec<Arc<str>>,
    /// The last one: its base block is the newest.
    newest: &'a Log,
}

/// Lays logs of the new format over the hive; they stand in the order of their first entries.
pub(super) fn new_logs<'a>(
    logs: &'a [Log],
    hive: &Primary,
    patched: &mut Patched,
    mut budget: Budget<'_>,
    refused: &mut Vec<Refused>,
) -> Option<Done<'a>> {
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
        if budget.is_done() {
            break;
        }
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
        let applied = match new::apply(log, patched, &mut budget) {
            Ok(applied) => applied,
            Err(error) => {
                refuse(log, error.to_string());
                return None;
            }
        };
        if let Some(error) = &applied.stopped {
            refuse(log, format!("nothing from sequence number {} on: {error}", applied.next()));
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
pub(super) fn old_logs<'a>(
    logs: &'a [Log],
    patched: &mut Patched,
    limits: &Limits,
    refused: &mut Vec<Refused>,
) -> Option<Done<'a>> {
    let mut done: Option<Done<'a>> = None;
    for log in logs {
        let why = match &done {
            Some(done) => format!("{} was written no earlier and holds all that it does", done.newest.name),
            None => match old::apply(log, patched, &mut Budget::new(limits, None)) {
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
pub(super) fn block(done: &Done<'_>, hive: &Primary, patched: &mut Patched) {
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
    let layer = patched.add_layer(None, Arc::new(bytes));
    patched.cover(0, len, layer, 0);
}
