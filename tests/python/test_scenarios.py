"""Plays every conversation of `tests/scenarios`."""

import hubbub_test.load  # noqa: F401  (registers sentences)
import hubbub_test.people_socketio  # noqa: F401  (registers transports)
import hubbub_test.people_xmpp  # noqa: F401
import hubbub_test.signals  # noqa: F401  (registers sentences)
import hubbub_test.steps  # noqa: F401
import pytest
from hubbub_test.scenario import FOLDER, play, read, understand
from hubbub_test.stage import Stage

FILES = sorted(FOLDER.glob("*.scn"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path):
    for line in read(path):
        understand(line)
    stage = Stage()
    try:
        play(path, stage)
    finally:
        stage.close()


def test_there_are_scenarios():
    assert len(FILES) >= 10
