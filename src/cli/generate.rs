//! `tlshive generate`

mod plans;
mod state;

use std::io::{self, IsTerminal, Write};

use super::exit::Failure;
use super::policy;
use super::writer::writer;
use super::{GenerateArgs, PlanArg, RegFormatArg};
use crate::plan::Plan;
use crate::plan::reg::{self, RegFormat};
use crate::policy::Policy;
use plans::Asked;

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
    let default = if args.plan == PlanArg::Only { TLS12_ONLY } else { Policy::DEFAULT };
    let of_only = args.plan == PlanArg::Undo && args.state.of == "only";
    let default = if of_only { TLS12_ONLY } else { default };
    let policy = policy::load(args.policy.as_deref().unwrap_or(default))?;
    let number = match args.control_set {
        Target::Current => None,
        Target::Number(n) => Some(n),
    };
    let asked = Asked { args, policy: &policy, number };
    let (changeset, state) = match args.plan {
        PlanArg::Undo => asked.undo().map(|(changeset, state)| (changeset, Some(state)))?,
        _ => asked.changeset()?,
    };
    let format = match args.format {
        RegFormatArg::Reg => RegFormat::Version5,
        RegFormatArg::Reg4 => RegFormat::Version4,
    };
    plans::not_recommended(args.plan);
    if !changeset.left_out.is_empty() {
        let why = match args.plan {
            PlanArg::Disable => Plan::Disable.needs(),
            PlanArg::Fix => "the remarks in the file say why",
            _ => Plan::Enable.needs(),
        };
        warn(&format!("nothing is written for {}: {why}", changeset.left_out.join(", ")));
    }
    let files = state.map(|state| state.files).unwrap_or_default();
    let mut out = writer(args.output.as_deref(), args.force, &files)?;
    if args.output.is_none() && io::stdout().is_terminal() {
        out.write_all(reg::text(&changeset, format)?.as_bytes())?;
    } else {
        out.write_all(&reg::bytes(&changeset, format)?)?;
    }
    out.flush()?;
    Ok(0)
}

#[allow(clippy::print_stderr, reason = "warnings go to standard error, the file to standard output")]
fn warn(text: &str) {
    eprintln!("tlshive: warning: {text}");
}

#[allow(clippy::print_stderr, reason = "as above")]
fn note(text: &str) {
    eprintln!("tlshive: note: {text}");
}
