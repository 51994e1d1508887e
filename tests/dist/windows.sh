#!/usr/bin/env bash
# Runs tlshive.exe (`make windows`) under Wine, and holds what it says of every fixture against what the program of this machine says.
# usage: tests/dist/windows.sh [EXE]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

profile=${PROFILE:-dist}
exe=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/x86_64-pc-windows-gnu/${profile/#dev/debug}/tlshive.exe}")
TLSHIVE=$(realpath "${TLSHIVE:-target/release/tlshive}")
export TLSHIVE
for WINE in wine wine64 /usr/lib/wine/wine64; do command -v "$WINE" >/dev/null && break; done
export WINE

work=$(mktemp -d)
export WINEPREFIX=$work/prefix WINEDEBUG=-all WINEARCH=win64 WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe='
unset DISPLAY WAYLAND_DISPLAY
trap 'wineserver -k 2>/dev/null || true; rm -rf "$work"' EXIT

cp "$exe" "$work/tlshive.exe"
x86_64-w64-mingw32-gcc -shared -o "$work/bcryptprimitives.dll" tests/dist/prng.c -ladvapi32
x86_64-w64-mingw32-gcc -o "$work/alone.exe" tests/dist/alone.c
mkdir "$WINEPREFIX"
timeout 300 "$WINE" wineboot -i >"$work/log" 2>&1 || true
wineserver -w
[[ -s $WINEPREFIX/system.reg ]] || {
    echo "wineboot made no Windows: $(tail -n 1 "$work/log")" >&2
    exit 1
}
wineserver -p
python3 tests/dist/windows.py "$work"
