//! `tlshive tables`, and `--tables`.

use std::io::{self, Write};
use std::path::Path;

use super::exit::Failure;
use super::policy::{text, wrong};
use crate::audit::effective::tables;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::At;
use crate::output::escape;
use crate::place::Place;
use crate::policy::waiver::Date;

/// Older tables are worth a remark.
const DAYS: i32 = 180;

/// Lists the tables.
pub(super) fn run() -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    for table in tables::all() {
        let replaced = if table.replaced { ", not the one that is built in" } else { "" };
        writeln!(out, "{}: {}, as of {}{replaced}", table.file, table.about, table.as_of)?;
        writeln!(out, "  SHA-256 {}", table.sha256)?;
        writeln!(out, "  {}", escape(&table.source))?;
    }
    Ok(0)
}

/// Takes the tables of a folder in the place of those that are built in: each file that has the name of one.
pub(super) fn take(folder: &Path) -> Result<(), Failure> {
    let mut newer = Vec::new();
    for file in tables::files() {
        let path = folder.join(file);
        if path.try_exists().map_err(|error| wrong(&path, &error.to_string()))? {
            newer.push((file, text(&path)?));
        }
    }
    if newer.is_empty() {
        let names: Vec<&str> = tables::files().collect();
        return Err(wrong(folder, &format!("none of {} is in it", names.join(", "))));
    }
    tables::replace(newer).map_err(|error| wrong(folder, &error.to_string()))
}

/// What there is to say of tables that are old on this day.
pub(super) fn old(today: Date) -> Vec<Diagnostic> {
    let remark = |table: tables::Table| {
        let as_of: Date = table.as_of.parse().ok()?;
        let days = today.since(as_of).ok()?.get_days();
        let place = Place { artifact: table.file.into(), at: At::Whole };
        let what = format!("the table is of {}, {days} days ago: --tables takes a newer one", table.as_of);
        (days > DAYS).then(|| Diagnostic::new(Code::TableOld, what, place))
    };
    tables::all().into_iter().filter_map(remark).collect()
}

/// The tables that are not those that are built in, as an option that decides verdicts.
pub(super) fn option() -> Option<String> {
    let replaced = tables::all().into_iter().filter(|table| table.replaced);
    let all: Vec<String> = replaced.map(|table| format!("{} {}", table.file, table.sha256)).collect();
    (!all.is_empty()).then(|| format!("--tables {}", all.join(" ")))
}
