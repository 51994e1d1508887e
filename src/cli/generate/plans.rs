//! Which plan, and of what.

use std::path::{Path, PathBuf};

use super::super::args::{GenerateArgs, PlanArg, StateArgs};
use super::super::exit::Failure;
use super::super::overlay;
use super::super::similar::did_you_mean;
use super::super::stderr;

use super::Target;
use super::state::State;
use crate::diagnostic::Severity;
use crate::limits::Limits;
use crate::plan::{Made, Plan, Request, above};
use crate::policy::Policy;
use crate::registry::change::{Change, Changes};
use crate::registry::reg_file::Interest;
use crate::windows::path::KeyPath;

/// What an undo is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Of {
    Plan(Plan),
    File(PathBuf),
}

/// The plans by their names.
const PLANS: [(&str, Plan); 5] = [
    ("enable", Plan::Enable),
    ("disable", Plan::Disable),
    ("only", Plan::Only),
    ("defaults", Plan::Defaults),
    ("fix", Plan::Fix),
];

/// Tells a plan from a file: the name of a plan is the plan, whatever files there are.
pub(in crate::cli) fn of(text: &str) -> Result<Of, String> {
    if let Some((_, plan)) = PLANS.iter().find(|(name, _)| *name == text) {
        return Ok(Of::Plan(*plan));
    }
    let path = Path::new(text);
    let like_a_plan = text == "undo" || !text.contains(['/', '.', std::path::MAIN_SEPARATOR]);
    if like_a_plan && !path.exists() {
        let names = PLANS.map(|(name, _)| name);
        let meant = did_you_mean(text, names);
        return Err(format!(
            "no plan and no file is called that{meant}; expected one of {}, or a file",
            names.join(", ")
        ));
    }
    Ok(Of::File(path.to_owned()))
}

/// What is asked for, and what it is asked of.
pub(super) struct Asked<'a> {
    pub(super) args: &'a GenerateArgs,
    pub(super) policy: &'a Policy,
    pub(super) number: Option<u32>,
}

impl Asked<'_> {
    fn open(&self, keys: &[KeyPath], trees: &[KeyPath]) -> Result<State, Failure> {
        let target = self.number.map_or(Target::Current, Target::Number);
        State::open(&self.args.state, target, self.policy, keys, trees)
    }

    fn request(&self) -> Request<'_> {
        Request { policy: self.policy, values: &self.args.values, control_set: self.number }
    }

    /// What is to be written, and the machine, where there is one.
    pub(super) fn made(&self) -> Result<(Made, Option<State>), Failure> {
        let Some(plan) = plan(self.args.plan) else { return self.undo() };
        if self.args.state.inputs.is_empty() {
            return Ok((plan.anywhere(&self.request())?, None));
        }
        let state = self.open(&[], &[])?;
        let made = plan.machine(&self.request(), &state.machine())?;
        Ok((made, Some(state)))
    }

    fn undo(&self) -> Result<(Made, Option<State>), Failure> {
        if self.args.state.inputs.is_empty() {
            return Err(Failure::Message("undo needs the machine before the change: --for INPUT".to_owned()));
        }
        let request = self.request();
        let (state, changes, of) = match &self.args.state.of {
            Of::Plan(plan) => {
                let changes = plan.either(&request, None)?;
                let keys = above(changes.iter().map(Change::key).chain(&self.policy.keys()));
                let state = self.open(&keys, &[])?;
                // Whether the file was written for this machine or for any: what either changes is put back.
                let changes = plan.either(&request, Some(&state.machine()))?;
                (state, changes, format!("the plan \"{}\" for", name(*plan)))
            }
            Of::File(path) => {
                let changes = self.file(path)?;
                let deleted = |change: &Change| matches!(change, Change::DeleteKey(_)).then(|| change.key().clone());
                let trees: Vec<KeyPath> = changes.iter().filter_map(deleted).collect();
                let state = self.open(&above(changes.iter().map(Change::key)), &trees)?;
                (state, changes, format!("the import of {}; held against", path.display()))
            }
        };
        let made = request.undo(&of, &changes, &state.machine())?;
        Ok((made, Some(state)))
    }

    fn file(&self, path: &Path) -> Result<Vec<Change>, Failure> {
        let mut everything = Interest::new();
        everything.everything(&KeyPath::default());
        let limits = Limits::default();
        let StateArgs { codepage, registry_pol, .. } = self.args.state;
        let files = overlay::read(&[path.to_path_buf()], &everything, codepage, registry_pol, false, &limits)?;
        let mut all = Vec::new();
        for file in files {
            for remark in file.diagnostics.iter().filter(|remark| remark.severity == Severity::Warning) {
                stderr::warning(format_args!("{}: {}", remark.place, remark.message));
            }
            let Changes { changes, doubts, stopped, .. } = file.changes;
            let doubt = doubts.into_iter().map(|(_, error, place)| (error, place)).next();
            if let Some((error, place)) = stopped.or(doubt) {
                let what = format!("{place}: what the import changes cannot be told: {error}");
                return Err(Failure::Message(what));
            }
            all.extend(changes.into_iter().map(|(change, _)| change));
        }
        Ok(all)
    }
}

/// The plan that an argument names; none for an undo.
fn plan(arg: PlanArg) -> Option<Plan> {
    match arg {
        PlanArg::Enable => Some(Plan::Enable),
        PlanArg::Disable => Some(Plan::Disable),
        PlanArg::Only => Some(Plan::Only),
        PlanArg::Defaults => Some(Plan::Defaults),
        PlanArg::Fix => Some(Plan::Fix),
        PlanArg::Undo => None,
    }
}

fn name(plan: Plan) -> &'static str {
    PLANS.iter().find(|(_, known)| *known == plan).map_or("", |(name, _)| name)
}
