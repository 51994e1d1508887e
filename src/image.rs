//! Disk images: container → disk → volumes → files, each a [`ReadAt`] over the one below, so that a hive inside an image
//! is read page by page like any other and nothing is unpacked.

mod ewf;
mod filesystem;
mod ntfs;
mod partition;
mod qcow2;
mod raw;
mod unpack;
mod vdi;
mod vhd;
mod vhdx;
mod vmdk;

use std::sync::Arc;

use crate::error::Error;
use crate::limits::Limits;
use crate::read_at::ReadAt;

pub use filesystem::{Filesystem, recognise};
pub use ntfs::{Entry, FileRef, Ntfs, NtfsFile};
pub use partition::{Partition, Scheme, Table, partitions};

/// A disk, out of whatever container it lay in.
pub struct Disk {
    /// Its sectors, from the first to the last.
    pub bytes: Arc<dyn ReadAt>,
    /// What it lay in, for people: `VHDX, dynamic`.
    pub format: String,
    /// Bytes of a logical sector, where the container says.
    pub sector: Option<u32>,
    /// What the reader of a report should know: `the log was replayed (3 entries)`, `backing file base.raw is not checked`.
    pub notes: Vec<String>,
}

/// Opens the other files of an image: parents, extents, segments. An image may name any file at all; which of them may be
/// read is for the implementation to decide, and so are loops and depth, so that no container can get that wrong.
pub trait Opener: Send + Sync {
    /// Opens the first of `names` that is there. Names are as the image gives them: relative or absolute, of Windows or
    /// Unix, and not to be trusted.
    ///
    /// # Errors
    /// When none may be opened or is there, with the reason for each.
    fn open(&self, names: &[&str]) -> Result<Opened, Error>;

    /// The name of the file that this opener belongs to, without its folder.
    fn file_name(&self) -> &str;
}

/// A file that an [`Opener`] opened.
pub struct Opened {
    /// Its bytes.
    pub bytes: Arc<dyn ReadAt>,
    /// How it is called in reports.
    pub name: Arc<str>,
    /// For the files that this one names in turn.
    pub opener: Arc<dyn Opener>,
}

/// A container reader: nothing when the file is not of its format.
type Reader = fn(&Arc<dyn ReadAt>, &dyn Opener, &Limits) -> Result<Option<Disk>, Error>;

/// Known magics first; a file that has none is taken as the disk itself, by [`raw`].
const READERS: [Reader; 6] = [vhdx::open, qcow2::open, vmdk::open, vdi::open, ewf::open, vhd::open];

/// Opens the container that `file` is, if it is one that can be told by its content.
///
/// # Errors
/// When it is a container, but damaged, encrypted, of a form that is not read, or when a file that it needs is not there.
pub fn container(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Option<Disk>, Error> {
    for reader in READERS {
        if let Some(disk) = reader(file, opener, limits)? {
            return Ok(Some(disk));
        }
    }
    Ok(None)
}

/// Opens `file` as a disk: as the container that it is, or else as the disk itself (with the segments that follow it).
///
/// # Errors
/// As [`container`].
pub fn disk(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Disk, Error> {
    match container(file, opener, limits)? {
        Some(disk) => Ok(disk),
        None => raw::open(file, opener, limits),
    }
}
