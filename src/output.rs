//! What a run says, made into text for people or machines: one file a format. Formats see records alone.

pub mod csv;
pub mod diff;
mod escape;
mod estate;
mod explain;
pub mod export;
pub mod history;
mod html;
mod json;
mod junit;
mod markdown;
pub mod merged;
mod overview;
mod past;
pub mod records;
pub mod reports;
mod sarif;
mod script;
mod spreadsheet;
mod text;
mod topics;
mod wrap;

use std::io::{self, Seek, Write};

use serde_json::Value as Json;
use tempfile::SpooledTempFile;

pub use escape::escape;
pub use explain::{code_list, explain, explain_code, list, rule_list, subject_list};
pub use topics::{explain_topic, topic_list, topic_words};

use crate::audit::Waived;
use crate::run::{About, End, Record};
use crate::saved::Saved;
use json::Shape;
pub use overview::Layout;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    Text {
        /// With colours.
        colour: bool,
        /// With rule ids, places, times and raw bytes.
        verbose: bool,
        /// With each machine in full, however many there are.
        details: bool,
    },
    /// One JSON document, `schema_version` 2.
    Json,
    /// The same as a stream: one JSON line a record.
    Jsonl,
    /// The table that Microsoft's PowerShell check prints.
    Script,
}

/// What a format makes of a record; made where the machine was judged, so that many are made at a time.
#[derive(Debug, Default)]
pub struct Piece {
    /// What stands above a machine's part, where there are several.
    heading: Vec<u8>,
    /// A machine's part of the report.
    host: Vec<u8>,
    /// What is said of an input where its turn comes, or in the part of the report that is about inputs.
    input: Vec<u8>,
    /// What a text report says of it at its end.
    closing: Option<text::Closing>,
}

impl Format {
    /// What this format makes of a record.
    pub fn piece(self, record: &Record) -> Piece {
        let mut piece = Piece::default();
        // Writing into memory does not fail.
        let _ = match (self, record) {
            (Format::Text { colour, verbose, .. }, Record::Host(host)) => {
                text::host(&host.report, colour, verbose, &mut piece.host)
            }
            (Format::Text { .. }, Record::Input(input)) => {
                piece.closing = Some(text::closing(input));
                Ok(())
            }
            (Format::Json, Record::Host(host)) => json::host_record(host, Shape::Document, &mut piece.host),
            (Format::Json, Record::Input(input)) => json::input_record(input, Shape::Document, &mut piece.input),
            (Format::Jsonl, Record::Host(host)) => json::host_record(host, Shape::Lines, &mut piece.host),
            (Format::Jsonl, Record::Input(input)) => json::input_record(input, Shape::Lines, &mut piece.input),
            (Format::Script, Record::Host(host)) => script::heading(&host.report, &mut piece.heading)
                .and_then(|()| script::table(&host.report, &mut piece.host)),
            (Format::Script, Record::Input(_)) => Ok(()),
        };
        piece
    }
}

/// A record, as a saved run has it.
///
/// # Errors
/// When it cannot be written to memory, or is no record that can be read again.
pub fn saved(record: &Record) -> io::Result<Saved> {
    Saved::parse(&line(record)?).map_err(io::Error::other)
}

/// What a run is about, as a saved run has it.
///
/// # Errors
/// As for [`saved`].
pub fn saved_run(about: &About) -> io::Result<Json> {
    let mut line = Vec::new();
    json::begin(about, Shape::Lines, &mut line)?;
    let Saved::Run(run) = Saved::parse(&line).map_err(io::Error::other)? else {
        return Err(io::Error::other("the beginning of a run is no record of one"));
    };
    Ok(run)
}

/// A record as one line of JSON.
fn line(record: &Record) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    match record {
        Record::Host(host) => json::host_record(host, Shape::Lines, &mut line)?,
        Record::Input(input) => json::input_record(input, Shape::Lines, &mut line)?,
    }
    Ok(line)
}

/// A report while it is written: what is said of each machine goes out at once.
pub struct Report<'w> {
    format: Format,
    out: &'w mut dyn Write,
    policy: String,
    hosts: u64,
    /// Of a text without details: machines in full, as long as they are few.
    few: Vec<u8>,
    /// A machine whose part waits for the next, which changes how it is written.
    first: Option<(Vec<u8>, Vec<u8>)>,
    /// What comes after the machines.
    later: SpooledTempFile,
    inputs: u64,
    closing: text::Closings,
}

/// Machines that a text has in full without being asked.
const FEW: u64 = 3;

/// Bytes of what comes after the machines that are kept in memory; more are kept in a temporary file.
const SPOOL: usize = 8 << 20;

impl<'w> Report<'w> {
    /// Begins a report.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn begin(format: Format, about: &About, out: &'w mut dyn Write) -> io::Result<Self> {
        match format {
            Format::Text { .. } | Format::Script => {}
            Format::Jsonl => {
                json::begin(about, Shape::Lines, out)?;
                out.flush()?;
            }
            Format::Json => {
                let mut run = Vec::new();
                json::begin(about, Shape::Document, &mut run)?;
                write!(out, "{{\n  \"schema_version\": {},\n  \"run\": ", json::SCHEMA_VERSION)?;
                indented(&run, 1, out)?;
                out.write_all(b",\n  \"hosts\": [")?;
            }
        }
        let policy = about.policy.names();
        let later = SpooledTempFile::new(SPOOL);
        Ok(Self {
            format,
            out,
            policy,
            hosts: 0,
            few: Vec::new(),
            first: None,
            later,
            inputs: 0,
            closing: text::Closings::default(),
        })
    }

    /// Its format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Writes the next piece, whole.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn take(&mut self, piece: Piece) -> io::Result<()> {
        let Piece { heading, host, input, closing } = piece;
        self.hosts += u64::from(!host.is_empty());
        match self.format {
            Format::Text { details, .. } => {
                match self.hosts {
                    _ if details => self.out.write_all(&host)?,
                    0..=FEW => self.few.extend(host),
                    _ => self.few = Vec::new(),
                }
                if let Some(closing) = closing {
                    self.closing.add(closing);
                }
            }
            Format::Jsonl => {
                self.out.write_all(&host)?;
                self.out.write_all(&input)?;
            }
            Format::Script => match self.hosts {
                _ if host.is_empty() => return Ok(()),
                1 => {
                    self.first = Some((heading, host));
                    return Ok(());
                }
                _ => {
                    let (above, first) = self.first.take().unwrap_or_default();
                    for part in [above, first, heading, host] {
                        self.out.write_all(&part)?;
                    }
                }
            },
            Format::Json => {
                if !host.is_empty() {
                    self.out.write_all(if self.hosts == 1 { b"\n    " } else { b",\n    " })?;
                    indented(&host, 2, self.out)?;
                }
                if !input.is_empty() {
                    self.later.write_all(if self.inputs == 0 { b"\n    " } else { b",\n    " })?;
                    indented(&input, 2, &mut self.later)?;
                    self.inputs += 1;
                }
                return Ok(());
            }
        }
        self.out.flush()
    }

    /// Ends the report; `ended` is when the run did, RFC 3339 in UTC, and `overview` what a text without details says of more
    /// machines than a few.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn end(mut self, end: &End, ended: &str, overview: &[u8]) -> io::Result<()> {
        match self.format {
            Format::Text { details: false, .. } if self.hosts > FEW => self.out.write_all(overview)?,
            Format::Text { .. } => {
                self.out.write_all(&self.few)?;
                self.closing.write(end, &self.policy, self.out)?;
            }
            Format::Jsonl => json::end(end, Some(ended), Shape::Lines, self.out)?,
            // A single machine goes without its name, as in the table of Microsoft's document.
            Format::Script => self.out.write_all(&self.first.take().unwrap_or_default().1)?,
            Format::Json => {
                self.out.write_all(if self.hosts == 0 {
                    b"],\n  \"inputs\": ["
                } else {
                    b"\n  ],\n  \"inputs\": ["
                })?;
                self.later.rewind()?;
                io::copy(&mut self.later, self.out)?;
                self.out.write_all(if self.inputs == 0 { b"],\n  \"end\": " } else { b"\n  ],\n  \"end\": " })?;
                let mut last = Vec::new();
                json::end(end, Some(ended), Shape::Document, &mut last)?;
                indented(&last, 1, self.out)?;
                self.out.write_all(b"\n}\n")?;
            }
        }
        self.out.flush()
    }
}

/// Writes the lines of a JSON value further in. Its strings hold no line feeds: JSON escapes them.
fn indented(value: &[u8], depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    for (number, line) in value.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            write!(out, "\n{:1$}", "", depth * 2)?;
        }
        out.write_all(line)?;
    }
    Ok(())
}

/// Why a failure does not count, and until when.
fn waiver(waived: &Waived) -> String {
    match waived.expires {
        Some(last) => format!("{} (until {last})", waived.reason),
        None => waived.reason.clone(),
    }
}
