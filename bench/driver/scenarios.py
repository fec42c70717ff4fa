"""The scenarios: what the load generator is told, in full and in the quick mode, and which servers can serve it.

Traffic is measured for two seconds, or to the end of a round that takes longer.
"""

from dataclasses import dataclass, replace

from . import archive
from .tracker import Tracker
from .turn import SECRET, Relays
from .xmpp import CERTIFICATE, Home

# Where each server offers what a scenario needs, behind ws://127.0.0.1:PORT or http://127.0.0.1:PORT; the load
# generator puts the connection's number in the place of "#".
ROOM = {"hubbub": "/rooms/bench/ws", "uws": "/room", "ws": "/room", "nchan": "/room/bench"}
ECHO = {"hubbub": "/rooms/echo-#/ws", "uws": "/echo/#", "ws": "/echo/#", "nchan": "/room/echo-#"}
POLL = {"hubbub": "/rooms/bench/messages", "nchan": "/sub/bench"}
SOCKETIO = dict.fromkeys(["hubbub", "hubbub-recovery", "socketio", "socketioxide"], "/socket.io/?EIO=4&transport={}")
# Clients that can recover get an offset with each event. Without it, what everybody gets is the same to the byte.
SOCKETIO["hubbub"] += "&recovery=false"
# The domain that XMPP clients open their streams to: guests have one of their own, which in Hubbub is not said before login.
XMPP = dict.fromkeys(["hubbub", "prosody", "ejabberd"], "/localhost")
# TURN has no paths.
TURN = dict.fromkeys(["hubbub", "coturn"], "/")
TRACKER = {"hubbub": "/tracker", "bittorrent-tracker": "/"}
XMPP_GUESTS = dict.fromkeys(XMPP, "/guest.localhost") | {"hubbub": "/localhost"}


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    command: str
    paths: dict
    full: dict
    quick: dict
    scheme: str = "ws"
    # The columns of its table, if not those that go with the command.
    table: str = ""
    # What the server is to have when it starts, where XMPP or TURN is spoken or a tracker is asked.
    home: Home | Relays | Tracker | None = None

    @property
    def shows(self):
        return self.table or self.command

    def serves(self, server):
        return self.paths.get(server) is not None

    def options(self, quick):
        return {key: value for key, value in {**self.full, **(self.quick if quick else {})}.items() if value is not None}

    def wants(self, quick):
        """What the server is to have when it starts."""
        room = self.options(quick).get("archive")
        return replace(self.home, room=room) if room else self.home

    def heading(self, quick):
        return self.title.format(**self.options(quick))

    def arguments(self, server, port, quick):
        """The load generator's command line."""
        base = f"{self.scheme}://127.0.0.1:{port}"
        options = self.options(quick) | {"url": base + self.paths[server]}
        if self.command == "longpoll" and server == "nchan":
            options |= {"resume": "validators", "publish-url": f"{base}/pub/bench"}
        if self.name == "xmpp-mam-page-middle":
            options |= {"since": archive.middle(server, options["archive"])}
        flags = ["--offsets"] if server == "hubbub-recovery" else []
        return [self.command, *flags, *(f"--{key}={value}" for key, value in options.items())]


def fanout(connections, burst, warmup):
    each = "one message at a time" if burst == 1 else f"{burst} messages queued per link"
    fewer = min(connections, 3000)
    return Scenario(
        name=f"fanout-{connections}" + ("" if burst == 1 else f"-{burst}"),
        title="Fan-out to {connections:,} WebSockets, " + each,
        command="fanout",
        paths=ROOM,
        full={"connections": connections, "burst": burst, "seconds": 2, "warmup": warmup},
        quick={"connections": fewer, "seconds": None, "rounds": max(2, 50_000 // (fewer * burst)), "warmup": 1},
    )


def echo(window):
    return Scenario(
        name=f"echo-{window}",
        title="Echo on {connections:,} WebSockets, {window} in flight on each",
        command="echo",
        paths=ECHO,
        full={"connections": 100, "window": window, "seconds": 2, "warmup": 1000},
        quick={"seconds": 1, "warmup": 100},
    )


def socketio(scenario, title):
    """The same over Socket.IO in one namespace, with the clients on WebSockets from the start."""
    return replace(
        scenario,
        name=f"sio-{scenario.name}",
        title=title,
        paths=at(SOCKETIO, "websocket"),
        full=scenario.full | {"socketio": "/lobby"},
    )


def at(paths, transport):
    return {server: path.format(transport) for server, path in paths.items()}


def socketio_fanout(connections, burst, warmup):
    plain = fanout(connections, burst, warmup)
    return socketio(plain, plain.title.replace("WebSockets", "Socket.IO clients"))


def xmpp(name, title, command, full, quick, **home):
    return Scenario(
        name=f"xmpp-{name}",
        title=title,
        command=command,
        paths=XMPP if home else XMPP_GUESTS,
        full=full,
        quick=quick,
        scheme="xmpp",
        home=Home(**home),
    )


def muc(connections, burst, warmup):
    """The fan-out of messages in a room. Its occupants are guests; nobody is told who comes and goes."""
    plain = fanout(connections, burst, warmup)
    return xmpp(
        plain.name.replace("fanout", "muc"),
        plain.title.replace("WebSockets", "occupants of a multi-user chat"),
        "fanout",
        plain.full | {"xmpp": "bench@rooms.localhost"},
        plain.quick | {"connections": min(connections, 1000), "rounds": 10},
    )


def chat(name, title, **home):
    """Pairs that talk; with accounts their messages are kept."""
    sasl = {"sasl": "scram"} if home else {}
    full = {"connections": 200, "window": 4, "seconds": 3, "warmup": 50} | sasl
    return xmpp(name, title, "chat", full, {"seconds": 1, "warmup": 5}, **home)


def sessions(name, title, **home):
    full = {"connections": 10000, "warmup": 200, "settle": 2, "sasl": "scram"}
    quick = {"connections": 500, "warmup": 50, "settle": 1}
    return xmpp(name, title, "sessions", full, quick, accounts=10000, **home)


def page(name, which):
    """Filling an archive is not measured, and done once."""
    full = {"archive": 1_000_000, "page": 50, "rounds": 100, "warmup": 10, "room": archive.ADDRESS, "size": archive.SIZE}
    title = "Pages of {page} messages " + which + " a room's archive of {archive:,}"
    return xmpp(name, title, "page", full, {"archive": 20_000, "rounds": 20, "warmup": 2})


def turn(name, title, command, full, quick):
    return Scenario(
        name=name,
        title=title,
        command=command,
        paths=TURN,
        full=full | {"secret": SECRET},
        quick=quick,
        scheme="turn",
        home=Relays(),
    )


def relay(clients, size, window, transport="udp", card="plain"):
    """Peers are on UDP, however the clients come. Cutting cards cut and join equal packets of a flow, as those in servers do."""
    allocations = "One allocation" if clients == 1 else "{connections:,} allocations"
    whose = "a client" if clients == 1 else "clients"
    way = f" of {whose} on TCP" if transport == "tcp" else ""
    packets = "one packet" if window == 1 else "{window} packets"
    cut = " through network cards that cut and join" if card == "cutting" else ""
    full = {"connections": clients, "size": size, "window": window, "transport": transport, "card": card, "seconds": 2, "warmup": 1}
    kind = ["tcp"] if transport == "tcp" else ["cards"] if card == "cutting" else []
    name = "-".join(["turn", *kind, str(clients), str(size)])
    title = f"{allocations}{way}, {packets} of {{size:,}} bytes to and fro{' in each' * (clients > 1)}{cut}"
    return turn(name, title, "turn", full, {"seconds": 1})


def tracker(name, title, full, quick):
    return Scenario(name=name, title=title, command=name, paths=TRACKER, full=full, quick=quick, home=Tracker())


IDLE = Scenario(
    name="idle",
    title="{connections:,} idle WebSockets in one room",
    command="idle",
    paths=ROOM,
    full={"connections": 10000, "warmup": 200, "settle": 3},
    quick={"connections": 2000, "settle": 1},
)

SCENARIOS = [
    fanout(1000, 1, warmup=50),
    fanout(10000, 1, warmup=10),
    fanout(1000, 16, warmup=10),
    fanout(10000, 16, warmup=2),
    echo(1),
    echo(16),
    IDLE,
    Scenario(
        name="longpoll",
        title="{connections:,} parked long polls, woken and parked again",
        command="longpoll",
        paths=POLL,
        full={"connections": 1000, "rounds": 150, "warmup": 10, "pause": 20},
        quick={"rounds": 10, "warmup": 2},
        scheme="http",
    ),
    socketio_fanout(1000, 1, warmup=50),
    socketio_fanout(5000, 1, warmup=20),
    socketio_fanout(1000, 16, warmup=10),
    socketio_fanout(5000, 16, warmup=4),
    replace(
        socketio_fanout(1000, 16, warmup=10),
        name="sio-flood",
        title="Fan-out to {connections:,} Socket.IO clients, up to {window} messages always under way",
        full={"connections": 1000, "burst": 16, "window": 64, "seconds": 2, "warmup": 10, "socketio": "/lobby"},
        table="flood",
    ),
    socketio(IDLE, "{connections:,} idle Socket.IO sessions on WebSockets in one namespace"),
    Scenario(
        name="sio-polling",
        title="Fan-out to {connections:,} Socket.IO clients that poll",
        command="polling",
        paths=at(SOCKETIO, "polling"),
        full={"connections": 200, "rounds": 300, "warmup": 50, "pause": 5, "socketio": "/lobby"},
        quick={"rounds": 10, "warmup": 2},
        scheme="http",
    ),
    sessions("idle", "{connections:,} idle XMPP sessions"),
    replace(
        sessions("idle-tls", "{connections:,} idle XMPP sessions inside TLS", tls=True),
        full={"connections": 10000, "warmup": 200, "settle": 2, "sasl": "scram", "certificate": CERTIFICATE},
    ),
    xmpp(
        "login",
        "Logins by SCRAM-SHA-1, {connections} at a time",
        "logins",
        {"connections": 16, "seconds": 3, "warmup": 200, "accounts": 1000, "sasl": "scram"},
        {"seconds": 1, "warmup": 20},
        accounts=1000,
    ),
    chat("chat", "{connections} accounts in pairs, {window} messages in flight in each; messages are kept",
         accounts=200, archive=True),
    chat("chat-guests", "{connections} guests in pairs, {window} messages in flight in each"),
    muc(100, 1, warmup=100),
    muc(1000, 1, warmup=20),
    muc(1000, 16, warmup=2),
    # Prosody needs more than five minutes until 10,000 are in: whoever comes in, it looks at all who are.
    replace(muc(10000, 1, warmup=3), paths=XMPP_GUESTS | {"prosody": None}),
    page("mam-page", "at the end of"),
    page("mam-page-middle", "in the middle of"),
    relay(1, 120, window=32),
    relay(1, 1200, window=32),
    relay(1000, 120, window=1),
    relay(1000, 1200, window=1),
    relay(1, 1200, window=32, card="cutting"),
    relay(1, 120, window=32, transport="tcp"),
    relay(1, 1200, window=32, transport="tcp"),
    relay(100, 120, window=32, transport="tcp"),
    relay(100, 1200, window=32, transport="tcp"),
    turn(
        "turn-idle",
        "{connections:,} idle allocations, each with a permission and a channel",
        "turn-idle",
        {"connections": 5000, "warmup": 200, "settle": 3},
        {"settle": 1},
    ),
    turn(
        "turn-allocate",
        "Allocations made and ended, {connections} clients at a time",
        "turn-allocate",
        {"connections": 16, "seconds": 3, "warmup": 200},
        {"seconds": 1},
    ),
    tracker(
        "tracker-announce",
        "Announces of {connections:,} peers in {swarms} swarms, each with 10 offers that others answer",
        {"connections": 1000, "swarms": 50, "seconds": 3, "warmup": 3},
        {"connections": 200, "swarms": 10, "seconds": 1, "warmup": 1},
    ),
    tracker(
        "tracker-idle",
        "{connections:,} idle peers in {swarms} swarms",
        {"connections": 10000, "swarms": 500, "warmup": 200, "settle": 3},
        {"connections": 1000, "swarms": 50, "settle": 1},
    ),
]
