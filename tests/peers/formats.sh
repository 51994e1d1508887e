#!/usr/bin/env bash
# What tlshive generates, read by others: Registry.pol by Samba, preferences by libxml2 and Python, YAML by PyYAML, and the
# syntax of PowerShell by tree-sitter where that is installed. PowerShell itself: see powershell.sh. Wine runs the batch
# files: see wine.sh.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python=$(python_with "samba.dcerpc.preg, yaml")
need "Samba for Python" python3-samba "$python" -c 'import samba.dcerpc.preg'
need "PyYAML" python3-yaml "$python" -c 'import yaml'
need xmllint libxml2-utils command -v xmllint

# generate MODE FORMAT: writes $work/MODE-FORMAT
generate() {
    if ! "$TLSHIVE" generate "$1" --format "$2" -o "$work/$1-$2" 2>"$work/err"; then
        fail "formats $2 $1: generate" "$(tail -n 1 "$work/err")"
        return 1
    fi
}

for mode in enable disable; do
    for format in pol gpp gpp-collection ansible dsc3 lgpo; do
        name="formats $format $mode"
        generate "$mode" "$format" || continue
        if [[ $format == gpp* ]]; then
            if xmllint --noout "$work/$mode-$format" 2>"$work/err"; then
                ok "$name: well-formed"
            else
                fail "$name: well-formed" "$(head -n 1 "$work/err")"
            fi
        fi
        if ! "$python" "$repo/tests/peers/formats.py" "${format%-collection}" "$work/$mode-$format" \
            >"$work/values" 2>"$work/err"; then
            fail "$name: read" "$(tail -n 1 "$work/err")"
            continue
        fi
        same "$name: values" 8 "$(wc -l <"$work/values")"
        while IFS='|' read -r rule hive key value enable disable; do
            [[ $hive == SYSTEM ]] && key="CurrentControlSet\\$key"
            found=$(awk -F '|' -v key="${hive}\\\\${key//\\/\\\\}" -v value="$value" \
                'tolower($1) == tolower(key) && $2 == value { print $3, $4 }' "$work/values")
            same "$name: $rule" "REG_DWORD $(wanted "$mode" "$enable" "$disable")" "$found"
        done < <(eight)
    done
done

# Backups of a Group Policy Object: against the schemas and the rules between files that were made from those of Windows.
gpo=$shared/tools/gpo
for mode in enable disable; do
    for format in gpo-backup gpo-backup-preferences; do
        name="formats $format $mode"
        generate "$mode" "$format" || continue
        folder=$work/$mode-$format
        inner=$(printf '%s\n' "$folder"/\{*)
        case $format in
        gpo-backup) cmp -s "$inner/DomainSysvol/GPO/Machine/registry.pol" "$work/$mode-pol" ;;
        *) cmp -s "$inner/DomainSysvol/GPO/Machine/Preferences/Registry/Registry.xml" "$work/$mode-gpp" ;;
        esac && ok "$name: values" || fail "$name: values" "not those of the format that has them alone"
        if [[ ! -d $gpo ]]; then
            echo "skipped: $name: schemas and rules (no $gpo)"
            continue
        fi
        for file in Backup.xml:backup bkupInfo.xml:manifest ../manifest.xml:manifest; do
            if xmllint --noout --schema "$gpo/${file#*:}.xsd" "$inner/${file%:*}" 2>"$work/err"; then
                ok "$name: ${file%:*}"
            else
                fail "$name: ${file%:*}" "$(head -n 1 "$work/err")"
            fi
        done
        if "$python" "$repo/tests/peers/gpo.py" "$gpo/check.py" "$folder" 2>"$work/err"; then
            ok "$name: files fit together"
        else
            fail "$name: files fit together" "$(tail -n 1 "$work/err")"
        fi
    done
done

# Not a peer that Debian has, so its absence is no failure.
trees=$(python_with "tree_sitter, tree_sitter_powershell")
if ! "$trees" -c 'import tree_sitter, tree_sitter_powershell' 2>/dev/null; then
    echo "skipped: the syntax of PowerShell (pip: tree-sitter tree-sitter-powershell)"
    finish
fi
for mode in enable disable; do
    for format in ps1 dsc intune; do
        generate "$mode" "$format" || continue
        files=("$work/$mode-$format")
        [[ $format == intune ]] && files=("$work/$mode-$format"/*.ps1)
        for file in "${files[@]}"; do
            name="formats $format $mode: syntax of $(basename "$file")"
            if "$trees" "$repo/tests/peers/formats.py" powershell "$file" 2>"$work/err"; then
                ok "$name"
            else
                fail "$name" "$(tail -n 1 "$work/err")"
            fi
        done
    done
done

finish
