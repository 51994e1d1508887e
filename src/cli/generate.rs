//! `tlshive generate`

use std::io::{self, IsTerminal, Write};

use super::exit::Failure;
use super::policy;
use super::writer::writer;
use super::{GenerateArgs, PlanArg, RegFormatArg};
use crate::plan::reg::{self, RegFormat};
use crate::plan::{DISABLE_WARNING, Plan};

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
    let policy = policy::load(&args.policy)?;
    let plan = match args.plan {
        PlanArg::Enable => Plan::Enable,
        PlanArg::Disable => Plan::Disable,
    };
    let number = match args.control_set {
        Target::Current => None,
        Target::Number(n) => Some(n),
    };
    let changeset = plan.changeset(&policy, &args.values, number)?;
    let format = match args.format {
        RegFormatArg::Reg => RegFormat::Version5,
        RegFormatArg::Reg4 => RegFormat::Version4,
    };
    if plan == Plan::Disable {
        warn(&DISABLE_WARNING.join(" "));
    }
    if !changeset.left_out.is_empty() {
        warn(&format!("nothing is written for {}: {}", changeset.left_out.join(", "), plan.needs()));
    }
    let mut out = writer(args.output.as_deref(), args.force, &[])?;
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
