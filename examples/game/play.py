#!/usr/bin/env python3
"""Serves the page, starts Hubbub and a player far away, and puts a bad line between them and you.

    sudo python3 examples/game/play.py            # then open the address that it says
    python3 examples/game/play.py --plain         # without the line: no root needed, and both curves are flat

Far away is a network namespace with Hubbub, the page and another player (Chromium, without a window, on the same page); the
line (wire.py) leads there from here, and carries what goes by data channel and by WebSocket alike. Whatever it changes
of this machine, a device `wire0` with the address 10.77.0.1 and that namespace, is gone when it ends: Ctrl-C, or the end of its
standard input. Lines there are for the line: `loss 10`, `delay 80` (see wire.py).
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from wire import inside

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
HERE, THERE = "10.77.0.1", "10.77.0.2"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The other player says his real address, so the names that browsers hide addresses behind need not be found out across the line.
FLAGS = (
    *("--headless=new", "--no-first-run", "--disable-gpu", "--disable-background-networking", "--mute-audio"),
    *("--disable-features=WebRtcHideLocalIpsWithMdns", "--allow-loopback-in-peer-connection"),
)
CONFIG = """
[access]
admit = ["guests"]

[http]
origins = ["{origin}"]

# Positions are of no use to anybody later.
[[room]]
match = "*-positions"
log = "memory"
history_count = 0
presence = "off"
"""


class Line:
    """The line, by what it is told and what it answers."""

    def __init__(self, process: subprocess.Popen):
        self.process = process
        self.one_at_a_time = threading.Lock()

    def tell(self, line: str) -> dict:
        with self.one_at_a_time:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

    def settings(self) -> dict:
        return self.tell("")["near"]


class Pages(SimpleHTTPRequestHandler):
    """The examples, and at /wire the line."""

    extensions_map = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", "": "text/plain"}

    def __init__(self, *args, line: Line | None, **options):
        self.line = line
        super().__init__(*args, **options)

    def do_GET(self):
        if self.path != "/wire":
            return super().do_GET()
        return self.answer(self.line.settings()) if self.line else self.send_error(404)

    def do_POST(self):
        """A page from elsewhere cannot ask for this type without asking us first (CORS), and is refused then."""
        if self.path != "/wire" or not self.line or self.headers["Content-Type"] != "application/json":
            return self.send_error(404)
        try:
            wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            lines = [f"{name} {float(wanted[name])}" for name in ("loss", "delay", "jitter") if name in wanted]
        except (TypeError, ValueError):
            return self.send_error(400)
        for line in lines:
            self.line.tell(line)
        return self.answer(self.line.settings())

    def answer(self, what: dict):
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_):
        pass


def hubbub(wanted: str | None) -> str:
    built = [ROOT / "target" / kind / "hubbub" for kind in ("release", "debug")]
    known = [wanted, os.environ.get("HUBBUB_BIN"), shutil.which("hubbub"), *(str(path) for path in built if path.exists())]
    if found := next(filter(None, known), None):
        return found
    sys.exit("there is no hubbub: install it, build it (cargo build --release -p hubbub), or say --hubbub PATH")


@contextmanager
def running(command: list[str], **options):
    """A program, until it is not needed any more; with all that it has started."""
    process = subprocess.Popen(command, start_new_session=True, text=True, **options)
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def namespace():
    name = f"hubbub-game-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def wait_for(word: str, process: subprocess.Popen):
    """Its first word; if it has none it has said why."""
    if not process.stdout.readline().startswith(word):
        sys.exit(1)


def far_player(stack: ExitStack, within: list[str], page: str):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        return print(f"no Chromium here for the other player: open {page} in two windows", flush=True)
    profile = stack.enter_context(tempfile.TemporaryDirectory(prefix="hubbub-game-", ignore_cleanup_errors=True))
    flags = [*FLAGS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    stack.enter_context(running([*within, browser, *flags, f"{page}&name=Far"], **quiet))


def serve_page(address: tuple[str, int], handler) -> ThreadingHTTPServer:
    try:
        return ThreadingHTTPServer(address, handler)
    except OSError as error:
        sys.exit(f"the page cannot have port {address[1]} ({error.strerror}): say another one by --page-port")


def play(options: argparse.Namespace, stack: ExitStack):
    host = "127.0.0.1" if options.plain else THERE
    page, server = f"http://{host}:{options.page_port}", f"http://{host}:{options.port}"
    line, place, within = None, nullcontext(), []
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    if not options.plain:
        far = stack.enter_context(namespace())
        place, within = inside(far), ["ip", "netns", "exec", far]
        how = [f"--{name}={getattr(options, name)}" for name in ("loss", "delay", "jitter", "rate", "seed")]
        process = stack.enter_context(running([sys.executable, str(FOLDER / "wire.py"), options.near, far, *how], **pipes))
        wait_for("ready", process)
        for end in {options.near, far} - {"."}:
            # A browser takes the address by which it would reach the rest of the world; in these there is nothing but the line.
            subprocess.run(["ip", "-n", end, "route", "add", "default", "dev", "wire0"], check=True)
        line = Line(process)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hubbub-game-")))
    (folder / "hubbub.toml").write_text(CONFIG.format(origin=page))
    serve = ["serve", "--config", str(folder / "hubbub.toml"), "--listen", f"{host}:{options.port}"]
    wait_for("listening", stack.enter_context(running([*within, hubbub(options.hubbub), *serve], **pipes)))
    with place:
        pages = serve_page((host, options.page_port), partial(Pages, line=line, directory=FOLDER.parent))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    address = f"{page}/game/?server={server}"
    far_player(stack, within, address)
    print(f"open {address}", flush=True)
    for said in sys.stdin:
        print(json.dumps(line.tell(said.strip())) if line else "there is no line: --plain", flush=True)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plain", action="store_true", help="no line in between, no root needed")
    parser.add_argument("--loss", default="5", help="of a hundred packets (5)")
    parser.add_argument("--delay", default="40", help="milliseconds one way (40)")
    parser.add_argument("--jitter", default="0", help="up to so many milliseconds more (0)")
    parser.add_argument("--rate", default="0", help="such as 2mbit; 0: as many as come")
    parser.add_argument("--seed", default="1", help="of the dice")
    parser.add_argument("--near", default=".", help="network namespace of your browser (this one)")
    parser.add_argument("--hubbub", help="the program")
    parser.add_argument("--port", type=int, default=8080, help="of Hubbub (8080)")
    parser.add_argument("--page-port", type=int, default=8000, help="of the page (8000)")
    return parser.parse_args()


if __name__ == "__main__":
    wanted = read_options()
    if not wanted.plain and os.geteuid() != 0:
        sys.exit("the line takes root (sudo): network namespaces and a TUN device. Without it: --plain")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as everything:
        try:
            play(wanted, everything)
        except KeyboardInterrupt:
            pass
