//! Blocks of tables that lead from one to the next.

use std::collections::HashSet;

use super::super::mapped::{Guid, structure};
use super::BLOCK;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::narrow;
use crate::read_at::ReadAt;

/// By which each header shows what it is.
pub(super) const IDENTIFIER: Guid = Guid(0x3808_876b_c176_4e48_b7ae_0404_6e6c_c752);

/// Bytes of the header of a block.
pub(super) const HEAD: u64 = 128;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Catalog = 2,
    BlockList = 3,
    Header = 4,
    Bitmap = 6,
}

impl Kind {
    fn called(self) -> &'static str {
        match self {
            Kind::Catalog => "catalog of shadow copies",
            Kind::BlockList => "block list of a shadow copy",
            Kind::Header => "header of a shadow copy",
            Kind::Bitmap => "bitmap of a shadow copy",
        }
    }
}

/// How many blocks may be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    limit: u64,
    left: u64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, left: limit }
    }

    fn spend(&mut self, at: u64, what: &'static str) -> Result<(), Error> {
        let spent = Error::Limit { at: At::Offset(at), what, limit: self.limit };
        self.left = self.left.checked_sub(1).ok_or(spent)?;
        Ok(())
    }
}

/// A chain of blocks, walked from its start.
pub(super) struct Chain<'a> {
    volume: &'a dyn ReadAt,
    kind: Kind,
    next: u64,
    seen: HashSet<u64>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(volume: &'a dyn ReadAt, kind: Kind, start: u64) -> Self {
        Self { volume, kind, next: start, seen: HashSet::new() }
    }

    /// What the next block holds behind its header, and where the block is; nothing at the end of the chain.
    pub(super) fn step(&mut self, budget: &mut Budget) -> Result<Option<(u64, Vec<u8>)>, Error> {
        let (at, what) = (self.next, self.kind.called());
        if at == 0 {
            return Ok(None);
        }
        budget.spend(at, what)?;
        if !self.seen.insert(at) {
            return Err(Error::damaged(At::Offset(at), what, "blocks that lead to an end", "a loop"));
        }
        let mut bytes = structure(self.volume, at, narrow(BLOCK), what)?;
        self.next = head(&bytes, at, self.kind)?;
        bytes.drain(..narrow(HEAD));
        Ok(Some((at, bytes)))
    }
}

/// Checks the header of a block; gives where the next one is, or zero.
pub(super) fn head(bytes: &[u8], at: u64, kind: Kind) -> Result<u64, Error> {
    let (f, what) = (Fields::new(bytes, at), kind.called());
    let damaged = |expected: String, found: String| Err(Error::damaged(At::Offset(at), what, expected, found));
    let identifier = Guid::from_stored(f.bytes(0, 16, what)?);
    if identifier != IDENTIFIER {
        return damaged(format!("the identifier {IDENTIFIER}"), identifier.to_string());
    }
    version(f.u32(16, what)?, at)?;
    let (record, own) = (f.u32(20, what)?, f.u64(32, what)?);
    if record != kind as u32 {
        return damaged(format!("a record of type {}", kind as u32), format!("type {record}"));
    }
    if own != at {
        return damaged(format!("its own place, {at:#x}"), format!("{own:#x}"));
    }
    f.u64(40, what)
}

/// Refuses a version that is not known.
pub(super) fn version(version: u32, at: u64) -> Result<(), Error> {
    match version {
        1 | 2 => Ok(()),
        other => Err(Error::unsupported(
            At::Offset(at),
            format!("shadow copies of version {other}; 1 (Windows Vista, 7) and 2 (since Windows 8) are read"),
        )),
    }
}
