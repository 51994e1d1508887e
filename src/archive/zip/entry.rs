//! Entries of the directory, and the headers in front of the data.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::end::Directory;
use super::{WHAT, names};
use crate::archive::failed;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::wide;
use crate::read_at::{Cached, ReadAt};

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATE: u16 = 8;
pub(super) const ZSTD: u16 = 93;

/// Bytes of an entry, and of a local header, without what varies (4.3.12, 4.3.7).
const LEN: usize = 46;
const LOCAL: usize = 30;

/// Flags (4.4.4).
const ENCRYPTED: u16 = 1;
const DESCRIPTOR: u16 = 1 << 3;
const PATCH: u16 = 1 << 5;
const STRONG: u16 = 1 << 6;
const UTF8: u16 = 1 << 11;
const MASKED: u16 = 1 << 13;

/// An entry of the directory.
pub(super) struct Central {
    pub(super) name: String,
    /// Whether something in the name was no UTF-8.
    pub(super) name_replaced: bool,
    raw_name: Vec<u8>,
    flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    header: u64,
    disk: u32,
    /// The type of a file of Unix, where the entry has one.
    unix_type: u32,
    pub(super) modified: Option<SystemTime>,
}

/// The entries of a directory, one after the other.
pub(super) struct Entries {
    file: Cached<Arc<dyn ReadAt>>,
    pos: u64,
    end: u64,
    left: u64,
}

impl Entries {
    pub(super) fn new(file: &Arc<dyn ReadAt>, directory: &Directory) -> Self {
        let file = Cached::new(Arc::clone(file), 64 << 10, 2);
        Self { file, pos: directory.start, end: directory.end, left: directory.entries }
    }

    pub(super) fn next(&mut self) -> Result<Option<Central>, Error> {
        let at = self.pos;
        if self.left == 0 {
            if at == self.end {
                return Ok(None);
            }
            let found = format!("{} bytes more", self.end.saturating_sub(at));
            return Err(Error::damaged(At::Offset(at), "zip directory", "its end", found));
        }
        let mut fixed = [0u8; LEN];
        self.read(at, &mut fixed)?;
        if !fixed.starts_with(b"PK\x01\x02") {
            let found = fixed.get(..4).unwrap_or_default().escape_ascii().to_string();
            return Err(Error::damaged(At::Offset(at), "zip directory", "an entry", format!("\"{found}\"")));
        }
        let f = Fields::new(&fixed, at);
        let (name, extra) = (usize::from(f.u16(28, WHAT)?), usize::from(f.u16(30, WHAT)?));
        let mut rest = vec![0u8; name.saturating_add(extra)];
        self.read(at.saturating_add(wide(LEN)), &mut rest)?;
        let len = LEN.saturating_add(rest.len()).saturating_add(usize::from(f.u16(32, WHAT)?));
        self.pos = at.saturating_add(wide(len));
        self.left = self.left.saturating_sub(1);
        if self.pos > self.end {
            return Err(Error::damaged(
                At::Offset(at),
                "zip directory",
                "an entry that ends in it",
                "one that does not",
            ));
        }
        let (name, extra) = rest.split_at_checked(name).unwrap_or_default();
        Central::parse(&f, name, extra, at.saturating_add(wide(LEN)).saturating_add(wide(name.len()))).map(Some)
    }

    fn read(&self, at: u64, buf: &mut [u8]) -> Result<(), Error> {
        let n = self.file.fill_at(at, buf).map_err(|e| failed(At::Offset(at), WHAT, &e))?.len();
        if n < buf.len() || at.saturating_add(wide(n)) > self.end {
            let found = "its end, or that of the file";
            return Err(Error::damaged(At::Offset(at), "zip directory", "an entry", found));
        }
        Ok(())
    }
}

impl Central {
    fn parse(f: &Fields<'_>, raw_name: &[u8], extra: &[u8], extra_at: u64) -> Result<Self, Error> {
        let flags = f.u16(8, WHAT)?;
        let unicode = field(extra, 0x7075).and_then(|field| unicode(field, raw_name));
        let (name, name_replaced) = match unicode {
            Some(name) => (name, false),
            None if flags & UTF8 != 0 => {
                let name = String::from_utf8_lossy(raw_name);
                (name.clone().into_owned(), matches!(name, std::borrow::Cow::Owned(_)))
            }
            None => (names::cp437(raw_name), false),
        };
        let (mut compressed, mut size) = (u64::from(f.u32(20, WHAT)?), u64::from(f.u32(24, WHAT)?));
        let (mut header, mut disk) = (u64::from(f.u32(42, WHAT)?), u32::from(f.u16(34, WHAT)?));
        // Each stands in the extra field where there is no room for it (4.5.3).
        if let Some(zip64) = field(extra, 1) {
            let (z, mut pos) = (Fields::new(zip64, extra_at), 0usize);
            for value in [&mut size, &mut compressed, &mut header] {
                if *value == 0xffff_ffff {
                    *value = z.u64(pos, "zip64 extra field")?;
                    pos = pos.saturating_add(8);
                }
            }
            if disk == 0xffff {
                disk = z.u32(pos, "zip64 extra field")?;
            }
        }
        // Made on Unix or macOS (4.4.2.2): the upper half of the attributes is the mode.
        let unix = matches!(f.u8(5, WHAT)?, 3 | 19);
        let unix_type = if unix { (f.u32(38, WHAT)? >> 16) & 0xf000 } else { 0 };
        let modified = time(extra).or_else(|| dos_time(f.u16(14, WHAT).ok()?, f.u16(12, WHAT).ok()?));
        let (method, crc) = (f.u16(10, WHAT)?, f.u32(16, WHAT)?);
        let raw_name = raw_name.to_vec();
        Ok(Self {
            name,
            name_replaced,
            raw_name,
            flags,
            method,
            crc,
            compressed,
            size,
            header,
            disk,
            unix_type,
            modified,
        })
    }

    /// Whether it is a file. What calls itself a folder, link or device and has the data of a file is one: some zips of what
    /// came through a pipe are like that, and so is what somebody hides.
    pub(super) fn is_regular(&self) -> bool {
        const LINK: u32 = 0xa000;
        /// Bytes of the longest path that a link of Unix holds.
        const TARGET: u64 = 4096;
        match self.unix_type {
            LINK => self.size > TARGET,
            0 | 0x8000 => self.size > 0 || !self.name.ends_with(['/', '\\']),
            _ => self.size > 0,
        }
    }

    /// Where its data starts, by the header in front of it, which must agree with the entry.
    pub(super) fn data(&self, file: &dyn ReadAt, directory: &Directory) -> Result<u64, Error> {
        let at = self.header;
        if self.flags & (ENCRYPTED | STRONG | MASKED) != 0 || self.method == 99 {
            let how = match (self.flags & STRONG, self.method) {
                _ if self.flags & MASKED != 0 => "its name too",
                (0, 99) => "AES",
                (0, _) => "ZipCrypto",
                _ => "PKWARE strong encryption",
            };
            return Err(Error::unsupported(At::Offset(at), format!("encrypted ({how}): not read; decrypt it first")));
        }
        if self.flags & PATCH != 0 {
            return Err(Error::unsupported(At::Offset(at), "a patch to another file: not read"));
        }
        if self.disk != 0 {
            return Err(Error::unsupported(At::Offset(at), "in another file of a zip in several: not read"));
        }
        let mut fixed = [0u8; LOCAL];
        let read = file.fill_at(at, &mut fixed).map_err(|e| failed(At::Offset(at), WHAT, &e))?;
        let differs = |expected: String, found: String| {
            Error::damaged(At::Offset(at), "zip local header", format!("{expected}, as in the directory"), found)
        };
        if read.len() < LOCAL || !read.starts_with(b"PK\x03\x04") {
            let found = read.get(..4).unwrap_or(read).escape_ascii().to_string();
            return Err(differs("a local header".to_owned(), format!("\"{found}\"")));
        }
        let f = Fields::new(&fixed, at);
        let (name, extra) = (usize::from(f.u16(26, WHAT)?), usize::from(f.u16(28, WHAT)?));
        let mut rest = vec![0u8; name.saturating_add(extra)];
        let rest_at = at.saturating_add(wide(LOCAL));
        let n = file.fill_at(rest_at, &mut rest).map_err(|e| failed(At::Offset(at), WHAT, &e))?.len();
        if n < rest.len() {
            return Err(differs("a whole header".to_owned(), "the end of the file".to_owned()));
        }
        let (name, extra) = rest.split_at_checked(name).unwrap_or_default();
        if name != self.raw_name {
            return Err(differs(format!("the name \"{}\"", self.name), format!("\"{}\"", names::cp437(name))));
        }
        let (flags, method) = (f.u16(6, WHAT)?, f.u16(8, WHAT)?);
        if method != self.method || (flags ^ self.flags) & (ENCRYPTED | DESCRIPTOR | STRONG) != 0 {
            let expected = format!("method {}, flags {:04x}", self.method, self.flags);
            return Err(differs(expected, format!("{method}, {flags:04x}")));
        }
        let (crc, mut compressed, mut size) =
            (f.u32(14, WHAT)?, u64::from(f.u32(18, WHAT)?), u64::from(f.u32(22, WHAT)?));
        if let Some(zip64) = field(extra, 1).filter(|_| compressed == 0xffff_ffff || size == 0xffff_ffff) {
            let (z, mut pos) = (Fields::new(zip64, rest_at), 0usize);
            for value in [&mut size, &mut compressed] {
                if *value == 0xffff_ffff {
                    *value = z.u64(pos, "zip64 extra field")?;
                    pos = pos.saturating_add(8);
                }
            }
        }
        // What was not known yet when the header was written stands after the data, and is 0 here (4.3.9); some writers of zip64
        // put all ones there.
        let unknown = flags & DESCRIPTOR != 0;
        let same = |here: u64, there: u64| here == there || (unknown && (here == 0 || here == u64::MAX));
        if !same(u64::from(crc), u64::from(self.crc)) || !same(compressed, self.compressed) || !same(size, self.size) {
            let expected = format!("{} bytes, {} of data, CRC-32 {:08x}", self.compressed, self.size, self.crc);
            return Err(differs(expected, format!("{compressed}, {size}, {crc:08x}")));
        }
        let data = rest_at.saturating_add(wide(rest.len()));
        if data.checked_add(self.compressed).is_none_or(|end| end > directory.start) {
            return Err(differs("data before the directory".to_owned(), format!("{} bytes", self.compressed)));
        }
        Ok(data)
    }
}

/// The first extra field of a kind (4.5.1).
fn field(mut extra: &[u8], kind: u16) -> Option<&[u8]> {
    loop {
        let f = Fields::new(extra, 0);
        let (id, len) = (f.u16(0, WHAT).ok()?, usize::from(f.u16(2, WHAT).ok()?));
        let body = f.bytes(4, len, WHAT).ok()?;
        if id == kind {
            return Some(body);
        }
        extra = extra.get(len.checked_add(4)?..)?;
    }
}

/// The name in an extra field of Info-ZIP, if it is for this name (4.6.9).
fn unicode(field: &[u8], raw_name: &[u8]) -> Option<String> {
    let f = Fields::new(field, 0);
    let fits = f.u8(0, WHAT).ok()? == 1 && f.u32(1, WHAT).ok()? == crc32fast::hash(raw_name);
    String::from_utf8(field.get(5..)?.to_vec()).ok().filter(|name| fits && !name.is_empty())
}

/// The time that a file was changed, in UTC: from the extra field of NTFS (4.5.5), or that of Info-ZIP ("UT").
fn time(extra: &[u8]) -> Option<SystemTime> {
    let ntfs = field(extra, 0x000a).and_then(|field| {
        let f = Fields::new(field, 0);
        let right = f.u16(4, WHAT).ok()? == 1 && f.u16(6, WHAT).ok()? >= 8;
        let ticks = f.u64(8, WHAT).ok().filter(|ticks| right && *ticks != 0)?;
        // From 1601 to 1970.
        let since = ticks.checked_sub(116_444_736_000_000_000)?;
        UNIX_EPOCH.checked_add(Duration::from_micros(since / 10))
    });
    ntfs.or_else(|| {
        let f = Fields::new(field(extra, 0x5455)?, 0);
        let seconds =
            i32::from_le_bytes(f.u32(1, WHAT).ok().filter(|_| f.u8(0, WHAT).is_ok_and(|b| b & 1 != 0))?.to_le_bytes());
        let far = Duration::from_secs(u64::from(seconds.unsigned_abs()));
        if seconds < 0 { UNIX_EPOCH.checked_sub(far) } else { UNIX_EPOCH.checked_add(far) }
    })
}

/// A date and a time of DOS (4.4.6): without a zone, and every other second.
fn dos_time(date: u16, time: u16) -> Option<SystemTime> {
    let part = |value: u16, shift: u16, mask: u16| i8::try_from((value >> shift) & mask).ok();
    let year = i16::try_from(date >> 9).ok()?.checked_add(1980)?;
    let second = part(time, 0, 31)?.checked_mul(2)?;
    let date = jiff::civil::Date::new(year, part(date, 5, 15)?, part(date, 0, 31)?).ok()?;
    let time = jiff::civil::Time::new(part(time, 11, 31)?, part(time, 5, 63)?, second, 0).ok()?;
    let zoned = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(SystemTime::from(zoned.timestamp()))
}
