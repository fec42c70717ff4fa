"""Several people in one room, whatever their transports, who are let out at the end of a test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hubbub_test.people_socketio  # noqa: F401  (registers transports)
import hubbub_test.people_xmpp  # noqa: F401  (registers transports)
from hubbub_test.people import TRANSPORTS, Person
from hubbub_test.server import Server

Enter = Callable[..., Person]


@contextmanager
def company() -> Iterator[Callable[[Server, str], Enter]]:
    """Gives doors: `enter = door(server, room)`, and then `enter("Ann", "websocket")`. Who has not left by the end is cut off."""
    people = []

    def door(server: Server, room: str) -> Enter:
        def enter(name: str, way: str, room: str = room) -> Person:
            people.append(TRANSPORTS[way](server, name, room))
            people[-1].join()
            return people[-1]

        return enter

    try:
        yield door
    finally:
        for person in people:
            if person.connected.is_set():
                person.cut()
