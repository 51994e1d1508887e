#!/usr/bin/env bash
# Times whole processes on one SYSTEM + SOFTWARE pair: `tlshive audit` against hivex and nt-hive reading the eight values.
# usage: tests/bench/peers.sh [FOLDER]   (a folder with SYSTEM and SOFTWARE; default: what the bench `pair` uses)
# With hyperfine if it is there, else a plain loop whose contestants take turns. Trust the ratios, not the times.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=${1:-${TLSHIVE_BENCH_PAIR:-${TMPDIR:-/tmp}/tlshive-bench-pair}}
[[ -f $folder/SYSTEM && -f $folder/SOFTWARE ]] || folder=fixtures/hosts/compliant
system=$folder/SYSTEM software=$folder/SOFTWARE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --profile dist --locked
tlshive=${CARGO_TARGET_DIR:-target}/dist/tlshive
built=$(cargo bench --no-run --locked --bench nt_hive_pair --message-format=json 2>/dev/null)
nt_hive=$(sed -n 's/.*"executable":"\([^"]*nt_hive_pair[^"]*\)".*/\1/p' <<<"$built" | tail -n 1)

# hivexsh reads one hive a process, and follows no CurrentControlSet: the set is found beforehand, which costs it nothing.
# A key that is not there stops a script, so each script reads what this pair has.
set_number=$(hivexget "$system" 'Select' Current 2>/dev/null || echo 1)
printf -v set 'ControlSet%03d' "$((${set_number#dword:}))"
script() { # HIVE KEY…: the commands that list the values of each key, or of the last key above it that is there
    local hive=$1 key
    shift
    for key; do
        while ! printf 'cd \\%s\n' "$key" | hivexsh "$hive" >/dev/null 2>&1 && [[ $key == *\\* ]]; do key=${key%\\*}; done
        printf 'cd \\%s\nlsval\n' "$key"
    done
}
tls="$set\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2"
net='Microsoft\.NETFramework\v4.0.30319'
script "$system" "$tls\\Server" "$tls\\Client" >"$work/system"
script "$software" "WOW6432Node\\$net" "$net" >"$work/software"
cat "$work/system" "$work/software" | sed 's/^/  hivexsh: /'

# No shell stands between: subtracting its start-up, as hyperfine else does, gives anything at all on a busy machine.
names=('process start (true)' 'tlshive audit' 'nt-hive, files read whole' 'hivexsh, SYSTEM' 'hivexsh, SOFTWARE')
commands=(
    "/bin/true"
    "'$tlshive' audit '$system' '$software'"
    "'$nt_hive' '$system' '$software'"
    "hivexsh -f '$work/system' '$system'"
    "hivexsh -f '$work/software' '$software'"
)
# tlshive's exit status is its verdict; a failure of any other ends this script, since what fails early looks fast.
for command in "${commands[@]}"; do
    status=0
    eval "$command" >/dev/null || status=$?
    ((status == 0)) || { [[ $command == *' audit '* ]] && ((status == 1 || status == 3)); }
done

rounds=3 runs=60
for ((round = 0; round < rounds; round++)); do
    if command -v hyperfine >/dev/null; then
        hyperfine -N -i --warmup 5 --runs "$runs" --export-csv "$work/csv" "${commands[@]}" >/dev/null 2>&1
        # Columns: command, mean, stddev, median, user, system, min, max; counted from the end, since commands may hold commas.
        for i in "${!names[@]}"; do
            sed -n "$((i + 2))p" "$work/csv" | awk -F, '{ print 1000 * $(NF-4) }' >>"$work/times.$i"
        done
    else
        for ((run = 0; run < runs; run++)); do
            for i in "${!names[@]}"; do
                start=${EPOCHREALTIME/[.,]/}
                eval "${commands[i]}" >/dev/null || true
                us=$((${EPOCHREALTIME/[.,]/} - start)) # a clock that costs no process
                printf '%d.%03d\n' "$((us / 1000))" "$((us % 1000))" >>"$work/times.$i"
            done
        done
    fi
done
for i in "${!names[@]}"; do
    sort -g "$work/times.$i" | awk -v name="${names[i]}" '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] "\t" name }'
done | awk -F'\t' '
    { ms[NR] = $1; name[NR] = $2 }
    END {
        name[NR + 1] = "hivexsh, both"; ms[NR + 1] = ms[NR - 1] + ms[NR]
        for (i = 1; i <= NR + 1; i++) printf "%9.2f ms %8.2f   %s\n", ms[i], ms[i] / ms[2], name[i]
    }'
