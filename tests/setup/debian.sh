#!/usr/bin/env bash
# Debian packages that the tests drive: curl, Chromium, and a Python that can make a virtual environment.
# Usage: debian.sh COMMAND=PACKAGE…   (a package is installed only if its command is missing)
set -euo pipefail
source "$(dirname "$0")/lib.sh"

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

missing=()
for pair in "$@"; do
    command -v "${pair%%=*}" > /dev/null || missing+=("${pair#*=}")
done
python3_for_tests > /dev/null || missing+=(python3 python3-venv)
[[ ${#missing[@]} -eq 0 ]] && exit 0

command -v apt-get > /dev/null || die "please install: ${missing[*]} (there is no apt-get here to do it with)"
[[ $(id -u) -eq 0 ]] || die "please run as root, or install by hand: apt-get install ${missing[*]}"
say "installing Debian packages: ${missing[*]}"
# Packages ask before they start a service; 101 is "do not" (invoke-rc.d(8)). Where nobody has a policy about it, ours is there for a moment.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
fi
log="$cache/apt.log"
{
    apt-get update
    # A large installation sometimes breaks half-way; finishing it and asking again mends that.
    install "${missing[@]}" || { dpkg --configure -a && install "${missing[@]}"; }
} > "$log" 2>&1 || { tail -20 "$log" >&2; die "apt-get failed; everything it said is in $log"; }
