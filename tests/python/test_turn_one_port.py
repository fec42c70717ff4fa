"""TURN beside everything else: HTTP, WebSocket, XMPP, STUN and TURN over UDP, TCP and TLS, all at once on one port."""

import pytest
from hubbub_test.curl import Http
from hubbub_test.people import OnWebSocket
from turn.client import Client
from turn.peers import Peer
from turn.servers import DEFAULTS, HOST, free_port, toml
from xmpp.client import Client as Jabber
from xmpp.servers import Hubbub



class Everything(Hubbub):
    """The server of the tests of XMPP with TURN turned on."""

    def __init__(self):
        super().__init__({"romeo": "romeos"}, "\n" + toml("turn", DEFAULTS))
        self.server.listen = (f"{HOST}:{free_port()}",)

    @property
    def where(self):
        return HOST, self.server.port


@pytest.fixture(scope="module")
def everything():
    with Everything() as running:
        yield running


def test_all_of_them_at_once(everything, room):
    server = everything.server
    bo = OnWebSocket(server, "Bo", room)
    bo.join()
    with Jabber(everything).log_in("romeo", "romeos") as romeo, Peer() as peer:
        turns = [Client(everything, transport) for transport in ("udp", "tcp", "tls")]
        for number, client in enumerate(turns):
            client.allocate()
            client.bind(peer.address)
            client.tell_by(0x4000, b"before")
            assert peer.hears() == (b"before", client.relayed)
            assert server.http.publish(room, f"message {number}", name="Kim").status == 201
            bo.wait_for(lambda wanted=number: len(bo.received) > wanted, "for what Kim says")
            assert romeo.ask("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>").get("type") == "result"
            peer.tell(client.relayed, b"after")
            assert client.data().payload == b"after"
        http2 = Http(server.base, http2=True)
        assert http2.get("/health").status == 200
        for client in turns:
            assert client.refresh(600) == 600
            client.close()
    bo.leave()
