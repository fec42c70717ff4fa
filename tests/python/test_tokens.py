"""Tokens made by PyJWT: where they may stand, what they say, what they grant. Bad ones: bad_input/tokens.md."""

import pytest
from hubbub_test import tokens
from hubbub_test.server import Server
from hubbub_test.sse import EventStream
from hubbub_test.together import at_once
from hubbub_test.websocket import JsonSocket, close_code, open_raw, refusal


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server that admits tokens alone, of both kinds."""
    key = tokens.write_public_key(tmp_path_factory.mktemp("keys") / "ed25519.pem")
    config = f"""
        [access]
        admit = ["tokens"]
        [token]
        hmac_secret = "{tokens.SECRET}"
        ed25519_public_key_file = "{key}"
    """
    with Server(config) as running:
        yield running


MAKERS = pytest.mark.parametrize("make", [tokens.hs256, tokens.eddsa], ids=["HS256", "EdDSA"])


def places(token: str) -> list[dict]:
    """The three places a token may stand in."""
    return [
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"token": token},
        {"headers": {"Cookie": f"a=b; hubbub_token={token}; c=d"}},
    ]


@MAKERS
def test_header_query_and_cookie(guarded, make):
    for place in places(make("ann", name="Ann Example")):
        posted = guarded.http.publish("lobby", "hello", **place)
        assert posted.status == 201, posted
        assert (posted.json["from"], posted.json["name"]) == ("ann@localhost", "Ann Example")
        assert guarded.http.poll("lobby", **place).status == 200


@MAKERS
def test_streams_and_sockets(guarded, make):
    for place in places(make("ann", name="Ann")):
        with JsonSocket(guarded, "lobby", **place) as socket, EventStream(guarded.http, "lobby", **place) as stream:
            assert socket.joined()["presence"]["occupants"][0]["user"] == "ann@localhost"
            assert stream.next().event == "hubbub:joined"


def test_nobody_else_comes_in(guarded):
    for answer in (
        guarded.http.poll("lobby"),
        guarded.http.publish("lobby", "x", name="Ann"),
        guarded.http.presence("lobby"),
    ):
        assert (answer.status, answer.problem) == (401, "unauthorized")
    assert refusal(guarded, "lobby").status_code == 401


def test_a_header_counts_more_than_the_address(guarded):
    answer = guarded.http.publish(
        "lobby", "x", headers={"Authorization": f"Bearer {tokens.hs256('ann')}"}, token=tokens.hs256("bo")
    )
    assert answer.json["from"] == "ann@localhost"


def test_a_bad_token_is_not_forgiven_by_a_good_one_after_it(guarded):
    answer = guarded.http.publish("lobby", "x", headers={"Authorization": "Bearer nonsense"}, token=tokens.hs256("bo"))
    assert (answer.status, answer.problem) == (401, "unauthorized")


def test_grants_are_all_the_holder_has(guarded):
    grants = {"lobby": ["read", "publish"], "game-*": ["read"]}
    bearer = {"Authorization": f"Bearer {tokens.hs256('ann', rooms=grants)}"}
    assert guarded.http.publish("lobby", "x", headers=bearer).status == 201
    assert guarded.http.poll("lobby", headers=bearer).status == 200
    assert guarded.http.poll("game-7", headers=bearer).status == 200
    for refused in (
        guarded.http.publish("game-7", "x", headers=bearer),
        guarded.http.poll("kitchen", headers=bearer),
        guarded.http.publish("kitchen", "x", headers=bearer),
    ):
        assert (refused.status, refused.problem) == (403, "forbidden")


def test_grants_on_sockets(guarded):
    token = tokens.hs256("ann", rooms={"lobby": ["read"]})
    assert refusal(guarded, "kitchen", token=token).status_code == 403
    silent = open_raw(guarded, "lobby", token=token)
    silent.send("may I?")
    assert close_code(silent) == 1008
    with JsonSocket(guarded, "lobby", token=token) as envelopes:
        envelopes.joined()
        envelopes.send("may I?", key="k")
        told = envelopes.next_named("hubbub:error")["data"]
        assert (told["key"], told["type"]) == ("k", "urn:hubbub:problem:forbidden")


def test_an_expiring_token_ends_the_socket_with_4401(guarded):
    socket = open_raw(guarded, "lobby", token=tokens.hs256("ann", lifetime=2))
    assert close_code(socket) == 4401


def test_an_expiring_token_ends_the_stream_with_an_error(guarded):
    with EventStream(guarded.http, "lobby", token=tokens.hs256("ann", lifetime=2)) as stream:
        stream.next_named("hubbub:joined")
        assert stream.next_named("hubbub:error").json["type"] == "urn:hubbub:problem:unauthorized"
        assert stream.next() is None


class TestIssuerAndAudience:
    CONFIG = f"""
        [access]
        admit = ["tokens"]
        [token]
        hmac_secret = "{tokens.SECRET}"
        issuer = "shop"
        audience = "hubbub"
    """

    def test_both_must_match(self, start):
        server = start(self.CONFIG)
        right = {"iss": "shop", "aud": "hubbub"}
        assert server.http.poll("lobby", token=tokens.hs256(**right)).status == 200
        assert server.http.poll("lobby", token=tokens.hs256(**right | {"aud": ["other", "hubbub"]})).status == 200
        for wrong in ({}, {"iss": "shop"}, {"aud": "hubbub"}, right | {"iss": "Shop"}, right | {"aud": "other"}):
            assert server.http.poll("lobby", token=tokens.hs256(**wrong)).status == 401, wrong


def test_tokens_are_refused_where_none_are_admitted(start):
    server = start(f'[access]\nadmit = ["guests"]\n[token]\nhmac_secret = "{tokens.SECRET}"\n')
    assert server.http.poll("lobby", token=tokens.hs256()).status == 401
    assert server.http.poll("lobby", name="Ann").status == 200


def test_many_expiring_at_once_leave_a_server_that_serves(start):
    server = start(f'[token]\nhmac_secret = "{tokens.SECRET}"\n[access]\nadmit = ["tokens", "guests"]\n')
    sockets = [open_raw(server, "lobby", token=tokens.hs256(f"u{n}", lifetime=3)) for n in range(50)]
    assert at_once(lambda socket=socket: close_code(socket) for socket in sockets) == [4401] * 50
    server.still_serves()
