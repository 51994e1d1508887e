#!/usr/bin/env bash
# Preferences that are not well-formed: whatever expat refuses, tlshive must not apply.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need "expat for Python" python3 python3 -c 'import xml.parsers.expat'

"$TLSHIVE" generate enable --format gpp -o "$work/Registry.xml"
python3 "$repo/tests/peers/xml_variants.py" "$TLSHIVE" "$hosts/disabled" "$work/Registry.xml" 500 >"$work/said" 2>&1 || true
counts=$(tail -n 1 "$work/said")
others=$(head -n -1 "$work/said" | head -n 5)
if [[ $counts =~ ^[0-9]+\ read,\ [0-9]+\ refused$ && -z $others ]]; then
    ok "xml: $counts"
else
    fail "xml: variants" "${others:-$counts}"
fi

finish
