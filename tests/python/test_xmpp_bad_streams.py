"""The rows of `bad_input/xmpp_streams.md`: each costs its own stream at most."""

import re

import pytest
from hubbub_test.table import name_of, read
from xmpp.client import SASL, TLS, Client, StreamError
from xmpp.links import Broken, Closed, Opened
from xmpp.servers import server_for

ROWS = read("xmpp_streams")
HEAD = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>"


@pytest.fixture(scope="module")
def server():
    with server_for({"romeo": "romeos", "juliet": "juliets"}) as running:
        yield running


def at(where: str, server) -> Client:
    client = Client(server)
    if where == "secured":
        client.open()
        client.link.send(f"<starttls xmlns='{TLS}'/>")
        client.next()
        client.link.secure(server.tls)
    elif where == "asked":
        client.reach_sasl()
    elif where == "bound":
        client.log_in("romeo", "romeos")
    return client


def written(cell: str) -> str:
    """`3 * (ab)` is `ababab`."""
    return re.sub(r"(\d+) \* \(([^)]*)\)", lambda found: found[2] * int(found[1]), cell.replace("{head}", HEAD))


def answer(client: Client) -> str:
    """What the server says about it: a stream error (and then nothing more), or a failure."""
    try:
        while True:
            got = client.next()
            if isinstance(got, Opened) or got.tag.endswith("}features") or got.tag == f"{{{SASL}}}challenge":
                continue
            if got.tag == f"{{{SASL}}}failure":
                return f"failure {got[0].tag.rpartition('}')[2]}"
            assert got.tag == f"{{{TLS}}}failure", got
            return "failure"
    except StreamError as error:
        client.expect_end()
        return error.args[0]
    except (Closed, Broken):
        return "closed without a word"


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_bad_stream(row, server):
    client = at(row["where"], server)
    try:
        client.link.send(written(row["sent"]))
    except OSError:
        pass  # it has closed its ear already
    told, wanted = answer(client), row["gets"].split(" or ")
    assert told in wanted or ("failure any" in wanted and told.startswith("failure ")), f"wanted {row['gets']}, got {told}"
    client.cut()
    with Client(server).log_in("juliet", "juliets") as other:
        assert other.everything() == []
