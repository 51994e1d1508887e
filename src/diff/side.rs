//! One of the two runs: what is kept of its records.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Identity;
use crate::saved::Saved;

/// A run, as far as it is compared.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// What it is called: a file, or what was audited.
    pub name: String,
    /// When it was started.
    pub started: String,
    /// The version of the program.
    pub tool: String,
    /// The policies that machines were held against.
    pub policies: BTreeSet<Policy>,
    /// The options that decide verdicts.
    pub options: Vec<String>,
    /// The tables of what Windows does of itself, with their days, where the run says that.
    pub tables: Option<Json>,
    /// The machines.
    pub machines: Vec<Machine>,
    /// Inputs that could hold a machine and were not read.
    pub not_read: Vec<NotRead>,
    /// Why what follows is missing, where the run is not whole.
    pub broken: Option<String>,
    /// Folders that were named: paths are compared below them.
    roots: Vec<String>,
}

/// A policy, as a run names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its text.
    pub sha256: String,
}

/// A machine, as one control set of it.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Which it is.
    pub identity: Identity,
    /// Where it lies.
    pub unit: String,
    /// Its verdict: `compliant`, `not_compliant`, `unknown`.
    pub verdict: String,
    /// Product, version and build of Windows; not its updates, which come each month.
    pub windows: String,
    /// The version of Entra Connect, if that is installed.
    pub product: String,
    /// The files that it was read from.
    pub inputs: Vec<String>,
    /// What became of each rule.
    pub findings: Vec<Finding>,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Id of the policy whose rule it is; empty in runs that do not say that.
    pub policy: String,
    /// Id of the rule.
    pub rule: String,
    /// Whether it decides the verdict.
    pub required: bool,
    /// `pass`, `fail`, `unknown`, `not_applicable`.
    pub outcome: String,
    /// Why the failure does not count, and until when.
    pub waived: Option<String>,
    /// What was found, for people.
    pub found: String,
    /// When the key was last written.
    pub last_write: Option<String>,
    /// Why the outcome is what it is.
    pub why: String,
}

/// An input that could hold a machine and was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// Its path.
    pub path: String,
    /// Why.
    pub why: String,
}

impl Side {
    /// A run without records yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Takes the next record.
    pub fn take(&mut self, record: &Saved) {
        match record {
            Saved::Run(run) => {
                self.started = text(run, "started");
                self.tool = run.pointer("/tool/version").and_then(Json::as_str).unwrap_or_default().to_owned();
                self.options = list(run, "options").filter_map(Json::as_str).map(str::to_owned).collect();
                self.tables = run.get("tables").cloned();
                self.policies.extend(list(run, "policies").map(|policy| Policy {
                    id: text(policy, "id"),
                    version: text(policy, "version"),
                    sha256: text(policy, "sha256"),
                }));
            }
            Saved::Host(host) => self.machines.push(Machine::new(host)),
            Saved::Input(input) => {
                let is = |name: &str| input.get(name) == Some(&Json::Bool(true));
                if is("named") && text(input, "kind") == "folder" {
                    self.roots.push(text(input, "path"));
                }
                if is("incomplete") {
                    self.not_read.push(NotRead { path: text(input, "path"), why: text(input, "why") });
                }
            }
            Saved::End(_) => {}
        }
    }

    /// A path below the folder that was named.
    pub(super) fn below<'p>(&self, path: &'p str) -> &'p str {
        let below = |root: &String| Some(path.strip_prefix(root.as_str())?.trim_start_matches(['/', '\\']));
        self.roots.iter().filter_map(below).min_by_key(|rest| rest.len()).unwrap_or(path)
    }
}

impl Machine {
    fn new(host: &Json) -> Self {
        let version = host.pointer("/effective/product/version").and_then(Json::as_str);
        Self {
            identity: Identity {
                name: text(host, "name"),
                guid: host.pointer("/machine/machine_guid").and_then(Json::as_str).map(str::to_owned),
                control_set: host.get("control_set").and_then(Json::as_str).map(str::to_owned),
                backup: host.get("backup") == Some(&Json::Bool(true)),
            },
            unit: text(host, "unit"),
            verdict: text(host, "verdict"),
            windows: windows(host.get("windows").unwrap_or(&Json::Null)),
            product: version.unwrap_or_default().to_owned(),
            inputs: list(host, "inputs").map(|input| text(input, "name")).collect(),
            findings: list(host, "findings").map(finding).collect(),
        }
    }
}

fn windows(windows: &Json) -> String {
    let build = windows.get("build").and_then(Json::as_u64).map(|build| format!("build {build}"));
    let parts = [text(windows, "product"), text(windows, "display_version"), build.unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn finding(finding: &Json) -> Finding {
    let waived = finding.get("waived").filter(|waived| waived.is_object());
    Finding {
        policy: text(finding, "policy"),
        rule: text(finding, "rule"),
        required: finding.get("required") == Some(&Json::Bool(true)),
        outcome: text(finding, "outcome"),
        waived: waived.map(|waived| match waived.get("expires").and_then(Json::as_str) {
            Some(last) => format!("{} (until {last})", text(waived, "reason")),
            None => text(waived, "reason"),
        }),
        found: found(finding),
        last_write: finding.get("last_write").and_then(Json::as_str).map(str::to_owned),
        why: text(finding, "why"),
    }
}

/// What was found: a state, data with its type where that is not `REG_DWORD`, or that nothing is set.
fn found(finding: &Json) -> String {
    if let Some(state) = finding.get("state").and_then(Json::as_str) {
        return state.to_owned();
    }
    let Some(value) = finding.get("found").filter(|value| value.is_object()) else {
        return match text(finding, "outcome").as_str() {
            "unknown" => "unknown".to_owned(),
            "not_applicable" => "n/a".to_owned(),
            _ => "not set".to_owned(),
        };
    };
    let kind = text(value, "type");
    match value.get("data") {
        Some(Json::Number(number)) if kind == "REG_DWORD" => number.to_string(),
        Some(Json::Null) | None => format!("{} ({kind})", text(value, "raw")),
        Some(data) => format!("{data} ({kind})"),
    }
}

fn text(json: &Json, name: &str) -> String {
    json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn list<'j>(json: &'j Json, name: &str) -> impl Iterator<Item = &'j Json> {
    json.get(name).and_then(Json::as_array).into_iter().flatten()
}
