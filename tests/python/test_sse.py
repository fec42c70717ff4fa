"""Server-Sent Events by curl over HTTP/1.1 and HTTP/2."""

import json

import pytest
from hubbub_test.sse import EventStream
from hubbub_test.waiting import until


def test_it_begins_with_where_the_room_stands(http, room):
    offset = http.publish(room, "before").json["offset"]
    with EventStream(http, room, name="Ann") as stream:
        assert stream.status() == 200
        head = [line.lower() for line in stream.head]
        assert any(line.startswith("content-type: text/event-stream") for line in head)
        assert any(line.startswith("cache-control:") and "no-" in line for line in head), "no cache may keep a stream"
        joined = stream.next()
        assert joined.event == "hubbub:joined"
        assert joined.json["room"] == room.lower()
        assert joined.json["cursor"] == offset
        assert joined.json["presence"]["count"] == 1
        assert any(line.startswith("retry:") for line in stream.lines)


def test_events_carry_the_same_envelope_as_a_poll(http, room):
    with EventStream(http, room, name="Ann") as stream:
        stream.next_named("hubbub:joined")
        posted = http.publish(room, "line 1\nline 2", name="Bo").json
        event = stream.next_named("message")
        assert event.id == posted["offset"]
        assert event.json == {**posted, "data": "line 1\nline 2"}
        (polled,) = http.poll(room, since=0).json["messages"]
        assert event.json == polled


def test_json_and_binary(http, room):
    with EventStream(http, room) as stream:
        stream.next_named("hubbub:joined")
        http.publish(room, '{"a":\n[1,\r\n2]}', type="application/json")
        http.publish(room, b"\0\1\2", type="image/png")
        assert stream.next_named("message").json["data"] == {"a": [1, 2]}
        binary = stream.next_named("message").json
        assert (binary["data"], binary["encoding"]) == ("AAEC", "base64")


def test_another_event_arrives_under_its_name(http, room):
    with EventStream(http, room) as stream:
        stream.next_named("hubbub:joined")
        http.publish(room, "3", event="score")
        assert stream.next_named("score", "message").event == "score"


@pytest.mark.parametrize("how", ["Last-Event-ID", "since"])
def test_it_resumes_after_an_offset(http, room, how):
    posted = [http.publish(room, str(n)).json["offset"] for n in range(10)]
    options = {"headers": {how: posted[3]}} if how == "Last-Event-ID" else {"since": posted[3]}
    with EventStream(http, room, **options) as stream:
        assert stream.next_named("hubbub:joined").json["recovered"] is True
        assert [stream.next_named("message").json["data"] for _ in range(6)] == ["4", "5", "6", "7", "8", "9"]
        http.publish(room, "live")
        assert stream.next_named("message").json["data"] == "live"


def test_last_event_id_counts_more_than_the_address(http, room):
    """A browser repeats the address with its old `since` and adds where it really is."""
    posted = [http.publish(room, str(n)).json["offset"] for n in range(4)]
    with EventStream(http, room, headers={"Last-Event-ID": posted[2]}, since=posted[0]) as stream:
        assert stream.next_named("message").json["data"] == "3"


def test_last_starts_with_the_newest(http, room):
    for n in range(5):
        http.publish(room, str(n))
    with EventStream(http, room, last=2) as stream:
        assert [stream.next_named("message").json["data"] for _ in range(2)] == ["3", "4"]


def test_a_gone_offset_is_said_and_everything_kept_follows(start):
    server = start('[[room]]\nmatch = "short"\nlog = "memory"\nhistory_count = 5\n')
    posted = [server.http.publish("short", str(n)).json["offset"] for n in range(20)]
    for gone in (posted[0], "1-1"):
        with EventStream(server.http, "short", headers={"Last-Event-ID": gone}) as stream:
            assert stream.next_named("hubbub:joined").json["recovered"] is False
            assert [stream.next_named("message").json["data"] for _ in range(5)] == ["15", "16", "17", "18", "19"]


def test_heartbeats_are_comments(start):
    server = start("[http]\nsse_heartbeat = 1\n")
    with EventStream(server.http, "lobby") as stream:
        until(lambda: sum(line.startswith(":") for line in stream.lines) >= 2, "two comments arrived")


def test_presence_is_told(http, room):
    with EventStream(http, room, name="Ann") as ann:
        ann.next_named("hubbub:joined")
        with EventStream(http, room, name="Bo") as bo:
            assert bo.next_named("hubbub:joined").json["presence"]["count"] == 2
            told = ann.next_named("hubbub:presence").json
            assert (told["action"], told["user"], told["name"], told["count"]) == (
                "join",
                "bo@guest.localhost",
                "Bo",
                2,
            )
        told = ann.next_named("hubbub:presence").json
        assert (told["action"], told["user"], told["count"]) == ("leave", "bo@guest.localhost", 1)


def test_a_closing_server_ends_streams(start):
    server = start()
    with EventStream(server.http, "lobby") as stream:
        stream.next_named("hubbub:joined")
        assert server.terminate() == 0
        seen = []
        while (event := stream.next()) is not None:
            seen.append(event)
        assert all(event.event == "hubbub:error" for event in seen)
        assert all(json.loads(event.data)["type"] == "urn:hubbub:problem:unavailable" for event in seen)
