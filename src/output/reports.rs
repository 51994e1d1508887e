//! Reports about all machines of a run, or of saved runs: several at a time, each in its format.

use std::io::{self, Write};

use super::estate::{Estate, Others};
use super::overview::{self, Layout};
use super::spreadsheet::Rows;
use super::{html, junit, markdown, sarif};
use crate::run::Counts;
use crate::saved::record::{End, Record, Run};

/// A format of reports about all machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportFormat {
    /// For people, on a terminal.
    Overview(Layout),
    /// Comma-separated values, a row a machine.
    Csv,
    /// Comma-separated values, a row a finding.
    CsvFindings,
    /// JUnit.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// Markdown.
    Markdown,
    /// One page of HTML.
    Html,
}

impl ReportFormat {
    /// Those that can be written to a file.
    pub const FILES: [ReportFormat; 6] = [
        ReportFormat::Csv,
        ReportFormat::CsvFindings,
        ReportFormat::Junit,
        ReportFormat::Sarif,
        ReportFormat::Markdown,
        ReportFormat::Html,
    ];

    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// What it is for, as the help says it.
    pub fn about(self) -> &'static str {
        self.row().1
    }

    /// Whether it has what differs from the others of its kind.
    pub fn compares(self) -> bool {
        self.shows_fixes()
    }

    /// Whether it has the fix of each kind of fault.
    pub fn shows_fixes(self) -> bool {
        match self {
            ReportFormat::Overview(_) | ReportFormat::Markdown | ReportFormat::Html => true,
            ReportFormat::Csv | ReportFormat::CsvFindings | ReportFormat::Junit | ReportFormat::Sarif => false,
        }
    }

    fn row(self) -> (&'static str, &'static str) {
        match self {
            ReportFormat::Overview(_) => ("text", "For people"),
            ReportFormat::Csv => ("csv", "Comma-separated values, a row a machine"),
            ReportFormat::CsvFindings => ("csv-findings", "Comma-separated values, a row a finding"),
            ReportFormat::Junit => ("junit", "For programs that watch over tests: a test a rule"),
            ReportFormat::Sarif => ("sarif", "For code scanning: SARIF 2.1.0"),
            ReportFormat::Markdown => ("markdown", "For a ticket or a pull request"),
            ReportFormat::Html => ("html", "One page, complete in itself"),
        }
    }
}

/// Reports while a run goes on. Rows of comma-separated values go out at once; what needs all machines waits for the end.
#[derive(Default)]
pub struct Reports<'w> {
    rows: Vec<Rows<'w>>,
    whole: Vec<(ReportFormat, &'w mut dyn Write)>,
    estate: Estate,
}

impl<'w> Reports<'w> {
    /// Adds a report; `bom` is whether comma-separated values begin with a byte order mark.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn add(&mut self, format: ReportFormat, bom: bool, out: &'w mut dyn Write) -> io::Result<()> {
        match format {
            ReportFormat::Csv => self.rows.push(Rows::begin(false, bom, out)?),
            ReportFormat::CsvFindings => self.rows.push(Rows::begin(true, bom, out)?),
            _ => self.whole.push((format, out)),
        }
        Ok(())
    }

    /// Holds machines against the others of their kind, where some report shows it.
    pub fn compare(&mut self) {
        self.estate.others = Some(Others::default());
    }

    /// Whether there is none: then nobody needs records.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.whole.is_empty()
    }

    /// A run begins.
    pub fn run(&mut self, run: Run) {
        self.rows.iter_mut().for_each(|rows| rows.run(&run));
        self.estate.run(run);
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// When a writer fails.
    pub fn take(&mut self, record: Record) -> io::Result<()> {
        match record {
            Record::Host(host) => {
                self.rows.iter_mut().try_for_each(|rows| rows.host(&host))?;
                self.estate.others.iter_mut().for_each(|others| others.take(&host));
                let overview = |(format, _): &(ReportFormat, _)| matches!(format, ReportFormat::Overview(_));
                match self.whole.iter().all(overview) {
                    true if self.whole.is_empty() => {}
                    true => self.estate.host(host.lean()),
                    false => self.estate.host(*host),
                }
            }
            Record::Input(input) => {
                self.rows.iter_mut().try_for_each(|rows| rows.input(&input))?;
                self.estate.input(*input);
            }
        }
        Ok(())
    }

    /// A run ends.
    pub fn run_ended(&mut self, end: End) {
        self.estate.end(end);
    }

    /// Writes what waited for the end; `status` is the exit status that the program will have.
    ///
    /// # Errors
    /// When a writer fails.
    pub fn finish(mut self, counts: Counts, status: u8, troubles: &[String]) -> io::Result<()> {
        self.estate.counts = counts;
        self.estate.status = status;
        self.estate.troubles = troubles.to_vec();
        self.rows.into_iter().try_for_each(Rows::end)?;
        for (format, out) in self.whole {
            match format {
                ReportFormat::Overview(layout) => overview::write(&self.estate, layout, out)?,
                ReportFormat::Junit => junit::write(&self.estate, out)?,
                ReportFormat::Sarif => sarif::write(&self.estate, out)?,
                ReportFormat::Markdown => markdown::write(&self.estate, out)?,
                ReportFormat::Html => html::write(&self.estate, out)?,
                ReportFormat::Csv | ReportFormat::CsvFindings => {}
            }
            out.flush()?;
        }
        Ok(())
    }
}
