//! NTFS, read-only.
//!
//! Nothing that can be damaged is taken on trust: a name that an index gives must be that of the record that it leads
//! to, a name counts as absent only where the whole index is sound, and an index that is not gives way to a search of
//! all records. What `$LogFile` has and the volume has not is not seen.
//!
//! Layouts: libyal, "New Technologies File System (NTFS)" (libfsntfs); Linux-NTFS documentation (flatcap.github.io).

mod boot;
mod data;
mod folder;
mod index;
mod lznt1;
mod mft;
mod names;
mod record;
mod runs;
mod state;
mod stream;
mod volume;
mod wof;

use std::sync::{Arc, Mutex, OnceLock};

use self::boot::Geometry;
use self::folder::Scan;
use self::mft::{File, Mft};
use self::names::{FileName, Table};
use self::volume::Volume;
use super::tree::{Entry, FileRef};
use crate::error::Error;
use crate::limits::Limits;
use crate::read_at::ReadAt;

pub use self::data::NtfsFile;

/// The record of the root folder, and the sequence number that it always has.
const ROOT: u64 = 5 | 5 << 48;

/// A volume.
pub struct Ntfs {
    mft: Mft,
    label: Option<String>,
    upcase: OnceLock<Table>,
    /// Folders whose index is damaged.
    scans: Mutex<Vec<Arc<Scan>>>,
}

impl Entry {
    fn new(file: u64, name: &FileName) -> Self {
        let file = FileRef { number: file, name: name.proof() };
        Self { name: String::from_utf16_lossy(&name.units), file, folder: name.folder }
    }
}

impl Ntfs {
    /// Opens a volume.
    ///
    /// # Errors
    /// When its boot sector or the start of its MFT is not what it must be, nor are their copies.
    pub fn open(volume: Arc<dyn ReadAt>, limits: &Limits) -> Result<Arc<Self>, Error> {
        let source = Arc::clone(&volume);
        let with = move |geometry: Geometry| {
            let marked = geometry.marked;
            let mft = Mft::open(Volume::new(Arc::clone(&volume), geometry, limits.diagnostics), limits)?;
            if !marked {
                mft.volume.note(
                    "the boot sector does not end with 55 aa, as DiscUtils formats volumes (KAPE's containers): \
                     it was read all the same, for $MFT is where it says"
                        .into(),
                );
            }
            Ok(mft)
        };
        let mft = match boot::at(&*source, 0).and_then(&with) {
            Ok(mft) => mft,
            Err(error @ Error::Unsupported { .. }) => return Err(error),
            Err(error) => {
                let copy = boot::copy(&*source).and_then(|(at, geometry)| Some((at, with(geometry).ok()?)));
                let Some((at, mft)) = copy else { return Err(error) };
                mft.volume.note(format!("the boot sector is damaged ({error}): its copy at 0x{at:x} was used"));
                mft
            }
        };
        let label = state::read(&mft)?;
        let upcase = OnceLock::new();
        Ok(Arc::new(Self { mft, label, upcase, scans: Mutex::default() }))
    }

    /// Its label, if it has one and that can be read.
    pub fn label(&self) -> Option<String> {
        self.label.clone()
    }

    /// Its serial number.
    pub fn serial(&self) -> u64 {
        self.mft.volume.geometry.serial
    }

    /// The root folder.
    pub fn root(&self) -> FileRef {
        FileRef { number: ROOT, name: 0 }
    }

    /// What is called `name` in `folder`, in whatever case.
    ///
    /// # Errors
    /// When that cannot be told for certain.
    pub fn find(&self, folder: FileRef, name: &str) -> Result<Option<Entry>, Error> {
        self.search(folder, &name.encode_utf16().collect::<Vec<_>>())
    }

    /// What is in `folder`, once each, by its long name, in the order of the names.
    ///
    /// # Errors
    /// When not all of it can be told.
    pub fn list(&self, folder: FileRef) -> Result<Vec<Entry>, Error> {
        self.content(folder)
    }

    /// Opens the data of a file.
    ///
    /// # Errors
    /// When its records are damaged, or its data is in a form that is not read (encrypted, in a WIM file).
    pub fn file(self: &Arc<Self>, file: FileRef) -> Result<NtfsFile, Error> {
        NtfsFile::open(Arc::clone(self), &self.checked(file)?)
    }

    /// What the reader of a report should know: that an index was damaged and the MFT searched instead.
    pub fn notes(&self) -> Vec<String> {
        self.mft.volume.notes()
    }

    /// Opens the records of a file, if it is the one that was meant.
    fn checked(&self, file: FileRef) -> Result<File, Error> {
        let opened = self.mft.file(file.number)?;
        if file.name == 0 || self.mft.name(&opened, |name| (name.proof() == file.name).then_some(()))?.is_some() {
            return Ok(opened);
        }
        let what = format!("MFT record {} does not have the name that led to it", opened.record.number());
        Err(Error::Stale { what })
    }
}

/// Whether the boot sector at `offset` leads to a sound first record of `$MFT`, or to its copy.
pub(super) fn has_mft(volume: &dyn ReadAt, offset: u64) -> bool {
    boot::at(volume, offset).is_ok_and(|geometry| mft::has_first_record(volume, &geometry))
}

#[cfg(test)]
mod tests;
