"""Runs the tables `tests/bad_input/turn_*.md`, row by row, over each transport. After each the server still serves."""

import pytest
from hubbub_test import table
from hubbub_test.waiting import until
from turn import notation
from turn.client import Client
from turn.message import write
from turn.peers import Peer
from turn.servers import Turn

TRANSPORTS = ("udp", "tcp", "tls")


@pytest.fixture(scope="module")
def server():
    with Turn() as running:
        yield running


@pytest.fixture(scope="module")
def strict():
    """As it is delivered: no peer is allowed that the policy does not allow by itself. With relays of both families."""
    with Turn(allow=None, relay_bind=["127.0.0.1", "::1"]) as running:
        yield running


def rows(name: str):
    """One test for each row of a table."""
    return pytest.mark.parametrize("row", table.read(name), ids=table.name_of)


@pytest.mark.parametrize("transport", TRANSPORTS)
@rows("turn_requests")
def test_request(server, row, transport):
    with Client(server, transport) as client:
        for method, pairs in notation.requests(row["before"]):
            client.succeed(method, *pairs)
        method, pairs = notation.request(row["request"])
        if row["gets"] == "silence":
            client.challenge()
            client.send(client.signed(method, *pairs))
            client.hears_nothing()
        else:
            notation.expect(client.request(method, *pairs), row["gets"])


@pytest.fixture(scope="module")
def of_both_families(strict):
    """A client with a relay of each family."""
    with Client(strict) as client:
        client.allocate(("ADDITIONAL-ADDRESS-FAMILY", 2))
        yield client


@rows("turn_peers")
def test_peer(strict, of_both_families, row):
    client, peer = of_both_families, (row["peer"], 9)
    refused = strict.tally("peers_refused")
    notation.expect(client.request("CreatePermission", ("XOR-PEER-ADDRESS", peer)), row["gets"])
    if row["gets"] == "success":
        return
    channel = ("CHANNEL-NUMBER", 0x4000)
    notation.expect(client.request("ChannelBind", channel, ("XOR-PEER-ADDRESS", peer)), row["gets"])
    client.tell(peer, b"let me in")
    client.hears_nothing()
    until(lambda: strict.tally("peers_refused") == refused + 3, "all three are refused")


@pytest.mark.parametrize("transport", TRANSPORTS)
@rows("turn_bytes")
def test_bytes(server, row, transport):
    with Client(server, transport) as client:
        client.allocate()
        if transport == "udp":
            client.send(notation.raw(row["bytes"]))
            client.hears_nothing()
            client.refresh(600)
            return
        client.link.send_bytes(notation.raw(row["bytes"]))
        if row["on a stream"] == "closed":
            client.send(client.write("Binding"))  # what else is a part of a message?
            assert client.is_cut_off()
        elif row["on a stream"] == "silence":
            client.hears_nothing()
            client.refresh(600)
    with Client(server, transport) as another, Peer() as peer:
        another.allocate()
        another.permit(peer.address)
        another.tell(peer.address, b"still here")
        assert peer.hears() == (b"still here", another.relayed)


@pytest.mark.parametrize("transport", TRANSPORTS[1:])
@rows("turn_bytes")
def test_first_bytes_of_a_connection(server, row, transport):
    """The same before anything is known of the connection: it may be of any protocol, and the server stays."""
    with Client(server, transport) as client:
        client.link.send_bytes(notation.raw(row["bytes"]))
    with Client(server, transport) as another:
        assert another.ask(write("Binding", "request", [])).address("XOR-MAPPED-ADDRESS") == another.link.address
    server.still_serves()
