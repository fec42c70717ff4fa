"""The server with STUN and TURN turned on, on loopback, and who may use it."""

import base64
import hmac
import itertools
import json
import random
import re
import socket
import time
from contextlib import closing

from hubbub_test.server import Server

from turn.message import Address

HOST = "127.0.0.1"
REALM = "example.org"
SECRET = "0123456789abcdef0123456789abcdef"
# Where all tests come from. Budgets are for each source: those who test them say smaller ones.
DEFAULTS = {
    "enabled": True,
    "realm": REALM,
    "secret": SECRET,
    "allow": ["127.0.0.0/8", "::1/128"],
    "challenges_per_second": 100_000,
    "bindings_per_second": 100_000,
}
SOURCES = itertools.count(1)
USERS = itertools.count(1)


def source() -> str:
    """An address of loopback that nobody had before."""
    number = next(SOURCES)
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def user() -> str:
    """Somebody whose quota nobody uses."""
    return f"user{next(USERS)}"


def credentials(name: str, lifetime: int = 3600, secret: str = SECRET) -> tuple[str, str]:
    """Username and password that are good for `lifetime` seconds (draft-uberti-behave-turn-rest-00)."""
    username = f"{int(time.time()) + lifetime}:{name}"
    return username, base64.b64encode(hmac.digest(secret.encode(), username.encode(), "sha1")).decode()


def free_port(host: str = HOST) -> int:
    """One that is free for both UDP and TCP, below those that the system gives to clients."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with closing(socket.socket(family, kind)) as tried:
                    tried.bind((host, port))
        except OSError:
            continue
        return port


def toml(section: str, settings: dict) -> str:
    """JSON's way to write numbers, strings, lists and booleans is TOML's too."""
    return f"[{section}]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())


class Turn(Server):
    """`settings` are those of the section `[turn]`; `config` is the text of other sections."""

    def __init__(
        self, config: str = "", hosts: tuple[str, ...] = (HOST,), port: int | None = None, args: tuple = (), **settings
    ):
        port = port or free_port(hosts[0])
        listen = tuple(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts)
        settings = {name: value for name, value in (DEFAULTS | settings).items() if value is not None}
        super().__init__(config + "\n" + toml("turn", settings), listen=listen, args=args)
        self.hosts = hosts

    def tallies(self, name: str) -> dict[str, int]:
        """What each worker has counted."""
        found = re.findall(rf'^hubbub_turn_{name}(?:_total)?{{worker="(\d+)"}} (\d+)$', self.metrics(), re.MULTILINE)
        assert found, f"there is no metric hubbub_turn_{name}"
        return {worker: int(number) for worker, number in found}

    def tally(self, name: str) -> int:
        """What all of them have."""
        return sum(self.tallies(name).values())

    @property
    def where(self) -> Address:
        return self.hosts[0], self.port
