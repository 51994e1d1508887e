//! What reports need of a run's records, read from the records themselves: a run that is going on and one that was saved are
//! rendered from the same thing. Members that are not there, as in records of an earlier version, are empty.

use std::io;
use std::mem::take;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Shape, json};
use crate::digest::sha256_hex;
use crate::run::{About, End as RunEnd, Record as RunRecord};

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
    pub(super) tool: Tool,
    pub(super) folder: String,
    pub(super) started: String,
    pub(super) options: Vec<String>,
    pub(super) policies: Vec<Policy>,
    pub(super) waivers: Option<Waivers>,
    pub(super) tables: Vec<Table>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool {
    pub(super) version: String,
    pub(super) arguments: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) title: String,
    pub(super) date: String,
    pub(super) source: String,
    pub(super) sha256: String,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) why: String,
    pub(super) source: String,
    pub(super) required: bool,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) fix: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Waivers {
    pub(super) file: String,
    pub(super) day: String,
    pub(super) entries: Vec<Waiver>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Waiver {
    pub(super) rule: String,
    pub(super) hosts: Vec<String>,
    pub(super) reason: String,
    pub(super) expires: Option<String>,
    pub(super) expired: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) as_of: String,
    pub(super) sha256: String,
    pub(super) replaced: bool,
}

/// A machine, as one control set of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Host {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) unit: String,
    pub(super) machine: Machine,
    pub(super) verdict: Verdict,
    pub(super) backup: bool,
    pub(super) windows: Windows,
    pub(super) control_set: Option<String>,
    pub(super) inputs: Vec<HostInput>,
    pub(super) notes: Vec<String>,
    pub(super) findings: Vec<Finding>,
    pub(super) effective: Effective,
    pub(super) fix: Option<Fix>,
}

impl Host {
    /// What an overview needs of it, so that little is held of each of many machines.
    pub(super) fn lean(mut self) -> Self {
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
        let lean = Self { verdict: self.verdict, effective, ..Self::default() };
        if lean.verdict == Verdict::Compliant {
            return Self { effective: Effective { protocols: Vec::new(), ..lean.effective }, ..lean };
        }
        let findings = self.findings.into_iter().map(Finding::lean).collect();
        // What tells fixes apart is enough: the text itself is not shown.
        let digest = |fix: Fix| Fix { reg: fix.reg.map(|reg| sha256_hex(reg.as_bytes())), remarks: Vec::new() };
        let (name, unit, windows) = (self.name, self.unit, self.windows);
        Self { name, unit, windows, findings, fix: self.fix.map(digest), ..lean }
    }
}

impl Finding {
    fn lean(self) -> Self {
        let Self { rule, title, required, outcome, key, expected, found, state, why, waived, .. } = self;
        // Whether it is about a value is asked, and not about which.
        let (key, rule_only) = (key.map(|_| String::new()), Self { required, outcome, ..Self::default() });
        let value = |value: Value| Value { data: Json::Null, ..value };
        match outcome {
            Outcome::Pass | Outcome::NotApplicable => Self { key, ..rule_only },
            Outcome::Unknown => Self { key, why, ..rule_only },
            Outcome::Fail => Self {
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
pub(super) struct Machine {
    pub(super) domain: Option<String>,
    pub(super) machine_guid: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Compliant,
    NotCompliant,
    #[default]
    Unknown,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Windows {
    pub(super) product: Option<String>,
    pub(super) build: Option<u32>,
    pub(super) revision: Option<u32>,
    pub(super) display_version: Option<String>,
    pub(super) architecture: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct HostInput {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) sha256: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Pass,
    Fail,
    #[default]
    Unknown,
    NotApplicable,
}

/// One rule held against one machine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Finding {
    pub(super) rule: String,
    pub(super) title: String,
    pub(super) required: bool,
    pub(super) outcome: Outcome,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) expected: Option<Value>,
    pub(super) expected_states: Option<Vec<String>>,
    pub(super) found: Option<Value>,
    pub(super) state: Option<String>,
    pub(super) why: String,
    pub(super) fix: Option<String>,
    pub(super) last_write: Option<String>,
    pub(super) place: Option<Place>,
    pub(super) cross_check: Option<CrossCheck>,
    pub(super) waived: Option<Waived>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Waived {
    pub(super) reason: String,
    pub(super) expires: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CrossCheck {
    pub(super) result: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Value {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) data: Json,
    pub(super) raw: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    pub(super) artifact: String,
    pub(super) within: Vec<String>,
    pub(super) offset: Option<u64>,
    pub(super) line: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Effective {
    pub(super) tls12: State,
    pub(super) protocols: Vec<Protocol>,
    pub(super) dotnet: DotNet,
    pub(super) ciphers: Ciphers,
    pub(super) product: Product,
    pub(super) restart: Restart,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct State {
    pub(super) state: String,
    pub(super) why: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Protocol {
    pub(super) protocol: String,
    pub(super) client: State,
    pub(super) server: State,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct DotNet {
    pub(super) programs: Vec<Program>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Program {
    pub(super) tls12: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ciphers {
    pub(super) tls12: Vec<String>,
    pub(super) tls12_left: String,
    pub(super) entra_left: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Product {
    pub(super) installed: String,
    pub(super) version: Option<String>,
    pub(super) facts: Vec<String>,
    pub(super) windows_support_ends: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Restart {
    pub(super) pending: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fix {
    pub(super) reg: Option<String>,
    pub(super) remarks: Vec<String>,
}

/// What became of an input.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Input {
    pub(super) path: String,
    pub(super) kind: Option<String>,
    pub(super) outcome: String,
    pub(super) incomplete: bool,
    pub(super) code: Option<String>,
    pub(super) why: Option<String>,
    pub(super) next: Option<String>,
    pub(super) files: u64,
}

impl Input {
    /// Whether a report has to name it.
    pub(super) fn is_unjudged(&self) -> bool {
        self.incomplete || matches!(self.outcome.as_str(), "not_read" | "not_recognised")
    }
}

/// The end of a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct End {
    pub(super) ended: Option<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Diagnostic {
    pub(super) code: String,
    pub(super) message: String,
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
        Ok(match record {
            RunRecord::Host(host) => Record::Host(Box::new(live(|line| json::host_record(host, Shape::Lines, line))?)),
            RunRecord::Input(input) => {
                Record::Input(Box::new(live(|line| json::input_record(input, Shape::Lines, line))?))
            }
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
