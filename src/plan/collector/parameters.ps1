
[CmdletBinding(SupportsShouldProcess)]
param([string]$OutputFolder, [switch]$PassThru)

