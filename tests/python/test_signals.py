"""Signals, whatever the protocol of who sends and who hears them: whom they reach, what they say, and what nobody keeps."""

import json

import pytest
from hubbub_test.engineio import Polling
from hubbub_test.people_xmpp import SIGNAL, Loopback
from hubbub_test.server import PATIENCE
from hubbub_test.signals import address, exchange, heard, next_heard, occupant, say, signal, user
from hubbub_test.socketio import Client
from hubbub_test.spread import servers
from hubbub_test.sse import EventStream
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket
from xmpp.client import Client as Xmpp

WAYS = ["websocket", "sse", "socket.io", "socket.io over polling", "socket.io with an upgrade", "xmpp"]
EACH = pytest.mark.parametrize("way", WAYS)
CONFIG = """
[[room]]
match = "news*"
publish = ["users"]
[[room]]
match = "quiet*"
presence = "off"
"""
server = servers(CONFIG)


@EACH
def test_one_session_or_all_of_them(enter, way):
    ann = enter("Ann", way)
    bo = [enter("Bo", one) for one in WAYS]
    assert len({address(one) for one in bo}) == len(bo)
    for one in bo:
        exchange(ann, one, f"for {address(one)} alone")
    assert signal(ann, user(bo[0]), "for all").sessions in (len(bo), None)
    assert signal(ann, occupant(bo[0]), "for all by his name").sessions in (len(bo), None)
    for one in bo:
        next_heard(one, "for all by his name")
        assert [each["signal"] for each in heard(one)] == [f"for {address(one)} alone", "for all", "for all by his name"]
        assert {each["from"] for each in heard(one)} == {address(ann)}


@EACH
def test_never_back_to_the_session_that_sends_it(enter, way):
    here, there = enter("Ann", way), enter("Ann", "websocket")
    assert signal(here, user(here), "at my other places").sessions in (1, None)
    next_heard(there, "at my other places")
    refused = "cancel item-not-found" if way == "xmpp" else "404 not-found"
    assert signal(here, address(here), "to myself").refusal == refused
    assert heard(here) == []


@EACH
def test_nobody_else_hears_it_and_nothing_keeps_it(enter, server, room, way):
    ann, bo = enter("Ann", way), enter("Bo", way)
    others = [enter("Cy", one) for one in [*WAYS, "raw websocket"]]
    raw = others[-1]
    exchange(ann, bo, "between two")
    ann.say("to all")
    for one in others:
        one.wait_for(lambda one=one: [each["data"] for each in one.received] == ["to all"], "for what is said to all")
        assert heard(one) == []
    assert raw.received == [{"data": "to all"}]
    assert [one["data"] for one in server.http.poll(room, since="0").json["messages"]] == ["to all"]


# Of JSON everything is handed on as it is; none of this is looked into.
VALUES = [
    "null",
    "0",
    '""',
    "1e999",
    "123456789012345678901234567890.10",
    '{"a":1,"a":2}',
    '"\\ud800"',
    '"\\u0000\\u001f\\u007f"',
    '"]]> &amp; <b> \' \\" \\\\ \\/"',
    '"\uffff\ufffe\U0001f514\u2028"',
    '{"":[{},[],{"data":{"event":"hubbub:joined"}}]}',
    '"hubbub:error"',
    "60 * [",
]


@EACH
@pytest.mark.parametrize("hears", WAYS)
def test_what_it_says_is_handed_on_as_it_is(enter, way, hears):
    ann, bo = enter("Ann", way), enter("Bo", hears)
    for text in VALUES:
        text = "[" * 60 + "]" * 60 if text == "60 * [" else text
        fate = say(ann, json.dumps(address(bo)), text)
        assert fate.refusal is None, (text, fate)
        bo.wait_for(lambda: heard(bo), f"for {text}")
        got = [one["data"] for one in bo.notices if one["event"] == "hubbub:signal"].pop()
        assert json.dumps(got["signal"]) == json.dumps(json.loads(text)), text
        bo.notices = [one for one in bo.notices if one["event"] != "hubbub:signal"]


def test_what_is_nested_deeply_is_handed_on_as_well(enter, server, room):
    """Nothing looks into it on the way."""
    ann, deep = enter("Ann", "websocket"), "[" * 20000 + "]" * 20000
    with JsonSocket(server, room, name="Wes") as wes, EventStream(server.http, room, name="Eve") as eve, Client(server, query={"name": "Ida"}) as ida:
        romeo = Xmpp(Loopback(server), "clear").log_in_as_guest("Romeo")
        romeo.send(f"<presence to='{room}@rooms.localhost/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        sessions = [wes.joined()["session"], eve.next().json["session"], ida.join(f"/{room}")["session"]]
        until(lambda: server.http.presence(room).json["count"] == 5, "all are there")
        for to in [*sessions, romeo.jid]:
            assert say(ann, json.dumps(to), deep).sessions == 1

        def until_it_comes(hear):
            while "hubbub:signal" not in (text := hear()):
                pass
            return f'"signal":{deep}}}' in text

        assert until_it_comes(lambda: wes.socket.recv(timeout=PATIENCE))
        assert until_it_comes(lambda: str(eve.next()))
        assert until_it_comes(ida.link.next)
        while (found := romeo.next().find(SIGNAL)) is None:
            pass
        assert found.text.endswith(f'"signal":{deep}}}')
        romeo.close()


@EACH
def test_the_order_between_two_is_kept(enter, way):
    ann, bo = enter("Ann", way), enter("Bo", "websocket")
    for n in range(40):
        assert signal(ann, address(bo), n).refusal is None
    next_heard(bo, 39)
    assert [one["signal"] for one in heard(bo)] == list(range(40))


@EACH
def test_whoever_may_not_speak_does_not_signal(enter, way):
    """By the room's policy guests only listen there."""
    ann, bo = enter("Ann", way, "news"), enter("Bo", "sse", "news")
    assert signal(ann, address(bo), 1).refusal == ("auth forbidden" if way == "xmpp" else "403 forbidden")
    assert heard(bo) == []


@EACH
def test_where_nobody_is_told_who_is_there_nobody_can_be_found_by_signals(enter, way):
    ann, bo = enter("Ann", way, "quiet"), enter("Bo", "sse", "quiet")
    assert signal(ann, user(bo), 1).refusal == ("cancel not-allowed" if way == "xmpp" else "404 not-found")


@EACH
def test_who_is_there_by_engine_io_alone_cannot_be_called(enter, server, room, way):
    """Nor by a raw WebSocket: there are no words for it, and whoever rings is told so."""
    ann = enter("Ann", way)
    Polling(server, room=room, name="Bo"), enter("Rae", "raw websocket")
    until(lambda: server.http.presence(room).json["count"] == 3, "they are there")
    for name in ("bo", "rae"):
        refused = "cancel service-unavailable" if way == "xmpp" else "404 not-found"
        assert signal(ann, f"{name}@guest.localhost", 1).refusal == refused


@EACH
def test_addresses_of_nobody_here(enter, way):
    ann, bo = enter("Ann", way), enter("Bo", "sse")
    nobody = "cancel item-not-found" if way == "xmpp" else "404 not-found"
    for to in [
        "bo@localhost",
        "zoe@guest.localhost",
        f"{user(bo)}/s0.0.0",
        f"{user(bo)}/s65535.4294967295.4294967295",
        address(bo) + "0",
        address(bo).upper().replace("BO@GUEST.LOCALHOST", "bo@guest.localhost"),
        f"{bo.room}@rooms.localhost/Zoe",
        f"hall@rooms.localhost/{bo.name}",
        "bö@guest.localhost",
    ]:
        assert signal(ann, to, 1).refusal == nobody, to
    assert heard(bo) == []
    exchange(ann, bo, "he is there all the same")


@EACH
def test_the_same_person_by_addresses_that_are_written_otherwise(enter, way):
    ann, bo = enter("Ann", way), enter("Bo", "sse")
    assert signal(ann, "BO@Guest.LocalHost", "one").refusal is None
    assert signal(ann, address(bo).replace("bo@guest", "Bo@GUEST"), "two").refusal is None
    assert next_heard(bo, "one") and next_heard(bo, "two")


@pytest.mark.parametrize("way", [way for way in WAYS if way != "socket.io over polling"])
def test_who_has_gone_hears_nothing(enter, way):
    """Between two polls nobody knows that there will be no third."""
    ann, bo, again = enter("Ann", "websocket"), enter("Bo", way), enter("Bo", "sse")
    bo.cut()
    until(lambda: signal(ann, address(bo), 1).refusal == "404 not-found", "it is known that he has gone")
    exchange(ann, again, "his other session")
