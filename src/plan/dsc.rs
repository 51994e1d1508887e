//! A configuration of PowerShell DSC, with the resource `xRegistry` of the module xPSDesiredStateConfiguration.
//!
//! Keys start at a drive, `HKLM:`: the resource opens them through .NET, which is told so, but deletes through the
//! registry provider, for which a path without a drive is one of the file system. The provider takes some characters
//! for patterns, so that deletions of such names would reach others: they are refused. `Registry` of PSDscResources is
//! not used: it leaves a value alone whose data reads alike, whatever its type.

use std::fmt::Write as _;

use super::Changeset;
use super::exact::{Data, below_root, data, remarks, states};
use super::in_the_way::{is_known_to_dotnet, now, passed_over};
use super::powershell::{file, literal, literal_name};
use super::refusal::Refusal;
use crate::registry::Registry;
use crate::registry::change::Change;
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::{Value, ValueType};

const NOTES: [&str; 6] = [
    "Needs the module xPSDesiredStateConfiguration, version 9 or later, and Windows PowerShell 5.1 as administrator:",
    "  Install-Module xPSDesiredStateConfiguration -MinimumVersion 9.0.0",
    "  . .\\FILE.ps1; TlsSettings -OutputPath .\\TlsSettings",
    "  Start-DscConfiguration -Path .\\TlsSettings -Wait -Verbose",
    "For Azure Machine Configuration, compile it in PowerShell 7. Restart Windows afterwards.",
    "The resource compares neither the order of lists nor upper and lower case.",
];

pub(super) fn bytes(changeset: &Changeset, machine: Option<&Registry>) -> Result<Vec<u8>, Refusal> {
    states(&changeset.changes, "a DSC configuration")?;
    let mut text: String = remarks(changeset, &NOTES, true).into_iter().map(|remark| format!("# {remark}\n")).collect();
    text.push_str(
        "Configuration TlsSettings {\n    Import-DscResource -ModuleName 'xPSDesiredStateConfiguration'\n\n    Node 'localhost' {\n",
    );
    for (i, change) in changeset.changes.iter().enumerate() {
        refuse(change, machine)?;
        let properties = properties(change)?;
        let number = i.saturating_add(1);
        let _ = write!(text, "        xRegistry 'Change{number}' {{\n            Key = {}\n", drive(change.key())?);
        for (name, value) in properties {
            let _ = writeln!(text, "            {name} = {value}");
        }
        text.push_str("        }\n");
    }
    text.push_str("    }\n}\n");
    Ok(file(&text))
}

/// The key below its drive, as a literal.
fn drive(key: &KeyPath) -> Result<String, Refusal> {
    let (root, names) = below_root(key)?;
    // The resource has a name of its own for the drive of one root.
    let drive = if root.short == "HKU" { "HKUS" } else { root.short };
    let root: Vec<u16> = format!("{drive}:").encode_utf16().collect();
    let units: Vec<&[u16]> = std::iter::once(root.as_slice()).chain(names.iter().map(Name::units)).collect();
    Ok(literal(&units.join(&u16::from(b'\\'))))
}

/// Refuses what the resource would do to something else, or not at all.
fn refuse(change: &Change, machine: Option<&Registry>) -> Result<(), Refusal> {
    let key = change.key();
    let pattern = |name: &Name| name.units().iter().any(|&unit| "`*?[]".encode_utf16().any(|mark| mark == unit));
    if let Change::DeleteKey(_) | Change::DeleteValue { .. } = change {
        let named = if let Change::DeleteValue { name, .. } = change { Some(name) } else { None };
        if let Some(name) = key.names().iter().chain(named).find(|name| pattern(name)) {
            return Err(Refusal::key(
                key,
                format!("the DSC resource takes {name} for a pattern, and would delete something else"),
            ));
        }
    }
    let Some(now) = now(change, machine) else { return Ok(()) };
    let fails = matches!(now.kind, ValueType::NONE | ValueType::DWORD_BIG_ENDIAN);
    let stays = matches!(change, Change::DeleteValue { .. }) && !is_known_to_dotnet(now.kind);
    if fails || stays {
        let kind = now.kind;
        return Err(Refusal::key(
            key,
            format!("it has a value of type {kind}, which the DSC resource cannot change; use reg"),
        ));
    }
    if let Change::Set { value, .. } = change
        && let Some(why) = passed_over(value, &now)
    {
        return Err(Refusal::key(key, format!("the DSC resource would leave a value as it is: {why}; use reg")));
    }
    Ok(())
}

type Property = (&'static str, String);

fn properties(change: &Change) -> Result<Vec<Property>, Refusal> {
    let ensure = |state: &str| ("Ensure", format!("'{state}'"));
    let force = || ("Force", "$true".to_owned());
    Ok(match change {
        // An empty ValueName without a type is the key itself, with one it is the default value.
        Change::CreateKey(_) => vec![("ValueName", "''".to_owned()), ensure("Present")],
        Change::DeleteKey(_) => vec![("ValueName", "''".to_owned()), ensure("Absent"), force()],
        Change::DeleteValues(key) => return Err(Refusal::key(key, "DSC cannot delete all values of a key that stays")),
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

fn typed(name: &Name, value: &Value) -> Result<Vec<Property>, Refusal> {
    let all = |kind: &str, data: String| vec![("ValueType", format!("'{kind}'")), ("ValueData", data)];
    let hex = || ("Hex", "$true".to_owned());
    Ok(match data(name, value)? {
        Data::Sz(units) => all("String", one_line(name, &units)?),
        Data::Expand(units) => all("ExpandString", one_line(name, &units)?),
        Data::Multi(strings) if !strings.is_empty() => {
            let strings: Result<Vec<String>, Refusal> = strings.iter().map(|units| one_line(name, units)).collect();
            all("MultiString", format!("@({})", strings?.join(", ")))
        }
        // In decimal, the resource takes no number above the signed range.
        Data::Dword(n) => [all("Dword", format!("'{n:08x}'")), vec![hex()]].concat(),
        Data::Qword(n) => [all("Qword", format!("'{n:016x}'")), vec![hex()]].concat(),
        Data::Binary([_, ..]) => all("Binary", format!("'{}'", value.hex())),
        Data::Multi(_) | Data::Binary([]) | Data::None(_) => {
            return Err(Refusal::name(name, "the DSC resource does not set REG_NONE, or lists and bytes without any"));
        }
    })
}

/// A text as a literal. A compiled configuration has no carriage returns.
fn one_line(name: &Name, units: &[u16]) -> Result<String, Refusal> {
    if units.contains(&0x0d) {
        return Err(Refusal::name(name, "its text has a carriage return, which DSC loses"));
    }
    Ok(literal(units))
}
