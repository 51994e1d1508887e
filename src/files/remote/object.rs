//! An object that is open for reading.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use futures_util::StreamExt;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStoreExt};

use super::block::{Blocks, buffer};
use super::store::{At, told};
use crate::number::{narrow, wide};
use crate::read_at::{ReadAt, fill};

/// Objects up to this size are read whole, in one request or two.
const WHOLE: u64 = 1 << 20;

/// Blocks of one object in memory.
const BLOCKS: usize = 16;

static BLOCK: AtomicU64 = AtomicU64::new(256 << 10);

/// Reads larger objects by blocks of so many bytes from now on.
pub fn set_block_size(bytes: u64) {
    BLOCK.store(bytes.max(4096), Ordering::Relaxed);
}

/// Bytes of all objects in memory.
pub(super) fn in_memory() -> u64 {
    super::block::in_memory()
}

/// An object, in the version that it had when it was opened.
pub(crate) struct Object {
    at: At,
    meta: ObjectMeta,
    block: u64,
    blocks: Mutex<Blocks>,
}

impl Object {
    /// Opens an object, whose size may be known from a list. The first request gives its size, its version and its start.
    pub(super) async fn open(at: At, size: Option<u64>) -> io::Result<Self> {
        let block = BLOCK.load(Ordering::Relaxed);
        let first = size.filter(|size| *size <= WHOLE).unwrap_or(block);
        let options = |range| GetOptions { range, ..GetOptions::default() };
        // No range of an empty object can be asked for.
        let range = (size != Some(0)).then_some(GetRange::Bounded(0..first));
        let got = match get(&at, options(range)).await {
            // An empty object whose size was not known gives an error that no store words alike.
            Err(Error::Generic { .. }) if size.is_none() && is_empty(&at).await => get(&at, options(None)).await,
            other => other,
        };
        let (meta, bytes) = got.map_err(|error| failed(&error))?;
        if wide(bytes.len()) != first.min(meta.size) {
            return Err(other_length());
        }
        let mut blocks = Blocks::new(BLOCKS);
        // A small object of unknown size is whole with the rest.
        let whole = meta.size <= WHOLE;
        let size = if whole { meta.size.max(1) } else { block };
        let object = |blocks| Self { at, meta, block: size, blocks: Mutex::new(blocks) };
        if !whole || wide(bytes.len()) == size || bytes.is_empty() {
            // It may have grown since it was listed: what is less than a block is asked for again.
            if whole || wide(bytes.len()) >= size {
                blocks.put(0, bytes);
            }
            return Ok(object(blocks));
        }
        let object = object(blocks);
        let mut all = bytes;
        all.extend(object.get(wide(all.len())..object.meta.size).await?);
        object.blocks.lock().unwrap_or_else(PoisonError::into_inner).put(0, all);
        Ok(object)
    }

    /// When it was last modified, as its store says.
    pub(crate) fn modified(&self) -> Option<SystemTime> {
        Some(self.meta.last_modified.into())
    }

    /// What tells this version from others.
    pub(super) fn version(&self) -> Option<String> {
        self.meta.e_tag.clone().or_else(|| self.meta.version.clone())
    }

    /// Bytes of the version that was opened, and of no other.
    async fn get(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let wanted = range.end - range.start;
        // A weak mark is not compared by servers; what comes back has its own.
        let strong = self.meta.e_tag.clone().filter(|mark| !mark.starts_with("W/"));
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_unmodified_since: strong.is_none().then_some(self.meta.last_modified),
            if_match: strong,
            ..GetOptions::default()
        };
        let (meta, bytes) = get(&self.at, options).await.map_err(|error| failed(&error))?;
        if meta.e_tag != self.meta.e_tag || meta.size != self.meta.size {
            return Err(changed());
        }
        if wide(bytes.len()) != wanted {
            return Err(other_length());
        }
        Ok(bytes)
    }

    fn read_some(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if offset >= self.meta.size || buf.is_empty() {
            return Ok(0);
        }
        let (number, within) = (offset / self.block, narrow(offset % self.block));
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = blocks.copy(number, within, buf) {
            return Ok(n);
        }
        let start = number * self.block;
        let wanted = start..start.saturating_add(self.block).min(self.meta.size);
        let bytes = self.at.requests.block_on(self.get(wanted))?;
        blocks.put(number, bytes);
        Ok(blocks.copy(number, within, buf).unwrap_or_default())
    }
}

impl ReadAt for Object {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        fill(offset, buf, |at, rest| self.read_some(at, rest))
    }

    fn len(&self) -> u64 {
        self.meta.size
    }
}

/// One request. A store that answers with more than was asked for is not read: that could be of any length.
async fn get(at: &At, options: GetOptions) -> object_store::Result<(ObjectMeta, Vec<u8>)> {
    let most = match &options.range {
        Some(GetRange::Bounded(range)) => range.end - range.start,
        _ => WHOLE,
    };
    let result = at.store.get_opts(&at.key, options).await?;
    if result.range.end.saturating_sub(result.range.start) > most {
        return Err(Error::Generic { store: "store", source: other_length().into() });
    }
    let meta = result.meta.clone();
    let mut bytes = buffer(narrow(result.range.end - result.range.start));
    let mut parts = result.into_stream();
    while let Some(part) = parts.next().await.transpose()? {
        if wide(bytes.len()) + wide(part.len()) > most {
            return Err(Error::Generic { store: "store", source: other_length().into() });
        }
        bytes.extend_from_slice(&part);
    }
    Ok((meta, bytes))
}

async fn is_empty(at: &At) -> bool {
    at.store.head(&at.key).await.is_ok_and(|meta| meta.size == 0)
}

fn failed(error: &Error) -> io::Error {
    match error {
        Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, "no such object (a prefix ends in a slash)"),
        Error::Precondition { .. } => changed(),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            io::Error::new(io::ErrorKind::PermissionDenied, told(error))
        }
        _ => io::Error::other(told(error)),
    }
}

pub(super) fn changed() -> io::Error {
    io::Error::other("the object changed while it was read")
}

fn other_length() -> io::Error {
    io::Error::other("the store gave another number of bytes than was asked for")
}
