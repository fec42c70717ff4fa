"""XEP-0198 from one kind of link to another: what was kept is written for the link that it is sent on."""

import pytest
from test_xmpp_resume import SM, Managed, say, server  # noqa: F401
from xmpp.client import Client

WAYS = ["STARTTLS", "WebSocket"]


def log_in(server, way: str) -> Managed:
    juliet = Managed(server, way).log_in("juliet", "juliets", "balcony")
    juliet.enable()
    juliet.send("<presence/>")
    assert juliet.next().get("from") == juliet.jid
    return juliet


def come_back(server, before: Managed, way: str) -> Managed:
    client = Managed(server, way).reach_sasl()
    client.authenticate("juliet", "juliets")
    client.open()
    client.link.send(f"<resume xmlns='{SM}' previd='{before.resumption}' h='{before.heard}'/>")
    assert client.next().tag == f"{{{SM}}}resumed"
    client.resumption, client.heard, client.jid = before.resumption, before.heard, before.jid
    return client


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("lost", [True, False], ids=["lost", "seems alive"])
def test_back_and_forth_between_kinds_of_links(server, first, lost):  # noqa: F811
    second = WAYS[1 - WAYS.index(first)]
    romeo = Client(server).log_in("romeo", "romeos", "orchard")
    juliet = log_in(server, first)
    for turn, way in enumerate([second, first, second]):
        say(romeo, f"{turn} a")
        before = juliet
        if lost:
            before.cut()
            say(romeo, f"{turn} b")
        juliet = come_back(server, before, way)
        kept = [f"{turn} a", f"{turn} b"] if lost else [f"{turn} a"]
        assert juliet.bodies(len(kept)) == kept
        say(romeo, f"{turn} c")
        assert juliet.bodies(1) == [f"{turn} c"]
        before.cut()
    juliet.send("<message to='romeo@localhost/orchard' type='chat'><body>here</body></message>")
    assert "here" in [child.text for child in romeo.next()]
    juliet.close()
    romeo.close()
