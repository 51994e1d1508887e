#!/usr/bin/env bash
# A real PowerShell runs what tlshive generates for it, over a registry in memory (powershell.cs). No Debian has PowerShell,
# so its absence is no failure.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! command -v pwsh >/dev/null; then
    echo "skipped: PowerShell is missing (pwsh)"
    finish
fi
# The module of Ansible whose tasks are generated, where a Python has it.
module=
for PYTHON in python3 /usr/bin/python3; do
    find='import ansible_collections.ansible.windows.plugins.modules as modules; print(list(modules.__path__)[0])'
    at=$("$PYTHON" -c "$find" 2>/dev/null)/win_regedit.ps1 || continue
    if [[ -f $at ]]; then module=$at && break; fi
done
PYTHON=$(python_with yaml)
if ! "$PYTHON" "$repo/tests/peers/powershell.py" "$TLSHIVE" "$hosts" "$work/cases" ${module:+ansible} >"$work/err" 2>&1; then
    fail "powershell: cases" "$(tail -n 1 "$work/err")"
    finish
fi
pwsh -NoProfile -File "$repo/tests/peers/powershell.ps1" "$work/cases" >"$work/said" 2>&1 || true
if [[ -n $module ]]; then
    pwsh -NoProfile -File "$repo/tests/peers/ansible.ps1" "$work/cases" "$module" >>"$work/said" 2>&1 || true
else
    echo "skipped: Ansible's win_regedit is missing (Debian package ansible)"
fi
told powershell "$work/said"
[[ -s $work/said ]] || fail "powershell" "it said nothing"

help=$(pwsh -NoProfile -Command "(Get-Help '$work/cases/compliant-fix/plan.ps1' -Full | Out-String)" 2>&1 || true)
for part in 'Makes the registry changes' 'Undo' 'ExecutionPolicy Bypass'; do
    if [[ $help == *"$part"* ]]; then ok "powershell: Get-Help shows $part"; else fail "powershell: Get-Help" "lacks $part"; fi
done

finish
