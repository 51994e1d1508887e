//! `tlshive tables`, and `--tables`.

use std::io::{self, Write};
use std::path::Path;

use super::clock;
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
    let names = || tables::files().collect::<Vec<&str>>().join(", ");
    if newer.is_empty() {
        return Err(wrong(folder, &format!("none of {} is in it", names())));
    }
    // A name that is written wrong would leave a table out without a word.
    for entry in folder.read_dir().map_err(|error| wrong(folder, &error.to_string()))? {
        let path = entry.map_err(|error| wrong(folder, &error.to_string()))?.path();
        let is_table = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("toml") || ending.eq_ignore_ascii_case("json"));
        if is_table && !tables::files().any(|file| path.file_name().is_some_and(|name| name == file)) {
            return Err(wrong(&path, &format!("no table is called so; expected {}", names())));
        }
    }
    tables::replace(newer, &clock::today().to_string()).map_err(|error| wrong(folder, &error.to_string()))
}

/// What there is to say of tables: those that are old on this day, and those of --tables.
pub(super) fn remarks(all: &[tables::Table], today: Date) -> Vec<Diagnostic> {
    let remark = |code, table: &tables::Table, what| {
        let place = Place { artifact: table.file.into(), at: At::Whole };
        Diagnostic::new(code, what, place)
    };
    let old = |table: &tables::Table| {
        let as_of: Date = table.as_of.parse().ok()?;
        let days = today.since(as_of).ok()?.get_days();
        let what = format!("the table is of {}, {days} days ago: --tables takes a newer one", table.as_of);
        (days > DAYS).then(|| remark(Code::TableOld, table, what))
    };
    let replaced = |table: &tables::Table| {
        let own = tables::built_in(table.file).filter(|_| table.replaced)?;
        let less = if table.rows < own.rows {
            format!(", and has {} rows, not {}", table.rows, own.rows)
        } else {
            String::new()
        };
        let than = if table.as_of < own.as_of { "older than" } else { "in place of" };
        let what = format!(
            "verdicts rest on the table of --tables, of {}, {than} the built-in one of {}{less}",
            table.as_of, own.as_of
        );
        Some(remark(Code::TableReplaced, table, what))
    };
    all.iter().filter_map(old).chain(all.iter().filter_map(replaced)).collect()
}

/// The tables that are not those that are built in, as an option that decides verdicts.
pub(super) fn option(all: &[tables::Table]) -> Option<String> {
    let replaced = all.iter().filter(|table| table.replaced);
    let all: Vec<String> = replaced.map(|table| format!("{} {}", table.file, table.sha256)).collect();
    (!all.is_empty()).then(|| format!("--tables {}", all.join(" ")))
}
