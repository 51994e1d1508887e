//! Which plan, and of what.

use std::path::{Path, PathBuf};

use super::super::args::{GenerateArgs, PlanArg, StateArgs};
use super::super::exit::Failure;
use super::super::overlay;
use super::super::similar::did_you_mean;
use super::super::stderr;

use super::Target;
use super::state::{Looked, State};
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

/// What is to be done to each machine, and what is to be known of it for that.
pub(super) struct Work {
    does: Does,
    keys: Vec<KeyPath>,
    trees: Vec<KeyPath>,
}

enum Does {
    Plan(Plan),
    UndoPlan(Plan),
    /// Undo the changes of a file: these, and what they are.
    UndoFile(Vec<Change>, String),
}

impl<'a> Asked<'a> {
    fn target(&self) -> Target {
        self.number.map_or(Target::Current, Target::Number)
    }

    fn request(&self) -> Request<'_> {
        Request { policy: self.policy, values: &self.args.values, control_set: self.number }
    }

    /// What is to be written for any machine.
    pub(super) fn anywhere(&self) -> Result<Made, Failure> {
        let Some(plan) = plan(self.args.plan) else {
            return Err(Failure::Message("undo needs the machine before the change: --for INPUT".to_owned()));
        };
        let set = self.number.map(|number| format!("ControlSet{number:03}"));
        self.elsewhere(plan.anywhere(&self.request())?, set.as_deref())
    }

    /// What is to be done to each machine of the inputs.
    pub(super) fn work(&self) -> Result<Work, Failure> {
        let request = self.request();
        let (keys, trees) = (Vec::new(), Vec::new());
        match (plan(self.args.plan), &self.args.state.of) {
            (Some(plan), _) => Ok(Work { does: Does::Plan(plan), keys, trees }),
            (None, Of::Plan(plan)) => {
                let touched = plan.keys(&request)?;
                Ok(Work { does: Does::UndoPlan(*plan), keys: above(&touched), trees })
            }
            (None, Of::File(path)) => {
                let changes = self.file(path)?;
                let deleted = |change: &Change| matches!(change, Change::DeleteKey(_)).then(|| change.key().clone());
                let trees: Vec<KeyPath> = changes.iter().filter_map(deleted).collect();
                let keys = above(changes.iter().map(Change::key));
                let of = format!("the import of {}; held against", path.display());
                Ok(Work { does: Does::UndoFile(changes, of), keys, trees })
            }
        }
    }

    /// What of a machine is looked at for that.
    pub(super) fn looked(&'a self, work: &'a Work) -> Looked<'a> {
        let (keys, trees) = (work.keys.as_slice(), work.trees.as_slice());
        Looked { args: self.args, target: self.target(), policy: self.policy, keys, trees }
    }

    /// What is to be written for a machine.
    pub(super) fn made(&self, work: &Work, state: &State<'_>) -> Result<Made, Failure> {
        if let Some(why) = state.is_dirty().filter(|_| self.args.state.require_clean) {
            return Err(Failure::Message(why));
        }
        let (request, machine) = (self.request(), state.machine());
        let made = match &work.does {
            Does::Plan(plan) => plan.machine(&request, &machine)?,
            Does::UndoPlan(plan) => {
                // Whether the file was written for this machine or for any: what either changes is put back.
                let changes = plan.either(&request, Some(&machine))?;
                request.undo(&format!("the plan \"{}\" for", name(*plan)), &changes, &machine)?
            }
            Does::UndoFile(changes, of) => request.undo(of, changes, &machine)?,
        };
        self.elsewhere(made, state.host.control_set.as_ref().map(|set| set.name.as_str()))
    }

    /// The same for hives that are loaded under other names, if there are such.
    fn elsewhere(&self, made: Made, set: Option<&str>) -> Result<Made, Failure> {
        if self.args.root.is_empty() { Ok(made) } else { Ok(made.under(&self.args.root, set)?) }
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
        PlanArg::Undo | PlanArg::Collector => None,
    }
}

/// The name of a plan, as it is asked for.
pub(super) fn word(arg: PlanArg) -> &'static str {
    plan(arg).map_or("undo", name)
}

fn name(plan: Plan) -> &'static str {
    PLANS.iter().find(|(_, known)| *known == plan).map_or("", |(name, _)| name)
}
