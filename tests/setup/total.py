"""Adds up what the runners reported. The last line is the total, and it counts only what was really run.

A part without a report counts as one failure: it broke before it could say anything.
"""

import os
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def from_junit(file: Path) -> tuple[int, int, int]:
    """Passed, failed, skipped, counted case by case."""
    cases = list(xml.parse(file).iter("testcase"))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return len(cases) - failed - skipped, failed, skipped


def from_text(file: Path) -> tuple[int, int, int]:
    """From a line `autobahn: 349 passed, 0 failed`."""
    passed, failed = re.search(rf"^{file.stem}: (\d+) passed, (\d+) failed", file.read_text(), re.MULTILINE).groups()
    return int(passed), int(failed), 0


def of_part(results: Path, part: str) -> tuple[int, int, int]:
    text = results / f"{part}.txt"
    try:
        return from_text(text) if text.exists() else from_junit(results / f"{part}.xml")
    except (OSError, AttributeError, xml.ParseError):
        print(f"{part}: no report; it broke off")
        return 0, 1, 0


def main(results: str, *parts: str):
    total = (0, 0, 0)
    for part in parts:
        if part == "autobahn" and os.environ.get("HUBBUB_WITHOUT_AUTOBAHN") == "1":
            print("autobahn: LEFT OUT (HUBBUB_WITHOUT_AUTOBAHN=1)")
            continue
        counts = of_part(Path(results), part)
        print(f"{part}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
        total = tuple(map(sum, zip(total, counts)))
    passed, failed, skipped = total
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(failed > 0 or skipped > 0 or passed == 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
