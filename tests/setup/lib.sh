# What every installer here shares: where things go, how it speaks, how it decides that nothing is to be done.
# Sourced, never run.

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(dirname "$tests")
cache="$root/.cache"
mkdir -p "$cache"

say() { printf '\n== %s\n' "$*"; }
die() { printf '\nerror: %s\n' "$*" >&2; exit 1; }

# fresh STAMP FILE…: true when STAMP was written by `stamp` for these very files.
fresh() { [[ -f $1 && $(cat "$1") == "$(cat "${@:2}" | sha256sum)" ]]; }
stamp() { cat "${@:2}" | sha256sum > "$1"; }

# A Python that can hold the tests: 3.11 or newer, because the tests read TOML with tomllib.
python3_for_tests() {
    local candidate
    for candidate in /usr/bin/python3 python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}
