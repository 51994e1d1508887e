//! The end of a zip, which says where its directory is.

use super::WHAT;
use crate::archive::failed;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::wide;
use crate::read_at::ReadAt;

/// Bytes of the end record without its comment, and of the longest comment (4.3.16).
const LEN: usize = 22;
const COMMENT: usize = 0xffff;
const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";

/// Where the directory is.
pub(super) struct Directory {
    pub(super) start: u64,
    pub(super) end: u64,
    /// How many entries it has.
    pub(super) entries: u64,
    pub(super) notes: Vec<String>,
}

/// Finds the directory.
pub(super) fn find(file: &dyn ReadAt) -> Result<Directory, Error> {
    let tail = file.len().saturating_sub(wide(LEN.saturating_add(COMMENT)));
    let mut bytes = vec![0u8; LEN.saturating_add(COMMENT)];
    let bytes = file.fill_at(tail, &mut bytes).map_err(|e| failed(At::Offset(tail), WHAT, &e))?;
    // A comment may hold what looks like an end; the end is where its comment reaches the end of the file.
    let mut found: Option<Directory> = None;
    let mut refused = None;
    let mut early = None;
    for i in (0..=bytes.len().saturating_sub(LEN)).rev() {
        let rest = bytes.get(i..).unwrap_or_default();
        if !rest.starts_with(END) {
            continue;
        }
        let at = tail.saturating_add(wide(i));
        let comment = usize::from(Fields::new(rest, at).u16(20, WHAT)?);
        if rest.len() != LEN.saturating_add(comment) {
            if rest.len() > LEN.saturating_add(comment) {
                early = early.or(Some((i, at, comment)));
            }
            continue;
        }
        match parse(file, rest, at) {
            Ok(_) if found.is_some() => {
                let what = "two records are the end of this zip, and two directories say what is in it".to_owned();
                return Err(Error::Ambiguous { what });
            }
            Ok(directory) => found = Some(directory),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    match (found, refused, early) {
        (Some(directory), _, _) => Ok(directory),
        (None, Some(error), _) => Err(error),
        (None, None, Some((i, at, comment))) => {
            let mut directory = parse(file, bytes.get(i..).unwrap_or_default(), at)?;
            let follow = bytes.len().saturating_sub(i).saturating_sub(LEN).saturating_sub(comment);
            directory.notes.push(format!("{follow} bytes follow the end of the zip: not looked at"));
            Ok(directory)
        }
        (None, None, None) => {
            let (expected, found) = ("the record that ends a zip", "none: it is cut off");
            Err(Error::damaged(At::Offset(file.len()), WHAT, expected, found))
        }
    }
}

/// Reads the end record at `at`, and the one of zip64 before it.
fn parse(file: &dyn ReadAt, bytes: &[u8], at: u64) -> Result<Directory, Error> {
    let f = Fields::new(bytes, at);
    let spanned = || Error::unsupported(At::Offset(at), "a zip in several files: not read; put it together first");
    let (disk, first) = (f.u16(4, WHAT)?, f.u16(6, WHAT)?);
    let (here, all) = (f.u16(8, WHAT)?, f.u16(10, WHAT)?);
    let (size, start) = (f.u32(12, WHAT)?, f.u32(16, WHAT)?);
    let full = disk == u16::MAX || first == u16::MAX || here == u16::MAX || all == u16::MAX;
    let full = full || size == u32::MAX || start == u32::MAX;
    let (here, all, size, start, limit) = match zip64(file, at)? {
        Some((here, all, size, start, limit)) => {
            // What fits in the old record is to say the same there.
            let old = [(u64::from(f.u16(10, WHAT)?), 0xffff, all), (u64::from(f.u32(12, WHAT)?), 0xffff_ffff, size)];
            let old = old.iter().all(|(old, none, new)| old == none || old == new);
            let offset = f.u32(16, WHAT)?;
            if !old || (offset != u32::MAX && u64::from(offset) != start) {
                let what = "the two records at the end of this zip say different things of its directory".to_owned();
                return Err(Error::Ambiguous { what });
            }
            (here, all, size, start, limit)
        }
        None if full && !(disk == 0 && first == 0 && size != u32::MAX && start != u32::MAX) => return Err(spanned()),
        None if disk != first || disk != 0 => return Err(spanned()),
        None => (u64::from(here), u64::from(all), u64::from(size), u64::from(start), at),
    };
    if here != all {
        return Err(spanned());
    }
    let bad = |expected: String, found: String| Error::damaged(At::Offset(at), "zip directory", expected, found);
    let end = start.checked_add(size).filter(|end| *end <= limit);
    let end =
        end.ok_or_else(|| bad(format!("one that ends before 0x{limit:x}"), format!("{size} bytes at 0x{start:x}")))?;
    // An entry takes 46 bytes at least (4.3.12).
    if all > size / 46 {
        return Err(bad(format!("up to {} entries in {size} bytes", size / 46), all.to_string()));
    }
    if all == 0 && size > 0 {
        return Err(bad(format!("entries in its {size} bytes"), "none".to_owned()));
    }
    if all > 0 {
        let mut magic = [0u8; 4];
        let magic = file.fill_at(start, &mut magic).map_err(|e| failed(At::Offset(start), WHAT, &e))?;
        if magic != CENTRAL {
            return Err(bad(format!("an entry at 0x{start:x}"), format!("\"{}\"", magic.escape_ascii())));
        }
    }
    Ok(Directory { start, end, entries: all, notes: Vec::new() })
}

/// Entries here and in all, size and start of the directory, and where it must have ended.
type Zip64 = (u64, u64, u64, u64, u64);

/// The records of zip64 (4.3.14, 4.3.15), of which the locator stands right before the end record at `end`.
fn zip64(file: &dyn ReadAt, end: u64) -> Result<Option<Zip64>, Error> {
    let Some(at) = end.checked_sub(20) else { return Ok(None) };
    let mut bytes = [0u8; 20];
    file.read_exact_at(at, &mut bytes).map_err(|e| failed(At::Offset(at), WHAT, &e))?;
    if !bytes.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    let f = Fields::new(&bytes, at);
    let (disk, record, disks) = (f.u32(4, WHAT)?, f.u64(8, WHAT)?, f.u32(16, WHAT)?);
    let spanned = || Error::unsupported(At::Offset(at), "a zip in several files: not read; put it together first");
    if disk != 0 || disks > 1 {
        return Err(spanned());
    }
    let bad = |found: String| Error::damaged(At::Offset(record), "zip64 end record", "one before its locator", found);
    if record.checked_add(56).is_none_or(|end| end > at) {
        return Err(bad(format!("0x{record:x}")));
    }
    let mut bytes = [0u8; 56];
    file.read_exact_at(record, &mut bytes).map_err(|e| failed(At::Offset(record), WHAT, &e))?;
    if !bytes.starts_with(b"PK\x06\x06") {
        return Err(bad(format!("\"{}\"", bytes.get(..4).unwrap_or_default().escape_ascii())));
    }
    let f = Fields::new(&bytes, record);
    if f.u32(16, WHAT)? != 0 || f.u32(20, WHAT)? != 0 {
        return Err(spanned());
    }
    // A longer record is one of version 2, with what the directory is encrypted by (7.3.4).
    if f.u64(4, WHAT)? != 44 && f.u16(14, WHAT)? >= 62 {
        return Err(Error::unsupported(At::Offset(record), "an encrypted zip directory: not read; decrypt it first"));
    }
    Ok(Some((f.u64(24, WHAT)?, f.u64(32, WHAT)?, f.u64(40, WHAT)?, f.u64(48, WHAT)?, record)))
}
