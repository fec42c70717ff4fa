"""What is at the server's own addresses and no relay is out of reach; who does nothing, or does not read, is not served for ever."""

import socket
from contextlib import ExitStack, closing

import pytest
from turn.client import Client
from turn.peers import Peer
from turn.servers import HOST, Turn

# What it is called outside; the machine does not have it.
ANNOUNCED = "198.51.100.7"
RANGE = "41000-41999"
TCP = 6


@pytest.fixture
def behind_nat():
    with Turn(args=("--workers", "1"), announce=[ANNOUNCED], relay_ports=RANGE, tcp_relays=True) as server:
        yield server


def listener(kind: int) -> socket.socket:
    """Somebody on loopback with a port that could be a relay's."""
    for port in range(41000, 42000):
        found = socket.socket(socket.AF_INET, kind)
        try:
            found.bind((HOST, port))
            return found
        except OSError:
            found.close()
    raise AssertionError("all ports are taken")


def test_relays_meet_under_the_announced_address(behind_nat):
    with Client(behind_nat) as one, Client(behind_nat) as other:
        assert one.allocate()[0] == other.allocate()[0] == ANNOUNCED
        one.permit(other.relayed)
        other.permit(one.relayed)
        one.tell(other.relayed, b"hello")
        said = other.data()
        assert (said.payload, said.peer) == (b"hello", one.relayed)


def test_who_listens_on_loopback_is_no_relay(behind_nat):
    with closing(listener(socket.SOCK_DGRAM)) as service, Client(behind_nat) as one, Client(behind_nat) as other:
        one.allocate()
        other.allocate()
        one.permit(other.relayed)
        other.permit(one.relayed)
        one.tell((ANNOUNCED, service.getsockname()[1]), b"to the service")
        # What is said afterwards has arrived: so would that.
        one.tell(other.relayed, b"to the relay")
        assert other.data().payload == b"to the relay"
        with pytest.raises(BlockingIOError):
            service.recv(100, socket.MSG_DONTWAIT)
        # Nor is a relay that was there before.
        gone = other.relayed
        assert other.refresh(0) == 0
        with Peer(HOST, gone[1]) as after, Client(behind_nat) as third:
            third.allocate()
            third.permit(one.relayed)
            one.permit(third.relayed)
            one.tell(gone, b"to who came after")
            one.tell(third.relayed, b"to the relay")
            assert third.data().payload == b"to the relay"
            after.socket.setblocking(False)
            with pytest.raises(BlockingIOError):
                after.socket.recv(100)


def test_nor_is_who_listens_on_tcp(behind_nat):
    with closing(listener(socket.SOCK_STREAM)) as service, Client(behind_nat, "tcp") as one:
        service.listen()
        service.setblocking(False)
        one.succeed("Allocate", ("REQUESTED-TRANSPORT", TCP))
        assert one.request("Connect", ("XOR-PEER-ADDRESS", (ANNOUNCED, service.getsockname()[1]))).code == 447
        with pytest.raises(BlockingIOError):
            service.accept()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_link_whose_allocation_has_ended_is_no_different_from_one_without(transport):
    config = '[limits]\nidle_timeout = "1 s"\n'
    with Turn(config, lifetime="1 s", lifetime_max="1 s") as server, Client(server, transport) as client:
        client.allocate()
        assert client.is_cut_off()


def test_who_does_not_read_is_not_read():
    with Turn() as server, closing(socket.create_connection(server.where)) as link, Client(server) as other:
        question = other.write("Binding")
        link.settimeout(2)
        with pytest.raises(TimeoutError):
            for _ in range(4096):
                link.sendall(question * 1024)
        other.allocate()


def test_everybody_on_a_stream_is_told_to_show_who_he_is():
    """There is but one request on a stream (RFC 8489 §6.2.2), and many may come from one address."""
    with Turn(args=("--workers", "1"), challenges_per_second=1) as server, ExitStack() as open_links:
        for _ in range(30):
            client = open_links.enter_context(Client(server, "tcp", at="127.9.9.9"))
            assert client.challenge().code == 401
        stranger = open_links.enter_context(Client(server, "tcp", at="127.9.9.9"))
        stranger.challenge()
        stranger.password = "a guess"
        guess = ("Allocate", ("REQUESTED-TRANSPORT", 17))
        assert [stranger.ask(stranger.signed(*guess)).code for _ in range(6)] == [401] * 6
        # Guesses are counted.
        stranger.send(stranger.signed(*guess))
        stranger.hears_nothing()
