"""Starts a server, lets Autobahn's fuzzing client loose on it, and judges the report.

A case is passed when its behaviour is OK (or INFORMATIONAL, in the three cases where Autobahn has no opinion) and the
connection was closed well. NON-STRICT is a failure.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from hubbub_test.server import Server

CONFIG = Path(__file__).with_name("hubbub.toml")
PROTOCOL = [f"{group}.*" for group in (1, 2, 3, 4, 5, 6, 7, 9, 10)]
DEFLATE = [(12, group) for group in range(1, 6)] + [(13, group) for group in range(1, 8)]
USUAL = PROTOCOL + [f"{chapter}.{group}.{case}" for chapter, group in DEFLATE for case in range(1, 5)]
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}  # Autobahn only looks what happens there


def run(cache: Path, cases: list[str]) -> dict[str, dict]:
    """The report: case to its result."""
    folder = cache / "autobahn-report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Server(CONFIG.read_text()) as server:
        url = server.ws("autobahn")
        plan = {
            "outdir": str(folder),
            "servers": [{"agent": "hubbub", "url": url}],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        (folder / "plan.json").write_text(json.dumps(plan))
        with open(folder / "log", "w") as log:
            wstest = [cache / "autobahn/bin/wstest", "--mode=fuzzingclient", f"--spec={folder / 'plan.json'}"]
            subprocess.run(wstest, stdout=log, stderr=log, check=True, cwd=folder)
    return json.loads((folder / "index.json").read_text())["hubbub"]


def passed(case: str, result: dict) -> bool:
    allowed = {"OK", "INFORMATIONAL"} if case in INFORMATIONAL else {"OK"}
    return result["behavior"] in allowed and result["behaviorClose"] in allowed


def main(cache: str, *options: str):
    report = run(Path(cache), ["*"] if "--all" in options else USUAL)
    failures = {case: result for case, result in report.items() if not passed(case, result)}
    for case, result in sorted(failures.items()):
        print(
            f"case {case}: {result['behavior']}, close {result['behaviorClose']} (see .cache/autobahn-report/{result['reportfile']})"
        )
    print(f"autobahn: {len(report) - len(failures)} passed, {len(failures)} failed")
    sys.exit(bool(failures) or not report)


if __name__ == "__main__":
    main(*sys.argv[1:])
