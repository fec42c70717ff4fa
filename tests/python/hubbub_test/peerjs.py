"""Peers of PeerJS by hand: the JSON that the npm package `peerjs` speaks to its server, over the `websockets` library."""

import itertools
import json
from contextlib import suppress
from urllib.parse import quote, urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from hubbub_test.server import PATIENCE, Server

NUMBERS = itertools.count(1)
OPEN = {"type": "OPEN"}
TAKEN = {"type": "ID-TAKEN", "payload": {"msg": "ID is taken"}}


def new_id() -> str:
    """An id that no other test knows."""
    return f"peer-{next(NUMBERS)}"


def error(why: str) -> dict:
    return {"type": "ERROR", "payload": {"msg": why}}


def address(server: Server, path: str = "/peerjs", **query) -> str:
    query = urlencode({key: value for key, value in query.items() if value is not None}, quote_via=quote)
    return f"ws{server.base.removeprefix('http')}{path}?{query}"


class Peer:
    """One connection, opened as the client opens it."""

    def __init__(
        self,
        server: Server,
        id: str | None = None,
        token: str | None = "made-up",
        key: str | None = "peerjs",
        path: str = "/peerjs",
        **options,
    ):
        self.server, self.id, self.token = server, new_id() if id is None else id, token
        where = address(server, path, key=key, id=self.id, token=token, version="1.5.5")
        self.socket = connect(where, compression=None, max_size=None, open_timeout=PATIENCE, legacy=True, **options)

    def send(self, type: str, dst: str | None = None, **members):
        message = {"type": type, **members}
        self.socket.send(json.dumps(message if dst is None else message | {"dst": dst}))

    def next(self) -> dict:
        return json.loads(self.socket.recv(timeout=PATIENCE))

    def opened(self) -> "Peer":
        first = self.next()
        assert first == OPEN, first
        return self

    def hears_nothing_before(self, other: "Peer"):
        """What `other` says next is the next that it hears."""
        other.send("OFFER", self.id, payload="a mark")
        assert self.next() == {"type": "OFFER", "src": other.id, "dst": self.id, "payload": "a mark"}

    def end(self) -> tuple[list[dict], int | None]:
        """All that is still said, and the close code; None for a connection that just broke."""
        said = []
        try:
            while True:
                said.append(self.next())
        except ConnectionClosed as closed:
            return said, closed.rcvd.code if closed.rcvd else None

    def cut(self):
        """Ends the TCP connection without a close frame."""
        with suppress(OSError):
            self.socket.socket.shutdown(2)

    def close(self):
        self.socket.close()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_):
        self.close()


def join(server: Server, id: str | None = None, **options) -> Peer:
    """A peer that has its id."""
    return Peer(server, id, **options).opened()
