"""What the figures were measured on, and whether anything else was running there."""

import json
import os
import platform
import re
import subprocess
from datetime import date
from pathlib import Path

from .paths import MODULES, RELEASE, ROOT
from .servers import LOAD_CORE, SERVER_CORE, TITLES

HERTZ = os.sysconf("SC_CLK_TCK")


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
    return facts | {TITLES[server]: VERSIONS[server]() for server in servers}


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
    return f"{output(str(RELEASE / 'hubbub'), '--version')}, {output('git', 'describe', '--always', '--dirty')}"


def npm_version(name):
    return json.loads((MODULES / name / "package.json").read_text())["version"]


def uws_version():
    commit = first_word(MODULES / "uwebsockets" / "source_commit")[:8]
    return f"npm `uwebsockets` {npm_version('uwebsockets')} (uWebSockets.js at {commit}), node {output('node', '-v')}"


def nchan_version():
    nginx = output("nginx", "-v").split("/")[-1]
    return f"nginx {nginx}, nchan {output('dpkg-query', '-Wf', '${Version}', 'libnginx-mod-nchan')}"


VERSIONS = {
    "hubbub": hubbub_version,
    "uws": uws_version,
    "ws": lambda: f"{npm_version('ws')}, node {output('node', '-v')}",
    "nchan": nchan_version,
}


class CoreWatch:
    """How busy the server's core was with anything but the server."""

    def __init__(self, pid):
        self.pid = pid
        self.before = self.read()

    def read(self):
        line = next(l for l in Path("/proc/stat").read_text().splitlines() if l.startswith(f"cpu{SERVER_CORE} "))
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, line.split()[1:9])
        busy = user + nice + system + irq + softirq + steal
        return busy, busy + idle + iowait, sum(map(ticks, tree(self.pid)))

    def others(self):
        """Share of the core's time since the beginning, 0 to 1."""
        busy, time, own = (now - then for now, then in zip(self.read(), self.before))
        return max(0.0, busy - own) / max(1, time)


def tree(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children")
    direct = children.read_text().split() if children.exists() else []
    return [pid] + [one for child in direct for one in tree(int(child))]


def ticks(pid):
    """User and system time of a process, in hundredths of a second (proc(5): fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
