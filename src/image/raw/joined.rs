//! Several sources, one behind the other, as one.

use std::io;
use std::sync::Arc;

use crate::number::narrow;
use crate::read_at::{ReadAt, fill};

/// A part, and where it ends in the whole.
struct Part {
    source: Arc<dyn ReadAt>,
    start: u64,
    end: u64,
}

/// Sources joined in the order in which they were added.
#[derive(Default)]
pub(in crate::image) struct Joined {
    parts: Vec<Part>,
}

impl Joined {
    /// Adds the first `len` bytes of `source`. Where it has fewer, reading them is an error: they are missing, not zero.
    pub(in crate::image) fn push(&mut self, source: Arc<dyn ReadAt>, len: u64) {
        let start = self.len();
        let end = start.saturating_add(len);
        if end > start {
            self.parts.push(Part { source, start, end });
        }
    }

    /// Reads from the part that has the byte at `offset`, to its end at most.
    fn read_part(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let index = self.parts.partition_point(|part| part.end <= offset);
        let Some(part) = self.parts.get(index) else { return Ok(0) };
        let want = narrow(part.end.saturating_sub(offset)).min(buf.len());
        let within = offset.saturating_sub(part.start);
        let n = part.source.read_at(within, buf.get_mut(..want).unwrap_or_default())?;
        if n == 0 && want > 0 {
            let number = index.saturating_add(1);
            let (len, has) = (part.end.saturating_sub(part.start), part.source.len());
            let message =
                format!("part {number} of the image ends at byte {has}, but must have {len}: it is truncated");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        Ok(n)
    }
}

impl ReadAt for Joined {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        fill(offset, buf, |at, rest| self.read_part(at, rest))
    }

    fn len(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(parts: &[(&[u8], u64)]) -> Joined {
        let mut joined = Joined::default();
        for (bytes, len) in parts {
            joined.push(Arc::new(bytes.to_vec()), *len);
        }
        joined
    }

    #[test]
    fn reads_cross_parts_and_end_with_the_last() {
        let whole = joined(&[(b"0123", 4), (b"", 0), (b"45", 2), (b"6789xx", 4)]);
        assert_eq!(whole.len(), 10);
        for offset in 0..12usize {
            for len in 0..12usize {
                let mut got = vec![0u8; len];
                let n = whole.read_at(offset as u64, &mut got).unwrap();
                let want = &b"0123456789"[offset.min(10)..(offset + len).min(10).max(offset.min(10))];
                assert_eq!(&got[..n], want);
            }
        }
        assert_eq!(whole.read_at(u64::MAX, &mut [0; 4]).unwrap(), 0);
        assert_eq!(joined(&[]).read_at(0, &mut [0; 4]).unwrap(), 0);
    }

    #[test]
    fn what_a_part_lacks_is_an_error_and_not_zeros() {
        let whole = joined(&[(b"0123", 6), (b"45", 2)]);
        assert_eq!(whole.len(), 8);
        let error = whole.read_at(2, &mut [0; 4]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(error.to_string(), "part 1 of the image ends at byte 4, but must have 6: it is truncated");
        assert_eq!(whole.read_at(6, &mut [0; 4]).unwrap(), 2);
    }

    #[test]
    fn lengths_that_do_not_fit_end_at_the_last_byte_that_does() {
        let whole = joined(&[(b"01", u64::MAX), (b"2", u64::MAX)]);
        assert_eq!(whole.len(), u64::MAX);
        assert!(whole.read_at(u64::MAX - 1, &mut [0; 8]).is_err());
    }
}
