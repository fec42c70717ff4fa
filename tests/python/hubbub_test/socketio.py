"""Socket.IO spoken by hand, over WebSocket or by polling: a client that answers heartbeats and does no more by itself.

For what is expected see the document of the protocol, revision 5 (SIO5).
"""

import base64
import json
import re
import socket as sockets
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException

from websockets.exceptions import ConnectionClosed, WebSocketException

from hubbub_test.engineio import CLOSE, MESSAGE, NOOP, PING, PONG, SEPARATOR, Polling, address, dial, opened, record_v3
from hubbub_test.server import PATIENCE, Server

PATH = "/socket.io/"
CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)


# What libraries say of a connection that broke, wherever it was; `Reply.packets` of a refusal is an assertion.
BROKEN = (ConnectionClosed, WebSocketException, HTTPException, OSError, EOFError, AssertionError, ValueError)


class Ended(Exception):
    """The connection is over."""


def impatient(patience: float) -> type[Polling]:
    """Sessions whose answers may not take longer than that."""
    return type("Impatient", (Polling,), {"patience": patience})


class OverWebSocket:
    """Messages of Engine.IO on a WebSocket."""

    def __init__(self, port: int, eio: int = 4, patience: float = PATIENCE, **query):
        self.eio, self.patience = eio, patience
        try:
            self.socket = dial(port, address(PATH, "websocket", eio, **query), patience)
            self.handshake = opened(self.socket.recv(timeout=patience), eio)
        except BROKEN as lost:
            raise Ended from lost

    def send(self, *messages: str | bytes):
        try:
            for message in messages:
                if isinstance(message, str):
                    message = MESSAGE + message
                elif self.eio == 3:
                    message = b"\4" + message
                self.socket.send(message)
        except BROKEN as lost:
            raise Ended from lost

    def next(self) -> str | bytes:
        """The next message. `Ended` if there will be none, or if not even a heartbeat came in time."""
        while True:
            try:
                frame = self.socket.recv(timeout=self.patience)
                if frame == PING:
                    self.socket.send(PONG)
            except BROKEN as lost:
                raise Ended from lost
            if isinstance(frame, bytes):
                return frame if self.eio == 4 else frame[1:]
            if frame[:1] == MESSAGE:
                return frame[1:]

    def cut(self):
        """Gone from one moment to the next."""
        with suppress(OSError):
            self.socket.socket.shutdown(sockets.SHUT_RDWR)

    def close(self):
        self.socket.close()


class OverPolling:
    """Messages of Engine.IO by long-polling: one request after the other."""

    def __init__(self, port: int, eio: int = 4, patience: float = PATIENCE, **query):
        try:
            self.session = impatient(patience)(None, PATH, eio, port, **query)
        except BROKEN as lost:
            raise Ended from lost
        self.patience = patience
        self.handshake, self.eio = self.session.handshake, eio
        self.waiting: deque[str | bytes] = deque()
        self._take(self.session.rest)

    def _take(self, packets: list[str]) -> list[str]:
        """Keeps the messages among these packets; gives the others."""
        others = []
        for packet in packets:
            if packet[:1] == "b":
                self.waiting.append(base64.b64decode(packet[1 if self.eio == 4 else 2 :]))
            elif packet[:1] == MESSAGE:
                self.waiting.append(packet[1:])
            else:
                others.append(packet)
        return others

    def send(self, *messages: str | bytes):
        """All in one body."""
        self._post([packet(message, self.eio) for message in messages])

    def _post(self, packets: list[str]):
        body = SEPARATOR.join(packets) if self.eio == 4 else "".join(map(record_v3, packets))
        try:
            reply = self.session.post(body)
        except BROKEN as lost:
            raise Ended from lost
        if reply.status != 200:
            raise Ended(reply)

    def next(self) -> str | bytes:
        while not self.waiting:
            self._poll()
        return self.waiting.popleft()

    def _poll(self):
        try:
            reply = self.session.get()
        except BROKEN as lost:
            raise Ended from lost
        if reply.status != 200:
            raise Ended(reply)
        others = self._take(self.session.records(reply))
        if PING in others:
            self._post([PONG])
        if CLOSE in others and not self.waiting:
            raise Ended(reply)

    def cut(self):
        self.session.abandon()

    def close(self):
        with suppress(Ended):
            self._post([CLOSE])


class OverBoth(OverPolling):
    """Begins by polling and goes over to a WebSocket at once, as the reference client does."""

    def __init__(self, port: int, eio: int = 4, patience: float = PATIENCE, **query):
        super().__init__(port, eio, patience, **query)
        self.socket = None

    def upgrade(self):
        """The client speaks and hears nothing meanwhile; what is on its way must arrive all the same."""
        try:
            self.socket = self.session.websocket()
            self.socket.send(PING + "probe")
            while self.socket.recv(timeout=self.patience) != PONG + "probe":
                pass
            others = self._take(self.session.records(self.session.get()))
            assert set(others) <= {NOOP, PING}, others
            self.socket.send("5")
            if PING in others:
                self.socket.send(PONG)
        except BROKEN as lost:
            raise Ended from lost

    def send(self, *messages):
        if self.socket is None:
            return super().send(*messages)
        return OverWebSocket.send(self, *messages)

    def next(self):
        if self.waiting or self.socket is None:
            return super().next()
        return OverWebSocket.next(self)

    def cut(self):
        super().cut()
        if self.socket is not None:
            OverWebSocket.cut(self)

    def close(self):
        self.socket.close() if self.socket is not None else super().close()


TRANSPORTS = {"websocket": OverWebSocket, "polling": OverPolling, "both": OverBoth}


def packet(message: str | bytes, eio: int) -> str:
    """A message as a packet of a payload."""
    if isinstance(message, str):
        return MESSAGE + message
    return ("b" if eio == 4 else "b4") + base64.b64encode(message).decode()


@dataclass
class Packet:
    """A packet with its attachments in their places."""

    kind: int
    namespace: str
    id: int | None
    data: object
    attachments: int = 0

    @property
    def name(self) -> str:
        return self.data[0]

    @property
    def args(self) -> list:
        return self.data[1:]


def decode(text: str) -> Packet:
    """SIO5 "Packet encoding": `<type>[<attachments>-][<namespace>,][<id>][<payload>]`."""
    found = re.fullmatch(r"([0-6])(?:(\d+)-)?(?:(/[^,]*)(?:,|$))?(\d+)?(.*)", text, re.DOTALL)
    assert found, text
    kind, attachments, namespace, ident, payload = found.groups()
    data = json.loads(payload) if payload else None
    return Packet(int(kind), namespace or "/", int(ident) if ident else None, data, int(attachments or 0))


def put_in(value, attachments: list[bytes]):
    """The value with attachments for placeholders."""
    if isinstance(value, dict):
        if attachments and value.get("_placeholder") is True:
            return attachments[value["num"]]
        return {key: put_in(inner, attachments) for key, inner in value.items()}
    return [put_in(inner, attachments) for inner in value] if isinstance(value, list) else value


def take_out(value, attachments: list[bytes]):
    """The value with placeholders for attachments."""
    if isinstance(value, bytes):
        attachments.append(value)
        return {"_placeholder": True, "num": len(attachments) - 1}
    if isinstance(value, dict):
        return {key: take_out(inner, attachments) for key, inner in value.items()}
    return [take_out(inner, attachments) for inner in value] if isinstance(value, list | tuple) else value


def encode(kind: int, namespace: str, data=None, ident: int | None = None) -> list[str | bytes]:
    """A packet and its attachments."""
    attachments: list[bytes] = []
    payload = "" if data is None else json.dumps(take_out(data, attachments), separators=(",", ":"))
    head = f"{kind + 3}{len(attachments)}-" if attachments else str(kind)
    place = "" if namespace == "/" else f"{namespace},"
    return [head + place + ("" if ident is None else str(ident)) + payload, *attachments]


@dataclass
class Client:
    """A client in as many namespaces as it likes."""

    server: Server | None
    transport: str = "websocket"
    eio: int = 4
    port: int | None = None
    query: dict = field(default_factory=dict)
    patience: float = PATIENCE

    def __post_init__(self):
        kind = TRANSPORTS[self.transport]
        self.link = kind(self.port or self.server.port, self.eio, self.patience, **self.query)
        self.kept: deque[Packet] = deque()
        self.ids = iter(range(1, 10**9))

    def send(self, *messages: str | bytes):
        self.link.send(*messages)

    def next(self) -> Packet:
        """The next packet, with its attachments."""
        found = decode(self.link.next())
        attachments = [self.link.next() for _ in range(found.attachments)]
        found.data = put_in(found.data, attachments)
        return found

    def wait_for(self, wanted) -> Packet:
        """The first packet that `wanted` is true of; what else comes is kept for later."""
        for kept in self.kept:
            if wanted(kept):
                self.kept.remove(kept)
                return kept
        while not wanted(found := self.next()):
            self.kept.append(found)
        return found

    def connect(self, namespace: str, auth: dict | None = None) -> dict:
        """Comes into a namespace: what CONNECT says."""
        self.send(*encode(CONNECT, namespace, auth))
        answer = self.wait_for(lambda one: one.namespace == namespace and one.kind in (CONNECT, CONNECT_ERROR))
        assert answer.kind == CONNECT, answer
        return answer.data

    def join(self, namespace: str, auth: dict | None = None) -> dict:
        """Comes into a room's namespace and hears what is said there: what `hubbub:joined` says."""
        self.connect(namespace, auth)
        return self.told(namespace, "hubbub:joined").args[0]

    def refusal(self, namespace: str, auth: dict | None = None) -> dict:
        """Tries to come in, and what it is told instead."""
        self.send(*encode(CONNECT, namespace, auth))
        answer = self.wait_for(lambda one: one.namespace == namespace and one.kind in (CONNECT, CONNECT_ERROR))
        assert answer.kind == CONNECT_ERROR, answer
        return answer.data

    def emit(self, namespace: str, *args, ack: int | None = None):
        self.send(*encode(EVENT, namespace, list(args), ack))

    def ask(self, namespace: str, *args) -> list:
        """Emits, and what the acknowledgement says."""
        ident = next(self.ids)
        self.emit(namespace, *args, ack=ident)
        return self.wait_for(lambda one: one.kind in (ACK, BINARY_ACK) and one.id == ident).data

    def told(self, namespace: str, name: str) -> Packet:
        """The next event of that name in a namespace."""
        return self.wait_for(lambda one: is_event(one, namespace) and one.name == name)

    def heard(self, namespace: str) -> Packet:
        """The next event in a namespace that is not the server's own."""
        return self.wait_for(lambda one: is_event(one, namespace) and not str(one.name).startswith("hubbub:"))

    def echoes(self, namespace: str, text: str) -> bool:
        """Whether it hears what it says, and nothing else before."""
        self.emit(namespace, "echo", text)
        return self.heard(namespace).data[:2] == ["echo", text]

    def is_ended(self) -> bool:
        """Reads to the end of the connection; true, or it takes too long."""
        try:
            while True:
                # Attachments, and packets of a parser that this client does not speak, are nothing to keep.
                if isinstance(message := self.link.next(), str):
                    self.kept.append(decode(message))
        except Ended:
            return True

    def close(self):
        self.link.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def is_event(packet: Packet, namespace: str) -> bool:
    return packet.kind in (EVENT, BINARY_EVENT) and packet.namespace == namespace
