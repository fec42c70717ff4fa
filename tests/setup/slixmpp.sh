#!/usr/bin/env bash
# slixmpp in .cache/slixmpp: the library as others install it, and its integration tests, which only the source archive has.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

wanted="$tests/setup/slixmpp.txt"
home="$cache/slixmpp"
fresh "$home/installed" "$wanted" && exit 0

say "installing slixmpp and its integration tests into .cache/slixmpp"
rm -rf "$home"
"$(python3_for_tests)" -m venv "$home"
pip="$home/bin/pip --disable-pip-version-check"
$pip install --quiet --no-deps --requirement "$wanted"
$pip check
$pip download --quiet --no-deps --no-binary slixmpp --dest "$home/source" "$(grep '^slixmpp==' "$wanted")"
tar --extract --gzip --file "$home"/source/slixmpp-*.tar.gz --directory "$home/source" --strip-components=1 --wildcards '*/itests/*'
stamp "$home/installed" "$wanted"
