# What the plan leaves in a value.
function Get-Wanted($Entry) {
    $id = $Entry.Path + "`0" + $Entry.Name
    if ($script:values.ContainsKey($id)) { return $script:values[$id].Want }
    return $null
}

function Clear-Key($Path) {
    if ((Test-Key $Path) -and @(Get-Name $Path $false).Count -eq 0 -and @(Get-Name $Path $true).Count -eq 0) { Clear-Tree $Path }
}

# Puts back what the record has. What somebody has changed since is left.
function Restore-Record($Force) {
    Read-Record
    if ($script:entries.Count -eq 0) {
        Write-Warning ('There is no record of this plan in ' + $script:record + ': nothing is put back.')
        # One that was begun, before anything was changed.
        if ((Test-Key $script:record) -and (Confirm-Change $script:record 'Delete the record')) { Clear-Record }
        return
    }
    $left = 0
    foreach ($entry in $script:entries.Values) {
        if ($null -ne $entry.Name -or $entry.State -ne 'Present' -or (Test-Key $entry.Path)) { continue }
        if (Confirm-Change $entry.Path 'Create the key') {
            (Open-Key $entry.Path $true).Dispose()
            $script:changes++
        } else { $left++ }
    }
    foreach ($entry in $script:entries.Values) {
        if ($null -eq $entry.Name) { continue }
        $full = $entry.Path + '\' + $entry.Name
        $now = Read-Value $entry.Path $entry.Name
        if ($entry.State -eq 'Unreadable') {
            if (-not (Test-Readable $now)) { continue }
            Write-Warning ('Its old type was one that .NET does not know, so it is not put back: ' + $full)
            continue
        }
        if (Test-Same $now $entry.Was) { continue }
        if (-not $Force -and -not (Test-Same $now (Get-Wanted $entry))) {
            Write-Warning ('Changed since, so it is left as it is (-Force puts it back): ' + $full)
            $left++
            continue
        }
        if (Confirm-Change $full 'Put back what was there') {
            Write-Value $entry.Path $entry.Name $entry.Was
            $script:changes++
        } else { $left++ }
    }
    foreach ($path in @(foreach ($entry in $script:entries.Values) { if ($null -eq $entry.Name -and $entry.State -eq 'Absent') { $entry.Path } }) | Sort-Object Length -Descending) {
        if (Confirm-Change $path 'Delete the key if it is empty') { Clear-Key $path } else { $left++ }
    }
    if ($left -eq 0) {
        if (Confirm-Change $script:record 'Delete the record') { Clear-Record }
    } elseif (-not $WhatIfPreference) {
        Write-Warning ('The record stays, since not all of it was put back: ' + $script:record)
    }
}

# The record goes, and the keys above it where nothing else is in them.
function Clear-Record {
    Clear-Tree $script:record
    Clear-Key 'HKEY_LOCAL_MACHINE\SOFTWARE\tlshive\Undo'
    Clear-Key 'HKEY_LOCAL_MACHINE\SOFTWARE\tlshive'
}
