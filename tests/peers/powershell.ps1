# powershell.ps1 FOLDER: runs generated scripts over a registry in memory. Each folder in FOLDER is a case: before.json and
# after.json (a key's path to a list of values: name, type, data in hex), plan.ps1, detect.ps1 and remediate.ps1 of one plan.
# Prints "ok NAME" or "FAIL NAME: why" for each check.
param($Folder)
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'registry.ps1')

foreach ($case in Get-ChildItem $Folder -Directory | Sort-Object Name) {
    $name = 'powershell ' + $case.Name
    $before = Join-Path $case 'before.json'
    $plan = Join-Path $case 'plan.ps1'
    $detect = Join-Path $case 'detect.ps1'
    $remediate = Join-Path $case 'remediate.ps1'
    Set-State (Join-Path $case 'after.json')
    $after = Get-State
    Set-State $before
    $whole = Get-State -Whole
    $changes = (Get-State) -cne $after

    $null = Start-Script $plan @{ WhatIf = $true }
    Test-That "${name}: -WhatIf changes nothing" $whole (Get-State -Whole)
    $ran = Start-Script $plan @{ Undo = $true }
    Test-That "${name}: -Undo without a record changes nothing" $whole (Get-State -Whole)
    if ($ran.Said -notmatch 'no record') { "FAIL ${name}: -Undo without a record says so: $($ran.Said)" }
    $ran = Start-Script $plan
    Test-That "${name}: what the script leaves ($($ran.Said))" $after (Get-State)
    $writes = [Memory.RegistryKey]::Writes
    $once = Get-State -Whole
    $null = Start-Script $plan
    Test-That "${name}: a second run writes nothing" $writes ([Memory.RegistryKey]::Writes)
    $null = Start-Script $plan @{ Undo = $true; WhatIf = $true }
    Test-That "${name}: -Undo -WhatIf changes nothing" $once (Get-State -Whole)
    $null = Start-Script $plan @{ Undo = $true }
    Test-That "${name}: -Undo brings back what was there" $whole (Get-State -Whole)

    # A write is refused on the way: what was done can be taken back, also after a second try.
    foreach ($part in 0.2, 0.5, 0.9) {
        if ($writes -eq 0) { break }
        foreach ($again in $false, $true) {
            Set-State $before
            [Memory.RegistryKey]::Allowed = [int][Math]::Floor($writes * $part)
            $ran = Start-Script $plan
            if ($ran.Status -ne 1) { "FAIL ${name}: a refused write is an error: $($ran.Status)" }
            [Memory.RegistryKey]::Allowed = -1
            if ($again) { $null = Start-Script $plan }
            $null = Start-Script $plan @{ Undo = $true }
            Test-That "${name}: -Undo after a refused write ($part, $again)" $whole (Get-State -Whole)
        }
    }

    # Somebody changes a value afterwards: it is named and left, unless -Force.
    if ($changes) {
        Set-State $before
        $null = Start-Script $plan
        $keys = @((Get-State) -split "`n" | ForEach-Object { $_.Split('|')[0].TrimStart('\') } | Select-Object -Unique)
        foreach ($key in $keys) {
            foreach ($value in [Memory.RegistryKey]::Root.Find($key, $false).Values.Values) { $value.Type = 4; $value.Bytes = 77, 0, 0, 0 }
        }
        $ran = Start-Script $plan @{ Undo = $true }
        $left = @((Get-State) -split "`n" | Where-Object { $_ -match '4D000000$' }).Count
        if ($keys.Count -gt 0) { Test-That "${name}: what somebody changed stays" $true ($left -gt 0 -or $keys.Count -eq 0) }
        $null = Start-Script $plan @{ Undo = $true; Force = $true }
    }

    Set-State $before
    $ran = Start-Script $detect
    Test-That "${name}: detect.ps1 ($($ran.Said))" ([int]$changes) ([int]$ran.Status)
    Test-That "${name}: detect.ps1 writes nothing" 0 ([Memory.RegistryKey]::Writes)
    Test-That "${name}: detect.ps1 is brief" $true ($ran.Said.Length -le 2048)
    $ran = Start-Script $remediate
    Test-That "${name}: remediate.ps1 ($($ran.Said))" "0$after" "$($ran.Status)$(Get-State)"
    Test-That "${name}: detect.ps1 afterwards" 0 ([int](Start-Script $detect).Status)
    $null = Start-Script $plan @{ Undo = $true }
    Test-That "${name}: plan.ps1 -Undo takes back remediate.ps1" $whole (Get-State -Whole)

    Set-State $before
    foreach ($file in $plan, $detect, $remediate) {
        $ran = Start-Script $file @{} 'ConstrainedLanguage'
        $fine = $ran.Said -match 'ConstrainedLanguage' -and (Get-State -Whole) -ceq $whole
        $fine = $fine -and $ran.Status -eq $(if ($file -eq $detect) { 2 } else { 1 })
        Test-That "${name}: $(Split-Path -Leaf $file) in constrained language ($($ran.Said))" $true $fine
    }
}

# Values of types that .NET does not know are named before anything is changed, and the script ends.
$case = Get-ChildItem $Folder -Directory | Where-Object Name -EQ 'unknown-type'
if ($case) {
    $plan = Join-Path $case 'plan.ps1'
    Set-State (Join-Path $case 'odd.json')
    $whole = Get-State -Whole
    $ran = Start-Script $plan
    Test-That 'powershell: an unknown type is named' $true ($ran.Status -eq 1 -and $ran.Said -match 'Enabled')
    Test-That 'powershell: an unknown type is left' $whole (Get-State -Whole)
    $ran = Start-Script (Join-Path $case 'detect.ps1')
    Test-That 'powershell: a value of an unknown type is there' 1 ([int]$ran.Status)
    $null = Start-Script $plan @{ Force = $true }
    $forced = Get-State
    Set-State (Join-Path $case 'after.json')
    Test-That 'powershell: -Force changes it' (Get-State) $forced
}
