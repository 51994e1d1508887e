//! Files of Group Policy that lie on a machine: what they would set that is not so now. They are facts, and touch no verdict.

use std::collections::BTreeSet;

use super::overlay::layout;
use super::{Host, Input, InputKind, Kept, Options};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::place::Place;
use crate::registry::change::{Change, Changes};
use crate::registry::group_policy::{self, Owner};
use crate::registry::reg_file::Interest;
use crate::registry::{Listing, Lookup, Registry};
use crate::source::{Artifact, Kind, PolicyPlace, place};
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::Value;

/// A file of Group Policy on a machine.
#[derive(Debug, Clone)]
pub struct MachinePolicy {
    /// The file.
    pub input: Input,
    /// What it is to the machine, by where it lies.
    pub place: PolicyPlace,
    /// Why it is not known what it sets, if so.
    pub unread: Option<Error>,
    /// What it would change, of what is asked about; nothing where that was not looked at.
    pub would: Vec<Would>,
}

/// A change that a policy would make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Would {
    /// The key.
    pub key: KeyPath,
    /// What becomes of it, or of a value in it.
    pub what: WouldBe,
    /// Where the file says so.
    pub place: Place,
}

/// What a policy would make of a key or value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WouldBe {
    /// The value would be this.
    Set(Name, Value),
    /// The value would be deleted.
    Deleted(Name),
    /// The key would be deleted.
    KeyDeleted,
    /// Something at or below the key may change, which depends on the client.
    Perhaps(String),
}

/// A file that was read.
pub(super) struct Read {
    policy: MachinePolicy,
    changes: Changes,
}

/// Reads the files of Group Policy that lie on a machine.
pub(super) fn read(artifacts: &[Artifact], options: &Options<'_>) -> (Vec<Read>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let read = artifacts.iter().filter_map(|artifact| {
        let Kind::PolicyFile(form) = artifact.kind else { return None };
        let place = place(&artifact.path);
        let input = Input::artifact(artifact, InputKind::PolicyFile(form.to_string()), options.digest);
        let mut policy = MachinePolicy { input, place, unread: None, would: Vec::new() };
        if matches!(place, PolicyPlace::Users | PolicyPlace::Domain) {
            return Some(Read { policy, changes: Changes::default() });
        }
        let changes = match artifact.open() {
            Ok(file) => {
                let owner = (place != PolicyPlace::Other).then_some(Owner::Machine);
                let local = artifact.container().is_none().then_some(&*artifact.path);
                let layout = layout(&artifact.name, local, owner);
                let (changes, remarks) = group_policy::read(&*file, &artifact.name, layout, form, options.limits);
                diagnostics.extend(remarks);
                policy.unread = changes.stopped.as_ref().map(|(error, _)| error.clone());
                changes
            }
            Err(error) => {
                policy.unread = Some(error);
                Changes::default()
            }
        };
        Some(Read { policy, changes })
    });
    (read.collect(), diagnostics)
}

/// What they would change on this host, as it is without overlays.
pub(super) fn held_against(read: &[Read], host: &Host, kept: &Kept<'_>, options: &Options<'_>) -> Vec<MachinePolicy> {
    let in_use = host.control_set.as_ref().is_none_or(|set| set.in_use);
    let policies = read.iter().map(|read| {
        let mut policy = read.policy.clone();
        // Policy is written to the set in use.
        if in_use && policy.unread.is_none() {
            policy.would = would(&read.changes, host, kept.interest(), options);
        }
        policy
    });
    policies.collect()
}

fn would(changes: &Changes, host: &Host, interest: &Interest, options: &Options<'_>) -> Vec<Would> {
    let asked = || changes.changes.iter().filter(|(change, _)| interest.touched_by(change));
    let doubts = changes.doubts.iter().filter(|(key, ..)| interest.reaches(key));
    let mut would: Vec<Would> = doubts
        .map(|(key, why, place)| {
            let what = WouldBe::Perhaps(why.to_string());
            Would { key: key.clone(), what, place: place.clone() }
        })
        .collect();
    if asked().next().is_none() {
        return would;
    }
    let mut told: BTreeSet<KeyPath> = BTreeSet::new();
    let import = Changes { doubts: Vec::new(), ..changes.clone() };
    let (now, after) = (&host.registry.without_overlay(), &host.after(&[import], options.limits).registry);
    for (change, place) in asked() {
        let key = change.key();
        let values: Vec<Name> = match change {
            Change::Set { name, .. } | Change::DeleteValue { name, .. } => vec![name.clone()],
            Change::DeleteValues(_) => match now.value_names(key) {
                Listing::Found { names, .. } => names,
                _ => Vec::new(),
            },
            Change::DeleteKey(_) => {
                if matches!(now.key(key), Lookup::ValueAbsent(_)) && after.key(key) == Lookup::KeyAbsent {
                    would.push(Would { key: key.clone(), what: WouldBe::KeyDeleted, place: place.clone() });
                }
                continue;
            }
            Change::CreateKey(_) => continue,
        };
        for name in values {
            let Some(what) = changed(now, after, key, &name) else { continue };
            let path = KeyPath(key.names().iter().chain([&name]).cloned().collect());
            if told.insert(path.folded()) {
                would.push(Would { key: key.clone(), what, place: place.clone() });
            }
        }
    }
    would
}

/// What becomes of a value, if it is not so already.
fn changed(now: &Registry, after: &Registry, key: &KeyPath, name: &Name) -> Option<WouldBe> {
    match (now.get(key, name), after.get(key, name)) {
        (Lookup::Found(now), Lookup::Found(after)) if now.value == after.value => None,
        (_, Lookup::Found(after)) => Some(WouldBe::Set(name.clone(), after.value)),
        (Lookup::Found(_), Lookup::ValueAbsent(_) | Lookup::KeyAbsent) => Some(WouldBe::Deleted(name.clone())),
        _ => None,
    }
}
