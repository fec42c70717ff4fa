"""Polling and long polling: cursors, limits, ETags, and a history that is gone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hubbub_test.waiting import until


@pytest.fixture
def ten(http, room):
    """A room with the messages "1" to "10"; the answers to publishing them."""
    return [http.publish(room, str(n + 1), name="Ann").json for n in range(10)]


def data(answer) -> list:
    assert answer.status == 200, answer
    return [message["data"] for message in answer.json["messages"]]


def test_an_empty_room_has_a_cursor_to_start_from(http, room):
    empty = http.poll(room)
    assert empty.status == 200
    assert empty.json["room"] == room.lower()
    assert empty.json["messages"] == [] and empty.json["more"] is False
    http.publish(room, "first")
    assert data(http.poll(room, since=empty.json["cursor"])) == ["first"]


def test_since_continues_exactly_after(http, room, ten):
    assert data(http.poll(room, since=ten[3]["offset"])) == ["5", "6", "7", "8", "9", "10"]
    assert data(http.poll(room, since=0)) == [str(n + 1) for n in range(10)]
    at_the_end = http.poll(room, since=ten[9]["offset"])
    assert data(at_the_end) == [] and at_the_end.json["cursor"] == ten[9]["offset"]


def test_last_starts_with_the_newest(http, room, ten):
    answer = http.poll(room, last=3)
    assert data(answer) == ["8", "9", "10"]
    assert answer.json["cursor"] == ten[9]["offset"]
    assert data(http.poll(room, last=100)) == [str(n + 1) for n in range(10)]


def test_limit_cuts_and_says_so(http, room, ten):
    read, cursor, more = [], 0, True
    while more:
        answer = http.poll(room, since=cursor, limit=4)
        read += data(answer)
        assert len(answer.json["messages"]) <= 4
        cursor, more = answer.json["cursor"], answer.json["more"]
        assert cursor == answer.json["messages"][-1]["offset"]
    assert read == [str(n + 1) for n in range(10)]


def test_without_a_position_a_poll_answers_the_newest(http, room, ten):
    assert data(http.poll(room, limit=2)) == ["9", "10"]
    assert data(http.poll(room)) == [str(n + 1) for n in range(10)]


def test_names_are_compared_as_xmpp_compares_them(http, room, ten):
    assert data(http.poll(room.upper(), last=1)) == ["10"]


def test_an_etag_stands_for_the_answer(http, room, ten):
    first = http.poll(room, since=0)
    etag = first.headers["etag"]
    assert etag.lstrip("W/").startswith('"')
    unchanged = http.poll(room, since=0, headers={"If-None-Match": etag})
    assert (unchanged.status, unchanged.body) == (304, "")
    assert unchanged.headers["etag"] == etag
    http.publish(room, "11")
    changed = http.poll(room, since=0, headers={"If-None-Match": etag})
    assert data(changed)[-1] == "11" and changed.headers["etag"] != etag


def test_head_answers_as_get_without_a_body(http, room, ten):
    head = http.request("HEAD", f"/rooms/{room}/messages")
    assert (head.status, head.body) == (200, "")
    assert head.headers["content-type"].startswith("application/json")


class TestLongPoll:
    def test_what_is_there_is_answered_at_once(self, http, room, ten):
        assert data(http.poll(room, since=ten[8]["offset"], wait=20)) == ["10"]

    def test_it_waits_for_the_next_message(self, server, http, room, ten):
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(http.poll, room, since=ten[9]["offset"], wait=25)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)  # with nothing to say it says nothing
            posted = server.http.publish(room, "worth waiting for", name="Bo")
            answer = waiting.result()
        assert data(answer) == ["worth waiting for"]
        assert answer.json["cursor"] == posted.json["offset"]

    def test_many_are_woken_by_one_message(self, server, room):
        cursor = server.http.poll(room).json["cursor"]
        with ThreadPoolExecutor(20) as pool:
            waiting = [pool.submit(server.http.poll, room, since=cursor, wait=25) for _ in range(20)]
            server.http.publish(room, "wake up")
            assert [data(one.result()) for one in waiting] == [["wake up"]] * 20

    def test_with_nothing_new_it_ends_with_the_same_cursor(self, http, room, ten):
        answer = http.poll(room, since=ten[9]["offset"], wait=1)
        assert data(answer) == [] and answer.json["cursor"] == ten[9]["offset"]

    def test_it_waits_no_longer_than_the_server_allows(self, start):
        server = start("[http]\nlong_poll_max = 1\n")
        assert data(server.http.poll("lobby", since=0, wait=3600)) == []

    def test_who_gives_up_waiting_costs_nothing(self, server, room):
        cursor = server.http.poll(room).json["cursor"]
        for _ in range(5):
            with pytest.raises(ConnectionError):
                server.http.request("GET", f"/rooms/{room}/messages?since={cursor}&wait=20", args=("--max-time", "0.2"))
        server.http.publish(room, "later")
        assert data(server.http.poll(room, since=cursor)) == ["later"]


class TestHistoryGone:
    CONFIG = '[[room]]\nmatch = "short"\nlog = "memory"\nhistory_count = 5\n'

    def test_an_offset_older_than_what_is_kept_is_410(self, start):
        server = start(self.CONFIG)
        posted = [server.http.publish("short", str(n)).json["offset"] for n in range(20)]
        gone = server.http.poll("short", since=posted[2])
        assert (gone.status, gone.problem) == (410, "cursor-gone")
        assert gone.json["cursor"] == posted[-1]
        assert data(server.http.poll("short", since=gone.json["oldest"])) == ["15", "16", "17", "18", "19"]

    def test_exactly_what_is_kept_is_still_there(self, start):
        server = start(self.CONFIG)
        posted = [server.http.publish("short", str(n)).json["offset"] for n in range(20)]
        assert data(server.http.poll("short", since=posted[14])) == ["15", "16", "17", "18", "19"]
        assert server.http.poll("short", since=posted[13]).status == 410
        assert data(server.http.poll("short", since=0)) == ["15", "16", "17", "18", "19"]

    def test_another_epoch_is_410_also_for_a_long_poll(self, start):
        server = start()
        server.http.publish("lobby", "x")
        for query in ({}, {"wait": 20}):
            gone = server.http.poll("lobby", since="1-1", **query)
            assert (gone.status, gone.problem) == (410, "cursor-gone")

    def test_an_offset_from_the_future_is_not_silently_accepted(self, start):
        server = start()
        epoch, _ = server.http.publish("lobby", "x").json["offset"].split("-")
        assert server.http.poll("lobby", since=f"{epoch}-99").problem == "cursor-gone"

    def test_history_by_bytes(self, start):
        server = start('[[room]]\nmatch = "small"\nlog = "memory"\nhistory_bytes = 10000\n')
        for n in range(100):
            server.http.publish("small", f"{n:03}" + "x" * 997)
        kept = data(server.http.poll("small", since=0))
        assert 1 <= len(kept) <= 10
        assert kept[-1].startswith("099")

    def test_history_by_age(self, start):
        server = start('[[room]]\nmatch = "brief"\nlog = "memory"\nhistory_age = 1\n')
        posted = server.http.publish("brief", "soon forgotten").json["offset"]
        until(lambda: data(server.http.poll("brief", since=0)) == [], "the message is forgotten")
        assert data(server.http.poll("brief", since=posted)) == []
