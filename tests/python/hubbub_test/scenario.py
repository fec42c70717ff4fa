"""Reads a scenario and plays it: every line is a sentence, and every sentence is one function of `steps.py`."""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"

STEPS: list[tuple[re.Pattern, Callable]] = []

# What may stand in a sentence's pattern, in braces.
PARTS = {
    "person": r"(\w+)",
    "people": r"(everyone|\w+(?:, \w+)*(?: and \w+)?)",
    "room": r"(@?[\w-]+)",
    "transport": r"(websocket|raw websocket|xmpp|sse|polling|longpoll|socket\.io(?: over polling| with an upgrade)?)",
    "text": r'"([^"]*)"',
    "number": r"([\d,]+)",
}


def step(sentence: str):
    """Makes a function play a sentence such as `{person} joins {room} by {transport}`."""
    pattern = re.sub(r"\\{(\w+)\\}", lambda found: PARTS[found[1]], re.escape(sentence))

    def register(function):
        STEPS.append((re.compile(pattern), function))
        return function

    return register


@dataclass
class Line:
    number: int
    sentence: str
    block: str  # the indented lines below it


def read(path: Path) -> list[Line]:
    """The sentences of a scenario; comments and empty lines are left out."""
    lines: list[Line] = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if text.startswith((" ", "\t")) and lines:
            lines[-1].block += text + "\n"
        elif text.strip() and not text.startswith("#"):
            lines.append(Line(number, text.strip(), ""))
    for line in lines:
        line.block = textwrap.dedent(line.block)
    return lines


def understand(line: Line) -> tuple[Callable, tuple]:
    """The one function that plays this sentence, with what stood in its gaps."""
    matches = [(function, found.groups()) for pattern, function in STEPS if (found := pattern.fullmatch(line.sentence))]
    assert len(matches) == 1, f"line {line.number} is understood in {len(matches)} ways: {line.sentence}"
    return matches[0]


def play(path: Path, stage):
    """Plays every sentence on `stage`, which is handed to each step; a failure names its line."""
    for line in read(path):
        function, gaps = understand(line)
        print(f"{path.name}:{line.number}: {line.sentence}")
        try:
            function(stage, *gaps, *([line.block] if line.block else []))
        except Exception as failure:
            failure.add_note(f"at {path.name}:{line.number}: {line.sentence}")
            raise
