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

cargo build --quiet --release --locked
tlshive=${CARGO_TARGET_DIR:-target}/release/tlshive
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

# tlshive's exit status is its verdict, not a failure.
names=('process start (true)' 'tlshive audit' 'nt-hive, files read whole' 'hivexsh, two processes')
commands=(
    "/bin/true"
    "'$tlshive' audit '$system' '$software' >/dev/null || [ \$? -le 1 ]"
    "'$nt_hive' '$system' '$software' >/dev/null"
    "hivexsh '$system' <'$work/system' >/dev/null; hivexsh '$software' <'$work/software' >/dev/null"
)
if command -v hyperfine >/dev/null; then
    arguments=()
    for i in "${!names[@]}"; do arguments+=(-n "${names[i]}" "${commands[i]}"); done
    for round in 1 2 3; do
        hyperfine --shell 'sh' --warmup 5 --runs 60 --export-csv "$work/$round.csv" "${arguments[@]}" >/dev/null 2>&1
    done
    for i in "${!names[@]}"; do
        # Columns: command, mean, stddev, median, …; a name may hold commas and is quoted then.
        for round in 1 2 3; do sed -n "$((i + 2))p" "$work/$round.csv" | awk -F, '{ print 1000 * $(NF-4) }'; done | sort -g | sed -n 2p
    done >"$work/medians"
else
    runs=60
    for ((run = 0; run < runs; run++)); do
        for i in "${!names[@]}"; do
            start=$(date +%s%N)
            sh -c "${commands[i]}"
            echo "$((($(date +%s%N) - start) / 1000))" >>"$work/times.$i"
        done
    done
    for i in "${!names[@]}"; do sort -g "$work/times.$i" | sed -n "$((runs / 2))p" | awk '{ print $1 / 1000 }'; done >"$work/medians"
fi
own=$(sed -n 2p "$work/medians")
for i in "${!names[@]}"; do
    median=$(sed -n "$((i + 1))p" "$work/medians")
    awk -v name="${names[i]}" -v ms="$median" -v own="$own" 'BEGIN { printf "%9.2f ms %8.2f   %s\n", ms, ms / own, name }'
done
