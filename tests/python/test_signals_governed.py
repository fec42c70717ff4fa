"""Signals in rooms that somebody governs: who has no voice, who is banned or put out, and rooms that hide who people are."""

import json
from contextlib import ExitStack

import pytest
from hubbub_test.signals import JSON, PAYLOAD, stanza
from hubbub_test.socketio import Client as SocketIo
from hubbub_test.sse import EventStream
from hubbub_test.tokens import hs256
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket, close_code
from xmpp.client import MUC, Client, error_of
from xmpp.servers import Hubbub

ROOM = "governed"
AT = f"{ROOM}@rooms.localhost"
NAME = "hubbub:signal"


@pytest.fixture
def server():
    with Hubbub({"romeo": "pw", "juliet": "pw"}) as server:
        yield server


@pytest.fixture
def romeo(server):
    """He owns the room."""
    client = Client(server).log_in("romeo", "pw", "x").enter(f"{AT}/Romeo")
    yield client
    client.close()


def decide(romeo: Client, query: str, space: str = "admin"):
    romeo.send(f"<iq type='set' id='decide' to='{AT}'><query xmlns='{MUC}#{space}'>{query}</query></iq>")
    while (got := romeo.next()).get("id") != "decide":
        pass
    assert got.get("type") == "result"


def configure(romeo: Client, field: str, value: str):
    form = f"<field var='FORM_TYPE'><value>{MUC}#roomconfig</value></field><field var='{field}'><value>{value}</value></field>"
    decide(romeo, f"<x xmlns='jabber:x:data' type='submit'>{form}</x>", "owner")


class Everybody:
    """Wes by WebSocket, Ida by Socket.IO and Eve by an event stream, with tokens that say who they are."""

    def __init__(self, server, stack: ExitStack):
        self.http = server.server.http
        self.wes = stack.enter_context(JsonSocket(server.server, ROOM, token=hs256("wes", name="Wes")))
        self.ida = stack.enter_context(SocketIo(server.server, query={"token": hs256("ida", name="Ida")}))
        self.eve = stack.enter_context(EventStream(self.http, ROOM, token=hs256("eve", name="Eve")))
        ida = self.ida.join(f"/{ROOM}")
        self.at = {"Wes": self.wes.joined(), "Ida": ida, "Eve": self.eve.next_named("hubbub:joined").json}

    def session(self, name: str) -> str:
        return self.at[name]["session"]

    def signal(self, name: str, to: str) -> tuple[int, str]:
        """The status and what was said."""
        if name == "Wes":
            self.wes.send({"to": to, "signal": name}, event=NAME, key="k")
            data = self.wes.next_named("hubbub:ack", "hubbub:error")["data"]
        elif name == "Ida":
            (data,) = self.ida.ask(f"/{ROOM}", NAME, {"to": to, "signal": name})
            data = data.get("error", data)
        else:
            body = json.dumps({"ticket": self.at["Eve"]["ticket"], "to": to, "signal": name})
            data = self.http.request("POST", f"/rooms/{ROOM}/signals", body).json
        return data.get("status", 200), json.dumps(data)

    def heard(self, name: str) -> dict:
        if name == "Wes":
            return self.wes.next_named(NAME)["data"]
        return self.ida.told(f"/{ROOM}", NAME).args[0] if name == "Ida" else self.eve.next_named(NAME).json


@pytest.fixture
def everybody(server, romeo):
    with ExitStack() as stack:
        yield Everybody(server, stack)


NAMES = ("Wes", "Ida", "Eve")


def test_who_has_no_voice(server, romeo, everybody):
    decide(romeo, "<item nick='Wes' role='visitor'/><item nick='Ida' role='visitor'/><item nick='Eve' role='visitor'/>")
    for name in NAMES:
        status, said = everybody.signal(name, "romeo@localhost/x")
        assert status == 403 and "speak" in said
    # He may still be told.
    romeo.link.send_element(stanza(f"{AT}/Eve", '{"signal":"to Eve"}'))
    assert everybody.heard("Eve")["signal"] == "to Eve"
    decide(romeo, "<item nick='Wes' role='participant'/>")
    assert everybody.signal("Wes", everybody.session("Ida"))[0] == 200


def test_visitors_of_xmpp(server, romeo, everybody):
    juliet = Client(server).log_in("juliet", "pw", "y").enter(f"{AT}/Juliet")
    decide(romeo, "<item nick='Juliet' role='visitor'/>")
    juliet.everything()
    juliet.link.send_element(stanza(f"{AT}/Wes", '{"signal":1}'))
    assert error_of(juliet.next()) == "auth forbidden"
    juliet.close()


def test_who_is_banned(server, romeo, everybody):
    """He neither signals nor is signalled: his connections end, and so does his stream's ticket."""
    for name in NAMES:
        decide(romeo, f"<item jid='{name.lower()}@localhost' affiliation='outcast'/>")
    assert everybody.eve.next_named("hubbub:error").json["status"] == 403
    until(lambda: everybody.signal("Eve", "romeo@localhost/x")[0] == 410, "the ticket is good for nothing")
    assert close_code(everybody.wes.socket) == 4403
    assert everybody.ida.told(f"/{ROOM}", "hubbub:error").args[0]["status"] == 403
    romeo.everything()
    for name in NAMES:
        message = stanza(f"{AT}/Romeo", json.dumps({"to": everybody.session(name), "signal": 1}))
        romeo.link.send_element(message)
        assert error_of(romeo.next()) == "cancel item-not-found"


def test_where_only_moderators_see_who_people_are(server, romeo, everybody):
    """Nobody learns an address by a signal, nor whether somebody whose address he knows is there."""
    configure(romeo, "muc#roomconfig_whois", "moderators")
    juliet = Client(server).log_in("juliet", "pw", "y").enter(f"{AT}/Juliet")
    later = JsonSocket(server.server, ROOM, token=hs256("ken", name="Ken"))
    assert later.joined()["session"] == f"{AT}/Ken"
    for name in NAMES:
        for to in ("juliet@localhost", "juliet@localhost/y", "romeo@localhost/x", everybody.session("Wes"), "nobody@localhost"):
            status, said = everybody.signal(name, to)
            assert status == 404, (name, to, said)
        assert everybody.signal(name, f"{AT}/Juliet")[0] == 200
    heard = [json.loads(found.text) for one in juliet.everything() if (found := one.find(f"{{{PAYLOAD}}}payload/{{{JSON}}}json")) is not None]
    assert [one["from"] for one in heard] == [f"{AT}/{name}" for name in NAMES]
    for name in NAMES:
        juliet.link.send_element(stanza(f"{AT}/{name}", '{"signal":1}'))
        told = everybody.heard(name)
        assert told["from"] == f"{AT}/Juliet" and "@localhost" not in json.dumps(told)
    # What comes back goes by the same name.
    assert everybody.signal("Eve", f"{AT}/Ken")[0] == 200
    assert later.next_named(NAME)["data"]["from"] == f"{AT}/Eve"
    later.cut(), juliet.close()


def test_moderators_reach_whom_they_see(server, romeo, everybody):
    configure(romeo, "muc#roomconfig_whois", "moderators")
    romeo.everything()
    romeo.link.send_element(stanza(f"{AT}/Romeo", '{"to":"wes@localhost","signal":1}'))
    assert everybody.heard("Wes")["from"] == f"{AT}/Romeo"
    assert romeo.everything() == [], "it was not refused"


def test_nobody_is_called_in_an_inbox(server):
    """Nobody is told who is there: one would learn it by calling."""
    with ExitStack() as stack:
        token = hs256("juliet", name="Juliet")
        desk, phone = (stack.enter_context(JsonSocket(server.server, "@juliet", token=token)) for _ in range(2))
        desk.joined()
        desk.send({"to": phone.joined()["session"], "signal": 1}, event=NAME, key="k")
        assert desk.next_named("hubbub:ack", "hubbub:error")["data"]["status"] == 404
