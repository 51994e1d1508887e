//! The header, its feature bits, and the header extensions. QEMU, "Qcow2 Image File Format", sections "Header" to
//! "Feature name table".

use std::sync::Arc;

use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::unpack::Method;
use crate::limits::Limits;
use crate::read_at::ReadAt;

pub(super) const MAGIC: &[u8; 4] = b"QFI\xfb";

const V2_LEN: usize = 72;
const V3_LEN: usize = 104;

const DIRTY: u64 = 1;
const CORRUPT: u64 = 1 << 1;
const DATA_FILE: u64 = 1 << 2;
const COMPRESSION: u64 = 1 << 3;
const EXTENDED_L2: u64 = 1 << 4;
const KNOWN: u64 = DIRTY | CORRUPT | DATA_FILE | COMPRESSION | EXTENDED_L2;

/// The automatically cleared bit that says that the data file is the disk.
const RAW_DATA_FILE: u64 = 1 << 1;

/// The longest backing file name that the format allows.
const NAME: u32 = 1023;

/// What the header and its extensions say, checked.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) version: u32,
    pub(super) cluster_bits: u32,
    /// Bytes of the disk.
    pub(super) size: u64,
    pub(super) l1_offset: u64,
    pub(super) snapshots: u32,
    pub(super) dirty: bool,
    pub(super) extended_l2: bool,
    pub(super) compression: Method,
    pub(super) backing: Option<Backing>,
    /// The name of the external data file.
    pub(super) data_file: Option<String>,
}

/// The backing file, as the image calls it.
#[derive(Debug)]
pub(super) struct Backing {
    pub(super) name: String,
    pub(super) format: Option<String>,
}

impl Header {
    /// Bytes of a cluster.
    pub(super) fn cluster(&self) -> u64 {
        1u64.checked_shl(self.cluster_bits).unwrap_or(u64::MAX)
    }

    /// Bytes of an entry of an L2 table.
    pub(super) fn l2_entry(&self) -> u64 {
        if self.extended_l2 { 16 } else { 8 }
    }

    /// Reads the header of `file`, which starts with [`MAGIC`].
    pub(super) fn read(file: &Arc<dyn ReadAt>, limits: &Limits) -> Result<Self, Error> {
        const WHAT: &str = "QCOW2 header";
        let mut bytes = [0u8; V3_LEN + 8];
        let n = file.read_at(0, &mut bytes).map_err(|e| Error::io(At::Offset(0), WHAT, &e))?;
        let f = Fields::new(bytes.get(..n).unwrap_or_default(), 0);
        let version = f.be32(4, "version")?;
        match version {
            2 | 3 => {}
            1 => return Err(Error::unsupported(At::Offset(4), "QCOW version 1; versions 2 and 3 are read")),
            _ => return Err(Error::unsupported(At::Offset(4), format!("QCOW version {version}; 2 and 3 are read"))),
        }
        f.bytes(0, if version == 2 { V2_LEN } else { V3_LEN }, WHAT)?;
        let cluster_bits = f.be32(20, "cluster bits")?;
        if !(9..=21).contains(&cluster_bits) {
            return Err(Error::damaged(At::Offset(20), "cluster bits", "9 to 21", cluster_bits.to_string()));
        }
        encryption(f.be32(32, "encryption method")?)?;
        let mut header = Header {
            version,
            cluster_bits,
            size: f.be64(24, "disk size")?,
            l1_offset: f.be64(40, "L1 table offset")?,
            snapshots: f.be32(60, "snapshots")?,
            dirty: false,
            extended_l2: false,
            compression: Method::Deflate,
            backing: None,
            data_file: None,
        };
        let (mut incompatible, mut autoclear, mut len) = (0, 0, u64::try_from(V2_LEN).unwrap_or_default());
        if version == 3 {
            incompatible = f.be64(72, "incompatible features")?;
            autoclear = f.be64(88, "autoclear features")?;
            len = u64::from(f.be32(100, "header length")?);
            if len < u64::try_from(V3_LEN).unwrap_or_default() || len % 8 != 0 || len > header.cluster() {
                let expected = "a multiple of 8 from 104 to the size of a cluster";
                return Err(Error::damaged(At::Offset(100), "header length", expected, len.to_string()));
            }
            let kind = if len > 104 { f.u8(104, "compression type")? } else { 0 };
            header.compression = compression(kind, incompatible & COMPRESSION != 0, limits)?;
        }
        let (name_at, name_len) = (f.be64(8, "backing file name offset")?, f.be32(16, "backing file name length")?);
        let extensions = Extensions::read(file, len, if name_at == 0 { header.cluster() } else { name_at }, &header)?;
        refuse_features(incompatible, &extensions.features)?;
        header.dirty = incompatible & DIRTY != 0;
        header.extended_l2 = incompatible & EXTENDED_L2 != 0;
        if header.extended_l2 && cluster_bits < 14 {
            let expected = "at least 14 in an image with extended L2 entries";
            return Err(Error::damaged(At::Offset(20), "cluster bits", expected, cluster_bits.to_string()));
        }
        if name_at != 0 {
            let name = backing_name(file, name_at, name_len, header.cluster())?;
            header.backing = Some(Backing { name, format: extensions.backing_format });
        }
        if incompatible & DATA_FILE != 0 {
            let what = "the image keeps its data in another file, whose name it does not give";
            header.data_file = Some(extensions.data_file.ok_or_else(|| Error::unsupported(At::Offset(72), what))?);
            if autoclear & RAW_DATA_FILE != 0 && header.backing.is_some() {
                let (expected, found) = ("no backing file where the data file is the disk", "one");
                return Err(Error::damaged(At::Offset(88), "autoclear features", expected, found));
            }
        }
        header.l1(file.len(), f.be32(36, "L1 table size")?)?;
        Ok(header)
    }

    /// Checks that there is an L1 table for the whole disk within a file of `len` bytes.
    fn l1(&self, len: u64, entries: u32) -> Result<(), Error> {
        let covered = self.cluster().saturating_mul(self.cluster() / self.l2_entry());
        let needed = self.size.div_ceil(covered.max(1));
        if needed > u64::from(entries) {
            let expected = format!("at least {needed} for a disk of {} bytes", self.size);
            return Err(Error::damaged(At::Offset(36), "entries of the L1 table", expected, entries.to_string()));
        }
        let end = self.l1_offset.checked_add(needed.saturating_mul(8));
        if needed > 0
            && (self.l1_offset == 0
                || !self.l1_offset.is_multiple_of(self.cluster())
                || end.is_none_or(|end| end > len))
        {
            let expected = format!("the start of a cluster, {needed} entries before the end of the file at 0x{len:x}");
            return Err(Error::damaged(At::Offset(40), "L1 table offset", expected, format!("0x{:x}", self.l1_offset)));
        }
        Ok(())
    }
}

fn encryption(method: u32) -> Result<(), Error> {
    let what = match method {
        0 => return Ok(()),
        1 => "the image is encrypted (AES)".to_owned(),
        2 => "the image is encrypted (LUKS)".to_owned(),
        _ => format!("the image is encrypted (unknown method {method})"),
    };
    Err(Error::unsupported(At::Offset(32), format!("{what}: decrypt it first, with qemu-img convert")))
}

fn compression(kind: u8, bit: bool, limits: &Limits) -> Result<Method, Error> {
    if (kind != 0) != bit {
        let (expected, found) =
            ("a feature bit that agrees with the compression type", format!("{bit} and type {kind}"));
        return Err(Error::damaged(At::Offset(104), "compression type", expected, found));
    }
    match kind {
        0 => Ok(Method::Deflate),
        1 => Ok(Method::Zstd { window: limits.zstd_window }),
        _ => Err(Error::unsupported(
            At::Offset(104),
            format!("compression type {kind}; deflate (0) and Zstandard (1) are read"),
        )),
    }
}

/// Any incompatible bit that is not known forbids to go on; so does "corrupt", for which the format promises nothing any more.
fn refuse_features(bits: u64, names: &[(u8, String)]) -> Result<(), Error> {
    let at = At::Offset(72);
    let unknown = bits & !KNOWN;
    if unknown != 0 {
        let bit = unknown.trailing_zeros();
        let name = names.iter().find(|(number, _)| u32::from(*number) == bit);
        let name = name.map(|(_, name)| format!(" ({name})")).unwrap_or_default();
        return Err(Error::unsupported(at, format!("incompatible feature bit {bit}{name} is not known")));
    }
    if bits & CORRUPT != 0 {
        let found = "the mark that it is corrupt, so that any table may be wrong; qemu-img check -r all mends a copy";
        return Err(Error::damaged(at, "QCOW2 image", "one that QEMU holds to be sound", found));
    }
    Ok(())
}

fn backing_name(file: &Arc<dyn ReadAt>, at: u64, len: u32, cluster: u64) -> Result<String, Error> {
    const WHAT: &str = "backing file name";
    if !(1..=NAME).contains(&len) || at.checked_add(u64::from(len)).is_none_or(|end| end > cluster) {
        let expected = format!("1 to {NAME} bytes in the first cluster");
        return Err(Error::damaged(At::Offset(8), WHAT, expected, format!("{len} at 0x{at:x}")));
    }
    read_text(file, at, len, WHAT)
}

/// `len` bytes of text; `len` is checked by the caller.
fn read_text(file: &Arc<dyn ReadAt>, at: u64, len: u32, what: &'static str) -> Result<String, Error> {
    let mut bytes = vec![0u8; usize::try_from(len.min(NAME)).unwrap_or_default()];
    file.read_exact_at(at, &mut bytes).map_err(|e| Error::io(At::Offset(at), what, &e))?;
    if bytes.contains(&0) {
        return Err(Error::damaged(At::Offset(at), what, "text", "a zero byte"));
    }
    String::from_utf8(bytes).map_err(|e| Error::damaged(At::Offset(at), what, "UTF-8", e.to_string()))
}

/// What of the header extensions matters for reading.
#[derive(Default)]
struct Extensions {
    backing_format: Option<String>,
    data_file: Option<String>,
    /// Names of incompatible features, by their bit.
    features: Vec<(u8, String)>,
}

impl Extensions {
    const END: u32 = 0;
    const BACKING_FORMAT: u32 = 0xe279_2aca;
    const DATA_FILE: u32 = 0x4441_5441;
    const FEATURE_NAMES: u32 = 0x6803_f857;

    /// Those that stand between the header and `end`, or their end mark before it.
    fn read(file: &Arc<dyn ReadAt>, start: u64, end: u64, header: &Header) -> Result<Self, Error> {
        const WHAT: &str = "header extension";
        let mut found = Self::default();
        let (mut at, end) = (start, end.min(header.cluster()));
        while at.saturating_add(8) <= end {
            let mut bytes = [0u8; 8];
            file.read_exact_at(at, &mut bytes).map_err(|e| Error::io(At::Offset(at), WHAT, &e))?;
            let f = Fields::new(&bytes, at);
            let (kind, len) = (f.be32(0, WHAT)?, f.be32(4, WHAT)?);
            if kind == Self::END {
                break;
            }
            let data = at.saturating_add(8);
            if data.saturating_add(u64::from(len)) > end {
                let expected = format!("no more than {} bytes", end.saturating_sub(data));
                return Err(Error::damaged(At::Offset(at), WHAT, expected, len.to_string()));
            }
            match kind {
                Self::BACKING_FORMAT => once(&mut found.backing_format, file, data, len, "backing file format")?,
                Self::DATA_FILE => once(&mut found.data_file, file, data, len, "data file name")?,
                Self::FEATURE_NAMES => found.features = features(file, data, len)?,
                _ => {}
            }
            at = data.saturating_add(u64::from(len).next_multiple_of(8));
        }
        Ok(found)
    }
}

/// Takes a text that must be there once at most.
fn once(slot: &mut Option<String>, file: &Arc<dyn ReadAt>, at: u64, len: u32, what: &'static str) -> Result<(), Error> {
    if slot.is_some() || !(1..=NAME).contains(&len) {
        let found = if slot.is_some() { "a second one".to_owned() } else { format!("{len} bytes") };
        return Err(Error::damaged(At::Offset(at), what, format!("one, of 1 to {NAME} bytes"), found));
    }
    *slot = Some(read_text(file, at, len, what)?);
    Ok(())
}

/// The names of incompatible features: entries of 48 bytes with the type (0 is incompatible), the bit and the name.
fn features(file: &Arc<dyn ReadAt>, at: u64, len: u32) -> Result<Vec<(u8, String)>, Error> {
    const WHAT: &str = "feature name table";
    let mut names = Vec::new();
    // There are 64 bits of each of three types.
    for index in 0..u64::from(len / 48).min(192) {
        let mut entry = [0u8; 48];
        let place = at.saturating_add(index.saturating_mul(48));
        file.read_exact_at(place, &mut entry).map_err(|e| Error::io(At::Offset(place), WHAT, &e))?;
        let [kind, bit, name @ ..] = &entry;
        if *kind == 0 {
            let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
            names.push((*bit, format!("\"{}\"", name.escape_ascii())));
        }
    }
    Ok(names)
}
