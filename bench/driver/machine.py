"""What the figures were measured on, and whether anything else was running there."""

import json
import os
import platform
import re
import subprocess
import time
import tomllib
from datetime import date
from pathlib import Path

from .launch import LOAD_CORE, SERVER_CORE
from .paths import BINARIES, MODULES, PEERS, ROOT
from .servers import TITLES


def describe(servers):
    """Label and value pairs for the head of the results."""
    facts = {
        "date": date.today().isoformat(),
        "CPU": f"{cpu_model()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "TCP congestion control": first_word("/proc/sys/net/ipv4/tcp_congestion_control"),
        "pinning": f"server on core {SERVER_CORE}, load generator on core {LOAD_CORE}",
        "open files per process": str(os.sysconf("SC_OPEN_MAX")),
    }
    return facts | {TITLES[server]: VERSIONS[server]() for server in servers if server in VERSIONS}


def cpu_model():
    match = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    flags = " (virtual machine)" if " hypervisor" in Path("/proc/cpuinfo").read_text() else ""
    return (match.group(1) if match else platform.machine()) + flags


def first_word(path):
    return Path(path).read_text().split()[0]


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return (done.stdout + done.stderr).strip()


def hubbub_version():
    return f"{output(str(BINARIES / 'hubbub'), '--version')}, {output('git', 'describe', '--always', '--dirty')}"


def npm_version(name):
    return json.loads((MODULES / name / "package.json").read_text())["version"]


def uws_version():
    commit = first_word(MODULES / "uwebsockets" / "source_commit")[:8]
    return f"npm `uwebsockets` {npm_version('uwebsockets')} (uWebSockets.js at {commit}), node {output('node', '-v')}"


def nchan_version():
    nginx = output("nginx", "-v").split("/")[-1]
    return f"nginx {nginx}, nchan {debian_version('libnginx-mod-nchan')}"


def debian_version(package):
    return output("dpkg-query", "-Wf", "${Version}", package)


def socketioxide_version():
    lock = tomllib.loads((PEERS / "socketioxide" / "Cargo.lock").read_text())
    return next(package["version"] for package in lock["package"] if package["name"] == "socketioxide")


VERSIONS = {
    "hubbub": hubbub_version,
    "uws": uws_version,
    "ws": lambda: f"{npm_version('ws')}, node {output('node', '-v')}",
    "nchan": nchan_version,
    "socketio": lambda: f"{npm_version('socket.io')}, node {output('node', '-v')}",
    "socketioxide": socketioxide_version,
    "prosody": lambda: f"{debian_version('prosody')} (Debian), {output('lua5.4', '-v').split('  ')[0]}",
    "ejabberd": lambda: f"{debian_version('ejabberd')} (Debian), Erlang/OTP {debian_version('erlang-base')}",
    "coturn": lambda: f"{debian_version('coturn')} (Debian)",
    "bittorrent-tracker": lambda: f"npm {npm_version('bittorrent-tracker')}, ws {npm_version('ws')}, node {output('node', '-v')}",
}


class Interference:
    """How long the server's busiest thread had to wait for its core: for other work, or for the hypervisor."""

    def __init__(self, pid):
        self.pid = pid
        self.begun = time.monotonic()
        self.stolen = steal()
        self.threads = threads(pid)

    def share(self):
        """Of the time since the beginning, 0 to 1."""
        grown = {tid: (ran - self.threads.get(tid, (0, 0))[0], waited - self.threads.get(tid, (0, 0))[1])
                 for tid, (ran, waited) in threads(self.pid).items()}
        _, waited = max(grown.values())
        return (waited / 1e9 + steal() - self.stolen) / (time.monotonic() - self.begun)


def threads(pid):
    """For each thread of the process and its descendants, nanoseconds on a core and waiting for one (schedstat)."""
    found = {}
    for process in tree(pid):
        for task in Path(f"/proc/{process}/task").iterdir():
            ran, waited, _ = (task / "schedstat").read_text().split()
            found[int(task.name)] = (int(ran), int(waited))
    return found


def tree(pid):
    """The process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    direct = children.read_text().split() if children.exists() else []
    return [pid] + [one for child in direct for one in tree(int(child))]


def steal():
    """Seconds for which the hypervisor ran something else on the server's core (proc(5))."""
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{SERVER_CORE} "))
    return int(line.split()[8]) / os.sysconf("SC_CLK_TCK")
