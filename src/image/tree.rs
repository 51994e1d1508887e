//! File systems whose files are read, as one.

use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::fat::{Fat, FatFile};
use super::filesystem::{Filesystem, recognise};
use super::ntfs::{Ntfs, NtfsFile};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// A volume with files.
pub enum Tree {
    /// NTFS.
    Ntfs(Arc<Ntfs>),
    /// FAT of any width, or exFAT.
    Fat(Arc<Fat>),
}

/// Which file of a volume: in NTFS its record in the MFT and the sequence number that the record must have, in FAT where its
/// folder lists it.
#[derive(Debug, Clone, Copy)]
pub struct FileRef {
    pub(super) number: u64,
    /// What the name that led here proves itself by, or zero.
    pub(super) name: u64,
}

impl FileRef {
    /// A number that no other file of the volume has.
    pub fn number(self) -> u64 {
        self.number
    }
}

impl PartialEq for FileRef {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for FileRef {}

impl Hash for FileRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

/// A file or folder as its folder lists it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its long name, as it stands.
    pub name: String,
    /// The file.
    pub file: FileRef,
    /// Whether it is a folder.
    pub folder: bool,
}

/// The data of a file.
pub enum TreeFile {
    /// Of NTFS.
    Ntfs(Box<NtfsFile>),
    /// Of FAT.
    Fat(FatFile),
}

impl Tree {
    /// Whether files are read of it.
    pub fn reads(filesystem: Filesystem) -> bool {
        use Filesystem as F;
        matches!(filesystem, F::Ntfs | F::Fat12 | F::Fat16 | F::Fat32 | F::ExFat)
    }

    /// Opens a volume, whichever of them it is.
    ///
    /// # Errors
    /// When it is none of them, or too damaged to be opened.
    pub fn open(volume: Arc<dyn ReadAt>, limits: &Limits) -> Result<Arc<Self>, Error> {
        let found = recognise(&*volume).map_err(|error| Error::io(At::Offset(0), "volume", &error))?;
        Ok(Arc::new(match found {
            Filesystem::Ntfs => Self::Ntfs(Ntfs::open(volume, limits)?),
            other if Self::reads(other) => Self::Fat(Fat::open(volume, limits)?),
            other => return Err(Error::unsupported(At::Offset(0), format!("{other}: {}", other.why_not()))),
        }))
    }

    /// Its label, if it has one and that can be read.
    pub fn label(&self) -> Option<String> {
        match self {
            Self::Ntfs(volume) => volume.label(),
            Self::Fat(volume) => volume.label(),
        }
    }

    /// The root folder.
    pub fn root(&self) -> FileRef {
        match self {
            Self::Ntfs(volume) => volume.root(),
            Self::Fat(volume) => volume.root(),
        }
    }

    /// What is called `name` in `folder`, in whatever case.
    ///
    /// # Errors
    /// When that cannot be told for certain.
    pub fn find(&self, folder: FileRef, name: &str) -> Result<Option<Entry>, Error> {
        match self {
            Self::Ntfs(volume) => volume.find(folder, name),
            Self::Fat(volume) => volume.find(folder, name),
        }
    }

    /// What is in `folder`, once each, by its long name, in the order of the names.
    ///
    /// # Errors
    /// When not all of it can be told.
    pub fn list(&self, folder: FileRef) -> Result<Vec<Entry>, Error> {
        match self {
            Self::Ntfs(volume) => volume.list(folder),
            Self::Fat(volume) => volume.list(folder),
        }
    }

    /// Opens the data of a file.
    ///
    /// # Errors
    /// When what tells where it lies is damaged, or it is in a form that is not read.
    pub fn file(&self, file: FileRef) -> Result<TreeFile, Error> {
        match self {
            Self::Ntfs(volume) => volume.file(file).map(|file| TreeFile::Ntfs(Box::new(file))),
            Self::Fat(volume) => volume.file(file).map(TreeFile::Fat),
        }
    }

    /// What the reader of a report should know.
    pub fn notes(&self) -> Vec<String> {
        match self {
            Self::Ntfs(volume) => volume.notes(),
            Self::Fat(volume) => volume.notes(),
        }
    }
}

impl TreeFile {
    /// When the data was last changed, where the volume says in which time zone.
    pub fn modified(&self) -> Option<SystemTime> {
        match self {
            Self::Ntfs(file) => file.modified(),
            Self::Fat(file) => file.modified(),
        }
    }
}

impl ReadAt for TreeFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Ntfs(file) => file.read_at(offset, buf),
            Self::Fat(file) => file.read_at(offset, buf),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Self::Ntfs(file) => file.len(),
            Self::Fat(file) => file.len(),
        }
    }
}
