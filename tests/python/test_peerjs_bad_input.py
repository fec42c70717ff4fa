"""Runs `tests/bad_input/peerjs_*.md`, row by row, and tries what floods a server of PeerJS. After each it still serves."""

import json
from contextlib import suppress

import pytest
from hubbub_test import bad_input, raw, table
from hubbub_test.peerjs import TAKEN, Peer, address, error, join, new_id
from hubbub_test.server import PATIENCE, Server
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

MOST = 65536


@pytest.fixture(scope="module")
def server():
    with Server("peerjs.burst = 50\npeerjs.rate = 50\npeerjs.expire = '1 h'") as running:
        yield running


@pytest.fixture(autouse=True)
def survives(server):
    yield
    with join(server) as ann, join(server) as bo:
        bo.hears_nothing_before(ann)


def rows(name: str):
    return pytest.mark.parametrize("row", table.read(name), ids=table.name_of)


@rows("peerjs_addresses")
def test_address(server, row):
    code, _, why = row["gets"].partition(" ")
    where = address(server) + bad_input.repeated(row["query"])
    with connect(where, open_timeout=PATIENCE) as socket:
        told = json.loads(socket.recv(timeout=PATIENCE))
        assert told["type"] == "ERROR"
        begins, dots, _ = why.partition("…")
        assert told["payload"]["msg"].startswith(begins) if dots else told["payload"]["msg"] == why
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=PATIENCE)
        assert closed.value.rcvd.code == int(code)


@rows("peerjs_messages")
def test_message(server, row):
    message, gets = row["message"], row["gets"]
    with join(server, "bo") as bo, Peer(server).opened() as ann:
        if message.startswith("raw:"):
            first, payload = message.removeprefix("raw:").split()
            send_raw(ann, int(first), bytes.fromhex(payload))
        else:
            ann.socket.send(bad_input.repeated(message))
        if gets == "nothing":
            ann.hears_nothing_before(bo)
            bo.hears_nothing_before(ann)
            return
        said, code = ann.end()
        if gets == "error":
            assert ([one["type"] for one in said], code) == (["ERROR"], 1008)
            assert said[0]["payload"]["msg"].startswith("Invalid message: ")
        else:
            assert (said, code) == ([], int(gets.removeprefix("close ")))
        with join(server) as carl:
            bo.hears_nothing_before(carl)


def send_raw(peer: Peer, opcode: int, payload: bytes):
    """A frame that the library would not send. Opcodes from 64 on have a reserved bit."""
    with peer.socket.protocol_mutex:
        peer.socket.socket.sendall(raw.frame(opcode % 64, payload, reserved=opcode // 64))


def test_the_largest_message(server):
    with join(server) as ann, join(server) as bo:
        room = MOST - len(json.dumps({"type": "OFFER", "payload": "", "dst": bo.id}))
        ann.send("OFFER", bo.id, payload="x" * room)
        assert len(bo.next()["payload"]) == room
        ann.send("OFFER", bo.id, payload="x" * (room + 1))
        assert ann.end() == ([], 1009)


def test_in_many_frames(server):
    """What comes in pieces is not larger for it."""
    with join(server) as ann, join(server) as bo:
        text = json.dumps({"type": "OFFER", "dst": bo.id, "payload": "x" * 1000})
        ann.socket.send([text[at : at + 100] for at in range(0, len(text), 100)])
        assert bo.next()["payload"] == "x" * 1000
        ann.socket.send(("x" * 10_000 for _ in range(10)))
        assert ann.end() == ([], 1009)


def test_a_payload_as_deep_as_it_likes(server):
    """Nobody here goes down into it."""
    payload = "[" * 30_000 + "]" * 30_000
    with join(server) as ann, join(server) as bo:
        ann.socket.send('{"type":"OFFER","dst":"%s","payload":%s}' % (bo.id, payload))
        wanted = f'{{"type":"OFFER","src":"{ann.id}","dst":"{bo.id}","payload":{payload}}}'
        assert bo.socket.recv(timeout=PATIENCE) == wanted


@pytest.mark.parametrize("kind", ["OFFER", "HEARTBEAT", "PING"])
def test_a_flood(server, kind):
    """Of whatever: `rate` and `burst` are of all messages."""
    with join(server) as ann:
        try:
            for _ in range(500):
                ann.send(kind, new_id(), payload=1)
        except ConnectionClosed:
            pass  # it was told while it was speaking
        said, code = ann.end()
        assert (said[-1], code) == (error("Too many messages (peerjs.rate)"), 1008)


def test_a_flood_of_large_ones(server):
    """Each 4 KiB of a message count as another."""
    with join(server) as ann:
        with suppress(ConnectionClosed):
            for _ in range(20):
                ann.send("CANDIDATE", ann.id, payload="x" * 60_000)
        said, code = ann.end()
        assert (said[-1], code) == (error("Too many messages (peerjs.rate)"), 1008)
        assert len(said) < 10


def test_a_flood_before_open(start):
    """What is held for a peer whose id is not settled is little."""
    server = start("peerjs.rate = 0")
    with join(server) as bo, Peer(server, token="t") as ann:
        for n in range(200):
            ann.send("CANDIDATE", bo.id, payload=n)
        assert ann.opened()
        assert [bo.next()["payload"] for _ in range(200)] == list(range(200))


def test_who_does_not_read(start):
    """Whoever writes to him is told so, and is not held up; he himself stays, or anybody could end him."""
    server = start("limits.outbox_bytes = 262144\npeerjs.rate = 0\npeerjs.expire = '1 s'")
    with join(server) as ann, raw.Wire(server) as deaf:
        deaf.send(
            b"GET /peerjs?key=peerjs&id=deaf&token=t HTTP/1.1\r\n"
            + b"".join(f"{name}: {value}\r\n".encode() for name, value in raw.HANDSHAKE.items())
            + b"\r\n"
        )
        assert deaf.read_answer().status == 101
        told = None
        while told is None:
            ann.send("OFFER", "deaf", payload="x" * 60_000)
            try:
                told = json.loads(ann.socket.recv(timeout=0))
            except TimeoutError:
                pass
        assert told == {"type": "EXPIRE", "src": "deaf", "dst": ann.id}
        with Peer(server, "deaf", token="another") as other:
            assert other.next() == TAKEN
