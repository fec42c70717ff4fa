"""Accounts made by `hubbub user`, beside a running server; Basic authentication; tokens for passwords."""

import base64

import pytest
from hubbub_test.server import hubbub
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket, refusal

CONFIG = '[access]\nadmit = ["accounts", "guests"]\n'


def basic(name: str, password: str) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def accounts(server) -> list[str]:
    """The first column of `hubbub user list`."""
    listed = hubbub("user", "list", "--data", server.data).stdout
    return [line.split("\t")[0] for line in listed.splitlines()]


@pytest.fixture
def server(start):
    running = start(CONFIG, durable=True)
    running.add_user("alice", "opensesame")
    return running


def test_an_account_made_beside_a_running_server_comes_in(server):
    posted = server.http.publish("lobby", "hello", headers=basic("alice", "opensesame"))
    assert posted.status == 201, posted
    assert posted.json["from"] == "alice@localhost"
    with JsonSocket(server, "lobby", headers=basic("alice", "opensesame")) as socket:
        assert socket.joined()["presence"]["occupants"][0]["user"] == "alice@localhost"


def test_a_wrong_password_is_401_on_every_way_in(server):
    for name, password in (("alice", "opensesam"), ("alice", ""), ("nobody", "opensesame"), ("", "")):
        answer = server.http.poll("lobby", headers=basic(name, password))
        assert (answer.status, answer.problem) == (401, "unauthorized")
        assert "www-authenticate" in answer.headers
        assert refusal(server, "lobby", headers=basic(name, password)).status_code == 401


def test_a_guest_cannot_pose_as_the_account(server):
    posted = server.http.publish("lobby", "I am Alice", name="alice")
    assert posted.json["from"] == "alice@guest.localhost"


def test_names_are_prepared_and_passwords_are_not(server):
    assert server.http.poll("lobby", headers=basic("Alice", "opensesame")).status == 200
    assert server.http.poll("lobby", headers=basic("alice", "OpenSesame")).status == 401


def test_passwd_remove_and_list(server):
    server.add_user("bob", "first")
    assert accounts(server) == ["alice", "bob"]
    hubbub("user", "passwd", "bob", "--password", "second", "--data", server.data)
    assert server.http.poll("lobby", headers=basic("bob", "first")).status == 401
    assert server.http.poll("lobby", headers=basic("bob", "second")).status == 200
    hubbub("user", "remove", "bob", "--data", server.data)
    assert server.http.poll("lobby", headers=basic("bob", "second")).status == 401
    assert accounts(server) == ["alice"]


@pytest.mark.parametrize(
    "args",
    [
        ("add", "alice", "--password", "x"),
        ("passwd", "nobody", "--password", "x"),
        ("remove", "nobody"),
        ("add", "", "--password", "x"),
    ],
    ids=["twice", "passwd-of-nobody", "remove-nobody", "empty"],
)
def test_mistakes_are_told(server, args):
    failed = hubbub("user", *args, "--data", server.data, check=False)
    assert failed.returncode != 0 and failed.stderr.strip()
    assert "panicked" not in failed.stderr


def test_no_password_is_kept_in_clear(server):
    for file in server.data.rglob("*"):
        if file.is_file():
            assert b"opensesame" not in file.read_bytes(), file


def test_a_password_buys_a_token(start):
    server = start('[access]\nadmit = ["accounts", "tokens"]\n', durable=True)
    server.add_user("alice", "opensesame")
    bought = server.http.request("POST", "/api/token", headers=basic("alice", "opensesame"))
    assert bought.status == 200, bought
    assert bought.headers.get("cache-control") == "no-store"
    posted = server.http.publish("lobby", "hello", token=bought.json["token"])
    assert (posted.status, posted.json["from"]) == (201, "alice@localhost")
    refused = server.http.request("POST", "/api/token", headers=basic("alice", "wrong"))
    assert (refused.status, refused.problem) == (401, "unauthorized")


class TestInboxes:
    """`@alice` is a room with one owner."""

    def test_only_its_owner_reads_it(self, server):
        server.add_user("bob", "bobs")
        alice, bob = basic("alice", "opensesame"), basic("bob", "bobs")
        assert server.http.publish("@alice", "psst", headers=bob).status == 201
        (message,) = server.http.poll("@alice", since=0, headers=alice).json["messages"]
        assert (message["data"], message["from"]) == ("psst", "bob@localhost")
        assert server.http.poll("@alice", headers=bob).problem == "forbidden"
        assert refusal(server, "@alice", headers=bob).status_code == 403

    def test_no_account_has_no_inbox(self, server):
        answer = server.http.publish("@nobody", "psst", headers=basic("alice", "opensesame"))
        assert (answer.status, answer.problem) == (404, "not-found")

    def test_its_owner_reads_it_live(self, server):
        server.add_user("bob", "bobs")
        with JsonSocket(server, "@alice", headers=basic("alice", "opensesame")) as inbox:
            inbox.joined()
            server.http.publish("@alice", "psst", headers=basic("bob", "bobs"))
            assert inbox.next_message()["data"] == "psst"

    def test_the_next_of_the_name_inherits_nothing(self, server):
        """However soon the name is given again: a running server hears of it within about a second."""
        server.add_user("bob", "bobs")
        alice, bob = basic("alice", "opensesame"), basic("bob", "bobs")
        assert server.http.publish("@alice", "for the old Alice", headers=bob).status == 201
        before = server.http.poll("@alice", since=0, headers=alice).json
        assert [message["data"] for message in before["messages"]] == ["for the old Alice"]
        hubbub("user", "remove", "alice", "--data", server.data)
        server.add_user("alice", "another")
        alice = basic("alice", "another")
        until(
            lambda: server.http.poll("@alice", since=0, headers=alice).json["messages"] == [],
            "the inbox is empty",
        )
        assert server.http.poll("@alice", since=before["cursor"], headers=alice).problem == "cursor-gone"
        assert server.http.publish("@alice", "for the new Alice", headers=bob).status == 201
        (message,) = server.http.poll("@alice", since=0, headers=alice).json["messages"]
        assert message["data"] == "for the new Alice"
