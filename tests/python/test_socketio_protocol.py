"""Socket.IO by hand (SIO5, and SIO4 over Engine.IO 3): connecting, events, acknowledgements, attachments, namespaces.

What is wrong on purpose is in `tests/bad_input/socketio_packets.md`.
"""

import pytest
from hubbub_test.server import Server
from hubbub_test.socketio import ACK, CONNECT, DISCONNECT, EVENT, Client, encode, is_event

TRANSPORTS = pytest.mark.parametrize("transport", ["websocket", "polling", "both"])


@pytest.fixture
def client(server, transport):
    with Client(server, transport, query={"name": "Ann"}) as one:
        if transport == "both":
            one.link.upgrade()
        yield one


@TRANSPORTS
@pytest.mark.parametrize("packet", ["0", "0/,", '0{"token":null}', "0{}", '0{"anything":[1]}'])
def test_the_main_namespace(client, packet):
    client.send(packet)
    answer = client.next()
    assert (answer.kind, answer.namespace) == (CONNECT, "/")
    assert answer.data.keys() == {"sid", "pid"}


@TRANSPORTS
@pytest.mark.parametrize("form", ["0{}", "0{},", "0{},{{}}"], ids=["bare", "comma", "payload"])
def test_a_namespace_is_a_room(client, server, room, form):
    client.send(form.format(f"/{room}"))
    answer = client.next()
    assert (answer.kind, answer.namespace) == (CONNECT, f"/{room}")
    joined = client.next()
    assert joined.name == "hubbub:joined" and joined.args[0]["room"] == room
    assert [one["name"] for one in server.http.presence(room).json["occupants"]] == ["Ann"]


@TRANSPORTS
def test_who_one_is_may_be_said_for_each_namespace(client, server, room):
    client.join(f"/{room}")
    client.join(f"/{room}-2", {"name": "Bo"})
    names = [server.http.presence(one).json["occupants"][0]["name"] for one in (room, f"{room}-2")]
    assert names == ["Ann", "Bo"]


@TRANSPORTS
def test_connecting_twice_is_once(client, server, room):
    client.join(f"/{room}")
    client.send(*encode(CONNECT, f"/{room}"))
    assert client.echoes(f"/{room}", "hello")
    assert [one for one in client.kept if one.kind == CONNECT] == []
    assert server.http.presence(room).json["occupants"][0]["sessions"] == 1


@TRANSPORTS
def test_leaving_a_namespace_and_coming_back(client, server, room):
    client.join(f"/{room}")
    client.join(f"/{room}-2")
    client.send(*encode(DISCONNECT, f"/{room}"))
    server.http.publish(room, "unheard", name="Bo")
    assert client.echoes(f"/{room}-2", "still in the other")
    assert not any(is_event(one, f"/{room}") and one.name == "message" for one in client.kept)
    assert server.http.presence(room).json["count"] == 0
    client.join(f"/{room}")
    assert client.echoes(f"/{room}", "back again")


@TRANSPORTS
@pytest.mark.parametrize(
    "args",
    [
        [],
        [1, "2", {"3": [True]}],
        ["a text"],
        [None],
        [{"deep": {"er": [1.5, -0.25, 1e300, "\u2028\U0001f600\x00"]}}],
        [b"\1\2\3"],
        [b"\1\2\3", b"\4\5\6"],
        [{"a": [b"", {"b": b"\xff"}]}, "and", [b"deep"]],
        [[["nested", []], {}]],
        list(range(50)),
    ],
    ids=lambda args: repr(args)[:30],
)
def test_events_come_as_they_went(client, room, args):
    client.join(f"/{room}")
    kept = client.ask(f"/{room}", "my event", *args)[0]
    heard = client.heard(f"/{room}")
    assert heard.data == ["my event", *args, kept["offset"]]
    assert kept.keys() == {"id", "offset", "time"}


@TRANSPORTS
@pytest.mark.parametrize("ident", [0, 1, 456, 2**53])
def test_an_acknowledgement_has_the_number_of_its_event(client, room, ident):
    client.join(f"/{room}")
    client.emit(f"/{room}", "a", ack=ident)
    assert client.wait_for(lambda one: one.kind == ACK).id == ident


@TRANSPORTS
def test_an_event_without_a_number_is_not_acknowledged(client, room):
    client.join(f"/{room}")
    client.emit(f"/{room}", "quiet")
    assert client.ask(f"/{room}", "loud")[0]["offset"]
    assert [one for one in client.kept if one.kind == ACK] == []


@TRANSPORTS
def test_several_namespaces_do_not_mix(client, server, room):
    rooms = [f"{room}-{n}" for n in range(5)]
    for one in rooms:
        client.join(f"/{one}")
    for one in rooms:
        server.http.publish(one, f"in {one}", name="Bo")
    for one in reversed(rooms):
        assert client.heard(f"/{one}").args[0] == f"in {one}"
    assert client.kept == type(client.kept)(packet for packet in client.kept if packet.name.startswith("hubbub:"))


@TRANSPORTS
def test_no_more_namespaces_than_allowed(start, transport):
    server = start("[socketio]\nnamespaces = 3\n")
    client = Client(server, transport)
    for n in range(3):
        client.join(f"/room-{n}")
    assert client.refusal("/room-3")["data"]["status"] == 429
    client.send(*encode(DISCONNECT, "/room-0"))
    assert client.join("/room-3")["room"] == "room-3"
    client.close()


def test_an_upgrade_keeps_the_namespaces(server, room):
    with Client(server, "both", query={"name": "Ann"}) as client:
        sids = [client.connect(one)["sid"] for one in ("/", f"/{room}")]
        assert len(set(sids)) == 1, "one socket has one name"
        client.link.upgrade()
        assert client.echoes(f"/{room}", "over the WebSocket")
        assert client.ask("/", "join", f"{room}-2")[0]["room"] == f"{room}-2"


@pytest.fixture(scope="module")
def old():
    """A server for clients of Socket.IO 1 and 2."""
    with Server("[socketio]\neio3 = true\n") as running:
        yield running


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_revision_4(old, room, transport):
    """SIO4: everybody is in `/` without asking, a namespace may have a query, a CONNECT has no payload."""
    query = {"b64": 1} if transport == "polling" else {}
    with Client(old, transport, eio=3, query=query) as client:
        first = client.next()
        assert (first.kind, first.namespace, first.data) == (CONNECT, "/", None)
        client.send(f"0/{room}?name=Ann")
        assert client.wait_for(lambda one: one.kind == CONNECT).namespace == f"/{room}"
        client.told(f"/{room}", "hubbub:joined")
        assert [one["name"] for one in old.http.presence(room).json["occupants"]] == ["Ann"]
        kept = client.ask(f"/{room}", "picture", {"deep": b"\1\2\xff"}, "and a text")
        assert kept[0]["offset"]
        assert client.heard(f"/{room}").data == ["picture", {"deep": b"\1\2\xff"}, "and a text"], "and no offset"
        assert isinstance(refused(client, "/lobby@elsewhere.example"), str)


def refused(client: Client, namespace: str):
    """SIO4 has an ERROR packet where SIO5 has CONNECT_ERROR."""
    client.send(f"0{namespace}")
    return client.wait_for(lambda one: one.kind not in (CONNECT, EVENT)).data
