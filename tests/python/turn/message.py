"""STUN messages on the wire (RFC 8489 section 5, RFC 8656 sections 17 and 18): what a test wants, be it proper or not."""

import hashlib
import hmac
import ipaddress
import os
import struct
import zlib
from dataclasses import dataclass

COOKIE = 0x2112A442
HEADER = 20
METHODS = {
    "Binding": 1,
    "Allocate": 3,
    "Refresh": 4,
    "Send": 6,
    "Data": 7,
    "CreatePermission": 8,
    "ChannelBind": 9,
    "Connect": 10,
    "ConnectionBind": 11,
    "ConnectionAttempt": 12,
}
KINDS = ("request", "indication", "success", "error")
ATTRIBUTES = {
    "MAPPED-ADDRESS": 0x0001,
    "CHANGE-REQUEST": 0x0003,
    "USERNAME": 0x0006,
    "MESSAGE-INTEGRITY": 0x0008,
    "ERROR-CODE": 0x0009,
    "UNKNOWN-ATTRIBUTES": 0x000A,
    "CHANNEL-NUMBER": 0x000C,
    "LIFETIME": 0x000D,
    "XOR-PEER-ADDRESS": 0x0012,
    "DATA": 0x0013,
    "REALM": 0x0014,
    "NONCE": 0x0015,
    "XOR-RELAYED-ADDRESS": 0x0016,
    "REQUESTED-ADDRESS-FAMILY": 0x0017,
    "EVEN-PORT": 0x0018,
    "REQUESTED-TRANSPORT": 0x0019,
    "DONT-FRAGMENT": 0x001A,
    "MESSAGE-INTEGRITY-SHA256": 0x001C,
    "PASSWORD-ALGORITHM": 0x001D,
    "USERHASH": 0x001E,
    "XOR-MAPPED-ADDRESS": 0x0020,
    "RESERVATION-TOKEN": 0x0022,
    "ADDITIONAL-ADDRESS-FAMILY": 0x8000,
    "ADDRESS-ERROR-CODE": 0x8001,
    "PASSWORD-ALGORITHMS": 0x8002,
    "ICMP": 0x8004,
    "SOFTWARE": 0x8022,
    "FINGERPRINT": 0x8028,
    "MOBILITY-TICKET": 0x8030,
}
NAMES = {number: name for name, number in ATTRIBUTES.items()}
MACS = {"MESSAGE-INTEGRITY": hashlib.sha1, "MESSAGE-INTEGRITY-SHA256": hashlib.sha256}
FAMILIES = {4: 1, 6: 2}

Address = tuple[str, int]


def xor_address(address: Address, transaction: bytes) -> bytes:
    """Section 14.2 of RFC 8489."""
    ip = ipaddress.ip_address(address[0])
    mask = struct.pack("!I", COOKIE) + transaction
    packed = bytes(byte ^ key for byte, key in zip(ip.packed, mask))
    return struct.pack("!BBH", 0, FAMILIES[ip.version], address[1] ^ COOKIE >> 16) + packed


def read_xor_address(value: bytes, transaction: bytes) -> Address:
    _, family, port = struct.unpack("!BBH", value[:4])
    assert (family, len(value)) in ((1, 8), (2, 20)), value
    mask = struct.pack("!I", COOKIE) + transaction
    ip = ipaddress.ip_address(bytes(byte ^ key for byte, key in zip(value[4:], mask)))
    return str(ip), port ^ COOKIE >> 16


def encoded(name: str, value, transaction: bytes) -> bytes:
    """The value of an attribute. Bytes stay as they are; everything else is written as the attribute's section says."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, tuple):
        return xor_address(value, transaction)
    if name in ("LIFETIME", "CHANGE-REQUEST"):
        return struct.pack("!I", value)
    if name == "CHANNEL-NUMBER":
        return struct.pack("!HH", value, 0)
    if name in ("REQUESTED-TRANSPORT", "REQUESTED-ADDRESS-FAMILY", "ADDITIONAL-ADDRESS-FAMILY"):
        return struct.pack("!Bxxx", value)
    if name == "EVEN-PORT":
        return struct.pack("!B", value)
    raise TypeError(f"{name} cannot be {value!r}")


def attribute(name: str | int, value: bytes) -> bytes:
    """With its head, padded by zeroes."""
    number = ATTRIBUTES[name] if isinstance(name, str) else name
    return struct.pack("!HH", number, len(value)) + value + bytes(-len(value) % 4)


def type_of(method: int, kind: str) -> int:
    """The bits of the class stand among those of the method (section 5)."""
    number = KINDS.index(kind)
    spread = method & 0xF | (method & 0x70) << 1 | (method & 0xF80) << 2
    return spread | (number & 1) << 4 | (number & 2) << 7


def head(kind: int, length: int, transaction: bytes, cookie: int = COOKIE) -> bytes:
    return struct.pack("!HHI", kind, length, cookie) + transaction


def write(method: str | int, kind: str, attributes, transaction: bytes | None = None) -> bytes:
    """A message with these pairs of name and value, in this order."""
    transaction = transaction or os.urandom(12)
    number = METHODS[method] if isinstance(method, str) else method
    body = b"".join(attribute(name, encoded(name, value, transaction)) for name, value in attributes)
    return head(type_of(number, kind), len(body), transaction) + body


def sized(message: bytes) -> bytes:
    """With a head that says how long it is."""
    return message[:2] + struct.pack("!H", len(message) - HEADER) + message[4:]


def protected(message: bytes, key: bytes, name: str = "MESSAGE-INTEGRITY") -> bytes:
    """With MESSAGE-INTEGRITY or its brother at its end (sections 14.5 and 14.6)."""
    size = MACS[name]().digest_size
    covered = sized(message + bytes(4 + size))[: len(message)]
    return sized(message + attribute(name, hmac.digest(key, covered, MACS[name])))


def fingerprinted(message: bytes) -> bytes:
    covered = sized(message + bytes(8))[: len(message)]
    return sized(message + attribute("FINGERPRINT", struct.pack("!I", zlib.crc32(covered) ^ 0x5354554E)))


def long_term_key(username: str, realm: str, password: str, digest=hashlib.md5) -> bytes:
    """Section 9.2.2 of RFC 8489; section 18.5.1 has SHA-256."""
    return digest(f"{username}:{realm}:{password}".encode()).digest()


def channel_data(number: int, payload: bytes, padded: bool = False) -> bytes:
    """RFC 8656 section 12.4."""
    return struct.pack("!HH", number, len(payload)) + payload + bytes(-len(payload) % 4 if padded else 0)


@dataclass
class Message:
    """One that came in, checked as strictly as an answer of a good server deserves."""

    method: str
    kind: str
    transaction: bytes
    attributes: list[tuple[str | int, bytes]]
    raw: bytes

    def get(self, name: str) -> bytes | None:
        return next((value for known, value in self.attributes if known == name), None)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def address(self, name: str) -> Address:
        return read_xor_address(self.get(name), self.transaction)

    def addresses(self, name: str) -> list[Address]:
        return [read_xor_address(value, self.transaction) for known, value in self.attributes if known == name]

    def number(self, name: str) -> int:
        return int.from_bytes(self.get(name))

    @property
    def code(self) -> int | None:
        """That of ERROR-CODE."""
        value = self.get("ERROR-CODE")
        return None if value is None else value[2] * 100 + value[3]

    @property
    def unknown(self) -> list[int]:
        value = self.get("UNKNOWN-ATTRIBUTES") or b""
        return [number for (number,) in struct.iter_unpack("!H", value)]

    def is_protected(self, key: bytes, name: str = "MESSAGE-INTEGRITY") -> bool:
        place = HEADER
        for known, value in self.attributes:
            if known == name:
                return protected(sized(self.raw[:place]), key, name).endswith(value)
            place += 4 + len(value) + -len(value) % 4
        return False


def read(raw: bytes) -> Message:
    kind, length, cookie = struct.unpack("!HHI", raw[:8])
    assert cookie == COOKIE and kind < 0x4000 and length % 4 == 0 and len(raw) == HEADER + length, raw
    method = kind & 0xF | (kind & 0xE0) >> 1 | (kind & 0x3E00) >> 2
    methods = {number: name for name, number in METHODS.items()}
    attributes, place = [], HEADER
    while place < len(raw):
        number, size = struct.unpack("!HH", raw[place : place + 4])
        end = place + 4 + size
        padding = raw[end : end + -size % 4]
        assert end + len(padding) <= len(raw), f"an attribute beyond the end: {raw!r}"
        assert not any(padding), f"padding that tells something: {raw!r}"
        attributes.append((NAMES.get(number, number), raw[place + 4 : end]))
        place = end + len(padding)
    found = Message(methods.get(method, method), KINDS[kind >> 4 & 1 | kind >> 7 & 2], raw[8:HEADER], attributes, raw)
    if "FINGERPRINT" in found:
        assert fingerprinted(raw[:-8]) == raw, "a wrong FINGERPRINT, or one that is not the last"
    return found
