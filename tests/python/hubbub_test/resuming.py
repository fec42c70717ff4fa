"""A client of one namespace that comes back to where it was, by the rules of the reference client.

It keeps the `pid` that CONNECT brought; whatever event's last argument is a string, that is its offset; when it
connects again it brings both, and has recovered if the `pid` stayed the same.
"""

import time
from contextlib import suppress
from dataclasses import dataclass

from hubbub_test.server import PATIENCE
from hubbub_test.socketio import CONNECT, CONNECT_ERROR, Client, Ended, encode, is_event


@dataclass
class Heard:
    """One event, in the order of arrival, and whether it came after a gap that was said."""

    name: str
    args: list
    offset: str | None
    after_gap: bool = False


class Resuming:
    patience = 2.5  # seconds without even a heartbeat, after which it comes anew; tests let one pass between two

    def __init__(self, port: int, namespace: str, transport: str = "websocket", **query):
        self.port, self.namespace, self.transport, self.query = port, namespace, transport, query
        self.pid: str | None = None
        self.offset: str | None = None
        self.sid: str | None = None
        self.events: list[Heard] = []
        self.notices: list[list] = []
        self.came, self.recoveries, self.gap = 0, 0, False

    def come(self, auth: dict | None = None) -> bool:
        """Connects, and says whether it was restored. `Ended` if that failed on the way."""
        known, auth = self.pid, dict(auth or {})
        if known:
            auth["pid"] = known
            auth |= {"offset": self.offset} if self.offset else {}
        self.client = Client(None, self.transport, port=self.port, query=self.query, patience=self.patience)
        self.client.send(*encode(CONNECT, self.namespace, auth))
        answer = self.client.next()
        assert answer.kind == CONNECT, answer
        self.pid, self.sid = answer.data["pid"], answer.data["sid"]
        recovered = known == self.pid
        self.came += 1
        self.recoveries += recovered
        self.gap |= known is not None and not recovered
        self._joined(recovered)
        if self.transport == "both":
            self.client.link.upgrade()
        return recovered

    def _joined(self, recovered: bool):
        """The first event says once more what was restored."""
        first = self.read()
        assert first is None and self.notices[-1][0] == "hubbub:joined", (first, self.notices[-1:])
        if self.came > 1:
            assert self.notices[-1][1]["recovered"] is recovered, self.notices[-1]

    def read(self) -> Heard | None:
        """The next event of the application's; None for one of the server's own."""
        packet = self.client.next()
        assert is_event(packet, self.namespace), packet
        assert packet.kind != CONNECT_ERROR
        name, *args = packet.data
        last = args[-1] if args and isinstance(args[-1], str) else None
        self.offset = last or self.offset
        if name.startswith("hubbub:"):
            self.notices.append(packet.data)
            return None
        heard = Heard(name, args[:-1], last, self.gap)
        self.gap = False
        self.events.append(heard)
        return heard

    def read_until(self, wanted):
        """Reads on until `wanted` is true of an event."""
        while (heard := self.read()) is None or not wanted(heard):
            pass

    def stay(self, is_last):
        """Reads to the last event, coming back as often as it takes."""
        hopeless = time.monotonic() + PATIENCE
        while not (self.events and is_last(self.events[-1])):
            assert time.monotonic() < hopeless, f"the last that came: {self.events[-3:]}"
            try:
                if not self.is_in:
                    self.come()
                self.read()
            except Ended:
                self.leave()
                time.sleep(0.02)
        self.leave()

    @property
    def is_in(self) -> bool:
        return getattr(self, "client", None) is not None

    def cut(self):
        """The connection is gone, and nobody says goodbye."""
        self.client.link.cut()
        self.client = None

    def leave(self):
        """Lets go of what is left of a connection."""
        if self.is_in:
            with suppress(Ended, OSError, TimeoutError):
                self.client.link.cut()
        self.client = None
