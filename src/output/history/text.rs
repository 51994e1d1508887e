//! Histories for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{
    RECOVERED, Report, course, groups, headline, in_effect, name, never, quiet, reasons, recovered, short, sources,
    times, verdict, when, word,
};
use crate::audit::Verdict;
use crate::audit::history::{History, Line};
use crate::output::escape::escape;
use crate::output::overview::Layout;
use crate::output::wrap::wrapped;
use crate::windows::path::KeyPath;

pub(super) fn write(report: &Report<'_>, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut painter = Painter { layout, out };
    for history in report.histories {
        painter.history(report, history)?;
        writeln!(painter.out)?;
    }
    painter.list("Not read of the past", report.lost)?;
    painter.list("Not judged", report.not_judged)?;
    painter.line("", "", &headline(report))
}

/// Keys of values that were never set that are named.
const NEVER: usize = 8;

struct Painter<'o> {
    layout: Layout,
    out: &'o mut dyn Write,
}

impl Painter<'_> {
    /// A line that begins with `start`; what does not fit goes on below `hang`.
    fn line(&mut self, start: &str, hang: &str, text: &str) -> io::Result<()> {
        let text = escape(text);
        wrapped(&text, self.layout.width, start, hang).iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.layout.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn list(&mut self, heading: &str, lines: &[(std::sync::Arc<str>, String)]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{heading}")?;
        lines.iter().try_for_each(|(name, why)| self.line("  ", "    ", &format!("{name}: {why}")))?;
        writeln!(self.out)
    }

    fn history(&mut self, report: &Report<'_>, history: &History) -> io::Result<()> {
        let whole = history.lines.last().and_then(|line| line.whole.as_ref());
        let bold = self.paint(Style::new().bold(), &escape(&history.name));
        let colour = colour(whole.map_or(Verdict::Unknown, |whole| whole.verdict));
        let verdict = self.paint(colour.on_default().bold(), &verdict(history));
        writeln!(self.out, "{bold}: {verdict}")?;
        if let Some(whole) = whole.filter(|whole| whole.verdicts.len() > 1) {
            for (policy, verdict) in &whole.verdicts {
                self.fact("policy", &format!("{policy}: {}", verdict.word()))?;
            }
        }
        let course: Vec<String> =
            course(history).iter().map(|(state, when)| format!("{} ({when})", in_effect(*state))).collect();
        if !course.is_empty() {
            self.fact("TLS 1.2", &course.join(" → "))?;
        }
        if let Some(written) = history.quiet_since(report.watched) {
            self.fact("unchanged", &quiet(written))?;
        }
        for note in &history.notes {
            self.line("  note: ", "    ", note)?;
        }
        let groups = groups(report, history);
        let last = history.lines.len().saturating_sub(1);
        for (number, line) in history.lines.iter().enumerate() {
            writeln!(self.out)?;
            // In between, what is as it was is counted.
            let full = (number == 0 || number == last) && !line.aside;
            self.moment(report, line, &groups, full, &times(line, number == last, history.is_now))?;
        }
        let (never, silent) = never(report, history);
        if !never.is_empty() || !silent.is_empty() {
            writeln!(self.out)?;
        }
        for (what, keys) in [("set at none of these moments", never), ("no source speaks of", silent)] {
            let more = match keys.len().saturating_sub(NEVER) {
                0 => String::new(),
                more => format!(" and {more} keys more"),
            };
            let named: Vec<&str> = keys.iter().take(NEVER).map(String::as_str).collect();
            if !named.is_empty() {
                self.line("  ", "    ", &format!("{what}: {}{more}", named.join(", ")))?;
            }
        }
        if !history.recovered.is_empty() {
            writeln!(self.out)?;
            self.line("  ", "    ", RECOVERED)?;
            history.recovered.iter().try_for_each(|each| self.line("    ", "      ", &recovered(each)))?;
        }
        Ok(())
    }

    fn moment(
        &mut self,
        report: &Report<'_>,
        line: &Line,
        groups: &[(Option<KeyPath>, Vec<usize>)],
        full: bool,
        times: &str,
    ) -> io::Result<()> {
        let verdict = line.whole.as_ref().map(|whole| whole.verdict);
        let heading = if line.aside { format!("beside it, {times}") } else { times.to_owned() };
        let heading = self.paint(Style::new().bold(), &heading);
        let verdict = verdict.map(|verdict| self.paint(colour(verdict).on_default(), verdict.word()));
        writeln!(self.out, "  {heading}{}", verdict.map(|word| format!("  {word}")).unwrap_or_default())?;
        for source in sources(line) {
            self.below("source", &source)?;
        }
        if let Some(whole) = &line.whole {
            let before = line.effect.as_ref().filter(|effect| effect.before.state != whole.overall.state);
            let before =
                before.map(|effect| format!(", before {}", in_effect(effect.before.state))).unwrap_or_default();
            let state = in_effect(whole.overall.state);
            self.below("effective", &format!("TLS 1.2 is {state}{before}: {}", whole.overall.why))?;
        }
        let mut as_before = 0;
        for (key, numbers) in groups {
            let numbers: Vec<usize> = numbers.iter().copied().filter(|&number| line.says(number)).collect();
            let changed = line.changes.iter().map(|change| &change.row).chain(&line.first_said);
            let is_news = full || changed.into_iter().any(|number| numbers.contains(number));
            if !numbers.is_empty() && is_news {
                self.group(report, line, key.as_ref(), &numbers)?;
            } else {
                as_before +=
                    numbers.iter().filter(|&&number| line.row(number).is_some_and(|row| row.seen.is_told())).count();
            }
        }
        let as_in_use = if line.aside { "as in the set in use" } else { "as before" };
        match as_before {
            0 => {}
            1 => self.line("    ", "      ", &format!("1 other value {as_in_use}"))?,
            n => self.line("    ", "      ", &format!("{n} other values {as_in_use}"))?,
        }
        reasons(line).iter().try_for_each(|why| self.line("    unknown: ", "      ", why))
    }

    /// The values of a key in one line, and what is known of when they were changed.
    fn group(&mut self, report: &Report<'_>, line: &Line, key: Option<&KeyPath>, numbers: &[usize]) -> io::Result<()> {
        let rows =
            || numbers.iter().filter_map(|&number| Some((number, report.watched.get(number)?, line.row(number)?)));
        let change = |number: usize| line.changes.iter().find(|change| change.row == number);
        let value = |(number, watched, row): (usize, &_, &crate::audit::history::Row)| {
            let value = match change(number) {
                Some(change) if line.aside => format!("{} (in use: {})", word(&change.after), word(&change.before)),
                Some(change) => format!("{} → {}", word(&change.before), word(&change.after)),
                None => word(&row.seen),
            };
            format!("{} {value}", name(watched))
        };
        let values: Vec<String> = rows().map(value).collect();
        let heading = key.map_or_else(|| "effective state".to_owned(), short);
        let written = rows().find_map(|(_, _, row)| row.written.as_ref());
        let written = written.map(|written| match key {
            Some(key) if *key == written.key => format!(", last written {}", written.time.rfc3339(0)),
            _ => format!(", not there; the key above it last written {}", written.time.rfc3339(0)),
        });
        self.line("    ", "      ", &format!("{heading}{}", written.unwrap_or_default()))?;
        let sign = if numbers.iter().any(|&number| change(number).is_some()) { "    ! " } else { "      " };
        self.line(sign, "        ", &values.join(", "))?;
        let mut said: Vec<String> = Vec::new();
        for change in numbers.iter().filter_map(|&number| change(number)) {
            if line.aside || key.is_none() || !change.after.is_told() {
                continue;
            }
            let text = when(change);
            if !said.contains(&text) {
                self.line("        ", "        ", &text)?;
                said.push(text);
            }
        }
        Ok(())
    }

    fn fact(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.line(&format!("  {label:<12} "), "               ", text)
    }

    fn below(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.line(&format!("    {label:<10} "), "               ", text)
    }
}

fn colour(verdict: Verdict) -> AnsiColor {
    match verdict {
        Verdict::Compliant => AnsiColor::Green,
        Verdict::NotCompliant => AnsiColor::Red,
        Verdict::Unknown => AnsiColor::Yellow,
    }
}
