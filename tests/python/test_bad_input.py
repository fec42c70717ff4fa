"""Runs the tables of `tests/bad_input`, row by row. After each the server still serves."""

import json

import pytest
from hubbub_test import bad_input, raw, table, tokens
from hubbub_test.raw import HANDSHAKE, Wire
from hubbub_test.server import Server


def rows(name: str):
    """One test for each row of a table."""
    return pytest.mark.parametrize("row", table.read(name), ids=table.name_of)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with small limits, so that going over them is quick."""
    config = """
        [limits]
        message_bytes = 65536
        fragments = 64
        header_timeout = 2
        body_timeout = 2
        [access]
        admit = ["guests", "accounts", "tokens"]
    """
    with Server(config, data=tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(autouse=True)
def survives(server):
    yield
    server.still_serves()


@rows("handshakes")
def test_handshake(server, row):
    verb, path, head = "GET", "/rooms/lobby/ws", dict(HANDSHAKE)
    for change in row["change"].split(" & "):
        if change.startswith("- "):
            del head[change[2:]]
        elif change.startswith("/"):
            path = change
        elif ":" in change:
            head |= bad_input.headers(change)
        else:
            verb = change
    with Wire(server) as wire:
        wire.send(
            f"{verb} {path} HTTP/1.1\r\n".encode()
            + b"".join(f"{k}: {v}\r\n".encode() for k, v in head.items())
            + b"\r\n"
        )
        bad_input.expect(bad_input.read_answer(wire), row["gets"])


@rows("requests")
def test_request(server, row):
    verb, _, path = row["request"].partition(" ")
    body = bad_input.body(row["body"])
    head = {"Host": "127.0.0.1", **bad_input.headers(row["headers"])}
    if row["body"] and "Content-Length" not in head and "Transfer-Encoding" not in head:
        head["Content-Length"] = str(len(body))
    with Wire(server) as wire:
        text = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        wire.send(f"{verb} {bad_input.repeated(path)} HTTP/1.1\r\n{text}\r\n".encode() + body)
        bad_input.expect(bad_input.read_answer(wire), row["gets"])


@rows("heads")
def test_head(server, row):
    data = bad_input.repeated(row["bytes"]).encode("latin-1").decode("unicode_escape").encode("latin-1")
    with Wire(server) as wire:
        wire.send(data)
        bad_input.expect(bad_input.read_answer(wire), row["gets"])


@rows("frames")
def test_frame(server, row):
    extension = {"Sec-WebSocket-Extensions": "permessage-deflate"} if row["deflate"] == "yes" else {}
    with raw.websocket(server, headers=extension) as wire:
        wire.send(bad_input.frames(row["frames"]))
        allowed = [int(code) for code in row["gets"].removeprefix("close ").split(" or ")]
        assert wire.read_to_close() in allowed
        assert wire.at_end()


@rows("envelopes")
def test_envelope(server, row):
    with raw.websocket(server, "envelopes", headers={"Sec-WebSocket-Protocol": "hubbub.json"}) as wire:
        joined = json.loads(wire.read_frame().payload)
        assert joined["event"] == "hubbub:joined"
        wire.send(raw.frame(1, bad_input.repeated(row["frame"]).encode()))
        told = json.loads(wire.read_frame().payload)
        assert told["event"] == "hubbub:error", told
        assert told["data"]["type"] == f"urn:hubbub:problem:{row['gets'].removeprefix('error ')}"
        assert told["data"]["detail"] and told["data"]["title"]
        wire.send(raw.frame(1, b'{"data":"still usable"}'))
        assert json.loads(wire.read_frame().payload)["data"] == "still usable"


@pytest.fixture(scope="module")
def believer(tmp_path_factory):
    """A server that knows a key of each kind."""
    key = tokens.write_public_key(tmp_path_factory.mktemp("keys") / "ed25519.pem")
    config = f"""
        [access]
        admit = ["tokens", "guests"]
        [token]
        hmac_secret = "{tokens.SECRET}"
        ed25519_public_key_file = "{key}"
    """
    with Server(config) as running:
        yield running


@rows("tokens")
def test_token(believer, row):
    token = bad_input.token(row["signed"], row["claims"])
    bearer, cookie = {"Authorization": f"Bearer {token}"}, {"Cookie": f"hubbub_token={token}"}
    path, host = "/rooms/lobby/messages", {"Host": "127.0.0.1"}
    asked = [
        (path, host | bearer),
        (path, host | cookie),
        (f"{path}?token={token}", host),
        ("/rooms/lobby/ws", HANDSHAKE | bearer),
        (f"/rooms/lobby/ws?token={token}", HANDSHAKE),
    ]
    for target, head in asked:
        with Wire(believer) as wire:
            gets = row["gets"].replace("200", "101") if "/ws" in target else row["gets"]
            bad_input.expect(wire.request(f"GET {target}", head), gets)
    believer.still_serves()
