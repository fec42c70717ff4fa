"""The published page, bench/RESULTS.md: each family as its last whole run saw it."""

import json

from . import report, results
from .families import FAMILIES
from .paths import BENCH
from .say import Trouble


def publish(runs, page=BENCH / "RESULTS.md"):
    """Each of these takes the place of what was published of its family; the others stay as they are."""
    figures = page.with_suffix(".json")
    published = results.read(figures) if figures.exists() else {}
    published |= {run.family.name: run for run in runs}
    report.write(page, [published[name] for name in FAMILIES if name in published])
    return page


def publish_file(path, page=BENCH / "RESULTS.md"):
    """Publishes what an earlier run has written, if it was a whole one of each family in it; answers their names."""
    try:
        runs = [*results.read(path).values()]
    except (OSError, json.JSONDecodeError, KeyError) as error:
        raise Trouble(f"{path} holds no results: {error!r}") from error
    for run in runs:
        if run.quick:
            raise Trouble(f"{path}: the run of {run.family.name} was a quick one")
        if run.lacking():
            raise Trouble(f"{path}: the run of {run.family.name} lacks {', '.join(run.lacking())}")
    publish(runs, page)
    return [run.family.name for run in runs]
