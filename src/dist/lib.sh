# What src/dist/linux.sh and src/dist/windows.sh share. They run from the root of the checkout.

profile=${PROFILE:-dist}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
packages=${PACKAGES:-target/packages}

# What is made says the day of the last commit, so that it is the same whenever it is made.
if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=315619200
fi
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

# build TRIPLE [RUSTC FLAG…]: the program, without a trace of where it was built. CARGO is the words that build it.
build() {
    local triple=$1 flags=("${@:2}") from
    for from in "$PWD=." "$target_dir=target" "$(realpath "${CARGO_HOME:-$HOME/.cargo}")=cargo"; do
        flags+=(--remap-path-prefix "$from")
    done
    # With RUSTFLAGS, a folder with a blank in its name would be two flags.
    CARGO_ENCODED_RUSTFLAGS=$(
        IFS=$'\x1f'
        echo "${flags[*]}"
    ) ${CARGO:-cargo} build --locked --bin tlshive --profile "$profile" --target "$triple" "${CARGO_FLAGS[@]}"
}

# Where a program of this triple is.
built() {
    echo "$target_dir/$1/${profile/#dev/debug}/tlshive${2:-}"
}

# sums: checksums of all that lies in the folder of packages.
sums() {
    (cd "$packages" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs -r sha256sum >SHA256SUMS)
}
