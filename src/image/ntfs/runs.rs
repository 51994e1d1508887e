//! Runs: which clusters of the volume an attribute has.
//!
//! Layout: libyal, "New Technologies File System (NTFS)", section "Data runs"; Linux-NTFS, "Data Runs".

use crate::error::{At, Error};
use crate::number::wide;

/// Where clusters of an attribute begin to lie one behind the other.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// The first one's number in the attribute.
    vcn: u64,
    /// The first one's number in the volume.
    lcn: u64,
}

/// For [`Run::lcn`]: the clusters are nowhere, and read as zeros.
const HOLE: u64 = u64::MAX;

/// All runs of an attribute, in order and without gaps. A run takes 16 bytes: it ends where the next one starts.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs {
    list: Vec<Run>,
    /// Clusters in all.
    pub(super) clusters: u64,
    /// Whether there are holes.
    pub(super) holes: bool,
}

/// What bounds the runs of a volume.
pub(super) struct Bounds {
    /// Clusters of the volume.
    pub(super) clusters: u64,
    /// Runs of one attribute that are kept.
    pub(super) runs: usize,
}

impl Runs {
    /// Adds the runs of a part that goes from cluster number `lowest` to `highest`, whose mapping pairs stand at `at`.
    pub(super) fn append(
        &mut self,
        (lowest, highest): (u64, u64),
        pairs: &[u8],
        bounds: &Bounds,
        at: u64,
    ) -> Result<(), Error> {
        if lowest != self.clusters {
            let expected = format!("a part that starts at cluster {}", self.clusters);
            return Err(Error::damaged(At::Offset(at), "parts of an attribute", expected, format!("at {lowest}")));
        }
        // An attribute without clusters has -1 for its last one.
        let end = highest.wrapping_add(1);
        let mut lcn = 0i64;
        let mut rest = pairs;
        loop {
            let here = at.saturating_add(wide(pairs.len().saturating_sub(rest.len())));
            let damaged = |expected: &str, found: String| Error::damaged(At::Offset(here), "runs", expected, found);
            let Some((&head, tail)) = rest.split_first() else {
                return Err(damaged("a zero at their end", "the end of the attribute".into()));
            };
            if head == 0 {
                break;
            }
            let (len, offset) = (usize::from(head & 15), usize::from(head >> 4));
            let (Some(count), Some(delta)) = (
                tail.get(..len).filter(|_| (1..=8).contains(&len)),
                tail.get(len..).and_then(|tail| tail.get(..offset)).filter(|_| offset <= 8),
            ) else {
                return Err(damaged("a pair of numbers of up to 8 bytes", format!("0x{head:02x}")));
            };
            rest = tail.get(len.saturating_add(offset)..).unwrap_or_default();
            let count = unsigned(count);
            let next = self.clusters.checked_add(count).filter(|next| count > 0 && *next <= end);
            let Some(next) = next else {
                return Err(damaged(&format!("a run that ends by cluster {highest}"), format!("{count} clusters")));
            };
            let start = if offset == 0 {
                self.holes = true;
                HOLE
            } else {
                let start = lcn.checked_add(signed(delta));
                let start = start
                    .and_then(|lcn| u64::try_from(lcn).ok())
                    .filter(|start| start.checked_add(count).is_some_and(|end| end <= bounds.clusters));
                let Some(start) = start else {
                    let expected = format!("{count} clusters of the volume's {}", bounds.clusters);
                    return Err(damaged(&expected, format!("some that start {} from {lcn}", signed(delta))));
                };
                lcn = i64::try_from(start).unwrap_or(i64::MAX);
                start
            };
            self.push(start, here, bounds)?;
            self.clusters = next;
        }
        if self.clusters != end {
            let expected = format!("runs up to cluster {highest}");
            return Err(Error::damaged(At::Offset(at), "runs", expected, format!("{} clusters", self.clusters)));
        }
        Ok(())
    }

    /// Adds a run; one that goes on where the last one ends is part of it.
    fn push(&mut self, lcn: u64, at: u64, bounds: &Bounds) -> Result<(), Error> {
        if let Some(last) = self.list.last() {
            let grown = self.clusters.saturating_sub(last.vcn);
            let goes_on = if lcn == HOLE { last.lcn == HOLE } else { last.lcn.checked_add(grown) == Some(lcn) };
            if goes_on {
                return Ok(());
            }
        }
        if self.list.len() >= bounds.runs {
            return Err(Error::Limit { at: At::Offset(at), what: "runs of one attribute", limit: wide(bounds.runs) });
        }
        self.list.push(Run { vcn: self.clusters, lcn });
        Ok(())
    }

    /// Where the cluster with this number in the attribute lies, none being a hole, and how many lie there from it on.
    pub(super) fn at(&self, vcn: u64) -> Option<(Option<u64>, u64)> {
        let behind = self.list.partition_point(|run| run.vcn <= vcn);
        let run = self.list.get(behind.checked_sub(1)?)?;
        let end = self.list.get(behind).map_or(self.clusters, |next| next.vcn);
        let left = end.checked_sub(vcn).filter(|left| *left > 0)?;
        let lcn = (run.lcn != HOLE).then(|| run.lcn.saturating_add(vcn.saturating_sub(run.vcn)));
        Some((lcn, left))
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64u32.saturating_sub(u32::try_from(bytes.len()).unwrap_or(8).saturating_mul(8)).min(63);
    (unsigned(bytes) << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { clusters: 1000, runs: 4 };

    fn runs(highest: u64, pairs: &[u8]) -> Result<Runs, Error> {
        let mut runs = Runs::default();
        runs.append((0, highest), pairs, &BOUNDS, 0).map(|()| runs)
    }

    #[test]
    fn runs_go_forwards_and_backwards_have_holes_and_are_joined() {
        // 4 at 100, 2 at 90, a hole of 3, 1 at 92 and 5 behind it.
        let r = runs(14, &[0x11, 4, 100, 0x11, 2, 0xf6, 0x01, 3, 0x11, 1, 2, 0x11, 5, 1, 0]).unwrap();
        assert_eq!((r.clusters, r.holes, r.list.len()), (15, true, 4));
        let at = [0, 3, 4, 6, 8, 9, 14, 15].map(|vcn| r.at(vcn));
        let want = [
            Some((Some(100), 4)),
            Some((Some(103), 1)),
            Some((Some(90), 2)),
            Some((None, 3)),
            Some((None, 1)),
            Some((Some(92), 6)),
            Some((Some(97), 1)),
            None,
        ];
        assert_eq!(at, want);
        assert_eq!(runs(u64::MAX, &[0]).unwrap().clusters, 0);
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        let hostile: [(u64, &[u8]); 14] = [
            (3, &[0x11, 4, 100]),                                                   // no end
            (3, &[]),                                                               // nothing
            (3, &[0x11, 3, 100, 0]),                                                // too few
            (3, &[0x11, 5, 100, 0]),                                                // too many
            (3, &[0x11, 0, 100, 0x11, 4, 0, 0]),                                    // none
            (3, &[0x10, 4, 0]),                                                     // no length
            (3, &[0x91, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),                          // offset of 9 bytes
            (3, &[0x19, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]),                          // length of 9 bytes
            (3, &[0x11, 4, 0x80, 0]),                                               // before the volume
            (3, &[0x21, 4, 0xe5, 0x03, 0]),                                         // 997: past the volume
            (3, &[0x81, 4, 255, 255, 255, 255, 255, 255, 255, 127, 0]),             // far past it
            (3, &[0x11, 1, 9, 0x81, 3, 255, 255, 255, 255, 255, 255, 255, 127, 0]), // overflow
            (u64::MAX - 1, &[0x18, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0]),
            (4, &[0x11, 1, 10, 0x11, 1, 10, 0x11, 1, 10, 0x11, 1, 10, 0x11, 1, 10, 0]), // one run too many
        ];
        for (highest, pairs) in hostile {
            assert!(runs(highest, pairs).is_err(), "{pairs:02x?}");
        }
        let mut gap = runs(3, &[0x11, 4, 100, 0]).unwrap();
        assert!(gap.append((5, 6), &[0x11, 2, 50, 0], &BOUNDS, 0).is_err());
        assert!(gap.append((3, 6), &[0x11, 4, 50, 0], &BOUNDS, 0).is_err());
        gap.append((4, 5), &[0x11, 2, 50, 0], &BOUNDS, 0).unwrap();
        assert_eq!(gap.at(5), Some((Some(51), 1)));
    }
}
