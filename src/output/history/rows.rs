//! Histories as a table: a row for each value of each line.

use std::io::{self, Write};

use super::{Report, at, in_effect, key, name, quiet, recovered, source_word, sources, time, when, word};
use crate::audit::history::Seen;
use crate::output::csv::Table;

const HEADINGS: [&str; 16] = [
    "machine",
    "line",
    "beside",
    "time",
    "until",
    "source",
    "sources",
    "verdict",
    "tls12",
    "key",
    "name",
    "data",
    "before",
    "key_last_write",
    "when",
    "unknown",
];

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &HEADINGS)?;
    for history in report.histories {
        for (number, line) in history.lines.iter().enumerate() {
            let (number, sources) = ((number + 1).to_string(), sources(line).join("; "));
            let beside = if line.aside { "yes" } else { "no" };
            let (from, until) = (time(line.first_time()), line.until().map(time).unwrap_or_default());
            let word_of = line.moments.first().map(source_word).unwrap_or_default();
            let whole = line.whole.as_ref();
            let verdict = whole.map(|whole| whole.verdict.word()).unwrap_or_default();
            let tls12 = whole.map(|whole| in_effect(whole.overall.state)).unwrap_or_default();
            for (row_number, watched) in report.watched.iter().enumerate() {
                let Some(row) = line.row(row_number).filter(|_| line.says(row_number)) else { continue };
                let change = line.changes.iter().find(|change| change.row == row_number);
                let after = change.map_or(&row.seen, |change| &change.after);
                let why = match after {
                    Seen::Unknown(why) => why.as_str(),
                    _ => "",
                };
                let before = change.filter(|_| !line.aside).map(|change| word(&change.before)).unwrap_or_default();
                let when = change.map(|change| match line.aside {
                    true => format!("in use: {}", word(&change.before)),
                    false => when(change),
                });
                let when = when.unwrap_or_default();
                let written = row.written.as_ref().map(|written| at(written.time)).unwrap_or_default();
                let key = key(watched).map(ToString::to_string).unwrap_or_default();
                let cells = [
                    &history.name,
                    &*number,
                    beside,
                    &from,
                    &until,
                    word_of,
                    &sources,
                    verdict,
                    tls12,
                    &key,
                    &name(watched),
                    &word(after),
                    &before,
                    &written,
                    &when,
                    why,
                ];
                table.row(cells)?;
            }
        }
    }
    for history in report.histories {
        for each in &history.recovered {
            beside(&mut table, &history.name, "recovered", &recovered(each), "")?;
        }
    }
    for history in report.histories {
        let unchanged = history.quiet_since(report.watched).map(|written| format!("unchanged {}", quiet(written)));
        for note in history.notes.iter().cloned().chain(unchanged) {
            beside(&mut table, &history.name, "note", &note, "")?;
        }
    }
    for (source, all) in [("not_read", report.lost), ("not_judged", report.not_judged)] {
        for (name, why) in all {
            beside(&mut table, "", source, name, why)?;
        }
    }
    table.end()
}

/// A row for what is of no line: what it is, in words, and why it is not known.
fn beside(table: &mut Table<impl Write>, machine: &str, source: &str, said: &str, why: &str) -> io::Result<()> {
    let cells = [machine, "", "", "", "", source, said];
    table.row(cells.into_iter().chain([""; HEADINGS.len() - 8]).chain([why]))
}
