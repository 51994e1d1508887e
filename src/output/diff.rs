//! Two runs held against each other: as text, JSON, CSV and HTML.

mod json;
mod rows;
mod text;

use std::io::{self, Write};

use super::html::comparison as page;
use crate::diff::{Class, Comparison, Finding, Pair, RuleChange, Side};
use crate::saved::record::Verdict;

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
    /// One page of HTML.
    Html,
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
        Format::Html => page::write(comparison, out),
    }
}

/// What became of a rule, and by a waiver no longer counts.
fn outcome(finding: &Finding) -> String {
    let word = finding.outcome.printed();
    if finding.waived.is_some() { format!("{word} (waived)") } else { word.to_owned() }
}

/// What became of a rule, in a word.
pub(super) fn word(rule: &RuleChange<'_>) -> &'static str {
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

/// The answer in one line.
pub(super) fn answer(comparison: &Comparison<'_>) -> String {
    let counts = &comparison.counts;
    let [fixed, worse, left] = [Class::Fixed, Class::Worse, Class::Left].map(|class| counts.number(class));
    format!("{fixed} fixed, {worse} worse, {left} left")
}

/// What else there is to count.
pub(super) fn more(comparison: &Comparison<'_>) -> Vec<String> {
    let counts = &comparison.counts;
    let more = [
        (counts.number(Class::Fine), "compliant as before"),
        (counts.number(Class::New), "new"),
        (counts.new_failing, "of these not compliant"),
        (counts.number(Class::Gone), "gone"),
        (counts.number(Class::NoLongerJudged), "no longer judged"),
        (counts.number(Class::Unknown), "unknown as before"),
        (counts.not_read, "not read"),
        (counts.other_waivers, "with another waiver"),
        (counts.other_systems, "with another Windows or Entra Connect"),
        (counts.other_values, "with other values and the same verdict"),
        (counts.doubts, "not certain"),
    ];
    more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}

/// What the runs have not in common, and verdicts may rest on.
pub(super) fn differences(comparison: &Comparison<'_>) -> Vec<String> {
    let policies = "the policies are not the same: rules may ask for other things than before";
    let policies = (!comparison.same_policy()).then(|| policies.to_owned());
    policies.into_iter().chain(comparison.differences()).collect()
}

/// A run in a line.
pub(super) fn about(side: &Side) -> String {
    let policies: Vec<String> =
        side.policies.iter().map(|policy| format!("{} {}", policy.id, policy.version)).collect();
    let started = if side.started.is_empty() { String::new() } else { format!(", {}", side.started) };
    let n = side.machines.len();
    format!("{}{started}: {n} machine{}, policy {}", side.name, if n == 1 { "" } else { "s" }, policies.join(", "))
}

/// A class, as a heading.
pub(super) fn heading(class: Class) -> &'static str {
    match class {
        Class::Worse => "Worse",
        Class::NoLongerJudged => "No longer judged",
        Class::Gone => "Gone",
        Class::New => "New",
        Class::Fixed => "Fixed",
        Class::WaiverChanged => "Waiver changed",
        Class::Left => "Left: not compliant as before",
        Class::Fine => "Compliant, with changes",
        Class::Unknown => "Unknown as before, with changes",
    }
}

/// Whether there is anything to tell of it.
pub(super) fn is_told(pair: &Pair<'_>) -> bool {
    match pair.class {
        Class::Fine | Class::Unknown => {
            pair.note.is_some() || !pair.rules.is_empty() || !pair.system_changes().is_empty()
        }
        _ => true,
    }
}

/// The verdict as it is, and as it was.
pub(super) fn verdicts(pair: &Pair<'_>) -> String {
    match (pair.old, pair.new) {
        (Some(old), Some(new)) if old.verdict != new.verdict => {
            format!("{}, before {}", verdict(new.verdict), verdict(old.verdict))
        }
        (_, Some(new)) => verdict(new.verdict),
        (Some(old), None) => format!("before {}", verdict(old.verdict)),
        (None, None) => String::new(),
    }
}

/// What became of a rule, and what was found: before and now, where these differ.
pub(super) fn from_to(change: &RuleChange<'_>) -> String {
    let arrow = |old: String, new: String| if old == new { new } else { format!("{old} → {new}") };
    match (change.old, change.new) {
        (Some(old), Some(new)) => {
            format!("{}: {}", arrow(outcome(old), outcome(new)), arrow(old.found.clone(), new.found.clone()))
        }
        (one, other) => {
            one.or(other).map(|finding| format!("{}: {}", outcome(finding), finding.found)).unwrap_or_default()
        }
    }
}

/// The waiver as it is and as it was, where it is another.
pub(super) fn waivers(change: &RuleChange<'_>) -> Option<String> {
    let waiver = |finding: Option<&Finding>| {
        finding.and_then(|finding| finding.waived.clone()).unwrap_or_else(|| "none".to_owned())
    };
    let (old, new) = (waiver(change.old), waiver(change.new));
    (old != new).then(|| format!("waiver: {new}, before: {old}"))
}
