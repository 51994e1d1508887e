//! The extents of a disk, one after the other, as one source.

use std::io;
use std::sync::Arc;

use super::sparse::{Grain, Sparse};
use super::{SECTOR, in_file};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::unpack::{Method, Recent, unpack};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::{Cached, ReadAt};

/// Tables are read by blocks of so many bytes.
const BLOCK: u64 = 4096;

/// A file of the disk, and how it is called.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) bytes: Arc<dyn ReadAt>,
    pub(super) name: Arc<str>,
}

/// What an extent is.
pub(super) enum Source {
    Zero,
    /// The descriptor says that it is not to be accessed.
    Closed,
    /// Bytes of a file, from this offset on.
    Flat(Part, u64),
    Sparse(Part, Sparse),
}

struct Extent {
    /// Where it starts in the disk, and in bytes how long it is.
    start: u64,
    len: u64,
    source: Source,
    /// Where its file starts in [`Files`].
    base: u64,
}

/// The files of sparse extents end to end, each at the start of a block, so that one small cache serves the tables of all.
#[derive(Default)]
struct Files(Vec<(u64, Arc<dyn ReadAt>)>);

impl Files {
    /// Adds a file; gives the place where it starts.
    fn add(&mut self, file: &Arc<dyn ReadAt>) -> Result<u64, Error> {
        let start = self.len().checked_next_multiple_of(BLOCK);
        let start = start.filter(|start| start.checked_add(file.len()).is_some());
        let start = start.ok_or_else(|| Error::damaged(At::Whole, "extents", "less than 2^64 bytes", "more"))?;
        self.0.push((start, Arc::clone(file)));
        Ok(start)
    }
}

impl ReadAt for Files {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let after = self.0.partition_point(|(start, _)| *start <= offset);
        match after.checked_sub(1).and_then(|index| self.0.get(index)) {
            Some((start, file)) => file.read_at(offset.saturating_sub(*start), buf),
            None => Ok(0),
        }
    }

    fn len(&self) -> u64 {
        self.0.last().map_or(0, |(start, file)| start.saturating_add(file.len()))
    }
}

/// The extents of a disk, before the disk is whole.
#[derive(Default)]
pub(super) struct Builder {
    extents: Vec<Extent>,
    files: Files,
    len: u64,
    /// Bytes of the largest grain that is compressed.
    grain: u64,
}

impl Builder {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds an extent of so many sectors to the end.
    pub(super) fn add(&mut self, sectors: u64, source: Source) -> Result<(), Error> {
        let (start, len) = (self.len, sectors.checked_mul(SECTOR));
        let Some((len, end)) = len.and_then(|len| Some((len, start.checked_add(len)?))) else {
            return Err(Error::damaged(
                At::Whole,
                "extents",
                "less than 2^64 bytes",
                format!("{sectors} sectors more"),
            ));
        };
        let base = match &source {
            Source::Sparse(part, sparse) => {
                self.grain = self.grain.max(if sparse.compressed { sparse.grain_bytes() } else { 0 });
                self.files.add(&part.bytes)?
            }
            _ => 0,
        };
        self.extents.push(Extent { start, len, source, base });
        self.len = end;
        Ok(())
    }

    /// The disk, over its parent if it has one.
    pub(super) fn finish(self, parent: Option<Arc<dyn ReadAt>>, limits: &Limits) -> Extents {
        let block = narrow(BLOCK);
        Extents {
            extents: self.extents,
            tables: Cached::new(self.files, block, limits.table_blocks),
            recent: Recent::new(narrow(self.grain), limits.unpacked_cache),
            parent,
            len: self.len,
        }
    }
}

/// The disk.
pub(super) struct Extents {
    extents: Vec<Extent>,
    tables: Cached<Files>,
    recent: Recent,
    parent: Option<Arc<dyn ReadAt>>,
    len: u64,
}

impl Extents {
    /// Fills `buf` from `at` of a sparse extent as far as the bytes are in one place; gives how far that was.
    fn sparse(&self, extent: &Extent, part: &Part, sparse: &Sparse, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let size = sparse.grain_bytes().max(1);
        let find = |number| {
            let found = sparse.find(&self.tables, extent.base, part.bytes.len(), number);
            found.map_err(|e| io::Error::from(in_file(&part.name, e)))
        };
        let (number, within) = (at / size, at % size);
        let grain = find(number)?;
        let most = wide(buf.len());
        let mut len = size.saturating_sub(within);
        let mut next = number;
        while len < most && !(sparse.compressed && matches!(grain, Grain::At(_))) {
            next += 1;
            let wanted = match grain {
                Grain::At(place) => Grain::At(place.saturating_add(next.saturating_sub(number).saturating_mul(size))),
                other => other,
            };
            // Damage that follows is reported when it is its turn.
            if find(next).ok() != Some(wanted) {
                break;
            }
            len = len.saturating_add(size);
        }
        let n = narrow(len).min(buf.len());
        let buf = buf.get_mut(..n).unwrap_or_default();
        match (grain, &self.parent) {
            (Grain::Zero, _) | (Grain::Absent, None) => buf.fill(0),
            (Grain::Absent, Some(parent)) => parent.read_exact_at(extent.start.saturating_add(at), buf)?,
            (Grain::At(place), _) if sparse.compressed => {
                let make = || unpack_grain(part, sparse, place, number);
                // By the place in the disk: entries that name one grain twice are not to pass the check of its marker.
                let key = extent.start.saturating_add(number.saturating_mul(size));
                let bytes = self.recent.get(key, make)?;
                bytes.read_exact_at(within, buf)?;
            }
            (Grain::At(place), _) => read_part(part, place.saturating_add(within), buf)?,
        }
        Ok(n)
    }
}

/// Reads what must be there.
fn read_part(part: &Part, at: u64, buf: &mut [u8]) -> io::Result<()> {
    part.bytes.read_exact_at(at, buf).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => {
            let len = part.bytes.len();
            io::Error::new(
                e.kind(),
                format!("{} ends at 0x{len:x}, but the disk has data of it at 0x{at:x}", part.name),
            )
        }
        _ => e,
    })
}

/// A compressed grain: a marker with the sector of the disk at which it belongs and its size, then a zlib stream.
fn unpack_grain(part: &Part, sparse: &Sparse, place: u64, number: u64) -> io::Result<Vec<u8>> {
    let mut marker = [0u8; 12];
    read_part(part, place, &mut marker)?;
    let f = Fields::new(&marker, place);
    let (sector, size) = (f.u64(0, "grain marker")?, f.u32(8, "grain marker")?);
    let first = number.saturating_mul(sparse.grain);
    if sector != first {
        let expected = format!("{}: one for sector {first}", part.name);
        return Err(Error::damaged(At::Offset(place), "grain marker", expected, sector.to_string()).into());
    }
    let start = place.saturating_add(12);
    let end = start.saturating_add(u64::from(size));
    if size == 0 || u64::from(size) > sparse.grain_bytes().saturating_mul(2) || end > part.bytes.len() {
        let expected = format!("{}: 1 to {} bytes within the file", part.name, sparse.grain_bytes().saturating_mul(2));
        return Err(Error::damaged(At::Offset(place), "size of a grain", expected, size.to_string()).into());
    }
    let whole = narrow(sparse.grain_bytes());
    let bytes = unpack(Method::Zlib, &*part.bytes, start, end, whole)?;
    // The last grain may be cut at the end of the disk.
    let least = sparse.capacity.saturating_sub(first).min(sparse.grain).saturating_mul(SECTOR);
    if wide(bytes.len()) < least {
        let expected = format!("{}: {least} bytes", part.name);
        return Err(Error::damaged(At::Offset(place), "grain", expected, bytes.len().to_string()).into());
    }
    Ok(bytes)
}

impl ReadAt for Extents {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0usize;
        loop {
            let at = offset.saturating_add(wide(done));
            let index = self.extents.partition_point(|extent| extent.start.saturating_add(extent.len) <= at);
            let rest = buf.get_mut(done..).filter(|rest| !rest.is_empty() && at < self.len);
            let (Some(extent), Some(rest)) = (self.extents.get(index), rest) else { return Ok(done) };
            let within = at.saturating_sub(extent.start);
            let left = narrow(extent.len.saturating_sub(within)).min(rest.len());
            let rest = rest.get_mut(..left).unwrap_or_default();
            let n = match &extent.source {
                Source::Zero => {
                    rest.fill(0);
                    left
                }
                Source::Closed => {
                    let what = "an extent that its descriptor says is not to be accessed (NOACCESS)";
                    return Err(Error::unsupported(At::Offset(at), what).into());
                }
                Source::Flat(part, from) => {
                    read_part(part, from.saturating_add(within), rest)?;
                    left
                }
                Source::Sparse(part, sparse) => self.sparse(extent, part, sparse, within, rest)?,
            };
            done = done.saturating_add(n);
        }
    }

    fn len(&self) -> u64 {
        self.len
    }
}
