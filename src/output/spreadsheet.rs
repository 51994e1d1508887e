//! Comma-separated values: a row a machine, or a row a finding.

use std::io::{self, Write};

use super::csv::Table;
use super::estate::{asked, both, data, dotnet, product, reason, suites, windows, word};
use super::overview::SIX;
use crate::saved::record::{Finding, Host, Input, Outcome, Run, Verdict};

/// Rows while they are written.
pub(super) struct Rows<'w> {
    findings: bool,
    table: Table<&'w mut dyn Write>,
    run: String,
    /// Files whose import is judged before it is done.
    overlay: String,
}

/// What begins a file for programs that take it for ANSI otherwise.
const BYTE_ORDER_MARK: &str = "\u{feff}";

const OF_FINDINGS: [&str; 22] = [
    "run",
    "machine",
    "id",
    "image",
    "volume",
    "path",
    "policy",
    "rule",
    "title",
    "required",
    "outcome",
    "key",
    "value",
    "type",
    "data",
    "expected",
    "why",
    "fix",
    "key_written",
    "offset",
    "waived",
    "overlay",
];

const BEFORE_PROTOCOLS: [&str; 11] = [
    "run",
    "verdict",
    "verdicts",
    "machine",
    "id",
    "source",
    "domain",
    "windows",
    "build",
    "control_set",
    "tls12_in_effect",
];

const AFTER_PROTOCOLS: [&str; 12] = [
    "dotnet_tls12",
    "suites_tls12",
    "restart_pending",
    "entra_connect",
    "windows_support_ends",
    "failing",
    "failing_rules",
    "advisory_failing_rules",
    "waived_rules",
    "unknown_rules",
    "why",
    "overlay",
];

impl<'w> Rows<'w> {
    /// Begins with the headings.
    pub(super) fn begin(findings: bool, bom: bool, out: &'w mut dyn Write) -> io::Result<Self> {
        if bom {
            out.write_all(BYTE_ORDER_MARK.as_bytes())?;
        }
        let columns = if findings { OF_FINDINGS.to_vec() } else { headings() };
        Ok(Self { findings, table: Table::new(out, &columns)?, run: String::new(), overlay: String::new() })
    }

    pub(super) fn run(&mut self, run: &Run) {
        self.run.clone_from(&run.started);
        self.overlay = run.overlays.iter().map(|overlay| overlay.file.as_str()).collect::<Vec<_>>().join(", ");
    }

    pub(super) fn host(&mut self, host: &Host) -> io::Result<()> {
        if !self.findings {
            let mut row = machine(&self.run, host);
            row.push(self.overlay.clone());
            return self.row(&row);
        }
        for finding in &host.findings {
            let mut row = of_finding(&self.run, host, finding);
            row.push(self.overlay.clone());
            self.row(&row)?;
        }
        Ok(())
    }

    /// An input that was not judged is a row of its own: it may be a machine.
    pub(super) fn input(&mut self, input: &Input) -> io::Result<()> {
        if !input.is_unjudged() {
            return Ok(());
        }
        let why = [input.kind.as_deref(), input.why.as_deref(), input.next.as_deref()];
        let why = why.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let columns = if self.findings { OF_FINDINGS.to_vec() } else { headings() };
        let row: Vec<String> = columns
            .into_iter()
            .map(|column| match column {
                "run" => self.run.clone(),
                "verdict" | "outcome" => "not judged".to_owned(),
                "source" | "path" => input.path.clone(),
                "why" => why.clone(),
                "overlay" => self.overlay.clone(),
                _ => String::new(),
            })
            .collect();
        self.row(&row)
    }

    fn row(&mut self, cells: &[String]) -> io::Result<()> {
        self.table.row(cells.iter().map(String::as_str))
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.table.end()
    }
}

fn headings() -> Vec<&'static str> {
    BEFORE_PROTOCOLS.into_iter().chain(SIX).chain(AFTER_PROTOCOLS).collect()
}

fn machine(run: &str, host: &Host) -> Vec<String> {
    let rules = |is: fn(&&Finding) -> bool| {
        host.findings.iter().filter(is).map(|finding| host.rule_name(finding)).collect::<Vec<_>>().join(" ")
    };
    let build = match (host.windows.build, host.windows.revision) {
        (Some(build), Some(revision)) => format!("{build}.{revision}"),
        (Some(build), None) => build.to_string(),
        _ => String::new(),
    };
    let failing: Vec<&Finding> = host.failing().collect();
    let each = host.verdicts.iter().map(|judged| format!("{}: {}", judged.policy, word(judged.verdict)));
    let each: Vec<String> = each.collect();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut row = vec![
        run.to_owned(),
        word(host.verdict).to_owned(),
        each.join("; "),
        host.name.clone(),
        host.id.clone(),
        host.unit.clone(),
        text(&host.machine.domain),
        windows(host),
        build,
        text(&host.control_set),
        host.effective.tls12.state.clone(),
    ];
    row.extend(SIX.into_iter().map(|protocol| both(host, protocol)));
    row.extend([
        dotnet(host).to_owned(),
        suites(host),
        host.effective.restart.pending.clone(),
        product(host),
        text(&host.effective.product.windows_support_ends),
        failing.len().to_string(),
        rules(|finding| finding.required && finding.fails()),
        rules(|finding| !finding.required && finding.fails()),
        rules(|finding| finding.waived.is_some()),
        rules(|finding| finding.outcome == Outcome::Unknown),
        match host.verdict {
            Verdict::Compliant => String::new(),
            Verdict::NotCompliant => failing.first().map(|finding| finding.why.clone()).unwrap_or_default(),
            Verdict::Unknown => reason(host),
        },
    ]);
    row
}

fn of_finding(run: &str, host: &Host, finding: &Finding) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let place = finding.place.as_ref();
    let within: Vec<&str> = place.iter().flat_map(|place| place.within.iter().map(String::as_str)).collect();
    let artifact = place.map(|place| place.artifact.as_str()).unwrap_or_default();
    let file = artifact.split(crate::place::INTO).next().unwrap_or_default();
    let (image, volume, path) = match within.split_last() {
        None => (String::new(), String::new(), artifact.to_owned()),
        Some((path, volumes)) => (file.to_owned(), volumes.join(crate::place::INTO), (*path).to_owned()),
    };
    vec![
        run.to_owned(),
        host.name.clone(),
        host.id.clone(),
        image,
        volume,
        if path.is_empty() { host.unit.clone() } else { path },
        finding.policy.clone(),
        finding.rule.clone(),
        finding.title.clone(),
        if finding.required { "required" } else { "advisory" }.to_owned(),
        finding.outcome.printed().to_owned(),
        finding.key.clone().or_else(|| finding.subject.clone()).unwrap_or_default(),
        text(&finding.value),
        finding.found.as_ref().map(|value| value.kind.clone()).unwrap_or_default(),
        finding.found.as_ref().map_or_else(|| text(&finding.state), data),
        asked(finding),
        finding.why.clone(),
        text(&finding.fix),
        text(&finding.last_write),
        place.and_then(|place| place.offset.or(place.line)).map(|at| at.to_string()).unwrap_or_default(),
        finding.waived.as_ref().map(|waived| waived.reason.clone()).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_fit_the_rows() {
        let host = Host { findings: vec![Finding::default()], ..Host::default() };
        // What is laid over all machines is the last column.
        assert_eq!(machine("", &host).len() + 1, headings().len());
        assert_eq!(of_finding("", &host, &Finding::default()).len() + 1, OF_FINDINGS.len());
    }
}
