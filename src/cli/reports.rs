//! Reports about all machines: those beside the output, and how a text is laid out.

use std::collections::HashSet;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::args::{ColourArg, ReportsArgs};
use super::exit::Failure;
use super::stderr;
use super::writer::{Out, writer};
use crate::output::reports::{ReportFormat, Reports};
use crate::output::{Format, Layout};

/// What can be written beside the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    /// About all machines.
    Report(ReportFormat),
    /// One JSON document.
    Json,
    /// A saved run: a line a record.
    Jsonl,
}

impl FileFormat {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let plain = Layout { width: None, colour: false, has_details: false };
        let reports = std::iter::once(ReportFormat::Overview(plain)).chain(ReportFormat::FILES);
        [Self::Json, Self::Jsonl].into_iter().chain(reports.map(Self::Report))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Report(format) => format.name(),
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }

    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Report(format) => format.about(),
            Self::Json => "One JSON document",
            Self::Jsonl => "A saved run, a line a record: from audit alone",
        }
    }

    pub(super) fn report(self) -> Option<ReportFormat> {
        match self {
            Self::Report(format) => Some(format),
            Self::Json | Self::Jsonl => None,
        }
    }

    /// Whether it has the records of a run.
    pub(super) fn saves(self) -> bool {
        self.report().is_none()
    }

    /// Whether it has the fix of each machine, or of each kind of fault.
    pub(super) fn shows_fixes(self) -> bool {
        self.report().is_none_or(ReportFormat::shows_fixes)
    }
}

/// A format and the file for it.
pub(super) fn wanted(text: &str) -> Result<(FileFormat, PathBuf), String> {
    let names = || FileFormat::all().map(FileFormat::name).collect::<Vec<_>>().join(", ");
    let (name, file) = text.split_once('=').ok_or("expected a format and a file, such as html=report.html")?;
    match FileFormat::all().find(|format| format.name() == name) {
        Some(format) if !file.is_empty() => Ok((format, file.into())),
        Some(_) => Err(format!("expected a file, such as {name}=report")),
        None => Err(format!("no report is called \"{name}\"; expected one of {}", names())),
    }
}

/// The file that a path leads to, or would.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let below = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(below).unwrap_or_else(|| path.to_owned())
}

/// Reports that are written to files beside the output.
pub(super) struct Beside {
    /// About all machines.
    pub(super) reports: Vec<(ReportFormat, Out)>,
    /// In the form of a stream.
    pub(super) streams: Vec<(Format, Out)>,
}

impl Beside {
    /// Makes ready what is written to, so that a report that cannot be written costs nothing.
    pub(super) fn open(
        args: &ReportsArgs,
        output: Option<&Path>,
        force: bool,
        inputs: &[PathBuf],
    ) -> Result<Self, Failure> {
        let mut beside = Self { reports: Vec::new(), streams: Vec::new() };
        let mut before: HashSet<PathBuf> = output.map(real).into_iter().collect();
        for (format, path) in &args.wanted {
            if !before.insert(real(path)) {
                return Err(Failure::Message(format!("{}: two reports of one name", path.display())));
            }
            let out = writer(Some(path), force, inputs)?;
            match format {
                FileFormat::Report(format) => beside.reports.push((*format, out)),
                FileFormat::Json => beside.streams.push((Format::Json, out)),
                FileFormat::Jsonl => beside.streams.push((Format::Jsonl, out)),
            }
        }
        Ok(beside)
    }

    /// Gives the files their names.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let streams = self.streams.into_iter().map(|(_, out)| out);
        self.reports.into_iter().map(|(_, out)| out).chain(streams).try_for_each(Out::finish)
    }
}

/// Begins reports that go to these.
pub(super) fn begin(outs: &mut [(ReportFormat, Out)], bom: bool) -> io::Result<Reports<'_>> {
    let mut reports = Reports::default();
    for (format, out) in outs {
        reports.add(*format, bom, out)?;
    }
    Ok(reports)
}

/// Holds machines against the others of their kind, where that is asked for and a report shows it.
pub(super) fn compared(
    reports: &mut Reports<'_>,
    args: &ReportsArgs,
    main: Option<ReportFormat>,
) -> Result<(), Failure> {
    let all = || args.wanted.iter().filter_map(|(format, _)| format.report()).chain(main);
    match (args.compare, all().any(ReportFormat::compares)) {
        (false, _) => Ok(()),
        (true, true) => {
            reports.compare();
            Ok(())
        }
        (true, false) => Err("--compare shows in text, Markdown and HTML: ask for one of these".to_owned().into()),
    }
}

/// How a text is laid out that goes to standard output, or to a file.
pub(super) fn layout(colour: ColourArg, to_stdout: bool) -> Layout {
    let terminal = to_stdout && io::stdout().is_terminal();
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let forced = set("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let colour = match colour {
        ColourArg::Always => true,
        ColourArg::Never => false,
        ColourArg::Auto if set("NO_COLOR").is_some() || !to_stdout => false,
        ColourArg::Auto => forced || terminal && !stderr::is_dumb() && set("CLICOLOR").is_none_or(|value| value != "0"),
    };
    let width = terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0));
    Layout { width, colour, has_details: false }
}
