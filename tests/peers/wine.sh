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
            # On a busy machine Wine's server is sometimes gone before it answers: asked again, it does.
            for _ in 1 2 3; do
                found=$(timeout 60 "$WINE" reg query "HKLM\\$hive\\$key" /v "$value" 2>/dev/null | tr -d '\r' |
                    awk -v value="$value" '$1 == value { print $2, $3 }' || true)
                [[ -z $found ]] || break
            done
            same "$name: $rule as Wine reads it" "REG_DWORD 0x$(wanted "$mode" "$enable" "$disable")" "$found"
        done < <(eight)

        wineserver -w # it writes system.reg when it ends
        if [[ $mode == enable ]]; then verdict=pass; else verdict=fail; fi
        audit "$name: audit of system.reg" "$WINEPREFIX/system.reg"
        same "$name: exit status for system.reg" "$(wanted "$mode" 0 1)" "$status"
        verdicts "$name" "$verdict"
    done
done

# Batch files that delete: values, whole keys, and default values among them.
# A value that is not there is a failure of `reg` too, so the last answer counts, whatever it is.
wine_reg() {
    local answer
    for _ in 1 2 3; do
        answer=$(timeout 60 "$WINE" reg "$@" </dev/null 2>&1) && break
    done
    tr -d '\r' <<<"$answer"
}
batch() {
    ran=0
    (cd "$work" && timeout 120 "$WINE" cmd /c "$1") </dev/null >/dev/null 2>&1 || ran=$?
    same "wine $1: exit status" 0 "$ran"
}
key='HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319'
wine_reg add "$key\\tlshive" /ve /d mine /f >/dev/null
wine_reg add "$key\\tlshive\\empty" /f >/dev/null
wine_reg delete "$key\\tlshive\\empty" /ve /f >/dev/null
wine_reg add "$key\\tlshive" /v list /t REG_MULTI_SZ /d '' /f >/dev/null
wine_reg add "$key\\tlshive" /v bytes /t REG_BINARY /d '' /f >/dev/null
wineserver -w
before=$(state)
cp "$WINEPREFIX/system.reg" "$work/before-batch.reg"
printf 'REGEDIT4\r\n\r\n[-HKEY_LOCAL_MACHINE\\%s\\tlshive]\r\n\r\n[HKEY_LOCAL_MACHINE\\%s]\r\n@="x"\r\n' \
    "${key#HKLM\\}" "${key#HKLM\\}" | sed 's/\\\\/\\/g' >"$work/delete.reg"
if "$TLSHIVE" generate undo --for "$work/before-batch.reg" --of "$work/delete.reg" --format cmd -o "$work/undo.cmd" 2>"$work/err"; then
    (cd "$work" && timeout 60 "$WINE" regedit /S delete.reg) >/dev/null 2>&1 || true
    wineserver -w
    [[ $(state) != "$before" ]] && ok "wine undo.cmd: something is to be undone" || fail "wine undo.cmd" "the import changed nothing"
    batch undo.cmd
    wineserver -w
    same "wine undo.cmd: what Wine reads is as before" "$before" "$(state)"
else
    fail "wine undo.cmd: generate" "$(head -n 1 "$work/err")"
fi
"$TLSHIVE" generate defaults --format cmd -o "$work/defaults.cmd" 2>"$work/err" || fail "wine defaults.cmd" "$(head -n 1 "$work/err")"
for time in first second; do
    batch defaults.cmd
    wineserver -w
    audit "wine defaults.cmd $time time: audit of system.reg" "$WINEPREFIX/system.reg"
    same "wine defaults.cmd $time time: exit status for system.reg" 1 "$status"
done
while IFS='|' read -r rule hive name value _; do
    [[ $hive == SYSTEM ]] && name="CurrentControlSet\\$name"
    found=$(wine_reg query "HKLM\\$hive\\$name" /v "$value" | grep -c REG_DWORD || true)
    same "wine defaults.cmd: $rule is gone" 0 "$found"
done < <(eight)

finish
