#!/usr/bin/env bash
# Builds what is shipped a second time, from a copy in another folder, and holds it against target/packages, byte by byte.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

first=$(realpath target/packages)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
# Files that git knows, as they are now.
git ls-files -z | tar --null -T - -cf - | tar -C "$work" -xf -
env -u CARGO_TARGET_DIR PACKAGES="$work/packages" bash "$work/src/dist/linux.sh" >/dev/null
status=0
for file in "$work"/packages/*; do
    if cmp "$file" "$first/${file##*/}"; then echo "same bytes: ${file##*/}"; else status=1; fi
done
exit "$status"
