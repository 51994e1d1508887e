//! The arguments of `tlshive history`.

use std::path::PathBuf;

use clap::Args;

use super::super::EXIT_STATUS;
use super::{ColourArg, DiskArgs, HelpArgs, INPUT, JUDGING, OUTPUT, OutArgs, PrintedArgs, ProgressArgs, values};
use crate::policy::Policy;

const EXAMPLES: &str = "\
Examples:
  tlshive history vm.qcow2                   An image, with its shadow copies
  tlshive history monday.vhdx friday.vhdx    Two images of one machine
  tlshive history /mnt/c -o tls.json --format json";

/// Tell when settings changed, from every copy of earlier days that lies with a machine
///
/// Read are shadow copies, transaction logs, RegBack, Windows.old, restore points, control sets, and several images or folders of one
/// machine. Verdict and exit status are those of the machine as it is.
#[derive(Args)]
#[command(disable_help_flag = true, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(in crate::cli) struct HistoryArgs {
    /// Hives, .reg files, disk images, archives, or folders of them
    #[arg(required = true)]
    pub(in crate::cli) inputs: Vec<PathBuf>,

    /// The rules whose values are followed
    ///
    /// The id of a policy that is built in (tlshive policy list), or a TOML file; may be given again.
    #[arg(long, value_name = "ID|FILE", default_value = Policy::DEFAULT, help_heading = JUDGING)]
    pub(in crate::cli) policy: Vec<String>,

    /// Only the machine of this name or in this place
    ///
    /// A place is a folder, an image, or a volume of it. * and ? stand for anything. May be given again.
    #[arg(long, value_name = "NAME|PATH", help_heading = INPUT)]
    pub(in crate::cli) host: Vec<String>,

    /// Which volume shadow copies are read: all (default), latest, a number (1 is the oldest), or a day
    #[arg(long, value_name = "WHICH", value_parser = values::shadows, default_value = "all", hide_default_value = true, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) shadow_copies: crate::source::Shadows,

    /// Take hives as they lie, without their transaction logs
    #[arg(long, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) no_logs: bool,

    /// Look for former values and keys in the free cells of hives, too
    ///
    /// They are marked as recovered, may be of any day, and are no part of a verdict.
    #[arg(long, help_heading = INPUT)]
    pub(in crate::cli) deleted: bool,

    /// How many machines are read at a time [default: one for each processor]
    #[arg(short, long, value_name = "N", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) jobs: Option<std::num::NonZeroUsize>,

    #[command(flatten)]
    pub(in crate::cli) disk: DiskArgs,

    #[command(flatten)]
    pub(in crate::cli) printed: PrintedArgs,

    /// Colour the text; the environment variable NO_COLOR turns "auto" off
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto, help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) color: ColourArg,

    #[command(flatten)]
    pub(in crate::cli) to: OutArgs,

    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,

    #[command(flatten)]
    help: HelpArgs,
}
