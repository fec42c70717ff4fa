"""What is off unless the operator wants it: NAT discovery (RFC 5780), mobility (RFC 8016), relays of TCP (RFC 6062); by coturn's own tools."""

import re

import pytest
from turn import coturn
from turn.client import UDP, Client
from turn.links import Udp
from turn.servers import HOST, Turn, free_port, source

ALTERNATE = "127.0.0.2"
TCP = 6
# CHANGE-REQUEST (RFC 5780 section 7.2): from another IP and another port.
CHANGE_BOTH = ("CHANGE-REQUEST", bytes([0, 0, 0, 6]))


@pytest.fixture
def alternate():
    return f"{ALTERNATE}:{free_port(ALTERNATE)}"


def test_what_nat_there_is(alternate):
    """On loopback: none."""
    with Turn(other=alternate, args=("--workers", "2")) as server:
        said = coturn.run("turnutils_natdiscovery", "-m", "-f", "-p", server.port, HOST)
    assert re.findall(r"Other addr: : (\S+)", said).count(alternate) == 3
    assert f"Response origin: : {alternate}" in said
    assert "NAT with Endpoint Independent Mapping!" in said and "NAT with Endpoint Independent Filtering!" in said


def test_without_a_second_address_nobody_is_answered_from_elsewhere():
    with Turn() as server, Client(server) as client:
        assert client.ask(client.write("Binding", CHANGE_BOTH)).code == 420


@pytest.mark.parametrize("workers", [1, 3])
def test_an_allocation_goes_with_its_client(workers):
    """`-M`: the clients move to other ports, which the system may give to other workers, and lose nothing."""
    with Turn(mobility=True, old_channels=True, args=("--workers", workers)) as server, coturn.echo() as port:
        assert coturn.uclient(server, "-M", "-e", HOST, "-r", port, "-c", clients=4) == coturn.Outcome(80, 80, 0)


@pytest.mark.parametrize("way", [("-t",), ("-t", "-S")], ids=["TCP", "TLS"])
@pytest.mark.parametrize("workers", [1, 3])
def test_relays_of_tcp(way, workers):
    """`-T -y`: clients call each other's relays."""
    with Turn(tcp_relays=True, args=("--workers", workers)) as server:
        assert coturn.uclient(server, *way, "-T", "-y", "-c") == coturn.Outcome(40, 40, 0)


def test_where_they_are_off_there_are_no_relays_of_tcp():
    with Turn() as server, Client(server, "tcp") as client:
        assert client.request("Allocate", ("REQUESTED-TRANSPORT", TCP)).code == 442


def test_an_allocation_is_refreshed_from_another_address():
    """RFC 8016 section 3.2.1, step by step."""
    with Turn(mobility=True, args=("--workers", "1")) as server, Client(server) as client:
        ticket = client.succeed("Allocate", ("REQUESTED-TRANSPORT", UDP), ("MOBILITY-TICKET", b"")).get("MOBILITY-TICKET")
        client.link.close()
        client.link = Udp(server.where, (source(), 0))
        stale = client.request("Refresh", ("LIFETIME", 600), ("MOBILITY-TICKET", ticket))
        assert stale.code == 438
        client.nonce = stale.get("NONCE")
        moved = client.succeed("Refresh", ("LIFETIME", 600), ("MOBILITY-TICKET", ticket))
        assert moved.get("MOBILITY-TICKET") not in (b"", ticket)
        assert client.refresh(0) == 0


def test_where_it_is_off_no_ticket_is_given():
    with Turn() as server, Client(server) as client:
        answer = client.request("Allocate", ("REQUESTED-TRANSPORT", UDP), ("MOBILITY-TICKET", b""))
        assert answer.code == 405
