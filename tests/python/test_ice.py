"""Who is told of which STUN and TURN servers, by which credentials, and what the application sees of what is relayed."""

import base64
import hmac
import time
from contextlib import ExitStack

import pytest
from hubbub_test.application import API_TOKEN
from hubbub_test.server import Server, hubbub
from hubbub_test.tokens import SECRET as TOKEN_SECRET
from hubbub_test.tokens import hs256
from hubbub_test.waiting import until
from turn.client import UDP, Client
from turn.peers import Peer
from turn.servers import SECRET, Turn

FRIEND = "https://friend.example"
API = f'[api]\ntoken = "{API_TOKEN}"\n'
EVERYBODY = f"""{API}
[token]
hmac_secret = "{TOKEN_SECRET}"
[http]
origins = ["{FRIEND}"]
"""
RELAYS = ["turn:{}?transport=udp", "turn:{}?transport=tcp", "turns:{}?transport=tcp"]
GUEST = "127.0.0.1@guest.localhost"


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


BEARER = {"Authorization": f"Bearer {API_TOKEN}"}
ALICE = {"Authorization": basic("alice", "wonder")}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    hubbub("user", "add", "alice", "--password", "wonder", "--data", data)
    with Turn(EVERYBODY, args=("--data", data)) as running:
        yield running


def ask(server, headers: dict | None = None, path: str = "/api/ice") -> dict:
    answer = server.http.request("GET", path, headers=headers)
    assert answer.status == 200, answer
    assert answer.headers["cache-control"] == "no-store"
    return answer.json


def password(username: str, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), username.encode(), "sha1")).decode()


def user(answer: dict) -> str:
    """Whom the last entry's credentials are for."""
    return answer["iceServers"][-1]["username"].partition(":")[2]


def test_one_entry_of_stun_and_one_of_turn(server):
    answer = ask(server)
    place = f"127.0.0.1:{server.port}"
    stun, turn = answer["iceServers"]
    assert stun == {"urls": [f"stun:{place}"]}
    assert turn["urls"] == [url.format(place) for url in RELAYS]
    assert turn["username"] == f"{answer['expires']}:{GUEST}"
    assert turn["credential"] == password(turn["username"])
    assert time.time() + 86_000 < answer["expires"] <= time.time() + 86_400
    assert answer.keys() == {"iceServers", "expires"} and turn.keys() == {"urls", "username", "credential"}


@pytest.mark.parametrize("name", ["", "?name=Ann", "?name=Bo"])
def test_a_guest_is_who_he_is_by_his_address(server, name):
    """Whatever he calls himself: else he would have as many quotas as names."""
    assert user(ask(server, path=f"/api/ice{name}")) == GUEST


def test_others_by_their_names(server):
    assert user(ask(server, ALICE)) == "alice@localhost"
    assert user(ask(server, {"Authorization": f"Bearer {hs256('ann')}"})) == "ann@localhost"


def test_credentials_end_with_the_token(server):
    answer = ask(server, {"Authorization": f"Bearer {hs256('ann', lifetime=60)}"})
    assert time.time() < answer["expires"] <= time.time() + 60


def test_strangers_are_refused(server):
    for headers in ({"Authorization": basic("alice", "wrong")}, {"Authorization": "Bearer nonsense"}):
        assert server.http.request("GET", "/api/ice", headers=headers).problem == "unauthorized"
    assert server.http.request("POST", "/api/ice", "").problem == "method-not-allowed"


def test_guests_are_refused_where_they_are_not_admitted(start):
    running = start(f'[access]\nadmit = ["tokens"]\n[token]\nhmac_secret = "{TOKEN_SECRET}"\n[turn]\nenabled = true\n')
    assert running.http.get("/api/ice").problem == "unauthorized"


def test_pages_elsewhere_may_ask(server):
    answer = server.http.get("/api/ice", Origin=FRIEND)
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] == FRIEND
    assert server.http.get("/api/ice", Origin="https://stranger.example").problem == "forbidden"
    asked = {"Origin": FRIEND, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = server.http.request("OPTIONS", "/api/ice", headers=asked)
    assert preflight.status == 204 and preflight.headers["access-control-allow-origin"] == FRIEND


def test_guests_may_be_given_no_relay(tmp_path):
    hubbub("user", "add", "alice", "--password", "wonder", "--data", tmp_path)
    with Turn(EVERYBODY, args=("--data", tmp_path), guests=False) as server:
        answer = ask(server)
        assert answer["iceServers"] == [{"urls": [f"stun:127.0.0.1:{server.port}"]}]
        assert "turn.guests" in answer["note"] and "expires" not in answer
        answer = ask(server, ALICE)
        assert user(answer) == "alice@localhost" and "note" not in answer


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ('host = "turn.example.org"', "turn.example.org:{port}"),
        ('host = "turn.example.org:443"', "turn.example.org:443"),
        ('announce = ["198.51.100.7"]', "198.51.100.7:{port}"),
    ],
)
def test_where_it_is_may_be_said(start, config, place):
    running = start(f"[turn]\nenabled = true\n{config}\n")
    place = place.format(port=running.port)
    stun, turn = ask(running)["iceServers"]
    assert stun["urls"] == [f"stun:{place}"] and turn["urls"] == [url.format(place) for url in RELAYS]


def test_the_domain_says_it_if_it_is_one_of_the_internet(start):
    running = start('[server]\ndomain = "chat.example.org"\n[turn]\nenabled = true\n')
    assert ask(running)["iceServers"][0]["urls"] == [f"stun:chat.example.org:{running.port}"]


def test_others_servers_come_after_our_own(start):
    theirs = f'[ice]\nurls = ["stun:a.example", "turn:b.example"]\nsecret = "{TOKEN_SECRET}"\nlifetime = "1 h"\n'
    running = start(f"{theirs}[turn]\nenabled = true\n")
    answer = ask(running)
    stun, own, other = answer["iceServers"]
    assert stun["urls"] == [f"stun:127.0.0.1:{running.port}", "stun:a.example:3478"]
    assert len(own["urls"]) == 3 and other["urls"] == ["turn:b.example:3478?transport=udp"]
    assert other["credential"] == password(other["username"], TOKEN_SECRET)
    assert answer["expires"] == int(other["username"].partition(":")[0]) < int(own["username"].partition(":")[0])


def test_without_any_it_is_said_what_to_set(start):
    answer = start().http.get("/api/ice").json
    assert answer["iceServers"] == [] and "turn.enabled" in answer["note"]


def test_credentials_outlive_a_restart_with_a_data_folder(tmp_path):
    """Without turn.secret one is made from what is kept there; without a folder it is another each time."""
    asked = []
    for kept in (("--data", tmp_path), ("--data", tmp_path), ()):
        with Turn(EVERYBODY, args=kept, secret=None) as server:
            asked.append(ask(server)["iceServers"][1])
            with Client(server) as client:
                client.username, client.password = asked[0]["username"], asked[0]["credential"]
                answer = client.request("Allocate", ("REQUESTED-TRANSPORT", UDP))
                assert answer.kind == ("success" if kept else "error"), answer


def test_old_secrets_are_still_believed():
    with Turn(EVERYBODY, secret=TOKEN_SECRET, old_secrets=[SECRET]) as server, Client(server) as client:
        turn = ask(server)["iceServers"][1]
        assert turn["credential"] == password(turn["username"], TOKEN_SECRET)
        client.password = password(client.username, SECRET)
        client.allocate()


def client_of(server, headers: dict | None = None, transport: str = "udp", path: str = "/api/ice") -> Client:
    """Somebody with the credentials that he is given."""
    turn = ask(server, headers, path)["iceServers"][1]
    client = Client(server, transport)
    client.username, client.password = turn["username"], turn["credential"]
    return client


def allocations(server, **query) -> dict:
    query = "&".join(f"{name}={value}" for name, value in query.items())
    answer = server.http.request("GET", f"/api/turn/allocations?{query}", headers=BEARER)
    assert answer.status == 200, answer
    return answer.json


def written(address) -> str:
    return "{}:{}".format(*address)


def port(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_what_is_relayed_can_be_seen(server, transport):
    with client_of(server, ALICE, transport) as client, Peer() as peer:
        client.allocate()
        channel = client.bind(peer.address)
        client.tell_by(channel, b"12345")
        peer.hears()
        peer.tell(client.relayed, b"123")
        client.data()
        (one,) = allocations(server)["allocations"]
        now = time.time() * 1000
        assert now - 60_000 < one.pop("since") <= now < one.pop("ends") <= now + 3_600_000
        assert one == {
            "user": "alice@localhost",
            "client": written(client.link.address),
            "transport": transport,
            "relays": [written(client.relayed)],
            "permissions": 1,
            "channels": 1,
            "bytes_to_peers": 5,
            "bytes_to_client": 3,
        }
        client.refresh(0)
        assert allocations(server) == {"allocations": []}


def test_page_by_page_over_all_workers():
    with Turn(EVERYBODY, args=("--workers", "2")) as server, ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(7)]
        relays = {written(client.allocate()) for client in clients}
        pages, after = [], {}
        while True:
            page = allocations(server, limit=3, **after)
            pages.append([one["relays"][0] for one in page["allocations"]])
            if "next" not in page:
                break
            after = {"after": page["next"]}
        assert [len(page) for page in pages] == [3, 3, 1]
        assert [relay for page in pages for relay in page] == sorted(relays, key=port)


def test_who_uses_up_his_quota_is_told():
    """Quotas go by the name in the credentials, whichever credentials they are."""
    with Turn(EVERYBODY, allocations_per_user=2, args=("--workers", "1")) as server, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(client_of(server)).allocate()
        third = stack.enter_context(client_of(server, path="/api/ice?name=Other"))
        assert third.request("Allocate", ("REQUESTED-TRANSPORT", UDP)).code == 486


def test_only_the_application_sees_it(server):
    for headers, problem in ((None, "unauthorized"), (ALICE, "forbidden")):
        assert server.http.request("GET", "/api/turn/allocations", headers=headers).problem == problem
    for query in ("limit=0", "after=nonsense"):
        answer = server.http.request("GET", f"/api/turn/allocations?{query}", headers=BEARER)
        assert answer.problem == "bad-request"


def test_where_there_is_nothing_to_see(start):
    assert start("[turn]\nenabled = true\n").http.get("/api/turn/allocations").problem == "not-found"
    answer = start(API).http.request("GET", "/api/turn/allocations", headers=BEARER)
    assert answer.problem == "not-found" and "turn.enabled" in answer.json["detail"]


def counted(server) -> int:
    """Allocations, by all workers' metrics."""
    lines = server.http.get("/metrics").body.splitlines()
    return sum(int(line.split()[-1]) for line in lines if line.startswith("hubbub_turn_allocations{"))


def test_workers_count_what_they_relay(server):
    with client_of(server) as client:
        client.allocate()
        until(lambda: counted(server) == 1, "the workers have counted it")
        client.refresh(0)
        until(lambda: counted(server) == 0, "the workers have forgotten it")


def test_a_private_address_beyond_this_machine_is_worth_a_warning():
    with Server('[access]\nadmit = ["guests"]\n[turn]\nenabled = true\nannounce = ["10.1.2.3"]\n', listen=("0.0.0.0:0",)) as server:
        log = server.tail()
        assert "relays are announced as 10.1.2.3, which nobody reaches from the Internet" in log
        assert "turn.guests" in ask(server)["note"]
