"""A client in another language: a program that reads what to do and writes what it hears, one JSON array a line."""

import json
import os
import queue
import subprocess
import threading

from hubbub_test.server import PATIENCE, ROOT


def rust_client(name: str) -> str:
    """The program of `tests/NAME`, built when it is first needed; what the build says is shown."""
    done = subprocess.run([ROOT / "tests/setup/rust-client.sh", name], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"tests/{name} could not be built"
    return done.stdout.strip()


class Program:
    def __init__(self, *command: str, **environment: str):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=os.environ | environment, text=True, **pipes)
        self.lines: queue.Queue[list] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def say(self, *line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def hears(self, *begin) -> list:
        """The rest of the next line that begins so; others are left out."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if line[: len(begin)] == list(begin):
                return line[len(begin) :]

    def leave(self) -> int:
        self.process.stdin.close()
        return self.process.wait(timeout=PATIENCE)
