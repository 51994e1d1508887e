//! The footer: of which kind a VHD is, and how large.
//!
//! Layout: Microsoft, "Virtual Hard Disk Image Format Specification", section "Hard Disk Footer Format".

use super::checksum;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::mapped::Guid;
use crate::read_at::ReadAt;

const COOKIE: &[u8; 8] = b"conectix";
const LEN: u64 = 512;
/// Virtual PC before 2004 left the last byte out.
const OLD_LEN: u64 = 511;
/// One bit says that the disk is temporary, the other one is always set.
const FEATURES: u32 = 3;
/// 2000-01-01T00:00:00Z, from which times count.
const EPOCH: i64 = 946_684_800;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fixed,
    Dynamic,
    Differencing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) kind: Kind,
    /// Where the header stands of disks that are not fixed.
    pub(super) data_offset: u64,
    /// Bytes of the disk. The geometry beside it is not asked: it is rounded down, and Virtual PC, which goes by it, merely
    /// leaves the end of the disk unused.
    pub(super) size: u64,
    /// Seconds from 2000 on.
    pub(super) created: u32,
    pub(super) id: Guid,
    pub(super) saved_state: bool,
}

/// A footer, and where the data before it ends.
pub(super) struct Found {
    pub(super) footer: Footer,
    pub(super) data_end: u64,
}

/// Finds the footer: at the end, or the copy that disks which are not fixed have at the start.
pub(super) fn find(file: &dyn ReadAt, notes: &mut Vec<String>) -> Result<Option<Found>, Error> {
    let copy = candidate(file, Some(0), LEN)?;
    let mut end = candidate(file, file.len().checked_sub(LEN), LEN)?;
    if end.is_none() {
        end = candidate(file, file.len().checked_sub(OLD_LEN), OLD_LEN)?;
    }
    let found = match (end, copy) {
        (None, None) => return Ok(None),
        (Some((Ok(footer), at)), copy) => {
            if footer.kind != Kind::Fixed && !copy.is_some_and(|(copy, _)| copy.is_ok_and(|copy| copy == footer)) {
                notes.push(
                    "the copy of the footer at the start is missing or differs; the one at the end counts".into(),
                );
            }
            Found { footer, data_end: at }
        }
        (end, Some((Ok(footer), _))) if footer.kind != Kind::Fixed => {
            let state = if end.is_some() { "damaged" } else { "missing" };
            notes.push(format!("the footer at the end is {state}; its copy at the start was used"));
            Found { footer, data_end: end.map_or(file.len(), |(_, at)| at) }
        }
        (None, Some((Ok(footer), _))) => {
            let expected = format!("one after the {} bytes of a fixed disk", footer.size);
            return Err(Error::damaged(At::Offset(0), "VHD footer", expected, "one at the start alone"));
        }
        (Some((Err(error), _)), _) | (_, Some((Err(error), _))) => return Err(error),
    };
    Ok(Some(found))
}

type Candidate = (Result<Footer, Error>, u64);

/// What stands at `at`, if it begins as a footer does.
fn candidate(file: &dyn ReadAt, at: Option<u64>, len: u64) -> Result<Option<Candidate>, Error> {
    const WHAT: &str = "VHD footer";
    let Some(at) = at else { return Ok(None) };
    // What an old footer lacks counts as zero.
    let mut bytes = [0u8; 512];
    let part = bytes.get_mut(..usize::try_from(len).unwrap_or_default()).unwrap_or_default();
    let read = file.read_at(at, part).map_err(|e| Error::io(At::Offset(at), WHAT, &e))?;
    if u64::try_from(read).unwrap_or_default() < len || !bytes.starts_with(COOKIE) {
        return Ok(None);
    }
    Ok(Some((Footer::parse(&bytes, at), at)))
}

impl Footer {
    fn parse(bytes: &[u8], at: u64) -> Result<Self, Error> {
        const WHAT: &str = "VHD footer";
        let f = Fields::new(bytes, at);
        let (stored, computed) = (f.be32(64, WHAT)?, checksum(bytes, 64));
        if stored != computed {
            let (expected, found) = (format!("checksum {computed:#010x}"), format!("{stored:#010x}"));
            return Err(Error::damaged(At::Offset(at), WHAT, expected, found));
        }
        let unsupported = |what: String| Err(Error::unsupported(At::Offset(at), what));
        let (features, version) = (f.be32(8, WHAT)?, f.be32(12, WHAT)?);
        if version >> 16 != 1 {
            return unsupported(format!("VHD of version {}.{}; 1.x is read", version >> 16, version & 0xffff));
        }
        if features & !FEATURES != 0 {
            return unsupported(format!("VHD with unknown features {features:#x}"));
        }
        let kind = match f.be32(60, WHAT)? {
            2 => Kind::Fixed,
            3 => Kind::Dynamic,
            4 => Kind::Differencing,
            other => {
                return unsupported(format!("VHD of the unknown type {other}; fixed, dynamic, differencing are read"));
            }
        };
        let size = f.be64(48, WHAT)?;
        if size == 0 {
            return Err(Error::damaged(At::Offset(at), "disk size", "1 byte or more", "0"));
        }
        Ok(Self {
            kind,
            data_offset: f.be64(16, WHAT)?,
            size,
            created: f.be32(24, WHAT)?,
            id: Guid::from_spelt(f.bytes(68, 16, WHAT)?),
            saved_state: f.u8(84, WHAT)? != 0,
        })
    }
}

/// A time, in the way in which reports write times.
pub(super) fn time(seconds: u32) -> String {
    let found = jiff::Timestamp::from_second(EPOCH.saturating_add(seconds.into()));
    found.map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
