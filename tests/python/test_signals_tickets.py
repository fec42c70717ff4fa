"""Who reads by an event stream signals by requests: each brings the ticket of the stream, which is all that it proves and all that it is good
for."""

import json

import pytest
from hubbub_test.company import company
from hubbub_test.signals import Fate, address, exchange, heard, joined, next_heard, post, posted, signal
from hubbub_test.spread import servers
from hubbub_test.sse import EventStream
from hubbub_test.together import at_once
from hubbub_test.tokens import SECRET, hs256
from hubbub_test.waiting import until

CONFIG = f"""
[access]
admit = ["tokens", "guests"]
[token]
hmac_secret = "{SECRET}"
"""
server = servers(CONFIG)
GONE = "410 stream-gone"


@pytest.fixture
def enter(enter):
    """By an event stream, unless something else is said."""
    return lambda name, way="sse", *room: enter(name, way, *room)


def with_ticket(person, ticket, to: str, value=1, **options) -> Fate:
    return posted(post(person, json.dumps({"ticket": ticket, "to": to, "signal": value}), **options))


def test_each_stream_has_its_own(enter):
    ann, also_ann = enter("Ann"), enter("Ann")
    one, other = joined(ann), joined(also_ann)
    assert one["ticket"] != other["ticket"] and one["session"] != other["session"]
    bo = enter("Bo", "websocket")
    for number, person in enumerate((ann, also_ann)):
        exchange(person, bo, number)


def test_the_ticket_says_who_signals_and_nothing_else_does(enter, room):
    """Neither a name nor a token in the request."""
    ann, bo = enter("Ann"), enter("Bo", "websocket")
    token = {"Authorization": f"Bearer {hs256('mallory', name='Mallory')}"}
    for number, headers in enumerate([{}, token, {"Cookie": f"hubbub_token={hs256('mallory')}"}]):
        assert with_ticket(ann, joined(ann)["ticket"], address(bo), number, headers=headers) == Fate(1)
        got = next_heard(bo, number)
        assert (got["from"], got["name"]) == (address(ann), "Ann")
    answer = ann.server.http.request(
        "POST", f"/rooms/{room}/signals?name=Mallory&token=nonsense", json.dumps(body(ann, bo, "named otherwise"))
    )
    assert answer.status == 200 and next_heard(bo, "named otherwise")["name"] == "Ann"


def body(person, other, value) -> dict:
    return {"ticket": joined(person)["ticket"], "to": address(other), "signal": value}


def test_no_one_else_is_let_in_by_it(start, room):
    """Where guests are not admitted, whoever has a stream needs his token for it, and only the ticket to signal."""
    server = start(CONFIG.replace('"tokens", "guests"', '"tokens"'))
    headers = {"Authorization": f"Bearer {hs256('ann')}"}
    with EventStream(server.http, room, headers=headers) as ann, EventStream(server.http, room, headers=headers) as other:
        mine, its = ann.next().json, other.next().json
        answer = server.http.request(
            "POST", f"/rooms/{room}/signals", json.dumps({"ticket": mine["ticket"], "to": its["session"], "signal": 1})
        )
        assert (answer.status, answer.json) == (200, {"sessions": 1})
        assert other.next_named("hubbub:signal").json["from"] == mine["session"]
    assert server.http.poll(room).status == 401


def test_it_is_good_for_its_own_room_only(enter, room):
    ann, bo = enter("Ann"), enter("Bo", "websocket", f"{room}-2")
    assert with_ticket(ann, joined(ann)["ticket"], address(bo), room=f"{room}-2").refusal == "409 conflict"
    enter("Ann", "sse", f"{room}-2")
    assert with_ticket(ann, joined(ann)["ticket"], address(bo), room=f"{room}-2").refusal == "409 conflict"
    assert heard(bo) == []


def test_it_ends_with_its_stream(enter):
    ann, bo = enter("Ann"), enter("Bo", "websocket")
    ticket = joined(ann)["ticket"]
    exchange(ann, bo, "before")
    ann.cut()
    until(lambda: with_ticket(ann, ticket, address(bo)).refusal == GONE, "the stream has ended")
    # Another stream may have the place by now, and be the same person's.
    again = [enter("Ann") for _ in range(8)]
    assert with_ticket(ann, ticket, address(bo)).refusal == GONE
    exchange(again[-1], bo, "after")
    assert ticket not in [joined(one)["ticket"] for one in again]


def test_a_stream_that_comes_back_has_a_new_one(enter):
    ann, bo = enter("Ann"), enter("Bo", "websocket")
    before = joined(ann)
    ann.cut()
    ann.reconnect()
    assert joined(ann)["ticket"] != before["ticket"] and joined(ann)["session"] != before["session"]
    exchange(ann, bo, "with the new one")


def test_whoever_is_put_out_has_none_any_more(start, room):
    server = start(CONFIG + '[api]\ntoken = "%s"\n' % SECRET)
    with company() as door:
        ann, bo = (door(server, room)(name, "sse") for name in ("Ann", "Bo"))
        order = json.dumps({"actions": [{"action": "disconnect", "session": address(ann).partition("/")[2]}]})
        done = server.http.request("POST", "/api/actions", order, {"Authorization": f"Bearer {SECRET}"})
        assert done.status == 200 and done.json["results"][0].get("sessions") == 1, done
        until(lambda: signal(ann, address(bo), 1).refusal == GONE, "she has been put out")


def test_what_is_no_ticket(enter, server, room):
    ann, bo = enter("Ann"), enter("Bo", "websocket")
    ticket = joined(ann)["ticket"]
    assert ticket.isascii() and len(ticket) < 100
    altered = [ticket[:at] + ("A" if ticket[at] != "A" else "B") + ticket[at + 1 :] for at in range(0, len(ticket), 5)]
    sid = json.loads(server.http.get("/socket.io/?EIO=4&transport=polling").body[1:])["sid"]
    others = ["", ticket[:-1], ticket + "A", ticket + "=", ticket.swapcase(), f" {ticket}", "x" * 10000, "\0", "🎫", sid]
    for wrong in [*altered, *others]:
        assert with_ticket(ann, wrong, address(bo)).refusal == GONE, wrong
    for wrong in [None, 1, [ticket], {"ticket": ticket}, True]:
        assert with_ticket(ann, wrong, address(bo)).refusal == "400 bad-request", wrong
    assert heard(bo) == []
    exchange(ann, bo, "with the right one")


def test_a_ticket_is_no_session_of_engine_io(enter, server):
    ticket = joined(enter("Ann"))["ticket"]
    for path in ("socket.io", "engine.io"):
        answer = server.http.get(f"/{path}/?EIO=4&transport=polling&sid={ticket}")
        assert (answer.status, answer.json["code"]) == (400, 1)


def test_of_another_server_or_from_before_a_restart_it_is_nothing(enter, start, room):
    bo, other = enter("Bo", "websocket"), start()
    with EventStream(other.http, room, name="Ann") as stranger:
        assert with_ticket(enter("Ann"), stranger.next().json["ticket"], address(bo)).refusal == GONE


def test_signals_are_events_without_an_id(enter, server, room):
    """So a browser that comes back after one asks for what came after the last message."""
    bo = enter("Bo", "websocket")
    with EventStream(server.http, room, name="Ann") as stream:
        mine = stream.next().json
        said = bo.say("hello")
        assert stream.next_named("message").id == said["offset"]
        assert signal(bo, mine["session"], {"a": "line\nbreak\r\n"}) == Fate(1)
        got = stream.next_named("hubbub:signal")
        assert got.json == {"from": address(bo), "name": "Bo", "signal": {"a": "line\nbreak\r\n"}}
        assert got.id == said["offset"], "the last id stays"
        at = stream.lines.index("event: hubbub:signal")
        block = stream.lines[at : stream.lines.index("", at)]
        assert not [line for line in block if line.startswith("id")]


def test_json_over_several_lines_is_one_signal(enter):
    ann, bo = enter("Ann", "websocket"), enter("Bo")
    text = json.dumps({"call": 1, "sdp": ["v=0", "o=-"]}, indent=2).replace("\n", "\r\n")
    ann.socket.socket.send('{"event":"hubbub:signal","data":{"to":"%s","signal":%s}}' % (address(bo), text))
    assert next_heard(bo, {"call": 1, "sdp": ["v=0", "o=-"]})["from"] == address(ann)


def test_many_requests_at_once_over_one_stream(enter):
    """Each is answered for itself, whichever connection it came by."""
    ann, bo = enter("Ann"), enter("Bo", "websocket")
    fates = at_once(lambda n=n: signal(ann, address(bo) if n % 2 else "zoe@guest.localhost", n) for n in range(40))
    assert [fate.refusal for fate in fates] == ["404 not-found", None] * 20
    bo.wait_for(lambda: len(heard(bo)) == 20, "for all of them")
    assert sorted(one["signal"] for one in heard(bo)) == list(range(1, 40, 2))


def test_the_address_answers_post_and_nothing_else(http, room):
    path = f"/rooms/{room}/signals"
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = http.request(method, path)
        assert (answer.status, answer.problem) == (405, "method-not-allowed")
        assert answer.headers["allow"] == "POST, OPTIONS"
    answer = http.request("OPTIONS", path)
    assert answer.status == 204 and answer.headers["allow"] == "POST, OPTIONS"
    assert http.request("POST", path, "{}", {"Origin": "https://stranger.example"}).problem == "forbidden"


def test_no_more_of_a_body_is_read_than_a_signal_may_have(enter):
    ann, bo = enter("Ann"), enter("Bo", "websocket")
    answer = post(ann, b"x" * (200 << 10))
    assert (answer.status, answer.problem) == (413, "too-large")
    assert signal(ann, address(bo), "x" * (64 << 10)).refusal == "413 too-large"
    assert signal(ann, address(bo), "x" * ((64 << 10) - 2)) == Fate(1)
    next_heard(bo, "x" * ((64 << 10) - 2))
