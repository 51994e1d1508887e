//! A batch file of `reg add` and `reg delete`.
//!
//! Everything from the changeset stands in double quotes, where only `%` and `"` have a meaning to cmd, and `!` none
//! without delayed expansion. reg.exe splits its arguments as C programs do: backslashes before a quote count double.

use super::Changeset;
use super::exact::{Data, below_root, data, path, remarks, string, text};
use super::refusal::Refusal;
use crate::registry::change::Change;
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::Value;

/// The longest line that cmd takes (Microsoft, "Command prompt line string limitation").
const LONGEST: usize = 8191;

pub(super) fn bytes(changeset: &Changeset) -> Result<Vec<u8>, Refusal> {
    let mut lines = vec!["@echo off".to_owned()];
    let note = "Run as administrator. Stops at the first change that fails.";
    for remark in remarks(changeset, &[note], true) {
        // cmd looks at some marks even in a remark
        let plain = remark.replace(['%', '^', '&', '|', '<', '>', '"', '!'], " ");
        lines.push(format!("rem {plain}"));
    }
    lines.push("setlocal EnableExtensions DisableDelayedExpansion".to_owned());
    if !changeset.changes.is_empty() {
        // Where reg.exe cannot run, nothing would be there to delete.
        lines.extend([format!("{REG} query HKLM >nul"), CHECK.to_owned()]);
    }
    for (i, change) in changeset.changes.iter().enumerate() {
        lines.extend(commands(change, i.saturating_add(1))?);
    }
    lines.extend(
        [
            "echo Done. Restart Windows for the changes to take effect everywhere.",
            "exit /b 0",
            ":failed",
            "echo A change failed; those after it were not made. 1>&2",
            "exit /b 1",
        ]
        .map(str::to_owned),
    );
    if lines.iter().any(|line| line.len() > LONGEST) {
        return Err(Refusal::file(format!("cmd takes no lines longer than {LONGEST} characters")));
    }
    Ok(lines.into_iter().flat_map(|line| (line + "\r\n").into_bytes()).collect())
}

/// reg.exe by its full path: cmd looks into the current folder first.
const REG: &str = r#""%SystemRoot%\System32\reg.exe""#;

/// Ends the file when the command before failed.
const CHECK: &str = "if errorlevel 1 goto failed";

/// The lines for a change; `number` is that of the label behind it. `&&` and `||` behind a program are not used: Wine's
/// cmd runs both sides.
fn commands(change: &Change, number: usize) -> Result<Vec<String>, Refusal> {
    let key = key(change.key())?;
    let run = |command: &str, rest: &str| format!("{REG} {command} {key}{rest} /reg:64 >nul");
    let query = |rest: &str| format!("{REG} query {key}{rest} /reg:64 >nul 2>nul");
    let skip = format!("if errorlevel 1 goto n{number}");
    let label = format!(":n{number}");
    // reg delete fails where there is nothing to delete, and a query that fails says that.
    let where_there = |what: &str, all: &str| {
        let delete = run("delete", &format!("{what}{all} /f"));
        vec![query(what), skip.clone(), delete, CHECK.to_owned(), label.clone()]
    };
    // For a key alone reg add sets an empty default value, and does so over one that is there.
    let without_default = || [run("add", " /ve /f"), CHECK.to_owned(), run("delete", " /ve /f"), CHECK.to_owned()];
    Ok(match change {
        Change::CreateKey(_) => {
            let mut lines = vec![query(""), format!("if not errorlevel 1 goto n{number}")];
            lines.extend(without_default());
            lines.push(label);
            lines
        }
        Change::DeleteKey(_) => where_there("", ""),
        Change::DeleteValues(_) => where_there("", " /va"),
        // reg.exe does not tell whether a default value is set, so one is set, to be deleted.
        Change::DeleteValue { name, .. } if name.units().is_empty() => {
            let mut lines = vec![query(""), skip];
            lines.extend(without_default());
            lines.push(label);
            lines
        }
        Change::DeleteValue { name, .. } => where_there(&format!(" /v {}", quoted(&text(name)?)?), ""),
        Change::Set { name, value, .. } => {
            let (kind, data) = typed(name, value)?;
            let which =
                if name.units().is_empty() { "/ve".to_owned() } else { format!("/v {}", quoted(&text(name)?)?) };
            vec![run("add", &format!(" {which} /t {kind} /d {data} /f")), CHECK.to_owned()]
        }
    })
}

fn key(key: &KeyPath) -> Result<String, Refusal> {
    let (root, names) = below_root(key)?;
    quoted(&format!("{}\\{}", root.short, path(names)?))
}

fn typed(name: &Name, value: &Value) -> Result<(&'static str, String), Refusal> {
    Ok(match data(name, value)? {
        Data::Sz(units) => ("REG_SZ", quoted(&string(name, &units)?)?),
        Data::Expand(units) => ("REG_EXPAND_SZ", quoted(&string(name, &units)?)?),
        Data::Multi(strings) => {
            let strings: Result<Vec<String>, Refusal> = strings.iter().map(|units| string(name, units)).collect();
            let strings = strings?;
            // `\0` is what stands between them; a backslash at an end would make another of it
            if strings.iter().any(|string| string.contains("\\0") || string.ends_with('\\')) {
                return Err(Refusal::name(name, "reg.exe would split its strings elsewhere"));
            }
            ("REG_MULTI_SZ", quoted(&strings.join("\\0"))?)
        }
        Data::Dword(n) => ("REG_DWORD", number(n.into())),
        Data::Qword(n) => ("REG_QWORD", number(n)),
        Data::Binary([]) => ("REG_BINARY", r#""""#.to_owned()),
        Data::Binary(_) => ("REG_BINARY", value.hex()),
        Data::None(_) => return Err(Refusal::name(name, "reg.exe takes data of REG_NONE for text")),
    })
}

/// Decimal where every reader takes it, else with `0x`.
fn number(n: u64) -> String {
    if n <= 0x7fff_ffff { n.to_string() } else { format!("0x{n:x}") }
}

fn quoted(text: &str) -> Result<String, Refusal> {
    // The file is read in the console's code page, of which only ASCII is the same everywhere.
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || text.contains('"') {
        let why = "a batch file holds only printable ASCII safely, and no quotes within arguments";
        return Err(Refusal::text(text, why));
    }
    let backslashes = text.len().saturating_sub(text.trim_end_matches('\\').len());
    Ok(format!("\"{}{}\"", text.replace('%', "%%"), "\\".repeat(backslashes)))
}
