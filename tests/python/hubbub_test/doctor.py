"""`hubbub doctor`, and its report as a table."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hubbub_test.server import PATIENCE, Server, binary


@dataclass
class Finding:
    section: str
    verdict: str
    what: str
    seen: str
    advice: str = ""


class Report:
    """What a run of the doctor has said."""

    def __init__(self, done: subprocess.CompletedProcess):
        self.status, self.text, self.complaint = done.returncode, done.stdout, done.stderr
        self.findings: list[Finding] = []
        section = ""
        for line in done.stdout.splitlines():
            if found := re.fullmatch(r"  (ok   |note |wrong)  (\S+(?: \S+)*) {2,}(.+)", line):
                verdict, what, seen = found.groups()
                self.findings.append(Finding(section, verdict.strip(), what, seen))
            elif line.startswith("         → "):
                self.findings[-1].advice = line.removeprefix("         → ")
            elif line:
                section = line

    def of(self, section: str, *words: str) -> list[Finding]:
        """The findings of a section whose subject has these words."""
        return [one for one in self.findings if one.section == section and all(word in one.what for word in words)]

    def one(self, section: str, *words: str) -> Finding:
        (found,) = self.of(section, *words)
        return found

    def wrong(self) -> list[Finding]:
        return [one for one in self.findings if one.verdict == "wrong"]


def doctor(*args, **environment: str) -> Report:
    """Asks it, with these options."""
    command = [binary(), "doctor", *map(str, args)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, env=os.environ | environment, check=False
    )
    assert "panicked" not in done.stderr, done.stderr
    print(done.stdout + done.stderr)
    return Report(done)


def doctor_of(server: Server, config: Path | None = None, *args, **environment: str) -> Report:
    """Asks it about a server that runs, with the server's own configuration or another."""
    listen = [option for address in server.addresses for option in ("--listen", address.removeprefix("http://"))]
    data = ["--data", server.data] if server.data else []
    return doctor("--config", config or server.config_file, *listen, *data, *args, **environment)
