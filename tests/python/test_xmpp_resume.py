"""XEP-0198: acknowledgements, and a stream that survives its link: every stanza exactly once."""

import pytest
from xmpp.client import Client, StreamError
from xmpp.elements import CLIENT, write
from xmpp.links import Broken, Closed, Opened
from xmpp.servers import server_for

SM = "urn:xmpp:sm:3"


@pytest.fixture
def server():
    """For each test its own: what one left unacknowledged would come to the next."""
    with server_for({"romeo": "romeos", "juliet": "juliets"}) as running:
        yield running


@pytest.fixture
def romeo(server):
    client = Client(server).log_in("romeo", "romeos", "orchard")
    yield client
    client.cut()


class Managed(Client):
    """Counts what it is sent, and says so only when it is told to."""

    resumption = None
    heard = 0

    def enable(self) -> "Managed":
        assert self.features.find(f"{{{SM}}}sm") is not None
        self.link.send(f"<enable xmlns='{SM}' resume='true'/>")
        enabled = self.next()
        assert enabled.tag == f"{{{SM}}}enabled" and enabled.get("resume") in ("true", "1"), write(enabled)
        self.resumption, self.heard = enabled.get("id"), 0
        return self

    def _read(self):
        """The next element, counted; requests for acknowledgement are left unanswered."""
        while True:
            got = super()._read()
            if isinstance(got, Opened) or got.tag != f"{{{SM}}}r":
                stanza = not isinstance(got, Opened) and got.tag.startswith(f"{{{CLIENT}}}")
                self.heard += 1 if stanza and self.resumption else 0
                return got

    def bodies(self, count: int) -> list[str]:
        return [self.next().find(f"{{{CLIENT}}}body").text for _ in range(count)]

    def acknowledged(self) -> int:
        """How much of ours the server says it has."""
        self.link.send(f"<r xmlns='{SM}'/>")
        answer = self.next()
        assert answer.tag == f"{{{SM}}}a", write(answer)
        return int(answer.get("h"))

    def acknowledge(self, heard: int | None = None):
        self.link.send(f"<a xmlns='{SM}' h='{self.heard if heard is None else heard}'/>")


def come(server, resource: str = "balcony") -> Managed:
    """Juliet, online, managed."""
    juliet = Managed(server).log_in("juliet", "juliets", resource)
    juliet.enable()
    juliet.send("<presence/>")
    assert juliet.next().get("from") == juliet.jid
    return juliet


def come_back(server, before: Managed, previous: str | None = None, heard: int | None = None):
    """A new link that asks for the old stream; the client and the answer."""
    client = Managed(server).reach_sasl()
    client.authenticate("juliet", "juliets")
    client.open()
    said = f"previd='{previous or before.resumption}' h='{before.heard if heard is None else heard}'"
    client.link.send(f"<resume xmlns='{SM}' {said}/>")
    answer = client.next()
    if answer.tag == f"{{{SM}}}resumed":
        client.resumption, client.heard, client.jid = before.resumption, before.heard, before.jid
    return client, answer


def say(romeo: Client, *texts: str, to: str = "juliet@localhost/balcony"):
    for text in texts:
        romeo.send(f"<message type='chat' to='{to}' id='{text}'><body>{text}</body></message>")
    romeo.settle()


class TestAcknowledging:
    def test_both_sides_count(self, server, romeo):
        juliet = come(server)
        assert juliet.acknowledged() == 1
        juliet.send("<message to='romeo@localhost/orchard'><body>a</body></message><presence><show>away</show></presence>")
        juliet.next()
        assert juliet.acknowledged() == 3
        juliet.cut()

    def test_before_binding_it_is_too_early(self, server):
        """Section 3: a failure, and the stream lives."""
        client = Client(server).reach_sasl()
        client.authenticate("juliet", "juliets")
        client.open()
        client.link.send(f"<enable xmlns='{SM}'/>")
        assert client.next().tag == f"{{{SM}}}failed"
        client.cut()

    def test_twice_is_once_too_often(self, server):
        juliet = come(server)
        juliet.link.send(f"<enable xmlns='{SM}'/>")
        answer = juliet.next()
        assert answer.tag == f"{{{SM}}}failed"
        juliet.cut()

    def test_more_than_was_ever_sent(self, server, romeo):
        """Section 4: the stream error says both figures."""
        juliet = come(server)
        juliet.acknowledge(1000)
        assert juliet.condition() == "undefined-condition"
        juliet.cut()


class TestResuming:
    def test_what_was_not_acknowledged_comes_again_and_the_rest_does_not(self, server, romeo):
        juliet = come(server)
        say(romeo, "one", "two")
        assert juliet.bodies(2) == ["one", "two"]
        juliet.acknowledge()
        say(romeo, "three", "four")
        assert juliet.bodies(1) == ["three"]
        juliet.cut()
        say(romeo, "five", "six")
        again, answer = come_back(server, juliet)
        assert answer.tag == f"{{{SM}}}resumed" and answer.get("previd") == juliet.resumption
        assert again.bodies(3) == ["four", "five", "six"]
        say(romeo, "seven")
        assert again.bodies(1) == ["seven"]
        assert again.everything() == []
        again.close()

    def test_the_server_says_how_much_of_ours_it_has(self, server, romeo):
        juliet = come(server)
        juliet.send("<message to='romeo@localhost/orchard' type='chat'><body>heard</body></message>")
        assert romeo.next().find(f"{{{CLIENT}}}body").text == "heard"
        juliet.cut()
        again, answer = come_back(server, juliet)
        assert answer.get("h") == "2"
        again.close()

    def test_others_do_not_see_a_link_that_comes_back(self, server):
        with Client(server).log_in("romeo", "romeos", "witness") as romeo:
            romeo.send("<presence/>")
            romeo.next()
            juliet = come(server)
            juliet.send("<presence to='romeo@localhost/witness'/>")
            juliet.settle()
            assert romeo.next().get("type") is None
            juliet.cut()
            again, answer = come_back(server, juliet)
            assert answer.tag == f"{{{SM}}}resumed"
            assert romeo.everything() == []
            again.close()
            assert romeo.next().get("type") == "unavailable"

    def test_three_times_in_a_row(self, server, romeo):
        juliet = come(server)
        for turn in range(3):
            say(romeo, f"{turn} a")
            juliet.cut()
            say(romeo, f"{turn} b")
            juliet, answer = come_back(server, juliet)
            assert answer.tag == f"{{{SM}}}resumed"
            assert juliet.bodies(2) == [f"{turn} a", f"{turn} b"]
        juliet.close()

    def test_taking_over_a_link_that_seems_alive(self, server, romeo):
        """A phone that changes networks comes back before the server has noticed anything."""
        juliet = come(server)
        say(romeo, "one")
        again, answer = come_back(server, juliet)
        assert answer.tag == f"{{{SM}}}resumed"
        assert again.bodies(1) == ["one"]
        say(romeo, "two")
        assert again.bodies(1) == ["two"]
        juliet.cut()
        again.close()

    def test_a_stream_that_nobody_knows(self, server, romeo):
        juliet = come(server)
        client, answer = come_back(server, juliet, previous="no such stream")
        assert answer.tag == f"{{{SM}}}failed"
        assert any(child.tag.endswith("}item-not-found") for child in answer)
        client.cut(), juliet.cut()

    def test_the_stream_of_somebody_else(self, server):
        romeo = Managed(server).log_in("romeo", "romeos", "phone")
        romeo.enable()
        client, answer = come_back(server, romeo)
        assert answer.tag == f"{{{SM}}}failed", "Juliet must not take over Romeo's stream"
        romeo.send("<presence/>")
        assert romeo.next().get("from") == "romeo@localhost/phone"
        client.cut(), romeo.cut()

    def test_after_a_polite_goodbye_there_is_nothing_to_resume(self, server):
        juliet = come(server)
        juliet.close()
        client, answer = come_back(server, juliet)
        assert answer.tag == f"{{{SM}}}failed"
        client.cut()

    def test_a_claim_to_have_heard_more_than_was_sent(self, server):
        juliet = come(server)
        juliet.cut()
        with pytest.raises((AssertionError, StreamError, Broken, Closed)):
            _, answer = come_back(server, juliet, heard=500)
            assert answer.tag == f"{{{SM}}}resumed"

    def test_rooms_do_not_notice(self, server, romeo):
        juliet = come(server).enter("resumed@rooms.localhost/Juliet")
        juliet.send(
            "<iq type='set' id='i' to='resumed@rooms.localhost'><query xmlns='http://jabber.org/protocol/muc#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
        )
        juliet.everything()
        romeo.enter("resumed@rooms.localhost/Romeo")
        juliet.everything()
        juliet.acknowledge()
        juliet.settle()
        juliet.cut()
        romeo.send("<message type='groupchat' to='resumed@rooms.localhost'><body>are you there?</body></message>")
        assert romeo.next().find(f"{{{CLIENT}}}body").text == "are you there?"
        again, answer = come_back(server, juliet)
        assert answer.tag == f"{{{SM}}}resumed"
        assert again.bodies(1) == ["are you there?"]
        assert romeo.everything() == []
        again.close()


class TestNotResuming:
    def test_what_was_not_acknowledged_is_not_lost(self, server, romeo):
        """Whoever comes back as somebody new finds it: offline, or in the archive."""
        juliet = come(server, "lost")
        say(romeo, "unheard", to="juliet@localhost/lost")
        juliet.cut()
        fresh = Client(server).log_in("juliet", "juliets", "lost")
        fresh.send("<presence/>")
        fresh.settle()
        offline = [one for one in fresh.everything() if "unheard" in write(one)]
        fresh.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>")
        archived = []
        while (got := fresh.next()).get("id") != "q":
            archived.append(write(got))
        assert offline or any("unheard" in one for one in archived)
        fresh.close()

    def test_a_polite_end_inside_management(self, server):
        juliet = come(server)
        juliet.link.send("</stream:stream>")
        with pytest.raises(Closed):
            while juliet.next().tag == f"{{{SM}}}a":  # its last word about what it has
                pass
