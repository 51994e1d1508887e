# A registry in memory (powershell.cs) for powershell.ps1 and ansible.ps1, and how a check is reported.
Add-Type -Path (Join-Path $PSScriptRoot 'powershell.cs') -IgnoreWarnings -WarningAction SilentlyContinue

function Set-State($File) {
    [Memory.RegistryKey]::Root = [Memory.Node]::new()
    [Memory.RegistryKey]::Writes = 0
    [Memory.RegistryKey]::Allowed = -1
    $null = [Memory.RegistryKey]::Root.Find('HKEY_LOCAL_MACHINE\SOFTWARE', $true)
    foreach ($key in (Get-Content -Raw $File | ConvertFrom-Json -AsHashtable).GetEnumerator()) {
        $node = [Memory.RegistryKey]::Root.Find($key.Key, $true)
        foreach ($value in $key.Value) {
            $node.Values[$value[0]] = [Memory.Datum]@{ Type = $value[1]; Bytes = [Convert]::FromHexString($value[2]) }
        }
    }
}

# The registry as text; the record of scripts, and keys without values, as asked.
function Get-State([switch]$Whole) {
    $lines = [Collections.Generic.List[string]]::new()
    [Memory.RegistryKey]::Root.List('', $lines)
    if ($Whole) { return $lines -join "`n" }
    return ($lines | Where-Object { $_.Contains('|') -and $_ -notmatch '^\\HKEY_LOCAL_MACHINE\\SOFTWARE\\TLSHIVE\\' }) -join "`n"
}

function Test-That($Name, $Wanted, $Found) {
    if ($Wanted -ceq $Found) { "ok $Name"; return }
    $differ = Compare-Object @("$Wanted" -split "`n") @("$Found" -split "`n") | Select-Object -First 3
    "FAIL ${Name}: $(($differ | ForEach-Object { $_.SideIndicator + ' ' + $_.InputObject }) -join ' ')"
}
