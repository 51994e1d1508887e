//! `audit`: a policy and a host in, findings and a verdict out. No input or output, no clock, no printing.

mod check;
mod only;
mod report;
mod states;
mod waive;

use crate::host::Host;
use crate::policy::Policy;

pub use report::{Finding, HostReport, Outcome, Report, Seen, Verdict, Waived};
pub use states::{Installed, NoStates, States};
pub use waive::waive;

/// Holds a host against a policy.
pub fn audit(policy: &Policy, host: &Host) -> HostReport {
    audit_with(policy, host, &states::of(host))
}

/// Holds a host against a policy; rules about effective states are answered by `states`.
pub fn audit_with(policy: &Policy, host: &Host, states: &dyn States) -> HostReport {
    let findings: Vec<Finding> = policy.rules.iter().map(|rule| check::check(rule, host, states)).collect();
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
    }
}
