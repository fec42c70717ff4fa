"""Publishing over HTTP/1.1 and HTTP/2: what the answer says, what each kind of body becomes."""

import base64
import re

import pytest
from hubbub_test.together import at_once

OFFSET = re.compile(r"\d+-[1-9]\d*")


def test_the_answer_names_the_message(http, room):
    posted = http.publish(room, "hello", name="Ann")
    assert posted.status == 201
    assert posted.headers["content-type"].startswith("application/json")
    assert OFFSET.fullmatch(posted.json["offset"])
    assert posted.json["from"] == "ann@guest.localhost"
    assert posted.json["name"] == "Ann"
    assert posted.json["event"] == "message"
    assert posted.json["time"] > 1_700_000_000_000
    (kept,) = http.poll(room, since=0).json["messages"]
    assert kept == {**posted.json, "data": "hello"}


def test_offsets_count_from_one_and_ids_are_ordered(http, room):
    posted = [http.publish(room, str(n)).json for n in range(5)]
    assert [one["offset"].split("-")[1] for one in posted] == ["1", "2", "3", "4", "5"]
    assert len({one["offset"].split("-")[0] for one in posted}) == 1
    ids = [one["id"] for one in posted]
    assert ids == sorted(ids) and len(set(ids)) == 5


def test_curl_needs_no_options(server, room):
    """`curl -d` says application/x-www-form-urlencoded; the body is taken literally all the same."""
    posted = server.http.request("POST", f"/rooms/{room}/messages", args=("--data", "a=b&c=%20"))
    assert posted.status == 201
    assert server.http.poll(room).json["messages"][0]["data"] == "a=b&c=%20"


@pytest.mark.parametrize(
    ("type", "body", "data"),
    [
        ("text/plain", "grüße 🌍", "grüße 🌍"),
        ("text/html; charset=utf-8", "<b>x</b>", "<b>x</b>"),
        ("text/plain", "", ""),
        ("application/json", '{"b": 1, "a": [true, null, 1.50]}', {"b": 1, "a": [True, None, 1.5]}),
        ("application/json", '"only a string"', "only a string"),
    ],
    ids=["utf8", "html", "empty", "object", "string"],
)
def test_text_and_json_come_out_as_they_went_in(http, room, type, body, data):
    assert http.publish(room, body, type=type).status == 201
    (message,) = http.poll(room, since=0).json["messages"]
    assert message["data"] == data
    assert "encoding" not in message


def test_json_is_kept_byte_for_byte(server, room):
    body = '{ "z":1.500, "a" : "\\u00e9", "n":12345678901234567890 }'
    assert server.http.publish(room, body, type="application/json").status == 201
    assert body in server.http.poll(room).body


def test_binary_travels_as_base64(http, room):
    body = bytes(range(256))
    assert http.publish(room, body, type="application/octet-stream").status == 201
    (message,) = http.poll(room, since=0).json["messages"]
    assert message["encoding"] == "base64"
    assert base64.b64decode(message["data"], validate=True) == body


def test_an_event_may_have_another_name(http, room):
    assert http.publish(room, "3", event="score").json["event"] == "score"
    assert http.poll(room, since=0).json["messages"][0]["event"] == "score"


def test_a_guest_without_a_name_gets_one(http, room):
    one, other = (http.publish(room, "who am I?").json for _ in range(2))
    for posted in (one, other):
        assert posted["from"].endswith("@guest.localhost") and posted["name"]


class TestIdempotency:
    """`Idempotency-Key` makes a retry safe."""

    def test_a_retry_gets_the_first_answer_and_no_second_message(self, http, room):
        first = http.publish(room, "pay", name="Ann", headers={"Idempotency-Key": "k1"})
        again = http.publish(room, "pay", name="Ann", headers={"Idempotency-Key": "k1"})
        assert (first.status, again.status) == (201, 200)
        assert again.json == first.json
        assert len(http.poll(room, since=0).json["messages"]) == 1

    def test_another_key_another_sender_or_another_room_is_another_message(self, server, room):
        key = {"Idempotency-Key": "k"}
        answers = [
            server.http.publish(room, "x", name="Ann", headers=key),
            server.http.publish(room, "x", name="Ann", headers={"Idempotency-Key": "K"}),
            server.http.publish(room, "x", name="Bo", headers=key),
            server.http.publish(room + "-2", "x", name="Ann", headers=key),
        ]
        assert [answer.status for answer in answers] == [201] * 4
        assert len({answer.json["id"] for answer in answers}) == 4

    def test_of_many_at_once_one_wins(self, server, room):
        race = {"Idempotency-Key": "race"}
        answers = at_once([lambda: server.http.publish(room, "once", name="Ann", headers=race)] * 12)
        assert sorted(answer.status for answer in answers) == [200] * 11 + [201]
        assert len({answer.json["id"] for answer in answers}) == 1
        assert len(server.http.poll(room, since=0).json["messages"]) == 1

    def test_the_longest_key(self, http, room):
        assert http.publish(room, "x", name="Ann", headers={"Idempotency-Key": "k" * 128}).status == 201
