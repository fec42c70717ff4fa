"""Memory stays flat under peers that misbehave.

Each kind of abuse is done in rounds. The first rounds may cost what they cost; after that another round must not cost
more again. The bounds are generous: they tell a leak from none, not a good figure from a better one.
"""

import pytest
from hubbub_test import raw
from hubbub_test.memory import MIB, held, most_held, sockets
from hubbub_test.raw import Wire
from hubbub_test.together import at_once
from hubbub_test.waiting import until

PAYLOAD = b"x" * 65536
OUTBOX = 262144
WARM_UP = 3  # rounds


def grows_by(server, abuse, rounds: int = 3) -> int:
    """How many bytes more the server holds after the last round than after the first ones, in which each worker's allocator
    comes to have as many pages as the kernel's choice of workers ever makes it need at once."""
    for _ in range(WARM_UP):
        abuse()
    first = held(server.pid)
    for _ in range(rounds - 1):
        abuse()
    server.still_serves()
    return held(server.pid) - first


def test_heads_that_never_end(start):
    """Slow loris: 400 connections at a time, each with half a request."""
    server = start("[limits]\nheader_timeout = 2\n")
    idle, peak = held(server.pid), []

    def abuse():
        wires = [Wire(server) for _ in range(400)]
        for wire in wires:
            wire.send(b"GET /rooms/lobby/messages HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"s" * 500)
        peak.append(held(server.pid))
        for wire in wires:
            assert wire.at_end()  # the server closes it by itself
            wire.close()

    assert grows_by(server, abuse) < 8 * MIB
    assert max(peak) - idle < 64 * MIB


def test_connections_that_say_nothing(start):
    server = start("[limits]\nheader_timeout = 2\n")

    def abuse():
        wires = [Wire(server) for _ in range(400)]
        for wire in wires:
            assert wire.at_end()
            wire.close()

    assert grows_by(server, abuse) < 8 * MIB


def test_frames_that_never_end(start):
    """Each of 200 sockets announces a message as large as allowed, sends half of it and waits."""
    server = start("[limits]\nmessage_bytes = 65536\n")
    server.still_serves()
    before = sockets(server.pid)

    def abuse():
        wires = [raw.websocket(server, f"half-{n}") for n in range(200)]
        read = server.counted("hubbub_received_bytes_total")
        for wire in wires:
            wire.send(raw.frame(2, bytes(65536))[:30000])
        # What a reset overtakes is never read, and costs nothing: then the rounds would not be alike.
        until(lambda: server.counted("hubbub_received_bytes_total") >= read + 200 * 30000, "all halves are read")
        for wire in wires:
            wire.abort()
        until(lambda: sockets(server.pid) <= before, "the connections are gone")

    # Halves that stay would be 6 MB a round; how many pages of those that go the allocator keeps differs from round to round.
    assert grows_by(server, abuse, rounds=6) < 16 * MIB


@pytest.mark.parametrize(("transport", "io_uring"), [("websocket", "true"), ("websocket", "false"), ("sse", "true")])
def test_subscribers_that_never_read(start, transport, io_uring):
    """20 of them would be owed 40 MiB each. Each may cost its outbox, no more; a reader beside them loses nothing.
    The same where the kernel has no io_uring and links are written one by one.

    The messages themselves are allowed for once: on a busy machine the readers' worker may be given no time while the
    writer's has it, and all of them wait in its mailbox.
    """
    server = start(small_outboxes(f"io_uring = {io_uring}", "close"))
    server.still_serves()
    idle, before = most_held(server.pid), sockets(server.pid)
    deaf = [never_reading(server, transport) for _ in range(20)]
    with raw.websocket(server, query="?name=Reader") as reader, writing(server) as writer:
        all_read(writer, reader, 640)
    until(lambda: sockets(server.pid) <= before, "those who do not read are dropped")
    assert most_held(server.pid) - idle < 20 * OUTBOX + 640 * len(PAYLOAD) + 48 * MIB
    for wire in deaf:
        wire.close()
    server.still_serves()


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_subscribers_that_never_read_and_may_stay(start, transport):
    """Who misses the oldest messages instead of being closed costs no more when more is said. One worker does it all, so
    what it was to tell is told when the reader has read it."""
    server = start(small_outboxes("workers = 1", "drop-oldest"))
    server.still_serves()
    deaf = [never_reading(server, transport) for _ in range(20)]
    with raw.websocket(server, query="?name=Reader") as reader, writing(server) as writer:
        assert grows_by(server, lambda: all_read(writer, reader, 320), rounds=4) < 8 * MIB
    assert server.counted("hubbub_dropped_total") > 20 * 320
    for wire in deaf:
        wire.close()


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_one_large_message_for_many_who_never_read(start, transport):
    """An outbox takes one message that is larger than itself. It is held once for all, not once for each."""
    server = start('[limits]\nmessage_bytes = "8 MiB"\nframe_bytes = "8 MiB"\n')
    server.still_serves()
    idle = most_held(server.pid)
    deaf = [never_reading(server, transport) for _ in range(60)]
    payload = b"x" * 4 * MIB
    with raw.websocket(server, query="?name=Reader") as reader, writing(server) as writer:
        writer.send(raw.frame(1, payload))
        assert reader.read_frame().payload == payload
    until(lambda: server.counted("hubbub_delivered_total") >= 61, "all have been told")
    server.still_serves()
    assert most_held(server.pid) - idle < 96 * MIB
    for wire in deaf:
        wire.close()


def small_outboxes(server: str, when_full: str) -> str:
    """A configuration in which outboxes are soon full, and rooms keep little."""
    limits = f'outbox_bytes = {OUTBOX}\nwhen_full = "{when_full}"\n'
    return f'[server]\n{server}\n[limits]\n{limits}[[room]]\nmatch = "*"\nhistory_bytes = 1000000\n'


def writing(server) -> Wire:
    """Who says everything, and does not hear himself."""
    return raw.websocket(server, query="?name=Writer&echo=false")


def all_read(writer: Wire, reader: Wire, count: int):
    """So many messages, each said when the one before was read."""
    for _ in range(count):
        writer.send(raw.frame(2, PAYLOAD))
        assert reader.read_frame().payload == PAYLOAD


def never_reading(server, transport: str) -> Wire:
    """A subscriber who has joined and from now on reads nothing."""
    wire = Wire(server)
    if transport == "websocket":
        assert wire.request("GET /rooms/lobby/ws", raw.HANDSHAKE).status == 101
    else:
        wire.send(b"GET /rooms/lobby/messages HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
        assert wire.read_answer().status == 200
    return wire


def test_half_open_peers(start):
    """Peers that vanished: nobody answers the pings, nobody closes. The server finds out by itself."""
    server = start("[websocket]\nping_interval = 1\npong_wait = 1\n")
    server.still_serves()
    before = sockets(server.pid)

    def abuse():
        wires = [raw.websocket(server) for _ in range(200)]
        codes = [wire.read_to_close() for wire in wires]
        assert codes == [4408] * 200
        until(lambda: sockets(server.pid) <= before, "the server has let go of them although nobody closed")
        for wire in wires:
            wire.close()

    assert grows_by(server, abuse) < 8 * MIB


def test_two_thousand_come_and_go(start):
    """Half of them politely, half with a reset; each in a room of its own, which must be forgotten too."""
    server = start('[limits]\nroom_idle = 1\n[[room]]\nmatch = "*"\nlog = "memory"\n')
    server.still_serves()
    before = sockets(server.pid)
    counter = iter(range(10**6))

    def visit():
        n = next(counter)
        wire = raw.websocket(server, f"visit-{n}", query=f"?name=visitor-{n}")
        if n % 2:
            wire.send(raw.frame(8, b"\x03\xe8"))
            assert wire.read_to_close() == 1000
            wire.close()
        else:
            wire.abort()

    def abuse():
        at_once([lambda: [visit() for _ in range(100)]] * 5)
        until(lambda: sockets(server.pid) <= before, "the connections are gone")

    assert grows_by(server, abuse, rounds=4) < 8 * MIB
    assert server.http.presence("visit-1").json["count"] == 0
