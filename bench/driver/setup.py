"""Installs what a run needs: Debian packages, npm packages under .cache/bench, release builds."""

import json
import os
import shutil
import subprocess

from .paths import BINARIES, CACHE, LOGS, MODULES, NCHAN, PEERS, ROOT
from .say import Trouble, say

DEBIAN = ["nginx", "libnginx-mod-nchan"]


def prepare(servers, build):
    """Makes sure that the load generator and the given servers can run."""
    LOGS.mkdir(parents=True, exist_ok=True)
    need("taskset", "util-linux")
    if build:
        cargo(["hubbub-load"] + (["hubbub"] if "hubbub" in servers else []))
    if {"uws", "ws"} & set(servers):
        need("node", "nodejs (20 or later)")
        npm()
    if "nchan" in servers:
        debian()
    for name in ["hubbub-load"] + (["hubbub"] if "hubbub" in servers else []):
        if not (BINARIES / name).exists():
            raise Trouble(f"{BINARIES / name} is not there; run without --no-build")


def need(program, package):
    if not shutil.which(program):
        raise Trouble(f"`{program}` is missing: install {package}")


def cargo(crates):
    say(f"building {', '.join(crates)} (release)")
    packages = [word for crate in crates for word in ("-p", crate)]
    run(["cargo", "build", "--release", "--quiet", *packages], cwd=ROOT)


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
