"""A chat's application logic behind Hubbub, with Python's standard library alone: docs/webhooks.md tells what may be asked and answered.

Run: HUBBUB_SECRET=… PORT=3000 python3 app.py
"""

import hashlib
import hmac
import json
import os
import re
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["HUBBUB_SECRET"].encode()


def is_signed(header: str, body: bytes) -> bool:
    """Whether Hubbub sent this, within the last five minutes."""
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", header)
    if not found or abs(time.time() - int(found[1])) > 300:
        return False
    wanted = hmac.new(SECRET, found[1].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(found[2], wanted)


def emit_to_others(room: str, event: str, data) -> dict:
    return {"action": "emit", "room": room, "event": event, "data": data, "except": ["sender"]}


def connect(user, room, **_):
    if user["name"] == "Mallory":
        return {"refuse": "You are not welcome here."}
    return {"actions": [emit_to_others(room, "hello", user["name"])]}


def leave(user, room, **_):
    return {"actions": [{"action": "emit", "room": room, "event": "goodbye", "data": user["name"]}]}


def event(event, data, user, room, **_):
    if event == "sum":
        return {"publish": False, "answer": [sum(data)]}
    if event == "typing":
        return {"publish": False, "actions": [emit_to_others(room, "typing", user["name"])]}
    if event == "whisper":
        whisper = {"from": user["name"], "text": data["text"]}
        return {
            "publish": False,
            "actions": [{"action": "emit", "user": data["to"], "event": "whisper", "data": whisper}],
        }
    if not isinstance(data, str):
        return {}
    if re.search(r"\bspam\b", data, re.IGNORECASE):
        return {"refuse": {"message": "Mind your language.", "data": {"word": "spam"}}}
    if ":)" in data:
        return {"rewrite": {"data": data.replace(":)", "🙂")}}


ON = {"connect": connect, "leave": leave, "event": event}  # what is not here is answered with yes


@lru_cache(maxsize=10_000)
def answer(delivery: str, body: bytes) -> bytes:
    """A question that comes again is answered as before: `delivery` is its name."""
    question = json.loads(body)
    on = ON.get(question["kind"])
    return json.dumps((on(**question) if on else None) or {}).encode()


class Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = is_signed(self.headers.get("Hubbub-Signature", ""), body)
        said = answer(self.headers["Hubbub-Delivery"], body) if signed else b""
        self.send_response(200 if signed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        """Nothing: Hubbub counts what it asks."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 3000))), Application)
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
