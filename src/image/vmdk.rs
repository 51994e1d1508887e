//! VMDK, the disks of VMware. VMware, "Virtual Disk Format 5.0" (technical note).
//!
//! A descriptor, in a file of its own or inside the only extent, lists the extents: files that have all bytes of a part of the
//! disk (flat), or only those grains that were written (sparse), the rest being in the parent or zeros.

mod descriptor;
mod extents;
mod sparse;

use std::sync::Arc;

use super::{Disk, Opener};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::ReadAt;
use descriptor::{DEVICE, Descriptor, Extent, Kind, Parent, is_descriptor};
use extents::{Builder, Part, Source};
use sparse::Sparse;

/// Offsets and sizes are counted in sectors of so many bytes.
const SECTOR: u64 = 512;

/// The first 16 bytes of a space-efficient sparse extent (`-sesparse.vmdk`): magic number and version.
pub(crate) const SESPARSE: [u8; 16] = [0xbe, 0xba, 0xfe, 0xca, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0];

/// Opens a VMDK; nothing when `file` is none.
///
/// # Errors
/// When it is damaged, encrypted, of a form that is not read, a mere part of a disk, or when one of its files or its parent
/// cannot be opened or is not the right one.
pub(super) fn open(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Disk>, Error> {
    Ok(load(file, opener, limits)?.map(|loaded| loaded.disk))
}

/// A disk, and the identifier of its content that a child must know.
struct Loaded {
    disk: Disk,
    cid: Option<u32>,
}

fn load(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Loaded>, Error> {
    let mut head = [0u8; 1024];
    let n = file.read_at(0, &mut head).map_err(|e| Error::io(At::Offset(0), "the start of the file", &e))?;
    let head = head.get(..n).unwrap_or_default();
    if head.starts_with(sparse::MAGIC) {
        return embedded(file, opener, limits).map(Some);
    }
    if head.starts_with(sparse::COWD) || head.starts_with(&SESPARSE) {
        return Err(part_of_a_disk());
    }
    if !is_descriptor(head) {
        return Ok(None);
    }
    if file.len() > limits.vmdk_descriptor {
        return Err(Error::Limit { at: At::Whole, what: "bytes of the descriptor", limit: limits.vmdk_descriptor });
    }
    let descriptor = Descriptor::parse(&bytes(file, 0, file.len())?, limits)?;
    let (mut disk, mut notes) = (Builder::default(), Vec::new());
    for extent in &descriptor.extents {
        add(&mut disk, extent, opener, limits, &mut notes)?;
    }
    finish(descriptor, disk, notes, opener, limits).map(Some)
}

fn part_of_a_disk() -> Error {
    let what = "an extent: a part of a VMDK disk that has its descriptor in another file, which is the one to give";
    Error::unsupported(At::Whole, what)
}

/// `len` bytes of the descriptor; `len` is checked by the caller.
fn bytes(file: &Arc<dyn ReadAt>, at: u64, len: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0u8; usize::try_from(len).unwrap_or_default()];
    file.read_exact_at(at, &mut bytes).map_err(|e| Error::io(At::Offset(at), "VMDK descriptor", &e))?;
    Ok(bytes)
}

/// A sparse extent that has its descriptor inside is the whole disk. The name in the descriptor does not matter: files get
/// renamed.
fn embedded(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Loaded, Error> {
    let sparse = Sparse::hosted(&**file, limits)?;
    let (at, len) = (sparse.descriptor.0.saturating_mul(SECTOR), sparse.descriptor.1.saturating_mul(SECTOR));
    if at == 0 || len == 0 {
        return Err(part_of_a_disk());
    }
    if len > limits.vmdk_descriptor {
        let at = At::Offset(at);
        return Err(Error::Limit { at, what: "bytes of the descriptor", limit: limits.vmdk_descriptor });
    }
    let text = bytes(file, at, len)?;
    if text.first().is_none_or(|&byte| byte == 0) {
        return Err(part_of_a_disk());
    }
    if !is_descriptor(&text) {
        let expected = "\"# Disk DescriptorFile\" among its first lines";
        return Err(Error::damaged(At::Offset(at), "VMDK descriptor", expected, "another text"));
    }
    let descriptor = Descriptor::parse(&text, limits)?;
    let (mut disk, mut notes) = (Builder::default(), Vec::new());
    let [extent] = descriptor.extents.as_slice() else {
        let what = format!("a descriptor inside an extent that lists {} extents", descriptor.extents.len());
        return Err(Error::unsupported(At::Offset(at), what));
    };
    if extent.kind != Kind::Sparse {
        let found = "one of another type";
        return Err(Error::damaged(At::Line(extent.line), "extent", "the sparse one that the descriptor is in", found));
    }
    let part = Part { bytes: Arc::clone(file), name: Arc::from(opener.file_name()) };
    add_sparse(&mut disk, extent, part, sparse, &mut notes)?;
    finish(descriptor, disk, notes, opener, limits)
}

/// Adds an extent that the descriptor lists.
fn add(
    disk: &mut Builder,
    extent: &Extent,
    opener: &dyn Opener,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    if extent.kind == Kind::Zero {
        return disk.add(extent.sectors, if extent.readable { Source::Zero } else { Source::Closed });
    }
    if !extent.readable {
        notes.push(format!("the extent {} is not to be accessed (NOACCESS), and is not read", printed(&extent.name)));
        return disk.add(extent.sectors, Source::Closed);
    }
    let opened = opener.open(&[&extent.name])?;
    let part = Part { bytes: opened.bytes, name: opened.name };
    if extent.kind == Kind::Flat {
        let from = extent.offset.saturating_mul(SECTOR);
        let end = extent.sectors.saturating_mul(SECTOR).saturating_add(from);
        if part.bytes.len() < end {
            let len = part.bytes.len();
            notes.push(format!("{} is cut off: it has 0x{len:x} of 0x{end:x} bytes", printed(&part.name)));
        }
        return disk.add(extent.sectors, Source::Flat(part, from));
    }
    let mut magic = [0u8; 4];
    let named = |e| in_file(&part.name, e);
    part.bytes.read_exact_at(0, &mut magic).map_err(|e| named(Error::io(At::Offset(0), "sparse extent", &e)))?;
    let want = if extent.kind == Kind::Cowd { sparse::COWD } else { sparse::MAGIC };
    if &magic != want {
        let expected = format!("{}: a sparse extent (\"{}\")", printed(&part.name), want.escape_ascii());
        let found = format!("\"{}\"", magic.escape_ascii());
        return Err(Error::damaged(At::Line(extent.line), "extent", expected, found));
    }
    let sparse = match extent.kind {
        Kind::Cowd => Sparse::cowd(&*part.bytes, limits),
        _ => Sparse::hosted(&*part.bytes, limits),
    };
    let sparse = sparse.map_err(named)?;
    add_sparse(disk, extent, part, sparse, notes)
}

fn add_sparse(
    disk: &mut Builder,
    extent: &Extent,
    part: Part,
    sparse: Sparse,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    // The header may count whole grains where the disk ends within one.
    let spare = sparse.capacity.checked_sub(extent.sectors);
    if spare.is_none_or(|spare| spare >= sparse.grain) {
        let expected = format!("{}: {} sectors, as its descriptor says", printed(&part.name), extent.sectors);
        return Err(Error::damaged(At::Offset(12), "capacity of an extent", expected, sparse.capacity.to_string()));
    }
    if sparse.unclean {
        notes.push(format!("{} was not closed cleanly: what was written last may be missing", printed(&part.name)));
    }
    disk.add(extent.sectors, if extent.readable { Source::Sparse(part, sparse) } else { Source::Closed })
}

/// Lays the extents over the parent, if there is one.
fn finish(
    descriptor: Descriptor,
    disk: Builder,
    mut notes: Vec<String>,
    opener: &dyn Opener,
    limits: &Limits,
) -> Result<Loaded, Error> {
    let devices = ["fullDevice", "partitionedDevice", "vmfsRaw", "vmfsRDM", "vmfsRDMP"];
    let maps = ["vmfsRawDeviceMap", "vmfsPassthroughRawDeviceMap"];
    let create_type = descriptor.create_type;
    if devices.iter().chain(&maps).any(|known| known.eq_ignore_ascii_case(&create_type)) {
        return Err(Error::unsupported(At::Whole, DEVICE));
    }
    let mut format = "VMDK".to_owned();
    if !create_type.is_empty() {
        let short: String = create_type.chars().take(40).collect();
        format = format!("{format}, {}", short.escape_debug());
    }
    let files = descriptor.extents.iter().filter(|extent| extent.kind != Kind::Zero).count();
    if files > 1 {
        format = format!("{format}, {files} files");
    }
    let parent = match &descriptor.parent {
        Some(parent) => {
            format.push_str(", with a parent");
            Some(open_parent(parent, disk.len(), opener, limits, &mut notes)?)
        }
        None => None,
    };
    let bytes = Arc::new(disk.finish(parent, limits));
    Ok(Loaded { disk: Disk { bytes, format, sector: None, notes }, cid: descriptor.cid })
}

/// Opens the parent and checks that its content is still that which the child was laid over.
fn open_parent(
    parent: &Parent,
    len: u64,
    opener: &dyn Opener,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<Arc<dyn ReadAt>, Error> {
    let opened = opener.open(&[&parent.name])?;
    let name = printed(&opened.name);
    let Some(loaded) = load(&opened.bytes, &*opened.opener, limits)? else {
        return Err(Error::damaged(At::Whole, "parent", format!("{name} to be a VMDK"), "another file"));
    };
    if loaded.cid != Some(parent.cid) {
        let expected = format!("{:08x} (parentCID) in {name}", parent.cid);
        let found = loaded.cid.map_or("none".to_owned(), |cid| format!("{cid:08x}"));
        let found = format!("{found}: it is another disk, or was changed since");
        return Err(Error::damaged(At::Whole, "CID of the parent", expected, found));
    }
    if loaded.disk.bytes.len() != len {
        let expected = format!("{name} to have the {len} bytes of its child");
        return Err(Error::damaged(At::Whole, "size of the parent", expected, loaded.disk.bytes.len().to_string()));
    }
    notes.extend(loaded.disk.notes.into_iter().map(|note| format!("{name}: {note}")));
    Ok(loaded.disk.bytes)
}

/// Says of an error that it is about an extent: whoever holds it knows the descriptor alone.
fn in_file(name: &str, error: Error) -> Error {
    let name = printed(name);
    match error {
        Error::Io { at, what, reason } => Error::Io { at, what, reason: format!("{reason} (in {name})") },
        Error::Damaged { at, what, expected, found } => {
            Error::Damaged { at, what, expected, found: format!("{found} (in {name})") }
        }
        Error::Unsupported { at, what } => Error::Unsupported { at, what: format!("{what} (in {name})") },
        other => other,
    }
}

/// A name as it can be shown, not too long.
fn printed(name: &str) -> String {
    let short: String = name.chars().take(200).collect();
    format!("\"{short}\"{}", if short.len() < name.len() { "…" } else { "" })
}

#[cfg(test)]
mod tests;
