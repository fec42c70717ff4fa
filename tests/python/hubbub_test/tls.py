"""Clients of a server that encrypts: an authority that they trust, and connections that can be looked into."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hubbub_test.certificates import DAY, certificate
from hubbub_test.curl import Http
from hubbub_test.raw import Wire
from hubbub_test.server import PATIENCE, Server


@dataclass
class Issued:
    """A certificate and its key, in files."""

    chain: Path
    key: Path


class Authority:
    """Vouches for servers, to everybody in one test."""

    def __init__(self, folder: Path):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate("authority", self.key, "authority", self.key, True))

    def issue(self, name: str, *hosts: str, ends=DAY) -> Issued:
        """A certificate for 127.0.0.1 and these hosts, in files called `name`; those that are there are replaced."""
        key = ec.generate_private_key(ec.SECP256R1())
        issued = Issued(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        issued.chain.write_bytes(certificate(name, key, "authority", self.key, False, hosts, ends))
        plain = serialization.NoEncryption()
        issued.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return issued

    def context(self, *alpn: str) -> ssl.SSLContext:
        """Trusts nobody else, and offers these protocols."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.file)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def http(self, server: Server, http2: bool = False) -> Http:
        """curl over TLS; the version is settled by ALPN."""
        http = Http(f"https://127.0.0.1:{server.port}")
        http.options = ["--http2" if http2 else "--http1.1", "--cacert", str(self.file)]
        return http


def settings(*issued: Issued, more: str = "") -> str:
    """A configuration with these certificates."""
    chains, keys = ([str(path) for path in paths] for paths in zip(*((one.chain, one.key) for one in issued)))
    return f"[tls]\ncertificate_files = {chains}\nkey_files = {keys}\n{more}".replace("'", '"')


class Encrypted(Wire):
    """One connection of TLS to the server."""

    def __init__(self, server: Server, context: ssl.SSLContext, host: str = "127.0.0.1", session=None):
        super().__init__(server)
        self.tcp = context.wrap_socket(self.tcp, server_hostname=host, session=session)

    @property
    def names(self) -> list[str]:
        """Whom the server's certificate is for."""
        return [name for _, name in self.tcp.getpeercert()["subjectAltName"]]


def encrypted_half(server: Server) -> socket.socket:
    """A connection that begins a handshake and says no more."""
    half = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    return half
