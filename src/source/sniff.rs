//! Telling files apart by their first bytes, never by their names.

use std::path::Path;

use crate::image::{ends_like_disk, is_container, looks_like_disk};
use crate::read_at::ReadAt;
use crate::registry::group_policy;
use crate::registry::hive::{BaseBlock, SIGNATURE, is_log};
use crate::registry::reg_file::{Sniffed, sniff as sniff_text};

use super::Kind;
use super::bytes::start;
use super::known::{Known, by_mark};
use super::policy_place;
use crate::archive::{self, Archive};

/// Bytes of the smallest file that is taken as a disk or a volume where its first bytes do not say so.
pub(super) const SMALLEST_DISK: u64 = 1 << 16;

/// Bytes of the largest copy of a boot sector: that of NTFS with the loader that follows it.
pub(super) const BOOT_COPY: u64 = 8192;

/// How many bytes from the start of a file are enough.
pub(super) const LEN: usize = archive::START;

/// What the start of a file shows.
#[derive(Debug)]
pub(super) enum Content {
    /// Something to audit, or to report as broken.
    Registry(Kind),
    /// A hive's transaction log: belongs to a hive, says nothing alone.
    Log,
    /// Not quite a `.reg` file, and why Windows would not import it.
    NearlyReg(&'static str),
    /// A disk image.
    Image,
    /// What may be a disk or a volume, if it is large enough for one: programs also keep copies of boot sectors (`$Boot` in
    /// triage collections, `BOOTSECT.BAK`).
    Disk,
    /// An archive.
    Archive(Archive),
    /// Nothing at all.
    Empty,
    /// Anything else.
    Other,
}

impl Content {
    /// Whether a file of an earlier day is told of as a copy that was left out.
    pub(super) fn counts_as_past(&self) -> bool {
        use Content::{Archive, Disk, Image, NearlyReg, Registry};
        matches!(self, Registry(_) | NearlyReg(_) | Image | Disk | Archive(_))
    }
}

/// What a file holds that is never to be overwritten, if it does.
pub(crate) fn evidence(file: &dyn ReadAt) -> Option<&'static str> {
    let mut buf = [0u8; LEN];
    let start = start(file, &mut buf).ok()?;
    match sniff(start) {
        _ if start.starts_with(SIGNATURE) => Some("a registry hive or its log"),
        Content::Image | Content::Disk => Some("a disk image"),
        Content::Archive(_) => Some("an archive"),
        _ if ends_like_disk(file) => Some("a disk image"),
        _ => None,
    }
}

/// Whether an audit would take the file for one to judge, or for a part of one.
pub(crate) fn is_judged(file: &dyn ReadAt) -> bool {
    let mut buf = [0u8; LEN];
    start(file, &mut buf).map_or(true, |start| match sniff(start) {
        Content::Empty => false,
        // A report is text; parts of images are not.
        Content::Other => start.contains(&0),
        _ => true,
    })
}

/// As [`sniff`]; a file of Group Policy that holds nothing, or something else, is told by its place.
pub(super) fn sniff_at(start: &[u8], path: &Path) -> Content {
    match (sniff(start), policy_place::expected(path)) {
        (Content::Empty | Content::Other, Some(form)) => Content::Registry(Kind::PolicyFile(form)),
        (content, _) => content,
    }
}

pub(super) fn sniff(start: &[u8]) -> Content {
    if start.is_empty() {
        return Content::Empty;
    }
    if start.starts_with(SIGNATURE) {
        return match BaseBlock::parse(start) {
            Ok(base) => Content::Registry(Kind::Hive(base)),
            Err(_) if is_log(start) => Content::Log,
            Err(error) => Content::Registry(Kind::BrokenHive(error)),
        };
    }
    // The base block is gone; the first bin, which says that it is the first, shows that this was a hive.
    if start.get(4096..).is_some_and(|bin| bin == b"hbin\0\0\0\0")
        && let Err(error) = BaseBlock::parse(start)
    {
        return Content::Registry(Kind::BrokenHive(error));
    }
    if is_container(start) {
        return Content::Image;
    }
    // Before the archives, which some kinds are in form.
    if let Some(Known { name, next, .. }) = by_mark(start) {
        return Content::Archive(Archive::Unread { name, next });
    }
    if let Some(kind) = archive::sniff(start) {
        return Content::Archive(kind);
    }
    if let Some(form) = group_policy::sniff(start) {
        return Content::Registry(Kind::PolicyFile(form));
    }
    match sniff_text(start) {
        Some(Sniffed::RegFile(_)) => Content::Registry(Kind::RegFile),
        Some(Sniffed::LooksLikeReg { reason }) => Content::NearlyReg(reason),
        None if looks_like_disk(start) => Content::Disk,
        None => Content::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_bytes_of_a_boot_sector_make_no_disk_of_what_is_something_else() {
        let with = |mut start: Vec<u8>| {
            start.resize(600, b' ');
            start[510..512].copy_from_slice(&[0x55, 0xaa]);
            sniff(&start)
        };
        assert!(matches!(with(b"PK\x03\x04".to_vec()), Content::Archive(Archive::Zip)));
        assert!(matches!(with(b"\x1f\x8b\x08\x00".to_vec()), Content::Archive(Archive::Gz)));
        let text = "Windows Registry Editor Version 5.00\r\n\r\n".encode_utf16().flat_map(u16::to_le_bytes);
        let reg = [0xff, 0xfe].into_iter().chain(text).collect::<Vec<u8>>();
        assert!(matches!(with(reg), Content::Registry(Kind::RegFile)));
        assert!(matches!(with(b"\xeb\x52\x90NTFS    ".to_vec()), Content::Disk));
        assert!(matches!(with(b"QFI\xfb".to_vec()), Content::Image));
        assert!(matches!(with(b"7z\xbc\xaf\x27\x1c".to_vec()), Content::Archive(Archive::Unread { .. })));
    }
}
