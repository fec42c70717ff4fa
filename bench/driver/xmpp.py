"""What the servers of the scenarios of XMPP need before they start: configuration, a certificate, accounts, archives."""

import base64
import hashlib
import hmac
import sqlite3
import subprocess
from dataclasses import dataclass

from . import archive
from .paths import BINARIES, XMPP
from .say import Trouble
from .template import fill

# Debian's packages; those with SQLite for archives.
DEBIAN = ["prosody", "lua-dbi-sqlite3", "ejabberd", "erlang-p1-sqlite3"]

CERTIFICATE, KEY, BOTH = (XMPP / name for name in ("certificate.pem", "key.pem", "both.pem"))

# All accounts have one password, salt and number of rounds, so that the load generator derives its keys once.
PASSWORD, SALT, ROUNDS = b"bench", b"hubbub-bench", 4096


@dataclass(frozen=True)
class Home:
    """What a server is to have when it starts."""

    accounts: int = 0
    # Whether messages between accounts are kept.
    archive: bool = False
    tls: bool = False
    # Messages in the archive of a room.
    room: int = 0

    def command(self, server, port, folder):
        return COMMANDS[server](port, folder, self)


def installed():
    asked = subprocess.run(["dpkg-query", "-Wf", "${db:Status-Status} ", *DEBIAN], capture_output=True, text=True)
    return asked.stdout.split() == ["installed"] * len(DEBIAN)


def prepare():
    """A certificate that the server signs itself, the same for all."""
    XMPP.mkdir(parents=True, exist_ok=True)
    if BOTH.exists():
        return
    names = ",".join(f"DNS:{name}" for name in ("localhost", "guest.localhost", "rooms.localhost"))
    made = subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
        "-keyout", KEY, "-out", CERTIFICATE, "-subj", "/CN=localhost", "-addext", f"subjectAltName={names}",
        "-addext", "basicConstraints=critical,CA:FALSE"], capture_output=True, text=True)
    if made.returncode:
        raise Trouble(f"openssl could not make a certificate: {made.stderr}")
    BOTH.write_text(CERTIFICATE.read_text() + KEY.read_text())


def keys(name, password=PASSWORD, salt=SALT):
    """What a server keeps instead of the password (RFC 5802 section 3): the stored key and the server key."""
    salted = hashlib.pbkdf2_hmac(name, password, salt, ROUNDS)
    client, server = (hmac.digest(salted, text, name) for text in (b"Client Key", b"Server Key"))
    return hashlib.new(name, client).digest(), server


def configure(template, folder, values):
    """A configuration in the folder, with what all of them name."""
    named = {"DIR": folder, "DATA": folder / "data", "CERTIFICATE": CERTIFICATE, "KEY": KEY}
    return fill(template, folder, named | values)


def hubbub(port, folder, home):
    """Accounts are on disk, and so are inboxes then; rooms only where there are accounts."""
    program = str(BINARIES / "hubbub")
    admit = '"accounts"' if home.accounts else '"guests"'
    made = configure("hubbub-xmpp.toml", folder, {"KEEP": home.room or 1000, "ADMIT": admit})
    command = [program, "--config", str(made), "--listen", f"127.0.0.1:{port}", "--workers", "1"]
    if home.room:
        command += ["--data", str(archive.folder("hubbub", home.room) / "data")]
        archive.made("hubbub", home.room, archive.hubbub(command, port))
    if not home.accounts:
        return command
    data = folder / "data"
    # The first is made as people make them, and its store with it; the others are like it.
    subprocess.run([program, "user", "add", "u0", "--password", PASSWORD.decode(), "--data", data],
                   check=True, stdout=subprocess.DEVNULL)
    names = [f"u{n}" for n in range(home.accounts)]
    verifiers = [(f"SCRAM-{shown}", SALT, ROUNDS, *keys(name)) for shown, name in (("SHA-1", "sha1"), ("SHA-256", "sha256"))]
    with sqlite3.connect(data / "hubbub.db") as store:
        store.execute("DELETE FROM accounts")
        store.execute("DELETE FROM verifiers")
        store.executemany("INSERT INTO accounts (user, name) VALUES (?, ?)", [(name, name) for name in names])
        store.executemany(
            "INSERT INTO verifiers (user, mechanism, salt, iterations, stored_key, server_key) VALUES (?, ?, ?, ?, ?, ?)",
            [(name, *verifier) for name in names for verifier in verifiers])
    store.close()
    return [*command, "--data", str(data)]


def sqlite(server, folder, home):
    """Where the server keeps what it does not keep in files of its own; with a room's archive in it, if there is to be one."""
    if not home.room:
        return folder / "data" / "archive.sqlite"
    return archive.made(server, home.room, getattr(archive, server)) / f"{server}.sqlite"


def prosody(port, folder, home):
    plain, tls = ("", port) if home.tls else (port, "")
    stored, server = keys("sha1")
    accounts = folder / "data" / "localhost" / "accounts"
    accounts.mkdir(parents=True)
    text = (f'return {{ ["iteration_count"] = {ROUNDS}; ["salt"] = "{SALT.decode()}"; '
            f'["stored_key"] = "{stored.hex()}"; ["server_key"] = "{server.hex()}"; }};\n')
    for n in range(home.accounts):
        (accounts / f"u{n}.dat").write_text(text)
    made = configure("prosody.cfg.lua", folder, {
        "PLAIN": plain, "TLS": tls, "SQLITE": sqlite("prosody", folder, home),
        "ARCHIVE": '"mam"' if home.archive else "", "ROOM_ARCHIVE": '"muc_mam"' if home.room else ""})
    return ["prosody", "--config", str(made)]


def ejabberd(port, folder, home):
    """Started by Erlang itself: the script of the package would go to another user, and leave a process behind.

    Without a name the node speaks to no other. Schedulers do not spin while there is nothing to do: with one core that is all
    the better for it. `ready` is written when the accounts are there.
    """
    (folder / "data").mkdir()
    mam = "mod_mam: {default: always, db_type: %s}" % ("sql" if home.room else "mnesia") if home.room or home.archive else ""
    made = configure("ejabberd.yml", folder, {
        "PORT": port, "CERTIFICATE": BOTH, "TLS": str(home.tls).lower(), "ROOM_ARCHIVE": str(bool(home.room)).lower(),
        "SQLITE": sqlite("ejabberd", folder, home), "ARCHIVE": mam})
    stored, server, salt = (base64.b64encode(raw).decode() for raw in (*keys("sha1"), SALT))
    write = (f'[mnesia:dirty_write({{passwd, {{<<"u", (integer_to_binary(N))/binary>>, <<"localhost">>}}, '
             f'{{scram, <<"{stored}">>, <<"{server}">>, <<"{salt}">>, sha, {ROUNDS}}}}}) || N <- lists:seq(0, {home.accounts - 1})], '
             f'file:write_file("ready", "").')
    settings = {
        "EJABBERD_CONFIG_PATH": made, "EJABBERD_LOG_PATH": folder / "ejabberd.log", "HOME": folder,
        "ERL_LIBS": "/usr/lib/x86_64-linux-gnu", "ERL_CRASH_DUMP": "/dev/null"}
    return ["env", *(f"{name}={value}" for name, value in settings.items()),
            "erl", "+K", "true", "+P", "250000", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", "-noinput",
            "-mnesia", "dir", f'"{folder / "data" / "mnesia"}"', "-s", "ejabberd", "-eval", write]


COMMANDS = {"hubbub": hubbub, "prosody": prosody, "ejabberd": ejabberd}
