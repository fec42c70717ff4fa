"""Accounts that clients make, change and remove (XEP-0077), and what is left of them in every protocol: nothing."""

import base64
import os
import subprocess
from subprocess import PIPE, Popen

import pytest
from hubbub_test.server import PATIENCE, ROOT, hubbub
from hubbub_test.socketio import Client as SocketioClient
from hubbub_test.sse import EventStream
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket, close_code, open_raw
from xmpp.client import DISCO, Client, Refused, error_of
from xmpp.servers import Hubbub

REGISTER = "jabber:iq:register"
FEATURE = "{http://jabber.org/features/iq-register}register"
ON = "register = true\n"
ASK = f"<iq type='get' id='ask'><query xmlns='{REGISTER}'/></iq>"
REMOVE = f"<iq type='set' id='remove'><query xmlns='{REGISTER}'><remove/></query></iq>"


def wanted(name: str | None, password: str | None, ident: str = "make", more: str = "") -> str:
    fields = [f"<{tag}>{text}</{tag}>" for tag, text in (("username", name), ("password", password)) if text is not None]
    return f"<iq type='set' id='{ident}' to='localhost'><query xmlns='{REGISTER}'>{''.join(fields)}{more}</query></iq>"


def basic(name: str, password: str) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def server():
    with Hubbub({"romeo": "romeos"}, ON) as running:
        yield running


@pytest.fixture(scope="module")
def unlimited():
    """One server for many who want an account and get none."""
    with Hubbub({"romeo": "romeos"}, ON + "register_from_one = 0\nregister_in_all = 0\n") as running:
        yield running


@pytest.fixture
def stranger(server):
    client = Client(server).reach_sasl()
    yield client
    client.cut()


def http(server):
    return server.server.http


class TestStrangers:
    def test_an_account_is_made_and_good_everywhere_at_once(self, server, stranger):
        assert stranger.features.find(FEATURE) is not None
        form = stranger.ask(ASK)[0]
        assert [one.tag.rpartition("}")[2] for one in form] == ["instructions", "username", "password"]
        assert form.find(f"{{{REGISTER}}}registered") is None
        made = stranger.ask(wanted("Bill", "Calliope"))
        assert made.get("type") == "result" and len(made) == 0
        # The same stream goes on to log in (section 3.1.1).
        stranger.authenticate("bill", "Calliope")
        assert stranger.bind("globe") == "bill@localhost/globe"
        posted = http(server).publish("lobby", "hello", headers=basic("bill", "Calliope"))
        assert (posted.status, posted.json["from"]) == (201, "bill@localhost")
        assert "bill\tBill" in hubbub("user", "list", "--data", server.server.data).stdout

    @pytest.mark.parametrize("way", ["STARTTLS", "direct TLS", "WebSocket"])
    def test_by_every_way_in(self, server, way):
        with Client(server, way).reach_sasl() as client:
            assert client.ask(wanted("bill", "Calliope")).get("type") == "result"
            client.authenticate("bill", "Calliope", "PLAIN")
            client.bind()

    @pytest.mark.parametrize(
        ("name", "password", "error"),
        [
            ("romeo", "x", "cancel conflict"),
            ("ROMEO", "x", "cancel conflict"),
            ("bill", None, "modify not-acceptable"),
            ("bill", "", "modify not-acceptable"),
            (None, "x", "modify not-acceptable"),
            ("", "x", "modify not-acceptable"),
            (" ", "x", "modify not-acceptable"),
            ("bill@localhost", "x", "modify not-acceptable"),
            ("bill/globe", "x", "modify not-acceptable"),
            ("b" * 1200, "x", "modify not-acceptable"),
            ("bill", "\u0378\u2028", "modify not-acceptable"),
            ("bill", "x" * 5000, "modify not-acceptable"),
        ],
    )
    def test_what_cannot_be_had(self, unlimited, name, password, error):
        with Client(unlimited).reach_sasl() as stranger:
            answer = stranger.ask(wanted(name, password))
        assert error_of(answer) == error
        # The password that was sent does not come back (section 3.3).
        assert answer.find(f".//{{{REGISTER}}}password") is None
        assert hubbub("user", "list", "--data", unlimited.server.data).stdout == "romeo\tromeo\n"

    def test_nobody_removes_anything_before_login(self, stranger):
        assert error_of(stranger.ask(REMOVE)) == "wait unexpected-request"

    def test_one_account_for_each_stream(self, stranger):
        assert stranger.ask(wanted("bill", "x")).get("type") == "result"
        assert error_of(stranger.ask(wanted("bob", "x"))) == "modify not-acceptable"

    def test_failures_are_counted_as_failed_logins(self, stranger):
        """Or somebody finds out who has an account here."""
        for _ in range(2):
            assert error_of(stranger.ask(wanted("romeo", "x"))) == "cancel conflict"
        with pytest.raises(Refused):
            stranger.authenticate("romeo", "wrong", "PLAIN")
        assert stranger.condition() == "policy-violation"

    def test_what_is_large_is_no_registration(self, stranger):
        stranger.link.send(wanted("bill", "x" * 10_000))
        assert stranger.condition() == "policy-violation"

    def test_two_at_once_cannot_have_the_same_name(self, server):
        clients = [Client(server).reach_sasl() for _ in range(4)]
        for client in clients:
            client.send(wanted("bill", "x"))
        outcomes = [client.next() for client in clients]
        assert sorted(one.get("type") for one in outcomes) == ["error", "error", "error", "result"]
        assert {error_of(one) for one in outcomes if one.get("type") == "error"} == {"cancel conflict"}
        for client in clients:
            client.cut()

    def test_other_stanzas_still_end_the_stream(self, stranger):
        stranger.send("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>")
        assert stranger.condition() == "not-authorized"


class TestPolicy:
    def test_it_is_off_by_default(self):
        with Hubbub({"romeo": "romeos"}) as server:
            with Client(server).reach_sasl() as stranger:
                assert stranger.features.find(FEATURE) is None
                assert error_of(stranger.ask(ASK)) == "cancel service-unavailable"
                assert error_of(stranger.ask(wanted("bill", "x"))) == "cancel service-unavailable"
            with Client(server).log_in("romeo", "romeos") as romeo:
                for iq in (ASK, wanted("romeo", "new"), REMOVE):
                    assert error_of(romeo.ask(iq)) == "cancel service-unavailable"
                assert REGISTER not in features(romeo)
            assert hubbub("user", "list", "--data", server.server.data).stdout == "romeo\tromeo\n"

    def test_discovery_tells_of_it(self, server):
        with Client(server).log_in("romeo", "romeos") as romeo:
            assert REGISTER in features(romeo)

    @pytest.mark.parametrize("iq", [ASK, wanted("bill", "x")])
    def test_not_without_tls(self, server, iq):
        client = Client(server)
        client.open()
        assert client.features.find(FEATURE) is None
        client.send(iq)
        assert client.condition() == "not-authorized"

    def test_only_so_many_from_one_address(self):
        with Hubbub({}, ON + "register_from_one = 3\n") as server:
            outcomes = [attempt(server, f"user{n}") for n in range(5)]
            assert outcomes == ["result"] * 3 + ["wait resource-constraint"] * 2
            # Asking what is needed costs nothing.
            with Client(server).reach_sasl() as client:
                assert client.ask(ASK).get("type") == "result"

    def test_only_so_many_in_all(self):
        with Hubbub({}, ON + "register_from_one = 0\nregister_in_all = 2\n") as server:
            assert [attempt(server, f"user{n}") for n in range(3)] == ["result", "result", "wait resource-constraint"]

    def test_whoever_only_looks_who_is_there_is_counted_too(self):
        with Hubbub({"romeo": "romeos"}, ON + "register_from_one = 2\n") as server:
            assert [attempt(server, "romeo") for _ in range(3)] == ["cancel conflict"] * 2 + ["wait resource-constraint"]

    @pytest.mark.parametrize(
        ("config", "said"),
        [('[xmpp]\nregister = true\n', "server.data"), ('[access]\nadmit = ["guests"]\n[xmpp]\nregister = true\n', "access.admit")],
    )
    def test_without_accounts_the_server_says_so(self, tmp_path, config, said):
        (tmp_path / "hubbub.toml").write_text(config)
        data = () if said == "server.data" else ("--data", tmp_path / "data")
        checked = hubbub("check", "--config", tmp_path / "hubbub.toml", *data, check=False)
        assert checked.returncode != 0 and said in checked.stderr


def features(client: Client) -> set[str]:
    info = client.ask(f"<iq type='get' id='info' to='localhost'><query xmlns='{DISCO}'/></iq>")[0]
    return {one.get("var") for one in info if one.tag.endswith("}feature")}


def attempt(server, name: str) -> str:
    with Client(server).reach_sasl() as client:
        answer = client.ask(wanted(name, "x"))
        return "result" if answer.get("type") == "result" else error_of(answer)


class TestOwners:
    @pytest.fixture
    def romeo(self, server):
        client = Client(server).log_in("romeo", "romeos", "orchard")
        yield client
        client.cut()

    @pytest.mark.parametrize("to", ["", " to='localhost'", " to='romeo@localhost'"])
    def test_what_is_on_file(self, romeo, to):
        form = romeo.ask(f"<iq type='get' id='1'{to}><query xmlns='{REGISTER}'/></iq>")[0]
        assert form[0].tag == f"{{{REGISTER}}}registered"
        assert form.find(f"{{{REGISTER}}}username").text == "romeo"
        assert not form.find(f"{{{REGISTER}}}password").text

    def test_a_new_password_is_good_everywhere_at_once(self, server, romeo):
        assert romeo.ask(wanted("romeo", "new")).get("type") == "result"
        assert http(server).poll("lobby", headers=basic("romeo", "new")).status == 200
        assert http(server).poll("lobby", headers=basic("romeo", "romeos")).status == 401
        with Client(server).reach_sasl() as other:
            with pytest.raises(Refused):
                other.authenticate("romeo", "romeos")
            other.authenticate("romeo", "new")
            other.bind()
        assert romeo.everything() == []

    @pytest.mark.parametrize(
        ("iq", "error"),
        [
            (wanted("juliet", "x"), "cancel not-allowed"),
            (wanted("romeo", None), "modify bad-request"),
            (wanted("romeo", ""), "modify bad-request"),
            (wanted(None, "x"), "modify bad-request"),
            (wanted("romeo", "\u0378"), "modify not-acceptable"),
            (REMOVE.replace("<remove/>", "<remove/><username>romeo</username>"), "modify bad-request"),
            (REMOVE.replace("type='set'", "type='set' to='juliet@localhost'"), "auth forbidden"),
        ],
    )
    def test_what_is_refused_changes_nothing(self, server, romeo, iq, error):
        server.server.add_user("juliet", "juliets")
        assert error_of(romeo.ask(iq)) == error
        assert http(server).poll("lobby", headers=basic("romeo", "romeos")).status == 200
        assert http(server).poll("lobby", headers=basic("juliet", "juliets")).status == 200

    def test_who_came_by_token_changes_nothing(self, server):
        """A token lasts for a while, a password for good."""
        token = http(server).request("POST", "/api/token", headers=basic("romeo", "romeos")).json["token"]
        client = Client(server).reach_sasl()
        client.succeeded(client.auth("OAUTHBEARER", f"n,a=romeo@localhost,\x01auth=Bearer {token}\x01\x01".encode()))
        client.bind()
        for iq in (wanted("romeo", "new"), REMOVE):
            assert error_of(client.ask(iq)) == "auth forbidden"
        assert http(server).poll("lobby", headers=basic("romeo", "romeos")).status == 200
        client.cut()

    def test_guests_have_nothing_to_change(self, server):
        with Client(server).reach_sasl() as guest:
            guest.succeeded(guest.auth("ANONYMOUS", b"Ann"))
            guest.bind()
            for iq in (REMOVE, wanted("ann", "x")):
                assert error_of(guest.ask(iq)) == "auth registration-required"


class TestRemoval:
    def test_the_answer_comes_first_and_then_all_streams_end(self, server):
        clients = [Client(server, way).log_in("romeo", "romeos") for way in ("STARTTLS", "WebSocket", "direct TLS")]
        clients[0].send("<presence/>")
        clients[0].everything()
        assert clients[0].ask(REMOVE).get("type") == "result"
        assert [client.condition() for client in clients] == ["not-authorized"] * 3
        with Client(server).reach_sasl() as other, pytest.raises(Refused):
            other.authenticate("romeo", "romeos")
        assert hubbub("user", "list", "--data", server.server.data).stdout == ""

    def test_friends_lose_sight_of_it(self, server):
        server.server.add_user("juliet", "juliets")
        romeo = Client(server).log_in("romeo", "romeos", "orchard")
        juliet = Client(server).log_in("juliet", "juliets", "balcony")
        juliet.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
        for kind in ("subscribe", "subscribed"):
            romeo.send(f"<presence type='{kind}' to='juliet@localhost'/>")
            romeo.settle()
            juliet.send(f"<presence type='{kind}' to='romeo@localhost'/>")
            juliet.settle()
        for client in (juliet, romeo, juliet, romeo):
            client.send("<presence/>")
            client.everything()
        romeo.everything()
        assert romeo.ask(REMOVE).get("type") == "result"
        assert romeo.condition() == "not-authorized"
        while (got := juliet.next()).get("type") != "unsubscribed":
            assert got.get("from", "").startswith("romeo@localhost") or got.tag.endswith("}iq")
        juliet.everything()
        (item,) = juliet.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")[0]
        assert (item.get("jid"), item.get("subscription")) == ("romeo@localhost", "none")
        juliet.close()

    @pytest.mark.parametrize("by", ["XMPP", "command line"])
    def test_sessions_of_every_protocol_end(self, server, by):
        """Each of them is one of Romeo's, and hears that it is over; Juliet's goes on."""
        server.server.add_user("juliet", "juliets")
        headers = basic("romeo", "romeos")
        romeo = Client(server).log_in("romeo", "romeos")
        socket = JsonSocket(server.server, "lobby", headers=headers)
        inbox = open_raw(server.server, "@romeo", headers=headers)
        sockets = [SocketioClient(server.server, transport) for transport in ("polling", "websocket")]
        for one in sockets:
            one.join("/lobby", {"user": "romeo", "password": "romeos"})
        with EventStream(http(server), "lobby", headers=headers) as stream:
            stream.next_named("hubbub:joined")
            poll = Popen(http(server).command("/rooms/garden/messages?wait=20", "--include", headers=headers), stdout=PIPE)
            until(lambda: http(server).presence("garden").json["count"], "the poll waits")
            other = JsonSocket(server.server, "lobby", headers=basic("juliet", "juliets"))
            other.joined()
            if by == "XMPP":
                romeo.send(REMOVE)
            else:
                hubbub("user", "remove", "romeo", "--data", server.server.data)
            assert romeo.condition() == "not-authorized"
            assert close_code(socket.socket) == 4401
            assert close_code(inbox) == 4401
            assert stream.next_named("hubbub:error").json["status"] == 401
            assert poll.communicate()[0].startswith(b"HTTP/1.1 401")
            assert all(one.is_ended() for one in sockets)
            assert http(server).publish("lobby", "still here", headers=basic("juliet", "juliets")).status == 201
            assert other.next_message()["data"] == "still here"
            other.socket.close()
        assert http(server).poll("lobby", headers=headers).status == 401


MUC = "http://jabber.org/protocol/muc"


def affiliation(server, password: str) -> str:
    """What Romeo is to the room that he enters."""
    with Client(server).log_in("romeo", password) as romeo:
        romeo.send(f"<presence to='garden@rooms.localhost/romeo'><x xmlns='{MUC}'/></presence>")
        while (got := romeo.next()).find(f".//{{{MUC}#user}}status[@code='110']") is None:
            pass
        return got.find(f".//{{{MUC}#user}}item").get("affiliation")


def remove(server, by: str):
    """By a client, by the command line beside the running server, or while no server runs."""
    if by == "XMPP":
        with Client(server).log_in("romeo", "romeos") as romeo:
            romeo.send(REMOVE)
            assert romeo.condition() == "not-authorized"
        return
    if by == "command line":
        watched = JsonSocket(server.server, "elsewhere", headers=basic("romeo", "romeos"))
        watched.joined()
    else:
        server.server.terminate()
    hubbub("user", "remove", "romeo", "--data", server.server.data)
    if by == "command line":
        assert close_code(watched.socket) == 4401, "the server has heard of it"
    else:
        server.server.start()


@pytest.mark.parametrize("by", ["XMPP", "command line", "while the server is down"])
class TestTheNextOfThatName:
    """CVE-2024-25420, CVE-2024-25421: whoever is called so next begins with nothing."""

    def again(self, server):
        with Client(server).reach_sasl() as stranger:
            assert stranger.ask(wanted("romeo", "other")).get("type") == "result"

    def test_owns_no_rooms(self, by):
        for log in ("durable",) if by == "while the server is down" else ("memory", "durable"):
            rooms = f'[[room]]\nmatch = "garden"\ncreator_owns = true\nlog = "{log}"\n'
            with Hubbub({"romeo": "romeos", "juliet": "juliets"}, ON + rooms) as server:
                assert affiliation(server, "romeos") == "owner"
                juliet = Client(server).log_in("juliet", "juliets")
                juliet.send(f"<presence to='garden@rooms.localhost/juliet'><x xmlns='{MUC}'/></presence>")
                juliet.settle(["garden@rooms.localhost"])
                assert affiliation(server, "romeos") == "owner"
                remove(server, by)
                self.again(server)
                assert affiliation(server, "other") == "none"
                juliet.cut()

    def test_tokens_are_good_no_more(self, server, by):
        token = http(server).request("POST", "/api/token", headers=basic("romeo", "romeos")).json["token"]
        assert http(server).poll("lobby", headers={"Authorization": f"Bearer {token}"}).status == 200
        remove(server, by)
        refused = http(server).poll("lobby", headers={"Authorization": f"Bearer {token}"})
        assert refused.status == 401 and "removed" in refused.json["detail"]
        self.again(server)
        assert http(server).poll("lobby", headers={"Authorization": f"Bearer {token}"}).status == 401
        fresh = http(server).request("POST", "/api/token", headers=basic("romeo", "other")).json["token"]
        assert http(server).poll("lobby", headers={"Authorization": f"Bearer {fresh}"}).status == 200

    def test_finds_an_empty_inbox_and_roster(self, server, by):
        server.server.add_user("juliet", "juliets")
        with Client(server).log_in("romeo", "romeos") as romeo:
            item = "<query xmlns='jabber:iq:roster'><item jid='juliet@localhost'/></query>"
            assert romeo.ask(f"<iq type='set' id='1'>{item}</iq>").get("type") == "result"
        assert http(server).publish("@romeo", "psst", headers=basic("juliet", "juliets")).status == 201
        remove(server, by)
        assert http(server).publish("@romeo", "psst", headers=basic("juliet", "juliets")).status == 404
        self.again(server)
        assert http(server).poll("@romeo", since=0, headers=basic("romeo", "other")).json["messages"] == []
        with Client(server).log_in("romeo", "other") as romeo:
            romeo.send("<presence/>")
            assert all(one.tag.endswith("}presence") for one in romeo.everything())
            assert len(romeo.ask("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>")[0]) == 0


def test_slixmpp(server):
    """A client that knows nothing of us: what it needs, what it is told, and that it hears the end of its account."""
    subprocess.run([ROOT / "tests/setup/slixmpp.sh"], check=True, timeout=600)
    script = ROOT / "tests/python/xmpp/slixmpp_register.py"
    command = [ROOT / ".cache/slixmpp/bin/python", script, str(server.port("STARTTLS")), server.authority]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    *life, one, other = done.stdout.splitlines()
    assert life == [
        "needs password username",
        "registered",
        "logged in",
        "changed",
        "needs password username",
        "refused conflict",
        "logged in",
    ], done.stderr
    # The answer comes first on the wire; slixmpp's event loop tells of both at once.
    assert {one, other} == {"removed", "stream error not-authorized"}
