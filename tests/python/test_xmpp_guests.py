"""Guests have contacts as long as they are there: whoever is called so next is somebody else."""

import pytest
from xmpp.client import Client, error_of
from xmpp.servers import Hubbub

ROSTER = "jabber:iq:roster"


@pytest.fixture
def server():
    with Hubbub({"romeo": "pw"}) as server:
        yield server


def presence(client: Client) -> list[tuple[str, str | None]]:
    """From whom, and of which type."""
    seen = [one for one in client.everything() if one.tag.endswith("}presence")]
    return [(one.get("from"), one.get("type")) for one in seen]


def friends(romeo: Client, ann: Client):
    bare = ann.jid.partition("/")[0]
    ann.send("<presence type='subscribe' to='romeo@localhost'/>")
    ann.settle()
    romeo.send(f"<presence type='subscribed' to='{bare}'/><presence type='subscribe' to='{bare}'/>")
    romeo.settle()
    ann.send("<presence type='subscribed' to='romeo@localhost'/>")
    ann.settle()


def roster(client: Client) -> list[tuple[str, str]]:
    items = client.ask(f"<iq type='get' id='roster'><query xmlns='{ROSTER}'/></iq>")[0]
    return [(item.get("jid"), item.get("subscription")) for item in items]


def test_a_guest_and_an_account_see_each_other_until_the_guest_goes(server):
    romeo = Client(server).log_in("romeo", "pw", "orchard")
    ann = Client(server).log_in_as_guest("Ann")
    bare = ann.jid.partition("/")[0]
    assert bare.endswith("@guest.localhost")
    friends(romeo, ann)
    romeo.send("<presence/>")
    romeo.settle()
    ann.send("<presence/>")
    assert ("romeo@localhost/orchard", None) in presence(ann)
    assert (ann.jid, None) in presence(romeo)
    assert roster(romeo) == [(bare, "both")]
    ann.close()

    while (got := romeo.next()).get("type") != "unavailable" or got.get("from") != ann.jid:
        pass
    romeo.everything()
    assert roster(romeo) == [(bare, "none")]
    romeo.close()


def test_after_a_power_cut_nobody_inherits_what_a_guest_was_shown(server):
    romeo = Client(server).log_in("romeo", "pw", "orchard")
    ann = Client(server).log_in_as_guest("Ann")
    bare = ann.jid.partition("/")[0]
    friends(romeo, ann)
    romeo.everything()
    assert roster(romeo) == [(bare, "both")]
    server.server.kill()
    server.server.start()

    romeo = Client(server).log_in("romeo", "pw", "orchard")
    romeo.send("<presence/>")
    romeo.everything()
    assert roster(romeo) == [(bare, "none")]
    impostor = Client(server).log_in_as_guest("Ann")
    impostor.send("<presence type='probe' to='romeo@localhost'/>")
    assert [kind for _, kind in presence(impostor) if kind is None] == []
    romeo.close()
    impostor.close()


def test_a_guest_keeps_private_things_while_he_is_there_and_not_too_much(server):
    ann = Client(server).log_in_as_guest("Ann")
    keep = "<iq type='set' id='s'><query xmlns='jabber:iq:private'><p xmlns='urn:example:p'>{}</p></query></iq>"
    assert ann.ask(keep.format("mine")).get("type") == "result"
    assert error_of(ann.ask(keep.format("x" * 70_000))) == "wait resource-constraint"
    got = ann.ask("<iq type='get' id='g'><query xmlns='jabber:iq:private'><p xmlns='urn:example:p'/></query></iq>")
    assert got[0][0].text == "mine"
    ann.close()


def test_no_guest_takes_anothers_address(server):
    """Guests may have one name; the rest of the address is of the server's making, and whoever wants a resource gets another (RFC 6120 section 7.7.2.1)."""
    first = Client(server).log_in_as_guest("Ann")
    wanted = first.jid.partition("/")[2]
    second = Client(server)
    second.reach_sasl()
    second.succeeded(second.auth("ANONYMOUS", b"Ann"))
    second.bind(wanted)
    assert second.jid.partition("/")[0] == first.jid.partition("/")[0]
    assert second.jid != first.jid and second.jid.partition("/")[2]
    first.settle()
    first.close(), second.close()
