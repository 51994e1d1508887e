//! The index of a folder: a tree of names.
//!
//! Layout: libyal, "New Technologies File System (NTFS)", sections "The index" and "Index values"; Linux-NTFS,
//! "$INDEX_ROOT", "$INDEX_ALLOCATION", "Index Record".

use std::cmp::Ordering;

use super::mft::{File, Mft};
use super::names::{FileName, Upcase, file_name};
use super::record::{BITMAP, FILE_NAME, INDEX_ALLOCATION, INDEX_ROOT, fix_up};
use super::stream::Stream;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::{narrow, wide};

const WHAT: &str = "index of a folder";
/// `$I30`, the name of the attributes that make up the index of names.
const I30: [u16; 4] = [0x24, 0x49, 0x33, 0x30];
/// A root larger than any record cannot be.
const ROOT: usize = 4096;
/// The order of `$FILE_NAME`s: COLLATION_FILE_NAME.
const COLLATION: u32 = 1;
/// The header of a node, in a block of the index behind the block's own.
const NODE: usize = 0x10;
const BLOCK: usize = 0x18;
/// Levels of a tree. With two names a node, fewer than any has, 32 levels hold 2^32 files, more than a volume can have.
const LEVELS: usize = 32;

/// The index of one folder.
pub(super) struct Index<'a> {
    mft: &'a Mft,
    order: Upcase<'a>,
    folder: u64,
    root: Vec<u8>,
    root_at: u64,
    /// Bytes of a block, and of what blocks are counted by.
    block: usize,
    step: u64,
    blocks: Option<Stream>,
    bitmap: Vec<u8>,
}

/// An entry of a node.
struct Entry {
    file: u64,
    /// None for the last of a node.
    name: Option<FileName>,
    /// The block with the names before this one.
    child: Option<u64>,
}

/// What a walk has met.
struct Walk {
    /// A bit for each block.
    seen: Vec<u8>,
    /// The name met last.
    last: Option<Vec<u16>>,
    names: u64,
}

impl<'a> Index<'a> {
    /// Opens the index of a folder.
    pub(super) fn open(mft: &'a Mft, order: Upcase<'a>, file: &File) -> Result<Self, Error> {
        let volume = &mft.volume;
        let damaged = |at, what, expected: &str, found: String| Error::damaged(At::Offset(at), what, expected, found);
        let root = mft.stream(file, INDEX_ROOT, &I30)?;
        let root = root.ok_or_else(|| damaged(file.record.at, WHAT, "$INDEX_ROOT", "none".into()))?;
        let root_at = root.at;
        let root = root.whole(volume, ROOT, WHAT)?;
        let f = Fields::new(&root, root_at);
        let (kind, order_by) = (f.u32(0, WHAT)?, f.u32(4, WHAT)?);
        if kind != FILE_NAME || order_by != COLLATION {
            let found = format!("type 0x{kind:x}, order {order_by}");
            return Err(damaged(root_at, WHAT, "names (type 0x30) in their order (1)", found));
        }
        let size = f.u32(8, WHAT)?;
        if !size.is_power_of_two() || !(512..=65536).contains(&size) {
            return Err(damaged(root_at, "size of an index block", "a power of 2 from 512 to 65536", size.to_string()));
        }
        let blocks = mft.stream(file, INDEX_ALLOCATION, &I30)?;
        // A bit for each block: as many as there may be entries are more than enough.
        let most = narrow(mft.limits.ntfs_names);
        let bitmap = match mft.stream(file, BITMAP, &I30)? {
            Some(bitmap) => bitmap.whole(volume, most / 8, "bitmap of an index")?,
            None => Vec::new(),
        };
        // Blocks smaller than a cluster are counted by sectors of 512 bytes, on disks of any sector size.
        let step = if u64::from(size) < volume.geometry.cluster { 512 } else { volume.geometry.cluster };
        let folder = file.record.reference;
        Ok(Self { mft, order, folder, root, root_at, block: narrow(size), step, blocks, bitmap })
    }

    /// Gives the names that equal `name` but for case, in their order. Only the nodes on the way to them are looked
    /// at, and that there are none is known only after [`Self::all`].
    ///
    /// # Errors
    /// When a node on the way is damaged, or its names are not in order.
    pub(super) fn find(&self, name: &[u16]) -> Result<Vec<(u64, FileName)>, Error> {
        let mut found = Vec::new();
        let mut each = |file, name| {
            found.push((file, name));
            Ok(())
        };
        self.node(None, 0, Some(name), &mut self.walk(), &mut each)?;
        Ok(found)
    }

    /// Gives all names in their order, and makes sure that these are all.
    ///
    /// # Errors
    /// When the tree is damaged, its names are not in order, or it does not have all blocks that the bitmap says are
    /// in use.
    pub(super) fn all(&self, mut each: impl FnMut(u64, FileName) -> Result<(), Error>) -> Result<(), Error> {
        let mut walk = self.walk();
        self.node(None, 0, None, &mut walk, &mut each)?;
        let used = self.bitmap.iter().copied().chain(std::iter::repeat(0));
        let met = walk.seen.iter().copied().chain(std::iter::repeat(0));
        let len = self.bitmap.len().max(walk.seen.len());
        match used.zip(met).take(len).position(|(used, met)| used != met) {
            None => Ok(()),
            Some(at) => {
                let expected = "exactly the blocks that its bitmap says are in use";
                let found = format!("others among those from {}", at.saturating_mul(8));
                Err(Error::damaged(At::Offset(self.root_at), WHAT, expected, found))
            }
        }
    }

    fn walk(&self) -> Walk {
        Walk { seen: vec![0; self.bitmap.len()], last: None, names: 0 }
    }

    /// Goes through a node in the order of its names: through all of it, or through what may equal the target.
    fn node(
        &self,
        block: Option<u64>,
        level: usize,
        target: Option<&[u16]>,
        walk: &mut Walk,
        each: &mut dyn FnMut(u64, FileName) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if level > LEVELS {
            return Err(Error::damaged(At::Offset(self.root_at), WHAT, format!("{LEVELS} levels"), "more"));
        }
        let (bytes, at) = match block {
            None => (self.root.clone(), self.root_at),
            Some(block) => self.block(block, walk)?,
        };
        let start = if block.is_some() { BLOCK } else { NODE };
        for entry in entries(&bytes, start, at)? {
            let order = match (&entry.name, target) {
                (Some(name), Some(wanted)) => self.order.compare(&name.units, wanted),
                (None, Some(_)) => Ordering::Greater,
                (_, None) => Ordering::Equal,
            };
            if let Some(child) = entry.child
                && order != Ordering::Less
            {
                self.node(Some(child), level.saturating_add(1), target, walk, each)?;
            }
            if let Some(name) = entry.name {
                self.in_order(&name, walk, at)?;
                if order == Ordering::Equal {
                    each(entry.file, name)?;
                }
            }
            if order == Ordering::Greater {
                break;
            }
        }
        Ok(())
    }

    /// Fails unless a name is this folder's and follows the last one.
    fn in_order(&self, name: &FileName, walk: &mut Walk, at: u64) -> Result<(), Error> {
        let damaged = |expected, found| Err(Error::damaged(At::Offset(at), WHAT, expected, found));
        if name.parent != self.folder {
            return damaged("names of this folder", "one of another folder");
        }
        self.mft.spend(1)?;
        walk.names += 1;
        let limit = self.mft.limits.ntfs_names;
        if walk.names > limit {
            return Err(Error::Limit { at: At::Offset(at), what: "names in one folder", limit });
        }
        // Compared before it is asked whose table that was by: it may have been read just now.
        if let Some(last) = &walk.last
            && self.order.compare(last, &name.units) == Ordering::Greater
            && self.order.is_own()
        {
            return damaged("names in their order", "one that comes before the last one");
        }
        walk.last = Some(name.units.clone());
        Ok(())
    }

    /// Reads a block, once in a walk: a tree has no loops.
    fn block(&self, number: u64, walk: &mut Walk) -> Result<(Vec<u8>, u64), Error> {
        let damaged =
            |at, expected: &str, found: String| Err(Error::damaged(At::Offset(at), "index block", expected, found));
        let Some(blocks) = &self.blocks else {
            return damaged(self.root_at, "$INDEX_ALLOCATION, where it stands", "none".into());
        };
        let size = wide(self.block);
        let offset = number.saturating_mul(self.step);
        let index = offset / size;
        let bit = 1u8 << (index % 8);
        let slot = narrow(index / 8);
        let used = self.bitmap.get(slot).is_some_and(|byte| byte & bit != 0);
        if !used || !offset.is_multiple_of(size) {
            return damaged(blocks.at, "a block that the bitmap says is in use", format!("number {number}"));
        }
        match walk.seen.get_mut(slot) {
            Some(seen) if *seen & bit == 0 => *seen |= bit,
            _ => return damaged(blocks.at, "each block once in a tree", format!("number {number} twice")),
        }
        let at = blocks.place(&self.mft.volume, offset);
        let mut bytes = vec![0; self.block];
        blocks.table(&self.mft.volume, offset, &mut bytes, "index block")?;
        let signature = bytes.first_chunk::<4>().copied().unwrap_or_default();
        if &signature != b"INDX" {
            return damaged(at, "\"INDX\"", format!("\"{}\"", signature.escape_ascii()));
        }
        fix_up(&mut bytes, at, "index block")?;
        let own = Fields::new(&bytes, at).u64(0x10, "number of an index block")?;
        if own != number {
            return damaged(at, &format!("number {number}"), own.to_string());
        }
        Ok((bytes, at))
    }
}

/// The entries of the node whose header stands at `start`.
fn entries(bytes: &[u8], start: usize, at: u64) -> Result<Vec<Entry>, Error> {
    const WHAT: &str = "index entry";
    let here = |offset: usize| at.saturating_add(wide(offset));
    let damaged =
        |offset, expected: &str, found: String| Err(Error::damaged(At::Offset(here(offset)), WHAT, expected, found));
    let node = bytes.get(start..).unwrap_or_default();
    let f = Fields::new(node, here(start));
    let first = narrow(f.u32(0, "index node")?);
    let (used, allocated) = (narrow(f.u32(4, "index node")?), narrow(f.u32(8, "index node")?));
    if first < NODE || used > allocated || allocated > node.len() {
        let found = format!("entries from {first}, {used} of {allocated} bytes");
        return damaged(start, &format!("entries within {} bytes", node.len()), found);
    }
    let mut entries = Vec::new();
    let mut offset = first;
    loop {
        let rest = node.get(..used).and_then(|used| used.get(offset..)).unwrap_or_default();
        let place = start.saturating_add(offset);
        let f = Fields::new(rest, here(place));
        let (len, key, flags) = (f.u16(8, WHAT)?, f.u16(0xa, WHAT)?, f.u16(0xc, WHAT)?);
        let (len, key) = (usize::from(len), usize::from(key));
        let (has_child, last) = (flags & 1 != 0, flags & 2 != 0);
        let need = 0x10usize.saturating_add(if last { 0 } else { key }).saturating_add(if has_child { 8 } else { 0 });
        let Some(entry) = rest.get(..len).filter(|_| len >= need && len.is_multiple_of(8)) else {
            return damaged(place, &format!("{need} bytes or more, within the node"), len.to_string());
        };
        let f = Fields::new(entry, here(place));
        let child = if has_child { Some(f.u64(len.saturating_sub(8), WHAT)?) } else { None };
        let name = if last { None } else { Some(file_name(f.bytes(0x10, key, WHAT)?, here(place))?) };
        entries.push(Entry { file: f.u64(0, WHAT)?, name, child });
        offset = offset.saturating_add(len);
        if last {
            break;
        }
    }
    if offset != used {
        return damaged(start, "a last entry at the end of its node", format!("{offset} of {used} bytes"));
    }
    Ok(entries)
}
