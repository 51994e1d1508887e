function Open-Key($Path, $Writable) {
    $cut = $Path.IndexOf('\')
    $root = $Path.Substring(0, $cut)
    if (-not $script:roots.ContainsKey($root)) {
        $hive = switch ($root) {
            'HKEY_LOCAL_MACHINE' { [Microsoft.Win32.RegistryHive]::LocalMachine }
            'HKEY_USERS' { [Microsoft.Win32.RegistryHive]::Users }
            'HKEY_CLASSES_ROOT' { [Microsoft.Win32.RegistryHive]::ClassesRoot }
            'HKEY_CURRENT_USER' { [Microsoft.Win32.RegistryHive]::CurrentUser }
            'HKEY_CURRENT_CONFIG' { [Microsoft.Win32.RegistryHive]::CurrentConfig }
        }
        # The 64-bit view, whichever PowerShell runs this.
        $script:roots[$root] = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hive, [Microsoft.Win32.RegistryView]::Registry64)
    }
    if ($Writable) { return $script:roots[$root].CreateSubKey($Path.Substring($cut + 1)) }
    return $script:roots[$root].OpenSubKey($Path.Substring($cut + 1))
}

function Test-Key($Path) {
    $key = Open-Key $Path $false
    if ($null -eq $key) { return $false }
    $key.Dispose()
    return $true
}

function Test-Text($One, $Other) {
    return [string]::Equals($One, $Other, [StringComparison]::OrdinalIgnoreCase)
}

function Test-Below($Path, $Top) {
    return $Path.StartsWith($Top + '\', [StringComparison]::OrdinalIgnoreCase)
}

# The names in a key: of its values, or of the keys right below it.
function Get-Name($Path, $Below) {
    $key = Open-Key $Path $false
    if ($null -eq $key) { return }
    try { if ($Below) { $key.GetSubKeyNames() } else { $key.GetValueNames() } } finally { $key.Dispose() }
}

# A value by its name, not by its data: .NET has no data for the types that it does not know.
function Read-Value($Path, $Name) {
    $key = Open-Key $Path $false
    if ($null -eq $key) { return $null }
    try {
        foreach ($there in $key.GetValueNames()) {
            if (Test-Text $there $Name) {
                $options = [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames
                return @{ Kind = $key.GetValueKind($there); Data = $key.GetValue($there, $null, $options) }
            }
        }
        return $null
    } finally { $key.Dispose() }
}

# Whether two values are the same; nothing stands for a value that is not there.
function Test-Same($One, $Other) {
    if ($null -eq $One -or $null -eq $Other) { return ($null -eq $One) -and ($null -eq $Other) }
    if ($One.Kind -ne $Other.Kind -or $null -eq $One.Data -or $null -eq $Other.Data) { return $false }
    if ($One.Data -isnot [array]) { return [object]::Equals($One.Data, $Other.Data) }
    if ($Other.Data -isnot [array] -or $One.Data.Length -ne $Other.Data.Length) { return $false }
    for ($i = 0; $i -lt $One.Data.Length; $i++) {
        if (-not [object]::Equals($One.Data[$i], $Other.Data[$i])) { return $false }
    }
    return $true
}

# Whether .NET can read a value, and so put it back.
function Test-Readable($Value) {
    return $null -eq $Value -or ($null -ne $Value.Data -and $Value.Kind -ne [Microsoft.Win32.RegistryValueKind]::Unknown)
}
