"""Installs what a run needs: Debian packages, npm packages and the Rust peer under .cache/bench, release builds."""

import json
import os
import shutil
import subprocess

from .paths import BINARIES, CACHE, LOGS, MODULES, NCHAN, OXIDE, PEERS, ROOT
from .say import Trouble, say

DEBIAN = ["nginx", "libnginx-mod-nchan"]


def prepare(servers, build):
    """Makes sure that the load generator and the given servers can run."""
    LOGS.mkdir(parents=True, exist_ok=True)
    need("taskset", "util-linux")
    ours = ["hubbub-load"] + (["hubbub"] if {"hubbub", "hubbub-recovery"} & set(servers) else [])
    if build:
        cargo(ours)
    if {"uws", "ws", "socketio"} & set(servers):
        need("node", "nodejs (20 or later)")
        npm()
    if "nchan" in servers:
        debian()
    if "socketioxide" in servers:
        socketioxide()
    for name in ours:
        if not (BINARIES / name).exists():
            raise Trouble(f"{BINARIES / name} is not there; run without --no-build")


def need(program, package):
    if not shutil.which(program):
        raise Trouble(f"`{program}` is missing: install {package}")


def cargo(crates):
    say(f"building {', '.join(crates)} (release)")
    packages = [word for crate in crates for word in ("-p", crate)]
    run(["cargo", "build", "--release", "--quiet", *packages], cwd=ROOT)


def socketioxide():
    """Built as Hubbub is; nothing is done if its source and its lock file are as they were."""
    say("building socketioxide (release)")
    manifest = PEERS / "socketioxide" / "Cargo.toml"
    run(["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", str(manifest), "--target-dir", str(OXIDE)])


def npm():
    wanted = json.loads((PEERS / "package.json").read_text())["dependencies"]
    if wanted == {name: installed(name) for name in wanted}:
        return
    say("installing " + ", ".join(f"{name} {version}" for name, version in wanted.items()) + " from npm")
    shutil.copy(PEERS / "package.json", CACHE)
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    run(["npm", "install", *quiet], cwd=CACHE)


def installed(name):
    manifest = MODULES / name / "package.json"
    return json.loads(manifest.read_text())["version"] if manifest.exists() else None


def debian():
    if shutil.which("nginx") and NCHAN.exists():
        return
    if os.geteuid() != 0:
        raise Trouble(f"nginx with nchan is missing: sudo apt-get install {' '.join(DEBIAN)}")
    say(f"installing {' '.join(DEBIAN)} from Debian")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], env=environment)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *DEBIAN], env=environment)


def run(command, **options):
    if subprocess.run(command, stdout=subprocess.DEVNULL, **options).returncode:
        raise Trouble(f"failed: {' '.join(command)}")
