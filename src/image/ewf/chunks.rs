//! Chunks of data: found by the tables, checked, decompressed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use flate2::{Decompress, FlushDecompress, Status};

use super::adler::Adler;
use super::sections::Volume;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

const ENTRIES: &str = "table of chunks";
const CHUNK: &str = "chunk of data";
/// Marks a chunk as compressed.
const COMPRESSED: u32 = 1 << 31;
/// Bytes read at a time while a table is verified or a chunk decompressed.
const PIECE: u64 = 32 << 10;

/// A segment file.
pub(super) struct Segment {
    pub(super) bytes: Arc<dyn ReadAt>,
    pub(super) name: Arc<str>,
}

/// Which copy of a table was found to be sound: 0 where that was not looked at yet, else one more than its index.
pub(super) type Copy = AtomicU8;

/// A table of chunks, and where the data is that it is about.
pub(super) struct Table {
    /// The number of its first chunk.
    pub(super) first: u64,
    pub(super) count: u32,
    /// What is added to each entry.
    pub(super) base: u64,
    /// Where the data starts and ends in the segment.
    pub(super) data: (u64, u64),
    pub(super) segment: usize,
    /// Whether a checksum follows the entries.
    pub(super) checked: bool,
    /// Where the entries are, and their copy.
    pub(super) copies: [Option<u64>; 2],
    pub(super) sound: Copy,
}

/// A chunk as it lies in its segment.
struct Stored {
    start: u64,
    end: u64,
    compressed: bool,
    /// Whether the chunk must end where the next one starts, for nothing else shows that its place is right.
    exact: bool,
}

/// The disk, chunk by chunk. Nothing is kept.
pub(super) struct Chunks {
    segments: Vec<Segment>,
    tables: Vec<Table>,
    chunk: u64,
    len: u64,
}

impl Chunks {
    pub(super) fn new(segments: Vec<Segment>, tables: Vec<Table>, volume: &Volume) -> Self {
        Self { segments, tables, chunk: volume.chunk, len: volume.len }
    }

    /// Reads a chunk whole.
    fn chunk(&self, number: u64) -> Result<Vec<u8>, Error> {
        let missing = || Error::damaged(At::Whole, "image", format!("chunk {number}"), "no table that has it");
        let index = self.tables.partition_point(|table| table.first <= number).checked_sub(1);
        let table = index.and_then(|index| self.tables.get(index)).ok_or_else(missing)?;
        let segment = self.segments.get(table.segment).ok_or_else(missing)?;
        let local = u32::try_from(number.saturating_sub(table.first)).ok().filter(|local| *local < table.count);
        let read = |local| {
            let stored = table.stored(&*segment.bytes, local)?;
            let start = number.saturating_mul(self.chunk);
            let whole = usize::try_from(self.chunk).unwrap_or_default();
            let needed = narrow(self.len.saturating_sub(start)).min(whole);
            let mut bytes = match stored.compressed {
                true => decompressed(&*segment.bytes, &stored, whole)?,
                false => plain(&*segment.bytes, &stored, needed, whole)?,
            };
            if bytes.len() < needed {
                let (expected, found) = (format!("{needed} bytes when decompressed"), bytes.len().to_string());
                return Err(Error::damaged(At::Offset(stored.start), CHUNK, expected, found));
            }
            bytes.truncate(needed);
            Ok(bytes)
        };
        read(local.ok_or_else(missing)?).map_err(|error| match table.segment {
            0 => error,
            _ => super::within(&segment.name, error),
        })
    }
}

impl ReadAt for Chunks {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if offset >= self.len || buf.is_empty() {
            return Ok(0);
        }
        let bytes = self.chunk(offset / self.chunk)?;
        let rest = usize::try_from(offset % self.chunk).ok().and_then(|within| bytes.get(within..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

impl Table {
    /// Where a chunk of this table is stored: from its entry to the next one's, or to the end of the data.
    fn stored(&self, file: &dyn ReadAt, local: u32) -> Result<Stored, Error> {
        let entries = self.entries(file)?;
        let at = entries.saturating_add(u64::from(local).saturating_mul(4));
        let last = local.saturating_add(1) >= self.count;
        let mut pair = [0u8; 8];
        let len = if last { 4 } else { 8 };
        let read = pair.get_mut(..len).unwrap_or_default();
        file.read_exact_at(at, read).map_err(|e| Error::io(At::Offset(at), ENTRIES, &e))?;
        let f = Fields::new(&pair, at);
        let entry = f.u32(0, ENTRIES)?;
        let place = |entry: u32| self.base.saturating_add(u64::from(entry & !COMPRESSED));
        let start = place(entry);
        let end = if last { self.data.1 } else { place(f.u32(4, ENTRIES)?) };
        // Offsets have 31 bits. Some programs let them run over; then they do not rise any more, and it ends here.
        if start < self.data.0 || end <= start || end > self.data.1 {
            let expected = format!("a chunk between bytes {} and {}", self.data.0, self.data.1);
            return Err(Error::damaged(At::Offset(at), ENTRIES, expected, format!("bytes {start} to {end}")));
        }
        Ok(Stored { start, end, compressed: entry & COMPRESSED != 0, exact: !self.checked })
    }

    /// Where sound entries are: verified when the first of them is asked for.
    fn entries(&self, file: &dyn ReadAt) -> Result<u64, Error> {
        let known = usize::from(self.sound.load(Ordering::Relaxed)).checked_sub(1);
        if let Some(entries) = known.and_then(|index| self.copies.get(index).copied().flatten()) {
            return Ok(entries);
        }
        let mut first = None;
        for (number, entries) in (1u8..).zip(self.copies) {
            let Some(entries) = entries else { continue };
            let verified = if self.checked { self.verify(file, entries) } else { Ok(()) };
            match verified {
                Ok(()) => {
                    self.sound.store(number, Ordering::Relaxed);
                    return Ok(entries);
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| Error::damaged(At::Whole, ENTRIES, "entries", "none")))
    }

    fn verify(&self, file: &dyn ReadAt, entries: u64) -> Result<(), Error> {
        let end = entries.saturating_add(u64::from(self.count).saturating_mul(4));
        let mut adler = Adler::new();
        pieces(file, entries, end, ENTRIES, |bytes| {
            adler.update(bytes);
            Ok(true)
        })?;
        let mut stored = [0u8; 4];
        file.read_exact_at(end, &mut stored).map_err(|e| Error::io(At::Offset(end), ENTRIES, &e))?;
        compare(At::Offset(entries), ENTRIES, u32::from_le_bytes(stored), adler.finish())
    }
}

/// A chunk that is not compressed: a checksum follows it. The last one may be cut where the disk ends, or filled up.
fn plain(file: &dyn ReadAt, stored: &Stored, needed: usize, whole: usize) -> Result<Vec<u8>, Error> {
    let len = narrow(stored.end.saturating_sub(stored.start));
    let size = if len >= whole.saturating_add(4) { whole } else { needed };
    let at = At::Offset(stored.start);
    if len < size.saturating_add(4) || (stored.exact && len > size.saturating_add(4)) {
        return Err(Error::damaged(at, CHUNK, format!("{size} bytes and a checksum"), format!("{len} bytes")));
    }
    let mut bytes = vec![0u8; size.saturating_add(4)];
    file.read_exact_at(stored.start, &mut bytes).map_err(|e| Error::io(at, CHUNK, &e))?;
    let sum = Fields::new(&bytes, stored.start).u32(size, CHUNK)?;
    bytes.truncate(size);
    compare(at, CHUNK, sum, Adler::of(&bytes))?;
    Ok(bytes)
}

/// A chunk that is compressed by zlib, whose stream ends with a checksum of its own.
fn decompressed(file: &dyn ReadAt, stored: &Stored, whole: usize) -> Result<Vec<u8>, Error> {
    let at = At::Offset(stored.start);
    let damaged = |found: String| Error::damaged(at, CHUNK, "a zlib stream", found);
    // One byte more than a chunk has: the stream must end by itself, and what is longer shows.
    let mut out = vec![0u8; whole.saturating_add(1)];
    let mut zlib = Decompress::new(true);
    let mut ended = false;
    // What zlib cannot make smaller, it makes hardly larger; a stream can also go on for ever without giving anything.
    let most = wide(whole).saturating_mul(2).saturating_add(PIECE);
    pieces(file, stored.start, stored.end.min(stored.start.saturating_add(most)), CHUNK, |mut bytes| {
        while !bytes.is_empty() && !ended {
            let (before_in, before_out) = (zlib.total_in(), zlib.total_out());
            let to = usize::try_from(before_out).ok().and_then(|done| out.get_mut(done..)).unwrap_or_default();
            let status = zlib.decompress(bytes, to, FlushDecompress::None).map_err(|e| damaged(e.to_string()))?;
            ended = status == Status::StreamEnd;
            let taken = narrow(zlib.total_in().saturating_sub(before_in));
            bytes = bytes.get(taken..).unwrap_or_default();
            if taken == 0 && zlib.total_out() == before_out && !ended {
                return Err(damaged(format!("one of more than {whole} bytes")));
            }
        }
        Ok(!ended)
    })?;
    let len = narrow(zlib.total_out());
    let rest = stored.end.saturating_sub(stored.start).saturating_sub(zlib.total_in());
    if !ended || len > whole {
        let found =
            if ended { format!("one of {len} bytes, more than the {whole} of a chunk") } else { "no end".into() };
        return Err(damaged(found));
    }
    if stored.exact && rest > 0 {
        return Err(damaged(format!("{rest} bytes behind it, before the next chunk")));
    }
    out.truncate(len);
    Ok(out)
}

/// Hands out what is between two places, piece by piece, until `take` has enough.
fn pieces(
    file: &dyn ReadAt,
    start: u64,
    end: u64,
    what: &'static str,
    mut take: impl FnMut(&[u8]) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut buf = vec![0u8; usize::try_from(PIECE.min(end.saturating_sub(start))).unwrap_or_default()];
    let mut at = start;
    while at < end {
        let want = narrow(end.saturating_sub(at)).min(buf.len());
        let piece = buf.get_mut(..want).unwrap_or_default();
        file.read_exact_at(at, piece).map_err(|e| Error::io(At::Offset(at), what, &e))?;
        if !take(piece)? {
            return Ok(());
        }
        at = at.saturating_add(wide(want));
    }
    Ok(())
}

fn compare(at: At, what: &'static str, stored: u32, found: u32) -> Result<(), Error> {
    if stored == found {
        return Ok(());
    }
    Err(Error::damaged(at, what, format!("checksum {stored:#010x}"), format!("{found:#010x}")))
}
