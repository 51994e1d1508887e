//! A comparison for people: the answer, what asks for a look, and the rest in a line each.

use std::io::{self, Write};

use super::{outcome, verdict, word};
use crate::diff::{Class, Comparison, Pair, RuleChange, Side};
use crate::output::escape;

pub(super) fn write(comparison: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    summary(comparison, out)?;
    for (which, side) in [("old", comparison.old), ("new", comparison.new)] {
        writeln!(out, "  {which}  {}", escape(&about(side)))?;
    }
    if !comparison.same_policy() {
        writeln!(out, "  the policies are not the same: rules may ask for other things than before")?;
    }
    for said in comparison.differences() {
        writeln!(out, "  {}", escape(&said))?;
    }
    for class in Class::ALL {
        let pairs = comparison.pairs.iter().filter(|pair| pair.class == *class);
        let told: Vec<&Pair<'_>> = pairs.filter(|pair| is_told(pair)).collect();
        if told.is_empty() {
            continue;
        }
        writeln!(out, "\n{} ({})", heading(*class), told.len())?;
        for pair in told {
            machine(pair, comparison.has_several_policies(), out)?;
        }
    }
    section("Not read", comparison.not_read.iter().map(|input| format!("{}: {}", input.path, input.why)), out)?;
    section("Not certain which machine is which", comparison.doubts.iter().map(ToString::to_string), out)
}

/// The answer in one line, and what else there is in a second.
fn summary(comparison: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    let counts = &comparison.counts;
    let [fixed, worse, left] = [Class::Fixed, Class::Worse, Class::Left].map(|class| counts.number(class));
    writeln!(out, "{fixed} fixed, {worse} worse, {left} left")?;
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
    let more: Vec<String> =
        more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if more.is_empty() { Ok(()) } else { writeln!(out, "  {}", more.join(", ")) }
}

fn about(side: &Side) -> String {
    let policies: Vec<String> =
        side.policies.iter().map(|policy| format!("{} {}", policy.id, policy.version)).collect();
    let started = if side.started.is_empty() { String::new() } else { format!(", {}", side.started) };
    let n = side.machines.len();
    format!("{}{started}: {n} machine{}, policy {}", side.name, if n == 1 { "" } else { "s" }, policies.join(", "))
}

fn heading(class: Class) -> &'static str {
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
fn is_told(pair: &Pair<'_>) -> bool {
    match pair.class {
        Class::Fine | Class::Unknown => {
            pair.note.is_some() || !pair.rules.is_empty() || !pair.system_changes().is_empty()
        }
        _ => true,
    }
}

fn machine(pair: &Pair<'_>, several: bool, out: &mut dyn Write) -> io::Result<()> {
    let Some(machine) = pair.machine() else { return Ok(()) };
    let verdicts = match (pair.old, pair.new) {
        (Some(old), Some(new)) if old.verdict != new.verdict => {
            format!("{}, before {}", verdict(new.verdict), verdict(old.verdict))
        }
        (_, Some(new)) => verdict(new.verdict),
        (Some(old), None) => format!("before {}", verdict(old.verdict)),
        (None, None) => String::new(),
    };
    writeln!(out, "  {}: {verdicts}  {}", escape(&machine.identity.to_string()), escape(&machine.unit))?;
    if let Some(note) = &pair.note {
        writeln!(out, "    note: {}", escape(note))?;
    }
    for (what, old, new) in pair.system_changes() {
        let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { escape(text).into_owned() };
        writeln!(out, "    {what}: {}, before {}", shown(new), shown(old))?;
    }
    pair.rules.iter().try_for_each(|change| rule(change, several, out))
}

fn rule(change: &RuleChange<'_>, several: bool, out: &mut dyn Write) -> io::Result<()> {
    let Some(finding) = change.new.or(change.old) else { return Ok(()) };
    let advisory = if finding.required { "" } else { " (advisory)" };
    let from_to = match (change.old, change.new) {
        (Some(old), Some(new)) => {
            let found =
                if old.found == new.found { new.found.clone() } else { format!("{} → {}", old.found, new.found) };
            let outcomes = (outcome(old), outcome(new));
            let outcomes =
                if outcomes.0 == outcomes.1 { outcomes.1 } else { format!("{} → {}", outcomes.0, outcomes.1) };
            format!("{outcomes}: {found}")
        }
        _ => format!("{}: {}", outcome(finding), finding.found),
    };
    let written = finding.last_write.as_ref().map(|time| format!(", key written {time}")).unwrap_or_default();
    let (what, name) = (word(change), change.name(several));
    writeln!(out, "    {what:<16}  {}{advisory}  {}{}", escape(&name), escape(&from_to), escape(&written))?;
    let waiver = |finding: Option<&crate::diff::Finding>| {
        finding.and_then(|finding| finding.waived.clone()).unwrap_or_else(|| "none".to_owned())
    };
    let (old, new) = (waiver(change.old), waiver(change.new));
    if old == new { Ok(()) } else { writeln!(out, "      waiver: {}, before: {}", escape(&new), escape(&old)) }
}

fn section(heading: &str, lines: impl ExactSizeIterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    if lines.len() == 0 {
        return Ok(());
    }
    writeln!(out, "\n{heading} ({})", lines.len())?;
    for line in lines {
        writeln!(out, "  {}", escape(&line))?;
    }
    Ok(())
}
