//! What the user named, and what lies below it: files told apart by content, in a stable order.

mod archive;
mod logs;
mod sniff;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::registry::hive::BaseBlock;

pub use walk::{Discovery, discover};

/// One file that can say something about a registry.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Where it is.
    pub path: PathBuf,
    /// How it is called in reports: the path as the user named it, or as it was found below that.
    pub name: Arc<str>,
    /// What it holds.
    pub kind: Kind,
    /// A hive's transaction logs, in the order in which they are to be tried.
    pub logs: Vec<LogFile>,
}

/// Why logs are not applied that the user does not want applied.
pub(crate) const NO_LOGS: &str = "logs are not to be applied (--no-logs)";

/// A transaction log of a hive.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it is called in reports.
    pub name: Arc<str>,
    /// Why it is known of, but not to be applied.
    pub ignored: Option<String>,
}

impl Artifact {
    /// Every file that is read for it: itself, and its logs.
    pub fn files(&self) -> Vec<PathBuf> {
        std::iter::once(&self.path).chain(self.logs.iter().map(|log| &log.path)).cloned().collect()
    }
}

/// What is to be done about transaction logs.
#[derive(Debug, Clone, Copy)]
pub struct Logs<'a> {
    /// Logs that the user named, for whichever hive they fit.
    pub by_hand: &'a [PathBuf],
    /// Whether logs are applied at all; if not, hives are judged as they lie.
    pub apply: bool,
}

/// What a file holds, by its first bytes.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A hive whose base block is sound.
    Hive(BaseBlock),
    /// A file with a hive's signature and a base block that cannot be used.
    BrokenHive(Error),
    /// A registry script or export, in one of the dialects that are read.
    RegFile,
}

/// How a file is called in reports.
fn name(path: &Path) -> Arc<str> {
    path.to_string_lossy().into()
}
