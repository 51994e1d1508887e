#!/usr/bin/env bash
# Puts the page together: make.sh PROGRAM.wasm OUT.html. The same program gives the same bytes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
report=$here/../output/html
program=$1 out=$2

# How the policy of contents names a style or a script.
hash_of() { printf "'sha256-%s'" "$(printf '%s' "$1" | sha256sum | cut -c1-64 | tr a-f A-F | basenc -d --base16 | base64 -w0)"; }
# A file without its last line breaks.
text_of() { local text; text=$(cat "$@"); printf '%s' "$text"; }

script=$(text_of "$here/page.js")
style=$(text_of "$here/page.css")
# The report that is shown has a style and a script of its own, which stand in it to the last byte.
report_script=$(cat "$report/script.js"; printf .)
report_style=$(cat "$report/style.css"; printf .)

while IFS= read -r line; do
    line=${line//'{{script-hashes}}'/"$(hash_of "$script") $(hash_of "${report_script%.}")"}
    line=${line//'{{style-hashes}}'/"$(hash_of "$style") $(hash_of "${report_style%.}")"}
    case $line in
    *'{{'*'}}'*)
        name=${line#*'{{'} before=${line%%'{{'*} after=${line#*'}}'}
        printf '%s' "$before"
        case ${name%%'}}'*} in
        style) printf '%s' "$style" ;;
        script) printf '%s' "$script" ;;
        worker) text_of "$here/files.js" "$here/wasi.js" "$here/worker.js" ;;
        program) gzip -9nc "$program" | base64 -w0 ;;
        esac
        printf '%s\n' "$after"
        ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$here/page.html" >"$out"
