#!/usr/bin/env bash
# Autobahn|Testsuite in .cache/autobahn. It is written for Python 2.7 and runs on nothing newer.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

venv="$cache/autobahn"
version=25.10.1
[[ -f $venv/installed && $(cat "$venv/installed") == "$version" ]] && exit 0

python2=${PYENV_ROOT:-$HOME/.pyenv}/versions/2.7.18/bin/python
[[ -x $python2 ]] || die "Autobahn|Testsuite needs CPython 2.7: there is none at $python2 (pyenv install 2.7.18).
To test without it, set HUBBUB_WITHOUT_AUTOBAHN=1; the summary will say that it was left out."

say "installing Autobahn|Testsuite $version into .cache/autobahn"
maker="$cache/autobahn-virtualenv"          # the last virtualenv that still knows how to make a Python 2.7 environment
rm -rf "$venv" "$maker"
"$(python3_for_tests)" -m venv "$maker"
"$maker/bin/pip" install --quiet --disable-pip-version-check 'virtualenv<20.22'
"$maker/bin/virtualenv" --quiet -p "$python2" "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check "autobahntestsuite==$version" 2>&1 | grep -v DEPRECATION || true
"$venv/bin/wstest" --help > /dev/null
echo "$version" > "$venv/installed"
