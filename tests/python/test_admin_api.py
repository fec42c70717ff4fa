"""The admin API: who may use it, what each action does in each protocol, what came of it, and which rooms there are."""

import base64
import json
from contextlib import closing, contextmanager

import pytest
from hubbub_test.application import API_TOKEN, Application, settings
from hubbub_test.server import PATIENCE, Server
from hubbub_test.socketio import ACK, Client, Ended, encode
from hubbub_test.sse import EventStream
from hubbub_test.together import at_once
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket, close_code, open_raw
from websockets.exceptions import ConnectionClosed

BEARER = {"Authorization": f"Bearer {API_TOKEN}"}
API = f'[api]\ntoken = "{API_TOKEN}"\n'


@pytest.fixture(scope="module")
def application():
    """It says yes to everything, and knows who is there."""
    playing = Application(lambda _: {})
    yield playing
    playing.stop()


@pytest.fixture(scope="module")
def server(application):
    with Server(settings(application.url, 'events = ["connect"]')) as running:
        yield running


@pytest.fixture
def sessions(application, room):
    """The names of the sessions in this test's room, by who they are, once they are there."""

    def named(*names):
        def found(name):
            asked = [one for one in application.asked if (one.get("room"), one["user"]["name"]) == (room, name)]
            return asked[-1]["session"]

        return [found(name) for name in names]

    return named


def act(server, *actions) -> list[dict]:
    answer = server.http.request("POST", "/api/actions", json.dumps({"actions": actions}), BEARER)
    assert answer.status == 200, answer
    assert len(answer.json["results"]) == len(actions)
    return answer.json["results"]


@contextmanager
def member(server, room: str):
    """A client of Socket.IO in a room's namespace, and its session's name."""
    with closing(Client(server, query={"recovery": "false"})) as client:
        client.sid = client.connect(f"/{room}")["sid"]
        yield client


class TestWhoMayUseIt:
    def test_without_a_token_in_the_settings_there_is_none(self, start):
        server = start()
        for method, path in (("POST", "/api/actions"), ("GET", "/api/rooms")):
            answer = server.http.request(method, path, '{"actions":[]}' if method == "POST" else None, BEARER)
            assert (answer.status, answer.problem) == (404, "not-found")
            assert "api.token" in answer.json["detail"]

    @pytest.mark.parametrize(
        ("authorization", "status"),
        [
            (None, 401),
            (f"Bearer {API_TOKEN[:-1]}", 401),
            (f"Bearer {API_TOKEN}x", 401),
            ("Bearer x", 401),
            ("Basic " + base64.b64encode(b"ann:pw").decode(), 403),
            ("Basic " + base64.b64encode(b"ann:wrong").decode(), 401),
        ],
    )
    def test_others_may_not(self, start, authorization, status):
        server = start(API, durable=True)
        server.add_user("ann", "pw")
        headers = {"Authorization": authorization} if authorization else {}
        body = '{"actions":[{"action":"emit","room":"lobby","data":"x"}]}'
        assert server.http.request("POST", "/api/actions", body, headers).status == status
        assert server.http.request("GET", "/api/rooms", headers=headers).status == status
        assert server.http.poll("lobby").json["messages"] == []

    def test_its_holder_has_every_right_and_no_limit(self, start):
        limits = '[limits]\npublish_rate = 1\npublish_burst = 1\n[[room]]\nmatch = "*"\njoin = []\nread = []\npublish = []\n'
        server = start(API + limits)
        assert server.http.publish("news", "x").status == 403
        results = act(server, *[{"action": "emit", "room": "news", "data": n} for n in range(20)])
        assert all(result["ok"] for result in results)
        posted = server.http.publish("news", "by hand", headers=BEARER)
        assert (posted.status, posted.json["from"]) == (201, "localhost")
        kept = server.http.poll("news", headers=BEARER).json["messages"]
        assert [one["data"] for one in kept] == [*range(20), "by hand"]
        with open_raw(server, "news", headers=BEARER, since=0) as reader:
            assert reader.recv(timeout=PATIENCE) == "0"


class TestEmit:
    def test_to_a_room_is_a_message_like_any_other(self, server, room):
        with open_raw(server, room) as raw, EventStream(server.http, room) as stream:
            stream.next_named("hubbub:joined")
            (result,) = act(server, {"action": "emit", "room": room, "event": "news", "data": {"n": 1}})
            assert raw.recv(timeout=PATIENCE) == '{"n": 1}'
            event = stream.next_named("news")
            assert (event.id, event.json["id"]) == (result["offset"], result["id"])
        (kept,) = server.http.poll(room, headers=BEARER).json["messages"]
        assert (kept["data"], kept["event"], kept["from"], kept["name"]) == ({"n": 1}, "news", "localhost", "localhost")

    def test_what_is_for_some_is_not_kept(self, server, room, sessions):
        with JsonSocket(server, room, name="Ann") as ann, JsonSocket(server, room, name="Bo") as bo:
            ann.joined(), bo.joined()
            emit = {"action": "emit", "room": room, "event": "hint"}
            (name,) = sessions("Ann")
            results = act(
                server, {**emit, "data": "not Ann", "except": [name]}, {**emit, "data": "all", "volatile": True}
            )
            assert results == [{"ok": True}] * 2
            assert ann.next_named("hint") == {"event": "hint", "data": "all"}
            assert [bo.next_named("hint")["data"] for _ in range(2)] == ["not Ann", "all"]
        assert server.http.poll(room, headers=BEARER).json["messages"] == []

    def test_to_one_session_one_user_or_all(self, server, room, sessions):
        with JsonSocket(server, room, name="Ann") as ann, EventStream(server.http, room, name="Bo") as bo:
            # More than one session of hers, so that both workers have some.
            others = [open_raw(server, f"{room}-{n}", name="Ann") for n in range(8)]
            ann.joined(), bo.next_named("hubbub:joined")
            (name,) = sessions("Bo")
            results = act(
                server,
                {"action": "emit", "session": name, "event": "one", "data": 1},
                {"action": "emit", "user": "ann@guest.localhost", "event": "user", "data": 2},
                {"action": "emit", "user": "nobody@guest.localhost", "data": 0},
                {"action": "emit", "session": "s9.9.9", "data": 0},
                {"action": "emit", "session": "no-such-name", "data": 0},
                {"action": "emit", "all": True, "event": "all", "data": 3},
            )
            assert results[:3] == [{"ok": True, "sessions": n} for n in (1, 9, 0)]
            assert [list(result) for result in results[3:5]] == [["error"]] * 2
            assert results[5]["sessions"] >= 10
            assert bo.next_named("one", "user", "all").json == {"event": "one", "data": 1}
            assert bo.next_named("one", "user", "all").json == {"event": "all", "data": 3}
            assert [ann.next_named("one", "user", "all")["data"] for _ in range(2)] == [2, 3]
            for other in others:
                assert [other.recv(timeout=PATIENCE) for _ in range(2)] == ["2", "3"]
                other.close()

    def test_who_has_left_is_not_found(self, server, room, sessions):
        with open_raw(server, room, name="Ann"):
            (name,) = sessions("Ann")
        # The close handshake is over when the server has ended the session.
        (result,) = act(server, {"action": "emit", "session": name, "data": 1})
        assert "error" in result

    def test_emitted_text_is_text_and_binary_binary(self, server, room, sessions):
        with open_raw(server, room, name="Ann") as ann:
            (name,) = sessions("Ann")
            for data in ({"data": "text"}, {"data": "AP8=", "encoding": "base64"}, {"data": [1], "args": True}):
                act(server, {"action": "emit", "session": name, **data})
            assert [ann.recv(timeout=PATIENCE) for _ in range(3)] == ["text", b"\0\xff", "[1]"]

    def test_compression_with_a_context_of_its_own(self, start, room):
        application = Application(lambda _: {})
        server = start(settings(application.url, top="[websocket]\ncontext_takeover = true"))
        with open_raw(server, room, compression="deflate", name="Ann") as ann:
            emit = {"action": "emit", "session": application.next("connect")["session"], "data": "x" * 5000}
            for _ in range(3):
                act(server, emit)
                assert ann.recv(timeout=PATIENCE) == "x" * 5000
        application.stop()


class TestAcknowledgements:
    def test_are_collected(self, server, room):
        with member(server, room) as ann, member(server, room) as bo, open_raw(server, room) as raw:
            emit = {"action": "emit", "room": room, "event": "vote", "data": "?", "ack": 20}

            def answer(client, *arguments):
                vote = client.told(f"/{room}", "vote")
                assert vote.args == ["?"]
                client.send(*encode(ACK, f"/{room}", arguments, vote.id))

            results, *_ = at_once(
                [lambda: act(server, emit), lambda: answer(ann, "yes", 1), lambda: answer(bo, "no")]
            )
            (result,) = results
            assert (result["ok"], result["sessions"], "timeout" in result) == (True, 3, False)
            acks = {ack["session"]: ack["args"] for ack in result["acks"]}
            assert acks == {ann.sid: ["yes", 1], bo.sid: ["no"]}
            assert raw.recv(timeout=PATIENCE) == "?"

    def test_that_do_not_come_are_waited_for_as_long_as_was_said(self, server, room):
        with member(server, room) as ann:
            (result,) = act(server, {"action": "emit", "session": ann.sid, "event": "x", "data": 1, "ack": 0.2})
            assert result == {"ok": True, "sessions": 1, "acks": [], "timeout": True}

    def test_are_not_waited_for_where_there_are_none(self, server, room, sessions):
        with open_raw(server, room, name="Ann") as ann:
            (name,) = sessions("Ann")
            (result,) = act(server, {"action": "emit", "session": name, "data": "x", "ack": 60})
            assert result == {"ok": True, "sessions": 1, "acks": []}
            assert ann.recv(timeout=PATIENCE) == "x"


class TestMoving:
    def test_a_session_of_socket_io_is_brought_into_a_room_and_out_of_it(self, server, room):
        with closing(Client(server, query={"recovery": "false"})) as ann:
            ann.sid = ann.connect("/")["sid"]
            assert act(server, {"action": "join", "session": ann.sid, "room": room})[0]["ok"]
            # Joining takes its way through the room's home; what is emitted after it has come in is heard.
            until(lambda: server.http.presence(room, BEARER).json["count"] == 1, "she is there")
            act(server, {"action": "emit", "room": room, "event": "x", "data": "in"})
            assert ann.heard("/").data == ["publish", room, "x", "in"]
            act(server, {"action": "leave", "session": ann.sid, "room": room})
            until(lambda: server.http.presence(room, BEARER).json["count"] == 0, "she is gone")
            act(server, {"action": "emit", "room": room, "data": "not heard"})
            act(server, {"action": "emit", "session": ann.sid, "event": "x", "data": "heard"})
            assert ann.heard("/").data == ["x", "heard"]

    def test_others_are_in_their_one_room(self, server, room, sessions):
        with open_raw(server, room, name="Ann"):
            (name,) = sessions("Ann")
            (result,) = act(server, {"action": "join", "session": name, "room": "elsewhere"})
            assert "one room" in result["error"]


class TestDisconnect:
    def test_each_protocol_in_its_own_words(self, server, room, sessions):
        with (
            open_raw(server, room, name="Ann") as raw,
            EventStream(server.http, room, name="Bo") as stream,
            member(server, room) as client,
        ):
            stream.next_named("hubbub:joined")
            names = sessions("Ann", "Bo")
            reason = {"reason": "closing time"}
            act(server, *[{"action": "disconnect", "session": name, **reason} for name in [*names, client.sid]])
            with pytest.raises(ConnectionClosed) as closed:
                raw.recv(timeout=PATIENCE)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4403, "closing time")
            assert stream.next_named("hubbub:error").json["detail"] == "closing time"
            assert stream.next() is None
            with pytest.raises(Ended):
                while True:
                    client.next()

    def test_a_user_a_room_or_everybody(self, start, room):
        server = start(API)
        sockets = [open_raw(server, f"{room}-{n % 2}", name=f"Ann{n % 3}") for n in range(12)]
        user, in_room, everybody = act(
            server,
            {"action": "disconnect", "user": "ann0@guest.localhost"},
            {"action": "disconnect", "room": f"{room}-1"},
            {"action": "disconnect", "all": True},
        )
        # Two of the six in the room are of the user who has gone already; those ended may still be there for a moment.
        assert user == {"ok": True, "sessions": 4}
        assert in_room["ok"] and everybody["ok"]
        assert [close_code(socket) for socket in sockets] == [4403] * 12


class TestRequests:
    @pytest.mark.parametrize(
        "body", ["", "[]", "{}", '{"actions":{}}', '{"actions":[],"more":1}', b"\xff", '{"actions":[7,]}']
    )
    def test_what_is_no_request(self, server, body):
        answer = server.http.request("POST", "/api/actions", body, BEARER)
        assert (answer.status, answer.problem) == (400, "bad-request")

    def test_results_come_in_order_and_one_mistake_spoils_nothing(self, server, room):
        emit = {"action": "emit", "room": room, "data": "x"}
        results = act(server, emit, {"action": "sing"}, emit, {"action": "emit", "session": "sender", "data": 1})
        assert [list(result)[0] for result in results] == ["ok", "error", "ok", "error"]
        assert "sing" in results[1]["error"]
        assert act(server) == []

    def test_too_many_and_too_much(self, server):
        many = json.dumps({"actions": [0] * 1001})
        assert server.http.request("POST", "/api/actions", many, BEARER).status == 400
        large = json.dumps({"actions": ["x" * (1 << 20)]})
        assert server.http.request("POST", "/api/actions", large, BEARER).status == 413
        assert server.http.request("GET", "/api/actions", headers=BEARER).status == 405


class TestRooms:
    def test_are_listed_page_by_page(self, start):
        server = start(API)
        names = [f"room {n:02}" for n in range(25)]
        for name in names:
            server.http.publish(name, "x")
        with open_raw(server, "room 07", name="Ann"), open_raw(server, "room 07", name="Ann"):
            pages, after = [], ""
            while True:
                answer = server.http.request("GET", f"/api/rooms?limit=10{after}", headers=BEARER)
                pages.append(answer.json["rooms"])
                if "next" not in answer.json:
                    break
                after = "&after=" + answer.json["next"].replace(" ", "%20")
        assert [len(page) for page in pages] == [10, 10, 5]
        listed = [one for page in pages for one in page]
        assert [one["room"] for one in listed] == names
        assert (listed[7]["people"], listed[7]["sessions"]) == (1, 2)
        assert all(one["head"].endswith("-1") for one in listed)
        assert all((one["title"], one["listed"]) == ("", True) for one in listed)

    @pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=@", "after=a%00"])
    def test_what_is_no_page(self, server, query):
        assert server.http.request("GET", f"/api/rooms?{query}", headers=BEARER).status == 400
