"""Where STUN and TURN are (XEP-0215), and credentials that TURN servers with the same secret believe."""

import base64
import hashlib
import hmac
import time
from datetime import datetime

import pytest
from hubbub_test.server import hubbub
from xmpp.client import DISCO, Client, error_of
from xmpp.servers import Hubbub

NS = "urn:xmpp:extdisco:2"
SECRET = "north-of-the-wall-and-south-of-it"
URLS = """[ice]
urls = ["stun:stun.example.org", "turn:turn.example.org:3479", "turn:turn.example.org?transport=tcp", "turns:[2001:db8::1]"]
"""
MINTED = URLS + f'secret = "{SECRET}"\nlifetime = "2 h"\n'
ALL = f"<iq type='get' id='all' to='localhost'><services xmlns='{NS}'/></iq>"


def of_type(kind: str) -> str:
    return ALL.replace("<services ", f"<services type='{kind}' ")


def credentials(**service: str) -> str:
    said = " ".join(f"{name}='{value}'" for name, value in service.items())
    return f"<iq type='get' id='one' to='localhost'><credentials xmlns='{NS}'><service {said}/></credentials></iq>"


def services(client: Client, asked: str = ALL) -> list[dict]:
    answer = client.ask(asked)
    assert answer.get("type") == "result"
    return [dict(one.attrib) for one in answer[0]]


def log_in(config: str):
    with Hubbub({"romeo": "romeos"}, config) as server, Client(server).log_in("romeo", "romeos") as romeo:
        yield romeo


@pytest.fixture
def romeo():
    yield from log_in(MINTED)


def test_all_of_them_in_order(romeo):
    shown = [(one["type"], one["host"], one["port"], one["transport"]) for one in services(romeo)]
    assert shown == [
        ("stun", "stun.example.org", "3478", "udp"),
        ("turn", "turn.example.org", "3479", "udp"),
        ("turn", "turn.example.org", "3478", "tcp"),
        ("turns", "2001:db8::1", "5349", "tcp"),
    ]


def test_by_type(romeo):
    assert [one["port"] for one in services(romeo, of_type("turn"))] == ["3479", "3478"]
    assert services(romeo, of_type("ftp")) == []


def test_credentials_are_those_of_the_secret_for_a_while(romeo):
    """draft-uberti-behave-turn-rest-00 section 2.2: reckoned here by Python's own HMAC."""
    stun, *relays = services(romeo)
    assert not {"username", "password", "expires", "restricted"} & stun.keys()
    for one in relays:
        until, _, user = one["username"].partition(":")
        assert user == "romeo@localhost" and one["restricted"] in ("1", "true")
        digest = hmac.new(SECRET.encode(), one["username"].encode(), hashlib.sha1).digest()
        assert one["password"] == base64.b64encode(digest).decode()
        assert datetime.fromisoformat(one["expires"]).timestamp() == int(until)
        assert time.time() + 3600 < int(until) <= time.time() + 7200


def test_credentials_for_one(romeo):
    found = services(romeo, credentials(host="turn.example.org", type="turn"))
    assert [one["port"] for one in found] == ["3479", "3478"] and all(one["password"] for one in found)
    (only,) = services(romeo, credentials(host="TURN.example.org", type="turn", port="3478"))
    assert only["transport"] == "tcp"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (credentials(host="other.example.org", type="turn"), "cancel item-not-found"),
        (credentials(host="turn.example.org", type="turn", port="1"), "cancel item-not-found"),
        (credentials(host="turn.example.org"), "modify bad-request"),
        (f"<iq type='get' id='x' to='localhost'><credentials xmlns='{NS}'/></iq>", "modify bad-request"),
        (ALL.replace("get", "set"), "cancel not-allowed"),
    ],
)
def test_what_is_refused(romeo, asked, error):
    assert error_of(romeo.ask(asked)) == error


def test_the_same_credentials_for_everybody():
    for romeo in log_in(URLS + 'username = "guest"\npassword = "open"\n'):
        _, turn, *_ = services(romeo)
        assert (turn["username"], turn["password"], turn.get("expires")) == ("guest", "open", None)


def test_guests_go_by_their_address():
    """A guest calls himself what he likes, so his name is nothing to count by."""
    with Hubbub({}, MINTED) as server, Client(server).log_in_as_guest("Ann") as ann:
        assert services(ann)[1]["username"].partition(":")[2] == "127.0.0.1@guest.localhost"


def test_our_own_come_first():
    own = '[turn]\nenabled = true\nguests = false\nhost = "turn.example.net:443"\n'
    with Hubbub({"romeo": "romeos"}, MINTED + own) as server:
        with Client(server).log_in("romeo", "romeos") as romeo:
            shown = [(one["type"], one["host"], one["port"], one["transport"]) for one in services(romeo)]
            assert shown[:4] == [
                ("stun", "turn.example.net", "443", "udp"),
                ("turn", "turn.example.net", "443", "udp"),
                ("turn", "turn.example.net", "443", "tcp"),
                ("turns", "turn.example.net", "443", "tcp"),
            ]
            assert len(shown) == 8
            ours, theirs = (services(romeo)[index]["password"] for index in (1, 5))
            assert ours != theirs
        with Client(server).log_in_as_guest("Ann") as ann:
            assert [one["type"] for one in services(ann)] == ["stun", "stun", "turn", "turn", "turns"]


def test_where_there_are_none_nothing_is_told():
    for romeo in log_in(""):
        info = romeo.ask(f"<iq type='get' id='info' to='localhost'><query xmlns='{DISCO}'/></iq>")[0]
        assert NS not in {one.get("var") for one in info}
        assert error_of(romeo.ask(ALL)) == "cancel service-unavailable"


def test_nobody_is_told_before_login(romeo):
    stranger = Client(romeo.server).reach_sasl()
    stranger.send(ALL)
    assert stranger.condition() == "not-authorized"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('urls = ["turn:a"]', "ice.secret"),
        ('urls = ["http://a"]', "no STUN or TURN server"),
        ('username = "a"', "ice.password"),
        ('password = "a"', "ice.username"),
        ('secret = "short"', "too few"),
        (f'secret = "{SECRET}"\nusername = "a"\npassword = "b"', "keep one of the two"),
        (f'secret = "{SECRET}"\nsecret_file = "/etc/hostname"', "keep one of the two"),
    ],
)
def test_mistakes_are_told(tmp_path, config, said):
    (tmp_path / "hubbub.toml").write_text(f"[ice]\n{config}\n")
    checked = hubbub("check", "--config", tmp_path / "hubbub.toml", check=False)
    assert checked.returncode != 0 and said in checked.stderr, checked.stderr
    assert SECRET not in checked.stderr
