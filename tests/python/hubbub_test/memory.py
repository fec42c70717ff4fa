"""How much memory of its own a process holds."""

import os
import re
from contextlib import suppress
from pathlib import Path

MIB = 1 << 20


def held(pid: int) -> int:
    """Anonymous resident memory in bytes (RssAnon in proc_pid_status(5)): heap and stacks, not mapped files."""
    return _status(pid, "RssAnon")


def most_held(pid: int) -> int:
    """The most resident memory that it ever had, in bytes (VmHWM): no moment escapes it, however late we look. With mapped
    files, which do not grow."""
    return _status(pid, "VmHWM")


def _status(pid: int, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024


def sockets(pid: int) -> int:
    """How many sockets a process has open."""
    found = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed while we look
            found += os.readlink(file).startswith("socket:")
    return found
