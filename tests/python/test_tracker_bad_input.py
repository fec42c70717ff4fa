"""Runs the table `tests/bad_input/tracker.md`, and what a row cannot say: limits, floods, who is asked how often. Whoever does nothing
wrong beside it is not disturbed."""

import re
from contextlib import suppress

import pytest
from hubbub_test import bad_input, table
from hubbub_test.memory import MIB, held, sockets
from hubbub_test.server import Server
from hubbub_test.together import at_once
from hubbub_test.tracker import NUMBERS, Peer, close_code, counts, cut, failure, new_id, swarm
from hubbub_test.waiting import until
from websockets.exceptions import ConnectionClosed

HASH, PEER, OTHER, OFFER = "h" * 20, "p" * 20, "q" * 20, "o" * 20
NAMES = {"HASH": HASH, "PEER": PEER, "OTHER": OTHER, "OFFER": OFFER}
TOO_MANY = "too many messages: slow down"


@pytest.fixture(scope="module")
def server():
    with Server("[server]\nworkers = 3\n") as running:
        yield running


@pytest.fixture(scope="module")
def other(server):
    """Somebody who is in the swarm all the time."""
    with Peer(server, id=OTHER) as peer:
        peer.start(HASH, left=0)
        yield peer


def message(cell: str) -> str | bytes:
    if cell == "(nothing)":
        return ""
    if cell.startswith("hex:"):
        return bytes.fromhex(cell.removeprefix("hex:"))
    text = bad_input.repeated(cell.removeprefix("announce + "))
    listed = re.sub(r"OFFERS\((\d+)\)", lambda found: ",".join(['{"offer":{},"offer_id":OFFER}'] * int(found[1])), text)
    listed = re.sub(r"HASHES\((\d+)\)", lambda found: ",".join(["HASH"] * int(found[1])), listed)
    named = re.sub(r"\b(HASH|PEER|OTHER|OFFER)\b", lambda found: f'"{NAMES[found[1]]}"', listed)
    if not cell.startswith("announce + "):
        return named
    members = {"action": '"announce"', "info_hash": f'"{HASH}"', "peer_id": f'"{PEER}"'}
    kept = [f'"{name}":{value}' for name, value in members.items() if f'"{name}":' not in named.partition("x")[0]]
    return "{" + ",".join([*kept, named.strip()[1:-1]]) + "}"


@pytest.mark.parametrize("row", table.read("tracker"), ids=table.name_of)
def test_message(server, other, row):
    with Peer(server, id=PEER) as peer:
        peer.socket.send(message(row["message"]))
        if row["gets"].startswith("close "):
            assert close_code(peer) == int(row["gets"].removeprefix("close "))
        else:
            answered(peer.next(), row["gets"], row["names"])
            assert peer.scrape(HASH)["files"][HASH]["complete"] == 1, "the connection goes on"
    until(lambda: swarm(server, HASH) == {"complete": 1, "incomplete": 0, "downloaded": 0}, "only the other is there")
    other.hears_nothing_else()


def answered(reply: dict, gets: str, names: str):
    if gets == "taken":
        assert counts(reply) == (1, 1)
        return
    reason, expected = failure(reply), gets.strip('"')
    assert reason.startswith(expected.removesuffix("…")) and (expected.endswith("…") or reason == expected), reply
    action, _, hash = names.partition(", ")
    about = {"action": action} if action else {}
    about |= {"info_hash": NAMES[hash]} if hash else {}
    assert reply == {"failure reason": reason, **about}


class TestLimits:
    """Each limit is a setting; what is over it is refused, and what is within it goes on."""

    def test_swarms_of_one_connection(self, start):
        server = start("[tracker]\nhashes = 3\n")
        with Peer(server) as ann:
            hashes = [new_id() for _ in range(4)]
            for hash in hashes[:3]:
                assert counts(ann.start(hash)) == (0, 1)
            assert failure(ann.start(hashes[3])) == "this connection is in as many swarms as it may be"
            assert counts(ann.announce(hashes[0])) == (0, 1)
            ann.announce(hashes[1], "stopped")
            assert counts(ann.start(hashes[3])) == (0, 1)
            assert swarm(server, hashes[1])["incomplete"] == 0

    def test_peers_of_one_swarm(self, start):
        server, hash = start("[tracker]\npeers = 2\n"), new_id()
        with Peer(server) as ann, Peer(server) as bo, Peer(server) as lee:
            ann.start(hash)
            bo.start(hash)
            assert failure(lee.start(hash)) == "the swarm has as many peers as it may"
            assert counts(bo.announce(hash, "stopped")) == (0, 1)
            assert counts(lee.start(hash)) == (0, 2)

    def test_swarms_in_all(self, start):
        server = start("[server]\nworkers = 3\n[tracker]\nswarms = 10\n")
        hashes = [new_id() for _ in range(11)]
        with Peer(server) as ann, Peer(server) as bo:
            for hash in hashes[:10]:
                ann.start(hash)
            assert failure(bo.start(hashes[10])) == "the tracker has as many swarms as it may"
            assert counts(bo.start(hashes[0])) == (0, 2), "one that is there"
            ann.announce(hashes[5], "stopped")
            assert counts(bo.start(hashes[10])) == (0, 1)

    def test_offers_and_hashes(self, start):
        server, hash = start("[tracker]\noffers = 1\nscrape = 2\n"), new_id()
        with Peer(server) as ann:
            assert counts(ann.offer(hash, (new_id(), 1))) == (0, 1)
            assert failure(ann.offer(hash, (new_id(), 1), (new_id(), 2))) == "too many offers"
            assert failure(ann.scrape(hash, new_id(), new_id())) == "too many info_hashes"

    def test_bytes_of_a_message(self, start):
        server, hash = start('[tracker]\nmessage_bytes = "2 KiB"\n'), new_id()
        with Peer(server) as ann:
            assert counts(ann.offer(hash, (new_id(), "x" * 1500))) == (0, 1)
            ann.announce_only(hash, offers=[{"offer_id": new_id(), "offer": "x" * 2500}])
            assert close_code(ann) == 1009

    def test_messages_that_come_too_fast(self, start):
        """One more than may come is refused, and says of which swarm; whoever goes on like that is put out."""
        server, hash = start("[tracker]\nmessage_rate = 1\nmessage_burst = 4\n"), new_id()
        refused = {"failure reason": TOO_MANY, "action": "announce", "info_hash": hash}
        with Peer(server) as ann:
            until(lambda: ann.announce(hash, "started") == refused, "it has said too much")
            with suppress(ConnectionClosed):
                for _ in range(50):
                    ann.announce_only(hash, "started")
            assert close_code(ann) == 1008
        until(lambda: swarm(server, hash) == {"complete": 0, "incomplete": 0, "downloaded": 0}, "it is gone")


@pytest.mark.parametrize("limit", ["offer", "told"])
def test_a_flood_of_offers(start, limit):
    """However fast somebody announces himself: others do not hear of all that he offers."""
    server, hash = start(f"[tracker]\nmessage_rate = 0\n{limit}_rate = 1\n{limit}_burst = 3\n"), new_id()
    with Peer(server) as ann, Peer(server) as bo:
        bo.start(hash)
        ann.start(hash)
        for _ in range(400):
            assert counts(ann.offer(hash, (new_id(), 1))) == (0, 2)
        bo.send(action="scrape", info_hash=[hash])
        heard = 0
        while "offer" in bo.next():
            heard += 1
        assert 3 <= heard < 60


def test_who_does_not_read(start):
    """He hears of no more offers, and stays; so does whoever makes them."""
    server, hash = start('[limits]\noutbox_bytes = "64 KiB"\n[tracker]\nmessage_rate = 0\noffer_rate = 0\ntold_rate = 0\n'), new_id()
    server.still_serves()
    before = sockets(server.pid)
    with Peer(server) as ann, Peer(server, max_queue=1) as deaf:
        deaf.start(hash)
        ann.start(hash)
        offer = {"sdp": "x" * 50_000}

        def is_withheld() -> bool:
            assert counts(ann.offer(hash, (new_id(), offer))) == (0, 2)
            return server.counted("hubbub_tracker_withheld_total") > 0

        until(is_withheld, "he is told of no more")
    until(lambda: sockets(server.pid) <= before, "all are gone")
    server.still_serves()


@pytest.mark.parametrize("workers", [1, 3])
def test_five_thousand_come_and_go(start, workers):
    """Some leave, some close, some are cut off. Of none anything stays."""
    server = start(f"[server]\nworkers = {workers}\n[tracker]\nmessage_rate = 0\n")
    server.still_serves()
    before = sockets(server.pid)

    def visit():
        number = next(NUMBERS)
        peer = Peer(server)
        peer.start(new_id())
        peer.start(HASH, left=number % 2)
        peer.offer(HASH, *((new_id(), {"sdp": "x" * 500}) for _ in range(5)))
        if number % 3 == 0:
            peer.announce_only(HASH, "stopped")
        cut(peer) if number % 3 == 1 else peer.close()

    def round():
        at_once([lambda: [visit() for _ in range(125)]] * 5)
        until(lambda: sockets(server.pid) <= before, "the connections are gone")
        until(lambda: server.counted("hubbub_tracker_peers") == 0, "and so are their peers")
        return held(server.pid)

    for _ in range(3):
        first = round()
    for _ in range(5):
        last = round()
    assert server.counted("hubbub_tracker_swarms") == 0
    assert last - first < 8 * MIB
    server.still_serves()
