"""People in the stories of `tests/scenarios/bridge` who speak something else than XMPP: what they say and hear is JSON, as it is on the wire.

In what somebody *hears*, `{any}`, `{word}` and `"{none}"` mean what they mean in stanzas; members that are not named may be there.
What the server says of who comes and goes is left out where a story is not about it.
"""

import itertools
import json
import re
from urllib.parse import quote

from hubbub_test.curl import messages_path
from hubbub_test.people import Named
from hubbub_test.scenario import PARTS, step
from hubbub_test.server import PATIENCE
from hubbub_test.socketio import CONNECT, EVENT, Client, encode, is_event
from hubbub_test.sse import EventStream
from hubbub_test.websocket import JsonSocket, open_raw

from xmpp.elements import Different, fill, same_text
from xmpp.story import XmppStage, nothing_else_came

PARTS["other"] = r"(websocket|raw websocket|sse|socket\.io)"
PARTS["target"] = r"(@?\w+(?:\?[^\s:]+)?)"

OF_PRESENCE = ("hubbub:presence", "hubbub:joined", "hubbub:count")
OFFSET = re.compile(r"\d+-\d+")
END = "the end of the story"


class Other(Named):
    """Somebody in a room by another protocol. Subclasses know one each."""

    keys = itertools.count(1)

    def __init__(self, stage: XmppStage, name: str, room: str):
        self.server, self.name, self.room = stage.server.server, name, room
        self.password = stage.accounts.get(name)
        self.open()

    def hear(self):
        """The next thing that is not about who is there."""
        while is_about_presence(heard := self.next()):
            pass
        return heard


def is_about_presence(heard) -> bool:
    name = heard.get("event") if isinstance(heard, dict) else heard[0] if isinstance(heard, list) else None
    return name in OF_PRESENCE


class OnWebSocket(Other):
    def open(self):
        self.socket = JsonSocket(self.server, self.room, headers=self.headers, **self.who)
        self.socket.joined()

    def next(self):
        return self.socket.next()

    def say(self, line: str):
        self.socket.socket.send(line)

    def close(self):
        self.socket.cut()


class OnRawWebSocket(Other):
    """A frame is a message."""

    def open(self):
        self.socket = open_raw(self.server, self.room, headers=self.headers, **self.who)

    def next(self):
        return self.socket.recv(timeout=PATIENCE)

    def say(self, line: str):
        self.socket.send(line)

    def close(self):
        self.socket.close()


class OnEventStream(Other):
    def open(self):
        self.stream = EventStream(self.server.http, self.room, headers=self.headers, **self.who)
        assert self.stream.next().event == "hubbub:joined"

    def next(self):
        event = self.stream.next()
        data = event.json
        return data if "event" in data else {"event": event.event, "data": data}

    def close(self):
        self.stream.close()


class OnSocketIo(Other):
    """In the room's namespace, by a client that could recover: the offset, which then is the last argument of what is kept, is left out."""

    def open(self):
        self.space = f"/{quote(self.room, safe='@')}"
        self.client = Client(None, "websocket", port=self.server.port, query=self.who, patience=PATIENCE)
        auth = {"user": self.name.lower(), "password": self.password} if self.password else {}
        self.client.send(*encode(CONNECT, self.space, auth))
        answer = self.client.next()
        assert answer.kind == CONNECT, answer

    def next(self):
        while not is_event(packet := self.client.next(), self.space):
            pass
        return packet.data[:-1] if OFFSET.fullmatch(str(packet.data[-1])) else packet.data

    def say(self, line: str):
        self.client.send(*encode(EVENT, self.space, json.loads(line)))

    def close(self):
        self.client.link.cut()


WAYS = {"websocket": OnWebSocket, "raw websocket": OnRawWebSocket, "sse": OnEventStream, "socket.io": OnSocketIo}


def others(stage: XmppStage) -> dict[str, Other]:
    return stage.__dict__.setdefault("others", {})


@step("{person} is in {room} by {other}")
def is_in(stage: XmppStage, name: str, room: str, way: str):
    others(stage)[name] = WAYS[way](stage, name, room)


@step("{person} says on it:")
def says(stage: XmppStage, name: str, lines: str):
    for line in lines.strip().splitlines():
        others(stage)[name].say(plain(line, stage.known))


@step("{person} posts to {target}")
@step("{person} posts to {target}:")
def posts(stage: XmppStage, name: str, target: str, body: str = ""):
    """By curl, and it is taken."""
    assert (answer := post(stage, name, target, body)).status in (200, 201, 204), answer


@step("{person} posts to {target} and is refused with {number}")
@step("{person} posts to {target} and is refused with {number}:")
def is_refused(stage: XmppStage, name: str, target: str, status: str, body: str = ""):
    answer = post(stage, name, target, body)
    assert answer.status == int(status) and answer.problem, answer


def post(stage: XmppStage, name: str, target: str, body: str):
    room, _, query = plain(target, stage.known).partition("?")
    poster = others(stage).get(name) or WAYS["sse"].__new__(WAYS["sse"])
    poster.name, poster.password = name, stage.accounts.get(name)
    path = messages_path(room, **poster.who)
    path += ("&" if "?" in path else "?") + query if query else ""
    kind = "application/json" if body.strip()[:1] in ("{", "[") else "text/plain"
    return stage.server.server.http.request(
        "POST", path, plain(body.strip(), stage.known), {"Content-Type": kind, **poster.headers}
    )


@step("{people} hears:")
@step("{people} hear:")
def hears(stage: XmppStage, names: str, lines: str):
    for name in names.replace(" and ", ", ").split(", "):
        for line in lines.strip().splitlines():
            wanted = json.loads(line)
            heard = others(stage)[name].hear()
            try:
                compare(wanted, heard, stage.known)
            except Different as difference:
                raise Different(f"{difference}\n{name} wanted: {line}\n{name} got:    {json.dumps(heard)}") from None


def plain(text: str, known: dict[str, str]) -> str:
    """A line with its gaps filled."""
    for word, value in known.items():
        text = text.replace(f"{{{word}}}", value)
    return text


def compare(wanted, got, known: dict[str, str]):
    """`Different` unless all that is wanted is there."""
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            raise Different(f"{got!r} is no object")
        for member, value in wanted.items():
            if value == "{none}":
                if member in got:
                    raise Different(f"there is a member {member}")
            elif member not in got:
                raise Different(f"there is no member {member}")
            else:
                compare(value, got[member], known)
    elif isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            raise Different(f"{got!r} is not {fill(json.dumps(wanted), known)}")
        for one, other in zip(wanted, got, strict=True):
            compare(one, other, known)
    elif isinstance(wanted, str) and isinstance(got, str):
        same_text(wanted, got, known)
    elif wanted != got:
        raise Different(f"{got!r} is not {wanted!r}")


def close(stage: XmppStage):
    for other in others(stage).values():
        other.close()


def nothing_was_left(stage: XmppStage):
    """Whoever is still there hears the end next, and had nothing more to hear."""
    nothing_else_came(stage)
    for room in sorted({other.room for other in others(stage).values()}):
        for other in (one for one in others(stage).values() if one.room == room):
            answer = stage.server.server.http.publish(room, END, headers=other.headers, **other.who)
            assert answer.status == 201, answer
            said(room, stage, other)


def said(room: str, stage: XmppStage, by: Other):
    for other in (one for one in others(stage).values() if one.room == room):
        heard = other.hear()
        text = heard if isinstance(heard, str) else heard["data"] if isinstance(heard, dict) else heard[1]
        assert text == END, f"{other.name} also heard {heard}"
