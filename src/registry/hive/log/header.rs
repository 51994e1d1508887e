//! The base block of a transaction log: what kind of log it is, and whether it belongs to a hive.

use std::sync::Arc;

use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::read_at::ReadAt;
use crate::registry::hive::base_block::BaseBlock;

/// Bytes of the base block that a log holds a copy of; what was logged follows.
pub(super) const LEN: usize = 512;

/// How a log keeps what it logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One bitmap of dirty sectors and the sectors (up to Windows 8).
    Old,
    /// Entries one behind the other (from Windows 8.1 on).
    New,
}

/// A transaction log whose base block is sound.
pub(super) struct Log {
    pub(super) name: Arc<str>,
    pub(super) source: Arc<dyn ReadAt>,
    pub(super) block: [u8; LEN],
    pub(super) base: BaseBlock,
    pub(super) format: Format,
}

impl Log {
    /// Reads a log's base block. Valid is one whose signature and checksum hold and whose sequence numbers are equal
    /// (msuhanov/regf, "Transaction log files", old format, note 2).
    pub(super) fn open(name: &Arc<str>, source: Box<dyn ReadAt>, limits: &Limits) -> Result<Self, Error> {
        if source.len() > limits.log_bytes {
            let limit = limits.log_bytes;
            return Err(Error::Limit { at: At::Whole, what: "bytes of a transaction log", limit });
        }
        let mut block = [0u8; LEN];
        let n = source.read_at(0, &mut block).map_err(|e| Error::io(At::Offset(0), "log base block", &e))?;
        let start = block.get(..n).unwrap_or_default();
        BaseBlock::sound(start)?;
        let file_type = Fields::new(start, 0).u32(28, "file type")?;
        let format = match file_type {
            // 2 is that of Windows 2000 and before.
            1 | 2 => Format::Old,
            6 => Format::New,
            other => {
                let (expected, found) = ("that of a transaction log (1, 2 or 6)", other.to_string());
                return Err(Error::damaged(At::Offset(28), "file type", expected, found));
            }
        };
        let base = BaseBlock::fields(start)?;
        if base.is_dirty() {
            let (expected, found) = (base.primary_sequence.to_string(), base.secondary_sequence.to_string());
            return Err(Error::damaged(At::Offset(8), "secondary sequence number", expected, found));
        }
        Ok(Self { name: Arc::clone(name), source: source.into(), block, base, format })
    }

    /// The number of the log's first entry.
    pub(super) fn sequence(&self) -> u32 {
        self.base.primary_sequence
    }
}

/// Whether a log can be one of a hive, by their base blocks; why not, if not.
///
/// The format has no field that ties a log to its hive. Both blocks are written from one in memory, though, so that the
/// noted file name and the GUID of the resource manager (where there is one) are the same in both; and a log that starts
/// before the hive's last finished write was left behind by an earlier one (new format, note 7).
pub(super) fn belongs(hive: (&BaseBlock, &[u8]), log: (&BaseBlock, &[u8])) -> Result<(), Error> {
    let ((hive, hive_block), (log, log_block)) = (hive, log);
    let (ours, theirs) = (&hive.file_name, &log.file_name);
    if !ours.is_empty() && !theirs.is_empty() && ours.to_lowercase() != theirs.to_lowercase() {
        let expected = format!("that of the hive, \"{ours}\" (this is the log of another hive)");
        return Err(Error::damaged(At::Offset(48), "file name", expected, format!("\"{theirs}\"")));
    }
    let id = |block| Fields::new(block, 0).bytes(112, 16, "RmId").unwrap_or_default();
    let known = |id: &[u8]| id.iter().any(|&byte| byte != 0);
    let (ours, theirs) = (id(hive_block), id(log_block));
    if known(ours) && known(theirs) && ours != theirs {
        let hex = |id: &[u8]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let expected = format!("that of the hive, {} (this is the log of another hive)", hex(ours));
        return Err(Error::damaged(At::Offset(112), "resource manager's GUID", expected, hex(theirs)));
    }
    let (sequence, written) = (log.primary_sequence, hive.secondary_sequence);
    if is_before(sequence, written) {
        let expected = format!("{written} or more (this log is older than the hive)");
        return Err(Error::damaged(At::Offset(4), "sequence number", expected, sequence.to_string()));
    }
    Ok(())
}

/// Whether one sequence number comes before another. They wrap around at 32 bits.
pub(super) fn is_before(one: u32, other: u32) -> bool {
    one.wrapping_sub(other) > u32::MAX / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap_around() {
        assert!(is_before(1, 2) && !is_before(2, 1) && !is_before(5, 5));
        assert!(is_before(u32::MAX, 3) && !is_before(3, u32::MAX));
    }
}
