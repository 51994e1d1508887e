#!/usr/bin/env bash
# Makes what is shipped for Linux, in target/packages: a program that needs no library, in a tarball with manual pages, completions
# and licence; and the Debian package of the same, where cargo-deb is installed.
# PROFILE=release builds quickly, for who tries this script. PACKAGES=FOLDER takes the files instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. src/dist/lib.sh

triple=x86_64-unknown-linux-gnu
# With a target that is named, the flag is not for the macros and scripts that run while it is built: those cannot be static.
CARGO_FLAGS=()
build "$triple" -C target-feature=+crt-static
program=$(built "$triple")

# The Debian package takes its files from here, too (Cargo.toml).
stage=target/stage
rm -rf "$stage"
mkdir -p "$stage/completions" "$packages"
"$program" man "$stage/man1"
"$program" completions bash >"$stage/completions/tlshive.bash"
"$program" completions fish >"$stage/completions/tlshive.fish"
"$program" completions zsh >"$stage/completions/_tlshive"
cp "$program" "$stage/tlshive"

name=tlshive-$version-$triple
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/$name"
cp -r "$stage/tlshive" "$stage/man1" "$stage/completions" CHANGELOG.md LICENSE README.md "$root/$name"
tar -C "$root" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$SOURCE_DATE_EPOCH" \
    -cf - "$name" | gzip -n9 >"$packages/$name.tar.gz"

if command -v cargo-deb >/dev/null; then
    rm -f "$packages"/*.deb
    cargo deb --quiet --no-build --no-strip --locked --output "$packages"
else
    echo "cargo-deb is not installed: no Debian package is made (cargo install cargo-deb)" >&2
fi
sums
cat "$packages/SHA256SUMS"
