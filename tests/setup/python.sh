#!/usr/bin/env bash
# The virtual environment of the Python tests, in .cache/python, made again when requirements.txt changes.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

wanted="$tests/setup/requirements.txt"
venv="$cache/python"
fresh "$venv/installed" "$wanted" && exit 0

say "installing the Python packages of tests/setup/requirements.txt into .cache/python"
rm -rf "$venv"
"$(python3_for_tests)" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$wanted"
"$venv/bin/pip" check --disable-pip-version-check
stamp "$venv/installed" "$wanted"
