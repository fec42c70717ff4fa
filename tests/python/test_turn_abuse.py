"""What nobody gets out of STUN and TURN: memory, answers, ports and bytes that are not his."""

import os
import socket
import time
from contextlib import ExitStack

import pytest
from hubbub_test.memory import MIB, held
from hubbub_test.waiting import until
from turn.client import UDP, Client
from turn.message import fingerprinted, long_term_key, protected, write
from turn.peers import Peer
from turn.servers import HOST, REALM, Turn, credentials, free_port, source, user

RELAY = ("REQUESTED-TRANSPORT", UDP)
ONE_WORKER = ("--workers", "1")  # what counts for each worker


@pytest.fixture
def start():
    running = []

    def make(**settings) -> Turn:
        running.append(Turn(args=ONE_WORKER, **settings).start())
        return running[-1]

    yield make
    for one in running:
        one.stop()


# Reflection: NETSCOUT 2021.


@pytest.mark.parametrize(("host", "length"), [("127.0.0.1", 32), ("::1", 44)])
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_binding_answer_is_as_short_as_can_be(transport, host, length):
    with Turn(hosts=(host,)) as server, Client(server, transport) as client:
        answer = client.ask(client.write("Binding"))
        assert len(answer.raw) == length
        assert [name for name, _ in answer.attributes] == ["XOR-MAPPED-ADDRESS"]
        assert answer.address("XOR-MAPPED-ADDRESS") == client.link.address


def test_what_a_binding_request_has_is_not_sent_back(start):
    with Client(start()) as client:
        much = client.write("Binding", ("SOFTWARE", "x" * 700), (0xC001, b"y" * 400))
        assert len(client.ask(much).raw) == 32
        assert len(client.ask(fingerprinted(client.write("Binding"))).raw) == 32 + 8
        unknown = client.ask(client.write("Binding", (0x7F01, b"")))
        assert (unknown.code, unknown.unknown) == (420, [0x7F01])


def test_a_challenge_is_short(start):
    with Client(start()) as client:
        assert len(client.challenge().raw) <= 128


def answers_in_time(client: Client, requests: list[bytes], per_second: int, burst: int):
    """So many are answered as there may be, and no more; the rest in silence."""
    begin = time.monotonic()
    answered = set()
    with Client(client.server) as other:
        for number, request in enumerate(requests, 1):
            client.send(request)
            if number % 50 == 0:  # all before has been handled then: there is one worker
                other.ask(other.write("Binding"))
    client.link.socket.setblocking(False)
    try:
        while True:
            answered.add(client.link.receive()[8:20])
    except BlockingIOError:
        pass
    most = burst + per_second * (time.monotonic() - begin + 1)
    assert burst <= len(answered) <= min(most, len(requests) - 1)


def test_challenges_per_source(start):
    """coturn #1999: whoever forges a victim's address makes us send it no more than this."""
    server = start(challenges_per_second=10)
    with Client(server) as client, Client(server) as bystander:
        requests = [client.write("Allocate", RELAY) for _ in range(1500)]
        answers_in_time(client, requests, 10, 60)
        bystander.allocate()  # others have budgets of their own


def test_challenges_are_counted_for_all_ports_of_a_source(start):
    server = start(challenges_per_second=1)
    at = source()
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server, at=at)) for _ in range(200)]
        for client in clients:
            client.send(client.write("Allocate", RELAY))
        until(lambda: server.tally("over_budget") + server.tally("challenges") == 200, "all were handled")
        assert server.tally("over_budget") >= 100


def test_wrong_requests_are_counted_too(start):
    """Whatever is answered to somebody unproven: here 400, 401 and 438."""
    server = start(challenges_per_second=10)
    with Client(server) as client:
        client.challenge()
        wrong = [{"without": ("REALM",)}, {"password": "wrong"}, {"nonce": b"made up"}]
        requests = [client.signed("Allocate", RELAY, **wrong[number % 3]) for number in range(1500)]
        answers_in_time(client, requests, 10, 59)


def test_bindings_per_source(start):
    server = start(bindings_per_second=50)
    with Client(server) as client:
        answers_in_time(client, [client.write("Binding") for _ in range(3000)], 50, 200)


def test_whoever_has_a_relay_may_ask_as_often_as_he_likes(start):
    server = start(challenges_per_second=1)
    with Client(server) as client:
        client.allocate()
        for _ in range(500):
            assert client.refresh(600) == 600


# No state before a valid nonce: coturn #1999, #1957.


def strangers(server: Turn, requests: int):
    """Allocates from so many addresses and ports as there are requests: bare ones, and ones with a nonce made up and a good code."""
    username, password = credentials(user())
    key = long_term_key(username, REALM, password)
    about_me = [("USERNAME", username), ("REALM", REALM), ("NONCE", b"obMatJos2gAAA" + b"A" * 22)]
    with Client(server) as guide:
        for number in range(requests):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind((f"127.{100 + number % 100}.{number // 100 % 250}.{1 + number // 25_000}", 0))
                bare = write("Allocate", "request", [RELAY])
                signed = protected(write("Allocate", "request", [RELAY, *about_me]), key)
                stranger.sendto(signed if number % 2 else bare, server.where)
            if number % 50 == 0:  # so that no datagram is lost on the way
                guide.ask(guide.write("Binding"))
        guide.ask(guide.write("Binding"))


def test_strangers_cost_nothing(start):
    """200,000 of them, as if their addresses were forged."""
    server = start(challenges_per_second=10)
    handled = lambda: server.tally("challenges") + server.tally("over_budget")  # noqa: E731
    strangers(server, 50_000)
    until(lambda: handled() == 50_000, "all have come")
    before = held(server.pid)
    strangers(server, 200_000)
    until(lambda: handled() == 250_000, "all have come")
    assert server.tally("allocations") == server.tally("allocations_made") == 0
    assert held(server.pid) - before < MIB


# Quotas.


def test_allocations_of_a_user(start):
    """Ghost Calls 2025: credentials that leak are of little use. The names of one user differ in when they end."""
    server = start(allocations_per_user=2)
    name = user()
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(Client(server, name=name)) for _ in range(3))
        third.username, third.password = credentials(name, 7200)
        first.allocate(), second.allocate()
        assert third.request("Allocate", RELAY).code == 486
        stack.enter_context(Client(server)).allocate()
        first.refresh(0)
        third.allocate()


def test_a_reserved_port_counts(start):
    server = start(allocations_per_user=2)
    with Client(server, name=(name := user())) as client, Client(server, name=name) as more:
        client.allocate(("EVEN-PORT", 0x80))
        assert more.request("Allocate", RELAY).code == 486


def test_allocations_of_all(start):
    """508 where others say 400 or 440: come back later."""
    server = start(allocations=2)
    with Client(server) as first, Client(server) as second, Client(server) as third:
        first.allocate(), second.allocate()
        assert third.request("Allocate", RELAY).code == 508
        second.refresh(0)
        third.allocate()


def test_permissions_of_an_allocation(start):
    """coturn #2017: one client fills the table of peers."""
    with Client(start(permissions=3)) as client:
        client.allocate()
        for number in (1, 2, 3, 1, 2):
            client.permit((f"127.9.0.{number}", 9))
        assert client.request("CreatePermission", ("XOR-PEER-ADDRESS", ("127.9.0.4", 9))).code == 508
        client.permit(("127.9.0.3", 10))
        channel = ("CHANNEL-NUMBER", 0x4000)
        assert client.request("ChannelBind", channel, ("XOR-PEER-ADDRESS", ("127.9.0.4", 9))).code == 508


def test_a_request_for_more_permissions_than_there_are(start):
    with Client(start(permissions=8)) as client:
        client.allocate()
        many = [("XOR-PEER-ADDRESS", (f"127.9.0.{number}", 9)) for number in range(1, 100)]
        assert client.request("CreatePermission", *many).code == 508


def test_channels_of_an_allocation(start):
    with Client(start(channels=2)) as client:
        client.allocate()
        client.bind(("127.9.0.1", 1), 0x4000), client.bind(("127.9.0.1", 2), 0x4001)
        third = ("CHANNEL-NUMBER", 0x4002), ("XOR-PEER-ADDRESS", ("127.9.0.1", 3))
        assert client.request("ChannelBind", *third).code == 508
        client.bind(("127.9.0.1", 2), 0x4001)


def three_ports() -> tuple[int, str]:
    """That are free, from an even one on, and how the setting says them."""
    while True:
        first = free_port() & ~1
        try:
            with Peer(HOST, first), Peer(HOST, first + 1), Peer(HOST, first + 2):
                return first, f"{first}-{first + 2}"
        except OSError:
            continue


def test_ports_run_out(start):
    first, ports = three_ports()
    server = start(relay_ports=ports)
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(4)]
        taken = {client.allocate()[1] for client in clients[:3]}
        assert taken == {first, first + 1, first + 2}
        assert clients[3].request("Allocate", RELAY).code == 508
        gone = clients[1].relayed
        clients[1].refresh(0)
        assert clients[3].allocate() == gone


def test_a_port_that_another_program_has(start):
    first, ports = three_ports()
    server = start(relay_ports=ports)
    with Peer(HOST, first), Peer(HOST, first + 2), Client(server) as client:
        assert client.allocate() == (HOST, first + 1)


def test_bandwidth_of_a_user(start):
    server = start(bandwidth="64 KiB", bandwidth_burst="64 KiB")
    with Client(server) as client, Peer() as peer, Client(server) as other, Peer() as friend:
        client.allocate()
        channel = client.bind(peer.address)
        begin = time.monotonic()
        for number in range(2000):
            client.tell_by(channel, bytes(1000))
            if number % 50 == 0:
                client.hears_nothing()
        handled = lambda: server.tally("packets_to_peers") + server.tally("over_bandwidth")  # noqa: E731
        until(lambda: handled() == 2000, "all are handled")
        most = 65536 + 65536 * (time.monotonic() - begin + 1)
        assert 64_000 <= server.tally("bytes_to_peers") <= min(most, 1_999_000)
        other.allocate()
        other.permit(friend.address)
        other.tell(friend.address, b"others are not concerned")
        assert friend.hears()[0] == b"others are not concerned"


# The server's own addresses.


def test_own_addresses_are_refused_but_for_relays(start):
    """coturn #1946, #584: what listens there is not for strangers, but two clients of one relay meet there."""
    server = start(announce=["93.184.215.14"], allow=None, relay_ports="49152-65535")
    with Client(server) as client:
        assert client.allocate()[0] == "93.184.215.14"
        client.permit(("93.184.215.14", 0))
        for port in (1, 22, server.port, 49151):
            pair = ("CHANNEL-NUMBER", 0x4000), ("XOR-PEER-ADDRESS", ("93.184.215.14", port))
            assert client.request("ChannelBind", *pair).code == 403
        client.tell(("93.184.215.14", server.port), b"let me in")
        client.hears_nothing()
        until(lambda: server.tally("peers_refused") == 5, "all are refused")
        client.bind(("93.184.215.14", 50_000))


def test_denied_goes_before_allowed(start):
    with Client(start(deny=["127.3.0.0/16"])) as client:
        client.allocate()
        assert client.request("CreatePermission", ("XOR-PEER-ADDRESS", ("127.3.0.1", 9))).code == 403
        client.permit(("127.4.0.1", 9))


def test_nobody_but_those_who_are_allowed(start):
    """Ghost Calls 2025: a relay to one's own servers alone is no tunnel."""
    with Client(start(only_allowed=True)) as client:
        client.allocate()
        assert client.request("CreatePermission", ("XOR-PEER-ADDRESS", ("8.8.8.8", 9))).code == 403
        client.permit(("127.4.0.1", 9))


# Memory that comes back.


def test_allocations_that_come_and_go(start):
    server = start()

    def a_round():
        with ExitStack() as stack:
            clients = [stack.enter_context(Client(server, ("udp", "tcp")[number % 2])) for number in range(200)]
            for client in clients:
                client.allocate(("LIFETIME", 600))
                for port in range(8):
                    client.bind(("127.9.0.1", 1 + port), 0x4000 + port)
            for client in clients[::2]:
                client.refresh(0)
        until(lambda: server.tally("relays") == 0, "all have ended, or their connections are lost")

    for _ in range(3):
        a_round()
    before = held(server.pid)
    for _ in range(5):
        a_round()
    assert held(server.pid) - before < 2 * MIB


def test_random_bytes(start):
    """What a fuzzer would send; the machine's own fuzz targets do more of it."""
    server = start()
    with Client(server) as client:
        client.allocate()
        for number in range(5_000):
            junk = os.urandom(number % 120)
            client.send(junk)
            client.send(write("Allocate", "request", [RELAY])[:number % 28] + junk)
            if number % 50 == 0:
                client.ask(client.write("Binding"))
                client.waiting.clear()
        assert client.refresh(600) == 600
    server.still_serves()
