//! Two runs held against each other: as text, JSON and CSV.

mod json;
mod rows;
mod text;

use std::io::{self, Write};

use crate::diff::{Comparison, Finding, RuleChange};
use crate::saved::record::{Outcome, Verdict};

/// An output format of comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// A row for each machine and for each rule that is not as it was.
    Csv,
}

/// Writes a comparison.
///
/// # Errors
/// When the writer fails.
pub fn write(comparison: &Comparison<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(comparison, out),
        Format::Json => json::write(comparison, out),
        Format::Csv => rows::write(comparison, out),
    }
}

/// What became of a rule, and by a waiver no longer counts.
fn outcome(finding: &Finding) -> String {
    let word = if finding.outcome == Outcome::NotApplicable { "n/a" } else { finding.outcome.word() };
    if finding.waived.is_some() { format!("{word} (waived)") } else { word.to_owned() }
}

/// What became of a rule, in a word.
fn word(rule: &RuleChange<'_>) -> &'static str {
    match (rule.old, rule.new) {
        (None, _) => "new rule",
        (_, None) if rule.is_lost() => "no longer judged",
        (_, None) => "rule gone",
        _ if rule.is_worse() => "worse",
        _ if rule.is_lost() => "no longer judged",
        _ if rule.is_fixed() => "fixed",
        (Some(old), Some(new)) if old.waived != new.waived => "waiver changed",
        (Some(old), Some(new)) if old.outcome == new.outcome => "value changed",
        _ => "outcome changed",
    }
}

/// A verdict, in words.
fn verdict(verdict: Verdict) -> String {
    verdict.word().replace('_', " ")
}
