"""profanity, as Debian packages it: a person at a terminal, with others on WebSocket and curl.

It is a client in C on libstrophe. Nothing is configured but its account and who may vouch for the server.
"""

import pytest
from hubbub_test.people import OnWebSocket
from hubbub_test.terminal import Terminal
from xmpp.client import Client
from xmpp.elements import CLIENT
from xmpp.servers import server_for

ACCOUNT = """
[romeo@localhost]
enabled=true
jid=romeo@localhost
password=romeos
resource=orchard
server=localhost
port={port}
tls.policy={policy}
muc.nick=Romeo
muc.service=rooms.localhost
"""
QUIET = "[ui]\nsplash=false\nvercheck=false\n"
TLS = {"STARTTLS": "force", "direct TLS": "legacy"}


@pytest.fixture(scope="module")
def server():
    with server_for({"romeo": "romeos", "juliet": "juliets"}) as running:
        yield running


@pytest.fixture(params=TLS)
def romeo(request, server, tmp_path):
    """Logged in."""
    way = request.param
    config, data = tmp_path / "config", tmp_path / "data"
    for folder in (config, data):
        (folder / "profanity").mkdir(parents=True)
    (config / "profanity" / "profrc").write_text(QUIET)
    (data / "profanity" / "accounts").write_text(ACCOUNT.format(port=server.port(way), policy=TLS[way]))
    where = {"XDG_CONFIG_HOME": str(config), "XDG_DATA_HOME": str(data), "SSL_CERT_FILE": str(server.authority)}
    with Terminal(tmp_path, "profanity", "-a", "romeo@localhost", **where) as terminal:
        terminal.shows("romeo@localhost/orchard logged in successfully")
        assert "[TLS]" in terminal.screen()
        yield terminal


def test_in_a_room_with_a_browser_and_curl(server, romeo, room):
    bo = OnWebSocket(server.server, "Bo", room)
    bo.join()
    romeo.type(f"/join {room}")
    romeo.shows("You have joined the room as Romeo")
    entry = {"action": "join", "name": "Romeo"}
    is_entry = lambda one: entry.items() <= one["data"].items()  # noqa: E731
    bo.wait_for(lambda: any(map(is_entry, bo.notices)), "for Romeo")
    romeo.type("But soft! What light <through> yonder window & breaks? 🌅")
    bo.wait_for(lambda: bo.received, "for what he says")
    (said,) = bo.received
    assert (said["name"], said["data"]) == ("Romeo", "But soft! What light <through> yonder window & breaks? 🌅")
    bo.say("It is the <east> & Juliet")
    romeo.shows("Bo: It is the <east> & Juliet")
    server.server.http.publish(room, "is the sun", name="Kim")
    romeo.shows("Kim: is the sun")
    romeo.type("/close")
    gone = {"action": "leave", "name": "Romeo"}
    bo.wait_for(lambda: any(gone.items() <= one["data"].items() for one in bo.notices), "for his going")
    bo.leave()


REGISTRATION = """
<iq type='set' to='{room}@rooms.localhost' id='register'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>
<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>
<field var='muc#register_roomnick'><value>Montague</value></field></x></query></iq>
"""


def test_a_name_that_the_room_keeps(server, romeo, room):
    """XEP-0045 section 7.10: though nobody is called so now, and for a browser as well.

    profanity shows the form; what it sends of it is no registration (0.13.1 leaves `<query/>` out), so his other client does.
    """
    romeo.type(f"/join {room}")
    romeo.shows("You have joined the room as Romeo")
    romeo.type("/affiliation register")
    romeo.shows("[field1] Name in the room (required)")
    with Client(server).log_in("romeo", "romeos", "balcony") as other_client:
        other_client.send(REGISTRATION.format(room=room))
        assert other_client.next().get("type") == "result"
    stranger = OnWebSocket(server.server, "Montague", room)
    stranger.join()
    stranger.say("A plague o' both your houses!")
    stranger.wait_for(lambda: stranger.received, "for what he said himself")
    assert stranger.received[0]["name"] == "Montague (2)"
    stranger.leave()


def test_between_two(server, romeo):
    with Client(server).log_in("juliet", "juliets", "balcony") as juliet:
        juliet.send("<presence/>")
        romeo.type("/msg juliet@localhost Shall I hear more?")
        while (body := (message := juliet.next()).find(f"{{{CLIENT}}}body")) is None:
            pass
        assert body.text == "Shall I hear more?"
        juliet.send(f"<message type='chat' to='{message.get('from')}'><body>Wherefore art thou?</body></message>")
        romeo.shows("Wherefore art thou?")
        romeo.type("/quit")
        assert romeo.ends() == 0
