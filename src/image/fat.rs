//! FAT of 12, 16 and 32 bits, and exFAT, read-only.
//!
//! Nothing in FAT has a checksum but the boot sector and the entries of exFAT: what can be checked is that chains of clusters
//! stay in the volume, end where the size says, and do not cross themselves, and that names are such as can be.
//!
//! Layouts: Microsoft, "FAT: General Overview of On-Disk Format" (fatgen103); Microsoft, "exFAT file system specification".

mod boot;
mod chain;
mod entries;
mod exfat;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use self::boot::{Geometry, Root};
use self::chain::Run;
use self::entries::Listed;
use super::tree::{Entry, FileRef};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::{Cached, ReadAt};

/// Bytes of a block of the cache, and how many are kept: the entries of a few chains and folders.
const BLOCK: usize = 4096;
const BLOCKS: usize = 32;
/// Bytes of an entry of a folder.
const ENTRY: u64 = 32;
/// For the root, which no folder lists.
const ROOT: FileRef = FileRef { number: 0, name: 0 };
/// Entries of folders that are kept, in all: those on the way to a few files.
const KEPT: usize = 1 << 14;

/// A volume.
pub struct Fat {
    source: Arc<dyn ReadAt>,
    cached: Cached<Arc<dyn ReadAt>>,
    geometry: Geometry,
    limits: Limits,
    notes: Vec<String>,
    /// Folders that were listed.
    folders: Mutex<Vec<(u64, Arc<Vec<Listed>>)>>,
}

/// The data of a file.
pub struct FatFile {
    volume: Arc<Fat>,
    runs: Vec<Run>,
    size: u64,
    /// Bytes that were ever written; those behind read as zeros.
    valid: u64,
    modified: Option<SystemTime>,
}

impl Fat {
    /// Opens a volume.
    ///
    /// # Errors
    /// When its boot sector is not what it must be.
    pub fn open(volume: Arc<dyn ReadAt>, limits: &Limits) -> Result<Arc<Self>, Error> {
        let (geometry, mut notes) = boot::read(&*volume)?;

        let cached = Cached::new(Arc::clone(&volume), BLOCK, BLOCKS);
        let folders = Mutex::default();
        let mut fat = Self { source: volume, cached, geometry, limits: limits.clone(), notes: Vec::new(), folders };
        if fat.is_dirty()? {
            notes.push("the volume was not unmounted cleanly: what was written last may be missing".to_owned());
        }
        fat.notes = notes;
        Ok(Arc::new(fat))
    }

    /// Its label, if it has one.
    pub fn label(&self) -> Option<String> {
        let entries = self.entries(ROOT).ok()?;
        let label = entries.iter().find(|entry| entry.label)?;
        Some(label.name.clone()).filter(|label| !label.is_empty())
    }

    /// The root folder.
    pub fn root(&self) -> FileRef {
        ROOT
    }

    /// What the reader of a report should know.
    pub fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// What is called `name` in `folder`, in whatever case, by its long name or its short one.
    ///
    /// # Errors
    /// When that cannot be told for certain.
    pub fn find(&self, folder: FileRef, name: &str) -> Result<Option<Entry>, Error> {
        let entries = self.entries(folder)?;
        let upper = name.to_uppercase();
        let found: Vec<&Listed> = entries.iter().filter(|entry| !entry.label && entry.is_called(&upper)).collect();
        let exact: Vec<&Listed> = found.iter().filter(|entry| entry.name == name).copied().collect();
        match (exact.as_slice(), found.as_slice()) {
            ([one], _) | ([], [one]) => Ok(Some(one.entry())),
            ([], []) => Ok(None),
            _ => {
                let what = format!("the folder has several files of a name: {}", name.escape_debug());
                Err(Error::Ambiguous { what })
            }
        }
    }

    /// What is in `folder`, in the order of the names.
    ///
    /// # Errors
    /// When not all of it can be told.
    pub fn list(&self, folder: FileRef) -> Result<Vec<Entry>, Error> {
        let entries = self.entries(folder)?;
        let mut entries: Vec<Entry> = entries.iter().filter(|entry| !entry.label).map(Listed::entry).collect();
        entries.sort_by(|one, other| one.name.cmp(&other.name).then(one.file.number.cmp(&other.file.number)));
        Ok(entries)
    }

    /// Opens the data of a file.
    ///
    /// # Errors
    /// When its chain of clusters is damaged.
    pub fn file(self: &Arc<Self>, file: FileRef) -> Result<FatFile, Error> {
        let listed = self.listed(file)?;
        if listed.folder {
            return Err(Error::unsupported(At::Offset(file.number), "it is a folder"));
        }
        let runs = self.runs(&listed, listed.size)?;
        let (size, valid, modified) = (listed.size, listed.valid, listed.modified);
        Ok(FatFile { volume: Arc::clone(self), runs, size, valid, modified })
    }

    /// Reads the entries of a folder, or gives those that were read last.
    fn entries(&self, folder: FileRef) -> Result<Arc<Vec<Listed>>, Error> {
        let known = {
            let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.iter().find(|(number, _)| *number == folder.number).map(|(_, entries)| Arc::clone(entries))
        };
        if let Some(entries) = known {
            return Ok(entries);
        }
        let runs = if folder == ROOT {
            match &self.geometry.root {
                Root::Area { start, len } => vec![Run { start: *start, len: *len }],
                Root::Cluster(first) => self.chain(*first, None, At::Offset(0))?,
            }
        } else {
            let listed = self.listed(folder)?;
            if !listed.folder {
                return Err(Error::unsupported(At::Offset(folder.number), "it is no folder"));
            }
            match self.geometry.is_ex() {
                true => self.runs(&listed, listed.size)?,
                false => self.chain(listed.first, None, At::Offset(folder.number))?,
            }
        };
        let entries =
            Arc::new(if self.geometry.is_ex() { exfat::read(self, &runs)? } else { entries::read(self, &runs)? });
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.push((folder.number, Arc::clone(&entries)));
        // The newest stays, however large it is: it is in use.
        while folders.len() > 1 && folders.iter().map(|(_, entries)| entries.len()).sum::<usize>() > KEPT {
            folders.remove(0);
        }
        Ok(entries)
    }

    /// What the entry of a file says, read again from where it stands.
    fn listed(&self, file: FileRef) -> Result<Listed, Error> {
        if file == ROOT {
            return Err(Error::unsupported(At::Offset(0), "it is the root folder"));
        }
        let listed = if self.geometry.is_ex() { exfat::at(self, file)? } else { entries::at(self, file)? };
        if file.name == 0 || listed.file.name == file.name {
            return Ok(listed);
        }
        let what = format!("the entry at 0x{:x} does not have the name that led to it", file.number);
        Err(Error::Stale { what })
    }

    /// Where the data of a file lies.
    fn runs(&self, listed: &Listed, size: u64) -> Result<Vec<Run>, Error> {
        let at = At::Offset(listed.file.number);
        let clusters = size.div_ceil(self.geometry.cluster);
        match (clusters, listed.unbroken) {
            (0, _) => Ok(Vec::new()),
            (_, true) => Ok(vec![self.geometry.run(listed.first, clusters, at)?]),
            (_, false) => self.chain(listed.first, Some(clusters), at),
        }
    }

    /// Fills `buf` from the volume, through the cache.
    fn table(&self, offset: u64, buf: &mut [u8], what: &'static str) -> Result<(), Error> {
        self.cached.read_exact_at(offset, buf).map_err(|error| Error::io(At::Offset(offset), what, &error))
    }
}

impl FatFile {
    /// When the data was last changed, where the volume says in which time zone: exFAT may.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }
}

impl ReadAt for FatFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let want = buf.len().min(narrow(self.size.saturating_sub(offset)));
        let mut rest = buf.get_mut(..want).unwrap_or_default();
        let (mut at, mut start) = (offset, 0u64);
        for run in &self.runs {
            let end = start.saturating_add(run.len);
            if rest.is_empty() {
                break;
            }
            if at < end {
                let n = rest.len().min(narrow(end.saturating_sub(at)));
                let (part, behind) = rest.split_at_mut(n);
                let written = narrow(self.valid.saturating_sub(at)).min(n);
                let (data, zeros) = part.split_at_mut(written);
                zeros.fill(0);
                self.volume.source.read_exact_at(run.start.saturating_add(at.saturating_sub(start)), data)?;
                at = at.saturating_add(wide(n));
                rest = behind;
            }
            start = end;
        }
        if rest.is_empty() { Ok(want) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn len(&self) -> u64 {
        self.size
    }
}
