"""Engine.IO revision 4 (EIO4): handshake, messages, heartbeat and close, on both transports."""

import pytest
from hubbub_test.engineio import (
    CLOSE,
    NOOP,
    PING,
    PONG,
    SEPARATOR,
    Polling,
    address,
    dial,
    open_websocket,
    parked_poll,
    until_sessions,
)
from hubbub_test.server import PATIENCE, Server
from hubbub_test.websocket import close_code
from websockets.exceptions import InvalidStatus


@pytest.fixture(scope="module")
def brisk():
    """A server whose heartbeats do not let a test wait."""
    with Server("[socketio]\nping_interval = 1\nping_timeout = 1\nmax_payload = 2000\n") as running:
        yield running


# Handshake


@pytest.mark.parametrize("path", ["/engine.io/", "/socket.io/"])
def test_a_session_begins_with_a_poll(server, room, path):
    session = Polling(server, path, room=room)
    assert session.opening.headers["content-type"] == "text/plain; charset=UTF-8"
    assert session.handshake == {
        "sid": session.sid,
        "upgrades": ["websocket"],
        "pingInterval": 25000,
        "pingTimeout": 20000,
        "maxPayload": 1000000,
    }


@pytest.mark.parametrize("path", ["/engine.io/", "/socket.io/"])
def test_a_session_begins_with_a_websocket(server, room, path):
    socket, handshake = open_websocket(server, path, room=room)
    assert handshake["upgrades"] == [], "there is nothing better to go to"
    assert len(handshake["sid"]) >= 20, "nobody can guess it"
    socket.close()


def test_the_handshake_tells_the_settings(brisk, room):
    handshake = Polling(brisk, room=room).handshake
    assert (handshake["pingInterval"], handshake["pingTimeout"], handshake["maxPayload"]) == (1000, 1000, 2000)


def test_no_two_sessions_have_one_id(server, room):
    assert len({Polling(server, room=room).sid for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "target",
    [
        address("/engine.io/", "websocket", eio=None, room="lobby"),
        address("/engine.io/", "websocket", eio="abc", room="lobby"),
        address("/engine.io/", None, room="lobby"),
        address("/engine.io/", "abc", room="lobby"),
        address("/engine.io/", "websocket", room="lobby", sid="nobody"),
        address("/socket.io/", "websocket", eio=5),
    ],
)
def test_a_websocket_that_asks_wrongly_is_refused(server, target):
    with pytest.raises(InvalidStatus) as refused:
        dial(server.port, target)
    assert refused.value.response.status_code == 400


# Messages


@pytest.mark.parametrize(
    "packets",
    [
        pytest.param(["4hello"], id="one"),
        pytest.param(["4test1", "4test2", "4test3"], id="three"),
        pytest.param(["4hello", "bAQIDBA=="], id="text-and-binary"),
        pytest.param(["bAA==", "b", "4", "bAQIDBA=="], id="empty-ones"),
        pytest.param(["4b64", "44", "4\u20ac\U0001f600", '4{"a":[1,2]}'], id="texts-that-look-like-something-else"),
    ],
)
def test_what_is_posted_comes_back_by_polling(server, room, packets):
    session = Polling(server, room=room)
    session.say(*packets)
    assert session.drain(len(packets)) == packets


def test_what_is_sent_comes_back_by_websocket(server, room):
    socket, _ = open_websocket(server, room=room)
    for message, echo in [
        ("4hello", "4hello"),
        (b"\1\2\3\4", b"\1\2\3\4"),
        (b"4not a text", b"4not a text"),
        ("4", "4"),
    ]:
        socket.send(message)
        assert socket.recv(timeout=PATIENCE) == echo
    socket.close()


def test_a_message_is_the_same_on_every_transport(server, room):
    polling, (socket, _) = Polling(server, room=room), open_websocket(server, room=room)
    socket.send("4in")  # both are in the room once they hear of it
    assert socket.recv(timeout=PATIENCE) == polling.drain(1)[0] == "4in"
    server.http.publish(room, "from afar", name="Ann")
    server.http.publish(room, b"\0\xff", type="application/octet-stream", name="Ann")
    assert polling.drain(2) == ["4from afar", "bAP8="]
    assert [socket.recv(timeout=PATIENCE) for _ in range(2)] == ["4from afar", b"\0\xff"]
    socket.close()


def test_nobody_smuggles_packets_to_others(server, room):
    """A text may contain the separator of payloads; whoever reads it by polling must not see two packets."""
    session = Polling(server, room=room)
    session.say("4in")
    session.drain(1)
    server.http.publish(room, f"hello{SEPARATOR}1", name="Mallory")
    assert session.drain(1) == ["baGVsbG8eMQ=="]
    session.say("4still here")
    assert session.drain(1) == ["4still here"]


def test_an_answer_to_a_poll_is_never_cached(server, room):
    session = Polling(server, room=room)
    session.say("4x")
    assert session.get().headers["cache-control"] == "no-store"


def test_a_payload_over_the_limit(brisk, room):
    session = Polling(brisk, room=room)
    assert session.post("4" + 2000 * "x").status == 413
    session.say("4smaller")
    assert session.drain(1) == ["4smaller"], "nothing of the large one was taken, and the session goes on"


def test_a_payload_at_the_limit(brisk, room):
    session = Polling(brisk, room=room)
    session.say("4" + 1999 * "x")
    assert session.drain(1) == ["4" + 1999 * "x"]


def test_a_websocket_message_over_the_limit(brisk, room):
    socket, _ = open_websocket(brisk, room=room)
    socket.send("4" + 2000 * "x")
    assert close_code(socket) == 1009


def test_a_cancelled_poll_ends_the_session(start):
    server = start()
    session = Polling(server, room="lobby")
    session.say("4in")
    session.drain(1)
    parked = parked_poll(server, session)
    parked.abandon()
    until_sessions(server, 0)
    assert session.is_over()


# Heartbeat


def test_heartbeats_by_polling(brisk, room):
    session = Polling(brisk, room=room)
    for _ in range(3):
        assert session.get().text == PING
        session.say(PONG)


def test_heartbeats_by_websocket(brisk, room):
    socket, _ = open_websocket(brisk, room=room)
    for _ in range(3):
        assert socket.recv(timeout=PATIENCE) == PING
        socket.send(PONG)
    socket.close()


def test_a_websocket_that_does_not_answer_a_ping_is_closed(brisk, room):
    socket, _ = open_websocket(brisk, room=room)
    assert socket.recv(timeout=PATIENCE) == PING
    assert close_code(socket) is not None


def test_a_poller_that_does_not_answer_a_ping_is_closed(brisk, room):
    session = Polling(brisk, room=room)
    assert session.get().text == PING
    assert session.get().text == CLOSE, "the poll that waited is told"
    assert session.is_over()


@pytest.mark.parametrize("packet", ["2", "2probe"])
def test_a_client_that_pings_is_not_of_this_revision(server, room, packet):
    """EIO4: the server pings. The session ends, as with the reference server."""
    session = Polling(server, room=room)
    assert session.post(packet).status == 400
    assert session.is_over()
    socket, _ = open_websocket(server, room=room)
    socket.send(packet)
    assert close_code(socket) is not None


def test_a_pong_that_nobody_asked_for_is_harmless(brisk, room):
    session = Polling(brisk, room=room)
    session.say(PONG, PONG, "4x")
    assert session.drain(1) == ["4x"]


# Close


def test_the_client_closes_by_polling(server, room):
    """EIO4: the poll that waits is let go with a noop."""
    session = Polling(server, room=room)
    waiting = session.begin_get()
    session.say(CLOSE)
    answer = waiting.reply()
    assert (answer.status, answer.body) == (200, NOOP.encode()) or answer.status == 400 and answer.code == 1
    assert session.is_over()


def test_a_waiting_poll_is_let_go_when_the_client_closes(start):
    server = start()
    session = Polling(server, room="lobby")
    waiting = parked_poll(server, session)
    session.say(CLOSE)
    assert waiting.reply().text == NOOP


def test_what_came_before_the_close_counts(server, room):
    session = Polling(server, room=room)
    session.say("4the last word", CLOSE)
    assert session.is_over()
    assert server.http.poll(room).json["messages"][0]["data"] == "the last word"


def test_the_client_closes_by_websocket(server, room):
    socket, _ = open_websocket(server, room=room)
    socket.send(CLOSE)
    assert close_code(socket) == 1000


def test_the_server_closes_both(start):
    server = start()
    session = Polling(server, room="lobby")
    waiting = parked_poll(server, session)
    socket, _ = open_websocket(server, room="lobby")
    server.terminate()
    assert waiting.reply().packets[-1] == CLOSE
    assert socket.recv(timeout=PATIENCE) == CLOSE
    assert close_code(socket) == 1001


def test_the_room_is_left_when_the_session_ends(server, room):
    session = Polling(server, room=room, name="Ann")
    session.say("4here")
    session.drain(1)
    assert server.http.presence(room).json["count"] == 1
    session.say(CLOSE)
    session.is_over()
    assert server.http.presence(room).json["count"] == 0
