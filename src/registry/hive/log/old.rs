//! The old format (up to Windows 8): a bitmap of dirty 512-byte sectors, then those sectors.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), section "Old format".

use std::sync::Arc;

use super::header::Log;
use super::{Applied, Budget};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::read_at::Patched;
use crate::registry::hive::base_block;

const SECTOR: u64 = 512;
const VECTOR_AT: u64 = 512;
const BITMAP_AT: u64 = 516;
const PAGE: u64 = 4096;

/// Dirty sectors that follow each other: in bytes from the end of the hive's base block, and from the first dirty sector
/// in the log.
struct Run {
    hive: u64,
    log: u64,
    len: u64,
}

/// Lays a log over the hive.
///
/// # Errors
/// When the log is not whole. There is no hash over what it holds, so each bin that it has the start of is looked at.
pub(super) fn apply(log: &Log, patched: &mut Patched, budget: &mut Budget<'_>) -> Result<Applied, Error> {
    const WHAT: &str = "dirty vector";
    let bits = log.base.bins_size / 512;
    let bitmap_len = bits / 8; // the hive bins size is a multiple of 4096
    let first = BITMAP_AT.saturating_add(u64::from(bitmap_len)).next_multiple_of(SECTOR);
    // Ask before allocating.
    if log.source.len() <= first {
        let found = format!("the end of the file at {:#x}", log.source.len());
        return Err(Error::damaged(At::Offset(VECTOR_AT), WHAT, format!("dirty sectors from {first:#x}"), found));
    }
    let mut vector = vec![0u8; usize::try_from(bitmap_len).unwrap_or_default().saturating_add(4)];
    let read = log.source.read_at(VECTOR_AT, &mut vector);
    let read = read.map_err(|e| Error::io(At::Offset(VECTOR_AT), WHAT, &e))?;
    let f = Fields::new(vector.get(..read).unwrap_or_default(), VECTOR_AT);
    let found = f.bytes(0, 4, WHAT)?;
    if found != b"DIRT" {
        let found = found.escape_ascii().to_string();
        return Err(Error::damaged(At::Offset(VECTOR_AT), WHAT, "signature \"DIRT\"", format!("\"{found}\"")));
    }
    let bitmap = f.bytes(4, usize::try_from(bitmap_len).unwrap_or_default(), WHAT)?;
    let runs = runs(bitmap, budget)?;
    let end = runs.last().map_or(first, |run| first.saturating_add(run.log).saturating_add(run.len));
    if runs.is_empty() || end > log.source.len() {
        let found = format!("the end of the file at {:#x}", log.source.len());
        let expected = if runs.is_empty() { "a dirty sector".to_owned() } else { format!("dirty sectors to {end:#x}") };
        return Err(Error::damaged(At::Offset(VECTOR_AT), WHAT, expected, found));
    }
    for run in &runs {
        bins(log, run, first)?;
    }
    budget.entry(VECTOR_AT)?;
    let layer = patched.add_layer(Some(Arc::clone(&log.name)), Arc::clone(&log.source));
    for run in &runs {
        patched.cover(base_block::LEN.saturating_add(run.hive), run.len, layer, first.saturating_add(run.log));
    }
    Ok(Applied { entries: 1, ..Applied::of(log) })
}

/// The runs of set bits. A bit's sector lies behind those of all set bits before it.
fn runs(bitmap: &[u8], budget: &mut Budget<'_>) -> Result<Vec<Run>, Error> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut hive, mut log) = (0u64, 0u64);
    for &byte in bitmap {
        for bit in 0..8u8 {
            if byte & (1 << bit) != 0 {
                match runs.last_mut() {
                    Some(run) if run.hive.saturating_add(run.len) == hive => run.len = run.len.saturating_add(SECTOR),
                    _ => {
                        budget.pages(1, VECTOR_AT)?;
                        runs.push(Run { hive, log, len: SECTOR });
                    }
                }
                log = log.saturating_add(SECTOR);
            }
            hive = hive.saturating_add(SECTOR);
        }
    }
    Ok(runs)
}

/// Checks the bin headers of a run: a bin that says to stand elsewhere shows that the log is another hive's or half written.
fn bins(log: &Log, run: &Run, first: u64) -> Result<(), Error> {
    const WHAT: &str = "dirty hive bin";
    let end = run.hive.saturating_add(run.len);
    let mut page = run.hive.next_multiple_of(PAGE);
    while page < end {
        let at = first.saturating_add(run.log).saturating_add(page.saturating_sub(run.hive));
        let mut head = [0u8; 12];
        let read = log.source.read_at(at, &mut head).map_err(|e| Error::io(At::Offset(at), WHAT, &e))?;
        let f = Fields::new(head.get(..read).unwrap_or_default(), at);
        let is_bin = f.bytes(0, 4, WHAT)? == b"hbin";
        let (offset, size) = (u64::from(f.u32(4, WHAT)?), f.u32(8, WHAT)?);
        if (is_bin && (offset != page || size < 4096)) || (page == 0 && !is_bin) {
            let expected = format!("a bin at {page:#x} of 4096 bytes or more");
            let found = if is_bin { format!("one at {offset:#x} of {size}") } else { "none".to_owned() };
            return Err(Error::damaged(At::Offset(at), WHAT, expected, found));
        }
        page = page.saturating_add(PAGE);
    }
    Ok(())
}
