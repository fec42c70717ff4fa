"""What the servers of the scenarios of WebTorrent's trackers are told before they start."""

from dataclasses import dataclass

from .paths import BINARIES, PEERS
from .template import fill


@dataclass(frozen=True)
class Tracker:
    """A server that brings peers together."""

    def command(self, server, port, folder):
        return COMMANDS[server](port, folder)


def hubbub(port, folder):
    made = fill("hubbub-tracker.toml", folder, {})
    return [str(BINARIES / "hubbub"), "--config", str(made), "--listen", f"127.0.0.1:{port}", "--workers", "1"]


def bittorrent_tracker(port, _folder):
    return ["node", str(PEERS / "tracker.js"), str(port)]


COMMANDS = {"hubbub": hubbub, "bittorrent-tracker": bittorrent_tracker}
