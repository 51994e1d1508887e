//! The subkey lists of one key, read an entry at a time, so that a list of any length costs a few numbers of memory.

use super::super::blocks::Blocks;
use super::super::cell::file_offset;
use super::super::node::{ListForm, Node, list_head};
use super::{Budget, Stop};
use crate::error::{At, Error};

const WHAT: &str = "subkey list";

/// One list and how much of it was read.
struct Span {
    /// Where its entries start in the file.
    entries: u64,
    next: u32,
    count: u32,
    width: u32,
    form: ListForm,
}

impl Span {
    /// The offset in the next entry.
    fn next(&mut self, blocks: &mut Blocks<'_>) -> Option<Result<u32, Error>> {
        if self.next >= self.count {
            return None;
        }
        let at = self.entries.saturating_add(u64::from(self.next).saturating_mul(u64::from(self.width)));
        self.next = self.next.saturating_add(1);
        Some(
            blocks.bytes(at, 4, WHAT).map(|bytes| u32::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default())),
        )
    }
}

/// The lists of one key.
pub(super) struct Lists {
    root: Option<Span>,
    leaf: Option<Span>,
    at: u32,
    expected: u32,
    seen: u32,
    /// Part of the lists could not be read, so that their length proves nothing.
    damaged: bool,
}

impl Lists {
    /// Opens the lists of a key; there are none if it has no subkeys.
    pub(super) fn open<E>(
        node: &Node,
        blocks: &mut Blocks<'_>,
        budget: &mut Budget,
    ) -> Result<Result<Option<Self>, Error>, Stop<E>> {
        let (expected, at) = match node.subkeys() {
            Ok((0, _)) => return Ok(Ok(None)),
            Ok(subkeys) => subkeys,
            Err(error) => return Ok(Err(error)),
        };
        let mut lists = Self { root: None, leaf: None, at, expected, seen: 0, damaged: false };
        Ok(lists.span(at, true, blocks, budget)?.map(|()| Some(lists)))
    }

    /// Opens the list at `offset` as the leaf, or as the root that it may be at the top.
    fn span<E>(
        &mut self,
        offset: u32,
        top: bool,
        blocks: &mut Blocks<'_>,
        budget: &mut Budget,
    ) -> Result<Result<(), Error>, Stop<E>> {
        let read = |blocks: &mut Blocks<'_>| {
            let (cell, head) = blocks.cell(offset, 4, WHAT)?;
            let (form, count) = list_head(head, cell.data, top)?;
            let entries = cell.part(4, count.saturating_mul(form.width()), WHAT)?;
            Ok(Span { entries, next: 0, count, width: form.width(), form })
        };
        match read(blocks) {
            Ok(span) => {
                budget.pay(span.count.saturating_mul(span.width).saturating_add(8)).map_err(Stop::Budget)?;
                let list = if span.form == ListForm::Root { &mut self.root } else { &mut self.leaf };
                *list = Some(span);
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// The next subkey's offset, or a damage; `None` after the last one.
    pub(super) fn next<E>(
        &mut self,
        blocks: &mut Blocks<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Result<u32, Error>>, Stop<E>> {
        loop {
            if let Some(leaf) = &mut self.leaf {
                match leaf.next(blocks) {
                    Some(Ok(key)) => {
                        self.seen = self.seen.saturating_add(1);
                        return Ok(Some(Ok(key)));
                    }
                    Some(Err(error)) => {
                        // Past the end of the file nothing more of it can be read.
                        self.leaf = None;
                        return Ok(Some(Err(self.doubt(error))));
                    }
                    None => self.leaf = None,
                }
            }
            match self.root.as_mut().and_then(|root| root.next(blocks)) {
                Some(Ok(offset)) => {
                    if let Err(error) = self.span(offset, false, blocks, budget)? {
                        return Ok(Some(Err(self.doubt(error))));
                    }
                }
                Some(Err(error)) => {
                    self.root = None;
                    return Ok(Some(Err(self.doubt(error))));
                }
                None => break,
            }
        }
        if self.damaged || self.seen == self.expected {
            return Ok(None);
        }
        let (at, expected) = (At::Offset(file_offset(self.at)), format!("{} entries", self.expected));
        let error = Error::damaged(at, WHAT, expected, self.seen.to_string());
        Ok(Some(Err(self.doubt(error))))
    }

    /// Whether Windows goes by the order of names to tell the entry that was given last from the one before it.
    pub(super) fn sorted(&self) -> bool {
        let first = |leaf: &Span| self.root.is_some() && leaf.next == 1;
        self.leaf.as_ref().is_some_and(|leaf| leaf.form != ListForm::Hash || first(leaf))
    }

    /// Whether it may do so for the next one.
    pub(super) fn may_be_sorted(&self) -> bool {
        self.root.is_some() || self.leaf.as_ref().is_some_and(|leaf| leaf.form != ListForm::Hash)
    }

    fn doubt(&mut self, error: Error) -> Error {
        self.damaged = true;
        error
    }
}
