"""Starts processes on a core of their own, before everything else there."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

SERVER_CORE = 0
LOAD_CORE = 1
HIGHEST = -20


def launch(core, command, **options):
    """Starts the command on that core."""
    return subprocess.Popen(["taskset", "-c", str(core), *command],
                            start_new_session=True, preexec_fn=take_precedence, **options)


def take_precedence():
    """Runs in the new process; without the right to it, that runs as others do, and the results show these."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, HIGHEST)
    # Where the kernel shares the CPU between sessions first, only the session's own priority counts (sched(7)).
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(HIGHEST))
