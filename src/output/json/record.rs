//! The records of a run, as lines or as parts of one document.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, PrettyFormatter};

use super::{DiagnosticV2, HostV2, ImageV2, SCHEMA_VERSION, diagnostic, host, image, print};
use crate::audit::effective::tables::Table;
use crate::policy::waiver::{Date, Waivers};
use crate::policy::{Check, Policy, Rule};
use crate::run::{About, Counts, End, HostRecord, InputRecord};

/// How records are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::output) enum Shape {
    /// One line a record.
    Lines,
    /// As parts of a document.
    Document,
}

/// A line that says what it is; in a document its place says that.
#[derive(Serialize)]
struct Named<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'static str>,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize)]
struct RunV2<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<u32>,
    tool: ToolV2<'a>,
    folder: &'a str,
    started: &'a str,
    shard: Option<String>,
    only: &'a [&'static str],
    resumes: &'a [String],
    options: &'a [String],
    overlays: Vec<OverlayV2<'a>>,
    policies: Vec<PolicyV2<'a>>,
    waivers: Option<WaiversV2<'a>>,
    tables: Vec<TableV2<'a>>,
    diagnostics: Vec<DiagnosticV2<'a>>,
}

#[derive(Serialize)]
struct ToolV2<'a> {
    name: &'static str,
    version: &'static str,
    arguments: &'a [String],
}

#[derive(Serialize)]
struct OverlayV2<'a> {
    file: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct PolicyV2<'a> {
    id: &'a str,
    version: &'a str,
    title: &'a str,
    date: &'a str,
    source: &'a str,
    sha256: &'a str,
    rules: Vec<RuleV2<'a>>,
}

#[derive(Serialize)]
struct RuleV2<'a> {
    id: &'a str,
    title: &'a str,
    why: &'a str,
    source: &'a str,
    required: bool,
    key: Option<String>,
    value: Option<String>,
    subject: Option<String>,
    fix: String,
}

/// The list of waivers that the machines were held against, and the day on which that was done.
#[derive(Serialize)]
struct WaiversV2<'a> {
    file: &'a str,
    day: String,
    entries: Vec<WaiverV2<'a>>,
}

#[derive(Serialize)]
struct WaiverV2<'a> {
    line: u64,
    policy: Option<&'a str>,
    rule: &'a str,
    hosts: &'a [String],
    reason: &'a str,
    expires: Option<String>,
    expired: bool,
}

#[derive(Serialize)]
struct TableV2<'a> {
    name: &'a str,
    as_of: &'a str,
    sha256: &'a str,
    replaced: bool,
}

#[derive(Serialize)]
struct InputV2<'a> {
    path: &'a str,
    path_bytes: Option<String>,
    kind: Option<&'a str>,
    size: Option<u64>,
    outcome: &'static str,
    incomplete: bool,
    code: Option<&'a str>,
    why: Option<&'a str>,
    next: Option<&'a str>,
    named: bool,
    hosts: u64,
    files: u64,
    images: Vec<ImageV2<'a>>,
    diagnostics: Vec<DiagnosticV2<'a>>,
}

#[derive(Serialize)]
struct EndV2<'a> {
    complete: bool,
    ended: Option<&'a str>,
    status: u8,
    summary: SummaryV2,
    diagnostics: Vec<DiagnosticV2<'a>>,
}

#[derive(Serialize)]
struct SummaryV2 {
    hosts: u64,
    compliant: u64,
    not_compliant: u64,
    unknown: u64,
    waived: u64,
    advisory: u64,
    files: u64,
    other_files: u64,
    other_hives: u64,
    unreadable: u64,
    left_out: u64,
    missing: u64,
    disagreements: u64,
}

impl Shape {
    fn write(self, record: &'static str, content: impl Serialize, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Shape::Lines => print(&Named { record: Some(record), content }, CompactFormatter, out),
            Shape::Document => print(&Named { record: None, content }, PrettyFormatter::new(), out),
        }
    }
}

/// What a run is about.
pub(in crate::output) fn begin(about: &About, shape: Shape, out: &mut dyn Write) -> io::Result<()> {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let run = RunV2 {
        schema_version: (shape == Shape::Lines).then_some(SCHEMA_VERSION),
        tool: ToolV2 { name, version, arguments: &about.arguments },
        folder: &about.folder,
        started: &about.started,
        shard: about.shard.map(|shard| shard.to_string()),
        only: &about.only,
        resumes: &about.resumes,
        options: &about.options,
        overlays: about.overlays.iter().map(|(file, sha256)| OverlayV2 { file, sha256 }).collect(),
        policies: about.policy.each().iter().map(policy).collect(),
        waivers: about.waivers.as_ref().map(|(list, day)| waivers(list, *day)),
        tables: about.tables.iter().map(table).collect(),
        diagnostics: about.diagnostics.iter().map(diagnostic).collect(),
    };
    shape.write("run", run, out)
}

fn policy(policy: &Policy) -> PolicyV2<'_> {
    PolicyV2 {
        id: &policy.id,
        version: &policy.version,
        title: &policy.title,
        date: &policy.date,
        source: &policy.source,
        sha256: &policy.sha256,
        rules: policy.rules.iter().map(rule).collect(),
    }
}

fn table(table: &Table) -> TableV2<'_> {
    TableV2 { name: table.file, as_of: &table.as_of, sha256: &table.sha256, replaced: table.replaced }
}

fn rule(rule: &Rule) -> RuleV2<'_> {
    let setting = rule.setting();
    RuleV2 {
        id: &rule.id,
        title: &rule.title,
        why: &rule.why,
        source: &rule.source,
        required: rule.required,
        key: setting.map(|setting| setting.key.to_string()),
        value: setting.map(|setting| setting.value.to_string()),
        subject: match &rule.check {
            Check::Value(_) => None,
            Check::State(effect) => Some(effect.subject.to_string()),
        },
        fix: rule.fix(),
    }
}

fn waivers(list: &Waivers, day: Date) -> WaiversV2<'_> {
    let entries = list.waivers.iter().map(|waiver| WaiverV2 {
        line: waiver.line,
        policy: waiver.policy.as_deref(),
        rule: &waiver.rule,
        hosts: &waiver.hosts,
        reason: &waiver.reason,
        expires: waiver.expires.map(|day| day.to_string()),
        expired: waiver.has_expired(day),
    });
    WaiversV2 { file: &list.name, day: day.to_string(), entries: entries.collect() }
}

pub(in crate::output) fn host_record(record: &HostRecord, shape: Shape, out: &mut dyn Write) -> io::Result<()> {
    let host: HostV2<'_> = host(record);
    shape.write("host", host, out)
}

pub(in crate::output) fn input_record(record: &InputRecord, shape: Shape, out: &mut dyn Write) -> io::Result<()> {
    let entry = &record.entry;
    let reason = entry.reason.as_ref();
    let input = InputV2 {
        path: &entry.name,
        path_bytes: entry.path.as_deref().and_then(|path| bytes_of(path, &entry.name)),
        kind: Some(&*entry.kind).filter(|kind| !kind.is_empty()),
        size: entry.size,
        outcome: entry.fate.word(),
        incomplete: entry.counts,
        code: reason.map(|reason| reason.cause.as_str()),
        why: reason.map(|reason| reason.why.as_str()),
        next: reason.and_then(|reason| reason.next),
        named: entry.named,
        hosts: entry.hosts,
        files: entry.files,
        images: record.images.iter().map(image).collect(),
        diagnostics: record.diagnostics.iter().map(diagnostic).collect(),
    };
    shape.write("input", input, out)
}

/// The bytes of a path in hex, where its name does not give them.
fn bytes_of(path: &std::path::Path, name: &str) -> Option<String> {
    let lost = path.to_str() != Some(name);
    lost.then(|| path.as_os_str().as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The end; `ended` is when that was, where it is the end of one run.
pub(in crate::output) fn end(end: &End, ended: Option<&str>, shape: Shape, out: &mut dyn Write) -> io::Result<()> {
    let Counts { hosts, compliant, not_compliant, unknown, waived, files, other_files, .. } = end.counts;
    let Counts { other_hives, unreadable, left_out, missing, disagreements, advisory, .. } = end.counts;
    let summary = SummaryV2 {
        hosts,
        compliant,
        not_compliant,
        unknown,
        waived,
        advisory,
        files,
        other_files,
        other_hives,
        unreadable,
        left_out,
        missing,
        disagreements,
    };
    let diagnostics = end.diagnostics.iter().map(diagnostic).collect();
    shape.write("end", EndV2 { complete: true, ended, status: end.counts.status(), summary, diagnostics }, out)
}
