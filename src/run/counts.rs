//! Sums of a run, and the exit status that follows from them.

use super::InputRecord;
use crate::audit::{Finding, HostReport, Outcome, Verdict};
use crate::diagnostic::{Code, Diagnostic};
use crate::number::wide;
use crate::source::Fate;

/// Counts of what was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Machines, one for each control set that was judged.
    pub hosts: u64,
    /// Of these, compliant ones.
    pub compliant: u64,
    /// Of these, those that fail a rule.
    pub not_compliant: u64,
    /// Of these, those that cannot be told.
    pub unknown: u64,
    /// Failures that are waived.
    pub waived: u64,
    /// Failures of advisory rules.
    pub advisory: u64,
    /// Regular files.
    pub files: u64,
    /// Files that are nothing that an audit is about.
    pub other_files: u64,
    /// Hives that are neither SYSTEM nor SOFTWARE.
    pub other_hives: u64,
    /// Files, folders and volumes that could hold a machine and could not be read, or not to their end.
    pub unreadable: u64,
    /// Copies from earlier days that were left out.
    pub left_out: u64,
    /// Values that the second reader reads differently.
    pub disagreements: u64,
    /// What was named and is not there.
    pub missing: u64,
}

impl Counts {
    pub(super) fn host(&mut self, host: &HostReport) {
        let count = |is: fn(&&Finding) -> bool| host.findings.iter().filter(is).count();
        let waived = count(|finding| finding.waived.is_some());
        let advisory = count(|f| !f.rule.required && f.outcome == Outcome::Fail && f.waived.is_none());
        self.add_host(host.verdict, waived, advisory);
    }

    /// A machine with this verdict, so many failures that are waived, and so many that are of advisory rules and are not.
    pub(crate) fn add_host(&mut self, verdict: Verdict, waived: usize, advisory: usize) {
        self.hosts += 1;
        match verdict {
            Verdict::Compliant => self.compliant += 1,
            Verdict::NotCompliant => self.not_compliant += 1,
            Verdict::Unknown => self.unknown += 1,
        }
        self.waived += wide(waived);
        self.advisory += wide(advisory);
    }

    /// What became of an input.
    pub(crate) fn input(&mut self, input: &InputRecord) {
        let entry = &input.entry;
        self.unreadable += u64::from(entry.counts);
        self.missing += u64::from(entry.is_missing());
        self.other_hives += u64::from(entry.is_because(Code::OtherHive));
        self.left_out += if entry.fate == Fate::Past { entry.files } else { 0 };
        self.disagreements += input.diagnostics.iter().filter(|d| d.code == Code::CrossCheckDisagrees).count() as u64;
    }

    pub(super) fn add(&mut self, other: &Counts) {
        let Counts { hosts, compliant, not_compliant, unknown, waived, files, other_files, .. } = other;
        let Counts { other_hives, unreadable, left_out, disagreements, missing, advisory, .. } = other;
        self.hosts += hosts;
        self.compliant += compliant;
        self.not_compliant += not_compliant;
        self.unknown += unknown;
        self.waived += waived;
        self.advisory += advisory;
        self.files += files;
        self.other_files += other_files;
        self.other_hives += other_hives;
        self.unreadable += unreadable;
        self.left_out += left_out;
        self.disagreements += disagreements;
        self.missing += missing;
    }

    /// These and others.
    pub fn with(mut self, others: &Counts) -> Self {
        self.add(others);
        self
    }

    /// The exit status that these give: a failure beats incompleteness, and what was named and is not there beats both.
    pub fn status(&self) -> u8 {
        self.status_for(FailOn::Required)
    }

    /// The same, where other failures count.
    pub fn status_for(&self, fail_on: FailOn) -> u8 {
        let fails = match fail_on {
            FailOn::Required => self.not_compliant > 0,
            FailOn::Advisory => self.not_compliant > 0 || self.advisory > 0,
            FailOn::Never => false,
        };
        match self.hosts {
            _ if self.missing > 0 => 2,
            _ if fails => 1,
            _ if self.unknown > 0 || self.unreadable > 0 || self.disagreements > 0 => 3,
            0 => 4,
            _ => 0,
        }
    }
}

/// Which failures the exit status tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailOn {
    /// Those of required rules.
    Required,
    /// Those of advisory rules, too.
    Advisory,
    /// None: it still tells what could not be judged.
    Never,
}

/// What there is to say when everything was looked at.
#[derive(Debug, Default)]
pub struct End {
    /// What was looked at.
    pub counts: Counts,
    /// What concerns no single input: waivers that did nothing.
    pub diagnostics: Vec<Diagnostic>,
}
