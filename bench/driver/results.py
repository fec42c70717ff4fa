"""What was measured: of a family of scenarios, all outcomes of one run, and what was true of that run."""

import json
from statistics import median

from .families import FAMILIES, family_of
from .scenarios import SCENARIOS
from .servers import SERVERS, TITLES


def figure(outcome, path):
    for step in path:
        outcome = outcome[step]
    return outcome


class Results:
    """All outcomes of a family in a run of the driver."""

    def __init__(self, family, facts, rounds, quick=False):
        self.family = family
        self.facts = facts
        self.rounds = rounds
        self.quick = quick
        self.outcomes = {}
        self.failures = []

    def add(self, scenario, server, turn, outcome):
        self.outcomes.setdefault((scenario.name, server), {})[turn] = outcome

    def failed(self, scenario, server, turn, why):
        self.failures.append(f"{attempt(scenario, server)}round {turn}: {' / '.join(why.splitlines())}")

    @property
    def scenarios(self):
        """Those that any server has an outcome of."""
        measured = {name for name, _ in self.outcomes}
        return [scenario for scenario in self.family.scenarios if scenario.name in measured]

    def servers(self, scenario):
        return [server for server in SERVERS if (scenario.name, server) in self.outcomes]

    def lacking(self):
        """What belongs to the family and was not even tried."""
        pairs = [(scenario, server) for scenario in self.family.scenarios
                 for server in SERVERS if scenario.serves(server)]
        return [f"{scenario.name} with {TITLES[server]}" for scenario, server in pairs
                if (scenario.name, server) not in self.outcomes
                and not any(failure.startswith(attempt(scenario, server)) for failure in self.failures)]

    def figures(self, scenario, server, path):
        """One figure of one server, by round."""
        turns = self.outcomes.get((scenario.name, server), {})
        return {turn: figure(outcome, path) for turn, outcome in turns.items()}

    def median(self, scenario, server, path):
        return median(self.figures(scenario, server, path).values())

    def ratio(self, scenario, server, path):
        """Hubbub's figure by the peer's: median of the rounds that both have; None if there is none."""
        ours, theirs = (self.figures(scenario, name, path) for name in ("hubbub", server))
        pairs = [ours[turn] / theirs[turn] for turn in ours if theirs.get(turn)]
        return median(pairs) if pairs else None

    def noise(self):
        shares = [outcome["waited"] for turns in self.outcomes.values() for outcome in turns.values()]
        return f"{median(shares):.1%} of a run (median), at most {max(shares):.1%}" if shares else "nothing was run"

    def raw(self):
        outcomes = [{"name": name, "server": server, "rounds": [{"round": turn} | one for turn, one in turns.items()]}
                    for (name, server), turns in self.outcomes.items()]
        return {"family": self.family.name, "facts": self.facts, "rounds": self.rounds, "quick": self.quick,
                "outcomes": outcomes, "failures": self.failures}


def attempt(scenario, server):
    """How the line about a failure begins."""
    return f"{scenario.name}, {TITLES[server]}, "


def write(path, runs):
    path.write_text(json.dumps({"families": [run.raw() for run in runs]}, indent=1) + "\n")


def read(path):
    """The results in a file, by the names of their families. What is not measured any more is left out."""
    raw = json.loads(path.read_text())
    runs = raw["families"] if "families" in raw else divided(raw)
    return {run["family"]: restored(run) for run in runs if run["family"] in FAMILIES}


def restored(raw):
    made = Results(FAMILIES[raw["family"]], raw["facts"], raw["rounds"], raw["quick"])
    known = {(scenario.name, server) for scenario in SCENARIOS for server in SERVERS if scenario.serves(server)}
    for kept in raw["outcomes"]:
        if (kept["name"], kept["server"]) in known:
            turns = {one["round"]: {key: value for key, value in one.items() if key != "round"} for one in kept["rounds"]}
            made.outcomes[kept["name"], kept["server"]] = turns
    made.failures = raw["failures"]
    return made


def divided(raw):
    """The older form, in which one run had measured everything: its facts are those of each family in it.

    It says neither how many rounds there were nor, of an outcome, in which: they are in order. Nor whether the run was
    quick: one round is taken for that.
    """
    for family in FAMILIES.values():
        outcomes = [kept | {"rounds": [{"round": turn} | one for turn, one in enumerate(kept["rounds"], 1)]}
                    for kept in raw["outcomes"] if family_of(kept["name"]) is family]
        failures = [line for line in raw["failures"] if family_of(line.partition(",")[0]) is family]
        if outcomes or failures:
            strangers = {TITLES[server] for server in SERVERS} - {TITLES[server] for server in family.servers}
            facts = {name: value for name, value in raw["facts"].items() if name not in strangers}
            rounds = max((len(kept["rounds"]) for kept in outcomes), default=1)
            yield {"family": family.name, "facts": facts, "rounds": rounds, "quick": rounds == 1,
                   "outcomes": outcomes, "failures": failures}
