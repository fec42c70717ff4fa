"""The scenarios: what the load generator is told, in full and in the quick mode, and which servers can serve it.

Traffic is measured for two seconds, or to the end of a round that takes longer.
"""

from dataclasses import dataclass, replace

# Where each server offers what a scenario needs, behind ws://127.0.0.1:PORT or http://127.0.0.1:PORT; the load
# generator puts the connection's number in the place of "#".
ROOM = {"hubbub": "/rooms/bench/ws", "uws": "/room", "ws": "/room", "nchan": "/room/bench"}
ECHO = {"hubbub": "/rooms/echo-#/ws", "uws": "/echo/#", "ws": "/echo/#", "nchan": "/room/echo-#"}
POLL = {"hubbub": "/rooms/bench/messages", "nchan": "/sub/bench"}
SOCKETIO = dict.fromkeys(["hubbub", "hubbub-recovery", "socketio", "socketioxide"], "/socket.io/?EIO=4&transport={}")
# Clients that can recover get an offset with each event. Without it, what everybody gets is the same to the byte.
SOCKETIO["hubbub"] += "&recovery=false"


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

    @property
    def shows(self):
        return self.table or self.command

    def serves(self, server):
        return server in self.paths

    def options(self, quick):
        return {key: value for key, value in {**self.full, **(self.quick if quick else {})}.items() if value is not None}

    def heading(self, quick):
        return self.title.format(**self.options(quick))

    def arguments(self, server, port, quick):
        """The load generator's command line."""
        base = f"{self.scheme}://127.0.0.1:{port}"
        options = self.options(quick) | {"url": base + self.paths[server]}
        if self.command == "longpoll" and server == "nchan":
            options |= {"resume": "validators", "publish-url": f"{base}/pub/bench"}
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
]
