"""Doing things at the same time, without losing what goes wrong in one of them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


def at_once(actions: Iterable[Callable[[], object]]) -> list:
    """Calls them all in threads of their own; their results in order, or the first exception."""
    actions = list(actions)
    with ThreadPoolExecutor(len(actions)) as pool:
        running = [pool.submit(action) for action in actions]
        return [one.result() for one in running]
