"""What a room allows whom: `join`, `publish` and `read` by name pattern."""

import base64

import pytest
from hubbub_test.websocket import JsonSocket, close_code, open_raw, refusal

CONFIG = """
[access]
admit = ["accounts", "guests"]
[[room]]
match = "news"
publish = ["@editor"]
[[room]]
match = "staff-*"
join = ["users"]
read = ["users"]
publish = ["users"]
[[room]]
match = "box"
read = ["@editor"]
join = ["@editor"]
publish = ["anyone"]
"""


@pytest.fixture
def server(start):
    running = start(CONFIG, durable=True)
    for name in ("editor", "clerk"):
        running.add_user(name, "pw")
    return running


def who(name: str | None) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:pw".encode()).decode()} if name else {}


@pytest.mark.parametrize(
    ("room", "name", "publish", "read"),
    [
        ("news", "editor", 201, 200),
        ("news", "clerk", 403, 200),
        ("news", None, 403, 200),
        ("staff-7", "clerk", 201, 200),
        ("staff-7", None, 403, 403),
        ("box", "editor", 201, 200),
        ("box", "clerk", 201, 403),
        ("box", None, 201, 403),
        ("lobby", None, 201, 200),
    ],
)
def test_who_may_publish_and_read(server, room, name, publish, read):
    assert server.http.publish(room, "x", headers=who(name)).status == publish
    answer = server.http.poll(room, headers=who(name))
    assert answer.status == read
    if read == 403:
        assert answer.problem == "forbidden"
        assert refusal(server, room, headers=who(name)).status_code == 403


def test_a_reader_who_sends_is_closed_with_1008(server):
    socket = open_raw(server, "news", headers=who("clerk"))
    socket.send("extra! extra!")
    assert close_code(socket) == 1008
    assert server.http.poll("news", since=0).json["messages"] == []


def test_the_first_rule_that_matches_decides(start):
    server = start('[[room]]\nmatch = "lobby"\npresence = "count"\n[[room]]\nmatch = "*"\npresence = "off"\n')
    assert server.http.presence("lobby").status == 200
    assert server.http.presence("other").status == 404


def test_what_is_refused_is_not_heard(server):
    with JsonSocket(server, "news", headers=who("clerk")) as clerk:
        clerk.joined()
        server.http.publish("news", "refused", headers=who("clerk"))
        server.http.publish("news", "allowed", headers=who("editor"))
        assert clerk.next_message()["data"] == "allowed"
