//! tar: the old format of Unix v7, ustar, GNU's and pax (POSIX.1-2017, `pax`, "ustar Interchange Format" and "pax Interchange
//! Format"; GNU tar manual, "Basic Tar Format", "Storing Sparse Files").

mod header;
mod pax;
mod sparse;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::gather::{Gather, Verdict};
use super::inflated::Halt;
use super::{Member, failed};
use crate::error::{At, Error};
use crate::number::wide;
use crate::read_at::{ReadAt, Window};
use crate::windows::keys::is_hive_file;
use header::{BLOCK, Header};
use pax::Pax;

pub(super) use header::is_start;

const WHAT: &str = "tar";

/// Bytes behind the end that are looked at. Tapes have records of up to 16 MiB, which zeros fill up.
const PADDING: u64 = 64 << 20;

/// Where a tar comes from. It is listed from the start to the end, without going back further than the start of a member.
pub(super) trait Source {
    /// The tar, for listing.
    fn bytes(&self) -> &dyn ReadAt;

    /// A part of it, for reading later.
    fn keep(&self, at: u64, len: u64) -> Result<Arc<dyn ReadAt>, Error>;

    /// How many bytes it has in the end, and whether they are right.
    fn finish(&self) -> (u64, Result<(), Halt>);
}

/// A tar that is not compressed.
pub(super) struct Plain(pub(super) Arc<dyn ReadAt>);

impl Source for Plain {
    fn bytes(&self) -> &dyn ReadAt {
        &*self.0
    }

    fn keep(&self, at: u64, len: u64) -> Result<Arc<dyn ReadAt>, Error> {
        Ok(Arc::new(Window::new(Arc::clone(&self.0), at, len)))
    }

    fn finish(&self) -> (u64, Result<(), Halt>) {
        (self.0.len(), Ok(()))
    }
}

/// Reads a tar; gives why there may be more in it than was found.
pub(super) fn read(source: &dyn Source, gather: &mut Gather<'_>) -> Option<Error> {
    let mut walk = Walk { source, gather, ends: Vec::new(), paths: HashMap::new() };
    let listed = walk.list();
    let (len, whole) = source.finish();
    let ends = std::mem::take(&mut walk.ends);
    for (i, end) in ends {
        let Some(member) = gather.kept().get_mut(i) else { continue };
        match &whole {
            // Which of the files is wrong cannot be told.
            Err(Halt::Corrupt(error) | Halt::Io(error)) => member.bytes = Err(error.clone()),
            _ if end > len => {
                let (expected, found) = (format!("data up to byte {end} of the tar"), format!("a tar of {len} bytes"));
                member.bytes = Err(Error::damaged(At::Offset(len), WHAT, expected, found));
            }
            _ => {}
        }
    }
    whole.err().map(Halt::into_error).or(listed.err())
}

/// What extension headers say of the member that follows.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    link: Option<String>,
    pax: Pax,
    any: bool,
}

struct Walk<'a, 'b> {
    source: &'a dyn Source,
    gather: &'a mut Gather<'b>,
    /// Members that were kept, and where in the tar their data ends.
    ends: Vec<(usize, u64)>,
    /// The same by path, for hard links.
    paths: HashMap<String, usize>,
}

impl Walk<'_, '_> {
    fn list(&mut self) -> Result<(), Error> {
        let mut pos = 0u64;
        let mut extended = Extended::default();
        loop {
            let block = self.block(pos)?;
            if block.iter().all(|b| *b == 0) {
                if extended.any {
                    return Err(Error::damaged(
                        At::Offset(pos),
                        WHAT,
                        "the file that an extension header is for",
                        "the end",
                    ));
                }
                return self.after(pos);
            }
            let header = Header::parse(&block, pos)?;
            let data = pos.saturating_add(BLOCK);
            extended.any |= matches!(header.kind, b'L' | b'K' | b'x' | b'X');
            let mut size = header.size;
            match header.kind {
                b'L' => extended.name = Some(text(&self.extension(data, size)?)),
                b'K' => extended.link = Some(text(&self.extension(data, size)?)),
                b'x' | b'X' => extended.pax = Pax::parse(&self.extension(data, size)?, data)?,
                b'g' => Pax::parse(&self.extension(data, size)?, data)?.only_global(data)?,
                _ => {
                    size = match header.kind {
                        // Where a hard link states the size of its file, no data follows (GNU tar, `read_header`).
                        b'1' => 0,
                        _ => extended.pax.size.unwrap_or(size),
                    };
                    size = self.entry(&header, &std::mem::take(&mut extended), data, size)?;
                }
            }
            let padded = size.checked_add(BLOCK - 1).map(|size| size / BLOCK * BLOCK);
            pos = padded.and_then(|size| data.checked_add(size)).ok_or_else(|| {
                Error::damaged(At::Offset(pos), "size in a tar header", "one that ends", size.to_string())
            })?;
        }
    }

    fn block(&self, pos: u64) -> Result<[u8; 512], Error> {
        let mut block = [0u8; 512];
        let read = self.source.bytes().fill_at(pos, &mut block).map_err(|e| failed(At::Offset(pos), WHAT, &e))?.len();
        if read == block.len() {
            return Ok(block);
        }
        let found = "the end of the file: it is cut off";
        Err(Error::damaged(At::Offset(pos), WHAT, "another file, or the mark of the end", found))
    }

    /// Looks past the mark of the end, which is followed by zeros, if by anything. What else follows is mostly another tar
    /// (`cat a.tar b.tar`), and files in it would be passed over.
    fn after(&mut self, end: u64) -> Result<(), Error> {
        let mut rest = vec![0u8; 64 << 10];
        let mut pos = end;
        while pos.saturating_sub(end) < PADDING {
            let len = rest.len();
            let read = self.source.bytes().fill_at(pos, &mut rest).map_err(|e| failed(At::Offset(pos), WHAT, &e))?;
            if read.iter().any(|b| *b != 0) {
                let found = "something else, such as a second tar, which is not read";
                return Err(Error::damaged(At::Offset(pos), WHAT, "nothing but zeros behind its end", found));
            }
            if read.len() < len {
                return Ok(());
            }
            pos = pos.saturating_add(wide(len));
        }
        self.gather.note(|| format!("what follows the end of the tar at 0x{end:x} was not looked at to its end"));
        Ok(())
    }

    fn extension(&self, at: u64, size: u64) -> Result<Vec<u8>, Error> {
        let limit = self.gather.limits.archive_header;
        if size > limit {
            return Err(Error::Limit { at: At::Offset(at), what: "bytes of a tar extension header", limit });
        }
        let mut bytes = vec![0u8; usize::try_from(size).unwrap_or_default()];
        let n = self.source.bytes().fill_at(at, &mut bytes).map_err(|e| failed(At::Offset(at), WHAT, &e))?.len();
        if n < bytes.len() {
            let expected = format!("{size} bytes");
            return Err(Error::damaged(At::Offset(at), "tar extension header", expected, n.to_string()));
        }
        Ok(bytes)
    }

    /// Looks at one member; gives how many bytes of data it has in the tar.
    fn entry(&mut self, header: &Header, extended: &Extended, data: u64, size: u64) -> Result<u64, Error> {
        let pax = &extended.pax;
        let name = pax.sparse_name.as_ref().or(pax.path.as_ref()).or(extended.name.as_ref()).unwrap_or(&header.name);
        let folder = matches!(header.kind, b'0' | 0) && name.ends_with('/');
        if folder || matches!(header.kind, b'2'..=b'6' | b'V' | b'D') {
            return Ok(size);
        }
        let path = self.gather.file(name, false)?;
        let seconds = pax.modified.unwrap_or(header.modified);
        let modified = time(seconds);
        if header.kind == b'1' {
            let link = pax.link.as_ref().or(extended.link.as_ref()).unwrap_or(&header.link);
            self.hard_link(path, modified, link)?;
            return Ok(size);
        }
        if matches!(header.kind, b'M' | b'N') {
            let what = "a part of a file that began in another volume, or a name table of an old GNU tar: not read";
            self.gather.unreadable(path, modified, Error::unsupported(At::Offset(data), what))?;
            return Ok(size);
        }
        let old_sparse = header.kind == b'S';
        let map = if old_sparse { sparse::old(header, data, size, self) } else { sparse::pax(pax, data, size, self) };
        let (map, taken) = match map {
            Ok(map) => map,
            // Where its data ends is not known then, in the old format.
            Err(error) if old_sparse => return Err(error),
            Err(error) => {
                self.gather.unreadable(path, modified, error)?;
                return Ok(size);
            }
        };
        let (at, len) = (map.as_ref().map_or(data, |map| map.data), map.as_ref().map_or(size, |map| map.stored));
        // The first bytes of a sparse file are those of its first part.
        match self.gather.looks_at(&path, self.source.bytes(), at, len) {
            Ok(Verdict::Skip) => {}
            Ok(Verdict::Keep) => {
                let bytes = self.source.keep(at, len);
                let bytes = match map {
                    Some(map) => bytes.and_then(|bytes| map.over(bytes)),
                    None => bytes,
                };
                self.keep(Member { path, modified, bytes }, at.saturating_add(len))?;
            }
            Err(error) => {
                self.gather.unreadable(path, modified, failed(At::Offset(at), WHAT, &error))?;
            }
        }
        Ok(taken)
    }

    fn keep(&mut self, member: Member, end: u64) -> Result<(), Error> {
        let (path, i) = (member.path.clone(), self.gather.kept().len());
        self.gather.keep(member)?;
        if self.gather.kept().len() > i {
            self.ends.push((i, end));
            self.paths.insert(path, i);
        }
        Ok(())
    }

    /// A further name of a member before it. Where that was not asked for, its content was not; but it may also be in
    /// another archive than this one, which matters where the name is that of a hive.
    fn hard_link(&mut self, path: String, modified: Option<SystemTime>, link: &str) -> Result<(), Error> {
        let target = super::path::clean(link, super::path::is_upload(link)).0;
        let Some(&i) = self.paths.get(&target) else {
            if path.rsplit('/').next().is_some_and(is_hive_file) {
                let what = format!("a further name of \"{target}\", which is not in the tar before it, or is no hive");
                return self.gather.unreadable(path, modified, Error::unsupported(At::Whole, what));
            }
            return Ok(());
        };
        let end = self.ends.iter().find(|(of, _)| *of == i).map_or(0, |(_, end)| *end);
        let Some(bytes) = self.gather.kept().get(i).map(|member| member.bytes.clone()) else { return Ok(()) };
        match bytes.and_then(|bytes| {
            let looked = self.gather.looks_at(&path, &*bytes, 0, bytes.len());
            looked.map(|verdict| (verdict, bytes)).map_err(|e| failed(At::Whole, WHAT, &e))
        }) {
            Ok((Verdict::Keep, bytes)) => self.keep(Member { path, modified, bytes: Ok(bytes) }, end),
            Ok((Verdict::Skip, _)) => Ok(()),
            Err(error) => self.gather.unreadable(path, modified, error),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn time(seconds: i64) -> Option<SystemTime> {
    let far = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(far) } else { UNIX_EPOCH.checked_add(far) }
}

#[cfg(test)]
mod tests;
