#!/usr/bin/env bash
# The npm packages of tests/node, exactly as its lock file names them.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

here="$tests/node"
command -v npm > /dev/null || die "please install Node.js 20 or newer (with npm): the browser tests run on it"
fresh "$here/node_modules/installed" "$here/package-lock.json" && exit 0

say "installing the npm packages of tests/node"
(cd "$here" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --silent --no-audit --no-fund)
stamp "$here/node_modules/installed" "$here/package-lock.json"
