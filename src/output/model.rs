//! What reports need of a run's records, read from the records themselves: a run that is going on and one that was saved are
//! rendered from the same thing. Members that decide are always there; others that are not, as in records of an earlier
//! version, are empty.

use std::io;
use std::mem::take;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Shape, json, line};
use crate::audit;
use crate::diagnostic::Code;
use crate::digest::sha256_hex;
use crate::number::wide;
use crate::run::{About, Counts, End as RunEnd, Record as RunRecord};

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
    pub(crate) resumes: Vec<String>,
    pub(crate) options: Vec<String>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) waivers: Option<Waivers>,
    pub(crate) tables: Vec<Table>,
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
    pub(crate) rule: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) reason: String,
    pub(crate) expires: Option<String>,
    pub(crate) expired: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
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

impl Host {
    /// What an overview needs of it, so that little is held of each of many machines.
    pub(crate) fn lean(mut self) -> Self {
        let effective = &mut self.effective;
        let product =
            Product { windows_support_ends: effective.product.windows_support_ends.take(), ..Product::default() };
        let mut effective = Effective {
            tls12: take(&mut effective.tls12),
            protocols: take(&mut effective.protocols),
            product,
            ..Effective::default()
        };
        effective.tls12.why = String::new();
        for protocol in &mut effective.protocols {
            (protocol.client.why, protocol.server.why) = (String::new(), String::new());
        }
        let lean =
            Self { verdict: self.verdict, verdicts: self.verdicts, unit: self.unit, effective, ..Self::default() };
        if lean.verdict == Verdict::Compliant {
            return Self { effective: Effective { protocols: Vec::new(), ..lean.effective }, ..lean };
        }
        let findings = self.findings.into_iter().map(Finding::lean).collect();
        // What tells fixes apart is enough: the text itself is not shown.
        let digest = |fix: Fix| Fix { reg: fix.reg.map(|reg| sha256_hex(reg.as_bytes())), remarks: Vec::new() };
        let (name, windows) = (self.name, self.windows);
        Self { name, windows, findings, fix: self.fix.map(digest), ..lean }
    }
}

impl Finding {
    fn lean(self) -> Self {
        let Self { policy, rule, title, required, outcome, key, expected, found, state, why, waived, .. } = self;
        // Whether it is about a value is asked, and not about which.
        let (key, rule_only) = (key.map(|_| String::new()), Self { required, outcome, ..Self::default() });
        let value = |value: Value| Value { data: Json::Null, ..value };
        match outcome {
            Outcome::Pass | Outcome::NotApplicable => Self { key, ..rule_only },
            Outcome::Unknown => Self { key, why, ..rule_only },
            Outcome::Fail => Self {
                policy,
                rule,
                title,
                key,
                expected: expected.map(value),
                found: found.map(value),
                state,
                waived,
                ..rule_only
            },
        }
    }
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Compliant,
    NotCompliant,
    #[default]
    Unknown,
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Pass,
    Fail,
    #[default]
    Unknown,
    NotApplicable,
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
}

impl Host {
    /// Adds it to the sums of a run.
    pub(crate) fn count(&self, counts: &mut Counts) {
        let waived = self.findings.iter().filter(|finding| finding.waived.is_some()).count();
        let advisory = self.findings.iter().filter(|finding| !finding.required && finding.fails()).count();
        let verdict = match self.verdict {
            Verdict::Compliant => audit::Verdict::Compliant,
            Verdict::NotCompliant => audit::Verdict::NotCompliant,
            Verdict::Unknown => audit::Verdict::Unknown,
        };
        counts.add_host(verdict, waived, advisory);
    }
}

impl Finding {
    /// Whether it fails, and nobody accepts that.
    pub(crate) fn fails(&self) -> bool {
        self.outcome == Outcome::Fail && self.waived.is_none()
    }
}

impl Input {
    /// Adds it to the sums of a run.
    pub(crate) fn count(&self, counts: &mut Counts) {
        let is = |code: Code| self.code.as_deref() == Some(code.as_str());
        counts.unreadable += u64::from(self.incomplete);
        counts.missing += u64::from(is(Code::NoSuchFile));
        counts.other_hives += u64::from(is(Code::OtherHive));
        counts.left_out += if self.outcome == "past" { self.files } else { 0 };
        let differs = |said: &&Diagnostic| said.code == Code::CrossCheckDisagrees.as_str();
        counts.disagreements += wide(self.diagnostics.iter().filter(differs).count());
    }

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

/// The sums that do not follow from the records of a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Summary {
    pub(crate) files: u64,
    pub(crate) other_files: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Diagnostic {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// A part of a saved run, as reports see it.
///
/// # Errors
/// When it is not of this form.
pub fn saved<T: for<'a> Deserialize<'a>>(record: &Json) -> Result<T, serde_json::Error> {
    T::deserialize(record)
}

/// A part of a run that is going on, as it is written, read again.
fn live<T: for<'a> Deserialize<'a>>(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<T> {
    let mut line = Vec::new();
    write(&mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

impl Record {
    /// A record of a run that is going on.
    ///
    /// # Errors
    /// When what is written is not of this form.
    pub fn of_run(record: &RunRecord) -> io::Result<Self> {
        let line = line(record)?;
        Ok(match record {
            RunRecord::Host(_) => Record::Host(serde_json::from_slice(&line)?),
            RunRecord::Input(_) => Record::Input(serde_json::from_slice(&line)?),
        })
    }
}

impl Run {
    /// What a run that is going on is about.
    ///
    /// # Errors
    /// As for [`Record::of_run`].
    pub fn of_run(about: &About) -> io::Result<Self> {
        live(|line| json::begin(about, Shape::Lines, line))
    }
}

impl End {
    /// The end of a run that was going on.
    ///
    /// # Errors
    /// As for [`Record::of_run`].
    pub fn of_run(end: &RunEnd, ended: &str) -> io::Result<Self> {
        live(|line| json::end(end, Some(ended), Shape::Lines, line))
    }
}
