"""From polling to WebSocket (EIO4 "Upgrade"): a probe, its answer, the upgrade; and how it does not come to that."""

import threading

import pytest
from hubbub_test.engineio import NOOP, PING, PONG, UPGRADE, Polling, open_websocket, parked_poll, until_sessions
from hubbub_test.server import PATIENCE, Server
from hubbub_test.together import at_once
from hubbub_test.websocket import close_code
from websockets.exceptions import InvalidStatus

PROBE, PROBED = PING + "probe", PONG + "probe"


@pytest.fixture(scope="module")
def hasty():
    """Upgrades have a second, heartbeats come every other."""
    with Server("[socketio]\nupgrade_timeout = 1\nping_interval = 2\nping_timeout = 1\n") as running:
        yield running


def probed(session: Polling):
    """A WebSocket whose probe was answered."""
    socket = session.websocket()
    socket.send(PROBE)
    assert socket.recv(timeout=PATIENCE) == PROBED
    return socket


def upgraded(session: Polling):
    """A WebSocket that the session is on."""
    socket = probed(session)
    socket.send(UPGRADE)
    return socket


def in_room(session: Polling) -> Polling:
    """The session, once it hears what is said in its room."""
    session.say("4in")
    assert session.drain(1) == ["4in"]
    return session


def still_polls(session: Polling, text: str = "still polling") -> bool:
    """The session goes on by polling: what it says comes back, and nothing else but noops does."""
    session.say("4" + text)
    heard = []
    while "4" + text not in heard:
        heard += session.drain(1)
    return set(heard) <= {"4" + text, NOOP}


def echoes(socket, text: str) -> bool:
    socket.send("4" + text)
    return socket.recv(timeout=PATIENCE) == "4" + text


def test_the_session_goes_on_over_the_websocket(server, room):
    session = in_room(Polling(server, room=room, name="Ann"))
    socket = probed(session)
    assert session.get().text == NOOP
    socket.send(UPGRADE)
    assert echoes(socket, "hello")
    occupants = server.http.presence(room).json["occupants"]
    assert [one["name"] for one in occupants] == ["Ann"], "she is there once"
    socket.close()


def test_a_waiting_poll_is_let_go_with_a_noop(start):
    server = start()
    session = in_room(Polling(server, room="lobby"))
    waiting = parked_poll(server, session)
    socket = probed(session)
    assert waiting.reply().text == NOOP
    socket.send(UPGRADE)
    assert echoes(socket, "hello")
    socket.close()


def test_what_waits_when_the_probe_comes_is_not_lost(server, room):
    session = in_room(Polling(server, room=room))
    server.http.publish(room, "between two polls", name="Bo")
    socket = probed(session)
    socket.send(UPGRADE)
    assert socket.recv(timeout=PATIENCE) == "4between two polls"
    assert echoes(socket, "hello")
    socket.close()


def test_messages_during_the_upgrade_come_once_and_in_order(server, room):
    """Said by the client over what it has at the time, and by others all the while."""
    session = in_room(Polling(server, room=room))
    heard: list[str] = []
    server.http.publish(room, "1", name="Bo")
    socket = session.websocket()
    session.say("42")
    server.http.publish(room, "3", name="Bo")
    socket.send(PROBE)
    assert socket.recv(timeout=PATIENCE) == PROBED
    server.http.publish(room, "4", name="Bo")
    session.say("45")
    heard += session.get().packets
    server.http.publish(room, "6", name="Bo")
    socket.send(UPGRADE)
    socket.send("47")
    server.http.publish(room, "8", name="Bo")
    while len([packet for packet in heard if packet != NOOP]) < 8:
        heard.append(socket.recv(timeout=PATIENCE))
    said = [one["data"] for one in server.http.poll(room, since="0").json["messages"]][1:]
    assert [packet[1:] for packet in heard if packet != NOOP] == said
    assert sorted(said) == list("12345678")
    assert [number for number in said if number in "257"] == list("257"), "its own order survives the change"
    socket.close()


def test_an_upgrade_among_many_speakers(server, room):
    """Thirty sessions change their transport while others talk; each hears everything, once and in order."""
    sessions = [Polling(server, room=room, name=f"Reader{n}", since="0") for n in range(30)]

    def talk(name: str):
        speaker, _ = open_websocket(server, room=room, name=name, echo="false")
        for n in range(60):
            speaker.send(f"4{name} {n}")
        speaker.send("4over")
        speaker.close()

    def change(session: Polling) -> list[str]:
        heard = session.get().packets
        socket = probed(session)
        heard += session.get().packets
        socket.send(UPGRADE)
        while heard.count("4over") < 2:
            heard.append(socket.recv(timeout=PATIENCE))
        socket.close()
        return [packet[1:] for packet in heard if packet not in (NOOP, PING)]

    speakers = [lambda: talk("Ann"), lambda: talk("Bo")]
    heard = at_once([*speakers, *(lambda session=session: change(session) for session in sessions)])[2:]
    said = [one["data"] for one in server.http.poll(room, since="0", limit=1000).json["messages"]]
    assert len(said) == 2 * 61
    assert [one for one in heard if one != said] == []


@pytest.mark.parametrize(
    "frame", ["2", "2wrong", "3probe", "5", "4hello", "6", "7", "", b"2probe", "{}", "1"], ids=lambda frame: repr(frame)
)
def test_a_wrong_probe_closes_the_websocket_only(server, room, frame):
    session = in_room(Polling(server, room=room))
    socket = session.websocket()
    socket.send(frame)
    assert close_code(socket) is not None
    assert still_polls(session)


def test_after_the_probe_only_an_upgrade_will_do(server, room):
    session = in_room(Polling(server, room=room))
    socket = probed(session)
    socket.send("4too early")
    assert close_code(socket) is not None
    assert still_polls(session)


def test_an_upgrade_that_is_never_finished(hasty, room):
    """The WebSocket is closed, the session goes on by polling, and both transports are as they were."""
    session = in_room(Polling(hasty, room=room))
    socket = probed(session)
    assert close_code(socket) is not None
    assert still_polls(session)
    again = upgraded(session)
    assert echoes(again, "and the next one works")
    again.close()


def test_a_websocket_that_never_probes(hasty, room):
    session = in_room(Polling(hasty, room=room))
    assert close_code(session.websocket()) is not None
    assert still_polls(session)


def test_a_websocket_lost_before_the_upgrade(server, room):
    session = in_room(Polling(server, room=room))
    socket = probed(session)
    socket.socket.close()
    assert still_polls(session)
    socket = upgraded(session)
    assert echoes(socket, "now it works")
    socket.close()


def test_two_upgrades_at_once(server, room):
    """One of them wins, the other is closed, and the session does not notice."""
    session = in_room(Polling(server, room=room))
    first = probed(session)
    second = session.websocket()
    assert close_code(second) is not None
    first.send(UPGRADE)
    assert echoes(first, "hello")
    first.close()


def test_requests_with_the_id_of_an_upgraded_session(server, room):
    session = in_room(Polling(server, room=room))
    socket = upgraded(session)
    assert echoes(socket, "here")
    for refused in (session.get(), session.post("4by post")):
        assert (refused.status, refused.code) in [(400, 3), (400, 1)]
    try:
        assert close_code(session.websocket()) is not None
    except InvalidStatus as no:
        assert no.response.status_code == 400
    assert echoes(socket, "and still here")
    assert "by post" not in server.http.poll(room, since="0").body
    socket.close()


def test_a_websocket_for_nobody(server):
    session = Polling(server, room="lobby")
    session.sid = "x" * len(session.sid)
    with pytest.raises(InvalidStatus) as refused:
        session.websocket()
    assert refused.value.response.status_code == 400


def test_no_heartbeat_during_the_upgrade(start):
    """EIO4 and the trap of a client that is closed because its ping went to the transport it had left."""
    server = start("[socketio]\nping_interval = 1\nping_timeout = 1\nupgrade_timeout = 60\n")
    session = in_room(Polling(server, room="lobby"))
    socket = probed(session)
    for _ in range(50):  # longer than a heartbeat and its answer may take
        assert session.get().text == NOOP
        pause()
    socket.send(UPGRADE)
    assert socket.recv(timeout=PATIENCE) == PING, "the one that is due comes at once, to where the client is"
    socket.send(PONG)
    assert echoes(socket, "hello")
    socket.close()


def pause():
    """Lets time pass: what is tested is that nothing happens in it."""
    threading.Event().wait(0.05)


def test_nothing_is_left_of_upgrades(start):
    server = start()
    for n in range(20):
        socket = upgraded(in_room(Polling(server, room="lobby", name=f"Visitor{n}")))
        assert echoes(socket, "hello")
        socket.send("1")
        assert close_code(socket) == 1000
    until_sessions(server, 0)
    assert server.http.presence("lobby").json["count"] == 0
