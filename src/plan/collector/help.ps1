#Requires -Version 3.0

# .SYNOPSIS
#   Collects from this machine's registry what tlshive needs to judge its TLS settings, and nothing else.
# .DESCRIPTION
#   Writes one file, HOST.reg, for "tlshive audit". It has the values that are listed at the end of this script, in the
#   64-bit view, whichever PowerShell runs it, and says of each key whether it was listed whole, is not there, or could not
#   be read. Nothing on the machine is changed, and nothing is sent anywhere. What is listed can be read by every user as
#   Windows is installed, so that no administrator is needed.
#   The file is written under another name and renamed, so that a share never shows a half of it. It has no times of keys:
#   whether a restart is pending can be told only where no setting differs from what Windows does anyway.
# .PARAMETER OutputFolder
#   The folder for the file, a share (\\server\share) too. The current one, unless -PassThru is given.
# .PARAMETER PassThru
#   Gives an object with the name of the file and its text, for who brings it home another way. Without -OutputFolder no file
#   is left on the machine.
# .EXAMPLE
#   powershell -ExecutionPolicy Bypass -File collect.ps1 -WhatIf
#   Shows what would be read, key by key, and reads nothing.
# .EXAMPLE
#   powershell -ExecutionPolicy Bypass -File collect.ps1 -OutputFolder \\server\share
#   Leaves HOST.reg there. A startup script or a scheduled task of Group Policy does this on many machines.
# .EXAMPLE
#   $text = Get-Content -Raw collect.ps1
#   Invoke-Command -ComputerName dc01, dc02 { & ([scriptblock]::Create($using:text)) -PassThru } |
#       ForEach-Object { [IO.File]::WriteAllText("C:\collected\$($_.Name)", $_.Text, [Text.Encoding]::Unicode) }
#   Brings the files of many machines home; they need no access to a share.
