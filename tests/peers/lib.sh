# shellcheck shell=bash
# What the peer scripts share: which values, which program, and how a check is reported.

set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TLSHIVE=${TLSHIVE:-$repo/target/release/tlshive}
TLSHIVE=$(realpath -m "$TLSHIVE") # the scripts change directory
hosts=$repo/fixtures/hosts
shared=$repo/../shared # more material, which is not everywhere
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
failed=0

ok() {
    passed=$((passed + 1))
    printf 'ok %s\n' "$1"
}

fail() {
    failed=$((failed + 1))
    printf 'FAIL %s: %s\n' "$1" "$2"
}

# same NAME EXPECTED FOUND
same() {
    if [[ $2 == "$3" ]]; then ok "$1"; else fail "$1" "expected $2, found ${3:-nothing}"; fi
}

# told NAME FILE: takes over the checks of another program, whose lines start with ok or FAIL; whatever else it says is a failure.
told() {
    local line
    while IFS= read -r line; do
        case $line in
            "ok "*) ok "${line#ok }" ;;
            "FAIL "*) fail "${line#FAIL }" "see above" ;;
            *) fail "$1" "$line" ;;
        esac
    done <"$2"
}

finish() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    exit $((failed > 0))
}

# need WHAT PACKAGE TEST…: ends the script when the test does not succeed, since there is nobody to ask.
need() {
    local what=$1 package=$2
    shift 2
    "$@" >/dev/null 2>&1 && return
    if [[ ${TLSHIVE_PEERS_OPTIONAL-} == 1 ]]; then
        printf 'skipped: %s is missing (Debian package %s)\n' "$what" "$package"
    else
        fail "$what" "missing (Debian package $package; TLSHIVE_PEERS_OPTIONAL=1 to do without)"
    fi
    finish
}

# python_with MODULES: the python that has these modules, or the first; another one than Debian's does not see its packages.
python_with() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c "import $1" 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    printf 'python3\n'
}

if [[ ! -x $TLSHIVE ]]; then
    fail tlshive "no program at $TLSHIVE (cargo build --release, or set TLSHIVE)"
    finish
fi

# The eight values as the documentation names them, written down here apart from the program's own policy:
# rule id | hive | key below the hive's root, SYSTEM's below the control set | value | enable | disable
eight() {
    local protocol='Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2'
    local native='Microsoft\.NETFramework\v4.0.30319'
    local wow64='Wow6432Node\Microsoft\.NETFramework\v4.0.30319'
    cat <<EOF
tls12-server-enabled|SYSTEM|$protocol\\Server|Enabled|1|0
tls12-server-disabled-by-default|SYSTEM|$protocol\\Server|DisabledByDefault|0|1
tls12-client-enabled|SYSTEM|$protocol\\Client|Enabled|1|0
tls12-client-disabled-by-default|SYSTEM|$protocol\\Client|DisabledByDefault|0|1
dotnet-system-default-tls-versions|SOFTWARE|$native|SystemDefaultTlsVersions|1|0
dotnet-strong-crypto|SOFTWARE|$native|SchUseStrongCrypto|1|0
dotnet-wow64-system-default-tls-versions|SOFTWARE|$wow64|SystemDefaultTlsVersions|1|0
dotnet-wow64-strong-crypto|SOFTWARE|$wow64|SchUseStrongCrypto|1|0
EOF
}

# The value that MODE gives, of the two at the end of a line of `eight`.
wanted() {
    if [[ $1 == enable ]]; then echo "$2"; else echo "$3"; fi
}

# audit NAME PATH…: runs the audit; its status is in $status, `rule<TAB>verdict<TAB>raw` lines are in $findings.
audit() {
    local name=$1
    shift
    status=0
    "$TLSHIVE" audit --format json "$@" >"$work/audit.json" 2>"$work/audit.err" || status=$?
    if ! findings=$(python3 "$repo/tests/peers/findings.py" <"$work/audit.json" 2>"$work/findings.err"); then
        fail "$name" "no findings in the JSON (exit $status): $(tail -n 1 "$work/findings.err") $(head -n 1 "$work/audit.err")"
        findings=
    fi
}

# field RULE COLUMN: of the findings of the last audit; the first counts, which is the running control set's.
field() {
    awk -F '\t' -v rule="$1" -v column="$2" '$1 == rule { print $column; exit }' <<<"$findings"
}

# verdicts NAME VERDICT: each of the eight has this verdict.
verdicts() {
    local rule
    while IFS='|' read -r rule _; do
        same "$1: $rule is $2" "$2" "$(field "$rule" 2)"
    done < <(eight)
}
