//! A PowerShell script: `-WhatIf` shows what it would do, `-Undo` takes it back, and a second run changes nothing.

use super::exact::remarks;
use super::powershell::{ACTIONS, IS_WRONG_HOST, TESTS, action, file, literal};
use super::{Back, Changeset};
use crate::registry::change::Change;

pub(super) fn bytes(changeset: &Changeset, back: Option<&Back>) -> Result<Vec<u8>, String> {
    let undo_note = match back {
        Some(back) if !back.unknown.is_empty() => {
            "-Undo sets what was there when this script was written, as far as that is known; it names the rest."
        }
        Some(_) => "-Undo sets what was there when this script was written.",
        None => "-Undo deletes the values that this script sets; keys stay, and what it deletes does not come back.",
    };
    let mut text = String::from("#Requires -Version 4.0\n#Requires -RunAsAdministrator\n");
    for remark in remarks(changeset, &["-WhatIf shows what would be changed.", undo_note], true) {
        text.push_str(&format!("# {remark}\n"));
    }
    text.push_str(HEAD);
    let refusal = "throw 'Run this in 64-bit PowerShell: this one sees another view of SOFTWARE.'";
    text.push_str(&format!("if ({IS_WRONG_HOST}) {{\n    {refusal}\n}}\n"));
    text.push_str(TESTS);
    text.push_str(CONFIRM);
    text.push_str(ACTIONS);
    text.push_str("\nif ($Undo) {\n");
    for unknown in back.iter().flat_map(|back| &back.unknown) {
        let units: Vec<u16> = format!("Not put back: {unknown}").encode_utf16().collect();
        text.push_str(&format!("    Write-Warning {}\n", literal(&units)));
    }
    let back = match back {
        Some(back) => back.changes.clone(),
        None => changeset.changes.iter().rev().filter_map(value_deleted).collect(),
    };
    body(&back, &mut text)?;
    text.push_str("} else {\n");
    body(&changeset.changes, &mut text)?;
    text.push_str(END);
    Ok(file(&text))
}

const HEAD: &str = "\
[CmdletBinding(SupportsShouldProcess)]
param([switch]$Undo)

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$script:changes = 0
";

const CONFIRM: &str = r"
function Confirm-Change($Root, $Path, $Action) {
    return $PSCmdlet.ShouldProcess($Root.Name + '\' + $Path, $Action)
}
";

const END: &str = "\
}

if ($script:changes -gt 0) {
    Write-Warning 'Restart Windows for the changes to take effect everywhere.'
}
";

fn body(changes: &[Change], text: &mut String) -> Result<(), String> {
    for change in changes {
        text.push_str(&format!("    {}\n", action(change)?));
    }
    Ok(())
}

fn value_deleted(change: &Change) -> Option<Change> {
    match change {
        Change::Set { key, name, .. } => Some(Change::DeleteValue { key: key.clone(), name: name.clone() }),
        _ => None,
    }
}
