"""What the servers of the scenarios of TURN are told before they start."""

import shutil
from dataclasses import dataclass

from .paths import BINARIES
from .template import fill

# Debian's package.
DEBIAN = ["coturn"]
PROGRAM = "turnserver"

# What credentials are made with; known to the servers and the load generator.
SECRET = "32-bytes-that-only-the-bench-has"
# Below the ports that the machine gives to anybody who asks, and beside those of the servers themselves.
# coturn keeps a port for a second after its allocation has ended.
RELAY_PORTS = range(1100, 21000)


@dataclass(frozen=True)
class Relays:
    """A server that relays packets."""

    def command(self, server, port, folder):
        return COMMANDS[server](port, folder)


def installed():
    return shutil.which(PROGRAM) is not None


def values(port, folder):
    return {"DIR": folder, "PORT": port, "SECRET": SECRET, "FIRST": RELAY_PORTS.start, "LAST": RELAY_PORTS.stop - 1}


def hubbub(port, folder):
    made = fill("hubbub-turn.toml", folder, values(port, folder))
    return [str(BINARIES / "hubbub"), "--config", str(made), "--listen", f"127.0.0.1:{port}", "--workers", "1"]


def coturn(port, folder):
    """Without a database: the one that it makes where it is told to has nothing in it."""
    return [PROGRAM, "-c", str(fill("turnserver.conf", folder, values(port, folder)))]


COMMANDS = {"hubbub": hubbub, "coturn": coturn}
