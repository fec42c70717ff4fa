"""Signals over Socket.IO: an address that is the socket's name, and so stays where the connection goes; both kinds of namespaces; and real clients."""

import json
import threading

import pytest
import socketio
from hubbub_test.people_socketio import OnSocketIo
from hubbub_test.resuming import Resuming
from hubbub_test.server import PATIENCE
from hubbub_test.signals import Fate, address, emit, exchange, heard, joined, next_heard, signal, user
from hubbub_test.spread import servers
from hubbub_test.socketio import Client, OverBoth
from hubbub_test.websocket import JsonSocket

NAME = "hubbub:signal"
CONFIG = "[limits]\nsignal_rate = 0\n[socketio]\neio3 = true\n"
server = servers(CONFIG)
LINKS = pytest.mark.parametrize("link", ["websocket", "polling", "both"])


@pytest.mark.parametrize("way", ["socket.io", "socket.io over polling", "socket.io with an upgrade"])
def test_the_address_is_the_socket_s_name(enter, way):
    bo = enter("Bo", way)
    assert address(bo) == f"bo@guest.localhost/{bo.client.sid}"


def test_going_to_a_websocket_loses_no_signal(server, enter, room):
    """Another one signals all the time while the session moves: each arrives once, in order."""
    ann = enter("Ann", "websocket")
    for _ in range(5):
        bo = Resuming(server.port, f"/{room}", "polling", name="Bo")
        bo.patience = PATIENCE
        bo.come()
        to, done, sent = bo.notices[-1][1]["session"], threading.Event(), []

        def talk(to=to, done=done, sent=sent):
            while not done.is_set():
                assert signal(ann, to, len(sent)) == Fate(1)
                sent.append(len(sent))

        talking = threading.Thread(target=talk)
        talking.start()
        upgrade(bo)
        while len(bo_heard := signals(bo)) < 20:
            bo.read()
        done.set()
        talking.join()
        assert signal(ann, to, "the last") == Fate(1)
        while signals(bo)[-1] != "the last":
            bo.read()
        bo_heard = signals(bo)
        assert bo_heard == [*sent, "the last"]
        bo.leave()


def upgrade(bo: Resuming):
    """From polling to WebSocket, in the middle."""
    link = bo.client.link
    link.__class__, link.socket = OverBoth, None
    link.upgrade()


def signals(bo: Resuming) -> list:
    return [args["signal"] for name, args, *_ in bo.notices if name == NAME]


@LINKS
def test_whoever_recovers_has_the_address_he_had(server, enter, room, link):
    ann = enter("Ann", "sse")
    bo = Resuming(server.port, f"/{room}", link, name="Bo")
    bo.patience = PATIENCE
    bo.come()
    before = bo.notices[-1][1]["session"]
    assert signal(ann, before, "before") == Fate(1)
    while not signals(bo):
        bo.read()
    bo.cut()
    assert bo.come(), "recovered"
    assert bo.notices[-1][1]["session"] == before == f"bo@guest.localhost/{bo.sid}"
    # Its former self may not have been noticed to be gone: whoever has the name now is told.
    assert signal(ann, before, "after").refusal is None
    while signals(bo)[-1] != "after":
        bo.read()
    assert signals(bo) == ["before", "after"]
    bo.leave()


def test_whoever_cannot_be_restored_has_another(start, room):
    server = start('[[room]]\nmatch = "*"\nhistory_count = 1\n')
    bo = Resuming(server.port, f"/{room}", "websocket", name="Bo")
    bo.come()
    before = bo.sid
    bo.cut()
    for n in range(5):
        assert server.http.publish(room, str(n), name="Ann").status == 201
    assert not bo.come() and bo.sid != before
    assert bo.notices[-1][1]["session"] == f"bo@guest.localhost/{bo.sid}"
    with JsonSocket(server, room, name="Ann") as ann:
        ann.joined()
        ann.send({"to": f"bo@guest.localhost/{bo.sid}", "signal": 1}, event=NAME, key="k")
        assert ann.next_named("hubbub:ack", "hubbub:error")["data"] == {"key": "k", "sessions": 1}
    while not signals(bo):
        bo.read()
    bo.leave()


@LINKS
def test_in_the_namespace_of_many_rooms(server, enter, room, link):
    ann = enter("Ann", "websocket")
    with Client(server, link, query={"name": "Sia"}, patience=PATIENCE) as sia:
        sid = sia.connect("/")["sid"]
        assert sia.ask("/", "publish", room, NAME, {"to": user(ann), "signal": 1})[0]["error"]["status"] == 409
        (told,) = sia.ask("/", "join", room)
        assert told["session"] == f"sia@guest.localhost/{sid}"
        assert sia.ask("/", "join", f"{room}-2")[0]["session"] == told["session"]
        if link == "both":
            sia.link.upgrade()
        assert sia.ask("/", "publish", room, NAME, {"to": address(ann), "signal": {"a": 1}}) == [{"sessions": 1}]
        assert next_heard(ann, {"a": 1})["from"] == told["session"]
        assert signal(ann, told["session"], [2]) == Fate(1)
        assert sia.told("/", NAME).args == [{"room": room, "from": address(ann), "name": "Ann", "signal": [2]}]
        sia.ask("/", "leave", room)
        assert signal(ann, told["session"], [3]).refusal == "404 not-found"


def test_once_where_somebody_is_by_both(server, enter, room):
    ann = enter("Ann", "sse")
    with Client(server, query={"name": "Sia"}) as sia:
        sia.connect("/")
        sia.ask("/", "join", room)
        there = sia.join(f"/{room}")
        assert signal(ann, there["session"], 1) == Fate(1)
        assert sia.told(f"/{room}", NAME).args[0]["signal"] == 1
        sia.emit(f"/{room}", "echo", "x")
        sia.heard("/"), sia.heard(f"/{room}")
        assert not [one for one in sia.kept if one.kind == 2 and one.name == NAME]


def test_what_cannot_be_a_signal(server, enter, room):
    ann, bo = enter("Ann", "socket.io"), enter("Bo", "sse")
    good = json.dumps({"to": address(bo), "signal": 1})
    for args in [[], [good, good], [good, '"offset"'], ["null"], ["[]"], [json.dumps(address(bo))], ['{"signal":1}'], ["1", good]]:
        assert emit(ann, *args).refusal == "400 bad-request", args
    with Client(server, query={"name": "Sia"}) as sia:
        sia.join(f"/{room}")
        told = sia.ask(f"/{room}", NAME, {"to": address(bo), "signal": b"\1\2"})
        assert told[0]["error"]["status"] == 400
        # Without an acknowledgement it is told all the same.
        sia.emit(f"/{room}", NAME, {"to": "zoe@localhost", "signal": 1})
        assert sia.told(f"/{room}", "hubbub:error").args[0]["status"] == 404
    assert heard(bo) == []
    exchange(ann, bo, "a good one")


@pytest.mark.parametrize("link", ["websocket", "polling"])
def test_clients_of_socket_io_2(server, enter, room, link):
    ann = enter("Ann", "websocket")
    with Client(server, link, eio=3, query={"name": "Old"}, patience=PATIENCE) as old:
        old.send(f"0/{room},")
        mine = old.told(f"/{room}", "hubbub:joined").args[0]["session"]
        assert old.ask(f"/{room}", NAME, {"to": address(ann), "signal": "from 2.x"}) == [{"sessions": 1}]
        next_heard(ann, "from 2.x")
        assert signal(ann, mine, "to 2.x") == Fate(1)
        assert old.told(f"/{room}", NAME).args[0]["signal"] == "to 2.x"


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)
def test_the_client_for_python(server, enter, room, transports):
    ann = enter("Ann", "sse")
    with socketio.SimpleClient() as client:
        client.connect(server.base, namespace=f"/{room}", auth={"name": "Py"}, transports=transports)
        while (told := client.receive(timeout=PATIENCE))[0] != "hubbub:joined":
            pass
        assert told[1]["session"] == f"py@guest.localhost/{client.sid}"
        assert client.call(NAME, {"to": address(ann), "signal": {"sdp": "v=0"}}) == {"sessions": 1}
        assert next_heard(ann, {"sdp": "v=0"})["from"] == told[1]["session"]
        assert signal(ann, told[1]["session"], 1.5) == Fate(1)
        while (told := client.receive(timeout=PATIENCE))[0] != NAME:
            pass
        assert told[1] == {"room": room, "from": address(ann), "name": "Ann", "signal": 1.5}


def test_a_client_that_does_not_poll_is_ended(start, room):
    """What nobody keeps for him piles up no higher than his outbox."""
    server = start("[limits]\nsignal_rate = 0\nsignal_heard = 0\noutbox_bytes = 262144\n")
    ann, bo = (OnSocketIo(server, name, room) for name in ("Ann", "Bo"))
    ann.join()
    bo.link = "polling"
    bo._open(None)
    to = joined(bo)["session"]
    for _ in range(40):
        signal(ann, to, "x" * 65000)
    # His next poll brings what there was until then, and the end.
    assert len(bo.client.client.link.session.get().body) < 2 * 262144
    assert signal(ann, to, 1).refusal == "404 not-found"
    ann.cut()
