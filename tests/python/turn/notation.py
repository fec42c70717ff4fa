"""How the cells of `bad_input/turn_*.md` are read."""

import re

from turn.message import ATTRIBUTES, COOKIE, Address, Message, encoded

PEER = ("127.0.0.9", 9)
TRANSACTION = bytes(range(1, 13))


def address(text: str) -> Address:
    if text == "PEER":
        return PEER
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def value(name: str, text: str):
    if text.startswith("hex:"):
        return bytes.fromhex(text.removeprefix("hex:"))
    return address(text) if name.startswith("XOR-") else int(text, 0)


def request(cell: str) -> tuple[str | int, list]:
    """`Method NAME=value …`; methods and attributes without a name are numbers."""
    method, *words = cell.split()
    pairs = []
    for word in words:
        name, _, text = word.partition("=")
        pairs.append((name if name in ATTRIBUTES else int(name, 0), value(name, text)))
    return (int(method, 0) if method.startswith("0x") else method), pairs


def requests(cell: str) -> list[tuple[str | int, list]]:
    return [request(one) for one in cell.split(";") if one.strip()]


def expect(answer: Message, cell: str):
    """`success NAME=value NAME` or `420 7f01`."""
    first, *words = cell.split()
    if first != "success":
        assert (answer.kind, answer.code) == ("error", int(first)), answer
        assert answer.unknown == [int(word, 16) for word in words], answer
        return
    assert answer.kind == "success", answer
    for name, _, text in (word.partition("=") for word in words):
        assert name in answer, answer
        if text:
            assert answer.get(name) == encoded(name, value(name, text), answer.transaction), answer


def raw(cell: str) -> bytes:
    """Hexadecimal, `N*(…)`, `cookie` and `transaction`."""
    text = cell.replace("cookie", f"{COOKIE:08x}").replace("transaction", TRANSACTION.hex())
    text = re.sub(r"(\d+)\*\((.*?)\)", lambda found: found[2] * int(found[1]), text)
    return bytes.fromhex(text)
