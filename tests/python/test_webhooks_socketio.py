"""Webhooks and Socket.IO: what its clients do is asked about as everybody's is, and answered in its acknowledgements."""

import json
from contextlib import closing

import pytest
from hubbub_test.application import Application, settings
from hubbub_test.server import PATIENCE, Server
from hubbub_test.socketio import Client
from hubbub_test.websocket import open_raw

TRANSPORTS = ["websocket", "polling"]


def policy(question):
    """Refuses Mallory and the word spam, sums, rewrites, and greets by name whoever sends a greeting to it alone."""
    if question["kind"] == "connect":
        auth = question.get("auth") or {}
        return {"refuse": {"message": "not you", "data": {"code": 7}}} if auth.get("name") == "Mallory" else {}
    if question["kind"] != "event":
        return {}
    event, data = question["event"], question["data"]
    if event == "sum":
        return {"publish": False, "answer": [sum(data), "units"]}
    if event == "picture":
        return {"rewrite": {"data": [*reversed(data)], "args": True}, "answer": [{"seen": True}]}
    if event == "greet":
        greeting = {"action": "emit", "session": "sender", "event": "greeting", "data": question["user"]["name"]}
        return {"publish": False, "answer": [], "actions": [greeting]}
    return {"refuse": "no spam"} if data == "spam" else {}


@pytest.fixture(scope="module")
def application():
    playing = Application(policy)
    yield playing
    playing.stop()


@pytest.fixture(scope="module")
def server(application):
    with Server(settings(application.url, top='[socketio]\nwebhook = "app"')) as running:
        yield running


@pytest.fixture(params=TRANSPORTS)
def client(request, server):
    with closing(Client(server, request.param, query={"recovery": "false", "name": "Ann"})) as made:
        yield made


def asked(application, room, kind):
    return [one for one in application.asked if (one.get("room"), one["kind"]) == (room, kind)]


def test_it_is_asked_about_under_its_own_id(server, application, client, room):
    sid = client.connect(f"/{room}", {"name": "Bo", "colour": "red"})["sid"]
    (connect,) = asked(application, room, "connect")
    assert (connect["session"], connect["protocol"]) == (sid, "socket.io")
    assert connect["auth"] == {"name": "Bo", "colour": "red"} and connect["user"]["name"] == "Bo"


def test_an_event_is_answered_in_its_acknowledgement(server, client, room):
    client.connect(f"/{room}")
    assert client.ask(f"/{room}", "sum", [1, 2, 39]) == [42, "units"]
    assert server.http.poll(room).json["messages"] == []


def test_a_refusal_is_an_error(server, client, room):
    assert client.refusal(f"/{room}", {"name": "Mallory"})["message"] == "not you"
    client.connect(f"/{room}-2")
    (answer,) = client.ask(f"/{room}-2", "message", "spam")
    assert answer["error"]["detail"] == "no spam"


def test_arguments_and_attachments_go_to_the_application_and_back(server, application, client, room):
    with open_raw(server, room) as reader:
        client.connect(f"/{room}")
        assert client.ask(f"/{room}", "picture", b"\0\xff", {"in": b"hi"}, 3) == [{"seen": True}]
        assert client.heard(f"/{room}").data[:4] == ["picture", 3, {"in": b"hi"}, b"\0\xff"]
        assert json.loads(reader.recv(timeout=PATIENCE)) == [3, {"in": {"base64": "aGk="}}, {"base64": "AP8="}]
    (event,) = asked(application, room, "event")
    assert event["data"] == [{"base64": "AP8="}, {"in": {"base64": "aGk="}}, 3]


def test_what_is_said_outside_of_rooms_is_the_applications(server, application, client):
    sid = client.connect("/")["sid"]
    assert client.ask("/", "sum", [1, 1]) == [2, "units"]
    assert client.ask("/", "greet", None) == []
    assert client.told("/", "greeting").args == ["Ann"]
    mine = [one for one in application.asked if one["session"] == sid]
    assert [(one["kind"], one.get("room")) for one in mine] == [("connect", None), ("event", None), ("event", None)]


def test_who_is_refused_in_the_main_namespace_is_out(server, client):
    refusal = client.refusal("/", {"name": "Mallory"})
    assert refusal["message"] == "not you"


def test_an_emission_to_the_room_reaches_it_without_an_offset(server, client, room):
    client.connect(f"/{room}")
    client.emit(f"/{room}", "greet", None)
    assert client.told(f"/{room}", "greeting").args == ["Ann"]
