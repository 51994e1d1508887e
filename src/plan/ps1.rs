//! A PowerShell script: `-WhatIf` shows what it would do, `-Undo` takes it back, and a second run changes nothing.

use super::Changeset;
use super::exact::remarks;
use super::powershell::{CONSTRAINED, IS_CONSTRAINED, Work, body, file};
use super::refusal::Refusal;
use crate::registry::Registry;

pub(super) fn bytes(changeset: &Changeset, machine: Option<&Registry>) -> Result<Vec<u8>, Refusal> {
    let mut text = String::from(HELP);
    for remark in remarks(changeset, &[], true) {
        text.push_str(&format!("# {remark}\n"));
    }
    text.push_str(PARAMETERS);
    text.push_str(&format!("if ({IS_CONSTRAINED}) {{\n    throw '{CONSTRAINED}'\n}}\n"));
    text.push_str(&body(changeset, Work::ChangeAndUndo, machine)?);
    text.push_str(END);
    Ok(file(&text))
}

/// What `Get-Help` shows. The remarks stand apart from it, below an empty line: a remark that started with a dot would
/// be taken for a keyword.
const HELP: &str = "\
#Requires -Version 3.0
#Requires -RunAsAdministrator

# .SYNOPSIS
#   Makes the registry changes that tlshive planned, and takes them back.
# .DESCRIPTION
#   Changes only what differs from the plan; a second run changes nothing. Before the first change, what is there is
#   written to a record below HKLM\\SOFTWARE\\tlshive\\Undo. The 64-bit view of the registry is changed, whichever
#   PowerShell runs this. Windows must be restarted for changes to take effect everywhere.
# .PARAMETER Undo
#   Puts back what this script, or a remediation script of the same plan, found. Keys that were created and are empty
#   are deleted, and the record goes last. Without a record nothing is changed. What somebody has changed since is named
#   and left. Times, owners and permissions of deleted keys do not come back.
# .PARAMETER Force
#   Changes also values of types that .NET does not know, which -Undo cannot put back; with -Undo, puts back also what
#   somebody has changed since.
# .EXAMPLE
#   powershell -ExecutionPolicy Bypass -File plan.ps1 -WhatIf
#   Shows what would be changed, and changes nothing.
# .EXAMPLE
#   powershell -ExecutionPolicy Bypass -File plan.ps1
#   Makes the changes.
# .EXAMPLE
#   powershell -ExecutionPolicy Bypass -File plan.ps1 -Undo
#   Takes them back.

";

const PARAMETERS: &str = "
[CmdletBinding(SupportsShouldProcess)]
param([switch]$Undo, [switch]$Force)

";

const END: &str = r"
function Confirm-Change {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSShouldProcess', '', Justification = 'The cmdlet of the script asks.')]
    param($Target, $Action)
    return $PSCmdlet.ShouldProcess($Target, $Action)
}

if ($Undo) {
    Restore-Record $Force
} else {
    $wanted = @(foreach ($change in @(Get-Change)) { if (Confirm-Change $change.Path (Get-Title $change)) { $change } })
    if ($wanted.Count -gt 0) { Invoke-Change $wanted $Force }
}
if ($script:changes -gt 0) {
    Write-Warning 'Restart Windows for the changes to take effect everywhere.'
}
";
