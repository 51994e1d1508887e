//! A comparison as a page: it looks as the report does, and needs no script.

use std::io::{self, Write};

use askama::Template;

use super::bar::{Part, bar};
use super::{STYLE, allowed};
use crate::diff::{Class, Comparison, Pair, RuleChange};
use crate::output::diff::{about, answer, differences, from_to, heading, is_told, more, verdicts, waivers, word};

#[derive(Template)]
#[template(path = "comparison.html", config = "src/output/html/askama.toml")]
struct Page {
    version: &'static str,
    style: &'static str,
    allowed: String,
    headline: String,
    more: String,
    /// The parts of the picture.
    verdicts: Vec<Part>,
    differences: Vec<String>,
    classes: Vec<Section>,
    /// What is told a line each: its heading, its place in the page, the lines.
    lists: Vec<(&'static str, &'static str, Vec<String>)>,
    provenance: Vec<(&'static str, String)>,
}

/// The machines of a class.
struct Section {
    heading: &'static str,
    id: &'static str,
    machines: Vec<Machine>,
}

struct Machine {
    name: String,
    unit: String,
    verdicts: String,
    notes: Vec<String>,
    changes: Vec<Change>,
}

struct Change {
    word: &'static str,
    rule: String,
    from_to: String,
    small: String,
}

/// Writes the page.
pub(in crate::output) fn write(comparison: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    let sections = Class::ALL.iter().map(|class| {
        let pairs = comparison.pairs.iter().filter(|pair| pair.class == *class && is_told(pair));
        let machines = pairs.filter_map(|pair| machine(pair, comparison.has_several_policies())).collect();
        Section { heading: heading(*class), id: class.word(), machines }
    });
    let not_read: Vec<String> =
        comparison.not_read.iter().map(|input| format!("{}: {}", input.path, input.why)).collect();
    let doubts: Vec<String> = comparison.doubts.iter().map(ToString::to_string).collect();
    let lists = [("Not read", "not-read", not_read), ("Not certain which machine is which", "doubts", doubts)];
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        style: STYLE,
        allowed: allowed(None),
        headline: answer(comparison),
        more: more(comparison).join(", "),
        verdicts: picture(comparison),
        differences: differences(comparison),
        classes: sections.filter(|section| !section.machines.is_empty()).collect(),
        lists: lists.into_iter().filter(|(_, _, lines)| !lines.is_empty()).collect(),
        provenance: vec![
            ("Old run", about(comparison.old)),
            ("New run", about(comparison.new)),
            ("Exit status", comparison.status().to_string()),
        ],
    };
    page.write_into(out)
}

/// The machines by what became of them, the worst first.
fn picture(comparison: &Comparison<'_>) -> Vec<Part> {
    let count = |classes: &[Class]| {
        let of = |pair: &&Pair<'_>| classes.contains(&pair.class);
        comparison.pairs.iter().filter(of).count()
    };
    bar(&[
        (count(&[Class::Worse]), "fails", "✗", "worse"),
        (count(&[Class::NoLongerJudged, Class::Gone]), "unread", "–", "gone, or no longer judged"),
        (count(&[Class::Left]), "partly", "✗", "left as they were"),
        (
            count(&[Class::Unknown, Class::New, Class::WaiverChanged]),
            "open",
            "?",
            "new, unknown, or with another waiver",
        ),
        (count(&[Class::Fixed, Class::Fine]), "meets", "✓", "fixed, or compliant as before"),
    ])
}

fn machine(pair: &Pair<'_>, several: bool) -> Option<Machine> {
    let machine = pair.machine()?;
    let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    let systems = pair.system_changes().into_iter();
    let systems = systems.map(|(what, old, new)| format!("{what}: {}, before {}", shown(new), shown(old)));
    Some(Machine {
        name: machine.identity.to_string(),
        unit: machine.unit.clone(),
        verdicts: verdicts(pair),
        notes: pair.note.clone().into_iter().chain(systems).collect(),
        changes: pair.rules.iter().filter_map(|rule| change(rule, several)).collect(),
    })
}

fn change(change: &RuleChange<'_>, several: bool) -> Option<Change> {
    let finding = change.new.or(change.old)?;
    let advisory = (!finding.required).then(|| "advisory".to_owned());
    let written = finding.last_write.as_ref().map(|time| format!("key written {time}"));
    let small: Vec<String> = advisory.into_iter().chain(written).chain(waivers(change)).collect();
    Some(Change { word: word(change), rule: change.name(several), from_to: from_to(change), small: small.join(", ") })
}
