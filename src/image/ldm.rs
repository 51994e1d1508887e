//! Dynamic disks of Windows: volumes that the logical disk manager (LDM) puts together from parts of one disk or several.
//!
//! Each disk of a group has a copy of the group's database in its last MiB (MBR) or in a partition of its own (GPT). Format:
//! Russon, "LDM Documentation" (Linux-NTFS, ldmdoc); libldm, whose documentation adds GPT and what was found since.

mod database;
mod laid;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use self::laid::{Laid, Mirror, Order};
use super::mapped::Guid;
use super::partition::{Scheme, Table};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::{ReadAt, Window};

/// A disk of a group.
pub struct Dynamic {
    /// Which disk of the group it is.
    pub disk: Guid,
    /// The group.
    pub group: Guid,
    /// How often the database was changed: the higher, the newer.
    pub sequence: u64,
    /// The volumes of the group, on this disk or others.
    pub volumes: Vec<Arc<DynamicVolume>>,
    /// What the reader of a report should know.
    pub notes: Vec<String>,
    /// Bytes from the start of the disk to where its parts are counted from, and of what they may take.
    start: u64,
    len: u64,
}

/// How the parts of a volume make it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// One part.
    Simple,
    /// One part behind the other.
    Spanned,
    /// A piece of each part in turn.
    Striped,
    /// The same in each of several.
    Mirrored,
    /// As striped, one piece of each turn being the parity of the others.
    Raid5,
}

impl fmt::Display for Make {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simple => "simple",
            Self::Spanned => "spanned",
            Self::Striped => "striped",
            Self::Mirrored => "mirrored",
            Self::Raid5 => "RAID-5",
        })
    }
}

/// A volume of a group.
#[derive(Debug)]
pub struct DynamicVolume {
    /// Its name in the database: `Volume1`.
    pub name: String,
    /// Its identity.
    pub guid: Guid,
    /// How it is made up.
    pub make: Make,
    /// Bytes.
    len: u64,
    /// The whole of it, more than once if it is mirrored.
    copies: Vec<Copy>,
}

/// Parts that make up the whole of a volume.
#[derive(Debug)]
struct Copy {
    order: Order,
    parts: Vec<Part>,
    /// What the database says of its state, where that is not that it is in use.
    state: Option<String>,
}

/// A part of a disk.
#[derive(Debug)]
struct Part {
    disk: Guid,
    /// How the disk is called in the database: `Disk1`.
    name: String,
    /// Bytes from where the disk counts its parts.
    start: u64,
    /// Bytes.
    len: u64,
    /// Bytes from the start of the volume.
    at: u64,
    /// Its place among the parts.
    column: u64,
}

/// A disk that is at hand.
#[derive(Clone)]
pub struct Piece {
    /// Its identity.
    pub disk: Guid,
    /// What its parts lie in.
    pub bytes: Arc<dyn ReadAt>,
}

/// Reads what a disk says of its group; nothing when its partition table has nothing of the kind.
pub fn dynamic(
    disk: &Arc<dyn ReadAt>,
    sector: Option<u32>,
    table: &Table,
    limits: &Limits,
) -> Option<Result<Dynamic, Error>> {
    let of = |purpose| table.partitions.iter().find(move |partition| partition.purpose == Some(purpose));
    let metadata = match table.scheme {
        Scheme::Gpt => of("LDM metadata").map(|partition| (partition.start, partition.len)),
        Scheme::Mbr | Scheme::Bare => None,
    };
    if metadata.is_none() && of("LDM data").is_none() {
        return None;
    }
    Some(database::read(disk, sector, metadata, limits))
}

impl Dynamic {
    /// What the parts of this disk lie in.
    pub fn piece(&self, disk: &Arc<dyn ReadAt>) -> Piece {
        Piece { disk: self.disk, bytes: Arc::new(Window::new(Arc::clone(disk), self.start, self.len)) }
    }
}

impl DynamicVolume {
    /// The disks that it has parts on: which, and how they are called.
    pub fn disks(&self) -> Vec<(Guid, &str)> {
        let mut disks: Vec<(Guid, &str)> = Vec::new();
        for part in self.copies.iter().flat_map(|copy| &copy.parts) {
            if disks.iter().all(|(disk, _)| *disk != part.disk) {
                disks.push((part.disk, &part.name));
            }
        }
        disks
    }

    /// Puts the volume together from disks that are at hand, and tells what the reader of a report should know of that.
    ///
    /// # Errors
    /// When a part of it lies on another disk, or its parts do not fit each other.
    pub fn assemble(&self, pieces: &[Piece]) -> Result<(Arc<dyn ReadAt>, Vec<String>), Error> {
        let mut whole: Vec<Arc<dyn ReadAt>> = Vec::new();
        let (mut missing, mut notes) = (Vec::new(), Vec::new());
        // A copy that is not in use may be old; it is for the case that there is no other.
        let in_use = self.copies.iter().any(|copy| copy.state.is_none() && copy.lacks(pieces).is_empty());
        for copy in &self.copies {
            let lacks = copy.lacks(pieces);
            if !lacks.is_empty() {
                missing.extend(lacks);
                continue;
            }
            if let Some(state) = &copy.state {
                notes.push(format!("{}: a copy of it is not in use (state \"{state}\")", self.name));
                if in_use {
                    continue;
                }
            }
            whole.push(copy.lay(pieces, self.len)?);
        }
        missing.dedup();
        let names = missing.iter().map(|(disk, name)| format!("{name} ({disk})")).collect::<Vec<_>>().join(", ");
        match whole.as_slice() {
            [] => {
                let what =
                    format!("the {} volume needs another disk of its group, which is not there: {names}", self.make);
                Err(Error::unsupported(At::Whole, what))
            }
            [one] => {
                if !missing.is_empty() {
                    notes.push(format!(
                        "{}: one copy of a mirrored volume was read, the other one is on {names}, which is not there",
                        self.name
                    ));
                }
                Ok((Arc::clone(one), notes))
            }
            [first, others @ ..] => Ok((Arc::new(Mirror::new(first, others)), notes)),
        }
    }
}

impl Copy {
    /// The disks that are not at hand.
    fn lacks(&self, pieces: &[Piece]) -> Vec<(Guid, &str)> {
        let there = |part: &&Part| pieces.iter().all(|piece| piece.disk != part.disk);
        self.parts.iter().filter(there).map(|part| (part.disk, part.name.as_str())).collect()
    }

    fn lay(&self, pieces: &[Piece], len: u64) -> Result<Arc<dyn ReadAt>, Error> {
        let mut parts: Vec<(Arc<dyn ReadAt>, u64, u64)> = Vec::new();
        for part in &self.parts {
            let Some(piece) = pieces.iter().find(|piece| piece.disk == part.disk) else { continue };
            let there = piece.bytes.len();
            if part.start.checked_add(part.len).is_none_or(|end| end > there) {
                let what = format!("the part of {} ends behind the end of the disk: the image is truncated", part.name);
                return Err(Error::unsupported(At::Offset(part.start), what));
            }
            let bytes = Window::new(Arc::clone(&piece.bytes), part.start, part.len);
            parts.push((Arc::new(bytes), part.at, part.len));
        }
        Laid::new(self.order, parts, len).map(|laid| Arc::new(laid) as Arc<dyn ReadAt>)
    }
}
