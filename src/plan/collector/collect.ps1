Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$script:lines = New-Object 'System.Collections.Generic.List[string]'
$script:names = New-Object 'System.Collections.Generic.Dictionary[string,object]' ([StringComparer]::OrdinalIgnoreCase)
$script:set = 'CurrentControlSet'
$script:root = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)

# Nothing where a key does not open, which does not say that it is not there.
function Open-Key($Path) {
    $cut = $Path.IndexOf('\')
    if ($cut -lt 0) { return $script:root }
    return $script:root.OpenSubKey($Path.Substring($cut + 1))
}

function Close-Key($Key) {
    if ($null -ne $Key -and -not [object]::ReferenceEquals($Key, $script:root)) { $Key.Dispose() }
}

# A text in quotes, as in a line of a .reg file.
function Get-Quoted($Text) {
    return '"' + $Text.Replace('\', '\\').Replace('"', '\"').Replace("`r", '\r').Replace("`n", '\n') + '"'
}

function Get-Reason($Problem) {
    $text = ($Problem.Exception.Message -replace '[\x00-\x1f]+', ' ').Trim()
    if ($text.Length -gt 200) { $text = $text.Substring(0, 200) }
    return $text
}

function Test-Name($Name, $Known) {
    foreach ($one in $Known) { if ([string]::Equals($Name, $one, [StringComparison]::OrdinalIgnoreCase)) { return $true } }
    return $false
}

# What is said of a key, in a comment.
function Add-Statement($Verb, $Names, $Path) {
    $quoted = @(foreach ($name in $Names) { Get-Quoted $name }) -join ','
    if ($quoted) { $quoted = ' ' + $quoted }
    $script:lines.Add(";tlshive: $Verb$quoted [$Path]")
}

function Get-KeyName($Path) {
    if (-not $script:names.ContainsKey($Path)) {
        $key = Open-Key $Path
        if ($null -eq $key) { return $null }
        try { $script:names[$Path] = $key.GetSubKeyNames() } finally { Close-Key $key }
    }
    return , $script:names[$Path]
}

# A key that does not open is known not to be there by the list of the lowest key above it that does.
function Add-Absent($Path) {
    try {
        $parts = $Path.Split('\')
        for ($n = $parts.Length - 1; $n -ge 1; $n--) {
            $listed = Get-KeyName ($parts[0..($n - 1)] -join '\')
            if ($null -eq $listed) { continue }
            if (Test-Name $parts[$n] $listed) { Add-Statement 'unreadable' @('it is listed, and does not open') $Path }
            else { Add-Statement 'absent' @() $Path }
            return
        }
        Add-Statement 'unreadable' @('no key above it opens') $Path
    } catch { Add-Statement 'unreadable' @(Get-Reason $_) $Path }
}

# Bytes, with the value's name in front, wrapped as regedit does.
function Add-Hex($Name, $Kind, $Bytes) {
    $line = "$Name=hex${Kind}:"
    for ($i = 0; $i -lt $Bytes.Length; $i++) {
        $line += '{0:x2}' -f $Bytes[$i]
        if ($i -lt $Bytes.Length - 1) {
            $line += ','
            if ($line.Length -ge 77) {
                $script:lines.Add($line + '\')
                $line = '  '
            }
        }
    }
    $script:lines.Add($line)
}

function Add-Value($Key, $Path, $Name) {
    if ($Name.Contains("`0")) { throw 'a value has a NUL in its name' }
    try {
        $kind = [string]$Key.GetValueKind($Name)
        $data = $Key.GetValue($Name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
    } catch {
        Add-Statement 'unreadable-value' @($Name, (Get-Reason $_)) $Path
        return
    }
    $known = 'None', 'String', 'ExpandString', 'Binary', 'DWord', 'MultiString', 'QWord'
    if ($null -eq $data -or $known -notcontains $kind) {
        Add-Statement 'unreadable-value' @($Name, 'its type is one that .NET does not know') $Path
        return
    }
    $quoted = if ($Name -eq '') { '@' } else { Get-Quoted $Name }
    if ($kind -eq 'DWord' -and $data -is [int]) {
        $script:lines.Add($quoted + '=dword:' + ('{0:x8}' -f $data))
        return
    }
    if ($kind -eq 'String' -and $data -notmatch '[\x00-\x1f]') {
        $script:lines.Add($quoted + '=' + (Get-Quoted $data))
        return
    }
    $type = @{ None = '(0)'; String = '(1)'; ExpandString = '(2)'; Binary = ''; DWord = '(4)'; MultiString = '(7)'; QWord = '(b)' }[$kind]
    if ($data -is [string]) { $data = [Text.Encoding]::Unicode.GetBytes($data + "`0") }
    elseif ($kind -eq 'MultiString') { $data = [Text.Encoding]::Unicode.GetBytes((@($data | ForEach-Object { $_ + "`0" }) -join '') + "`0") }
    elseif ($data -is [int] -or $data -is [long]) { $data = [BitConverter]::GetBytes($data) }
    Add-Hex $quoted $type $data
}

# A key with all its values, or those of the names that are asked for.
function Add-Key($Key, $Path, $Names) {
    $script:lines.Add("[$Path]")
    foreach ($there in $Key.GetValueNames()) {
        if ($null -eq $Names -or (Test-Name $there $Names)) { Add-Value $Key $Path $there }
    }
}

# The keys right below one; each with all its values and keys, or with the values that are asked for.
function Add-Below($Key, $Path, $Names, $Texts) {
    foreach ($name in $Key.GetSubKeyNames()) {
        if ($name -match '[\x00-\x1f]') { throw 'a key has a character in its name that no line can hold' }
        if ($null -ne $Texts) {
            $asked = @(foreach ($text in $Texts) { if ($name.IndexOf($text, [StringComparison]::OrdinalIgnoreCase) -ge 0) { $text } })
            if ($asked.Count -eq 0) { continue }
        }
        $below = "$Path\$name"
        try {
            $child = $Key.OpenSubKey($name)
            if ($null -eq $child) { throw 'it is listed, and does not open' }
            try {
                Add-Key $child $below $Names
                if ($null -eq $Names) { Add-Below $child $below $null $null }
            } finally { Close-Key $child }
        } catch {
            $script:lines.Add("[$below]")
            Add-Statement 'unreadable' @(Get-Reason $_) $below
        }
    }
}

function Test-AnyKey($Paths) {
    foreach ($path in $Paths) {
        try {
            $key = Open-Key $path.Replace('\CurrentControlSet\', "\$script:set\")
            if ($null -ne $key) {
                Close-Key $key
                return $true
            }
        } catch { return $true }
    }
    return $false
}

function Confirm-Reading {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSShouldProcess', '', Justification = 'The cmdlet of the script asks.')]
    param($Target, $Action)
    return $PSCmdlet.ShouldProcess($Target, $Action)
}

# Reads a part of a key: Existence; Values, all; Only, those of these names; Tree, with all below; Entries, these values of the
# keys right below it, where one of the other keys is there; EntriesWith, those of them that have one of the other texts in their
# names.
function Read-Part($Path, $Part, $Names, $Others) {
    $Path = $Path.Replace('HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet', "HKEY_LOCAL_MACHINE\SYSTEM\$script:set")
    $what = switch ($Part) {
        'Existence' { 'Look whether it is there' }
        'Values' { 'Read all values' }
        'Only' { 'Read ' + ($Names -join ', ') }
        'Tree' { 'Read all values and keys below' }
        'Entries' { 'Read of each key below, where a service of the product is there, ' + ($Names -join ', ') }
        'EntriesWith' { 'Read of each key below with ' + ($Others -join ', ') + ' in its name ' + ($Names -join ', ') }
    }
    if (-not (Confirm-Reading $Path $what)) { return }
    if ($Part -eq 'Entries' -and -not (Test-AnyKey $Others)) { return }
    $script:lines.Add('')
    $key = $null
    try {
        $key = Open-Key $Path
        if ($null -eq $key) {
            Add-Absent $Path
            return
        }
        switch ($Part) {
            'Existence' { $script:lines.Add("[$Path]") }
            'Values' {
                Add-Statement 'values' @() $Path
                Add-Key $key $Path $null
            }
            'Only' {
                Add-Statement 'only' $Names $Path
                Add-Key $key $Path $Names
            }
            'Tree' {
                Add-Statement 'tree' @() $Path
                Add-Key $key $Path $null
                Add-Below $key $Path $null $null
            }
            'Entries' {
                Add-Statement 'entries' $Names $Path
                $script:lines.Add("[$Path]")
                Add-Below $key $Path $Names $null
            }
            'EntriesWith' {
                $script:lines.Add("[$Path]")
                Add-Below $key $Path $Names $Others
            }
        }
    } catch { Add-Statement 'unreadable' @(Get-Reason $_) $Path }
    finally { Close-Key $key }
}

# The control set in use by its own name, as the files of the registry have it.
function Find-ControlSet {
    try {
        $key = Open-Key 'HKEY_LOCAL_MACHINE\SYSTEM\Select'
        if ($null -eq $key) { return }
        try { $number = $key.GetValue('Current') } finally { Close-Key $key }
        if ($number -isnot [int] -or $number -lt 1) { return }
        $name = 'ControlSet{0:d3}' -f $number
        $key = Open-Key "HKEY_LOCAL_MACHINE\SYSTEM\$name"
        if ($null -eq $key) { return }
        Close-Key $key
        $script:set = $name
    } catch { Write-Verbose "The control set in use is read by the name CurrentControlSet: $(Get-Reason $_)" }
}

function Get-Time($Time) {
    return $Time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [Globalization.CultureInfo]::InvariantCulture)
}

function Get-LastStart {
    try { return Get-Time (Get-CimInstance Win32_OperatingSystem -Property LastBootUpTime).LastBootUpTime } catch { return 'unknown' }
}

# What is above, so that a reader sees whether something is missing.
function Add-End($From) {
    $keys = 0
    $values = 0
    $sum = [long]0
    for ($i = $From; $i -lt $script:lines.Count; $i++) {
        $line = $script:lines[$i]
        if ($line.StartsWith('[')) { $keys++ } elseif ($line.StartsWith('"') -or $line.StartsWith('@')) { $values++ }
        foreach ($unit in $line.ToCharArray()) { $sum = ($sum * 31 + [int]$unit) % 2147483647 }
        $sum = ($sum * 31 + 10) % 2147483647
    }
    $script:lines.Add(";tlshive: end lines $($script:lines.Count) keys $keys values $values sum $sum")
}

function Save-Text($Text, $File) {
    # Unit by unit: an encoder would change what is no whole character.
    $units = $Text.ToCharArray()
    $bytes = New-Object 'byte[]' ($units.Length * 2)
    [Buffer]::BlockCopy($units, 0, $bytes, 0, $bytes.Length)
    $part = "$File.$PID.part"
    try {
        $stream = [IO.File]::Create($part)
        try {
            $stream.Write([byte[]](0xff, 0xfe), 0, 2)
            $stream.Write($bytes, 0, $bytes.Length)
        } finally { $stream.Dispose() }
        Move-Item -LiteralPath $part -Destination $File -Force -Confirm:$false
    } finally { if ([IO.File]::Exists($part)) { [IO.File]::Delete($part) } }
}

function Start-Collection {
    Find-ControlSet
    $script:lines.Add('Windows Registry Editor Version 5.00')
    $script:lines.Add('')
    $script:lines.Add(';tlshive: collector 1')
    $script:lines.Add(';tlshive: host ' + (Get-Quoted ([Environment]::MachineName)))
    $script:lines.Add(';tlshive: time ' + (Get-Time ([DateTime]::UtcNow)))
    $script:lines.Add(';tlshive: started ' + (Get-LastStart))
    $script:lines.Add(';tlshive: view ' + $(if ([Environment]::Is64BitOperatingSystem) { '64' } else { '32' }))
}
