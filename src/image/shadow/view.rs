//! A volume as it was when a copy was made.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::mapped::{Map, Place};
use super::blocks::{Blocks, Kept};
use super::catalog::Places;
use super::chain::{Budget, Chain, HEAD, Kind};
use super::{BLOCK, ShadowCopies};
use crate::error::{At, Error};
use crate::number::narrow;
use crate::read_at::ReadAt;

/// Bytes of the sectors of an overlay.
const SECTOR: u64 = 512;

/// The copy and all newer ones, the newest last.
pub(super) struct View {
    pub(super) stores: Vec<Arc<Blocks>>,
    /// Of the newest copy alone: blocks that were not in use, and whose content nobody kept.
    pub(super) unused: Option<Bitmap>,
    /// Kept, so that all that are read of a volume share what was loaded of it.
    pub(super) _copies: Arc<ShadowCopies>,
}

impl Map for View {
    fn place(&self, at: u64) -> io::Result<(Place, u64)> {
        let within = at % BLOCK;
        let (block, whole) = (at.saturating_sub(within), BLOCK.saturating_sub(within));
        let overlay = self.stores.first().and_then(|own| own.overlay(block));
        let run = match overlay {
            None => whole,
            Some(overlay) => {
                let run = SECTOR.saturating_sub(within % SECTOR);
                let sector = u32::try_from(within / SECTOR).unwrap_or(u32::MAX);
                if overlay.sectors.checked_shr(sector).is_some_and(|sectors| sectors & 1 != 0) {
                    return Ok((Place::File(overlay.at.saturating_add(within)), run));
                }
                run
            }
        };
        let mut now = block;
        let mut listed = false;
        for store in &self.stores {
            match store.kept(now) {
                Some(Kept::At(place)) => return Ok((Place::File(place.saturating_add(within)), run)),
                Some(Kept::As(other)) => (now, listed) = (other, true),
                None => {}
            }
        }
        if let (false, Some(unused), Some(own)) = (listed, &self.unused, self.stores.first())
            && !own.is_target(block)
            && unused.has(block / BLOCK)?
        {
            return Ok((Place::Zeros, run));
        }
        Ok((Place::File(now.saturating_add(within)), run))
    }
}

/// Which blocks were in use neither when a copy was made nor when the one before it was.
pub(super) struct Bitmap {
    volume: Arc<dyn ReadAt>,
    own: Mutex<Bits>,
    previous: Option<Mutex<Bits>>,
}

/// A bitmap, of which as many blocks are known as it was asked for.
struct Bits {
    start: u64,
    places: Vec<u64>,
    /// The same, to be looked up.
    seen: HashSet<u64>,
    /// The block that was read last.
    last: Option<(usize, Vec<u8>)>,
}

/// Bits of one block of a bitmap.
const BITS: u64 = (BLOCK - HEAD) * 8;

/// Blocks of one bitmap: those of a volume of 256 TiB, the largest that NTFS has with clusters of 64 KiB.
const BITMAP_BLOCKS: u64 = 1 << 17;

impl Bitmap {
    pub(super) fn new(volume: &Arc<dyn ReadAt>, places: Places) -> Self {
        let bits = |start| Mutex::new(Bits { start, places: Vec::new(), seen: HashSet::new(), last: None });
        let previous = (places.previous != 0).then(|| bits(places.previous));
        Self { volume: Arc::clone(volume), own: bits(places.bitmap), previous }
    }

    fn has(&self, block: u64) -> Result<bool, Error> {
        let asked = |bits: &Mutex<Bits>| bits.lock().unwrap_or_else(PoisonError::into_inner).has(&*self.volume, block);
        Ok(asked(&self.own)? && self.previous.as_ref().map_or(Ok(true), asked)?)
    }
}

impl Bits {
    /// Whether the bit is set; those past the end are not.
    fn has(&mut self, volume: &dyn ReadAt, bit: u64) -> Result<bool, Error> {
        let (number, within) = (narrow(bit / BITS), bit % BITS);
        if self.last.as_ref().is_none_or(|(last, _)| *last != number) {
            let Some(bytes) = self.block(volume, number)? else { return Ok(false) };
            self.last = Some((number, bytes));
        }
        let byte = self.last.as_ref().and_then(|(_, bytes)| bytes.get(narrow(within / 8)));
        Ok(byte.is_some_and(|byte| byte & (1 << (within % 8)) != 0))
    }

    /// The block with this number; nothing past the end.
    fn block(&mut self, volume: &dyn ReadAt, number: usize) -> Result<Option<Vec<u8>>, Error> {
        let (start, mut known) = match self.places.get(number) {
            Some(&place) => (place, number),
            None => self.places.last().map_or((self.start, 0), |&last| (last, self.places.len().saturating_sub(1))),
        };
        let mut chain = Chain::new(volume, Kind::Bitmap, start);
        let mut budget = Budget::new(BITMAP_BLOCKS);
        while let Some((at, bytes)) = chain.step(&mut budget)? {
            if known >= self.places.len() {
                if !self.seen.insert(at) {
                    let expected = "blocks that lead to an end";
                    return Err(Error::damaged(At::Offset(at), "bitmap of a shadow copy", expected, "a loop"));
                }
                self.places.push(at);
            }
            if known == number {
                return Ok(Some(bytes));
            }
            known = known.saturating_add(1);
        }
        Ok(None)
    }
}
