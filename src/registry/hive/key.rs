//! Keys, and the search for a subkey.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), sections "Index leaf",
//! "Fast leaf", "Hash leaf" and "Index root".

use std::cell::{OnceCell, RefCell};
use std::cmp::Ordering;
use std::rc::Rc;

use super::cell::{Cell, Cells, file_offset};
use super::node::{ListForm, NODE_BYTES, NODE_LEN, Node, list_head};
use super::order;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::wide;
use crate::windows::path::Name;
use crate::windows::upcase::upcase;

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

/// Lists of subkeys that were read, by the offset of their key: look-ups come back to the same few keys. Together they have no
/// more entries than those of one key may have ([`Limits::list_entries`]).
#[derive(Default)]
pub(super) struct Lists {
    kept: Vec<(u32, Rc<Subkeys>)>,
    entries: usize,
}

/// How many keys' lists are kept, and of how many names below one it is kept whether they are there.
const KEPT: usize = 32;
const ASKED: usize = 64;

impl Lists {
    fn find(&self, key: u32) -> Option<Rc<Subkeys>> {
        self.kept.iter().find(|(offset, _)| *offset == key).map(|(_, lists)| Rc::clone(lists))
    }

    fn keep(&mut self, key: u32, lists: &Rc<Subkeys>, limits: &Limits) {
        let more = lists.entries.len();
        if self.kept.len() >= KEPT || wide(self.entries.saturating_add(more)) > limits.list_entries {
            *self = Self::default();
        }
        self.kept.push((key, Rc::clone(lists)));
        self.entries = self.entries.saturating_add(more);
    }
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
                let lists = Rc::new(self.key.subkeys(cells, limits));
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

    /// All entries of the subkey lists, and the first damage met among them.
    fn subkeys(&self, cells: &Cells, limits: &Limits) -> Subkeys {
        const WHAT: &str = "subkey list";
        let mut found = Subkeys::default();
        if let Err(error) = self.node.subkeys() {
            found.doubt = Some(error);
            return found;
        }
        if self.node.subkeys == 0 {
            return found;
        }
        let at = At::Offset(file_offset(self.node.subkey_list));
        let mut reader = Reader { cells, limits, found: &mut found };
        if let Err(error) = reader.read(self.node.subkey_list, true) {
            found.doubt = Some(error);
            return found;
        }
        let count = wide(found.entries.len());
        if count != u64::from(self.node.subkeys) {
            let error = Error::damaged(at, WHAT, format!("{} entries", self.node.subkeys), count.to_string());
            found.doubt.get_or_insert(error);
        }
        found
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

/// What a subkey list says of a subkey beside where it is.
#[derive(Debug, Clone, Copy)]
enum Tag {
    /// Nothing (index leaf).
    None,
    /// The first four characters, zero-filled; a zero at the start means that they are not all 8-bit (fast leaf).
    Hint([u8; 4]),
    /// [`hash`] of the name (hash leaf).
    Hash(u32),
}

/// A name that is held against tags.
struct Wanted {
    hash: u32,
    /// Its first characters upcased, zero-filled; none for one that has no 8 bits, which a hint does not have.
    start: [Option<u16>; 4],
}

impl Wanted {
    /// The name, whose hash this is.
    fn new(name: &[u16], hash: u32) -> Self {
        let mut start = [Some(0); 4];
        for (to, &unit) in start.iter_mut().zip(name) {
            *to = (unit <= 0xff).then(|| upcase(unit));
        }
        Self { hash, start }
    }

    /// Whether a key of this name can have this tag.
    #[inline]
    fn is_allowed(&self, tag: Tag) -> bool {
        match tag {
            Tag::None => true,
            Tag::Hash(tag) => tag == self.hash,
            Tag::Hint(hint) if hint.first() == Some(&0) => true,
            Tag::Hint(hint) => self.start.iter().zip(hint).all(|(unit, byte)| match *unit {
                None => true,
                Some(0) => byte == 0,
                Some(unit) => upcase(u16::from(byte)) == unit,
            }),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Offset of the key's cell.
    key: u32,
    tag: Tag,
}

impl Entry {
    /// The damage it is when the key that is listed here has another name than its tag says.
    fn mismatch(&self, key: &Key) -> Option<Error> {
        let own = hash(key.name.units());
        if Wanted::new(key.name.units(), own).is_allowed(self.tag) {
            return None;
        }
        let at = At::Offset(file_offset(key.node.offset));
        let expected = match self.tag {
            Tag::Hash(tag) => format!("a name with hash {tag:#010x}"),
            Tag::Hint(hint) => format!("a name that starts with \"{}\"", hint.escape_ascii()),
            Tag::None => return None,
        };
        Some(Error::damaged(at, "key name", expected, format!("\"{}\"", key.name)))
    }
}

/// What came of the search for a subkey.
type Asked = Result<Option<Key>, Error>;

/// What the subkey lists of a key hold.
#[derive(Default)]
struct Subkeys {
    entries: Vec<Entry>,
    /// Where each list starts among the entries.
    leaves: Vec<usize>,
    /// Whether an index root names the lists.
    rooted: bool,
    /// The first damage that was met.
    doubt: Option<Error>,
    /// Names that were asked for, and what came of it: rules ask for the values of one key at different times.
    asked: RefCell<Vec<(Name, Asked)>>,
    /// The damage of a key that is listed twice, once that was looked for.
    repeated: OnceCell<Option<Error>>,
    /// The hashes of the keys' own names, in order, and the numbers of their entries. It is there once all keys were read,
    /// and nothing was wrong with any: then only keys of its hash can have a name.
    sound: OnceCell<Vec<(u32, usize)>>,
}

impl Subkeys {
    /// The entries that may be those of a key called `name`, with their numbers, in the order of their keys; each key once.
    fn candidates(&self, name: &Name) -> Vec<(usize, &Entry)> {
        let hash = hash(name.units());
        let mut candidates: Vec<(usize, &Entry)> = match self.sound.get() {
            Some(hashes) => {
                let first = hashes.partition_point(|&(other, _)| other < hash);
                let same = hashes.get(first..).unwrap_or_default().iter().take_while(|&&(other, _)| other == hash);
                same.filter_map(|&(_, number)| Some((number, self.entries.get(number)?))).collect()
            }
            None => {
                let wanted = Wanted::new(name.units(), hash);
                let is_allowed = |entry: &Entry| match entry.tag {
                    Tag::Hash(tag) => tag == hash, // of nearly all lists
                    tag => wanted.is_allowed(tag),
                };
                self.entries.iter().enumerate().filter(|(_, entry)| is_allowed(entry)).collect()
            }
        };
        // A list that names one key a million times is not to cost as many reads.
        candidates.sort_by_key(|(_, entry)| entry.key);
        candidates.dedup_by_key(|(_, entry)| entry.key);
        candidates
    }

    /// Whether Windows meets the key, which this entry names, where it looks for that name. If not, the key is there and yet
    /// not to be found, which is damage.
    fn met_by_order(&self, cells: &Cells, name: &Name, found: &Key, number: usize) -> Result<(), Error> {
        let Self { entries, leaves, .. } = self;
        let order = |at: usize| match entries.get(at) {
            None => Ok(Ordering::Greater),
            Some(entry) => {
                let key = Key::read(cells, entry.key)?;
                entry.mismatch(&key).map_or(Ok(()), Err)?;
                Ok(order_of(name, &key))
            }
        };
        let leaf = |leaf: usize| {
            let start = leaves.get(leaf).copied().unwrap_or_default();
            let next = leaf.checked_add(1).and_then(|next| leaves.get(next)).copied();
            start..next.unwrap_or(entries.len())
        };
        let goes_on_in = if self.rooted { order::leaf(leaves.len(), leaf, order)? } else { Some(0) };
        let met = match goes_on_in.map(leaf) {
            None => false,
            Some(leaf) => match entries.get(leaf.start).map(|entry| entry.tag) {
                // Of a hash leaf, Windows looks at each entry.
                Some(Tag::Hash(_)) => {
                    let is_found = |entry: &Entry| entry.key == found.node.offset;
                    leaf.contains(&number) || entries.get(leaf).unwrap_or_default().iter().any(is_found)
                }
                _ => order::entry(leaf, order)?
                    .and_then(|at| entries.get(at))
                    .is_some_and(|e| e.key == found.node.offset),
            },
        };
        if met {
            return Ok(());
        }
        let at = At::Offset(file_offset(found.node.offset));
        let unmet = format!("\"{name}\" where Windows, which goes by that order, does not look for it");
        Err(Error::damaged(at, "subkey list", "keys in the order of their names", unmet))
    }
}

struct Reader<'a> {
    cells: &'a Cells,
    limits: &'a Limits,
    found: &'a mut Subkeys,
}

/// Where `name` stands before or behind the name of `key`, as Windows sorts them.
fn order_of(name: &Name, key: &Key) -> Ordering {
    name.units().iter().map(|&unit| upcase(unit)).cmp(key.name.units().iter().map(|&unit| upcase(unit)))
}

impl Reader<'_> {
    /// Reads the list at `offset`. An index root may stand at the top alone, so nesting is bounded by the format.
    fn read(&mut self, offset: u32, top: bool) -> Result<(), Error> {
        const WHAT: &str = "subkey list";
        let cell: Cell = self.cells.cell(offset, 4, WHAT)?;
        let head: [u8; 4] = self.cells.head(cell, WHAT)?;
        let (form, count) = list_head(&head, cell.data, top)?;
        let width = form.width();
        let bytes = self.cells.data(cell, 4, count.saturating_mul(width), WHAT)?;
        let f = Fields::new(&bytes, cell.data.saturating_add(4));
        if form == ListForm::Root {
            self.found.rooted = true;
            for at in (0..bytes.len()).step_by(4) {
                if let Err(error) = self.read(f.u32(at, WHAT)?, false) {
                    if matches!(error, Error::Limit { .. }) {
                        return Err(error);
                    }
                    self.found.doubt.get_or_insert(error);
                }
            }
            return Ok(());
        }
        let total = wide(self.found.entries.len()).saturating_add(u64::from(count));
        if total > self.limits.list_entries {
            let limit = self.limits.list_entries;
            return Err(Error::Limit { at: At::Offset(cell.data), what: "subkeys of one key", limit });
        }
        self.found.leaves.push(self.found.entries.len());
        for at in (0..bytes.len()).step_by(if width == 8 { 8 } else { 4 }) {
            let tag = match form {
                ListForm::Hash => Tag::Hash(f.u32(at.saturating_add(4), "name hash")?),
                ListForm::Fast => Tag::Hint(f.u32(at.saturating_add(4), "name hint")?.to_le_bytes()),
                ListForm::Index | ListForm::Root => Tag::None,
            };
            self.found.entries.push(Entry { key: f.u32(at, WHAT)?, tag });
        }
        Ok(())
    }
}

/// The hash of a key's name in a hash leaf.
fn hash(name: &[u16]) -> u32 {
    name.iter().fold(0u32, |sum, &unit| sum.wrapping_mul(37).wrapping_add(u32::from(upcase(unit))))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "written out to be read")]
mod tests {
    use super::super::node::decode_name;
    use super::*;

    fn units(s: &str) -> Vec<u16> {
        s.encode_utf16().collect()
    }

    #[test]
    fn the_hash_ignores_case() {
        assert_eq!(hash(&units("Control")), hash(&units("CONTROL")));
        assert_eq!(hash(&units("ab")), 0x41 * 37 + 0x42);
    }

    #[test]
    fn hints_select_by_the_first_four_characters() {
        let allows = |hint: [u8; 4], name: &str| Wanted::new(&units(name), 0).is_allowed(Tag::Hint(hint));
        assert!(allows(*b"TLS ", "tls 1.2"));
        assert!(!allows(*b"TLS1", "TLS 1.2"));
        assert!(allows(*b"ab\0\0", "AB"));
        assert!(!allows(*b"ab\0\0", "abc"));
        assert!(!allows(*b"abc\0", "ab"));
        assert!(allows([0; 4], "anything"));
    }

    #[test]
    fn names_of_both_forms_decode() {
        assert_eq!(decode_name(b"\xe9t", true), Name::from("ét"));
        assert_eq!(decode_name(b"\x16\x04x", false), Name::from("Ж"));
    }
}
