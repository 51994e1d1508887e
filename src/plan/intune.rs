//! A remediation for Microsoft Intune: one script that detects (status 1 where something is to be done), one that
//! does it.

use super::Changeset;
use super::exact::{remarks, states};
use super::powershell::{ACTIONS, IS_WRONG_HOST, TESTS, action, file, test};

/// The names of the two files.
pub(super) const NAMES: [&str; 2] = ["detect.ps1", "remediate.ps1"];

pub(super) fn files(changeset: &Changeset) -> Result<[Vec<u8>; 2], String> {
    states(&changeset.changes, "an Intune remediation")?;
    let mut detect = head(changeset, "Detection script: exits with 1 when something is to be changed, else with 0.");
    detect.push_str(TESTS);
    detect.push_str("\n$missing = 0\n");
    for change in &changeset.changes {
        detect.push_str(&format!("if (-not ({})) {{ $missing++ }}\n", test(change)?));
    }
    detect.push_str(DETECTED);
    let mut remediate = head(changeset, "Remediation script: exits with 0 when all is as it is to be, else with 1.");
    remediate.push_str(TESTS);
    remediate.push_str(CONFIRM);
    remediate.push_str(ACTIONS);
    remediate.push_str("\ntry {\n");
    for change in &changeset.changes {
        remediate.push_str(&format!("    {}\n", action(change)?));
    }
    remediate.push_str(DONE);
    Ok([file(&detect), file(&remediate)])
}

fn head(changeset: &Changeset, what: &str) -> String {
    let note = "In Intune, set \"Run script in 64-bit PowerShell\" to Yes and \
                \"Run this script using the logged-on credentials\" to No.";
    let mut text: String =
        remarks(changeset, &[what, note], true).into_iter().map(|remark| format!("# {remark}\n")).collect();
    text.push_str("Set-StrictMode -Version 2\n$ErrorActionPreference = 'Stop'\n");
    let refusal = "Write-Output 'This ran in 32-bit PowerShell, which sees another view of SOFTWARE.'";
    text.push_str(&format!("if ({IS_WRONG_HOST}) {{\n    {refusal}\n    exit 1\n}}\n"));
    text
}

const DETECTED: &str = r#"
if ($missing -gt 0) {
    Write-Output "$missing changes are to be made."
    exit 1
}
Write-Output 'Nothing is to be changed.'
exit 0
"#;

const CONFIRM: &str = r"
$script:changes = 0
function Confirm-Change($Root, $Path, $Action) { return $true }
";

const DONE: &str = r#"} catch {
    Write-Output "Failed after $script:changes changes: $($_.Exception.Message)"
    exit 1
}
Write-Output "$script:changes changes were made. Restart Windows for them to take effect everywhere."
exit 0
"#;
