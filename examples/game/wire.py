#!/usr/bin/env python3
"""A bad line between two network namespaces: it loses packets, and delays those that it does not lose.

    wire.py NEAR FAR [--loss 5] [--delay 40] [--jitter 10] [--rate 20mbit] [--queue 1000] [--reorder] [--seed 1]

NEAR and FAR are names of network namespaces (`ip netns add`), or `.` for the one that this runs in. Each gets a device
`wire0`, with the addresses 10.77.0.1 and 10.77.0.2 unless --near-address and --far-address say otherwise. It takes
root, Linux and its TUN devices; nothing but Python's standard library, and no `netem` in the kernel. Devices are gone
when it ends, which it does with its standard input.

    --loss      of a hundred packets in each direction, so many are lost
    --delay     milliseconds that a packet takes in one direction
    --jitter    up to so many milliseconds more, for each packet anew
    --reorder   a packet with little jitter overtakes those with more; otherwise they queue behind each other
    --rate      bits a second (kbit, mbit, gbit); 0: as many as come
    --queue     packets that wait at most; what comes beyond is lost

It says `ready` when packets pass. Then it takes lines: `loss 10`, `delay 80 near` (only for what leaves NEAR),
`rate 2mbit far`, `reorder on`; and answers each with a line of JSON that says what holds and what has passed, per direction.
"""

import argparse
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

DEVICE = "wire0"
CLONE_NEWNET = 0x40000000  # setns(2)
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
UNITS = {"kbit": 1e3, "mbit": 1e6, "gbit": 1e9, "bit": 1.0}
# A packet that left later cannot be told from one that left now.
SOON = 50e-6


@contextmanager
def inside(namespace: str):
    """What is opened meanwhile belongs to that namespace, and stays there."""
    if namespace == ".":
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(path: str):
        with open(path) as there:
            if libc.setns(there.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter {path}: it takes root")

    # By descriptor: the path of one's own namespace leads elsewhere once one has left it.
    home = f"/proc/self/fd/{os.open('/proc/thread-self/ns/net', os.O_RDONLY)}"
    try:
        enter(f"/run/netns/{namespace}")
        yield
    finally:
        enter(home)
        os.close(int(home.rpartition("/")[2]))


def ip(namespace: str, *args: str):
    where = [] if namespace == "." else ["-n", namespace]
    subprocess.run(["ip", *where, *args], check=True)


def open_end(namespace: str, address: str) -> int:
    """A TUN device in `namespace`: what is written to it comes in there, what is read from it went out there."""
    with inside(namespace):
        end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    ip(namespace, "link", "set", DEVICE, "addrgenmode", "none")
    ip(namespace, "address", "add", address, "dev", DEVICE)
    ip(namespace, "link", "set", DEVICE, "up")
    return end


def rate_of(text: str) -> float:
    """Bits a second."""
    for unit, times in UNITS.items():
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * times
    return float(text)


@dataclass
class Way:
    """One direction: what it does to packets, those that are on it, and how many it had."""

    source: int
    target: int
    chance: random.Random
    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    rate: float = 0.0
    queue: int = 1000
    reorder: bool = False
    under_way: list[tuple[float, int, bytes]] = field(default_factory=list)
    taken: int = 0
    lost: int = 0
    overflowed: int = 0
    passed: int = 0
    idle_from: float = 0.0  # until then what came before is still being sent
    last_due: float = 0.0

    def set(self, name: str, value: str):
        match name:
            case "loss" | "delay" | "jitter":
                setattr(self, name, float(value))
            case "rate":
                self.rate = rate_of(value)
            case "queue":
                self.queue = int(value)
            case "reorder":
                self.reorder = value in ("on", "1", "true")
            case _:
                raise ValueError(f"there is no {name}")

    def take_all(self, now: float):
        """Reads what has been sent into this end. The device itself has a queue: a turn does not take more than that holds."""
        for _ in range(512):
            try:
                packet = os.read(self.source, 65536)
            except BlockingIOError:
                return
            self.take(packet, now)

    def take(self, packet: bytes, now: float):
        self.taken += 1
        if self.chance.random() * 100 < self.loss:
            self.lost += 1
            return
        if len(self.under_way) >= self.queue:
            self.overflowed += 1
            return
        due = self.sent_by(len(packet), now) + (self.delay + self.chance.random() * self.jitter) / 1000
        if not self.reorder:
            due = max(due, self.last_due)
        self.last_due = due
        heapq.heappush(self.under_way, (due, self.taken, packet))

    def sent_by(self, size: int, now: float) -> float:
        """When the last bit has left."""
        if not self.rate:
            return now
        self.idle_from = max(self.idle_from, now) + size * 8 / self.rate
        return self.idle_from

    def deliver(self, now: float):
        while self.under_way and self.under_way[0][0] <= now + SOON:
            _, _, packet = heapq.heappop(self.under_way)
            try:
                os.write(self.target, packet)
                self.passed += 1
            except OSError:
                self.overflowed += 1  # the receiving end is down, or full

    def told(self) -> dict:
        names = ("loss", "delay", "jitter", "rate", "queue", "reorder", "taken", "lost", "overflowed", "passed")
        return {name: getattr(self, name) for name in names}


class Wire:
    """Both directions, until the standard input ends."""

    def __init__(self, options: argparse.Namespace):
        near, far = open_end(options.near, options.near_address), open_end(options.far, options.far_address)
        chances = (random.Random(f"{options.seed} {end}") for end in ("near", "far"))
        self.ways = {"near": Way(near, far, next(chances)), "far": Way(far, near, next(chances))}
        for name in ("loss", "delay", "jitter", "rate", "queue"):
            self.set(name, getattr(options, name))
        self.set("reorder", "on" if options.reorder else "off")
        self.begun = b""

    def set(self, name: str, value: str, end: str | None = None):
        for way in [self.ways[end]] if end else self.ways.values():
            way.set(name, value)

    def obey(self, line: str) -> str:
        """Does what a line says; what holds now."""
        try:
            if words := line.split():
                self.set(*words)
        except (KeyError, TypeError, ValueError) as wrong:
            return json.dumps({"error": f"{line.strip()!r}: {wrong}"})
        return json.dumps({end: way.told() for end, way in self.ways.items()})

    def listen(self) -> bool:
        """Takes the lines that there are: one read may bring many. Says whether there may be more."""
        said = os.read(0, 4096)
        *lines, self.begun = (self.begun + said).split(b"\n")
        for line in lines:
            print(self.obey(line.decode(errors="replace")), flush=True)
        return bool(said)

    def run(self):
        ways = {way.source: way for way in self.ways.values()}
        while True:
            due = [way.under_way[0][0] for way in ways.values() if way.under_way]
            wait = max(0.0, min(due) - time.monotonic()) if due else None
            readable, _, _ = select.select([*ways, 0], [], [], wait)
            now = time.monotonic()
            for end in readable:
                if end != 0:
                    ways[end].take_all(now)
                elif not self.listen():
                    return
            for way in ways.values():
                way.deliver(time.monotonic())


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("near")
    parser.add_argument("far")
    parser.add_argument("--near-address", default="10.77.0.1/24")
    parser.add_argument("--far-address", default="10.77.0.2/24")
    for name in ("loss", "delay", "jitter", "rate"):
        parser.add_argument(f"--{name}", default="0")
    parser.add_argument("--queue", default="1000")
    parser.add_argument("--reorder", action="store_true")
    parser.add_argument("--seed", default="1")
    return parser.parse_args()


if __name__ == "__main__":
    wire = Wire(options())
    print("ready", flush=True)
    try:
        wire.run()
    except KeyboardInterrupt:
        pass
