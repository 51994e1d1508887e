//! The arguments of `tlshive generate`.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::super::generate;
use super::{DiskArgs, HelpArgs, INPUT, JUDGING, OUTPUT, OwnerArg, ProgressArgs, RegIsArg, listed, values};
use crate::plan::Root;
use crate::plan::format::Format;

const EXAMPLES: &str = "\
Examples:
  tlshive generate enable -o enable.reg             For any machine
  tlshive generate fix --for dc01.vhdx -o fix.reg   What fails there alone
  tlshive generate fix --for /backups -o fixes/     For each machine there
  tlshive generate collector -o collect.ps1         To get input from machines that run";

const EXIT_STATUS: &str = "\
Exit status:
  0  what was to be written is written, or nothing was to be changed
  2  the command line is wrong, what was named is not there, or tlshive itself failed
  3  something was to be changed and nothing could be planned for it, or an input was not read";

/// Write the file that sets the values, or puts back what was there
///
/// For regedit, Group Policy, scripts, Intune, Ansible or DSC.
#[derive(Args)]
#[command(disable_help_flag = true, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(in crate::cli) struct GenerateArgs {
    /// enable, disable, only, defaults, fix, undo or collector
    #[arg(value_enum, hide_possible_values = true, long_help = listed::<PlanArg>("What the file is to do:"))]
    pub(in crate::cli) plan: PlanArg,

    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,

    /// Write to FILE instead of standard output
    ///
    /// For formats of several files, and for several machines, to the folder FILE.
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Overwrite FILE if it exists
    #[arg(long, help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) force: bool,

    /// reg (default), ps1, cmd, pol, gpo-backup, …
    #[arg(
        long,
        value_enum,
        help_heading = OUTPUT,
        hide_possible_values = true,
        long_help = listed::<ChangesArg>("Format of the file [default: reg; a collector is always ps1]:")
    )]
    pub(in crate::cli) format: Option<ChangesArg>,

    /// Control set to write to: current, or a number for a hive that is not in use
    #[arg(long, value_name = "SET", default_value = "current", value_parser = generate::control_set, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) control_set: generate::Target,

    /// The rules whose values to set; may be given again
    ///
    /// The id of a policy that is built in, or a TOML file [default: entra-connect-tls12, for "only" tls12-only]. Of several, the
    /// values of all.
    #[arg(long, value_name = "ID|FILE", help_heading = JUDGING)]
    pub(in crate::cli) policy: Vec<String>,

    /// Write for a hive that is loaded under another name, as reg load does in the recovery environment (WinRE): the key that it
    /// is loaded as; with SYSTEM= or SOFTWARE= in front where the name does not show which it is; may be given again
    #[arg(long, value_name = "[HIVE=]KEY", value_parser = generate::root, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) root: Vec<Root>,

    /// Only the values of these rules
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', help_heading = JUDGING, hide_short_help = true)]
    pub(in crate::cli) values: Vec<String>,

    /// How many machines are read at a time [default: one for each processor]; the files are the same for any number
    #[arg(short, long, value_name = "N", requires = "inputs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) jobs: Option<std::num::NonZeroUsize>,

    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,

    #[command(flatten)]
    help: HelpArgs,
}

/// The machine that a file is computed for.
#[derive(Args)]
pub(in crate::cli) struct StateArgs {
    /// The machine that the file is for: what an audit takes
    ///
    /// May be given again. For several machines, -o names a folder.
    #[arg(long = "for", value_name = "INPUT", help_heading = INPUT)]
    pub(in crate::cli) inputs: Vec<PathBuf>,

    /// What "undo" is of: a plan (fix) or a file
    ///
    /// enable, disable, only, defaults, fix, or else a .reg or policy file (./fix is a file) [default: fix].
    #[arg(long, value_name = "PLAN|FILE", default_value = "fix", hide_default_value = true, requires = "inputs", value_parser = generate::of, help_heading = INPUT)]
    pub(in crate::cli) of: generate::Of,

    /// Take all inputs as one machine
    #[arg(long, requires = "inputs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) join: bool,

    /// Only the machine of this name or in this place
    ///
    /// A place is a folder, an image, or a volume of it. * and ? stand for anything. May be given again.
    #[arg(long, value_name = "NAME|PATH", requires = "inputs", help_heading = INPUT)]
    pub(in crate::cli) host: Vec<String>,

    /// Take copies from earlier days as well: RegBack, Windows.old, restore points, shadow copies
    #[arg(long, requires = "inputs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) include_backups: bool,

    /// Transaction log of a hive, for logs that do not lie beside theirs under its name; may be given again
    #[arg(long, value_name = "FILE", conflicts_with = "no_logs", requires = "inputs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) log: Vec<PathBuf>,

    /// Read hives as they lie, without their transaction logs
    #[arg(long, requires = "inputs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) no_logs: bool,

    /// Whose settings a Registry.pol holds; auto goes by the layout of Group Policy folders and by its keys
    #[arg(long, value_enum, value_name = "OWNER", default_value_t = OwnerArg::Auto, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) registry_pol: OwnerArg,

    /// What .reg files are: what an export does not list is not there, what a script does not list is not known
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = RegIsArg::Auto, requires = "inputs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) reg_is: RegIsArg,

    /// Write nothing where a hive is dirty and its logs were not applied
    #[arg(long, requires = "inputs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) require_clean: bool,

    /// Code page of .reg files without a byte order mark, such as windows-1252, shift_jis or utf-8
    #[arg(long, value_name = "NAME", value_parser = values::codepage, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) codepage: Option<&'static encoding_rs::Encoding>,

    #[command(flatten)]
    pub(in crate::cli) disk: DiskArgs,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(in crate::cli) enum PlanArg {
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
    /// A script that collects from machines that run what an audit reads, by the policies that are built in and those of --policy:
    /// a file for each, which tlshive audit takes
    Collector,
}

/// A format of plans, as the table of formats has it.
#[derive(Clone, Copy)]
pub(in crate::cli) struct ChangesArg(pub(in crate::cli) Format);

impl ValueEnum for ChangesArg {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<ChangesArg>> = LazyLock::new(|| Format::ALL.map(ChangesArg).to_vec());
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.about()))
    }
}
