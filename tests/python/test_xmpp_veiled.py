"""In a room where only moderators see addresses (XEP-0045 section 4.2) nobody learns them by another protocol either: what JSON says of people is
their name and an id that is the same everywhere (XEP-0421)."""

import json
from itertools import chain

import pytest
from hubbub_test.sse import EventStream
from hubbub_test.websocket import JsonSocket
from socketio import SimpleClient
from xmpp.client import MUC, Client
from xmpp.elements import CLIENT
from xmpp.servers import Hubbub

ROOM = "veiled"
AT = f"{ROOM}@rooms.localhost"
ID = "{urn:xmpp:occupant-id:0}occupant-id"


@pytest.fixture
def server():
    with Hubbub({"romeo": "pw", "juliet": "pw"}) as server:
        yield server


def who_sees(romeo: Client, word: str):
    form = (
        f"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{MUC}#roomconfig</value></field>"
        f"<field var='muc#roomconfig_whois'><value>{word}</value></field></x>"
    )
    romeo.send(f"<iq type='set' id='whois' to='{AT}'><query xmlns='{MUC}#owner'>{form}</query></iq>")
    while romeo.next().get("id") != "whois":
        pass


def say(client: Client, text: str):
    client.send(f"<message type='groupchat' to='{AT}'><body>{text}</body></message>")
    while (said := client.next().find(f"{{{CLIENT}}}body")) is None or said.text != text:
        pass


def test_no_protocol_shows_an_address(server):
    romeo, juliet = Client(server).log_in("romeo", "pw", "x"), Client(server).log_in("juliet", "pw", "y")
    romeo.enter(f"{AT}/Romeo")
    say(romeo, "before")
    who_sees(romeo, "moderators")
    http = server.server.http
    with (
        JsonSocket(server.server, ROOM, name="Wes") as web,
        EventStream(http, ROOM, name="Sue", last=10) as stream,
        SimpleClient() as io,
    ):
        assert "@" not in json.dumps(web.joined()["presence"])
        io.connect(f"http://127.0.0.1:{server.server.port}", namespace=f"/{ROOM}", auth={"name": "Ida"}, transports=["websocket"])
        juliet.enter(f"{AT}/Juliet")
        say(juliet, "now")
        seen = [web.next()]
        while seen[-1].get("data") != "now":
            seen.append(web.next())
        joined = next(one["data"] for one in seen if one["event"] == "hubbub:presence" and one["data"]["name"] == "Juliet")
        said = seen[-1]
        assert said["name"] == "Juliet" and said["from"] == joined["user"] and len(said["from"]) == 43
        streamed = [stream.next()]
        while '"now"' not in streamed[-1].data:
            streamed.append(stream.next())
        heard = [io.receive(timeout=10)]
        while "now" not in heard[-1]:
            heard.append(io.receive(timeout=10))
        polled = http.poll(ROOM, last=10)
        assert [one["data"] for one in polled.json["messages"] if one["event"] == "message"] == ["before", "now"]
        there = http.presence(ROOM).json
        assert {one["name"] for one in there["occupants"]} >= {"Romeo", "Juliet", "Wes"}
        everything = chain(
            map(json.dumps, seen), (one.data for one in streamed), map(json.dumps, heard), [json.dumps(polled.json), json.dumps(there)]
        )
        # But for the reader's own in the room, by which signals reach him.
        for one in everything:
            assert "@" not in one.replace(f"{AT}/", ""), one

        # Romeo, who moderates, sees them on his stream, with the same id.
        stanza = next(one for one in romeo.everything() if one.get("from") == f"{AT}/Juliet" and one.find(ID) is not None)
        assert stanza.find(ID).get("id") == said["from"]

        # Everybody may see them again.
        who_sees(romeo, "anyone")
        say(juliet, "open")
        while (last := web.next()).get("data") != "open":
            pass
        assert last["from"] == "juliet@localhost"
    assert "juliet@localhost" in json.dumps(http.presence(ROOM).json)
    romeo.close(), juliet.close()


def test_other_rooms_are_as_they_were(server):
    romeo = Client(server).log_in("romeo", "pw", "x")
    romeo.enter(f"{AT}/Romeo")
    who_sees(romeo, "moderators")
    with JsonSocket(server.server, ROOM, name="Wes") as here, JsonSocket(server.server, "open", name="Wes") as there:
        here.joined(), there.joined()
        there.send("hello")
        assert there.next_message()["from"] == "wes@guest.localhost"
    romeo.close()
