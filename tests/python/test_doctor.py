"""`hubbub doctor`: what it says of a server that runs, of one that runs otherwise than it is configured, and of none."""

import os
import pty
import re
import socket
import subprocess
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hubbub_test.certificates import DAY
from hubbub_test.doctor import doctor, doctor_of
from hubbub_test.server import PATIENCE, Server, binary
from hubbub_test.tls import Authority, Issued, settings
from hubbub_test.waiting import until

SECRET = "q7Vw2nXc9LbRt4ZkHs6MgYp1EuJd8FaB"
# Below those from which the system takes ports for servers that ask for any.
RANGE = "20000-29999"
ON = f'[turn]\nenabled = true\nrelay_ports = "{RANGE}"\n'
LOOPBACK = 'allow = ["127.0.0.0/8"]\n'
TURN = f'{ON}{LOOPBACK}secret = "{SECRET}"\n'
WAYS = ["UDP", "TCP", "TLS"]


@pytest.fixture(scope="module")
def server():
    """A server with STUN and TURN on loopback."""
    with Server(TURN) as running:
        yield running


@pytest.fixture
def written(tmp_path):
    """Writes a configuration, and says where."""

    def write(text: str) -> Path:
        file = tmp_path / "other.toml"
        file.write_text(text)
        return file

    return write


def free_port() -> int:
    with closing(socket.socket()) as wire:
        wire.bind(("127.0.0.1", 0))
        return wire.getsockname()[1]


@pytest.fixture(scope="module")
def report(server):
    return doctor_of(server)


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class TestAServerThatRuns:
    def test_nothing_is_wrong(self, report):
        assert (report.wrong(), report.status) == ([], 0)
        good, notes = (sum(one.verdict == verdict for one in report.findings) for verdict in ("ok", "note"))
        assert report.text.splitlines()[-1] == f"{good} ok, {notes} to note, 0 wrong"

    def test_its_addresses(self, server, report):
        listens = report.one("Addresses", "listens on")
        assert listens.seen == f"127.0.0.1:{server.port}, reachable from this machine only"
        assert report.one("Addresses", "from outside").verdict == "note"
        assert f"announced as 127.0.0.1, UDP ports {RANGE}" in report.one("Addresses", "relays of IPv4").seen

    def test_it_answers_http_and_https(self, server, report):
        for name in ["HTTP", "HTTPS"]:
            assert report.one("Server", f"{name} at 127.0.0.1:{server.port}").seen == "answers"
        certificate = report.one("Server", "certificate")
        assert certificate.verdict == "note" and "signed by the server itself" in certificate.seen

    @pytest.mark.parametrize("way", WAYS)
    def test_binding(self, server, report, way):
        binding = report.one("STUN", f"Binding by {way} at 127.0.0.1:{server.port}")
        assert re.fullmatch(r"we are seen as 127\.0\.0\.1:\d+, \d+\.\d\d ms", binding.seen)

    @pytest.mark.parametrize("way", WAYS)
    def test_relays(self, server, report, way):
        relays = report.one("TURN", f"IPv4 relays by {way} at 127.0.0.1:{server.port}")
        ports = re.match(r"127\.0\.0\.1:(\d+) and 127\.0\.0\.1:(\d+): 160 bytes there in .* and back in", relays.seen)
        assert ports and all(20000 <= int(port) < 30000 for port in ports.groups())

    def test_what_clients_are_told(self, server, report):
        told = {one.seen for one in report.of("What clients are told", "clients are told")}
        assert f"turn:127.0.0.1:{server.port}?transport=udp" in told
        assert f"stun:127.0.0.1:{server.port}" in told

    def test_nothing_is_left_behind(self, server, report):
        until(lambda: server.counted("hubbub_turn_allocations_made_total") >= 6, "they are counted")
        until(lambda: server.counted("hubbub_turn_allocations") == 0, "they are given back")

    def test_no_secret_is_shown(self, report):
        assert SECRET not in report.text + report.complaint


class TestSecrets:
    def test_the_one_made_from_the_data_folder(self, start):
        server = start(ON + LOOPBACK, durable=True)
        report = doctor_of(server)
        assert report.wrong() == []
        assert "160 bytes there" in report.one("TURN", "by UDP").seen

    def test_without_a_data_folder_nobody_else_knows_it(self, start):
        server = start(ON + LOOPBACK)
        report = doctor_of(server)
        assert report.status == 0
        relays = report.one("TURN")
        assert relays.verdict == "note" and "makes its secret up" in relays.seen
        assert "turn.secret_file" in relays.advice

    def test_another_than_the_servers(self, server, written):
        report = doctor_of(server, written(TURN.replace("q7", "Q7")))
        assert report.status == 1
        for way in WAYS:
            relays = report.one("TURN", way)
            assert relays.verdict == "wrong" and "401" in relays.seen and "another secret" in relays.advice

    def test_one_that_stands_in_documents(self, start):
        server = start(TURN.replace(SECRET, "at-least-32-bytes-from-a-good-random-source"))
        report = doctor_of(server)
        assert [one.what for one in report.wrong()] == ["turn.secret"]
        assert report.status == 1


class TestRelays:
    def test_that_may_not_meet_on_loopback(self, start):
        """Nothing in loopback is a peer, by default: that is meant so."""
        report = doctor_of(start(f'{ON}secret = "{SECRET}"\n'))
        relays = report.one("TURN", "UDP")
        assert relays.verdict == "note" and "403" in relays.seen and "turn.allow" in relays.advice

    def test_a_narrow_range(self, start):
        report = doctor_of(start(TURN.replace(RANGE, "30000-30009")))
        limits = report.one("Limits and secrets", "turn.relay_ports")
        assert limits.verdict == "note" and "10 ports" in limits.seen
        assert "160 bytes there" in report.one("TURN", "UDP").seen

    def test_ports_that_somebody_has(self, start):
        taken = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for port, wire in enumerate(taken, 30100):
            wire.bind(("127.0.0.1", port))
        report = doctor_of(start(TURN.replace(RANGE, "30100-30101")))
        relays = report.one("TURN", "UDP")
        assert relays.verdict == "wrong" and "508" in relays.seen and "turn.relay_ports" in relays.advice
        assert "2 of 2 tried are taken" in report.one("Limits and secrets", "ports at").seen
        for wire in taken:
            wire.close()

    def test_several_addresses_and_both_families(self, start):
        server = start(TURN.replace("/8\"", '/8", "::1"'), listen=("127.0.0.1:0", "[::1]:0"))
        report = doctor_of(server)
        assert report.wrong() == []
        relays = [one for one in report.of("TURN") if "160 bytes" in one.seen]
        assert len(relays) == 2 * 2 * len(WAYS)
        assert any(one.seen.startswith("[::1]:") for one in relays)


def test_nat_discovery(start):
    """Each of two addresses, with each of two ports (RFC 5780)."""
    server = start(TURN + 'other = "127.0.0.2:30201"\n', listen=("127.0.0.1:30200",))
    report = doctor_of(server)
    assert report.wrong() == []
    for address in ["127.0.0.1:30201", "127.0.0.2:30200", "127.0.0.2:30201"]:
        assert report.one("STUN", f"NAT discovery at {address}").seen.startswith("we are seen as")


class TestBehindANat:
    """An address that this machine does not have, and that leads nowhere (RFC 5737)."""

    @pytest.fixture(scope="class", name="nat")
    @staticmethod
    def of_the_announced_address():
        with Server(TURN + 'announce = ["198.51.100.7"]\n') as server:
            yield server, doctor_of(server)

    def test_relays_meet_within(self, nat):
        server, report = nat
        for way in WAYS:
            relays = report.one("TURN", f"IPv4 relays by {way} at 127.0.0.1:{server.port}")
            assert re.match(r"198\.51\.100\.7:\d+ and 198\.51\.100\.7:\d+: 160 bytes there", relays.seen)

    def test_what_only_outside_shows(self, nat):
        _, report = nat
        leads = report.one("TURN", "NAT")
        assert leads.verdict == "note" and f"ports {RANGE}" in leads.seen and "outside" in leads.advice

    def test_the_announced_address_is_tried_but_need_not_be_reached_from_inside(self, nat):
        server, report = nat
        for found in [report.one("Server", "HTTP at 198.51.100.7"), report.one("STUN", "by UDP at 198.51.100.7")]:
            assert found.verdict == "note" and "from outside" in found.advice
        assert f"turn:198.51.100.7:{server.port}?transport=udp" in report.text

    def test_it_is_one_for_examples(self, nat):
        _, report = nat
        assert [one.what for one in report.wrong()] == ["announces"]
        assert "turn.announce" in report.wrong()[0].advice


class TestAServerThatRunsOtherwise:
    def test_turn_is_off(self, start):
        server = start("")
        report = doctor_of(server)
        assert report.status == 0
        off = report.one("STUN and TURN")
        assert off.verdict == "note" and "enabled = true" in off.advice
        assert report.one("Server", "HTTP at").seen == "answers"

    def test_turn_should_be_on(self, start, written):
        report = doctor_of(start(""), written(TURN))
        assert report.status == 1
        for way in WAYS:
            assert report.one("STUN", way).verdict == "wrong"
        assert "nothing listens there over UDP" in report.one("STUN", "UDP").advice

    @pytest.mark.parametrize(("relays", "verdict"), [("", "wrong"), (TURN, "ok"), ('[ice]\nurls = ["stun:stun.example.org"]\n', "wrong")])
    def test_only_relayed_candidates_pass(self, start, relays, verdict):
        asks = '[[room]]\nmatch = "quiet-*"\ncandidates = "relay"\n[tracker]\ncandidates = "relay"\n'
        report = doctor_of(start(relays + asks))
        found = report.one("Where only relayed candidates pass")
        assert (found.verdict, report.status) == (verdict, int(verdict == "wrong"))
        assert 'room "quiet-*", tracker' in found.seen
        assert ("[turn]" in found.advice) == (verdict == "wrong")

    def test_udp_is_swallowed(self, start, written):
        server = start("")
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as hole:
            hole.bind(("127.0.0.1", server.port))
            binding = doctor_of(server, written(TURN)).one("STUN", "UDP")
        assert binding.seen == "no answer" and "firewall" in binding.advice

    def test_it_should_encrypt(self, start, written):
        server = start('[tls]\nself_signed = "never"\n')
        report = doctor_of(server, written(""))
        https = report.one("Server", "HTTPS")
        assert https.verdict == "wrong" and "does not encrypt" in https.advice

    def test_something_else_is_there(self, written):
        class Other(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(404)
                self.end_headers()

            def log_message(self, *_):
                pass

        other = HTTPServer(("127.0.0.1", 0), Other)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with closing(other.socket):
            report = doctor("--config", written(TURN), "--listen", f"127.0.0.1:{other.server_port}")
            other.shutdown()
        assert report.status == 1
        assert "something answers 404" in report.one("Server", "HTTP at").seen


class TestNoServer:
    def test_it_says_so_and_checks_the_rest(self, written):
        port = free_port()
        report = doctor("--config", written(TURN), "--listen", f"127.0.0.1:{port}")
        assert report.status == 1
        assert "nothing answers" in report.one("Server", "HTTP at").seen
        assert report.one("Server", f"port {port}").verdict == "ok"
        assert "not tried" in report.one("STUN and TURN").seen
        assert report.one("Limits and secrets", "ports at").verdict == "ok"

    def test_the_port_is_taken(self, written):
        with closing(socket.create_server(("127.0.0.1", 0))) as other:
            port = other.getsockname()[1]
            report = doctor("--config", written(""), "--listen", f"127.0.0.1:{port}")
        assert "cannot listen" in report.one("Server", f"port {port}").seen

    def test_an_address_that_this_machine_does_not_have(self, written):
        config = written('[access]\nadmit = ["guests"]\n')
        report = doctor("--config", config, "--listen", "198.51.100.7:8080")
        listens = report.one("Addresses", "listens on")
        assert listens.verdict == "wrong" and "does not have" in listens.seen

    def test_no_data_folder_is_made(self, written, tmp_path):
        data = tmp_path / "data"
        report = doctor("--config", written(ON), "--listen", f"127.0.0.1:{free_port()}", "--data", data)
        assert "not tried" in report.one("STUN and TURN").seen
        assert not data.exists()

    def test_a_broken_configuration(self, written):
        report = doctor("--config", written("[turn]\nenabeld = true\n"))
        assert report.status == 1 and report.text == ""
        assert "other.toml:2:" in report.complaint and "enabled" in report.complaint


class TestToTheWorld:
    """It listens on all addresses, which is what it does for the world; the world is not needed."""

    def test_what_it_says(self, start):
        config = TURN + 'announce = ["127.0.0.1"]\n[access]\nadmit = ["guests"]\n'
        server = start(config, listen=("0.0.0.0:0",))
        report = doctor("--config", server.config_file, "--listen", f"0.0.0.0:{server.port}")
        public = [one for one in report.of("Addresses", "announces") if one.verdict == "note"]
        assert public and "no public address" in public[0].seen
        firewall = report.one("Limits and secrets", "firewall").seen
        assert f"open TCP {server.port}, UDP {server.port} and UDP {RANGE}" in firewall
        assert report.one("STUN", f"by UDP at 127.0.0.1:{server.port}").verdict == "ok"
        assert "160 bytes" in report.one("TURN", f"by UDP at 127.0.0.1:{server.port}").seen
        assert report.one("Server", "certificate").seen == "none: nothing is encrypted"


class TestCertificates:
    def certificate(self, start, issued: Issued, *args, **environment):
        return doctor_of(start(settings(issued), args=args), None, *args, **environment).one("Server", "certificate")

    def test_one_that_is_trusted(self, start, authority):
        found = self.certificate(start, authority.issue("good"), SSL_CERT_FILE=str(authority.file))
        # It is valid for a day.
        assert found.verdict == "note" and found.seen.startswith("trusted for its address, but only until")

    def test_an_authority_that_nobody_knows(self, start, authority):
        found = self.certificate(start, authority.issue("unknown"))
        assert found.verdict == "wrong" and "fullchain.pem" in found.advice

    def test_another_host(self, start, authority):
        domain = ("--domain", "wanted.invalid")
        found = self.certificate(start, authority.issue("other"), *domain, SSL_CERT_FILE=str(authority.file))
        assert found.verdict == "wrong" and found.seen == "it does not name wanted.invalid"

    def test_one_that_has_expired(self, start, authority):
        found = self.certificate(start, authority.issue("old", ends=-DAY), SSL_CERT_FILE=str(authority.file))
        assert found.verdict == "wrong" and "expired" in found.seen and "SIGHUP" in found.advice


def test_colours_are_for_terminals(server):
    """And none without one: the reports above would not be read."""
    command = [binary(), "doctor", "--config", server.config_file, "--listen", f"127.0.0.1:{server.port}"]
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    for plain in [{}, {"NO_COLOR": "1"}]:
        master, slave = pty.openpty()
        process = subprocess.Popen(command, stdout=slave, stderr=subprocess.DEVNULL, env=inherited | plain)
        os.close(slave)
        text = b""
        try:
            while more := os.read(master, 65536):
                text += more
        except OSError:  # how a terminal ends on Linux
            pass
        os.close(master)
        assert process.wait(PATIENCE) == 0
        assert (b"\x1b[32mok   \x1b[0m" in text) == (not plain)
