"""Engine.IO revision 3 (EIO3), which clients of Socket.IO 1 and 2 speak.

Lengths in UTF-16, binary payloads, `b64=1`, pings from the client.
"""

import pytest
from hubbub_test.engineio import (
    BINARY,
    CLOSE,
    NOOP,
    UPGRADE,
    Polling,
    address,
    dial,
    open_websocket,
    record_v3,
    split_v3,
    split_v3_binary,
)
from hubbub_test.server import PATIENCE, Server
from hubbub_test.websocket import close_code
from websockets.exceptions import InvalidStatus

OLD = "[socketio]\neio3 = true\n"


@pytest.fixture(scope="module")
def server():
    with Server(OLD) as running:
        yield running


@pytest.fixture(scope="module")
def brisk():
    with Server(OLD + "ping_interval = 1\nping_timeout = 1\n") as running:
        yield running


def in_room(server: Server, room: str, **query) -> Polling:
    session = Polling(server, eio=3, room=room, **query)
    session.say("4in")
    assert session.get().text == "3:4in"
    return session


def test_the_handshake_has_a_length_and_no_max_payload(server, room):
    session = Polling(server, eio=3, room=room)
    length, _, packet = session.opening.text.partition(":")
    assert int(length) == len(packet)
    assert session.handshake["upgrades"] == ["websocket"]


def test_it_is_refused_where_the_setting_says_no(start):
    server = start()
    with pytest.raises(AssertionError, match="Unsupported protocol version"):
        Polling(server, eio=3, room="lobby")
    with pytest.raises(InvalidStatus) as refused:
        dial(server.port, address("/engine.io/", "websocket", 3, room="lobby"))
    assert refused.value.response.status_code == 400


@pytest.mark.parametrize(
    ("posted", "comes_back"),
    [
        ("6:4hello2:4€", ["4hello", "4€"]),
        ("3:4😀2:4a", ["4😀", "4a"]),
        ("10:b4AQIDBA==2:4a", [b"\4\1\2\3\4", "4a"]),
        ("1:4", ["4"]),
        ("0:2:4a", ["4a"]),
        ("9:4a:b😀:3:", ["4a:b😀:3:"]),
    ],
    ids=["ascii-and-euro", "a-surrogate-pair-counts-two", "base64", "an-empty-one", "an-empty-record", "colons"],
)
def test_payloads_of_text(server, room, posted, comes_back):
    """A length counts UTF-16 code units, whatever the bytes."""
    session = in_room(server, room)
    reply = session.post(posted)
    assert (reply.status, reply.text) == (200, "ok"), reply
    heard: list = []
    while len(heard) < len(comes_back):
        reply = session.get()
        binary = reply.headers["content-type"] == BINARY
        heard += split_v3_binary(reply.body) if binary else split_v3(reply.text)
    assert heard == comes_back


def test_payloads_of_bytes(server, room):
    """EIO3 "Payload": `<0 or 1><digits as bytes><255><packet>`; with binary among them everything is so."""
    session = in_room(server, room)
    assert session.post(b"\0\4\xff4\xe2\x82\xac" + b"\1\5\xff\4\1\2\3\4", BINARY).status == 200
    heard: list = []
    while len(heard) < 2:
        reply = session.get()
        binary = reply.headers["content-type"] == BINARY
        heard += split_v3_binary(reply.body) if binary else split_v3(reply.text)
    assert heard == ["4€", b"\4\1\2\3\4"]


def test_a_length_of_many_digits(server, room):
    session = in_room(server, room)
    packet = "4" + 12345 * "ä"
    session.say(packet)
    assert session.get().text == record_v3(packet)
    data = bytes(range(256)) * 50
    assert session.post(b"\1" + bytes([1, 2, 8, 0, 1]) + b"\xff\4" + data, BINARY).status == 200
    reply = session.get()
    assert reply.headers["content-type"] == BINARY
    assert split_v3_binary(reply.body) == [b"\4" + data]


def test_a_client_without_binary_gets_base64(server, room):
    session = in_room(server, room, b64=1)
    server.http.publish(room, b"\1\2\3\4", type="application/octet-stream", name="Bo")
    reply = session.get()
    assert (reply.headers["content-type"], reply.text) == ("text/plain; charset=UTF-8", "10:b4AQIDBA==")


def test_binary_on_a_websocket_has_its_number(server, room):
    socket, handshake = open_websocket(server, eio=3, room=room)
    assert handshake["upgrades"] == []
    socket.send(b"\4\1\2")
    assert socket.recv(timeout=PATIENCE) == b"\4\1\2"
    socket.send("b4AQI=")
    assert socket.recv(timeout=PATIENCE) == b"\4\1\2"
    socket.close()


@pytest.mark.parametrize(("ping", "pong"), [("2", "3"), ("2probe", "3probe"), ("2€", "3€")])
def test_the_client_pings(server, room, ping, pong):
    session = in_room(server, room)
    session.say(ping)
    assert session.records(session.get()) == [pong]
    socket, _ = open_websocket(server, eio=3, room=room)
    socket.send(ping)
    assert socket.recv(timeout=PATIENCE) == pong
    socket.close()


def test_the_server_never_pings(brisk, room):
    """And whoever pings stays, longer than interval and timeout together."""
    socket, _ = open_websocket(brisk, eio=3, room=room)
    for n in range(8):
        socket.send(f"2{n}")
        assert socket.recv(timeout=PATIENCE) == f"3{n}"
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.4)
    socket.close()


def test_silence_ends_the_session(brisk, room):
    socket, _ = open_websocket(brisk, eio=3, room=room)
    assert close_code(socket) is not None
    session = in_room(brisk, room)
    assert split_v3(session.get().text) == [CLOSE]
    assert session.get().code == 1


def test_the_upgrade(server, room):
    session = in_room(server, room)
    socket = session.websocket()
    socket.send("2probe")
    assert socket.recv(timeout=PATIENCE) == "3probe"
    assert session.get().text == record_v3(NOOP)
    socket.send(UPGRADE)
    socket.send("4hello")
    assert socket.recv(timeout=PATIENCE) == "4hello"
    socket.send("2")
    assert socket.recv(timeout=PATIENCE) == "3"
    socket.close()


def test_both_revisions_in_one_room(server, room):
    old, new = in_room(server, room), Polling(server, room=room, since="0")
    assert new.drain(1) == ["4in"]
    old.say("4😀")
    assert new.drain(1) == ["4😀"]
    assert old.get().text == "3:4😀"
    assert new.post("bAQID").status == 200
    assert split_v3_binary(old.get().body) == [b"\4\1\2\3"]
