//! The machine that a file is computed for.

use std::path::PathBuf;

use super::super::StateArgs;
use super::super::exit::Failure;
use super::super::stderr;
use super::Target;
use crate::audit::{HostReport, audit, effective};
use crate::error::At;
use crate::host::{Host, Input, InputKind, Options, Wanted, group, open};
use crate::limits::Limits;
use crate::place::Place;
use crate::plan::{self, Changeset};
use crate::policy::Policy;
use crate::registry::Lookup;
use crate::registry::change::{Change, Changes};
use crate::registry::path::KeyPath;
use crate::source::{Artifact, discover};

/// A machine as it is.
pub(super) struct State {
    pub(super) host: Host,
    /// Every file that is read for it.
    pub(super) files: Vec<PathBuf>,
    pub(super) limits: Limits,
}

impl State {
    /// Opens the one machine that the inputs are. `keys` and `trees` are looked at besides what audits look at.
    pub(super) fn open(
        args: &StateArgs,
        target: Target,
        policy: &Policy,
        keys: &[KeyPath],
        trees: &[KeyPath],
    ) -> Result<Self, Failure> {
        let limits = Limits::default();
        let search = args.disk.search(&args.log, args.no_logs, args.include_backups);
        let found = discover(&args.inputs, &search, &limits);
        let (groups, mut remarks, _) = group(&found.artifacts, args.join, &limits);
        remarks.extend(found.diagnostics);
        let (mut interest, mut all) = effective::interest();
        interest.extend(policy.keys());
        interest.extend_from_slice(keys);
        all.extend_from_slice(trees);
        let control_set = match target {
            Target::Current => Wanted::Current,
            Target::Number(n) => Wanted::Number(n),
        };
        let options = Options {
            control_set,
            codepage: args.codepage,
            registry_pol: args.registry_pol.into(),
            reg_is: args.reg_is.into(),
            digest: true,
            interest: &interest,
            trees: &all,
            ..Options::new(&limits)
        };
        let mut hosts = Vec::new();
        for group in &groups {
            let (opened, more) = open(group, &options);
            remarks.extend(more);
            hosts.extend(opened);
        }
        for remark in remarks.iter().filter(|remark| remark.severity > crate::diagnostic::Severity::Note) {
            stderr::warning(format_args!("{}: {}", remark.place, remark.message));
        }
        let mut files: Vec<PathBuf> = found.artifacts.iter().flat_map(Artifact::files).collect();
        files.extend(args.inputs.iter().chain(&args.log).chain(&found.containers).cloned());
        match <[Host; 1]>::try_from(hosts) {
            Ok([host]) => Ok(Self { host, files, limits }),
            Err(hosts) if hosts.is_empty() => Err(Failure::Message("--for: no machine was found".to_owned())),
            Err(hosts) => Err(Failure::Lines(several(&hosts))),
        }
    }

    pub(super) fn audit(&self, policy: &Policy) -> HostReport {
        audit(policy, &self.host)
    }

    /// The machine as it would be after these changes.
    pub(super) fn after(&self, changes: &[&[Change]]) -> Host {
        let place = Place::new(&"the plan".into(), At::Whole);
        let import = |changes: &&[Change]| Changes {
            changes: changes.iter().map(|change| (change.clone(), place.clone())).collect(),
            first: (!changes.is_empty()).then(|| place.clone()),
            ..Changes::default()
        };
        let imports: Vec<Changes> = changes.iter().map(import).collect();
        self.host.after(&imports, &self.limits)
    }

    /// Whether the value that is to be deleted is known not to be there: opening its key would create that for nothing.
    pub(super) fn lacks(&self, change: &Change) -> bool {
        let Change::DeleteValue { key, name } = change else { return false };
        matches!(self.host.registry.get(key, name), Lookup::KeyAbsent | Lookup::ValueAbsent(_))
    }

    /// Says in the file which machine it was computed from.
    pub(super) fn name(&self, changeset: &mut Changeset) {
        let shown = |input: &Input| {
            let what = match &input.kind {
                InputKind::Hive { hive, .. } => hive.to_string(),
                InputKind::Log(hive) => format!("log of {hive}"),
                InputKind::RegFile { .. } => ".reg file".to_owned(),
                InputKind::PolicyFile(form) => form.clone(),
                _ => return None,
            };
            let digest = input.sha256.as_ref().and_then(|digest| digest.clone().ok());
            Some((what, input.name.to_string(), digest.unwrap_or_else(|| "unknown".to_owned())))
        };
        let inputs: Vec<_> = self.host.inputs.iter().filter_map(shown).collect();
        let set = self.host.control_set.as_ref().map(|set| set.name.as_str());
        changeset.remarks.extend(plan::state(&self.host.name, set, &inputs));
    }
}

fn several(hosts: &[Host]) -> Vec<String> {
    let n = hosts.len();
    let many = format!("--for: {n} machines or control sets, where one is needed (--control-set and --join choose):");
    let one = |host: &Host| {
        let set = host.control_set.as_ref().map(|set| format!(", {}", set.name)).unwrap_or_default();
        let inputs: Vec<String> = host.inputs.iter().map(|input| input.name.to_string()).collect();
        format!("  {}{set}: {}", host.name, inputs.join(", "))
    };
    std::iter::once(many).chain(hosts.iter().map(one)).collect()
}
