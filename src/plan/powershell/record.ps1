# The record: what was there before, a key each. An entry without State was not finished, and nothing rests on it.
function Read-Record {
    foreach ($number in @(Get-Name $script:record $true)) {
        $script:number = [Math]::Max($script:number, [int]$number)
        $at = $script:record + '\' + $number
        $state = Read-Value $at 'State'
        if ($null -eq $state) { continue }
        $name = Read-Value $at 'Name'
        $entry = @{ Path = (Read-Value $at 'Key').Data; Name = $null; State = $state.Data; Was = (Read-Value $at 'Data') }
        if ($null -ne $name) { $entry.Name = $name.Data }
        Add-Entry $entry
    }
}

function Add-Entry($Entry) {
    $id = $Entry.Path
    if ($null -ne $Entry.Name) { $id += "`0" + $Entry.Name }
    $script:entries[$id] = $Entry
}

function Save-State($Path, $Name) {
    $id = $Path
    if ($null -ne $Name) { $id += "`0" + $Name }
    if ($script:entries.ContainsKey($id)) { return }
    $was = $null
    $there = $false
    if ($null -eq $Name) { $there = Test-Key $Path } else { $was = Read-Value $Path $Name; $there = $null -ne $was }
    $state = 'Absent'
    if ($there) { $state = 'Present' }
    if (-not (Test-Readable $was)) { $state = 'Unreadable'; $was = $null }
    $text = [Microsoft.Win32.RegistryValueKind]::String
    if ($script:number -eq 0) {
        $key = Open-Key $script:record $true
        try {
            $key.SetValue('Plan', $script:plan, $text)
            $key.SetValue('Written', [DateTime]::UtcNow.ToString('s') + 'Z', $text)
        } finally { $key.Dispose() }
    }
    $script:number++
    $key = Open-Key ($script:record + '\' + $script:number.ToString('d5')) $true
    try {
        $key.SetValue('Key', $Path, $text)
        if ($null -ne $Name) { $key.SetValue('Name', $Name, $text) }
        if ($null -ne $was) { $key.SetValue('Data', $was.Data, $was.Kind) }
        $key.SetValue('State', $state, $text)
    } finally { $key.Dispose() }
    Add-Entry @{ Path = $Path; Name = $Name; State = $state; Was = $was }
}

function Save-Tree($Path) {
    Save-State $Path $null
    foreach ($name in @(Get-Name $Path $false)) { Save-State $Path $name }
    foreach ($name in @(Get-Name $Path $true)) { Save-Tree ($Path + '\' + $name) }
}

function Save-Change($Change) {
    if ($Change.Does -eq 'Delete the key') {
        Save-Tree $Change.Path
        return
    }
    $above = $Change.Path
    while ($above.IndexOf('\') -gt 0 -and -not (Test-Key $above)) {
        Save-State $above $null
        $above = $above.Substring(0, $above.LastIndexOf('\'))
    }
    if ($null -ne $Change.Name) { Save-State $Change.Path $Change.Name }
}

# Values that could not be put back, since .NET does not know their types.
function Get-Unreadable($Path, $Name) {
    if ($null -ne $Name) {
        if (-not (Test-Readable (Read-Value $Path $Name))) { $Path + '\' + $Name }
        return
    }
    foreach ($there in @(Get-Name $Path $false)) { Get-Unreadable $Path $there }
    foreach ($there in @(Get-Name $Path $true)) { Get-Unreadable ($Path + '\' + $there) $null }
}

function Clear-Tree($Path) {
    $cut = $Path.LastIndexOf('\')
    $key = Open-Key $Path.Substring(0, $cut) $true
    try { $key.DeleteSubKeyTree($Path.Substring($cut + 1), $false) } finally { $key.Dispose() }
}

function Write-Value($Path, $Name, $Value) {
    $key = Open-Key $Path $true
    try {
        if ($null -eq $Value) { $key.DeleteValue($Name, $false) } else { $key.SetValue($Name, $Value.Data, $Value.Kind) }
    } finally { $key.Dispose() }
}

# Makes the changes, after what they change is in the record.
function Invoke-Change($Changes, $Force) {
    $lost = @(foreach ($change in $Changes) {
        if ($null -ne $change.Name -or $change.Does -eq 'Delete the key') { Get-Unreadable $change.Path $change.Name }
    })
    if ($lost.Count -gt 0 -and -not $Force) {
        throw 'Nothing was changed. .NET does not know the type of these values, so they could not be put back: ' + ($lost -join '; ')
    }
    Read-Record
    foreach ($change in $Changes) { Save-Change $change }
    foreach ($change in $Changes) {
        switch ($change.Does) {
            'Delete the key' { Clear-Tree $change.Path }
            'Create the key' { (Open-Key $change.Path $true).Dispose() }
            default { Write-Value $change.Path $change.Name $change.Want }
        }
        $script:changes++
    }
}
