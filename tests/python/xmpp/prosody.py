"""Debian's Prosody as an oracle: a story that it cannot play either is probably wrong. Never part of a test run.

It has ports and a folder of its own, and is stopped by its process id.
"""

import random
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from hubbub_test.server import PATIENCE
from hubbub_test.waiting import until

from xmpp.servers import XmppServer

CONFIG = """
run_as_root = true
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ {{ levels = {{ min = "debug" }}, to = "file", filename = "{folder}/log" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {tcp} }}
c2s_direct_tls_ports = {{ {direct} }}
http_ports = {{ {http} }}
http_interfaces = {{ "127.0.0.1" }}
https_ports = {{ }}
s2s_ports = {{ }}
ssl = {{ key = "{folder}/key.pem", certificate = "{folder}/server.pem" }}
c2s_require_encryption = true
consider_websocket_secure = true
authentication = "internal_plain"
storage = "internal"
archive_expires_after = "never"
default_archive_policy = true
allow_registration = true
smacks_hibernation_time = 60
external_services = {{ {{ type = "turn", host = "turn.localhost", port = 3478, transport = "udp", secret = "secret" }} }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "carbons", "pep", "private", "blocklist", "vcard_legacy",
  "version", "time", "ping", "register", "mam", "csi", "csi_simple", "smacks", "offline", "websocket", "external_services", "presence", "message", "iq" }}
modules_disabled = {{ "s2s" }}
VirtualHost "localhost"
  disco_items = {{ {{ "rooms.localhost", "Rooms" }} }}
VirtualHost "guest.localhost"
  authentication = "anonymous"
Component "rooms.localhost" "muc"
  name = "Rooms"
  modules_enabled = {{ "muc_mam" }}
  muc_room_locking = true
  muc_log_by_default = true
"""


def free_port() -> int:
    """One that nobody listens on, and that the system gives to nobody who does not ask for it by number."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


class Prosody(XmppServer):
    def __init__(self, accounts: dict[str, str], ports: tuple[int, ...] = ()):
        super().__init__(Path(tempfile.mkdtemp(prefix="prosody-")), accounts)
        self.tcp, self.direct = ports or (free_port(), free_port())
        self.http_port = free_port()
        (self.folder / "prosody.cfg.lua").write_text(
            CONFIG.format(folder=self.folder, tcp=self.tcp, direct=self.direct, http=self.http_port)
        )
        homes = self.folder / "data" / "localhost" / "accounts"
        homes.mkdir(parents=True)
        for name, password in accounts.items():
            (homes / f"{name}.dat").write_text(f'return {{ ["password"] = "{password}"; }};\n')

    def start(self) -> "Prosody":
        self.process = subprocess.Popen(
            ["prosody", "--config", self.folder / "prosody.cfg.lua"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        until(lambda: self.answers(self.tcp) and self.answers(self.http_port), "Prosody listens")
        return self

    def answers(self, port: int) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def port(self, way: str) -> int:
        return {"direct TLS": self.direct, "WebSocket": self.http_port}.get(way, self.tcp)

    def stop(self):
        self.process.kill()  # gently it would wait for the sessions
        self.process.wait(PATIENCE)
        print((self.folder / "log").read_text()[-3000:])
        shutil.rmtree(self.folder)
