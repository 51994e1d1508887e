//! The arguments of each command, as clap parses them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{AFTER_HELP, audit, generate, reports};
use crate::plan::Root;
use crate::policy::Policy;
use crate::registry::reg_file::RegIs;
use crate::run::FailOn;
use crate::source::Search;

/// Audit registry hives and .reg files: is TLS 1.2 set up as Microsoft Entra Connect needs it?
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct AuditArgs {
    /// Hives, .reg and policy files, disk images, archives, or folders that hold them; told apart by content, never by name
    #[arg(required_unless_present = "files_from")]
    pub(super) inputs: Vec<PathBuf>,

    /// List of further inputs, one a line; - reads it from standard input, and judges each as it comes
    #[arg(long, value_name = "FILE|-")]
    pub(super) files_from: Option<PathBuf>,

    /// The lines of --files-from end in NUL, as those of find -print0
    #[arg(short = '0', long, requires = "files_from")]
    pub(super) null: bool,

    /// How many machines are looked at at a time [default: one for each processor]; the report is the same for any number
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,

    /// A saved run, which may be cut short: what it is done with is left out; may be given again
    #[arg(long, value_name = "RUN.jsonl")]
    pub(super) resume: Vec<PathBuf>,

    /// A saved run: the exit status tells of what is new since then, and not of what failed there too
    #[arg(long, value_name = "RUN.jsonl", conflicts_with = "resume")]
    pub(super) baseline: Option<PathBuf>,

    /// Take the run as incomplete where anything was not judged, even what nobody takes for a machine's
    #[arg(long)]
    pub(super) require_complete: bool,

    /// Inputs that may go unjudged, with the reason: the run is complete without them; may be given again
    #[arg(long, value_name = "GLOB=REASON", value_parser = audit::accepted)]
    pub(super) allow: Vec<(String, String)>,

    /// Policy to hold the machines against: the id of a built-in one, or a TOML file
    #[arg(long, value_name = "ID|FILE", default_value = Policy::DEFAULT)]
    pub(super) policy: String,

    /// Failures that are accepted, each with a reason: a TOML file of [[waiver]] tables
    #[arg(long, value_name = "FILE")]
    pub(super) waivers: Option<PathBuf>,

    /// The day on which waivers are held against their expiry, instead of today (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = crate::policy::waiver::day, requires = "waivers")]
    pub(super) date: Option<crate::policy::waiver::Date>,

    /// Control set to judge: current, default, last-known-good, a number, or all
    #[arg(long, value_name = "SET", default_value = "current", value_parser = audit::control_set)]
    pub(super) control_set: crate::host::Wanted,

    /// Take all inputs as one machine
    #[arg(long)]
    pub(super) join: bool,

    /// Of the machines in the inputs, only that of this name or in this place (a folder, an image, a volume of it); * and ? stand
    /// for anything; may be given again
    #[arg(long, value_name = "NAME|PATH")]
    pub(super) host: Vec<String>,

    /// Read each value that decided a rule again with a second parser (nt-hive), and report where it disagrees
    #[arg(long)]
    pub(super) cross_check: bool,

    /// Put the SHA-256 of each hive, log and .reg file in the report, those in images and archives included
    #[arg(long)]
    pub(super) digest: bool,

    /// Put the SHA-256 of the disk images and archives themselves in the report too; they are large
    #[arg(long)]
    pub(super) digest_images: bool,

    /// Judge copies from earlier days as well: RegBack, Windows.old, restore points, shadow copies
    #[arg(long)]
    pub(super) include_backups: bool,

    #[command(flatten)]
    pub(super) disk: DiskArgs,

    /// Transaction log of a hive, for logs that do not lie beside theirs under its name; may be given again
    #[arg(long, value_name = "FILE", conflicts_with = "no_logs")]
    pub(super) log: Vec<PathBuf>,

    /// Judge hives as they lie, without their transaction logs
    #[arg(long)]
    pub(super) no_logs: bool,

    /// Leave rules open ("unknown") that depend on a dirty hive whose logs were not applied
    #[arg(long)]
    pub(super) require_clean: bool,

    /// Judge the registry as it would be after the import of this .reg or policy file; may be given again, and is imported in
    /// that order
    #[arg(long, value_name = "FILE")]
    pub(super) overlay: Vec<PathBuf>,

    /// Which program imports the overlays: a 32-bit one writes to WOW6432Node where it names SOFTWARE
    #[arg(long, value_enum, value_name = "BITS", default_value_t = OverlayViewArg::Bits64)]
    pub(super) overlay_view: OverlayViewArg,

    /// Whose settings a Registry.pol holds; auto goes by the layout of Group Policy folders and by its keys
    #[arg(long, value_enum, value_name = "OWNER", default_value_t = OwnerArg::Auto)]
    pub(super) registry_pol: OwnerArg,

    /// What .reg files are: what an export does not list is not there, what a script does not list is not known
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = RegIsArg::Auto)]
    pub(super) reg_is: RegIsArg,

    /// Code page of .reg files without a byte order mark, such as windows-1252, shift_jis or utf-8
    #[arg(long, value_name = "NAME", value_parser = audit::codepage)]
    pub(super) codepage: Option<&'static encoding_rs::Encoding>,

    /// Output format
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    pub(super) format: FormatArg,

    #[command(flatten)]
    pub(super) reports: ReportsArgs,

    /// Print each machine in full, also where there are more than three
    #[arg(long)]
    pub(super) details: bool,

    /// Write the report to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long)]
    pub(super) force: bool,

    /// Print no report and no remarks: the exit status tells
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Print rule ids, places, times, raw bytes and all remarks as well
    #[arg(short, long)]
    pub(super) verbose: bool,

    /// Colour the text; the environment variable NO_COLOR turns "auto" off
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto)]
    pub(super) color: ColourArg,
}

/// Reports beside the output, and what the exit status tells.
#[derive(Args)]
pub(super) struct ReportsArgs {
    /// Write a report to FILE as well: csv, csv-findings, junit, sarif, markdown or html; may be given again
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = reports::wanted)]
    pub(super) wanted: Vec<(reports::Wanted, PathBuf)>,

    /// Begin CSV with a byte order mark, which Excel takes for UTF-8
    #[arg(long)]
    pub(super) bom: bool,

    /// Which failing rules give the exit status 1
    #[arg(long, value_enum, value_name = "RULES", default_value_t = FailOnArg::Required)]
    pub(super) fail_on: FailOnArg,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum FailOnArg {
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

/// Which part of a disk image, and which files it may name.
#[derive(Args)]
pub(super) struct DiskArgs {
    /// Folder where parents and extents of disk images may lie, besides the image's own; may be given again
    #[arg(long, value_name = "DIR")]
    pub(super) allow_dir: Vec<PathBuf>,

    /// Of disk images, only the partition with this number
    #[arg(long, value_name = "N", conflicts_with = "offset")]
    pub(super) volume: Option<u32>,

    /// Of disk images, only the volume that starts here, whatever the partition table says: bytes, or sectors of 512 bytes
    /// with an s behind
    #[arg(long, value_name = "BYTES|SECTORSs", value_parser = audit::offset)]
    pub(super) offset: Option<u64>,
}

impl DiskArgs {
    /// What is to be looked for, with what the commands have besides.
    pub(super) fn search<'a>(&'a self, logs: &'a [PathBuf], no_logs: bool, include_backups: bool) -> Search<'a> {
        let (allow, offset, volume) = (&self.allow_dir, self.offset, self.volume);
        Search { logs, apply_logs: !no_logs, include_backups, allow, offset, volume }
    }
}

/// Put saved runs together: what "audit --format jsonl" wrote, also if it was cut short
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ReportArgs {
    /// Saved runs; - is standard input
    #[arg(required = true, value_name = "RUN.jsonl")]
    pub(super) parts: Vec<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value_t = MergedFormatArg::Text)]
    pub(super) format: MergedFormatArg,

    #[command(flatten)]
    pub(super) reports: ReportsArgs,

    /// Colour the text; the environment variable NO_COLOR turns "auto" off
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto)]
    pub(super) color: ColourArg,

    /// Write the report to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long)]
    pub(super) force: bool,
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
pub(super) struct DiffArgs {
    /// The earlier run: what "audit --format jsonl" wrote, or whatever an audit takes, which is audited now
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,

    /// The later one
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,

    /// Compare verdicts even if the runs were held against different policies
    #[arg(long)]
    pub(super) across_policies: bool,

    /// Policy for inputs that are audited now: the id of a built-in one, or a TOML file
    #[arg(long, value_name = "ID|FILE", default_value = Policy::DEFAULT)]
    pub(super) policy: String,

    /// How many machines are looked at at a time [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,

    /// Output format
    #[arg(long, value_enum, default_value_t = DiffFormatArg::Text)]
    pub(super) format: DiffFormatArg,

    /// Write the comparison to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum DiffFormatArg {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A row for each machine, and for each rule that is not as it was
    Csv,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum MergedFormatArg {
    /// For people: the answer, a table, what is wrong by kind, what was not judged
    Text,
    /// One JSON document
    Json,
    /// Comma-separated values, a row a machine
    Csv,
    /// Comma-separated values, a row a finding
    CsvFindings,
    /// For programs that watch over tests: a test a rule
    Junit,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For a ticket or a pull request
    Markdown,
    /// One page, complete in itself
    Html,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum FormatArg {
    /// For people
    Text,
    /// One JSON document, with everything
    Json,
    /// The same as a stream: one JSON line for each machine and each input, as soon as it is known
    Jsonl,
    /// The table that Microsoft's PowerShell check prints
    Script,
    /// Comma-separated values, a row a machine
    Csv,
    /// Comma-separated values, a row a finding
    CsvFindings,
    /// For programs that watch over tests: a test a rule
    Junit,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For a ticket or a pull request
    Markdown,
    /// One page, complete in itself
    Html,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum OverlayViewArg {
    #[value(name = "64")]
    Bits64,
    #[value(name = "32")]
    Bits32,
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
pub(super) enum ColourArg {
    Auto,
    Always,
    Never,
}

/// Write the file that sets the values, or puts back what was there: for regedit, Group Policy, scripts, Intune, Ansible or DSC
#[derive(Args)]
pub(super) struct GenerateArgs {
    /// What the file is to do
    #[arg(value_enum)]
    pub(super) plan: PlanArg,

    /// Write to FILE instead of standard output; for formats of several files, and for several machines, to the folder FILE
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long)]
    pub(super) force: bool,

    /// Format of the file
    #[arg(long, value_enum, default_value_t = ChangesArg::Reg)]
    pub(super) format: ChangesArg,

    /// Control set to write to: current, or a number for a hive that is not in use
    #[arg(long, value_name = "SET", default_value = "current", value_parser = generate::control_set)]
    pub(super) control_set: generate::Target,

    /// Policy whose values to set: the id of a built-in one, or a TOML file [default: entra-connect-tls12, for "only" tls12-only]
    #[arg(long, value_name = "ID|FILE")]
    pub(super) policy: Option<String>,

    /// Write for a hive that is loaded under another name, as reg load does in the recovery environment (WinRE): the key that it
    /// is loaded as; with SYSTEM= or SOFTWARE= in front where the name does not show which it is; may be given again
    #[arg(long, value_name = "[HIVE=]KEY", value_parser = generate::root)]
    pub(super) root: Vec<Root>,

    /// Only the values of these rules
    #[arg(long, value_name = "RULE,…", value_delimiter = ',')]
    pub(super) values: Vec<String>,

    #[command(flatten)]
    pub(super) state: StateArgs,
}

/// The machine that a file is computed for.
#[derive(Args)]
pub(super) struct StateArgs {
    /// The machine that the file is for: whatever an audit takes; may be given again. For several machines, -o names a folder
    #[arg(long = "for", value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,

    /// What "undo" is to undo: enable, disable, only, defaults, fix, or else a .reg or policy file (./fix is a file)
    #[arg(long, value_name = "PLAN|FILE", default_value = "fix", requires = "inputs", value_parser = generate::of)]
    pub(super) of: generate::Of,

    /// Take all inputs as one machine
    #[arg(long, requires = "inputs")]
    pub(super) join: bool,

    /// Of the machines in the inputs, only that of this name or in this place (a folder, an image, a volume of it); * and ? stand
    /// for anything; may be given again
    #[arg(long, value_name = "NAME|PATH", requires = "inputs")]
    pub(super) host: Vec<String>,

    /// Take copies from earlier days as well: RegBack, Windows.old, restore points, shadow copies
    #[arg(long, requires = "inputs")]
    pub(super) include_backups: bool,

    /// Transaction log of a hive, for logs that do not lie beside theirs under its name; may be given again
    #[arg(long, value_name = "FILE", conflicts_with = "no_logs", requires = "inputs")]
    pub(super) log: Vec<PathBuf>,

    /// Read hives as they lie, without their transaction logs
    #[arg(long, requires = "inputs")]
    pub(super) no_logs: bool,

    /// Whose settings a Registry.pol holds; auto goes by the layout of Group Policy folders and by its keys
    #[arg(long, value_enum, value_name = "OWNER", default_value_t = OwnerArg::Auto)]
    pub(super) registry_pol: OwnerArg,

    /// What .reg files are: what an export does not list is not there, what a script does not list is not known
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = RegIsArg::Auto, requires = "inputs")]
    pub(super) reg_is: RegIsArg,

    /// Write nothing where a hive is dirty and its logs were not applied
    #[arg(long, requires = "inputs")]
    pub(super) require_clean: bool,

    /// Code page of .reg files without a byte order mark, such as windows-1252, shift_jis or utf-8
    #[arg(long, value_name = "NAME", value_parser = audit::codepage)]
    pub(super) codepage: Option<&'static encoding_rs::Encoding>,

    #[command(flatten)]
    pub(super) disk: DiskArgs,
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
pub(super) enum PlanArg {
    /// Set the values that the policy asks for
    Enable,
    /// Set them to the contrary: turns TLS 1.2 off and weakens .NET; not recommended
    Disable,
    /// TLS 1.2 on, and TLS 1.3 where --for shows a Windows that has it; everything older off
    Only,
    /// Delete the values, so that Windows does what it ships with
    Defaults,
    /// Set what fails on the machine of --for, and nothing else
    Fix,
    /// Put back what is on the machine of --for, for after the plan of --of was imported there
    Undo,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ChangesArg {
    /// For regedit: version 5.00, UTF-16LE with a byte order mark
    Reg,
    /// For old tools: REGEDIT4, ANSI
    Reg4,
    /// Registry.pol of a Group Policy Object; LGPO.exe /m imports it
    Pol,
    /// Text for LGPO.exe /t
    Lgpo,
    /// Registry.xml of Group Policy Preferences
    Gpp,
    /// The collection in such a file alone, to be pasted into the editor
    GppCollection,
    /// Folder that Import-GPO takes (-o names it), with registry.pol. The import erases the former settings of its target and links
    /// it nowhere; Compress-Archive drops files that Windows hid
    GpoBackup,
    /// The same with Registry.xml of Group Policy Preferences; LGPO.exe /g does nothing with it
    GpoBackupPreferences,
    /// PowerShell script with -WhatIf and -Undo
    Ps1,
    /// Batch file
    Cmd,
    /// Detection and remediation script for Intune, in the folder that -o names
    Intune,
    /// Tasks for Ansible (ansible.windows.win_regedit)
    Ansible,
    /// PowerShell DSC configuration (xPSDesiredStateConfiguration)
    Dsc,
    /// Document of Microsoft DSC v3, which winget configure takes too
    Dsc3,
}

const AFTER_SHOW_HELP: &str = "\
Exit status:
  0  the key or value was printed
  1  it is not there
  2  the command line is wrong, or tlshive itself failed
  3  it, or a part of it, cannot be read";

/// Print a key, or a value of it, as it stands in a hive or a .reg file
#[derive(Args)]
#[command(after_help = AFTER_SHOW_HELP)]
pub(super) struct ShowArgs {
    /// A hive, a .reg file, or a disk image or archive that holds one; told apart by content
    pub(super) input: PathBuf,

    /// Path below the hive's root, or a full one such as HKLM\SYSTEM\CurrentControlSet\Control; without it, the root of a
    /// hive or the whole of a .reg file
    pub(super) key: Option<String>,

    /// Name of one value; "@" or "" is the default value
    pub(super) value: Option<String>,

    /// Of several machines in an image or archive, that of this name or in this place, such as a volume
    #[arg(long, value_name = "NAME|PATH")]
    pub(super) host: Option<String>,

    /// Print the keys below as well
    #[arg(short, long, conflicts_with = "value")]
    pub(super) recursive: bool,

    /// Print, in place of what is there, what was deleted in the key and in all below it and still stands in the hive's free
    /// cells; of the whole hive, also what nothing says the key of
    #[arg(long, conflicts_with_all = ["value", "recursive"])]
    pub(super) deleted: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = ShowFormatArg::Text)]
    pub(super) format: ShowFormatArg,

    /// What the hive's root is called: HKEY_LOCAL_MACHINE\SYSTEM and the like where the hive shows it, else
    /// HKEY_LOCAL_MACHINE and the file's name
    #[arg(long, value_name = "PREFIX")]
    pub(super) root: Option<String>,

    /// Transaction log of the hive, where it does not lie beside it under its name; may be given again
    #[arg(long, value_name = "FILE", conflicts_with = "no_logs")]
    pub(super) log: Vec<PathBuf>,

    /// Show the hive as it lies, without its transaction logs
    #[arg(long)]
    pub(super) no_logs: bool,

    #[command(flatten)]
    pub(super) disk: DiskArgs,

    /// What a .reg file is: what an export does not list is not there, what a script does not list is not known
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = RegIsArg::Auto)]
    pub(super) reg_is: RegIsArg,

    /// Code page of a .reg file without a byte order mark, such as windows-1252, shift_jis or utf-8
    #[arg(long, value_name = "NAME", value_parser = audit::codepage)]
    pub(super) codepage: Option<&'static encoding_rs::Encoding>,

    /// Write to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long)]
    pub(super) force: bool,

    /// Print all bytes of binary data, and all remarks
    #[arg(short, long)]
    pub(super) verbose: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum ShowFormatArg {
    /// For people
    Text,
    /// JSON lines: an object a key
    Json,
    /// A .reg file as regedit exports it
    Reg,
    /// The bytes of the hive or .reg file itself, taken out of the image or archive: its logs are not applied
    Raw,
}

/// Explain a rule: what it checks, why, how to fix it, and where that is written; or the code of a diagnostic or a lint
#[derive(Args)]
pub(super) struct ExplainArgs {
    /// Id of the rule, code, or topic such as restart, absent or 0xFFFFFFFF; without one, all rules are listed
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
