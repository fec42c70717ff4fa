"""`turn-client-proto`: a client of TURN in Rust that knows nothing of us, with peers on plain sockets and with its like.

Over TCP it neither pads ChannelData to four bytes nor expects that of others, as RFC 8656 section 12.5 demands of both; so what it sends
on a channel has whole words.
"""

import pytest
from hubbub_test.certificates import server_context
from hubbub_test.program import Program, rust_client
from hubbub_test.waiting import until
from turn import message as turn_message
from turn.message import Address
from turn.peers import Peer
from turn.servers import Turn, credentials, user

TRANSPORTS = ["udp", "tcp", "tls"]
SIZES = [0, 1, 2, 3, 4, 5, 120, 1200, 1472]
WHOLE_WORDS = [size for size in SIZES if size % 4 == 0]


@pytest.fixture(scope="module")
def program() -> str:
    return rust_client("rust-turn-client")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    _, authority = server_context(folder)
    config = f"""
        [tls]
        certificate_files = ["{folder}/server.pem"]
        key_files = ["{folder}/key.pem"]
    """
    with Turn(config) as running:
        running.authority = authority
        yield running


@pytest.fixture
def start(program, server):
    """Starts a client; whoever is still there at the end leaves."""
    started = []

    def start(transport: str, integrity: str = "sha1", known: tuple[str, str] | None = None) -> Program:
        address = "{}:{}".format(*server.where)
        client = Program(program, address, transport, integrity, *(known or credentials(user())), str(server.authority))
        started.append(client)
        return client

    yield start
    for client in started:
        assert client.leave() == 0
    until(lambda: server.counted("hubbub_turn_allocations") == 0, "all allocations are given back")


def written(address: Address) -> str:
    return "{}:{}".format(*address)


def read(address: str) -> Address:
    host, port = address.rsplit(":", 1)
    return host, int(port)


def talk(client: Program, relayed: Address, peer: Peer, sizes: list[int]):
    """Something of each size goes to the peer and comes back."""
    for size in sizes:
        payload = bytes((size + place) % 256 for place in range(size))
        client.say("send", written(peer.address), list(payload))
        assert peer.hears() == (payload, relayed)
        peer.tell(relayed, payload[::-1])
        assert client.hears("heard") == [written(peer.address), list(payload[::-1])]


@pytest.mark.parametrize("integrity", ["sha1", "sha256"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_permission_and_channel(start, transport, integrity):
    client = start(transport, integrity)
    relayed = read(*client.hears("allocated"))
    with Peer() as peer, Peer() as stranger:
        client.say("permit", peer.address[0])
        assert client.hears("permitted") == [peer.address[0]]
        stranger.tell(relayed, b"nobody asked me")
        talk(client, relayed, peer, SIZES)
        client.say("bind", written(peer.address))
        assert client.hears("bound") == [written(peer.address)]
        stranger.tell(relayed, b"and again")
        talk(client, relayed, peer, SIZES if transport == "udp" else WHOLE_WORDS)


@pytest.mark.parametrize("there", TRANSPORTS)
@pytest.mark.parametrize("here", TRANSPORTS)
def test_from_relay_to_relay(start, here, there):
    """Two clients that know each other's relays only."""
    clients = [start(here), start(there)]
    relays = [client.hears("allocated")[0] for client in clients]
    for client, other in zip(clients, reversed(relays)):
        client.say("bind", other)
        assert client.hears("bound") == [other]
    for count in range(50):
        for (client, other), (relay, other_relay) in zip([clients, clients[::-1]], [relays, relays[::-1]]):
            client.say("send", other_relay, [count, 1, 2, 3])
            assert other.hears("heard") == [relay, [count, 1, 2, 3]]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_refused(start, transport):
    client = start(transport)
    client.hears("allocated")
    for address in ["10.0.0.1", "169.254.169.254", "0.0.0.0"]:
        client.say("permit", address)
        assert address in client.hears("refused")[0]
    client.say("bind", "192.168.0.1:5000")
    assert "192.168.0.1:5000" in client.hears("refused")[0]


@pytest.mark.parametrize("integrity", ["sha1", "sha256"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_wrong_credentials(start, transport, integrity):
    """It makes nothing of being refused twice."""
    name, password = credentials(user())
    expired = credentials(user(), lifetime=-1)
    for known in [(name, password[::-1]), expired]:
        (answer,) = start(transport, integrity, known).hears("ignored")
        assert turn_message.read(bytes(answer)).code == 401
