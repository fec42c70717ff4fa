"""The people of the scenarios: one way to join, say, be cut and come back, whatever the transport.

Each reads on a thread of its own and keeps what it has received, in order, without ever mending it: gaps and
duplicates stay visible.
"""

import base64
import itertools
import subprocess
import threading
import time

from websockets.exceptions import ConnectionClosed

from hubbub_test.curl import messages_path, parse
from hubbub_test.raw import Wire
from hubbub_test.server import PATIENCE, Server
from hubbub_test.sse import EventStream
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket, open_raw


class Unacknowledged(Exception):
    """A message went out and nothing came back that says it was kept."""


class Named:
    """Somebody who can say who he is: by a password if he has an account, else by his name alone."""

    name: str
    password: str | None

    @property
    def headers(self) -> dict:
        if self.password is None:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(f"{self.name.lower()}:{self.password}".encode()).decode()}

    @property
    def who(self) -> dict:
        """The query parameter that names a guest."""
        return {} if self.password else {"name": self.name}


class Person(Named):
    """Somebody in a room. Subclasses know one transport each: `_open`, `_read`, `_close`."""

    transport = ""
    keys = itertools.count(1)

    def __init__(self, server: Server, name: str, room: str, password: str | None = None):
        self.server, self.name, self.room, self.password = server, name, room, password
        self.received: list[dict] = []  # messages
        self.notices: list[dict] = []  # the server's own events
        self.refusals: list = []  # problem documents and close codes
        self.joined_at: str | None = None  # the offset from which on this person must miss nothing
        self.cursor: str | None = None  # the offset to continue after
        self.changed = threading.Condition()
        self.connected = threading.Event()
        self.reader: threading.Thread | None = None

    # What every transport does alike

    def join(self, since: str | int | None = None):
        """Comes in; returns when the server has let it in (or said why not)."""
        self._open(since if since is not None else self.cursor)
        self.connected.set()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def cut(self):
        """The connection is gone from one moment to the next, and nobody says goodbye."""
        self.connected.clear()
        self._close()
        self.reader.join(PATIENCE)
        assert not self.reader.is_alive()

    leave = cut
    reconnect = join

    def say(self, text: str, key: str | None = None, room: str | None = None) -> dict:
        """Publishes over HTTP with an idempotency key; what the server answers. `Unacknowledged` if it does not."""
        headers = {"Idempotency-Key": key or self.new_key(), **self.headers}
        try:
            answer = self.server.http.publish(room or self.room, text, headers=headers, **self.who)
        except ConnectionError as lost:
            raise Unacknowledged from lost
        if answer.status == 503:
            raise Unacknowledged(answer.body)
        assert answer.status in (200, 201), answer
        return answer.json

    def say_and_be_cut(self, text: str, key: str):
        """Sends it, and is gone before reading any answer."""
        head = f"POST {messages_path(self.room, **self.who)} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
        with Wire(self.server) as wire:
            wire.send(f"{head}Idempotency-Key: {key}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            until(lambda: text in self.server.http.poll(self.room, headers=self.headers).body, "it is in the room")

    def insist(self, text: str) -> dict:
        """Says it, with the same key again and again, until it is acknowledged."""
        key = self.new_key()
        while True:
            try:
                return self.say(text, key)
            except Unacknowledged:
                assert self.connected.wait(PATIENCE), f"{self.name} never came back"

    def new_key(self) -> str:
        return f"{self.name}-{next(self.keys)}"

    def let_in(self, joined: dict, since):
        """Notes what `hubbub:joined` says, and where the duty to miss nothing begins."""
        self.cursor = self.cursor or joined["cursor"]
        self.joined_at = self.joined_at or ("0" if since == 0 else joined["cursor"])
        self.note({"event": "hubbub:joined", "data": joined})

    def can_see(self, message: dict) -> dict:
        """What of a message in the log arrives here."""
        return message

    def note(self, message: dict):
        """Keeps one envelope that arrived."""
        with self.changed:
            if message.get("event", "").startswith("hubbub:"):
                self.notices.append(message)
            else:
                self.received.append(message)
            self.cursor = message.get("offset") or self.cursor
            self.changed.notify_all()

    def refused(self, reason):
        with self.changed:
            self.refusals.append(reason)
            self.changed.notify_all()

    def wait_for(self, condition, what: str):
        """Waits until `condition()` holds something; it is looked at whenever something arrives."""
        hopeless = time.monotonic() + PATIENCE
        with self.changed:
            while not (found := condition()):
                left = hopeless - time.monotonic()
                assert left > 0, (
                    f"{self.name} ({self.transport}) waited in vain {what}; the last that came: {self.received[-3:]}"
                )
                self.changed.wait(left)
            return found


class OnWebSocket(Person):
    """`hubbub.json` by the Python `websockets` library. Speaks over the socket too."""

    transport = "websocket"

    def _open(self, since):
        self.acks: dict[str, dict] = {}
        self.socket = JsonSocket(
            self.server, self.room, headers=self.headers, compression="deflate", since=since, **self.who
        )
        first = self.socket.next()
        assert first["event"] == "hubbub:joined", first
        self.let_in(first["data"], since)

    def _read(self):
        try:
            while True:
                envelope = self.socket.next_forever()
                if envelope["event"] in ("hubbub:ack", "hubbub:error") and "key" in envelope["data"]:
                    self._told(envelope)
                else:
                    self.note(envelope)
        except ConnectionClosed as closed:
            self.refused(closed.rcvd.code if closed.rcvd else None)

    def _told(self, envelope):
        with self.changed:
            self.acks[envelope["data"]["key"]] = envelope
            self.changed.notify_all()

    def _close(self):
        self.socket.cut()

    def say(self, text, key=None, room=None):
        if room and room != self.room:
            return super().say(text, key, room)
        key, acks, refusals = key or self.new_key(), self.acks, len(self.refusals)
        try:
            self.socket.send(text, key=key)
        except ConnectionClosed as lost:
            raise Unacknowledged from lost
        told = self.wait_for(
            lambda: acks.get(key) or len(self.refusals) > refusals, f"for an acknowledgement of {text!r}"
        )
        if told is True:
            raise Unacknowledged
        assert told["event"] == "hubbub:ack", told
        return told["data"]

    def say_and_be_cut(self, text, key):
        self.socket.send(text, key=key)
        self.cut()
        self.join()


class OnRawWebSocket(Person):
    """A frame is a message: what arrives has no offset and no sender."""

    transport = "raw websocket"

    def can_see(self, message):
        return {"data": message["data"]}

    def _open(self, since):
        self.socket = open_raw(self.server, self.room, headers=self.headers, since=since, **self.who)
        self.joined_at = self.joined_at or self.server.http.poll(self.room, headers=self.headers).json["cursor"]

    def _read(self):
        try:
            for data in self.socket:
                self.note({"data": data})
            self.refused(1000)
        except ConnectionClosed as closed:
            self.refused(closed.rcvd.code if closed.rcvd else None)

    def _close(self):
        self.socket.close()

    def say(self, text, key=None, room=None):
        if room and room != self.room:
            return super().say(text, key, room)
        self.socket.send(text)
        return {}


class OnEventStream(Person):
    """Server-Sent Events by curl; comes back with `Last-Event-ID`, as a browser does."""

    transport = "sse"

    def _open(self, since):
        headers, query = dict(self.headers), dict(self.who)
        if since == 0:
            query["since"] = 0
        elif since is not None:
            headers["Last-Event-ID"] = since
        self.stream = EventStream(self.server.http, self.room, headers=headers, **query)
        first = self.stream.next()
        assert first and first.event == "hubbub:joined", first
        self.let_in(first.json, since)

    def _read(self):
        for event in iter(self.stream.events.get, None):
            self.note({"event": event.event, "data": event.json} if event.event.startswith("hubbub:") else event.json)

    def _close(self):
        self.stream.close()


class OnPolling(Person):
    """One curl after the other, each from the cursor of the one before."""

    transport = "polling"
    wait: int | None = None

    def _open(self, since):
        self.stopping = False
        if since is None:
            self.cursor = self._ask(None, None)["cursor"]
        else:
            self.cursor = str(since)
        self.joined_at = self.joined_at or self.cursor

    def _ask(self, since, wait) -> dict | None:
        """One poll; None if it was cut."""
        path = messages_path(self.room, since=since, wait=wait, **self.who)
        self.curl = subprocess.Popen(
            self.server.http.command(path, "--include", headers=self.headers),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if getattr(self, "stopping", False):
            self.curl.kill()
        out, _ = self.curl.communicate()
        if self.curl.returncode != 0:
            return None
        answer = parse(out)
        if answer.status != 200:
            self.refused(answer.json)
            return None
        return answer.json

    def _read(self):
        while not self.stopping and (answer := self._ask(self.cursor, self.wait)):
            for message in answer["messages"]:
                self.note(message)
            self.cursor = answer["cursor"]
            if not answer["messages"] and self.wait is None:
                time.sleep(0.05)

    def _close(self):
        self.stopping = True
        self.curl.kill()


class OnLongPolling(OnPolling):
    """The same, but the server holds each until there is something."""

    transport = "longpoll"
    wait = 20


TRANSPORTS = {kind.transport: kind for kind in (OnWebSocket, OnRawWebSocket, OnEventStream, OnPolling, OnLongPolling)}
