"""go-sendxmpp, as Debian packages it: a client in Go that knows nothing of us."""

import os
import subprocess
import threading

import pytest
from hubbub_test.server import PATIENCE
from xmpp.client import Client
from xmpp.elements import CLIENT
from xmpp.servers import server_for

ACCOUNTS = {"romeo": "romeos", "juliet": "juliets"}


@pytest.fixture(scope="module")
def server():
    with server_for(ACCOUNTS) as running:
        yield running


def command(server, user: str, *args: str, way: str = "STARTTLS") -> dict:
    """How it is run: the certificate's authority is the only one it trusts."""
    tls = ["--tls"] if way == "direct TLS" else []
    who = ["--username", f"{user}@localhost", "--password", ACCOUNTS[user], "--jserver", f"localhost:{server.port(way)}"]
    environment = os.environ | {"SSL_CERT_FILE": str(server.authority), "HOME": str(server.folder)}
    return {"args": ["go-sendxmpp", *tls, *who, *args], "env": environment, "text": True}


def bodies(client: Client, count: int) -> list[str]:
    found = []
    while len(found) < count:
        body = client.next().find(f"{{{CLIENT}}}body")
        found += [] if body is None else [body.text]
    return found


@pytest.mark.parametrize("way", ["STARTTLS", "direct TLS"])
def test_it_sends_a_message(server, way):
    with Client(server).log_in("juliet", "juliets", "balcony") as juliet:
        juliet.send("<presence/>")
        letter = "But soft!\nWhat light <through> yonder window & breaks? 🌅"
        sending = command(server, "romeo", "juliet@localhost", way=way)
        subprocess.run(**sending, input=letter, check=True, timeout=PATIENCE)
        assert bodies(juliet, 1) == [letter]


def test_it_speaks_in_a_room(server):
    with Client(server).log_in("juliet", "juliets", "balcony") as juliet:
        juliet.send(
            "<presence to='go@rooms.localhost/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
            "<iq type='set' id='instant' to='go@rooms.localhost'><query xmlns='http://jabber.org/protocol/muc#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
        )
        juliet.everything()
        sending = command(server, "romeo", "--chatroom", "--alias", "Romeo", "go@rooms.localhost")
        subprocess.run(**sending, input="Good morrow", check=True, timeout=PATIENCE)
        assert bodies(juliet, 1) == ["Good morrow"]


def test_it_listens(server):
    listening = command(server, "romeo", "--listen")
    with subprocess.Popen(**listening, stdout=subprocess.PIPE) as go, Client(server) as juliet:
        juliet.log_in("juliet", "juliets", "balcony")
        heard = []
        reader = threading.Thread(target=lambda: heard.append(go.stdout.readline()), daemon=True)
        reader.start()
        for n in range(PATIENCE * 5):  # it does not say when it is there
            juliet.send(f"<message type='chat' to='romeo@localhost'><body>word {n}</body></message>")
            juliet.everything()
            reader.join(0.2)
            if heard:
                break
        go.terminate()
        assert heard and "juliet@localhost" in heard[0] and "word" in heard[0], heard
