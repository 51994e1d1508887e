//! `tlshive generate`

mod plans;
mod state;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::args::{ChangesArg, GenerateArgs, PlanArg};
use super::exit::Failure;
use super::writer::{self, writer};
use super::{policy, stderr};
use crate::diagnostic::Severity;
use crate::output::escape;
use crate::plan::format::{Format, files};
use crate::plan::{Made, Plan};
use crate::policy::Policy;
use plans::Asked;
pub(super) use plans::{Of, of};

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
    let of_only = args.plan == PlanArg::Undo && args.state.of == Of::Plan(Plan::Only);
    let default = if args.plan == PlanArg::Only || of_only { TLS12_ONLY } else { Policy::DEFAULT };
    let name = args.policy.as_deref().unwrap_or(default);
    let policy = policy::load(name)?;
    let number = match args.control_set {
        Target::Current => None,
        Target::Number(n) => Some(n),
    };
    let format = format(args.format);
    if format.is_folder() && args.output.is_none() {
        return Err("this format has several files: -o names the folder for them".to_owned().into());
    }
    let (made, state) = Asked { args, policy: &policy, number }.made()?;
    let machine = state.as_ref().map(|state| &state.host.registry);
    let files = files(format, &made.changeset, machine)?;
    for remark in &made.said {
        if remark.severity > Severity::Note { stderr::warning(&remark.text) } else { stderr::note(&remark.text) }
    }
    let mut inputs = state.map(|state| state.files).unwrap_or_default();
    inputs.extend(policy::file(name).map(Path::to_owned));
    if let Of::File(path) = &args.state.of {
        inputs.push(path.clone());
    }
    if let Some(folder) = args.output.as_deref().filter(|_| format.is_folder()) {
        let named = files.iter().filter_map(|file| Some((file.name?, file.bytes.as_slice())));
        writer::folder(folder, named, args.force, &inputs)?;
        return Ok(status(&made));
    }
    for file in files {
        let mut out = writer(args.output.as_deref(), args.force, &inputs)?;
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
    Ok(status(&made))
}

/// Something was to be written, and nothing could be.
const NOTHING: u8 = 3;

fn status(made: &Made) -> u8 {
    if made.is_nothing() { NOTHING } else { 0 }
}

fn format(arg: ChangesArg) -> Format {
    match arg {
        ChangesArg::Reg => Format::Reg,
        ChangesArg::Reg4 => Format::Reg4,
        ChangesArg::Pol => Format::Pol,
        ChangesArg::Lgpo => Format::Lgpo,
        ChangesArg::Gpp => Format::Gpp,
        ChangesArg::GppCollection => Format::GppCollection,
        ChangesArg::Ps1 => Format::Ps1,
        ChangesArg::Cmd => Format::Cmd,
        ChangesArg::Intune => Format::Intune,
        ChangesArg::Dsc3 => Format::Dsc3,
        ChangesArg::Ansible => Format::Ansible,
        ChangesArg::Dsc => Format::Dsc,
    }
}

/// What a terminal can show of a file: its text without the byte order mark, if it is text.
fn text(bytes: &[u8]) -> Option<String> {
    let Some(wide) = bytes.strip_prefix(&[0xff, 0xfe]) else {
        return String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0'));
    };
    let units: Vec<u16> = wide.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
    Some(String::from_utf16_lossy(&units))
}
