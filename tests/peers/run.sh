#!/usr/bin/env bash
# Runs all checks against independent programs and sums them up. TLSHIVE names the program under test
# (default target/release/tlshive); with TLSHIVE_PEERS_OPTIONAL=1 a peer that is not installed is skipped.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0

for peer in formats reports xml hivex reged wine powershell collector images shadow; do
    bash "$here/$peer.sh" | tee "$log" || true # the closing line tells, and its absence does too
    if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
    else
        echo "FAIL $peer: the script broke off"
        failed=$((failed + 1))
    fi
done

echo "all peers:"
printf '%d passed, %d failed\n' "$passed" "$failed"
exit $((failed > 0))
