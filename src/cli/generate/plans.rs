//! The plans: which changes, and what they make of a machine.

use std::path::Path;

use super::super::exit::Failure;
use super::super::overlay;
use super::super::stderr::{note, warning};
use super::super::{GenerateArgs, PlanArg, StateArgs};
use super::Target;
use super::state::State;
use crate::audit::{HostReport, Outcome, audit, weakened};
use crate::diagnostic::Severity;
use crate::limits::Limits;
use crate::plan::{self, Changeset, DEFAULTS_WARNING, DISABLE_WARNING, Fix, Judged, Plan};
use crate::policy::{Policy, Rule};
use crate::registry::change::{Change, Changes};
use crate::registry::path::KeyPath;
use crate::registry::reg_file::Interest;

/// What is asked for, and what it is asked of.
pub(super) struct Asked<'a> {
    pub(super) args: &'a GenerateArgs,
    pub(super) policy: &'a Policy,
    pub(super) number: Option<u32>,
}

/// The first build that has TLS 1.3: Windows Server 2022.
const TLS13: u32 = 20348;

impl Asked<'_> {
    fn open(&self, keys: &[KeyPath], trees: &[KeyPath]) -> Result<State, Failure> {
        let target = self.number.map_or(Target::Current, Target::Number);
        State::open(&self.args.state, target, self.policy, keys, trees)
    }

    /// The changeset of any plan but `undo`, and the machine, where there is one.
    pub(super) fn changeset(&self) -> Result<(Changeset, Option<State>), Failure> {
        let wanted = !self.args.state.inputs.is_empty();
        let state = wanted.then(|| self.open(&[], &[])).transpose()?;
        let plan = self.args.plan;
        let mut changeset = self.of(plan, state.as_ref())?;
        let Some(state) = state else {
            if plan == PlanArg::Defaults {
                changeset.remarks.extend(DEFAULTS_WARNING.map(str::to_owned));
                warning(DEFAULTS_WARNING.join(" "));
            }
            return Ok((changeset, None));
        };
        state.name(&mut changeset);
        if plan != PlanArg::Fix {
            let after = audit(self.policy, &state.after(&[&changeset.changes]));
            worse(&mut changeset, &weakened(&state.audit(self.policy).effective, &after.effective));
        }
        Ok((changeset, Some(state)))
    }

    fn of(&self, plan: PlanArg, state: Option<&State>) -> Result<Changeset, Failure> {
        let (policy, values) = (self.policy, &self.args.values);
        Ok(match plan {
            PlanArg::Enable => Plan::Enable.changeset(policy, values, self.number)?,
            PlanArg::Disable => Plan::Disable.changeset(policy, values, self.number)?,
            PlanArg::Only => {
                let tls13 = state.and_then(|state| state.host.windows.build).map(|build| build >= TLS13);
                let wow64 = state.and_then(|state| state.host.windows.architecture.has_wow64());
                plan::only(policy, values, tls13, wow64, self.number)?
            }
            PlanArg::Defaults => {
                let mut changeset = plan::defaults(policy, values, self.number)?;
                if let Some(state) = state {
                    changeset.changes.retain(|change| !state.lacks(change));
                    if changeset.changes.is_empty() {
                        changeset.remarks.push("None of them is set: there is nothing to delete.".to_owned());
                        note("nothing to delete: none of the values is set");
                    }
                }
                changeset
            }
            PlanArg::Fix => match state {
                Some(state) => self.fix(state)?,
                None => {
                    return Err(Failure::Message("fix needs the machine that is to be fixed: --for INPUT".to_owned()));
                }
            },
            PlanArg::Undo => return Err(Failure::Message("an undo is not undone".to_owned())),
        })
    }

    fn fix(&self, state: &State) -> Result<Changeset, Failure> {
        let before = state.audit(self.policy);
        let judged = |rule: &Rule| match finding(&before, rule) {
            Some((Outcome::Fail, _)) => Judged::Fails,
            Some((Outcome::Unknown, why)) => Judged::Unknown(why),
            _ => Judged::Well,
        };
        let mut fix = plan::fix(self.policy, &self.args.values, &judged, self.number)?;
        let audited = |changes: &[Change]| audit(self.policy, &state.after(&[changes]));
        let mut after = audited(&fix.changeset.changes);
        if !weakened(&before.effective, &after.effective).is_empty() {
            for change in fix.changeset.changes.clone() {
                let alone = audited(std::slice::from_ref(&change));
                if let Some(why) = weakened(&before.effective, &alone.effective).first() {
                    fix.leave_out(&change, why);
                    warning(format_args!("{}: left out, it would weaken: {why}", change.key()));
                }
            }
            after = audited(&fix.changeset.changes);
            if let Some(why) = weakened(&before.effective, &after.effective).first() {
                return Err(Failure::Message(format!("the fix would weaken the machine, so it is not written: {why}")));
            }
        }
        self.leftovers(&mut fix, &after);
        if fix.compliant {
            let what = format!("nothing to fix: {} meets policy {}", state.host.name, self.policy.id);
            fix.changeset.remarks.push("Nothing fails: there is nothing to write.".to_owned());
            note(what);
        } else if fix.changeset.changes.is_empty() {
            note("no value can be written for what fails or cannot be judged; the remarks in the file name it");
        }
        Ok(fix.changeset)
    }

    /// Names what fails after the import as well.
    fn leftovers(&self, fix: &mut Fix, after: &HostReport) {
        let states = fix.states.clone();
        let written = self.policy.rules.iter().filter(|rule| {
            let set = |change: &Change| rule.setting().is_some_and(|setting| writes(change, setting, self.number));
            fix.changeset.changes.iter().any(set)
        });
        let written: Vec<Rule> = written.cloned().collect();
        for rule in states.iter().chain(&written) {
            match finding(after, rule) {
                Some((Outcome::Pass | Outcome::NotApplicable, _)) | None => {}
                Some((_, why)) => fix.not_fixed(rule, &why),
            }
        }
    }

    pub(super) fn undo(&self) -> Result<(Changeset, State), Failure> {
        if self.args.state.inputs.is_empty() {
            return Err(Failure::Message("undo needs the machine before the change: --for INPUT".to_owned()));
        }
        let (state, changes) = self.undone()?;
        let registry = &state.host.registry;
        let of = match (self.plan_undone(), &self.args.state.of) {
            (Some(_), of) => format!("the plan \"{of}\" for"),
            (None, file) => format!("the import of {file}; held against"),
        };
        let keys = state.limits.overlay_keys;
        let mut undo = plan::undo(self.policy, &of, &changes, registry, self.number, keys)?;
        state.name(&mut undo);
        let changed = state.after(&[&changes]);
        let back = state.after(&[&changes, &undo.changes]);
        for change in changes.iter().chain(&undo.changes) {
            same(change, &state.host.registry, &back.registry)?;
        }
        let (before, after) = (audit(self.policy, &changed), audit(self.policy, &back));
        if undo.changes.is_empty() {
            note("nothing to undo: the change leaves everything as it is");
        }
        worse(&mut undo, &weakened(&before.effective, &after.effective));
        Ok((undo, state))
    }

    /// The machine, and the changes that are to be undone.
    fn undone(&self) -> Result<(State, Vec<Change>), Failure> {
        if let Some(plan) = self.plan_undone() {
            let mut changes = Vec::new();
            if plan != PlanArg::Fix {
                changes.extend(self.of(plan, None)?.changes);
            }
            let keys: Vec<KeyPath> =
                changes.iter().map(|change| change.key().clone()).chain(self.policy.keys()).collect();
            let state = self.open(&above(&keys), &[])?;
            // Whether the file was written for this machine or for any: what either changes is put back.
            changes.extend(self.of(plan, Some(&state))?.changes);
            return Ok((state, changes));
        }
        let changes = self.file(Path::new(&self.args.state.of))?;
        let deleted = |change: &Change| matches!(change, Change::DeleteKey(_)).then(|| change.key().clone());
        let trees: Vec<KeyPath> = changes.iter().filter_map(deleted).collect();
        let keys: Vec<KeyPath> = changes.iter().map(|change| change.key().clone()).collect();
        Ok((self.open(&above(&keys), &trees)?, changes))
    }

    /// The plan that is to be undone, unless it is a file.
    fn plan_undone(&self) -> Option<PlanArg> {
        match self.args.state.of.as_str() {
            "enable" => Some(PlanArg::Enable),
            "disable" => Some(PlanArg::Disable),
            "only" => Some(PlanArg::Only),
            "defaults" => Some(PlanArg::Defaults),
            "fix" => Some(PlanArg::Fix),
            _ => None,
        }
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
                warning(format_args!("{}: {}", remark.place, remark.message));
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

/// What became of a rule.
fn finding(report: &HostReport, rule: &Rule) -> Option<(Outcome, String)> {
    report.findings.iter().find(|finding| finding.rule.id == rule.id).map(|f| (f.outcome, f.why.clone()))
}

fn writes(change: &Change, setting: &crate::policy::Setting, number: Option<u32>) -> bool {
    let Change::Set { key, name, .. } = change else { return false };
    let set = number.map(|n| format!("ControlSet{n:03}"));
    let wanted = match &set {
        Some(set) => crate::registry::in_control_set(&setting.key, &set.as_str().into()),
        None => setting.key.clone(),
    };
    wanted.folded() == key.folded() && setting.value.matches(name.units())
}

/// The keys, and those above them.
fn above(keys: &[KeyPath]) -> Vec<KeyPath> {
    let mut all: Vec<KeyPath> = Vec::new();
    for key in keys {
        let names = key.names();
        let paths = (2..=names.len()).filter_map(|n| names.get(..n)).map(|names| KeyPath(names.to_vec()));
        all.extend(paths);
    }
    all.sort();
    all.dedup();
    all
}

/// Says in the file and on standard error what gets worse.
fn worse(changeset: &mut Changeset, worse: &[String]) {
    for line in plan::weakens(worse) {
        warning(&line);
        changeset.remarks.push(line);
    }
}

/// Whether a key and its value are back as they were.
fn same(change: &Change, before: &crate::registry::Registry, after: &crate::registry::Registry) -> Result<(), Failure> {
    use crate::registry::Lookup::{Found, KeyAbsent, ValueAbsent};
    let key = change.key();
    let keys = (before.key(key), after.key(key));
    let there = matches!(keys, (ValueAbsent(_), ValueAbsent(_)) | (KeyAbsent, KeyAbsent));
    let value = match change {
        Change::Set { name, .. } | Change::DeleteValue { name, .. } => {
            match (before.get(key, name), after.get(key, name)) {
                (Found(a), Found(b)) => a.value == b.value,
                (ValueAbsent(_), ValueAbsent(_)) | (KeyAbsent, KeyAbsent) => true,
                _ => false,
            }
        }
        _ => true,
    };
    if there && value {
        return Ok(());
    }
    Err(Failure::Message(format!("{key}: it cannot be told that an undo puts it back exactly, so none is written")))
}

/// What stands on standard error of a plan that is not recommended.
pub(super) fn not_recommended(plan: PlanArg) {
    if plan == PlanArg::Disable {
        warning(DISABLE_WARNING.join(" "));
    }
}
