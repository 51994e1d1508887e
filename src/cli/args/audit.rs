//! The arguments of `tlshive audit`.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::super::{AFTER_HELP, audit};
use super::{ColourArg, DiskArgs, OwnerArg, RegIsArg, ReportsArgs};
use crate::output::reports::ReportFormat;
use crate::policy::Policy;

/// Audit registry hives and .reg files: is TLS 1.2 set up as Microsoft Entra Connect needs it?
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct AuditArgs {
    /// Hives, .reg and policy files, disk images, archives, or folders that hold them; told apart by content, never by name
    #[arg(required_unless_present = "files_from")]
    pub(in crate::cli) inputs: Vec<PathBuf>,

    /// List of further inputs, one a line; - reads it from standard input, and judges each as it comes
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) files_from: Option<PathBuf>,

    /// The lines of --files-from end in NUL, as those of find -print0
    #[arg(short = '0', long, requires = "files_from")]
    pub(in crate::cli) null: bool,

    /// How many machines are looked at at a time [default: one for each processor]; the report is the same for any number
    #[arg(short, long, value_name = "N")]
    pub(in crate::cli) jobs: Option<std::num::NonZeroUsize>,

    /// A saved run, which may be cut short: what it is done with is left out; may be given again
    #[arg(long, value_name = "RUN.jsonl")]
    pub(in crate::cli) resume: Vec<PathBuf>,

    /// A saved run: the exit status tells of what is new since then, and not of what failed there too
    #[arg(long, value_name = "RUN.jsonl", conflicts_with = "resume")]
    pub(in crate::cli) baseline: Option<PathBuf>,

    /// Take the run as incomplete where anything was not judged, even what nobody takes for a machine's
    #[arg(long)]
    pub(in crate::cli) require_complete: bool,

    /// Inputs that may go unjudged, with the reason: the run is complete without them; may be given again
    #[arg(long, value_name = "GLOB=REASON", value_parser = audit::accepted)]
    pub(in crate::cli) allow: Vec<(String, String)>,

    /// Policy to hold the machines against: the id of a built-in one, or a TOML file; may be given again, and the worst verdict
    /// decides
    #[arg(long, value_name = "ID|FILE", default_value = Policy::DEFAULT)]
    pub(in crate::cli) policy: Vec<String>,

    /// Failures that are accepted, each with a reason: a TOML file of [[waiver]] tables
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) waivers: Option<PathBuf>,

    /// The day on which waivers are held against their expiry, instead of today (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = crate::policy::waiver::day, requires = "waivers")]
    pub(in crate::cli) date: Option<crate::policy::waiver::Date>,

    /// Control set to judge: current, default, last-known-good, a number, or all
    #[arg(long, value_name = "SET", default_value = "current", value_parser = audit::control_set)]
    pub(in crate::cli) control_set: crate::host::Wanted,

    /// Take all inputs as one machine
    #[arg(long)]
    pub(in crate::cli) join: bool,

    /// Of the machines in the inputs, only that of this name or in this place (a folder, an image, a volume of it); * and ? stand
    /// for anything; may be given again
    #[arg(long, value_name = "NAME|PATH")]
    pub(in crate::cli) host: Vec<String>,

    /// Read each value that decided a rule again with a second parser (nt-hive), and report where it disagrees
    #[arg(long)]
    pub(in crate::cli) cross_check: bool,

    /// Put the SHA-256 of each hive, log and .reg file in the report, those in images and archives included
    #[arg(long)]
    pub(in crate::cli) digest: bool,

    /// Put the SHA-256 of the disk images and archives themselves in the report too; they are large
    #[arg(long)]
    pub(in crate::cli) digest_images: bool,

    /// Judge copies from earlier days as well: RegBack, Windows.old, restore points, shadow copies
    #[arg(long)]
    pub(in crate::cli) include_backups: bool,

    #[command(flatten)]
    pub(in crate::cli) disk: DiskArgs,

    /// Transaction log of a hive, for logs that do not lie beside theirs under its name; may be given again
    #[arg(long, value_name = "FILE", conflicts_with = "no_logs")]
    pub(in crate::cli) log: Vec<PathBuf>,

    /// Judge hives as they lie, without their transaction logs
    #[arg(long)]
    pub(in crate::cli) no_logs: bool,

    /// Leave rules open ("unknown") that depend on a dirty hive whose logs were not applied
    #[arg(long)]
    pub(in crate::cli) require_clean: bool,

    /// Judge the registry as it would be after the import of this .reg or policy file; may be given again, and is imported in
    /// that order
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) overlay: Vec<PathBuf>,

    /// Which program imports the overlays: a 32-bit one writes to WOW6432Node where it names SOFTWARE
    #[arg(long, value_enum, value_name = "BITS", default_value_t = OverlayViewArg::Bits64)]
    pub(in crate::cli) overlay_view: OverlayViewArg,

    /// Whose settings a Registry.pol holds; auto goes by the layout of Group Policy folders and by its keys
    #[arg(long, value_enum, value_name = "OWNER", default_value_t = OwnerArg::Auto)]
    pub(in crate::cli) registry_pol: OwnerArg,

    /// What .reg files are: what an export does not list is not there, what a script does not list is not known
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = RegIsArg::Auto)]
    pub(in crate::cli) reg_is: RegIsArg,

    /// Code page of .reg files without a byte order mark, such as windows-1252, shift_jis or utf-8
    #[arg(long, value_name = "NAME", value_parser = audit::codepage)]
    pub(in crate::cli) codepage: Option<&'static encoding_rs::Encoding>,

    /// Output format
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    pub(in crate::cli) format: FormatArg,

    #[command(flatten)]
    pub(in crate::cli) reports: ReportsArgs,

    /// Print each machine in full, also where there are more than three
    #[arg(long)]
    pub(in crate::cli) details: bool,

    /// Write the report to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long)]
    pub(in crate::cli) force: bool,

    /// Print no report and no remarks: the exit status tells
    #[arg(short, long, conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,

    /// Print rule ids, places, times, raw bytes and all remarks as well
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,

    /// Colour the text; the environment variable NO_COLOR turns "auto" off
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto)]
    pub(in crate::cli) color: ColourArg,
}

#[derive(Clone, Copy)]
pub(in crate::cli) enum FormatArg {
    Text,
    Json,
    Jsonl,
    Script,
    /// As the table of reports has it.
    Report(ReportFormat),
}

impl ValueEnum for FormatArg {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<FormatArg>> = LazyLock::new(|| {
            let own = [FormatArg::Text, FormatArg::Json, FormatArg::Jsonl, FormatArg::Script];
            own.into_iter().chain(ReportFormat::FILES.map(FormatArg::Report)).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, about) = match self {
            FormatArg::Text => ("text", "For people"),
            FormatArg::Json => ("json", "One JSON document, with everything"),
            FormatArg::Jsonl => {
                ("jsonl", "The same as a stream: one JSON line for each machine and each input, as soon as it is known")
            }
            FormatArg::Script => ("script", "The table that Microsoft's PowerShell check prints"),
            FormatArg::Report(format) => (format.name(), format.about()),
        };
        Some(PossibleValue::new(name).help(about))
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(in crate::cli) enum OverlayViewArg {
    #[value(name = "64")]
    Bits64,
    #[value(name = "32")]
    Bits32,
}
