"""An event stream read by `curl --no-buffer`, parsed as the HTML standard says (section 9.2.6)."""

import json
import queue
import subprocess
import threading
from dataclasses import dataclass

from hubbub_test.curl import Http, messages_path
from hubbub_test.server import PATIENCE


@dataclass
class StreamEvent:
    event: str
    data: str
    id: str | None

    @property
    def json(self):
        return json.loads(self.data)


class EventStream:
    """One stream. `lines` keeps everything that arrived, comments and `retry:` too."""

    def __init__(self, http: Http, room: str, headers: dict | None = None, **query):
        head = {"Accept": "text/event-stream", **(headers or {})}
        command = http.command(
            messages_path(room, **query), "--no-buffer", "--include", "--max-time", "0", headers=head
        )
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.lines: list[str] = []
        self.events: queue.Queue[StreamEvent | None] = queue.Queue()
        self.head = list(self._head_lines())
        threading.Thread(target=self._read, daemon=True).start()

    def _head_lines(self):
        for line in self.process.stdout:
            if not line.strip():
                return
            yield line.decode().strip()

    def _read(self):
        kind, data, ident = "message", [], None
        for raw in self.process.stdout:
            line = raw.decode().rstrip("\r\n")
            self.lines.append(line)
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line == "":
                if data:
                    self.events.put(StreamEvent(kind, "\n".join(data), ident))
                kind, data = "message", []
            elif field == "event":
                kind = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                ident = value
        self.events.put(None)

    def next(self) -> StreamEvent | None:
        """The next event of any kind; None when the stream has ended."""
        return self.events.get(timeout=PATIENCE)

    def next_named(self, *names: str) -> StreamEvent | None:
        """The next event with one of these names."""
        while (event := self.next()) is not None and event.event not in names:
            pass
        return event

    def status(self) -> int:
        return int(self.head[0].split()[1])

    def close(self):
        """Ends curl, and with it the connection."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
