#!/usr/bin/env bash
# Holds what two builds say of the same inputs against each other, byte by byte: what makes a run quicker may change nothing else.
# usage: tests/bench/same.sh OLD NEW [FOLDER…]   (two programs; default: the fixtures, and the shared corpus where it is)
# Aside are the times of the run and the number of pages that were read, which is what is to change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

old=$(realpath "$1") new=$(realpath "$2")
shift 2
inputs=("$@")
((${#inputs[@]})) || for folder in fixtures ../shared/corpus; do [[ -d $folder ]] && inputs+=("$folder"); done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

runs=0 different=0
same() { # ARGUMENTS…: both programs are run with them
    local program status side=0
    for program in "$old" "$new"; do
        status=0
        side=$((side + 1))
        "$program" "$@" >"$work/out" 2>"$work/err" || status=$?
        { cat "$work/out" "$work/err" && echo "exit status $status"; } |
            sed -E 's/"(started|ended)":"[^"]*"/"\1"/g; s/"pages_read": ?[0-9]+/"pages_read"/g; /^ *Pages read/d' >"$work/$side"
    done
    runs=$((runs + 1))
    if ! cmp -s "$work/1" "$work/2"; then
        different=$((different + 1))
        echo "different: tlshive $*"
        diff "$work/1" "$work/2" | cut -c 1-300 | head -n 6 || true
    fi
}

mapfile -t policies < <("$old" policy list 2>/dev/null | awk 'NF { print $1 }' | grep -x '[a-z0-9-]*')
all=()
for policy in "${policies[@]}"; do all+=(--policy "$policy"); done
same audit --format jsonl "${inputs[@]}"
same audit --format jsonl --include-backups --cross-check --digest --control-set all "${all[@]}" "${inputs[@]}"
same audit --details "${inputs[@]}"
same audit --format json --overlay fixtures/reg/compliant-regedit4.reg "${inputs[@]}"
same policy list
same tables list
same explain
same audit --help
for policy in "${policies[@]}"; do same policy show "$policy"; done
# Every hive and every .reg file: its trees in each format, its transactions, what was deleted.
while IFS= read -r file; do
    for format in text json reg; do same show -r --format "$format" "$file"; done
    same show --deleted --format json "$file"
    same generate --for "$file"
done < <("$old" audit --format jsonl "${inputs[@]}" 2>/dev/null |
    sed -nE 's/^\{"record":"input","path":"([^"]*)","path_bytes":null,"kind":"(version|hive|REGEDIT|regf)[^"]*".*/\1/p' | sort -u)
echo "$runs runs, $different different"
((different == 0))
