//! Waivers held against findings.

use std::sync::Arc;

use super::report::{HostReport, Outcome, Verdict, Waived};
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::At;
use crate::place::Place;
use crate::policy::waiver::{Date, Waiver, Waivers};

/// Marks the failures that are waived on the day `today`, judges the hosts anew, and says which waivers do nothing: one
/// that has expired, or that no failing finding needs.
pub fn waive(waivers: &Waivers, hosts: &mut [HostReport], today: Date) -> Vec<Diagnostic> {
    let artifact: Arc<str> = waivers.name.as_str().into();
    let mut idle = Vec::new();
    for waiver in &waivers.waivers {
        let used = if waiver.has_expired(today) { 0 } else { apply(waiver, hosts) };
        let rule = &waiver.rule;
        let (code, message) = match waiver.expires.filter(|_| waiver.has_expired(today)) {
            Some(last) => ("waiver-expired", format!("the waiver of rule {rule} expired on {last}: it is not applied")),
            None if used > 0 => continue,
            None => {
                let hosts = if waiver.hosts.is_empty() { "any host".to_owned() } else { waiver.hosts.join(", ") };
                (
                    "waiver-unused",
                    format!("the waiver waives nothing: rule {rule} fails on no host that it names ({hosts})"),
                )
            }
        };
        let place = Place::new(&artifact, At::Line(waiver.line));
        idle.push(Diagnostic { severity: Severity::Warning, code, message, place });
    }
    for host in hosts {
        host.verdict = Verdict::of(&host.findings);
    }
    idle
}

/// How many failures it covers. Where two waivers cover one, the first gives the reason and both count as used.
fn apply(waiver: &Waiver, hosts: &mut [HostReport]) -> usize {
    let mut used = 0;
    for host in hosts {
        let HostReport { name, findings, .. } = host;
        let covered = findings.iter_mut().filter(|f| f.outcome == Outcome::Fail && waiver.covers(&f.rule.id, name));
        for finding in covered {
            used += 1;
            let expires = waiver.expires;
            finding.waived.get_or_insert_with(|| Waived { reason: waiver.reason.clone(), expires });
        }
    }
    used
}
