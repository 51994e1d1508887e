//! The bytes of a volume: tables through a small cache, data without.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::boot::Geometry;
use crate::error::{At, Error};
use crate::number::wide;
use crate::read_at::{Cached, ReadAt};

/// Bytes of a block of the cache: what a page of most file systems has, and an index block of most volumes.
const BLOCK: usize = 4096;
/// 256 KiB hold the records and index blocks that lead to a few files of one folder.
const SLOTS: usize = 64;

/// A volume, its measures, and what there is to say of it.
pub(super) struct Volume {
    source: Arc<dyn ReadAt>,
    cached: Cached<Arc<dyn ReadAt>>,
    pub(super) geometry: Geometry,
    notes: Mutex<Vec<String>>,
    most_notes: usize,
}

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    /// Through the cache.
    Cache,
    /// As much as is asked for, in one go.
    Nothing,
}

impl Volume {
    pub(super) fn new(source: Arc<dyn ReadAt>, geometry: Geometry, most_notes: usize) -> Self {
        let cached = Cached::new(Arc::clone(&source), BLOCK, SLOTS);
        Self { source, cached, geometry, notes: Mutex::default(), most_notes }
    }

    /// Fills `buf` from `offset`.
    ///
    /// # Errors
    /// Those of the source, and where it ends before the volume does.
    pub(super) fn read(&self, offset: u64, buf: &mut [u8], through: Through) -> io::Result<()> {
        let read = match through {
            Through::Cache => self.cached.read_exact_at(offset, buf),
            Through::Nothing => self.source.read_exact_at(offset, buf),
        };
        match read {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof && e.get_ref().is_none() => {
                let (end, len) = (self.source.len(), self.geometry.len);
                let want = offset.saturating_add(wide(buf.len()));
                let what = format!(
                    "the image is cut off: it ends at 0x{end:x}, \
                     but the volume has 0x{len:x} bytes, and 0x{want:x} are needed"
                );
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, what))
            }
            other => other,
        }
    }

    /// Fills `buf` from a table.
    pub(super) fn table(&self, offset: u64, buf: &mut [u8], what: &'static str) -> Result<(), Error> {
        self.read(offset, buf, Through::Cache).map_err(|e| Error::io(At::Offset(offset), what, &e))
    }

    /// Keeps what the reader of a report should know, once.
    pub(super) fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < self.most_notes && !notes.contains(&note) {
            notes.push(note);
        }
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
