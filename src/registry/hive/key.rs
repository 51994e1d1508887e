//! Keys, and the search for a subkey.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::rc::Rc;

use super::cell::{Cells, file_offset};
use super::node::{NODE_BYTES, NODE_LEN, Node};
use super::subkeys::{ASKED, Entry, Subkeys, Tag, hash, order_of};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;
use crate::windows::path::Name;

/// Bytes of the longest name that the kernel takes for a key (`REG_MAX_KEY_NAME_LENGTH`).
pub(super) const NAME_BYTES: u16 = 512;
/// Bytes that a name takes in memory beside its characters.
const NAME_OVERHEAD: u64 = 32;

/// A key node with its name.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) node: Node,
    pub(super) name: Name,
}

/// A key whose subkeys are looked for. Its lists are read once, however many names are asked for.
pub(super) struct Parent {
    pub(super) key: Key,
    subkeys: OnceCell<Rc<Subkeys>>,
}

impl Parent {
    pub(super) fn new(key: Key) -> Self {
        Self { key, subkeys: OnceCell::new() }
    }

    /// Finds the subkey called `name`.
    pub(super) fn child(&self, cells: &Cells, name: &Name, limits: &Limits) -> Result<Option<Key>, Error> {
        let lists = self.subkeys(cells, limits);
        let known = lists.asked.borrow().iter().find(|(asked, _)| asked == name).map(|(_, answer)| answer.clone());
        known.unwrap_or_else(|| {
            let answer = self.key.child(cells, lists, name);
            let mut asked = lists.asked.borrow_mut();
            if asked.len() < ASKED {
                asked.push((name.clone(), answer.clone()));
            }
            answer
        })
    }

    /// The names of all subkeys, in the order of the lists.
    pub(super) fn child_names(&self, cells: &Cells, limits: &Limits) -> Result<Vec<Name>, Error> {
        self.key.child_names(cells, self.subkeys(cells, limits), limits)
    }

    /// How many entries of lists are kept.
    pub(super) fn kept(&self) -> usize {
        self.subkeys.get().map_or(0, |subkeys| subkeys.entries.len())
    }

    /// Forgets the lists.
    pub(super) fn forget(&mut self) {
        self.subkeys.take();
    }

    fn subkeys(&self, cells: &Cells, limits: &Limits) -> &Subkeys {
        self.subkeys.get_or_init(|| {
            let offset = self.key.node.offset;
            let known = cells.lists.borrow().find(offset);
            known.unwrap_or_else(|| {
                let lists = Rc::new(Subkeys::read(&self.key.node, cells, limits));
                cells.lists.borrow_mut().keep(offset, &lists, limits);
                lists
            })
        })
    }
}

impl Key {
    /// Reads the key node in the cell at `offset`.
    pub(super) fn read(cells: &Cells, offset: u32) -> Result<Self, Error> {
        let cell = cells.cell(offset, NODE_LEN, "key node")?;
        let head: [u8; NODE_BYTES] = cells.head(cell, "key node")?;
        let node = Node::parse(&head, offset, cell)?;
        if node.name_len > NAME_BYTES {
            let (at, found) = (At::Offset(file_offset(offset)), node.name_len.to_string());
            return Err(Error::damaged(at, "key name length", format!("at most {NAME_BYTES} bytes"), found));
        }
        let name = cells.name(cell, NODE_LEN, node.name_len, node.has_compressed_name(), "key name")?;
        Ok(Self { name, node })
    }

    /// Finds the subkey called `name`.
    ///
    /// The list's own hashes and hints say which key nodes are worth reading; the sort order is not trusted to find one.
    /// What is found so is an answer only if Windows finds it too, which goes by the order of names (see [`order`]).
    /// "Absent" is answered only when nothing on the way was damaged: the lists are as long as their key says, every
    /// candidate could be read and belongs to its hash, and a binary search by name misses as well.
    fn child(&self, cells: &Cells, lists: &Subkeys, name: &Name) -> Result<Option<Key>, Error> {
        let mut doubt = lists.doubt.clone();
        let mut found: Option<(usize, Key)> = None;
        for (number, entry) in lists.candidates(name) {
            match Key::read(cells, entry.key) {
                Ok(key) if key.node.parent != self.node.offset => {
                    doubt.get_or_insert(self.foreign(&key));
                }
                Ok(key) if !name.matches(key.name.units()) => {
                    if let Some(error) = entry.mismatch(&key) {
                        doubt.get_or_insert(error);
                    }
                }
                Ok(key) => match &found {
                    None => found = Some((number, key)),
                    Some((_, first)) => {
                        let at = At::Offset(file_offset(key.node.offset));
                        let expected = format!("one subkey called {name}, at {:#x}", file_offset(first.node.offset));
                        return Err(Error::damaged(at, "subkey list", expected, "another"));
                    }
                },
                Err(error) => {
                    doubt.get_or_insert(error);
                }
            }
        }
        match (found, doubt) {
            (Some((number, key)), _) => {
                lists.met_by_order(cells, name, &key, number)?;
                Ok(Some(key))
            }
            (None, Some(error)) => Err(error),
            (None, None) => match self.repeated(lists) {
                Some(error) => Err(error.clone()),
                None => self.absent_by_order(cells, name, &lists.entries),
            },
        }
    }

    /// The names of all subkeys, in the order of the lists.
    fn child_names(&self, cells: &Cells, lists: &Subkeys, limits: &Limits) -> Result<Vec<Name>, Error> {
        if let Some(error) = lists.doubt.as_ref().or_else(|| self.repeated(lists)) {
            return Err(error.clone());
        }
        let (mut names, mut hashes) = (Vec::new(), Vec::new());
        let mut bytes = 0u64;
        for (number, entry) in lists.entries.iter().enumerate() {
            let key = Key::read(cells, entry.key)?;
            // What is not in the list counts as absent, so each entry must be the key that it says.
            if key.node.parent != self.node.offset {
                return Err(self.foreign(&key));
            }
            if let Some(error) = entry.mismatch(&key) {
                return Err(error);
            }
            let size = wide(key.name.units().len()).saturating_mul(2);
            bytes = bytes.saturating_add(size).saturating_add(NAME_OVERHEAD);
            if bytes > limits.list_bytes {
                let at = At::Offset(file_offset(self.node.offset));
                return Err(Error::Limit { at, what: "bytes of subkeys' names", limit: limits.list_bytes });
            }
            hashes.push((hash(key.name.units()), number));
            names.push(key.name);
        }
        lists.sound.get_or_init(|| {
            hashes.sort_unstable();
            hashes
        });
        Ok(names)
    }

    /// Looks for `name` by the order that lists are sorted in, where its tag did not show it. A hit means that the tag is
    /// wrong: Windows would not find the key either, so it is neither present nor absent but damaged. So is a list whose keys
    /// belong to another parent: it says nothing of this one's.
    fn absent_by_order(&self, cells: &Cells, name: &Name, entries: &[Entry]) -> Result<Option<Key>, Error> {
        let mut part = entries;
        while let Some(entry) = part.get(part.len() / 2) {
            if matches!(entry.tag, Tag::None) {
                break; // every key of an index leaf was read by name already
            }
            let key = Key::read(cells, entry.key)?;
            if key.node.parent != self.node.offset {
                return Err(self.foreign(&key));
            }
            if let Some(error) = entry.mismatch(&key) {
                return Err(error);
            }
            let (before, after) = part.split_at(part.len() / 2);
            part = match order_of(name, &key) {
                Ordering::Less => before,
                Ordering::Greater => after.get(1..).unwrap_or_default(),
                Ordering::Equal => {
                    let at = At::Offset(file_offset(key.node.offset));
                    return Err(Error::damaged(at, "subkey list", format!("the hash of {name}"), "another hash"));
                }
            };
        }
        Ok(None)
    }

    /// The damage it is when a key is listed twice: one of the two entries was another key's, which may be any.
    fn repeated<'a>(&self, lists: &'a Subkeys) -> Option<&'a Error> {
        let error = || {
            let mut keys: Vec<u32> = lists.entries.iter().map(|entry| entry.key).collect();
            keys.sort_unstable();
            let twice = keys.windows(2).find_map(|pair| pair.first().filter(|first| pair.last() == Some(first)))?;
            let at = At::Offset(file_offset(self.node.subkey_list));
            let found = format!("the one at {:#x} twice", file_offset(*twice));
            Some(Error::damaged(at, "subkey list", "each subkey once", found))
        };
        lists.repeated.get_or_init(error).as_ref()
    }

    /// The damage it is when a key that is listed here belongs to another parent.
    fn foreign(&self, key: &Key) -> Error {
        let at = At::Offset(file_offset(key.node.offset));
        let (expected, found) = (format!("{:#x}", self.node.offset), format!("{:#x}", key.node.parent));
        Error::damaged(at, "parent of a listed key", expected, found)
    }
}
