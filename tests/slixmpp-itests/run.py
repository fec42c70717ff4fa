"""Starts a server for slixmpp's tests, plays them, and compares what passes with what is expected. See README.md."""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

from xmpp.servers import ROOMS, server_for

HERE = Path(__file__).parent
ACCOUNTS = {"alice": "the password of Alice", "bob": "the password of Bob"}
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def wake_loopback():
    """A new network namespace has `lo`, but down (netdevice(7))."""
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        name, flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        if not flags & IFF_UP:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | IFF_UP))


def expected_to_fail() -> dict[str, str]:
    """Names of tests, and why."""
    lines = (HERE / "not_yet.txt").read_text().splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


def play(home: Path, authority: Path, words: list[str]) -> dict[str, dict]:
    """Runs them with slixmpp's own Python; what became of each."""
    first, second = ((f"{name}@localhost", password) for name, password in ACCOUNTS.items())
    told = {
        "CI_ACCOUNT1": first[0],
        "CI_ACCOUNT1_PASSWORD": first[1],
        "CI_ACCOUNT2": second[0],
        "CI_ACCOUNT2_PASSWORD": second[1],
        "CI_MUC_SERVER": ROOMS,
        "SSL_CERT_FILE": str(authority),
    }
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | told
    command = [home / "bin/python", HERE / "play.py", *words]
    done = subprocess.Popen(command, cwd=home / "source", env=environment, stdout=subprocess.PIPE, text=True)
    results = {}
    for line in done.stdout:
        result = json.loads(line)
        results[result["name"]] = result
        print(f"{result['outcome']:8} {result['name']}  {result['why']}", flush=True)
    assert done.wait() == 0, "the tests broke off"
    return results


def main(home: str, *words: str):
    wake_loopback()
    with server_for(ACCOUNTS, ports=(5222, 5223)) as server:
        results = play(Path(home), server.authority, list(words))
    excused = {} if os.environ.get("XMPP_ORACLE") else expected_to_fail()
    passed = {name for name, result in results.items() if result["outcome"] == "passed"}
    wrong = {name for name in results if (name in passed) == (name in excused)}
    for name in sorted(wrong):
        print(f"{'passes, but is in not_yet.txt' if name in passed else 'FAILED'}: {name}")
    print(f"slixmpp: {len(passed)} passed, {len(wrong)} failed, {len(results) - len(passed) - len(wrong - passed)} not yet")
    sys.exit(bool(wrong) or not results)


if __name__ == "__main__":
    main(*sys.argv[1:])
