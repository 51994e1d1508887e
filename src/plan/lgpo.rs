//! The text that Microsoft's LGPO.exe reads: blocks of four lines (`Computer`, key, value, what to do) with a blank
//! line between, `;` before comments (LGPO.pdf, "LGPO text file syntax").
//!
//! How that text escapes anything is not written down, so what would need it is refused; a `Registry.pol`, which
//! LGPO.exe imports as well (`/m`), holds it. So it is with types and deletions whose syntax could not be
//! ascertained.

use super::Changeset;
use super::exact::{Data, data, machine, path, remarks, string, text};
use super::refusal::Refusal;
use crate::registry::change::Change;
use crate::windows::path::{KeyPath, Name};

const FORMAT: &str = "LGPO text";

pub(super) fn bytes(changeset: &Changeset) -> Result<Vec<u8>, Refusal> {
    let note = "Apply with LGPO.exe /t FILE, or make a Registry.pol of it with LGPO.exe /r FILE /w Registry.pol.";
    let mut lines: Vec<String> =
        remarks(changeset, &[note], true).into_iter().map(|remark| format!("; {remark}")).collect();
    for change in &changeset.changes {
        let (name, action) = block(change)?;
        lines.extend([String::new(), "Computer".to_owned(), key(change.key())?, name, action]);
    }
    Ok(lines.into_iter().flat_map(|line| (line + "\r\n").into_bytes()).collect())
}

fn key(key: &KeyPath) -> Result<String, Refusal> {
    line("key", path(machine(key, FORMAT)?)?)
}

fn block(change: &Change) -> Result<(String, String), Refusal> {
    match change {
        Change::CreateKey(_) => Ok(("*".to_owned(), "CREATEKEY".to_owned())),
        Change::DeleteValues(_) => Ok(("*".to_owned(), "DELETEALLVALUES".to_owned())),
        Change::DeleteValue { name, .. } => Ok((value_name(name)?, "DELETE".to_owned())),
        Change::DeleteKey(key) => Err(Refusal::key(key, format!("{FORMAT} is not used to delete keys; pol is"))),
        Change::Set { name, value, .. } => {
            let action = match data(name, value)? {
                Data::Dword(n) => format!("DWORD:{n}"),
                Data::Sz(units) => format!("SZ:{}", line("data", string(name, &units)?)?),
                Data::Expand(units) => format!("EXSZ:{}", line("data", string(name, &units)?)?),
                Data::Multi(strings) if !strings.is_empty() => {
                    let strings: Result<Vec<String>, Refusal> =
                        strings.iter().map(|units| line("data", string(name, units)?)).collect();
                    let strings = strings?;
                    if strings.iter().any(|string| string.contains("\\0")) {
                        return Err(Refusal::name(
                            name,
                            format!("\\0 stands between strings in {FORMAT}, and so in none"),
                        ));
                    }
                    format!("MULTISZ:{}", strings.join("\\0"))
                }
                _ => return Err(Refusal::name(name, format!("{FORMAT} is not used for {}; pol is", value.kind))),
            };
            Ok((value_name(name)?, action))
        }
    }
}

fn value_name(name: &Name) -> Result<String, Refusal> {
    let text = text(name)?;
    if text.is_empty() || text.starts_with('*') {
        return Err(Refusal::name(name, format!("{FORMAT} has another meaning for that name")));
    }
    line("name", text)
}

/// A line that reads back as it is.
fn line(what: &str, text: String) -> Result<String, Refusal> {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !plain || text.starts_with([' ', ';']) || text.ends_with(' ') {
        let why = format!("not a {what} that {FORMAT} is known to hold (ASCII, no blank at an end, no ; first)");
        return Err(Refusal::text(&text, why));
    }
    Ok(text)
}
