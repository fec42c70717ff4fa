"""Who is there: people, not connections; listed, counted, or nobody's business."""

from hubbub_test.sse import EventStream
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket, open_raw


def people(server, room) -> dict[str, int]:
    """User to number of sessions."""
    answer = server.http.presence(room)
    assert answer.status == 200, answer
    assert answer.json["count"] == len(answer.json["occupants"])
    return {one["user"]: one["sessions"] for one in answer.json["occupants"]}


def test_an_empty_room(http, room):
    answer = http.presence(room)
    assert answer.json == {"room": room.lower(), "count": 0, "occupants": []}


def test_sessions_of_one_person_count_once(server, room):
    with (
        JsonSocket(server, room, name="Ann") as one,
        JsonSocket(server, room, name="Ann") as two,
        JsonSocket(server, room, name="Bo") as bo,
    ):
        for socket in (one, two, bo):
            socket.joined()
        assert people(server, room) == {"ann@guest.localhost": 2, "bo@guest.localhost": 1}
        two.socket.close()
        until(
            lambda: people(server, room) == {"ann@guest.localhost": 1, "bo@guest.localhost": 1},
            "one of Ann's sessions is gone",
        )
    until(lambda: people(server, room) == {}, "everybody is gone")


def test_an_occupant_has_a_name_and_a_time(server, room):
    with open_raw(server, room, name="Ann"):
        (ann,) = until(lambda: server.http.presence(room).json["occupants"], "Ann is there")
        assert ann["name"] == "Ann" and ann["since"] > 1_700_000_000_000


def test_every_transport_makes_present(server, room):
    with open_raw(server, room, name="Ann"), EventStream(server.http, room, name="Bo") as stream:
        stream.next_named("hubbub:joined")
        server.http.poll(room, name="Kim")
        until(
            lambda: set(people(server, room)) == {f"{who}@guest.localhost" for who in ("ann", "bo", "kim")},
            "all three are there",
        )


def test_a_poll_without_a_name_does_not(server, room):
    server.http.poll(room)
    assert people(server, room) == {}


def test_a_second_session_is_no_second_join(server, room):
    with JsonSocket(server, room, name="Ann") as ann:
        ann.joined()
        with JsonSocket(server, room, name="Bo") as bo, JsonSocket(server, room, name="Bo"):
            bo.joined()
            assert ann.next_named("hubbub:presence")["data"]["action"] == "join"
        assert ann.next_named("hubbub:presence")["data"]["action"] == "leave"


def test_a_room_that_only_counts(start):
    server = start('[[room]]\nmatch = "crowd"\npresence = "count"\n')
    with JsonSocket(server, "crowd", name="Ann") as ann:
        ann.joined()
        with JsonSocket(server, "crowd", name="Bo") as bo:
            bo.joined()
            assert server.http.presence("crowd").json == {"room": "crowd", "count": 2}
            while (told := ann.next_named("hubbub:presence")["data"]) != {"count": 2}:
                assert told == {"count": 1}  # Ann's own coming may be told first


def test_a_room_without_presence(start):
    server = start('[[room]]\nmatch = "quiet"\npresence = "off"\n')
    with JsonSocket(server, "quiet", name="Ann") as ann, JsonSocket(server, "quiet", name="Bo") as bo:
        ann.joined(), bo.joined()
        answer = server.http.presence("quiet")
        assert (answer.status, answer.problem) == (404, "not-found")
        bo.send("hello")
        assert ann.next()["data"] == "hello", "no presence event may come before it"
