//! What the user named, and what lies below it: files told apart by content, in a stable order.

mod sniff;
mod walk;

use std::path::PathBuf;
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
