"""The protocol of PeerJS by hand: coming, being called, ids and whose they are, messages that wait, heartbeats."""

import re
import threading
from contextlib import suppress

import pytest
from hubbub_test import tokens
from hubbub_test.peerjs import OPEN, TAKEN, Peer, address, error, join, new_id
from hubbub_test.server import PATIENCE, Server
from hubbub_test.waiting import until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(scope="module", params=[1, 3], ids=["1-worker", "3-workers"])
def server(request):
    """With one worker, and with three: peers and ids are then on different ones."""
    with Server(f"server.workers = {request.param}\npeerjs.expire = '1 s'") as running:
        yield running


def until_free(server: Server, id: str):
    """Until another can have this id."""

    def can_be_had() -> bool:
        with Peer(server, id, token="another") as peer:
            return peer.next() == OPEN

    until(can_be_had, f"{id} is free")


def offer(src: str, dst: str, payload) -> dict:
    return {"type": "OFFER", "src": src, "dst": dst, "payload": payload}


class TestHttp:
    @pytest.mark.parametrize("path", ["/peerjs/id", "/peerjs/peerjs/id", "/peerjs/another-key/id"])
    def test_an_id_is_made_up(self, server, path):
        answers = [server.http.request("GET", f"{path}?ts=1763800000000.123&version=1.5.5") for _ in range(20)]
        assert {answer.status for answer in answers} == {200}
        assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
        ids = {answer.body for answer in answers}
        assert len(ids) == 20 and all(UUID4.fullmatch(id) for id in ids)
        assert join(server, ids.pop()).id

    @pytest.mark.parametrize("path", ["/peerjs/peers", "/peerjs/peerjs/peers"])
    def test_peers_are_not_listed(self, server, path):
        """Nor is a page's visitor asked for a password: browsers know no Bearer."""
        answer = server.http.request("GET", path)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="hubbub"')

    def test_what_is_not_there(self, server):
        for path in ("/peerjs/", "/peerjs/x", "/peerjs/peerjs/x/id", "/peerjsx/id"):
            assert server.http.request("GET", path).status == 404
        assert server.http.request("POST", "/peerjs/id", "x").status == 405
        assert server.http.request("GET", "/peerjs").status == 426

    def test_origins(self, start):
        server = start('http.origins = ["https://app.example"]')
        for origin, status, allowed in (
            ("https://app.example", 200, "https://app.example"),
            ("https://evil.example", 403, None),
        ):
            answer = server.http.request("GET", "/peerjs/id", headers={"Origin": origin})
            assert (answer.status, answer.headers.get("access-control-allow-origin")) == (status, allowed)
            where = address(server, id=new_id(), token="t", key="peerjs")
            if allowed:
                with connect(where, origin=origin, open_timeout=PATIENCE) as socket:
                    assert socket.recv(timeout=PATIENCE) == '{"type":"OPEN"}'
            else:
                with pytest.raises(InvalidStatus) as refused:
                    connect(where, origin=origin, open_timeout=PATIENCE)
                assert refused.value.response.status_code == 403

    def test_it_can_be_switched_off(self, start):
        server = start("peerjs.enabled = false")
        assert server.http.request("GET", "/peerjs/id").status == 404
        with pytest.raises(InvalidStatus) as refused:
            Peer(server)
        assert refused.value.response.status_code == 404


class TestTalking:
    @pytest.mark.parametrize("path", ["/peerjs", "/peerjs/peerjs"])
    def test_both_ways_in(self, server, path):
        with join(server, path=path) as ann, join(server) as bo:
            ann.send("OFFER", bo.id, payload={"sdp": {"type": "offer", "sdp": "v=0…"}, "n": [1, None]})
            assert bo.next() == offer(ann.id, bo.id, {"sdp": {"type": "offer", "sdp": "v=0…"}, "n": [1, None]})
            bo.send("ANSWER", ann.id, payload={"x": "y"})
            assert ann.next() == {"type": "ANSWER", "src": bo.id, "dst": ann.id, "payload": {"x": "y"}}

    def test_what_goes_from_peer_to_peer(self, server):
        with join(server) as ann, join(server) as bo:
            for kind in ("OFFER", "ANSWER", "CANDIDATE", "LEAVE", "EXPIRE"):
                ann.send(kind, bo.id, payload=kind.lower())
                assert bo.next() == {"type": kind, "src": ann.id, "dst": bo.id, "payload": kind.lower()}

    def test_a_payload_is_nobody_s_business(self, server):
        """Byte for byte, and so are candidates with names of mDNS, which hide addresses from other pages."""
        line = "candidate:1 1 udp 2113937151 3f1e8b3c-1a2b-4c3d-9e8f-001122334455.local 51000 typ host"
        payload = '{"candidate": {"candidate": "%s" ,"b":1.0e2, "\\u00fc":[ ]}, "a" : null}' % line
        with join(server) as ann, join(server) as bo:
            ann.socket.send('{"payload":%s,"dst":"%s","type":"CANDIDATE"}' % (payload, bo.id))
            wanted = f'{{"type":"CANDIDATE","src":"{ann.id}","dst":"{bo.id}","payload":{payload}}}'
            assert bo.socket.recv(timeout=PATIENCE) == wanted

    def test_a_message_without_payload(self, server):
        with join(server) as ann, join(server) as bo:
            ann.send("LEAVE", bo.id)
            assert bo.next() == {"type": "LEAVE", "src": ann.id, "dst": bo.id}

    def test_nobody_speaks_for_another(self, server):
        """The sender is whoever the socket is."""
        with join(server) as ann, join(server) as bo, join(server) as eve:
            eve.send("OFFER", bo.id, src=ann.id, payload=1)
            assert bo.next() == offer(eve.id, bo.id, 1)
            eve.socket.send('{"type":"OFFER","src":["x"],"dst":"%s","payload":2}' % bo.id)
            assert bo.next() == offer(eve.id, bo.id, 2)

    def test_the_server_s_own_words_are_not_passed_on(self, server):
        with join(server) as ann, join(server) as bo:
            for kind in ("OPEN", "ID-TAKEN", "ERROR", "INVALID-KEY", "HEARTBEAT", "offer", ""):
                ann.send(kind, bo.id, payload={"msg": "forged"})
            bo.hears_nothing_before(ann)

    def test_order_is_kept(self, server):
        with join(server) as ann, join(server) as bo:
            for n in range(500):
                ann.send("CANDIDATE", bo.id, payload=n)
            assert [bo.next()["payload"] for _ in range(500)] == list(range(500))

    def test_to_oneself(self, server):
        with join(server) as ann:
            ann.send("OFFER", ann.id, payload=1)
            assert ann.next() == offer(ann.id, ann.id, 1)

    def test_who_does_not_wait_for_open(self, server):
        """What is said before the id is settled is said when it is."""
        with join(server) as bo:
            for _ in range(20):
                with Peer(server) as ann:
                    ann.send("OFFER", bo.id, payload="early")
                    assert bo.next() == offer(ann.id, bo.id, "early")
                    assert ann.next() == OPEN

    def test_an_empty_member_counts_as_none(self, server):
        with join(server) as ann, join(server) as bo:
            ann.send("OFFER", "", payload=1)
            bo.hears_nothing_before(ann)


class TestIds:
    def test_an_id_is_taken(self, server):
        with join(server) as ann, Peer(server, ann.id, token="another") as thief:
            assert thief.end() == ([TAKEN], 4409)
            with join(server) as bo:
                ann.hears_nothing_before(bo)

    @pytest.mark.parametrize("token", ["made-u", "made-up ", "MADE-UP", "made-upp", "m"])
    def test_nearly_the_token(self, server, token):
        with join(server) as ann, Peer(server, ann.id, token=token) as thief:
            assert thief.end() == ([TAKEN], 4409)

    def test_a_thief_hears_and_says_nothing(self, server):
        """Also what it says at once does not come from the id that it wanted."""
        with join(server) as ann, join(server) as bo, Peer(server, ann.id, token="another") as thief:
            with suppress(ConnectionClosed):  # it may have been told already
                thief.send("OFFER", bo.id, payload="stolen")
            bo.send("OFFER", ann.id, payload="for ann")
            assert thief.end() == ([TAKEN], 4409)
            assert ann.next() == offer(bo.id, ann.id, "for ann")
            bo.hears_nothing_before(ann)

    def test_the_same_token_has_the_id_again(self, server):
        """The newest connection wins: the older one may be one that nobody has noticed is dead."""
        with join(server) as ann, join(server) as bo:
            with join(server, ann.id) as again:
                assert ann.end() == ([], 4409)
                bo.send("OFFER", again.id, payload=1)
                assert again.next() == offer(bo.id, again.id, 1)
                again.send("ANSWER", bo.id, payload=2)
                assert bo.next() == {"type": "ANSWER", "src": again.id, "dst": bo.id, "payload": 2}
                # That the older one closes afterwards takes nothing from the newer one.
                ann.close()
                again.hears_nothing_before(bo)

    def test_many_times_over(self, server):
        id = new_id()
        last = join(server, id)
        for _ in range(20):
            former, last = last, join(server, id)
            assert former.end() == ([], 4409)
        with join(server) as bo:
            last.hears_nothing_before(bo)

    @pytest.mark.parametrize("goes", ["close", "cut", "leave"])
    def test_an_id_is_free_when_its_peer_goes(self, server, goes):
        ann = join(server)
        if goes == "leave":
            ann.send("LEAVE")
            assert ann.end() == ([], 1000)
        else:
            getattr(ann, goes)()
        until_free(server, ann.id)

    def test_one_id_for_one_of_many(self, server):
        id, peers, guard = new_id(), [], threading.Barrier(12)

        def come(number: int):
            guard.wait()
            peers.append(Peer(server, id, token=f"token-{number}"))

        threads = [threading.Thread(target=come, args=(number,)) for number in range(12)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        first = [peer.next() for peer in peers]
        assert (first.count(OPEN), first.count(TAKEN)) == (1, 11)
        [peer.close() for peer in peers]

    def test_as_many_as_there_may_be(self, start):
        server = start("server.workers = 3\npeerjs.peers = 3")
        peers = [join(server) for _ in range(3)]
        with Peer(server) as one_more:
            assert one_more.end() == ([error("Server has reached its concurrent user limit")], 1013)
        with join(server, peers[0].id):
            peers[1].close()
            until_free(server, new_id())


class TestWaiting:
    def test_what_is_said_to_somebody_who_comes_soon(self, start):
        server = start("server.workers = 3")
        with join(server) as ann:
            id = new_id()
            for n in range(5):
                ann.send("CANDIDATE", id, payload=n)
            ann.send("LEAVE", id, payload="not kept")
            ann.send("OFFER", id, payload="last")
            with join(server) as bo:  # all that ann has said was heard when this is answered
                bo.hears_nothing_before(ann)
            with join(server, id) as late:
                assert [late.next()["payload"] for _ in range(6)] == [0, 1, 2, 3, 4, "last"]
                late.hears_nothing_before(ann)

    def test_what_nobody_came_for(self, server):
        """One EXPIRE for each sender, however much he said."""
        with join(server) as ann, join(server) as bo:
            id = new_id()
            for n in range(5):
                ann.send("CANDIDATE", id, payload=n)
            bo.send("OFFER", id, payload="x")
            for one in (ann, bo):
                assert one.next() == {"type": "EXPIRE", "src": id, "dst": one.id}
            ann.hears_nothing_before(bo)
            with join(server, id) as late:
                late.hears_nothing_before(ann)

    def test_a_sender_that_came_back_is_told(self, start):
        """EXPIRE is for the id, not for the connection."""
        server = start("server.workers = 3\npeerjs.expire = '4 s'")
        with join(server) as ann:
            id = new_id()
            ann.send("OFFER", id, payload="x")
            with join(server) as bo:
                bo.hears_nothing_before(ann)
            with join(server, ann.id) as again:
                assert again.next() == {"type": "EXPIRE", "src": id, "dst": ann.id}

    @pytest.mark.parametrize("id", ["not an id!", "a" * 129, "é", 'a"b', "a--b", "../x"])
    def test_an_id_that_nobody_can_have(self, server, id):
        """There is nothing to wait for."""
        with join(server) as ann:
            ann.send("OFFER", id, payload=1)
            assert ann.next() == {"type": "EXPIRE", "src": id, "dst": ann.id}
            ann.send("LEAVE", id)
            with join(server) as bo:
                ann.hears_nothing_before(bo)

    def test_leave_and_expire_do_not_wait(self, server):
        with join(server) as ann:
            id = new_id()
            ann.send("LEAVE", id)
            ann.send("EXPIRE", id)
            with join(server) as bo:
                bo.hears_nothing_before(ann)
            with join(server, id) as late:
                late.hears_nothing_before(ann)

    def test_more_than_may_wait_for_one(self, start):
        server = start("peerjs.waiting = 3\npeerjs.expire = '1 h'")
        with join(server) as ann:
            id = new_id()
            for n in range(5):
                ann.send("OFFER", id, payload=n)
            for _ in range(2):
                assert ann.next() == {"type": "EXPIRE", "src": id, "dst": ann.id}
            with join(server, id) as late:
                assert [late.next()["payload"] for _ in range(3)] == [0, 1, 2]

    def test_more_than_may_wait_for_all(self, start):
        server = start(
            "server.workers = 3\npeerjs.waiting_bytes = '1 MiB'\npeerjs.waiting_share = '1 MiB'\npeerjs.expire = '1 h'"
        )
        with join(server) as ann:
            for _ in range(18):
                ann.send("OFFER", new_id(), payload="x" * 60_000)
            told = ann.next()
            assert (told["type"], told["dst"]) == ("EXPIRE", ann.id)
            waiting = server.http.request("GET", "/metrics").body
            bytes = int(re.search(r'hubbub_peerjs_waiting_bytes\{server="peerjs"\} (\d+)', waiting)[1])
            assert 17 * 60_000 < bytes <= 1 << 20

    def test_one_cannot_fill_what_waits_for_all(self, start):
        """What of him is too much is given up at once; what others say waits."""
        server = start("server.workers = 3\npeerjs.waiting_bytes = '1 MiB'\npeerjs.expire = '1 h'")
        with join(server) as mal, join(server) as ann:
            for _ in range(18):
                mal.send("OFFER", new_id(), payload="x" * 60_000)
            told = [mal.next() for _ in range(14)]
            assert {(message["type"], message["dst"]) for message in told} == {("EXPIRE", mal.id)}
            id = new_id()
            ann.send("OFFER", id, payload="x" * 60_000)
            with join(server, id) as late:
                assert late.next()["src"] == ann.id

    def test_who_is_gone_keeps_no_room(self, start):
        """However many have come and gone: what they have left makes room for what others say."""
        server = start("peerjs.rate = 0\npeerjs.waiting_bytes = '1 MiB'\npeerjs.expire = '1 h'")

        def is_full() -> bool:
            with join(server) as gone:
                for _ in range(100):
                    gone.send("OFFER", new_id(), payload="x" * 1000)
            return server.counted("hubbub_peerjs_waiting_bytes") > (1 << 20) - 2000

        until(is_full, "as much waits as may")
        with join(server) as ann:
            for _ in range(20):
                id = new_id()
                ann.send("OFFER", id, payload="x" * 1000)
                with join(server, id) as late:
                    assert late.next()["src"] == ann.id


class TestHeartbeat:
    def test_who_says_nothing_loses_the_id(self, start):
        """A browser answers pings for a page that has been stopped, so these do not count."""
        server = start("peerjs.alive = '2 s'\nwebsocket.ping_interval = '1 s'")
        with join(server) as ann:
            assert ann.end() == ([], 4408)
            with join(server, ann.id, token="another"):
                pass

    @pytest.mark.parametrize("word", [{"type": "HEARTBEAT"}, {"type": "CANDIDATE", "dst": "nobody", "payload": 1}])
    def test_whoever_says_something_keeps_it(self, start, word):
        """It is there after many times as long as it may be silent."""
        server = start("peerjs.alive = '3 s'\npeerjs.expire = '1 h'")
        with join(server) as ann, join(server) as silent:
            beats = threading.Event()

            def beat():
                while not beats.wait(0.1):
                    ann.send(**word)

            thread = threading.Thread(target=beat)
            thread.start()
            for _ in range(2):
                assert silent.end() == ([], 4408)
                silent = join(server)
            beats.set()
            thread.join()
            silent.close()
            with Peer(server, ann.id, token="another") as thief:
                assert thief.next() == TAKEN


class TestWho:
    CONFIG = f'access.admit = ["tokens"]\ntoken.hmac_secret = "{tokens.SECRET}"'

    def test_guests_where_there_are_none(self, start):
        """A page cannot read the answer to a handshake, so it is told over the socket."""
        server = start(self.CONFIG)
        with Peer(server) as guest:
            said, code = guest.end()
            assert (len(said), said[0]["type"], code) == (1, "ERROR", 1008)
            assert "guests are not admitted" in said[0]["payload"]["msg"]

    @pytest.mark.parametrize("made_up", ["k2j3h4kj2h3", "a.b.c", "..", "eyJ.eyJ.x"])
    def test_a_token_that_is_made_up_is_not_a_bad_one(self, server, made_up):
        with join(server, token=made_up) as ann, join(server, ann.id, token=made_up):
            assert ann.end() == ([], 4409)

    def test_a_token_of_ours_says_who_it_is(self, start):
        server = start(self.CONFIG)
        with join(server, token=tokens.hs256("ann")) as ann:
            # Renewed meanwhile, it is hers all the same; another's is another's.
            with Peer(server, ann.id, token=tokens.hs256("bo")) as thief:
                assert thief.end() == ([TAKEN], 4409)
            with join(server, ann.id, token=tokens.hs256("ann", lifetime=7200)):
                assert ann.end() == ([], 4409)

    @pytest.mark.parametrize("headers", [{"Authorization": "Bearer {}"}, {"Cookie": "hubbub_token={}"}])
    def test_who_is_known_otherwise(self, start, headers):
        server = start(self.CONFIG)
        own = {name: value.format(tokens.hs256("ann")) for name, value in headers.items()}
        with join(server, additional_headers=own) as ann, join(server, ann.id, additional_headers=own):
            assert ann.end() == ([], 4409)

    @pytest.mark.parametrize(
        "token",
        [
            pytest.param(tokens.hs256("ann", secret="another secret of at least thirty-two bytes"), id="of-another"),
            pytest.param(tokens.hs256("ann", lifetime=-10_000), id="expired"),
            pytest.param(tokens.hs256("ann") + "x", id="changed"),
        ],
    )
    def test_a_bad_token_of_ours(self, start, token):
        server = start(self.CONFIG)
        with Peer(server, token=token) as ann:
            said, code = ann.end()
            assert (len(said), said[0]["type"], code) == (1, "ERROR", 1008)

    def test_a_claim_by_somebody_else_s_name_is_not_proved_by_ones_own(self, start):
        """Who one is is what the header says; the token beside it is not believed."""
        server = start(self.CONFIG)
        forged = tokens.hs256("ann", secret="another secret of at least thirty-two bytes")
        eve = {"Authorization": f"Bearer {tokens.hs256('eve')}"}
        with join(server, token=tokens.hs256("ann")) as ann:
            with Peer(server, ann.id, token=forged, additional_headers=eve) as thief:
                assert thief.end() == ([TAKEN], 4409)

    def test_a_token_that_ends_ends_the_socket(self, start):
        server = start(self.CONFIG + "\ntoken.leeway = 0")
        with join(server, token=tokens.hs256("ann", lifetime=2)) as ann:
            assert ann.end() == ([], 4401)


class TestDiscovery:
    def test_all_ids_of_all_workers(self, start):
        server = start("server.workers = 3\npeerjs.discovery = true")
        peers = [join(server) for _ in range(40)]
        for path in ("/peerjs/peers", "/peerjs/peerjs/peers"):
            answer = server.http.request("GET", path)
            assert (answer.status, answer.json) == (200, sorted(peer.id for peer in peers))
        [peer.close() for peer in peers]
        until(lambda: server.http.request("GET", "/peerjs/peers").json == [], "all are gone")

    def test_only_for_those_who_may_come_in(self, start):
        server = start(TestWho.CONFIG + "\npeerjs.discovery = true")
        assert server.http.request("GET", "/peerjs/peers").status == 401
        bearer = {"Authorization": f"Bearer {tokens.hs256('ann')}"}
        assert server.http.request("GET", "/peerjs/peers", headers=bearer).json == []


class TestTheServer:
    def test_it_closes(self, start):
        server = start("")
        ann = join(server)
        server.terminate()
        assert ann.end() == ([], 1001)

    def test_after_a_restart_ids_are_free(self, start):
        server = start("server.workers = 3")
        ann = join(server)
        server.kill()
        assert ann.end() == ([], None)
        server.start()
        with join(server, ann.id, token="another"):
            pass

    def test_what_is_counted(self, start):
        server = start("server.workers = 3")

        def read(name: str) -> int:
            return int(re.search(rf"^{re.escape(name)} (\d+)$", server.http.request("GET", "/metrics").body, re.M)[1])

        with join(server) as ann, join(server) as bo:
            assert read('hubbub_peerjs_peers{server="peerjs"}') == 2
            for _ in range(3):
                ann.send("CANDIDATE", bo.id, payload=1)
            assert [bo.next()["type"] for _ in range(3)] == ["CANDIDATE"] * 3
            assert read('hubbub_peerjs_messages_total{type="candidate"}') == 3
            assert read('hubbub_peerjs_messages_total{type="offer"}') == 0
        until(lambda: read('hubbub_peerjs_peers{server="peerjs"}') == 0, "both are gone")
        assert read("hubbub_session_panics_total" + '{worker="0"}') == 0
