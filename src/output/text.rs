//! Text for people: aligned, coloured on a terminal.

mod closing;
mod effective;
mod group_policy;

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::escape::escape;
use crate::audit::{Finding, HostReport, Outcome, Verdict};
use crate::host::{Input, InputKind, Windows};
use crate::registry::cross_check::Agreement;
use crate::windows::path::KeyPath;
use crate::windows::value::Value;
pub(super) use closing::{Closing, Closings, closing};

struct Painter {
    colour: bool,
    verbose: bool,
}

/// A machine's part of the report.
pub(super) fn host(host: &HostReport, colour: bool, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    Painter { colour, verbose }.host(host, out)?;
    writeln!(out)
}

impl Painter {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn host(&self, host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
        let colour = match host.verdict {
            Verdict::Compliant => AnsiColor::Green,
            Verdict::NotCompliant => AnsiColor::Red,
            Verdict::Unknown => AnsiColor::Yellow,
        };
        let name = self.paint(Style::new().bold(), &escape(&host.name));
        let verdict = self.paint(colour.on_default().bold(), host.verdict.word());
        writeln!(out, "{name}: {verdict}{}", if host.backup && host.as_of.is_none() { " (backup copy)" } else { "" })?;
        if host.verdicts.len() > 1 {
            for (policy, verdict) in &host.verdicts {
                self.fact(out, "policy", &format!("{policy}: {}", verdict.word()))?;
            }
        }
        self.effective_line(&host.effective, out)?;
        if let Some(windows) = windows(&host.windows) {
            self.fact(out, "Windows", &windows)?;
        }
        if let Some(set) = &host.control_set {
            self.fact(out, "Control set", set)?;
        }
        // Which logs were applied stands with their hive.
        let minor = |kind: &InputKind| matches!(kind, InputKind::Log(_) | InputKind::Part);
        let shown = |input: &&Input| !minor(&input.kind) || self.verbose || input.sha256.is_some();
        for input in host.inputs.iter().filter(shown) {
            let (label, text) = describe(input);
            self.fact(out, &label, &text)?;
            if let InputKind::RegFile { extent, .. } = &input.kind {
                self.fact(out, "", &extent.to_string())?;
            }
            match &input.sha256 {
                Some(Ok(digest)) => self.fact(out, "", &format!("SHA-256 {digest}"))?,
                Some(Err(error)) => self.fact(out, "", &format!("no SHA-256: {error}"))?,
                None => {}
            }
        }
        if let Some(text) = cross_checked(host) {
            self.fact(out, "Cross-check", &text)?;
        }
        if self.verbose {
            self.fact(out, "Pages read", &format!("{} of 4 KiB", host.pages_read))?;
        }
        for note in &host.notes {
            self.note(note, out)?;
        }
        self.policies(&host.policies, out)?;
        self.lints(&host.effective, out)?;
        if self.verbose {
            self.effective_table(&host.effective, out)?;
        }
        if let Some(why) = says_nothing(host) {
            let word = self.paint(AnsiColor::Yellow.on_default(), "unknown");
            writeln!(out, "\n    {word} all {} rules: {}", applying(host).count(), escape(why))?;
            return if self.verbose { self.findings(host, out) } else { Ok(()) };
        }
        self.findings(host, out)
    }

    fn findings(&self, host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
        // What is about a product that is not there is of no use to most readers.
        let told = |finding: &&Finding| {
            self.verbose || finding.outcome != Outcome::NotApplicable || finding.rule.only.product.is_none()
        };
        let width = host.findings.iter().filter(told).map(|f| f.rule.name().chars().count()).max().unwrap_or_default();
        let mut key: Option<Option<&KeyPath>> = None;
        let mut advice: Vec<&str> = Vec::new();
        let mut policy = None;
        for finding in host.findings.iter().filter(told) {
            if host.verdicts.len() > 1 && policy != Some(&finding.rule.policy) {
                let of = host.verdicts.iter().find(|(id, _)| *id == finding.rule.policy);
                let verdict = of.map(|(_, verdict)| verdict.word()).unwrap_or_default();
                writeln!(out, "\n  {}", escape(&format!("Policy {}: {verdict}", finding.rule.policy)))?;
                (policy, key) = (Some(&finding.rule.policy), None);
            }
            let of = finding.rule.setting().map(|setting| &setting.key);
            if key != Some(of) {
                let heading = of.map_or_else(|| "effective state".to_owned(), ToString::to_string);
                writeln!(out, "\n  {}", escape(&heading))?;
            }
            key = Some(of);
            self.finding(finding, width, out)?;
            if let Some(waived) = &finding.waived {
                let label = self.paint(AnsiColor::Yellow.on_default(), "waived:");
                writeln!(out, "            {label} {}", escape(&super::waiver(waived)))?;
            }
            // Advice that many rules share is given once.
            if let Some(fix) = finding.fix.as_deref().filter(|fix| self.verbose || !advice.contains(fix)) {
                advice.push(fix);
                writeln!(out, "            {} {}", self.paint(Style::new().dimmed(), "fix:"), escape(fix))?;
            }
            if self.verbose {
                self.evidence(finding, out)?;
            }
        }
        Ok(())
    }

    fn note(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "  {}: {}", self.paint(AnsiColor::Yellow.on_default(), "note"), escape(text))
    }

    fn fact(&self, out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
        let label = self.paint(Style::new().dimmed(), &format!("{label:<12}"));
        writeln!(out, "  {label} {}", escape(text))
    }

    fn finding(&self, finding: &Finding, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let (colour, word) = match finding.outcome {
            Outcome::Pass => (AnsiColor::Green, "pass"),
            Outcome::Fail => (AnsiColor::Red, "fail"),
            Outcome::Unknown => (AnsiColor::Yellow, "unknown"),
            Outcome::NotApplicable => (AnsiColor::BrightBlack, "n/a"),
        };
        let word = self.paint(colour.on_default(), &format!("{word:<7}"));
        let name = finding.rule.name();
        let value = match (&finding.found, &finding.state) {
            (Some(value), _) => shown(value),
            (None, Some(state)) => state.to_string(),
            (None, None) => "-".to_owned(),
        };
        let wanted = finding.rule.setting().map(|setting| &setting.expect.value);
        let exact = finding.outcome == Outcome::Pass && finding.found.is_some() && finding.found.as_ref() == wanted;
        let why = if exact { String::new() } else { format!("  {}", escape(&finding.why)) };
        let decides = finding.rule.required || matches!(finding.outcome, Outcome::Pass | Outcome::NotApplicable);
        let advisory = if decides { "" } else { "  (advisory)" };
        let from = finding.overlay.as_ref().map(|place| format!("  (from {})", escape(&place.artifact)));
        let from = from.unwrap_or_default();
        let line = format!("    {word} {:width$}  {:<10}{why}{advisory}{from}", escape(&name), escape(&value));
        writeln!(out, "{}", line.trim_end())
    }

    fn evidence(&self, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        let mut parts = vec![format!("rule {}", finding.rule.id)];
        if !finding.rule.required {
            parts.push("advisory".to_owned());
        }
        parts.extend(finding.place.as_ref().map(|place| format!("at {place}")));
        parts.extend(finding.found.as_ref().map(|value| format!("raw {} {}", value.kind, value.hex())));
        parts.extend(finding.cross_check.as_ref().map(ToString::to_string));
        parts.extend(finding.last_write.map(|time| format!("key last written {time}")));
        writeln!(out, "            {}", self.paint(Style::new().dimmed(), &escape(&parts.join(" · "))))
    }
}

/// What the second reader said, counted.
fn cross_checked(host: &HostReport) -> Option<String> {
    let count = |is: fn(&Agreement) -> bool| {
        host.findings.iter().filter_map(|f| f.cross_check.as_ref()).filter(|a| is(a)).count()
    };
    let agree = count(|a| matches!(a, Agreement::Agree));
    let disagree = count(|a| matches!(a, Agreement::Disagree { .. }));
    let could_not = count(|a| matches!(a, Agreement::CouldNotRead { .. }));
    (agree + disagree + could_not > 0)
        .then(|| format!("nt-hive agrees with {agree} findings, disagrees with {disagree}, could not read {could_not}"))
}

/// The reason, when no rule could be judged and all for the same one: the input is about something else.
fn says_nothing(host: &HostReport) -> Option<&str> {
    let first = applying(host).next()?;
    let same = |f: &Finding| f.outcome == Outcome::Unknown && f.why == first.why;
    applying(host).all(same).then_some(first.why.as_str())
}

/// The rules that have a meaning on the machine.
fn applying(host: &HostReport) -> impl Iterator<Item = &Finding> {
    host.findings.iter().filter(|finding| finding.outcome != Outcome::NotApplicable)
}

/// A value for a narrow column; a long one is shortened, its raw bytes are in the other formats.
pub(super) fn shown(value: &Value) -> String {
    let text = match (value.as_dword(), value.as_text()) {
        (Some(n), _) if n < 10 => return n.to_string(),
        (Some(n), _) => return format!("0x{n:X}"),
        (None, Some(text)) => format!("\"{text}\""),
        (None, None) => value.hex(),
    };
    if text.chars().count() <= 40 { text } else { text.chars().take(39).chain(['…']).collect() }
}

fn windows(w: &Windows) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(w.product.clone());
    parts.extend(w.display_version.as_ref().map(|v| format!("version {v}")));
    parts.extend(w.build.map(|build| match w.revision {
        Some(revision) => format!("build {build}.{revision}"),
        None => format!("build {build}"),
    }));
    parts.extend(w.installation_type.clone().filter(|t| t != "Client" && t != "Server"));
    if w.architecture.has_wow64().is_some() {
        parts.push(w.architecture.to_string());
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn describe(input: &Input) -> (String, String) {
    match &input.kind {
        InputKind::Hive { hive, base, recovery, .. } => {
            let written = base.last_written.rfc3339(0);
            (hive.to_string(), format!("{}, last written {written}, {recovery}", input.name))
        }
        InputKind::Log(_) => ("log".to_owned(), input.name.to_string()),
        InputKind::Container(format) => {
            let label = if format.ends_with("archive") { "archive" } else { "image" };
            (label.to_owned(), format!("{}, {format}", input.name))
        }
        InputKind::Part => ("image part".to_owned(), input.name.to_string()),
        InputKind::Overlay(form) => ("overlay".to_owned(), format!("{}, {form}", input.name)),
        InputKind::RegFile { form, .. } => (".reg file".to_owned(), format!("{}, {form}", input.name)),
        InputKind::PolicyFile(form) => ("policy file".to_owned(), format!("{}, {form}", input.name)),
        InputKind::Unreadable(error) => ("unreadable".to_owned(), format!("{}: {error}", input.name)),
    }
}
