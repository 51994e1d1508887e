
if (-not $WhatIfPreference) {
    Add-End 2
    $text = ($script:lines -join "`r`n") + "`r`n"
    $name = [Environment]::MachineName + '.reg'
    if ($OutputFolder -or -not $PassThru) {
        $folder = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($(if ($OutputFolder) { $OutputFolder } else { '.' }))
        if (-not [IO.Directory]::Exists($folder)) { throw "There is no folder $folder" }
        Save-Text $text (Join-Path $folder $name)
    }
    if ($PassThru) { [pscustomobject]@{ Name = $name; Text = $text } }
}
