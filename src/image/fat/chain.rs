//! Chains of clusters.

use super::boot::Width;
use super::{ENTRY, Fat};
use crate::error::{At, Error};
use crate::number::wide;

const WHAT: &str = "chain of clusters";

/// Bytes of the volume, one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    pub(super) start: u64,
    pub(super) len: u64,
}

impl Fat {
    /// Follows a chain for so many clusters, or, as folders need it, to its end.
    ///
    /// # Errors
    /// When it leaves the volume, ends too early, or leads to a cluster that it has already.
    pub(super) fn chain(&self, first: u32, clusters: Option<u64>, at: At) -> Result<Vec<Run>, Error> {
        let size = self.geometry.cluster;
        // A folder of so many entries is none.
        let most = clusters.unwrap_or_else(|| self.limits.ntfs_names.saturating_mul(ENTRY).div_ceil(size).max(1));
        let mut runs: Vec<Run> = Vec::new();
        let (mut cluster, mut count) = (Some(first), 0u64);
        while let Some(number) = cluster {
            if clusters == Some(count) {
                break;
            }
            if count >= most {
                return Err(Error::Limit { at, what: "clusters of a folder", limit: most });
            }
            let next = self.geometry.run(number, 1, at)?;
            match runs.last_mut() {
                Some(last) if last.start.saturating_add(last.len) == next.start => {
                    last.len = last.len.saturating_add(size);
                }
                _ => {
                    if runs.len() >= self.limits.ntfs_runs {
                        let limit = wide(self.limits.ntfs_runs);
                        return Err(Error::Limit { at, what: "pieces of a file", limit });
                    }
                    runs.push(next);
                }
            }
            count += 1;
            // What comes behind the last cluster of a file does not matter.
            cluster = if clusters == Some(count) { None } else { self.next(number)? };
        }
        if clusters.is_some_and(|clusters| count < clusters) {
            let expected = format!("{} clusters", clusters.unwrap_or_default());
            return Err(Error::damaged(at, WHAT, expected, count.to_string()));
        }
        let mut order = runs.clone();
        order.sort_unstable();
        let mut pairs = order.iter().zip(order.iter().skip(1));
        if pairs.any(|(one, next)| one.start.saturating_add(one.len) > next.start) {
            return Err(Error::damaged(at, WHAT, "clusters that it has once", "some that it has again"));
        }
        Ok(runs)
    }

    /// The cluster behind another, if that is not the last one.
    pub(super) fn next(&self, cluster: u32) -> Result<Option<u32>, Error> {
        let (value, last, at) = self.value(cluster)?;
        if self.geometry.has(value) {
            return Ok(Some(value));
        }
        match value >= last {
            true => Ok(None),
            false => {
                let found = format!("{value:#x}, which is free, bad or none");
                Err(Error::damaged(At::Offset(at), WHAT, "a cluster of the volume, or the end", found))
            }
        }
    }

    /// An entry of the table: its value, from which value on it stands for the end of a chain, and where it stands.
    fn value(&self, cluster: u32) -> Result<(u32, u32, u64), Error> {
        let number = u64::from(cluster);
        let table = self.geometry.table;
        let mut bytes = [0u8; 4];
        let mut read = |offset: u64, len: usize| {
            let at = table.saturating_add(offset);
            self.table(at, bytes.get_mut(..len).unwrap_or_default(), "file allocation table").map(|()| at)
        };
        Ok(match self.geometry.width {
            Width::Fat12 => {
                // Two entries take three bytes.
                let at = read(number.saturating_add(number / 2), 2)?;
                let two = u32::from_le_bytes(bytes);
                (if cluster.is_multiple_of(2) { two & 0xfff } else { two >> 4 }, 0xff8, at)
            }
            Width::Fat16 => {
                let at = read(number.saturating_mul(2), 2)?;
                (u32::from_le_bytes(bytes), 0xfff8, at)
            }
            Width::Fat32 => {
                let at = read(number.saturating_mul(4), 4)?;
                (u32::from_le_bytes(bytes) & 0x0fff_ffff, 0x0fff_fff8, at)
            }
            Width::ExFat => {
                let at = read(number.saturating_mul(4), 4)?;
                (u32::from_le_bytes(bytes), 0xffff_ffff, at)
            }
        })
    }

    /// Whether the volume says that it was not unmounted: in exFAT by a flag, in FAT by a bit of its second entry, which FAT12
    /// has not.
    pub(super) fn is_dirty(&self) -> Result<bool, Error> {
        Ok(match self.geometry.width {
            Width::Fat12 => false,
            Width::Fat16 => self.value(1)?.0 & 0x8000 == 0,
            Width::Fat32 => self.value(1)?.0 & 0x0800_0000 == 0,
            Width::ExFat => self.geometry.dirty,
        })
    }

    /// Fills `buf` from `offset` of what lies in these runs; tells where in the volume that is.
    pub(super) fn in_runs(&self, runs: &[Run], offset: u64, buf: &mut [u8]) -> Result<Option<u64>, Error> {
        let mut start = 0u64;
        for run in runs {
            let end = start.saturating_add(run.len);
            if offset < end {
                let at = run.start.saturating_add(offset.saturating_sub(start));
                return self.table(at, buf, "folder").map(|()| Some(at));
            }
            start = end;
        }
        Ok(None)
    }
}
