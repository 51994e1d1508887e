//! From an offset in the disk to where its bytes stand. QEMU, "Qcow2 Image File Format", sections "Cluster mapping" and
//! "Extended L2 Entries".

use std::sync::Arc;

use super::header::Header;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::read_at::{Cached, ReadAt};

/// The bits of an L1 or L2 entry that hold an offset.
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
/// The cluster is referred to once only: of interest for writing, but for offset 0 of an external data file.
const COPIED: u64 = 1 << 63;
const COMPRESSED: u64 = 1 << 62;
const ZERO: u64 = 1;

/// Where bytes of the disk are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At this offset of the image, or of its data file.
    Data(u64),
    /// They are zeros.
    Zero,
    /// In the backing file, or zeros where there is none.
    Backing,
    /// In a compressed cluster.
    Packed {
        /// Where the compressed bytes start.
        start: u64,
        /// Where the last sector of them ends.
        end: u64,
    },
}

/// The tables of an image.
pub(super) struct Map {
    tables: Cached<Arc<dyn ReadAt>>,
    l1: u64,
    cluster_bits: u32,
    /// The bits of a cluster's number that select the entry of the L2 table.
    l2_bits: u32,
    version: u32,
    extended: bool,
    data_file: bool,
}

/// An entry of an L2 table.
struct Entry {
    at: u64,
    descriptor: u64,
    /// The bitmap of an extended entry.
    bitmap: u64,
}

fn bad(at: u64, what: &'static str, expected: &str, found: u64) -> Error {
    Error::damaged(At::Offset(at), what, expected, format!("0x{found:x}"))
}

impl Map {
    pub(super) fn new(file: &Arc<dyn ReadAt>, header: &Header, blocks: usize) -> Self {
        let entry_bits = if header.extended_l2 { 4 } else { 3 };
        Self {
            tables: Cached::new(Arc::clone(file), 4096, blocks),
            l1: header.l1_offset,
            cluster_bits: header.cluster_bits,
            l2_bits: header.cluster_bits.saturating_sub(entry_bits),
            version: header.version,
            extended: header.extended_l2,
            data_file: header.data_file.is_some(),
        }
    }

    /// Where the byte at `at` is, and how many from there on are in one place: up to the end of a cluster or subcluster.
    pub(super) fn find(&self, at: u64) -> Result<(Place, u64), Error> {
        let cluster = 1u64 << self.cluster_bits;
        let within = at % cluster;
        // Extended entries have a bit each for 32 parts of a cluster.
        let part = if self.extended { cluster / 32 } else { cluster };
        let (whole, rest) = (cluster.saturating_sub(within), part.saturating_sub(at % part));
        let Some(entry) = self.entry(at >> self.cluster_bits)? else { return Ok((Place::Backing, whole)) };
        if entry.descriptor & COMPRESSED != 0 {
            return Ok((self.packed(&entry)?, whole));
        }
        let has_offset = self.has_offset(&entry)?;
        let (zero, allocated) = match self.extended {
            true => entry.subcluster(within / part, has_offset)?,
            false => (entry.descriptor & ZERO != 0, has_offset),
        };
        if zero {
            return Ok((Place::Zero, rest));
        }
        if !allocated {
            return Ok((Place::Backing, rest));
        }
        let host = entry.descriptor & OFFSET;
        if self.data_file && host != at.saturating_sub(within) {
            let expected = format!("0x{:x}, as in the disk, because the data is in a file of its own", at - within);
            return Err(bad(entry.at, "cluster offset", &expected, host));
        }
        Ok((Place::Data(host.saturating_add(within)), rest))
    }

    /// The L2 entry of the cluster with this number; none where there is no L2 table.
    fn entry(&self, number: u64) -> Result<Option<Entry>, Error> {
        let cluster = 1u64 << self.cluster_bits;
        let l1_at = self.l1.saturating_add((number >> self.l2_bits).saturating_mul(8));
        let table = self.number(l1_at, "L1 entry")?;
        let start = table & OFFSET;
        if table & !(OFFSET | COPIED) != 0 || !start.is_multiple_of(cluster) || start >= self.tables.len() {
            let expected = "the offset of a cluster in the file, and reserved bits zero";
            return Err(bad(l1_at, "L1 entry", expected, table));
        }
        if start == 0 {
            return Ok(None);
        }
        let index = number & ((1u64 << self.l2_bits).saturating_sub(1));
        let at = start.saturating_add(index.saturating_mul(if self.extended { 16 } else { 8 }));
        let descriptor = self.number(at, "L2 entry")?;
        let bitmap = if self.extended { self.number(at.saturating_add(8), "subcluster bitmap")? } else { 0 };
        let entry = Entry { at, descriptor, bitmap };
        if descriptor & COMPRESSED == 0 {
            self.check(&entry)?;
        }
        Ok(Some(entry))
    }

    fn number(&self, at: u64, what: &'static str) -> Result<u64, Error> {
        let mut bytes = [0u8; 8];
        self.tables.read_exact_at(at, &mut bytes).map_err(|e| Error::io(At::Offset(at), what, &e))?;
        Fields::new(&bytes, at).be64(0, what)
    }

    /// Checks the descriptor of a standard cluster.
    fn check(&self, entry: &Entry) -> Result<(), Error> {
        let may_zero = self.version >= 3 && !self.extended;
        let known = OFFSET | COPIED | if may_zero { ZERO } else { 0 };
        if entry.descriptor & !known != 0 {
            return Err(bad(entry.at, "L2 entry", "reserved bits zero", entry.descriptor));
        }
        if (entry.descriptor & OFFSET).trailing_zeros() < self.cluster_bits {
            return Err(bad(entry.at, "L2 entry", "the offset of a cluster", entry.descriptor));
        }
        Ok(())
    }

    /// Whether there is a place for a standard cluster. Only in a data file can that be at offset 0.
    fn has_offset(&self, entry: &Entry) -> Result<bool, Error> {
        let at_0 = entry.descriptor & (OFFSET | COPIED | ZERO) == COPIED;
        if at_0 && !self.data_file {
            return Err(bad(entry.at, "L2 entry", "an offset, where the entry is in use", entry.descriptor));
        }
        Ok(at_0 || entry.descriptor & OFFSET != 0)
    }

    fn packed(&self, entry: &Entry) -> Result<Place, Error> {
        if self.data_file || entry.bitmap != 0 {
            let expected =
                if self.data_file { "none beside a data file" } else { "one without a bitmap of subclusters" };
            return Err(bad(entry.at, "compressed cluster", expected, entry.descriptor));
        }
        let count_bits = self.cluster_bits.saturating_sub(8);
        let offset_bits = 62u32.saturating_sub(count_bits);
        let start = entry.descriptor & (1u64 << offset_bits).saturating_sub(1);
        let more = (entry.descriptor >> offset_bits) & (1u64 << count_bits).saturating_sub(1);
        if start >> 56 != 0 || start == 0 || start >= self.tables.len() {
            return Err(bad(entry.at, "compressed cluster", "an offset within the file", start));
        }
        let end = (start / 512).saturating_add(more).saturating_add(1).saturating_mul(512);
        Ok(Place::Packed { start, end })
    }
}

impl Entry {
    /// Whether the subcluster `index` reads as zeros, and whether it is allocated.
    fn subcluster(&self, index: u64, has_offset: bool) -> Result<(bool, bool), Error> {
        let (allocated, zero) = (self.bitmap & 0xffff_ffff, self.bitmap >> 32);
        if allocated & zero != 0 || (allocated != 0 && !has_offset) {
            let expected = "no subcluster both allocated and zero, and none allocated in a cluster that is not";
            return Err(bad(self.at.saturating_add(8), "subcluster bitmap", expected, self.bitmap));
        }
        Ok((zero >> index & 1 != 0, allocated >> index & 1 != 0))
    }
}
