//! JSON, `schema_version` 1. These types are the format: frozen, and apart from the internal ones, so that a change inside
//! the program cannot change what scripts read. `json-v1.schema.json` beside this file describes them.

mod effective;
mod finding;
mod group_policy;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use serde_json::{Value as Json, json};

use self::finding::{FindingV1, finding};
use super::escape::is_unsafe;
use crate::audit::{HostReport, Report, Verdict};
use crate::diagnostic::Diagnostic;
use crate::error::At;
use crate::host::{ImageSeen, Input, InputKind, Recovery, RegExtent};
use crate::place::Place;
use crate::windows::time::rfc3339;
use crate::windows::value::{Value, ValueType};

pub(super) const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'static str,
    arguments: &'a [String],
}

#[derive(Serialize)]
struct PolicyV1<'a> {
    id: &'a str,
    version: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct ReportV1<'a> {
    schema_version: u32,
    tool: Tool<'a>,
    policy: PolicyV1<'a>,
    hosts: Vec<HostV1<'a>>,
    diagnostics: Vec<DiagnosticV1<'a>>,
    images: Vec<ImageV1<'a>>,
    left_out: Vec<LeftOutV1<'a>>,
    summary: SummaryV1,
}

#[derive(Serialize)]
struct ImageV1<'a> {
    name: &'a str,
    format: &'a str,
    volumes: Vec<VolumeV1<'a>>,
}

/// Copies from an earlier day that were left out.
#[derive(Serialize)]
struct LeftOutV1<'a> {
    name: &'a str,
    files: u64,
}

#[derive(Serialize)]
struct VolumeV1<'a> {
    name: &'a str,
    content: &'a str,
    installations: &'a [String],
    not_read: Option<&'a str>,
}

#[derive(Serialize)]
struct LineV1<'a> {
    schema_version: u32,
    tool: Tool<'a>,
    policy: PolicyV1<'a>,
    #[serde(flatten)]
    host: HostV1<'a>,
}

#[derive(Serialize)]
struct SummaryV1 {
    hosts: usize,
    compliant: usize,
    not_compliant: usize,
    unknown: usize,
    waived: usize,
    files: u64,
    other_files: u64,
    other_hives: u64,
    unreadable: u64,
    disagreements: u64,
}

#[derive(Serialize)]
struct HostV1<'a> {
    name: &'a str,
    verdict: &'static str,
    backup: bool,
    windows: WindowsV1<'a>,
    control_set: Option<&'a str>,
    inputs: Vec<InputV1<'a>>,
    group_policy: Vec<group_policy::PolicyV1<'a>>,
    notes: &'a [String],
    pages_read: u64,
    findings: Vec<FindingV1<'a>>,
    effective: effective::EffectiveV1<'a>,
}

#[derive(Serialize)]
struct WindowsV1<'a> {
    product: Option<&'a str>,
    build: Option<u32>,
    revision: Option<u32>,
    display_version: Option<&'a str>,
    installation_type: Option<&'a str>,
    product_type: Option<&'a str>,
    architecture: String,
}

#[derive(Serialize)]
struct InputV1<'a> {
    name: &'a str,
    size: Option<u64>,
    modified: Option<String>,
    sha256: Option<&'a str>,
    #[serde(flatten)]
    kind: InputKindV1<'a>,
}

#[derive(Serialize)]
struct HiveV1<'a> {
    hive: String,
    regf_version: String,
    internal_name: &'a str,
    last_written: Option<String>,
    reorganized: Option<String>,
    dirty: bool,
    primary_sequence: u32,
    secondary_sequence: u32,
    missing_bytes: u64,
    recovery: RecoveryV1<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum InputKindV1<'a> {
    Hive(Box<HiveV1<'a>>),
    Log {
        hive: String,
    },
    Reg {
        form: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        extent: Option<ExtentV1>,
    },
    Overlay {
        form: &'a str,
    },
    Container {
        format: &'a str,
    },
    ContainerPart,
    Unreadable {
        error: String,
    },
}

#[derive(Serialize)]
struct ExtentV1 {
    is: &'static str,
    why: String,
    trees: Vec<TreeV1>,
}

#[derive(Serialize)]
struct TreeV1 {
    key: String,
    line: u64,
    is: &'static str,
    why: String,
}

#[derive(Serialize)]
struct RecoveryV1<'a> {
    state: &'static str,
    entries: Option<u64>,
    first_sequence: Option<u32>,
    last_sequence: Option<u32>,
    logs: Vec<&'a str>,
    why: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct ValueV1 {
    r#type: String,
    data: Json,
    raw: String,
}

#[derive(Serialize)]
struct PlaceV1<'a> {
    artifact: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

#[derive(Serialize)]
struct DiagnosticV1<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    place: PlaceV1<'a>,
}

/// The report as one document.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = ReportV1 {
        schema_version: SCHEMA_VERSION,
        tool: tool(report),
        policy: policy(report),
        hosts: report.hosts.iter().map(host).collect(),
        diagnostics: report.diagnostics.iter().map(diagnostic).collect(),
        images: report.images.iter().map(image).collect(),
        left_out: report.left_out.iter().map(|left| LeftOutV1 { name: &left.name, files: left.files }).collect(),
        summary: summary(report),
    };
    print(&document, PrettyFormatter::new(), out)
}

/// One line a host.
pub(super) fn write_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for reported in &report.hosts {
        let host = host(reported);
        let line = LineV1 { schema_version: SCHEMA_VERSION, tool: tool(report), policy: policy(report), host };
        print(&line, CompactFormatter, out)?;
    }
    Ok(())
}

fn print(document: &impl Serialize, formatter: impl Formatter, out: &mut dyn Write) -> io::Result<()> {
    document.serialize(&mut Serializer::with_formatter(&mut *out, Harmless(formatter))).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// A part of a line that is written piece by piece.
pub(super) fn fragment(part: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    part.serialize(&mut Serializer::with_formatter(out, Harmless(CompactFormatter))).map_err(io::Error::from)
}

/// A formatter that also escapes what JSON lets through but a terminal does not survive: C1 controls, bidirectional overrides.
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((safe, (c, after))) = split_at_unsafe(rest) {
            out.write_all(safe.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = after;
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_array(w)
    }

    fn end_array<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_array(w)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(w, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_array_value(w)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_object(w)
    }

    fn end_object<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_object(w)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(w, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_object_value(w)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_object_value(w)
    }
}

/// What stands before the first unsafe character, that character, and what stands after it.
fn split_at_unsafe(text: &str) -> Option<(&str, (char, &str))> {
    let at = text.find(is_unsafe)?;
    let (safe, rest) = text.split_at_checked(at)?;
    let mut chars = rest.chars();
    let c = chars.next()?;
    Some((safe, (c, chars.as_str())))
}

fn tool(report: &Report) -> Tool<'_> {
    Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION"), arguments: &report.arguments }
}

fn policy(report: &Report) -> PolicyV1<'_> {
    PolicyV1 { id: &report.policy, version: &report.policy_version, sha256: &report.policy_sha256 }
}

fn summary(report: &Report) -> SummaryV1 {
    SummaryV1 {
        hosts: report.hosts.len(),
        compliant: report.count(Verdict::Compliant),
        not_compliant: report.count(Verdict::NotCompliant),
        unknown: report.count(Verdict::Unknown),
        waived: report.waived(),
        files: report.seen.files,
        other_files: report.seen.other_files,
        other_hives: report.seen.other_hives,
        unreadable: report.seen.unreadable,
        disagreements: report.seen.disagreements,
    }
}

fn host(host: &HostReport) -> HostV1<'_> {
    let w = &host.windows;
    HostV1 {
        name: &host.name,
        verdict: match host.verdict {
            Verdict::Compliant => "compliant",
            Verdict::NotCompliant => "not_compliant",
            Verdict::Unknown => "unknown",
        },
        backup: host.backup,
        windows: WindowsV1 {
            product: w.product.as_deref(),
            build: w.build,
            revision: w.revision,
            display_version: w.display_version.as_deref(),
            installation_type: w.installation_type.as_deref(),
            product_type: w.product_type.as_deref(),
            architecture: w.architecture.to_string(),
        },
        control_set: host.control_set.as_deref(),
        inputs: host.inputs.iter().map(input).collect(),
        group_policy: host.policies.iter().map(group_policy::policy).collect(),
        notes: &host.notes,
        pages_read: host.pages_read,
        findings: host.findings.iter().map(finding).collect(),
        effective: effective::effective(&host.effective),
    }
}

fn image(image: &ImageSeen) -> ImageV1<'_> {
    let volumes = image.volumes.iter().map(|volume| VolumeV1 {
        name: &volume.name,
        content: &volume.content,
        installations: &volume.installations,
        not_read: volume.not_read.as_deref(),
    });
    ImageV1 { name: &image.name, format: &image.format, volumes: volumes.collect() }
}

fn input(input: &Input) -> InputV1<'_> {
    let kind = match &input.kind {
        InputKind::Hive { hive, base, recovery: state, missing_bytes } => InputKindV1::Hive(Box::new(HiveV1 {
            hive: hive.to_string(),
            regf_version: format!("1.{}", base.minor),
            internal_name: &base.file_name,
            last_written: base.last_written.known().map(|time| time.to_string()),
            reorganized: base.reorganized.map(|time| time.to_string()),
            dirty: *state != Recovery::Clean,
            primary_sequence: base.primary_sequence,
            secondary_sequence: base.secondary_sequence,
            missing_bytes: *missing_bytes,
            recovery: recovery(state),
        })),
        InputKind::Log(hive) => InputKindV1::Log { hive: hive.to_string() },
        InputKind::Container(format) => InputKindV1::Container { format },
        InputKind::Part => InputKindV1::ContainerPart,
        InputKind::RegFile { form, extent: of } => InputKindV1::Reg { form, extent: Some(extent(of)) },
        InputKind::PolicyFile(form) => InputKindV1::Reg { form, extent: None },
        InputKind::Overlay(form) => InputKindV1::Overlay { form },
        InputKind::Unreadable(error) => InputKindV1::Unreadable { error: error.to_string() },
    };
    InputV1 {
        name: &input.name,
        size: input.size,
        modified: input.modified.and_then(rfc3339),
        sha256: input.sha256.as_ref().and_then(|digest| digest.as_deref().ok()),
        kind,
    }
}

fn extent(extent: &RegExtent) -> ExtentV1 {
    let trees = extent.trees().iter().map(|tree| {
        let (is, why) = match &tree.export {
            Ok(proof) => ("export", proof.to_string()),
            Err(doubt) => ("script", doubt.to_string()),
        };
        TreeV1 { key: tree.key.clone(), line: tree.line, is, why }
    });
    let is = match extent.is_export() {
        Some(true) => "export",
        Some(false) => "script",
        None => "mixed",
    };
    ExtentV1 { is, why: extent.to_string(), trees: trees.collect() }
}

fn recovery(recovery: &Recovery) -> RecoveryV1<'_> {
    let why = recovery.refused().iter().map(|refused| format!("{}: {}", refused.log, refused.why)).collect();
    let (entries, first_sequence, last_sequence, logs) = (None, None, None, Vec::new());
    match recovery {
        Recovery::Clean => RecoveryV1 { state: "clean", entries, first_sequence, last_sequence, logs, why },
        Recovery::Dirty { .. } => RecoveryV1 { state: "dirty", entries, first_sequence, last_sequence, logs, why },
        Recovery::Replayed { entries, first, last, logs, .. } => RecoveryV1 {
            state: "replayed",
            entries: Some(*entries),
            first_sequence: Some(*first),
            last_sequence: Some(*last),
            logs: logs.iter().map(|log| &**log).collect(),
            why,
        },
    }
}

pub(super) fn value(value: &Value) -> ValueV1 {
    let data = if let Some(n) = value.as_dword() {
        json!(n)
    } else if let Some(text) = value.as_text() {
        json!(text)
    } else if let Some(texts) = value.as_texts() {
        json!(texts)
    } else if value.kind == ValueType::QWORD
        && let Ok(bytes) = <[u8; 8]>::try_from(value.data.as_slice())
    {
        json!(u64::from_le_bytes(bytes))
    } else {
        Json::Null
    };
    ValueV1 { r#type: value.kind.to_string(), data, raw: value.hex() }
}

fn place(place: &Place) -> PlaceV1<'_> {
    let (offset, line) = match place.at {
        At::Offset(offset) => (Some(offset), None),
        At::Line(line) => (None, Some(line)),
        At::Whole => (None, None),
    };
    PlaceV1 { artifact: &place.artifact, offset, line }
}

fn diagnostic(diagnostic: &Diagnostic) -> DiagnosticV1<'_> {
    DiagnosticV1 {
        severity: diagnostic.severity.word(),
        code: diagnostic.code,
        message: &diagnostic.message,
        place: place(&diagnostic.place),
    }
}
