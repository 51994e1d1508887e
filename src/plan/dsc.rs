//! A configuration of PowerShell DSC, with the resource `Registry` of the module PSDscResources, which opens keys
//! through .NET, so that `/` in a key's name does not separate.

use std::fmt::Write as _;

use super::Changeset;
use super::exact::{Data, below_root, data, remarks, states};
use super::powershell::{file, full_path, literal, literal_name};
use crate::registry::change::Change;
use crate::registry::path::Name;
use crate::registry::value::Value;

pub(super) fn bytes(changeset: &Changeset) -> Result<Vec<u8>, String> {
    states(&changeset.changes, "a DSC configuration")?;
    let note = "Needs the module PSDscResources. Load this file, run TlsSettings, then Start-DscConfiguration.";
    let mut text: String =
        remarks(changeset, &[note], true).into_iter().map(|remark| format!("# {remark}\n")).collect();
    text.push_str(
        "Configuration TlsSettings {\n    Import-DscResource -ModuleName 'PSDscResources'\n\n    Node 'localhost' {\n",
    );
    for (i, change) in changeset.changes.iter().enumerate() {
        below_root(change.key())?;
        let properties = properties(change)?;
        let _ = write!(
            text,
            "        Registry 'Change{}' {{\n            Key = {}\n",
            i.saturating_add(1),
            full_path(change.key())?
        );
        for (name, value) in properties {
            let _ = writeln!(text, "            {name} = {value}");
        }
        text.push_str("        }\n");
    }
    text.push_str("    }\n}\n");
    Ok(file(&text))
}

type Property = (&'static str, String);

fn properties(change: &Change) -> Result<Vec<Property>, String> {
    let ensure = |state: &str| ("Ensure", format!("'{state}'"));
    let force = || ("Force", "$true".to_owned());
    Ok(match change {
        // An empty ValueName without a type is the key itself, with one it is the default value.
        Change::CreateKey(_) => vec![("ValueName", "''".to_owned()), ensure("Present")],
        Change::DeleteKey(_) => vec![("ValueName", "''".to_owned()), ensure("Absent"), force()],
        Change::DeleteValues(key) => return Err(format!("{key}: DSC cannot delete all values of a key that stays")),
        Change::DeleteValue { name, .. } => {
            let mut all = vec![("ValueName", literal_name(name)?)];
            if name.units().is_empty() {
                all.push(("ValueType", "'String'".to_owned()));
            }
            all.extend([ensure("Absent"), force()]);
            all
        }
        Change::Set { name, value, .. } => {
            let mut all = vec![("ValueName", literal_name(name)?)];
            all.extend(typed(name, value)?);
            all.extend([ensure("Present"), force()]);
            all
        }
    })
}

fn typed(name: &Name, value: &Value) -> Result<Vec<Property>, String> {
    let all = |kind: &str, data: String| vec![("ValueType", format!("'{kind}'")), ("ValueData", data)];
    let hex = || ("Hex", "$true".to_owned());
    Ok(match data(name, value)? {
        Data::Sz(units) => all("String", literal(&units)),
        Data::Expand(units) => all("ExpandString", literal(&units)),
        Data::Multi(strings) if !strings.is_empty() => {
            let strings: Vec<String> = strings.iter().map(|units| literal(units)).collect();
            all("MultiString", format!("@({})", strings.join(", ")))
        }
        // In decimal, the resource takes no number above the signed range.
        Data::Dword(n) => [all("Dword", format!("'{n:08x}'")), vec![hex()]].concat(),
        Data::Qword(n) => [all("Qword", format!("'{n:016x}'")), vec![hex()]].concat(),
        Data::Binary(bytes) if !bytes.is_empty() => {
            let digits = bytes.iter().fold(String::new(), |mut digits, byte| {
                let _ = write!(digits, "{byte:02x}");
                digits
            });
            all("Binary", format!("'{digits}'"))
        }
        Data::Multi(_) | Data::Binary(_) | Data::None(_) => {
            return Err(format!("{name}: the DSC resource does not set REG_NONE, or lists and bytes without any"));
        }
    })
}
