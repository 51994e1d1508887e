//! A comparison as a table: a row for each machine, and one for each of its rules that is not as it was.

use std::io::{self, Write};

use super::{outcome, verdict, word};
use crate::diff::{Comparison, Finding, Pair};
use crate::output::csv::Table;

const HEADINGS: [&str; 17] = [
    "class",
    "machine",
    "machine_guid",
    "control_set",
    "unit",
    "verdict_old",
    "verdict_new",
    "policy",
    "rule",
    "rule_change",
    "outcome_old",
    "outcome_new",
    "found_old",
    "found_new",
    "key_written_old",
    "key_written_new",
    "note",
];

pub(super) fn write(comparison: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &HEADINGS)?;
    for pair in &comparison.pairs {
        let Some(machine) = pair.machine() else { continue };
        let old = pair.old.map(|old| verdict(old.verdict)).unwrap_or_default();
        let new = pair.new.map(|new| verdict(new.verdict)).unwrap_or_default();
        let identity = &machine.identity;
        let head = [
            pair.class.word(),
            &identity.name,
            identity.guid.as_deref().unwrap_or_default(),
            identity.control_set.as_deref().unwrap_or_default(),
            &machine.unit,
            &old,
            &new,
        ];
        let nothing = [""; 9];
        table.row(head.into_iter().chain(nothing).chain([note(pair).as_str()]))?;
        for rule in &pair.rules {
            let Some(finding) = rule.new.or(rule.old) else { continue };
            let of = |tell: &dyn Fn(&Finding) -> String| [rule.old, rule.new].map(|f| f.map(tell).unwrap_or_default());
            let [outcome_old, outcome_new] = of(&outcome);
            let [found_old, found_new] = of(&|finding| finding.found.clone());
            let [written_old, written_new] = of(&|finding| finding.last_write.clone().unwrap_or_default());
            let [waived_old, waived_new] = of(&|finding| finding.waived.clone().unwrap_or_default());
            let waivers = match waived_old == waived_new {
                true => String::new(),
                false => format!("waiver: {waived_new}, before: {waived_old}"),
            };
            let cells = [
                finding.policy.as_str(),
                finding.rule.as_str(),
                word(rule),
                &outcome_old,
                &outcome_new,
                &found_old,
                &found_new,
                &written_old,
                &written_new,
                &waivers,
            ];
            table.row(head.into_iter().chain(cells))?;
        }
    }
    for input in &comparison.not_read {
        let head = ["not_read", "", "", "", input.path.as_str()];
        table.row(head.into_iter().chain([""; 11]).chain([input.why.as_str()]))?;
    }
    for doubt in &comparison.doubts {
        table.row(["not_certain"].into_iter().chain([""; 15]).chain([doubt.to_string().as_str()]))?;
    }
    table.end()
}

fn note(pair: &Pair<'_>) -> String {
    let systems = pair.system_changes();
    let systems = systems.iter().map(|(what, old, new)| format!("{what}: {new}, before {old}"));
    pair.note.clone().into_iter().chain(systems).collect::<Vec<_>>().join("; ")
}
