"""The scenarios: what the load generator is told, in full and in the quick mode, and which servers can serve it.

Counts are chosen so that one full run of a fast server takes some two seconds.
"""

from dataclasses import dataclass

# Where each server offers what a scenario needs, behind ws://127.0.0.1:PORT or http://127.0.0.1:PORT; the load
# generator puts the connection's number in the place of "#".
ROOM = {"hubbub": "/rooms/bench/ws", "uws": "/room", "ws": "/room", "nchan": "/room/bench"}
ECHO = {"hubbub": "/rooms/echo-#/ws", "uws": "/echo/#", "ws": "/echo/#", "nchan": "/room/echo-#"}
POLL = {"hubbub": "/rooms/bench/messages", "nchan": "/sub/bench"}


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    command: str
    paths: dict
    full: dict
    quick: dict
    scheme: str = "ws"

    def serves(self, server):
        return server in self.paths

    def options(self, quick):
        return {**self.full, **(self.quick if quick else {})}

    def heading(self, quick):
        return self.title.format(**self.options(quick))

    def arguments(self, server, port, quick):
        """The load generator's command line."""
        base = f"{self.scheme}://127.0.0.1:{port}"
        options = self.options(quick) | {"url": base + self.paths[server]}
        if self.command == "longpoll" and server == "nchan":
            options |= {"resume": "validators", "publish-url": f"{base}/pub/bench"}
        return [self.command, *(f"--{key}={value}" for key, value in options.items())]


def fanout(connections, burst, rounds, warmup, quick_rounds):
    each = "one message at a time" if burst == 1 else f"{burst} messages queued per link"
    return Scenario(
        name=f"fanout-{connections}" + ("" if burst == 1 else f"-{burst}"),
        title="Fan-out to {connections:,} WebSockets, " + each,
        command="fanout",
        paths=ROOM,
        full={"connections": connections, "burst": burst, "rounds": rounds, "warmup": warmup},
        quick={"rounds": quick_rounds, "warmup": 2},
    )


def echo(window, messages, quick_messages):
    return Scenario(
        name=f"echo-{window}",
        title="Echo on {connections:,} WebSockets, {window} in flight on each",
        command="echo",
        paths=ECHO,
        full={"connections": 100, "window": window, "messages": messages, "warmup": 1000},
        quick={"messages": quick_messages, "warmup": 100},
    )


SCENARIOS = [
    fanout(1000, 1, rounds=800, warmup=50, quick_rounds=50),
    fanout(10000, 1, rounds=80, warmup=10, quick_rounds=5),
    fanout(1000, 16, rounds=200, warmup=10, quick_rounds=5),
    fanout(10000, 16, rounds=20, warmup=3, quick_rounds=1),
    echo(1, messages=6000, quick_messages=500),
    echo(16, messages=20000, quick_messages=2000),
    Scenario(
        name="idle",
        title="{connections:,} idle WebSockets in one room",
        command="idle",
        paths=ROOM,
        full={"connections": 10000, "warmup": 200, "settle": 3},
        quick={"connections": 2000, "settle": 1},
    ),
    Scenario(
        name="longpoll",
        title="{connections:,} parked long polls, woken and parked again",
        command="longpoll",
        paths=POLL,
        full={"connections": 1000, "rounds": 150, "warmup": 10, "pause": 20},
        quick={"rounds": 10, "warmup": 2},
        scheme="http",
    ),
]
