#!/usr/bin/env bash
# Reports read by others: SARIF by its schema, JUnit by that of Jenkins' xUnit plugin, CSV by Python and pandas, each held
# against the JSON of the same run. The run has what is hardest to write down: hostile names, damage, waivers, inputs not read.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python=$(python_with "jsonschema, pandas, hivex")
need "jsonschema for Python" python3-jsonschema "$python" -c 'import jsonschema'
need pandas python3-pandas "$python" -c 'import pandas'
need "hivex for Python" python3-hivex "$python" -c 'import hivex'
need xmllint libxml2-utils command -v xmllint

"$python" "$repo/tests/estate/make.py" "$work/estate" 40
cat >"$work/waivers.toml" <<'EOF'
[[waiver]]
rule = "dotnet-strong-crypto"
hosts = ["SRV-001*"]
reason = "=cmd|' /C calc'!A0 <b>\"accepted\"</b>, until the old program is gone"
expires = "2999-01-01"
EOF
inputs=("$work/estate" "$repo/fixtures/hosts" "$repo/fixtures/reg" "$repo/fixtures/images")
corpus=$shared/corpus/hosts
[[ ! -d $corpus ]] || inputs+=("$corpus")

# check NAME OPTION…: each format of one run, and of the same run saved
check() {
    local name=$1 format status=0 reports=()
    shift
    for format in sarif junit csv csv-findings; do reports+=(--report "$format=$work/$name.$format"); done
    "$TLSHIVE" audit --format jsonl "$@" -o "$work/$name.jsonl" "${reports[@]}" "${inputs[@]}" 2>"$work/err" || status=$?
    same "reports $name: exit status" 1 "$status"
    "$TLSHIVE" report --format json "$work/$name.jsonl" >"$work/$name.json" 2>"$work/err" || true
    for format in sarif junit csv csv-findings; do
        "$TLSHIVE" report --format "$format" "$work/$name.jsonl" >"$work/$name-saved.$format" 2>"$work/err" || true
    done
    local run file
    for run in "$name" "$name-saved"; do
        for format in sarif junit csv csv-findings; do
            file=$work/$run.$format
            if "$python" "$repo/tests/peers/reports.py" "$format" "$file" "$work/$name.json" >"$work/said" 2>"$work/err"; then
                ok "reports $run: $(<"$work/said")"
            else
                fail "reports $run: $format" "$(tail -n 1 "$work/err")"
            fi
        done
        if xmllint --noout --schema "$repo/tests/peers/schemas/junit-10.xsd" "$work/$run.junit" 2>"$work/err"; then
            ok "reports $run: JUnit as Jenkins' xUnit plugin accepts it"
        else
            fail "reports $run: JUnit" "$(head -n 1 "$work/err")"
        fi
    done
}

check entra --waivers "$work/waivers.toml" --digest --bom
check nist --policy nist-sp-800-52r2
check only --policy tls12-only --cross-check

finish
