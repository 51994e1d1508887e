# What is wanted, by path, and by path and name. A value that is to go has nothing as Want.
function Add-WantedKey($Path) {
    for ($at = $Path; $at.IndexOf('\') -gt 0; $at = $at.Substring(0, $at.LastIndexOf('\'))) { $script:keys[$at] = $true }
}

function Add-Value($Path, $Name, $Want) {
    $script:values[$Path + "`0" + $Name] = @{ Path = $Path; Name = $Name; Want = $Want }
}

function Add-WantedValue($Path, $Name, $Kind, $Data) {
    Add-WantedKey $Path
    Add-Value $Path $Name @{ Kind = [Microsoft.Win32.RegistryValueKind]$Kind; Data = $Data }
}

function Add-UnwantedValue($Path, $Name) {
    Add-Value $Path $Name $null
}

function Add-EmptiedKey($Path) {
    foreach ($value in $script:values.Values) { if (Test-Text $value.Path $Path) { $value.Want = $null } }
    foreach ($name in @(Get-Name $Path $false)) { Add-UnwantedValue $Path $name }
}

function Add-UnwantedKey($Path) {
    foreach ($key in @($script:keys.Keys)) { if (Test-Below $key $Path) { $script:keys[$key] = $false } }
    foreach ($value in $script:values.Values) {
        if ((Test-Text $value.Path $Path) -or (Test-Below $value.Path $Path)) { $value.Want = $null }
    }
    $open = New-Object 'System.Collections.Generic.Stack[string]'
    $open.Push($Path)
    while ($open.Count -gt 0) {
        $at = $open.Pop()
        $script:keys[$at] = $false
        foreach ($name in @(Get-Name $at $false)) { Add-UnwantedValue $at $name }
        foreach ($name in @(Get-Name $at $true)) { $open.Push($at + '\' + $name) }
    }
}

function Test-Unwanted($Path) {
    return $script:keys.ContainsKey($Path) -and -not $script:keys[$Path]
}

# What differs from what is wanted: what goes first, then what comes.
function Get-Change {
    foreach ($path in @($script:keys.Keys)) {
        $above = $path.Substring(0, $path.LastIndexOf('\'))
        if ((Test-Unwanted $path) -and -not (Test-Unwanted $above) -and (Test-Key $path)) {
            @{ Does = 'Delete the key'; Path = $path; Name = $null; Want = $null }
        }
    }
    foreach ($value in $script:values.Values) {
        if ($null -eq $value.Want -and -not (Test-Unwanted $value.Path) -and $null -ne (Read-Value $value.Path $value.Name)) {
            @{ Does = 'Delete'; Path = $value.Path; Name = $value.Name; Want = $null }
        }
    }
    foreach ($path in @($script:keys.Keys)) {
        if ($script:keys[$path] -and -not (Test-Key $path)) {
            @{ Does = 'Create the key'; Path = $path; Name = $null; Want = $null }
        }
    }
    foreach ($value in $script:values.Values) {
        if ($null -ne $value.Want -and -not (Test-Same (Read-Value $value.Path $value.Name) $value.Want)) {
            @{ Does = 'Set'; Path = $value.Path; Name = $value.Name; Want = $value.Want }
        }
    }
}

function Get-Title($Change) {
    if ($null -eq $Change.Name) { return $Change.Does + ' ' + $Change.Path }
    $name = $Change.Name
    if ($name -eq '') { $name = 'the default value' }
    return $Change.Does + ' ' + $name + ' in ' + $Change.Path
}
