//! Back to what Windows ships with.

use super::remarks::head;
use super::{Changeset, chosen, in_numbered_set, values};
use crate::policy::Policy;
use crate::registry::change::Change;

/// What that means where nothing is known of the machine.
pub const DEFAULTS_WARNING: [&str; 3] = [
    "What Windows does without these values depends on its release: before Windows 8 and Server 2012, TLS 1.1 and 1.2 are off",
    "by default, and SSL 3.0 and TLS 1.0 are on; .NET Framework programs for 4.5.2 or older fall back to SSL 3.0 and TLS 1.0",
    "on every release. --for INPUT tells what gets worse on a machine.",
];

/// Deletes the values that the rules are about; their keys stay.
///
/// # Errors
/// When `only` names a rule that the policy does not have, and when no value is left.
pub fn defaults(policy: &Policy, only: &[String], control_set: Option<u32>) -> Result<Changeset, String> {
    let mut changes: Vec<Change> = Vec::new();
    let mut left_out = Vec::new();
    for rule in chosen(policy, only)? {
        let values = values::of(rule);
        if values.is_empty() {
            left_out.push(rule.id.clone());
        }
        for wanted in values {
            let (key, name) = (in_numbered_set(&wanted.key, control_set), wanted.name);
            let same = |change: &Change| {
                matches!(change, Change::DeleteValue { key: k, name: n }
                if k.folded() == key.folded() && n.matches(name.units()))
            };
            if !changes.iter().any(same) {
                changes.push(Change::DeleteValue { key, name });
            }
        }
    }
    if changes.is_empty() {
        return Err(format!("policy {}: no value can be deleted for the rules that are asked for", policy.id));
    }
    let remarks = head("Returns to what Windows ships with: deletes the values that are named by", policy, control_set);
    Ok(Changeset { remarks, changes, left_out })
}
