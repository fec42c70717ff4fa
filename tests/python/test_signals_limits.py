"""How large signals may be, how many one session may send, and what becomes of those that are under way when somebody reads too slowly, or the
server closes. Each protocol says no in its own words."""

import json

import pytest
from hubbub_test.company import company
from hubbub_test.people import Unacknowledged
from hubbub_test.raw import HANDSHAKE, Wire
from hubbub_test.signals import address, exchange, heard, next_heard, say, signal, user
from hubbub_test.socketio import Ended
from hubbub_test.together import at_once
from hubbub_test.waiting import until
from websockets.exceptions import ConnectionClosed

WAYS = ["websocket", "sse", "socket.io", "socket.io over polling", "xmpp"]
EACH = pytest.mark.parametrize("way", WAYS)
MOST = 64 << 10


@pytest.fixture
def play(start, room):
    """Starts a server of its own, and lets people into it."""
    with company() as door:

        def begin(config: str = "", **options):
            server = start(config, **options)
            return server, door(server, room)

        yield begin


def in_words_of(way: str, status: str, condition: str) -> str:
    return condition if way == "xmpp" else status


@EACH
def test_the_largest_signal_and_one_byte_more(play, way):
    _, enter = play()
    ann, bo = enter("Ann", way), enter("Bo", "websocket")
    largest = json.dumps("x" * (MOST - 2))
    assert say(ann, json.dumps(address(bo)), largest).refusal is None
    next_heard(bo, json.loads(largest))
    fate = say(ann, json.dumps(address(bo)), largest[:-1] + 'x"')
    assert fate.refusal == in_words_of(way, "413 too-large", "modify policy-violation")
    exchange(ann, bo, "nothing is broken")


@EACH
def test_it_is_bytes_that_count(play, way):
    _, enter = play("[limits]\nsignal_bytes = 1024\n")
    ann, bo = enter("Ann", way), enter("Bo", "sse")
    assert say(ann, json.dumps(address(bo)), json.dumps("🔔" * 255, ensure_ascii=False)).refusal is None
    fate = say(ann, json.dumps(address(bo)), json.dumps("🔔" * 256, ensure_ascii=False))
    assert fate.refusal == in_words_of(way, "413 too-large", "modify policy-violation")


@EACH
def test_blanks_count_as_they_are_handed_on(play, way):
    _, enter = play("[limits]\nsignal_bytes = 1024\n")
    ann, bo = enter("Ann", way), enter("Bo", "sse")
    assert say(ann, json.dumps(address(bo)), "[" + " " * 1022 + "]").refusal is None
    assert say(ann, json.dumps(address(bo)), "[" + " " * 1023 + "]").refusal is not None


@EACH
def test_who_signals_too_much_is_told_so(play, way):
    """At once as many as the burst, and then one a second; each session has its own allowance."""
    _, enter = play("[limits]\nsignal_rate = 1\nsignal_burst = 5\n")
    ann, bo = enter("Ann", way), enter("Bo", "websocket")
    fates = [signal(ann, address(bo), n).refusal for n in range(60)]
    assert fates[:5] == [None] * 5
    assert in_words_of(way, "429 too-many", "modify policy-violation") in fates[5:]
    assert set(fates) == {None, in_words_of(way, "429 too-many", "modify policy-violation")}
    exchange(bo, ann, "his own allowance")
    # What is refused is not told later either.
    bo.wait_for(lambda: len(heard(bo)) == fates.count(None), "for what was not refused")
    assert ann.say("messages are counted for themselves")


@EACH
def test_no_limit_at_all(play, way):
    _, enter = play("[limits]\nsignal_rate = 0\n")
    ann, bo = enter("Ann", way), enter("Bo", "websocket")
    assert {signal(ann, user(bo), n).refusal for n in range(250)} == {None}


@EACH
def test_who_is_told_too_much_stays_and_whoever_tells_him_hears_no(play, way):
    """However many sessions tell him: it is what one hears that counts. Half of his outbox may come at once."""
    _, enter = play('[limits]\nsignal_rate = 0\noutbox_bytes = "256 KiB"\nsignal_heard = "1 KiB"\n')
    bo, mallory = enter("Bo", "websocket"), [enter("Mallory", way) for _ in range(4)]
    fates = [signal(one, address(bo), "x" * 30_000).refusal for one in mallory * 2]
    assert fates == [None] * 4 + [in_words_of(way, "503 unavailable", "wait resource-constraint")] * 4
    bo.wait_for(lambda: len(heard(bo)) == 4, "for what was not refused")
    assert signal(bo, address(mallory[0]), "others hear him").refusal is None
    assert signal(enter("Ann", "websocket"), address(mallory[0]), "and others").refusal is None


def test_whoever_is_rung_by_many_at_once_hears_them_all(play):
    """Nobody who means well comes near what one may hear."""
    _, enter = play()
    bo, callers = enter("Bo", "websocket"), [enter(f"Ann{n}", "websocket") for n in range(8)]
    said = ["v=0 " + "x" * 20_000, *("candidate:1 1 udp 1 192.0.2.1 9 typ host " + "x" * 250 for _ in range(30))]
    refused = [signal(one, address(bo), word).refusal for one in callers for word in said]
    assert set(refused) == {None}
    bo.wait_for(lambda: len(heard(bo)) == len(callers) * len(said), "for all of it")


@pytest.mark.parametrize("when_full", ["close", "drop-oldest"])
@pytest.mark.parametrize("way", ["websocket", "sse"])
def test_who_does_not_read_his_signals_is_closed(play, room, way, when_full):
    """Nothing keeps them for him, and they are not piled up either; nor is one left out, whatever becomes of messages."""
    server, enter = play(f"[limits]\nsignal_rate = 0\nsignal_heard = 0\noutbox_bytes = 262144\nwhen_full = \"{when_full}\"\n")
    ann, deaf = enter("Ann", "websocket"), Wire(server)
    head = HANDSHAKE | {"Sec-WebSocket-Protocol": "hubbub.json"}
    path, head = f"/rooms/{room}/ws?name=Bo", "".join(f"{name}: {value}\r\n" for name, value in head.items())
    if way == "sse":
        path, head = f"/rooms/{room}/messages?name=Bo", "Host: x\r\nConnection: close\r\nAccept: text/event-stream\r\n"
    deaf.send(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
    until(lambda: server.http.presence(room).json["count"] == 2, "he is there")
    value = "x" * (MOST - 2)
    until(lambda: signal(ann, "bo@guest.localhost", value).refusal == "404 not-found", "he has been closed")
    assert deaf.at_end()
    server.still_serves()
    deaf.close()


@pytest.mark.parametrize("workers", [1, 3])
def test_a_server_that_closes_in_the_middle(play, workers):
    """Whoever signals is answered, or his connection ends; and the server closes as it should."""
    server, enter = play("[limits]\nsignal_rate = 0\n", args=("--workers", workers))
    bo = enter("Bo", "websocket")
    senders = [enter(f"Ann{n}", way) for n, way in enumerate(WAYS) if way != "xmpp"]

    def talk(person):
        sent = 0
        while True:
            try:
                fate = signal(person, address(bo), sent)
            except (ConnectionError, ConnectionClosed, Ended, Unacknowledged):
                return sent
            if fate.refusal is not None:
                return sent
            sent += 1

    def close():
        bo.wait_for(lambda: len(heard(bo)) >= 50, "for some signals")
        return server.terminate()

    *told, status = at_once([*(lambda person=person: talk(person) for person in senders), close])
    assert status == 0
    assert all(sent > 0 for sent in told), told
