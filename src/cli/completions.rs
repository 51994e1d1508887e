//! `tlshive completions`

use std::io::{self, Write};

use super::args::CompletionsArgs;
use super::exit::Failure;

pub(super) fn run(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "tlshive", &mut script);
    let mut out = io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(0)
}
