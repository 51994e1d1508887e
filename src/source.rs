//! What the user named, and what lies below it or inside it: files told apart by content, in a stable order.

mod above;
mod again;
#[cfg(feature = "remote")]
mod bucket;
mod bytes;
mod classify;
mod disk;
mod dynamic;
mod given;
mod holder;
mod installation;
pub mod known;
mod ledger;
mod logs;
mod mounted;
mod opener;
mod parts;
mod past;
mod policy_place;
mod shadow;
mod sniff;
mod telling;
mod units;
mod walk;

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{At, Error};
use crate::place::INTO;
use crate::read_at::ReadAt;
use crate::registry::group_policy::Form;
use crate::registry::hive::BaseBlock;

pub(crate) use above::Above;
use bytes::Bytes;
pub use bytes::{Container, Files};
pub use disk::{ImageSeen, VolumeSeen};
pub use ledger::{Cause, Entry, Fate, Reason};
pub(crate) use past::is_past_name;
pub use past::{PastKind, PastPlace};
pub use policy_place::PolicyPlace;
pub(crate) use policy_place::{Machines, place};
pub use shadow::{AsOf, CopySeen, Shadows};
pub(crate) use sniff::{evidence, is_judged};
pub(crate) use units::{Unit, UnitFile, Walker};
pub(crate) use walk::instead;
pub use walk::{Discovery, discover};
pub(crate) use walk::{Holder, Walk};

/// One file that can say something about a registry.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Where it is; inside an image or an archive, that one's path followed by steps that lead to it, which no other file has.
    pub path: PathBuf,
    /// How it is called in reports: the path as the user named it, or as it was found below that.
    pub name: Arc<str>,
    /// What it holds.
    pub kind: Kind,
    /// A hive's transaction logs, in the order in which they are to be tried.
    pub logs: Vec<LogFile>,
    /// Whether it is a copy from an earlier day (`RegBack`, `Windows.old`, a shadow copy), not what the machine runs on.
    pub backup: bool,
    /// Whether the user named it, and not a folder, an image or an archive that it is in.
    pub named: bool,
    pub(crate) bytes: Bytes,
}

/// Why logs are not applied that the user does not want applied.
pub(crate) const NO_LOGS: &str = "logs are not to be applied (--no-logs)";

/// A transaction log of a hive.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// Where it is, as [`Artifact::path`].
    pub path: PathBuf,
    /// How it is called in reports.
    pub name: Arc<str>,
    /// Why it is known of, but not to be applied.
    pub ignored: Option<String>,
    pub(crate) bytes: Bytes,
}

impl LogFile {
    /// Opens the file.
    ///
    /// # Errors
    /// When it, or what it lies in, cannot be opened.
    pub fn open(&self) -> Result<Box<dyn ReadAt>, Error> {
        self.bytes.open(&self.path)
    }

    /// Its size in bytes and when it was last modified, by its file system, where that is known.
    pub fn meta(&self) -> (Option<u64>, Option<SystemTime>) {
        self.bytes.meta(&self.path)
    }
}

impl Artifact {
    /// Opens the file.
    ///
    /// # Errors
    /// When it, or what it lies in, cannot be opened.
    pub fn open(&self) -> Result<Box<dyn ReadAt>, Error> {
        self.bytes.open(&self.path)
    }

    /// Its size in bytes and when it was last modified, by its file system, where that is known.
    pub fn meta(&self) -> (Option<u64>, Option<SystemTime>) {
        self.bytes.meta(&self.path)
    }

    /// The volume shadow copy that it was read from.
    pub fn as_of(&self) -> Option<AsOf> {
        self.bytes.container().and_then(|container| container.as_of)
    }

    /// Where it lies, if it is a copy from an earlier day.
    pub fn past(&self) -> Option<PastPlace> {
        past::place(&self.name, self.as_of()).filter(|_| self.backup || self.as_of().is_some())
    }

    /// What it lies in, unless that is a folder of this machine.
    pub fn container(&self) -> Option<&Arc<Container>> {
        self.bytes.container()
    }

    /// Every file of this machine that is read for it: itself, or what it lies in, and its logs.
    pub fn files(&self) -> Vec<PathBuf> {
        let logs = self.logs.iter().map(|log| (&log.path, &log.bytes));
        let all = std::iter::once((&self.path, &self.bytes)).chain(logs);
        all.flat_map(|(path, bytes)| match bytes.container() {
            None => vec![path.clone()],
            Some(container) => container.files.paths(),
        })
        .collect()
    }
}

/// What is to be looked for, and how.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Transaction logs that the user named, for whichever hive they fit.
    pub logs: &'a [PathBuf],
    /// Whether transaction logs are applied at all; if not, hives are judged as they lie.
    pub apply_logs: bool,
    /// Whether copies from an earlier day are artifacts too: `RegBack`, `Windows.old`, shadow copies.
    pub include_backups: bool,
    /// Which volume shadow copies of disk images are read, as machines of an earlier day.
    pub shadow_copies: Shadows,
    /// Folders besides an image's own where its parents and extents may lie, as `canonicalize` gives them.
    pub allow: &'a [PathBuf],
    /// Of disk images, only the volume that starts at this byte.
    pub offset: Option<u64>,
    /// Of disk images, only the partition with this number.
    pub volume: Option<u32>,
}

impl Default for Search<'_> {
    fn default() -> Self {
        let shadow_copies = Shadows::default();
        Self {
            logs: &[],
            apply_logs: true,
            include_backups: false,
            shadow_copies,
            allow: &[],
            offset: None,
            volume: None,
        }
    }
}

/// What a file holds, by its first bytes.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A hive whose base block is sound.
    Hive(BaseBlock),
    /// A file with a hive's signature and a base block that cannot be used.
    BrokenHive(Error),
    /// A file with the name of a hive that is none: it is empty, or holds something else.
    NoHive(Error),
    /// A registry script or export, in one of the dialects that are read.
    RegFile,
    /// A file of Group Policy.
    PolicyFile(Form),
}

/// How a file is called in reports.
fn name(path: &Path) -> Arc<str> {
    path.to_string_lossy().replace(INTO, " \u{fffd} ").into()
}

/// How something inside of `outer` is called in reports.
fn inside(outer: &str, inner: impl fmt::Display) -> Arc<str> {
    // A name that looks like a step would lead astray whoever takes the path apart.
    let inner = inner.to_string().replace(INTO, " \u{fffd} ");
    format!("{outer}{INTO}{inner}").into()
}

/// The path of something inside of what is at `outer`. No member of an archive and no file of a volume can be called like the
/// step, so that what lies in different places never looks as if it lay in one folder.
fn step(outer: &Path, inner: impl fmt::Display) -> PathBuf {
    outer.join(format!("\0{inner}"))
}

/// Why a file that is called like a hive is none.
fn no_hive(name: &str, empty: bool) -> Error {
    let what = if empty { "an empty file" } else { "no registry hive" };
    Error::unsupported(At::Whole, format!("{name} was given, but is {what}"))
}

/// Whether a folder is where Windows has its hives: `System32\config`.
pub(crate) fn is_in_config(folder: &Path) -> bool {
    let mut names = folder.components().rev().map(Component::as_os_str);
    ["config", "system32"].iter().all(|wanted| names.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted)))
}
