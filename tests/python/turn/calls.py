"""Two ends of a call, and whoever carries descriptions from one to the other: the test itself."""

import json
import sys
from pathlib import Path

from hubbub_test.program import Program

from turn.servers import Turn, credentials, user

HERE = Path(__file__).resolve().parents[1]


def ice_server(server: Turn, url: str) -> dict:
    """As a browser has it."""
    username, password = credentials(user())
    host, port = server.where
    return {"urls": url.format(host=host, port=port), "username": username, "credential": password}


class End(Program):
    """`within` is a command that runs it somewhere else; `trusts` a file of authorities."""

    def __init__(self, name: str, calls: bool, ice: list[dict], within: tuple = (), trusts: Path | None = None, **more):
        settings = json.dumps({"name": name, "calls": calls, "ice": ice, **more})
        environment = {"PYTHONPATH": str(HERE)} | ({"SSL_CERT_FILE": str(trusts)} if trusts else {})
        super().__init__(*within, sys.executable, "-m", "turn.caller", settings, **environment)


def connect(caller: End, callee: End):
    """Offer, answer, and a channel that is open."""
    callee.say("description", *caller.hears("description"))
    caller.say("description", *callee.hears("description"))
    for one in (caller, callee):
        one.hears("open")


def talk(caller: End, callee: End):
    """Text and pictures, both ways."""
    for one, other in ((caller, callee), (callee, caller)):
        for text in ("hello 🌅", "x" * 20_000):
            one.say("say", text)
            assert other.hears("heard") == [text]
    for one in (caller, callee):
        number, is_picture = one.hears("frames")
        while not (number >= 30 and is_picture):
            number, is_picture = one.hears("frames")
