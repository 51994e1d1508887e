//! The data of a file.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::Ntfs;
use super::lznt1;
use super::mft::File;
use super::record::{DATA, Form, LOGGED_UTILITY_STREAM, REPARSE_POINT, STANDARD_INFORMATION};
use super::stream::{Body, Stream};
use super::volume::{Through, Volume};
use super::wof::{self, Packed};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

/// Unpacked units (or chunks of WOF) kept: 512 KiB at most, as many as a hive has pages in use in a few places.
const UNITS: usize = 8;
/// Flag of a file in `$STANDARD_INFORMATION`.
const ENCRYPTED: u32 = 0x4000;
/// 100 ns from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH: u64 = 116_444_736_000_000_000;

/// The unnamed data of a file.
pub struct NtfsFile {
    volume: Arc<Ntfs>,
    /// Its data, or what it is unpacked from.
    stream: Stream,
    packed: Option<Packed>,
    modified: Option<SystemTime>,
    /// Unpacked compression units, or chunks, by their number, the one used last at the end.
    units: Mutex<Vec<(u64, Arc<[u8]>)>>,
}

/// What a compression unit holds.
enum Unit {
    Zeros,
    Plain,
    /// So many clusters, packed.
    Packed(u64),
}

impl NtfsFile {
    pub(super) fn open(volume: Arc<Ntfs>, file: &File) -> Result<Self, Error> {
        let at = At::Offset(file.record.at);
        let mft = &volume.mft;
        if file.record.folder {
            return Err(Error::unsupported(at, format!("MFT record {} is a folder", file.record.number())));
        }
        let (modified, flags) = information(file)?;
        let efs: Vec<u16> = "$EFS".encode_utf16().collect();
        if flags & ENCRYPTED != 0 || file.has(LOGGED_UTILITY_STREAM, &efs)? {
            return Err(Error::unsupported(at, "the file is encrypted by EFS"));
        }
        let point = mft.stream(file, REPARSE_POINT, &[])?;
        let tag = point.as_ref().map(|point| tag(&mft.volume, point)).transpose()?;
        if let Some(tag) = tag.filter(|tag| *tag != wof::TAG) {
            return Err(Error::unsupported(at, reparse_point(tag)));
        }
        let name: Vec<u16> = wof::STREAM.encode_utf16().collect();
        let packed = mft.stream(file, DATA, &name)?;
        let stream = mft.stream(file, DATA, &[])?;
        let stream = stream.ok_or_else(|| Error::damaged(at, "data of a file", "unnamed data", "none"))?;
        let (stream, packed) = match (point, packed) {
            (None, None) => (stream, None),
            (Some(point), Some(packed)) => {
                let how = Packed::new(&mft.volume, &point, &packed, stream.size)?;
                (packed, Some(how))
            }
            (Some(point), None) => {
                // Of one without the stream, the data is in a WIM file, or was lost.
                Packed::new(&mft.volume, &point, &stream, stream.size)?;
                return Err(Error::damaged(at, "file compressed by WOF", "packed data", "none"));
            }
            (None, Some(_)) => {
                return Err(Error::damaged(at, "file compressed by WOF", "a reparse point", "none"));
            }
        };
        Ok(Self { stream, packed, modified, units: Mutex::default(), volume })
    }

    /// When the data was last changed, by its `$STANDARD_INFORMATION`.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    fn bytes(&self) -> &Volume {
        &self.volume.mft.volume
    }

    /// What a unit of `clusters` holds, by its runs: what was packed takes fewer clusters, and a hole fills the rest.
    fn unit(&self, number: u64, clusters: u64) -> Result<Unit, Error> {
        let Body::Runs { map, .. } = &self.stream.body else { return Ok(Unit::Plain) };
        let first = number.saturating_mul(clusters);
        let (mut done, mut held, mut hole) = (0u64, 0u64, false);
        while done < clusters {
            let found = map.at(first.saturating_add(done));
            let (lcn, left) = found.filter(|(lcn, _)| lcn.is_none() || !hole).ok_or_else(|| {
                let expected = "clusters, then a hole";
                Error::damaged(At::Offset(self.stream.at), "compression unit", expected, format!("others in {number}"))
            })?;
            let left = left.min(clusters.saturating_sub(done));
            hole = lcn.is_none();
            held = held.saturating_add(if hole { 0 } else { left });
            done = done.saturating_add(left);
        }
        Ok(match held {
            0 => Unit::Zeros,
            _ if held == clusters => Unit::Plain,
            _ => Unit::Packed(held),
        })
    }

    /// Unpacks a unit, of which `need` bytes must be there.
    fn unpack(&self, number: u64, held: u64, size: u64, need: usize) -> io::Result<Arc<[u8]>> {
        self.kept(number, || {
            let volume = self.bytes();
            let start = number.saturating_mul(size);
            let mut packed = vec![0; narrow(held.saturating_mul(volume.geometry.cluster))];
            self.stream.clusters(volume, start, &mut packed)?;
            let unpacked = lznt1::unpack(&packed, narrow(size)).and_then(|unpacked| {
                if unpacked.len() < need { Err("less data than the file has") } else { Ok(unpacked) }
            });
            let at = At::Offset(self.stream.place(volume, start));
            Ok(unpacked.map_err(|found| Error::damaged(at, "compression unit", "LZNT1 data", found))?)
        })
    }

    /// What has this number, out of those that are kept or else made.
    fn kept(&self, number: u64, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Arc<[u8]>> {
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        let known = units.iter().position(|(known, _)| *known == number);
        let unit = match known {
            Some(at) => units.remove(at).1,
            None => make()?.into(),
        };
        if units.len() >= UNITS {
            units.remove(0);
        }
        units.push((number, Arc::clone(&unit)));
        Ok(unit)
    }

    /// Reads a file that WOF compressed.
    fn overlaid(&self, packed: &Packed, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let want = buf.len().min(narrow(packed.size.saturating_sub(offset)));
        let buf = buf.get_mut(..want).unwrap_or_default();
        let mut done = 0usize;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(wide(done));
            let (number, within) = (at / packed.chunk, at % packed.chunk);
            let chunk = self.kept(number, || packed.unpack(self.bytes(), &self.stream, number))?;
            let from = chunk.get(narrow(within)..).unwrap_or_default();
            let n = rest.len().min(from.len());
            let (Some(part), Some(from)) = (rest.get_mut(..n), from.get(..n).filter(|from| !from.is_empty())) else {
                return Err(Error::damaged(At::Offset(self.stream.at), "chunk of WOF", "more data", "none").into());
            };
            part.copy_from_slice(from);
            done = done.saturating_add(n);
        }
        Ok(want)
    }

    fn compressed(&self, offset: u64, buf: &mut [u8], (clusters, initialized): (u64, u64)) -> io::Result<usize> {
        let size = clusters.saturating_mul(self.bytes().geometry.cluster).max(1);
        let want = buf.len().min(narrow(self.stream.size.saturating_sub(offset)));
        let buf = buf.get_mut(..want).unwrap_or_default();
        let mut done = 0usize;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(wide(done));
            let Some(written) = initialized.checked_sub(at).filter(|written| *written > 0) else {
                rest.fill(0);
                break;
            };
            let (number, within) = (at / size, at % size);
            let n = rest.len().min(narrow(size.saturating_sub(within).min(written)));
            let part = rest.get_mut(..n).unwrap_or_default();
            match self.unit(number, clusters)? {
                Unit::Zeros => part.fill(0),
                Unit::Plain => {
                    self.stream.read(self.bytes(), at, part, Through::Nothing)?;
                }
                Unit::Packed(held) => {
                    let need = initialized.saturating_sub(number.saturating_mul(size)).min(size);
                    let unit = self.unpack(number, held, size, narrow(need))?;
                    let from = unit.get(narrow(within)..).and_then(|rest| rest.get(..n)).unwrap_or_default();
                    if from.len() < n {
                        let found = "less data than the file has";
                        let at = At::Offset(self.stream.at);
                        return Err(Error::damaged(at, "compression unit", "LZNT1 data", found).into());
                    }
                    part.copy_from_slice(from);
                }
            }
            done = done.saturating_add(n);
        }
        Ok(want)
    }
}

impl ReadAt for NtfsFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(packed) = &self.packed {
            return self.overlaid(packed, offset, buf);
        }
        match self.stream.body {
            Body::Runs { unit: Some(clusters), initialized, .. } => {
                self.compressed(offset, buf, (clusters, initialized))
            }
            _ => self.stream.read(self.bytes(), offset, buf, Through::Nothing),
        }
    }

    fn len(&self) -> u64 {
        self.packed.as_ref().map_or(self.stream.size, |packed| packed.size)
    }
}

/// When a file was changed, and its flags. Layout: libyal, section "The standard information attribute".
fn information(file: &File) -> Result<(Option<SystemTime>, u32), Error> {
    const WHAT: &str = "$STANDARD_INFORMATION";
    for attribute in file.record.attributes() {
        let attribute = attribute?;
        if attribute.is(STANDARD_INFORMATION, &[])
            && let Form::Resident(value) = attribute.form
        {
            let f = Fields::new(value, attribute.at);
            return Ok((time(f.u64(8, WHAT)?), f.u32(0x20, WHAT)?));
        }
    }
    Err(Error::damaged(At::Offset(file.record.at), WHAT, "one in the base record", "none"))
}

fn time(filetime: u64) -> Option<SystemTime> {
    let ticks = i64::try_from(filetime).ok().and_then(|ticks| u64::try_from(ticks).ok())?;
    let span = |ticks: u64| Duration::new(ticks / 10_000_000, u32::try_from(ticks % 10_000_000 * 100).unwrap_or(0));
    match ticks.checked_sub(UNIX_EPOCH) {
        Some(after) => SystemTime::UNIX_EPOCH.checked_add(span(after)),
        None => SystemTime::UNIX_EPOCH.checked_sub(span(UNIX_EPOCH.saturating_sub(ticks))),
    }
}

/// The tag of a reparse point.
fn tag(volume: &Volume, point: &Stream) -> Result<u32, Error> {
    let mut tag = [0u8; 4];
    point.table(volume, 0, &mut tag, "reparse point")?;
    Ok(u32::from_le_bytes(tag))
}

/// Why a reparse point is not read. Tags: [MS-FSCC] section 2.1.2.1, "Reparse Tags".
fn reparse_point(tag: u32) -> String {
    let what = match tag {
        0x8000_0013 => "its data is deduplicated",
        0xa000_000c => "it is a symbolic link",
        0xa000_0003 => "it is a mount point",
        _ => "its data is elsewhere",
    };
    format!("the file is a reparse point, tag 0x{tag:08x}: {what}, which is not followed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_and_after_1970_are_told_and_those_that_cannot_be_are_not() {
        let unix = SystemTime::UNIX_EPOCH;
        assert_eq!(time(UNIX_EPOCH + 15_000_000), Some(unix + Duration::from_millis(1500)));
        assert_eq!(time(UNIX_EPOCH - 15_000_000), Some(unix - Duration::from_millis(1500)));
        assert_eq!(time(u64::MAX), None);
    }
}
