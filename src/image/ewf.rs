//! Expert Witness images: EnCase and FTK Imager (`.E01`), SMART (`.s01`). Layout: libewf, "Expert Witness Compression Format
//! (EWF) specification".
//!
//! Each structure and each chunk of data has a checksum, and each is verified when it is read: a chunk that fails is an
//! error, never data. Tables of chunks are read where they lie, a few bytes at a time.

mod adler;
mod chunks;
mod sections;
mod segment;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{Disk, Opener};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::{Cached, ReadAt};
use chunks::{Chunks, Segment};
use sections::Sections;
use segment::{Kind, Names};

/// Opens an image that starts with `file`; its other segments are asked of `opener`.
pub(super) fn open(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Disk>, Error> {
    let mut head = [0u8; segment::HEADER];
    if file.len() < segment::HEADER_LEN {
        return Ok(None);
    }
    file.read_exact_at(0, &mut head).map_err(|e| Error::io(At::Offset(0), "file header", &e))?;
    match Kind::of(&head) {
        None => return Ok(None),
        Some(Kind::Disk) => {}
        Some(Kind::Other(what)) => return Err(Error::unsupported(At::Offset(0), what)),
    }
    let names = Names::new(opener.file_name());
    let number = segment::number(&head)?;
    if number != 1 {
        let first = names.name(1).unwrap_or_else(|| "the file with number 1".to_owned());
        let what = format!("this is segment {number} of an Expert Witness image: name the first one ({first}) instead");
        return Err(Error::unsupported(At::Offset(9), what));
    }
    let mut sections = Sections::new(limits);
    let mut segments = vec![Segment { bytes: Arc::clone(file), name: opener.file_name().into() }];
    let mut more = sections.walk(&**file, 0)?;
    while more {
        let next = next(&names, segments.len(), opener, limits)?;
        more = sections.walk(&*next.bytes, segments.len()).map_err(|error| within(&next.name, error))?;
        segments.push(next);
    }
    let volume = sections.finish()?;
    let files = match segments.len() {
        1 => String::new(),
        n => format!(", {n} files"),
    };
    let format = format!("Expert Witness ({}){files}", if volume.smart { "SMART" } else { "E01" });
    let block = narrow(volume.chunk);
    let (sector, notes) = (Some(volume.sector), sections.notes());
    let chunks = Chunks::new(segments, sections.into_tables(), &volume);
    let slots = limits.ewf_cache_bytes.checked_div(block).unwrap_or(1);
    Ok(Some(Disk { bytes: Arc::new(Cached::new(chunks, block, slots)), format, sector, notes }))
}

/// Opens the segment that follows the first `count`.
fn next(names: &Names<'_>, count: usize, opener: &dyn Opener, limits: &Limits) -> Result<Segment, Error> {
    if count >= limits.image_pieces {
        let limit = wide(limits.image_pieces);
        return Err(Error::Limit { at: At::Whole, what: "segments of the image", limit });
    }
    let number = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    let missing = |found: String| {
        Error::damaged(At::Whole, "image", format!("segment {number} to follow, as segment {count} says"), found)
    };
    let Some(name) = names.name(number) else {
        return Err(missing(
            "a file name that does not tell what it is called (the first one must end in .E01)".into(),
        ));
    };
    let opened = opener.open(&[&name]).map_err(|error| missing(format!("that {name} cannot be opened: {error}")))?;
    let mut head = [0u8; segment::HEADER];
    let sound = opened.bytes.read_exact_at(0, &mut head).map_err(|e| Error::io(At::Offset(0), "file header", &e));
    let found = sound.and_then(|()| segment::number(&head)).map_err(|error| within(&name, error))?;
    if Kind::of(&head) != Some(Kind::Disk) || u32::from(found) != number {
        return Err(missing(format!("another file in {name} (by its header, segment {found})")));
    }
    Ok(Segment { bytes: opened.bytes, name: opened.name })
}

/// An error of a segment other than the first.
fn within(name: &str, error: Error) -> Error {
    match error {
        Error::Limit { .. } => error,
        _ => Error::damaged(At::Whole, "image", format!("a sound segment {name}"), error.to_string()),
    }
}
