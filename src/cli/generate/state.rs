//! The machine that a file is computed for.

use std::path::PathBuf;

use super::super::args::StateArgs;
use super::super::exit::Failure;
use super::super::stderr;
use super::Target;
use crate::audit::effective;
use crate::diagnostic::Severity;
use crate::host::{HiveKind, Host, Input, InputKind, Options, Recovery, Wanted, group, open};
use crate::limits::Limits;
use crate::plan::Machine;
use crate::policy::Policy;
use crate::source::{Artifact, discover};
use crate::windows::path::KeyPath;

/// A machine as it is.
pub(super) struct State {
    pub(super) host: Host,
    /// Every file that is read for it.
    pub(super) files: Vec<PathBuf>,
    /// What the readers have to say that may make a difference.
    remarks: Vec<String>,
    limits: Limits,
}

/// Remarks of readers that stand in a file; they are all on standard error.
const REMARKS: usize = 20;

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
        let grouped = group(&found.artifacts, args.join, &limits);
        let (groups, mut remarks) = (grouped.groups, grouped.diagnostics);
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
        let said = remarks.iter().filter(|remark| remark.severity > Severity::Note);
        let mut remarks: Vec<String> = said.map(|remark| format!("{}: {}", remark.place, remark.message)).collect();
        remarks.iter().for_each(stderr::warning);
        let more = remarks.len().saturating_sub(REMARKS);
        if more > 0 {
            remarks.truncate(REMARKS);
            remarks.push(format!("{more} more remarks on what was read are not repeated here"));
        }
        let mut files: Vec<PathBuf> = found.artifacts.iter().flat_map(Artifact::files).collect();
        files.extend(args.inputs.iter().chain(&args.log).chain(&found.containers).cloned());
        match <[Host; 1]>::try_from(hosts) {
            Ok([host]) => match dirty(&host).filter(|_| args.require_clean) {
                Some((input, hive)) => {
                    let what = "is dirty, and its transaction logs were not applied (--require-clean)";
                    Err(Failure::Message(format!("{}: the {hive} hive {what}", input.name)))
                }
                None => Ok(Self { host, files, remarks, limits }),
            },
            Err(hosts) if hosts.is_empty() => Err(Failure::Message("--for: no machine was found".to_owned())),
            Err(hosts) => Err(Failure::Lines(several(&hosts))),
        }
    }

    /// The machine, as plans ask for it.
    pub(super) fn machine(&self) -> Machine<'_> {
        Machine { host: &self.host, remarks: &self.remarks, limits: &self.limits }
    }
}

/// The hive that is dirty, if one is, and its logs were not applied.
fn dirty(host: &Host) -> Option<(&Input, HiveKind)> {
    host.inputs.iter().find_map(|input| match &input.kind {
        InputKind::Hive { hive, recovery: Recovery::Dirty { .. }, .. } => Some((input, *hive)),
        _ => None,
    })
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
