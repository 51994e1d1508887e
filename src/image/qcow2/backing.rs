//! The files that an image names: the one below it, and the one that has its data.

use std::sync::Arc;

use super::header::Backing;
use crate::error::{At, Error};
use crate::image::{Opened, Opener, disk};
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// The disk below an image, and what the reader of a report should know of it.
pub(super) struct Below {
    pub(super) bytes: Arc<dyn ReadAt>,
    pub(super) notes: Vec<String>,
}

/// Opens the backing file. Where its format is stated, it must be of that format, and "raw" is never looked into: what a guest
/// wrote to a raw disk could make it look like a container.
pub(super) fn open(backing: &Backing, opener: &dyn Opener, limits: &Limits) -> Result<Below, Error> {
    let opened = file(&backing.name, opener)?;
    let mut notes =
        vec![format!("backing file {}: nothing in QCOW2 proves that it is the right one", printed(&opened.name))];
    let Some(format) = backing.format.as_deref() else {
        notes.push("the format of the backing file is not stated: it was told by its content".to_owned());
        return below(&opened, limits, notes, None);
    };
    let family = match format {
        "raw" => return Ok(Below { bytes: opened.bytes, notes }),
        "qcow2" => "QCOW2",
        "vmdk" => "VMDK",
        "vdi" => "VDI",
        "vpc" => "VHD",
        "vhdx" => "VHDX",
        _ => {
            let what =
                format!("a backing file of format {}: raw, qcow2, vmdk, vdi, vpc and vhdx are read", printed(format));
            return Err(Error::unsupported(At::Whole, what));
        }
    };
    below(&opened, limits, notes, Some(family))
}

fn below(opened: &Opened, limits: &Limits, mut notes: Vec<String>, family: Option<&str>) -> Result<Below, Error> {
    let disk = disk(&opened.bytes, &*opened.opener, limits)?;
    let is = disk.format.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    if let Some(family) = family
        && family != is
    {
        let expected = format!("{family}, as the image says");
        return Err(Error::damaged(At::Whole, "format of the backing file", expected, disk.format));
    }
    let name = printed(&opened.name);
    notes.extend(disk.notes.into_iter().map(|note| format!("{name}: {note}")));
    Ok(Below { bytes: disk.bytes, notes })
}

/// Opens a file by the name that the image gives it: a plain one, for QEMU also understands addresses and JSON.
pub(super) fn file(name: &str, opener: &dyn Opener) -> Result<Opened, Error> {
    let plain = name.strip_prefix("file:").unwrap_or(name);
    let protocol = plain.split(['/', '\\']).next().and_then(|first| first.split_once(':'));
    // One letter before the colon is a drive of Windows.
    if plain.is_empty() || protocol.is_some_and(|(scheme, _)| scheme.len() != 1) {
        let what = format!("the image needs {}, which is not the name of a file", printed(name));
        return Err(Error::unsupported(At::Whole, what));
    }
    opener.open(&[plain])
}

/// Text of the image as it can be shown, not too long.
fn printed(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    format!("\"{short}\"{}", if short.len() < text.len() { "…" } else { "" })
}
