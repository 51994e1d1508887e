//! Where there is no terminal, nothing is said of how far a run is.

use std::io::{self, Write};
use std::sync::Arc;

use super::args::ProgressArgs;
use crate::progress::Progress;

pub(super) fn aside<T>(write: impl FnOnce() -> T) -> T {
    write()
}

/// Standard output, as it is.
pub(super) struct Aside<W>(W);

impl<W> Aside<W> {
    pub(super) fn stdout(to: W) -> Self {
        Self(to)
    }
}

impl<W: Write> Write for Aside<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

pub(super) struct Shown;

pub(super) fn show(_: &Arc<Progress>, _: &ProgressArgs, _: bool) -> Option<Shown> {
    None
}
