#!/usr/bin/env bash
# A client written in Rust, exactly as its lock file has it, in .cache/NAME. Prints where it is.
# Usage: rust-client.sh rust-client|rust-xmpp-client|rust-turn-client
set -euo pipefail
source "$(dirname "$0")/lib.sh"

name=$1
here="$tests/$name"
program="$cache/$name/debug/hubbub-test-$name"
made_of=("$here/Cargo.toml" "$here/Cargo.lock" "$here"/src/*.rs)
if ! { [[ -x $program ]] && fresh "$cache/$name/installed" "${made_of[@]}"; }; then
    command -v cargo > /dev/null || die "please install Rust: tests/$name is a client that is built here"
    # Only the client of Socket.IO needs OpenSSL.
    [[ $name != rust-client ]] || pkg-config --exists openssl \
        || "$tests/setup/debian.sh" openssl-headers=libssl-dev pkg-config=pkg-config >&2
    say "building tests/$name into .cache/$name" >&2
    cargo build --quiet --locked --jobs 2 --manifest-path "$here/Cargo.toml" --target-dir "$cache/$name" >&2
    stamp "$cache/$name/installed" "${made_of[@]}"
fi
echo "$program"
