//! Reports made into text, for people or machines: one file a format. Formats see the report alone.

mod escape;
mod explain;
pub mod export;
mod json;
mod script;
mod text;

use std::io::{self, Write};

pub use escape::escape;
pub use explain::{explain, list, rule_list};

use crate::audit::{Report, Waived};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text {
        /// With colours.
        colour: bool,
        /// With rule ids, places, times and raw bytes.
        verbose: bool,
    },
    /// One JSON document, `schema_version` 1.
    Json,
    /// One JSON line a host.
    Jsonl,
    /// The table that Microsoft's PowerShell check prints.
    Script,
}

/// Writes a report.
///
/// # Errors
/// When the writer fails.
pub fn write(report: &Report, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text { colour, verbose } => text::write(report, colour, verbose, out),
        Format::Json => json::write(report, out),
        Format::Jsonl => json::write_lines(report, out),
        Format::Script => script::write(report, out),
    }
}

/// Why a failure does not count, and until when.
fn waiver(waived: &Waived) -> String {
    match waived.expires {
        Some(last) => format!("{} (until {last})", waived.reason),
        None => waived.reason.clone(),
    }
}
