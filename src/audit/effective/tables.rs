//! The tables that audits rest on: what each is called, as of when it is, and newer ones in their place.
//!
//! They are built in. A program may put others in their place once, before the first audit: what a table says is looked up from
//! many places, and two audits of one run must not rest on two tables.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{lifecycle, os_defaults, product, suites};
use crate::digest::sha256_hex;
use crate::packed::{Data, Entries, data};

/// Their files, what each is about, and what is built in.
static BUILT_IN: [(&str, &str, Data); 6] = [
    (OS_DEFAULTS, "what Windows does when nothing is set", data!("src/audit/effective/data", "os_defaults.toml")),
    (WINDOWS_LIFECYCLE, "until when Windows is supported", data!("src/audit/effective/data", "windows_lifecycle.toml")),
    (CIPHER_SUITES, "cipher suites by Windows release", data!("src/audit/effective/data", "cipher_suites.json")),
    (DOTNET_RELEASES, "release numbers of .NET Framework", data!("src/audit/effective/data", "dotnet_releases.toml")),
    (ENTRA_CONNECT, "versions of Microsoft Entra Connect", data!("src/audit/effective/data", "entra_connect.toml")),
    (ENTRA_AGENTS, "agents of Microsoft Entra", data!("src/audit/effective/data", "entra_agents.toml")),
];
pub(super) const OS_DEFAULTS: &str = "os_defaults.toml";
pub(super) const WINDOWS_LIFECYCLE: &str = "windows_lifecycle.toml";
pub(super) const CIPHER_SUITES: &str = "cipher_suites.json";
pub(super) const DOTNET_RELEASES: &str = "dotnet_releases.toml";
pub(super) const ENTRA_CONNECT: &str = "entra_connect.toml";
pub(super) const ENTRA_AGENTS: &str = "entra_agents.toml";

static REPLACED: OnceLock<Vec<(&'static str, &'static str)>> = OnceLock::new();

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The name of its file.
    pub file: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// The day that it was last held against its sources, `YYYY-MM-DD`.
    pub as_of: String,
    /// What it rests on.
    pub source: String,
    /// SHA-256 of its text, in hex.
    pub sha256: String,
    /// Rows of its lists.
    pub rows: usize,
    /// Whether it stands in the place of the one that is built in.
    pub replaced: bool,
}

/// The table of this file that is built in, whether another stands in its place or not.
pub fn built_in(file: &str) -> Option<Table> {
    BUILT_IN.iter().find(|(name, ..)| *name == file).map(own)
}

fn own((file, about, data): &(&'static str, &'static str, Data)) -> Table {
    table(file, about, data.read().ok(), data.sha256.to_owned(), rows(data.read().unwrap_or_default()), false)
}

fn table(
    file: &'static str,
    about: &'static str,
    head: Option<Head>,
    sha256: String,
    rows: usize,
    replaced: bool,
) -> Table {
    let Head { as_of, source } = head.unwrap_or_default();
    Table { file, about, as_of, source, sha256, rows, replaced }
}

fn rows(lists: BTreeMap<String, Entries>) -> usize {
    lists.into_values().filter_map(|Entries(count)| count).sum()
}

/// Why tables are not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableError {
    /// The text is no table of this kind: what is wrong, and where.
    Wrong(&'static str, String),
    /// They were put in place before.
    Late,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableError::Wrong(file, what) => write!(f, "{file}: {what}"),
            TableError::Late => f.write_str("tables can be put in place once alone"),
        }
    }
}

impl std::error::Error for TableError {}

/// What every table has.
#[derive(Default, Deserialize)]
struct Head {
    as_of: String,
    source: String,
}

/// What a table holds, as its text says it or as it is built in.
pub(super) fn read<T: Deserialize<'static>>(file: &str) -> Option<T> {
    match replaced(file) {
        Some(text) if file == CIPHER_SUITES => serde_json::from_str(text).ok(),
        Some(text) => T::deserialize(toml::Deserializer::parse(text).ok()?).ok(),
        None => BUILT_IN.iter().find(|(name, ..)| *name == file)?.2.read().ok(),
    }
}

/// The text of the table that stands in the place of the one of this file.
fn replaced(file: &str) -> Option<&'static str> {
    REPLACED.get().into_iter().flatten().find(|(name, _)| *name == file).map(|(_, text)| *text)
}

/// The text of a table.
fn text(file: &str) -> &'static str {
    let built_in = || BUILT_IN.iter().find(|(name, ..)| *name == file).map(|(.., data)| data.text);
    replaced(file).or_else(built_in).unwrap_or_default()
}

/// The names of their files.
pub fn files() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(file, ..)| *file)
}

/// All of them.
pub fn all() -> Vec<Table> {
    let table = |row: &(&'static str, &'static str, Data)| match (row, replaced(row.0)) {
        ((file, about, built_in), Some(text)) if text != built_in.text => {
            table(file, about, head(file, text).ok(), sha256_hex(text.as_bytes()), rows(lists(file, text)), true)
        }
        _ => own(row),
    };
    BUILT_IN.iter().map(table).collect()
}

/// Puts others in the place of those of the same file name; the rest stay. `today` is written as YYYY-MM-DD.
///
/// # Errors
/// When one is no table of its kind, with line and column, or of a day to come; when an audit has asked for them before.
pub fn replace(newer: Vec<(&'static str, String)>, today: &str) -> Result<(), TableError> {
    let mut kept: Vec<(&'static str, &'static str)> = Vec::new();
    for (file, text) in newer {
        check(file, &text).map_err(|what| TableError::Wrong(file, what))?;
        // Days written as YYYY-MM-DD compare as text.
        if let Some(day) = head(file, &text).ok().map(|head| head.as_of).filter(|day| day.as_str() > today) {
            return Err(TableError::Wrong(file, format!("as_of is {day}: that day is still to come")));
        }
        // As long as the program runs, like those that are built in.
        kept.push((file, Box::leak(text.into_boxed_str())));
    }
    REPLACED.set(kept).map_err(|_| TableError::Late)
}

/// Whether a text is a table of this kind.
pub(super) fn check(file: &str, text: &str) -> Result<(), String> {
    let head = head(file, text)?;
    if !is_day(&head.as_of) {
        return Err(format!("as_of is \"{}\": expected a day, YYYY-MM-DD", head.as_of));
    }
    match file {
        OS_DEFAULTS => os_defaults::check(text),
        WINDOWS_LIFECYCLE => lifecycle::check(text),
        CIPHER_SUITES => suites::check(text),
        DOTNET_RELEASES => suites::check_dotnet(text),
        ENTRA_CONNECT => product::check_versions(text),
        _ => product::check_agents(text),
    }?;
    let (own, new) = (lists(file, self::text(file)), lists(file, text));
    let has_rows = |rows: &Entries| rows.0.is_some_and(|count| count > 0);
    let is_empty = |(name, rows): &(&String, &Entries)| has_rows(rows) && !new.get(*name).is_some_and(has_rows);
    match own.iter().find(is_empty) {
        Some((name, _)) => Err(format!("{name} has no rows: nothing would be known")),
        None => Ok(()),
    }
}

fn head(file: &str, text: &str) -> Result<Head, String> {
    match file {
        CIPHER_SUITES => serde_json::from_str(text).map_err(|error| error.to_string()),
        _ => toml::from_str(text).map_err(|error| error.to_string()),
    }
}

/// The fields of a table, and how many rows each has.
fn lists(file: &str, text: &str) -> BTreeMap<String, Entries> {
    match file {
        CIPHER_SUITES => serde_json::from_str(text).unwrap_or_default(),
        _ => toml::from_str(text).unwrap_or_default(),
    }
}

/// Whether this is a day as tables write it.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<crate::policy::waiver::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_says_what_it_is() {
        for table in all() {
            assert!(is_day(&table.as_of) && table.source.len() > 20 && !table.replaced, "{table:?}");
            check(table.file, text(table.file)).unwrap();
        }
    }

    #[test]
    fn what_is_packed_is_what_the_text_says() {
        for (file, _, data) in &BUILT_IN {
            let text: serde_json::Value = match *file {
                CIPHER_SUITES => serde_json::from_str(data.text).unwrap(),
                _ => toml::from_str(data.text).unwrap(),
            };
            assert_eq!(data.read::<serde_json::Value>().unwrap(), text, "{file}");
            assert_eq!(data.sha256, sha256_hex(data.text.as_bytes()), "{file}");
            let table = built_in(file).unwrap();
            assert_eq!((rows(lists(file, data.text)), head(file, data.text).unwrap().as_of), (table.rows, table.as_of));
        }
    }

    /// File, what is changed in it, and what is said.
    #[test]
    fn what_is_no_table_is_refused_with_its_place() {
        for (file, from, to, said) in [
            (OS_DEFAULTS, "as_of = ", "as of = ", "line "),
            (OS_DEFAULTS, "as_of = \"2026-", "as_of = \"26-", "expected a day"),
            (OS_DEFAULTS, "\"TLS 1.2\" = \"on\"", "\"TLS 1.2\" = \"maybe\"", "\"maybe\" is no state"),
            (OS_DEFAULTS, "\"TLS 1.2\" = \"on\"", "\"TLS 1.4\" = \"on\"", "TLS 1.2"),
            (OS_DEFAULTS, "builds = [17763]", "builds = [20348]", "20348"),
            (WINDOWS_LIFECYCLE, "ltsc = \"2029-01-09\"", "ltsc = \"soon\"", "build 17763: \"soon\" is no day"),
            (WINDOWS_LIFECYCLE, "home-pro = \"2017-05-09\"", "pro = \"2017-05-09\"", "line "),
            (WINDOWS_LIFECYCLE, "build = 17763", "build = 20348", "20348"),
            (CIPHER_SUITES, "\"tls13\": [", "\"tls13\": {", "line "),
            (CIPHER_SUITES, "\"tls13\"", "\"tls14\"", "line "),
            (DOTNET_RELEASES, "\"4.8.1\"", "\"4.9\"", "4.8.1"),
            (ENTRA_CONNECT, "from = \"2.5.79.0\"", "from = \"2.x\"", "2.x"),
            (ENTRA_CONNECT, "standing = \"recalled\"", "standing = \"gone\"", "gone"),
            (ENTRA_CONNECT, "dotnet = \"4.7.2\"", "dotnet = \"4.7.3\"", "4.7.3"),
            (ENTRA_CONNECT, "support_ends = \"2026-07-31\"", "support_ends = \"soon\"", "soon"),
            (ENTRA_AGENTS, "min = \"1.5.643.0\"", "min = \"new\"", "new"),
        ] {
            let text = text(file);
            assert!(text.contains(from), "{file}: {from}");
            let error = check(file, &text.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(said), "{file}, {to}: {error}");
        }
    }

    #[test]
    fn a_table_without_rows_is_refused() {
        for (file, list) in [(ENTRA_AGENTS, "agent"), (WINDOWS_LIFECYCLE, "release"), (ENTRA_CONNECT, "version")] {
            let head = text(file).split(&format!("[[{list}]]")).next().unwrap().to_owned();
            let error = check(file, &format!("{head}\n{list} = []\n")).unwrap_err();
            assert!(error.contains(&format!("{list} has no rows")), "{file}: {error}");
        }
    }
}
