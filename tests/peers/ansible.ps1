# ansible.ps1 FOLDER MODULE: Ansible's win_regedit.ps1, its own text, carries out the tasks of each case in FOLDER (tasks.json)
# over a registry in memory. Put in the place of what is not there: .NET's registry, and Ansible's own AnsibleModule.
# Prints "ok NAME" or "FAIL NAME: why" for each check.
param($Folder, $Module)
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'registry.ps1')

Add-Type @'
using System.Collections;

public sealed class StandIn
{
    public Hashtable Params, Result = new() { ["changed"] = false }, Diff = new();
    public bool CheckMode;

    public void Warn(string text) => throw new System.InvalidOperationException("a warning: " + text);
    public void FailJson(string text) => throw new System.InvalidOperationException(text);
    public void FailJson(string text, object error) => throw new System.InvalidOperationException(text);
    public void ExitJson() { }
}
'@

$text = (Get-Content -Raw $Module).Replace('[Microsoft.Win32.RegistryKey]', '[Memory.RegistryKey]')
$text = $text -replace '\[Microsoft\.Win32\.Registry\]::"\$registry_hive"',
    '[Memory.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::$registry_hive, "Registry64")'
$text = $text -replace '\[Ansible\.Basic\.AnsibleModule\]::Create\(\$args, \$spec\)', '$args[0]' -replace '(?m)^#(Requires|AnsibleRequires).*$', ''
$module = [scriptblock]::Create($text)

# Carries out all tasks; how many changed something.
function Start-Task($Tasks, [switch]$Check) {
    $changed = 0
    foreach ($task in $Tasks) {
        $options = @{ path = $null; name = $null; data = $null; type = 'string'; state = 'present'; delete_key = $true; hive = $null }
        foreach ($option in $task.GetEnumerator()) { $options[$option.Key] = $option.Value }
        $run = [StandIn]@{ Params = $options; CheckMode = $Check }
        $null = & $module $run
        if ($run.Result.changed) { $changed++ }
    }
    $changed
}

foreach ($case in Get-ChildItem $Folder -Directory | Sort-Object Name) {
    $file = Join-Path $case 'tasks.json'
    if (-not (Test-Path $file)) { continue }
    $name = 'ansible ' + $case.Name
    $tasks = @(Get-Content -Raw $file | ConvertFrom-Json -AsHashtable)
    Set-State (Join-Path $case 'after.json')
    $after = Get-State
    Set-State (Join-Path $case 'before.json')
    $whole = Get-State -Whole
    try {
        $told = Start-Task $tasks -Check
        Test-That "${name}: check mode changes nothing" $whole (Get-State -Whole)
        $changed = Start-Task $tasks
        Test-That "${name}: what the tasks leave" $after (Get-State)
        Test-That "${name}: check mode tells of a change" ($changed -gt 0) ($told -gt 0)
        Test-That "${name}: a second run changes nothing" 0 (Start-Task $tasks)
    } catch {
        "FAIL ${name}: $($_.Exception.Message) $($_.InvocationInfo.PositionMessage -replace '\s+', ' ')"
    }
}
