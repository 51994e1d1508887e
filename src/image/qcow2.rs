//! QCOW2, the disk images of QEMU. QEMU, "Qcow2 Image File Format" (`docs/interop/qcow2.txt`).
//!
//! A header leads to a table of tables (L1, L2) that says for each cluster of the disk where its bytes stand: in this file or
//! its data file, plain or compressed, nowhere (they are zeros), or in the backing file below.

mod backing;
mod header;
mod map;

use std::io;
use std::sync::Arc;

use super::unpack::{Method, Recent, unpack};
use super::{Disk, Opener};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;
use header::{Header, MAGIC};
use map::{Map, Place};

/// Opens a QCOW2 image; nothing when `file` is none.
///
/// # Errors
/// When it is damaged, encrypted, has a feature that is not read, or when a file that it names cannot be opened.
pub(super) fn open(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Disk>, Error> {
    let mut magic = [0u8; 4];
    let n = file.read_at(0, &mut magic).map_err(|e| Error::io(At::Offset(0), "the start of the file", &e))?;
    if n < magic.len() || &magic != MAGIC {
        return Ok(None);
    }
    let header = Header::read(file, limits)?;
    let mut format = format!("QCOW2 v{}", header.version);
    let mut notes = Vec::new();
    if matches!(header.compression, Method::Zstd { .. }) {
        format.push_str(", zstd");
    }
    if header.extended_l2 {
        format.push_str(", extended L2");
    }
    let data = match &header.data_file {
        Some(name) => {
            format.push_str(", data file");
            let opened = backing::file(name, opener)?;
            notes.push(format!("data file \"{}\": nothing in QCOW2 proves that it is the right one", opened.name));
            opened.bytes
        }
        None => Arc::clone(file),
    };
    if header.dirty {
        notes.push("the image was not closed cleanly; that concerns free space alone, not what is read".to_owned());
    }
    if header.snapshots > 0 {
        let word = if header.snapshots == 1 { "snapshot" } else { "snapshots" };
        notes.push(format!("the image has {} internal {word}: the current state alone was read", header.snapshots));
    }
    let below = match &header.backing {
        Some(backing) => {
            format.push_str(", backing file");
            let below = backing::open(backing, opener, limits)?;
            notes.extend(below.notes);
            Some(below.bytes)
        }
        None => None,
    };
    let cluster = narrow(header.cluster());
    let bytes = Qcow2 {
        map: Map::new(file, &header, limits.table_blocks),
        file: Arc::clone(file),
        data,
        below,
        method: header.compression,
        cluster,
        recent: Recent::new(cluster, limits.unpacked_cache),
        size: header.size,
    };
    Ok(Some(Disk { bytes: Arc::new(bytes), format, sector: None, notes }))
}

/// The disk in an image.
struct Qcow2 {
    map: Map,
    file: Arc<dyn ReadAt>,
    /// What has the clusters that are not compressed: the image, or its data file.
    data: Arc<dyn ReadAt>,
    below: Option<Arc<dyn ReadAt>>,
    method: Method,
    /// Bytes of a cluster.
    cluster: usize,
    recent: Recent,
    size: u64,
}

impl Qcow2 {
    /// Where the byte at `at` is, and how many from there on, `most` at most, are read at once.
    fn run(&self, at: u64, most: u64) -> Result<(Place, u64), Error> {
        let (place, mut len) = self.map.find(at)?;
        while len < most {
            let wanted = match place {
                Place::Data(offset) => Place::Data(offset.saturating_add(len)),
                Place::Packed { .. } => break,
                Place::Zero | Place::Backing => place,
            };
            match self.map.find(at.saturating_add(len)) {
                Ok((next, more)) if next == wanted => len = len.saturating_add(more),
                // Damage that follows is reported when it is its turn.
                _ => break,
            }
        }
        Ok((place, len.min(most)))
    }

    /// Fills `buf` with the bytes of one run.
    fn fill(&self, at: u64, place: Place, buf: &mut [u8]) -> io::Result<()> {
        match place {
            Place::Zero => buf.fill(0),
            Place::Data(offset) => self.data.read_exact_at(offset, buf).map_err(|e| cut_off(offset, &e))?,
            Place::Backing => self.fill_from_below(at, buf)?,
            Place::Packed { start, end } => {
                let make = || unpack_cluster(self.method, &*self.file, start, end, self.cluster);
                let cluster = self.recent.get(start, make)?;
                let size = wide(self.cluster).max(1);
                cluster.read_exact_at(at % size, buf)?;
            }
        }
        Ok(())
    }

    /// What lies past the end of the backing file is zeros, by the format.
    fn fill_from_below(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        let Some(below) = &self.below else {
            buf.fill(0);
            return Ok(());
        };
        let there = narrow(below.len().saturating_sub(at)).min(buf.len());
        let (inside, past) = buf.split_at_mut(there);
        past.fill(0);
        below.read_exact_at(at, inside)
    }
}

fn unpack_cluster(method: Method, file: &dyn ReadAt, start: u64, end: u64, cluster: usize) -> io::Result<Vec<u8>> {
    let bytes = unpack(method, file, start, end, cluster)?;
    if bytes.len() == cluster {
        return Ok(bytes);
    }
    let expected = format!("a cluster of {cluster} bytes");
    Err(Error::damaged(At::Offset(start), "compressed cluster", expected, bytes.len().to_string()).into())
}

fn cut_off(offset: u64, error: &io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::UnexpectedEof {
        return io::Error::new(error.kind(), format!("cluster at 0x{offset:x}: {error}"));
    }
    io::Error::new(error.kind(), format!("the file ends within the cluster at 0x{offset:x} that its tables name"))
}

impl ReadAt for Qcow2 {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let wanted = narrow(self.size.saturating_sub(offset)).min(buf.len());
        let mut done = 0usize;
        while let Some(rest) = buf.get_mut(done..wanted).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(wide(done));
            let (place, len) = self.run(at, wide(rest.len()))?;
            let len = narrow(len).min(rest.len());
            self.fill(at, place, rest.get_mut(..len).unwrap_or_default())?;
            done = done.saturating_add(len);
        }
        Ok(done)
    }

    fn len(&self) -> u64 {
        self.size
    }
}

#[cfg(test)]
mod tests;
