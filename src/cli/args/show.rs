//! The arguments of `tlshive show`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DiskArgs, HelpArgs, INPUT, OUTPUT, OutArgs, RegIsArg, listed, values};

const EXAMPLES: &str = "\
Examples:
  tlshive show SYSTEM                                     The root key
  tlshive show dc01.vhdx 'HKLM\\SYSTEM\\Select' Current     A value in an image
  tlshive show SYSTEM -r --format reg -o system.reg       All, as a .reg file";

const EXIT_STATUS: &str = "\
Exit status:
  0  the key or value was printed
  1  it is not there
  2  the command line is wrong, or tlshive itself failed
  3  it, or a part of it, cannot be read";

/// Print a key, or a value of it, as it stands in a hive or a .reg file
#[derive(Args)]
#[command(disable_help_flag = true, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(in crate::cli) struct ShowArgs {
    /// A hive, a .reg file, or an image or archive that holds one
    pub(in crate::cli) input: PathBuf,

    /// Path of a key, from the hive's root or in full
    ///
    /// In full as HKLM\SYSTEM\CurrentControlSet\Control. Without it, the root of a hive or the whole of a .reg file.
    pub(in crate::cli) key: Option<String>,

    /// Name of one value; "@" or "" is the default value
    pub(in crate::cli) value: Option<String>,

    /// Of several machines, that of this name or place
    ///
    /// A place is a file, or a volume in an image.
    #[arg(long, value_name = "NAME|PATH", help_heading = INPUT)]
    pub(in crate::cli) host: Option<String>,

    /// As it was in this volume shadow copy: its number, as the audit lists them; 1 is the oldest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) shadow_copy: Option<u16>,

    /// Print the keys below as well
    #[arg(short, long, conflicts_with = "value", help_heading = OUTPUT)]
    pub(in crate::cli) recursive: bool,

    /// What was deleted there and can still be read
    ///
    /// In place of what is there: what was deleted in the key and in all below it and still stands in the hive's free cells; of the
    /// whole hive, also what nothing says the key of.
    #[arg(long, conflicts_with_all = ["value", "recursive"], help_heading = OUTPUT)]
    pub(in crate::cli) deleted: bool,

    /// text (default), json, reg or raw
    #[arg(
        long,
        value_enum,
        default_value_t = ShowFormatArg::Text,
        help_heading = OUTPUT,
        hide_possible_values = true,
        hide_default_value = true,
        long_help = listed::<ShowFormatArg>("Output format [default: text]:")
    )]
    pub(in crate::cli) format: ShowFormatArg,

    /// What the hive's root is called: HKEY_LOCAL_MACHINE\SYSTEM and the like where the hive shows it, else
    /// HKEY_LOCAL_MACHINE and the file's name
    #[arg(long, value_name = "PREFIX", help_heading = OUTPUT, hide_short_help = true)]
    pub(in crate::cli) root: Option<String>,

    /// Transaction log of the hive, where it does not lie beside it under its name; may be given again
    #[arg(long, value_name = "FILE", conflicts_with = "no_logs", help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) log: Vec<PathBuf>,

    /// Show the hive as it lies, without its transaction logs
    #[arg(long, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) no_logs: bool,

    #[command(flatten)]
    pub(in crate::cli) disk: DiskArgs,

    /// What a .reg file is: what an export does not list is not there, what a script does not list is not known
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = RegIsArg::Auto, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) reg_is: RegIsArg,

    /// Code page of a .reg file without a byte order mark, such as windows-1252, shift_jis or utf-8
    #[arg(long, value_name = "NAME", value_parser = values::codepage, help_heading = INPUT, hide_short_help = true)]
    pub(in crate::cli) codepage: Option<&'static encoding_rs::Encoding>,

    #[command(flatten)]
    pub(in crate::cli) to: OutArgs,

    /// Print all bytes of binary data, and all remarks
    #[arg(short, long, help_heading = OUTPUT)]
    pub(in crate::cli) verbose: bool,

    #[command(flatten)]
    help: HelpArgs,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(in crate::cli) enum ShowFormatArg {
    /// For people
    Text,
    /// JSON lines: an object a key
    Json,
    /// A .reg file as regedit exports it
    Reg,
    /// The bytes of the hive or .reg file itself, taken out of the image or archive: its logs are not applied
    Raw,
}
