//! The walk: every key below one, with its values, in the order in which the hive lists them.
//!
//! Memory is bounded by the blocks, one value and the path; the work by how often the hive's size may be passed
//! ([`Limits::walk_passes`](crate::limits::Limits::walk_passes)). Damage ends nothing but the item that has it: it is told
//! where it stands, and the walk goes on beside it.

mod lists;

use super::Hive;
use super::blocks::Blocks;
use super::cell::{Cell, file_offset};
use super::data::{RECORD_BYTES, RECORD_LEN, Record, Stored, big_data};
use super::node::{NODE_BYTES, NODE_LEN, Node, append_name};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::windows::FileTime;
use crate::windows::upcase::upcase;
use crate::windows::value::ValueType;
use lists::Lists;

/// Where a walk starts: a key that [`Hive::find`] has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRef(pub(super) u32);

/// A key that a walk has come to.
#[derive(Debug, Clone, Copy)]
pub struct KeyView<'a> {
    /// The path that the walk was given for its start, and the names below it, between backslashes; UTF-16 units.
    pub path: &'a [u16],
    /// The last name of the path; empty at the start.
    pub name: &'a [u16],
    /// Levels below the start.
    pub depth: usize,
    /// When the key, or any value in it, was last written.
    pub last_write: FileTime,
    /// Where the key's cell is, in bytes from the start of the file.
    pub offset: u64,
    /// Whether it is a symbolic link; its `SymbolicLinkValue` says where to. A walk does not follow it.
    pub link: bool,
    /// The handle that it stands for, if it is a predefined one: Windows opens another key in its place.
    pub handle: Option<u32>,
    /// Whether a differencing hive says with this that there is no such key.
    pub tombstone: bool,
}

/// A value of the key that a walk came to last.
#[derive(Debug, Clone, Copy)]
pub struct ValueView<'a> {
    /// Its name in UTF-16 units; empty for the default value.
    pub name: &'a [u16],
    /// The stored type.
    pub kind: ValueType,
    /// The stored bytes.
    pub data: &'a [u8],
    /// Where the value's record is, in bytes from the start of the file.
    pub offset: u64,
    /// Whether a differencing hive says with this that there is no such value.
    pub tombstone: bool,
}

/// What a walk is to pass of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enter {
    /// Its values.
    pub values: bool,
    /// The keys below it.
    pub subkeys: bool,
}

/// Who is walked for. An error of a visitor ends the walk.
pub trait Visit {
    /// What can go wrong.
    type Error;

    /// A key; its values follow, then the keys below it.
    ///
    /// # Errors
    /// Whatever the visitor cannot go on with.
    fn key(&mut self, key: &KeyView<'_>) -> Result<Enter, Self::Error>;

    /// A value of the last key.
    ///
    /// # Errors
    /// Whatever the visitor cannot go on with.
    fn value(&mut self, value: &ValueView<'_>) -> Result<(), Self::Error>;

    /// Something in or below the key at `path` that cannot be read, or is not as it should be.
    ///
    /// # Errors
    /// Whatever the visitor cannot go on with.
    fn damage(&mut self, path: &[u16], error: &Error) -> Result<(), Self::Error>;
}

impl Hive {
    /// Walks over `start` and all below it, depth first. `path` is what the start is called.
    ///
    /// # Errors
    /// Those of the visitor alone; damage is told to it.
    pub fn walk<V: Visit>(&self, start: KeyRef, path: &[u16], visit: &mut V) -> Result<(), V::Error> {
        let pages = &self.cells.pages;
        let size = u64::from(self.base.bins_size).min(pages.source_len());
        let mut walker = Walker {
            hive: self,
            blocks: Blocks::new(pages.source(), self.base.bins_size, self.limits.walk_blocks),
            visit,
            stack: Vec::new(),
            path: path.to_vec(),
            name: Vec::new(),
            list: Vec::new(),
            budget: Budget::of(size, &self.limits),
        };
        match walker.run(start.0) {
            Ok(()) => Ok(()),
            Err(Stop::Visitor(error)) => Err(error),
            Err(Stop::Budget(error)) => walker.visit.damage(&walker.path, &error),
        }
    }
}

/// Bytes that may still be passed.
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    /// That of a hive of so many bytes.
    pub(super) fn of(size: u64, limits: &Limits) -> Self {
        Self { left: size.saturating_mul(limits.walk_passes) }
    }

    pub(super) fn pay(&mut self, bytes: u32) -> Result<(), Error> {
        match self.left.checked_sub(u64::from(bytes)) {
            Some(left) => self.left = left,
            None => {
                let found = "keys or values that lead to the same ones again and again: walked no further";
                return Err(Error::damaged(At::Whole, "hive", "cells that belong to one key each", found));
            }
        }
        Ok(())
    }
}

enum Stop<E> {
    Visitor(E),
    Budget(Error),
}

/// A key on the way down.
struct Frame {
    key: u32,
    /// Units of its path.
    path: usize,
    lists: Lists,
    /// The subkey listed last.
    last: Option<u32>,
    /// Its name, where the next one's is to come behind it.
    last_name: Vec<u16>,
}

struct Walker<'h, V> {
    hive: &'h Hive,
    blocks: Blocks<'h>,
    visit: &'h mut V,
    stack: Vec<Frame>,
    path: Vec<u16>,
    name: Vec<u16>,
    list: Vec<u32>,
    budget: Budget,
}

impl<V: Visit> Walker<'_, V> {
    fn run(&mut self, start: u32) -> Result<(), Stop<V::Error>> {
        self.enter(start, None)?;
        while let Some(frame) = self.stack.last_mut() {
            self.path.truncate(frame.path);
            let parent = frame.key;
            match frame.lists.next(&mut self.blocks, &mut self.budget)? {
                Some(Ok(key)) if frame.last.replace(key) == Some(key) => {
                    let error = Error::damaged(At::Offset(file_offset(key)), "subkey list", "a key once", "it twice");
                    self.damage(&error)?;
                }
                Some(Ok(key)) => self.enter(key, Some(parent))?,
                Some(Err(error)) => self.damage(&error)?,
                None => {
                    self.stack.pop();
                }
            }
        }
        Ok(())
    }

    fn damage(&mut self, error: &Error) -> Result<(), Stop<V::Error>> {
        self.visit.damage(&self.path, error).map_err(Stop::Visitor)
    }

    /// Comes to a key, passes its values, and puts it on the stack if its subkeys are wanted.
    fn enter(&mut self, offset: u32, parent: Option<u32>) -> Result<(), Stop<V::Error>> {
        let at = At::Offset(file_offset(offset));
        if self.stack.iter().any(|frame| frame.key == offset) {
            return self.damage(&Error::damaged(at, "subkey list", "keys below their own", "one that is above itself"));
        }
        let node = match self.node(offset) {
            Ok(node) => node,
            Err(error) => return self.damage(&error),
        };
        self.budget.pay(NODE_LEN.saturating_add(u32::from(node.name_len))).map_err(Stop::Budget)?;
        let limit = self.hive.limits.depth;
        // Names of Windows have at most 255 characters: no real path is longer than that many for each level.
        let long = self.path.len().saturating_add(self.name.len()) > limit.saturating_mul(256);
        if self.stack.len() > limit || long {
            let limit = wide(limit);
            return self.damage(&Error::Limit { at, what: "levels of keys", limit });
        }
        if let Some(parent) = parent {
            self.path.push(BACKSLASH);
            self.path.extend_from_slice(&self.name);
            self.check(&node, parent)?;
        }
        let name = if parent.is_some() { self.name.as_slice() } else { &[] };
        let view = KeyView {
            path: &self.path,
            name,
            depth: self.stack.len(),
            last_write: node.last_write,
            offset: file_offset(offset),
            link: node.is_link(),
            handle: node.handle(),
            tombstone: self.hive.base.is_differencing() && node.is_tombstone(),
        };
        let enter = self.visit.key(&view).map_err(Stop::Visitor)?;
        if enter.values {
            self.values(&node)?;
        }
        if enter.subkeys {
            match Lists::open(&node, &mut self.blocks, &mut self.budget)? {
                Ok(Some(lists)) => {
                    self.stack.push(Frame {
                        key: offset,
                        path: self.path.len(),
                        lists,
                        last: None,
                        last_name: Vec::new(),
                    });
                }
                Ok(None) => {}
                Err(error) => self.damage(&error)?,
            }
        }
        Ok(())
    }

    /// Reads a key node, and its name into the buffer.
    fn node(&mut self, offset: u32) -> Result<Node, Error> {
        let (cell, data) = self.blocks.cell(offset, NODE_LEN, "key node")?;
        let Some(head) = data.first_chunk() else { return Err(short(cell, NODE_LEN, "key node")) };
        let node = Node::parse(head, offset, cell)?;
        self.name.clear();
        let end = NODE_BYTES.saturating_add(usize::from(node.name_len));
        // Nearly always the name lies in the same block.
        let name = match data.get(NODE_BYTES..end) {
            Some(name) => name,
            None => self.blocks.name(cell, NODE_LEN, node.name_len, "key name")?,
        };
        append_name(name, node.has_compressed_name(), &mut self.name);
        Ok(node)
    }

    /// What is odd about a key that is read all the same.
    fn check(&mut self, node: &Node, parent: u32) -> Result<(), Stop<V::Error>> {
        let at = At::Offset(file_offset(node.offset));
        if node.parent != parent {
            let (expected, found) = (format!("{parent:#x}"), format!("{:#x}", node.parent));
            self.damage(&Error::damaged(at, "parent of a listed key", expected, found))?;
        }
        if self.name.is_empty() || self.name.contains(&BACKSLASH) {
            let found = format!("\"{}\"", String::from_utf16_lossy(&self.name));
            self.damage(&Error::damaged(at, "key name", "one or more characters, none of them a backslash", found))?;
        }
        if let Some(error) = node.no_handle() {
            self.damage(&error)?;
        }
        self.order(at)
    }

    /// Where Windows goes by the order of names, it may not find a key that is out of it.
    fn order(&mut self, at: At) -> Result<(), Stop<V::Error>> {
        let Some(frame) = self.stack.last_mut() else { return Ok(()) };
        let upper = |name: &[u16]| name.iter().map(|&unit| upcase(unit)).collect::<Vec<u16>>();
        let unsorted =
            frame.lists.sorted() && !frame.last_name.is_empty() && upper(&frame.last_name) >= upper(&self.name);
        if frame.lists.may_be_sorted() {
            frame.last_name.clone_from(&self.name);
        }
        if !unsorted {
            return Ok(());
        }
        let found = format!("\"{}\" out of it: Windows may not find the key", String::from_utf16_lossy(&self.name));
        self.damage(&Error::damaged(at, "subkey list", "keys in the order of their names", found))
    }

    fn values(&mut self, node: &Node) -> Result<(), Stop<V::Error>> {
        match self.value_list(node) {
            Ok(()) => {}
            Err(error) => return self.damage(&error),
        }
        let count = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.budget.pay(count.saturating_mul(4)).map_err(Stop::Budget)?;
        let list = std::mem::take(&mut self.list);
        for &offset in &list {
            match self.record(offset) {
                Ok(record) => self.value(&record)?,
                Err(error) => self.damage(&error)?,
            }
        }
        self.list = list;
        Ok(())
    }

    /// Reads the offsets of a key's values into the buffer.
    fn value_list(&mut self, node: &Node) -> Result<(), Error> {
        const WHAT: &str = "value list";
        self.list.clear();
        let (count, list) = node.values()?;
        if count == 0 {
            return Ok(());
        }
        if u64::from(count) > self.hive.limits.values {
            let (at, limit) = (At::Offset(file_offset(list)), self.hive.limits.values);
            return Err(Error::Limit { at, what: "values of one key", limit });
        }
        let len = count.saturating_mul(4);
        let (_, data) = self.blocks.cell(list, len, WHAT)?;
        let offsets = data.get(..narrow(len)).unwrap_or_default();
        self.list.extend(offsets.as_chunks::<4>().0.iter().map(|&offset| u32::from_le_bytes(offset)));
        Ok(())
    }

    /// Reads a value's record, and its name into the buffer.
    fn record(&mut self, offset: u32) -> Result<Record, Error> {
        let (cell, data) = self.blocks.cell(offset, RECORD_LEN, "value")?;
        let Some(head) = data.first_chunk() else { return Err(short(cell, RECORD_LEN, "value")) };
        let record = Record::parse(head, offset, cell)?;
        self.name.clear();
        let name = match data.get(RECORD_BYTES..RECORD_BYTES.saturating_add(usize::from(record.name_len))) {
            Some(name) => name,
            None => self.blocks.name(cell, RECORD_LEN, record.name_len, "value name")?,
        };
        append_name(name, record.has_compressed_name(), &mut self.name);
        Ok(record)
    }

    fn value(&mut self, record: &Record) -> Result<(), Stop<V::Error>> {
        self.budget.pay(RECORD_LEN.saturating_add(u32::from(record.name_len))).map_err(Stop::Budget)?;
        let Self { hive, blocks, visit, name, path, budget, .. } = self;
        let (inline, segments);
        let data = match record.stored(hive.base.minor, hive.limits.walk_value_bytes) {
            Ok(Stored::Inline(bytes, len)) => {
                inline = bytes;
                Ok(inline.get(..len).unwrap_or_default())
            }
            Ok(Stored::Empty) => Ok(&[][..]),
            Ok(Stored::Cell(offset, size)) => {
                budget.pay(size).map_err(Stop::Budget)?;
                let len = narrow(size);
                blocks.cell(offset, size, "value data").map(|(_, data)| data.get(..len).unwrap_or_default())
            }
            Ok(Stored::Segments(offset, size)) => {
                budget.pay(size).map_err(Stop::Budget)?;
                match big_data(&hive.cells, offset, size) {
                    Ok(data) => {
                        segments = data;
                        Ok(segments.as_slice())
                    }
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        match data {
            Ok(data) => {
                let (offset, tombstone) =
                    (file_offset(record.offset), hive.base.is_differencing() && record.is_tombstone());
                let view = ValueView { name, kind: record.kind, data, offset, tombstone };
                visit.value(&view).map_err(Stop::Visitor)
            }
            Err(error) => visit.damage(path, &error).map_err(Stop::Visitor),
        }
    }
}

/// A cell whose data is shorter than was asked for, which [`Blocks::cell`] refuses.
#[cold]
fn short(cell: Cell, need: u32, what: &'static str) -> Error {
    Error::damaged(At::Offset(cell.data), what, format!("{need} bytes"), "fewer")
}

const BACKSLASH: u16 = 0x5c;
