//! Disk images: container → disk → volumes → files, each a [`ReadAt`] over the one below, so that a hive inside an image
//! is read page by page like any other and nothing is unpacked.

mod ewf;
mod fat;
mod filesystem;
mod ldm;
mod mapped;
mod ntfs;
mod partition;
mod qcow2;
mod raw;
mod shadow;
mod tree;
mod unpack;
mod vdi;
mod vhd;
mod vhdx;
mod vmdk;

use std::sync::Arc;

use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::ReadAt;

pub use fat::{Fat, FatFile};
pub use filesystem::{Filesystem, recognise};
pub use ldm::{Dynamic, DynamicVolume, Make, Piece, dynamic};
pub use mapped::Guid;
pub use ntfs::{Ntfs, NtfsFile};
pub use partition::{Partition, Scheme, Table, partitions};
pub use shadow::{AboutCopy, ShadowCopies, ShadowCopy};
pub use tree::{Entry, FileRef, Tree, TreeFile};
pub(crate) use vmdk::SESPARSE;

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

    /// Opens `name`, and tells a file that is not there from one that may not be opened: what comes after the last piece of
    /// a split image is nothing, and no error.
    ///
    /// # Errors
    /// When it is there and may not or cannot be opened; in an implementation that cannot tell, also when it is not there.
    fn open_if_there(&self, name: &str) -> Result<Option<Opened>, Error> {
        self.open(&[name]).map(Some)
    }

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

/// What the containers start with: where, the bytes, and who reads them.
const MAGICS: [(usize, &[u8], Reader); 11] = [
    (0, b"vhdxfile", vhdx::open),
    (0, b"QFI\xfb", qcow2::open),
    (0, b"KDMV", vmdk::open),
    (0, b"COWD", vmdk::open),
    (0, b"# Disk DescriptorFile", vmdk::open),
    (64, &[0x7f, 0x10, 0xda, 0xbe], vdi::open),
    (0, b"EVF\x09\x0d\x0a\xff\x00", ewf::open),
    (0, b"EVF2\x0d\x0a\x81\x00", ewf::open),
    (0, b"LVF\x09\x0d\x0a\xff\x00", ewf::open),
    (0, b"LEF2\x0d\x0a\x81\x00", ewf::open),
    (0, VHD, vhd::open),
];

/// The cookie of a VHD's footer; a fixed one has it at its end alone.
const VHD: &[u8] = b"conectix";

/// What the header of a GPT starts with, in the second sector and in the last one (UEFI specification, "GPT Header").
const GPT: &[u8] = b"EFI PART";

/// What the boot sector of NTFS has behind its jump.
const NTFS: (usize, &[u8]) = (3, b"NTFS    ");

/// What shows a disk or a volume whose first sector does not end like one: it was wiped, or never does (ReFS, LUKS, LVM).
const VOLUMES: [(usize, &[u8]); 7] =
    [(512, GPT), (4096, GPT), NTFS, (3, b"-FVE-FS-"), (3, b"ReFS\0\0\0\0"), (0, b"LUKS\xba\xbe"), (512, b"LABELONE")];

/// Where the first sector of a disk, or of a volume, says that it is one; what was there before GPT is kept for that.
const BOOT_SIGNATURE: (usize, &[u8]) = (510, &[0x55, 0xaa]);

fn has(start: &[u8], offset: usize, magic: &[u8]) -> bool {
    start.get(offset..).is_some_and(|rest| rest.starts_with(magic))
}

fn reader(start: &[u8]) -> Option<Reader> {
    MAGICS.iter().find(|(offset, magic, _)| has(start, *offset, magic)).map(|(_, _, reader)| *reader)
}

/// Whether a file that starts like this is a disk image of a format that says so.
pub fn is_container(start: &[u8]) -> bool {
    reader(start).is_some()
}

/// Whether a file that starts like this may be a disk, or a volume. Two bytes say so, which stand in other files by chance:
/// what can be told by more than that comes first.
pub fn looks_like_disk(start: &[u8]) -> bool {
    let (offset, signature) = BOOT_SIGNATURE;
    has(start, offset, signature) || VOLUMES.iter().any(|(offset, magic)| has(start, *offset, magic))
}

/// Whether `file`, whose start does not say what it is, ends like a disk or a volume: with the footer of a fixed VHD, the copy
/// of a GPT, or that of the boot sector of NTFS.
pub fn ends_like_disk(file: &dyn ReadAt) -> bool {
    let mut end = [0u8; 4096];
    let Some(from) = file.len().checked_sub(4096) else { return false };
    if file.read_exact_at(from, &mut end).is_err() {
        return false;
    }
    [0, 4096 - 512].into_iter().any(|sector| {
        let has = |offset: usize, magic| has(&end, offset.saturating_add(sector), magic);
        has(0, VHD) || has(0, GPT) || has(NTFS.0, NTFS.1)
    })
}

/// Opens `file` as a disk: as the container that its first bytes say it is, or else as the disk itself (with the segments that
/// follow it).
///
/// # Errors
/// When it is a container, but damaged, encrypted, of a form that is not read, or when a file that it needs is not there.
pub fn disk(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Disk, Error> {
    let mut start = [0u8; 128];
    let start = file.fill_at(0, &mut start).map_err(|error| Error::io(At::Offset(0), "disk image", &error))?;
    let reader = reader(start).unwrap_or(vhd::open);
    match reader(file, opener, limits)? {
        Some(disk) => Ok(disk),
        None => raw::open(file, opener, limits),
    }
}
