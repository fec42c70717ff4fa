"""The bad line of examples/game: it loses, delays and holds back what it is told to, and nothing else."""

import json
import os
import select
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hubbub_test.server import PATIENCE

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "game"
NEAR, FAR = "10.77.0.1", "10.77.0.2"

sys.path.insert(0, str(FOLDER))
from wire import inside  # noqa: E402


class Line:
    """A line between two namespaces of its own, and a socket at each end."""

    def __init__(self, process: subprocess.Popen, ends: dict[str, socket.socket]):
        self.process, self.ends = process, ends

    def tell(self, line: str = "") -> dict:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def send(self, end: str, count: int):
        """So many packets, each with its number."""
        target = self.ends["far" if end == "near" else "near"].getsockname()
        for number in range(count):
            self.ends[end].sendto(str(number).encode(), target)

    def settled(self, end: str, taken: int) -> dict:
        """What the line says of a direction once it has dealt with so many packets."""
        while True:
            told = self.tell()[end]
            if told["passed"] + told["lost"] + told["overflowed"] >= taken:
                return told

    def received(self, end: str) -> list[int]:
        """The numbers of all that have arrived there."""
        numbers = []
        while select.select([self.ends[end]], [], [], 0)[0]:
            numbers.append(int(self.ends[end].recv(100)))
        return numbers


def datagrams(namespace: str, address: str) -> socket.socket:
    with inside(namespace):
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind((address, 9000))
    return end


@contextmanager
def namespaces():
    names = [f"wire-{end}-{os.getpid()}" for end in ("near", "far")]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=True)


@contextmanager
def line(*options: str):
    with namespaces() as (near, far):
        command = [sys.executable, str(FOLDER / "wire.py"), near, far, *options]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "ready\n"
            ends = {"near": datagrams(near, NEAR), "far": datagrams(far, FAR)}
            yield Line(process, ends)
            for end in ends.values():
                end.close()
            process.stdin.close()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait()


def test_all_arrives_in_its_order_unless_it_is_told_otherwise():
    with line("--delay", "5", "--jitter", "20") as wire:
        for end, other in (("near", "far"), ("far", "near")):
            wire.send(end, 200)
            assert wire.settled(end, 200)["passed"] == 200
            assert wire.received(other) == list(range(200))


def test_with_reorder_little_jitter_overtakes_much():
    with line("--jitter", "50", "--reorder") as wire:
        wire.send("near", 200)
        wire.settled("near", 200)
        numbers = wire.received("far")
        assert numbers != list(range(200))
        assert sorted(numbers) == list(range(200))


def lost_of(count: int, *options: str) -> set[int]:
    with line("--loss", "20", *options) as wire:
        wire.send("near", count)
        told = wire.settled("near", count)
        lost = set(range(count)) - set(wire.received("far"))
        assert told["lost"] == len(lost)
        return lost


def test_the_same_seed_loses_the_same_packets():
    first = lost_of(200, "--seed", "7")
    assert 0 < len(first) < 200
    assert lost_of(200, "--seed", "7") == first
    assert lost_of(200, "--seed", "8") != first


def test_it_is_changed_while_it_runs_for_both_directions_or_one():
    with line() as wire:
        told = wire.tell("loss 100 near")
        assert (told["near"]["loss"], told["far"]["loss"]) == (100, 0)
        wire.send("near", 10)
        wire.send("far", 10)
        assert wire.settled("near", 10)["lost"] == 10
        assert wire.settled("far", 10)["passed"] == 10
        assert (wire.received("far"), wire.received("near")) == ([], list(range(10)))
        wire.tell("loss 0")
        wire.send("near", 10)
        assert wire.settled("near", 20)["passed"] == 10


def test_what_the_rate_and_the_queue_do_not_hold_is_lost():
    with line("--rate", "100kbit", "--queue", "5") as wire:
        wire.send("near", 100)
        told = wire.settled("near", 100)
        assert told["overflowed"] > 0
        assert wire.received("far")[:5] == [0, 1, 2, 3, 4]
        assert told["passed"] + told["overflowed"] == 100


@pytest.mark.parametrize("nonsense", ["loss", "loss much", "speed 5", "loss 5 nobody", "delay 1 near now"])
def test_nonsense_changes_nothing(nonsense):
    with line("--loss", "3") as wire:
        before = wire.tell()
        assert nonsense in wire.tell(nonsense)["error"]
        assert wire.tell() == before
