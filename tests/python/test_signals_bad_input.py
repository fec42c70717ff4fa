"""Runs the table `tests/bad_input/signals.md`, each row by every protocol that has words for signals."""

import pytest
from hubbub_test import bad_input, table
from hubbub_test.company import company
from hubbub_test.server import Server
from hubbub_test.signals import Fate, address, emit, exchange, heard, joined, post, posted, send, stanza

ROOM = "signals"
WAYS = ["websocket", "sse", "socket.io", "xmpp"]
ROWS = [(way, row) for row in table.read("signals") for way in WAYS if way not in row["not by"].split()]


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def bo(server):
    with company() as door:
        yield door(server, ROOM)("Bo", "sse")


@pytest.fixture(scope="module")
def senders(server):
    with company() as door:
        yield {way: door(server, ROOM)("Ann", way) for way in WAYS}


def say(person, words: str) -> Fate:
    """These words, as they are, in those of the protocol."""
    match person.transport:
        case "websocket":
            key = person.new_key()
            person.socket.socket.send(f'{{"event":"hubbub:signal","key":"{key}","data":{words}}}')
            told = answered_or_unreadable(person, key)
            return Fate(told["data"]["sessions"]) if told["event"] == "hubbub:ack" else Fate.of_problem(told["data"])
        case "sse":
            return posted(post(person, f'{{"ticket":"{joined(person)["ticket"]}"' + "," * (words != "{}") + words[1:]))
        case "socket.io":
            return emit(person, words)
        case "xmpp":
            return send(person, stanza(f"{person.muc}/Bo", words))


def answered_or_unreadable(person, key: str) -> dict:
    """An envelope that cannot be read has no key that could be."""

    def errors():
        return [one for one in person.notices if one["event"] == "hubbub:error"]

    before = len(errors())
    person.wait_for(lambda: person.acks.get(key) or len(errors()) > before, "for an answer")
    return person.acks.get(key) or errors()[-1]


@pytest.mark.parametrize(("way", "row"), ROWS, ids=lambda part: part if isinstance(part, str) else table.name_of(part))
def test_signal(bo, senders, way, row):
    sender = senders[way]
    words = bad_input.repeated(row["words"].replace("{bo}", address(bo))).replace("␁", "\x01").replace("␣", " ")
    before = len(heard(bo))
    fate = say(sender, words)
    if row["gets"] == "heard":
        assert fate.refusal is None, fate
        bo.wait_for(lambda: len(heard(bo)) == before + 1, "for it")
        assert heard(bo)[-1]["from"] == address(sender)
    else:
        wanted = row["over XMPP"] if way == "xmpp" else row["gets"]
        assert wanted in fate.refusal.split(), fate
        assert len(heard(bo)) == before
    exchange(sender, bo, f"after {row['what is wrong']} by {way}")


def test_the_server_still_serves(server):
    server.still_serves()
