//! The arguments of what makes reports: those that `audit` and `report` share, and those of `report` and `diff`.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::super::{AFTER_HELP, reports};
use super::ColourArg;
use crate::output::reports::ReportFormat;
use crate::policy::Policy;
use crate::run::FailOn;

/// Reports beside the output, and what the exit status tells.
#[derive(Args)]
pub(in crate::cli) struct ReportsArgs {
    /// Write a report to FILE as well: csv, csv-findings, junit, sarif, markdown or html; may be given again
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = reports::wanted)]
    pub(in crate::cli) wanted: Vec<(ReportFormat, PathBuf)>,

    /// Begin CSV with a byte order mark, which Excel takes for UTF-8
    #[arg(long)]
    pub(in crate::cli) bom: bool,

    /// Which failing rules give the exit status 1
    #[arg(long, value_enum, value_name = "RULES", default_value_t = FailOnArg::Required)]
    pub(in crate::cli) fail_on: FailOnArg,
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

/// Put saved runs together: what "audit --format jsonl" wrote, also if it was cut short
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct ReportArgs {
    /// Saved runs; - is standard input
    #[arg(required = true, value_name = "RUN.jsonl")]
    pub(in crate::cli) parts: Vec<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value_t = MergedFormatArg::Text)]
    pub(in crate::cli) format: MergedFormatArg,

    #[command(flatten)]
    pub(in crate::cli) reports: ReportsArgs,

    /// Colour the text; the environment variable NO_COLOR turns "auto" off
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto)]
    pub(in crate::cli) color: ColourArg,

    /// Write the report to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long)]
    pub(in crate::cli) force: bool,
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

const AFTER_DIFF_HELP: &str = "\
Exit status:
  0  nothing got worse, and everything that was judged before was judged again
  1  something got worse, or less was judged
  2  the command line is wrong, the policies are not the same, or tlshive itself failed
  3  neither, but it is not certain which machine is which, or the old run is not whole";

/// Compare two runs: what is fixed, what got worse, what is left, what is no longer judged
#[derive(Args)]
#[command(after_help = AFTER_DIFF_HELP)]
pub(in crate::cli) struct DiffArgs {
    /// The earlier run: what "audit --format jsonl" wrote, or whatever an audit takes, which is audited now
    #[arg(value_name = "OLD")]
    pub(in crate::cli) old: PathBuf,

    /// The later one
    #[arg(value_name = "NEW")]
    pub(in crate::cli) new: PathBuf,

    /// Compare verdicts even if the runs were held against different policies
    #[arg(long)]
    pub(in crate::cli) across_policies: bool,

    /// Policy for inputs that are audited now: the id of a built-in one, or a TOML file; may be given again
    #[arg(long, value_name = "ID|FILE", default_value = Policy::DEFAULT)]
    pub(in crate::cli) policy: Vec<String>,

    /// How many machines are looked at at a time [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    pub(in crate::cli) jobs: Option<std::num::NonZeroUsize>,

    /// Output format
    #[arg(long, value_enum, default_value_t = DiffFormatArg::Text)]
    pub(in crate::cli) format: DiffFormatArg,

    /// Write the comparison to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(in crate::cli) enum DiffFormatArg {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A row for each machine, and for each rule that is not as it was
    Csv,
}
