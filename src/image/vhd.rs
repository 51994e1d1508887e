//! VHD, the format of Virtual PC and of Hyper-V's first generation: a footer, and for disks that grow a table of blocks.
//!
//! Layout: Microsoft, "Virtual Hard Disk Image Format Specification", version 1.0 (2006). All is big-endian.

mod footer;
mod sparse;

use std::sync::Arc;

use super::mapped::{Guid, Mapped};
use super::{Disk, Opener};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::{ReadAt, Window};
use footer::{Footer, Found, Kind};
use sparse::Header;

pub(super) fn open(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Disk>, Error> {
    Ok(load(file, opener, limits)?.map(|found| found.disk))
}

/// A disk, and what makes it the right parent or not.
struct Loaded {
    disk: Disk,
    id: Guid,
    created: u32,
}

fn load(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Loaded>, Error> {
    let mut notes = Vec::new();
    let Some(Found { footer, data_end }) = footer::find(&**file, &mut notes)? else {
        return Ok(None);
    };
    if footer.saved_state {
        notes.push("the machine was saved while it ran: what it had not yet written to the disk is missing".to_owned());
    }
    let (bytes, kind): (Arc<dyn ReadAt>, _) = match footer.kind {
        Kind::Fixed => (fixed(file, &footer, data_end, &mut notes)?, "fixed"),
        Kind::Dynamic => (sparse(file, &footer, data_end, None, limits, &mut notes)?, "dynamic"),
        Kind::Differencing => (sparse(file, &footer, data_end, Some(opener), limits, &mut notes)?, "differencing"),
    };
    let disk = Disk { bytes, format: format!("VHD, {kind}"), sector: Some(512), notes };
    Ok(Some(Loaded { disk, id: footer.id, created: footer.created }))
}

/// The disk is what is before the footer. Where that is more than the footer says it is given all the same: programs
/// disagree on whether the size or the geometry counts, and what is there is not to be cut off.
fn fixed(
    file: &Arc<dyn ReadAt>,
    footer: &Footer,
    data_end: u64,
    notes: &mut Vec<String>,
) -> Result<Arc<dyn ReadAt>, Error> {
    if data_end < footer.size {
        let expected = format!("{} bytes before the footer", footer.size);
        return Err(Error::damaged(At::Whole, "fixed VHD", expected, data_end.to_string()));
    }
    if data_end > footer.size {
        let more = data_end.saturating_sub(footer.size);
        notes.push(format!("the file holds {more} bytes more than its footer says; they are read as part of the disk"));
    }
    Ok(Arc::new(Window::new(Arc::clone(file), 0, data_end)))
}

fn sparse(
    file: &Arc<dyn ReadAt>,
    footer: &Footer,
    data_end: u64,
    opener: Option<&dyn Opener>,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<Arc<dyn ReadAt>, Error> {
    let header = Header::read(&**file, footer)?;
    let parent = match opener {
        Some(opener) => Some(parent(&**file, &header, footer, opener, limits, notes)?),
        None => None,
    };
    // Blocks are not to reach into the footer.
    let data: Arc<dyn ReadAt> = Arc::new(Window::new(Arc::clone(file), 0, data_end));
    let map = header.map(&data, footer, parent.is_some(), limits);
    Ok(Arc::new(Mapped { map, file: data, parent, len: footer.size }))
}

/// Opens the parent, which must be the one that the child was made from.
fn parent(
    file: &dyn ReadAt,
    header: &Header,
    footer: &Footer,
    opener: &dyn Opener,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<Arc<dyn ReadAt>, Error> {
    let names = header.parent_names(file)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let at = At::Offset(footer.data_offset);
    if names.is_empty() {
        return Err(Error::damaged(at, "parent", "a name in the header of a differencing disk", "none"));
    }
    let opened = opener.open(&names)?;
    let name = &opened.name;
    let Some(parent) = load(&opened.bytes, &*opened.opener, limits)? else {
        return Err(Error::damaged(at, "parent", "a VHD file", format!("{name}, which is none")));
    };
    if parent.id != header.parent_id {
        let expected = format!("one with the UUID {}", header.parent_id);
        return Err(Error::damaged(at, "parent", expected, format!("{name} with {}", parent.id)));
    }
    notes.push(format!("parent: {name} ({})", parent.disk.format));
    // When the parent was last changed is known to its file system alone.
    match header.parent_modified {
        0 => {}
        modified if modified < parent.created => {
            notes.push(format!(
                "parent {name} was made {}, later than the {} that this file has for its last change: \
                 it may have been changed since",
                footer::time(parent.created),
                footer::time(modified)
            ));
        }
        modified => {
            let time = footer::time(modified);
            notes.push(format!("parent {name} must have been changed last on {time}; that is not checked"));
        }
    }
    notes.extend(parent.disk.notes.into_iter().map(|note| format!("{name}: {note}")));
    Ok(parent.disk.bytes)
}

/// The checksum of footer and header: the complement of the sum of all bytes but its own.
fn checksum(bytes: &[u8], field: usize) -> u32 {
    let own = field..field.saturating_add(4);
    let counted = bytes.iter().enumerate().filter(|(position, _)| !own.contains(position));
    !counted.fold(0u32, |sum, (_, &byte)| sum.wrapping_add(byte.into()))
}

#[cfg(test)]
mod tests;
