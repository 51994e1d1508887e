//! `audit`: a policy and a host in, findings and a verdict out. No input or output, no clock, no printing.

mod check;
pub mod effective;
mod report;
pub mod restart;

use crate::host::Host;
use crate::policy::Policy;

pub use effective::{Effective, effective};
pub use report::{Finding, HostReport, Outcome, Report, Seen, Verdict};

/// Holds a host against a policy.
pub fn audit(policy: &Policy, host: &Host) -> HostReport {
    let effective = effective(&host.registry, &host.windows);
    let findings: Vec<Finding> = policy.rules.iter().map(|rule| check::check(rule, host)).collect();
    HostReport {
        name: host.name.clone(),
        verdict: Verdict::of(&findings),
        windows: host.windows.clone(),
        control_set: host.control_set.as_ref().map(|set| set.name.clone()),
        backup: host.backup,
        inputs: host.inputs.clone(),
        notes: host.notes.clone(),
        pages_read: host.pages_read(),
        findings,
        effective,
    }
}
