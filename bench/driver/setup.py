"""Installs what a run needs: Debian packages, npm packages and the Rust peer under .cache/bench, release builds."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from . import turn, xmpp
from .paths import BINARIES, CACHE, LOGS, MODULES, NCHAN, OXIDE, PEERS, ROOT
from .say import Trouble, say

NGINX = ["nginx", "libnginx-mod-nchan"]
# Asked by packages before they start a service; 101 is "do not" (invoke-rc.d(8)).
POLICY = Path("/usr/sbin/policy-rc.d")


def prepare(servers, build):
    """Makes sure that the load generator and the given servers can run."""
    LOGS.mkdir(parents=True, exist_ok=True)
    need("taskset", "util-linux")
    ours = ["hubbub-load"] + (["hubbub"] if {"hubbub", "hubbub-recovery"} & set(servers) else [])
    if build:
        cargo(ours)
    if {"uws", "ws", "socketio", "bittorrent-tracker"} & set(servers):
        need("node", "nodejs (20 or later)")
        npm()
    if "nchan" in servers and not (shutil.which("nginx") and NCHAN.exists()):
        debian(NGINX)
    if {"prosody", "ejabberd"} & set(servers) and not xmpp.installed():
        debian(xmpp.DEBIAN)
    if "coturn" in servers and not turn.installed():
        debian(turn.DEBIAN)
    xmpp.prepare()
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


def debian(packages):
    """Installs them; none starts a service of its own."""
    if os.geteuid() != 0:
        raise Trouble(f"something is missing: sudo apt-get install {' '.join(packages)}")
    say(f"installing {' '.join(packages)} from Debian")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with no_services():
        run(["apt-get", "update", "-qq"], env=environment)
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=environment)


@contextmanager
def no_services():
    """Where nobody has a policy about it, ours is there for a moment."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    try:
        POLICY.chmod(0o755)
        yield
    finally:
        POLICY.unlink()


def run(command, **options):
    if subprocess.run(command, stdout=subprocess.DEVNULL, **options).returncode:
        raise Trouble(f"failed: {' '.join(command)}")
