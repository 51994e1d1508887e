//! The parts of a volume as one.

use std::io;
use std::sync::Arc;

use crate::error::{At, Error};
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

const WHAT: &str = "parts of a dynamic volume";

/// In which order the parts of a volume follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Each as a whole.
    Spanned,
    /// So many bytes of each in turn.
    Striped(u64),
    /// Likewise, and one piece of each turn is the parity of the others. It is in the last part first, and moves to the
    /// one before with each turn; data starts in the part behind it.
    Raid5(u64),
}

/// A part: its bytes, where in the volume it starts, and how many there are.
type Part = (Arc<dyn ReadAt>, u64, u64);

/// A volume of parts.
pub(super) struct Laid {
    order: Order,
    parts: Vec<Part>,
    len: u64,
}

impl Laid {
    /// From parts in their order.
    ///
    /// # Errors
    /// When they do not make up a volume of `len` bytes.
    pub(super) fn new(order: Order, parts: Vec<Part>, len: u64) -> Result<Self, Error> {
        let damaged = |expected: &str, found: String| Err(Error::damaged(At::Whole, WHAT, expected, found));
        let count = wide(parts.len());
        let held = match order {
            Order::Spanned => {
                let mut end = 0u64;
                for (_, at, part) in &parts {
                    if *at != end {
                        return damaged(&format!("a part at {end}"), format!("one at {at}"));
                    }
                    end = end.saturating_add(*part);
                }
                end
            }
            Order::Striped(piece) | Order::Raid5(piece) => {
                let least = parts.iter().map(|(_, _, part)| *part).min().unwrap_or_default();
                let data = if matches!(order, Order::Raid5(_)) { count.saturating_sub(1) } else { count };
                if piece == 0 || data == 0 || (data < 2 && data < count) {
                    return damaged("pieces of some bytes in enough parts", format!("{piece} bytes in {count}"));
                }
                (least / piece).saturating_mul(piece).saturating_mul(data)
            }
        };
        if held < len {
            return damaged(&format!("{len} bytes"), held.to_string());
        }
        Ok(Self { order, parts, len })
    }

    /// In which part a byte of the volume stands, where in that, and how many from there on stand together.
    fn place(&self, at: u64) -> (usize, u64, u64) {
        let count = wide(self.parts.len()).max(1);
        match self.order {
            Order::Spanned => {
                let number = self.parts.partition_point(|(_, start, _)| *start <= at).saturating_sub(1);
                let (start, len) = self.parts.get(number).map_or((0, 0), |(_, start, len)| (*start, *len));
                let within = at.saturating_sub(start);
                (number, within, len.saturating_sub(within))
            }
            Order::Striped(piece) => {
                let piece = piece.max(1);
                let (number, within) = (at / piece, at % piece);
                let start = (number / count).saturating_mul(piece);
                (narrow(number % count), start.saturating_add(within), piece.saturating_sub(within))
            }
            Order::Raid5(piece) => {
                let (piece, data) = (piece.max(1), count.saturating_sub(1).max(1));
                let (number, within) = (at / piece, at % piece);
                let turn = number / data;
                let parity = data.saturating_sub(turn % count);
                let part = parity.saturating_add(1).saturating_add(number % data) % count;
                (narrow(part), turn.saturating_mul(piece).saturating_add(within), piece.saturating_sub(within))
            }
        }
    }
}

impl ReadAt for Laid {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0usize;
        loop {
            let at = offset.saturating_add(wide(done));
            let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty() && at < self.len) else {
                return Ok(done);
            };
            let (number, within, run) = self.place(at);
            let run = narrow(run.min(self.len.saturating_sub(at))).min(rest.len());
            let part = rest.get_mut(..run).filter(|part| !part.is_empty());
            let (Some(part), Some((bytes, _, _))) = (part, self.parts.get(number)) else {
                return Err(Error::damaged(At::Offset(at), WHAT, "a part", "none").into());
            };
            bytes.read_exact_at(within, part)?;
            done = done.saturating_add(run);
        }
    }

    fn len(&self) -> u64 {
        self.len
    }
}

/// Copies of a volume, that must be alike wherever they are read: which of two that differ is the newer one is not known.
pub(super) struct Mirror {
    first: Arc<dyn ReadAt>,
    others: Vec<Arc<dyn ReadAt>>,
}

impl Mirror {
    pub(super) fn new(first: &Arc<dyn ReadAt>, others: &[Arc<dyn ReadAt>]) -> Self {
        Self { first: Arc::clone(first), others: others.to_vec() }
    }
}

impl ReadAt for Mirror {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.first.read_at(offset, buf)?;
        let read = buf.get(..n).unwrap_or_default();
        let mut other = vec![0u8; n];
        for copy in &self.others {
            copy.read_exact_at(offset, &mut other)?;
            if other != read {
                let what = "the copies of a mirrored volume differ here: give the disk of one of them alone";
                return Err(Error::Ambiguous { what: format!("at {offset:#x}: {what}") }.into());
            }
        }
        Ok(n)
    }

    fn len(&self) -> u64 {
        self.first.len()
    }
}
