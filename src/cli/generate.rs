//! `tlshive generate`

mod collector;
mod estate;
mod plans;
mod root;
mod state;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::args::{ChangesArg, GenerateArgs, PlanArg};
use super::exit::Failure;
use super::writer::{self, writer};
use super::{clock, policy, stderr};
use crate::diagnostic::Severity;
use crate::output::escape;
use crate::plan::format::{File, Format, files};
use crate::plan::{Changeset, Made, Plan};
use crate::policy::Policy;
use crate::windows::time::FileTime;
use estate::{Estate, Files, Planned};
use plans::{Asked, Work};
pub(super) use plans::{Of, of};
pub(super) use root::root;
use state::State;

/// The policy that `only` goes by unless another is asked for.
const TLS12_ONLY: &str = "tls12-only";

/// Which control set a file is written for: the one in use, or one by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Current,
    Number(u32),
}

pub(super) fn control_set(text: &str) -> Result<Target, String> {
    match (text, text.parse()) {
        ("current", _) => Ok(Target::Current),
        (_, Ok(n @ 1..=999)) => Ok(Target::Number(n)),
        _ => Err("expected current, or a number from 1 to 999".to_owned()),
    }
}

pub(super) fn run(args: &GenerateArgs) -> Result<u8, Failure> {
    if args.plan == PlanArg::Collector {
        return collector::run(args);
    }
    let of_only = args.plan == PlanArg::Undo && args.state.of == Of::Plan(Plan::Only);
    let default = if args.plan == PlanArg::Only || of_only { TLS12_ONLY } else { Policy::DEFAULT };
    let names = if args.policy.is_empty() { &[default.to_owned()] } else { args.policy.as_slice() };
    let policy = policy::load_all(names)?;
    let number = match args.control_set {
        Target::Current => None,
        Target::Number(n) => Some(n),
    };
    let format = args.format.map_or(Format::Reg, format);
    if format.is_folder() && args.output.is_none() {
        return Err("this format has several files: -o names the folder for them".to_owned().into());
    }
    if !args.root.is_empty() && !matches!(format, Format::Reg | Format::Reg4 | Format::Cmd) {
        let what = "a hive that is loaded under another name is written to by the formats reg, reg4 and cmd alone";
        return Err(format!("--root: {what}").into());
    }
    root::check(&args.root)?;
    let asked = Asked { args, policy: &policy, number };
    let mut inputs: Vec<PathBuf> = policy::files(names).collect();
    if let Of::File(path) = &args.state.of {
        inputs.push(path.clone());
    }
    if args.state.inputs.is_empty() {
        let made = asked.anywhere()?;
        return alone(args, format, &made, &files(format, &made.changeset, None)?, &inputs);
    }
    let work = asked.work()?;
    let folder = args.output.as_deref().filter(|output| output.is_dir() || is_called_folder(output));
    let mut estate = Estate::default();
    // Files for it are kept as long as it is the only one.
    let mut only = None;
    let make = |state: State<'_>| plan_for(&asked, &work, format, &state);
    let found = state::each(&asked.looked(&work), make, |(planned, files, remarks)| {
        let is_only = estate.is_empty() && !is_estate(folder, format);
        estate.take(&planned);
        only = is_only.then_some((planned.made, files, remarks));
    })?;
    inputs.extend(found.files.iter().cloned());
    if estate.is_empty() {
        found.remarks.iter().for_each(stderr::line);
        let what = "--for: no machine was found; tlshive audit of the same inputs says what they are";
        return Err(what.to_owned().into());
    }
    if let Some((made, files, remarks)) = only {
        found.remarks.iter().chain(&remarks).for_each(stderr::warning);
        return alone(args, format, &made?, &files?, &inputs);
    }
    match args.output.as_deref().filter(|output| folder.is_some() || output.extension().is_none()) {
        Some(folder) => {
            let to = Files { folder, plan: plans::word(args.plan), format, force: args.force };
            estate.write(&to, &found, &inputs)
        }
        None => {
            found.remarks.iter().for_each(stderr::warning);
            Err(Failure::Lines(estate.several()))
        }
    }
}

/// Whether files go to the folder with a table, even if there is but one machine.
fn is_estate(folder: Option<&Path>, format: Format) -> bool {
    folder.is_some() && !format.is_folder()
}

/// What is to be done to a machine: without files and with them, and what its readers remark.
fn plan_for(
    asked: &Asked<'_>,
    work: &Work,
    format: Format,
    state: &State<'_>,
) -> (Planned, Result<Vec<File>, Failure>, Vec<String>) {
    let host = state.host;
    let machine = Some(&host.registry);
    let mut made = asked.made(work, state);
    let mut digest = String::new();
    let mut written = Ok(Vec::new());
    if let Ok(plan) = &made {
        let bare = Changeset { changes: plan.changeset.changes.clone(), ..Changeset::default() };
        match files(format, &bare, machine).and_then(|bare| Ok((bare, files(format, &plan.changeset, machine)?))) {
            Ok((bare, all)) => {
                digest = estate::digest(&bare);
                written = Ok(all);
            }
            Err(refusal) => made = Err(refusal.into()),
        }
    }
    if made.is_err() {
        written = Ok(Vec::new());
    }
    let inputs: Vec<&str> = host.inputs.iter().map(|input| &*input.name).collect();
    let planned = Planned {
        name: host.name.clone(),
        control_set: host.control_set.as_ref().map(|set| set.name.clone()).unwrap_or_default(),
        inputs: inputs.join("; "),
        made,
        digest,
    };
    (planned, written, state.remarks.clone())
}

/// Whether a path that is not there is written as that of a folder.
fn is_called_folder(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

/// Writes what is for one machine, or for any.
fn alone(args: &GenerateArgs, format: Format, made: &Made, files: &[File], inputs: &[PathBuf]) -> Result<u8, Failure> {
    for remark in &made.said {
        if remark.severity > Severity::Note { stderr::warning(&remark.text) } else { stderr::note(&remark.text) }
    }
    let status = if made.is_nothing() { NOTHING } else { 0 };
    if let Some(folder) = args.output.as_deref().filter(|_| format.is_folder()) {
        let named = files.iter().filter_map(|file| Some((file.name.as_deref()?, file.bytes.as_slice())));
        writer::folder(folder, named, args.force, inputs)?;
        return Ok(status);
    }
    put(args, files, inputs)?;
    Ok(status)
}

/// Writes files to the output, or shows them.
fn put(args: &GenerateArgs, files: &[File], inputs: &[PathBuf]) -> Result<(), Failure> {
    for file in files {
        let mut out = writer(args.output.as_deref(), args.force, inputs)?;
        if !out.is_file() && io::stdout().is_terminal() {
            let text = text(&file.bytes).ok_or_else(|| "this format is not text: -o names a file for it".to_owned())?;
            for line in text.lines() {
                writeln!(out, "{}", escape(line))?;
            }
        } else {
            out.write_all(&file.bytes)?;
        }
        out.finish()?;
    }
    Ok(())
}

/// Something was to be written, and nothing could be.
const NOTHING: u8 = 3;

/// The format that is asked for, where it has a time with that.
fn format(ChangesArg(format): ChangesArg) -> Format {
    match format {
        Format::GpoBackup { settings, .. } => Format::GpoBackup { settings, time: made() },
        other => other,
    }
}

/// When a file is said to have been made: now, or what `SOURCE_DATE_EPOCH` says.
fn made() -> FileTime {
    FileTime::of_unix_seconds(u64::try_from(clock::now().as_second()).unwrap_or_default())
}

/// What a terminal can show of a file: its text without the byte order mark, if it is text.
fn text(bytes: &[u8]) -> Option<String> {
    let Some(wide) = bytes.strip_prefix(&[0xff, 0xfe]) else {
        return String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0'));
    };
    let units: Vec<u16> = wide.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
    Some(String::from_utf16_lossy(&units))
}
