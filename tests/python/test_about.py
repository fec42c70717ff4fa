"""Messages about messages: replies, edits, reactions, retractions; who is writing; and what one has said oneself."""

import base64
import json

import pytest
import socketio
from hubbub_test.application import Application, settings
from hubbub_test.curl import messages_path
from hubbub_test.server import PATIENCE, Server
from hubbub_test.socketio import Client
from hubbub_test.sse import EventStream
from hubbub_test.tokens import SECRET, hs256
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket, open_raw

KEPT = pytest.mark.parametrize("durable", [False, True], ids=["memory", "durable"])
# Whoever changes what he has said shows who he is: anybody may take a guest's name.
WHO = f'[access]\nadmit = ["guests", "tokens"]\n[token]\nhmac_secret = "{SECRET}"\n'
JSON = "application/json"


@pytest.fixture(scope="module")
def server():
    with Server(WHO) as running:
        yield running


@pytest.fixture
def start(start):
    def make(config: str = "", durable: bool = False, **options):
        """Where there is a folder to keep them there may be accounts as well."""
        who = WHO.replace('"tokens"', '"tokens", "accounts"') if durable else WHO
        return start(who + config, durable=durable, **options)

    return make


def post(server, room: str, body: str | bytes | None = None, type: str = "text/plain", headers=None, name=None, **query):
    """A POST, as a person would write it: with a token that says who he is, or as a guest who is in the room if he is typing."""
    head = {"Content-Type": type, **(headers or {})}
    if name and "typing" not in query:
        head["Authorization"] = f"Bearer {hs256(name.lower(), name=name)}"
    elif name:
        query["name"] = name
    return server.http.request("POST", messages_path(room, **query), body, head)


def said(server, room: str, body: str | bytes | None = None, **options) -> dict:
    answer = post(server, room, body, **options)
    assert answer.status == 201, answer
    return answer.json


def refused(answer) -> tuple[int, str]:
    return answer.status, answer.problem


def log(server, room: str, **query) -> list[dict]:
    """What a poll reads."""
    answer = server.http.poll(room, since="0", **query)
    assert answer.status == 200, answer
    return answer.json["messages"]


def conversation(server, room: str) -> dict[str, dict]:
    """Ann says three things, of which the second is answered, edited and liked, and the third is taken back."""
    one = {"first": said(server, room, "hello", name="Ann")}
    one["second"] = said(server, room, "helo all", name="Ann")
    one["third"] = said(server, room, "oh no", name="Ann")
    one["reply"] = said(server, room, "hi Ann", name="Bo", reply_to=one["second"]["id"])
    one["edit"] = said(server, room, "hello all", name="Ann", edit_of=one["second"]["offset"])
    one["liked"] = said(server, room, '["👍","🎉"]', name="Bo", reactions_to=one["second"]["id"])
    one["unliked"] = said(server, room, '["🎉"]', name="Bo", reactions_to=one["second"]["offset"])
    one["retraction"] = said(server, room, name="Ann", retracts=one["third"]["id"])
    return one


def relations(all: list[dict]) -> list[tuple]:
    """Each envelope without its stamp."""
    stamp = ("id", "offset", "time", "from", "name")
    return [(one["name"], {name: value for name, value in one.items() if name not in stamp}) for one in all]


def expected(one: dict[str, dict]) -> list[tuple]:
    """What the log of `conversation` holds for whoever reads it afterwards."""
    second, third, taken = one["second"]["id"], one["third"]["id"], one["retraction"]
    quote = {"from": "ann@localhost", "name": "Ann", "text": "helo all"}
    end = {name: taken[name] for name in ("id", "from", "name", "time")}
    return [
        ("Ann", {"event": "message", "data": "hello"}),
        ("Ann", {"event": "message", "data": "helo all"}),
        ("Ann", {"event": "message", "retracted": end, "data": None}),
        ("Bo", {"event": "message", "reply_to": second, "quote": quote, "data": "hi Ann"}),
        ("Ann", {"event": "message", "edit_of": second, "data": "hello all"}),
        ("Bo", {"event": "hubbub:reactions", "reactions_to": second, "data": ["👍", "🎉"]}),
        ("Bo", {"event": "hubbub:reactions", "reactions_to": second, "data": ["🎉"]}),
        ("Ann", {"event": "hubbub:retraction", "retracts": third, "data": None}),
    ]


@KEPT
class TestHistory:
    def test_every_protocol_reads_the_same(self, start, room, durable):
        server = start(durable=durable)
        one = conversation(server, room)
        wanted = expected(one)
        assert relations(log(server, room)) == wanted
        with JsonSocket(server, room, name="Lee", since="0") as socket, EventStream(server.http, room, since="0") as stream:
            socket.joined()
            frames = [socket.next_named("message", "hubbub:reactions", "hubbub:retraction") for _ in wanted]
            events = [stream.next_named("message", "hubbub:reactions", "hubbub:retraction") for _ in wanted]
        assert relations(frames) == wanted
        assert relations([event.json for event in events]) == wanted
        assert [event.event for event in events] == [envelope["event"] for _, envelope in wanted]
        assert [event.id for event in events] == [known["offset"] for known in one.values()]

    def test_socketio_reads_it_with_an_argument_more(self, start, room, durable):
        server = start(durable=durable)
        one = conversation(server, room)
        names = ("message", "hubbub:reactions", "hubbub:retraction")
        with Client(server) as client:
            client.join(f"/{room}", {"name": "Lee", "since": "0"})
            heard = [client.wait_for(lambda packet: packet.data[0] in names).data for _ in one]
        offsets = [known["offset"] for known in one.values()]
        assert [args[-1] for args in heard] == offsets
        assert [args[:-1] for args in heard[:2]] == [["message", "hello"], ["message", "helo all"]]
        by = {key: {name: known[name] for name in ("id", "from", "name")} for key, known in one.items()}
        for args, key, (_, envelope) in list(zip(heard, one, expected(one), strict=True))[2:]:
            event, data = envelope.pop("event"), envelope.pop("data")
            content = [] if event == "hubbub:retraction" else [data]
            assert args[:-1] == [event, *content, by[key] | envelope]

    def test_raw_sockets_read_what_was_said(self, start, room, durable):
        server = start(durable=durable)
        conversation(server, room)
        with open_raw(server, room, since="0") as socket:
            heard = [socket.recv(timeout=PATIENCE) for _ in range(4)]
            socket.send("the end")
            assert [*heard, socket.recv(timeout=PATIENCE)] == ["hello", "helo all", "hi Ann", "hello all", "the end"]

    def test_what_an_edit_said_is_taken_back_with_the_message(self, start, room, durable):
        server = start(durable=durable)
        first = said(server, room, "secret", name="Ann")
        edit = said(server, room, "still secret", name="Ann", edit_of=first["id"])
        said(server, room, name="Ann", retracts=edit["id"])
        assert "secret" not in server.http.poll(room, since="0").body
        assert [one["data"] for one in log(server, room)] == [None] * 3
        assert log(server, room)[2]["retracts"] == first["id"], "the message itself, whichever form was named"


def test_a_kill_loses_nothing(start, room):
    server = start(durable=True)
    one = conversation(server, room)
    server.kill()
    server.start()
    assert relations(log(server, room)) == expected(one)
    late = said(server, room, "again", name="Bo", reply_to=one["edit"]["offset"])
    assert log(server, room, name="Lee")[-1]["reply_to"] == one["second"]["id"], late
    assert refused(post(server, room, name="Ann", retracts=one["third"]["id"])) == (404, "not-found")


class TestAsItHappens:
    def test_over_hubbub_json(self, server, room):
        with JsonSocket(server, room, name="Ann") as ann, JsonSocket(server, room, name="Bo") as bo:
            ann.joined(), bo.joined()
            ann.send("hello", key="a")
            first = bo.next_named("message")
            bo.send("hi", reply_to=first["id"], key="b")
            assert bo.next_named("hubbub:ack")["data"]["key"] == "b"
            reply = ann.next_named("message") and ann.next_named("message")
            assert (reply["reply_to"], reply["quote"]["text"], reply["data"]) == (first["id"], "hello", "hi")
            bo.send({"x": 1}, event="move", edit_of=reply["offset"])
            edit = ann.next_named("move")
            assert (edit["edit_of"], edit["data"]) == (reply["id"], {"x": 1})
            bo.send(["👍", "👍", "🎉"], reactions_to=first["offset"])
            felt = ann.next_named("hubbub:reactions")
            assert (felt["reactions_to"], felt["data"], felt["name"]) == (first["id"], ["👍", "🎉"], "Bo")
            bo.send([], reactions_to=first["id"])
            assert ann.next_named("hubbub:reactions")["data"] == []
            bo.socket.send(json.dumps({"retracts": reply["id"], "key": "c"}))
            gone = ann.next_named("hubbub:retraction")
            assert (gone["retracts"], gone["data"]) == (reply["id"], None)
            assert bo.next_named("hubbub:ack")["data"]["id"] == gone["id"]

    def test_over_socketio(self, server, room):
        here = f"/{room}"
        with Client(server) as ann, Client(server) as bo, EventStream(server.http, room) as stream:
            stream.next_named("hubbub:joined")
            ann.join(here, {"name": "Ann"}), bo.join(here, {"name": "Bo"})
            (first,) = ann.ask(here, "message", "hello")
            (reply,) = bo.ask(here, "hubbub:reply", first["id"], "hi", b"\0")
            envelopes = [stream.next_named("message").json for _ in range(2)]
            assert envelopes[1]["reply_to"] == first["id"] and envelopes[1]["id"] == reply["id"]
            assert envelopes[1]["data"] == ["hi", {"base64": "AA=="}] and envelopes[1]["args"]
            ann.heard(here)
            event, text, bytes, about, offset = ann.heard(here).data
            assert (event, text, bytes, about["reply_to"], about["name"], offset) == (
                "message", "hi", b"\0", first["id"], "Bo", reply["offset"],
            )
            bo.ask(here, "hubbub:edit", reply["offset"], "hey")
            assert ann.heard(here).args[1]["edit_of"] == reply["id"]
            bo.emit(here, "hubbub:reactions", first["offset"], ["👍"])
            felt = ann.told(here, "hubbub:reactions").args
            assert (felt[0], felt[1]["reactions_to"], felt[1]["from"]) == (["👍"], first["id"], "bo@guest.localhost")
            ann.emit(here, "hubbub:retraction", first["id"])
            assert bo.told(here, "hubbub:retraction").args[0]["retracts"] == first["id"]

    def test_in_the_namespace_of_many_rooms(self, server, room):
        with Client(server) as ann:
            ann.connect("/", {"name": "Ann"})
            ann.ask("/", "join", room)
            (first,) = ann.ask("/", "publish", room, "message", "hello")
            (reply,) = ann.ask("/", "publish", room, "hubbub:reply", first["id"], "me again")
            told = [ann.told("/", "publish").args for _ in range(2)]
            assert told[1][:3] == [room, "message", "me again"]
            assert told[1][3]["reply_to"] == first["id"] and told[1][3]["id"] == reply["id"]
            ann.emit("/", "publish", room, "hubbub:typing", True)
            assert ann.told("/", "hubbub:typing").args == [
                {"user": "ann@guest.localhost", "name": "Ann", "typing": True, "room": room}
            ]

    def test_python_clients_are_called_with_what_was_said(self, server, room):
        """Their handlers take as many arguments as an event has; one more would break them."""
        heard, here = [], f"/{room}"
        client = socketio.Client(reconnection=False)
        client.on("message", heard.append, namespace=here)
        client.on("hubbub:reactions", lambda felt, about: heard.append((felt, about["name"])), namespace=here)
        client.connect(server.base, transports=["websocket"], namespaces=[here], wait_timeout=PATIENCE)
        first = said(server, room, "hello", name="Ann")
        said(server, room, "hi", name="Bo", reply_to=first["id"])
        said(server, room, '["👍"]', name="Bo", reactions_to=first["id"])
        until(lambda: heard == ["hello", "hi", (["👍"], "Bo")], "all three were heard")
        client.disconnect()

    def test_the_same_key_says_it_once(self, server, room):
        key = {"Idempotency-Key": "k1"}
        first = said(server, room, "hello", name="Ann")
        again = [post(server, room, "hi", name="Ann", reply_to=first["id"], headers=key) for _ in range(2)]
        assert [answer.status for answer in again] == [201, 200]
        assert again[0].json == again[1].json
        assert len(log(server, room)) == 2

    def test_what_was_taken_back_with_a_key_is_told_so_again(self, server, room):
        key = {"Idempotency-Key": "k1"}
        first = said(server, room, "hello", name="Ann")
        again = [post(server, room, name="Ann", retracts=first["id"], headers=key) for _ in range(2)]
        assert [answer.status for answer in again] == [201, 200]


class TestRefusals:
    """Each in the words of its protocol."""

    def test_over_http(self, http, server, room):
        first = said(server, room, "hello", name="Ann")
        nobody = "019a0000-0000-7000-8000-000000000000"
        epoch = first["offset"].split("-")[0]
        for query, gets in [
            ({"reply_to": nobody}, (404, "not-found")),
            ({"reply_to": f"{epoch}-99"}, (404, "not-found")),
            ({"edit_of": "1-1"}, (404, "not-found")),
            ({"edit_of": first["id"]}, (403, "forbidden")),
            ({"reply_to": "the first"}, (400, "bad-request")),
            ({"reply_to": first["id"], "edit_of": first["id"]}, (400, "bad-request")),
        ]:
            answer = http.publish(room, "x", name="Bo", **query)
            assert refused(answer) == gets, query
        assert refused(post(server, room, name="Bo", retracts=first["id"])) == (403, "forbidden")
        assert len(log(server, room)) == 1

    def test_what_is_gone_cannot_be_spoken_of(self, server, room):
        first = said(server, room, "hello", name="Ann")
        felt = said(server, room, '["👍"]', name="Bo", reactions_to=first["id"])
        assert refused(post(server, room, "x", name="Bo", reply_to=felt["id"])) == (404, "not-found")
        taken = said(server, room, name="Ann", retracts=first["offset"])
        for id in (first["id"], taken["id"]):
            assert refused(post(server, room, "x", name="Bo", reply_to=id)) == (404, "not-found")

    def test_over_hubbub_json(self, server, room):
        first = said(server, room, "hello", name="Ann")
        with JsonSocket(server, room, name="Bo") as bo:
            bo.joined()
            for frame, status in [
                ({"data": "x", "edit_of": first["id"], "key": "k"}, 403),
                ({"data": "x", "reply_to": "1-1"}, 404),
                ({"data": "x", "reply_to": first["id"], "retracts": first["id"]}, 400),
                ({"data": [""], "reactions_to": first["id"]}, 400),
                ({"data": "yes", "event": "hubbub:typing"}, 400),
            ]:
                bo.socket.send(json.dumps(frame))
                told = bo.next_named("hubbub:error")["data"]
                assert (told["status"], told.get("key")) == (status, frame.get("key"))
            bo.send("still usable")
            assert bo.next_named("message")["data"] == "still usable"

    def test_over_socketio(self, server, room):
        first, here = said(server, room, "hello", name="Ann"), f"/{room}"
        with Client(server) as bo:
            bo.join(here, {"name": "Bo"})
            for args, status in [
                (["hubbub:edit", first["id"], "x"], 403),
                (["hubbub:retraction", first["id"]], 403),
                (["hubbub:reply", "1-1", "x"], 404),
                (["hubbub:reply", 7, "x"], 400),
                (["hubbub:reply", first["id"]], 400),
                (["hubbub:reactions", first["id"], ["a\n"]], 400),
                (["hubbub:typing", "yes"], 400),
            ]:
                assert bo.ask(here, *args)[0]["error"]["status"] == status, args
            bo.emit(here, "hubbub:retraction", first["id"])
            assert bo.told(here, "hubbub:error").args[0]["status"] == 403
            assert bo.echoes(here, "still here")


class TestTyping:
    def test_everybody_who_lasts_is_told(self, server, room):
        ann = {"user": "ann@guest.localhost", "name": "Ann"}
        here = f"/{room}"
        with (
            JsonSocket(server, room, name="Ann") as socket,
            EventStream(server.http, room, name="Bo") as stream,
            Client(server) as client,
        ):
            socket.joined(), client.join(here, {"name": "Cy"})
            offset = stream.next_named("hubbub:joined").id
            asks = [
                lambda: socket.socket.send('{"event":"hubbub:typing","data":true}'),
                lambda: post(server, room, name="Ann", typing=False),
            ]
            for ask, typing in zip(asks, (True, False), strict=True):
                ask()
                told = ann | {"typing": typing}
                assert socket.next_named("hubbub:typing") == {"event": "hubbub:typing", "data": told}
                event = stream.next_named("hubbub:typing")
                assert (event.json, event.id) == (told, offset), "the client comes back to where it was"
                assert client.told(here, "hubbub:typing").args == [told | {"room": room}]
            client.emit(here, "hubbub:typing", True)
            assert socket.next_named("hubbub:typing")["data"]["name"] == "Cy"
        assert log(server, room) == []

    def test_over_http_it_is_answered_without_a_word(self, server, room):
        assert refused(post(server, room, name="Ann", typing=True)) == (409, "conflict")
        with JsonSocket(server, room, name="Ann") as ann:
            ann.joined()
            answer = post(server, room, name="Ann", typing=True)
            assert (answer.status, answer.body) == (204, "")
            ann.socket.send('{"event":"hubbub:typing","data":false,"key":"k"}')
            assert ann.next_named("hubbub:ack")["data"] == {"key": "k"}
        assert refused(post(server, room, "x", name="Ann", typing=True)) == (400, "bad-request")

    def test_who_asks_too_fast_is_told_so(self, start, room):
        server = start("[limits]\npublish_rate = 1\npublish_burst = 2\n")
        with JsonSocket(server, room, name="Ann") as ann:
            ann.joined()
            for _ in range(20):
                ann.socket.send('{"event":"hubbub:typing","data":true}')
            assert ann.next_named("hubbub:error")["data"]["status"] == 429


class TestOwnCopies:
    @pytest.fixture
    def inboxes(self, start):
        """A server with two people, and the way to be one of them."""
        server = start(durable=True)
        for name in ("ann", "bob"):
            server.add_user(name, "opensesame")
        return server, lambda name: {"Authorization": f"Basic {base64.b64encode(f'{name}:opensesame'.encode()).decode()}"}

    def test_what_one_has_said_is_in_ones_own_inbox(self, inboxes):
        server, who = inboxes
        with JsonSocket(server, "@ann", headers=who("ann")) as ann, open_raw(server, "@ann", who("ann")) as raw:
            ann.joined()
            first = said(server, "@bob", "psst", headers=who("ann"))
            copy = ann.next_named("message")
            assert (copy["id"], copy["from"], copy["to"], copy["data"]) == (
                first["id"], "ann@localhost", "bob@localhost", "psst",
            )
            reply = said(server, "@ann", "what", headers=who("bob"), reply_to=copy["id"])
            assert ann.next_named("message")["quote"]["text"] == "psst"
            assert raw.recv(timeout=PATIENCE) == "what", "a raw socket cannot tell whose words these are"
        server.kill()
        server.start()
        for name, other in (("ann", "bob"), ("bob", "ann")):
            kept = log(server, f"@{name}", headers=who(name))
            assert [one["id"] for one in kept] == [first["id"], reply["id"]]
            assert {one.get("to") for one in kept} == {None, f"{other}@localhost"}
            assert kept[1]["reply_to"] == first["id"]

    def test_socketio_says_to_whom(self, inboxes):
        server, who = inboxes
        with Client(server) as ann:
            ann.join("/@ann", {"user": "ann", "password": "opensesame"})
            said(server, "@bob", "psst", headers=who("ann"))
            event, text, about, _ = ann.heard("/@ann").data
            assert (event, text, about["to"], about["from"]) == ("message", "psst", "bob@localhost", "ann@localhost")


class TestApplications:
    def test_an_application_sees_what_is_meant(self, start, room):
        application = Application(lambda question: {"rewrite": {"data": ["🙂"]}} if question["event"] == "hubbub:reactions" else {})
        server = start(settings(application.url, 'events = ["event"]'))
        first = said(server, room, "hello", name="Ann")
        said(server, room, "hi", name="Bo", reply_to=first["offset"])
        said(server, room, '["👍"]', name="Bo", reactions_to=first["id"])
        said(server, room, name="Ann", retracts=first["id"])
        reply, felt, taken = (application.next("event", n) for n in (1, 2, 3))
        assert (reply["reply_to"], reply["quote"]["text"], reply["data"]) == (first["id"], "hello", "hi")
        assert (felt["reactions_to"], felt["data"]) == (first["id"], ["👍"])
        assert (taken["event"], taken["retracts"], taken["data"]) == ("hubbub:retraction", first["id"], None)
        application.stop()

    def test_a_rewrite_says_it_of_the_same_message(self, start, room):
        def policy(question):
            return {"rewrite": {"data": ["🙂"] if question["event"] == "hubbub:reactions" else "censored"}}

        application = Application(policy)
        server = start(settings(application.url, 'events = ["event"]\n[[room]]\nmatch = "unjudged"\n'))
        first = said(server, room, "hello", name="Ann")
        said(server, room, "hi", name="Bo", reply_to=first["id"])
        said(server, room, '["👍"]', name="Bo", reactions_to=first["id"])
        assert refused(post(server, room, name="Ann", retracts=first["id"])) == (503, "unavailable"), "there is nothing to rewrite"
        kept = log(server, room)
        assert [(one["event"], one["data"]) for one in kept] == [
            ("message", "censored"), ("message", "censored"), ("hubbub:reactions", ["🙂"]),
        ]
        assert (kept[1]["reply_to"], kept[2]["reactions_to"]) == (first["id"], first["id"])
        application.stop()
