"""The tools that Debian's coturn brings to try TURN servers with."""

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

from hubbub_test.server import PATIENCE

from turn.servers import HOST, SECRET, Turn, free_port


@dataclass
class Outcome:
    """What `turnutils_uclient` says at its end."""

    sent: int
    received: int
    lost: int


def run(*command) -> str:
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=4 * PATIENCE)
    print(done.stdout[-4000:])
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def uclient(server: Turn, *options, messages: int = 20, clients: int = 2, host: str = HOST) -> Outcome:
    """Each client sends so many messages through its relay. Its name and password it makes from the secret by itself."""
    flags = ["-u", "uclient", "-W", SECRET, "-p", server.port, "-n", messages, "-m", clients, "-z", 20]
    said = run("turnutils_uclient", *flags, *options, host)
    numbers = re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", said)
    (lost,) = re.findall(r"Total lost packets (\d+)", said)
    return Outcome(int(numbers[-1][0]), int(numbers[-1][1]), int(lost))


@contextmanager
def echo(host: str = HOST):
    """`turnutils_peer`: it sends back whatever it is sent. Gives its port."""
    port = free_port(host)
    process = subprocess.Popen(["turnutils_peer", "-L", host, "-p", str(port)], stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()
