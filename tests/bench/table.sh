#!/usr/bin/env bash
# The table of README.md: whole processes on one pair, beside the floor and nt-hive. usage: tests/bench/table.sh [FOLDER] [ROUNDS]
# TLSHIVE_BEFORE names an older tlshive to hold against.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=${1:-${TLSHIVE_BENCH_PAIR:-${TMPDIR:-/tmp}/tlshive-bench-pair}}
[[ -f $folder/SYSTEM && -f $folder/SOFTWARE ]] || folder=fixtures/hosts/compliant
cargo build --quiet --profile dist --locked
bench() { # NAME: where cargo puts this bench
    cargo bench --no-run --locked --bench "$1" --message-format=json 2>/dev/null |
        sed -n "s/.*\"executable\":\"\\([^\"]*\\/$1-[^\"]*\\)\".*/\\1/p" | tail -n 1
}
floor=$(bench floor) nt_hive=$(bench nt_hive_pair)
tlshive=$(realpath "${CARGO_TARGET_DIR:-target}/dist/tlshive")
contestants=("floor=$floor {system} {software}" "nt-hive, files read whole=$nt_hive {system} {software}")
for program in "${TLSHIVE_BEFORE:-}" "$tlshive"; do
    [[ $program ]] || continue
    [[ $program == "$tlshive" ]] && name=tlshive || name='tlshive before'
    contestants+=("$name audit -q=$program audit -q {system} {software}" "$name audit=$program audit {system} {software}"
        "$name audit --format json=$program audit --format json {system} {software}" "$name --version=$program --version")
done
python3 tests/bench/table.py "$folder" "${2:-200}" "${contestants[@]}"
