"""Engine.IO spoken by hand, one request or one frame at a time: a client that does only what a test tells it to.

For what is expected see the documents of the protocol, revisions 4 (EIO4) and 3 (EIO3).
"""

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection, connect

from hubbub_test.server import PATIENCE, Server
from hubbub_test.waiting import until

SEPARATOR = "\x1e"
OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = "0123456"
TEXT, BINARY = "text/plain; charset=UTF-8", "application/octet-stream"


@dataclass
class Reply:
    """The answer to a request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def packets(self) -> list[str]:
        assert self.status == 200, self
        return self.text.split(SEPARATOR)

    @property
    def code(self) -> int:
        """What clients of Engine.IO look at when they are refused."""
        return json.loads(self.body)["code"]


class Exchange:
    """One request under way: it is sent, its answer may be long in coming."""

    def __init__(
        self,
        port: int,
        method: str,
        target: str,
        body: bytes | str | None = None,
        kind: str | None = None,
        patience: float = PATIENCE,
    ):
        self.http = HTTPConnection("127.0.0.1", port, timeout=patience)
        headers = {"Content-Type": kind} if kind else {}
        self.http.request(method, target, body.encode() if isinstance(body, str) else body, headers)

    def reply(self) -> Reply:
        try:
            response = self.http.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            if not headers.get("content-length", "").isdigit():
                raise HTTPException("the head was cut short, which `http.client` does not notice")
            return Reply(response.status, headers, response.read())
        finally:
            self.http.close()

    def abandon(self):
        self.http.close()


def address(path: str, transport: str | None = "polling", eio: int | str | None = 4, **query) -> str:
    """`EIO` stands first, as the reference client writes it."""
    own = {"EIO": eio, "transport": transport, **query}
    return f"{path}?" + urlencode({name: value for name, value in own.items() if value is not None})


def dial(port: int, target: str, patience: float = PATIENCE, **options) -> ClientConnection:
    """An open WebSocket; the caller closes it. It has no `User-Agent`: the server knows Python's clients by that."""
    return connect(
        f"ws://127.0.0.1:{port}{target}",
        compression=None,
        max_size=None,
        ping_interval=None,
        user_agent_header=None,
        open_timeout=patience,
        legacy=True,
        **options,
    )


def opened(packet: str, eio: int = 4) -> dict:
    """What the open packet says (EIO4 and EIO3 "Handshake")."""
    assert packet[0] == OPEN, packet
    handshake = json.loads(packet[1:])
    wanted = {"sid", "upgrades", "pingInterval", "pingTimeout"} | ({"maxPayload"} if eio == 4 else set())
    assert handshake.keys() == wanted, handshake
    return handshake


class Polling:
    """A session on long-polling. Nothing happens by itself: no poll, no pong."""

    patience: float = PATIENCE  # for each answer
    is_abandoned = False

    def __init__(self, server: Server, path: str = "/engine.io/", eio: int = 4, port: int | None = None, **query):
        self.port, self.path, self.eio, self.query = port or server.port, path, eio, query
        self.opening = self.get()
        assert self.opening.status == 200, self.opening
        first, *self.rest = self.records(self.opening)
        self.handshake = opened(first, eio)
        self.sid = self.handshake["sid"]

    def target(self, transport: str = "polling") -> str:
        sid = {"sid": self.sid} if hasattr(self, "sid") else {}
        return address(self.path, transport, self.eio, **sid, **self.query)

    def records(self, reply: Reply) -> list[str]:
        return reply.packets if self.eio == 4 else split_v3(reply.text)

    def begin_get(self) -> Exchange:
        return Exchange(self.port, "GET", self.target(), patience=self.patience)

    def begin_post(self, body: bytes | str, kind: str = TEXT) -> Exchange:
        return Exchange(self.port, "POST", self.target(), body, kind, self.patience)

    def get(self) -> Reply:
        if self.is_abandoned:
            raise ConnectionError("this client polls no more")
        self.poll = self.begin_get()
        if self.is_abandoned:  # while the request went out
            self.abandon()
        return self.poll.reply()

    def abandon(self):
        """Never polls again, and ends a poll that is under way; another thread may be waiting in it."""
        self.is_abandoned = True
        if self.poll.http.sock is not None:
            with suppress(OSError):
                self.poll.http.sock.shutdown(socket.SHUT_RDWR)

    def post(self, body: bytes | str, kind: str = TEXT) -> Reply:
        return self.begin_post(body, kind).reply()

    def say(self, *packets: str):
        """Posts packets, which must be taken."""
        body = SEPARATOR.join(packets) if self.eio == 4 else "".join(map(record_v3, packets))
        reply = self.post(body)
        assert (reply.status, reply.text) == (200, "ok"), reply

    def websocket(self) -> ClientConnection:
        """A WebSocket with the session's id."""
        return dial(self.port, self.target("websocket"), self.patience)

    def is_over(self) -> bool:
        """Whether the session is no more; asking ends a wait that is under way."""
        reply = self.get()
        assert reply.status == 200 or reply.code == 1, reply
        return reply.status == 400

    def drain(self, count: int) -> list[str]:
        """Polls until so many messages have come. Heartbeats are answered, nothing else is left out."""
        messages: list[str] = []
        while len(messages) < count:
            for packet in self.records(self.get()):
                if packet == PING and self.eio == 4:
                    self.say(PONG)
                else:
                    messages.append(packet)
        return messages


def utf16(text: str) -> int:
    """The length of a text as JavaScript counts it."""
    return len(text.encode("utf-16-le")) // 2


def record_v3(packet: str) -> str:
    """EIO3 "Payload": `<length>:<packet>`."""
    return f"{utf16(packet)}:{packet}"


def split_v3(text: str) -> list[str]:
    """The packets of a text payload of revision 3, whose lengths count UTF-16 code units."""
    packets, units = [], text.encode("utf-16-le")
    while units:
        digits, _, _ = units.decode("utf-16-le").partition(":")
        start = 2 * (len(digits) + 1)
        end = start + 2 * int(digits)
        assert end <= len(units), f"a length beyond the payload in {text!r}"
        packets.append(units[start:end].decode("utf-16-le"))
        units = units[end:]
    return packets


def split_v3_binary(body: bytes) -> list[str | bytes]:
    """The packets of a binary payload of revision 3: text as text, binary with its number before it."""
    packets: list[str | bytes] = []
    while body:
        end = body.index(0xFF)
        length = int("".join(str(digit) for digit in body[1:end]))
        packet = body[end + 1 : end + 1 + length]
        assert len(packet) == length, body
        packets.append(packet.decode() if body[0] == 0 else packet)
        body = body[end + 1 + length :]
    return packets


def open_websocket(server: Server, path: str = "/engine.io/", eio: int = 4, **query) -> tuple[ClientConnection, dict]:
    """A session that begins on a WebSocket, and its handshake."""
    socket = dial(server.port, address(path, "websocket", eio, **query))
    return socket, opened(socket.recv(timeout=PATIENCE), eio)


def until_sessions(server: Server, count: int):
    """Waits until the server has so many sessions and exchanges under way."""
    until(lambda: server.counted("hubbub_sessions") == count, f"there are {count} sessions")


def parked_poll(server: Server, session: Polling) -> Exchange:
    """A poll that waits; for a server where nothing else is under way, which counts it."""
    before = server.counted("hubbub_sessions")
    waiting = session.begin_get()
    until_sessions(server, before + 1)
    return waiting
