"""curl as a client: every request is a process of its own, as a person would type it."""

import json
import subprocess
from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass
class Answer:
    """What came back. Header names are in lower case; a repeated header is joined by commas."""

    status: int
    version: str
    headers: dict[str, str]
    body: str

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self) -> str | None:
        """The name of the problem if this is a well-formed problem document, and None if it is not one at all."""
        if not self.headers.get("content-type", "").startswith("application/problem+json"):
            return None
        document = self.json
        assert document["status"] == self.status, document
        assert document["title"] and document["detail"], document
        return document["type"].removeprefix("urn:hubbub:problem:")


def parse(raw: bytes) -> Answer:
    """Splits what `curl --include` wrote; interim (1xx) heads are skipped."""
    while True:
        head, _, raw = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status = first.split(" ", 2)[:2]
        if not status.startswith("1") or status == "101":
            break
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Answer(int(status), version, headers, raw.decode("utf-8", "replace"))


def messages_path(room: str, **query) -> str:
    """`/rooms/{room}/messages?…`, percent-encoded; query parameters that are None are left out."""
    query = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in query.items()
        if value is not None
    }
    return f"/rooms/{quote(room, safe='@')}/messages" + ("?" + urlencode(query, quote_via=quote) if query else "")


class Http:
    """A server as curl sees it. `http2` speaks HTTP/2 with prior knowledge."""

    def __init__(self, base: str, http2: bool = False):
        self.base = base
        self.options = ["--http2-prior-knowledge"] if http2 else ["--http1.1"]

    def command(self, path: str, *args: str, headers: dict | None = None) -> list[str]:
        command = ["curl", "--silent", "--show-error", "--globoff", "--path-as-is", "--max-time", "60", *self.options]
        for name, value in (headers or {}).items():
            command += ["--header", f"{name}: {value}" if value else f"{name};"]
        return [*command, *args, self.base + path]

    def request(
        self, method: str, path: str, body: str | bytes | None = None, headers: dict | None = None, args: tuple = ()
    ) -> Answer:
        verb = ("--head",) if method == "HEAD" else ("--request", method)
        args = ("--include", *verb, *args)
        if body is not None:
            args += ("--data-binary", "@-")
        if isinstance(body, str):
            body = body.encode()
        done = subprocess.run(self.command(path, *args, headers=headers), input=body or b"", capture_output=True)
        if done.returncode != 0:
            raise ConnectionError(f"curl {method} {path}: {done.stderr.decode()}")
        return parse(done.stdout)

    def get(self, path: str, **headers) -> Answer:
        return self.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def publish(
        self, room: str, body: str | bytes, type: str = "text/plain", headers: dict | None = None, **query
    ) -> Answer:
        return self.request("POST", messages_path(room, **query), body, {"Content-Type": type, **(headers or {})})

    def poll(self, room: str, headers: dict | None = None, **query) -> Answer:
        return self.request("GET", messages_path(room, **query), headers=headers)

    def presence(self, room: str, headers: dict | None = None) -> Answer:
        return self.request("GET", f"/rooms/{quote(room, safe='@')}/presence", headers=headers)
