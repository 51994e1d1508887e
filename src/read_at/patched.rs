//! Bytes laid over bytes: what a transaction log changes in a hive, without writing to either.
#![deny(clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::ReadAt;
use crate::number::{narrow, wide};

/// A source with ranges of other sources laid over it. Nothing is copied: each read goes to whichever source has the bytes.
///
/// It is as long as the longest part. Where neither the source nor a range has bytes before that end, a read fails: made-up
/// zeros could be taken for data.
pub struct Patched {
    base: Box<dyn ReadAt>,
    layers: Vec<Layer>,
    /// By the offset at which they start; they do not overlap.
    ranges: BTreeMap<u64, Range>,
    len: u64,
}

/// A source, and the file that it is, if it is one.
type Layer = (Option<Arc<str>>, Arc<dyn ReadAt>);

#[derive(Debug, Clone, Copy)]
struct Range {
    end: u64,
    layer: usize,
    /// Where in the layer the range starts.
    from: u64,
}

impl Range {
    /// What is left of a range that started at `start`, from `at` on.
    fn tail(self, start: u64, at: u64) -> Self {
        Self { from: self.from.saturating_add(at.saturating_sub(start)), ..self }
    }
}

impl Patched {
    /// A source with nothing laid over it yet.
    pub fn new(base: Box<dyn ReadAt>) -> Self {
        let len = base.len();
        Self { base, layers: Vec::new(), ranges: BTreeMap::new(), len }
    }

    /// The source without what was laid over it.
    pub fn into_base(self) -> Box<dyn ReadAt> {
        self.base
    }

    /// Makes a source known whose ranges are to be laid over, with the name of the file that it is, if it is one; gives its
    /// number for [`Patched::cover`].
    pub fn add_layer(&mut self, name: Option<Arc<str>>, layer: Arc<dyn ReadAt>) -> usize {
        self.layers.push((name, layer));
        self.layers.len().saturating_sub(1)
    }

    /// Lays `len` bytes of a layer, from its offset `from`, over this source at `at`. What was laid there before is hidden.
    pub fn cover(&mut self, at: u64, len: u64, layer: usize, from: u64) {
        let end = at.saturating_add(len);
        if end == at {
            return;
        }
        if let Some((&start, range)) = self.ranges.range_mut(..at).next_back()
            && range.end > at
        {
            let old = *range;
            range.end = at;
            if old.end > end {
                self.ranges.insert(end, old.tail(start, end));
            }
        }
        while let Some((&start, &old)) = self.ranges.range(at..end).next() {
            self.ranges.remove(&start);
            if old.end > end {
                self.ranges.insert(end, old.tail(start, end));
            }
        }
        self.ranges.insert(at, Range { end, layer, from });
        self.len = self.len.max(end);
    }

    /// What is laid over the byte at `at`: the layer, the offset in it, and where the range ends.
    fn laid(&self, at: u64) -> Option<(&Layer, u64, u64)> {
        let (&start, range) = self.ranges.range(..=at).next_back().filter(|(_, range)| range.end > at)?;
        Some((self.layers.get(range.layer)?, range.tail(start, at).from, range.end))
    }

    /// Where the bytes at `at` come from: the source and the offset in it, and where that part ends.
    fn part(&self, at: u64) -> (&dyn ReadAt, u64, u64) {
        if let Some(((_, layer), from, end)) = self.laid(at) {
            return (&**layer, from, end);
        }
        let next = self.ranges.range(at..).next().map_or(self.len, |(&start, _)| start);
        (&self.base, at, next)
    }
}

impl ReadAt for Patched {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0usize;
        loop {
            let at = offset.saturating_add(wide(done));
            let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty() && at < self.len) else {
                return Ok(done);
            };
            let (source, from, end) = self.part(at);
            let want = narrow(end.saturating_sub(at)).min(rest.len());
            let read = source.read_at(from, rest.get_mut(..want).unwrap_or_default())?;
            if read < want {
                let what = "neither the file nor what is laid over it has these bytes";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
            }
            done = done.saturating_add(read);
        }
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn origin(&self, offset: u64) -> Option<(Arc<str>, u64)> {
        match self.laid(offset) {
            Some(((name, _), from, _)) => name.clone().map(|name| (name, from)),
            None => self.base.origin(offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(len: usize) -> Patched {
        let mut patched = Patched::new(Box::new(vec![b'.'; len]));
        patched.add_layer(Some("small".into()), Arc::new(b"abcdefghijklmnopqrstuvwxyz".to_vec()));
        patched.add_layer(None, Arc::new(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ".to_vec()));
        patched
    }

    fn text(patched: &Patched) -> String {
        let mut buf = vec![0; 64];
        let n = patched.read_at(0, &mut buf).unwrap();
        assert_eq!(u64::try_from(n).unwrap(), patched.len());
        String::from_utf8(buf[..n].to_vec()).unwrap()
    }

    #[test]
    fn the_last_range_hides_what_it_covers_and_no_more() {
        let mut o = patched(12);
        o.cover(2, 6, 0, 0);
        assert_eq!(text(&o), "..abcdef....");
        o.cover(4, 2, 1, 10);
        assert_eq!(text(&o), "..abKLef....");
        let origin = |at| o.origin(at).map(|(name, at)| (name.to_string(), at));
        assert_eq!((origin(1), origin(4), origin(6)), (None, None, Some(("small".to_owned(), 4))));
        o.cover(1, 2, 1, 0);
        assert_eq!(text(&o), ".ABbKLef....");
        o.cover(0, 10, 0, 10);
        assert_eq!(text(&o), "klmnopqrst..");
        o.cover(9, 5, 1, 20);
        assert_eq!(text(&o), "klmnopqrsUVWXY");
        o.cover(3, 0, 1, 0);
        assert_eq!(text(&o), "klmnopqrsUVWXY");
    }

    #[test]
    fn ranges_laid_at_random_equal_a_copy_that_is_written_to() {
        let mut x = 0x2545_f491u32;
        let mut random = |below: u32| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            x % below
        };
        let layer: Vec<u8> = (0..200u8).collect();
        for _ in 0..200 {
            let mut copy = vec![255u8; 100];
            let mut o = Patched::new(Box::new(copy.clone()));
            o.add_layer(None, Arc::new(layer.clone()));
            for _ in 0..30 {
                let (at, from) = (random(90) as usize, random(150) as usize);
                let len = random(10) as usize;
                copy[at..at + len].copy_from_slice(&layer[from..from + len]);
                o.cover(at as u64, len as u64, 0, from as u64);
            }
            let mut buf = vec![0; 100];
            assert_eq!(o.read_at(0, &mut buf).unwrap(), 100);
            assert_eq!(buf, copy);
        }
    }

    #[test]
    fn a_hole_is_an_error_and_the_end_is_not() {
        let mut o = patched(4);
        o.cover(8, 4, 0, 0);
        let mut buf = [0; 12];
        assert_eq!(o.len(), 12);
        assert!(o.read_at(0, &mut buf).is_err());
        assert_eq!(o.read_at(8, &mut buf).unwrap(), 4);
        assert_eq!(o.read_at(0, &mut buf[..4]).unwrap(), 4);
        assert_eq!(o.read_at(12, &mut buf).unwrap(), 0);
        // A layer that ends early.
        o.cover(8, 4, 0, 24);
        assert!(o.read_at(8, &mut buf).is_err());
    }
}
