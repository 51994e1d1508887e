//! Waivers held against findings.

use std::sync::Arc;

use super::report::{Finding, HostReport, Outcome, Waived};
use crate::diagnostic::{Code, Diagnostic};
use crate::error::At;
use crate::place::Place;
use crate::policy::waiver::{Date, Waiver, Waivers};

/// How many failures each waiver of a list covers, over all machines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used(Vec<u64>);

impl Used {
    /// Marks the failures of a machine that are waived on the day `today`, and judges it anew. Where two waivers cover one
    /// failure, the first gives the reason and both count as used.
    pub fn waive(&mut self, waivers: &Waivers, host: &mut HostReport, today: Date) {
        self.0.resize(waivers.waivers.len(), 0);
        for (waiver, used) in waivers.waivers.iter().zip(&mut self.0) {
            if !waiver.has_expired(today) {
                *used += apply(waiver, host);
            }
        }
        host.judge();
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Used) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (used, more) in self.0.iter_mut().zip(&other.0) {
            *used += more;
        }
    }

    /// Says which waivers do nothing: one that has expired, or that no failing finding needs.
    pub fn idle(&self, waivers: &Waivers, today: Date) -> Vec<Diagnostic> {
        let artifact: Arc<str> = waivers.name.as_str().into();
        let used = self.0.iter().copied().chain(std::iter::repeat(0));
        let mut idle = Vec::new();
        for (waiver, used) in waivers.waivers.iter().zip(used) {
            let rule = &waiver.rule;
            let (code, message) = match waiver.expires.filter(|_| waiver.has_expired(today)) {
                Some(last) => {
                    (Code::WaiverExpired, format!("the waiver of rule {rule} expired on {last}: it is not applied"))
                }
                None if used > 0 => continue,
                None => {
                    let hosts = if waiver.hosts.is_empty() { "any host".to_owned() } else { waiver.hosts.join(", ") };
                    let what = format!("rule {rule} fails on no host that it names ({hosts})");
                    (Code::WaiverUnused, format!("the waiver waives nothing: {what}"))
                }
            };
            let place = Place::new(&artifact, At::Line(waiver.line));
            idle.push(Diagnostic::new(code, message, place));
        }
        idle
    }
}

/// How many failures of a machine it covers.
fn apply(waiver: &Waiver, host: &mut HostReport) -> u64 {
    let HostReport { name, findings, .. } = host;
    let covers = |finding: &Finding| waiver.covers(&finding.rule.policy, &finding.rule.id, name);
    let covered = findings.iter_mut().filter(|finding| finding.outcome == Outcome::Fail && covers(finding));
    let mut used = 0;
    for finding in covered {
        used += 1;
        let expires = waiver.expires;
        finding.waived.get_or_insert_with(|| Waived { reason: waiver.reason.clone(), expires });
    }
    used
}
