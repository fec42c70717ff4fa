"""WebSockets by the `websockets` library, raw and with the `hubbub.json` subprotocol."""

import json
import socket
from contextlib import suppress
from urllib.parse import quote, urlencode

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hubbub_test.server import PATIENCE, Server


def address(server: Server, room: str, **query) -> str:
    query = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in query.items()
        if value is not None
    }
    return server.ws(quote(room, safe="@")) + ("?" + urlencode(query, quote_via=quote) if query else "")


def dial(server: Server, room: str, query: dict, headers: dict | None = None, **options) -> ClientConnection:
    """An open connection, to be closed by the caller (which is what `legacy` means)."""
    return connect(
        address(server, room, **query),
        additional_headers=headers,
        max_size=None,
        open_timeout=PATIENCE,
        legacy=True,
        **options,
    )


def open_raw(
    server: Server, room: str, headers: dict | None = None, compression: str | None = None, **query
) -> ClientConnection:
    """A socket on which a frame is a message."""
    return dial(server, room, query, headers, compression=compression)


class JsonSocket:
    """A socket that speaks envelopes."""

    def __init__(self, server: Server, room: str, headers: dict | None = None, compression: str | None = None, **query):
        self.socket = dial(server, room, query, headers, compression=compression, subprotocols=["hubbub.json"])

    def next(self) -> dict:
        """The next envelope, whatever it is."""
        return json.loads(self.socket.recv(timeout=PATIENCE))

    def next_forever(self) -> dict:
        """The next envelope, however long it takes; `ConnectionClosed` at the end."""
        return json.loads(self.socket.recv())

    def cut(self):
        """Ends the TCP connection without a close frame."""
        with suppress(OSError):  # it may be gone already
            self.socket.socket.shutdown(socket.SHUT_RDWR)

    def next_named(self, *names: str) -> dict:
        """The next envelope with one of these event names."""
        while (envelope := self.next())["event"] not in names:
            pass
        return envelope

    def next_message(self) -> dict:
        """The next envelope that is not one of the server's own events."""
        while (envelope := self.next())["event"].startswith("hubbub:"):
            pass
        return envelope

    def joined(self) -> dict:
        """The data of `hubbub:joined`, which comes first of all."""
        first = self.next()
        assert first["event"] == "hubbub:joined", first
        return first["data"]

    def send(self, data, **members):
        self.socket.send(json.dumps({"data": data, **members}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def close_code(socket: ClientConnection) -> int | None:
    """Reads to the end of a socket and says how it was closed; None for a connection that just broke."""
    try:
        while True:
            socket.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def refusal(server: Server, room: str, headers: dict | None = None, **query):
    """The HTTP response of a handshake that is to be refused."""
    try:
        dial(server, room, query, headers).close()
    except InvalidStatus as refused:
        return refused.response
    raise AssertionError("the handshake was accepted")
