//! The machines that files are computed for.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::args::GenerateArgs;
use super::super::exit::Failure;
use super::super::{audit, progress};
use super::Target;
use crate::diagnostic::{Diagnostic, Severity};
use crate::host::{HiveKind, Host, Input, InputKind, Options, Pick, Recovery, Wanted};
use crate::limits::Limits;
use crate::plan::Machine;
use crate::policy::Policy;
use crate::run::{Entry, InputRecord, Inputs, Inspection, Met, open_each};
use crate::windows::path::KeyPath;

/// A machine as it is.
pub(super) struct State<'a> {
    pub(super) host: &'a Host,
    /// What the readers have to say that may make a difference.
    pub(super) remarks: Vec<String>,
    limits: &'a Limits,
}

/// What is looked at of a machine.
pub(super) struct Looked<'a> {
    pub(super) args: &'a GenerateArgs,
    pub(super) target: Target,
    pub(super) policy: &'a Policy,
    /// Keys besides those that audits look at.
    pub(super) keys: &'a [KeyPath],
    /// The same, with everything below them.
    pub(super) trees: &'a [KeyPath],
}

/// What the inputs are, besides machines.
#[derive(Default)]
pub(super) struct Found {
    /// Every file that is read.
    pub(super) files: Vec<PathBuf>,
    /// What there is to say of them that may make a difference.
    pub(super) remarks: Vec<String>,
    /// What could hold a machine and was not read.
    pub(super) unread: Vec<Entry>,
}

impl Found {
    fn take(&mut self, input: InputRecord) {
        self.remarks.extend(lines(&input.diagnostics));
        self.files.extend(input.entry.path.clone());
        if input.entry.counts {
            self.unread.push(input.entry);
        }
    }
}

/// Remarks of readers that stand in a file.
const REMARKS: usize = 20;

/// Opens the machines that are asked for, several at a time, and makes something of each; `take` gets that in the order of the
/// inputs.
pub(super) fn each<T: Send>(
    looked: &Looked<'_>,
    make: impl Fn(State<'_>) -> T + Sync,
    mut take: impl FnMut(T),
) -> Result<Found, Failure> {
    let limits = Limits::default();
    let args = &looked.args.state;
    let control_set = match looked.target {
        Target::Current => Wanted::Current,
        Target::Number(n) => Wanted::Number(n),
    };
    let options = Options {
        control_set,
        codepage: args.codepage,
        registry_pol: args.registry_pol.into(),
        reg_is: args.reg_is.into(),
        digest: true,
        interest: looked.keys,
        trees: looked.trees,
        pick: Pick::new(&args.host),
        ..Options::new(&limits)
    };
    let progress = Arc::default();
    let inspection = Inspection {
        search: args.disk.search(&args.log, args.no_logs, args.include_backups),
        join: args.join,
        jobs: audit::jobs(looked.args.jobs),
        progress: Some(&progress),
        ..Inspection::new(looked.policy, &options)
    };
    let look = |met: Met<'_>| match met {
        Met::Machine(host, remarks) => {
            let files = || host.inputs.iter().map(|input| &*input.name);
            let asked: Vec<usize> = options.pick.numbers(&host.name, host.machine.name.as_deref(), files).collect();
            Ok((asked, make(State { host, remarks: lines(remarks), limits: &limits })))
        }
        Met::Input(input) => Err(input),
    };
    let mut asked = BTreeSet::new();
    let mut found = Found::default();
    found.files.extend(args.inputs.iter().chain(&args.log).cloned());
    let take = |came: Result<(Vec<usize>, T), Box<InputRecord>>| {
        match came {
            Ok((by, made)) => {
                asked.extend(by);
                take(made);
            }
            Err(input) => found.take(*input),
        }
        Ok::<(), Failure>(())
    };
    let _shown = progress::show(&progress, &looked.args.progress, false);
    open_each(Inputs::Named(&args.inputs), &inspection, look, take)?;
    match options.pick.missing(&asked).collect::<Vec<_>>().as_slice() {
        [] => Ok(found),
        missing => Err(format!("--host: no machine is called {} or lies there", missing.join(" or ")).into()),
    }
}

impl State<'_> {
    /// The machine, as plans ask for it.
    pub(super) fn machine(&self) -> Machine<'_> {
        Machine { host: self.host, remarks: &self.remarks, judged: None, limits: self.limits }
    }

    /// Why nothing is written for a hive that is dirty, and whose logs were not applied.
    pub(super) fn is_dirty(&self) -> Option<String> {
        let (input, hive) = dirty(self.host)?;
        let what = "is dirty, and its transaction logs were not applied (--require-clean)";
        Some(format!("{}: the {hive} hive {what}", input.name))
    }
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
