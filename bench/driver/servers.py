"""The servers: how each is started, pinned to one core, and stopped."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from .launch import SERVER_CORE, launch
from .paths import BINARIES, LOGS, MODULES, NCHAN, OXIDE, PEERS
from .say import Trouble

TITLES = {
    "hubbub": "Hubbub",
    # The same server once more; its clients can recover, which the load generator knows how to ask for.
    "hubbub-recovery": "Hubbub + recovery",
    "uws": "uWebSockets.js",
    "ws": "npm ws",
    "nchan": "nginx + nchan",
    "socketio": "socket.io",
    "socketioxide": "socketioxide",
    "prosody": "Prosody",
    "ejabberd": "ejabberd",
    "coturn": "coturn",
    "bittorrent-tracker": "bittorrent-tracker",
}
SERVERS = list(TITLES)

PORTS = range(21000, 31000)
START_SECONDS = 15
STOP_SECONDS = 5


@contextmanager
def started(server, home=None):
    """A fresh server, with what the scenario wants it to have; answers its process id and port."""
    port = free_port()
    log = LOGS / f"{server}.log"
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as folder, log.open("w") as output:
        environment = {**os.environ, "NODE_PATH": str(MODULES)}
        command = home.command(server, port, Path(folder)) if home else COMMANDS[server](port, Path(folder))
        process = launch(SERVER_CORE, command, cwd=folder, stdout=output, stderr=output, env=environment)
        try:
            await_port(server, process, port)
            if server == "ejabberd":
                await_file(server, Path(folder) / "ready")
            yield process.pid, port
        finally:
            stop(process)


def hubbub(port, _folder):
    """Without a data folder: rooms are in memory, as they are with all the peers."""
    return [str(BINARIES / "hubbub"), "--listen", f"127.0.0.1:{port}", "--workers", "1"]


def node(script):
    return lambda port, _folder: ["node", str(PEERS / script), str(port)]


def nchan(port, folder):
    text = (PEERS / "nginx.conf").read_text()
    for mark, value in {"@DIR@": folder, "@PORT@": port, "@MODULE@": NCHAN}.items():
        text = text.replace(mark, str(value))
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    return [shutil.which("nginx"), "-p", str(folder), "-c", str(configuration)]


def socketioxide(port, _folder):
    return [str(OXIDE / "release" / "hubbub-bench-socketioxide"), str(port)]


# Where a scenario does not say what it wants.
COMMANDS = {
    "hubbub": hubbub,
    "hubbub-recovery": hubbub,
    "uws": node("uws.js"),
    "ws": node("ws.js"),
    "nchan": nchan,
    "socketio": node("socketio.js"),
    "socketioxide": socketioxide,
}


def free_port():
    """A port below the ephemeral ones that nobody uses, another one each time."""
    for _ in PORTS:
        free_port.last = free_port.last + 1 if free_port.last + 1 in PORTS else PORTS.start
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", free_port.last))
                return free_port.last
            except OSError:
                continue
    raise Trouble(f"no free port between {PORTS.start} and {PORTS.stop}")


free_port.last = PORTS.start + os.getpid() % len(PORTS)


def await_port(server, process, port):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Trouble(f"{server} ended at once:\n{tail(server)}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Trouble(f"{server} does not listen after {START_SECONDS} s:\n{tail(server)}")


def await_file(server, path):
    deadline = time.monotonic() + START_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            raise Trouble(f"{server} is not ready after {START_SECONDS} s:\n{tail(server)}")
        time.sleep(0.02)


def stop(process):
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tail(server):
    """The end of a server's log."""
    return "\n".join((LOGS / f"{server}.log").read_text(errors="replace").splitlines()[-10:])
