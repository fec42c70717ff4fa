"""TURN over TCP and TLS among everything else: connections that end, that stall, that say half of what they mean."""

import socket
import threading

import pytest
from hubbub_test.memory import MIB, held, sockets
from hubbub_test.server import PATIENCE
from hubbub_test.waiting import until
from turn.client import UDP, Client
from turn.links import Tcp, Tls
from turn.message import channel_data
from turn.peers import Peer
from turn.servers import Turn, source

RELAY = ("REQUESTED-TRANSPORT", UDP)


@pytest.fixture(scope="module")
def server():
    with Turn("[limits]\nheader_timeout = 2\n", args=("--workers", "1")) as running:
        yield running


@pytest.fixture(params=["tcp", "tls"])
def client(request, server):
    with Client(server, request.param) as one:
        yield one


@pytest.fixture
def peer():
    with Peer() as one:
        yield one


def test_byte_by_byte(client, peer):
    """A stream has no edges."""
    client.challenge()
    request = client.signed("Allocate", RELAY)
    for byte in request:
        client.link.send_bytes(bytes([byte]))
    relayed = client.answer(request).address("XOR-RELAYED-ADDRESS")
    client.bind(peer.address)
    for byte in channel_data(0x4000, b"hello", padded=True):
        client.link.send_bytes(bytes([byte]))
    assert peer.hears() == (b"hello", relayed)


def test_all_at_once(client, peer):
    client.allocate()
    client.bind(peer.address)
    requests = [client.signed("Refresh", ("LIFETIME", 600 + number)) for number in range(20)]
    data = [channel_data(0x4000, b"x" * number, padded=True) for number in range(20)]
    client.link.send_bytes(b"".join(one for pair in zip(requests, data) for one in pair))
    for number, request in enumerate(requests):
        assert client.answer(request).number("LIFETIME") == 600 + number
        assert peer.hears()[0] == b"x" * number


@pytest.mark.parametrize("end", ["close", "abort"])
def test_a_lost_connection_is_a_lost_relay(server, client, peer, end):
    """RFC 8656 section 3.1: its port is free at once."""
    client.allocate()
    client.permit(peer.address)
    client.link.abort() if end == "abort" else client.close()
    until(lambda: server.tally("allocations") == 0, "the allocation is gone")
    assert server.tally("relays") == 0
    with Peer(*client.relayed) as successor:
        assert successor.address == client.relayed


def test_the_next_connection_from_the_same_port_is_another(server, peer):
    at = source()
    with Client(server, "tcp", at=at) as client:
        client.allocate()
        port = client.link.address[1]
        client.link.abort()
    until(lambda: server.tally("allocations") == 0, "the allocation is gone")
    link = Tcp(server.where, (at, port))
    with Client(server, "udp") as again:
        again.link, again.realm = link, None
        assert again.request("Refresh").code == 437


def test_half_a_message_and_no_more(server, client):
    """The rest must come before what `limits.header_timeout` says, as with any protocol's first bytes."""
    client.link.send_bytes(client.write("Allocate", RELAY)[:21])
    assert client.is_cut_off()
    server.still_serves()


def test_half_messages_cost_no_more_than_they_are(server):
    """A length is a claim: nothing is set aside for what has not come."""
    before = held(server.pid)
    links = [Tcp(server.where, (source(), 0)) for _ in range(500)]
    for link in links:
        link.send_bytes(channel_data(0x4000, b"", padded=True)[:2] + b"\xff\xf0" + b"x" * 100)
    for link in links[:250]:
        link.send_bytes(b"y" * 100)
    server.still_serves()
    assert held(server.pid) - before < 16 * MIB
    for link in links:
        link.close()
    until(lambda: sockets(server.pid) < 100, "the connections are gone")


def flood(server: Turn, peer: Peer, client: Client, megabytes: int):
    """The peer sends until the relay has taken so much, or dropped it."""
    seen = lambda: server.tally("bytes_to_clients")  # noqa: E731
    wanted = seen() + megabytes * 1_000_000
    while seen() < wanted:
        for _ in range(500):
            peer.tell(client.relayed, bytes(1200))


def test_a_client_that_does_not_read(server, client, peer):
    """What its peer sends is dropped then, as a full link would do; nothing piles up, and nobody else notices."""
    client.allocate()
    client.bind(peer.address)
    with Client(server, "tcp") as other, Peer() as friend:
        other.allocate()
        other.bind(friend.address)
        flood(server, peer, client, 20)
        before = held(server.pid)
        flood(server, peer, client, 100)
        assert held(server.pid) - before < 2 * MIB
        assert server.tally("dropped") > 0
        for _ in range(100):
            other.tell_by(0x4000, b"ping")
            assert friend.hears()[0] == b"ping"
            friend.tell(other.relayed, b"pong")
            assert other.data().payload == b"pong"
    heard = None
    while heard != b"the last":
        peer.tell(client.relayed, b"the last")  # dropped as well as long as there is no room
        heard = client.data().payload
        assert heard in (bytes(1200), b"the last"), "what does come is whole"
    assert client.refresh(600) == 600


def test_garbage_ends_the_link_alone(server, client, peer):
    client.allocate()
    client.permit(peer.address)
    with Client(server, "tcp") as bad, Client(server, "tls") as worse:
        for one in (bad, worse):
            one.allocate()
            one.link.send_bytes(b"\xff" * 100)
            assert one.is_cut_off()
    client.tell(peer.address, b"still here")
    assert peer.hears()[0] == b"still here"
    until(lambda: server.tally("allocations") == 1, "theirs are gone")


def test_a_client_that_says_goodbye_with_tls(server, peer):
    with Client(server, "tls") as client:
        client.allocate()
        client.link.socket.unwrap().close()
        until(lambda: server.tally("allocations") == 0, "the allocation is gone")


def test_a_client_that_shuts_its_mouth(server, client, peer):
    """Half a close is the end too: nothing can be refreshed any more."""
    client.allocate()
    client.link.socket.shutdown(socket.SHUT_WR)
    assert client.is_cut_off()
    until(lambda: server.tally("allocations") == 0, "the allocation is gone")


@pytest.mark.parametrize("alpn", [("stun.turn",), ("stun.nat-discovery",), ("stun.turn", "http/1.1"), ()])
def test_alpn(server, alpn):
    """RFC 7443: clients may say that they want TURN."""
    with Client(server, "tls", alpn=alpn) as client:
        assert client.link.alpn == (alpn[0] if alpn else None)
        if "stun.nat-discovery" not in alpn:
            client.allocate()
        assert client.ask(client.write("Binding")).address("XOR-MAPPED-ADDRESS") == client.link.address


def test_turned_off():
    """No port of UDP, and on TCP and TLS nobody who answers."""
    with Turn(enabled=False) as server:
        with Client(server) as client:
            client.send(client.write("Binding"))
            with pytest.raises(ConnectionRefusedError):
                client.receive()
        for transport in ("tcp", "tls"):
            with Client(server, transport) as client:
                client.send(client.write("Binding"))
                client.send(client.write("Binding"))
                assert client.link.socket.recv(2)[:1] in (b"", b"H")  # nothing, or an error in HTTP
        server.still_serves()


def test_more_data_than_a_moment_takes(client, peer):
    """Both ways at once, as fast as they can; on a stream nothing that the client sends is lost before the relay."""
    client.allocate()
    channel = client.bind(peer.address)
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * MIB)
    heard = []

    def listen():
        while len(heard) < 2000:
            heard.append(peer.hears()[0])
            peer.tell(client.relayed, heard[-1])

    listener = threading.Thread(target=listen)
    listener.start()
    for number in range(2000):
        client.tell_by(channel, number.to_bytes(2) * 100)
    listener.join(PATIENCE)
    assert heard == [number.to_bytes(2) * 100 for number in range(2000)]
    assert client.data().payload == heard[0]


def test_tls_is_no_other_server(server, peer):
    """A client in the clear and one inside TLS are two, and reach each other."""
    with Client(server, "tcp") as plain, Client(server, "tls") as secret:
        assert isinstance(secret.link, Tls)
        plain.allocate(), secret.allocate()
        plain.permit(secret.relayed), secret.permit(plain.relayed)
        plain.tell(secret.relayed, b"hello")
        assert secret.data().payload == b"hello"
