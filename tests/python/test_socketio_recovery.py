"""Recovery under fire: clients of Socket.IO behind a bad network, while others talk on other protocols.

Each ends up with every event exactly once and in order; or it was told, at that very place, that something is missing.
"""

import random
import threading
from contextlib import contextmanager

import pytest
from hubbub_test import raw
from hubbub_test.people import OnEventStream
from hubbub_test.proxy import Proxy
from hubbub_test.resuming import Resuming
from hubbub_test.server import Server
from hubbub_test.stage import Stage
from hubbub_test.together import at_once

# A client that hears nothing must find out soon that its connection is silent.
BRISK = "[socketio]\nping_interval = 1\nping_timeout = 1\nconnect_timeout = 5\nupgrade_timeout = 1\n"
LONG = '[[room]]\nmatch = "*"\nhistory_count = 100000\nhistory_bytes = 100000000\n'
SHORT = '[[room]]\nmatch = "*"\nhistory_count = 40\n'
LAST = "the end"
ALL = pytest.mark.parametrize("transport", ["websocket", "polling", "both"])


@contextmanager
def bad_network(server: Server, average_bytes: int = 3000):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    proxy = Proxy(server, seed, average_bytes)
    try:
        yield proxy
    finally:
        proxy.stop()


def talk(server: Server, count: int):
    """Ann on a raw WebSocket and Bo over HTTP, until both have said all they had to."""

    def by_websocket():
        with raw.websocket(server, query="?name=Ann&echo=false") as socket:
            for n in range(count):
                socket.send(raw.frame(1, f"Ann {n} ".ljust(100, ".").encode()))
                pause(0.015)
            socket.send(raw.frame(8, b"\x03\xe8"))
            assert socket.read_to_close() == 1000

    def by_http():
        for n in range(count // 4):
            assert server.http.publish("lobby", f"Bo {n}", name="Bo").status == 201

    at_once([by_websocket, by_http])


def pause(seconds: float):
    """Lets others do something, so that there is a middle in which connections can be cut."""
    threading.Event().wait(seconds)


def log_of(server: Server) -> list[tuple]:
    stage = Stage(running=server)
    return [(one["event"], one["data"], one["offset"]) for one in stage.log_of("lobby")]


def heard_by(client: Resuming) -> list[tuple]:
    return [(one.name, one.args[0] if one.args else None, one.offset) for one in client.events]


def under_fire(server: Server, clients: list[Resuming], proxy: Proxy, story, again: bool = False):
    """Plays `story` while the clients read; then the network is good, and the last word brings everybody to the end.

    Where it may be forgotten before it is heard, it is said `again`.
    """

    def play():
        story()
        proxy.calm()
        server.http.publish("lobby", LAST, name="Bo")
        for _ in range(200 if again else 0):
            if all(one.events and one.events[-1].args == [LAST] for one in clients):
                break
            pause(0.2)
            server.http.publish("lobby", LAST, name="Bo")

    at_once([play, *(lambda one=one: one.stay(lambda heard: heard.args == [LAST]) for one in clients)])


def readers(port: int, transport: str, count: int) -> list[Resuming]:
    """Clients that are in the room from its beginning: the first connection is one that works."""
    return [Resuming(port, "/lobby", transport, name=f"Reader{n}") for n in range(count)]


@ALL
def test_each_event_exactly_once_and_in_order(start, transport):
    server = start(BRISK + LONG)
    with bad_network(server) as proxy:
        clients = readers(server.port, transport, 4)
        for client in clients:
            client.come()
            client.port = proxy.port
            client.cut()
        witness = OnEventStream(server, "Witness", "lobby")
        witness.join()
        under_fire(server, clients, proxy, lambda: talk(server, 200))
    log = log_of(server)
    assert len(log) == 251
    for client in clients:
        assert heard_by(client) == log
        assert client.recoveries == client.came - 1, "whatever happened, it was restored"
    assert all(client.came > 1 for client in clients), "each came back at least once"
    witness.wait_for(lambda: len(witness.received) == len(log), "for the witness")
    witness.leave()


@ALL
def test_what_the_log_has_no_more_is_told(start, transport):
    """Where history is short, whoever was away too long is told so. Nothing else is missing, nothing comes twice."""
    server = start(BRISK + SHORT)
    with bad_network(server, 1500) as proxy:
        clients = readers(server.port, transport, 4)
        witness = Resuming(server.port, "/lobby", name="Witness")
        witness.come()
        for client in clients:
            client.come()
            client.port = proxy.port
            client.cut()
        under_fire(server, [witness, *clients], proxy, lambda: talk(server, 400), again=True)
    said = heard_by(witness)[:-1]
    assert len(said) == 500 and witness.came == 1
    place = {event: n for n, event in enumerate(said)}
    for client in clients:
        places = [place[event] for event in heard_by(client)[:-1]]
        for before, after, heard in zip(places, places[1:], client.events[1:]):
            assert after > before, "in order, and nothing twice"
            assert after == before + 1 or heard.after_gap, f"a gap before {heard} that nobody spoke of"
    # Who was quick enough and who was not is the network's doing; that it did something is not.
    assert all(client.came > 1 for client in clients), "the network was bad"


@ALL
def test_a_server_that_is_killed_in_the_middle(start, transport):
    """In a durable room, on the same port: who comes back has the same name, and misses nothing."""
    server = start(BRISK + LONG, durable=True)
    server.listen = (f"127.0.0.1:{server.port}",)
    with bad_network(server, 6000) as proxy:
        clients = readers(server.port, transport, 4)
        for client in clients:
            client.come()
            client.port = proxy.port
            client.cut()
        names = [client.sid for client in clients]

        def story():
            for turn in range(3):
                if turn:
                    server.kill()
                    server.start()
                talk(server, 60)

        under_fire(server, clients, proxy, story)
    log = log_of(server)
    assert len({offset.partition("-")[0] for _, _, offset in log}) == 1, "one epoch, whatever happened"
    bo = [data for _, data, _ in log if data.startswith("Bo ")]
    assert bo == 3 * [f"Bo {n}" for n in range(15)], (
        "what was acknowledged is there; a raw frame just before a kill need not be"
    )
    for client in clients:
        assert heard_by(client) == log
        assert client.recoveries == client.came - 1
    assert [client.sid for client in clients] == names


def test_a_client_that_changes_its_transport_each_time(start):
    server = start(BRISK + LONG)
    client = Resuming(server.port, "/lobby", "polling", name="Ann")
    client.come()
    for n in range(30):
        client.transport = ("websocket", "polling", "both")[n % 3]
        client.cut()
        server.http.publish("lobby", f"away {n}", name="Bo")
        assert client.come()
        server.http.publish("lobby", f"here {n}", name="Bo")
        client.read_until(lambda heard, n=n: heard.args == [f"here {n}"])
    assert heard_by(client) == log_of(server)
    client.leave()


@ALL
def test_a_memory_room_does_not_survive_a_kill_and_says_so(start, transport):
    server = start(BRISK + LONG)
    server.listen = (f"127.0.0.1:{server.port}",)
    client = Resuming(server.port, "/lobby", transport, name="Ann")
    client.come()
    server.http.publish("lobby", "before", name="Bo")
    client.read_until(lambda heard: heard.args == ["before"])
    client.leave()
    server.kill()
    server.start()
    assert not client.come()
    server.http.publish("lobby", "after", name="Bo")
    client.read_until(lambda heard: heard.args == ["after"])
    assert client.events[-1].after_gap
    client.leave()
