"""coturn's own tools, as Debian packages them: `turnutils_stunclient` and `turnutils_uclient`, over UDP, TCP and TLS at once.

They have habits of long ago: channel numbers up to 0x7FFF, pairs of ports for RTP and RTCP, credentials made from the secret.
"""

import re

import pytest
from hubbub_test.together import at_once
from hubbub_test.waiting import until
from turn import coturn
from turn.servers import HOST, Turn

# One worker: a reserved port can be had from the worker that was asked for it, and clients cannot choose theirs.
COMMON = {"allocations_per_user": 1000, "args": ("--workers", "1")}
WAYS = {"UDP": (), "TCP": ("-t",), "TLS": ("-t", "-S")}


@pytest.fixture(scope="module")
def server():
    with Turn(old_channels=True, relay_bind=["127.0.0.1", "::1"], **COMMON) as running:
        yield running


def nothing_lost(server: Turn, sent: int, *options, **more):
    """By each way so many are sent, relayed and received. Over TLS the server alone is asked what became of them: there the
    client takes all it reads at once for one message."""
    names = ("packets_to_peers", "packets_to_clients", "dropped")
    before = [server.tally(name) for name in names]
    outcomes = at_once(lambda way=way: coturn.uclient(server, *way, *options, **more) for way in WAYS.values())
    assert [outcome.sent for outcome in outcomes] == [sent] * 3
    relayed = lambda: [server.tally(name) - was for name, was in zip(names, before)]  # noqa: E731
    until(lambda: relayed() == [3 * sent, 3 * sent, 0], f"{3 * sent} are relayed, not {relayed()}")
    assert [outcome.lost for outcome in outcomes[:2]] == [0, 0], outcomes


def test_stunclient(server):
    said = coturn.run("turnutils_stunclient", "-p", server.port, "-L", "127.0.0.77", HOST)
    assert re.search(r"UDP reflexive addr: 127\.0\.0\.77:\d+", said)


def test_to_a_peer_by_channels(server):
    with coturn.echo() as port:
        nothing_lost(server, 40, "-e", HOST, "-r", port, "-c")


def test_to_a_peer_by_indications():
    """`-s`: nothing of RFC 5766 is needed."""
    with Turn(**COMMON) as server, coturn.echo() as port:
        nothing_lost(server, 40, "-s", "-e", HOST, "-r", port, "-c")


def test_from_client_to_client(server):
    nothing_lost(server, 80, "-y", "-c", clients=4)


def test_from_client_to_client_by_indications(server):
    nothing_lost(server, 80, "-y", "-s", "-c", clients=4)


def test_relays_in_pairs_for_rtp_and_rtcp(server):
    """Without `-c`: EVEN-PORT, and the next port by RESERVATION-TOKEN from another connection."""
    nothing_lost(server, 80, "-y", clients=4)


def test_large_odd_and_many(server):
    """`-G`: permissions and channels are asked for again and again."""
    nothing_lost(server, 250, "-y", "-c", "-G", "-l", 1171, clients=10, messages=25)


def test_dont_fragment(server):
    with coturn.echo() as port:
        nothing_lost(server, 40, "-g", "-e", HOST, "-r", port, "-c")


def test_relays_of_ipv6(server):
    nothing_lost(server, 80, "-x", "-y", "-c", clients=4)


def test_clients_of_ipv6():
    with Turn(hosts=("::1",), old_channels=True, relay_bind=["::1"], **COMMON) as server, coturn.echo("::1") as port:
        nothing_lost(server, 40, "-x", "-e", "::1", "-r", port, "-c", host="::1")
