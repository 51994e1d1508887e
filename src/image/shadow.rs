//! Volume shadow copies: the volume as it was on earlier days.
//!
//! Windows keeps, for each copy, the blocks of 16 KiB that were changed since it was made. A block that a copy does not have is
//! looked for in the next newer copy, and at last on the volume as it is now. So a copy can be read only if all newer ones
//! can: a copy that is missing from the list would leave blocks of a later day in their place, and nobody would see it.
//!
//! Blocks of files that were out of a copy's scope (since Windows 8) are those of today. The reader cannot tell; what is read from
//! a copy must prove itself, as a hive does by its checksum and its sequence numbers.
//!
//! Layout: libyal, "Volume Shadow Snapshot (VSS) format" (libvshadow).

mod blocks;
mod catalog;
mod chain;
mod view;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::blocks::Blocks;
use self::catalog::Catalog;
use self::chain::Budget;
use self::view::{Bitmap, View};
use super::mapped::{Guid, Mapped};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// Bytes of a block, of the volume as of tables.
const BLOCK: u64 = 0x4000;

/// The copies of a volume.
pub struct ShadowCopies {
    volume: Arc<dyn ReadAt>,
    catalog: Catalog,
    /// What was changed since each copy, in the same order, once it was asked for.
    blocks: Vec<OnceLock<Result<Arc<Blocks>, Error>>>,
    /// Blocks of block lists that may still be read.
    budget: Mutex<Budget>,
}

/// A copy, as the catalog tells of it.
#[derive(Debug, Clone)]
pub struct ShadowCopy {
    /// Its number: the oldest is 1, as in libvshadow.
    pub number: usize,
    /// By which its data is called: the first half of the name of its file in `System Volume Information`.
    pub store: Guid,
    /// Its number in the order in which copies of this volume were made.
    pub sequence: u64,
    /// When it was made: 100 ns since 1601-01-01 UTC.
    pub created: u64,
    /// Bytes of the volume, as the catalog says.
    pub size: u64,
    /// What its data says of itself.
    pub about: Result<AboutCopy, Error>,
    /// Why it cannot be read.
    pub unreadable: Option<Error>,
}

/// What the data of a copy says of itself.
#[derive(Debug, Clone)]
pub struct AboutCopy {
    /// Its id, as `vssadmin` shows it.
    pub id: Guid,
    /// The set that it belongs to: copies of several volumes, made at the same time.
    pub set: Guid,
    /// What kind of copy it is: `VSS_VOLUME_SNAPSHOT_ATTRIBUTES`.
    pub attributes: u32,
    /// The machine that made it.
    pub machine: String,
}

impl ShadowCopies {
    /// Reads the list of copies of a volume. Nothing where it has no such list: none was ever made on it.
    ///
    /// # Errors
    /// When what leads to the list cannot be read, or is of a form that is not known.
    pub fn open(volume: &Arc<dyn ReadAt>, limits: &Limits) -> Result<Option<Arc<Self>>, Error> {
        let Some(catalog) = Catalog::read(&**volume, limits)? else { return Ok(None) };
        let blocks = catalog.copies.iter().map(|_| OnceLock::new()).collect();
        let budget = Mutex::new(Budget::new(limits.shadow_list_blocks));
        Ok(Some(Arc::new(Self { volume: Arc::clone(volume), catalog, blocks, budget })))
    }

    /// The copies, the oldest first.
    pub fn copies(&self) -> &[ShadowCopy] {
        &self.catalog.copies
    }

    /// Why the list may not be whole: there may be copies that it does not name.
    pub fn incomplete(&self) -> Option<&Error> {
        self.catalog.incomplete.as_ref()
    }

    /// The volume as it was when the copy with this number was made.
    ///
    /// # Errors
    /// When the copy, or a newer one, cannot be read.
    pub fn volume(self: &Arc<Self>, number: usize) -> Result<Arc<dyn ReadAt>, Error> {
        let gone = || Error::unsupported(At::Whole, format!("there is no shadow copy {number}"));
        let first = number.checked_sub(1).ok_or_else(gone)?;
        let copy = self.catalog.copies.get(first).ok_or_else(gone)?;
        if let Some(error) = self.catalog.copies.get(first..).unwrap_or_default().iter().find_map(|copy| {
            let error = copy.unreadable.clone()?;
            Some(if copy.number == number { error } else { newer(copy.number, &error) })
        }) {
            return Err(error);
        }
        // The newest first: if there is not enough room for all, it is the oldest that cannot be read.
        let mut stores = Vec::new();
        for index in (first..self.blocks.len()).rev() {
            let blocks = self.loaded(index)?;
            stores.push(blocks);
        }
        stores.reverse();
        let unused = match (stores.len(), self.catalog.places.get(first).copied().flatten()) {
            (1, Some(place)) => Some(Bitmap::new(&self.volume, place)),
            _ => None,
        };
        let len = copy.size.min(self.volume.len());
        let map = View { stores, unused, _copies: Arc::clone(self) };
        Ok(Arc::new(Mapped { map, file: Arc::clone(&self.volume), parent: None, len }))
    }

    /// What was changed since a copy.
    fn loaded(&self, index: usize) -> Result<Arc<Blocks>, Error> {
        let lost = || Error::Stale { what: format!("shadow copy {} has no data", index.saturating_add(1)) };
        let slot = self.blocks.get(index).ok_or_else(lost)?;
        let loaded = slot.get_or_init(|| {
            let place = self.catalog.places.get(index).copied().flatten().ok_or_else(lost)?;
            let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
            Blocks::read(&*self.volume, place.list, &mut budget).map(Arc::new)
        });
        loaded.clone()
    }
}

/// Why a copy cannot be read where a newer one cannot.
fn newer(number: usize, error: &Error) -> Error {
    Error::Stale {
        what: format!("it is read through shadow copy {number}, which is newer and cannot be read: {error}"),
    }
}

impl ShadowCopy {
    /// The kind of copy, in the words of `vssadmin`, where it is one that Windows makes.
    pub fn kind(&self) -> Option<&'static str> {
        const CLIENT_ACCESSIBLE: u32 = 0x4;
        const NO_AUTO_RELEASE: u32 = 0x8;
        const NO_WRITERS: u32 = 0x10;
        let attributes = self.about.as_ref().ok()?.attributes;
        let has = |bit| attributes & bit != 0;
        Some(match (has(CLIENT_ACCESSIBLE), has(NO_WRITERS), has(NO_AUTO_RELEASE)) {
            (true, true, _) => "ClientAccessible",
            (true, false, _) => "ClientAccessibleWriters",
            (false, true, true) => "NASRollback",
            (false, true, false) => "FileShareBackup",
            (false, false, true) => "ApplicationRollback",
            (false, false, false) => "Backup",
        })
    }
}

#[cfg(test)]
mod tests;
