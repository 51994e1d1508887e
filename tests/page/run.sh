#!/usr/bin/env bash
# The page of HTML in Chromium: what it shows against the JSON of the same run, that nothing in it acts, that it is fast with 5,000
# machines. TLSHIVE names the program (default target/release/tlshive). TLSHIVE_PICTURES=FOLDER keeps what was seen, to look at.
# With TLSHIVE_PEERS_OPTIONAL=1 a browser that is not installed is skipped.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../peers/lib.sh"

python=$(python_with "selenium, hivex")
need Chromium chromium command -v chromium
need chromedriver chromium-driver command -v chromedriver
need "Selenium for Python" python3-selenium "$python" -c 'import selenium'
need "hivex for Python" python3-hivex "$python" -c 'import hivex'

today=$(date +%F)
cat >"$work/waivers.toml" <<EOF
[[waiver]]
rule = "dotnet-strong-crypto"
hosts = ["SRV-00*"]
reason = "until the old program is gone"
expires = "$(date -d "$today + 30 days" +%F)"
EOF
inputs=("$work/estate")
corpus=$shared/corpus/hosts
[[ ! -d $corpus ]] || inputs+=("$corpus")
"$python" "$repo/tests/estate/make.py" "$work/estate" 300
"$TLSHIVE" audit --waivers "$work/waivers.toml" --digest --format jsonl -o "$work/run.jsonl" --report "html=$work/page.html" \
    "${inputs[@]}" 2>"$work/err" || true
"$python" "$repo/tests/estate/grow.py" 5000 <"$work/run.jsonl" >"$work/many.jsonl"
"$TLSHIVE" report --format html "$work/many.jsonl" >"$work/many.html" 2>"$work/err" || true

pictures=${TLSHIVE_PICTURES:-$work/pictures}
mkdir -p "$pictures"
ended=
while read -r word rest; do
    case $word in
    end) ended=1 ;;
    ok) ok "page $rest" ;;
    FAIL) fail "page ${rest%%: *}" "${rest#*: }" ;;
    *) fail "page" "$word $rest" ;;
    esac
done < <("$python" "$repo/tests/page/check.py" "$work" "$pictures" ${TLSHIVE_PICTURES:+keep} 2>&1)
[[ $ended ]] || fail "page" "the checks did not come to their end"

finish
