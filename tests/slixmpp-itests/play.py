"""Plays slixmpp's integration tests in the current folder, one line of JSON each. Run by slixmpp's own Python, from `run.py`."""

import json
import logging
import sys
import unittest
import warnings
from importlib import import_module
from pathlib import Path


def told(test: unittest.TestCase, outcome: str, why: str = ""):
    print(json.dumps({"name": test.id().removeprefix("itests."), "outcome": outcome, "why": why}), flush=True)


class Results(unittest.TestResult):
    def addSuccess(self, test):
        told(test, "passed")

    def addError(self, test, problem):
        told(test, "failed", f"{problem[0].__name__}: {problem[1]}".replace("\n", " ")[:300])

    addFailure = addError

    def addSkip(self, test, reason):
        told(test, "skipped", reason)


def flat(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from flat(one)
        else:
            yield one


def main(*words: str):
    logging.disable(100)
    warnings.simplefilter("ignore")
    sys.path.insert(0, ".")
    modules = [import_module(f"itests.{file.stem}") for file in sorted(Path("itests").glob("test_*.py"))]
    tests = [test for module in modules for test in flat(module.suite)]
    wanted = [test for test in tests if not words or any(word in test.id() for word in words)]
    unittest.TestSuite(wanted).run(Results())


if __name__ == "__main__":
    main(*sys.argv[1:])
