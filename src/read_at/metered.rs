//! A file of which it is known how far it is read.

use std::io;
use std::sync::Arc;

use super::ReadAt;
use crate::number::wide;
use crate::progress::Meter;

/// The same bytes; the meter shows where they were read last.
pub(crate) struct Metered<R> {
    inner: R,
    meter: Arc<Meter>,
}

impl<R: ReadAt> Metered<R> {
    pub(crate) fn new(inner: R, meter: &Arc<Meter>) -> Self {
        meter.begin(inner.len());
        Self { inner, meter: Arc::clone(meter) }
    }
}

impl<R: ReadAt> ReadAt for Metered<R> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read_at(offset, buf)?;
        self.meter.reached(offset.saturating_add(wide(read)));
        Ok(read)
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn origin(&self, offset: u64) -> Option<(Arc<str>, u64)> {
        self.inner.origin(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_shows_where_the_file_was_read_last() {
        let meter = Arc::default();
        let file = Metered::new(vec![7u8; 100], &meter);
        assert_eq!(meter.bytes(), Some((0, 100)));
        file.read_exact_at(10, &mut [0; 30]).unwrap();
        assert_eq!(meter.bytes(), Some((40, 100)));
        assert_eq!(file.read_at(95, &mut [0; 30]).unwrap(), 5);
        assert_eq!(meter.bytes(), Some((100, 100)));
    }
}
