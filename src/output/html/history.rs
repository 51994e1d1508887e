//! Histories as a page: a time line for each machine. It looks as the report does, and needs no script.

use std::io::{self, Write};
use std::sync::Arc;

use askama::Template;

use super::{STYLE, allowed};
use crate::audit::Verdict;
use crate::audit::history::{History, Line};
use crate::output::history::{
    Report, course, headline, in_effect, key, name, quiet, reasons, recovered, short, sources, times, verdict, when,
    word,
};

#[derive(Template)]
#[template(path = "history.html", config = "src/output/html/askama.toml")]
struct Page {
    version: &'static str,
    style: &'static str,
    allowed: String,
    headline: String,
    machines: Vec<Machine>,
    /// What is told a line each: its heading, its place in the page, the lines.
    lists: Vec<(&'static str, &'static str, Vec<String>)>,
    provenance: Vec<(&'static str, String)>,
}

struct Machine {
    name: String,
    verdict: String,
    course: String,
    notes: Vec<String>,
    lines: Vec<Entry>,
    recovered: Vec<String>,
}

/// A line of the history.
struct Entry {
    class: &'static str,
    times: String,
    verdict: String,
    effective: String,
    sources: Vec<String>,
    changes: Vec<Changed>,
    unknown: Vec<String>,
    /// What, its data, when its key was last written.
    values: Vec<(String, String, String)>,
}

struct Changed {
    what: String,
    from_to: String,
    small: String,
}

/// Writes the page.
pub(in crate::output) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let told = |pairs: &[(Arc<str>, String)]| pairs.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    let lists: [(_, _, Vec<String>); 2] = [
        ("Not read of the past", "not-read", told(report.lost)),
        ("Not judged", "not-judged", told(report.not_judged)),
    ];
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        style: STYLE,
        allowed: allowed(None),
        headline: headline(report),
        machines: report.histories.iter().map(|history| machine(report, history)).collect(),
        lists: lists.into_iter().filter(|(_, _, lines)| !lines.is_empty()).collect(),
        provenance: vec![("Policy", report.policies.clone()), ("Exit status", report.status.to_string())],
    };
    page.write_into(out)
}

fn machine(report: &Report<'_>, history: &History) -> Machine {
    let last = history.lines.len().saturating_sub(1);
    let course = course(history);
    let course: Vec<String> = course.iter().map(|(state, when)| format!("{} ({when})", in_effect(*state))).collect();
    let unchanged = history.quiet_since(report.watched).map(|written| format!("Unchanged {}", quiet(written)));
    let lines = history.lines.iter().enumerate();
    Machine {
        name: history.name.clone(),
        verdict: verdict(history),
        course: course.join(" → "),
        notes: unchanged.into_iter().chain(history.notes.iter().cloned()).collect(),
        recovered: history.recovered.iter().map(recovered).collect(),
        lines: lines.map(|(n, line)| entry(report, line, &times(line, n == last, history.is_now))).collect(),
    }
}

fn entry(report: &Report<'_>, line: &Line, times: &str) -> Entry {
    let whole = line.whole.as_ref();
    let verdict = whole.map(|whole| whole.verdict);
    let what = |number: usize| {
        report.watched.get(number).map(|watched| {
            key(watched).map_or_else(|| name(watched), |key| format!("{} {}", short(key), name(watched)))
        })
    };
    let changes = line.changes.iter().map(|change| {
        let (before, after) = (word(&change.before), word(&change.after));
        Changed {
            what: what(change.row).unwrap_or_default(),
            from_to: if line.aside { format!("{after}, in use: {before}") } else { format!("{before} → {after}") },
            small: if line.aside || !change.after.is_told() { String::new() } else { when(change) },
        }
    });
    let said = (0..report.watched.len()).filter(|number| line.says(*number));
    let values = said.filter_map(|number| {
        let row = line.row(number)?;
        let written = row.written.as_ref().map(|written| written.time.rfc3339(0)).unwrap_or_default();
        Some((what(number)?, word(&row.seen), written))
    });
    let beside = if line.aside { "beside it, " } else { "" };
    Entry {
        class: class(verdict, line.aside),
        times: format!("{beside}{times}"),
        verdict: verdict.map(|verdict| verdict.word().to_owned()).unwrap_or_default(),
        effective: whole
            .map(|whole| format!("TLS 1.2 is {}: {}", in_effect(whole.overall.state), whole.overall.why))
            .unwrap_or_default(),
        sources: sources(line),
        changes: changes.collect(),
        unknown: reasons(line).into_iter().map(str::to_owned).collect(),
        values: values.collect(),
    }
}

/// How a line is marked, besides by its words.
fn class(verdict: Option<Verdict>, aside: bool) -> &'static str {
    match verdict {
        _ if aside => "t-beside",
        Some(Verdict::Compliant) => "t-meets",
        Some(Verdict::NotCompliant) => "t-fails",
        Some(Verdict::Unknown) => "t-open",
        None => "t-part",
    }
}
