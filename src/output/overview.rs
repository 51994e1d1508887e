//! Many machines in one text: first the answer, then a table, then what is wrong by kind, then what was not judged.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::escape::escape;
use super::estate::{Estate, Kind, both, days_until, kinds, letters, names, sign, windows};
use super::wrap::{fit_head, fit_tail, wrapped};
use crate::saved::record::{Finding, Host, Verdict};

/// How the text is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Columns of the terminal; none where there is no terminal: then nothing is wrapped or shortened.
    pub width: Option<usize>,
    /// With colours.
    pub colour: bool,
    /// Whether the command has --details, which may then be named.
    pub has_details: bool,
}

/// The protocols of a table that has room, and of one that has not.
pub(super) const SIX: [&str; 6] = ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"];
const THREE: [&str; 3] = ["TLS 1.0", "TLS 1.1", "TLS 1.2"];

/// The heading above machines held against the others of their kind.
pub(super) const DIFFERS: &str = "What differs from the others of its kind";

/// Columns from which there is room for six protocols.
const ROOM: usize = 110;

/// Columns from which there is room for Windows and the source.
const MIDDLE: usize = 76;

/// Narrower than this nothing is laid out: a line that is too long is better than one word a line.
const NARROWEST: usize = 40;

/// Names of machines of one kind, before the rest is counted.
const NAMES: usize = 10;

/// Columns of a machine's name and of a Windows, at most, on a terminal.
const NAME: usize = 24;
const WINDOWS: usize = 20;

/// Columns of a verdict: its sign, its word, the letter of its kind.
const VERDICT: usize = 12;

/// The first sentences: how many meet the policy, how many do not, and what TLS 1.2 is in effect.
pub(super) fn answer(estate: &Estate) -> Vec<String> {
    let states = [("on", "on"), ("partly", "partly"), ("off", "off"), ("unknown", "cannot be told")];
    let states = states.map(|(state, word)| (word, estate.in_effect(state)));
    let states: Vec<String> = states.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{word} {n}")).collect();
    let mut said = vec![headline(estate)];
    if !states.is_empty() {
        said.push(format!("TLS 1.2 in effect: {}.", states.join(", ")));
    }
    said
}

/// How many meet the policy and how many do not, in one sentence; with one before it where it is about what would be.
pub(super) fn headline(estate: &Estate) -> String {
    let (hosts, bad) = (estate.hosts.len(), estate.count(Verdict::NotCompliant));
    let (good, open) = (estate.count(Verdict::Compliant), estate.count(Verdict::Unknown));
    let all = if estate.by_policy().is_empty() { "" } else { "all of " };
    let policy = format!("{all}{}", estate.policies());
    let machines = if hosts == 1 { "machine" } else { "machines" };
    let first = match (hosts, bad) {
        (0, _) if policy.is_empty() => "No machine was judged".to_owned(),
        (0, _) => format!("No machine was judged against {policy}"),
        (1, 0) if open == 0 => format!("The machine meets {policy}"),
        (1, 0) => format!("Whether the machine meets {policy} cannot be told"),
        (_, 0) if open == 0 => format!("All {hosts} machines meet {policy}"),
        (_, 0) => format!("None of {hosts} {machines} is known not to meet {policy}; {good} meet it"),
        (1, _) => format!("The machine does not meet {policy}"),
        (_, 1) => format!("1 of {hosts} machines does not meet {policy}; {good} do"),
        _ => format!("{bad} of {hosts} {machines} do not meet {policy}; {good} do"),
    };
    let open = if open > 0 && hosts > 1 { format!(", {open} cannot be told") } else { String::new() };
    let unjudged = match estate.unjudged.len() {
        0 => String::new(),
        1 => ", 1 input was not judged".to_owned(),
        n => format!(", {n} inputs were not judged"),
    };
    let what_if = estate.what_if().map(|what_if| format!("{what_if} ")).unwrap_or_default();
    format!("{what_if}{first}{open}{unjudged}.")
}

/// What there is to say besides: waivers, support, advice, copies of earlier days, second readers.
pub(super) fn also(estate: &Estate) -> Vec<String> {
    let mut said = Vec::new();
    let count = |n: usize, one: &str, many: &str| (n > 0).then(|| format!("{n} {}", if n == 1 { one } else { many }));
    let started = estate.first().map(|run| run.started.as_str()).unwrap_or_default();
    let today = estate.first().and_then(|run| run.waivers.as_ref()).map_or(started, |waivers| waivers.day.as_str());
    let waivers = || estate.first().and_then(|run| run.waivers.as_ref()).into_iter().flat_map(|list| &list.entries);
    let soon = |days: Option<i64>| days.is_some_and(|days| (0..=SOON).contains(&days));
    let soon =
        waivers().filter(|waiver| soon(waiver.expires.as_deref().and_then(|last| days_until(today, last)))).count();
    let expired = waivers().filter(|waiver| waiver.expired).count();
    let idle = estate
        .ends
        .iter()
        .flatten()
        .flat_map(|end| &end.diagnostics)
        .filter(|said| said.code == "waiver-unused")
        .count();
    let waived = usize::try_from(estate.counts.waived).unwrap_or(usize::MAX);
    let advisory = usize::try_from(estate.counts.advisory).unwrap_or(usize::MAX);
    let ended = |host: &&Host| {
        let ends = host.effective.product.windows_support_ends.as_deref();
        ends.and_then(|ends| days_until(started, ends)).is_some_and(|days| days < 0)
    };
    let unsupported = estate.hosts.iter().filter(ended).count();
    said.extend(count(waived, "failure is waived", "failures are waived"));
    said.extend(count(soon, "waiver expires within 90 days", "waivers expire within 90 days"));
    said.extend(count(expired, "waiver has expired", "waivers have expired"));
    said.extend(count(idle, "waiver waives nothing", "waivers waive nothing"));
    said.extend(count(advisory, "advisory failure", "advisory failures"));
    let (one, many) = ("machine runs a Windows out of support", "machines run a Windows out of support");
    said.extend(count(unsupported, one, many));
    if estate.counts.disagreements > 0 {
        said.push(format!("{} values are read differently by the second reader", estate.counts.disagreements));
    }
    let mut lines: Vec<String> =
        estate.troubles.iter().take(TROUBLES).map(|trouble| format!("Of the saved runs: {trouble}.")).collect();
    if !said.is_empty() {
        lines.push(format!("Also: {}.", said.join("; ")));
    }
    let tables = estate.runs.iter().flat_map(|run| &run.tables).filter(|table| table.replaced);
    let tables: BTreeSet<String> = tables.map(|table| format!("{} of {}", table.name, table.as_of)).collect();
    if !tables.is_empty() {
        let all: Vec<String> = tables.into_iter().collect();
        lines.push(format!("Verdicts rest on tables that are not built in: {}.", all.join(", ")));
    }
    lines.extend(estate.past.line().map(|line| format!("{line}.").replacen('l', "L", 1)));
    let (copies, volumes) = estate.shadows;
    if copies > 0 {
        let (copies_are, volumes_are) =
            (plural(copies, "shadow copy", "shadow copies"), plural(volumes, "volume", "volumes"));
        lines.push(format!("Not read: {copies} {copies_are} of {volumes} {volumes_are}; --shadow-copies reads them."));
    }
    lines
}

fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// Troubles with saved runs that are named.
const TROUBLES: usize = 20;

/// Days within which a waiver that expires is named.
pub(super) const SOON: i64 = 90;

/// The rules that fail, a line for each policy where there are several.
fn fails(kind: &Kind<'_>) -> Vec<String> {
    let several = kind.example.verdicts.len() > 1;
    let line = |of: &dyn Fn(&Finding) -> bool| {
        let rules = kind.failing.iter().filter(|finding| of(finding)).map(|finding| finding.rule.as_str());
        rules.collect::<Vec<_>>().join(", ")
    };
    if !several {
        return vec![format!("fails: {}", line(&|_| true))];
    }
    let policies = kind.example.verdicts.iter().map(|judged| judged.policy.as_str());
    let lines = policies.map(|policy| (policy, line(&|finding| finding.policy == policy)));
    lines.filter(|(_, rules)| !rules.is_empty()).map(|(policy, rules)| format!("fails {policy}: {rules}")).collect()
}

struct Text<'w> {
    layout: Layout,
    out: &'w mut dyn Write,
}

/// Writes the text.
pub(super) fn write(estate: &Estate, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let layout = Layout { width: layout.width.filter(|width| *width >= NARROWEST), ..layout };
    let kinds = kinds(estate);
    let mut text = Text { layout, out };
    for sentence in answer(estate) {
        text.line("", &sentence)?;
    }
    estate.by_policy().iter().try_for_each(|line| text.line("  ", &format!("  {line}")))?;
    text.table(estate, &kinds)?;
    text.kinds(estate, &kinds)?;
    text.others(estate)?;
    text.unjudged(estate)?;
    text.doubts(estate)?;
    let also = also(estate);
    if !also.is_empty() {
        writeln!(text.out)?;
    }
    also.iter().try_for_each(|line| text.line("  ", line))?;
    writeln!(text.out)?;
    let details = if layout.has_details { "--details, or " } else { "" };
    let evidence = format!("Evidence: {details}--report html=report.html. Exit status {}.", estate.status);
    text.line("", &evidence)
}

impl Text<'_> {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.layout.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A line, wrapped where there is a terminal; what follows the first begins with `indent`.
    fn line(&mut self, indent: &str, text: &str) -> io::Result<()> {
        for line in wrapped(&escape(text), self.layout.width, "", indent) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(Style::new().bold(), text);
        writeln!(self.out, "\n{text}")
    }

    fn table(&mut self, estate: &Estate, kinds: &[Kind<'_>]) -> io::Result<()> {
        let letters = letters(kinds);
        let unknown = estate.hosts.iter().filter(|host| host.verdict == Verdict::Unknown);
        let rows: Vec<&Host> = kinds.iter().flat_map(|kind| kind.hosts.iter().copied()).chain(unknown).collect();
        let good = estate.count(Verdict::Compliant);
        if rows.is_empty() {
            return Ok(());
        }
        let wide = self.layout.width.is_none_or(|width| width >= ROOM);
        let protocols: &[&str] = if wide { &SIX } else { &THREE };
        let longest = |of: fn(&Host) -> usize, least: usize, most: usize| {
            let longest = rows.iter().map(|host| of(host)).max().unwrap_or_default().max(least);
            if self.layout.width.is_some() { longest.min(most) } else { longest }
        };
        let narrow = if wide { 0 } else { 6 };
        let name = longest(|host| escape(&host.name).chars().count(), "machine".len(), NAME - narrow);
        let product = longest(|host| escape(&windows(host)).chars().count(), "Windows".len(), WINDOWS - narrow);
        // The narrowest terminals have room for what decides alone.
        let few = self.layout.width.is_some_and(|width| width < MIDDLE);
        let product = if few { 0 } else { product };
        let taken = VERDICT + name + 2 + if few { 0 } else { product + 2 } + protocols.len() * 8;
        let source = self.layout.width.map(|width| width.saturating_sub(taken));
        let pad = |text: &str, width: usize| format!("{text}{:1$}", "", width.saturating_sub(text.chars().count()));
        let head: Vec<String> = protocols.iter().map(|protocol| pad(protocol, 8)).collect();
        let of_windows =
            |text: &str| if few { String::new() } else { format!("{}  ", pad(&fit_tail(text, product), product)) };
        let last = if few { "" } else { "source" };
        let head = format!("{}  {}{}{last}", pad("machine", name), of_windows("Windows"), head.concat());
        writeln!(self.out, "\n{:VERDICT$}{head}", "")?;
        let rule = self.layout.width.unwrap_or(VERDICT + head.chars().count());
        writeln!(self.out, "{}", "─".repeat(rule))?;
        for host in &rows {
            let letter = letters.get(&std::ptr::from_ref(*host)).map(|kind| kind.letter.as_str()).unwrap_or_default();
            let (colour, word) = match host.verdict {
                Verdict::NotCompliant => (AnsiColor::Red, "fails"),
                Verdict::Unknown => (AnsiColor::Yellow, "unknown"),
                Verdict::Compliant => (AnsiColor::Green, "meets"),
            };
            let verdict = self.paint(colour.on_default(), &pad(&format!("{} {word}", sign(host.verdict)), 9));
            let cells: Vec<String> = protocols.iter().map(|protocol| pad(&both(host, protocol), 8)).collect();
            let unit = escape(&host.unit);
            let line = format!(
                "{verdict} {} {}  {}{}{}",
                pad(letter, 1),
                pad(&fit_tail(&escape(&host.name), name), name),
                of_windows(&escape(&windows(host))),
                cells.concat(),
                source.map_or_else(|| unit.clone().into_owned(), |room| fit_head(&unit, if few { 0 } else { room })),
            );
            writeln!(self.out, "{}", line.trim_end())?;
        }
        if good > 0 {
            let sign = self.paint(AnsiColor::Green.on_default(), &pad("✓ meets", 9));
            let what = if good == 1 { "1 machine meets it" } else { "machines meet it" };
            let count = if good == 1 { String::new() } else { format!("{good} ") };
            let details = if self.layout.has_details { " (--details shows all)" } else { "" };
            writeln!(self.out, "{sign}   {count}{what}{details}")?;
        }
        Ok(())
    }

    fn kinds(&mut self, estate: &Estate, kinds: &[Kind<'_>]) -> io::Result<()> {
        if kinds.is_empty() {
            return Ok(());
        }
        self.heading("What is wrong, by kind")?;
        let letters = kinds.iter().map(|kind| kind.letter.len()).max().unwrap_or_default();
        let counts = kinds.iter().map(|kind| kind.hosts.len().to_string().len()).max().unwrap_or_default();
        for kind in kinds {
            let count = kind.hosts.len();
            let start = format!("  {:letters$}  {count:>counts$}  ", kind.letter);
            let text = format!("{:<14}  {}", kind.risk.word(), kind.title);
            let hang = " ".repeat(start.chars().count() + 16);
            for line in wrapped(&escape(&text), self.layout.width, &start, &hang) {
                writeln!(self.out, "{line}")?;
            }
            let indent = " ".repeat(8);
            for text in std::iter::once(names(&kind.hosts, NAMES)).chain(fails(kind)) {
                for line in wrapped(&escape(&text), self.layout.width, &indent, &indent) {
                    writeln!(self.out, "{line}")?;
                }
            }
            // A command is copied: it is never wrapped.
            let fix = match (&kind.same_fix_as, kind.example.fix.as_ref().is_some_and(|fix| fix.reg.is_some())) {
                (Some(before), _) => format!("the same fix as for kind {before}"),
                (None, true) => estate.command(kind),
                (None, false) => continue,
            };
            writeln!(self.out, "{indent}{}", escape(&fix))?;
        }
        Ok(())
    }

    fn others(&mut self, estate: &Estate) -> io::Result<()> {
        let Some(compared) = estate.compared() else { return Ok(()) };
        self.heading(DIFFERS)?;
        for kind in &compared.kinds {
            self.indented(2, &kind.title())?;
            for difference in &kind.differences {
                self.indented(4, &format!("{}: {}", difference.name, difference.most))?;
                for (had, who) in &difference.others {
                    self.indented(8, &format!("{had}: {who}"))?;
                }
            }
        }
        compared.few.iter().try_for_each(|few| self.indented(2, few))
    }

    fn indented(&mut self, columns: usize, text: &str) -> io::Result<()> {
        let (start, hang) = (" ".repeat(columns), " ".repeat(columns + 2));
        let lines = wrapped(&escape(text), self.layout.width, &start, &hang);
        lines.iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }

    fn unjudged(&mut self, estate: &Estate) -> io::Result<()> {
        let count = estate.unjudged.len();
        if count == 0 {
            return Ok(());
        }
        self.heading(&format!("Not judged ({count})"))?;
        for input in &estate.unjudged {
            writeln!(self.out, "  {}", escape(&input.path))?;
            let kind = input.kind.as_deref().unwrap_or_default();
            let why = input.why.as_deref().unwrap_or_default();
            let told: Vec<&str> = match why.starts_with(kind) {
                true => vec![why],
                false => [kind, why].into_iter().filter(|part| !part.is_empty()).collect(),
            };
            let next = input.next.as_ref().map(|next| format!("; {next}")).unwrap_or_default();
            for line in wrapped(&escape(&format!("{}{next}", told.join(": "))), self.layout.width, "    ", "    ") {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }

    fn doubts(&mut self, estate: &Estate) -> io::Result<()> {
        let reasons = estate.doubts();
        if reasons.is_empty() {
            return Ok(());
        }
        self.heading(&format!("Cannot be told ({})", estate.count(Verdict::Unknown)))?;
        for (why, hosts) in reasons {
            for (text, indent) in [(why, "  "), (names(&hosts, NAMES), "        ")] {
                for line in wrapped(&escape(&text), self.layout.width, indent, indent) {
                    writeln!(self.out, "{line}")?;
                }
            }
        }
        Ok(())
    }
}
