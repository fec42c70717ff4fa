"""Peers of WebTorrent by hand: the JSON that `bittorrent-tracker` speaks to its tracker, over the `websockets` library."""

import itertools
import json
import os
from contextlib import suppress

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from hubbub_test.server import PATIENCE, Server

NUMBERS = itertools.count(1)


def binary(raw: bytes) -> str:
    """A "binary string": a character up to U+00FF for each byte."""
    return raw.decode("latin-1")


def new_id() -> str:
    """Twenty bytes that nobody else has, of any value."""
    return binary(os.urandom(20))


def address(server: Server, query: str = "") -> str:
    return f"ws{server.base.removeprefix('http')}/tracker{query}"


class Peer:
    """One connection, and one peer id that it uses unless told otherwise."""

    def __init__(self, server: Server, query: str = "", id: str | None = None, **options):
        self.socket = connect(
            address(server, query), compression=None, max_size=None, open_timeout=PATIENCE, legacy=True, **options
        )
        self.id = id or new_id()

    def send(self, **message):
        """A member whose value is `...` is left out."""
        self.say({key: value for key, value in message.items() if value is not ...})

    def say(self, message):
        self.socket.send(json.dumps(message, ensure_ascii=bool(next(NUMBERS) % 2)))

    def next(self) -> dict:
        return json.loads(self.socket.recv(timeout=PATIENCE))

    def ask(self, **message) -> dict:
        self.send(**message)
        return self.next()

    def announce_only(self, hash: str, event=..., **more):
        self.send(action="announce", info_hash=hash, peer_id=more.pop("peer_id", self.id), event=event, **more)

    def announce(self, hash: str, event=..., **more) -> dict:
        """Announces, and gives what comes next."""
        self.announce_only(hash, event, **more)
        return self.next()

    def start(self, hash: str, left: int | None = 1000) -> dict:
        return self.announce(hash, "started", left=left, uploaded=0, downloaded=0)

    def offer(self, hash: str, *offers, **more) -> dict:
        """Announces with offers: `(offer_id, offer)` each."""
        listed = [{"offer_id": id, "offer": offer} for id, offer in offers]
        return self.announce(hash, offers=listed, numwant=more.pop("numwant", len(offers)), **more)

    def answer(self, offer: dict, answer) -> None:
        """Answers an offer, as it came."""
        self.announce_only(
            offer["info_hash"], to_peer_id=offer["peer_id"], offer_id=offer["offer_id"], answer=answer
        )

    def scrape(self, *hashes: str) -> dict:
        return self.ask(action="scrape", info_hash=list(hashes))

    def hears_nothing_else(self):
        """Whatever was for this peer has come already: what it asks last is answered last."""
        hash = new_id()
        reply = self.scrape(hash)
        assert reply.get("files", {}).keys() == {hash}, reply

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def counts(reply: dict) -> tuple[int, int]:
    """Seeders and leechers, of an answer to an announce."""
    assert reply.get("action") == "announce", reply
    return reply["complete"], reply["incomplete"]


def failure(reply: dict) -> str:
    return reply["failure reason"]


def swarm(server: Server, hash: str) -> dict:
    """How a swarm is, as somebody outside sees it."""
    with Peer(server) as stranger:
        return stranger.scrape(hash)["files"][hash]


def close_code(peer: Peer) -> int | None:
    """Reads to the end, and says how it was closed."""
    try:
        while True:
            peer.socket.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def refusal(server: Server, query: str = "", **options) -> int:
    """The status that a handshake is refused with."""
    try:
        Peer(server, query, **options).close()
    except InvalidStatus as refused:
        return refused.response.status_code
    raise AssertionError("the handshake was accepted")


def cut(peer: Peer):
    """Ends the connection without a close frame."""
    import socket

    with suppress(OSError):
        peer.socket.socket.shutdown(socket.SHUT_RDWR)
