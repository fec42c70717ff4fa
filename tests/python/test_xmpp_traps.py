"""What has gone wrong in XMPP servers before: the rows about clients of the list of bad inputs, each with where it is from."""

import socket

import pytest
from hubbub_test.memory import MIB, held, most_held, sockets
from hubbub_test.waiting import until
from websockets.exceptions import InvalidStatus
from xmpp import sasl
from xmpp.client import SASL, TLS, Client, Refused, StreamError
from xmpp.elements import CLIENT, write
from xmpp.links import Broken, Closed
from xmpp.servers import server_for

ACCOUNTS = {"romeo": "romeos", "juliet": "juliets"}
LAUGHS = (
    "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a 'lol'>"
    + "".join(f"<!ENTITY {b} '{10 * f'&{a};'}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


@pytest.fixture(scope="module")
def server():
    with server_for(ACCOUNTS) as running:
        yield running


@pytest.fixture
def romeo(server):
    client = Client(server).log_in("romeo", "romeos", "orchard")
    yield client
    client.cut()


@pytest.fixture
def juliet(server):
    client = Client(server).log_in("juliet", "juliets", "balcony")
    yield client
    client.cut()


def refused(client: Client) -> str:
    """How the server got rid of the client."""
    try:
        return client.condition()
    except (Closed, Broken) as end:
        return type(end).__name__


def lives_on(server):
    with Client(server).log_in("romeo", "romeos") as other:
        assert other.everything() == []


class TestBillionLaughs:
    """CVE-2011-1753, CVE-2011-1755; CVE-2022-0217: right on TCP and wrong on WebSocket."""

    def test_on_tcp(self, server):
        client = Client(server)
        client.link.send(LAUGHS + "<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='x' version='1.0'>&i;")
        assert refused(client) in ("restricted-xml", "not-well-formed")
        lives_on(server)

    @pytest.mark.parametrize("logged_in", [False, True])
    def test_on_websocket(self, server, logged_in):
        client = Client(server, "WebSocket")
        if logged_in:
            client.log_in("juliet", "juliets")
        client.link.send(LAUGHS + "<message xmlns='jabber:client'><body>&i;</body></message>")
        assert refused(client) in ("restricted-xml", "not-well-formed")
        lives_on(server)


class TestBeforeAuthentication:
    """CVE-2026-43507: small XML, big tree. Before authentication 8 KB and 32 elements are enough for everybody."""

    @pytest.mark.parametrize("way", ["STARTTLS", "WebSocket"])
    def test_many_elements(self, server, way):
        client = Client(server, way)
        client.reach_sasl()
        client.link.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{'<a/>' * 1000}</auth>")
        assert refused(client) == "policy-violation"

    @pytest.mark.parametrize("way", ["STARTTLS", "WebSocket"])
    def test_many_bytes(self, server, way):
        client = Client(server, way)
        client.reach_sasl()
        client.link.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{'A' * 20_000}</auth>")
        assert refused(client) == "policy-violation"

    def test_a_head_of_many_attributes(self, server):
        client = Client(server)
        client.link.open("localhost", **{f"a{n}": "x" for n in range(1000)})
        assert refused(client) == "policy-violation"

    def test_many_failures_end_the_stream(self, server):
        """RFC 6120 section 6.4.5: two to five tries, or somebody counts passwords."""
        client = Client(server).reach_sasl()
        tries = 0
        with pytest.raises((StreamError, Broken, Closed)):
            while tries < 100:
                with pytest.raises(Refused):
                    client.authenticate("juliet", f"guess {tries}", "PLAIN")
                tries += 1
        assert 2 <= tries <= 20
        client.cut()

    def test_white_space_does_not_keep_it_up_for_ever(self, server):
        """It is taken, and costs nothing, but is no sign of life before authentication."""
        client = Client(server)
        client.open()
        client.link.send(" " * 4096)
        client.start_tls()
        client.cut()


class TestDepth:
    """4,000 levels abort a process that parses them by recursion."""

    @pytest.mark.parametrize("way", ["STARTTLS", "WebSocket"])
    @pytest.mark.parametrize("levels", [4_000, 12_000])
    def test_a_deep_stanza(self, server, way, levels):
        client = Client(server, way).log_in("juliet", "juliets")
        nest = "<a xmlns='x'>" * levels + "</a>" * levels
        client.link.send(f"<message xmlns='jabber:client' to='romeo@localhost'>{nest}</message>")
        assert refused(client) == "policy-violation"
        lives_on(server)

    def test_many_siblings(self, server, juliet):
        juliet.link.send(f"<message to='romeo@localhost'>{'<a/>' * 50_000}</message>")
        assert refused(juliet) == "policy-violation"
        lives_on(server)


class TestForgery:
    """CVE-2017-5589 to 5606, CVE-2019-16235 to 16237: what clients believed because the server let it through."""

    @pytest.mark.parametrize("direction", ["sent", "received"])
    def test_carbons(self, romeo, juliet, direction):
        """A copy is believed when it comes from one's own account: nobody else's stanza may come so."""
        inner = "<message xmlns='jabber:client' from='nurse@localhost/x' to='juliet@localhost'><body>forged</body></message>"
        copy = f"<{direction} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded></{direction}>"
        romeo.send(f"<message to='juliet@localhost/balcony' type='chat'>{copy}</message>")
        romeo.settle()
        assert all(one.get("from") == "romeo@localhost/orchard" for one in juliet.everything())
        romeo.send(f"<message from='juliet@localhost' to='juliet@localhost/balcony' type='chat'>{copy}</message>")
        assert refused(romeo) == "invalid-from"
        assert juliet.everything() == []

    def test_a_page_of_an_archive(self, romeo, juliet):
        inner = "<message xmlns='jabber:client' from='nurse@localhost/x'><body>forged</body></message>"
        page = f"<result xmlns='urn:xmpp:mam:2' id='1'><forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded></result>"
        romeo.send(f"<message to='juliet@localhost/balcony'>{page}</message>")
        romeo.settle()
        assert all(one.get("from") == "romeo@localhost/orchard" for one in juliet.everything())

    def test_a_push_of_a_roster(self, romeo, juliet):
        """RFC 6121 section 2.1.6: it says who it is from, and the client can tell."""
        push = "<query xmlns='jabber:iq:roster'><item jid='mallory@localhost' subscription='both'/></query>"
        romeo.send(f"<iq type='set' id='x' to='juliet@localhost/balcony'>{push}</iq>")
        romeo.settle()
        assert all(one.get("from") == "romeo@localhost/orchard" for one in juliet.everything())

    def test_a_delay_by_the_server(self, romeo, juliet):
        delay = "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='2001-01-01T00:00:00Z'/>"
        romeo.send(f"<message to='juliet@localhost/balcony' type='chat'><body>old</body>{delay}</message>")
        romeo.settle()
        (message,) = juliet.everything()
        assert "2001-01-01" not in write(message)

    def test_an_answer_that_nobody_asked_for(self, romeo, juliet):
        """CVE-2024-46957 in clients; a server forwards it to the full address and must not take it for its own."""
        romeo.send("<iq type='result' id='settled-1' to='juliet@localhost/balcony'><ping xmlns='urn:xmpp:ping'/></iq>")
        romeo.send("<iq type='result' id='1' to='localhost'/><iq type='error' id='2' to='juliet@localhost'/>")
        assert romeo.everything() == []

    def test_what_is_echoed_is_escaped(self, romeo):
        """CVE-2026-113867: an attribute of a client comes back in the server's own words."""
        evil = "a&apos; b=&quot;c&lt;/iq&gt;"
        romeo.send(f"<iq type='get' id='{evil}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
        assert romeo.next().get("id") == "a' b=\"c</iq>"
        romeo.send(f"<iq type='get' id='1' to='nobody@localhost/{evil}'><ping xmlns='urn:xmpp:ping'/></iq>")
        assert romeo.next().get("type") == "error"


class TestSmuggling:
    """CVE-2022-22784 and others: our parser and the peer's must see the same stanzas."""

    @pytest.mark.parametrize(
        "text",
        [
            b"<message><body>\xff</body></message>",
            b"<message><body>\xed\xa0\x80</body></message>",
            b"<message><body>\xc0\xbc/body></body></message>",
            b"<message><body>\xef\xbf\xbe</body></message>",
            b"<message><body>\x00</body></message>",
            b"<message a='1' a='2'><body>x</body></message>",
            b"<message xmlns:a='u' xmlns:b='u' a:c='1' b:c='2'/>",
            b"<message xmlns:a='x'><a:b></c:b></message>",
            b"<message><body>]]></body></message>",
            b"<message xmlns:xml='urn:x'/>",
        ],
        ids=["ff", "surrogate", "overlong", "fffe", "nul", "twice", "twice-by-namespace", "tags", "cdata-end", "xml-prefix"],
    )
    def test_what_is_not_xml(self, server, juliet, text):
        juliet.link.send(text)
        assert refused(juliet) in ("not-well-formed", "bad-format", "unsupported-encoding", "bad-namespace-prefix")
        lives_on(server)

    def test_a_tag_within_cdata_is_text(self, romeo, juliet):
        romeo.link.send(
            "<message to='juliet@localhost/balcony' type='chat'><body><![CDATA[</body></message><evil/>]]></body></message>"
        )
        romeo.settle()
        (message,) = juliet.everything()
        assert message.find(f"{{{CLIENT}}}body").text == "</body></message><evil/>"

    def test_a_prefix_declared_far_above_travels(self, romeo, juliet):
        romeo.link.send(
            "<message xmlns:far='urn:example:far' to='juliet@localhost/balcony' type='chat'><body>b</body><a xmlns='urn:a'><far:b far:c='1'/></a></message>"
        )
        romeo.settle()
        (message,) = juliet.everything()
        (inner,) = message.find("{urn:a}a")
        assert inner.tag == "{urn:example:far}b" and inner.get("{urn:example:far}c") == "1"


class TestStartTls:
    """CVE-2016-10027 and the class of plaintext injection."""

    def test_what_was_sent_before_the_handshake_is_gone(self, server):
        """A man in the middle adds stanzas to the packet with <starttls/>."""
        client = Client(server)
        client.open()
        evil = f"<auth xmlns='{SASL}' mechanism='PLAIN'>{sasl.encode(sasl.plain('romeo', 'romeos'))}</auth>"
        client.link.send(f"<starttls xmlns='{TLS}'/>{evil}")
        try:
            assert client.next().tag == f"{{{TLS}}}proceed"
            client.link.secure(server.tls)
            client.open()
            assert client.mechanisms, "it is not authenticated by what came in clear text"
            client.link.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.next()
        except (OSError, Broken, Closed, StreamError):
            pass  # to refuse all of it is as good
        client.cut()

    def test_no_session_without_tls(self, server):
        client = Client(server)
        client.open()
        for mechanism in ("PLAIN", "SCRAM-SHA-1", "ANONYMOUS"):
            try:
                assert client.auth(mechanism, sasl.plain("romeo", "romeos")).tag == f"{{{SASL}}}failure"
            except (StreamError, Closed, Broken):
                break
        client.cut()


class TestIdentity:
    @pytest.mark.parametrize("authzid", ["juliet", "juliet@localhost", "localhost", "romeo@elsewhere.example"])
    def test_one_authenticates_as_oneself(self, server, authzid):
        """ejabberd 26.07: authenticate as one, open the session as another."""
        client = Client(server).reach_sasl()
        answer = client.auth("PLAIN", sasl.plain("romeo", "romeos", authzid))
        assert answer.tag == f"{{{SASL}}}failure"
        assert answer[0].tag.rpartition("}")[2] in ("invalid-authzid", "not-authorized")
        client.cut()

    def test_ones_own_address_is_no_other(self, server):
        client = Client(server).reach_sasl()
        client.succeeded(client.auth("PLAIN", sasl.plain("romeo", "romeos", "romeo@localhost")))
        assert client.bind().startswith("romeo@localhost/")
        client.cut()

    def test_another_host_after_authentication(self, server):
        """CVE-2018-10847: authenticate here, restart the stream there."""
        client = Client(server).reach_sasl()
        client.authenticate("romeo", "romeos")
        client.link.open("guest.localhost")
        try:
            client.next(), client.next()
            jid = client.ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            assert "guest.localhost" not in write(jid)
        except (StreamError, Broken, Closed):
            pass
        client.cut()


class TestOtherSites:
    """ejabberd #2821: a page of another site opens a WebSocket with the visitor's network."""

    @pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null"])
    def test_another_site_is_refused(self, server, origin):
        with pytest.raises(InvalidStatus) as refused:
            server.open_websocket("localhost", origin=origin)
        assert refused.value.response.status_code == 403

    def test_our_own_is_not(self, server):
        link = server.open_websocket("localhost", origin=server.websocket.replace("ws", "http", 1).partition("/xmpp")[0])
        link.open()
        link.cut()


class TestSlowReaders:
    def test_one_who_never_reads_costs_no_more_than_a_queue(self, server):
        """A queue is bounded in bytes; who lets it fill up loses his stream, and nobody else anything."""
        deaf = Client(server).log_in("juliet", "juliets", "deaf")
        deaf.link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with Client(server).log_in("romeo", "romeos") as romeo:
            before = most_held(server.pid)
            for n in range(1500):
                romeo.send(f"<message to='juliet@localhost/deaf' type='headline' id='{n}'><body>{'x' * 65_536}</body></message>")
                if n % 100 == 99:
                    romeo.everything()
        assert most_held(server.pid) - before < 48 * MIB, "of 98 MB"
        deaf.cut()
        lives_on(server)


class TestComingAndGoing:
    """CVE-2026-43506: a leak for each connection that never authenticates."""

    def rounds(self, server, count: int, step):
        for _ in range(count):
            step()
        until(lambda: sockets(server.pid) < 100, "the connections are gone")
        return held(server.pid)

    @pytest.mark.parametrize("kind", ["silent", "greeted", "failed login"])
    def test_connections_leave_nothing(self, server, kind):
        def step():
            client = Client(server, "direct TLS" if kind == "failed login" else "STARTTLS")
            if kind != "silent":
                client.open()
            if kind == "failed login":
                assert client.auth("PLAIN", sasl.plain("nobody", "x")).tag == f"{{{SASL}}}failure"
            client.cut()

        count = 300 if kind == "failed login" else 2500
        self.rounds(server, count, step)
        first = self.rounds(server, count, step)
        second = self.rounds(server, count, step)
        third = self.rounds(server, count, step)
        assert min(second, third) - first < 4 * MIB, (first, second, third)

    def test_an_unfinished_stream_is_ended(self):
        """Nobody may sit there for ever without authenticating; the time is a setting."""
        with server_for(ACCOUNTS, 'login_timeout = "1 s"\n') as server:
            client = Client(server)
            client.open()
            assert client.condition() in ("connection-timeout", "policy-violation")

    def test_a_flood_ends_the_stream_that_makes_it(self):
        """Every stanza costs somebody something: how many a stream may send is a setting."""
        with server_for(ACCOUNTS, "stanza_rate = 1\nstanza_burst = 50\n") as server:
            flooder = Client(server).log_in("romeo", "romeos", "orchard")
            flooder.link.send("<message to='nobody@localhost'><x xmlns='urn:x'/></message>" * 60)
            assert flooder.condition() == "policy-violation"
            Client(server).log_in("juliet", "juliets", "balcony").settle()
