"""aioice and aiortc: ICE and WebRTC in Python, through the relay alone, over UDP, TCP and TLS."""

import asyncio
import ssl

import pytest
from aioice.ice import Connection, TransportPolicy
from hubbub_test.tls import Authority, settings
from turn.calls import End, connect, ice_server, talk
from turn.servers import HOST, Turn, credentials, user

URLS = {
    "UDP": "turn:{host}:{port}?transport=udp",
    "TCP": "turn:{host}:{port}?transport=tcp",
    "TLS": "turns:{host}:{port}?transport=tcp",
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(authority):
    with Turn(settings(authority.issue("server"))) as running:
        yield running


def agent(server: Turn, way: str, authority: Authority, is_controlling: bool) -> Connection:
    username, password = credentials(user())
    context: ssl.SSLContext | bool = authority.context() if way == "TLS" else False
    return Connection(
        ice_controlling=is_controlling,
        turn_server=(HOST, server.port),
        turn_username=username,
        turn_password=password,
        turn_transport="udp" if way == "UDP" else "tcp",
        turn_ssl=context,
        transport_policy=TransportPolicy.RELAY,
    )


async def exchange(one: Connection, other: Connection):
    for end in (one, other):
        await end.gather_candidates()
        assert [candidate.type for candidate in end.local_candidates] == ["relay"]
    for end, peer in ((one, other), (other, one)):
        for candidate in peer.local_candidates:
            await end.add_remote_candidate(candidate)
        await end.add_remote_candidate(None)
        end.remote_username, end.remote_password = peer.local_username, peer.local_password
    await asyncio.gather(one.connect(), other.connect())
    for length in (1, 2, 3, 4, 5, 1199, 1200):
        for end, peer in ((one, other), (other, one)):
            await end.send(b"x" * length)
            assert await peer.recv() == b"x" * length
    await asyncio.gather(one.close(), other.close())


@pytest.mark.parametrize("other_way", URLS)
@pytest.mark.parametrize("way", URLS)
def test_ice_between_relays(server, authority, way, other_way):
    one, other = agent(server, way, authority, True), agent(server, other_way, authority, False)
    asyncio.run(exchange(one, other))


@pytest.mark.parametrize(("way", "other_way"), [("UDP", "UDP"), ("TCP", "TCP"), ("TLS", "TLS"), ("UDP", "TLS")])
def test_a_call(server, authority, way, other_way):
    before = server.tally("packets_to_peers")
    ends = [
        End(name, name == "Ann", [ice_server(server, URLS[mine])], trusts=authority.file, relay_only=True)
        for name, mine in (("Ann", way), ("Bo", other_way))
    ]
    connect(*ends)
    talk(*ends)
    for end in ends:
        end.say("path")
        assert end.hears("path") == ["relay", "relay"]
    assert server.tally("packets_to_peers") > before + 60
    for end in ends:
        assert end.leave() == 0
