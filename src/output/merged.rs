//! Saved runs put together as one JSON document.

use std::io::{self, Read, Seek, Write};

use serde_json::Value as Json;
use serde_json::ser::PrettyFormatter;
use tempfile::SpooledTempFile;

use super::{SPOOL, indented, json};
use crate::run::{Counts, End};

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

impl Document<'_> {
    /// A part begins.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn run(&mut self, part: &str, run: &Json) -> io::Result<()> {
        if self.parts.is_empty() {
            self.begin()?;
        }
        self.parts.push(serde_json::json!({ "part": part, "run": run }));
        Ok(())
    }

    /// A machine.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn host(&mut self, host: &Json) -> io::Result<()> {
        self.out.write_all(if self.hosts == 0 { b"\n    " } else { b",\n    " })?;
        self.hosts += 1;
        pretty(host, 2, self.out)
    }

    /// What became of an input.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn input(&mut self, input: &Json) -> io::Result<()> {
        self.later.write_all(if self.inputs == 0 { b"\n    " } else { b",\n    " })?;
        self.inputs += 1;
        pretty(input, 2, &mut self.later)
    }

    /// The end of all parts.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn end(&mut self, counts: &Counts, troubles: &[String]) -> io::Result<()> {
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
