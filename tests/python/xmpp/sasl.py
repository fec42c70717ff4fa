"""The client's side of SASL: SCRAM (RFC 5802, RFC 7677), PLAIN (RFC 4616), ANONYMOUS (RFC 4505), OAUTHBEARER (RFC 7628)."""

import base64
import hashlib
import hmac
import secrets

HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}


def encode(data: bytes) -> str:
    """As it stands in XML; `=` for an empty response (RFC 6120 section 6.4.2)."""
    return base64.b64encode(data).decode() or "="


def plain(user: str, password: str, authzid: str = "") -> bytes:
    return f"{authzid}\0{user}\0{password}".encode()


def bearer(token: str, authzid: str = "") -> bytes:
    head = f"n,a={authzid}," if authzid else "n,,"
    return f"{head}\x01auth=Bearer {token}\x01\x01".encode()


def end_point(certificate: bytes) -> bytes:
    """The binding `tls-server-end-point` of a certificate signed with SHA-256 (RFC 5929 section 4.1)."""
    return hashlib.sha256(certificate).digest()


def mac(key: bytes, text: bytes, name: str) -> bytes:
    return hmac.new(key, text, name).digest()


class Scram:
    """One exchange. `header` is GS2's: `n,,`, `y,,` or `p=tls-server-end-point,,`; `binding` belongs to the last."""

    def __init__(self, mechanism: str, user: str, password: str, header: str = "n,,", binding: bytes = b""):
        self.hash = HASHES[mechanism.removesuffix("-PLUS")]
        self.password, self.header, self.binding = password, header, binding
        self.bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={secrets.token_hex(12)}"

    def first(self) -> bytes:
        return (self.header + self.bare).encode()

    def final(self, challenge: bytes) -> bytes:
        """The answer to the server's first message, whose nonce must continue ours."""
        said = dict(part.split("=", 1) for part in challenge.decode().split(","))
        assert said["r"].startswith(self.bare.rpartition("r=")[2]), "the server's nonce does not begin with ours"
        assert int(said["i"]) >= 4096, "fewer iterations than RFC 5802 section 5.1 wants"
        salted = hashlib.pbkdf2_hmac(self.hash, self.password.encode(), base64.b64decode(said["s"]), int(said["i"]))
        bound = base64.b64encode(self.header.encode() + self.binding).decode()
        without_proof = f"c={bound},r={said['r']}"
        text = ",".join([self.bare, challenge.decode(), without_proof]).encode()
        key = mac(salted, b"Client Key", self.hash)
        signature = mac(hashlib.new(self.hash, key).digest(), text, self.hash)
        proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        self.expected = b"v=" + base64.b64encode(mac(mac(salted, b"Server Key", self.hash), text, self.hash))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()
