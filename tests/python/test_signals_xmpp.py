"""Signals of clients of XMPP beyond what stories tell: streams that survive their links, clients that nobody looks at, archives, other devices, and what
is forged."""

import json
from xml.etree.ElementTree import SubElement
from xml.sax.saxutils import escape

import pytest
from hubbub_test.signals import DATATYPE, JSON, PAYLOAD, stanza
from hubbub_test.websocket import JsonSocket
from xmpp.client import Client, error_of
from xmpp.elements import CLIENT, write
from xmpp.servers import server_for

from test_xmpp_resume import Managed

ROOM = "verona"
AT = f"{ROOM}@rooms.localhost"
FOUND = f"{{{PAYLOAD}}}payload/{{{JSON}}}json"
WAYS = pytest.mark.parametrize("way", ["STARTTLS", "WebSocket"])


@pytest.fixture
def server():
    with server_for({"romeo": "romeos", "juliet": "juliets"}) as running:
        yield running


def inside(client: Client, nick: str) -> Client:
    return client.enter(f"{AT}/{nick}")


def log_in(server, name: str, resource: str, way: str = "STARTTLS", kind=Client) -> Client:
    return kind(server, way).log_in(name, f"{name}s", resource)


@pytest.fixture
def ann(server):
    """She is there by a WebSocket."""
    with JsonSocket(server.server, ROOM, name="Ann") as socket:
        socket.address = socket.joined()["session"]
        yield socket


def rings(ann: JsonSocket, to: str, signal) -> dict:
    """What the acknowledgement or the refusal says."""
    ann.send({"to": to, "signal": signal}, event="hubbub:signal", key="k")
    return ann.next_named("hubbub:ack", "hubbub:error")["data"]


def signal_in(element) -> dict | None:
    found = element.find(FOUND)
    return None if found is None else json.loads(found.text)


def next_signal(client: Client) -> dict:
    while (heard := signal_in(client.next())) is None:
        pass
    return heard


def signals(client: Client) -> list:
    return [heard["signal"] for one in client.everything() if (heard := signal_in(one))]


@WAYS
def test_over_tcp_and_websocket(server, ann, way):
    romeo = inside(log_in(server, "romeo", "orchard", way), "Romeo")
    assert rings(ann, "romeo@localhost/orchard", {"a": "<&>"}) == {"key": "k", "sessions": 1}
    assert next_signal(romeo) == {"from": ann.address, "name": "Ann", "signal": {"a": "<&>"}}
    romeo.link.send_element(stanza(f"{AT}/Ann", json.dumps({"signal": "]]>"})))
    assert ann.next_named("hubbub:signal")["data"] == {"from": "romeo@localhost/orchard", "name": "Romeo", "signal": "]]>"}
    romeo.close()


def test_each_device_has_its_address_and_others_have_no_copies(server, ann):
    """Carbons (XEP-0280) are of messages between people."""
    orchard, tomb = (inside(log_in(server, "romeo", one), "Romeo") for one in ("orchard", "tomb"))
    outside = log_in(server, "romeo", "street")
    for client in (orchard, tomb, outside):
        client.send("<presence/><iq type='set' id='copies'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
        client.everything()
    assert rings(ann, "romeo@localhost/tomb", "for one")["sessions"] == 1
    assert rings(ann, "romeo@localhost", "for all in the room")["sessions"] == 2
    assert rings(ann, "romeo@localhost/street", "for one outside")["status"] == 404
    assert [signals(one) for one in (orchard, tomb, outside)] == [["for all in the room"], ["for one", "for all in the room"], []]
    orchard.close(), tomb.close(), outside.close()


def test_a_resource_may_be_any_text(server, ann):
    odd = "Gajim <&'\"> 🍎 " + "x" * 900
    romeo = inside(log_in(server, "romeo", escape(odd)), "Romeo")
    assert rings(ann, f"romeo@localhost/{odd}", 1) == {"key": "k", "sessions": 1}
    assert next_signal(romeo)["signal"] == 1
    romeo.link.send_element(stanza(f"{AT}/Ann", '{"signal":2}'))
    assert ann.next_named("hubbub:signal")["data"]["from"] == romeo.jid == f"romeo@localhost/{odd}"
    romeo.close()


def test_nothing_of_it_is_in_an_archive(server, ann):
    romeo = inside(log_in(server, "romeo", "orchard"), "Romeo")
    romeo.send("<presence/>")
    rings(ann, "romeo@localhost", "nobody keeps this")
    romeo.link.send_element(stanza(f"{AT}/Ann", '{"signal":"nor this"}'))
    ann.next_named("hubbub:signal")
    romeo.everything()
    for at in ("", f" to='{AT}'"):
        romeo.send(f"<iq type='set' id='mam'{at}><query xmlns='urn:xmpp:mam:2'/></iq>")
        answers = romeo.everything()
        assert [one.get("type") for one in answers] == ["result"], [write(one) for one in answers]
        assert answers[0].find("{urn:xmpp:mam:2}fin").get("complete") == "true"
    assert server.server.http.poll(ROOM, since="0").json["messages"] == []
    romeo.close()


def test_a_stream_that_survives_its_link(server, ann):
    """XEP-0198: the address stays, and what came meanwhile comes in order, once."""
    romeo = log_in(server, "romeo", "orchard", kind=Managed).enable()
    inside(romeo, "Romeo")
    rings(ann, "romeo@localhost/orchard", 1)
    assert next_signal(romeo)["signal"] == 1
    romeo.acknowledge()
    romeo.cut()
    for n in (2, 3):
        assert rings(ann, "romeo@localhost/orchard", n)["sessions"] == 1
    again = Managed(server).reach_sasl()
    again.authenticate("romeo", "romeos")
    again.open()
    again.link.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{romeo.resumption}' h='{romeo.heard}'/>")
    assert again.next().tag == "{urn:xmpp:sm:3}resumed"
    assert [next_signal(again)["signal"] for _ in range(2)] == [2, 3]
    again.link.send_element(stanza(f"{AT}/Ann", '{"signal":4}'))
    assert ann.next_named("hubbub:signal")["data"]["from"] == "romeo@localhost/orchard"
    again.cut()


def test_what_nobody_came_back_for_is_for_no_other_device(server, ann):
    """A call for a device that is gone is no message for the account."""
    phone = log_in(server, "romeo", "phone", kind=Managed).enable()
    inside(phone, "Romeo")
    desk = log_in(server, "romeo", "desk")
    desk.send("<presence/>")
    desk.everything()
    phone.cut()
    assert rings(ann, "romeo@localhost/phone", "too late")["sessions"] == 1
    desk.send("<presence type='unavailable'/>")
    other = log_in(server, "romeo", "phone")  # takes the resource: the stream that waited is over
    other.send("<presence/>")
    desk.send("<presence/>")
    assert signals(desk) == [] and signals(other) == []
    assert rings(ann, "romeo@localhost/phone", 1)["status"] == 404, "he is not in the room any more"
    desk.close(), other.close()


def test_a_client_that_nobody_looks_at_is_told_at_once(server, ann):
    romeo = inside(log_in(server, "romeo", "orchard"), "Romeo")
    romeo.send("<inactive xmlns='urn:xmpp:csi:0'/>")
    romeo.settle()
    rings(ann, "romeo@localhost", "now")
    assert next_signal(romeo)["signal"] == "now"
    romeo.close()


def test_who_is_outside_has_no_signals(server, ann):
    romeo = log_in(server, "romeo", "orchard")
    romeo.link.send_element(stanza(f"{AT}/Ann", '{"signal":1}'))
    assert error_of(romeo.next()) == "modify not-acceptable"
    inside(romeo, "Romeo").send(f"<presence to='{AT}/Romeo' type='unavailable'/>")
    romeo.everything()
    romeo.link.send_element(stanza(f"{AT}/Ann", '{"signal":1}'))
    assert error_of(romeo.next()) == "modify not-acceptable"
    assert rings(ann, "romeo@localhost", 1)["status"] == 404
    romeo.close()


def test_nobody_signals_as_somebody_else(server, ann):
    """Neither by the stanza's own addresses nor inside."""
    romeo, juliet = (inside(log_in(server, name, "x"), name.title()) for name in ("romeo", "juliet"))
    forged = stanza(f"{AT}/Ann", '{"signal":1,"from":"juliet@localhost/x","name":"Juliet"}')
    romeo.everything()
    romeo.link.send_element(forged)
    assert error_of(romeo.next()) == "modify bad-request"
    forged = stanza(f"{AT}/Ann", '{"signal":2}')
    forged.set("from", f"{AT}/Juliet")
    romeo.link.send_element(forged)
    assert romeo.condition() == "invalid-from"
    juliet.link.send_element(stanza(f"{AT}/Ann", '{"signal":3}'))
    assert ann.next_named("hubbub:signal")["data"] == {"from": "juliet@localhost/x", "name": "Juliet", "signal": 3}
    juliet.close()


@pytest.mark.parametrize(
    "shape",
    [
        "<x xmlns='{ns}' datatype='{type}'>{json}</x>",
        "<payload xmlns='{ns}' datatype=' {type} '>{json}</payload>",
        "<payload xmlns='{ns}' datatype='{type}'><x>{json}</x></payload>",
        "<x xmlns='urn:example'><payload xmlns='{ns}' datatype='{type}'>{json}</payload></x>",
        "<body>look</body><p:payload xmlns:p='{ns}' datatype='{type}'><x xmlns='{json_ns}'>{{}}</x></p:payload>",
    ],
)
def test_what_might_be_taken_for_a_signal_is_refused(server, ann, shape):
    """Only the room says who signals: nobody writes an element that a hasty client takes for that."""
    romeo, juliet = (inside(log_in(server, name, "x"), name.title()) for name in ("romeo", "juliet"))
    json = f"<json xmlns='{JSON}'>{{\"from\":\"ann@guest.localhost/1\",\"name\":\"Ann\",\"signal\":1}}</json>"
    inside_of_it = shape.format(ns=PAYLOAD, type=DATATYPE, json=json, json_ns=JSON)
    romeo.everything()
    romeo.send(f"<message to='{AT}/Juliet' type='chat' id='f'>{inside_of_it}</message>")
    assert error_of(romeo.next()) == "modify bad-request"
    assert not signals(juliet)
    romeo.close(), juliet.close()


def test_to_the_room_itself_it_is_no_signal(server, ann):
    """A message to all with such a payload is what it was: something that those who understand it are told."""
    romeo, juliet = (inside(log_in(server, name, "x"), name.title()) for name in ("romeo", "juliet"))
    romeo.link.send_element(stanza(AT, '{"signal":1}', kind="groupchat"))
    romeo.everything()
    (got,) = [one for one in juliet.everything() if signal_in(one)]
    assert got.get("type") == "groupchat" and signal_in(got) == {"signal": 1}
    romeo.send(f"<message type='groupchat' to='{AT}'><body>over</body></message>")
    assert ann.next_named("message", "hubbub:signal")["event"] == "message"
    romeo.close(), juliet.close()


@pytest.mark.parametrize("kind", ["chat", "normal", "headline"])
def test_of_any_type_but_to_all(server, ann, kind):
    romeo = inside(log_in(server, "romeo", "x"), "Romeo")
    romeo.link.send_element(stanza(f"{AT}/Ann", '{"signal":1}', kind=kind))
    assert ann.next_named("hubbub:signal")["data"]["signal"] == 1
    romeo.close()


def test_what_else_is_in_the_message_goes_nowhere(server, ann):
    """A body beside a signal is for nobody: who hears it need not speak XMPP."""
    romeo, juliet = (inside(log_in(server, name, "x"), name.title()) for name in ("romeo", "juliet"))
    message = stanza(f"{AT}/Juliet", '{"signal":1}')
    SubElement(message, f"{{{CLIENT}}}body").text = "fallback"
    romeo.link.send_element(message)
    romeo.everything()
    (got,) = [one for one in juliet.everything() if signal_in(one)]
    assert got.find(f"{{{CLIENT}}}body") is None
    assert got.find("{urn:xmpp:hints}no-store") is not None and got.get("type") == "chat"
    romeo.close(), juliet.close()


def test_a_client_that_answers_with_an_error_stays_in_the_room(server, ann):
    romeo = inside(log_in(server, "romeo", "x"), "Romeo")
    rings(ann, "romeo@localhost", 1)
    romeo.send(
        f"<message type='error' to='{AT}/Ann'><payload xmlns='{PAYLOAD}' datatype='{DATATYPE}'/>"
        "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    )
    romeo.everything()
    assert rings(ann, "romeo@localhost", 2)["sessions"] == 1
    romeo.close()


def test_the_room_says_that_it_has_signals(server, ann):
    romeo = log_in(server, "romeo", "x")
    answer = romeo.ask(f"<iq type='get' id='d' to='{AT}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
    features = {one.get("var") for one in answer.iter("{http://jabber.org/protocol/disco#info}feature")}
    assert {PAYLOAD, f"{PAYLOAD}#{DATATYPE}"} <= features
    romeo.close()
