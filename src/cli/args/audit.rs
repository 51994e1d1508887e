//! The arguments of `tlshive audit`.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::super::EXIT_STATUS;
use super::{
    ColourArg, DiskArgs, HelpArgs, INPUT, JUDGING, OUTPUT, OutArgs, OwnerArg, ProgressArgs, RegIsArg, ReportsArgs,
    listed, values,
};
use crate::audit::Verdict;
use crate::output::reports::ReportFormat;
use crate::policy::Policy;
use crate::run::{Record, Shard};

const EXAMPLES: &str = "\
Examples:
  tlshive audit SYSTEM SOFTWARE                   Two hives of a machine
  tlshive audit dc01.vhdx --policy tls12-only     An image, by other rules
  tlshive audit /backups --report html=tls.html   A folder, with a page";

/// Tell whether Windows machines are set up for TLS 1.2, from their registry
///
/// By default: as Microsoft Entra Connect needs it.
#[derive(Args)]
#[command(disable_help_flag = true, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(in crate::cli) struct AuditArgs {
    /// Hives, .reg files, disk images, archives, or folders of them
    ///
    /// They are told apart by content, never by name. Files of Group Policy are read, too.
    #[arg(required_unless_present = "files_from")]
    pub(in crate::cli) inputs: Vec<PathBuf>,

    /// List of further inputs, one a line
    ///
    /// - reads it from standard input, and judges each as it comes.
    #[arg(long, value_name = "FILE|-", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) files_from: Option<PathBuf>,

    /// The lines of --files-from end in NUL, as those of find -print0
    #[arg(short = '0', long, requires = "files_from", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) null: bool,

    /// How many machines are read at a time [default: one for each processor, 32 for objects in stores]; the report is the same
    /// for any number
    #[arg(short, long, value_name = "N", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) jobs: Option<std::num::NonZeroUsize>,

    /// Do one part of N, I from 0 to N-1: the folders, images and archives that are its own by a hash of their paths
    #[arg(long, value_name = "I/N", conflicts_with_all = ["join", "log"], help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) shard: Option<Shard>,

    /// A saved run, which may be cut short: what it is done with is left out; may be given again
    #[arg(long, value_name = "RUN.jsonl", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) resume: Vec<PathBuf>,

    /// A saved run: only what is new since then counts
    ///
    /// The exit status is 1 if a machine fails that did not fail then, or is not in the saved run, and 3 if something can no longer
    /// be told. With --fail-on advisory, advisory rules that fail anew count as well.
    #[arg(long, value_name = "RUN.jsonl", conflicts_with = "resume", help_heading = JUDGING)]
    pub(in crate::cli) baseline: Option<PathBuf>,

    /// Take the run as incomplete also where a file is not told or not read that nobody takes for a machine's, or was named and is
    /// not about Windows
    #[arg(long, help_heading = JUDGING, hide_short_help = true)]
    pub(in crate::cli) require_complete: bool,

    /// Inputs that may go unjudged, with the reason: the run is complete without them; may be given again
    #[arg(long, value_name = "GLOB=REASON", value_parser = values::accepted, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) allow: Vec<(String, String)>,

    /// The rules
    ///
    /// The id of a policy that is built in (tlshive policy list), or a TOML file; may be given again. Of several, the
    /// worst verdict decides.
    #[arg(long, value_name = "ID|FILE", default_value = Policy::DEFAULT, help_heading = JUDGING)]
    pub(in crate::cli) policy: Vec<String>,

    /// Failures that are accepted, each with a reason
    ///
    /// A TOML file of [[waiver]] tables.
    #[arg(long, value_name = "FILE", help_heading = JUDGING)]
    pub(in crate::cli) waivers: Option<PathBuf>,

    /// The day on which waivers are held against their expiry, instead of today (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = crate::policy::waiver::day, requires = "waivers", help_heading = JUDGING, hide_short_help = true)]
    pub(in crate::cli) date: Option<crate::policy::waiver::Date>,

    /// Control set to judge: current, default, last-known-good, a number, or all
    #[arg(long, value_name = "SET", default_value = "current", value_parser = values::control_set, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) control_set: crate::host::Wanted,

    /// Take all inputs as one machine
    #[arg(long, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) join: bool,

    /// Only the machine of this name or in this place
    ///
    /// A place is a folder, an image, or a volume of it. * and ? stand for anything. May be given again.
    #[arg(long, value_name = "NAME|PATH", help_heading = INPUT)]
    pub(in crate::cli) host: Vec<String>,

    /// Read each value that decided a rule again with a second parser (nt-hive), and report where it disagrees
    #[arg(long, help_heading = JUDGING, hide_short_help = true)]
    pub(in crate::cli) cross_check: bool,

    /// Put the SHA-256 of each hive, log and .reg file in the report, those in images and archives included
    #[arg(long, help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) digest: bool,

    /// Put the SHA-256 of the disk images and archives themselves in the report too; they are large
    #[arg(long, help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) digest_images: bool,

    /// Judge copies from earlier days as well: RegBack, Windows.old, restore points, shadow copies that were collected
    #[arg(long, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) include_backups: bool,

    /// Judge volume shadow copies, too: latest, all, a number (1 is the oldest), or a day
    ///
    /// Of the NTFS volumes in disk images. Copies are always listed; those that are asked for are read, and each is a machine of its
    /// own that bears the copy's date and counts like any other. A day (YYYY-MM-DD, UTC) asks for the copies that were made on it.
    #[arg(long, value_name = "WHICH", value_parser = values::shadows, conflicts_with = "join", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) shadow_copies: Option<crate::source::Shadows>,

    #[command(flatten)]
    pub(in crate::cli) disk: DiskArgs,

    /// Of objects in stores, bytes that one request reads (K and M may stand behind); objects up to 1M are read whole
    #[cfg(feature = "remote")]
    #[arg(long, value_name = "BYTES", default_value = "256K", value_parser = values::block_size, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) block_size: u64,

    /// Transaction log of a hive, for logs that do not lie beside theirs under its name; may be given again
    #[arg(long, value_name = "FILE", conflicts_with = "no_logs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) log: Vec<PathBuf>,

    /// Judge hives as they lie, without their transaction logs
    #[arg(long, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) no_logs: bool,

    /// Leave rules open ("unknown") that depend on a dirty hive whose logs were not applied
    #[arg(long, help_heading = JUDGING, hide_short_help = true)]
    pub(in crate::cli) require_clean: bool,

    /// Judge what this .reg file would make of it
    ///
    /// The registry is judged as it would be after the import of this .reg or policy file. May be given again: they are imported
    /// in that order.
    #[arg(long, value_name = "FILE", help_heading = JUDGING)]
    pub(in crate::cli) overlay: Vec<PathBuf>,

    /// Which program imports the overlays: a 32-bit one writes to WOW6432Node where it names SOFTWARE
    #[arg(long, value_enum, value_name = "BITS", default_value_t = OverlayViewArg::Bits64, help_heading = JUDGING, hide_short_help = true)]
    pub(in crate::cli) overlay_view: OverlayViewArg,

    /// Whose settings a Registry.pol holds; auto goes by the layout of Group Policy folders and by its keys
    #[arg(long, value_enum, value_name = "OWNER", default_value_t = OwnerArg::Auto, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) registry_pol: OwnerArg,

    /// What .reg files are: what an export does not list is not there, what a script does not list is not known
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = RegIsArg::Auto, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) reg_is: RegIsArg,

    /// Code page of .reg files without a byte order mark, such as windows-1252, shift_jis or utf-8
    #[arg(long, value_name = "NAME", value_parser = values::codepage, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) codepage: Option<&'static encoding_rs::Encoding>,

    /// text (default), json, jsonl, csv, html, …
    #[arg(
        long,
        value_enum,
        default_value_t = FormatArg::Text,
        help_heading = OUTPUT,
        hide_possible_values = true,
        hide_default_value = true,
        long_help = listed::<FormatArg>("Format of the report [default: text]:")
    )]
    pub(in crate::cli) format: FormatArg,

    /// Write only these records, with the run and its end, which counts all: of failing machines, of what was not judged
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',', help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) only: Vec<OnlyArg>,

    #[command(flatten)]
    pub(in crate::cli) reports: ReportsArgs,

    /// Each machine in full, also where there are many
    ///
    /// Without it, more than three machines are a table.
    #[arg(long, conflicts_with = "compare", help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) details: bool,

    #[command(flatten)]
    pub(in crate::cli) to: OutArgs,

    /// Print no report and no remarks: the exit status tells
    #[arg(short, long, conflicts_with = "verbose", help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) quiet: bool,

    /// All details: rule ids, places, times, bytes
    ///
    /// And all remarks, notes included.
    #[arg(short, long, conflicts_with = "compare", help_heading = OUTPUT)]
    pub(in crate::cli) verbose: bool,

    /// Colour the text; the environment variable NO_COLOR turns "auto" off
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto, help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) color: ColourArg,

    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,

    #[command(flatten)]
    help: HelpArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub(in crate::cli) enum OnlyArg {
    /// Machines that are not compliant
    Failing,
    /// Machines that are unknown, and inputs that no machine was judged by and one might have been
    NotJudged,
}

impl OnlyArg {
    /// Whether a record is such a one.
    pub(in crate::cli) fn takes(self, record: &Record) -> bool {
        match (self, record) {
            (OnlyArg::Failing, Record::Host(host)) => host.report.verdict == Verdict::NotCompliant,
            (OnlyArg::NotJudged, Record::Host(host)) => host.report.verdict == Verdict::Unknown,
            (OnlyArg::NotJudged, Record::Input(input)) => input.entry.is_unjudged(),
            (OnlyArg::Failing, Record::Input(_)) => false,
        }
    }

    /// The word that records use.
    pub(in crate::cli) fn word(self) -> &'static str {
        match self {
            OnlyArg::Failing => "failing",
            OnlyArg::NotJudged => "not_judged",
        }
    }
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
