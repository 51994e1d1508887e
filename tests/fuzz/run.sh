#!/usr/bin/env bash
# Runs each fuzz target for so many seconds (default 60), from the fixtures as seeds.
# Needs cargo-fuzz (`cargo install cargo-fuzz`). The crate forbids unsafe code, so the address sanitizer is left out: it
# would find nothing that a panic does not show, and costs most of the speed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=${1:-60}
export RUSTC_BOOTSTRAP=1 # cargo-fuzz asks for flags of a nightly compiler
fixtures=../../fixtures

seed() { # seed TARGET FILE...
    local target=$1
    shift
    mkdir -p "corpus/$target"
    for file in "$@"; do
        cp "$file" "corpus/$target/$(tr '/' '_' <<<"${file#"$fixtures"/}")"
    done
}

hives=("$fixtures"/hosts/*/SYSTEM "$fixtures"/hosts/*/SOFTWARE)
seed hive_lookup "${hives[@]}"
seed hive_walk "${hives[@]}"
seed reg_file "$fixtures"/reg/*.reg
seed policy_file ../../src/policy/builtin/*.toml
# A hive and its log in one: two bytes say how many blocks of 512 bytes the hive has.
mkdir -p corpus/hive_logs
for log in "$fixtures"/hosts/*/SYSTEM.LOG*; do
    [[ -s $log ]] || continue
    hive=${log%.LOG*}
    blocks=$(($(stat -c %s "$hive") / 512))
    name=corpus/hive_logs/$(tr '/' '_' <<<"${log#"$fixtures"/}")
    # shellcheck disable=SC2059 # the format is the two bytes
    printf "\\x$(printf %02x $((blocks % 256)))\\x$(printf %02x $((blocks / 256)))" >"$name"
    cat "$hive" "$log" >>"$name"
done

cargo fuzz build --fuzz-dir . --sanitizer none
for target in hive_lookup hive_walk hive_logs reg_file policy_file group_policy; do
    echo "== $target"
    cargo fuzz run --fuzz-dir . --sanitizer none "$target" -- \
        -max_total_time="$seconds" -max_len=65536 -timeout=1 -rss_limit_mb=512 -print_final_stats=1
done
