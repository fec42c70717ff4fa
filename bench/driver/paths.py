"""Where things are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
PEERS = BENCH / "peers"
CACHE = ROOT / ".cache" / "bench"
LOGS = CACHE / "logs"
MODULES = CACHE / "node_modules"
OXIDE = CACHE / "socketioxide"
XMPP = CACHE / "xmpp"
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# Tests point this at the binaries they have built anyway; figures come from release builds only.
BINARIES = Path(os.environ.get("BENCH_BINARIES", TARGET / "release")).resolve()
