#!/usr/bin/env bash
# Times `tlshive audit` on each disk image and archive of a folder, and counts what it reads of them.
# usage: tests/bench/images.sh FOLDER
# DISSECT_PYTHON names a Python that has dissect.target, which then reads the same eight values from each.
#
# Times are of whole processes, the median of five with the files in the page cache. Bytes are what calls of the read
# family gave from files in the folder, as strace tells: so programs and libraries that are loaded do not count, nor does
# what the kernel reads ahead; what a program maps would not count either, but neither of the two maps images.
set -euo pipefail
folder=$(realpath "${1:?usage: tests/bench/images.sh FOLDER}")
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../peers/lib.sh"
dissect=${DISSECT_PYTHON-}
runs=5 patience=120 # seconds, after which a program is given up

eight >"$work/eight"

# measure COMMAND…: sets ms and mb; its output is in $work/out, its status in $status.
measure() {
    local i start us
    status=0
    timeout "$patience" "$@" <"$work/eight" >"$work/out" 2>"$work/err" || status=$? # fills the page cache
    ms=- mb=-
    ((status < 124)) || return 0
    for ((i = 0; i < runs; i++)); do
        start=${EPOCHREALTIME/[.,]/}
        timeout "$patience" "$@" <"$work/eight" >/dev/null 2>&1 || true
        us=$((${EPOCHREALTIME/[.,]/} - start))
        echo "$us"
    done >"$work/times"
    ms=$(sort -n "$work/times" | awk -v middle=$(((runs + 1) / 2)) 'NR == middle { printf "%.0f", $1 / 1000 }')
    # A file for each thread, since in a common one calls are cut in two; -y tells which file a descriptor is.
    rm -f "$work"/trace*
    strace -ff -y -s 0 -e trace=read,pread64,readv,preadv,preadv2 -o "$work/trace" \
        "$@" <"$work/eight" >/dev/null 2>&1 || true
    mb=$(awk -v folder="<$folder/" 'index($0, folder) && match($0, /= [0-9]+$/) { n += substr($0, RSTART + 2) }
        END { printf "%.2f", n / 1e6 }' "$work"/trace*)
}

# The values as both print them: `rule<TAB>bytes`
values() {
    local rule
    while IFS='|' read -r rule _; do printf '%s\t%s\n' "$rule" "$(field "$rule" 3)"; done <"$work/eight"
}

row() {
    printf '%-30s %-34s %-14s %8s %10s %10s %10s  %s\n' "$@"
}

row image container verdict ms 'MB read' 'dissect ms' 'MB read' ''
left_out=0
for image in "$folder"/*; do
    [[ -f $image ]] || continue
    # what is no image, or a later part of one, holds no machine
    "$TLSHIVE" audit --format json "$image" >"$work/audit.json" 2>/dev/null || true
    if ! about=$(python3 "$repo/tests/bench/image_report.py" <"$work/audit.json" 2>/dev/null); then
        left_out=$((left_out + 1))
        continue
    fi
    IFS=$'\t' read -r container verdict <<<"$about"
    findings=$(python3 "$repo/tests/peers/findings.py" <"$work/audit.json")
    measure "$TLSHIVE" audit --quiet "$image"
    own_ms=$ms own_mb=$mb
    ms='' mb='' remark=''
    if [[ -n $dissect ]]; then
        measure "$dissect" -B "$repo/tests/bench/dissect_eight.py" "$image"
        if ((status == 124)); then
            remark="fails: not done after $patience s"
        elif ((status)); then
            ms=- mb=- remark="fails: $(tail -n 1 "$work/err")"
        elif [[ $(<"$work/out") != "$(values)" ]]; then
            remark='other values'
        fi
    fi
    row "${image##*/}" "${container:0:34}" "$verdict" "$own_ms" "$own_mb" "$ms" "$mb" "${remark:0:100}"
done
echo "left out: $left_out files without a machine in an image or archive"
