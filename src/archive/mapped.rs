//! A sparse file: its data in one source, and a map of where which part of it belongs.

use std::io;
use std::sync::Arc;

use crate::error::{At, Error};
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

/// What a part of a sparse file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Data, from this offset of the source on.
    Data(u64),
    /// A hole: the file reads as zeros there.
    Zero,
    /// Nobody collected what is there.
    Missing,
}

/// A file whose parts stand in another source.
pub(super) struct Mapped {
    source: Arc<dyn ReadAt>,
    /// Where each part starts; each ends where the next one starts.
    parts: Vec<(u64, Part)>,
    len: u64,
}

impl Mapped {
    /// A file with nothing in it yet.
    pub(super) fn new(source: Arc<dyn ReadAt>) -> Self {
        Self { source, parts: Vec::new(), len: 0 }
    }

    /// Adds the part that follows: `len` bytes from `at` on, with `gap` before it where the last part ended sooner.
    ///
    /// # Errors
    /// When it starts before the last part ended, or ends past any offset.
    pub(super) fn add(&mut self, at: u64, len: u64, part: Part, gap: Part) -> Result<(), Error> {
        const WHAT: &str = "map of a sparse file";
        let Some(end) = at.checked_add(len).filter(|_| at >= self.len) else {
            let expected = format!("a part at {} or later", self.len);
            return Err(Error::damaged(At::Whole, WHAT, expected, format!("{len} bytes at {at}")));
        };
        if at > self.len {
            self.parts.push((self.len, gap));
        }
        if len > 0 {
            self.parts.push((at, part));
        }
        self.len = end;
        Ok(())
    }
}

impl ReadAt for Mapped {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0usize;
        loop {
            let at = offset.saturating_add(wide(done));
            let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty() && at < self.len) else {
                return Ok(done);
            };
            let next = self.parts.partition_point(|(start, _)| *start <= at);
            let end = self.parts.get(next).map_or(self.len, |(start, _)| *start);
            let Some((start, part)) = next.checked_sub(1).and_then(|i| self.parts.get(i)) else { return Ok(done) };
            let want = narrow(end.saturating_sub(at)).min(rest.len());
            let rest = rest.get_mut(..want).unwrap_or_default();
            match part {
                Part::Data(from) => self.source.read_exact_at(from.saturating_add(at.saturating_sub(*start)), rest)?,
                Part::Zero => rest.fill(0),
                Part::Missing => {
                    let what = "these bytes of the sparse file were not collected";
                    return Err(Error::unsupported(At::Offset(at), what).into());
                }
            }
            done = done.saturating_add(want);
        }
    }

    fn len(&self) -> u64 {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_holes_and_what_is_missing_are_told_apart() {
        let mut mapped = Mapped::new(Arc::new(b"abcdefgh".to_vec()));
        mapped.add(0, 3, Part::Data(0), Part::Missing).unwrap();
        mapped.add(3, 2, Part::Zero, Part::Missing).unwrap();
        mapped.add(7, 5, Part::Data(3), Part::Missing).unwrap();
        assert_eq!(mapped.len(), 12);
        let mut buf = [0xffu8; 5];
        assert_eq!(mapped.read_at(0, &mut buf).unwrap(), 5);
        assert_eq!(&buf, b"abc\0\0");
        assert_eq!(mapped.read_at(8, &mut buf).unwrap(), 4);
        assert_eq!(&buf[..4], b"efgh");
        assert_eq!(mapped.read_at(12, &mut buf).unwrap(), 0);
        assert_eq!(mapped.read_at(u64::MAX, &mut buf).unwrap(), 0);
        let error = mapped.read_at(2, &mut buf).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("not collected"), "{error}");
        assert!(mapped.add(11, 1, Part::Zero, Part::Zero).is_err());
        assert!(mapped.add(12, u64::MAX, Part::Zero, Part::Zero).is_err());
    }

    #[test]
    fn data_that_the_source_lacks_is_an_error() {
        let mut mapped = Mapped::new(Arc::new(b"abc".to_vec()));
        mapped.add(0, 4, Part::Data(0), Part::Zero).unwrap();
        assert!(mapped.read_at(0, &mut [0; 4]).is_err());
        assert_eq!(mapped.read_at(0, &mut [0; 3]).unwrap(), 3);
    }
}
