"""Somebody out there, on a plain socket of UDP: it knows nothing of TURN."""

import socket

from hubbub_test.server import PATIENCE

from turn.message import Address
from turn.servers import source


class Peer:
    def __init__(self, at: str | None = None, port: int = 0):
        at = at or source()
        self.socket = socket.socket(socket.AF_INET6 if ":" in at else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((at, port))

    @property
    def address(self) -> Address:
        return self.socket.getsockname()[:2]

    def tell(self, relayed: Address, payload: bytes):
        self.socket.sendto(payload, relayed)

    def hears(self) -> tuple[bytes, Address]:
        """The next datagram, and from where."""
        payload, where = self.socket.recvfrom(65536)
        return payload, where[:2]

    def close(self):
        self.socket.close()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_):
        self.close()
