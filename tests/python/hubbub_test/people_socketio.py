"""People of the scenarios on Socket.IO: over WebSocket, by polling, and going from polling to WebSocket."""

from urllib.parse import quote

from hubbub_test.people import TRANSPORTS, Person, Unacknowledged
from hubbub_test.resuming import Resuming
from hubbub_test.server import PATIENCE
from hubbub_test.socketio import ACK, EVENT, Ended, encode, is_event


class OnSocketIo(Person):
    """In the room's namespace. Hears events with their offsets; comes back by `pid` and `offset`."""

    transport = "socket.io"
    link = "websocket"

    def _open(self, since):
        if not hasattr(self, "client"):
            self.client = Resuming(self.server.port, f"/{quote(self.room, safe='@')}", self.link, **self.who)
            self.client.patience = PATIENCE
        self.acks: dict[int, list] = {}
        auth = {"user": self.name.lower(), "password": self.password} if self.password else {}
        if since is not None and self.client.pid is None:
            auth["since"] = str(since)
        self.client.port = self.server.port
        self.client.come(auth)
        self.let_in(self.client.notices[-1][1], since)

    def _read(self):
        while True:
            try:
                packet = self.client.client.next()
            except Ended:
                return self.refused("ended")
            if packet.kind == ACK:
                with self.changed:
                    self.acks[packet.id] = packet.data
                    self.changed.notify_all()
            elif is_event(packet, self.client.namespace):
                self._heard(*packet.data)

    def _heard(self, event, data, offset=None):
        self.client.offset = offset or self.client.offset
        self.note({"event": event, "data": data} | ({"offset": offset} if offset else {}))

    def _close(self):
        self.client.client.link.cut()

    def can_see(self, message: dict) -> dict:
        return {member: message[member] for member in ("event", "data", "offset")}

    def say(self, text, key=None, room=None):
        if key or room and room != self.room:
            return super().say(text, key, room)
        ident, refusals = int(self.new_key().rpartition("-")[2]), len(self.refusals)
        try:
            self.client.client.send(*encode(EVENT, self.client.namespace, ["message", text], ident))
        except Ended as lost:
            raise Unacknowledged from lost
        told = self.wait_for(lambda: self.acks.get(ident) or len(self.refusals) > refusals, f"to know of {text!r}")
        if told is True:
            raise Unacknowledged
        assert "error" not in told[0], told
        return told[0]


class OnSocketIoPolling(OnSocketIo):
    transport = "socket.io over polling"
    link = "polling"


class OnSocketIoUpgraded(OnSocketIo):
    transport = "socket.io with an upgrade"
    link = "both"


TRANSPORTS |= {kind.transport: kind for kind in (OnSocketIo, OnSocketIoPolling, OnSocketIoUpgraded)}
