"""Plays every story of `tests/scenarios/xmpp`, except those named in `xmpp/not_yet.txt`.

With `XMPP_ORACLE=prosody` it plays them all against Debian's Prosody, but for those in `xmpp/not_prosody.txt`: so a story is proved."""

import os

import pytest
from hubbub_test.scenario import read, understand
from xmpp.servers import ORACLE
from xmpp.story import FOLDER, tell

FILES = sorted(FOLDER.glob("*.scn"))


def left_out() -> set[str]:
    """The first word of each line that is not a comment."""
    if "XMPP_ALL" in os.environ:
        return set()
    listed = FOLDER.parents[1] / "python" / "xmpp" / ("not_prosody.txt" if ORACLE else "not_yet.txt")
    return {line.split()[0] for line in listed.read_text().splitlines() if line.strip() and not line.startswith("#")}


@pytest.mark.parametrize("path", [path for path in FILES if path.stem not in left_out()], ids=lambda path: path.stem)
def test_story(path):
    tell(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sentence_is_understood(path):
    for line in read(path):
        understand(line)


def test_the_list_names_only_stories():
    assert {name for name in left_out() if not name.startswith("test_")} <= {path.stem for path in FILES}
