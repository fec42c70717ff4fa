"""A client of TURN that does what a test says, and checks whatever it is told (RFC 8489 section 9.2, RFC 8656)."""

import hashlib
from collections import deque
from dataclasses import dataclass

from turn.links import LINKS, Closed, is_channel
from turn.message import Address, Message, channel_data, long_term_key, protected, read, write
from turn.servers import Turn, credentials, source, user

UDP = 17
FIRST_CHANNEL = 0x4000
# As PASSWORD-ALGORITHM says them: number and length of parameters (RFC 8489 section 14.12).
MD5, SHA256 = bytes([0, 1, 0, 0]), bytes([0, 2, 0, 0])
# Errors that come before the server knows who asks, so that nothing protects them.
UNPROTECTED = {400, 401, 438, 500}

Pair = tuple[str | int, object]


@dataclass
class Data:
    """What a peer said."""

    payload: bytes
    peer: Address | None = None
    channel: int | None = None


class Client:
    """Somebody at an address and with a name of his own. `sha256` has him use the newer algorithm."""

    def __init__(
        self, server: Turn, transport: str = "udp", name: str | None = None, sha256: bool = False, at: str | None = None, **link
    ):
        host = server.where[0]
        at = at or ("::1" if ":" in host else source())
        self.server = server
        self.link = LINKS[transport](server.where, (at, 0), **link)
        self.username, self.password = credentials(name or user())
        self.sha256 = sha256
        self.realm: str | None = None
        self.nonce = b""
        self.algorithms: bytes | None = None
        self.relayed: Address | None = None
        self.waiting: deque[bytes] = deque()  # what came while an answer was waited for

    # What it says.

    def write(self, method: str, *pairs: Pair, kind: str = "request") -> bytes:
        """Without credentials."""
        return write(method, kind, pairs)

    def signed(self, method: str, *pairs: Pair, without: tuple = (), transaction: bytes | None = None, **instead) -> bytes:
        """With credentials; some left `without`, or others `instead` (`realm=…`, `nonce=…`, `username=…`, `password=…`)."""
        said = {"username": self.username, "realm": self.realm, "nonce": self.nonce, "password": self.password} | instead
        about_me = [(name.upper(), said[name]) for name in ("username", "realm", "nonce")]
        digest, mac = hashlib.md5, "MESSAGE-INTEGRITY"
        if self.sha256:
            about_me += [("PASSWORD-ALGORITHMS", self.algorithms), ("PASSWORD-ALGORITHM", SHA256)]
            digest, mac = hashlib.sha256, "MESSAGE-INTEGRITY-SHA256"
        mine = [pair for pair in about_me if pair[0] not in without]
        message = write(method, "request", [*pairs, *mine], transaction)
        if mac in without:
            return message
        return protected(message, long_term_key(said["username"], said["realm"], said["password"], digest), mac)

    def send(self, packet: bytes):
        self.link.send(packet)

    # What it hears.

    def answer(self, request: bytes) -> Message:
        """That to `request`, which has been sent. What comes before waits until it is asked for."""
        while True:
            packet = self.link.receive()
            if not is_channel(packet):
                message = read(packet)
                if message.kind in ("success", "error") and message.transaction == request[8:20]:
                    return message
            self.waiting.append(packet)

    def receive(self) -> bytes:
        """The next packet that is no answer."""
        return self.waiting.popleft() if self.waiting else self.link.receive()

    def data(self) -> Data:
        """The next that a peer said."""
        packet = self.receive()
        if is_channel(packet):
            assert len(packet) == 4 + int.from_bytes(packet[2:4]), packet
            return Data(packet[4:], channel=int.from_bytes(packet[:2]))
        message = read(packet)
        assert (message.method, message.kind) == ("Data", "indication"), message
        return Data(message.get("DATA"), peer=message.address("XOR-PEER-ADDRESS"))

    def hears_nothing(self):
        """Whatever was sent before has no answer: that to a later request is the next to come."""
        self.ask(self.write("Binding"))
        assert not self.waiting, self.waiting

    def ask(self, request: bytes) -> Message:
        self.send(request)
        return self.answer(request)

    # How one behaves.

    def challenge(self) -> Message:
        """Asks without credentials, and learns realm and nonce."""
        answer = self.ask(self.write("Allocate", ("REQUESTED-TRANSPORT", UDP)))
        assert answer.code == 401, answer
        self._learn(answer)
        return answer

    def _learn(self, answer: Message):
        self.realm, self.nonce = answer.get("REALM").decode(), answer.get("NONCE")
        self.algorithms = answer.get("PASSWORD-ALGORITHMS")

    @property
    def key(self) -> bytes:
        return long_term_key(self.username, self.realm, self.password, hashlib.sha256 if self.sha256 else hashlib.md5)

    def request(self, method: str, *pairs: Pair, **how) -> Message:
        """With credentials. The answer is protected as the request was."""
        if self.realm is None:
            self.challenge()
        answer = self.ask(self.signed(method, *pairs, **how))
        mac = "MESSAGE-INTEGRITY-SHA256" if self.sha256 else "MESSAGE-INTEGRITY"
        if answer.kind == "success" or answer.code not in UNPROTECTED or mac in answer:
            assert answer.is_protected(self.key, mac), f"nobody knows who says this: {answer}"
        return answer

    def succeed(self, method: str, *pairs: Pair, **how) -> Message:
        answer = self.request(method, *pairs, **how)
        assert answer.kind == "success", answer
        return answer

    def allocate(self, *pairs: Pair) -> Address:
        """The relay's address."""
        answer = self.succeed("Allocate", ("REQUESTED-TRANSPORT", UDP), *pairs)
        assert answer.address("XOR-MAPPED-ADDRESS") == self.link.address
        self.relayed = answer.address("XOR-RELAYED-ADDRESS")
        return self.relayed

    def refresh(self, lifetime: int, *pairs: Pair) -> int:
        """The lifetime that is granted, in seconds."""
        return self.succeed("Refresh", ("LIFETIME", lifetime), *pairs).number("LIFETIME")

    def permit(self, *peers: Address):
        self.succeed("CreatePermission", *(("XOR-PEER-ADDRESS", peer) for peer in peers))

    def bind(self, peer: Address, channel: int = FIRST_CHANNEL) -> int:
        self.succeed("ChannelBind", ("CHANNEL-NUMBER", channel), ("XOR-PEER-ADDRESS", peer))
        return channel

    def tell(self, peer: Address, payload: bytes, *pairs: Pair):
        """By a Send indication."""
        self.send(self.write("Send", ("XOR-PEER-ADDRESS", peer), *pairs, ("DATA", payload), kind="indication"))

    def tell_by(self, channel: int, payload: bytes):
        self.send(channel_data(channel, payload))

    def is_cut_off(self) -> bool:
        """Whether the server ends the connection; it may say something before."""
        try:
            while True:
                self.link.receive()
        except Closed:
            return True

    def close(self):
        self.link.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_):
        self.close()
