"""What servers of Engine.IO and Socket.IO have got wrong, one test for each, by number."""

import socket as sockets
import threading

import pytest
from hubbub_test import raw
from hubbub_test.engineio import NOOP, PING, PONG, UPGRADE, Polling, open_websocket, parked_poll, until_sessions
from hubbub_test.resuming import Resuming
from hubbub_test.server import PATIENCE, Server
from hubbub_test.socketio import Client
from hubbub_test.websocket import close_code

BOTH = pytest.mark.parametrize("transport", ["websocket", "polling"])


def in_room(session: Polling) -> Polling:
    session.say("4in")
    assert session.drain(1) == ["4in"]
    return session


def probed(session: Polling):
    socket = session.websocket()
    socket.send("2probe")
    assert socket.recv(timeout=PATIENCE) == "3probe"
    return socket


def test_trap_01_two_polls_at_once_close_the_session(server, room):
    session = in_room(Polling(server, room=room))
    first, second = session.begin_get(), session.begin_get()
    answers = [first.reply(), second.reply()]
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert next(answer.text for answer in answers if answer.status == 200) == "1"
    assert session.is_over()


@pytest.mark.parametrize("second", ["whole", "slow"])
def test_trap_01_two_posts_at_once_close_the_session(start, second):
    """The body of the first is still on its way when the second comes: neither is taken, and the session is over."""
    server = start("")
    listener, session = in_room(Polling(server, room="lobby")), in_room(Polling(server, room="lobby"))
    with half_a_post(server, session) as first:
        if second == "whole":
            assert session.post("4quick").status == 400
        else:
            with half_sent(server, session) as other:
                assert finish(other).startswith(b"HTTP/1.1 400")
        assert finish(first).startswith(b"HTTP/1.1 400")
    assert session.is_over()
    listener.say("4after")
    assert listener.drain(2) == ["4in", "4after"]


def test_trap_01_a_post_that_breaks_off_makes_room_for_the_next(start):
    server = start("")
    session = in_room(Polling(server, room="lobby"))
    half_a_post(server, session).close()
    until_sessions(server, 1)
    assert session.post("4next").status == 200
    assert session.drain(1) == ["4next"]


def half_a_post(server: Server, session: Polling) -> sockets.socket:
    """A POST that says more than it sends, and is known to its session; for a server where nothing else is under way."""
    before = server.counted("hubbub_sessions")
    link = half_sent(server, session)
    until_sessions(server, before + 1)
    return link


def half_sent(server: Server, session: Polling) -> sockets.socket:
    head = f"POST {session.target()} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
    link = sockets.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    link.sendall(head.encode() + b"4slow")
    return link


def finish(link: sockets.socket) -> bytes:
    link.sendall(b" 1234")
    return link.recv(65536)


def test_trap_02_every_poll_during_an_upgrade_gets_a_noop_at_once(server, room):
    session = in_room(Polling(server, room=room))
    socket = probed(session)
    assert [session.get().text for _ in range(5)] == 5 * [NOOP]
    socket.close()


def test_trap_03_heartbeats_rest_while_upgrading(start):
    """For longer than a heartbeat and its answer may take."""
    server = start("[socketio]\nping_interval = 1\nping_timeout = 1\nupgrade_timeout = 60\n")
    session = in_room(Polling(server, room="lobby"))
    socket = probed(session)
    with pytest.raises(TimeoutError):
        socket.recv(timeout=2.5)
    assert session.get().text == NOOP
    socket.send(UPGRADE)
    assert socket.recv(timeout=PATIENCE) == PING
    socket.send(PONG)
    socket.send("4here")
    assert socket.recv(timeout=PATIENCE) == "4here"
    socket.close()


def test_trap_04_an_upgrade_that_is_begun_and_not_finished_expires(start):
    server = start("[socketio]\nupgrade_timeout = 1\nping_interval = 1\nping_timeout = 1\n")
    socket = probed(in_room(Polling(server, room="lobby")))
    assert close_code(socket) is not None
    until_sessions(server, 0)
    assert server.http.presence("lobby").json["count"] == 0


def test_trap_05_the_first_ping_comes_neither_at_once_nor_twice(start):
    server = start("[socketio]\nping_interval = 2\nping_timeout = 20\n")
    socket, _ = open_websocket(server, room="lobby")
    socket.send("4first")
    assert socket.recv(timeout=PATIENCE) == "4first", "not a ping"
    assert socket.recv(timeout=PATIENCE) == PING
    with pytest.raises(TimeoutError):
        socket.recv(timeout=4.5)
    session = Polling(server, room="lobby")
    session.say("4second")
    assert session.get().packets == ["4second"]
    assert session.get().packets == [PING]
    socket.close()


def test_trap_06_the_id_of_an_upgraded_session_harms_nobody(server, room):
    session = in_room(Polling(server, room=room))
    socket = probed(session)
    socket.send(UPGRADE)
    socket.send("4over")
    assert socket.recv(timeout=PATIENCE) == "4over"
    assert [session.get().status, session.post("41").status, session.post("1").status] == 3 * [400]
    socket.send("4still")
    assert socket.recv(timeout=PATIENCE) == "4still"
    socket.close()


def test_trap_07_lengths_of_revision_3(start):
    server = start("[socketio]\neio3 = true\n")
    session = Polling(server, eio=3, room="lobby", b64=1)
    session.say("4😀é", "4a")
    assert session.drain(2) == ["4😀é", "4a"]
    assert session.post("99999999999:4a").status == 400
    assert session.is_over()
    server.still_serves()


def test_trap_08_base64_that_begins_with_4_is_no_text(server, room):
    session = in_room(Polling(server, room=room))
    session.say("b4AAA", "4b4AAA")
    assert session.drain(2) == ["b4AAA", "4b4AAA"]
    kept = server.http.poll(room, since="0").json["messages"][1:]
    assert [(one.get("encoding"), one["data"]) for one in kept] == [("base64", "4AAA"), (None, "b4AAA")]


def test_trap_09_max_payload_counts_the_whole_body(start):
    server = start("[socketio]\nmax_payload = 2000\n")
    session = in_room(Polling(server, room="lobby"))
    small = ["4" + 198 * "x"] * 10  # with nine separators 1,999 bytes
    session.say(*small)
    assert session.drain(10) == small
    body = "\x1e".join(small) + "yy"
    assert len(body) == 2001 and session.post(body).status == 413
    assert session.post(body[:-1]).status == 200


def test_trap_10_separators_stay_when_a_waiting_poll_is_answered(start):
    server = start()
    session = in_room(Polling(server, room="lobby"))
    for _ in range(5):
        waiting = parked_poll(server, session)
        with raw.websocket(server, query="?echo=false") as writer:
            writer.send(b"".join(raw.frame(1, text) for text in (b"a", b"b", b"c")))
            heard = waiting.reply().packets
            while len(heard) < 3:
                heard += session.get().packets
        assert heard == ["4a", "4b", "4c"]


@BOTH
def test_trap_11_who_is_not_let_in_is_nowhere(start, transport):
    server = start(
        '[access]\nadmit = ["tokens", "guests"]\n[token]\nhmac_secret = "a secret that is long enough for all"\n'
    )
    client = Client(server, transport)
    client.join("/lobby")
    assert client.refusal("/staff", {"token": "bad"})["data"]["status"] == 401
    assert server.http.presence("staff").json["count"] == 0
    client.emit("/staff", "hello")
    server.http.publish("staff", "for those who are in", name="Ann")
    assert client.echoes("/lobby", "here")
    assert [one for one in client.kept if one.namespace == "/staff"] == []
    assert client.join("/staff", {"name": "Bo"})["room"] == "staff"
    client.close()


@BOTH
def test_trap_12_who_never_connects_is_closed(start, transport):
    server = start("[socketio]\nconnect_timeout = 1\n")
    assert Client(server, transport).is_ended()
    left = Client(server, transport)
    left.join("/lobby")
    left.send("1/lobby,")
    assert left.is_ended()
    refused = Client(server, transport)
    refused.refusal("/lobby@elsewhere.example")
    assert refused.is_ended()
    with Client(server, transport) as stays:
        stays.join("/lobby")
        threading.Event().wait(2)
        assert stays.echoes("/lobby", "here")


@BOTH
@pytest.mark.parametrize("packet", ["8", '2/lobby,["a"', '2/lobby,99999999999999999999["a"]', '3/lobby,x["a"]'])
def test_trap_13_what_cannot_be_read_closes_the_connection(server, transport, packet):
    client = Client(server, transport)
    client.join("/lobby")
    client.send(packet)
    assert client.is_ended()


@BOTH
def test_trap_14_attachments_are_bounded_and_in_order(start, transport):
    server = start("[socketio]\nattachments = 3\n")
    client = Client(server, transport)
    client.join("/lobby")
    client.send(
        '53-/lobby,["a",{"_placeholder":true,"num":2},{"deep":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]}]',
        b"zero",
        b"one",
        b"two",
    )
    assert client.heard("/lobby").args[:2] == [b"two", {"deep": [b"zero", b"one"]}]
    client.send('54-/lobby,["a"]')
    assert client.is_ended()


@BOTH
def test_trap_15_what_the_log_does_not_keep_carries_no_offset(server, room, transport):
    ann = Resuming(server.port, f"/{room}", transport, name="Ann")
    ann.come()
    for n in range(3):
        server.http.publish(room, f"message {n}", name="Bo")
        ann.read_until(lambda heard, n=n: heard.args == [f"message {n}"])
        at = ann.offset
        with Client(server, query={"name": "Passer-by"}) as other:
            other.join(f"/{room}")
            until_told(ann, "join")
        until_told(ann, "leave")
        assert ann.offset == at
        ann.cut()
        server.http.publish(room, f"while away {n}", name="Bo")
        assert ann.come()
        ann.read_until(lambda heard, n=n: heard.args == [f"while away {n}"])
    texts = [f"{what} {n}" for n in range(3) for what in ("message", "while away")]
    assert [heard.args[0] for heard in ann.events] == texts
    ann.leave()


def until_told(client: Resuming, action: str):
    """Reads until somebody is said to come or go."""
    while not any(name == "hubbub:presence" and data["action"] == action for name, data, *_ in client.notices):
        assert client.read() is None
    client.notices.clear()


@BOTH
def test_trap_16_an_offset_that_is_gone(start, transport):
    server = start('[[room]]\nmatch = "*"\nhistory_count = 3\n')
    ann = Resuming(server.port, "/lobby", transport, name="Ann")
    ann.come()
    server.http.publish("lobby", "heard", name="Bo")
    ann.read_until(lambda heard: heard.args == ["heard"])
    ann.cut()
    for n in range(10):
        server.http.publish("lobby", f"lost {n}", name="Bo")
    assert not ann.come(), "there is a new pid, and `hubbub:joined` says that nothing was recovered"
    server.http.publish("lobby", "afterwards", name="Bo")
    ann.read_until(lambda heard: heard.args == ["afterwards"])
    assert [heard.args[0] for heard in ann.events] == ["heard", "afterwards"]
    ann.leave()
