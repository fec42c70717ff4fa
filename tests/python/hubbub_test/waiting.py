"""Waiting for something to become true, and giving up only when it has become hopeless."""

import time
from collections.abc import Callable

from hubbub_test.server import PATIENCE


def until(condition: Callable[[], object], what: str):
    """Asks again and again; the first true answer is the result."""
    hopeless = time.monotonic() + PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < hopeless, f"waited in vain until {what}"
        time.sleep(0.02)
