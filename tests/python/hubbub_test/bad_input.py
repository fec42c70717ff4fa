"""How the cells of the tables in `bad_input/` are read. The notation itself is in `bad_input/README.md`."""

import base64
import json
import re
import time
import zlib

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hubbub_test import tokens
from hubbub_test.curl import Answer
from hubbub_test.raw import Wire, frame


def repeated(text: str) -> str:
    """`5 * x` within a text becomes `xxxxx`."""
    return re.sub(r"(\d+) \* (\S)", lambda found: found[2] * int(found[1]), text)


def headers(cell: str) -> dict[str, str]:
    """`A: b & C: d`"""
    pairs = (part.partition(":") for part in cell.split(" & ") if part)
    return {name.strip(): repeated(value.strip()) for name, _, value in pairs}


def body(cell: str) -> bytes:
    if cell.startswith("hex:"):
        return bytes.fromhex(cell.removeprefix("hex:"))
    if cell.startswith("chunks:"):
        inner = body(cell.removeprefix("chunks:").strip())
        return b"%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner)
    return b"" if cell == "(nothing)" else repeated(cell).encode()


def frames(cell: str) -> bytes:
    """The notation of `frames.md`: hexadecimal, `"text"`, `N*( … )`, `deflate( … )`."""
    tokens_left = re.findall(r'"[^"]*"|\d+\*\(|deflate\(|\)|[0-9a-fA-F]+', cell)
    out = _frames(tokens_left)
    assert not tokens_left, f"cannot read {cell!r}"
    return out


def _frames(left: list[str]) -> bytes:
    out = b""
    while left and (token := left.pop(0)) != ")":
        if token.endswith("*("):
            out += int(token[:-2]) * _frames(left)
        elif token == "deflate(":
            out += deflated(_frames(left))
        elif token.startswith('"'):
            out += token.strip('"').encode()
        else:
            out += bytes.fromhex(token)
    return out


def deflated(content: bytes) -> bytes:
    """A compressed text frame: RFC 7692 section 7.2.1."""
    deflate = zlib.compressobj(wbits=-15)
    data = deflate.compress(content) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return frame(1, data.removesuffix(b"\0\0\xff\xff"), reserved=4)


def token(signed: str, cell: str) -> str:
    """The notation of `tokens.md`."""
    if signed == "literal":
        return cell
    claims = json.loads(cell)
    for moment in {"exp", "nbf", "iat"} & claims.keys():
        claims[moment] += int(time.time())
    algorithm, _, how = signed.partition(" ")
    if algorithm.lower() == "none":
        return tokens.unsigned(algorithm=algorithm)
    if how == "public key":
        return tokens.signed_with_the_public_key()
    if algorithm == "EdDSA":
        key = Ed25519PrivateKey.generate() if how == "wrong key" else tokens.ED25519
        return jwt.encode(claims, key, algorithm="EdDSA")
    long_enough = tokens.SECRET
    whole = encode(claims, long_enough[::-1] if how == "wrong secret" else long_enough, algorithm)
    return {"cut": cut, "swapped": swapped, "altered": altered}.get(how, lambda same: same)(whole)


def encode(claims: dict, secret: str, algorithm: str) -> str:
    """By PyJWT as far as it agrees to: it refuses to make some of the tokens that a server must refuse to take."""
    parts = [json.dumps({"alg": algorithm, "typ": "JWT"}), json.dumps(claims)]
    signed = ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)
    signature = jwt.get_algorithm_by_name(algorithm).sign(signed.encode(), secret.encode())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def cut(whole: str) -> str:
    return whole.rpartition(".")[0] + "."


def swapped(whole: str) -> str:
    return whole.rpartition(".")[0] + "." + tokens.hs256("bo").rpartition(".")[2]


def altered(whole: str) -> str:
    head, claims, signature = whole.split(".")
    changed = base64.urlsafe_b64decode(claims + "==").replace(b'"ann"', b'"bob"')
    return ".".join([head, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), signature])


def read_answer(wire: Wire) -> Answer | None:
    """What the server says; None if it closes instead."""
    try:
        return wire.read_answer()
    except (EOFError, ValueError):
        return None


def expect(answer: Answer | None, gets: str):
    """Compares an answer with the last column."""
    wanted, *wanted_headers = gets.split(" & ")
    alternatives = wanted.split(" or ")
    if answer is None:
        assert "closed" in alternatives, f"wanted {gets}, the server closed the connection"
        return
    status, _, problem = alternatives[0].partition(" ")
    assert str(answer.status) == status, f"wanted {gets}, got {answer}"
    if problem:
        assert answer.problem == problem, f"wanted {gets}, got {answer}"
    for name, value in headers(" & ".join(wanted_headers)).items():
        assert value.lower() in answer.headers.get(name.lower(), "").lower(), f"wanted {gets}, got {answer}"
