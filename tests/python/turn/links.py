"""How a client reaches the server: UDP, TCP and TLS. Each gives packets: one STUN message or one ChannelData message."""

import socket
import ssl
import struct
from contextlib import suppress

from hubbub_test.server import PATIENCE

from turn.message import Address


class Closed(Exception):
    """The server has closed the connection."""


def is_channel(packet: bytes) -> bool:
    return 0x40 <= packet[0] <= 0x7F


class Udp:
    """A socket that knows the server. ICMP errors are exceptions: the server's port is closed."""

    is_stream = False

    def __init__(self, server: Address, source: Address):
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.socket.bind(source)
        self.socket.connect(server)

    @property
    def address(self) -> Address:
        """Ours, as the server sees it."""
        return self.socket.getsockname()[:2]

    def send(self, packet: bytes):
        self.socket.send(packet)

    def receive(self) -> bytes:
        return self.socket.recv(65536)

    def close(self):
        self.socket.close()


class Tcp(Udp):
    """A byte stream, in which ChannelData is padded (RFC 8656 section 12.5)."""

    is_stream = True

    def __init__(self, server: Address, source: Address):
        self.socket = socket.create_connection(server, PATIENCE, source_address=source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read_ahead = b""

    def send(self, packet: bytes):
        """A message, padded if it needs to be."""
        self.send_bytes(packet + bytes(-len(packet) % 4))

    def send_bytes(self, data: bytes):
        """Sends it all, unless the server has already closed its ear."""
        with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            self.socket.sendall(data)

    def _at_least(self, count: int):
        while len(self.read_ahead) < count:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                raise Closed
            self.read_ahead += data

    def receive(self) -> bytes:
        self._at_least(4)
        (said,) = struct.unpack("!H", self.read_ahead[2:4])
        length = said + (4 if is_channel(self.read_ahead) else 20)
        taken = length + -length % 4
        self._at_least(taken)
        packet, padding = self.read_ahead[:length], self.read_ahead[length:taken]
        assert not any(padding), "padding that tells something"
        self.read_ahead = self.read_ahead[taken:]
        return packet

    def abort(self):
        """Closes with a reset, as a crashed client would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Tls(Tcp):
    """The same inside TLS. Whose certificate it is does not matter here: tests of TLS look at that."""

    def __init__(self, server: Address, source: Address, alpn: tuple[str, ...] = ()):
        super().__init__(server, source)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(list(alpn))
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    @property
    def alpn(self) -> str | None:
        return self.socket.selected_alpn_protocol()

    def _at_least(self, count: int):
        try:
            super()._at_least(count)
        except ssl.SSLError as why:
            raise Closed from why


LINKS = {"udp": Udp, "tcp": Tcp, "tls": Tls}
