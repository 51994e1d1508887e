//! Plans for one machine: what they change there, and what that makes of it.

use std::collections::BTreeMap;

use super::remarks::state;
use super::undo::{remarks, undo};
use super::values::{self, Wanted};
use super::{Made, Plan, PlanError, Request, defaults, fix, switch, tls12_only};
use crate::audit::effective::FIRST_WITH_TLS13;
use crate::audit::{Finding, HostReport, audit, weakened};
use crate::error::At;
use crate::host::Host;
use crate::limits::Limits;
use crate::place::Place;
use crate::policy::Rule;
use crate::registry::change::{Change, Changes};
use crate::registry::{Lookup, Registry};
use crate::windows::path::KeyPath;

/// A machine that a plan is made for.
#[derive(Clone, Copy)]
pub struct Machine<'a> {
    /// It, as it is: with nothing laid over it.
    pub host: &'a Host,
    /// What else there is to know of what it was read from.
    pub remarks: &'a [String],
    /// What an audit by the policy of the request says of it, where somebody has asked already.
    pub judged: Option<&'a HostReport>,
    /// Budgets.
    pub limits: &'a Limits,
}

impl Plan {
    /// Computes the changes for one machine.
    ///
    /// # Errors
    /// As for [`Plan::anywhere`], but for the machine.
    pub fn machine(self, request: &Request<'_>, machine: &Machine<'_>) -> Result<Made, PlanError> {
        let mut made = self.changes(request, machine)?;
        machine.name(&mut made);
        if self != Plan::Fix {
            let after = audit(request.policy, &machine.after(&[&made.changeset.changes]));
            worse(&mut made, &audit(request.policy, machine.host), &after);
        }
        Ok(made)
    }

    fn changes(self, request: &Request<'_>, machine: &Machine<'_>) -> Result<Made, PlanError> {
        let host = machine.host;
        let mut made = match self {
            Plan::Enable | Plan::Disable => switch::switch(self, request)?,
            Plan::Only => tls12_only::tls12_only(request, machine.has_tls13(), host.windows.architecture.has_wow64())?,
            Plan::Defaults => defaults::defaults(request)?,
            Plan::Fix => fix::fix(request, machine)?,
        };
        if host.windows.architecture.has_wow64() == Some(false) {
            let node = KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node");
            let all = made.changeset.changes.len();
            made.changeset.changes.retain(|change| change.key().below(&node).is_none());
            if made.changeset.changes.len() < all {
                made.changeset
                    .remarks
                    .push("This Windows is 32-bit: it has no WOW6432Node, so nothing is written there.".to_owned());
            }
        }
        if self == Plan::Defaults {
            made.changeset.changes.retain(|change| !machine.lacks(change));
            if made.changeset.changes.is_empty() {
                made.changeset.remarks.push("None of them is set: there is nothing to delete.".to_owned());
                made.note("nothing to delete: none of the values is set");
            }
        }
        Ok(made)
    }

    /// The keys that the plan may change, whatever the machine is.
    ///
    /// # Errors
    /// As for [`Plan::anywhere`].
    pub fn keys(self, request: &Request<'_>) -> Result<Vec<KeyPath>, PlanError> {
        if self != Plan::Fix {
            let changes = self.anywhere(request)?.changeset.changes;
            return Ok(changes.iter().map(Change::key).cloned().chain(request.policy.keys()).collect());
        }
        let values = request.chosen()?.into_iter().flat_map(values::wanted).chain(values::dotnet_views(None));
        Ok(values.map(|value| request.key(&value.key)).collect())
    }

    /// Every change that the plan may make: on this machine, and where nothing was known of it.
    ///
    /// # Errors
    /// As for [`Plan::machine`].
    pub fn either(self, request: &Request<'_>, machine: Option<&Machine<'_>>) -> Result<Vec<Change>, PlanError> {
        let mut changes = Vec::new();
        if self != Plan::Fix {
            changes.extend(self.anywhere(request)?.changeset.changes);
        }
        if let Some(machine) = machine {
            changes.extend(self.changes(request, machine)?.changeset.changes);
        }
        Ok(changes)
    }
}

impl Request<'_> {
    /// Undoes `changes` (`of` says what they are, before the name of the policy) once they are made to the machine.
    ///
    /// # Errors
    /// Where it cannot be told what is there now, naming the key or value: there is no guess.
    pub fn undo(&self, of: &str, changes: &[Change], machine: &Machine<'_>) -> Result<Made, PlanError> {
        let registry = &machine.host.registry;
        let back = undo(changes, registry, machine.limits.overlay_keys)?;
        let mut made = Made::new(remarks(self, of), back);
        machine.name(&mut made);
        let changed = machine.after(&[changes]);
        let back = machine.after(&[changes, &made.changeset.changes]);
        for change in changes.iter().chain(&made.changeset.changes) {
            same(change, registry, &back.registry)?;
        }
        if made.changeset.changes.is_empty() {
            made.note("nothing to undo: the change leaves everything as it is");
        }
        worse(&mut made, &audit(self.policy, &changed), &audit(self.policy, &back));
        Ok(made)
    }
}

impl Machine<'_> {
    /// The machine as it would be after these imports.
    pub(super) fn after(&self, imports: &[&[Change]]) -> Host {
        let place = Place::new(&"the plan".into(), At::Whole);
        let import = |changes: &&[Change]| Changes {
            changes: changes.iter().map(|change| (change.clone(), place.clone())).collect(),
            first: (!changes.is_empty()).then(|| place.clone()),
            ..Changes::default()
        };
        let imports: Vec<Changes> = imports.iter().map(import).collect();
        self.host.after(&imports, self.limits)
    }

    /// Whether its Windows has TLS 1.3, where that is known.
    pub(super) fn has_tls13(&self) -> Option<bool> {
        self.host.windows.build.map(|build| build >= FIRST_WITH_TLS13)
    }

    /// Whether a value is as it should be.
    pub(super) fn has(&self, wanted: &Wanted) -> bool {
        let there = self.host.registry.get(&wanted.key, &wanted.name);
        matches!(there, Lookup::Found(found) if found.value == wanted.value)
    }

    /// Whether the value that is to be deleted is known not to be there: opening its key would create that for nothing.
    fn lacks(&self, change: &Change) -> bool {
        let Change::DeleteValue { key, name } = change else { return false };
        matches!(self.host.registry.get(key, name), Lookup::KeyAbsent | Lookup::ValueAbsent(_))
    }

    /// Says which machine it is, and what a plan for it rests on.
    fn name(&self, made: &mut Made) {
        made.changeset.remarks.extend(state(self));
        made.changeset.remarks.extend(self.remarks.iter().map(|remark| format!("Note: {remark}")));
        if self.host.backup {
            let what = "the hives are a copy that Windows keeps aside, not what the machine runs on";
            made.mind(what);
        }
        for note in self.host.notes.iter().chain(&self.host.remarks()) {
            made.mind(note);
        }
        if let Some(next) = self.host.control_set.as_ref().and_then(|set| set.next.as_ref()) {
            let set = self.host.control_set.as_ref().map_or("", |set| set.name.as_str());
            made.mind(&format!(
                "the next start uses {next} (Select\\Default), which this does not reach: it is about {set}, which is in use now"
            ));
        }
    }
}

impl Made {
    /// Says what a plan for a machine rests on.
    fn mind(&mut self, what: &str) {
        self.changeset.remarks.push(format!("Note: {what}"));
        self.warn(what);
    }
}

/// What became of each rule of each policy.
pub(super) struct Findings<'a>(BTreeMap<(&'a str, &'a str), &'a Finding>);

impl<'a> Findings<'a> {
    pub(super) fn of(report: &'a HostReport) -> Self {
        Self(
            report
                .findings
                .iter()
                .map(|finding| ((&*finding.rule.policy, finding.rule.id.as_str()), finding))
                .collect(),
        )
    }

    pub(super) fn get(&self, rule: &Rule) -> Option<&'a Finding> {
        self.0.get(&(&*rule.policy, rule.id.as_str())).copied()
    }
}

/// Says what gets worse.
fn worse(made: &mut Made, before: &HostReport, after: &HostReport) {
    for what in weakened(&before.effective, &after.effective) {
        made.remark(&format!("WEAKENS: {what}."));
    }
}

/// Whether a key and its value are back as they were.
fn same(change: &Change, before: &Registry, after: &Registry) -> Result<(), PlanError> {
    use Lookup::{Found, KeyAbsent, ValueAbsent};
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
    let why = "it cannot be told that an undo puts it back exactly, so none is written";
    Err(PlanError::NotPutBack { what: key.to_string(), why: why.to_owned() })
}

/// The keys that changes are about, and those above them: what must be read to undo them.
pub fn above<'a>(keys: impl IntoIterator<Item = &'a KeyPath>) -> Vec<KeyPath> {
    let keys: std::collections::BTreeSet<&KeyPath> = keys.into_iter().collect();
    let mut all = std::collections::BTreeSet::new();
    for key in keys {
        let names = key.names();
        all.extend((2..=names.len()).filter_map(|n| names.get(..n)).map(|names| KeyPath(names.to_vec())));
    }
    all.into_iter().collect()
}
