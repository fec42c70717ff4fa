# What the scripts share. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="$root/.cache"
tools="$cache/tools"
mkdir -p "$cache"
cd "$root" || exit 1
export PATH="$PATH:$tools/bin"

say() { printf '== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" > /dev/null 2>&1; }

# at_least WANTED FOUND: whether version FOUND is WANTED or newer.
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort --version-sort | head -1) == "$1" ]]; }
