"""Certificates for a moment: an authority of our own, and one that it vouches for."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def spoken(host: str) -> x509.GeneralName:
    """An address or a name, as a certificate says it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def certificate(
    name: str, key, issuer: str, signer, is_authority: bool, hosts: tuple[str, ...] = (), ends=DAY
) -> bytes:
    """In PEM. One that is no authority is for 127.0.0.1 and these hosts. It is valid for two days, and ends in so long."""
    now = datetime.datetime.now(datetime.timezone.utc)
    named = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])  # noqa: E731
    built = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer))
    built = built.public_key(key.public_key()).serial_number(x509.random_serial_number())
    built = built.not_valid_before(now + ends - 2 * DAY).not_valid_after(now + ends)
    built = built.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    if not is_authority:
        here = [spoken(host) for host in ("127.0.0.1", *hosts)]
        built = built.add_extension(x509.SubjectAlternativeName(here), critical=False)
    return built.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def server_context(folder: Path, hosts: tuple[str, ...] = ()) -> tuple[ssl.SSLContext, Path]:
    """What a server needs for TLS, and the file with the certificate of its authority."""
    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    files = {name: folder / f"{name}.pem" for name in ("authority", "server", "key")}
    files["authority"].write_bytes(certificate("authority", authority, "authority", authority, True))
    files["server"].write_bytes(certificate("server", server, "authority", authority, False, hosts))
    unencrypted = serialization.NoEncryption()
    files["key"].write_bytes(
        server.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["server"], files["key"])
    return context, files["authority"]
