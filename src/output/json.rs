//! JSON, `schema_version` 2. These types are the format: frozen, and apart from the internal ones, so that a change inside
//! the program cannot change what scripts read. `json-v2.schema.json` beside this file describes them.

mod effective;
mod finding;
mod group_policy;
mod record;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use serde_json::{Value as Json, json};

use self::finding::{FindingV2, finding};
use super::escape::is_unsafe;
use crate::audit::Verdict;
use crate::diagnostic::Diagnostic;
use crate::error::At;
use crate::host::{AsOf, CopySeen, ImageSeen, Input, InputKind, Recovery, RegExtent};
use crate::place::{INTO, Place};
use crate::run::HostRecord;
use crate::windows::time::rfc3339;
use crate::windows::value::{Value, ValueType};
pub(super) use record::{Shape, begin, end, host_record, input_record};

pub(super) const SCHEMA_VERSION: u32 = 2;

#[derive(Serialize)]
struct ImageV2<'a> {
    name: &'a str,
    format: &'a str,
    volumes: Vec<VolumeV2<'a>>,
}

#[derive(Serialize)]
struct VolumeV2<'a> {
    name: &'a str,
    content: &'a str,
    installations: &'a [String],
    not_read: Option<&'a str>,
    shadow_copies: Vec<CopyV2<'a>>,
}

#[derive(Serialize)]
struct CopyV2<'a> {
    number: usize,
    created: Option<String>,
    sequence: u64,
    store: &'a str,
    id: Option<&'a str>,
    set: Option<&'a str>,
    kind: Option<&'a str>,
    read: bool,
    not_read: Option<&'a str>,
}

/// The shadow copy that a machine was read from.
#[derive(Serialize)]
struct AsOfV2 {
    number: usize,
    created: Option<String>,
}

#[derive(Serialize)]
struct HostV2<'a> {
    name: &'a str,
    id: &'a str,
    unit: &'a str,
    machine: MachineV2<'a>,
    verdict: String,
    verdicts: Vec<VerdictV2<'a>>,
    backup: bool,
    shadow_copy: Option<AsOfV2>,
    windows: WindowsV2<'a>,
    control_set: Option<&'a str>,
    inputs: Vec<InputV2<'a>>,
    group_policy: Vec<group_policy::PolicyV2<'a>>,
    notes: &'a [String],
    pages_read: u64,
    findings: Vec<FindingV2<'a>>,
    effective: effective::EffectiveV2<'a>,
    fix: Option<FixV2<'a>>,
}

#[derive(Serialize)]
struct VerdictV2<'a> {
    policy: &'a str,
    verdict: String,
}

#[derive(Serialize)]
struct FixV2<'a> {
    reg: Option<&'a str>,
    remarks: &'a [String],
}

#[derive(Serialize)]
struct MachineV2<'a> {
    name: Option<&'a str>,
    machine_guid: Option<&'a str>,
    domain: Option<&'a str>,
    installed: Option<String>,
}

#[derive(Serialize)]
struct WindowsV2<'a> {
    product: Option<&'a str>,
    build: Option<u32>,
    revision: Option<u32>,
    display_version: Option<&'a str>,
    installation_type: Option<&'a str>,
    product_type: Option<&'a str>,
    architecture: String,
}

#[derive(Serialize)]
struct InputV2<'a> {
    name: &'a str,
    size: Option<u64>,
    modified: Option<String>,
    sha256: Option<&'a str>,
    #[serde(flatten)]
    kind: InputKindV2<'a>,
}

#[derive(Serialize)]
struct HiveV2<'a> {
    hive: String,
    regf_version: String,
    internal_name: &'a str,
    last_written: Option<String>,
    reorganized: Option<String>,
    dirty: bool,
    primary_sequence: u32,
    secondary_sequence: u32,
    missing_bytes: u64,
    recovery: RecoveryV2<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum InputKindV2<'a> {
    Hive(Box<HiveV2<'a>>),
    Log {
        hive: String,
    },
    Reg {
        form: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        extent: Option<ExtentV2>,
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
struct ExtentV2 {
    is: &'static str,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    collected: Option<CollectedV2>,
    trees: Vec<TreeV2>,
}

#[derive(Serialize)]
struct CollectedV2 {
    host: String,
    time: String,
    started: Option<String>,
}

#[derive(Serialize)]
struct TreeV2 {
    key: String,
    line: u64,
    is: &'static str,
    why: String,
}

#[derive(Serialize)]
struct RecoveryV2<'a> {
    state: &'static str,
    entries: Option<u64>,
    first_sequence: Option<u32>,
    last_sequence: Option<u32>,
    logs: Vec<&'a str>,
    why: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct ValueV2 {
    r#type: String,
    data: Json,
    raw: String,
}

#[derive(Serialize)]
struct PlaceV2<'a> {
    artifact: &'a str,
    /// The file of this machine, and the steps that lead on from there: a volume, a member, a path. Both stand where there are
    /// such steps; else the artifact is the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    within: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

#[derive(Serialize)]
struct DiagnosticV2<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    place: PlaceV2<'a>,
}

pub(super) fn print(document: &impl Serialize, formatter: impl Formatter, out: &mut dyn Write) -> io::Result<()> {
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

fn host(record: &HostRecord) -> HostV2<'_> {
    let host = &record.report;
    let w = &host.windows;
    HostV2 {
        name: &host.name,
        id: &record.id,
        unit: &record.unit,
        machine: MachineV2 {
            name: host.machine.name.as_deref(),
            machine_guid: host.machine.guid.as_deref(),
            domain: host.machine.domain.as_deref(),
            installed: host.machine.installed.map(|time| time.to_string()),
        },
        verdict: word(host.verdict),
        verdicts: host.verdicts.iter().map(|(policy, of)| VerdictV2 { policy, verdict: word(*of) }).collect(),
        backup: host.backup,
        shadow_copy: host.as_of.map(|as_of| AsOfV2 { number: as_of.copy, created: created(as_of) }),
        windows: WindowsV2 {
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
        fix: record.fix.as_ref().map(|fix| FixV2 { reg: fix.reg.as_deref(), remarks: &fix.remarks }),
    }
}

fn word(verdict: Verdict) -> String {
    verdict.word().replace(' ', "_")
}

fn image(image: &ImageSeen) -> ImageV2<'_> {
    let volumes = image.volumes.iter().map(|volume| VolumeV2 {
        name: &volume.name,
        content: &volume.content,
        installations: &volume.installations,
        not_read: volume.not_read.as_deref(),
        shadow_copies: volume.shadow_copies.iter().map(copy).collect(),
    });
    ImageV2 { name: &image.name, format: &image.format, volumes: volumes.collect() }
}

fn created(as_of: AsOf) -> Option<String> {
    as_of.created.known().map(|time| time.to_string())
}

fn copy(copy: &CopySeen) -> CopyV2<'_> {
    CopyV2 {
        number: copy.as_of.copy,
        created: created(copy.as_of),
        sequence: copy.sequence,
        store: &copy.store,
        id: copy.ids.as_ref().map(|(id, _)| id.as_str()),
        set: copy.ids.as_ref().map(|(_, set)| set.as_str()),
        kind: copy.kind,
        read: copy.read,
        not_read: copy.not_read.as_deref(),
    }
}

fn input(input: &Input) -> InputV2<'_> {
    let kind = match &input.kind {
        InputKind::Hive { hive, base, recovery: state, missing_bytes } => InputKindV2::Hive(Box::new(HiveV2 {
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
        InputKind::Log(hive) => InputKindV2::Log { hive: hive.to_string() },
        InputKind::Container(format) => InputKindV2::Container { format },
        InputKind::Part => InputKindV2::ContainerPart,
        InputKind::RegFile { form, extent: of } => InputKindV2::Reg { form, extent: Some(extent(of)) },
        InputKind::PolicyFile(form) => InputKindV2::Reg { form, extent: None },
        InputKind::Overlay(form) => InputKindV2::Overlay { form },
        InputKind::Unreadable(error) => InputKindV2::Unreadable { error: error.to_string() },
    };
    InputV2 {
        name: &input.name,
        size: input.size,
        modified: input.modified.and_then(rfc3339),
        sha256: input.sha256.as_ref().and_then(|digest| digest.as_deref().ok()),
        kind,
    }
}

fn extent(extent: &RegExtent) -> ExtentV2 {
    let trees = extent.trees().iter().map(|tree| {
        let (is, why) = match &tree.export {
            Ok(proof) => ("export", proof.to_string()),
            Err(doubt) => ("script", doubt.to_string()),
        };
        TreeV2 { key: tree.key.clone(), line: tree.line, is, why }
    });
    let is = match extent.is_export() {
        _ if extent.is_collectors() => "collected",
        Some(true) => "export",
        Some(false) => "script",
        None => "mixed",
    };
    let collected = extent.collected().map(|by| CollectedV2 {
        host: by.host.clone(),
        time: by.time.clone(),
        started: by.started.clone(),
    });
    ExtentV2 { is, why: extent.to_string(), collected, trees: trees.collect() }
}

fn recovery(recovery: &Recovery) -> RecoveryV2<'_> {
    let why = recovery.refused().iter().map(|refused| format!("{}: {}", refused.log, refused.why)).collect();
    let (entries, first_sequence, last_sequence, logs) = (None, None, None, Vec::new());
    match recovery {
        Recovery::Clean => RecoveryV2 { state: "clean", entries, first_sequence, last_sequence, logs, why },
        Recovery::Dirty { .. } => RecoveryV2 { state: "dirty", entries, first_sequence, last_sequence, logs, why },
        Recovery::Replayed { entries, first, last, logs, .. } => RecoveryV2 {
            state: "replayed",
            entries: Some(*entries),
            first_sequence: Some(*first),
            last_sequence: Some(*last),
            logs: logs.iter().map(|log| &**log).collect(),
            why,
        },
    }
}

pub(super) fn value(value: &Value) -> ValueV2 {
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
    ValueV2 { r#type: value.kind.to_string(), data, raw: value.hex() }
}

fn place(place: &Place) -> PlaceV2<'_> {
    let (offset, line) = match place.at {
        At::Offset(offset) => (Some(offset), None),
        At::Line(line) => (None, Some(line)),
        At::Whole => (None, None),
    };
    let mut steps = place.artifact.split(INTO);
    let file = steps.next();
    let within: Vec<&str> = steps.collect();
    PlaceV2 { artifact: &place.artifact, file: file.filter(|_| !within.is_empty()), within, offset, line }
}

fn diagnostic(diagnostic: &Diagnostic) -> DiagnosticV2<'_> {
    DiagnosticV2 {
        severity: diagnostic.severity.word(),
        code: diagnostic.code.as_str(),
        message: &diagnostic.message,
        place: place(&diagnostic.place),
    }
}
