//! Sparse files in a tar: which parts of a file its data are; the rest is zeros (GNU tar manual, "Storing Sparse Files").

use std::sync::Arc;

use super::header::{BLOCK, Header, number};
use super::pax::Pax;
use super::{WHAT, Walk};
use crate::archive::failed;
use crate::archive::mapped::{Mapped, Part};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::read_at::ReadAt;

/// The map of a sparse file.
pub(super) struct Sparse {
    /// Where in the tar the data starts, and how much of it there is.
    pub(super) data: u64,
    pub(super) stored: u64,
    /// Offset and length in the file, in turn.
    parts: Vec<u64>,
    len: u64,
}

/// A map, if the file is sparse, and how many bytes the member takes after its header.
type Found = Result<(Option<Sparse>, u64), Error>;

impl Sparse {
    fn new(data: u64, stored: u64, parts: Vec<u64>, len: u64) -> Result<Self, Error> {
        let lengths = parts.iter().skip(1).step_by(2);
        let sum = lengths.fold(0u64, |sum, len| sum.saturating_add(*len));
        if sum != stored || !parts.len().is_multiple_of(2) {
            let expected = format!("parts of {stored} bytes together");
            return Err(Error::damaged(At::Offset(data), "map of a sparse file", expected, sum.to_string()));
        }
        Ok(Self { data, stored, parts, len })
    }

    /// The file, over its data.
    pub(super) fn over(&self, data: Arc<dyn ReadAt>) -> Result<Arc<dyn ReadAt>, Error> {
        let mut file = Mapped::new(data);
        let mut from = 0u64;
        for part in self.parts.chunks_exact(2) {
            let (at, len) = (part.first().copied().unwrap_or_default(), part.last().copied().unwrap_or_default());
            file.add(at, len, Part::Data(from), Part::Zero)?;
            from = from.saturating_add(len);
        }
        // What is left up to its end is a hole.
        file.add(self.len, 0, Part::Zero, Part::Zero)?;
        Ok(Arc::new(file))
    }
}

/// The old format: four parts in the header, and blocks of 21 more after it. Numbers take 12 bytes each.
pub(super) fn old(header: &Header, after: u64, size: u64, walk: &Walk<'_, '_>) -> Found {
    let damaged = || Error::damaged(At::Offset(after), "map of a sparse file", "octal numbers", "something else");
    let f = Fields::new(&header.sparse, after);
    let mut parts = Vec::new();
    let len = number(f.bytes(97, 12, WHAT)?).ok_or_else(damaged)?;
    let mut more = f.u8(96, WHAT)? != 0;
    add(&mut parts, f.bytes(0, 96, WHAT)?).ok_or_else(damaged)?;
    let mut pos = after;
    while more {
        let block = walk.block(pos)?;
        pos = pos.saturating_add(BLOCK);
        if pos.saturating_sub(after) > walk.gather.limits.archive_header {
            return Err(limit(after, walk));
        }
        let f = Fields::new(&block, pos);
        more = f.u8(504, WHAT)? != 0;
        add(&mut parts, f.bytes(0, 504, WHAT)?).ok_or_else(damaged)?;
    }
    let taken = size.checked_add(pos.saturating_sub(after)).ok_or_else(damaged)?;
    Ok((Some(Sparse::new(pos, size, parts, len)?), taken))
}

fn add(parts: &mut Vec<u64>, fields: &[u8]) -> Option<()> {
    for field in fields.chunks_exact(24) {
        let (at, len) = field.split_at_checked(12)?;
        if field.first() != Some(&0) {
            parts.extend([number(at)?, number(len)?]);
        }
    }
    Some(())
}

/// The formats of pax headers: 0.0 and 0.1 have the map there, 1.0 in decimal lines before the data.
pub(super) fn pax(pax: &Pax, at: u64, size: u64, walk: &Walk<'_, '_>) -> Found {
    if !pax.sparse {
        return Ok((None, size));
    }
    let bad = |found: &str| Error::damaged(At::Offset(at), "map of a sparse file", "its size and parts", found);
    let len = pax.sparse_size.ok_or_else(|| bad("no size"))?;
    match pax.sparse_version.as_deref() {
        None | Some("0.0" | "0.1") => Ok((Some(Sparse::new(at, size, pax.sparse_parts.clone(), len)?), size)),
        Some("1.0") => {
            let mut lines = Lines { walk, at, next: 0, end: size, block: [0; 512] };
            let count = lines.number()?.ok_or_else(|| bad("no count"))?;
            let mut parts = Vec::new();
            for _ in 0..count.saturating_mul(2) {
                parts.push(lines.number()?.ok_or_else(|| bad("too few numbers"))?);
            }
            let map = lines.next.div_ceil(BLOCK).saturating_mul(BLOCK);
            let stored = size.checked_sub(map).ok_or_else(|| bad("no data"))?;
            Ok((Some(Sparse::new(at.saturating_add(map), stored, parts, len)?), size))
        }
        Some(other) => Err(Error::unsupported(At::Offset(at), format!("a sparse file in version {other}: not read"))),
    }
}

/// Decimal numbers, one a line.
struct Lines<'a, 'b, 'c> {
    walk: &'a Walk<'b, 'c>,
    at: u64,
    /// The next byte, from `at`.
    next: u64,
    end: u64,
    block: [u8; 512],
}

impl Lines<'_, '_, '_> {
    fn number(&mut self) -> Result<Option<u64>, Error> {
        let mut value = 0u64;
        loop {
            if self.next >= self.end {
                return Ok(None);
            }
            if self.next >= self.walk.gather.limits.archive_header {
                return Err(limit(self.at, self.walk));
            }
            let within = self.next % BLOCK;
            if within == 0 {
                let (at, bytes) = (self.at.saturating_add(self.next), self.walk.source.bytes());
                bytes.fill_at(at, &mut self.block).map_err(|e| failed(At::Offset(at), WHAT, &e))?;
            }
            let byte = usize::try_from(within).ok().and_then(|i| self.block.get(i)).copied().unwrap_or_default();
            self.next += 1;
            let digit = match byte {
                b'\n' => return Ok(Some(value)),
                b'0'..=b'9' => u64::from(byte.saturating_sub(b'0')),
                _ => return Ok(None),
            };
            match value.checked_mul(10).and_then(|value| value.checked_add(digit)) {
                Some(more) => value = more,
                None => return Ok(None),
            }
        }
    }
}

fn limit(at: u64, walk: &Walk<'_, '_>) -> Error {
    let limit = walk.gather.limits.archive_header;
    Error::Limit { at: At::Offset(at), what: "bytes of the map of a sparse file", limit }
}
