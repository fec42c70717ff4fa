"""What the driver says while it works."""

import sys


class Trouble(Exception):
    """Something that ends the benchmark; its text says what to do about it."""


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)
