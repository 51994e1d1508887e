//! gzip: a tar in it, or a single file (RFC 1952).

use std::sync::Arc;

use super::gather::{Gather, Verdict};
use super::inflated::{Frame, Halt, Inflated, Pool};
use super::{Member, failed, tar};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::wide;
use crate::read_at::{Cached, ReadAt, Window};

const WHAT: &str = "gzip header";
/// Bytes of a header that are looked at: an extra field of 64 KiB, and a name and a comment of as much.
const MOST: usize = 256 << 10;

/// The header of a member.
pub(super) struct Header {
    /// Where the compressed data starts.
    pub(super) end: u64,
    name: Option<String>,
    modified: u32,
}

/// Reads the header at `at`.
pub(super) fn header(source: &dyn ReadAt, at: u64) -> Result<Header, Halt> {
    // Most headers have a few bytes; files made of blocks have one for each 64 KiB.
    let mut bytes = Vec::new();
    for len in [512, MOST] {
        bytes.resize(len, 0);
        let have = source.fill_at(at, &mut bytes).map_err(|e| Halt::Io(failed(At::Offset(at), WHAT, &e)))?;
        let all = have.len() < len;
        match parse(have, at) {
            Err(Halt::Cut(_)) if !all && len < MOST => {}
            Err(Halt::Cut(_)) if !all => {
                let limit = wide(MOST);
                return Err(Halt::Corrupt(Error::Limit { at: At::Offset(at), what: "bytes of a gzip header", limit }));
            }
            other => return other,
        }
    }
    Err(Halt::Corrupt(Error::unsupported(At::Offset(at), "a gzip header that does not end")))
}

fn parse(bytes: &[u8], at: u64) -> Result<Header, Halt> {
    let f = Fields::new(bytes, at);
    let (magic, method, flags) =
        (f.be16(0, WHAT).map_err(Halt::Cut)?, f.u8(2, WHAT).map_err(Halt::Cut)?, f.u8(3, WHAT).map_err(Halt::Cut)?);
    if magic != 0x1f8b || method != 8 || flags & 0xe0 != 0 {
        let found = format!("{magic:04x}, method {method}, flags {flags:02x}");
        return Err(Halt::Corrupt(Error::damaged(At::Offset(at), WHAT, "1f8b, method 8, flags up to 1f", found)));
    }
    let modified = f.u32(4, WHAT).map_err(Halt::Cut)?;
    let mut pos = 10usize;
    if flags & 4 != 0 {
        let extra = f.u16(pos, WHAT).map_err(Halt::Cut)?;
        pos = pos.saturating_add(2).saturating_add(usize::from(extra));
    }
    let mut text = |present: bool| {
        if !present {
            return Ok(None);
        }
        let rest = bytes.get(pos..).unwrap_or_default();
        let len = rest.iter().position(|b| *b == 0);
        let len = len.ok_or_else(|| Halt::Cut(Error::damaged(At::Offset(at), WHAT, "the end of a name", "none")))?;
        pos = pos.saturating_add(len).saturating_add(1);
        // ISO 8859-1.
        Ok(Some(rest.iter().take(len).map(|b| char::from(*b)).collect::<String>()))
    };
    let name = text(flags & 8 != 0)?;
    text(flags & 16 != 0)?;
    if flags & 2 != 0 {
        let want = u32::from(f.u16(pos, WHAT).map_err(Halt::Cut)?);
        let crc = crc32fast::hash(f.bytes(0, pos, WHAT).map_err(Halt::Cut)?) & 0xffff;
        if crc != want {
            let (want, crc) = (format!("CRC {want:04x}"), format!("{crc:04x}"));
            return Err(Halt::Corrupt(Error::damaged(At::Offset(at), WHAT, want, crc)));
        }
        pos = pos.saturating_add(2);
    }
    f.bytes(0, pos, WHAT).map_err(Halt::Cut)?;
    Ok(Header { end: at.saturating_add(wide(pos)), name, modified })
}

/// Whether another member follows at `at`, rather than nothing. Zeros are nothing: they pad tapes.
pub(super) fn goes_on(source: &dyn ReadAt, at: u64) -> Result<bool, Halt> {
    let mut bytes = vec![0u8; 16 << 10];
    let mut pos = at;
    loop {
        let have = source.fill_at(pos, &mut bytes).map_err(|e| Halt::Io(failed(At::Offset(pos), WHAT, &e)))?;
        if pos == at && have.starts_with(b"\x1f\x8b") {
            return Ok(true);
        }
        if have.iter().any(|b| *b != 0) {
            let found = "something else";
            return Err(Halt::Cut(Error::damaged(At::Offset(at), "end of the gzip", "the end of the file", found)));
        }
        if have.is_empty() {
            return Ok(false);
        }
        pos = pos.saturating_add(wide(have.len()));
    }
}

/// Reads a gzip called `name`: the members of the tar in it, or the one file that it is.
pub(super) fn read(file: &Arc<dyn ReadAt>, name: &str, gather: &mut Gather<'_>) -> Result<Option<Error>, Error> {
    let first = header(&**file, 0).map_err(Halt::into_error)?;
    let pool = Pool::new(gather.limits);
    let stream = Arc::new(Inflated::new(Arc::clone(file), Frame::Gzip, &pool, gather.limits));
    // One that breaks off at once is still one file.
    let mut start = [0u8; 512];
    let looked = stream.fill_at(0, &mut start);
    let blocks: Arc<dyn ReadAt> = Arc::<Inflated>::clone(&stream);
    if looked.is_ok_and(tar::is_start) {
        return Ok(tar::read(&Streamed { stream, blocks }, gather));
    }
    let path = gather.file(&inner_name(first.name.as_deref(), name), false)?;
    let seconds = std::time::Duration::from_secs(u64::from(first.modified));
    let modified = (first.modified != 0).then(|| std::time::UNIX_EPOCH.checked_add(seconds)).flatten();
    let damaged = match stream.finish() {
        Ok(()) => None,
        Err(Halt::Cut(error)) if stream.len() > 0 => Some(error),
        Err(halt) => {
            gather.unreadable(path, modified, halt.into_error())?;
            return Ok(None);
        }
    };
    // Blocks are kept for what reads it here and there, such as a file system in an image.
    let bytes: Arc<dyn ReadAt> = Arc::new(Cached::new(blocks, 32 << 10, 64));
    match gather.looks_at(&path, &*bytes, 0, bytes.len()) {
        Ok(Verdict::Keep) => gather.keep(Member { path, modified, bytes: Ok(bytes) })?,
        Ok(Verdict::Skip) => {}
        Err(error) => gather.unreadable(path, modified, failed(At::Whole, "gzip", &error))?,
    }
    Ok(damaged)
}

/// How the one file is called: by its header, or like the archive without the ending.
pub(super) fn inner_name(own: Option<&str>, archive: &str) -> String {
    let last = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    if let Some(own) = own.map(last).filter(|own| !own.is_empty()) {
        return own;
    }
    let archive = last(archive);
    let stem = [".gz", ".zst", ".tgz", ".gzip", ".zstd"].iter().find_map(|ending| {
        let (stem, end) = archive.split_at_checked(archive.len().checked_sub(ending.len())?)?;
        (!stem.is_empty() && end.eq_ignore_ascii_case(ending)).then(|| stem.to_owned())
    });
    stem.unwrap_or(archive)
}

/// A tar in a gzip: listed in one pass, which leaves the checkpoints to read its members from.
struct Streamed {
    stream: Arc<Inflated>,
    blocks: Arc<dyn ReadAt>,
}

impl tar::Source for Streamed {
    fn bytes(&self) -> &dyn ReadAt {
        &*self.stream
    }

    fn keep(&self, at: u64, len: u64) -> Result<Arc<dyn ReadAt>, Error> {
        Ok(Arc::new(Window::new(Arc::clone(&self.blocks), at, len)))
    }

    fn finish(&self) -> (u64, Result<(), Halt>) {
        let result = self.stream.finish();
        (self.stream.len(), result)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all, gzipped, listed, source};
    use super::*;

    /// A gzip of "abc" with these flags and these bytes after the fixed header.
    fn with(flags: u8, fields: &[u8]) -> Vec<u8> {
        let plain = gzipped(b"abc");
        let mut bytes = plain[..10].to_vec();
        bytes[3] = flags;
        bytes.extend(fields);
        if flags & 2 != 0 {
            let crc = crc32fast::hash(&bytes) as u16;
            bytes.extend(crc.to_le_bytes());
        }
        bytes.extend(&plain[10..]);
        bytes
    }

    #[test]
    fn headers_with_every_field_are_read() {
        let all_fields = with(0x1f, b"\x03\0xyz..\\dir/name.img\0comment\0");
        assert_eq!(listed(&all(&all_fields).unwrap()), [("name.img".to_owned(), Ok(b"abc".to_vec()))]);
        let mut wrong = all_fields;
        wrong[15] ^= 1;
        assert!(all(&wrong).is_err());
        // An extra field and names that need more than the first look.
        let long = [vec![0xff, 0xff], vec![7; 0xffff], b"n\0".to_vec()].concat();
        assert_eq!(all(&with(0x0c, &long)).unwrap().members[0].path, "n");
        assert!(all(&with(0x08, &vec![b'a'; 300 << 10])).is_err());
        assert!(all(b"\x1f\x8b\x08\x08").is_err());
    }

    #[test]
    fn the_file_is_called_by_its_header_or_like_the_archive() {
        assert_eq!(inner_name(Some("disk.img"), "x.gz"), "disk.img");
        assert_eq!(inner_name(Some("../../disk.img"), "x.gz"), "disk.img");
        assert_eq!(inner_name(Some("dir/"), "a/x.img.GZ"), "x.img");
        assert_eq!(inner_name(None, ".gz"), ".gz");
        assert_eq!(inner_name(None, "evidence"), "evidence");
    }

    #[test]
    fn a_gzip_that_is_cut_off_gives_what_there_is_and_says_so() {
        let bytes = gzipped(&super::super::tests::data(100_000));
        let contents = all(&bytes[..bytes.len() - 4]).unwrap();
        assert!(contents.damaged.is_some());
        assert!(listed(&contents)[0].1 == Ok(super::super::tests::data(100_000)));
        assert!(header(&*source(&bytes), 5).is_err());
    }
}
