"""Clients of Socket.IO that poll seldom, or never: bounded memory, nothing lost that the log has, nothing left over."""

import itertools

from hubbub_test import raw
from hubbub_test.engineio import Polling, until_sessions
from hubbub_test.memory import MIB, held, sockets
from hubbub_test.resuming import Resuming
from hubbub_test.server import Server
from hubbub_test.socketio import Client, Ended
from hubbub_test.together import at_once
from hubbub_test.waiting import until

OUTBOX = 262144
PAYLOAD = b"x" * 16384


def config(history: int) -> str:
    outbox = f"[limits]\noutbox_bytes = {OUTBOX}\n"
    return f'{outbox}[[room]]\nmatch = "*"\nhistory_count = 100000\nhistory_bytes = {history}\n'


def much_said(server: Server, count: int, first: int = 0):
    """Numbered messages of 16 KiB, each said when the one before was heard."""
    with raw.websocket(server, query="?name=Writer") as writer:
        for n in range(first, first + count):
            text = f"{n} ".encode() + PAYLOAD
            writer.send(raw.frame(1, text))
            assert writer.read_frame().payload == text


def numbers(client: Resuming) -> list[int]:
    return [int(heard.args[0].partition(" ")[0]) for heard in client.events]


def test_a_client_that_polls_seldom_loses_nothing(start):
    """Much more is said than may wait for it; it then reads all of it, over one and the same session."""
    server = start(config(100_000_000))
    client = Resuming(server.port, "/lobby", "polling", name="Slow")
    client.come()
    for turn in range(3):
        much_said(server, 200, 200 * turn)
        while len(client.events) < 200 * (turn + 1):
            client.read()
    assert numbers(client) == list(range(600))
    assert client.came == 1
    client.leave()


def test_a_client_that_polls_too_seldom_is_told(start):
    """The log has not kept it all: the session ends, and the next says that nothing was recovered."""
    server = start(config(1_000_000))
    client = Resuming(server.port, "/lobby", "polling", name="Slow")
    client.come()
    much_said(server, 10)
    client.read_until(lambda heard: heard.args[0].startswith("9 "))
    much_said(server, 200, 10)
    said = iter(range(210, 10**6))

    def at_the_end() -> bool:
        return client.came > 1 and client.events[-1].after_gap

    while not at_the_end():
        try:
            if not client.is_in:
                client.come()
                much_said(server, 1, next(said))
            client.read_until(lambda _: at_the_end())
        except Ended:
            client.leave()
    heard = numbers(client)
    assert heard == sorted(set(heard)), "in order, and nothing twice"
    gap = next(n for n, event in enumerate(client.events) if event.after_gap)
    assert heard[:gap] == list(range(gap)), "nothing is missing but where it was said"
    client.leave()


def test_memory_under_clients_that_do_not_poll(start):
    """A hundred of them, and forty times as much said as may wait for each."""
    server = start(config(1_000_000))
    sessions = [Client(server, "polling", query={"name": f"Deaf{n}"}) for n in range(100)]
    for session in sessions:
        session.join("/lobby")
    before = held(server.pid)
    peak = []
    for turn in range(12):
        much_said(server, 160, 160 * turn)
        peak.append(held(server.pid))
    assert max(peak) - before < 100 * OUTBOX + 32 * MIB
    # Until all outboxes are full and the allocator's pages have levelled off it may grow; what would stay is 2.5 MiB a turn, for each who keeps it.
    assert peak[-1] - max(peak[:5]) < 16 * MIB, "what more is said costs nothing more"
    server.still_serves()


def test_who_never_polls_is_ended_by_the_heartbeat(start):
    server = start("[socketio]\nping_interval = 1\nping_timeout = 1\n")
    for n in range(20):
        client = Client(server, "polling", query={"name": f"Deaf{n}"})
        client.join("/lobby")
    until_sessions(server, 0)
    assert server.http.presence("lobby").json["count"] == 0
    assert server.counted("hubbub_closed_timeout_total") == 20


def come_and_go(server: Server, n: int):
    """By every transport, with every kind of goodbye."""
    transport = ("polling", "websocket", "both")[n % 3]
    client = Client(server, transport, query={"name": f"Visitor{n}"})
    client.join(f"/visit-{n}")
    if transport == "both":
        client.link.upgrade()
    if n % 2:
        client.send(f"1/visit-{n},")
    client.link.close() if n % 4 else client.link.cut()


def test_two_thousand_sessions_leave_nothing_behind(start):
    server = start(
        "[socketio]\nping_interval = 1\nping_timeout = 1\n"
        '[limits]\nroom_idle = 1\n[[room]]\nmatch = "*"\nlog = "memory"\n'
    )
    server.still_serves()
    before, counter, grown = sockets(server.pid), itertools.count(), []

    def some():
        for _ in range(100):
            come_and_go(server, next(counter))

    for _ in range(4):
        at_once([some] * 5)
        until_sessions(server, 0)
        until(lambda: sockets(server.pid) <= before, "the connections are gone")
        until(lambda: server.counted("hubbub_rooms") <= 1, "the rooms are forgotten")
        grown.append(held(server.pid))
    assert next(counter) == 2000
    assert server.counted("hubbub_session_panics_total") == 0
    assert grown[-1] - grown[0] < 8 * MIB


def test_polls_of_the_dead_cost_nothing(start):
    """Ids of sessions that are over are told so, and nothing is kept for them."""
    server = start()
    session = Polling(server, "/socket.io/")
    session.say("1")
    assert [session.get().code for _ in range(200)] == 200 * [1]
    until_sessions(server, 0)
