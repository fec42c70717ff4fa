"""Tokens as an application's back end would make them, with PyJWT; and some that nobody should make."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET = "a secret of at least thirty-two bytes, for HS256"
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def claims(sub: str = "ann", lifetime: float | None = 3600, **more) -> dict:
    made = {"sub": sub, **more}
    if lifetime is not None:
        made["exp"] = int(time.time() + lifetime)
    return made


def hs256(sub: str = "ann", secret: str = SECRET, **more) -> str:
    return jwt.encode(claims(sub, **more), secret, algorithm="HS256")


def eddsa(sub: str = "ann", key: Ed25519PrivateKey = ED25519, **more) -> str:
    return jwt.encode(claims(sub, **more), key, algorithm="EdDSA")


def unsigned(sub: str = "ann", algorithm: str = "none", **more) -> str:
    """A token that names an algorithm and carries no signature."""
    parts = ({"alg": algorithm, "typ": "JWT"}, claims(sub, **more))
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, ""])


def signed_with_the_public_key(sub: str = "ann") -> str:
    """HS256 with the Ed25519 public key as its secret: the classic confusion of algorithms."""
    raw = ED25519.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub)).encode()).rstrip(b"=")
    mac = hmac.new(raw, head + b"." + body, hashlib.sha256).digest()
    return b".".join([head, body, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def write_public_key(path: Path) -> Path:
    """The public half of ED25519 as a PEM file, for `ed25519_public_key_file`."""
    path.write_bytes(
        ED25519.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return path
