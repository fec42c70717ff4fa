"""A program that draws on a terminal, in a tmux of its own: typed at, and looked at as a person would."""

import os
import subprocess
from pathlib import Path

from hubbub_test.waiting import until

# The terminal outlives the program. (tmux knows with what status a program ended, but now and then, in 3.3, never hears of it.)
RUN = '"$@"; echo $? > status.new; mv status.new status; exec cat'


class Terminal:
    """Runs `command` until the end of a `with`; whatever it keeps is in `home`."""

    width, height = 140, 40

    def __init__(self, home: Path, *command: str, **environment: str):
        self.home, self.command = home, command
        self.environment = os.environ | {"HOME": str(home), "LANG": "C.UTF-8"} | environment

    def __enter__(self) -> "Terminal":
        place = ("-x", str(self.width), "-y", str(self.height), "-c", str(self.home))
        self._tmux("-f", "/dev/null", "new-session", "-d", *place, "sh", "-c", RUN, "sh", *self.command)
        return self

    def __exit__(self, *_):
        print(f"--- the terminal of {self.command[0]} ---\n{self.screen()}")
        self._tmux("kill-server")

    def _tmux(self, *args: str) -> str:
        command = ["tmux", "-S", str(self.home / "tmux"), *args]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def type(self, line: str):
        """A line and the return key."""
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def shows(self, text: str):
        """Waits until it can be seen."""
        until(lambda: text in self.screen(), f"the terminal shows {text!r}")

    def ends(self) -> int:
        """Waits until the program has ended; its status."""
        status = self.home / "status"
        until(status.exists, "the program ends")
        return int(status.read_text())
