"""The command line, and the order of the runs: A B C A B C …, so that a change of the machine hits all alike."""

import argparse
import json
import time
from pathlib import Path
from subprocess import PIPE

from . import machine, network, report, setup
from .launch import LOAD_CORE, launch
from .paths import BENCH, BINARIES, CACHE
from .say import Trouble, say
from .scenarios import SCENARIOS
from .servers import SERVERS, TITLES, serving, stop, tail

# A run in which the server had to wait for its core for a larger share of the time is called doubtful.
NOISE = 0.05


def main():
    options = parse()
    try:
        setup.prepare(options.peers, build=not options.no_build)
        if options.congestion:
            network.isolate(options.congestion)
        return run(options)
    except Trouble as trouble:
        say(f"bench: {trouble}")
        return 1
    except KeyboardInterrupt:
        say("\nbench: interrupted; nothing was written")
        return 130


def parse():
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="bench/run", description=(
        "Compare Hubbub with its peers, on one machine, in one run. Results go to bench/RESULTS.md; "
        "those of a partial or quick run to .cache/bench/RESULTS.md."))
    parser.add_argument("--only", type=words(names), default=names, metavar="A,B",
                        help=f"scenarios to run, of: {', '.join(names)}")
    parser.add_argument("--peers", type=words(SERVERS), default=SERVERS, metavar="A,B",
                        help=f"servers to run, of: {', '.join(SERVERS)}")
    parser.add_argument("--rounds", type=int, help="how often each server runs each scenario (5; quick: 1)")
    parser.add_argument("--quick", action="store_true", help="a smoke run of less than a minute, not for quoting")
    parser.add_argument("--no-build", action="store_true", help="take the release binaries as they are")
    parser.add_argument("--congestion", metavar="NAME",
                        help="TCP congestion control to use, in a network namespace of its own (as root)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the results there")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    whole = not options.quick and options.only == names and options.peers == SERVERS
    options.output = options.output or (BENCH if whole else CACHE) / "RESULTS.md"
    return options


def words(known):
    """A parser for a comma-separated choice; the answer is in the known order."""
    def parse_words(text):
        chosen = text.split(",")
        unknown = [word for word in chosen if word not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return [word for word in known if word in chosen]
    return parse_words


def run(options):
    begun = time.monotonic()
    results = report.Results(options, machine.describe(options.peers))
    for scenario in SCENARIOS:
        if scenario.name in options.only:
            say(f"\n{scenario.name}: {scenario.heading(options.quick)}")
            compare(scenario, options, results)
    results.write(options.output)
    say(f"\n{time.monotonic() - begun:.0f} s; results in {options.output}")
    for failure in results.failures:
        say(f"FAILED: {failure}")
    return 1 if results.failures else 0


def compare(scenario, options, results):
    servers = [server for server in options.peers if scenario.serves(server)]
    for turn in range(1, options.rounds + 1):
        for server in servers:
            say(f"  {turn}/{options.rounds} {TITLES[server]:18}", end="")
            try:
                outcome = measure(scenario, server, options.quick)
            except Trouble as trouble:
                say(f"FAILED\n{trouble}")
                results.failed(scenario, server, turn, str(trouble))
                continue
            say(report.line(scenario, outcome))
            if outcome["waited"] > NOISE:
                say(f"      other work kept the server waiting for {outcome['waited']:.0%} of the time: doubtful")
            results.add(scenario, server, turn, outcome)


def measure(scenario, server, quick):
    """One run of the load generator against a fresh server."""
    with serving(server, scenario.wants(quick)) as (pid, port):
        load = [str(BINARIES / "hubbub-load"), "--json", *scenario.arguments(server, port, quick)]
        interference = machine.Interference(pid)
        process = launch(LOAD_CORE, [*load, f"--server-pid={pid}"], stdout=PIPE, stderr=PIPE, text=True)
        try:
            figures, complaint = process.communicate()
        finally:
            stop(process)
        if process.returncode:
            raise Trouble(f"{complaint.strip()}\n{tail(server)}".strip())
        return json.loads(figures) | {"waited": interference.share()}
