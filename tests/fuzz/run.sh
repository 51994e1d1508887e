#!/usr/bin/env bash
# Runs each fuzz target for so many seconds (default 60), from the fixtures as seeds. Names of targets behind that: those alone.
# Needs cargo-fuzz (`cargo install cargo-fuzz`). The crate forbids unsafe code, so the address sanitizer is left out: it
# would find nothing that a panic does not show, and costs most of the speed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))
targets=("$@")
images=(vhd vhdx vmdk qcow2 vdi ewf partition ntfs shadow archive)
[[ $# -gt 0 ]] || targets=(hive_lookup hive_walk hive_deleted hive_logs reg_file policy_file group_policy "${images[@]}")
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
seed hive_deleted "${hives[@]}"
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

# Images and archives (src/lib.rs): a byte 0 and the file itself, where it is small; or 1 or 2 and the number of a fixture,
# which patches follow.
image() { # image TARGET FILE...
    local target=$1 file bytes
    shift
    mkdir -p "corpus/$target"
    for file in "$@"; do
        case $target:$file in
        archive:* | *[!z]) bytes=$(stat -c %s "$file") ;;
        *) bytes=$(gzip -dcq "$file" | wc -c) ;;
        esac
        ((bytes < 65535)) || continue
        {
            printf '\0'
            case $target:$file in
            archive:* | *[!z]) cat "$file" ;;
            *) gzip -dcq "$file" ;;
            esac
        } >"corpus/$target/$(basename "$file")"
    done
    for number in {0..9}; do
        # A patch changes nothing where it adds 0.
        printf "\\1\\$number\\0\\0\\0\\144\\0\\0\\0\\0" >"corpus/$target/patched-$number"
        printf "\\2\\$number\\0\\0\\0\\144\\0\\0\\0\\0" >"corpus/$target/mended-$number"
    done
}
image vhd "$fixtures"/{images,hostile}/*.vhd
image vhdx
image vmdk "$fixtures"/{images,hostile}/*.vmdk
image qcow2 "$fixtures"/{images,hostile}/*.qcow2
image vdi "$fixtures"/hostile/*.vdi
image ewf "$fixtures"/{images,hostile}/*.E01
image partition "$fixtures"/{images,hostile}/*.raw.gz "$fixtures"/images/ldm-*.raw
image ntfs "$fixtures"/{images,hostile}/*.raw.gz
image shadow
image archive "$fixtures"/images/*.{zip,tar,gz,zst,ova} "$fixtures"/hostile/*.{zip,tar,gz}

# What no fixture has, where QEMU is there to make it: compression, other layouts, a child of another image.
if command -v qemu-img >/dev/null; then
    made() { # made FOLDER NAME OPTION...: the disk of a fixture in another form
        local folder=seeds/$1 name=$2
        shift 2
        [[ -e $folder/$name ]] || { mkdir -p "$folder" && qemu-img convert "$@" "$folder/$name"; }
    }
    disk=$fixtures/images/compliant.qcow2
    made qcow2/zlib a.qcow2 -c -O qcow2 "$disk"
    made qcow2/zstd a.qcow2 -c -O qcow2 -o compression_type=zstd,cluster_size=4k "$disk"
    made qcow2/extended a.qcow2 -O qcow2 -o extended_l2=on,cluster_size=16k "$disk"
    made qcow2/old a.qcow2 -O qcow2 -o compat=0.10,cluster_size=512 "$disk"
    made vmdk/sparse a.vmdk -O vmdk "$disk"
    made vmdk/flat a.vmdk -O vmdk -o subformat=monolithicFlat "$disk"
    made vhd/fixed a.vhd -O vpc -o subformat=fixed "$disk"
    made vhdx/dynamic a.vhdx -O vhdx "$disk"
fi

cargo fuzz build --fuzz-dir . --sanitizer none
for target in "${targets[@]}"; do
    echo "== $target"
    # A timeout on a busy machine proves little: run what is left in artifacts/ alone.
    # Targets for images count their memory themselves; beside it, the fuzzer has its corpus.
    cargo fuzz run --fuzz-dir . --sanitizer none "$target" -- \
        -max_total_time="$seconds" -max_len=65536 -timeout=1 -rss_limit_mb=512 -print_final_stats=1
done
