//! A part of a source: a partition, a member of an archive.

use std::io;
use std::sync::Arc;

use super::ReadAt;
use crate::number::narrow;

/// `len` bytes of a source from `start`, as a source of their own.
pub struct Window<S> {
    source: S,
    start: u64,
    len: u64,
}

impl<S: ReadAt> Window<S> {
    /// The part of `source` from `start` to `start + len`; what of it lies past the end of `source` is not there.
    pub fn new(source: S, start: u64, len: u64) -> Self {
        let start = start.min(source.len());
        let len = len.min(source.len().saturating_sub(start));
        Self { source, start, len }
    }
}

impl<S: ReadAt> ReadAt for Window<S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = narrow(self.len.saturating_sub(offset));
        let wanted = buf.len().min(rest);
        match buf.get_mut(..wanted).filter(|buf| !buf.is_empty()) {
            Some(buf) => self.source.read_at(self.start.saturating_add(offset), buf),
            None => Ok(0),
        }
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn origin(&self, offset: u64) -> Option<(Arc<str>, u64)> {
        self.source.origin(self.start.saturating_add(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_where_it_or_its_source_ends() {
        let mut buf = [0u8; 8];
        let inside = Window::new(b"0123456789".to_vec(), 2, 5);
        assert_eq!((inside.len(), inside.read_at(1, &mut buf).unwrap()), (5, 4));
        assert_eq!(&buf[..4], b"3456");
        assert_eq!(inside.read_at(5, &mut buf).unwrap(), 0);
        assert_eq!(inside.read_at(u64::MAX, &mut buf).unwrap(), 0);
        let past = Window::new(b"0123456789".to_vec(), 8, u64::MAX);
        assert_eq!((past.len(), past.read_at(0, &mut buf).unwrap()), (2, 2));
        assert_eq!(Window::new(b"0123456789".to_vec(), 20, 4).len(), 0);
    }
}
