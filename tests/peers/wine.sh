#!/usr/bin/env bash
# Wine's regedit imports what tlshive generates, its cmd runs it, and tlshive reads the registry file that Wine keeps.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for WINE in wine wine64 /usr/lib/wine/wine64 missing; do
    command -v "$WINE" >/dev/null && break
done
need wine "wine and wine64" command -v "$WINE"
need wineserver "wine and wine64" command -v wineserver

# headless, quiet, and without the offer to download Mono and Gecko
export WINEPREFIX=$work/prefix WINEDEBUG=-all WINEARCH=win64 WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe='
unset DISPLAY WAYLAND_DISPLAY
trap 'wineserver -k 2>/dev/null || true; rm -rf "$work"' EXIT

mkdir "$WINEPREFIX"
timeout 300 "$WINE" wineboot -i >"$work/log" 2>&1 || true
wineserver -w
if [[ ! -s $WINEPREFIX/system.reg ]]; then
    fail "wine: prefix" "wineboot made none: $(tail -n 1 "$work/log")"
    finish
fi

# What Wine has below the keys that a fix touches and may create.
state() {
    local key
    for key in 'SYSTEM\CurrentControlSet\Control\SecurityProviders' 'SOFTWARE\Microsoft\.NETFramework' \
        'SOFTWARE\WOW6432Node\Microsoft\.NETFramework'; do
        timeout 60 "$WINE" reg query "HKLM\\$key" /s 2>&1 | tr -d '\r' || true
    done
    wineserver -w
}

# A fix made for the registry as Wine keeps it, and the way back from it.
before=$(state)
cp "$WINEPREFIX/system.reg" "$work/before.reg"
for plan in fix undo; do
    "$TLSHIVE" generate "$plan" --for "$work/before.reg" -o "$work/$plan.reg" 2>"$work/err" || cat "$work/err"
    (cd "$work" && timeout 60 "$WINE" regedit /S "$plan.reg") >/dev/null 2>&1 || true
    after=$(state)
    if [[ $plan == fix ]]; then
        audit "wine $plan: audit of system.reg" "$WINEPREFIX/system.reg"
        same "wine $plan: exit status for system.reg" 0 "$status"
        verdicts "wine $plan" pass
    else
        same "wine $plan: what Wine reads is as before" "$before" "$after"
    fi
done

# Each import turns all eight over, so that a file that Wine ignores cannot pass on what the one before it set.
for format in reg reg4 cmd; do
    for mode in enable disable; do
        name="wine $format $mode"
        file=$mode-$format.${format%4}
        if ! "$TLSHIVE" generate "$mode" --format "$format" -o "$work/$file" 2>"$work/err"; then
            fail "$name: generate" "$(head -n 1 "$work/err")"
            continue
        fi
        # a bare name, since regedit takes a leading slash for an option; its status is 0 even for lines it skips
        if [[ $format == cmd ]]; then
            ran=0
            (cd "$work" && timeout 120 "$WINE" cmd /c "$file") </dev/null >/dev/null 2>&1 || ran=$?
            same "$name: exit status" 0 "$ran"
        else
            (cd "$work" && timeout 60 "$WINE" regedit /S "$file") >/dev/null 2>&1 || true
        fi

        while IFS='|' read -r rule hive key value enable disable; do
            [[ $hive == SYSTEM ]] && key="CurrentControlSet\\$key"
            found=$(timeout 60 "$WINE" reg query "HKLM\\$hive\\$key" /v "$value" 2>/dev/null | tr -d '\r' |
                awk -v value="$value" '$1 == value { print $2, $3 }' || true)
            same "$name: $rule as Wine reads it" "REG_DWORD 0x$(wanted "$mode" "$enable" "$disable")" "$found"
        done < <(eight)

        wineserver -w # it writes system.reg when it ends
        if [[ $mode == enable ]]; then verdict=pass; else verdict=fail; fi
        audit "$name: audit of system.reg" "$WINEPREFIX/system.reg"
        same "$name: exit status for system.reg" "$(wanted "$mode" 0 1)" "$status"
        verdicts "$name" "$verdict"
    done
done

finish
