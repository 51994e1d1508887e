#!/usr/bin/env bash
# chntpw's reged imports what tlshive generates into raw hives, and tlshive reads what reged wrote.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need reged chntpw command -v reged
need hivexget libhivex-bin command -v hivexget
need iconv libc-bin command -v iconv

# One hive a call and one file a hive, since reged aborts at the first key outside its prefix.
rules() {
    eight | awk -F '|' -v hive="$1" '$2 == hive { printf "%s%s", sep, $1; sep = "," }'
}

import() { # import MODE HIVE: from generate to the hive in $work/$mode
    local mode=$1 hive=$2 name="reged $1 $2" out=$work/$1/$2
    if ! "$TLSHIVE" generate "$mode" --control-set 1 --values "$(rules "$hive")" -o "$out.reg" 2>"$work/err"; then
        fail "$name: generate" "$(head -n 1 "$work/err")"
        return
    fi
    # reged crashes at a comment and minds the case of key names (the hive has Wow6432Node); regedit does neither, so
    # both are mended here and not in the program
    {
        printf '\xff\xfe'
        iconv -f UTF-16 -t UTF-8 "$out.reg" | sed '/^;/d; s/WOW6432Node/Wow6432Node/' | iconv -f UTF-8 -t UTF-16LE
    } >"$out.plain.reg"
    # its status says whether the hive changed, not whether the import went well
    reged -C -I "$out" "HKEY_LOCAL_MACHINE\\$hive" "$out.plain.reg" >"$work/log" 2>&1 || true
    if grep -q 'operation SUCCEEDED' "$work/log"; then
        ok "$name: import"
    else
        fail "$name: import" "$(grep -m 1 ERROR "$work/log" || tail -n 1 "$work/log")"
    fi
}

for mode in enable disable; do
    mkdir "$work/$mode"
    cp "$hosts/nothing-set/SYSTEM" "$hosts/nothing-set/SOFTWARE" "$work/$mode/"
    import "$mode" SYSTEM
    import "$mode" SOFTWARE

    while IFS='|' read -r rule hive key value enable disable; do
        [[ $hive == SYSTEM ]] && key="ControlSet001\\$key"
        # a third program reads it back, so that a shared mistake of the other two shows
        found=$(hivexget "$work/$mode/$hive" "$key" "$value" 2>&1 || true)
        same "reged $mode: $rule as hivex reads it" "$(wanted "$mode" "$enable" "$disable")" "$found"
    done < <(eight)

    if [[ $mode == enable ]]; then verdict=pass; else verdict=fail; fi
    # in a folder of its own: beside the .reg files these would count as part of the machine
    mkdir "$work/$mode/host"
    mv "$work/$mode/SYSTEM" "$work/$mode/SOFTWARE" "$work/$mode/host/"
    audit "reged $mode: audit" "$work/$mode/host"
    same "reged $mode: exit status" "$(wanted "$mode" 0 1)" "$status"
    verdicts "reged $mode" "$verdict"
done

finish
