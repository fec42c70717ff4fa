"""From the first byte to the bound resource: RFC 6120 sections 4 to 7, XEP-0368, RFC 7395."""

import pytest
from hubbub_test import tokens
from xmpp import sasl
from xmpp.client import BIND, SASL, TLS, Client, Refused, StreamError, error_of
from xmpp.elements import CLIENT, STREAM, write
from xmpp.links import FRAMING, Closed
from xmpp.servers import GUESTS, ORACLE, server_for

SESSION = "urn:ietf:params:xml:ns:xmpp-session"
BINDINGS = "urn:xmpp:sasl-cb:0"
WAYS = ["STARTTLS", "direct TLS", "WebSocket"]


@pytest.fixture(scope="module")
def server():
    with server_for({"romeo": "romeo's, =secret", "juliet": "juliets"}) as running:
        yield running


@pytest.fixture
def client(server):
    """One that has said nothing, by STARTTLS."""
    one = Client(server)
    yield one
    one.cut()


class TestHeaders:
    """RFC 6120 section 4.7."""

    def test_the_server_answers_with_a_head_of_its_own(self, client):
        client.open(**{"xml:lang": "en", "from": None})
        head = client.opened.attributes
        assert head["from"] == "localhost" and head["version"] == "1.0" and len(head["id"]) >= 16

    def test_every_stream_has_an_id_of_its_own(self, server):
        seen = set()
        for _ in range(4):
            one = Client(server)
            one.open()
            seen.add(one.opened.attributes["id"])
            one.start_tls()
            seen.add(one.opened.attributes["id"])
            one.cut()
        assert len(seen) == 8

    def test_the_head_is_written_as_clients_expect_it(self, client):
        """Old clients look for these very bytes (section 4.8.5 allows the prefix, custom demands it)."""
        client.open()
        assert client.link.got.startswith(b"<?xml version='1.0'?><stream:stream ")
        assert b"xmlns='jabber:client'" in client.link.got and b"<stream:features" in client.link.got

    def test_a_polite_end_is_answered(self, client):
        client.open()
        client.link.send("</stream:stream>")
        with pytest.raises(Closed):
            client.next()

    def test_the_head_in_pieces(self, client):
        for byte in b"<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' ":
            client.link.send(bytes([byte]))
        client.link.send("xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>")
        assert client.next().attributes["from"] == "localhost"

    def test_other_prefixes_are_as_good(self, server):
        """Section 4.8.5: what counts is the namespace. The content may have a prefix too."""
        client = Client(server)
        client.open()
        client.start_tls()
        client.authenticate("juliet", "juliets")
        client.link.restart()
        client.link.send(f"<s:stream xmlns:s='{STREAM}' xmlns='{CLIENT}' xmlns:c='{CLIENT}' to='localhost' version='1.0'>")
        client.next(), client.next()
        client.link.send(f"<c:iq type='set' id='b'><b:bind xmlns:b='{BIND}'/></c:iq>")
        assert client.next().get("type") == "result"
        client.cut()


class TestFeatures:
    """RFC 6120 section 4.3.2 and what may come when."""

    def test_before_tls_there_is_tls_and_nothing_to_authenticate_with(self, client):
        features = client.open()
        assert features.find(f"{{{TLS}}}starttls/{{{TLS}}}required") is not None
        assert client.mechanisms == []

    def test_over_tls_there_are_mechanisms_and_no_tls(self, client):
        client.reach_sasl()
        assert client.features.find(f"{{{TLS}}}starttls") is None
        assert {"SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN"} <= set(client.mechanisms)
        assert client.features.find(f"{{{BIND}}}bind") is None

    def test_the_best_comes_first(self, client):
        """Section 6.3.3: in order of preference."""
        client.reach_sasl()
        plain, one, two = (client.mechanisms.index(name) for name in ("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"))
        assert two < one < plain

    def test_after_authentication_there_is_binding(self, client):
        client.reach_sasl().authenticate("juliet", "juliets")
        features = client.open()
        assert features.find(f"{{{BIND}}}bind") is not None
        assert client.mechanisms == []
        session = features.find(f"{{{SESSION}}}session")
        assert session is None or session.find(f"{{{SESSION}}}optional") is not None

    def test_the_kinds_of_channel_binding_are_told(self, client):
        """XEP-0440."""
        client.reach_sasl()
        kinds = {one.get("type") for one in client.features.find(f"{{{BINDINGS}}}sasl-channel-binding")}
        assert kinds == {"tls-exporter", "tls-server-end-point"}


class TestSasl:
    """RFC 6120 section 6."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN"])
    def test_who_knows_the_password_comes_in(self, server, way, mechanism):
        with Client(server, way).log_in("romeo", "romeo's, =secret", "orchard", mechanism) as client:
            assert client.jid == "romeo@localhost/orchard"

    @pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN"])
    @pytest.mark.parametrize("who", [("juliet", "wrong"), ("juliet", ""), ("nobody", "juliets"), ("", "juliets")])
    def test_who_does_not_stays_outside_and_learns_nothing(self, client, mechanism, who):
        with pytest.raises(Refused) as refused:
            client.reach_sasl().authenticate(*who, mechanism)
        assert refused.value.args[0] in ("not-authorized", "malformed-request" if not all(who) else "not-authorized")

    def test_a_second_try_is_given(self, client):
        client.reach_sasl()
        for mechanism in ("PLAIN", "SCRAM-SHA-1"):
            with pytest.raises(Refused):
                client.authenticate("juliet", "wrong", mechanism)
        client.authenticate("juliet", "juliets")
        assert client.bind().startswith("juliet@localhost/")

    def test_nobody_has_a_salt_as_stable_as_somebody(self, client):
        """Otherwise it would tell who has an account."""
        client.reach_sasl()
        salts = set()
        for _ in range(2):
            scram = sasl.Scram("SCRAM-SHA-256", "nobody", "x")
            challenge = sasl.base64.b64decode(client.auth("SCRAM-SHA-256", scram.first()).text).decode()
            salts.add(challenge.partition(",s=")[2].partition(",")[0])
            assert client.respond(scram.final(challenge.encode()))[0].tag == f"{{{SASL}}}not-authorized"
        assert len(salts) == 1

    @pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
    def test_bound_to_the_certificate(self, client, mechanism):
        """RFC 5929 section 4; XEP-0440 makes it the one that everybody has."""
        client.reach_sasl()
        binding = sasl.end_point(client.link.certificate)
        client.authenticate("juliet", "juliets", mechanism, header="p=tls-server-end-point,,", binding=binding)
        assert client.bind()

    def test_bound_to_another_certificate(self, client):
        client.reach_sasl()
        with pytest.raises(Refused):
            header, binding = "p=tls-server-end-point,,", bytes(32)
            client.authenticate("juliet", "juliets", "SCRAM-SHA-256-PLUS", header=header, binding=binding)

    def test_a_kind_of_binding_that_is_not_there(self, client):
        client.reach_sasl()
        with pytest.raises(Refused):
            client.authenticate("juliet", "juliets", "SCRAM-SHA-256-PLUS", header="p=tls-moon-phase,,", binding=b"full")

    def test_somebody_took_the_bindings_away(self, client):
        """RFC 5802 section 6: `y` says that we could and the server did not offer; it did."""
        client.reach_sasl()
        with pytest.raises(Refused):
            client.authenticate("juliet", "juliets", "SCRAM-SHA-256", header="y,,")

    def test_anonymous_guests(self, server):
        """RFC 4505. They live on a host of their own."""
        with Client(server, domain=GUESTS if ORACLE else None) as one, Client(server, domain=GUESTS if ORACLE else None) as two:
            jids = {client.log_in_as_guest().jid for client in (one, two)}
            assert len(jids) == 2
            assert all(jid.partition("/")[0].endswith(f"@{GUESTS}") for jid in jids)

    def test_a_guest_with_a_name(self, server):
        with Client(server).log_in_as_guest("Ann") as ann:
            assert ann.jid.startswith(f"ann@{GUESTS}/")

    def test_a_token_of_the_application(self, client):
        """RFC 7628 with the tokens that every other way in takes."""
        client.reach_sasl()
        client.succeeded(client.auth("OAUTHBEARER", sasl.bearer(tokens.hs256("ann"))))
        assert client.bind().partition("@")[0] == "ann"

    def test_a_token_of_somebody_else(self, client):
        """RFC 7628 section 3.2.2: the failure comes as a challenge first, answered with one byte."""
        client.reach_sasl()
        answer = client.auth("OAUTHBEARER", sasl.bearer(tokens.hs256("ann", secret="another secret of at least 32 bytes")))
        if answer.tag == f"{{{SASL}}}challenge":
            assert b'"status"' in sasl.base64.b64decode(answer.text)
            answer = client.respond(b"\x01")
        assert answer[0].tag == f"{{{SASL}}}not-authorized"


class TestBinding:
    """RFC 6120 section 7."""

    @pytest.fixture
    def bare(self, client):
        """Authenticated, not bound."""
        client.reach_sasl().authenticate("juliet", "juliets")
        client.open()
        return client

    def test_the_server_finds_a_resource(self, server):
        with Client(server).log_in("juliet", "juliets") as one, Client(server).log_in("juliet", "juliets") as two:
            assert one.jid != two.jid and one.jid.startswith("juliet@localhost/")

    def test_nothing_else_before(self, bare):
        """Section 7.1: not to others; and not to the server either, as deployed servers have it."""
        bare.send("<message to='romeo@localhost'><body>too early</body></message>")
        try:
            answer = error_of(bare.next()).split()[1]
        except StreamError as error:
            answer = error.args[0]
        assert answer in ("not-authorized", "not-allowed", "service-unavailable")

    def test_once_only(self, client):
        client.log_in("juliet", "juliets", "balcony")
        answer = client.ask(f"<iq type='set' id='2'><bind xmlns='{BIND}'><resource>b</resource></bind></iq>")
        assert answer.get("type") == "error"

    def test_a_resource_that_cannot_be(self, bare):
        answer = bare.ask(f"<iq type='set' id='1'><bind xmlns='{BIND}'><resource>{'x' * 1024}</resource></bind></iq>")
        assert error_of(answer) == "modify bad-request"

    def test_a_conflict_ends_the_older_session(self, server):
        """Section 7.7.2.2, the third way: what deployed servers do."""
        older = Client(server).log_in("juliet", "juliets", "balcony")
        with Client(server).log_in("juliet", "juliets", "balcony") as newer:
            assert older.condition() == "conflict"
            assert newer.everything() == []
        older.cut()

    def test_a_session_is_asked_for_and_given(self, client):
        """RFC 3921 section 3: old clients still ask."""
        client.log_in("juliet", "juliets")
        assert client.ask(f"<iq type='set' id='s'><session xmlns='{SESSION}'/></iq>").get("type") == "result"

    def test_names_are_prepared(self, server):
        """RFC 6122 appendix A: `JULIET` is `juliet`; a resource keeps its case."""
        with Client(server).log_in("JULIET", "juliets", "Balcony", mechanism="PLAIN") as client:
            assert client.jid == "juliet@localhost/Balcony"


class TestWebSocket:
    """RFC 7395."""

    @pytest.fixture
    def socket(self, server):
        client = Client(server, "WebSocket")
        yield client
        client.cut()

    def test_the_subprotocol_is_agreed_on(self, socket):
        assert socket.link.socket.subprotocol == "xmpp"

    def test_a_head_is_an_open(self, socket):
        features = socket.open()
        head = socket.opened.attributes
        assert head["from"] == "localhost" and head["version"] == "1.0" and head["id"]
        assert features.find(f"{{{TLS}}}starttls") is None, "section 3.9: no STARTTLS inside a WebSocket"

    def test_a_close_is_answered_with_a_close(self, socket):
        socket.open()
        socket.link.send(f"<close xmlns='{FRAMING}'/>")
        with pytest.raises(Closed):
            socket.next()

    def test_two_stanzas_in_one_message_are_too_many(self, socket):
        socket.log_in("juliet", "juliets")
        socket.link.send("<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>")
        assert socket.condition() in ("not-well-formed", "bad-format")

    def test_each_stanza_names_its_namespace(self, socket):
        socket.log_in("juliet", "juliets")
        socket.send("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
        text = socket.link.socket.recv(30)
        assert text.startswith("<iq ") and "jabber:client" in text.partition(">")[0]

    def test_the_old_head_is_refused(self, socket):
        socket.link.send(f"<stream:stream xmlns='jabber:client' xmlns:stream='{STREAM}' to='localhost' version='1.0'>")
        got = socket.link.socket.recv(30)
        assert "not-well-formed" in got or "invalid-namespace" in got or FRAMING in got

    def test_two_ways_in_one_conversation(self, server, socket):
        with Client(server).log_in("romeo", "romeo's, =secret", "orchard") as romeo:
            socket.log_in("juliet", "juliets", "balcony")
            romeo.send("<message type='chat' to='juliet@localhost/balcony'><body>by TCP</body></message>")
            assert "by TCP" in write(socket.next())
            socket.send("<message type='chat' to='romeo@localhost/orchard'><body>by WebSocket</body></message>")
            assert "by WebSocket" in write(romeo.next())
