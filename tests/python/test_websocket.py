"""WebSockets by the Python `websockets` library: raw frames, envelopes, resuming, close codes."""

import json

import pytest
from hubbub_test import raw
from hubbub_test.server import PATIENCE
from hubbub_test.sse import EventStream
from hubbub_test.together import at_once
from hubbub_test.websocket import JsonSocket, close_code, open_raw, refusal


def receive(socket):
    return socket.recv(timeout=PATIENCE)


class TestRaw:
    def test_a_frame_is_a_message(self, server, room):
        with open_raw(server, room, name="Ann") as ann, open_raw(server, room, name="Bo") as bo:
            ann.send("grüße")
            assert receive(bo) == receive(ann) == "grüße"
            bo.send(b"\0\xff")
            assert receive(ann) == receive(bo) == b"\0\xff"

    def test_an_empty_message_is_a_message(self, server, room):
        with open_raw(server, room) as socket:
            socket.send("")
            assert receive(socket) == ""
            socket.send(b"")
            assert receive(socket) == b""

    def test_echo_can_be_declined(self, server, room):
        with open_raw(server, room, name="Ann", echo=False) as ann, open_raw(server, room, name="Ann") as other:
            ann.send("mine")
            assert receive(other) == "mine"
            other.send("from my other connection")
            assert receive(ann) == "from my other connection"

    def test_fragments_make_one_message(self, server, room):
        with open_raw(server, room) as socket:
            socket.send(["one ", "two ", "three"])
            assert receive(socket) == "one two three"

    def test_a_ping_is_answered(self, server, room):
        with open_raw(server, room) as socket:
            assert socket.ping(b"are you there?").wait(PATIENCE)

    def test_what_comes_from_other_transports(self, server, room):
        with open_raw(server, room) as socket:
            server.http.publish(room, "text")
            server.http.publish(room, '{"a": 1}', type="application/json")
            server.http.publish(room, b"\1\2", type="application/octet-stream")
            assert [receive(socket) for _ in range(3)] == ["text", '{"a": 1}', b"\1\2"]

    def test_it_starts_where_it_is_told(self, server, room):
        posted = [server.http.publish(room, str(n)).json["offset"] for n in range(5)]
        for query, expected in (
            ({"since": posted[2]}, ["3", "4"]),
            ({"since": 0}, list("01234")),
            ({"last": 1}, ["4"]),
        ):
            with open_raw(server, room, **query) as socket:
                assert [receive(socket) for _ in expected] == expected

    def test_an_offset_that_is_gone_closes_with_4410(self, server, room):
        server.http.publish(room, "x")
        assert close_code(open_raw(server, room, since="1-1")) == 4410

    def test_a_close_is_answered_with_1000(self, server, room):
        with raw.websocket(server, room) as wire:
            wire.send(raw.frame(8, b"\x03\xe8bye"))
            assert wire.read_to_close() == 1000
            assert wire.at_end()


class TestCompression:
    TEXT = "the same words again and again, " * 200

    @pytest.mark.parametrize("compression", ["deflate", None], ids=["deflate", "plain"])
    def test_it_changes_nothing_in_the_message(self, server, room, compression):
        with (
            open_raw(server, room, compression="deflate") as ann,
            open_raw(server, room, compression=compression) as bo,
        ):
            assert any(one.name == "permessage-deflate" for one in ann.protocol.extensions)
            for text in (self.TEXT, "", "short", self.TEXT):
                ann.send(text)
                assert receive(bo) == receive(ann) == text

    def test_it_shrinks_what_is_sent(self, server, room):
        with raw.websocket(server, room, headers={"Sec-WebSocket-Extensions": "permessage-deflate"}) as wire:
            wire.send(raw.frame(1, self.TEXT.encode()))
            frame = wire.read_frame()
            assert frame.reserved == 4 and len(frame.payload) < len(self.TEXT) / 10

    def test_it_can_be_switched_off(self, start):
        server = start("[websocket]\ndeflate = false\n")
        with open_raw(server, "lobby", compression="deflate") as socket:
            assert socket.protocol.extensions == []
            socket.send(self.TEXT)
            assert receive(socket) == self.TEXT

    @pytest.mark.parametrize(
        "offer",
        [
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; client_no_context_takeover",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=10; server_max_window_bits=10",
            "x-unknown; a=b, permessage-deflate",
        ],
    )
    def test_every_lawful_offer_works(self, server, room, offer):
        with raw.websocket(server, room, headers={"Sec-WebSocket-Extensions": offer}) as wire:
            wire.send(raw.frame(1, b"hello"))
            assert wire.read_frame().opcode == 1

    def test_an_unlawful_offer_is_declined(self, server, room):
        """RFC 7692 section 7.1: an offer with an unknown or repeated parameter must be declined, not refused."""
        for offer in ("permessage-deflate; unknown=1", "permessage-deflate; server_max_window_bits=7"):
            wire = raw.Wire(server)
            answer = wire.request(f"GET /rooms/{room}/ws", {**raw.HANDSHAKE, "Sec-WebSocket-Extensions": offer})
            assert answer.status == 101 and "sec-websocket-extensions" not in answer.headers
            wire.close()


class TestEnvelopes:
    def test_they_are_those_of_poll_and_stream(self, server, room):
        with JsonSocket(server, room, name="Ann") as ann, EventStream(server.http, room) as stream:
            assert ann.socket.subprotocol == "hubbub.json"
            assert ann.joined()["room"] == room.lower()
            stream.next_named("hubbub:joined")
            ann.send({"x": [1, 2]}, event="move")
            received = ann.next_message()
            assert received["event"] == "move" and received["data"] == {"x": [1, 2]}
            assert received == stream.next_named("move").json == server.http.poll(room, since=0).json["messages"][0]

    def test_event_may_be_absent(self, server, room):
        with JsonSocket(server, room) as ann:
            ann.send("hello")
            assert ann.next_message()["event"] == "message"

    def test_binary(self, server, room):
        with JsonSocket(server, room) as ann, open_raw(server, room) as plain:
            ann.send("AAEC", encoding="base64")
            message = ann.next_message()
            assert (message["data"], message["encoding"]) == ("AAEC", "base64")
            assert receive(plain) == b"\0\1\2"

    def test_a_key_is_acknowledged_and_kept_once(self, server, room):
        with JsonSocket(server, room, name="Ann") as ann:
            ann.send("once", key="k1")
            first = ann.next_named("hubbub:ack")["data"]
            ann.send("once", key="k1")
            again = ann.next_named("hubbub:ack")["data"]
            assert first == again and first["key"] == "k1"
            (kept,) = server.http.poll(room, since=0).json["messages"]
            assert (kept["id"], kept["offset"]) == (first["id"], first["offset"])

    def test_the_key_is_shared_with_http(self, server, room):
        posted = server.http.publish(room, "once", name="Ann", headers={"Idempotency-Key": "k1"}).json
        with JsonSocket(server, room, name="Ann") as ann:
            ann.send("once", key="k1")
            assert ann.next_named("hubbub:ack")["data"]["id"] == posted["id"]

    def test_presence_is_told(self, server, room):
        with JsonSocket(server, room, name="Ann") as ann:
            assert ann.joined()["presence"]["count"] == 1
            with JsonSocket(server, room, name="Bo") as bo:
                assert bo.joined()["presence"]["count"] == 2
                told = ann.next_named("hubbub:presence")["data"]
                assert (told["action"], told["user"], told["name"], told["count"]) == (
                    "join",
                    "bo@guest.localhost",
                    "Bo",
                    2,
                )
            assert ann.next_named("hubbub:presence")["data"]["action"] == "leave"

    def test_a_gone_offset_is_said_and_everything_kept_follows(self, start):
        server = start('[[room]]\nmatch = "short"\nlog = "memory"\nhistory_count = 3\n')
        posted = [server.http.publish("short", str(n)).json["offset"] for n in range(9)]
        with JsonSocket(server, "short", since=posted[0]) as ann:
            assert ann.joined()["recovered"] is False
            assert [ann.next_message()["data"] for _ in range(3)] == ["6", "7", "8"]
        with JsonSocket(server, "short", since=posted[6]) as ann:
            assert ann.joined()["recovered"] is True
            assert [ann.next_message()["data"] for _ in range(2)] == ["7", "8"]

    def test_the_subprotocol_is_chosen_among_several(self, server, room):
        offer = {"Sec-WebSocket-Protocol": "chat, hubbub.json"}
        with raw.Wire(server) as wire:
            answer = wire.request(f"GET /rooms/{room}/ws", {**raw.HANDSHAKE, **offer})
            assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, "hubbub.json")

    def test_an_unknown_subprotocol_is_not_agreed_to(self, server, room):
        with raw.Wire(server) as wire:
            answer = wire.request(f"GET /rooms/{room}/ws", {**raw.HANDSHAKE, "Sec-WebSocket-Protocol": "chat"})
            assert answer.status == 101 and "sec-websocket-protocol" not in answer.headers


class TestLiveness:
    def test_no_pong_in_time_closes_with_4408(self, start):
        server = start("[websocket]\nping_interval = 1\npong_wait = 1\n")
        with raw.websocket(server) as silent, open_raw(server, "lobby") as alive:
            ping = silent.read_frame()
            assert ping.opcode == 9
            assert silent.read_to_close() == 4408
            alive.send("the living stay")
            assert receive(alive) == "the living stay"

    def test_a_pong_keeps_it_open(self, start):
        server = start("[websocket]\nping_interval = 1\npong_wait = 1\n")
        with raw.websocket(server) as wire:
            for _ in range(4):
                ping = wire.read_frame()
                assert ping.opcode == 9
                wire.send(raw.frame(10, ping.payload))

    def test_a_closing_server_says_1001(self, start):
        server = start()
        sockets = [open_raw(server, "lobby") for _ in range(20)]
        assert server.terminate() == 0
        assert at_once(lambda socket=socket: close_code(socket) for socket in sockets) == [1001] * 20


def test_refusals_have_a_body_that_says_why(server, room):
    response = refusal(server, room, since="nonsense")
    document = json.loads(response.body)
    assert response.status_code == document["status"] == 400
    assert document["type"] == "urn:hubbub:problem:bad-request" and "since" in document["detail"]
