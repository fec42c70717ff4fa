"""The server that speaks XMPP in a test: ours, or (with `XMPP_ORACLE=prosody`, to prove a test) Debian's Prosody."""

import os
import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hubbub_test.certificates import server_context
from hubbub_test.server import Server
from hubbub_test.tokens import SECRET
from hubbub_test.tunnel import tunnel

from xmpp.links import HOST, PATIENCE, Tcp, WebSocket

ORACLE = os.environ.get("XMPP_ORACLE")
DOMAIN, ROOMS, GUESTS = "localhost", "rooms.localhost", "guest.localhost"


class XmppServer:
    """Where it is, and how one gets there by TLS. Subclasses know `start`, `stop` and `port(way)`."""

    domain = DOMAIN
    scheme = "ws"

    def __init__(self, folder: Path, accounts: Iterable[str]):
        self.folder = folder
        self.addresses = [f"{name}@{DOMAIN}" for name in accounts]
        _, authority = server_context(folder, (DOMAIN, ROOMS, GUESTS))
        self.authority = authority
        self.tls = ssl.create_default_context(cafile=authority)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def websocket(self) -> str:
        return f"{self.scheme}://{HOST}:{self.port('WebSocket')}/xmpp-websocket"

    def link(self, way: str, domain: str) -> Tcp | WebSocket:
        if way == "WebSocket":
            return self.open_websocket(domain)
        return Tcp(self.port(way), domain, self.tls if way == "direct TLS" else None)

    def open_websocket(self, domain: str, **options) -> WebSocket:
        """Over TLS by a tunnel: see there."""
        inside = None
        if self.scheme == "wss":
            inside = tunnel(self.port("WebSocket"), self.tls, DOMAIN, PATIENCE)
        return WebSocket(self.websocket.replace("wss://", "ws://"), domain, inside, **options)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


CONFIG = """
[server]
domain = "{domain}"
[access]
admit = ["accounts", "guests", "tokens"]
[token]
hmac_secret = "{secret}"
[tls]
certificate_files = ["{folder}/server.pem"]
key_files = ["{folder}/key.pem"]
[xmpp]
require_tls = true
"""


class Hubbub(XmppServer):
    """The program under test. Everything is on one port; `ports` are more of them. `config` continues the section `[xmpp]`."""

    scheme = "wss"

    def __init__(self, accounts: dict[str, str], config: str = "", ports: tuple[int, ...] = ()):
        super().__init__(Path(tempfile.mkdtemp(prefix="hubbub-xmpp-")), accounts)
        text = CONFIG.format(domain=DOMAIN, folder=self.folder, secret=SECRET) + config
        more = (f"{HOST}:{port}" for port in ports)
        self.server = Server(text, data=self.folder / "data", listen=(f"{HOST}:0", *more))
        for name, password in accounts.items():
            self.server.add_user(name, password)

    def start(self) -> "Hubbub":
        self.server.start()
        return self

    @property
    def process(self):
        return self.server.process

    def port(self, way: str) -> int:
        return self.server.port

    def stop(self):
        self.server.stop()


def server_for(accounts: dict[str, str], config: str = "", ports: tuple[int, ...] = ()) -> XmppServer:
    """Not started yet. The oracle has no settings of ours."""
    if ORACLE == "prosody":
        from xmpp.prosody import Prosody

        return Prosody(accounts, ports)
    return Hubbub(accounts, config, ports)
