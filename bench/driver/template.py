"""Configurations of servers: those in bench/peers, with what differs from run to run filled in."""

from .paths import PEERS


def fill(template, folder, values):
    """A configuration in the folder, made of one of ours; what stands between @ signs there is replaced."""
    text = (PEERS / template).read_text()
    for mark, value in values.items():
        text = text.replace(f"@{mark}@", str(value))
    made = folder / template
    made.write_text(text)
    return made
