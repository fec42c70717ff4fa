"""Calls between clients of XMPP (Jingle) in a room where only relayed candidates pass: what tells another address is refused, and nothing is rewritten."""

import pytest
from xmpp.client import Client, error_of
from xmpp.elements import CLIENT
from xmpp.servers import Hubbub

JINGLE = "urn:xmpp:jingle:1"
ICE, S5B = "urn:xmpp:jingle:transports:ice-udp:1", "urn:xmpp:jingle:transports:s5b:1"
AT, OPEN = "relayed@rooms.localhost", "open@rooms.localhost"
CONFIG = '\n[[room]]\nmatch = "relayed"\ncandidates = "relay"\n'

HOST = "<candidate component='1' foundation='1' generation='0' id='a' ip='192.168.7.9' network='0' port='5000' priority='1' protocol='udp' type='host'/>"
SRFLX = HOST.replace("type='host'", "type='srflx' rel-addr='192.168.7.9' rel-port='5000'").replace("ip='192.168.7.9'", "ip='203.0.113.9'")
RELAY = HOST.replace("type='host'", "type='relay'").replace("192.168.7.9", "198.51.100.1")
TELLING = RELAY.replace("/>", " rel-addr='203.0.113.9' rel-port='5000'/>")
HIDDEN = RELAY.replace("/>", " rel-addr='0.0.0.0' rel-port='9'/>")
REMOTE = "<remote-candidate component='1' ip='192.168.7.9' port='5000'/>"
DIRECT = "<candidate cid='b' host='192.168.7.9' jid='romeo@localhost/x' port='5000' priority='1' type='direct'/>"
PROXY = "<candidate cid='c' host='proxy.example' jid='proxy.example' port='7777' priority='1' type='proxy'/>"


@pytest.fixture(scope="module")
def server():
    with Hubbub({"romeo": "romeos", "juliet": "juliets"}, CONFIG) as running:
        yield running


@pytest.fixture
def people(server):
    clients = [Client(server).log_in(name, f"{name}s", "x") for name in ("romeo", "juliet")]
    for room in (AT, OPEN):
        for client, nick in zip(clients, ("Romeo", "Juliet"), strict=True):
            client.enter(f"{room}/{nick}")
    for client in clients:
        client.everything()
    yield clients
    for client in clients:
        client.close()


def jingle(action: str, inner: str, ns: str = ICE) -> str:
    content = f"<content creator='initiator' name='0'><transport xmlns='{ns}' ufrag='u' pwd='p'>{inner}</transport></content>"
    return f"<jingle xmlns='{JINGLE}' action='{action}' sid='s'>{content}</jingle>"


def send(client: Client, to: str, action: str, inner: str, ns: str = ICE):
    client.send(f"<iq type='set' id='call' to='{to}'>{jingle(action, inner, ns)}</iq>")


def calls(client: Client) -> list:
    return [one for one in client.everything() if one.find(f"{{{JINGLE}}}jingle") is not None]


def answer(client: Client):
    while (got := client.next()).get("id") != "call":
        pass
    return got


@pytest.mark.parametrize("action", ["session-initiate", "session-accept", "transport-info", "content-add", "transport-replace"])
@pytest.mark.parametrize(
    ("ns", "inner"),
    [(ICE, HOST), (ICE, SRFLX), (ICE, TELLING), (ICE, HIDDEN + HOST), (ICE, REMOTE), (S5B, DIRECT), (S5B, PROXY + DIRECT)],
    ids=["host", "srflx", "relay that tells who asked for it", "relay and host", "remote", "direct", "proxy and direct"],
)
def test_what_tells_an_address_is_refused(people, action, ns, inner):
    romeo, juliet = people
    send(romeo, f"{AT}/Juliet", action, inner, ns)
    got = answer(romeo)
    assert error_of(got) == "modify policy-violation"
    assert "Only relayed candidates" in got.find(f"{{{CLIENT}}}error/{{urn:ietf:params:xml:ns:xmpp-stanzas}}text").text
    assert calls(juliet) == []


@pytest.mark.parametrize(("ns", "inner"), [(ICE, ""), (ICE, RELAY), (ICE, HIDDEN), (S5B, PROXY)], ids=["none", "relay", "hidden", "proxy"])
def test_what_does_not_passes_as_it_is(people, ns, inner):
    romeo, juliet = people
    send(romeo, f"{AT}/Juliet", "session-initiate", inner, ns)
    romeo.everything()  # two connections: only now has it come before what Juliet asks
    (got,) = calls(juliet)
    assert got.get("from") == f"{AT}/Romeo"
    candidates = [one.attrib for one in got.iter() if one.tag.endswith("}candidate")]
    assert len(candidates) == inner.count("<candidate")


@pytest.mark.parametrize("to", [f"{OPEN}/Juliet", "juliet@localhost/x"], ids=["another room", "full address"])
def test_elsewhere_everything_passes(people, to):
    romeo, juliet = people
    send(romeo, to, "session-initiate", HOST + SRFLX)
    romeo.everything()
    (got,) = calls(juliet)
    assert [one.get("type") for one in got.iter(f"{{{ICE}}}candidate")] == ["host", "srflx"]
