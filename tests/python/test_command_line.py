"""`hubbub` as an operator meets it: init, check, listen, refusing to be careless, ending."""

import re
import signal
import socket
import subprocess
import tomllib

import pytest
from hubbub_test.curl import Http
from hubbub_test.raw import Wire
from hubbub_test.server import PATIENCE, Server, binary, hubbub


@pytest.fixture(scope="module")
def annotated(tmp_path_factory) -> str:
    """What `hubbub init` writes."""
    folder = tmp_path_factory.mktemp("init")
    done = hubbub("init", cwd=folder)
    files = list(folder.iterdir())
    return files[0].read_text() if files else done.stdout


class TestInitAndCheck:
    def test_what_init_writes_passes_check(self, annotated, tmp_path):
        file = tmp_path / "hubbub.toml"
        file.write_text(annotated)
        hubbub("check", "--config", file)

    def test_it_is_toml_and_every_setting_is_explained(self, annotated):
        tomllib.loads(annotated)
        lines = annotated.splitlines()
        settings = [n for n, line in enumerate(lines) if re.match(r"#? ?[a-z0-9_]+ = ", line)]
        assert len(settings) > 15
        for n in settings:
            assert lines[n - 1].startswith("#"), f"no word about {lines[n]!r}"

    def test_all_its_settings_taken_up_still_pass(self, annotated, tmp_path):
        """Settings that are commented out are at their defaults: taking them up must change nothing."""
        file = tmp_path / "hubbub.toml"
        taken_up = re.sub(r"^# ?([a-z0-9_]+ = |\[)", r"\1", annotated, flags=re.MULTILINE)
        file.write_text(taken_up)
        checked = hubbub("check", "--config", file, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr

    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            ("[limits]\nmessage_bites = 5\n", 2, ["message_bites", "message_bytes"]),
            ('[limits]\n\nmessage_bytes = "many"\n', 3, ["message_bytes"]),
            ("[limits]\nmessage_bytes = -1\n", 2, ["message_bytes"]),
            ("[limts]\nmessage_bytes = 1000\n", 1, ["limts", "limits"]),
            ("[websocket]\nping_interval = 25\npong_wait = \n", 3, []),
            ('[[room]]\nmatch = "a"\nlog = "paper"\n', 3, ["paper", "memory", "durable"]),
            ('[[room]]\nmatch = "a"\npresence = "maybe"\n', 3, ["maybe", "list", "count", "off"]),
            ('[access]\nadmit = ["everybody"]\n', 2, ["everybody", "guests"]),
            ('[token]\nhmac_secret = "short"\n', 2, ["hmac_secret"]),
            ('[token]\ned25519_public_key_file = "/nowhere/at/all.pem"\n', 2, ["/nowhere/at/all.pem"]),
            ('[[room]]\nmatch = "a"\npublish = ["somebody"]\n', 3, ["somebody", "anyone"]),
        ],
        ids=[
            "typo",
            "type",
            "negative",
            "table-typo",
            "syntax",
            "log",
            "presence",
            "admit",
            "weak-secret",
            "no-key-file",
            "who",
        ],
    )
    def test_a_broken_file_gets_line_reason_and_mend(self, tmp_path, text, line, words):
        file = tmp_path / "hubbub.toml"
        file.write_text(text)
        checked = hubbub("check", "--config", file, check=False)
        said = checked.stdout + checked.stderr
        assert checked.returncode != 0
        assert re.search(rf"(hubbub\.toml:{line}\b|line {line}\b)", said), said
        for word in words:
            assert word in said, said
        assert "panicked" not in said

    def test_serve_refuses_what_check_refuses(self, tmp_path):
        file = tmp_path / "hubbub.toml"
        file.write_text("[limits]\nmessage_bites = 5\n")
        refused = hubbub("serve", "--config", file, "--listen", "127.0.0.1:0", check=False)
        assert refused.returncode != 0 and "message_bites" in refused.stderr + refused.stdout

    def test_a_missing_file_is_told(self, tmp_path):
        for command in ("check", "serve"):
            failed = hubbub(command, "--config", tmp_path / "absent.toml", check=False)
            assert failed.returncode != 0 and "absent.toml" in failed.stderr + failed.stdout


class TestListening:
    def test_several_addresses_each_with_its_line(self):
        with Server(listen=("127.0.0.1:0", "127.0.0.2:0", "[::1]:0")) as server:
            assert len(set(server.addresses)) == 3
            for address in server.addresses:
                assert Http(address).get("/health").status == 200

    def test_without_serve_it_serves(self, tmp_path):
        process = subprocess.Popen(
            [binary(), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=tmp_path,
        )
        try:
            address = process.stdout.readline().removeprefix("listening on ").strip()
            assert Http(address).get("/health").status == 200
        finally:
            process.terminate()
            process.wait(PATIENCE)
            process.stdout.close()

    @pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
    def test_beyond_loopback_it_wants_to_know_who_may_come_in(self, tmp_path, address):
        refused = hubbub("serve", "--listen", address, check=False, cwd=tmp_path)
        said = refused.stdout + refused.stderr
        assert refused.returncode != 0
        assert "listening on" not in said
        assert "[access]" in said and "admit" in said, said

    def test_beyond_loopback_with_a_rule_it_starts(self):
        with Server('[access]\nadmit = ["guests"]\n', listen=("0.0.0.0:0",)) as server:
            assert Http(f"http://127.0.0.1:{server.port}").get("/health").status == 200

    def test_an_address_in_use_is_told(self, server):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            refused = hubbub("serve", "--listen", f"127.0.0.1:{port}", check=False)
            assert refused.returncode != 0 and str(port) in refused.stderr + refused.stdout

    @pytest.mark.parametrize(
        "args",
        [("--listen", "nonsense"), ("--workers", "0"), ("--domain", "not a domain"), ("--no-such-flag",), ("dance",)],
    )
    def test_wrong_arguments_are_told(self, args):
        refused = hubbub(*args, check=False)
        assert refused.returncode != 0 and refused.stderr.strip()
        assert "panicked" not in refused.stderr

    @pytest.mark.parametrize("workers", [1, 3])
    def test_any_number_of_workers(self, workers):
        with Server(args=("--workers", workers)) as server:
            for n in range(10):
                server.http.publish(f"room-{n}", "x")
                assert len(server.http.poll(f"room-{n}").json["messages"]) == 1

    def test_the_domain_is_in_every_address(self):
        with Server(args=("--domain", "chat.example")) as server:
            assert server.http.publish("lobby", "x", name="Ann").json["from"] == "ann@guest.chat.example"


class TestEnding:
    @pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_well(self, by):
        server = Server().start()
        server.process.send_signal(by)
        assert server.process.wait(PATIENCE) == 0

    def test_a_waiting_long_poll_is_answered(self):
        server = Server().start()
        with Wire(server) as wire:
            wire.send(b"GET /rooms/lobby/messages?wait=25 HTTP/1.1\r\nHost: x\r\n\r\n")
            server.still_serves()  # by now the request is surely read
            assert server.terminate() == 0
            assert wire.read_answer().status in (200, 503)


class TestKeeping:
    def test_a_durable_room_survives_a_restart(self, tmp_path):
        server = Server(data=tmp_path / "data").start()
        first = server.http.publish("lobby", "one").json
        server.stop()
        with Server(data=tmp_path / "data") as again:
            second = again.http.publish("lobby", "two").json
            epoch, seq = first["offset"].split("-")
            assert second["offset"] == f"{epoch}-{int(seq) + 1}"
            assert [one["data"] for one in again.http.poll("lobby", since=0).json["messages"]] == ["one", "two"]

    def test_a_memory_room_begins_a_new_epoch(self, tmp_path):
        config = '[[room]]\nmatch = "*"\nlog = "memory"\n'
        server = Server(config, data=tmp_path / "data").start()
        first = server.http.publish("lobby", "one").json
        server.stop()
        with Server(config, data=tmp_path / "data") as again:
            assert again.http.poll("lobby", since=first["offset"]).problem == "cursor-gone"

    def test_two_servers_do_not_share_one_folder(self, tmp_path):
        with Server(data=tmp_path / "data"):
            refused = hubbub("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", check=False)
            assert refused.returncode != 0 and refused.stderr.strip()
