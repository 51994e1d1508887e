//! Telling files apart by their first bytes, never by their names.

use crate::image::looks_like_disk;
use crate::registry::hive::{BaseBlock, SIGNATURE, is_log};
use crate::registry::policy_file;
use crate::registry::reg_file::{Sniffed, sniff as sniff_text};

use super::Kind;
use super::archive::{self, Archive};

/// How many bytes from the start of a file are enough.
pub(super) const LEN: usize = 4096 + 8;

/// What the start of a file shows.
#[derive(Debug)]
pub(super) enum Content {
    /// Something to audit, or to report as broken.
    Registry(Kind),
    /// A hive's transaction log: belongs to a hive, says nothing alone.
    Log,
    /// Not quite a `.reg` file, and why Windows would not import it.
    NearlyReg(&'static str),
    /// A disk image, or a disk.
    Image,
    /// An archive.
    Archive(Archive),
    /// Nothing at all.
    Empty,
    /// Anything else.
    Other,
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
    if looks_like_disk(start) {
        return Content::Image;
    }
    if let Some(kind) = archive::sniff(start) {
        return Content::Archive(kind);
    }
    if let Some(form) = policy_file::sniff(start) {
        return Content::Registry(Kind::PolicyFile(form));
    }
    match sniff_text(start) {
        Some(Sniffed::RegFile(_)) => Content::Registry(Kind::RegFile),
        Some(Sniffed::LooksLikeReg { reason }) => Content::NearlyReg(reason),
        None => Content::Other,
    }
}
