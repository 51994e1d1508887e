//! A remediation for Microsoft Intune: one script that detects (status 1 where something is to be done), one that
//! does it. Status 1 starts the remediation, any other but 0 is shown as an error.

use super::Changeset;
use super::exact::remarks;
use super::powershell::{CONSTRAINED, IS_CONSTRAINED, Work, body, file};
use super::refusal::Refusal;
use crate::registry::Registry;

/// The names of the two files.
pub(super) const NAMES: [&str; 2] = ["detect.ps1", "remediate.ps1"];

pub(super) fn files(changeset: &Changeset, machine: Option<&Registry>) -> Result<[Vec<u8>; 2], Refusal> {
    let what = "Detection script: exits with 1 when something is to be changed, with 0 when nothing is, with 2 when it \
                cannot tell.";
    let mut detect = head(changeset, what, 2);
    detect.push_str("try {\n");
    detect.push_str(&body(changeset, Work::Detect, machine)?);
    detect.push_str(DETECTED);
    let what = "Remediation script: exits with 0 when all is as it is to be, else with 1. What it changes is written to a \
                record first; the format ps1 of the same plan takes it back with -Undo.";
    let mut remediate = head(changeset, what, 1);
    remediate.push_str(CONFIRM);
    remediate.push_str("try {\n");
    remediate.push_str(&body(changeset, Work::Change, machine)?);
    remediate.push_str(DONE);
    Ok([file(&detect), file(&remediate)])
}

/// The first lines; `status` is that of a script that may not run.
fn head(changeset: &Changeset, what: &str, status: u8) -> String {
    let note = "In Intune, set \"Run this script using the logged-on credentials\" to No.";
    let mut text: String =
        remarks(changeset, &[what, note], true).into_iter().map(|remark| format!("# {remark}\n")).collect();
    text.push_str(&format!("if ({IS_CONSTRAINED}) {{\n    Write-Output '{CONSTRAINED}'\n    exit {status}\n}}\n"));
    text
}

/// Intune shows the last 2,048 characters of what a script says, so the list is cut before that.
const DETECTED: &str = r#"
    $found = @(foreach ($change in @(Get-Change)) { Get-Title $change })
} catch {
    Write-Output "Not known: $($_.Exception.Message)"
    exit 2
}
if ($found.Count -eq 0) {
    Write-Output 'Nothing is to be changed.'
    exit 0
}
$said = "$($found.Count) to change: " + ($found -join '; ')
if ($said.Length -gt 1900) { $said = $said.Substring(0, 1900) + ' ...' }
Write-Output $said
exit 1
"#;

const CONFIRM: &str = "
function Confirm-Change($Target, $Action) { return $true }
";

const DONE: &str = r#"
    $wanted = @(Get-Change)
    if ($wanted.Count -gt 0) { Invoke-Change $wanted $false }
} catch {
    $said = $_.Exception.Message
    if ($said.Length -gt 1900) { $said = $said.Substring(0, 1900) + ' ...' }
    Write-Output "Failed after $script:changes changes: $said"
    exit 1
}
Write-Output "$script:changes changes were made. Restart Windows for them to take effect everywhere."
exit 0
"#;
