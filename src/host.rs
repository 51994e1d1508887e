//! Hosts: artifacts grouped into Windows installations, with their facts.

mod control_set;
mod facts;
mod group;
mod overlay;
mod pair;
mod pick;
mod policies;
mod recovered;
mod undo_record;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::digest::sha256_of;
use crate::error::{At, Error};
use crate::files;
use crate::limits::Limits;
use crate::place::Place;
use crate::read_at::ReadAt;
use crate::registry::Registry;
use crate::registry::group_policy::{Owner, PolicyFile};
use crate::registry::hive::{BaseBlock, Mounted};
use crate::registry::reg_file::{Extent, Interest, RegFile, RegIs};
use crate::registry::source::{Source, Unreadable};
use crate::source::{Artifact, Container, Kind, LogFile, NO_LOGS};
use crate::windows::path::KeyPath;

pub use crate::registry::hive::{Recovery, Refused};
pub use crate::registry::reg_file::Extent as RegExtent;
pub use crate::source::{AsOf, CopySeen, ImageSeen, PastKind, PastPlace, PolicyPlace, VolumeSeen};
pub use control_set::{ControlSet, Wanted, select_words};
pub(crate) use facts::lacks_wow64_node;
pub use facts::readings as facts;
pub use facts::{Architecture, Machine, Windows};
pub(crate) use group::hive_kind;
pub(crate) use group::paired_by_name;
pub use group::{Group, Grouping, HiveKind, group};
pub use overlay::{OverlayFile, Overlays, overlay_interest};
pub use pick::Pick;
pub use policies::{MachinePolicy, Would, WouldBe};
pub use recovered::{Recovered, Recoveries, Whose, recovered};

/// One machine, as one control set of it, ready to be audited.
#[derive(Clone)]
pub struct Host {
    /// The computer's name, or else what the input is called.
    pub name: String,
    /// Which machine it is.
    pub machine: Machine,
    /// What Windows it is.
    pub windows: Windows,
    /// The control set that the rules are held against; none where no input speaks of one.
    pub control_set: Option<ControlSet>,
    /// Whether this is a copy from an earlier day (`RegBack`, a shadow copy), not what the machine runs on.
    pub backup: bool,
    /// The volume shadow copy that it was read from: the machine as it was when that was made.
    pub as_of: Option<AsOf>,
    /// What the facts come from.
    pub inputs: Vec<Input>,
    /// Files of Group Policy that lie on it.
    pub policies: Vec<MachinePolicy>,
    /// What the reader of the report should know before trusting it.
    pub notes: Vec<String>,
    /// The registry itself.
    pub registry: Registry,
}

impl Host {
    /// Its name, its control set and its files, in one line.
    pub fn called(&self) -> String {
        let set = self.control_set.as_ref().map(|set| format!(", {}", set.name)).unwrap_or_default();
        let inputs: Vec<&str> = self.inputs.iter().map(|input| &*input.name).collect();
        format!("{}{set}: {}", self.name, inputs.join(", "))
    }

    /// What is odd about its hives and takes nothing from what they said so far.
    pub fn remarks(&self) -> Vec<String> {
        let odd = |source: &dyn Source| {
            let remarks = source.remarks().into_iter();
            remarks
                .map(|odd| format!("{}: {odd}; the hive was read all the same", source.artifact()))
                .collect::<Vec<_>>()
        };
        self.registry.sources().flat_map(odd).collect()
    }

    /// How many 4 KiB pages were read from its hives so far.
    pub fn pages_read(&self) -> u64 {
        self.registry.sources().map(Source::pages_read).sum()
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
    fn artifact(artifact: &Artifact, kind: InputKind, digest: bool) -> Self {
        let (size, modified) = artifact.meta();
        let sha256 = digest.then(|| digest_of(artifact.open()));
        Self { name: Arc::clone(&artifact.name), kind, size, modified, sha256 }
    }

    fn log(log: &LogFile, hive: HiveKind, digest: bool) -> Self {
        let (size, modified) = log.meta();
        let sha256 = digest.then(|| digest_of(log.open()));
        Self { name: Arc::clone(&log.name), kind: InputKind::Log(hive), size, modified, sha256 }
    }

    /// The files of this machine that an image or archive consists of.
    fn container(container: &Container, digest: bool) -> Vec<Self> {
        let parts = container.files.parts.iter().enumerate();
        let part = |(number, (name, path)): (usize, &(Arc<str>, PathBuf))| {
            let meta = files::meta(path).ok();
            let open = || files::open(path).map_err(|error| Error::io(At::Whole, "digest", &error));
            let compute = || digest_of(open().map(|file| Box::new(file) as Box<dyn ReadAt>));
            Self {
                name: Arc::clone(name),
                kind: if number == 0 { InputKind::Container(container.format.clone()) } else { InputKind::Part },
                size: meta.map(|(size, _)| size),
                modified: meta.and_then(|(_, modified)| modified),
                sha256: digest.then(|| container.files.digest(number, compute)),
            }
        };
        parts.map(part).collect()
    }
}

/// Seconds in which a shadow copy is made: Windows has hives written just before, by the same clock.
const COPYING: u64 = 60;

fn digest_of(file: Result<Box<dyn ReadAt>, Error>) -> Result<String, Error> {
    sha256_of(&*file?).map_err(|error| Error::io(At::Whole, "digest", &error))
}

/// What an input is.
#[derive(Debug, Clone)]
pub enum InputKind {
    /// A hive.
    Hive {
        /// Which one.
        hive: HiveKind,
        /// Its base block as it lies; that of a log where the hive's own is damaged.
        base: BaseBlock,
        /// Whether it is whole, and what came of its transaction logs.
        recovery: Recovery,
        /// Bytes that the file is shorter than its base block says.
        missing_bytes: u64,
    },
    /// A transaction log that was found for this hive; the hive's recovery says what came of it.
    Log(HiveKind),
    /// A `.reg` file.
    RegFile {
        /// Dialect and encoding, for people.
        form: String,
        /// What its silence says.
        extent: Extent,
    },
    /// A file of Group Policy: which, for people.
    PolicyFile(String),
    /// A file that is not there yet, but judged as if it had been imported: what it is, for people.
    Overlay(String),
    /// A disk image, or an archive, that the others lie in: what it is, for people.
    Container(String),
    /// A file that such an image needs: a parent, an extent, a segment.
    Part,
    /// A hive, a `.reg` file or one of Group Policy that could not be opened.
    Unreadable(Error),
}

/// How hosts are to be opened.
#[derive(Clone)]
pub struct Options<'a> {
    /// Which control sets to judge.
    pub control_set: Wanted,
    /// The encoding of `.reg` files without a byte order mark, where the user knows it.
    pub codepage: Option<&'static encoding_rs::Encoding>,
    /// What the user says that `.reg` files are.
    pub reg_is: RegIs,
    /// Whether to compute the SHA-256 of each input file, those in images and archives included.
    pub digest: bool,
    /// Whether to compute the SHA-256 of the images and archives themselves.
    pub digest_images: bool,
    /// Keys that rules will ask for: of a `.reg` file, these alone are kept.
    pub interest: &'a [KeyPath],
    /// Whether a dirty hive whose logs were not applied leaves its rules open, instead of being judged as it lies.
    pub require_clean: bool,
    /// Keys that are asked for with everything below them.
    pub trees: &'a [KeyPath],
    /// Whose settings a `Registry.pol` holds, where somebody says it.
    pub registry_pol: Option<Owner>,
    /// What is laid over each machine.
    pub overlays: Overlays<'a>,
    /// How many entries of its logs are laid over each hive; all without it.
    pub log_entries: Option<NonZeroU64>,
    /// Which machines are asked for.
    pub pick: Pick<'a>,
    /// Budgets.
    pub limits: &'a Limits,
}

impl<'a> Options<'a> {
    /// What is done unless something else is asked for: the set in use, nothing kept of `.reg` files but the facts.
    pub fn new(limits: &'a Limits) -> Self {
        Self {
            control_set: Wanted::Current,
            codepage: None,
            reg_is: RegIs::Auto,
            digest: false,
            digest_images: false,
            require_clean: false,
            interest: &[],
            trees: &[],
            registry_pol: None,
            overlays: Overlays::default(),
            log_entries: None,
            pick: Pick::default(),
            limits,
        }
    }
}

/// What is to be kept of `.reg` files in a run, made when the first machine asks for it: hives need none of it.
pub(crate) struct Kept<'a> {
    keys: Box<dyn Fn() -> (Vec<KeyPath>, Vec<KeyPath>) + Sync + 'a>,
    made: OnceLock<Interest>,
}

impl<'a> Kept<'a> {
    /// The keys, and those that are kept with everything below them.
    pub(crate) fn new(keys: impl Fn() -> (Vec<KeyPath>, Vec<KeyPath>) + Sync + 'a) -> Self {
        Self { keys: Box::new(keys), made: OnceLock::new() }
    }

    fn interest(&self) -> &Interest {
        self.made.get_or_init(|| {
            let (keys, trees) = (self.keys)();
            interest(&keys, &trees)
        })
    }
}

/// What is to be kept of `.reg` files, the facts among it.
fn interest(keys: &[KeyPath], trees: &[KeyPath]) -> Interest {
    let mut interest = Interest::new();
    for reading in facts::readings() {
        if reading.is_deep() { interest.tree(&reading.key) } else { interest.key(&reading.key) }
    }
    keys.iter().for_each(|key| interest.key(key));
    trees.iter().for_each(|key| interest.tree(key));
    interest
}

/// Opens a group of artifacts: one host for each control set that is to be judged, and the diagnostics of its readers. Of a
/// machine that is not asked for there is nothing.
pub fn open(group: &Group, options: &Options<'_>) -> (Vec<Host>, Vec<Diagnostic>) {
    open_keeping(group, options, &Kept::new(|| (options.interest.to_vec(), options.trees.to_vec())))
}

/// The same, with what is kept of `.reg` files for a whole run.
pub(crate) fn open_keeping(group: &Group, options: &Options<'_>, kept: &Kept<'_>) -> (Vec<Host>, Vec<Diagnostic>) {
    let mut sources = Vec::new();
    let containers = containers(group);
    let mut inputs: Vec<Input> =
        containers.iter().flat_map(|container| Input::container(container, options.digest_images)).collect();
    let mut diagnostics = Vec::new();
    for (hive, artifact) in &group.hives {
        let (source, kind) = open_hive(*hive, artifact, options);
        diagnostics.extend(refused_logs(artifact, &kind));
        sources.push(source);
        inputs.push(Input::artifact(artifact, kind, options.digest));
        for log in artifact.logs.iter().filter(|log| log.ignored.is_none()) {
            inputs.push(Input::log(log, *hive, options.digest));
        }
    }
    for artifact in &group.reg_files {
        let (source, kind) = open_reg_file(artifact, kept.interest(), options);
        diagnostics.extend(source.diagnostics());
        sources.push(source);
        inputs.push(Input::artifact(artifact, kind, options.digest));
    }
    inputs.extend(options.overlays.files.iter().map(|file| file.input.clone()));
    let (policies, remarks) = policies::read(&group.policies, options);
    diagnostics.extend(remarks);
    for input in &inputs {
        if let Some(Err(error)) = &input.sha256 {
            let place = Place::new(&input.name, At::Whole);
            diagnostics.push(Diagnostic::new(Code::NoDigest, format!("no SHA-256: {error}"), place));
        }
    }
    let registry = Registry::new(sources, options.limits.links);
    let imports = overlay::Imports::new(&registry, &options.overlays, options.limits);
    let after = imports.as_ref().map(|imports| imports.over_the_set_in_use(&registry));
    let machine = control_set::Machine {
        now: &registry,
        after: after.as_ref().unwrap_or(&registry),
        spoken_of: imports.as_ref().map_or(&[], overlay::Imports::sets),
    };
    let hosts: Vec<Host> = (control_set::select(&machine, &options.control_set).into_iter())
        .map(|selected| {
            let registry = registry.with_control_set(selected.names.clone());
            let mut host = host(group, &inputs, &containers, &registry, selected, imports.as_ref());
            host.policies = policies::held_against(&policies, &host, kept, options);
            host
        })
        .filter(|host| options.pick.takes(host))
        .collect();
    if hosts.is_empty() && !options.pick.is_all() {
        diagnostics.clear();
    }
    (hosts, diagnostics)
}

/// The images and archives that the artifacts of a group lie in, each once.
fn containers(group: &Group) -> Vec<Arc<Container>> {
    let artifacts = group.hives.iter().map(|(_, artifact)| artifact).chain(&group.reg_files);
    let mut containers: Vec<Arc<Container>> = Vec::new();
    for container in artifacts.filter_map(Artifact::container) {
        if containers.iter().all(|there| !Arc::ptr_eq(there, container)) {
            containers.push(Arc::clone(container));
        }
    }
    containers
}

fn open_hive(hive: HiveKind, artifact: &Artifact, options: &Options<'_>) -> (Box<dyn Source>, InputKind) {
    let opened = match &artifact.kind {
        Kind::BrokenHive(error) | Kind::NoHive(error) => Err(error.clone()),
        Kind::Hive(base) => artifact
            .open_hive_to(options.log_entries, options.limits)
            .map(|(open, recovery)| (open, recovery, base.clone())),
        Kind::RegFile => Err(Error::unsupported(At::Whole, "a .reg file, not a hive")),
        Kind::PolicyFile(form) => Err(Error::unsupported(At::Whole, format!("{form}, not a hive"))),
    };
    match opened {
        Ok((open, recovery, base)) => {
            let missing_bytes = open.missing_bytes();
            let mut source = Mounted::new(hive.root(), open);
            if let Some(why) = artifact.as_of().and_then(|as_of| newer_than(as_of, hive, &base)) {
                source = source.out_of_date(why);
            }
            if options.require_clean && matches!(recovery, Recovery::Dirty { .. }) {
                let what = format!("{hive} is {recovery}: its newest changes are missing");
                source = source.out_of_date(Error::Stale { what });
            }
            (Box::new(source), InputKind::Hive { hive, base, recovery, missing_bytes })
        }
        Err(error) => {
            let source = Unreadable::whole(hive.root(), error.clone(), &artifact.name);
            (Box::new(source), InputKind::Unreadable(error))
        }
    }
}

/// Why a hive is not that of the day of the shadow copy that it was read from, if it shows that. Windows leaves files out of some
/// copies: what is read of them is as they are now, or a mixture.
fn newer_than(as_of: AsOf, hive: HiveKind, base: &BaseBlock) -> Option<Error> {
    let written = base.last_written.rfc3339(0);
    let what =
        format!("{hive} was last written at {written}, after the shadow copy was made: it is not the hive of that day");
    (base.last_written > as_of.created.later(COPYING)).then_some(Error::Stale { what })
}

/// A remark on each log that was not applied. Where others were, that is nothing unusual: one that is older than the hive
/// lies beside it as a rule.
fn refused_logs(artifact: &Artifact, kind: &InputKind) -> Vec<Diagnostic> {
    let InputKind::Hive { recovery, .. } = kind else { return Vec::new() };
    if artifact.logs.iter().any(|log| log.ignored.as_deref() == Some(NO_LOGS)) {
        return Vec::new(); // as was asked for
    }
    let severity = if matches!(recovery, Recovery::Dirty { .. }) { Severity::Warning } else { Severity::Note };
    let remark = |refused: &Refused| {
        let message = format!("a transaction log of {}, not applied or not to its end: {}", artifact.name, refused.why);
        Diagnostic::new(Code::LogRefused, message, Place::new(&refused.log, At::Whole)).with_severity(severity)
    };
    recovery.refused().iter().map(remark).collect()
}

fn open_reg_file(artifact: &Artifact, interest: &Interest, options: &Options<'_>) -> (Box<dyn Source>, InputKind) {
    match (artifact.open(), &artifact.kind) {
        (Ok(file), Kind::PolicyFile(form)) => {
            let local = artifact.container().is_none().then_some(artifact.path.as_path());
            let layout = overlay::layout(&artifact.name, local, options.registry_pol);
            let file = PolicyFile::read(&*file, &artifact.name, layout, *form, options.limits);
            let kind = match file.stopped() {
                Some(error) => InputKind::Unreadable(error.clone()),
                None => InputKind::PolicyFile(form.to_string()),
            };
            (Box::new(file), kind)
        }
        (Ok(file), _) => {
            let file = RegFile::read(&*file, &artifact.name, interest, options.limits, options.codepage)
                .taken_as(options.reg_is);
            let kind = match file.stopped() {
                Some(error) => InputKind::Unreadable(error.clone()),
                None => InputKind::RegFile { form: file.format().to_string(), extent: file.extent().clone() },
            };
            (Box::new(file), kind)
        }
        (Err(error), _) => {
            let source = Unreadable::whole(KeyPath::default(), error.clone(), &artifact.name);
            (Box::new(source), InputKind::Unreadable(error))
        }
    }
}

fn host(
    group: &Group,
    inputs: &[Input],
    containers: &[Arc<Container>],
    registry: &Registry,
    selected: control_set::Selected,
    imports: Option<&overlay::Imports>,
) -> Host {
    let mut notes = selected.notes;
    notes.extend(containers.iter().flat_map(|container| container.notes.iter().cloned()));
    if group.by_folder_alone {
        notes.push(
            "the hives are taken as one machine because they lie in one folder; their names do not say so".to_owned(),
        );
    }
    for input in inputs {
        if let InputKind::Hive { hive, base, recovery, missing_bytes } = &input.kind {
            notes.extend(recovery_notes(*hive, base, recovery));
            if base.is_differencing() {
                notes.push(format!("{hive} is a differencing hive: what it does not hold may stand in another one"));
            }
            if *missing_bytes > 0 {
                notes.push(format!("{hive} is cut short: {missing_bytes} bytes are missing at its end"));
            }
        }
    }
    notes.extend(undo_record::notes(registry));
    let mut after = registry.clone();
    if let Some(imports) = imports {
        after = imports.over(registry);
        notes.extend(imports.notes(registry, &after));
    }
    let as_of = group.artifacts().find_map(Artifact::as_of);
    let name = facts::computer_name(registry, &after).unwrap_or_else(|| group.name.clone());
    Host {
        // Every report marks it so as the past.
        name: as_of.map_or_else(|| name.clone(), |as_of| format!("{name} ({as_of})")),
        machine: Machine::read(registry),
        windows: Windows::after(registry, &after),
        control_set: selected.set,
        backup: group.backup,
        as_of,
        inputs: inputs.to_vec(),
        policies: Vec::new(),
        notes,
        registry: after.without_stale(),
    }
}

/// What there is to know of a hive that is not whole, or that its own base block does not show.
fn recovery_notes(hive: HiveKind, base: &BaseBlock, recovery: &Recovery) -> Vec<String> {
    let reason = |refused: &Refused| format!("{}: {}", refused.log, refused.why);
    match recovery {
        Recovery::Clean => Vec::new(),
        Recovery::Replayed { logs, base_block_from_log, refused, .. } => {
            let last = logs.last().map_or("", |log| log);
            let mut notes = Vec::new();
            if *base_block_from_log {
                notes.push(format!("the base block of {hive} is damaged: the copy in {last} was used"));
            }
            // Windows stops there as well, but a log that was copied badly looks the same.
            let torn = refused.iter().filter(|refused| *refused.log == *last);
            notes.extend(torn.map(|torn| format!("the newest changes of {hive} are not whole: {}", reason(torn))));
            notes
        }
        Recovery::Dirty { refused } => {
            let logs = match refused.as_slice() {
                [] => "and none was found".to_owned(),
                some => format!("which were not applied ({})", some.iter().map(reason).collect::<Vec<_>>().join("; ")),
            };
            vec![format!(
                "{hive} is dirty (sequence numbers {} and {}): its newest changes may stand in its transaction logs, {logs}",
                base.primary_sequence, base.secondary_sequence
            )]
        }
    }
}
