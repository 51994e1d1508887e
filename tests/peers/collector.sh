#!/usr/bin/env bash
# A real PowerShell runs the collector over the registry of each fixture in memory (powershell.cs), and the file that it leaves
# is judged as the hives are. No Debian has PowerShell, so its absence is no failure.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! command -v pwsh >/dev/null; then
    echo "skipped: PowerShell is missing (pwsh)"
    finish
fi
here=$repo/tests/peers
python3 "$here/collector.py" make "$TLSHIVE" "$hosts" "$work/cases"
{
    pwsh -NoProfile -File "$here/collector.ps1" "$work/cases" || true
    python3 "$here/collector.py" judge "$TLSHIVE" "$hosts" "$work/cases" || true
} >"$work/said" 2>&1
told collector "$work/said"
grep -q '^ok collector joined' "$work/said" || fail "collector" "it did not come to its end"

help=$(pwsh -NoProfile -Command "(Get-Help '$work/cases/compliant/collect.ps1' -Full | Out-String)" 2>&1 || true)
for part in 'Collects from this machine' 'OutputFolder' 'PassThru' 'Invoke-Command'; do
    if [[ $help == *"$part"* ]]; then ok "collector: Get-Help shows $part"; else fail "collector: Get-Help" "lacks $part"; fi
done

finish
