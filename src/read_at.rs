//! `ReadAt`: the one trait that every byte source is.
//!
//! Reads are positional, so that a reader can hop about a file of any size without a cursor, without mapping it
//! and without locking, and so that layers can be laid over layers (a file, later a disk image, log pages over a hive).

mod cached;
mod metered;
mod patched;
mod window;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::number::wide;
pub use cached::Cached;
pub(crate) use metered::Metered;
pub use patched::Patched;
pub use window::Window;

/// A source of bytes with a fixed length that can be read at any offset.
pub trait ReadAt: Send + Sync {
    /// Reads up to `buf.len()` bytes at `offset` (bytes from the start). Returns how many were read; fewer than asked
    /// means that the source ends there.
    ///
    /// # Errors
    /// Whatever the underlying source reports.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `offset`.
    ///
    /// # Errors
    /// Whatever [`Self::read_at`] reports, and [`io::ErrorKind::UnexpectedEof`] when the source ends within `buf`.
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let wanted = buf.len();
        if self.fill_at(offset, buf)?.len() < wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Reads as much of `buf` as there is from `offset`, and gives what was read: fewer bytes than it holds come back only
    /// at the source's end.
    ///
    /// # Errors
    /// Whatever [`Self::read_at`] reports.
    fn fill_at<'b>(&self, offset: u64, buf: &'b mut [u8]) -> io::Result<&'b [u8]> {
        let n = fill(offset, buf, |at, rest| self.read_at(at, rest))?;
        buf.get(..n).ok_or_else(too_much)
    }

    /// The name of the file that the byte at `offset` really stands in, and where, when that is not the one that this
    /// source is called by: what decides a finding must be found where the report says.
    fn origin(&self, offset: u64) -> Option<(Arc<str>, u64)> {
        let _ = offset;
        None
    }
}

/// Calls `read` until `buf` is full or there is no more. For sources that read piece by piece.
pub(crate) fn fill(
    offset: u64,
    buf: &mut [u8],
    mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut done = 0usize;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match read(offset.saturating_add(wide(done)), rest)? {
            0 => break,
            n if n > rest.len() => return Err(too_much()),
            n => done = done.saturating_add(n),
        }
    }
    Ok(done)
}

/// A source that says so is broken: what it read is not to be trusted.
fn too_much() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "more bytes were read than asked for")
}

impl<T: ReadAt + ?Sized> ReadAt for Box<T> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buf)
    }

    fn len(&self) -> u64 {
        (**self).len()
    }

    fn origin(&self, offset: u64) -> Option<(Arc<str>, u64)> {
        (**self).origin(offset)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Arc<T> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buf)
    }

    fn len(&self) -> u64 {
        (**self).len()
    }

    fn origin(&self, offset: u64) -> Option<(Arc<str>, u64)> {
        (**self).origin(offset)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buf)
    }

    fn len(&self) -> u64 {
        wide(Vec::len(self))
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|start| self.get(start..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }

    fn len(&self) -> u64 {
        wide(<[u8]>::len(self))
    }
}

/// A file on this machine, opened read-only.
#[derive(Debug)]
pub struct LocalFile {
    file: File,
    len: u64,
}

impl LocalFile {
    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// When it cannot be opened, or is not a regular file: a pipe or a device could block for ever, so those are
    /// refused before they are opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let not_regular = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
        if is_device(path) || !std::fs::metadata(path)?.is_file() {
            return Err(not_regular());
        }
        let file = File::open(path).map_err(in_use)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(not_regular());
        }
        Ok(Self { file, len: meta.len() })
    }
}

/// Whether Windows takes it for a device, such as `NUL` or `\\.\PhysicalDrive0`. It may call that a regular file.
pub(crate) fn is_device(path: &Path) -> bool {
    cfg!(windows) && path.to_str().is_some_and(names_device)
}

fn names_device(path: &str) -> bool {
    let path = path.replace('/', "\\");
    if path.starts_with(r"\\?\") {
        return false; // such names are taken as they are
    }
    let name = path.rsplit('\\').next().unwrap_or_default().trim_end_matches([':', ' ']).to_ascii_uppercase();
    let numbered = ["COM", "LPT"].iter().any(|kind| {
        name.strip_prefix(kind).is_some_and(|number| number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit()))
    });
    path.starts_with(r"\\.\") || numbered || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&&*name)
}

/// The hives of a Windows that runs are opened by nobody else (ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION).
fn in_use(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(32 | 33) if cfg!(windows) => io::Error::new(error.kind(), IN_USE),
        _ => error,
    }
}

const IN_USE: &str = "Windows has it in use. Of hives of a machine that runs, an administrator saves copies with \
                      reg save HKLM\\SYSTEM SYSTEM and reg save HKLM\\SOFTWARE SOFTWARE, or takes them from a shadow copy (VSS)";

impl ReadAt for LocalFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        fill(offset, buf, |at, rest| {
            loop {
                match read_some(&self.file, rest, at) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    other => return other,
                }
            }
        })
    }

    fn len(&self) -> u64 {
        self.len
    }
}

#[cfg(unix)]
fn read_some(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

/// There is one thread, so that nobody else moves the place in the file in between.
#[cfg(target_family = "wasm")]
fn read_some(mut file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read(buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_reads_short_at_its_end_and_nothing_past_it() {
        let bytes: &[u8] = b"0123456789";
        let mut buf = [0u8; 4];
        assert_eq!(bytes.read_at(8, &mut buf).unwrap(), 2);
        assert_eq!(&buf[..2], b"89");
        assert_eq!(bytes.read_at(10, &mut buf).unwrap(), 0);
        assert_eq!(bytes.read_at(u64::MAX, &mut buf).unwrap(), 0);
    }

    /// One that says that it read more than it was asked for.
    struct Liar;

    impl ReadAt for Liar {
        fn read_at(&self, _: u64, buf: &mut [u8]) -> io::Result<usize> {
            Ok(buf.len() + 1)
        }

        fn len(&self) -> u64 {
            64
        }
    }

    #[test]
    fn what_a_broken_source_read_is_an_error_and_not_nothing() {
        let mut buf = [0u8; 4];
        assert_eq!(Liar.fill_at(0, &mut buf).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(Liar.read_exact_at(0, &mut buf).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn names_of_devices_are_told() {
        for name in ["NUL", "nul:", r"C:\x\con", "COM1", r"\\.\PhysicalDrive0", "//./C:", "lpt9 "] {
            assert!(names_device(name), "{name}");
        }
        for name in ["NULL", "com", "COM10", "COMX", "con.reg", r"\\?\C:\NUL", r"NUL\SYSTEM", "SYSTEM"] {
            assert!(!names_device(name), "{name}");
        }
    }

    #[test]
    fn a_folder_is_not_a_file() {
        assert!(LocalFile::open(&std::env::temp_dir()).is_err());
    }
}
