//! Archives: zip, tar, and tar or a single file compressed by gzip or zstd. Nothing is unpacked to disk.
//!
//! | member | how it is read |
//! |---|---|
//! | stored in a zip, or in a plain tar | where it lies, as a [`Window`](crate::read_at::Window) |
//! | deflated in a zip; anything in a gzip | decoded as it is read, from checkpoints ([`inflated`]) |
//! | compressed by zstd | decoded once, into memory, up to a budget ([`zstd`]) |

mod gather;
mod gzip;
mod inflated;
mod magic;
mod mapped;
mod path;
mod tar;
mod velociraptor;
mod zip;
mod zstd;

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{At, Error};
use crate::limits::Limits;
use crate::read_at::ReadAt;
use gather::Gather;

/// How many bytes of a file's start show what it is: a hive's base block, and the signature of its first bin.
pub(crate) const START: usize = 4096 + 8;

/// The kind of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Archive {
    /// PKZIP.
    Zip,
    /// tar, of any dialect.
    Tar,
    /// gzip: a tar in it, or a single file.
    Gz,
    /// Zstandard: a tar in it, or a single file.
    Zst,
    /// What is known and not read: its name, and what is to be done with it.
    Unread { name: &'static str, next: &'static str },
}

impl std::fmt::Display for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Archive::Zip => "zip archive",
            Archive::Tar => "tar archive",
            Archive::Gz => "gzip archive",
            Archive::Zst => "zstd archive",
            Archive::Unread { name, .. } => name,
        })
    }
}

/// A member that was asked for.
pub(crate) struct Member {
    /// Its path, with `/` between the names, decoded where a collector coded it; never absolute, never with `..`.
    pub(crate) path: String,
    /// When it was last modified, as the archive says. Times without a zone are taken as UTC.
    pub(crate) modified: Option<SystemTime>,
    /// Its data; or why it cannot be read.
    pub(crate) bytes: Result<Arc<dyn ReadAt>, Error>,
}

/// Everything in an archive that was asked for.
pub(crate) struct Contents {
    /// In the order of the archive. Members whose start cannot be read are among them, asked for or not.
    pub(crate) members: Vec<Member>,
    /// How many regular files it has.
    pub(crate) files: u64,
    /// What the reader of a report should know.
    pub(crate) notes: Vec<String>,
    /// Why there may be more than this: the archive is cut off, or breaks off in damage.
    pub(crate) damaged: Option<Error>,
}

/// Tells an archive by the first bytes of a file. What stands further in than those, as the mark of an ISO image does, is not
/// seen.
pub(crate) fn sniff(start: &[u8]) -> Option<Archive> {
    magic::sniff(start)
}

/// Reads an archive called `name`. `wanted` gets each regular member's path and its first bytes (as many as
/// `super::sniff::LEN`, fewer if it is shorter) and tells whether to keep it.
///
/// # Errors
/// When nothing of it can be read, or when it is of a kind that is not read.
pub(crate) fn open(
    file: &Arc<dyn ReadAt>,
    name: &str,
    kind: Archive,
    limits: &Limits,
    wanted: &mut dyn FnMut(&str, &[u8]) -> bool,
) -> Result<Contents, Error> {
    let mut gather = Gather::new(limits, wanted);
    let damaged = match kind {
        Archive::Zip => zip::read(file, &mut gather)?,
        Archive::Tar => tar::read(&tar::Plain(Arc::clone(file)), &mut gather),
        Archive::Gz => gzip::read(file, name, &mut gather)?,
        Archive::Zst => zstd::read(file, name, &mut gather)?,
        Archive::Unread { name, next } => {
            return Err(Error::unsupported(At::Offset(0), format!("{name}: not read; {next}")));
        }
    };
    Ok(gather.finish(damaged))
}

/// What a failed read says: the error that a reader below found, as it is, or the system's.
fn failed(at: At, what: &'static str, error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => inner.clone(),
        None => Error::io(at, what, error),
    }
}

#[cfg(test)]
mod tests;
