//! Names of files, and how NTFS compares them.
//!
//! Layout: libyal, "New Technologies File System (NTFS)", section "The file name attribute"; Linux-NTFS, "$FILE_NAME",
//! "$UpCase", "Filename Namespace".

use std::cmp::Ordering;
use std::sync::OnceLock;

use super::mft::Mft;
use super::record::DATA;
use crate::error::{At, Error};
use crate::fields::Fields;

/// The namespace of the 8.3 names that Windows makes for a file beside its own.
pub(super) const DOS: u8 = 2;
/// The namespace of a name for which there is also one of 8.3.
pub(super) const WIN32: u8 = 1;
/// Set in the flags of a name when the file is a folder.
const FOLDER: u32 = 0x1000_0000;
/// Bytes of `$UpCase`: a unit for each of the 65,536.
const TABLE: usize = 0x2_0000;
/// The record of `$UpCase`.
const UPCASE: u64 = 10;

/// A `$FILE_NAME`: a name of a file and the folder in which it has it.
#[derive(Debug, Clone)]
pub(super) struct FileName {
    pub(super) parent: u64,
    pub(super) folder: bool,
    pub(super) namespace: u8,
    pub(super) units: Vec<u16>,
}

/// Reads a `$FILE_NAME`.
pub(super) fn file_name(bytes: &[u8], at: u64) -> Result<FileName, Error> {
    const WHAT: &str = "$FILE_NAME";
    let f = Fields::new(bytes, at);
    let (len, namespace) = (f.u8(0x40, WHAT)?, f.u8(0x41, WHAT)?);
    let name = f.bytes(0x42, usize::from(len).saturating_mul(2), WHAT)?;
    if len == 0 || namespace > 3 || bytes.len() != name.len().saturating_add(0x42) {
        let expected = "a name that fills it, in a namespace from 0 to 3";
        let found = format!("{len} characters in {namespace}, {} bytes in all", bytes.len());
        return Err(Error::damaged(At::Offset(at), WHAT, expected, found));
    }
    let units = name.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let folder = f.u32(0x38, WHAT)? & FOLDER != 0;
    Ok(FileName { parent: f.u64(0, WHAT)?, folder, namespace, units })
}

impl FileName {
    /// A number that hardly any other name or folder has, and never zero: by it a record is known to be the one that an
    /// index meant. FNV-1a.
    pub(super) fn proof(&self) -> u64 {
        let bytes = self.parent.to_le_bytes().into_iter().chain(self.units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)) | 1
    }
}

/// What is upper case of what on a volume.
pub(super) enum Table {
    /// `$UpCase` of the volume.
    Own(Box<[u16]>),
    /// That of Unicode, where the volume's own cannot be read: good to compare by, but not for the order of an index.
    Unicode,
}

impl Table {
    /// Takes the bytes of `$UpCase`.
    pub(super) fn new(bytes: &[u8], at: u64) -> Result<Self, Error> {
        let table: Box<[u16]> = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        let latin = table.iter().zip(0u16..0x80).all(|(upper, unit)| *upper == ascii(unit));
        if bytes.len() != TABLE || !latin {
            let found = format!("{} bytes that are none", bytes.len());
            let expected = "an upper case for each of 65536 characters";
            return Err(Error::damaged(At::Offset(at), "$UpCase", expected, found));
        }
        Ok(Self::Own(table))
    }

    fn unit(&self, unit: u16) -> u16 {
        match self {
            Self::Own(table) => table.get(usize::from(unit)).copied().unwrap_or(unit),
            Self::Unicode => {
                let mut upper = char::from_u32(u32::from(unit)).map(char::to_uppercase).into_iter().flatten();
                match (upper.next(), upper.next()) {
                    (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
                    _ => unit,
                }
            }
        }
    }
}

/// How names are compared on a volume. The table is not read before a name asks for more than ASCII.
#[derive(Clone, Copy)]
pub(super) struct Upcase<'a> {
    pub(super) mft: &'a Mft,
    pub(super) table: &'a OnceLock<Table>,
}

impl Upcase<'_> {
    fn unit(&self, unit: u16) -> u16 {
        if unit < 0x80 { ascii(unit) } else { self.table.get_or_init(|| self.read()).unit(unit) }
    }

    fn read(&self) -> Table {
        let read = || {
            let file = self.mft.listed(self.mft.record(UPCASE)?)?;
            let stream = self.mft.stream(&file, DATA, &[])?;
            let stream = stream.ok_or_else(|| Error::damaged(At::Offset(file.record.at), "$UpCase", "data", "none"))?;
            Table::new(&stream.whole(&self.mft.volume, TABLE, "$UpCase")?, stream.at)
        };
        read().unwrap_or_else(|error| {
            let note = format!("$UpCase cannot be read ({error}): names are compared by the upper case of Unicode");
            self.mft.volume.note(note);
            Table::Unicode
        })
    }

    /// Whether names compare as the index has them in order.
    pub(super) fn is_own(&self) -> bool {
        !matches!(self.table.get(), Some(Table::Unicode))
    }

    /// The order of names in an index: by upper case, unit by unit.
    pub(super) fn compare(&self, one: &[u16], other: &[u16]) -> Ordering {
        one.iter().map(|unit| self.unit(*unit)).cmp(other.iter().map(|unit| self.unit(*unit)))
    }
}

fn ascii(unit: u16) -> u16 {
    if (0x61..=0x7a).contains(&unit) { unit & !0x20 } else { unit }
}
