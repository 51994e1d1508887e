//! Saved runs put together: a line a machine, or one document.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, Write};

use serde_json::Value as Json;
use serde_json::ser::PrettyFormatter;
use tempfile::SpooledTempFile;

use super::escape::escape;
use super::text::Closings;
use super::{SPOOL, indented, json};
use crate::run::{Counts, End};

/// Takes the records of saved runs, in the order of the parts.
pub trait Merged {
    /// A part begins.
    ///
    /// # Errors
    /// When the writer fails, as in the others.
    fn run(&mut self, part: &str, run: &Json) -> io::Result<()>;
    /// A machine.
    ///
    /// # Errors
    /// When the writer fails.
    fn host(&mut self, host: &Json) -> io::Result<()>;
    /// What became of an input.
    ///
    /// # Errors
    /// When the writer fails.
    fn input(&mut self, input: &Json) -> io::Result<()>;
    /// The end of all parts.
    ///
    /// # Errors
    /// When the writer fails.
    fn end(&mut self, counts: &Counts, policies: &BTreeSet<String>, troubles: &[String]) -> io::Result<()>;
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// For people: a line a machine, what was not judged, the sums.
pub struct Lines<'w> {
    out: &'w mut dyn Write,
    closings: Closings,
}

impl<'w> Lines<'w> {
    /// Writes to `out`.
    pub fn new(out: &'w mut dyn Write) -> Self {
        Self { out, closings: Closings::default() }
    }
}

impl Merged for Lines<'_> {
    fn run(&mut self, _: &str, _: &Json) -> io::Result<()> {
        Ok(())
    }

    fn host(&mut self, host: &Json) -> io::Result<()> {
        let findings = host.get("findings").and_then(Json::as_array).into_iter().flatten();
        let failing = findings.filter(|finding| {
            let required = finding.get("required") == Some(&Json::Bool(true));
            required && text(finding, "outcome") == "fail" && !finding.get("waived").is_some_and(Json::is_object)
        });
        let failing: Vec<&str> = failing.map(|finding| text(finding, "rule")).collect();
        let rules = if failing.is_empty() { String::new() } else { format!(" ({})", failing.join(", ")) };
        let verdict = text(host, "verdict").replace('_', " ");
        writeln!(
            self.out,
            "{}: {}{}  {}",
            escape(text(host, "name")),
            escape(&verdict),
            escape(&rules),
            escape(text(host, "unit"))
        )
    }

    fn input(&mut self, input: &Json) -> io::Result<()> {
        let counts = input.get("incomplete") == Some(&Json::Bool(true));
        let (path, outcome) = (text(input, "path"), text(input, "outcome"));
        if outcome == "past" {
            self.closings.add_past(path, input.get("files").and_then(Json::as_u64).unwrap_or(0));
        } else if counts || outcome == "not_read" || outcome == "not_recognised" {
            self.closings.add_unjudged(path, text(input, "kind"), text(input, "why"), text(input, "next"), counts);
        }
        Ok(())
    }

    fn end(&mut self, counts: &Counts, policies: &BTreeSet<String>, _: &[String]) -> io::Result<()> {
        let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
        let end = End { counts: *counts, diagnostics: Vec::new() };
        self.closings.write(&end, &policies.join(", "), self.out)
    }
}

/// One JSON document, as of a run, with the parts that it is made of.
pub struct Document<'w> {
    out: &'w mut dyn Write,
    parts: Vec<Json>,
    hosts: u64,
    inputs: u64,
    later: SpooledTempFile,
}

impl<'w> Document<'w> {
    /// Writes to `out`.
    pub fn new(out: &'w mut dyn Write) -> Self {
        Self { out, parts: Vec::new(), hosts: 0, inputs: 0, later: SpooledTempFile::new(SPOOL) }
    }

    fn begin(&mut self) -> io::Result<()> {
        write!(self.out, "{{\n  \"schema_version\": {},\n  \"hosts\": [", json::SCHEMA_VERSION)
    }
}

fn pretty(value: &Json, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    json::print(value, PrettyFormatter::new(), &mut bytes)?;
    indented(&bytes, depth, out)
}

impl Merged for Document<'_> {
    fn run(&mut self, part: &str, run: &Json) -> io::Result<()> {
        if self.parts.is_empty() {
            self.begin()?;
        }
        self.parts.push(serde_json::json!({ "part": part, "run": run }));
        Ok(())
    }

    fn host(&mut self, host: &Json) -> io::Result<()> {
        self.out.write_all(if self.hosts == 0 { b"\n    " } else { b",\n    " })?;
        self.hosts += 1;
        pretty(host, 2, self.out)
    }

    fn input(&mut self, input: &Json) -> io::Result<()> {
        self.later.write_all(if self.inputs == 0 { b"\n    " } else { b",\n    " })?;
        self.inputs += 1;
        pretty(input, 2, &mut self.later)
    }

    fn end(&mut self, counts: &Counts, _: &BTreeSet<String>, troubles: &[String]) -> io::Result<()> {
        if self.parts.is_empty() {
            self.begin()?;
        }
        self.out.write_all(b"\n  ],\n  \"inputs\": [")?;
        self.later.rewind()?;
        io::copy(&mut Read::by_ref(&mut self.later), self.out)?;
        self.out.write_all(b"\n  ],\n  \"parts\": ")?;
        pretty(&Json::Array(std::mem::take(&mut self.parts)), 1, self.out)?;
        self.out.write_all(b",\n  \"end\": ")?;
        let mut bytes = Vec::new();
        json::end(&End { counts: *counts, diagnostics: Vec::new() }, None, json::Shape::Document, &mut bytes)?;
        let mut end: Json = serde_json::from_slice(&bytes)?;
        if let Some(members) = end.as_object_mut() {
            members.insert("complete".to_owned(), troubles.is_empty().into());
            members.insert("troubles".to_owned(), troubles.into());
        }
        pretty(&end, 1, self.out)?;
        self.out.write_all(b"\n}\n")
    }
}
