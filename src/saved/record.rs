//! What reports and comparisons need of the records of a run. Members that decide are always there; others that are not, as in
//! records of an earlier version, are empty.

use serde::Deserialize;
use serde_json::Value as Json;

/// A record, as reports see it.
#[derive(Debug, Clone)]
pub enum Record {
    /// A machine.
    Host(Box<Host>),
    /// What became of an input.
    Input(Box<Input>),
}

/// What a run is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Run {
    pub(crate) tool: Tool,
    pub(crate) folder: String,
    pub(crate) started: String,
    pub(crate) shard: Option<String>,
    pub(crate) only: Vec<String>,
    pub(crate) resumes: Vec<String>,
    pub(crate) options: Vec<String>,
    pub(crate) overlays: Vec<Overlay>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) waivers: Option<Waivers>,
    pub(crate) tables: Vec<Table>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Overlay {
    pub(crate) file: String,
    pub(crate) sha256: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tool {
    pub(crate) version: String,
    pub(crate) arguments: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Policy {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) date: String,
    pub(crate) source: String,
    pub(crate) sha256: String,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) source: String,
    pub(crate) required: bool,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) fix: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Waivers {
    pub(crate) file: String,
    pub(crate) day: String,
    pub(crate) entries: Vec<Waiver>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Waiver {
    pub(crate) policy: Option<String>,
    pub(crate) rule: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) reason: String,
    pub(crate) expires: Option<String>,
    pub(crate) expired: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) as_of: String,
    pub(crate) sha256: String,
    pub(crate) replaced: bool,
}

/// A machine, as one control set of it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Host {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) unit: String,
    #[serde(default)]
    pub(crate) machine: Machine,
    pub(crate) verdict: Verdict,
    #[serde(default)]
    pub(crate) backup: bool,
    #[serde(default)]
    pub(crate) verdicts: Vec<Judged>,
    #[serde(default)]
    pub(crate) windows: Windows,
    pub(crate) control_set: Option<String>,
    #[serde(default)]
    pub(crate) inputs: Vec<HostInput>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    #[serde(default)]
    pub(crate) effective: Effective,
    pub(crate) fix: Option<Fix>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Machine {
    pub(crate) domain: Option<String>,
    pub(crate) machine_guid: Option<String>,
}

/// The verdict under one policy.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Judged {
    pub(crate) policy: String,
    pub(crate) verdict: Verdict,
}

/// What a machine was judged to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It meets the policy.
    Compliant,
    /// It does not.
    NotCompliant,
    /// It cannot be told.
    #[default]
    Unknown,
}

impl Verdict {
    /// As records write it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Compliant => "compliant",
            Verdict::NotCompliant => "not_compliant",
            Verdict::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Windows {
    pub(crate) product: Option<String>,
    pub(crate) build: Option<u32>,
    pub(crate) revision: Option<u32>,
    pub(crate) display_version: Option<String>,
    pub(crate) architecture: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HostInput {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) sha256: Option<String>,
}

/// What became of a rule on a machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The rule is met.
    Pass,
    /// It is not.
    Fail,
    /// It cannot be told.
    #[default]
    Unknown,
    /// The rule is not about such a machine.
    NotApplicable,
}

impl Outcome {
    /// As records write it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
            Outcome::NotApplicable => "not_applicable",
        }
    }

    /// In a word for people.
    pub fn printed(self) -> &'static str {
        if self == Outcome::NotApplicable { "n/a" } else { self.word() }
    }
}

/// One rule held against one machine.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Finding {
    #[serde(default)]
    pub(crate) policy: String,
    pub(crate) rule: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) required: bool,
    pub(crate) outcome: Outcome,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) expected: Option<Value>,
    pub(crate) expected_states: Option<Vec<String>>,
    pub(crate) found: Option<Value>,
    pub(crate) state: Option<String>,
    #[serde(default)]
    pub(crate) why: String,
    pub(crate) fix: Option<String>,
    pub(crate) last_write: Option<String>,
    pub(crate) place: Option<Place>,
    pub(crate) cross_check: Option<CrossCheck>,
    pub(crate) waived: Option<Waived>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Waived {
    pub(crate) reason: String,
    pub(crate) expires: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CrossCheck {
    pub(crate) result: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Value {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) data: Json,
    pub(crate) raw: String,
}

impl Value {
    /// The data, with its type where that is not `REG_DWORD`.
    pub(crate) fn shown(&self) -> String {
        match &self.data {
            Json::Number(number) if self.kind == "REG_DWORD" => number.to_string(),
            Json::Null => format!("{} ({})", self.raw, self.kind),
            data => format!("{data} ({})", self.kind),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    pub(crate) artifact: String,
    pub(crate) within: Vec<String>,
    pub(crate) offset: Option<u64>,
    pub(crate) line: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Effective {
    pub(crate) tls12: State,
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) dotnet: DotNet,
    pub(crate) ciphers: Ciphers,
    pub(crate) product: Product,
    pub(crate) restart: Restart,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) state: String,
    pub(crate) why: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Protocol {
    pub(crate) protocol: String,
    pub(crate) client: State,
    pub(crate) server: State,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DotNet {
    pub(crate) programs: Vec<Program>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Program {
    pub(crate) tls12: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ciphers {
    pub(crate) tls12: Vec<String>,
    pub(crate) tls12_left: String,
    pub(crate) entra_left: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Product {
    pub(crate) installed: String,
    pub(crate) version: Option<String>,
    pub(crate) facts: Vec<String>,
    pub(crate) windows_support_ends: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Restart {
    pub(crate) pending: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fix {
    pub(crate) reg: Option<String>,
    pub(crate) remarks: Vec<String>,
}

/// What became of an input.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Input {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) named: bool,
    pub(crate) kind: Option<String>,
    pub(crate) outcome: String,
    #[serde(default)]
    pub(crate) incomplete: bool,
    pub(crate) code: Option<String>,
    pub(crate) why: Option<String>,
    pub(crate) next: Option<String>,
    #[serde(default)]
    pub(crate) files: u64,
    #[serde(default)]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[serde(default)]
    pub(crate) images: Vec<Image>,
}

/// A disk image: what reports need of its volumes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Image {
    pub(crate) volumes: Vec<Volume>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Volume {
    pub(crate) shadow_copies: Vec<ShadowCopy>,
}

/// A shadow copy of a volume.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ShadowCopy {
    pub(crate) read: bool,
}

impl Finding {
    /// Whether it fails, and nobody accepts that.
    pub(crate) fn fails(&self) -> bool {
        self.outcome == Outcome::Fail && self.waived.is_none()
    }
}

impl Input {
    /// Whether a report has to name it.
    pub(crate) fn is_unjudged(&self) -> bool {
        self.incomplete || matches!(self.outcome.as_str(), "not_read" | "not_recognised")
    }
}

/// The end of a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct End {
    pub(crate) ended: Option<String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) summary: Summary,
}

/// The sums of a run: those that do not follow from its records, and the others, for runs that have not all of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Summary {
    pub(crate) files: u64,
    pub(crate) other_files: u64,
    pub(crate) hosts: u64,
    pub(crate) compliant: u64,
    pub(crate) not_compliant: u64,
    pub(crate) unknown: u64,
    pub(crate) waived: u64,
    pub(crate) advisory: u64,
    pub(crate) other_hives: u64,
    pub(crate) unreadable: u64,
    pub(crate) left_out: u64,
    pub(crate) missing: u64,
    pub(crate) disagreements: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Diagnostic {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// A record of a saved run, as reports and comparisons see it.
///
/// # Errors
/// When it is not of this form.
pub fn parsed<T: for<'a> Deserialize<'a>>(record: &Json) -> Result<T, serde_json::Error> {
    T::deserialize(record)
}
