"""WebTorrent's tracker at /tracker, by hand: who is in a swarm, who is offered what, and to whom answers go. The real clients are in
`tests/node`."""

import json
import time

import pytest
from hubbub_test.raw import HANDSHAKE, Wire, frame
from hubbub_test.server import Server
from hubbub_test.tracker import Peer, close_code, counts, cut, failure, new_id, refusal, swarm
from hubbub_test.waiting import until

OFFER = {"type": "offer", "sdp": "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=é\r\n"}
ANSWER = {"type": "answer", "sdp": "v=0\r\ns=ö\r\n"}
NO_SUCH_OFFER = "no such offer: it was answered, its time is over, or its peer has gone"


@pytest.fixture(scope="module", params=[1, 3], ids=["one-worker", "three-workers"])
def server(request):
    """Swarms are spread over workers, and so are connections: with three most are elsewhere."""
    with Server(f"[server]\nworkers = {request.param}\n") as running:
        yield running


@pytest.fixture
def hash() -> str:
    return new_id()


@pytest.fixture
def peers(server):
    """Makes peers, who are gone when the test is over."""
    made = []

    def make(count: int) -> list[Peer]:
        made.extend(Peer(server) for _ in range(count))
        return made[-count:]

    yield make
    for peer in made:
        peer.close()


class TestSwarm:
    def test_an_announce_says_how_the_swarm_is(self, peers, hash):
        ann, bo, lee = peers(3)
        reply = ann.start(hash, left=1000)
        assert reply == {"action": "announce", "info_hash": hash, "complete": 0, "incomplete": 1, "interval": 120}
        assert counts(bo.start(hash, left=0)) == (1, 1)
        assert counts(lee.start(hash, left=None)) == (1, 2)
        assert counts(ann.announce(hash, "completed", left=0)) == (2, 1)
        assert counts(bo.announce(hash, "stopped", left=0)) == (1, 1)
        assert counts(lee.announce(hash)) == (1, 1), "it still leeches although it does not say what is left"

    def test_downloads_are_those_completed_here(self, server, peers, hash):
        ann, bo, lee = peers(3)
        ann.start(hash, left=0)
        bo.start(hash, left=10)
        lee.start(hash, left=10)
        bo.announce(hash, "completed", left=0)
        bo.announce(hash, "completed", left=0)
        lee.announce(hash, left=0)
        lee.announce(hash, left=5)
        lee.announce(hash, "completed", left=0)
        assert swarm(server, hash) == {"complete": 3, "incomplete": 0, "downloaded": 2}
        for peer in (ann, bo, lee):
            peer.announce(hash, "stopped")
        assert swarm(server, hash) == {"complete": 0, "incomplete": 0, "downloaded": 2}, "it is remembered for a while"
        assert counts(ann.start(hash, left=10)) == (0, 1)
        assert swarm(server, hash)["downloaded"] == 2

    @pytest.mark.parametrize("event", ["update", "paused", "empty", "", None, ...])
    def test_whoever_comes_with_any_event_is_there(self, peers, hash, event):
        [ann] = peers(1)
        assert counts(ann.announce(hash, event, left=3)) == (0, 1)
        assert counts(ann.announce(hash, "started", left=0)) == (1, 0), "started again is an update"

    def test_completed_and_stopped_of_whom_nobody_knows(self, peers, hash):
        ann, bo = peers(2)
        assert counts(ann.announce(hash, "stopped")) == (0, 0)
        assert counts(bo.announce(hash, "completed", left=0)) == (1, 0)

    def test_one_connection_in_several_swarms(self, server, peers):
        [ann] = peers(1)
        hashes = [new_id() for _ in range(20)]
        for hash in hashes:
            assert counts(ann.start(hash)) == (0, 1)
        files = ann.scrape(*hashes)["files"]
        assert files == {hash: {"complete": 0, "incomplete": 1, "downloaded": 0} for hash in hashes}
        ann.close()
        until(lambda: all(swarm(server, hash)["incomplete"] == 0 for hash in hashes), "it is in none any more")

    @pytest.mark.parametrize("way", ["close", "cut"])
    def test_whoever_is_gone_is_in_no_swarm(self, server, peers, hash, way):
        ann, bo = peers(2)
        ann.start(hash)
        bo.start(hash)
        bo.close() if way == "close" else cut(bo)
        until(lambda: swarm(server, hash)["incomplete"] == 1, "the swarm knows")
        assert counts(ann.offer(hash, (new_id(), OFFER))) == (0, 1)
        ann.hears_nothing_else()

    def test_scrapes(self, peers, hash):
        ann, bo = peers(2)
        ann.start(hash, left=0)
        unknown = new_id()
        one = bo.ask(action="scrape", info_hash=hash)
        known = {"complete": 1, "incomplete": 0, "downloaded": 0}
        assert one == {"action": "scrape", "files": {hash: known}, "flags": {"min_request_interval": 120}}
        both = bo.scrape(hash, unknown)
        assert both["files"] == {hash: known, unknown: {"complete": 0, "incomplete": 0, "downloaded": 0}}
        assert bo.scrape(*[hash] * 64)["files"] == {hash: known}


class TestOffers:
    def test_an_offer_goes_to_another_and_its_answer_comes_back(self, peers, hash):
        ann, bo = peers(2)
        ann.start(hash)
        bo.start(hash)
        id = new_id()
        assert counts(ann.offer(hash, (id, OFFER), event="started")) == (0, 2)
        told = bo.next()
        assert told == {"action": "announce", "info_hash": hash, "peer_id": ann.id, "offer_id": id, "offer": OFFER}
        bo.answer(told, ANSWER)
        assert ann.next() == {
            "action": "announce", "info_hash": hash, "peer_id": bo.id, "offer_id": id, "answer": ANSWER
        }
        ann.hears_nothing_else()
        bo.hears_nothing_else()

    def test_each_offer_goes_to_another_one(self, peers, hash):
        ann, *others = peers(7)
        for peer in (ann, *others):
            peer.start(hash)
        offers = [(new_id(), {"sdp": f"offer {n}"}) for n in range(6)]
        ann.offer(hash, *offers)
        heard = [peer.next() for peer in others]
        assert sorted(told["offer_id"] for told in heard) == sorted(id for id, _ in offers)
        assert all(told["offer"] == dict(offers)[told["offer_id"]] for told in heard)
        for peer in (ann, *others):
            peer.hears_nothing_else()

    def test_of_more_offers_than_peers_some_go_nowhere(self, peers, hash):
        ann, bo = peers(2)
        ann.start(hash)
        bo.start(hash)
        ann.offer(hash, *((new_id(), n) for n in range(10)))
        bo.next()
        bo.hears_nothing_else()
        ann.hears_nothing_else()

    def test_no_more_than_wanted(self, peers, hash):
        ann, *others = peers(4)
        for peer in (ann, *others):
            peer.start(hash)
        ann.offer(hash, *((new_id(), n) for n in range(3)), numwant=0)
        for peer in others:
            peer.hears_nothing_else()

    def test_what_is_offered_is_not_looked_into(self, peers, hash):
        """Any JSON: it arrives to the byte, also what other writers would write otherwise."""
        ann, bo = peers(2)
        ann.start(hash)
        bo.start(hash)
        offer = r'{ "sdp" :"\u00e9\/é\ud83d\ude00", "n":1.0e+2, "n":[ ] }'
        id = "o" * 20
        ann.socket.send(
            '{"action":"announce","info_hash":%s,"peer_id":%s,"offers":[{"offer_id":"%s","offer":%s}]}'
            % (quoted(hash), quoted(ann.id), id, offer)
        )
        ann.next()
        assert offer in bo.socket.recv()

    def test_each_swarm_for_itself(self, peers):
        ann, bo, lee = peers(3)
        one, two = new_id(), new_id()
        ann.start(one)
        ann.start(two)
        bo.start(one)
        lee.start(two)
        for _ in range(5):
            ann.offer(one, (new_id(), OFFER), (new_id(), OFFER))
            assert bo.next()["info_hash"] == one
        lee.hears_nothing_else()
        bo.hears_nothing_else()


def quoted(id: str) -> str:
    """Everything escaped, as a writer may do."""
    return '"' + "".join(f"\\u{ord(char):04X}" for char in id) + '"'


class TestAnswers:
    @pytest.fixture
    def offered(self, peers, hash):
        """Ann has made an offer, and this peer was given it."""
        ann, bo = peers(2)
        ann.start(hash)
        bo.start(hash)
        ann.offer(hash, (new_id(), OFFER))
        return ann, bo, bo.next()

    def refused(self, reply: dict, hash: str) -> str:
        assert reply.keys() == {"action", "info_hash", "failure reason"}, reply
        assert (reply["action"], reply["info_hash"]) == ("announce", hash)
        return failure(reply)

    def test_only_once(self, offered, hash):
        ann, bo, told = offered
        bo.answer(told, ANSWER)
        ann.next()
        bo.answer(told, ANSWER)
        assert self.refused(bo.next(), hash) == NO_SUCH_OFFER
        ann.hears_nothing_else()

    def test_only_by_whom_it_was_given(self, offered, peers, hash):
        ann, _, told = offered
        [thief] = peers(1)
        thief.answer(told, ANSWER)
        assert self.refused(thief.next(), hash) == NO_SUCH_OFFER, "a stranger"
        thief.start(hash)
        thief.answer(told, ANSWER)
        assert self.refused(thief.next(), hash) == NO_SUCH_OFFER, "one of the swarm"
        ann.hears_nothing_else()

    def test_not_in_another_s_name(self, offered, peers, hash):
        ann, bo, told = offered
        [thief] = peers(1)
        thief.id = bo.id
        thief.answer(told, ANSWER)
        assert "peer_id" in self.refused(thief.next(), hash)
        ann.hears_nothing_else()
        bo.answer(told, ANSWER)
        assert ann.next()["answer"] == ANSWER

    def test_to_whomever_else_it_says(self, offered, peers, hash):
        """An answer is not a way to write to any peer one likes."""
        ann, bo, told = offered
        [lee] = peers(1)
        lee.start(hash)
        bo.answer(told | {"peer_id": lee.id}, ANSWER)
        assert self.refused(bo.next(), hash) == NO_SUCH_OFFER
        bo.answer(told | {"offer_id": new_id()}, ANSWER)
        assert self.refused(bo.next(), hash) == NO_SUCH_OFFER
        bo.answer(told | {"peer_id": bo.id}, ANSWER)
        assert self.refused(bo.next(), hash) == NO_SUCH_OFFER
        lee.hears_nothing_else()
        ann.hears_nothing_else()

    def test_in_another_swarm(self, offered, hash):
        ann, bo, told = offered
        other = new_id()
        ann.start(other)
        bo.start(other)
        bo.answer(told | {"info_hash": other}, ANSWER)
        assert self.refused(bo.next(), other) == NO_SUCH_OFFER

    def test_when_whoever_made_the_offer_has_gone(self, offered, hash):
        ann, bo, told = offered
        ann.announce(hash, "stopped")
        ann.start(hash)
        bo.answer(told, ANSWER)
        assert self.refused(bo.next(), hash) == NO_SUCH_OFFER

    def test_when_whoever_was_given_it_has_come_again(self, offered, hash):
        ann, bo, told = offered
        bo.announce(hash, "stopped")
        bo.start(hash)
        bo.answer(told, ANSWER)
        assert self.refused(bo.next(), hash) == NO_SUCH_OFFER


def silent(server: Server) -> Wire:
    """A connection that reads nothing, and answers no ping."""
    wire = Wire(server)
    assert wire.request("GET /tracker", HANDSHAKE).status == 101
    return wire


class TestNames:
    def test_a_peer_id_that_is_there_is_taken(self, server, peers, hash):
        ann, thief = peers(2)
        ann.start(hash, left=0)
        thief.id = ann.id
        for event in ("started", "completed", "stopped", "update"):
            reply = thief.announce(hash, event, left=9)
            assert failure(reply) == "another connection has this peer_id in this swarm"
        thief.close()
        assert counts(ann.announce(hash)) == (1, 0)
        ann.close()
        with Peer(server, id=ann.id) as again:
            until(lambda: "complete" in again.start(hash), "it is free when its connection is gone")

    def test_who_comes_back_while_his_old_connection_seems_to_be_open(self, server, peers, hash):
        """A page whose network has changed is not refused until the server finds out about its old connection."""
        ann, bo = peers(2)
        bo.start(hash)
        with silent(server) as old:
            started = {"action": "announce", "info_hash": hash, "peer_id": ann.id, "event": "started", "left": 0}
            old.send(frame(1, json.dumps(started).encode()))
            until(lambda: swarm(server, hash)["complete"] == 1, "the old connection is in the swarm")
            ann.announce_only(hash, "started", left=9, offers=[{"offer_id": new_id(), "offer": OFFER}], numwant=1)
            assert counts(ann.next()) == (0, 2)
            assert bo.next()["peer_id"] == ann.id, "and what it offered is given to others"
        assert counts(ann.announce(hash)) == (0, 2), "the end of the old one is not its own"

    def test_whose_line_stood_still_has_his_peer_id_again(self, server, peers, hash):
        """Or whoever wants another's would only have to wait until he sleeps."""
        [mallory] = peers(1)
        with silent(server) as ann:
            started = {"action": "announce", "info_hash": hash, "peer_id": mallory.id, "event": "started", "left": 0}
            ann.send(frame(1, json.dumps(started).encode()))
            until(lambda: swarm(server, hash)["complete"] == 1, "she is in the swarm")
            assert counts(mallory.start(hash)) == (0, 1), "she is not heard, so he has it"
            ann.send(frame(1, json.dumps(started | {"event": "update"}).encode()))
            until(lambda: swarm(server, hash)["complete"] == 1, "she has her place again")
            assert swarm(server, hash)["incomplete"] == 0

    def test_one_peer_id_for_one_connection_and_swarm(self, peers, hash):
        [ann] = peers(1)
        ann.start(hash)
        reply = ann.announce(hash, peer_id=new_id())
        assert failure(reply) == "this connection has another peer_id in this swarm"
        assert counts(ann.announce(new_id(), peer_id=new_id())) == (0, 1), "in another swarm it may"
        ann.announce(hash, "stopped")
        assert counts(ann.announce(hash, peer_id=new_id())) == (0, 1), "and when it has left"


class TestTime:
    def test_peers_that_say_nothing_are_forgotten(self, start, hash):
        server = start('[tracker]\ninterval = 1\npeer_timeout = "1500 ms"\nhashes = 1\n')
        with Peer(server) as ann, Peer(server) as bo:
            assert ann.start(hash, left=0)["interval"] == 1
            until(lambda: swarm(server, hash)["complete"] == 0, "it has not announced in time")
            assert counts(bo.start(hash)) == (0, 1)
            ann.hears_nothing_else()
            assert counts(ann.start(new_id())) == (0, 1), "what is forgotten does not count among its swarms"
        until(lambda: server.counted("hubbub_tracker_swarms") == 0, "no swarm is left")
        assert server.counted("hubbub_tracker_peers") == 0

    def test_offers_are_not_answered_for_ever(self, start, hash):
        """However much later than said an answer comes: it is too late."""
        server = start("[tracker]\noffer_timeout = 1\n")
        with Peer(server) as ann, Peer(server) as bo:
            ann.start(hash)
            bo.start(hash)
            ann.offer(hash, (new_id(), OFFER))
            told = bo.next()
            time.sleep(1.1)
            bo.answer(told, ANSWER)
            assert failure(bo.next()) == NO_SUCH_OFFER
            ann.hears_nothing_else()


def test_the_server_closes(start, hash):
    server = start("[server]\nworkers = 3\n")
    peers = [Peer(server) for _ in range(12)]
    for peer in peers:
        peer.start(hash)
        peer.start(new_id())
    assert server.terminate() == 0
    assert {close_code(peer) for peer in peers} == {1001}


def test_what_is_counted(start, hash):
    server = start("[server]\nworkers = 3\n")
    with Peer(server) as ann, Peer(server) as bo:
        ann.start(hash)
        bo.start(hash)
        ann.offer(hash, (new_id(), OFFER))
        bo.answer(bo.next(), ANSWER)
        ann.next()
        ann.start(new_id())
        bo.ask(action="nothing")
        bo.announce(hash, "begun")
        names = ("swarms", "peers", "announces_total", "refused_total")
        assert [server.counted(f"hubbub_tracker_{name}") for name in names] == [2, 3, 5, 2]
    until(lambda: server.counted("hubbub_tracker_peers") == 0, "all have gone")
    assert server.counted("hubbub_tracker_swarms") == 0


class TestWayIn:
    def test_without_a_handshake(self, server):
        assert server.http.get("/tracker").status == 426
        assert server.http.request("POST", "/tracker").status == 405

    def test_where_there_is_none(self, start):
        server = start("[tracker]\nenabled = false\n")
        assert server.http.get("/tracker").status == 404
        assert refusal(server) == 404

    def test_only_those_who_are_admitted(self, start):
        server = start('[access]\nadmit = ["tokens"]\n[token]\nhmac_secret = "a secret that is long enough for everybody here"\n')
        assert refusal(server) == 401
        assert refusal(server, "?token=nonsense") == 401

    def test_origins(self, start, hash):
        server = start('[http]\norigins = ["https://app.example"]\n')
        assert refusal(server, origin="https://other.example") == 403
        with Peer(server, origin="https://app.example") as ann:
            assert counts(ann.start(hash)) == (0, 1)

    def test_with_a_slash_and_a_query(self, server, hash):
        with Peer(server, "/?name=Ann&x=1") as ann:
            assert counts(ann.start(hash)) == (0, 1)
