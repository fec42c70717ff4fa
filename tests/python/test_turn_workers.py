"""Several workers share the ports of UDP: the system spreads clients over them, and nobody can tell."""

from contextlib import ExitStack

import pytest
from hubbub_test.waiting import until
from turn.client import UDP, Client
from turn.servers import Turn

CLIENTS = 40


@pytest.fixture
def server():
    with Turn(args=("--workers", "2")) as running:
        yield running


@pytest.fixture
def crowd(server):
    """Enough that each worker has some, over each transport."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server, ("udp", "tcp", "tls")[number % 3])) for number in range(CLIENTS)]
        for client in clients:
            client.allocate()
        yield clients


def test_from_worker_to_worker(server, crowd):
    until(lambda: server.tally("allocations") == CLIENTS, "all are counted")
    shares = server.tallies("allocations")
    assert len(shares) == 2 and all(shares.values()), shares
    for one, other in zip(crowd, crowd[1:] + crowd[:1]):
        one.bind(other.relayed, 0x4001)
        other.permit(one.relayed)
    for one, other in zip(crowd, crowd[1:] + crowd[:1]):
        one.tell_by(0x4001, one.username.encode())
        heard = other.data()
        assert heard.payload == one.username.encode()
    until(lambda: server.tally("packets_to_peers") == CLIENTS, "all are counted")
    until(lambda: server.tally("packets_to_clients") == CLIENTS, "all are counted")
    until(lambda: server.tally("relays") == CLIENTS, "all are counted")


def test_a_client_stays_with_its_worker(crowd):
    """Whatever its packets are, and whoever else comes and goes."""
    for client in crowd[::2]:
        client.refresh(0)
    for _ in range(5):
        for client in crowd[1::2]:
            assert client.refresh(700) == 700


def test_the_end_of_the_server_is_the_end_of_all(server, crowd):
    """SIGTERM: nobody waits for the lifetimes of allocations."""
    assert server.terminate() == 0
    for client in crowd:
        if client.link.is_stream:
            assert client.is_cut_off()


def test_allocations_end_on_every_worker(server, crowd):
    for client in crowd:
        client.close() if client.link.is_stream else client.refresh(0)
    until(lambda: server.tally("relays") == 0, "all relays are closed")
    assert server.tally("allocations_made") == CLIENTS


def test_a_reserved_port_is_there_for_whoever_holds_the_token(server):
    """The second connection may well come to another worker than the first, and what it sends from then on too."""
    relay = ("REQUESTED-TRANSPORT", UDP)
    for _ in range(10):
        with Client(server) as first, Client(server) as second:
            second.username, second.password = first.username, first.password
            answer = first.succeed("Allocate", relay, ("EVEN-PORT", 0x80))
            host, port = answer.address("XOR-RELAYED-ADDRESS")
            assert second.allocate(("RESERVATION-TOKEN", answer.get("RESERVATION-TOKEN"))) == (host, port + 1)
            second.permit(first.link.address)
            assert first.refresh(0) == second.refresh(0) == 0
