#!/bin/sh
# Builds the one file that is shipped: linked without shared libraries, in the slow profile.
#   deploy/build-static.sh [TARGET]
# x86_64-unknown-linux-gnu (default on that machine) and aarch64-unknown-linux-gnu link glibc in. With a target that ends
# in -musl, musl: add it with rustup, and a compiler for it (musl-tools, or CC_<target> and CARGO_TARGET_<TARGET>_LINKER).
set -eu
cd "$(dirname "$0")/.."
target=${1:-$(rustc --print host-tuple)}
case $target in
*-linux-musl | *-linux-gnu) ;;
*) echo "static builds are for Linux, not for $target" >&2; exit 2 ;;
esac
# For the target alone: with --target, cargo keeps these flags from build scripts and macros.
RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static -C relocation-model=static"
export RUSTFLAGS
cargo build --locked --profile dist --package poundlock --target "$target" --target-dir target/static
file=target/static/$target/dist/poundlock
# ldd fails on a static file: that is what is wanted. An interpreter is the sure sign of the other kind.
if readelf --program-headers "$file" | grep -q INTERP; then
    echo "$file still asks for shared libraries" >&2
    exit 1
fi
echo "$file"
