//! One of the two runs: what is kept of its records.

use std::collections::BTreeSet;

use super::Identity;
use crate::place::INTO;
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
    /// Files whose import is judged before it is done, with their digests.
    pub overlays: Vec<String>,
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
    /// Everything that was named.
    named: BTreeSet<String>,
}

/// Where something lies: the number of the folder that was named, in the order of the command line, and the path below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Below<'p> {
    pub(super) root: Option<usize>,
    pub(super) path: &'p str,
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
    /// Its verdict under each policy, where there are several.
    pub(super) by_policy: Vec<(String, Verdict)>,
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
        self.about(&run);
        // What it does not hold would look as if it were gone, or new.
        self.broken = match &run.shard {
            Some(shard) => Some(format!("it is shard {shard}, which has a part of the machines")),
            None if !run.resumes.is_empty() => {
                Some(format!("it goes on with {}, and has not what that is done with", run.resumes.join(", ")))
            }
            None if run.only.is_empty() => None,
            None => Some(format!("it has no other machines than these: {}", run.only.join(", "))),
        };
        self.started = run.started;
        self.tool = run.tool.version;
        self.tables = run.tables;
        let policies = run.policies.into_iter();
        self.policies.extend(policies.map(|p| Policy { id: p.id, version: p.version, sha256: p.sha256 }));
    }

    fn input(&mut self, input: Input) {
        if input.named {
            self.named.insert(input.path.clone());
        }
        if input.named && input.kind.as_deref() == Some("folder") {
            self.roots.push(input.path.clone());
        }
        if input.incomplete {
            self.not_read.push(NotRead { path: input.path, why: input.why.unwrap_or_default() });
        }
    }

    /// Whether this run looked where a machine of an earlier one lay: what was named there is named here too, or both have but one
    /// input.
    pub fn looked_at(&self, old: &Side, machine: &Machine) -> bool {
        let of_machine = |root: &&String| below(root, &machine.unit).is_some();
        let is_one = self.named.len() == 1 && old.named.len() == 1;
        is_one || old.named.iter().filter(of_machine).any(|root| self.named.contains(root))
    }

    /// A path below the folder that was named, and which of several such folders that is.
    pub(super) fn below<'p>(&self, path: &'p str) -> Below<'p> {
        let below = |(number, root): (usize, &String)| Some(Below { root: Some(number), path: below(root, path)? });
        let found = self.roots.iter().enumerate().filter_map(below).min_by_key(|below| below.path.len());
        found.unwrap_or(Below { root: None, path })
    }

    /// Takes what a run is about, as far as verdicts rest on it.
    fn about(&mut self, run: &Run) {
        let overlays = run.overlays.iter().map(|overlay| format!("{} ({})", overlay.file, overlay.sha256));
        self.overlays = overlays.collect();
        // Which machines are asked for and what is accepted changes no verdict.
        let decides =
            |option: &&String| !["--host ", "--allow ", "--overlay "].iter().any(|other| option.starts_with(other));
        self.options = run.options.iter().filter(decides).cloned().collect();
    }
}

/// A path below what was named: a folder, an image, an archive.
fn below<'p>(root: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(root)?;
    let is_below =
        rest.is_empty() || rest.starts_with(['/', '\\']) || rest.starts_with(INTO) || root.ends_with(['/', '\\']);
    is_below.then(|| rest.trim_start_matches(['/', '\\']))
}

impl Machine {
    fn new(host: Host) -> Self {
        let Host { name, unit, machine, verdict, control_set, backup, windows, inputs, findings, effective, .. } = host;
        let by_policy = host.verdicts.into_iter().map(|judged| (judged.policy, judged.verdict)).collect();
        Self {
            identity: Identity { name, guid: machine.machine_guid, control_set, backup },
            unit,
            verdict,
            by_policy,
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
