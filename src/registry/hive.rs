//! Raw hives (regf 1.3 to 1.6): look-ups read lazily by 4 KiB pages, walks by 64 KiB blocks.
//!
//! Nothing that a file says is believed before it is checked: offsets and lengths against the hive's size, signatures,
//! allocation, names against the hashes that list them. What cannot be read becomes [`Lookup::Unreadable`], never "absent".
#![deny(clippy::arithmetic_side_effects)]

mod base_block;
mod bin;
mod blocks;
mod cell;
mod data;
mod deleted;
mod key;
mod log;
mod mounted;
mod node;
mod order;
mod subkeys;
mod walk;

use std::cell::RefCell;
use std::sync::Arc;

pub use base_block::BaseBlock;
pub(crate) use base_block::{SIGNATURE, is_log};
pub use deleted::{DeletedKey, DeletedValue, Owner, VisitDeleted};
pub use log::{Recovery, Refused, log_fits, replay, replay_to};
pub use mounted::Mounted;
pub use walk::{Enter, KeyRef, KeyView, ValueView, Visit};

use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;
use crate::place::Place;
use crate::read_at::ReadAt;
use crate::registry::{Found, KeyInfo, Listing, Lookup};
use crate::windows::control_set;
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::ValueType;
use cell::{Cells, Pages, file_offset};
use data::Search;
use key::{Key, Parent};

/// An open hive.
pub struct Hive {
    artifact: Arc<str>,
    base: BaseBlock,
    cells: Cells,
    limits: Limits,
    /// The keys, the root first, that the last look-up went through: rules ask for one key's values in a row, and for keys
    /// that lie side by side. No links and no tombstones are in it, since a look-up ends at those. The lists of all but
    /// the last have together no more entries than those of one key may have ([`Limits::list_entries`]).
    trail: RefCell<Vec<Parent>>,
}

/// What a hive has to say to a look-up.
#[derive(Debug)]
pub enum Answer {
    /// The answer itself.
    Lookup(Lookup),
    /// The path goes through a symbolic link: look there instead.
    Link(KeyPath),
}

/// What is to be listed of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Its subkeys.
    Keys,
    /// Its values.
    Values,
}

/// What [`Hive::find`] came to.
#[derive(Debug)]
pub enum Position {
    /// The key, and its path as the hive spells it.
    Key(KeyRef, KeyPath),
    /// A key above it is a symbolic link: look there instead.
    Link(KeyPath),
    /// It is not there, or cannot be read.
    Lookup(Lookup),
}

enum Reached {
    Key(Key),
    /// The key, or one above it, is not there; the offset of the last one that is.
    Absent(u64),
    /// A differencing hive says that the key is not to be seen in the hive it is laid over.
    Deleted,
    Link(KeyPath),
}

impl Hive {
    /// Opens a hive: reads and checks its base block, nothing more.
    ///
    /// # Errors
    /// When the base block cannot be read, is damaged, or is of a version that is not read.
    pub fn open(source: Box<dyn ReadAt>, artifact: Arc<str>, limits: &Limits) -> Result<Self, Error> {
        let pages = Pages::new(source, limits);
        let mut block = [0u8; 512];
        pages.read(0, &mut block, "base block")?;
        let base = BaseBlock::parse(&block)?;
        let cells = Cells::new(pages, &base);
        Ok(Self { artifact, base, cells, limits: limits.clone(), trail: RefCell::default() })
    }

    /// What the base block says.
    pub fn base(&self) -> &BaseBlock {
        &self.base
    }

    /// How the input is called in reports.
    pub fn artifact(&self) -> &Arc<str> {
        &self.artifact
    }

    /// How many 4 KiB pages were read so far.
    pub fn pages_read(&self) -> u64 {
        self.cells.pages.reads()
    }

    /// What is odd about the hive and takes nothing from its answers, as far as they were asked for: a base block that Windows
    /// would not write so, bins without a header.
    pub fn remarks(&self) -> Vec<Error> {
        self.base.remark().into_iter().chain(self.cells.pages.remarks()).collect()
    }

    /// Bytes that are missing at the end of the file, by what the base block says.
    pub fn missing_bytes(&self) -> u64 {
        file_offset(self.base.bins_size).saturating_sub(self.cells.pages.source_len())
    }

    /// All bytes of the hive, as this reader sees them: for a second reader that works on memory.
    ///
    /// # Errors
    /// When they cannot be read, or are more than [`Limits::whole_hive`].
    pub fn bytes(&self) -> Result<Vec<u8>, Error> {
        let what = "the whole hive";
        let len = self.cells.pages.source_len();
        if len > self.limits.whole_hive {
            return Err(Error::Limit { at: At::Whole, what: "bytes of a hive", limit: self.limits.whole_hive });
        }
        let len = usize::try_from(len).map_err(|_| Error::Limit { at: At::Whole, what, limit: u64::MAX })?;
        let mut bytes = vec![0u8; len];
        let read = self.cells.pages.read_source(0, &mut bytes).map_err(|e| Error::io(At::Whole, what, &e))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Looks up a value, or with the name `None` just the key, by its path below the hive's root.
    pub fn lookup(&self, path: &[Name], value: Option<&Name>) -> Answer {
        let key = match self.reach(path, true) {
            Ok(Reached::Key(key)) => key,
            Ok(Reached::Deleted) => return Answer::Lookup(Lookup::KeyAbsent),
            Ok(Reached::Absent(reached)) => return Answer::Lookup(self.absent(Lookup::KeyAbsent, reached)),
            Ok(Reached::Link(target)) => return Answer::Link(target),
            Err((error, offset)) => return Answer::Lookup(Lookup::Unreadable(error, self.place(offset))),
        };
        let reached = file_offset(key.node.offset);
        let info = KeyInfo { last_write: key.node.last_write.known(), place: self.place(reached) };
        let Some(value) = value else { return Answer::Lookup(Lookup::ValueAbsent(info)) };
        if let Some(error) = elsewhere(&key) {
            return Answer::Lookup(Lookup::Unreadable(error, self.place(reached)));
        }
        Answer::Lookup(match data::find(&self.cells, self.base.minor, &key.node, value, &self.limits) {
            Ok(Search::Found(value, offset)) => Lookup::Found(Found { value, place: self.place(offset), key: info }),
            Ok(Search::Deleted) => Lookup::ValueAbsent(info),
            Ok(Search::Absent) => self.absent(Lookup::ValueAbsent(info), reached),
            Err(error) => Lookup::Unreadable(error, self.place(reached)),
        })
    }

    /// The key right below the root that is called `CurrentControlSet`: where it stands, or, if it is a symbolic link, where it
    /// leads.
    pub fn own_control_set(&self) -> Option<(Place, Option<KeyPath>)> {
        match self.lookup(&[control_set::alias()], None) {
            Answer::Lookup(Lookup::ValueAbsent(info)) => Some((info.place, None)),
            Answer::Link(target) => Some((Place::new(&self.artifact, At::Whole), Some(target))),
            Answer::Lookup(_) => None,
        }
    }

    /// Finds a key for [`Hive::walk`], by its path below the hive's root. Unlike a look-up, this does not follow a link at
    /// the end of the path: the link itself is what is found.
    pub fn find(&self, path: &[Name]) -> Position {
        match self.reach(path, false) {
            Ok(Reached::Key(key)) => match self.spelled(&key, path.len()) {
                Ok(spelled) => Position::Key(KeyRef(key.node.offset), spelled),
                Err(error) => Position::Lookup(Lookup::Unreadable(error, self.place(file_offset(key.node.offset)))),
            },
            Ok(Reached::Deleted) => Position::Lookup(Lookup::KeyAbsent),
            Ok(Reached::Absent(reached)) => Position::Lookup(self.absent(Lookup::KeyAbsent, reached)),
            Ok(Reached::Link(target)) => Position::Link(target),
            Err((error, offset)) => Position::Lookup(Lookup::Unreadable(error, self.place(offset))),
        }
    }

    /// The path of a key so many levels below the root, as the hive spells it.
    fn spelled(&self, key: &Key, levels: usize) -> Result<KeyPath, Error> {
        let mut names = Vec::new();
        let mut key = key.clone();
        for _ in 0..levels {
            let above = Key::read(&self.cells, key.node.parent)?;
            names.push(std::mem::replace(&mut key, above).name);
        }
        names.reverse();
        Ok(KeyPath(names))
    }

    /// Where a byte of the hive stands: in the hive, or in the transaction log that is laid over it.
    fn place(&self, offset: u64) -> Place {
        match self.cells.pages.origin(offset) {
            Some((log, offset)) => Place::new(&log, At::Offset(offset)),
            None => Place::new(&self.artifact, At::Offset(offset)),
        }
    }

    /// What "not here" means: in a differencing hive, nothing.
    fn absent(&self, answer: Lookup, reached: u64) -> Lookup {
        if !self.base.is_differencing() {
            return answer;
        }
        let what = "it is not in this differencing hive, and may be in the hive that this one is laid over".to_owned();
        Lookup::Unreadable(Error::Unsupported { at: At::Offset(reached), what }, self.place(reached))
    }

    /// The names of the keys right below `path`.
    ///
    /// # Errors
    /// When the key, its lists or one of the keys in them cannot be read, or the path leads through a link.
    pub fn children(&self, path: &[Name]) -> Result<Vec<Name>, Error> {
        match self.reach(path, true).map_err(|(error, _)| error)? {
            Reached::Key(key) => self.child_names(&key),
            Reached::Absent(_) | Reached::Deleted => Ok(Vec::new()),
            Reached::Link(target) => {
                Err(Error::Unsupported { at: At::Whole, what: format!("a symbolic link leads to {target}") })
            }
        }
    }

    /// Lists what a key holds, by its path below the hive's root: the names of its subkeys, or of its values.
    ///
    /// # Errors
    /// When the path goes through a symbolic link: the error is where to look instead.
    pub fn list(&self, path: &[Name], what: Listed) -> Result<Listing, KeyPath> {
        let key = match self.reach(path, true) {
            Ok(Reached::Key(key)) => key,
            Ok(Reached::Deleted) => return Ok(Listing::KeyAbsent),
            Ok(Reached::Absent(reached)) => {
                return Ok(match self.absent(Lookup::KeyAbsent, reached) {
                    Lookup::Unreadable(error, place) => Listing::Unreadable(error, place),
                    _ => Listing::KeyAbsent,
                });
            }
            Ok(Reached::Link(target)) => return Err(target),
            Err((error, offset)) => return Ok(Listing::Unreadable(error, self.place(offset))),
        };
        if let Some(error) = elsewhere(&key) {
            return Ok(Listing::Unreadable(error, self.place(file_offset(key.node.offset))));
        }
        let names = match what {
            Listed::Keys => self.child_names(&key),
            Listed::Values => data::names(&self.cells, self.base.minor, &key.node, &self.limits),
        };
        Ok(match names {
            // What a differencing hive does not list may be in the hive that it is laid over.
            Ok(names) => Listing::Found { names, whole: !self.base.is_differencing() },
            Err(error) => Listing::Unreadable(error, self.place(file_offset(key.node.offset))),
        })
    }

    /// Goes down from the root. An error comes with the offset of the last key that could be read. A link at the end of the
    /// path leads on only when `follow_last` says so; one before always does.
    fn reach(&self, path: &[Name], follow_last: bool) -> Result<Reached, (Error, u64)> {
        if path.len() > self.limits.depth {
            let limit = wide(self.limits.depth);
            return Err((Error::Limit { at: At::Whole, what: "levels of keys", limit }, file_offset(self.base.root)));
        }
        let mut trail = self.trail.borrow_mut();
        let known = path
            .iter()
            .zip(trail.iter().skip(1))
            .take_while(|(name, below)| name.matches(below.key.name.units()))
            .count();
        trail.truncate(known.saturating_add(1));
        let mut parent = match trail.pop() {
            Some(parent) => parent,
            None => Parent::new(Key::read(&self.cells, self.base.root).map_err(|e| (e, file_offset(self.base.root)))?),
        };
        let reached = self.descend(&mut trail, &mut parent, path.get(known..).unwrap_or_default(), follow_last);
        trail.push(parent);
        reached
    }

    /// Goes down from `parent`, which becomes the last key on the way; those above it are left on the trail.
    fn descend(
        &self,
        trail: &mut Vec<Parent>,
        parent: &mut Parent,
        mut rest: &[Name],
        follow_last: bool,
    ) -> Result<Reached, (Error, u64)> {
        while let Some((name, below)) = rest.split_first() {
            let reached = file_offset(parent.key.node.offset);
            if let Some(error) = elsewhere(&parent.key) {
                return Err((error, reached));
            }
            let child = match parent.child(&self.cells, name, &self.limits).map_err(|e| (e, reached))? {
                None => return Ok(Reached::Absent(reached)),
                Some(child) if self.base.is_differencing() && child.node.is_tombstone() => return Ok(Reached::Deleted),
                Some(child) => child,
            };
            let reached = file_offset(child.node.offset);
            rest = below;
            if child.node.is_link() {
                if !follow_last && rest.is_empty() {
                    return Ok(Reached::Key(child));
                }
                return self.link_target(&child, rest).map(Reached::Link).map_err(|e| (e, reached));
            }
            trail.push(std::mem::replace(parent, Parent::new(child)));
            let kept = trail.iter().fold(0usize, |sum, above| sum.saturating_add(above.kept()));
            if wide(kept) > self.limits.list_entries {
                trail.iter_mut().for_each(Parent::forget);
            }
        }
        Ok(Reached::Key(parent.key.clone()))
    }

    /// The names of the keys right below the one that [`Hive::reach`] came to last.
    fn child_names(&self, key: &Key) -> Result<Vec<Name>, Error> {
        let trail = self.trail.borrow();
        match trail.last().filter(|last| last.key.node.offset == key.node.offset) {
            Some(last) => last.child_names(&self.cells, &self.limits),
            None => Parent::new(key.clone()).child_names(&self.cells, &self.limits),
        }
    }

    /// Where a link key points, with the rest of the path appended: `\REGISTRY\MACHINE\…` as `HKEY_LOCAL_MACHINE\…`.
    fn link_target(&self, key: &Key, rest: &[Name]) -> Result<KeyPath, Error> {
        let at = At::Offset(file_offset(key.node.offset));
        let no_target = |found: &str| {
            Err(Error::damaged(
                at,
                "symbolic link",
                "a SymbolicLinkValue of type REG_LINK below \\REGISTRY\\MACHINE",
                found,
            ))
        };
        let name = Name::from("SymbolicLinkValue");
        let target = match data::find(&self.cells, self.base.minor, &key.node, &name, &self.limits)? {
            Search::Found(value, _) if value.kind == ValueType::LINK => Some(value.as_link()),
            _ => None,
        };
        let Some(target) = target else { return no_target("none") };
        // The kernel takes the whole data for the path, and only an absolute one.
        if target.contains('\0') || !target.starts_with('\\') {
            return no_target(&format!("\"{target}\""));
        }
        let path = KeyPath::parse(&target);
        let Some(below) = path.below(&KeyPath::parse(r"REGISTRY\MACHINE")) else {
            return no_target(&format!("\"{target}\""));
        };
        let root = [Name::from("HKEY_LOCAL_MACHINE")];
        Ok(KeyPath(root.iter().chain(below).chain(rest).cloned().collect()))
    }
}

/// Why nothing of what a key holds is an answer: it is a predefined handle, in whose place Windows opens another key.
fn elsewhere(key: &Key) -> Option<Error> {
    let handle = key.node.handle()?;
    let name = &key.name;
    let what =
        format!("the key {name} is a predefined handle ({handle:#010x}): Windows opens another key in its place");
    Some(Error::unsupported(At::Offset(file_offset(key.node.offset)), what))
}
