//! Where a file's bytes come from: this machine, an image, an archive.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use super::again::Again;
use super::shadow::AsOf;
use crate::error::{At, Error};
use crate::files;
use crate::image::{FileRef, Tree};
use crate::read_at::ReadAt;

/// A volume of a disk image, or an archive, that something was found in.
#[derive(Debug)]
pub struct Container {
    /// What it is, for people: `VHDX, dynamic`, `zip archive`.
    pub format: String,
    /// The files that it stands in.
    pub files: Arc<Files>,
    /// What the reader of a report should know.
    pub notes: Vec<String>,
    /// The shadow copy of the volume, where it is not the volume as it is now.
    pub as_of: Option<AsOf>,
}

/// The files of this machine that an image or an archive consists of.
#[derive(Debug)]
pub struct Files {
    /// Itself first, then parents, extents, segments: how each is called, and where it is.
    pub parts: Vec<(Arc<str>, PathBuf)>,
    digests: Vec<OnceLock<Result<String, Error>>>,
}

impl Files {
    pub(super) fn new(parts: Vec<(Arc<str>, PathBuf)>) -> Arc<Self> {
        let digests = parts.iter().map(|_| OnceLock::new()).collect();
        Arc::new(Self { parts, digests })
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.parts.iter().map(|(_, path)| path.clone()).collect()
    }

    /// What `compute` gives for the part with this number, computed once for all machines in the image: it is large.
    pub(crate) fn digest(
        &self,
        number: usize,
        compute: impl FnOnce() -> Result<String, Error>,
    ) -> Result<String, Error> {
        match self.digests.get(number) {
            Some(digest) => digest.get_or_init(compute).clone(),
            None => compute(),
        }
    }
}

/// Where a file's bytes come from.
#[derive(Clone)]
pub(crate) enum Bytes {
    /// A file of this machine, at the artifact's path.
    Local,
    /// A file in a container.
    Inside { container: Arc<Container>, file: Inside, size: u64, modified: Option<SystemTime> },
}

/// A file in a container.
#[derive(Clone)]
pub(crate) enum Inside {
    /// Of a volume.
    Volume(Arc<Again<Tree>>, FileRef),
    /// Of an archive: the member with this number among those that were kept.
    Member(Arc<Again<Members>>, usize),
}

/// The data of an archive's members, or why it cannot be read.
pub(crate) type Members = Vec<Result<Arc<dyn ReadAt>, Error>>;

/// A member of an archive.
pub(super) fn member(members: &Members, number: usize) -> Result<Arc<dyn ReadAt>, Error> {
    let gone = || Error::Stale { what: "the archive changed while it was read".to_owned() };
    members.get(number).cloned().unwrap_or_else(|| Err(gone()))
}

impl Bytes {
    /// Opens the file; `path` is where it is if it is one of this machine.
    pub(crate) fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, Error> {
        match self {
            Bytes::Local => {
                let file = files::open(path).map_err(|error| Error::io(At::Whole, "file", &error))?;
                Ok(Box::new(file))
            }
            Bytes::Inside { file: Inside::Volume(volume, file), .. } => Ok(Box::new(volume.get()?.file(*file)?)),
            Bytes::Inside { file: Inside::Member(members, number), .. } => {
                Ok(Box::new(member(&*members.get()?, *number)?))
            }
        }
    }

    /// Its size and when it was last modified, where that is known.
    pub(crate) fn meta(&self, path: &Path) -> (Option<u64>, Option<SystemTime>) {
        match self {
            Bytes::Local => match files::meta(path) {
                Ok((size, modified)) => (Some(size), modified),
                Err(_) => (None, None),
            },
            Bytes::Inside { size, modified, .. } => (Some(*size), *modified),
        }
    }

    /// What it lies in, unless that is a folder of this machine.
    pub(crate) fn container(&self) -> Option<&Arc<Container>> {
        match self {
            Bytes::Local => None,
            Bytes::Inside { container, .. } => Some(container),
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bytes::Local => f.write_str("Local"),
            Bytes::Inside { container, .. } => write!(f, "Inside({})", container.format),
        }
    }
}

/// Reads as much of the start of `file` as `buf` holds.
pub(super) fn start<'a>(file: &dyn ReadAt, buf: &'a mut [u8]) -> io::Result<&'a [u8]> {
    file.fill_at(0, buf)
}
