//! The boot sector: where everything else lies.

use crate::error::{At, Error};
use crate::fields::Fields;
use crate::read_at::ReadAt;

use super::chain::Run;

const WHAT: &str = "FAT boot sector";
const EX: &str = "exFAT boot sector";
/// Windows formats clusters of up to 256 KiB in FAT, and of 32 MiB in exFAT.
const CLUSTER: u64 = 32 << 20;

/// How an entry of the table is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Fat12,
    Fat16,
    Fat32,
    ExFat,
}

/// Where the root folder is.
#[derive(Debug, Clone)]
pub(super) enum Root {
    /// In a place of its own.
    Area { start: u64, len: u64 },
    /// In a chain that starts here.
    Cluster(u32),
}

/// The measures of a volume.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    pub(super) width: Width,
    /// Bytes of a cluster.
    pub(super) cluster: u64,
    /// How many clusters there are; the first one is number 2.
    pub(super) clusters: u32,
    /// Where the first cluster starts.
    pub(super) data: u64,
    /// Where the table that counts starts.
    pub(super) table: u64,
    pub(super) root: Root,
    /// Whether the boot sector says that the volume is in use.
    pub(super) dirty: bool,
}

impl Geometry {
    pub(super) fn is_ex(&self) -> bool {
        self.width == Width::ExFat
    }

    /// Whether there is such a cluster.
    pub(super) fn has(&self, cluster: u32) -> bool {
        cluster.checked_sub(2).is_some_and(|number| number < self.clusters)
    }

    /// How many bytes of a cluster are left from an offset on, and which cluster it is.
    pub(super) fn rest(&self, offset: u64) -> (u64, u32) {
        let within = offset.saturating_sub(self.data);
        let number = u32::try_from(within / self.cluster.max(1)).unwrap_or(u32::MAX).saturating_add(2);
        (self.cluster.saturating_sub(within % self.cluster.max(1)), number)
    }

    /// Clusters one behind the other.
    pub(super) fn run(&self, first: u32, count: u64, at: At) -> Result<Run, Error> {
        let end = u64::from(first).checked_add(count).filter(|end| *end <= u64::from(self.clusters).saturating_add(2));
        if !self.has(first) || end.is_none() {
            let (expected, found) =
                (format!("clusters from 2, {} of them", self.clusters), format!("{count} from {first}"));
            return Err(Error::damaged(at, "clusters of a file", expected, found));
        }
        let start = self.data.saturating_add(u64::from(first.saturating_sub(2)).saturating_mul(self.cluster));
        Ok(Run { start, len: count.saturating_mul(self.cluster) })
    }
}

/// Reads the boot sector, and tells what the reader of a report should know.
pub(super) fn read(volume: &dyn ReadAt) -> Result<(Geometry, Vec<String>), Error> {
    let mut sector = [0u8; 512];
    volume.read_exact_at(0, &mut sector).map_err(|error| Error::io(At::Offset(0), WHAT, &error))?;
    if sector.get(3..11) == Some(b"EXFAT   ") { ex(volume) } else { Ok((fat(&sector)?, Vec::new())) }
}

fn fat(sector: &[u8]) -> Result<Geometry, Error> {
    let f = Fields::new(sector, 0);
    let damaged = |at: u64, expected: &str, found: String| Error::damaged(At::Offset(at), WHAT, expected, found);
    let size = u64::from(f.u16(11, WHAT)?);
    let per_cluster = u64::from(f.u8(13, WHAT)?);
    let (reserved, tables) = (u64::from(f.u16(14, WHAT)?), u64::from(f.u8(16, WHAT)?));
    let roots = u64::from(f.u16(17, WHAT)?);
    let or_long = |short: u16, long: u32| if short == 0 { u64::from(long) } else { u64::from(short) };
    let sectors = or_long(f.u16(19, WHAT)?, f.u32(32, WHAT)?);
    let per_table = or_long(f.u16(22, WHAT)?, f.u32(36, WHAT)?);
    let cluster = size.saturating_mul(per_cluster);
    if !(512..=4096).contains(&size) || !cluster.is_power_of_two() || reserved == 0 || tables == 0 || per_table == 0 {
        let found =
            format!("{per_cluster} sectors of {size} bytes, {reserved} reserved, {tables} tables of {per_table}");
        return Err(damaged(11, "measures of a volume", found));
    }
    let root = roots.saturating_mul(32).div_ceil(size);
    let before = per_table.saturating_mul(tables).saturating_add(reserved);
    let data = before.saturating_add(root);
    let clusters = sectors.checked_sub(data).map(|left| left / per_cluster.max(1)).filter(|count| *count > 0);
    let clusters = clusters.and_then(|count| u32::try_from(count).ok()).filter(|count| *count < 0x0fff_fff5);
    let Some(clusters) = clusters else {
        return Err(damaged(32, "sectors for clusters", format!("{sectors} in all, {data} before them")));
    };
    // fatgen103, "FAT Type Determination": the number of clusters alone, but that FAT32 alone has no place for its root.
    let (width, root, table) = match clusters {
        _ if roots == 0 => {
            let (flags, version, first) = (f.u16(40, WHAT)?, f.u16(42, WHAT)?, f.u32(44, WHAT)?);
            if version != 0 {
                return Err(Error::unsupported(At::Offset(42), format!("FAT32 of version {version:#06x} (0 is read)")));
            }
            // One table that counts, where they are not all alike.
            let active = if flags & 0x80 == 0 { 0 } else { u64::from(flags & 0xf) };
            if active >= tables {
                return Err(damaged(40, &format!("one of {tables} tables"), active.to_string()));
            }
            (Width::Fat32, Root::Cluster(first), active)
        }
        count => {
            let area = Root::Area { start: before.saturating_mul(size), len: roots.saturating_mul(32) };
            (if count < 4085 { Width::Fat12 } else { Width::Fat16 }, area, 0)
        }
    };
    let bits = match width {
        Width::Fat12 => 12u64,
        Width::Fat16 => 16,
        Width::Fat32 | Width::ExFat => 32,
    };
    let needed = u64::from(clusters).saturating_add(2).saturating_mul(bits).div_ceil(8);
    let held = per_table.saturating_mul(size);
    if needed > held {
        return Err(damaged(22, &format!("a table of {needed} bytes"), held.to_string()));
    }
    Ok(Geometry {
        width,
        cluster,
        clusters,
        data: data.saturating_mul(size),
        table: reserved.saturating_add(table.saturating_mul(per_table)).saturating_mul(size),
        root,
        dirty: false,
    })
}

/// The boot sector of exFAT or, where that or one of those behind it was changed, its copy.
fn ex(volume: &dyn ReadAt) -> Result<(Geometry, Vec<String>), Error> {
    let mut damage = None;
    for shift in [9u8, 12, 10, 11] {
        for first in [0u64, 12] {
            match ex_at(volume, first << shift, shift) {
                Ok(geometry) if first == 0 => return Ok((geometry, Vec::new())),
                Ok(geometry) => {
                    let why = damage.map_or_else(String::new, |error: Error| format!(" ({error})"));
                    return Ok((geometry, vec![format!("the boot sector is damaged{why}: its copy was used")]));
                }
                Err(error) => {
                    damage.get_or_insert(error);
                }
            }
        }
    }
    Err(damage.unwrap_or_else(|| Error::damaged(At::Offset(0), EX, "one", "none")))
}

fn ex_at(volume: &dyn ReadAt, at: u64, shift: u8) -> Result<Geometry, Error> {
    let damaged = |field: u64, expected: &str, found: String| {
        Error::damaged(At::Offset(at.saturating_add(field)), EX, expected, found)
    };
    let size = 1usize << shift;
    let mut bytes = vec![0u8; size.saturating_mul(12)];
    volume.read_exact_at(at, &mut bytes).map_err(|error| Error::io(At::Offset(at), EX, &error))?;
    let f = Fields::new(&bytes, at);
    let (own, per_cluster) = (f.u8(108, EX)?, f.u8(109, EX)?);
    if f.bytes(3, 8, EX)? != b"EXFAT   " || own != shift {
        return Err(damaged(3, "\"EXFAT\" and the size of its sectors", format!("2^{own} bytes")));
    }
    // Flags and the share of clusters in use change without the checksum, which the twelfth sector repeats.
    let sectors = bytes.get(..size.saturating_mul(11)).unwrap_or_default();
    let summed = sectors.iter().enumerate().filter(|(place, _)| !matches!(place, 106 | 107 | 112));
    let sum = summed.fold(0u32, |sum, (_, byte)| sum.rotate_right(1).wrapping_add(u32::from(*byte)));
    let stored = f.u32(size.saturating_mul(11), EX)?;
    if sum != stored {
        return Err(damaged(0, &format!("checksum {stored:#010x}"), format!("{sum:#010x}")));
    }
    let revision = f.u16(104, EX)?;
    if revision >> 8 != 1 {
        let what = format!("exFAT of version {}.{:02} (1 is read)", revision >> 8, revision & 0xff);
        return Err(Error::unsupported(At::Offset(at.saturating_add(104)), what));
    }
    let cluster = u64::try_from(size).unwrap_or_default().checked_shl(u32::from(per_cluster)).unwrap_or_default();
    let (table, table_len, heap, clusters) = (f.u32(80, EX)?, f.u32(84, EX)?, f.u32(88, EX)?, f.u32(92, EX)?);
    let (flags, tables) = (f.u16(106, EX)?, f.u8(110, EX)?);
    let bytes_of = |sectors: u32| u64::from(sectors) << shift;
    let needed = u64::from(clusters).saturating_add(2).saturating_mul(4);
    if cluster == 0 || cluster > CLUSTER || clusters == 0 || clusters > 0xffff_fff5 || needed > bytes_of(table_len) {
        let found = format!("{clusters} clusters of {cluster} bytes, a table of {} bytes", bytes_of(table_len));
        return Err(damaged(80, "measures of a volume", found));
    }
    let second = flags & 1 != 0 && tables == 2;
    Ok(Geometry {
        width: Width::ExFat,
        cluster,
        clusters,
        data: bytes_of(heap),
        table: bytes_of(table).saturating_add(if second { bytes_of(table_len) } else { 0 }),
        root: Root::Cluster(f.u32(96, EX)?),
        dirty: flags & 2 != 0,
    })
}
