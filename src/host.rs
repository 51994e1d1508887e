//! Hosts: artifacts grouped into Windows installations, with their facts.

mod control_set;
mod facts;
mod group;

use std::sync::Arc;
use std::time::SystemTime;

use crate::diagnostic::{Diagnostic, Severity};
use crate::digest::sha256_of;
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::place::Place;
use crate::read_at::LocalFile;
use crate::registry::hive::{BaseBlock, Hive};
use crate::registry::path::KeyPath;
use crate::registry::reg_file::{Interest, RegFile};
use crate::registry::{Registry, Source};
use crate::source::{Artifact, Kind};

pub use control_set::{ControlSet, Wanted};
pub(crate) use facts::lacks_wow64_node;
pub use facts::{Architecture, Windows};
pub use group::{Group, HiveKind, group};

/// One machine, as one control set of it, ready to be audited.
pub struct Host {
    /// The computer's name, or else what the input is called.
    pub name: String,
    /// What Windows it is.
    pub windows: Windows,
    /// The control set that the rules are held against; none where no input speaks of one.
    pub control_set: Option<ControlSet>,
    /// Whether this is a copy that Windows keeps aside (`RegBack`), not what the machine runs on.
    pub backup: bool,
    /// What the facts come from.
    pub inputs: Vec<Input>,
    /// What the reader of the report should know before trusting it.
    pub notes: Vec<String>,
    /// The registry itself.
    pub registry: Registry,
}

impl Host {
    /// How many 4 KiB pages were read from its hives so far.
    pub fn pages_read(&self) -> u64 {
        let pages = self.registry.sources().iter().map(|source| match source {
            Source::Hive(_, hive) => hive.pages_read(),
            Source::RegFile(_) | Source::Unreadable(..) => 0,
        });
        pages.sum()
    }
}

/// One input of a host.
#[derive(Debug, Clone)]
pub struct Input {
    /// How it is called.
    pub name: Arc<str>,
    /// What it is.
    pub kind: InputKind,
    /// Bytes of the file.
    pub size: Option<u64>,
    /// When the file was last modified, by its file system.
    pub modified: Option<SystemTime>,
    /// SHA-256 of the file in hex, if that was asked for.
    pub sha256: Option<Result<String, Error>>,
}

impl Input {
    fn new(artifact: &Artifact, kind: InputKind, digest: bool) -> Self {
        let meta = std::fs::metadata(&artifact.path).ok();
        let sha256 = digest.then(|| {
            let read = LocalFile::open(&artifact.path).and_then(|file| sha256_of(&file));
            read.map_err(|e| Error::io(At::Whole, "digest", &e))
        });
        let modified = meta.as_ref().and_then(|meta| meta.modified().ok());
        let size = meta.as_ref().map(std::fs::Metadata::len);
        Self { name: Arc::clone(&artifact.name), kind, size, modified, sha256 }
    }
}

/// What an input is.
#[derive(Debug, Clone)]
pub enum InputKind {
    /// A hive.
    Hive {
        /// Which one.
        hive: HiveKind,
        /// Its base block.
        base: BaseBlock,
        /// Bytes that the file is shorter than its base block says.
        missing_bytes: u64,
    },
    /// A `.reg` file: dialect and encoding, for people.
    RegFile(String),
    /// A hive, or a `.reg` file, that could not be opened.
    Unreadable(Error),
}

/// How hosts are to be opened.
pub struct Options<'a> {
    /// Which control sets to judge.
    pub control_set: Wanted,
    /// The encoding of `.reg` files without a byte order mark, where the user knows it.
    pub codepage: Option<&'static encoding_rs::Encoding>,
    /// Whether to compute the SHA-256 of each input file.
    pub digest: bool,
    /// Keys that rules will ask for: of a `.reg` file, these alone are kept.
    pub interest: &'a [KeyPath],
    /// Keys that are asked for with everything below them.
    pub trees: &'a [KeyPath],
    /// Budgets.
    pub limits: &'a Limits,
}

/// Opens a group of artifacts: one host for each control set that is to be judged, and the diagnostics of its readers.
pub fn open(group: &Group, options: &Options<'_>) -> (Vec<Host>, Vec<Diagnostic>) {
    let mut interest = Interest::new();
    facts::KEYS.iter().for_each(|key| interest.key(&KeyPath::parse(key)));
    options.interest.iter().for_each(|key| interest.key(key));
    options.trees.iter().for_each(|key| interest.tree(key));
    let mut sources = Vec::new();
    let mut inputs = Vec::new();
    let mut diagnostics = Vec::new();
    for (hive, artifact) in &group.hives {
        let (source, kind) = open_hive(*hive, artifact, options.limits);
        sources.push(source);
        inputs.push(Input::new(artifact, kind, options.digest));
    }
    for artifact in &group.reg_files {
        let (source, kind) = open_reg_file(artifact, &interest, options);
        if let Source::RegFile(file) = &source {
            diagnostics.extend(file.diagnostics().all(&artifact.name));
        }
        sources.push(source);
        inputs.push(Input::new(artifact, kind, options.digest));
    }
    for input in &inputs {
        if let Some(Err(error)) = &input.sha256 {
            let (severity, place) = (Severity::Error, Place::new(&input.name, At::Whole));
            let message = format!("no SHA-256: {error}");
            diagnostics.push(Diagnostic { severity, code: "no-digest", message, place });
        }
    }
    let registry = Registry::new(sources, options.limits.links);
    let hosts = (control_set::select(&registry, &options.control_set).into_iter())
        .map(|selected| host(group, &inputs, registry.with_control_set(selected.names.clone()), selected))
        .collect();
    (hosts, diagnostics)
}

fn open_hive(hive: HiveKind, artifact: &Artifact, limits: &Limits) -> (Source, InputKind) {
    let opened = match &artifact.kind {
        Kind::BrokenHive(error) => Err(error.clone()),
        Kind::Hive(_) | Kind::RegFile => LocalFile::open(&artifact.path)
            .map_err(|e| Error::io(At::Whole, "file", &e))
            .and_then(|file| Hive::open(Box::new(file), Arc::clone(&artifact.name), limits)),
    };
    match opened {
        Ok(open) => {
            let (base, missing_bytes) = (open.base().clone(), open.missing_bytes());
            (Source::Hive(hive.root(), open), InputKind::Hive { hive, base, missing_bytes })
        }
        Err(error) => {
            let place = Place::new(&artifact.name, At::Whole);
            (Source::Unreadable(hive.root(), error.clone(), place), InputKind::Unreadable(error))
        }
    }
}

fn open_reg_file(artifact: &Artifact, interest: &Interest, options: &Options<'_>) -> (Source, InputKind) {
    match LocalFile::open(&artifact.path) {
        Ok(file) => {
            let file = RegFile::read(&file, &artifact.name, interest, options.limits, options.codepage);
            let kind = match file.stopped() {
                Some(error) => InputKind::Unreadable(error.clone()),
                None => InputKind::RegFile(file.format().to_string()),
            };
            (Source::RegFile(file), kind)
        }
        Err(error) => {
            let error = Error::io(At::Whole, "file", &error);
            let place = Place::new(&artifact.name, At::Whole);
            (Source::Unreadable(KeyPath::default(), error.clone(), place), InputKind::Unreadable(error))
        }
    }
}

fn host(group: &Group, inputs: &[Input], registry: Registry, selected: control_set::Selected) -> Host {
    let mut notes = selected.notes;
    for input in inputs {
        if let InputKind::Hive { hive, base, missing_bytes } = &input.kind {
            if base.is_dirty() {
                notes.push(format!(
                    "{hive} is dirty (sequence numbers {} and {}): its newest changes may stand in its transaction logs, \
                     which were not applied",
                    base.primary_sequence, base.secondary_sequence
                ));
            }
            if base.is_differencing() {
                notes.push(format!("{hive} is a differencing hive: what it does not hold may stand in another one"));
            }
            if *missing_bytes > 0 {
                notes.push(format!("{hive} is cut short: {missing_bytes} bytes are missing at its end"));
            }
        }
    }
    let computer = facts::computer_name(&registry);
    Host {
        name: computer.unwrap_or_else(|| group.name.clone()),
        windows: Windows::read(&registry),
        control_set: selected.set,
        backup: group.backup,
        inputs: inputs.to_vec(),
        notes,
        registry,
    }
}
