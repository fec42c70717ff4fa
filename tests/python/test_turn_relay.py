"""What a relay does (RFC 8656), over UDP, TCP and TLS."""

import os
import struct

import pytest
from hubbub_test.waiting import until
from turn.client import UDP, Client
from turn.message import channel_data, xor_address
from turn.peers import Peer
from turn.servers import Turn, user

RELAY = ("REQUESTED-TRANSPORT", UDP)


@pytest.fixture(scope="module")
def server():
    with Turn(relay_bind=["127.0.0.1", "::1"], args=("--workers", "1")) as running:
        yield running


@pytest.fixture(params=["udp", "tcp", "tls"])
def client(request, server):
    with Client(server, request.param) as one:
        yield one


@pytest.fixture
def peer():
    with Peer() as one:
        yield one


def test_indications_both_ways(client, peer):
    client.allocate()
    client.permit(peer.address)
    client.tell(peer.address, b"is anybody there?")
    assert peer.hears() == (b"is anybody there?", client.relayed)
    peer.tell(client.relayed, b"yes")
    heard = client.data()
    assert (heard.payload, heard.peer) == (b"yes", peer.address)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 1199, 1200, 9000, 60000])
def test_channels_both_ways(client, peer, length):
    """With padding on streams (section 12.5), which nobody at the other end sees."""
    client.allocate()
    channel = client.bind(peer.address)
    payload = os.urandom(length)
    for _ in range(3):
        client.tell_by(channel, payload)
        assert peer.hears() == (payload, client.relayed)
        peer.tell(client.relayed, payload)
        heard = client.data()
        assert (heard.payload, heard.channel) == (payload, channel)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 1200, 60000])
def test_indications_of_every_length(client, peer, length):
    client.allocate()
    client.permit(peer.address)
    payload = os.urandom(length)
    client.tell(peer.address, payload)
    assert peer.hears()[0] == payload
    peer.tell(client.relayed, payload)
    assert client.data().payload == payload


def test_a_channel_is_a_permission(client, peer):
    """Section 12: the other sockets of the peer's host are heard too, by indications."""
    client.allocate()
    client.bind(peer.address)
    with Peer(peer.address[0]) as neighbour:
        neighbour.tell(client.relayed, b"me too")
        assert client.data().peer == neighbour.address
        client.tell(neighbour.address, b"you too")
        assert neighbour.hears()[0] == b"you too"


def test_padding_over_udp_is_not_needed(server, peer):
    """Section 12.5: it may be there, and it is not part of what is said."""
    with Client(server) as client:
        client.allocate()
        channel = client.bind(peer.address)
        for padded in (False, True):
            client.send(channel_data(channel, b"abcde", padded))
            assert peer.hears()[0] == b"abcde"


def test_bytes_behind_channel_data_are_not_said(server, peer):
    with Client(server) as client:
        client.allocate()
        channel = client.bind(peer.address)
        client.send(channel_data(channel, b"abcd") + b"more")
        assert peer.hears()[0] == b"abcd"


def test_nobody_is_told_without_permission(client, peer):
    client.allocate()
    client.tell(peer.address, b"not this")
    client.permit(peer.address)
    client.tell(peer.address, b"but this")
    assert peer.hears()[0] == b"but this"


def test_nobody_is_heard_without_permission(server, client, peer):
    client.allocate()
    unwanted = server.tally("unwanted")
    peer.tell(client.relayed, b"not this")
    until(lambda: server.tally("unwanted") > unwanted, "the server has dropped it")
    client.permit(peer.address)
    peer.tell(client.relayed, b"but this")
    assert client.data().payload == b"but this"


def test_a_permission_is_for_an_address_whatever_the_port(client, peer):
    """Section 9."""
    client.allocate()
    client.permit((peer.address[0], 1))
    client.tell(peer.address, b"hello")
    assert peer.hears()[0] == b"hello"


def test_permissions_are_all_or_none(client, peer):
    """Section 10.2: one that is refused takes the others with it."""
    client.allocate()
    pairs = [("XOR-PEER-ADDRESS", peer.address), ("XOR-PEER-ADDRESS", ("10.0.0.1", 9))]
    assert client.request("CreatePermission", *pairs).code == 403
    client.tell(peer.address, b"not this")
    client.permit(peer.address)
    client.tell(peer.address, b"but this")
    assert peer.hears()[0] == b"but this"


def test_a_channel_that_is_not_there(client, peer):
    client.allocate()
    client.permit(peer.address)
    client.tell_by(0x4000, b"not this")
    client.bind(peer.address, 0x4001)
    client.tell_by(0x4001, b"but this")
    assert peer.hears()[0] == b"but this"


def test_a_channel_of_somebody_else(server, client, peer):
    with Client(server) as other, Peer() as another:
        other.allocate()
        other.bind(another.address, 0x4000)
        client.allocate()
        client.bind(peer.address, 0x4001)
        client.tell_by(0x4000, b"not this")
        client.tell_by(0x4001, b"but this")
        assert peer.hears()[0] == b"but this"
        other.tell_by(0x4000, b"mine")
        assert another.hears()[0] == b"mine"


def test_two_clients_by_their_relays(server, client):
    with Client(server) as other:
        client.allocate(), other.allocate()
        client.bind(other.relayed), other.permit(client.relayed)
        client.tell_by(0x4000, b"from relay to relay")
        heard = other.data()
        assert (heard.payload, heard.peer) == (b"from relay to relay", client.relayed)
        other.tell(client.relayed, b"and back")
        assert client.data().channel == 0x4000


def test_the_same_request_again_has_the_same_answer(client):
    """Section 7.2: the answer may have been lost."""
    client.challenge()
    request = client.signed("Allocate", RELAY, ("LIFETIME", 900))
    first, second = client.ask(request), client.ask(request)
    assert first.raw == second.raw and first.kind == "success"


def test_somebody_elses_allocation(server, client):
    """Section 5: whoever comes from the same address with other credentials has no say."""
    client.allocate()
    mine = client.username, client.password
    with Client(server, name=user()) as other:
        client.username, client.password = other.username, other.password
    for method in ("Refresh", "CreatePermission", "ChannelBind"):
        assert client.request(method).code == 441
    client.username, client.password = mine
    assert client.refresh(700) == 700


def test_an_end_is_an_end(client, peer):
    """Section 8.2: the relay's port is closed, and the host says so."""
    client.allocate()
    client.permit(peer.address)
    assert client.refresh(0) == 0
    client.tell(peer.address, b"not this")
    client.hears_nothing()
    peer.socket.connect(client.relayed)
    peer.socket.send(b"anybody?")
    with pytest.raises(ConnectionRefusedError):
        peer.socket.recv(1)


def test_even_port_and_the_next(server, client):
    """Section 7.2: RTP and RTCP. The token is good once, for the same user."""
    answer = client.succeed("Allocate", RELAY, ("EVEN-PORT", 0x80))
    token, (host, port) = ("RESERVATION-TOKEN", answer.get("RESERVATION-TOKEN")), answer.address("XOR-RELAYED-ADDRESS")
    assert port % 2 == 0 and len(token[1]) == 8
    with Client(server) as thief:
        assert thief.request("Allocate", RELAY, token).code == 508
    with Client(server) as second, Client(server) as third, Peer() as peer:
        for one in (second, third):
            one.username, one.password = client.username, client.password
        assert second.allocate(token) == (host, port + 1)
        assert third.request("Allocate", RELAY, token).code == 508
        second.permit(peer.address)
        second.tell(peer.address, b"from the odd port")
        assert peer.hears() == (b"from the odd port", (host, port + 1))


def test_even_port(client):
    for _ in range(5):
        assert client.allocate(("EVEN-PORT", 0))[1] % 2 == 0
        client.refresh(0)


def test_both_families(client, peer):
    """Section 7.2: ADDITIONAL-ADDRESS-FAMILY. Each relay is refreshed, and ended, by itself or with the other."""
    answer = client.succeed("Allocate", RELAY, ("ADDITIONAL-ADDRESS-FAMILY", 2))
    of_v4, of_v6 = answer.addresses("XOR-RELAYED-ADDRESS")
    assert ":" not in of_v4[0] and ":" in of_v6[0]
    with Peer("::1") as peer6:
        client.permit(peer.address, peer6.address)
        for one, relayed in ((peer, of_v4), (peer6, of_v6)):
            client.tell(one.address, b"from both")
            assert one.hears() == (b"from both", relayed)
            one.tell(relayed, b"to both")
            assert client.data().peer == one.address
        assert client.refresh(0, ("REQUESTED-ADDRESS-FAMILY", 2)) == 0
        assert client.request("CreatePermission", ("XOR-PEER-ADDRESS", peer6.address)).code == 443
        client.tell(peer.address, b"still here")
        assert peer.hears()[0] == b"still here"


def test_a_relay_of_ipv6_alone(client, peer):
    client.allocate(("REQUESTED-ADDRESS-FAMILY", 2))
    assert client.request("CreatePermission", ("XOR-PEER-ADDRESS", peer.address)).code == 443
    with Peer("::1") as peer6:
        channel = client.bind(peer6.address)
        client.tell_by(channel, b"hello")
        assert peer6.hears() == (b"hello", client.relayed)
        peer6.tell(client.relayed, b"and back")
        assert client.data().channel == channel


def test_a_peer_that_is_gone(client):
    """Section 11.5: its host says port unreachable, and the client is told: ICMP type 3, code 3."""
    with Peer() as peer:
        gone = peer.address
    client.allocate()
    client.permit(gone)
    client.tell(gone, b"anybody?")
    told = client.receive()
    value = struct.pack("!HBBI", 0, 3 << 1, 3, 0)
    assert told[:2] == b"\x00\x17" and told[20:] == (
        struct.pack("!HH", 0x12, 8) + xor_address(gone, told[8:20]) + struct.pack("!HH", 0x8004, 8) + value
    )


def test_a_peer_of_ipv6_that_is_gone(client):
    with Peer("::1") as peer:
        gone = peer.address
    client.allocate(("REQUESTED-ADDRESS-FAMILY", 2))
    client.permit(gone)
    client.tell(gone, b"anybody?")
    told = client.receive()
    assert told[-8:] == struct.pack("!HBBI", 0, 1 << 1, 4, 0)  # ICMPv6: destination unreachable, port


def test_gone_peers_of_others_are_not_told(server, client, peer):
    """What went wrong for one client is not another's business, nor does it keep his packets."""
    with Peer() as short, Client(server) as other:
        gone = short.address
        short.close()
        other.allocate(), client.allocate()
        other.permit(gone), client.permit(peer.address)
        other.tell(gone, b"anybody?")
        assert other.receive()[:2] == b"\x00\x17"
        client.hears_nothing()
        client.tell(peer.address, b"hello")
        assert peer.hears()[0] == b"hello"


def test_dont_fragment(client, peer):
    """Section 14: DONT-FRAGMENT. What fits is sent; that it may not be cut is the kernel's to see."""
    client.allocate(("DONT-FRAGMENT", b""))
    client.permit(peer.address)
    client.tell(peer.address, b"in one piece", ("DONT-FRAGMENT", b""))
    assert peer.hears()[0] == b"in one piece"


def test_a_relay_is_let_go_after_its_lifetime(server):
    with Turn(lifetime="1 s") as short, Client(short) as client:
        assert client.succeed("Allocate", RELAY, ("LIFETIME", 1)).number("LIFETIME") == 1
        until(lambda: short.tally("allocations_made") == 1 and not short.tally("allocations"), "the allocation has ended")
        assert short.tally("relays") == 0
        assert client.request("Refresh").code == 437


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_clients_of_ipv6(transport):
    with Turn(hosts=("::1",), relay_bind=["::1"]) as server, Client(server, transport) as client, Peer("::1") as peer:
        client.allocate(("REQUESTED-ADDRESS-FAMILY", 2))
        channel = client.bind(peer.address)
        client.tell_by(channel, b"six")
        assert peer.hears() == (b"six", client.relayed)
        peer.tell(client.relayed, b"to six")
        assert client.data().payload == b"to six"
