"""Who may have a relay: the long-term credentials of RFC 8489 section 9.2, with names that expire."""

import time

import pytest
from turn.client import SHA256, UDP, Client
from turn.message import attribute, fingerprinted, protected, sized
from turn.servers import REALM, SECRET, Turn, credentials

RELAY = ("REQUESTED-TRANSPORT", UDP)
OFFERED = bytes.fromhex("0002000000010000")  # SHA-256, then MD5


@pytest.fixture(scope="module")
def server():
    with Turn(old_secrets=["the-secret-of-last-month-is-still-good"]) as running:
        yield running


@pytest.fixture(params=[False, True], ids=["MD5", "SHA-256"])
def client(request, server):
    with Client(server, sha256=request.param) as one:
        one.challenge()
        yield one


def test_a_stranger_is_told_what_to_say(server):
    with Client(server) as client:
        answer = client.challenge()
        assert (answer.get("REALM"), answer.get("PASSWORD-ALGORITHMS")) == (REALM.encode(), OFFERED)
        assert answer.get("NONCE").startswith(b"obMatJos2g"), "the nonce must tell of PASSWORD-ALGORITHMS (section 18.1)"
        names = {name for name, _ in answer.attributes}
        assert names == {"ERROR-CODE", "REALM", "NONCE", "PASSWORD-ALGORITHMS"}, "nothing that helps nobody"


def refused(client: Client, code: int, *pairs, **how):
    """As the others of section 9.2.4; 401 and 438 tell how to do better, and nobody can know who says so."""
    answer = client.ask(client.signed("Allocate", RELAY, *pairs, **how))
    assert answer.code == code, answer
    assert "MESSAGE-INTEGRITY" not in answer and "MESSAGE-INTEGRITY-SHA256" not in answer
    assert ("NONCE" in answer, "REALM" in answer) == (code != 400,) * 2
    client.allocate()  # nothing stands in the way of doing it right


NOW = int(time.time())


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        pytest.param(400, {"without": ("USERNAME",)}, id="no name"),
        pytest.param(400, {"without": ("REALM",)}, id="no realm"),
        pytest.param(400, {"without": ("NONCE",)}, id="no nonce"),
        pytest.param(400, {"username": ""}, id="an empty name"),
        pytest.param(400, {"username": "9999999999:" + "x" * 500}, id="a name of 511 bytes"),
        pytest.param(401, {"password": "wrong"}, id="a wrong password"),
        pytest.param(401, {"password": ""}, id="an empty password"),
        pytest.param(401, {"username": "romeo"}, id="a name that does not say until when it is good"),
        pytest.param(401, {"username": f"{NOW + 9999}:other"}, id="the password of another name"),
        pytest.param(401, {"realm": "example.com"}, id="another realm"),
        pytest.param(401, {"realm": ""}, id="an empty realm"),
        pytest.param(438, {"nonce": b""}, id="an empty nonce"),
        pytest.param(438, {"nonce": b"x"}, id="a nonce of one letter"),
        pytest.param(438, {"nonce": b"obMatJos2gAAA" + b"A" * 22}, id="a nonce made up"),
        pytest.param(438, {"nonce": b"n" * 763}, id="a nonce as long as they may be: CVE-2026-43994"),
        pytest.param(438, {"nonce": b"n" * 3000}, id="a nonce longer than they may be: CVE-2026-43994"),
    ],
)
def test_refused(client, code, wrong):
    refused(client, code, **wrong)


def expired(lifetime: int = -1, secret: str = SECRET) -> dict:
    username, password = credentials("late", lifetime, secret)
    return {"username": username, "password": password}


def test_credentials_that_have_expired(client):
    refused(client, 401, **expired())


def test_credentials_that_expire_in_the_middle(server):
    """They are checked when a relay is made: browsers cannot change them while they use it."""
    with Client(server) as client:
        client.username, client.password = credentials("soon", 2)
        client.allocate()
        while time.time() < int(client.username.partition(":")[0]) + 1:
            time.sleep(0.1)
        assert client.refresh(700) == 700
        with Client(server) as later:
            later.username, later.password = client.username, client.password
            assert later.request("Allocate", RELAY).code == 401


def test_credentials_of_an_old_secret(client):
    client.username, client.password = credentials("old", secret="the-secret-of-last-month-is-still-good")
    client.allocate()


def test_credentials_of_another_secret(client):
    refused(client, 401, **expired(3600, "a-secret-that-was-never-known-here"))


@pytest.mark.parametrize("name", ["\xff", "9999999999:\xff"])
def test_a_name_that_is_no_text(client, name):
    own = client.signed("Allocate", RELAY, username=name)
    bad = own.replace(name.encode(), name.encode("latin-1").ljust(len(name.encode()), b"\xfe"))
    assert client.ask(bad).code == 400


def test_a_nonce_of_somebody_else(server, client):
    """It tells that what is sent to an address is received there: another address has to show that for itself."""
    with Client(server) as other:
        other.challenge()
        refused(client, 438, nonce=other.nonce)


def test_a_nonce_of_another_transport(server, client):
    with Client(server, "tcp") as other:
        other.challenge()
        refused(client, 438, nonce=other.nonce)


def test_a_nonce_grows_old(start_turn):
    server = start_turn(nonce_lifetime="1 s")
    with Client(server) as client:
        client.allocate()
        while (answer := client.ask(client.signed("Refresh", ("LIFETIME", 600)))).kind == "success":
            time.sleep(0.1)
        assert answer.code == 438 and answer.get("NONCE") != client.nonce
        client.nonce = answer.get("NONCE")
        assert client.refresh(700) == 700


@pytest.fixture
def start_turn():
    running = []

    def make(**settings) -> Turn:
        running.append(Turn(**settings).start())
        return running[-1]

    yield make
    for one in running:
        one.stop()


def test_refused_names_in_hashes(client):
    """USERHASH: names that expire have to be read. The nonce does not offer it, and who uses it all the same is nobody."""
    answer = client.ask(client.signed("Allocate", RELAY, ("USERHASH", bytes(32)), without=("USERNAME",)))
    assert answer.code == 401, answer


def test_nobody_may_take_away_what_was_offered(server):
    """Bidding down (section 9.2.4): PASSWORD-ALGORITHMS must come back as it was sent, with one of them chosen."""
    with Client(server, sha256=True) as client:
        client.challenge()
        assert client.algorithms == OFFERED
        for algorithms in (OFFERED[4:], OFFERED[:4], OFFERED[4:] + OFFERED[:4], OFFERED * 2, b""):
            client.algorithms = algorithms
            assert client.ask(client.signed("Allocate", RELAY)).code == 400
        client.algorithms = OFFERED
        assert client.ask(client.signed("Allocate", RELAY, without=("PASSWORD-ALGORITHM",))).code == 400
        assert client.ask(client.signed("Allocate", RELAY, without=("PASSWORD-ALGORITHMS",))).code == 400
        chosen = ("PASSWORD-ALGORITHM", bytes([0, 3, 0, 0]))
        assert client.ask(client.signed("Allocate", RELAY, chosen, without=("PASSWORD-ALGORITHM",))).code == 400
        client.allocate()


def test_an_answer_is_protected_as_the_request_was(client):
    answer = client.succeed("Allocate", RELAY)
    assert ("MESSAGE-INTEGRITY-SHA256" in answer) == client.sha256
    assert ("MESSAGE-INTEGRITY" in answer) != client.sha256


def test_what_comes_after_the_protection_does_not_count(client):
    """Section 14.5: anybody on the way could have added it."""
    message = client.signed("Allocate", RELAY)
    added = bytes.fromhex("000d0004 00000e10 7f010000")  # LIFETIME of an hour, and an attribute that nobody knows
    answer = client.ask(sized(message + added))
    assert answer.kind == "success" and answer.number("LIFETIME") == 600, answer


def test_a_code_that_is_not_right(client):
    message = bytearray(client.signed("Allocate", RELAY))
    message[-1] ^= 1
    assert client.ask(bytes(message)).code == 401


@pytest.mark.parametrize("length", [0, 4, 16, 19, 20, 21, 31, 36])
def test_codes_that_are_zeroes(server, length):
    """Twenty of them are a wrong code, and so are fewer or more."""
    with Client(server) as client:
        client.challenge()
        bare = client.signed("Allocate", RELAY, without=("MESSAGE-INTEGRITY",))
        assert client.ask(sized(bare + attribute("MESSAGE-INTEGRITY", bytes(length)))).code == 401
        client.allocate()


def test_both_codes(server):
    """Section 9.2.4: the stronger counts. A client that has not been offered it yet sends both."""
    with Client(server, sha256=True) as client:
        client.challenge()
        bare = client.signed("Allocate", RELAY, without=("MESSAGE-INTEGRITY-SHA256",))
        answer = client.ask(protected(protected(bare, bytes(16)), client.key, "MESSAGE-INTEGRITY-SHA256"))
        assert answer.kind == "success" and answer.is_protected(client.key, "MESSAGE-INTEGRITY-SHA256")


def test_sha256_without_parameters_is_what_it_is(server):
    """PASSWORD-ALGORITHM says which; a key made the other way does not fit."""
    with Client(server, sha256=True) as client:
        client.challenge()
        assert SHA256 == OFFERED[:4]
        chosen = ("PASSWORD-ALGORITHM", OFFERED[4:])
        assert client.ask(client.signed("Allocate", chosen, RELAY, without=("PASSWORD-ALGORITHM",))).code == 401


def test_fingerprint_if_asked(client):
    """Section 14.7. `read` checks every FINGERPRINT."""
    answer = client.ask(fingerprinted(client.signed("Allocate", RELAY)))
    assert answer.kind == "success" and answer.attributes[-1][0] == "FINGERPRINT"
    assert "FINGERPRINT" not in client.request("Refresh", ("LIFETIME", 0))
    plain = client.ask(fingerprinted(client.write("Allocate", RELAY)))
    assert plain.code == 401 and plain.attributes[-1][0] == "FINGERPRINT"
