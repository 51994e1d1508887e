# A registry in memory (powershell.cs) for powershell.ps1, collector.ps1 and ansible.ps1, how a script is run over it, and how a
# check is reported.
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

# Runs a script; its status, and all that it says. A script that throws ends with 1, as powershell -File does.
function Start-Script($File, [hashtable]$With = @{}, $Mode = 'FullLanguage') {
    $text = (Get-Content -Raw $File).Replace('[Microsoft.Win32.RegistryKey]', '[Memory.RegistryKey]')
    # A session here has no administrator, and is not to end with the script.
    $text = $text -replace '(?m)^#Requires.*$', '' -replace '(?m)^( *)exit (\d)', '$1$global:status = $2; return'
    $shell = [PowerShell]::Create([Management.Automation.Runspaces.InitialSessionState]::CreateDefault2())
    try {
        $null = $shell.AddScript('$global:status = 0').Invoke()
        $shell.Commands.Clear()
        $shell.Runspace.SessionStateProxy.LanguageMode = $Mode
        $null = $shell.AddScript($text).AddParameters($With)
        $threw = $false
        $output = $null
        $said = try { ($output = $shell.Invoke()) } catch { $threw = $true; $_.Exception.InnerException.Message }
        $said = @($said) + $shell.Streams.Error + $shell.Streams.Warning
        $shell.Runspace.SessionStateProxy.LanguageMode = 'FullLanguage'
        $status = $shell.Runspace.SessionStateProxy.GetVariable('status')
        return @{ Status = if ($threw) { 1 } else { $status }; Said = $said -join "`n"; Output = $output }
    } finally { $shell.Dispose() }
}
