//! What was deleted and still stands in the free cells of a hive.
//!
//! A cell is free by its size field alone: that nothing leads to a cell says nothing of it. A record in free cells belongs to a
//! key where something still says so: the value list of a key that is there, behind its last entry; or, of a deleted key, the
//! parent that it names, up to a key that is there. What nothing says so of is told without a key. All of it is history: it may
//! be of any day, and in part of another one.

mod free;

use std::collections::BTreeSet;

use super::Hive;
use super::blocks::Blocks;
use super::cell::{Cell, file_offset, in_bins};
use super::data::{RECORD_BYTES, RECORD_LEN, Record, SEGMENT, Stored};
use super::key::{Key, NAME_BYTES};
use super::node::{NODE_BYTES, NODE_LEN, Node, decode_name};
use super::walk::{Budget, Enter, KeyRef, KeyView, ValueView, Visit};
use crate::error::Error;
use crate::fields::Fields;
use crate::windows::FileTime;
use crate::windows::path::Name;
use crate::windows::upcase::upcase;
use crate::windows::value::ValueType;
use free::Units;

/// Whose the values are that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// A key that is there: its list of values names them behind its last entry.
    Key {
        /// Its path, below what the root was called.
        path: &'a [u16],
    },
    /// A deleted key.
    Deleted(DeletedKey<'a>),
    /// A deleted key above which no key is that is there. Its path has no root.
    Unplaced(DeletedKey<'a>),
    /// Nobody knows.
    Nobody,
}

/// A deleted key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedKey<'a> {
    /// Its path.
    pub path: &'a [u16],
    /// When it, or a value in it, was last written.
    pub last_write: FileTime,
    /// Where the key's cell is, in bytes from the start of the file.
    pub offset: u64,
    /// How many values it had.
    pub values: u32,
    /// How many of them follow.
    pub recovered: u32,
}

/// A deleted value of the last owner.
#[derive(Debug, Clone, Copy)]
pub struct DeletedValue<'a> {
    /// Its name in UTF-16 units; empty for a default value.
    pub name: &'a [u16],
    /// The stored type.
    pub kind: ValueType,
    /// The stored bytes, or why they are gone.
    pub data: Result<&'a [u8], &'static str>,
    /// Where the value's record is, in bytes from the start of the file.
    pub offset: u64,
}

/// Who is told of what was deleted. An error of a visitor ends the search.
pub trait VisitDeleted {
    /// What can go wrong.
    type Error;

    /// Whose the values are that follow.
    ///
    /// # Errors
    /// Whatever the visitor cannot go on with.
    fn owner(&mut self, owner: &Owner<'_>) -> Result<(), Self::Error>;

    /// A value of the last owner.
    ///
    /// # Errors
    /// Whatever the visitor cannot go on with.
    fn value(&mut self, value: &DeletedValue<'_>) -> Result<(), Self::Error>;

    /// Something that cannot be read, so that what was deleted there is not known.
    ///
    /// # Errors
    /// Whatever the visitor cannot go on with.
    fn damage(&mut self, error: &Error) -> Result<(), Self::Error>;
}

impl Hive {
    /// Looks for what was deleted in the key at `below`, and in all below it, whether they are there or not; where that is
    /// the root, for what has no key as well. Paths are those that begin with `root`, which is what the root is called.
    ///
    /// # Errors
    /// Those of the visitor alone; damage is told to it.
    pub fn deleted<V: VisitDeleted>(&self, root: &[u16], below: &[u16], visit: &mut V) -> Result<(), V::Error> {
        let source = self.cells.pages.source();
        let bins = source.len().saturating_sub(file_offset(0)).min(u64::from(self.base.bins_size));
        let len = u32::try_from(bins).unwrap_or(u32::MAX);
        let mut blocks = Blocks::new(source, self.base.bins_size, self.limits.walk_blocks);
        let free = free::map(&mut blocks, len, |error| visit.damage(error))?;
        let mut search = Search {
            hive: self,
            visit,
            free,
            there: Units::new(len),
            owned: Units::new(len),
            root,
            below,
            budget: Budget::of(u64::from(len), &self.limits),
        };
        match search.run(&mut blocks) {
            Ok(()) => Ok(()),
            Err(Stop::Visitor(error)) => Err(error),
            Err(Stop::Search(error) | Stop::Place(error)) => search.visit.damage(&error),
        }
    }
}

/// Why a search goes no further.
enum Stop<E> {
    Visitor(E),
    /// The budget ran out.
    Search(Error),
    /// At this place alone: it cannot be read.
    Place(Error),
}

impl<E> From<Error> for Stop<E> {
    fn from(error: Error) -> Self {
        Stop::Place(error)
    }
}

struct Search<'a, V> {
    hive: &'a Hive,
    visit: &'a mut V,
    /// The bytes of free cells.
    free: Units,
    /// The cells of the keys that are there.
    there: Units,
    /// The cells of deleted values that have an owner.
    owned: Units,
    root: &'a [u16],
    below: &'a [u16],
    budget: Budget,
}

/// A deleted value's record with its name.
type Found = (Record, Name);

impl<V: VisitDeleted> Search<'_, V> {
    fn run(&mut self, blocks: &mut Blocks<'_>) -> Result<(), Stop<V::Error>> {
        let hive = self.hive;
        hive.walk(KeyRef(hive.base.root), self.root, &mut Live(self))?;
        self.each(blocks, *b"nk", Self::key)?;
        if self.below != self.root {
            return Ok(());
        }
        let mut first = true;
        self.each(blocks, *b"vk", |search, offset| {
            if search.owned.has(offset) {
                return Ok(());
            }
            let Some(found) = search.record(offset)? else { return Ok(()) };
            if std::mem::take(&mut first) {
                search.owner(&Owner::Nobody)?;
            }
            search.value(&found)
        })
    }

    /// Goes to each place in free cells where a record with this signature can start.
    fn each(
        &mut self,
        blocks: &mut Blocks<'_>,
        signature: [u8; 2],
        mut at: impl FnMut(&mut Self, u32) -> Result<(), Stop<V::Error>>,
    ) -> Result<(), Stop<V::Error>> {
        let mut next = self.free.next(0);
        while let Some(offset) = next {
            next = offset.checked_add(8).and_then(|offset| self.free.next(offset));
            let done = match blocks.bytes(file_offset(offset).saturating_add(4), 2, "free cell") {
                Ok(bytes) if bytes == signature => at(self, offset),
                Ok(_) => Ok(()),
                Err(error) => Err(error.into()),
            };
            self.goes_on(done)?;
        }
        Ok(())
    }

    /// Tells of what cannot be read, and goes on beside it.
    fn goes_on(&mut self, done: Result<(), Stop<V::Error>>) -> Result<(), Stop<V::Error>> {
        match done {
            Err(Stop::Place(error)) => self.visit.damage(&error).map_err(Stop::Visitor),
            done => done,
        }
    }

    fn owner(&mut self, owner: &Owner<'_>) -> Result<(), Stop<V::Error>> {
        self.visit.owner(owner).map_err(Stop::Visitor)
    }

    fn pay(&mut self, bytes: u32) -> Result<(), Stop<V::Error>> {
        self.budget.pay(bytes).map_err(Stop::Search)
    }

    /// Reads `len` bytes of a cell's data from `from` on, if all up to their end is free.
    fn bytes(&self, offset: u32, from: u32, len: u32, what: &'static str) -> Result<Option<Vec<u8>>, Error> {
        let Some(end) = from.checked_add(len).and_then(|end| end.checked_add(4)) else { return Ok(None) };
        if !offset.is_multiple_of(8) || !self.free.has_all(offset, end) {
            return Ok(None);
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
        let at = file_offset(offset).saturating_add(4).saturating_add(u64::from(from));
        self.hive.cells.pages.read(at, &mut bytes, what)?;
        Ok(Some(bytes))
    }

    /// The first `N` bytes of what was a cell, and the cell.
    fn head<const N: usize>(&self, offset: u32, what: &'static str) -> Result<Option<([u8; N], Cell)>, Error> {
        let len = u32::try_from(N).unwrap_or(u32::MAX);
        let Some(bytes) = self.bytes(offset, 0, len, what)? else { return Ok(None) };
        let mut field = [0; 4];
        self.hive.cells.pages.read(file_offset(offset), &mut field, what)?;
        let size = i32::from_le_bytes(field).unsigned_abs();
        let cell = Cell { data: file_offset(offset).saturating_add(4), len };
        Ok(bytes.first_chunk().filter(|_| size >= 8 && size.is_multiple_of(8)).map(|head| (*head, cell)))
    }

    /// The name that stands in a free cell's data from `from` on, if it can be one.
    fn name(&self, offset: u32, from: u32, len: u16, compressed: bool) -> Result<Option<Name>, Error> {
        if !compressed && !len.is_multiple_of(2) {
            return Ok(None);
        }
        let name = self.bytes(offset, from, u32::from(len), "name")?.map(|bytes| decode_name(&bytes, compressed));
        Ok(name.filter(|name| !name.units().contains(&0) && String::from_utf16(name.units()).is_ok()))
    }

    /// The value record at an offset, if a free cell has one there.
    fn record(&mut self, offset: u32) -> Result<Option<Found>, Stop<V::Error>> {
        self.pay(RECORD_LEN)?;
        let Some((head, cell)) = self.head::<RECORD_BYTES>(offset, "value")? else { return Ok(None) };
        let Ok(record) = Record::parse(&head, offset, cell) else { return Ok(None) };
        let sound = match record.stored(self.hive.base.minor, usize::MAX) {
            Ok(Stored::Inline(..) | Stored::Empty) => true,
            Ok(Stored::Cell(at, _) | Stored::Segments(at, _)) => in_bins(self.hive.base.bins_size, at, "data").is_ok(),
            Err(_) => false,
        };
        if !sound {
            return Ok(None);
        }
        self.pay(u32::from(record.name_len))?;
        let name = self.name(offset, RECORD_LEN, record.name_len, record.has_compressed_name())?;
        Ok(name.map(|name| (record, name)))
    }

    /// The key node at an offset, if a free cell has one there.
    fn node(&self, offset: u32) -> Result<Option<Key>, Error> {
        let Some((head, cell)) = self.head::<NODE_BYTES>(offset, "key node")? else { return Ok(None) };
        let Ok(node) = Node::parse(&head, offset, cell) else { return Ok(None) };
        if node.name_len == 0 || node.name_len > NAME_BYTES {
            return Ok(None);
        }
        let name = self.name(offset, NODE_LEN, node.name_len, node.has_compressed_name())?;
        Ok(name.filter(|name| !name.units().contains(&BACKSLASH)).map(|name| Key { node, name }))
    }

    /// A deleted key, and its values.
    fn key(&mut self, offset: u32) -> Result<(), Stop<V::Error>> {
        self.pay(NODE_LEN)?;
        let Some(key) = self.node(offset)? else { return Ok(()) };
        let (path, placed) = self.path(&key)?;
        let found = self.listed(&key.node)?;
        if !(if placed { self.wanted(&path) } else { self.below == self.root }) {
            return Ok(());
        }
        let deleted = DeletedKey {
            path: &path,
            last_write: key.node.last_write,
            offset: file_offset(offset),
            values: key.node.values().map_or(0, |(count, _)| count),
            recovered: u32::try_from(found.len()).unwrap_or(u32::MAX),
        };
        self.owner(&if placed { Owner::Deleted(deleted) } else { Owner::Unplaced(deleted) })?;
        found.iter().try_for_each(|found| self.value(found))
    }

    /// The values that the list of a deleted key names, as far as that is free, and they are.
    fn listed(&mut self, node: &Node) -> Result<Vec<Found>, Stop<V::Error>> {
        let Ok((count @ 1.., list)) = node.values() else { return Ok(Vec::new()) };
        if u64::from(count) > self.hive.limits.values {
            return Ok(Vec::new());
        }
        let len = count.saturating_mul(4);
        self.pay(len)?;
        let bytes = self.bytes(list, 0, len, "value list")?.unwrap_or_default();
        let offsets = bytes.as_chunks::<4>().0.iter().map(|&offset| u32::from_le_bytes(offset));
        self.records(offsets)
    }

    /// The deleted values at these offsets.
    fn records(&mut self, offsets: impl Iterator<Item = u32>) -> Result<Vec<Found>, Stop<V::Error>> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        for offset in offsets {
            if let Some(record) = self.record(offset)?
                && seen.insert(offset)
            {
                self.owned.set(offset);
                found.push(record);
            }
        }
        Ok(found)
    }

    /// The path of a deleted key, and whether it is that below the root, since a key that is there stands above it.
    fn path(&mut self, key: &Key) -> Result<(Vec<u16>, bool), Stop<V::Error>> {
        let (root, mut names, mut parent) = (self.hive.base.root, vec![key.name.clone()], key.node.parent);
        let mut placed = false;
        while names.len() <= self.hive.limits.depth {
            let there = parent.is_multiple_of(8) && self.there.has(parent);
            if there && parent == root {
                placed = true;
                break;
            }
            // Below one that is there, all are.
            let above = match (there, placed) {
                (true, _) => Some(Key::read(&self.hive.cells, parent)?),
                (false, false) => self.node(parent)?,
                (false, true) => None,
            };
            placed = there;
            let Some(above) = above else { break };
            self.pay(NODE_LEN.saturating_add(u32::from(above.node.name_len)))?;
            parent = above.node.parent;
            names.push(above.name);
        }
        placed &= parent == root;
        names.reverse();
        let below = names.iter().map(Name::units).collect::<Vec<_>>().join(&BACKSLASH);
        Ok(if placed { ([self.root, &[BACKSLASH], &below].concat(), true) } else { (below, false) })
    }

    /// Whether a path is that of what is asked for, or below it.
    fn wanted(&self, path: &[u16]) -> bool {
        let Some((start, rest)) = path.split_at_checked(self.below.len()) else { return false };
        let same = start.iter().zip(self.below).all(|(&one, &other)| upcase(one) == upcase(other));
        same && matches!(rest.first(), None | Some(&BACKSLASH))
    }

    fn value(&mut self, (record, name): &Found) -> Result<(), Stop<V::Error>> {
        let data = match record.stored(self.hive.base.minor, self.hive.limits.walk_value_bytes) {
            Ok(Stored::Inline(bytes, len)) => Ok(bytes.get(..len).unwrap_or_default().to_vec()),
            Ok(Stored::Empty) => Ok(Vec::new()),
            Ok(Stored::Cell(offset, size)) => {
                self.pay(size)?;
                self.bytes(offset, 0, size, "value data")?.ok_or_else(|| self.gone(offset))
            }
            Ok(Stored::Segments(offset, size)) => {
                self.pay(size)?;
                self.segments(offset, size)?.ok_or_else(|| self.gone(offset))
            }
            Err(_) => Err("it is larger than what is shown of a value"),
        };
        let data = data.as_deref().map_err(|why| *why);
        let value = DeletedValue { name: name.units(), kind: record.kind, data, offset: file_offset(record.offset) };
        self.visit.value(&value).map_err(Stop::Visitor)
    }

    /// Why the data in what was the cell at `offset` is gone.
    fn gone(&self, offset: u32) -> &'static str {
        if self.free.has(offset) { "a part of its data is in use again" } else { "its data cell is in use again" }
    }

    /// Data in segments, if all that leads to it is free.
    fn segments(&self, offset: u32, size: u32) -> Result<Option<Vec<u8>>, Error> {
        const WHAT: &str = "big data";
        let Some((head, cell)) = self.head::<8>(offset, WHAT)? else { return Ok(None) };
        let f = Fields::new(&head, cell.data);
        let list = match f.signature(b"db", WHAT) {
            Ok(()) => f.u32(4, "segment list offset")?,
            Err(_) => return Ok(None),
        };
        let len = size.div_ceil(SEGMENT).saturating_mul(4);
        let Some(list) = self.bytes(list, 0, len, "segment list")? else { return Ok(None) };
        let (mut data, mut left) = (Vec::new(), size);
        for segment in list.as_chunks::<4>().0.iter().map(|&segment| u32::from_le_bytes(segment)) {
            let len = left.min(SEGMENT);
            let Some(bytes) = self.bytes(segment, 0, len, "data segment")? else { return Ok(None) };
            data.extend(bytes);
            left = left.saturating_sub(len);
        }
        Ok(Some(data))
    }
}

/// Goes over the keys that are there: notes each one, and looks behind the last entry of its list of values.
struct Live<'s, 'a, V>(&'s mut Search<'a, V>);

impl<V: VisitDeleted> Live<'_, '_, V> {
    /// The list of a key's values, and where its last entry ends. That the key is damaged is for those to tell who read what
    /// is there.
    fn list(&self, offset: u32) -> Option<(Cell, u32)> {
        let cells = &self.0.hive.cells;
        let cell = cells.cell(offset, NODE_LEN, "key node").ok()?;
        let node = Node::parse(&cells.head(cell, "key node").ok()?, offset, cell).ok()?;
        let (count @ 1.., list) = node.values().ok()? else { return None };
        let end = count.saturating_mul(4);
        Some((cells.cell(list, end, "value list").ok()?, end))
    }

    /// The deleted values that a key's list of values names behind its last entry.
    fn left_over(&mut self, key: &KeyView<'_>, offset: u32) -> Result<(), Stop<V::Error>> {
        let Some((list, end)) = self.list(offset) else { return Ok(()) };
        let most = u32::try_from(self.0.hive.limits.values).unwrap_or(u32::MAX).saturating_mul(4);
        let len = list.len.saturating_sub(end).min(most);
        self.0.pay(len)?;
        let rest = self.0.hive.cells.data(list, end, len, "value list")?;
        let bins_size = self.0.hive.base.bins_size;
        // From the first one on that is no offset, the bytes are those of something else.
        let offsets = rest.as_chunks::<4>().0.iter().map(|&offset| u32::from_le_bytes(offset));
        let found = self.0.records(offsets.take_while(|&at| at != 0 && in_bins(bins_size, at, "value").is_ok()))?;
        if found.is_empty() || !self.0.wanted(key.path) {
            return Ok(());
        }
        self.0.owner(&Owner::Key { path: key.path })?;
        found.iter().try_for_each(|found| self.0.value(found))
    }
}

impl<V: VisitDeleted> Visit for Live<'_, '_, V> {
    type Error = Stop<V::Error>;

    fn key(&mut self, key: &KeyView<'_>) -> Result<Enter, Stop<V::Error>> {
        let offset = u32::try_from(key.offset.saturating_sub(file_offset(0))).unwrap_or(u32::MAX);
        self.0.there.set(offset);
        let done = self.left_over(key, offset);
        self.0.goes_on(done)?;
        Ok(Enter { values: false, subkeys: true })
    }

    fn value(&mut self, _: &ValueView<'_>) -> Result<(), Stop<V::Error>> {
        Ok(())
    }

    fn damage(&mut self, _: &[u16], error: &Error) -> Result<(), Stop<V::Error>> {
        self.0.visit.damage(error).map_err(Stop::Visitor)
    }
}

const BACKSLASH: u16 = 0x5c;
