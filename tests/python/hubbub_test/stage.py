"""What a scenario is played on: one server, the people in it, and what they were promised."""

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hubbub_test.people import TRANSPORTS, Person
from hubbub_test.server import Server


@dataclass
class Promise:
    """A message that somebody tried to publish: the answer, if there was one, says that it is kept."""

    person: Person
    key: str
    text: str
    answer: dict | None


@dataclass
class Stage:
    config: str = ""
    durable: bool = False
    people: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    deaf: dict[str, object] = field(default_factory=dict)  # people who read nothing, by name
    promises: list[Promise] = field(default_factory=list)
    talking: list = field(default_factory=list)  # threads
    running: Server | None = None
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="hubbub-scenario-")))

    @property
    def server(self) -> Server:
        """The server, started when it is first needed."""
        if self.running is None:
            data = self.folder / "data" if self.durable or self.accounts else None
            self.running = Server(self.config, data=data)
            for name, password in self.accounts.items():
                self.running.add_user(name.lower(), password)
            self.running.start()
        return self.running

    def called(self, names: str) -> list[Person]:
        """`everyone`, or `Ann, Bo and Kim`."""
        if names == "everyone":
            return list(self.people.values())
        return [self.people[name] for name in re.split(r", | and ", names)]

    def enter(self, name: str, room: str, transport: str) -> Person:
        self.people[name] = TRANSPORTS[transport](self.server, name, room, self.accounts.get(name))
        return self.people[name]

    def log_of(self, room: str, headers: dict | None = None) -> list[dict]:
        """Everything the room keeps, read by polling from the beginning."""
        kept, cursor, more = [], "0", True
        while more:
            answer = self.server.http.poll(room, since=cursor, limit=1000, headers=headers).json
            kept += answer["messages"]
            cursor, more = answer["cursor"], answer["more"]
        return kept

    def close(self):
        for person in self.people.values():
            if person.connected.is_set():
                person.cut()
        for wire in self.deaf.values():
            wire.close()
        if self.running:
            self.running.stop()
        shutil.rmtree(self.folder)
