"""What Hubbub aims at, and whether a run reached it."""

from dataclasses import dataclass

CPU = ("server", "cpu_us_per_delivery")
P50 = ("latency_us", "p50")
P99 = ("latency_us", "p99")
IDLE = ("idle", "bytes_per_connection")
SINGLE = ("fanout-1000", "fanout-10000")
QUEUED = ("fanout-1000-16", "fanout-10000-16")
XMPP = ("prosody", "ejabberd")
TURN = tuple(f"turn-{clients}-{size}" for size in (120, 1200) for clients in ("1", "1000", "tcp-1", "tcp-100"))
TURN = (*TURN, "turn-cards-1-1200")
SOCKETIO = ("sio-fanout-1000", "sio-fanout-5000", "sio-fanout-1000-16", "sio-fanout-5000-16", "sio-flood", "sio-polling")


@dataclass(frozen=True)
class Ratio:
    """A figure of Hubbub's divided by a peer's must not be above a bound."""

    text: str
    scenarios: tuple
    peer: str
    path: tuple
    bound: float

    def rows(self, results):
        for scenario in results.scenarios:
            ratio = results.ratio(scenario, self.peer, self.path) if scenario.name in self.scenarios else None
            if ratio is not None:
                yield [self.text, scenario.name, f"{ratio:.2f}", verdict(ratio <= self.bound)]


@dataclass(frozen=True)
class BestRatio:
    """A figure of Hubbub's divided by that of the best of some peers must not be above a bound."""

    text: str
    scenarios: tuple
    peers: tuple
    path: tuple
    bound: float

    def rows(self, results):
        for scenario in results.scenarios:
            peers = self.peers if scenario.name in self.scenarios else ()
            found = [results.ratio(scenario, peer, self.path) for peer in peers]
            ratios = [ratio for ratio in found if ratio is not None]
            if ratios:
                yield [self.text, scenario.name, f"{max(ratios):.2f}", verdict(max(ratios) <= self.bound)]


@dataclass(frozen=True)
class Bound:
    """A figure of Hubbub's must not be above a bound."""

    text: str
    scenario: str
    path: tuple
    bound: float

    def rows(self, results):
        for scenario in results.scenarios:
            if scenario.name == self.scenario and results.figures(scenario, "hubbub", self.path):
                value = results.median(scenario, "hubbub", self.path)
                yield [self.text, scenario.name, f"{value:,.0f}", verdict(value <= self.bound)]


def verdict(reached):
    return "reached" if reached else "**missed**"


AIMS = [
    Ratio("CPU per delivery ≤ 0.75 × uWebSockets.js, one at a time", SINGLE, "uws", CPU, 0.75),
    Ratio("CPU per delivery ≤ 0.85 × uWebSockets.js, 16 queued", QUEUED, "uws", CPU, 0.85),
    Bound("≤ 4,096 bytes of user-space memory per idle WebSocket", "idle", IDLE, 4096),
    Ratio("CPU per long-poll wake-up below nchan's", ("longpoll",), "nchan", CPU, 1.0),
    Ratio("p99 of long-poll wake-ups below nchan's", ("longpoll",), "nchan", P99, 1.0),
    Ratio("CPU per delivery ≤ 0.2 × socket.io", SOCKETIO, "socketio", CPU, 0.2),
    Ratio("CPU per delivery ≤ 0.6 × socketioxide", SOCKETIO, "socketioxide", CPU, 0.6),
    Bound("≤ 6,144 bytes of user-space memory per idle Socket.IO session", "sio-idle", IDLE, 6144),
    Bound("≤ 8,192 bytes of user-space memory per idle XMPP session", "xmpp-idle", IDLE, 8192),
    Bound("≤ 20,480 bytes of user-space memory per idle XMPP session inside TLS", "xmpp-idle-tls", IDLE, 20480),
    BestRatio("CPU per message ≤ 0.2 × the better of Prosody and ejabberd", ("xmpp-chat", "xmpp-chat-guests"), XMPP, CPU, 0.2),
    BestRatio("CPU per delivery ≤ 0.1 × the better of Prosody and ejabberd", ("xmpp-muc-1000",), XMPP, CPU, 0.1),
    Bound("half of the pages of an archive within 2,000 µs", "xmpp-mam-page", P50, 2000),
    Bound("half of the pages of an archive within 2,000 µs", "xmpp-mam-page-middle", P50, 2000),
    Ratio("CPU per relayed packet ≤ 0.5 × coturn", TURN, "coturn", CPU, 0.5),
    Ratio("memory per allocation ≤ 0.25 × coturn", ("turn-idle",), "coturn", IDLE, 0.25),
    Ratio("CPU per announce ≤ 0.1 × bittorrent-tracker", ("tracker-announce",), "bittorrent-tracker", CPU, 0.1),
    Ratio("memory per peer ≤ 0.1 × bittorrent-tracker", ("tracker-idle",), "bittorrent-tracker", IDLE, 0.1),
]
