#!/usr/bin/env bash
# Volume shadow copies, every byte held against libvshadow: the fixture, block lists of anything, and the corpus where it is there.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Debian's libvshadow is of 2019: it reads real copies alike, and overlays and forwarders of block lists otherwise.
python=$(python_with "pyvshadow, hivex")
need "libvshadow of 2026" "none has it; pip install libvshadow-python==20260714" \
    "$python" -c 'import pyvshadow; assert pyvshadow.get_version() >= "20260714"'
need "hivex for Python" python3-hivex "$python" -c 'import hivex'
need cargo cargo command -v cargo
need qemu-img qemu-utils command -v qemu-img

cargo build --quiet --locked --manifest-path "$repo/Cargo.toml" --example shadow_copy
program=${CARGO_TARGET_DIR:-$repo/target}/debug/examples/shadow_copy
gzip -dc "$repo/fixtures/images/vss.raw.gz" >"$work/vss.raw"
images=("$work/vss.raw")
for image in vsstest vss-made-final; do
    file=$repo/../shared/corpus/images2/$image.qcow2
    [[ -f $file ]] || continue
    qemu-img convert -O raw "$file" "$work/$image.raw"
    images+=("$work/$image.raw")
done
"$python" -B "$repo/tests/peers/shadow.py" "$program" "${images[@]}"
