//! What the lists of a key's subkeys hold: where each subkey is, and by which tags a name is looked for among them.
//!
//! Layout: Maxim Suhanov, "Windows registry file format specification" (msuhanov/regf), sections "Index leaf",
//! "Fast leaf", "Hash leaf" and "Index root".

use std::cell::{OnceCell, RefCell};
use std::cmp::Ordering;
use std::rc::Rc;

use super::cell::{Cell, Cells, file_offset};
use super::key::Key;
use super::node::{ListForm, Node, list_head};
use super::order;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::wide;
use crate::windows::path::Name;
use crate::windows::upcase::upcase;

/// Lists of subkeys that were read, by the offset of their key: look-ups come back to the same few keys. Together they have no
/// more entries than those of one key may have ([`Limits::list_entries`]).
#[derive(Default)]
pub(super) struct Lists {
    kept: Vec<(u32, Rc<Subkeys>)>,
    entries: usize,
}

/// How many keys' lists are kept, and of how many names below one it is kept whether they are there.
const KEPT: usize = 32;
pub(super) const ASKED: usize = 64;

impl Lists {
    pub(super) fn find(&self, key: u32) -> Option<Rc<Subkeys>> {
        self.kept.iter().find(|(offset, _)| *offset == key).map(|(_, lists)| Rc::clone(lists))
    }

    pub(super) fn keep(&mut self, key: u32, lists: &Rc<Subkeys>, limits: &Limits) {
        let more = lists.entries.len();
        if self.kept.len() >= KEPT || wide(self.entries.saturating_add(more)) > limits.list_entries {
            *self = Self::default();
        }
        self.kept.push((key, Rc::clone(lists)));
        self.entries = self.entries.saturating_add(more);
    }
}

/// What a subkey list says of a subkey beside where it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tag {
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

/// Where a list says that a subkey is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Offset of the key's cell.
    pub(super) key: u32,
    pub(super) tag: Tag,
}

impl Entry {
    /// The damage it is when the key that is listed here has another name than its tag says.
    pub(super) fn mismatch(&self, key: &Key) -> Option<Error> {
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
pub(super) type Asked = Result<Option<Key>, Error>;

/// What the subkey lists of a key hold.
#[derive(Default)]
pub(super) struct Subkeys {
    pub(super) entries: Vec<Entry>,
    /// Where each list starts among the entries.
    leaves: Vec<usize>,
    /// Whether an index root names the lists.
    rooted: bool,
    /// The first damage that was met.
    pub(super) doubt: Option<Error>,
    /// Names that were asked for, and what came of it: rules ask for the values of one key at different times.
    pub(super) asked: RefCell<Vec<(Name, Asked)>>,
    /// The damage of a key that is listed twice, once that was looked for.
    pub(super) repeated: OnceCell<Option<Error>>,
    /// The hashes of the keys' own names, in order, and the numbers of their entries. It is there once all keys were read,
    /// and nothing was wrong with any: then only keys of its hash can have a name.
    pub(super) sound: OnceCell<Vec<(u32, usize)>>,
}

impl Subkeys {
    /// All entries of the lists of a key, and the first damage met among them.
    pub(super) fn read(node: &Node, cells: &Cells, limits: &Limits) -> Self {
        const WHAT: &str = "subkey list";
        let mut found = Self::default();
        if let Err(error) = node.subkeys() {
            found.doubt = Some(error);
            return found;
        }
        if node.subkeys == 0 {
            return found;
        }
        let at = At::Offset(file_offset(node.subkey_list));
        let mut reader = Reader { cells, limits, found: &mut found };
        if let Err(error) = reader.read(node.subkey_list, true) {
            found.doubt = Some(error);
            return found;
        }
        let count = wide(found.entries.len());
        if count != u64::from(node.subkeys) {
            let error = Error::damaged(at, WHAT, format!("{} entries", node.subkeys), count.to_string());
            found.doubt.get_or_insert(error);
        }
        found
    }

    /// The entries that may be those of a key called `name`, with their numbers, in the order of their keys; each key once.
    pub(super) fn candidates(&self, name: &Name) -> Vec<(usize, &Entry)> {
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
    pub(super) fn met_by_order(&self, cells: &Cells, name: &Name, found: &Key, number: usize) -> Result<(), Error> {
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
pub(super) fn order_of(name: &Name, key: &Key) -> Ordering {
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
pub(super) fn hash(name: &[u16]) -> u32 {
    name.iter().fold(0u32, |sum, &unit| sum.wrapping_mul(37).wrapping_add(u32::from(upcase(unit))))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "written out to be read")]
mod tests {
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
}
