"""TLS in front of everything, on the address that also serves clear text."""

import re
import signal
import socket
import ssl
import struct
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import socketio
from hubbub_test import raw
from hubbub_test.curl import Http
from hubbub_test.memory import MIB, held, sockets
from hubbub_test.raw import Wire
from hubbub_test.server import PATIENCE, Server, hubbub
from hubbub_test.sse import EventStream
from hubbub_test.tls import Authority, Encrypted, Issued, encrypted_half, settings
from hubbub_test.tunnel import tunnel
from hubbub_test.waiting import until
from hubbub_test.websocket import close_code, open_raw
from websockets.sync.client import connect

GET_HEALTH = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority):
    """For what leaves no trace: two certificates, the first for everybody who asks for neither."""
    first, second = authority.issue("first", "one.example", "*.wild.example"), authority.issue("second", "Two.example")
    with Server(settings(first, second)) as running:
        yield running


@pytest.fixture(params=[False, True], ids=["http1", "http2"])
def https(request, authority, server) -> Http:
    return authority.http(server, http2=request.param)


def secure_websocket(server: Server, authority: Authority, room: str, **options):
    """A WebSocket over TLS, by the `websockets` library."""
    inside = tunnel(server.port, authority.context(), "127.0.0.1", PATIENCE)
    return connect(server.ws(room), sock=inside, max_size=None, open_timeout=PATIENCE, legacy=True, **options)


class TestEverythingInside:
    def test_requests_and_polls(self, https, room):
        posted = https.publish(room, "hello", name="Ann")
        assert posted.status == 201
        assert posted.version == ("HTTP/2" if "--http2" in https.options else "HTTP/1.1")
        assert [message["data"] for message in https.poll(room).json["messages"]] == ["hello"]

    def test_a_long_poll_waits(self, https, room):
        cursor = https.poll(room).json["cursor"]
        threading.Timer(0.2, https.publish, [room, "at last"]).start()
        answer = https.poll(room, since=cursor, wait=30)
        assert [message["data"] for message in answer.json["messages"]] == ["at last"]

    def test_an_event_stream(self, https, room):
        with EventStream(https, room) as stream:
            for text in ["one", "two"]:
                https.publish(room, text)
            assert [stream.next_named("message").json["data"] for _ in range(2)] == ["one", "two"]

    def test_websockets_hear_those_in_the_clear(self, server, authority, room):
        with secure_websocket(server, authority, room) as ann, open_raw(server, room) as bo:
            ann.send("from inside")
            assert [ann.recv(timeout=PATIENCE), bo.recv(timeout=PATIENCE)] == ["from inside"] * 2
            bo.send("from outside")
            assert [ann.recv(timeout=PATIENCE), bo.recv(timeout=PATIENCE)] == ["from outside"] * 2

    def test_a_large_message_and_many_small_ones(self, server, authority, room):
        """What fills many records, and what shares one."""
        with secure_websocket(server, authority, room) as ann, secure_websocket(server, authority, room) as bo:
            large = "x" * 900_000
            ann.send(large)
            assert bo.recv(timeout=PATIENCE) == large
            for n in range(2000):
                ann.send(str(n))
            assert [bo.recv(timeout=PATIENCE) for _ in range(2000)] == [str(n) for n in range(2000)]

    def test_a_websocket_hears_the_end(self, server, authority, room):
        """The close frame, then TLS's own end: nobody could have cut it short."""
        wire = Encrypted(server, authority.context())
        assert wire.request(f"GET /rooms/{room}/ws", raw.HANDSHAKE).status == 101
        wire.send(raw.frame(8, struct.pack("!H", 1000)))
        assert wire.read_to_close() == 1000
        assert wire.tcp.recv(1) == b""  # ssl raises an error if the connection just breaks

    def test_websockets_hear_that_the_server_closes(self, start, authority, room):
        server = start(settings(authority.issue("closing")))
        with secure_websocket(server, authority, room) as ann:
            server.process.send_signal(signal.SIGTERM)
            assert close_code(ann) == 1001
        assert server.process.wait(PATIENCE) == 0

    @pytest.mark.parametrize("transports", [["websocket"], ["polling", "websocket"]], ids="+".join)
    def test_socketio(self, server, authority, room, transports):
        session = requests.Session()
        session.verify, session.trust_env = str(authority.file), False
        client, heard, joined = socketio.Client(http_session=session, reconnection=False), [], threading.Event()
        client.on("chat", heard.append, namespace=f"/{room}")
        client.on("hubbub:joined", lambda data: joined.set(), namespace=f"/{room}")
        client.on("hubbub:presence", lambda data: None, namespace=f"/{room}")
        address = server.base.replace("http://", "https://")
        client.connect(address, transports=transports, namespaces=[f"/{room}"], wait_timeout=PATIENCE)
        assert joined.wait(PATIENCE)
        client.emit("chat", "hello", namespace=f"/{room}")
        until(lambda: heard == ["hello"], "it hears itself")
        client.disconnect()

    def test_pages_of_the_encrypted_origin_are_the_servers_own(self, https, room):
        """And those from elsewhere are not."""
        own, stranger = https.base, "https://stranger.example"
        assert https.publish(room, "hello", headers={"Origin": own}).status == 201
        assert https.publish(room, "hello", headers={"Origin": stranger}).status == 403


class TestWhatIsSpoken:
    @pytest.mark.parametrize(("offered", "settled"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1")])
    def test_alpn(self, server, authority, offered, settled):
        with Encrypted(server, authority.context(*offered)) as wire:
            assert wire.tcp.selected_alpn_protocol() == settled

    def test_without_alpn_the_first_bytes_say_it(self, server, authority):
        for first in [b"", b"\r\n"]:
            with Encrypted(server, authority.context()) as wire:
                wire.send(first + GET_HEALTH)
                assert wire.read_answer().status == 200
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
        with Encrypted(server, authority.context()) as wire:
            wire.send(preface)
            assert wire.tcp.recv(9)[3] == 4  # SETTINGS

    def test_what_is_settled_counts(self, server, authority):
        """h2 was agreed on: a request of HTTP/1.1 is no answer to that."""
        with Encrypted(server, authority.context("h2")) as wire:
            wire.send(GET_HEALTH)
            assert wire.at_end()
            assert b"HTTP/1.1" not in wire.read_ahead

    def test_nothing_in_common(self, server, authority):
        with pytest.raises(ssl.SSLError, match="no application protocol|NO_APPLICATION_PROTOCOL"):
            Encrypted(server, authority.context("gopher"))
        server.still_serves()

    def test_clear_text_on_the_same_port(self, server, authority):
        with Wire(server) as clear, Encrypted(server, authority.context()) as encrypted:
            for wire in [clear, encrypted, clear]:
                wire.send(GET_HEALTH)
                assert wire.read_answer().status == 200

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_versions(self, server, authority, version):
        context = authority.context()
        context.minimum_version = context.maximum_version = version
        with Encrypted(server, context) as wire:
            assert wire.tcp.version() == {771: "TLSv1.2", 772: "TLSv1.3"}[version]
            wire.send(GET_HEALTH)
            assert wire.read_answer().status == 200

    def test_sessions_are_resumed(self, server, authority):
        context = authority.context()
        with Encrypted(server, context) as first:
            first.send(GET_HEALTH)
            first.read_answer()
            session = first.tcp.session
        with Encrypted(server, context, session=session) as again:
            assert again.tcp.session_reused
        with Encrypted(server, context, host="two.example", session=session) as other:
            assert not other.tcp.session_reused, "another certificate, another ticket"


class TestCertificates:
    @pytest.mark.parametrize(
        ("host", "first_name"),
        [
            ("127.0.0.1", "127.0.0.1"),
            ("one.example", "one.example"),
            ("any.wild.example", "*.wild.example"),
            ("two.example", "Two.example"),
        ],
    )
    def test_who_asks_for_a_host_is_shown_its_certificate(self, server, authority, host, first_name):
        with Encrypted(server, authority.context(), host) as wire:
            assert first_name in wire.names
            assert ("Two.example" in wire.names) == (host == "two.example")

    def test_one_of_its_own_for_this_machine(self, start):
        """Nothing is configured: what is needed for development is there."""
        server = start("", args=["--domain", "chat.example"])
        with Encrypted(server, untrusting()) as wire:
            wire.send(GET_HEALTH)
            assert wire.read_answer().status == 200
        assert shown(server) == ["chat.example", "rooms.chat.example", "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"]

    def test_its_own_is_kept(self, tmp_path):
        def shown_by_a_run(*args) -> bytes:
            with Server(data=tmp_path / "data", args=args) as server, Encrypted(server, untrusting()) as wire:
                return wire.tcp.getpeercert(binary_form=True)

        first = shown_by_a_run()
        files = sorted((tmp_path / "data" / "tls").iterdir())
        assert [file.name for file in files] == ["certificate.pem", "key.pem"]
        assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 2
        assert shown_by_a_run() == first
        assert shown_by_a_run("--domain", "other.example") != first, "it must name the new domain"

    def test_never_means_never(self, start):
        server = start('[tls]\nself_signed = "never"\n')
        with pytest.raises((ssl.SSLError, ConnectionError)):
            Encrypted(server, untrusting())
        assert "TLS is off" in server.tail()
        server.still_serves()

    def test_how_long_they_are_valid_can_be_watched(self, server):
        expires = re.findall(r'^hubbub_tls_certificate_expires{certificate="([^"]+)"} (\d+)$', server.metrics(), re.M)
        assert [name for name, _ in expires] == ["127.0.0.1"] * 2
        assert all(int(unix) > 1_700_000_000 for _, unix in expires)


def untrusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def shown(server: Server) -> list[str]:
    """The names of a certificate that it has signed itself."""
    pem = ssl.get_server_certificate(("127.0.0.1", server.port), timeout=PATIENCE)
    file = server.folder / "shown.pem"
    file.write_text(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file)
    with Encrypted(server, context, "localhost") as wire:
        return wire.names


class TestMistakes:
    """`hubbub check` and `hubbub serve` say which file, and what to do."""

    @pytest.fixture
    def good(self, authority) -> Issued:
        return authority.issue("good", "good.example")

    @pytest.fixture
    def other(self, authority) -> Issued:
        return authority.issue("other", "other.example")

    def complaint(self, folder: Path, text: str) -> str:
        file = folder / "hubbub.toml"
        file.write_text(text)
        said = {}
        for command in ["check", "serve"]:
            done = hubbub(command, "--config", file, "--listen", "127.0.0.1:0", check=False)
            assert done.returncode == 1, done.stdout
            said[command] = done.stderr.splitlines()[-1]
        assert said["check"] == said["serve"]
        return said["check"]

    def test_a_good_one(self, tmp_path, good):
        (tmp_path / "hubbub.toml").write_text(settings(good))
        hubbub("check", "--config", tmp_path / "hubbub.toml")

    def test_a_missing_file(self, tmp_path, good):
        said = self.complaint(tmp_path, settings(Issued(tmp_path / "nowhere.pem", good.key)))
        assert "tls.certificate_files" in said and "nowhere.pem" in said and "may read" in said

    def test_a_key_of_another(self, tmp_path, good, other):
        said = self.complaint(tmp_path, settings(Issued(good.chain, other.key)))
        assert str(good.chain) in said and str(other.key) in said and "must come first" in said

    def test_a_chain_the_wrong_way_round(self, tmp_path, authority, good):
        chain = tmp_path / "chain.pem"
        chain.write_bytes(authority.file.read_bytes() + good.chain.read_bytes())
        assert "must come first" in self.complaint(tmp_path, settings(Issued(chain, good.key)))

    def test_files_changed_round(self, tmp_path, good):
        said = self.complaint(tmp_path, settings(Issued(good.key, good.chain)))
        assert "holds no certificate" in said and "fullchain.pem" in said

    def test_a_certificate_without_a_key(self, tmp_path, good):
        said = self.complaint(tmp_path, f'[tls]\ncertificate_files = ["{good.chain}"]\n')
        assert "hubbub.toml:2:" in said and "key_files has too few" in said


class TestReadingAgain:
    def hang_up(self, server: Server, words: str):
        """SIGHUP, until the log says so."""
        server.process.send_signal(signal.SIGHUP)
        until(lambda: words in server.tail(), f"the log says {words!r}")

    def test_a_renewed_certificate(self, start, authority, room):
        server = start(settings(authority.issue("renewed", "before.example")))
        with secure_websocket(server, authority, room) as stays, Encrypted(server, authority.context()) as wire:
            assert "before.example" in wire.names
            authority.issue("renewed", "after.example")
            self.hang_up(server, "after.example")
            with Encrypted(server, authority.context()) as new:
                assert "after.example" in new.names
            stays.send("still here")
            assert stays.recv(timeout=PATIENCE) == "still here"
            wire.send(GET_HEALTH)
            assert wire.read_answer().status == 200

    def test_one_more(self, start, authority):
        server = start(settings(authority.issue("old", "old.example")))
        more = settings(authority.issue("old", "old.example"), authority.issue("new", "new.example"))
        server.config_file.write_text(more)
        self.hang_up(server, "new.example")
        with Encrypted(server, authority.context(), "new.example") as wire:
            assert "new.example" in wire.names

    def test_a_broken_one_changes_nothing(self, start, authority):
        issued = authority.issue("soon-broken", "good.example")
        server = start(settings(issued))
        issued.chain.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.hang_up(server, "the certificates stay as they were")
        with Encrypted(server, authority.context(), "good.example") as wire:
            wire.send(GET_HEALTH)
            assert wire.read_answer().status == 200
        authority.issue("soon-broken", "mended.example")
        self.hang_up(server, "mended.example")

    def test_tickets_outlive_it_only_for_the_same_certificate(self, start, authority):
        server = start(settings(authority.issue("ticket", "a.example")))
        context = authority.context()

        def visit(session=None) -> tuple[ssl.SSLSession, bool]:
            with Encrypted(server, context, session=session) as wire:
                wire.send(GET_HEALTH)
                wire.read_answer()
                return wire.tcp.session, wire.tcp.session_reused

        session, _ = visit()
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.tail().count("the certificate for 127.0.0.1, a.example") == 2, "they are read again")
        assert visit(session)[1]
        authority.issue("ticket", "b.example")
        self.hang_up(server, "b.example")
        assert not visit(session)[1]


class TestBadHandshakes:
    def failures(self, server: Server) -> int:
        return server.counted("hubbub_tls_failures_total")

    @pytest.mark.parametrize(
        "garbage",
        [b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x03\x40\x00" + b"\xff" * 5000, b"\x16\x03\x00" + b"\x00" * 300],
        ids=["no handshake", "a long record", "an empty record"],
    )
    def test_garbage(self, server, garbage):
        before = self.failures(server)
        with Wire(server) as wire:
            wire.send(garbage)
            with suppress(OSError):  # the server may be done with us already
                wire.tcp.shutdown(socket.SHUT_WR)
            assert wire.at_end()
            assert wire.read_ahead == b"" or wire.read_ahead[0] == 21  # an alert at most
        until(lambda: self.failures(server) == before + 1, "it is counted")
        server.still_serves()

    def test_tls_1_1_is_told_that_it_is_too_old(self, server):
        """RFC 8996. With what TLS 1.2 asks for (RFC 5246 section 7.4.1.4.1), so that nothing but the version is wrong:
        the alert is protocol_version (70)."""
        signatures = bytes([0, 13, 0, 4, 0, 2, 4, 3])
        ciphers = b"\x00\x04\xc0\x2b\x00\x2f"
        hello = b"\x03\x02" + bytes(32) + b"\x00" + ciphers + b"\x01\x00" + bytes([0, len(signatures)]) + signatures
        message = b"\x01" + len(hello).to_bytes(3, "big") + hello
        before = self.failures(server)
        with Wire(server) as wire:
            wire.send(b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message)
            assert wire.at_end()
            assert wire.read_ahead[0] == 21 and wire.read_ahead[-2:] == bytes([2, 70])
        until(lambda: self.failures(server) == before + 1, "it is counted")

    def test_only_the_newest_if_so_configured(self, start, authority):
        server = start(settings(authority.issue("newest"), more='min_version = "1.3"\n'))
        context = authority.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            Encrypted(server, context)
        with Encrypted(server, authority.context()) as wire:
            assert wire.tcp.version() == "TLSv1.3"

    def test_who_stops_half_way_is_let_go(self, start, authority):
        """In the handshake, and after it."""
        server = start(settings(authority.issue("slow"), more="[limits]\nheader_timeout = 1\n"))
        half, silent = encrypted_half(server), Encrypted(server, authority.context())
        assert half.recv(1) == b""
        assert silent.at_end()
        assert self.failures(server) == 1
        server.still_serves()

    def test_a_hello_in_tiny_pieces(self, server, authority):
        """The first bytes decide, however few come at a time."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = authority.context().wrap_bio(incoming, outgoing, server_hostname="one.example")
        with Wire(server) as wire:
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    for byte in outgoing.read():
                        wire.send(bytes([byte]))
                    incoming.write(wire.tcp.recv(65536))
            client.write(GET_HEALTH)
            wire.send(outgoing.read())
            answer = b""
            while b'"ok"' not in answer:
                incoming.write(wire.tcp.recv(65536))
                try:
                    answer += client.read()
                except ssl.SSLWantReadError:
                    pass

    def test_memory_stays_flat(self, start, authority):
        """Handshakes that are completed, broken off in the middle, and garbage."""
        server = start(settings(authority.issue("flat")))
        server.still_serves()
        before, context = sockets(server.pid), authority.context()

        def abuse():
            for n in range(300):
                if n % 3 == 0:
                    Encrypted(server, context).close()
                elif n % 3 == 1:
                    encrypted_half(server).close()
                else:
                    with Wire(server) as wire:
                        wire.send(b"\x16\x03\x01\x10\x00" + b"\xff" * 4096)
            until(lambda: sockets(server.pid) <= before, "the connections are gone")

        for _ in range(3):
            abuse()
        first = held(server.pid)
        for _ in range(3):
            abuse()
        server.still_serves()
        assert held(server.pid) - first < 8 * MIB


def test_a_reader_inside_who_does_not_read_costs_his_outbox(start, authority):
    """What is encrypted and not sent is of a fixed size; the rest waits where it is counted, and then he is dropped."""
    limits = "[limits]\noutbox_bytes = 262144\n[[room]]\nmatch = '*'\nhistory_bytes = 1000000\n".replace("'", '"')
    server = start(settings(authority.issue("deaf"), more=limits))
    server.still_serves()
    before = sockets(server.pid)
    deaf = [Encrypted(server, authority.context()) for _ in range(20)]
    for wire in deaf:
        assert wire.request("GET /rooms/lobby/ws", raw.HANDSHAKE).status == 101
    idle = held(server.pid)
    with raw.websocket(server, query="?name=Writer&echo=false") as writer, raw.websocket(server) as reader:
        for _ in range(320):
            writer.send(raw.frame(2, b"x" * 65536))
            assert len(reader.read_frame().payload) == 65536
    until(lambda: sockets(server.pid) <= before, "those who do not read are dropped")
    assert held(server.pid) - idle < 20 * 262144 + 32 * MIB
    for wire in deaf:
        wire.close()
