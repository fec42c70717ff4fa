"""Applications behind Hubbub: the examples as processes, and one that a test plays itself."""

import hashlib
import hmac
import json
import os
import re
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hubbub_test.server import PATIENCE, ROOT
from hubbub_test.waiting import until

SECRET = "a secret of at least thirty-two bytes, for webhooks"
API_TOKEN = "a token of at least thirty-two bytes, for the admin API"

EXAMPLES = {
    "node": ["node", str(ROOT / "examples/webhook-node/server.js")],
    "python": ["python3", str(ROOT / "examples/webhook-python/app.py")],
}


def settings(url: str, more: str = "", rooms: str = "*", top: str = "") -> str:
    """A configuration in which the application at `url` stands behind `rooms`."""
    return f"""{top}
[api]
token = "{API_TOKEN}"
[[webhook]]
name = "app"
url = "{url}"
secret = "{SECRET}"
{more}
[[room]]
match = "{rooms}"
webhook = "app"
"""


class Example:
    """One of the examples, running as anybody would run it."""

    def __init__(self, name: str):
        environment = {**os.environ, "HUBBUB_SECRET": SECRET, "PORT": "0"}
        self.process = subprocess.Popen(EXAMPLES[name], env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"the example says {line!r}"
        self.url = line.split()[-1]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()


class Question(dict):
    """What the server asked: the JSON of the body. The test answers by `answer`, once."""

    def __init__(self, body: bytes, headers):
        super().__init__(json.loads(body))
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.signed = is_signed(self.headers.get("hubbub-signature", ""), body)
        self._answered = threading.Event()

    def answer(self, body=None, status: int = 200):
        """`body` is JSON, or bytes as they are; `None` breaks the connection without an answer."""
        self._said = (status, body if isinstance(body, bytes | None) else json.dumps(body).encode())
        self._answered.set()

    def wait(self) -> tuple[int, bytes | None]:
        assert self._answered.wait(PATIENCE), "the test did not answer"
        return self._said


def is_signed(header: str, body: bytes) -> bool:
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", header)
    wanted = found and hmac.new(SECRET.encode(), found[1].encode() + b"." + body, hashlib.sha256).hexdigest()
    return bool(found) and abs(time.time() - int(found[1])) < 300 and hmac.compare_digest(found[2], wanted)


class Application:
    """An application that a test plays: questions are kept, and answered by `policy` or later by hand."""

    def __init__(self, policy=None, port: int = 0, tls: ssl.SSLContext | None = None):
        self.policy = policy
        self.asked: list[Question] = []
        application = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                question = Question(self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers))
                application.asked.append(question)
                if application.policy:
                    question.answer(application.policy(question))
                status, said = question.wait()
                if said is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                with suppress(OSError):  # the server may have given up
                    self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hubbub"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self, kind: str | None = None, number: int = 0) -> Question:
        """The question of this kind with this number, once it has come."""

        def found():
            asked = [one for one in list(self.asked) if kind in (None, one["kind"])]
            return asked[number] if len(asked) > number else None

        return until(found, f"question {number} about {kind} has come")

    def stop(self):
        for question in self.asked:
            question._said = getattr(question, "_said", (500, b""))
            question._answered.set()
        self.server.shutdown()
        self.server.server_close()
