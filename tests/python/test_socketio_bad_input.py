"""Runs the tables of `tests/bad_input` that are about Engine.IO and Socket.IO, row by row, on both transports.

Each fault costs the connection it comes on, at most: somebody else in the same room goes on hearing himself.
"""

import itertools

import pytest
from hubbub_test import bad_input, table
from hubbub_test.engineio import BINARY, SEPARATOR, TEXT, Exchange, Polling
from hubbub_test.server import Server
from hubbub_test.socketio import ACK, CONNECT_ERROR, Client, Ended, is_event

CONFIG = """
[access]
admit = ["guests", "accounts", "tokens"]
[token]
hmac_secret = "a secret that is long enough for everybody here"
"""


MARKS = itertools.count(1)


def rows(name: str):
    return pytest.mark.parametrize("row", table.read(name), ids=table.name_of)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(CONFIG, data=tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def old():
    """A server that takes revision 3 too, and three packets at a time."""
    with Server("[socketio]\npackets = 3\neio3 = true\n") as running:
        yield running


@pytest.fixture(scope="module")
def bystander(server):
    """Somebody who does nothing wrong, and whom the others' faults do not concern."""
    with Client(server, query={"name": "Bystander"}) as client:
        client.join("/lobby")
        yield client


@rows("engineio_requests")
def test_request(server, row):
    verb, _, target = row["request"].partition(" ")
    reply = Exchange(server.port, verb, bad_input.repeated(target)).reply()
    status, _, code = row["gets"].partition(" ")
    assert reply.status == int(status), reply
    assert reply.headers["content-type"] == "application/problem+json"
    if code:
        assert reply.code == int(code), reply


@rows("engineio_payloads")
def test_payload(old, row):
    cell, kind = row["body"], TEXT
    session = Polling(old, eio=int(row["EIO"]), room="payloads")
    if cell.startswith(("hex:", "text:")):
        kind = BINARY if cell.startswith("hex:") else TEXT
        body = bad_input.frames(cell.partition(":")[2])
    else:
        body = bad_input.body(cell.replace("␞", SEPARATOR))
    reply = session.post(body, kind)
    assert (reply.status, reply.code) == (400, 3), reply
    assert session.is_over()
    assert old.http.poll("payloads", since="0").json["messages"] == []


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@rows("socketio_packets")
def test_packet(server, bystander, row, transport):
    client = Client(server, transport)
    if row["when"] == "after":
        client.connect("/")
        client.join("/lobby")
    outcome = said(client, messages(row["packets"]), row["gets"])
    assert outcome in row["gets"].split(" or ")
    goes_on = outcome not in ("closed", "told, then closed")
    if outcome == "unfinished":
        client.send('2/lobby,["too early"]')
        assert client.is_ended()
    elif goes_on:
        if row["when"] == "first":
            client.join("/lobby")
        assert client.echoes("/lobby", "still here")
        client.close()
    told = [["echo", "still here"]] if goes_on and outcome != "unfinished" else []
    heard = heard_by(bystander)
    assert (heard[1:] if outcome.startswith("told") else heard) == told, "nothing of what was bad has come to others"


def heard_by(bystander: Client) -> list[list]:
    """What was said in the room since this was last asked, without offsets."""
    mark, heard = f"mark {next(MARKS)}", []
    bystander.emit("/lobby", mark)
    while (event := bystander.heard("/lobby")).name != mark:
        heard.append(event.data[:-1])
    return heard


def messages(cell: str) -> list[str | bytes]:
    """The packets of a row."""
    if cell == "(nothing)":
        return [""]
    return [
        bad_input.frames(part.removeprefix("hex:"))
        if part.startswith("hex:")
        else bad_input.repeated(part.replace("␁", "\x01"))
        for part in cell.split(" & ")
    ]


def said(client: Client, packets: list[str | bytes], gets: str) -> str:
    """Sends packets, and what comes of it. Where nothing is to come, whatever does is found by the next echo."""
    try:
        client.send(*packets)
        if "closed" in gets:
            return gets if client.is_ended() else "open"
        if gets in ("nothing", "unfinished"):
            return gets
        found = client.wait_for(is_an_outcome)
    except Ended:
        return "closed"
    if found.kind == CONNECT_ERROR:
        return f"refused {problem(found.data['data'])}"
    if found.kind == ACK:
        return f"error {problem(found.data[0]['error'])}"
    return f"error {problem(found.args[0])}" if found.name == "hubbub:error" else "told"


def is_an_outcome(packet) -> bool:
    own = ("hubbub:joined", "hubbub:presence")
    return packet.kind in (ACK, CONNECT_ERROR) or is_event(packet, packet.namespace) and packet.name not in own


def problem(document: dict) -> str:
    assert document["title"] and document["detail"] and document["status"], document
    return document["type"].removeprefix("urn:hubbub:problem:")
