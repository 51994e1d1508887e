//! zip (PKWARE, "APPNOTE.TXT – .ZIP File Format Specification"; sections are of version 6.3.10).
//!
//! The central directory is read entry by entry and what nobody asked for is not kept, so that its size does not matter.
//! What it says of a file must agree with the header in front of the file's data: where they differ, programs differ in what
//! they take out.

mod end;
mod entry;
mod names;

use std::sync::Arc;

use super::gather::{Gather, Verdict};
use super::inflated::{Frame, Halt, Inflated, Pool};
use super::{Member, failed, zstd};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;
use crate::read_at::{Cached, ReadAt, Window};
use end::Directory;
use entry::{Central, DEFLATE, STORED, ZSTD};

const WHAT: &str = "zip";

/// Names of methods that are not read (4.4.5).
fn method_name(method: u16) -> &'static str {
    match method {
        1 => "Shrink",
        2..=5 => "Reduce",
        6 => "Implode",
        9 => "Deflate64",
        12 => "bzip2",
        14 => "LZMA",
        95 => "XZ",
        97 => "WavPack",
        98 => "PPMd",
        99 => "AES encryption",
        _ => "an unknown method",
    }
}

/// What may still be spent on the members of one zip.
struct Budget {
    pool: Arc<Pool>,
    decoded: u64,
    memory: zstd::Memory,
    /// Where the data of kept members lies, to find those that share some.
    taken: Vec<(u64, u64)>,
}

/// Reads a zip; gives why there may be more in it than was found.
pub(super) fn read(file: &Arc<dyn ReadAt>, gather: &mut Gather<'_>) -> Result<Option<Error>, Error> {
    let directory = end::find(&**file)?;
    for note in &directory.notes {
        gather.note(|| note.clone());
    }
    let coded = is_velociraptor(file, &directory)?;
    let memory = zstd::Memory::new(gather.limits);
    let mut budget = Budget { pool: Pool::new(gather.limits), decoded: 0, memory, taken: Vec::new() };
    let mut entries = entry::Entries::new(file, &directory);
    loop {
        let entry = match entries.next() {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(error)),
        };
        if entry.is_regular()
            && let Err(error) = member(file, &directory, &entry, coded, gather, &mut budget)
        {
            return Ok(Some(error));
        }
    }
}

/// Whether the directory has the files that Velociraptor adds to each collection.
fn is_velociraptor(file: &Arc<dyn ReadAt>, directory: &Directory) -> Result<bool, Error> {
    let mut entries = entry::Entries::new(file, directory);
    // Damage is found again, and told, by the walk that follows.
    while let Ok(Some(entry)) = entries.next() {
        if matches!(entry.name.trim_start_matches('/'), "uploads.json" | "client_info.json") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn member(
    file: &Arc<dyn ReadAt>,
    directory: &Directory,
    entry: &Central,
    coded: bool,
    gather: &mut Gather<'_>,
    budget: &mut Budget,
) -> Result<(), Error> {
    let path = gather.file(&entry.name, coded)?;
    let modified = entry.modified;
    if entry.name_replaced {
        gather
            .note(|| format!("the name of \"{path}\" is not the UTF-8 that it claims to be: shown with replacements"));
    }
    let opened = entry.data(&**file, directory).and_then(|at| Ok((at, open(file, entry, at, budget, gather.limits)?)));
    let (at, data) = match opened {
        Ok(opened) => opened,
        Err(error) => return gather.unreadable(path, modified, error),
    };
    match gather.looks_at(&path, &*data.bytes, 0, entry.size) {
        Ok(Verdict::Skip) => return Ok(()),
        Ok(Verdict::Keep) => {}
        Err(error) => return gather.unreadable(path, modified, failed(At::Offset(at), WHAT, &error)),
    }
    let span = (at, at.saturating_add(entry.compressed));
    let i = budget.taken.partition_point(|(start, _)| *start < span.0);
    let before = i.checked_sub(1).and_then(|i| budget.taken.get(i)).is_some_and(|(_, end)| *end > span.0);
    let after = budget.taken.get(i).is_some_and(|(start, _)| *start < span.1);
    if before || after {
        let error = Error::damaged(At::Offset(at), WHAT, "data of its own for each file", "data shared with another");
        return gather.unreadable(path, modified, error);
    }
    if span.0 < span.1 {
        budget.taken.insert(i, span);
    }
    // What goes to memory is passed over anyway.
    let checked = entry.size <= gather.limits.archive_checked || data.forward.is_some();
    let bytes = match checked {
        true => whole(&data, entry, at, budget, gather.limits),
        false => {
            gather.note(|| format!("\"{path}\" is large: its checksum is not verified before it is used"));
            // Such a file is read here and there: blocks of it are kept.
            Ok(Arc::new(Cached::new(data.bytes, 32 << 10, 64)) as Arc<dyn ReadAt>)
        }
    };
    gather.keep(Member { path, modified, bytes })
}

/// The data of a member, and how it is decoded.
struct Data {
    bytes: Arc<dyn ReadAt>,
    inflated: Option<Arc<Inflated>>,
    forward: Option<Arc<zstd::Forward>>,
}

/// Opens the data of an entry, which lies at `at`.
fn open(file: &Arc<dyn ReadAt>, entry: &Central, at: u64, budget: &mut Budget, limits: &Limits) -> Result<Data, Error> {
    if entry.size > limits.archive_stream && entry.method != STORED {
        let (limit, at) = (limits.archive_stream, At::Offset(at));
        return Err(Error::Limit { at, what: "bytes of decompressed data", limit });
    }
    let raw: Arc<dyn ReadAt> = Arc::new(Window::new(Arc::clone(file), at, entry.compressed));
    match entry.method {
        STORED if entry.size == entry.compressed => Ok(Data { bytes: raw, inflated: None, forward: None }),
        STORED => {
            let found = entry.compressed.to_string();
            Err(Error::damaged(At::Offset(at), "size of stored data", entry.size.to_string(), found))
        }
        DEFLATE => {
            let frame = Frame::Raw { len: entry.size, crc: entry.crc };
            let inflated = Arc::new(Inflated::new(raw, frame, &budget.pool, limits));
            Ok(Data { bytes: Arc::<Inflated>::clone(&inflated), inflated: Some(inflated), forward: None })
        }
        ZSTD => {
            let forward = Arc::new(zstd::Forward::new(&raw, limits));
            Ok(Data { bytes: Arc::<zstd::Forward>::clone(&forward), inflated: None, forward: Some(forward) })
        }
        method => {
            let what = format!("compressed by {} (method {method}): not read; unpack it first", method_name(method));
            Err(Error::unsupported(At::Offset(at), what))
        }
    }
}

/// Passes over all of a member to verify its checksum, and gives what is to be read of it from then on.
fn whole(
    data: &Data,
    entry: &Central,
    at: u64,
    budget: &mut Budget,
    limits: &Limits,
) -> Result<Arc<dyn ReadAt>, Error> {
    budget.decoded = budget.decoded.saturating_add(entry.size);
    if budget.decoded > limits.archive_decoded {
        let limit = limits.archive_decoded;
        return Err(Error::Limit { at: At::Offset(at), what: "bytes decompressed in one archive", limit });
    }
    if let Some(inflated) = &data.inflated {
        inflated.finish().map_err(Halt::into_error)?;
        return Ok(Arc::clone(&data.bytes));
    }
    let bytes = match &data.forward {
        Some(forward) => budget.memory.keep(forward, 0, None)?,
        None => Arc::clone(&data.bytes),
    };
    checksum(&*bytes, entry, at).map(|()| bytes)
}

fn checksum(bytes: &dyn ReadAt, entry: &Central, at: u64) -> Result<(), Error> {
    let mut crc = crc32fast::Hasher::new();
    let (mut buf, mut pos) = (vec![0u8; 64 << 10], 0u64);
    loop {
        let read = bytes.fill_at(pos, &mut buf).map_err(|e| failed(At::Offset(at), WHAT, &e))?;
        if read.is_empty() {
            break;
        }
        crc.update(read);
        pos = pos.saturating_add(wide(read.len()));
    }
    let crc = crc.finalize();
    if pos != entry.size {
        return Err(Error::damaged(At::Offset(at), "length of the data", entry.size.to_string(), pos.to_string()));
    }
    if crc != entry.crc {
        let (expected, found) = (format!("{:08x}", entry.crc), format!("{crc:08x}"));
        return Err(Error::damaged(At::Offset(at), "CRC-32 of the data", expected, found));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
