"""A room's archive with very many messages, made once for each server and used by every round.

Hubbub's is made by publishing; the peers', which would take an hour, are written where they keep them. What was said are the
load generator's own messages, in order, so that it knows what must be on a page.
"""

import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .launch import LOAD_CORE, SERVER_CORE, launch
from .paths import BINARIES, LOGS, XMPP
from .say import Trouble, say

ROOM = "bench"
ADDRESS = f"{ROOM}@rooms.localhost"
SIZE = 128
# Written where ejabberd's package has the tables of its archives.
SCHEMA = Path("/usr/share/ejabberd/sql/lite.sql")
# Letters as they follow the head of a message: they shift with its number.
LETTERS = ["".join(chr(ord("a") + (start + at) % 26) for at in range(SIZE)) for start in range(26)]


def folder(server, count):
    """Where the archive is; the file `middle` in it says the time of its middle."""
    return XMPP / f"archive-{server}-{count}"


def middle(server, count):
    return (folder(server, count) / "middle").read_text()


def made(server, count, make):
    """Has `make` fill the folder unless it is filled; one of Hubbub's that is older than the program is made anew."""
    there = folder(server, count)
    mark = there / "middle"
    outdated = server == "hubbub" and mark.exists() and mark.stat().st_mtime < (BINARIES / "hubbub").stat().st_mtime
    if mark.exists() and not outdated:
        return there
    shutil.rmtree(there, ignore_errors=True)
    there.mkdir(parents=True)
    say(f"(an archive of {count:,} messages is made) ", end="")
    mark.write_text(stamp(make(there, count)))
    return there


def stamp(when):
    """A time as XEP-0082 has it."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def message(seq):
    """As the load generator writes them (load/src/stamp.rs)."""
    head = f"{1:016x}.{0:08x}.{seq:016x}."
    return head + LETTERS[seq % 26][:SIZE - len(head)]


def second_by_second(count):
    """When each message was said: the last one just now, and the time of the one in the middle."""
    first = int(time.time()) - count
    return first, datetime.fromtimestamp(first, timezone.utc) + timedelta(seconds=count // 2)


def prosody(there, count):
    first, halfway = second_by_second(count)
    head = f"<message from='{ADDRESS}/n0' to='{ADDRESS}' type='groupchat' id="
    rows = ((
        "rooms.localhost", ROOM, "muc_log", f"{seq:012}", first + seq, "message<groupchat", "xml",
        f"{head}'{seq}'><body>{message(seq)}</body></message>") for seq in range(count))
    with sqlite3.connect(there / "prosody.sqlite") as store:
        store.executescript("""
            CREATE TABLE prosodyarchive (sort_id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL, user TEXT NOT NULL,
                store TEXT NOT NULL, key TEXT NOT NULL, "when" INTEGER NOT NULL, "with" TEXT NOT NULL, type TEXT NOT NULL,
                value MEDIUMTEXT NOT NULL);
            CREATE UNIQUE INDEX prosodyarchive_index ON prosodyarchive (host, user, store, key);
            CREATE INDEX prosodyarchive_with_when ON prosodyarchive (host, user, store, "with", "when");
            CREATE INDEX prosodyarchive_when ON prosodyarchive (host, user, store, "when");
            CREATE INDEX prosodyarchive_sort ON prosodyarchive (host, user, store, sort_id);""")
        store.executemany('INSERT INTO prosodyarchive (host, user, store, key, "when", "with", type, value) '
                          "VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    store.close()
    return halfway


def ejabberd(there, count):
    first, halfway = second_by_second(count)
    speaker = "u0@guest.localhost"
    rows = ((
        ADDRESS, (first + seq) * 1_000_000, f"{speaker}/r", speaker,
        f"<message xml:lang='en' to='{ADDRESS}' from='{ADDRESS}/n0' type='groupchat' id='{seq}'><body>{message(seq)}</body></message>",
        message(seq), "groupchat", "n0") for seq in range(count))
    with sqlite3.connect(there / "ejabberd.sqlite") as store:
        store.executescript(SCHEMA.read_text())
        store.executemany("INSERT INTO archive (username, timestamp, peer, bare_peer, xml, txt, kind, nick) "
                          "VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    store.close()
    return halfway


def listens(server, port):
    while socket.socket().connect_ex(("127.0.0.1", port)):
        if server.poll() is not None:
            raise Trouble(f"the archive could not be made: {(LOGS / 'archive.log').read_text()}")
        time.sleep(0.05)


def hubbub(command, port):
    """What makes an archive by publishing over one WebSocket, with `command` as the server."""
    def make(_there, count):
        burst = 1000
        load = [BINARIES / "hubbub-load", "fanout", f"--url=ws://127.0.0.1:{port}/rooms/{ROOM}/ws", "--connections=1",
                f"--size={SIZE}", f"--burst={burst}", f"--window={4 * burst}", f"--rounds={count // burst}", "--warmup=0"]
        with (LOGS / "archive.log").open("w") as log, tempfile.TemporaryDirectory() as place:
            server = launch(SERVER_CORE, command, cwd=place, stdout=log, stderr=log)
            try:
                listens(server, port)
                begun = datetime.now(timezone.utc)
                done = subprocess.run(["taskset", "-c", str(LOAD_CORE), *load], capture_output=True, text=True)
                halfway = begun + (datetime.now(timezone.utc) - begun) / 2
            finally:
                server.terminate()
                server.wait()
        if done.returncode:
            raise Trouble(f"the archive could not be made: {done.stderr}")
        return halfway
    return make
