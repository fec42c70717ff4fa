"""Pages from other origins: CORS for HTTP, the Origin check for WebSockets."""

import pytest
from hubbub_test.curl import Http
from hubbub_test.server import Server
from hubbub_test.websocket import dial, refusal

FRIEND, STRANGER = "https://friend.example", "https://stranger.example"


@pytest.fixture(scope="module")
def choosy():
    with Server(f'[http]\norigins = ["{FRIEND}"]\n') as running:
        yield running


@pytest.fixture(params=["1.1", "2"], ids=["http1", "http2"])
def page(request, choosy) -> Http:
    return Http(choosy.base, http2=request.param == "2")


def test_a_listed_origin_may_read_and_publish(page):
    for answer in (
        page.poll("lobby", headers={"Origin": FRIEND}),
        page.publish("lobby", "x", headers={"Origin": FRIEND}),
    ):
        assert answer.status in (200, 201)
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert "origin" in answer.headers["vary"].lower()


def test_errors_can_be_read_by_the_page_too(page):
    answer = page.poll("lobby", since="nonsense", headers={"Origin": FRIEND})
    assert answer.status == 400 and answer.headers["access-control-allow-origin"] == FRIEND


def test_the_etag_can_be_read_by_the_page(page):
    answer = page.poll("lobby", headers={"Origin": FRIEND})
    assert "etag" in answer.headers["access-control-expose-headers"].lower()


def test_a_preflight_allows_what_the_page_needs(page):
    asked = {
        "Origin": FRIEND,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    answer = page.request("OPTIONS", "/rooms/lobby/messages", headers=asked)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert {"GET", "POST"} <= {verb.strip() for verb in answer.headers["access-control-allow-methods"].split(",")}
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key"} <= allowed


def test_a_stranger_is_refused(page):
    for answer in (
        page.poll("lobby", headers={"Origin": STRANGER}),
        page.publish("lobby", "from a stranger", headers={"Origin": STRANGER}),
        page.request(
            "OPTIONS", "/rooms/lobby/messages", headers={"Origin": STRANGER, "Access-Control-Request-Method": "POST"}
        ),
        page.poll("lobby", headers={"Origin": "null"}),
    ):
        assert (answer.status, answer.problem) == (403, "forbidden")
        assert "access-control-allow-origin" not in answer.headers
    assert all(one["data"] != "from a stranger" for one in page.poll("lobby", since=0).json["messages"])


def test_the_own_origin_is_always_allowed(choosy, page):
    assert page.publish("lobby", "x", headers={"Origin": choosy.base}).status == 201


def test_no_origin_is_no_page(page):
    assert "access-control-allow-origin" not in page.poll("lobby").headers


def test_any_origin(start):
    server = start('[http]\norigins = ["*"]\n')
    answer = server.http.poll("lobby", headers={"Origin": STRANGER})
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] in ("*", STRANGER)
    dial(server, "lobby", {}, origin=STRANGER).close()


def test_websockets_are_checked_alike(choosy):
    for origin in (FRIEND, choosy.base, None):
        dial(choosy, "lobby", {}, origin=origin).close()
    assert refusal(choosy, "lobby", headers={"Origin": STRANGER}).status_code == 403


def test_by_default_only_the_own_origin(server):
    assert server.http.poll("lobby", headers={"Origin": STRANGER}).status == 403
    assert server.http.poll("lobby", headers={"Origin": server.base}).status == 200
