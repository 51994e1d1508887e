//! `tlshive man`: the help, as manual pages.

use std::io::{self, Write};

use clap::{Arg, Command};
use clap_mangen::Man;

use super::args::ManArgs;
use super::exit::Failure;
use super::writer;

/// Under this heading clap_mangen puts the text behind the options, which begins with a heading of its own.
const EXTRA: &str = ".SH EXTRA\n";

pub(super) fn run(args: &ManArgs) -> Result<u8, Failure> {
    let mut command = super::command().disable_help_subcommand(true);
    command.build();
    match &args.folder {
        Some(folder) => {
            let pages = pages(&command)?;
            let files = pages.iter().map(|(name, page)| (name.as_str(), page.as_bytes()));
            writer::folder(folder, files, args.force, &[])?;
        }
        None => {
            let mut out = io::stdout().lock();
            out.write_all(page(&command)?.1.as_bytes())?;
            out.flush()?;
        }
    }
    Ok(0)
}

/// The page of a command and those of the commands below it, each with the name of its file.
fn pages(command: &Command) -> io::Result<Vec<(String, String)>> {
    let mut all = vec![page(command)?];
    for below in command.get_subcommands() {
        all.extend(pages(below)?);
    }
    Ok(all)
}

fn page(command: &Command) -> io::Result<(String, String)> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    let command = command.clone().mut_args(in_full).override_usage(usage).subcommand_help_heading("COMMANDS");
    let man = Man::new(command).manual("tlshive");
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok((man.get_filename(), headed(&String::from_utf8_lossy(&page))))
}

/// An option with its whole help, also where `-h` leaves it out. Lines that begin with a space stay lines in a manual page.
fn in_full(arg: Arg) -> Arg {
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string);
    match help {
        Some(help) => arg.long_help(help.replace("\n- ", "\n  - ")),
        None => arg,
    }
}

/// The text behind the options, with each of its headings as that of a section: "Exit status:" is one in manual pages.
fn headed(page: &str) -> String {
    let Some((before, extra)) = page.split_once(EXTRA) else { return page.to_owned() };
    let line = |line: &str| match line.strip_suffix(':').filter(|heading| !heading.starts_with(' ')) {
        Some(heading) => format!(".SH \"{}\"\n", heading.to_uppercase()),
        None => format!("{line}\n"),
    };
    before.to_owned() + &extra.lines().map(line).collect::<String>()
}
