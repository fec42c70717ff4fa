"""XEP-0198 section 5: a stream that nobody resumes in time. What its client has not acknowledged is for the account, once for everybody, and
says when it came (XEP-0203); a client that comes back after all hears how much of its own was taken."""

from datetime import datetime, timedelta, timezone

import pytest
from test_xmpp_resume import SM, Managed, come, come_back, say
from xmpp.client import Client
from xmpp.elements import CLIENT, write
from xmpp.servers import ORACLE, server_for

CARBONS = "<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>"

ours = pytest.mark.skipif(ORACLE is not None, reason="there a stream sleeps for ten minutes")


@pytest.fixture
def server():
    with server_for({"romeo": "romeos", "juliet": "juliets"}, 'resume_timeout = "1s"\n') as running:
        yield running


@pytest.fixture
def romeo(server):
    """He sees when one of Juliet's devices is gone."""
    client = Client(server).log_in("romeo", "romeos", "orchard")
    yield client
    client.cut()


def online(server, resource: str, *, copies: bool = False) -> Client:
    client = Client(server).log_in("juliet", "juliets", resource)
    if copies:
        client.ask(CARBONS)
    client.send("<presence/>")
    client.everything()
    return client


def lose(device: Managed, romeo: Client, *texts: str, to: str):
    """Nobody resumes the device's stream: what it has not acknowledged goes back. Romeo is told when it is gone."""
    device.send("<presence to='romeo@localhost/orchard'/>")
    device.settle()
    assert romeo.next().get("from") == device.jid
    device.acknowledge()
    device.settle()
    say(romeo, *texts, to=to)
    device.cut()
    gone = romeo.next()
    assert (gone.get("from"), gone.get("type")) == (device.jid, "unavailable")


def texts(client: Client) -> list[str]:
    got = [one.find(f".//{{{CLIENT}}}body") for one in client.everything()]
    return [body.text for body in got if body is not None]


def came(stanza) -> datetime:
    return datetime.fromisoformat(stanza.find("{urn:xmpp:delay}delay").get("stamp").replace("Z", "+00:00"))


@ours
@pytest.mark.parametrize("to", ["juliet@localhost", "juliet@localhost/balcony"])
def test_with_nobody_there_it_waits_for_the_next_who_comes(server, romeo, to):
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    lose(come(server), romeo, "one", "two", to=to)
    said = datetime.now(timezone.utc)
    assert romeo.everything() == [], "it is kept, so nothing is refused"
    later = Client(server).log_in("juliet", "juliets", "later")
    later.send("<presence/>")
    first, second = [one for one in later.everything() if one.tag == f"{{{CLIENT}}}message"]
    assert [one.find(f"{{{CLIENT}}}body").text for one in (first, second)] == ["one", "two"]
    assert before < came(first) <= came(second) <= said
    assert texts(later) == [] and texts(online(server, "another")) == [], "once"


@ours
def test_a_device_that_had_it_is_not_told_again(server, romeo):
    other = online(server, "other")
    lose(come(server), romeo, "for all", to="juliet@localhost")
    assert texts(other) == ["for all"]


@ours
def test_what_was_for_the_lost_device_goes_to_another(server, romeo):
    other = online(server, "other")
    lose(come(server), romeo, "for you", to="juliet@localhost/balcony")
    (got,) = [one for one in other.everything() if one.tag == f"{{{CLIENT}}}message"]
    assert got.find(f"{{{CLIENT}}}body").text == "for you" and len(got.findall("{urn:xmpp:delay}delay")) == 1, write(got)


@ours
def test_whoever_had_a_copy_does_not_get_it_again(server, romeo):
    other = online(server, "other", copies=True)
    lose(come(server), romeo, "for you", to="juliet@localhost/balcony")
    (copy,) = [one for one in other.everything() if one.tag == f"{{{CLIENT}}}message"]
    assert copy.find("{urn:xmpp:carbons:2}received") is not None, write(copy)


@ours
def test_a_copy_that_was_not_acknowledged_is_nobody_elses(server, romeo):
    """Section 9 of XEP-0280 would have copies go nowhere but to the device that wanted them."""
    plain = online(server, "plain")
    device = Managed(server).log_in("juliet", "juliets", "balcony")
    device.ask(CARBONS)
    device.enable()
    device.send("<presence/>")
    device.everything()
    lose(device, romeo, "for the plain one", to="juliet@localhost/plain")
    assert texts(plain) == ["for the plain one"]


@ours
def test_what_may_not_be_kept_is_refused_when_nobody_is_left(server, romeo):
    device = come(server)
    device.send("<presence to='romeo@localhost/orchard'/>")
    assert romeo.next().get("from") == device.jid
    device.settle()
    romeo.send(
        "<message to='juliet@localhost/balcony' type='chat' id='m'><body>now</body><no-store xmlns='urn:xmpp:hints'/></message>"
    )
    romeo.settle()
    device.cut()
    answers = {romeo.next().get("type") for _ in range(2)}
    assert answers == {"unavailable", "error"}


@ours
def test_who_comes_too_late_hears_how_much_was_taken(server, romeo):
    """Example 11: `h` on the failure."""
    device = come(server)
    device.send("<message to='romeo@localhost/orchard' type='chat'><body>taken</body></message>")
    assert romeo.next().find(f"{{{CLIENT}}}body").text == "taken"
    lose(device, romeo, to=device.jid)
    again, answer = come_back(server, device)
    assert answer.tag == f"{{{SM}}}failed", write(answer)
    taken = int(answer.get("h"))
    assert taken >= 3, "a message, two presences, and what we asked in order to settle"
    again.cut()
    once_more, answer = come_back(server, device)
    assert (answer.tag, int(answer.get("h"))) == (f"{{{SM}}}failed", taken), write(answer)
    once_more.cut()


@ours
def test_nobody_else_hears_it(server, romeo):
    device = come(server)
    lose(device, romeo, to=device.jid)
    client = Managed(server).reach_sasl()
    client.authenticate("romeo", "romeos")
    client.open()
    client.link.send(f"<resume xmlns='{SM}' previd='{device.resumption}' h='0'/>")
    answer = client.next()
    assert answer.tag == f"{{{SM}}}failed" and answer.get("h") is None, write(answer)
    client.cut()
