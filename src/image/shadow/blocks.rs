//! What was changed on a volume since a copy was made.

use std::collections::{HashMap, HashSet};

use super::BLOCK;
use super::chain::{Budget, Chain, HEAD, Kind};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::wide;
use crate::read_at::ReadAt;

/// Bytes of an entry of a block list.
const ENTRY: usize = 32;

/// Flags of an entry. Others say nothing about where the block is.
const FORWARDER: u32 = 1;
const OVERLAY: u32 = 2;
const NOT_USED: u32 = 4;

/// The block lists of a copy.
pub(super) struct Blocks {
    /// In the order of their places on the volume, each once.
    changed: Vec<Changed>,
    /// Sectors of blocks that are laid over whatever else is known of the block: where they are, and which.
    overlays: HashMap<u64, Overlay>,
    /// Blocks whose content of then is that of another block.
    targets: HashSet<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Changed {
    block: u64,
    /// Where it is; with [`MOVED`], which other block of the volume it was moved to.
    to: u64,
}

/// No place on a volume has this bit.
const MOVED: u64 = 1 << 63;

/// Where a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// In the data of the copy: its place on the volume.
    At(u64),
    /// It is what the next newer copy has as this block of the volume.
    As(u64),
}

/// Sectors of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overlay {
    /// Where the block with these sectors is.
    pub(super) at: u64,
    /// Which sectors of 512 bytes: the lowest bit is the first.
    pub(super) sectors: u32,
}

impl Blocks {
    /// Reads the list that starts at `start`.
    pub(super) fn read(volume: &dyn ReadAt, start: u64, budget: &mut Budget) -> Result<Self, Error> {
        if start == 0 {
            return Err(Error::damaged(At::Whole, "block list of a shadow copy", "its place", "none"));
        }
        let mut building = Building::default();
        let mut chain = Chain::new(volume, Kind::BlockList, start);
        while let Some((at, bytes)) = chain.step(budget)? {
            for (entry, number) in bytes.chunks_exact(ENTRY).zip(0u64..) {
                if entry.iter().any(|&byte| byte != 0) {
                    let at = at.saturating_add(HEAD).saturating_add(number.saturating_mul(wide(ENTRY)));
                    building.take(&Fields::new(entry, at), at)?;
                }
            }
        }
        Ok(building.finish())
    }

    /// Where the block at this place of the volume is, if the copy has it.
    pub(super) fn kept(&self, block: u64) -> Option<Kept> {
        let found = self.changed.binary_search_by_key(&block, |changed| changed.block).ok()?;
        let to = self.changed.get(found)?.to;
        Some(if to & MOVED == 0 { Kept::At(to) } else { Kept::As(to & !MOVED) })
    }

    /// The sectors that are laid over a block, in this copy itself, and not in older ones that are read through it.
    pub(super) fn overlay(&self, block: u64) -> Option<Overlay> {
        self.overlays.get(&block).copied()
    }

    /// Whether another block's content of then is that of this block.
    pub(super) fn is_target(&self, block: u64) -> bool {
        self.targets.contains(&block)
    }
}

/// A list while it is read: what comes later may take the place of what came before.
#[derive(Default)]
struct Building {
    changed: Vec<Changed>,
    overlays: HashMap<u64, Overlay>,
    /// Which block was moved to the key.
    moved: HashMap<u64, u64>,
}

impl Building {
    fn take(&mut self, f: &Fields<'_>, at: u64) -> Result<(), Error> {
        let what = "entry of the block list of a shadow copy";
        let (block, relative, data) = (f.u64(0, what)?, f.u64(8, what)?, f.u64(16, what)?);
        let (flags, sectors) = (f.u32(24, what)?, f.u32(28, what)?);
        if flags & NOT_USED != 0 {
            return Ok(());
        }
        let overlay = flags & OVERLAY != 0;
        let forwarder = flags & FORWARDER != 0 && !overlay;
        let place = if forwarder { relative } else { data };
        if block % BLOCK != 0 || block & MOVED != 0 || place & MOVED != 0 || (forwarder && relative % BLOCK != 0) {
            let found = format!("{block:#x} and {place:#x}");
            return Err(Error::damaged(At::Offset(at), what, "places of blocks of 16 KiB", found));
        }
        if overlay {
            // The sectors that come later lie in the same block as the first.
            let there = self.overlays.entry(block).or_insert(Overlay { at: data, sectors: 0 });
            there.sectors |= sectors;
            return Ok(());
        }
        // What is said of a block that another one was moved to is said of that other one.
        let block = self.moved.remove(&block).unwrap_or(block);
        if !forwarder {
            self.changed.push(Changed { block, to: data });
        } else if block != relative {
            self.changed.push(Changed { block, to: relative | MOVED });
            self.moved.insert(relative, block);
        }
        Ok(())
    }

    fn finish(mut self) -> Blocks {
        // The last word on a block counts. The sort keeps the order of what is equal.
        self.changed.reverse();
        self.changed.sort_by_key(|changed| changed.block);
        self.changed.dedup_by_key(|changed| changed.block);
        self.changed.shrink_to_fit();
        Blocks { changed: self.changed, overlays: self.overlays, targets: self.moved.into_keys().collect() }
    }
}
