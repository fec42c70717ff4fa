"""Where only relayed candidates pass: runs the table `tests/bad_input/candidates.md`, each row by every protocol by which pages find each other, and
once where everything passes."""

import json

import hubbub_test.people_socketio  # noqa: F401  (registers transports)
import pytest
from hubbub_test import bad_input, peerjs, table, tracker
from hubbub_test.company import company
from hubbub_test.server import Server
from hubbub_test.signals import Fate, address, exchange, heard, next_heard, say, signal, user

CANDIDATES = {
    "{host}": "candidate:1 1 udp 2122260223 192.168.7.9 50000 typ host generation 0 ufrag Ab1c",
    "{srflx}": "candidate:2 1 udp 1686052607 203.0.113.9 50000 typ srflx raddr 192.168.7.9 rport 50000",
    "{mdns}": "candidate:3 1 udp 2113937151 0f2f6a4e-4d3f-4c39-9d0e-0c2a.local 50001 typ host",
    "{relay}": "candidate:4 1 udp 41885439 198.51.100.1 62000 typ relay raddr 203.0.113.9 rport 50000 generation 0",
    "{hidden}": "candidate:4 1 udp 41885439 198.51.100.1 62000 typ relay raddr 0.0.0.0 rport 9 generation 0",
}
OWN = ["192.168.7.9", "203.0.113.9", ".local"]
ROOM, OPEN_ROOM = "relayed-1", "open-1"
WAYS = ["websocket", "sse", "socket.io", "xmpp"]
CONFIG = """
[[room]]
match = "relayed-*"
candidates = "relay"
[peerjs]
candidates = "relay"
[tracker]
candidates = "relay"
"""


@pytest.fixture(scope="module", params=[1, 3], ids=["1-worker", "3-workers"])
def server(request):
    with Server(f"server.workers = {request.param}\nlimits.signal_rate = 0\n{CONFIG}") as running:
        yield running


@pytest.fixture(scope="module")
def there(server):
    """Ann and Bo by each of them, in that room and in another."""
    with company() as door:
        enter = {room: door(server, room) for room in (ROOM, OPEN_ROOM)}
        yield {(room, way): (enter[room]("Ann", way), enter[room]("Bo", way)) for room in enter for way in WAYS}


def cell(text: str) -> str:
    for name, candidate in CANDIDATES.items():
        text = text.replace(name, candidate)
    return bad_input.repeated(text).replace("␍␊", "\\r\\n")


ROWS = table.read("candidates")
BY_SIGNALS = [(way, row) for row in ROWS for way in WAYS if way not in row["not by"].split()]
rows = pytest.mark.parametrize("row", ROWS, ids=table.name_of)
each = pytest.mark.parametrize(("way", "row"), BY_SIGNALS, ids=lambda part: part if isinstance(part, str) else table.name_of(part))


def tells_nothing(said):
    assert not any(address in json.dumps(said) for address in OWN), said


@each
def test_signals(there, way, row):
    ann, bo = there[ROOM, way]
    before = len(heard(bo))
    fate = say(ann, json.dumps(address(bo)), cell(row["words"]))
    if row["gets"] == "refused":
        assert fate.refusal in ("400 bad-request", "modify bad-request"), fate
    else:
        assert fate.refusal is None and fate.sessions in (1, None), fate
    exchange(ann, bo, f"after {row['what is said']} by {way}")
    told = [one["signal"] for one in heard(bo)[before:-1]]
    tells_nothing(told)
    assert told == ([] if row["gets"] in ("nothing", "refused") else [json.loads(cell(row["gets"]))])


@each
def test_signals_where_everything_passes(there, way, row):
    ann, bo = there[OPEN_ROOM, way]
    words = json.loads(cell(row["words"]))
    assert say(ann, json.dumps(address(bo)), cell(row["words"])).refusal is None
    assert next_heard(bo, words)["from"] == address(ann)


@pytest.mark.parametrize("way", ["websocket", "sse", "socket.io"])
def test_what_is_not_told_is_answered_as_if_it_were(there, way):
    """Nobody there is said to be nobody, and how many would have heard it is said."""
    ann, bo = there[ROOM, way]
    host = {"candidate": {"candidate": CANDIDATES["{host}"], "sdpMid": "0"}}
    assert signal(ann, "cy@guest.localhost", host) == Fate(refusal="404 not-found")
    told = signal(ann, user(bo), "how many hear this?")
    assert told.sessions == len(WAYS)
    assert signal(ann, user(bo), host) == told
    assert host not in [one["signal"] for one in heard(bo)]


@rows
def test_peerjs(server, row):
    with peerjs.join(server) as ann, peerjs.join(server) as bo:
        ann.socket.send(f'{{"type":"CANDIDATE","dst":"{bo.id}","payload":{cell(row["words"])}}}')
        if row["gets"] == "refused":
            said, code = ann.end()
            assert ([one["type"] for one in said], code) == (["ERROR"], 1008)
            assert said[0]["payload"]["msg"].startswith("Invalid message: only relayed candidates pass here")
        elif row["gets"] != "nothing":
            told = bo.next()
            tells_nothing(told)
            assert told == {"type": "CANDIDATE", "src": ann.id, "dst": bo.id, "payload": json.loads(cell(row["gets"]))}
        with peerjs.join(server) as cy:
            bo.hears_nothing_before(cy)


def test_peerjs_before_the_id_is_settled_and_for_somebody_who_comes_later(server):
    """What waits has been looked at too."""
    later = peerjs.new_id()
    with peerjs.Peer(server) as ann:
        offer = "v=0\r\na={}\r\na=mid:0\r\n"
        ann.send("OFFER", later, payload={"sdp": {"type": "offer", "sdp": offer.format(CANDIDATES["{host}"])}})
        ann.send("CANDIDATE", later, payload={"candidate": {"candidate": CANDIDATES["{host}"]}})
        assert ann.opened()
        with peerjs.join(server, later) as bo:
            assert bo.next()["payload"] == {"sdp": {"type": "offer", "sdp": "v=0\r\na=mid:0\r\n"}}
            bo.hears_nothing_before(ann)


def offered(ann, hash: str, words: str) -> str:
    """Announces with an offer whose JSON is `words`; its id."""
    id = tracker.new_id()
    named = json.dumps({"action": "announce", "info_hash": hash, "peer_id": ann.id, "numwant": 1, "offers": [{"offer_id": id}]})
    ann.socket.send(named.removesuffix("}]}") + f',"offer":{words}}}]}}')
    return id


@rows
def test_offers_in_a_swarm(server, row):
    hash = tracker.new_id()
    with tracker.Peer(server) as ann, tracker.Peer(server) as bo:
        bo.start(hash)
        ann.start(hash)
        id = offered(ann, hash, cell(row["words"]))
        if row["gets"] == "refused":
            assert tracker.failure(ann.next()).startswith("only relayed candidates pass here")
        else:
            assert tracker.counts(ann.next()) == (0, 2), "the announce counts"
        if row["gets"] not in ("nothing", "refused"):
            told = bo.next()
            tells_nothing(told)
            assert (told["offer"], told["offer_id"]) == (json.loads(cell(row["gets"])), id)
        bo.hears_nothing_else()


@rows
def test_answers_in_a_swarm(server, row):
    hash = tracker.new_id()
    with tracker.Peer(server) as ann, tracker.Peer(server) as bo:
        bo.start(hash)
        ann.start(hash)
        ann.offer(hash, (tracker.new_id(), 1))
        offer = bo.next()
        members = {"action": "announce", "info_hash": hash, "peer_id": bo.id, "to_peer_id": ann.id, "offer_id": offer["offer_id"]}
        bo.socket.send(json.dumps(members).removesuffix("}") + f',"answer":{cell(row["words"])}}}')
        if row["gets"] == "refused":
            assert tracker.failure(bo.next()).startswith("only relayed candidates pass here")
        bo.hears_nothing_else()
        if row["gets"] not in ("nothing", "refused"):
            told = ann.next()
            tells_nothing(told)
            assert told["answer"] == json.loads(cell(row["gets"]))
        ann.hears_nothing_else()


def test_who_does_not_ask_for_it(start):
    """Everything passes, and what passes is not looked into."""
    server, hash = start(), tracker.new_id()
    said = {"log": f"found {CANDIDATES['{host}']}", "candidate": CANDIDATES["{srflx}"], "sdp": "c=IN IP4 192.168.7.9"}
    with peerjs.join(server) as ann, peerjs.join(server) as bo:
        ann.send("OFFER", bo.id, payload=said)
        assert bo.next()["payload"] == said
    with tracker.Peer(server) as ann, tracker.Peer(server) as bo:
        bo.start(hash)
        ann.start(hash)
        ann.offer(hash, (tracker.new_id(), said))
        assert bo.next()["offer"] == said


def test_the_server_still_serves(server):
    server.still_serves()
