//! Files that the overlay filter of Windows compresses (`compact.exe /exe`, CompactOS): the data is a hole, and stands packed in
//! the stream `WofCompressedData`, in chunks that stand alone, behind a table of where they end.
//!
//! Format: \[MS-FSCC\], section 2.1.2 (reparse points); Microsoft, `WOF_EXTERNAL_INFO` and `FILE_PROVIDER_EXTERNAL_INFO_V1`;
//! Microsoft, "Windows Imaging File Format (WIM)", whose resources have the same table and chunks.

mod bits;
mod lzx;
mod xpress;

use std::io;

use super::stream::{Body, Stream};
use super::volume::{Through, Volume};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::{narrow, wide};

/// The tag of its reparse points.
pub(super) const TAG: u32 = 0x8000_0017;
/// The name of the stream.
pub(super) const STREAM: &str = "WofCompressedData";
/// Bytes of a reparse point of the filter; that of a WIM has a name of up to 32 KiB.
const POINT: usize = 24;

/// How chunks are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Xpress,
    Lzx,
}

/// The packed data of a file.
pub(super) struct Packed {
    method: Method,
    /// Bytes that a chunk unpacks to; the last one may have fewer.
    pub(super) chunk: u64,
    /// Bytes of the file.
    pub(super) size: u64,
}

impl Packed {
    /// From a reparse point, for a file of `size` bytes whose stream is `stream`.
    ///
    /// # Errors
    /// When the reparse point is not understood, or the stream is one that a packed file cannot have.
    pub(super) fn new(volume: &Volume, point: &Stream, stream: &Stream, size: u64) -> Result<Self, Error> {
        const WHAT: &str = "reparse point of a file compressed by WOF";
        let mut bytes = [0u8; POINT];
        point.table(volume, 0, &mut bytes, WHAT)?;
        let f = Fields::new(&bytes, point.at);
        let unsupported = |what: String| Err(Error::unsupported(At::Offset(point.at), what));
        // The filter and its version, who provides the data, that one's version, and the method.
        let (version, provider, own, method) = (f.u32(8, WHAT)?, f.u32(12, WHAT)?, f.u32(16, WHAT)?, f.u32(20, WHAT)?);
        if (version, provider) == (1, 1) {
            return unsupported("the file is one of WIMBoot: its data is in a WIM file".into());
        }
        let (method, chunk) = match (version, provider, own, method) {
            (1, 2, 1, 0) => (Method::Xpress, 4096),
            (1, 2, 1, 1) => (Method::Lzx, wide(lzx::CHUNK)),
            (1, 2, 1, 2) => (Method::Xpress, 8192),
            (1, 2, 1, 3) => (Method::Xpress, 16384),
            _ => {
                return unsupported(format!(
                    "the file is compressed by WOF in a form that is not known \
                     (version {version}, provider {provider}, version {own}, method {method})"
                ));
            }
        };
        let whole = match &stream.body {
            Body::Resident(_) => true,
            Body::Runs { map, initialized, unit } => !map.holes && unit.is_none() && *initialized >= stream.size,
        };
        if !whole {
            let expected = "all of the packed data, as it is";
            return Err(Error::damaged(
                At::Offset(stream.at),
                STREAM,
                expected,
                "some that was never written, or packed",
            ));
        }
        Ok(Self { method, chunk, size })
    }

    /// Unpacks the chunk with this number.
    ///
    /// # Errors
    /// When it cannot be read, or is not what packed data must be.
    pub(super) fn unpack(&self, volume: &Volume, stream: &Stream, number: u64) -> io::Result<Vec<u8>> {
        let last = self.size.div_ceil(self.chunk).saturating_sub(1);
        // Where each chunk but the last one ends, from the end of the table on.
        let width = if self.size > u64::from(u32::MAX) { 8u64 } else { 4 };
        let table = last.saturating_mul(width);
        let start = match number.checked_sub(1) {
            None => 0,
            Some(before) => entry(volume, stream, before, width)?,
        };
        let held = stream.size.saturating_sub(table);
        let end = if number >= last { held } else { entry(volume, stream, number, width)? };
        let size = self.size.saturating_sub(number.saturating_mul(self.chunk)).min(self.chunk);
        let at = stream.place(volume, table.saturating_add(start));
        let damaged = |expected: String, found: String| Error::damaged(At::Offset(at), "chunk of WOF", expected, found);
        let len = end.checked_sub(start).filter(|len| (1..=size).contains(len) && end <= held && stream.size > table);
        let Some(len) = len else {
            let found = format!("one from {start} to {end}, of {held}");
            return Err(damaged(format!("1 to {size} bytes of {STREAM}"), found).into());
        };
        let mut packed = vec![0u8; narrow(len)];
        stream.read(volume, table.saturating_add(start), &mut packed, Through::Nothing)?;
        if len == size {
            return Ok(packed); // would not have become less
        }
        let unpacked = match self.method {
            Method::Xpress => xpress::unpack(&packed, narrow(size)),
            Method::Lzx => lzx::unpack(&packed, narrow(size)),
        };
        let method = match self.method {
            Method::Xpress => "data in XPRESS",
            Method::Lzx => "data in LZX",
        };
        Ok(unpacked.map_err(|fault| damaged(method.to_owned(), fault.to_owned()))?)
    }
}

/// An entry of the table.
fn entry(volume: &Volume, stream: &Stream, number: u64, width: u64) -> Result<u64, Error> {
    let mut bytes = [0u8; 8];
    let wanted = bytes.get_mut(..narrow(width)).unwrap_or_default();
    stream.table(volume, number.saturating_mul(width), wanted, "table of chunks of WOF")?;
    Ok(u64::from_le_bytes(bytes))
}
