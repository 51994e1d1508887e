//! Records: what a run tells of machines and of inputs.

use std::path::Path;
use std::sync::Arc;

use super::Shard;
use crate::audit::HostReport;
use crate::audit::effective::tables::Table;
use crate::diagnostic::Diagnostic;
use crate::digest::sha256_hex;
use crate::host::{Group, Host, InputKind};
use crate::place::INTO;
use crate::policy::Policy;
use crate::policy::waiver::{Date, Waivers};
use crate::source::{Entry, ImageSeen};

/// What would put a machine right, as a file for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The text of the `.reg` file, without its remarks; none where no value can be written.
    pub reg: Option<String>,
    /// What the file does not do, and what to mind, a sentence each.
    pub remarks: Vec<String>,
}

/// Makes the file for a machine, or says why there is none.
pub type Fixer<'a> = dyn Fn(&Host, &HostReport) -> Fix + Sync + 'a;

/// One thing that a run says.
#[derive(Debug)]
#[non_exhaustive]
pub enum Record {
    /// A machine, as one control set of it.
    Host(Box<HostRecord>),
    /// What became of something that was named or found.
    Input(Box<InputRecord>),
}

/// A machine, as one control set of it.
#[derive(Debug)]
pub struct HostRecord {
    /// The same for the same files of the same machine, whatever lies beside them: a hash of the first file's name, the control
    /// set, the machine's GUID, and of when each hive was last written.
    pub id: String,
    /// The folder, the image or the archive that it lies in, or the `.reg` file that it is.
    pub unit: Arc<str>,
    /// What the audit says.
    pub report: HostReport,
    /// What would put it right, where that was wanted.
    pub fix: Option<Fix>,
}

impl HostRecord {
    pub(super) fn new(group: &Group, report: HostReport, fix: Option<Fix>) -> Self {
        let first = group.artifacts().next();
        let name = first.map(|artifact| Arc::clone(&artifact.name)).unwrap_or_default();
        let set = report.control_set.as_deref().unwrap_or_default();
        let mut of = format!("{name}\0{set}\0{}\0", report.machine.guid.as_deref().unwrap_or(&report.name));
        for input in &report.inputs {
            let written = match &input.kind {
                InputKind::Hive { base, .. } => base.last_written.0,
                _ => 0,
            };
            let size = input.size.unwrap_or_default();
            of.push_str(&format!("{size} {written}\0"));
        }
        let mut id = sha256_hex(of.as_bytes());
        id.truncate(16);
        let file = name.split(INTO).next().unwrap_or_default();
        let folder = || Path::new(file).parent().map(|folder| folder.to_string_lossy().into_owned());
        let local_hive = first.is_some_and(|artifact| artifact.container().is_none()) && !group.hives.is_empty();
        let unit = match local_hive.then(folder).flatten() {
            Some(folder) if folder.is_empty() => ".".into(),
            Some(folder) => folder.into(),
            None => file.into(),
        };
        Self { id, unit, report, fix }
    }
}

/// What a run is about, known before it starts.
#[derive(Debug, Clone)]
pub struct About {
    /// The arguments that the program was started with.
    pub arguments: Vec<String>,
    /// The folder in which it was started.
    pub folder: String,
    /// When it was started: RFC 3339, in UTC.
    pub started: String,
    /// Which part it does, where it is not all.
    pub shard: Option<Shard>,
    /// The kinds of records that are written, where those are not all.
    pub only: Vec<&'static str>,
    /// Saved runs that it goes on with.
    pub resumes: Vec<String>,
    /// The options that decide verdicts, but for the policy.
    pub options: Vec<String>,
    /// Files whose import is judged before it is done: name and SHA-256.
    pub overlays: Vec<(String, String)>,
    /// The policy, or several as one.
    pub policy: Policy,
    /// Failures that are accepted, and the day on which that is asked.
    pub waivers: Option<(Waivers, Date)>,
    /// The tables that verdicts rest on.
    pub tables: Vec<Table>,
    /// What there is to say of files that all machines share: those whose import is judged.
    pub diagnostics: Vec<Diagnostic>,
}

/// What became of something that was named or found, and what there is to say of it.
#[derive(Debug)]
pub struct InputRecord {
    /// What became of it.
    pub entry: Entry,
    /// The disk images that it is, or that are in it.
    pub images: Vec<ImageSeen>,
    /// What the readers have to say.
    pub diagnostics: Vec<Diagnostic>,
}
