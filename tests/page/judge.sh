#!/usr/bin/env bash
# The page that judges (`make page`) in Chromium: each fixture has the verdict there that the program gives, a disk image of 20 GB is
# read by its pages, hostile names do nothing, and nothing is asked of any network. Arguments choose parts of it. TLSHIVE names the program, TLSHIVE_PAGE the
# page. TLSHIVE_PICTURES=FOLDER keeps what was seen, to look at. With TLSHIVE_PEERS_OPTIONAL=1 what is not installed is skipped.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../peers/lib.sh"

python=$(python_with "selenium")
need Chromium chromium command -v chromium
need chromedriver chromium-driver command -v chromedriver
need "Selenium for Python" python3-selenium "$python" -c 'import selenium'
need qemu-img qemu-utils command -v qemu-img

cp "${TLSHIVE_PAGE:-$repo/target/tlshive.html}" "$work/tlshive.html"
cp -r "$repo/fixtures/hosts" "$repo/fixtures/images" "$repo/fixtures/reg" "$work"
# A browser passes over links, of which the program says that it did not follow them.
find "$work/hosts" "$work/images" "$work/reg" -type l -delete
for folder in hosts images reg; do
    (cd "$work" && "$TLSHIVE" audit --format jsonl "$folder" >"$folder.jsonl" 2>"$folder.err") || true
done

# 20 GB, of which next to nothing is there.
gzip -dc "$repo/fixtures/images/mbr-logical.raw.gz" >"$work/large.raw"
truncate -s 20G "$work/large.raw"
qemu-img convert -f raw -O vhdx "$work/large.raw" "$work/large.vhdx"
for image in large.raw large.vhdx; do
    (cd "$work" && "$TLSHIVE" audit --format jsonl "$image" >"$image.jsonl" 2>"$image.err") || true
done

hostile="$work/hostile/<img src=x onerror=document.title='acted'>"
mkdir -p "$hostile" "$work/empty"
cp "$repo"/fixtures/hosts/compliant/* "$hostile"
cp "$repo/fixtures/hosts/compliant/SYSTEM" "$work/hostile/$(printf 'a\342\200\256b&lt;<b>')"
"$TLSHIVE" generate disable -o "$work/disable.reg"

pictures=${TLSHIVE_PICTURES:-$work/pictures}
mkdir -p "$pictures"
"$python" "$repo/tests/page/judge.py" "$work" "$pictures" "$@" >"$work/told" 2>&1 || true
[[ $(tail -1 "$work/told") == end ]] || fail "page" "the checks did not come to their end"
sed -i '${/^end$/d}' "$work/told"
told page "$work/told"

finish
