#!/usr/bin/env bash
# hivex reads the eight values of each fixture host, and tlshive must have found the same bytes.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Debian's bindings belong to Debian's python3, which is not always the first on the path.
for PYTHON in /usr/bin/python3 python3; do
    "$PYTHON" -c 'import hivex' 2>/dev/null && break
done
need "hivex for Python" python3-hivex "$PYTHON" -c 'import hivex'

for host in "$hosts"/*/; do
    host=${host%/}
    name="hivex ${host##*/}"
    audit "$name: audit" --no-logs "$host" # hivex knows nothing of transaction logs
    [[ -n $findings ]] || continue
    while IFS='|' read -r rule hive key value _; do
        # prints the raw bytes, `absent`, or `unread REASON`
        read -r answer detail < <("$PYTHON" -B "$repo/tests/peers/hivex_value.py" "$host" "$hive" "$key" "$value" 2>"$work/err")
        raw=$(field "$rule" 3)
        case $answer in
        absent) same "$name: $rule" "" "$raw" ;;
        # not a check: hivex gives up on damage that tlshive may well step around
        unread) echo "note $name: $rule: hivex cannot tell ($detail)" ;;
        # Windows goes by the order of a list of keys, which is broken here; hivex reads all of it.
        *) if [[ $name$hive == *lists-unsortedSYSTEM ]]; then answer=; fi
            same "$name: $rule" "$answer" "$raw" ;;
        esac
    done < <(eight)
done

finish
