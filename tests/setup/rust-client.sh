#!/usr/bin/env bash
# The client of tests/rust-client, exactly as its lock file has it, in .cache/rust-client. Prints where it is.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

here="$tests/rust-client"
program="$cache/rust-client/debug/hubbub-test-rust-client"
if ! { [[ -x $program ]] && fresh "$cache/rust-client/installed" "$here/Cargo.lock" "$here/src/main.rs"; }; then
    command -v cargo > /dev/null || die "please install Rust: tests/rust-client is a client of Socket.IO that is built here"
    pkg-config --exists openssl || "$tests/setup/debian.sh" openssl-headers=libssl-dev pkg-config=pkg-config >&2
    say "building the Rust client of Socket.IO into .cache/rust-client" >&2
    cargo build --quiet --locked --jobs 2 --manifest-path "$here/Cargo.toml" --target-dir "$cache/rust-client" >&2
    stamp "$cache/rust-client/installed" "$here/Cargo.lock" "$here/src/main.rs"
fi
echo "$program"
