//! A document of Microsoft DSC v3, with the resource `Microsoft.Windows/Registry`; `winget configure` takes it too.
//!
//! The shape is that of the schemas which DSC publishes: a name of letters, digits and spaces alone, a path that starts at
//! a short root, and data with its type as the name. Text that starts with `[` would be run as an expression, so it is
//! refused.

use std::fmt::Write as _;

use super::Changeset;
use super::exact::{Data, below_root, data, path, remarks, states, string, text};
use super::refusal::Refusal;
use super::yaml::{list, scalar};
use crate::registry::change::Change;
use crate::windows::path::Name;
use crate::windows::value::Value;

const SCHEMA: &str = "https://aka.ms/dsc/schemas/v3/bundled/config/document.json";

const NOTES: [&str; 4] = [
    "For DSC 3.2.0 or later, as administrator: dsc config set --file FILE; --what-if shows what would be changed.",
    "winget configure takes it as well, where the processor dscv3 is named for it.",
    "Restart Windows for the changes to take effect everywhere.",
    "The order of lists is not compared.",
];

pub(super) fn bytes(changeset: &Changeset) -> Result<Vec<u8>, Refusal> {
    states(&changeset.changes, "a DSC document")?;
    let mut out: String = remarks(changeset, &NOTES, true).into_iter().map(|line| format!("# {line}\n")).collect();
    let _ = write!(out, "$schema: {SCHEMA}\nresources:{}\n", if changeset.changes.is_empty() { " []" } else { "" });
    for (i, change) in changeset.changes.iter().enumerate() {
        let (root, names) = below_root(change.key())?;
        let key = format!("{}\\{}", root.short, path(names)?);
        let mut properties = vec![("keyPath", scalar(&key))];
        properties.extend(about(change)?);
        let number = i.saturating_add(1);
        let _ = write!(out, "- name: Change {number}\n  type: Microsoft.Windows/Registry\n  properties:\n");
        for (name, value) in properties {
            let _ = writeln!(out, "    {name}: {value}");
        }
    }
    Ok(out.into_bytes())
}

fn about(change: &Change) -> Result<Vec<(&'static str, String)>, Refusal> {
    let absent = || ("_exist", "false".to_owned());
    Ok(match change {
        Change::CreateKey(_) => Vec::new(),
        Change::DeleteKey(_) => vec![absent()],
        Change::DeleteValues(key) => return Err(Refusal::key(key, "DSC cannot delete all values of a key that stays")),
        Change::DeleteValue { name, .. } => vec![("valueName", called(name)?), absent()],
        Change::Set { name, value, .. } => vec![("valueName", called(name)?), ("valueData", typed(name, value)?)],
    })
}

fn called(name: &Name) -> Result<String, Refusal> {
    if name.units().is_empty() {
        return Err(Refusal::name(name, "DSC v3 is not known to set or delete default values"));
    }
    plain(name, &text(name)?)
}

/// A text that DSC takes as it stands.
fn plain(name: &Name, text: &str) -> Result<String, Refusal> {
    if text.starts_with('[') {
        return Err(Refusal::name(name, format!("DSC v3 would run {text} as an expression")));
    }
    Ok(scalar(text))
}

fn typed(name: &Name, value: &Value) -> Result<String, Refusal> {
    let (kind, data) = match data(name, value)? {
        Data::Sz(units) => ("String", plain(name, &string(name, &units)?)?),
        Data::Expand(units) => ("ExpandString", plain(name, &string(name, &units)?)?),
        Data::Multi(strings) => {
            let strings: Result<Vec<String>, Refusal> =
                strings.iter().map(|units| plain(name, &string(name, units)?)).collect();
            ("MultiString", list(&strings?))
        }
        Data::Dword(n) => ("DWord", n.to_string()),
        Data::Qword(n) => ("QWord", n.to_string()),
        Data::Binary(bytes) => ("Binary", list(&bytes.iter().map(ToString::to_string).collect::<Vec<_>>())),
        Data::None(_) => return Err(Refusal::name(name, "DSC v3 does not set REG_NONE")),
    };
    Ok(format!("{{{kind}: {data}}}"))
}
