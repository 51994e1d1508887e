//! The arguments of what makes reports: those that `audit` and `report` share, and those of `report` and `diff`.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::super::EXIT_STATUS;
use super::super::reports::{self, FileFormat};
use super::{ColourArg, HelpArgs, INPUT, JUDGING, OUTPUT, OutArgs, PrintedArgs, ProgressArgs, listed, listed_values};
use crate::output::reports::ReportFormat;
use crate::policy::Policy;
use crate::run::FailOn;

/// Reports beside the output, and what the exit status tells.
#[derive(Args)]
pub(in crate::cli) struct ReportsArgs {
    /// A report besides, such as html=tls.html
    #[arg(
        long = "report",
        value_name = "FORMAT=FILE",
        value_parser = reports::wanted,
        help_heading = OUTPUT,
        long_help = listed_values("A report besides, such as html=tls.html; may be given again. FORMAT is one of", report_formats())
    )]
    pub(in crate::cli) wanted: Vec<(FileFormat, PathBuf)>,

    /// Which machines differ from others of their kind
    ///
    /// In text, Markdown and HTML: of each Windows, with Entra Connect and without, what most machines have, and which have
    /// something else. The text is a table then, however few the machines.
    #[arg(long, help_heading = OUTPUT)]
    pub(in crate::cli) compare: bool,

    /// Begin CSV with a byte order mark, which Excel takes for UTF-8
    #[arg(long, help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) bom: bool,

    /// required, advisory or never: what gives status 1
    #[arg(
        long,
        value_enum,
        value_name = "RULES",
        default_value_t = FailOnArg::Required,
        help_heading = JUDGING,
        hide_possible_values = true,
        hide_default_value = true,
        long_help = listed::<FailOnArg>("Which failing rules give the exit status 1 [default: required]:")
    )]
    pub(in crate::cli) fail_on: FailOnArg,

    /// Exit with 0 whatever the verdicts, for programs that take anything else for a crash; 2 still tells of a command line that
    /// is wrong and of output that cannot be written
    #[arg(long, help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) no_exit_codes: bool,
}

impl ReportsArgs {
    /// The exit status of a run that came to its end with this one.
    pub(in crate::cli) fn exit(&self, status: u8) -> u8 {
        if self.no_exit_codes { 0 } else { status }
    }
}

/// The formats of reports, as the help lists them.
fn report_formats() -> impl Iterator<Item = PossibleValue> {
    FileFormat::all().map(|format| PossibleValue::new(format.name()).help(format.about()))
}

#[derive(Clone, Copy, ValueEnum)]
pub(in crate::cli) enum FailOnArg {
    /// Those that are required
    Required,
    /// Advisory ones, too
    Advisory,
    /// None; what could not be judged still shows
    Never,
}

impl From<FailOnArg> for FailOn {
    fn from(arg: FailOnArg) -> Self {
        match arg {
            FailOnArg::Required => FailOn::Required,
            FailOnArg::Advisory => FailOn::Advisory,
            FailOnArg::Never => FailOn::Never,
        }
    }
}

const REPORT_EXAMPLES: &str = "\
Examples:
  tlshive report run.jsonl --format html -o tls.html   As a page
  tlshive report run.jsonl rest.jsonl                  Two parts of a run";

/// Put saved runs together, and print them in any format
///
/// A saved run is what "audit --format jsonl" wrote, also if it was cut short.
#[derive(Args)]
#[command(
    disable_help_flag = true,
    after_help = REPORT_EXAMPLES,
    after_long_help = format!("{REPORT_EXAMPLES}\n\n{EXIT_STATUS}")
)]
pub(in crate::cli) struct ReportArgs {
    /// Saved runs; - is standard input
    #[arg(required = true, value_name = "RUN.jsonl")]
    pub(in crate::cli) parts: Vec<PathBuf>,

    /// text (default), json, csv, html, …
    #[arg(
        long,
        value_enum,
        default_value_t = MergedFormatArg::Text,
        help_heading = OUTPUT,
        hide_possible_values = true,
        hide_default_value = true,
        long_help = listed::<MergedFormatArg>("Format of the report [default: text]:")
    )]
    pub(in crate::cli) format: MergedFormatArg,

    #[command(flatten)]
    pub(in crate::cli) reports: ReportsArgs,

    /// Colour the text; the environment variable NO_COLOR turns "auto" off
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto, help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) color: ColourArg,

    #[command(flatten)]
    pub(in crate::cli) to: OutArgs,

    #[command(flatten)]
    help: HelpArgs,
}

#[derive(Clone, Copy)]
pub(in crate::cli) enum MergedFormatArg {
    Text,
    Json,
    /// As the table of reports has it.
    Report(ReportFormat),
}

impl ValueEnum for MergedFormatArg {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<MergedFormatArg>> = LazyLock::new(|| {
            let own = [MergedFormatArg::Text, MergedFormatArg::Json];
            own.into_iter().chain(ReportFormat::FILES.map(MergedFormatArg::Report)).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, about) = match self {
            MergedFormatArg::Text => {
                ("text", "For people: the answer, a table, what is wrong by kind, what was not judged")
            }
            MergedFormatArg::Json => ("json", "One JSON document"),
            MergedFormatArg::Report(format) => (format.name(), format.about()),
        };
        Some(PossibleValue::new(name).help(about))
    }
}

const DIFF_EXAMPLES: &str = "\
Examples:
  tlshive diff q1.jsonl q2.jsonl   Two saved runs (audit --format jsonl)
  tlshive diff q1.jsonl /backups   A saved run, and what is there now";

const DIFF_EXIT_STATUS: &str = "\
Exit status:
  0  nothing got worse, and everything that was judged before was judged again
  1  something got worse, or less was judged
  2  the command line is wrong, the policies are not the same, or tlshive itself failed
  3  neither, but it is not certain which machine is which, or the old run is not whole";

/// Compare two runs: what is fixed, worse, left, no longer judged
#[derive(Args)]
#[command(
    disable_help_flag = true,
    after_help = DIFF_EXAMPLES,
    after_long_help = format!("{DIFF_EXAMPLES}\n\n{DIFF_EXIT_STATUS}")
)]
pub(in crate::cli) struct DiffArgs {
    /// The earlier run: a saved one, or inputs
    ///
    /// What "audit --format jsonl" wrote, or whatever an audit takes, which is audited now.
    #[arg(value_name = "OLD")]
    pub(in crate::cli) old: PathBuf,

    /// The later one
    #[arg(value_name = "NEW")]
    pub(in crate::cli) new: PathBuf,

    /// Compare also runs of different policies
    ///
    /// Their verdicts answer different questions.
    #[arg(long, help_heading = JUDGING)]
    pub(in crate::cli) across_policies: bool,

    /// The rules for inputs; may be given again
    ///
    /// The id of a policy that is built in (tlshive policy list), or a TOML file. Saved runs have their own.
    #[arg(long, value_name = "ID|FILE", default_value = Policy::DEFAULT, help_heading = JUDGING)]
    pub(in crate::cli) policy: Vec<String>,

    /// How many machines are read at a time [default: one for each processor]
    #[arg(short, long, value_name = "N", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) jobs: Option<std::num::NonZeroUsize>,

    #[command(flatten)]
    pub(in crate::cli) printed: PrintedArgs,

    #[command(flatten)]
    pub(in crate::cli) to: OutArgs,

    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,

    #[command(flatten)]
    help: HelpArgs,
}
