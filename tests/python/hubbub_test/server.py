"""The server as a process: started on a port of its own choosing, watched, stopped by its id."""

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path

from hubbub_test.curl import Http

PATIENCE = 30  # seconds until a test that waits gives up; nothing is ever measured by it
ROOT = Path(__file__).resolve().parents[3]


def binary() -> str:
    """The program under test: `HUBBUB_BIN`, or the newest of cargo's two."""
    named = os.environ.get("HUBBUB_BIN")
    if named:
        return named
    built = [ROOT / "target" / profile / "hubbub" for profile in ("release", "debug")]
    built = [path for path in built if path.exists()]
    if not built:
        raise FileNotFoundError("no hubbub to test: run `cargo build -p hubbub`, or set HUBBUB_BIN")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def hubbub(*args, check=True, cwd=None) -> subprocess.CompletedProcess:
    """Runs one of the short commands, such as `hubbub user add`."""
    done = subprocess.run([binary(), *map(str, args)], capture_output=True, text=True, timeout=PATIENCE, cwd=cwd)
    if check and done.returncode != 0:
        raise AssertionError(f"hubbub {args} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


class Server:
    """One running server. `config` is TOML text; `data` makes it durable."""

    within: tuple[str, ...] = ()  # a command that runs it somewhere else

    def __init__(
        self, config: str = "", data: Path | None = None, listen: tuple[str, ...] = ("127.0.0.1:0",), args: tuple = ()
    ):
        self.folder = Path(tempfile.mkdtemp(prefix="hubbub-test-"))
        self.config_file = self.folder / "hubbub.toml"
        self.config_file.write_text(config)
        self.data, self.listen, self.args = data, listen, tuple(map(str, args))
        self.process: subprocess.Popen | None = None
        self.addresses: list[str] = []

    def start(self) -> "Server":
        command = [*self.within, binary(), "serve", "--config", str(self.config_file), *self.args]
        for address in self.listen:
            command += ["--listen", address]
        if self.data:
            command += ["--data", str(self.data)]
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.addresses = [self._read_address() for _ in self.listen]
        self.http = Http(self.base)
        threading.Thread(target=self._copy_output, daemon=True).start()
        return self

    def _read_address(self) -> str:
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on (http://\S+:\d+)\n", line)
        if not found:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"expected a bound address first, got {line!r}; the log says:\n{self.tail()}")
        return found[1]

    def _copy_output(self):
        with self.process.stdout as output, open(self.folder / "log", "a") as log:
            log.writelines(output)

    @property
    def base(self) -> str:
        return self.addresses[0]

    @property
    def port(self) -> int:
        return int(self.base.rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        return self.process.pid

    def ws(self, room: str) -> str:
        return f"ws{self.base.removeprefix('http')}/rooms/{room}/ws"

    def tail(self, lines: int = 40) -> str:
        with open(self.folder / "log") as log:
            return "".join(deque(log, lines))

    def terminate(self) -> int:
        """Asks it to close gently; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def kill(self):
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """For the end of a test: gently, and it must not have died before."""
        if self.process is None or self.process.returncode is not None:
            return
        died = self.process.poll()
        if died is None:
            self.terminate()
        print(f"--- the log of the server at {self.base} ---\n{self.tail()}")
        assert died is None, f"the server died by itself with status {died}:\n{self.tail()}"

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def add_user(self, name: str, password: str):
        hubbub("user", "add", name, "--password", password, "--data", self.data)

    def metrics(self) -> str:
        return self.http.get("/metrics").body

    def counted(self, name: str) -> int:
        """What a metric says, summed over the workers."""
        return sum(int(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\d+)$", self.metrics(), re.MULTILINE))

    def still_serves(self):
        """It answers, and a message still goes in and comes out."""
        assert self.process.poll() is None, f"the server died:\n{self.tail()}"
        assert self.http.get("/health").status == 200
        posted = self.http.publish("still-serves", "are you there?", name="Ann")
        assert posted.status == 201, posted
        assert self.http.poll("still-serves", last=1).json["messages"][0]["id"] == posted.json["id"]
