"""The examples of docs/webhooks.md, run as they are, behind the real server and spoken to by every transport."""

import json

import pytest
from hubbub_test.application import EXAMPLES, Example, settings
from hubbub_test.curl import Http
from hubbub_test.server import PATIENCE, Server
from hubbub_test.sse import EventStream
from hubbub_test.together import at_once
from hubbub_test.websocket import JsonSocket, close_code, open_raw, refusal
from websockets.exceptions import ConnectionClosed


@pytest.fixture(scope="module", params=EXAMPLES)
def server(request):
    application = Example(request.param)
    with Server(settings(application.url, "events = ['connect', 'leave', 'event']")) as running:
        yield running
    application.stop()


def read(socket):
    return socket.recv(timeout=PATIENCE)


def test_a_word_is_refused_in_each_protocol(server, room):
    with open_raw(server, room) as raw, JsonSocket(server, room) as envelopes:
        posted = server.http.publish(room, "buy spam")
        assert (posted.status, posted.problem) == (403, "refused")
        assert posted.json["detail"] == "Mind your language." and posted.json["data"] == {"word": "spam"}
        envelopes.send("more spam", key="k")
        refused = envelopes.next_named("hubbub:error")["data"]
        assert (refused["key"], refused["detail"], refused["data"]) == ("k", "Mind your language.", {"word": "spam"})
        raw.send("spam")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                read(raw)
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Mind your language.")
    assert [one["data"] for one in server.http.poll(room).json["messages"] if one["event"] == "message"] == []


def test_a_smile_is_rewritten_and_stays_its_senders(server, room):
    with open_raw(server, room, name="Ann") as raw:
        raw.send("hello :)")
        assert read(raw) == "hello 🙂"
    message = next(m for m in server.http.poll(room).json["messages"] if m["event"] == "message")
    assert (message["data"], message["from"]) == ("hello 🙂", "ann@guest.localhost")


def test_an_event_is_answered_and_nobody_else_hears_of_it(server, room):
    with JsonSocket(server, room, name="Ann") as ann:
        posted = server.http.publish(room, "[1, 2, 39]", type="application/json", event="sum")
        assert (posted.status, posted.json) == (200, {"answer": [42]})
        ann.send([1, 1], event="sum", key="k")
        assert ann.next_named("hubbub:ack", "sum")["data"] == {"key": "k", "answer": [2]}
        assert server.http.poll(room).json["messages"] == []


def test_others_are_greeted_and_told_who_types(server, room):
    with JsonSocket(server, room, name="Ann") as ann, EventStream(server.http, room, name="Cleo") as cleo:
        assert ann.next_named("hello") == {"event": "hello", "data": "Cleo"}
        with JsonSocket(server, room, name="Bo") as bo:
            assert ann.next_named("hello")["data"] == "Bo"
            hello = cleo.next_named("hello")
            # What no log keeps has no place in it: the stream resumes after the last that has.
            assert hello.json == {"event": "hello", "data": "Bo"}
            bo.send(None, event="typing")
            bo.send("done")
            assert bo.next_message()["data"] == "done"
            assert ann.next_named("typing", "message") == {"event": "typing", "data": "Bo"}
            assert cleo.next_named("typing", "message").event == "typing"
        assert ann.next_named("goodbye")["data"] == "Bo"
        assert cleo.next_named("goodbye").json["from"] == "localhost"


def test_a_whisper_reaches_one_user_wherever_he_is(server, room):
    elsewhere = f"{room}-2"
    with JsonSocket(server, elsewhere, name="Bo") as bo, JsonSocket(server, room, name="Cleo") as cleo:
        whisper = json.dumps({"to": "bo@guest.localhost", "text": "psst"})
        server.http.publish(room, whisper, type="application/json", event="whisper", name="Ann")
        server.http.publish(room, "aloud")
        assert bo.next_named("whisper")["data"] == {"from": "Ann", "text": "psst"}
        assert cleo.next_named("whisper", "message")["event"] == "message"


def test_who_is_not_let_in(server, room):
    refused = refusal(server, room, name="Mallory")
    assert refused.status_code == 403 and json.loads(refused.body)["detail"] == "You are not welcome here."
    with EventStream(server.http, room, name="Mallory") as stream:
        assert stream.status() == 403
    assert server.http.presence(room).json["count"] == 0


def test_a_long_poll_is_let_in_and_hears_what_the_application_let_pass(server, room):
    cursor = server.http.publish(room, "first").json["offset"]
    poll = lambda: server.http.poll(room, since=cursor, wait=20, name="Lee")  # noqa: E731
    say = lambda: [server.http.publish(room, text).status for text in ("spam", "well :)")]  # noqa: E731
    answer, said = at_once([poll, say])
    assert said == [403, 201]
    assert [one["data"] for one in answer.json["messages"]] == ["well 🙂"]


def test_http2_is_the_same(server, room):
    posted = Http(server.base, http2=True).publish(room, "spam")
    assert (posted.status, posted.problem) == (403, "refused")


def test_a_socket_that_was_refused_leaves_nothing(server, room):
    with open_raw(server, room, name="Ann") as ann:
        ann.send("spam")
        assert close_code(ann) == 1008
    assert [one for one in server.http.poll(room).json["messages"] if one["event"] == "message"] == []
