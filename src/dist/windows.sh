#!/usr/bin/env bash
# Makes what is shipped for Windows, in target/packages: tlshive.exe in a zip with licence, README and changes.
# It needs gcc-mingw-w64-x86-64 and zip; and the target of rustup, or Debian's rustc-web, cargo-web and rust-web-src.
# PROFILE=release builds quickly, and PROFILE=dev more so. PACKAGES=FOLDER takes the files instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. src/dist/lib.sh

triple=x86_64-pc-windows-gnu
CARGO_FLAGS=()
if [[ -d $(rustc --print sysroot)/lib/rustlib/$triple/lib ]]; then
    build "$triple"
elif [[ -d /usr/lib/rustlib/src && -x /usr/bin/cargo ]]; then
    # The standard library is built from its source, which stable compilers do not offer by themselves.
    CARGO_FLAGS=(-Zbuild-std=std,panic_unwind)
    PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc build "$triple"
else
    echo "missing: rustup target add $triple, or apt-get install rustc-web cargo-web rust-web-src" >&2
    exit 1
fi

name=tlshive-$version-$triple
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/$name" "$packages"
cp "$(built "$triple" .exe)" "$root/$name/"
# Editors of Windows that are older show lines alone that end in CR LF.
for file in LICENSE README.md CHANGELOG.md; do sed 's/$/\r/' "$file" >"$root/$name/${file%.md}.txt"; done
find "$root/$name" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
rm -f "$packages/$name.zip"
archive=$(realpath "$packages")/$name.zip
(cd "$root" && find "$name" -type f | sort | zip -Xq "$archive" -@)
sums
cat "$packages/SHA256SUMS"
