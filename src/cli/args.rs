//! The arguments of each command, as clap parses them: those that several commands share, and those of the small ones.

mod audit;
mod generate;
mod history;
mod report;
mod show;
mod values;

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, PossibleValue, TypedValueParser};
use clap::{ArgAction, Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::registry::reg_file::RegIs;
use crate::source::Search;

pub(super) use audit::{AuditArgs, FormatArg, OverlayViewArg};
pub(super) use generate::{ChangesArg, GenerateArgs, PlanArg, StateArgs};
pub(super) use history::HistoryArgs;
pub(super) use report::{DiffArgs, MergedFormatArg, ReportArgs, ReportsArgs};
pub(super) use show::{ShowArgs, ShowFormatArg};

/// The headings of options. `-h` shows the options that most people need, in fewer than 30 lines.
const INPUT: &str = "Input";
pub(super) const JUDGING: &str = "Judging";
const OUTPUT: &str = "Output";

/// What an option is about, with a line for each value that it takes. The summary of `-h` has the first line alone.
fn listed<T: ValueEnum>(about: &str) -> String {
    listed_values(about, T::value_variants().iter().filter_map(ValueEnum::to_possible_value))
}

fn listed_values(about: &str, values: impl Iterator<Item = PossibleValue>) -> String {
    let line = |value: PossibleValue| {
        let help = value.get_help().map(|help| format!(": {help}")).unwrap_or_default();
        format!("\n- {}{help}", value.get_name())
    };
    format!("{about}\n{}", values.map(line).collect::<String>())
}

/// The help of a command, among its other options.
#[derive(Args)]
pub(super) struct HelpArgs {
    /// Print this; --help prints all options
    #[arg(short, long, action = ArgAction::Help, help_heading = OUTPUT)]
    help: Option<bool>,
}

/// Which part of a disk image, and which files it may name.
#[derive(Args)]
pub(super) struct DiskArgs {
    /// Folder where parents and extents of disk images may lie, besides the image's own; may be given again
    #[arg(long, value_name = "DIR", value_parser = PathBufValueParser::new().try_map(|path| folder(&path)), help_heading = INPUT, hide_short_help = true)]
    pub(super) allow_dir: Vec<PathBuf>,

    /// Of disk images, only the partition with this number
    #[arg(long, value_name = "N", conflicts_with = "offset", help_heading = INPUT, hide_short_help = true)]
    pub(super) volume: Option<u32>,

    /// Of disk images, only the volume that starts here, whatever the partition table says: bytes, or sectors of 512 bytes
    /// with an s behind
    #[arg(long, value_name = "BYTES|SECTORSs", value_parser = values::offset, help_heading = INPUT, hide_short_help = true)]
    pub(super) offset: Option<u64>,
}

impl DiskArgs {
    /// What is to be looked for, with what the commands have besides.
    pub(super) fn search<'a>(&'a self, logs: &'a [PathBuf], no_logs: bool, include_backups: bool) -> Search<'a> {
        let (allow, offset, volume) = (&self.allow_dir, self.offset, self.volume);
        Search { logs, apply_logs: !no_logs, include_backups, allow, offset, volume, ..Search::default() }
    }
}

/// Where the output goes.
#[derive(Args)]
pub(super) struct OutArgs {
    /// Write to FILE instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long, help_heading = OUTPUT, hide_short_help = true)]
    pub(super) force: bool,
}

/// How what is told of machines over time is printed.
#[derive(Args)]
pub(super) struct PrintedArgs {
    /// text (default), json, csv or html
    #[arg(
        long,
        value_enum,
        default_value_t = PrintedArg::Text,
        help_heading = OUTPUT,
        hide_possible_values = true,
        hide_default_value = true,
        long_help = listed::<PrintedArg>("Output format [default: text]:")
    )]
    pub(super) format: PrintedArg,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum PrintedArg {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// Rows for a spreadsheet
    Csv,
    /// One page, complete in itself
    Html,
}

/// A folder that is there, without links.
fn folder(path: &Path) -> Result<PathBuf, String> {
    match path.canonicalize() {
        Ok(real) if real.is_dir() => Ok(real),
        Ok(_) => Err("not a folder".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether the run says how far it is.
#[derive(Args)]
pub(super) struct ProgressArgs {
    /// Do not say on standard error how far the run is; it is said on a terminal alone, after a second
    #[arg(long, help_heading = OUTPUT, hide_short_help = true)]
    pub(super) no_progress: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum RegIsArg {
    /// What the file shows itself to be; in doubt a script
    Auto,
    /// All of each key that it lists, with everything below
    Export,
    /// Changes to a registry
    Script,
}

impl From<RegIsArg> for RegIs {
    fn from(arg: RegIsArg) -> Self {
        match arg {
            RegIsArg::Auto => RegIs::Auto,
            RegIsArg::Export => RegIs::Export,
            RegIsArg::Script => RegIs::Script,
        }
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum OwnerArg {
    /// What can be told; else the keys that it names are unknown
    Auto,
    /// The machine's
    Machine,
    /// A user's: nothing of it is about the machine
    User,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum ColourArg {
    Auto,
    Always,
    Never,
}

/// Explain a rule: what it checks, why, how to fix it, and where that is written; or a code, a kind of file, a topic
#[derive(Args)]
pub(super) struct ExplainArgs {
    /// Id of the rule, code of a remark, kind of file such as luks, or topic such as restart, absent or 0xFFFFFFFF; without one,
    /// all rules are listed
    pub(super) rule: Option<String>,

    /// Policy to look in: the id of a built-in one, or a TOML file; without it, all that are built in
    #[arg(long, value_name = "ID|FILE")]
    pub(super) policy: Option<String>,
}

/// List the policies that are built in, show one, or check a file of your own
#[derive(Subcommand)]
pub(super) enum PolicyCommand {
    /// List the policies that are built in: id, version, title
    List,
    /// Print the TOML text of a policy that is built in: a start for one of your own
    Show {
        /// Id of the policy
        id: String,
    },
    /// Tell whether a file is a policy: exit status 0, or 2 with what is wrong and where
    Check {
        /// The file
        file: PathBuf,
    },
}

/// Print what completes commands and options in a shell
#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: Shell,
}

/// Print the manual page, or write one for each command
#[derive(Args)]
pub(super) struct ManArgs {
    /// Folder that takes a page for each command; without it, the main page goes to standard output
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,

    /// Overwrite pages that are there
    #[arg(long, requires = "folder")]
    pub(super) force: bool,
}
