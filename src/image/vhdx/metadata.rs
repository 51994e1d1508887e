//! The metadata region: how large the disk and its blocks are, and where its parent is.
//!
//! Layout: [MS-VHDX] "Virtual Hard Disk v2 (VHDX) File Format", section 2.6 "Metadata Region".

use super::header::Part;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::mapped::{Guid, structure, utf16};
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

const TABLE: u32 = 64 << 10;
const ITEM_LIMIT: u32 = 1 << 20;
const FILE_PARAMETERS: Guid = Guid(0xcaa1_6737_fa36_4d43_b3b6_33f0_aa44_e76b);
const DISK_SIZE: Guid = Guid(0x2fa5_4224_cd1b_4876_b211_5dbe_d83b_f4b8);
const DISK_ID: Guid = Guid(0xbeca_12ab_b2e6_4523_93ef_c309_e000_c746);
const LOGICAL_SECTOR: Guid = Guid(0x8141_bf1d_a96f_4709_ba47_f233_a8fa_ab5f);
const PHYSICAL_SECTOR: Guid = Guid(0xcda3_48c7_445d_4471_9cc9_e988_5251_c556);
const PARENT_LOCATOR: Guid = Guid(0xa8d3_5f2d_b30b_454d_abf7_d3d8_4834_ab0c);
const VHDX_LOCATOR: Guid = Guid(0xb04a_efb7_d19e_4a81_b789_25b8_e944_5913);

/// What the metadata says.
pub(super) struct Metadata {
    pub(super) block: u32,
    /// All blocks stay allocated: the disk is called fixed.
    pub(super) fixed: bool,
    pub(super) size: u64,
    pub(super) sector: u32,
    pub(super) parent: Option<Locator>,
}

/// Where the parent is, and which one it must be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Locator {
    /// What the parent's data write GUID may be.
    pub(super) linkage: Vec<Guid>,
    relative: Option<String>,
    volume: Option<String>,
    absolute: Option<String>,
}

impl Locator {
    /// The parent's names, in the order in which they are to be tried.
    pub(super) fn names(&self) -> Vec<&str> {
        [&self.relative, &self.volume, &self.absolute].into_iter().filter_map(Option::as_deref).collect()
    }
}

/// The items that are known: where they stand in the file.
#[derive(Default)]
struct Items {
    parameters: Option<Part>,
    size: Option<Part>,
    id: Option<Part>,
    logical: Option<Part>,
    physical: Option<Part>,
    locator: Option<Part>,
}

impl Metadata {
    pub(super) fn read(file: &dyn ReadAt, region: Part) -> Result<Self, Error> {
        let items = Items::read(file, region)?;
        let (at, bytes) = item::<8>(file, items.parameters, region, "file parameters")?;
        let f = Fields::new(&bytes, at);
        let (block, flags) = (f.u32(0, "block size")?, f.u32(4, "file parameters")?);
        if !block.is_power_of_two() || !(1 << 20..=256 << 20).contains(&block) {
            let expected = "a power of two from 1 MiB to 256 MiB";
            return Err(Error::damaged(At::Offset(at), "block size", expected, block.to_string()));
        }
        if flags & !3 != 0 {
            return Err(Error::unsupported(At::Offset(at), format!("VHDX with unknown file parameters {flags:#x}")));
        }
        let (logical_at, bytes) = item::<4>(file, items.logical, region, "logical sector size")?;
        let sector = sector(logical_at, u32::from_le_bytes(bytes), "logical sector size")?;
        if let Some(found) = items.physical {
            let (at, bytes) = item::<4>(file, Some(found), region, "physical sector size")?;
            self::sector(at, u32::from_le_bytes(bytes), "physical sector size")?;
        }
        let (size_at, bytes) = item::<8>(file, items.size, region, "virtual disk size")?;
        let size = u64::from_le_bytes(bytes);
        if size == 0 || size % u64::from(sector) != 0 || size > 64 << 40 {
            let expected = format!("a multiple of {sector}, 64 TiB at most");
            return Err(Error::damaged(At::Offset(size_at), "virtual disk size", expected, size.to_string()));
        }
        let parent = if flags & 2 == 0 { None } else { Some(locator(file, items.locator, region)?) };
        Ok(Self { block, fixed: flags & 1 != 0, size, sector, parent })
    }
}

impl Items {
    fn read(file: &dyn ReadAt, region: Part) -> Result<Self, Error> {
        let bytes = structure(file, region.at, usize::try_from(TABLE).unwrap_or_default(), "metadata table")?;
        let f = Fields::new(&bytes, region.at);
        let signature = f.bytes(0, 8, "metadata table")?;
        if signature != b"metadata" {
            let found = format!("\"{}\"", signature.escape_ascii());
            return Err(Error::damaged(At::Offset(region.at), "metadata table", "signature \"metadata\"", found));
        }
        let count = f.u16(10, "number of metadata items")?;
        if count > 2047 {
            let at = At::Offset(region.at.saturating_add(10));
            return Err(Error::damaged(at, "number of metadata items", "2047 at most", count.to_string()));
        }
        let mut items = Self::default();
        for position in (32usize..).step_by(32).take(count.into()) {
            let guid = Guid::from_stored(f.bytes(position, 16, "metadata item")?);
            let at = At::Offset(region.at.saturating_add(u64::try_from(position).unwrap_or_default()));
            let flags = f.u32(position.saturating_add(24), "metadata item flags")?;
            let (user, required) = (flags & 1 != 0, flags & 4 != 0);
            let slot = match guid {
                FILE_PARAMETERS if !user => &mut items.parameters,
                DISK_SIZE if !user => &mut items.size,
                DISK_ID if !user => &mut items.id,
                LOGICAL_SECTOR if !user => &mut items.logical,
                PHYSICAL_SECTOR if !user => &mut items.physical,
                PARENT_LOCATOR if !user => &mut items.locator,
                _ if !required => continue,
                _ => {
                    return Err(Error::unsupported(at, format!("VHDX with the unknown required metadata item {guid}")));
                }
            };
            let offset = f.u32(position.saturating_add(16), "metadata item offset")?;
            let len = f.u32(position.saturating_add(20), "metadata item length")?;
            let end = u64::from(offset).saturating_add(len.into());
            if offset < TABLE || len > ITEM_LIMIT || end > region.len {
                let found = format!("{len} bytes at {offset:#x}");
                return Err(Error::damaged(at, "metadata item", "one past the table, in the region", found));
            }
            let part = Part { at: region.at.saturating_add(offset.into()), len: len.into() };
            if slot.replace(part).is_some() {
                return Err(Error::damaged(at, "metadata item", "each but once", format!("{guid} again")));
            }
        }
        Ok(items)
    }
}

/// An item that must be there: where it stands, and its first `N` bytes.
fn item<const N: usize>(
    file: &dyn ReadAt,
    part: Option<Part>,
    region: Part,
    what: &'static str,
) -> Result<(u64, [u8; N]), Error> {
    let need = || format!("an item of {N} bytes");
    let Some(part) = part else {
        return Err(Error::damaged(At::Offset(region.at), what, need(), "none"));
    };
    let bytes = structure(file, part.at, N, what)?;
    match bytes.first_chunk::<N>() {
        Some(bytes) if part.len >= wide(N) => Ok((part.at, *bytes)),
        _ => Err(Error::damaged(At::Offset(part.at), what, need(), part.len.to_string())),
    }
}

fn sector(at: u64, size: u32, what: &'static str) -> Result<u32, Error> {
    match size {
        512 | 4096 => Ok(size),
        _ => Err(Error::damaged(At::Offset(at), what, "512 or 4096", size.to_string())),
    }
}

/// Section 2.6.2.6 "Parent Locator".
fn locator(file: &dyn ReadAt, part: Option<Part>, region: Part) -> Result<Locator, Error> {
    const WHAT: &str = "parent locator";
    let Some(part) = part else {
        return Err(Error::damaged(At::Offset(region.at), WHAT, "one, as the disk has a parent", "none"));
    };
    // At most 1 MiB, by the check of the table.
    let bytes = structure(file, part.at, usize::try_from(part.len).unwrap_or_default(), WHAT)?;
    let f = Fields::new(&bytes, part.at);
    let kind = Guid::from_stored(f.bytes(0, 16, WHAT)?);
    if kind != VHDX_LOCATOR {
        let what = format!("VHDX whose parent is of the unknown type {kind}; parents that are VHDX files are read");
        return Err(Error::unsupported(At::Offset(part.at), what));
    }
    let mut found = Locator::default();
    let mut linkage = [None, None];
    for position in (20usize..).step_by(12).take(f.u16(18, WHAT)?.into()) {
        let text = |offset: usize, len: usize| -> Result<String, Error> {
            let offset = f.u32(position.saturating_add(offset), WHAT)?;
            let len = f.u16(position.saturating_add(len), WHAT)?;
            let bytes = f.bytes(narrow(offset), len.into(), WHAT)?;
            Ok(utf16(bytes, u16::from_le_bytes))
        };
        let key = text(0, 8)?;
        let [first, second] = &mut linkage;
        let slot = match key.as_str() {
            "parent_linkage" => first,
            "parent_linkage2" => second,
            "relative_path" => &mut found.relative,
            "volume_path" => &mut found.volume,
            "absolute_win32_path" => &mut found.absolute,
            _ => continue,
        };
        if slot.replace(text(4, 10)?).is_some() {
            return Err(Error::damaged(At::Offset(part.at), WHAT, "each key but once", format!("{key} again")));
        }
    }
    for text in linkage.into_iter().flatten() {
        let guid = Guid::parse(&text);
        found
            .linkage
            .push(guid.ok_or_else(|| Error::damaged(At::Offset(part.at), WHAT, "a GUID", format!("\"{text}\"")))?);
    }
    if found.linkage.is_empty() || found.names().is_empty() {
        return Err(Error::damaged(At::Offset(part.at), WHAT, "the parent's GUID and a path", "one without"));
    }
    Ok(found)
}
