"""Tests of the driver's arithmetic: `python3 -m unittest discover -s bench -t bench`."""

import hashlib
import hmac
import tempfile
import unittest
from base64 import b64decode
from pathlib import Path
from xml.etree import ElementTree

from . import archive, report, servers, tracker, turn, xmpp
from .aims import TURN
from .families import FAMILIES, ROOMS, family_of
from .machine import VERSIONS
from .plot import COLOURS
from .report import aims, line, page, section, table
from .results import Results
from .scenarios import SCENARIOS, SOCKETIO, XMPP
from .servers import SERVERS
from .turn import Relays
from .xmpp import Home, keys

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def traffic(cpu, p99=9.0):
    return {
        "server": {"cpu_us_per_delivery": cpu, "cores": 1.0},
        "deliveries_per_second": 1e6 / cpu,
        "latency_us": {"p50": 1.0, "p99": p99, "max": 10.0},
        "memory": {"own_kib": 1536, "resident_kib": 9999},
        "waited": 0.01,
    }


def empty(family=ROOMS):
    return Results(family, {"kernel": "Linux"}, rounds=1)


def results(scenario, ours, theirs, server="uws"):
    """Results with one round per figure."""
    made = Results(family_of(scenario), {"kernel": "Linux"}, rounds=len(ours))
    for turn, (one, other) in enumerate(zip(ours, theirs)):
        made.add(BY_NAME[scenario], "hubbub", turn, traffic(one))
        made.add(BY_NAME[scenario], server, turn, traffic(other))
    return made


class Report(unittest.TestCase):
    def test_the_ratio_is_the_median_of_the_rounds(self):
        # In the second round the machine was slow for both: the ratio of that round is as good as the others.
        made = results("fanout-1000", ours=[1.0, 6.0, 1.2], theirs=[2.0, 10.0, 2.0])
        ratio = made.ratio(BY_NAME["fanout-1000"], "uws", ("server", "cpu_us_per_delivery"))
        self.assertAlmostEqual(ratio, 0.6)

    def test_a_round_that_one_of_them_lacks_does_not_count(self):
        made = results("fanout-1000", ours=[1.0], theirs=[2.0])
        made.add(BY_NAME["fanout-1000"], "hubbub", 7, traffic(100.0))
        ratio = made.ratio(BY_NAME["fanout-1000"], "uws", ("server", "cpu_us_per_delivery"))
        self.assertAlmostEqual(ratio, 0.5)

    def test_aims_are_reached_or_missed(self):
        self.assertIn("| 0.50 | reached |", aims([results("fanout-1000", [1.0], [2.0])]))
        self.assertIn("| 0.80 | **missed** |", aims([results("fanout-1000", [1.6], [2.0])]))
        self.assertIn("| 0.80 | reached |", aims([results("fanout-1000-16", [1.6], [2.0])]))
        self.assertIn("| 2.00 | **missed** |", aims([results("longpoll", [2.0], [1.0], "nchan")]))
        self.assertIn("| 0.20 | reached |", aims([results("sio-fanout-1000", [1.0], [5.0], "socketio")]))
        self.assertIn("| 0.70 | **missed** |", aims([results("sio-polling", [0.7], [1.0], "socketioxide")]))

    def test_the_better_of_two_peers_is_the_one_to_beat(self):
        made = results("xmpp-muc-1000", [3.0], [60.0], "prosody")
        self.assertIn("| 0.05 | reached |", aims([made]))
        made.add(BY_NAME["xmpp-muc-1000"], "ejabberd", 0, traffic(15.0))
        self.assertIn("| 0.20 | **missed** |", aims([made]))
        # Scenarios that have no such figure stand beside it.
        made.add(BY_NAME["xmpp-idle"], "hubbub", 0, {"idle": {"bytes_per_connection": 9000.0}})
        self.assertIn("| 9,000 | **missed** |", aims([made]))

    def test_without_hubbub_there_are_no_aims_and_no_ratios(self):
        made = empty()
        made.add(BY_NAME["fanout-1000"], "uws", 1, traffic(2.0))
        self.assertEqual(aims([made]), "")
        self.assertNotIn("÷", section(made, BY_NAME["fanout-1000"]))

    def test_failures_are_shown_on_top_of_their_family(self):
        made = results("fanout-1000", [1.0], [2.0])
        made.failed(BY_NAME["echo-1"], "ws", 2, "wrong delivery\nits log")
        text = page([made])
        self.assertIn("- echo-1, npm ws, round 2: wrong delivery / its log", text)
        self.assertLess(text.index("wrong delivery"), text.index("### Fan-out"))

    def test_writes_the_page_the_picture_and_the_raw_figures(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "RESULTS.md"
            report.write(path, [results("fanout-1000", [1.0], [2.0])])
            self.assertIn("| Hubbub | 1.000 | 1,000,000 |", path.read_text())
            self.assertEqual(ElementTree.parse(path.with_name("results.svg")).getroot().tag.rpartition("}")[2], "svg")
            self.assertTrue(path.with_suffix(".json").exists())

    def test_the_terminal_gets_one_line(self):
        said = line(BY_NAME["fanout-1000"], traffic(2.0, p99=1234.5))
        self.assertEqual(said, "2.000 CPU µs per delivery  500,000 deliveries/s  100% busy  1 p50 µs  1,234 p99 µs")
        self.assertIn("1,536 memory KiB", line(BY_NAME["longpoll"], traffic(2.0)))

    def test_what_gets_through_comes_first_where_there_is_no_pause(self):
        text = section(results("sio-flood", [1.0], [4.0], "socketio"), BY_NAME["sio-flood"])
        self.assertIn("|  | deliveries/s | CPU µs per delivery | busy |", text)
        self.assertIn("| socket.io | 250,000 | 4.000 |", text)
        self.assertIn("**4.00**", text)

    def test_every_server_has_a_colour_a_command_and_a_name(self):
        self.assertEqual(list(COLOURS), SERVERS)
        self.assertEqual({*servers.COMMANDS, *xmpp.COMMANDS, *turn.COMMANDS, *tracker.COMMANDS}, {*SERVERS})
        self.assertEqual({*VERSIONS, "hubbub-recovery"}, {*SERVERS})

    def test_packets_through_allocations_may_be_lost(self):
        made = empty(FAMILIES["turn"])
        for server, cpu in (("hubbub", 2.0), ("coturn", 8.0)):
            made.add(BY_NAME["turn-1000-120"], server, 1, traffic(cpu) | {"lost": 12})
            made.add(BY_NAME["turn-idle"], server, 1, {"waited": 0.0, "idle": {
                "bytes_per_connection": 1000 * cpu, "bytes_per_connection_after_message": 1.0, "cpu_us_per_second": 0.0}})
        self.assertIn("| turn-1000-120 | 0.25 | reached |", aims([made]))
        self.assertIn("| turn-idle | 0.25 | reached |", aims([made]))
        text = section(made, BY_NAME["turn-1000-120"])
        self.assertIn("1,000 allocations, one packet of 120 bytes to and fro in each", text)
        self.assertIn("| coturn | 8.000 | 125,000 | 100% | 1 | 9 | 10 | 12 | 1,536 |", text)
        self.assertIn("|  | bytes per allocation |", section(made, BY_NAME["turn-idle"]))

    def test_announces_and_peers_have_aims(self):
        made = empty(FAMILIES["tracker"])
        for server, cost in (("hubbub", 40.0), ("bittorrent-tracker", 500.0)):
            made.add(BY_NAME["tracker-announce"], server, 1, traffic(cost))
            made.add(BY_NAME["tracker-idle"], server, 1, {"waited": 0.0, "idle": {
                "bytes_per_connection": 100 * cost, "bytes_per_connection_after_message": 1.0, "cpu_us_per_second": 0.0}})
        self.assertIn("| tracker-announce | 0.08 | reached |", aims([made]))
        self.assertIn("| tracker-idle | 0.08 | reached |", aims([made]))
        text = section(made, BY_NAME["tracker-announce"])
        self.assertIn("Announces of 1,000 peers in 50 swarms, each with 10 offers that others answer", text)
        self.assertIn("| bittorrent-tracker | 500.0 | 2,000 | 100% |", text)
        self.assertIn("|  | bytes per peer |", section(made, BY_NAME["tracker-idle"]))

    def test_tables_are_markdown(self):
        self.assertEqual(table(["", "a", "b"], [["x", "1", "2"]]), "|  | a | b |\n| --- | ---: | ---: |\n| x | 1 | 2 |")


class Scenarios(unittest.TestCase):
    def test_headings_say_what_is_run(self):
        self.assertEqual(BY_NAME["idle"].heading(quick=False), "10,000 idle WebSockets in one room")
        self.assertEqual(BY_NAME["idle"].heading(quick=True), "2,000 idle WebSockets in one room")

    def test_nchan_resumes_by_validators(self):
        arguments = BY_NAME["longpoll"].arguments("nchan", 1, quick=False)
        self.assertIn("--resume=validators", arguments)
        self.assertIn("--publish-url=http://127.0.0.1:1/pub/bench", arguments)
        self.assertNotIn("--resume=validators", BY_NAME["longpoll"].arguments("hubbub", 1, quick=False))

    def test_only_clients_that_recover_expect_offsets(self):
        asked = {server: BY_NAME["sio-idle"].arguments(server, 1, quick=False) for server in SOCKETIO}
        self.assertEqual([server for server in asked if "--offsets" in asked[server]], ["hubbub-recovery"])
        url = "--url=ws://127.0.0.1:1/socket.io/?EIO=4&transport=websocket"
        self.assertIn(url + "&recovery=false", asked.pop("hubbub"))
        for arguments in asked.values():
            self.assertIn(url, arguments)
            self.assertIn("--socketio=/lobby", arguments)

    def test_a_quick_run_has_a_smaller_archive(self):
        page = BY_NAME["xmpp-mam-page"]
        self.assertEqual([page.wants(quick).room for quick in (False, True)], [1_000_000, 20_000])
        self.assertEqual(BY_NAME["xmpp-idle-tls"].wants(False), Home(accounts=10000, tls=True))
        self.assertIsNone(BY_NAME["idle"].wants(False))

    def test_guests_open_their_streams_where_they_are_let_in(self):
        asked = {server: BY_NAME["xmpp-muc-100"].arguments(server, 1, quick=False) for server in XMPP}
        self.assertIn("--url=xmpp://127.0.0.1:1/localhost", asked["hubbub"])
        self.assertIn("--url=xmpp://127.0.0.1:1/guest.localhost", asked["ejabberd"])
        self.assertFalse(BY_NAME["xmpp-muc-10000"].serves("prosody"))

    def test_the_socketio_scenarios_are_those_of_plain_websockets_but_for_the_protocol(self):
        plain, socketio = BY_NAME["fanout-1000-16"], BY_NAME["sio-fanout-1000-16"]
        self.assertEqual(socketio.full, plain.full | {"socketio": "/lobby"})
        self.assertEqual(socketio.heading(False), "Fan-out to 1,000 Socket.IO clients, 16 messages queued per link")


class Turn(unittest.TestCase):
    def test_every_scenario_with_packets_has_an_aim(self):
        packets = {scenario.name for scenario in SCENARIOS if scenario.command == "turn"}
        self.assertEqual({*TURN}, packets)

    def test_clients_know_the_secret_of_the_server(self):
        asked = BY_NAME["turn-tcp-100-1200"].arguments("coturn", 7, quick=False)
        self.assertEqual(asked[0], "turn")
        for option in ("--transport=tcp", "--connections=100", "--size=1200", "--url=turn://127.0.0.1:7/"):
            self.assertIn(option, asked)
        with tempfile.TemporaryDirectory() as folder:
            for server in turn.COMMANDS:
                command = Relays().command(server, 7, Path(folder))
                text = next(Path(word) for word in command if word.startswith(folder)).read_text()
                self.assertIn(turn.SECRET, text)
                self.assertNotIn("@", text)
        self.assertIn(f"--secret={turn.SECRET}", asked)


class Tracker(unittest.TestCase):
    def test_peers_ask_each_tracker_where_it_is(self):
        for server, path in (("hubbub", "/tracker"), ("bittorrent-tracker", "/")):
            asked = BY_NAME["tracker-announce"].arguments(server, 7, quick=False)
            self.assertEqual(asked[0], "tracker-announce")
            for option in (f"--url=ws://127.0.0.1:7{path}", "--connections=1000", "--swarms=50"):
                self.assertIn(option, asked)

    def test_hubbub_has_a_tracker(self):
        with tempfile.TemporaryDirectory() as folder:
            command = BY_NAME["tracker-idle"].wants(quick=False).command("hubbub", 7, Path(folder))
            self.assertIn("[tracker]", Path(command[command.index("--config") + 1]).read_text())


class Xmpp(unittest.TestCase):
    def test_messages_of_an_archive_are_the_load_generators(self):
        self.assertEqual(archive.message(27)[:48], "0000000000000001.00000000.000000000000001b.bcdef")
        self.assertEqual(len(archive.message(27)), archive.SIZE)

    def test_keys_are_those_of_the_rfc(self):
        # RFC 5802 section 5: the client's proof is its key and the signature under the stored key.
        stored, server = keys("sha1", b"pencil", b64decode("QSXCR+Q6sek8bf92"))
        text = (b"n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
                b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j")
        self.assertEqual(hmac.digest(server, text, "sha1"), b64decode("rmF9pqV8S7suAoZWja4dJRkFsKQ="))
        proof = b64decode("v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
        client = bytes(one ^ other for one, other in zip(proof, hmac.digest(stored, text, "sha1")))
        self.assertEqual(hashlib.sha1(client).digest(), stored)


if __name__ == "__main__":
    unittest.main()
