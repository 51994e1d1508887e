//! The machines that files are computed for.

use std::path::PathBuf;

use super::super::args::StateArgs;
use super::Target;
use crate::audit::effective;
use crate::diagnostic::{Diagnostic, Severity};
use crate::host::{Group, HiveKind, Host, Input, InputKind, Options, Pick, Recovery, Wanted, group, open};
use crate::limits::Limits;
use crate::plan::Machine;
use crate::policy::Policy;
use crate::source::{Artifact, Entry, discover};
use crate::windows::path::KeyPath;

/// What the inputs are: machines that are not opened yet, and the rest.
pub(super) struct Found {
    groups: Vec<Group>,
    /// Every file that is read.
    pub(super) files: Vec<PathBuf>,
    /// What there is to say of the inputs.
    pub(super) remarks: Vec<Diagnostic>,
    /// What became of each file that no machine is made of.
    pub(super) ledger: Vec<Entry>,
    limits: Limits,
}

/// A machine as it is.
pub(super) struct State<'a> {
    pub(super) host: Host,
    /// What the readers have to say that may make a difference.
    pub(super) remarks: Vec<String>,
    limits: &'a Limits,
}

/// What is looked at of a machine.
pub(super) struct Looked<'a> {
    pub(super) args: &'a StateArgs,
    pub(super) target: Target,
    pub(super) policy: &'a Policy,
    /// Keys besides those that audits look at.
    pub(super) keys: &'a [KeyPath],
    /// The same, with everything below them.
    pub(super) trees: &'a [KeyPath],
}

/// Remarks of readers that stand in a file.
const REMARKS: usize = 20;

impl Found {
    pub(super) fn new(args: &StateArgs) -> Self {
        let limits = Limits::default();
        let search = args.disk.search(&args.log, args.no_logs, args.include_backups);
        let found = discover(&args.inputs, &search, &limits);
        let grouped = group(&found.artifacts, args.join, &limits);
        let (groups, mut remarks, mut ledger) = (grouped.groups, grouped.diagnostics, found.ledger);
        remarks.extend(found.diagnostics);
        ledger.extend(grouped.others);
        let mut files: Vec<PathBuf> = found.artifacts.iter().flat_map(Artifact::files).collect();
        files.extend(args.inputs.iter().chain(&args.log).chain(&found.containers).cloned());
        Self { groups, files, remarks, ledger, limits }
    }

    /// Opens the machines that are asked for, one at a time. The remarks are those of their own files.
    pub(super) fn each<E>(
        &self,
        looked: &Looked<'_>,
        mut take: impl FnMut(State<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut interest, mut all) = effective::interest();
        interest.extend(looked.policy.keys());
        interest.extend_from_slice(looked.keys);
        all.extend_from_slice(looked.trees);
        let control_set = match looked.target {
            Target::Current => Wanted::Current,
            Target::Number(n) => Wanted::Number(n),
        };
        let args = looked.args;
        let options = Options {
            control_set,
            codepage: args.codepage,
            registry_pol: args.registry_pol.into(),
            reg_is: args.reg_is.into(),
            digest: true,
            interest: &interest,
            trees: &all,
            pick: Pick::new(&args.host),
            ..Options::new(&self.limits)
        };
        for group in &self.groups {
            let (hosts, remarks) = open(group, &options);
            for host in hosts {
                let about = self.remarks.iter().filter(|remark| self.groups.len() == 1 || is_about(remark, &host));
                let remarks = lines(about.chain(&remarks));
                take(State { host, remarks, limits: &self.limits })?;
            }
        }
        Ok(())
    }
}

impl State<'_> {
    /// The machine, as plans ask for it.
    pub(super) fn machine(&self) -> Machine<'_> {
        Machine { host: &self.host, remarks: &self.remarks, limits: self.limits }
    }

    /// Why nothing is written for a hive that is dirty, and whose logs were not applied.
    pub(super) fn is_dirty(&self) -> Option<String> {
        let (input, hive) = dirty(&self.host)?;
        let what = "is dirty, and its transaction logs were not applied (--require-clean)";
        Some(format!("{}: the {hive} hive {what}", input.name))
    }
}

/// Whether a remark is on a file of the machine, or on what that lies in.
fn is_about(remark: &Diagnostic, host: &Host) -> bool {
    host.inputs.iter().any(|input| input.name.starts_with(&*remark.place.artifact))
}

/// What may make a difference to a plan.
pub(super) fn lines<'a>(remarks: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<String> {
    let said = remarks.into_iter().filter(|remark| remark.severity > Severity::Note);
    said.map(|remark| format!("{}: {}", remark.place, remark.message)).collect()
}

/// The first of many remarks, and how many more there are.
pub(super) fn first(mut remarks: Vec<String>) -> Vec<String> {
    let more = remarks.len().saturating_sub(REMARKS);
    if more > 0 {
        remarks.truncate(REMARKS);
        remarks.push(format!("{more} more remarks on what was read are not repeated here"));
    }
    remarks
}

/// The hive that is dirty, if one is, and its logs were not applied.
fn dirty(host: &Host) -> Option<(&Input, HiveKind)> {
    host.inputs.iter().find_map(|input| match &input.kind {
        InputKind::Hive { hive, recovery: Recovery::Dirty { .. }, .. } => Some((input, *hive)),
        _ => None,
    })
}
