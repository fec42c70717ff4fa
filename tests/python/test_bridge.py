"""Plays every story of `tests/scenarios/bridge`: XMPP and all the others in one room."""

import pytest
from hubbub_test.scenario import FOLDER, play, read, understand
from xmpp.others import close, nothing_was_left
from xmpp.story import XmppStage

FILES = sorted((FOLDER / "bridge").glob("*.scn"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_story(path):
    for line in read(path):
        understand(line)
    stage = XmppStage()
    try:
        play(path, stage)
        nothing_was_left(stage)
    finally:
        close(stage)
        stage.close()


def test_there_are_stories():
    assert len(FILES) >= 8
