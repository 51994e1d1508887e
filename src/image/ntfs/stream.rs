//! The value of an attribute, out of all its parts.

use std::io;

use super::record::{Attribute, COMPRESSION, ENCRYPTED, Form, SPARSE};
use super::runs::{Bounds, Runs};
use super::volume::{Through, Volume};
use crate::error::{At, Error};
use crate::number::{narrow, wide};

/// The most that a compression unit has: Windows compresses volumes with clusters of at most 4 KiB, by 16 of them.
const UNIT: u64 = 64 << 10;

/// The value of an attribute.
pub(super) struct Stream {
    /// Bytes.
    pub(super) size: u64,
    /// Where the attribute stands.
    pub(super) at: u64,
    pub(super) body: Body,
}

/// Where the value stands.
pub(super) enum Body {
    /// In its record.
    Resident(Box<[u8]>),
    /// In clusters.
    Runs {
        map: Runs,
        /// Bytes that were ever written; those behind read as zeros.
        initialized: u64,
        /// Clusters of a unit of compression, if it is compressed.
        unit: Option<u64>,
    },
}

/// Puts the parts of an attribute together.
pub(super) struct Builder<'a> {
    volume: &'a Volume,
    bounds: Bounds,
    flags: u16,
    allocated: u64,
    stream: Option<Stream>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(volume: &'a Volume, most_runs: usize) -> Self {
        let bounds = Bounds { clusters: volume.geometry.clusters, runs: most_runs };
        Self { volume, bounds, flags: 0, allocated: 0, stream: None }
    }

    /// Adds the next part.
    pub(super) fn add(&mut self, attribute: &Attribute<'_>) -> Result<(), Error> {
        let at = attribute.at;
        let damaged = |what, expected: &str, found: String| Error::damaged(At::Offset(at), what, expected, found);
        match (&attribute.form, &mut self.stream) {
            (Form::Resident(value), None) => {
                if attribute.flags & ENCRYPTED != 0 {
                    return Err(Error::unsupported(At::Offset(at), "the file is encrypted by EFS"));
                }
                if !attribute.exact {
                    let expected = "a value that fills its attribute";
                    return Err(damaged("attribute", expected, format!("one of {} bytes elsewhere", value.len())));
                }
                let body = Body::Resident((*value).into());
                self.stream = Some(Stream { size: wide(value.len()), at, body });
            }
            (Form::Runs(part), None) => {
                let unit = self.unit(attribute.flags, part.unit, at)?;
                let mut map = Runs::default();
                map.append((part.lowest, part.highest), part.pairs, &self.bounds, at)?;
                if part.size > part.allocated || part.initialized > part.size {
                    let found = format!("{}, {}, {}", part.initialized, part.size, part.allocated);
                    return Err(damaged("sizes", "initialized, real and allocated one in rising order", found));
                }
                self.flags = attribute.flags;
                self.allocated = part.allocated;
                let body = Body::Runs { map, initialized: part.initialized, unit };
                self.stream = Some(Stream { size: part.size, at, body });
            }
            (Form::Runs(part), Some(Stream { body: Body::Runs { map, .. }, .. })) => {
                map.append((part.lowest, part.highest), part.pairs, &self.bounds, at)?;
            }
            _ => {
                return Err(damaged("parts of an attribute", "clusters in each of them", "bytes in the record".into()));
            }
        }
        Ok(())
    }

    /// The clusters of a compression unit.
    fn unit(&self, flags: u16, unit: u8, at: u64) -> Result<Option<u64>, Error> {
        let unsupported = |what: String| Err(Error::unsupported(At::Offset(at), what));
        if flags & ENCRYPTED != 0 {
            return unsupported("the file is encrypted by EFS".into());
        }
        if flags & !(COMPRESSION | SPARSE) != 0 {
            return unsupported(format!("attribute flags 0x{flags:04x}, of which some are not known"));
        }
        match flags & COMPRESSION {
            0 => Ok(None),
            1 => {
                let clusters = 1u64.checked_shl(u32::from(unit)).filter(|_| unit > 0);
                match clusters.filter(|n| n.saturating_mul(self.volume.geometry.cluster) <= UNIT) {
                    Some(clusters) => Ok(Some(clusters)),
                    None => unsupported(format!("a compression unit of 2^{unit} clusters (up to 64 KiB are read)")),
                }
            }
            method => unsupported(format!("compression method {method} (LZNT1, which is 1, is read)")),
        }
    }

    /// What the parts read so far make, complete or not.
    pub(super) fn so_far(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// The whole, if there was any part and none is missing.
    pub(super) fn finish(self) -> Result<Option<Stream>, Error> {
        let Some(stream) = self.stream else { return Ok(None) };
        let damaged =
            |what, expected: String, found: String| Err(Error::damaged(At::Offset(stream.at), what, expected, found));
        if let Body::Runs { map, unit, .. } = &stream.body {
            let mapped = map.clusters.checked_mul(self.volume.geometry.cluster);
            if mapped != Some(self.allocated) {
                return damaged("runs", format!("{} bytes", self.allocated), format!("{} clusters", map.clusters));
            }
            if map.holes && self.flags & (SPARSE | COMPRESSION) == 0 {
                return damaged("runs", "no holes, as the attribute is not sparse".into(), "some".into());
            }
            if let Some(unit) = unit
                && !map.clusters.is_multiple_of(*unit)
            {
                return damaged("runs", format!("whole units of {unit} clusters"), format!("{}", map.clusters));
            }
        }
        Ok(Some(stream))
    }
}

impl Stream {
    /// Reads up to `buf.len()` bytes at `offset`, of a stream that is not compressed.
    pub(super) fn read(&self, volume: &Volume, offset: u64, buf: &mut [u8], through: Through) -> io::Result<usize> {
        let want = buf.len().min(narrow(self.size.saturating_sub(offset)));
        let buf = buf.get_mut(..want).unwrap_or_default();
        let (map, initialized) = match &self.body {
            Body::Resident(value) => {
                let from = value.get(narrow(offset)..).and_then(|rest| rest.get(..want)).unwrap_or_default();
                buf.get_mut(..from.len()).unwrap_or_default().copy_from_slice(from);
                return Ok(from.len());
            }
            Body::Runs { map, initialized, .. } => (map, *initialized),
        };
        let cluster = volume.geometry.cluster;
        let mut done = 0usize;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(wide(done));
            let Some(written) = initialized.checked_sub(at).filter(|written| *written > 0) else {
                rest.fill(0);
                break;
            };
            let (vcn, within) = (at / cluster, at % cluster);
            let Some((lcn, left)) = map.at(vcn) else {
                let found = format!("{} clusters", map.clusters);
                return Err(Error::damaged(At::Offset(self.at), "runs", format!("cluster {vcn}"), found).into());
            };
            let run = left.saturating_mul(cluster).saturating_sub(within).min(written);
            let n = rest.len().min(narrow(run));
            let part = rest.get_mut(..n).unwrap_or_default();
            match lcn {
                Some(lcn) => volume.read(lcn.saturating_mul(cluster).saturating_add(within), part, through)?,
                None => part.fill(0),
            }
            done = done.saturating_add(n);
        }
        Ok(want)
    }

    /// Fills `buf` with whole clusters as they lie, whatever the sizes say.
    pub(super) fn clusters(&self, volume: &Volume, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let Body::Runs { map, .. } = &self.body else { return Ok(()) };
        let cluster = volume.geometry.cluster;
        let mut done = 0usize;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let Some((Some(lcn), left)) = map.at(offset.saturating_add(wide(done)) / cluster) else {
                return Err(Error::damaged(At::Offset(self.at), "runs", "clusters", "a hole").into());
            };
            let n = rest.len().min(narrow(left.saturating_mul(cluster)));
            volume.read(lcn.saturating_mul(cluster), rest.get_mut(..n).unwrap_or_default(), Through::Nothing)?;
            done = done.saturating_add(n);
        }
        Ok(())
    }

    /// Where in the volume the byte at `offset` stands, for messages.
    pub(super) fn place(&self, volume: &Volume, offset: u64) -> u64 {
        let cluster = volume.geometry.cluster;
        match &self.body {
            Body::Resident(_) => self.at,
            Body::Runs { map, .. } => match map.at(offset / cluster) {
                Some((Some(lcn), _)) => lcn.saturating_mul(cluster).saturating_add(offset % cluster),
                _ => self.at,
            },
        }
    }

    /// Fills `buf` with a part of a table, which must be there, written and not compressed.
    pub(super) fn table(&self, volume: &Volume, offset: u64, buf: &mut [u8], what: &'static str) -> Result<(), Error> {
        let end = offset.saturating_add(wide(buf.len()));
        let (there, plain) = match &self.body {
            Body::Resident(_) => (self.size, true),
            Body::Runs { map, initialized, unit } => (*initialized, unit.is_none() && !map.holes),
        };
        if !plain {
            let expected = "a table, which is neither compressed nor sparse";
            return Err(Error::damaged(At::Offset(self.at), what, expected, "one that is"));
        }
        if end > there {
            let expected = format!("{end} bytes");
            return Err(Error::damaged(At::Offset(self.at), what, expected, there.to_string()));
        }
        let place = self.place(volume, offset);
        self.read(volume, offset, buf, Through::Cache).map(|_| ()).map_err(|e| Error::io(At::Offset(place), what, &e))
    }

    /// The whole of a table that has at most `most` bytes.
    pub(super) fn whole(&self, volume: &Volume, most: usize, what: &'static str) -> Result<Vec<u8>, Error> {
        let limit = wide(most);
        if self.size > limit {
            return Err(Error::Limit { at: At::Offset(self.at), what, limit });
        }
        let mut bytes = vec![0; narrow(self.size)];
        self.table(volume, 0, &mut bytes, what)?;
        Ok(bytes)
    }
}
