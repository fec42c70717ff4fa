"""People behind NATs that cannot reach each other: the relay is the only way, and it is enough.

The networks are laid out in namespaces, which takes root. Without it these tests do not run and say so, and the whole run fails
for it: a skipped test does that.
"""

import os

import pytest
from hubbub_test.tls import Authority, settings
from turn.calls import End, connect, ice_server, talk
from turn.networks import SERVER, Internet
from turn.servers import Turn

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: network namespaces take root")

STUN = {"urls": f"stun:{SERVER}:3478"}
OVER = {
    "UDP": f"turn:{SERVER}:3478?transport=udp",
    "TCP": f"turn:{SERVER}:443?transport=tcp",
    "TLS": f"turns:{SERVER}:443?transport=tcp",
}


class Outside(Turn):
    """The server, in its own namespace. No peer is allowed but its own relays."""

    def __init__(self, internet: Internet, config: str):
        super().__init__(config + '[access]\nadmit = ["guests"]\n', hosts=(SERVER,), port=3478, allow=None)
        self.internet, self.within = internet, internet.within("server")
        self.listen += (f"{SERVER}:443",)

    def metrics(self) -> str:
        return self.internet.run("server", "curl", "--silent", f"{self.base}/metrics")


@pytest.fixture(scope="module")
def internet():
    with Internet() as one:
        one.add("ann", 1)
        one.add("bo", 2)
        one.add("office", 3, lets_out="tcp dport 443")
        yield one


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(internet, authority):
    with Outside(internet, settings(authority.issue("server", SERVER))) as running:
        yield running


@pytest.fixture
def call(internet, server, authority):
    """Two ends: who, and by which ways he may go."""
    ends = []

    def make(*people: tuple[str, list[dict]]) -> list[End]:
        for name, ice in people:
            within = internet.within(name)
            ends.append(End(name, not ends, ice, within, authority.file))
        return ends

    yield make
    for end in ends:
        end.leave()


def test_the_server_sees_the_nat(internet, server):
    """And each destination sees another port of it."""
    said = [internet.run("ann", "turnutils_stunclient", "-p", port, SERVER) for port in (3478, 443)]
    assert all("UDP reflexive addr: 203.0.113.11:" in one for one in said)


def test_without_the_relay_they_do_not_meet(call, server):
    """Or the tests below would show nothing."""
    ann, bo = call(("ann", [STUN]), ("bo", [STUN]))
    bo.say("description", *ann.hears("description"))
    ann.say("description", *bo.hears("description"))
    while (state := ann.hears("ice")) != ["failed"]:
        assert state in (["checking"], ["new"]), state


@pytest.mark.parametrize(("of_ann", "of_bo"), [("UDP", "UDP"), ("UDP", "TCP"), ("TLS", "TCP")])
def test_by_the_relay(call, server, of_ann, of_bo):
    before = server.tally("packets_to_clients")
    ann, bo = call(
        ("ann", [STUN, ice_server(server, OVER[of_ann])]),
        ("bo", [STUN, ice_server(server, OVER[of_bo])]),
    )
    connect(ann, bo)
    talk(ann, bo)
    for one in (ann, bo):
        one.say("path")
        assert "relay" in one.hears("path")
    assert server.tally("packets_to_clients") > before + 60


@pytest.mark.parametrize("way", ["TCP", "TLS"])
def test_an_office_that_lets_out_nothing_but_the_web(call, server, way):
    office, bo = call(
        ("office", [ice_server(server, OVER[way])]),
        ("bo", [STUN, ice_server(server, OVER["UDP"])]),
    )
    connect(office, bo)
    talk(office, bo)
