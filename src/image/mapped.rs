//! What containers with a table of blocks have in common: each run of the disk stands in the file, in a parent, or nowhere.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::error::{At, Error};
use crate::number::{narrow, wide};
use crate::read_at::{Cached, ReadAt};

/// Bytes of a block of tables and bitmaps that is kept in memory.
const TABLE_BLOCK: usize = 4096;
/// Bytes of a bitmap looked at for one run.
const BITMAP_BYTES: u64 = 64;

/// Where a run of the disk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the file, at this offset.
    File(u64),
    /// In the parent, at the same offset of its disk.
    Parent,
    /// Nowhere: it is all zeros.
    Zeros,
}

/// The tables of a container.
pub(super) trait Map: Send + Sync {
    /// Where the byte at `at` of the disk stands, and how many bytes from there on stand together (one or more).
    ///
    /// # Errors
    /// When the tables cannot be read or are no good.
    fn place(&self, at: u64) -> io::Result<(Place, u64)>;
}

/// A disk read through the tables of its container.
pub(super) struct Mapped<M> {
    pub(super) map: M,
    /// What [`Place::File`] refers to.
    pub(super) file: Arc<dyn ReadAt>,
    /// What [`Place::Parent`] refers to; past its end are zeros.
    pub(super) parent: Option<Arc<dyn ReadAt>>,
    /// Bytes of the disk.
    pub(super) len: u64,
}

impl<M: Map> ReadAt for Mapped<M> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0usize;
        loop {
            let at = offset.saturating_add(wide(done));
            let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty() && at < self.len) else {
                return Ok(done);
            };
            let (place, run) = self.map.place(at)?;
            let run = narrow(run.min(self.len.saturating_sub(at))).min(rest.len());
            let Some(part) = rest.get_mut(..run).filter(|part| !part.is_empty()) else {
                return Err(Error::damaged(At::Offset(at), "run of the disk", "1 byte or more", "none").into());
            };
            match (place, &self.parent) {
                (Place::File(from), _) => exact(&*self.file, from, part, "data of the disk")?,
                (Place::Parent, Some(parent)) => from_parent(&**parent, at, part)?,
                (Place::Parent, None) | (Place::Zeros, _) => part.fill(0),
            }
            done = done.saturating_add(run);
        }
    }

    fn len(&self) -> u64 {
        self.len
    }
}

/// Reads from a parent, which may be smaller than its child.
fn from_parent(parent: &dyn ReadAt, at: u64, buf: &mut [u8]) -> io::Result<()> {
    let there = narrow(parent.len().saturating_sub(at)).min(buf.len());
    let (data, past) = buf.split_at_mut(there);
    past.fill(0);
    exact(parent, at, data, "data of the parent")
}

/// Fills `buf` from `at`; where the file ends before that, the error says so.
pub(super) fn exact(file: &dyn ReadAt, at: u64, buf: &mut [u8], what: &'static str) -> io::Result<()> {
    file.read_exact_at(at, buf).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof if e.get_ref().is_none() => {
            let reason = format!("{what} at {at:#x}: {} bytes should be there, but the file is cut short", buf.len());
            io::Error::new(io::ErrorKind::UnexpectedEof, reason)
        }
        _ => e,
    })
}

/// Reads a structure of `len` bytes; callers bound `len` by the format, not by what the file says.
pub(super) fn structure(file: &dyn ReadAt, at: u64, len: usize, what: &'static str) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0u8; len];
    match file.read_exact_at(at, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof && e.get_ref().is_none() => {
            let found = format!("a file that ends at {:#x}", file.len());
            Err(Error::damaged(At::Offset(at), what, format!("{len} bytes"), found))
        }
        Err(e) => Err(Error::io(At::Offset(at), what, &e)),
    }
}

/// A file whose tables are read a few entries at a time.
pub(super) fn tables(file: &Arc<dyn ReadAt>, blocks: usize) -> Cached<Arc<dyn ReadAt>> {
    Cached::new(Arc::clone(file), TABLE_BLOCK, blocks)
}

/// In which order the bits of a byte of a bitmap count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bits {
    /// The most significant one first.
    High,
    /// The least significant one first.
    Low,
}

/// The bit `bit` of the bitmap at `at`, and how many bits from there on are like it (one or more, before `end`).
pub(super) fn run(file: &dyn ReadAt, at: u64, bit: u64, end: u64, order: Bits) -> io::Result<(bool, u64)> {
    let first = bit / 8;
    let len = end.div_ceil(8).saturating_sub(first).clamp(1, BITMAP_BYTES);
    let mut bytes = [0u8; 64];
    let bytes = bytes.get_mut(..usize::try_from(len).unwrap_or_default()).unwrap_or_default();
    exact(file, at.saturating_add(first), bytes, "sector bitmap")?;
    let skip = usize::try_from(bit % 8).unwrap_or_default();
    let limit = narrow(end.saturating_sub(bit)).max(1);
    let mut bits = bytes.iter().flat_map(|&byte| {
        let byte = if order == Bits::Low { byte.reverse_bits() } else { byte };
        (0..8).map(move |n| byte.checked_shl(n).unwrap_or_default() & 0x80 != 0)
    });
    let set = bits.nth(skip).unwrap_or_default();
    let more = bits.take(limit.saturating_sub(1)).take_while(|&next| next == set).count();
    Ok((set, u64::try_from(more).unwrap_or_default().saturating_add(1)))
}

/// Whether `len` bytes at `at` touch any of `taken` (start and end).
pub(super) fn overlaps(at: u64, len: u64, taken: &[(u64, u64)]) -> bool {
    let end = at.saturating_add(len);
    taken.iter().any(|&(start, stop)| start < stop && at < stop && start < end)
}

/// A GUID, as the number that its usual spelling is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub(super) u128);

impl Guid {
    /// From the form in which Windows and VirtualBox store it: the first three groups little-endian.
    pub(super) fn from_stored(bytes: &[u8]) -> Self {
        let Some(&[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]) = bytes.first_chunk::<16>() else {
            return Self(0);
        };
        Self(u128::from_be_bytes([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]))
    }

    /// From its bytes in the order in which they are spelt.
    pub(super) fn from_spelt(bytes: &[u8]) -> Self {
        Self(bytes.first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes)))
    }

    /// From text, with or without braces.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
        let digits: String = inner.chars().filter(|&c| c != '-').collect();
        let sound = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        u128::from_str_radix(&digits, 16).ok().filter(|_| sound).map(Self)
    }

    pub(super) fn is_nil(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let mut rest = hex.as_str();
        for (position, len) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            let (group, tail) = rest.split_at_checked(len).unwrap_or((rest, ""));
            rest = tail;
            write!(f, "{}{group}", if position == 0 { "" } else { "-" })?;
        }
        Ok(())
    }
}

/// Text in UTF-16, up to the first NUL.
pub(super) fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk::<2>()).map(|pair| unit(*pair));
    let units: Vec<u16> = units.take_while(|&unit| unit != 0).collect();
    String::from_utf16_lossy(&units)
}

/// Files by name, for the tests of the readers.
#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::image::{Disk, Opened, Opener};
    use crate::limits::Limits;

    /// Files in one folder, opened down to a depth of eight.
    #[derive(Clone, Default)]
    pub(in crate::image) struct Folder {
        pub(in crate::image) files: Vec<(&'static str, Vec<u8>)>,
        depth: usize,
    }

    impl Folder {
        pub(in crate::image) fn of(files: &[(&'static str, &[u8])]) -> Self {
            Self { files: files.iter().map(|&(name, bytes)| (name, bytes.to_vec())).collect(), depth: 0 }
        }
    }

    impl Opener for Folder {
        fn open(&self, names: &[&str]) -> Result<Opened, Error> {
            let found = names.iter().find_map(|name| {
                let last = name.rsplit(['\\', '/']).next().unwrap_or_default();
                self.files.iter().find(|(file, _)| *file == last)
            });
            let refused = || Error::unsupported(At::Whole, format!("none of {names:?} may be opened"));
            let (name, bytes) = found.filter(|_| self.depth < 8).ok_or_else(refused)?;
            let opener = Arc::new(Self { files: self.files.clone(), depth: self.depth + 1 });
            Ok(Opened { bytes: Arc::new(bytes.clone()), name: (*name).into(), opener })
        }

        fn file_name(&self) -> &str {
            "image"
        }
    }

    type Reader = fn(&Arc<dyn ReadAt>, &dyn Opener, &Limits) -> Result<Option<Disk>, Error>;

    pub(in crate::image) fn open(reader: Reader, bytes: &[u8], folder: &Folder) -> Result<Disk, Error> {
        let file: Arc<dyn ReadAt> = Arc::new(bytes.to_vec());
        reader(&file, folder, &Limits::default()).map(|disk| disk.expect("of this format"))
    }

    pub(in crate::image) fn refused(reader: Reader, bytes: &[u8]) -> String {
        open(reader, bytes, &Folder::default()).err().expect("refused").to_string()
    }

    /// All bytes of a disk, or why they cannot be read.
    pub(in crate::image) fn all(disk: &Disk) -> io::Result<Vec<u8>> {
        part(disk, 0, usize::try_from(disk.bytes.len()).unwrap())
    }

    pub(in crate::image) fn part(disk: &Disk, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0xee; len];
        disk.bytes.read_exact_at(at, &mut bytes).map(|()| bytes)
    }

    /// Puts bytes into others.
    pub(in crate::image) fn put(bytes: &mut Vec<u8>, at: usize, what: &[u8]) {
        bytes.resize(bytes.len().max(at + what.len()), 0);
        bytes[at..at + what.len()].copy_from_slice(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thirds;

    impl Map for Thirds {
        fn place(&self, at: u64) -> io::Result<(Place, u64)> {
            match at / 4 {
                0 => Ok((Place::File(2 + at), 4 - at)),
                1 => Ok((Place::Parent, 8 - at)),
                2 => Ok((Place::Zeros, 12 - at)),
                _ => Ok((Place::Zeros, 0)),
            }
        }
    }

    fn thirds(len: u64, parent: Option<Vec<u8>>) -> Mapped<Thirds> {
        let parent = parent.map(|bytes| Arc::new(bytes) as Arc<dyn ReadAt>);
        Mapped { map: Thirds, file: Arc::new(b"..abcd".to_vec()), parent, len }
    }

    #[test]
    fn runs_come_from_the_file_the_parent_and_nowhere() {
        let mut buf = [1u8; 12];
        let n = thirds(12, Some(b"0123456789".to_vec())).read_at(0, &mut buf).unwrap();
        assert_eq!((n, &buf), (12, b"abcd4567\0\0\0\0"));
        let short = thirds(11, Some(b"012345".to_vec()));
        assert_eq!((short.read_at(3, &mut buf).unwrap(), &buf[..8]), (8, &b"d45\0\0\0\0\0"[..]));
        assert_eq!(short.read_at(11, &mut buf).unwrap(), 0);
        assert_eq!(short.read_at(u64::MAX, &mut buf).unwrap(), 0);
        assert!(thirds(20, None).read_at(11, &mut buf).is_err(), "a map that gives no bytes is no endless loop");
    }

    #[test]
    fn a_file_that_ends_too_early_is_an_error_that_says_so() {
        let cut = Mapped { map: Thirds, file: Arc::new(b"..ab".to_vec()), parent: None, len: 12 };
        let error = cut.read_at(0, &mut [0u8; 4]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(error.to_string().contains("cut short"), "{error}");
    }

    #[test]
    fn runs_of_bits_are_counted_in_either_order() {
        let bitmap = vec![0b1110_0000u8, 0xff, 0b0000_0001, 0, 0];
        let high = |bit, end| run(&bitmap, 0, bit, end, Bits::High).unwrap();
        assert_eq!((high(0, 40), high(2, 40), high(3, 40)), ((true, 3), (true, 1), (false, 5)));
        assert_eq!((high(8, 40), high(8, 12), high(39, 40)), ((true, 8), (true, 4), (false, 1)));
        let low = |bit, end| run(&bitmap, 0, bit, end, Bits::Low).unwrap();
        assert_eq!(
            (low(0, 40), low(5, 40), low(16, 40), low(17, 40)),
            ((false, 5), (true, 12), (true, 1), (false, 23))
        );
        assert!(run(&bitmap, 4, 8, 16, Bits::Low).is_err());
        let long = vec![0xffu8; 1000];
        assert_eq!(run(&long, 0, 4, 8000, Bits::Low).unwrap(), (true, 508));
    }

    #[test]
    fn what_is_empty_is_in_no_ones_way() {
        let taken = [(10, 20), (30, 30)];
        assert!(
            overlaps(0, 11, &taken) && overlaps(19, 1, &taken) && overlaps(12, 1, &taken) && overlaps(5, 50, &taken)
        );
        assert!(!overlaps(0, 10, &taken) && !overlaps(20, 100, &taken));
    }

    #[test]
    fn guids_are_read_and_spelt_as_windows_does() {
        let stored = [0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0, 0x42, 0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08];
        let guid = Guid::from_stored(&stored);
        assert_eq!(guid.to_string(), "2dc27766-f623-4200-9d64-115e9bfd4a08");
        assert_eq!(Guid::parse("{2DC27766-F623-4200-9D64-115E9BFD4A08}"), Some(guid));
        assert_eq!(Guid::parse("2dc27766-f623-4200-9d64-115e9bfd4a08"), Some(guid));
        assert_eq!(Guid::parse("{+dc27766-f623-4200-9d64-115e9bfd4a08}"), None);
        assert_eq!((Guid::parse(""), Guid::from_stored(b"short").is_nil()), (None, true));
        assert_eq!(Guid::from_spelt(&[0x11; 16]).to_string(), "11111111-1111-1111-1111-111111111111");
    }
}
