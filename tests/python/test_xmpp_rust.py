"""`tokio-xmpp`: a client in Rust that knows nothing of us, with others on XMPP, WebSocket, an event stream and curl.

It encrypts by STARTTLS, logs in by SCRAM-SHA-256 and manages its stream.
"""

import pytest
from hubbub_test.people import OnEventStream, OnWebSocket
from hubbub_test.program import Program, rust_client
from hubbub_test.proxy import Proxy
from xmpp.client import Client
from xmpp.elements import CLIENT, name_of
from xmpp.servers import server_for

JULIET = "juliet@localhost"
WINDOW = "But soft! What light <through> yonder window & breaks? 🌅"


@pytest.fixture(scope="module")
def program() -> str:
    return rust_client("rust-xmpp-client")


@pytest.fixture
def server():
    """For each test its own: who knows whom is kept."""
    with server_for({"romeo": "romeos", "juliet": "juliets"}) as running:
        yield running


@pytest.fixture
def juliet(server):
    client = Client(server).log_in("juliet", "juliets", "balcony")
    client.send("<presence/>")
    client.everything()
    yield client
    client.cut()


def log_in(program: str, server, port: int) -> tuple[Program, str]:
    """Romeo, online, and his address."""
    romeo = Program(program, f"127.0.0.1:{port}", "romeo@localhost", "romeos", SSL_CERT_FILE=str(server.authority))
    (jid,) = romeo.hears("bound")
    romeo.say("online")
    assert romeo.hears("presence", jid) == ["available"]
    return romeo, jid


def next_text(client: Client) -> tuple[str, str]:
    """Who says what next."""
    while (body := (message := client.next()).find(f"{{{CLIENT}}}body")) is None:
        pass
    return message.get("from"), body.text


def test_contacts_and_messages(program, server, juliet):
    romeo, jid = log_in(program, server, server.port("STARTTLS"))
    romeo.say("roster")
    assert romeo.hears("roster") == [[]]
    romeo.say("add", JULIET, "Juliet")
    assert romeo.hears("added") == [JULIET]
    romeo.say("subscribe", JULIET)
    request = juliet.next()
    assert (name_of(request), request.get("type"), request.get("from")) == ("presence", "subscribe", "romeo@localhost")
    juliet.send("<presence type='subscribed' to='romeo@localhost'/>")
    assert romeo.hears("presence", f"{JULIET}/balcony") == ["available"]
    romeo.say("roster")
    assert romeo.hears("roster") == [[[JULIET, "Juliet", "to"]]]

    romeo.say("chat", JULIET, WINDOW)
    assert next_text(juliet) == (jid, WINDOW)
    juliet.send(f"<message type='chat' to='{jid}'><body>Ay &lt;me&gt;!</body></message>")
    assert romeo.hears("message", "chat", f"{JULIET}/balcony")[0] == "Ay <me>!"
    assert server.server.http.publish("@romeo", "from a page", name="Bo").status == 201
    assert romeo.hears("message", "chat")[:2] == ["bo@guest.localhost", "from a page"]
    assert romeo.leave() == 0
    assert juliet.everything() == [], "she is not subscribed to him"


def test_a_room_and_the_others_in_it(program, server, room):
    others = [kind(server.server, name, room) for kind, name in [(OnWebSocket, "Bo"), (OnEventStream, "Kim")]]
    for other in others:
        other.join()
    romeo, _ = log_in(program, server, server.port("STARTTLS"))
    muc = f"{room}@rooms.localhost"
    romeo.say("join", f"{muc}/Romeo")
    assert {romeo.hears("presence")[0] for _ in range(3)} == {f"{muc}/{nick}" for nick in ("Bo", "Kim", "Romeo")}
    romeo.hears("subject", muc)

    romeo.say("groupchat", muc, WINDOW)
    text, ident = romeo.hears("message", "groupchat", f"{muc}/Romeo")
    assert text == WINDOW
    for other in others:
        other.wait_for(lambda other=other: other.received, "for Romeo")
        (message,) = other.received
        assert (message["data"], message["name"], message["id"]) == (WINDOW, "Romeo", ident)
    told = others[0].say("from a page")
    assert romeo.hears("message", "groupchat", f"{muc}/Bo") == ["from a page", told["id"]]
    posted = server.server.http.publish(room, "by curl", name="Max").json
    assert romeo.hears("message", "groupchat", f"{muc}/Max") == ["by curl", posted["id"]]
    assert romeo.leave() == 0
    gone = {"action": "leave", "name": "Romeo"}
    for other in others:
        other.wait_for(lambda other=other: any(gone.items() <= one["data"].items() for one in other.notices), "for his going")
        other.leave()


def test_its_link_is_lost_and_its_stream_is_not(program, server, juliet, room):
    """What is said meanwhile comes once, in order, and neither friends nor rooms see him go."""
    proxy = Proxy(server.server, seed=0)
    proxy.calm()
    romeo, jid = log_in(program, server, proxy.port)
    bo = OnWebSocket(server.server, "Bo", room)
    bo.join()
    romeo.say("join", f"{room}@rooms.localhost/Romeo")
    romeo.hears("subject")
    heard = []
    for turn in range(5):
        proxy.cut()
        juliet.send(f"<message type='chat' to='{jid}'><body>juliet {turn}</body></message>")
        bo.say(f"bo {turn}")
        assert romeo.hears("resumed") == [jid]
        heard += [romeo.hears("message")[2] for _ in range(2)]
    assert [one for one in heard if "bo" in one] == [f"bo {turn}" for turn in range(5)]
    assert [one for one in heard if "juliet" in one] == [f"juliet {turn}" for turn in range(5)]
    assert not [one for one in bo.notices if one["data"].get("action") == "leave"]
    bo.leave()
    assert romeo.leave() == 0
    proxy.stop()
