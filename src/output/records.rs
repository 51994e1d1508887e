//! The records of a run as reports need them: made from what is written, counted, and held in little.

use std::io;
use std::mem::take;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Shape, json, line};
use crate::audit;
use crate::diagnostic::Code;
use crate::digest::sha256_hex;
use crate::number::wide;
use crate::run::{About, Counts, End as RunEnd, Record as RunRecord};
use crate::saved::record::{
    Diagnostic, Effective, End, Finding, Fix, Host, Input, Outcome, Product, Record, Run, Value, Verdict,
};

impl Host {
    /// What an overview needs of it, so that little is held of each of many machines.
    pub(crate) fn lean(mut self) -> Self {
        let effective = &mut self.effective;
        let product =
            Product { windows_support_ends: effective.product.windows_support_ends.take(), ..Product::default() };
        let mut effective = Effective {
            tls12: take(&mut effective.tls12),
            protocols: take(&mut effective.protocols),
            product,
            ..Effective::default()
        };
        effective.tls12.why = String::new();
        for protocol in &mut effective.protocols {
            (protocol.client.why, protocol.server.why) = (String::new(), String::new());
        }
        let lean =
            Self { verdict: self.verdict, verdicts: self.verdicts, unit: self.unit, effective, ..Self::default() };
        if lean.verdict == Verdict::Compliant {
            return Self { effective: Effective { protocols: Vec::new(), ..lean.effective }, ..lean };
        }
        let findings = self.findings.into_iter().map(Finding::lean).collect();
        // What tells fixes apart is enough: the text itself is not shown.
        let digest = |fix: Fix| Fix { reg: fix.reg.map(|reg| sha256_hex(reg.as_bytes())), remarks: Vec::new() };
        let (name, windows) = (self.name, self.windows);
        Self { name, windows, findings, fix: self.fix.map(digest), ..lean }
    }
}

impl Finding {
    fn lean(self) -> Self {
        let Self { policy, rule, title, required, outcome, key, expected, found, state, why, waived, .. } = self;
        // Whether it is about a value is asked, and not about which.
        let (key, rule_only) = (key.map(|_| String::new()), Self { required, outcome, ..Self::default() });
        let value = |value: Value| Value { data: Json::Null, ..value };
        match outcome {
            Outcome::Pass | Outcome::NotApplicable => Self { key, ..rule_only },
            Outcome::Unknown => Self { key, why, ..rule_only },
            Outcome::Fail => Self {
                policy,
                rule,
                title,
                key,
                expected: expected.map(value),
                found: found.map(value),
                state,
                waived,
                ..rule_only
            },
        }
    }
}

impl Host {
    /// Adds it to the sums of a run.
    pub(crate) fn count(&self, counts: &mut Counts) {
        let waived = self.findings.iter().filter(|finding| finding.waived.is_some()).count();
        let advisory = self.findings.iter().filter(|finding| !finding.required && finding.fails()).count();
        let verdict = match self.verdict {
            Verdict::Compliant => audit::Verdict::Compliant,
            Verdict::NotCompliant => audit::Verdict::NotCompliant,
            Verdict::Unknown => audit::Verdict::Unknown,
        };
        counts.add_host(verdict, waived, advisory);
    }
}

impl Input {
    /// Adds it to the sums of a run.
    pub(crate) fn count(&self, counts: &mut Counts) {
        let is = |code: Code| self.code.as_deref() == Some(code.as_str());
        counts.unreadable += u64::from(self.incomplete);
        counts.missing += u64::from(is(Code::NoSuchFile) || is(Code::NoSuchMachine));
        counts.other_hives += u64::from(is(Code::OtherHive));
        // A number that no run has written must not end in a panic.
        let past = if self.outcome == "past" { self.files } else { 0 };
        counts.left_out = counts.left_out.saturating_add(past);
        let differs = |said: &&Diagnostic| said.code == Code::CrossCheckDisagrees.as_str();
        counts.disagreements += wide(self.diagnostics.iter().filter(differs).count());
    }
}

/// A part of a run that is going on, as it is written, read again.
fn live<T: for<'a> Deserialize<'a>>(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<T> {
    let mut line = Vec::new();
    write(&mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

/// A record of a run that is going on, as a report of a saved run would see it.
///
/// # Errors
/// When what is written is not of this form.
pub fn record(record: &RunRecord) -> io::Result<Record> {
    let line = line(record)?;
    Ok(match record {
        RunRecord::Host(_) => Record::Host(serde_json::from_slice(&line)?),
        RunRecord::Input(_) => Record::Input(serde_json::from_slice(&line)?),
    })
}

/// What a run that is going on is about.
///
/// # Errors
/// As for [`record`].
pub fn run(about: &About) -> io::Result<Run> {
    live(|line| json::begin(about, Shape::Lines, line))
}

/// The end of a run that was going on.
///
/// # Errors
/// As for [`record`].
pub fn end(end: &RunEnd, ended: &str) -> io::Result<End> {
    live(|line| json::end(end, Some(ended), Shape::Lines, line))
}
