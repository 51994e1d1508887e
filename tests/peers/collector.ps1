# Runs the collector over the registry of each machine in a folder: collector.ps1 FOLDER. registry.json there is its registry;
# what the script leaves goes to the folder out. Prints "ok NAME" or "FAIL NAME: why" for each check.
param($Folder)
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'registry.ps1')

# A machine's registry, the script for it, and a new folder for what it leaves.
function Start-Case($Name, $Out) {
    Set-State (Join-Path $Folder "$Name/registry.json")
    return (Join-Path $Folder "$Name/collect.ps1"), (New-Item -ItemType Directory (Join-Path $Folder $Out)).FullName
}

foreach ($case in Get-ChildItem $Folder -Directory | Sort-Object Name) {
    $name = 'collector ' + $case.Name
    $script, $out = Start-Case $case.Name "$($case.Name)/out"
    $before = Get-State -Whole
    $ran = Start-Script $script @{ OutputFolder = $out }
    Test-That "${name}: it runs ($($ran.Said))" 0 $ran.Status
    Test-That "${name}: it leaves one file" "$([Environment]::MachineName).reg" "$((Get-ChildItem $out).Name)"
    Test-That "${name}: it changes nothing" $before (Get-State -Whole)
}

$script, $out = Start-Case 'compliant' 'passed'
$ran = Start-Script $script @{ OutputFolder = $out; WhatIf = $true }
Test-That 'collector: -WhatIf leaves nothing' 0 @(Get-ChildItem $out).Count
$ran = Start-Script $script @{ PassThru = $true; OutputFolder = "$out/none" }
Test-That "collector: a folder that is not there is named ($($ran.Said))" $true ($ran.Status -eq 1 -and $ran.Said -match 'none')
$ran = Start-Script $script @{} 'ConstrainedLanguage'
Test-That "collector: constrained language is named ($($ran.Said))" $true ($ran.Status -eq 1 -and $ran.Said -match 'ConstrainedLanguage')
Test-That 'collector: nothing is left' 0 @(Get-ChildItem $out -Recurse).Count
$ran = Start-Script $script @{ PassThru = $true }
Test-That 'collector: -PassThru leaves no file' 0 @(Get-ChildItem $out).Count
$passed = @($ran.Output)[0]
[IO.File]::WriteAllText((Join-Path $out $passed.Name), $passed.Text, [Text.Encoding]::Unicode)

# Somebody may not read a key, and another is listed and does not open.
$script, $out = Start-Case 'compliant' 'denied'
$protocol = 'HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2'
[Memory.RegistryKey]::Root.Find("$protocol\Server", $false).Denied = $true
[Memory.RegistryKey]::Root.Find('HKEY_LOCAL_MACHINE\SOFTWARE\Wine', $true).Gone = $true
$null = Start-Script $script @{ OutputFolder = $out }
$text = Get-Content -Raw (Get-ChildItem $out).FullName
Test-That 'collector: a key that does not open is not said to be absent' $true ($text -match ';tlshive: unreadable "it is listed[^"]*" \[HKEY_LOCAL_MACHINE\\SOFTWARE\\Wine\]')
