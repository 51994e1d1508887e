//! A comparison for people: the answer, what asks for a look, and the rest in a line each.

use std::io::{self, Write};

use super::{about, answer, differences, from_to, heading, is_told, more, verdicts, waivers, word};
use crate::diff::{Class, Comparison, Pair, RuleChange};
use crate::output::escape;

pub(super) fn write(comparison: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    summary(comparison, out)?;
    for (which, side) in [("old", comparison.old), ("new", comparison.new)] {
        writeln!(out, "  {which}  {}", escape(&about(side)))?;
    }
    for said in differences(comparison) {
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
    writeln!(out, "{}", answer(comparison))?;
    let more = more(comparison);
    if more.is_empty() { Ok(()) } else { writeln!(out, "  {}", more.join(", ")) }
}

fn machine(pair: &Pair<'_>, several: bool, out: &mut dyn Write) -> io::Result<()> {
    let Some(machine) = pair.machine() else { return Ok(()) };
    let verdicts = verdicts(pair);
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
    let from_to = from_to(change);
    let written = finding.last_write.as_ref().map(|time| format!(", key written {time}")).unwrap_or_default();
    let (what, name) = (word(change), change.name(several));
    writeln!(out, "    {what:<16}  {}{advisory}  {}{}", escape(&name), escape(&from_to), escape(&written))?;
    match waivers(change) {
        Some(waivers) => writeln!(out, "      {}", escape(&waivers)),
        None => Ok(()),
    }
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
