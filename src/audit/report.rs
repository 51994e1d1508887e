//! What an audit says.

use std::sync::Arc;

use super::effective::Effective;
use crate::host::{AsOf, Input, Machine, MachinePolicy, Windows};
use crate::place::Place;
use crate::policy::Rule;
use crate::policy::waiver::Date;
use crate::registry::cross_check::Agreement;
use crate::windows::FileTime;
use crate::windows::state::State;
use crate::windows::value::Value;

/// The report on one host, as one control set of it.
#[derive(Debug, Clone)]
pub struct HostReport {
    /// The computer's name, or what the input is called.
    pub name: String,
    /// The verdict: of several policies, the worst.
    pub verdict: Verdict,
    /// The verdict under each policy, by its id.
    pub verdicts: Vec<(Arc<str>, Verdict)>,
    /// Which machine it is.
    pub machine: Machine,
    /// What Windows it is.
    pub windows: Windows,
    /// The control set that was judged.
    pub control_set: Option<String>,
    /// Whether the hives are copies from an earlier day (`RegBack`, `Windows.old`, a shadow copy).
    pub backup: bool,
    /// The volume shadow copy that it was read from.
    pub as_of: Option<AsOf>,
    /// What was read.
    pub inputs: Vec<Input>,
    /// Files of Group Policy that lie on it, and what they would change.
    pub policies: Vec<MachinePolicy>,
    /// What to know before trusting the verdict.
    pub notes: Vec<String>,
    /// How many 4 KiB pages of hives were read for this report.
    pub pages_read: u64,
    /// One a rule, in the order of the policies.
    pub findings: Vec<Finding>,
    /// What Windows would really do, whatever the policy says.
    pub effective: Effective,
}

/// What a host is under a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Every required rule that applies passes or has its failure waived.
    Compliant,
    /// At least one required rule fails.
    NotCompliant,
    /// No required rule fails, but one could not be judged, or none applies.
    Unknown,
}

impl Verdict {
    /// The word that reports use.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Compliant => "compliant",
            Verdict::NotCompliant => "not compliant",
            Verdict::Unknown => "unknown",
        }
    }

    /// The verdict that these findings give under one policy.
    pub fn of(findings: &[&Finding]) -> Self {
        let required = || findings.iter().filter(|f| f.rule.required);
        let has = |outcome| required().any(|f| f.outcome == outcome && f.waived.is_none());
        // A waiver settles its rule, so that a host with nothing but waived failures is no doubtful one.
        let settled = has(Outcome::Pass) || required().any(|f| f.waived.is_some());
        match (has(Outcome::Fail), has(Outcome::Unknown), settled) {
            (true, _, _) => Verdict::NotCompliant,
            (false, false, true) => Verdict::Compliant,
            (false, _, _) => Verdict::Unknown,
        }
    }
}

impl HostReport {
    /// Judges by the findings: under each policy, and in all.
    pub(super) fn judge(&mut self) {
        for (policy, verdict) in &mut self.verdicts {
            let own = self.findings.iter().filter(|finding| finding.rule.policy == *policy);
            *verdict = Verdict::of(&own.collect::<Vec<_>>());
        }
        let worst = |verdict: &Verdict| match verdict {
            Verdict::NotCompliant => 2,
            Verdict::Unknown => 1,
            Verdict::Compliant => 0,
        };
        let verdicts = self.verdicts.iter().map(|(_, verdict)| *verdict);
        self.verdict = verdicts.max_by_key(worst).unwrap_or(Verdict::Unknown);
    }
}

/// What became of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The value is as asked for, or Windows reads it the same way.
    Pass,
    /// The value is another, or is not there.
    Fail,
    /// It cannot be told.
    Unknown,
    /// The rule has no meaning on this Windows.
    NotApplicable,
}

/// One rule held against one host.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What became of it.
    pub outcome: Outcome,
    /// The value, if there is one.
    pub found: Option<Value>,
    /// The effective state, where the rule is about one and it is known.
    pub state: Option<State>,
    /// What was seen, in one sentence.
    pub why: String,
    /// How to put it right, in one line; none where nothing is wrong.
    pub fix: Option<String>,
    /// When the key was last written, if the key exists and the input knows.
    pub last_write: Option<FileTime>,
    /// Where the value stands, or the key without the value, or the damage.
    pub place: Option<Place>,
    /// What a second reader says, where it was asked and the answer comes from a hive.
    pub cross_check: Option<Agreement>,
    /// Where a file that is judged as if it had been imported has a part in it.
    pub overlay: Option<Place>,
    /// Why the failure does not count, where somebody has accepted it.
    pub waived: Option<Waived>,
}

/// A failure that is accepted: it is reported, and does not count towards the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// Why.
    pub reason: String,
    /// The last day on which that holds.
    pub expires: Option<Date>,
}

impl Finding {
    pub(super) fn new(rule: &Rule, outcome: Outcome, why: String) -> Self {
        Self {
            rule: rule.clone(),
            outcome,
            found: None,
            state: None,
            why,
            fix: None,
            last_write: None,
            place: None,
            cross_check: None,
            overlay: None,
            waived: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn finding(outcome: Outcome, required: bool) -> Finding {
        let mut rule = Policy::default_policy().unwrap().rules.remove(0);
        rule.required = required;
        Finding { outcome, ..Finding::new(&rule, Outcome::Pass, String::new()) }
    }

    #[test]
    fn a_failure_beats_doubt_and_doubt_beats_passing() {
        use Outcome::{Fail, NotApplicable, Pass, Unknown};
        let cases: [(&[(Outcome, bool)], Verdict); 8] = [
            (&[(Pass, true)], Verdict::Compliant),
            (&[(Pass, true), (Fail, true), (Unknown, true)], Verdict::NotCompliant),
            (&[(Pass, true), (Unknown, true)], Verdict::Unknown),
            (&[(Pass, true), (NotApplicable, true)], Verdict::Compliant),
            (&[(Pass, true), (Fail, false), (Unknown, false)], Verdict::Compliant),
            (&[(NotApplicable, true)], Verdict::Unknown),
            (&[(Pass, false)], Verdict::Unknown),
            (&[], Verdict::Unknown),
        ];
        for (findings, want) in cases {
            let findings: Vec<Finding> = findings.iter().map(|&(o, r)| finding(o, r)).collect();
            assert_eq!(Verdict::of(&findings.iter().collect::<Vec<_>>()), want);
        }
    }

    #[test]
    fn a_waived_failure_is_settled_and_hides_no_other() {
        use Outcome::{Fail, Pass, Unknown};
        let waived = || Some(Waived { reason: "r".into(), expires: None });
        let cases: [(&[Outcome], Verdict); 4] = [
            (&[], Verdict::Compliant),
            (&[Pass], Verdict::Compliant),
            (&[Pass, Fail], Verdict::NotCompliant),
            (&[Pass, Unknown], Verdict::Unknown),
        ];
        for (others, want) in cases {
            let mut findings: Vec<Finding> = others.iter().map(|&o| finding(o, true)).collect();
            findings.push(Finding { waived: waived(), ..finding(Fail, true) });
            assert_eq!(Verdict::of(&findings.iter().collect::<Vec<_>>()), want);
        }
    }
}
