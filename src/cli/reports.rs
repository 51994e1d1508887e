//! Reports about all machines: those beside the output, and how a text is laid out.

use std::collections::HashSet;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::args::{ColourArg, ReportsArgs};
use super::exit::Failure;
use super::stderr;
use super::writer::{Out, writer};
use crate::output::Layout;
use crate::output::reports::{ReportFormat, Reports};

/// A format and the file for it.
pub(super) fn wanted(text: &str) -> Result<(ReportFormat, PathBuf), String> {
    let names = || ReportFormat::FILES.map(ReportFormat::name).join(", ");
    let (name, file) = text.split_once('=').ok_or("expected a format and a file, such as html=report.html")?;
    match ReportFormat::FILES.into_iter().find(|format| format.name() == name) {
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
    outs: Vec<(ReportFormat, Out)>,
}

impl Beside {
    /// Makes ready what is written to, so that a report that cannot be written costs nothing.
    pub(super) fn open(
        args: &ReportsArgs,
        output: Option<&Path>,
        force: bool,
        inputs: &[PathBuf],
    ) -> Result<Self, Failure> {
        let mut outs = Vec::new();
        let mut before: HashSet<PathBuf> = output.map(real).into_iter().collect();
        for (format, path) in &args.wanted {
            if !before.insert(real(path)) {
                return Err(Failure::Message(format!("{}: two reports of one name", path.display())));
            }
            outs.push((*format, writer(Some(path), force, inputs)?));
        }
        Ok(Self { outs })
    }

    /// Begins the reports.
    pub(super) fn reports(&mut self, bom: bool) -> io::Result<Reports<'_>> {
        let mut reports = Reports::default();
        for (format, out) in &mut self.outs {
            reports.add(*format, bom, out)?;
        }
        Ok(reports)
    }

    /// Gives the files their names.
    pub(super) fn finish(self) -> Result<(), Failure> {
        self.outs.into_iter().try_for_each(|(_, out)| out.finish())
    }
}

/// Holds machines against the others of their kind, where that is asked for and a report shows it.
pub(super) fn compared(
    reports: &mut Reports<'_>,
    args: &ReportsArgs,
    main: Option<ReportFormat>,
) -> Result<(), Failure> {
    let all = || args.wanted.iter().map(|(format, _)| *format).chain(main);
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
