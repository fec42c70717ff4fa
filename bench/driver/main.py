"""The command line, and the order of the runs: A B C A B C …, so that a change of the machine hits all alike."""

import argparse
import json
import time
from pathlib import Path
from subprocess import PIPE

from . import machine, network, publication, report, setup
from .families import FAMILIES, family_of, serving
from .launch import LOAD_CORE, launch
from .paths import BINARIES, CACHE
from .results import Results
from .say import Trouble, say
from .scenarios import SCENARIOS
from .servers import SERVERS, TITLES, started, stop, tail

# A run in which the server had to wait for its core for a larger share of the time is called doubtful.
NOISE = 0.05


def main():
    options = parse()
    try:
        if options.publish:
            say(f"published: {', '.join(publication.publish_file(options.publish))}")
            return 0
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


def parse(arguments=None):
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="bench/run", description=(
        "Compare Hubbub with its peers, on one machine, in one run. Families that were measured whole, with all their "
        "scenarios and peers, are published in bench/RESULTS.md, where the others stay as they are; the results of any "
        "other run, or of a quick one, go to .cache/bench/RESULTS.md."))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--family", type=words([*FAMILIES]), default=[*FAMILIES], metavar="A,B",
                      help=f"families of scenarios to run, of: {', '.join(FAMILIES)}")
    what.add_argument("--only", type=words(names), metavar="A,B", help=f"scenarios to run, of: {', '.join(names)}")
    what.add_argument("--publish", type=Path, metavar="FILE",
                      help="run nothing; publish the families in the RESULTS.json of an earlier run")
    parser.add_argument("--peers", type=words(SERVERS), metavar="A,B",
                        help=f"servers to run, of: {', '.join(SERVERS)}")
    parser.add_argument("--rounds", type=int, help="how often each server runs each scenario (5; quick: 1)")
    parser.add_argument("--quick", action="store_true", help="a smoke run of less than a minute, not for quoting")
    parser.add_argument("--no-build", action="store_true", help="take the release binaries as they are")
    parser.add_argument("--congestion", metavar="NAME",
                        help="TCP congestion control to use, in a network namespace of its own (as root)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the results there, and nothing else")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.scenarios = [scenario for scenario in SCENARIOS if chosen(scenario, options)]
    wanted = serving(options.scenarios)
    options.peers = [server for server in wanted if server in (options.peers or wanted)]
    return options


def chosen(scenario, options):
    return scenario.name in options.only if options.only else family_of(scenario.name).name in options.family


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
    runs = {}
    for scenario in options.scenarios:
        say(f"\n{scenario.name}: {scenario.heading(options.quick)}")
        family = family_of(scenario.name)
        if family.name not in runs:
            runs[family.name] = beginning(family, options)
        compare(scenario, options, runs[family.name])
    path = keep([*runs.values()], options)
    say(f"\n{time.monotonic() - begun:.0f} s; results in {path}")
    failures = [failure for results in runs.values() for failure in results.failures]
    for failure in failures:
        say(f"FAILED: {failure}")
    return 1 if failures else 0


def beginning(family, options):
    """Results of the family, of which there are none yet."""
    facts = machine.describe([server for server in family.servers if server in options.peers])
    return Results(family, facts, options.rounds, options.quick)


def keep(runs, options):
    """Writes the results where they belong, and answers where that is."""
    if publishes(options):
        return publication.publish(runs)
    path = options.output or CACHE / "RESULTS.md"
    report.write(path, runs)
    return path


def publishes(options):
    """Whether all families of which anything is run are run whole, for everybody to read."""
    families = [FAMILIES[name] for name in {family_of(scenario.name).name for scenario in options.scenarios}]
    whole = all(family.is_whole(options.scenarios, options.peers) for family in families)
    return whole and not options.quick and not options.output


def compare(scenario, options, results):
    servers = [server for server in options.peers if scenario.serves(server)]
    for turn in range(1, options.rounds + 1):
        for server in servers:
            say(f"  {turn}/{options.rounds} {TITLES[server]:19}", end="")
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
    with started(server, scenario.wants(quick)) as (pid, port):
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
