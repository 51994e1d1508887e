//! A batch file of `reg add` and `reg delete`.
//!
//! Everything from the changeset stands in double quotes, where only `%` and `"` have a meaning to cmd, and `!` none
//! without delayed expansion. reg.exe splits its arguments as C programs do: backslashes before a quote count double.

use std::fmt::Write as _;

use super::Changeset;
use super::exact::{Data, below_root, data, path, remarks, string, text};
use crate::registry::change::Change;
use crate::registry::path::{KeyPath, Name};
use crate::registry::value::Value;

/// The longest line that cmd takes (Microsoft, "Command prompt line string limitation").
const LONGEST: usize = 8191;

pub(super) fn bytes(changeset: &Changeset) -> Result<Vec<u8>, String> {
    let mut lines = vec!["@echo off".to_owned()];
    let note = "Run as administrator. Stops at the first change that fails.";
    for remark in remarks(changeset, &[note], true) {
        // cmd looks at some marks even in a remark
        let plain = remark.replace(['%', '^', '&', '|', '<', '>', '"', '!'], " ");
        lines.push(format!("rem {plain}"));
    }
    lines.push("setlocal EnableExtensions DisableDelayedExpansion".to_owned());
    for change in &changeset.changes {
        lines.extend(commands(change)?);
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
        return Err(format!("cmd takes no lines longer than {LONGEST} characters"));
    }
    Ok(lines.into_iter().flat_map(|line| (line + "\r\n").into_bytes()).collect())
}

const CHECK: &str = "if errorlevel 1 goto failed";

fn commands(change: &Change) -> Result<Vec<String>, String> {
    let key = key(change.key())?;
    let where_there = |what: &str| {
        // reg delete fails where there is nothing to delete, and a query that fails says that
        vec![format!(
            "reg query {key}{what} /reg:64 >nul 2>nul && (reg delete {key}{what} /f /reg:64 >nul || goto failed)"
        )]
    };
    Ok(match change {
        Change::CreateKey(_) => vec![format!("reg add {key} /f /reg:64 >nul"), CHECK.to_owned()],
        Change::DeleteKey(_) => where_there(""),
        Change::DeleteValues(_) => {
            vec![format!("reg query {key} /reg:64 >nul 2>nul && (reg delete {key} /va /f /reg:64 >nul || goto failed)")]
        }
        Change::DeleteValue { name, .. } if name.units().is_empty() => {
            return Err(format!(
                "{}: reg.exe does not tell whether a default value is set, so none is deleted",
                change.key()
            ));
        }
        Change::DeleteValue { name, .. } => where_there(&format!(" /v {}", quoted(&text(name)?)?)),
        Change::Set { name, value, .. } => {
            let (kind, data) = typed(name, value)?;
            let which =
                if name.units().is_empty() { "/ve".to_owned() } else { format!("/v {}", quoted(&text(name)?)?) };
            vec![format!("reg add {key} {which} /t {kind} /d {data} /f /reg:64 >nul"), CHECK.to_owned()]
        }
    })
}

fn key(key: &KeyPath) -> Result<String, String> {
    let (root, names) = below_root(key)?;
    quoted(&format!("{}\\{}", root.short, path(names)?))
}

fn typed(name: &Name, value: &Value) -> Result<(&'static str, String), String> {
    Ok(match data(name, value)? {
        Data::Sz(units) => ("REG_SZ", quoted(&string(name, &units)?)?),
        Data::Expand(units) => ("REG_EXPAND_SZ", quoted(&string(name, &units)?)?),
        Data::Multi(strings) if !strings.is_empty() => {
            let strings: Result<Vec<String>, String> = strings.iter().map(|units| string(name, units)).collect();
            let strings = strings?;
            // `\0` is what stands between them; a backslash at an end would make another of it
            if strings.iter().any(|string| string.contains("\\0") || string.ends_with('\\')) {
                return Err(format!("{name}: reg.exe would split its strings elsewhere"));
            }
            ("REG_MULTI_SZ", quoted(&strings.join("\\0"))?)
        }
        Data::Dword(n) => ("REG_DWORD", number(n.into())),
        Data::Qword(n) => ("REG_QWORD", number(n)),
        Data::Binary(bytes) if !bytes.is_empty() => {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            ("REG_BINARY", hex)
        }
        Data::Multi(_) | Data::Binary(_) | Data::None(_) => {
            return Err(format!("{name}: reg.exe is not used for REG_NONE, or for lists and bytes without any"));
        }
    })
}

/// Decimal where every reader takes it, else with `0x`.
fn number(n: u64) -> String {
    if n <= 0x7fff_ffff { n.to_string() } else { format!("0x{n:x}") }
}

fn quoted(text: &str) -> Result<String, String> {
    // The file is read in the console's code page, of which only ASCII is the same everywhere.
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || text.contains('"') {
        return Err(format!(
            "\"{text}\": a batch file holds only printable ASCII safely, and no quotes within arguments"
        ));
    }
    let backslashes = text.len().saturating_sub(text.trim_end_matches('\\').len());
    Ok(format!("\"{}{}\"", text.replace('%', "%%"), "\\".repeat(backslashes)))
}
