"""Bytes on a TCP connection, for what no well-behaved client would send."""

import socket
import struct
from dataclasses import dataclass

from hubbub_test.curl import Answer, parse
from hubbub_test.server import PATIENCE, Server

HANDSHAKE = {
    "Host": "127.0.0.1",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # for that key: RFC 6455 section 1.3


@dataclass
class Frame:
    opcode: int
    payload: bytes
    reserved: int
    final: bool

    @property
    def close_code(self) -> int | None:
        return struct.unpack("!H", self.payload[:2])[0] if self.opcode == 8 and len(self.payload) >= 2 else None


class Wire:
    """One TCP connection to the server."""

    def __init__(self, server: Server):
        self.tcp = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        self.read_ahead = b""

    def send(self, data: bytes):
        """Sends it all, unless the server has already closed its ear."""
        try:
            self.tcp.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _more(self) -> bool:
        try:
            data = self.tcp.recv(65536)
        except ConnectionResetError:
            data = b""
        self.read_ahead += data
        return bool(data)

    def read_answer(self) -> Answer:
        """One HTTP answer, with its body if it has a length; EOFError if the server closed instead."""
        while b"\r\n\r\n" not in self.read_ahead:
            if not self._more():
                raise EOFError("the server closed without an answer")
        end = self.read_ahead.index(b"\r\n\r\n") + 4
        answer = parse(self.read_ahead[:end])
        length = int(answer.headers.get("content-length", 0))
        while len(self.read_ahead) < end + length and self._more():
            pass
        answer.body = self.read_ahead[end : end + length].decode()
        self.read_ahead = self.read_ahead[end + length :]
        return answer

    def request(self, line: str, headers: dict, body: bytes = b"") -> Answer:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.send(f"{line} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        return self.read_answer()

    def _exactly(self, count: int) -> bytes:
        while len(self.read_ahead) < count:
            if not self._more():
                raise EOFError("the server closed in the middle of a frame" if self.read_ahead else "the server closed")
        taken, self.read_ahead = self.read_ahead[:count], self.read_ahead[count:]
        return taken

    def read_frame(self) -> Frame:
        first, second = self._exactly(2)
        assert not second & 0x80, "a server must not mask (RFC 6455 section 5.1)"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._exactly(8))
        return Frame(first & 0x0F, self._exactly(length), first >> 4 & 7, bool(first & 0x80))

    def read_to_close(self) -> int | None:
        """Reads frames up to the server's close frame and gives its code; None when it has none or the connection broke."""
        try:
            while (frame := self.read_frame()).opcode != 8:
                pass
            return frame.close_code
        except EOFError:
            return None

    def at_end(self) -> bool:
        """Whether the server has closed, once everything it sent is read."""
        while self._more():
            pass
        return True

    def abort(self):
        """Closes with a reset, as a crashed peer would."""
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.tcp.close()

    def close(self):
        self.tcp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def websocket(server: Server, room: str = "lobby", query: str = "", headers: dict | None = None) -> Wire:
    """A connection on which the WebSocket handshake is done and everything else is up to the caller."""
    wire = Wire(server)
    answer = wire.request(f"GET /rooms/{room}/ws{query}", {**HANDSHAKE, **(headers or {})})
    assert answer.status == 101, answer
    assert answer.headers["sec-websocket-accept"] == ACCEPT, answer
    return wire


def frame(opcode: int, payload: bytes = b"", final: bool = True, reserved: int = 0) -> bytes:
    """A client's frame, masked with zeroes so that the payload stays readable."""
    first = (0x80 if final else 0) | reserved << 4 | opcode
    if len(payload) < 126:
        head = struct.pack("!BB", first, 0x80 | len(payload))
    elif len(payload) < 1 << 16:
        head = struct.pack("!BBH", first, 0x80 | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(payload))
    return head + bytes(4) + payload
