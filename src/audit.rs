//! `audit`: a policy and a host in, findings and a verdict out. No input or output, no clock, no printing.

mod applies;
mod check;
mod deciding;
pub mod effective;
pub mod history;
mod report;
pub mod restart;
mod second;
mod states;
mod waive;
mod weakened;

use crate::host::{Host, facts};
use crate::policy::Policy;
use crate::windows::reading::Reading;

pub use deciding::deciding;
use effective::Needs;
pub use effective::{Effective, effective};
pub use report::{Finding, HostReport, Outcome, Verdict, Waived};
pub use second::cross_check;
pub use states::{Installed, States, Told};
pub use waive::Used;
pub use weakened::weakened;

/// Holds a host against a policy.
pub fn audit(policy: &Policy, host: &Host) -> HostReport {
    let effective = effective(&host.registry, &host.windows);
    report(policy, host, &effective.clone(), effective)
}

/// Holds a host against a policy whose rules about effective states are answered by `states`.
pub fn audit_with(policy: &Policy, host: &Host, states: &dyn States) -> HostReport {
    report(policy, host, states, effective(&host.registry, &host.windows))
}

fn report(policy: &Policy, host: &Host, states: &dyn States, effective: Effective) -> HostReport {
    let findings: Vec<Finding> = match &host.control_set {
        // What is said, and the fix above all, must name the set that was judged where that is not the one in use.
        Some(set) if !set.in_use => {
            let rules = policy.rules.iter().map(|rule| rule.in_control_set(&set.name));
            rules.map(|rule| check::check(&rule, host, states)).collect()
        }
        _ => policy.rules.iter().map(|rule| check::check(rule, host, states)).collect(),
    };
    let ids = policy.each().iter().map(|policy| policy.id.as_str().into());
    let mut report = HostReport {
        name: host.name.clone(),
        verdict: Verdict::Unknown,
        verdicts: ids.map(|id| (id, Verdict::Unknown)).collect(),
        machine: host.machine.clone(),
        windows: host.windows.clone(),
        control_set: host.control_set.as_ref().map(|set| set.name.clone()),
        backup: host.backup,
        as_of: host.as_of,
        inputs: host.inputs.clone(),
        policies: host.policies.clone(),
        notes: next_start(host)
            .into_iter()
            .chain(asked_for(&findings, &effective))
            .chain(host.notes.iter().cloned())
            .chain(host.remarks())
            .collect(),
        pages_read: host.pages_read(),
        findings,
        effective,
    };
    report.judge();
    report
}

/// What the installed version of Entra Connect asks for, where the document of 2021 that the default policy follows fails it.
fn asked_for(findings: &[Finding], effective: &Effective) -> Option<String> {
    let of_document = |finding: &&Finding| {
        &*finding.rule.policy == Policy::DEFAULT && finding.rule.required && finding.rule.setting().is_some()
    };
    if !findings.iter().filter(of_document).any(|finding| finding.outcome == Outcome::Fail) {
        return None;
    }
    let product = &effective.product;
    let (version, as_of) = (product.version.as_deref()?, &product.as_of);
    match product.needs {
        Needs::NoValues => Some(format!(
            "Entra Connect {version}, which is installed, does not ask for the values that this policy asks for: it needs \
             TLS 1.2 to be on, and --policy entra-connect-effective judges that (Microsoft, \"TLS 1.2 enforcement for \
             Microsoft Entra Connect\", as of {as_of})"
        )),
        Needs::Values => Some(format!(
            "Entra Connect {version}, which is installed, asks for these values: without them, setup may succeed and \
             synchronisation then fail (as of {as_of})"
        )),
        Needs::Unknown => None,
    }
}

/// Everything that an audit by this policy reads of a machine.
pub fn readings(policy: &Policy) -> Vec<Reading> {
    [facts(), effective::readings(), policy.readings()].concat()
}

/// That the next start uses another control set than the one that is judged.
fn next_start(host: &Host) -> Option<String> {
    let next = host.control_set.as_ref()?.next.as_ref()?;
    Some(format!("the next start uses {next} (Select\\Default): judge it with --control-set default"))
}
