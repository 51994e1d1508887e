//! Back to what Windows ships with.

use std::collections::BTreeSet;

use super::remarks::head;
use super::{Made, PlanError, Request, values};
use crate::registry::change::Change;

/// What that means where nothing is known of the machine.
pub(super) const WARNING: [&str; 3] = [
    "What Windows does without these values depends on its release: before Windows 8 and Server 2012, TLS 1.1 and 1.2 are off",
    "by default, and SSL 3.0 and TLS 1.0 are on; .NET Framework programs for 4.5.2 or older fall back to SSL 3.0 and TLS 1.0",
    "on every release. --for INPUT tells what gets worse on a machine.",
];

/// Deletes the values that the rules are about; their keys stay.
pub(super) fn defaults(request: &Request<'_>) -> Result<Made, PlanError> {
    let mut changes: Vec<Change> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut left_out = Vec::new();
    for rule in request.settable()? {
        let values = values::wanted(rule);
        if values.is_empty() {
            left_out.push(rule.id.clone());
        }
        for wanted in values {
            let (key, name) = (request.key(&wanted.key), wanted.name);
            if seen.insert((key.folded(), name.folded())) {
                changes.push(Change::DeleteValue { key, name });
            }
        }
    }
    if changes.is_empty() {
        let why = "the rules that are asked for name no value that could be deleted";
        return Err(PlanError::NoValue { policy: request.policy.id.clone(), rule: None, why });
    }
    let remarks = head("Returns to what Windows ships with: deletes the values that are named by", request);
    let mut made = Made::new(remarks, changes);
    made.leave_out(left_out, "these rules are not about a value that could be deleted");
    Ok(made)
}
