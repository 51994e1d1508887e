//! A comparison as one JSON document, for programs.

use std::io::{self, Write};

use serde_json::ser::PrettyFormatter;
use serde_json::{Value as Json, json};

use super::word;
use crate::diff::{Class, Comparison, Finding, Machine, Pair, Side};
use crate::output::json::print;

/// The version of this document.
const VERSION: u32 = 1;

pub(super) fn write(comparison: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    let counts = &comparison.counts;
    let mut summary: serde_json::Map<String, Json> =
        Class::ALL.iter().map(|class| (class.word().to_owned(), counts.number(*class).into())).collect();
    for (name, count) in [
        ("new_failing", counts.new_failing),
        ("other_waivers", counts.other_waivers),
        ("other_systems", counts.other_systems),
        ("other_values", counts.other_values),
        ("not_read", counts.not_read),
        ("doubts", counts.doubts),
    ] {
        summary.insert(name.to_owned(), count.into());
    }
    let not_read = comparison.not_read.iter().map(|input| json!({ "path": input.path, "why": input.why }));
    let document = json!({
        "diff_version": VERSION,
        "old": side(comparison.old),
        "new": side(comparison.new),
        "same_policy": comparison.same_policy(),
        "differences": comparison.differences(),
        "status": comparison.status(),
        "summary": summary,
        "machines": comparison.pairs.iter().map(pair).collect::<Vec<_>>(),
        "not_read": not_read.collect::<Vec<_>>(),
        "doubts": comparison.doubts.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    print(&document, PrettyFormatter::new(), out)
}

fn side(side: &Side) -> Json {
    let policies = side.policies.iter();
    let policies =
        policies.map(|policy| json!({ "id": policy.id, "version": policy.version, "sha256": policy.sha256 }));
    json!({
        "name": side.name,
        "started": side.started,
        "tool": side.tool,
        "policies": policies.collect::<Vec<_>>(),
        "machines": side.machines.len(),
    })
}

fn pair(pair: &Pair<'_>) -> Json {
    let systems =
        pair.system_changes().into_iter().map(|(what, old, new)| json!({ "what": what, "old": old, "new": new }));
    let rules = pair.rules.iter().map(|rule| {
        json!({
            "policy": rule.new.or(rule.old).map(|finding| finding.policy.as_str()),
            "rule": rule.new.or(rule.old).map(|finding| finding.rule.as_str()),
            "change": word(rule).replace(' ', "_"),
            "old": rule.old.map(finding),
            "new": rule.new.map(finding),
        })
    });
    json!({
        "class": pair.class.word(),
        "old": pair.old.map(machine),
        "new": pair.new.map(machine),
        "note": pair.note,
        "systems": systems.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn machine(machine: &Machine) -> Json {
    let identity = &machine.identity;
    json!({
        "name": identity.name,
        "machine_guid": identity.guid,
        "control_set": identity.control_set,
        "backup": identity.backup,
        "unit": machine.unit,
        "verdict": machine.verdict.word(),
        "windows": machine.windows,
        "product": machine.product,
    })
}

fn finding(finding: &Finding) -> Json {
    json!({
        "required": finding.required,
        "outcome": finding.outcome.word(),
        "waived": finding.waived,
        "found": finding.found,
        "why": finding.why,
        "last_write": finding.last_write,
    })
}
