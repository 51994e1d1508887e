//! The command line: parsed here, interpreted in one file a command.

mod args;
mod audit;
mod clock;
mod completions;
mod diff;
mod exit;
mod explain;
mod files_from;
mod fix;
mod generate;
mod history;
mod man;
mod overlay;
mod policy;
#[cfg_attr(target_family = "wasm", path = "cli/progress/none.rs")]
mod progress;
mod reader;
mod report;
mod reports;
mod show;
mod similar;
mod stderr;
mod tables;
mod wildcards;
mod writer;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::output::escape;
use args::{
    AuditArgs, CompletionsArgs, DiffArgs, ExplainArgs, GenerateArgs, HistoryArgs, ManArgs, PolicyCommand, ReportArgs,
    ShowArgs,
};
use wildcards::expanded;

const EXIT_STATUS: &str = "\
Exit status:
  0  every host is compliant, and everything that was given was judged
  1  at least one host is not compliant
  2  the command line is wrong, what was named is not there, or tlshive itself failed
  3  nothing failed, but something could not be judged
  4  nothing to audit was found";

/// Judges a Windows machine's TLS settings from its registry, without the machine.
#[derive(Parser)]
// The name is not taken from how the program was called, which may be anything.
#[command(version, bin_name = "tlshive", after_help = EXIT_STATUS, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Folder with newer tables, which are taken in the place of those that are built in (`tlshive tables` lists these)
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true, help_heading = args::JUDGING)]
    tables: Option<std::path::PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    Audit(Box<AuditArgs>),
    History(HistoryArgs),
    Generate(GenerateArgs),
    Report(ReportArgs),
    Diff(DiffArgs),
    Show(ShowArgs),
    Explain(ExplainArgs),
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// List the tables that audits rest on: what each is about, as of when, and its source
    Tables,
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Parses the command line, runs the command, and gives the exit status.
pub fn run() -> ExitCode {
    // Older consoles of Windows show escape sequences as they are, unless they are asked to act on them.
    #[cfg(windows)]
    anstyle_query::windows::enable_ansi_colors();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_run(&error),
    };
    let taken = cli.tables.as_deref().map_or(Ok(()), tables::take);
    let result = taken.and_then(|()| clock::fixed_time()).and_then(|_| run_command(cli.command));
    exit::code(result)
}

fn run_command(command: Command) -> Result<u8, exit::Failure> {
    match command {
        Command::Audit(mut args) => {
            args.inputs = expanded(args.inputs);
            audit::run(&args)
        }
        Command::History(mut args) => {
            args.inputs = expanded(args.inputs);
            history::run(&args)
        }
        Command::Generate(mut args) => {
            args.state.inputs = expanded(args.state.inputs);
            generate::run(&args)
        }
        Command::Report(mut args) => {
            args.parts = expanded(args.parts);
            report::run(&args)
        }
        Command::Diff(args) => diff::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Policy(command) => policy::run(&command),
        Command::Tables => tables::run(),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Prints the help that was asked for, or what is wrong with the command line.
fn not_run(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody may be reading, as with a report.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // The message quotes arguments, which may hold line breaks: it is made again from harmless ones.
    let safe = std::env::args_os().map(|arg| escape(&arg.to_string_lossy()).into_owned());
    let again = Cli::try_parse_from(safe).err();
    let text = again.as_ref().unwrap_or(error).render().to_string();
    text.trim_end().lines().for_each(stderr::further);
    ExitCode::from(2)
}

/// The commands with their arguments and choices, for tests that must not miss one.
pub fn command() -> clap::Command {
    Cli::command()
}
