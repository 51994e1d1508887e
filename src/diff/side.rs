//! One of the two runs: what is kept of its records.

use std::collections::BTreeSet;

use super::Identity;
use crate::saved::Saved;
use crate::saved::record::{self, Host, Input, Outcome, Run, Table, Verdict, parsed};

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
    pub(super) tables: Vec<Table>,
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
    /// Its verdict.
    pub verdict: Verdict,
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
    /// Whether it is met.
    pub outcome: Outcome,
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
    ///
    /// # Errors
    /// When it is not of its form, and cannot be compared.
    pub fn take(&mut self, record: &Saved) -> serde_json::Result<()> {
        match record {
            Saved::Run(run) => self.run(parsed(run)?),
            Saved::Host(host) => self.machines.push(Machine::new(parsed(host)?)),
            Saved::Input(input) => self.input(parsed(input)?),
            Saved::End(_) => {}
        }
        Ok(())
    }

    fn run(&mut self, run: Run) {
        // What it does not hold would look as if it were gone, or new.
        self.broken = match &run.shard {
            Some(shard) => Some(format!("it is shard {shard}, which has a part of the machines")),
            None if run.only.is_empty() => None,
            None => Some(format!("it has no other machines than these: {}", run.only.join(", "))),
        };
        self.started = run.started;
        self.tool = run.tool.version;
        self.options = run.options;
        self.tables = run.tables;
        let policies = run.policies.into_iter();
        self.policies.extend(policies.map(|p| Policy { id: p.id, version: p.version, sha256: p.sha256 }));
    }

    fn input(&mut self, input: Input) {
        if input.named && input.kind.as_deref() == Some("folder") {
            self.roots.push(input.path.clone());
        }
        if input.incomplete {
            self.not_read.push(NotRead { path: input.path, why: input.why.unwrap_or_default() });
        }
    }

    /// A path below the folder that was named.
    pub(super) fn below<'p>(&self, path: &'p str) -> &'p str {
        let below = |root: &String| Some(path.strip_prefix(root.as_str())?.trim_start_matches(['/', '\\']));
        self.roots.iter().filter_map(below).min_by_key(|rest| rest.len()).unwrap_or(path)
    }
}

impl Machine {
    fn new(host: Host) -> Self {
        let Host { name, unit, machine, verdict, control_set, backup, windows, inputs, findings, effective, .. } = host;
        Self {
            identity: Identity { name, guid: machine.machine_guid, control_set, backup },
            unit,
            verdict,
            windows: self::windows(&windows),
            product: effective.product.version.unwrap_or_default(),
            inputs: inputs.into_iter().map(|input| input.name).collect(),
            findings: findings.into_iter().map(finding).collect(),
        }
    }
}

fn windows(windows: &record::Windows) -> String {
    let build = windows.build.map(|build| format!("build {build}"));
    let parts = [windows.product.clone(), windows.display_version.clone(), build];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn finding(finding: record::Finding) -> Finding {
    let found = found(&finding);
    let record::Finding { policy, rule, required, outcome, waived, last_write, why, .. } = finding;
    let waived = waived.map(|waived| match waived.expires {
        Some(last) => format!("{} (until {last})", waived.reason),
        None => waived.reason,
    });
    Finding { policy, rule, required, outcome, waived, found, last_write, why }
}

/// What was found: a state, data with its type where that is not `REG_DWORD`, or that nothing is set.
fn found(finding: &record::Finding) -> String {
    match (&finding.state, &finding.found, finding.outcome) {
        (Some(state), ..) => state.clone(),
        (None, Some(value), _) => value.shown(),
        (None, None, Outcome::Pass | Outcome::Fail) => "not set".to_owned(),
        (None, None, outcome) => outcome.printed().to_owned(),
    }
}
