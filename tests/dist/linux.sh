#!/usr/bin/env bash
# Takes what `make dist` made, as a user does: checksums, the tarball unpacked, the Debian package installed and removed, each to a
# first verdict. With debootstrap, and as root, the package goes into a Debian with nothing in it; else it is unpacked alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

packages=$(realpath "${PACKAGES:-target/packages}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "dist: $*" >&2
    exit 1
}

# judges NAME COMMAND…: the program gives the verdicts that fixtures/README.md has.
judges() {
    local name=$1 host status
    shift
    for host in compliant=0 disabled=1 system-only=3; do
        status=0
        "$@" audit -q "fixtures/hosts/${host%=*}" || status=$?
        [[ $status == "${host#*=}" ]] || fail "$name: ${host%=*} gives $status"
    done
    echo "ok    $name: $("$@" --version) judges"
}

(cd "$packages" && sha256sum --quiet -c SHA256SUMS) || fail "a checksum is wrong"
echo "ok    checksums"

tarball=$(ls "$packages"/tlshive-*-linux-gnu.tar.gz)
tar -C "$work" -xzf "$tarball"
folder=$(basename "$tarball" .tar.gz)
unpacked=$work/$folder
for file in tlshive man1/tlshive.1 man1/tlshive-audit.1 completions/{tlshive.bash,tlshive.fish,_tlshive} LICENSE README.md; do
    [[ -s $unpacked/$file ]] || fail "the tarball lacks $file"
done
if readelf -lW "$unpacked/tlshive" | grep -q INTERP || readelf -dW "$unpacked/tlshive" | grep -q NEEDED; then
    fail "the program needs libraries"
fi
if grep -qaF -e "$PWD" -e "$HOME/" "$unpacked/tlshive"; then fail "the program names a folder of the machine that built it"; fi
judges tarball "$unpacked/tlshive"
# Nothing but itself: no library, no /etc, no /usr.
if ((EUID == 0)); then
    mkdir -p "$work/bare/fixtures"
    cp "$unpacked/tlshive" "$work/bare/"
    cp -r fixtures/hosts "$work/bare/fixtures/"
    judges "tarball, in a root with nothing else" chroot "$work/bare" /tlshive
fi

deb=$(find "$packages" -name '*.deb')
[[ -n $deb ]] || {
    echo "left  no Debian package was made"
    exit 0
}
for path in usr/bin/tlshive usr/share/man/man1/tlshive.1.gz usr/share/doc/tlshive/copyright \
    usr/share/bash-completion/completions/tlshive; do
    dpkg-deb -c "$deb" | grep -qE " \./$path$" || fail "the package lacks $path"
done
[[ -z $(dpkg-deb -f "$deb" Depends) ]] || fail "the package needs others: $(dpkg-deb -f "$deb" Depends)"
dpkg-deb -x "$deb" "$work/deb"
judges "Debian package, unpacked" "$work/deb/usr/bin/tlshive"

if ! command -v debootstrap >/dev/null || ((EUID)); then
    echo "left  without root and debootstrap, the package is not installed"
    exit 0
fi
debian=$work/debian
debootstrap --variant=minbase "${DEBIAN_SUITE:-bookworm}" "$debian" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/debootstrap.log" 2>&1 ||
    fail "debootstrap: $(tail -n 3 "$work/debootstrap.log")"
before=$(cd "$debian" && find etc opt srv usr | sort)
cp "$deb" "$debian/tlshive.deb"
cp -r fixtures "$debian/fixtures"
chroot "$debian" dpkg -i /tlshive.deb >/dev/null
judges "Debian package, installed" chroot "$debian" tlshive
chroot "$debian" dpkg -r tlshive >/dev/null
left=$(diff <(echo "$before") <(cd "$debian" && find etc opt srv usr | sort) || true)
[[ -z $left ]] || fail "the package leaves something behind: $left"
echo "ok    Debian package, removed: nothing is left"
